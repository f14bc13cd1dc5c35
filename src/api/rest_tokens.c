/* Personal access tokens: one's own, and those of others for who manages them. */

#include <string.h>

#include "api/rest_manage.h"
#include "registry/account.h"
#include "registry/robot.h"
#include "registry/token.h"

/* Whose tokens the path is about. */
struct owner {
	struct sta_rest *r;
	const char *name; /* NULL: the caller's */
	size_t param;     /* the first parameter behind it */
};

static bool
begins(const struct sta_request *req, const char *with)
{
	return strncmp(req->route->pattern, with, strlen(with)) == 0;
}

static enum sta_rc
find_user(struct sta_api *api, const struct sta_request *req, struct owner *out, struct sta_err *err)
{
	struct sta_user user;
	enum sta_rc rc = sta_user_get(api->r, &out->r->call, req->param[0], &user, err);

	if (rc == STA_OK)
		out->name = user.name;
	out->param = 1;
	return rc;
}

static enum sta_rc
find_robot(struct sta_api *api, const struct sta_request *req, struct owner *out, struct sta_err *err)
{
	struct sta_robot robot;
	enum sta_rc rc = sta_robot_get(api->r, &out->r->call, req->param[0], req->param[1], &robot, err);

	if (rc == STA_OK)
		out->name = robot.name;
	out->param = 2;
	return rc;
}

static enum sta_rc
enter(struct sta_api *api, struct sta_request *req, struct owner *out, struct sta_err *err)
{
	bool of_robot = begins(req, "/api/v3/orgs/");
	const char *scope = of_robot ? STA_REST_ORG_SCOPE : STA_REST_PASSWORD;
	enum sta_rc rc = sta_rest_enter_known(api, req, scope, &out->r, err);

	out->name = NULL;
	out->param = 0;
	if (rc == STA_OK && begins(req, "/api/v3/admin/"))
		return find_user(api, req, out, err);
	if (rc == STA_OK && of_robot)
		return find_robot(api, req, out, err);
	return rc;
}

static json_t *
token_json(const struct sta_rest *r, struct sta_arena *a, const void *items, size_t i, const void *about)
{
	const struct sta_pat *t = (const struct sta_pat *) items + i;
	const char *scopes = sta_scopes_text(a, t->scopes);

	(void) about;
	(void) r;
	return json_pack(
		"{s:I, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "id", (json_int_t) t->id, "login",
		t->user, "name", t->name, "scopes", sta_rest_split(scopes ? scopes : "", ','), "packages",
		sta_rest_split(t->packages, ','), "addresses", sta_rest_split(t->addresses, ','),
		"created_at", sta_rest_time(t->created_unix), "expires_at", sta_rest_time(t->expires_unix),
		"last_used_at", sta_rest_time(t->last_used_unix), "revoked", t->revoked);
}

enum sta_rc
sta_get_tokens(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_pat *tokens = NULL;
	struct owner owner;
	size_t n = 0;
	enum sta_rc rc = enter(api, req, &owner, err);

	if (rc == STA_OK && owner.name)
		rc = sta_pat_list(api->r, &owner.r->call, owner.name, &tokens, &n, err);
	else if (rc == STA_OK)
		rc = sta_pat_list_own(api->r, &owner.r->call, &tokens, &n, err);
	return rc == STA_OK
		       ? sta_rest_list(owner.r, req, res,
				       &(struct sta_rest_list){ .n = n, .items = tokens, .fn = token_json },
				       err)
		       : rc;
}

static enum sta_rc
read_scopes(struct sta_arena *a, const struct sta_rest_value *texts, unsigned *out, struct sta_err *err)
{
	const char *list;
	enum sta_rc rc = sta_rest_join(a, "scopes", texts, ',', &list, err);

	return rc == STA_OK ? sta_scopes_parse(list, out, err) : rc;
}

static enum sta_rc
read_request(struct sta_request *req, struct sta_pat_request *out, struct sta_err *err)
{
	struct sta_rest_value name, scopes, expires, packages, addresses;
	const struct sta_rest_field fields[] = {
		{ "name", STA_REST_TEXT, 0, &name },
		{ "scopes", STA_REST_TEXTS, STA_REST_REQUIRED, &scopes },
		{ "expires_in", STA_REST_NUMBER, STA_REST_OR_NULL, &expires },
		{ "packages", STA_REST_TEXTS, STA_REST_OR_NULL, &packages },
		{ "addresses", STA_REST_TEXTS, STA_REST_OR_NULL, &addresses },
	};
	enum sta_rc rc = sta_rest_body(req, fields, STA_REST_N(fields), err);

	if (rc == STA_OK)
		rc = read_scopes(req->arena, &scopes, &out->scopes, err);
	if (rc == STA_OK)
		rc = sta_rest_join(req->arena, "packages", &packages, ',', &out->packages, err);
	if (rc == STA_OK)
		rc = sta_rest_join(req->arena, "addresses", &addresses, ',', &out->addresses, err);
	/* 0 would mean for ever to the registry. */
	if (rc == STA_OK && expires.given && !expires.null && expires.number < 1)
		rc = sta_rest_fail(err, STA_INVALID, 422, "Invalid argument. expires_in is at least 1.");
	if (rc != STA_OK)
		return sta_rest_verdict(rc, err);
	out->name = name.given ? name.text : "";
	out->expires_s = expires.given && !expires.null ? (uint64_t) expires.number : 0;
	return STA_OK;
}

enum sta_rc
sta_post_token_of(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_pat_request wanted = { .user = NULL };
	char secret[STA_PAT_LEN + 1] = "";
	struct sta_pat token = { 0 };
	struct owner owner;
	json_t *j;
	enum sta_rc rc = enter(api, req, &owner, err);

	if (rc == STA_OK)
		rc = read_request(req, &wanted, err);
	wanted.user = owner.name;
	if (rc == STA_OK)
		rc = sta_rest_verdict(sta_pat_create(api->r, &owner.r->call, &wanted, secret, &token, err),
				      err);
	if (rc != STA_OK)
		return rc;
	j = token_json(owner.r, req->arena, &token, 0, NULL);
	if (!j || json_object_set_new(j, "token", json_string(secret)) != 0) {
		json_decref(j);
		return sta_err_set(err, STA_NOMEM, 0, "token");
	}
	return sta_rest_say(req, res, 201, j, err);
}

enum sta_rc
sta_delete_token(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct owner owner;
	enum sta_rc rc = enter(api, req, &owner, err);

	if (rc == STA_OK)
		rc = sta_pat_revoke_of(api->r, &owner.r->call, owner.name,
				       sta_rest_id(req->param[owner.param]), err);
	return rc == STA_OK ? sta_rest_done(res) : rc;
}

/* The one that the request shows. */
enum sta_rc
sta_get_current_token(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest *r;
	struct sta_pat token;
	enum sta_rc rc = sta_rest_enter_known(api, req, "", &r, err);

	if (rc == STA_OK)
		rc = sta_pat_current(api->r, &r->call, &token, err);
	return rc == STA_OK ? sta_rest_reply(req, res, token_json(r, req->arena, &token, 0, NULL), err) : rc;
}

enum sta_rc
sta_delete_current_token(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest *r;
	enum sta_rc rc = sta_rest_enter_known(api, req, "", &r, err);

	if (rc == STA_OK)
		rc = sta_pat_revoke_current(api->r, &r->call, err);
	return rc == STA_OK ? sta_rest_done(res) : rc;
}
