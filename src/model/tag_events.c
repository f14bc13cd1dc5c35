#include "model/tag_events.h"

#include "model/sql.h"

/* The highest number of the package $1; an index has it. */
#define LAST_NUMBER                                                                                          \
	" coalesce((SELECT l.number FROM tag_event l WHERE l.package_id = $1"                                \
	"  ORDER BY l.number DESC LIMIT 1), 0)"
#define INSERT_EVENT "INSERT INTO tag_event(package_id, number, name, old, new, actor, created) SELECT $1,"
#define COLUMNS "SELECT e.number, e.name, e.old, e.new, e.actor, e.created FROM tag_event e"

enum sta_rc
sta_tag_event_add(struct sta_db_conn *c, int64_t package_id, const char *tag, int64_t old_id, int64_t new_id,
		  const struct sta_author *by, struct sta_err *err)
{
	return sta_sql_run(c, err,
			   INSERT_EVENT LAST_NUMBER " + 1, $2, (SELECT digest FROM manifest WHERE id = $3),"
						    " (SELECT digest FROM manifest WHERE id = $4), $5, $6",
			   STA_V_INT(package_id), STA_V_TEXT(tag), STA_V_INT(old_id), STA_V_INT(new_id),
			   STA_V_TEXT(by->name), STA_V_INT(by->now_unix));
}

enum sta_rc
sta_tag_event_add_gone(struct sta_db_conn *c, int64_t package_id, int64_t manifest_id,
		       const struct sta_author *by, struct sta_err *err)
{
	return sta_sql_run(c, err,
			   INSERT_EVENT LAST_NUMBER
			   " + row_number() OVER (ORDER BY t.package_id, t.name), t.name, v.digest,"
			   " NULL, $2, $3 FROM tag t JOIN manifest v"
			   " ON v.id = t.manifest_id WHERE t.manifest_id = $4",
			   STA_V_INT(package_id), STA_V_TEXT(by->name), STA_V_INT(by->now_unix),
			   STA_V_INT(manifest_id));
}

enum sta_rc
sta_tag_event_add_back(struct sta_db_conn *c, int64_t package_id, int64_t manifest_id,
		       const struct sta_author *by, struct sta_err *err)
{
	return sta_sql_run(c, err,
			   INSERT_EVENT LAST_NUMBER " + row_number() OVER (ORDER BY d.name), d.name, NULL,"
						    " v.digest, $2, $3 FROM deleted_tag d JOIN manifest v"
						    " ON v.id = d.manifest_id WHERE d.manifest_id = $4"
						    " AND NOT EXISTS (SELECT 1 FROM tag t"
						    "  WHERE t.package_id = $1 AND t.name = d.name)",
			   STA_V_INT(package_id), STA_V_TEXT(by->name), STA_V_INT(by->now_unix),
			   STA_V_INT(manifest_id));
}

static enum sta_rc
read_event(struct sta_arena *a, struct sta_db_stmt *s, void *out, struct sta_err *err)
{
	struct sta_tag_event got = {
		.number = sta_db_int(s, 0),
		.tag = sta_sql_text(a, s, 1),
		.was = !sta_db_is_null(s, 2),
		.is = !sta_db_is_null(s, 3),
		.actor = sta_sql_text(a, s, 4),
		.created_unix = sta_db_int(s, 5),
	};

	if (!got.tag || !got.actor)
		return sta_err_set(err, STA_NOMEM, 0, "event");
	if ((got.was && !sta_sql_digest(s, 2, &got.old)) || (got.is && !sta_sql_digest(s, 3, &got.new)))
		return sta_err_set(err, STA_CORRUPT, 0, "event %lld of a tag has a malformed digest",
				   (long long) got.number);
	*(struct sta_tag_event *) out = got;
	return STA_OK;
}

enum sta_rc
sta_tag_event_list(struct sta_db_conn *c, struct sta_arena *a, const struct sta_tag_event_query *q,
		   struct sta_tag_event **out, size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_tag_event);
	int64_t before = q->before > 0 ? q->before : INT64_MAX;
	enum sta_rc rc =
		q->tag ? sta_sql_list(c, &list, read_event, err,
				      COLUMNS " WHERE e.package_id = $1 AND e.name = $2"
					      " AND e.number < $3 ORDER BY e.number DESC LIMIT $4",
				      STA_V_INT(q->package_id), STA_V_TEXT(q->tag), STA_V_INT(before),
				      STA_V_INT(q->max))
		       : sta_sql_list(c, &list, read_event, err,
				      COLUMNS " WHERE e.package_id = $1 AND e.number < $2"
					      " ORDER BY e.number DESC LIMIT $3",
				      STA_V_INT(q->package_id), STA_V_INT(before), STA_V_INT(q->max));

	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}

enum sta_rc
sta_tag_event_count(struct sta_db_conn *c, const struct sta_tag_event_query *q, uint64_t *n,
		    struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc =
		q->tag ? sta_sql_one(c, &s, err,
				     "SELECT count(*) FROM tag_event WHERE package_id = $1"
				     " AND name = $2",
				     STA_V_INT(q->package_id), STA_V_TEXT(q->tag))
		       : sta_sql_one(c, &s, err, "SELECT count(*) FROM tag_event WHERE package_id = $1",
				     STA_V_INT(q->package_id));

	if (rc == STA_OK)
		*n = (uint64_t) sta_db_int(s, 0);
	return rc;
}

enum sta_rc
sta_tag_event_find(struct sta_db_conn *c, struct sta_arena *a, int64_t package_id, const char *tag,
		   int64_t number, struct sta_tag_event *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc =
		sta_sql_one(c, &s, err, COLUMNS " WHERE e.package_id = $1 AND e.name = $2 AND e.number = $3",
			    STA_V_INT(package_id), STA_V_TEXT(tag), STA_V_INT(number));

	return rc == STA_OK ? read_event(a, s, out, err) : rc;
}

enum sta_rc
sta_tag_event_last(struct sta_db_conn *c, struct sta_arena *a, int64_t package_id, const char *tag,
		   int64_t until_unix, struct sta_tag_event *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err,
				     COLUMNS " WHERE e.package_id = $1 AND e.name = $2 AND e.created <= $3"
					     " ORDER BY e.number DESC LIMIT 1",
				     STA_V_INT(package_id), STA_V_TEXT(tag), STA_V_INT(until_unix));

	return rc == STA_OK ? read_event(a, s, out, err) : rc;
}

enum sta_rc
sta_tag_event_drop(struct sta_db_conn *c, int64_t package_id, size_t max, bool *more, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_run(c, err,
				     "DELETE FROM tag_event WHERE package_id = $1 AND number <"
				     " (SELECT f.number FROM tag_event f WHERE f.package_id = $1"
				     "  ORDER BY f.number LIMIT 1) + $2",
				     STA_V_INT(package_id), STA_V_INT(max));

	if (rc == STA_OK)
		rc = sta_sql_one(c, &s, err, "SELECT EXISTS (SELECT 1 FROM tag_event WHERE package_id = $1)",
				 STA_V_INT(package_id));
	if (rc == STA_OK)
		*more = sta_db_int(s, 0) != 0;
	return rc;
}
