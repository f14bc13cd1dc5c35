#include "registry/walk.h"

#include <stdlib.h>

/* A long walk of random operations, compared with the model after each.  The
 * seed is printed; STAITHE_TEST_SEED repeats a walk. */

#define STEPS 20000

static size_t
pick(void *arg, size_t n)
{
	uint64_t *x = arg;

	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return (size_t) ((*x >> 11) % n);
}

static uint64_t
seed_of(void)
{
	const char *text = getenv("STAITHE_TEST_SEED"); /* NOLINT(concurrency-mt-unsafe) */
	uint64_t seed = text ? (uint64_t) strtoull(text, NULL, 10) : sta_now_ns();

	print_message("# STAITHE_TEST_SEED=%llu\n", (unsigned long long) seed);
	return seed | 1;
}

static void
what_was_acknowledged_is_readable_until_it_is_deleted(void **state)
{
	struct house *h = *state;
	uint64_t random = seed_of();
	struct walk w;

	walk_begin(&w, h, pick, &random);
	for (int i = 0; i < STEPS; i++) {
		walk_step(&w);
		if (i % 64 == 0)
			house_fresh_arena(h);
		if (i % 5000 == 0)
			walk_check(&w);
	}
	walk_check(&w);
	walk_clear(&w);
	walk_check(&w);
	walk_end(&w);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_acknowledged_is_readable_until_it_is_deleted,
						house_setup, house_teardown),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
