#include "t.h"

#include <string.h>

#include "oci/digest.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"

static struct sta_digest
digest(const char *text)
{
	struct sta_digest d;

	assert_true(sta_digest_parse(text, strlen(text), &d));
	return d;
}

static void
malformed_is_refused_and_nothing_written(void **state)
{
	static const char *const row[] = {
		"",
		":",
		"sha256",
		"sha256:",
		HEX,
		":" HEX,
		"sha256:" HEX "0",
		"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde",
		"sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
		"sha256:g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		"sha256: 123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		"sha256-" HEX,
		"SHA256:" HEX,
		"sha512:" HEX,
		"sha256:" HEX HEX,
		"sha384:" HEX,
		"sha256+b64:" HEX,
		" sha256:" HEX,
		"sha256:" HEX "\n",
		"blake3:" HEX,
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct sta_digest out;
		struct sta_digest before;

		memset(&out, 0x5a, sizeof(out));
		before = out;
		if (sta_digest_parse(row[i], strlen(row[i]), &out))
			fail_msg("'%s'", row[i]);
		assert_memory_equal(&out, &before, sizeof(out));
	}
}

static void
text_comes_back(void **state)
{
	static const char *const row[] = { "sha256:" HEX, "sha512:" HEX HEX, "sha256:" ZERO };

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct sta_digest d = digest(row[i]);
		char text[STA_DIGEST_TEXT_MAX];

		assert_ptr_equal(sta_digest_text(&d, text), text);
		assert_string_equal(text, row[i]);
	}
}

static void
parse_needs_no_nul_behind_the_text(void **state)
{
	struct sta_digest d;

	(void) state;
	assert_true(sta_digest_parse("sha256:" HEX "ff", sizeof("sha256:" HEX) - 1, &d));
	assert_int_equal(d.bytes[0], 0x01);
	assert_int_equal(d.bytes[31], 0xef);
}

static void
bytes_past_the_hash_are_zero(void **state)
{
	struct sta_digest d;

	(void) state;
	memset(&d, 0x5a, sizeof(d));
	assert_true(sta_digest_parse("sha256:" HEX, sizeof("sha256:" HEX) - 1, &d));
	for (size_t i = 32; i < sizeof(d.bytes); i++)
		assert_int_equal(d.bytes[i], 0);
}

static void
equal_looks_at_the_algorithm_and_every_byte(void **state)
{
	struct sta_digest a = digest("sha512:" ZERO ZERO);
	struct sta_digest b = a;

	(void) state;
	assert_true(sta_digest_equal(&a, &b));
	b.bytes[63] = 1;
	assert_false(sta_digest_equal(&a, &b));
	b = digest("sha256:" ZERO);
	assert_false(sta_digest_equal(&a, &b));
}

static void
key_comes_back(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		unsigned char first;
	} row[] = { { "sha256:" HEX, 33, 0 }, { "sha512:" HEX HEX, 65, 1 } };

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct sta_digest d = digest(row[i].text);
		struct sta_digest back;
		unsigned char key[STA_DIGEST_KEY_MAX];

		assert_int_equal(sta_digest_key(&d, key), row[i].len);
		assert_int_equal(key[0], row[i].first); /* stored: never changes */
		assert_true(sta_digest_from_key(key, row[i].len, &back));
		assert_memory_equal(&back, &d, sizeof(d));
	}
}

static void
malformed_key_is_refused(void **state)
{
	unsigned char key[STA_DIGEST_KEY_MAX + 1] = { 0 };
	struct sta_digest out = { .bytes = { 7 } };

	(void) state;
	assert_false(sta_digest_from_key(key, 0, &out));
	assert_false(sta_digest_from_key(key, 32, &out));
	assert_false(sta_digest_from_key(key, 65, &out));
	key[0] = 1;
	assert_false(sta_digest_from_key(key, 33, &out));
	assert_false(sta_digest_from_key(key, 66, &out));
	key[0] = 2;
	assert_false(sta_digest_from_key(key, 33, &out));
	assert_int_equal(out.bytes[0], 7);
}

static void
algorithm_names_come_back(void **state)
{
	(void) state;
	for (int i = 0; i < STA_DIGEST_ALG_MAX_; i++) {
		const char *name = sta_digest_alg_name((enum sta_digest_alg) i);
		enum sta_digest_alg alg = STA_DIGEST_ALG_MAX_;

		assert_true(sta_digest_alg_parse(name, strlen(name), &alg));
		assert_int_equal(alg, i);
	}
}

static void
other_algorithms_are_refused(void **state)
{
	static const char *const row[] = { "", "sha", "sha256:", "sha384", "SHA256", "sha51", "md5" };

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		enum sta_digest_alg alg = STA_DIGEST_ALG_MAX_;

		if (sta_digest_alg_parse(row[i], strlen(row[i]), &alg))
			fail_msg("'%s'", row[i]);
		assert_int_equal(alg, STA_DIGEST_ALG_MAX_);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(malformed_is_refused_and_nothing_written),
		cmocka_unit_test(text_comes_back),
		cmocka_unit_test(parse_needs_no_nul_behind_the_text),
		cmocka_unit_test(bytes_past_the_hash_are_zero),
		cmocka_unit_test(equal_looks_at_the_algorithm_and_every_byte),
		cmocka_unit_test(key_comes_back),
		cmocka_unit_test(malformed_key_is_refused),
		cmocka_unit_test(algorithm_names_come_back),
		cmocka_unit_test(other_algorithms_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
