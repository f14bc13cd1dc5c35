#include "crypto/random.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/parse.h"

enum sta_rc
sta_random_bytes(void *out, size_t len, struct sta_err *err)
{
	unsigned char *p = out;

	while (len > 0) {
		ssize_t n = getrandom(p, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sta_err_set(err, STA_IO, errno, "getrandom");
		p += n;
		len -= (size_t) n;
	}
	return STA_OK;
}

enum sta_rc
sta_random_base62(char *out, size_t n, struct sta_err *err)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	unsigned char raw[64];
	size_t made = 0;

	while (made < n) {
		enum sta_rc rc = sta_random_bytes(raw, sizeof(raw), err);

		if (rc != STA_OK) {
			out[0] = '\0';
			return rc;
		}
		/* Bytes from 248 on are thrown away: a plain remainder would
		 * favour the first eight digits. */
		for (size_t i = 0; i < sizeof(raw) && made < n; i++) {
			if (raw[i] < 4 * 62)
				out[made++] = digits[raw[i] % 62];
		}
	}
	out[n] = '\0';
	explicit_bzero(raw, sizeof(raw));
	return STA_OK;
}

enum sta_rc
sta_random_uuid(char out[STA_UUID_TEXT_MAX], struct sta_err *err)
{
	static const struct {
		size_t from, len;
		size_t at;
	} groups[] = { { 0, 4, 0 }, { 4, 2, 9 }, { 6, 2, 14 }, { 8, 2, 19 }, { 10, 6, 24 } };
	unsigned char raw[16];
	enum sta_rc rc = sta_random_bytes(raw, sizeof(raw), err);

	if (rc != STA_OK)
		return rc;
	raw[6] = (unsigned char) ((raw[6] & 0x0f) | 0x40); /* RFC 9562: version 4 */
	raw[8] = (unsigned char) ((raw[8] & 0x3f) | 0x80); /* and its variant */
	memset(out, '-', STA_UUID_TEXT_MAX);
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		sta_hex(raw + groups[i].from, groups[i].len, out + groups[i].at);
		out[groups[i].at + 2 * groups[i].len] = i < 4 ? '-' : '\0';
	}
	return STA_OK;
}
