#include "registry/grant.h"

#include <ctype.h>
#include <string.h>

#include "model/accounts.h"
#include "model/grants.h"
#include "model/teams.h"
#include "registry/core.h"
#include "registry/repository.h"

/* A package or repository, as the door to its administration found it. */
struct object {
	const char *name;
	const char *owner;
	struct sta_grantable grantable;
	int64_t namespace_id;
	bool inherits; /* has the roles of its repository, but for workflows */
};

struct change {
	const struct sta_call *call;
	enum sta_object_kind kind;
	const char *name;
	const char *subject;
	enum sta_role role; /* STA_ROLE_NONE: taken */
};

static enum sta_rc
door_to_package(struct sta_db_conn *c, const struct sta_call *call, const char *text, struct object *out,
		struct sta_err *err)
{
	struct sta_name name;
	struct sta_entry e;
	enum sta_rc rc = sta_package_name(text, &name, err);

	if (rc == STA_OK)
		rc = sta_door_existing(c, call, &name, STA_ACTION_ADMIN, &e, err);
	if (rc != STA_OK)
		return rc;
	*out = (struct object){
		.name = e.package.name,
		.owner = sta_arena_strdup(call->arena, name.namespace),
		.grantable = sta_grantable_package(e.package.id),
		.namespace_id = e.namespace.id,
		.inherits = e.package.inherits,
	};
	return out->owner ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "package");
}

static enum sta_rc
has_roles_of_its_repository(const struct object *o, struct sta_err *err)
{
	return sta_err_set(err, STA_CONFLICT, 0,
			   "'%s' has the roles of its repository; grant them there, or end the inheritance "
			   "first",
			   o->name);
}

static enum sta_rc
door_to_repository(struct sta_db_conn *c, const struct sta_call *call, const char *text, struct object *out,
		   struct sta_err *err)
{
	struct sta_repository_row row;
	enum sta_rc rc = sta_door_repository(c, call, text, STA_ACTION_ADMIN, &row, err);

	if (rc != STA_OK)
		return rc;
	*out = (struct object){
		.name = row.name,
		.owner = sta_arena_strndup(call->arena, row.name, strcspn(row.name, "/")),
		.grantable = sta_grantable_repository(row.id),
		.namespace_id = row.namespace_id,
	};
	return out->owner ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "repository");
}

static enum sta_rc
door_to(struct sta_db_conn *c, const struct sta_call *call, enum sta_object_kind kind, const char *name,
	struct object *out, struct sta_err *err)
{
	return kind == STA_OBJECT_PACKAGE ? door_to_package(c, call, name, out, err)
					  : door_to_repository(c, call, name, out, err);
}

/* As it is typed. */
static const char *
label_of(const struct sta_call *call, const struct sta_grant_row *row)
{
	bool workflows = row->account_kind == STA_ACCOUNT_REPOSITORY;

	return workflows ? sta_arena_printf(call->arena, STA_WORKFLOWS "%s", row->name) : row->name;
}

static const char *
kind_of(const struct sta_grant_row *row)
{
	if (row->subject.kind == STA_SUBJECT_TEAM)
		return "team";
	if (row->account_kind == STA_ACCOUNT_ROBOT)
		return "robot";
	return row->account_kind == STA_ACCOUNT_REPOSITORY ? "repository" : "user";
}

static enum sta_rc
list(struct sta_registry *r, const struct sta_call *call, enum sta_object_kind kind, const char *name,
     struct sta_grant **out, size_t *n, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct object object = { .name = "" };
	struct sta_grant_row *rows = NULL;
	struct sta_grant *grants;
	size_t got = 0;
	enum sta_rc rc = sta_db_reader(r->db, &c, err);

	if (rc == STA_OK)
		rc = door_to(c, call, kind, name, &object, err);
	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	if (rc == STA_OK)
		rc = sta_grant_list(c, call->arena, object.grantable, object.namespace_id, &rows, &got, err);
	if (rc == STA_OK && object.inherits && got == 0)
		rc = has_roles_of_its_repository(&object, err);
	if (rc != STA_OK)
		return rc;
	grants = sta_arena_alloc(call->arena, got * sizeof(*grants));
	if (!grants)
		return sta_err_set(err, STA_NOMEM, 0, "grants");
	for (size_t i = 0; i < got; i++) {
		grants[i] = (struct sta_grant){
			.subject = label_of(call, &rows[i]),
			.kind = kind_of(&rows[i]),
			.outside = rows[i].outside,
			.role = rows[i].role,
		};
		if (!grants[i].subject)
			return sta_err_set(err, STA_NOMEM, 0, "grants");
	}
	*out = grants;
	*n = got;
	return STA_OK;
}

/* A team of the organization that owns the package. */
static enum sta_rc
find_team(struct sta_db_conn *c, const struct change *x, const struct object *object, const char *slash,
	  struct sta_subject *out, const char **label, struct sta_err *err)
{
	char org[STA_NAMESPACE_MAX + 1];
	char team[STA_NAMESPACE_MAX + 1];
	char *owner = sta_arena_strdup(x->call->arena, x->subject);
	struct sta_namespace space = { 0 };
	struct sta_team_row row;
	enum sta_rc rc = STA_NOT_FOUND;

	if (!owner)
		return sta_err_set(err, STA_NOMEM, 0, "team");
	owner[slash - x->subject] = '\0';
	if (sta_namespace_fold(owner, org) && strcmp(org, object->owner) != 0)
		return sta_err_set(err, STA_INVALID, 0, "only teams of '%s' can have a role on what it owns",
				   object->owner);
	if (sta_namespace_fold(owner, org) && sta_namespace_fold(slash + 1, team))
		rc = sta_namespace_find(c, org, 0, &space, err);
	if (rc == STA_OK)
		rc = sta_team_by_name(c, x->call->arena, space.id, team, 0, &row, err);
	if (rc == STA_NOT_FOUND)
		return sta_err_set(err, rc, 0, "no team '%.*s'", 2 * STA_NAMESPACE_MAX, x->subject);
	if (rc != STA_OK)
		return rc;
	*out = (struct sta_subject){ .kind = STA_SUBJECT_TEAM, .id = row.id };
	*label = sta_arena_printf(x->call->arena, "%s/%s", org, row.name);
	return *label ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "team");
}

/* The account of a repository's workflows, which is made when it is to get something. */
static enum sta_rc
find_workflows(struct sta_db_conn *c, const struct change *x, const struct object *object,
	       struct sta_subject *out, const char **label, struct sta_err *err)
{
	struct sta_repository_row row;
	enum sta_rc rc;

	if (object->grantable.kind != STA_OBJECT_PACKAGE)
		return sta_err_set(err, STA_INVALID, 0, "workflows have roles on packages alone");
	rc = sta_door_repository(c, x->call, x->subject + strlen(STA_WORKFLOWS), STA_ACTION_READ, &row, err);
	if (rc == STA_OK && x->role != STA_ROLE_NONE)
		rc = sta_repository_account(c, &row, sta_now_unix(), &row.account_id, err);
	if (rc != STA_OK)
		return rc;
	*out = (struct sta_subject){ .kind = STA_SUBJECT_ACCOUNT, .id = row.account_id };
	*label = sta_arena_printf(x->call->arena, STA_WORKFLOWS "%s", row.name);
	return *label ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "repository");
}

static enum sta_rc
find_subject(struct sta_db_conn *c, const struct change *x, const struct object *object,
	     struct sta_subject *out, const char **label, struct sta_err *err)
{
	const char *slash = strchr(x->subject, '/');
	struct sta_account user;
	enum sta_rc rc;

	if (strncmp(x->subject, STA_WORKFLOWS, strlen(STA_WORKFLOWS)) == 0)
		return find_workflows(c, x, object, out, label, err);
	if (object->inherits)
		return has_roles_of_its_repository(object, err);
	if (slash)
		return find_team(c, x, object, slash, out, label, err);
	rc = sta_find_account(c, x->call->arena, x->subject, &user, err);
	if (rc != STA_OK)
		return rc;
	*out = (struct sta_subject){ .kind = STA_SUBJECT_ACCOUNT, .id = user.id };
	*label = user.name;
	return STA_OK;
}

static enum sta_rc
change_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct change *x = arg;
	struct object object = { .name = "" };
	struct sta_subject subject;
	bool package = x->kind == STA_OBJECT_PACKAGE;
	const char *label = "";
	const char *detail;
	enum sta_rc rc = door_to(c, x->call, x->kind, x->name, &object, err);

	if (rc == STA_OK)
		rc = find_subject(c, x, &object, &subject, &label, err);
	if (rc != STA_OK)
		return rc;
	if (x->role != STA_ROLE_NONE)
		rc = sta_grant_set(c, object.grantable, subject, x->role, err);
	else
		rc = sta_grant_remove(c, object.grantable, subject, err);
	if (rc == STA_NOT_FOUND)
		return sta_err_set(err, rc, 0, "nothing is granted to '%s' on '%s'", label, object.name);
	if (rc != STA_OK)
		return rc;
	if (x->role == STA_ROLE_NONE)
		return sta_audit(c, x->call, package ? "package.access.revoke" : "repository.access.revoke",
				 object.name, label, err);
	detail = sta_arena_printf(x->call->arena, "%s as %s", label, sta_role_name(x->role));
	if (!detail)
		return sta_err_set(err, STA_NOMEM, 0, "grant");
	return sta_audit(c, x->call, package ? "package.access" : "repository.access", object.name, detail,
			 err);
}

static enum sta_rc
give(struct sta_registry *r, struct change *x, struct sta_err *err)
{
	if (x->role == STA_ROLE_NONE)
		return sta_err_set(err, STA_INVALID, 0, "a role is read, write or admin");
	return sta_db_write(r->db, change_tx, x, err);
}

enum sta_rc
sta_grant_all(struct sta_registry *r, const struct sta_call *call, const char *package,
	      struct sta_grant **out, size_t *n, struct sta_err *err)
{
	return list(r, call, STA_OBJECT_PACKAGE, package, out, n, err);
}

enum sta_rc
sta_grant_give(struct sta_registry *r, const struct sta_call *call, const char *package, const char *subject,
	       enum sta_role role, struct sta_err *err)
{
	struct change x = { call, STA_OBJECT_PACKAGE, package, subject, role };
	enum sta_rc rc = sta_must_wait(call, err);

	return rc == STA_OK ? give(r, &x, err) : rc;
}

enum sta_rc
sta_grant_take(struct sta_registry *r, const struct sta_call *call, const char *package, const char *subject,
	       struct sta_err *err)
{
	struct change x = { call, STA_OBJECT_PACKAGE, package, subject, STA_ROLE_NONE };
	enum sta_rc rc = sta_must_wait(call, err);

	return rc == STA_OK ? sta_db_write(r->db, change_tx, &x, err) : rc;
}

enum sta_rc
sta_repository_grants(struct sta_registry *r, const struct sta_call *call, const char *name,
		      struct sta_grant **out, size_t *n, struct sta_err *err)
{
	return list(r, call, STA_OBJECT_REPOSITORY, name, out, n, err);
}

enum sta_rc
sta_repository_give(struct sta_registry *r, const struct sta_call *call, const char *name,
		    const char *subject, enum sta_role role, struct sta_err *err)
{
	struct change x = { call, STA_OBJECT_REPOSITORY, name, subject, role };
	enum sta_rc rc = sta_must_wait(call, err);

	return rc == STA_OK ? give(r, &x, err) : rc;
}

enum sta_rc
sta_repository_take(struct sta_registry *r, const struct sta_call *call, const char *name,
		    const char *subject, struct sta_err *err)
{
	struct change x = { call, STA_OBJECT_REPOSITORY, name, subject, STA_ROLE_NONE };
	enum sta_rc rc = sta_must_wait(call, err);

	return rc == STA_OK ? sta_db_write(r->db, change_tx, &x, err) : rc;
}
