#include <string.h>

#include "api/rest.h"
#include "base/parse.h"
#include "oci/ref.h"
#include "registry/trash.h"

/* --- lists --- */

/* GitHub's other kinds of packages, of which there are none here. */
static bool
is_other_type(const char *type)
{
	static const char *const types[] = { "npm", "maven", "rubygems", "nuget" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

struct list_query {
	bool none; /* of a kind that there is none of */
	const enum sta_visibility *only;
	enum sta_visibility visibility;
};

static enum sta_rc
read_query(struct sta_request *req, struct list_query *out, struct sta_err *err)
{
	const char *type = sta_request_query(req, "package_type", 0);
	const char *visibility = sta_request_query(req, "visibility", 0);
	struct sta_err ignored;

	*out = (struct list_query){ .none = type && is_other_type(type) };
	if (!type || (!out->none && sta_rest_package_type(type, &ignored) != STA_OK))
		return sta_err_set(
			err, STA_INVALID, 0,
			"Invalid argument. package_type is one of npm, maven, rubygems, docker, nuget, "
			"container.");
	if (!visibility)
		return STA_OK;
	if (!sta_visibility_parse(visibility, &out->visibility))
		return sta_err_set(err, STA_INVALID, 0,
				   "Invalid argument. visibility is one of public, private, internal.");
	out->only = &out->visibility;
	return STA_OK;
}

static json_t *
package_list(const struct sta_rest *r, struct sta_arena *a, const struct sta_published_package *items,
	     size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		if (json_array_append_new(list, sta_rest_package(r, a, &items[i])) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static enum sta_rc
no_owner(struct sta_err *err)
{
	return sta_err_set(err, STA_NOT_FOUND, 0, "Not Found");
}

/* The owner that the path is about. */
static enum sta_rc
find_owner(struct sta_api *api, struct sta_request *req, struct sta_rest *r, struct sta_owner *out,
	   struct sta_err *err)
{
	struct sta_rest_owner asked;
	enum sta_rc rc = sta_rest_owner(api, r, req, &asked, err);

	if (rc == STA_OK)
		rc = sta_published_owner(api->r, &r->call, asked.name, out, err);
	if (rc == STA_OK && asked.must_be_org && out->kind != STA_OWNER_ORGANIZATION)
		return no_owner(err);
	return rc;
}

enum sta_rc
sta_get_packages(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	static const char *const names[] = { "package_type", "visibility", "per_page", NULL };
	struct sta_api *api = ctx;
	struct sta_rest *r;
	struct sta_owner owner;
	struct list_query q;
	struct sta_rest_page page;
	struct sta_published_package *items = NULL;
	size_t n = 0;
	enum sta_rc rc = sta_rest_enter_known(api, req, "read:packages", &r, err);

	if (rc == STA_OK)
		rc = read_query(req, &q, err);
	if (rc == STA_OK)
		rc = find_owner(api, req, r, &owner, err);
	if (rc != STA_OK)
		return rc;
	sta_rest_page(req, &page);
	if (!q.none)
		rc = sta_published_packages(api->r, &r->call, &owner, q.only, &page.span, &items, &n, err);
	if (rc == STA_OK)
		rc = sta_rest_link(r, req, res, &page, names, err);
	return rc == STA_OK ? sta_rest_reply(req, res, package_list(r, req->arena, items, n), err) : rc;
}

/* GitHub's list of packages that two of its registries have: there is but one here. */
enum sta_rc
sta_get_docker_conflicts(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest *r;
	struct sta_owner owner;
	enum sta_rc rc = sta_rest_enter_known(api, req, "read:packages", &r, err);

	if (rc == STA_OK)
		rc = find_owner(api, req, r, &owner, err);
	return rc == STA_OK ? sta_rest_reply(req, res, json_array(), err) : rc;
}

/* --- one package --- */

/* What the path of a package says. */
struct asked {
	struct sta_rest *r;
	const char *owner;
	const char *name;
	size_t param; /* the first behind the name */
};

/* {org} is no user: there the package is not found. */
static enum sta_rc
check_org(struct sta_api *api, const struct asked *x, struct sta_err *err)
{
	struct sta_published_package p;
	enum sta_rc rc = sta_published_package(api->r, &x->r->call, x->owner, x->name, &p, err);

	/* A deleted one is looked for later. */
	if (rc == STA_NOT_FOUND)
		rc = sta_published_owner(api->r, &x->r->call, x->owner, &p.owner, err);
	if (rc == STA_OK && p.owner.kind != STA_OWNER_ORGANIZATION)
		return sta_err_set(err, STA_NOT_FOUND, 0, "Package not found.");
	return rc == STA_NOT_FOUND ? STA_OK : rc;
}

static enum sta_rc
enter(struct sta_api *api, struct sta_request *req, const char *scope, struct asked *out, struct sta_err *err)
{
	struct sta_rest_owner owner;
	enum sta_rc rc = sta_rest_enter_known(api, req, scope, &out->r, err);

	if (rc == STA_OK)
		rc = sta_rest_no_body(req, err);
	if (rc == STA_OK)
		rc = sta_rest_owner(api, out->r, req, &owner, err);
	if (rc == STA_OK)
		rc = sta_rest_package_type(req->param[owner.param], err);
	if (rc != STA_OK)
		return rc;
	out->owner = owner.name;
	out->name = req->param[owner.param + 1];
	out->param = owner.param + 2;
	return owner.must_be_org ? check_org(api, out, err) : STA_OK;
}

enum sta_rc
sta_rest_enter_package(struct sta_api *api, struct sta_request *req, const char *scope,
		       struct sta_rest_asked *out, struct sta_err *err)
{
	struct sta_published_package *p = &out->package;
	struct sta_rest_owner owner;
	struct sta_name full;
	enum sta_rc rc = sta_rest_enter_known(api, req, scope, &out->r, err);

	if (rc == STA_OK)
		rc = sta_rest_owner(api, out->r, req, &owner, err);
	if (rc == STA_OK)
		rc = sta_rest_package_type(req->param[owner.param], err);
	if (rc != STA_OK)
		return rc;
	out->owner = owner.name;
	out->name = req->param[owner.param + 1];
	out->param = owner.param + 2;
	rc = sta_published_name(out->owner, out->name, &full, err);
	if (rc == STA_OK)
		rc = sta_published_package(api->r, &out->r->call, out->owner, out->name, p, err);
	if (rc == STA_OK && owner.must_be_org && p->owner.kind != STA_OWNER_ORGANIZATION)
		return sta_err_set(err, STA_NOT_FOUND, 0, "Package not found.");
	if (rc != STA_OK)
		return rc;
	out->full = sta_arena_strdup(req->arena, full.full);
	return out->full ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "request");
}

enum sta_rc
sta_get_package(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_published_package p;
	struct asked x;
	enum sta_rc rc = enter(api, req, "read:packages", &x, err);

	if (rc == STA_OK)
		rc = sta_published_package(api->r, &x.r->call, x.owner, x.name, &p, err);
	return rc == STA_OK ? sta_rest_reply(req, res, sta_rest_package(x.r, req->arena, &p), err) : rc;
}

enum sta_rc
sta_delete_package_route(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct asked x;
	enum sta_rc rc = enter(api, req, "delete:packages", &x, err);

	if (rc == STA_OK)
		rc = sta_published_remove_package(api->r, &x.r->call, x.owner, x.name, err);
	return rc == STA_OK ? sta_rest_done(res) : rc;
}

/* ?token=ID: one of several deleted packages that had the name. */
enum sta_rc
sta_post_package_restore(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	const char *token = sta_request_query(req, "token", 0);
	uint64_t id = 0;
	struct asked x;
	enum sta_rc rc = enter(api, req, "write:packages", &x, err);

	if (rc == STA_OK && token && (!sta_parse_u64(token, strlen(token), &id) || id == 0 || id > INT64_MAX))
		return sta_err_set(err, STA_NOT_FOUND, 0, "Package not found.");
	if (rc == STA_OK)
		rc = sta_published_restore_package(api->r, &x.r->call, x.owner, x.name, (int64_t) id, err);
	return rc == STA_OK ? sta_rest_done(res) : rc;
}

/* --- versions --- */

static enum sta_rc
read_state(struct sta_request *req, bool *deleted, struct sta_err *err)
{
	const char *state = sta_request_query(req, "state", 0);

	*deleted = state && strcmp(state, "deleted") == 0;
	if (!state || *deleted || strcmp(state, "active") == 0)
		return STA_OK;
	return sta_err_set(err, STA_INVALID, 0, "Invalid argument. state is active or deleted.");
}

enum sta_rc
sta_get_versions(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	static const char *const names[] = { "state", "per_page", NULL };
	struct sta_api *api = ctx;
	struct sta_published_versions got;
	struct sta_rest_page page;
	bool deleted = false;
	struct asked x;
	enum sta_rc rc = enter(api, req, "read:packages", &x, err);

	if (rc == STA_OK)
		rc = read_state(req, &deleted, err);
	if (rc != STA_OK)
		return rc;
	sta_rest_page(req, &page);
	rc = sta_published_versions(api->r, &x.r->call, x.owner, x.name, deleted, &page.span, &got, err);
	if (rc != STA_OK)
		return rc;
	page.end = page.span.more ? got.items[got.n - 1].id : 0;
	rc = sta_rest_link(x.r, req, res, &page, names, err);
	return rc == STA_OK ? sta_rest_reply(req, res, sta_rest_version_list(x.r, req->arena, &got), err)
			    : rc;
}

static enum sta_rc
enter_version(struct sta_api *api, struct sta_request *req, const char *scope, struct asked *x, int64_t *id,
	      struct sta_err *err)
{
	enum sta_rc rc = enter(api, req, scope, x, err);

	return rc == STA_OK ? sta_rest_version_id(req->param[x->param], id, err) : rc;
}

enum sta_rc
sta_get_version(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_published_package p;
	struct sta_version_row v;
	struct asked x;
	int64_t id = 0;
	enum sta_rc rc = enter_version(api, req, "read:packages", &x, &id, err);

	if (rc == STA_OK)
		rc = sta_published_version(api->r, &x.r->call, x.owner, x.name, id, &p, &v, err);
	return rc == STA_OK ? sta_rest_reply(req, res, sta_rest_version(x.r, req->arena, &p, &v), err) : rc;
}

/* ?cascade=true or false; without it as the options say. */
static enum sta_rc
read_cascade(struct sta_request *req, bool *value, const bool **out, struct sta_err *err)
{
	const char *text = sta_request_query(req, "cascade", 0);

	*out = NULL;
	if (!text)
		return STA_OK;
	*value = strcmp(text, "true") == 0;
	*out = value;
	if (*value || strcmp(text, "false") == 0)
		return STA_OK;
	return sta_err_set(err, STA_INVALID, 0, "Invalid argument. cascade is true or false.");
}

enum sta_rc
sta_delete_version_route(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_version_removal v = { .id = 0 };
	struct asked x;
	bool cascade = false;
	enum sta_rc rc = enter_version(api, req, "delete:packages", &x, &v.id, err);

	if (rc == STA_OK)
		rc = read_cascade(req, &cascade, &v.cascade, err);
	if (rc != STA_OK)
		return rc;
	v.owner = x.owner;
	v.name = x.name;
	rc = sta_published_remove_version(api->r, &x.r->call, &v, err);
	return rc == STA_OK ? sta_rest_done(res) : rc;
}

enum sta_rc
sta_post_version_restore(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct asked x;
	int64_t id = 0;
	enum sta_rc rc = enter_version(api, req, "write:packages", &x, &id, err);

	if (rc == STA_OK)
		rc = sta_published_restore_version(api->r, &x.r->call, x.owner, x.name, id, err);
	return rc == STA_OK ? sta_rest_done(res) : rc;
}
