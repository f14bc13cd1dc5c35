/* Users: their own settings and password, and all of them for site administrators. */

#include "api/rest_manage.h"
#include "registry/account.h"
#include "registry/rename.h"

/* --- one's own --- */

static json_t *
settings_json(const struct sta_user *u)
{
	return json_pack("{s:s, s:b}", "default_visibility", sta_visibility_name(u->visibility),
			 "inherit_access", u->inherits);
}

enum sta_rc
sta_get_settings(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest *r;
	struct sta_user user;
	enum sta_rc rc = sta_rest_enter_known(api, req, "read:packages", &r, err);

	if (rc == STA_OK)
		rc = sta_user_get_own(api->r, &r->call, &user, err);
	return rc == STA_OK ? sta_rest_reply(req, res, settings_json(&user), err) : rc;
}

/* What a body says of settings. */
struct wish {
	struct sta_user_change change;
	enum sta_visibility visibility;
	bool inherits;
};

static enum sta_rc
read_wish(struct sta_request *req, struct wish *out, struct sta_err *err)
{
	struct sta_rest_value visibility, inherits;
	const struct sta_rest_field fields[] = {
		{ "default_visibility", STA_REST_TEXT, 0, &visibility },
		{ "inherit_access", STA_REST_BOOL, 0, &inherits },
	};
	enum sta_rc rc = sta_rest_body(req, fields, STA_REST_N(fields), err);

	*out = (struct wish){ .inherits = false };
	if (rc == STA_OK)
		rc = sta_rest_visibility("default_visibility", &visibility, false, &out->visibility, err);
	if (rc != STA_OK)
		return rc;
	out->inherits = inherits.flag;
	out->change.visibility = visibility.given ? &out->visibility : NULL;
	out->change.inherits = inherits.given ? &out->inherits : NULL;
	return STA_OK;
}

enum sta_rc
sta_patch_settings(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest *r;
	struct wish wish;
	struct sta_user user;
	enum sta_rc rc = sta_rest_enter_known(api, req, "write:packages", &r, err);

	if (rc == STA_OK)
		rc = read_wish(req, &wish, err);
	if (rc == STA_OK)
		rc = sta_rest_verdict(sta_user_set_own(api->r, &r->call, &wish.change, &user, err), err);
	return rc == STA_OK ? sta_rest_say(req, res, 200, settings_json(&user), err) : rc;
}

enum sta_rc
sta_put_own_password(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_rest_value old, new;
	const struct sta_rest_field fields[] = {
		{ "old_password", STA_REST_TEXT, STA_REST_REQUIRED, &old },
		{ "password", STA_REST_TEXT, STA_REST_REQUIRED, &new },
	};
	struct sta_api *api = ctx;
	struct sta_rest *r;
	enum sta_rc rc = sta_rest_enter_known(api, req, STA_REST_PASSWORD, &r, err);

	if (rc == STA_OK)
		rc = sta_rest_body(req, fields, STA_REST_N(fields), err);
	if (rc == STA_OK)
		rc = sta_rest_verdict(sta_user_change_password(api->r, &r->call, old.text, new.text, err),
				      err);
	return rc == STA_OK ? sta_rest_done(res) : rc;
}

/* --- all of them --- */

static json_t *
user_json(const struct sta_rest *r, struct sta_arena *a, const void *items, size_t i, const void *about)
{
	const struct sta_user *u = (const struct sta_user *) items + i;
	const struct sta_owner owner = {
		.id = u->id,
		.name = u->name,
		.kind = STA_OWNER_USER,
		.site_admin = u->site_admin,
	};
	json_t *j = sta_rest_user(r, a, &owner);
	json_t *more = json_pack("{s:b, s:s, s:b, s:o}", "suspended", u->disabled, "default_visibility",
				 sta_visibility_name(u->visibility), "inherit_access", u->inherits,
				 "created_at", sta_rest_time(u->created_unix));
	bool failed = !j || !more || json_object_update(j, more) != 0;

	(void) about;
	json_decref(more);
	if (!failed)
		return j;
	json_decref(j);
	return NULL;
}

enum sta_rc
sta_get_users(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest *r;
	struct sta_user *users = NULL;
	size_t n = 0;
	enum sta_rc rc = sta_rest_enter_known(api, req, STA_REST_PASSWORD, &r, err);

	if (rc == STA_OK)
		rc = sta_user_list(api->r, &r->call, &users, &n, err);
	return rc == STA_OK
		       ? sta_rest_list(r, req, res,
				       &(struct sta_rest_list){ .n = n, .items = users, .fn = user_json },
				       err)
		       : rc;
}

enum sta_rc
sta_post_user(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_rest_value login, password, admin;
	const struct sta_rest_field fields[] = {
		{ "login", STA_REST_TEXT, STA_REST_REQUIRED, &login },
		{ "password", STA_REST_TEXT, 0, &password },
		{ "site_admin", STA_REST_BOOL, 0, &admin },
	};
	struct sta_api *api = ctx;
	struct sta_rest *r;
	struct sta_user user;
	enum sta_rc rc = sta_rest_enter_known(api, req, STA_REST_PASSWORD, &r, err);

	if (rc == STA_OK)
		rc = sta_rest_body(req, fields, STA_REST_N(fields), err);
	if (rc == STA_OK)
		rc = sta_rest_verdict(
			sta_user_create(api->r, &r->call, login.text, password.text, admin.flag, &user, err),
			err);
	return rc == STA_OK ? sta_rest_say(req, res, 201, user_json(r, req->arena, &user, 0, NULL), err) : rc;
}

/* Who calls, and the user of the path: nobody else learns whether there is one. */
static enum sta_rc
enter_user(struct sta_api *api, struct sta_request *req, struct sta_rest **r, struct sta_user *user,
	   struct sta_err *err)
{
	enum sta_rc rc = sta_rest_enter_known(api, req, STA_REST_PASSWORD, r, err);

	return rc == STA_OK ? sta_user_get(api->r, &(*r)->call, req->param[0], user, err) : rc;
}

enum sta_rc
sta_get_user_of_site(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_rest *r;
	struct sta_user user;
	enum sta_rc rc = enter_user(ctx, req, &r, &user, err);

	return rc == STA_OK ? sta_rest_reply(req, res, user_json(r, req->arena, &user, 0, NULL), err) : rc;
}

enum sta_rc
sta_patch_user(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest *r;
	struct wish wish;
	struct sta_user user;
	enum sta_rc rc = enter_user(api, req, &r, &user, err);

	if (rc == STA_OK)
		rc = read_wish(req, &wish, err);
	if (rc == STA_OK)
		rc = sta_rest_verdict(sta_user_set(api->r, &r->call, user.name, &wish.change, &user, err),
				      err);
	return rc == STA_OK ? sta_rest_say(req, res, 200, user_json(r, req->arena, &user, 0, NULL), err) : rc;
}

/* PUT: suspended; DELETE: no more. */
enum sta_rc
sta_change_user_suspended(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest *r;
	struct sta_user user;
	enum sta_rc rc = enter_user(api, req, &r, &user, err);

	if (rc == STA_OK)
		rc = sta_rest_verdict(
			sta_user_set_disabled(api->r, &r->call, user.name, req->method == STA_PUT, err), err);
	return rc == STA_OK ? sta_rest_done(res) : rc;
}

enum sta_rc
sta_put_user_password(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_rest_value password;
	const struct sta_rest_field fields[] = {
		{ "password", STA_REST_TEXT, STA_REST_REQUIRED, &password },
	};
	struct sta_api *api = ctx;
	struct sta_rest *r;
	struct sta_user user;
	enum sta_rc rc = enter_user(api, req, &r, &user, err);

	if (rc == STA_OK)
		rc = sta_rest_body(req, fields, STA_REST_N(fields), err);
	if (rc == STA_OK)
		rc = sta_rest_verdict(sta_user_set_password(api->r, &r->call, user.name, password.text, err),
				      err);
	return rc == STA_OK ? sta_rest_done(res) : rc;
}

enum sta_rc
sta_post_user_rename(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_rest_value login;
	const struct sta_rest_field fields[] = {
		{ "login", STA_REST_TEXT, STA_REST_REQUIRED, &login },
	};
	struct sta_api *api = ctx;
	struct sta_rest *r;
	struct sta_user user;
	enum sta_rc rc = enter_user(api, req, &r, &user, err);

	if (rc == STA_OK)
		rc = sta_rest_body(req, fields, STA_REST_N(fields), err);
	if (rc == STA_OK)
		rc = sta_rest_verdict(
			sta_user_rename(api->r, &r->call, user.name, login.text, &user.name, err), err);
	return rc == STA_OK ? sta_rest_say(req, res, 200, user_json(r, req->arena, &user, 0, NULL), err) : rc;
}
