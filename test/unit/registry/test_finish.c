#include "house.h"

#include <stdlib.h>
#include <string.h>

#include "model/blobs.h"

#define PACKAGE "alice/app"
#define LARGE (200 * KIB)
#define SMALL (3 * KIB)

/* Something of a name in a package, and its bytes. */
struct thing {
	char *bytes;
	size_t len;
	struct sta_digest digest;
};

static struct thing
thing_of(size_t len, unsigned seed)
{
	struct thing t = { .bytes = bytes_of(len, seed), .len = len };

	t.digest = sha256_of(t.bytes, len);
	return t;
}

static enum sta_rc
push(struct house *h, const struct thing *t)
{
	return push_blob(h, &h->alice, PACKAGE, t->bytes, t->len, &h->err);
}

static enum sta_rc
pull(struct house *h, const struct thing *t)
{
	return pull_blob(h, &h->alice, PACKAGE, &t->digest, t->bytes, t->len, &h->err);
}

static void
expect_push_to_work(struct house *h, const struct thing *t)
{
	assert_int_equal(push(h, t), STA_OK);
	assert_int_equal(pull(h, t), STA_OK);
	assert_sound(h);
}

static enum sta_rc
fail_io(struct house *h, struct sta_err *err)
{
	(void) h;
	return sta_err_set(err, STA_IO, 0, "failed on purpose");
}

static enum sta_rc
fail_full(struct house *h, struct sta_err *err)
{
	(void) h;
	return sta_err_set(err, STA_FULL, 0, "full on purpose");
}

static enum sta_rc
set_state(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	return sta_db_script(c, arg, err);
}

static void
script(struct house *h, const char *sql)
{
	char *copy = strdup(sql);

	assert_int_equal(sta_db_write(h->db, set_state, copy, &h->err), STA_OK);
	free(copy);
}

/* A pass that marked the blob and was cut off before it removed the bytes. */
static void
mark_deleting(struct house *h)
{
	script(h, "DELETE FROM package_blob; UPDATE blob SET members = 0, state = 3");
}

static void
a_blob_that_is_being_removed_is_pushed_again(void **state)
{
	static const size_t lens[] = { SMALL, LARGE };
	struct house *h = *state;

	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		struct thing t = thing_of(lens[i], 1);

		assert_int_equal(push(h, &t), STA_OK);
		mark_deleting(h);
		assert_int_equal(pull(h, &t), STA_NOT_FOUND);
		assert_int_equal(push(h, &t), STA_OK);
		assert_int_equal(pull(h, &t), STA_OK);
		(void) run_gc(h, true);
		assert_int_equal(pull(h, &t), STA_OK);
		assert_sound(h);
		free(t.bytes);
	}
}

static void
a_blob_that_is_being_removed_and_whose_file_is_gone_is_pushed_again(void **state)
{
	struct house *h = *state;
	struct thing t = thing_of(LARGE, 1);

	assert_int_equal(push(h, &t), STA_OK);
	mark_deleting(h);
	assert_int_equal(h->shell.real->ops->remove(h->shell.real, &t.digest, &h->err), STA_OK);
	expect_push_to_work(h, &t);
	free(t.bytes);
}

static void
a_push_heals_a_blob_whose_file_was_taken_away(void **state)
{
	struct house *h = *state;
	struct thing t = thing_of(LARGE, 1);

	assert_int_equal(push(h, &t), STA_OK);
	assert_int_equal(h->shell.real->ops->remove(h->shell.real, &t.digest, &h->err), STA_OK);
	expect_push_to_work(h, &t);
	free(t.bytes);
}

/* One upload of t, kept open over failures. */
struct attempt {
	struct sta_name name;
	char id[STA_UUID_TEXT_MAX];
	struct bell *bell;
	struct sta_upload_waker waker;
	struct sta_upload *u;
};

static void
begin(struct house *h, struct attempt *a, const struct thing *t)
{
	*a = (struct attempt){ .bell = bell_new() };
	a->waker = bell_waker(a->bell);
	name_of(PACKAGE, &a->name);
	assert_int_equal(sta_upload_start(h->r, &h->alice, &a->name, STA_SHA256, a->id, &h->err), STA_OK);
	assert_int_equal(
		sta_upload_open(h->r, &h->alice, &a->name, a->id, STA_SHA256, &a->waker, &a->u, &h->err),
		STA_OK);
	assert_int_equal(append_all(a->u, a->bell, t->bytes, t->len, t->len, &h->err), STA_OK);
}

/* What failed once now succeeds; the end of the attempt. */
static void
expect_repetition_to_work(struct house *h, struct attempt *a, const struct thing *t)
{
	assert_int_equal(sta_upload_finish(a->u, &h->alice, &t->digest, &h->err), STA_OK);
	sta_upload_release(a->u);
	settle(h);
	bell_free(a->bell);
	assert_int_equal(pull(h, t), STA_OK);
	assert_sound(h);
}

static void
a_failed_publish_shows_nothing_and_can_be_repeated(void **state)
{
	static house_hook_fn *const faults[] = { fail_io, fail_full };
	struct house *h = *state;

	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		struct thing t = thing_of(LARGE, (unsigned) i);
		struct attempt a;

		begin(h, &a, &t);
		h->before[OP_PUBLISH] = faults[i];
		assert_int_equal(sta_upload_finish(a.u, &h->alice, &t.digest, &h->err),
				 faults[i] == fail_io ? STA_IO : STA_FULL);
		assert_int_equal(pull(h, &t), STA_NOT_FOUND);
		h->before[OP_PUBLISH] = NULL;

		expect_repetition_to_work(h, &a, &t);
		free(t.bytes);
	}
}

static void
a_write_that_fails_while_finishing_can_be_repeated(void **state)
{
	struct house *h = *state;
	struct thing t = thing_of(LARGE, 1);
	struct attempt a;

	t.len -= 100;
	begin(h, &a, &t);
	t.len += 100;
	assert_int_equal(sta_upload_flush(a.u, &h->err), STA_OK); /* no worker writes from here on */
	assert_int_equal(append_all(a.u, a.bell, t.bytes + t.len - 100, 100, 100, &h->err), STA_OK);
	h->before[OP_STAGE_WRITE] = fail_io;
	assert_int_equal(sta_upload_finish(a.u, &h->alice, &t.digest, &h->err), STA_IO);
	assert_int_equal(pull(h, &t), STA_NOT_FOUND);
	h->before[OP_STAGE_WRITE] = NULL;
	expect_repetition_to_work(h, &a, &t);
	free(t.bytes);
}

/* The stage is lost with a failed fsync: what the session says must be true afterwards. */
static enum sta_rc
lose_stage(struct house *h, struct sta_err *err)
{
	struct sta_store *s = h->shell.real;
	const struct attempt *a = h->hook_arg;

	if (s->ops->stage_remove(s, a->id, err) != STA_OK)
		return err->rc;
	return sta_err_set(err, STA_IO, 0, "fsync failed on purpose");
}

static void
a_session_whose_bytes_were_lost_says_so(void **state)
{
	struct house *h = *state;
	struct thing t = thing_of(LARGE, 1);
	struct attempt a;
	uint64_t received = 1;

	begin(h, &a, &t);
	h->hook_arg = &a;
	h->before[OP_PUBLISH] = lose_stage;
	assert_int_equal(sta_upload_finish(a.u, &h->alice, &t.digest, &h->err), STA_IO);
	h->before[OP_PUBLISH] = NULL;
	sta_upload_release(a.u);
	settle(h);
	assert_int_equal(sta_upload_status(h->r, &h->alice, &a.name, a.id, &received, &h->err), STA_OK);
	assert_int_equal(received, 0);
	assert_int_equal(sta_upload_open(h->r, &h->alice, &a.name, a.id, STA_SHA256, &a.waker, &a.u, &h->err),
			 STA_OK);
	assert_int_equal(append_all(a.u, a.bell, t.bytes, t.len, t.len, &h->err), STA_OK);
	expect_repetition_to_work(h, &a, &t);
	free(t.bytes);
}

static void
a_first_write_that_fails_leaves_no_stage_behind(void **state)
{
	struct house *h = *state;
	struct thing t = thing_of(LARGE, 1);

	h->before[OP_STAGE_WRITE] = fail_full;
	assert_int_equal(push(h, &t), STA_FULL);
	settle(h);
	h->before[OP_STAGE_WRITE] = NULL;
	assert_int_equal(count_stages(h), 0);
	free(t.bytes);
}

static enum sta_rc
count_publish(struct house *h, struct sta_err *err)
{
	(void) err;
	++*(int *) h->hook_arg;
	return STA_OK;
}

/* T2: how long a push takes tells nobody what the registry holds. */
static void
bytes_that_the_registry_has_are_synced_like_new_ones(void **state)
{
	struct house *h = *state;
	struct thing t = thing_of(LARGE, 1);
	int published = 0;

	h->hook_arg = &published;
	h->after_publish = count_publish;
	assert_int_equal(push(h, &t), STA_OK);
	assert_int_equal(push_blob(h, &h->bob, "bob/app", t.bytes, t.len, &h->err), STA_OK);
	h->after_publish = NULL;
	assert_int_equal(published, 2);
	assert_int_equal(count_files(h), 1);
	assert_sound(h);
	free(t.bytes);
}

static enum sta_rc
refuse_commit(struct house *h, struct sta_err *err)
{
	(void) err;
	/* The next transaction runs into a constraint of the test's. */
	script(h, "CREATE TRIGGER refuse BEFORE INSERT ON package_blob BEGIN SELECT RAISE(ABORT, 'no'); END");
	return STA_OK;
}

static void
a_transaction_that_fails_after_publishing_shows_nothing_and_can_be_repeated(void **state)
{
	static const size_t lens[] = { SMALL, LARGE };
	struct house *h = *state;

	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		struct thing t = thing_of(lens[i], 1);
		struct attempt a;

		begin(h, &a, &t);
		if (lens[i] == LARGE)
			h->after_publish = refuse_commit;
		else
			(void) refuse_commit(h, &h->err);
		assert_int_not_equal(sta_upload_finish(a.u, &h->alice, &t.digest, &h->err), STA_OK);
		h->after_publish = NULL;
		script(h, "DROP TRIGGER refuse");
		assert_int_not_equal(pull(h, &t), STA_OK);
		expect_repetition_to_work(h, &a, &t);
		free(t.bytes);
	}
}

static void
bytes_that_were_published_and_never_recorded_are_collected_with_their_claim(void **state)
{
	struct house *h = *state;
	struct thing t = thing_of(LARGE, 1);

	h->after_publish = fail_io;
	assert_int_equal(push(h, &t), STA_IO);
	h->after_publish = NULL;
	assert_int_equal(count_files(h), 1);
	assert_sound(h); /* the claim accounts for the file */
	(void) run_gc(h, true);
	assert_int_equal(count_files(h), 1);
	sta_clock_set_offset(3601);
	(void) run_gc(h, false);
	assert_int_equal(count_files(h), 0);
	assert_int_equal(number(h, "SELECT count(*) FROM blob"), 0);
	assert_sound(h);
	free(t.bytes);
}

static void
what_a_crash_left_published_is_collected_at_the_next_start(void **state)
{
	struct house *h = *state;
	struct thing t = thing_of(LARGE, 1);

	h->after_publish = fail_io;
	assert_int_equal(push(h, &t), STA_IO);
	h->after_publish = NULL;
	assert_int_equal(count_files(h), 1);
	house_restart(h);
	assert_int_equal(sta_gc_recover(h->r, &h->err), STA_OK);
	assert_int_equal(count_files(h), 0);
	assert_int_equal(number(h, "SELECT count(*) FROM blob"), 0);
	assert_sound(h);
	free(t.bytes);
}

/* Between this push's publishing and its recording: the blob, which another
 * push had recorded, is deleted and collected, and a third push announces it. */
static enum sta_rc
collect_and_claim(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct sta_digest *d = arg;
	struct sta_blob blob;

	return sta_blob_claim(c, d, LARGE, sta_now_unix(), sta_now_unix() + GRACE, &blob, err);
}

static enum sta_rc
replace_row(struct house *h, struct sta_err *err)
{
	struct thing *t = h->hook_arg;
	struct sta_gc_result result;

	h->after_publish = NULL;
	mark_deleting(h);
	if (sta_gc_run(h->r, &h->sys, false, &result, err) != STA_OK)
		return err->rc;
	return sta_db_write(h->db, collect_and_claim, &t->digest, err);
}

static void
a_blob_collected_and_announced_anew_in_between_is_published_again(void **state)
{
	struct house *h = *state;
	struct thing t = thing_of(LARGE, 1);

	h->hook_arg = &t;
	h->after_publish = replace_row;
	expect_push_to_work(h, &t);
	free(t.bytes);
}

static enum sta_rc
collect_row(struct house *h, struct sta_err *err)
{
	struct sta_gc_result result;

	h->after_publish = NULL;
	mark_deleting(h);
	return sta_gc_run(h->r, &h->sys, false, &result, err);
}

static void
a_blob_collected_in_between_is_published_again(void **state)
{
	struct house *h = *state;
	struct thing t = thing_of(LARGE, 1);

	h->after_publish = collect_row;
	expect_push_to_work(h, &t);
	free(t.bytes);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, house_setup, house_teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_blob_that_is_being_removed_is_pushed_again),
		TEST(a_blob_that_is_being_removed_and_whose_file_is_gone_is_pushed_again),
		TEST(a_push_heals_a_blob_whose_file_was_taken_away),
		TEST(a_failed_publish_shows_nothing_and_can_be_repeated),
		TEST(a_write_that_fails_while_finishing_can_be_repeated),
		TEST(a_session_whose_bytes_were_lost_says_so),
		TEST(a_first_write_that_fails_leaves_no_stage_behind),
		TEST(bytes_that_the_registry_has_are_synced_like_new_ones),
		TEST(a_transaction_that_fails_after_publishing_shows_nothing_and_can_be_repeated),
		TEST(bytes_that_were_published_and_never_recorded_are_collected_with_their_claim),
		TEST(what_a_crash_left_published_is_collected_at_the_next_start),
		TEST(a_blob_collected_and_announced_anew_in_between_is_published_again),
		TEST(a_blob_collected_in_between_is_published_again),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
