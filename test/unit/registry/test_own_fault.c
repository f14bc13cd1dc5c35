/* What people do for themselves, and the site with them, with each allocation and each write of the database
 * failing once: after a failure it is as before, and the next try works. */

#include "house.h"

#include <stdio.h>
#include <string.h>

#include "../db/shim.h"
#include "faults.h"

#include "registry/account.h"
#include "registry/grant.h"
#include "registry/org.h"
#include "registry/robot.h"
#include "registry/token.h"

#define CALLS_MAX 1000

/* --- the operations --- */

/* What each of them works on: a token of alice's, and who shows it. */
static int64_t token_id;
static unsigned round_no;
static char new_name[40];

static enum sta_rc
make_token(struct house *h)
{
	const struct sta_pat_request req = { .name = "own", .scopes = STA_SCOPE_READ, .packages = "a/b,c/*" };
	char secret[STA_PAT_LEN + 1];
	struct sta_pat pat;
	enum sta_rc rc = sta_pat_create(h->r, &h->alice, &req, secret, &pat, &h->err);

	if (rc == STA_OK)
		token_id = pat.id;
	return rc;
}

static enum sta_rc
list_tokens(struct house *h)
{
	struct sta_pat *tokens = NULL;
	size_t n = 0;

	return sta_pat_list_own(h->r, &h->alice, &tokens, &n, &h->err);
}

static enum sta_rc
revoke_token(struct house *h)
{
	return sta_pat_revoke_of(h->r, &h->alice, NULL, token_id, &h->err);
}

static struct sta_call
shown(struct house *h)
{
	struct sta_call call = h->alice;

	call.caller.scopes = STA_SCOPE_READ;
	call.caller.token_id = token_id;
	return call;
}

static enum sta_rc
show_token(struct house *h)
{
	struct sta_call call = shown(h);
	struct sta_pat pat;

	return sta_pat_current(h->r, &call, &pat, &h->err);
}

static enum sta_rc
sign_out(struct house *h)
{
	struct sta_call call = shown(h);

	return sta_pat_revoke_current(h->r, &call, &h->err);
}

static enum sta_rc
change_settings(struct house *h)
{
	const bool inherits = round_no % 2 == 0;
	const struct sta_user_change change = { .inherits = &inherits };
	struct sta_user user;

	return sta_user_set_own(h->r, &h->alice, &change, &user, &h->err);
}

static enum sta_rc
see_settings(struct house *h)
{
	struct sta_user user;

	return sta_user_get_own(h->r, &h->alice, &user, &h->err);
}

static enum sta_rc
make_user(struct house *h)
{
	struct sta_user user;

	return sta_user_create(h->r, &h->admin, new_name, NULL, false, &user, &h->err);
}

static enum sta_rc
see_user(struct house *h)
{
	struct sta_user user;

	return sta_user_get(h->r, &h->admin, "alice", &user, &h->err);
}

static enum sta_rc
see_robot(struct house *h)
{
	struct sta_robot robot;

	return sta_robot_get(h->r, &h->alice, "acme", "ci", &robot, &h->err);
}

static enum sta_rc
read_log(struct house *h)
{
	struct sta_audit_line *lines = NULL;
	size_t n = 0;
	enum sta_rc rc = sta_audit_read_org(h->r, &h->alice, "acme", 0, 10, &lines, &n, &h->err);

	return rc == STA_OK ? sta_audit_read_site(h->r, &h->admin, "acme", 0, 10, &lines, &n, &h->err) : rc;
}

static const struct scenario {
	const char *name;
	enum sta_rc (*act)(struct house *h);
	bool writes;
} scenarios[] = {
	{ "make a token", make_token, true },     { "list tokens", list_tokens, false },
	{ "revoke a token", revoke_token, true }, { "show the token", show_token, false },
	{ "sign out", sign_out, true },           { "change settings", change_settings, true },
	{ "see settings", see_settings, false },  { "make a user", make_user, true },
	{ "see a user", see_user, false },        { "see a robot", see_robot, false },
	{ "read the log", read_log, false },
};

/* --- rounds --- */

/* What a failure must leave as it is, as numbers. */
static int64_t
state_of(struct house *h)
{
	return number(
		h, "SELECT (SELECT count(*) FROM token) + 1000 * (SELECT count(*) FROM token WHERE revoked)"
		   " + 1000000 * (SELECT count(*) FROM account)"
		   " + 1000000000 * (SELECT count(*) FROM audit_log)");
}

static enum sta_rc
forget_tokens(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	(void) arg;
	return sta_db_script(c, "DELETE FROM token", err);
}

/* False: the operation ended before its nth call. */
static bool
run_round(struct house *h, const struct scenario *s, enum kind kind, long n)
{
	int64_t before;
	enum sta_rc rc;
	bool hit;

	house_fresh_arena(h);
	(void) snprintf(new_name, sizeof(new_name), "u%u", ++round_no);
	assert_int_equal(sta_db_write(h->db, forget_tokens, NULL, &h->err), STA_OK);
	assert_int_equal(make_token(h), STA_OK);
	before = state_of(h);
	arm(kind, n);
	rc = s->act(h);
	hit = kind == MEMORY ? allocations() >= n : rc != STA_OK;
	arm(kind, 0);
	if (rc != STA_OK) {
		if (kind == MEMORY && rc != STA_NOMEM)
			fail_msg("%s: allocation %ld: %s", s->name, n, h->err.msg);
		assert_int_equal(state_of(h), before);
		rc = s->act(h);
	}
	if (rc != STA_OK)
		fail_msg("%s: %d, %ld: the second try failed: %s", s->name, (int) kind, n, h->err.msg);
	assert_true((state_of(h) != before) == s->writes);
	return hit;
}

static void
run_all(struct house *h, enum kind kind)
{
	for (size_t i = 0; i < ARRAY_LEN(scenarios); i++) {
		long n = 1;

		if (kind != MEMORY && !scenarios[i].writes)
			continue;
		while (n < CALLS_MAX && run_round(h, &scenarios[i], kind, n))
			n++;
		if (n == 1 || n == CALLS_MAX)
			fail_msg("%s: the faults have missed", scenarios[i].name);
	}
}

static int
set_up(void **state)
{
	struct house *h;
	struct sta_org org;
	struct sta_robot robot;

	if (house_setup(state) != 0)
		return -1;
	h = *state;
	assert_int_equal(sta_org_create(h->r, &h->sys, "acme", "alice", &org, &h->err), STA_OK);
	assert_int_equal(sta_robot_create(h->r, &h->sys, "acme+ci", STA_ROLE_READ, &robot, &h->err), STA_OK);
	return 0;
}

static void
an_allocation_that_fails_is_reported_and_leaves_nothing_by_halves(void **state)
{
	run_all(*state, MEMORY);
}

static void
a_database_that_cannot_write_is_reported_and_leaves_nothing_by_halves(void **state)
{
	run_all(*state, DB_WRITE);
}

static void
a_database_that_cannot_sync_is_reported_and_leaves_nothing_by_halves(void **state)
{
	run_all(*state, DB_SYNC);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, house_teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(an_allocation_that_fails_is_reported_and_leaves_nothing_by_halves),
		TEST(a_database_that_cannot_write_is_reported_and_leaves_nothing_by_halves),
		TEST(a_database_that_cannot_sync_is_reported_and_leaves_nothing_by_halves),
	};

	house_driver(argc, argv);
	shim_install();
	return cmocka_run_group_tests_name("registry_own_fault", tests, NULL, NULL);
}
