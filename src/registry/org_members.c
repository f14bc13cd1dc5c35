/* Who is in an organization. */

#include "model/accounts.h"
#include "model/grants.h"
#include "registry/core.h"
#include "registry/org.h"

struct change {
	const struct sta_call *call;
	const char *org;
	const char *user;
	enum sta_org_role role;
	bool outside;
};

enum sta_rc
sta_org_members(struct sta_registry *r, const struct sta_call *call, const char *name,
		struct sta_member **out, size_t *n, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_org_entry org;
	struct sta_org_member *rows = NULL;
	struct sta_member *members;
	size_t got = 0;
	enum sta_rc rc = sta_must_wait(call, err);

	if (rc == STA_OK)
		rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = sta_door_org(c, call, name, STA_ORG_READ, &org, err);
	if (rc == STA_OK)
		rc = sta_org_member_list(c, call->arena, org.row.id, &rows, &got, err);
	if (rc != STA_OK)
		return rc;
	members = sta_arena_alloc(call->arena, got * sizeof(*members));
	if (!members)
		return sta_err_set(err, STA_NOMEM, 0, "members");
	for (size_t i = 0; i < got; i++)
		members[i] = (struct sta_member){
			.id = rows[i].account_id,
			.name = rows[i].name,
			.site_admin = rows[i].site_admin,
			.role = rows[i].role,
			.since_unix = rows[i].created_unix,
		};
	*out = members;
	*n = got;
	return STA_OK;
}

/* An organization without an owner could be managed by nobody in it. */
static enum sta_rc
keep_an_owner(struct sta_db_conn *c, const struct sta_org_entry *org, const struct sta_account *user,
	      struct sta_err *err)
{
	int64_t others = 0;
	enum sta_rc rc = sta_org_other_owners(c, org->row.id, user->id, &others, err);

	if (rc == STA_OK && others == 0)
		return sta_err_set(err, STA_CONFLICT, 0,
				   "'%s' is the last owner of '%s'; make another one first", user->name,
				   org->row.name);
	return rc;
}

static enum sta_rc
add_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct change *x = arg;
	struct sta_org_entry org;
	struct sta_account user;
	const char *detail;
	enum sta_rc rc = sta_door_org(c, x->call, x->org, STA_ORG_MANAGE, &org, err);

	if (rc == STA_OK)
		rc = sta_find_user(c, x->call->arena, x->user, &user, err);
	if (rc == STA_OK && x->role != STA_ORG_OWNER)
		rc = keep_an_owner(c, &org, &user, err);
	if (rc == STA_OK)
		rc = sta_org_member_set(c, org.row.id, user.id, x->role, sta_now_unix(), err);
	if (rc != STA_OK)
		return rc;
	detail = sta_arena_printf(x->call->arena, "%s as %s", user.name, sta_org_role_name(x->role));
	if (!detail)
		return sta_err_set(err, STA_NOMEM, 0, "member");
	return sta_audit(c, x->call, "org.member.set", org.row.name, detail, err);
}

enum sta_rc
sta_org_add(struct sta_registry *r, const struct sta_call *call, const char *name, const char *user,
	    enum sta_org_role role, struct sta_err *err)
{
	struct change x = { .call = call, .org = name, .user = user, .role = role };
	enum sta_rc rc = sta_must_wait(call, err);

	if (rc == STA_OK && role == STA_ORG_NONE)
		rc = sta_err_set(err, STA_INVALID, 0, "in an organization one is member or owner");
	return rc == STA_OK ? sta_db_write(r->db, add_tx, &x, err) : rc;
}

/* Owners may remove everybody, and everybody may leave.  Who may not remove others does not hear which of
 * them there are. */
static enum sta_rc
door_to_remove(struct sta_db_conn *c, const struct change *x, struct sta_org_entry *org,
	       struct sta_account *user, struct sta_err *err)
{
	struct sta_err missing = { 0 };
	bool self = false;
	enum sta_rc rc = sta_door_org(c, x->call, x->org, STA_ORG_READ, org, err);
	enum sta_rc found =
		rc == STA_OK ? sta_find_other(c, x->call, x->user, user, &self, &missing) : STA_OK;

	if (rc == STA_OK && !self)
		rc = sta_door_org(c, x->call, x->org, STA_ORG_MANAGE, org, err);
	if (rc != STA_OK || found == STA_OK)
		return rc;
	*err = missing;
	return found;
}

static enum sta_rc
remove_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct change *x = arg;
	struct sta_org_entry org;
	struct sta_account user;
	enum sta_rc rc = door_to_remove(c, x, &org, &user, err);

	if (rc == STA_OK)
		rc = keep_an_owner(c, &org, &user, err);
	if (rc != STA_OK)
		return rc;
	rc = sta_org_member_remove(c, org.row.id, user.id, err);
	if (rc == STA_NOT_FOUND)
		return sta_err_set(err, rc, 0, "'%s' is not a member of '%s'", user.name, org.row.name);
	if (rc == STA_OK && !x->outside)
		rc = sta_grant_remove_in(c, org.row.id, user.id, err);
	if (rc != STA_OK)
		return rc;
	return sta_audit(c, x->call, x->outside ? "org.member.outside" : "org.member.remove", org.row.name,
			 user.name, err);
}

enum sta_rc
sta_org_remove(struct sta_registry *r, const struct sta_call *call, const char *name, const char *user,
	       bool outside, struct sta_err *err)
{
	struct change x = { .call = call, .org = name, .user = user, .outside = outside };
	enum sta_rc rc = sta_must_wait(call, err);

	return rc == STA_OK ? sta_db_write(r->db, remove_tx, &x, err) : rc;
}
