/*
 * repositories - repositories of source code that packages are linked to.
 *
 * Layer: model.  May include: db, access (enums), base.  Threads: as the
 * connection's.
 */
#ifndef STA_MODEL_REPOSITORIES_H
#define STA_MODEL_REPOSITORIES_H

#include "access/access.h"
#include "base/arena.h"
#include "db/db.h"

struct sta_repository_row {
	int64_t id;
	int64_t namespace_id;
	const char *name; /* with its namespace */
	enum sta_visibility visibility;
	const char *url; /* or NULL */
	int64_t created_unix;
	int64_t account_id; /* that its workflows act as; 0: none was needed yet */
	/* Of the account that was asked for. */
	enum sta_role granted;    /* to it in person */
	enum sta_role team;       /* to a team of it, the strongest */
	enum sta_org_role member; /* in the organization that owns it */
};

/* Texts in the arena.  STA_NOT_FOUND. */
enum sta_rc sta_repository_by_name(struct sta_db_conn *c, struct sta_arena *a, const char *name,
				   int64_t account_id, struct sta_repository_row *out,
				   struct sta_err *err) STA_CHECK;
enum sta_rc sta_repository_by_url(struct sta_db_conn *c, struct sta_arena *a, const char *url,
				  int64_t account_id, struct sta_repository_row *out,
				  struct sta_err *err) STA_CHECK;
enum sta_rc sta_repository_by_id(struct sta_db_conn *c, struct sta_arena *a, int64_t id, int64_t account_id,
				 struct sta_repository_row *out, struct sta_err *err) STA_CHECK;
/* The one whose workflows act as that account. */
enum sta_rc sta_repository_by_account(struct sta_db_conn *c, struct sta_arena *a, int64_t account_id,
				      struct sta_repository_row *out, struct sta_err *err) STA_CHECK;
/* The account that its workflows act as: made the first time that it is needed. */
enum sta_rc sta_repository_account(struct sta_db_conn *c, const struct sta_repository_row *row,
				   int64_t now_unix, int64_t *account_id, struct sta_err *err) STA_CHECK;
/* STA_EXISTS: the name or the url is taken. */
enum sta_rc sta_repository_insert(struct sta_db_conn *c, const struct sta_repository_row *row, int64_t *id,
				  struct sta_err *err) STA_CHECK;
/* Visibility and url.  STA_EXISTS: the url is taken. */
enum sta_rc sta_repository_update(struct sta_db_conn *c, const struct sta_repository_row *row,
				  struct sta_err *err) STA_CHECK;
/* Packages that inherit get its grants, and all are linked to none; then it goes, with the account of
 * its workflows and what was granted to that. */
enum sta_rc sta_repository_remove(struct sta_db_conn *c, int64_t id, struct sta_err *err) STA_CHECK;
/* By name, of a namespace (0: of all). */
enum sta_rc sta_repository_list(struct sta_db_conn *c, struct sta_arena *a, int64_t namespace_id,
				int64_t account_id, struct sta_repository_row **out, size_t *n,
				struct sta_err *err) STA_CHECK;

#endif
