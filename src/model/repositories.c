#include "model/repositories.h"

#include "model/sql.h"

#define NAMESPACE_REPOSITORY 4
#define ACCOUNT_REPOSITORY 3

#define SELECT_REPOSITORY                                                                                    \
	"SELECT r.id, r.namespace_id, r.name, r.visibility, r.url, r.created, coalesce(g.role, 0),"          \
	" coalesce(m.role, 0), coalesce((SELECT max(t.role) FROM role_grant t WHERE t.object_kind = 2"       \
	"  AND t.object_id = r.id AND t.subject_kind = 2 AND EXISTS (SELECT 1 FROM team_ancestor a"          \
	"   JOIN team_member i ON i.team_id = a.team_id"                                                     \
	"   WHERE a.ancestor_id = t.subject_id AND i.account_id = $1)), 0), coalesce(r.account_id, 0)"       \
	" FROM repository r LEFT JOIN role_grant g"                                                          \
	" ON g.object_kind = 2 AND g.object_id = r.id AND g.subject_kind = 1 AND g.subject_id = $1"          \
	" LEFT JOIN organization_member m ON m.organization_id = r.namespace_id AND m.account_id = $1"

static enum sta_rc
read_repository(struct sta_arena *a, struct sta_db_stmt *s, void *out, struct sta_err *err)
{
	struct sta_repository_row got = {
		.id = sta_db_int(s, 0),
		.namespace_id = sta_db_int(s, 1),
		.name = sta_sql_text(a, s, 2),
		.visibility = sta_sql_enum(s, 3),
		.url = sta_sql_text(a, s, 4),
		.created_unix = sta_db_int(s, 5),
		.granted = sta_sql_enum(s, 6),
		.member = sta_sql_enum(s, 7),
		.team = sta_sql_enum(s, 8),
		.account_id = sta_db_int(s, 9),
	};

	if (!got.name || (!got.url && !sta_db_is_null(s, 4)))
		return sta_err_set(err, STA_NOMEM, 0, "repository");
	*(struct sta_repository_row *) out = got;
	return STA_OK;
}

enum sta_rc
sta_repository_by_name(struct sta_db_conn *c, struct sta_arena *a, const char *name, int64_t account_id,
		       struct sta_repository_row *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err, SELECT_REPOSITORY " WHERE r.name = $2",
				     STA_V_INT(account_id), STA_V_TEXT(name));

	return rc == STA_OK ? read_repository(a, s, out, err) : rc;
}

enum sta_rc
sta_repository_by_url(struct sta_db_conn *c, struct sta_arena *a, const char *url, int64_t account_id,
		      struct sta_repository_row *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err, SELECT_REPOSITORY " WHERE r.url = $2", STA_V_INT(account_id),
				     STA_V_TEXT(url));

	return rc == STA_OK ? read_repository(a, s, out, err) : rc;
}

enum sta_rc
sta_repository_by_id(struct sta_db_conn *c, struct sta_arena *a, int64_t id, int64_t account_id,
		     struct sta_repository_row *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err, SELECT_REPOSITORY " WHERE r.id = $2", STA_V_INT(account_id),
				     STA_V_INT(id));

	return rc == STA_OK ? read_repository(a, s, out, err) : rc;
}

enum sta_rc
sta_repository_by_account(struct sta_db_conn *c, struct sta_arena *a, int64_t account_id,
			  struct sta_repository_row *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc =
		sta_sql_one(c, &s, err, SELECT_REPOSITORY " WHERE r.account_id = $1", STA_V_INT(account_id));

	return rc == STA_OK ? read_repository(a, s, out, err) : rc;
}

/* A namespace of that name, in which nothing can be: it has a slash. */
static enum sta_rc
insert_account(struct sta_db_conn *c, const struct sta_repository_row *row, int64_t now_unix, int64_t *id,
	       struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(
		c, &s, err, "INSERT INTO namespace(name, kind, created) VALUES ($1, $2, $3) RETURNING id",
		STA_V_TEXT(row->name), STA_V_INT(NAMESPACE_REPOSITORY), STA_V_INT(now_unix));

	if (rc != STA_OK)
		return rc;
	*id = sta_db_int(s, 0);
	return sta_sql_run(
		c, err,
		"INSERT INTO account(id, password_hash, site_admin, disabled, epoch, kind, home_id)"
		" VALUES ($1, NULL, 0, 0, 0, $2, $3)",
		STA_V_INT(*id), STA_V_INT(ACCOUNT_REPOSITORY), STA_V_INT(row->namespace_id));
}

enum sta_rc
sta_repository_account(struct sta_db_conn *c, const struct sta_repository_row *row, int64_t now_unix,
		       int64_t *account_id, struct sta_err *err)
{
	enum sta_rc rc;

	*account_id = row->account_id;
	if (row->account_id != 0)
		return STA_OK;
	rc = insert_account(c, row, now_unix, account_id, err);
	if (rc != STA_OK)
		return rc;
	return sta_sql_run(c, err, "UPDATE repository SET account_id = $1 WHERE id = $2",
			   STA_V_INT(*account_id), STA_V_INT(row->id));
}

/* What it was granted, itself, and its namespace; the repository is gone. */
static enum sta_rc
remove_account(struct sta_db_conn *c, int64_t id, struct sta_err *err)
{
	enum sta_rc rc = sta_sql_run(
		c, err, "DELETE FROM role_grant WHERE subject_kind = 1 AND subject_id = $1", STA_V_INT(id));

	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "DELETE FROM account WHERE id = $1", STA_V_INT(id));
	return rc == STA_OK ? sta_sql_run(c, err, "DELETE FROM namespace WHERE id = $1", STA_V_INT(id)) : rc;
}

/* 0: none. */
static enum sta_rc
find_account(struct sta_db_conn *c, int64_t repository_id, int64_t *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc =
		sta_sql_one(c, &s, err, "SELECT coalesce(account_id, 0) FROM repository WHERE id = $1",
			    STA_V_INT(repository_id));

	*out = rc == STA_OK ? sta_db_int(s, 0) : 0;
	return rc == STA_NOT_FOUND ? STA_OK : rc;
}

enum sta_rc
sta_repository_insert(struct sta_db_conn *c, const struct sta_repository_row *row, int64_t *id,
		      struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc =
		sta_sql_one(c, &s, err,
			    "INSERT INTO repository(namespace_id, name, visibility, url, created)"
			    " VALUES ($1, $2, $3, $4, $5) RETURNING id",
			    STA_V_INT(row->namespace_id), STA_V_TEXT(row->name), STA_V_INT(row->visibility),
			    STA_V_TEXT(row->url), STA_V_INT(row->created_unix));

	if (rc == STA_OK)
		*id = sta_db_int(s, 0);
	return rc;
}

enum sta_rc
sta_repository_update(struct sta_db_conn *c, const struct sta_repository_row *row, struct sta_err *err)
{
	enum sta_rc rc = sta_sql_run(c, err, "UPDATE repository SET visibility = $1, url = $2 WHERE id = $3",
				     STA_V_INT(row->visibility), STA_V_TEXT(row->url), STA_V_INT(row->id));

	if (rc != STA_OK)
		return rc;
	/* Its name is among the words of packages while everybody may know it. */
	return sta_sql_run(c, err, "UPDATE package SET indexed = 0 WHERE repository_id = $1",
			   STA_V_INT(row->id));
}

enum sta_rc
sta_repository_remove(struct sta_db_conn *c, int64_t id, struct sta_err *err)
{
	int64_t account_id = 0;
	enum sta_rc rc = find_account(c, id, &account_id, err);

	if (rc == STA_OK)
		rc = sta_sql_run(
			c, err,
			"INSERT INTO role_grant(object_kind, object_id, subject_kind, subject_id, role)"
			" SELECT 1, p.id, g.subject_kind, g.subject_id, g.role FROM package p"
			" JOIN role_grant g ON g.object_kind = 2 AND g.object_id = p.repository_id"
			" WHERE p.repository_id = $1 AND p.inherits = 1"
			" ON CONFLICT (object_kind, object_id, subject_kind, subject_id)"
			" DO UPDATE SET role = excluded.role",
			STA_V_INT(id));

	if (rc == STA_OK)
		rc = sta_sql_run(c, err,
				 "UPDATE package SET repository_id = NULL, inherits = 0, indexed = 0 WHERE "
				 "repository_id = $1",
				 STA_V_INT(id));
	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "DELETE FROM role_grant WHERE object_kind = 2 AND object_id = $1",
				 STA_V_INT(id));
	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "DELETE FROM repository WHERE id = $1", STA_V_INT(id));
	return rc == STA_OK && account_id != 0 ? remove_account(c, account_id, err) : rc;
}

enum sta_rc
sta_repository_list(struct sta_db_conn *c, struct sta_arena *a, int64_t namespace_id, int64_t account_id,
		    struct sta_repository_row **out, size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_repository_row);
	enum sta_rc rc =
		sta_sql_list(c, &list, read_repository, err,
			     SELECT_REPOSITORY " WHERE $2 = 0 OR r.namespace_id = $2 ORDER BY r.name",
			     STA_V_INT(account_id), STA_V_INT(namespace_id));

	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}
