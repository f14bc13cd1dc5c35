/* License expressions: what is one, and how it is spelt. */

#include "t.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "oci/spdx.h"

#define SIZE 257

static void
expressions_are_spelt_as_the_list_does(void **state)
{
	static const struct {
		const char *text;
		const char *normal; /* NULL: none */
	} rows[] = {
		{ "MIT", "MIT" },
		{ "mit", "MIT" },
		{ "  apache-2.0  ", "Apache-2.0" },
		{ "mit or apache-2.0", "MIT OR Apache-2.0" },
		{ "MIT   AND", NULL },
		{ "(MIT)", "(MIT)" },
		{ "( mit OR (bsd-3-clause and isc) )", "(MIT OR (BSD-3-Clause AND ISC))" },
		{ "GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0" },
		{ "gpl-2.0-or-later with classpath-exception-2.0",
		  "GPL-2.0-or-later WITH Classpath-exception-2.0" },
		{ "EPL-1.0+", "EPL-1.0+" },
		{ "LicenseRef-Acme-1", "LicenseRef-Acme-1" },
		{ "DocumentRef-x:LicenseRef-y OR MIT", "DocumentRef-x:LicenseRef-y OR MIT" },
		{ "licenseref-acme", NULL },
		{ "LicenseRef-", NULL },
		{ "DocumentRef-:LicenseRef-y", NULL },
		{ "DocumentRef-x:MIT", NULL },
		{ "DocumentRef-x:LicenseRef-y:z", NULL },
		{ "", NULL },
		{ " ", NULL },
		{ "Acme Proprietary", NULL },
		{ "MIT,Apache-2.0", NULL },
		{ "MIT/Apache-2.0", NULL },
		{ "MIT Apache-2.0", NULL },
		{ "OR MIT", NULL },
		{ "MIT OR", NULL },
		{ "MIT WITH MIT", NULL },
		{ "Classpath-exception-2.0", NULL },
		{ "MIT WITH", NULL },
		{ "(MIT", NULL },
		{ "MIT)", NULL },
		{ "()", NULL },
		{ "MIT++", NULL },
		{ "MIT +", NULL },
		{ "MITOR Apache-2.0", NULL },
		{ "MIT\nOR ISC", NULL },
		{ "MIT \xc3\xa9", NULL },
	};
	char out[SIZE];

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool good = sta_spdx_normalize(rows[i].text, out, sizeof(out));

		if (good != (rows[i].normal != NULL) || (good && strcmp(out, rows[i].normal) != 0))
			fail_msg("'%s' became '%s'", rows[i].text, good ? out : "none");
	}
}

static void
a_normal_expression_stays_itself_and_must_fit(void **state)
{
	static const char text[] = "(MIT OR ISC) AND EPL-1.0+";
	char out[SIZE];

	(void) state;
	assert_true(sta_spdx_normalize(text, out, sizeof(text)));
	assert_string_equal(out, text);
	for (size_t size = 0; size < sizeof(text); size++)
		assert_false(sta_spdx_normalize(text, out, size));
}

static void
nesting_has_an_end(void **state)
{
	char text[2 * STA_SPDX_DEPTH + 16];
	char out[SIZE];

	(void) state;
	for (int depth = STA_SPDX_DEPTH; depth <= STA_SPDX_DEPTH + 1; depth++) {
		memset(text, '(', (size_t) depth);
		memcpy(text + depth, "MIT", 3);
		memset(text + depth + 3, ')', (size_t) depth);
		text[2 * depth + 3] = '\0';
		assert_int_equal(sta_spdx_normalize(text, out, sizeof(out)), depth == STA_SPDX_DEPTH);
	}
}

static void
every_identifier_of_the_list_is_one(void **state)
{
	char out[SIZE];
	char text[SIZE];
	size_t n = 0;

	(void) state;
	for (const char *const *id = sta_spdx_licenses; *id; id++, n++) {
		assert_true(sta_spdx_normalize(*id, out, sizeof(out)));
		assert_string_equal(out, *id);
	}
	assert_true(n >= 480);
	for (const char *const *id = sta_spdx_exceptions; *id; id++) {
		(void) snprintf(text, sizeof(text), "GPL-2.0-only WITH %s", *id);
		assert_true(sta_spdx_normalize(text, out, sizeof(out)));
		assert_string_equal(out, text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expressions_are_spelt_as_the_list_does),
		cmocka_unit_test(a_normal_expression_stays_itself_and_must_fit),
		cmocka_unit_test(nesting_has_an_end),
		cmocka_unit_test(every_identifier_of_the_list_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
