#include "model/accounts.h"

#include "model/sql.h"

#define NAMESPACE_USER 1
#define SELECT_ACCOUNT                                                                                       \
	"SELECT n.id, n.name, a.password_hash, a.site_admin, a.disabled, a.epoch, n.created, a.visibility,"  \
	" a.inherits, a.kind, coalesce(a.home_id, 0), a.home_role"                                           \
	" FROM namespace n JOIN account a ON a.id = n.id"

static enum sta_rc
read_account(struct sta_arena *a, struct sta_db_stmt *s, void *out, struct sta_err *err)
{
	struct sta_account got = {
		.id = sta_db_int(s, 0),
		.name = sta_sql_text(a, s, 1),
		.password_hash = sta_sql_text(a, s, 2),
		.site_admin = sta_db_int(s, 3) != 0,
		.disabled = sta_db_int(s, 4) != 0,
		.epoch = sta_db_int(s, 5),
		.created_unix = sta_db_int(s, 6),
		.visibility = sta_sql_enum(s, 7),
		.inherits = sta_db_int(s, 8) != 0,
		.kind = sta_sql_enum(s, 9),
		.home_id = sta_db_int(s, 10),
		.home_role = sta_sql_enum(s, 11),
	};

	if (!got.name || (!got.password_hash && !sta_db_is_null(s, 2)))
		return sta_err_set(err, STA_NOMEM, 0, "account");
	*(struct sta_account *) out = got;
	return STA_OK;
}

enum sta_rc
sta_account_by_name(struct sta_db_conn *c, struct sta_arena *a, const char *name, struct sta_account *out,
		    struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err, SELECT_ACCOUNT " WHERE n.name = $1", STA_V_TEXT(name));

	return rc == STA_OK ? read_account(a, s, out, err) : rc;
}

enum sta_rc
sta_account_by_id(struct sta_db_conn *c, struct sta_arena *a, int64_t id, struct sta_account *out,
		  struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err, SELECT_ACCOUNT " WHERE a.id = $1", STA_V_INT(id));

	return rc == STA_OK ? read_account(a, s, out, err) : rc;
}

enum sta_rc
sta_account_insert(struct sta_db_conn *c, const struct sta_account *account, int64_t *id, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	int64_t new_id;
	enum sta_rc rc = sta_sql_one(
		c, &s, err, "INSERT INTO namespace(name, kind, created) VALUES ($1, $2, $3) RETURNING id",
		STA_V_TEXT(account->name), STA_V_INT(NAMESPACE_USER), STA_V_INT(account->created_unix));

	if (rc != STA_OK)
		return rc;
	new_id = sta_db_int(s, 0);
	sta_db_done(&s);
	rc = sta_sql_run(c, err,
			 "INSERT INTO account(id, password_hash, site_admin, disabled, epoch)"
			 " VALUES ($1, $2, $3, 0, 1)",
			 STA_V_INT(new_id), STA_V_TEXT(account->password_hash),
			 STA_V_INT(account->site_admin));
	if (rc == STA_OK)
		*id = new_id;
	return rc;
}

static enum sta_rc
changed_one(struct sta_db_conn *c, enum sta_rc rc, struct sta_err *err)
{
	if (rc == STA_OK && sta_db_changes(c) == 0)
		return sta_err_set(err, STA_NOT_FOUND, 0, "no such user");
	return rc;
}

enum sta_rc
sta_account_set_password(struct sta_db_conn *c, int64_t id, const char *hash, struct sta_err *err)
{
	enum sta_rc rc =
		sta_sql_run(c, err, "UPDATE account SET password_hash = $1, epoch = epoch + 1 WHERE id = $2",
			    STA_V_TEXT(hash), STA_V_INT(id));

	return changed_one(c, rc, err);
}

enum sta_rc
sta_account_set_disabled(struct sta_db_conn *c, int64_t id, bool disabled, struct sta_err *err)
{
	enum sta_rc rc =
		sta_sql_run(c, err, "UPDATE account SET disabled = $1, epoch = epoch + 1 WHERE id = $2",
			    STA_V_INT(disabled), STA_V_INT(id));

	return changed_one(c, rc, err);
}

enum sta_rc
sta_account_set_defaults(struct sta_db_conn *c, int64_t id, enum sta_visibility v, bool inherits,
			 struct sta_err *err)
{
	enum sta_rc rc =
		sta_sql_run(c, err, "UPDATE account SET visibility = $1, inherits = $2 WHERE id = $3",
			    STA_V_INT(v), STA_V_INT(inherits), STA_V_INT(id));

	return changed_one(c, rc, err);
}

enum sta_rc
sta_account_list(struct sta_db_conn *c, struct sta_arena *a, struct sta_account **out, size_t *n,
		 struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_account);
	enum sta_rc rc =
		sta_sql_list(c, &list, read_account, err, SELECT_ACCOUNT " WHERE a.kind = 1 ORDER BY n.name");

	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}

enum sta_rc
sta_account_any(struct sta_db_conn *c, bool *any, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_rows(c, &s, err, "SELECT 1 FROM account LIMIT 1");

	return rc == STA_OK ? sta_db_step(s, any, err) : rc;
}

enum sta_rc
sta_account_enabled(struct sta_db_conn *c, int64_t id, bool *enabled, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err, "SELECT disabled FROM account WHERE id = $1", STA_V_INT(id));

	if (rc == STA_OK)
		*enabled = sta_db_int(s, 0) == 0;
	return rc;
}
