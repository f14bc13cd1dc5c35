#include "model/orgs.h"

#include "model/sql.h"

#define NAMESPACE_ORG 2
#define SELECT_ORG                                                                                           \
	"SELECT o.id, n.name, o.visibility, o.creates, n.created, coalesce(m.role, 0), o.inherits,"          \
	" o.creators, coalesce(o.creator_team_id, 0), coalesce(t.name, '')"                                  \
	" FROM organization o JOIN namespace n ON n.id = o.id"                                               \
	" LEFT JOIN team t ON t.id = o.creator_team_id"                                                      \
	" LEFT JOIN organization_member m ON m.organization_id = o.id AND m.account_id = $1"

static enum sta_rc
read_org(struct sta_arena *a, struct sta_db_stmt *s, void *out, struct sta_err *err)
{
	struct sta_org_row got = {
		.id = sta_db_int(s, 0),
		.name = sta_sql_text(a, s, 1),
		.visibility = sta_sql_enum(s, 2),
		.creates = (unsigned) sta_db_int(s, 3),
		.created_unix = sta_db_int(s, 4),
		.member = sta_sql_enum(s, 5),
		.inherits = sta_db_int(s, 6) != 0,
		.creators = sta_sql_enum(s, 7),
		.creator_team_id = sta_db_int(s, 8),
		.creator_team = sta_sql_text(a, s, 9),
	};

	if (!got.name || !got.creator_team)
		return sta_err_set(err, STA_NOMEM, 0, "organization");
	*(struct sta_org_row *) out = got;
	return STA_OK;
}

enum sta_rc
sta_org_by_name(struct sta_db_conn *c, struct sta_arena *a, const char *name, int64_t account_id,
		struct sta_org_row *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err, SELECT_ORG " WHERE n.name = $2", STA_V_INT(account_id),
				     STA_V_TEXT(name));

	return rc == STA_OK ? read_org(a, s, out, err) : rc;
}

enum sta_rc
sta_org_insert(struct sta_db_conn *c, const struct sta_org_row *org, int64_t *id, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	int64_t new_id;
	enum sta_rc rc = sta_sql_one(
		c, &s, err, "INSERT INTO namespace(name, kind, created) VALUES ($1, $2, $3) RETURNING id",
		STA_V_TEXT(org->name), STA_V_INT(NAMESPACE_ORG), STA_V_INT(org->created_unix));

	if (rc != STA_OK)
		return rc;
	new_id = sta_db_int(s, 0);
	sta_db_done(&s);
	rc = sta_sql_run(
		c, err, "INSERT INTO organization(id, visibility, creates, inherits) VALUES ($1, $2, $3, $4)",
		STA_V_INT(new_id), STA_V_INT(org->visibility), STA_V_INT(org->creates),
		STA_V_INT(org->inherits));
	if (rc == STA_OK)
		*id = new_id;
	return rc;
}

enum sta_rc
sta_org_update(struct sta_db_conn *c, const struct sta_org_row *org, struct sta_err *err)
{
	return sta_sql_run(
		c, err,
		"UPDATE organization SET visibility = $1, creates = $2, inherits = $3, creators = $4,"
		" creator_team_id = $5 WHERE id = $6",
		STA_V_INT(org->visibility), STA_V_INT(org->creates), STA_V_INT(org->inherits),
		STA_V_INT(org->creators),
		org->creator_team_id != 0 ? STA_V_INT(org->creator_team_id) : STA_V_NULL, STA_V_INT(org->id));
}

enum sta_rc
sta_org_list(struct sta_db_conn *c, struct sta_arena *a, int64_t account_id, struct sta_org_row **out,
	     size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_org_row);
	enum sta_rc rc =
		sta_sql_list(c, &list, read_org, err,
			     SELECT_ORG " WHERE $1 = 0 OR m.role > 0 ORDER BY n.name", STA_V_INT(account_id));

	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}

enum sta_rc
sta_org_member_set(struct sta_db_conn *c, int64_t org_id, int64_t account_id, enum sta_org_role role,
		   int64_t now_unix, struct sta_err *err)
{
	return sta_sql_run(c, err,
			   "INSERT INTO organization_member(organization_id, account_id, role, created)"
			   " VALUES ($1, $2, $3, $4)"
			   " ON CONFLICT (organization_id, account_id) DO UPDATE SET role = excluded.role",
			   STA_V_INT(org_id), STA_V_INT(account_id), STA_V_INT(role), STA_V_INT(now_unix));
}

enum sta_rc
sta_org_member_remove(struct sta_db_conn *c, int64_t org_id, int64_t account_id, struct sta_err *err)
{
	enum sta_rc rc = sta_sql_run(c, err,
				     "DELETE FROM organization_member"
				     " WHERE organization_id = $1 AND account_id = $2",
				     STA_V_INT(org_id), STA_V_INT(account_id));

	if (rc == STA_OK && sta_db_changes(c) == 0)
		return sta_err_set(err, STA_NOT_FOUND, 0, "no such member");
	if (rc != STA_OK)
		return rc;
	return sta_sql_run(c, err,
			   "DELETE FROM team_member WHERE account_id = $1"
			   " AND team_id IN (SELECT id FROM team WHERE organization_id = $2)",
			   STA_V_INT(account_id), STA_V_INT(org_id));
}

static enum sta_rc
read_member(struct sta_arena *a, struct sta_db_stmt *s, void *out, struct sta_err *err)
{
	struct sta_org_member got = {
		.account_id = sta_db_int(s, 0),
		.name = sta_sql_text(a, s, 1),
		.role = sta_sql_enum(s, 2),
		.created_unix = sta_db_int(s, 3),
		.site_admin = sta_db_int(s, 4) != 0,
	};

	if (!got.name)
		return sta_err_set(err, STA_NOMEM, 0, "member");
	*(struct sta_org_member *) out = got;
	return STA_OK;
}

enum sta_rc
sta_org_member_list(struct sta_db_conn *c, struct sta_arena *a, int64_t org_id, struct sta_org_member **out,
		    size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_org_member);
	enum sta_rc rc = sta_sql_list(c, &list, read_member, err,
				      "SELECT m.account_id, n.name, m.role, m.created, u.site_admin"
				      " FROM organization_member m JOIN namespace n ON n.id = m.account_id"
				      " JOIN account u ON u.id = m.account_id"
				      " WHERE m.organization_id = $1 ORDER BY n.name",
				      STA_V_INT(org_id));

	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}

enum sta_rc
sta_org_other_owners(struct sta_db_conn *c, int64_t org_id, int64_t account_id, int64_t *n,
		     struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err,
				     "SELECT count(*) FROM organization_member"
				     " WHERE organization_id = $1 AND role = 2 AND account_id <> $2",
				     STA_V_INT(org_id), STA_V_INT(account_id));

	if (rc == STA_OK)
		*n = sta_db_int(s, 0);
	return rc;
}

enum sta_rc
sta_namespace_find(struct sta_db_conn *c, const char *name, int64_t account_id, struct sta_namespace *out,
		   struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(
		c, &s, err,
		"SELECT n.id, n.kind, coalesce(o.visibility, u.visibility, 0), coalesce(o.creates, 0),"
		" coalesce(m.role, 0), coalesce(o.inherits, u.inherits, 1),"
		" o.creators = 1 OR (o.creators = 2 AND EXISTS (SELECT 1 FROM team_ancestor a"
		"  JOIN team_member i ON i.team_id = a.team_id"
		"  WHERE a.ancestor_id = o.creator_team_id AND i.account_id = $1))"
		" FROM namespace n LEFT JOIN organization o ON o.id = n.id"
		" LEFT JOIN account u ON u.id = n.id"
		" LEFT JOIN organization_member m ON m.organization_id = n.id AND m.account_id = $1"
		" WHERE n.name = $2",
		STA_V_INT(account_id), STA_V_TEXT(name));

	if (rc != STA_OK)
		return rc;
	*out = (struct sta_namespace){
		.id = sta_db_int(s, 0),
		.is_org = sta_db_int(s, 1) == NAMESPACE_ORG,
		.visibility = sta_sql_enum(s, 2),
		.creates = (unsigned) sta_db_int(s, 3),
		.member = sta_sql_enum(s, 4),
		.inherits = sta_db_int(s, 5) != 0,
		.creator = sta_db_int(s, 6) == 1,
	};
	return STA_OK;
}
