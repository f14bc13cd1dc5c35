#include "t.h"

#include <stdlib.h>
#include <string.h>

#include "jwt_fixture.h"

static void
a_token_is_three_parts_of_base64url_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	struct sta_arena *a = f->arena;
	const char *h = b64(a, header_of(f, KIND_ED));
	const char *p = b64(a, CLAIMS);
	const char *t = good(f, KIND_ED);
	const char *s = strrchr(t, '.') + 1;
	const char *const bad[] = {
		"",
		".",
		"..",
		"...",
		h,
		sta_arena_printf(a, "%s.%s", h, p),
		sta_arena_printf(a, "%s.%s.", h, p),
		sta_arena_printf(a, "%s..%s", h, s),
		sta_arena_printf(a, ".%s.%s", p, s),
		sta_arena_printf(a, "%s.%s.%s.", h, p, s),
		sta_arena_printf(a, ".%s.%s.%s", h, p, s),
		sta_arena_printf(a, "%s.%s.%s.%s", h, p, s, s),
		sta_arena_printf(a, "%s.%s.%s.%s.%s", h, p, s, s, s),
		sta_arena_printf(a, "%s=.%s.%s", h, p, s),
		sta_arena_printf(a, "%s.%s=.%s", h, p, s),
		sta_arena_printf(a, "%s.%s.%s=", h, p, s),
		sta_arena_printf(a, "%s.%s.%s==", h, p, s),
		sta_arena_printf(a, " %s", t),
		sta_arena_printf(a, "%s ", t),
		sta_arena_printf(a, "%s\n", t),
		sta_arena_printf(a, "%s.\t%s.%s", h, p, s),
		sta_arena_printf(a, "%s.%s.%s+", h, p, s),
		sta_arena_printf(a, "%s.%s.%s/", h, p, s),
		sta_arena_printf(a, "%s.%s.%s,%s", h, p, s, t),
		sta_arena_printf(a, "%s.%s.AAA%s", h, p, s), /* no length of base64 */
		/* JSON serialisation (RFC 7515, 7.2) */
		sta_arena_printf(a, "{\"protected\":\"%s\",\"payload\":\"%s\",\"signature\":\"%s\"}", h, p,
				 s),
	};

	assert_int_equal(parse(f, t), STA_OK);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (parse(f, bad[i]) != STA_UNAUTHENTICATED)
			fail_msg("'%s'", bad[i]);
	assert_int_equal(parse_n(f, t, strlen(t) + 1), STA_UNAUTHENTICATED); /* a NUL behind it */
}

static void
headers_that_are_not_of_the_form_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"{}",
		"[]",
		"\"ES256\"",
		"null",
		"{\"alg\":\"EdDSA\"",
		"{\"alg\":\"EdDSA\"} x",
		"{\"alg\":\"EdDSA\"}{}",
		"[{\"alg\":\"EdDSA\"}]",
		"{\"kid\":\"d\"}",
		/* twice: which one would count? */
		"{\"alg\":\"EdDSA\",\"alg\":\"EdDSA\"}",
		"{\"alg\":\"none\",\"alg\":\"EdDSA\"}",
		"{\"alg\":\"EdDSA\",\"kid\":\"d\",\"kid\":\"d\"}",
		"{\"alg\":\"EdDSA\",\"\\u0061lg\":\"none\"}",
		/* algorithms */
		"{\"alg\":null}",
		"{\"alg\":1}",
		"{\"alg\":[\"EdDSA\"]}",
		"{\"alg\":{\"EdDSA\":1}}",
		"{\"alg\":\"\"}",
		"{\"alg\":\"none\"}",
		"{\"alg\":\"None\"}",
		"{\"alg\":\"NONE\"}",
		"{\"alg\":\"nOnE\"}",
		"{\"alg\":\"HS256\"}",
		"{\"alg\":\"HS512\"}",
		"{\"alg\":\"RS1\"}",
		"{\"alg\":\"RS384\"}",
		"{\"alg\":\"PS256\"}",
		"{\"alg\":\"ES384\"}",
		"{\"alg\":\"ES256K\"}",
		"{\"alg\":\"Ed448\"}",
		"{\"alg\":\"eddsa\"}",
		"{\"alg\":\"EDDSA\"}",
		"{\"alg\":\"es256\"}",
		"{\"alg\":\"rs256\"}",
		"{\"alg\":\"Rs256\"}",
		"{\"alg\":\"EdDSA \"}",
		"{\"alg\":\" EdDSA\"}",
		"{\"alg\":\"EdDSA\\u0000\"}",
		"{\"ALG\":\"EdDSA\"}",
		/* types */
		"{\"alg\":\"EdDSA\",\"typ\":\"\"}",
		"{\"alg\":\"EdDSA\",\"typ\":\"JWE\"}",
		"{\"alg\":\"EdDSA\",\"typ\":\"JOSE\"}",
		"{\"alg\":\"EdDSA\",\"typ\":\"logout+jwt\"}",
		"{\"alg\":\"EdDSA\",\"typ\":\"dpop+jwt\"}",
		"{\"alg\":\"EdDSA\",\"typ\":null}",
		"{\"alg\":\"EdDSA\",\"typ\":1}",
		"{\"alg\":\"EdDSA\",\"typ\":[\"JWT\"]}",
		/* key ids */
		"{\"alg\":\"EdDSA\",\"kid\":null}",
		"{\"alg\":\"EdDSA\",\"kid\":1}",
		"{\"alg\":\"EdDSA\",\"kid\":true}",
		"{\"alg\":\"EdDSA\",\"kid\":[\"d\"]}",
		"{\"alg\":\"EdDSA\",\"kid\":{}}",
		"{\"alg\":\"EdDSA\",\"kid\":\"\"}",
		"{\"alg\":\"EdDSA\",\"kid\":\"d\\u0000\"}",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		const char *t = token_of(f->arena, pkeys[KIND_ED][0], bad[i], CLAIMS);

		if (parse(f, t) != STA_UNAUTHENTICATED)
			fail_msg("%s", bad[i]);
	}
}

static void
members_that_bring_or_name_a_key_or_change_the_meaning_are_refused(void **state)
{
	static const char *const names[] = { "jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc" };
	static const char *const values[] = {
		"null", "true", "false", "\"\"", "\"https://example.com/\"", "[]", "[\"exp\"]", "{}",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		for (size_t v = 0; v < ARRAY_LEN(values); v++) {
			const char *h = sta_arena_printf(
				f->arena, "{\"alg\":\"EdDSA\",\"kid\":\"d\",\"%s\":%s}", names[i], values[v]);

			if (parse(f, token_of(f->arena, pkeys[KIND_ED][0], h, CLAIMS)) != STA_UNAUTHENTICATED)
				fail_msg("%s", h);
		}
	}
	/* nor under another spelling of the name */
	assert_int_equal(
		parse(f, token_of(f->arena, pkeys[KIND_ED][0],
				  "{\"alg\":\"EdDSA\",\"\\u006aku\":\"https://example.com/\"}", CLAIMS)),
		STA_UNAUTHENTICATED);
}

static void
types_of_tokens_and_harmless_members_are_accepted(void **state)
{
	static const char *const fine[] = {
		"{\"alg\":\"EdDSA\",\"kid\":\"d\"}",
		"{\"kid\":\"d\",\"alg\":\"EdDSA\"}",
		" {\"alg\" : \"EdDSA\", \"kid\":\"d\"}\n",
		"{\"alg\":\"EdDSA\",\"kid\":\"d\",\"typ\":\"JWT\"}",
		"{\"alg\":\"EdDSA\",\"kid\":\"d\",\"typ\":\"jwt\"}",
		"{\"alg\":\"EdDSA\",\"kid\":\"d\",\"typ\":\"at+jwt\"}",
		"{\"alg\":\"EdDSA\",\"kid\":\"d\",\"typ\":\"AT+JWT\"}",
		"{\"alg\":\"EdDSA\",\"kid\":\"d\",\"x5t\":\"AAAA\"}",
		"{\"alg\":\"EdDSA\",\"kid\":\"d\",\"other\":[1,{}]}",
		"{\"alg\":\"EdDSA\"}",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(fine); i++)
		if (verify(f, token_of(f->arena, pkeys[KIND_ED][0], fine[i], CLAIMS)) != STA_OK)
			fail_msg("%s: %s", fine[i], f->err.msg);
}

static void
claims_that_are_no_object_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"null",
		"[]",
		"\"x\"",
		"1",
		"{",
		"{}x",
		"{} {}",
		"{\"sub\":\"ada\",\"sub\":\"eve\"}",
		"{\"exp\":1e400}",
		"{\"exp\":NaN}",
		"{\"sub\":\"\xff\"}",
		"{\"sub\":\"a\\u0000\"}",
		"{'sub':'ada'}",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (parse(f, token_of(f->arena, pkeys[KIND_ED][0], header_of(f, KIND_ED), bad[i])) !=
		    STA_UNAUTHENTICATED)
			fail_msg("%s", bad[i]);
	assert_int_equal(parse(f, token_of(f->arena, pkeys[KIND_ED][0], header_of(f, KIND_ED), "{}")),
			 STA_OK);
}

static void
what_a_refusal_says_quotes_nothing_of_the_token(void **state)
{
	static const char *const headers[] = { "{\"alg\":\"SECRET\"}",
					       "{SECRET",
					       "{\"alg\":\"EdDSA\",\"kid\":SECRET}",
					       "{\"alg\":\"EdDSA\",\"typ\":\"SECRET\"}",
					       "{\"alg\":\"EdDSA\",\"jku\":\"SECRET\"}",
					       "{\"alg\":\"EdDSA\",\"kid\":\"SECRET\"}" };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
		assert_int_not_equal(
			verify(f, token_of(f->arena, pkeys[KIND_ED][0], headers[i], "{\"a\":\"SECRET\"}")),
			STA_OK);
		assert_null(strstr(f->err.msg, "SECRET"));
		assert_int_equal(f->err.detail[0], '\0');
	}
	assert_int_not_equal(
		verify(f, token_of(f->arena, pkeys[KIND_ED][0], header_of(f, KIND_ED), "{SECRET")), STA_OK);
	assert_null(strstr(f->err.msg, "SECRET"));
}

static void
lengths_have_their_limits(void **state)
{
	static char kid[STA_JWT_KID_MAX + 2];
	static char big[STA_JWT_MAX];
	struct fixture *f = *state;
	char *h, *t;
	size_t n;

	memset(kid, 'k', STA_JWT_KID_MAX + 1);
	h = sta_arena_printf(f->arena, "{\"alg\":\"EdDSA\",\"kid\":\"%s\"}", kid);
	assert_int_equal(parse(f, token_of(f->arena, pkeys[KIND_ED][0], h, CLAIMS)), STA_UNAUTHENTICATED);
	kid[STA_JWT_KID_MAX] = '\0';
	h = sta_arena_printf(f->arena, "{\"alg\":\"EdDSA\",\"kid\":\"%s\"}", kid);
	assert_int_equal(parse(f, token_of(f->arena, pkeys[KIND_ED][0], h, CLAIMS)), STA_OK);

	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	t = good(f, KIND_ED);
	/* what is left for the claims in base64, without {"a":""} */
	n = (STA_JWT_MAX - strlen(t) + strlen(b64(f->arena, CLAIMS))) / 4 * 3 - 8;
	big[n] = '\0';
	t = token_of(f->arena, pkeys[KIND_ED][0], header_of(f, KIND_ED),
		     sta_arena_printf(f->arena, "{\"a\":\"%s\"}", big));
	assert_in_range(strlen(t), STA_JWT_MAX - 4, STA_JWT_MAX);
	assert_int_equal(verify(f, t), STA_OK);
	big[n] = 'x';
	big[n + 4] = '\0';
	t = token_of(f->arena, pkeys[KIND_ED][0], header_of(f, KIND_ED),
		     sta_arena_printf(f->arena, "{\"a\":\"%s\"}", big));
	assert_true(strlen(t) > STA_JWT_MAX);
	assert_int_equal(verify(f, t), STA_UNAUTHENTICATED);
}

static void
what_looks_like_a_token_is_told_from_passwords(void **state)
{
	static const struct {
		const char *text;
		bool is;
	} cases[] = {
		{ "", false },
		{ "eyJ", false },
		{ "..", false },
		{ "eyJh.eyJh.AAAA", true },
		{ "eyJh.eyJh.", true }, /* unsigned: refused, and no password */
		{ "eyJh..", true },
		{ "eyJ-_.A.B", true },
		{ "eyJh.eyJh", false },
		{ "eyJh.eyJh.AA.AA", false },
		{ "eyJh.eyJh.AA=", false },
		{ "eyJh.eyJh.AA ", false },
		{ "EYJh.eyJh.AA", false },
		{ "xeyJh.eyJh.AA", false },
		{ "eyJh.ey+h.AA", false },
		{ "correct horse battery staple", false },
		{ "stp_012345678901234567890123456789012345", false },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (sta_jwt_looks_like(cases[i].text, strlen(cases[i].text)) != cases[i].is)
			fail_msg("'%s'", cases[i].text);
}

static void
a_full_arena_is_no_memory(void **state)
{
	struct fixture *f = *state;
	char *t = strdup(good(f, KIND_ED));
	enum sta_rc rc = STA_NOMEM;
	size_t cap = 0;

	for (; rc == STA_NOMEM; cap += 16) {
		sta_arena_free(f->arena);
		f->arena = sta_arena_new(cap);
		rc = parse(f, t);
	}
	assert_int_equal(rc, STA_OK);
	assert_true(cap > 100);
	free(t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_token_is_three_parts_of_base64url_and_nothing_else),
		TEST(headers_that_are_not_of_the_form_are_refused),
		TEST(members_that_bring_or_name_a_key_or_change_the_meaning_are_refused),
		TEST(types_of_tokens_and_harmless_members_are_accepted),
		TEST(claims_that_are_no_object_are_refused),
		TEST(what_a_refusal_says_quotes_nothing_of_the_token),
		TEST(lengths_have_their_limits),
		TEST(what_looks_like_a_token_is_told_from_passwords),
		TEST(a_full_arena_is_no_memory),
	};

	return cmocka_run_group_tests(tests, make_pkeys, free_pkeys);
}
