#include <string.h>

#include "world.h"

#include "model/manifests.h"
#include "model/packages.h"
#include "model/tags.h"
#include "model/versions.h"

static void
package_begins_private_and_unpublished(struct world *w, struct sta_db_conn *c)
{
	struct sta_package got;

	assert_int_equal(sta_package_find(c, w->arena, "alice/app", w->bob, &got, &w->err), STA_OK);
	assert_int_equal(got.id, w->app);
	assert_int_equal(got.namespace_id, w->alice);
	assert_string_equal(got.name, "alice/app");
	assert_int_equal(got.visibility, STA_PRIVATE);
	assert_false(got.published);
	assert_int_equal(got.created_unix, NOW);
	assert_int_equal(got.updated_unix, NOW);
	assert_int_equal(got.granted, STA_ROLE_NONE);
	assert_int_equal(sta_package_find(c, w->arena, "alice/none", w->bob, &got, &w->err), STA_NOT_FOUND);
}

static void
package_name_is_taken_once(struct world *w, struct sta_db_conn *c)
{
	int64_t id = -1;

	assert_int_equal(sta_package_insert(c, w->bob, "alice/app", STA_PRIVATE, NOW, &id, &w->err),
			 STA_EXISTS);
	assert_int_equal(sta_package_insert(c, 999, "carol/app", STA_PRIVATE, NOW, &id, &w->err),
			 STA_CONFLICT);
	assert_int_equal(id, -1);
}

static void
grant_is_the_asked_accounts_and_can_change(struct world *w, struct sta_db_conn *c)
{
	struct sta_package got;

	assert_int_equal(
		sta_grant_set(c, sta_grantable_package(w->app), person(w->bob), STA_ROLE_READ, &w->err),
		STA_OK);
	assert_int_equal(
		sta_grant_set(c, sta_grantable_package(w->app), person(w->bob), STA_ROLE_WRITE, &w->err),
		STA_OK);
	assert_int_equal(sta_package_find(c, w->arena, "alice/app", w->bob, &got, &w->err), STA_OK);
	assert_int_equal(got.granted, STA_ROLE_WRITE);
	assert_int_equal(sta_package_find(c, w->arena, "alice/app", w->alice, &got, &w->err), STA_OK);
	assert_int_equal(got.granted, STA_ROLE_NONE);
	assert_int_equal(sta_package_find(c, w->arena, "alice/lib", w->bob, &got, &w->err), STA_OK);
	assert_int_equal(got.granted, STA_ROLE_NONE);
}

static void
touch_publishes_and_dates(struct world *w, struct sta_db_conn *c)
{
	struct sta_package got;

	assert_int_equal(sta_package_touch(c, w->app, NOW + 7, &w->err), STA_OK);
	assert_int_equal(sta_package_update_visibility(c, w->app, STA_PUBLIC, &w->err), STA_OK);
	assert_int_equal(sta_package_find(c, w->arena, "alice/app", 0, &got, &w->err), STA_OK);
	assert_true(got.published);
	assert_int_equal(got.visibility, STA_PUBLIC);
	assert_int_equal(got.created_unix, NOW);
	assert_int_equal(got.updated_unix, NOW + 7);
}

static size_t
page(struct world *w, struct sta_db_conn *c, int64_t account, bool everything, const char *last, size_t max,
     struct sta_package **out)
{
	struct sta_package_query q = {
		.account_id = account, .everything = everything, .last = last, .max = max
	};
	size_t n = 999;

	assert_int_equal(sta_package_page(c, w->arena, &q, out, &n, &w->err), STA_OK);
	return n;
}

static void
page_holds_what_the_account_might_read(struct world *w, struct sta_db_conn *c)
{
	struct sta_package *list;

	assert_int_equal(page(w, c, w->alice, true, NULL, 10, &list), 0); /* nothing is published */
	assert_int_equal(sta_package_touch(c, w->app, NOW, &w->err), STA_OK);
	assert_int_equal(sta_package_touch(c, w->lib, NOW, &w->err), STA_OK);
	assert_int_equal(page(w, c, 0, false, NULL, 10, &list), 0);
	assert_int_equal(page(w, c, w->bob, false, NULL, 10, &list), 0);
	assert_int_equal(page(w, c, w->bob, true, NULL, 10, &list), 2);
	assert_int_equal(page(w, c, w->alice, false, NULL, 10, &list), 2);
	assert_int_equal(
		sta_grant_set(c, sta_grantable_package(w->app), person(w->bob), STA_ROLE_READ, &w->err),
		STA_OK);
	assert_int_equal(page(w, c, w->bob, false, NULL, 10, &list), 1);
	assert_string_equal(list[0].name, "alice/app");
	assert_int_equal(list[0].granted, STA_ROLE_READ);
	assert_int_equal(sta_package_update_visibility(c, w->lib, STA_PUBLIC, &w->err), STA_OK);
	assert_int_equal(page(w, c, 0, false, NULL, 10, &list), 1);
	assert_string_equal(list[0].name, "alice/lib");
}

static void
pages_follow_each_other_by_name(struct world *w, struct sta_db_conn *c)
{
	struct sta_package *list;

	assert_int_equal(sta_package_touch(c, w->app, NOW, &w->err), STA_OK);
	assert_int_equal(sta_package_touch(c, w->lib, NOW, &w->err), STA_OK);
	assert_int_equal(page(w, c, w->alice, false, NULL, 1, &list), 1);
	assert_string_equal(list[0].name, "alice/app");
	assert_int_equal(page(w, c, w->alice, false, "alice/app", 1, &list), 1);
	assert_string_equal(list[0].name, "alice/lib");
	assert_int_equal(page(w, c, w->alice, false, "alice/lib", 1, &list), 0);
}

static int64_t
add_version(struct world *w, struct sta_db_conn *c, int64_t package, unsigned n)
{
	struct sta_version v = { .digest = digest_of(n), .media_type = "m", .created_unix = NOW };

	assert_int_equal(sta_version_insert(c, package, &v, "12345", 5, &w->err), STA_OK);
	return v.id;
}

static void
package_is_removed_only_when_nothing_else_of_it_is_left(struct world *w, struct sta_db_conn *c)
{
	struct sta_package got;
	int64_t v = add_version(w, c, w->app, 1);

	assert_int_equal(
		sta_grant_set(c, sta_grantable_package(w->app), person(w->bob), STA_ROLE_READ, &w->err),
		STA_OK);
	assert_int_equal(sta_package_remove(c, w->app, &(bool){ false }, &w->err), STA_CONFLICT);
	assert_int_equal(sta_version_remove(c, w->app, v, NOW, &w->err), STA_OK);
	assert_int_equal(sta_package_remove(c, w->app, &(bool){ false }, &w->err), STA_OK);
	assert_int_equal(sta_package_find(c, w->arena, "alice/app", 0, &got, &w->err), STA_NOT_FOUND);
	assert_int_equal(number(c, "SELECT count(*) FROM role_grant"), 0);
}

static void
empty_package_that_was_never_published_is_found_once_it_is_old(struct world *w, struct sta_db_conn *c)
{
	int64_t id = 0;

	assert_int_equal(sta_package_next_empty(c, NOW, &id, &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_package_next_empty(c, NOW + 1, &id, &w->err), STA_OK);
	assert_int_equal(id, w->app);
	assert_int_equal(sta_package_touch(c, w->app, NOW, &w->err), STA_OK);
	assert_int_equal(sta_package_next_empty(c, NOW + 1, &id, &w->err), STA_OK);
	assert_int_equal(id, w->lib);
}

static size_t
tags(struct world *w, struct sta_db_conn *c, const char *last, size_t max, const char ***out)
{
	size_t n = 999;

	assert_int_equal(sta_tag_page(c, w->arena, w->app, last, max, out, &n, &w->err), STA_OK);
	return n;
}

static void
tag_points_where_it_was_set_last(struct world *w, struct sta_db_conn *c)
{
	int64_t one = add_version(w, c, w->app, 1);
	int64_t two = add_version(w, c, w->app, 2);
	struct sta_version got;

	assert_int_equal(sta_tag_set(c, w->app, "v", one, BY(NOW), &w->err), STA_OK);
	assert_int_equal(sta_tag_set(c, w->app, "v", two, BY(NOW + 1), &w->err), STA_OK);
	assert_int_equal(sta_version_by_tag(c, w->arena, w->app, "v", &got, &w->err), STA_OK);
	assert_int_equal(got.id, two);
	assert_int_equal(number(c, "SELECT created FROM tag"), NOW);
	assert_int_equal(number(c, "SELECT updated FROM tag"), NOW + 1);
	assert_int_equal(sta_tag_set(c, w->app, "v", two, BY(NOW + 2), &w->err),
			 STA_OK); /* no move, no date */
	assert_int_equal(number(c, "SELECT updated FROM tag"), NOW + 1);
	assert_int_equal(sta_version_by_tag(c, w->arena, w->lib, "v", &got, &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_version_by_tag(c, w->arena, w->app, "V", &got, &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_tag_set(c, w->app, "x", 999, BY(NOW), &w->err), STA_CONFLICT);
}

static void
tag_is_removed_once(struct world *w, struct sta_db_conn *c)
{
	int64_t one = add_version(w, c, w->app, 1);

	assert_int_equal(sta_tag_set(c, w->app, "v", one, BY(NOW), &w->err), STA_OK);
	assert_int_equal(sta_tag_remove(c, w->lib, "v", BY(NOW), &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_tag_remove(c, w->app, "v", BY(NOW), &w->err), STA_OK);
	assert_int_equal(sta_tag_remove(c, w->app, "v", BY(NOW), &w->err), STA_NOT_FOUND);
}

static void
tags_are_paged_in_byte_order(struct world *w, struct sta_db_conn *c)
{
	static const char *const names[] = { "b", "a", "B", "_", "10", "9" };
	static const char *const sorted[] = { "10", "9", "B", "_", "a", "b" };
	int64_t one = add_version(w, c, w->app, 1);
	const char **list;
	const char *last = "";

	assert_int_equal(tags(w, c, "", 10, &list), 0);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(sta_tag_set(c, w->app, names[i], one, BY(NOW), &w->err), STA_OK);
	for (size_t i = 0; i < ARRAY_LEN(sorted); i += 2) {
		assert_int_equal(tags(w, c, last, 2, &list), 2);
		assert_string_equal(list[0], sorted[i]);
		assert_string_equal(list[1], sorted[i + 1]);
		last = list[1];
	}
	assert_int_equal(tags(w, c, last, 2, &list), 0);
}

static void
sums_count_versions_tags_and_bytes(struct world *w, struct sta_db_conn *c)
{
	struct sta_package_sums sums = { 9, 9, 9, 9 };
	int64_t one = add_version(w, c, w->app, 1);

	(void) add_version(w, c, w->app, 2);
	(void) add_version(w, c, w->lib, 1);
	assert_int_equal(sta_tag_set(c, w->app, "v", one, BY(NOW), &w->err), STA_OK);
	assert_int_equal(sta_package_sum(c, w->app, &sums, &w->err), STA_OK);
	assert_int_equal(sums.versions, 2);
	assert_int_equal(sums.tags, 1);
	assert_int_equal(sums.bytes, 10);
	assert_int_equal(sums.pulls, 0);
	assert_int_equal(sta_version_add_pulls(c, one, 7, true, &w->err), STA_OK);
	assert_int_equal(sta_version_add_pulls(c, one + 1, 5, true, &w->err), STA_OK);
	assert_int_equal(sta_version_add_pulls(c, 12345, 5, true, &w->err), STA_OK); /* gone */
	assert_int_equal(sta_package_sum(c, w->app, &sums, &w->err), STA_OK);
	assert_int_equal(sums.pulls, 12);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(package_begins_private_and_unpublished),
		TEST(package_name_is_taken_once),
		TEST(grant_is_the_asked_accounts_and_can_change),
		TEST(touch_publishes_and_dates),
		TEST(page_holds_what_the_account_might_read),
		TEST(pages_follow_each_other_by_name),
		TEST(package_is_removed_only_when_nothing_else_of_it_is_left),
		TEST(empty_package_that_was_never_published_is_found_once_it_is_old),
		TEST(tag_points_where_it_was_set_last),
		TEST(tag_is_removed_once),
		TEST(tags_are_paged_in_byte_order),
		TEST(sums_count_versions_tags_and_bytes),
	};

	return cmocka_run_group_tests_name("model_packages", tests, NULL, NULL);
}
