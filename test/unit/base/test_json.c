#include "t.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/oom.h"

#define ARENA_CAP ((size_t) 4 << 20)

static void
loads_and_dumps_in_order(void **state)
{
	static const char text[] = "{\"z\":1,\"a\":[true,null,\"\xc3\xa9\\\"\"],\"m\":{\"y\":{},\"b\":-2}}";
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(ARENA_CAP);
	struct sta_err err;
	json_t *j = NULL;

	(void) state;
	assert_int_equal(sta_json_load(a, text, strlen(text), &j, &err), STA_OK);
	assert_string_equal(sta_json_dump(a, j), text);
}

static void
accepted(void **state)
{
	static const char *const row[] = {
		"{}",         " [ ] \n",     "[1,2.5,-0,1e3]",    "[\"]\",\"[[[[\"]",
		"[\"\\\\\"]", "[\"\\\"]\"]", "{\"a\":{\"a\":1}}",
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(ARENA_CAP);
		struct sta_err err = { .rc = STA_OK };
		json_t *j = NULL;

		if (sta_json_load(a, row[i], strlen(row[i]), &j, &err) != STA_OK)
			fail_msg("%s: %s", row[i], err.msg);
	}
}

static void
refused(void **state)
{
	static const struct {
		const char *s;
		const char *msg;
	} row[] = {
		{ "", "JSON line 1 column 1: text ends too early" },
		{ " \n", "JSON line 2 column 1: text ends too early" },
		{ "1", "JSON line 1 column 1: neither an object nor an array" },
		{ "\"a\"", "JSON line 1 column 1: neither an object nor an array" },
		{ "\xef\xbb\xbf{}", "JSON line 1 column 1: neither an object nor an array" },
		{ "{", "JSON line 1 column 2: text ends too early" },
		{ "}", "JSON line 1 column 1: neither an object nor an array" },
		{ "{}}", "JSON line 1 column 3: bytes after the value" },
		{ "{}{}", "JSON line 1 column 3: bytes after the value" },
		{ "{}\n x", "JSON line 2 column 2: bytes after the value" },
		{ "[\"a]", "JSON line 1 column 5: string without an end" },
		{ "[\"a\\", "JSON line 1 column 5: string without an end" },
		{ "[\"a\\\"", "JSON line 1 column 6: string without an end" },
		{ "[\"a\nb\"]", "JSON line 1 column 4: control byte in a string" },
		{ "[\x01]", "JSON line 1 column 2: control byte" },
		{ "{\"a\":1,\"a\":2}", NULL },
		{ "{\"a\":1,\"\\u0061\":2}", NULL },
		{ "[\"\\u0000\"]", NULL },
		{ "{\"\\u0000\":1}", NULL },
		{ "[\"\xff\"]", NULL },
		{ "[\"\xc0\x80\"]", NULL },
		{ "[\"\xed\xa0\x80\"]", NULL },
		{ "[\"\\ud800\"]", NULL },
		{ "[1e999]", NULL },
		{ "[9223372036854775808]", NULL },
		{ "[01]", NULL },
		{ "[1,]", NULL },
		{ "[1}", NULL },
		{ "{\"a\"}", NULL },
		{ "[NaN]", NULL },
		{ "['a']", NULL },
		{ "[1]//", "JSON line 1 column 4: bytes after the value" },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(ARENA_CAP);
		struct sta_err err = { .rc = STA_OK };
		json_t *j = NULL;

		if (sta_json_load(a, row[i].s, strlen(row[i].s), &j, &err) != STA_INVALID)
			fail_msg("accepted: %s", row[i].s);
		assert_null(j);
		assert_non_null(strstr(err.msg, "JSON line "));
		if (row[i].msg)
			assert_string_equal(err.msg, row[i].msg);
	}
}

static void
embedded_nul_is_refused(void **state)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(ARENA_CAP);
	struct sta_err err;
	json_t *j = NULL;

	(void) state;
	assert_int_equal(sta_json_load(a, "{}\0", 3, &j, &err), STA_INVALID);
	assert_int_equal(sta_json_load(a, "[\"\0\"]", 5, &j, &err), STA_INVALID);
	assert_int_equal(sta_json_load(a, "[\0]", 3, &j, &err), STA_INVALID);
}

/* A document of n brackets, closed again. */
static char *
nested(size_t n)
{
	char *s = sta_malloc(2 * n + 1);

	assert_non_null(s);
	memset(s, '[', n);
	memset(s + n, ']', n);
	return s;
}

static void
depth_limit_is_exact(void **state)
{
	(void) state;
	for (size_t n = STA_JSON_DEPTH_MAX; n <= STA_JSON_DEPTH_MAX + 1; n++) {
		STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(ARENA_CAP);
		char *s = nested(n);
		struct sta_err err;
		json_t *j = NULL;

		assert_int_equal(sta_json_load(a, s, 2 * n, &j, &err),
				 n == STA_JSON_DEPTH_MAX ? STA_OK : STA_INVALID);
		sta_free(s);
	}
}

static void
hostile_depth_and_number_cost_no_memory(void **state)
{
	static const size_t n = 1 << 20;
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(ARENA_CAP);
	char *deep = nested(n);
	char *wide = nested(n);
	struct sta_err err;
	json_t *j = NULL;

	(void) state;
	for (size_t i = 1; i < 2 * n - 1; i++)
		wide[i] = i % 2 == 1 ? '1' : ',';
	wide[2 * n - 2] = '1';
	oom_budget = 0;
	assert_int_equal(sta_json_load(a, deep, 2 * n, &j, &err), STA_INVALID);
	assert_int_equal(sta_json_load(a, wide, 2 * n, &j, &err), STA_INVALID);
	oom_budget = -1;
	sta_free(deep);
	sta_free(wide);
}

static void
own_passes_null_through(void **state)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(ARENA_CAP);
	json_t *j = sta_json_own(a, json_pack("{s:i}", "a", 1));

	(void) state;
	assert_null(sta_json_own(a, NULL));
	assert_string_equal(sta_json_dump(a, j), "{\"a\":1}");
}

static void
survives_every_oom(void **state)
{
	static const char text[] =
		"{\"a\":[\"some text that outgrows the first buffer of the lexer\",{\"b\":1.5}]}";
	long n = 0;

	(void) state;
	for (;; n++) {
		STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(ARENA_CAP);
		struct sta_err err;
		json_t *j = NULL;
		enum sta_rc rc;
		char *dump;

		oom_budget = n;
		rc = sta_json_load(a, text, strlen(text), &j, &err);
		dump = rc == STA_OK ? sta_json_dump(a, j) : NULL;
		oom_budget = -1;
		if (rc == STA_OK && dump) {
			assert_string_equal(dump, text);
			break;
		}
		if (rc != STA_OK)
			assert_int_equal(rc, STA_NOMEM);
	}
	assert_true(n > 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_and_dumps_in_order),
		cmocka_unit_test(accepted),
		cmocka_unit_test(refused),
		cmocka_unit_test(embedded_nul_is_refused),
		cmocka_unit_test(depth_limit_is_exact),
		cmocka_unit_test(hostile_depth_and_number_cost_no_memory),
		cmocka_unit_test(own_passes_null_through),
		cmocka_unit_test(survives_every_oom),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
