/* Jobs, issuers and rules, with each allocation and each write of the database failing once: after a
 * failure nothing is there by halves, and the next try works. */

#include "house.h"

#include <stdio.h>
#include <string.h>

#include "../db/shim.h"
#include "faults.h"
#include "registry/account.h"
#include "registry/grant.h"
#include "registry/issuer.h"
#include "registry/repository.h"
#include "registry/token.h"
#include "registry/workflow.h"
#include "signer.h"

#define CALLS_MAX 4000

void *__real_sta_arena_alloc(struct sta_arena *a, size_t len);
char *__wrap_sta_arena_printf(struct sta_arena *a, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
char *
__wrap_sta_arena_printf(struct sta_arena *a, const char *format, ...)
{
	va_list args, again;
	char *text = NULL;
	int len;

	if (fails())
		return NULL;
	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, args);
	if (len >= 0)
		text = __real_sta_arena_alloc(a, (size_t) len + 1);
	if (text)
		(void) vsnprintf(text, (size_t) len + 1, format, again);
	va_end(again);
	va_end(args);
	return text;
}

/* --- whole operations --- */

/* What one round works on: nothing that another round touches. */
struct round {
	struct house *h;
	struct sta_call alice;
	const char *issuer, *url, *repository, *package;
	const char *token, *keys;
	int64_t rule_id;
	struct sta_call job;
};

struct scenario {
	const char *name;
	void (*prepare)(struct round *r); /* may be NULL */
	enum sta_rc (*act)(struct round *r, struct sta_err *err);
	int lines; /* of the audit log, when it is done */
};

static enum sta_rc
add_issuer(struct round *r, struct sta_err *err)
{
	const struct sta_issuer_request req = {
		.name = r->issuer,
		.profile = "none",
		.url = r->url,
		.audience = "registry",
		.claims = "repository=repository",
		.keys = r->keys,
	};
	struct sta_issuer made;

	return sta_issuer_add(r->h->r, &r->h->sys, &req, &made, err);
}

static enum sta_rc
allow(struct round *r, struct sta_err *err)
{
	struct sta_issuer_rule rule = { .issuer = r->issuer,
					.conditions = "repository=alice/*",
					.role = STA_ROLE_WRITE };
	enum sta_rc rc = sta_issuer_allow(r->h->r, &r->h->sys, &rule, err);

	if (rc == STA_OK)
		r->rule_id = rule.id;
	return rc;
}

static enum sta_rc
disallow(struct round *r, struct sta_err *err)
{
	return sta_issuer_disallow(r->h->r, &r->h->sys, r->rule_id, err);
}

static enum sta_rc
delete_issuer(struct round *r, struct sta_err *err)
{
	return sta_issuer_delete(r->h->r, &r->h->sys, r->issuer, err);
}

static void
prepare_issuer(struct round *r)
{
	assert_int_equal(add_issuer(r, &r->h->err), STA_OK);
}

static void
prepare_rule(struct round *r)
{
	prepare_issuer(r);
	assert_int_equal(allow(r, &r->h->err), STA_OK);
}

static enum sta_rc
come_in(struct round *r, struct sta_err *err)
{
	struct sta_call call = { .arena = r->h->arena, .may_wait = true };
	enum sta_rc rc = sta_authenticate_basic(r->h->r, &call, "any", r->token, err);

	assert_int_equal(call.caller.kind, rc == STA_OK ? STA_CALLER_USER : STA_CALLER_ANONYMOUS);
	if (rc == STA_OK) {
		assert_string_equal(call.caller.login, r->repository);
		assert_int_equal(call.caller.workflow.rule_id, r->rule_id);
		r->job = call;
	}
	return rc;
}

static void
prepare_repository(struct round *r)
{
	struct sta_repository made;

	prepare_rule(r);
	assert_int_equal(sta_repository_create(r->h->r, &r->alice, r->repository, STA_PRIVATE, NULL, &made,
					       &r->h->err),
			 STA_OK);
}

static void
prepare_job(struct round *r)
{
	prepare_rule(r);
	assert_int_equal(come_in(r, &r->h->err), STA_OK);
}

/* A token of ours for the issuer's, a bearer token for that, and who it is for. */
static enum sta_rc
exchange(struct round *r, struct sta_err *err)
{
	const struct sta_limit limit = { r->package, STA_ACTION_BIT(STA_ACTION_READ) };
	const struct sta_bearer_request req = { .limits = &limit, .n_limits = 1 };
	struct sta_call by_workflow = { .arena = r->h->arena, .may_wait = true };
	struct sta_call by_bearer = by_workflow;
	struct sta_workflow_token made;
	struct sta_bearer bearer;
	enum sta_rc rc = sta_workflow_token(r->h->r, &r->job, &made, err);

	if (rc == STA_OK)
		rc = sta_authenticate_basic(r->h->r, &by_workflow, "any", made.token, err);
	if (rc == STA_OK)
		rc = sta_bearer_issue(r->h->r, &by_workflow, &req, &bearer, err);
	if (rc == STA_OK)
		rc = sta_authenticate_bearer(r->h->r, &by_bearer, bearer.token, strlen(bearer.token), err);
	assert_false(by_workflow.stale || by_bearer.stale);
	if (rc == STA_OK) {
		assert_int_equal(by_bearer.caller.user_id, r->job.caller.user_id);
		assert_int_equal(by_bearer.caller.workflow.rule_id, r->rule_id);
		assert_true(by_bearer.caller.limited);
	}
	return rc;
}

static enum sta_rc
explain(struct round *r, struct sta_err *err)
{
	struct sta_workflow_verdict got;
	enum sta_rc rc = sta_workflow_explain(r->h->r, &r->h->sys, r->token, strlen(r->token), &got, err);

	if (rc == STA_OK && got.rule_id == 0) /* keys that there was no memory for */
		return sta_err_set(err, STA_BUSY, 0, "%s", got.why);
	return rc;
}

static enum sta_rc
publish(struct round *r, struct sta_err *err)
{
	return push_blob(r->h, &r->job, r->package, "x", 1, err);
}

static void
prepare_package(struct round *r)
{
	prepare_repository(r);
	assert_int_equal(push_blob(r->h, &r->alice, r->package, "x", 1, &r->h->err), STA_OK);
}

static enum sta_rc
grant(struct round *r, struct sta_err *err)
{
	const char *subject = sta_arena_printf(r->h->arena, "repository:%s", r->repository);

	if (!subject)
		return sta_err_set(err, STA_NOMEM, 0, "subject");
	return sta_grant_give(r->h->r, &r->alice, r->package, subject, STA_ROLE_READ, err);
}

static void
prepare_published(struct round *r)
{
	prepare_job(r);
	assert_int_equal(publish(r, &r->h->err), STA_OK);
}

static enum sta_rc
delete_repository(struct round *r, struct sta_err *err)
{
	return sta_repository_delete(r->h->r, &r->alice, r->repository, err);
}

static const struct scenario scenarios[] = {
	{ "add an issuer", NULL, add_issuer, 1 },
	{ "allow", prepare_issuer, allow, 1 },
	{ "disallow", prepare_rule, disallow, 1 },
	{ "delete an issuer", prepare_rule, delete_issuer, 1 },
	{ "the first job", prepare_rule, come_in, 1 },
	{ "a job of a repository without an account", prepare_repository, come_in, 0 },
	{ "exchange tokens", prepare_job, exchange, 0 },
	{ "explain", prepare_rule, explain, 0 },
	{ "make a package", prepare_job, publish, 1 },
	{ "grant", prepare_package, grant, 1 },
	{ "delete a repository", prepare_published, delete_repository, 1 },
};

/* All that these operations change, in numbers. */
static const char *
state_of(struct house *h)
{
	static const char *const sql[] = {
		"SELECT count(*) FROM issuer",
		"SELECT count(*) FROM issuer_rule",
		"SELECT count(*) FROM repository",
		"SELECT count(*) FROM repository WHERE account_id IS NOT NULL",
		"SELECT count(*) FROM account",
		"SELECT count(*) FROM namespace",
		"SELECT count(*) FROM role_grant",
		"SELECT count(*) FROM package",
		"SELECT count(*) FROM package WHERE repository_id IS NOT NULL",
		"SELECT count(*) FROM audit_log",
	};
	const char *text = "";

	for (size_t i = 0; i < ARRAY_LEN(sql); i++)
		text = sta_arena_printf(h->arena, "%s %lld", text, (long long) number(h, sql[i]));
	return text;
}

static void
begin_round(struct round *r, struct house *h)
{
	static unsigned seed;
	struct sta_arena *a;
	long long now = sta_now_unix();

	seed++;
	house_fresh_arena(h);
	a = h->arena;
	*r = (struct round){
		.h = h,
		.alice = h->alice,
		.issuer = sta_arena_printf(a, "ci%u", seed),
		.url = sta_arena_printf(a, "https://ci.example.com/%u", seed),
		.repository = sta_arena_printf(a, "alice/code%u", seed),
		.package = sta_arena_printf(a, "alice/app%u", seed),
		.keys = signer_set(a, 3),
	};
	r->token = signer_token(
		a, 0,
		sta_arena_printf(a,
				 "{\"iss\":\"%s\",\"aud\":\"registry\",\"iat\":%lld,\"exp\":%lld,"
				 "\"repository\":\"%s\"}",
				 r->url, now, now + 3000, r->repository));
}

/* One round: the n-th call fails.  False: there was no n-th call. */
static bool
run_round(struct house *h, const struct scenario *s, enum kind kind, long n)
{
	struct sta_err err = { 0 };
	const char *before;
	struct round r;
	int64_t lines;
	enum sta_rc rc;
	bool hit;

	begin_round(&r, h);
	if (s->prepare)
		s->prepare(&r);
	settle(h);
	before = state_of(h);
	lines = number(h, "SELECT count(*) FROM audit_log");
	arm(kind, n);
	rc = s->act(&r, &err);
	settle(h);
	hit = kind == MEMORY ? allocations() >= n : rc != STA_OK;
	arm(kind, 0);
	if (rc != STA_OK && (err.rc != rc || !err.msg[0]))
		fail_msg("%s, %s %ld: %d without an error record", s->name, kind_name(kind), n, (int) rc);
	if (rc != STA_OK && (rc == STA_UNAUTHENTICATED || rc == STA_DENIED))
		fail_msg("%s, %s %ld: the caller is blamed (%s)", s->name, kind_name(kind), n, err.msg);
	if (rc != STA_OK && strcmp(state_of(h), before) != 0)
		fail_msg("%s, %s %ld: failed (%s) and left something:%s, not%s", s->name, kind_name(kind), n,
			 err.msg, state_of(h), before);
	if (rc != STA_OK)
		rc = s->act(&r, &err);
	if (rc != STA_OK)
		fail_msg("%s, %s %ld: the second try failed: %s", s->name, kind_name(kind), n, err.msg);
	if (number(h, "SELECT count(*) FROM audit_log") != lines + s->lines)
		fail_msg("%s, %s %ld: not written to the audit log", s->name, kind_name(kind), n);
	rc = delete_issuer(&r, &err); /* lists of them stay short */
	assert_true(rc == STA_OK || rc == STA_NOT_FOUND);
	return hit;
}

static void
run_all(struct house *h, enum kind kind)
{
	size_t hits = 0;

	for (size_t i = 0; i < ARRAY_LEN(scenarios); i++) {
		long n = 1;

		while (n < CALLS_MAX && run_round(h, &scenarios[i], kind, n))
			n++;
		assert_true(n < CALLS_MAX);
		hits += (size_t) n - 1;
	}
	assert_sound(h);
	assert_true(hits >= ARRAY_LEN(scenarios) - 2); /* which write nothing; else the faults have missed */
}

static void
an_allocation_that_fails_is_reported_and_changes_nothing(void **state)
{
	run_all(*state, MEMORY);
}

static void
a_database_that_cannot_write_is_reported_and_changes_nothing(void **state)
{
	run_all(*state, DB_WRITE);
}

static void
a_database_that_cannot_sync_is_reported_and_changes_nothing(void **state)
{
	run_all(*state, DB_SYNC);
}

static int
set_up(void **state)
{
	struct house *h;

	if (house_setup(state) != 0)
		return -1;
	h = *state;
	h->options.issuer_keys_ttl_s = 0; /* no pause after keys that could not be had */
	house_restart(h);
	return 0;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, house_teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(an_allocation_that_fails_is_reported_and_changes_nothing),
		TEST(a_database_that_cannot_write_is_reported_and_changes_nothing),
		TEST(a_database_that_cannot_sync_is_reported_and_changes_nothing),
	};

	house_driver(argc, argv);
	shim_install();
	return cmocka_run_group_tests(tests, signer_start, signer_stop);
}
