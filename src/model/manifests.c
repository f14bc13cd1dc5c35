#include "model/manifests.h"

#include <string.h>

#include "model/sql.h"

#define VERSION_COLUMNS                                                                                      \
	"v.id, v.digest, v.media_type, v.artifact_type, v.annotations, v.subject, v.is_index, v.size, "      \
	"v.created"

static enum sta_rc
read_version(struct sta_arena *a, struct sta_db_stmt *s, struct sta_version *out, struct sta_err *err)
{
	struct sta_version got = {
		.id = sta_db_int(s, 0),
		.media_type = sta_sql_text(a, s, 2),
		.artifact_type = sta_sql_text(a, s, 3),
		.annotations = sta_sql_text(a, s, 4),
		.has_subject = !sta_db_is_null(s, 5),
		.is_index = sta_db_int(s, 6) != 0,
		.size = (uint64_t) sta_db_int(s, 7),
		.created_unix = sta_db_int(s, 8),
	};

	if (!got.media_type || (!got.artifact_type && !sta_db_is_null(s, 3)) ||
	    (!got.annotations && !sta_db_is_null(s, 4)))
		return sta_err_set(err, STA_NOMEM, 0, "manifest");
	if (!sta_sql_digest(s, 1, &got.digest) || (got.has_subject && !sta_sql_digest(s, 5, &got.subject)))
		return sta_err_set(err, STA_CORRUPT, 0, "manifest %lld has a malformed digest",
				   (long long) got.id);
	*out = got;
	return STA_OK;
}

enum sta_rc
sta_version_any(struct sta_db_conn *c, struct sta_arena *a, int64_t package_id, const struct sta_digest *d,
		struct sta_version *out, bool *deleted, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	struct sta_key key = sta_key_of(d);
	enum sta_rc rc = sta_sql_one(c, &s, err,
				     "SELECT " VERSION_COLUMNS ", v.deleted FROM manifest v"
				     " WHERE v.package_id = $1 AND v.digest = $2",
				     STA_V_INT(package_id), STA_V_KEY(&key));

	if (rc != STA_OK)
		return rc;
	*deleted = sta_db_int(s, 9) != 0;
	return read_version(a, s, out, err);
}

enum sta_rc
sta_version_by_digest(struct sta_db_conn *c, struct sta_arena *a, int64_t package_id,
		      const struct sta_digest *d, struct sta_version *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	struct sta_key key = sta_key_of(d);
	enum sta_rc rc = sta_sql_one(c, &s, err,
				     "SELECT " VERSION_COLUMNS " FROM manifest v"
				     " WHERE v.package_id = $1 AND v.digest = $2 AND v.deleted = 0",
				     STA_V_INT(package_id), STA_V_KEY(&key));

	return rc == STA_OK ? read_version(a, s, out, err) : rc;
}

enum sta_rc
sta_version_by_tag(struct sta_db_conn *c, struct sta_arena *a, int64_t package_id, const char *tag,
		   struct sta_version *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc =
		sta_sql_one(c, &s, err,
			    "SELECT " VERSION_COLUMNS " FROM tag t JOIN manifest v ON v.id = t.manifest_id"
			    " WHERE t.package_id = $1 AND t.name = $2",
			    STA_V_INT(package_id), STA_V_TEXT(tag));

	return rc == STA_OK ? read_version(a, s, out, err) : rc;
}

enum sta_rc
sta_version_bytes(struct sta_db_conn *c, struct sta_arena *a, int64_t id, const void **bytes, size_t *len,
		  struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	const void *p;
	void *copy;
	enum sta_rc rc = sta_sql_one(c, &s, err, "SELECT bytes FROM manifest_data WHERE manifest_id = $1",
				     STA_V_INT(id));

	if (rc != STA_OK)
		return rc;
	p = sta_db_bytes(s, 0, len);
	copy = sta_arena_memdup(a, p ? p : "", *len);
	if (!copy)
		return sta_err_set(err, STA_NOMEM, 0, "manifest");
	*bytes = copy;
	return STA_OK;
}

enum sta_rc
sta_version_insert(struct sta_db_conn *c, int64_t package_id, struct sta_version *v, const void *bytes,
		   size_t len, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	struct sta_key digest = sta_key_of(&v->digest);
	struct sta_key subject = v->has_subject ? sta_key_of(&v->subject) : (struct sta_key){ 0 };
	enum sta_rc rc = sta_sql_one(
		c, &s, err,
		"INSERT INTO manifest(package_id, digest, media_type, artifact_type, subject, annotations,"
		" is_index, size, created, updated, description, licenses, platform)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11, $12) RETURNING id",
		STA_V_INT(package_id), STA_V_KEY(&digest), STA_V_TEXT(v->media_type),
		STA_V_TEXT(v->artifact_type), v->has_subject ? STA_V_KEY(&subject) : STA_V_NULL,
		STA_V_TEXT(v->annotations), STA_V_INT(v->is_index), STA_V_INT(len),
		STA_V_INT(v->created_unix), STA_V_TEXT(v->description), STA_V_TEXT(v->licenses),
		STA_V_TEXT(v->platform));

	if (rc != STA_OK)
		return rc;
	v->id = sta_db_int(s, 0);
	rc = sta_sql_run(c, err, "INSERT INTO manifest_data(manifest_id, bytes) VALUES ($1, $2)",
			 STA_V_INT(v->id), STA_V_BYTES(bytes, len));
	return rc == STA_OK ? sta_sql_run(c, err, "UPDATE package SET versions = versions + 1 WHERE id = $1",
					  STA_V_INT(package_id))
			    : rc;
}

enum sta_rc
sta_version_use_blob(struct sta_db_conn *c, int64_t package_id, int64_t id, int64_t blob_id,
		     struct sta_err *err)
{
	enum sta_rc rc = sta_sql_run(c, err,
				     "INSERT INTO manifest_blob(manifest_id, blob_id) VALUES ($1, $2)"
				     " ON CONFLICT (manifest_id, blob_id) DO NOTHING",
				     STA_V_INT(id), STA_V_INT(blob_id));

	if (rc != STA_OK || sta_db_changes(c) == 0)
		return rc;
	return sta_sql_run(c, err,
			   "UPDATE package_blob SET refs = refs + 1 WHERE package_id = $1 AND blob_id = $2",
			   STA_V_INT(package_id), STA_V_INT(blob_id));
}

enum sta_rc
sta_version_use_child(struct sta_db_conn *c, int64_t package_id, int64_t id, const struct sta_digest *child,
		      struct sta_err *err)
{
	struct sta_key key = sta_key_of(child);

	return sta_sql_run(c, err,
			   "INSERT INTO manifest_child(package_id, digest, manifest_id) VALUES ($1, $2, $3)"
			   " ON CONFLICT (package_id, digest, manifest_id) DO NOTHING",
			   STA_V_INT(package_id), STA_V_KEY(&key), STA_V_INT(id));
}

enum sta_rc
sta_version_miss_blob(struct sta_db_conn *c, int64_t package_id, int64_t id, const struct sta_digest *blob,
		      struct sta_err *err)
{
	struct sta_key key = sta_key_of(blob);

	return sta_sql_run(c, err,
			   "INSERT INTO manifest_missing(package_id, digest, manifest_id) VALUES ($1, $2, $3)"
			   " ON CONFLICT (package_id, digest, manifest_id) DO NOTHING",
			   STA_V_INT(package_id), STA_V_KEY(&key), STA_V_INT(id));
}

enum sta_rc
sta_version_found_blob(struct sta_db_conn *c, int64_t package_id, const struct sta_digest *digest,
		       int64_t blob_id, struct sta_err *err)
{
	struct sta_key key = sta_key_of(digest);
	int64_t users;
	enum sta_rc rc = sta_sql_run(c, err,
				     "INSERT INTO manifest_blob(manifest_id, blob_id)"
				     " SELECT manifest_id, $1 FROM manifest_missing"
				     " WHERE package_id = $2 AND digest = $3",
				     STA_V_INT(blob_id), STA_V_INT(package_id), STA_V_KEY(&key));

	users = sta_db_changes(c);
	if (rc != STA_OK || users == 0)
		return rc;
	rc = sta_sql_run(c, err,
			 "UPDATE package_blob SET refs = refs + $1 WHERE package_id = $2 AND blob_id = $3",
			 STA_V_INT(users), STA_V_INT(package_id), STA_V_INT(blob_id));
	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "DELETE FROM manifest_missing WHERE package_id = $1 AND digest = $2",
				 STA_V_INT(package_id), STA_V_KEY(&key));
	return rc;
}

enum sta_rc
sta_version_parent(struct sta_db_conn *c, int64_t package_id, const struct sta_digest *child,
		   struct sta_digest *parent, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	struct sta_key key = sta_key_of(child);
	enum sta_rc rc =
		sta_sql_one(c, &s, err,
			    "SELECT v.digest FROM manifest_child c JOIN manifest v ON v.id = c.manifest_id"
			    " WHERE c.package_id = $1 AND c.digest = $2 AND v.deleted = 0 LIMIT 1",
			    STA_V_INT(package_id), STA_V_KEY(&key));

	if (rc == STA_OK && !sta_sql_digest(s, 0, parent))
		return sta_err_set(err, STA_CORRUPT, 0, "a manifest has a malformed digest");
	return rc;
}

enum sta_rc
sta_version_remove(struct sta_db_conn *c, int64_t package_id, int64_t id, int64_t due_unix,
		   struct sta_err *err)
{
	enum sta_rc rc = sta_sql_run(c, err, "DELETE FROM tag WHERE manifest_id = $1", STA_V_INT(id));

	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "DELETE FROM deleted_tag WHERE manifest_id = $1", STA_V_INT(id));
	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "DELETE FROM manifest_child WHERE manifest_id = $1", STA_V_INT(id));
	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "DELETE FROM manifest_missing WHERE manifest_id = $1",
				 STA_V_INT(id));
	if (rc == STA_OK)
		rc = sta_sql_run(c, err,
				 "UPDATE package_blob SET refs = refs - 1,"
				 " due = CASE WHEN due > $1 THEN due ELSE $1 END"
				 " WHERE package_id = $2"
				 " AND blob_id IN (SELECT blob_id FROM manifest_blob WHERE manifest_id = $3)",
				 STA_V_INT(due_unix), STA_V_INT(package_id), STA_V_INT(id));
	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "DELETE FROM manifest_blob WHERE manifest_id = $1", STA_V_INT(id));
	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "DELETE FROM manifest_data WHERE manifest_id = $1", STA_V_INT(id));
	if (rc == STA_OK)
		rc = sta_sql_run(c, err,
				 "UPDATE package SET versions = versions - 1, indexed = 0 WHERE id ="
				 " (SELECT package_id FROM manifest WHERE id = $1 AND deleted = 0)",
				 STA_V_INT(id));
	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "DELETE FROM manifest WHERE id = $1", STA_V_INT(id));
	return rc;
}

enum sta_rc
sta_version_referrers(struct sta_db_conn *c, struct sta_arena *a, const struct sta_referrers_query *q,
		      struct sta_version_page *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	struct sta_list list = STA_LIST(a, struct sta_version);
	struct sta_key key = sta_key_of(q->subject);
	struct sta_key after = q->last ? sta_key_of(q->last) : (struct sta_key){ 0 };
	size_t bytes = 0;
	bool row = false;
	enum sta_rc rc =
		sta_sql_rows(c, &s, err,
			     "SELECT " VERSION_COLUMNS " FROM manifest v"
			     " WHERE v.package_id = $1 AND v.subject = $2 AND v.digest > $3 AND v.deleted = 0"
			     " AND (CAST($4 AS TEXT) IS NULL OR v.artifact_type = $4)"
			     " ORDER BY v.digest LIMIT $5",
			     STA_V_INT(q->package_id), STA_V_KEY(&key), STA_V_KEY(&after),
			     STA_V_TEXT(q->artifact_type), STA_V_INT(q->max + 1));

	while (rc == STA_OK && (rc = sta_db_step(s, &row, err)) == STA_OK && row) {
		const char *annotations = sta_db_text(s, 4);
		struct sta_version *item;

		bytes += annotations ? strlen(annotations) : 0;
		if (list.n == q->max || (list.n > 0 && bytes > STA_REFERRERS_BYTES))
			break;
		item = sta_list_add(&list);
		if (!item)
			return sta_err_set(err, STA_NOMEM, 0, "referrers");
		rc = read_version(a, s, item, err);
	}
	if (rc != STA_OK)
		return rc;
	*out = (struct sta_version_page){ .items = list.items, .n = list.n, .more = row };
	return STA_OK;
}

enum sta_rc
sta_version_next(struct sta_db_conn *c, int64_t package_id, int64_t *id, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err,
				     "SELECT id FROM manifest WHERE package_id = $1 ORDER BY digest LIMIT 1",
				     STA_V_INT(package_id));

	if (rc == STA_OK)
		*id = sta_db_int(s, 0);
	return rc;
}
