#include "house.h"

#include <stdlib.h>
#include <string.h>

#include "registry/account.h"
#include "registry/rename.h"
#include "registry/token.h"

#define PACKAGE "alice/app"
#define OLD "correct horse battery"
#define NEW "staple that walks on"

static int
set_up(void **state)
{
	struct house *h;

	if (house_setup(state) != 0)
		return -1;
	h = *state;
	assert_int_equal(sta_user_set_password(h->r, &h->sys, "alice", OLD, &h->err), STA_OK);
	return 0;
}

/* --- a new password of one's own --- */

static enum sta_rc
basic(struct house *h, const char *secret, struct sta_call *call)
{
	*call = (struct sta_call){ .arena = h->arena, .may_wait = true, .peer = "192.0.2.1" };
	return sta_authenticate_basic(h->r, call, "alice", secret, &h->err);
}

static enum sta_rc
change(struct house *h, const struct sta_call *call, const char *old, const char *new)
{
	return sta_user_change_password(h->r, call, old, new, &h->err);
}

static struct sta_bearer
bearer_of(struct house *h, const struct sta_call *call)
{
	struct sta_limit limit = { PACKAGE, STA_ACTION_BIT(STA_ACTION_READ) };
	struct sta_bearer_request req = { .limits = &limit, .n_limits = 1 };
	struct sta_bearer out;

	assert_int_equal(sta_bearer_issue(h->r, call, &req, &out, &h->err), STA_OK);
	return out;
}

static void
a_password_is_changed_by_who_knows_the_old_one(void **state)
{
	struct house *h = *state;
	struct sta_call call, other;
	struct sta_bearer b;

	assert_int_equal(basic(h, OLD, &call), STA_OK);
	b = bearer_of(h, &call);
	assert_int_equal(change(h, &call, OLD, NEW), STA_OK);
	assert_int_equal(basic(h, NEW, &other), STA_OK);
	assert_int_equal(basic(h, OLD, &other), STA_UNAUTHENTICATED);
	other = (struct sta_call){ .arena = h->arena, .may_wait = true };
	assert_int_equal(sta_authenticate_bearer(h->r, &other, b.token, strlen(b.token), &h->err),
			 STA_UNAUTHENTICATED);
}

static void
a_wrong_old_password_changes_nothing(void **state)
{
	static const char *const wrong[] = { "", "correct horse", NEW };
	struct house *h = *state;
	struct sta_call call, other;

	assert_int_equal(basic(h, OLD, &call), STA_OK);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(change(h, &call, wrong[i], NEW), STA_DENIED);
	assert_int_equal(basic(h, OLD, &other), STA_OK);
	assert_int_equal(basic(h, NEW, &other), STA_UNAUTHENTICATED);
}

static void
t12_old_passwords_cannot_be_guessed_faster_than_others(void **state)
{
	struct house *h = *state;
	struct sta_call call;
	char wrong[] = "wrong password A";
	int denied = 0;
	enum sta_rc rc = STA_DENIED;

	assert_int_equal(basic(h, OLD, &call), STA_OK);
	while (rc == STA_DENIED && denied < 100) {
		wrong[sizeof(wrong) - 2]++;
		rc = change(h, &call, wrong, NEW);
		denied += rc == STA_DENIED;
	}
	assert_int_equal(rc, STA_TOO_MANY);
	assert_true(h->err.wait_s > 0);
	assert_true(denied >= 5);
}

static void
a_new_password_has_to_follow_the_rules(void **state)
{
	static const char *const weak[] = { "", "7 chars", "sunshine", "alicealice", "staithe1" };
	struct house *h = *state;
	struct sta_call call, other;

	assert_int_equal(basic(h, OLD, &call), STA_OK);
	for (size_t i = 0; i < ARRAY_LEN(weak); i++)
		assert_int_equal(change(h, &call, OLD, weak[i]), STA_INVALID);
	assert_int_equal(basic(h, OLD, &other), STA_OK);
}

static void
a_password_is_changed_with_the_password_alone(void **state)
{
	struct house *h = *state;
	struct sta_call call, bearer = { .arena = h->arena, .may_wait = true };
	struct sta_call weak, strong;
	struct sta_bearer b;

	assert_int_equal(basic(h, OLD, &call), STA_OK);
	b = bearer_of(h, &call);
	assert_int_equal(sta_authenticate_bearer(h->r, &bearer, b.token, strlen(b.token), &h->err), STA_OK);
	weak = strong = call;
	weak.caller.scopes = STA_SCOPE_READ | STA_SCOPE_WRITE;
	strong.caller.token_id = 7; /* a token of every scope */
	assert_int_equal(change(h, &bearer, OLD, NEW), STA_DENIED);
	assert_int_equal(change(h, &weak, OLD, NEW), STA_DENIED);
	assert_int_equal(change(h, &h->nobody, OLD, NEW), STA_DENIED);
	assert_int_equal(change(h, &h->sys, OLD, NEW), STA_DENIED);
	assert_int_equal(change(h, &strong, OLD, NEW), STA_DENIED);
	assert_int_equal(change(h, &call, OLD, NEW), STA_OK);
}

static void
a_password_is_not_changed_on_a_thread_that_may_not_hash(void **state)
{
	struct house *h = *state;
	struct sta_call call;

	assert_int_equal(basic(h, OLD, &call), STA_OK);
	call.must_not_hash = true;
	assert_int_equal(change(h, &call, OLD, NEW), STA_WOULD_HASH);
	call.must_not_hash = false;
	call.may_wait = false;
	assert_int_equal(change(h, &call, OLD, NEW), STA_WOULD_BLOCK);
}

static void
who_has_no_password_cannot_change_it(void **state)
{
	struct house *h = *state;
	struct sta_call bob = h->bob;

	assert_int_equal(change(h, &bob, "", NEW), STA_DENIED);
	assert_int_equal(change(h, &bob, OLD, NEW), STA_DENIED);
}

/* The name went to another account between the request's look at its credential and its transaction. */
static void
a_password_goes_to_the_account_that_was_asked_for_whoever_has_its_name_by_then(void **state)
{
	struct house *h = *state;
	struct sta_call call, other;
	struct sta_user user;
	const char *out = NULL;

	assert_int_equal(basic(h, OLD, &call), STA_OK);
	assert_int_equal(sta_user_rename(h->r, &h->sys, "alice", "alicia", &out, &h->err), STA_OK);
	assert_int_equal(sta_name_release(h->r, &h->sys, "alice", &h->err), STA_OK);
	assert_int_equal(sta_user_create(h->r, &h->sys, "alice", NULL, false, &user, &h->err), STA_OK);
	assert_int_equal(sta_user_set_password(h->r, &h->sys, "alice", "nobody else knows", &h->err), STA_OK);
	assert_int_equal(number(h, "SELECT count(DISTINCT epoch) FROM account WHERE id IN"
				   " (SELECT id FROM namespace WHERE name IN ('alice', 'alicia'))"),
			 1);
	assert_int_equal(change(h, &call, OLD, NEW), STA_OK);
	assert_int_equal(basic(h, NEW, &other), STA_UNAUTHENTICATED);
	assert_int_equal(basic(h, "nobody else knows", &other), STA_OK);
	other = (struct sta_call){ .arena = h->arena, .may_wait = true, .peer = "192.0.2.1" };
	assert_int_equal(sta_authenticate_basic(h->r, &other, "alicia", NEW, &h->err), STA_OK);
}

/* --- disabling ends what is under way --- */

struct upload {
	struct sta_name name;
	char id[STA_UUID_TEXT_MAX];
	struct bell *bell;
	struct sta_upload *u;
	char *bytes;
	size_t len;
	struct sta_digest digest;
};

/* id: of a session, or in one request. */
static enum sta_rc
open_upload(struct house *h, struct upload *x, bool session, size_t len)
{
	struct sta_upload_waker waker;

	*x = (struct upload){ .bell = bell_new(), .bytes = bytes_of(len, 7), .len = len };
	x->digest = sha256_of(x->bytes, len);
	waker = bell_waker(x->bell);
	name_of(PACKAGE, &x->name);
	if (session)
		assert_int_equal(sta_upload_start(h->r, &h->alice, &x->name, STA_SHA256, x->id, &h->err),
				 STA_OK);
	return sta_upload_open(h->r, &h->alice, &x->name, session ? x->id : NULL, STA_SHA256, &waker, &x->u,
			       &h->err);
}

static void
close_upload(struct house *h, struct upload *x)
{
	sta_upload_release(x->u);
	settle(h);
	bell_free(x->bell);
	free(x->bytes);
}

static enum sta_rc
append(struct house *h, struct upload *x, size_t from, size_t to)
{
	return append_all(x->u, x->bell, x->bytes + from, to - from, 64 * KIB, &h->err);
}

static enum sta_rc
finish(struct house *h, struct upload *x)
{
	return sta_upload_finish(x->u, &h->alice, &x->digest, &h->err);
}

static void
disable(struct house *h)
{
	assert_int_equal(sta_user_set_disabled(h->r, &h->sys, "alice", true, &h->err), STA_OK);
}

/* Nothing of it is left, and the user finds nothing when he comes back. */
static void
assert_nothing_left(struct house *h, const struct sta_digest *digest)
{
	assert_int_equal(number(h, "SELECT count(*) FROM upload"), 0);
	assert_int_equal(count_stages(h), 0);
	assert_int_equal(sta_user_set_disabled(h->r, &h->sys, "alice", false, &h->err), STA_OK);
	assert_true(head_blob(h, &h->alice, PACKAGE, digest, &h->err) == STA_NOT_FOUND);
	assert_sound(h);
}

static void
v72_bytes_are_refused_as_soon_as_the_user_is_disabled(void **state)
{
	struct house *h = *state;

	for (int session = 0; session < 2; session++) {
		struct upload x;

		assert_int_equal(open_upload(h, &x, session, MIB), STA_OK);
		assert_int_equal(append(h, &x, 0, MIB / 2), STA_OK);
		disable(h);
		assert_int_equal(number(h, "SELECT count(*) FROM upload"), 0);
		assert_int_equal(append(h, &x, MIB / 2, MIB), STA_UNAUTHENTICATED);
		assert_int_equal(sta_upload_flush(x.u, &h->err), STA_UNAUTHENTICATED);
		close_upload(h, &x);
		assert_nothing_left(h, &x.digest);
	}
}

static void
v72_an_upload_that_has_all_its_bytes_is_not_finished(void **state)
{
	static const size_t lengths[] = { 10, INLINE_MAX, INLINE_MAX + 1, MIB };
	struct house *h = *state;

	for (size_t i = 0; i < 2 * ARRAY_LEN(lengths); i++) {
		struct upload x;

		assert_int_equal(open_upload(h, &x, i % 2 == 0, lengths[i / 2]), STA_OK);
		assert_int_equal(append(h, &x, 0, x.len), STA_OK);
		disable(h);
		assert_int_equal(finish(h, &x), STA_UNAUTHENTICATED);
		close_upload(h, &x);
		assert_nothing_left(h, &x.digest);
	}
}

static enum sta_rc
disable_now(struct house *h, struct sta_err *err)
{
	h->before[OP_PUBLISH] = NULL;
	return sta_user_set_disabled(h->r, &h->sys, "alice", true, err);
}

static void
v72_an_upload_whose_user_is_disabled_while_it_is_published_is_not_recorded(void **state)
{
	struct house *h = *state;
	struct upload x;

	assert_int_equal(open_upload(h, &x, true, MIB), STA_OK);
	assert_int_equal(append(h, &x, 0, x.len), STA_OK);
	h->before[OP_PUBLISH] = disable_now;
	assert_int_equal(finish(h, &x), STA_UNAUTHENTICATED);
	close_upload(h, &x);
	assert_int_equal(number(h, "SELECT count(*) FROM package_blob"), 0);
	assert_nothing_left(h, &x.digest);
}

static void
v72_sessions_that_wait_end_whether_this_process_knows_them_or_not(void **state)
{
	struct house *h = *state;
	struct sta_name name;
	uint64_t received;

	for (int restarted = 0; restarted < 2; restarted++) {
		struct upload x;

		assert_int_equal(open_upload(h, &x, true, MIB), STA_OK);
		assert_int_equal(append(h, &x, 0, MIB / 2), STA_OK);
		close_upload(h, &x);
		assert_int_equal(count_stages(h), 1);
		if (restarted)
			house_restart(h);
		disable(h);
		name_of(PACKAGE, &name);
		assert_int_equal(sta_upload_status(h->r, &h->alice, &name, x.id, &received, &h->err),
				 STA_NOT_FOUND);
		assert_nothing_left(h, &x.digest);
	}
}

static void
v72_the_uploads_of_others_go_on(void **state)
{
	struct house *h = *state;
	struct upload x;

	assert_int_equal(open_upload(h, &x, true, MIB), STA_OK);
	assert_int_equal(append(h, &x, 0, MIB / 2), STA_OK);
	assert_int_equal(sta_user_set_disabled(h->r, &h->sys, "bob", true, &h->err), STA_OK);
	assert_int_equal(append(h, &x, MIB / 2, MIB), STA_OK);
	assert_int_equal(finish(h, &x), STA_OK);
	close_upload(h, &x);
	assert_sound(h);
}

/* h->alice was let in before: a request that waits for its turn. */
static void
v72_no_write_that_was_let_in_before_commits_after(void **state)
{
	struct house *h = *state;
	struct sta_digest blob = push_seed(h, &h->alice, PACKAGE, 1000, 1);
	struct sta_digest config = push_seed(h, &h->alice, PACKAGE, 100, 2);
	const char *text = manifest_of(h, &config, 100, &blob, 1, 1000);
	const struct sta_reference v1 = ref_of("v1");
	struct sta_name name, other;
	struct sta_digest digest;
	struct upload x;
	bool mounted = false;
	char id[STA_UUID_TEXT_MAX];

	name_of(PACKAGE, &name);
	name_of("alice/other", &other);
	assert_int_equal(push_manifest(h, &h->alice, PACKAGE, "v1", text, &digest, &h->err), STA_OK);
	disable(h);
	assert_int_equal(push_manifest(h, &h->alice, PACKAGE, "v2", text, &digest, &h->err),
			 STA_UNAUTHENTICATED);
	assert_int_equal(sta_delete_manifest(h->r, &h->alice, &name, &v1, &h->err), STA_UNAUTHENTICATED);
	assert_int_equal(sta_delete_blob(h->r, &h->alice, &name, &blob, &h->err), STA_UNAUTHENTICATED);
	assert_int_equal(sta_mount_blob(h->r, &h->alice, &other, &blob, &name, &mounted, &h->err),
			 STA_UNAUTHENTICATED);
	assert_int_equal(sta_upload_start(h->r, &h->alice, &name, STA_SHA256, id, &h->err),
			 STA_UNAUTHENTICATED);
	assert_int_equal(open_upload(h, &x, false, 10), STA_UNAUTHENTICATED);
	close_upload(h, &x);
	assert_false(mounted);
	assert_int_equal(number(h, "SELECT count(*) FROM tag"), 1);
	assert_int_equal(number(h, "SELECT count(*) FROM package"), 1);
	assert_int_equal(number(h, "SELECT count(*) FROM upload"), 0);
	assert_sound(h);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, house_teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_password_is_changed_by_who_knows_the_old_one),
		TEST(a_wrong_old_password_changes_nothing),
		TEST(t12_old_passwords_cannot_be_guessed_faster_than_others),
		TEST(a_new_password_has_to_follow_the_rules),
		TEST(a_password_is_changed_with_the_password_alone),
		TEST(a_password_is_not_changed_on_a_thread_that_may_not_hash),
		TEST(who_has_no_password_cannot_change_it),
		TEST(a_password_goes_to_the_account_that_was_asked_for_whoever_has_its_name_by_then),
		TEST(v72_bytes_are_refused_as_soon_as_the_user_is_disabled),
		TEST(v72_an_upload_that_has_all_its_bytes_is_not_finished),
		TEST(v72_an_upload_whose_user_is_disabled_while_it_is_published_is_not_recorded),
		TEST(v72_sessions_that_wait_end_whether_this_process_knows_them_or_not),
		TEST(v72_the_uploads_of_others_go_on),
		TEST(v72_no_write_that_was_let_in_before_commits_after),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
