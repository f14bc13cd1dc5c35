#include <string.h>
#include <strings.h>

#include "base/parse.h"
#include "http/mhd_internal.h"

/* The library is lenient where two servers in a row may read a head in two
 * ways, and then see different requests (request smuggling).  Some of it cannot
 * be seen in the values that the library hands out: lines that end in a bare
 * LF, values cut at a NUL, folded lines.  But it parses in place: method and
 * version point into the head as it was received, where CR, LF and the first
 * colon of each line have become NUL.  So a good head reads
 *
 *   method ... version 00 00  (name 00 value 00 00)*  00 00
 *
 * and anything else is refused.  A folded line moves the name above it away and
 * leaves zeros behind, which is no name.  Zeros that came from the client make
 * more lines than the library has seen. */

struct head {
	const char *p, *end;
	unsigned fields, hosts, lengths, encodings;
};

/* RFC 9110 5.6.2. */
static bool
is_token(const char *s, size_t len)
{
	static const bool token[256] = {
		['!'] = true,         ['#' ... '\''] = true, ['*'] = true,         ['+'] = true,
		['-'] = true,         ['.'] = true,          ['0' ... '9'] = true, ['A' ... 'Z'] = true,
		['^' ... 'z'] = true, ['|'] = true,          ['~'] = true,
	};

	for (size_t i = 0; i < len; i++)
		if (!token[(unsigned char) s[i]])
			return false;
	return len > 0;
}

/* No control byte but tabs.  Values are long (a bearer token), so there is no
 * branch for each byte. */
static bool
is_value(const char *s, size_t len)
{
	unsigned bad = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned c = (unsigned char) s[i];

		bad |= (c < 0x20) & (c != '\t');
		bad |= c == 0x7f;
	}
	return bad == 0;
}

/* Step over two zeros, which were CR LF. */
static bool
take_line_end(struct head *h)
{
	if (h->end - h->p < 2 || h->p[0] != '\0' || h->p[1] != '\0')
		return false;
	h->p += 2;
	return true;
}

/* Text up to its NUL; false when there is none before the end. */
static bool
take_text(struct head *h, const char **text, size_t *len)
{
	*text = h->p;
	*len = strnlen(h->p, (size_t) (h->end - h->p));
	h->p += *len;
	return h->p < h->end;
}

static size_t
name_length(const char *s)
{
	static const bool of_a_name[256] = {
		['-'] = true,         ['.'] = true,         ['_'] = true,
		['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
	};
	size_t len = 0;

	while (of_a_name[(unsigned char) s[len]])
		len++;
	return len;
}

/* NAME, ADDRESS or [ADDRESS], and perhaps :PORT. */
static bool
is_host(const char *s)
{
	bool literal = *s == '[';
	size_t len = literal ? strspn(s + 1, "0123456789abcdefABCDEF:.") : name_length(s);

	s += literal ? len + 1 : len;
	if (len == 0 || (literal && *s++ != ']'))
		return false;
	if (*s == ':')
		while (*++s >= '0' && *s <= '9')
			;
	return *s == '\0';
}

static bool
note_field(struct head *h, const char *name, const char *value, size_t len)
{
	uint64_t length;

	if (strcasecmp(name, "Host") == 0)
		return ++h->hosts == 1 && is_host(value);
	if (strcasecmp(name, "Content-Length") == 0)
		return ++h->lengths == 1 && sta_parse_u64(value, len, &length);
	if (strcasecmp(name, "Transfer-Encoding") == 0)
		return ++h->encodings == 1 && strcasecmp(value, "chunked") == 0;
	return true;
}

static bool
take_field(struct head *h)
{
	const char *name, *value;
	size_t name_len, value_len;

	if (!take_text(h, &name, &name_len) || !is_token(name, name_len))
		return false;
	h->p++; /* was the colon */
	h->p += h->p < h->end ? strspn(h->p, " \t") : 0;
	if (h->p >= h->end || !take_text(h, &value, &value_len) || !is_value(value, value_len))
		return false;
	h->fields++;
	return note_field(h, name, value, value_len) && take_line_end(h);
}

/* Every line of the head after the first. */
static bool
fields_are_strict(struct head *h)
{
	if (!take_line_end(h))
		return false;
	while (h->end - h->p > 2)
		if (!take_field(h))
			return false;
	return take_line_end(h) && h->p == h->end;
}

/* A token, a target without blanks, the version, one space between each. */
static bool
first_line_is_strict(const struct sta_mhd_request *er, const char *method, const char *version)
{
	const char *target = er->req.target, *query = er->base.query;
	size_t len = strlen(method) + 1 + strlen(target) + (query ? 1 + strlen(query) : 0) + 1;

	return is_token(method, strlen(method)) && *target != '\0' && is_value(target, strlen(target)) &&
	       !strchr(target, ' ') && (!query || !strpbrk(query, " \t")) && version == method + len;
}

static size_t
head_size(struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	return info ? info->header_size : 0;
}

enum sta_rc
sta_mhd_guard(struct sta_mhd_request *er, const char *method, const char *version, struct sta_err *err)
{
	bool http_1_1 = strcmp(version, "HTTP/1.1") == 0;
	struct head h = { .p = version + strlen(version), .end = method + head_size(er->mhd) };
	int seen = MHD_get_connection_values_n(er->mhd, MHD_HEADER_KIND, NULL, NULL);
	bool ok = (http_1_1 || strcmp(version, "HTTP/1.0") == 0) &&
		  first_line_is_strict(er, method, version) && fields_are_strict(&h);

	ok = ok && h.fields == (unsigned) seen;
	ok = ok && h.hosts == (http_1_1 ? 1 : h.hosts) && h.lengths + h.encodings <= 1 &&
	     (http_1_1 || h.encodings == 0);
	if (ok && sta_mhd_wire_head(er, method, head_size(er->mhd)))
		return STA_OK;
	er->refusal = MHD_HTTP_BAD_REQUEST;
	atomic_fetch_add(&er->server->refused_framing, 1);
	return sta_err_set(err, STA_INVALID, 0, "malformed request");
}
