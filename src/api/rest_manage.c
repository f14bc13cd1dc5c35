/* What the routes that manage share. */

#include "api/rest_manage.h"

#include <string.h>
#include <strings.h>

#include "base/parse.h"

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
	return rc == STA_NOT_FOUND ? sta_err_set(err, rc, 0, "Not Found") : rc;
}

/* --- words --- */

enum sta_rc
sta_rest_visibility(const char *field, const struct sta_rest_value *v, bool internal,
		    enum sta_visibility *out, struct sta_err *err)
{
	enum sta_visibility word;

	if (!v->given)
		return STA_OK;
	if (!sta_visibility_parse(v->text, &word) || (word == STA_INTERNAL && !internal))
		return sta_rest_fail(err, STA_INVALID, 422,
				     "Invalid argument. %s is one of private, %spublic.", field,
				     internal ? "internal, " : "");
	*out = word;
	return STA_OK;
}

enum sta_rc
sta_rest_role(const struct sta_rest_value *v, bool none, enum sta_role *out, struct sta_err *err)
{
	enum sta_role word;

	if (!v->given)
		return STA_OK;
	if (!sta_role_parse(v->text, &word) || (word == STA_ROLE_NONE && !none))
		return sta_rest_fail(err, STA_INVALID, 422,
				     "Invalid argument. role is one of %sread, write, admin.",
				     none ? "none, " : "");
	*out = word;
	return STA_OK;
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
sta_rest_join(struct sta_arena *a, const char *field, const struct sta_rest_value *texts, char separator,
	      const char **out, struct sta_err *err)
{
	size_t size = 1;
	char *p;

	*out = NULL;
	if (!texts->given || texts->null)
		return STA_OK;
	if (texts->n == 0)
		return sta_rest_fail(err, STA_INVALID, 422, "Invalid argument. '%s' has at least one entry.",
				     field);
	for (size_t i = 0; i < texts->n; i++) {
		if (texts->texts[i][0] == '\0' || strchr(texts->texts[i], separator))
			return sta_rest_fail(err, STA_INVALID, 422,
					     "Invalid argument. An entry of '%s' is empty, or more than one.",
					     field);
		size += strlen(texts->texts[i]) + 1;
	}
	p = sta_arena_alloc(a, size);
	*out = p;
	if (!p)
		return sta_err_set(err, STA_NOMEM, 0, "body");
	for (size_t i = 0; i < texts->n; i++) {
		size_t len = strlen(texts->texts[i]);

		memcpy(p, texts->texts[i], len);
		p += len;
		*p++ = separator;
	}
	p[-1] = '\0';
	return STA_OK;
}

json_t *
sta_rest_split(const char *text, char separator)
{
	json_t *list = json_array();

	while (list && *text) {
		size_t len = (size_t) (strchrnul(text, separator) - text);

		if (json_array_append_new(list, json_stringn(text, len)) != 0) {
			json_decref(list);
			return NULL;
		}
		text += len + (text[len] != '\0');
	}
	return list;
}

int64_t
sta_rest_id(const char *text)
{
	uint64_t id;

	return sta_parse_u64(text, strlen(text), &id) && id <= INT64_MAX ? (int64_t) id : 0;
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
	      const struct sta_rest_list *list, struct sta_err *err)
{
	static const char *const names[] = { "per_page", NULL };
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
	rc = sta_rest_link(r, req, res, &page, list->names ? list->names : names, err);
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
