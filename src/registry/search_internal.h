/*
 * search_internal - what in a package a search was for.
 *
 * Only search.c and search_match.c include this.
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_SEARCH_INTERNAL_H
#define STA_REGISTRY_SEARCH_INTERNAL_H

#include "model/search.h"
#include "registry/search.h"
#include "registry/search_query.h"

/* The keys of a term: of the tags and the digests that it may be. */
struct sta_search_key sta_search_tag_key(struct sta_arena *a, const struct sta_search_term *t);
struct sta_search_key sta_search_digest_key(const struct sta_search_term *t);

/* Fill in the matches of the item, which is a package that the caller may read. */
enum sta_rc sta_search_matches(struct sta_search *s, struct sta_arena *a, const struct sta_search_query *q,
			       struct sta_search_item *item, struct sta_err *err) STA_CHECK;

#endif
