#include "t.h"

#include <string.h>

#include "oci/errcode.h"

static void
every_code_has_a_name_of_capitals(void **state)
{
	(void) state;
	for (int code = 0; code < STA_OCI_CODE_MAX_; code++) {
		const char *name = sta_oci_code_name((enum sta_oci_code) code);

		assert_non_null(name);
		assert_true(strlen(name) > 0);
		assert_int_equal(strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"), strlen(name));
	}
}

static void
names_are_those_of_the_specification(void **state)
{
	(void) state;
	assert_string_equal(sta_oci_code_name(STA_OCI_BLOB_UNKNOWN), "BLOB_UNKNOWN");
	assert_string_equal(sta_oci_code_name(STA_OCI_MANIFEST_BLOB_UNKNOWN), "MANIFEST_BLOB_UNKNOWN");
	assert_string_equal(sta_oci_code_name(STA_OCI_TOOMANYREQUESTS), "TOOMANYREQUESTS");
	assert_string_equal(sta_oci_code_name(STA_OCI_UNAUTHORIZED), "UNAUTHORIZED");
}

static void
no_code_and_foreign_codes_are_unknown(void **state)
{
	(void) state;
	assert_string_equal(sta_oci_code_name(STA_OCI_NONE), "UNKNOWN");
	assert_string_equal(sta_oci_code_name(STA_OCI_CODE_MAX_), "UNKNOWN");
}

static void
fail_fills_the_whole_record(void **state)
{
	struct sta_err err;

	(void) state;
	memset(&err, 0x5a, sizeof(err));
	assert_int_equal(sta_oci_fail(&err, STA_DENIED, STA_OCI_DENIED, "%s may not %d", "bob", 7),
			 STA_DENIED);
	assert_int_equal(err.rc, STA_DENIED);
	assert_int_equal(err.code, STA_OCI_DENIED);
	assert_int_equal(err.sys, 0);
	assert_string_equal(err.msg, "bob may not 7");
	assert_string_equal(err.detail, "");
}

static void
a_percent_sign_in_an_argument_is_text(void **state)
{
	struct sta_err err;

	(void) state;
	(void) sta_oci_fail(&err, STA_INVALID, STA_OCI_TAG_INVALID, "%s", "%s%n");
	assert_string_equal(err.msg, "%s%n");
}

static void
a_long_message_is_cut(void **state)
{
	struct sta_err err;

	(void) state;
	(void) sta_oci_fail(&err, STA_INVALID, STA_OCI_TAG_INVALID, "%0999d", 7);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_has_a_name_of_capitals),
		cmocka_unit_test(names_are_those_of_the_specification),
		cmocka_unit_test(no_code_and_foreign_codes_are_unknown),
		cmocka_unit_test(fail_fills_the_whole_record),
		cmocka_unit_test(a_percent_sign_in_an_argument_is_text),
		cmocka_unit_test(a_long_message_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
