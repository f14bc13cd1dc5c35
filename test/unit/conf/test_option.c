#include "t.h"

#include <string.h>

#include "base/err.h"
#include "conf/option.h"

static void
every_option_is_complete(void **state)
{
	(void) state;
	for (enum sta_option_id id = 0; id < STA_OPTION_MAX_; id++) {
		const struct sta_option *o = &sta_options[id];

		assert_non_null(o->name);
		assert_non_null(o->def);
		assert_non_null(o->unit);
		assert_non_null(o->help);
		assert_true(strlen(o->name) + sizeof("STAITHE_") <= STA_OPTION_NAME_MAX);
		assert_true((o->type == STA_OPTION_ENUM) == (o->choices != NULL));
		assert_true((o->valid != NULL) == (o->expects != NULL));
		assert_true(o->help[strlen(o->help) - 1] == '.');
	}
}

static void
every_option_is_found_by_its_own_name_alone(void **state)
{
	(void) state;
	for (enum sta_option_id id = 0; id < STA_OPTION_MAX_; id++)
		assert_int_equal(sta_option_find(sta_options[id].name), id);
	assert_int_equal(sta_option_find(""), STA_OPTION_MAX_);
	assert_int_equal(sta_option_find("gc"), STA_OPTION_MAX_);
	assert_int_equal(sta_option_find("gc.graces"), STA_OPTION_MAX_);
}

static void
no_two_options_share_a_variable_or_a_flag(void **state)
{
	char a[STA_OPTION_NAME_MAX];
	char b[STA_OPTION_NAME_MAX];

	(void) state;
	for (enum sta_option_id i = 0; i < STA_OPTION_MAX_; i++) {
		for (enum sta_option_id j = i + 1; j < STA_OPTION_MAX_; j++) {
			assert_string_not_equal(sta_option_variable(i, a), sta_option_variable(j, b));
			assert_string_not_equal(sta_option_flag(i, a), sta_option_flag(j, b));
		}
	}
}

static void
names_have_three_forms(void **state)
{
	char out[STA_OPTION_NAME_MAX];

	(void) state;
	assert_string_equal(sta_option_key(STA_OPTION_GC_UPLOAD_TTL, out), "gc.upload_ttl");
	assert_string_equal(sta_option_variable(STA_OPTION_GC_UPLOAD_TTL, out), "STAITHE_GC_UPLOAD_TTL");
	assert_string_equal(sta_option_flag(STA_OPTION_GC_UPLOAD_TTL, out), "--gc-upload-ttl");
}

static void
distance_counts_single_changes(void **state)
{
	static const struct {
		const char *a, *b;
		size_t distance;
	} rows[] = {
		{ "", "", 0 },        { "", "abc", 3 },        { "abc", "", 3 },
		{ "abc", "abc", 0 },  { "abc", "abd", 1 },     { "abc", "bc", 1 },
		{ "abc", "xabc", 1 }, { "grase", "grace", 1 }, { "kitten", "sitting", 3 },
	};
	char far[STA_OPTION_NAME_MAX + 2];

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(sta_edit_distance(rows[i].a, rows[i].b), rows[i].distance);
	memset(far, 'x', sizeof(far) - 1);
	far[sizeof(far) - 1] = '\0';
	assert_int_equal(sta_edit_distance(far, "x"), STA_OPTION_NAME_MAX);
	assert_int_equal(sta_edit_distance("x", far), STA_OPTION_NAME_MAX);
}

static void
a_slip_finds_its_option_and_nonsense_finds_none(void **state)
{
	(void) state;
	assert_int_equal(sta_option_nearest("gc.grase", sta_option_key), STA_OPTION_GC_GRACE);
	assert_int_equal(sta_option_nearest("STAITHE_LISTN", sta_option_variable), STA_OPTION_LISTEN);
	assert_int_equal(sta_option_nearest("--log-levle", sta_option_flag), STA_OPTION_LOG_LEVEL);
	assert_int_equal(sta_option_nearest("", sta_option_key), STA_OPTION_MAX_);
	assert_int_equal(sta_option_nearest("quux", sta_option_key), STA_OPTION_MAX_);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_option_is_complete),
		cmocka_unit_test(every_option_is_found_by_its_own_name_alone),
		cmocka_unit_test(no_two_options_share_a_variable_or_a_flag),
		cmocka_unit_test(names_have_three_forms),
		cmocka_unit_test(distance_counts_single_changes),
		cmocka_unit_test(a_slip_finds_its_option_and_nonsense_finds_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
