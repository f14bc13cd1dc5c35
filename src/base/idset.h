/*
 * idset - sets of ids, and the pieces of them that a database keeps.
 *
 * A set has one bit for each id from 0 up to a bound.  A piece is the part of a set with the same
 * id / STA_IDSET_PIECE; it is stored as the ids' remainders, two bytes each, or as bits where these are
 * shorter: never more than STA_IDSET_STORED bytes.
 *
 * Layer: base.  May include: arena.  Threads: no shared state.
 */
#ifndef STA_BASE_IDSET_H
#define STA_BASE_IDSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

#define STA_IDSET_PIECE 4096
#define STA_IDSET_STORED (STA_IDSET_PIECE / 8)

struct sta_idset {
	uint64_t *words;
	int64_t end; /* ids are below; a multiple of STA_IDSET_PIECE */
};

/* An empty set of ids that are below end; in the arena. */
bool sta_idset_new(struct sta_arena *a, int64_t end, struct sta_idset *out) STA_CHECK;

/* Ids at or above the end, or below 0, are in no set. */
void sta_idset_add(struct sta_idset *s, int64_t id);
void sta_idset_remove(struct sta_idset *s, int64_t id);
bool sta_idset_has(const struct sta_idset *s, int64_t id);
uint64_t sta_idset_count(const struct sta_idset *s);
/* The first id from there on; -1: none. */
int64_t sta_idset_next(const struct sta_idset *s, int64_t from);

/* With another set of the same end. */
void sta_idset_clear(struct sta_idset *s);
void sta_idset_copy(struct sta_idset *s, const struct sta_idset *from);
void sta_idset_and(struct sta_idset *s, const struct sta_idset *with);
void sta_idset_or(struct sta_idset *s, const struct sta_idset *with);
void sta_idset_and_not(struct sta_idset *s, const struct sta_idset *without);

/* Add what was stored as the piece of that number.  False: it is malformed. */
bool sta_idset_load(struct sta_idset *s, int64_t piece, const void *stored, size_t len);
/* The piece as it is stored; 0: it is empty. */
size_t sta_idset_store(const struct sta_idset *s, int64_t piece, unsigned char out[STA_IDSET_STORED]);

#endif
