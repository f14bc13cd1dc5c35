#include <string.h>

#include "t.h"

#include "base/glob.h"

static const struct {
	const char *pattern;
	const char *text;
	bool matches;
} cases[] = {
	{ "", "", true },
	{ "", "a", false },
	{ "a", "", false },
	{ "acme/app", "acme/app", true },
	{ "acme/app", "acme/app2", false },
	{ "acme/app", "acme/ap", false },
	{ "acme/*", "acme/app", true },
	{ "acme/*", "acme/", true },
	{ "acme/*", "acme", false },
	{ "acme/*", "acme/app/part", false },
	{ "acme/**", "acme/app/part", true },
	{ "acme/*", "acme2/app", false },
	{ "*", "acme/app", false },
	{ "**", "acme/app", true },
	{ "**", "", true },
	{ "*/app", "acme/app", true },
	{ "*/app", "acme/b/app", false },
	{ "**/app", "acme/b/app", true },
	{ "acme/app-*", "acme/app-", true },
	{ "acme/app-*-x", "acme/app-1-2-x", true },
	{ "acme/app-*-x", "acme/app-1-2-y", false },
	{ "a?c", "abc", true },
	{ "a?c", "a/c", false },
	{ "a?", "a", false },
	{ "**/*.x/**/c", "a/b.x/b/c", true },
	{ "**a*/b", "a/ab/aac/b", true },
	{ "**a*b/c", "aab/ab/c", true },
	{ "*a*/c", "xxax/c", true },
	{ "refs/heads/release-**", "refs/heads/release-1/fix", true },
	{ "refs/heads/main", "refs/heads/main2", false },
	{ "[a]", "a", false },
	{ "[a]", "[a]", true },
	{ "\\*", "*", false },
};

static void
names_that_match_and_names_that_do_not(void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (sta_glob_match(cases[i].pattern, cases[i].text) != cases[i].matches)
			fail_msg("'%s' on '%s'", cases[i].pattern, cases[i].text);
}

/* By the definition, in any time. */
static bool
slow(const char *p, const char *t)
{
	if (p[0] == '*' && p[1] == '*')
		return slow(p + 2, t) || (*t && slow(p, t + 1));
	if (*p == '*')
		return slow(p + 1, t) || (*t && *t != '/' && slow(p, t + 1));
	if (*p == '\0' || *t == '\0')
		return *p == *t;
	return (*p == *t || (*p == '?' && *t != '/')) && slow(p + 1, t + 1);
}

static void
spell(char *out, unsigned n, const char *alphabet)
{
	size_t size = strlen(alphabet);

	for (; n > 0; n = (n - 1) / (unsigned) size)
		*out++ = alphabet[(n - 1) % size];
	*out = '\0';
}

static void
short_patterns_match_as_the_definition_says(void **state)
{
	char pattern[16];
	char text[16];

	(void) state;
	for (unsigned p = 0; p < 5461; p++)
		for (unsigned t = 0; t < 364; t++) {
			spell(pattern, p, "a/*?");
			spell(text, t, "ab/");
			if (sta_glob_match(pattern, text) != slow(pattern, text))
				fail_msg("'%s' on '%s'", pattern, text);
		}
}

static void
many_stars_take_no_time(void **state)
{
	char pattern[512];
	char text[4096];

	(void) state;
	for (size_t i = 0; i + 2 < sizeof(pattern); i += 2)
		memcpy(pattern + i, i % 16 == 0 ? "**" : "a*", 2);
	memcpy(pattern + sizeof(pattern) - 2, "b", 2);
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(sta_glob_match(pattern, text)); /* would not end in a year if it were exponential */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_that_match_and_names_that_do_not),
		cmocka_unit_test(short_patterns_match_as_the_definition_says),
		cmocka_unit_test(many_stars_take_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
