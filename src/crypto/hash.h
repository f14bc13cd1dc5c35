/*
 * hash - incremental SHA-256 and SHA-512 (OpenSSL EVP).
 *
 * Layer: crypto.  May include: base, oci/digest.  Threads: one owner each.
 */
#ifndef STA_CRYPTO_HASH_H
#define STA_CRYPTO_HASH_H

#include <stddef.h>

#include "base/err.h"
#include "oci/digest.h"

struct sta_hash;

/* Owned by the caller. */
enum sta_rc sta_hash_new(enum sta_digest_alg alg, struct sta_hash **out, struct sta_err *err) STA_CHECK;
void sta_hash_free(struct sta_hash *h);
void sta_hash_auto(struct sta_hash **h);

enum sta_digest_alg sta_hash_alg(const struct sta_hash *h);

enum sta_rc sta_hash_update(struct sta_hash *h, const void *p, size_t len, struct sta_err *err) STA_CHECK;

/* Digest of all bytes so far; the hash may be updated further afterwards, so
 * an upload can be asked again after a failed finish. */
enum sta_rc sta_hash_peek(const struct sta_hash *h, struct sta_digest *out, struct sta_err *err) STA_CHECK;

/* One shot. */
enum sta_rc sta_hash_bytes(enum sta_digest_alg alg, const void *p, size_t len, struct sta_digest *out,
			   struct sta_err *err) STA_CHECK;

#endif
