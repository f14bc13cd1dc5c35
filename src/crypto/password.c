#include "crypto/password.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* OWASP's least for Argon2id: t=2, m=19 MiB, p=1 (libsodium always uses p=1). */
#define OPS 2
#define MEMORY_BYTES ((size_t) 19 * 1024 * 1024)

_Static_assert(STA_PASSWORD_HASH_MAX == crypto_pwhash_STRBYTES, "libsodium writes this many");

/* Callers take tickets and run in that order; ticket t may run as soon as
 * t < left + cores, so no more than one runs per core. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	uint64_t next; /* ticket of the next caller */
	uint64_t left; /* callers that have finished */
} line = { .lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER };

/* What a password is compared with when there is no such user. */
static struct {
	pthread_mutex_t lock;
	char hash[STA_PASSWORD_HASH_MAX]; /* empty until first used */
} dummy = { .lock = PTHREAD_MUTEX_INITIALIZER };

static uint64_t
cores(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 0 ? (uint64_t) n : 1;
}

/* Wait for a core; STA_TOO_MANY at once when the line is full. */
static enum sta_rc
enter(struct sta_err *err)
{
	uint64_t slots = cores();
	uint64_t mine;

	if (sodium_init() < 0)
		return sta_err_set(err, STA_BACKEND, 0, "libsodium cannot start");
	(void) pthread_mutex_lock(&line.lock);
	if (line.next - line.left >= slots + STA_PASSWORD_QUEUE_MAX) {
		(void) pthread_mutex_unlock(&line.lock);
		return sta_err_set(err, STA_TOO_MANY, 0, "too many passwords are being checked");
	}
	mine = line.next++;
	while (mine >= line.left + slots)
		(void) pthread_cond_wait(&line.moved, &line.lock);
	(void) pthread_mutex_unlock(&line.lock);
	return STA_OK;
}

static void
leave(void)
{
	(void) pthread_mutex_lock(&line.lock);
	line.left++;
	(void) pthread_cond_broadcast(&line.moved);
	(void) pthread_mutex_unlock(&line.lock);
}

/* The same work factor for real and dummy hashes, because it is the same call. */
static enum sta_rc
make_hash(const char *password, size_t len, char out[STA_PASSWORD_HASH_MAX], struct sta_err *err)
{
	char made[STA_PASSWORD_HASH_MAX];

	if (crypto_pwhash_str_alg(made, password, len, OPS, MEMORY_BYTES, crypto_pwhash_ALG_ARGON2ID13) != 0)
		return sta_err_set(err, STA_NOMEM, 0, "out of memory for a password hash");
	memcpy(out, made, sizeof(made));
	return STA_OK;
}

/* Made on the first check of any password, not on the first unknown user:
 * that one would take twice as long as the others. */
static enum sta_rc
make_dummy(struct sta_err *err)
{
	enum sta_rc rc = STA_OK;

	(void) pthread_mutex_lock(&dummy.lock);
	if (dummy.hash[0] == '\0') {
		char secret[32];

		randombytes_buf(secret, sizeof(secret));
		rc = make_hash(secret, sizeof(secret), dummy.hash, err);
		sodium_memzero(secret, sizeof(secret));
	}
	(void) pthread_mutex_unlock(&dummy.lock);
	return rc;
}

/* libsodium says "no" for a wrong password, a malformed hash and a lack of
 * memory alike; only errno tells them apart. */
static enum sta_rc
compare(const char *hash, const char *password, size_t len, bool *ok, struct sta_err *err)
{
	errno = 0;
	if (crypto_pwhash_str_verify(hash, password, len) == 0) {
		*ok = true;
		return STA_OK;
	}
	if (errno == ENOMEM)
		return sta_err_set(err, STA_NOMEM, 0, "out of memory for a password hash");
	if (crypto_pwhash_str_needs_rehash(hash, OPS, MEMORY_BYTES) < 0)
		return sta_err_set(err, STA_CORRUPT, 0, "stored password hash is malformed");
	*ok = false;
	return STA_OK;
}

enum sta_rc
sta_password_hash(const char *password, size_t len, char out[STA_PASSWORD_HASH_MAX], struct sta_err *err)
{
	enum sta_rc rc;

	if (len > STA_PASSWORD_MAX)
		return sta_err_set(err, STA_INVALID, 0, "password is longer than %d bytes", STA_PASSWORD_MAX);
	rc = enter(err);
	if (rc != STA_OK)
		return rc;
	rc = make_hash(password, len, out, err);
	leave();
	return rc;
}

enum sta_rc
sta_password_verify(const char *hash, const char *password, size_t len, bool *ok, struct sta_err *err)
{
	bool same = false;
	enum sta_rc rc;

	if (len > STA_PASSWORD_MAX) { /* nobody can have set it */
		*ok = false;
		return STA_OK;
	}
	rc = enter(err);
	if (rc != STA_OK)
		return rc;
	rc = make_dummy(err);
	if (rc == STA_OK)
		rc = compare(hash ? hash : dummy.hash, password, len, &same, err);
	leave();
	if (rc == STA_OK)
		*ok = hash != NULL && same;
	return rc;
}
