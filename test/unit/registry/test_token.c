#include "house.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "registry/account.h"
#include "registry/token.h"

#define PACKAGE "alice/app"
#define PASSWORD "correct horse battery"

static struct sta_call
fresh(struct house *h)
{
	return (struct sta_call){ .arena = h->arena, .may_wait = true };
}

static enum sta_rc
basic(struct house *h, const char *user, const char *secret, struct sta_call *call)
{
	*call = fresh(h);
	return sta_authenticate_basic(h->r, call, user, secret, &h->err);
}

static enum sta_rc
bearer(struct house *h, const char *text, struct sta_call *call)
{
	*call = fresh(h);
	return sta_authenticate_bearer(h->r, call, text, strlen(text), &h->err);
}

static enum sta_rc
refresh(struct house *h, const char *text, struct sta_call *call)
{
	*call = fresh(h);
	return sta_authenticate_refresh(h->r, call, text, strlen(text), &h->err);
}

static enum sta_rc
create(struct house *h, const struct sta_call *call, const struct sta_pat_request *req,
       char secret[STA_PAT_LEN + 1], struct sta_pat *out)
{
	return sta_pat_create(h->r, call, req, secret, out, &h->err);
}

static int64_t
new_pat(struct house *h, unsigned scopes, uint64_t expires_s, char secret[STA_PAT_LEN + 1])
{
	struct sta_pat pat;

	assert_int_equal(
		create(h, &h->sys,
		       &(struct sta_pat_request){
			       .user = "alice", .name = "laptop", .scopes = scopes, .expires_s = expires_s },
		       secret, &pat),
		STA_OK);
	return pat.id;
}

/* A bearer token, and with offline a refresh token, for reading PACKAGE. */
static struct sta_bearer
issue(struct house *h, const struct sta_call *call, bool offline)
{
	struct sta_limit limit = { PACKAGE, STA_ACTION_BIT(STA_ACTION_READ) };
	struct sta_bearer_request req = { .limits = &limit, .n_limits = 1, .offline = offline };
	struct sta_bearer out;

	assert_int_equal(sta_bearer_issue(h->r, call, &req, &out, &h->err), STA_OK);
	return out;
}

static int
set_up(void **state)
{
	struct house *h;

	if (house_setup(state) != 0)
		return -1;
	h = *state;
	assert_int_equal(sta_user_set_password(h->r, &h->sys, "alice", PASSWORD, &h->err), STA_OK);
	return 0;
}

static void
a_password_works_with_its_own_name_alone(void **state)
{
	static const struct {
		const char *user, *password;
	} wrong[] = {
		{ "", "" },
		{ "alice", "" },
		{ "alice", "correct horse batter" },
		{ "alice", "correct horse battery " },
		{ "bob", PASSWORD },
		{ "nobody", PASSWORD },
	};
	struct house *h = *state;
	struct sta_call call;
	char longest[2000];

	assert_int_equal(basic(h, "alice", PASSWORD, &call), STA_OK);
	assert_int_equal(call.caller.user_id, h->alice.caller.user_id);
	assert_int_equal(basic(h, "ALICE", PASSWORD, &call), STA_OK);
	assert_int_equal(call.caller.user_id, h->alice.caller.user_id);
	assert_string_equal(call.caller.login, "alice");
	assert_int_equal(call.caller.scopes, STA_SCOPE_ALL);
	assert_int_equal(call.caller.token_id, 0);
	assert_false(call.caller.limited);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_int_equal(basic(h, wrong[i].user, wrong[i].password, &call), STA_UNAUTHENTICATED);
		assert_int_equal(call.caller.kind, STA_CALLER_ANONYMOUS);
	}
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(basic(h, "alice", longest, &call), STA_UNAUTHENTICATED);
}

static void
every_wrong_credential_gets_the_same_answer(void **state)
{
	struct house *h = *state;
	struct sta_err first;
	struct sta_call call;
	char secret[STA_PAT_LEN + 1];

	assert_int_equal(basic(h, "alice", "wrong password", &call), STA_UNAUTHENTICATED);
	first = h->err;
	assert_int_equal(basic(h, "nobody", "wrong password", &call), STA_UNAUTHENTICATED);
	assert_string_equal(h->err.msg, first.msg);
	assert_int_equal(h->err.code, first.code);
	assert_int_equal(sta_pat_revoke(h->r, &h->sys, new_pat(h, STA_SCOPE_ALL, 0, secret), &h->err),
			 STA_OK);
	assert_int_equal(basic(h, "alice", secret, &call), STA_UNAUTHENTICATED);
	assert_string_equal(h->err.msg, first.msg);
	assert_int_equal(sta_user_set_disabled(h->r, &h->sys, "alice", true, &h->err), STA_OK);
	assert_int_equal(basic(h, "alice", PASSWORD, &call), STA_UNAUTHENTICATED);
	assert_string_equal(h->err.msg, first.msg);
}

static void
a_password_needs_a_thread_that_may_wait_unless_verified_lately(void **state)
{
	struct house *h = *state;
	struct sta_call call = fresh(h);

	call.may_wait = false;
	assert_int_equal(sta_authenticate_basic(h->r, &call, "alice", PASSWORD, &h->err), STA_WOULD_BLOCK);
	assert_int_equal(sta_authenticate_basic(h->r, &call, "nobody", PASSWORD, &h->err), STA_WOULD_BLOCK);
	call.may_wait = true;
	assert_int_equal(sta_authenticate_basic(h->r, &call, "alice", PASSWORD, &h->err), STA_OK);
	call.may_wait = false;
	assert_int_equal(sta_authenticate_basic(h->r, &call, "alice", PASSWORD, &h->err), STA_OK);
	sta_clock_set_offset(301);
	assert_int_equal(sta_authenticate_basic(h->r, &call, "alice", PASSWORD, &h->err), STA_WOULD_BLOCK);
}

static void
a_new_password_ends_the_old_one_at_once(void **state)
{
	struct house *h = *state;
	struct sta_call call;

	assert_int_equal(basic(h, "alice", PASSWORD, &call), STA_OK);
	assert_int_equal(sta_user_set_password(h->r, &h->sys, "alice", "another password", &h->err), STA_OK);
	assert_int_equal(basic(h, "alice", PASSWORD, &call), STA_UNAUTHENTICATED);
	assert_int_equal(basic(h, "alice", "another password", &call), STA_OK);
}

static void
a_token_works_in_every_form_and_with_every_user_name(void **state)
{
	struct house *h = *state;
	struct sta_call call;
	char secret[STA_PAT_LEN + 1], text[100];
	int64_t id = new_pat(h, STA_SCOPE_READ | STA_SCOPE_DELETE, 0, secret);
	const char *forms[3];

	(void) snprintf(text, sizeof(text), "bob:%s", secret);
	forms[0] = secret;
	forms[1] = sta_base64(h->arena, secret, strlen(secret), false);
	forms[2] = sta_base64(h->arena, text, strlen(text), false);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(bearer(h, forms[i], &call), STA_OK);
		assert_int_equal(call.caller.user_id, h->alice.caller.user_id);
		assert_int_equal(call.caller.scopes, STA_SCOPE_READ | STA_SCOPE_DELETE);
		assert_int_equal(call.caller.token_id, id);
	}
	assert_int_equal(basic(h, "alice", secret, &call), STA_OK);
	assert_int_equal(basic(h, "", secret, &call), STA_OK);
	assert_int_equal(basic(h, "bob", secret, &call), STA_OK);
	assert_string_equal(call.caller.login, "alice");
}

static void
garbage_is_no_token(void **state)
{
	static const char *const wrong[] = { "",
					     ".",
					     "..",
					     "a.b.c",
					     "stp_",
					     "!!!!",
					     "YWxpY2U6eA==",
					     "AAAA",
					     "eyJhbGciOiJub25lIn0.eyJ1aWQiOjF9." };
	struct house *h = *state;
	struct sta_call call;
	char secret[STA_PAT_LEN + 1];

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(bearer(h, wrong[i], &call), STA_UNAUTHENTICATED);
	(void) new_pat(h, STA_SCOPE_ALL, 0, secret);
	for (size_t i = 4; i < STA_PAT_LEN; i++) {
		char damaged[STA_PAT_LEN + 1];

		memcpy(damaged, secret, sizeof(damaged));
		damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
		assert_int_equal(bearer(h, damaged, &call), STA_UNAUTHENTICATED);
	}
}

static void
an_expired_token_is_refused_and_so_is_what_came_from_it(void **state)
{
	struct house *h = *state;
	struct sta_call call;
	struct sta_bearer b;
	char secret[STA_PAT_LEN + 1];

	(void) new_pat(h, STA_SCOPE_ALL, 100, secret);
	assert_int_equal(bearer(h, secret, &call), STA_OK);
	b = issue(h, &call, true);
	sta_clock_set_offset(95);
	assert_int_equal(bearer(h, secret, &call), STA_OK);
	assert_int_equal(bearer(h, b.token, &call), STA_OK);
	sta_clock_set_offset(101);
	assert_int_equal(bearer(h, secret, &call), STA_UNAUTHENTICATED);
	assert_int_equal(bearer(h, b.token, &call), STA_UNAUTHENTICATED);
	assert_int_equal(refresh(h, b.refresh, &call), STA_UNAUTHENTICATED);
}

static void
a_revoked_token_is_refused_at_once_and_so_is_what_came_from_it(void **state)
{
	struct house *h = *state;
	struct sta_call call;
	struct sta_bearer b;
	char secret[STA_PAT_LEN + 1];
	int64_t id = new_pat(h, STA_SCOPE_ALL, 0, secret);

	assert_int_equal(bearer(h, secret, &call), STA_OK);
	b = issue(h, &call, true);
	assert_int_equal(bearer(h, b.token, &call), STA_OK); /* its signature is remembered now */
	assert_int_equal(sta_pat_revoke(h->r, &h->sys, id, &h->err), STA_OK);
	assert_int_equal(bearer(h, secret, &call), STA_UNAUTHENTICATED);
	assert_int_equal(bearer(h, b.token, &call), STA_UNAUTHENTICATED);
	assert_int_equal(refresh(h, b.refresh, &call), STA_UNAUTHENTICATED);
	assert_int_equal(sta_pat_revoke(h->r, &h->sys, 999999, &h->err), STA_NOT_FOUND);
}

static void
a_disabled_users_credentials_are_refused_at_once(void **state)
{
	struct house *h = *state;
	struct sta_call call;
	struct sta_bearer b;
	char secret[STA_PAT_LEN + 1];

	(void) new_pat(h, STA_SCOPE_ALL, 0, secret);
	assert_int_equal(bearer(h, secret, &call), STA_OK);
	b = issue(h, &call, true);
	assert_int_equal(sta_user_set_disabled(h->r, &h->sys, "alice", true, &h->err), STA_OK);
	assert_int_equal(bearer(h, secret, &call), STA_UNAUTHENTICATED);
	assert_int_equal(bearer(h, b.token, &call), STA_UNAUTHENTICATED);
	assert_int_equal(basic(h, "alice", PASSWORD, &call), STA_UNAUTHENTICATED);
	assert_int_equal(sta_user_set_disabled(h->r, &h->sys, "alice", false, &h->err), STA_OK);
	assert_int_equal(bearer(h, secret, &call), STA_OK);
	assert_int_equal(bearer(h, b.token, &call), STA_UNAUTHENTICATED); /* of an earlier epoch */
}

static void
a_new_password_voids_bearer_and_refresh_tokens(void **state)
{
	struct house *h = *state;
	struct sta_call call;
	struct sta_bearer b;

	assert_int_equal(basic(h, "alice", PASSWORD, &call), STA_OK);
	b = issue(h, &call, true);
	assert_int_equal(bearer(h, b.token, &call), STA_OK);
	assert_int_equal(sta_user_set_password(h->r, &h->sys, "alice", "another password", &h->err), STA_OK);
	assert_int_equal(bearer(h, b.token, &call), STA_UNAUTHENTICATED);
	assert_int_equal(refresh(h, b.refresh, &call), STA_UNAUTHENTICATED);
}

static void
a_bearer_token_is_limited_to_what_it_was_issued_for_and_to_its_time(void **state)
{
	struct house *h = *state;
	struct sta_call call;
	struct sta_bearer b;
	struct sta_name app, lib;

	name_of(PACKAGE, &app);
	name_of("alice/lib", &lib);
	assert_int_equal(basic(h, "alice", PASSWORD, &call), STA_OK);
	b = issue(h, &call, false);
	assert_null(b.refresh);
	assert_int_equal(b.expires_s, 300);
	assert_int_equal(bearer(h, b.token, &call), STA_OK);
	assert_int_equal(sta_push_allowed(h->r, &call, &app, &h->err), STA_UNAUTHENTICATED);
	assert_int_equal(sta_push_allowed(h->r, &call, &lib, &h->err), STA_UNAUTHENTICATED);
	sta_clock_set_offset(295);
	assert_int_equal(bearer(h, b.token, &call), STA_OK);
	sta_clock_set_offset(301);
	assert_int_equal(bearer(h, b.token, &call), STA_UNAUTHENTICATED);
	sta_clock_set_offset(-20); /* not yet issued */
	assert_int_equal(bearer(h, b.token, &call), STA_UNAUTHENTICATED);
}

static void
a_bearer_token_begets_no_other(void **state)
{
	struct sta_bearer_request req = { .n_limits = 0, .catalog = true };
	struct house *h = *state;
	struct sta_call call;
	struct sta_bearer b;

	assert_int_equal(basic(h, "alice", PASSWORD, &call), STA_OK);
	b = issue(h, &call, false);
	assert_int_equal(bearer(h, b.token, &call), STA_OK);
	assert_int_equal(sta_bearer_issue(h->r, &call, &req, &b, &h->err), STA_UNAUTHENTICATED);
}

static void
a_bearer_token_and_a_refresh_token_do_not_stand_for_each_other(void **state)
{
	struct house *h = *state;
	struct sta_call call;
	struct sta_bearer b;

	assert_int_equal(basic(h, "alice", PASSWORD, &call), STA_OK);
	b = issue(h, &call, true);
	assert_int_equal(bearer(h, b.refresh, &call), STA_UNAUTHENTICATED);
	assert_int_equal(refresh(h, b.token, &call), STA_UNAUTHENTICATED);
	assert_int_equal(refresh(h, b.refresh, &call), STA_OK);
	assert_int_equal(call.caller.user_id, h->alice.caller.user_id);
	sta_clock_set_offset((int64_t) STA_REFRESH_TTL_S - 5);
	assert_int_equal(refresh(h, b.refresh, &call), STA_OK);
	sta_clock_set_offset((int64_t) STA_REFRESH_TTL_S + 1);
	assert_int_equal(refresh(h, b.refresh, &call), STA_UNAUTHENTICATED);
}

static void
every_changed_byte_of_a_bearer_token_is_noticed(void **state)
{
	struct house *h = *state;
	struct sta_call call;
	struct sta_bearer b;
	char *text;

	assert_int_equal(basic(h, "alice", PASSWORD, &call), STA_OK);
	b = issue(h, &call, false);
	text = strdup(b.token);
	for (size_t i = 0; i < strlen(text); i += 3) {
		char was = text[i];

		text[i] = was == 'A' ? 'Q' : 'A'; /* differ in bits that count */
		assert_int_equal(bearer(h, text, &call), STA_UNAUTHENTICATED);
		text[i] = was;
	}
	free(text);
}

static void
bearer_tokens_survive_a_restart(void **state)
{
	struct house *h = *state;
	struct sta_call call;
	struct sta_bearer b;

	assert_int_equal(basic(h, "alice", PASSWORD, &call), STA_OK);
	b = issue(h, &call, false);
	house_restart(h);
	assert_int_equal(bearer(h, b.token, &call), STA_OK);
}

static enum sta_rc
ask_anonymously(struct house *h, const char *const *names, size_t n, struct sta_bearer *out)
{
	struct sta_limit limits[4];
	struct sta_bearer_request req = { .limits = limits, .n_limits = n, .offline = true };

	for (size_t i = 0; i < n; i++)
		limits[i] = (struct sta_limit){ names[i], STA_ACTION_BIT(STA_ACTION_READ) };
	return sta_bearer_issue(h->r, &h->nobody, &req, out, &h->err);
}

static void
anonymous_callers_get_a_token_for_public_packages_alone(void **state)
{
	static const char *const names[] = { "alice/public", "alice/private", "alice/absent", "none/such" };
	struct house *h = *state;
	struct sta_err private;
	struct sta_bearer b;
	struct sta_call call;

	(void) push_seed(h, &h->alice, names[0], 10, 1);
	(void) push_seed(h, &h->alice, names[1], 10, 1);
	assert_int_equal(sta_package_set_visibility(h->r, &h->alice, names[0], STA_PUBLIC, &h->err), STA_OK);
	assert_int_equal(ask_anonymously(h, names, 0, &b), STA_OK);
	assert_int_equal(ask_anonymously(h, names, 1, &b), STA_OK);
	assert_null(b.refresh);
	assert_int_equal(bearer(h, b.token, &call), STA_OK);
	assert_int_equal(call.caller.kind, STA_CALLER_ANONYMOUS);
	assert_true(call.caller.limited);
	assert_int_equal(ask_anonymously(h, names + 1, 1, &b), STA_UNAUTHENTICATED);
	private = h->err;
	for (size_t i = 2; i < ARRAY_LEN(names); i++) {
		assert_int_equal(ask_anonymously(h, names + i, 1, &b), STA_UNAUTHENTICATED);
		assert_string_equal(h->err.msg, private.msg);
		assert_string_equal(h->err.detail, private.detail);
		assert_int_equal(h->err.code, private.code);
	}
	assert_int_equal(ask_anonymously(h, names, 2, &b), STA_OK);
}

static void
scopes_are_parsed_exactly(void **state)
{
	static const char *const wrong[] = { "",
					     "read",
					     "read:packages,",
					     ",read:packages",
					     "read:packages ",
					     "READ:packages",
					     "read:packages,,",
					     "admin:everything" };
	struct house *h = *state;
	unsigned bits = 77;

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_int_equal(sta_scopes_parse(wrong[i], &bits, &h->err), STA_INVALID);
		assert_int_equal(bits, 77);
	}
	for (unsigned want = 1; want <= STA_SCOPE_PACKAGES; want++) {
		assert_int_equal(sta_scopes_parse(sta_scopes_text(h->arena, want), &bits, &h->err), STA_OK);
		assert_int_equal(bits, want);
	}
	assert_string_equal(sta_scopes_text(h->arena, 0), "");
	assert_int_equal(sta_scopes_parse("write:packages,write:packages", &bits, &h->err), STA_OK);
	assert_int_equal(bits, STA_SCOPE_WRITE);
}

static void
a_tokens_label_and_time_have_limits(void **state)
{
	struct house *h = *state;
	struct sta_pat pat;
	char secret[STA_PAT_LEN + 1], label[102];

	memset(label, 'x', sizeof(label));
	label[101] = '\0';
	assert_int_equal(create(h, &h->sys,
				&(struct sta_pat_request){ .user = "alice", .name = label, .scopes = 1 },
				secret, &pat),
			 STA_INVALID);
	label[100] = '\0';
	assert_int_equal(create(h, &h->sys,
				&(struct sta_pat_request){ .user = "alice", .name = label, .scopes = 1 },
				secret, &pat),
			 STA_OK);
	assert_int_equal(create(h, &h->sys,
				&(struct sta_pat_request){ .user = "alice", .name = "a\nb", .scopes = 1 },
				secret, &pat),
			 STA_INVALID);
	assert_int_equal(create(h, &h->sys,
				&(struct sta_pat_request){
					.user = "alice", .name = "", .scopes = 1, .expires_s = UINT64_MAX },
				secret, &pat),
			 STA_INVALID);
	assert_int_equal(create(h, &h->sys,
				&(struct sta_pat_request){ .user = "nobody", .name = "", .scopes = 1 },
				secret, &pat),
			 STA_NOT_FOUND);
	assert_int_equal(create(h, &h->alice,
				&(struct sta_pat_request){ .user = "alice", .name = "", .scopes = 1 }, secret,
				&pat),
			 STA_DENIED);
}

/* A token for these packages, good from these addresses. */
static void
new_bound_pat(struct house *h, const char *packages, const char *addresses, char secret[STA_PAT_LEN + 1])
{
	const struct sta_pat_request req = { .user = "alice",
					     .name = "",
					     .scopes = STA_SCOPE_PACKAGES,
					     .packages = packages,
					     .addresses = addresses };
	struct sta_pat pat;

	assert_int_equal(create(h, &h->sys, &req, secret, &pat), STA_OK);
	assert_string_equal(pat.packages, packages ? packages : "");
	assert_string_equal(pat.addresses, addresses ? addresses : "");
}

static struct sta_call
call_from(struct house *h, const char *peer)
{
	struct sta_call call = fresh(h);

	call.peer = peer;
	return call;
}

static void
what_a_token_is_confined_to_comes_with_it_and_with_what_came_from_it(void **state)
{
	struct house *h = *state;
	char secret[STA_PAT_LEN + 1];
	struct sta_call call;
	struct sta_bearer b;

	new_bound_pat(h, "alice/a*,alice/base", NULL, secret);
	assert_int_equal(bearer(h, secret, &call), STA_OK);
	b = issue(h, &call, true);
	for (int i = 0; i < 6; i++) { /* each twice: the second time it is remembered */
		enum sta_rc rc = i < 2   ? bearer(h, secret, &call)
				 : i < 4 ? bearer(h, b.token, &call)
					 : refresh(h, b.refresh, &call);

		assert_int_equal(rc, STA_OK);
		assert_int_equal(call.caller.bounds.n_packages, 2);
		assert_string_equal(call.caller.bounds.packages[0], "alice/a*");
		assert_string_equal(call.caller.bounds.packages[1], "alice/base");
		assert_false(call.caller.bounds.elsewhere);
	}
	assert_int_equal(basic(h, "alice", PASSWORD, &call), STA_OK);
	assert_int_equal(call.caller.bounds.n_packages, 0);
}

static void
where_a_token_is_used_counts_for_each_request_anew(void **state)
{
	static const struct {
		const char *peer;
		bool elsewhere;
	} rows[] = {
		{ "192.0.2.1", false }, { "198.51.100.1", true },
		{ "192.0.2.2", false }, { "::ffff:192.0.2.3", false },
		{ "", true },           { NULL, true },
		{ "unix", true },       { "192.0.2.1", false },
	};
	struct house *h = *state;
	char secret[STA_PAT_LEN + 1];
	struct sta_call call;
	struct sta_bearer b;

	new_bound_pat(h, NULL, "192.0.2.0/24", secret);
	call = call_from(h, "203.0.113.1"); /* to be had from everywhere: rights are decided later */
	assert_int_equal(sta_authenticate_basic(h->r, &call, "", secret, &h->err), STA_OK);
	b = issue(h, &call, true);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		call = call_from(h, rows[i].peer);
		assert_int_equal(sta_authenticate_basic(h->r, &call, "", secret, &h->err), STA_OK);
		assert_int_equal(call.caller.bounds.elsewhere, rows[i].elsewhere);
		call = call_from(h, rows[i].peer);
		assert_int_equal(sta_authenticate_bearer(h->r, &call, b.token, strlen(b.token), &h->err),
				 STA_OK);
		assert_int_equal(call.caller.bounds.elsewhere, rows[i].elsewhere);
		call = call_from(h, rows[i].peer);
		assert_int_equal(sta_authenticate_refresh(h->r, &call, b.refresh, strlen(b.refresh), &h->err),
				 STA_OK);
		assert_int_equal(call.caller.bounds.elsewhere, rows[i].elsewhere);
	}
	(void) new_pat(h, STA_SCOPE_ALL, 0, secret);
	call = call_from(h, "203.0.113.1");
	assert_int_equal(sta_authenticate_basic(h->r, &call, "", secret, &h->err), STA_OK);
	assert_false(call.caller.bounds.elsewhere);
}

static void
bounds_that_are_none_make_no_token(void **state)
{
	struct sta_pat_request req = { .user = "alice", .name = "", .scopes = STA_SCOPE_READ };
	struct house *h = *state;
	char secret[STA_PAT_LEN + 1];
	struct sta_pat pat;

	req.packages = "alice";
	assert_int_equal(create(h, &h->sys, &req, secret, &pat), STA_INVALID);
	req.packages = NULL;
	req.addresses = "alice";
	assert_int_equal(create(h, &h->sys, &req, secret, &pat), STA_INVALID);
	assert_int_equal(number(h, "SELECT count(*) FROM token"), 0);
}

/* The most that can be: it is remembered too. */
static void
a_token_with_as_many_bounds_as_can_be_is_remembered_whole(void **state)
{
	static char packages[32 * 257], addresses[32 * 40];
	struct house *h = *state;
	char secret[STA_PAT_LEN + 1];
	struct sta_call call;
	char *p = packages, *a = addresses;

	for (unsigned i = 0; i < 32; i++) {
		p += snprintf(p, 258, "%salice/%0249u", i ? "," : "", i);
		a += snprintf(a, 41, "%s2001:db8:1111:2222:3333:4444:5555:%x", i ? "," : "", 0x1000 + i);
	}
	new_bound_pat(h, packages, addresses, secret);
	for (int i = 0; i < 2; i++) {
		call = call_from(h, "2001:db8:1111:2222:3333:4444:5555:101f");
		assert_int_equal(sta_authenticate_basic(h->r, &call, "", secret, &h->err), STA_OK);
		assert_int_equal(call.caller.bounds.n_packages, 32);
		assert_int_equal(strlen(call.caller.bounds.packages[31]), 255);
		assert_false(call.caller.bounds.elsewhere);
	}
}

static void
a_confined_token_of_a_site_administrator_is_none_for_the_site(void **state)
{
	struct house *h = *state;
	struct sta_user *users = NULL;
	struct sta_call admin = h->admin;
	static const char *const patterns[] = { "**" };
	size_t n = 0;

	assert_int_equal(sta_user_list(h->r, &admin, &users, &n, &h->err), STA_OK);
	admin.caller.bounds = (struct sta_bounds){ .packages = patterns, .n_packages = 1 };
	assert_int_equal(sta_user_list(h->r, &admin, &users, &n, &h->err), STA_DENIED);
	admin.caller.bounds = (struct sta_bounds){ .elsewhere = true };
	assert_int_equal(sta_user_list(h->r, &admin, &users, &n, &h->err), STA_DENIED);
}

static int64_t
last_used(struct house *h)
{
	return number(h, "SELECT max(last_used) FROM token");
}

static enum sta_rc
run_script(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	return sta_db_script(c, arg, err);
}

static void
script(struct house *h, const char *sql)
{
	char *copy = strdup(sql);

	assert_int_equal(sta_db_write(h->db, run_script, copy, &h->err), STA_OK);
	free(copy);
}

static void
the_last_use_is_written_down_even_when_the_first_try_fails(void **state)
{
	struct house *h = *state;
	struct sta_call call;
	char secret[STA_PAT_LEN + 1];

	(void) new_pat(h, STA_SCOPE_ALL, 0, secret);
	assert_int_equal(bearer(h, secret, &call), STA_OK);
	assert_int_equal(last_used(h), 0);
	script(h, "CREATE TRIGGER refuse BEFORE UPDATE ON token BEGIN SELECT RAISE(ABORT, 'no'); END");
	assert_int_not_equal(sta_pat_flush_used(h->r, &h->err), STA_OK);
	assert_int_equal(last_used(h), 0);
	script(h, "DROP TRIGGER refuse");
	assert_int_equal(sta_pat_flush_used(h->r, &h->err), STA_OK);
	assert_true(last_used(h) > 0);
}

/* --- users --- */

static void
passwords_that_are_easily_guessed_are_refused(void **state)
{
	static const char *const wrong[] = { "",          "1234567",  "password", "PASSWORD", "Administrator",
					     "longlogin", "LongLogin" };
	struct house *h = *state;
	struct sta_user user;
	char longest[1100];

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_int_equal(sta_user_create(h->r, &h->sys, "longlogin", wrong[i], false, &user, &h->err),
				 STA_INVALID);
		assert_int_equal(sta_user_set_password(h->r, &h->sys, "longlogin", wrong[i], &h->err),
				 STA_INVALID);
	}
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(sta_user_create(h->r, &h->sys, "longlogin", longest, false, &user, &h->err),
			 STA_INVALID);
	assert_int_equal(sta_user_create(h->r, &h->sys, "longlogin", "8 bytes.", false, &user, &h->err),
			 STA_OK);
	assert_int_equal(sta_user_create(h->r, &h->sys, "longlogin", NULL, false, &user, &h->err),
			 STA_EXISTS);
	assert_int_equal(sta_user_set_password(h->r, &h->sys, "nobody", PASSWORD, &h->err), STA_NOT_FOUND);
}

static void
user_names_are_namespaces(void **state)
{
	static const char *const wrong[] = { "", "a--b", "-a", "a-", "a/b", "v2", "token", "a b", "a.b" };
	struct house *h = *state;
	struct sta_user user;

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(sta_user_create(h->r, &h->sys, wrong[i], NULL, false, &user, &h->err),
				 STA_INVALID);
}

static void
only_the_site_makes_users(void **state)
{
	struct house *h = *state;
	struct sta_user user;

	assert_int_equal(sta_user_create(h->r, &h->alice, "carol", NULL, true, &user, &h->err), STA_DENIED);
	assert_int_equal(sta_user_set_password(h->r, &h->alice, "alice", PASSWORD, &h->err), STA_DENIED);
	assert_int_equal(sta_user_set_disabled(h->r, &h->bob, "alice", true, &h->err), STA_DENIED);
	assert_int_equal(sta_user_create(h->r, &h->admin, "carol", NULL, true, &user, &h->err), STA_OK);
	h->admin.caller.limited = true; /* with a bearer token */
	assert_int_equal(sta_user_create(h->r, &h->admin, "dave", NULL, true, &user, &h->err), STA_DENIED);
}

static void
the_first_administrator_is_made_once(void **state)
{
	struct house *h = *state;
	struct sta_call call;
	char *password = NULL;

	assert_int_equal(sta_user_first(h->r, &h->sys, &password, &h->err), STA_OK);
	assert_null(password); /* there are users */
	script(h, "DELETE FROM account");
	script(h, "DELETE FROM namespace");
	assert_int_equal(sta_user_first(h->r, &h->sys, &password, &h->err), STA_OK);
	assert_non_null(password);
	assert_int_equal(strlen(password), 24);
	assert_int_equal(basic(h, "admin", password, &call), STA_OK);
	assert_true(call.caller.site_admin);
	assert_int_equal(sta_user_first(h->r, &h->sys, &password, &h->err), STA_OK);
	assert_null(password);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, house_teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_password_works_with_its_own_name_alone),
		TEST(every_wrong_credential_gets_the_same_answer),
		TEST(a_password_needs_a_thread_that_may_wait_unless_verified_lately),
		TEST(a_new_password_ends_the_old_one_at_once),
		TEST(a_token_works_in_every_form_and_with_every_user_name),
		TEST(garbage_is_no_token),
		TEST(an_expired_token_is_refused_and_so_is_what_came_from_it),
		TEST(a_revoked_token_is_refused_at_once_and_so_is_what_came_from_it),
		TEST(a_disabled_users_credentials_are_refused_at_once),
		TEST(a_new_password_voids_bearer_and_refresh_tokens),
		TEST(a_bearer_token_is_limited_to_what_it_was_issued_for_and_to_its_time),
		TEST(a_bearer_token_begets_no_other),
		TEST(a_bearer_token_and_a_refresh_token_do_not_stand_for_each_other),
		TEST(every_changed_byte_of_a_bearer_token_is_noticed),
		TEST(bearer_tokens_survive_a_restart),
		TEST(anonymous_callers_get_a_token_for_public_packages_alone),
		TEST(scopes_are_parsed_exactly),
		TEST(what_a_token_is_confined_to_comes_with_it_and_with_what_came_from_it),
		TEST(where_a_token_is_used_counts_for_each_request_anew),
		TEST(bounds_that_are_none_make_no_token),
		TEST(a_token_with_as_many_bounds_as_can_be_is_remembered_whole),
		TEST(a_confined_token_of_a_site_administrator_is_none_for_the_site),
		TEST(a_tokens_label_and_time_have_limits),
		TEST(the_last_use_is_written_down_even_when_the_first_try_fails),
		TEST(passwords_that_are_easily_guessed_are_refused),
		TEST(user_names_are_namespaces),
		TEST(only_the_site_makes_users),
		TEST(the_first_administrator_is_made_once),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
