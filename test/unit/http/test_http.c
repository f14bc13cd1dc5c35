#include "t.h"

#include <string.h>

#include "http/engine.h"

static int resumed;

static const char *
fake_header(const struct sta_request *req, const char *name)
{
	(void) req;
	return strcmp(name, "Host") == 0 ? "localhost" : NULL;
}

static bool
fake_may_wait(const struct sta_request *req)
{
	(void) req;
	return false;
}

static void
fake_resume(struct sta_request *req)
{
	(void) req;
	resumed++;
}

static const struct sta_engine_ops ops = { .header = fake_header,
					   .may_wait = fake_may_wait,
					   .resume = fake_resume };

struct fixture {
	struct sta_engine_request engine;
	struct sta_request req;
};

static int
setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){ .engine = { .ops = &ops } };
	f.req.arena = sta_arena_new(1 << 20);
	f.req.engine = &f.engine;
	*state = &f;
	return f.req.arena ? 0 : -1;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	sta_arena_free(f->req.arena);
	return 0;
}

static void
query_parameters_are_decoded_and_counted(void **state)
{
	static const struct {
		const char *query, *name;
		size_t n;
		const char *value;
	} table[] = {
		{ "", "a", 0, NULL },     { NULL, "a", 0, NULL },       { "a=1", "a", 0, "1" },
		{ "a=1", "a", 1, NULL },  { "a=1", "b", 0, NULL },      { "a=1&a=2&b=3&a=4", "a", 2, "4" },
		{ "a", "a", 0, "" },      { "a=", "a", 0, "" },         { "&&a=1&", "a", 0, "1" },
		{ "=1", "", 0, "1" },     { "a=b=c", "a", 0, "b=c" },   { "a=x+y%2B%26", "a", 0, "x y+&" },
		{ "%61=1", "a", 0, "1" }, { "a=%zz&a=2", "a", 0, "2" }, { "a=%00&a=2", "a", 0, "2" },
		{ "A=1", "a", 0, NULL },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		const char *got;

		f->engine.query = table[i].query;
		got = sta_request_query(&f->req, table[i].name, table[i].n);
		if (!got != !table[i].value || (got && strcmp(got, table[i].value) != 0))
			fail_msg("%s -> %s", table[i].query, got ? got : "NULL");
	}
}

static void
request_asks_its_engine(void **state)
{
	struct fixture *f = *state;

	resumed = 0;
	assert_string_equal(sta_request_header(&f->req, "Host"), "localhost");
	assert_false(sta_request_may_wait(&f->req));
	sta_request_resume(&f->req);
	assert_int_equal(resumed, 1);
}

static void
request_without_an_engine_has_no_headers_and_may_wait(void **state)
{
	struct fixture *f = *state;

	f->req.engine = NULL;
	assert_null(sta_request_header(&f->req, "Host"));
	assert_null(sta_request_query(&f->req, "a", 0));
	assert_true(sta_request_may_wait(&f->req));
	sta_request_resume(&f->req);
}

static void
count(void *arg)
{
	++*(int *) arg;
}

static void
deferred_call_runs_when_the_request_is_over(void **state)
{
	struct fixture *f = *state;
	int calls = 0;

	assert_int_equal(sta_request_defer(&f->req, count, &calls), STA_OK);
	assert_int_equal(calls, 0);
	sta_arena_free(f->req.arena);
	f->req.arena = NULL;
	assert_int_equal(calls, 1);
}

static void
header_with_a_control_byte_is_refused(void **state)
{
	static const struct {
		const char *value;
		enum sta_rc rc;
	} table[] = {
		{ "", STA_OK },          { "a b", STA_OK },
		{ "\xc3\xa4", STA_OK },  { "a\r\nb", STA_INVALID },
		{ "a\nb", STA_INVALID }, { "a\x7f", STA_INVALID },
		{ "a\tb", STA_INVALID },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct sta_response res = { 0 };
		struct sta_err err = { 0 };

		assert_int_equal(sta_response_header(&res, "X", table[i].value, &err), table[i].rc);
		assert_int_equal(res.n_headers, table[i].rc == STA_OK ? 1 : 0);
	}
}

static void
headers_are_limited_in_number(void **state)
{
	struct sta_response res = { 0 };
	struct sta_err err = { 0 };

	(void) state;
	for (int i = 0; i < STA_RESPONSE_HEADERS; i++)
		assert_int_equal(sta_response_header(&res, "X", "1", &err), STA_OK);
	assert_int_equal(sta_response_header(&res, "X", "1", &err), STA_NOMEM);
	assert_int_equal(res.n_headers, STA_RESPONSE_HEADERS);
}

static void
added_header_is_found_in_any_case(void **state)
{
	struct sta_response res = { 0 };
	struct sta_err err = { 0 };

	(void) state;
	assert_int_equal(sta_response_header(&res, "Content-Type", "text/plain", &err), STA_OK);
	assert_string_equal(sta_response_get(&res, "content-type"), "text/plain");
	assert_null(sta_response_get(&res, "Content"));
}

static void
methods_have_their_names(void **state)
{
	(void) state;
	for (enum sta_method m = STA_GET; m < STA_METHOD_OTHER; m++)
		assert_int_equal(sta_method_parse(sta_method_name(m)), m);
	assert_int_equal(sta_method_parse(""), STA_METHOD_OTHER);
	assert_int_equal(sta_method_parse("get"), STA_METHOD_OTHER);
	assert_int_equal(sta_method_parse("GETS"), STA_METHOD_OTHER);
	assert_string_equal(sta_method_name(STA_METHOD_OTHER), "OTHER");
}

static void
request_id_is_a_short_plain_word(void **state)
{
	static const struct {
		const char *id;
		bool valid;
	} table[] = {
		{ "", false },
		{ "a", true },
		{ "Az09._-", true },
		{ "12345678901234567890123456789012", true },
		{ "123456789012345678901234567890123", false },
		{ "a b", false },
		{ "a\n", false },
		{ "a\"", false },
		{ "\xc3\xa4", false },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (sta_request_id_valid(table[i].id) != table[i].valid)
			fail_msg("%s", table[i].id);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(query_parameters_are_decoded_and_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(request_asks_its_engine, setup, teardown),
		cmocka_unit_test_setup_teardown(request_without_an_engine_has_no_headers_and_may_wait, setup,
						teardown),
		cmocka_unit_test_setup_teardown(deferred_call_runs_when_the_request_is_over, setup, teardown),
		cmocka_unit_test(header_with_a_control_byte_is_refused),
		cmocka_unit_test(headers_are_limited_in_number),
		cmocka_unit_test(added_header_is_found_in_any_case),
		cmocka_unit_test(methods_have_their_names),
		cmocka_unit_test(request_id_is_a_short_plain_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
