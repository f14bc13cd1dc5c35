/* Numbers, hex, base64 and percent-encoding: what decodes encodes back, and
 * numbers agree with the C library's. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/parse.h"
#include "fuzz.h"

#define ARENA_CAP ((size_t) 64 << 20)

static void
check_number(const char *s, size_t len, const char *copy)
{
	size_t digits = strspn(copy, "0123456789");
	uint64_t n = 7;
	uint64_t size = 0;
	uint64_t span = 0;
	bool ok = sta_parse_u64(s, len, &n);
	uint64_t expected;

	if (len == 0 || digits != len || len > 20) {
		REQUIRE(!ok && n == 7);
		return;
	}
	errno = 0;
	expected = strtoull(copy, NULL, 10);
	REQUIRE(ok == (errno == 0));
	REQUIRE(ok ? n == expected : n == 7);
	REQUIRE(sta_parse_size(s, len, &size) == ok && sta_parse_span(s, len, &span) == ok);
	REQUIRE(!ok || (size == n && span == n));
}

static void
check_units(const char *s, size_t len, const char *copy)
{
	size_t digits = strspn(copy, "0123456789");
	uint64_t n = 0;
	uint64_t out = 0;

	if (sta_parse_size(s, len, &out) || sta_parse_span(s, len, &out))
		REQUIRE(digits > 0 && sta_parse_u64(s, digits, &n) && out >= n && (n == 0 || out % n == 0));
}

static void
check_hex(struct sta_arena *a, const char *s, size_t len)
{
	char *text = sta_arena_alloc(a, 2 * len + 1);
	unsigned char *bytes = sta_arena_alloc(a, len + 1);

	REQUIRE(text && bytes);
	sta_hex((const unsigned char *) s, len, text);
	REQUIRE(strlen(text) == 2 * len && sta_unhex(text, 2 * len, bytes));
	REQUIRE(memcmp(bytes, s, len) == 0);
	if (sta_unhex(s, len, bytes)) {
		sta_hex(bytes, len / 2, text);
		REQUIRE(memcmp(text, s, len) == 0);
	}
}

static void
check_base64(struct sta_arena *a, const char *s, size_t len, bool url)
{
	const char *text = sta_base64(a, s, len, url);
	const unsigned char *bytes;
	size_t n = 0;

	REQUIRE(text);
	bytes = sta_unbase64(a, text, strlen(text), url, &n);
	REQUIRE(bytes && n == len && memcmp(bytes, s, len) == 0);
	bytes = sta_unbase64(a, s, len, url, &n);
	if (!bytes)
		return;
	/* Only padding may be lost or added. */
	text = sta_base64(a, bytes, n, url);
	REQUIRE(text && bytes[n] == '\0');
	while (len > 0 && s[len - 1] == '=')
		len--;
	REQUIRE(strlen(text) >= len && memcmp(text, s, len) == 0);
	REQUIRE(strspn(text + len, "=") == strlen(text + len));
}

static void
check_percent(struct sta_arena *a, const char *s, size_t len, bool plus_is_space)
{
	const char *out = sta_percent_decode(a, s, len, plus_is_space);

	if (!out)
		return;
	REQUIRE(strlen(out) <= len && !memchr(s, '\0', len));
	for (const char *p = out; *p != '\0'; p++)
		REQUIRE((unsigned char) *p >= ' ' && *p != 0x7f);
	if (!memchr(s, '%', len) && !memchr(s, '+', len))
		REQUIRE(strlen(out) == len && memcmp(out, s, len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(ARENA_CAP);
	const char *s = (const char *) data;
	const char *copy = sta_arena_strndup(a, s, size);

	REQUIRE(copy);
	check_number(s, size, copy);
	check_units(s, size, copy);
	check_hex(a, s, size);
	check_base64(a, s, size, false);
	check_base64(a, s, size, true);
	check_percent(a, s, size, false);
	check_percent(a, s, size, true);
	return 0;
}
