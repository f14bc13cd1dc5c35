#include "crypto/sign.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "base/auto.h"
#include "base/parse.h"
#include "crypto/es256.h"
#include "crypto/hash.h"

#define CURVE "P-256"
#define COORDINATE_LEN STA_ES256_COORDINATE_LEN
#define SIGNATURE_LEN STA_ES256_LEN
#define SIGNATURE_TEXT_LEN 86
#define DER_MAX 80 /* of such a signature: 72 */
#define SCRATCH_MAX 4096

struct sta_sign_key {
	EVP_PKEY *pkey;
	char *header; /* base64url of the protected header, and the dot after it */
	size_t header_len;
};

static void
auto_pkey(EVP_PKEY **k)
{
	EVP_PKEY_free(*k);
}

static void
auto_pkey_ctx(EVP_PKEY_CTX **c)
{
	EVP_PKEY_CTX_free(*c);
}

static void
auto_md_ctx(EVP_MD_CTX **c)
{
	EVP_MD_CTX_free(*c);
}

static void
auto_bio(BIO **b)
{
	BIO_free_all(*b);
}

static void
auto_bn(BIGNUM **n)
{
	BN_free(*n);
}

static void
auto_sig(ECDSA_SIG **s)
{
	ECDSA_SIG_free(*s);
}

static void
auto_pkcs8(PKCS8_PRIV_KEY_INFO **p)
{
	PKCS8_PRIV_KEY_INFO_free(*p);
}

static void
auto_key(struct sta_sign_key **k)
{
	sta_sign_key_free(*k);
}

/* OpenSSL keeps what failed in a queue of the thread, which nobody reads. */
static enum sta_rc
fail(enum sta_rc rc, const char *what, struct sta_err *err)
{
	ERR_clear_error();
	return sta_err_set(err, rc, 0, "%s", what);
}

static enum sta_rc
no_memory(struct sta_err *err)
{
	return fail(STA_NOMEM, "out of memory for a signature", err);
}

static enum sta_rc
refused(struct sta_err *err)
{
	return fail(STA_UNAUTHENTICATED, "token is not one of ours", err);
}

/* One coordinate of the public point as base64url, or NULL. */
static char *
coordinate(const EVP_PKEY *pkey, const char *name, struct sta_arena *a)
{
	STA_AUTO(auto_bn) BIGNUM *n = NULL;
	unsigned char raw[COORDINATE_LEN];

	if (EVP_PKEY_get_bn_param(pkey, name, &n) != 1 || BN_bn2binpad(n, raw, sizeof(raw)) != sizeof(raw))
		return NULL;
	return sta_base64(a, raw, sizeof(raw), true);
}

/* The key's RFC 7638 thumbprint is its kid: every process that holds the key
 * comes to the same one. */
static enum sta_rc
make_header(struct sta_sign_key *k, struct sta_arena *a, struct sta_err *err)
{
	const char *x = coordinate(k->pkey, OSSL_PKEY_PARAM_EC_PUB_X, a);
	const char *y = coordinate(k->pkey, OSSL_PKEY_PARAM_EC_PUB_Y, a);
	const char *jwk, *kid, *json, *text;
	struct sta_digest d;
	enum sta_rc rc;

	jwk = x && y ? sta_arena_printf(a, "{\"crv\":\"" CURVE "\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}",
					x, y)
		     : NULL;
	if (!jwk)
		return no_memory(err);
	rc = sta_hash_bytes(STA_SHA256, jwk, strlen(jwk), &d, err);
	if (rc != STA_OK)
		return rc;
	kid = sta_base64(a, d.bytes, sta_digest_len(d.alg), true);
	json = kid ? sta_arena_printf(a, "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"%s\"}", kid) : NULL;
	text = json ? sta_base64(a, json, strlen(json), true) : NULL;
	text = text ? sta_arena_printf(a, "%s.", text) : NULL;
	k->header = text ? sta_strdup(text) : NULL;
	if (!k->header)
		return no_memory(err);
	k->header_len = strlen(text);
	return STA_OK;
}

/* Wrap pkey, which is consumed. */
static enum sta_rc
make_key(EVP_PKEY *pkey, struct sta_sign_key **out, struct sta_err *err)
{
	STA_AUTO(auto_pkey) EVP_PKEY *owned = pkey;
	STA_AUTO(auto_key) struct sta_sign_key *k = sta_malloc(sizeof(*k));
	STA_AUTO(sta_arena_auto) struct sta_arena *scratch = sta_arena_new(SCRATCH_MAX);
	enum sta_rc rc;

	if (!k || !scratch)
		return no_memory(err);
	k->pkey = owned;
	owned = NULL;
	rc = make_header(k, scratch, err);
	if (rc != STA_OK)
		return rc;
	*out = k;
	k = NULL;
	return STA_OK;
}

enum sta_rc
sta_sign_key_new(struct sta_sign_key **out, struct sta_err *err)
{
	EVP_PKEY *pkey = EVP_EC_gen(CURVE);

	return pkey ? make_key(pkey, out, err) : no_memory(err);
}

/* A key pair on our curve whose halves belong together. */
static bool
usable(EVP_PKEY *pkey)
{
	STA_AUTO(auto_pkey_ctx) EVP_PKEY_CTX *c = NULL;
	char group[32] = "";

	if (!EVP_PKEY_is_a(pkey, "EC") || EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) != 1)
		return false;
	if (strcmp(group, SN_X9_62_prime256v1) != 0)
		return false;
	c = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	return c && EVP_PKEY_pairwise_check(c) == 1;
}

enum sta_rc
sta_sign_key_load(const char *pem, size_t len, struct sta_sign_key **out, struct sta_err *err)
{
	/* This reader knows one form only; the general one would ask for a
	 * password on the terminal if the text were an encrypted key. */
	STA_AUTO(auto_bio) BIO *in = len <= SCRATCH_MAX ? BIO_new_mem_buf(pem, (int) len) : NULL;
	STA_AUTO(auto_pkcs8) PKCS8_PRIV_KEY_INFO *info = NULL;
	STA_AUTO(auto_pkey) EVP_PKEY *pkey = NULL;
	EVP_PKEY *consumed;

	if (!in && len <= SCRATCH_MAX)
		return no_memory(err);
	info = in ? PEM_read_bio_PKCS8_PRIV_KEY_INFO(in, NULL, NULL, NULL) : NULL;
	pkey = info ? EVP_PKCS82PKEY(info) : NULL;
	if (!pkey || !usable(pkey))
		return fail(STA_INVALID, "signing key is not a P-256 key in PKCS#8 PEM", err);
	consumed = pkey;
	pkey = NULL;
	return make_key(consumed, out, err);
}

void
sta_sign_key_free(struct sta_sign_key *k)
{
	if (!k)
		return;
	EVP_PKEY_free(k->pkey);
	sta_free(k->header);
	sta_free(k);
}

enum sta_rc
sta_sign_key_save(const struct sta_sign_key *k, struct sta_arena *a, char **pem, struct sta_err *err)
{
	STA_AUTO(auto_bio) BIO *text = BIO_new(BIO_s_secmem()); /* wiped when freed */
	const char *p = NULL;
	char *copy;
	long len;

	if (!text || PEM_write_bio_PKCS8PrivateKey(text, k->pkey, NULL, NULL, 0, NULL, NULL) != 1)
		return no_memory(err);
	len = BIO_get_mem_data(text, &p);
	copy = len > 0 ? sta_arena_strndup(a, p, (size_t) len) : NULL;
	if (!copy)
		return no_memory(err);
	*pem = copy;
	return STA_OK;
}

/* ECDSA signature over text, as r and s in one row. */
static enum sta_rc
sign(const struct sta_sign_key *k, const char *text, size_t len, unsigned char out[SIGNATURE_LEN],
     struct sta_err *err)
{
	STA_AUTO(auto_md_ctx) EVP_MD_CTX *c = EVP_MD_CTX_new();
	STA_AUTO(auto_sig) ECDSA_SIG *sig = NULL;
	unsigned char der[DER_MAX];
	const unsigned char *p = der;
	size_t der_len = sizeof(der);

	if (!c || EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, k->pkey) != 1 ||
	    EVP_DigestSign(c, der, &der_len, (const unsigned char *) text, len) != 1)
		return no_memory(err);
	sig = d2i_ECDSA_SIG(NULL, &p, (long) der_len);
	if (!sig || BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, COORDINATE_LEN) < 0 ||
	    BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + COORDINATE_LEN, COORDINATE_LEN) < 0)
		return no_memory(err);
	return STA_OK;
}

enum sta_rc
sta_sign_jws(const struct sta_sign_key *k, struct sta_arena *a, const char *payload, size_t len, char **out,
	     struct sta_err *err)
{
	const char *body = sta_base64(a, payload, len, true);
	const char *signed_text = body ? sta_arena_printf(a, "%s%s", k->header, body) : NULL;
	unsigned char raw[SIGNATURE_LEN];
	const char *signature;
	char *jws;
	enum sta_rc rc;

	if (!signed_text)
		return no_memory(err);
	if (strlen(signed_text) + 1 + SIGNATURE_TEXT_LEN > STA_JWS_MAX)
		return fail(STA_TOO_LARGE, "token is too long", err);
	rc = sign(k, signed_text, strlen(signed_text), raw, err);
	if (rc != STA_OK)
		return rc;
	signature = sta_base64(a, raw, sizeof(raw), true);
	jws = signature ? sta_arena_printf(a, "%s.%s", signed_text, signature) : NULL;
	if (!jws)
		return no_memory(err);
	*out = jws;
	return STA_OK;
}

/* 64 bytes as base64url.  Looked at before decoding, where NULL could mean a
 * lack of memory as well. */
static bool
signature_text_valid(const char *s, size_t len)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	if (len != SIGNATURE_TEXT_LEN)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!memchr(alphabet, s[i], sizeof(alphabet) - 1))
			return false;
	}
	return strchr("AQgw", s[len - 1]) != NULL; /* the digits whose four spare bits are zero */
}

static enum sta_rc
check(const struct sta_sign_key *k, const char *text, size_t len, const unsigned char raw[SIGNATURE_LEN],
      struct sta_err *err)
{
	enum sta_rc rc = sta_es256_verify(k->pkey, text, len, raw, err);

	return rc == STA_UNAUTHENTICATED ? refused(err) : rc;
}

bool
sta_sign_is_ours(const struct sta_sign_key *k, const char *jws, size_t len)
{
	return len >= k->header_len && memcmp(jws, k->header, k->header_len) == 0;
}

enum sta_rc
sta_sign_verify(const struct sta_sign_key *k, struct sta_arena *a, const char *jws, size_t len,
		char **payload, size_t *payload_len, struct sta_err *err)
{
	const char *dot;
	const unsigned char *raw;
	unsigned char *body;
	size_t raw_len = 0, body_len = 0, text_len;
	enum sta_rc rc;

	if (len > STA_JWS_MAX || !sta_sign_is_ours(k, jws, len))
		return refused(err);
	dot = memrchr(jws + k->header_len, '.', len - k->header_len);
	if (!dot)
		return refused(err);
	text_len = (size_t) (dot - jws);
	if (!signature_text_valid(dot + 1, len - text_len - 1))
		return refused(err);
	raw = sta_unbase64(a, dot + 1, SIGNATURE_TEXT_LEN, true, &raw_len);
	if (!raw || raw_len != SIGNATURE_LEN)
		return no_memory(err);
	rc = check(k, jws, text_len, raw, err);
	if (rc != STA_OK)
		return rc;
	/* We signed this text, so it is well formed: NULL means memory. */
	body = sta_unbase64(a, jws + k->header_len, text_len - k->header_len, true, &body_len);
	if (!body)
		return no_memory(err);
	*payload = (char *) body;
	*payload_len = body_len;
	return STA_OK;
}
