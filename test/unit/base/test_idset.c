/* Sets of ids and their stored pieces. */

#include <string.h>

#include "t.h"

#include "base/idset.h"

#define END 10000

static int
set_up(void **state)
{
	*state = sta_arena_new((size_t) 1 << 20);
	return *state ? 0 : -1;
}

static int
tear_down(void **state)
{
	sta_arena_free(*state);
	return 0;
}

static struct sta_idset
make(void **state)
{
	struct sta_idset s;

	assert_true(sta_idset_new(*state, END, &s));
	return s;
}

static void
ids_are_in_it_until_they_are_removed(void **state)
{
	static const int64_t ids[] = { 0, 1, 63, 64, 4095, 4096, 9999 };
	struct sta_idset s = make(state);
	int64_t at = 0;

	assert_int_equal(sta_idset_next(&s, 0), -1);
	for (size_t i = 0; i < 7; i++)
		sta_idset_add(&s, ids[i]);
	assert_int_equal(sta_idset_count(&s), 7);
	for (size_t i = 0; i < 7; i++) {
		assert_true(sta_idset_has(&s, ids[i]));
		assert_int_equal(sta_idset_next(&s, at), ids[i]);
		at = ids[i] + 1;
	}
	assert_int_equal(sta_idset_next(&s, at), -1);
	assert_false(sta_idset_has(&s, 2));
	sta_idset_remove(&s, 64);
	assert_false(sta_idset_has(&s, 64));
	assert_int_equal(sta_idset_count(&s), 6);
}

static void
ids_outside_are_in_no_set(void **state)
{
	static const int64_t ids[] = { -1, INT64_MIN, 12288, INT64_MAX };
	struct sta_idset s = make(state);

	assert_int_equal(s.end, 12288);
	for (size_t i = 0; i < 4; i++) {
		sta_idset_add(&s, ids[i]);
		sta_idset_remove(&s, ids[i]);
		assert_false(sta_idset_has(&s, ids[i]));
		assert_int_equal(sta_idset_next(&s, ids[i]), -1);
	}
	assert_int_equal(sta_idset_count(&s), 0);
	assert_true(sta_idset_new(*state, 0, &s));
	assert_int_equal(sta_idset_count(&s), 0);
}

static void
sets_are_combined(void **state)
{
	struct sta_idset a = make(state);
	struct sta_idset b = make(state);
	struct sta_idset c = make(state);

	for (int64_t id = 0; id < END; id++) {
		if (id % 2 == 0)
			sta_idset_add(&a, id);
		if (id % 3 == 0)
			sta_idset_add(&b, id);
	}
	sta_idset_copy(&c, &a);
	sta_idset_and(&c, &b);
	for (int64_t id = 0; id < END; id++)
		assert_int_equal(sta_idset_has(&c, id), id % 6 == 0);
	sta_idset_copy(&c, &a);
	sta_idset_or(&c, &b);
	for (int64_t id = 0; id < END; id++)
		assert_int_equal(sta_idset_has(&c, id), id % 2 == 0 || id % 3 == 0);
	sta_idset_and_not(&c, &b);
	for (int64_t id = 0; id < END; id++)
		assert_int_equal(sta_idset_has(&c, id), id % 2 == 0 && id % 3 != 0);
	sta_idset_clear(&c);
	assert_int_equal(sta_idset_count(&c), 0);
}

/* Every so manieth id of the second piece: what is stored is read as the same. */
static size_t
stored_size(void **state, int64_t each)
{
	unsigned char stored[STA_IDSET_STORED];
	struct sta_idset s = make(state);
	struct sta_idset back = make(state);
	size_t len;

	for (int64_t id = STA_IDSET_PIECE; id < INT64_C(2) * STA_IDSET_PIECE; id += each)
		sta_idset_add(&s, id);
	sta_idset_add(&s, 3);
	len = sta_idset_store(&s, 1, stored);
	sta_idset_remove(&s, 3);
	assert_true(sta_idset_load(&back, 1, stored, len));
	assert_memory_equal(back.words, s.words, (size_t) s.end / 8);
	return len;
}

static void
a_piece_is_stored_in_the_shorter_form(void **state)
{
	assert_int_equal(stored_size(state, 1), STA_IDSET_STORED);
	assert_int_equal(stored_size(state, 2), STA_IDSET_STORED);
	assert_int_equal(stored_size(state, 16), STA_IDSET_STORED);
	assert_int_equal(stored_size(state, 17), 2 * 241);
	assert_int_equal(stored_size(state, 4096), 2);
}

static void
an_empty_piece_has_no_bytes(void **state)
{
	unsigned char stored[STA_IDSET_STORED];
	struct sta_idset s = make(state);

	assert_int_equal(sta_idset_store(&s, 0, stored), 0);
	assert_true(sta_idset_load(&s, 0, stored, 0));
	assert_int_equal(sta_idset_count(&s), 0);
}

static void
malformed_pieces_are_refused(void **state)
{
	unsigned char stored[STA_IDSET_STORED + 2] = { 0x10 };
	struct sta_idset s = make(state);

	assert_false(sta_idset_load(&s, 0, stored, 1));
	assert_false(sta_idset_load(&s, 0, stored, 2)); /* 4096 */
	assert_false(sta_idset_load(&s, 0, stored, STA_IDSET_STORED + 2));
	assert_false(sta_idset_load(&s, -1, stored, 0));
	assert_int_equal(sta_idset_count(&s), 0);
	stored[0] = 0;
	assert_true(sta_idset_load(&s, 3, stored, 2)); /* behind its end */
	assert_int_equal(sta_idset_count(&s), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ids_are_in_it_until_they_are_removed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ids_outside_are_in_no_set, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sets_are_combined, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_piece_is_stored_in_the_shorter_form, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_empty_piece_has_no_bytes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(malformed_pieces_are_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
