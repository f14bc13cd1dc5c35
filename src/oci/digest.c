#include "oci/digest.h"

#include <assert.h>
#include <string.h>

#include "base/parse.h"

/* Keys in databases begin with these numbers. */
_Static_assert(STA_SHA256 == 0 && STA_SHA512 == 1, "algorithm numbers are stored");

static const struct {
	const char *name; /* all of one length */
	size_t bytes;
} alg_table[STA_DIGEST_ALG_MAX_] = {
	[STA_SHA256] = { "sha256", 32 },
	[STA_SHA512] = { "sha512", 64 },
};

#define ALG_NAME_LEN (sizeof("sha256") - 1)

size_t
sta_digest_len(enum sta_digest_alg alg)
{
	assert((unsigned int) alg < STA_DIGEST_ALG_MAX_);
	return alg_table[alg].bytes;
}

const char *
sta_digest_alg_name(enum sta_digest_alg alg)
{
	assert((unsigned int) alg < STA_DIGEST_ALG_MAX_);
	return alg_table[alg].name;
}

bool
sta_digest_alg_parse(const char *s, size_t len, enum sta_digest_alg *out)
{
	if (len != ALG_NAME_LEN)
		return false;
	for (unsigned int alg = 0; alg < STA_DIGEST_ALG_MAX_; alg++) {
		if (memcmp(s, alg_table[alg].name, ALG_NAME_LEN) == 0) {
			*out = (enum sta_digest_alg) alg;
			return true;
		}
	}
	return false;
}

bool
sta_digest_parse(const char *s, size_t len, struct sta_digest *out)
{
	struct sta_digest d = { .alg = STA_SHA256 };
	size_t hex_at = ALG_NAME_LEN + 1;

	if (len <= hex_at || s[ALG_NAME_LEN] != ':' || !sta_digest_alg_parse(s, ALG_NAME_LEN, &d.alg))
		return false;
	if (len - hex_at != 2 * sta_digest_len(d.alg) || !sta_unhex(s + hex_at, len - hex_at, d.bytes))
		return false;
	*out = d;
	return true;
}

char *
sta_digest_text(const struct sta_digest *d, char out[STA_DIGEST_TEXT_MAX])
{
	memcpy(out, sta_digest_alg_name(d->alg), ALG_NAME_LEN);
	out[ALG_NAME_LEN] = ':';
	sta_hex(d->bytes, sta_digest_len(d->alg), out + ALG_NAME_LEN + 1);
	return out;
}

bool
sta_digest_equal(const struct sta_digest *a, const struct sta_digest *b)
{
	return a->alg == b->alg && memcmp(a->bytes, b->bytes, sta_digest_len(a->alg)) == 0;
}

size_t
sta_digest_key(const struct sta_digest *d, unsigned char out[STA_DIGEST_KEY_MAX])
{
	size_t len = sta_digest_len(d->alg);

	out[0] = (unsigned char) d->alg;
	memcpy(out + 1, d->bytes, len);
	return 1 + len;
}

bool
sta_digest_from_key(const void *key, size_t len, struct sta_digest *out)
{
	const unsigned char *k = key;
	struct sta_digest d = { .alg = STA_SHA256 };

	if (len == 0 || k[0] >= STA_DIGEST_ALG_MAX_)
		return false;
	d.alg = (enum sta_digest_alg) k[0];
	if (len != 1 + sta_digest_len(d.alg))
		return false;
	memcpy(d.bytes, k + 1, len - 1);
	*out = d;
	return true;
}
