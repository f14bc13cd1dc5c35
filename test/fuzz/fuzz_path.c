/* Request targets: decoding, canonical form, routes and queries.  However a
 * path is escaped, it means the same path, the same route and the same
 * parameters; and a route matches exactly when its expression does. */
#include <regex.h>
#include <string.h>

#include "api/handlers.h"
#include "base/auto.h"
#include "base/parse.h"
#include "fuzz.h"
#include "http/engine.h"
#include "http/router.h"

#define ARENA_CAP ((size_t) 16 << 20)
#define SEGMENT "([^/]+)"
#define NAME "([^/]+(/[^/]+)*)"
#define GROUPS 8

/* The pattern of a route as an expression; groups: the number of each parameter. */
static const char *
expression(struct sta_arena *a, const char *pattern, size_t groups[STA_PARAMS_MAX])
{
	const char *out = "^";
	size_t n = 0, group = 1;

	while (*pattern) {
		bool variable = *pattern == '{';
		size_t len = variable ? strcspn(pattern, "}") + 1 : 1;
		bool name = strncmp(pattern, "{name}", len) == 0;

		out = sta_arena_printf(a, "%s%.*s", out, variable ? 0 : 1, pattern);
		if (variable)
			out = sta_arena_printf(a, "%s%s", out, name ? NAME : SEGMENT);
		REQUIRE(out);
		if (variable) {
			REQUIRE(n < STA_PARAMS_MAX);
			groups[n++] = group;
			group += name ? 2 : 1;
		}
		pattern += len;
	}
	return sta_arena_printf(a, "%s$", out);
}

struct reference {
	regex_t re;
	size_t group[STA_PARAMS_MAX];
	bool ready;
};

/* Compiled once each, they live as long as the program. */
static const struct reference *
reference(size_t route)
{
	static struct reference all[STA_ROUTES_MAX];
	struct reference *x = &all[route];

	if (!x->ready) {
		STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(ARENA_CAP);
		const char *text = expression(a, sta_routes[route].pattern, x->group);

		REQUIRE(text && regcomp(&x->re, text, REG_EXTENDED) == 0);
		x->ready = true;
	}
	return x;
}

static bool
same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Our own opinion on which paths are canonical. */
static void
check_canonical(const char *path)
{
	size_t len = strlen(path);

	REQUIRE(path[0] == '/' && !strstr(path, "//") && !strpbrk(path, "\\;"));
	REQUIRE(!strstr(path, "/./") && !strstr(path, "/../"));
	REQUIRE(len < 2 || strcmp(path + len - 2, "/.") != 0);
	REQUIRE(len < 3 || strcmp(path + len - 3, "/..") != 0);
	for (const char *p = path; *p; p++)
		REQUIRE((unsigned char) *p >= ' ' && *p != 0x7f);
}

/* Every byte as %XX, in upper case or lower. */
static const char *
escaped(struct sta_arena *a, const char *s)
{
	static const char upper[] = "0123456789ABCDEF", lower[] = "0123456789abcdef";
	size_t len = strlen(s);
	char *out = sta_arena_alloc(a, 3 * len + 1);

	REQUIRE(out);
	for (size_t i = 0; i < len; i++) {
		const char *digits = i % 2 ? upper : lower;

		out[3 * i] = '%';
		out[3 * i + 1] = digits[(unsigned char) s[i] >> 4];
		out[3 * i + 2] = digits[s[i] & 0xf];
	}
	return out;
}

/* A target of that path: each segment escaped, the slashes as they are. */
static const char *
target_of(struct sta_arena *a, const char *path)
{
	const char *out = "";

	while (*path) {
		size_t slash = *path == '/';
		size_t len = slash ? 1 : strcspn(path, "/");
		const char *part = sta_arena_strndup(a, path, len);

		REQUIRE(part);
		out = sta_arena_printf(a, "%s%s", out, slash ? part : escaped(a, part));
		REQUIRE(out);
		path += len;
	}
	return out;
}

static size_t
slashes(const char *path)
{
	size_t n = 0;

	for (const char *p = path; *p; p++)
		n += *p == '/';
	return n;
}

static void
check_params(const struct sta_match *m, const char *path)
{
	const struct reference *x = reference((size_t) (m->route - sta_routes));
	regmatch_t groups[GROUPS];

	REQUIRE(regexec(&x->re, path, GROUPS, groups, 0) == 0);
	for (size_t i = 0; i < STA_PARAMS_MAX; i++) {
		const regmatch_t *g = &groups[x->group[i]];

		REQUIRE((x->group[i] > 0) == (m->param[i] != NULL));
		if (!m->param[i])
			continue;
		REQUIRE(strlen(m->param[i]) == (size_t) (g->rm_eo - g->rm_so));
		REQUIRE(memcmp(m->param[i], path + g->rm_so, strlen(m->param[i])) == 0);
	}
}

static void
check_route(struct sta_arena *a, enum sta_method method, const char *path)
{
	struct sta_match m;
	bool any = false;
	size_t exact = sta_n_routes, get = sta_n_routes;

	REQUIRE(sta_route_match(a, sta_routes, sta_n_routes, method, path, target_of(a, path), &m));
	for (size_t i = 0; i < sta_n_routes; i++) {
		if (regexec(&reference(i)->re, path, 0, NULL, 0) != 0)
			continue;
		any = true;
		if (sta_routes[i].method == method && exact == sta_n_routes)
			exact = i;
		if (sta_routes[i].method == STA_GET && method == STA_HEAD && get == sta_n_routes)
			get = i;
	}
	exact = exact < sta_n_routes ? exact : get;
	REQUIRE(m.route == (exact < sta_n_routes ? &sta_routes[exact] : NULL));
	REQUIRE((m.allow[0] != '\0') == (any && !m.route));
	REQUIRE(m.route || !strstr(m.allow, sta_method_name(method)));
	if (m.route)
		check_params(&m, path);
}

static void
check_path(struct sta_arena *a, enum sta_method method, const char *target, size_t len)
{
	const char *path = sta_path_canonical(a, target, len);
	const char *alias;

	if (!path)
		return;
	REQUIRE(len <= STA_TARGET_MAX && strlen(path) <= len);
	check_canonical(path);
	alias = escaped(a, path);
	if (strlen(alias) <= STA_TARGET_MAX)
		REQUIRE(same_text(sta_path_canonical(a, alias, strlen(alias)), path));
	if (!strpbrk(path, "%?"))
		REQUIRE(same_text(sta_path_canonical(a, path, strlen(path)), path));
	if (slashes(path) < 200) /* the router splits into 256 segments at most */
		check_route(a, method, path);
}

/* What is found by its name is found again however both are escaped. */
static void
check_query(struct sta_arena *a, const char *query)
{
	size_t name_len = strcspn(query, "&=");
	const char *name = sta_percent_decode(a, query, name_len, true);
	const char *value, *again;

	if (!sta_query_valid(a, query) || !name || *query == '&' || *query == '\0')
		return;
	value = sta_form_value(a, query, name, 0);
	REQUIRE(value);
	for (const unsigned char *p = (const unsigned char *) value; *p; p++)
		REQUIRE(*p >= ' ' && *p != 0x7f);
	again = sta_arena_printf(a, "x=%s&%s=%s&%s", "y", escaped(a, name), escaped(a, value), query);
	REQUIRE(again && sta_query_valid(a, again));
	if (strcmp(name, "x") != 0) {
		REQUIRE(same_text(sta_form_value(a, again, name, 0), value));
		REQUIRE(same_text(sta_form_value(a, again, name, 1), value));
		REQUIRE(same_text(sta_form_value(a, again, "x", 0), "y"));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(ARENA_CAP);
	enum sta_method method;
	const char *text, *query;

	if (size == 0)
		return 0;
	method = data[0] % STA_METHOD_MAX_;
	text = sta_arena_strndup(a, (const char *) data + 1, size - 1);
	REQUIRE(text);
	check_path(a, method, (const char *) data + 1, size - 1);
	query = strchr(text, '?');
	if (query)
		check_query(a, query + 1);
	return 0;
}
