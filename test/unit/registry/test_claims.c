#include "t.h"

#include <string.h>

#include "registry/claims.h"

static struct sta_arena *arena;

static int
set_up(void **state)
{
	(void) state;
	arena = sta_arena_new(1 << 20);
	return arena ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void) state;
	sta_arena_free(arena);
	return 0;
}

static enum sta_rc
read_back(const char *json, struct sta_claims *out)
{
	struct sta_err err;

	return sta_claims_read(arena, json, strlen(json), out, &err);
}

static const struct sta_limit limits[] = {
	{ "alice/app", STA_ACTION_BIT(STA_ACTION_READ) | STA_ACTION_BIT(STA_ACTION_WRITE) },
	{ "alice/lib", STA_ACTION_BIT(STA_ACTION_DELETE) },
	{ "bob/none", 0 },
};

static struct sta_claims
example(void)
{
	return (struct sta_claims){
		.kind = STA_CLAIMS_ACCESS,
		.login = "alice",
		.user_id = 7,
		.token_id = 3,
		.epoch = 2,
		.issued_unix = 1000,
		.expires_unix = 1300,
		.limits = limits,
		.n_limits = ARRAY_LEN(limits),
		.catalog = true,
	};
}

static void
what_is_written_is_read(void **state)
{
	struct sta_claims in = example(), out;
	char *json = sta_claims_write(arena, &in, "id");

	(void) state;
	assert_non_null(json);
	assert_int_equal(read_back(json, &out), STA_OK);
	assert_string_equal(out.login, "alice");
	assert_int_equal(out.user_id, 7);
	assert_int_equal(out.token_id, 3);
	assert_int_equal(out.epoch, 2);
	assert_int_equal(out.issued_unix, 1000);
	assert_int_equal(out.expires_unix, 1300);
	assert_true(out.catalog);
	assert_int_equal(out.n_limits, ARRAY_LEN(limits));
	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		assert_string_equal(out.limits[i].name, limits[i].name);
		assert_int_equal(out.limits[i].actions, limits[i].actions);
	}
}

static void
a_token_says_its_kind(void **state)
{
	struct sta_claims in = example(), out;

	(void) state;
	assert_int_equal(read_back(sta_claims_write(arena, &in, "id"), &out), STA_OK);
	assert_int_equal(out.kind, STA_CLAIMS_ACCESS);
	in.kind = STA_CLAIMS_REFRESH;
	assert_int_equal(read_back(sta_claims_write(arena, &in, "id"), &out), STA_OK);
	assert_int_equal(out.kind, STA_CLAIMS_REFRESH);
}

static void
a_copy_has_everything_in_its_own_memory(void **state)
{
	struct sta_arena *own = sta_arena_new(4096);
	struct sta_claims in = example(), out;

	(void) state;
	assert_true(sta_claims_copy(own, &in, &out));
	assert_int_equal(out.user_id, in.user_id);
	assert_string_equal(out.login, in.login);
	assert_ptr_not_equal(out.login, in.login);
	assert_int_equal(out.n_limits, in.n_limits);
	for (size_t i = 0; i < in.n_limits; i++) {
		assert_string_equal(out.limits[i].name, in.limits[i].name);
		assert_ptr_not_equal(out.limits[i].name, in.limits[i].name);
		assert_int_equal(out.limits[i].actions, in.limits[i].actions);
	}
	sta_arena_free(own);
}

/* A good token in pieces, of which one is replaced. */
static const char *const fields[][2] = {
	{ "iss", "\"staithe\"" }, { "aud", "\"registry\"" },
	{ "typ", "\"access\"" },  { "sub", "\"alice\"" },
	{ "uid", "7" },           { "tid", "3" },
	{ "epo", "1" },           { "iat", "1000" },
	{ "nbf", "1000" },        { "exp", "1300" },
	{ "jti", "\"x\"" },       { "access", "[]" },
};

static char *
with(size_t replaced, const char *value)
{
	char *text = sta_arena_strdup(arena, "{");

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		const char *v = i == replaced ? value : fields[i][1];

		if (v)
			text = sta_arena_printf(arena, "%s%s\"%s\":%s", text, strlen(text) > 1 ? "," : "",
						fields[i][0], v);
	}
	return sta_arena_printf(arena, "%s}", text);
}

static void
a_claim_that_is_missing_or_of_another_type_voids_the_token(void **state)
{
	static const char *const values[] = { NULL, "null", "true", "{}", "\"other\"", "-1", "1.5" };
	struct sta_claims out;

	(void) state;
	assert_int_equal(read_back(with(99, NULL), &out), STA_OK);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		for (size_t v = 0; v < ARRAY_LEN(values); v++) {
			if (strcmp(fields[i][0], "jti") == 0 ||
			    (strcmp(fields[i][0], "sub") == 0 && v == 4)) /* any text will do */
				continue;
			assert_int_equal(read_back(with(i, values[v]), &out), STA_UNAUTHENTICATED);
		}
	}
}

static void
a_workflows_token_keeps_its_rule_and_what_that_gives(void **state)
{
	static const enum sta_claims_kind kinds[] = { STA_CLAIMS_WORKFLOW, STA_CLAIMS_ACCESS };
	struct sta_claims in = example(), out;

	(void) state;
	in.rule_id = INT64_MAX;
	for (enum sta_role most = STA_ROLE_NONE; most <= STA_ROLE_ADMIN; most++) {
		for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
			in.kind = kinds[i];
			in.most = most;
			assert_int_equal(read_back(sta_claims_write(arena, &in, "id"), &out), STA_OK);
			assert_int_equal(out.kind, kinds[i]);
			assert_int_equal(out.rule_id, INT64_MAX);
			assert_int_equal(out.most, most);
		}
	}
	in = example();
	assert_int_equal(read_back(sta_claims_write(arena, &in, "id"), &out), STA_OK);
	assert_int_equal(out.rule_id, 0);
	assert_int_equal(out.most, STA_ROLE_NONE);
	assert_null(strstr(sta_claims_write(arena, &in, "id"), "rul"));
}

/* The good token, as one of that kind, with more claims. */
static char *
of_kind(const char *kind, const char *more)
{
	char *text = with(2, sta_arena_printf(arena, "\"%s\"", kind));

	text[strlen(text) - 1] = '\0';
	return sta_arena_printf(arena, "%s%s}", text, more);
}

static void
a_workflows_token_has_both_its_rule_and_its_role(void **state)
{
	static const struct {
		const char *more;
		bool workflow; /* fine in a workflow's token */
		bool access;   /* and in one for access */
	} cases[] = {
		{ "", false, true },
		{ ",\"rul\":7,\"max\":2", true, true },
		{ ",\"rul\":7,\"max\":0", true, true },
		{ ",\"rul\":7,\"max\":3", true, true },
		{ ",\"rul\":7,\"max\":4", false, false },
		{ ",\"rul\":7,\"max\":-1", false, false },
		{ ",\"rul\":7", false, false },
		{ ",\"max\":2", false, false },
		{ ",\"rul\":0,\"max\":2", false, false },
		{ ",\"rul\":-7,\"max\":2", false, false },
		{ ",\"rul\":\"7\",\"max\":2", false, false },
		{ ",\"rul\":7.0,\"max\":2", false, false },
		{ ",\"rul\":true,\"max\":2", false, false },
		{ ",\"rul\":null,\"max\":null", false, false },
		{ ",\"rul\":null,\"max\":2", false, false },
		{ ",\"rul\":7,\"max\":null", false, false },
		{ ",\"rul\":7,\"max\":\"write\"", false, false },
		{ ",\"rul\":7,\"max\":1.5", false, false },
		{ ",\"rul\":7,\"max\":4294967297", false, false },
		{ ",\"rul\":7,\"max\":[2]", false, false },
	};
	struct sta_claims out;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		enum sta_rc workflow = read_back(of_kind("workflow", cases[i].more), &out);
		enum sta_rc access = read_back(of_kind("access", cases[i].more), &out);

		if (workflow != (cases[i].workflow ? STA_OK : STA_UNAUTHENTICATED) ||
		    access != (cases[i].access ? STA_OK : STA_UNAUTHENTICATED))
			fail_msg("%s", cases[i].more);
	}
	assert_int_equal(read_back(of_kind("Workflow", ",\"rul\":7,\"max\":2"), &out), STA_UNAUTHENTICATED);
	assert_int_equal(read_back(of_kind("", ""), &out), STA_UNAUTHENTICATED);
}

static void
text_that_is_no_token_is_refused(void **state)
{
	static const char *const texts[] = { "",  "{",  "{}", "[]", "null", "\"\"", "{\"iss\":\"staithe\"}",
					     "x", "{}x" };
	struct sta_claims out;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_int_equal(read_back(texts[i], &out), STA_UNAUTHENTICATED);
}

static void
access_that_is_malformed_voids_the_token_and_unknown_actions_give_nothing(void **state)
{
	static const char *const wrong[] = {
		"[1]",
		"[{}]",
		"[{\"type\":\"repository\",\"name\":\"a/b\"}]",
		"[{\"type\":\"repository\",\"actions\":[\"pull\"]}]",
		"[{\"type\":\"repository\",\"name\":\"a/b\",\"actions\":\"pull\"}]",
		"[{\"type\":\"artifact\",\"name\":\"a/b\",\"actions\":[\"pull\"]}]",
	};
	struct sta_claims out;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(read_back(with(ARRAY_LEN(fields) - 1, wrong[i]), &out), STA_UNAUTHENTICATED);
	assert_int_equal(read_back(with(ARRAY_LEN(fields) - 1, "[{\"type\":\"repository\",\"name\":\"a/b\","
							       "\"actions\":[\"*\",\"admin\",1]}]"),
				   &out),
			 STA_OK);
	assert_int_equal(out.n_limits, 1);
	assert_int_equal(out.limits[0].actions, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_written_is_read),
		TEST(a_token_says_its_kind),
		TEST(a_copy_has_everything_in_its_own_memory),
		TEST(a_claim_that_is_missing_or_of_another_type_voids_the_token),
		TEST(a_workflows_token_keeps_its_rule_and_what_that_gives),
		TEST(a_workflows_token_has_both_its_rule_and_its_role),
		TEST(text_that_is_no_token_is_refused),
		TEST(access_that_is_malformed_voids_the_token_and_unknown_actions_give_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
