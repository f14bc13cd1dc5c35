#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

/* Under AddressSanitizer every allocation gets a block of its own and exact
 * length, so that reading past its end is seen. */
#if defined(__SANITIZE_ADDRESS__)
#define BLOCK_LEN ((size_t) 0)
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BLOCK_LEN ((size_t) 0)
#endif
#endif
#ifndef BLOCK_LEN
#define BLOCK_LEN ((size_t) 8000) /* with its header and malloc's still below two pages */
#endif

#define ALIGN alignof(max_align_t)

struct block {
	struct block *next;
	size_t used;
	size_t len;
	alignas(max_align_t) unsigned char data[];
};

struct cleanup {
	struct cleanup *next;
	void (*fn)(void *);
	void *arg;
};

struct sta_arena {
	struct block *blocks; /* small allocations come from the first */
	struct cleanup *cleanups;
	size_t left; /* bytes still allowed under the cap */
};

struct sta_arena *
sta_arena_new(size_t cap)
{
	struct sta_arena *a = sta_malloc(sizeof(*a));

	if (!a)
		return NULL;
	a->left = cap;
	return a;
}

void
sta_arena_free(struct sta_arena *a)
{
	if (!a)
		return;
	/* A clean-up may still use arena memory and even register another one. */
	while (a->cleanups) {
		struct cleanup *c = a->cleanups;

		a->cleanups = c->next;
		c->fn(c->arg);
	}
	for (struct block *b = a->blocks, *next; b; b = next) {
		next = b->next;
		sta_free(b);
	}
	sta_free(a);
}

void
sta_arena_auto(struct sta_arena **a)
{
	sta_arena_free(*a);
}

/* A new block with room for len.  One that len fills goes behind the first
 * block, whose rest stays in use. */
static struct block *
add_block(struct sta_arena *a, size_t len)
{
	size_t want = BLOCK_LEN;
	struct block *b;

	if (want > a->left) /* small arenas take little */
		want = a->left;
	if (want < len)
		want = len;
	b = sta_malloc(sizeof(*b) + want);
	if (!b)
		return NULL;
	b->len = want;
	if (a->blocks && want == len) {
		b->next = a->blocks->next;
		a->blocks->next = b;
	} else {
		b->next = a->blocks;
		a->blocks = b;
	}
	return b;
}

void *
sta_arena_alloc(struct sta_arena *a, size_t len)
{
	struct block *b = a->blocks;
	size_t start;

	if (len == 0)
		len = 1;
	if (len > a->left || len > SIZE_MAX / 2)
		return NULL;
	start = b ? (b->used + ALIGN - 1) & ~(ALIGN - 1) : 0;
	if (!b || start > b->len || b->len - start < len) {
		b = add_block(a, len);
		if (!b)
			return NULL;
		start = 0;
	}
	b->used = start + len;
	a->left -= len;
	return b->data + start; /* zero since sta_malloc(): never handed out before */
}

char *
sta_arena_strdup(struct sta_arena *a, const char *s)
{
	return sta_arena_memdup(a, s, strlen(s) + 1);
}

char *
sta_arena_strndup(struct sta_arena *a, const char *s, size_t len)
{
	char *copy = len < SIZE_MAX ? sta_arena_alloc(a, len + 1) : NULL;

	if (copy && len > 0)
		memcpy(copy, s, len);
	return copy;
}

void *
sta_arena_memdup(struct sta_arena *a, const void *p, size_t len)
{
	void *copy = sta_arena_alloc(a, len);

	if (copy && len > 0)
		memcpy(copy, p, len);
	return copy;
}

/* Short text is formatted once and copied.  Longer text is formatted again
 * into a block of the length found, bounded by that same length; should the
 * two runs disagree, the result is NULL and not a cut text. */
char *
sta_arena_printf(struct sta_arena *a, const char *fmt, ...)
{
	char text[512];
	char *out;
	size_t len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0)
		return NULL;
	len = (size_t) n;
	if (len < sizeof(text))
		return sta_arena_memdup(a, text, len + 1);
	out = sta_arena_alloc(a, len + 1);
	if (!out)
		return NULL;
	va_start(ap, fmt);
	n = vsnprintf(out, len + 1, fmt, ap);
	va_end(ap);
	return n >= 0 && (size_t) n == len ? out : NULL;
}

enum sta_rc
sta_arena_defer(struct sta_arena *a, void (*fn)(void *), void *arg)
{
	struct cleanup *c = sta_arena_alloc(a, sizeof(*c));

	if (!c) {
		fn(arg);
		return STA_NOMEM;
	}
	*c = (struct cleanup){ .next = a->cleanups, .fn = fn, .arg = arg };
	a->cleanups = c;
	return STA_OK;
}
