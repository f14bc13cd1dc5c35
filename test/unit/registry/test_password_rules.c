#include "t.h"

#include <stdio.h>
#include <string.h>

#include "crypto/password.h"
#include "registry/password_rules.h"

static enum sta_rc
check(const char *name, const char *password)
{
	struct sta_err err = { 0 };
	enum sta_rc rc = sta_password_check(name, password, &err);

	assert_int_equal(err.rc, rc);
	return rc;
}

static void
length_counts_in_characters_and_nothing_is_cut(void **state)
{
	char longest[STA_PASSWORD_MAX + 2];

	(void) state;
	memset(longest, 'x', sizeof(longest));
	longest[STA_PASSWORD_MAX + 1] = '\0';
	assert_int_equal(check("alice", longest), STA_INVALID);
	longest[STA_PASSWORD_MAX] = '\0';
	assert_int_equal(check("alice", longest), STA_OK);
	assert_int_equal(check("alice", ""), STA_INVALID);
	assert_int_equal(check("alice", "7 chars"), STA_INVALID);
	assert_int_equal(check("alice", "8 chars!"), STA_OK);
	assert_int_equal(check("alice", "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f"), STA_INVALID); /* four */
}

static void
no_kind_of_character_is_asked_for(void **state)
{
	static const char *const fine[] = { "qzvkwtpj", "QZVKWTPJ",  "93751846",
					    "        ", "!?!?!?!?-", "a b c d e" };

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(fine); i++)
		assert_int_equal(check("alice", fine[i]), STA_OK);
}

static void
the_name_is_no_password_and_digits_around_it_do_not_help(void **state)
{
	static const char *const wrong[] = { "longlogin",     "LongLogin",    "longlogin1",
					     "2026LONGLOGIN", "1longlogin99", "longloginlonglogin" };

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(check("longlogin", wrong[i]), STA_INVALID);
	assert_int_equal(check("a7", "a7a7a7a7"), STA_INVALID);
	assert_int_equal(check("a7", "12a7345678"), STA_INVALID);
	assert_int_equal(check("longlogin", "longlogin walks"), STA_OK);
	assert_int_equal(check("longlogin", "my longlogin"), STA_OK);
	assert_int_equal(check("", "no name, as yet"), STA_OK);
}

static void
words_of_this_place_are_refused(void **state)
{
	static const char *const wrong[] = { "staithe1", "Staithe2026",   "123staithe", "dockerdocker",
					     "registry", "Administrator", "admin123",   "adminadmin" };

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(check("alice", wrong[i]), STA_INVALID);
}

/* Each that the program holds, as it is and in capitals: at least 3,000 (ASVS 6.2.4). */
static void
every_one_of_three_thousand_common_passwords_is_refused(void **state)
{
	char word[64], capitals[64];
	const char *p = sta_common_passwords + 1;
	size_t n = 0;

	(void) state;
	for (const char *end; (end = strchr(p, '\n')); p = end + 1, n++) {
		size_t len = (size_t) (end - p);

		assert_in_range(len, STA_PASSWORD_CHARS_MIN, 32);
		for (size_t i = 0; i <= len; i++) {
			word[i] = i < len ? p[i] : '\0';
			capitals[i] = word[i] >= 'a' && word[i] <= 'z' ? (char) (word[i] - 32) : word[i];
		}
		assert_int_equal(check("alice", word), STA_INVALID);
		assert_int_equal(check("alice", capitals), STA_INVALID);
	}
	assert_true(n >= 3000);
}

static void
the_best_known_are_among_them(void **state)
{
	static const char *const wrong[] = { "12345678", "123456789",  "1234567890", "password", "password1",
					     "passw0rd", "qwertyuiop", "11111111",   "iloveyou", "letmein1",
					     "changeme", "changeit",   "sunshine",   "princess", "trustno1" };

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(check("alice", wrong[i]), STA_INVALID);
	assert_int_equal(check("alice", "password\nsunshine"), STA_OK); /* a line end is a character */
}

static void
advice_begins_below_fifteen_characters(void **state)
{
	(void) state;
	assert_true(sta_password_short("fourteen chars"));
	assert_false(sta_password_short("fifteen letters"));
	assert_true(sta_password_short("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(length_counts_in_characters_and_nothing_is_cut),
		cmocka_unit_test(no_kind_of_character_is_asked_for),
		cmocka_unit_test(the_name_is_no_password_and_digits_around_it_do_not_help),
		cmocka_unit_test(words_of_this_place_are_refused),
		cmocka_unit_test(every_one_of_three_thousand_common_passwords_is_refused),
		cmocka_unit_test(the_best_known_are_among_them),
		cmocka_unit_test(advice_begins_below_fifteen_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
