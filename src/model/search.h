/*
 * search - sets of packages: those that have a word, a tag or a digest, and those that an account may read.
 *
 * Work is bounded: each search looks at STA_SEARCH_ROWS rows of what there may be many of.  Beyond that it
 * looks at the first STA_SEARCH_FEW packages of those that are left alone, and says so (cut): so what is
 * found among them depends on nothing else.  That it comes to this depends on all rows there are.
 *
 * Layer: model.  May include: db, access (enums), oci, base.  Threads: as the connection's; in one snapshot.
 */
#ifndef STA_MODEL_SEARCH_H
#define STA_MODEL_SEARCH_H

#include "base/arena.h"
#include "base/idset.h"
#include "db/db.h"

#define STA_SEARCH_FEW 4096
#define STA_SEARCH_ROWS 200000
#define STA_SEARCH_WALK 400000 /* names or times that are looked at for one page */

struct sta_search {
	struct sta_db_conn *c;
	struct sta_arena *a; /* of the sets */
	int64_t end;         /* ids are below */
	uint64_t rows;       /* that it may still look at */
	bool cut;
};
enum sta_rc sta_search_begin(struct sta_db_conn *c, struct sta_arena *a, struct sta_search *out,
			     struct sta_err *err) STA_CHECK;

/* Packages that everybody may read, and all that are published. */
enum sta_rc sta_search_public(struct sta_search *s, struct sta_idset *out, struct sta_err *err) STA_CHECK;
enum sta_rc sta_search_all(struct sta_search *s, struct sta_idset *out, struct sta_err *err) STA_CHECK;
/* Those that the account may read by more than that: as sta_package_page() has it. */
enum sta_rc sta_search_reached(struct sta_search *s, int64_t account_id, struct sta_idset *out,
			       struct sta_err *err) STA_CHECK;
/* Those of the namespace of that name; of that visibility. */
enum sta_rc sta_search_owner(struct sta_search *s, const char *name, struct sta_idset *out,
			     struct sta_err *err) STA_CHECK;
enum sta_rc sta_search_visibility(struct sta_search *s, int visibility, struct sta_idset *out,
				  struct sta_err *err) STA_CHECK;

/* A word (words.h), a tag, or a digest as its key: that one, or each that begins so. */
enum sta_search_kind { STA_SEARCH_WORD, STA_SEARCH_TAG, STA_SEARCH_DIGEST };
struct sta_search_key {
	enum sta_search_kind kind;
	const void *from, *to; /* texts; of digests bytes: from is among them, to is not */
	size_t from_len, to_len;
};
/* NULL texts: out of memory. */
struct sta_search_key sta_search_text(struct sta_arena *a, enum sta_search_kind kind, const char *class,
				      const char *text, bool prefix);
/* Those of among that have it. */
enum sta_rc sta_search_find(struct sta_search *s, const struct sta_search_key *key,
			    const struct sta_idset *among, struct sta_idset *out,
			    struct sta_err *err) STA_CHECK;
/* The first such tag or digest (as text) of a package, in the arena a; NULL: it has none. */
enum sta_rc sta_search_first(struct sta_search *s, struct sta_arena *a, const struct sta_search_key *key,
			     int64_t package_id, const char **out, struct sta_err *err) STA_CHECK;

/* Each of them with its name; of names that begin with that text, and perhaps of others. */
typedef void sta_search_name_fn(void *arg, int64_t id, const char *name);
enum sta_rc sta_search_names(struct sta_search *s, const struct sta_idset *among, const char *begin,
			     sta_search_name_fn *fn, void *arg, struct sta_err *err) STA_CHECK;

enum sta_search_sort { STA_SORT_NAME, STA_SORT_UPDATED };
struct sta_search_order {
	enum sta_search_sort by;
	bool descending;
};
/* Up to max ids of them in that order; where they are equally old, by id. */
enum sta_rc sta_search_sorted(struct sta_search *s, const struct sta_idset *among,
			      const struct sta_search_order *order, size_t max, int64_t *out, size_t *n,
			      struct sta_err *err) STA_CHECK;

/* What the package says of itself, in the arena a; or NULL. */
struct sta_search_labels {
	const char *description;
	const char *licenses;
};
enum sta_rc sta_search_labels(struct sta_search *s, struct sta_arena *a, int64_t package_id,
			      struct sta_search_labels *out, struct sta_err *err) STA_CHECK;

#endif
