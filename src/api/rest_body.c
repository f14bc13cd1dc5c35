#include "api/rest_body.h"

#include <string.h>
#include <strings.h>

static const char *
type_name(enum sta_rest_type type)
{
	switch (type) {
	case STA_REST_TEXT:
		return "a string";
	case STA_REST_BOOL:
		return "a boolean";
	case STA_REST_NUMBER:
		return "an integer";
	case STA_REST_TEXTS:
		return "an array of strings";
	}
	return "";
}

static const char *
json_name(const json_t *j)
{
	switch (json_typeof(j)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "a boolean";
	case JSON_NULL:
		return "null";
	}
	return "";
}

static enum sta_rc
take_texts(struct sta_arena *a, const json_t *j, struct sta_rest_value *out, bool *fits, struct sta_err *err)
{
	*fits = json_is_array(j);
	if (!*fits)
		return STA_OK;
	out->n = json_array_size(j);
	out->texts = sta_arena_alloc(a, (out->n + 1) * sizeof(*out->texts));
	if (!out->texts)
		return sta_err_set(err, STA_NOMEM, 0, "body");
	for (size_t i = 0; i < out->n && *fits; i++) {
		out->texts[i] = json_string_value(json_array_get(j, i));
		*fits = out->texts[i] != NULL;
	}
	return STA_OK;
}

static enum sta_rc
take(struct sta_arena *a, const struct sta_rest_field *f, const json_t *j, struct sta_err *err)
{
	struct sta_rest_value *v = f->value;
	bool fits = false;
	enum sta_rc rc = STA_OK;

	v->given = true;
	v->null = json_is_null(j) && (f->rules & STA_REST_OR_NULL);
	if (v->null)
		return STA_OK;
	switch (f->type) {
	case STA_REST_TEXT:
		fits = (v->text = json_string_value(j)) != NULL;
		break;
	case STA_REST_BOOL:
		fits = json_is_boolean(j);
		v->flag = json_is_true(j);
		break;
	case STA_REST_NUMBER:
		fits = json_is_integer(j);
		v->number = json_integer_value(j);
		break;
	case STA_REST_TEXTS:
		rc = take_texts(a, j, v, &fits, err);
		break;
	}
	if (rc != STA_OK || fits)
		return rc;
	return sta_rest_fail(err, STA_INVALID, 422, "Invalid request.\n\nFor 'properties/%s', %s is not %s.",
			     f->name, json_name(j), type_name(f->type));
}

static const struct sta_rest_field *
find(const struct sta_rest_field *fields, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

static enum sta_rc
take_all(struct sta_arena *a, json_t *j, const struct sta_rest_field *fields, size_t n, struct sta_err *err)
{
	const char *name;
	json_t *value;

	json_object_foreach(j, name, value)
	{
		const struct sta_rest_field *f = find(fields, n, name);
		enum sta_rc rc;

		if (!f)
			return sta_rest_fail(err, STA_INVALID, 422,
					     "Invalid request.\n\n\"%.60s\" is not a permitted key.", name);
		rc = take(a, f, value, err);
		if (rc != STA_OK)
			return rc;
	}
	for (size_t i = 0; i < n; i++)
		if ((fields[i].rules & STA_REST_REQUIRED) && !fields[i].value->given)
			return sta_rest_fail(err, STA_INVALID, 422,
					     "Invalid request.\n\n\"%s\" wasn't supplied.", fields[i].name);
	return STA_OK;
}

/* A form of a page elsewhere can send other types, and only those; its script none at all, and then says
 * where it comes from. */
static enum sta_rc
check_type(const struct sta_request *req, struct sta_err *err)
{
	static const char json[] = "application/json";
	const char *type = sta_request_header(req, "Content-Type");
	size_t len = type ? strcspn(type, "; \t") : 0;

	if (len == 0 ? !sta_request_header(req, "Origin")
		     : (len == strlen(json) && strncasecmp(type, json, len) == 0))
		return STA_OK;
	if (len > strlen("+json") && strncasecmp(type, "application/", strlen("application/")) == 0 &&
	    strncasecmp(type + len - strlen("+json"), "+json", strlen("+json")) == 0)
		return STA_OK;
	return sta_rest_fail(
		err, STA_UNSUPPORTED, 415,
		"Unsupported 'Content-Type' header: '%.*s'. The body must be 'application/json'.",
		len > 100 ? 100 : (int) len, type ? type : "");
}

enum sta_rc
sta_rest_body(struct sta_request *req, const struct sta_rest_field *fields, size_t n, struct sta_err *err)
{
	json_t *j = NULL;
	enum sta_rc rc = STA_OK;

	for (size_t i = 0; i < n; i++)
		*fields[i].value = (struct sta_rest_value){ .given = false };
	if (req->body_len > 0) {
		rc = check_type(req, err);
		if (rc == STA_OK)
			rc = sta_json_load(req->arena, req->body, req->body_len, &j, err);
	}
	if (rc == STA_INVALID)
		return sta_rest_fail(err, STA_INVALID, 400, "Problems parsing JSON");
	if (rc != STA_OK)
		return rc;
	if (j && !json_is_object(j))
		return sta_rest_fail(err, STA_INVALID, 400, "Body should be a JSON object");
	return take_all(req->arena, j, fields, n, err);
}

enum sta_rc
sta_rest_query_flag(struct sta_request *req, const char *name, bool *out, struct sta_err *err)
{
	const char *text = sta_request_query(req, name, 0);

	*out = text && strcmp(text, "true") == 0;
	if (!text || *out || strcmp(text, "false") == 0)
		return STA_OK;
	return sta_rest_fail(err, STA_INVALID, 422, "Invalid argument. %s is true or false.", name);
}

enum sta_rc
sta_rest_verdict(enum sta_rc rc, struct sta_err *err)
{
	if (rc == STA_INVALID && err->code == 0)
		err->code = STA_REST_STATUS + 422;
	if (rc == STA_EXISTS && err->code == 0)
		err->code = STA_REST_STATUS + 409;
	return rc;
}
