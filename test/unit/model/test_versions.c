/* Lists of versions, and what goes by them. */

#include <stdio.h>

#include "world.h"

#include "model/manifests.h"
#include "model/tags.h"
#include "model/trash.h"
#include "model/versions.h"

#define MANY 50

static int64_t
add(struct world *w, struct sta_db_conn *c, unsigned n)
{
	struct sta_version v = { .digest = digest_of(n), .media_type = "m", .created_unix = NOW };

	assert_int_equal(sta_version_insert(c, w->app, &v, "{}", 2, &w->err), STA_OK);
	return v.id;
}

static int64_t
add_to(struct world *w, struct sta_db_conn *c, unsigned n, unsigned subject)
{
	struct sta_version v = { .digest = digest_of(n),
				 .media_type = "m",
				 .has_subject = true,
				 .subject = digest_of(subject),
				 .created_unix = NOW };

	assert_int_equal(sta_version_insert(c, w->app, &v, "{}", 2, &w->err), STA_OK);
	return v.id;
}

static void
tag(struct world *w, struct sta_db_conn *c, const char *name, int64_t id)
{
	assert_int_equal(sta_tag_set(c, w->app, name, id, BY(NOW), &w->err), STA_OK);
}

static void
contain(struct world *w, struct sta_db_conn *c, int64_t index, unsigned n)
{
	struct sta_digest d = digest_of(n);

	assert_int_equal(sta_version_use_child(c, w->app, index, &d, &w->err), STA_OK);
}

static void
trash(struct world *w, struct sta_db_conn *c, int64_t id, int64_t at)
{
	assert_int_equal(sta_trash_version(c, w->app, id, BY(at), &w->err), STA_OK);
}

static size_t
page(struct world *w, struct sta_db_conn *c, struct sta_version_query q, struct sta_version_row **rows)
{
	size_t n = 0;

	q.package_id = w->app;
	*rows = NULL;
	assert_int_equal(sta_version_total(c, &q, &q.total, &w->err), STA_OK);
	assert_int_equal(sta_version_list(c, w->arena, &q, rows, &n, &w->err), STA_OK);
	return n;
}

/* Every other one is deleted: gaps in the ids. */
static void
every_page_is_the_same_part_of_the_list_newest_first(struct world *w, struct sta_db_conn *c)
{
	int64_t live[MANY];
	struct sta_version_row *rows;

	for (unsigned i = 0; i < MANY; i++) {
		live[i] = add(w, c, 2 * i);
		trash(w, c, add(w, c, 2 * i + 1), NOW);
	}
	for (uint64_t skip = 0; skip < MANY + 3; skip++)
		for (size_t max = 1; max < 8; max += 3) {
			size_t left = skip < MANY ? MANY - skip : 0;
			size_t n = page(w, c, (struct sta_version_query){ .skip = skip, .max = max }, &rows);

			assert_int_equal(n, left < max ? left : max);
			for (size_t i = 0; i < n; i++)
				assert_int_equal(rows[i].id, live[MANY - 1 - skip - i]);
		}
}

static void
page_before_a_version_begins_with_the_next_older_one(struct world *w, struct sta_db_conn *c)
{
	int64_t ids[5];
	struct sta_version_row *rows;

	for (unsigned i = 0; i < 5; i++)
		ids[i] = add(w, c, i);
	trash(w, c, ids[2], NOW);
	assert_int_equal(page(w, c, (struct sta_version_query){ .before = ids[4], .max = 2 }, &rows), 2);
	assert_int_equal(rows[0].id, ids[3]);
	assert_int_equal(rows[1].id, ids[1]);
	assert_int_equal(
		page(w, c, (struct sta_version_query){ .before = ids[1], .skip = 999, .max = 9 }, &rows), 1);
	assert_int_equal(rows[0].id, ids[0]);
	assert_int_equal(page(w, c, (struct sta_version_query){ .before = ids[0], .max = 9 }, &rows), 0);
	trash(w, c, ids[3], NOW);
	assert_int_equal(
		page(w, c,
		     (struct sta_version_query){ .deleted = true, .before = ids[3], .skip = 7, .max = 9 },
		     &rows),
		1);
	assert_int_equal(rows[0].id, ids[2]);
	assert_int_equal(
		page(w, c, (struct sta_version_query){ .deleted = true, .before = ids[2], .max = 9 }, &rows),
		0);
}

static void
package_without_versions_has_an_empty_list(struct world *w, struct sta_db_conn *c)
{
	struct sta_version_row *rows;

	assert_int_equal(page(w, c, (struct sta_version_query){ .max = 5 }, &rows), 0);
	assert_int_equal(page(w, c, (struct sta_version_query){ .deleted = true, .max = 5 }, &rows), 0);
}

static void
each_version_has_its_own_tags_by_name(struct world *w, struct sta_db_conn *c)
{
	int64_t ids[4] = { add(w, c, 1), add(w, c, 2), add(w, c, 3), add(w, c, 4) };
	struct sta_version_row *rows;

	tag(w, c, "c", ids[1]);
	tag(w, c, "a", ids[1]);
	tag(w, c, "b", ids[1]);
	tag(w, c, "0", ids[3]);
	assert_int_equal(page(w, c, (struct sta_version_query){ .max = 9 }, &rows), 4);
	assert_int_equal(rows[0].n_tags, 1);
	assert_string_equal(rows[0].tags[0], "0");
	assert_int_equal(rows[1].n_tags, 0);
	assert_int_equal(rows[2].n_tags, 3);
	assert_string_equal(rows[2].tags[0], "a");
	assert_string_equal(rows[2].tags[1], "b");
	assert_string_equal(rows[2].tags[2], "c");
	assert_int_equal(rows[3].n_tags, 0);
	assert_int_equal(page(w, c, (struct sta_version_query){ .skip = 1, .max = 2 }, &rows), 2);
	assert_int_equal(rows[1].n_tags, 3);
	assert_string_equal(rows[1].tags[0], "a");
}

static void
of_very_many_tags_the_first_are_listed(struct world *w, struct sta_db_conn *c)
{
	struct sta_version_row *rows;
	int64_t many = add(w, c, 0);
	int64_t next = add(w, c, 1);
	char name[16];

	tag(w, c, "z", next);
	for (int i = STA_VERSION_TAGS_MAX; i >= 0; i--) {
		(void) snprintf(name, sizeof(name), "t%06d", i);
		tag(w, c, name, many);
	}
	assert_int_equal(page(w, c, (struct sta_version_query){ .max = 9 }, &rows), 2);
	assert_int_equal(rows[0].n_tags, 1);
	assert_int_equal(rows[1].n_tags, STA_VERSION_TAGS_MAX);
	assert_string_equal(rows[1].tags[0], "t000000");
	assert_string_equal(rows[1].tags[STA_VERSION_TAGS_MAX - 1], "t000999");
}

static void
deleted_ones_are_listed_from_a_time_on_with_the_tags_that_they_had(struct world *w, struct sta_db_conn *c)
{
	struct sta_version_query q = { .deleted = true, .deleted_after_unix = NOW + 5, .max = 9 };
	int64_t ids[5];
	struct sta_version_row *rows;

	for (unsigned i = 0; i < 5; i++) {
		ids[i] = add(w, c, i);
		tag(w, c, (const char *[]){ "0", "1", "2", "3", "4" }[i], ids[i]);
	}
	trash(w, c, ids[0], NOW + 6);
	trash(w, c, ids[1], NOW + 5);
	trash(w, c, ids[2], NOW + 7);
	trash(w, c, ids[4], NOW + 6);
	tag(w, c, "0", ids[3]); /* another has it now */
	assert_int_equal(page(w, c, q, &rows), 3);
	assert_int_equal(rows[0].id, ids[4]);
	assert_int_equal(rows[1].id, ids[2]);
	assert_int_equal(rows[2].id, ids[0]);
	assert_string_equal(rows[0].tags[0], "4");
	assert_string_equal(rows[1].tags[0], "2");
	assert_string_equal(rows[2].tags[0], "0");
	assert_int_equal(rows[2].deleted_unix, NOW + 6);
	q.skip = 1;
	q.max = 1;
	assert_int_equal(page(w, c, q, &rows), 1);
	assert_int_equal(rows[0].id, ids[2]);
	q.skip = 3;
	assert_int_equal(page(w, c, q, &rows), 0);
}

static void
version_is_as_it_was_inserted(struct world *w, struct sta_db_conn *c)
{
	struct sta_version v = { .digest = digest_of(7),
				 .media_type = "m",
				 .is_index = true,
				 .created_unix = NOW,
				 .description = "An image",
				 .licenses = "MIT" };
	struct sta_version_row got;
	int64_t other;

	assert_int_equal(sta_version_insert(c, w->app, &v, "{\"a\":1}", 7, &w->err), STA_OK);
	other = add(w, c, 8);
	assert_int_equal(sta_version_row(c, w->arena, w->app, v.id, &got, &w->err), STA_OK);
	assert_true(sta_digest_equal(&got.digest, &v.digest));
	assert_true(got.is_index);
	assert_int_equal(got.size, 7);
	assert_int_equal(got.created_unix, NOW);
	assert_int_equal(got.updated_unix, NOW);
	assert_int_equal(got.deleted_unix, 0);
	assert_string_equal(got.description, "An image");
	assert_string_equal(got.licenses, "MIT");
	assert_int_equal(sta_version_row(c, w->arena, w->app, other, &got, &w->err), STA_OK);
	assert_null(got.description);
	assert_null(got.licenses);
	assert_int_equal(sta_version_row(c, w->arena, w->lib, other, &got, &w->err), STA_NOT_FOUND);
}

static int64_t
updated(struct world *w, struct sta_db_conn *c, int64_t id)
{
	struct sta_version_row got;

	assert_int_equal(sta_version_row(c, w->arena, w->app, id, &got, &w->err), STA_OK);
	return got.updated_unix;
}

static void
tag_that_comes_or_goes_updates_its_versions(struct world *w, struct sta_db_conn *c)
{
	int64_t one = add(w, c, 1);
	int64_t two = add(w, c, 2);
	int64_t three = add(w, c, 3);

	assert_int_equal(sta_tag_set(c, w->app, "v", one, BY(NOW + 1), &w->err), STA_OK);
	assert_int_equal(updated(w, c, one), NOW + 1);
	assert_int_equal(sta_tag_set(c, w->app, "v", one, BY(NOW + 2), &w->err), STA_OK); /* as it was */
	assert_int_equal(updated(w, c, one), NOW + 1);
	assert_int_equal(sta_tag_set(c, w->app, "v", two, BY(NOW + 3), &w->err), STA_OK);
	assert_int_equal(updated(w, c, one), NOW + 3);
	assert_int_equal(updated(w, c, two), NOW + 3);
	assert_int_equal(sta_tag_remove(c, w->app, "v", BY(NOW + 4), &w->err), STA_OK);
	assert_int_equal(updated(w, c, two), NOW + 4);
	assert_int_equal(updated(w, c, one), NOW + 3);
	assert_int_equal(updated(w, c, three), NOW);
}

static bool
popular(struct world *w, struct sta_db_conn *c, int64_t id, uint64_t pulls)
{
	bool got = false;

	assert_int_equal(sta_version_popular(c, w->app, id, pulls, &got, &w->err), STA_OK);
	return got;
}

static void
popular_is_what_was_pulled_more_often(struct world *w, struct sta_db_conn *c)
{
	int64_t one = add(w, c, 1);
	int64_t two = add(w, c, 2);

	assert_int_equal(sta_version_add_pulls(c, one, 5, true, &w->err), STA_OK);
	assert_int_equal(sta_version_add_pulls(c, two, 2, true, &w->err), STA_OK);
	assert_int_equal(number(c, "SELECT pulls FROM package WHERE id = 1"), 7);
	assert_false(popular(w, c, 0, 5));
	assert_true(popular(w, c, 0, 4));
	assert_false(popular(w, c, one, 5));
	assert_true(popular(w, c, one, 4));
	assert_false(popular(w, c, two, 2));
	trash(w, c, one, NOW);
	assert_false(popular(w, c, 0, 4));
	assert_true(popular(w, c, 0, 1));
}

/* In any order, sorted here. */
static size_t
dependents(struct world *w, struct sta_db_conn *c, int64_t id, int64_t **out)
{
	const struct sta_dependents_query q = {
		.package_id = w->app, .id = id, .most_pulls = INT64_MAX, .max = 99
	};
	int64_t *ids = NULL;
	size_t n = 0;

	assert_int_equal(sta_version_dependents(c, w->arena, &q, &ids, &n, &w->err), STA_OK);
	for (size_t i = 1; i < n; i++)
		for (size_t k = i; k > 0 && ids[k] < ids[k - 1]; k--) {
			int64_t t = ids[k];

			ids[k] = ids[k - 1];
			ids[k - 1] = t;
		}
	*out = ids;
	return n;
}

static void
dependents_are_children_and_referrers_that_are_nobody_else_s(struct world *w, struct sta_db_conn *c)
{
	int64_t index = add(w, c, 1);
	int64_t other = add(w, c, 2);
	int64_t own = add(w, c, 3);
	int64_t shared = add(w, c, 4);
	int64_t tagged = add(w, c, 5);
	int64_t referrer = add_to(w, c, 6, 1);
	int64_t tagged_referrer = add_to(w, c, 7, 1);
	int64_t listed_referrer = add_to(w, c, 8, 1);
	int64_t gone = add(w, c, 9);
	int64_t both = add_to(w, c, 10, 1);
	int64_t *ids;

	(void) add_to(w, c, 11, 2);
	for (unsigned n = 3; n <= 5; n++)
		contain(w, c, index, n);
	contain(w, c, index, 9);
	contain(w, c, index, 10);
	contain(w, c, index, 99); /* not there */
	contain(w, c, other, 4);
	contain(w, c, other, 8);
	tag(w, c, "t", tagged);
	tag(w, c, "r", tagged_referrer);
	trash(w, c, gone, NOW);
	trash(w, c, index, NOW);
	assert_int_equal(dependents(w, c, index, &ids), 3);
	assert_int_equal(ids[0], own);
	assert_int_equal(ids[1], referrer);
	assert_int_equal(ids[2], both);
	trash(w, c, other, NOW);
	assert_int_equal(dependents(w, c, other, &ids), 3); /* what they shared, and its own referrer */
	assert_int_equal(ids[0], shared);
	assert_int_equal(ids[1], listed_referrer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_page_is_the_same_part_of_the_list_newest_first),
		TEST(page_before_a_version_begins_with_the_next_older_one),
		TEST(package_without_versions_has_an_empty_list),
		TEST(each_version_has_its_own_tags_by_name),
		TEST(of_very_many_tags_the_first_are_listed),
		TEST(deleted_ones_are_listed_from_a_time_on_with_the_tags_that_they_had),
		TEST(version_is_as_it_was_inserted),
		TEST(tag_that_comes_or_goes_updates_its_versions),
		TEST(popular_is_what_was_pulled_more_often),
		TEST(dependents_are_children_and_referrers_that_are_nobody_else_s),
	};

	return cmocka_run_group_tests_name("model_versions", tests, NULL, NULL);
}
