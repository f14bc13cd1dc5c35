#include "bench/hist.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka's header needs those before it. */
#include <cmocka.h>

static void
empty_has_no_quantile(void **state)
{
	static struct sta_hist h;

	(void) state;
	assert_int_equal(sta_hist_quantile(&h, 0.5), 0);
}

static void
quantile_is_at_most_a_64th_above_the_true_one(void **state)
{
	static struct sta_hist h;

	(void) state;
	for (uint64_t ns = 1; ns <= 1000000; ns++)
		sta_hist_add(&h, ns);
	for (double share = 0.001; share < 1; share += 0.001) {
		uint64_t ns = sta_hist_quantile(&h, share);
		double exact = share * 1000000;
		double found = (double) ns;

		assert_true(found >= exact - 1 && found <= exact * (1 + 1.0 / 64) + 1);
	}
	assert_int_equal(sta_hist_quantile(&h, 1), 1000000);
}

static void
any_value_fits(void **state)
{
	static struct sta_hist h;

	(void) state;
	for (unsigned bit = 0; bit < 64; bit++) {
		sta_hist_add(&h, UINT64_C(1) << bit);
		sta_hist_add(&h, (UINT64_C(1) << bit) - 1);
	}
	sta_hist_add(&h, UINT64_MAX);
	assert_int_equal(h.count, 129);
	assert_true(sta_hist_quantile(&h, 1) == UINT64_MAX);
}

static void
merged_is_as_if_added_to_one(void **state)
{
	static struct sta_hist one;
	static struct sta_hist part[2];

	(void) state;
	for (uint64_t ns = 1; ns < 100000; ns += 7) {
		sta_hist_add(&one, ns);
		sta_hist_add(&part[ns % 2], ns);
	}
	sta_hist_merge(&part[0], &part[1]);
	assert_memory_equal(&part[0], &one, sizeof one);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_has_no_quantile),
		cmocka_unit_test(quantile_is_at_most_a_64th_above_the_true_one),
		cmocka_unit_test(any_value_fits),
		cmocka_unit_test(merged_is_as_if_added_to_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
