/* Repositories, and who has a role on them. */

#include <string.h>

#include "api/rest_manage.h"
#include "registry/repository.h"

#define READ_SCOPE "read:packages"

/* GitHub's minimal-repository, with those of its fields that a package does not show of it. */
static json_t *
full_repository(const struct sta_rest *r, struct sta_arena *a, const struct sta_published_repository *p)
{
	json_t *j = sta_rest_repository(r, a, p);
	json_t *more = json_pack("{s:s, s:o}", "visibility", sta_visibility_name(p->visibility), "created_at",
				 sta_rest_time(p->created_unix));
	bool failed = !j || !more || json_object_update_missing(j, more) != 0;

	json_decref(more);
	if (!failed)
		return j;
	json_decref(j);
	return NULL;
}

static json_t *
list_of(const struct sta_rest *r, struct sta_arena *a, const struct sta_published_repository *items, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		if (json_array_append_new(list, full_repository(r, a, &items[i])) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* Whose they are: {org}, {username}, or the caller. */
static enum sta_rc
find_owner(struct sta_api *api, struct sta_request *req, struct sta_rest *r, struct sta_owner *out,
	   struct sta_err *err)
{
	struct sta_rest_owner asked;
	enum sta_rc rc;

	if (strcmp(req->route->pattern, "/api/v3/user/repos") == 0)
		return sta_published_self(api->r, &r->call, out, err);
	rc = sta_rest_owner(api, r, req, &asked, err);
	if (rc == STA_OK)
		rc = sta_published_repository_owner(api->r, &r->call, asked.name, out, err);
	if (rc == STA_OK && asked.must_be_org && out->kind != STA_OWNER_ORGANIZATION)
		return sta_err_set(err, STA_NOT_FOUND, 0, "Not Found");
	return rc;
}

enum sta_rc
sta_get_repos(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	static const char *const names[] = { "per_page", NULL };
	struct sta_api *api = ctx;
	struct sta_published_repository *items = NULL;
	struct sta_rest_page page;
	struct sta_owner owner;
	struct sta_rest *r;
	size_t n = 0;
	enum sta_rc rc = sta_rest_enter_known(api, req, READ_SCOPE, &r, err);

	if (rc == STA_OK)
		rc = find_owner(api, req, r, &owner, err);
	if (rc != STA_OK)
		return rc;
	sta_rest_page(req, &page);
	rc = sta_published_repositories(api->r, &r->call, &owner, &page.span, &items, &n, err);
	if (rc == STA_OK)
		rc = sta_rest_link(r, req, res, &page, names, err);
	return rc == STA_OK ? sta_rest_reply(req, res, list_of(r, req->arena, items, n), err) : rc;
}

/* --- made --- */

struct wanted {
	struct sta_rest_value name, visibility, url;
};
#define WANTED_FIELDS(w)                                                                                     \
	{                                                                                                    \
		{ "name", STA_REST_TEXT, STA_REST_REQUIRED, &(w).name },                                     \
			{ "visibility", STA_REST_TEXT, 0, &(w).visibility },                                 \
			{ "url", STA_REST_TEXT, STA_REST_OR_NULL, &(w).url },                                \
	}

/* As it is now. */
static enum sta_rc
say(struct sta_api *api, struct sta_request *req, struct sta_response *res, const struct sta_rest *r,
    int status, const char *name, struct sta_err *err)
{
	struct sta_published_repository p;
	enum sta_rc rc = sta_published_repository(api->r, &r->call, name, &p, err);

	return rc == STA_OK ? sta_rest_say(req, res, status, full_repository(r, req->arena, &p), err) : rc;
}

static enum sta_rc
make(struct sta_api *api, struct sta_request *req, struct sta_response *res, const struct sta_rest *r,
     const char *owner, const struct wanted *w, struct sta_err *err)
{
	const char *name = sta_arena_printf(req->arena, "%s/%s", owner, w->name.text);
	enum sta_visibility visibility = STA_PRIVATE;
	struct sta_repository made;
	enum sta_rc rc = name ? sta_rest_visibility("visibility", &w->visibility, true, &visibility, err)
			      : sta_err_set(err, STA_NOMEM, 0, "request");

	if (rc == STA_OK)
		rc = sta_rest_verdict(
			sta_repository_create(api->r, &r->call, name, visibility, w->url.text, &made, err),
			err);
	return rc == STA_OK ? say(api, req, res, r, 201, made.name, err) : rc;
}

enum sta_rc
sta_post_org_repo(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct wanted w;
	const struct sta_rest_field fields[] = WANTED_FIELDS(w);
	struct sta_rest_org x;
	enum sta_rc rc = sta_rest_enter_org(ctx, req, fields, STA_REST_N(fields), &x, err);

	return rc == STA_OK ? make(ctx, req, res, x.r, x.org.name, &w, err) : rc;
}

enum sta_rc
sta_post_user_repo(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct wanted w;
	const struct sta_rest_field fields[] = WANTED_FIELDS(w);
	struct sta_owner self;
	struct sta_rest *r;
	enum sta_rc rc = sta_rest_enter_known(api, req, STA_REST_ORG_SCOPE, &r, err);

	if (rc == STA_OK)
		rc = sta_rest_body(req, fields, STA_REST_N(fields), err);
	if (rc == STA_OK)
		rc = sta_published_self(api->r, &r->call, &self, err);
	return rc == STA_OK ? make(api, req, res, r, self.name, &w, err) : rc;
}

/* --- one repository --- */

struct asked {
	struct sta_rest *r;
	struct sta_published_repository repository;
};

/* Who may not read it does not find it. */
static enum sta_rc
enter(struct sta_api *api, struct sta_request *req, const char *scope, const struct sta_rest_field *fields,
      size_t n, struct asked *out, struct sta_err *err)
{
	const char *name = NULL;
	enum sta_rc rc = sta_rest_enter_known(api, req, scope, &out->r, err);

	if (rc == STA_OK && req->method == STA_DELETE)
		rc = sta_rest_no_body(req, err);
	else if (rc == STA_OK && req->method > STA_HEAD)
		rc = sta_rest_body(req, fields, n, err);
	if (rc != STA_OK)
		return rc;
	name = sta_arena_printf(req->arena, "%s/%s", req->param[0], req->param[1]);
	return name ? sta_published_repository(api->r, &out->r->call, name, &out->repository, err)
		    : sta_err_set(err, STA_NOMEM, 0, "request");
}

enum sta_rc
sta_get_repo(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct asked x;
	enum sta_rc rc = enter(ctx, req, READ_SCOPE, NULL, 0, &x, err);

	return rc == STA_OK ? sta_rest_reply(req, res, full_repository(x.r, req->arena, &x.repository), err)
			    : rc;
}

enum sta_rc
sta_patch_repo(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest_value visibility = { 0 }, url = { 0 };
	const struct sta_rest_field fields[] = {
		{ "visibility", STA_REST_TEXT, 0, &visibility },
		{ "url", STA_REST_TEXT, STA_REST_OR_NULL, &url },
	};
	struct sta_repository_change change = { 0 };
	enum sta_visibility word = STA_PRIVATE;
	struct sta_repository now;
	struct asked x;
	enum sta_rc rc = enter(api, req, STA_REST_ORG_SCOPE, fields, STA_REST_N(fields), &x, err);

	if (rc == STA_OK)
		rc = sta_rest_visibility("visibility", &visibility, true, &word, err);
	if (rc != STA_OK)
		return rc;
	change.visibility = visibility.given ? &word : NULL;
	change.url = url.null ? "" : url.text;
	rc = sta_rest_verdict(sta_repository_set(api->r, &x.r->call, x.repository.name, &change, &now, err),
			      err);
	return rc == STA_OK ? say(api, req, res, x.r, 200, now.name, err) : rc;
}

enum sta_rc
sta_delete_repo(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct asked x;
	enum sta_rc rc = enter(api, req, STA_REST_ORG_SCOPE, NULL, 0, &x, err);

	if (rc == STA_OK)
		rc = sta_rest_verdict(sta_repository_delete(api->r, &x.r->call, x.repository.name, err), err);
	return rc == STA_OK ? sta_rest_done(res) : rc;
}

/* --- collaborators --- */

static json_t *
grant_item(const struct sta_rest *r, struct sta_arena *a, const void *items, size_t i, const void *about)
{
	(void) r;
	(void) a;
	(void) about;
	return sta_rest_grant(&((const struct sta_grant *) items)[i]);
}

enum sta_rc
sta_get_collaborators(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_grant *grants = NULL;
	struct asked x;
	size_t n = 0;
	enum sta_rc rc = enter(api, req, STA_REST_ORG_SCOPE, NULL, 0, &x, err);

	if (rc == STA_OK)
		rc = sta_repository_grants(api->r, &x.r->call, x.repository.name, &grants, &n, err);
	return rc == STA_OK
		       ? sta_rest_list(x.r, req, res,
				       &(struct sta_rest_list){ .n = n, .items = grants, .fn = grant_item },
				       err)
		       : rc;
}

enum sta_rc
sta_put_collaborator(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest_value word;
	const struct sta_rest_field fields[] = { { "role", STA_REST_TEXT, STA_REST_REQUIRED, &word } };
	const struct sta_grant *given = NULL;
	struct sta_grant *grants = NULL;
	enum sta_role role = STA_ROLE_NONE;
	struct asked x;
	size_t n = 0;
	enum sta_rc rc = enter(api, req, STA_REST_ORG_SCOPE, fields, STA_REST_N(fields), &x, err);

	if (rc == STA_OK)
		rc = sta_rest_role(&word, false, &role, err);
	if (rc == STA_OK)
		rc = sta_rest_verdict(
			sta_repository_give(api->r, &x.r->call, x.repository.name, req->param[2], role, err),
			err);
	if (rc == STA_OK)
		rc = sta_repository_grants(api->r, &x.r->call, x.repository.name, &grants, &n, err);
	if (rc != STA_OK)
		return rc;
	given = sta_rest_grant_of(grants, n, req->param[2]);
	return given ? sta_rest_say(req, res, 200, sta_rest_grant(given), err)
		     : sta_err_set(err, STA_NOT_FOUND, 0, "Not Found");
}

enum sta_rc
sta_delete_collaborator(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct asked x;
	enum sta_rc rc = enter(api, req, STA_REST_ORG_SCOPE, NULL, 0, &x, err);

	if (rc == STA_OK)
		rc = sta_rest_verdict(
			sta_repository_take(api->r, &x.r->call, x.repository.name, req->param[2], err), err);
	return rc == STA_OK ? sta_rest_done(res) : rc;
}
