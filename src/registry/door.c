#include <stdio.h>
#include <string.h>

#include "model/audit_log.h"
#include "model/blobs.h"
#include "model/grants.h"
#include "model/manifests.h"
#include "model/names.h"
#include "registry/core.h"

static const char *const permission[STA_ACTION_MAX_] = {
	[STA_ACTION_READ] = "read_package",
	[STA_ACTION_WRITE] = "write_package",
	[STA_ACTION_DELETE] = "delete_package",
	[STA_ACTION_ADMIN] = "admin_package",
};

/* The rule, and for callers who may know of the package also what it is about. */
static enum sta_rc
explain(struct sta_err *err, const struct sta_call *call, const struct sta_object *o,
	const struct sta_decision *d)
{
	if (d->may_know)
		(void) snprintf(err->detail, sizeof(err->detail), "%s: %s (%s on %s)", sta_rule_name(d->rule),
				sta_rule_text(d->rule), call->caller.login, o->name);
	return err->rc;
}

/* Codes and messages are GHCR's, because clients match on them. */
static const struct {
	enum sta_rc rc;
	enum sta_oci_code code;
	const char *message;
} denials[STA_RULE_MAX_] = {
	[STA_RULE_DENIED_LIMIT] = { STA_UNAUTHENTICATED, STA_OCI_UNAUTHORIZED,
				    "authentication required: the token was issued for other packages or "
				    "actions" },
	[STA_RULE_DENIED_ANONYMOUS] = { STA_UNAUTHENTICATED, STA_OCI_UNAUTHORIZED,
					"authentication required" },
	[STA_RULE_DENIED_SCOPE] = { STA_DENIED, STA_OCI_DENIED,
				    "permission_denied: The token provided does not match expected scopes." },
	[STA_RULE_DENIED_ADDRESS] = { STA_DENIED, STA_OCI_DENIED,
				      "permission_denied: The token provided is not good from this "
				      "address." },
	[STA_RULE_DENIED_PATTERN] = { STA_DENIED, STA_OCI_DENIED,
				      "permission_denied: The token provided is for other packages." },
	[STA_RULE_DENIED_NO_OWNER] = { STA_DENIED, STA_OCI_DENIED, "not_found: owner not found" },
	[STA_RULE_DENIED_CREATE] = { STA_DENIED, STA_OCI_DENIED, "permission_denied: create_package" },
};

/* What GHCR tells workflows that may not push; NULL: as to anybody. */
static const char *
of_workflows(enum sta_rule rule)
{
	if (rule == STA_RULE_DENIED_CREATE)
		return "installation not allowed to Create organization package";
	if (rule == STA_RULE_DENIED_JOB || rule == STA_RULE_DENIED_ROLE)
		return "installation not allowed to Write organization package";
	return NULL;
}

static enum sta_rc
refuse(const struct sta_call *call, const struct sta_object *o, enum sta_action action,
       const struct sta_decision *d, struct sta_err *err)
{
	if (call->caller.workflow.repository_id != 0 && action == STA_ACTION_WRITE && of_workflows(d->rule))
		(void) sta_oci_fail(err, STA_DENIED, STA_OCI_DENIED, "%s", of_workflows(d->rule));
	else if (denials[d->rule].message)
		(void) sta_oci_fail(err, denials[d->rule].rc, denials[d->rule].code, "%s",
				    denials[d->rule].message);
	else
		(void) sta_oci_fail(err, STA_DENIED, STA_OCI_DENIED, "permission_denied: %s",
				    permission[action]);
	return explain(err, call, o, d);
}

static enum sta_rc
renamed(const char *to, struct sta_err *err)
{
	(void) sta_oci_fail(err, STA_DENIED, STA_OCI_DENIED, "permission_denied: renamed to %s", to);
	(void) snprintf(err->detail, sizeof(err->detail), "%s", to);
	return STA_DENIED;
}

/* Nobody, or only another owner, may make a package of that name. */
static enum sta_rc
refuse_name(const struct sta_call *call, const struct sta_entry *e, struct sta_err *err)
{
	const struct sta_object o = sta_entry_object(e);
	const struct sta_decision d = { .rule = STA_RULE_DENIED_CREATE };

	return refuse(call, &o, STA_ACTION_WRITE, &d, err);
}

struct sta_object
sta_entry_object(const struct sta_entry *e)
{
	return (struct sta_object){
		.name = e->name->full,
		.owner_exists = e->namespace.id != 0,
		.exists = e->exists,
		.owner_id = e->namespace.id,
		.visibility = e->package.visibility,
		.member = e->namespace.member,
		.members_create = !e->namespace.is_org ||
				  (e->namespace.creator &&
				   (e->namespace.creates & STA_VISIBILITY_BIT(e->namespace.visibility))),
		.granted = e->package.granted,
		.team = e->package.team,
		.inherited = e->package.inherited,
	};
}

enum sta_rc
sta_door_known(const struct sta_call *call, struct sta_entry *e, enum sta_action action, struct sta_err *err)
{
	const struct sta_object o = sta_entry_object(e);

	e->decision = sta_access_decide(&call->caller, &o, action);
	return e->decision.allowed ? STA_OK : refuse(call, &o, action, &e->decision, err);
}

static enum sta_rc
find_namespace(struct sta_db_conn *c, const struct sta_call *call, struct sta_entry *e, struct sta_err *err)
{
	enum sta_rc rc = sta_namespace_find(c, e->name->namespace, call->caller.user_id, &e->namespace, err);

	return rc == STA_NOT_FOUND ? STA_OK : rc;
}

/* Of a package that exists, as much of its namespace as the decision needs comes with it.  STA_NOT_FOUND: it
 * does not. */
static enum sta_rc
look_up(struct sta_db_conn *c, const struct sta_call *call, const char *name, struct sta_entry *e,
	struct sta_err *err)
{
	enum sta_rc rc = sta_package_find(c, call->arena, name, call->caller.user_id, &e->package, err);

	e->exists = rc == STA_OK;
	e->namespace = (struct sta_namespace){ .id = e->package.namespace_id, .member = e->package.member };
	return rc;
}

static enum sta_rc
find_package(struct sta_db_conn *c, const struct sta_call *call, struct sta_entry *e, struct sta_err *err)
{
	enum sta_rc rc = look_up(c, call, e->name->full, e, err);

	return rc == STA_NOT_FOUND ? find_namespace(c, call, e, err) : rc;
}

enum sta_rc
sta_door_look(struct sta_db_conn *c, const struct sta_call *call, const struct sta_name *name,
	      struct sta_entry *out, struct sta_err *err)
{
	enum sta_rc rc;

	*out = (struct sta_entry){ .name = name };
	rc = find_package(c, call, out, err);
	return rc == STA_OK && out->exists ? find_namespace(c, call, out, err) : rc;
}

/* What the name has been, and the package that it leads to. */
struct former {
	struct sta_past past;
	struct sta_entry entry; /* under the name that was asked for: a token is for that one */
};

static enum sta_rc
find_former(struct sta_db_conn *c, const struct sta_call *call, const struct sta_name *name,
	    struct former *out, struct sta_err *err)
{
	enum sta_rc rc = sta_past_find(c, call->arena, name->namespace, name->image, &out->past, err);
	struct sta_package any;

	out->entry = (struct sta_entry){ .name = name };
	if (rc == STA_OK && out->past.present)
		rc = look_up(c, call, out->past.present, &out->entry, err);
	else if (rc == STA_OK) /* a package was found or none: both take as long */
		rc = sta_package_find_last(c, call->arena, call->caller.user_id, &any, err);
	return rc == STA_NOT_FOUND ? STA_OK : rc;
}

/* Other things than reading, under a former name: who may read the package hears its present one, the others
 * what they would hear of an absent package.  Nobody makes a package of it. */
static enum sta_rc
refuse_former(const struct sta_call *call, struct sta_entry *e, const struct former *f,
	      enum sta_action action, struct sta_err *err)
{
	const struct sta_object o = sta_entry_object(&f->entry);
	struct sta_caller caller = call->caller;
	enum sta_rc rc = sta_door_known(call, e, action, err);

	if (rc == STA_UNAUTHENTICATED)
		return rc;
	caller.limited = false; /* a bearer token is for this action on this name; the account is asked for */
	if (sta_access_decide(&caller, &o, STA_ACTION_READ).allowed)
		return renamed(f->past.present, err);
	return rc == STA_OK ? refuse_name(call, e, err) : rc;
}

/* Found by its present name: without a transaction around the looks it can have been made between them. */
static bool
is_present(const struct sta_entry *e)
{
	return strcmp(e->package.name, e->name->full) == 0;
}

static enum sta_rc
decide_absent(struct sta_db_conn *c, const struct sta_call *call, struct sta_entry *e, enum sta_action action,
	      struct sta_err *err)
{
	struct former f;
	enum sta_rc rc = find_former(c, call, e->name, &f, err);

	if (rc != STA_OK)
		return rc;
	if (f.entry.exists && action != STA_ACTION_READ && !is_present(&f.entry))
		return refuse_former(call, e, &f, action, err);
	if (f.entry.exists)
		*e = f.entry;
	rc = sta_door_known(call, e, action, err);
	if (rc == STA_OK && action == STA_ACTION_WRITE && f.past.retired_for != 0 &&
	    f.past.retired_for != e->namespace.id)
		return refuse_name(call, e, err);
	return rc;
}

/* The time of a denial does not tell that the package is there. */
static void
spend_as_for_absent(struct sta_db_conn *c, const struct sta_call *call, struct sta_entry *e)
{
	const struct sta_name *name = e->name;
	struct sta_entry none = { .name = name };
	struct sta_past past;
	struct sta_err ignored;

	(void) !find_namespace(c, call, e, &ignored);
	(void) !sta_past_find(c, call->arena, name->namespace, name->image, &past, &ignored);
	(void) !look_up(c, call, "", &none, &ignored);
}

enum sta_rc
sta_door(struct sta_db_conn *c, const struct sta_call *call, const struct sta_name *name,
	 enum sta_action action, struct sta_entry *out, struct sta_err *err)
{
	struct sta_entry e = { .name = name };
	enum sta_rc rc = find_package(c, call, &e, err);

	if (rc != STA_OK)
		return rc;
	rc = e.exists ? sta_door_known(call, &e, action, err) : decide_absent(c, call, &e, action, err);
	if (rc == STA_OK)
		*out = e;
	else
		out->decision = e.decision;
	if (rc != STA_OK && e.exists && is_present(&e))
		spend_as_for_absent(c, call, &e);
	return rc;
}

enum sta_rc
sta_door_existing(struct sta_db_conn *c, const struct sta_call *call, const struct sta_name *name,
		  enum sta_action action, struct sta_entry *out, struct sta_err *err)
{
	enum sta_rc rc = sta_door(c, call, name, action, out, err);

	if (rc != STA_OK || out->exists)
		return rc;
	return sta_oci_fail(err, STA_NOT_FOUND, STA_OCI_NAME_UNKNOWN,
			    "repository name not known to registry");
}

static struct sta_subject
caller_subject(const struct sta_call *call)
{
	return (struct sta_subject){ .kind = STA_SUBJECT_ACCOUNT, .id = call->caller.user_id };
}

/* As GHCR does: what a workflow publishes is linked to its repository, and inherits if that has the
 * same owner, who does not want it otherwise. */
static enum sta_rc
link_to_workflow(struct sta_db_conn *c, const struct sta_call *call, struct sta_entry *e, struct sta_err *err)
{
	e->package.repository_id = call->caller.workflow.repository_id;
	e->package.inherits = e->namespace.inherits && call->caller.home_id == e->namespace.id;
	return sta_package_update_link(c, e->package.id, e->package.repository_id, e->package.inherits, err);
}

enum sta_rc
sta_entry_create(struct sta_db_conn *c, const struct sta_call *call, struct sta_entry *e, struct sta_err *err)
{
	enum sta_rc rc;

	if (e->exists)
		return STA_OK;
	if (e->namespace.id == 0)
		return sta_oci_fail(err, STA_DENIED, STA_OCI_DENIED, "not_found: owner not found");
	rc = sta_package_insert(c, e->namespace.id, e->name->full, e->namespace.visibility, sta_now_unix(),
				&e->package.id, err);
	if (rc == STA_OK && call->caller.kind == STA_CALLER_USER)
		rc = sta_grant_set(c, sta_grantable_package(e->package.id), caller_subject(call),
				   STA_ROLE_ADMIN, err);
	if (rc == STA_OK && call->caller.workflow.repository_id != 0)
		rc = link_to_workflow(c, call, e, err);
	if (rc == STA_OK)
		rc = sta_audit(c, call, "package.create", e->name->full,
			       sta_visibility_name(e->namespace.visibility), err);
	if (rc == STA_OK)
		e->exists = true;
	return rc;
}

enum sta_rc
sta_entry_add_blob(struct sta_db_conn *c, const struct sta_registry *r, const struct sta_entry *e,
		   const struct sta_digest *digest, int64_t blob_id, struct sta_err *err)
{
	int64_t due = sta_now_unix() + (int64_t) r->options.collect_grace_s;
	enum sta_rc rc = sta_member_add(c, e->package.id, blob_id, due, err);

	return rc == STA_OK ? sta_version_found_blob(c, e->package.id, digest, blob_id, err) : rc;
}

enum sta_rc
sta_audit(struct sta_db_conn *c, const struct sta_call *call, const char *action, const char *target,
	  const char *detail, struct sta_err *err)
{
	const struct sta_audit_entry e = {
		.created_unix = sta_now_unix(),
		.actor = call->caller.login,
		.action = action,
		.target = target,
		.detail = detail,
	};
	enum sta_rc rc = sta_still_enabled(c, call, err);

	return rc == STA_OK ? sta_audit_add(c, &e, err) : rc;
}

struct sta_author
sta_author_of(const struct sta_call *call)
{
	return (struct sta_author){ .name = call->caller.login, .now_unix = sta_now_unix() };
}

enum sta_rc
sta_lacks_scope(const char *scope, struct sta_err *err)
{
	return sta_err_set(err, STA_DENIED, 0, "You need at least %s scope for this.", scope);
}

enum sta_rc
sta_check_former(struct sta_db_conn *c, const struct sta_call *call, const char *name, int64_t own_id,
		 struct sta_err *err)
{
	const char *present = NULL;
	int64_t id = 0;
	enum sta_rc rc = sta_former_namespace(c, call->arena, name, &id, &present, err);

	if (rc == STA_NOT_FOUND || (rc == STA_OK && id == own_id))
		return STA_OK;
	return rc == STA_OK ? sta_err_set(err, STA_EXISTS, 0,
					  "'%s' is a former name of '%s', and leads there", name, present)
			    : rc;
}

enum sta_rc
sta_must_wait(const struct sta_call *call, struct sta_err *err)
{
	return call->may_wait ? STA_OK : sta_err_set(err, STA_WOULD_BLOCK, 0, "must wait");
}
