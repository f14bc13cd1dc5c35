/*
 * jwt_internal - what the files of jwt share.
 *
 * jwt.c reads tokens, jwks.c key sets and verifies, jwk.c makes one key of what a set says.
 *
 * Only files of crypto/ include this.
 *
 * Layer: crypto.
 */
#ifndef STA_CRYPTO_JWT_INTERNAL_H
#define STA_CRYPTO_JWT_INTERNAL_H

#include <stdbool.h>

#include "crypto/jwt.h"

struct evp_pkey_st; /* OpenSSL's EVP_PKEY */

struct sta_jwk {
	enum sta_jwt_alg alg;
	char *kid; /* owned; NULL: none */
	struct evp_pkey_st *pkey;
};

const char *sta_jwt_alg_name(enum sta_jwt_alg alg);
/* False: none of ours; NULL is allowed. */
bool sta_jwt_alg_parse(const char *name, enum sta_jwt_alg *out);

/* base64url without padding and without anything else; STA_INVALID: it is not. */
enum sta_rc sta_jwt_decode(struct sta_arena *a, const char *text, size_t len, unsigned char **out,
			   size_t *out_len, struct sta_err *err) STA_CHECK;

/* STA_INVALID: a key that is left out; the message says why. */
enum sta_rc sta_jwk_read(struct sta_arena *scratch, const json_t *j, struct sta_jwk *out,
			 struct sta_err *err) STA_CHECK;
void sta_jwk_done(struct sta_jwk *k);

#endif
