#include "t.h"

#include <string.h>

#include "base/alloc.h"
#include "http/router.h"

static long allocs_left = -1; /* -1: no limit */

void *__real_sta_malloc(size_t len);
void *__wrap_sta_malloc(size_t len);

void *
__wrap_sta_malloc(size_t len)
{
	if (allocs_left == 0)
		return NULL;
	if (allocs_left > 0)
		allocs_left--;
	return __real_sta_malloc(len);
}

static const struct sta_route routes[] = {
	{ .method = STA_GET, .pattern = "/", .label = "root" },
	{ .method = STA_GET, .pattern = "/v2/", .label = "v2" },
	{ .method = STA_GET, .pattern = "/v2/_catalog", .label = "catalog" },
	{ .method = STA_GET, .pattern = "/v2/{name}/blobs/{digest}", .label = "blob" },
	{ .method = STA_DELETE, .pattern = "/v2/{name}/blobs/{digest}", .label = "blob_delete" },
	{ .method = STA_POST, .pattern = "/v2/{name}/blobs/uploads/", .label = "upload" },
	{ .method = STA_PUT, .pattern = "/v2/{name}/blobs/uploads/{id}", .label = "upload_end" },
	{ .method = STA_GET, .pattern = "/v2/{name}/tags/list", .label = "tags" },
	{ .method = STA_GET, .pattern = "/head", .label = "get" },
	{ .method = STA_HEAD, .pattern = "/head", .label = "head" },
	{ .method = STA_GET, .pattern = "/{a}/x/{name}", .label = "tail" },
	{ .method = STA_GET, .pattern = "/api/p/{package}", .label = "package" },
	{ .method = STA_GET, .pattern = "/api/p/{package}/versions", .label = "versions" },
	{ .method = STA_GET, .pattern = "/api/p/{package}/versions/{id}", .label = "version" },
	{ .method = STA_POST, .pattern = "/api/p/{package}/versions/{id}/restore", .label = "restore" },
};

static int
setup(void **state)
{
	allocs_left = -1;
	*state = sta_arena_new((size_t) 1 << 20);
	return *state ? 0 : -1;
}

static int
teardown(void **state)
{
	sta_arena_free(*state);
	return 0;
}

static const char *
canonical(struct sta_arena *a, const char *target)
{
	return sta_path_canonical(a, target, strlen(target));
}

static void
target_is_decoded_once_and_canonical_or_refused(void **state)
{
	static const struct {
		const char *target, *path;
	} table[] = {
		{ "", NULL },
		{ "/", "/" },
		{ "/a/b/", "/a/b/" },
		{ "/a%2Fb", "/a/b" },
		{ "/a%2fb?x=/../", "/a/b" },
		{ "/%2541", "/%41" },
		{ "/a+b", "/a+b" },
		{ "/\xc3\xa4", "/\xc3\xa4" },
		{ "/%C3%A4", "/\xc3\xa4" },
		{ "/%f0%9f%90%b3", "/\xf0\x9f\x90\xb3" },
		{ "/...", "/..." },
		{ "/.a", "/.a" },
		{ "?x", NULL },
		{ "*", NULL },
		{ "a", NULL },
		{ "//", NULL },
		{ "//a", NULL },
		{ "/a//b", NULL },
		{ "/a/%2Fb", NULL },
		{ "/.", NULL },
		{ "/./a", NULL },
		{ "/..", NULL },
		{ "/a/..", NULL },
		{ "/a/../b", NULL },
		{ "/%2e%2E/b", NULL },
		{ "/a%2f..%2fb", NULL },
		{ "/a\\b", NULL },
		{ "/a%5cb", NULL },
		{ "/a;b", NULL },
		{ "/a%3bb", NULL },
		{ "/a%00", NULL },
		{ "/a%0a", NULL },
		{ "/a%7f", NULL },
		{ "/a\x01", NULL },
		{ "/%", NULL },
		{ "/%4", NULL },
		{ "/%4g", NULL },
		{ "/\xff", NULL },
		{ "/\xc3", NULL },
		{ "/\xc0\xae", NULL },         /* overlong '.' */
		{ "/\xe0\x80\xae", NULL },     /* longer still */
		{ "/\xed\xa0\x80", NULL },     /* surrogate */
		{ "/\xf4\x90\x80\x80", NULL }, /* past U+10FFFF */
		{ "/\xf0\x80\x80\xae", NULL }, /* overlong */
		{ "/\x80", NULL },
		{ "http://localhost/", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		const char *got = canonical(*state, table[i].target);

		if (!got != !table[i].path || (got && strcmp(got, table[i].path) != 0))
			fail_msg("%s -> %s", table[i].target, got ? got : "NULL");
	}
}

static void
canonical_path_is_canonical(void **state)
{
	const char *once = canonical(*state, "/v2/a%2Fb/%C3%A4/");

	assert_string_equal(canonical(*state, once), once);
}

static void
target_length_is_limited(void **state)
{
	static char target[STA_TARGET_MAX + 1];

	memset(target, 'a', sizeof(target));
	target[0] = '/';
	assert_non_null(sta_path_canonical(*state, target, STA_TARGET_MAX));
	assert_null(sta_path_canonical(*state, target, STA_TARGET_MAX + 1));
}

static void
path_finds_its_route_and_parameters(void **state)
{
	static const struct {
		enum sta_method method;
		const char *path, *label, *p0, *p1;
	} table[] = {
		{ STA_GET, "", NULL, NULL, NULL },
		{ STA_GET, "/", "root", NULL, NULL },
		{ STA_HEAD, "/", "root", NULL, NULL },
		{ STA_GET, "/v2/", "v2", NULL, NULL },
		{ STA_GET, "/v2", NULL, NULL, NULL },
		{ STA_GET, "/v2/_catalog", "catalog", NULL, NULL },
		{ STA_GET, "/v2/a/blobs/d", "blob", "a", "d" },
		{ STA_GET, "/v2/a/b/c/blobs/d", "blob", "a/b/c", "d" },
		{ STA_HEAD, "/v2/a/b/blobs/d", "blob", "a/b", "d" },
		{ STA_DELETE, "/v2/a/b/blobs/d", "blob_delete", "a/b", "d" },
		{ STA_GET, "/v2/blobs/blobs/blobs", "blob", "blobs", "blobs" },
		{ STA_GET, "/v2/a/tags/list/tags/list", "tags", "a/tags/list", NULL },
		{ STA_POST, "/v2/a/b/blobs/uploads/", "upload", "a/b", NULL },
		{ STA_PUT, "/v2/a/b/blobs/uploads/7", "upload_end", "a/b", "7" },
		{ STA_GET, "/v2/blobs/d", NULL, NULL, NULL },
		{ STA_GET, "/v2/a/blobs/", NULL, NULL, NULL },
		{ STA_GET, "/v2/a/blobs/d/", NULL, NULL, NULL },
		{ STA_GET, "/V2/", NULL, NULL, NULL },
		{ STA_GET, "/head", "get", NULL, NULL },
		{ STA_HEAD, "/head", "head", NULL, NULL },
		{ STA_GET, "/p/x/n/m", "tail", "p", "n/m" },
		{ STA_GET, "/p/x/", NULL, NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		const char *want[2] = { table[i].p0, table[i].p1 };
		struct sta_match m;

		assert_true(sta_route_match(*state, routes, ARRAY_LEN(routes), table[i].method, table[i].path,
					    table[i].path, &m));
		if (!m.route != !table[i].label || (m.route && strcmp(m.route->label, table[i].label) != 0))
			fail_msg("%s -> %s", table[i].path, m.route ? m.route->label : "none");
		for (size_t p = 0; p < 2; p++)
			if (!m.param[p] != !want[p] || (want[p] && strcmp(m.param[p], want[p]) != 0))
				fail_msg("%s: parameter %zu is %s", table[i].path, p, m.param[p]);
	}
}

/* There a name has its slashes as %2F, in one segment. */
static void
below_api_a_segment_is_what_stands_between_slashes_as_sent(void **state)
{
	static const struct {
		enum sta_method method;
		const char *target, *label, *p0, *p1;
	} table[] = {
		{ STA_GET, "/api/p/b", "package", "b", NULL },
		{ STA_GET, "/api/p/b%2Fc", "package", "b/c", NULL },
		{ STA_GET, "/api/p/b%2fc", "package", "b/c", NULL },
		{ STA_GET, "/api/p/b%2Fversions%2F5", "package", "b/versions/5", NULL },
		{ STA_GET, "/api/p/b/versions/5", "version", "b", "5" },
		{ STA_GET, "/api/p/b%2Fversions", "package", "b/versions", NULL },
		{ STA_GET, "/api/p/b/versions", "versions", "b", NULL },
		{ STA_GET, "/api/p/b%2Fversions/versions/5%2F6", "version", "b/versions", "5/6" },
		{ STA_GET, "/api/p/b/c", NULL, NULL, NULL },
		{ STA_GET, "/api/p/b%2Fc/d", NULL, NULL, NULL },
		{ STA_GET, "/api%2Fp/b", NULL, NULL, NULL },
		{ STA_GET, "/%61pi/%70/%62%2f%63", "package", "b/c", NULL },
		{ STA_GET, "/api/p/b/%76ersions/%35", "version", "b", "5" },
		{ STA_GET, "/api/p/b%252Fc", "package", "b%2Fc", NULL },
		{ STA_GET, "/api/p/b%3Fc", "package", "b?c", NULL },
		{ STA_GET, "/api/p/b%2Fc?d=e/f%2Fg", "package", "b/c", NULL },
		{ STA_GET, "/api/p/b?versions/5", "package", "b", NULL },
		{ STA_GET, "/api/p/b%2F", "package", "b/", NULL },
		{ STA_GET, "/api/p/b/", NULL, NULL, NULL },
		{ STA_GET, "/api/p/", NULL, NULL, NULL },
		{ STA_HEAD, "/api/p/b%2Fc/versions", "versions", "b/c", NULL },
		{ STA_POST, "/api/p/b%2Fc/versions/5/restore", "restore", "b/c", "5" },
		{ STA_GET, "/v2/a%2Fb/blobs%2Fd", "blob", "a/b", "d" }, /* not there */
		{ STA_GET, "/api/x/b%2Fc", "tail", "api", "b/c" },
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		const char *want[2] = { table[i].p0, table[i].p1 };
		const char *path = canonical(*state, table[i].target);
		struct sta_match m;

		assert_non_null(path);
		assert_true(sta_route_match(*state, routes, ARRAY_LEN(routes), table[i].method, path,
					    table[i].target, &m));
		if (!m.route != !table[i].label || (m.route && strcmp(m.route->label, table[i].label) != 0))
			fail_msg("%s -> %s", table[i].target, m.route ? m.route->label : "none");
		for (size_t p = 0; p < 2; p++)
			if (!m.param[p] != !want[p] || (want[p] && strcmp(m.param[p], want[p]) != 0))
				fail_msg("%s: parameter %zu is %s", table[i].target, p, m.param[p]);
	}
}

/* A segment that would be empty, or a dot, is refused whether its slash was sent as it is or as %2F. */
static void
below_api_a_name_is_canonical_too(void **state)
{
	static const char *const targets[] = {
		"/api/p/%2Fb",       "/api/p/b%2F%2Fc", "/api/p/b%2F/versions", "/api/p/%2F",
		"/api/p/b%2F..%2Fc", "/api/p/..%2Fc",   "/api/p/%2E%2E",        "/api/p/b%2F%2e",
		"/api/p/b%00c",      "%2Fapi/p//b",
	};

	for (size_t i = 0; i < ARRAY_LEN(targets); i++)
		if (canonical(*state, targets[i]))
			fail_msg("%s is taken", targets[i]);
}

/* As when it was in the absolute form and is gone: nothing is read behind its end. */
static void
a_target_without_segments_matches_nothing(void **state)
{
	static const char *const targets[] = { "", "?", "?/api/p/b", "api/p/b", "http://host/api/p/b" };
	struct sta_match m;

	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		assert_true(sta_route_match(*state, routes, ARRAY_LEN(routes), STA_GET, "/api/p/b",
					    targets[i], &m));
		assert_null(m.route);
	}
}

static void
known_path_with_another_method_lists_the_methods(void **state)
{
	static const struct {
		enum sta_method method;
		const char *path, *allow;
	} table[] = {
		{ STA_PUT, "/v2/a/blobs/d", "GET, HEAD, DELETE" },
		{ STA_METHOD_OTHER, "/", "GET, HEAD" },
		{ STA_GET, "/v2/a/b/blobs/uploads/", "POST" },
		{ STA_GET, "/nothing", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct sta_match m;

		assert_true(sta_route_match(*state, routes, ARRAY_LEN(routes), table[i].method, table[i].path,
					    table[i].path, &m));
		assert_null(m.route);
		assert_string_equal(m.allow, table[i].allow);
	}
}

static void
path_of_very_many_segments_matches_nothing(void **state)
{
	char path[2 * 2000 + 1] = "";
	struct sta_match m;

	for (size_t i = 0; i < sizeof(path) - 1; i++)
		path[i] = i % 2 ? 'a' : '/';
	assert_true(sta_route_match(*state, routes, ARRAY_LEN(routes), STA_GET, path, path, &m));
	assert_null(m.route);
}

static void
out_of_memory_is_told(void **state)
{
	struct sta_arena *empty = sta_arena_new(1 << 20);
	struct sta_match m;

	(void) state;
	allocs_left = 0;
	assert_null(canonical(empty, "/a"));
	assert_false(sta_route_match(empty, routes, ARRAY_LEN(routes), STA_GET, "/v2/a/blobs/d",
				     "/v2/a/blobs/d", &m));
	allocs_left = -1;
	sta_arena_free(empty);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(target_is_decoded_once_and_canonical_or_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(canonical_path_is_canonical, setup, teardown),
		cmocka_unit_test_setup_teardown(target_length_is_limited, setup, teardown),
		cmocka_unit_test_setup_teardown(path_finds_its_route_and_parameters, setup, teardown),
		cmocka_unit_test_setup_teardown(below_api_a_segment_is_what_stands_between_slashes_as_sent,
						setup, teardown),
		cmocka_unit_test_setup_teardown(below_api_a_name_is_canonical_too, setup, teardown),
		cmocka_unit_test_setup_teardown(a_target_without_segments_matches_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(known_path_with_another_method_lists_the_methods, setup,
						teardown),
		cmocka_unit_test_setup_teardown(path_of_very_many_segments_matches_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(out_of_memory_is_told, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
