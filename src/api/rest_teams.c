/* Teams of organizations, and who is in them. */

#include <string.h>
#include <strings.h>

#include "api/rest_manage.h"
#include "registry/team.h"

/* A route of one team. */
struct asked {
	struct sta_rest_org at;
	struct sta_team team; /* "acme/devs" */
};

static enum sta_rc
enter(struct sta_api *api, struct sta_request *req, const struct sta_rest_field *fields, size_t n,
      struct asked *out, struct sta_err *err)
{
	const char *path = NULL;
	enum sta_rc rc = sta_rest_enter_org(api, req, fields, n, &out->at, err);

	if (rc != STA_OK)
		return rc;
	path = sta_arena_printf(req->arena, "%s/%s", out->at.org.name, req->param[1]);
	if (!path)
		return sta_err_set(err, STA_NOMEM, 0, "request");
	rc = sta_team_get(api->r, &out->at.r->call, path, &out->team, err);
	return rc == STA_NOT_FOUND || rc == STA_INVALID ? sta_err_set(err, STA_NOT_FOUND, 0, "Not Found")
							: rc;
}

/* "devs" of "acme/devs" */
static const char *
slug_of(const char *team)
{
	return strchr(team, '/') + 1;
}

static const char *
url_of(const struct sta_rest_org *at, struct sta_arena *a, const char *team)
{
	return sta_arena_printf(a, "%s/api/v3/orgs/%s/teams/%s", at->r->base, at->org.name, slug_of(team));
}

static json_t *
parent_object(const struct sta_rest_org *at, struct sta_arena *a, const struct sta_team *t)
{
	const char *url;

	if (!t->parent)
		return json_null();
	url = url_of(at, a, t->parent);
	return url ? json_pack("{s:I, s:s, s:s, s:s}", "id", (json_int_t) t->parent_id, "name",
			       slug_of(t->parent), "slug", slug_of(t->parent), "url", url)
		   : NULL;
}

static json_t *
team_object(const struct sta_rest_org *at, struct sta_arena *a, const struct sta_team *t)
{
	const char *url = url_of(at, a, t->name);
	const char *members = url ? sta_arena_printf(a, "%s/members{/member}", url) : NULL;

	if (!members)
		return NULL;
	return json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:I, s:o, s:o}", "id", (json_int_t) t->id, "name",
			 slug_of(t->name), "slug", slug_of(t->name), "description", t->description, "url",
			 url, "members_url", members, "members_count", (json_int_t) t->members, "parent",
			 parent_object(at, a, t), "created_at", sta_rest_time(t->created_unix));
}

static json_t *
team_item(const struct sta_rest *r, struct sta_arena *a, const void *items, size_t i, const void *about)
{
	(void) r;
	return team_object(about, a, &((const struct sta_team *) items)[i]);
}

enum sta_rc
sta_get_teams(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest_org x;
	struct sta_team *teams = NULL;
	size_t n = 0;
	enum sta_rc rc = sta_rest_enter_org(api, req, NULL, 0, &x, err);

	if (rc == STA_OK)
		rc = sta_team_all(api->r, &x.r->call, x.org.name, &teams, &n, err);
	return rc == STA_OK ? sta_rest_list(x.r, req, res,
					    &(struct sta_rest_list){
						    .n = n, .items = teams, .fn = team_item, .about = &x },
					    err)
			    : rc;
}

enum sta_rc
sta_post_team(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest_value name, description, parent;
	const struct sta_rest_field fields[] = {
		{ "name", STA_REST_TEXT, STA_REST_REQUIRED, &name },
		{ "description", STA_REST_TEXT, 0, &description },
		{ "parent", STA_REST_TEXT, STA_REST_OR_NULL, &parent },
	};
	const char *path = NULL;
	struct sta_rest_org x;
	struct sta_team team = { 0 };
	enum sta_rc rc = sta_rest_enter_org(api, req, fields, STA_REST_N(fields), &x, err);

	if (rc != STA_OK)
		return rc;
	path = sta_arena_printf(req->arena, "%s/%s", x.org.name, name.text);
	if (!path)
		return sta_err_set(err, STA_NOMEM, 0, "request");
	rc = sta_rest_named_verdict(sta_team_create(api->r, &x.r->call, path, parent.text,
						    description.text ? description.text : "", &team, err),
				    err);
	return rc == STA_OK ? sta_rest_say(req, res, 201, team_object(&x, req->arena, &team), err) : rc;
}

enum sta_rc
sta_get_team(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct asked x;
	enum sta_rc rc = enter(ctx, req, NULL, 0, &x, err);

	return rc == STA_OK ? sta_rest_reply(req, res, team_object(&x.at, req->arena, &x.team), err) : rc;
}

enum sta_rc
sta_patch_team(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest_value description, parent;
	const struct sta_rest_field fields[] = {
		{ "description", STA_REST_TEXT, 0, &description },
		{ "parent", STA_REST_TEXT, STA_REST_OR_NULL, &parent },
	};
	struct sta_team_change change = { 0 };
	struct asked x;
	enum sta_rc rc = enter(api, req, fields, STA_REST_N(fields), &x, err);

	if (rc != STA_OK)
		return rc;
	change.description = description.text;
	change.parent = parent.null ? "" : parent.text;
	rc = sta_rest_named_verdict(sta_team_set(api->r, &x.at.r->call, x.team.name, &change, &x.team, err),
				    err);
	return rc == STA_OK ? sta_rest_say(req, res, 200, team_object(&x.at, req->arena, &x.team), err) : rc;
}

enum sta_rc
sta_delete_team(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct asked x;
	enum sta_rc rc = enter(api, req, NULL, 0, &x, err);

	if (rc == STA_OK)
		rc = sta_rest_verdict(sta_team_delete(api->r, &x.at.r->call, x.team.name, err), err);
	return rc == STA_OK ? sta_rest_done(res) : rc;
}

/* --- members --- */

static json_t *
mate_item(const struct sta_rest *r, struct sta_arena *a, const void *items, size_t i, const void *about)
{
	const struct sta_teammate *m = &((const struct sta_teammate *) items)[i];

	(void) about;
	return sta_rest_person(r, a, m->id, m->name, m->site_admin);
}

enum sta_rc
sta_get_team_members(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_teammate *mates = NULL;
	struct asked x;
	size_t n = 0;
	enum sta_rc rc = enter(api, req, NULL, 0, &x, err);

	if (rc == STA_OK)
		rc = sta_team_members(api->r, &x.at.r->call, x.team.name, &mates, &n, err);
	return rc == STA_OK
		       ? sta_rest_list(x.at.r, req, res,
				       &(struct sta_rest_list){ .n = n, .items = mates, .fn = mate_item },
				       err)
		       : rc;
}

static json_t *
membership(const struct asked *x, struct sta_arena *a, const struct sta_teammate *m)
{
	const char *team = url_of(&x->at, a, x->team.name);
	const char *url = team ? sta_arena_printf(a, "%s/memberships/%s", team, m->name) : NULL;

	return url ? json_pack("{s:s, s:s, s:s, s:o}", "url", url, "state", "active", "role",
			       m->maintainer ? "maintainer" : "member", "created_at",
			       sta_rest_time(m->since_unix))
		   : NULL;
}

static enum sta_rc
find(struct sta_api *api, const struct sta_request *req, const struct asked *x, json_t **out,
     struct sta_err *err)
{
	struct sta_teammate *mates = NULL;
	size_t n = 0;
	enum sta_rc rc = sta_team_members(api->r, &x->at.r->call, x->team.name, &mates, &n, err);

	for (size_t i = 0; rc == STA_OK && i < n; i++) {
		if (strcasecmp(mates[i].name, req->param[2]) == 0) {
			*out = membership(x, req->arena, &mates[i]);
			return STA_OK;
		}
	}
	return rc == STA_OK ? sta_err_set(err, STA_NOT_FOUND, 0, "Not Found") : rc;
}

enum sta_rc
sta_get_team_membership(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct asked x;
	json_t *j = NULL;
	enum sta_rc rc = enter(ctx, req, NULL, 0, &x, err);

	if (rc == STA_OK)
		rc = find(ctx, req, &x, &j, err);
	return rc == STA_OK ? sta_rest_reply(req, res, j, err) : rc;
}

enum sta_rc
sta_put_team_membership(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest_value role;
	const struct sta_rest_field fields[] = { { "role", STA_REST_TEXT, 0, &role } };
	struct asked x;
	bool maintainer = false;
	json_t *j = NULL;
	enum sta_rc rc = enter(api, req, fields, STA_REST_N(fields), &x, err);

	if (rc == STA_OK)
		rc = sta_rest_either("role", role.text, "member", "maintainer", &maintainer, err);
	if (rc == STA_OK)
		rc = sta_rest_verdict(
			sta_team_add(api->r, &x.at.r->call, x.team.name, req->param[2], maintainer, err),
			err);
	if (rc == STA_OK)
		rc = find(api, req, &x, &j, err);
	return rc == STA_OK ? sta_rest_say(req, res, 200, j, err) : rc;
}

enum sta_rc
sta_delete_team_membership(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct asked x;
	enum sta_rc rc = enter(api, req, NULL, 0, &x, err);

	if (rc == STA_OK)
		rc = sta_rest_verdict(
			sta_team_remove_member(api->r, &x.at.r->call, x.team.name, req->param[2], err), err);
	return rc == STA_OK ? sta_rest_done(res) : rc;
}
