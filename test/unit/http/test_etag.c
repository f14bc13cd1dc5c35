#include "t.h"

#include "http/etag.h"

static void
list_names_a_tag_by_weak_comparison(void **state)
{
	static const struct {
		const char *list, *tag;
		bool listed;
	} table[] = {
		{ "", "\"a\"", false },
		{ NULL, "\"a\"", false },
		{ "\"a\"", NULL, false },
		{ "*", "\"a\"", true },
		{ " * ", "\"a\"", true },
		{ "*, \"b\"", "\"a\"", false },
		{ "\"a\"", "\"a\"", true },
		{ "W/\"a\"", "\"a\"", true },
		{ "\"a\"", "W/\"a\"", true },
		{ "\"b\", \"a\"", "\"a\"", true },
		{ "\"b\",,\t\"a\"", "\"a\"", true },
		{ "\"ab\"", "\"a\"", false },
		{ "\"a", "\"a\"", false },
		{ "a", "\"a\"", false },
		{ "x, \"a\"", "\"a\"", false },
		{ "\"A\"", "\"a\"", false },
		{ "\"b,\"a\"", "\"a\"", false },
		{ "w/\"a\"", "\"a\"", false },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (sta_etag_listed(table[i].list, table[i].tag) != table[i].listed)
			fail_msg("list %s, tag %s", table[i].list, table[i].tag);
}

static void
if_range_wants_the_same_strong_tag(void **state)
{
	static const struct {
		const char *value, *tag;
		bool same;
	} table[] = {
		{ "", "\"a\"", false },          { NULL, "\"a\"", false },
		{ "\"a\"", NULL, false },        { "\"a\"", "\"a\"", true },
		{ "\"b\"", "\"a\"", false },     { "W/\"a\"", "\"a\"", false },
		{ "W/\"a\"", "W/\"a\"", false }, { "Sat, 21 Nov 2026 06:45:04 GMT", "\"a\"", false },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (sta_etag_same(table[i].value, table[i].tag) != table[i].same)
			fail_msg("value %s, tag %s", table[i].value, table[i].tag);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(list_names_a_tag_by_weak_comparison),
		cmocka_unit_test(if_range_wants_the_same_strong_tag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
