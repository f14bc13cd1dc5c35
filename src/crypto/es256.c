#include "crypto/es256.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/auto.h"

#define DER_MAX 80 /* of such a signature: 72 */

static void
auto_md_ctx(EVP_MD_CTX **c)
{
	EVP_MD_CTX_free(*c);
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

/* r and s in one row -> DER; its length, or 0 when out of memory. */
static size_t
to_der(const unsigned char raw[STA_ES256_LEN], unsigned char der[DER_MAX])
{
	STA_AUTO(auto_sig) ECDSA_SIG *sig = ECDSA_SIG_new();
	STA_AUTO(auto_bn) BIGNUM *r = BN_bin2bn(raw, STA_ES256_COORDINATE_LEN, NULL);
	STA_AUTO(auto_bn)
	BIGNUM *s = BN_bin2bn(raw + STA_ES256_COORDINATE_LEN, STA_ES256_COORDINATE_LEN, NULL);
	unsigned char *p = der;
	int len;

	if (!sig || !r || !s || ECDSA_SIG_set0(sig, r, s) != 1)
		return 0;
	r = NULL;
	s = NULL;
	len = i2d_ECDSA_SIG(sig, &p);
	return len > 0 ? (size_t) len : 0;
}

enum sta_rc
sta_es256_verify(struct evp_pkey_st *key, const void *p, size_t len,
		 const unsigned char signature[STA_ES256_LEN], struct sta_err *err)
{
	STA_AUTO(auto_md_ctx) EVP_MD_CTX *c = EVP_MD_CTX_new();
	unsigned char der[DER_MAX];
	size_t der_len = to_der(signature, der);
	enum sta_rc rc;

	if (!c || der_len == 0 || EVP_DigestVerifyInit(c, NULL, EVP_sha256(), NULL, key) != 1)
		rc = sta_err_set(err, STA_NOMEM, 0, "out of memory for a signature");
	else if (EVP_DigestVerify(c, der, der_len, p, len) != 1)
		rc = sta_err_set(err, STA_UNAUTHENTICATED, 0, "signature is wrong");
	else
		rc = STA_OK;
	ERR_clear_error(); /* what failed stands in a queue of the thread, which nobody reads */
	return rc;
}
