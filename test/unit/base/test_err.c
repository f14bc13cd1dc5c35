#include "t.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"

static void
set_fills_every_member(void **state)
{
	struct sta_err err;

	(void) state;
	memset(&err, 0x55, sizeof(err));
	assert_int_equal(sta_err_set(&err, STA_INVALID, 0, "bad %s", "tag"), STA_INVALID);
	assert_int_equal(err.rc, STA_INVALID);
	assert_int_equal(err.sys, 0);
	assert_int_equal(err.code, 0);
	assert_string_equal(err.msg, "bad tag");
	assert_string_equal(err.detail, "");
}

static void
errno_text_is_appended(void **state)
{
	struct sta_err err;

	(void) state;
	assert_int_equal(sta_err_set(&err, STA_IO, ENOENT, "open '%s'", "x"), STA_IO);
	assert_int_equal(err.sys, ENOENT);
	assert_string_equal(err.msg, "open 'x': No such file or directory");
}

static void
long_messages_are_cut(void **state)
{
	struct sta_err err;

	(void) state;
	assert_int_equal(sta_err_set(&err, STA_IO, EIO, "%0999d", 1), STA_IO);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
}

static void
old_message_may_be_an_argument(void **state)
{
	struct sta_err err;

	(void) state;
	(void) sta_err_set(&err, STA_IO, 0, "inner");
	(void) sta_err_set(&err, STA_BACKEND, 0, "outer: %s", err.msg);
	assert_string_equal(err.msg, "outer: inner");
}

static void
every_rc_has_a_name_of_its_own(void **state)
{
	(void) state;
	for (int i = 0; i < STA_RC_MAX_; i++) {
		assert_non_null(sta_rc_name((enum sta_rc) i));
		for (int k = 0; k < i; k++)
			assert_string_not_equal(sta_rc_name((enum sta_rc) i), sta_rc_name((enum sta_rc) k));
	}
	assert_string_equal(sta_rc_name(STA_NOT_FOUND), "not_found");
	assert_string_equal(sta_rc_name(STA_RC_MAX_), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_fills_every_member),
		cmocka_unit_test(errno_text_is_appended),
		cmocka_unit_test(long_messages_are_cut),
		cmocka_unit_test(old_message_may_be_an_argument),
		cmocka_unit_test(every_rc_has_a_name_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
