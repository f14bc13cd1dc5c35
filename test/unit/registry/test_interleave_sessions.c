#include "interleave.h"

/* Upload sessions: expiry, cancelling, and two requests at once. */

#define FIRST (70 * KIB) /* of the large blob, in the stage */

/* --- what is there before --- */

static void
start_session(struct world *w)
{
	struct house *h = w->h;
	struct sta_name name;

	name_of(APP, &name);
	assert_int_equal(sta_upload_start(h->r, &h->alice, &name, STA_SHA256, w->session, &h->err), STA_OK);
	w->written = sta_now_unix();
}

/* The next bytes of the large blob, up to end. */
static enum sta_rc
bring(struct world *w, const struct sta_call *call, size_t end, bool finish, struct sta_err *err)
{
	struct bell *b = bell_new();
	struct sta_upload_waker waker = bell_waker(b);
	struct sta_upload *u = NULL;
	struct sta_name name;
	size_t have = 0;
	enum sta_rc rc;

	name_of(APP, &name);
	rc = sta_upload_open(w->h->r, call, &name, w->session, STA_SHA256, &waker, &u, err);
	if (rc == STA_OK)
		have = sta_upload_size(u);
	if (rc == STA_OK && have < end)
		rc = append_all(u, b, w->thing->bytes + have, end - have, end - have, err);
	if (rc == STA_OK)
		rc = finish ? sta_upload_finish(u, call, &w->thing->digest, err) : sta_upload_flush(u, err);
	sta_upload_release(u);
	bell_free(b);
	return rc;
}

static void
open_session(struct world *w)
{
	start_session(w);
	assert_int_equal(bring(w, &w->h->alice, FIRST, false, &w->h->err), STA_OK);
	settle(w->h);
}

/* The process does not know it: it was started since. */
static void
old_session(struct world *w)
{
	open_session(w);
	house_restart(w->h);
}

static void
late(struct world *w)
{
	later(w, (int64_t) w->h->options.upload_ttl_s + 5);
}

static void
late_session(struct world *w)
{
	open_session(w);
	late(w);
}

static void
late_old_session(struct world *w)
{
	old_session(w);
	late(w);
}

/* Nothing has come: there is no stage. */
static void
late_empty_session(struct world *w)
{
	start_session(w);
	late(w);
}

static void
late_old_empty_session(struct world *w)
{
	start_session(w);
	house_restart(w->h);
	late(w);
}

static void
old_small_session(struct world *w)
{
	w->thing = &w->small;
	start_session(w);
	house_restart(w->h);
}

static void
late_old_small_session(struct world *w)
{
	old_small_session(w);
	late(w);
}

static void
nothing(struct world *w)
{
	(void) w;
}

/* --- acts --- */

static enum sta_rc
patch(struct world *w, struct act *a)
{
	return bring(w, &a->call, w->thing->len, false, &a->err);
}

static enum sta_rc
put(struct world *w, struct act *a)
{
	return bring(w, &a->call, w->thing->len, true, &a->err);
}

/* The digest is of other bytes. */
static enum sta_rc
put_too_early(struct world *w, struct act *a)
{
	return bring(w, &a->call, w->thing->len - 1, true, &a->err);
}

static enum sta_rc
resume(struct world *w, struct act *a)
{
	uint64_t received = 0;
	struct sta_name name;
	enum sta_rc rc;

	name_of(APP, &name);
	rc = sta_upload_status(w->h->r, &a->call, &name, w->session, &received, &a->err);
	return rc == STA_OK ? patch(w, a) : rc;
}

static enum sta_rc
cancel(struct world *w, struct act *a)
{
	struct sta_name name;

	name_of(APP, &name);
	return sta_upload_cancel(w->h->r, &a->call, &name, w->session, &a->err);
}

static enum sta_rc
start_then_patch(struct world *w, struct act *a)
{
	struct sta_name name;
	enum sta_rc rc;

	name_of(APP, &name);
	rc = sta_upload_start(w->h->r, &a->call, &name, STA_SHA256, w->session, &a->err);
	return rc == STA_OK ? patch(w, a) : rc;
}

static enum sta_rc
a_day_and_a_collection(struct world *w, struct act *a)
{
	late(w);
	return act_collect(w, a);
}

/* --- what must hold after it --- */

static bool
there(struct world *w, uint64_t *received)
{
	struct house *h = w->h;
	struct sta_name name;
	enum sta_rc rc;

	name_of(APP, &name);
	rc = sta_upload_status(h->r, &h->alice, &name, w->session, received, &h->err);
	assert_true(rc == STA_OK || rc == STA_NOT_FOUND);
	assert_int_equal(number(h, "SELECT count(*) FROM upload"), rc == STA_OK);
	return rc == STA_OK;
}

static void
session_gone(struct world *w)
{
	uint64_t received = 0;

	assert_false(there(w, &received));
	assert_int_equal(count_stages(w->h), 0);
}

static bool
is_unknown(const struct act *a)
{
	return a->rc == STA_NOT_FOUND && a->code == STA_OCI_BLOB_UPLOAD_UNKNOWN;
}

static bool
is_refused(const struct act *a)
{
	return is_unknown(a) || (a->rc == STA_BUSY && a->code == STA_OCI_BLOB_UPLOAD_INVALID);
}

/* Bytes that were acknowledged stay for a whole gc.upload_ttl; or the session was gone. */
static void
kept_or_unknown(struct world *w)
{
	const struct act *a = &w->acts[0];
	const struct act *g = &w->acts[1];
	uint64_t received = 0;

	assert_int_equal(g->rc, STA_OK);
	if (before(a, g) && (w->scenario->n == 2 || before(a, &w->acts[2])))
		assert_int_equal(a->rc, STA_OK);
	if (before(g, a) && w->scenario->n == 2)
		assert_true(is_unknown(a));
	if (a->rc == STA_OK) {
		assert_true(there(w, &received));
		assert_int_equal(received, w->thing->len);
		return;
	}
	assert_true(is_refused(a));
	if (a->rc == STA_NOT_FOUND || !there(w, &received))
		session_gone(w);
}

/* A session that time has overtaken while it began. */
static void
begun_or_unknown(struct world *w)
{
	const struct act *a = &w->acts[0];
	uint64_t received = 0;

	assert_int_equal(w->acts[1].rc, STA_OK);
	assert_true(a->rc == STA_OK || is_refused(a));
	if (a->rc == STA_NOT_FOUND)
		session_gone(w);
	else
		(void) there(w, &received);
}

static void
blob_or_unknown(struct world *w)
{
	const struct act *a = &w->acts[0];

	assert_int_equal(w->acts[1].rc, STA_OK);
	if (before(a, &w->acts[1]))
		assert_int_equal(a->rc, STA_OK);
	if (a->rc == STA_OK)
		assert_int_equal(readable(w, APP, w->thing), STA_OK);
	else
		assert_true(is_refused(a));
	session_gone(w);
}

static void
mismatch_or_unknown(struct world *w)
{
	const struct act *a = &w->acts[0];

	assert_int_equal(w->acts[1].rc, STA_OK);
	assert_true(is_refused(a) || a->code == STA_OCI_DIGEST_INVALID);
	session_gone(w);
}

static void
blob_or_cancelled(struct world *w)
{
	const struct act *a = &w->acts[0];
	const struct act *c = &w->acts[1];

	if (a->rc == STA_OK) {
		assert_true(is_refused(c));
		assert_int_equal(readable(w, APP, w->thing), STA_OK);
	} else {
		assert_true(is_refused(a));
		assert_int_equal(c->rc, STA_OK);
	}
	session_gone(w);
}

static void
bytes_or_cancelled(struct world *w)
{
	const struct act *a = &w->acts[0];
	const struct act *c = &w->acts[1];
	uint64_t received = 0;

	assert_true(a->rc == STA_OK || is_refused(a));
	assert_true(c->rc == STA_OK || is_refused(c));
	if (c->rc == STA_OK) {
		session_gone(w);
		return;
	}
	assert_int_equal(a->rc, STA_OK);
	assert_true(there(w, &received));
	assert_int_equal(received, w->thing->len);
}

static void
gone_or_all_there(struct world *w)
{
	const struct act *a = &w->acts[0];
	const struct act *c = &w->acts[1];
	uint64_t received = 0;

	assert_true(a->rc == STA_OK || is_refused(a));
	assert_true(c->rc == STA_OK || is_refused(c));
	assert_int_equal(w->acts[2].rc, STA_OK);
	if (there(w, &received))
		assert_true(a->rc == STA_OK && c->rc != STA_OK && received == w->thing->len);
	else
		assert_int_equal(count_stages(w->h), 0);
}

static void
cancelled(struct world *w)
{
	bool any = false;

	for (size_t i = 0; i < w->scenario->n; i++) {
		assert_true(w->acts[i].rc == STA_OK || is_refused(&w->acts[i]));
		any = any || w->acts[i].rc == STA_OK;
	}
	assert_true(any);
	session_gone(w);
}

static void
one_makes_the_blob(struct world *w)
{
	const struct act *a = &w->acts[0];
	const struct act *b = &w->acts[1];

	assert_true((a->rc == STA_OK && is_refused(b)) || (b->rc == STA_OK && is_refused(a)));
	assert_int_equal(readable(w, APP, w->thing), STA_OK);
	session_gone(w);
}

static void
one_holds_it(struct world *w)
{
	uint64_t received = 0;
	bool any = false;

	for (size_t i = 0; i < 2; i++) {
		const struct act *a = &w->acts[i];

		assert_true(a->rc == STA_OK || (a->rc == STA_BUSY && is_refused(a)));
		any = any || a->rc == STA_OK;
	}
	assert_true(any);
	assert_true(there(w, &received));
	assert_int_equal(received, w->thing->len);
}

/* --- the promises --- */

static void
a_session_that_gets_bytes_when_it_expires_keeps_them_or_is_gone(void **state)
{
	static const struct scenario all[] = {
		{ "PATCH x expiry", 2, { patch, act_collect }, late_session, kept_or_unknown },
		{ "PATCH after a restart x expiry",
		  2,
		  { patch, act_collect },
		  late_old_session,
		  kept_or_unknown },
		{ "first PATCH x expiry", 2, { patch, act_collect }, late_empty_session, kept_or_unknown },
		{ "first PATCH after a restart x expiry",
		  2,
		  { patch, act_collect },
		  late_old_empty_session,
		  kept_or_unknown },
		{ "PATCH after a restart x two expiries",
		  3,
		  { patch, act_collect, act_collect },
		  late_old_session,
		  kept_or_unknown },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		explore(*state, &all[i]);
}

static void
a_session_that_is_resumed_when_it_expires_goes_on_or_is_gone(void **state)
{
	static const struct scenario all[] = {
		{ "GET, PATCH x expiry", 2, { resume, act_collect }, late_session, kept_or_unknown },
		{ "GET, PATCH after a restart x expiry",
		  2,
		  { resume, act_collect },
		  late_old_session,
		  kept_or_unknown },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		explore(*state, &all[i]);
}

static void
a_session_that_ends_when_it_expires_is_a_blob_or_gone(void **state)
{
	static const struct scenario all[] = {
		{ "PUT x expiry", 2, { put, act_collect }, late_session, blob_or_unknown },
		{ "PUT after a restart x expiry",
		  2,
		  { put, act_collect },
		  late_old_session,
		  blob_or_unknown },
		{ "PUT of a small blob after a restart x expiry",
		  2,
		  { put, act_collect },
		  late_old_small_session,
		  blob_or_unknown },
		{ "PUT with a wrong digest x expiry",
		  2,
		  { put_too_early, act_collect },
		  late_session,
		  mismatch_or_unknown },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		explore(*state, &all[i]);
}

static void
a_session_whose_time_is_over_as_it_begins_leaves_nothing(void **state)
{
	static const struct scenario s = { "POST, PATCH x a day and an expiry",
					   2,
					   { start_then_patch, a_day_and_a_collection },
					   nothing,
					   begun_or_unknown };

	explore(*state, &s);
}

static void
a_session_is_finished_or_cancelled(void **state)
{
	static const struct scenario all[] = {
		{ "PUT x DELETE", 2, { put, cancel }, open_session, blob_or_cancelled },
		{ "PUT x DELETE after a restart", 2, { put, cancel }, old_session, blob_or_cancelled },
		{ "PUT of a small blob x DELETE after a restart",
		  2,
		  { put, cancel },
		  old_small_session,
		  blob_or_cancelled },
		{ "PATCH x DELETE", 2, { patch, cancel }, open_session, bytes_or_cancelled },
		{ "PATCH x DELETE after a restart", 2, { patch, cancel }, old_session, bytes_or_cancelled },
		{ "DELETE x DELETE", 2, { cancel, cancel }, open_session, cancelled },
		{ "DELETE x DELETE after a restart", 2, { cancel, cancel }, old_session, cancelled },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		explore(*state, &all[i]);
}

static void
a_cancelled_session_is_gone_when_it_expires_too(void **state)
{
	static const struct scenario all[] = {
		{ "PATCH x DELETE x expiry",
		  3,
		  { patch, cancel, act_collect },
		  late_session,
		  gone_or_all_there },
		{ "PUT x DELETE x expiry, after a restart",
		  3,
		  { put, cancel, act_collect },
		  late_old_session,
		  gone_or_all_there },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		explore(*state, &all[i]);
}

static void
one_request_holds_a_session(void **state)
{
	static const struct scenario all[] = {
		{ "PUT x PUT", 2, { put, put }, open_session, one_makes_the_blob },
		{ "PUT x PUT after a restart", 2, { put, put }, old_session, one_makes_the_blob },
		{ "PUT x PUT of a small blob", 2, { put, put }, old_small_session, one_makes_the_blob },
		{ "PATCH x PATCH", 2, { patch, patch }, open_session, one_holds_it },
		{ "PATCH x PATCH after a restart", 2, { patch, patch }, old_session, one_holds_it },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		explore(*state, &all[i]);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_session_that_gets_bytes_when_it_expires_keeps_them_or_is_gone),
		TEST(a_session_that_is_resumed_when_it_expires_goes_on_or_is_gone),
		TEST(a_session_that_ends_when_it_expires_is_a_blob_or_gone),
		TEST(a_session_whose_time_is_over_as_it_begins_leaves_nothing),
		TEST(a_session_is_finished_or_cancelled),
		TEST(a_cancelled_session_is_gone_when_it_expires_too),
		TEST(one_request_holds_a_session),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
