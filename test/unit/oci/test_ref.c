#include "t.h"

#include <string.h>

#include "verdict.h"

#include "oci/ref.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define A39 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static bool
is_name(const char *s, size_t len)
{
	struct sta_name out;

	return sta_name_parse(s, len, &out);
}

static void
names(void **state)
{
	static const struct verdict rows[] = {
		{ "", false },
		{ "/", false },
		{ "app", false },
		{ "acme/", false },
		{ "/app", false },
		{ "acme/app", true },
		{ "acme/tools/app", true },
		{ "a-b/c", true },
		{ "a--b/c", false },
		{ "a.b/c", false },
		{ "a_b/c", false },
		{ "-a/c", false },
		{ "a-/c", false },
		{ A39 "/c", true },
		{ A39 "a/c", false },
		{ "acme/a.b_c__d-e---f", true },
		{ "acme/a..b", false },
		{ "acme/a___b", false },
		{ "acme/a.-b", false },
		{ "acme/.a", false },
		{ "acme/a.", false },
		{ "acme/a-", false },
		{ "acme/_a", false },
		{ "acme//app", false },
		{ "acme/app/", false },
		{ "acme/../app", false },
		{ "acme/App", false },
		{ "Acme/app", false },
		{ "acme/a b", false },
		{ "acme/a%2fb", false },
		{ "acme/a:b", false },
		{ "acme/a\n", false },
		{ "acme/\xc3\xa9", false },
		{ "v2/app", false },
		{ "api/app", false },
		{ "token/app", false },
		{ "admin/app", true },
		{ "v2x/app", true },
		{ "acme/v2", true },
		{ "_catalog/app", false },
	};

	(void) state;
	expect_verdicts(is_name, rows, ARRAY_LEN(rows));
}

static void
name_is_cut_at_the_first_slash(void **state)
{
	struct sta_name n;

	(void) state;
	memset(&n, 0x5a, sizeof(n));
	assert_true(sta_name_parse("acme/tools/app:1", 14, &n));
	assert_string_equal(n.full, "acme/tools/app");
	assert_string_equal(n.namespace, "acme");
	assert_string_equal(n.image, "tools/app");
	assert_ptr_equal(n.image, n.full + 5);
}

static void
name_length_limit_is_exact(void **state)
{
	char text[STA_NAME_MAX + 1];
	struct sta_name n;

	(void) state;
	memset(text, 'a', sizeof(text));
	text[4] = '/';
	assert_true(sta_name_parse(text, STA_NAME_MAX, &n));
	assert_int_equal(strlen(n.full), STA_NAME_MAX);
	assert_false(sta_name_parse(text, STA_NAME_MAX + 1, &n));
}

static void
refused_name_writes_nothing(void **state)
{
	struct sta_name n = { .full = "x" };

	(void) state;
	assert_false(sta_name_parse("acme/App", 8, &n));
	assert_false(sta_name_parse("acme/a\0b", 8, &n));
	assert_string_equal(n.full, "x");
}

static void
namespaces(void **state)
{
	static const struct verdict rows[] = {
		{ "", false },     { "a", true },     { "0", true },      { "a-b-c", true },
		{ "-", false },    { "a--b", false }, { "-a", false },    { "a-", false },
		{ "a/b", false },  { "A", false },    { A39, true },      { A39 "a", false },
		{ "v2", false },   { "api", false },  { "token", false }, { "tokens", true },
		{ "admin", true }, { "_oci", false }, { "a.b", false },
	};

	(void) state;
	expect_verdicts(sta_namespace_valid, rows, ARRAY_LEN(rows));
}

static void
tags(void **state)
{
	static const struct verdict rows[] = {
		{ "", false },    { "latest", true }, { "v1.2.3", true },    { "A_b-C.", true },
		{ "_", true },    { "1", true },      { ".a", false },       { "-a", false },
		{ "a/b", false }, { "a:b", false },   { "a b", false },      { "a+b", false },
		{ "a\n", false }, { "..", false },    { "\xc3\xa9", false }, { "a%20", false },
	};

	(void) state;
	expect_verdicts(sta_tag_valid, rows, ARRAY_LEN(rows));
}

static void
tag_length_limit_is_exact(void **state)
{
	char text[STA_TAG_MAX + 1];

	(void) state;
	memset(text, 'a', sizeof(text));
	assert_true(sta_tag_valid(text, STA_TAG_MAX));
	assert_false(sta_tag_valid(text, STA_TAG_MAX + 1));
}

static void
reference_without_colon_is_a_tag(void **state)
{
	struct sta_reference r;

	(void) state;
	assert_true(sta_reference_parse("v1.0xx", 4, &r));
	assert_false(r.is_digest);
	assert_string_equal(r.tag, "v1.0");
}

static void
reference_with_colon_is_a_digest(void **state)
{
	struct sta_reference r;

	(void) state;
	assert_true(sta_reference_parse("sha256:" HEX, sizeof("sha256:" HEX) - 1, &r));
	assert_true(r.is_digest);
	assert_int_equal(r.digest.alg, STA_SHA256);
	assert_int_equal(r.digest.bytes[1], 0x23);
	assert_string_equal(r.tag, "");
}

static void
reference_that_is_neither_is_refused(void **state)
{
	static const char *const row[] = {
		"", ":", "a:b", "sha256:", "sha256:baddigeststring", "-x", "sha256:" HEX "0"
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct sta_reference r = { .tag = "x" };

		if (sta_reference_parse(row[i], strlen(row[i]), &r))
			fail_msg("'%s'", row[i]);
		assert_string_equal(r.tag, "x");
	}
}

static void
fallback_tag_is_the_digest_with_a_dash(void **state)
{
	struct sta_digest d;
	char tag[STA_TAG_MAX + 1];

	(void) state;
	assert_true(sta_digest_parse("sha256:" HEX, sizeof("sha256:" HEX) - 1, &d));
	sta_fallback_tag(&d, tag);
	assert_string_equal(tag, "sha256-" HEX);
}

static void
fallback_tag_of_sha512_is_cut_as_the_spec_says(void **state)
{
	struct sta_digest d;
	char tag[STA_TAG_MAX + 1];

	(void) state;
	assert_true(sta_digest_parse("sha512:" HEX HEX, sizeof("sha512:" HEX HEX) - 1, &d));
	sta_fallback_tag(&d, tag);
	assert_string_equal(tag, "sha512-" HEX);
	assert_true(sta_tag_valid(tag, strlen(tag)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(name_is_cut_at_the_first_slash),
		cmocka_unit_test(name_length_limit_is_exact),
		cmocka_unit_test(refused_name_writes_nothing),
		cmocka_unit_test(namespaces),
		cmocka_unit_test(tags),
		cmocka_unit_test(tag_length_limit_is_exact),
		cmocka_unit_test(reference_without_colon_is_a_tag),
		cmocka_unit_test(reference_with_colon_is_a_digest),
		cmocka_unit_test(reference_that_is_neither_is_refused),
		cmocka_unit_test(fallback_tag_is_the_digest_with_a_dash),
		cmocka_unit_test(fallback_tag_of_sha512_is_cut_as_the_spec_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
