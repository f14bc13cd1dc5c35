/* Who is in an organization. */

#include <string.h>
#include <strings.h>

#include "api/rest_manage.h"

#define OWNER "admin" /* GitHub's word for an organization's owner */
#define MEMBER "member"

static json_t *
member_item(const struct sta_rest *r, struct sta_arena *a, const void *items, size_t i, const void *about)
{
	const struct sta_member *m = &((const struct sta_member *) items)[i];

	(void) about;
	return sta_rest_person(r, a, m->id, m->name, m->site_admin);
}

/* ?role=all|admin|member: the others go. */
static enum sta_rc
keep_role(struct sta_request *req, struct sta_member *members, size_t *n, struct sta_err *err)
{
	const char *role = sta_request_query(req, "role", 0);
	enum sta_org_role wanted = STA_ORG_OWNER;
	size_t kept = 0;

	if (!role || strcmp(role, "all") == 0)
		return STA_OK;
	if (strcmp(role, MEMBER) == 0)
		wanted = STA_ORG_MEMBER;
	else if (strcmp(role, OWNER) != 0)
		return sta_rest_fail(err, STA_INVALID, 422,
				     "Invalid argument. role is one of all, " OWNER ", " MEMBER ".");
	for (size_t i = 0; i < *n; i++)
		if (members[i].role == wanted)
			members[kept++] = members[i];
	*n = kept;
	return STA_OK;
}

enum sta_rc
sta_get_org_members(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	static const char *const names[] = { "role", "per_page", NULL };
	struct sta_api *api = ctx;
	struct sta_member *members = NULL;
	struct sta_rest_org x;
	size_t n = 0;
	enum sta_rc rc = sta_rest_enter_org(api, req, NULL, 0, &x, err);

	if (rc == STA_OK)
		rc = sta_org_members(api->r, &x.r->call, x.org.name, &members, &n, err);
	if (rc == STA_OK)
		rc = keep_role(req, members, &n, err);
	return rc == STA_OK
		       ? sta_rest_list(x.r, req, res,
				       &(struct sta_rest_list){
					       .n = n, .items = members, .fn = member_item, .names = names },
				       err)
		       : rc;
}

static json_t *
membership(const struct sta_rest_org *x, struct sta_arena *a, const struct sta_member *m)
{
	const char *org = sta_arena_printf(a, "%s/api/v3/orgs/%s", x->r->base, x->org.name);
	const char *url = org ? sta_arena_printf(a, "%s/memberships/%s", org, m->name) : NULL;

	if (!url)
		return NULL;
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "url", url, "state", "active", "role",
			 m->role == STA_ORG_OWNER ? OWNER : MEMBER, "organization_url", org, "organization",
			 sta_rest_org_object(x->r, a, &x->org), "user",
			 sta_rest_person(x->r, a, m->id, m->name, m->site_admin), "created_at",
			 sta_rest_time(m->since_unix));
}

/* The membership of {username}, as it is now. */
static enum sta_rc
find(struct sta_api *api, const struct sta_request *req, const struct sta_rest_org *x, json_t **out,
     struct sta_err *err)
{
	struct sta_member *members = NULL;
	size_t n = 0;
	enum sta_rc rc = sta_org_members(api->r, &x->r->call, x->org.name, &members, &n, err);

	for (size_t i = 0; rc == STA_OK && i < n; i++) {
		if (strcasecmp(members[i].name, req->param[1]) == 0) {
			*out = membership(x, req->arena, &members[i]);
			return STA_OK;
		}
	}
	return rc == STA_OK ? sta_err_set(err, STA_NOT_FOUND, 0, "Not Found") : rc;
}

enum sta_rc
sta_get_org_membership(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_rest_org x;
	json_t *j = NULL;
	enum sta_rc rc = sta_rest_enter_org(ctx, req, NULL, 0, &x, err);

	if (rc == STA_OK)
		rc = find(ctx, req, &x, &j, err);
	return rc == STA_OK ? sta_rest_reply(req, res, j, err) : rc;
}

enum sta_rc
sta_put_org_membership(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest_value role;
	const struct sta_rest_field fields[] = { { "role", STA_REST_TEXT, 0, &role } };
	struct sta_rest_org x;
	bool owner = false;
	json_t *j = NULL;
	enum sta_rc rc = sta_rest_enter_org(api, req, fields, STA_REST_N(fields), &x, err);

	if (rc == STA_OK)
		rc = sta_rest_either("role", role.text, MEMBER, OWNER, &owner, err);
	if (rc == STA_OK)
		rc = sta_rest_verdict(sta_org_add(api->r, &x.r->call, x.org.name, req->param[1],
						  owner ? STA_ORG_OWNER : STA_ORG_MEMBER, err),
				      err);
	if (rc == STA_OK)
		rc = find(api, req, &x, &j, err);
	return rc == STA_OK ? sta_rest_say(req, res, 200, j, err) : rc;
}

static enum sta_rc
removal(struct sta_api *api, struct sta_request *req, struct sta_response *res, bool outside,
	struct sta_err *err)
{
	struct sta_rest_org x;
	enum sta_rc rc = sta_rest_enter_org(api, req, NULL, 0, &x, err);

	if (rc == STA_OK)
		rc = sta_rest_verdict(
			sta_org_remove(api->r, &x.r->call, x.org.name, req->param[1], outside, err), err);
	return rc == STA_OK ? sta_rest_done(res) : rc;
}

enum sta_rc
sta_delete_org_membership(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	return removal(ctx, req, res, false, err);
}

enum sta_rc
sta_put_outside_collaborator(void *ctx, struct sta_request *req, struct sta_response *res,
			     struct sta_err *err)
{
	return removal(ctx, req, res, true, err);
}
