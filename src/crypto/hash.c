#include "crypto/hash.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdatomic.h>

#include "base/alloc.h"
#include "base/auto.h"

struct sta_hash {
	enum sta_digest_alg alg;
	EVP_MD_CTX *ctx;
};

static void
auto_ctx(EVP_MD_CTX **ctx)
{
	EVP_MD_CTX_free(*ctx);
}

/* The implementation of alg, looked up once per process: a lookup walks
 * OpenSSL's providers under a lock, which costs more than hashing a manifest. */
static const EVP_MD *
implementation(enum sta_digest_alg alg)
{
	static _Atomic(EVP_MD *) found[STA_DIGEST_ALG_MAX_];
	EVP_MD *md = atomic_load(&found[alg]);
	EVP_MD *other = NULL;

	if (md)
		return md;
	md = EVP_MD_fetch(NULL, sta_digest_alg_name(alg), NULL);
	if (!md || atomic_compare_exchange_strong(&found[alg], &other, md))
		return md;
	EVP_MD_free(md); /* another thread was first */
	return other;
}

/* With these arguments OpenSSL fails only when it cannot allocate. */
static enum sta_rc
no_memory(struct sta_err *err)
{
	return sta_err_set(err, STA_NOMEM, 0, "out of memory for a hash");
}

enum sta_rc
sta_hash_new(enum sta_digest_alg alg, struct sta_hash **out, struct sta_err *err)
{
	const EVP_MD *md = implementation(alg);
	STA_AUTO(sta_hash_auto) struct sta_hash *h = sta_malloc(sizeof(*h));

	if (!md || !h)
		return no_memory(err);
	h->alg = alg;
	h->ctx = EVP_MD_CTX_new();
	if (!h->ctx || EVP_DigestInit_ex(h->ctx, md, NULL) != 1)
		return no_memory(err);
	*out = h;
	h = NULL;
	return STA_OK;
}

void
sta_hash_free(struct sta_hash *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->ctx);
	sta_free(h);
}

void
sta_hash_auto(struct sta_hash **h)
{
	sta_hash_free(*h);
}

enum sta_digest_alg
sta_hash_alg(const struct sta_hash *h)
{
	return h->alg;
}

enum sta_rc
sta_hash_update(struct sta_hash *h, const void *p, size_t len, struct sta_err *err)
{
	return EVP_DigestUpdate(h->ctx, p, len) == 1 ? STA_OK : no_memory(err);
}

enum sta_rc
sta_hash_peek(const struct sta_hash *h, struct sta_digest *out, struct sta_err *err)
{
	STA_AUTO(auto_ctx) EVP_MD_CTX *copy = EVP_MD_CTX_new();
	struct sta_digest d = { .alg = h->alg };
	unsigned int len = 0;

	if (!copy || EVP_MD_CTX_copy_ex(copy, h->ctx) != 1 || EVP_DigestFinal_ex(copy, d.bytes, &len) != 1)
		return no_memory(err);
	assert(len == sta_digest_len(h->alg));
	*out = d;
	return STA_OK;
}

enum sta_rc
sta_hash_bytes(enum sta_digest_alg alg, const void *p, size_t len, struct sta_digest *out,
	       struct sta_err *err)
{
	const EVP_MD *md = implementation(alg);
	struct sta_digest d = { .alg = alg };

	if (!md || EVP_Digest(p, len, d.bytes, NULL, md, NULL) != 1)
		return no_memory(err);
	*out = d;
	return STA_OK;
}
