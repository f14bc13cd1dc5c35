#include "model/tokens.h"

#include "model/sql.h"

#define SELECT_TOKEN                                                                                         \
	"SELECT t.id, t.account_id, n.name, t.name, t.scopes, t.created, t.expires, t.last_used, t.revoked," \
	" t.packages, t.addresses"                                                                           \
	" FROM token t JOIN namespace n ON n.id = t.account_id"

static enum sta_rc
read_token(struct sta_arena *a, struct sta_db_stmt *s, void *out, struct sta_err *err)
{
	struct sta_token_row got = {
		.id = sta_db_int(s, 0),
		.account_id = sta_db_int(s, 1),
		.account = sta_sql_text(a, s, 2),
		.name = sta_sql_text(a, s, 3),
		.scopes = (unsigned) sta_db_int(s, 4),
		.created_unix = sta_db_int(s, 5),
		.expires_unix = sta_db_int(s, 6),
		.last_used_unix = sta_db_int(s, 7),
		.revoked = sta_db_int(s, 8) != 0,
		.packages = sta_sql_text(a, s, 9),
		.addresses = sta_sql_text(a, s, 10),
	};

	if (!got.account || !got.name || !got.packages || !got.addresses)
		return sta_err_set(err, STA_NOMEM, 0, "token");
	*(struct sta_token_row *) out = got;
	return STA_OK;
}

enum sta_rc
sta_token_insert(struct sta_db_conn *c, const struct sta_token_row *t, const void *hash, size_t len,
		 int64_t *id, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err,
				     "INSERT INTO token(account_id, name, hash, scopes, created, expires, "
				     "last_used, revoked, packages,"
				     " addresses) VALUES ($1, $2, $3, $4, $5, $6, 0, 0, $7, $8) RETURNING id",
				     STA_V_INT(t->account_id), STA_V_TEXT(t->name), STA_V_BYTES(hash, len),
				     STA_V_INT(t->scopes), STA_V_INT(t->created_unix),
				     STA_V_INT(t->expires_unix), STA_V_TEXT(t->packages ? t->packages : ""),
				     STA_V_TEXT(t->addresses ? t->addresses : ""));

	if (rc == STA_OK)
		*id = sta_db_int(s, 0);
	return rc;
}

enum sta_rc
sta_token_by_hash(struct sta_db_conn *c, struct sta_arena *a, const void *hash, size_t len,
		  struct sta_token_row *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err, SELECT_TOKEN " WHERE t.hash = $1", STA_V_BYTES(hash, len));

	return rc == STA_OK ? read_token(a, s, out, err) : rc;
}

enum sta_rc
sta_token_by_id(struct sta_db_conn *c, struct sta_arena *a, int64_t id, struct sta_token_row *out,
		struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err, SELECT_TOKEN " WHERE t.id = $1", STA_V_INT(id));

	return rc == STA_OK ? read_token(a, s, out, err) : rc;
}

enum sta_rc
sta_token_list(struct sta_db_conn *c, struct sta_arena *a, int64_t account_id, struct sta_token_row **out,
	       size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_token_row);
	enum sta_rc rc = sta_sql_list(c, &list, read_token, err,
				      SELECT_TOKEN " WHERE $1 = 0 OR t.account_id = $1 ORDER BY t.id",
				      STA_V_INT(account_id));

	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}

enum sta_rc
sta_token_revoke(struct sta_db_conn *c, int64_t id, struct sta_err *err)
{
	enum sta_rc rc = sta_sql_run(c, err, "UPDATE token SET revoked = 1 WHERE id = $1", STA_V_INT(id));

	if (rc == STA_OK && sta_db_changes(c) == 0)
		return sta_err_set(err, STA_NOT_FOUND, 0, "no token with id %lld", (long long) id);
	return rc;
}

enum sta_rc
sta_token_touch(struct sta_db_conn *c, int64_t id, int64_t now_unix, struct sta_err *err)
{
	return sta_sql_run(c, err, "UPDATE token SET last_used = $1 WHERE id = $2 AND last_used < $1",
			   STA_V_INT(now_unix), STA_V_INT(id));
}
