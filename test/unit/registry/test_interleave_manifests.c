#include "interleave.h"

#include <string.h>

/* Pushes and deletions of manifests and tags, with the collection behind them. */

/* --- what is there before --- */

static void
blobs_only(struct world *w)
{
	have_blobs(w, APP);
}

static void
blobs_that_are_due(struct world *w)
{
	have_blobs(w, APP);
	later(w, GRACE + 5);
}

/* Not due, but old enough for gc --now. */
static void
blobs_of_two_minutes(struct world *w)
{
	have_blobs(w, APP);
	later(w, 120);
}

static void
tagged_image(struct world *w)
{
	have_image(w, APP, 0, "v1");
	later(w, 2 * GRACE);
}

static void
two_images(struct world *w)
{
	have_image(w, APP, 0, "v1");
	have_image(w, APP, 1, NULL);
	later(w, 2 * GRACE);
}

/* --- acts --- */

/* As clients do it: what HEAD does not find is pushed. */
static enum sta_rc
ensure_blob(struct act *a, const struct thing *t)
{
	enum sta_rc rc = head_blob(a->w->h, &a->call, APP, &t->digest, &a->err);

	return rc == STA_NOT_FOUND ? push_thing(a, APP, t) : rc;
}

static enum sta_rc
head_then_image(struct world *w, struct act *a)
{
	enum sta_rc rc = ensure_blob(a, &w->small);

	if (rc == STA_OK)
		rc = ensure_blob(a, &w->large);
	return rc == STA_OK ? push_image(a, APP, 0, "v1") : rc;
}

static enum sta_rc
head_then_second(struct world *w, struct act *a)
{
	enum sta_rc rc = ensure_blob(a, &w->small);

	if (rc == STA_OK)
		rc = ensure_blob(a, &w->large);
	return rc == STA_OK ? push_image(a, APP, 1, "v2") : rc;
}

static enum sta_rc
mount_or_push(struct act *a, const struct thing *t)
{
	struct sta_name to, from;
	bool mounted = false;
	enum sta_rc rc;

	name_of(LIB, &to);
	name_of(APP, &from);
	rc = sta_mount_blob(a->w->h->r, &a->call, &to, &t->digest, &from, &mounted, &a->err);
	return rc == STA_OK && !mounted ? push_thing(a, LIB, t) : rc;
}

static enum sta_rc
mount_then_image(struct world *w, struct act *a)
{
	enum sta_rc rc = mount_or_push(a, &w->small);

	if (rc == STA_OK)
		rc = mount_or_push(a, &w->large);
	return rc == STA_OK ? push_image(a, LIB, 0, "v1") : rc;
}

static enum sta_rc
delete_small(struct world *w, struct act *a)
{
	return delete_blob(a, APP, &w->small);
}

static enum sta_rc
delete_large(struct world *w, struct act *a)
{
	return delete_blob(a, APP, &w->large);
}

static enum sta_rc
delete_tag(struct world *w, struct act *a)
{
	(void) w;
	return delete_manifest(a, APP, "v1", NULL);
}

static enum sta_rc
delete_second(struct world *w, struct act *a)
{
	return delete_manifest(a, APP, NULL, &w->image_digest[1]);
}

static enum sta_rc
delete_package(struct world *w, struct act *a)
{
	return sta_package_delete(w->h->r, &a->call, APP, &a->err);
}

static enum sta_rc
move_tag(struct world *w, struct act *a)
{
	(void) w;
	return push_image(a, APP, 1, "v1");
}

/* The image with everything that belongs to it, and then all of it again. */
static enum sta_rc
delete_then_push(struct world *w, struct act *a)
{
	enum sta_rc rc = act_delete_image(w, a);

	if (rc == STA_OK)
		rc = delete_small(w, a);
	if (rc == STA_OK)
		rc = delete_large(w, a);
	return rc == STA_OK ? head_then_image(w, a) : rc;
}

static enum sta_rc
push_index(struct world *w, struct act *a)
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
	return sta_push_manifest(w->h->r, &a->call, &push, &pushed, &a->err);
}

/* --- what must hold after it --- */

static void
pushed_whole(struct world *w)
{
	for (size_t i = 0; i < w->scenario->n; i++)
		assert_int_equal(w->acts[i].rc, STA_OK);
	assert_true(whole(w, APP, 0));
	assert_int_equal(tag_means(w, APP, "v1"), 0);
}

static void
second_pushed_whole(struct world *w)
{
	assert_int_equal(w->acts[0].rc, STA_OK);
	assert_int_equal(w->acts[1].rc, STA_OK);
	assert_true(whole(w, APP, 1));
	assert_int_equal(manifest_there(w, APP, &w->image_digest[0]), STA_NOT_FOUND);
}

static void
pushed_whole_elsewhere(struct world *w)
{
	assert_int_equal(w->acts[0].rc, STA_OK);
	assert_int_equal(w->acts[1].rc, STA_OK);
	assert_true(whole(w, LIB, 0));
	assert_int_equal(manifest_there(w, APP, &w->image_digest[0]), STA_NOT_FOUND);
}

static void
either_image_or_deletion(struct world *w)
{
	const struct act *push = &w->acts[0];
	const struct act *end = &w->acts[1];

	if (push->rc == STA_OK) {
		assert_int_equal(end->rc, STA_CONFLICT);
		assert_true(whole(w, APP, 0));
		return;
	}
	assert_int_equal(push->rc, STA_INCOMPLETE);
	assert_int_equal(push->code, STA_OCI_MANIFEST_BLOB_UNKNOWN);
	assert_int_equal(end->rc, STA_OK);
	assert_int_equal(manifest_there(w, APP, &w->image_digest[0]), STA_NOT_FOUND);
}

/* The deletion ends when the package holds no manifest: what came before that went with it. */
static void
package_gone(struct world *w)
{
	const struct act *push = &w->acts[0];

	assert_true(push->rc == STA_OK || push->rc == STA_INCOMPLETE);
	if (before(push, &w->acts[1]))
		assert_int_equal(push->rc, STA_OK);
	assert_int_equal(w->acts[1].rc, STA_OK);
	assert_int_equal(manifest_there(w, APP, &w->image_digest[0]), STA_NOT_FOUND);
	assert_int_equal(number(w->h, "SELECT count(*) FROM package"), 0);
}

/* A client that finds what is missing and pushes it: the package is there again, or was deleted after. */
static void
whole_or_gone(struct world *w)
{
	const struct act *push = &w->acts[0];
	const struct act *end = &w->acts[1];
	bool there = manifest_there(w, APP, &w->image_digest[1]) == STA_OK;

	assert_true(push->rc == STA_OK || push->rc == STA_INCOMPLETE);
	assert_int_equal(end->rc, STA_OK);
	if (before(push, end))
		assert_false(there);
	if (before(end, push))
		assert_true(there);
	if (there) {
		assert_int_equal(push->rc, STA_OK);
		assert_true(whole(w, APP, 1));
	}
}

static void
one_of_them_deletes(struct world *w)
{
	enum sta_rc a = w->acts[0].rc;
	enum sta_rc b = w->acts[1].rc;

	assert_true((a == STA_OK && b == STA_NOT_FOUND) || (a == STA_NOT_FOUND && b == STA_OK));
	assert_int_equal(tag_means(w, APP, "v1"), -1);
}

static void
tag_of_the_last(struct world *w)
{
	const struct act *move = &w->acts[0];
	const struct act *untag = &w->acts[1];
	const struct act *end = &w->acts[2];
	int now = tag_means(w, APP, "v1");

	assert_int_equal(move->rc, STA_OK);
	assert_int_equal(end->rc, STA_OK);
	assert_true(untag->rc == STA_OK || untag->rc == STA_NOT_FOUND);
	assert_true(now == 1 || now == -1);
	if (untag->rc == STA_NOT_FOUND || before(untag, move))
		assert_int_equal(now, 1); /* the deletion of the other image does not touch it */
	if (before(move, untag))
		assert_int_equal(now, -1);
	assert_true(whole(w, APP, 1));
	assert_int_equal(manifest_there(w, APP, &w->image_digest[0]), STA_NOT_FOUND);
}

/* The image that the tag moves to is deleted beside it. */
static void
moved_or_deleted(struct world *w)
{
	const struct act *move = &w->acts[0];
	const struct act *untag = &w->acts[1];
	const struct act *end = &w->acts[2];
	bool there = manifest_there(w, APP, &w->image_digest[1]) == STA_OK;
	int now = tag_means(w, APP, "v1");

	assert_int_equal(move->rc, STA_OK);
	assert_int_equal(end->rc, STA_OK);
	assert_true(untag->rc == STA_OK || untag->rc == STA_NOT_FOUND);
	if (before(end, move))
		assert_true(there && whole(w, APP, 1));
	if (before(move, end))
		assert_false(there);
	if (now == 1)
		assert_true(there);
	if (before(move, untag) || before(move, end))
		assert_int_not_equal(now, 1);
	assert_true(whole(w, APP, 0));
}

static void
index_or_deletion(struct world *w)
{
	const struct act *push = &w->acts[0];
	const struct act *end = &w->acts[1];
	bool child = manifest_there(w, APP, &w->image_digest[0]) == STA_OK;

	assert_int_equal(push->rc, STA_OK); /* an index may be sparse */
	assert_int_equal(manifest_there(w, APP, &w->index_digest), STA_OK);
	if (before(push, end))
		assert_int_equal(end->rc, STA_CONFLICT);
	if (before(end, push))
		assert_int_equal(end->rc, STA_OK);
	assert_true(end->rc == STA_OK || end->rc == STA_CONFLICT);
	assert_true(child == (end->rc == STA_CONFLICT));
	if (child)
		assert_true(whole(w, APP, 0));
}

/* --- the promises --- */

static void
what_a_head_reports_is_there_when_the_manifest_comes(void **state)
{
	static const struct scenario all[] = {
		{ "HEAD then manifest x collection",
		  2,
		  { head_then_image, act_collect },
		  blobs_that_are_due,
		  pushed_whole },
		{ "HEAD then manifest x gc --now",
		  2,
		  { head_then_image, act_collect_now },
		  blobs_of_two_minutes,
		  pushed_whole },
		{ "HEAD then manifest x collection x gc --now",
		  3,
		  { head_then_image, act_collect, act_collect_now },
		  blobs_that_are_due,
		  pushed_whole },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		explore(*state, &all[i]);
}

static void
what_a_deleted_manifest_used_is_there_for_the_next(void **state)
{
	static const struct scenario all[] = {
		{ "HEAD then manifest x deletion of another x collection",
		  3,
		  { head_then_second, act_delete_image, act_collect },
		  tagged_image,
		  second_pushed_whole },
		{ "HEAD then manifest x deletion of another x gc --now",
		  3,
		  { head_then_second, act_delete_image, act_collect_now },
		  tagged_image,
		  second_pushed_whole },
		{ "mount then manifest x deletion of the source x gc --now",
		  3,
		  { mount_then_image, act_delete_image, act_collect_now },
		  tagged_image,
		  pushed_whole_elsewhere },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		explore(*state, &all[i]);
}

static void
a_manifest_and_the_deletion_of_its_blob_exclude_each_other(void **state)
{
	static const struct scenario all[] = {
		{ "manifest x deletion of its layer",
		  2,
		  { act_push_image, delete_large },
		  blobs_only,
		  either_image_or_deletion },
		{ "manifest x deletion of its config",
		  2,
		  { act_push_image, delete_small },
		  blobs_only,
		  either_image_or_deletion },
		{ "manifest x deletion of its layer x collection",
		  3,
		  { act_push_image, delete_large, act_collect },
		  blobs_only,
		  either_image_or_deletion },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		explore(*state, &all[i]);
}

static void
a_package_that_is_deleted_beside_a_push_is_gone_or_whole(void **state)
{
	static const struct scenario all[] = {
		{ "manifest x deletion of the package",
		  2,
		  { act_push_image, delete_package },
		  tagged_image,
		  package_gone },
		{ "HEAD then manifest x deletion of the package",
		  2,
		  { head_then_second, delete_package },
		  tagged_image,
		  whole_or_gone },
		{ "HEAD then manifest x deletion of the package x gc --now",
		  3,
		  { head_then_second, delete_package, act_collect_now },
		  tagged_image,
		  whole_or_gone },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		explore(*state, &all[i]);
}

static void
an_image_that_is_deleted_and_pushed_again_is_whole(void **state)
{
	static const struct scenario all[] = {
		{ "deletion then push of an image x gc --now",
		  2,
		  { delete_then_push, act_collect_now },
		  tagged_image,
		  pushed_whole },
		{ "deletion then push of an image x two gc --now",
		  3,
		  { delete_then_push, act_collect_now, act_collect_now },
		  tagged_image,
		  pushed_whole },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		explore(*state, &all[i]);
}

static void
of_two_deletions_one_deletes(void **state)
{
	static const struct scenario all[] = {
		{ "two deletions of a manifest",
		  2,
		  { act_delete_image, act_delete_image },
		  tagged_image,
		  one_of_them_deletes },
		{ "two deletions of a tag",
		  2,
		  { delete_tag, delete_tag },
		  tagged_image,
		  one_of_them_deletes },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		explore(*state, &all[i]);
}

static void
a_tag_means_what_the_last_one_said(void **state)
{
	static const struct scenario all[] = {
		{ "tag move x tag deletion x deletion of the old manifest",
		  3,
		  { move_tag, delete_tag, act_delete_image },
		  two_images,
		  tag_of_the_last },
		{ "tag move x tag deletion x deletion of the new manifest",
		  3,
		  { move_tag, delete_tag, delete_second },
		  two_images,
		  moved_or_deleted },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		explore(*state, &all[i]);
}

static void
a_child_is_deleted_before_its_index_or_not_at_all(void **state)
{
	static const struct scenario all[] = {
		{ "index x deletion of its child",
		  2,
		  { push_index, act_delete_image },
		  tagged_image,
		  index_or_deletion },
		{ "index x deletion of its child x gc --now",
		  3,
		  { push_index, act_delete_image, act_collect_now },
		  tagged_image,
		  index_or_deletion },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		explore(*state, &all[i]);
}

/* Their steps are few. */
static int
set_up(void **state)
{
	int rc = world_setup(state);

	if (rc == 0)
		((struct world *) *state)->every = true;
	return rc;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, world_teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(what_a_head_reports_is_there_when_the_manifest_comes),
		TEST(what_a_deleted_manifest_used_is_there_for_the_next),
		TEST(a_manifest_and_the_deletion_of_its_blob_exclude_each_other),
		TEST(a_package_that_is_deleted_beside_a_push_is_gone_or_whole),
		TEST(an_image_that_is_deleted_and_pushed_again_is_whole),
		TEST(of_two_deletions_one_deletes),
		TEST(a_tag_means_what_the_last_one_said),
		TEST(a_child_is_deleted_before_its_index_or_not_at_all),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
