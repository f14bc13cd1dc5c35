#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "model/search.h"
#include "model/sql.h"

/* --- names --- */

static enum sta_rc
names_of_few(struct sta_search *s, const struct sta_idset *among, sta_search_name_fn *fn, void *arg,
	     struct sta_err *err)
{
	enum sta_rc rc = STA_OK;

	for (int64_t id = sta_idset_next(among, 0); rc == STA_OK && id >= 0;
	     id = sta_idset_next(among, id + 1)) {
		STA_AUTO(sta_db_done) struct sta_db_stmt *st = NULL;

		rc = sta_sql_one(s->c, &st, err, "SELECT name FROM package WHERE id = $1", STA_V_INT(id));
		if (rc == STA_OK)
			fn(arg, id, sta_db_text(st, 0));
		else if (rc == STA_NOT_FOUND)
			rc = STA_OK;
	}
	return rc;
}

enum sta_rc
sta_search_names(struct sta_search *s, const struct sta_idset *among, const char *begin,
		 sta_search_name_fn *fn, void *arg, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *st = NULL;
	const struct sta_search_key key = sta_search_text(s->a, STA_SEARCH_WORD, "", begin, true);
	uint64_t left = STA_SEARCH_WALK;
	bool row = false;
	enum sta_rc rc;

	if (sta_idset_count(among) <= STA_SEARCH_FEW)
		return names_of_few(s, among, fn, arg, err);
	if (!key.from)
		return sta_err_set(err, STA_NOMEM, 0, "search");
	rc = sta_sql_rows(s->c, &st, err,
			  "SELECT id, name FROM package WHERE name >= $1 AND name < $2 ORDER BY name",
			  STA_V_TEXT(key.from), STA_V_TEXT(key.to));
	while (rc == STA_OK && (rc = sta_db_step(st, &row, err)) == STA_OK && row && left-- > 0)
		if (sta_idset_has(among, sta_db_int(st, 0)))
			fn(arg, sta_db_int(st, 0), sta_db_text(st, 1));
	s->cut = s->cut || (rc == STA_OK && row);
	return rc;
}

/* --- the first ones --- */

struct item {
	int64_t id;
	int64_t updated_unix;
	const char *name; /* or NULL */
};

/* Oldest, or lowest name, first. */
static int
compare(const void *a, const void *b)
{
	const struct item *x = a;
	const struct item *y = b;
	int order = x->name ? strcmp(x->name, y->name)
			    : (x->updated_unix > y->updated_unix) - (x->updated_unix < y->updated_unix);

	return order != 0 ? order : (x->id > y->id) - (x->id < y->id);
}

static int
compare_back(const void *a, const void *b)
{
	return compare(b, a);
}

/* Items, of which those that cannot be among the first max are dropped now and then. */
struct heap {
	const struct sta_search_order *order;
	struct item *item;
	size_t n, max, size; /* size is above max */
	bool bounded;        /* none behind bound is among the first */
	struct item bound;
};

static void
sort(struct heap *h)
{
	qsort(h->item, h->n, sizeof(*h->item), h->order->descending ? compare_back : compare);
	if (h->n > h->max)
		h->n = h->max;
}

static void
push(struct heap *h, struct item x)
{
	if (h->bounded && (h->order->descending ? compare_back : compare)(&x, &h->bound) > 0)
		return;
	if (h->n == h->size) {
		sort(h);
		h->bounded = true;
		h->bound = h->item[h->max - 1];
	}
	h->item[h->n++] = x;
}

static enum sta_rc
put_out(struct heap *h, int64_t *out, size_t *n)
{
	sort(h);
	for (size_t i = 0; i < h->n; i++)
		out[i] = h->item[i].id;
	*n = h->n;
	return STA_OK;
}

/* Few: each is looked at. */
static enum sta_rc
sort_few(struct sta_search *s, const struct sta_idset *among, struct heap *h, struct sta_err *err)
{
	enum sta_rc rc = STA_OK;

	for (int64_t id = sta_idset_next(among, 0); rc == STA_OK && id >= 0;
	     id = sta_idset_next(among, id + 1)) {
		STA_AUTO(sta_db_done) struct sta_db_stmt *st = NULL;
		struct item x = { .id = id };

		rc = sta_sql_one(s->c, &st, err, "SELECT updated, name FROM package WHERE id = $1",
				 STA_V_INT(id));
		if (rc != STA_OK)
			return rc;
		x.updated_unix = sta_db_int(st, 0);
		if (h->order->by == STA_SORT_NAME && !(x.name = sta_sql_text(s->a, st, 1)))
			return sta_err_set(err, STA_NOMEM, 0, "search");
		h->item[h->n++] = x;
	}
	return rc;
}

/* Many, by time: all packages are looked at, from the newest on. */
static enum sta_rc
sort_times(struct sta_search *s, const struct sta_idset *among, struct heap *h, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *st = NULL;
	uint64_t left = STA_SEARCH_WALK;
	bool row = false;
	enum sta_rc rc = sta_sql_rows(s->c, &st, err, "SELECT id, updated FROM package ORDER BY id DESC");

	while (rc == STA_OK && (rc = sta_db_step(st, &row, err)) == STA_OK && row && left-- > 0)
		if (sta_idset_has(among, sta_db_int(st, 0)))
			push(h, (struct item){ .id = sta_db_int(st, 0), .updated_unix = sta_db_int(st, 1) });
	s->cut = s->cut || (rc == STA_OK && row);
	return rc;
}

/* Many, by name: in that order until there are enough. */
static enum sta_rc
walk_names(struct sta_search *s, const struct sta_idset *among, bool descending, size_t max, int64_t *out,
	   size_t *n, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *st = NULL;
	uint64_t left = STA_SEARCH_WALK;
	bool row = false;
	enum sta_rc rc = descending
				 ? sta_sql_rows(s->c, &st, err, "SELECT id FROM package ORDER BY name DESC")
				 : sta_sql_rows(s->c, &st, err, "SELECT id FROM package ORDER BY name");

	*n = 0;
	while (rc == STA_OK && *n < max && (rc = sta_db_step(st, &row, err)) == STA_OK && row && left-- > 0)
		if (sta_idset_has(among, sta_db_int(st, 0)))
			out[(*n)++] = sta_db_int(st, 0);
	s->cut = s->cut || (rc == STA_OK && row && *n < max);
	return rc;
}

enum sta_rc
sta_search_sorted(struct sta_search *s, const struct sta_idset *among, const struct sta_search_order *order,
		  size_t max, int64_t *out, size_t *n, struct sta_err *err)
{
	uint64_t count = sta_idset_count(among);
	struct heap h = { .order = order, .max = max, .size = STA_SEARCH_FEW };
	enum sta_rc rc;

	*n = 0;
	if (count == 0 || max == 0)
		return STA_OK;
	if (count > STA_SEARCH_FEW && order->by == STA_SORT_NAME)
		return walk_names(s, among, order->descending, max, out, n, err);
	h.item = sta_arena_alloc(s->a, h.size * sizeof(*h.item));
	if (!h.item)
		return sta_err_set(err, STA_NOMEM, 0, "search");
	rc = count <= STA_SEARCH_FEW ? sort_few(s, among, &h, err) : sort_times(s, among, &h, err);
	return rc == STA_OK ? put_out(&h, out, n) : rc;
}
