/* A key set with a key of each kind, and what asks it about tokens. */
#ifndef STA_TEST_JWT_FIXTURE_H
#define STA_TEST_JWT_FIXTURE_H

#include "jwt_keys.h"

#define CLAIMS "{\"iss\":\"https://ci.example.com\",\"sub\":\"ada\"}"

struct fixture {
	struct sta_arena *arena;
	struct sta_jwks *keys; /* "r", "e" and "d" */
	struct sta_err err;
};

static inline struct sta_jwks *
key_set(struct fixture *f, const char *json)
{
	struct sta_jwks *keys = NULL;

	assert_int_equal(sta_jwks_parse(json, strlen(json), &keys, &f->err), STA_OK);
	return keys;
}

static const char *const kids[N_KINDS] = { "r", "e", "d" };

static inline int
setup(void **state)
{
	static struct fixture f;
	struct sta_arena *a = sta_arena_new(8 << 20);
	char *json;

	assert_non_null(a);
	f = (struct fixture){ .arena = a };
	json = sta_arena_printf(a, "{\"keys\":[{\"kid\":\"r\",%s},{\"kid\":\"e\",%s},{\"kid\":\"d\",%s}]}",
				members(a, KIND_RSA, pkeys[KIND_RSA][0]),
				members(a, KIND_EC, pkeys[KIND_EC][0]),
				members(a, KIND_ED, pkeys[KIND_ED][0]));
	f.keys = key_set(&f, json);
	*state = &f;
	return 0;
}

static inline int
teardown(void **state)
{
	struct fixture *f = *state;

	sta_jwks_free(f->keys);
	sta_arena_free(f->arena);
	return 0;
}

static inline enum sta_rc
parse_n(struct fixture *f, const char *text, size_t len)
{
	struct sta_jwt jwt = { 0 }, none = { 0 };
	enum sta_rc rc;

	f->err = (struct sta_err){ .rc = STA_OK };
	rc = sta_jwt_parse(f->arena, text, len, &jwt, &f->err);
	assert_int_equal(f->err.rc, rc);
	if (rc != STA_OK) {
		assert_memory_equal(&jwt, &none, sizeof(jwt));
		assert_int_not_equal(f->err.msg[0], '\0');
	}
	return rc;
}

static inline enum sta_rc
parse(struct fixture *f, const char *text)
{
	return parse_n(f, text, strlen(text));
}

static inline enum sta_rc
verify_by(struct fixture *f, const struct sta_jwks *keys, const char *text)
{
	struct sta_jwt jwt = { 0 };
	enum sta_rc rc = sta_jwt_parse(f->arena, text, strlen(text), &jwt, &f->err);

	return rc == STA_OK ? sta_jwt_verify(keys, &jwt, &f->err) : rc;
}

static inline enum sta_rc
verify(struct fixture *f, const char *text)
{
	return verify_by(f, f->keys, text);
}

static inline char *
header_of(struct fixture *f, enum kind kind)
{
	return sta_arena_printf(f->arena, "{\"alg\":\"%s\",\"kid\":\"%s\",\"typ\":\"JWT\"}", alg_of[kind],
				kids[kind]);
}

static inline char *
good(struct fixture *f, enum kind kind)
{
	return token_of(f->arena, pkeys[kind][0], header_of(f, kind), CLAIMS);
}

#endif
