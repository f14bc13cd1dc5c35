#include "base/auto.h"
#include "model/audit.h"
#include "model/search.h"
#include "model/sql.h"

#define SETS_MAX ((size_t) 16 << 20)
#define VISIBILITIES 3 /* the words of classes that searches go by */

struct look {
	struct sta_list *list;
	struct sta_idset sets[VISIBILITIES]; /* what is found by them; what the rows account for goes */
	size_t max;
};

static enum sta_rc
add(struct look *l, const char *what, struct sta_err *err)
{
	struct sta_audit_finding *item = sta_list_add(l->list);

	if (!item || !what)
		return sta_err_set(err, STA_NOMEM, 0, "findings");
	*item = (struct sta_audit_finding){ "I7", what, "searches find other packages than there are" };
	l->max--;
	return STA_OK;
}

static enum sta_rc
load(struct sta_search *s, struct look *l, struct sta_err *err)
{
	enum sta_rc rc = STA_OK;

	for (int v = 0; rc == STA_OK && v < VISIBILITIES; v++)
		rc = sta_idset_new(s->a, s->end, &l->sets[v]) ? sta_search_visibility(s, v, &l->sets[v], err)
							      : sta_err_set(err, STA_NOMEM, 0, "words");
	return rc;
}

/* A package that is published is under its visibility, once it has been looked at, and under no other. */
static bool
is_sound(struct look *l, struct sta_db_stmt *row)
{
	int64_t id = sta_db_int(row, 0);
	bool published = sta_db_int(row, 3) != 0;
	bool waits = sta_db_int(row, 4) == 0;
	bool sound = true;

	for (int64_t v = 0; v < VISIBILITIES; v++) {
		bool here = published && sta_db_int(row, 2) == v;
		bool found = sta_idset_has(&l->sets[v], id);

		sound = sound && (found == here || (here && waits));
		sta_idset_remove(&l->sets[v], id);
	}
	return sound;
}

static enum sta_rc
walk(struct sta_search *search, struct look *l, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	bool row = false;
	enum sta_rc rc = sta_sql_rows(search->c, &s, err,
				      "SELECT id, name, visibility, published, indexed FROM package"
				      " WHERE id < $1 ORDER BY id",
				      STA_V_INT(search->end));

	while (rc == STA_OK && l->max > 0 && (rc = sta_db_step(s, &row, err)) == STA_OK && row)
		if (!is_sound(l, s))
			rc = add(l, sta_sql_text(l->list->arena, s, 1), err);
	return rc;
}

enum sta_rc
sta_audit_words(struct sta_db_conn *c, size_t max, struct sta_list *list, struct sta_err *err)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(SETS_MAX);
	struct look l = { .list = list, .max = max };
	struct sta_search search = { .a = a };
	enum sta_rc rc = a ? sta_search_begin(c, a, &search, err) : sta_err_set(err, STA_NOMEM, 0, "words");

	if (rc == STA_OK)
		rc = load(&search, &l, err);
	if (rc == STA_OK)
		rc = walk(&search, &l, err);
	for (size_t v = 0; rc == STA_OK && v < VISIBILITIES && l.max > 0; v++)
		if (sta_idset_next(&l.sets[v], 0) >= 0)
			rc = add(&l, "a package that there is not", err);
	return rc;
}
