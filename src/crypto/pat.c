#include "crypto/pat.h"

#include <string.h>
#include <zlib.h>

#include "crypto/hash.h"
#include "crypto/random.h"

#define PREFIX "stp_"
#define PREFIX_LEN (sizeof(PREFIX) - 1)
#define SUM_LEN 6 /* 62^6 > 2^32 */
#define BODY_LEN (STA_PAT_LEN - SUM_LEN)

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* CRC-32 of the first BODY_LEN characters as base62, most significant first. */
static void
checksum(const char *body, char out[SUM_LEN])
{
	unsigned long crc = crc32(0, (const unsigned char *) body, BODY_LEN);

	for (size_t i = SUM_LEN; i > 0; i--) {
		out[i - 1] = digits[crc % 62];
		crc /= 62;
	}
}

enum sta_rc
sta_pat_new(char out[STA_PAT_LEN + 1], struct sta_err *err)
{
	char text[STA_PAT_LEN + 1] = PREFIX;
	enum sta_rc rc = sta_random_base62(text + PREFIX_LEN, BODY_LEN - PREFIX_LEN, err);

	if (rc != STA_OK)
		return rc;
	checksum(text, text + BODY_LEN);
	memcpy(out, text, sizeof(text));
	explicit_bzero(text, sizeof(text));
	return STA_OK;
}

bool
sta_pat_valid(const char *s, size_t len)
{
	char sum[SUM_LEN];

	if (len != STA_PAT_LEN || memcmp(s, PREFIX, PREFIX_LEN) != 0)
		return false;
	for (size_t i = PREFIX_LEN; i < STA_PAT_LEN; i++) {
		if (!memchr(digits, s[i], sizeof(digits) - 1))
			return false;
	}
	checksum(s, sum);
	return memcmp(s + BODY_LEN, sum, SUM_LEN) == 0;
}

enum sta_rc
sta_pat_hash(const char *s, size_t len, unsigned char out[STA_PAT_HASH_LEN], struct sta_err *err)
{
	struct sta_digest d;
	enum sta_rc rc = sta_hash_bytes(STA_SHA256, s, len, &d, err);

	if (rc == STA_OK)
		memcpy(out, d.bytes, STA_PAT_HASH_LEN);
	return rc;
}
