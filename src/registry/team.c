#include "registry/team.h"

#include <string.h>

#include "model/accounts.h"
#include "model/teams.h"
#include "registry/core.h"

struct change {
	const struct sta_call *call;
	const char *team; /* "acme/devs", as given */
	const char *parent;
	const char *description;
	const char *user;
	bool maintainer;
	struct sta_team result;
};

static enum sta_rc
team_of(struct sta_arena *a, const char *org, const struct sta_team_row *row, struct sta_team *out,
	struct sta_err *err)
{
	*out = (struct sta_team){
		.id = row->id,
		.parent_id = row->parent_id,
		.name = sta_arena_printf(a, "%s/%s", org, row->name),
		.description = row->description,
		.parent = row->parent ? sta_arena_printf(a, "%s/%s", org, row->parent) : NULL,
		.members = row->members,
		.created_unix = row->created_unix,
	};
	return out->name && (out->parent || !row->parent) ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "team");
}

static enum sta_rc
check_description(const char *text, struct sta_err *err)
{
	size_t len = strlen(text);

	if (len > STA_TEAM_DESCRIPTION_MAX)
		return sta_err_set(err, STA_INVALID, 0, "a description is at most %d bytes",
				   STA_TEAM_DESCRIPTION_MAX);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char) text[i] < 0x20 || text[i] == 0x7f)
			return sta_err_set(err, STA_INVALID, 0, "a description has no control characters");
	return STA_OK;
}

/* The id of the parent of that name in the organization; "": 0. */
static enum sta_rc
find_parent(struct sta_db_conn *c, const struct change *x, const struct sta_org_entry *org, int64_t *id,
	    struct sta_err *err)
{
	char folded[STA_NAMESPACE_MAX + 1];
	struct sta_team_row parent = { 0 };
	enum sta_rc rc = STA_NOT_FOUND;

	*id = 0;
	if (*x->parent == '\0')
		return STA_OK;
	if (sta_namespace_fold(x->parent, folded))
		rc = sta_team_by_name(c, x->call->arena, org->row.id, folded, 0, &parent, err);
	*id = parent.id;
	if (rc == STA_NOT_FOUND)
		return sta_err_set(err, rc, 0, "no team '%.*s' in '%s'", STA_NAMESPACE_MAX, x->parent,
				   org->row.name);
	return rc;
}

static enum sta_rc
move(struct sta_db_conn *c, const struct change *x, const struct sta_org_entry *org, int64_t id,
     struct sta_err *err)
{
	int64_t parent_id = 0;
	enum sta_rc rc = find_parent(c, x, org, &parent_id, err);

	return rc == STA_OK ? sta_team_move(c, id, parent_id, err) : rc;
}

/* The team as it is now, for the answer and the audit log. */
static enum sta_rc
finish(struct sta_db_conn *c, struct change *x, const struct sta_org_entry *org, const char *name,
       const char *action, struct sta_err *err)
{
	struct sta_team_row row;
	const char *detail;
	enum sta_rc rc = sta_team_by_name(c, x->call->arena, org->row.id, name, 0, &row, err);

	if (rc == STA_OK)
		rc = team_of(x->call->arena, org->row.name, &row, &x->result, err);
	if (rc != STA_OK)
		return rc;
	detail = row.parent ? sta_arena_printf(x->call->arena, "below %s", row.parent) : "";
	if (!detail)
		return sta_err_set(err, STA_NOMEM, 0, "team");
	return sta_audit(c, x->call, action, x->result.name, detail, err);
}

static enum sta_rc
create_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct change *x = arg;
	const char *slash = strchr(x->team, '/');
	char name[STA_NAMESPACE_MAX + 1];
	char *org_name = sta_arena_strdup(x->call->arena, x->team);
	struct sta_team_row row = { .description = x->description, .created_unix = sta_now_unix() };
	struct sta_org_entry org;
	enum sta_rc rc;

	if (!org_name)
		return sta_err_set(err, STA_NOMEM, 0, "team");
	if (!slash || !sta_namespace_fold(slash + 1, name))
		return sta_err_set(
			err, STA_INVALID, 0,
			"a team is named ORGANIZATION/TEAM, of letters, digits and single hyphens");
	org_name[slash - x->team] = '\0';
	row.name = name;
	rc = sta_door_org(c, x->call, org_name, STA_ORG_MANAGE, &org, err);
	row.org_id = org.row.id;
	if (rc == STA_OK)
		rc = sta_team_insert(c, &row, &row.id, err);
	if (rc == STA_EXISTS)
		return sta_err_set(err, rc, 0, "there is a team '%s' in '%s'", name, org.row.name);
	if (rc == STA_OK && x->parent)
		rc = move(c, x, &org, row.id, err);
	return rc == STA_OK ? finish(c, x, &org, name, "team.create", err) : rc;
}

enum sta_rc
sta_team_create(struct sta_registry *r, const struct sta_call *call, const char *team, const char *parent,
		const char *description, struct sta_team *out, struct sta_err *err)
{
	struct change x = { .call = call, .team = team, .parent = parent, .description = description };
	enum sta_rc rc = check_description(description, err);

	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	if (rc == STA_OK)
		rc = sta_db_write(r->db, create_tx, &x, err);
	if (rc == STA_OK)
		*out = x.result;
	return rc;
}

static enum sta_rc
set_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct change *x = arg;
	struct sta_org_entry org;
	struct sta_team_row row;
	enum sta_rc rc = sta_door_team(c, x->call, x->team, STA_ORG_MANAGE, &org, &row, err);

	if (rc == STA_OK && x->parent)
		rc = move(c, x, &org, row.id, err);
	if (rc == STA_OK && x->description)
		rc = sta_team_describe(c, row.id, x->description, err);
	return rc == STA_OK ? finish(c, x, &org, row.name, "team.set", err) : rc;
}

enum sta_rc
sta_team_set(struct sta_registry *r, const struct sta_call *call, const char *team,
	     const struct sta_team_change *change, struct sta_team *out, struct sta_err *err)
{
	struct change x = {
		.call = call, .team = team, .parent = change->parent, .description = change->description
	};
	enum sta_rc rc = change->description ? check_description(change->description, err) : STA_OK;

	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	if (rc == STA_OK)
		rc = sta_db_write(r->db, set_tx, &x, err);
	if (rc == STA_OK)
		*out = x.result;
	return rc;
}

static enum sta_rc
delete_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct change *x = arg;
	struct sta_org_entry org;
	struct sta_team_row row;
	enum sta_rc rc = sta_door_team(c, x->call, x->team, STA_ORG_MANAGE, &org, &row, err);

	if (rc == STA_OK)
		rc = team_of(x->call->arena, org.row.name, &row, &x->result, err);
	if (rc == STA_OK)
		rc = sta_team_remove(c, row.id, err);
	return rc == STA_OK ? sta_audit(c, x->call, "team.delete", x->result.name, "", err) : rc;
}

enum sta_rc
sta_team_delete(struct sta_registry *r, const struct sta_call *call, const char *team, struct sta_err *err)
{
	struct change x = { .call = call, .team = team };
	enum sta_rc rc = sta_must_wait(call, err);

	return rc == STA_OK ? sta_db_write(r->db, delete_tx, &x, err) : rc;
}

enum sta_rc
sta_team_all(struct sta_registry *r, const struct sta_call *call, const char *name, struct sta_team **out,
	     size_t *n, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_org_entry org;
	struct sta_team_row *rows = NULL;
	struct sta_team *teams;
	size_t got = 0;
	enum sta_rc rc = sta_must_wait(call, err);

	if (rc == STA_OK)
		rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = sta_door_org(c, call, name, STA_ORG_READ, &org, err);
	if (rc == STA_OK)
		rc = sta_team_list(c, call->arena, org.row.id, &rows, &got, err);
	if (rc != STA_OK)
		return rc;
	teams = sta_arena_alloc(call->arena, got * sizeof(*teams));
	if (!teams)
		return sta_err_set(err, STA_NOMEM, 0, "teams");
	for (size_t i = 0; i < got && rc == STA_OK; i++)
		rc = team_of(call->arena, org.row.name, &rows[i], &teams[i], err);
	*out = teams;
	*n = got;
	return rc;
}

enum sta_rc
sta_team_get(struct sta_registry *r, const struct sta_call *call, const char *team, struct sta_team *out,
	     struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_org_entry org;
	struct sta_team_row row;
	enum sta_rc rc = sta_db_reader(r->db, &c, err);

	if (rc == STA_OK)
		rc = sta_door_team(c, call, team, STA_ORG_READ, &org, &row, err);
	return rc == STA_OK ? team_of(call->arena, org.row.name, &row, out, err) : rc;
}

enum sta_rc
sta_team_members(struct sta_registry *r, const struct sta_call *call, const char *team,
		 struct sta_teammate **out, size_t *n, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_org_entry org;
	struct sta_team_row row;
	struct sta_team_member *rows = NULL;
	struct sta_teammate *members;
	size_t got = 0;
	enum sta_rc rc = sta_must_wait(call, err);

	if (rc == STA_OK)
		rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = sta_door_team(c, call, team, STA_ORG_READ, &org, &row, err);
	if (rc == STA_OK)
		rc = sta_team_member_list(c, call->arena, row.id, &rows, &got, err);
	if (rc != STA_OK)
		return rc;
	members = sta_arena_alloc(call->arena, got * sizeof(*members));
	if (!members)
		return sta_err_set(err, STA_NOMEM, 0, "members");
	for (size_t i = 0; i < got; i++)
		members[i] = (struct sta_teammate){
			.id = rows[i].account_id,
			.name = rows[i].name,
			.site_admin = rows[i].site_admin,
			.maintainer = rows[i].maintainer,
			.since_unix = rows[i].created_unix,
		};
	*out = members;
	*n = got;
	return STA_OK;
}

static enum sta_rc
note_member(struct sta_db_conn *c, const struct change *x, const struct sta_org_entry *org,
	    const struct sta_team_row *team, const char *action, const char *detail, struct sta_err *err)
{
	const char *target = sta_arena_printf(x->call->arena, "%s/%s", org->row.name, team->name);

	if (!target || !detail)
		return sta_err_set(err, STA_NOMEM, 0, "member");
	return sta_audit(c, x->call, action, target, detail, err);
}

/* Teams are of members: who leaves the organization leaves them. */
static enum sta_rc
check_member(struct sta_db_conn *c, const struct sta_org_entry *org, const struct sta_account *user,
	     struct sta_err *err)
{
	struct sta_namespace space;
	enum sta_rc rc = sta_namespace_find(c, org->row.name, user->id, &space, err);

	if (rc == STA_OK && space.member == STA_ORG_NONE)
		return sta_err_set(err, STA_INVALID, 0, "'%s' is not a member of '%s'", user->name,
				   org->row.name);
	return rc;
}

static enum sta_rc
add_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct change *x = arg;
	struct sta_org_entry org;
	struct sta_team_row team;
	struct sta_account user;
	const char *detail;
	enum sta_rc rc = sta_door_team(c, x->call, x->team, STA_ORG_TEAM, &org, &team, err);

	if (rc == STA_OK)
		rc = sta_find_user(c, x->call->arena, x->user, &user, err);
	if (rc == STA_OK)
		rc = check_member(c, &org, &user, err);
	if (rc == STA_OK)
		rc = sta_team_member_set(c, team.id, user.id, x->maintainer, sta_now_unix(), err);
	if (rc != STA_OK)
		return rc;
	detail = sta_arena_printf(x->call->arena, "%s as %s", user.name,
				  x->maintainer ? "maintainer" : "member");
	return note_member(c, x, &org, &team, "team.member.set", detail, err);
}

enum sta_rc
sta_team_add(struct sta_registry *r, const struct sta_call *call, const char *team, const char *user,
	     bool maintainer, struct sta_err *err)
{
	struct change x = { .call = call, .team = team, .user = user, .maintainer = maintainer };
	enum sta_rc rc = sta_must_wait(call, err);

	return rc == STA_OK ? sta_db_write(r->db, add_tx, &x, err) : rc;
}

/* Maintainers may remove everybody, and everybody may leave; as of organizations. */
static enum sta_rc
door_to_remove(struct sta_db_conn *c, const struct change *x, struct sta_org_entry *org,
	       struct sta_team_row *team, struct sta_account *user, struct sta_err *err)
{
	struct sta_err missing = { 0 };
	bool self = false;
	enum sta_rc rc = sta_door_team(c, x->call, x->team, STA_ORG_READ, org, team, err);
	enum sta_rc found =
		rc == STA_OK ? sta_find_other(c, x->call, x->user, user, &self, &missing) : STA_OK;

	if (rc == STA_OK && !self)
		rc = sta_door_team(c, x->call, x->team, STA_ORG_TEAM, org, team, err);
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
	struct sta_team_row team;
	struct sta_account user;
	enum sta_rc rc = door_to_remove(c, x, &org, &team, &user, err);

	if (rc != STA_OK)
		return rc;
	rc = sta_team_member_remove(c, team.id, user.id, err);
	if (rc == STA_NOT_FOUND)
		return sta_err_set(err, rc, 0, "'%s' is not in that team", user.name);
	return rc == STA_OK ? note_member(c, x, &org, &team, "team.member.remove", user.name, err) : rc;
}

enum sta_rc
sta_team_remove_member(struct sta_registry *r, const struct sta_call *call, const char *team,
		       const char *user, struct sta_err *err)
{
	struct change x = { .call = call, .team = team, .user = user };
	enum sta_rc rc = sta_must_wait(call, err);

	return rc == STA_OK ? sta_db_write(r->db, remove_tx, &x, err) : rc;
}
