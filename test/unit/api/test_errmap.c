#include "desk.h"

#include <string.h>

static void
fail_with(struct desk *d, enum sta_rc rc, enum sta_oci_code code, const char *allow)
{
	struct sta_err err = {
		.rc = rc, .code = (int) code, .msg = "what \"went\" wrong", .detail = "about\nthis"
	};

	desk_request(d, STA_GET, "manifest", "/v2/{name}/manifests/{reference}", "alice/app", NULL);
	sta_api_fail(&d->api, &d->req, &err, allow, &d->res);
}

static bool
body_has(const struct desk *d, const char *text)
{
	return strstr(d->res.bytes, text) != NULL;
}

static void
every_result_has_a_status(void **state)
{
	static const struct {
		enum sta_rc rc;
		int status;
	} table[] = {
		{ STA_NOMEM, 503 },        { STA_IO, 500 },
		{ STA_FULL, 507 },         { STA_INVALID, 400 },
		{ STA_NOT_FOUND, 404 },    { STA_UNAUTHENTICATED, 401 },
		{ STA_DENIED, 403 },       { STA_EXISTS, 409 },
		{ STA_CONFLICT, 409 },     { STA_PRECONDITION, 412 },
		{ STA_OUT_OF_ORDER, 416 }, { STA_TOO_LARGE, 413 },
		{ STA_TOO_MANY, 429 },     { STA_UNSUPPORTED, 400 },
		{ STA_INCOMPLETE, 400 },   { STA_DIGEST_MISMATCH, 400 },
		{ STA_CORRUPT, 500 },      { STA_BACKEND, 503 },
		{ STA_BUSY, 503 },         { STA_WOULD_BLOCK, 503 },
		{ STA_WOULD_HASH, 503 },   { STA_TIMEOUT, 408 },
	};
	struct desk *d = *state;

	assert_int_equal(ARRAY_LEN(table), STA_RC_MAX_ - 1);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		fail_with(d, table[i].rc, STA_OCI_NONE, NULL);
		assert_int_equal(d->res.status, table[i].status);
		assert_true(body_has(d, "{\"errors\":[{\"code\":\""));
		assert_int_equal(d->res.size, strlen(d->res.bytes));
	}
	fail_with(d, STA_RC_MAX_, STA_OCI_NONE, NULL);
	assert_int_equal(d->res.status, 500);
}

static void
the_code_of_the_registry_goes_into_the_body(void **state)
{
	struct desk *d = *state;

	fail_with(d, STA_NOT_FOUND, STA_OCI_MANIFEST_UNKNOWN, NULL);
	assert_true(body_has(d, "\"code\":\"MANIFEST_UNKNOWN\""));
	assert_true(body_has(d, "what \\\"went\\\" wrong"));
	fail_with(d, STA_BUSY, STA_OCI_BLOB_UPLOAD_INVALID, NULL);
	assert_int_equal(d->res.status, 409);
}

static void
what_failed_inside_is_not_told_outside(void **state)
{
	static const enum sta_rc inside[] = { STA_NOMEM, STA_IO, STA_FULL, STA_CORRUPT, STA_BACKEND };
	struct desk *d = *state;

	for (size_t i = 0; i < ARRAY_LEN(inside); i++) {
		fail_with(d, inside[i], STA_OCI_NONE, NULL);
		assert_false(body_has(d, "went"));
		assert_false(body_has(d, "about"));
	}
}

static void
answers_carry_the_headers_that_belong_to_them(void **state)
{
	struct desk *d = *state;

	fail_with(d, STA_UNAUTHENTICATED, STA_OCI_UNAUTHORIZED, NULL);
	assert_non_null(sta_response_get(&d->res, "WWW-Authenticate"));
	fail_with(d, STA_DENIED, STA_OCI_DENIED, NULL);
	assert_null(sta_response_get(&d->res, "WWW-Authenticate"));
	fail_with(d, STA_BACKEND, STA_OCI_NONE, NULL);
	assert_non_null(sta_response_get(&d->res, "Retry-After"));
	fail_with(d, STA_UNSUPPORTED, STA_OCI_NONE, "GET, HEAD");
	assert_int_equal(d->res.status, 405);
	assert_string_equal(sta_response_get(&d->res, "Allow"), "GET, HEAD");
	sta_api_finish(&d->api, &d->req, &d->res);
	assert_string_equal(sta_response_get(&d->res, "Docker-Distribution-Api-Version"), "registry/2.0");
	assert_string_equal(sta_response_get(&d->res, "Cache-Control"), "no-store");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, desk_setup, desk_teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(every_result_has_a_status),
		TEST(the_code_of_the_registry_goes_into_the_body),
		TEST(what_failed_inside_is_not_told_outside),
		TEST(answers_carry_the_headers_that_belong_to_them),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
