/* Range, Content-Range and lists of entity tags.  The first line of the input
 * is the size of the representation, and its entity tag; the rest is the value
 * of the header.  A second reading, by an expression and with wide numbers,
 * must come to the same. */
#include <regex.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/parse.h"
#include "fuzz.h"
#include "http/etag.h"
#include "http/range.h"

#define ARENA_CAP ((size_t) 1 << 20)
#define SPEC "[ \t]*([0-9]+-[0-9]*|-[0-9]+)[ \t]*"

typedef unsigned __int128 wide;

/* Each expression is compiled once and lives as long as the program. */
static bool
is_range(const char *s)
{
	static regex_t re;
	static bool ready;

	if (!ready)
		REQUIRE(regcomp(&re, "^bytes=" SPEC "(," SPEC ")*$", REG_EXTENDED | REG_NOSUB | REG_ICASE) ==
			0);
	ready = true;
	return regexec(&re, s, 0, NULL, 0) == 0;
}

static bool
is_content_range(const char *s)
{
	static regex_t re;
	static bool ready;

	if (!ready)
		REQUIRE(regcomp(&re, "^(bytes )?[0-9]+-[0-9]+(/([*]|[0-9]+))?$",
				REG_EXTENDED | REG_NOSUB | REG_ICASE) == 0);
	ready = true;
	return regexec(&re, s, 0, NULL, 0) == 0;
}

/* Digits at *s, at most 2^100; -1 when there are none. */
static __int128
wide_number(const char **s)
{
	__int128 n = -1;

	for (; **s >= '0' && **s <= '9'; ++*s) {
		n = (n < 0 ? 0 : n) * 10 + (**s - '0');
		if (n >> 100)
			n = (__int128) 1 << 100;
	}
	return n;
}

struct expected {
	struct sta_range range[STA_RANGES_MAX];
	size_t n, parts;
	wide total;
	bool reversed;
};

static void
expect_spec(struct expected *e, uint64_t size, __int128 first, __int128 last)
{
	__int128 end = (__int128) size - 1;

	/* A position past 2^64 is past every end. */
	first = first > UINT64_MAX ? UINT64_MAX : first;
	last = last > UINT64_MAX ? UINT64_MAX : last;
	e->parts++;
	if (first >= 0 && last >= 0 && last < first)
		e->reversed = true;
	if (first < 0) {
		first = last > size ? 0 : (__int128) size - last;
		last = end;
	} else if (last < 0 || last > end) {
		last = end;
	}
	if (first > last)
		return;
	e->total += (wide) (last - first + 1);
	if (e->n < STA_RANGES_MAX)
		e->range[e->n++] = (struct sta_range){ (uint64_t) first, (uint64_t) last };
}

/* value is well-formed. */
static void
expect(struct expected *e, const char *value, uint64_t size)
{
	const char *s = value + strlen("bytes=");

	for (;;) {
		__int128 first, last;

		s += strspn(s, " \t,");
		if (*s == '\0')
			return;
		first = wide_number(&s);
		s++; /* '-' */
		last = wide_number(&s);
		expect_spec(e, size, first, last);
	}
}

static void
check_range(const char *value, uint64_t size)
{
	struct sta_range got[STA_RANGES_MAX];
	struct expected e = { .n = 0 };
	size_t n = 1;
	enum sta_range_result result = sta_range_parse(value, size, got, &n);

	REQUIRE((result == STA_RANGE_SOME) == (n > 0) || result == STA_RANGE_UNSATISFIABLE);
	REQUIRE((result == STA_RANGE_WHOLE) == !is_range(value));
	if (result == STA_RANGE_WHOLE)
		return;
	expect(&e, value, size);
	if (e.reversed || e.parts > STA_RANGES_MAX || e.total > 2 * (wide) size || e.n == 0) {
		REQUIRE(result == STA_RANGE_UNSATISFIABLE);
		return;
	}
	REQUIRE(result == STA_RANGE_SOME && n == e.n);
	for (size_t i = 0; i < n; i++) {
		REQUIRE(got[i].first <= got[i].last && got[i].last < size);
		REQUIRE(got[i].first == e.range[i].first && got[i].last == e.range[i].last);
	}
}

/* A form that the grammar has was refused: then the numbers are at fault. */
static void
check_refused(const char *value, const char *s)
{
	__int128 first = wide_number(&s);
	__int128 last = (s++, wide_number(&s));
	__int128 total;

	s += *s == '/';
	total = *s >= '0' ? wide_number(&s) : -1;
	REQUIRE(first > last || last >> 64 || total >> 64 || (total >= 0 && total <= last) ||
		strlen(value) > 20); /* more digits than a number may have */
}

static void
check_content_range(struct sta_arena *a, const char *value)
{
	const char *s = strncasecmp(value, "bytes ", 6) == 0 ? value + 6 : value;
	struct sta_range got, again;
	__int128 first, last;
	const char *text;
	bool ok = sta_content_range_parse(value, &got);

	if (!ok && is_content_range(value))
		check_refused(value, s);
	if (!ok)
		return;
	REQUIRE(is_content_range(value));
	first = wide_number(&s);
	s++;
	last = wide_number(&s);
	REQUIRE(got.first <= got.last && got.first == first && got.last == last);
	if (s[0] == '/' && s[1] != '*') {
		s++;
		REQUIRE(wide_number(&s) > last);
	}
	text = sta_arena_printf(a, "bytes %llu-%llu/*", (unsigned long long) got.first,
				(unsigned long long) got.last);
	REQUIRE(text && sta_content_range_parse(text, &again));
	REQUIRE(again.first == got.first && again.last == got.last);
}

/* A second reading of a list: is the opaque tag one of its items? */
static bool
lists(const char *list, const char *etag)
{
	const char *s = list + strspn(list, " \t");

	if (strncmp(s, "*", 1) == 0)
		return strspn(s, "* \t") == strlen(s) && strchr(s, '*') == strrchr(s, '*');
	while (*s) {
		const char *end;

		s += strncmp(s, "W/", 2) == 0 ? 2 : 0;
		end = *s == '"' ? strchr(s + 1, '"') : NULL;
		if (!end)
			return false;
		if (strncmp(s, etag, strlen(etag)) == 0 && (size_t) (end + 1 - s) == strlen(etag))
			return true;
		s = end + 1;
		s += strspn(s, " \t,");
	}
	return false;
}

static void
check_etags(struct sta_arena *a, const char *list, const char *name)
{
	const char *strong = sta_arena_printf(a, "\"%s\"", name);
	const char *weak = strong ? sta_arena_printf(a, "W/%s", strong) : NULL;
	const char *more = weak ? sta_arena_printf(a, "\"-\" , %s,%s", weak, list) : NULL;
	bool listed;

	REQUIRE(more);
	listed = sta_etag_listed(list, strong);
	REQUIRE(!sta_etag_listed(NULL, strong) && !sta_etag_listed(list, NULL));
	REQUIRE(sta_etag_listed("*", strong) && sta_etag_listed(strong, strong) &&
		sta_etag_listed(more, weak));
	REQUIRE(listed == lists(list, strong));
	REQUIRE(listed == sta_etag_listed(list, weak)); /* the weak comparison */
	REQUIRE(sta_etag_same(strong, strong) && !sta_etag_same(weak, weak) && !sta_etag_same(strong, weak));
	REQUIRE(sta_etag_same(list, strong) == (strcmp(list, strong) == 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(ARENA_CAP);
	const char *in = sta_arena_strndup(a, (const char *) data, size);
	char *line, *value;
	uint64_t len = 1000;

	REQUIRE(in);
	line = sta_arena_strndup(a, in, strcspn(in, "\n"));
	value = sta_arena_strdup(a, in[strlen(line)] ? in + strlen(line) + 1 : "");
	REQUIRE(line && value);
	if (!sta_parse_u64(line, strlen(line), &len) || len > INT64_MAX)
		len = strlen(line);
	check_range(value, len);
	check_content_range(a, value);
	if (!strchr(line, '"'))
		check_etags(a, value, line);
	return 0;
}
