/* Settings of packages: visibility, repository, name, and who has a role on them. */

#include <string.h>
#include <strings.h>

#include "api/rest_manage.h"
#include "oci/ref.h"
#include "registry/package.h"
#include "registry/rename.h"
#include "registry/repository.h"

#define WRITE_SCOPE "write:packages"

/* A route for administrators of the package, under its present name. */
static enum sta_rc
enter(struct sta_api *api, struct sta_request *req, const struct sta_rest_field *fields, size_t n,
      struct sta_rest_asked *out, struct sta_err *err)
{
	enum sta_rc rc = sta_rest_enter_package(api, req, WRITE_SCOPE, out, err);

	if (rc == STA_OK && req->method == STA_DELETE)
		rc = sta_rest_no_body(req, err);
	else if (rc == STA_OK && req->method > STA_HEAD)
		rc = sta_rest_body(req, fields, n, err);
	return rc == STA_OK ? sta_published_manage(api->r, &out->r->call, out->owner, out->name, err) : rc;
}

/* What an operation says in the words of /v2/: the package or the right to it has gone since. */
static enum sta_rc
verdict(enum sta_rc rc, struct sta_err *err)
{
	bool oci = err->code != 0 && err->code < STA_REST_STATUS;

	if (rc == STA_NOT_FOUND && oci)
		return sta_err_set(err, rc, 0, "Package not found.");
	if (rc == STA_DENIED && oci)
		return sta_err_set(err, rc, 0, "Must have admin rights to the package.");
	return sta_rest_verdict(rc, err);
}

/* The package as it is now. */
static enum sta_rc
say(struct sta_api *api, struct sta_request *req, struct sta_response *res, const struct sta_rest_asked *x,
    const char *name, struct sta_err *err)
{
	struct sta_published_package p;
	enum sta_rc rc = sta_published_package(api->r, &x->r->call, x->owner, name, &p, err);

	return rc == STA_OK ? sta_rest_say(req, res, 200, sta_rest_package(x->r, req->arena, &p), err) : rc;
}

enum sta_rc
sta_put_package_visibility(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest_value word;
	const struct sta_rest_field fields[] = { { "visibility", STA_REST_TEXT, STA_REST_REQUIRED, &word } };
	enum sta_visibility visibility = STA_PRIVATE;
	struct sta_rest_asked x;
	enum sta_rc rc = enter(api, req, fields, STA_REST_N(fields), &x, err);

	if (rc == STA_OK)
		rc = sta_rest_visibility("visibility", &word, true, &visibility, err);
	if (rc == STA_OK)
		rc = verdict(sta_package_set_visibility(api->r, &x.r->call, x.full, visibility, err), err);
	return rc == STA_OK ? say(api, req, res, &x, x.name, err) : rc;
}

/* --- its repository --- */

static json_t *
repository_name(const struct sta_published_package *p)
{
	return p->linked ? json_string(p->repository.name) : json_null();
}

static enum sta_rc
say_link(struct sta_api *api, struct sta_request *req, struct sta_response *res,
	 const struct sta_rest_asked *x, struct sta_err *err)
{
	struct sta_published_package p;
	enum sta_rc rc = sta_published_package(api->r, &x->r->call, x->owner, x->name, &p, err);

	return rc == STA_OK ? sta_rest_say(req, res, 200,
					   json_pack("{s:o, s:b}", "repository", repository_name(&p),
						     "inherit_access", p.inherits),
					   err)
			    : rc;
}

enum sta_rc
sta_put_package_repository(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest_value repository = { 0 }, inherits = { 0 };
	const struct sta_rest_field fields[] = {
		{ "repository", STA_REST_TEXT, STA_REST_REQUIRED, &repository },
		{ "inherit_access", STA_REST_BOOL, 0, &inherits },
	};
	struct sta_rest_asked x;
	enum sta_rc rc = enter(api, req, fields, STA_REST_N(fields), &x, err);

	if (rc != STA_OK)
		return rc;
	rc = sta_package_link(api->r, &x.r->call, x.full, repository.text, inherits.flag, err);
	rc = verdict(sta_rest_named_verdict(rc, err), err);
	return rc == STA_OK ? say_link(api, req, res, &x, err) : rc;
}

enum sta_rc
sta_delete_package_repository(void *ctx, struct sta_request *req, struct sta_response *res,
			      struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest_asked x;
	enum sta_rc rc = enter(api, req, NULL, 0, &x, err);

	if (rc == STA_OK && !x.package.has_repository)
		return sta_err_set(err, STA_NOT_FOUND, 0, "The package is linked to no repository.");
	if (rc == STA_OK)
		rc = verdict(sta_package_link(api->r, &x.r->call, x.full, NULL, false, err), err);
	return rc == STA_OK ? sta_rest_done(res) : rc;
}

/* --- its name --- */

/* "app" and "acme/app" are the same of a package of acme. */
static enum sta_rc
read_name(struct sta_arena *a, const struct sta_rest_asked *x, const char *text, struct sta_name *out,
	  struct sta_err *err)
{
	const char *owner = x->package.owner.name;
	size_t len = strlen(owner);
	bool with_owner = strncasecmp(text, owner, len) == 0 && text[len] == '/';
	const char *full = sta_arena_printf(a, "%s/%s", owner, with_owner ? text + len + 1 : text);

	if (!full)
		return sta_err_set(err, STA_NOMEM, 0, "name");
	if (sta_name_parse(full, strlen(full), out))
		return STA_OK;
	return sta_rest_fail(
		err, STA_INVALID, 422,
		"Invalid argument. name has lower-case letters and digits, with '.', '_', '__' or "
		"hyphens between them, in parts with '/' between them, and at most %d bytes with "
		"its owner.",
		STA_NAME_MAX);
}

enum sta_rc
sta_post_package_rename(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest_value name = { 0 };
	const struct sta_rest_field fields[] = { { "name", STA_REST_TEXT, STA_REST_REQUIRED, &name } };
	struct sta_rest_asked x;
	struct sta_name to = { 0 };
	enum sta_rc rc = enter(api, req, fields, STA_REST_N(fields), &x, err);

	if (rc == STA_OK)
		rc = read_name(req->arena, &x, name.text ? name.text : "", &to, err);
	if (rc != STA_OK)
		return rc;
	rc = sta_package_rename(api->r, &x.r->call, x.full, to.full, err);
	if (rc == STA_DENIED && err->code != 0)
		return sta_err_set(err, rc, 0, "You may not make a package of that name.");
	rc = verdict(rc, err);
	return rc == STA_OK ? say(api, req, res, &x, to.image, err) : rc;
}

/* --- roles on it --- */

static json_t *
grant_list(const struct sta_grant *grants, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		if (json_array_append_new(list, sta_rest_grant(&grants[i])) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* A package with the roles of its repository has none of its own, but of workflows. */
static enum sta_rc
grants_of(struct sta_api *api, const struct sta_rest_asked *x, struct sta_grant **grants, size_t *n,
	  struct sta_err *err)
{
	enum sta_rc rc = sta_grant_all(api->r, &x->r->call, x->full, grants, n, err);

	return rc == STA_CONFLICT ? STA_OK : verdict(rc, err);
}

enum sta_rc
sta_get_package_access(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_grant *grants = NULL;
	struct sta_rest_asked x;
	size_t n = 0;
	enum sta_rc rc = enter(api, req, NULL, 0, &x, err);

	if (rc == STA_OK)
		rc = grants_of(api, &x, &grants, &n, err);
	return rc == STA_OK
		       ? sta_rest_reply(req, res,
					json_pack("{s:b, s:o, s:o}", "inherit_access", x.package.inherits,
						  "repository", repository_name(&x.package), "grants",
						  grant_list(grants, n)),
					err)
		       : rc;
}

enum sta_rc
sta_put_package_access(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest_value word;
	const struct sta_rest_field fields[] = { { "role", STA_REST_TEXT, STA_REST_REQUIRED, &word } };
	const struct sta_grant *given = NULL;
	struct sta_grant *grants = NULL;
	enum sta_role role = STA_ROLE_NONE;
	struct sta_rest_asked x;
	size_t n = 0;
	enum sta_rc rc = enter(api, req, fields, STA_REST_N(fields), &x, err);

	if (rc == STA_OK)
		rc = sta_rest_role(&word, false, &role, err);
	if (rc == STA_OK)
		rc = verdict(sta_grant_give(api->r, &x.r->call, x.full, req->param[x.param], role, err), err);
	if (rc == STA_OK)
		rc = grants_of(api, &x, &grants, &n, err);
	if (rc != STA_OK)
		return rc;
	given = sta_rest_grant_of(grants, n, req->param[x.param]);
	return given ? sta_rest_say(req, res, 200, sta_rest_grant(given), err)
		     : sta_err_set(err, STA_NOT_FOUND, 0, "Not Found");
}

enum sta_rc
sta_delete_package_access(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest_asked x;
	enum sta_rc rc = enter(api, req, NULL, 0, &x, err);

	if (rc == STA_OK)
		rc = verdict(sta_grant_take(api->r, &x.r->call, x.full, req->param[x.param], err), err);
	return rc == STA_OK ? sta_rest_done(res) : rc;
}
