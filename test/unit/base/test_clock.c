#include "t.h"

#include <string.h>

#include "base/clock.h"

static void
text_forms(void **state)
{
	static const struct {
		int64_t t;
		const char *rfc3339;
		const char *http;
	} row[] = {
		{ 0, "1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT" },
		{ 784111777, "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 GMT" },
		{ 1795243504, "2026-11-21T06:45:04Z", "Sat, 21 Nov 2026 06:45:04 GMT" },
		{ 951782399, "2000-02-28T23:59:59Z", "Mon, 28 Feb 2000 23:59:59 GMT" },
		{ 951782400, "2000-02-29T00:00:00Z", "Tue, 29 Feb 2000 00:00:00 GMT" },
		{ -1, "1969-12-31T23:59:59Z", "Wed, 31 Dec 1969 23:59:59 GMT" },
		{ INT64_MAX, "9999-12-31T23:59:59Z", "Fri, 31 Dec 9999 23:59:59 GMT" },
		{ INT64_MIN, "1000-01-01T00:00:00Z", "Wed, 01 Jan 1000 00:00:00 GMT" },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		char out[STA_TIME_TEXT_MAX];

		assert_string_equal(sta_time_rfc3339(row[i].t, out), row[i].rfc3339);
		assert_string_equal(sta_time_http(row[i].t, out), row[i].http);
	}
}

static void
times_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t t;
	} row[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1994-11-06T08:49:37Z", 784111777 },
		{ "2026-11-21T06:45:04Z", 1795243504 },
		{ "2026-11-21t06:45:04z", 1795243504 },
		{ "2026-11-21T06:45:04.999Z", 1795243504 },
		{ "2026-11-21T07:45:04+01:00", 1795243504 },
		{ "2026-11-20T22:15:04.5-08:30", 1795243504 },
		{ "2000-02-28T23:59:59Z", 951782399 },
		{ "2000-02-29", 951782400 },
		{ "2000-03-01", 951868800 },
		{ "2024-12-31", 1735603200 },
		{ "2100-03-01", 4107542400 },
		{ "9999-12-31T23:59:59Z", 253402300799 },
	};
	static const char *const bad[] = {
		"",
		"2026",
		"2026-11-2",
		"2026-11-31",
		"2026-02-29",
		"2100-02-29",
		"2026-00-01",
		"2026-13-01",
		"2026-11-00",
		"1969-12-31",
		"2026-11-21 ",
		"2026-11-21T",
		"2026-11-21T06:45",
		"2026-11-21T06:45:04",
		"2026-11-21T24:00:00Z",
		"2026-11-21T06:60:04Z",
		"2026-11-21T06:45:61Z",
		"2026-11-21T06:45:04.Z",
		"2026-11-21T06:45:04ZZ",
		"2026-11-21T06:45:04+1:00",
		"2026-11-21T06:45:04+24:00",
		"2026-11-21T06:45:04+01:60",
		"2026-11-21T06:45:04 01:00",
		"2026/11/21",
		"2026-1121-",
		"+026-11-21",
		"2026-11-2\xc3",
		"now",
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		int64_t t = -1;

		assert_true(sta_time_parse(row[i].text, &t));
		assert_int_equal(t, row[i].t);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		int64_t t = -1;

		if (sta_time_parse(bad[i], &t))
			fail_msg("%s", bad[i]);
		assert_int_equal(t, -1);
	}
	/* Every day of four centuries and more. */
	for (int64_t t = 0; t < INT64_C(86400) * 366 * 500; t += 86400) {
		char text[STA_TIME_TEXT_MAX];
		int64_t back = -1;

		assert_true(sta_time_parse(sta_time_rfc3339(t, text), &back));
		assert_int_equal(back, t);
	}
}

static void
offset_moves_wall_time_and_not_spans(void **state)
{
	int64_t before = sta_now_unix();
	uint64_t start = sta_now_ns();

	(void) state;
	sta_clock_set_offset(100000);
	assert_in_range(sta_now_unix() - before, 100000, 100100);
	assert_true(sta_now_ns() >= start);
	assert_in_range(sta_now_ns() - start, 0, UINT64_C(100000000000));
	sta_clock_set_offset(0);
	assert_in_range(sta_now_unix() - before, 0, 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_forms),
		cmocka_unit_test(times_are_read),
		cmocka_unit_test(offset_moves_wall_time_and_not_spans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
