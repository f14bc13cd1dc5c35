/* Queries: what they mean, and what is refused. */

#include <stdio.h>
#include <string.h>

#include "t.h"

#include "registry/search_query.h"

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

static struct sta_search_query
parse(void **state, const char *text)
{
	struct sta_search_query q;
	struct sta_err err = { 0 };

	if (sta_search_parse(*state, text, &q, &err) != STA_OK)
		fail_msg("%s: %s", text, err.msg);
	return q;
}

static void
refuse(void **state, const char *text)
{
	struct sta_search_query q = { .n = 99 };
	struct sta_err err = { 0 };

	if (sta_search_parse(*state, text, &q, &err) != STA_INVALID)
		fail_msg("%s: not refused", text);
	assert_int_equal(strncmp(err.msg, "q: ", 3), 0);
	assert_int_equal(q.n, 99);
}

static void
words_stand_between_spaces(void **state)
{
	struct sta_search_query q = parse(state, "  My-App\tgröße \n x ");

	assert_int_equal(q.n, 3);
	assert_string_equal(q.term[0].text, "My-App");
	assert_string_equal(q.term[1].text, "größe");
	assert_string_equal(q.term[2].text, "x");
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(q.term[i].kind, STA_TERM_WORD);
	assert_false(q.in_name);
}

static void
qualifiers_have_their_kinds_and_values(void **state)
{
	struct sta_search_query q = parse(
		state,
		"owner:ACME user:bob org:x tag:v1.* tag:V2 license:Apache-2.0 visibility:internal in:name");

	assert_int_equal(q.n, 7);
	assert_true(q.in_name);
	assert_int_equal(q.term[0].kind, STA_TERM_OWNER);
	assert_string_equal(q.term[0].text, "acme");
	assert_int_equal(q.term[2].kind, STA_TERM_OWNER);
	assert_int_equal(q.term[3].kind, STA_TERM_TAG);
	assert_true(q.term[3].prefix);
	assert_string_equal(q.term[3].text, "v1.");
	assert_false(q.term[4].prefix);
	assert_string_equal(q.term[4].text, "V2");
	assert_string_equal(q.term[5].text, "apache-2.0");
	assert_int_equal(q.term[6].visibility, STA_INTERNAL);
}

static void
expect_range(void **state, const char *text, const char *from, const char *to)
{
	struct sta_search_query q = parse(state, text);
	char hex[2 * STA_DIGEST_KEY_MAX + 1];

	for (size_t i = 0; i < 6; i++)
		(void) snprintf(hex + 2 * i, 3, "%02x", q.term[0].from[i]);
	assert_string_equal(hex, from);
	for (size_t i = 0; i < 6; i++)
		(void) snprintf(hex + 2 * i, 3, "%02x", q.term[0].to[i]);
	assert_string_equal(hex, to);
}

static void
digests_are_ranges_of_keys(void **state)
{
	expect_range(state, "sha256:01234567", "000123456700", "000123456800");
	expect_range(state, "digest:sha256:012345678", "000123456780", "000123456790");
	expect_range(state, "digest:01234567F", "0001234567f0", "000123456800");
	expect_range(state, "sha256:0fffffff", "000fffffff00", "001000000000");
	expect_range(state, "sha256:ffffffff", "00ffffffff00", "010000000000");
	expect_range(state, "sha512:ffffffff", "01ffffffff00", "020000000000");
	expect_range(state, "0123456789ab", "000123456789", "000123456789");
	assert_int_equal(parse(state, "0123456789ab").term[0].kind, STA_TERM_WORD);
	assert_int_equal(parse(state, "0123456789ab").term[0].n_digits, 12);
	assert_int_equal(parse(state, "0123456789a").term[0].n_digits, 0);
	assert_int_equal(parse(state, "0123456789ag").term[0].n_digits, 0);
	assert_int_equal(parse(state, "sha256:01234567").term[0].kind, STA_TERM_DIGEST);
	assert_int_equal(parse(state, "sha256:01234567").term[0].key_len, 33);
	assert_int_equal(parse(state, "sha512:01234567").term[0].key_len, 65);
}

static void
what_means_nothing_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		" ",
		"-",
		"% _ '",
		"in:name",
		"in:tag",
		"in:",
		"x:y",
		"owner:",
		"Owner:x",
		":",
		":x",
		"tag:a*b",
		"tag:**",
		"license:a/b",
		"license:and",
		"visibility:all",
		"digest:1234567",
		"digest:sha256:",
		"digest:md5:0123456789",
		"sha256:0123456",
		"sha256:0123456x",
		"sha256:",
		"\xff",
		"\xc3",
		"a\xc3(",
		"\xe4\xb8",
		"\xc0\x80",
		"\x80",
		"\xf5\x80\x80\x80",
		"a b c d e f g h i j k l m n o p q",
	};
	char longer[STA_SEARCH_BYTES + 2];

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		refuse(state, wrong[i]);
	memset(longer, 'a', sizeof(longer));
	longer[STA_SEARCH_BYTES + 1] = '\0';
	refuse(state, longer);
	longer[STA_SEARCH_BYTES] = '\0';
	assert_int_equal(parse(state, longer).n, 1);
	assert_int_equal(parse(state, "a b c d e f g h i j k l m n o p").n, STA_SEARCH_TERMS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(words_stand_between_spaces, set_up, tear_down),
		cmocka_unit_test_setup_teardown(qualifiers_have_their_kinds_and_values, set_up, tear_down),
		cmocka_unit_test_setup_teardown(digests_are_ranges_of_keys, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_means_nothing_is_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
