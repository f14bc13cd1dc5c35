/* Organizations and their settings. */

#include <string.h>

#include "api/rest_manage.h"
#include "registry/rename.h"

static json_t *
org_item(const struct sta_rest *r, struct sta_arena *a, const void *items, size_t i, const void *about)
{
	(void) about;
	return sta_rest_org_object(r, a, &((const struct sta_org *) items)[i]);
}

typedef enum sta_rc list_fn(struct sta_registry *r, const struct sta_call *call, struct sta_org **out,
			    size_t *n, struct sta_err *err);

static enum sta_rc
list(struct sta_api *api, struct sta_request *req, struct sta_response *res, list_fn *fn, struct sta_err *err)
{
	struct sta_rest *r;
	struct sta_org *orgs = NULL;
	size_t n = 0;
	enum sta_rc rc = sta_rest_enter_known(api, req, STA_REST_ORG_SCOPE, &r, err);

	if (rc == STA_OK)
		rc = fn(api->r, &r->call, &orgs, &n, err);
	return rc == STA_OK
		       ? sta_rest_list(r, req, res,
				       &(struct sta_rest_list){ .n = n, .items = orgs, .fn = org_item }, err)
		       : rc;
}

enum sta_rc
sta_get_organizations(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	return list(ctx, req, res, sta_org_all, err);
}

enum sta_rc
sta_get_user_orgs(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	return list(ctx, req, res, sta_org_own, err);
}

/* As on GitHub Enterprise. */
enum sta_rc
sta_post_organization(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest_value login;
	struct sta_rest_value admin;
	const struct sta_rest_field fields[] = {
		{ "login", STA_REST_TEXT, STA_REST_REQUIRED, &login },
		{ "admin", STA_REST_TEXT, STA_REST_REQUIRED, &admin },
	};
	struct sta_rest *r;
	struct sta_org org = { 0 };
	enum sta_rc rc = sta_rest_enter_known(api, req, STA_REST_PASSWORD, &r, err);

	if (rc == STA_OK)
		rc = sta_rest_body(req, fields, STA_REST_N(fields), err);
	if (rc != STA_OK)
		return rc;
	rc = sta_rest_named_verdict(sta_org_create(api->r, &r->call, login.text, admin.text, &org, err), err);
	return rc == STA_OK ? sta_rest_say(req, res, 201, sta_rest_org_object(r, req->arena, &org), err) : rc;
}

/* --- settings --- */

static json_t *
visibilities(unsigned set)
{
	json_t *names = json_array();

	for (unsigned v = STA_PRIVATE; v <= STA_PUBLIC; v++) {
		const char *name = sta_visibility_name((enum sta_visibility) v);

		if ((set & (1U << v)) && json_array_append_new(names, json_string(name)) != 0) {
			json_decref(names);
			return NULL;
		}
	}
	return names;
}

static json_t *
settings(const struct sta_org *org)
{
	return json_pack("{s:s, s:o, s:s, s:b}", "default_visibility", sta_visibility_name(org->visibility),
			 "members_can_create", visibilities(org->creates), "creators", org->creators,
			 "inherit_access", org->inherits);
}

enum sta_rc
sta_get_org_settings(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_rest_org x;
	enum sta_rc rc = sta_rest_enter_org(ctx, req, NULL, 0, &x, err);

	return rc == STA_OK ? sta_rest_reply(req, res, settings(&x.org), err) : rc;
}

static enum sta_rc
read_visibilities(const struct sta_rest_value *v, unsigned *out, struct sta_err *err)
{
	enum sta_rc rc = STA_OK;

	*out = 0;
	for (size_t i = 0; rc == STA_OK && v->given && i < v->n; i++) {
		const struct sta_rest_value one = { .given = true, .text = v->texts[i] };
		enum sta_visibility word = STA_PRIVATE;

		rc = sta_rest_visibility("each of members_can_create", &one, true, &word, err);
		*out |= 1U << word;
	}
	return rc;
}

enum sta_rc
sta_patch_org_settings(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest_value visibility, creates, creators, inherits;
	const struct sta_rest_field fields[] = {
		{ "default_visibility", STA_REST_TEXT, 0, &visibility },
		{ "members_can_create", STA_REST_TEXTS, 0, &creates },
		{ "creators", STA_REST_TEXT, 0, &creators },
		{ "inherit_access", STA_REST_BOOL, 0, &inherits },
	};
	struct sta_org_change change = { 0 };
	enum sta_visibility word = STA_PRIVATE;
	struct sta_rest_org x;
	unsigned set = 0;
	enum sta_rc rc = sta_rest_enter_org(api, req, fields, STA_REST_N(fields), &x, err);

	if (rc == STA_OK)
		rc = sta_rest_visibility("default_visibility", &visibility, true, &word, err);
	if (rc == STA_OK)
		rc = read_visibilities(&creates, &set, err);
	if (rc != STA_OK)
		return rc;
	change.visibility = visibility.given ? &word : NULL;
	change.creates = creates.given ? &set : NULL;
	change.inherits = inherits.given ? &inherits.flag : NULL;
	change.creators = creators.text;
	rc = sta_rest_named_verdict(sta_org_set(api->r, &x.r->call, x.org.name, &change, &x.org, err), err);
	return rc == STA_OK ? sta_rest_say(req, res, 200, settings(&x.org), err) : rc;
}

enum sta_rc
sta_post_org_rename(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest_value login;
	const struct sta_rest_field fields[] = { { "login", STA_REST_TEXT, STA_REST_REQUIRED, &login } };
	struct sta_rest_org x;
	enum sta_rc rc = sta_rest_enter_org(api, req, fields, STA_REST_N(fields), &x, err);

	if (rc == STA_OK)
		rc = sta_rest_verdict(
			sta_org_rename(api->r, &x.r->call, x.org.name, login.text, &x.org.name, err), err);
	return rc == STA_OK ? sta_rest_say(req, res, 200, sta_rest_org_object(x.r, req->arena, &x.org), err)
			    : rc;
}
