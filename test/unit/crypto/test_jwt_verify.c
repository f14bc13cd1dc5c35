#include "t.h"

#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"
#include "jwt_fixture.h"

FAULT(void *, sta_malloc, (size_t len), (len), NULL, ENOMEM)
FAULT(BIGNUM *, BN_bin2bn, (const unsigned char *p, int len, BIGNUM *n), (p, len, n), NULL, ENOMEM)
FAULT(ECDSA_SIG *, ECDSA_SIG_new, (void), (), NULL, ENOMEM)
FAULT(int, i2d_ECDSA_SIG, (const ECDSA_SIG *sig, unsigned char **p), (sig, p), -1, ENOMEM)
FAULT(int, EVP_DigestVerifyInit,
      (EVP_MD_CTX * c, EVP_PKEY_CTX **pc, const EVP_MD *md, ENGINE *e, EVP_PKEY *k), (c, pc, md, e, k), 0,
      ENOMEM)
FAULT(EVP_MD_CTX *, EVP_MD_CTX_new, (void), (), NULL, ENOMEM)

static void
a_token_of_each_algorithm_verifies_and_shows_its_claims(void **state)
{
	struct fixture *f = *state;

	for (enum kind k = 0; k < N_KINDS; k++) {
		const char *text = good(f, k);
		struct sta_jwt jwt = { 0 };

		assert_int_equal(sta_jwt_parse(f->arena, text, strlen(text), &jwt, &f->err), STA_OK);
		assert_int_equal(jwt.alg, k);
		assert_string_equal(jwt.kid, kids[k]);
		assert_string_equal(json_string_value(json_object_get(jwt.claims, "sub")), "ada");
		assert_ptr_equal(jwt.signed_text, text);
		assert_ptr_equal(strrchr(text, '.'), text + jwt.signed_len);
		assert_int_equal(sta_jwt_verify(f->keys, &jwt, &f->err), STA_OK);
	}
}

#define RFC7515_PAYLOAD                                                                                      \
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

/* RFC 7515, A.2 and A.3. */
static void
the_examples_of_rfc_7515_verify(void **state)
{
	static const char rsa[] = "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_"
				  "wWJcyQoTbji9k0l8W26mPddx"
				  "HmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_"
				  "YpRPEwOWvG6b32690r2jZ47soMZo9wGz"
				  "jb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-"
				  "UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3"
				  "qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_"
				  "h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXp"
				  "oQ\",\"e\":\"AQAB\"}]}";
	static const char ec[] = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
				 "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvR"
				 "VEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}";
	static const char *const tokens[] = {
		"eyJhbGciOiJSUzI1NiJ9." RFC7515_PAYLOAD
		".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
		"O8W2Fp5"
		"jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"
		"nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L"
		"07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-"
		"eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUi"
		"pUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
		"eyJhbGciOiJFUzI1NiJ9." RFC7515_PAYLOAD
		".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
	};
	struct fixture *f = *state;
	struct sta_jwks *sets[] = { key_set(f, rsa), key_set(f, ec) };

	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		assert_int_equal(verify_by(f, sets[i], tokens[i]), STA_OK);
		assert_int_equal(verify_by(f, sets[i], tokens[1 - i]), STA_NOT_FOUND);
	}
	sta_jwks_free(sets[0]);
	sta_jwks_free(sets[1]);
}

/* RFC 8037, A.4; its payload is no JSON, so that it is no token. */
static void
the_example_of_rfc_8037_verifies(void **state)
{
	static const char text[] =
		"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
		".hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
	struct fixture *f = *state;
	struct sta_jwks *keys = key_set(f, "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
					   "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}");
	size_t n = strlen(text) - 86;
	struct sta_jwt jwt = { .alg = STA_JWT_EDDSA, .signed_text = text, .signed_len = n - 1 };

	jwt.signature = sta_unbase64(f->arena, text + n, 86, true, &jwt.signature_len);
	assert_int_equal(sta_jwt_verify(keys, &jwt, &f->err), STA_OK);
	jwt.signed_len--;
	assert_int_equal(sta_jwt_verify(keys, &jwt, &f->err), STA_UNAUTHENTICATED);
	sta_jwks_free(keys);
	assert_int_equal(parse(f, text), STA_UNAUTHENTICATED);
}

static void
a_strangers_key_in_the_header_counts_for_nothing(void **state)
{
	struct fixture *f = *state;
	const char *h = sta_arena_printf(f->arena, "{\"alg\":\"ES256\",\"kid\":\"e\",\"jwk\":{%s}}",
					 members(f->arena, KIND_EC, pkeys[KIND_EC][1]));

	assert_int_equal(verify(f, token_of(f->arena, pkeys[KIND_EC][1], h, CLAIMS)), STA_UNAUTHENTICATED);
}

/* With the text of the public key as the secret, in the forms in which it is known. */
static void
hmac_with_the_public_key_as_secret_is_refused(void **state)
{
	struct fixture *f = *state;
	struct sta_arena *a = f->arena;

	for (enum kind k = 0; k < N_KINDS; k++) {
		BIO *out = BIO_new(BIO_s_mem());
		const char *forms[2] = { members(a, k, pkeys[k][0]), NULL };
		char *pem = NULL;
		long len;

		assert_int_equal(PEM_write_bio_PUBKEY(out, pkeys[k][0]), 1);
		len = BIO_get_mem_data(out, &pem);
		forms[1] = sta_arena_strndup(a, pem, (size_t) len);
		(void) BIO_free(out);
		for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
			const char *h = sta_arena_printf(
				a, "{\"alg\":\"HS256\",\"kid\":\"%s\",\"typ\":\"JWT\"}", kids[k]);
			const char *text = sta_arena_printf(a, "%s.%s", b64(a, h), b64(a, CLAIMS));
			unsigned char mac[32];
			unsigned int n = 0;

			assert_non_null(HMAC(EVP_sha256(), forms[i], (int) strlen(forms[i]),
					     (const unsigned char *) text, strlen(text), mac, &n));
			assert_int_equal(
				verify(f, sta_arena_printf(a, "%s.%s", text, sta_base64(a, mac, n, true))),
				STA_UNAUTHENTICATED);
		}
	}
}

static void
the_key_decides_the_algorithm(void **state)
{
	struct fixture *f = *state;

	for (enum kind said = 0; said < N_KINDS; said++) {
		for (enum kind key = 0; key < N_KINDS; key++) {
			const char *h = sta_arena_printf(f->arena, "{\"alg\":\"%s\",\"kid\":\"%s\"}",
							 alg_of[said], kids[key]);

			for (enum kind signer = 0; signer < N_KINDS; signer++)
				assert_int_equal(verify(f, token_of(f->arena, pkeys[signer][0], h, CLAIMS)),
						 said == key && key == signer ? STA_OK : STA_UNAUTHENTICATED);
		}
	}
}

static void
a_stranger_s_signature_is_refused(void **state)
{
	struct fixture *f = *state;

	for (enum kind k = 0; k < N_KINDS; k++)
		assert_int_equal(verify(f, token_of(f->arena, pkeys[k][1], header_of(f, k), CLAIMS)),
				 STA_UNAUTHENTICATED);
}

static void
the_key_id_chooses_the_key(void **state)
{
	struct fixture *f = *state;
	struct sta_arena *a = f->arena;
	const char *first = members(a, KIND_ED, pkeys[KIND_ED][0]);
	const char *second = members(a, KIND_ED, pkeys[KIND_ED][1]);
	const char *ec = members(a, KIND_EC, pkeys[KIND_EC][0]);
	const struct {
		const char *set;
		const char *kid; /* NULL: none */
		enum sta_rc rc;  /* of a token by the first key */
	} cases[] = {
		{ sta_arena_printf(a, "{\"keys\":[{\"kid\":\"a\",%s}]}", first), "a", STA_OK },
		{ sta_arena_printf(a, "{\"keys\":[{\"kid\":\"a\",%s}]}", first), NULL, STA_OK },
		{ sta_arena_printf(a, "{\"keys\":[{\"kid\":\"a\",%s}]}", first), "b", STA_NOT_FOUND },
		{ sta_arena_printf(a, "{\"keys\":[{\"kid\":\"a\",%s}]}", first), "A", STA_NOT_FOUND },
		{ sta_arena_printf(a, "{\"keys\":[{\"kid\":\"a\",%s}]}", first), "aa", STA_NOT_FOUND },
		{ sta_arena_printf(a, "{\"keys\":[{%s}]}", first), NULL, STA_OK },
		{ sta_arena_printf(a, "{\"keys\":[{%s}]}", first), "a", STA_NOT_FOUND },
		{ sta_arena_printf(a, "{\"keys\":[{\"kid\":\"b\",%s},{\"kid\":\"a\",%s}]}", second, first),
		  "a", STA_OK },
		{ sta_arena_printf(a, "{\"keys\":[{\"kid\":\"b\",%s},{\"kid\":\"a\",%s}]}", second, first),
		  "b", STA_UNAUTHENTICATED },
		{ sta_arena_printf(a, "{\"keys\":[{\"kid\":\"b\",%s},{\"kid\":\"a\",%s}]}", second, first),
		  NULL, STA_NOT_FOUND },
		{ sta_arena_printf(a, "{\"keys\":[{%s},{%s}]}", second, first), NULL, STA_NOT_FOUND },
		{ sta_arena_printf(a, "{\"keys\":[{%s},{%s}]}", ec, first), NULL, STA_OK },
		{ sta_arena_printf(a, "{\"keys\":[{\"kid\":\"e\",%s}]}", ec), NULL, STA_NOT_FOUND },
		{ sta_arena_printf(a, "{\"keys\":[{\"kid\":\"a\",%s}]}", ec), "a", STA_UNAUTHENTICATED },
		{ sta_arena_printf(a, "{\"keys\":[{\"kid\":\"a\",%s},{\"kid\":\"a\",%s}]}", ec, first), "a",
		  STA_OK },
		{ sta_arena_printf(a, "{\"keys\":[{\"kid\":\"a\",%s},{\"kid\":\"a\",%s}]}", second, first),
		  "a", STA_UNAUTHENTICATED },
		{ sta_arena_printf(a, "{\"keys\":[{\"kid\":\"a\",%s},{\"kid\":\"a\",%s}]}", first, second),
		  "a", STA_UNAUTHENTICATED },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sta_jwks *keys = key_set(f, cases[i].set);
		const char *h =
			cases[i].kid ? sta_arena_printf(a, "{\"alg\":\"EdDSA\",\"kid\":\"%s\"}", cases[i].kid)
				     : "{\"alg\":\"EdDSA\"}";

		if (verify_by(f, keys, token_of(a, pkeys[KIND_ED][0], h, CLAIMS)) != cases[i].rc)
			fail_msg("case %zu: %s", i, cases[i].set);
		sta_jwks_free(keys);
	}
}

/* The token's text with another signature. */
static char *
with_signature(struct fixture *f, const char *token, const void *raw, size_t len)
{
	return sta_arena_printf(f->arena, "%.*s.%s", (int) (strrchr(token, '.') - token), token,
				sta_base64(f->arena, raw, len, true));
}

static void
signatures_of_another_length_or_form_are_refused(void **state)
{
	struct fixture *f = *state;

	for (enum kind k = 0; k < N_KINDS; k++) {
		const char *t = good(f, k);
		const char *s = strrchr(t, '.') + 1;
		unsigned char wide[600] = { 0 };
		unsigned char zeros[256] = { 0 };
		size_t len = 0;
		unsigned char *raw = sta_unbase64(f->arena, s, strlen(s), true, &len);

		assert_int_equal(verify(f, with_signature(f, t, raw, len)), STA_OK);
		assert_int_equal(verify(f, with_signature(f, t, raw, len - 1)), STA_UNAUTHENTICATED);
		assert_int_equal(verify(f, with_signature(f, t, raw, 1)), STA_UNAUTHENTICATED);
		assert_int_equal(verify(f, with_signature(f, t, raw + 1, len - 1)), STA_UNAUTHENTICATED);
		assert_int_equal(verify(f, with_signature(f, t, zeros, len)), STA_UNAUTHENTICATED);
		memcpy(wide, raw, len);
		assert_int_equal(verify(f, with_signature(f, t, wide, len + 1)), STA_UNAUTHENTICATED);
		assert_int_equal(verify(f, with_signature(f, t, wide, 2 * len)), STA_UNAUTHENTICATED);
		memset(wide, 0, sizeof(wide));
		memcpy(wide + 1, raw, len);
		assert_int_equal(verify(f, with_signature(f, t, wide, len + 1)), STA_UNAUTHENTICATED);
		memset(wide, 0xff, sizeof(wide));
		assert_int_equal(verify(f, with_signature(f, t, wide, len)), STA_UNAUTHENTICATED);
	}
}

static void
ecdsa_in_der_and_with_r_or_s_of_zero_is_refused(void **state)
{
	struct fixture *f = *state;
	const char *t = good(f, KIND_EC);
	const char *text = sta_arena_strndup(f->arena, t, (size_t) (strrchr(t, '.') - t));
	unsigned char raw[80];
	size_t len = sign_plainly(pkeys[KIND_EC][0], text, raw, sizeof(raw));

	assert_int_equal(verify(f, with_signature(f, t, raw, len)), STA_UNAUTHENTICATED);
	assert_int_equal(sign_text(pkeys[KIND_EC][0], text, raw, sizeof(raw)), 64);
	assert_int_equal(verify(f, with_signature(f, t, raw, 64)), STA_OK);
	memset(raw, 0, 32);
	assert_int_equal(verify(f, with_signature(f, t, raw, 64)), STA_UNAUTHENTICATED);
	assert_int_equal(sign_text(pkeys[KIND_EC][0], text, raw, sizeof(raw)), 64);
	memset(raw + 32, 0, 32);
	assert_int_equal(verify(f, with_signature(f, t, raw, 64)), STA_UNAUTHENTICATED);
}

/* RSASSA-PSS with the same key is another algorithm. */
static void
rsa_with_another_padding_is_refused(void **state)
{
	struct fixture *f = *state;
	const char *t = good(f, KIND_RSA);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pc = NULL;
	unsigned char raw[256];
	size_t len = sizeof(raw);

	assert_int_equal(EVP_DigestSignInit(c, &pc, EVP_sha256(), NULL, pkeys[KIND_RSA][0]), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pc, RSA_PKCS1_PSS_PADDING), 1);
	assert_int_equal(
		EVP_DigestSign(c, raw, &len, (const unsigned char *) t, (size_t) (strrchr(t, '.') - t)), 1);
	EVP_MD_CTX_free(c);
	assert_int_equal(verify(f, with_signature(f, t, raw, len)), STA_UNAUTHENTICATED);
}

/* Of the signature's last digit only some bits count: all of its other values are refused too. */
static void
any_changed_character_is_refused(void **state)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/. ";
	struct fixture *f = *state;

	for (enum kind k = 0; k < N_KINDS; k++) {
		char *t = good(f, k);
		size_t last = strlen(t) - 1;
		char was = t[last];

		for (const char *p = digits; *p; p++) {
			t[last] = *p;
			assert_int_equal(verify(f, t), *p == was ? STA_OK : STA_UNAUTHENTICATED);
		}
		t[last] = was;
		for (size_t i = 0; i < last; i++) {
			enum sta_rc rc;

			was = t[i];
			t[i] = was == 'A' ? 'B' : 'A';
			rc = verify(f, t);
			if (rc != STA_UNAUTHENTICATED && rc != STA_NOT_FOUND) /* another kid */
				fail_msg("%zu: %d", i, rc);
			t[i] = was;
		}
		assert_int_equal(verify(f, t), STA_OK);
	}
}

static void
a_signature_is_for_its_own_header_and_claims(void **state)
{
	struct fixture *f = *state;

	for (enum kind k = 0; k < N_KINDS; k++) {
		const char *t = good(f, k);
		const char *const bad[] = {
			sta_arena_printf(
				f->arena, "%s.%s%s", b64(f->arena, header_of(f, k)),
				b64(f->arena, "{\"iss\":\"https://ci.example.com\",\"sub\":\"eve\"}"),
				strrchr(t, '.')),
			sta_arena_printf(f->arena, "%s%s",
					 b64(f->arena, sta_arena_printf(f->arena, "%s ", header_of(f, k))),
					 strchr(t, '.')),
		};

		for (size_t i = 0; i < ARRAY_LEN(bad); i++)
			assert_int_equal(verify(f, bad[i]), STA_UNAUTHENTICATED);
	}
}

static void
every_failure_is_no_memory_and_writes_nothing(void **state)
{
	struct fixture *f = *state;

	for (enum kind k = 0; k < N_KINDS; k++) {
		char *t = strdup(good(f, k));
		long n = 0;

		for (;; n++) {
			struct sta_jwt jwt = { 0 };
			enum sta_rc rc;

			sta_arena_free(f->arena);
			f->arena = sta_arena_new(1 << 20);
			fault_at(n);
			rc = sta_jwt_parse(f->arena, t, strlen(t), &jwt, &f->err);
			if (rc == STA_OK)
				rc = sta_jwt_verify(f->keys, &jwt, &f->err);
			else
				assert_null(jwt.claims);
			if (!fault_done()) {
				assert_int_equal(rc, STA_OK);
				break;
			}
			assert_int_equal(rc, STA_NOMEM);
			assert_int_equal(f->err.rc, STA_NOMEM);
		}
		assert_true(n >= 6);
		free(t);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_token_of_each_algorithm_verifies_and_shows_its_claims),
		TEST(the_examples_of_rfc_7515_verify),
		TEST(the_example_of_rfc_8037_verifies),
		TEST(a_strangers_key_in_the_header_counts_for_nothing),
		TEST(hmac_with_the_public_key_as_secret_is_refused),
		TEST(the_key_decides_the_algorithm),
		TEST(a_stranger_s_signature_is_refused),
		TEST(the_key_id_chooses_the_key),
		TEST(signatures_of_another_length_or_form_are_refused),
		TEST(ecdsa_in_der_and_with_r_or_s_of_zero_is_refused),
		TEST(rsa_with_another_padding_is_refused),
		TEST(any_changed_character_is_refused),
		TEST(a_signature_is_for_its_own_header_and_claims),
		TEST(every_failure_is_no_memory_and_writes_nothing),
	};

	return cmocka_run_group_tests(tests, make_pkeys, free_pkeys);
}
