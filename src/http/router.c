#include "http/router.h"

#include <stdio.h>
#include <string.h>

#include "base/parse.h"

/* Far more than the longest valid name has. */
#define SEGMENTS_MAX 256

struct segment {
	const char *s;
	size_t len;
};

struct segments {
	struct segment v[SEGMENTS_MAX];
	size_t n;
};

/* Bytes that the first one announces and the value bits it holds; 0 for none. */
static size_t
utf8_lead(unsigned char c, uint32_t *value)
{
	if (c < 0x80) {
		*value = c;
		return 1;
	}
	*value = c & (c < 0xe0 ? 0x1f : c < 0xf0 ? 0x0f : 0x07);
	if (c < 0xc0 || c > 0xf7)
		return 0;
	return c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/* Length of the UTF-8 sequence at s, or 0 when it is not well-formed (overlong
 * forms, surrogates and values above U+10FFFF included). */
static size_t
utf8_len(const unsigned char *s)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t value;
	size_t n = utf8_lead(s[0], &value);

	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (s[i] & 0x3f);
	}
	if (value < least[n] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	return n;
}

static bool
bytes_allowed(const char *path)
{
	const unsigned char *p = (const unsigned char *) path;

	while (*p) {
		size_t n = utf8_len(p);

		if (n == 0 || *p < 0x20 || *p == 0x7f || *p == '\\' || *p == ';')
			return false;
		p += n;
	}
	return true;
}

static bool
segments_allowed(const char *path)
{
	if (*path != '/')
		return false;
	while (*path) {
		size_t len = strcspn(++path, "/");

		if (len == 0 && *path == '/')
			return false;
		if ((len == 1 && path[0] == '.') || (len == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		path += len;
	}
	return true;
}

const char *
sta_path_canonical(struct sta_arena *a, const char *target, size_t len)
{
	const char *query = memchr(target, '?', len);
	const char *path;

	if (len > STA_TARGET_MAX)
		return NULL;
	path = sta_percent_decode(a, target, query ? (size_t) (query - target) : len, false);
	return path && segments_allowed(path) && bytes_allowed(path) ? path : NULL;
}

/* "/a/b/" has the segments "a", "b" and "".  False when there are too many. */
static bool
split(const char *path, struct segments *out)
{
	out->n = 0;
	while (*path == '/') {
		size_t len = strcspn(++path, "/");

		if (out->n == SEGMENTS_MAX)
			return false;
		out->v[out->n++] = (struct segment){ path, len };
		path += len;
	}
	return true;
}

/* The same of a target whose decoded path was split already: "/a%2Fb" has one segment, "a/b".  False: out of
 * memory. */
static bool
split_encoded(struct sta_arena *a, const char *target, struct segments *out)
{
	out->n = 0;
	while (*target == '/') {
		size_t len = strcspn(++target, "/?");
		const char *text = sta_percent_decode(a, target, len, false);

		if (!text)
			return false;
		out->v[out->n++] = (struct segment){ text, strlen(text) };
		target += len;
	}
	return true;
}

static bool
is(const struct segment *seg, const char *text)
{
	return strlen(text) == seg->len && memcmp(seg->s, text, seg->len) == 0;
}

static bool
is_variable(const struct segment *pat)
{
	return pat->len > 2 && pat->s[0] == '{' && pat->s[pat->len - 1] == '}';
}

static bool
segment_matches(const struct segment *pat, const struct segment *seg)
{
	if (is_variable(pat))
		return seg->len > 0;
	return pat->len == seg->len && (seg->len == 0 || memcmp(pat->s, seg->s, seg->len) == 0);
}

/* Where in the pattern {name} stands, or pat->n. */
static size_t
name_index(const struct segments *pat)
{
	size_t i = 0;

	while (i < pat->n && !is(&pat->v[i], "{name}"))
		i++;
	return i;
}

/* Match from both ends; what is left between them is the name. */
static bool
pattern_matches(const struct segments *pat, const struct segments *path)
{
	size_t head = name_index(pat);
	size_t tail = head < pat->n ? pat->n - head - 1 : 0;

	if (head == pat->n ? path->n != pat->n : path->n < pat->n)
		return false;
	for (size_t i = 0; i < head; i++)
		if (!segment_matches(&pat->v[i], &path->v[i]))
			return false;
	for (size_t i = 1; i <= tail; i++)
		if (!segment_matches(&pat->v[pat->n - i], &path->v[path->n - i]))
			return false;
	return head == pat->n || path->v[path->n - tail - 1].len > 0;
}

/* Copy the values of {...}; false when out of memory. */
static bool
take_params(struct sta_arena *a, const struct segments *pat, const struct segments *path,
	    struct sta_match *out)
{
	size_t head = name_index(pat);
	size_t n = 0;

	for (size_t i = 0; i < pat->n && n < STA_PARAMS_MAX; i++) {
		size_t at = i <= head ? i : path->n - (pat->n - i);
		const struct segment *last = &path->v[i == head ? path->n - (pat->n - i) : at];
		const char *start = path->v[at].s;

		if (!is_variable(&pat->v[i]))
			continue;
		out->param[n] = sta_arena_strndup(a, start, (size_t) (last->s - start) + last->len);
		if (!out->param[n++])
			return false;
	}
	return true;
}

static void
list_allowed(const bool allowed[STA_METHOD_MAX_], char *out, size_t size)
{
	size_t len = 0;

	for (enum sta_method m = STA_GET; m < STA_METHOD_OTHER; m++)
		if (allowed[m] && len < size)
			len += (size_t) snprintf(out + len, size - len, "%s%s", len > 0 ? ", " : "",
						 sta_method_name(m));
}

/* Most routes are ruled out by what stands before their first parameter. */
static bool
may_match(const char *pattern, const char *path)
{
	while (*pattern != '\0' && *pattern != '{')
		if (*pattern++ != *path++)
			return false;
	return true;
}

/* How well a route serves a method: 0 not at all, 1 HEAD by its GET, 2 itself. */
static int
serves(enum sta_method route, enum sta_method wanted)
{
	if (route == wanted)
		return 2;
	return route == STA_GET && wanted == STA_HEAD;
}

/* The segments that the pattern is matched with: of the decoded path, below /api/ of what was sent.  False:
 * out of memory. */
static bool
find_segments(struct sta_arena *a, const char *path, const char *target, struct segments *out)
{
	if (!split(path, out)) {
		out->n = 0; /* no route has so many */
		return true;
	}
	return strncmp(path, "/api/", strlen("/api/")) != 0 || split_encoded(a, target, out);
}

/* pat is room for the pattern's own: 4 KiB that are not made for each route. */
static bool
route_matches(const struct sta_route *route, const char *path, const struct segments *segs,
	      struct segments *pat)
{
	return may_match(route->pattern, path) && split(route->pattern, pat) && pattern_matches(pat, segs);
}

bool
sta_route_match(struct sta_arena *a, const struct sta_route *routes, size_t n, enum sta_method method,
		const char *path, const char *target, struct sta_match *out)
{
	bool allowed[STA_METHOD_MAX_] = { false };
	struct segments segs = { .n = 0 }, pat = { .n = 0 };
	int best = 0;

	*out = (struct sta_match){ 0 };
	if (!find_segments(a, path, target, &segs))
		return false;
	for (size_t i = 0; i < n && best < 2; i++) {
		/* Where one serves it, only its own method's could do so better. */
		if (best > 0 && routes[i].method != method)
			continue;
		if (!route_matches(&routes[i], path, &segs, &pat))
			continue;
		allowed[routes[i].method] = true;
		if (routes[i].method == STA_GET)
			allowed[STA_HEAD] = true;
		if (serves(routes[i].method, method) > best) {
			best = serves(routes[i].method, method);
			out->route = &routes[i];
		}
	}
	if (!out->route) {
		list_allowed(allowed, out->allow, sizeof(out->allow));
		return true;
	}
	return split(out->route->pattern, &pat) && take_params(a, &pat, &segs, out);
}
