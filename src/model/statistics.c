#include "model/statistics.h"

#include "model/sql.h"
#include "model/versions.h"

/* The version as an index of its package that is there has it, for whoever asked by digest. */
static enum sta_rc
is_part(struct sta_db_conn *c, const struct sta_pull_count *count, bool *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err,
				     "SELECT EXISTS (SELECT 1 FROM manifest_child k JOIN manifest w"
				     "  ON w.id = k.manifest_id WHERE k.package_id = v.package_id"
				     "  AND k.digest = v.digest AND w.deleted = 0)"
				     " FROM manifest v WHERE v.id = $1",
				     STA_V_INT(count->version_id));

	if (rc == STA_OK)
		*out = *count->tag == '\0' && sta_db_int(s, 0) != 0;
	return rc;
}

enum sta_rc
sta_pull_day_add(struct sta_db_conn *c, const struct sta_pull_count *count, struct sta_err *err)
{
	bool part = false;
	enum sta_rc rc = is_part(c, count, &part, err);

	if (rc == STA_NOT_FOUND)
		return STA_OK;
	if (rc == STA_OK && count->pulls > 0)
		rc = sta_version_add_pulls(c, count->version_id, count->pulls, !part, err);
	return rc == STA_OK ? sta_sql_run(c, err,
					  "INSERT INTO pull_day(package_id, day, digest, tag, platform, part,"
					  " pulls, heads)"
					  " SELECT v.package_id, $1, v.digest, $2, coalesce(v.platform, ''),"
					  " $3, $4, $5 FROM manifest v WHERE v.id = $6"
					  " ON CONFLICT (package_id, day, digest, tag, part) DO UPDATE"
					  " SET platform = excluded.platform, pulls = pulls + excluded.pulls,"
					  " heads = heads + excluded.heads",
					  STA_V_INT(count->day), STA_V_TEXT(count->tag), STA_V_INT(part),
					  STA_V_INT(count->pulls), STA_V_INT(count->heads),
					  STA_V_INT(count->version_id))
			    : rc;
}

/* --- sums --- */

#define ASKED                                                                                                \
	" FROM pull_day WHERE package_id = $1 AND day >= $2 AND day <= $3"                                   \
	" AND (CAST($4 AS TEXT) IS NULL OR tag = $4) AND (CAST($5 AS BLOB) IS NULL OR digest = $5)"          \
	" AND (CAST($6 AS TEXT) IS NULL OR platform = $6) AND (part = 0 OR $7 = 1)"
#define MOST_FIRST " ORDER BY 2 DESC, 1 LIMIT $8"
/* The digest that is asked for; key holds its bytes. */
static struct sta_sql_value
digest_of(const struct sta_pull_query *q, struct sta_key *key)
{
	if (!q->digest)
		return STA_V_NULL;
	*key = sta_key_of(q->digest);
	return STA_V_KEY(key);
}

static struct sta_pull_sum
sums_of(struct sta_db_stmt *s)
{
	return (struct sta_pull_sum){ .pulls = (uint64_t) sta_db_int(s, 1),
				      .heads = (uint64_t) sta_db_int(s, 2) };
}

static enum sta_rc
read_day(struct sta_arena *a, struct sta_db_stmt *s, void *out, struct sta_err *err)
{
	struct sta_pull_sum *sum = out;

	(void) a;
	(void) err;
	*sum = sums_of(s);
	sum->day = sta_db_int(s, 0);
	return STA_OK;
}

static enum sta_rc
read_name(struct sta_arena *a, struct sta_db_stmt *s, void *out, struct sta_err *err)
{
	struct sta_pull_sum *sum = out;

	*sum = sums_of(s);
	sum->name = sta_sql_text(a, s, 0);
	return sum->name ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "statistics");
}

static enum sta_rc
read_digest(struct sta_arena *a, struct sta_db_stmt *s, void *out, struct sta_err *err)
{
	struct sta_pull_sum *sum = out;

	(void) a;
	*sum = sums_of(s);
	return sta_sql_digest(s, 0, &sum->digest)
		       ? STA_OK
		       : sta_err_set(err, STA_CORRUPT, 0, "pulls of a malformed digest");
}

enum sta_rc
sta_pull_total(struct sta_db_conn *c, const struct sta_pull_query *q, struct sta_pull_sum *out,
	       struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	struct sta_key key;
	enum sta_rc rc = sta_sql_one(
		c, &s, err, "SELECT 0, coalesce(sum(pulls), 0), coalesce(sum(heads), 0)" ASKED,
		STA_V_INT(q->package_id), STA_V_INT(q->from), STA_V_INT(q->to), STA_V_TEXT(q->tag),
		digest_of(q, &key), STA_V_TEXT(q->platform), STA_V_INT(q->parts));

	if (rc == STA_OK)
		*out = sums_of(s);
	return rc;
}

static enum sta_rc
give(enum sta_rc rc, const struct sta_list *list, struct sta_pull_sum **out, size_t *n)
{
	if (rc != STA_OK)
		return rc;
	*out = list->items;
	*n = list->n;
	return STA_OK;
}

enum sta_rc
sta_pull_days(struct sta_db_conn *c, struct sta_arena *a, const struct sta_pull_query *q,
	      struct sta_pull_sum **out, size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_pull_sum);
	struct sta_key key;

	return give(sta_sql_list(c, &list, read_day, err,
				 "SELECT day, sum(pulls), sum(heads)" ASKED " GROUP BY day ORDER BY day",
				 STA_V_INT(q->package_id), STA_V_INT(q->from), STA_V_INT(q->to),
				 STA_V_TEXT(q->tag), digest_of(q, &key), STA_V_TEXT(q->platform),
				 STA_V_INT(q->parts)),
		    &list, out, n);
}

enum sta_rc
sta_pull_tags(struct sta_db_conn *c, struct sta_arena *a, const struct sta_pull_query *q, size_t max,
	      struct sta_pull_sum **out, size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_pull_sum);
	struct sta_key key;

	return give(sta_sql_list(c, &list, read_name, err,
				 "SELECT tag, sum(pulls), sum(heads)" ASKED " GROUP BY tag" MOST_FIRST,
				 STA_V_INT(q->package_id), STA_V_INT(q->from), STA_V_INT(q->to),
				 STA_V_TEXT(q->tag), digest_of(q, &key), STA_V_TEXT(q->platform),
				 STA_V_INT(q->parts), STA_V_INT(max)),
		    &list, out, n);
}

enum sta_rc
sta_pull_digests(struct sta_db_conn *c, struct sta_arena *a, const struct sta_pull_query *q, size_t max,
		 struct sta_pull_sum **out, size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_pull_sum);
	struct sta_key key;

	return give(sta_sql_list(c, &list, read_digest, err,
				 "SELECT digest, sum(pulls), sum(heads)" ASKED " GROUP BY digest" MOST_FIRST,
				 STA_V_INT(q->package_id), STA_V_INT(q->from), STA_V_INT(q->to),
				 STA_V_TEXT(q->tag), digest_of(q, &key), STA_V_TEXT(q->platform),
				 STA_V_INT(q->parts), STA_V_INT(max)),
		    &list, out, n);
}

enum sta_rc
sta_pull_platforms(struct sta_db_conn *c, struct sta_arena *a, const struct sta_pull_query *q, size_t max,
		   struct sta_pull_sum **out, size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_pull_sum);
	struct sta_key key;

	return give(sta_sql_list(c, &list, read_name, err,
				 "SELECT platform, sum(pulls), sum(heads)" ASKED
				 " GROUP BY platform" MOST_FIRST,
				 STA_V_INT(q->package_id), STA_V_INT(q->from), STA_V_INT(q->to),
				 STA_V_TEXT(q->tag), digest_of(q, &key), STA_V_TEXT(q->platform),
				 STA_V_INT(q->parts), STA_V_INT(max)),
		    &list, out, n);
}

/* --- the end of them --- */

enum sta_rc
sta_pull_day_prune(struct sta_db_conn *c, int64_t before_day, size_t max, size_t *n, struct sta_err *err)
{
	enum sta_rc rc = sta_sql_run(c, err,
				     "DELETE FROM pull_day WHERE (package_id, day, digest, tag, part) IN"
				     " (SELECT package_id, day, digest, tag, part FROM pull_day"
				     "  WHERE day < $1 LIMIT $2)",
				     STA_V_INT(before_day), STA_V_INT(max));

	if (rc == STA_OK)
		*n = (size_t) sta_db_changes(c);
	return rc;
}

enum sta_rc
sta_pull_day_drop(struct sta_db_conn *c, int64_t package_id, size_t max, bool *more, struct sta_err *err)
{
	enum sta_rc rc = sta_sql_run(c, err,
				     "DELETE FROM pull_day WHERE (package_id, day, digest, tag, part) IN"
				     " (SELECT package_id, day, digest, tag, part FROM pull_day"
				     "  WHERE package_id = $1 LIMIT $2)",
				     STA_V_INT(package_id), STA_V_INT(max));

	if (rc == STA_OK)
		*more = (size_t) sta_db_changes(c) == max;
	return rc;
}

enum sta_rc
sta_pull_day_any_before(struct sta_db_conn *c, int64_t before_day, bool *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err, "SELECT EXISTS (SELECT 1 FROM pull_day WHERE day < $1)",
				     STA_V_INT(before_day));

	if (rc == STA_OK)
		*out = sta_db_int(s, 0) != 0;
	return rc;
}
