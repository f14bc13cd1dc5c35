#include "t.h"

#include <string.h>

#include "http/range.h"

#define WHOLE STA_RANGE_WHOLE
#define SOME STA_RANGE_SOME
#define NONE STA_RANGE_UNSATISFIABLE

static void
one_range_is_cut_to_the_size(void **state)
{
	static const struct {
		const char *value;
		uint64_t size;
		enum sta_range_result result;
		uint64_t first, last;
	} table[] = {
		{ "", 10, WHOLE, 0, 0 },
		{ NULL, 10, WHOLE, 0, 0 },
		{ "bytes=", 10, WHOLE, 0, 0 },
		{ "bytes=0-3", 10, SOME, 0, 3 },
		{ "BYTES=0-3", 10, SOME, 0, 3 },
		{ "bytes=0-", 10, SOME, 0, 9 },
		{ "bytes=007-008", 10, SOME, 7, 8 },
		{ "bytes=9-10", 10, SOME, 9, 9 },
		{ "bytes=10-", 10, NONE, 0, 0 },
		{ "bytes=-4", 10, SOME, 6, 9 },
		{ "bytes=-11", 10, SOME, 0, 9 },
		{ "bytes=-0", 10, NONE, 0, 0 },
		{ "bytes=4-3", 10, NONE, 0, 0 },
		{ "bytes=0-0", 0, NONE, 0, 0 },
		{ "bytes=-1", 0, NONE, 0, 0 },
		{ "bytes=0-18446744073709551615", 10, SOME, 0, 9 },
		{ "bytes=0-18446744073709551616", 10, SOME, 0, 9 },
		{ "bytes=99999999999999999999-", 10, NONE, 0, 0 },
		{ "bytes=-99999999999999999999", 10, SOME, 0, 9 },
		{ "bytes=0-0", UINT64_MAX, SOME, 0, 0 },
		{ "bytes=-1", UINT64_MAX, SOME, UINT64_MAX - 1, UINT64_MAX - 1 },
		{ "bytes = 0-3", 10, WHOLE, 0, 0 },
		{ "bytes= 0-3\t", 10, SOME, 0, 3 },
		{ "bytes=0 -3", 10, WHOLE, 0, 0 },
		{ "bytes=0-3,", 10, WHOLE, 0, 0 },
		{ "bytes=-", 10, WHOLE, 0, 0 },
		{ "bytes=+1-2", 10, WHOLE, 0, 0 },
		{ "bytes=0-3;x", 10, WHOLE, 0, 0 },
		{ "items=0-3", 10, WHOLE, 0, 0 },
		{ "0-3", 10, WHOLE, 0, 0 },
	};
	struct sta_range out[STA_RANGES_MAX];
	size_t n;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		if (sta_range_parse(table[i].value, table[i].size, out, &n) != table[i].result)
			fail_msg("%s", table[i].value);
		if (table[i].result != SOME)
			continue;
		if (n != 1 || out[0].first != table[i].first || out[0].last != table[i].last)
			fail_msg("%s", table[i].value);
	}
}

static void
ranges_keep_their_order_and_those_past_the_end_are_left_out(void **state)
{
	struct sta_range out[STA_RANGES_MAX];
	size_t n;

	(void) state;
	assert_int_equal(sta_range_parse("bytes=8-9, 0-1 ,50-60,-1", 10, out, &n), SOME);
	assert_int_equal(n, 3);
	assert_int_equal(out[0].first, 8);
	assert_int_equal(out[1].last, 1);
	assert_int_equal(out[2].first, 9);
}

static void
one_reversed_range_refuses_the_set(void **state)
{
	struct sta_range out[STA_RANGES_MAX];
	size_t n;

	(void) state;
	assert_int_equal(sta_range_parse("bytes=0-1,4-3", 10, out, &n), NONE);
}

static void
more_than_twice_the_content_is_refused(void **state)
{
	struct sta_range out[STA_RANGES_MAX];
	size_t n;

	(void) state;
	assert_int_equal(sta_range_parse("bytes=0-9,0-9", 10, out, &n), SOME);
	assert_int_equal(sta_range_parse("bytes=0-9,0-9,0-0", 10, out, &n), NONE);
	assert_int_equal(sta_range_parse("bytes=0-,0-,0-", UINT64_MAX, out, &n), NONE);
}

static void
more_parts_than_allowed_are_refused(void **state)
{
	char value[8 + 4 * (STA_RANGES_MAX + 1)] = "bytes=0-0";
	struct sta_range out[STA_RANGES_MAX];
	size_t len = strlen(value);
	size_t n;

	(void) state;
	for (int i = 1; i < STA_RANGES_MAX; i++, len += 4)
		memcpy(value + len, ",0-0", 5);
	assert_int_equal(sta_range_parse(value, 1000, out, &n), SOME);
	assert_int_equal(n, STA_RANGES_MAX);
	memcpy(value + len, ",0-0", 5);
	assert_int_equal(sta_range_parse(value, 1000, out, &n), NONE);
}

static void
content_range_is_exact(void **state)
{
	static const struct {
		const char *value;
		bool ok;
		uint64_t first, last;
	} table[] = {
		{ "", false, 0, 0 },
		{ NULL, false, 0, 0 },
		{ "0-1023", true, 0, 1023 },
		{ "bytes 0-1023/2048", true, 0, 1023 },
		{ "Bytes 5-5/*", true, 5, 5 },
		{ "5-9/10", true, 5, 9 },
		{ "5-9/9", false, 0, 0 },
		{ "5-4", false, 0, 0 },
		{ "5-", false, 0, 0 },
		{ "-5", false, 0, 0 },
		{ "0-5/", false, 0, 0 },
		{ "0-5/*x", false, 0, 0 },
		{ "0-5 ", false, 0, 0 },
		{ "bytes=0-5", false, 0, 0 },
		{ "bytes  0-5", false, 0, 0 },
		{ "0-18446744073709551616", false, 0, 0 },
		{ "0-18446744073709551615", true, 0, UINT64_MAX },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct sta_range out = { 77, 77 };

		if (sta_content_range_parse(table[i].value, &out) != table[i].ok)
			fail_msg("%s", table[i].value);
		if (out.first != (table[i].ok ? table[i].first : 77) ||
		    out.last != (table[i].ok ? table[i].last : 77))
			fail_msg("%s", table[i].value);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_range_is_cut_to_the_size),
		cmocka_unit_test(ranges_keep_their_order_and_those_past_the_end_are_left_out),
		cmocka_unit_test(one_reversed_range_refuses_the_set),
		cmocka_unit_test(more_than_twice_the_content_is_refused),
		cmocka_unit_test(more_parts_than_allowed_are_refused),
		cmocka_unit_test(content_range_is_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
