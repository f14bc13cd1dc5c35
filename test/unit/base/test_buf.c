#include "t.h"

#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/oom.h"

static void
appends_join(void **state)
{
	STA_AUTO(sta_buf_done) struct sta_buf b = { .max = 1000 };

	(void) state;
	assert_null(b.data);
	sta_buf_append(&b, "", 0);
	assert_string_equal(b.data, "");
	sta_buf_str(&b, "abc");
	sta_buf_append(&b, "d\0e", 3);
	sta_buf_printf(&b, "%s%d", "f", 12);
	assert_true(sta_buf_ok(&b));
	assert_int_equal(b.len, 9);
	assert_memory_equal(b.data, "abcd\0ef12", 10);
}

static void
max_is_exact(void **state)
{
	STA_AUTO(sta_buf_done) struct sta_buf b = { .max = 100 };

	(void) state;
	for (int i = 0; i < 100; i++)
		sta_buf_str(&b, "x");
	assert_true(sta_buf_ok(&b));
	assert_int_equal(b.len, 100);
	sta_buf_str(&b, "x");
	assert_false(sta_buf_ok(&b));
	assert_int_equal(b.len, 100);
	assert_int_equal(strlen(b.data), 100);
}

static void
printf_max_is_exact(void **state)
{
	(void) state;
	for (int n = 1; n < 200; n++) {
		STA_AUTO(sta_buf_done) struct sta_buf b = { .max = 100 };

		sta_buf_printf(&b, "%0*d", n, 1);
		assert_int_equal(sta_buf_ok(&b), n <= 100);
		assert_int_equal(b.len, n <= 100 ? n : 0);
		assert_int_equal(strlen(b.data), b.len);
	}
}

static void
failed_stays_failed_until_done(void **state)
{
	STA_AUTO(sta_buf_done) struct sta_buf b = { .max = 2 };

	(void) state;
	sta_buf_str(&b, "abc");
	sta_buf_str(&b, "a");
	sta_buf_printf(&b, "b");
	sta_buf_json(&b, "");
	assert_false(sta_buf_ok(&b));
	assert_int_equal(b.len, 0);
	sta_buf_done(&b);
	sta_buf_str(&b, "ab");
	assert_true(sta_buf_ok(&b));
	assert_string_equal(b.data, "ab");
}

static void
huge_max_does_not_overflow(void **state)
{
	struct sta_buf b;

	(void) state;
	sta_buf_init(&b, SIZE_MAX);
	sta_buf_str(&b, "x");
	sta_buf_append(&b, "x", SIZE_MAX);
	assert_false(sta_buf_ok(&b));
	sta_buf_done(&b);
}

static void
json_strings(void **state)
{
	static const struct {
		const char *in;
		const char *want;
	} row[] = {
		{ "", "\"\"" },
		{ "abc", "\"abc\"" },
		{ "a\"b\\c", "\"a\\\"b\\\\c\"" },
		{ "a\nb\tc\rd", "\"a\\nb\\tc\\u000dd\"" },
		{ "\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\"" },
		{ "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xb3", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xb3\"" },
		{ "\xc2\x9b", "\"\\u009b\"" },                  /* a terminal's escape */
		{ "\xe2\x80\xa8", "\"\\u2028\"" },              /* a line separator */
		{ "\xff", "\"\xef\xbf\xbd\"" },                 /* never a start */
		{ "\xc3", "\"\xef\xbf\xbd\"" },                 /* cut off */
		{ "\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\"" }, /* cut off */
		{ "\xc0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\"" }, /* overlong */
		{ "\xe0\x80\x80x", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx\"" },
		{ "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" }, /* surrogate */
		{ "\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		STA_AUTO(sta_buf_done) struct sta_buf b = { .max = 1000 };

		sta_buf_json(&b, row[i].in);
		assert_true(sta_buf_ok(&b));
		assert_string_equal(b.data, row[i].want);
	}
}

static void
out_of_memory_marks_failed(void **state)
{
	STA_AUTO(sta_buf_done) struct sta_buf b = { .max = 1000 };

	(void) state;
	oom_budget = 1;
	sta_buf_str(&b, "kept");
	sta_buf_printf(&b, "%0500d", 1);
	oom_budget = -1;
	assert_false(sta_buf_ok(&b));
	assert_string_equal(b.data, "kept");
}

static void
numbers_are_written_in_full(void **state)
{
	static const struct {
		int64_t v;
		const char *want;
	} row[] = {
		{ 0, "0" },
		{ 7, "7" },
		{ -1, "-1" },
		{ 1234567890, "1234567890" },
		{ INT64_MAX, "9223372036854775807" },
		{ INT64_MIN, "-9223372036854775808" },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct sta_buf b;

		sta_buf_init(&b, 100);
		sta_buf_int(&b, row[i].v);
		assert_string_equal(b.data, row[i].want);
		sta_buf_done(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appends_join),
		cmocka_unit_test(max_is_exact),
		cmocka_unit_test(numbers_are_written_in_full),
		cmocka_unit_test(printf_max_is_exact),
		cmocka_unit_test(failed_stays_failed_until_done),
		cmocka_unit_test(huge_max_does_not_overflow),
		cmocka_unit_test(json_strings),
		cmocka_unit_test(out_of_memory_marks_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
