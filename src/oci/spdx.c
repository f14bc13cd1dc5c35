#include "oci/spdx.h"

#include <string.h>
#include <strings.h>

struct reader {
	const char *p;
	char *out;
	size_t len, size; /* of out */
	int depth;
};

static bool
put(struct reader *r, const char *text, size_t len)
{
	if (len >= r->size - r->len)
		return false;
	memcpy(r->out + r->len, text, len);
	r->len += len;
	r->out[r->len] = '\0';
	return true;
}

static bool
is_id(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '.' || c == ':';
}

static size_t
word(struct reader *r)
{
	size_t n = 0;

	r->p += strspn(r->p, " ");
	while (is_id(r->p[n]))
		n++;
	return n;
}

/* The operator, if it comes next. */
static bool
take(struct reader *r, const char *operator)
{
	size_t len = strlen(operator);

	if (word(r) != len || strncasecmp(r->p, operator, len) != 0)
		return false;
	r->p += len;
	return true;
}

/* How the list spells it, or NULL. */
static const char *
find(const char *const *list, const char *id, size_t len)
{
	for (; *list; list++)
		if (strlen(*list) == len && strncasecmp(*list, id, len) == 0)
			return *list;
	return NULL;
}

/* "LicenseRef-x", "DocumentRef-y:LicenseRef-x": names of an author's own, as they are. */
static bool
is_reference(const char *id, size_t len)
{
	static const char own[] = "LicenseRef-";
	static const char document[] = "DocumentRef-";
	const char *colon = memchr(id, ':', len);

	if (colon) {
		size_t before = (size_t) (colon - id);

		if (before <= strlen(document) || strncmp(id, document, strlen(document)) != 0)
			return false;
		id = colon + 1;
		len -= before + 1;
	}
	return len > strlen(own) && strncmp(id, own, strlen(own)) == 0 && !memchr(id, ':', len);
}

static bool
put_known(struct reader *r, const char *const *list)
{
	size_t len = word(r);
	const char *known = len > 0 ? find(list, r->p, len) : NULL;

	r->p += len;
	return known && put(r, known, strlen(known));
}

static bool
license(struct reader *r)
{
	size_t len = word(r);

	if (is_reference(r->p, len)) {
		r->p += len;
		return put(r, r->p - len, len);
	}
	if (!put_known(r, sta_spdx_licenses))
		return false;
	if (*r->p != '+')
		return true;
	r->p++;
	return put(r, "+", 1);
}

static bool expression(struct reader *r);

static bool
in_parentheses(struct reader *r)
{
	bool good;

	r->p++;
	good = ++r->depth <= STA_SPDX_DEPTH && put(r, "(", 1) && expression(r);
	r->depth--;
	if (!good)
		return false;
	r->p += strspn(r->p, " ");
	return *r->p++ == ')' && put(r, ")", 1);
}

static bool
factor(struct reader *r)
{
	r->p += strspn(r->p, " ");
	if (*r->p == '(')
		return in_parentheses(r);
	if (!license(r))
		return false;
	return !take(r, "WITH") || (put(r, " WITH ", 6) && put_known(r, sta_spdx_exceptions));
}

static bool
term(struct reader *r)
{
	bool good = factor(r);

	while (good && take(r, "AND"))
		good = put(r, " AND ", 5) && factor(r);
	return good;
}

static bool
expression(struct reader *r)
{
	bool good = term(r);

	while (good && take(r, "OR"))
		good = put(r, " OR ", 4) && term(r);
	return good;
}

bool
sta_spdx_normalize(const char *text, char *out, size_t size)
{
	struct reader r = { .p = text, .out = out, .size = size };

	if (size == 0 || !expression(&r))
		return false;
	return r.p[strspn(r.p, " ")] == '\0';
}
