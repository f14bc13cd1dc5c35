#include <string.h>

#include "base/auto.h"
#include "base/parse.h"
#include "crypto/hash.h"
#include "crypto/jwt.h"
#include "crypto/password.h"
#include "model/tokens.h"
#include "registry/core.h"
#include "registry/login.h"
#include "registry/subject.h"
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

static enum sta_rc
look_up_pat(struct sta_registry *r, struct sta_db_conn *c, struct sta_call *call, const char *text,
	    size_t len, struct sta_identity *id, struct sta_err *err)
{
	unsigned char hash[STA_PAT_HASH_LEN];
	struct sta_token_row row;
	enum sta_rc rc = sta_pat_hash(text, len, hash, err);

	if (rc == STA_OK)
		rc = sta_token_by_hash(c, call->arena, hash, sizeof(hash), &row, err);
	if (rc == STA_NOT_FOUND)
		return sta_login_unknown_token(r, call, hash, err);
	return rc == STA_OK ? sta_subject_of_token(r, c, call, &row, id, err) : rc;
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
	sta_subject_of_password(call, &account);
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
	    const struct credential *cred, struct sta_identity *id, struct sta_err *err)
{
	const struct sta_claims *claims = verified_claims(r, call, cred, err);
	int64_t now = sta_now_unix();
	enum sta_rc rc = STA_OK;

	if (!claims)
		return err->rc;
	if (!is_of_kind(claims, cred->kind) || claims->issued_unix - CLOCK_SKEW_S > now)
		return sta_oci_unauthorized(err);
	if (claims->expires_unix <= now)
		return sta_subject_ended(call, err);
	id->from_unix = claims->issued_unix - CLOCK_SKEW_S;
	id->until_unix = claims->expires_unix;
	if (claims->user_id != 0)
		rc = sta_subject_of_claims(r, c, call, claims, id, err);
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
look_up(struct sta_registry *r, struct sta_call *call, const struct credential *cred, struct sta_identity *id,
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
memory_for(const struct sta_identity *id)
{
	return MEMORY_FOR(id->caller.n_limits) + sta_token_bounds_size(&id->caller.bounds) +
	       (id->addresses ? strlen(id->addresses) : 0);
}

static void
remember(struct sta_registry *r, const struct sta_cache_key *key, const struct sta_identity *id)
{
	struct sta_arena *memory = sta_arena_new(memory_for(id));
	struct sta_identity *kept = memory ? sta_arena_memdup(memory, id, sizeof(*id)) : NULL;

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
	struct sta_identity id = { .until_unix = INT64_MAX };
	unsigned char name[HASH_LEN + 1] = { (unsigned char) kind };
	const struct sta_cache_key key = { name, sizeof(name), sta_db_version(r->db) };
	const struct sta_identity *known;
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
	if (rc != STA_OK) /* not half of somebody */
		call->caller = (struct sta_caller){ .kind = STA_CALLER_ANONYMOUS, .login = "" };
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
