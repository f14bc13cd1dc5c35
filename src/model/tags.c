#include "model/tags.h"

#include "model/sql.h"

/* What the tag points to; 0: there is none. */
static enum sta_rc
find_target(struct sta_db_conn *c, int64_t package_id, const char *name, int64_t *id, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc =
		sta_sql_one(c, &s, err, "SELECT manifest_id FROM tag WHERE package_id = $1 AND name = $2",
			    STA_V_INT(package_id), STA_V_TEXT(name));

	*id = rc == STA_OK ? sta_db_int(s, 0) : 0;
	return rc == STA_NOT_FOUND ? STA_OK : rc;
}

/* A tag left it: of one that came, the tag's own row tells. */
static enum sta_rc
touch(struct sta_db_conn *c, int64_t manifest_id, int64_t now_unix, struct sta_err *err)
{
	return sta_sql_run(c, err, "UPDATE manifest SET updated = $1 WHERE id = $2", STA_V_INT(now_unix),
			   STA_V_INT(manifest_id));
}

enum sta_rc
sta_tag_set(struct sta_db_conn *c, int64_t package_id, const char *name, int64_t manifest_id,
	    int64_t now_unix, struct sta_err *err)
{
	int64_t old = 0;
	enum sta_rc rc = find_target(c, package_id, name, &old, err);

	if (rc != STA_OK || old == manifest_id)
		return rc;
	rc = sta_sql_run(c, err,
			 "INSERT INTO tag(package_id, name, manifest_id, created, updated)"
			 " VALUES ($1, $2, $3, $4, $4)"
			 " ON CONFLICT (package_id, name) DO UPDATE"
			 " SET manifest_id = excluded.manifest_id, updated = excluded.updated",
			 STA_V_INT(package_id), STA_V_TEXT(name), STA_V_INT(manifest_id),
			 STA_V_INT(now_unix));
	return rc == STA_OK && old != 0 ? touch(c, old, now_unix, err) : rc;
}

enum sta_rc
sta_tag_remove(struct sta_db_conn *c, int64_t package_id, const char *name, int64_t now_unix,
	       struct sta_err *err)
{
	int64_t id = 0;
	enum sta_rc rc = find_target(c, package_id, name, &id, err);

	if (rc == STA_OK && id == 0)
		return sta_err_set(err, STA_NOT_FOUND, 0, "no such tag");
	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "DELETE FROM tag WHERE package_id = $1 AND name = $2",
				 STA_V_INT(package_id), STA_V_TEXT(name));
	return rc == STA_OK ? touch(c, id, now_unix, err) : rc;
}

static enum sta_rc
read_name(struct sta_arena *a, struct sta_db_stmt *s, void *out, struct sta_err *err)
{
	const char *name = sta_sql_text(a, s, 0);

	if (!name)
		return sta_err_set(err, STA_NOMEM, 0, "tag");
	*(const char **) out = name;
	return STA_OK;
}

enum sta_rc
sta_tag_page(struct sta_db_conn *c, struct sta_arena *a, int64_t package_id, const char *last, size_t max,
	     const char ***out, size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, const char *);
	enum sta_rc rc = sta_sql_list(c, &list, read_name, err,
				      "SELECT name FROM tag WHERE package_id = $1 AND name > $2"
				      " ORDER BY name LIMIT $3",
				      STA_V_INT(package_id), STA_V_TEXT(last), STA_V_INT(max));

	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}

enum sta_rc
sta_tag_on_another(struct sta_db_conn *c, int64_t package_id, int64_t manifest_id, bool *out,
		   struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(
		c, &s, err, "SELECT EXISTS (SELECT 1 FROM tag WHERE package_id = $1 AND manifest_id <> $2)",
		STA_V_INT(package_id), STA_V_INT(manifest_id));

	if (rc == STA_OK)
		*out = sta_db_int(s, 0) != 0;
	return rc;
}
