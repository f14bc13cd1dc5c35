/* The history of tags. */

#include <stdio.h>
#include <string.h>

#include "world.h"

#include "model/manifests.h"
#include "model/packages.h"
#include "model/tags.h"
#include "model/trash.h"

#define MANY 2500

static int64_t
add(struct world *w, struct sta_db_conn *c, unsigned n)
{
	struct sta_version v = { .digest = digest_of(n), .media_type = "m", .created_unix = NOW };

	assert_int_equal(sta_version_insert(c, w->app, &v, "{}", 2, &w->err), STA_OK);
	return v.id;
}

/* "created v 0>1 alice; ..." from the oldest on, digests as the numbers that they were made of. */
static const char *
story(struct world *w, struct sta_db_conn *c, const char *tag)
{
	struct sta_tag_event_query q = { .package_id = w->app, .tag = tag, .max = 100 };
	struct sta_tag_event *e = NULL;
	const char *out = "";
	uint64_t total = 0;
	size_t n = 0;

	assert_int_equal(sta_tag_event_list(c, w->arena, &q, &e, &n, &w->err), STA_OK);
	assert_int_equal(sta_tag_event_count(c, &q, &total, &w->err), STA_OK);
	assert_int_equal(total, n);
	for (size_t i = n; i-- > 0;) {
		unsigned old = 0, new = 0;

		for (unsigned k = 1; k < 10; k++) {
			struct sta_digest d = digest_of(k);

			old = e[i].was && sta_digest_equal(&d, &e[i].old) ? k : old;
			new = e[i].is &&sta_digest_equal(&d, &e[i].new) ? k : new;
		}
		out = sta_arena_printf(w->arena, "%s%lld %s %u>%u %s +%d; ", out, (long long) e[i].number,
				       e[i].tag, old, new, e[i].actor, (int) (e[i].created_unix - NOW));
		assert_non_null(out);
	}
	return out;
}

static void
set(struct world *w, struct sta_db_conn *c, const char *tag, int64_t id, int after)
{
	assert_int_equal(sta_tag_set(c, w->app, tag, id, BY(NOW + after), &w->err), STA_OK);
}

static void
each_change_of_a_tag_is_an_event(struct world *w, struct sta_db_conn *c)
{
	int64_t one = add(w, c, 1), two = add(w, c, 2);

	set(w, c, "v", one, 0);
	set(w, c, "v", one, 1); /* no change */
	set(w, c, "v", two, 2);
	set(w, c, "w", two, 3);
	assert_int_equal(sta_tag_remove(c, w->app, "v", BY(NOW + 4), &w->err), STA_OK);
	assert_int_equal(sta_tag_remove(c, w->app, "v", BY(NOW + 5), &w->err), STA_NOT_FOUND);
	assert_string_equal(story(w, c, "v"), "1 v 0>1 alice +0; 2 v 1>2 alice +2; 4 v 2>0 alice +4; ");
	assert_string_equal(story(w, c, NULL),
			    "1 v 0>1 alice +0; 2 v 1>2 alice +2; 3 w 0>2 alice +3; 4 v 2>0 alice +4; ");
	assert_string_equal(story(w, c, "x"), "");
}

static void
deleting_and_restoring_a_version_is_in_the_history_of_its_tags(struct world *w, struct sta_db_conn *c)
{
	int64_t one = add(w, c, 1), two = add(w, c, 2);

	set(w, c, "b", one, 0);
	set(w, c, "a", one, 0);
	set(w, c, "c", two, 0);
	assert_int_equal(sta_trash_version(c, w->app, one, BY(NOW + 1), &w->err), STA_OK);
	assert_int_equal(sta_trash_version(c, w->app, one, BY(NOW + 2), &w->err), STA_OK); /* it was */
	set(w, c, "b", two, 3);
	assert_int_equal(sta_untrash_version(c, w->app, one, BY(NOW + 4), &w->err), STA_OK);
	assert_string_equal(story(w, c, NULL),
			    "1 b 0>1 alice +0; 2 a 0>1 alice +0; 3 c 0>2 alice +0; 4 a 1>0 alice +1; "
			    "5 b 1>0 alice +1; 6 b 0>2 alice +3; 7 a 0>1 alice +4; ");
}

static void
history_outlives_its_versions(struct world *w, struct sta_db_conn *c)
{
	int64_t one = add(w, c, 1);

	set(w, c, "v", one, 0);
	assert_int_equal(sta_trash_version(c, w->app, one, BY(NOW + 1), &w->err), STA_OK);
	assert_int_equal(sta_version_remove(c, w->app, one, NOW + 2, &w->err), STA_OK);
	assert_string_equal(story(w, c, "v"), "1 v 0>1 alice +0; 2 v 1>0 alice +1; ");
}

static void
pages_go_on_where_the_last_one_ended(struct world *w, struct sta_db_conn *c)
{
	int64_t ids[] = { add(w, c, 1), add(w, c, 2) };
	struct sta_tag_event_query q = { .package_id = w->app, .max = 3 };
	int64_t expected = 10;

	for (int i = 0; i < 10; i++)
		set(w, c, "v", ids[i % 2], i);
	for (size_t n = 3; n == 3; q.before = expected + 1) {
		struct sta_tag_event *e = NULL;

		q.tag = expected % 2 == 0 ? "v" : NULL;
		assert_int_equal(sta_tag_event_list(c, w->arena, &q, &e, &n, &w->err), STA_OK);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(e[i].number, expected--);
	}
	assert_int_equal(expected, 0);
}

static void
events_are_found_by_number_and_by_time(struct world *w, struct sta_db_conn *c)
{
	int64_t one = add(w, c, 1), two = add(w, c, 2);
	struct sta_tag_event e;

	set(w, c, "v", one, 10);
	set(w, c, "v", two, 20);
	set(w, c, "v", one, 20);
	set(w, c, "w", one, 30);
	assert_int_equal(sta_tag_event_last(c, w->arena, w->app, "v", NOW + 9, &e, &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_tag_event_last(c, w->arena, w->app, "v", NOW + 10, &e, &w->err), STA_OK);
	assert_int_equal(e.number, 1);
	assert_int_equal(sta_tag_event_last(c, w->arena, w->app, "v", NOW + 19, &e, &w->err), STA_OK);
	assert_int_equal(e.number, 1);
	assert_int_equal(sta_tag_event_last(c, w->arena, w->app, "v", INT64_MAX, &e, &w->err), STA_OK);
	assert_int_equal(e.number, 3); /* the last of that second */
	assert_int_equal(sta_tag_event_find(c, w->arena, w->app, "v", 2, &e, &w->err), STA_OK);
	assert_int_equal(e.number, 2);
	assert_int_equal(sta_tag_event_find(c, w->arena, w->app, "v", 4, &e, &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_tag_event_find(c, w->arena, w->lib, "v", 2, &e, &w->err), STA_NOT_FOUND);
}

static void
package_with_a_long_history_is_removed_bit_by_bit(struct world *w, struct sta_db_conn *c)
{
	int64_t ids[] = { add(w, c, 1), add(w, c, 2) };
	bool gone = false;
	int rounds = 0;

	for (int i = 0; i < MANY; i++)
		set(w, c, "v", ids[i % 2], i);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(sta_trash_version(c, w->app, ids[i], BY(NOW), &w->err), STA_OK);
		assert_int_equal(sta_version_remove(c, w->app, ids[i], NOW, &w->err), STA_OK);
	}
	while (!gone) {
		assert_int_equal(sta_package_remove(c, w->app, &gone, &w->err), STA_OK);
		rounds++;
	}
	assert_in_range(rounds, 2, 5);
	assert_string_equal(story(w, c, NULL), "");
}

static void
tags_are_listed_in_each_order(struct world *w, struct sta_db_conn *c)
{
	static const struct {
		enum sta_tag_order order;
		uint64_t skip;
		const char *names;
	} cases[] = {
		{ STA_TAGS_NEWEST, 0, "b d " },       { STA_TAGS_NEWEST, 2, "a c " },
		{ STA_TAGS_NEWEST, 4, "" },           { STA_TAGS_OLDEST, 0, "c a " },
		{ STA_TAGS_BY_NAME, 0, "a b " },      { STA_TAGS_BY_NAME, 3, "d " },
		{ STA_TAGS_BY_NAME_DOWN, 0, "d c " },
	};
	int64_t one = add(w, c, 1), two = add(w, c, 2);
	struct sta_tag_row row;
	uint64_t total = 0;

	set(w, c, "b", one, 0);
	set(w, c, "c", one, 1);
	set(w, c, "a", one, 2);
	set(w, c, "d", one, 3);
	set(w, c, "b", two, 4);
	assert_int_equal(sta_tag_count(c, w->app, &total, &w->err), STA_OK);
	assert_int_equal(total, 4);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sta_tag_query q = {
			.package_id = w->app, .order = cases[i].order, .skip = cases[i].skip, .max = 2
		};
		struct sta_tag_row *rows = NULL;
		const char *names = "";
		size_t n = 0;

		assert_int_equal(sta_tag_list(c, w->arena, &q, &rows, &n, &w->err), STA_OK);
		for (size_t k = 0; k < n; k++)
			names = sta_arena_printf(w->arena, "%s%s ", names, rows[k].name);
		assert_string_equal(names, cases[i].names);
	}
	assert_int_equal(sta_tag_row(c, w->arena, w->app, "b", &row, &w->err), STA_OK);
	assert_int_equal(row.manifest_id, two);
	assert_int_equal(row.created_unix, NOW);
	assert_int_equal(row.updated_unix, NOW + 4);
	assert_int_equal(sta_tag_row(c, w->arena, w->app, "x", &row, &w->err), STA_NOT_FOUND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_change_of_a_tag_is_an_event),
		TEST(deleting_and_restoring_a_version_is_in_the_history_of_its_tags),
		TEST(history_outlives_its_versions),
		TEST(pages_go_on_where_the_last_one_ended),
		TEST(events_are_found_by_number_and_by_time),
		TEST(package_with_a_long_history_is_removed_bit_by_bit),
		TEST(tags_are_listed_in_each_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
