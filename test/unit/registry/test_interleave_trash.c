#include "interleave.h"

#include <string.h>

#include "registry/trash.h"

/* Versions and packages that are deleted and restored beside pushes and the collection. */

#define KEEP 1000

/* Of the image and of the index, and their package's. */
static int64_t image_id, index_id, package_id;

/* --- what is there before --- */

static enum sta_rc
push_index(struct world *w, const struct sta_call *call, struct sta_err *err)
{
	struct sta_reference ref = ref_of("all");
	struct sta_name name;
	struct sta_push push = {
		.name = &name,
		.ref = &ref,
		.media_type = "application/vnd.oci.image.index.v1+json",
		.bytes = w->index,
		.len = strlen(w->index),
	};
	struct sta_pushed pushed;

	name_of(APP, &name);
	return sta_push_manifest(w->h->r, call, &push, &pushed, err);
}

static int64_t
id_of(struct world *w, const struct sta_digest *d)
{
	struct sta_reference ref = ref_digest(d);
	struct sta_pulled_manifest got;
	struct sta_name name;

	name_of(APP, &name);
	assert_int_equal(sta_pull_manifest(w->h->r, &w->h->alice, &name, &ref, false, &got, &w->h->err),
			 STA_OK);
	return got.id;
}

static void
two_images(struct world *w)
{
	have_image(w, APP, 0, "v1");
	have_image(w, APP, 1, "v2");
	image_id = id_of(w, &w->image_digest[0]);
	package_id = number(w->h, "SELECT max(id) FROM package");
	later(w, 2 * GRACE);
}

static enum sta_rc
remove_as(struct world *w, const struct sta_call *call, int64_t id, bool cascade, struct sta_err *err)
{
	const struct sta_version_removal v = {
		.owner = "alice", .name = "app", .id = id, .cascade = &cascade
	};

	return sta_published_remove_version(w->h->r, call, &v, err);
}

/* Not yet due, but soon. */
static void
deleted_image(struct world *w)
{
	two_images(w);
	assert_int_equal(remove_as(w, &w->h->alice, image_id, false, &w->h->err), STA_OK);
	later(w, KEEP - 5);
}

/* The only ones that use the blobs, and due. */
static void
image_that_is_due(struct world *w)
{
	struct sta_reference ref = ref_digest(&w->image_digest[0]);
	struct sta_name name;

	name_of(APP, &name);
	have_image(w, APP, 0, "v1");
	later(w, 2 * GRACE);
	assert_int_equal(sta_delete_manifest(w->h->r, &w->h->alice, &name, &ref, &w->h->err), STA_OK);
	later(w, KEEP + 5);
}

static void
index_and_image(struct world *w)
{
	have_image(w, APP, 0, NULL);
	have_image(w, APP, 1, "v2");
	assert_int_equal(push_index(w, &w->h->alice, &w->h->err), STA_OK);
	image_id = id_of(w, &w->image_digest[0]);
	index_id = id_of(w, &w->index_digest);
	later(w, 2 * GRACE);
}

static void
deleted_index(struct world *w)
{
	index_and_image(w);
	assert_int_equal(remove_as(w, &w->h->alice, index_id, true, &w->h->err), STA_OK);
	later(w, KEEP - 5);
}

static void
deleted_package(struct world *w)
{
	two_images(w);
	assert_int_equal(sta_published_remove_package(w->h->r, &w->h->alice, "alice", "app", &w->h->err),
			 STA_OK);
	later(w, KEEP - 5);
}

/* --- acts --- */

static enum sta_rc
collect_when_due(struct world *w, struct act *a)
{
	later(w, 10);
	return act_collect(w, a);
}

static enum sta_rc
restore_image(struct world *w, struct act *a)
{
	return sta_published_restore_version(w->h->r, &a->call, "alice", "app", image_id, &a->err);
}

static enum sta_rc
restore_index(struct world *w, struct act *a)
{
	return sta_published_restore_version(w->h->r, &a->call, "alice", "app", index_id, &a->err);
}

static enum sta_rc
delete_image(struct world *w, struct act *a)
{
	return remove_as(w, &a->call, image_id, false, &a->err);
}

static enum sta_rc
delete_index(struct world *w, struct act *a)
{
	return remove_as(w, &a->call, index_id, true, &a->err);
}

static enum sta_rc
act_push_index(struct world *w, struct act *a)
{
	return push_index(w, &a->call, &a->err);
}

static enum sta_rc
tag_image(struct world *w, struct act *a)
{
	(void) w;
	return push_image(a, APP, 0, "v3");
}

static enum sta_rc
restore_package(struct world *w, struct act *a)
{
	return sta_published_restore_package(w->h->r, &a->call, "alice", "app", package_id, &a->err);
}

static enum sta_rc
push_all(struct world *w, struct act *a)
{
	enum sta_rc rc = push_thing(a, APP, &w->small);

	if (rc == STA_OK)
		rc = push_thing(a, APP, &w->large);
	return rc == STA_OK ? push_image(a, APP, 0, "v1") : rc;
}

/* As clients do it: what HEAD does not find is pushed. */
static enum sta_rc
head_then_second(struct world *w, struct act *a)
{
	const struct thing *const things[] = { &w->small, &w->large };
	enum sta_rc rc = STA_OK;

	for (size_t i = 0; rc == STA_OK && i < ARRAY_LEN(things); i++) {
		rc = head_blob(w->h, &a->call, APP, &things[i]->digest, &a->err);
		if (rc == STA_NOT_FOUND)
			rc = push_thing(a, APP, things[i]);
	}
	return rc == STA_OK ? push_image(a, APP, 1, "v2") : rc;
}

/* --- what must hold after it --- */

static void
image_restored_or_gone(struct world *w)
{
	const struct act *restore = &w->acts[0];

	assert_int_equal(w->acts[1].rc, STA_OK);
	assert_true(whole(w, APP, 1));
	if (before(restore, &w->acts[1]))
		assert_int_equal(restore->rc, STA_OK);
	if (restore->rc == STA_OK) {
		assert_true(whole(w, APP, 0));
		assert_int_equal(tag_means(w, APP, "v1"), 0);
		return;
	}
	assert_int_equal(restore->rc, STA_NOT_FOUND);
	assert_int_equal(manifest_there(w, APP, &w->image_digest[0]), STA_NOT_FOUND);
	assert_int_equal(tag_means(w, APP, "v1"), -1);
}

static void
index_restored_whole_or_gone(struct world *w)
{
	const struct act *restore = &w->acts[0];
	bool there = restore->rc == STA_OK;

	assert_int_equal(w->acts[1].rc, STA_OK);
	assert_true(there || restore->rc == STA_NOT_FOUND);
	assert_true((manifest_there(w, APP, &w->index_digest) == STA_OK) == there);
	assert_true(whole(w, APP, 0) == there);
}

static void
pushed_whole(struct world *w)
{
	const struct act *push = &w->acts[0];
	const struct act *restore = &w->acts[1];

	assert_int_equal(push->rc, STA_OK);
	assert_true(restore->rc == STA_OK || restore->rc == STA_NOT_FOUND);
	if (before(push, restore))
		assert_int_equal(restore->rc, STA_NOT_FOUND);
	assert_true(whole(w, APP, 0));
	assert_int_equal(tag_means(w, APP, "v1"), 0);
	assert_int_equal(number(w->h, "SELECT count(*) FROM manifest"), 2);
}

static void
index_or_deletion(struct world *w)
{
	const struct act *push = &w->acts[0];
	const struct act *end = &w->acts[1];
	bool child = manifest_there(w, APP, &w->image_digest[0]) == STA_OK;

	assert_int_equal(push->rc, STA_OK); /* an index may be sparse */
	assert_int_equal(manifest_there(w, APP, &w->index_digest), STA_OK);
	assert_true(end->rc == STA_OK || end->rc == STA_INVALID);
	if (before(push, end))
		assert_int_equal(end->rc, STA_INVALID);
	if (before(end, push))
		assert_int_equal(end->rc, STA_OK);
	assert_true(child == (end->rc == STA_INVALID));
}

static void
tagged_image_stays(struct world *w)
{
	assert_int_equal(w->acts[0].rc, STA_OK);
	assert_int_equal(w->acts[1].rc, STA_OK);
	assert_true(whole(w, APP, 0));
	assert_int_equal(tag_means(w, APP, "v3"), 0);
	assert_int_equal(manifest_there(w, APP, &w->index_digest), STA_NOT_FOUND);
}

static void
second_pushed_whole(struct world *w)
{
	for (size_t i = 0; i < w->scenario->n; i++)
		assert_int_equal(w->acts[i].rc, STA_OK);
	assert_true(whole(w, APP, 1));
	assert_int_equal(manifest_there(w, APP, &w->image_digest[0]), STA_NOT_FOUND);
}

static void
package_restored_or_gone(struct world *w)
{
	const struct act *restore = &w->acts[0];
	bool there = restore->rc == STA_OK;

	assert_int_equal(w->acts[1].rc, STA_OK);
	assert_true(there || restore->rc == STA_NOT_FOUND);
	assert_true(whole(w, APP, 0) == there);
	assert_true(whole(w, APP, 1) == there);
	assert_int_equal(tag_means(w, APP, "v1"), there ? 0 : -1);
}

static void
package_pushed_whole(struct world *w)
{
	const struct act *push = &w->acts[0];
	const struct act *restore = &w->acts[1];

	assert_int_equal(push->rc, STA_OK);
	assert_true(restore->rc == STA_OK || restore->rc == STA_CONFLICT);
	if (before(push, restore))
		assert_int_equal(restore->rc, STA_CONFLICT);
	assert_true(whole(w, APP, 0));
	assert_int_equal(tag_means(w, APP, "v1"), 0);
	assert_true(whole(w, APP, 1) == (restore->rc == STA_OK));
}

/* --- the promises --- */

static void
what_is_restored_beside_the_collection_is_whole_or_gone(void **state)
{
	static const struct scenario all[] = {
		{ "restoration of a version x collection",
		  2,
		  { restore_image, collect_when_due },
		  deleted_image,
		  image_restored_or_gone },
		{ "restoration of an index x collection",
		  2,
		  { restore_index, collect_when_due },
		  deleted_index,
		  index_restored_whole_or_gone },
		{ "restoration of a package x collection",
		  2,
		  { restore_package, collect_when_due },
		  deleted_package,
		  package_restored_or_gone },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		explore(*state, &all[i]);
}

static void
what_is_pushed_beside_a_restoration_is_whole(void **state)
{
	static const struct scenario all[] = {
		{ "push x restoration of the same version",
		  2,
		  { act_push_image, restore_image },
		  deleted_image,
		  pushed_whole },
		{ "push x restoration of the package of that name",
		  2,
		  { push_all, restore_package },
		  deleted_package,
		  package_pushed_whole },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		explore(*state, &all[i]);
}

static void
a_child_is_deleted_before_its_index_comes_or_not_at_all(void **state)
{
	static const struct scenario all[] = {
		{ "index x deletion of a version that it lists",
		  2,
		  { act_push_index, delete_image },
		  two_images,
		  index_or_deletion },
		{ "tag x deletion of the index with its children",
		  2,
		  { tag_image, delete_index },
		  index_and_image,
		  tagged_image_stays },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		explore(*state, &all[i]);
}

static void
what_a_head_reports_is_there_though_the_trash_is_emptied(void **state)
{
	static const struct scenario all[] = {
		{ "HEAD then manifest x emptying of the trash",
		  2,
		  { head_then_second, act_collect },
		  image_that_is_due,
		  second_pushed_whole },
		{ "HEAD then manifest x emptying of the trash x gc --now",
		  3,
		  { head_then_second, act_collect, act_collect_now },
		  image_that_is_due,
		  second_pushed_whole },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		explore(*state, &all[i]);
}

/* Their steps are few. */
static int
set_up(void **state)
{
	int rc = world_setup(state);
	struct world *w = *state;

	if (rc != 0)
		return rc;
	w->every = true;
	w->h->options.trash_keep_s = KEEP;
	house_restart(w->h);
	return 0;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, world_teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_restored_beside_the_collection_is_whole_or_gone),
		TEST(what_is_pushed_beside_a_restoration_is_whole),
		TEST(a_child_is_deleted_before_its_index_comes_or_not_at_all),
		TEST(what_a_head_reports_is_there_though_the_trash_is_emptied),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
