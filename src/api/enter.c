#include <string.h>
#include <strings.h>

#include "api/handlers.h"
#include "base/log.h"
#include "base/parse.h"
#include "registry/token.h"

#define CREDENTIAL_MAX 16384 /* bytes of an Authorization header that we look at */

/* What follows the scheme ("Basic", "Bearer"; in any case), or NULL. */
static const char *
after_scheme(const char *value, const char *scheme)
{
	size_t len = strlen(scheme);

	if (strncasecmp(value, scheme, len) != 0 || value[len] != ' ')
		return NULL;
	value += len;
	return value + strspn(value, " ");
}

/* With the name only of who exists: any other may be a password in the wrong field. */
static void
log_failed_login(const struct sta_request *req, const struct sta_call *call, const struct sta_err *err)
{
	sta_log(STA_LOG_INFO, err->rc == STA_TOO_MANY ? "login delayed" : "login failed",
		(const struct sta_log_field[]){
			STA_F_STR("id", req->id),
			STA_F_STR("user", call->named ? call->named : "-"),
			STA_F_STR("peer", req->peer),
			STA_F_INT("wait_s", err->wait_s),
			STA_F_END,
		});
}

enum sta_rc
sta_api_login(struct sta_api *api, const struct sta_request *req, struct sta_call *call, const char *user,
	      const char *secret, struct sta_err *err)
{
	enum sta_rc rc = sta_authenticate_basic(api->r, call, user, secret, err);

	if (rc == STA_UNAUTHENTICATED || rc == STA_TOO_MANY)
		log_failed_login(req, call, err);
	return rc;
}

static enum sta_rc
basic(struct sta_api *api, const struct sta_request *req, struct sta_call *call, const char *encoded,
      struct sta_err *err)
{
	size_t len = 0;
	char *pair = (char *) sta_unbase64(call->arena, encoded, strlen(encoded), false, &len);
	char *secret;

	if (!pair && len == SIZE_MAX)
		return sta_err_set(err, STA_NOMEM, 0, "credential");
	if (!pair || strlen(pair) != len)
		return sta_oci_unauthorized(err);
	secret = strchr(pair, ':');
	if (!secret)
		return sta_oci_unauthorized(err);
	*secret++ = '\0';
	return sta_api_login(api, req, call, pair, secret, err);
}

enum sta_rc
sta_api_caller(struct sta_api *api, struct sta_request *req, struct sta_call *call, struct sta_err *err)
{
	const char *value = sta_request_header(req, "Authorization");
	const char *secret;
	enum sta_rc rc = STA_OK;

	*call = (struct sta_call){
		.arena = req->arena,
		.caller = { .kind = STA_CALLER_ANONYMOUS, .login = "" },
		.may_wait = sta_request_may_wait(req),
		.must_not_hash = !sta_request_may_hash(req),
		.peer = req->peer,
	};
	if (!value)
		return STA_OK;
	if (strlen(value) > CREDENTIAL_MAX)
		return sta_oci_unauthorized(err);
	/* GitHub's older word for it is "token". */
	if ((secret = after_scheme(value, "Bearer")) || (secret = after_scheme(value, "token")))
		rc = sta_authenticate_bearer(api->r, call, secret, strlen(secret), err);
	else if ((secret = after_scheme(value, "Basic")))
		rc = basic(api, req, call, secret, err);
	else
		rc = sta_oci_unauthorized(err);
	if (rc == STA_OK)
		req->log_user = call->caller.login;
	return rc;
}

enum sta_rc
sta_v2_enter(struct sta_api *api, struct sta_request *req, struct sta_call *call, struct sta_err *err)
{
	enum sta_rc rc = sta_api_caller(api, req, call, err);

	if (rc == STA_OK && !sta_request_header(req, "Authorization"))
		return sta_oci_unauthorized(err);
	return rc;
}

/* distribution-spec 1.1, "Warnings" */
#define STALE                                                                                                \
	"299 - \"the credential has expired or was revoked: answered as to somebody without one; sign in "   \
	"again\""

enum sta_rc
sta_api_degrade(struct sta_request *req, struct sta_call *call)
{
	call->caller = (struct sta_caller){ .kind = STA_CALLER_ANONYMOUS, .login = "" };
	req->warning = STALE;
	return STA_OK;
}

/* Sessions of uploads are read too, by those who push. */
static bool
only_reads(const struct sta_request *req)
{
	bool reads = req->method == STA_GET || req->method == STA_HEAD;

	return reads && strncmp(req->route->label, "upload", strlen("upload")) != 0;
}

enum sta_rc
sta_v2_enter_package(struct sta_api *api, struct sta_request *req, struct sta_call *call,
		     struct sta_name *name, struct sta_err *err)
{
	enum sta_rc rc = sta_v2_enter(api, req, call, err);

	if (rc == STA_UNAUTHENTICATED && call->stale && only_reads(req))
		rc = sta_api_degrade(req, call);
	if (rc != STA_OK)
		return rc;
	if (!sta_name_parse(req->param[0], strlen(req->param[0]), name))
		return sta_oci_fail(err, STA_INVALID, STA_OCI_NAME_INVALID,
				    "invalid repository name: it is OWNER/NAME in lower case");
	return STA_OK;
}

enum sta_rc
sta_v2_digest(const char *text, struct sta_digest *out, struct sta_err *err)
{
	if (text && sta_digest_parse(text, strlen(text), out))
		return STA_OK;
	return sta_oci_fail(err, STA_INVALID, STA_OCI_DIGEST_INVALID,
			    text ? "the digest is malformed, or of an algorithm other than sha256 and sha512"
				 : "a digest is missing");
}
