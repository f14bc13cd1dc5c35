#include "api/rest.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/parse.h"
#include "crypto/hash.h"
#include "http/etag.h"
#include "registry/token.h"

#define JSON_TYPE "application/json; charset=utf-8"
#define API_VERSION "2022-11-28"
#define BODY_SHOWN 100 /* bytes of a body that an error repeats */

enum sta_rc
sta_rest_fail(struct sta_err *err, enum sta_rc rc, int status, const char *fmt, ...)
{
	char text[sizeof(err->msg)];
	va_list args;

	va_start(args, fmt);
	(void) vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	(void) sta_err_set(err, rc, 0, "%s", text);
	err->code = STA_REST_STATUS + status;
	return rc;
}

/* --- entry --- */

/* A media range of an Accept header, without its parameters, that we can answer with. */
static bool
is_ours(const char *range, size_t len)
{
	static const char *const whole[] = { "*/*", "application/*", "application/json", "text/html" };

	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		if (len == strlen(whole[i]) && strncasecmp(range, whole[i], len) == 0)
			return true;
	return len >= strlen("application/vnd.github") &&
	       strncasecmp(range, "application/vnd.github", strlen("application/vnd.github")) == 0 &&
	       (len == strlen("application/vnd.github") || range[strlen("application/vnd.github")] == '.' ||
		range[strlen("application/vnd.github")] == '+');
}

static enum sta_rc
check_accept(const struct sta_request *req, struct sta_err *err)
{
	const char *value = sta_request_header(req, "Accept");
	const char *p = value;

	if (!value || !*value)
		return STA_OK;
	while (*p) {
		size_t len;

		p += strspn(p, " \t,");
		len = strcspn(p, ",; \t");
		if (len > 0 && is_ours(p, len))
			return STA_OK;
		p += strcspn(p, ",");
	}
	return sta_rest_fail(err, STA_UNSUPPORTED, 415,
			     "Unsupported 'Accept' header: '%.100s'. Must accept 'application/json'.", value);
}

static enum sta_rc
check_version(const struct sta_request *req, struct sta_err *err)
{
	const char *value = sta_request_header(req, "X-GitHub-Api-Version");

	if (!value || strcmp(value, API_VERSION) == 0 || strcmp(value, "2026-03-10") == 0)
		return STA_OK;
	return sta_err_set(err, STA_INVALID, 0,
			   "'%.40s' is not a supported version of the interface. Supported are " API_VERSION
			   " and 2026-03-10.",
			   value);
}

/* An account, or an address from which somebody without one asks. */
static uint64_t
rate_key(const struct sta_rest *r, const struct sta_request *req)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	if (r->call.caller.kind == STA_CALLER_USER)
		return (uint64_t) r->call.caller.user_id;
	for (const char *p = req->peer ? req->peer : ""; *p; p++)
		hash = (hash ^ (unsigned char) *p) * UINT64_C(0x100000001b3);
	return hash | UINT64_C(1) << 63;
}

static enum sta_rc
count(struct sta_api *api, const struct sta_request *req, struct sta_rest *r, unsigned n, struct sta_err *err)
{
	int64_t now = sta_now_unix();

	r->has_rate = true;
	if (sta_rate_take(api->rate, rate_key(r, req), n, now, &r->rate))
		return STA_OK;
	if (r->call.caller.kind == STA_CALLER_USER)
		(void) sta_err_set(err, STA_TOO_MANY, 0, "API rate limit exceeded for user ID %lld.",
				   (long long) r->call.caller.user_id);
	else
		(void) sta_err_set(err, STA_TOO_MANY, 0, "API rate limit exceeded for %.64s.",
				   req->peer ? req->peer : "this address");
	err->wait_s = r->rate.reset_unix > now ? (unsigned) (r->rate.reset_unix - now) : 1;
	return STA_TOO_MANY;
}

static enum sta_rc
enter(struct sta_api *api, struct sta_request *req, const char *accepted, unsigned n, struct sta_rest **out,
      struct sta_err *err)
{
	struct sta_rest *r = req->state ? req->state : sta_arena_alloc(req->arena, sizeof(*r));
	enum sta_rc rc;

	if (!r)
		return sta_err_set(err, STA_NOMEM, 0, "request");
	req->state = r;
	rc = check_accept(req, err);
	if (rc == STA_OK)
		rc = check_version(req, err);
	if (rc == STA_OK)
		rc = sta_api_caller(api, req, &r->call, err);
	if (rc != STA_OK)
		return rc;
	r->accepted = accepted;
	r->base = sta_base_url(api, req);
	if (!r->base)
		return sta_err_set(err, STA_NOMEM, 0, "request");
	*out = r;
	/* A second call, on a worker, is for the same request. */
	return r->has_rate ? STA_OK : count(api, req, r, n, err);
}

enum sta_rc
sta_rest_enter(struct sta_api *api, struct sta_request *req, const char *accepted, struct sta_rest **out,
	       struct sta_err *err)
{
	return enter(api, req, accepted, 1, out, err);
}

enum sta_rc
sta_rest_enter_free(struct sta_api *api, struct sta_request *req, struct sta_rest **out, struct sta_err *err)
{
	return enter(api, req, "", 0, out, err);
}

enum sta_rc
sta_rest_enter_known(struct sta_api *api, struct sta_request *req, const char *accepted,
		     struct sta_rest **out, struct sta_err *err)
{
	enum sta_rc rc = sta_rest_enter(api, req, accepted, out, err);

	return rc == STA_OK && (*out)->call.caller.kind == STA_CALLER_ANONYMOUS ? sta_oci_unauthorized(err)
										: rc;
}

/* --- headers of every answer --- */

/* In the order of the alphabet, as GitHub has them. */
static const char *
scopes_of(struct sta_arena *a, const struct sta_caller *c)
{
	static const struct {
		unsigned bit;
		const char *name;
	} all[] = {
		{ STA_SCOPE_ORGS, "admin:org" },
		{ STA_SCOPE_DELETE, "delete:packages" },
		{ STA_SCOPE_READ | STA_SCOPE_WRITE, "read:packages" },
		{ STA_SCOPE_WRITE, "write:packages" },
	};
	unsigned scopes = c->limited ? c->scopes & STA_SCOPE_PACKAGES : c->scopes;
	const char *text = "";

	for (size_t i = 0; text && i < sizeof(all) / sizeof(all[0]); i++)
		if (scopes & all[i].bit)
			text = sta_arena_printf(a, "%s%s%s", text, *text ? ", " : "", all[i].name);
	return text;
}

/* Nothing where there is no value: libmicrohttpd sends no answer then. */
static void
add(struct sta_response *res, const char *name, const char *value)
{
	struct sta_err ignored;

	if (value && *value)
		(void) !sta_reply_header(res, name, value, &ignored);
}

static void
add_rate(struct sta_arena *a, struct sta_response *res, const struct sta_rate_state *s)
{
	add(res, "X-RateLimit-Limit", sta_arena_printf(a, "%llu", (unsigned long long) s->limit));
	add(res, "X-RateLimit-Remaining",
	    sta_arena_printf(a, "%llu", (unsigned long long) (s->limit - s->used)));
	add(res, "X-RateLimit-Reset", sta_arena_printf(a, "%lld", (long long) s->reset_unix));
	add(res, "X-RateLimit-Used", sta_arena_printf(a, "%llu", (unsigned long long) s->used));
	add(res, "X-RateLimit-Resource", "core");
}

void
sta_rest_finish(struct sta_request *req, struct sta_response *res)
{
	const struct sta_rest *r = req->state;

	add(res, "X-GitHub-Request-Id", req->id);
	add(res, "X-GitHub-Media-Type", "github.v3; format=json");
	add(res, "X-GitHub-Api-Version-Selected", API_VERSION);
	add(res, "Vary", "Accept, Authorization");
	if (!r)
		return;
	if (r->has_rate)
		add_rate(req->arena, res, &r->rate);
	if (r->call.caller.kind != STA_CALLER_USER)
		return;
	add(res, "X-OAuth-Scopes", scopes_of(req->arena, &r->call.caller));
	add(res, "X-Accepted-OAuth-Scopes", r->accepted);
}

const char *
sta_rest_documentation(const struct sta_api *api, const struct sta_request *req)
{
	const char *base = sta_base_url(api, req);
	const char *text = base ? sta_arena_printf(req->arena, "%s/api/v3/openapi.json", base) : NULL;

	return text ? text : "";
}

/* --- what paths and bodies say --- */

enum sta_rc
sta_rest_owner(struct sta_api *api, struct sta_rest *r, const struct sta_request *req,
	       struct sta_rest_owner *out, struct sta_err *err)
{
	const char *pattern = req->route->pattern;
	struct sta_owner self;
	enum sta_rc rc;

	if (strncmp(pattern, "/api/v3/user/", strlen("/api/v3/user/")) != 0) {
		bool org = strncmp(pattern, "/api/v3/orgs/", strlen("/api/v3/orgs/")) == 0;

		*out = (struct sta_rest_owner){ .name = req->param[0], .must_be_org = org, .param = 1 };
		return STA_OK;
	}
	rc = sta_published_self(api->r, &r->call, &self, err);
	if (rc == STA_OK)
		*out = (struct sta_rest_owner){ .name = self.name, .param = 0 };
	return rc;
}

enum sta_rc
sta_rest_package_type(const char *type, struct sta_err *err)
{
	if (strcmp(type, "container") == 0 || strcmp(type, "docker") == 0)
		return STA_OK;
	return sta_err_set(err, STA_NOT_FOUND, 0, "Package not found.");
}

enum sta_rc
sta_rest_version_id(const char *text, int64_t *out, struct sta_err *err)
{
	uint64_t id;

	if (!sta_parse_u64(text, strlen(text), &id) || id == 0 || id > INT64_MAX)
		return sta_err_set(err, STA_NOT_FOUND, 0, "Package version not found.");
	*out = (int64_t) id;
	return STA_OK;
}

enum sta_rc
sta_rest_no_body(const struct sta_request *req, struct sta_err *err)
{
	size_t len = req->body_len < BODY_SHOWN ? req->body_len : BODY_SHOWN;

	if (req->body_len == 0)
		return STA_OK;
	return sta_rest_fail(err, STA_INVALID, 422,
			     "Invalid request.\n\nFor 'links/0/schema', %.*s is not a null.", (int) len,
			     req->body);
}

/* --- answers --- */

enum sta_rc
sta_rest_reply(struct sta_request *req, struct sta_response *res, json_t *j, struct sta_err *err)
{
	char digest[STA_DIGEST_TEXT_MAX];
	const char *etag;
	struct sta_digest d;
	enum sta_rc rc = sta_reply_json(req, res, 200, JSON_TYPE, j, err);

	if (rc == STA_OK)
		rc = sta_hash_bytes(STA_SHA256, res->bytes, res->size, &d, err);
	if (rc == STA_OK)
		rc = sta_reply_header(res, "Cache-Control", "private, no-cache", err);
	if (rc != STA_OK)
		return rc;
	etag = sta_arena_printf(req->arena, "W/\"%s\"", sta_digest_text(&d, digest) + strlen("sha256:"));
	if (!etag)
		return sta_err_set(err, STA_NOMEM, 0, "response");
	sta_rest_tag(req, res, etag);
	return STA_OK;
}

void
sta_rest_tag(struct sta_request *req, struct sta_response *res, const char *etag)
{
	res->etag = etag;
	if (!sta_etag_listed(sta_request_header(req, "If-None-Match"), etag))
		return;
	res->status = 304;
	res->kind = STA_REPLY_EMPTY;
	res->size = 0;
}

enum sta_rc
sta_rest_done(struct sta_response *res)
{
	res->status = 204;
	res->kind = STA_REPLY_EMPTY;
	return STA_OK;
}
