/* Keys of each kind, what a key set says of them, and tokens signed with them. */
#ifndef STA_TEST_JWT_KEYS_H
#define STA_TEST_JWT_KEYS_H

#include "t.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

#include "base/parse.h"
#include "crypto/jwt.h"

enum kind { KIND_RSA, KIND_EC, KIND_ED, N_KINDS };

static const char *const alg_of[N_KINDS] = { "RS256", "ES256", "EdDSA" };

/* Two of each kind, made once: the second is a stranger's. */
static EVP_PKEY *pkeys[N_KINDS][2];

static inline int
make_pkeys(void **state)
{
	(void) state;
	for (size_t i = 0; i < 2; i++) {
		pkeys[KIND_RSA][i] = EVP_RSA_gen(2048U);
		pkeys[KIND_EC][i] = EVP_EC_gen("P-256");
		pkeys[KIND_ED][i] = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
		for (size_t k = 0; k < N_KINDS; k++)
			assert_non_null(pkeys[k][i]);
	}
	return 0;
}

static inline int
free_pkeys(void **state)
{
	(void) state;
	for (size_t k = 0; k < N_KINDS; k++) {
		EVP_PKEY_free(pkeys[k][0]);
		EVP_PKEY_free(pkeys[k][1]);
	}
	return 0;
}

/* A number of a key as base64url, of len bytes; 0: as many as it has. */
static inline char *
number(struct sta_arena *a, const EVP_PKEY *pkey, const char *name, int len)
{
	unsigned char raw[2048];
	BIGNUM *n = NULL;
	int used;

	assert_int_equal(EVP_PKEY_get_bn_param(pkey, name, &n), 1);
	used = len ? BN_bn2binpad(n, raw, len) : BN_bn2bin(n, raw);
	BN_free(n);
	assert_true(used > 0);
	return sta_base64(a, raw, (size_t) used, true);
}

/* The members of a key without the braces, so that a test can add some. */
static inline char *
members(struct sta_arena *a, enum kind kind, const EVP_PKEY *pkey)
{
	unsigned char raw[32];
	size_t len = sizeof(raw);

	if (kind == KIND_RSA)
		return sta_arena_printf(a, "\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"",
					number(a, pkey, OSSL_PKEY_PARAM_RSA_N, 0),
					number(a, pkey, OSSL_PKEY_PARAM_RSA_E, 0));
	if (kind == KIND_EC)
		return sta_arena_printf(a, "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"",
					number(a, pkey, OSSL_PKEY_PARAM_EC_PUB_X, 32),
					number(a, pkey, OSSL_PKEY_PARAM_EC_PUB_Y, 32));
	assert_int_equal(EVP_PKEY_get_raw_public_key(pkey, raw, &len), 1);
	return sta_arena_printf(a, "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"",
				sta_base64(a, raw, len, true));
}

/* Signature in DER for EC keys, else as it is. */
static inline size_t
sign_plainly(EVP_PKEY *pkey, const char *text, unsigned char *out, size_t cap)
{
	const EVP_MD *md = EVP_PKEY_is_a(pkey, "ED25519") ? NULL : EVP_sha256();
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	size_t len = cap;

	assert_int_equal(EVP_DigestSignInit(c, NULL, md, NULL, pkey), 1);
	assert_int_equal(EVP_DigestSign(c, out, &len, (const unsigned char *) text, strlen(text)), 1);
	EVP_MD_CTX_free(c);
	return len;
}

/* As JOSE has it. */
static inline size_t
sign_text(EVP_PKEY *pkey, const char *text, unsigned char *out, size_t cap)
{
	unsigned char der[80];
	const unsigned char *p = der;
	ECDSA_SIG *sig;
	size_t len;

	if (!EVP_PKEY_is_a(pkey, "EC"))
		return sign_plainly(pkey, text, out, cap);
	len = sign_plainly(pkey, text, der, sizeof(der));
	sig = d2i_ECDSA_SIG(NULL, &p, (long) len);
	assert_non_null(sig);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, 32), 32);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + 32, 32), 32);
	ECDSA_SIG_free(sig);
	return 64;
}

static inline char *
b64(struct sta_arena *a, const char *s)
{
	return sta_base64(a, s, strlen(s), true);
}

/* "header.payload.signature", signed with that key whatever the header says. */
static inline char *
token_of(struct sta_arena *a, EVP_PKEY *pkey, const char *header, const char *payload)
{
	char *text = sta_arena_printf(a, "%s.%s", b64(a, header), b64(a, payload));
	unsigned char raw[1024];
	size_t len = sign_text(pkey, text, raw, sizeof(raw));

	return sta_arena_printf(a, "%s.%s", text, sta_base64(a, raw, len, true));
}

#endif
