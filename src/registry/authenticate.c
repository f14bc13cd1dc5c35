#include <string.h>

#include "base/auto.h"
#include "base/parse.h"
#include "crypto/hash.h"
#include "crypto/password.h"
#include "model/tokens.h"
#include "registry/claims.h"
#include "registry/core.h"
#include "registry/token.h"

#define PASSWORD_CACHE_S 300
#define CLOCK_SKEW_S 5 /* several servers, one database */

static enum sta_rc
wrong(struct sta_err *err)
{
	return sta_oci_fail(err, STA_UNAUTHENTICATED, STA_OCI_UNAUTHORIZED, "authentication required");
}

static enum sta_rc
not_found_is_wrong(enum sta_rc rc, struct sta_err *err)
{
	return rc == STA_NOT_FOUND ? wrong(err) : rc;
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
	};
}

static bool
token_alive(const struct sta_token_row *t)
{
	return !t->revoked && (t->expires_unix == 0 || t->expires_unix > sta_now_unix());
}

/* Account and token as they are at this moment, for a token that was found. */
static enum sta_rc
become_token_owner(struct sta_registry *r, struct sta_db_conn *c, struct sta_call *call,
		   const struct sta_token_row *t, struct sta_err *err)
{
	struct sta_account account;
	enum sta_rc rc =
		not_found_is_wrong(sta_account_by_id(c, call->arena, t->account_id, &account, err), err);

	if (rc != STA_OK)
		return rc;
	if (account.disabled || !token_alive(t))
		return wrong(err);
	sta_used_note(r->used, t->id);
	become(call, &account, t->scopes, t->id);
	return STA_OK;
}

static enum sta_rc
authenticate_pat(struct sta_registry *r, struct sta_call *call, const char *text, size_t len,
		 struct sta_err *err)
{
	unsigned char hash[STA_PAT_HASH_LEN];
	struct sta_db_conn *c = NULL;
	struct sta_token_row row;
	enum sta_rc rc = sta_pat_hash(text, len, hash, err);

	if (rc == STA_OK)
		rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = not_found_is_wrong(sta_token_by_hash(c, call->arena, hash, sizeof(hash), &row, err),
					err);
	return rc == STA_OK ? become_token_owner(r, c, call, &row, err) : rc;
}

/* A name for "this password of this account at this epoch" that is of no use
 * outside this process. */
static enum sta_rc
password_key(const struct sta_registry *r, const struct sta_account *account, const char *password,
	     unsigned char key[STA_CACHE_KEY_LEN], struct sta_err *err)
{
	STA_AUTO(sta_hash_auto) struct sta_hash *h = NULL;
	struct sta_digest d;
	enum sta_rc rc = sta_hash_new(STA_SHA256, &h, err);

	if (rc == STA_OK)
		rc = sta_hash_update(h, r->cache_key, sizeof(r->cache_key), err);
	if (rc == STA_OK)
		rc = sta_hash_update(h, &account->id, sizeof(account->id), err);
	if (rc == STA_OK)
		rc = sta_hash_update(h, &account->epoch, sizeof(account->epoch), err);
	if (rc == STA_OK)
		rc = sta_hash_update(h, password, strlen(password), err);
	if (rc == STA_OK)
		rc = sta_hash_peek(h, &d, err);
	if (rc == STA_OK)
		memcpy(key, d.bytes, STA_CACHE_KEY_LEN);
	return rc;
}

static enum sta_rc
verify_password(struct sta_registry *r, const struct sta_call *call, const struct sta_account *account,
		const char *password, struct sta_err *err)
{
	unsigned char key[STA_CACHE_KEY_LEN];
	size_t len = 0;
	bool ok = false;
	enum sta_rc rc = password_key(r, account, password, key, err);

	if (rc == STA_OK && sta_cache_get(r->passwords, key, call->arena, &len))
		return STA_OK;
	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	if (rc == STA_OK)
		rc = sta_password_verify(account->password_hash, password, strlen(password), &ok, err);
	if (rc != STA_OK)
		return rc;
	if (!ok)
		return wrong(err);
	sta_cache_put(r->passwords, key, "", 0, sta_now_unix() + PASSWORD_CACHE_S);
	return STA_OK;
}

enum sta_rc
sta_authenticate_basic(struct sta_registry *r, struct sta_call *call, const char *user, const char *secret,
		       struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_account account = { 0 };
	enum sta_rc rc;

	if (sta_pat_valid(secret, strlen(secret)))
		return authenticate_pat(r, call, secret, strlen(secret), err);
	if (strlen(secret) > STA_PASSWORD_MAX)
		return wrong(err);
	rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = sta_account_by_name(c, call->arena, user, &account, err);
	if (rc == STA_NOT_FOUND) /* go on: an unknown name takes as long as a wrong password */
		rc = STA_OK;
	if (rc == STA_OK)
		rc = verify_password(r, call, &account, secret, err);
	if (rc != STA_OK)
		return rc;
	if (account.disabled || account.id == 0)
		return wrong(err);
	become(call, &account, STA_SCOPE_ALL, 0);
	return STA_OK;
}

/* The signature is checked once; what it signs is looked at each time. */
static enum sta_rc
verified_payload(struct sta_registry *r, const struct sta_call *call, const char *jws, size_t len,
		 char **payload, size_t *payload_len, struct sta_err *err)
{
	struct sta_digest key;
	enum sta_rc rc;

	if (len > STA_JWS_MAX)
		return wrong(err);
	rc = sta_hash_bytes(STA_SHA256, jws, len, &key, err);
	if (rc != STA_OK)
		return rc;
	*payload = sta_cache_get(r->bearers, key.bytes, call->arena, payload_len);
	if (*payload)
		return STA_OK;
	rc = sta_sign_verify(r->key, call->arena, jws, len, payload, payload_len, err);
	if (rc == STA_OK)
		sta_cache_put(r->bearers, key.bytes, *payload, *payload_len,
			      sta_now_unix() + (int64_t) r->options.token_ttl_s);
	return rc == STA_UNAUTHENTICATED ? wrong(err) : rc;
}

/* The account as it is now, and the personal access token that the bearer token came from. */
static enum sta_rc
become_subject(struct sta_registry *r, struct sta_call *call, const struct sta_claims *claims,
	       struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_account account;
	struct sta_token_row row;
	enum sta_rc rc = sta_db_reader(r->db, &c, err);

	if (rc == STA_OK)
		rc = not_found_is_wrong(sta_account_by_id(c, call->arena, claims->user_id, &account, err),
					err);
	if (rc != STA_OK)
		return rc;
	if (account.disabled || account.epoch != claims->epoch)
		return wrong(err);
	if (claims->token_id == 0) {
		become(call, &account, STA_SCOPE_ALL, 0);
		return STA_OK;
	}
	rc = not_found_is_wrong(sta_token_by_id(c, call->arena, claims->token_id, &row, err), err);
	if (rc != STA_OK)
		return rc;
	if (!token_alive(&row) || row.account_id != account.id)
		return wrong(err);
	sta_used_note(r->used, row.id);
	become(call, &account, row.scopes, row.id);
	return STA_OK;
}

static enum sta_rc
authenticate_jws(struct sta_registry *r, struct sta_call *call, const char *jws, size_t len,
		 enum sta_claims_kind kind, struct sta_err *err)
{
	struct sta_claims claims;
	char *payload = NULL;
	size_t payload_len = 0;
	int64_t now = sta_now_unix();
	enum sta_rc rc = verified_payload(r, call, jws, len, &payload, &payload_len, err);

	if (rc == STA_OK)
		rc = sta_claims_read(call->arena, payload, payload_len, kind, &claims, err);
	if (rc != STA_OK)
		return rc;
	if (claims.expires_unix <= now || claims.issued_unix > now + CLOCK_SKEW_S)
		return wrong(err);
	if (claims.user_id != 0)
		rc = become_subject(r, call, &claims, err);
	else
		call->caller = (struct sta_caller){ .kind = STA_CALLER_ANONYMOUS, .login = "" };
	if (rc != STA_OK)
		return rc;
	if (kind == STA_CLAIMS_ACCESS) {
		call->caller.limited = true;
		call->caller.limits = claims.limits;
		call->caller.n_limits = claims.n_limits;
		call->caller.limit_catalog = claims.catalog;
		call->caller.limit_mounts = claims.mounts;
	}
	return STA_OK;
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

	if (!plain || strlen(plain) != n)
		return wrong(err);
	if (strchr(plain, ':'))
		secret = strchr(plain, ':') + 1;
	if (!sta_pat_valid(secret, strlen(secret)))
		return wrong(err);
	return authenticate_pat(r, call, secret, strlen(secret), err);
}

enum sta_rc
sta_authenticate_bearer(struct sta_registry *r, struct sta_call *call, const char *bearer, size_t len,
			struct sta_err *err)
{
	if (sta_pat_valid(bearer, len))
		return authenticate_pat(r, call, bearer, len, err);
	if (memchr(bearer, '.', len))
		return authenticate_jws(r, call, bearer, len, STA_CLAIMS_ACCESS, err);
	return authenticate_encoded(r, call, bearer, len, err);
}

enum sta_rc
sta_authenticate_refresh(struct sta_registry *r, struct sta_call *call, const char *refresh, size_t len,
			 struct sta_err *err)
{
	return authenticate_jws(r, call, refresh, len, STA_CLAIMS_REFRESH, err);
}
