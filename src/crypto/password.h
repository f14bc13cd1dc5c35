/*
 * password - Argon2id (libsodium, interactive limits of OWASP: 19 MiB, t=2).
 *
 * Each call takes tens of milliseconds and 19 MiB: never on an event-loop
 * thread.  At most one per core runs at a time; the rest wait in line, and
 * past STA_PASSWORD_QUEUE_MAX waiting callers get STA_TOO_MANY.
 *
 * Layer: crypto.  May include: base.  Threads: any that may wait.
 */
#ifndef STA_CRYPTO_PASSWORD_H
#define STA_CRYPTO_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define STA_PASSWORD_HASH_MAX 128
#define STA_PASSWORD_MAX 1024 /* bytes; longer ones are refused, never cut */
#define STA_PASSWORD_QUEUE_MAX 64

enum sta_rc sta_password_hash(const char *password, size_t len, char out[STA_PASSWORD_HASH_MAX],
			      struct sta_err *err) STA_CHECK;

/* *ok false: wrong password.  hash NULL: no such user; the work is done all
 * the same, against a dummy of equal cost, and *ok is false. */
enum sta_rc sta_password_verify(const char *hash, const char *password, size_t len, bool *ok,
				struct sta_err *err) STA_CHECK;

#endif
