#include "http/http.h"

#include <string.h>
#include <strings.h>

#include "base/parse.h"
#include "http/engine.h"

static const char *const method_names[STA_METHOD_MAX_] = {
	[STA_GET] = "GET",         [STA_HEAD] = "HEAD",          [STA_POST] = "POST",
	[STA_PUT] = "PUT",         [STA_PATCH] = "PATCH",        [STA_DELETE] = "DELETE",
	[STA_OPTIONS] = "OPTIONS", [STA_METHOD_OTHER] = "OTHER",
};

const char *
sta_method_name(enum sta_method m)
{
	return method_names[m < STA_METHOD_MAX_ ? m : STA_METHOD_OTHER];
}

enum sta_method
sta_method_parse(const char *name)
{
	for (enum sta_method m = STA_GET; m < STA_METHOD_OTHER; m++)
		if (strcmp(name, method_names[m]) == 0)
			return m;
	return STA_METHOD_OTHER;
}

bool
sta_request_id_valid(const char *id)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t len = strlen(id);

	return len > 0 && len < STA_REQUEST_ID_MAX && strspn(id, allowed) == len;
}

const char *
sta_request_header(const struct sta_request *req, const char *name)
{
	return req->engine ? req->engine->ops->header(req, name) : NULL;
}

/* Value of one "name=value" of the query if it has that name, else NULL.  A
 * pair with a bad escape has no name, so it is not there. */
static const char *
pair_value(struct sta_arena *a, const char *pair, size_t len, const char *name)
{
	const char *eq = memchr(pair, '=', len);
	size_t name_len = eq ? (size_t) (eq - pair) : len;
	const char *got = sta_percent_decode(a, pair, name_len, true);

	if (!got || strcmp(got, name) != 0)
		return NULL;
	return eq ? sta_percent_decode(a, eq + 1, len - name_len - 1, true) : sta_arena_strdup(a, "");
}

const char *
sta_form_value(struct sta_arena *a, const char *form, const char *name, size_t n)
{
	const char *p = form;

	while (p && *p) {
		size_t len = strcspn(p, "&");
		const char *value = pair_value(a, p, len, name);

		if (value && n-- == 0)
			return value;
		p += len + (p[len] == '&');
	}
	return NULL;
}

bool
sta_query_valid(struct sta_arena *a, const char *query)
{
	const char *p = query;

	while (p && *p) {
		size_t len = strcspn(p, "&");

		if (!sta_percent_decode(a, p, len, true))
			return false;
		p += len + (p[len] == '&');
	}
	return true;
}

const char *
sta_request_query(const struct sta_request *req, const char *name, size_t n)
{
	return req->engine ? sta_form_value(req->arena, req->engine->query, name, n) : NULL;
}

bool
sta_request_may_wait(const struct sta_request *req)
{
	return req->engine ? req->engine->ops->may_wait(req) : true;
}

bool
sta_request_may_hash(const struct sta_request *req)
{
	return req->engine && req->engine->ops->may_hash ? req->engine->ops->may_hash(req) : true;
}

void
sta_request_resume(struct sta_request *req)
{
	if (req->engine)
		req->engine->ops->resume(req);
}

enum sta_rc
sta_request_defer(struct sta_request *req, void (*fn)(void *), void *arg)
{
	return sta_arena_defer(req->arena, fn, arg);
}

/* No control byte, so that a value cannot end its line. */
static bool
value_is_safe(const char *value)
{
	for (const unsigned char *p = (const unsigned char *) value; *p; p++)
		if (*p < 0x20 || *p == 0x7f)
			return false;
	return true;
}

enum sta_rc
sta_response_header(struct sta_response *res, const char *name, const char *value, struct sta_err *err)
{
	if (res->n_headers == STA_RESPONSE_HEADERS)
		return sta_err_set(err, STA_NOMEM, 0, "too many response headers");
	if (!value_is_safe(value))
		return sta_err_set(err, STA_INVALID, 0, "control byte in the value of header '%s'", name);
	res->header[res->n_headers].name = name;
	res->header[res->n_headers].value = value;
	res->n_headers++;
	return STA_OK;
}

const char *
sta_response_get(const struct sta_response *res, const char *name)
{
	for (size_t i = 0; i < res->n_headers; i++)
		if (strcasecmp(res->header[i].name, name) == 0)
			return res->header[i].value;
	return NULL;
}
