#include "t.h"

#include <string.h>

#include "base/auto.h"
#include "base/oom.h"
#include "base/parse.h"

struct number_row {
	const char *s;
	bool ok;
	uint64_t want;
};

/* Every row through parse; refusals must leave the output alone. */
static void
check_numbers(const struct number_row *row, size_t n, bool (*parse)(const char *, size_t, uint64_t *))
{
	for (size_t i = 0; i < n; i++) {
		uint64_t out = 77;
		bool ok = parse(row[i].s, strlen(row[i].s), &out);

		if (ok != row[i].ok || out != (ok ? row[i].want : 77))
			fail_msg("'%s': %d %llu", row[i].s, ok, (unsigned long long) out);
	}
}

static void
u64(void **state)
{
	static const struct number_row row[] = {
		{ "", false, 0 },
		{ "0", true, 0 },
		{ "007", true, 7 },
		{ "18446744073709551615", true, UINT64_MAX },
		{ "18446744073709551616", false, 0 },
		{ "99999999999999999999", false, 0 },
		{ "000000000000000000001", false, 0 },
		{ "+1", false, 0 },
		{ "-1", false, 0 },
		{ " 1", false, 0 },
		{ "1 ", false, 0 },
		{ "0x1", false, 0 },
		{ "1e3", false, 0 },
		{ "\xd9\xa1", false, 0 },
	};
	uint64_t out = 0;

	(void) state;
	check_numbers(row, ARRAY_LEN(row), sta_parse_u64);
	assert_true(sta_parse_u64("123", 2, &out)); /* the length rules */
	assert_int_equal(out, 12);
	assert_false(sta_parse_u64("1\0", 2, &out));
}

static void
sizes(void **state)
{
	static const struct number_row row[] = {
		{ "", false, 0 },
		{ "10", true, 10 },
		{ "0KB", true, 0 },
		{ "64KiB", true, 65536 },
		{ "5MiB", true, 5242880 },
		{ "10GiB", true, UINT64_C(10737418240) },
		{ "2TiB", true, UINT64_C(2199023255552) },
		{ "3KB", true, 3000 },
		{ "4MB", true, 4000000 },
		{ "10GB", true, UINT64_C(10000000000) },
		{ "1TB", true, UINT64_C(1000000000000) },
		{ "16777215TiB", true, UINT64_C(16777215) << 40 },
		{ "16777216TiB", false, 0 },
		{ "KiB", false, 0 },
		{ "1K", false, 0 },
		{ "1kb", false, 0 },
		{ "1KiBs", false, 0 },
		{ "1 KiB", false, 0 },
		{ "1.5GiB", false, 0 },
		{ "-1KB", false, 0 },
	};

	(void) state;
	check_numbers(row, ARRAY_LEN(row), sta_parse_size);
}

static void
spans(void **state)
{
	static const struct number_row row[] = {
		{ "", false, 0 },       { "300s", true, 300 },    { "10m", true, 600 },
		{ "24h", true, 86400 }, { "30d", true, 2592000 }, { "42", true, 42 },
		{ "s", false, 0 },      { "1w", false, 0 },       { "1h30m", false, 0 },
		{ "-1s", false, 0 },    { "1S", false, 0 },       { "18446744073709551615m", false, 0 },
	};

	(void) state;
	check_numbers(row, ARRAY_LEN(row), sta_parse_span);
}

static void
hex(void **state)
{
	static const char *const bad[] = { "0", "0g", "AB", "0x", " 0", "00 ", "\xc3\xa9" };
	static const unsigned char bytes[] = { 0x00, 0x7f, 0xa5, 0xff };
	unsigned char back[4] = { 0 };
	char text[9];

	(void) state;
	sta_hex(bytes, 0, text);
	assert_string_equal(text, "");
	sta_hex(bytes, sizeof(bytes), text);
	assert_string_equal(text, "007fa5ff");
	assert_true(sta_unhex("", 0, back));
	assert_true(sta_unhex(text, 8, back));
	assert_memory_equal(back, bytes, 4);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(sta_unhex(bad[i], strlen(bad[i]), back));
		assert_memory_equal(back, bytes, 4);
	}
}

static void
percent(void **state)
{
	static const struct {
		const char *s;
		bool plus;
		const char *want;
	} row[] = {
		{ "", false, "" },         { "abc", false, "abc" },    { "a%2Fb%2f", false, "a/b/" },
		{ "%2541", false, "%41" }, /* once */
		{ "a+b", false, "a+b" },   { "a+b%2B", true, "a b+" }, { "%C3%A9", false, "\xc3\xa9" },
		{ "%", false, NULL },      { "%4", false, NULL },      { "a%4", false, NULL },
		{ "%4g", false, NULL },    { "%g4", false, NULL },     { "%%41", false, NULL },
		{ "%00", false, NULL },    { "%0a", false, NULL },     { "%0D", false, NULL },
		{ "%7f", false, NULL },    { "a\nb", false, NULL },
	};
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(10000);

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		char *out = sta_percent_decode(a, row[i].s, strlen(row[i].s), row[i].plus);

		if (row[i].want ? !out || strcmp(out, row[i].want) != 0 : out != NULL)
			fail_msg("'%s': '%s'", row[i].s, out ? out : "(null)");
	}
	assert_null(sta_percent_decode(a, "%41", 2, false)); /* never past len */
	assert_null(sta_percent_decode(a, "a\0", 2, false));
}

static void
base64_vectors(void **state)
{
	static const struct {
		const char *plain;
		const char *std;
		const char *url;
	} row[] = {
		{ "", "", "" },
		{ "f", "Zg==", "Zg" },
		{ "fo", "Zm8=", "Zm8" },
		{ "foo", "Zm9v", "Zm9v" },
		{ "foob", "Zm9vYg==", "Zm9vYg" },
		{ "fooba", "Zm9vYmE=", "Zm9vYmE" },
		{ "foobar", "Zm9vYmFy", "Zm9vYmFy" },
		{ "\xfb\xff\xfe", "+//+", "-__-" },
	};
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(10000);

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		size_t len = strlen(row[i].plain);
		size_t out_len = 99;
		unsigned char *out;

		assert_string_equal(sta_base64(a, row[i].plain, len, false), row[i].std);
		assert_string_equal(sta_base64(a, row[i].plain, len, true), row[i].url);
		out = sta_unbase64(a, row[i].std, strlen(row[i].std), false, &out_len);
		assert_non_null(out);
		assert_int_equal(out_len, len);
		assert_memory_equal(out, row[i].plain, len + 1);
		out = sta_unbase64(a, row[i].url, strlen(row[i].url), true, &out_len);
		assert_non_null(out);
		assert_int_equal(out_len, len);
	}
}

static void
base64_refusals(void **state)
{
	static const struct {
		const char *s;
		bool url;
		bool ok;
	} row[] = {
		{ "Zg", false, true },     { "Zg==", true, true },     { "Z", false, false },
		{ "Zg=", false, false },   { "Zg===", false, false },  { "=", false, false },
		{ "==", false, false },    { "====", false, false },   { "Zh==", false, false },
		{ "Zm9=", false, false },  { "Z g=", false, false },   { "Zm9v\n", false, false },
		{ "+//+", true, false },   { "-__-", false, false },   { "Zg==Zg==", false, false },
		{ "Zm9v=", false, false }, { "Zm9v==", false, false }, { "Zm9vYg==", false, true },
	};
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(10000);
	size_t len;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		if ((sta_unbase64(a, row[i].s, strlen(row[i].s), row[i].url, &len) != NULL) != row[i].ok)
			fail_msg("'%s'", row[i].s);
	assert_null(sta_unbase64(a, "Zg\0\0", 4, false, &len));
	assert_null(sta_base64(a, "", SIZE_MAX, false));
}

static void
out_of_memory_is_null(void **state)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(10000);
	size_t len;

	(void) state;
	oom_budget = 0;
	assert_null(sta_percent_decode(a, "a", 1, false));
	assert_null(sta_base64(a, "a", 1, false));
	assert_null(sta_unbase64(a, "Zg", 2, false, &len));
	oom_budget = -1;
}

static void
equal_secret(void **state)
{
	(void) state;
	assert_true(sta_equal_secret("", "", 0));
	assert_true(sta_equal_secret("abc", "abc", 3));
	assert_false(sta_equal_secret("abc", "abd", 3));
	assert_false(sta_equal_secret("abc", "xbc", 3));
	assert_true(sta_equal_secret("abc", "abd", 2));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(u64),
		cmocka_unit_test(sizes),
		cmocka_unit_test(spans),
		cmocka_unit_test(hex),
		cmocka_unit_test(percent),
		cmocka_unit_test(base64_vectors),
		cmocka_unit_test(base64_refusals),
		cmocka_unit_test(out_of_memory_is_null),
		cmocka_unit_test(equal_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
