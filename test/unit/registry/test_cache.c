#include "t.h"

#include <string.h>

#include "base/clock.h"
#include "registry/cache.h"

static struct sta_cache *cache;
static struct sta_arena *arena;

static int
set_up(void **state)
{
	struct sta_err err;

	(void) state;
	sta_clock_set_offset(0);
	arena = sta_arena_new(1 << 20);
	return sta_cache_new(4, &cache, &err) == STA_OK ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void) state;
	sta_clock_set_offset(0);
	sta_cache_free(cache);
	sta_arena_free(arena);
	return 0;
}

/* A key whose slot is first % 4. */
static const unsigned char *
key(unsigned char first, unsigned char last)
{
	static unsigned char k[2][STA_CACHE_KEY_LEN];
	static unsigned turn;
	unsigned char *p = k[turn++ % 2];

	memset(p, 0, STA_CACHE_KEY_LEN);
	p[0] = first;
	p[STA_CACHE_KEY_LEN - 1] = last;
	return p;
}

static void
put(unsigned char first, unsigned char last, const char *value)
{
	sta_cache_put(cache, key(first, last), value, strlen(value), sta_now_unix() + 100);
}

static bool
holds(unsigned char first, unsigned char last, const char *value)
{
	size_t len = 99;
	const char *got = sta_cache_get(cache, key(first, last), arena, &len);

	return got && len == strlen(value) && memcmp(got, value, len) == 0;
}

static void
a_value_is_found_by_its_whole_key(void **state)
{
	size_t len;

	(void) state;
	assert_null(sta_cache_get(cache, key(0, 0), arena, &len)); /* an empty slot has that key */
	put(1, 1, "one");
	assert_true(holds(1, 1, "one"));
	assert_null(sta_cache_get(cache, key(1, 2), arena, &len));
	assert_null(sta_cache_get(cache, key(5, 1), arena, &len));
}

static void
a_new_value_takes_the_slot_of_an_old_one(void **state)
{
	size_t len;

	(void) state;
	put(1, 1, "one");
	put(2, 1, "two");
	put(5, 1, "five");
	assert_null(sta_cache_get(cache, key(1, 1), arena, &len));
	assert_true(holds(5, 1, "five"));
	assert_true(holds(2, 1, "two"));
	put(5, 1, "FIVE!");
	assert_true(holds(5, 1, "FIVE!"));
}

static void
a_value_is_forgotten_when_its_time_is_over(void **state)
{
	size_t len;

	(void) state;
	put(1, 1, "one");
	sta_clock_set_offset(98);
	assert_true(holds(1, 1, "one"));
	sta_clock_set_offset(100);
	assert_null(sta_cache_get(cache, key(1, 1), arena, &len));
}

static void
an_empty_value_is_a_value(void **state)
{
	(void) state;
	put(3, 3, "");
	assert_true(holds(3, 3, ""));
}

static void
a_value_that_is_too_long_is_not_kept(void **state)
{
	static const char big[STA_CACHE_VALUE_MAX + 1];
	size_t len = 0;

	(void) state;
	sta_cache_put(cache, key(1, 1), big, sizeof(big), sta_now_unix() + 100);
	assert_null(sta_cache_get(cache, key(1, 1), arena, &len));
	sta_cache_put(cache, key(1, 1), big, STA_CACHE_VALUE_MAX, sta_now_unix() + 100);
	assert_non_null(sta_cache_get(cache, key(1, 1), arena, &len));
	assert_int_equal(len, STA_CACHE_VALUE_MAX);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_value_is_found_by_its_whole_key),
		TEST(a_new_value_takes_the_slot_of_an_old_one),
		TEST(a_value_is_forgotten_when_its_time_is_over),
		TEST(an_empty_value_is_a_value),
		TEST(a_value_that_is_too_long_is_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
