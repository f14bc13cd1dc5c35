#include <string.h>

#include "api/rest_manage.h"
#include "base/clock.h"
#include "base/version.h"

static enum sta_rc
put_all(json_t *into, json_t *more)
{
	int failed = !into || !more || json_object_update_missing(into, more) != 0;

	json_decref(more);
	return failed ? STA_NOMEM : STA_OK;
}

/* A user's or organization's public side. */
static json_t *
full_user(const struct sta_rest *r, struct sta_arena *a, const struct sta_owner *o)
{
	char time[STA_TIME_TEXT_MAX];
	json_t *j = sta_rest_user(r, a, o);
	json_t *more = json_pack("{s:n, s:n, s:s}", "name", "email", "created_at",
				 sta_time_rfc3339(o->created_unix, time));

	if (put_all(j, more) == STA_OK)
		return j;
	json_decref(j);
	return NULL;
}

json_t *
sta_rest_organization(const struct sta_rest *r, struct sta_arena *a, const struct sta_owner *o)
{
	static const char *const urls[][2] = {
		{ "url", "" },
		{ "repos_url", "/repos" },
		{ "events_url", "/events" },
		{ "hooks_url", "/hooks" },
		{ "issues_url", "/issues" },
		{ "members_url", "/members{/member}" },
		{ "public_members_url", "/public_members{/member}" },
	};
	char time[STA_TIME_TEXT_MAX];
	json_t *user = sta_rest_user(r, a, o);
	json_t *j = json_pack(
		"{s:O, s:O, s:O, s:O, s:O, s:n, s:n, s:O, s:s}", "login", json_object_get(user, "login"),
		"id", json_object_get(user, "id"), "node_id", json_object_get(user, "node_id"), "avatar_url",
		json_object_get(user, "avatar_url"), "html_url", json_object_get(user, "html_url"),
		"description", "name", "type", json_object_get(user, "type"), "created_at",
		sta_time_rfc3339(o->created_unix, time));
	bool failed = !j;

	json_decref(user);
	for (size_t i = 0; !failed && i < sizeof(urls) / sizeof(urls[0]); i++) {
		const char *text = sta_arena_printf(a, "%s/api/v3/orgs/%s%s", r->base, o->name, urls[i][1]);

		failed = !text || json_object_set_new(j, urls[i][0], json_string(text)) != 0;
	}
	if (!failed)
		return j;
	json_decref(j);
	return NULL;
}

enum sta_rc
sta_get_user(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest *r;
	struct sta_owner o;
	enum sta_rc rc = sta_rest_enter_known(api, req, "", &r, err);

	if (rc == STA_OK)
		rc = sta_published_self(api->r, &r->call, &o, err);
	return rc == STA_OK ? sta_rest_reply(req, res, full_user(r, req->arena, &o), err) : rc;
}

enum sta_rc
sta_get_user_by_name(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest *r;
	struct sta_owner o;
	enum sta_rc rc = sta_rest_enter_known(api, req, "", &r, err);

	if (rc == STA_OK)
		rc = sta_published_owner(api->r, &r->call, req->param[0], &o, err);
	return rc == STA_OK ? sta_rest_reply(req, res, full_user(r, req->arena, &o), err) : rc;
}

enum sta_rc
sta_get_org(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest *r;
	struct sta_owner o;
	enum sta_rc rc = sta_rest_enter_known(api, req, "", &r, err);

	if (rc == STA_OK)
		rc = sta_published_owner(api->r, &r->call, req->param[0], &o, err);
	if (rc == STA_OK && o.kind != STA_OWNER_ORGANIZATION)
		return sta_err_set(err, STA_NOT_FOUND, 0, "Not Found");
	return rc == STA_OK ? sta_rest_reply(req, res, sta_rest_organization(r, req->arena, &o), err) : rc;
}

/* Asking how much is left costs nothing. */
enum sta_rc
sta_get_rate_limit(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_rest *r;
	enum sta_rc rc = sta_rest_enter_free(ctx, req, &r, err);
	json_t *core;
	json_t *j;

	if (rc != STA_OK)
		return rc;
	core = json_pack("{s:I, s:I, s:I, s:I, s:s}", "limit", (json_int_t) r->rate.limit, "used",
			 (json_int_t) r->rate.used, "remaining", (json_int_t) (r->rate.limit - r->rate.used),
			 "reset", (json_int_t) r->rate.reset_unix, "resource", "core");
	j = json_pack("{s:{s:O}, s:O}", "resources", "core", core, "rate", core);
	json_decref(core);
	return sta_rest_reply(req, res, j, err);
}

enum sta_rc
sta_get_meta(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_rest *r;
	enum sta_rc rc = sta_rest_enter(ctx, req, "", &r, err);

	return rc == STA_OK ? sta_rest_reply(req, res,
					     json_pack("{s:b, s:s}", "verifiable_password_authentication", 1,
						       "installed_version", STA_VERSION),
					     err)
			    : rc;
}

enum sta_rc
sta_get_api_root(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	static const char *const urls[][2] = {
		{ "current_user_url", "/user" },
		{ "organization_url", "/orgs/{org}" },
		{ "user_url", "/users/{user}" },
		{ "rate_limit_url", "/rate_limit" },
		{ "current_user_packages_url", "/user/packages{?package_type,visibility,page,per_page}" },
		{ "organization_packages_url",
		  "/orgs/{org}/packages{?package_type,visibility,page,per_page}" },
		{ "user_packages_url", "/users/{user}/packages{?package_type,visibility,page,per_page}" },
		{ "openapi_url", "/openapi.json" },
	};
	struct sta_rest *r;
	json_t *j;
	enum sta_rc rc = sta_rest_enter(ctx, req, "", &r, err);

	if (rc != STA_OK)
		return rc;
	j = json_object();
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		const char *text = sta_arena_printf(req->arena, "%s/api/v3%s", r->base, urls[i][1]);

		if (!text || json_object_set_new(j, urls[i][0], json_string(text)) != 0) {
			json_decref(j);
			return sta_err_set(err, STA_NOMEM, 0, "response");
		}
	}
	return sta_rest_reply(req, res, j, err);
}
