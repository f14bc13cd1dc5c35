/*
 * sign - compact JWS with ES256, and nothing else of JOSE.
 *
 * sta_sign_verify() accepts exactly: three dot-separated base64url parts, at
 * most STA_JWS_MAX bytes, a protected header that is byte for byte the one we
 * write ({"alg":"ES256","typ":"JWT","kid":"..."} with our kid).  Comparing the
 * header instead of interpreting it leaves no room for alg, jwk, jku, x5u,
 * crit, b64 or zip games (CVE-2025-24976 and its family).
 *
 * Layer: crypto.  May include: base.  Threads: a key may be used by any.
 */
#ifndef STA_CRYPTO_SIGN_H
#define STA_CRYPTO_SIGN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

#define STA_JWS_MAX 8192

struct sta_sign_key;

/* New P-256 key / the key in a PKCS#8 PEM.  Owned by the caller. */
enum sta_rc sta_sign_key_new(struct sta_sign_key **out, struct sta_err *err) STA_CHECK;
enum sta_rc sta_sign_key_load(const char *pem, size_t len, struct sta_sign_key **out,
			      struct sta_err *err) STA_CHECK;
void sta_sign_key_free(struct sta_sign_key *k);

/* PEM text in the arena; a secret. */
enum sta_rc sta_sign_key_save(const struct sta_sign_key *k, struct sta_arena *a, char **pem,
			      struct sta_err *err) STA_CHECK;

/* payload -> "header.payload.signature" in the arena. */
enum sta_rc sta_sign_jws(const struct sta_sign_key *k, struct sta_arena *a, const char *payload, size_t len,
			 char **out, struct sta_err *err) STA_CHECK;

/* Whether it begins as what this key signed does; the rest may be anything. */
bool sta_sign_is_ours(const struct sta_sign_key *k, const char *jws, size_t len);

/* STA_UNAUTHENTICATED unless the signature is ours; then *payload (arena,
 * NUL-terminated) holds the bytes that were signed. */
enum sta_rc sta_sign_verify(const struct sta_sign_key *k, struct sta_arena *a, const char *jws, size_t len,
			    char **payload, size_t *payload_len, struct sta_err *err) STA_CHECK;

#endif
