#include "interleave.h"

/* Pushes, mounts and reads of blobs against their collection and deletion. */

/* --- what is there before --- */

static void
nothing(struct world *w)
{
	(void) w;
}

static void
nothing_small(struct world *w)
{
	w->thing = &w->small;
}

/* A blob that no manifest uses and whose grace is over. */
static void
due_large(struct world *w)
{
	have_blobs(w, APP);
	later(w, GRACE + 5);
}

static void
due_small(struct world *w)
{
	due_large(w);
	w->thing = &w->small;
}

static void
fresh_large(struct world *w)
{
	have_blobs(w, APP);
}

static void
fresh_small(struct world *w)
{
	have_blobs(w, APP);
	w->thing = &w->small;
}

static void
in_both(struct world *w)
{
	have_blobs(w, APP);
	have_blobs(w, LIB);
}

static void
in_both_small(struct world *w)
{
	in_both(w);
	w->thing = &w->small;
}

/* The file is there, but not all of it. */
static void
damaged(struct world *w)
{
	static const char id[] = "01234567-89ab-4def-8123-456789abcdef";
	struct house *h = w->h;
	struct sta_store *s = h->shell.real;
	struct sta_stage *stage = NULL;

	have_blobs(w, APP);
	assert_int_equal(s->ops->remove(s, &w->large.digest, &h->err), STA_OK);
	assert_int_equal(s->ops->stage_create(s, id, &h->err), STA_OK);
	assert_int_equal(s->ops->stage_begin(s, id, &stage, &h->err), STA_OK);
	assert_int_equal(s->ops->stage_write(s, stage, 0, "stray", 5, &h->err), STA_OK);
	assert_int_equal(s->ops->publish(s, stage, &w->large.digest, &h->err), STA_OK);
	s->ops->stage_end(s, stage);
	assert_int_equal(s->ops->stage_remove(s, id, &h->err), STA_OK);
}

static void
damaged_and_due(struct world *w)
{
	damaged(w);
	later(w, GRACE + 5);
}

/* --- acts --- */

static enum sta_rc
mount(struct act *a, const struct sta_name *from)
{
	struct sta_name to;

	name_of(LIB, &to);
	return sta_mount_blob(a->w->h->r, &a->call, &to, &a->w->thing->digest, from, &a->flag, &a->err);
}

static enum sta_rc
mount_from_app(struct world *w, struct act *a)
{
	struct sta_name from;

	(void) w;
	name_of(APP, &from);
	return mount(a, &from);
}

static enum sta_rc
mount_from_anywhere(struct world *w, struct act *a)
{
	(void) w;
	return mount(a, NULL);
}

static enum sta_rc
delete_app(struct world *w, struct act *a)
{
	return delete_blob(a, APP, w->thing);
}

static enum sta_rc
delete_lib(struct world *w, struct act *a)
{
	return delete_blob(a, LIB, w->thing);
}

static enum sta_rc
pull_app(struct world *w, struct act *a)
{
	return pull_blob(w->h, &a->call, APP, &w->thing->digest, w->thing->bytes, w->thing->len, &a->err);
}

static enum sta_rc
two_hours_and_a_collection(struct world *w, struct act *a)
{
	later(w, 7200);
	return act_collect(w, a);
}

static enum sta_rc
two_hours_a_collection_and_a_push(struct world *w, struct act *a)
{
	enum sta_rc rc;

	a->inside++; /* as one step with the clock's */
	a->flag = number(w->h, "SELECT count(*) FROM package_blob") == 0;
	a->inside--;
	rc = two_hours_and_a_collection(w, a);
	a->mark = w->turns;
	return rc == STA_OK ? push_thing(a, LIB, w->thing) : rc;
}

/* What has been acknowledged is there at once. */
static enum sta_rc
push_then_pull(struct world *w, struct act *a)
{
	enum sta_rc rc = push_thing(a, APP, w->thing);

	a->mark = w->turns;
	a->flag = rc == STA_OK && pull_app(w, a) == STA_OK;
	return rc;
}

static enum sta_rc
delete_then_push(struct world *w, struct act *a)
{
	enum sta_rc rc = delete_blob(a, APP, w->thing);

	return rc == STA_OK ? push_thing(a, APP, w->thing) : rc;
}

static enum sta_rc
delete_package(struct world *w, struct act *a)
{
	return sta_package_delete(w->h->r, &a->call, APP, &a->err);
}

/* --- what must hold after it --- */

static void
answered(const struct act *a, enum sta_rc rc)
{
	assert_int_equal(a->rc, rc);
}

static void
one_push(struct world *w)
{
	answered(&w->acts[0], STA_OK);
	answered(&w->acts[1], STA_OK);
	assert_int_equal(readable(w, APP, w->thing), STA_OK);
}

static void
two_pushes(struct world *w)
{
	one_push(w);
	if (w->scenario->n == 3)
		answered(&w->acts[2], STA_OK);
}

static void
a_push_to_each(struct world *w)
{
	two_pushes(w);
	assert_int_equal(readable(w, LIB, w->thing), STA_OK);
}

static void
a_push_that_time_overtakes(struct world *w)
{
	answered(&w->acts[0], STA_OK);
	answered(&w->acts[1], STA_OK);
	if (before(&w->acts[1], &w->acts[0]))
		assert_int_equal(readable(w, APP, w->thing), STA_OK);
}

/* The two hours were over before the blob became a member, and the collection before
 * the acknowledgement: nothing may be missing then. */
static void
there_at_once(struct world *w)
{
	const struct act *push = &w->acts[0];
	const struct act *other = &w->acts[1];

	answered(push, STA_OK);
	answered(other, STA_OK);
	if (other->flag && other->mark <= push->mark)
		assert_true(push->flag);
	assert_int_equal(readable(w, LIB, w->thing), STA_OK);
}

/* What was mounted stays; what was not mounted was gone. */
static void
mounted_or_gone(struct world *w)
{
	const struct act *a = &w->acts[0];

	answered(a, STA_OK);
	answered(&w->acts[1], STA_OK);
	if (before(a, &w->acts[1]))
		assert_true(a->flag);
	if (a->flag)
		assert_int_equal(readable(w, LIB, w->thing), STA_OK);
	assert_int_equal(readable(w, APP, w->thing), STA_NOT_FOUND);
}

/* The push to the one package is untouched by the deletion in the other. */
static void
kept_here_gone_there(struct world *w)
{
	answered(&w->acts[0], STA_OK);
	answered(&w->acts[1], STA_OK);
	assert_int_equal(readable(w, APP, w->thing), STA_OK);
	assert_int_equal(readable(w, LIB, w->thing), STA_NOT_FOUND);
}

static void
the_last_one_counts(struct world *w)
{
	const struct act *push = &w->acts[0];
	const struct act *end = &w->acts[1];
	enum sta_rc rc = readable(w, APP, w->thing);

	answered(push, STA_OK);
	if (before(push, end))
		answered(end, STA_OK);
	assert_true(end->rc == STA_OK || end->rc == STA_NOT_FOUND);
	if (before(push, end))
		assert_int_equal(rc, STA_NOT_FOUND);
	if (before(end, push) || end->rc == STA_NOT_FOUND)
		assert_int_equal(rc, STA_OK);
}

static void
one_of_them_deletes(struct world *w)
{
	enum sta_rc a = w->acts[0].rc;
	enum sta_rc b = w->acts[1].rc;

	assert_true((a == STA_OK && b == STA_NOT_FOUND) || (a == STA_NOT_FOUND && b == STA_OK));
	assert_int_equal(readable(w, APP, w->thing), STA_NOT_FOUND);
}

static void
gone_from_both(struct world *w)
{
	answered(&w->acts[0], STA_OK);
	answered(&w->acts[1], STA_OK);
	assert_int_equal(readable(w, APP, w->thing), STA_NOT_FOUND);
	assert_int_equal(readable(w, LIB, w->thing), STA_NOT_FOUND);
	assert_int_equal(number(w->h, "SELECT count(*) FROM blob WHERE state = 2 AND members = 0"), 0);
}

/* Never other bytes. */
static void
right_bytes_or_none(struct world *w)
{
	enum sta_rc rc = w->acts[0].rc;

	assert_true(rc == STA_OK || rc == STA_NOT_FOUND);
	answered(&w->acts[1], STA_OK);
	if (w->scenario->n == 3)
		answered(&w->acts[2], STA_OK);
}

static void
deleted_and_pushed(struct world *w)
{
	answered(&w->acts[0], STA_OK);
	answered(&w->acts[1], STA_OK);
	assert_int_equal(readable(w, APP, w->thing), STA_OK);
}

/* --- pushes against collections --- */

static void
a_push_of_a_blob_that_is_being_collected_keeps_it(void **state)
{
	static const struct scenario all[] = {
		{ "push of a file that is due x collection",
		  2,
		  { act_push_app, act_collect },
		  due_large,
		  one_push },
		{ "push of a small blob that is due x collection",
		  2,
		  { act_push_app, act_collect },
		  due_small,
		  one_push },
		{ "push of a damaged file that is due x collection",
		  2,
		  { act_push_app, act_collect },
		  damaged_and_due,
		  one_push },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		explore(*state, &all[i]);
}

static void
a_push_between_two_collectors_keeps_the_blob(void **state)
{
	static const struct scenario all[] = {
		{ "push of a file x two collections",
		  3,
		  { act_push_app, act_collect, act_collect },
		  due_large,
		  two_pushes },
		{ "push of a small blob x two collections",
		  3,
		  { act_push_app, act_collect, act_collect },
		  due_small,
		  two_pushes },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		explore(*state, &all[i]);
}

static void
two_pushes_of_one_blob_make_one_blob(void **state)
{
	static const struct scenario all[] = {
		{ "the same new file twice", 2, { act_push_app, act_push_app }, nothing, two_pushes },
		{ "the same new file in two packages",
		  2,
		  { act_push_app, act_push_lib },
		  nothing,
		  a_push_to_each },
		{ "the same small blob in two packages",
		  2,
		  { act_push_app, act_push_lib },
		  nothing_small,
		  a_push_to_each },
		{ "the same damaged file twice", 2, { act_push_app, act_push_app }, damaged, two_pushes },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		explore(*state, &all[i]);
}

static void
two_pushes_of_a_blob_that_is_being_collected_keep_it(void **state)
{
	static const struct scenario all[] = {
		{ "the same file twice x collection",
		  3,
		  { act_push_app, act_push_app, act_collect },
		  due_large,
		  two_pushes },
		{ "the same file in two packages x collection",
		  3,
		  { act_push_app, act_push_lib, act_collect },
		  due_large,
		  a_push_to_each },
		{ "the same small blob in two packages x collection",
		  3,
		  { act_push_app, act_push_lib, act_collect },
		  due_small,
		  a_push_to_each },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		explore(*state, &all[i]);
}

static void
a_push_whose_claim_runs_out_begins_anew(void **state)
{
	static const struct scenario all[] = {
		{ "push of a file x two hours and a collection",
		  2,
		  { act_push_app, two_hours_and_a_collection },
		  nothing,
		  a_push_that_time_overtakes },
		{ "push of a file x two hours and a collection x push elsewhere",
		  3,
		  { act_push_app, two_hours_and_a_collection, act_push_lib },
		  nothing,
		  a_push_that_time_overtakes },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		explore(*state, &all[i]);
}

/* It takes two steps that are next to each other, of both: every one has to be tried. */
static void
a_push_does_not_rely_on_the_claim_of_another(void **state)
{
	static const struct scenario s = { "push of a file x two hours, a collection and a push elsewhere",
					   2,
					   { push_then_pull, two_hours_a_collection_and_a_push },
					   nothing,
					   there_at_once };
	struct world *w = *state;

	w->every = true;
	explore(w, &s);
}

/* --- deletions --- */

static void
a_push_and_the_deletion_of_the_same_blob_elsewhere_do_not_meet(void **state)
{
	static const struct scenario all[] = {
		{ "push of a file x its deletion elsewhere x collection",
		  3,
		  { act_push_app, delete_lib, act_collect },
		  in_both,
		  kept_here_gone_there },
		{ "push of a small blob x its deletion elsewhere x collection",
		  3,
		  { act_push_app, delete_lib, act_collect },
		  in_both_small,
		  kept_here_gone_there },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		explore(*state, &all[i]);
}

static void
of_a_push_and_a_deletion_the_last_one_counts(void **state)
{
	static const struct scenario all[] = {
		{ "push of a file x its deletion x collection",
		  3,
		  { act_push_app, delete_app, act_collect },
		  fresh_large,
		  the_last_one_counts },
		{ "push of a small blob x its deletion x collection",
		  3,
		  { act_push_app, delete_app, act_collect },
		  fresh_small,
		  the_last_one_counts },
		{ "push of a file x deletion of the package x collection",
		  3,
		  { act_push_app, delete_package, act_collect },
		  fresh_large,
		  the_last_one_counts },
		{ "push of a small blob x deletion of the package x collection",
		  3,
		  { act_push_app, delete_package, act_collect },
		  fresh_small,
		  the_last_one_counts },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		explore(*state, &all[i]);
}

static void
a_blob_that_is_deleted_and_pushed_again_is_there(void **state)
{
	static const struct scenario all[] = {
		{ "deletion then push of a file x collection",
		  2,
		  { delete_then_push, act_collect },
		  fresh_large,
		  deleted_and_pushed },
		{ "deletion then push of a small blob x collection",
		  2,
		  { delete_then_push, act_collect },
		  fresh_small,
		  deleted_and_pushed },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		explore(*state, &all[i]);
}

static void
of_two_deletions_one_deletes(void **state)
{
	static const struct scenario all[] = {
		{ "two deletions of a file x collection",
		  3,
		  { delete_app, delete_app, act_collect },
		  fresh_large,
		  one_of_them_deletes },
		{ "two deletions of a small blob x collection",
		  3,
		  { delete_app, delete_app, act_collect },
		  fresh_small,
		  one_of_them_deletes },
		{ "deletions of a file in both its packages x collection",
		  3,
		  { delete_app, delete_lib, act_collect },
		  in_both,
		  gone_from_both },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		explore(*state, &all[i]);
}

/* --- mounts --- */

static void
what_was_mounted_stays_when_its_source_goes(void **state)
{
	static const struct scenario all[] = {
		{ "mount x collection", 2, { mount_from_app, act_collect }, due_large, mounted_or_gone },
		{ "mount of a small blob x collection",
		  2,
		  { mount_from_app, act_collect },
		  due_small,
		  mounted_or_gone },
		{ "mount from anywhere x collection",
		  2,
		  { mount_from_anywhere, act_collect },
		  due_large,
		  mounted_or_gone },
		{ "mount x deletion of the source x collection",
		  3,
		  { mount_from_app, delete_app, act_collect },
		  fresh_large,
		  mounted_or_gone },
		{ "mount x deletion of the source's package x collection",
		  3,
		  { mount_from_app, delete_package, act_collect },
		  fresh_large,
		  mounted_or_gone },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		explore(*state, &all[i]);
}

/* --- reads --- */

static void
a_pull_gets_the_right_bytes_or_none(void **state)
{
	static const struct scenario all[] = {
		{ "pull of a file x collection",
		  2,
		  { pull_app, act_collect },
		  due_large,
		  right_bytes_or_none },
		{ "pull of a small blob x collection",
		  2,
		  { pull_app, act_collect },
		  due_small,
		  right_bytes_or_none },
		{ "pull of a file x deletion x collection",
		  3,
		  { pull_app, delete_app, act_collect },
		  fresh_large,
		  right_bytes_or_none },
		{ "pull of a small blob x deletion then push x collection",
		  3,
		  { pull_app, delete_then_push, act_collect },
		  fresh_small,
		  right_bytes_or_none },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		explore(*state, &all[i]);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_push_of_a_blob_that_is_being_collected_keeps_it),
		TEST(a_push_between_two_collectors_keeps_the_blob),
		TEST(two_pushes_of_one_blob_make_one_blob),
		TEST(two_pushes_of_a_blob_that_is_being_collected_keep_it),
		TEST(a_push_whose_claim_runs_out_begins_anew),
		TEST(a_push_does_not_rely_on_the_claim_of_another),
		TEST(a_push_and_the_deletion_of_the_same_blob_elsewhere_do_not_meet),
		TEST(of_a_push_and_a_deletion_the_last_one_counts),
		TEST(a_blob_that_is_deleted_and_pushed_again_is_there),
		TEST(of_two_deletions_one_deletes),
		TEST(what_was_mounted_stays_when_its_source_goes),
		TEST(a_pull_gets_the_right_bytes_or_none),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
