#include <stdio.h>
#include <string.h>

#include "world.h"

#include "model/blobs.h"
#include "model/manifests.h"
#include "model/tags.h"

static int64_t
add(struct world *w, struct sta_db_conn *c, int64_t package, unsigned n)
{
	struct sta_version v = { .digest = digest_of(n), .media_type = "m", .created_unix = NOW };

	assert_int_equal(sta_version_insert(c, package, &v, "{}", 2, &w->err), STA_OK);
	return v.id;
}

static void
version_comes_back_as_it_was_inserted(struct world *w, struct sta_db_conn *c)
{
	struct sta_version in = {
		.digest = digest_of(1),
		.media_type = "application/vnd.oci.image.manifest.v1+json",
		.artifact_type = "application/x",
		.annotations = "{\"a\":\"b\"}",
		.has_subject = true,
		.subject = digest_of(2),
		.is_index = true,
		.created_unix = NOW,
	};
	struct sta_version got;
	const void *bytes = NULL;
	size_t len = 0;

	assert_int_equal(sta_version_insert(c, w->app, &in, "a\0b", 3, &w->err), STA_OK);
	assert_int_equal(sta_version_by_digest(c, w->arena, w->app, &in.digest, &got, &w->err), STA_OK);
	assert_int_equal(got.id, in.id);
	assert_true(sta_digest_equal(&got.digest, &in.digest));
	assert_string_equal(got.media_type, in.media_type);
	assert_string_equal(got.artifact_type, in.artifact_type);
	assert_string_equal(got.annotations, in.annotations);
	assert_true(got.has_subject);
	assert_true(sta_digest_equal(&got.subject, &in.subject));
	assert_true(got.is_index);
	assert_int_equal(got.size, 3);
	assert_int_equal(got.created_unix, NOW);
	assert_int_equal(sta_version_bytes(c, w->arena, in.id, &bytes, &len, &w->err), STA_OK);
	assert_int_equal(len, 3);
	assert_memory_equal(bytes, "a\0b", 3);
	assert_int_equal(sta_version_bytes(c, w->arena, in.id + 1, &bytes, &len, &w->err), STA_NOT_FOUND);
}

static void
absent_values_come_back_absent(struct world *w, struct sta_db_conn *c)
{
	struct sta_digest d = digest_of(1);
	struct sta_version got;

	(void) add(w, c, w->app, 1);
	assert_int_equal(sta_version_by_digest(c, w->arena, w->app, &d, &got, &w->err), STA_OK);
	assert_null(got.artifact_type);
	assert_null(got.annotations);
	assert_false(got.has_subject);
	assert_false(got.is_index);
}

static void
version_belongs_to_one_package(struct world *w, struct sta_db_conn *c)
{
	struct sta_digest d = digest_of(1);
	struct sta_version got;

	(void) add(w, c, w->app, 1);
	assert_int_equal(sta_version_by_digest(c, w->arena, w->lib, &d, &got, &w->err), STA_NOT_FOUND);
	(void) add(w, c, w->lib, 1);
	assert_int_equal(sta_version_by_digest(c, w->arena, w->lib, &d, &got, &w->err), STA_OK);
}

static void
same_digest_in_a_package_exists(struct world *w, struct sta_db_conn *c)
{
	struct sta_version again = { .digest = digest_of(1), .media_type = "m" };

	(void) add(w, c, w->app, 1);
	assert_int_equal(sta_version_insert(c, w->app, &again, "{}", 2, &w->err), STA_EXISTS);
}

static int64_t
add_member(struct world *w, struct sta_db_conn *c, unsigned n, int64_t due)
{
	struct sta_digest d = digest_of(n);
	struct sta_blob b;

	assert_int_equal(sta_blob_put_inline(c, &d, "x", 1, NOW, &b, &w->err), STA_OK);
	assert_int_equal(sta_member_add(c, w->app, b.id, due, &w->err), STA_OK);
	return b.id;
}

static struct sta_membership
member(struct world *w, struct sta_db_conn *c, unsigned n)
{
	struct sta_membership m;
	struct sta_digest d = digest_of(n);

	assert_int_equal(sta_blob_member(c, w->app, &d, &m, &w->err), STA_OK);
	return m;
}

static void
uses_are_counted_once_for_each_manifest(struct world *w, struct sta_db_conn *c)
{
	int64_t blob = add_member(w, c, 9, NOW);
	int64_t one = add(w, c, w->app, 1);
	int64_t two = add(w, c, w->app, 2);

	assert_int_equal(sta_version_use_blob(c, w->app, one, blob, &w->err), STA_OK);
	assert_int_equal(sta_version_use_blob(c, w->app, one, blob, &w->err), STA_OK);
	assert_int_equal(member(w, c, 9).refs, 1);
	assert_int_equal(sta_version_use_blob(c, w->app, two, blob, &w->err), STA_OK);
	assert_int_equal(member(w, c, 9).refs, 2);
	assert_int_equal(sta_version_use_blob(c, w->app, one, 999, &w->err), STA_CONFLICT);
}

static void
removal_takes_tags_and_uses_and_leaves_the_blobs_due(struct world *w, struct sta_db_conn *c)
{
	int64_t early = add_member(w, c, 8, NOW - 5);
	int64_t late = add_member(w, c, 9, NOW + 500);
	int64_t one = add(w, c, w->app, 1);
	struct sta_digest d = digest_of(1);
	struct sta_digest child = digest_of(2);
	struct sta_version got;

	assert_int_equal(sta_version_use_blob(c, w->app, one, early, &w->err), STA_OK);
	assert_int_equal(sta_version_use_blob(c, w->app, one, late, &w->err), STA_OK);
	assert_int_equal(sta_version_use_child(c, w->app, one, &child, &w->err), STA_OK);
	assert_int_equal(sta_tag_set(c, w->app, "v1", one, BY(NOW), &w->err), STA_OK);
	assert_int_equal(sta_tag_set(c, w->app, "v2", one, BY(NOW), &w->err), STA_OK);

	assert_int_equal(sta_version_remove(c, w->app, one, NOW + 100, &w->err), STA_OK);
	assert_int_equal(sta_version_by_digest(c, w->arena, w->app, &d, &got, &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_version_by_tag(c, w->arena, w->app, "v1", &got, &w->err), STA_NOT_FOUND);
	assert_int_equal(
		number(c, "SELECT (SELECT count(*) FROM tag) + (SELECT count(*) FROM manifest_data)"
			  " + (SELECT count(*) FROM manifest_blob) + (SELECT count(*) FROM manifest_child)"),
		0);
	assert_int_equal(member(w, c, 8).refs, 0);
	assert_int_equal(member(w, c, 8).due_unix, NOW + 100);
	assert_int_equal(member(w, c, 9).due_unix, NOW + 500); /* never earlier than promised */
}

static void
removal_keeps_what_another_manifest_uses(struct world *w, struct sta_db_conn *c)
{
	int64_t blob = add_member(w, c, 9, NOW);
	int64_t one = add(w, c, w->app, 1);
	int64_t two = add(w, c, w->app, 2);

	assert_int_equal(sta_version_use_blob(c, w->app, one, blob, &w->err), STA_OK);
	assert_int_equal(sta_version_use_blob(c, w->app, two, blob, &w->err), STA_OK);
	assert_int_equal(sta_version_remove(c, w->app, one, NOW, &w->err), STA_OK);
	assert_int_equal(member(w, c, 9).refs, 1);
}

static void
miss(struct world *w, struct sta_db_conn *c, int64_t package, int64_t version, unsigned n)
{
	struct sta_digest d = digest_of(n);

	assert_int_equal(sta_version_miss_blob(c, package, version, &d, &w->err), STA_OK);
}

static void
found(struct world *w, struct sta_db_conn *c, unsigned n, int64_t blob)
{
	struct sta_digest d = digest_of(n);

	assert_int_equal(sta_version_found_blob(c, w->app, &d, blob, &w->err), STA_OK);
}

static void
missed_blob_that_comes_is_used_by_each_manifest_that_missed_it(struct world *w, struct sta_db_conn *c)
{
	int64_t one = add(w, c, w->app, 1);
	int64_t two = add(w, c, w->app, 2);
	int64_t blob;

	miss(w, c, w->app, one, 9);
	miss(w, c, w->app, one, 9); /* named twice */
	miss(w, c, w->app, two, 9);
	blob = add_member(w, c, 9, NOW);
	found(w, c, 9, blob);
	assert_int_equal(member(w, c, 9).refs, 2);
	assert_int_equal(number(c, "SELECT count(*) FROM manifest_blob"), 2);
	assert_int_equal(number(c, "SELECT count(*) FROM manifest_missing"), 0);
	found(w, c, 9, blob); /* pushed again: counted already */
	assert_int_equal(member(w, c, 9).refs, 2);
	assert_int_equal(sta_version_remove(c, w->app, one, NOW, &w->err), STA_OK);
	assert_int_equal(member(w, c, 9).refs, 1);
}

static void
found_blob_ends_only_its_own_absence_and_in_its_own_package(struct world *w, struct sta_db_conn *c)
{
	int64_t app = add(w, c, w->app, 1);
	int64_t lib = add(w, c, w->lib, 1);

	miss(w, c, w->app, app, 8);
	miss(w, c, w->lib, lib, 9);
	found(w, c, 9, add_member(w, c, 9, NOW));
	assert_int_equal(member(w, c, 9).refs, 0);
	assert_int_equal(number(c, "SELECT count(*) FROM manifest_blob"), 0);
	assert_int_equal(number(c, "SELECT count(*) FROM manifest_missing"), 2);
}

static void
removed_manifest_misses_nothing(struct world *w, struct sta_db_conn *c)
{
	int64_t one = add(w, c, w->app, 1);

	miss(w, c, w->app, one, 9);
	assert_int_equal(sta_version_remove(c, w->app, one, NOW, &w->err), STA_OK);
	assert_int_equal(number(c, "SELECT count(*) FROM manifest_missing"), 0);
	found(w, c, 9, add_member(w, c, 9, NOW));
	assert_int_equal(member(w, c, 9).refs, 0);
}

static void
parent_lists_the_child_in_its_own_package_only(struct world *w, struct sta_db_conn *c)
{
	int64_t index = add(w, c, w->app, 1);
	struct sta_digest expected = digest_of(1);
	struct sta_digest child = digest_of(2);
	struct sta_digest got;

	assert_int_equal(sta_version_parent(c, w->app, &child, &got, &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_version_use_child(c, w->app, index, &child, &w->err), STA_OK);
	assert_int_equal(sta_version_use_child(c, w->app, index, &child, &w->err), STA_OK); /* listed twice */
	assert_int_equal(sta_version_parent(c, w->app, &child, &got, &w->err), STA_OK);
	assert_true(sta_digest_equal(&got, &expected));
	assert_int_equal(sta_version_parent(c, w->lib, &child, &got, &w->err), STA_NOT_FOUND);
}

static void
next_walks_all_manifests_of_a_package(struct world *w, struct sta_db_conn *c)
{
	int64_t one = add(w, c, w->app, 1);
	int64_t two = add(w, c, w->app, 2);
	int64_t id = 0;

	(void) add(w, c, w->lib, 3);
	assert_int_equal(sta_version_next(c, w->app, &id, &w->err), STA_OK);
	assert_int_equal(id, one);
	assert_int_equal(sta_version_remove(c, w->app, one, NOW, &w->err), STA_OK);
	assert_int_equal(sta_version_next(c, w->app, &id, &w->err), STA_OK);
	assert_int_equal(id, two);
	assert_int_equal(sta_version_remove(c, w->app, two, NOW, &w->err), STA_OK);
	assert_int_equal(sta_version_next(c, w->app, &id, &w->err), STA_NOT_FOUND);
}

static void
add_referrer(struct world *w, struct sta_db_conn *c, int64_t package, unsigned n, const char *type,
	     const char *annotations)
{
	struct sta_version v = {
		.digest = digest_of(n),
		.media_type = "m",
		.artifact_type = type,
		.annotations = annotations,
		.has_subject = true,
		.subject = digest_of(100),
	};

	assert_int_equal(sta_version_insert(c, package, &v, "{}", 2, &w->err), STA_OK);
}

static struct sta_version_page
referrers(struct world *w, struct sta_db_conn *c, struct sta_referrers_query q)
{
	struct sta_digest subject = digest_of(100);
	struct sta_version_page page = { .n = 999 };

	q.package_id = w->app;
	q.subject = &subject;
	assert_int_equal(sta_version_referrers(c, w->arena, &q, &page, &w->err), STA_OK);
	return page;
}

static void
referrers_come_in_pages_by_digest(struct world *w, struct sta_db_conn *c)
{
	struct sta_referrers_query q = { .max = 2 };
	struct sta_version_page page;

	page = referrers(w, c, q);
	assert_int_equal(page.n, 0);
	assert_false(page.more);
	for (unsigned n = 5; n >= 1; n--)
		add_referrer(w, c, w->app, n, "t", NULL);
	add_referrer(w, c, w->lib, 6, "t", NULL); /* of another package */
	(void) add(w, c, w->app, 7);              /* without a subject */
	for (unsigned first = 1; first <= 5; first += 2) {
		struct sta_digest want = digest_of(first);

		page = referrers(w, c, q);
		assert_int_equal(page.n, first < 5 ? 2 : 1);
		assert_int_equal(page.more, first < 5);
		assert_true(sta_digest_equal(&page.items[0].digest, &want));
		q.last = &page.items[page.n - 1].digest;
	}
	page = referrers(w, c, q);
	assert_int_equal(page.n, 0);
	assert_false(page.more);
}

static void
full_last_page_has_no_more(struct world *w, struct sta_db_conn *c)
{
	struct sta_referrers_query q = { .max = 2 };
	struct sta_version_page page;

	add_referrer(w, c, w->app, 1, NULL, NULL);
	add_referrer(w, c, w->app, 2, NULL, NULL);
	page = referrers(w, c, q);
	assert_int_equal(page.n, 2);
	assert_false(page.more);
}

static void
referrers_are_filtered_by_type(struct world *w, struct sta_db_conn *c)
{
	struct sta_referrers_query q = { .artifact_type = "sbom", .max = 10 };
	struct sta_version_page page;
	struct sta_digest want = digest_of(2);

	add_referrer(w, c, w->app, 1, "signature", NULL);
	add_referrer(w, c, w->app, 2, "sbom", "{}");
	add_referrer(w, c, w->app, 3, NULL, NULL);
	page = referrers(w, c, q);
	assert_int_equal(page.n, 1);
	assert_true(sta_digest_equal(&page.items[0].digest, &want));
	assert_string_equal(page.items[0].annotations, "{}");
	q.artifact_type = "absent";
	page = referrers(w, c, q);
	assert_int_equal(page.n, 0);
	q.artifact_type = NULL;
	page = referrers(w, c, q);
	assert_int_equal(page.n, 3);
}

static void
annotations_bound_a_page_which_holds_one_at_least(struct world *w, struct sta_db_conn *c)
{
	struct sta_referrers_query q = { .max = 10 };
	struct sta_version_page page;
	char *big = sta_arena_alloc(w->arena, STA_REFERRERS_BYTES + 2);

	memset(big, 'x', STA_REFERRERS_BYTES + 1);
	add_referrer(w, c, w->app, 1, NULL, big);
	add_referrer(w, c, w->app, 2, NULL, "{}");
	add_referrer(w, c, w->app, 3, NULL, "{}");
	page = referrers(w, c, q);
	assert_int_equal(page.n, 1);
	assert_true(page.more);
	q.last = &page.items[0].digest;
	page = referrers(w, c, q);
	assert_int_equal(page.n, 2);
	assert_false(page.more);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(version_comes_back_as_it_was_inserted),
		TEST(absent_values_come_back_absent),
		TEST(version_belongs_to_one_package),
		TEST(same_digest_in_a_package_exists),
		TEST(uses_are_counted_once_for_each_manifest),
		TEST(removal_takes_tags_and_uses_and_leaves_the_blobs_due),
		TEST(removal_keeps_what_another_manifest_uses),
		TEST(missed_blob_that_comes_is_used_by_each_manifest_that_missed_it),
		TEST(found_blob_ends_only_its_own_absence_and_in_its_own_package),
		TEST(removed_manifest_misses_nothing),
		TEST(parent_lists_the_child_in_its_own_package_only),
		TEST(next_walks_all_manifests_of_a_package),
		TEST(referrers_come_in_pages_by_digest),
		TEST(full_last_page_has_no_more),
		TEST(referrers_are_filtered_by_type),
		TEST(annotations_bound_a_page_which_holds_one_at_least),
	};

	return cmocka_run_group_tests_name("model_manifests", tests, NULL, NULL);
}
