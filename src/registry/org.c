#include "registry/org.h"

#include <string.h>

#include "model/accounts.h"
#include "model/teams.h"
#include "registry/core.h"

struct creation {
	const struct sta_call *call;
	const char *owner;
	struct sta_org_row row;
};

struct change {
	const struct sta_call *call;
	const char *org;
	const struct sta_org_change *settings;
	struct sta_org_row row;
};

/* NULL: no memory. */
static const char *
creators_text(struct sta_arena *a, const struct sta_org_row *row)
{
	switch (row->creators) {
	case STA_CREATORS_MEMBERS:
		return STA_CREATORS_ALL_MEMBERS;
	case STA_CREATORS_TEAM:
		return sta_arena_printf(a, "%s/%s", row->name, row->creator_team);
	case STA_CREATORS_OWNERS:
		break;
	}
	return STA_CREATORS_OWNERS_ALONE;
}

static enum sta_rc
org_of(struct sta_arena *a, const struct sta_org_row *row, struct sta_org *out, struct sta_err *err)
{
	const char *creators = creators_text(a, row);

	if (!creators)
		return sta_err_set(err, STA_NOMEM, 0, "organization");
	*out = (struct sta_org){
		.id = row->id,
		.name = row->name,
		.creators = creators,
		.visibility = row->visibility,
		.creates = row->creates,
		.inherits = row->inherits,
		.created_unix = row->created_unix,
	};
	return STA_OK;
}

static enum sta_rc
create_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct creation *x = arg;
	struct sta_account owner;
	enum sta_rc rc = sta_find_user(c, x->call->arena, x->owner, &owner, err);

	if (rc == STA_OK)
		rc = sta_check_former(c, x->call, x->row.name, 0, err);
	if (rc != STA_OK)
		return rc;
	rc = sta_org_insert(c, &x->row, &x->row.id, err);
	if (rc == STA_EXISTS)
		return sta_err_set(err, rc, 0, "the name '%s' is taken", x->row.name);
	if (rc == STA_OK)
		rc = sta_org_member_set(c, x->row.id, owner.id, STA_ORG_OWNER, x->row.created_unix, err);
	return rc == STA_OK ? sta_audit(c, x->call, "org.create", x->row.name, owner.name, err) : rc;
}

enum sta_rc
sta_org_create(struct sta_registry *r, const struct sta_call *call, const char *name, const char *owner,
	       struct sta_org *out, struct sta_err *err)
{
	char folded[STA_NAMESPACE_MAX + 1];
	struct creation x = { .call = call, .owner = owner };
	enum sta_rc rc = sta_door_site(call, err);

	if (rc == STA_OK && !sta_namespace_fold(name, folded))
		rc = sta_err_set(
			err, STA_INVALID, 0,
			"a name has at most %d letters, digits and single hyphens between them, and is "
			"none of the reserved words",
			STA_NAMESPACE_MAX);
	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	if (rc != STA_OK)
		return rc;
	x.row = (struct sta_org_row){
		.name = sta_arena_strdup(call->arena, folded),
		.visibility = STA_PRIVATE,
		.creates = STA_VISIBILITIES_ALL,
		.inherits = true,
		.creators = STA_CREATORS_MEMBERS,
		.created_unix = sta_now_unix(),
	};
	if (!x.row.name)
		return sta_err_set(err, STA_NOMEM, 0, "organization");
	rc = sta_db_write(r->db, create_tx, &x, err);
	return rc == STA_OK ? org_of(call->arena, &x.row, out, err) : rc;
}

/* Those of an account; 0: all. */
static enum sta_rc
list(struct sta_registry *r, const struct sta_call *call, int64_t account_id, struct sta_org **out, size_t *n,
     struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_org_row *rows = NULL;
	struct sta_org *orgs;
	size_t got = 0;
	enum sta_rc rc = sta_must_wait(call, err);

	if (rc == STA_OK)
		rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = sta_org_list(c, call->arena, account_id, &rows, &got, err);
	if (rc != STA_OK)
		return rc;
	orgs = sta_arena_alloc(call->arena, got * sizeof(*orgs));
	if (!orgs)
		return sta_err_set(err, STA_NOMEM, 0, "organizations");
	for (size_t i = 0; rc == STA_OK && i < got; i++)
		rc = org_of(call->arena, &rows[i], &orgs[i], err);
	*out = orgs;
	*n = got;
	return rc;
}

/* As of one organization. */
static enum sta_rc
door_to_list(const struct sta_call *call, struct sta_err *err)
{
	if (call->caller.kind == STA_CALLER_ANONYMOUS || call->caller.limited)
		return sta_oci_unauthorized(err);
	return sta_credential_manages(&call->caller) ? STA_OK : sta_lacks_scope("admin:org", err);
}

enum sta_rc
sta_org_all(struct sta_registry *r, const struct sta_call *call, struct sta_org **out, size_t *n,
	    struct sta_err *err)
{
	bool everything = call->caller.kind == STA_CALLER_SYSTEM || call->caller.site_admin;
	enum sta_rc rc = door_to_list(call, err);

	return rc == STA_OK ? list(r, call, everything ? 0 : call->caller.user_id, out, n, err) : rc;
}

enum sta_rc
sta_org_own(struct sta_registry *r, const struct sta_call *call, struct sta_org **out, size_t *n,
	    struct sta_err *err)
{
	enum sta_rc rc = door_to_list(call, err);

	if (rc == STA_OK && call->caller.kind != STA_CALLER_USER)
		rc = sta_err_set(err, STA_INVALID, 0, "only users are in organizations");
	return rc == STA_OK ? list(r, call, call->caller.user_id, out, n, err) : rc;
}

enum sta_rc
sta_org_get(struct sta_registry *r, const struct sta_call *call, const char *name, struct sta_org *out,
	    struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_org_entry org;
	enum sta_rc rc = sta_db_reader(r->db, &c, err);

	if (rc == STA_OK)
		rc = sta_door_org(c, call, name, STA_ORG_READ, &org, err);
	return rc == STA_OK ? org_of(call->arena, &org.row, out, err) : rc;
}

/* Who may make packages: a word, or else a team. */
static enum sta_rc
choose_creators(struct sta_db_conn *c, struct change *x, struct sta_err *err)
{
	const char *text = x->settings->creators;
	const char *slash = strchr(text, '/');
	struct sta_org_entry org;
	struct sta_team_row team;
	const char *path;
	enum sta_rc rc;

	x->row.creator_team_id = 0;
	x->row.creators = STA_CREATORS_MEMBERS;
	if (strcmp(text, STA_CREATORS_ALL_MEMBERS) == 0)
		return STA_OK;
	x->row.creators = STA_CREATORS_OWNERS;
	if (strcmp(text, STA_CREATORS_OWNERS_ALONE) == 0)
		return STA_OK;
	path = slash ? text : sta_arena_printf(x->call->arena, "%s/%s", x->row.name, text);
	if (!path)
		return sta_err_set(err, STA_NOMEM, 0, "organization");
	rc = sta_door_team(c, x->call, path, STA_ORG_READ, &org, &team, err);
	if (rc == STA_OK && org.row.id != x->row.id)
		rc = sta_err_set(err, STA_INVALID, 0, "'%s' is a team of another organization", path);
	if (rc != STA_OK)
		return rc;
	x->row.creators = STA_CREATORS_TEAM;
	x->row.creator_team_id = team.id;
	x->row.creator_team = team.name;
	return STA_OK;
}

static enum sta_rc
note_settings(struct sta_db_conn *c, const struct change *x, struct sta_err *err)
{
	struct sta_arena *a = x->call->arena;
	const char *creates = x->row.creates == 0 ? "none" : sta_visibilities_text(a, x->row.creates);
	const char *creators = creators_text(a, &x->row);
	const char *detail = NULL;

	if (creates && creators)
		detail = sta_arena_printf(a, "visibility %s, members create %s, creators %s, inherit %s",
					  sta_visibility_name(x->row.visibility), creates, creators,
					  x->row.inherits ? "on" : "off");
	return detail ? sta_audit(c, x->call, "org.set", x->row.name, detail, err)
		      : sta_err_set(err, STA_NOMEM, 0, "organization");
}

static enum sta_rc
set_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct change *x = arg;
	struct sta_org_entry org;
	enum sta_rc rc = sta_door_org(c, x->call, x->org, STA_ORG_MANAGE, &org, err);

	if (rc != STA_OK)
		return rc;
	x->row = org.row;
	if (x->settings->visibility)
		x->row.visibility = *x->settings->visibility;
	if (x->settings->creates)
		x->row.creates = *x->settings->creates;
	if (x->settings->inherits)
		x->row.inherits = *x->settings->inherits;
	if (x->settings->creators)
		rc = choose_creators(c, x, err);
	if (rc == STA_OK)
		rc = sta_org_update(c, &x->row, err);
	return rc == STA_OK ? note_settings(c, x, err) : rc;
}

enum sta_rc
sta_org_set(struct sta_registry *r, const struct sta_call *call, const char *name,
	    const struct sta_org_change *change, struct sta_org *out, struct sta_err *err)
{
	struct change x = { .call = call, .org = name, .settings = change };
	enum sta_rc rc = sta_must_wait(call, err);

	if (rc == STA_OK)
		rc = sta_db_write(r->db, set_tx, &x, err);
	return rc == STA_OK ? org_of(call->arena, &x.row, out, err) : rc;
}

static bool
add_visibility(const char *word, size_t len, unsigned *set)
{
	for (unsigned v = STA_PRIVATE; v <= STA_PUBLIC; v++) {
		const char *name = sta_visibility_name((enum sta_visibility) v);

		if (strlen(name) == len && memcmp(name, word, len) == 0) {
			*set |= STA_VISIBILITY_BIT(v);
			return true;
		}
	}
	return false;
}

enum sta_rc
sta_visibilities_parse(const char *text, unsigned *out, struct sta_err *err)
{
	unsigned set = 0;

	for (const char *word = text; *text != '\0'; word++) {
		size_t len = strcspn(word, ",");

		if (!add_visibility(word, len, &set))
			return sta_err_set(err, STA_INVALID, 0,
					   "'%.*s' is no visibility; there are private, internal and public",
					   (int) (len < 40 ? len : 40), word);
		word += len;
		if (*word == '\0')
			break;
	}
	*out = set;
	return STA_OK;
}

char *
sta_visibilities_text(struct sta_arena *a, unsigned set)
{
	char *text = sta_arena_strdup(a, "");

	for (unsigned v = STA_PRIVATE; text && v <= STA_PUBLIC; v++)
		if (set & STA_VISIBILITY_BIT(v))
			text = sta_arena_printf(a, "%s%s%s", text, *text ? "," : "",
						sta_visibility_name((enum sta_visibility) v));
	return text;
}
