#include "registry/token.h"

#include <string.h>

#include "api/handlers.h"
#include "base/clock.h"

#define LIMITS_MAX 32 /* packages, and scope parameters: each is looked for from the start of the query */
#define ACTIONS_ALL                                                                                          \
	(STA_ACTION_BIT(STA_ACTION_READ) | STA_ACTION_BIT(STA_ACTION_WRITE) |                                \
	 STA_ACTION_BIT(STA_ACTION_DELETE))

/* What the caller asks for; the names are in the request's arena. */
struct asked {
	struct sta_limit limits[LIMITS_MAX];
	struct sta_bearer_request request;
};

static unsigned
action_bit(const char *word, size_t len)
{
	static const struct {
		const char *word;
		unsigned bits;
	} words[] = {
		{ "pull", STA_ACTION_BIT(STA_ACTION_READ) },
		{ "push", STA_ACTION_BIT(STA_ACTION_WRITE) },
		{ "delete", STA_ACTION_BIT(STA_ACTION_DELETE) },
		{ "*", ACTIONS_ALL },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].word) == len && memcmp(words[i].word, word, len) == 0)
			return words[i].bits;
	return 0;
}

static unsigned
parse_actions(const char *s)
{
	unsigned bits = 0;

	while (*s) {
		size_t len = strcspn(s, ",");

		bits |= action_bit(s, len);
		s += len + (s[len] == ',');
	}
	return bits;
}

static bool
is_type(const char *scope, size_t len, const char *type)
{
	return len == strlen(type) && memcmp(scope, type, len) == 0;
}

static enum sta_rc
too_many(struct sta_err *err)
{
	return sta_err_set(err, STA_INVALID, 0, "more than %d scopes for one token", LIMITS_MAX);
}

/* Of the challenge's scope="repository:NAME:pull,push" clients that cut it at each comma leave
 * `"repository:NAME:pull`, and send that. */
static bool
is_cut(const char *text, size_t len)
{
	static const char end[] = ":pull";
	size_t n = strlen(end);

	return len > n && *text == '"' && memcmp(text + len - n, end, n) == 0;
}

/* "type:name:actions"; the name may hold ':' (a host's port).  Scopes that we
 * do not understand give nothing, as everywhere. */
static enum sta_rc
add_scope(struct sta_arena *a, const char *text, size_t len, struct asked *out, struct sta_err *err)
{
	bool cut = is_cut(text, len);
	const char *scope = sta_arena_strndup(a, text + cut, len - cut);
	const char *name = scope ? strchr(scope, ':') : NULL;
	const char *actions = scope ? strrchr(scope, ':') : NULL;
	struct sta_name parsed;
	const char *full;

	if (!scope)
		return sta_err_set(err, STA_NOMEM, 0, "scope");
	if (!name || name == actions)
		return STA_OK;
	if (is_type(scope, (size_t) (name - scope), "registry")) {
		out->request.catalog |= strcmp(name + 1, "catalog:*") == 0;
		out->request.mounts |= strcmp(name + 1, "mount:*") == 0;
		return STA_OK;
	}
	name++;
	if (!is_type(scope, (size_t) (name - 1 - scope), "repository") ||
	    !sta_name_parse(name, (size_t) (actions - name), &parsed))
		return STA_OK;
	if (out->request.n_limits == LIMITS_MAX)
		return too_many(err);
	full = sta_arena_strdup(a, parsed.full);
	if (!full)
		return sta_err_set(err, STA_NOMEM, 0, "scope");
	out->limits[out->request.n_limits++] =
		(struct sta_limit){ .name = full, .actions = parse_actions(cut ? "pull,push" : actions + 1) };
	return STA_OK;
}

/* One parameter may hold several scopes, with spaces between. */
static enum sta_rc
add_scopes(struct sta_arena *a, const char *text, struct asked *out, struct sta_err *err)
{
	enum sta_rc rc = STA_OK;

	while (rc == STA_OK && *text) {
		size_t len = strcspn(text, " ");

		rc = add_scope(a, text, len, out, err);
		text += len + (text[len] == ' ');
	}
	return rc;
}

static enum sta_rc
check_service(const struct sta_api *api, const struct sta_request *req, const char *service,
	      struct sta_err *err)
{
	if (!service || strcmp(service, sta_service(api, req)) == 0)
		return STA_OK;
	return sta_err_set(err, STA_INVALID, 0, "this is the token endpoint of the service '%s'",
			   sta_service(api, req));
}

/* A credential that is no good is told so with GHCR's answer; it turns the caller into an anonymous
 * one only if it was good once, and only to read public packages. */
static enum sta_rc
bad_credential_is_denied(enum sta_rc rc, struct sta_err *err)
{
	if (rc != STA_UNAUTHENTICATED)
		return rc;
	return sta_oci_fail(err, STA_DENIED, STA_OCI_DENIED, "denied");
}

static enum sta_rc
reply(struct sta_request *req, struct sta_response *res, const struct sta_bearer *b, struct sta_err *err)
{
	char issued[STA_TIME_TEXT_MAX];
	json_t *j = json_pack("{s:s, s:s, s:I, s:s, s:s*}", "token", b->token, "access_token", b->token,
			      "expires_in", (json_int_t) b->expires_s, "issued_at",
			      sta_time_rfc3339(b->issued_unix, issued), "refresh_token", b->refresh);
	enum sta_rc rc = sta_reply_header(res, "Cache-Control", "no-store", err);

	if (rc != STA_OK)
		json_decref(j);
	return rc == STA_OK ? sta_reply_json(req, res, 200, "application/json", j, err) : rc;
}

static enum sta_rc
issue(struct sta_api *api, struct sta_request *req, const struct sta_call *call, struct asked *asked,
      struct sta_response *res, struct sta_err *err)
{
	struct sta_bearer bearer;
	enum sta_rc rc;

	asked->request.limits = asked->limits;
	rc = sta_bearer_issue(api->r, call, &asked->request, &bearer, err);
	return rc == STA_OK ? reply(req, res, &bearer, err) : rc;
}

/* Of packages, and there are some: logging in asks for none. */
static bool
only_reads(const struct sta_bearer_request *request, const struct sta_limit *limits)
{
	bool reads = request->n_limits > 0 && !request->catalog && !request->mounts;

	for (size_t i = 0; i < request->n_limits; i++)
		reads = reads && limits[i].actions == STA_ACTION_BIT(STA_ACTION_READ);
	return reads;
}

enum sta_rc
sta_get_token(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct asked asked = { .request = { .n_limits = 0 } };
	const char *scope;
	struct sta_call call;
	enum sta_rc login = bad_credential_is_denied(sta_api_caller(api, req, &call, err), err);
	enum sta_rc rc = login == STA_DENIED && call.stale ? sta_api_degrade(req, &call) : login;

	if (rc == STA_OK)
		rc = check_service(api, req, sta_request_query(req, "service", 0), err);
	for (size_t i = 0; rc == STA_OK && (scope = sta_request_query(req, "scope", i)); i++)
		rc = i < LIMITS_MAX ? add_scopes(req->arena, scope, &asked, err) : too_many(err);
	/* No refresh token for offline_token=true, which docker login sends: as with
	 * GHCR.  Docker would keep it in place of the password, in a file that podman
	 * and others then refuse to read. */
	if (rc == STA_OK && req->warning && !only_reads(&asked.request, asked.limits))
		return bad_credential_is_denied(STA_UNAUTHENTICATED, err);
	asked.request.all_readable = req->warning != NULL;
	rc = rc == STA_OK ? issue(api, req, &call, &asked, res, err) : rc;
	return req->warning ? bad_credential_is_denied(rc, err) : rc;
}

static enum sta_rc
grant(struct sta_api *api, struct sta_request *req, struct sta_call *call, struct sta_err *err)
{
	const char *type = sta_form_value(req->arena, req->body, "grant_type", 0);
	const char *user = sta_form_value(req->arena, req->body, "username", 0);
	const char *password = sta_form_value(req->arena, req->body, "password", 0);
	const char *refresh = sta_form_value(req->arena, req->body, "refresh_token", 0);

	*call = (struct sta_call){
		.arena = req->arena,
		.may_wait = sta_request_may_wait(req),
		.must_not_hash = !sta_request_may_hash(req),
		.peer = req->peer,
	};
	if (type && strcmp(type, "password") == 0 && user && password)
		return bad_credential_is_denied(sta_api_login(api, req, call, user, password, err), err);
	if (type && strcmp(type, "refresh_token") == 0 && refresh)
		return bad_credential_is_denied(
			sta_authenticate_refresh(api->r, call, refresh, strlen(refresh), err), err);
	return sta_err_set(err, STA_INVALID, 0,
			   "grant_type must be password (with username and password) or refresh_token (with "
			   "refresh_token)");
}

/* OAuth2 as Docker's clients speak it: a form in the body. */
enum sta_rc
sta_post_token(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct asked asked = { .request = { .n_limits = 0 } };
	const char *access = sta_form_value(req->arena, req->body, "access_type", 0);
	const char *scope;
	struct sta_call call;
	enum sta_rc rc = grant(api, req, &call, err);

	if (rc == STA_OK) {
		req->log_user = call.caller.login;
		rc = check_service(api, req, sta_form_value(req->arena, req->body, "service", 0), err);
	}
	for (size_t i = 0; rc == STA_OK && (scope = sta_form_value(req->arena, req->body, "scope", i)); i++)
		rc = i < LIMITS_MAX ? add_scopes(req->arena, scope, &asked, err) : too_many(err);
	asked.request.offline = access && strcmp(access, "offline") == 0;
	return rc == STA_OK ? issue(api, req, &call, &asked, res, err) : rc;
}
