#include "http/chunks.h"

#include <string.h>

#define DIGITS_MAX 16

static int
digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char) (c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
is_text(char c)
{
	return ((unsigned char) c >= 0x20 && c != 0x7f) || c == '\t';
}

static bool
is_name(char c)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
	       (c != '\0' && strchr(others, c));
}

static bool
go(struct sta_chunks *c, enum sta_chunks_state next)
{
	c->state = next;
	return true;
}

static bool
size_byte(struct sta_chunks *c, char byte)
{
	int digit = digit_of(byte);

	if (digit >= 0) {
		c->left = c->left << 4 | (unsigned) digit;
		return ++c->line <= DIGITS_MAX;
	}
	if (c->line == 0)
		return false;
	if (byte == ';')
		return go(c, STA_CHUNKS_EXTENSION);
	return byte == '\r' && go(c, STA_CHUNKS_SIZE_LF);
}

/* Text up to a CR, then next; up to max bytes. */
static bool
text_byte(struct sta_chunks *c, char byte, unsigned max, enum sta_chunks_state next)
{
	if (byte == '\r')
		return go(c, next);
	return ++c->line <= max && is_text(byte);
}

/* Behind the last chunk: lines of NAME: VALUE, and an empty one. */
static bool
trailer_byte(struct sta_chunks *c, char byte)
{
	if (c->state == STA_CHUNKS_TRAILER && byte == '\r')
		return go(c, STA_CHUNKS_LAST_LF);
	if (c->state == STA_CHUNKS_NAME && byte == ':')
		return go(c, STA_CHUNKS_VALUE);
	return ++c->line <= STA_CHUNK_TRAILERS_MAX && is_name(byte) && go(c, STA_CHUNKS_NAME);
}

static bool
take(struct sta_chunks *c, char byte)
{
	switch (c->state) {
	case STA_CHUNKS_SIZE:
		return size_byte(c, byte);
	case STA_CHUNKS_EXTENSION:
		return text_byte(c, byte, STA_CHUNK_LINE_MAX, STA_CHUNKS_SIZE_LF);
	case STA_CHUNKS_SIZE_LF:
		c->line = 0;
		return byte == '\n' && go(c, c->left > 0 ? STA_CHUNKS_DATA : STA_CHUNKS_TRAILER);
	case STA_CHUNKS_DATA_CR:
		return byte == '\r' && go(c, STA_CHUNKS_DATA_LF);
	case STA_CHUNKS_DATA_LF:
		return byte == '\n' && go(c, STA_CHUNKS_SIZE);
	case STA_CHUNKS_TRAILER:
	case STA_CHUNKS_NAME:
		return trailer_byte(c, byte);
	case STA_CHUNKS_VALUE:
		return text_byte(c, byte, STA_CHUNK_TRAILERS_MAX, STA_CHUNKS_VALUE_LF);
	case STA_CHUNKS_VALUE_LF:
		return byte == '\n' && go(c, STA_CHUNKS_TRAILER);
	case STA_CHUNKS_LAST_LF:
		return byte == '\n' && go(c, STA_CHUNKS_END);
	case STA_CHUNKS_DATA:
	case STA_CHUNKS_END:
		break;
	}
	return false;
}

bool
sta_chunks_feed(struct sta_chunks *c, const char *p, size_t len, size_t *used)
{
	size_t i = 0;

	while (i < len && c->state != STA_CHUNKS_END) {
		size_t step = 1;

		if (c->state != STA_CHUNKS_DATA) {
			if (!take(c, p[i]))
				return false;
		} else {
			step = c->left < len - i ? (size_t) c->left : len - i;
			c->left -= step;
			if (c->left == 0)
				c->state = STA_CHUNKS_DATA_CR;
		}
		i += step;
	}
	*used = i;
	return true;
}
