/*
 * token_bounds - what a personal access token is confined to, beyond its scopes: packages by
 * patterns (base/glob.h), and addresses by ranges (base/prefix.h).
 *
 * People write lists with commas; what is stored has one entry a line.  "" is no bound.
 *
 * Only files of registry/ include this.
 *
 * Layer: registry.  Threads: no shared state.
 */
#ifndef STA_REGISTRY_TOKEN_BOUNDS_H
#define STA_REGISTRY_TOKEN_BOUNDS_H

#include "access/access.h"
#include "base/arena.h"
#include "base/err.h"

struct sta_pat;
struct sta_token_row;

#define STA_TOKEN_PATTERNS_MAX 32
#define STA_TOKEN_PATTERN_MAX 256 /* bytes of one */
#define STA_TOKEN_ADDRESSES_MAX 32

/* "acme/app-*,acme/base" as it is stored, in the arena; list NULL: "".  STA_INVALID names the
 * entry that is none. */
enum sta_rc sta_token_packages(struct sta_arena *a, const char *list, const char **out,
			       struct sta_err *err) STA_CHECK;
/* "192.0.2.0/24,2001:db8::/32", likewise; ranges as they are best written. */
enum sta_rc sta_token_addresses(struct sta_arena *a, const char *list, const char **out,
				struct sta_err *err) STA_CHECK;

/* The patterns of a stored text, in the arena.  STA_NOMEM. */
enum sta_rc sta_token_bounds(struct sta_arena *a, const char *packages, struct sta_bounds *out,
			     struct sta_err *err) STA_CHECK;
/* A copy that lives in a; and how much memory it takes there. */
bool sta_token_bounds_copy(struct sta_arena *a, struct sta_bounds *bounds) STA_CHECK;
size_t sta_token_bounds_size(const struct sta_bounds *bounds);

/* The stored ranges do not hold that address; one that is unknown (NULL) or none is in no range. */
bool sta_token_elsewhere(const char *addresses, const char *peer);

/* A stored text as a list with commas, in the arena. */
char *sta_token_list_text(struct sta_arena *a, const char *stored) STA_CHECK;

/* A token as people see it; texts in the arena.  STA_NOMEM. */
enum sta_rc sta_pat_of(struct sta_arena *a, const struct sta_token_row *row, struct sta_pat *out,
		       struct sta_err *err) STA_CHECK;

#endif
