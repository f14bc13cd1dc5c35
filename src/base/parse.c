#include "base/parse.h"

#include <string.h>

#define U64_DIGITS_MAX 20

bool
sta_parse_u64(const char *s, size_t len, uint64_t *out)
{
	uint64_t n = 0;

	if (len == 0 || len > U64_DIGITS_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		if (__builtin_mul_overflow(n, 10U, &n) ||
		    __builtin_add_overflow(n, (unsigned int) (s[i] - '0'), &n))
			return false;
	}
	*out = n;
	return true;
}

struct unit {
	const char *suffix;
	uint64_t factor;
};

/* Digits followed by one of the suffixes, or by nothing. */
static bool
parse_unit(const char *s, size_t len, const struct unit *units, size_t n_units, uint64_t *out)
{
	size_t digits = 0;
	uint64_t factor = 1;
	uint64_t n;

	while (digits < len && s[digits] >= '0' && s[digits] <= '9')
		digits++;
	if (!sta_parse_u64(s, digits, &n))
		return false;
	if (digits < len) {
		size_t i = 0;

		while (i < n_units && (strlen(units[i].suffix) != len - digits ||
				       memcmp(units[i].suffix, s + digits, len - digits) != 0))
			i++;
		if (i == n_units)
			return false;
		factor = units[i].factor;
	}
	if (__builtin_mul_overflow(n, factor, &n))
		return false;
	*out = n;
	return true;
}

bool
sta_parse_size(const char *s, size_t len, uint64_t *out)
{
	static const struct unit units[] = {
		{ "KiB", UINT64_C(1) << 10 },
		{ "MiB", UINT64_C(1) << 20 },
		{ "GiB", UINT64_C(1) << 30 },
		{ "TiB", UINT64_C(1) << 40 },
		{ "KB", 1000 },
		{ "MB", 1000000 },
		{ "GB", 1000000000 },
		{ "TB", UINT64_C(1000000000000) },
	};

	return parse_unit(s, len, units, sizeof(units) / sizeof(units[0]), out);
}

bool
sta_parse_span(const char *s, size_t len, uint64_t *out_s)
{
	static const struct unit units[] = { { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } };

	return parse_unit(s, len, units, sizeof(units) / sizeof(units[0]), out_s);
}

void
sta_hex(const unsigned char *bytes, size_t n, char *out)
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digit[bytes[i] >> 4];
		out[2 * i + 1] = digit[bytes[i] & 15];
	}
	out[2 * n] = '\0';
}

/* One more than the value of a lower-case hex digit, 0 for any other byte. */
static const unsigned char hex_table[256] = {
	['0'] = 1, ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
	['8'] = 9, ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

/* Value of a lower-case hex digit, or -1. */
static int
hex_value(char c)
{
	return hex_table[(unsigned char) c] - 1;
}

/* Every request names a digest or two, so this looks up and does not compare. */
bool
sta_unhex(const char *s, size_t len, unsigned char *out)
{
	bool all = len % 2 == 0;

	for (size_t i = 0; i < len; i++)
		all &= hex_table[(unsigned char) s[i]] != 0;
	if (!all)
		return false;
	for (size_t i = 0; i < len / 2; i++)
		out[i] = (unsigned char) (hex_value(s[2 * i]) << 4 | hex_value(s[2 * i + 1]));
	return true;
}

/* As hex_value(), upper case too: RFC 3986 2.1 allows both in escapes. */
static int
escape_value(char c)
{
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : hex_value(c);
}

char *
sta_percent_decode(struct sta_arena *a, const char *s, size_t len, bool plus_is_space)
{
	char *out = sta_arena_strndup(a, s, len);
	size_t n = 0;

	if (!out)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char) s[i];

		if (c == '%') {
			int high = len - i > 2 ? escape_value(s[i + 1]) : -1;
			int low = high >= 0 ? escape_value(s[i + 2]) : -1;

			if (low < 0)
				return NULL;
			c = (unsigned char) (high << 4 | low);
			i += 2;
		} else if (c == '+' && plus_is_space) {
			c = ' ';
		}
		if (c < ' ' || c == 0x7f)
			return NULL;
		out[n++] = (char) c;
	}
	out[n] = '\0';
	return out;
}

static const char base64_std[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

char *
sta_percent_encode(struct sta_arena *a, const char *s)
{
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	static const char digits[] = "0123456789ABCDEF";
	char *out = sta_arena_alloc(a, strlen(s) * 3 + 1);
	char *to = out;

	for (; out && *s; s++) {
		unsigned char c = (unsigned char) *s;

		if (strchr(unreserved, c)) {
			*to++ = (char) c;
			continue;
		}
		*to++ = '%';
		*to++ = digits[c >> 4];
		*to++ = digits[c & 15];
	}
	return out;
}

char *
sta_base64(struct sta_arena *a, const void *p, size_t len, bool url)
{
	const char *alphabet = url ? base64_url : base64_std;
	const unsigned char *in = p;
	char *out = len < SIZE_MAX / 2 ? sta_arena_alloc(a, (len + 2) / 3 * 4 + 1) : NULL;
	char *o = out;

	if (!out)
		return NULL;
	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t v = (uint32_t) in[i] << 16 | (n > 1 ? (uint32_t) in[i + 1] << 8 : 0) |
			     (n > 2 ? in[i + 2] : 0);

		for (size_t k = 0; k <= n; k++)
			*o++ = alphabet[v >> (18 - 6 * k) & 63];
		for (size_t k = n; k < 3 && !url; k++)
			*o++ = '=';
	}
	return out;
}

static int
base64_value(char c, bool url)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (url ? '-' : '+'))
		return 62;
	return c == (url ? '_' : '/') ? 63 : -1;
}

/* Length without the padding, which must fill the last group; SIZE_MAX if it
 * does not, or if a last group of one digit is left. */
static size_t
unpadded_len(const char *s, size_t len)
{
	size_t n = len;

	while (n > 0 && len - n < 2 && s[n - 1] == '=')
		n--;
	if (n % 4 == 1 || (n < len && len % 4 != 0))
		return SIZE_MAX;
	return n;
}

unsigned char *
sta_unbase64(struct sta_arena *a, const char *s, size_t len, bool url, size_t *out_len)
{
	size_t digits = unpadded_len(s, len);
	unsigned char *out;
	uint32_t bits = 0;
	unsigned int n_bits = 0;
	size_t n = 0;

	if (digits == SIZE_MAX)
		return NULL;
	out = sta_arena_alloc(a, digits / 4 * 3 + 3);
	if (!out) {
		*out_len = SIZE_MAX;
		return NULL;
	}
	for (size_t i = 0; i < digits; i++) {
		int v = base64_value(s[i], url);

		if (v < 0)
			return NULL;
		bits = (bits << 6 | (uint32_t) v) & 0xffff;
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			out[n++] = (unsigned char) (bits >> n_bits);
		}
	}
	/* RFC 4648 3.5: left-over bits are zero, else two texts mean the same bytes. */
	if ((bits & ((1U << n_bits) - 1)) != 0)
		return NULL;
	*out_len = n;
	return out;
}

bool
sta_equal_secret(const void *a, const void *b, size_t len)
{
	const volatile unsigned char *x = a;
	const volatile unsigned char *y = b;
	unsigned char diff = 0;

	for (size_t i = 0; i < len; i++)
		diff |= x[i] ^ y[i];
	return diff == 0;
}
