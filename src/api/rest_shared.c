/* What the routes of organizations, teams, repositories and rights on packages share. */

#include <string.h>
#include <strings.h>

#include "api/rest_orgs.h"
#include "base/clock.h"

static bool
has_password(const struct sta_call *call)
{
	return (call->caller.scopes & STA_SCOPE_ORGS) && !call->caller.limited;
}

static enum sta_rc
lacks_password(struct sta_err *err)
{
	return sta_err_set(err, STA_DENIED, 0, "You need at least " STA_REST_ORG_SCOPE " scope for this.");
}

enum sta_rc
sta_rest_enter_org(struct sta_api *api, struct sta_request *req, const struct sta_rest_field *fields,
		   size_t n, struct sta_rest_org *out, struct sta_err *err)
{
	enum sta_rc rc = sta_rest_enter_known(api, req, STA_REST_ORG_SCOPE, &out->r, err);

	if (rc == STA_OK && req->method == STA_DELETE)
		rc = sta_rest_no_body(req, err);
	else if (rc == STA_OK && req->method > STA_HEAD)
		rc = sta_rest_body(req, fields, n, err);
	if (rc == STA_OK)
		rc = sta_org_get(api->r, &out->r->call, req->param[0], &out->org, err);
	if (rc == STA_DENIED && !has_password(&out->r->call))
		return lacks_password(err);
	return rc == STA_NOT_FOUND ? sta_err_set(err, rc, 0, "Not Found") : rc;
}

enum sta_rc
sta_rest_site_verdict(const struct sta_rest *r, enum sta_rc rc, struct sta_err *err)
{
	if (rc != STA_DENIED || err->code == 0)
		return rc;
	if (r->call.caller.site_admin && !has_password(&r->call))
		return lacks_password(err);
	return sta_err_set(err, STA_DENIED, 0, "Must be a site administrator.");
}

/* --- words --- */

enum sta_rc
sta_rest_visibility(const char *field, const struct sta_rest_value *v, enum sta_visibility *out,
		    struct sta_err *err)
{
	if (!v->given || sta_visibility_parse(v->text, out))
		return STA_OK;
	return sta_rest_fail(err, STA_INVALID, 422,
			     "Invalid argument. %s is one of private, internal, public.", field);
}

enum sta_rc
sta_rest_role(const struct sta_rest_value *v, enum sta_role *out, struct sta_err *err)
{
	if (sta_role_parse(v->text, out) && *out != STA_ROLE_NONE)
		return STA_OK;
	return sta_rest_fail(err, STA_INVALID, 422, "Invalid argument. role is one of read, write, admin.");
}

enum sta_rc
sta_rest_either(const char *field, const char *text, const char *first, const char *second, bool *is_second,
		struct sta_err *err)
{
	*is_second = text && strcmp(text, second) == 0;
	if (!text || *is_second || strcmp(text, first) == 0)
		return STA_OK;
	return sta_rest_fail(err, STA_INVALID, 422, "Invalid argument. %s is %s or %s.", field, first,
			     second);
}

enum sta_rc
sta_rest_named_verdict(enum sta_rc rc, struct sta_err *err)
{
	if (rc == STA_NOT_FOUND && err->code == 0)
		err->code = STA_REST_STATUS + 422;
	return sta_rest_verdict(rc, err);
}

/* --- answers --- */

enum sta_rc
sta_rest_list(const struct sta_rest *r, struct sta_request *req, struct sta_response *res,
	      const struct sta_rest_list *list, const char *const *names, struct sta_err *err)
{
	struct sta_rest_page page;
	json_t *all = json_array();
	size_t i;
	enum sta_rc rc;

	sta_rest_page(req, &page);
	page.span.total = list->n;
	i = page.span.skip < list->n ? (size_t) page.span.skip : list->n;
	for (size_t end = list->n - i < page.span.max ? list->n : i + page.span.max; i < end; i++) {
		if (json_array_append_new(all, list->fn(r, req->arena, list->items, i, list->about)) != 0) {
			json_decref(all);
			return sta_err_set(err, STA_NOMEM, 0, "list");
		}
	}
	rc = sta_rest_link(r, req, res, &page, names, err);
	if (rc == STA_OK)
		return sta_rest_reply(req, res, all, err);
	json_decref(all);
	return rc;
}

enum sta_rc
sta_rest_say(struct sta_request *req, struct sta_response *res, int status, json_t *j, struct sta_err *err)
{
	return sta_reply_json(req, res, status, "application/json; charset=utf-8", j, err);
}

/* --- objects --- */

json_t *
sta_rest_time(int64_t unix_time)
{
	char text[STA_TIME_TEXT_MAX];

	return json_string_nocheck(sta_time_rfc3339(unix_time, text));
}

json_t *
sta_rest_person(const struct sta_rest *r, struct sta_arena *a, int64_t id, const char *name, bool site_admin)
{
	const struct sta_owner user = {
		.id = id, .name = name, .kind = STA_OWNER_USER, .site_admin = site_admin
	};

	return sta_rest_user(r, a, &user);
}

json_t *
sta_rest_org_object(const struct sta_rest *r, struct sta_arena *a, const struct sta_org *org)
{
	const struct sta_owner owner = {
		.id = org->id,
		.name = org->name,
		.kind = STA_OWNER_ORGANIZATION,
		.created_unix = org->created_unix,
	};

	return sta_rest_organization(r, a, &owner);
}

json_t *
sta_rest_grant(const struct sta_grant *g)
{
	return json_pack("{s:s, s:s, s:s, s:b}", "subject", g->subject, "kind", g->kind, "role",
			 sta_role_name(g->role), "outside", g->outside);
}

const struct sta_grant *
sta_rest_grant_of(const struct sta_grant *grants, size_t n, const char *subject)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(grants[i].subject, subject) == 0)
			return &grants[i];
	return NULL;
}
