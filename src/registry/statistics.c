#include "registry/statistics.h"

#include "registry/core.h"
#include "registry/published.h"
#include "registry/pulls.h"

static enum sta_rc
check_days(const struct sta_statistics_query *q, struct sta_err *err)
{
	if (q->from > q->to)
		return sta_err_set(err, STA_INVALID, 0, "from is later than to.");
	if (q->to - q->from >= STA_STATISTICS_DAYS)
		return sta_err_set(err, STA_INVALID, 0, "from and to are more than %d days apart.",
				   STA_STATISTICS_DAYS);
	return STA_OK;
}

/* Each day from the first to the last one, those that nothing is known of with nothing. */
static enum sta_rc
list_days(struct sta_db_conn *c, struct sta_arena *a, const struct sta_pull_query *q,
	  struct sta_statistics *out, struct sta_err *err)
{
	size_t days = (size_t) (q->to - q->from + 1);
	struct sta_pull_sum *items = sta_arena_alloc(a, days * sizeof(*items));
	struct sta_pull_sum *known = NULL;
	size_t n = 0;
	enum sta_rc rc = items ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "statistics");

	if (rc == STA_OK)
		rc = sta_pull_days(c, a, q, &known, &n, err);
	if (rc != STA_OK)
		return rc;
	for (size_t i = 0; i < days; i++)
		items[i] = (struct sta_pull_sum){ .day = q->from + (int64_t) i };
	for (size_t i = 0; i < n; i++)
		items[known[i].day - q->from] = known[i];
	out->items = items;
	out->n = days;
	return STA_OK;
}

static enum sta_rc
list(struct sta_db_conn *c, struct sta_arena *a, enum sta_statistics_by by, const struct sta_pull_query *q,
     struct sta_statistics *out, struct sta_err *err)
{
	size_t max = STA_STATISTICS_ITEMS + 1;
	enum sta_rc rc;

	switch (by) {
	case STA_BY_TAG:
		rc = sta_pull_tags(c, a, q, max, &out->items, &out->n, err);
		break;
	case STA_BY_DIGEST:
		rc = sta_pull_digests(c, a, q, max, &out->items, &out->n, err);
		break;
	case STA_BY_PLATFORM:
		rc = sta_pull_platforms(c, a, q, max, &out->items, &out->n, err);
		break;
	case STA_BY_DAY:
	default:
		return list_days(c, a, q, out, err);
	}
	if (rc == STA_OK && out->n == max) {
		out->n--;
		out->more = true;
	}
	return rc;
}

/* In one snapshot. */
static enum sta_rc
look(struct sta_db_conn *c, const struct sta_call *call, const struct sta_name *name,
     const struct sta_statistics_query *asked, struct sta_statistics *out, struct sta_err *err)
{
	struct sta_pull_query q = {
		.from = asked->from,
		.to = asked->to,
		.tag = asked->tag,
		.digest = asked->digest,
		.platform = asked->platform,
		.parts = asked->digest || asked->platform,
	};
	struct sta_pull_sum total;
	struct sta_entry e;
	enum sta_rc rc = sta_door_published(c, call, name, STA_ACTION_READ, &e, err);

	if (rc != STA_OK)
		return rc;
	q.package_id = e.package.id;
	rc = sta_pull_total(c, &q, &total, err);
	if (rc != STA_OK)
		return rc;
	*out = (struct sta_statistics){ .pulls = total.pulls, .heads = total.heads };
	q.parts = q.parts || asked->by == STA_BY_DIGEST || asked->by == STA_BY_PLATFORM;
	return list(c, call->arena, asked->by, &q, out, err);
}

enum sta_rc
sta_package_statistics(struct sta_registry *r, const struct sta_call *call, const char *owner,
		       const char *name, const struct sta_statistics_query *q, struct sta_statistics *out,
		       struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_statistics got;
	struct sta_name full;
	enum sta_rc rc = sta_published_name(owner, name, &full, err);

	if (rc == STA_OK)
		rc = check_days(q, err);
	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	if (rc == STA_OK)
		rc = sta_pulls_flush(r, err);
	if (rc == STA_OK)
		rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = sta_db_read_begin(c, err);
	if (rc != STA_OK)
		return rc;
	rc = look(c, call, &full, q, &got, err);
	sta_db_read_end(c);
	if (rc == STA_OK)
		*out = got;
	return rc;
}
