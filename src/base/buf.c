#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

#define CAP_MIN ((size_t) 64)

void
sta_buf_init(struct sta_buf *b, size_t max)
{
	*b = (struct sta_buf){ .max = max < SIZE_MAX / 4 ? max : SIZE_MAX / 4 };
}

void
sta_buf_done(struct sta_buf *b)
{
	sta_free(b->data);
	sta_buf_init(b, b->max);
}

/* Room for len more bytes and the NUL; marks b failed if there is none. */
static bool
reserve(struct sta_buf *b, size_t len)
{
	size_t cap = b->cap > CAP_MIN ? b->cap : CAP_MIN;
	char *data;

	if (b->failed)
		return false;
	if (len > b->max - b->len) {
		b->failed = true;
		return false;
	}
	if (b->len + len < b->cap)
		return true;
	while (cap <= b->len + len)
		cap *= 2;
	if (cap > b->max + 1)
		cap = b->max + 1;
	data = sta_realloc(b->data, cap);
	if (!data) {
		b->failed = true;
		return false;
	}
	b->data = data;
	b->cap = cap;
	return true;
}

void
sta_buf_append(struct sta_buf *b, const void *p, size_t len)
{
	if (!reserve(b, len))
		return;
	if (len > 0)
		memcpy(b->data + b->len, p, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void
sta_buf_str(struct sta_buf *b, const char *s)
{
	sta_buf_append(b, s, strlen(s));
}

void
sta_buf_int(struct sta_buf *b, int64_t v)
{
	char text[20]; /* of INT64_MIN */
	size_t at = sizeof(text);
	uint64_t left = v < 0 ? -(uint64_t) v : (uint64_t) v;

	do {
		text[--at] = (char) ('0' + left % 10);
		left /= 10;
	} while (left > 0);
	if (v < 0)
		text[--at] = '-';
	sta_buf_append(b, text + at, sizeof(text) - at);
}

/* Formats into the free room; only when that was too small, once more into
 * room of the length found.  The bound is always the room there is. */
void
sta_buf_printf(struct sta_buf *b, const char *fmt, ...)
{
	for (int round = 0; round < 2; round++) {
		size_t room;
		va_list ap;
		int n;

		if (!reserve(b, 0))
			return;
		room = b->cap - b->len;
		va_start(ap, fmt);
		n = vsnprintf(b->data + b->len, room, fmt, ap);
		va_end(ap);
		if (n >= 0 && (size_t) n < room) {
			b->len += (size_t) n;
			return;
		}
		b->data[b->len] = '\0';
		if (n < 0 || !reserve(b, (size_t) n))
			break;
	}
	b->failed = true;
}

/* Length of the well-formed UTF-8 sequence at s (Unicode table 3-7) and its
 * code point; 0 if there is none.  Stops at the NUL. */
static size_t
utf8_next(const unsigned char *s, uint32_t *out_cp)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = s[0] < 0x80   ? 1
		     : s[0] < 0xc2 ? 0
		     : s[0] < 0xe0 ? 2
		     : s[0] < 0xf0 ? 3
		     : s[0] < 0xf5 ? 4
				   : 0;
	uint32_t cp = len < 2 ? s[0] : s[0] & (0x7fU >> len);

	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (s[i] & 0x3f);
	}
	if (len > 0 && (cp < least[len] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff)))
		return 0;
	*out_cp = cp;
	return len;
}

/* Control characters, and the two line separators that scripts and terminals
 * treat as such, never appear raw. */
static bool
is_unsafe(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0x2028 || cp == 0x2029;
}

void
sta_buf_json(struct sta_buf *b, const char *s)
{
	const unsigned char *p = (const unsigned char *) s;

	sta_buf_append(b, "\"", 1);
	while (*p != '\0' && !b->failed) {
		uint32_t cp;
		size_t len = utf8_next(p, &cp);

		if (len == 0) {
			sta_buf_str(b, "\xef\xbf\xbd");
			len = 1;
		} else if (cp == '"' || cp == '\\') {
			sta_buf_printf(b, "\\%c", (int) cp);
		} else if (cp == '\n') {
			sta_buf_str(b, "\\n");
		} else if (cp == '\t') {
			sta_buf_str(b, "\\t");
		} else if (is_unsafe(cp)) {
			sta_buf_printf(b, "\\u%04x", (unsigned int) cp);
		} else {
			sta_buf_append(b, p, len);
		}
		p += len;
	}
	sta_buf_append(b, "\"", 1);
}
