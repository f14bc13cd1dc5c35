#include "model/grants.h"

#include "model/sql.h"

enum sta_rc
sta_grant_set(struct sta_db_conn *c, struct sta_grantable object, struct sta_subject subject,
	      enum sta_role role, struct sta_err *err)
{
	return sta_sql_run(c, err,
			   "INSERT INTO role_grant(object_kind, object_id, subject_kind, subject_id, role)"
			   " VALUES ($1, $2, $3, $4, $5)"
			   " ON CONFLICT (object_kind, object_id, subject_kind, subject_id)"
			   " DO UPDATE SET role = excluded.role",
			   STA_V_INT(object.kind), STA_V_INT(object.id), STA_V_INT(subject.kind),
			   STA_V_INT(subject.id), STA_V_INT(role));
}

enum sta_rc
sta_grant_remove(struct sta_db_conn *c, struct sta_grantable object, struct sta_subject subject,
		 struct sta_err *err)
{
	enum sta_rc rc = sta_sql_run(c, err,
				     "DELETE FROM role_grant WHERE object_kind = $1 AND object_id = $2"
				     " AND subject_kind = $3 AND subject_id = $4",
				     STA_V_INT(object.kind), STA_V_INT(object.id), STA_V_INT(subject.kind),
				     STA_V_INT(subject.id));

	if (rc == STA_OK && sta_db_changes(c) == 0)
		return sta_err_set(err, STA_NOT_FOUND, 0, "no such grant");
	return rc;
}

enum sta_rc
sta_grant_remove_inheritable(struct sta_db_conn *c, struct sta_grantable object, struct sta_err *err)
{
	return sta_sql_run(c, err,
			   "DELETE FROM role_grant WHERE object_kind = $1 AND object_id = $2"
			   " AND NOT (subject_kind = 1 AND EXISTS"
			   "  (SELECT 1 FROM repository r WHERE r.account_id = role_grant.subject_id))",
			   STA_V_INT(object.kind), STA_V_INT(object.id));
}

enum sta_rc
sta_grant_copy(struct sta_db_conn *c, struct sta_grantable from, struct sta_grantable to, struct sta_err *err)
{
	return sta_sql_run(c, err,
			   "INSERT INTO role_grant(object_kind, object_id, subject_kind, subject_id, role)"
			   " SELECT $1, $2, subject_kind, subject_id, role FROM role_grant"
			   " WHERE object_kind = $3 AND object_id = $4"
			   " ON CONFLICT (object_kind, object_id, subject_kind, subject_id)"
			   " DO UPDATE SET role = excluded.role",
			   STA_V_INT(to.kind), STA_V_INT(to.id), STA_V_INT(from.kind), STA_V_INT(from.id));
}

enum sta_rc
sta_grant_remove_in(struct sta_db_conn *c, int64_t namespace_id, int64_t account_id, struct sta_err *err)
{
	enum sta_rc rc = sta_sql_run(c, err,
				     "DELETE FROM role_grant WHERE subject_kind = 1 AND subject_id = $1"
				     " AND object_kind = 1"
				     " AND object_id IN (SELECT id FROM package WHERE namespace_id = $2)",
				     STA_V_INT(account_id), STA_V_INT(namespace_id));

	if (rc != STA_OK)
		return rc;
	return sta_sql_run(c, err,
			   "DELETE FROM role_grant WHERE subject_kind = 1 AND subject_id = $1"
			   " AND object_kind = 2"
			   " AND object_id IN (SELECT id FROM repository WHERE namespace_id = $2)",
			   STA_V_INT(account_id), STA_V_INT(namespace_id));
}

static enum sta_rc
read_grant(struct sta_arena *a, struct sta_db_stmt *s, void *out, struct sta_err *err)
{
	struct sta_grant_row got = {
		.subject = { .kind = sta_sql_enum(s, 0), .id = sta_db_int(s, 1) },
		.name = sta_sql_text(a, s, 2),
		.role = sta_sql_enum(s, 3),
		.outside = sta_db_int(s, 4) != 0,
		.account_kind = sta_sql_enum(s, 5),
	};

	if (!got.name)
		return sta_err_set(err, STA_NOMEM, 0, "grant");
	*(struct sta_grant_row *) out = got;
	return STA_OK;
}

enum sta_rc
sta_grant_list(struct sta_db_conn *c, struct sta_arena *a, struct sta_grantable object, int64_t namespace_id,
	       struct sta_grant_row **out, size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_grant_row);
	enum sta_rc rc = sta_sql_list(
		c, &list, read_grant, err,
		"SELECT g.subject_kind, g.subject_id, u.name AS subject, g.role,"
		" o.id IS NOT NULL AND m.role IS NULL AND a.kind <> 3 AND coalesce(a.home_id, 0) <> o.id, "
		"a.kind"
		" FROM role_grant g JOIN namespace u ON u.id = g.subject_id JOIN account a ON a.id = u.id"
		" LEFT JOIN organization o ON o.id = $1"
		" LEFT JOIN organization_member m ON m.organization_id = o.id AND m.account_id = g.subject_id"
		" WHERE g.object_kind = $2 AND g.object_id = $3 AND g.subject_kind = 1"
		" UNION ALL"
		" SELECT g.subject_kind, g.subject_id, n.name || '/' || t.name, g.role, 1 = 0, 0"
		" FROM role_grant g JOIN team t ON t.id = g.subject_id"
		" JOIN namespace n ON n.id = t.organization_id"
		" WHERE g.object_kind = $2 AND g.object_id = $3 AND g.subject_kind = 2"
		" ORDER BY 1, 3",
		STA_V_INT(namespace_id), STA_V_INT(object.kind), STA_V_INT(object.id));

	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}

enum sta_rc
sta_grant_by_team(struct sta_db_conn *c, struct sta_arena *a, struct sta_grantable object, int64_t account_id,
		  enum sta_role *role, const char **team, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc =
		sta_sql_one(c, &s, err,
			    "SELECT g.role, n.name || '/' || t.name FROM role_grant g"
			    " JOIN team_ancestor a ON a.ancestor_id = g.subject_id"
			    " JOIN team_member m ON m.team_id = a.team_id AND m.account_id = $1"
			    " JOIN team t ON t.id = g.subject_id JOIN namespace n ON n.id = t.organization_id"
			    " WHERE g.object_kind = $2 AND g.object_id = $3 AND g.subject_kind = 2"
			    " ORDER BY g.role DESC, t.name LIMIT 1",
			    STA_V_INT(account_id), STA_V_INT(object.kind), STA_V_INT(object.id));

	*role = STA_ROLE_NONE;
	*team = "";
	if (rc == STA_NOT_FOUND)
		return STA_OK;
	if (rc != STA_OK)
		return rc;
	*role = sta_sql_enum(s, 0);
	*team = sta_sql_text(a, s, 1);
	return *team ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "team");
}
