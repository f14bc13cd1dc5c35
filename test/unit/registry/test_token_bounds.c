/* Lists of patterns and of ranges: what is taken, what is refused, and where a token is good. */

#include "t.h"

#include <stdio.h>
#include <string.h>

#include "registry/token_bounds.h"

static struct sta_arena *arena;

static int
set_up(void **state)
{
	(void) state;
	arena = sta_arena_new((size_t) 1 << 20);
	return arena ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void) state;
	sta_arena_free(arena);
	return 0;
}

static void
patterns_are_stored_one_a_line(void **state)
{
	static const char *const good[][2] = {
		{ NULL, "" },
		{ "acme/app", "acme/app" },
		{ "acme/app-*,acme/base", "acme/app-*\nacme/base" },
		{ "**", "**" },
		{ "a?me/**,*/*", "a?me/**\n*/*" },
		{ "acme/a.b_c-d/e", "acme/a.b_c-d/e" },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		const char *stored = NULL;
		struct sta_err err;

		assert_int_equal(sta_token_packages(arena, good[i][0], &stored, &err), STA_OK);
		assert_string_equal(stored, good[i][1]);
		assert_string_equal(sta_token_list_text(arena, stored), good[i][0] ? good[i][0] : "");
	}
}

/* What the error shows of it. */
static void
assert_named(enum sta_rc rc, const struct sta_err *err, const char *entry)
{
	char quoted[120];

	(void) snprintf(quoted, sizeof(quoted), "'%s'", entry);
	assert_int_equal(rc, STA_INVALID);
	assert_non_null(strstr(err->msg, quoted));
}

static void
what_can_be_no_package_is_refused_and_named(void **state)
{
	static const char *const bad[][2] = {
		{ "", "" },
		{ ",", "" },
		{ "acme/app,", "" },
		{ ",acme/app", "" },
		{ "acme", "acme" },
		{ "*", "*" },
		{ "acme/app,base", "base" },
		{ "Acme/app", "Acme/app" },
		{ "acme/app, acme/base", " acme/base" },
		{ "acme/[ab]", "acme/[ab]" },
		{ "acme/app\nzoo/app", "acme/app\nzoo/app" },
		{ "acme+ci/app", "acme+ci/app" },
		{ "acme/\xc3\xa4", "acme/\xc3\xa4" },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		const char *stored = "as before";
		struct sta_err err;

		assert_named(sta_token_packages(arena, bad[i][0], &stored, &err), &err, bad[i][1]);
		assert_string_equal(stored, "as before");
	}
}

/* n entries with commas between. */
static const char *
many(const char *entry, size_t n)
{
	const char *text = entry;

	for (size_t i = 1; i < n; i++)
		text = sta_arena_printf(arena, "%s,%s", text, entry);
	return text;
}

static void
patterns_and_ranges_have_limits(void **state)
{
	char longest[STA_TOKEN_PATTERN_MAX + 2];
	const char *stored;
	struct sta_err err;

	(void) state;
	memset(longest, 'x', sizeof(longest));
	longest[4] = '/';
	longest[STA_TOKEN_PATTERN_MAX + 1] = '\0';
	assert_int_equal(sta_token_packages(arena, longest, &stored, &err), STA_INVALID);
	longest[STA_TOKEN_PATTERN_MAX] = '\0';
	assert_int_equal(sta_token_packages(arena, longest, &stored, &err), STA_OK);
	assert_int_equal(sta_token_packages(arena, many("a/b", 32), &stored, &err), STA_OK);
	assert_int_equal(sta_token_packages(arena, many("a/b", 33), &stored, &err), STA_INVALID);
	assert_non_null(strstr(err.msg, "at most 32"));
	assert_int_equal(sta_token_addresses(arena, many("::1", 32), &stored, &err), STA_OK);
	assert_int_equal(sta_token_addresses(arena, many("::1", 33), &stored, &err), STA_INVALID);
	assert_non_null(strstr(err.msg, "at most 32"));
}

static void
ranges_are_stored_as_they_are_best_written(void **state)
{
	const char *stored = NULL;
	struct sta_err err;

	(void) state;
	assert_int_equal(
		sta_token_addresses(arena, "192.0.2.0/24,2001:0DB8:0::/32,192.0.2.7/32", &stored, &err),
		STA_OK);
	assert_string_equal(stored, "192.0.2.0/24\n2001:db8::/32\n192.0.2.7");
	assert_int_equal(sta_token_addresses(arena, NULL, &stored, &err), STA_OK);
	assert_string_equal(stored, "");
}

static void
what_is_no_range_is_refused_and_named(void **state)
{
	static const char *const bad[][2] = {
		{ "", "" },
		{ "192.0.2.0/24,", "" },
		{ "192.0.2.0/24,localhost", "localhost" },
		{ "192.0.2.7/24", "192.0.2.7/24" },
		{ "192.0.2.0/33", "192.0.2.0/33" },
		{ "fe80::1%eth0", "fe80::1%eth0" },
		{ "10.0.0.0-10.0.0.9", "10.0.0.0-10.0.0.9" },
		{ "1111111111111111111111111111111111111111111111111111111111111111111111",
		  "1111111111111111111111111111111111111111111111111111111111111111111111" },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		const char *stored = "as before";
		struct sta_err err;

		assert_named(sta_token_addresses(arena, bad[i][0], &stored, &err), &err, bad[i][1]);
		assert_string_equal(stored, "as before");
	}
}

static void
a_token_is_good_from_its_ranges_and_from_no_unknown_address(void **state)
{
	static const char stored[] = "192.0.2.0/24\n2001:db8::/32\n198.51.100.7";
	static const char *const good[] = { "192.0.2.0", "192.0.2.255", "2001:db8::1", "198.51.100.7",
					    "::ffff:192.0.2.9" };
	static const char *const elsewhere[] = { NULL,           "",          "192.0.3.0",    "2001:db9::",
						 "198.51.100.8", "localhost", "192.0.2.1:80", "192.0.2" };

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_false(sta_token_elsewhere(stored, good[i]));
	for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++) {
		assert_true(sta_token_elsewhere(stored, elsewhere[i]));
		assert_false(sta_token_elsewhere("", elsewhere[i]));
	}
}

static void
a_stored_line_that_is_no_range_holds_nothing(void **state)
{
	char longest[200];

	(void) state;
	memset(longest, '1', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_true(sta_token_elsewhere("damaged", "192.0.2.1"));
	assert_true(sta_token_elsewhere("\n", "192.0.2.1"));
	assert_true(sta_token_elsewhere(longest, "192.0.2.1"));
	assert_false(sta_token_elsewhere("damaged\n192.0.2.1", "192.0.2.1"));
}

static void
bounds_are_read_and_copied_whole(void **state)
{
	struct sta_bounds b = { .elsewhere = true };
	struct sta_err err;

	(void) state;
	assert_int_equal(sta_token_bounds(arena, "", &b, &err), STA_OK);
	assert_int_equal(b.n_packages, 0);
	assert_false(b.elsewhere);
	assert_int_equal(sta_token_bounds(arena, "acme/a*\nacme/base", &b, &err), STA_OK);
	assert_int_equal(b.n_packages, 2);
	for (int i = 0; i < 2; i++) {
		assert_string_equal(b.packages[0], "acme/a*");
		assert_string_equal(b.packages[1], "acme/base");
		assert_true(sta_bounds_hold(&b, "acme/base"));
		assert_false(sta_bounds_hold(&b, "acme/zoo"));
		assert_true(sta_token_bounds_copy(arena, &b));
	}
	assert_true(sta_token_bounds_size(&b) > strlen("acme/a*") + strlen("acme/base"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_are_stored_one_a_line),
		cmocka_unit_test(what_can_be_no_package_is_refused_and_named),
		cmocka_unit_test(patterns_and_ranges_have_limits),
		cmocka_unit_test(ranges_are_stored_as_they_are_best_written),
		cmocka_unit_test(what_is_no_range_is_refused_and_named),
		cmocka_unit_test(a_token_is_good_from_its_ranges_and_from_no_unknown_address),
		cmocka_unit_test(a_stored_line_that_is_no_range_holds_nothing),
		cmocka_unit_test(bounds_are_read_and_copied_whole),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
