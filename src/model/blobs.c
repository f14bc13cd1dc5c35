#include "model/blobs.h"

#include "model/sql.h"

#define SELECT_BLOB "SELECT b.id, b.digest, b.size, b.place, b.state, b.members, b.claim_until FROM blob b"

static enum sta_rc
read_blob(struct sta_db_stmt *s, struct sta_blob *out, struct sta_err *err)
{
	struct sta_blob got = {
		.id = sta_db_int(s, 0),
		.size = (uint64_t) sta_db_int(s, 2),
		.place = sta_sql_enum(s, 3),
		.state = sta_sql_enum(s, 4),
		.members = sta_db_int(s, 5),
		.claim_until_unix = sta_db_int(s, 6),
	};

	if (!sta_sql_digest(s, 1, &got.digest))
		return sta_err_set(err, STA_CORRUPT, 0, "blob %lld has a malformed digest",
				   (long long) got.id);
	*out = got;
	return STA_OK;
}

enum sta_rc
sta_blob_find(struct sta_db_conn *c, const struct sta_digest *d, struct sta_blob *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	struct sta_key key = sta_key_of(d);
	enum sta_rc rc = sta_sql_one(c, &s, err, SELECT_BLOB " WHERE b.digest = $1", STA_V_KEY(&key));

	return rc == STA_OK ? read_blob(s, out, err) : rc;
}

/* A blob that others hold takes as long to miss as one that nobody has: by the index of digests
 * alone, then the membership (CROSS JOIN keeps SQLite from turning the two around). */
enum sta_rc
sta_blob_member(struct sta_db_conn *c, int64_t package_id, const struct sta_digest *d,
		struct sta_membership *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	struct sta_key key = sta_key_of(d);
	struct sta_membership got;
	enum sta_rc rc =
		sta_sql_one(c, &s, err,
			    "SELECT b.id, b.digest, b.size, b.place, b.state, b.members, b.claim_until,"
			    " m.refs, m.due"
			    " FROM package_blob m CROSS JOIN blob b"
			    " WHERE m.blob_id = coalesce((SELECT id FROM blob WHERE digest = $1), 0)"
			    " AND m.package_id = $2 AND b.id = m.blob_id AND b.state = 2",
			    STA_V_KEY(&key), STA_V_INT(package_id));

	if (rc == STA_OK)
		rc = read_blob(s, &got.blob, err);
	if (rc != STA_OK)
		return rc;
	got.refs = sta_db_int(s, 7);
	got.due_unix = sta_db_int(s, 8);
	*out = got;
	return STA_OK;
}

enum sta_rc
sta_blob_inline(struct sta_db_conn *c, struct sta_arena *a, int64_t blob_id, const void **bytes, size_t *len,
		struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	const void *p;
	void *copy;
	enum sta_rc rc =
		sta_sql_one(c, &s, err, "SELECT bytes FROM blob_data WHERE blob_id = $1", STA_V_INT(blob_id));

	if (rc != STA_OK)
		return rc;
	p = sta_db_bytes(s, 0, len);
	copy = sta_arena_memdup(a, p ? p : "", *len);
	if (!copy)
		return sta_err_set(err, STA_NOMEM, 0, "blob");
	*bytes = copy;
	return STA_OK;
}

static enum sta_rc
insert_blob(struct sta_db_conn *c, struct sta_blob *b, int64_t now_unix, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	struct sta_key key = sta_key_of(&b->digest);
	enum sta_rc rc = sta_sql_one(
		c, &s, err,
		"INSERT INTO blob(digest, size, place, state, members, claims, claim_until, created)"
		" VALUES ($1, $2, $3, $4, 0, $5, $6, $7) RETURNING id",
		STA_V_KEY(&key), STA_V_INT(b->size), STA_V_INT(b->place), STA_V_INT(b->state),
		STA_V_INT(b->state == STA_BLOB_CLAIMED), STA_V_INT(b->claim_until_unix), STA_V_INT(now_unix));

	if (rc == STA_OK)
		b->id = sta_db_int(s, 0);
	return rc;
}

static enum sta_rc
busy(const struct sta_digest *d, struct sta_err *err)
{
	(void) sta_err_set(err, STA_BUSY, 0, "the blob is just being removed");
	(void) sta_digest_text(d, err->detail);
	return STA_BUSY;
}

/* Claims that had run out were given up by who made them: the count begins anew. */
static enum sta_rc
claim_again(struct sta_db_conn *c, struct sta_blob *b, int64_t now_unix, int64_t until_unix,
	    struct sta_err *err)
{
	if (b->claim_until_unix < until_unix)
		b->claim_until_unix = until_unix;
	return sta_sql_run(c, err,
			   "UPDATE blob SET claims = CASE WHEN claim_until > $1 THEN claims + 1 ELSE 1 END,"
			   " claim_until = $2 WHERE id = $3",
			   STA_V_INT(now_unix), STA_V_INT(b->claim_until_unix), STA_V_INT(b->id));
}

enum sta_rc
sta_blob_claim(struct sta_db_conn *c, const struct sta_digest *d, uint64_t size, int64_t now_unix,
	       int64_t until_unix, struct sta_blob *out, struct sta_err *err)
{
	struct sta_blob b;
	enum sta_rc rc = sta_blob_find(c, d, &b, err);

	if (rc == STA_NOT_FOUND) {
		b = (struct sta_blob){
			.digest = *d,
			.size = size,
			.place = STA_PLACE_STORE,
			.state = STA_BLOB_CLAIMED,
			.claim_until_unix = until_unix,
		};
		rc = insert_blob(c, &b, now_unix, err);
	} else if (rc == STA_OK && b.state == STA_BLOB_DELETING) {
		return busy(d, err);
	} else if (rc == STA_OK) {
		rc = claim_again(c, &b, now_unix, until_unix, err);
	}
	if (rc == STA_OK)
		*out = b;
	return rc;
}

enum sta_rc
sta_blob_live(struct sta_db_conn *c, const struct sta_digest *d, struct sta_blob *out, struct sta_err *err)
{
	struct sta_blob b;
	enum sta_rc rc = sta_blob_find(c, d, &b, err);

	if (rc != STA_OK)
		return rc;
	if (b.state == STA_BLOB_DELETING)
		return busy(d, err);
	b.state = STA_BLOB_LIVE;
	rc = sta_sql_run(
		c, err,
		"UPDATE blob SET state = 2, claims = CASE WHEN claims > 0 THEN claims - 1 ELSE 0 END,"
		" claim_until = CASE WHEN claims > 1 THEN claim_until ELSE 0 END WHERE id = $1",
		STA_V_INT(b.id));
	if (rc == STA_OK)
		*out = b;
	return rc;
}

/* Its bytes are in the same database: taking it back is a matter of its state. */
static enum sta_rc
revive_inline(struct sta_db_conn *c, struct sta_blob *b, struct sta_err *err)
{
	b->state = STA_BLOB_LIVE;
	return sta_sql_run(c, err, "UPDATE blob SET state = 2 WHERE id = $1", STA_V_INT(b->id));
}

static enum sta_rc
insert_inline(struct sta_db_conn *c, struct sta_blob *b, const void *bytes, int64_t now_unix,
	      struct sta_err *err)
{
	enum sta_rc rc = insert_blob(c, b, now_unix, err);

	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "INSERT INTO blob_data(blob_id, bytes) VALUES ($1, $2)",
				 STA_V_INT(b->id), STA_V_BYTES(bytes, b->size));
	return rc;
}

enum sta_rc
sta_blob_put_inline(struct sta_db_conn *c, const struct sta_digest *d, const void *bytes, size_t len,
		    int64_t now_unix, struct sta_blob *out, struct sta_err *err)
{
	struct sta_blob b;
	enum sta_rc rc = sta_blob_find(c, d, &b, err);

	if (rc == STA_NOT_FOUND) {
		b = (struct sta_blob){
			.digest = *d,
			.size = len,
			.place = STA_PLACE_INLINE,
			.state = STA_BLOB_LIVE,
		};
		rc = insert_inline(c, &b, bytes, now_unix, err);
	} else if (rc == STA_OK && b.state != STA_BLOB_LIVE) {
		if (b.place != STA_PLACE_INLINE)
			return busy(d, err); /* its file is being published or removed: let that end first */
		rc = revive_inline(c, &b, err);
	}
	if (rc == STA_OK)
		*out = b;
	return rc;
}

enum sta_rc
sta_member_add(struct sta_db_conn *c, int64_t package_id, int64_t blob_id, int64_t due_unix,
	       struct sta_err *err)
{
	enum sta_rc rc = sta_sql_run(c, err,
				     "INSERT INTO package_blob(package_id, blob_id, refs, due)"
				     " VALUES ($1, $2, 0, $3) ON CONFLICT (package_id, blob_id) DO NOTHING",
				     STA_V_INT(package_id), STA_V_INT(blob_id), STA_V_INT(due_unix));

	if (rc != STA_OK)
		return rc;
	if (sta_db_changes(c) == 0)
		return sta_member_renew(c, package_id, blob_id, due_unix, err);
	return sta_sql_run(c, err, "UPDATE blob SET members = members + 1 WHERE id = $1", STA_V_INT(blob_id));
}

enum sta_rc
sta_member_renew(struct sta_db_conn *c, int64_t package_id, int64_t blob_id, int64_t due_unix,
		 struct sta_err *err)
{
	return sta_sql_run(
		c, err,
		"UPDATE package_blob SET due = $1 WHERE package_id = $2 AND blob_id = $3 AND due < $1",
		STA_V_INT(due_unix), STA_V_INT(package_id), STA_V_INT(blob_id));
}

enum sta_rc
sta_member_remove(struct sta_db_conn *c, int64_t package_id, int64_t blob_id, int64_t now_unix,
		  struct sta_err *err)
{
	enum sta_rc rc = sta_sql_run(
		c, err, "DELETE FROM package_blob WHERE package_id = $1 AND blob_id = $2 AND refs = 0",
		STA_V_INT(package_id), STA_V_INT(blob_id));

	if (rc != STA_OK)
		return rc;
	if (sta_db_changes(c) == 0)
		return sta_err_set(err, STA_CONFLICT, 0, "a manifest uses the blob");
	rc = sta_sql_run(c, err, "UPDATE blob SET members = members - 1 WHERE id = $1", STA_V_INT(blob_id));
	if (rc != STA_OK)
		return rc;
	/* Under a claim a push is about to rely on the bytes: back to CLAIMED,
	 * and the collector looks again when the claim has run out. */
	return sta_sql_run(c, err,
			   "UPDATE blob SET state = CASE WHEN claim_until > $1 THEN 1 ELSE 3 END"
			   " WHERE id = $2 AND members = 0",
			   STA_V_INT(now_unix), STA_V_INT(blob_id));
}

enum sta_rc
sta_member_remove_all(struct sta_db_conn *c, int64_t package_id, int64_t now_unix, struct sta_err *err)
{
	enum sta_rc rc = sta_sql_run(
		c, err,
		"UPDATE blob SET members = members - 1,"
		" state = CASE WHEN members > 1 THEN state WHEN claim_until > $1 THEN 1 ELSE 3 END"
		" WHERE id IN (SELECT blob_id FROM package_blob WHERE package_id = $2)",
		STA_V_INT(now_unix), STA_V_INT(package_id));

	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "DELETE FROM package_blob WHERE package_id = $1",
				 STA_V_INT(package_id));
	return rc;
}

/* By the account $3, as far as this can be said without access/. */
#define READABLE                                                                                             \
	" AND p.deleted = 0 AND (p.visibility = 2 OR p.namespace_id = $3 OR EXISTS (SELECT 1 FROM "          \
	"role_grant g"                                                                                       \
	"  WHERE g.subject_kind = 1 AND g.subject_id = $3 AND ((g.object_kind = 1 AND g.object_id = "        \
	"p.id)"                                                                                              \
	"   OR (g.object_kind = 2 AND p.inherits = 1 AND g.object_id = p.repository_id)))"                   \
	" OR EXISTS (SELECT 1 FROM organization_member o WHERE o.organization_id = p.namespace_id"           \
	"  AND o.account_id = $3 AND (o.role = 2 OR p.visibility = 1))"                                      \
	" OR EXISTS (SELECT 1 FROM account h WHERE h.id = $3 AND h.home_id = p.namespace_id"                 \
	"  AND (h.home_role > 0 OR p.visibility = 1))"                                                       \
	" OR (p.inherits = 1 AND EXISTS (SELECT 1 FROM repository w WHERE w.id = p.repository_id"            \
	"  AND w.account_id = $3))"                                                                          \
	" OR EXISTS (SELECT 1 FROM role_grant t JOIN team_ancestor a ON a.ancestor_id = t.subject_id"        \
	"  JOIN team_member i ON i.team_id = a.team_id AND i.account_id = $3"                                \
	"  WHERE t.subject_kind = 2 AND ((t.object_kind = 1 AND t.object_id = p.id)"                         \
	"   OR (t.object_kind = 2 AND p.inherits = 1 AND t.object_id = p.repository_id))))"

enum sta_rc
sta_member_elsewhere(struct sta_db_conn *c, struct sta_arena *a, const struct sta_elsewhere_query *q,
		     int64_t *package_id, const char **package, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	struct sta_key key = sta_key_of(q->digest);
	enum sta_rc rc = sta_sql_one(c, &s, err,
				     "SELECT p.id, p.name FROM blob b JOIN package_blob m ON m.blob_id = b.id"
				     " JOIN package p ON p.id = m.package_id"
				     " WHERE b.digest = $1 AND b.state = 2 AND m.package_id > $2" READABLE
				     " AND m.package_id <> $4 ORDER BY m.package_id LIMIT 1",
				     STA_V_KEY(&key), STA_V_INT(q->after_package), STA_V_INT(q->account_id),
				     STA_V_INT(q->not_package));

	if (rc != STA_OK)
		return rc;
	*package = sta_sql_text(a, s, 1);
	if (!*package)
		return sta_err_set(err, STA_NOMEM, 0, "package");
	*package_id = sta_db_int(s, 0);
	return STA_OK;
}

/* The same work for the blob that was made last, if there is none of that digest elsewhere, and none if there
 * is. */
enum sta_rc
sta_member_elsewhere_in_vain(struct sta_db_conn *c, const struct sta_elsewhere_query *q, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	struct sta_key key = sta_key_of(q->digest);
	enum sta_rc rc = sta_sql_one(
		c, &s, err,
		"SELECT p.id FROM blob b JOIN package_blob m ON m.blob_id = b.id"
		" JOIN package p ON p.id = m.package_id"
		" WHERE b.id = (SELECT CASE WHEN EXISTS (SELECT 1 FROM blob x JOIN package_blob y"
		"   ON y.blob_id = x.id WHERE x.digest = $1 AND x.state = 2 AND y.package_id <> $2)"
		"  THEN 0 ELSE (SELECT max(id) FROM blob) END)"
		" AND b.state = 2 AND m.package_id > 0" READABLE " ORDER BY m.package_id LIMIT 1",
		STA_V_KEY(&key), STA_V_INT(q->not_package), STA_V_INT(q->account_id));

	return rc == STA_NOT_FOUND ? STA_OK : rc;
}

static enum sta_rc
read_due(struct sta_arena *a, struct sta_db_stmt *s, void *out, struct sta_err *err)
{
	(void) a;
	(void) err;
	*(struct sta_due *) out =
		(struct sta_due){ .package_id = sta_db_int(s, 0), .blob_id = sta_db_int(s, 1) };
	return STA_OK;
}

enum sta_rc
sta_member_due(struct sta_db_conn *c, struct sta_arena *a, int64_t until_unix, size_t max,
	       struct sta_due **out, size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_due);
	enum sta_rc rc = sta_sql_list(c, &list, read_due, err,
				      "SELECT package_id, blob_id FROM package_blob"
				      " WHERE refs = 0 AND due <= $1 ORDER BY due LIMIT $2",
				      STA_V_INT(until_unix), STA_V_INT(max));

	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}

enum sta_rc
sta_member_count_waiting(struct sta_db_conn *c, uint64_t *n, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	/* The bound on due makes SQLite read the index of these rows and not the table. */
	enum sta_rc rc =
		sta_sql_one(c, &s, err, "SELECT count(*) FROM package_blob WHERE refs = 0 AND due >= 0");

	if (rc == STA_OK)
		*n = (uint64_t) sta_db_int(s, 0);
	return rc;
}

enum sta_rc
sta_blob_any_old_claim(struct sta_db_conn *c, int64_t now_unix, bool *any, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_rows(
		c, &s, err,
		"SELECT 1 FROM blob WHERE members = 0 AND state = 1 AND claim_until <= $1 LIMIT 1",
		STA_V_INT(now_unix));

	return rc == STA_OK ? sta_db_step(s, any, err) : rc;
}

enum sta_rc
sta_blob_drop_claims(struct sta_db_conn *c, int64_t now_unix, struct sta_err *err)
{
	return sta_sql_run(c, err,
			   "UPDATE blob SET state = 3, claims = 0"
			   " WHERE members = 0 AND state = 1 AND claim_until <= $1",
			   STA_V_INT(now_unix));
}

enum sta_rc
sta_blob_end_claims(struct sta_db_conn *c, struct sta_err *err)
{
	return sta_sql_run(c, err, "UPDATE blob SET claims = 0, claim_until = 0 WHERE claims > 0");
}

/* read_blob() for a list. */
static enum sta_rc
read_item(struct sta_arena *a, struct sta_db_stmt *s, void *out, struct sta_err *err)
{
	(void) a; /* a blob has no text */
	return read_blob(s, out, err);
}

enum sta_rc
sta_blob_deleting(struct sta_db_conn *c, struct sta_arena *a, size_t max, struct sta_blob **out, size_t *n,
		  struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_blob);
	enum sta_rc rc =
		sta_sql_list(c, &list, read_item, err,
			     SELECT_BLOB " WHERE b.members = 0 AND b.state = 3 LIMIT $1", STA_V_INT(max));

	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}

enum sta_rc
sta_blob_forget(struct sta_db_conn *c, int64_t blob_id, struct sta_err *err)
{
	enum sta_rc rc = sta_sql_run(c, err,
				     "DELETE FROM blob_data WHERE blob_id IN"
				     " (SELECT id FROM blob WHERE id = $1 AND state = 3 AND members = 0)",
				     STA_V_INT(blob_id));

	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "DELETE FROM blob WHERE id = $1 AND state = 3 AND members = 0",
				 STA_V_INT(blob_id));
	return rc;
}

enum sta_rc
sta_blob_page(struct sta_db_conn *c, struct sta_arena *a, int64_t last, size_t max, struct sta_blob **out,
	      size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_blob);
	enum sta_rc rc =
		sta_sql_list(c, &list, read_item, err, SELECT_BLOB " WHERE b.id > $1 ORDER BY b.id LIMIT $2",
			     STA_V_INT(last), STA_V_INT(max));

	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}
