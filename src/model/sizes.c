#include "model/sizes.h"

#include "model/sql.h"

static enum sta_rc
read_blob(struct sta_arena *a, struct sta_db_stmt *s, void *out, struct sta_err *err)
{
	struct sta_sized_blob *b = out;

	(void) a;
	b->id = sta_db_int(s, 0);
	b->size = (uint64_t) sta_db_int(s, 1);
	return sta_sql_digest(s, 2, &b->digest)
		       ? STA_OK
		       : sta_err_set(err, STA_CORRUPT, 0, "blob %lld has a malformed digest",
				     (long long) b->id);
}

static enum sta_rc
read_version(struct sta_arena *a, struct sta_db_stmt *s, void *out, struct sta_err *err)
{
	struct sta_sized_version *v = out;

	(void) a;
	(void) err;
	v->id = sta_db_int(s, 0);
	v->size = (uint64_t) sta_db_int(s, 1);
	return STA_OK;
}

enum sta_rc
sta_size_versions(struct sta_db_conn *c, int64_t package_id, uint64_t *n, uint64_t *bytes,
		  struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err,
				     "SELECT count(*), coalesce(sum(size), 0) FROM manifest"
				     " WHERE package_id = $1 AND deleted = 0",
				     STA_V_INT(package_id));

	if (rc != STA_OK)
		return rc;
	*n = (uint64_t) sta_db_int(s, 0);
	*bytes = (uint64_t) sta_db_int(s, 1);
	return STA_OK;
}

enum sta_rc
sta_size_package_blobs(struct sta_db_conn *c, struct sta_arena *a, int64_t package_id, int64_t after,
		       size_t max, struct sta_sized_blob **out, size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_sized_blob);
	enum sta_rc rc = sta_sql_list(
		c, &list, read_blob, err,
		"SELECT b.id, b.size, b.digest FROM package_blob m JOIN blob b ON b.id = m.blob_id"
		" WHERE m.package_id = $1 AND m.blob_id > $2 AND m.refs > 0 AND EXISTS"
		" (SELECT 1 FROM manifest_blob r JOIN manifest v ON v.id = r.manifest_id"
		"  WHERE r.blob_id = m.blob_id AND v.package_id = $1 AND v.deleted = 0)"
		" ORDER BY m.blob_id LIMIT $3",
		STA_V_INT(package_id), STA_V_INT(after), STA_V_INT(max));

	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}

enum sta_rc
sta_size_version_blobs(struct sta_db_conn *c, struct sta_arena *a, int64_t version_id,
		       struct sta_sized_blob **out, size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_sized_blob);
	enum sta_rc rc = sta_sql_list(c, &list, read_blob, err,
				      "SELECT b.id, b.size, b.digest FROM manifest_blob r"
				      " JOIN blob b ON b.id = r.blob_id WHERE r.manifest_id = $1",
				      STA_V_INT(version_id));

	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}

enum sta_rc
sta_size_listed(struct sta_db_conn *c, struct sta_arena *a, int64_t version_id,
		struct sta_sized_version **out, size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_sized_version);
	enum sta_rc rc = sta_sql_list(c, &list, read_version, err,
				      "SELECT v.id, v.size FROM manifest_child x JOIN manifest v"
				      " ON v.package_id = x.package_id AND v.digest = x.digest"
				      " WHERE x.manifest_id = $1 AND v.deleted = 0",
				      STA_V_INT(version_id));

	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}

#define MIGHT_GO                                                                                             \
	" AND v.deleted = 0 AND v.pulls <= $2 AND NOT EXISTS (SELECT 1 FROM tag t WHERE t.manifest_id = "    \
	"v.id)"

enum sta_rc
sta_size_dependents(struct sta_db_conn *c, struct sta_arena *a, int64_t version_id, uint64_t most_pulls,
		    struct sta_sized_version **out, size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_sized_version);
	enum sta_rc rc = sta_sql_list(c, &list, read_version, err,
				      "SELECT v.id, v.size FROM manifest_child x JOIN manifest v"
				      " ON v.package_id = x.package_id AND v.digest = x.digest"
				      " WHERE x.manifest_id = $1" MIGHT_GO " UNION ALL"
				      " SELECT v.id, v.size FROM manifest x JOIN manifest v"
				      " ON v.package_id = x.package_id AND v.subject = x.digest"
				      " WHERE x.id = $1" MIGHT_GO,
				      STA_V_INT(version_id), STA_V_INT(most_pulls));

	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}

enum sta_rc
sta_size_parents(struct sta_db_conn *c, struct sta_arena *a, int64_t version_id, int64_t **out, size_t *n,
		 struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, int64_t);
	enum sta_rc rc = sta_sql_list(c, &list, sta_sql_read_id, err,
				      "SELECT w.id FROM manifest v JOIN manifest_child k"
				      " ON k.package_id = v.package_id AND k.digest = v.digest"
				      " JOIN manifest w ON w.id = k.manifest_id"
				      " WHERE v.id = $1 AND w.deleted = 0",
				      STA_V_INT(version_id));

	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}

enum sta_rc
sta_size_kept(struct sta_db_conn *c, int64_t package_id, int64_t blob_id, sta_size_keep_fn *keep, void *arg,
	      bool *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	bool row = false;
	bool kept = false;
	enum sta_rc rc = sta_sql_rows(c, &s, err,
				      "SELECT v.id FROM manifest_blob r JOIN manifest v"
				      " ON v.id = r.manifest_id WHERE r.blob_id = $1"
				      " AND v.package_id = $2 AND v.deleted = 0",
				      STA_V_INT(blob_id), STA_V_INT(package_id));

	while (rc == STA_OK && !kept && (rc = sta_db_step(s, &row, err)) == STA_OK && row)
		kept = keep(arg, sta_db_int(s, 0));
	if (rc == STA_OK)
		*out = kept;
	return rc;
}

enum sta_rc
sta_size_used_in(struct sta_db_conn *c, int64_t package_id, int64_t blob_id, bool *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err,
				     "SELECT EXISTS (SELECT 1 FROM manifest_blob r JOIN manifest v"
				     " ON v.id = r.manifest_id WHERE r.blob_id = $1 AND v.package_id = $2"
				     " AND v.deleted = 0)",
				     STA_V_INT(blob_id), STA_V_INT(package_id));

	if (rc == STA_OK)
		*out = sta_db_int(s, 0) != 0;
	return rc;
}

/* Most blobs are held by one package: of these no user is looked at. */
enum sta_rc
sta_size_used_elsewhere(struct sta_db_conn *c, int64_t package_id, int64_t blob_id, bool *out,
			struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(
		c, &s, err,
		"SELECT CASE WHEN EXISTS"
		" (SELECT 1 FROM package_blob WHERE blob_id = $1 AND package_id <> $2)"
		" THEN EXISTS (SELECT 1 FROM manifest_blob r JOIN manifest v ON v.id = r.manifest_id"
		"  JOIN package p ON p.id = v.package_id WHERE r.blob_id = $1"
		"  AND v.package_id <> $2 AND v.deleted = 0 AND p.deleted = 0) ELSE 0 END",
		STA_V_INT(blob_id), STA_V_INT(package_id));

	if (rc == STA_OK)
		*out = sta_db_int(s, 0) != 0;
	return rc;
}
