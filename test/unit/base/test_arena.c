#include "t.h"

#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/auto.h"
#include "base/oom.h"

static void
memory_is_zero_and_aligned(void **state)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(1 << 20);

	(void) state;
	for (size_t len = 0; len < 300; len++) {
		unsigned char *p = sta_arena_alloc(a, len);

		assert_non_null(p);
		assert_int_equal((uintptr_t) p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < len; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, len);
	}
}

static void
allocations_do_not_overlap(void **state)
{
	static const size_t lens[] = { 1, 17, 9000, 3, 8000, 100000, 5, 7999 };
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(1 << 20);
	unsigned char *p[ARRAY_LEN(lens)];

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		p[i] = sta_arena_alloc(a, lens[i]);
		assert_non_null(p[i]);
		memset(p[i], (int) i + 1, lens[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(lens); i++)
		for (size_t k = 0; k < lens[i]; k++)
			assert_int_equal(p[i][k], i + 1);
}

static void
cap_is_exact_and_a_refusal_costs_nothing(void **state)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(100);

	(void) state;
	assert_non_null(sta_arena_alloc(a, 60));
	assert_null(sta_arena_alloc(a, 41));
	assert_null(sta_arena_alloc(a, SIZE_MAX));
	assert_null(sta_arena_strndup(a, "", SIZE_MAX));
	assert_non_null(sta_arena_alloc(a, 40));
	assert_null(sta_arena_alloc(a, 1));
}

static void
copies_end_with_nul(void **state)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(1000);

	(void) state;
	assert_string_equal(sta_arena_strdup(a, ""), "");
	assert_string_equal(sta_arena_strdup(a, "abc"), "abc");
	assert_string_equal(sta_arena_strndup(a, "abc", 2), "ab");
	assert_string_equal(sta_arena_strndup(a, NULL, 0), "");
	assert_memory_equal(sta_arena_memdup(a, "a\0b", 3), "a\0b", 3);
}

static void
printf_gives_text_of_any_length(void **state)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(1 << 20);

	(void) state;
	assert_string_equal(sta_arena_printf(a, "%s-%d", "x", 7), "x-7");
	for (int n = 500; n < 525; n++) {
		char *s = sta_arena_printf(a, "%0*d!", n, 5);

		assert_int_equal(strlen(s), n + 1);
		assert_int_equal(s[n - 1], '5');
		assert_int_equal(s[n], '!');
	}
	assert_null(sta_arena_printf(a, "%0*d", 2 << 20, 5)); /* past the cap */
}

static char trace[8];

static void
note(void *arg)
{
	size_t n = strlen(trace);

	trace[n] = *(const char *) arg;
	trace[n + 1] = '\0';
}

static void
cleanups_run_newest_first(void **state)
{
	struct sta_arena *a = sta_arena_new(1000);
	char text[] = "abc";

	(void) state;
	trace[0] = '\0';
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(sta_arena_defer(a, note, text + i), STA_OK);
	assert_string_equal(trace, "");
	sta_arena_free(a);
	assert_string_equal(trace, "cba");
}

static void
failed_defer_cleans_up_at_once(void **state)
{
	struct sta_arena *a = sta_arena_new(1);
	char text[] = "x";

	(void) state;
	trace[0] = '\0';
	assert_int_equal(sta_arena_defer(a, note, text), STA_NOMEM);
	assert_string_equal(trace, "x");
	sta_arena_free(a);
	assert_string_equal(trace, "x"); /* and only once */
}

static void
free_takes_null(void **state)
{
	struct sta_arena *none = NULL;

	(void) state;
	sta_arena_free(NULL);
	sta_arena_auto(&none);
}

static void
every_failed_malloc_is_null(void **state)
{
	struct sta_arena *a;

	(void) state;
	oom_budget = 0;
	a = sta_arena_new(100);
	oom_budget = -1;
	assert_null(a);

	a = sta_arena_new(100000);
	oom_budget = 0;
	assert_null(sta_arena_alloc(a, 1));
	assert_null(sta_arena_strdup(a, "x"));
	assert_null(sta_arena_memdup(a, "x", 1));
	assert_null(sta_arena_printf(a, "x"));
	assert_null(sta_arena_printf(a, "%0999d", 1));
	oom_budget = -1;
	assert_non_null(sta_arena_alloc(a, 1)); /* usable again */
	sta_arena_free(a);
}

static void
alloc_gives_zeroed_memory_and_keeps_blocks_of_length_0(void **state)
{
	unsigned char *p = sta_malloc(100);
	char *s = sta_strdup("abc");
	void *q = sta_malloc(0);

	(void) state;
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(p[i], 0);
	assert_string_equal(s, "abc");
	assert_non_null(q);
	q = sta_realloc(q, 0);
	assert_non_null(q);
	sta_free(q);
	sta_free(s);
	sta_free(p);
	sta_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zero_and_aligned),
		cmocka_unit_test(allocations_do_not_overlap),
		cmocka_unit_test(cap_is_exact_and_a_refusal_costs_nothing),
		cmocka_unit_test(copies_end_with_nul),
		cmocka_unit_test(printf_gives_text_of_any_length),
		cmocka_unit_test(cleanups_run_newest_first),
		cmocka_unit_test(failed_defer_cleans_up_at_once),
		cmocka_unit_test(free_takes_null),
		cmocka_unit_test(every_failed_malloc_is_null),
		cmocka_unit_test(alloc_gives_zeroed_memory_and_keeps_blocks_of_length_0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
