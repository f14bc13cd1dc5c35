#include "model/names.h"

#include <string.h>

#include "model/sql.h"
#include "model/word_index.h"

/* What a package is called; a deleted one has "@" and its id behind the name. */
#define PLAIN_NAME "replace(p.name, '@' || p.id, '')"

enum sta_rc
sta_past_find(struct sta_db_conn *c, struct sta_arena *a, const char *namespace, const char *image,
	      struct sta_past *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	struct sta_past got;
	/* As it would be called now: the namespace's present name in front. */
	enum sta_rc rc = sta_sql_one(
		c, &s, err,
		"WITH asked(name) AS (SELECT coalesce((SELECT n.name FROM former_namespace f"
		"  JOIN namespace n ON n.id = f.namespace_id WHERE f.name = $1), $1) || '/' || $2)"
		" SELECT (SELECT p.name FROM package p WHERE p.id = coalesce("
		"  (SELECT q.id FROM package q WHERE q.name = asked.name),"
		"  (SELECT f.package_id FROM former_package f WHERE f.name = asked.name)) AND p.deleted = 0),"
		" coalesce((SELECT r.namespace_id FROM retired_name r WHERE r.name = asked.name), 0)"
		" FROM asked",
		STA_V_TEXT(namespace), STA_V_TEXT(image));

	if (rc != STA_OK)
		return rc;
	got = (struct sta_past){ .present = sta_sql_text(a, s, 0), .retired_for = sta_db_int(s, 1) };
	if (!got.present && !sta_db_is_null(s, 0))
		return sta_err_set(err, STA_NOMEM, 0, "name");
	*out = got;
	return STA_OK;
}

/* A row of an id and a name. */
static enum sta_rc
read_former(struct sta_arena *a, struct sta_db_stmt *s, int64_t *id, const char **present,
	    struct sta_err *err)
{
	const char *text = sta_sql_text(a, s, 1);

	if (!text)
		return sta_err_set(err, STA_NOMEM, 0, "name");
	*id = sta_db_int(s, 0);
	*present = text;
	return STA_OK;
}

enum sta_rc
sta_former_namespace(struct sta_db_conn *c, struct sta_arena *a, const char *name, int64_t *id,
		     const char **present, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err,
				     "SELECT n.id, n.name FROM former_namespace f"
				     " JOIN namespace n ON n.id = f.namespace_id WHERE f.name = $1",
				     STA_V_TEXT(name));

	return rc == STA_OK ? read_former(a, s, id, present, err) : rc;
}

enum sta_rc
sta_former_package(struct sta_db_conn *c, struct sta_arena *a, const char *name, int64_t *id,
		   const char **present, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err,
				     "SELECT p.id, p.name FROM former_package f"
				     " JOIN package p ON p.id = f.package_id WHERE f.name = $1",
				     STA_V_TEXT(name));

	return rc == STA_OK ? read_former(a, s, id, present, err) : rc;
}

enum sta_rc
sta_retired_for(struct sta_db_conn *c, const char *name, int64_t *id, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(
		c, &s, err, "SELECT coalesce((SELECT namespace_id FROM retired_name WHERE name = $1), 0)",
		STA_V_TEXT(name));

	if (rc == STA_OK)
		*id = sta_db_int(s, 0);
	return rc;
}

enum sta_rc
sta_retired_below(struct sta_db_conn *c, struct sta_arena *a, int64_t namespace_id, const char *old,
		  const char *name, const char **out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(
		c, &s, err,
		"SELECT r.name FROM package p JOIN retired_name r"
		" ON r.name = $1 || substr(" PLAIN_NAME ", $2)"
		" WHERE p.namespace_id = $3 AND r.namespace_id <> $3"
		" UNION ALL SELECT r.name FROM package p JOIN former_package f ON f.package_id = p.id"
		" JOIN retired_name r ON r.name = $1 || substr(f.name, $2)"
		" WHERE p.namespace_id = $3 AND r.namespace_id <> $3 LIMIT 1",
		STA_V_TEXT(name), STA_V_INT(strlen(old) + 1), STA_V_INT(namespace_id));

	if (rc != STA_OK)
		return rc;
	*out = sta_sql_text(a, s, 0);
	return *out ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "name");
}

/* Another namespace's name in front is longer or shorter. */
static enum sta_rc
check_lengths(struct sta_db_conn *c, int64_t id, const char *old, const char *name, size_t max,
	      struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc =
		sta_sql_one(c, &s, err,
			    "SELECT coalesce(max(k.n), 0) FROM ("
			    "SELECT length(" PLAIN_NAME ") AS n FROM package p WHERE p.namespace_id = $1"
			    " UNION ALL SELECT length(f.name) FROM former_package f"
			    "  JOIN package p ON p.id = f.package_id WHERE p.namespace_id = $1"
			    " UNION ALL SELECT length(name) FROM repository WHERE namespace_id = $1) k",
			    STA_V_INT(id));

	if (rc == STA_OK && (size_t) sta_db_int(s, 0) + strlen(name) > max + strlen(old))
		return sta_err_set(err, STA_INVALID, 0,
				   "with that name in front, the name of a package would have more than %zu "
				   "characters",
				   max);
	return rc;
}

/* What has the namespace's name in front; substr() counts from 1. */
static enum sta_rc
move_names(struct sta_db_conn *c, int64_t id, const char *old, const char *name, struct sta_err *err)
{
	const size_t rest = strlen(old) + 1;
	enum sta_rc rc = sta_sql_run(
		c, err,
		"UPDATE package SET name = $1 || substr(name, $2), indexed = 0 WHERE namespace_id = $3",
		STA_V_TEXT(name), STA_V_INT(rest), STA_V_INT(id));

	if (rc == STA_OK)
		rc = sta_sql_run(c, err,
				 "UPDATE former_package SET name = $1 || substr(name, $2)"
				 " WHERE package_id IN (SELECT id FROM package WHERE namespace_id = $3)",
				 STA_V_TEXT(name), STA_V_INT(rest), STA_V_INT(id));
	if (rc == STA_OK)
		rc = sta_sql_run(
			c, err, "UPDATE repository SET name = $1 || substr(name, $2) WHERE namespace_id = $3",
			STA_V_TEXT(name), STA_V_INT(rest), STA_V_INT(id));
	if (rc == STA_OK)
		rc = sta_sql_run(c, err,
				 "UPDATE package SET indexed = 0 WHERE repository_id IN"
				 " (SELECT id FROM repository WHERE namespace_id = $1)",
				 STA_V_INT(id));
	if (rc == STA_OK)
		rc = sta_sql_run(c, err,
				 "UPDATE namespace SET name = $1 || substr(name, $2)"
				 " WHERE id IN (SELECT id FROM account WHERE home_id = $3)",
				 STA_V_TEXT(name), STA_V_INT(rest), STA_V_INT(id));
	if (rc == STA_OK) /* those that jobs of workflows stand for */
		rc = sta_sql_run(c, err,
				 "UPDATE issuer_rule SET repository = $1 || substr(repository, $2)"
				 " WHERE substr(repository, 1, $2) = $3 || '/'",
				 STA_V_TEXT(name), STA_V_INT(rest), STA_V_TEXT(old));
	return rc;
}

enum sta_rc
sta_namespace_rename(struct sta_db_conn *c, int64_t id, const char *old, const char *name, size_t max,
		     int64_t now_unix, struct sta_err *err)
{
	enum sta_rc rc = check_lengths(c, id, old, name, max, err);

	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "UPDATE namespace SET name = $1 WHERE id = $2", STA_V_TEXT(name),
				 STA_V_INT(id));
	if (rc == STA_OK)
		rc = move_names(c, id, old, name, err);
	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "DELETE FROM former_namespace WHERE name = $1 AND namespace_id = $2",
				 STA_V_TEXT(name), STA_V_INT(id));
	if (rc == STA_OK)
		rc = sta_sql_run(
			c, err,
			"INSERT INTO former_namespace(name, namespace_id, created) VALUES ($1, $2, $3)",
			STA_V_TEXT(old), STA_V_INT(id), STA_V_INT(now_unix));
	return rc;
}

enum sta_rc
sta_package_rename_to(struct sta_db_conn *c, int64_t id, const char *old, const char *name, int64_t now_unix,
		      struct sta_err *err)
{
	enum sta_rc rc = sta_sql_run(c, err, "UPDATE package SET name = $1 WHERE id = $2", STA_V_TEXT(name),
				     STA_V_INT(id));

	if (rc == STA_OK)
		rc = sta_word_index(c, id, err);
	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "DELETE FROM former_package WHERE name = $1 AND package_id = $2",
				 STA_V_TEXT(name), STA_V_INT(id));
	if (rc == STA_OK)
		rc = sta_sql_run(c, err,
				 "INSERT INTO former_package(name, package_id, created) VALUES ($1, $2, $3)"
				 " ON CONFLICT (name) DO UPDATE" /* it was a deleted package's */
				 " SET package_id = excluded.package_id, created = excluded.created",
				 STA_V_TEXT(old), STA_V_INT(id), STA_V_INT(now_unix));
	return rc;
}

enum sta_rc
sta_retire_package(struct sta_db_conn *c, int64_t id, uint64_t pulls, int64_t now_unix, struct sta_err *err)
{
	return sta_sql_run(
		c, err,
		"INSERT INTO retired_name(name, namespace_id, pulls, created)"
		" SELECT o.name || substr(k.name, length(n.name) + 1), n.id, p.pulls, $1"
		" FROM package p JOIN namespace n ON n.id = p.namespace_id"
		" JOIN (SELECT name, id FROM package WHERE id = $2"
		"  UNION ALL SELECT name, package_id FROM former_package WHERE package_id = $2) k"
		" ON k.id = p.id"
		" JOIN (SELECT name, id FROM namespace"
		"  WHERE id = (SELECT namespace_id FROM package WHERE id = $2)"
		"  UNION ALL SELECT name, namespace_id FROM former_namespace"
		"  WHERE namespace_id = (SELECT namespace_id FROM package WHERE id = $2)) o ON o.id = n.id"
		" WHERE p.id = $2 AND p.visibility = 2 AND p.pulls >= $3"
		" ON CONFLICT (name) DO UPDATE SET pulls = excluded.pulls",
		STA_V_INT(now_unix), STA_V_INT(id), STA_V_INT(pulls));
}

enum sta_rc
sta_retire_former_package(struct sta_db_conn *c, const char *name, uint64_t pulls, int64_t now_unix,
			  struct sta_err *err)
{
	return sta_sql_run(
		c, err,
		"INSERT INTO retired_name(name, namespace_id, pulls, created)"
		" SELECT o.name || substr(f.name, length(n.name) + 1), n.id, p.pulls, $1"
		" FROM former_package f JOIN package p ON p.id = f.package_id"
		" JOIN namespace n ON n.id = p.namespace_id"
		" JOIN (SELECT m.name, m.id FROM former_package g JOIN package q ON q.id = g.package_id"
		"  JOIN namespace m ON m.id = q.namespace_id WHERE g.name = $2"
		"  UNION ALL SELECT h.name, h.namespace_id FROM former_package g"
		"  JOIN package q ON q.id = g.package_id"
		"  JOIN former_namespace h ON h.namespace_id = q.namespace_id WHERE g.name = $2) o"
		" ON o.id = n.id"
		" WHERE f.name = $2 AND p.visibility = 2 AND p.pulls >= $3"
		" ON CONFLICT (name) DO UPDATE SET pulls = excluded.pulls",
		STA_V_INT(now_unix), STA_V_TEXT(name), STA_V_INT(pulls));
}

enum sta_rc
sta_retire_packages(struct sta_db_conn *c, int64_t namespace_id, const char *prefix, uint64_t pulls,
		    int64_t now_unix, struct sta_err *err)
{
	enum sta_rc rc = sta_sql_run(c, err,
				     "INSERT INTO retired_name(name, namespace_id, pulls, created)"
				     " SELECT $1 || substr(p.name, length(n.name) + 1), n.id, p.pulls, $2"
				     " FROM package p JOIN namespace n ON n.id = p.namespace_id"
				     " WHERE n.id = $3 AND p.visibility = 2 AND p.pulls >= $4"
				     " AND p.deleted = 0" /* when it was deleted its name was retired */
				     " ON CONFLICT (name) DO UPDATE SET pulls = excluded.pulls",
				     STA_V_TEXT(prefix), STA_V_INT(now_unix), STA_V_INT(namespace_id),
				     STA_V_INT(pulls));

	if (rc != STA_OK)
		return rc;
	return sta_sql_run(c, err,
			   "INSERT INTO retired_name(name, namespace_id, pulls, created)"
			   " SELECT $1 || substr(f.name, length(n.name) + 1), n.id, p.pulls, $2"
			   " FROM package p JOIN namespace n ON n.id = p.namespace_id"
			   " JOIN former_package f ON f.package_id = p.id"
			   " WHERE n.id = $3 AND p.visibility = 2 AND p.pulls >= $4"
			   " ON CONFLICT (name) DO UPDATE SET pulls = excluded.pulls",
			   STA_V_TEXT(prefix), STA_V_INT(now_unix), STA_V_INT(namespace_id),
			   STA_V_INT(pulls));
}

enum sta_rc
sta_name_forget(struct sta_db_conn *c, const char *name, struct sta_err *err)
{
	int64_t gone = 0;
	enum sta_rc rc =
		sta_sql_run(c, err, "DELETE FROM former_namespace WHERE name = $1", STA_V_TEXT(name));

	gone += rc == STA_OK ? sta_db_changes(c) : 0;
	if (rc == STA_OK)
		rc = sta_sql_run(c, err, "DELETE FROM former_package WHERE name = $1", STA_V_TEXT(name));
	gone += rc == STA_OK ? sta_db_changes(c) : 0;
	if (rc == STA_OK && gone == 0) /* a former name stays retired */
		rc = sta_sql_run(c, err, "DELETE FROM retired_name WHERE name = $1", STA_V_TEXT(name));
	if (rc == STA_OK && gone == 0)
		gone = sta_db_changes(c);
	if (rc == STA_OK && gone == 0)
		return sta_err_set(err, STA_NOT_FOUND, 0, "no such name");
	return rc;
}

static enum sta_rc
read_kept(struct sta_arena *a, struct sta_db_stmt *s, void *out, struct sta_err *err)
{
	struct sta_kept_name got = {
		.name = sta_sql_text(a, s, 0),
		.kind = sta_sql_enum(s, 1),
		.of = sta_sql_text(a, s, 2),
		.created_unix = sta_db_int(s, 3),
	};

	if (!got.name || !got.of)
		return sta_err_set(err, STA_NOMEM, 0, "name");
	*(struct sta_kept_name *) out = got;
	return STA_OK;
}

enum sta_rc
sta_kept_names(struct sta_db_conn *c, struct sta_arena *a, struct sta_kept_name **out, size_t *n,
	       struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_kept_name);
	enum sta_rc rc =
		sta_sql_list(c, &list, read_kept, err,
			     "SELECT f.name AS name, 0 AS kind, n.name, f.created FROM former_namespace f"
			     " JOIN namespace n ON n.id = f.namespace_id"
			     " UNION ALL SELECT f.name, 1, " PLAIN_NAME ", f.created FROM former_package f"
			     " JOIN package p ON p.id = f.package_id"
			     " UNION ALL SELECT r.name, 2, n.name, r.created FROM retired_name r"
			     " JOIN namespace n ON n.id = r.namespace_id ORDER BY name, kind");

	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}
