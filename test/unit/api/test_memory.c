/* Each allocation of a handler fails in turn: those of the arena, and those of the heap. */
#include "desk.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"
#include "fault.h"
#include "registry/token.h"

FAULT(void *, sta_malloc, (size_t len), (len), NULL, 0)
FAULT(void *, sta_realloc, (void *p, size_t len), (p, len), NULL, 0)
FAULT(char *, sta_strdup, (const char *s), (s), NULL, 0)
FAULT(void *, sta_arena_alloc, (struct sta_arena * a, size_t len), (a, len), NULL, 0)
FAULT(char *, sta_arena_strdup, (struct sta_arena * a, const char *s), (a, s), NULL, 0)
FAULT(char *, sta_arena_strndup, (struct sta_arena * a, const char *s, size_t len), (a, s, len), NULL, 0)

#define PACKAGE "alice/app"
#define LONGEST 2000

static char basic[200];

/* An image that alice may read. */
static void
furnish(struct desk *d, struct sta_digest *layer)
{
	struct sta_pat_request req = { .user = "alice", .name = "", .scopes = STA_SCOPE_ALL };
	struct house *h = d->house;
	char secret[STA_PAT_LEN + 1];
	struct sta_pat pat;
	const char *pair;

	*layer = push_seed(h, &h->alice, PACKAGE, 100, 1);
	assert_int_equal(push_manifest(h, &h->alice, PACKAGE, "v1", manifest_of(h, layer, 100, NULL, 0, 0),
				       NULL, &h->err),
			 STA_OK);
	assert_int_equal(sta_pat_create(h->r, &h->sys, &req, secret, &pat, &h->err), STA_OK);
	pair = sta_arena_printf(h->arena, "alice:%s", secret);
	(void) snprintf(basic, sizeof(basic), "Basic %s", sta_base64(h->arena, pair, strlen(pair), false));
	d->authorization = basic;
}

/* With the n-th allocation failing the handler says so, or needs it not; false: there is no n-th. */
static bool
ask(struct desk *d, sta_handler_fn *handler, const char *reference, const char *query, long n)
{
	struct sta_err err = { 0 };
	enum sta_rc rc;
	bool hit;

	house_fresh_arena(d->house);
	desk_request(d, STA_GET, "x", "/v2/{name}/x", PACKAGE, query);
	d->req.param[1] = reference;
	fault_at(n);
	rc = handler(&d->api, &d->req, &d->res, &err);
	hit = fault_done();
	if (rc != STA_OK && (rc != STA_NOMEM || err.rc != rc))
		fail_msg("allocation %ld: %d %s", n, (int) rc, err.msg);
	if (!hit)
		assert_int_equal(rc, STA_OK);
	if (d->res.fd >= 0)
		(void) close(d->res.fd);
	return hit;
}

static void
a_handler_without_memory_says_so(void **state)
{
	char digest[STA_DIGEST_TEXT_MAX];
	struct sta_digest layer;
	struct desk *d = *state;

	furnish(d, &layer);
	(void) sta_digest_text(&layer, digest);

	const struct {
		sta_handler_fn *handler;
		const char *reference, *query;
	} table[] = {
		{ sta_get_ping, NULL, NULL },
		{ sta_get_catalog, NULL, "n=5" },
		{ sta_get_tags, NULL, "n=5&last=a" },
		{ sta_get_referrers, digest, "artifactType=x" },
		{ sta_get_manifest, "v1", NULL },
		{ sta_get_blob, digest, NULL },
		{ sta_get_token, NULL, "scope=repository:alice/app:pull" },
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		long n = 0;

		while (n < LONGEST && ask(d, table[i].handler, table[i].reference, table[i].query, n))
			n++;
		assert_in_range(n, 1, LONGEST - 1);
	}
}

/* The answer to a failure needs memory too. */
static void
a_failure_is_answered_without_memory(void **state)
{
	struct desk *d = *state;
	bool hit = true;

	for (long n = 0; hit; n++) {
		struct sta_err err;

		(void) sta_err_set(&err, STA_UNAUTHENTICATED, 0, "who are you");
		house_fresh_arena(d->house);
		desk_request(d, STA_GET, "tags", "/v2/{name}/tags/list", PACKAGE, NULL);
		fault_at(n);
		sta_api_fail(&d->api, &d->req, &err, NULL, &d->res);
		hit = fault_done();
		assert_int_equal(d->res.status, 401);
		assert_non_null(strstr(d->res.bytes, "{\"errors\":[{\"code\":"));
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, desk_setup, desk_teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_handler_without_memory_says_so),
		TEST(a_failure_is_answered_without_memory),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
