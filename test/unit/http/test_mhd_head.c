#include "t.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "http/mhd_internal.h"

#define LINES_MAX 8

/* The header lines of the request, in order of arrival. */
static struct {
	const char *name, *value;
} lines[LINES_MAX];
static size_t n_lines;

int __wrap_MHD_get_connection_values(struct MHD_Connection *mhd, enum MHD_ValueKind kind,
				     MHD_KeyValueIterator each, void *ctx);
const union MHD_ConnectionInfo *__wrap_MHD_get_connection_info(struct MHD_Connection *mhd,
							       enum MHD_ConnectionInfoType type, ...);

int
__wrap_MHD_get_connection_values(struct MHD_Connection *mhd, enum MHD_ValueKind kind,
				 MHD_KeyValueIterator each, void *ctx)
{
	(void) mhd;
	assert_int_equal(kind, MHD_HEADER_KIND);
	for (size_t i = 0; i < n_lines; i++)
		if (each(ctx, kind, lines[i].name, lines[i].value) != MHD_YES)
			return (int) i + 1;
	return (int) n_lines;
}

const union MHD_ConnectionInfo *
__wrap_MHD_get_connection_info(struct MHD_Connection *mhd, enum MHD_ConnectionInfoType type, ...)
{
	(void) mhd;
	(void) type;
	return NULL;
}

static const char *
first_line(const struct sta_request *req, const char *name)
{
	(void) req;
	for (size_t i = 0; i < n_lines; i++)
		if (strcasecmp(lines[i].name, name) == 0)
			return lines[i].value;
	return NULL;
}

static const struct sta_engine_ops ops = { .header = first_line };

static void
add(const char *name, const char *value)
{
	assert_in_range(n_lines, 0, LINES_MAX - 1);
	lines[n_lines].name = name;
	lines[n_lines++].value = value;
}

static int
setup(void **state)
{
	(void) state;
	n_lines = 0;
	return 0;
}

struct seen {
	enum sta_rc rc;
	char peer[64];
	bool tls;
};

/* The head of a request that 192.0.2.80 sent, which is trusted or not, with so much memory. */
static struct seen
head(bool trusted, size_t memory)
{
	struct in6_addr proxy;
	struct sta_server server = { .trusted = &proxy, .n_trusted = trusted };
	struct sta_mhd_conn conn = { .server = &server, .peer = "192.0.2.80" };
	struct sta_mhd_request er = { .base = { .ops = &ops }, .server = &server, .conn = &conn };
	STA_AUTO(sta_arena_auto) struct sta_arena *arena = sta_arena_new(memory);
	struct seen seen = { 0 };
	struct sta_err err;

	assert_true(sta_mhd_address_parse("192.0.2.80", &proxy));
	assert_non_null(arena);
	er.req.arena = arena;
	er.req.engine = &er.base;
	er.req.peer = conn.peer;
	er.req.target = "/";
	seen.rc = sta_mhd_head(&er, "GET", &err);
	(void) snprintf(seen.peer, sizeof(seen.peer), "%s", er.req.peer);
	seen.tls = er.req.tls;
	return seen;
}

static void
assert_peer(bool trusted, const char *peer)
{
	struct seen seen = head(trusted, 1 << 16);

	assert_int_equal(seen.rc, STA_OK);
	assert_string_equal(seen.peer, peer);
}

static void
last_line_of_forwarded_addresses_counts(void **state)
{
	(void) state;
	add("X-Forwarded-For", "198.51.100.1");
	assert_peer(true, "198.51.100.1");
	add("X-Other", "198.51.100.7");
	add("x-forwarded-for", "198.51.100.2, 198.51.100.3");
	assert_peer(true, "198.51.100.3");
	add("X-FORWARDED-FOR", "198.51.100.4");
	assert_peer(true, "198.51.100.4");
	add("X-Forwarded-For", "192.0.2.80");
	assert_peer(true, "198.51.100.4");
	add("X-Forwarded-For", "");
	assert_peer(true, "198.51.100.4");
	add("X-Forwarded-For", "nonsense");
	assert_peer(true, "192.0.2.80");
}

static void
lines_are_not_glued_to_an_address(void **state)
{
	(void) state;
	add("X-Forwarded-For", "198.51.100.");
	add("X-Forwarded-For", "1");
	assert_peer(true, "192.0.2.80");
}

static void
lines_of_a_stranger_do_not_count(void **state)
{
	(void) state;
	add("X-Forwarded-For", "198.51.100.1");
	add("X-Forwarded-For", "198.51.100.2");
	add("X-Forwarded-Proto", "http");
	add("X-Forwarded-Proto", "https");
	assert_peer(false, "192.0.2.80");
	assert_false(head(false, 1 << 16).tls);
}

static void
last_line_of_forwarded_schemes_counts(void **state)
{
	(void) state;
	add("X-Forwarded-Proto", "https");
	assert_true(head(true, 1 << 16).tls);
	add("x-forwarded-proto", "http");
	assert_false(head(true, 1 << 16).tls);
	add("X-Forwarded-Proto", "http, HTTPS");
	assert_true(head(true, 1 << 16).tls);
	add("X-Forwarded-Proto", "httpss");
	assert_false(head(true, 1 << 16).tls);
}

static void
without_memory_the_request_is_refused_and_no_other_line_counts(void **state)
{
	size_t refused = 0;
	struct seen seen;

	(void) state;
	add("X-Forwarded-For", "198.51.100.1");
	add("X-Forwarded-For", "198.51.100.2");
	add("X-Forwarded-Proto", "https");
	add("X-Forwarded-Proto", "http");
	for (size_t memory = 0; (seen = head(true, memory)).rc != STA_OK; memory++) {
		assert_in_range(memory, 0, 1 << 16);
		assert_string_not_equal(seen.peer, "198.51.100.1");
		assert_false(seen.tls);
		refused += seen.rc == STA_NOMEM;
	}
	assert_in_range(refused, 1, 1 << 16);
	assert_string_equal(seen.peer, "198.51.100.2");
	assert_false(seen.tls);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(last_line_of_forwarded_addresses_counts, setup),
		cmocka_unit_test_setup(lines_are_not_glued_to_an_address, setup),
		cmocka_unit_test_setup(lines_of_a_stranger_do_not_count, setup),
		cmocka_unit_test_setup(last_line_of_forwarded_schemes_counts, setup),
		cmocka_unit_test_setup(without_memory_the_request_is_refused_and_no_other_line_counts, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
