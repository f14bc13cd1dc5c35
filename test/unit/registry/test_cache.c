#include "t.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "registry/cache.h"

#define SLOTS 4

static struct sta_cache *cache;
static struct sta_arena *arena;

static int
set_up(void **state)
{
	struct sta_err err;

	(void) state;
	sta_clock_set_offset(0);
	arena = sta_arena_new(1 << 20);
	return sta_cache_new(SLOTS, &cache, &err) == STA_OK ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void) state;
	sta_clock_set_offset(0);
	sta_arena_free(arena);
	sta_cache_free(cache);
	return 0;
}

static void
put_version(const char *key, uint64_t version, const char *value)
{
	const struct sta_cache_key k = { key, strlen(key), version };
	struct sta_arena *memory = sta_arena_new(1024);

	assert_non_null(memory);
	sta_cache_put(cache, &k, sta_now_unix() + 100, memory, sta_arena_strdup(memory, value));
}

static void
put(const char *key, const char *value)
{
	put_version(key, 1, value);
}

static const char *
get_version(const char *key, uint64_t version)
{
	const struct sta_cache_key k = { key, strlen(key), version };

	return sta_cache_get(cache, &k, arena);
}

static const char *
get(const char *key)
{
	return get_version(key, 1);
}

static void
a_value_is_found_by_its_whole_key(void **state)
{
	(void) state;
	assert_null(get(""));
	put("one", "1");
	assert_string_equal(get("one"), "1");
	assert_null(get("on"));
	assert_null(get("one "));
	assert_null(get("onE"));
}

static void
a_value_of_another_version_is_not_found(void **state)
{
	(void) state;
	put_version("one", 7, "old");
	assert_null(get_version("one", 8));
	assert_string_equal(get_version("one", 7), "old");
	put_version("one", 8, "new");
	assert_string_equal(get_version("one", 8), "new");
	assert_null(get_version("one", 7));
}

static void
more_keys_than_slots_keep_the_newest(void **state)
{
	char key[8];
	unsigned found = 0;

	(void) state;
	for (int i = 0; i < 100; i++) {
		(void) snprintf(key, sizeof(key), "%d", i);
		put(key, key);
		assert_string_equal(get(key), key);
	}
	for (int i = 0; i < 100; i++) {
		(void) snprintf(key, sizeof(key), "%d", i);
		found += get(key) != NULL;
	}
	assert_in_range(found, 1, SLOTS);
}

static void
a_value_is_forgotten_when_its_time_is_over(void **state)
{
	(void) state;
	put("one", "1");
	sta_clock_set_offset(98);
	assert_string_equal(get("one"), "1");
	sta_clock_set_offset(100);
	assert_null(get("one"));
}

static void
a_value_that_was_found_outlives_its_slot_and_the_cache(void **state)
{
	struct sta_err err;
	const char *held;

	(void) state;
	put("one", "1");
	held = get("one");
	put("one", "another");
	assert_string_equal(held, "1");
	held = get("one");
	sta_cache_free(cache);
	assert_string_equal(held, "another");
	assert_int_equal(sta_cache_new(SLOTS, &cache, &err), STA_OK);
}

static void
what_does_not_fit_its_memory_is_not_kept(void **state)
{
	static const char big[2000];
	const struct sta_cache_key k = { big, sizeof(big), 1 };

	(void) state;
	sta_cache_put(cache, &k, INT64_MAX, sta_arena_new(1000), "value");
	assert_null(sta_cache_get(cache, &k, arena));
	sta_cache_put(cache, &k, INT64_MAX, NULL, "value");
	assert_null(sta_cache_get(cache, &k, arena));
	sta_cache_put(cache, &k, INT64_MAX, sta_arena_new(3000), "value");
	assert_non_null(sta_cache_get(cache, &k, arena));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_value_is_found_by_its_whole_key),
		TEST(a_value_of_another_version_is_not_found),
		TEST(more_keys_than_slots_keep_the_newest),
		TEST(a_value_is_forgotten_when_its_time_is_over),
		TEST(a_value_that_was_found_outlives_its_slot_and_the_cache),
		TEST(what_does_not_fit_its_memory_is_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
