#include "model/tags.h"

#include "model/sql.h"
#include "model/word_index.h"

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
	    const struct sta_author *by, struct sta_err *err)
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
			 STA_V_INT(by->now_unix));
	if (rc == STA_OK && old != 0)
		rc = touch(c, old, by->now_unix, err);
	return rc == STA_OK ? sta_tag_event_add(c, package_id, name, old, manifest_id, by, err) : rc;
}

enum sta_rc
sta_tag_remove(struct sta_db_conn *c, int64_t package_id, const char *name, const struct sta_author *by,
	       struct sta_err *err)
{
	int64_t id = 0;
	enum sta_rc rc = find_target(c, package_id, name, &id, err);

	if (rc == STA_OK && id == 0)
		return sta_err_set(err, STA_NOT_FOUND, 0, "no such tag");
	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "DELETE FROM tag WHERE package_id = $1 AND name = $2",
				 STA_V_INT(package_id), STA_V_TEXT(name));
	if (rc == STA_OK)
		rc = sta_word_index_mark(c, package_id, err);
	if (rc == STA_OK)
		rc = touch(c, id, by->now_unix, err);
	return rc == STA_OK ? sta_tag_event_add(c, package_id, name, id, 0, by, err) : rc;
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

#define TAG_COLUMNS                                                                                          \
	"SELECT t.name, t.manifest_id, v.digest, t.created, t.updated FROM tag t"                            \
	" JOIN manifest v ON v.id = t.manifest_id WHERE t.package_id = $1"
#define PART " LIMIT $2 OFFSET $3"

static enum sta_rc
read_tag(struct sta_arena *a, struct sta_db_stmt *s, void *out, struct sta_err *err)
{
	struct sta_tag_row got = {
		.name = sta_sql_text(a, s, 0),
		.manifest_id = sta_db_int(s, 1),
		.created_unix = sta_db_int(s, 3),
		.updated_unix = sta_db_int(s, 4),
	};

	if (!got.name)
		return sta_err_set(err, STA_NOMEM, 0, "tag");
	if (!sta_sql_digest(s, 2, &got.digest))
		return sta_err_set(err, STA_CORRUPT, 0, "manifest %lld has a malformed digest",
				   (long long) got.manifest_id);
	*(struct sta_tag_row *) out = got;
	return STA_OK;
}

enum sta_rc
sta_tag_row(struct sta_db_conn *c, struct sta_arena *a, int64_t package_id, const char *name,
	    struct sta_tag_row *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err, TAG_COLUMNS " AND t.name = $2", STA_V_INT(package_id),
				     STA_V_TEXT(name));

	return rc == STA_OK ? read_tag(a, s, out, err) : rc;
}

enum sta_rc
sta_tag_count(struct sta_db_conn *c, int64_t package_id, uint64_t *n, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err, "SELECT count(*) FROM tag WHERE package_id = $1",
				     STA_V_INT(package_id));

	if (rc == STA_OK)
		*n = (uint64_t) sta_db_int(s, 0);
	return rc;
}

enum sta_rc
sta_tag_list(struct sta_db_conn *c, struct sta_arena *a, const struct sta_tag_query *q,
	     struct sta_tag_row **out, size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_tag_row);
	const struct sta_sql_value id = STA_V_INT(q->package_id);
	const struct sta_sql_value max = STA_V_INT(q->max);
	const struct sta_sql_value skip = STA_V_INT(q->skip);
	enum sta_rc rc = STA_OK;

	switch (q->order) {
	case STA_TAGS_NEWEST:
		rc = sta_sql_list(c, &list, read_tag, err,
				  TAG_COLUMNS " ORDER BY t.updated DESC, t.name DESC" PART, id, max, skip);
		break;
	case STA_TAGS_OLDEST:
		rc = sta_sql_list(c, &list, read_tag, err, TAG_COLUMNS " ORDER BY t.updated, t.name" PART, id,
				  max, skip);
		break;
	case STA_TAGS_BY_NAME:
		rc = sta_sql_list(c, &list, read_tag, err, TAG_COLUMNS " ORDER BY t.name" PART, id, max,
				  skip);
		break;
	case STA_TAGS_BY_NAME_DOWN:
		rc = sta_sql_list(c, &list, read_tag, err, TAG_COLUMNS " ORDER BY t.name DESC" PART, id, max,
				  skip);
		break;
	}
	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}
