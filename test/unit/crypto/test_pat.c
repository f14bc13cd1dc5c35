#include "t.h"

#include <openssl/evp.h>
#include <string.h>
#include <sys/types.h>

#include "base/parse.h"
#include "crypto/pat.h"
#include "fault.h"

FAULT(ssize_t, getrandom, (void *p, size_t len, unsigned int flags), (p, len, flags), -1, ENOSYS)
FAULT(int, EVP_Digest,
      (const void *p, size_t len, unsigned char *out, unsigned int *n, const EVP_MD *md, ENGINE *e),
      (p, len, out, n, md, e), 0, ENOMEM)

/* Checksum and hash computed with another program. */
static const char known[] = "stp_0123456789abcdefghijABCDEFGHIJ1Ptmh8";
static const char known_hash[] = "3efc1164a31ef653044ce9bc74389d778d99fc7feb99eaf498bd6e432e352d1a";

static void
known_token_is_valid(void **state)
{
	(void) state;
	assert_true(sta_pat_valid(known, strlen(known)));
}

static void
known_token_has_its_hash(void **state)
{
	unsigned char hash[STA_PAT_HASH_LEN];
	char hex[2 * STA_PAT_HASH_LEN + 1];
	struct sta_err err;

	(void) state;
	assert_int_equal(sta_pat_hash(known, strlen(known), hash, &err), STA_OK);
	sta_hex(hash, sizeof(hash), hex);
	assert_string_equal(hex, known_hash);
}

static void
new_tokens_are_valid_and_differ(void **state)
{
	char a[STA_PAT_LEN + 1], b[STA_PAT_LEN + 1];
	struct sta_err err;

	(void) state;
	assert_int_equal(sta_pat_new(a, &err), STA_OK);
	assert_int_equal(sta_pat_new(b, &err), STA_OK);
	assert_int_equal(strlen(a), STA_PAT_LEN);
	assert_true(sta_pat_valid(a, strlen(a)));
	assert_true(sta_pat_valid(b, strlen(b)));
	assert_string_not_equal(a, b);
}

static void
any_changed_character_makes_it_invalid(void **state)
{
	static const char other[] = { '\0', '!', 'x', 'Y', '7', '_', '\x80' };

	(void) state;
	for (size_t i = 0; i < STA_PAT_LEN; i++) {
		for (size_t k = 0; k < sizeof(other); k++) {
			char text[sizeof(known)];

			memcpy(text, known, sizeof(known));
			text[i] = other[k];
			if (other[k] != known[i])
				assert_false(sta_pat_valid(text, STA_PAT_LEN));
		}
	}
}

static void
other_lengths_are_invalid(void **state)
{
	static const char longer[] = "stp_0123456789abcdefghijABCDEFGHIJ1Ptmh80";

	(void) state;
	assert_false(sta_pat_valid("", 0));
	for (size_t len = 0; len < sizeof(longer); len++) {
		if (len != STA_PAT_LEN)
			assert_false(sta_pat_valid(longer, len));
	}
}

static void
failures_write_nothing(void **state)
{
	char text[STA_PAT_LEN + 1] = "x";
	unsigned char hash[STA_PAT_HASH_LEN] = { 0x55 };
	struct sta_err err;

	(void) state;
	fault_at(0);
	assert_int_equal(sta_pat_new(text, &err), STA_IO);
	assert_true(fault_done());
	assert_string_equal(text, "x");
	fault_at(0);
	assert_int_equal(sta_pat_hash(known, STA_PAT_LEN, hash, &err), STA_NOMEM);
	assert_true(fault_done());
	assert_int_equal(hash[0], 0x55);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_token_is_valid),
		cmocka_unit_test(known_token_has_its_hash),
		cmocka_unit_test(new_tokens_are_valid_and_differ),
		cmocka_unit_test(any_changed_character_makes_it_invalid),
		cmocka_unit_test(other_lengths_are_invalid),
		cmocka_unit_test(failures_write_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
