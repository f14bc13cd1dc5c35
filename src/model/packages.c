#include "model/packages.h"

#include "model/sql.h"
#include "model/statistics.h"
#include "model/tag_events.h"
#include "model/word_index.h"

/* Grants to teams that the account $1 is in, or in one below; the object's columns come behind. */
#define BY_TEAM                                                                                              \
	" FROM role_grant t WHERE t.subject_kind = 2 AND EXISTS"                                             \
	" (SELECT 1 FROM team_ancestor a JOIN team_member i ON i.team_id = a.team_id"                        \
	"  WHERE a.ancestor_id = t.subject_id AND i.account_id = $1)"
#define OF_PACKAGE " AND t.object_kind = 1 AND t.object_id = p.id"
/* Grants to the account $1 on the repository that the package inherits from, in person or by a team. */
#define INHERITED                                                                                            \
	" FROM role_grant r WHERE p.inherits = 1 AND r.object_kind = 2 AND r.object_id = p.repository_id"    \
	" AND ((r.subject_kind = 1 AND r.subject_id = $1) OR (r.subject_kind = 2 AND EXISTS"                 \
	" (SELECT 1 FROM team_ancestor a JOIN team_member i ON i.team_id = a.team_id"                        \
	"  WHERE a.ancestor_id = r.subject_id AND i.account_id = $1)))"
/* The account $1 is the one of that repository's workflows, which write. */
#define OF_WORKFLOWS                                                                                         \
	" p.inherits = 1 AND EXISTS"                                                                         \
	" (SELECT 1 FROM repository w WHERE w.id = p.repository_id AND w.account_id = $1)"
#define SELECT_PACKAGE                                                                                       \
	"SELECT p.id, p.namespace_id, p.name, p.visibility, p.published, p.created, p.updated,"              \
	" coalesce(g.role, 0), coalesce(m.role, 0), coalesce((SELECT max(t.role)" BY_TEAM OF_PACKAGE         \
	"), 0),"                                                                                             \
	" CASE WHEN" OF_WORKFLOWS " THEN 2 ELSE coalesce((SELECT max(r.role)" INHERITED "), 0) END,"         \
	" coalesce(p.repository_id, 0), p.inherits, p.versions, p.deleted, p.pulls, p.indexed"               \
	" FROM package p LEFT JOIN role_grant g"                                                             \
	" ON g.object_kind = 1 AND g.object_id = p.id AND g.subject_kind = 1 AND g.subject_id = $1"          \
	" LEFT JOIN organization_member m ON m.organization_id = p.namespace_id AND m.account_id = $1"

#define HISTORY_AT_ONCE 1000 /* rows that a transaction removes: the writer is for pushes, too */
#define AFTER_ALL "~"        /* names have no byte as high */

static enum sta_rc
read_package(struct sta_arena *a, struct sta_db_stmt *s, void *out, struct sta_err *err)
{
	struct sta_package got = {
		.id = sta_db_int(s, 0),
		.namespace_id = sta_db_int(s, 1),
		.name = sta_sql_text(a, s, 2),
		.visibility = sta_sql_enum(s, 3),
		.published = sta_db_int(s, 4) != 0,
		.created_unix = sta_db_int(s, 5),
		.updated_unix = sta_db_int(s, 6),
		.granted = sta_sql_enum(s, 7),
		.member = sta_sql_enum(s, 8),
		.team = sta_sql_enum(s, 9),
		.inherited = sta_sql_enum(s, 10),
		.repository_id = sta_db_int(s, 11),
		.inherits = sta_db_int(s, 12) != 0,
		.versions = (uint64_t) sta_db_int(s, 13),
		.deleted_unix = sta_db_int(s, 14),
		.pulls = (uint64_t) sta_db_int(s, 15),
		.indexed = sta_db_int(s, 16),
	};

	if (!got.name)
		return sta_err_set(err, STA_NOMEM, 0, "package");
	*(struct sta_package *) out = got;
	return STA_OK;
}

enum sta_rc
sta_package_find(struct sta_db_conn *c, struct sta_arena *a, const char *name, int64_t account_id,
		 struct sta_package *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err, SELECT_PACKAGE " WHERE p.name = $2 AND p.deleted = 0",
				     STA_V_INT(account_id), STA_V_TEXT(name));

	return rc == STA_OK ? read_package(a, s, out, err) : rc;
}

enum sta_rc
sta_package_by_id(struct sta_db_conn *c, struct sta_arena *a, int64_t id, int64_t account_id,
		  struct sta_package *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err, SELECT_PACKAGE " WHERE p.id = $2 AND p.deleted = 0",
				     STA_V_INT(account_id), STA_V_INT(id));

	return rc == STA_OK ? read_package(a, s, out, err) : rc;
}

enum sta_rc
sta_package_find_deleted(struct sta_db_conn *c, struct sta_arena *a, const char *name, int64_t id,
			 int64_t account_id, int64_t after_unix, struct sta_package *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	/* '@' is followed by 'A': between them are the names with an id behind them. */
	enum sta_rc rc =
		sta_sql_one(c, &s, err,
			    SELECT_PACKAGE " WHERE p.id = (SELECT d.id FROM package d"
					   "  WHERE d.name > $2 || '@' AND d.name < $2 || 'A'"
					   "  AND d.deleted > $3 AND ($4 = 0 OR d.id = $4)"
					   "  ORDER BY d.deleted DESC, d.id DESC LIMIT 1)",
			    STA_V_INT(account_id), STA_V_TEXT(name), STA_V_INT(after_unix), STA_V_INT(id));

	return rc == STA_OK ? read_package(a, s, out, err) : rc;
}

enum sta_rc
sta_package_find_last(struct sta_db_conn *c, struct sta_arena *a, int64_t account_id, struct sta_package *out,
		      struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err, SELECT_PACKAGE " WHERE p.id = (SELECT max(id) FROM package)",
				     STA_V_INT(account_id));

	return rc == STA_OK ? read_package(a, s, out, err) : rc;
}

enum sta_rc
sta_package_insert(struct sta_db_conn *c, int64_t namespace_id, const char *name,
		   enum sta_visibility visibility, int64_t now_unix, int64_t *id, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(
		c, &s, err,
		"INSERT INTO package(namespace_id, name, visibility, published, created, updated, indexed)"
		" VALUES ($1, $2, $3, 0, $4, $4, 1) RETURNING id",
		STA_V_INT(namespace_id), STA_V_TEXT(name), STA_V_INT(visibility), STA_V_INT(now_unix));

	if (rc == STA_OK)
		*id = sta_db_int(s, 0);
	return rc;
}

enum sta_rc
sta_package_update_visibility(struct sta_db_conn *c, int64_t id, enum sta_visibility v, struct sta_err *err)
{
	enum sta_rc rc = sta_sql_run(c, err, "UPDATE package SET visibility = $1 WHERE id = $2", STA_V_INT(v),
				     STA_V_INT(id));

	return rc == STA_OK ? sta_word_index(c, id, err) : rc;
}

enum sta_rc
sta_package_update_link(struct sta_db_conn *c, int64_t id, int64_t repository_id, bool inherits,
			struct sta_err *err)
{
	enum sta_rc rc =
		sta_sql_run(c, err, "UPDATE package SET repository_id = $1, inherits = $2 WHERE id = $3",
			    repository_id != 0 ? STA_V_INT(repository_id) : STA_V_NULL, STA_V_INT(inherits),
			    STA_V_INT(id));

	return rc == STA_OK ? sta_word_index(c, id, err) : rc;
}

enum sta_rc
sta_package_is_new(struct sta_db_conn *c, int64_t id, int64_t account_id, bool *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err,
				     "SELECT EXISTS (SELECT 1 FROM tag WHERE package_id = $1)"
				     " OR EXISTS (SELECT 1 FROM role_grant WHERE object_kind = 1"
				     "  AND object_id = $1 AND (subject_kind <> 1 OR subject_id <> $2))",
				     STA_V_INT(id), STA_V_INT(account_id));

	if (rc == STA_OK)
		*out = sta_db_int(s, 0) == 0;
	return rc;
}

enum sta_rc
sta_package_touch(struct sta_db_conn *c, int64_t id, int64_t now_unix, struct sta_err *err)
{
	return sta_sql_run(c, err, "UPDATE package SET published = 1, updated = $1 WHERE id = $2",
			   STA_V_INT(now_unix), STA_V_INT(id));
}

static enum sta_rc
remove_row(struct sta_db_conn *c, int64_t id, struct sta_err *err)
{
	enum sta_rc rc = sta_sql_run(
		c, err, "DELETE FROM role_grant WHERE object_kind = 1 AND object_id = $1", STA_V_INT(id));

	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "DELETE FROM former_package WHERE package_id = $1", STA_V_INT(id));
	if (rc == STA_OK)
		rc = sta_word_index_remove(c, id, err);
	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "DELETE FROM package WHERE id = $1", STA_V_INT(id));
	return rc;
}

enum sta_rc
sta_package_remove(struct sta_db_conn *c, int64_t id, bool *gone, struct sta_err *err)
{
	bool more = false;
	bool more_pulls = false;
	enum sta_rc rc = sta_tag_event_drop(c, id, HISTORY_AT_ONCE, &more, err);

	if (rc == STA_OK)
		rc = sta_pull_day_drop(c, id, HISTORY_AT_ONCE, &more_pulls, err);
	*gone = rc == STA_OK && !more && !more_pulls;
	return *gone ? remove_row(c, id, err) : rc;
}

enum sta_rc
sta_package_page(struct sta_db_conn *c, struct sta_arena *a, const struct sta_package_query *q,
		 struct sta_package **out, size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_package);
	enum sta_rc rc = sta_sql_list(
		c, &list, read_package, err,
		SELECT_PACKAGE
		" WHERE p.published = 1 AND p.name > $2 AND p.name < $3"
		" AND ($4 = 1 OR p.visibility = 2 OR p.namespace_id = $1 OR g.role > 0"
		"  OR m.role = 2 OR (m.role > 0 AND p.visibility = 1)"
		"  OR EXISTS (SELECT 1" BY_TEAM OF_PACKAGE ")"
		"  OR EXISTS (SELECT 1" INHERITED ") OR" OF_WORKFLOWS
		"  OR EXISTS (SELECT 1 FROM account h WHERE h.id = $1 AND h.home_id = p.namespace_id"
		"   AND (h.home_role > 0 OR p.visibility = 1)))"
		" ORDER BY p.name LIMIT $5",
		STA_V_INT(q->account_id), STA_V_TEXT(q->last ? q->last : ""),
		STA_V_TEXT(q->end ? q->end : AFTER_ALL), STA_V_INT(q->everything), STA_V_INT(q->max));

	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}

enum sta_rc
sta_package_sum(struct sta_db_conn *c, int64_t id, struct sta_package_sums *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(
		c, &s, err,
		"SELECT coalesce((SELECT versions FROM package WHERE id = $1), 0),"
		" (SELECT count(*) FROM tag WHERE package_id = $1),"
		" (SELECT coalesce(sum(size), 0) FROM manifest WHERE package_id = $1 AND deleted = 0)"
		" + (SELECT coalesce(sum(b.size), 0) FROM package_blob m JOIN blob b ON b.id = m.blob_id"
		"    WHERE m.package_id = $1),"
		" coalesce((SELECT pulls FROM package WHERE id = $1), 0)",
		STA_V_INT(id));

	if (rc != STA_OK)
		return rc;
	out->versions = (uint64_t) sta_db_int(s, 0);
	out->tags = (uint64_t) sta_db_int(s, 1);
	out->bytes = (uint64_t) sta_db_int(s, 2);
	out->pulls = (uint64_t) sta_db_int(s, 3);
	return STA_OK;
}

enum sta_rc
sta_package_next_empty(struct sta_db_conn *c, int64_t before_unix, int64_t *id, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(
		c, &s, err,
		"SELECT p.id FROM package p WHERE p.published = 0 AND p.deleted = 0 AND p.created < $1"
		" AND NOT EXISTS (SELECT 1 FROM package_blob m WHERE m.package_id = p.id)"
		" ORDER BY p.id LIMIT 1",
		STA_V_INT(before_unix));

	if (rc == STA_OK)
		*id = sta_db_int(s, 0);
	return rc;
}
