#include "registry/workflow.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "crypto/jwt.h"
#include "model/accounts.h"
#include "model/issuers.h"
#include "model/names.h"
#include "model/repositories.h"
#include "registry/claims.h"
#include "registry/core.h"
#include "registry/issuer_keys.h"
#include "registry/job.h"
#include "registry/token.h"

/* A token under verification. */
struct visit {
	struct sta_registry *r;
	struct sta_call *call;
	struct sta_jwt token;
	bool proven; /* signed by the issuer */
	struct sta_issuer_row issuer;
	struct sta_job_verdict job;
	struct sta_repository_row repository;
	struct sta_account account;
};

/* Why a token is refused is for the operator; it never holds the token.  The audit log hears of those
 * that the issuer made: others write into it what they like. */
static void
note_refusal(const struct visit *v, const char *why)
{
	if (v->proven)
		sta_used_note(v->r->used, STA_USED_ISSUER, v->issuer.id, STA_USE_REFUSED);
	sta_log(STA_LOG_INFO, "workflow refused",
		(const struct sta_log_field[]){
			STA_F_STR("issuer", v->issuer.name ? v->issuer.name : "-"),
			STA_F_STR("repository", v->job.repository ? v->job.repository : "-"),
			STA_F_STR("peer", v->call->peer ? v->call->peer : "-"),
			STA_F_STR("why", why),
			STA_F_END,
		});
}

/* The token is no good: for all who show such the same answer. */
static enum sta_rc
refuse(const struct visit *v, enum sta_rc rc, struct sta_err *err)
{
	if (rc != STA_UNAUTHENTICATED)
		return rc;
	note_refusal(v, err->msg);
	return sta_oci_unauthorized(err);
}

/* The token is good, and its job may not come in: its holder learns why. */
static enum sta_rc
turn_away(const struct visit *v, struct sta_err *err)
{
	char why[sizeof(err->msg)];

	(void) snprintf(why, sizeof(why), "%s", err->msg);
	note_refusal(v, why);
	(void) sta_oci_fail(err, STA_DENIED, STA_OCI_DENIED, "denied");
	(void) snprintf(err->detail, sizeof(err->detail), "workflow: %.*s",
			(int) (sizeof(err->detail) - sizeof("workflow: ")), why);
	return STA_DENIED;
}

/* Whose is it?  Nothing is believed yet. */
static enum sta_rc
find_issuer(struct sta_db_conn *c, struct visit *v, struct sta_err *err)
{
	const char *url = json_string_value(json_object_get(v->token.claims, "iss"));
	enum sta_rc rc = url ? sta_issuer_by_url(c, v->call->arena, url, &v->issuer, err) : STA_NOT_FOUND;

	if (rc == STA_NOT_FOUND)
		return sta_err_set(err, STA_UNAUTHENTICATED, 0, "no issuer of that URL is trusted here");
	return rc;
}

static enum sta_rc
judge(struct sta_db_conn *c, struct visit *v, struct sta_err *err)
{
	struct sta_issuer_rule_row *rules = NULL;
	size_t n = 0;
	enum sta_rc rc = sta_issuer_rule_list(c, v->call->arena, v->issuer.id, &rules, &n, err);

	return rc == STA_OK
		       ? sta_job_judge(v->call->arena, &v->issuer, rules, n, v->token.claims, &v->job, err)
		       : rc;
}

/* The forge goes on to call the owner by a name that it has no more here. */
static enum sta_rc
follow_rename(struct sta_db_conn *c, struct visit *v, struct sta_err *err)
{
	struct sta_arena *a = v->call->arena;
	const char *name = v->job.repository;
	size_t owner_len = strcspn(name, "/");
	const char *owner = sta_arena_strndup(a, name, owner_len);
	const char *present = NULL;
	int64_t id;
	enum sta_rc rc = owner ? sta_former_namespace(c, a, owner, &id, &present, err)
			       : sta_err_set(err, STA_NOMEM, 0, "repository");

	if (rc == STA_OK)
		v->job.repository = sta_arena_printf(a, "%s%s", present, name + owner_len);
	if (!v->job.repository)
		return sta_err_set(err, STA_NOMEM, 0, "repository");
	return rc == STA_NOT_FOUND ? STA_OK : rc;
}

/* The repository and its account, as far as they are there. */
static enum sta_rc
find_repository(struct sta_db_conn *c, struct visit *v, struct sta_err *err)
{
	struct sta_arena *a = v->call->arena;
	enum sta_rc rc = follow_rename(c, v, err);

	if (rc == STA_OK)
		rc = sta_repository_by_name(c, a, v->job.repository, 0, &v->repository, err);
	if (rc == STA_OK && v->repository.account_id == 0)
		return STA_NOT_FOUND;
	return rc == STA_OK ? sta_account_by_id(c, a, v->repository.account_id, &v->account, err) : rc;
}

static enum sta_rc
make_repository(struct sta_db_conn *c, struct visit *v, const struct sta_call *by, struct sta_err *err)
{
	const char *name = v->job.repository;
	const char *owner = sta_arena_strndup(v->call->arena, name, strcspn(name, "/"));
	struct sta_namespace space;
	const char *detail =
		sta_arena_printf(v->call->arena, "private, for its workflows; issuer %s, rule %lld",
				 v->issuer.name, (long long) v->job.rule_id);
	enum sta_rc rc;

	if (!owner || !detail)
		return sta_err_set(err, STA_NOMEM, 0, "repository");
	rc = sta_namespace_find(c, owner, 0, &space, err);
	if (rc == STA_NOT_FOUND)
		return sta_err_set(err, STA_DENIED, 0, "there is no user or organization '%s' here", owner);
	v->repository = (struct sta_repository_row){
		.namespace_id = space.id,
		.name = name,
		.visibility = STA_PRIVATE,
		.created_unix = sta_now_unix(),
	};
	if (rc == STA_OK)
		rc = sta_repository_insert(c, &v->repository, &v->repository.id, err);
	return rc == STA_OK ? sta_audit(c, by, "repository.create", name, detail, err) : rc;
}

/* What find_repository() missed. */
static enum sta_rc
make_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct visit *v = arg;
	struct sta_call by = sta_call_system(v->call->arena);
	enum sta_rc rc = sta_repository_by_name(c, by.arena, v->job.repository, 0, &v->repository, err);

	if (rc == STA_NOT_FOUND)
		rc = make_repository(c, v, &by, err);
	if (rc == STA_OK)
		rc = sta_repository_account(c, &v->repository, sta_now_unix(), &v->repository.account_id,
					    err);
	return rc == STA_OK ? sta_account_by_id(c, by.arena, v->repository.account_id, &v->account, err) : rc;
}

static enum sta_rc
find_or_make_repository(struct sta_db_conn *c, struct visit *v, struct sta_err *err)
{
	enum sta_rc rc = find_repository(c, v, err);

	if (rc != STA_NOT_FOUND)
		return rc;
	rc = sta_must_wait(v->call, err);
	return rc == STA_OK ? sta_db_write(v->r->db, make_tx, v, err) : rc;
}

void
sta_become_workflow(struct sta_call *call, const struct sta_account *account,
		    const struct sta_repository_row *repository, const struct sta_workflow *workflow)
{
	call->caller = (struct sta_caller){
		.kind = STA_CALLER_USER,
		.user_id = account->id,
		.login = account->name,
		.scopes = STA_SCOPE_PACKAGES,
		.home_id = repository->namespace_id,
		.workflow = *workflow,
	};
}

/* A token of an issuer of ours, for us, good now.  STA_UNAUTHENTICATED says why it is none. */
static enum sta_rc
verify(struct sta_db_conn *c, struct visit *v, const char *token, size_t len, struct sta_err *err)
{
	enum sta_rc rc = sta_jwt_parse(v->call->arena, token, len, &v->token, err);

	if (rc == STA_OK)
		rc = find_issuer(c, v, err);
	if (rc == STA_OK)
		rc = sta_issuer_keys_verify(v->r->issuer_keys, v->call->arena, &v->issuer, &v->token,
					    v->call->may_wait, err);
	v->proven = rc == STA_OK;
	return rc == STA_OK ? sta_job_check(&v->issuer, v->token.claims, sta_now_unix(), err) : rc;
}

enum sta_rc
sta_authenticate_workflow(struct sta_registry *r, struct sta_call *call, const char *token, size_t len,
			  struct sta_err *err)
{
	struct visit v = { .r = r, .call = call };
	struct sta_workflow workflow;
	struct sta_db_conn *c = NULL;
	enum sta_rc rc = sta_db_reader(r->db, &c, err);

	if (rc == STA_OK)
		rc = verify(c, &v, token, len, err);
	if (rc != STA_OK)
		return refuse(&v, rc, err);
	rc = judge(c, &v, err);
	if (rc == STA_OK)
		rc = find_or_make_repository(c, &v, err);
	if (rc == STA_DENIED)
		return turn_away(&v, err);
	if (rc != STA_OK)
		return rc;
	workflow = (struct sta_workflow){
		.repository_id = v.repository.id,
		.rule_id = v.job.rule_id,
		.most = v.job.most,
	};
	sta_become_workflow(call, &v.account, &v.repository, &workflow);
	return STA_OK;
}

enum sta_rc
sta_workflow_explain(struct sta_registry *r, const struct sta_call *call, const char *token, size_t len,
		     struct sta_workflow_verdict *out, struct sta_err *err)
{
	struct sta_call copy = *call;
	struct visit v = { .r = r, .call = &copy };
	struct sta_db_conn *c = NULL;
	enum sta_rc rc = sta_door_site(call, err);

	if (rc == STA_OK)
		rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = verify(c, &v, token, len, err);
	if (rc == STA_OK)
		rc = judge(c, &v, err);
	*out = (struct sta_workflow_verdict){ .issuer = v.issuer.name, .why = "" };
	if (rc == STA_OK) {
		out->repository = v.job.repository;
		out->rule_id = v.job.rule_id;
		out->most = v.job.most;
		return STA_OK;
	}
	if (!c || (rc != STA_UNAUTHENTICATED && rc != STA_DENIED && rc != STA_BUSY))
		return rc; /* that is not about the token */
	out->why = sta_arena_strdup(call->arena, err->msg);
	return out->why ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "workflow");
}

enum sta_rc
sta_workflow_token(struct sta_registry *r, const struct sta_call *call, struct sta_workflow_token *out,
		   struct sta_err *err)
{
	const struct sta_workflow *w = &call->caller.workflow;
	int64_t now = sta_now_unix();
	const struct sta_claims claims = {
		.kind = STA_CLAIMS_WORKFLOW,
		.login = call->caller.login,
		.user_id = call->caller.user_id,
		.rule_id = w->rule_id,
		.most = w->most,
		.issued_unix = now,
		.expires_unix = now + (int64_t) r->options.workflow_ttl_s,
	};
	char *token = NULL;
	enum sta_rc rc;

	if (w->repository_id == 0 || call->caller.limited)
		return sta_oci_unauthorized(err);
	rc = sta_claims_sign(r->key, call->arena, &claims, &token, err);
	if (rc == STA_OK)
		*out = (struct sta_workflow_token){
			.token = token,
			.expires_unix = claims.expires_unix,
			.expires_s = r->options.workflow_ttl_s,
			.repository = call->caller.login,
			.most = w->most,
		};
	return rc;
}
