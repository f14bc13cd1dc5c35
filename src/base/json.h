/*
 * json - jansson with our limits.
 *
 * The one place that includes <jansson.h>.  Loading refuses duplicate keys,
 * nesting deeper than STA_JSON_DEPTH_MAX, more than STA_JSON_VALUES_MAX values,
 * invalid UTF-8, an embedded NUL, and anything after the value.  Depth and
 * number are checked before jansson sees the bytes, so a hostile document
 * costs no memory.
 *
 * Layer: base.  May include: err, arena.  Threads: a json_t has one owner.
 */
#ifndef STA_BASE_JSON_H
#define STA_BASE_JSON_H

#include <jansson.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

#define STA_JSON_DEPTH_MAX 32
#define STA_JSON_VALUES_MAX 100000 /* some 25 MiB inside jansson */

/* Object or array from text.  *out is owned by the arena (released with it).
 * STA_INVALID with a message that names line and column; STA_NOMEM. */
enum sta_rc sta_json_load(struct sta_arena *a, const char *s, size_t len, json_t **out,
			  struct sta_err *err) STA_CHECK;

/* Compact text of j in the arena, or NULL.  Keys keep their order. */
char *sta_json_dump(struct sta_arena *a, const json_t *j) STA_CHECK;

/* Hand a json_t to the arena; NULL passes through (so a failed json_pack is
 * seen by the caller's NULL check). */
json_t *sta_json_own(struct sta_arena *a, json_t *j) STA_CHECK;

#endif
