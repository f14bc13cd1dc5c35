/* Versions and packages in the trash: rows, tags, uses and counts. */

#include <string.h>

#include "world.h"

#include "model/audit.h"
#include "model/blobs.h"
#include "model/manifests.h"
#include "model/packages.h"
#include "model/tags.h"
#include "model/trash.h"
#include "model/versions.h"

static int64_t
add(struct world *w, struct sta_db_conn *c, int64_t package, unsigned n)
{
	struct sta_version v = { .digest = digest_of(n), .media_type = "m", .created_unix = NOW };

	assert_int_equal(sta_version_insert(c, package, &v, "{}", 2, &w->err), STA_OK);
	return v.id;
}

static void
tag(struct world *w, struct sta_db_conn *c, const char *name, int64_t id)
{
	assert_int_equal(sta_tag_set(c, w->app, name, id, BY(NOW), &w->err), STA_OK);
}

static int64_t
add_blob(struct world *w, struct sta_db_conn *c, int64_t package, unsigned n)
{
	struct sta_digest d = digest_of(n);
	struct sta_blob b;

	assert_int_equal(sta_blob_put_inline(c, &d, "x", 1, NOW, &b, &w->err), STA_OK);
	assert_int_equal(sta_member_add(c, package, b.id, NOW, &w->err), STA_OK);
	return b.id;
}

static void
use(struct world *w, struct sta_db_conn *c, int64_t id, int64_t blob)
{
	assert_int_equal(sta_version_use_blob(c, w->app, id, blob, &w->err), STA_OK);
}

static void
trash(struct world *w, struct sta_db_conn *c, int64_t id, int64_t at)
{
	assert_int_equal(sta_trash_version(c, w->app, id, BY(at), &w->err), STA_OK);
}

static uint64_t
versions_of(struct world *w, struct sta_db_conn *c, const char *name)
{
	struct sta_package p;

	assert_int_equal(sta_package_find(c, w->arena, name, 0, &p, &w->err), STA_OK);
	return p.versions;
}

/* The row; tags of a deleted one are those that it had. */
static struct sta_version_row
row(struct world *w, struct sta_db_conn *c, int64_t id)
{
	struct sta_version_row got;

	assert_int_equal(sta_version_row(c, w->arena, w->app, id, &got, &w->err), STA_OK);
	return got;
}

/* "a b" */
static const char *
tags_of(struct world *w, struct sta_db_conn *c, int64_t id)
{
	struct sta_version_row got = row(w, c, id);
	const char *text = "";

	for (size_t i = 0; i < got.n_tags; i++)
		text = sta_arena_printf(w->arena, "%s%s%s", text, i > 0 ? " " : "", got.tags[i]);
	return text;
}

static void
assert_sound(struct world *w, struct sta_db_conn *c)
{
	struct sta_audit_finding *list = NULL;
	size_t n = 0;

	assert_int_equal(sta_audit_rows(c, w->arena, 10, &list, &n, &w->err), STA_OK);
	if (n > 0)
		fail_msg("%s: %s", list[0].what, list[0].problem);
}

static void
deleted_version_keeps_its_row_and_tags_and_is_counted_no_more(struct world *w, struct sta_db_conn *c)
{
	int64_t one = add(w, c, w->app, 1);
	struct sta_digest d = digest_of(1);
	struct sta_version v;
	bool deleted = false;

	(void) add(w, c, w->app, 2);
	(void) add(w, c, w->lib, 1);
	tag(w, c, "b", one);
	tag(w, c, "a", one);
	trash(w, c, one, NOW + 5);
	assert_int_equal(versions_of(w, c, "alice/app"), 1);
	assert_int_equal(versions_of(w, c, "alice/lib"), 1);
	assert_int_equal(number(c, "SELECT count(*) FROM tag"), 0);
	assert_int_equal(sta_version_by_digest(c, w->arena, w->app, &d, &v, &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_version_by_tag(c, w->arena, w->app, "a", &v, &w->err), STA_NOT_FOUND);
	assert_int_equal(row(w, c, one).deleted_unix, NOW + 5);
	assert_string_equal(tags_of(w, c, one), "a b");
	assert_int_equal(sta_version_any(c, w->arena, w->app, &d, &v, &deleted, &w->err), STA_OK);
	assert_int_equal(v.id, one);
	assert_true(deleted);
	assert_int_equal(sta_version_any(c, w->arena, w->lib, &d, &v, &deleted, &w->err), STA_OK);
	assert_int_not_equal(v.id, one);
	assert_false(deleted);
	d = digest_of(99);
	assert_int_equal(sta_version_any(c, w->arena, w->app, &d, &v, &deleted, &w->err), STA_NOT_FOUND);
	assert_sound(w, c);
}

static void
restored_version_has_the_tags_that_nobody_took(struct world *w, struct sta_db_conn *c)
{
	int64_t one = add(w, c, w->app, 1);
	int64_t two = add(w, c, w->app, 2);

	tag(w, c, "latest", one);
	tag(w, c, "v1", one);
	trash(w, c, one, NOW);
	tag(w, c, "latest", two);
	assert_int_equal(sta_untrash_version(c, w->app, one, BY(NOW + 7), &w->err), STA_OK);
	assert_int_equal(row(w, c, one).deleted_unix, 0);
	assert_int_equal(row(w, c, one).updated_unix, NOW + 7);
	assert_string_equal(tags_of(w, c, one), "v1");
	assert_string_equal(tags_of(w, c, two), "latest");
	assert_int_equal(versions_of(w, c, "alice/app"), 2);
	assert_int_equal(number(c, "SELECT count(*) FROM deleted_tag"), 0);
	assert_sound(w, c);
}

static void
version_can_be_deleted_and_restored_again(struct world *w, struct sta_db_conn *c)
{
	int64_t one = add(w, c, w->app, 1);

	tag(w, c, "v1", one);
	for (int i = 0; i < 3; i++) {
		trash(w, c, one, NOW + i);
		assert_int_equal(versions_of(w, c, "alice/app"), 0);
		assert_int_equal(sta_untrash_version(c, w->app, one, BY(NOW + i), &w->err), STA_OK);
		assert_int_equal(versions_of(w, c, "alice/app"), 1);
		assert_string_equal(tags_of(w, c, one), "v1");
	}
	assert_sound(w, c);
}

static void
deleted_version_is_removed_for_good_with_its_uses(struct world *w, struct sta_db_conn *c)
{
	int64_t blob = add_blob(w, c, w->app, 9);
	int64_t one = add(w, c, w->app, 1);

	use(w, c, one, blob);
	tag(w, c, "v1", one);
	trash(w, c, one, NOW);
	assert_int_equal(number(c, "SELECT refs FROM package_blob"), 1);
	assert_int_equal(sta_version_remove(c, w->app, one, NOW + 50, &w->err), STA_OK);
	assert_int_equal(versions_of(w, c, "alice/app"), 0);
	assert_int_equal(number(c, "SELECT refs FROM package_blob"), 0);
	assert_int_equal(number(c, "SELECT due FROM package_blob"), NOW + 50);
	assert_int_equal(number(c, "SELECT count(*) FROM deleted_tag"), 0);
	assert_sound(w, c);
}

static void
children_in_the_trash_are_those_deleted_in_the_package(struct world *w, struct sta_db_conn *c)
{
	int64_t index = add(w, c, w->app, 1);
	int64_t gone = add(w, c, w->app, 2);
	struct sta_digest d;
	int64_t *ids = NULL;
	size_t n = 9;

	(void) add(w, c, w->app, 3);
	(void) add(w, c, w->lib, 4);
	for (unsigned i = 2; i <= 5; i++) { /* the last one is not there at all */
		d = digest_of(i);
		assert_int_equal(sta_version_use_child(c, w->app, index, &d, &w->err), STA_OK);
	}
	assert_int_equal(sta_trash_children(c, w->arena, index, 9, &ids, &n, &w->err), STA_OK);
	assert_int_equal(n, 0);
	trash(w, c, gone, NOW);
	assert_int_equal(sta_trash_children(c, w->arena, index, 9, &ids, &n, &w->err), STA_OK);
	assert_int_equal(n, 1);
	assert_int_equal(ids[0], gone);
}

static void
users_of_a_blob_in_the_trash_count_while_no_other_uses_it(struct world *w, struct sta_db_conn *c)
{
	int64_t blob = add_blob(w, c, w->app, 9);
	int64_t ids[3];
	int64_t *found = NULL;
	size_t n = 9;

	for (unsigned i = 0; i < 3; i++) {
		ids[i] = add(w, c, w->app, i + 1);
		use(w, c, ids[i], blob);
	}
	trash(w, c, ids[0], NOW);
	trash(w, c, ids[1], NOW);
	assert_int_equal(sta_trash_users(c, w->arena, w->app, blob, 10, &found, &n, &w->err), STA_OK);
	assert_int_equal(n, 0);
	trash(w, c, ids[2], NOW);
	assert_int_equal(sta_trash_users(c, w->arena, w->app, blob, 10, &found, &n, &w->err), STA_OK);
	assert_int_equal(n, 3);
	assert_int_equal(sta_trash_users(c, w->arena, w->app, blob, 2, &found, &n, &w->err), STA_OK);
	assert_int_equal(n, 2);
	assert_int_equal(sta_trash_users(c, w->arena, w->lib, blob, 2, &found, &n, &w->err), STA_OK);
	assert_int_equal(n, 0);
}

static void
deleted_package_leaves_its_name_and_takes_it_back(struct world *w, struct sta_db_conn *c)
{
	struct sta_package p;
	int64_t again = 0;

	(void) add(w, c, w->app, 1);
	assert_int_equal(sta_package_touch(c, w->app, NOW, &w->err), STA_OK);
	assert_int_equal(sta_trash_package(c, w->app, NOW + 5, &w->err), STA_OK);
	assert_int_equal(sta_package_find(c, w->arena, "alice/app", 0, &p, &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_package_find_deleted(c, w->arena, "alice/app", 0, 0, NOW + 4, &p, &w->err),
			 STA_OK);
	assert_int_equal(p.id, w->app);
	assert_int_equal(p.deleted_unix, NOW + 5);
	assert_int_equal(sta_package_find_deleted(c, w->arena, "alice/app", 0, 0, NOW + 5, &p, &w->err),
			 STA_NOT_FOUND);
	assert_int_equal(sta_package_find_deleted(c, w->arena, "alice/ap", 0, 0, 0, &p, &w->err),
			 STA_NOT_FOUND);
	assert_int_equal(sta_package_find_deleted(c, w->arena, "alice/app", w->lib, 0, 0, &p, &w->err),
			 STA_NOT_FOUND);
	assert_int_equal(sta_package_insert(c, w->alice, "alice/app", STA_PRIVATE, NOW, &again, &w->err),
			 STA_OK);
	assert_sound(w, c);
	assert_int_equal(sta_package_remove(c, again, &(bool){ false }, &w->err), STA_OK);
	assert_int_equal(sta_untrash_package(c, w->app, "alice/app", &w->err), STA_OK);
	assert_int_equal(sta_package_find(c, w->arena, "alice/app", 0, &p, &w->err), STA_OK);
	assert_int_equal(p.id, w->app);
	assert_int_equal(p.deleted_unix, 0);
	assert_true(p.published);
	assert_int_equal(p.versions, 1);
	assert_sound(w, c);
}

static void
of_deleted_packages_of_a_name_the_last_one_is_found(struct world *w, struct sta_db_conn *c)
{
	struct sta_package p;
	int64_t id = w->app;

	for (int i = 0; i < 3; i++) {
		assert_int_equal(sta_trash_package(c, id, NOW + 5 - i, &w->err), STA_OK);
		assert_int_equal(sta_package_insert(c, w->alice, "alice/app", STA_PRIVATE, NOW, &id, &w->err),
				 STA_OK);
	}
	assert_int_equal(sta_package_find_deleted(c, w->arena, "alice/app", 0, 0, 0, &p, &w->err), STA_OK);
	assert_int_equal(p.id, w->app);
	assert_int_equal(sta_package_find_deleted(c, w->arena, "alice/app", id - 1, 0, 0, &p, &w->err),
			 STA_OK);
	assert_int_equal(p.id, id - 1);
}

static size_t
due(struct world *w, struct sta_db_conn *c, int64_t until, size_t max)
{
	struct sta_trash_item *items = NULL;
	size_t n = 0;

	assert_int_equal(sta_trash_due(c, w->arena, until, max, &items, &n, &w->err), STA_OK);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(items[i].package_id, items[i].manifest_id <= 3 ? w->app : w->lib);
	return n;
}

static void
versions_are_due_by_their_own_deletion_or_their_package_s(struct world *w, struct sta_db_conn *c)
{
	int64_t one = add(w, c, w->app, 1);
	int64_t two = add(w, c, w->app, 2);

	(void) add(w, c, w->app, 3);
	(void) add(w, c, w->lib, 1);
	(void) add(w, c, w->lib, 2);
	trash(w, c, one, NOW + 1);
	trash(w, c, two, NOW + 2);
	assert_int_equal(sta_trash_package(c, w->lib, NOW + 3, &w->err), STA_OK);
	assert_int_equal(due(w, c, NOW, 10), 0);
	assert_int_equal(due(w, c, NOW + 1, 10), 1);
	assert_int_equal(due(w, c, NOW + 2, 10), 2);
	assert_int_equal(due(w, c, NOW + 3, 10), 4);
	assert_int_equal(due(w, c, NOW + 3, 3), 3);
}

static void
version_that_was_deleted_in_a_deleted_package_is_due_once(struct world *w, struct sta_db_conn *c)
{
	int64_t one = add(w, c, w->app, 1);

	trash(w, c, one, NOW + 1);
	assert_int_equal(sta_trash_package(c, w->app, NOW + 1, &w->err), STA_OK);
	assert_int_equal(due(w, c, NOW + 1, 10), 1);
}

static void
deleted_package_is_empty_without_versions_and_blobs(struct world *w, struct sta_db_conn *c)
{
	int64_t blob = add_blob(w, c, w->app, 9);
	int64_t one = add(w, c, w->app, 1);
	int64_t id = 0;

	assert_int_equal(sta_trash_next_empty(c, NOW + 9, &id, &w->err), STA_NOT_FOUND); /* lib is there */
	assert_int_equal(sta_trash_package(c, w->app, NOW + 1, &w->err), STA_OK);
	assert_int_equal(sta_trash_next_empty(c, NOW + 1, &id, &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_version_remove(c, w->app, one, NOW, &w->err), STA_OK);
	assert_int_equal(sta_trash_next_empty(c, NOW + 1, &id, &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_member_remove(c, w->app, blob, NOW, &w->err), STA_OK);
	assert_int_equal(sta_trash_next_empty(c, NOW, &id, &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_trash_next_empty(c, NOW + 1, &id, &w->err), STA_OK);
	assert_int_equal(id, w->app);
	assert_int_equal(sta_package_remove(c, id, &(bool){ false }, &w->err), STA_OK);
}

static void
deleted_package_is_none_that_was_begun_and_left(struct world *w, struct sta_db_conn *c)
{
	int64_t id = 0;

	assert_int_equal(sta_package_remove(c, w->lib, &(bool){ false }, &w->err), STA_OK);
	assert_int_equal(sta_trash_package(c, w->app, NOW + 1, &w->err), STA_OK);
	assert_int_equal(sta_package_next_empty(c, NOW + 1000, &id, &w->err), STA_NOT_FOUND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(deleted_version_keeps_its_row_and_tags_and_is_counted_no_more),
		TEST(restored_version_has_the_tags_that_nobody_took),
		TEST(version_can_be_deleted_and_restored_again),
		TEST(deleted_version_is_removed_for_good_with_its_uses),
		TEST(children_in_the_trash_are_those_deleted_in_the_package),
		TEST(users_of_a_blob_in_the_trash_count_while_no_other_uses_it),
		TEST(deleted_package_leaves_its_name_and_takes_it_back),
		TEST(of_deleted_packages_of_a_name_the_last_one_is_found),
		TEST(versions_are_due_by_their_own_deletion_or_their_package_s),
		TEST(version_that_was_deleted_in_a_deleted_package_is_due_once),
		TEST(deleted_package_is_empty_without_versions_and_blobs),
		TEST(deleted_package_is_none_that_was_begun_and_left),
	};

	return cmocka_run_group_tests_name("model_trash", tests, NULL, NULL);
}
