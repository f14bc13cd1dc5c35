#include "model/uploads.h"

#include "model/sql.h"

#define SELECT_UPLOAD "SELECT id, account_id, package, alg, created, expires FROM upload"

static enum sta_rc
read_upload(struct sta_arena *a, struct sta_db_stmt *s, void *out, struct sta_err *err)
{
	struct sta_upload_row got = {
		.id = sta_sql_text(a, s, 0),
		.account_id = sta_db_int(s, 1),
		.package = sta_sql_text(a, s, 2),
		.alg = sta_sql_enum(s, 3),
		.created_unix = sta_db_int(s, 4),
		.expires_unix = sta_db_int(s, 5),
	};

	if (!got.id || !got.package)
		return sta_err_set(err, STA_NOMEM, 0, "upload");
	*(struct sta_upload_row *) out = got;
	return STA_OK;
}

enum sta_rc
sta_upload_insert(struct sta_db_conn *c, const struct sta_upload_row *u, struct sta_err *err)
{
	return sta_sql_run(c, err,
			   "INSERT INTO upload(id, account_id, package, alg, created, expires)"
			   " VALUES ($1, $2, $3, $4, $5, $6)",
			   STA_V_TEXT(u->id), STA_V_INT(u->account_id), STA_V_TEXT(u->package),
			   STA_V_INT(u->alg), STA_V_INT(u->created_unix), STA_V_INT(u->expires_unix));
}

enum sta_rc
sta_upload_find(struct sta_db_conn *c, struct sta_arena *a, const char *id, struct sta_upload_row *out,
		struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err, SELECT_UPLOAD " WHERE id = $1", STA_V_TEXT(id));

	return rc == STA_OK ? read_upload(a, s, out, err) : rc;
}

enum sta_rc
sta_upload_extend(struct sta_db_conn *c, const char *id, int64_t expires_unix, struct sta_err *err)
{
	return sta_sql_run(c, err, "UPDATE upload SET expires = $1 WHERE id = $2", STA_V_INT(expires_unix),
			   STA_V_TEXT(id));
}

enum sta_rc
sta_upload_remove(struct sta_db_conn *c, const char *id, bool *removed, struct sta_err *err)
{
	enum sta_rc rc = sta_sql_run(c, err, "DELETE FROM upload WHERE id = $1", STA_V_TEXT(id));

	if (rc == STA_OK)
		*removed = sta_db_changes(c) > 0;
	return rc;
}

enum sta_rc
sta_upload_expired(struct sta_db_conn *c, struct sta_arena *a, int64_t now_unix, size_t max,
		   struct sta_upload_row **out, size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_upload_row);
	enum sta_rc rc = sta_sql_list(c, &list, read_upload, err,
				      SELECT_UPLOAD " WHERE expires <= $1 ORDER BY expires LIMIT $2",
				      STA_V_INT(now_unix), STA_V_INT(max));

	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}

enum sta_rc
sta_upload_list(struct sta_db_conn *c, struct sta_arena *a, int64_t account_id, size_t max,
		struct sta_upload_row **out, size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_upload_row);
	enum sta_rc rc =
		sta_sql_list(c, &list, read_upload, err, SELECT_UPLOAD " WHERE account_id = $1 LIMIT $2",
			     STA_V_INT(account_id), STA_V_INT(max));

	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}

enum sta_rc
sta_upload_remove_all(struct sta_db_conn *c, int64_t account_id, struct sta_err *err)
{
	return sta_sql_run(c, err, "DELETE FROM upload WHERE account_id = $1", STA_V_INT(account_id));
}

enum sta_rc
sta_upload_count(struct sta_db_conn *c, int64_t account_id, uint64_t *n, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err, "SELECT count(*) FROM upload WHERE account_id = $1",
				     STA_V_INT(account_id));

	if (rc == STA_OK)
		*n = (uint64_t) sta_db_int(s, 0);
	return rc;
}
