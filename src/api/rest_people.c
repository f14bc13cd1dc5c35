#include "api/rest_people.h"

#include <string.h>

#include "base/clock.h"
#include "base/parse.h"

#define JSON_TYPE "application/json; charset=utf-8"

enum sta_rc
sta_people_answer(struct sta_request *req, struct sta_response *res, int status, json_t *j,
		  struct sta_err *err)
{
	return sta_reply_json(req, res, status, JSON_TYPE, j, err);
}

enum sta_rc
sta_people_list(const struct sta_rest *r, struct sta_request *req, struct sta_response *res,
		const void *items, size_t n, sta_people_item_fn *make, struct sta_err *err)
{
	static const char *const names[] = { "per_page", NULL };
	struct sta_rest_page page;
	json_t *list = json_array();
	enum sta_rc rc;

	sta_rest_page(req, &page);
	page.span.total = n;
	for (size_t i = 0; list && i < page.span.max && page.span.skip < n - i; i++) {
		if (json_array_append_new(list, make(r, req->arena, items, page.span.skip + i)) != 0) {
			json_decref(list);
			list = NULL;
		}
	}
	rc = sta_rest_link(r, req, res, &page, names, err);
	if (rc != STA_OK)
		json_decref(list);
	return rc == STA_OK ? sta_rest_reply(req, res, list, err) : rc;
}

enum sta_rc
sta_people_join(struct sta_arena *a, const char *field, const struct sta_rest_value *texts, char separator,
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
sta_people_split(const char *text, char separator)
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

enum sta_rc
sta_people_visibility(const struct sta_rest_value *v, enum sta_visibility *out, struct sta_err *err)
{
	if (!v->given || (sta_visibility_parse(v->text, out) && *out != STA_INTERNAL))
		return STA_OK;
	return sta_rest_fail(err, STA_INVALID, 422,
			     "Invalid argument. default_visibility is one of public, private.");
}

enum sta_rc
sta_people_role(const struct sta_rest_value *v, bool none, enum sta_role *out, struct sta_err *err)
{
	if (!v->given || (sta_role_parse(v->text, out) && (none || *out != STA_ROLE_NONE)))
		return STA_OK;
	return sta_rest_fail(err, STA_INVALID, 422, "Invalid argument. role is one of %sread, write, admin.",
			     none ? "none, " : "");
}

int64_t
sta_people_id(const char *text)
{
	uint64_t id;

	return sta_parse_u64(text, strlen(text), &id) && id <= INT64_MAX ? (int64_t) id : 0;
}

json_t *
sta_people_time(int64_t unix_time)
{
	char text[STA_TIME_TEXT_MAX];

	return unix_time != 0 ? json_string(sta_time_rfc3339(unix_time, text)) : json_null();
}
