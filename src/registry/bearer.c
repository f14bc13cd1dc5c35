#include <string.h>

#include "model/accounts.h"
#include "registry/claims.h"
#include "registry/core.h"
#include "registry/token.h"

static bool
readable(struct sta_db_conn *c, const struct sta_call *call, const struct sta_limit *limit)
{
	struct sta_name name;
	struct sta_entry e;
	struct sta_err ignored;

	if (!(limit->actions & STA_ACTION_BIT(STA_ACTION_READ)) ||
	    !sta_name_parse(limit->name, strlen(limit->name), &name))
		return false;
	return sta_door(c, call, &name, STA_ACTION_READ, &e, &ignored) == STA_OK;
}

static enum sta_rc
check_anonymous(struct sta_db_conn *c, const struct sta_call *call, const struct sta_bearer_request *req,
		struct sta_err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < req->n_limits; i++)
		n += readable(c, call, &req->limits[i]);
	if (n == req->n_limits || (n > 0 && !req->all_readable))
		return STA_OK;
	return sta_oci_unauthorized(err);
}

static enum sta_rc
subject(struct sta_db_conn *c, const struct sta_call *call, const struct sta_bearer_request *req,
	struct sta_claims *claims, struct sta_err *err)
{
	struct sta_account account;
	enum sta_rc rc;

	claims->login = "";
	if (call->caller.kind != STA_CALLER_USER)
		return check_anonymous(c, call, req, err);
	rc = sta_account_by_id(c, call->arena, call->caller.user_id, &account, err);
	if (rc != STA_OK)
		return rc;
	claims->login = call->caller.login;
	claims->user_id = account.id;
	claims->token_id = call->caller.token_id;
	claims->epoch = account.epoch;
	claims->rule_id = call->caller.workflow.rule_id;
	claims->most = call->caller.workflow.most;
	return STA_OK;
}

/* One for a new access token: it names the user and no limits. */
static enum sta_rc
write_refresh(struct sta_registry *r, const struct sta_call *call, const struct sta_claims *access,
	      char **out, struct sta_err *err)
{
	struct sta_claims claims = *access;

	claims.kind = STA_CLAIMS_REFRESH;
	claims.expires_unix = access->issued_unix + (int64_t) STA_REFRESH_TTL_S;
	claims.n_limits = 0;
	claims.catalog = false;
	claims.mounts = false;
	return sta_claims_sign(r->key, call->arena, &claims, out, err);
}

enum sta_rc
sta_bearer_issue(struct sta_registry *r, const struct sta_call *call, const struct sta_bearer_request *req,
		 struct sta_bearer *out, struct sta_err *err)
{
	int64_t now = sta_now_unix();
	struct sta_claims claims = {
		.kind = STA_CLAIMS_ACCESS,
		.issued_unix = now,
		.expires_unix = now + (int64_t) r->options.token_ttl_s,
		.limits = req->limits,
		.n_limits = req->n_limits,
		.catalog = req->catalog,
		.mounts = req->mounts,
	};
	struct sta_db_conn *c = NULL;
	char *token = NULL;
	char *refresh = NULL;
	enum sta_rc rc;

	if (call->caller.limited) /* a bearer token must not beget a longer or a wider one */
		return sta_oci_unauthorized(err);
	rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = subject(c, call, req, &claims, err);
	if (rc == STA_OK)
		rc = sta_claims_sign(r->key, call->arena, &claims, &token, err);
	if (rc == STA_OK && req->offline && claims.user_id != 0 && claims.rule_id == 0)
		rc = write_refresh(r, call, &claims, &refresh, err);
	if (rc == STA_OK)
		*out = (struct sta_bearer){
			.token = token,
			.refresh = refresh,
			.issued_unix = now,
			.expires_s = r->options.token_ttl_s,
		};
	return rc;
}
