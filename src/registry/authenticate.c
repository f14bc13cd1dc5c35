#include <string.h>

#include "base/auto.h"
#include "base/parse.h"
#include "crypto/hash.h"
#include "crypto/jwt.h"
#include "crypto/password.h"
#include "model/issuers.h"
#include "model/repositories.h"
#include "model/tokens.h"
#include "registry/claims.h"
#include "registry/core.h"
#include "registry/login.h"
#include "registry/token.h"
#include "registry/token_bounds.h"
#include "registry/workflow.h"

#define CLOCK_SKEW_S 5 /* several servers, one database */
#define HASH_LEN 32    /* of a SHA-256: keys of the caches */
/* Of an entry of a cache: what is kept and its key; more for each package that a token is for. */
#define MEMORY_MIN ((size_t) 1024)
#define MEMORY_FOR(n_limits) (MEMORY_MIN + (n_limits) * (sizeof(struct sta_limit) + STA_NAME_MAX + 32))

enum credential_kind { CREDENTIAL_PAT, CREDENTIAL_ACCESS, CREDENTIAL_REFRESH, CREDENTIAL_WORKFLOW };

struct credential {
	enum credential_kind kind;
	const char *text;
	size_t len;
	struct sta_digest digest; /* SHA-256 of text */
};

/* Whom a credential stands for, and when it does. */
struct identity {
	struct sta_caller caller;
	int64_t from_unix, until_unix;
	const char *addresses; /* that its token is good from, as stored; NULL: all */
};

static enum sta_rc
not_found_is_wrong(enum sta_rc rc, struct sta_err *err)
{
	return rc == STA_NOT_FOUND ? sta_oci_unauthorized(err) : rc;
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

/* The account by that token, which is alive. */
static enum sta_rc
become_by_token(struct sta_call *call, const struct sta_account *account, const struct sta_token_row *t,
		struct identity *id, struct sta_err *err)
{
	become(call, account, t->scopes, t->id);
	id->addresses = t->addresses;
	return sta_token_bounds(call->arena, t->packages, &call->caller.bounds, err);
}

/* Alive, and until when. */
static bool
token_alive(const struct sta_token_row *t, struct identity *id)
{
	if (t->expires_unix != 0 && t->expires_unix < id->until_unix)
		id->until_unix = t->expires_unix;
	return !t->revoked && id->until_unix > sta_now_unix();
}

/* It was good once: whoever shows it guesses nothing. */
static enum sta_rc
has_ended(struct sta_call *call, struct sta_err *err)
{
	call->stale = true;
	return sta_oci_unauthorized(err);
}

/* Account and token as they are at this moment, for a token that was found. */
static enum sta_rc
become_token_owner(struct sta_registry *r, struct sta_db_conn *c, struct sta_call *call,
		   const struct sta_token_row *t, struct identity *id, struct sta_err *err)
{
	struct sta_account account;
	enum sta_rc rc =
		not_found_is_wrong(sta_account_by_id(c, call->arena, t->account_id, &account, err), err);

	if (rc != STA_OK)
		return rc;
	if (account.disabled || !token_alive(t, id)) {
		sta_used_note(r->used, STA_USED_TOKEN, t->id, STA_USE_REFUSED);
		return has_ended(call, err);
	}
	return become_by_token(call, &account, t, id, err);
}

static enum sta_rc
look_up_pat(struct sta_registry *r, struct sta_db_conn *c, struct sta_call *call, const char *text,
	    size_t len, struct identity *id, struct sta_err *err)
{
	unsigned char hash[STA_PAT_HASH_LEN];
	struct sta_token_row row;
	enum sta_rc rc = sta_pat_hash(text, len, hash, err);

	if (rc == STA_OK)
		rc = sta_token_by_hash(c, call->arena, hash, sizeof(hash), &row, err);
	if (rc == STA_NOT_FOUND)
		return sta_login_unknown_token(r, call, hash, err);
	return rc == STA_OK ? become_token_owner(r, c, call, &row, id, err) : rc;
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

static enum sta_rc
authenticate_password(struct sta_registry *r, struct sta_call *call, const char *user, const char *secret,
		      struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_account account = { 0 };
	char folded[STA_NAMESPACE_MAX + 1];
	enum sta_rc rc;

	if (strlen(secret) > STA_PASSWORD_MAX)
		return sta_oci_unauthorized(err);
	if (sta_namespace_fold(user, folded))
		user = folded;
	rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = sta_account_by_name(c, call->arena, user, &account, err);
	if (rc == STA_NOT_FOUND) /* go on: an unknown name takes as long as a wrong password */
		rc = STA_OK;
	call->named = account.name;
	if (rc == STA_OK)
		rc = sta_login_password(r, call, &account, user, secret, err);
	if (rc != STA_OK)
		return rc;
	if (account.disabled || account.id == 0)
		return sta_oci_unauthorized(err);
	become(call, &account, STA_SCOPE_ALL, 0);
	return STA_OK;
}

static void
keep_claims(struct sta_registry *r, const struct sta_cache_key *key, const struct sta_claims *claims)
{
	struct sta_arena *memory = sta_arena_new(MEMORY_FOR(claims->n_limits));
	struct sta_claims *kept = memory ? sta_arena_alloc(memory, sizeof(*kept)) : NULL;

	if (kept && sta_claims_copy(memory, claims, kept))
		sta_cache_put(r->bearers, key, claims->expires_unix, memory, kept);
	else
		sta_arena_free(memory);
}

/* The signature is checked once, and then what it signs is known.  NULL: see err. */
static const struct sta_claims *
verified_claims(struct sta_registry *r, const struct sta_call *call, const struct credential *cred,
		struct sta_err *err)
{
	const struct sta_cache_key key = { .bytes = cred->digest.bytes, .len = HASH_LEN };
	const struct sta_claims *known = sta_cache_get(r->bearers, &key, call->arena);
	struct sta_claims *claims;
	char *payload = NULL;
	size_t len = 0;
	enum sta_rc rc;

	if (known)
		return known;
	claims = sta_arena_alloc(call->arena, sizeof(*claims));
	if (!claims) {
		(void) sta_err_set(err, STA_NOMEM, 0, "token");
		return NULL;
	}
	rc = sta_sign_verify(r->key, call->arena, cred->text, cred->len, &payload, &len, err);
	if (rc == STA_UNAUTHENTICATED)
		(void) sta_oci_unauthorized(err);
	if (rc == STA_OK)
		rc = sta_claims_read(call->arena, payload, len, claims, err);
	if (rc != STA_OK)
		return NULL;
	keep_claims(r, &key, claims);
	return claims;
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
		return has_ended(call, err);
	if (rc != STA_OK)
		return rc;
	workflow.repository_id = repository.id;
	sta_become_workflow(call, account, &repository, &workflow);
	return STA_OK;
}

/* The account as it is now, and the personal access token that the bearer token came from. */
static enum sta_rc
become_subject(struct sta_registry *r, struct sta_db_conn *c, struct sta_call *call,
	       const struct sta_claims *claims, struct identity *id, struct sta_err *err)
{
	struct sta_account account;
	struct sta_token_row row;
	enum sta_rc rc = sta_account_by_id(c, call->arena, claims->user_id, &account, err);

	if (rc == STA_NOT_FOUND) /* we signed it: of a repository that is gone */
		return has_ended(call, err);
	if (rc != STA_OK)
		return rc;
	if (account.disabled || account.epoch != claims->epoch)
		return has_ended(call, err);
	if (claims->rule_id != 0)
		rc = become_job(c, call, &account, claims, err);
	if (call->stale)
		sta_used_note(r->used, STA_USED_WORKFLOW, account.id, STA_USE_REFUSED);
	if (claims->rule_id != 0)
		return rc;
	if (claims->token_id == 0) {
		become(call, &account, STA_SCOPE_ALL, 0);
		return STA_OK;
	}
	rc = not_found_is_wrong(sta_token_by_id(c, call->arena, claims->token_id, &row, err), err);
	if (rc != STA_OK)
		return rc;
	if (row.account_id != account.id)
		return sta_oci_unauthorized(err);
	if (!token_alive(&row, id)) {
		sta_used_note(r->used, STA_USED_TOKEN, row.id, STA_USE_REFUSED);
		return has_ended(call, err);
	}
	return become_by_token(call, &account, &row, id, err);
}

/* Whether a token of ours that says so is what was shown. */
static bool
is_of_kind(const struct sta_claims *claims, enum credential_kind kind)
{
	switch (claims->kind) {
	case STA_CLAIMS_ACCESS:
		return kind == CREDENTIAL_ACCESS;
	case STA_CLAIMS_REFRESH:
		return kind == CREDENTIAL_REFRESH;
	case STA_CLAIMS_WORKFLOW: /* where a personal access token is taken, too */
		return kind == CREDENTIAL_WORKFLOW || kind == CREDENTIAL_ACCESS;
	}
	return false;
}

static enum sta_rc
look_up_jws(struct sta_registry *r, struct sta_db_conn *c, struct sta_call *call,
	    const struct credential *cred, struct identity *id, struct sta_err *err)
{
	const struct sta_claims *claims = verified_claims(r, call, cred, err);
	int64_t now = sta_now_unix();
	enum sta_rc rc = STA_OK;

	if (!claims)
		return err->rc;
	if (!is_of_kind(claims, cred->kind) || claims->issued_unix - CLOCK_SKEW_S > now)
		return sta_oci_unauthorized(err);
	if (claims->expires_unix <= now)
		return has_ended(call, err);
	id->from_unix = claims->issued_unix - CLOCK_SKEW_S;
	id->until_unix = claims->expires_unix;
	if (claims->user_id != 0)
		rc = become_subject(r, c, call, claims, id, err);
	else
		call->caller = (struct sta_caller){ .kind = STA_CALLER_ANONYMOUS, .login = "" };
	if (rc != STA_OK)
		return rc;
	if (claims->kind == STA_CLAIMS_ACCESS) {
		call->caller.limited = true;
		call->caller.limits = claims->limits;
		call->caller.n_limits = claims->n_limits;
		call->caller.limit_catalog = claims->catalog;
		call->caller.limit_mounts = claims->mounts;
	}
	return STA_OK;
}

static enum sta_rc
look_up(struct sta_registry *r, struct sta_call *call, const struct credential *cred, struct identity *id,
	struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	enum sta_rc rc = sta_db_reader(r->db, &c, err);

	if (rc == STA_OK)
		rc = sta_db_read_begin(c, err);
	if (rc != STA_OK)
		return rc;
	if (cred->kind == CREDENTIAL_PAT)
		rc = look_up_pat(r, c, call, cred->text, cred->len, id, err);
	else
		rc = look_up_jws(r, c, call, cred, id, err);
	sta_db_read_end(c);
	return rc;
}

static size_t
memory_for(const struct identity *id)
{
	return MEMORY_FOR(id->caller.n_limits) + sta_token_bounds_size(&id->caller.bounds) +
	       (id->addresses ? strlen(id->addresses) : 0);
}

static void
remember(struct sta_registry *r, const struct sta_cache_key *key, const struct identity *id)
{
	struct sta_arena *memory = sta_arena_new(memory_for(id));
	struct identity *kept = memory ? sta_arena_memdup(memory, id, sizeof(*id)) : NULL;

	if (kept) {
		kept->caller.login = sta_arena_strdup(memory, id->caller.login);
		kept->addresses = sta_arena_strdup(memory, id->addresses ? id->addresses : "");
	}
	if (kept && kept->caller.login && kept->addresses &&
	    sta_token_bounds_copy(memory, &kept->caller.bounds) &&
	    sta_limits_copy(memory, &kept->caller.limits, kept->caller.n_limits))
		sta_cache_put(r->callers, key, id->until_unix, memory, kept);
	else
		sta_arena_free(memory);
}

static enum sta_rc
authenticate(struct sta_registry *r, struct sta_call *call, enum credential_kind kind, const char *text,
	     size_t len, struct sta_err *err)
{
	struct credential cred = { .kind = kind, .text = text, .len = len };
	struct identity id = { .until_unix = INT64_MAX };
	unsigned char name[HASH_LEN + 1] = { (unsigned char) kind };
	const struct sta_cache_key key = { name, sizeof(name), sta_db_version(r->db) };
	const struct identity *known;
	enum sta_rc rc;

	if (len > STA_JWS_MAX)
		return sta_oci_unauthorized(err);
	rc = sta_hash_bytes(STA_SHA256, text, len, &cred.digest, err);
	if (rc != STA_OK)
		return rc;
	memcpy(name + 1, cred.digest.bytes, HASH_LEN);
	known = sta_cache_get(r->callers, &key, call->arena);
	if (known && known->from_unix <= sta_now_unix()) {
		id = *known;
		call->caller = id.caller;
	} else {
		rc = look_up(r, call, &cred, &id, err);
		id.caller = call->caller;
		if (rc == STA_OK)
			remember(r, &key, &id);
	}
	/* Of this request, whoever the credential was remembered for. */
	call->caller.bounds.elsewhere = id.addresses && sta_token_elsewhere(id.addresses, call->peer);
	if (rc == STA_OK && call->caller.token_id != 0)
		sta_used_note(r->used, STA_USED_TOKEN, call->caller.token_id, STA_USE_GOOD);
	return rc;
}

/* Of a job: a workflow's token of ours, or one of its issuer. */
static enum sta_rc
authenticate_jwt(struct sta_registry *r, struct sta_call *call, const char *text, size_t len,
		 struct sta_err *err)
{
	if (len <= STA_JWS_MAX && sta_sign_is_ours(r->key, text, len))
		return authenticate(r, call, CREDENTIAL_WORKFLOW, text, len, err);
	return sta_authenticate_workflow(r, call, text, len, err);
}

enum sta_rc
sta_authenticate_basic(struct sta_registry *r, struct sta_call *call, const char *user, const char *secret,
		       struct sta_err *err)
{
	if (sta_pat_valid(secret, strlen(secret)))
		return authenticate(r, call, CREDENTIAL_PAT, secret, strlen(secret), err);
	if (sta_jwt_looks_like(secret, strlen(secret)))
		return authenticate_jwt(r, call, secret, strlen(secret), err);
	return authenticate_password(r, call, user, secret, err);
}

/* "user:token" or "token" in base64: what clients make of a token without
 * asking the token endpoint. */
static enum sta_rc
authenticate_encoded(struct sta_registry *r, struct sta_call *call, const char *text, size_t len,
		     struct sta_err *err)
{
	size_t n = 0;
	char *plain = (char *) sta_unbase64(call->arena, text, len, false, &n);
	char *secret = plain;

	if (!plain && n == SIZE_MAX)
		return sta_err_set(err, STA_NOMEM, 0, "credential");
	if (!plain || strlen(plain) != n)
		return sta_oci_unauthorized(err);
	if (strchr(plain, ':'))
		secret = strchr(plain, ':') + 1;
	if (!sta_pat_valid(secret, strlen(secret)))
		return sta_oci_unauthorized(err);
	return authenticate(r, call, CREDENTIAL_PAT, secret, strlen(secret), err);
}

enum sta_rc
sta_authenticate_bearer(struct sta_registry *r, struct sta_call *call, const char *bearer, size_t len,
			struct sta_err *err)
{
	if (sta_pat_valid(bearer, len))
		return authenticate(r, call, CREDENTIAL_PAT, bearer, len, err);
	if (memchr(bearer, '.', len))
		return authenticate(r, call, CREDENTIAL_ACCESS, bearer, len, err);
	return authenticate_encoded(r, call, bearer, len, err);
}

enum sta_rc
sta_authenticate_refresh(struct sta_registry *r, struct sta_call *call, const char *refresh, size_t len,
			 struct sta_err *err)
{
	return authenticate(r, call, CREDENTIAL_REFRESH, refresh, len, err);
}
