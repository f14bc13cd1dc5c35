#include "registry/subject.h"

#include "model/issuers.h"
#include "model/repositories.h"
#include "registry/core.h"
#include "registry/token_bounds.h"

static enum sta_rc
not_found_is_wrong(enum sta_rc rc, struct sta_err *err)
{
	return rc == STA_NOT_FOUND ? sta_oci_unauthorized(err) : rc;
}

enum sta_rc
sta_subject_ended(struct sta_call *call, struct sta_err *err)
{
	call->stale = true;
	return sta_oci_unauthorized(err);
}

static void
become(struct sta_call *call, const struct sta_account *account, unsigned scopes, int64_t token_id)
{
	call->caller = (struct sta_caller){
		.kind = STA_CALLER_USER,
		.user_id = account->id,
		.login = account->name,
		.site_admin = account->site_admin,
		.scopes = scopes,
		.token_id = token_id,
		.home_id = account->home_id,
		.home_role = account->home_role,
	};
}

void
sta_subject_of_password(struct sta_call *call, const struct sta_account *account)
{
	become(call, account, STA_SCOPE_ALL, 0);
}

/* The account by that token, which is alive. */
static enum sta_rc
become_by_token(struct sta_call *call, const struct sta_account *account, const struct sta_token_row *t,
		struct sta_identity *id, struct sta_err *err)
{
	become(call, account, t->scopes, t->id);
	id->addresses = t->addresses;
	return sta_token_bounds(call->arena, t->packages, &call->caller.bounds, err);
}

/* Alive, and until when. */
static bool
token_alive(const struct sta_token_row *t, struct sta_identity *id)
{
	if (t->expires_unix != 0 && t->expires_unix < id->until_unix)
		id->until_unix = t->expires_unix;
	return !t->revoked && id->until_unix > sta_now_unix();
}

/* Account and token as they are at this moment, for a token that was found. */
enum sta_rc
sta_subject_of_token(struct sta_registry *r, struct sta_db_conn *c, struct sta_call *call,
		     const struct sta_token_row *token, struct sta_identity *id, struct sta_err *err)
{
	struct sta_account account;
	enum sta_rc rc =
		not_found_is_wrong(sta_account_by_id(c, call->arena, token->account_id, &account, err), err);

	if (rc != STA_OK)
		return rc;
	if (account.disabled || !token_alive(token, id)) {
		sta_used_note(r->used, STA_USED_TOKEN, token->id, STA_USE_REFUSED);
		return sta_subject_ended(call, err);
	}
	return become_by_token(call, &account, token, id, err);
}

/* A job of a workflow, as long as its repository and the rule that let it in are there. */
static enum sta_rc
become_job(struct sta_db_conn *c, struct sta_call *call, const struct sta_account *account,
	   const struct sta_claims *claims, struct sta_err *err)
{
	struct sta_repository_row repository;
	struct sta_issuer_rule_row rule;
	struct sta_workflow workflow = { .rule_id = claims->rule_id, .most = claims->most };
	enum sta_rc rc = sta_issuer_rule_by_id(c, call->arena, claims->rule_id, &rule, err);

	if (rc == STA_OK)
		rc = sta_repository_by_account(c, call->arena, account->id, &repository, err);
	if (rc == STA_NOT_FOUND)
		return sta_subject_ended(call, err);
	if (rc != STA_OK)
		return rc;
	workflow.repository_id = repository.id;
	sta_become_workflow(call, account, &repository, &workflow);
	return STA_OK;
}

/* The account as it is now, and the personal access token that the bearer token came from. */
enum sta_rc
sta_subject_of_claims(struct sta_registry *r, struct sta_db_conn *c, struct sta_call *call,
		      const struct sta_claims *claims, struct sta_identity *id, struct sta_err *err)
{
	struct sta_account account;
	struct sta_token_row row;
	enum sta_rc rc = sta_account_by_id(c, call->arena, claims->user_id, &account, err);

	if (rc == STA_NOT_FOUND) /* we signed it: of a repository that is gone */
		return sta_subject_ended(call, err);
	if (rc != STA_OK)
		return rc;
	if (account.disabled || account.epoch != claims->epoch)
		return sta_subject_ended(call, err);
	if (claims->rule_id != 0)
		rc = become_job(c, call, &account, claims, err);
	if (call->stale)
		sta_used_note(r->used, STA_USED_WORKFLOW, account.id, STA_USE_REFUSED);
	if (claims->rule_id != 0)
		return rc;
	if (claims->token_id == 0) {
		sta_subject_of_password(call, &account);
		return STA_OK;
	}
	rc = not_found_is_wrong(sta_token_by_id(c, call->arena, claims->token_id, &row, err), err);
	if (rc != STA_OK)
		return rc;
	if (row.account_id != account.id)
		return sta_oci_unauthorized(err);
	if (!token_alive(&row, id)) {
		sta_used_note(r->used, STA_USED_TOKEN, row.id, STA_USE_REFUSED);
		return sta_subject_ended(call, err);
	}
	return become_by_token(call, &account, &row, id, err);
}

enum sta_rc
sta_still_enabled(struct sta_db_conn *c, const struct sta_call *call, struct sta_err *err)
{
	struct sta_issuer_rule_row rule;
	int64_t rule_id = call->caller.workflow.rule_id;
	bool enabled = false;
	enum sta_rc rc;

	if (call->caller.kind != STA_CALLER_USER)
		return STA_OK;
	rc = not_found_is_wrong(sta_account_enabled(c, call->caller.user_id, &enabled, err), err);
	if (rc == STA_OK && rule_id != 0)
		rc = not_found_is_wrong(sta_issuer_rule_by_id(c, call->arena, rule_id, &rule, err), err);
	return rc == STA_OK && !enabled ? sta_oci_unauthorized(err) : rc;
}
