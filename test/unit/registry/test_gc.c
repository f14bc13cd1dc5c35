#include "house.h"

#include "stage.h"

#include <stdlib.h>
#include <string.h>

#define PACKAGE "alice/app"
#define SMALL ((size_t) 100)
#define LARGE (100 * KIB)

/* Called once, right before the next transaction is handed to the writer. */
static void (*before_write)(struct house *h);
static struct house *before_write_house;

enum sta_rc __real_sta_db_write(struct sta_db *db, sta_db_tx_fn *fn, void *arg, struct sta_err *err);
enum sta_rc __wrap_sta_db_write(struct sta_db *db, sta_db_tx_fn *fn, void *arg, struct sta_err *err);

enum sta_rc
__wrap_sta_db_write(struct sta_db *db, sta_db_tx_fn *fn, void *arg, struct sta_err *err)
{
	void (*hook)(struct house * h) = before_write;

	before_write = NULL;
	if (hook)
		hook(before_write_house);
	return __real_sta_db_write(db, fn, arg, err);
}

static enum sta_rc
there(struct house *h, const struct sta_digest *d)
{
	return head_blob(h, &h->bob, PACKAGE, d, &h->err); /* who may not push renews nothing */
}

static int
set_up(void **state)
{
	struct sta_digest config;
	struct house *h;

	before_write = NULL;
	if (house_setup(state) != 0)
		return -1;
	h = *state;
	config = push_seed(h, &h->alice, PACKAGE, 10, 12345);
	assert_int_equal(push_manifest(h, &h->alice, PACKAGE, "keeps-the-package",
				       manifest_of(h, &config, 10, NULL, 0, 0), NULL, &h->err),
			 STA_OK);
	assert_int_equal(sta_package_set_visibility(h->r, &h->alice, PACKAGE, STA_PUBLIC, &h->err), STA_OK);
	return 0;
}

static void
an_unreferenced_blob_goes_when_its_grace_is_over_and_not_before(void **state)
{
	static const size_t lens[] = { SMALL, LARGE };
	struct house *h = *state;

	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		struct sta_digest d;

		sta_clock_set_offset(0);
		d = push_seed(h, &h->alice, PACKAGE, lens[i], 1);
		sta_clock_set_offset(GRACE - 5);
		(void) run_gc(h, false);
		assert_int_equal(there(h, &d), STA_OK);
		sta_clock_set_offset(GRACE + 5);
		assert_true(run_gc(h, false).blobs_removed >= 1);
		assert_int_equal(there(h, &d), STA_NOT_FOUND);
		assert_int_equal(h->err.code, STA_OCI_BLOB_UNKNOWN);
		assert_sound(h);
	}
	assert_int_equal(count_files(h), 0);
}

static void
a_head_by_who_may_push_renews_the_lease(void **state)
{
	struct house *h = *state;
	struct sta_digest d = push_seed(h, &h->alice, PACKAGE, LARGE, 1);

	sta_clock_set_offset(GRACE - 5);
	assert_int_equal(head_blob(h, &h->alice, PACKAGE, &d, &h->err), STA_OK);
	sta_clock_set_offset(2 * GRACE - 10);
	(void) run_gc(h, false);
	assert_int_equal(there(h, &d), STA_OK);
	sta_clock_set_offset(2 * GRACE);
	(void) run_gc(h, false);
	assert_int_equal(there(h, &d), STA_NOT_FOUND);
}

static void
after_a_head_the_blob_stays_for_half_a_grace_at_least(void **state)
{
	struct house *h = *state;

	for (int64_t at = 0; at < GRACE; at += GRACE / 6) {
		struct sta_digest d;

		sta_clock_set_offset(0);
		d = push_seed(h, &h->alice, PACKAGE, SMALL, (unsigned) at);
		sta_clock_set_offset(at);
		assert_int_equal(head_blob(h, &h->alice, PACKAGE, &d, &h->err), STA_OK);
		sta_clock_set_offset(at + GRACE / 2 - 5);
		(void) run_gc(h, false);
		assert_int_equal(there(h, &d), STA_OK);
		sta_clock_set_offset(0);
	}
}

static void
a_head_that_must_renew_needs_a_thread_that_may_wait(void **state)
{
	struct house *h = *state;
	struct sta_digest d = push_seed(h, &h->alice, PACKAGE, SMALL, 1);

	h->alice.may_wait = false;
	assert_int_equal(head_blob(h, &h->alice, PACKAGE, &d, &h->err), STA_OK);
	sta_clock_set_offset(GRACE - 5);
	assert_int_equal(head_blob(h, &h->alice, PACKAGE, &d, &h->err), STA_WOULD_BLOCK);
	assert_int_equal(there(h, &d), STA_OK);
}

static void
collect_everything(struct house *h)
{
	sta_clock_set_offset(GRACE + 5);
	(void) run_gc(h, false);
}

static void
a_head_never_says_that_a_blob_is_there_which_was_just_collected(void **state)
{
	static const size_t lens[] = { SMALL, LARGE };
	struct house *h = *state;

	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		struct sta_digest d;

		sta_clock_set_offset(0);
		d = push_seed(h, &h->alice, PACKAGE, lens[i], 1);
		sta_clock_set_offset(GRACE - 5);
		before_write = collect_everything; /* after the look, before the renewal */
		before_write_house = h;
		assert_int_equal(head_blob(h, &h->alice, PACKAGE, &d, &h->err), STA_NOT_FOUND);
		assert_int_equal(h->err.code, STA_OCI_BLOB_UNKNOWN);
		assert_null(before_write);
	}
}

static void
a_mount_begins_a_lease_of_its_own(void **state)
{
	struct house *h = *state;
	struct sta_digest d = push_seed(h, &h->alice, PACKAGE, LARGE, 1);
	struct sta_name to, from;
	bool mounted = false;

	name_of("alice/lib", &to);
	name_of(PACKAGE, &from);
	sta_clock_set_offset(GRACE - 5);
	assert_int_equal(sta_mount_blob(h->r, &h->alice, &to, &d, &from, &mounted, &h->err), STA_OK);
	assert_true(mounted);
	sta_clock_set_offset(GRACE + 5);
	(void) run_gc(h, false);
	assert_int_equal(there(h, &d), STA_NOT_FOUND);
	assert_int_equal(head_blob(h, &h->alice, "alice/lib", &d, &h->err), STA_OK);
	assert_sound(h);
}

static void
pushing_again_renews_the_lease(void **state)
{
	struct house *h = *state;
	struct sta_digest d = push_seed(h, &h->alice, PACKAGE, LARGE, 1);

	sta_clock_set_offset(GRACE - 5);
	(void) push_seed(h, &h->alice, PACKAGE, LARGE, 1);
	sta_clock_set_offset(GRACE + 5);
	(void) run_gc(h, false);
	assert_int_equal(there(h, &d), STA_OK);
}

static void
what_a_manifest_uses_stays_until_a_grace_after_it_went(void **state)
{
	struct house *h = *state;
	struct sta_digest config = push_seed(h, &h->alice, PACKAGE, SMALL, 1);
	struct sta_digest layer = push_seed(h, &h->alice, PACKAGE, LARGE, 2);
	char *text = manifest_of(h, &config, SMALL, &layer, 1, LARGE);
	struct sta_reference ref;
	struct sta_name name;
	struct sta_digest d;

	name_of(PACKAGE, &name);
	assert_int_equal(push_manifest(h, &h->alice, PACKAGE, "latest", text, &d, &h->err), STA_OK);
	sta_clock_set_offset(1000 * GRACE);
	(void) run_gc(h, true);
	assert_int_equal(there(h, &layer), STA_OK);
	assert_int_equal(there(h, &config), STA_OK);
	assert_int_equal(sta_delete_blob(h->r, &h->alice, &name, &layer, &h->err), STA_CONFLICT);
	ref = ref_of("latest");
	assert_int_equal(sta_delete_manifest(h->r, &h->alice, &name, &ref, &h->err), STA_OK);
	sta_clock_set_offset(1010 * GRACE);
	(void) run_gc(h, true);
	assert_int_equal(there(h, &layer), STA_OK); /* untagged, not unused */
	ref = ref_digest(&d);
	assert_int_equal(sta_delete_manifest(h->r, &h->alice, &name, &ref, &h->err), STA_OK);
	sta_clock_set_offset(1011 * GRACE - 5);
	(void) run_gc(h, false);
	assert_int_equal(there(h, &layer), STA_OK);
	sta_clock_set_offset(1011 * GRACE + 5);
	(void) run_gc(h, false);
	assert_int_equal(there(h, &layer), STA_NOT_FOUND);
	assert_int_equal(there(h, &config), STA_NOT_FOUND);
	assert_sound(h);
}

static void
now_takes_all_but_what_was_used_within_the_last_minute(void **state)
{
	struct house *h = *state;
	struct sta_digest d = push_seed(h, &h->alice, PACKAGE, LARGE, 1);

	sta_clock_set_offset(55);
	assert_int_equal(run_gc(h, true).memberships_removed, 0);
	assert_int_equal(there(h, &d), STA_OK);
	sta_clock_set_offset(65);
	assert_int_equal(run_gc(h, false).memberships_removed, 0);
	assert_int_equal(run_gc(h, true).blobs_removed, 1);
	assert_int_equal(there(h, &d), STA_NOT_FOUND);
}

/* However long ago it was pushed. */
static void
now_leaves_what_a_head_reported_a_moment_ago(void **state)
{
	struct house *h = *state;
	struct sta_digest d = push_seed(h, &h->alice, PACKAGE, LARGE, 1);

	for (int64_t age = 64; age < 64 + 5 * 29; age += 29) {
		sta_clock_set_offset(age);
		assert_int_equal(head_blob(h, &h->alice, PACKAGE, &d, &h->err), STA_OK);
		sta_clock_set_offset(age + 29);
		assert_int_equal(run_gc(h, true).blobs_removed, 0);
	}
	assert_int_equal(there(h, &d), STA_OK);
}

static void
more_garbage_than_a_batch_goes_in_one_pass(void **state)
{
	struct house *h = *state;

	for (unsigned i = 0; i < 600; i++)
		(void) push_seed(h, &h->alice, PACKAGE, i % 50 == 0 ? LARGE : SMALL, 100 + i);
	sta_clock_set_offset(GRACE + 5);
	assert_int_equal(run_gc(h, false).blobs_removed, 600);
	assert_int_equal(number(h, "SELECT count(*) FROM blob"), 1);
	assert_int_equal(number(h, "SELECT count(*) FROM blob_data"), 1);
	assert_int_equal(count_files(h), 0);
}

static void
a_package_begun_and_never_published_goes_and_a_published_one_stays(void **state)
{
	struct house *h = *state;
	struct sta_digest config = push_seed(h, &h->alice, PACKAGE, SMALL, 1);
	struct sta_reference ref = ref_of("latest");
	struct sta_name name;
	struct sta_digest d;

	name_of(PACKAGE, &name);
	(void) push_seed(h, &h->alice, "alice/begun", SMALL, 1);
	assert_int_equal(push_manifest(h, &h->alice, PACKAGE, "latest",
				       manifest_of(h, &config, SMALL, NULL, 0, 0), &d, &h->err),
			 STA_OK);
	ref = ref_digest(&d);
	assert_int_equal(sta_delete_manifest(h->r, &h->alice, &name, &ref, &h->err), STA_OK);
	sta_clock_set_offset(2 * GRACE);
	assert_int_equal(run_gc(h, false).packages_removed, 1);
	assert_int_equal(number(h, "SELECT count(*) FROM package"), 1);
	assert_int_equal(there(h, &config), STA_NOT_FOUND);
	assert_int_equal(h->err.code, STA_OCI_BLOB_UNKNOWN); /* not NAME_UNKNOWN */
}

/* A session with that many bytes in its stage. */
static void
leave_session(struct house *h, size_t len, char id[STA_UUID_TEXT_MAX])
{
	struct bell *b = bell_new();
	struct sta_upload_waker waker = bell_waker(b);
	struct sta_upload *u = NULL;
	struct sta_name name;
	char *p = bytes_of(len, 1);

	name_of(PACKAGE, &name);
	assert_int_equal(sta_upload_start(h->r, &h->alice, &name, STA_SHA256, id, &h->err), STA_OK);
	assert_int_equal(sta_upload_open(h->r, &h->alice, &name, id, STA_SHA256, &waker, &u, &h->err),
			 STA_OK);
	assert_int_equal(append_all(u, b, p, len, len, &h->err), STA_OK);
	sta_upload_release(u);
	settle(h);
	free(p);
	bell_free(b);
}

static void
an_idle_session_expires_with_its_bytes(void **state)
{
	struct house *h = *state;
	int64_t ttl = (int64_t) h->options.upload_ttl_s;
	struct sta_name name;
	char id[STA_UUID_TEXT_MAX];
	uint64_t received;

	name_of(PACKAGE, &name);
	leave_session(h, LARGE, id);
	sta_clock_set_offset(ttl - 5);
	assert_int_equal(run_gc(h, true).uploads_expired, 0);
	assert_int_equal(sta_upload_status(h->r, &h->alice, &name, id, &received, &h->err), STA_OK);
	sta_clock_set_offset(ttl + 5);
	assert_int_equal(run_gc(h, false).uploads_expired, 1);
	assert_int_equal(count_stages(h), 0);
	assert_int_equal(sta_upload_status(h->r, &h->alice, &name, id, &received, &h->err), STA_NOT_FOUND);
}

static uint64_t
commits(struct house *h)
{
	struct sta_db_stats stats;

	sta_db_stats(h->db, &stats);
	return stats.commits;
}

#define MANY 300 /* more than one batch */

static void
many_expired_sessions_go_in_few_commits(void **state)
{
	struct house *h = *state;
	char id[STA_UUID_TEXT_MAX];
	struct sta_name name;
	uint64_t before;

	name_of(PACKAGE, &name);
	for (size_t i = 0; i < MANY; i++) {
		if (i % 10 == 0)
			leave_session(h, LARGE, id);
		else
			assert_int_equal(sta_upload_start(h->r, &h->alice, &name, STA_SHA256, id, &h->err),
					 STA_OK);
	}
	sta_clock_set_offset((int64_t) h->options.upload_ttl_s + 5);
	before = commits(h);
	assert_int_equal(run_gc(h, false).uploads_expired, MANY);
	assert_in_range(commits(h) - before, 1, 10);
	assert_int_equal(count_stages(h), 0);
}

static void
a_session_that_a_request_holds_does_not_expire(void **state)
{
	struct house *h = *state;
	struct bell *b = bell_new();
	struct sta_upload_waker waker = bell_waker(b);
	struct sta_upload *u = NULL;
	struct sta_name name;
	char id[STA_UUID_TEXT_MAX];
	struct sta_digest d = sha256_of("x", 1);

	name_of(PACKAGE, &name);
	assert_int_equal(sta_upload_start(h->r, &h->alice, &name, STA_SHA256, id, &h->err), STA_OK);
	assert_int_equal(sta_upload_open(h->r, &h->alice, &name, id, STA_SHA256, &waker, &u, &h->err),
			 STA_OK);
	sta_clock_set_offset((int64_t) h->options.upload_ttl_s + 5);
	assert_int_equal(run_gc(h, false).uploads_expired, 0);
	assert_int_equal(append_all(u, b, "x", 1, 1, &h->err), STA_OK);
	assert_int_equal(sta_upload_finish(u, &h->alice, &d, &h->err), STA_OK);
	sta_upload_release(u);
	bell_free(b);
	assert_sound(h);
}

/* The session that a request is just finding again ends. */
static struct {
	char id[STA_UUID_TEXT_MAX];
	bool by_client;
} ending;

static enum sta_rc
end_session(struct house *h, struct sta_err *err)
{
	struct sta_name name;

	(void) err;
	h->before[OP_STAGE_STAT] = NULL;
	name_of(PACKAGE, &name);
	if (ending.by_client)
		assert_int_equal(sta_upload_cancel(h->r, &h->alice, &name, ending.id, &h->err), STA_OK);
	else
		assert_int_equal(run_gc(h, false).uploads_expired, 1);
	return STA_OK;
}

static void
a_session_that_ends_while_a_request_finds_it_again_is_unknown(void **state)
{
	struct house *h = *state;
	struct bell *b = bell_new();
	struct sta_upload_waker waker = bell_waker(b);
	struct sta_name name;

	name_of(PACKAGE, &name);
	for (int i = 0; i < 2; i++) {
		struct sta_upload *u = NULL;

		sta_clock_set_offset(0);
		leave_session(h, LARGE, ending.id);
		house_restart(h); /* now only the database knows it */
		ending.by_client = i == 1;
		sta_clock_set_offset((int64_t) h->options.upload_ttl_s + 5);
		h->before[OP_STAGE_STAT] = end_session;
		assert_int_equal(
			sta_upload_open(h->r, &h->alice, &name, ending.id, STA_SHA256, &waker, &u, &h->err),
			STA_NOT_FOUND);
		assert_int_equal(count_stages(h), 0);
	}
	bell_free(b);
}

static void
recovery_removes_stages_without_a_session_and_ends_removals(void **state)
{
	static const char orphan[] = "01234567-89ab-4def-8123-456789abcdef";
	struct house *h = *state;
	struct sta_store *s = h->shell.real;
	struct sta_digest d = push_seed(h, &h->alice, PACKAGE, LARGE, 1);
	char id[STA_UUID_TEXT_MAX];
	struct sta_name name;
	uint64_t received = 0;

	name_of(PACKAGE, &name);
	leave_session(h, 1000, id);
	assert_int_equal(s->ops->stage_create(s, orphan, &h->err), STA_OK);
	assert_int_equal(sta_delete_blob(h->r, &h->alice, &name, &d, &h->err), STA_OK);
	assert_int_equal(there(h, &d), STA_NOT_FOUND);
	assert_int_equal(count_files(h), 1);
	house_restart(h);
	assert_int_equal(sta_gc_recover(h->r, &h->err), STA_OK);
	assert_int_equal(count_files(h), 0);
	assert_int_equal(count_stages(h), 1);
	assert_int_equal(sta_upload_status(h->r, &h->alice, &name, id, &received, &h->err), STA_OK);
	assert_int_equal(received, 1000);
	assert_sound(h);
}

static enum sta_rc
fail_io(struct house *h, struct sta_err *err)
{
	(void) h;
	return sta_err_set(err, STA_IO, 0, "failed on purpose");
}

static void
a_pass_that_fails_is_made_up_for_by_the_next(void **state)
{
	static const enum house_op ops[] = { OP_REMOVE, OP_STAGE_REMOVE, OP_STAGE_STAT };
	struct house *h = *state;

	for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
		struct sta_gc_result result;
		char id[STA_UUID_TEXT_MAX];

		sta_clock_set_offset(0);
		(void) push_seed(h, &h->alice, PACKAGE, LARGE, 1);
		leave_session(h, 1000, id);
		sta_clock_set_offset((int64_t) h->options.upload_ttl_s + 5);
		h->before[ops[i]] = fail_io;
		assert_int_equal(sta_gc_run(h->r, &h->sys, false, &result, &h->err), STA_IO);
		h->before[ops[i]] = NULL;
		(void) run_gc(h, false);
		assert_int_equal(count_files(h), 0);
		assert_int_equal(count_stages(h), 0);
		assert_int_equal(number(h, "SELECT count(*) FROM blob"), 1);
	}
}

/* An upload in one request has no session, and a stage all the same. */
static void
a_stage_goes_that_belongs_to_no_session_and_to_no_request(void **state)
{
	static const char id[] = "00000000-0000-4000-8000-000000000001";
	struct house *h = *state;
	struct sta_store *s = h->shell.real;
	char *large = bytes_of(LARGE, 7);
	struct sta_digest digest = sha256_of(large, LARGE);
	struct bell *b = bell_new();
	struct sta_upload_waker waker = bell_waker(b);
	struct sta_upload *u = NULL;
	struct sta_name name;

	name_of(PACKAGE, &name);
	assert_int_equal(s->ops->stage_create(s, id, &h->err), STA_OK);
	assert_int_equal(sta_upload_open(h->r, &h->alice, &name, NULL, STA_SHA256, &waker, &u, &h->err),
			 STA_OK);
	assert_int_equal(append_all(u, b, large, LARGE, LARGE, &h->err), STA_OK);
	assert_int_equal(sta_upload_flush(u, &h->err), STA_OK);
	assert_int_equal(count_stages(h), 2);
	sta_clock_set_offset(24 * 3600);
	(void) run_gc(h, false);
	assert_int_equal(count_stages(h), 1);
	assert_int_equal(sta_upload_finish(u, &h->alice, &digest, &h->err), STA_OK);
	sta_upload_release(u);
	bell_free(b);
	free(large);
}

static void
only_the_site_may_collect(void **state)
{
	struct house *h = *state;
	struct sta_gc_result result;

	assert_int_equal(sta_gc_run(h->r, &h->alice, true, &result, &h->err), STA_DENIED);
	assert_int_equal(sta_gc_run(h->r, &h->nobody, true, &result, &h->err), STA_DENIED);
	assert_int_equal(sta_gc_run(h->r, &h->admin, true, &result, &h->err), STA_OK);
	h->admin.caller.limited = true;
	assert_int_equal(sta_gc_run(h->r, &h->admin, true, &result, &h->err), STA_DENIED);
}

/* --- fsck --- */

static void
count_problem(void *arg, const char *invariant, const char *what, const char *text)
{
	(void) what;
	(void) text;
	if (strcmp(invariant, "I6") == 0)
		++*(int *) arg;
}

/* The walk over the store has named a file; before its row is looked for, it is collected. */
static struct {
	bool (*fn)(void *arg, const struct sta_digest *d);
	void *arg;
	struct house *h;
} walk;

static bool
collect_then_visit(void *arg, const struct sta_digest *d)
{
	(void) arg;
	(void) run_gc(walk.h, false);
	return walk.fn(walk.arg, d);
}

static enum sta_rc
each_with_collection(struct sta_store *s, bool (*fn)(void *arg, const struct sta_digest *d), void *arg,
		     struct sta_err *err)
{
	(void) s;
	walk.fn = fn;
	walk.arg = arg;
	return walk.h->shell.real->ops->each(walk.h->shell.real, collect_then_visit, NULL, err);
}

static void
fsck_reports_no_file_that_was_collected_while_it_looked(void **state)
{
	struct house *h = *state;
	struct sta_store_ops ops = *h->shell.base.ops;
	const struct sta_store_ops *real = h->shell.base.ops;
	struct sta_fsck_options o = { .content = false };
	struct sta_fsck_result result;
	int problems = 0;

	walk.h = h;
	ops.each = each_with_collection;
	(void) push_seed(h, &h->alice, PACKAGE, LARGE, 1);
	sta_clock_set_offset(GRACE + 5);
	h->shell.base.ops = &ops;
	assert_int_equal(sta_fsck_run(h->r, &h->sys, &o, count_problem, &problems, &result, &h->err), STA_OK);
	h->shell.base.ops = real;
	assert_int_equal(problems, 0);
	assert_int_equal(result.problems, 0);
}

static void
fsck_finds_a_file_without_a_blob(void **state)
{
	static const char id[] = "01234567-89ab-4def-8123-456789abcdef";
	struct house *h = *state;
	struct sta_store *s = h->shell.real;
	struct sta_digest d = sha256_of("stray", 5);
	struct sta_fsck_options o = { .content = true };
	struct sta_fsck_result result;
	int problems = 0;

	assert_int_equal(s->ops->stage_create(s, id, &h->err), STA_OK);
	assert_int_equal(write_stage(s, id, 0, "stray", 5, &h->err), STA_OK);
	assert_int_equal(publish_stage(s, id, &d, &h->err), STA_OK);
	assert_int_equal(s->ops->stage_remove(s, id, &h->err), STA_OK);
	assert_int_equal(sta_fsck_run(h->r, &h->sys, &o, count_problem, &problems, &result, &h->err), STA_OK);
	assert_int_equal(problems, 1);
}

static void
long_work_gives_up_when_the_process_is_about_to_end(void **state)
{
	struct house *h = *state;
	struct sta_fsck_options o = { .content = true };
	struct sta_fsck_result found;
	struct sta_gc_result collected;
	int problems = 0;

	(void) push_seed(h, &h->alice, PACKAGE, LARGE, 1);
	sta_clock_set_offset(GRACE + 5);
	sta_registry_stopping(h->r);
	assert_int_equal(sta_fsck_run(h->r, &h->sys, &o, count_problem, &problems, &found, &h->err),
			 STA_BUSY);
	assert_int_equal(sta_gc_run(h->r, &h->sys, false, &collected, &h->err), STA_BUSY);
	assert_int_equal(problems, 0);
	house_restart(h);
	assert_int_equal(run_gc(h, false).blobs_removed, 1);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, house_teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(an_unreferenced_blob_goes_when_its_grace_is_over_and_not_before),
		TEST(a_head_by_who_may_push_renews_the_lease),
		TEST(after_a_head_the_blob_stays_for_half_a_grace_at_least),
		TEST(a_head_that_must_renew_needs_a_thread_that_may_wait),
		TEST(a_head_never_says_that_a_blob_is_there_which_was_just_collected),
		TEST(a_mount_begins_a_lease_of_its_own),
		TEST(pushing_again_renews_the_lease),
		TEST(what_a_manifest_uses_stays_until_a_grace_after_it_went),
		TEST(now_takes_all_but_what_was_used_within_the_last_minute),
		TEST(now_leaves_what_a_head_reported_a_moment_ago),
		TEST(more_garbage_than_a_batch_goes_in_one_pass),
		TEST(a_package_begun_and_never_published_goes_and_a_published_one_stays),
		TEST(an_idle_session_expires_with_its_bytes),
		TEST(many_expired_sessions_go_in_few_commits),
		TEST(a_session_that_a_request_holds_does_not_expire),
		TEST(a_session_that_ends_while_a_request_finds_it_again_is_unknown),
		TEST(recovery_removes_stages_without_a_session_and_ends_removals),
		TEST(a_pass_that_fails_is_made_up_for_by_the_next),
		TEST(a_stage_goes_that_belongs_to_no_session_and_to_no_request),
		TEST(only_the_site_may_collect),
		TEST(fsck_reports_no_file_that_was_collected_while_it_looked),
		TEST(fsck_finds_a_file_without_a_blob),
		TEST(long_work_gives_up_when_the_process_is_about_to_end),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
