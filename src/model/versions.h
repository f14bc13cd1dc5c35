/*
 * versions - the manifests of a package as its pages and the packages API list them.
 *
 * Layer: model.  May include: db, oci, base.  Threads: as the connection's.
 */
#ifndef STA_MODEL_VERSIONS_H
#define STA_MODEL_VERSIONS_H

#include "base/arena.h"
#include "db/db.h"
#include "oci/digest.h"

#define STA_VERSION_TAGS_MAX 1000

struct sta_version_row {
	int64_t id;
	struct sta_digest digest;
	bool is_index;
	uint64_t size;
	uint64_t pulls; /* as far as they were written down */
	int64_t created_unix;
	int64_t updated_unix;    /* pushed, or a tag came or went */
	int64_t deleted_unix;    /* 0: it is not */
	const char *description; /* or NULL */
	const char *licenses;    /* or NULL */
	const char **tags; /* by name, the first STA_VERSION_TAGS_MAX; of a deleted one those that it had */
	size_t n_tags;
};

/* Which of a package's versions: those that are there, or those deleted after deleted_after_unix. */
struct sta_version_query {
	int64_t package_id;
	bool deleted;
	int64_t deleted_after_unix;
	uint64_t total; /* of those, as sta_version_total() has it in the same snapshot */
	uint64_t skip;
	int64_t before; /* those with lower ids, from the first on, whatever skip says; 0: all */
	size_t max;
};

enum sta_rc sta_version_total(struct sta_db_conn *c, const struct sta_version_query *q, uint64_t *out,
			      struct sta_err *err) STA_CHECK;

/* Newest first: by id.  Texts in the arena. */
enum sta_rc sta_version_list(struct sta_db_conn *c, struct sta_arena *a, const struct sta_version_query *q,
			     struct sta_version_row **out, size_t *n, struct sta_err *err) STA_CHECK;

/* One of them, whichever it is.  STA_NOT_FOUND. */
enum sta_rc sta_version_row(struct sta_db_conn *c, struct sta_arena *a, int64_t package_id, int64_t id,
			    struct sta_version_row *out, struct sta_err *err) STA_CHECK;

/* It was pulled so many times more, and (whole) so was its package.  One that is gone is none's loss. */
enum sta_rc sta_version_add_pulls(struct sta_db_conn *c, int64_t id, uint64_t n, bool whole,
				  struct sta_err *err) STA_CHECK;

/* Was one of the package's versions that are there (id 0), or that one, pulled more often than that? */
enum sta_rc sta_version_popular(struct sta_db_conn *c, int64_t package_id, int64_t id, uint64_t pulls,
				bool *out, struct sta_err *err) STA_CHECK;

/* Versions that have no purpose without that one, which was deleted: those that it lists and those that refer
 * to it, as far as they have no tag and no version that is there lists them. */
struct sta_dependents_query {
	int64_t package_id;
	int64_t id;
	uint64_t most_pulls; /* none that was pulled more often */
	size_t max;
};
/* Ids in the arena. */
enum sta_rc sta_version_dependents(struct sta_db_conn *c, struct sta_arena *a,
				   const struct sta_dependents_query *q, int64_t **out, size_t *n,
				   struct sta_err *err) STA_CHECK;

#endif
