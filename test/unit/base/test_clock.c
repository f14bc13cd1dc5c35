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
		cmocka_unit_test(offset_moves_wall_time_and_not_spans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
