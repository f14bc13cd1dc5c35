#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <sodium.h>
#include <string.h>

#include "base/alloc.h"
#include "base/auto.h"
#include "crypto/es256.h"
#include "crypto/jwt_internal.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192
#define RSA_EXPONENT_LEN_MAX 4 /* bytes; nearly all have 65537 */
#define POINT_LEN (1 + 2 * STA_ES256_COORDINATE_LEN)
#define ED25519_LEN 32

static void
auto_bn(BIGNUM **n)
{
	BN_free(*n);
}

static void
auto_bld(OSSL_PARAM_BLD **b)
{
	OSSL_PARAM_BLD_free(*b);
}

static void
auto_params(OSSL_PARAM **p)
{
	OSSL_PARAM_free(*p);
}

static void
auto_pkey_ctx(EVP_PKEY_CTX **c)
{
	EVP_PKEY_CTX_free(*c);
}

static enum sta_rc
no_memory(struct sta_err *err)
{
	ERR_clear_error();
	return sta_err_set(err, STA_NOMEM, 0, "out of memory for a key");
}

static enum sta_rc
leave_out(const char *why, struct sta_err *err)
{
	return sta_err_set(err, STA_INVALID, 0, "%s", why);
}

/* OpenSSL refused to make a key: is it the key's fault? */
static enum sta_rc
not_made(struct sta_err *err)
{
	bool memory = false;
	unsigned long code;

	while ((code = ERR_get_error()) != 0)
		memory = memory || ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
	return memory ? no_memory(err) : leave_out("a key that is none", err);
}

static enum sta_rc
from_params(const char *type, OSSL_PARAM *params, EVP_PKEY **out, struct sta_err *err)
{
	STA_AUTO(auto_pkey_ctx) EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *pkey = NULL;

	if (!c || EVP_PKEY_fromdata_init(c) != 1)
		return no_memory(err);
	if (EVP_PKEY_fromdata(c, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		return not_made(err);
	*out = pkey;
	return STA_OK;
}

/* A member that is base64url of at least one byte. */
static enum sta_rc
bytes(struct sta_arena *a, const json_t *j, const char *name, unsigned char **out, size_t *len,
      struct sta_err *err)
{
	const json_t *text = json_object_get(j, name);
	unsigned char *raw = NULL;
	size_t n = 0;
	enum sta_rc rc;

	if (!json_is_string(text))
		return leave_out("a key that lacks a part", err);
	rc = sta_jwt_decode(a, json_string_value(text), json_string_length(text), &raw, &n, err);
	if (rc != STA_OK)
		return rc;
	if (n == 0)
		return leave_out("a key with an empty part", err);
	*out = raw;
	*len = n;
	return STA_OK;
}

/* Both are odd and have no zero in front (RFC 7518, 6.3.1). */
static bool
rsa_valid(const unsigned char *n, size_t n_len, const unsigned char *e, size_t e_len)
{
	size_t bits;

	if (n[0] == 0 || e[0] == 0 || n_len > RSA_BITS_MAX / 8 || e_len > RSA_EXPONENT_LEN_MAX)
		return false;
	bits = n_len * 8;
	for (unsigned int top = n[0]; top < 0x80; top <<= 1)
		bits--;
	return bits >= RSA_BITS_MIN && (n[n_len - 1] & 1) == 1 && (e[e_len - 1] & 1) == 1 &&
	       (e_len > 1 || e[0] >= 3);
}

static enum sta_rc
make_rsa(struct sta_arena *a, const json_t *j, EVP_PKEY **out, struct sta_err *err)
{
	STA_AUTO(auto_bn) BIGNUM *n = NULL;
	STA_AUTO(auto_bn) BIGNUM *e = NULL;
	STA_AUTO(auto_bld) OSSL_PARAM_BLD *bld = NULL;
	STA_AUTO(auto_params) OSSL_PARAM *params = NULL;
	unsigned char *n_raw = NULL, *e_raw = NULL;
	size_t n_len = 0, e_len = 0;
	enum sta_rc rc = bytes(a, j, "n", &n_raw, &n_len, err);

	if (rc == STA_OK)
		rc = bytes(a, j, "e", &e_raw, &e_len, err);
	if (!n_raw || !e_raw)
		return rc;
	if (!rsa_valid(n_raw, n_len, e_raw, e_len))
		return leave_out("an RSA key of another size", err);
	n = BN_bin2bn(n_raw, (int) n_len, NULL);
	e = BN_bin2bn(e_raw, (int) e_len, NULL);
	bld = OSSL_PARAM_BLD_new();
	if (!n || !e || !bld || OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e) != 1)
		return no_memory(err);
	params = OSSL_PARAM_BLD_to_param(bld);
	return params ? from_params("RSA", params, out, err) : no_memory(err);
}

/* OpenSSL refuses a point that is not on the curve. */
static enum sta_rc
make_ec(struct sta_arena *a, const json_t *j, EVP_PKEY **out, struct sta_err *err)
{
	unsigned char point[POINT_LEN] = { POINT_CONVERSION_UNCOMPRESSED };
	char curve[] = SN_X9_62_prime256v1;
	unsigned char *x = NULL, *y = NULL;
	size_t x_len = 0, y_len = 0;
	OSSL_PARAM params[3];
	enum sta_rc rc = bytes(a, j, "x", &x, &x_len, err);

	if (rc == STA_OK)
		rc = bytes(a, j, "y", &y, &y_len, err);
	if (rc != STA_OK)
		return rc;
	if (x_len != STA_ES256_COORDINATE_LEN || y_len != STA_ES256_COORDINATE_LEN)
		return leave_out("a point of another size", err);
	memcpy(point + 1, x, STA_ES256_COORDINATE_LEN);
	memcpy(point + 1 + STA_ES256_COORDINATE_LEN, y, STA_ES256_COORDINATE_LEN);
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve, 0);
	params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point));
	params[2] = OSSL_PARAM_construct_end();
	return from_params("EC", params, out, err);
}

/* OpenSSL takes any 32 bytes.  Under a point of small order one signature is good for
 * many texts, so libsodium looks at it: on the curve, canonical, of the main subgroup. */
static enum sta_rc
make_ed25519(struct sta_arena *a, const json_t *j, EVP_PKEY **out, struct sta_err *err)
{
	unsigned char *x = NULL;
	size_t len = 0;
	enum sta_rc rc = bytes(a, j, "x", &x, &len, err);
	EVP_PKEY *pkey;

	if (rc != STA_OK)
		return rc;
	if (len != ED25519_LEN || crypto_core_ed25519_is_valid_point(x) != 1)
		return leave_out("no point of Ed25519", err);
	pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, x, len);
	if (!pkey)
		return no_memory(err);
	*out = pkey;
	return STA_OK;
}

static bool
is_text(const json_t *j, const char *text)
{
	return json_is_string(j) && strcmp(json_string_value(j), text) == 0;
}

/* By "kty" and "crv" (RFC 7518, 6; RFC 8037, 2). */
static bool
kind_of(const json_t *j, enum sta_jwt_alg *out)
{
	static const struct {
		const char *kty;
		const char *crv; /* NULL: none */
		enum sta_jwt_alg alg;
	} kinds[] = {
		{ "RSA", NULL, STA_JWT_RS256 },
		{ "EC", "P-256", STA_JWT_ES256 },
		{ "OKP", "Ed25519", STA_JWT_EDDSA },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!is_text(json_object_get(j, "kty"), kinds[i].kty) ||
		    (kinds[i].crv && !is_text(json_object_get(j, "crv"), kinds[i].crv)))
			continue;
		*out = kinds[i].alg;
		return true;
	}
	return false;
}

/* "key_ops" (RFC 7517, 4.3) lists what the key may do. */
static bool
may_verify(const json_t *ops)
{
	for (size_t i = 0; i < json_array_size(ops); i++) {
		if (is_text(json_array_get(ops, i), "verify"))
			return true;
	}
	return !ops;
}

/* For signatures of its own algorithm; and nobody published what would sign in its name. */
static bool
fit_for_use(const json_t *j, enum sta_jwt_alg alg)
{
	const json_t *use = json_object_get(j, "use");
	const json_t *named = json_object_get(j, "alg");

	return (!use || is_text(use, "sig")) && (!named || is_text(named, sta_jwt_alg_name(alg))) &&
	       may_verify(json_object_get(j, "key_ops")) && !json_object_get(j, "d");
}

static enum sta_rc
make_pkey(struct sta_arena *a, const json_t *j, enum sta_jwt_alg alg, EVP_PKEY **out, struct sta_err *err)
{
	if (alg == STA_JWT_RS256)
		return make_rsa(a, j, out, err);
	return alg == STA_JWT_ES256 ? make_ec(a, j, out, err) : make_ed25519(a, j, out, err);
}

enum sta_rc
sta_jwk_read(struct sta_arena *scratch, const json_t *j, struct sta_jwk *out, struct sta_err *err)
{
	const json_t *kid = json_object_get(j, "kid");
	STA_AUTO(sta_jwk_done) struct sta_jwk k = { .alg = STA_JWT_RS256 };
	enum sta_rc rc;

	if (!kind_of(j, &k.alg) || !fit_for_use(j, k.alg))
		return leave_out("a key of another kind or for another use", err);
	if (kid && (!json_is_string(kid) || json_string_length(kid) == 0 ||
		    json_string_length(kid) > STA_JWT_KID_MAX))
		return leave_out("a key whose id is not a text of 1 to 256 bytes", err);
	rc = make_pkey(scratch, j, k.alg, &k.pkey, err);
	if (rc != STA_OK)
		return rc;
	k.kid = kid ? sta_strdup(json_string_value(kid)) : NULL;
	if (kid && !k.kid)
		return no_memory(err);
	*out = k;
	k.pkey = NULL;
	k.kid = NULL;
	return STA_OK;
}

void
sta_jwk_done(struct sta_jwk *k)
{
	EVP_PKEY_free(k->pkey);
	sta_free(k->kid);
}
