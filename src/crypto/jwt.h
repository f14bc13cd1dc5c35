/*
 * jwt - JSON Web Tokens that others signed (RFC 7519), and their keys (RFC 7517).
 *
 * Compact JWS alone (RFC 7515, 7.1) with RS256 (keys of 2,048 to 8,192 bits), ES256 (P-256) or
 * EdDSA (Ed25519, RFC 8037).  The key decides what algorithm it is good for; "alg" has to agree.
 * Nothing in a token's header ever names, brings or fetches a key: with "jwk", "jku", "x5u", "x5c",
 * "crit", "b64", "zip" or "enc" the token is refused, whatever their value.  "x5t" is ignored.
 * "typ", when there, is "JWT" or "at+jwt" in any case.
 *
 * Our own tokens are crypto/sign.h's, which accepts no other's.
 *
 * Layer: crypto.  May include: base.  Threads: a key set is never changed after it was made, and
 * may be used by any.
 */
#ifndef STA_CRYPTO_JWT_H
#define STA_CRYPTO_JWT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"

#define STA_JWT_MAX 16384        /* bytes of a token */
#define STA_JWT_KID_MAX 256      /* bytes of a key's id */
#define STA_JWKS_KEYS_MAX 64     /* keys of a set that are looked at */
#define STA_JWKS_MAX (256 << 10) /* bytes of a set's text */

struct sta_jwks;

/* The public keys of a set that can verify signatures.  Keys of other kinds or curves, for another
 * use ("use", "key_ops", "alg"), too short ones, symmetric ones, malformed ones and those that come with
 * their private half are left out; so is what stands behind the first STA_JWKS_KEYS_MAX.
 * STA_INVALID: not a key set, or no key is left; the message says which. Owned by the caller. */
enum sta_rc sta_jwks_parse(const char *json, size_t len, struct sta_jwks **out,
			   struct sta_err *err) STA_CHECK;
void sta_jwks_free(struct sta_jwks *keys); /* NULL is allowed */
size_t sta_jwks_count(const struct sta_jwks *keys);

enum sta_jwt_alg { STA_JWT_RS256, STA_JWT_ES256, STA_JWT_EDDSA };

/* A token whose form is right and whose signature nobody has looked at. */
struct sta_jwt {
	enum sta_jwt_alg alg;
	const char *kid;      /* NULL: none */
	const json_t *claims; /* an object */
	const char *signed_text;
	size_t signed_len;
	const unsigned char *signature;
	size_t signature_len;
};

/* Whether it could be one, by its looks: "eyJ", two dots, base64url.  Never a password then. */
bool sta_jwt_looks_like(const char *text, size_t len);

/* All in the arena; text is borrowed.  STA_UNAUTHENTICATED: not of the form above; the message
 * says what is wrong, for the log. */
enum sta_rc sta_jwt_parse(struct sta_arena *a, const char *text, size_t len, struct sta_jwt *out,
			  struct sta_err *err) STA_CHECK;

/* STA_OK: signed by a key of the set.  STA_NOT_FOUND: the set has no key of that id (a token without
 * an id needs a set with one key of its algorithm).  STA_UNAUTHENTICATED: the signature is wrong,
 * that key is for another algorithm, or two keys of the algorithm have the id. */
enum sta_rc sta_jwt_verify(const struct sta_jwks *keys, const struct sta_jwt *token,
			   struct sta_err *err) STA_CHECK;

#endif
