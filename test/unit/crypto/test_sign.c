#include "t.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#include "base/auto.h"
#include "base/parse.h"
#include "crypto/sign.h"
#include "fault.h"

FAULT(void *, sta_malloc, (size_t len), (len), NULL, ENOMEM)
FAULT(char *, sta_strdup, (const char *s), (s), NULL, ENOMEM)
FAULT(BIO *, BIO_new, (const BIO_METHOD *m), (m), NULL, ENOMEM)
FAULT(BIO *, BIO_new_mem_buf, (const void *p, int len), (p, len), NULL, ENOMEM)
FAULT(BIGNUM *, BN_bin2bn, (const unsigned char *p, int len, BIGNUM *n), (p, len, n), NULL, ENOMEM)
FAULT(ECDSA_SIG *, ECDSA_SIG_new, (void), (), NULL, ENOMEM)
FAULT(int, ECDSA_SIG_set0, (ECDSA_SIG * sig, BIGNUM *r, BIGNUM *s), (sig, r, s), 0, ENOMEM)
FAULT(int, EVP_Digest,
      (const void *p, size_t len, unsigned char *out, unsigned int *n, const EVP_MD *md, ENGINE *e),
      (p, len, out, n, md, e), 0, ENOMEM)
FAULT(int, EVP_DigestSign,
      (EVP_MD_CTX * c, unsigned char *out, size_t *out_len, const unsigned char *p, size_t len),
      (c, out, out_len, p, len), 0, ENOMEM)
FAULT(int, EVP_DigestSignInit, (EVP_MD_CTX * c, EVP_PKEY_CTX **pc, const EVP_MD *md, ENGINE *e, EVP_PKEY *k),
      (c, pc, md, e, k), 0, ENOMEM)
FAULT(int, EVP_DigestVerifyInit,
      (EVP_MD_CTX * c, EVP_PKEY_CTX **pc, const EVP_MD *md, ENGINE *e, EVP_PKEY *k), (c, pc, md, e, k), 0,
      ENOMEM)
FAULT(EVP_MD_CTX *, EVP_MD_CTX_new, (void), (), NULL, ENOMEM)
FAULT(int, EVP_PKEY_get_bn_param, (const EVP_PKEY *k, const char *name, BIGNUM **n), (k, name, n), 0, ENOMEM)
FAULT(int, PEM_write_bio_PKCS8PrivateKey,
      (BIO * b, const EVP_PKEY *k, const EVP_CIPHER *e, const char *p, int len, pem_password_cb *cb,
       void *arg),
      (b, k, e, p, len, cb, arg), 0, ENOMEM)
FAULT(ECDSA_SIG *, d2i_ECDSA_SIG, (ECDSA_SIG * *sig, const unsigned char **p, long len), (sig, p, len), NULL,
      ENOMEM)
FAULT(int, i2d_ECDSA_SIG, (const ECDSA_SIG *sig, unsigned char **p), (sig, p), -1, ENOMEM)

/* A key made for this test by another program, which also signed the token. */
static const char pem_known[] = "-----BEGIN PRIVATE KEY-----\n"
				"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg4X2zkG9KtM/XFf1h\n"
				"3lA9CgcCp6/q50exFaaPKWTAjiGhRANCAASjywh4IYLpTjcIz8dN47SRP1tuOP0O\n"
				"1304skM8ZaD5Sg6iYuu7jfoT689v9l1lz8D8/1gJotpIpRIJvbeSEr4t\n"
				"-----END PRIVATE KEY-----\n";

/* Keys that are not ours to use. */
static const char pem_sec1[] = "-----BEGIN EC PRIVATE KEY-----\n"
			       "MHcCAQEEIOF9s5BvSrTP1xX9Yd5QPQoHAqev6udHsRWmjylkwI4hoAoGCCqGSM49\n"
			       "AwEHoUQDQgAEo8sIeCGC6U43CM/HTeO0kT9bbjj9Dtd9OLJDPGWg+UoOomLru436\n"
			       "E+vPb/ZdZc/A/P9YCaLaSKUSCb23khK+LQ==\n"
			       "-----END EC PRIVATE KEY-----\n";
static const char pem_p384[] = "-----BEGIN PRIVATE KEY-----\n"
			       "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDBSFXW+t+8bVasAdWWN\n"
			       "MLcFXkZ46OCyYdO1KcluNgtoGPG9f4XFkOp7/sDmeNCWAn+hZANiAAR7US8taREl\n"
			       "DGYdRRXtm4dILLEJc7ymdGN0usULYrydjcn4BIHWBaJS9KB536kTCzjt0X7ALdlj\n"
			       "TAzr0rlYZ6EIgWszjfpRssZOA9hTDg3naiJs/8xwpLx3dbBm5NyLzVM=\n"
			       "-----END PRIVATE KEY-----\n";
static const char pem_ed25519[] = "-----BEGIN PRIVATE KEY-----\n"
				  "MC4CAQAwBQYDK2VwBCIEIHicyS7OFwnaV/gFDeB3Ehirkd0QZPdBd41szWcsHfdE\n"
				  "-----END PRIVATE KEY-----\n";
static const char pem_encrypted[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
				    "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjX4bOxhtRtTQICCAAw\n"
				    "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEC3OtyByROOkkayRlrqWjBcEgZBg\n"
				    "lLrYdvJX+gJlu7A/k/j03IMNhP3S2ecVKXfgdwsl9nEtRCi4dNoAErinlu9YMWEE\n"
				    "0UQ//lAGiZd70LMGUGz9nL6jR9OFDq1gXf6ybHcTcW1QQCLeJRAaGTrwrLW8tQos\n"
				    "fPKckTj4VE72Qh9ZeqTzJJ23KhS7/TM4AJ+VDsz4ORUOw5pFEaO124sXqzxHUEs=\n"
				    "-----END ENCRYPTED PRIVATE KEY-----\n";
static const char pem_public[] = "-----BEGIN PUBLIC KEY-----\n"
				 "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEo8sIeCGC6U43CM/HTeO0kT9bbjj9\n"
				 "Dtd9OLJDPGWg+UoOomLru436E+vPb/ZdZc/A/P9YCaLaSKUSCb23khK+LQ==\n"
				 "-----END PUBLIC KEY-----\n";
static const char pem_halves[] = "-----BEGIN PRIVATE KEY-----\n"
				 "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg4X2zkG9KtM/XFf1h\n"
				 "3lA9CgcCp6/q50exFaaPKWTAjiGhRANCAAT0mxNwE41mgu4guDqePQ1pULqTQRix\n"
				 "hTl9ELUsUCrU+dUzxf8si2rqejxS1aPMtFRgFvocXa00Fwcy48feRlM9\n"
				 "-----END PRIVATE KEY-----\n";

#define HEADER                                                                                               \
	"eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6Ild2blRwWEpGbHhDOFRCMkV4eEh4Wk1sY2FZRzFRdkpU"           \
	"bFc0eF9XWmdHWkEifQ"
#define PAYLOAD "eyJzdWIiOiJhZGEifQ" /* {"sub":"ada"} */
#define SIGNATURE "Mva2sf1TXqE0P3hXQUV1Mc7OJRzvG0ZFvjKoyILrsk3MS6Cc4Hpd7bSbPHvj9WkzjBggqt8ZtrP26W8_KR9wIw"
#define TOKEN HEADER "." PAYLOAD "." SIGNATURE

#define CLAIMS "{\"sub\":\"ada\"}"

struct fixture {
	struct sta_sign_key *key;
	struct sta_arena *arena;
	struct sta_err err;
};

static int
setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){ .arena = sta_arena_new(1 << 20) };
	assert_non_null(f.arena);
	assert_int_equal(sta_sign_key_load(pem_known, strlen(pem_known), &f.key, &f.err), STA_OK);
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	sta_sign_key_free(f->key);
	sta_arena_free(f->arena);
	return 0;
}

static enum sta_rc
verify(struct fixture *f, const char *jws, char **payload)
{
	size_t len = 0;

	return sta_sign_verify(f->key, f->arena, jws, strlen(jws), payload, &len, &f->err);
}

static void
a_token_of_another_program_verifies(void **state)
{
	struct fixture *f = *state;
	char *payload = NULL;
	size_t len = 0;

	assert_int_equal(sta_sign_verify(f->key, f->arena, TOKEN, strlen(TOKEN), &payload, &len, &f->err),
			 STA_OK);
	assert_string_equal(payload, CLAIMS);
	assert_int_equal(len, strlen(CLAIMS));
}

static void
what_we_sign_verifies(void **state)
{
	struct fixture *f = *state;

	for (size_t n = 0; n < 200; n++) { /* r and s of all lengths, payloads of all remainders */
		char in[200];
		char *jws = NULL, *out = NULL;
		size_t len = 0;

		memset(in, 'x', sizeof(in));
		assert_int_equal(sta_sign_jws(f->key, f->arena, in, n, &jws, &f->err), STA_OK);
		assert_memory_equal(jws, HEADER ".", strlen(HEADER "."));
		assert_int_equal(sta_sign_verify(f->key, f->arena, jws, strlen(jws), &out, &len, &f->err),
				 STA_OK);
		assert_int_equal(len, n);
		assert_memory_equal(out, in, n);
		assert_int_equal(out[n], '\0');
	}
}

static void
all_other_texts_are_refused(void **state)
{
	static const char *const bad[] = {
		"", ".", "..", HEADER, HEADER ".", HEADER "..", HEADER "." PAYLOAD, HEADER "." PAYLOAD ".",
		HEADER ".." SIGNATURE, HEADER "." SIGNATURE, HEADER "." PAYLOAD "." SIGNATURE "=",
		HEADER "." PAYLOAD "." SIGNATURE "==", HEADER "." PAYLOAD "." SIGNATURE "AA",
		HEADER "." PAYLOAD "." SIGNATURE ".", HEADER "." PAYLOAD "." SIGNATURE " ",
		HEADER "." PAYLOAD "." SIGNATURE "\n", " " HEADER "." PAYLOAD "." SIGNATURE,
		HEADER "=." PAYLOAD "." SIGNATURE, HEADER "." PAYLOAD "=." SIGNATURE,
		HEADER "." PAYLOAD "." PAYLOAD "." SIGNATURE, HEADER ".eyJzdWIiOiJldmUifQ." SIGNATURE,
		/* {"alg":"none"} */
		"eyJhbGciOiJub25lIn0." PAYLOAD ".", "eyJhbGciOiJub25lIn0." PAYLOAD "." SIGNATURE,
		/* {"alg":"HS256","typ":"JWT"} */
		"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." PAYLOAD "." SIGNATURE,
		/* r = s = 0; r = s = 2^256 - 1 */
		HEADER
		"." PAYLOAD
		".AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		HEADER
		"." PAYLOAD
		".__________________________________________________________________________________8_8w"
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		char *payload = NULL;

		assert_int_equal(verify(f, bad[i], &payload), STA_UNAUTHENTICATED);
		assert_null(payload);
	}
}

/* header.payload.signature with our key's good signature, whatever the header. */
static char *
forge(struct fixture *f, const char *header, const char *payload)
{
	BIO *in = BIO_new_mem_buf(pem_known, -1);
	EVP_PKEY *pkey = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	char *text = sta_arena_printf(f->arena, "%s.%s", sta_base64(f->arena, header, strlen(header), true),
				      payload);
	unsigned char der[80], raw[64];
	const unsigned char *p = der;
	size_t len = sizeof(der);
	ECDSA_SIG *sig;

	assert_int_equal(EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, pkey), 1);
	assert_int_equal(EVP_DigestSign(c, der, &len, (const unsigned char *) text, strlen(text)), 1);
	sig = d2i_ECDSA_SIG(NULL, &p, (long) len);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, 32), 32);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + 32, 32), 32);
	ECDSA_SIG_free(sig);
	EVP_MD_CTX_free(c);
	EVP_PKEY_free(pkey);
	(void) BIO_free(in);
	return sta_arena_printf(f->arena, "%s.%s", text, sta_base64(f->arena, raw, sizeof(raw), true));
}

#define KID "WvnTpXJFlxC8TB2ExxHxZMlcaYG1QvJTlW4x_WZgGZA"

static void
a_good_signature_under_another_header_is_refused(void **state)
{
	static const char *const headers[] = {
		"",
		"{}",
		"{\"alg\":\"ES256\"}",
		"{\"alg\":\"none\",\"typ\":\"JWT\",\"kid\":\"" KID "\"}",
		"{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"" KID "\"}",
		"{\"alg\":\"ES256\",\"typ\":\"JWT\"}",
		"{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"WvnTpXJFlxC8TB2ExxHxZMlcaYG1QvJTlW4x_WZgGZB\"}",
		"{\"typ\":\"JWT\",\"alg\":\"ES256\",\"kid\":\"" KID "\"}",
		"{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"" KID "\",\"b64\":false,\"crit\":[\"b64\"]}",
		"{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"" KID "\",\"jku\":\"https://example.com/\"}",
		"{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"" KID "\",\"zip\":\"DEF\"}",
		"{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"" KID "\"} ",
	};
	struct fixture *f = *state;
	char *payload = NULL;

	assert_int_equal(verify(f,
				forge(f, "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"" KID "\"}", PAYLOAD),
				&payload),
			 STA_OK); /* so a refusal below is because of the header */
	for (size_t i = 0; i < ARRAY_LEN(headers); i++)
		assert_int_equal(verify(f, forge(f, headers[i], PAYLOAD), &payload), STA_UNAUTHENTICATED);
}

static void
a_good_signature_of_too_long_a_text_is_refused(void **state)
{
	static char payload[STA_JWS_MAX];
	struct fixture *f = *state;
	char *out = NULL;

	memset(payload, 'A', sizeof(payload) - 1);
	assert_int_equal(
		verify(f, forge(f, "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"" KID "\"}", payload), &out),
		STA_UNAUTHENTICATED);
}

static void
any_changed_character_is_refused(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < strlen(TOKEN); i++) {
		char text[] = TOKEN;
		char *payload = NULL;

		text[i] = text[i] == 'A' ? 'B' : 'A';
		assert_int_equal(verify(f, text, &payload), STA_UNAUTHENTICATED);
	}
}

static void
every_other_last_digit_is_refused(void **state)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. ";
	struct fixture *f = *state;

	for (const char *p = digits; *p; p++) {
		char text[] = TOKEN;
		char *payload = NULL;

		text[sizeof(text) - 2] = *p;
		assert_int_equal(verify(f, text, &payload), *p == 'w' ? STA_OK : STA_UNAUTHENTICATED);
	}
}

static void
another_keys_token_is_refused(void **state)
{
	struct fixture *f = *state;
	struct sta_sign_key *other = NULL;
	char *jws = NULL, *payload = NULL;

	assert_int_equal(sta_sign_key_new(&other, &f->err), STA_OK);
	assert_int_equal(sta_sign_jws(other, f->arena, CLAIMS, strlen(CLAIMS), &jws, &f->err), STA_OK);
	sta_sign_key_free(other);
	assert_int_equal(verify(f, jws, &payload), STA_UNAUTHENTICATED);
	/* nor under our header */
	jws = sta_arena_printf(f->arena, "%s%s", HEADER, strchr(jws, '.'));
	assert_non_null(jws);
	assert_int_equal(verify(f, jws, &payload), STA_UNAUTHENTICATED);
}

static void
a_saved_key_is_the_same_key(void **state)
{
	struct fixture *f = *state;
	char *pem = NULL;

	assert_int_equal(sta_sign_key_save(f->key, f->arena, &pem, &f->err), STA_OK);
	assert_string_equal(pem, pem_known);
}

static void
a_new_key_can_be_saved_and_loaded(void **state)
{
	struct fixture *f = *state;
	char *pem = NULL, *jws = NULL, *payload = NULL;

	sta_sign_key_free(f->key);
	f->key = NULL;
	assert_int_equal(sta_sign_key_new(&f->key, &f->err), STA_OK);
	assert_int_equal(sta_sign_jws(f->key, f->arena, CLAIMS, strlen(CLAIMS), &jws, &f->err), STA_OK);
	assert_int_equal(sta_sign_key_save(f->key, f->arena, &pem, &f->err), STA_OK);
	sta_sign_key_free(f->key);
	f->key = NULL;
	assert_int_equal(sta_sign_key_load(pem, strlen(pem), &f->key, &f->err), STA_OK);
	assert_int_equal(verify(f, jws, &payload), STA_OK);
}

static void
keys_of_other_kinds_are_refused(void **state)
{
	static const char *const bad[] = { "",         "x",           "-----BEGIN PRIVATE KEY-----\n",
					   pem_sec1,   pem_p384,      pem_ed25519,
					   pem_public, pem_encrypted, pem_halves };
	static const char huge[10000];
	struct fixture *f = *state;
	struct sta_sign_key *k = NULL;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(sta_sign_key_load(bad[i], strlen(bad[i]), &k, &f->err), STA_INVALID);
	assert_int_equal(sta_sign_key_load(huge, sizeof(huge), &k, &f->err), STA_INVALID);
	assert_null(k);
}

static void
a_token_is_at_most_its_limit(void **state)
{
	static char payload[STA_JWS_MAX];
	struct fixture *f = *state;
	char *jws = NULL, *out = NULL;

	/* header, two dots, signature; the rest in base64 */
	size_t most = (STA_JWS_MAX - strlen(HEADER) - 2 - strlen(SIGNATURE)) / 4 * 3;

	while (sta_sign_jws(f->key, f->arena, payload, most + 1, &jws, &f->err) == STA_OK)
		most++;
	assert_int_equal(f->err.rc, STA_TOO_LARGE);
	assert_int_equal(sta_sign_jws(f->key, f->arena, payload, most, &jws, &f->err), STA_OK);
	assert_in_range(strlen(jws), STA_JWS_MAX - 2, STA_JWS_MAX);
	assert_int_equal(verify(f, jws, &out), STA_OK);
}

/* Whoever fails makes no key. */
static enum sta_rc
drop_key(enum sta_rc rc, struct sta_sign_key *k)
{
	if (rc != STA_OK)
		assert_null(k);
	sta_sign_key_free(k);
	return rc;
}

static enum sta_rc
do_load(struct fixture *f, char **out)
{
	struct sta_sign_key *k = NULL;
	enum sta_rc rc = sta_sign_key_load(pem_known, strlen(pem_known), &k, &f->err);

	(void) out;
	return drop_key(rc, k);
}

static enum sta_rc
do_new(struct fixture *f, char **out)
{
	struct sta_sign_key *k = NULL;
	enum sta_rc rc = sta_sign_key_new(&k, &f->err);

	(void) out;
	return drop_key(rc, k);
}

static enum sta_rc
do_save(struct fixture *f, char **out)
{
	return sta_sign_key_save(f->key, f->arena, out, &f->err);
}

static enum sta_rc
do_sign(struct fixture *f, char **out)
{
	return sta_sign_jws(f->key, f->arena, CLAIMS, strlen(CLAIMS), out, &f->err);
}

static enum sta_rc
do_verify(struct fixture *f, char **out)
{
	return verify(f, TOKEN, out);
}

static void
every_failure_is_no_memory_and_writes_nothing(void **state)
{
	static enum sta_rc (*const work[])(struct fixture * f, char **out) = { do_load, do_new, do_save,
									       do_sign, do_verify };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(work); i++) {
		long n = 0;

		for (;; n++) {
			char *out = NULL;
			enum sta_rc rc;

			sta_arena_free(f->arena);
			f->arena = sta_arena_new(1 << 20);
			fault_at(n);
			rc = work[i](f, &out);
			if (!fault_done()) {
				assert_int_equal(rc, STA_OK);
				break;
			}
			assert_int_equal(rc, STA_NOMEM);
			assert_int_equal(f->err.rc, STA_NOMEM);
			assert_null(out);
		}
		assert_true(n >= 3);
	}
}

static void
a_full_arena_is_no_memory(void **state)
{
	struct fixture *f = *state;

	for (size_t cap = 0; cap < 400; cap += 7) {
		char *out = NULL;

		sta_arena_free(f->arena);
		f->arena = sta_arena_new(cap);
		assert_int_equal(do_sign(f, &out), STA_NOMEM);
		assert_null(out);
		if (cap < 64) {
			assert_int_equal(do_verify(f, &out), STA_NOMEM);
			assert_int_equal(do_save(f, &out), STA_NOMEM);
			assert_null(out);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_token_of_another_program_verifies, setup, teardown),
		cmocka_unit_test_setup_teardown(what_we_sign_verifies, setup, teardown),
		cmocka_unit_test_setup_teardown(all_other_texts_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_good_signature_under_another_header_is_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_good_signature_of_too_long_a_text_is_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(any_changed_character_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(every_other_last_digit_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(another_keys_token_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_saved_key_is_the_same_key, setup, teardown),
		cmocka_unit_test_setup_teardown(a_new_key_can_be_saved_and_loaded, setup, teardown),
		cmocka_unit_test_setup_teardown(keys_of_other_kinds_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_token_is_at_most_its_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(every_failure_is_no_memory_and_writes_nothing, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_full_arena_is_no_memory, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
