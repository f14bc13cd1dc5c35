/*
 * uploads - sessions in which a blob arrives.  The bytes are the store's.
 *
 * Layer: model.  May include: db, oci, base.  Threads: as the connection's.
 */
#ifndef STA_MODEL_UPLOADS_H
#define STA_MODEL_UPLOADS_H

#include "base/arena.h"
#include "db/db.h"
#include "oci/digest.h"

struct sta_upload_row {
	const char *id;
	int64_t account_id; /* whose it is; 0: the system's */
	const char *package;
	enum sta_digest_alg alg;
	int64_t created_unix;
	int64_t expires_unix;
};

enum sta_rc sta_upload_insert(struct sta_db_conn *c, const struct sta_upload_row *u,
			      struct sta_err *err) STA_CHECK;

/* STA_NOT_FOUND. */
enum sta_rc sta_upload_find(struct sta_db_conn *c, struct sta_arena *a, const char *id,
			    struct sta_upload_row *out, struct sta_err *err) STA_CHECK;

enum sta_rc sta_upload_extend(struct sta_db_conn *c, const char *id, int64_t expires_unix,
			      struct sta_err *err) STA_CHECK;

/* *removed false: there was none. */
enum sta_rc sta_upload_remove(struct sta_db_conn *c, const char *id, bool *removed,
			      struct sta_err *err) STA_CHECK;

enum sta_rc sta_upload_expired(struct sta_db_conn *c, struct sta_arena *a, int64_t now_unix, size_t max,
			       struct sta_upload_row **out, size_t *n, struct sta_err *err) STA_CHECK;

/* Those of an account, at most max. */
enum sta_rc sta_upload_list(struct sta_db_conn *c, struct sta_arena *a, int64_t account_id, size_t max,
			    struct sta_upload_row **out, size_t *n, struct sta_err *err) STA_CHECK;

/* All of an account. */
enum sta_rc sta_upload_remove_all(struct sta_db_conn *c, int64_t account_id, struct sta_err *err) STA_CHECK;

enum sta_rc sta_upload_count(struct sta_db_conn *c, int64_t account_id, uint64_t *n,
			     struct sta_err *err) STA_CHECK;

#endif
