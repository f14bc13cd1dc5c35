#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/alloc.h"
#include "base/auto.h"
#include "crypto/es256.h"
#include "crypto/jwt_internal.h"

#define SCRATCH_MAX ((size_t) 1 << 20) /* the bytes of the keys, decoded */

struct sta_jwks {
	size_t n;
	struct sta_jwk keys[STA_JWKS_KEYS_MAX];
};

static void
auto_keys(struct sta_jwks **keys)
{
	sta_jwks_free(*keys);
}

static void
auto_md_ctx(EVP_MD_CTX **c)
{
	EVP_MD_CTX_free(*c);
}

static enum sta_rc
no_memory(struct sta_err *err)
{
	return sta_err_set(err, STA_NOMEM, 0, "out of memory for a key set");
}

static enum sta_rc
refuse(const char *why, struct sta_err *err)
{
	return sta_err_set(err, STA_UNAUTHENTICATED, 0, "%s", why);
}

/* "keys" of the set, which the arena owns. */
static enum sta_rc
load(struct sta_arena *a, const char *json, size_t len, const json_t **out, struct sta_err *err)
{
	json_t *set = NULL;
	enum sta_rc rc;

	if (len > STA_JWKS_MAX)
		return sta_err_set(err, STA_INVALID, 0, "the key set is longer than %d bytes", STA_JWKS_MAX);
	rc = sta_json_load(a, json, len, &set, err);
	if (rc == STA_INVALID) /* without its words, which quote what came */
		return sta_err_set(err, STA_INVALID, 0, "the key set is not JSON");
	if (rc != STA_OK)
		return rc;
	*out = json_object_get(set, "keys");
	if (!json_is_array(*out))
		return sta_err_set(err, STA_INVALID, 0, "the key set has no array \"keys\"");
	return STA_OK;
}

enum sta_rc
sta_jwks_parse(const char *json, size_t len, struct sta_jwks **out, struct sta_err *err)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *scratch = sta_arena_new(SCRATCH_MAX);
	STA_AUTO(auto_keys) struct sta_jwks *keys = sta_malloc(sizeof(*keys));
	const json_t *list = NULL;
	enum sta_rc rc;

	if (!scratch || !keys)
		return no_memory(err);
	rc = load(scratch, json, len, &list, err);
	if (rc != STA_OK)
		return rc;
	for (size_t i = 0; i < json_array_size(list) && i < STA_JWKS_KEYS_MAX; i++) {
		struct sta_err why;

		rc = sta_jwk_read(scratch, json_array_get(list, i), &keys->keys[keys->n], &why);
		if (rc == STA_NOMEM)
			return no_memory(err);
		if (rc == STA_OK)
			keys->n++;
	}
	if (keys->n == 0)
		return sta_err_set(err, STA_INVALID, 0,
				   "the key set has no key that verifies RS256, ES256 or EdDSA");
	*out = keys;
	keys = NULL;
	return STA_OK;
}

void
sta_jwks_free(struct sta_jwks *keys)
{
	if (!keys)
		return;
	for (size_t i = 0; i < keys->n; i++)
		sta_jwk_done(&keys->keys[i]);
	sta_free(keys);
}

size_t
sta_jwks_count(const struct sta_jwks *keys)
{
	return keys->n;
}

static bool
has_id(const struct sta_jwk *k, const char *kid)
{
	return !kid || (k->kid && strcmp(k->kid, kid) == 0);
}

static enum sta_rc
not_found(const struct sta_jwt *token, bool other, struct sta_err *err)
{
	if (token->kid && other)
		return refuse("the token's key is for another algorithm", err);
	return sta_err_set(err, STA_NOT_FOUND, 0,
			   token->kid ? "no key has the token's key id"
				      : "no key is for the token's algorithm");
}

/* The one key of that id and algorithm.  Keys of different kinds may share an id
 * (RFC 7517, 4.5); two of one kind would have to be tried in turn, and are not. */
static enum sta_rc
find(const struct sta_jwks *keys, const struct sta_jwt *token, const struct sta_jwk **out,
     struct sta_err *err)
{
	const struct sta_jwk *found = NULL;
	unsigned int fit = 0;
	bool other = false;

	for (size_t i = 0; i < keys->n; i++) {
		const struct sta_jwk *k = &keys->keys[i];

		if (!has_id(k, token->kid))
			continue;
		if (k->alg == token->alg) {
			found = k;
			fit++;
		}
		other = other || k->alg != token->alg;
	}
	if (fit == 0)
		return not_found(token, other, err);
	if (fit > 1 && token->kid)
		return refuse("two keys have the token's key id", err);
	if (fit > 1)
		return sta_err_set(err, STA_NOT_FOUND, 0, "the token has no key id to choose a key by");
	*out = found;
	return STA_OK;
}

/* RSA with PKCS#1 v1.5, which is what OpenSSL does unless told otherwise; or Ed25519,
 * which has no digest of its own. */
static enum sta_rc
check_bytes(const struct sta_jwk *key, const struct sta_jwt *token, struct sta_err *err)
{
	STA_AUTO(auto_md_ctx) EVP_MD_CTX *c = EVP_MD_CTX_new();
	const EVP_MD *md = key->alg == STA_JWT_RS256 ? EVP_sha256() : NULL;
	enum sta_rc rc = STA_OK;

	if (!c || EVP_DigestVerifyInit(c, NULL, md, NULL, key->pkey) != 1)
		rc = no_memory(err);
	else if (EVP_DigestVerify(c, token->signature, token->signature_len,
				  (const unsigned char *) token->signed_text, token->signed_len) != 1)
		rc = refuse("the token's signature is wrong", err);
	ERR_clear_error();
	return rc;
}

enum sta_rc
sta_jwt_verify(const struct sta_jwks *keys, const struct sta_jwt *token, struct sta_err *err)
{
	const struct sta_jwk *key = NULL;
	enum sta_rc rc = find(keys, token, &key, err);
	size_t len;

	if (!key)
		return rc;
	/* Of an EC key OpenSSL means the longest DER; all others have one length. */
	len = key->alg == STA_JWT_ES256 ? STA_ES256_LEN : (size_t) EVP_PKEY_get_size(key->pkey);
	if (token->signature_len != len)
		return refuse("the token's signature has another length than its key makes", err);
	if (key->alg != STA_JWT_ES256)
		return check_bytes(key, token, err);
	rc = sta_es256_verify(key->pkey, token->signed_text, token->signed_len, token->signature, err);
	return rc == STA_UNAUTHENTICATED ? refuse("the token's signature is wrong", err) : rc;
}
