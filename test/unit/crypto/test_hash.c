#include "t.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/auto.h"
#include "base/parse.h"
#include "crypto/hash.h"
#include "fault.h"

FAULT(void *, sta_malloc, (size_t len), (len), NULL, ENOMEM)
FAULT(EVP_MD_CTX *, EVP_MD_CTX_new, (void), (), NULL, ENOMEM)
FAULT(int, EVP_DigestInit_ex, (EVP_MD_CTX * c, const EVP_MD *md, ENGINE *e), (c, md, e), 0, ENOMEM)
FAULT(int, EVP_DigestUpdate, (EVP_MD_CTX * c, const void *p, size_t len), (c, p, len), 0, ENOMEM)
FAULT(int, EVP_MD_CTX_copy_ex, (EVP_MD_CTX * to, const EVP_MD_CTX *from), (to, from), 0, ENOMEM)
FAULT(int, EVP_DigestFinal_ex, (EVP_MD_CTX * c, unsigned char *out, unsigned int *len), (c, out, len), 0,
      ENOMEM)
FAULT(int, EVP_Digest,
      (const void *p, size_t len, unsigned char *out, unsigned int *n, const EVP_MD *md, ENGINE *e),
      (p, len, out, n, md, e), 0, ENOMEM)

/* FIPS 180-4, examples. */
static const struct {
	enum sta_digest_alg alg;
	const char *text;
	const char *digest;
} vectors[] = {
	{ STA_SHA256, "", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ STA_SHA256, "abc", "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ STA_SHA512, "",
	  "sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
	  "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e" },
	{ STA_SHA512, "abc",
	  "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	  "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
};

static void
expect(const struct sta_digest *d, const char *text)
{
	char buf[STA_DIGEST_TEXT_MAX];

	assert_string_equal(sta_digest_text(d, buf), text);
}

static void
one_shot_matches_the_standard(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		struct sta_digest d;
		struct sta_err err;

		assert_int_equal(
			sta_hash_bytes(vectors[i].alg, vectors[i].text, strlen(vectors[i].text), &d, &err),
			STA_OK);
		expect(&d, vectors[i].digest);
	}
}

static void
incremental_matches_the_standard(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		STA_AUTO(sta_hash_auto) struct sta_hash *h = NULL;
		struct sta_digest d;
		struct sta_err err;

		assert_int_equal(sta_hash_new(vectors[i].alg, &h, &err), STA_OK);
		assert_int_equal(sta_hash_alg(h), vectors[i].alg);
		for (const char *p = vectors[i].text; *p; p++)
			assert_int_equal(sta_hash_update(h, p, 1, &err), STA_OK);
		assert_int_equal(sta_hash_peek(h, &d, &err), STA_OK);
		expect(&d, vectors[i].digest);
	}
}

static void
a_peek_leaves_the_hash_as_it_was(void **state)
{
	STA_AUTO(sta_hash_auto) struct sta_hash *h = NULL;
	struct sta_digest d;
	struct sta_err err;

	(void) state;
	assert_int_equal(sta_hash_new(STA_SHA256, &h, &err), STA_OK);
	assert_int_equal(sta_hash_peek(h, &d, &err), STA_OK);
	expect(&d, vectors[0].digest);
	assert_int_equal(sta_hash_update(h, "ab", 2, &err), STA_OK);
	assert_int_equal(sta_hash_peek(h, &d, &err), STA_OK);
	assert_int_equal(sta_hash_update(h, "c", 1, &err), STA_OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(sta_hash_peek(h, &d, &err), STA_OK);
		expect(&d, vectors[1].digest);
	}
}

static void
unused_bytes_of_a_digest_are_zero(void **state)
{
	static const unsigned char zero[STA_DIGEST_BYTES_MAX];
	struct sta_digest d;
	struct sta_err err;

	(void) state;
	memset(&d, 0xff, sizeof(d));
	assert_int_equal(sta_hash_bytes(STA_SHA256, "abc", 3, &d, &err), STA_OK);
	assert_memory_equal(d.bytes + 32, zero, STA_DIGEST_BYTES_MAX - 32);
}

static enum sta_rc
hash_abc(struct sta_digest *out, struct sta_err *err)
{
	STA_AUTO(sta_hash_auto) struct sta_hash *h = NULL;
	enum sta_rc rc = sta_hash_new(STA_SHA256, &h, err);

	if (rc != STA_OK) {
		assert_null(h);
		return rc;
	}
	rc = sta_hash_update(h, "abc", 3, err);
	return rc == STA_OK ? sta_hash_peek(h, out, err) : rc;
}

static void
every_failure_is_no_memory_and_writes_no_digest(void **state)
{
	struct sta_digest d;
	struct sta_err err = { .rc = STA_OK };
	long n = 0;

	(void) state;
	for (;; n++) {
		enum sta_rc rc;

		memset(&d, 0x55, sizeof(d));
		fault_at(n);
		rc = hash_abc(&d, &err);
		if (!fault_done()) {
			assert_int_equal(rc, STA_OK);
			break;
		}
		assert_int_equal(rc, STA_NOMEM);
		assert_int_equal(err.rc, STA_NOMEM);
		assert_int_equal(d.bytes[0], 0x55);
	}
	assert_int_equal(n, 7);
	expect(&d, vectors[1].digest);
}

static void
a_failed_one_shot_writes_no_digest(void **state)
{
	struct sta_digest d = { .bytes = { 0x55 } };
	struct sta_err err;

	(void) state;
	fault_at(0);
	assert_int_equal(sta_hash_bytes(STA_SHA256, "abc", 3, &d, &err), STA_NOMEM);
	assert_true(fault_done());
	assert_int_equal(d.bytes[0], 0x55);
}

static void
free_takes_null(void **state)
{
	(void) state;
	sta_hash_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_shot_matches_the_standard),
		cmocka_unit_test(incremental_matches_the_standard),
		cmocka_unit_test(a_peek_leaves_the_hash_as_it_was),
		cmocka_unit_test(unused_bytes_of_a_digest_are_zero),
		cmocka_unit_test(every_failure_is_no_memory_and_writes_no_digest),
		cmocka_unit_test(a_failed_one_shot_writes_no_digest),
		cmocka_unit_test(free_takes_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
