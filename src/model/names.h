/*
 * names - names that changed: of namespaces and packages, and those that are kept for one owner.
 *
 * A former name leads to what had it: of a namespace to all its packages, of a package to that package.  It
 * is stored with the namespace's present name in front, as the names of packages are.  A retired name is of
 * a package that was popular: nobody but that owner makes a package of it.
 *
 * Layer: model.  May include: db, base.  Threads: as the connection's.
 */
#ifndef STA_MODEL_NAMES_H
#define STA_MODEL_NAMES_H

#include "base/arena.h"
#include "db/db.h"

/* What a name without a package was. */
struct sta_past {
	const char *present; /* name of the package that it leads to, in the arena; NULL: none */
	int64_t retired_for; /* the namespace that alone may make a package of it; 0: everybody */
};
enum sta_rc sta_past_find(struct sta_db_conn *c, struct sta_arena *a, const char *namespace,
			  const char *image, struct sta_past *out, struct sta_err *err) STA_CHECK;

/* Whose former name it is, and what it is called now.  STA_NOT_FOUND: nobody's. */
enum sta_rc sta_former_namespace(struct sta_db_conn *c, struct sta_arena *a, const char *name, int64_t *id,
				 const char **present, struct sta_err *err) STA_CHECK;
enum sta_rc sta_former_package(struct sta_db_conn *c, struct sta_arena *a, const char *name, int64_t *id,
			       const char **present, struct sta_err *err) STA_CHECK;
/* *id 0: it is not retired. */
enum sta_rc sta_retired_for(struct sta_db_conn *c, const char *name, int64_t *id,
			    struct sta_err *err) STA_CHECK;

/* With name in front instead of old, which name of the namespace's packages, as they are and were called, is
 * retired for another one?  The first, in the arena.  STA_NOT_FOUND: none. */
enum sta_rc sta_retired_below(struct sta_db_conn *c, struct sta_arena *a, int64_t namespace_id,
			      const char *old, const char *name, const char **out,
			      struct sta_err *err) STA_CHECK;

/* From now on it is called that; what it was called becomes a former name, and stops to be one when it comes
 * back.  All names below move along: packages, their former names, repositories (in the rules of issuers
 * too), accounts of machines. STA_EXISTS: it is taken; STA_INVALID: a name below would have more than max
 * bytes. */
enum sta_rc sta_namespace_rename(struct sta_db_conn *c, int64_t id, const char *old, const char *name,
				 size_t max, int64_t now_unix, struct sta_err *err) STA_CHECK;
enum sta_rc sta_package_rename_to(struct sta_db_conn *c, int64_t id, const char *old, const char *name,
				  int64_t now_unix, struct sta_err *err) STA_CHECK;

/* Retire the names of the package, former ones too, each with the present and the former names of its
 * namespace in front, if it is public and was pulled at least so often. */
enum sta_rc sta_retire_package(struct sta_db_conn *c, int64_t id, uint64_t pulls, int64_t now_unix,
			       struct sta_err *err) STA_CHECK;
/* The same for that former name of a package alone. */
enum sta_rc sta_retire_former_package(struct sta_db_conn *c, const char *name, uint64_t pulls,
				      int64_t now_unix, struct sta_err *err) STA_CHECK;
/* All packages of the namespace, as they are and were called, with that name in front. */
enum sta_rc sta_retire_packages(struct sta_db_conn *c, int64_t namespace_id, const char *prefix,
				uint64_t pulls, int64_t now_unix, struct sta_err *err) STA_CHECK;

/* A former name leads nowhere from now on; if it is none, it is retired for nobody.  STA_NOT_FOUND: it did
 * not, and was not. */
enum sta_rc sta_name_forget(struct sta_db_conn *c, const char *name, struct sta_err *err) STA_CHECK;

enum sta_kept_name_kind { STA_NAME_OF_OWNER, STA_NAME_OF_PACKAGE, STA_NAME_RETIRED };
struct sta_kept_name {
	const char *name;
	enum sta_kept_name_kind kind;
	const char *of; /* what it leads to, or the namespace that it is kept for */
	int64_t created_unix;
};
/* By name. */
enum sta_rc sta_kept_names(struct sta_db_conn *c, struct sta_arena *a, struct sta_kept_name **out, size_t *n,
			   struct sta_err *err) STA_CHECK;

#endif
