#include "model/audit.h"

#include "model/sql.h"

enum sta_rc
sta_audit_count(struct sta_db_conn *c, struct sta_audit_counts *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err,
				     "SELECT (SELECT count(*) FROM package), (SELECT count(*) FROM manifest),"
				     " (SELECT count(*) FROM tag), (SELECT count(*) FROM blob),"
				     " (SELECT count(*) FROM upload)");

	if (rc == STA_OK)
		*out = (struct sta_audit_counts){
			.packages = (uint64_t) sta_db_int(s, 0),
			.manifests = (uint64_t) sta_db_int(s, 1),
			.tags = (uint64_t) sta_db_int(s, 2),
			.blobs = (uint64_t) sta_db_int(s, 3),
			.uploads = (uint64_t) sta_db_int(s, 4),
		};
	return rc;
}

enum sta_rc
sta_audit_next_manifest(struct sta_db_conn *c, struct sta_arena *a, int64_t last,
			struct sta_audit_manifest *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	struct sta_audit_manifest got = { 0 };
	const void *bytes;
	enum sta_rc rc =
		sta_sql_one(c, &s, err,
			    "SELECT v.id, v.package_id, p.name, v.digest, v.media_type, v.size, d.bytes,"
			    " v.deleted"
			    " FROM manifest v JOIN package p ON p.id = v.package_id"
			    " LEFT JOIN manifest_data d ON d.manifest_id = v.id"
			    " WHERE v.id > $1 ORDER BY v.id LIMIT 1",
			    STA_V_INT(last));

	if (rc != STA_OK)
		return rc;
	got.id = sta_db_int(s, 0);
	got.package_id = sta_db_int(s, 1);
	got.package = sta_sql_text(a, s, 2);
	got.media_type = sta_sql_text(a, s, 4);
	got.size = (uint64_t) sta_db_int(s, 5);
	got.deleted = sta_db_int(s, 7) != 0;
	bytes = sta_db_bytes(s, 6, &got.len);
	got.bytes = bytes ? sta_arena_memdup(a, bytes, got.len) : NULL;
	if (!got.package || !got.media_type || (bytes && !got.bytes))
		return sta_err_set(err, STA_NOMEM, 0, "manifest");
	if (!sta_sql_digest(s, 3, &got.digest))
		return sta_err_set(err, STA_CORRUPT, 0, "manifest %lld has a malformed digest",
				   (long long) got.id);
	*out = got;
	return STA_OK;
}

enum sta_rc
sta_audit_uses(struct sta_db_conn *c, int64_t package_id, int64_t manifest_id, const struct sta_digest *blob,
	       bool *uses, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	struct sta_key key = sta_key_of(blob);
	enum sta_rc rc = sta_sql_one(
		c, &s, err,
		"SELECT EXISTS (SELECT 1 FROM blob b JOIN package_blob m ON m.blob_id = b.id"
		"  JOIN manifest_blob r ON r.blob_id = b.id"
		"  WHERE b.digest = $1 AND b.state = 2 AND m.package_id = $2 AND r.manifest_id = $3)"
		" OR EXISTS (SELECT 1 FROM manifest_missing"
		"  WHERE package_id = $2 AND digest = $1 AND manifest_id = $3)",
		STA_V_KEY(&key), STA_V_INT(package_id), STA_V_INT(manifest_id));

	if (rc == STA_OK)
		*uses = sta_db_int(s, 0) != 0;
	return rc;
}

static enum sta_rc
add_finding(struct sta_list *list, const char *invariant, const char *what, const char *problem,
	    struct sta_err *err)
{
	struct sta_audit_finding *item = sta_list_add(list);

	if (!item || !what)
		return sta_err_set(err, STA_NOMEM, 0, "findings");
	*item = (struct sta_audit_finding){ invariant, what, problem };
	return STA_OK;
}

/* Each row is one finding; its only column says what it is about, as text or
 * as a digest. */
static enum sta_rc
add_findings(struct sta_arena *a, struct sta_db_stmt *s, bool digest, const char *invariant,
	     const char *problem, struct sta_list *list, struct sta_err *err)
{
	bool row = false;
	enum sta_rc rc = STA_OK;

	while (rc == STA_OK && (rc = sta_db_step(s, &row, err)) == STA_OK && row) {
		char text[STA_DIGEST_TEXT_MAX] = "a malformed digest";
		struct sta_digest d;

		if (digest && sta_sql_digest(s, 0, &d))
			(void) sta_digest_text(&d, text);
		rc = add_finding(list, invariant, digest ? sta_arena_strdup(a, text) : sta_sql_text(a, s, 0),
				 problem, err);
	}
	return rc;
}

static enum sta_rc
audit_tags(struct sta_db_conn *c, struct sta_arena *a, size_t max, struct sta_list *list, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc =
		sta_sql_rows(c, &s, err,
			     "SELECT coalesce(p.name, '?') || ':' || t.name FROM tag t"
			     " LEFT JOIN package p ON p.id = t.package_id"
			     " LEFT JOIN manifest v ON v.id = t.manifest_id"
			     " WHERE v.id IS NULL OR v.package_id <> t.package_id OR v.deleted <> 0 LIMIT $1",
			     STA_V_INT(max));

	return rc == STA_OK ? add_findings(a, s, false, "I3", "the tag points to no manifest of its package",
					   list, err)
			    : rc;
}

/* Damage to a tag that audit_tags() tells of is not told twice.  A deleted package loses its versions bit by
 * bit. */
static enum sta_rc
audit_history(struct sta_db_conn *c, struct sta_arena *a, size_t max, struct sta_list *list,
	      struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_rows(
		c, &s, err,
		"SELECT p.name || ':' || t.name FROM tag t JOIN package p ON p.id = t.package_id"
		" JOIN manifest v ON v.id = t.manifest_id AND v.package_id = t.package_id"
		" WHERE p.deleted = 0 AND CASE WHEN (SELECT e.new FROM tag_event e"
		"  WHERE e.package_id = t.package_id AND e.name = t.name ORDER BY e.number DESC LIMIT 1) = "
		"v.digest"
		"  THEN 0 ELSE 1 END = 1"
		" UNION ALL SELECT p.name || ':' || e.name FROM tag_event e JOIN package p ON p.id = "
		"e.package_id"
		" WHERE p.deleted = 0 AND e.new IS NOT NULL AND NOT EXISTS"
		"  (SELECT 1 FROM tag t WHERE t.package_id = e.package_id AND t.name = e.name)"
		" AND NOT EXISTS (SELECT 1 FROM tag_event f WHERE f.package_id = e.package_id"
		"  AND f.name = e.name AND f.number > e.number) LIMIT $1",
		STA_V_INT(max));

	return rc == STA_OK ? add_findings(a, s, false, "I7", "the tag's history ends elsewhere", list, err)
			    : rc;
}

/* What lists of versions go by. */
static enum sta_rc
audit_versions(struct sta_db_conn *c, struct sta_arena *a, size_t max, struct sta_list *list,
	       struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc =
		sta_sql_rows(c, &s, err,
			     "SELECT p.name FROM package p WHERE p.versions <>"
			     " (SELECT count(*) FROM manifest v WHERE v.package_id = p.id AND v.deleted = 0)"
			     " OR (p.deleted > 0) <> (p.name LIKE '%@%') LIMIT $1",
			     STA_V_INT(max));

	return rc == STA_OK
		       ? add_findings(a, s, false, "I7", "the number of its versions is wrong", list, err)
		       : rc;
}

static enum sta_rc
audit_members(struct sta_db_conn *c, struct sta_arena *a, size_t max, struct sta_list *list,
	      struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_rows(
		c, &s, err,
		"SELECT b.digest FROM blob b"
		" WHERE b.members <> (SELECT count(*) FROM package_blob m WHERE m.blob_id = b.id) LIMIT $1",
		STA_V_INT(max));

	return rc == STA_OK ? add_findings(a, s, true, "I7",
					   "the number of packages that hold the blob is wrong", list, err)
			    : rc;
}

static enum sta_rc
audit_refs(struct sta_db_conn *c, struct sta_arena *a, size_t max, struct sta_list *list, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc =
		sta_sql_rows(c, &s, err,
			     "SELECT b.digest FROM package_blob m JOIN blob b ON b.id = m.blob_id"
			     " WHERE m.refs <> (SELECT count(*) FROM manifest_blob r JOIN manifest v ON v.id "
			     "= r.manifest_id"
			     "  WHERE r.blob_id = m.blob_id AND v.package_id = m.package_id) LIMIT $1",
			     STA_V_INT(max));

	return rc == STA_OK ? add_findings(a, s, true, "I7",
					   "the number of manifests that use the blob is wrong", list, err)
			    : rc;
}

static enum sta_rc
audit_uses(struct sta_db_conn *c, struct sta_arena *a, size_t max, struct sta_list *list, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_rows(
		c, &s, err,
		"SELECT b.digest FROM manifest_blob r JOIN manifest v ON v.id = r.manifest_id"
		" JOIN blob b ON b.id = r.blob_id"
		" LEFT JOIN package_blob m ON m.package_id = v.package_id AND m.blob_id = r.blob_id"
		" WHERE b.state <> 2 OR m.blob_id IS NULL LIMIT $1",
		STA_V_INT(max));

	return rc == STA_OK ? add_findings(a, s, true, "I2",
					   "a manifest uses the blob, which its package lacks", list, err)
			    : rc;
}

/* A role_grant names its object and subject by kind, so that no foreign key can. */
static enum sta_rc
audit_grants(struct sta_db_conn *c, struct sta_arena *a, size_t max, struct sta_list *list,
	     struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_rows(
		c, &s, err,
		"SELECT CASE WHEN g.object_kind = 1 THEN coalesce(p.name, 'package ' || g.object_id)"
		"  ELSE coalesce(r.name, 'repository ' || g.object_id) END"
		" FROM role_grant g"
		" LEFT JOIN package p ON g.object_kind = 1 AND p.id = g.object_id"
		" LEFT JOIN repository r ON g.object_kind = 2 AND r.id = g.object_id"
		" LEFT JOIN account u ON g.subject_kind = 1 AND u.id = g.subject_id"
		" LEFT JOIN team t ON g.subject_kind = 2 AND t.id = g.subject_id"
		" WHERE (p.id IS NULL AND r.id IS NULL) OR (u.id IS NULL AND t.id IS NULL) LIMIT $1",
		STA_V_INT(max));

	return rc == STA_OK ? add_findings(a, s, false, "I9", "a role is granted on nothing, or to nobody",
					   list, err)
			    : rc;
}

/* Itself, and all that its parent is below, and no other. */
static enum sta_rc
audit_teams(struct sta_db_conn *c, struct sta_arena *a, size_t max, struct sta_list *list,
	    struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_rows(
		c, &s, err,
		"SELECT n.name || '/' || t.name FROM team t JOIN namespace n ON n.id = t.organization_id"
		" WHERE NOT EXISTS (SELECT 1 FROM team_ancestor a WHERE a.ancestor_id = t.id AND a.team_id = "
		"t.id)"
		" OR (SELECT count(*) FROM team_ancestor a WHERE a.team_id = t.id)"
		"  <> 1 + (SELECT count(*) FROM team_ancestor b WHERE b.team_id = t.parent_id)"
		" OR EXISTS (SELECT 1 FROM team_ancestor b WHERE b.team_id = t.parent_id AND NOT EXISTS"
		"  (SELECT 1 FROM team_ancestor a WHERE a.team_id = t.id AND a.ancestor_id = b.ancestor_id))"
		" LIMIT $1",
		STA_V_INT(max));

	return rc == STA_OK ? add_findings(a, s, false, "I9",
					   "the teams above it are not those that are said to be", list, err)
			    : rc;
}

static enum sta_rc
audit_places(struct sta_db_conn *c, struct sta_arena *a, size_t max, struct sta_list *list,
	     struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_rows(
		c, &s, err,
		"SELECT n.name || '/' || t.name FROM team_member i JOIN team t ON t.id = i.team_id"
		" JOIN namespace n ON n.id = t.organization_id"
		" LEFT JOIN organization_member m ON m.organization_id = t.organization_id"
		"  AND m.account_id = i.account_id"
		" WHERE m.role IS NULL LIMIT $1",
		STA_V_INT(max));

	return rc == STA_OK ? add_findings(a, s, false, "I9",
					   "somebody is in the team and not in its organization", list, err)
			    : rc;
}

/* "acme+ci" and "acme/app" belong to acme. */
static enum sta_rc
audit_machines(struct sta_db_conn *c, struct sta_arena *a, size_t max, struct sta_list *list,
	       struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_rows(
		c, &s, err,
		"SELECT n.name FROM account u JOIN namespace n ON n.id = u.id"
		" LEFT JOIN namespace h ON h.id = u.home_id"
		" LEFT JOIN repository r ON r.account_id = u.id"
		" WHERE (u.kind = 1) <> (u.home_id IS NULL)"
		" OR (u.kind = 2 AND substr(n.name, 1, length(h.name) + 1) <> h.name || '+')"
		" OR (u.kind = 3 AND (r.id IS NULL OR r.name <> n.name OR r.namespace_id <> u.home_id))"
		" LIMIT $1",
		STA_V_INT(max));

	return rc == STA_OK
		       ? add_findings(a, s, false, "I9", "the machine belongs to another owner", list, err)
		       : rc;
}

enum sta_rc
sta_audit_rows(struct sta_db_conn *c, struct sta_arena *a, size_t max, struct sta_audit_finding **out,
	       size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_audit_finding);
	enum sta_rc rc = audit_tags(c, a, max, &list, err);

	if (rc == STA_OK)
		rc = audit_history(c, a, max, &list, err);
	if (rc == STA_OK)
		rc = audit_versions(c, a, max, &list, err);
	if (rc == STA_OK)
		rc = audit_members(c, a, max, &list, err);
	if (rc == STA_OK)
		rc = audit_refs(c, a, max, &list, err);
	if (rc == STA_OK)
		rc = audit_uses(c, a, max, &list, err);
	if (rc == STA_OK)
		rc = audit_grants(c, a, max, &list, err);
	if (rc == STA_OK)
		rc = audit_teams(c, a, max, &list, err);
	if (rc == STA_OK)
		rc = audit_places(c, a, max, &list, err);
	if (rc == STA_OK)
		rc = audit_machines(c, a, max, &list, err);
	if (rc == STA_OK)
		rc = sta_audit_words(c, max, &list, err);
	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}
