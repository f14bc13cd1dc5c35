/* What people do for themselves: settings, tokens; and that administering the site takes the password. */

#include "house.h"

#include <string.h>

#include "registry/account.h"
#include "registry/grant.h"
#include "registry/issuer.h"
#include "registry/org.h"
#include "registry/rename.h"
#include "registry/robot.h"
#include "registry/token.h"

#define PASSWORD "correct horse battery"

/* A token of a user or robot (NULL: the caller). */
static enum sta_rc
new_token(struct house *h, const struct sta_call *call, const char *user, char secret[STA_PAT_LEN + 1],
	  int64_t *id)
{
	const struct sta_pat_request req = { .user = user, .name = "laptop", .scopes = STA_SCOPE_PACKAGES };
	struct sta_pat pat = { 0 };
	enum sta_rc rc = sta_pat_create(h->r, call, &req, secret, &pat, &h->err);

	*id = pat.id;
	return rc;
}

/* The same of other scopes. */
static enum sta_rc
new_token_for(struct house *h, const struct sta_call *call, const char *user, unsigned scopes)
{
	const struct sta_pat_request req = { .user = user, .name = "scoped", .scopes = scopes };
	char secret[STA_PAT_LEN + 1];
	struct sta_pat pat = { 0 };

	return sta_pat_create(h->r, call, &req, secret, &pat, &h->err);
}

/* Whoever shows that token. */
static struct sta_call
by_token(struct house *h, const char *secret)
{
	struct sta_call call = { .arena = h->arena, .may_wait = true };

	assert_int_equal(sta_authenticate_basic(h->r, &call, "", secret, &h->err), STA_OK);
	return call;
}

/* alice, by a token of every scope. */
static struct sta_call
alice_by_token(struct house *h)
{
	char secret[STA_PAT_LEN + 1];
	int64_t id;

	assert_int_equal(new_token(h, &h->sys, "alice", secret, &id), STA_OK);
	return by_token(h, secret);
}

static struct sta_call
robot(struct house *h)
{
	char secret[STA_PAT_LEN + 1];
	struct sta_org org;
	struct sta_robot made;
	int64_t id;

	assert_int_equal(sta_org_create(h->r, &h->sys, "acme", "alice", &org, &h->err), STA_OK);
	assert_int_equal(sta_robot_create(h->r, &h->sys, "acme+ci", STA_ROLE_ADMIN, &made, &h->err), STA_OK);
	assert_int_equal(new_token(h, &h->sys, "acme+ci", secret, &id), STA_OK);
	return by_token(h, secret);
}

/* alice, by credentials that are each less than the password, one after the other. */
static bool
weaker(struct house *h, unsigned i, struct sta_call *out)
{
	static const char *const patterns[] = { "**" };

	*out = h->alice;
	switch (i) {
	case 0:
		*out = alice_by_token(h);
		return true;
	case 1:
		out->caller.limited = true;
		return true;
	case 2:
		out->caller.bounds.elsewhere = true;
		out->caller.scopes = STA_SCOPE_PACKAGES;
		out->caller.token_id = 7;
		return true;
	case 3:
		out->caller.bounds = (struct sta_bounds){ .packages = patterns, .n_packages = 1 };
		out->caller.scopes = STA_SCOPE_PACKAGES;
		out->caller.token_id = 7;
		return true;
	case 4:
		out->caller.scopes = STA_SCOPE_READ;
		out->caller.token_id = 7;
		return true;
	case 5: /* a token of every scope */
		out->caller.token_id = 7;
		return true;
	default:
		return false;
	}
}

/* --- tokens --- */

static void
ones_own_tokens_are_managed_with_the_password(void **state)
{
	struct house *h = *state;
	char secret[STA_PAT_LEN + 1];
	struct sta_pat *tokens = NULL;
	struct sta_call call;
	int64_t id, other;
	size_t n = 0;

	assert_int_equal(new_token(h, &h->alice, NULL, secret, &id), STA_OK);
	assert_int_equal(by_token(h, secret).caller.user_id, h->alice.caller.user_id);
	for (unsigned i = 0; weaker(h, i, &call); i++) {
		assert_int_equal(new_token(h, &call, NULL, secret, &other), STA_DENIED);
		assert_int_equal(sta_pat_list_own(h->r, &call, &tokens, &n, &h->err), STA_DENIED);
		assert_int_equal(sta_pat_revoke_of(h->r, &call, NULL, id, &h->err), STA_DENIED);
	}
	assert_int_equal(new_token(h, &h->nobody, NULL, secret, &other), STA_UNAUTHENTICATED);
	assert_int_equal(sta_pat_list_own(h->r, &h->alice, &tokens, &n, &h->err), STA_OK);
	assert_int_equal(n, 2); /* the other one is what weaker() made */
	assert_int_equal(sta_pat_revoke_of(h->r, &h->alice, NULL, id, &h->err), STA_OK);
	assert_int_equal(sta_pat_revoke_of(h->r, &h->alice, NULL, id, &h->err), STA_NOT_FOUND);
}

static void
machines_make_themselves_no_tokens(void **state)
{
	struct house *h = *state;
	char secret[STA_PAT_LEN + 1];
	struct sta_call ci = robot(h), job = h->alice;
	int64_t id;

	job.caller.workflow.repository_id = 7; /* as the job of a workflow would be */
	job.caller.home_id = 1;
	ci.caller.scopes = STA_SCOPE_ALL;
	ci.caller.token_id = 0;
	assert_int_equal(new_token(h, &ci, NULL, secret, &id), STA_DENIED);
	assert_int_equal(new_token(h, &job, NULL, secret, &id), STA_DENIED);
}

static void
a_token_makes_robots_tokens_of_no_more_scopes_than_its_own(void **state)
{
	struct house *h = *state;
	struct sta_call call = h->alice;

	(void) robot(h);
	call.caller.token_id = 7;
	call.caller.scopes = STA_SCOPE_ORGS;
	for (unsigned want = 1; want <= STA_SCOPE_PACKAGES; want++)
		assert_int_equal(new_token_for(h, &call, "acme+ci", want), STA_DENIED);
	call.caller.scopes = STA_SCOPE_ORGS | STA_SCOPE_WRITE;
	for (unsigned want = 1; want <= STA_SCOPE_PACKAGES; want++)
		assert_int_equal(new_token_for(h, &call, "acme+ci", want),
				 want & STA_SCOPE_DELETE ? STA_DENIED : STA_OK);
	call.caller.scopes = STA_SCOPE_PACKAGES;
	assert_int_equal(new_token_for(h, &call, "acme+ci", STA_SCOPE_READ), STA_DENIED);
	assert_int_equal(number(h, "SELECT count(*) FROM token WHERE name = 'scoped'"), 3);
}

static void
a_token_for_organizations_is_a_persons_and_confined_to_nothing(void **state)
{
	struct house *h = *state;
	struct sta_pat_request req = { .user = "alice", .name = "", .scopes = STA_SCOPE_ALL };
	char secret[STA_PAT_LEN + 1];
	struct sta_pat pat;

	(void) robot(h);
	assert_int_equal(new_token_for(h, &h->sys, "acme+ci", STA_SCOPE_ORGS), STA_INVALID);
	assert_int_equal(new_token_for(h, &h->alice, "acme+ci", STA_SCOPE_ALL), STA_INVALID);
	req.packages = "**";
	assert_int_equal(sta_pat_create(h->r, &h->sys, &req, secret, &pat, &h->err), STA_INVALID);
	req.packages = NULL;
	req.addresses = "127.0.0.1";
	assert_int_equal(sta_pat_create(h->r, &h->sys, &req, secret, &pat, &h->err), STA_INVALID);
	req.addresses = NULL;
	assert_int_equal(sta_pat_create(h->r, &h->sys, &req, secret, &pat, &h->err), STA_OK);
	assert_int_equal(pat.scopes, STA_SCOPE_ALL);
}

static void
a_token_of_every_scope_is_not_the_password_of_a_site_administrator(void **state)
{
	struct house *h = *state;
	struct sta_call call = h->admin;
	struct sta_user *users = NULL;
	struct sta_org org;
	size_t n = 0;

	call.caller.token_id = 7;
	assert_int_equal(sta_user_list(h->r, &h->admin, &users, &n, &h->err), STA_OK);
	assert_int_equal(sta_user_list(h->r, &call, &users, &n, &h->err), STA_DENIED);
	assert_int_equal(sta_org_create(h->r, &call, "acme", "alice", &org, &h->err), STA_DENIED);
	assert_int_equal(sta_user_set_password(h->r, &call, "bob", "staple that walks on", &h->err),
			 STA_DENIED);
	assert_int_equal(new_token_for(h, &call, "bob", STA_SCOPE_READ), STA_DENIED);
}

static void
v37_a_token_is_revoked_as_its_owners_alone(void **state)
{
	struct house *h = *state;
	char secret[STA_PAT_LEN + 1];
	struct sta_call ci = robot(h);
	int64_t alices, bobs, robots = ci.caller.token_id;

	assert_int_equal(new_token(h, &h->alice, NULL, secret, &alices), STA_OK);
	assert_int_equal(new_token(h, &h->bob, NULL, secret, &bobs), STA_OK);
	assert_int_equal(sta_pat_revoke_of(h->r, &h->alice, NULL, bobs, &h->err), STA_NOT_FOUND);
	assert_int_equal(sta_pat_revoke_of(h->r, &h->alice, NULL, robots, &h->err), STA_NOT_FOUND);
	assert_int_equal(sta_pat_revoke_of(h->r, &h->alice, "acme+ci", alices, &h->err), STA_NOT_FOUND);
	assert_int_equal(sta_pat_revoke_of(h->r, &h->admin, "bob", alices, &h->err), STA_NOT_FOUND);
	assert_int_equal(sta_pat_revoke_of(h->r, &h->bob, "alice", alices, &h->err), STA_DENIED);
	assert_int_equal(number(h, "SELECT count(*) FROM token WHERE revoked"), 0);
	assert_int_equal(sta_pat_revoke_of(h->r, &h->alice, "acme+ci", robots, &h->err), STA_OK);
	assert_int_equal(sta_pat_revoke_of(h->r, &h->admin, "alice", alices, &h->err), STA_OK);
	assert_int_equal(number(h, "SELECT count(*) FROM token WHERE revoked"), 2);
}

static void
a_token_can_see_and_end_itself(void **state)
{
	struct house *h = *state;
	struct sta_call call = alice_by_token(h), bearer = call, away = call, waits = call;
	struct sta_pat pat;

	bearer.caller.limited = true;
	away.caller.bounds.elsewhere = true;
	waits.may_wait = false;
	assert_int_equal(sta_pat_current(h->r, &h->alice, &pat, &h->err), STA_NOT_FOUND);
	assert_int_equal(sta_pat_current(h->r, &bearer, &pat, &h->err), STA_DENIED);
	assert_int_equal(sta_pat_current(h->r, &away, &pat, &h->err), STA_DENIED);
	assert_int_equal(sta_pat_revoke_current(h->r, &h->nobody, &h->err), STA_UNAUTHENTICATED);
	assert_int_equal(sta_pat_revoke_current(h->r, &h->alice, &h->err), STA_NOT_FOUND);
	assert_int_equal(sta_pat_revoke_current(h->r, &bearer, &h->err), STA_DENIED);
	assert_int_equal(sta_pat_revoke_current(h->r, &away, &h->err), STA_DENIED);
	assert_int_equal(sta_pat_revoke_current(h->r, &waits, &h->err), STA_WOULD_BLOCK);
	assert_int_equal(sta_pat_current(h->r, &call, &pat, &h->err), STA_OK);
	assert_int_equal(pat.id, call.caller.token_id);
	assert_string_equal(pat.name, "laptop");
	assert_int_equal(sta_pat_revoke_current(h->r, &call, &h->err), STA_OK);
	assert_int_equal(sta_pat_revoke_current(h->r, &call, &h->err), STA_UNAUTHENTICATED);
}

/* The name went to another account since the request's credential was looked at. */
static void
ones_own_are_those_of_the_account_whoever_has_its_name(void **state)
{
	struct house *h = *state;
	char secret[STA_PAT_LEN + 1];
	const bool inherits = false;
	const struct sta_user_change change = { .inherits = &inherits };
	struct sta_user user;
	const char *out = NULL;
	int64_t id;

	assert_int_equal(sta_user_rename(h->r, &h->sys, "alice", "alicia", &out, &h->err), STA_OK);
	assert_int_equal(sta_name_release(h->r, &h->sys, "alice", &h->err), STA_OK);
	assert_int_equal(sta_user_create(h->r, &h->sys, "alice", NULL, false, &user, &h->err), STA_OK);
	assert_int_equal(new_token(h, &h->alice, NULL, secret, &id), STA_OK);
	assert_int_equal(by_token(h, secret).caller.user_id, h->alice.caller.user_id);
	assert_int_equal(sta_user_set_own(h->r, &h->alice, &change, &user, &h->err), STA_OK);
	assert_string_equal(user.name, "alicia");
}

/* --- settings --- */

static enum sta_rc
set_public(struct house *h, const struct sta_call *call)
{
	static const enum sta_visibility public = STA_PUBLIC;
	const struct sta_user_change change = { .visibility = &public };
	struct sta_user out;

	return sta_user_set_own(h->r, call, &change, &out, &h->err);
}

static void
settings_are_ones_own_by_a_credential_that_is_confined_to_nothing(void **state)
{
	static const enum sta_rc seen[] = { STA_OK, STA_DENIED, STA_DENIED, STA_DENIED, STA_OK, STA_OK };
	static const enum sta_rc set[] = { STA_OK, STA_DENIED, STA_DENIED, STA_DENIED, STA_DENIED, STA_OK };
	struct house *h = *state;
	struct sta_call call, ci = robot(h);
	struct sta_user user;

	for (unsigned i = 0; weaker(h, i, &call); i++) {
		assert_int_equal(sta_user_get_own(h->r, &call, &user, &h->err), seen[i]);
		assert_int_equal(set_public(h, &call), set[i]);
	}
	assert_int_equal(sta_user_get_own(h->r, &ci, &user, &h->err), STA_DENIED);
	assert_int_equal(set_public(h, &ci), STA_DENIED);
	assert_int_equal(set_public(h, &h->nobody), STA_UNAUTHENTICATED);
	assert_int_equal(sta_user_get_own(h->r, &h->alice, &user, &h->err), STA_OK);
	assert_int_equal(user.visibility, STA_PUBLIC);
}

static void
no_user_has_internal_packages(void **state)
{
	static const enum sta_visibility internal = STA_INTERNAL;
	const struct sta_user_change change = { .visibility = &internal };
	struct house *h = *state;
	struct sta_user out;

	assert_int_equal(sta_user_set_own(h->r, &h->alice, &change, &out, &h->err), STA_INVALID);
	assert_int_equal(sta_user_set(h->r, &h->admin, "alice", &change, &out, &h->err), STA_INVALID);
}

/* --- the site --- */

static void
the_site_is_administered_with_the_password(void **state)
{
	struct house *h = *state;
	struct sta_call token = h->admin;
	struct sta_audit_line *lines = NULL;
	struct sta_issuer *issuers = NULL;
	struct sta_user user, *users = NULL;
	struct sta_pat *tokens = NULL;
	char secret[STA_PAT_LEN + 1];
	int64_t id;
	size_t n = 0;

	token.caller.scopes = STA_SCOPE_PACKAGES;
	token.caller.token_id = 7;
	assert_int_equal(sta_user_list(h->r, &token, &users, &n, &h->err), STA_DENIED);
	assert_int_equal(sta_user_get(h->r, &token, "alice", &user, &h->err), STA_DENIED);
	assert_int_equal(sta_user_get(h->r, &token, "nobody", &user, &h->err), STA_DENIED);
	assert_int_equal(sta_user_create(h->r, &token, "carol", NULL, true, &user, &h->err), STA_DENIED);
	assert_int_equal(sta_user_set_password(h->r, &token, "alice", PASSWORD, &h->err), STA_DENIED);
	assert_int_equal(new_token(h, &token, "alice", secret, &id), STA_DENIED);
	assert_int_equal(sta_pat_list(h->r, &token, NULL, &tokens, &n, &h->err), STA_DENIED);
	assert_int_equal(sta_issuer_all(h->r, &token, &issuers, &n, &h->err), STA_DENIED);
	assert_int_equal(sta_audit_read_site(h->r, &token, "", 0, 1, &lines, &n, &h->err), STA_DENIED);
	assert_true(sta_call_by_site_admin(&token)); /* for metrics */
}

static void
a_site_administrator_does_not_suspend_itself(void **state)
{
	struct house *h = *state;
	struct sta_user user;
	struct sta_call other = h->admin;

	assert_int_equal(sta_user_set_disabled(h->r, &h->admin, h->admin.caller.login, true, &h->err),
			 STA_INVALID);
	assert_int_equal(sta_user_create(h->r, &h->sys, "second", NULL, true, &user, &h->err), STA_OK);
	other.caller.user_id = user.id;
	other.caller.login = "second";
	assert_int_equal(sta_user_set_disabled(h->r, &other, h->admin.caller.login, true, &h->err), STA_OK);
	/* who was suspended meanwhile suspends nobody: one is left */
	assert_int_equal(sta_user_set_disabled(h->r, &h->admin, "second", true, &h->err),
			 STA_UNAUTHENTICATED);
	assert_int_equal(sta_user_set_disabled(h->r, &h->sys, "second", true, &h->err), STA_OK);
}

static void
t33_passwords_are_made_and_set_where_hashing_may_be_done(void **state)
{
	struct house *h = *state;
	struct sta_call call = h->admin;
	struct sta_user user;

	call.must_not_hash = true;
	assert_int_equal(sta_user_create(h->r, &call, "carol", PASSWORD, false, &user, &h->err),
			 STA_WOULD_HASH);
	assert_int_equal(sta_user_set_password(h->r, &call, "alice", PASSWORD, &h->err), STA_WOULD_HASH);
	assert_int_equal(sta_user_create(h->r, &call, "carol", NULL, false, &user, &h->err), STA_OK);
	call.must_not_hash = false;
	call.may_wait = false;
	assert_int_equal(sta_user_set_password(h->r, &call, "alice", PASSWORD, &h->err), STA_WOULD_BLOCK);
}

static void
a_user_or_robot_is_found_by_its_name_alone(void **state)
{
	static const char *const none[] = { "", "nobody", "acme", "acme+ci", "a--b", "a/b" };
	static const char *const no_robot[] = { "", "none", "ci+ci", "a/b", "a--b" };
	struct house *h = *state;
	struct sta_call ci = robot(h);
	struct sta_robot found;
	struct sta_user user;

	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		assert_int_equal(sta_user_get(h->r, &h->admin, none[i], &user, &h->err), STA_NOT_FOUND);
	assert_int_equal(sta_user_get(h->r, &h->admin, "ALICE", &user, &h->err), STA_OK);
	assert_int_equal(user.id, h->alice.caller.user_id);
	for (size_t i = 0; i < ARRAY_LEN(no_robot); i++)
		assert_int_equal(sta_robot_get(h->r, &h->alice, "acme", no_robot[i], &found, &h->err),
				 STA_NOT_FOUND);
	assert_int_equal(sta_robot_get(h->r, &h->alice, "ACME", "CI", &found, &h->err), STA_OK);
	assert_string_equal(found.name, "acme+ci");
	assert_int_equal(sta_robot_get(h->r, &h->bob, "acme", "ci", &found, &h->err), STA_NOT_FOUND);
	assert_int_equal(sta_robot_get(h->r, &h->bob, "acme", "a/b", &found, &h->err), STA_NOT_FOUND);
	assert_int_equal(sta_robot_get(h->r, &ci, "acme", "ci", &found, &h->err), STA_NOT_FOUND);
}

static void
the_log_of_an_organization_is_its_owners(void **state)
{
	struct house *h = *state;
	struct sta_call ci = robot(h), token = h->alice;
	struct sta_audit_line *lines = NULL;
	size_t n = 0;

	token.caller.scopes = STA_SCOPE_PACKAGES;
	assert_int_equal(sta_audit_read_org(h->r, &h->alice, "acme", 0, 10, &lines, &n, &h->err), STA_OK);
	assert_int_equal(n, 3);
	assert_int_equal(sta_audit_read_org(h->r, &h->admin, "ACME", 0, 2, &lines, &n, &h->err), STA_OK);
	assert_int_equal(n, 2);
	assert_int_equal(sta_audit_read_org(h->r, &token, "acme", 0, 10, &lines, &n, &h->err), STA_DENIED);
	assert_int_equal(sta_audit_read_org(h->r, &h->bob, "acme", 0, 10, &lines, &n, &h->err),
			 STA_NOT_FOUND);
	assert_int_equal(sta_audit_read_org(h->r, &ci, "acme", 0, 10, &lines, &n, &h->err), STA_NOT_FOUND);
	assert_int_equal(sta_audit_read_org(h->r, &h->admin, "alice", 0, 10, &lines, &n, &h->err),
			 STA_NOT_FOUND);
	assert_int_equal(sta_audit_read_site(h->r, &h->alice, "acme", 0, 10, &lines, &n, &h->err),
			 STA_DENIED);
	assert_int_equal(sta_audit_read_site(h->r, &h->admin, "acme", 0, 10, &lines, &n, &h->err), STA_OK);
	assert_int_equal(n, 3);
}

static void
a_name_that_was_released_brings_nothing_of_who_had_it(void **state)
{
	struct house *h = *state;
	struct sta_audit_line *lines = NULL;
	const char *now;
	struct sta_org org;
	size_t n = 0;

	(void) robot(h);
	assert_int_equal(sta_org_rename(h->r, &h->alice, "acme", "zoo", &now, &h->err), STA_OK);
	assert_int_equal(sta_name_release(h->r, &h->admin, "acme", &h->err), STA_OK);
	assert_int_equal(sta_org_create(h->r, &h->sys, "acme", "bob", &org, &h->err), STA_OK);
	assert_int_equal(sta_audit_read_org(h->r, &h->bob, "acme", 0, 10, &lines, &n, &h->err), STA_OK);
	assert_int_equal(n, 1);
	assert_string_equal(lines[0].action, "org.create");
	assert_int_equal(sta_audit_read(h->r, &h->bob, "ACME", 0, 10, &lines, &n, &h->err), STA_OK);
	assert_int_equal(n, 1);
	assert_int_equal(sta_audit_read_site(h->r, &h->admin, "acme", 0, 10, &lines, &n, &h->err), STA_OK);
	assert_int_equal(n, 5);
}

/* Thousands of users, names, robots, tokens and roles are no work for where requests are answered. */
static void
lists_that_grow_are_read_where_it_may_wait(void **state)
{
	struct house *h = *state;
	struct sta_call site = h->admin, alice = h->alice;
	struct sta_audit_line *lines;
	struct sta_name_kept *names;
	struct sta_robot *robots;
	struct sta_grant *grants;
	struct sta_user *users;
	struct sta_pat *tokens;
	size_t n;

	(void) push_seed(h, &h->alice, "alice/app", 10, 1);
	site.may_wait = alice.may_wait = false;
	assert_int_equal(sta_user_list(h->r, &site, &users, &n, &h->err), STA_WOULD_BLOCK);
	assert_int_equal(sta_names_kept(h->r, &site, &names, &n, &h->err), STA_WOULD_BLOCK);
	assert_int_equal(sta_pat_list(h->r, &site, "alice", &tokens, &n, &h->err), STA_WOULD_BLOCK);
	assert_int_equal(sta_pat_list_own(h->r, &alice, &tokens, &n, &h->err), STA_WOULD_BLOCK);
	assert_int_equal(sta_robot_all(h->r, &site, NULL, &robots, &n, &h->err), STA_WOULD_BLOCK);
	assert_int_equal(sta_audit_read(h->r, &site, "acme", 0, 1, &lines, &n, &h->err), STA_WOULD_BLOCK);
	assert_int_equal(sta_grant_all(h->r, &alice, "alice/app", &grants, &n, &h->err), STA_WOULD_BLOCK);
	assert_int_equal(sta_user_list(h->r, &alice, &users, &n, &h->err), STA_DENIED);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, house_setup, house_teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(ones_own_tokens_are_managed_with_the_password),
		TEST(machines_make_themselves_no_tokens),
		TEST(a_token_makes_robots_tokens_of_no_more_scopes_than_its_own),
		TEST(a_token_for_organizations_is_a_persons_and_confined_to_nothing),
		TEST(a_token_of_every_scope_is_not_the_password_of_a_site_administrator),
		TEST(v37_a_token_is_revoked_as_its_owners_alone),
		TEST(a_token_can_see_and_end_itself),
		TEST(ones_own_are_those_of_the_account_whoever_has_its_name),
		TEST(settings_are_ones_own_by_a_credential_that_is_confined_to_nothing),
		TEST(no_user_has_internal_packages),
		TEST(the_site_is_administered_with_the_password),
		TEST(a_site_administrator_does_not_suspend_itself),
		TEST(t33_passwords_are_made_and_set_where_hashing_may_be_done),
		TEST(a_user_or_robot_is_found_by_its_name_alone),
		TEST(the_log_of_an_organization_is_its_owners),
		TEST(a_name_that_was_released_brings_nothing_of_who_had_it),
		TEST(lists_that_grow_are_read_where_it_may_wait),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests_name("registry_own", tests, NULL, NULL);
}
