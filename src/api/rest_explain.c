/* Why somebody may or may not do something with a package. */

#include <string.h>

#include "api/rest_manage.h"
#include "base/parse.h"
#include "registry/token.h"

#define READ_SCOPE "read:packages"

static enum sta_rc
read_question(struct sta_request *req, struct sta_access_question *out, struct sta_err *err)
{
	const char *user = sta_request_query(req, "user", 0);
	const char *action = sta_request_query(req, "action", 0);
	const char *token = sta_request_query(req, "token_id", 0);
	uint64_t id = 0;

	out->user = user ? user : "";
	out->from = sta_request_query(req, "from", 0);
	if (!action || !sta_action_parse(action, &out->action))
		return sta_rest_fail(err, STA_INVALID, 422,
				     "Invalid argument. action is one of read, write, delete, admin.");
	if (token && (!sta_parse_u64(token, strlen(token), &id) || id == 0 || id > INT64_MAX))
		return sta_rest_fail(err, STA_INVALID, 422, "Invalid argument. token_id is a number.");
	out->token_id = (int64_t) id;
	return STA_OK;
}

/* "a,b" as an array; null for the empty text. */
static json_t *
split(const char *text)
{
	return text && *text ? sta_rest_split(text, ',') : json_null();
}

static json_t *
token_object(struct sta_arena *a, const struct sta_explanation *x)
{
	const char *scopes;

	if (!x->token)
		return json_null();
	scopes = sta_scopes_text(a, x->token->scopes);
	return scopes ? json_pack("{s:I, s:s, s:o, s:o, s:o, s:b}", "id", (json_int_t) x->token->id, "name",
				  x->token->name, "scopes", split(scopes), "packages",
				  split(x->token->packages), "addresses", split(x->token->addresses), "ended",
				  x->token_ended)
		      : NULL;
}

static const char *
owner_type(const struct sta_explanation *x)
{
	return x->owner_is_org ? "Organization" : "User";
}

/* GitHub's word for an owner of an organization. */
static const char *
org_role(enum sta_org_role role)
{
	return role == STA_ORG_OWNER ? "admin" : sta_org_role_name(role);
}

static const char *
or_null(const char *text)
{
	return text && *text ? text : NULL;
}

/* What the account has, and from where. */
static json_t *
sources(const struct sta_explanation *x)
{
	return json_pack("{s:b, s:b, s:s, s:s, s:s, s:s?, s:s, s:s?, s:s, s:s?}", "site_admin", x->site_admin,
			 "disabled", x->disabled, "organization_role", org_role(x->member), "granted_role",
			 sta_role_name(x->granted), "team_role", sta_role_name(x->team_role), "team",
			 or_null(x->team), "inherited_role", sta_role_name(x->inherited), "robot_of",
			 x->robot_of, "robot_role", sta_role_name(x->robot_role), "workflow_of",
			 x->workflow_of);
}

static json_t *
explanation(struct sta_arena *a, const struct sta_rest_asked *asked, const struct sta_access_question *q,
	    const struct sta_explanation *x)
{
	json_t *j = json_pack("{s:b, s:s, s:s, s:s?, s:s, s:s?, s:s, s:s, s:s, s:s, s:b, s:s?, s:o}",
			      "allowed", x->allowed, "rule", x->rule, "why", x->why, "user", or_null(q->user),
			      "action", sta_action_name(q->action), "from", q->from, "package", asked->full,
			      "visibility", sta_visibility_name(x->visibility), "owner", x->owner,
			      "owner_type", owner_type(x), "inherit_access", x->inherits, "repository",
			      x->repository, "token", token_object(a, x));
	json_t *more = sources(x);
	bool failed = !j || !more || json_object_update_missing(j, more) != 0;

	json_decref(more);
	if (!failed)
		return j;
	json_decref(j);
	return NULL;
}

/* In the words of this interface: which role or scope is missing. */
static enum sta_rc
denial(struct sta_api *api, const struct sta_rest_asked *x, struct sta_err *err)
{
	enum sta_rc rc = sta_published_manage(api->r, &x->r->call, x->owner, x->name, err);

	return rc == STA_OK ? sta_err_set(err, STA_DENIED, 0, "Must have admin rights to the package.") : rc;
}

enum sta_rc
sta_get_package_explain(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_access_question q = { .user = "" };
	struct sta_explanation told = { 0 };
	struct sta_rest_asked x;
	enum sta_rc rc = sta_rest_enter_package(api, req, READ_SCOPE, &x, err);

	if (rc == STA_OK)
		rc = read_question(req, &q, err);
	if (rc != STA_OK)
		return rc;
	q.package = x.full;
	rc = sta_access_explain(api->r, &x.r->call, &q, &told, err);
	if (rc == STA_DENIED && err->code != 0)
		return denial(api, &x, err);
	rc = sta_rest_named_verdict(rc, err);
	return rc == STA_OK ? sta_rest_reply(req, res, explanation(req->arena, &x, &q, &told), err) : rc;
}
