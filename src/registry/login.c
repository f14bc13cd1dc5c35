#include "registry/login.h"

#include <string.h>

#include "base/auto.h"
#include "crypto/hash.h"
#include "crypto/password.h"
#include "registry/core.h"

#define PASSWORD_CACHE_S 300
#define MEMORY_MIN ((size_t) 1024) /* of an entry of the cache */

/* The same for every name, and whether the secret is right or not. */
static enum sta_rc
too_early(uint64_t wait_s, struct sta_err *err)
{
	(void) sta_oci_fail(err, STA_TOO_MANY, STA_OCI_TOOMANYREQUESTS,
			    "too many failed attempts to sign in; try again later");
	err->wait_s = (unsigned) wait_s;
	return STA_TOO_MANY;
}

static uint64_t
now_ms(void)
{
	return sta_now_ns() / 1000000;
}

static struct sta_attempt
attempt_by(const struct sta_call *call, const char *account, const void *secret_hash)
{
	struct sta_attempt t = { .account = account, .peer = call->peer ? call->peer : "" };

	memcpy(&t.secret, secret_hash, sizeof(t.secret));
	return t;
}

enum sta_rc
sta_login_unknown_token(struct sta_registry *r, const struct sta_call *call, const unsigned char *hash,
			struct sta_err *err)
{
	struct sta_attempt t = attempt_by(call, NULL, hash);
	uint64_t wait_s = sta_attempts_begin(r->attempts, &t, now_ms());

	if (wait_s > 0)
		return too_early(wait_s, err);
	sta_attempts_end(r->attempts, &t, STA_ATTEMPT_FAILED, now_ms());
	return sta_oci_unauthorized(err);
}

/* A name for "this password of this account at this epoch" that is of no use
 * outside this process. */
static enum sta_rc
password_digest(const struct sta_registry *r, const struct sta_account *account, const char *password,
		struct sta_digest *out, struct sta_err *err)
{
	STA_AUTO(sta_hash_auto) struct sta_hash *h = NULL;
	enum sta_rc rc = sta_hash_new(STA_SHA256, &h, err);

	if (rc == STA_OK)
		rc = sta_hash_update(h, r->cache_key, sizeof(r->cache_key), err);
	if (rc == STA_OK)
		rc = sta_hash_update(h, &account->id, sizeof(account->id), err);
	if (rc == STA_OK)
		rc = sta_hash_update(h, &account->epoch, sizeof(account->epoch), err);
	if (rc == STA_OK)
		rc = sta_hash_update(h, password, strlen(password), err);
	return rc == STA_OK ? sta_hash_peek(h, out, err) : rc;
}

/* Hash it, and count how it ends.  The right one of a disabled account is as good as a wrong one. */
static enum sta_rc
try_password(struct sta_registry *r, struct sta_attempt *t, const struct sta_account *account,
	     const char *password, struct sta_err *err)
{
	uint64_t wait_s = sta_attempts_begin(r->attempts, t, now_ms());
	bool ok = false;
	enum sta_rc rc;

	if (wait_s > 0)
		return too_early(wait_s, err);
	rc = sta_password_verify(account->password_hash, password, strlen(password), &ok, err);
	ok = ok && !account->disabled;
	sta_attempts_end(r->attempts, t,
			 rc != STA_OK ? STA_ATTEMPT_NOT_MADE
			 : ok         ? STA_ATTEMPT_SUCCEEDED
				      : STA_ATTEMPT_FAILED,
			 now_ms());
	return rc == STA_OK && !ok ? sta_oci_unauthorized(err) : rc;
}

enum sta_rc
sta_login_password(struct sta_registry *r, const struct sta_call *call, const struct sta_account *account,
		   const char *name, const char *password, struct sta_err *err)
{
	struct sta_digest digest;
	const struct sta_cache_key key = { .bytes = digest.bytes, .len = 32 };
	struct sta_attempt t;
	uint64_t wait_s;
	enum sta_rc rc = password_digest(r, account, password, &digest, err);

	if (rc == STA_OK && sta_cache_get(r->passwords, &key, call->arena))
		return STA_OK;
	if (rc != STA_OK)
		return rc;
	t = attempt_by(call, name, digest.bytes);
	wait_s = sta_attempts_wait(r->attempts, &t, now_ms());
	if (wait_s > 0)
		return too_early(wait_s, err);
	if (call->must_not_hash)
		return sta_err_set(err, STA_WOULD_HASH, 0, "must hash");
	rc = sta_must_wait(call, err);
	if (rc == STA_OK)
		rc = try_password(r, &t, account, password, err);
	if (rc == STA_OK)
		sta_cache_put(r->passwords, &key, sta_now_unix() + PASSWORD_CACHE_S,
			      sta_arena_new(MEMORY_MIN), "");
	return rc;
}
