#include "model/teams.h"

#include "model/sql.h"

#define SELECT_TEAM                                                                                          \
	"SELECT t.id, t.organization_id, t.name, t.description, coalesce(t.parent_id, 0), p.name,"           \
	" (SELECT count(*) FROM team_member m WHERE m.team_id = t.id), t.created, coalesce(m.maintainer, 0)" \
	" FROM team t LEFT JOIN team p ON p.id = t.parent_id"                                                \
	" LEFT JOIN team_member m ON m.team_id = t.id AND m.account_id = $1"

static enum sta_rc
read_team(struct sta_arena *a, struct sta_db_stmt *s, void *out, struct sta_err *err)
{
	struct sta_team_row got = {
		.id = sta_db_int(s, 0),
		.org_id = sta_db_int(s, 1),
		.name = sta_sql_text(a, s, 2),
		.description = sta_sql_text(a, s, 3),
		.parent_id = sta_db_int(s, 4),
		.parent = sta_sql_text(a, s, 5),
		.members = sta_db_int(s, 6),
		.created_unix = sta_db_int(s, 7),
		.maintained = sta_db_int(s, 8) != 0,
	};

	if (!got.name || !got.description || (!got.parent && got.parent_id != 0))
		return sta_err_set(err, STA_NOMEM, 0, "team");
	*(struct sta_team_row *) out = got;
	return STA_OK;
}

enum sta_rc
sta_team_by_name(struct sta_db_conn *c, struct sta_arena *a, int64_t org_id, const char *name,
		 int64_t account_id, struct sta_team_row *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err, SELECT_TEAM " WHERE t.organization_id = $2 AND t.name = $3",
				     STA_V_INT(account_id), STA_V_INT(org_id), STA_V_TEXT(name));

	return rc == STA_OK ? read_team(a, s, out, err) : rc;
}

enum sta_rc
sta_team_insert(struct sta_db_conn *c, const struct sta_team_row *team, int64_t *id, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	int64_t new_id;
	enum sta_rc rc =
		sta_sql_one(c, &s, err,
			    "INSERT INTO team(organization_id, name, description, parent_id, created)"
			    " VALUES ($1, $2, $3, NULL, $4) RETURNING id",
			    STA_V_INT(team->org_id), STA_V_TEXT(team->name), STA_V_TEXT(team->description),
			    STA_V_INT(team->created_unix));

	if (rc != STA_OK)
		return rc;
	new_id = sta_db_int(s, 0);
	sta_db_done(&s);
	rc = sta_sql_run(c, err, "INSERT INTO team_ancestor(ancestor_id, team_id) VALUES ($1, $1)",
			 STA_V_INT(new_id));
	if (rc == STA_OK)
		*id = new_id;
	return rc;
}

/* How deep the deepest team below id would be, were id below parent_id; -1: parent_id is below id. */
static enum sta_rc
depth_below(struct sta_db_conn *c, int64_t id, int64_t parent_id, int64_t *depth, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(
		c, &s, err,
		"SELECT (SELECT count(*) FROM team_ancestor WHERE ancestor_id = $1 AND team_id = $2),"
		" (SELECT count(*) FROM team_ancestor WHERE team_id = $2) +"
		" (SELECT max(above) FROM (SELECT count(*) AS above FROM team_ancestor d"
		"   JOIN team_ancestor b ON b.team_id = d.team_id"
		"   JOIN team_ancestor i ON i.team_id = b.ancestor_id AND i.ancestor_id = $1"
		"   WHERE d.ancestor_id = $1 GROUP BY d.team_id) AS counts)",
		STA_V_INT(id), STA_V_INT(parent_id));

	if (rc == STA_OK)
		*depth = sta_db_int(s, 0) > 0 ? -1 : sta_db_int(s, 1);
	return rc;
}

static enum sta_rc
check_move(struct sta_db_conn *c, int64_t id, int64_t parent_id, struct sta_err *err)
{
	int64_t depth = 0;
	enum sta_rc rc = depth_below(c, id, parent_id, &depth, err);

	if (rc == STA_OK && depth < 0)
		return sta_err_set(err, STA_INVALID, 0, "a team cannot be below itself");
	if (rc == STA_OK && depth > STA_TEAM_DEPTH_MAX)
		return sta_err_set(err, STA_INVALID, 0, "teams nest at most %d deep", STA_TEAM_DEPTH_MAX);
	return rc;
}

enum sta_rc
sta_team_move(struct sta_db_conn *c, int64_t id, int64_t parent_id, struct sta_err *err)
{
	enum sta_rc rc = parent_id != 0 ? check_move(c, id, parent_id, err) : STA_OK;

	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "UPDATE team SET parent_id = $1 WHERE id = $2",
				 parent_id != 0 ? STA_V_INT(parent_id) : STA_V_NULL, STA_V_INT(id));
	if (rc == STA_OK)
		rc = sta_sql_run(
			c, err,
			"DELETE FROM team_ancestor WHERE"
			" team_id IN (SELECT team_id FROM team_ancestor WHERE ancestor_id = $1) AND"
			" ancestor_id NOT IN (SELECT team_id FROM team_ancestor WHERE ancestor_id = $1)",
			STA_V_INT(id));
	if (rc == STA_OK)
		rc = sta_sql_run(c, err,
				 "INSERT INTO team_ancestor(ancestor_id, team_id)"
				 " SELECT a.ancestor_id, d.team_id FROM team_ancestor a"
				 " JOIN team_ancestor d ON d.ancestor_id = $1 WHERE a.team_id = $2",
				 STA_V_INT(id), STA_V_INT(parent_id));
	return rc;
}

enum sta_rc
sta_team_describe(struct sta_db_conn *c, int64_t id, const char *description, struct sta_err *err)
{
	return sta_sql_run(c, err, "UPDATE team SET description = $1 WHERE id = $2", STA_V_TEXT(description),
			   STA_V_INT(id));
}

static enum sta_rc
check_alone(struct sta_db_conn *c, int64_t id, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc =
		sta_sql_one(c, &s, err, "SELECT count(*) FROM team WHERE parent_id = $1", STA_V_INT(id));

	if (rc == STA_OK && sta_db_int(s, 0) > 0)
		return sta_err_set(err, STA_CONFLICT, 0,
				   "there are teams below it; move or delete them first");
	return rc;
}

enum sta_rc
sta_team_remove(struct sta_db_conn *c, int64_t id, struct sta_err *err)
{
	enum sta_rc rc = check_alone(c, id, err);

	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "DELETE FROM role_grant WHERE subject_kind = 2 AND subject_id = $1",
				 STA_V_INT(id));
	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "DELETE FROM team_member WHERE team_id = $1", STA_V_INT(id));
	if (rc == STA_OK) /* whose members alone made packages: from now on the owners */
		rc = sta_sql_run(c, err,
				 "UPDATE organization SET creators = 3, creator_team_id = NULL"
				 " WHERE creator_team_id = $1",
				 STA_V_INT(id));
	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "DELETE FROM team_ancestor WHERE team_id = $1", STA_V_INT(id));
	return rc == STA_OK ? sta_sql_run(c, err, "DELETE FROM team WHERE id = $1", STA_V_INT(id)) : rc;
}

enum sta_rc
sta_team_list(struct sta_db_conn *c, struct sta_arena *a, int64_t org_id, struct sta_team_row **out,
	      size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_team_row);
	enum sta_rc rc = sta_sql_list(c, &list, read_team, err,
				      SELECT_TEAM " WHERE t.organization_id = $2 ORDER BY t.name",
				      STA_V_INT(0), STA_V_INT(org_id));

	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}

enum sta_rc
sta_team_member_set(struct sta_db_conn *c, int64_t team_id, int64_t account_id, bool maintainer,
		    int64_t now_unix, struct sta_err *err)
{
	return sta_sql_run(
		c, err,
		"INSERT INTO team_member(team_id, account_id, maintainer, created)"
		" VALUES ($1, $2, $3, $4)"
		" ON CONFLICT (team_id, account_id) DO UPDATE SET maintainer = excluded.maintainer",
		STA_V_INT(team_id), STA_V_INT(account_id), STA_V_INT(maintainer), STA_V_INT(now_unix));
}

enum sta_rc
sta_team_member_remove(struct sta_db_conn *c, int64_t team_id, int64_t account_id, struct sta_err *err)
{
	enum sta_rc rc = sta_sql_run(c, err, "DELETE FROM team_member WHERE team_id = $1 AND account_id = $2",
				     STA_V_INT(team_id), STA_V_INT(account_id));

	if (rc == STA_OK && sta_db_changes(c) == 0)
		return sta_err_set(err, STA_NOT_FOUND, 0, "no such member");
	return rc;
}

static enum sta_rc
read_member(struct sta_arena *a, struct sta_db_stmt *s, void *out, struct sta_err *err)
{
	struct sta_team_member got = {
		.account_id = sta_db_int(s, 0),
		.name = sta_sql_text(a, s, 1),
		.maintainer = sta_db_int(s, 2) != 0,
		.created_unix = sta_db_int(s, 3),
		.site_admin = sta_db_int(s, 4) != 0,
	};

	if (!got.name)
		return sta_err_set(err, STA_NOMEM, 0, "member");
	*(struct sta_team_member *) out = got;
	return STA_OK;
}

enum sta_rc
sta_team_member_list(struct sta_db_conn *c, struct sta_arena *a, int64_t team_id,
		     struct sta_team_member **out, size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_team_member);
	enum sta_rc rc = sta_sql_list(c, &list, read_member, err,
				      "SELECT m.account_id, n.name, m.maintainer, m.created, u.site_admin"
				      " FROM team_member m JOIN namespace n ON n.id = m.account_id"
				      " JOIN account u ON u.id = m.account_id"
				      " WHERE m.team_id = $1 ORDER BY n.name",
				      STA_V_INT(team_id));

	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}
