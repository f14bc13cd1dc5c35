#include "desk.h"

#include <string.h>

#define START "Bearer realm=\"http://registry.example:5000/token\",service=\"registry.example:5000\""

static void
the_scope_is_what_the_request_needs(void **state)
{
	static const struct {
		enum sta_method method;
		const char *label, *pattern, *param, *query, *scope;
	} table[] = {
		{ STA_GET, "ping", "/v2/", NULL, NULL, "" },
		{ STA_GET, "manifest", "/v2/{name}/manifests/{reference}", "alice/app", NULL,
		  ",scope=\"repository:alice/app:pull\"" },
		{ STA_HEAD, "manifest", "/v2/{name}/manifests/{reference}", "alice/app", NULL,
		  ",scope=\"repository:alice/app:pull\"" },
		{ STA_PUT, "manifest", "/v2/{name}/manifests/{reference}", "alice/app", NULL,
		  ",scope=\"repository:alice/app:pull,push\"" },
		{ STA_DELETE, "manifest", "/v2/{name}/manifests/{reference}", "alice/app", NULL,
		  ",scope=\"repository:alice/app:delete\"" },
		{ STA_DELETE, "upload", "/v2/{name}/blobs/uploads/{id}", "alice/app", NULL,
		  ",scope=\"repository:alice/app:pull,push\"" },
		{ STA_GET, "upload", "/v2/{name}/blobs/uploads/{id}", "alice/app", NULL,
		  ",scope=\"repository:alice/app:pull,push\"" },
		{ STA_POST, "upload_start", "/v2/{name}/blobs/uploads/", "alice/app",
		  "mount=sha256:x&from=bob/lib",
		  ",scope=\"repository:alice/app:pull,push repository:bob/lib:pull\"" },
		{ STA_POST, "upload_start", "/v2/{name}/blobs/uploads/", "alice/app", "from=bob/lib",
		  ",scope=\"repository:alice/app:pull,push\"" },
		{ STA_POST, "upload_start", "/v2/{name}/blobs/uploads/", "alice/app",
		  "mount=x&from=%22,evil=%22", ",scope=\"repository:alice/app:pull,push\"" },
		{ STA_GET, "catalog", "/v2/_catalog", NULL, NULL, ",scope=\"registry:catalog:*\"" },
		{ STA_GET, "manifest", "/v2/{name}/manifests/{reference}", "Not/Valid", NULL, "" },
		{ STA_GET, "manifest", "/v2/{name}/manifests/{reference}", "oneword", NULL, "" },
		{ STA_GET, "manifest", "/v2/{name}/manifests/{reference}", "a/b\",x=\"", NULL, "" },
	};
	struct desk *d = *state;

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		desk_request(d, table[i].method, table[i].label, table[i].pattern, table[i].param,
			     table[i].query);
		assert_string_equal(sta_challenge(&d->api, &d->req),
				    sta_arena_printf(d->house->arena, "%s%s", START, table[i].scope));
	}
}

static void
a_host_that_is_no_host_is_not_repeated(void **state)
{
	static const char *const bad[] = { "", "a b", "evil\"", "a/b", "x,y", "user@host", "a\r\nX: y" };
	struct desk *d = *state;

	desk_request(d, STA_GET, "ping", "/v2/", NULL, NULL);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		d->host = bad[i];
		assert_string_equal(sta_service(&d->api, &d->req), "localhost");
	}
	d->host = NULL;
	assert_string_equal(sta_service(&d->api, &d->req), "localhost");
	d->host = "[::1]:5000";
	assert_string_equal(sta_service(&d->api, &d->req), "[::1]:5000");
}

static void
the_public_address_goes_before_the_host(void **state)
{
	char url[] = "https://ghcr.example", host[] = "ghcr.example";
	struct desk *d = *state;

	d->api.public_url = url;
	d->api.public_host = host;
	desk_request(d, STA_GET, "ping", "/v2/", NULL, NULL);
	assert_string_equal(sta_challenge(&d->api, &d->req),
			    "Bearer realm=\"https://ghcr.example/token\",service=\"ghcr.example\"");
}

static void
a_token_that_did_not_help_is_told_why(void **state)
{
	struct desk *d = *state;

	desk_request(d, STA_GET, "ping", "/v2/", NULL, NULL);
	d->authorization = "Bearer x";
	assert_string_equal(sta_challenge(&d->api, &d->req), START ",error=\"invalid_token\"");
	d->req.log_user = "alice";
	assert_string_equal(sta_challenge(&d->api, &d->req), START ",error=\"insufficient_scope\"");
}

static void
over_tls_the_realm_is_https(void **state)
{
	struct desk *d = *state;

	desk_request(d, STA_GET, "ping", "/v2/", NULL, NULL);
	d->req.tls = true;
	assert_non_null(
		strstr(sta_challenge(&d->api, &d->req), "realm=\"https://registry.example:5000/token\""));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, desk_setup, desk_teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(the_scope_is_what_the_request_needs),
		TEST(a_host_that_is_no_host_is_not_repeated),
		TEST(the_public_address_goes_before_the_host),
		TEST(a_token_that_did_not_help_is_told_why),
		TEST(over_tls_the_realm_is_https),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
