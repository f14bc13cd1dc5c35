#include "model/trash.h"

#include "model/sql.h"
#include "model/word_index.h"

enum sta_rc
sta_trash_version(struct sta_db_conn *c, int64_t package_id, int64_t id, const struct sta_author *by,
		  struct sta_err *err)
{
	enum sta_rc rc = sta_tag_event_add_gone(c, package_id, id, by, err);

	if (rc == STA_OK)
		rc = sta_sql_run(c, err,
				 "INSERT INTO deleted_tag(manifest_id, name)"
				 " SELECT manifest_id, name FROM tag WHERE manifest_id = $1",
				 STA_V_INT(id));
	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "DELETE FROM tag WHERE manifest_id = $1", STA_V_INT(id));
	if (rc == STA_OK)
		rc = sta_sql_run(c, err,
				 "UPDATE package SET versions = versions - 1, indexed = 0 WHERE id ="
				 " (SELECT package_id FROM manifest WHERE id = $1 AND deleted = 0)",
				 STA_V_INT(id));
	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "UPDATE manifest SET deleted = $1 WHERE id = $2 AND deleted = 0",
				 STA_V_INT(by->now_unix), STA_V_INT(id));
	return rc;
}

enum sta_rc
sta_untrash_version(struct sta_db_conn *c, int64_t package_id, int64_t id, const struct sta_author *by,
		    struct sta_err *err)
{
	enum sta_rc rc = sta_tag_event_add_back(c, package_id, id, by, err);

	if (rc == STA_OK)
		rc = sta_sql_run(c, err,
				 "INSERT INTO tag(package_id, name, manifest_id, created, updated)"
				 " SELECT $1, d.name, d.manifest_id, $2, $2 FROM deleted_tag d"
				 " WHERE d.manifest_id = $3 AND NOT EXISTS"
				 " (SELECT 1 FROM tag t WHERE t.package_id = $1 AND t.name = d.name)",
				 STA_V_INT(package_id), STA_V_INT(by->now_unix), STA_V_INT(id));
	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "DELETE FROM deleted_tag WHERE manifest_id = $1", STA_V_INT(id));
	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "UPDATE manifest SET deleted = 0, updated = $1 WHERE id = $2",
				 STA_V_INT(by->now_unix), STA_V_INT(id));
	return rc == STA_OK
		       ? sta_sql_run(c, err,
				     "UPDATE package SET versions = versions + 1, indexed = 0 WHERE id = $1",
				     STA_V_INT(package_id))
		       : rc;
}

enum sta_rc
sta_trash_children(struct sta_db_conn *c, struct sta_arena *a, int64_t index_id, size_t max, int64_t **out,
		   size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, int64_t);
	enum sta_rc rc = sta_sql_list(c, &list, sta_sql_read_id, err,
				      "SELECT v.id FROM manifest_child k JOIN manifest v"
				      " ON v.package_id = k.package_id AND v.digest = k.digest"
				      " WHERE k.manifest_id = $1 AND v.deleted <> 0 LIMIT $2",
				      STA_V_INT(index_id), STA_V_INT(max));

	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}

enum sta_rc
sta_trash_users(struct sta_db_conn *c, struct sta_arena *a, int64_t package_id, int64_t blob_id, size_t max,
		int64_t **out, size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, int64_t);
	enum sta_rc rc =
		sta_sql_list(c, &list, sta_sql_read_id, err,
			     "SELECT v.id FROM manifest_blob r JOIN manifest v ON v.id = r.manifest_id"
			     " WHERE r.blob_id = $1 AND v.package_id = $2 AND v.deleted > 0 AND NOT EXISTS"
			     " (SELECT 1 FROM manifest_blob q JOIN manifest w ON w.id = q.manifest_id"
			     "  WHERE q.blob_id = $1 AND w.package_id = $2 AND w.deleted = 0) LIMIT $3",
			     STA_V_INT(blob_id), STA_V_INT(package_id), STA_V_INT(max));

	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}

enum sta_rc
sta_trash_package(struct sta_db_conn *c, int64_t id, int64_t now_unix, struct sta_err *err)
{
	enum sta_rc rc =
		sta_sql_run(c, err,
			    "UPDATE package SET name = name || '@' || id, published = 0, deleted = $1"
			    " WHERE id = $2",
			    STA_V_INT(now_unix), STA_V_INT(id));

	return rc == STA_OK ? sta_word_index(c, id, err) : rc;
}

enum sta_rc
sta_untrash_package(struct sta_db_conn *c, int64_t id, const char *name, struct sta_err *err)
{
	enum sta_rc rc =
		sta_sql_run(c, err,
			    "UPDATE package SET name = $1, deleted = 0, published = CASE WHEN EXISTS"
			    " (SELECT 1 FROM manifest v WHERE v.package_id = package.id) THEN 1 ELSE 0 END"
			    " WHERE id = $2",
			    STA_V_TEXT(name), STA_V_INT(id));

	return rc == STA_OK ? sta_word_index(c, id, err) : rc;
}

static enum sta_rc
read_item(struct sta_arena *a, struct sta_db_stmt *s, void *out, struct sta_err *err)
{
	(void) a;
	(void) err;
	*(struct sta_trash_item *) out =
		(struct sta_trash_item){ .package_id = sta_db_int(s, 0), .manifest_id = sta_db_int(s, 1) };
	return STA_OK;
}

enum sta_rc
sta_trash_due(struct sta_db_conn *c, struct sta_arena *a, int64_t until_unix, size_t max,
	      struct sta_trash_item **out, size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_trash_item);
	enum sta_rc rc = sta_sql_list(
		c, &list, read_item, err,
		"SELECT package_id, id FROM manifest WHERE deleted > 0 AND deleted <= $1"
		" UNION ALL SELECT v.package_id, v.id FROM package p JOIN manifest v ON v.package_id = p.id"
		" WHERE p.deleted > 0 AND p.deleted <= $1 AND v.deleted = 0 LIMIT $2",
		STA_V_INT(until_unix), STA_V_INT(max));

	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}

enum sta_rc
sta_trash_next_empty(struct sta_db_conn *c, int64_t until_unix, int64_t *id, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc =
		sta_sql_one(c, &s, err,
			    "SELECT p.id FROM package p WHERE p.deleted > 0 AND p.deleted <= $1"
			    " AND NOT EXISTS (SELECT 1 FROM manifest v WHERE v.package_id = p.id)"
			    " AND NOT EXISTS (SELECT 1 FROM package_blob m WHERE m.package_id = p.id)"
			    " LIMIT 1",
			    STA_V_INT(until_unix));

	if (rc == STA_OK)
		*id = sta_db_int(s, 0);
	return rc;
}
