/*
 * alloc - the only door to malloc.
 *
 * Tests link with --wrap=sta_malloc,--wrap=sta_realloc,--wrap=sta_strdup
 * and so on to make the n-th allocation fail; that is how every out-of-memory branch is
 * exercised.
 *
 * Layer: base.  May include: err.  Threads: any.
 */
#ifndef STA_BASE_ALLOC_H
#define STA_BASE_ALLOC_H

#include <stddef.h>

#include "base/err.h"

/* Zeroed memory, or NULL.  Owned by the caller; release with sta_free(). */
void *sta_malloc(size_t len) STA_CHECK;

/* The same at the start of a page of 4096, len a multiple of that, and not zeroed. */
void *sta_malloc_pages(size_t len) STA_CHECK;

/* As realloc(3): on NULL the old block is still owned by the caller.  New
 * bytes are not zeroed. */
void *sta_realloc(void *p, size_t len) STA_CHECK;

/* Copy of s, or NULL.  Owned by the caller. */
char *sta_strdup(const char *s) STA_CHECK;

/* NULL is allowed. */
void sta_free(void *p);

#endif
