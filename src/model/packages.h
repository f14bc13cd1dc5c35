/*
 * packages - packages: rows, visibility, roles granted, lists.
 *
 * Layer: model.  May include: db, access (enums), base.  Threads: as the
 * connection's.
 */
#ifndef STA_MODEL_PACKAGES_H
#define STA_MODEL_PACKAGES_H

#include "access/access.h"
#include "base/arena.h"
#include "db/db.h"

struct sta_package {
	int64_t id;
	int64_t namespace_id;
	const char *name; /* with its namespace */
	enum sta_visibility visibility;
	bool published;
	int64_t created_unix;
	int64_t updated_unix;
	int64_t repository_id; /* that it is linked to; 0: none */
	bool inherits;         /* its roles are the repository's */
	uint64_t versions;     /* that are not deleted */
	int64_t deleted_unix;  /* 0: it is not; else its name has "@" and its id behind it */
	uint64_t pulls;        /* as far as they were written down */
	int64_t indexed;       /* by its name and labels (word_index.h); 0: it is to be */
	/* Of the account that was asked for. */
	enum sta_role granted;    /* to it in person */
	enum sta_role team;       /* to a team of it, the strongest */
	enum sta_role inherited;  /* on the repository, if the package inherits: in person, by a team, as its
				     workflows */
	enum sta_org_role member; /* in the organization that owns the package */
};

/* The package, not a deleted one, and the roles of account_id.  STA_NOT_FOUND. */
enum sta_rc sta_package_find(struct sta_db_conn *c, struct sta_arena *a, const char *name, int64_t account_id,
			     struct sta_package *out, struct sta_err *err) STA_CHECK;

/* The same by its id. */
enum sta_rc sta_package_by_id(struct sta_db_conn *c, struct sta_arena *a, int64_t id, int64_t account_id,
			      struct sta_package *out, struct sta_err *err) STA_CHECK;

/* The same for the package that was made last, whichever it is: for the time that it takes. */
enum sta_rc sta_package_find_last(struct sta_db_conn *c, struct sta_arena *a, int64_t account_id,
				  struct sta_package *out, struct sta_err *err) STA_CHECK;

enum sta_rc sta_package_insert(struct sta_db_conn *c, int64_t namespace_id, const char *name,
			       enum sta_visibility visibility, int64_t now_unix, int64_t *id,
			       struct sta_err *err) STA_CHECK;
enum sta_rc sta_package_update_visibility(struct sta_db_conn *c, int64_t id, enum sta_visibility v,
					  struct sta_err *err) STA_CHECK;

/* repository_id 0: linked to none. */
enum sta_rc sta_package_update_link(struct sta_db_conn *c, int64_t id, int64_t repository_id, bool inherits,
				    struct sta_err *err) STA_CHECK;

/* It has no tag, and nobody but that account has a role on it in person or by a team. */
enum sta_rc sta_package_is_new(struct sta_db_conn *c, int64_t id, int64_t account_id, bool *out,
			       struct sta_err *err) STA_CHECK;

/* It got a manifest or lost one: listed from now on, updated now. */
enum sta_rc sta_package_touch(struct sta_db_conn *c, int64_t id, int64_t now_unix,
			      struct sta_err *err) STA_CHECK;

/* The row, its grants, its former names, its history and its statistics; everything else of it must be gone.
 * *gone false: a part of much went; go on in another transaction. */
enum sta_rc sta_package_remove(struct sta_db_conn *c, int64_t id, bool *gone, struct sta_err *err) STA_CHECK;

/* A deleted package: that one, or (id 0) the one of that name that was deleted last, after after_unix.
 * STA_NOT_FOUND. */
enum sta_rc sta_package_find_deleted(struct sta_db_conn *c, struct sta_arena *a, const char *name, int64_t id,
				     int64_t account_id, int64_t after_unix, struct sta_package *out,
				     struct sta_err *err) STA_CHECK;

struct sta_package_query {
	int64_t account_id;
	bool everything;  /* also what the account may not read */
	const char *last; /* NULL: from the start */
	const char *end;  /* names before that; NULL: to the end */
	size_t max;
};

/* Published packages that the account might read (public, own, internal, granted), by
 * name after last, at most max.  A superset: access/ has the last word on each. */
enum sta_rc sta_package_page(struct sta_db_conn *c, struct sta_arena *a, const struct sta_package_query *q,
			     struct sta_package **out, size_t *n, struct sta_err *err) STA_CHECK;

struct sta_package_sums {
	uint64_t versions, tags, bytes, pulls;
};
enum sta_rc sta_package_sum(struct sta_db_conn *c, int64_t id, struct sta_package_sums *out,
			    struct sta_err *err) STA_CHECK;

/* A package that was begun before before_unix, was never published, and holds
 * nothing any more; STA_NOT_FOUND when there is none. */
enum sta_rc sta_package_next_empty(struct sta_db_conn *c, int64_t before_unix, int64_t *id,
				   struct sta_err *err) STA_CHECK;

#endif
