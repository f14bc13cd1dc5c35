#include "t.h"

#include <pthread.h>

#include "api/rate.h"

#define LIMIT 5
#define NOW 1700000000
#define HOUR 3600
#define ROOM 4096 /* callers */
#define CALLERS 100000
#define THREADS 4
#define EACH 10000

static int
setup(void **state)
{
	struct sta_rate *r = NULL;
	struct sta_err err;

	assert_int_equal(sta_rate_new(LIMIT, &r, &err), STA_OK);
	*state = r;
	return 0;
}

static int
teardown(void **state)
{
	sta_rate_free(*state);
	return 0;
}

static bool
take(struct sta_rate *r, uint64_t key, unsigned n, int64_t at, uint64_t used)
{
	struct sta_rate_state s;
	bool good = sta_rate_take(r, key, n, at, &s);

	assert_int_equal(s.limit, LIMIT);
	assert_int_equal(s.used, used);
	return good;
}

static void
requests_are_counted_up_to_the_limit(void **state)
{
	for (uint64_t i = 1; i <= LIMIT; i++)
		assert_true(take(*state, 7, 1, NOW, i));
	for (int i = 0; i < 3; i++)
		assert_false(take(*state, 7, 1, NOW, LIMIT));
}

static void
free_request_is_good_and_counts_nothing(void **state)
{
	assert_true(take(*state, 7, 0, NOW, 0));
	for (uint64_t i = 1; i <= LIMIT; i++)
		assert_true(take(*state, 7, 1, NOW, i));
	assert_true(take(*state, 7, 0, NOW, LIMIT));
}

static void
window_of_an_hour_begins_with_the_first_request(void **state)
{
	struct sta_rate_state s;

	for (int i = 0; i < LIMIT; i++) {
		assert_true(sta_rate_take(*state, 7, 1, NOW + i, &s));
		assert_int_equal(s.reset_unix, NOW + HOUR);
	}
	assert_false(sta_rate_take(*state, 7, 1, NOW + HOUR - 1, &s));
	assert_int_equal(s.reset_unix, NOW + HOUR);
	assert_true(sta_rate_take(*state, 7, 1, NOW + HOUR, &s));
	assert_int_equal(s.used, 1);
	assert_int_equal(s.reset_unix, NOW + 2 * HOUR);
}

static void
nobody_waits_for_days_when_the_clock_is_set_back(void **state)
{
	struct sta_rate_state s;

	for (uint64_t i = 1; i <= LIMIT; i++)
		assert_true(take(*state, 7, 1, NOW, i));
	assert_false(take(*state, 7, 1, NOW, LIMIT));
	assert_true(sta_rate_take(*state, 7, 1, NOW - 24 * HOUR, &s));
	assert_int_equal(s.used, 1);
	assert_int_equal(s.reset_unix, NOW - 23 * HOUR);
}

static void
callers_are_counted_apart(void **state)
{
	for (uint64_t key = 0; key < 64; key++)
		assert_true(take(*state, key, 1, NOW, 1));
	for (uint64_t key = 0; key < 64; key++)
		assert_true(take(*state, key, 1, NOW, 2));
	assert_true(take(*state, UINT64_MAX, 1, NOW, 1));
}

/* The product with the multiplier's inverse is the key: these keys want the same place. */
static uint64_t
key_that_meets(uint64_t n)
{
	static const uint64_t multiplier = UINT64_C(0x9e3779b97f4a7c15);
	uint64_t inverse = multiplier;

	for (int i = 0; i < 6; i++)
		inverse *= 2 - multiplier * inverse;
	return (n + 1) * inverse; /* below 2^32: place 0 */
}

static void
callers_whose_places_meet_are_counted_apart(void **state)
{
	for (uint64_t used = 1; used <= LIMIT; used++)
		for (uint64_t n = 0; n < 16; n++)
			assert_true(take(*state, key_that_meets(n), 1, NOW, used));
	for (uint64_t n = 0; n < 16; n++)
		assert_false(take(*state, key_that_meets(n), 1, NOW, LIMIT));
}

static void
without_room_the_one_with_the_fewest_requests_is_forgotten(void **state)
{
	for (uint64_t n = 0; n < 16; n++)
		for (uint64_t used = 1; used <= (n == 9 ? 1 : 2 + n % 3); used++)
			assert_true(take(*state, key_that_meets(n), 1, NOW, used));
	assert_true(take(*state, key_that_meets(100), 1, NOW, 1));
	for (uint64_t n = 0; n < 16; n++)
		if (n != 9)
			assert_true(take(*state, key_that_meets(n), 0, NOW, 2 + n % 3));
}

static void
without_room_a_window_that_is_over_is_forgotten_first(void **state)
{
	for (uint64_t n = 0; n < 16; n++)
		for (uint64_t used = 1; used <= (n == 9 ? LIMIT : 1); used++)
			assert_true(take(*state, key_that_meets(n), 1, n == 9 ? NOW - 100 : NOW, used));
	assert_true(take(*state, key_that_meets(100), 1, NOW + HOUR - 50, 1));
	for (uint64_t n = 0; n < 16; n++)
		if (n != 9)
			assert_true(take(*state, key_that_meets(n), 0, NOW + HOUR - 50, 1));
}

/* However many others come with a request each. */
static void
a_busy_caller_is_not_forgotten_for_a_crowd(void **state)
{
	for (uint64_t used = 1; used <= LIMIT; used++)
		assert_true(take(*state, 7, 1, NOW, used));
	for (uint64_t key = 1000; key < 1000 + CALLERS; key++)
		assert_true(take(*state, key, 1, NOW, 1));
	assert_false(take(*state, 7, 1, NOW, LIMIT));
}

static void
half_as_many_callers_as_there_is_room_for_find_theirs(void **state)
{
	for (uint64_t used = 1; used <= 2; used++)
		for (uint64_t key = 0; key < ROOM / 2; key++)
			assert_true(take(*state, key, 1, NOW, used));
}

struct counter {
	struct sta_rate *r;
	pthread_t thread;
	uint64_t good;
};

static void *
count(void *arg)
{
	struct counter *c = arg;
	struct sta_rate_state s;

	for (int i = 0; i < EACH; i++)
		c->good += sta_rate_take(c->r, 7, 1, NOW, &s);
	return NULL;
}

static void
threads_together_take_no_more_than_the_limit(void **state)
{
	struct counter counters[THREADS];
	struct sta_rate *r = NULL;
	uint64_t good = 0;
	struct sta_err err;

	(void) state;
	assert_int_equal(sta_rate_new(EACH, &r, &err), STA_OK);
	for (size_t i = 0; i < THREADS; i++) {
		counters[i] = (struct counter){ .r = r };
		assert_int_equal(pthread_create(&counters[i].thread, NULL, count, &counters[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(counters[i].thread, NULL), 0);
		good += counters[i].good;
	}
	assert_int_equal(good, EACH);
	sta_rate_free(r);
}

static void
nothing_is_freed_for_nothing(void **state)
{
	(void) state;
	sta_rate_free(NULL);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(requests_are_counted_up_to_the_limit),
		TEST(free_request_is_good_and_counts_nothing),
		TEST(window_of_an_hour_begins_with_the_first_request),
		TEST(nobody_waits_for_days_when_the_clock_is_set_back),
		TEST(callers_are_counted_apart),
		TEST(callers_whose_places_meet_are_counted_apart),
		TEST(without_room_the_one_with_the_fewest_requests_is_forgotten),
		TEST(without_room_a_window_that_is_over_is_forgotten_first),
		TEST(a_busy_caller_is_not_forgotten_for_a_crowd),
		TEST(half_as_many_callers_as_there_is_room_for_find_theirs),
		TEST(threads_together_take_no_more_than_the_limit),
		TEST(nothing_is_freed_for_nothing),
	};

	return cmocka_run_group_tests_name("api_rate", tests, NULL, NULL);
}
