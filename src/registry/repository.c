#include "registry/repository.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "registry/core.h"
#include "registry/source.h"

struct change {
	const struct sta_call *call;
	const char *name;
	const struct sta_repository_change *settings;
	struct sta_repository_row row;
};

/* OWNER/REPO in lower case.  STA_INVALID. */
static enum sta_rc
parse_name(const char *text, struct sta_name *out, struct sta_err *err)
{
	char folded[STA_NAME_MAX + 1];
	size_t len = strnlen(text, sizeof(folded));

	for (size_t i = 0; i < len && len < sizeof(folded); i++)
		folded[i] = (char) tolower((unsigned char) text[i]);
	if (len == sizeof(folded) || !sta_name_parse(folded, len, out) || strchr(out->image, '/'))
		return sta_err_set(err, STA_INVALID, 0, "a repository is named OWNER/REPO");
	return STA_OK;
}

static enum sta_rc
no_repository(const struct sta_name *name, struct sta_err *err)
{
	return sta_err_set(err, STA_NOT_FOUND, 0, "no repository '%s'", name->full);
}

struct sta_object
sta_repository_object(const struct sta_repository_row *row)
{
	return (struct sta_object){
		.name = row->name,
		.owner_exists = true,
		.exists = true,
		.owner_id = row->namespace_id,
		.visibility = row->visibility,
		.member = row->member,
		.granted = row->granted,
		.team = row->team,
	};
}

struct sta_decision
sta_repository_decide(const struct sta_caller *caller, const struct sta_repository_row *row,
		      enum sta_action action)
{
	struct sta_caller unbound = *caller;
	struct sta_object o = sta_repository_object(row);

	if (sta_credential_manages(caller)) /* whatever it may do with packages */
		unbound.scopes = STA_SCOPE_ALL;
	unbound.bounds.n_packages = 0;
	return sta_access_decide(&unbound, &o, action);
}

/* What scopes for packages are not enough for, but for reading. */
static bool
may_manage(const struct sta_caller *c, enum sta_action action)
{
	return action == STA_ACTION_READ || c->kind != STA_CALLER_USER || sta_credential_manages(c);
}

enum sta_rc
sta_door_repository(struct sta_db_conn *c, const struct sta_call *call, const char *text,
		    enum sta_action action, struct sta_repository_row *out, struct sta_err *err)
{
	struct sta_decision d;
	struct sta_name name;
	enum sta_rc rc = parse_name(text, &name, err);

	if (rc != STA_OK)
		return rc;
	rc = sta_repository_by_name(c, call->arena, name.full, call->caller.user_id, out, err);
	if (rc == STA_NOT_FOUND)
		return no_repository(&name, err);
	if (rc != STA_OK)
		return rc;
	d = sta_repository_decide(&call->caller, out, action);
	if (d.allowed && may_manage(&call->caller, action))
		return STA_OK;
	if (!d.may_know)
		return no_repository(&name, err);
	if (d.allowed || d.rule == STA_RULE_DENIED_SCOPE)
		(void) sta_lacks_scope(action == STA_ACTION_READ ? "read:packages" : "admin:org", err);
	else
		(void) sta_err_set(err, STA_DENIED, 0, "only administrators of '%s' may do that", out->name);
	(void) snprintf(err->detail, sizeof(err->detail), "%s: %s", sta_rule_name(d.rule),
			sta_rule_text(d.rule));
	return STA_DENIED;
}

enum sta_rc
sta_repository_seen(struct sta_db_conn *c, const struct sta_call *call, int64_t id, const char **out,
		    struct sta_err *err)
{
	struct sta_repository_row row;
	enum sta_rc rc;

	*out = NULL;
	if (id == 0)
		return STA_OK;
	rc = sta_repository_by_id(c, call->arena, id, call->caller.user_id, &row, err);
	if (rc == STA_NOT_FOUND) /* deleted since the package was read */
		return STA_OK;
	if (rc != STA_OK)
		return rc;
	if (sta_repository_decide(&call->caller, &row, STA_ACTION_READ).allowed)
		*out = row.name;
	return STA_OK;
}

static struct sta_repository
repository_of(const struct sta_repository_row *row)
{
	return (struct sta_repository){
		.name = row->name,
		.visibility = row->visibility,
		.url = row->url,
		.created_unix = row->created_unix,
	};
}

/* *out in the arena; NULL for NULL and "". */
static enum sta_rc
normal_url(const struct sta_call *call, const char *url, const char **out, struct sta_err *err)
{
	char text[STA_SOURCE_MAX + 1];

	*out = NULL;
	if (!url || *url == '\0')
		return STA_OK;
	if (!sta_source_normalize(url, strlen(url), text))
		return sta_err_set(err, STA_INVALID, 0,
				   "the url of a repository begins with https:// or http://, "
				   "and has at most %d bytes",
				   STA_SOURCE_MAX);
	*out = sta_arena_strdup(call->arena, text);
	return *out ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "repository");
}

static enum sta_rc
taken(const struct sta_repository_row *row, struct sta_err *err)
{
	return sta_err_set(err, STA_EXISTS, 0, "there is a repository '%s', or one of that url", row->name);
}

/* Internal is of an organization. */
static enum sta_rc
check_visibility(const struct sta_namespace *space, enum sta_visibility v, struct sta_err *err)
{
	if (v == STA_INTERNAL && !space->is_org)
		return sta_err_set(err, STA_INVALID, 0, "only repositories of organizations can be internal");
	return STA_OK;
}

/* What it is from now on, into the audit log. */
static enum sta_rc
note_settings(struct sta_db_conn *c, const struct change *x, const char *action, struct sta_err *err)
{
	const char *detail =
		sta_arena_printf(x->call->arena, "visibility %s, url %s",
				 sta_visibility_name(x->row.visibility), x->row.url ? x->row.url : "none");

	if (!detail)
		return sta_err_set(err, STA_NOMEM, 0, "repository");
	return sta_audit(c, x->call, action, x->row.name, detail, err);
}

static enum sta_rc
create_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct change *x = arg;
	struct sta_caller caller = x->call->caller;
	struct sta_namespace space = { 0 };
	struct sta_object o = { .name = x->row.name };
	struct sta_name name;
	enum sta_rc rc = parse_name(x->name, &name, err);

	if (rc == STA_OK)
		rc = sta_namespace_find(c, name.namespace, caller.user_id, &space, err);
	if (rc == STA_NOT_FOUND)
		return sta_err_set(err, rc, 0, "no user or organization '%s'", name.namespace);
	if (rc != STA_OK)
		return rc;
	o.owner_exists = true;
	o.owner_id = space.id;
	o.member = space.member;
	caller.scopes = STA_SCOPE_ALL; /* the one that it takes was asked for */
	if (!sta_access_decide(&caller, &o, STA_ACTION_ADMIN).allowed)
		return sta_err_set(err, STA_DENIED, 0, "only its owner may make repositories in '%s'",
				   name.namespace);
	x->row.namespace_id = space.id;
	rc = check_visibility(&space, x->row.visibility, err);
	if (rc == STA_OK)
		rc = sta_repository_insert(c, &x->row, &x->row.id, err);
	if (rc == STA_EXISTS)
		return taken(&x->row, err);
	return rc == STA_OK ? note_settings(c, x, "repository.create", err) : rc;
}

enum sta_rc
sta_repository_create(struct sta_registry *r, const struct sta_call *call, const char *name,
		      enum sta_visibility visibility, const char *url, struct sta_repository *out,
		      struct sta_err *err)
{
	struct sta_name parsed;
	struct change x = {
		.call = call,
		.name = name,
		.row = { .visibility = visibility, .created_unix = sta_now_unix() },
	};
	enum sta_rc rc =
		may_manage(&call->caller, STA_ACTION_ADMIN) ? STA_OK : sta_lacks_scope("admin:org", err);

	if (rc == STA_OK)
		rc = parse_name(name, &parsed, err);
	if (rc == STA_OK)
		rc = normal_url(call, url, &x.row.url, err);
	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	if (rc != STA_OK)
		return rc;
	x.row.name = sta_arena_strdup(call->arena, parsed.full);
	if (!x.row.name)
		return sta_err_set(err, STA_NOMEM, 0, "repository");
	rc = sta_db_write(r->db, create_tx, &x, err);
	if (rc == STA_OK)
		*out = repository_of(&x.row);
	return rc;
}

enum sta_rc
sta_repository_all(struct sta_registry *r, const struct sta_call *call, const char *owner,
		   struct sta_repository **out, size_t *n, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_namespace space = { 0 };
	struct sta_repository_row *rows = NULL;
	struct sta_repository *all;
	char folded[STA_NAMESPACE_MAX + 1];
	size_t got = 0;
	enum sta_rc rc = sta_db_reader(r->db, &c, err);

	if (rc == STA_OK && owner)
		rc = sta_namespace_fold(owner, folded)
			     ? sta_namespace_find(c, folded, call->caller.user_id, &space, err)
			     : STA_NOT_FOUND;
	if (rc == STA_NOT_FOUND)
		return sta_err_set(err, rc, 0, "no user or organization '%.*s'", STA_NAMESPACE_MAX, owner);
	if (rc == STA_OK)
		rc = sta_repository_list(c, call->arena, space.id, call->caller.user_id, &rows, &got, err);
	if (rc != STA_OK)
		return rc;
	all = sta_arena_alloc(call->arena, got * sizeof(*all));
	if (!all)
		return sta_err_set(err, STA_NOMEM, 0, "repositories");
	*n = 0;
	for (size_t i = 0; i < got; i++)
		if (sta_repository_decide(&call->caller, &rows[i], STA_ACTION_READ).allowed)
			all[(*n)++] = repository_of(&rows[i]);
	*out = all;
	return STA_OK;
}

static enum sta_rc
set_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct change *x = arg;
	struct sta_namespace space;
	const char *owner;
	enum sta_rc rc = sta_door_repository(c, x->call, x->name, STA_ACTION_ADMIN, &x->row, err);

	if (rc == STA_OK && x->settings->visibility)
		x->row.visibility = *x->settings->visibility;
	if (rc == STA_OK && x->settings->url)
		rc = normal_url(x->call, x->settings->url, &x->row.url, err);
	if (rc != STA_OK)
		return rc;
	owner = sta_arena_strndup(x->call->arena, x->row.name, strcspn(x->row.name, "/"));
	if (!owner)
		return sta_err_set(err, STA_NOMEM, 0, "repository");
	rc = sta_namespace_find(c, owner, 0, &space, err);
	if (rc == STA_OK)
		rc = check_visibility(&space, x->row.visibility, err);
	if (rc == STA_OK)
		rc = sta_repository_update(c, &x->row, err);
	if (rc == STA_EXISTS)
		return taken(&x->row, err);
	return rc == STA_OK ? note_settings(c, x, "repository.set", err) : rc;
}

enum sta_rc
sta_repository_set(struct sta_registry *r, const struct sta_call *call, const char *name,
		   const struct sta_repository_change *change, struct sta_repository *out,
		   struct sta_err *err)
{
	struct change x = { .call = call, .name = name, .settings = change };
	enum sta_rc rc = sta_must_wait(call, err);

	if (rc == STA_OK)
		rc = sta_db_write(r->db, set_tx, &x, err);
	if (rc == STA_OK)
		*out = repository_of(&x.row);
	return rc;
}

static enum sta_rc
delete_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct change *x = arg;
	enum sta_rc rc = sta_door_repository(c, x->call, x->name, STA_ACTION_ADMIN, &x->row, err);

	if (rc == STA_OK)
		rc = sta_repository_remove(c, x->row.id, err);
	return rc == STA_OK ? sta_audit(c, x->call, "repository.delete", x->row.name, "", err) : rc;
}

enum sta_rc
sta_repository_delete(struct sta_registry *r, const struct sta_call *call, const char *name,
		      struct sta_err *err)
{
	struct change x = { .call = call, .name = name };
	enum sta_rc rc = sta_must_wait(call, err);

	return rc == STA_OK ? sta_db_write(r->db, delete_tx, &x, err) : rc;
}
