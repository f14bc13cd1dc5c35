#include "t.h"

#include <openssl/err.h>
#include <openssl/param_build.h>
#include <string.h>

#include "fault.h"
#include "jwt_keys.h"

FAULT(void *, sta_malloc, (size_t len), (len), NULL, ENOMEM)
FAULT(char *, sta_strdup, (const char *s), (s), NULL, ENOMEM)
FAULT(BIGNUM *, BN_bin2bn, (const unsigned char *p, int len, BIGNUM *n), (p, len, n), NULL, ENOMEM)
FAULT(EVP_PKEY_CTX *, EVP_PKEY_CTX_new_from_name, (OSSL_LIB_CTX * lib, const char *name, const char *query),
      (lib, name, query), NULL, ENOMEM)
FAULT(int, EVP_PKEY_fromdata_init, (EVP_PKEY_CTX * c), (c), 0, ENOMEM)
FAULT(EVP_PKEY *, EVP_PKEY_new_raw_public_key, (int type, ENGINE *e, const unsigned char *p, size_t len),
      (type, e, p, len), NULL, ENOMEM)
FAULT(OSSL_PARAM_BLD *, OSSL_PARAM_BLD_new, (void), (), NULL, ENOMEM)
FAULT(int, OSSL_PARAM_BLD_push_BN, (OSSL_PARAM_BLD * b, const char *name, const BIGNUM *n), (b, name, n), 0,
      ENOMEM)
FAULT(OSSL_PARAM *, OSSL_PARAM_BLD_to_param, (OSSL_PARAM_BLD * b), (b), NULL, ENOMEM)

/* This one says in OpenSSL's queue that it was memory: it may also refuse a key. */
int __real_EVP_PKEY_fromdata(EVP_PKEY_CTX *c, EVP_PKEY **out, int selection, OSSL_PARAM *params);
int __wrap_EVP_PKEY_fromdata(EVP_PKEY_CTX *c, EVP_PKEY **out, int selection, OSSL_PARAM *params);

int
__wrap_EVP_PKEY_fromdata(EVP_PKEY_CTX *c, EVP_PKEY **out, int selection, OSSL_PARAM *params)
{
	if (!fault_now("EVP_PKEY_fromdata"))
		return __real_EVP_PKEY_fromdata(c, out, selection, params);
	ERR_raise(ERR_LIB_EVP, ERR_R_MALLOC_FAILURE);
	ERR_raise(ERR_LIB_EVP, ERR_R_EVP_LIB);
	return 0;
}

static int
setup(void **state)
{
	*state = sta_arena_new(32 << 20);
	return *state ? 0 : -1;
}

static int
teardown(void **state)
{
	sta_arena_free(*state);
	return 0;
}

/* Number of keys that are left of the set, or 0 when it is refused. */
static size_t
count_n(const char *json, size_t len)
{
	struct sta_jwks *keys = NULL;
	struct sta_err err = { .rc = STA_OK };
	enum sta_rc rc = sta_jwks_parse(json, len, &keys, &err);
	size_t n = 0;

	assert_int_equal(err.rc, rc);
	if (rc == STA_OK) {
		n = sta_jwks_count(keys);
		assert_true(n > 0);
	} else {
		assert_int_equal(rc, STA_INVALID);
		assert_null(keys);
		assert_int_not_equal(err.msg[0], '\0');
	}
	sta_jwks_free(keys);
	return n;
}

static size_t
count(const char *json)
{
	return count_n(json, strlen(json));
}

/* Whether a set of one key with these members keeps it. */
static bool
kept(struct sta_arena *a, const char *key)
{
	return count(sta_arena_printf(a, "{\"keys\":[{%s}]}", key)) == 1;
}

static void
what_is_no_key_set_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"null",
		"[]",
		"\"keys\"",
		"{",
		"{}",
		"{\"keys\":null}",
		"{\"keys\":{}}",
		"{\"keys\":\"\"}",
		"{\"keys\":[]}",
		"{\"keys\":[]}x",
		"{\"Keys\":[]}",
		"{\"keys\":[],\"keys\":[]}",
		"{\"keys\":[1,null,\"\",[]]}",
		"{\"keys\":[{}]}",
		"<html></html>",
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (count(bad[i]) != 0)
			fail_msg("%s", bad[i]);
}

static void
keys_of_each_kind_are_kept(void **state)
{
	static const char *const with[] = {
		"",
		",\"kid\":\"k\"",
		",\"use\":\"sig\"",
		",\"key_ops\":[\"verify\"]",
		",\"key_ops\":[\"sign\",\"verify\"]",
		",\"x5c\":[\"AAAA\"],\"x5t\":\"AA\"",
		",\"other\":{\"a\":[1]}",
	};

	for (enum kind k = 0; k < N_KINDS; k++) {
		const char *m = members(*state, k, pkeys[k][0]);

		for (size_t i = 0; i < ARRAY_LEN(with); i++)
			assert_true(kept(*state, sta_arena_printf(*state, "%s%s", m, with[i])));
		assert_true(kept(*state, sta_arena_printf(*state, "%s,\"alg\":\"%s\"", m, alg_of[k])));
	}
}

static void
keys_for_another_use_are_left_out(void **state)
{
	static const char *const with[] = {
		",\"use\":\"enc\"",
		",\"use\":\"Sig\"",
		",\"use\":\"\"",
		",\"use\":null",
		",\"use\":[\"sig\"]",
		",\"key_ops\":[]",
		",\"key_ops\":[\"sign\"]",
		",\"key_ops\":[\"encrypt\",\"wrapKey\"]",
		",\"key_ops\":\"verify\"",
		",\"key_ops\":null",
		",\"alg\":\"none\"",
		",\"alg\":\"HS256\"",
		",\"alg\":\"PS256\"",
		",\"alg\":\"RSA-OAEP\"",
		",\"alg\":\"\"",
		",\"alg\":null",
		",\"kid\":\"\"",
		",\"kid\":7",
		",\"kid\":null",
		",\"d\":\"AAAA\"", /* its private half stands there for everybody */
	};

	for (enum kind k = 0; k < N_KINDS; k++) {
		const char *m = members(*state, k, pkeys[k][0]);

		for (size_t i = 0; i < ARRAY_LEN(with); i++)
			if (kept(*state, sta_arena_printf(*state, "%s%s", m, with[i])))
				fail_msg("%s%s", alg_of[k], with[i]);
		assert_false(kept(
			*state, sta_arena_printf(*state, "%s,\"alg\":\"%s\"", m, alg_of[(k + 1) % N_KINDS])));
	}
}

static void
keys_of_other_kinds_are_left_out(void **state)
{
	static const char *const bad[] = {
		"\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75\"",
		"\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"AAAA\",\"y\":\"AAAA\"",
		"\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"AAAA\",\"y\":\"AAAA\"",
		"\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"AAAA\"",
		"\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"",
		"\"kty\":\"OKP\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"",
		"\"kty\":\"okp\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"",
		"\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"",
		"\"kty\":null",
		"\"kty\":\"RSA\"",
		"\"kty\":\"EC\",\"crv\":\"P-256\"",
		"\"kty\":\"OKP\",\"crv\":\"Ed25519\"",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (kept(*state, bad[i]))
			fail_msg("%s", bad[i]);
	assert_false(kept(*state,
			  sta_arena_printf(*state, "\"kty\":\"EC\",%s",
					   strchr(members(*state, KIND_RSA, pkeys[KIND_RSA][0]), ',') + 1)));
}

/* A number of so many bits, odd or even, as base64url. */
static char *
bits(struct sta_arena *a, size_t n, unsigned char last)
{
	size_t len = (n + 7) / 8;
	unsigned char *raw = sta_arena_alloc(a, len);

	memset(raw, 0x5a, len);
	raw[0] = (unsigned char) (1U << (n + 7) % 8);
	raw[len - 1] = len == 1 ? (unsigned char) (raw[0] | (last & 1)) : last;
	return sta_base64(a, raw, len, true);
}

static bool
rsa_kept(struct sta_arena *a, const char *n, const char *e)
{
	return kept(a, sta_arena_printf(a, "\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"", n, e));
}

static void
rsa_keys_have_2048_to_8192_bits_and_an_odd_exponent(void **state)
{
	static const char *const exponents[] = { "Aw", "EQ", "AQAB", "_____w" };
	static const char *const bad[] = { "",        "AA",    "AQ",  "Ag",   "BA", "AQAA", "AAAB", "AAEAAQ",
					   "AQAAAAE", "AQAB=", "AQA", "AQAC", "A",  "AR",   "!!!!" };
	struct sta_arena *a = *state;
	const char *n = bits(a, 2048, 0x5b);

	assert_false(rsa_kept(a, bits(a, 512, 0x5b), "AQAB"));
	assert_false(rsa_kept(a, bits(a, 1024, 0x5b), "AQAB"));
	assert_false(rsa_kept(a, bits(a, 2047, 0x5b), "AQAB"));
	assert_true(rsa_kept(a, bits(a, 2048, 0x5b), "AQAB"));
	assert_true(rsa_kept(a, bits(a, 2049, 0x5b), "AQAB"));
	assert_true(rsa_kept(a, bits(a, 4096, 0x5b), "AQAB"));
	assert_true(rsa_kept(a, bits(a, 8192, 0x5b), "AQAB"));
	assert_false(rsa_kept(a, bits(a, 8193, 0x5b), "AQAB"));
	assert_false(rsa_kept(a, bits(a, 16384, 0x5b), "AQAB"));
	assert_false(rsa_kept(a, bits(a, 2048, 0x5a), "AQAB")); /* even */
	assert_false(rsa_kept(a, "", "AQAB"));
	assert_false(rsa_kept(a, sta_arena_printf(a, "AAAA%s", n), "AQAB")); /* zeros in front */
	assert_false(rsa_kept(a, sta_arena_printf(a, "%s=", n), "AQAB"));
	assert_false(rsa_kept(a, sta_arena_printf(a, "%s\\n", n), "AQAB"));
	for (size_t i = 0; i < ARRAY_LEN(exponents); i++)
		if (!rsa_kept(a, n, exponents[i]))
			fail_msg("%s", exponents[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (rsa_kept(a, n, bad[i]))
			fail_msg("%s", bad[i]);
	assert_false(kept(a, sta_arena_printf(a, "\"kty\":\"RSA\",\"n\":\"%s\",\"e\":65537", n)));
	assert_false(kept(a, sta_arena_printf(a, "\"kty\":\"RSA\",\"n\":[\"%s\"],\"e\":\"AQAB\"", n)));
}

static bool
ec_kept(struct sta_arena *a, const char *x, const char *y)
{
	return kept(a,
		    sta_arena_printf(a, "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"", x, y));
}

#define ZEROS_32 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define ONES_32 "__________________________________________8"

static void
ec_keys_are_points_of_the_curve(void **state)
{
	struct sta_arena *a = *state;
	const char *x = number(a, pkeys[KIND_EC][0], OSSL_PKEY_PARAM_EC_PUB_X, 32);
	const char *y = number(a, pkeys[KIND_EC][0], OSSL_PKEY_PARAM_EC_PUB_Y, 32);

	assert_true(ec_kept(a, x, y));
	assert_false(ec_kept(a, y, x));
	assert_false(ec_kept(a, x, x));
	assert_false(ec_kept(a, x, number(a, pkeys[KIND_EC][1], OSSL_PKEY_PARAM_EC_PUB_Y, 32)));
	assert_false(ec_kept(a, ZEROS_32, ZEROS_32));
	assert_false(ec_kept(a, ONES_32, ONES_32));
	assert_false(ec_kept(a, x, ""));
	assert_false(ec_kept(a, sta_arena_printf(a, "%sAA", x), y));
	assert_false(ec_kept(a, x, number(a, pkeys[KIND_EC][0], OSSL_PKEY_PARAM_EC_PUB_Y, 33)));
	assert_false(ec_kept(a, sta_arena_strndup(a, x, 42), y));
	assert_false(ec_kept(a, sta_arena_printf(a, "%s=", x), y));
}

static bool
ed_kept(struct sta_arena *a, const unsigned char *raw, size_t len)
{
	return kept(a, sta_arena_printf(a, "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"",
					sta_base64(a, raw, len, true)));
}

/* Points of order 1, 2, 4 and 8, and other encodings of them (RFC 8032, 5.1.3). */
static void
ed25519_keys_of_small_order_and_no_points_are_left_out(void **state)
{
	static const unsigned char bad[][32] = {
		{ 0x01 },
		{ 0x00 },
		{ [31] = 0x80 },
		{ 0x01, [31] = 0x80 },
		{ 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
		{ 0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
		{ 0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
		{ 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
		  0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
		  0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 },
		{ 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
		  0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
		  0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a },
		/* no point at all */
		{ 0x02 },
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	};
	unsigned char raw[33] = { 0 };
	size_t len = 32;

	assert_int_equal(EVP_PKEY_get_raw_public_key(pkeys[KIND_ED][0], raw, &len), 1);
	assert_true(ed_kept(*state, raw, 32));
	assert_false(ed_kept(*state, raw, 31));
	assert_false(ed_kept(*state, raw, 33));
	assert_false(ed_kept(*state, raw, 0));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (ed_kept(*state, bad[i], 32))
			fail_msg("point %zu", i);
}

static void
bad_keys_do_not_spoil_the_good_ones_beside_them(void **state)
{
	const char *m = members(*state, KIND_ED, pkeys[KIND_ED][0]);

	assert_int_equal(
		count(sta_arena_printf(*state,
				       "{\"x\":1,\"keys\":[null,7,{},{\"kty\":\"oct\",\"k\":\"AA\"},"
				       "{\"use\":\"enc\",%s},{\"kid\":\"a\",%s},[],{\"kid\":\"b\",%s}]}",
				       m, m, m)),
		2);
}

static void
key_ids_have_at_most_256_bytes(void **state)
{
	const char *m = members(*state, KIND_ED, pkeys[KIND_ED][0]);
	char kid[STA_JWT_KID_MAX + 2] = "";

	memset(kid, 'k', STA_JWT_KID_MAX);
	assert_true(kept(*state, sta_arena_printf(*state, "%s,\"kid\":\"%s\"", m, kid)));
	kid[STA_JWT_KID_MAX] = 'k';
	assert_false(kept(*state, sta_arena_printf(*state, "%s,\"kid\":\"%s\"", m, kid)));
}

/* A set of n keys, the kid of each its number. */
static char *
many(struct sta_arena *a, size_t n)
{
	const char *m = members(a, KIND_ED, pkeys[KIND_ED][0]);
	char *list = sta_arena_strdup(a, "");

	for (size_t i = 0; i < n; i++)
		list = sta_arena_printf(a, "%s%s{\"kid\":\"%zu\",%s}", list, i ? "," : "", i, m);
	return sta_arena_printf(a, "{\"keys\":[%s]}", list);
}

static void
only_the_first_64_keys_are_looked_at(void **state)
{
	char *json = many(*state, STA_JWKS_KEYS_MAX + 1);
	struct sta_jwks *keys = NULL;
	struct sta_err err;
	struct sta_jwt jwt;

	assert_int_equal(count(many(*state, STA_JWKS_KEYS_MAX)), STA_JWKS_KEYS_MAX);
	assert_int_equal(sta_jwks_parse(json, strlen(json), &keys, &err), STA_OK);
	assert_int_equal(sta_jwks_count(keys), STA_JWKS_KEYS_MAX);
	for (int i = STA_JWKS_KEYS_MAX - 1; i <= STA_JWKS_KEYS_MAX; i++) {
		const char *t =
			token_of(*state, pkeys[KIND_ED][0],
				 sta_arena_printf(*state, "{\"alg\":\"EdDSA\",\"kid\":\"%d\"}", i), "{}");

		assert_int_equal(sta_jwt_parse(*state, t, strlen(t), &jwt, &err), STA_OK);
		assert_int_equal(sta_jwt_verify(keys, &jwt, &err),
				 i < STA_JWKS_KEYS_MAX ? STA_OK : STA_NOT_FOUND);
	}
	sta_jwks_free(keys);
}

static void
a_set_has_at_most_its_limit_of_bytes(void **state)
{
	size_t len = STA_JWKS_MAX;
	const char *set =
		sta_arena_printf(*state, "{\"keys\":[{%s}]}", members(*state, KIND_ED, pkeys[KIND_ED][0]));
	const char *json = sta_arena_printf(*state, "%s%*s", set, (int) (len + 1 - strlen(set)), "");

	assert_int_equal(strlen(json), len + 1);
	assert_int_equal(count_n(json, len), 1);
	assert_int_equal(count_n(json, len + 1), 0);
}

static void
what_a_refusal_says_quotes_nothing_of_the_set(void **state)
{
	static const char *const bad[] = { "{SECRET", "{\"keys\":\"SECRET\"}",
					   "{\"keys\":[{\"kty\":\"SECRET\"}]}" };

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct sta_jwks *keys = NULL;
		struct sta_err err;

		assert_int_equal(sta_jwks_parse(bad[i], strlen(bad[i]), &keys, &err), STA_INVALID);
		assert_null(strstr(err.msg, "SECRET"));
	}
}

static void
every_failure_is_no_memory_and_makes_no_set(void **state)
{
	for (enum kind k = 0; k < N_KINDS; k++) {
		const char *m = members(*state, k, pkeys[k][0]);
		const char *json = sta_arena_printf(*state, "{\"keys\":[{\"kid\":\"a\",%s},{%s}]}", m, m);
		long n = 0;

		for (;; n++) {
			struct sta_jwks *keys = NULL;
			struct sta_err err = { .rc = STA_OK };
			enum sta_rc rc;

			fault_at(n);
			rc = sta_jwks_parse(json, strlen(json), &keys, &err);
			if (!fault_done()) {
				assert_int_equal(rc, STA_OK);
				assert_int_equal(sta_jwks_count(keys), 2);
				sta_jwks_free(keys);
				break;
			}
			if (rc != STA_NOMEM)
				fail_msg("%s: %d", fault.name, rc);
			assert_int_equal(err.rc, STA_NOMEM);
			assert_null(keys);
		}
		assert_true(n >= 10);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_no_key_set_is_refused),
		TEST(keys_of_each_kind_are_kept),
		TEST(keys_for_another_use_are_left_out),
		TEST(keys_of_other_kinds_are_left_out),
		TEST(rsa_keys_have_2048_to_8192_bits_and_an_odd_exponent),
		TEST(ec_keys_are_points_of_the_curve),
		TEST(ed25519_keys_of_small_order_and_no_points_are_left_out),
		TEST(bad_keys_do_not_spoil_the_good_ones_beside_them),
		TEST(key_ids_have_at_most_256_bytes),
		TEST(only_the_first_64_keys_are_looked_at),
		TEST(a_set_has_at_most_its_limit_of_bytes),
		TEST(what_a_refusal_says_quotes_nothing_of_the_set),
		TEST(every_failure_is_no_memory_and_makes_no_set),
	};

	return cmocka_run_group_tests(tests, make_pkeys, free_pkeys);
}
