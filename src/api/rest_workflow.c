#include <string.h>

#include "api/handlers.h"
#include "base/clock.h"
#include "crypto/jwt.h"
#include "registry/workflow.h"

/* {"token": "..."}: nothing else, so that what is misspelt is seen. */
static enum sta_rc
read_token(struct sta_request *req, const char **out, struct sta_err *err)
{
	json_t *j = NULL;
	enum sta_rc rc = sta_json_load(req->arena, req->body, req->body_len, &j, err);

	if (rc != STA_OK)
		return rc;
	*out = json_string_value(json_object_get(j, "token"));
	if (!*out || json_object_size(j) != 1)
		return sta_err_set(err, STA_INVALID, 0,
				   "the body is {\"token\": \"...\"}, with the token of the job's issuer");
	if (strlen(*out) > STA_JWT_MAX)
		return sta_err_set(err, STA_INVALID, 0, "the token is longer than %d bytes", STA_JWT_MAX);
	return STA_OK;
}

static enum sta_rc
reply(struct sta_request *req, struct sta_response *res, const struct sta_workflow_token *t,
      struct sta_err *err)
{
	char expires[STA_TIME_TEXT_MAX];
	json_t *j =
		json_pack("{s:s, s:s, s:I, s:s, s:s}", "token", t->token, "expires_at",
			  sta_time_rfc3339(t->expires_unix, expires), "expires_in", (json_int_t) t->expires_s,
			  "repository", t->repository, "role", sta_role_name(t->most));
	enum sta_rc rc = sta_reply_header(res, "Cache-Control", "no-store", err);

	if (rc != STA_OK)
		json_decref(j);
	return rc == STA_OK ? sta_reply_json(req, res, 201, "application/json", j, err) : rc;
}

enum sta_rc
sta_post_workflow_token(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_workflow_token made;
	const char *token = NULL;
	struct sta_call call = {
		.arena = req->arena,
		.may_wait = sta_request_may_wait(req),
		.must_not_hash = !sta_request_may_hash(req),
		.peer = req->peer,
	};
	enum sta_rc rc = read_token(req, &token, err);

	if (rc == STA_OK)
		rc = sta_authenticate_workflow(api->r, &call, token, strlen(token), err);
	if (rc == STA_OK) {
		req->log_user = call.caller.login;
		rc = sta_workflow_token(api->r, &call, &made, err);
	}
	return rc == STA_OK ? reply(req, res, &made, err) : rc;
}
