#include <string.h>

#include "api/rest.h"
#include "base/parse.h"

#define PER_PAGE 30
#define VALUE_MAX 256 /* of a parameter that means something: what is searched for */

static uint64_t
number_of(struct sta_request *req, const char *name, uint64_t otherwise)
{
	const char *text = sta_request_query(req, name, 0);
	uint64_t n;

	if (!text || text[strspn(text, "0123456789")] || text[strspn(text, "0")] == '\0')
		return otherwise;
	return sta_parse_u64(text, strlen(text), &n) ? n : UINT64_MAX;
}

void
sta_rest_page(struct sta_request *req, struct sta_rest_page *out)
{
	uint64_t per_page = number_of(req, "per_page", PER_PAGE);
	uint64_t page = number_of(req, "page", 1);
	uint64_t before = number_of(req, "before", 0);
	uint64_t max = per_page < STA_SPAN_MAX ? per_page : STA_SPAN_MAX;

	*out = (struct sta_rest_page){
		.page = page,
		.span = { .max = (size_t) max,
			  .skip = page - 1 > INT64_MAX / max ? INT64_MAX : (page - 1) * max,
			  .before = before < INT64_MAX ? (int64_t) before : INT64_MAX },
		.end = -1,
	};
}

/* The request's path, from its pattern and what came for the parameters. */
static const char *
path_of(struct sta_request *req)
{
	const char *p = req->route->pattern;
	const char *out = "";

	for (size_t param = 0; out && *p;) {
		size_t len = strcspn(p, "{");
		const char *value = "";

		if (p[len] == '{')
			value = sta_percent_encode(req->arena, req->param[param++]);
		out = value ? sta_arena_printf(req->arena, "%s%.*s%s", out, (int) len, p, value) : NULL;
		p += len;
		p += strcspn(p, "}");
		p += *p == '}';
	}
	return out;
}

/* "package_type=container&per_page=100&", as far as the request has them.  Longer values would be in the
 * answer four times, which has room for a header of that size only in part. */
static const char *
query_of(struct sta_request *req, const char *const *names)
{
	const char *out = "";

	for (; out && *names; names++) {
		const char *value = sta_request_query(req, *names, 0);
		const char *encoded;

		if (!value || strlen(value) > VALUE_MAX)
			continue;
		encoded = sta_percent_encode(req->arena, value);
		out = encoded ? sta_arena_printf(req->arena, "%s%s=%s&", out, *names, encoded) : NULL;
	}
	return out;
}

struct link {
	struct sta_arena *arena;
	const char *url; /* up to "page=" */
	const char *text;
};

static void
add_link(struct link *l, const char *more, uint64_t page, const char *rel)
{
	if (l->text)
		l->text =
			sta_arena_printf(l->arena, "%s%s<%s%spage=%llu>; rel=\"%s\"", l->text,
					 *l->text ? ", " : "", l->url, more, (unsigned long long) page, rel);
}

/* Versions that come or go move the others to pages of other numbers: who goes on to the next page goes on
 * where this one ended. */
static const char *
next_from(struct sta_request *req, const struct sta_rest_page *p)
{
	return p->end > 0 ? sta_arena_printf(req->arena, "before=%lld&", (long long) p->end) : "";
}

/* In GitHub's order; next: where the next page begins, or NULL where there is none. */
static void
add_links(struct link *l, const struct sta_rest_page *p, const char *next, uint64_t last)
{
	if (p->page > 1)
		add_link(l, "", p->page - 1 < last ? p->page - 1 : last, "prev");
	if (next) {
		add_link(l, next, p->page + 1, "next");
		add_link(l, "", last, "last");
	}
	if (p->page > 1)
		add_link(l, "", 1, "first");
}

enum sta_rc
sta_rest_link(const struct sta_rest *r, struct sta_request *req, struct sta_response *res,
	      const struct sta_rest_page *p, const char *const *names, struct sta_err *err)
{
	const char *path = path_of(req);
	const char *query = query_of(req, names);
	uint64_t last = (p->span.total + p->span.max - 1) / p->span.max + (p->span.total == 0);
	bool more = p->end < 0 ? p->page < last : p->end > 0;
	const char *next = more ? next_from(req, p) : NULL;
	struct link l = { .arena = req->arena, .text = "" };

	if (!more && p->page == 1)
		return STA_OK;
	if (more && last <= p->page)
		last = p->page + 1;
	l.url = path && query ? sta_arena_printf(req->arena, "%s%s?%s", r->base, path, query) : NULL;
	if (!l.url || (more && !next))
		return sta_err_set(err, STA_NOMEM, 0, "links");
	add_links(&l, p, next, last);
	return sta_reply_header(res, "Link", l.text, err);
}

enum sta_rc
sta_rest_link_before(const struct sta_rest *r, struct sta_request *req, struct sta_response *res,
		     int64_t before, const char *const *names, struct sta_err *err)
{
	const char *path = path_of(req);
	const char *query = query_of(req, names);
	const char *text = NULL;

	if (path && query)
		text = sta_arena_printf(req->arena, "<%s%s?%sbefore=%lld>; rel=\"next\"", r->base, path,
					query, (long long) before);
	return sta_reply_header(res, "Link", text, err);
}
