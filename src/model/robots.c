#include "model/robots.h"

#include "model/sql.h"

#define NAMESPACE_ROBOT 3
#define ACCOUNT_ROBOT 2
#define SELECT_ROBOT                                                                                         \
	"SELECT n.id, n.name, a.home_id, o.name, a.home_role, a.disabled, n.created"                         \
	" FROM namespace n JOIN account a ON a.id = n.id JOIN namespace o ON o.id = a.home_id"               \
	" WHERE a.kind = 2"

static enum sta_rc
read_robot(struct sta_arena *a, struct sta_db_stmt *s, void *out, struct sta_err *err)
{
	struct sta_robot_row got = {
		.id = sta_db_int(s, 0),
		.name = sta_sql_text(a, s, 1),
		.org_id = sta_db_int(s, 2),
		.org = sta_sql_text(a, s, 3),
		.role = sta_sql_enum(s, 4),
		.disabled = sta_db_int(s, 5) != 0,
		.created_unix = sta_db_int(s, 6),
	};

	if (!got.name || !got.org)
		return sta_err_set(err, STA_NOMEM, 0, "robot");
	*(struct sta_robot_row *) out = got;
	return STA_OK;
}

enum sta_rc
sta_robot_insert(struct sta_db_conn *c, const struct sta_robot_row *robot, int64_t *id, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	int64_t new_id;
	enum sta_rc rc = sta_sql_one(
		c, &s, err, "INSERT INTO namespace(name, kind, created) VALUES ($1, $2, $3) RETURNING id",
		STA_V_TEXT(robot->name), STA_V_INT(NAMESPACE_ROBOT), STA_V_INT(robot->created_unix));

	if (rc != STA_OK)
		return rc;
	new_id = sta_db_int(s, 0);
	sta_db_done(&s);
	rc = sta_sql_run(c, err,
			 "INSERT INTO account(id, site_admin, disabled, epoch, kind, home_id, home_role)"
			 " VALUES ($1, 0, 0, 1, $2, $3, $4)",
			 STA_V_INT(new_id), STA_V_INT(ACCOUNT_ROBOT), STA_V_INT(robot->org_id),
			 STA_V_INT(robot->role));
	if (rc == STA_OK)
		*id = new_id;
	return rc;
}

enum sta_rc
sta_robot_by_name(struct sta_db_conn *c, struct sta_arena *a, const char *name, struct sta_robot_row *out,
		  struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err, SELECT_ROBOT " AND n.name = $1", STA_V_TEXT(name));

	return rc == STA_OK ? read_robot(a, s, out, err) : rc;
}

enum sta_rc
sta_robot_list(struct sta_db_conn *c, struct sta_arena *a, int64_t org_id, struct sta_robot_row **out,
	       size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_robot_row);
	enum sta_rc rc = sta_sql_list(c, &list, read_robot, err,
				      SELECT_ROBOT " AND ($1 = 0 OR a.home_id = $1) ORDER BY n.name",
				      STA_V_INT(org_id));

	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}

enum sta_rc
sta_robot_set_role(struct sta_db_conn *c, int64_t id, enum sta_role role, struct sta_err *err)
{
	return sta_sql_run(c, err, "UPDATE account SET home_role = $1 WHERE id = $2 AND kind = 2",
			   STA_V_INT(role), STA_V_INT(id));
}

enum sta_rc
sta_robot_remove(struct sta_db_conn *c, int64_t id, struct sta_err *err)
{
	enum sta_rc rc = sta_sql_run(
		c, err, "DELETE FROM role_grant WHERE subject_kind = 1 AND subject_id = $1", STA_V_INT(id));

	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "DELETE FROM token WHERE account_id = $1", STA_V_INT(id));
	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "DELETE FROM account WHERE id = $1", STA_V_INT(id));
	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "DELETE FROM namespace WHERE id = $1", STA_V_INT(id));
	return rc;
}
