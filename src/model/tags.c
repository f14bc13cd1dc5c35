#include "model/tags.h"

#include "model/sql.h"

enum sta_rc
sta_tag_set(struct sta_db_conn *c, int64_t package_id, const char *name, int64_t manifest_id,
	    int64_t now_unix, struct sta_err *err)
{
	return sta_sql_run(c, err,
			   "INSERT INTO tag(package_id, name, manifest_id, created, updated)"
			   " VALUES ($1, $2, $3, $4, $4)"
			   " ON CONFLICT (package_id, name) DO UPDATE"
			   " SET manifest_id = excluded.manifest_id, updated = excluded.updated"
			   " WHERE tag.manifest_id <> excluded.manifest_id",
			   STA_V_INT(package_id), STA_V_TEXT(name), STA_V_INT(manifest_id),
			   STA_V_INT(now_unix));
}

enum sta_rc
sta_tag_remove(struct sta_db_conn *c, int64_t package_id, const char *name, struct sta_err *err)
{
	enum sta_rc rc = sta_sql_run(c, err, "DELETE FROM tag WHERE package_id = $1 AND name = $2",
				     STA_V_INT(package_id), STA_V_TEXT(name));

	if (rc == STA_OK && sta_db_changes(c) == 0)
		return sta_err_set(err, STA_NOT_FOUND, 0, "no such tag");
	return rc;
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
