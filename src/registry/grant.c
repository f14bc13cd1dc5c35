#include "registry/grant.h"

#include <string.h>

#include "model/accounts.h"
#include "model/audit_log.h"
#include "model/grants.h"
#include "model/teams.h"
#include "registry/core.h"
#include "registry/repository.h"

#define AUDIT_PAGE_MAX 1000

/* A package or repository, as the door to its administration found it. */
struct object {
	const char *name;
	const char *owner;
	struct sta_grantable grantable;
	int64_t namespace_id;
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
	};
	if (e.package.inherits)
		return sta_err_set(err, STA_CONFLICT, 0,
				   "'%s' has the roles of its repository; grant them there, or end the "
				   "inheritance first",
				   e.package.name);
	return out->owner ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "package");
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

static enum sta_rc
list(struct sta_registry *r, const struct sta_call *call, enum sta_object_kind kind, const char *name,
     struct sta_grant **out, size_t *n, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct object object;
	struct sta_grant_row *rows = NULL;
	struct sta_grant *grants;
	size_t got = 0;
	enum sta_rc rc = sta_db_reader(r->db, &c, err);

	if (rc == STA_OK)
		rc = door_to(c, call, kind, name, &object, err);
	if (rc == STA_OK)
		rc = sta_grant_list(c, call->arena, object.grantable, object.namespace_id, &rows, &got, err);
	if (rc != STA_OK)
		return rc;
	grants = sta_arena_alloc(call->arena, got * sizeof(*grants));
	if (!grants)
		return sta_err_set(err, STA_NOMEM, 0, "grants");
	for (size_t i = 0; i < got; i++)
		grants[i] = (struct sta_grant){
			.subject = rows[i].name,
			.team = rows[i].subject.kind == STA_SUBJECT_TEAM,
			.outside = rows[i].outside,
			.role = rows[i].role,
		};
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

static enum sta_rc
find_subject(struct sta_db_conn *c, const struct change *x, const struct object *object,
	     struct sta_subject *out, const char **label, struct sta_err *err)
{
	const char *slash = strchr(x->subject, '/');
	struct sta_account user;
	enum sta_rc rc;

	if (slash)
		return find_team(c, x, object, slash, out, label, err);
	rc = sta_find_user(c, x->call->arena, x->subject, &user, err);
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
	struct object object;
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

/* --- why somebody may or may not --- */

/* The caller that the question is about: signed in with a password, or nobody. */
static enum sta_rc
asked_caller(struct sta_db_conn *c, const struct sta_call *call, const char *user, struct sta_caller *out,
	     struct sta_explanation *to, struct sta_err *err)
{
	struct sta_account account;
	enum sta_rc rc;

	*out = (struct sta_caller){ .kind = STA_CALLER_ANONYMOUS, .login = "" };
	if (*user == '\0')
		return STA_OK;
	rc = sta_find_user(c, call->arena, user, &account, err);
	if (rc != STA_OK)
		return rc;
	*out = (struct sta_caller){
		.kind = STA_CALLER_USER,
		.user_id = account.id,
		.login = account.name,
		.site_admin = account.site_admin,
		.scopes = STA_SCOPE_ALL,
	};
	to->disabled = account.disabled;
	to->site_admin = account.site_admin;
	return STA_OK;
}

static enum sta_rc
tell_team(struct sta_db_conn *c, const struct sta_call *call, struct sta_grantable object,
	  struct sta_explanation *to, struct sta_err *err)
{
	if (call->caller.user_id == 0)
		return STA_OK;
	return sta_grant_by_team(c, call->arena, object, call->caller.user_id, &to->team_role, &to->team,
				 err);
}

/* What is granted on the repository, in place of the package. */
static enum sta_rc
tell_inherited(struct sta_db_conn *c, const struct sta_call *call, const struct sta_call *asker,
	       int64_t repository_id, struct sta_explanation *to, struct sta_err *err)
{
	struct sta_repository_row row;
	enum sta_rc rc = sta_repository_by_id(c, call->arena, repository_id, call->caller.user_id, &row, err);

	if (rc == STA_NOT_FOUND) /* deleted since the package was read */
		return STA_OK;
	if (rc == STA_OK)
		rc = sta_repository_seen(c, asker, repository_id, &to->repository, err);
	if (rc != STA_OK)
		return rc;
	to->granted = row.granted;
	return tell_team(c, call, sta_grantable_repository(repository_id), to, err);
}

/* The facts that the door would find for that caller, and its decision, as the asker may hear them. */
static enum sta_rc
ask(struct sta_db_conn *c, const struct sta_call *call, const struct sta_call *asker,
    const struct sta_name *name, enum sta_action action, struct sta_explanation *to, struct sta_err *err)
{
	struct sta_err denial = { 0 };
	struct sta_entry e;
	enum sta_rc rc = sta_door_look(c, call, name, &e, err);

	if (rc != STA_OK)
		return rc;
	to->allowed = sta_door_known(call, &e, action, &denial) == STA_OK;
	to->rule = sta_rule_name(e.decision.rule);
	to->why = sta_rule_text(e.decision.rule);
	to->exists = e.exists;
	to->visibility = e.exists ? e.package.visibility : e.namespace.visibility;
	to->owner = sta_arena_strdup(call->arena, name->namespace);
	to->owner_exists = e.namespace.id != 0;
	to->owner_is_org = e.namespace.is_org;
	to->member = e.namespace.member;
	to->granted = e.package.granted;
	to->inherited = e.package.inherited;
	to->inherits = e.package.inherits;
	to->team = "";
	if (!to->owner)
		return sta_err_set(err, STA_NOMEM, 0, "explanation");
	if (!e.exists)
		return STA_OK;
	return e.package.inherits ? tell_inherited(c, call, asker, e.package.repository_id, to, err)
				  : tell_team(c, call, sta_grantable_package(e.package.id), to, err);
}

/* Who may hear it: the package's administrators, and users about themselves when they may know of
 * the package. */
static enum sta_rc
door_to_explain(struct sta_db_conn *c, const struct sta_call *call, const struct sta_name *name,
		const struct sta_caller *about, struct sta_err *err)
{
	struct sta_entry e;
	enum sta_rc rc = sta_door_look(c, call, name, &e, err);
	bool self = call->caller.kind == STA_CALLER_USER && call->caller.user_id == about->user_id;

	if (rc != STA_OK)
		return rc;
	return sta_door_known(call, &e, self ? STA_ACTION_READ : STA_ACTION_ADMIN, err);
}

enum sta_rc
sta_access_explain(struct sta_registry *r, const struct sta_call *call, const char *user, const char *package,
		   enum sta_action action, struct sta_explanation *out, struct sta_err *err)
{
	struct sta_call as_user = { .arena = call->arena };
	struct sta_explanation to = { .team = "" };
	struct sta_db_conn *c = NULL;
	struct sta_name name;
	enum sta_rc rc = sta_package_name(package, &name, err);

	if (rc == STA_OK)
		rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = asked_caller(c, call, user, &as_user.caller, &to, err);
	if (rc == STA_OK)
		rc = door_to_explain(c, call, &name, &as_user.caller, err);
	if (rc == STA_OK)
		rc = ask(c, &as_user, call, &name, action, &to, err);
	if (rc == STA_OK)
		*out = to;
	return rc;
}

/* --- the audit log --- */

static enum sta_rc
door_to_audit(struct sta_db_conn *c, const struct sta_call *call, const char *target, struct sta_err *err)
{
	struct sta_org_entry org;

	if (*target != '\0' && !strchr(target, '/') && call->caller.kind == STA_CALLER_USER &&
	    !call->caller.site_admin)
		return sta_door_org(c, call, target, STA_ORG_MANAGE, &org, err);
	return sta_door_site(call, err);
}

enum sta_rc
sta_audit_read(struct sta_registry *r, const struct sta_call *call, const char *target, int64_t before,
	       size_t max, struct sta_audit_line **out, size_t *n, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_audit_entry *rows = NULL;
	struct sta_audit_line *lines;
	size_t got = 0;
	enum sta_rc rc = sta_db_reader(r->db, &c, err);

	if (rc == STA_OK)
		rc = door_to_audit(c, call, target, err);
	if (before == 0)
		before = INT64_MAX;
	if (max > AUDIT_PAGE_MAX)
		max = AUDIT_PAGE_MAX;
	if (rc == STA_OK && *target == '\0')
		rc = sta_audit_page(c, call->arena, before, max, &rows, &got, err);
	else if (rc == STA_OK)
		rc = sta_audit_page_of(c, call->arena, target, before, max, &rows, &got, err);
	if (rc != STA_OK)
		return rc;
	lines = sta_arena_alloc(call->arena, got * sizeof(*lines));
	if (!lines)
		return sta_err_set(err, STA_NOMEM, 0, "audit log");
	for (size_t i = 0; i < got; i++)
		lines[i] = (struct sta_audit_line){
			.id = rows[i].id,
			.created_unix = rows[i].created_unix,
			.actor = rows[i].actor,
			.action = rows[i].action,
			.target = rows[i].target,
			.detail = rows[i].detail,
		};
	*out = lines;
	*n = got;
	return STA_OK;
}
