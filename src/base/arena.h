/*
 * arena - memory that lives as long as one request.
 *
 * Allocations are never freed one by one; sta_arena_free() releases all of
 * them after running the registered clean-ups, newest first.  An arena has a
 * hard cap, so a request cannot grow without bound: past it, allocation
 * returns NULL just as on a real out-of-memory.
 *
 * Layer: base.  May include: err.  Threads: one owner at a time.
 */
#ifndef STA_BASE_ARENA_H
#define STA_BASE_ARENA_H

#include <stddef.h>

#include "base/err.h"

struct sta_arena;

/* New arena that will hand out at most cap bytes, or NULL.  Owned by the
 * caller; release with sta_arena_free(). */
struct sta_arena *sta_arena_new(size_t cap) STA_CHECK;

/* Runs the clean-ups, newest first, then frees everything.  NULL is allowed. */
void sta_arena_free(struct sta_arena *a);

/* For STA_AUTO(sta_arena_auto). */
void sta_arena_auto(struct sta_arena **a);

/* Zeroed memory aligned for any type, or NULL.  Borrowed: lives until
 * sta_arena_free().  Length 0 yields a valid pointer. */
void *sta_arena_alloc(struct sta_arena *a, size_t len) STA_CHECK;

/* Copies, NUL-terminated, or NULL.  Borrowed, as above. */
char *sta_arena_strdup(struct sta_arena *a, const char *s) STA_CHECK;
char *sta_arena_strndup(struct sta_arena *a, const char *s, size_t len) STA_CHECK;
void *sta_arena_memdup(struct sta_arena *a, const void *p, size_t len) STA_CHECK;

/* Formatted text of any length, or NULL.  Borrowed, as above. */
char *sta_arena_printf(struct sta_arena *a, const char *fmt, ...) STA_PRINTF(2, 3) STA_CHECK;

/* Call fn(arg) when the arena is freed.  When this fails fn is called at
 * once, so ownership of arg passes to the arena in every case. */
enum sta_rc sta_arena_defer(struct sta_arena *a, void (*fn)(void *), void *arg) STA_CHECK;

#endif
