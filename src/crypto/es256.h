/*
 * es256 - ECDSA signatures on P-256 as JOSE has them: r and s in one row (RFC 7518, 3.4).
 *
 * Layer: crypto.  May include: base.  Threads: a key may be used by any.
 */
#ifndef STA_CRYPTO_ES256_H
#define STA_CRYPTO_ES256_H

#include <stddef.h>

#include "base/err.h"

#define STA_ES256_COORDINATE_LEN 32
#define STA_ES256_LEN 64

struct evp_pkey_st; /* OpenSSL's EVP_PKEY */

/* STA_UNAUTHENTICATED: not this key's signature of these bytes. */
enum sta_rc sta_es256_verify(struct evp_pkey_st *key, const void *p, size_t len,
			     const unsigned char signature[STA_ES256_LEN], struct sta_err *err) STA_CHECK;

#endif
