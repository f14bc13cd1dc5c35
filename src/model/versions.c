#include "model/versions.h"

#include "model/sql.h"

#define ROW_COLUMNS                                                                                          \
	"v.id, v.digest, v.is_index, v.size, v.pulls, v.created, v.updated, v.deleted, v.description, "      \
	"v.licenses"

static enum sta_rc
read_row(struct sta_arena *a, struct sta_db_stmt *s, void *out, struct sta_err *err)
{
	struct sta_version_row got = {
		.id = sta_db_int(s, 0),
		.is_index = sta_db_int(s, 2) != 0,
		.size = (uint64_t) sta_db_int(s, 3),
		.pulls = (uint64_t) sta_db_int(s, 4),
		.created_unix = sta_db_int(s, 5),
		.updated_unix = sta_db_int(s, 6),
		.deleted_unix = sta_db_int(s, 7),
		.description = sta_sql_text(a, s, 8),
		.licenses = sta_sql_text(a, s, 9),
	};

	if ((!got.description && !sta_db_is_null(s, 8)) || (!got.licenses && !sta_db_is_null(s, 9)))
		return sta_err_set(err, STA_NOMEM, 0, "version");
	if (!sta_sql_digest(s, 1, &got.digest))
		return sta_err_set(err, STA_CORRUPT, 0, "manifest %lld has a malformed digest",
				   (long long) got.id);
	*(struct sta_version_row *) out = got;
	return STA_OK;
}

enum sta_rc
sta_version_total(struct sta_db_conn *c, const struct sta_version_query *q, uint64_t *out,
		  struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = q->deleted ? sta_sql_one(c, &s, err,
						  "SELECT count(*) FROM manifest WHERE package_id = $1"
						  " AND deleted > 0 AND deleted > $2",
						  STA_V_INT(q->package_id), STA_V_INT(q->deleted_after_unix))
				    : sta_sql_one(c, &s, err, "SELECT versions FROM package WHERE id = $1",
						  STA_V_INT(q->package_id));

	if (rc == STA_OK)
		*out = (uint64_t) sta_db_int(s, 0);
	return rc;
}

/* The newest id of the page, from the end of the list that is nearer: the index is walked up to it. */
static enum sta_rc
find_first(struct sta_db_conn *c, const struct sta_version_query *q, int64_t *id, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	bool late = q->skip > q->total / 2;
	enum sta_rc rc = late ? sta_sql_one(c, &s, err,
					    "SELECT id FROM manifest WHERE package_id = $1 AND deleted = 0"
					    " ORDER BY id LIMIT 1 OFFSET $2",
					    STA_V_INT(q->package_id), STA_V_INT(q->total - 1 - q->skip))
			      : sta_sql_one(c, &s, err,
					    "SELECT id FROM manifest WHERE package_id = $1 AND deleted = 0"
					    " ORDER BY id DESC LIMIT 1 OFFSET $2",
					    STA_V_INT(q->package_id), STA_V_INT(q->skip));

	if (rc == STA_OK)
		*id = sta_db_int(s, 0);
	return rc;
}

static enum sta_rc
list_live(struct sta_db_conn *c, const struct sta_version_query *q, struct sta_list *list,
	  struct sta_err *err)
{
	int64_t first = q->before - 1;
	enum sta_rc rc = q->before > 0 ? STA_OK : find_first(c, q, &first, err);

	if (rc == STA_NOT_FOUND)
		return STA_OK;
	return rc == STA_OK ? sta_sql_list(c, list, read_row, err,
					   "SELECT " ROW_COLUMNS " FROM manifest v WHERE v.package_id = $1"
					   " AND v.deleted = 0 AND v.id <= $2 ORDER BY v.id DESC LIMIT $3",
					   STA_V_INT(q->package_id), STA_V_INT(first), STA_V_INT(q->max))
			    : rc;
}

static enum sta_rc
list_deleted(struct sta_db_conn *c, const struct sta_version_query *q, struct sta_list *list,
	     struct sta_err *err)
{
	return sta_sql_list(c, list, read_row, err,
			    "SELECT " ROW_COLUMNS " FROM manifest v WHERE v.package_id = $1 AND v.deleted > 0"
			    " AND v.deleted > $2 AND v.id < $3 ORDER BY v.id DESC LIMIT $4 OFFSET $5",
			    STA_V_INT(q->package_id), STA_V_INT(q->deleted_after_unix),
			    STA_V_INT(q->before > 0 ? q->before : INT64_MAX), STA_V_INT(q->max),
			    STA_V_INT(q->before > 0 ? 0 : q->skip));
}

/* A row of a version's id and a tag, in the order of the versions. */
static enum sta_rc
add_tag(struct sta_arena *a, struct sta_db_stmt *s, struct sta_version_row *rows, size_t n, size_t *at,
	struct sta_list *tags, struct sta_err *err)
{
	int64_t id = sta_db_int(s, 0);
	const char **tag;

	while (*at < n && rows[*at].id > id)
		(*at)++;
	if (*at == n || rows[*at].id != id) /* too old to be restored, so not among the rows */
		return STA_OK;
	if (sta_db_int(s, 2) > rows[*at].updated_unix)
		rows[*at].updated_unix = sta_db_int(s, 2);
	if (rows[*at].n_tags == STA_VERSION_TAGS_MAX)
		return STA_OK;
	tag = sta_list_add(tags);
	if (!tag || !(*tag = sta_sql_text(a, s, 1)))
		return sta_err_set(err, STA_NOMEM, 0, "tags");
	rows[*at].n_tags++;
	return STA_OK;
}

/* All tags in one list, of which each row gets its part. */
static void
share_out(const struct sta_list *tags, struct sta_version_row *rows, size_t n)
{
	const char **next = tags->items;

	for (size_t i = 0; i < n; i++) {
		rows[i].tags = next;
		next = next ? next + rows[i].n_tags : NULL;
	}
}

/* Those of rows, which are in descending order of id. */
static enum sta_rc
read_tags(struct sta_db_conn *c, struct sta_arena *a, int64_t package_id, struct sta_version_row *rows,
	  size_t n, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	struct sta_list tags = STA_LIST(a, const char *);
	size_t at = 0;
	bool row = false;
	enum sta_rc rc;

	if (n == 0)
		return STA_OK;
	rc = rows[0].deleted_unix > 0
		     ? sta_sql_rows(c, &s, err,
				    "SELECT v.id, d.name, 0 FROM manifest v JOIN deleted_tag d"
				    " ON d.manifest_id = v.id WHERE v.package_id = $1 AND v.deleted > 0"
				    " AND v.id <= $2 AND v.id >= $3 ORDER BY v.id DESC",
				    STA_V_INT(package_id), STA_V_INT(rows[0].id), STA_V_INT(rows[n - 1].id))
		     : sta_sql_rows(c, &s, err,
				    "SELECT v.id, t.name, t.updated FROM manifest v JOIN tag t"
				    " ON t.manifest_id = v.id WHERE v.package_id = $1 AND v.deleted = 0"
				    " AND v.id <= $2 AND v.id >= $3 ORDER BY v.id DESC",
				    STA_V_INT(package_id), STA_V_INT(rows[0].id), STA_V_INT(rows[n - 1].id));
	while (rc == STA_OK && (rc = sta_db_step(s, &row, err)) == STA_OK && row)
		rc = add_tag(a, s, rows, n, &at, &tags, err);
	share_out(&tags, rows, n);
	return rc;
}

enum sta_rc
sta_version_list(struct sta_db_conn *c, struct sta_arena *a, const struct sta_version_query *q,
		 struct sta_version_row **out, size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_version_row);
	enum sta_rc rc = STA_OK;

	if (q->before > 0 || q->skip < q->total)
		rc = q->deleted ? list_deleted(c, q, &list, err) : list_live(c, q, &list, err);
	if (rc == STA_OK)
		rc = read_tags(c, a, q->package_id, list.items, list.n, err);
	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}

enum sta_rc
sta_version_row(struct sta_db_conn *c, struct sta_arena *a, int64_t package_id, int64_t id,
		struct sta_version_row *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err,
				     "SELECT " ROW_COLUMNS " FROM manifest v"
				     " WHERE v.package_id = $1 AND v.id = $2",
				     STA_V_INT(package_id), STA_V_INT(id));

	if (rc == STA_OK)
		rc = read_row(a, s, out, err);
	return rc == STA_OK ? read_tags(c, a, package_id, out, 1, err) : rc;
}

enum sta_rc
sta_version_add_pulls(struct sta_db_conn *c, int64_t id, uint64_t n, bool whole, struct sta_err *err)
{
	enum sta_rc rc = sta_sql_run(c, err, "UPDATE manifest SET pulls = pulls + $1 WHERE id = $2",
				     STA_V_INT(n), STA_V_INT(id));

	return rc == STA_OK && whole
		       ? sta_sql_run(c, err,
				     "UPDATE package SET pulls = pulls + $1"
				     " WHERE id = (SELECT package_id FROM manifest WHERE id = $2)",
				     STA_V_INT(n), STA_V_INT(id))
		       : rc;
}

enum sta_rc
sta_version_popular(struct sta_db_conn *c, int64_t package_id, int64_t id, uint64_t pulls, bool *out,
		    struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = id == 0 ? sta_sql_one(c, &s, err,
					       "SELECT EXISTS (SELECT 1 FROM manifest WHERE package_id = $1"
					       " AND deleted = 0 AND pulls > $2)",
					       STA_V_INT(package_id), STA_V_INT(pulls))
				 : sta_sql_one(c, &s, err,
					       "SELECT EXISTS (SELECT 1 FROM manifest WHERE id = $1"
					       " AND package_id = $2 AND pulls > $3)",
					       STA_V_INT(id), STA_V_INT(package_id), STA_V_INT(pulls));

	if (rc == STA_OK)
		*out = sta_db_int(s, 0) != 0;
	return rc;
}

#define ALONE                                                                                                \
	" AND v.deleted = 0 AND NOT EXISTS (SELECT 1 FROM tag t WHERE t.manifest_id = v.id)"                 \
	" AND NOT EXISTS (SELECT 1 FROM manifest_child k JOIN manifest w ON w.id = k.manifest_id"            \
	"  WHERE k.package_id = v.package_id AND k.digest = v.digest AND w.deleted = 0)"

enum sta_rc
sta_version_dependents(struct sta_db_conn *c, struct sta_arena *a, const struct sta_dependents_query *q,
		       int64_t **out, size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, int64_t);
	enum sta_rc rc = sta_sql_list(c, &list, sta_sql_read_id, err,
				      "SELECT v.id FROM manifest_child x JOIN manifest v"
				      " ON v.package_id = x.package_id AND v.digest = x.digest"
				      " WHERE x.manifest_id = $1 AND v.pulls <= $2" ALONE " UNION ALL"
				      " SELECT v.id FROM manifest v WHERE v.package_id = $3 AND v.subject ="
				      " (SELECT digest FROM manifest WHERE id = $1) AND NOT EXISTS"
				      " (SELECT 1 FROM manifest_child y WHERE y.package_id = $3"
				      "  AND y.digest = v.digest AND y.manifest_id = $1)"
				      " AND v.pulls <= $2" ALONE " LIMIT $4",
				      STA_V_INT(q->id), STA_V_INT(q->most_pulls), STA_V_INT(q->package_id),
				      STA_V_INT(q->max));

	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}
