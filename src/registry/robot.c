#include "registry/robot.h"

#include <stdio.h>
#include <string.h>

#include "model/accounts.h"
#include "model/robots.h"
#include "registry/core.h"

/* A robot's name in its two halves, in lower case. */
struct robot_name {
	char full[2 * STA_NAMESPACE_MAX + 2]; /* "acme+ci" */
	char org[STA_NAMESPACE_MAX + 1];
};

struct change {
	const struct sta_call *call;
	const char *name;
	enum sta_role role;
	bool disabled;
	struct sta_robot_row row;
	struct sta_ended_uploads uploads;
};

bool
sta_robot_named(const char *name)
{
	return strchr(name, '+') != NULL;
}

static enum sta_rc
parse_name(const char *text, struct robot_name *out, struct sta_err *err)
{
	const char *plus = strchr(text, '+');
	char org[STA_NAMESPACE_MAX + 1] = "";
	char own[STA_NAMESPACE_MAX + 1];
	size_t len = plus ? (size_t) (plus - text) : 0;

	if (len > 0 && len < sizeof(org))
		memcpy(org, text, len);
	if (len == 0 || len >= sizeof(org) || !sta_namespace_fold(org, out->org) ||
	    !sta_namespace_fold(plus + 1, own))
		return sta_err_set(err, STA_INVALID, 0,
				   "a robot is named ORGANIZATION+NAME; each has 1 to %d of a-z, 0-9 and "
				   "single '-' between them, and is no reserved word",
				   STA_NAMESPACE_MAX);
	(void) snprintf(out->full, sizeof(out->full), "%s+%s", out->org, own);
	return STA_OK;
}

static enum sta_rc
no_robot(const struct robot_name *name, struct sta_err *err)
{
	return sta_err_set(err, STA_NOT_FOUND, 0, "no robot '%s'", name->full);
}

/* To the organization that the name begins with: who may not manage it learns nothing of its robots. */
static enum sta_rc
door_to_name(struct sta_db_conn *c, const struct sta_call *call, const char *text, struct robot_name *name,
	     struct sta_org_entry *org, struct sta_err *err)
{
	enum sta_rc rc = parse_name(text, name, err);

	return rc == STA_OK ? sta_door_org(c, call, name->org, STA_ORG_MANAGE, org, err) : rc;
}

static enum sta_rc
door_to_robot(struct sta_db_conn *c, const struct sta_call *call, const char *text, struct sta_robot_row *out,
	      struct sta_err *err)
{
	struct robot_name name;
	struct sta_org_entry org;
	enum sta_rc rc = door_to_name(c, call, text, &name, &org, err);

	if (rc != STA_OK)
		return rc;
	rc = sta_robot_by_name(c, call->arena, name.full, out, err);
	return rc == STA_NOT_FOUND ? no_robot(&name, err) : rc;
}

enum sta_rc
sta_find_user(struct sta_db_conn *c, struct sta_arena *a, const char *name, struct sta_account *out,
	      struct sta_err *err)
{
	char folded[STA_NAMESPACE_MAX + 1];
	enum sta_rc rc = sta_namespace_fold(name, folded) ? sta_account_by_name(c, a, folded, out, err)
							  : STA_NOT_FOUND;

	if (sta_robot_named(name))
		return sta_err_set(err, STA_INVALID, 0, "'%.*s' is a robot's name, and this is for people",
				   2 * STA_NAMESPACE_MAX, name);
	return rc == STA_NOT_FOUND ? sta_err_set(err, rc, 0, "no user '%.*s'", STA_NAMESPACE_MAX, name) : rc;
}

enum sta_rc
sta_find_other(struct sta_db_conn *c, const struct sta_call *call, const char *name, struct sta_account *out,
	       bool *self, struct sta_err *missing)
{
	enum sta_rc rc = sta_find_user(c, call->arena, name, out, missing);

	*self = rc == STA_OK && call->caller.kind == STA_CALLER_USER && out->id == call->caller.user_id;
	return rc;
}

enum sta_rc
sta_find_account(struct sta_db_conn *c, struct sta_arena *a, const char *name, struct sta_account *out,
		 struct sta_err *err)
{
	struct robot_name robot;
	enum sta_rc rc;

	if (!sta_robot_named(name))
		return sta_find_user(c, a, name, out, err);
	rc = parse_name(name, &robot, err);
	if (rc == STA_OK)
		rc = sta_account_by_name(c, a, robot.full, out, err);
	return rc == STA_NOT_FOUND ? no_robot(&robot, err) : rc;
}

enum sta_rc
sta_door_account(struct sta_db_conn *c, const struct sta_call *call, const char *name,
		 struct sta_account *out, struct sta_err *err)
{
	struct sta_robot_row row;
	enum sta_rc rc;

	if (sta_robot_named(name))
		rc = door_to_robot(c, call, name, &row, err);
	else
		rc = sta_door_site(call, err);
	return rc == STA_OK ? sta_find_account(c, call->arena, name, out, err) : rc;
}

static struct sta_robot
robot_of(const struct sta_robot_row *row)
{
	return (struct sta_robot){
		.name = row->name,
		.org = row->org,
		.role = row->role,
		.disabled = row->disabled,
		.created_unix = row->created_unix,
	};
}

static enum sta_rc
create_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct change *x = arg;
	struct robot_name name;
	struct sta_org_entry org;
	enum sta_rc rc = door_to_name(c, x->call, x->name, &name, &org, err);

	if (rc != STA_OK)
		return rc;
	x->row = (struct sta_robot_row){
		.name = sta_arena_strdup(x->call->arena, name.full),
		.org_id = org.row.id,
		.org = org.row.name,
		.role = x->role,
		.created_unix = sta_now_unix(),
	};
	if (!x->row.name)
		return sta_err_set(err, STA_NOMEM, 0, "robot");
	rc = sta_robot_insert(c, &x->row, &x->row.id, err);
	if (rc == STA_EXISTS)
		return sta_err_set(err, rc, 0, "there is a robot '%s'", name.full);
	if (rc != STA_OK)
		return rc;
	return sta_audit(c, x->call, "robot.create", x->row.name, sta_role_name(x->role), err);
}

enum sta_rc
sta_robot_create(struct sta_registry *r, const struct sta_call *call, const char *name, enum sta_role role,
		 struct sta_robot *out, struct sta_err *err)
{
	struct change x = { .call = call, .name = name, .role = role };
	enum sta_rc rc = sta_must_wait(call, err);

	if (rc == STA_OK)
		rc = sta_db_write(r->db, create_tx, &x, err);
	if (rc == STA_OK)
		*out = robot_of(&x.row);
	return rc;
}

static enum sta_rc
door_to_list(struct sta_db_conn *c, const struct sta_call *call, const char *name, int64_t *org_id,
	     struct sta_err *err)
{
	struct sta_org_entry org = { .row = { .id = 0 } };
	enum sta_rc rc =
		name ? sta_door_org(c, call, name, STA_ORG_MANAGE, &org, err) : sta_door_site(call, err);

	*org_id = org.row.id;
	return rc;
}

enum sta_rc
sta_robot_all(struct sta_registry *r, const struct sta_call *call, const char *org, struct sta_robot **out,
	      size_t *n, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_robot_row *rows = NULL;
	struct sta_robot *robots;
	int64_t org_id = 0;
	size_t got = 0;
	enum sta_rc rc = sta_db_reader(r->db, &c, err);

	if (rc == STA_OK)
		rc = door_to_list(c, call, org, &org_id, err);
	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	if (rc == STA_OK)
		rc = sta_robot_list(c, call->arena, org_id, &rows, &got, err);
	if (rc != STA_OK)
		return rc;
	robots = sta_arena_alloc(call->arena, got * sizeof(*robots));
	if (!robots)
		return sta_err_set(err, STA_NOMEM, 0, "robots");
	for (size_t i = 0; i < got; i++)
		robots[i] = robot_of(&rows[i]);
	*out = robots;
	*n = got;
	return STA_OK;
}

enum sta_rc
sta_robot_get(struct sta_registry *r, const struct sta_call *call, const char *org, const char *name,
	      struct sta_robot *out, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_org_entry found;
	struct sta_robot_row row;
	const char *full = sta_arena_printf(call->arena, "%s+%s", org, name);
	struct robot_name parsed;
	struct sta_err ignored;
	enum sta_rc rc = full ? sta_db_reader(r->db, &c, err) : sta_err_set(err, STA_NOMEM, 0, "robot");

	if (rc == STA_OK)
		rc = sta_door_org(c, call, org, STA_ORG_MANAGE, &found, err);
	if (rc != STA_OK)
		return rc;
	if (parse_name(full, &parsed, &ignored) != STA_OK)
		return sta_err_set(err, STA_NOT_FOUND, 0, "no robot '%.*s'", 2 * STA_NAMESPACE_MAX, full);
	rc = sta_robot_by_name(c, call->arena, parsed.full, &row, err);
	if (rc == STA_OK)
		*out = robot_of(&row);
	return rc == STA_NOT_FOUND ? no_robot(&parsed, err) : rc;
}

static enum sta_rc
set_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct change *x = arg;
	enum sta_rc rc = door_to_robot(c, x->call, x->name, &x->row, err);

	if (rc == STA_OK)
		rc = sta_robot_set_role(c, x->row.id, x->role, err);
	x->row.role = x->role;
	return rc == STA_OK ? sta_audit(c, x->call, "robot.set", x->row.name, sta_role_name(x->role), err)
			    : rc;
}

enum sta_rc
sta_robot_set(struct sta_registry *r, const struct sta_call *call, const char *name, enum sta_role role,
	      struct sta_robot *out, struct sta_err *err)
{
	struct change x = { .call = call, .name = name, .role = role };
	enum sta_rc rc = sta_must_wait(call, err);

	if (rc == STA_OK)
		rc = sta_db_write(r->db, set_tx, &x, err);
	if (rc == STA_OK)
		*out = robot_of(&x.row);
	return rc;
}

static enum sta_rc
disabled_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct change *x = arg;
	enum sta_rc rc = door_to_robot(c, x->call, x->name, &x->row, err);

	if (rc == STA_OK)
		rc = sta_account_set_disabled(c, x->row.id, x->disabled, err);
	if (rc == STA_OK)
		rc = sta_audit(c, x->call, x->disabled ? "robot.disable" : "robot.enable", x->row.name, "",
			       err);
	if (rc != STA_OK || !x->disabled)
		return rc;
	return sta_uploads_end_rows(c, x->call, x->row.id, &x->uploads, err);
}

enum sta_rc
sta_robot_set_disabled(struct sta_registry *r, const struct sta_call *call, const char *name, bool disabled,
		       struct sta_err *err)
{
	struct change x = { .call = call, .name = name, .disabled = disabled };
	enum sta_rc rc = sta_must_wait(call, err);

	if (rc == STA_OK)
		rc = sta_db_write(r->db, disabled_tx, &x, err);
	if (rc == STA_OK && disabled)
		sta_uploads_end(r, &x.uploads);
	return rc;
}

static enum sta_rc
delete_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct change *x = arg;
	enum sta_rc rc = door_to_robot(c, x->call, x->name, &x->row, err);

	if (rc == STA_OK)
		rc = sta_uploads_end_rows(c, x->call, x->row.id, &x->uploads, err);
	if (rc == STA_OK)
		rc = sta_robot_remove(c, x->row.id, err);
	return rc == STA_OK ? sta_audit(c, x->call, "robot.delete", x->row.name, "", err) : rc;
}

enum sta_rc
sta_robot_delete(struct sta_registry *r, const struct sta_call *call, const char *name, struct sta_err *err)
{
	struct change x = { .call = call, .name = name };
	enum sta_rc rc = sta_must_wait(call, err);

	if (rc == STA_OK)
		rc = sta_db_write(r->db, delete_tx, &x, err);
	if (rc == STA_OK)
		sta_uploads_end(r, &x.uploads);
	return rc;
}
