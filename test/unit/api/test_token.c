#include "desk.h"

#include <string.h>

#include "base/parse.h"
#include "registry/token.h"

/* GET /token with that query; on success *call is who the token makes of a caller. */
static enum sta_rc
ask(struct desk *d, const char *query, struct sta_call *call)
{
	struct sta_err *err = &d->house->err;
	const char *token;
	json_t *j = NULL;
	enum sta_rc rc;

	desk_request(d, STA_GET, "token", "/token", NULL, query);
	rc = sta_get_token(&d->api, &d->req, &d->res, err);
	if (rc != STA_OK)
		return rc;
	assert_int_equal(sta_json_load(d->house->arena, d->res.bytes, d->res.size, &j, err), STA_OK);
	token = json_string_value(json_object_get(j, "token"));
	assert_non_null(token);
	*call = (struct sta_call){ .arena = d->house->arena, .may_wait = true };
	return sta_authenticate_bearer(d->house->r, call, token, strlen(token), err);
}

static void
sign_in(struct desk *d)
{
	struct sta_pat_request req = { .user = "alice", .name = "", .scopes = STA_SCOPE_ALL };
	struct house *h = d->house;
	char secret[STA_PAT_LEN + 1];
	struct sta_pat pat;
	const char *pair;

	assert_int_equal(sta_pat_create(h->r, &h->sys, &req, secret, &pat, &h->err), STA_OK);
	pair = sta_arena_printf(h->arena, "alice:%s", secret);
	d->authorization =
		sta_arena_printf(h->arena, "Basic %s", sta_base64(h->arena, pair, strlen(pair), false));
}

#define PULL STA_ACTION_BIT(STA_ACTION_READ)
#define PUSH STA_ACTION_BIT(STA_ACTION_WRITE)
#define DELETE STA_ACTION_BIT(STA_ACTION_DELETE)

static void
a_scope_is_read_as_docker_writes_it(void **state)
{
	static const struct {
		const char *query, *name;
		unsigned actions;
	} table[] = {
		{ "scope=repository:alice/app:pull", "alice/app", PULL },
		{ "scope=repository:alice/app:pull,push", "alice/app", PULL | PUSH },
		{ "scope=repository:alice/app:push,pull,push", "alice/app", PULL | PUSH },
		{ "scope=repository:alice/app:*", "alice/app", PULL | PUSH | DELETE },
		{ "scope=repository:alice/app:delete,rename", "alice/app", DELETE },
		{ "scope=repository:alice/app:", "alice/app", 0 },
		{ "scope=repository%3Aalice%2Fapp%3Apull", "alice/app", PULL },
		{ "service=registry.example:5000&scope=repository:alice/app:pull", "alice/app", PULL },
	};
	struct desk *d = *state;
	struct sta_call call;

	sign_in(d);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		assert_int_equal(ask(d, table[i].query, &call), STA_OK);
		assert_int_equal(call.caller.n_limits, 1);
		assert_string_equal(call.caller.limits[0].name, table[i].name);
		assert_int_equal(call.caller.limits[0].actions, table[i].actions);
	}
}

static void
a_scope_that_is_not_understood_gives_nothing(void **state)
{
	static const char *const queries[] = { "",
					       "scope=",
					       "scope=x",
					       "scope=repository:alice/app",
					       "scope=repository::pull",
					       "scope=repository:UPPER/app:pull",
					       "scope=repository:oneword:pull",
					       "scope=repositoryx:alice/app:pull",
					       "scope=registry:catalog:pull",
					       "scope=:alice/app:pull" };
	struct desk *d = *state;
	struct sta_call call;

	sign_in(d);
	for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
		assert_int_equal(ask(d, queries[i], &call), STA_OK);
		assert_true(call.caller.limited);
		assert_int_equal(call.caller.n_limits, 0);
		assert_false(call.caller.limit_catalog);
	}
}

static void
several_scopes_in_one_parameter_or_in_many_are_one_token(void **state)
{
	struct desk *d = *state;
	struct sta_call call;

	sign_in(d);
	assert_int_equal(ask(d,
			     "scope=repository:alice/a:pull+repository:alice/b:push"
			     "&scope=registry:catalog:*",
			     &call),
			 STA_OK);
	assert_int_equal(call.caller.n_limits, 2);
	assert_string_equal(call.caller.limits[1].name, "alice/b");
	assert_true(call.caller.limit_catalog);
}

static void
too_many_scopes_are_refused(void **state)
{
	struct desk *d = *state;
	char *query = sta_arena_strdup(d->house->arena, "");
	struct sta_call call;

	sign_in(d);
	for (int i = 0; i < 33; i++)
		query = sta_arena_printf(d->house->arena, "%s&scope=repository:alice/a%d:pull", query, i);
	assert_int_equal(ask(d, query, &call), STA_INVALID);
}

static void
too_many_scope_parameters_are_refused_whatever_they_say(void **state)
{
	struct desk *d = *state;
	char *query = sta_arena_strdup(d->house->arena, "scope");
	struct sta_call call;

	sign_in(d);
	for (int i = 1; i < 32; i++)
		query = sta_arena_printf(d->house->arena, "%s&scope", query);
	assert_int_equal(ask(d, query, &call), STA_OK);
	query = sta_arena_printf(d->house->arena, "%s&scope", query);
	assert_int_equal(ask(d, query, &call), STA_INVALID);
}

static void
another_service_is_refused(void **state)
{
	struct desk *d = *state;
	struct sta_call call;

	sign_in(d);
	assert_int_equal(ask(d, "service=elsewhere", &call), STA_INVALID);
}

static void
a_credential_that_is_no_good_never_makes_an_anonymous_caller(void **state)
{
	static const char *const wrong[] = { "Basic YWxpY2U6d3Jvbmc=", "Basic ", "Basic !!!", "Bearer x.y.z",
					     "Basic" };
	struct desk *d = *state;
	struct sta_call call;

	assert_int_equal(ask(d, "", &call), STA_OK); /* without one: anonymous */
	assert_int_equal(call.caller.kind, STA_CALLER_ANONYMOUS);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		d->authorization = wrong[i];
		assert_int_equal(ask(d, "", &call), STA_DENIED);
		assert_string_equal(d->house->err.msg, "denied");
	}
}

static void
the_answer_is_not_for_caches(void **state)
{
	struct desk *d = *state;
	struct sta_call call;

	assert_int_equal(ask(d, "", &call), STA_OK);
	assert_string_equal(sta_response_get(&d->res, "Cache-Control"), "no-store");
	assert_null(strstr(d->res.bytes, "refresh_token"));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, desk_setup, desk_teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_scope_is_read_as_docker_writes_it),
		TEST(a_scope_that_is_not_understood_gives_nothing),
		TEST(several_scopes_in_one_parameter_or_in_many_are_one_token),
		TEST(too_many_scopes_are_refused),
		TEST(too_many_scope_parameters_are_refused_whatever_they_say),
		TEST(another_service_is_refused),
		TEST(a_credential_that_is_no_good_never_makes_an_anonymous_caller),
		TEST(the_answer_is_not_for_caches),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
