/* Jobs of workflows: who is let in, for which repository, what that opens, and when it ends. */

#include "house.h"

#include <string.h>

#include "model/orgs.h"
#include "registry/account.h"
#include "registry/grant.h"
#include "registry/issuer.h"
#include "registry/list.h"
#include "registry/org.h"
#include "registry/repository.h"
#include "registry/token.h"
#include "registry/workflow.h"
#include "signer.h"

#define URL "https://ci.example.com"
#define CODE "acme/code"
#define PACKAGE "acme/app"
#define MAIN ",\"ref\":\"refs/heads/main\",\"event\":\"push\""

/* Beside the house's: carol owns acme, dave is a member of it, erin is in nothing. */
static struct sta_call carol, dave, erin;
static int64_t rule_id; /* lets jobs of acme's repositories write */

static struct sta_call
new_user(struct house *h, const char *name)
{
	struct sta_call call = h->alice;
	struct sta_user user;

	assert_int_equal(sta_user_create(h->r, &h->sys, name, NULL, false, &user, &h->err), STA_OK);
	call.caller.user_id = user.id;
	call.caller.login = name;
	return call;
}

static enum sta_rc
add_issuer(struct house *h, const struct sta_call *call, const char *name, const char *url)
{
	const struct sta_issuer_request req = {
		.name = name,
		.profile = "none",
		.url = url,
		.audience = "registry",
		.claims = "repository=repository\nref=ref\nevent=event",
		.read_events = "pull_request",
		.keys = signer_set(h->arena, 1),
	};
	struct sta_issuer made;

	return sta_issuer_add(h->r, call, &req, &made, &h->err);
}

static enum sta_rc
allow_as(struct house *h, const char *conditions, const char *repository, enum sta_role role, int64_t *id)
{
	struct sta_issuer_rule rule = {
		.issuer = "ci", .conditions = conditions, .repository = repository, .role = role
	};
	enum sta_rc rc = sta_issuer_allow(h->r, &h->sys, &rule, &h->err);

	if (rc == STA_OK && id)
		*id = rule.id;
	return rc;
}

static int
set_up(void **state)
{
	struct house *h;
	struct sta_org org;

	if (house_setup(state) != 0)
		return -1;
	h = *state;
	carol = new_user(h, "carol");
	dave = new_user(h, "dave");
	erin = new_user(h, "erin");
	assert_int_equal(sta_org_create(h->r, &h->sys, "acme", "carol", &org, &h->err), STA_OK);
	assert_int_equal(sta_org_add(h->r, &carol, "acme", "dave", STA_ORG_MEMBER, &h->err), STA_OK);
	assert_int_equal(add_issuer(h, &h->sys, "ci", URL), STA_OK);
	assert_int_equal(allow_as(h, "repository=acme/*", NULL, STA_ROLE_WRITE, &rule_id), STA_OK);
	return 0;
}

/* --- jobs --- */

static const char *
claims_at(struct house *h, const char *iss, const char *aud, const char *more)
{
	long long now = sta_now_unix();

	return sta_arena_printf(h->arena,
				"{\"iss\":\"%s\",\"aud\":\"%s\",\"iat\":%lld,\"exp\":%lld,\"sub\":\"x\"%s}",
				iss, aud, now, now + 300, more);
}

static const char *
claims_of(struct house *h, const char *repository, const char *more)
{
	return claims_at(h, URL, "registry",
			 sta_arena_printf(h->arena, ",\"repository\":\"%s\"%s", repository, more));
}

static struct sta_call
stranger(struct house *h)
{
	return (struct sta_call){ .arena = h->arena, .may_wait = true, .peer = "192.0.2.7" };
}

static enum sta_rc
sign_in(struct house *h, const char *token, struct sta_call *out)
{
	*out = stranger(h);
	h->err = (struct sta_err){ .rc = STA_OK };
	return sta_authenticate_basic(h->r, out, "any", token, &h->err);
}

/* A job of the repository's main branch, signed in. */
static struct sta_call
job_of(struct house *h, const char *repository)
{
	struct sta_call call;

	assert_int_equal(sign_in(h, signer_token(h->arena, 0, claims_of(h, repository, MAIN)), &call),
			 STA_OK);
	return call;
}

static const char *
workflow_token(struct house *h, const struct sta_call *job)
{
	struct sta_workflow_token made;

	assert_int_equal(sta_workflow_token(h->r, job, &made, &h->err), STA_OK);
	return made.token;
}

static const char *
bearer_of(struct house *h, const struct sta_call *call, const char *name)
{
	const struct sta_limit limit = {
		.name = name, .actions = STA_ACTION_BIT(STA_ACTION_READ) | STA_ACTION_BIT(STA_ACTION_WRITE)
	};
	const struct sta_bearer_request req = { .limits = &limit, .n_limits = 1, .offline = true };
	struct sta_bearer made;

	assert_int_equal(sta_bearer_issue(h->r, call, &req, &made, &h->err), STA_OK);
	assert_null(made.refresh); /* a job asks its issuer */
	return made.token;
}

static enum sta_rc
sign_in_by_bearer(struct house *h, const char *token, struct sta_call *out)
{
	*out = stranger(h);
	return sta_authenticate_bearer(h->r, out, token, strlen(token), &h->err);
}

/* Both kinds of token that a job can have of us have ended: they were good once. */
static void
assert_ended(struct house *h, const char *workflow, const char *bearer)
{
	struct sta_call call;

	assert_int_equal(sign_in(h, workflow, &call), STA_UNAUTHENTICATED);
	assert_true(call.stale);
	assert_int_equal(call.caller.kind, STA_CALLER_ANONYMOUS);
	assert_int_equal(sign_in_by_bearer(h, workflow, &call), STA_UNAUTHENTICATED);
	assert_true(call.stale);
	assert_int_equal(sign_in_by_bearer(h, bearer, &call), STA_UNAUTHENTICATED);
	assert_true(call.stale);
}

static enum sta_rc
push(struct house *h, const struct sta_call *call, const char *name)
{
	return push_blob(h, call, name, "x", 1, &h->err);
}

/* An image, so that the package is shown in lists. */
static enum sta_rc
push_image(struct house *h, const struct sta_call *call, const char *name)
{
	struct sta_digest config = sha256_of("x", 1);
	enum sta_rc rc = push(h, call, name);

	return rc == STA_OK ? push_manifest(h, call, name, "v1", manifest_of(h, &config, 1, NULL, 0, 0), NULL,
					    &h->err)
			    : rc;
}

static enum sta_rc
read_it(struct house *h, const struct sta_call *call, const char *name)
{
	struct sta_name parsed;
	struct sta_name_page page;

	name_of(name, &parsed);
	return sta_list_tags(h->r, call, &parsed, NULL, 10, &page, &h->err);
}

/* The newest line of the audit log: "actor action target detail". */
static const char *
last_line(struct house *h)
{
	struct sta_audit_line *lines = NULL;
	const char *text;
	size_t n = 0;

	assert_int_equal(sta_audit_read(h->r, &h->sys, "", 0, 1, &lines, &n, &h->err), STA_OK);
	assert_int_equal(n, 1);
	text = sta_arena_printf(h->arena, "%s %s %s %s", lines[0].actor, lines[0].action, lines[0].target,
				lines[0].detail);
	assert_non_null(text);
	return text;
}

static void
a_job_acts_for_its_repository_within_its_rule(void **state)
{
	struct house *h = *state;
	struct sta_call job = job_of(h, "Acme/Code");

	assert_int_equal(job.caller.kind, STA_CALLER_USER);
	assert_string_equal(job.caller.login, CODE);
	assert_false(job.caller.site_admin);
	assert_int_equal(job.caller.scopes, STA_SCOPE_PACKAGES);
	assert_int_equal(job.caller.home_id, number(h, "SELECT id FROM namespace WHERE name = 'acme'"));
	assert_int_equal(job.caller.home_role, STA_ROLE_NONE);
	assert_int_equal(job.caller.workflow.repository_id, number(h, "SELECT id FROM repository"));
	assert_int_equal(job.caller.workflow.rule_id, rule_id);
	assert_int_equal(job.caller.workflow.most, STA_ROLE_WRITE);
	assert_false(job.caller.limited);
	assert_false(job.stale);
}

static void
the_first_job_makes_its_repository_and_others_find_it(void **state)
{
	struct house *h = *state;
	struct sta_call first = job_of(h, CODE);
	int64_t lines = number(h, "SELECT count(*) FROM audit_log");

	assert_string_equal(last_line(h),
			    " repository.create acme/code private, for its workflows; issuer ci, rule 1");
	assert_int_equal(number(h, "SELECT visibility FROM repository"), STA_PRIVATE);
	assert_int_equal(job_of(h, CODE).caller.user_id, first.caller.user_id);
	assert_int_equal(number(h, "SELECT count(*) FROM repository"), 1);
	assert_int_equal(number(h, "SELECT count(*) FROM account WHERE kind = 3"), 1);
	assert_int_equal(number(h, "SELECT count(*) FROM audit_log"), lines);
}

static void
a_repository_that_is_there_stays_as_it_is_and_gets_an_account(void **state)
{
	struct house *h = *state;
	struct sta_repository made;
	struct sta_call job;

	assert_int_equal(sta_repository_create(h->r, &carol, CODE, STA_PUBLIC, NULL, &made, &h->err), STA_OK);
	job = job_of(h, CODE);
	assert_int_equal(number(h, "SELECT count(*) FROM repository"), 1);
	assert_int_equal(number(h, "SELECT visibility FROM repository"), STA_PUBLIC);
	assert_int_equal(number(h, "SELECT account_id FROM repository"), job.caller.user_id);
}

static void
a_job_whose_owner_is_not_here_is_told_so_and_makes_nothing(void **state)
{
	struct house *h = *state;
	struct sta_call call;

	assert_int_equal(allow_as(h, "repository=ghost/*", NULL, STA_ROLE_WRITE, NULL), STA_OK);
	assert_int_equal(sign_in(h, signer_token(h->arena, 0, claims_of(h, "ghost/code", MAIN)), &call),
			 STA_DENIED);
	assert_string_equal(h->err.msg, "denied");
	assert_string_equal(h->err.detail, "workflow: there is no user or organization 'ghost' here");
	assert_int_equal(call.caller.kind, STA_CALLER_ANONYMOUS);
	assert_int_equal(number(h, "SELECT count(*) FROM repository"), 0);
	assert_int_equal(number(h, "SELECT count(*) FROM account WHERE kind = 3"), 0);
}

static void
a_job_that_no_rule_lets_in_is_told_so(void **state)
{
	struct house *h = *state;
	struct sta_call call;

	assert_int_equal(sign_in(h, signer_token(h->arena, 0, claims_of(h, "zoo/code", MAIN)), &call),
			 STA_DENIED);
	assert_string_equal(h->err.msg, "denied");
	assert_string_equal(h->err.detail,
			    "workflow: no rule of the issuer 'ci' lets 'zoo/code' in from refs/heads/main");
	assert_int_equal(sign_in(h, signer_token(h->arena, 0, claims_of(h, "acme/a/b", MAIN)), &call),
			 STA_DENIED);
	assert_int_equal(number(h, "SELECT count(*) FROM repository"), 0);
}

static void
tokens_that_are_no_good_are_refused_alike(void **state)
{
	struct house *h = *state;
	const char *fine = claims_of(h, CODE, MAIN);
	const char *more = sta_arena_printf(h->arena, ",\"repository\":\"" CODE "\"" MAIN);
	const char *const bad[] = {
		signer_token_by(h->arena, 0, 1, fine), /* the signature */
		signer_token(h->arena, 1, fine),       /* an unknown key */
		signer_token(h->arena, 0, claims_at(h, "https://other.example.com", "registry", more)),
		signer_token(h->arena, 0, claims_at(h, URL "/", "registry", more)),
		signer_token(h->arena, 0, claims_at(h, URL, "other", more)),
		signer_token(h->arena, 0, "{}"),
		signer_token(h->arena, 0, "{\"iss\":\"" URL "\",\"aud\":\"registry\"}"),
		"eyJhbGciOiJub25lIn0.e30.",
		"eyJ..",
	};
	struct sta_call call;
	const char *message = NULL;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (sign_in(h, bad[i], &call) != STA_UNAUTHENTICATED)
			fail_msg("%zu", i);
		if (!message)
			message = sta_arena_strdup(h->arena, h->err.msg);
		assert_string_equal(h->err.msg, message);
		assert_string_equal(h->err.detail, "");
		assert_int_equal(call.caller.kind, STA_CALLER_ANONYMOUS);
	}
	assert_int_equal(number(h, "SELECT count(*) FROM repository"), 0);
	assert_int_equal(sign_in(h, signer_token(h->arena, 0, fine), &call), STA_OK);
	sta_clock_set_offset(301);
	assert_int_equal(sign_in(h, signer_token(h->arena, 0, fine), &call), STA_UNAUTHENTICATED);
	assert_string_equal(h->err.msg, message);
}

static void
a_job_of_an_event_for_reading_only_reads(void **state)
{
	struct house *h = *state;
	const char *claims = claims_of(h, CODE, ",\"event\":\"pull_request\"");
	struct sta_call call;

	assert_int_equal(sign_in(h, signer_token(h->arena, 0, claims), &call), STA_OK);
	assert_int_equal(call.caller.workflow.most, STA_ROLE_READ);
	assert_int_equal(push(h, &call, PACKAGE), STA_DENIED);
}

static void
who_may_not_wait_waits_for_nothing(void **state)
{
	struct house *h = *state;
	const char *token = signer_token(h->arena, 0, claims_of(h, CODE, MAIN));
	const char *other = signer_token(h->arena, 0, claims_of(h, "acme/other", MAIN));
	struct sta_call call = stranger(h);

	call.may_wait = false;
	assert_int_equal(sta_authenticate_workflow(h->r, &call, token, strlen(token), &h->err),
			 STA_WOULD_BLOCK);
	assert_int_equal(number(h, "SELECT count(*) FROM repository"), 0);
	(void) job_of(h, CODE);
	assert_int_equal(sta_authenticate_workflow(h->r, &call, token, strlen(token), &h->err), STA_OK);
	assert_string_equal(call.caller.login, CODE);
	call = stranger(h);
	call.may_wait = false; /* the repository has to be made */
	assert_int_equal(sta_authenticate_workflow(h->r, &call, other, strlen(other), &h->err),
			 STA_WOULD_BLOCK);
	assert_int_equal(number(h, "SELECT count(*) FROM repository"), 1);
}

/* --- tokens of ours --- */

static void
assert_same_job(const struct sta_call *a, const struct sta_call *b)
{
	assert_int_equal(a->caller.user_id, b->caller.user_id);
	assert_int_equal(a->caller.workflow.repository_id, b->caller.workflow.repository_id);
	assert_int_equal(a->caller.workflow.rule_id, b->caller.workflow.rule_id);
	assert_int_equal(a->caller.workflow.most, b->caller.workflow.most);
}

static void
a_workflows_token_is_a_password_and_a_bearer_token_for_its_time(void **state)
{
	struct house *h = *state;
	struct sta_call job = job_of(h, CODE), again;
	struct sta_workflow_token made;
	int64_t now = sta_now_unix();

	assert_int_equal(sta_workflow_token(h->r, &job, &made, &h->err), STA_OK);
	assert_int_equal(made.expires_s, h->options.workflow_ttl_s);
	assert_in_range(made.expires_unix, now + (int64_t) made.expires_s,
			now + (int64_t) made.expires_s + 5);
	assert_string_equal(made.repository, CODE);
	assert_int_equal(made.most, STA_ROLE_WRITE);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(i == 0 ? sign_in(h, made.token, &again)
					: sign_in_by_bearer(h, made.token, &again),
				 STA_OK);
		assert_int_equal(again.caller.user_id, job.caller.user_id);
		assert_string_equal(again.caller.login, CODE);
		assert_int_equal(again.caller.home_id, job.caller.home_id);
		assert_int_equal(again.caller.scopes, STA_SCOPE_PACKAGES);
		assert_same_job(&again, &job);
		assert_false(again.caller.limited);
	}
	assert_int_equal(sta_authenticate_refresh(h->r, &again, made.token, strlen(made.token), &h->err),
			 STA_UNAUTHENTICATED);
	sta_clock_set_offset((int64_t) h->options.workflow_ttl_s + 10);
	assert_int_equal(sign_in(h, made.token, &again), STA_UNAUTHENTICATED);
	assert_true(again.stale);
}

static void
only_a_job_gets_a_workflows_token_and_not_by_a_limited_one(void **state)
{
	struct house *h = *state;
	struct sta_call job = job_of(h, CODE), limited;
	struct sta_workflow_token made;

	assert_int_equal(sta_workflow_token(h->r, &h->alice, &made, &h->err), STA_UNAUTHENTICATED);
	assert_int_equal(sta_workflow_token(h->r, &h->nobody, &made, &h->err), STA_UNAUTHENTICATED);
	assert_int_equal(sta_workflow_token(h->r, &h->sys, &made, &h->err), STA_UNAUTHENTICATED);
	assert_int_equal(sign_in_by_bearer(h, bearer_of(h, &job, PACKAGE), &limited), STA_OK);
	assert_int_equal(sta_workflow_token(h->r, &limited, &made, &h->err), STA_UNAUTHENTICATED);
}

static void
a_jobs_bearer_token_says_as_much_as_the_job_may_and_is_no_password(void **state)
{
	struct house *h = *state;
	struct sta_call job = job_of(h, CODE), by_workflow, call;
	const char *workflow = workflow_token(h, &job);
	const char *bearers[2];

	assert_int_equal(sign_in(h, workflow, &by_workflow), STA_OK);
	bearers[0] = bearer_of(h, &job, PACKAGE);
	bearers[1] = bearer_of(h, &by_workflow, PACKAGE);
	for (size_t i = 0; i < ARRAY_LEN(bearers); i++) {
		assert_int_equal(sign_in_by_bearer(h, bearers[i], &call), STA_OK);
		assert_true(call.caller.limited);
		assert_int_equal(call.caller.n_limits, 1);
		assert_int_equal(call.caller.user_id, job.caller.user_id);
		assert_same_job(&call, &job);
		assert_int_equal(sign_in(h, bearers[i], &call), STA_UNAUTHENTICATED);
	}
}

static void
what_a_rule_let_in_ends_with_it_and_no_other_rule_revives_it(void **state)
{
	struct house *h = *state;
	struct sta_call job = job_of(h, CODE), call;
	const char *workflow = workflow_token(h, &job);
	const char *bearer = bearer_of(h, &job, PACKAGE);

	assert_int_equal(sign_in(h, workflow, &call), STA_OK);
	assert_int_equal(sta_issuer_disallow(h->r, &h->sys, rule_id, &h->err), STA_OK);
	assert_ended(h, workflow, bearer);
	assert_int_equal(sign_in(h, signer_token(h->arena, 0, claims_of(h, CODE, MAIN)), &call), STA_DENIED);
	assert_int_equal(allow_as(h, "repository=acme/*", NULL, STA_ROLE_WRITE, NULL), STA_OK);
	assert_ended(h, workflow, bearer);
	(void) job_of(h, CODE);
}

static void
what_an_issuer_let_in_ends_with_it(void **state)
{
	struct house *h = *state;
	struct sta_call job = job_of(h, CODE), call;
	const char *workflow = workflow_token(h, &job);
	const char *bearer = bearer_of(h, &job, PACKAGE);

	assert_int_equal(sta_issuer_delete(h->r, &h->sys, "ci", &h->err), STA_OK);
	assert_int_equal(number(h, "SELECT count(*) FROM issuer_rule"), 0);
	assert_ended(h, workflow, bearer);
	assert_int_equal(sign_in(h, signer_token(h->arena, 0, claims_of(h, CODE, MAIN)), &call),
			 STA_UNAUTHENTICATED);
	assert_int_equal(add_issuer(h, &h->sys, "ci", URL), STA_OK);
	assert_int_equal(allow_as(h, "repository=acme/*", NULL, STA_ROLE_WRITE, NULL), STA_OK);
	assert_ended(h, workflow, bearer);
}

static void
with_a_repository_go_its_account_what_that_was_granted_and_its_tokens(void **state)
{
	struct house *h = *state;
	struct sta_call job = job_of(h, CODE);
	const char *workflow = workflow_token(h, &job);
	const char *bearer = bearer_of(h, &job, PACKAGE);

	assert_int_equal(push(h, &h->alice, "alice/app"), STA_OK);
	assert_int_equal(
		sta_grant_give(h->r, &h->admin, "alice/app", "repository:" CODE, STA_ROLE_WRITE, &h->err),
		STA_OK);
	assert_int_equal(push(h, &job, PACKAGE), STA_OK);
	assert_int_equal(sta_repository_delete(h->r, &carol, CODE, &h->err), STA_OK);
	assert_int_equal(number(h, "SELECT count(*) FROM account WHERE kind = 3"), 0);
	assert_int_equal(number(h, "SELECT count(*) FROM namespace WHERE kind = 4"), 0);
	assert_int_equal(number(h, "SELECT count(*) FROM role_grant g WHERE subject_kind = 1 AND NOT EXISTS"
				   " (SELECT 1 FROM account a WHERE a.id = g.subject_id)"),
			 0);
	assert_ended(h, workflow, bearer);
	assert_int_equal(push(h, &job, PACKAGE), STA_UNAUTHENTICATED); /* signed in before */
	assert_int_not_equal(job_of(h, CODE).caller.user_id, job.caller.user_id);
	assert_ended(h, workflow, bearer);
	assert_sound(h);
}

static void
a_job_that_signed_in_before_its_rule_went_changes_nothing_after(void **state)
{
	struct house *h = *state;
	struct sta_call job = job_of(h, CODE);

	assert_int_equal(sta_issuer_disallow(h->r, &h->sys, rule_id, &h->err), STA_OK);
	assert_int_equal(push(h, &job, PACKAGE), STA_UNAUTHENTICATED);
	assert_int_equal(number(h, "SELECT count(*) FROM package"), 0);
	settle(h);
}

/* --- packages --- */

static struct sta_package_info
package_info(struct house *h, const char *name)
{
	struct sta_package_info *all = NULL;
	size_t n = 0;

	assert_int_equal(sta_package_list(h->r, &h->sys, NULL, 10, &all, &n, &h->err), STA_OK);
	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i].name, name) == 0)
			return all[i];
	fail_msg("no package %s", name);
	return all[0];
}

/* Roles on the package, as the system sees them: "repository:acme/code read, carol admin". */
static const char *
grants_of(struct house *h, const char *name)
{
	struct sta_grant *grants = NULL;
	const char *text = "";
	size_t n = 0;

	assert_int_equal(sta_grant_all(h->r, &h->sys, name, &grants, &n, &h->err), STA_OK);
	for (size_t i = 0; i < n && text; i++)
		text = sta_arena_printf(h->arena, "%s%s%s %s", text, i > 0 ? ", " : "", grants[i].subject,
					sta_role_name(grants[i].role));
	assert_non_null(text);
	return text;
}

static void
a_package_that_a_job_makes_is_linked_inherits_and_has_it_for_an_admin(void **state)
{
	struct house *h = *state;
	struct sta_call job = job_of(h, CODE);
	struct sta_package_info info;

	assert_int_equal(push_image(h, &job, PACKAGE), STA_OK);
	assert_string_equal(last_line(h), "acme/code package.create acme/app private");
	info = package_info(h, PACKAGE);
	assert_string_equal(info.repository, CODE);
	assert_true(info.inherits);
	assert_string_equal(grants_of(h, PACKAGE), "repository:acme/code admin");
	assert_int_equal(read_it(h, &job, PACKAGE), STA_OK);
	assert_sound(h);
}

static void
a_package_does_not_inherit_where_the_organization_does_without(void **state)
{
	struct house *h = *state;
	const bool no = false;
	const struct sta_org_change change = { .inherits = &no };
	struct sta_org org;
	struct sta_call job = job_of(h, CODE);
	struct sta_package_info info;

	assert_int_equal(sta_org_set(h->r, &carol, "acme", &change, &org, &h->err), STA_OK);
	assert_int_equal(push_image(h, &job, PACKAGE), STA_OK);
	info = package_info(h, PACKAGE);
	assert_string_equal(info.repository, CODE);
	assert_false(info.inherits);
}

static void
jobs_make_packages_of_their_owner_alone_and_only_those_that_members_may(void **state)
{
	struct house *h = *state;
	const unsigned creates = STA_VISIBILITY_BIT(STA_PUBLIC);
	const struct sta_org_change change = { .creates = &creates };
	struct sta_org org;
	struct sta_call job = job_of(h, CODE);

	assert_int_equal(push(h, &job, "alice/app"), STA_DENIED);
	assert_int_equal(sta_org_set(h->r, &carol, "acme", &change, &org, &h->err), STA_OK);
	assert_int_equal(push(h, &job, PACKAGE), STA_DENIED);
	assert_string_equal(h->err.msg, "installation not allowed to Create organization package");
	assert_int_equal(number(h, "SELECT count(*) FROM package"), 0);
}

static void
a_job_for_a_users_repository_makes_packages_of_the_user(void **state)
{
	struct house *h = *state;
	struct sta_call job;

	assert_int_equal(allow_as(h, "repository=alice/*", NULL, STA_ROLE_WRITE, NULL), STA_OK);
	job = job_of(h, "alice/code");
	assert_int_equal(push_image(h, &job, "alice/app"), STA_OK);
	assert_string_equal(package_info(h, "alice/app").repository, "alice/code");
	assert_int_equal(push(h, &job, PACKAGE), STA_DENIED);
}

static void
a_role_that_was_granted_to_the_repository_is_its_jobs(void **state)
{
	struct house *h = *state;
	struct sta_call job = job_of(h, CODE);

	assert_int_equal(push(h, &carol, PACKAGE), STA_OK);
	assert_int_equal(read_it(h, &job, PACKAGE), STA_DENIED);
	assert_int_equal(
		sta_grant_give(h->r, &carol, PACKAGE, "repository:Acme/Code", STA_ROLE_READ, &h->err),
		STA_OK);
	assert_string_equal(last_line(h), "carol package.access acme/app repository:acme/code as read");
	assert_int_equal(read_it(h, &job, PACKAGE), STA_OK);
	assert_int_equal(push(h, &job, PACKAGE), STA_DENIED);
	assert_string_equal(h->err.msg, "installation not allowed to Write organization package");
	assert_int_equal(
		sta_grant_give(h->r, &carol, PACKAGE, "repository:acme/code", STA_ROLE_ADMIN, &h->err),
		STA_OK);
	assert_int_equal(push(h, &job, PACKAGE), STA_OK);
	assert_string_equal(grants_of(h, PACKAGE), "repository:acme/code admin, carol admin");
	/* More than its rule gives it has not. */
	assert_int_equal(sta_package_set_visibility(h->r, &job, PACKAGE, STA_PUBLIC, &h->err), STA_DENIED);
	assert_int_equal(sta_grant_take(h->r, &carol, PACKAGE, "repository:acme/code", &h->err), STA_OK);
	assert_string_equal(last_line(h), "carol package.access.revoke acme/app repository:acme/code");
	assert_int_equal(read_it(h, &job, PACKAGE), STA_DENIED);
}

static void
a_grant_makes_the_repositorys_account_and_a_refused_one_does_not(void **state)
{
	struct house *h = *state;
	struct sta_repository made;
	struct sta_call job;

	assert_int_equal(sta_repository_create(h->r, &carol, CODE, STA_PRIVATE, NULL, &made, &h->err),
			 STA_OK);
	assert_int_equal(push(h, &carol, PACKAGE), STA_OK);
	assert_int_equal(sta_grant_take(h->r, &carol, PACKAGE, "repository:" CODE, &h->err), STA_NOT_FOUND);
	assert_string_equal(h->err.msg, "nothing is granted to 'repository:acme/code' on 'acme/app'");
	assert_int_equal(sta_repository_give(h->r, &carol, CODE, "repository:" CODE, STA_ROLE_READ, &h->err),
			 STA_INVALID);
	assert_int_equal(sta_grant_give(h->r, &carol, PACKAGE, "repository:" CODE, STA_ROLE_NONE, &h->err),
			 STA_INVALID);
	assert_int_equal(sta_grant_give(h->r, &dave, PACKAGE, "repository:" CODE, STA_ROLE_READ, &h->err),
			 STA_DENIED);
	assert_int_equal(sta_grant_give(h->r, &carol, PACKAGE, "repository:acme", STA_ROLE_READ, &h->err),
			 STA_INVALID);
	assert_int_equal(sta_grant_give(h->r, &carol, PACKAGE, "repository:", STA_ROLE_READ, &h->err),
			 STA_INVALID);
	assert_int_equal(number(h, "SELECT count(*) FROM account WHERE kind = 3"), 0);
	assert_int_equal(sta_grant_give(h->r, &carol, PACKAGE, "repository:" CODE, STA_ROLE_READ, &h->err),
			 STA_OK);
	assert_int_equal(number(h, "SELECT count(*) FROM account WHERE kind = 3"), 1);
	job = job_of(h, CODE);
	assert_int_equal(read_it(h, &job, PACKAGE), STA_OK);
	assert_int_equal(number(h, "SELECT count(*) FROM account WHERE kind = 3"), 1);
}

static void
who_may_not_read_a_repository_hears_the_same_of_it_and_of_none(void **state)
{
	struct house *h = *state;
	const char *there;
	struct sta_repository made;

	assert_int_equal(sta_repository_create(h->r, &carol, "acme/aaaa", STA_PRIVATE, NULL, &made, &h->err),
			 STA_OK);
	assert_int_equal(push(h, &h->alice, "alice/app"), STA_OK);
	assert_int_equal(
		sta_grant_give(h->r, &h->alice, "alice/app", "repository:acme/aaaa", STA_ROLE_READ, &h->err),
		STA_NOT_FOUND);
	there = sta_arena_strdup(h->arena, h->err.msg);
	assert_int_equal(
		sta_grant_give(h->r, &h->alice, "alice/app", "repository:acme/bbbb", STA_ROLE_READ, &h->err),
		STA_NOT_FOUND);
	assert_string_equal(there, "no repository 'acme/aaaa'");
	assert_string_equal(h->err.msg, "no repository 'acme/bbbb'");
	assert_int_equal(sta_grant_take(h->r, &h->alice, "alice/app", "repository:acme/aaaa", &h->err),
			 STA_NOT_FOUND);
	assert_string_equal(h->err.msg, there);
	assert_int_equal(number(h, "SELECT count(*) FROM account WHERE kind = 3"), 0);
	assert_int_equal(sta_repository_give(h->r, &carol, "acme/aaaa", "alice", STA_ROLE_READ, &h->err),
			 STA_OK);
	assert_int_equal(
		sta_grant_give(h->r, &h->alice, "alice/app", "repository:acme/aaaa", STA_ROLE_READ, &h->err),
		STA_OK);
}

static void
inheritance_keeps_what_workflows_were_granted_and_ends_what_people_were(void **state)
{
	struct house *h = *state;
	struct sta_call job = job_of(h, CODE), other = job_of(h, "acme/other");

	assert_int_equal(push(h, &carol, PACKAGE), STA_OK);
	assert_int_equal(sta_grant_give(h->r, &carol, PACKAGE, "erin", STA_ROLE_READ, &h->err), STA_OK);
	assert_int_equal(
		sta_grant_give(h->r, &carol, PACKAGE, "repository:acme/other", STA_ROLE_READ, &h->err),
		STA_OK);
	assert_int_equal(sta_package_link(h->r, &carol, PACKAGE, CODE, true, &h->err), STA_OK);
	assert_string_equal(grants_of(h, PACKAGE), "repository:acme/other read");
	assert_int_equal(read_it(h, &erin, PACKAGE), STA_DENIED);
	assert_int_equal(read_it(h, &other, PACKAGE), STA_OK);
	assert_int_equal(push(h, &other, PACKAGE), STA_DENIED);
	assert_int_equal(push(h, &job, PACKAGE), STA_OK); /* inheriting is as good as write */
	/* Workflows can still be given roles; people not. */
	assert_int_equal(
		sta_grant_give(h->r, &carol, PACKAGE, "repository:acme/other", STA_ROLE_WRITE, &h->err),
		STA_OK);
	assert_int_equal(push(h, &other, PACKAGE), STA_OK);
	assert_int_equal(sta_grant_give(h->r, &carol, PACKAGE, "erin", STA_ROLE_READ, &h->err), STA_CONFLICT);
	assert_int_equal(sta_grant_take(h->r, &carol, PACKAGE, "repository:acme/other", &h->err), STA_OK);
	assert_int_equal(read_it(h, &other, PACKAGE), STA_DENIED);
	assert_int_equal(sta_package_link(h->r, &carol, PACKAGE, CODE, false, &h->err), STA_OK);
	assert_int_equal(read_it(h, &job, PACKAGE), STA_DENIED); /* a link alone opens nothing */
}

static void
explanations_say_what_would_come_of_a_token_and_make_nothing(void **state)
{
	struct house *h = *state;
	const char *good = signer_token(h->arena, 0, claims_of(h, CODE, MAIN));
	const char *let = signer_token(h->arena, 0, claims_of(h, "zoo/code", ""));
	const char *foreign =
		signer_token(h->arena, 0, claims_at(h, "https://other.example.com", "registry", ""));
	struct sta_workflow_verdict got;

	assert_int_equal(sta_workflow_explain(h->r, &h->sys, good, strlen(good), &got, &h->err), STA_OK);
	assert_string_equal(got.issuer, "ci");
	assert_string_equal(got.repository, CODE);
	assert_int_equal(got.rule_id, rule_id);
	assert_int_equal(got.most, STA_ROLE_WRITE);
	assert_string_equal(got.why, "");
	assert_int_equal(number(h, "SELECT count(*) FROM repository"), 0);
	assert_int_equal(sta_workflow_explain(h->r, &h->sys, let, strlen(let), &got, &h->err), STA_OK);
	assert_string_equal(got.issuer, "ci");
	assert_int_equal(got.rule_id, 0);
	assert_string_equal(got.why, "no rule of the issuer 'ci' lets 'zoo/code' in");
	assert_int_equal(sta_workflow_explain(h->r, &h->sys, foreign, strlen(foreign), &got, &h->err),
			 STA_OK);
	assert_null(got.issuer);
	assert_string_equal(got.why, "no issuer of that URL is trusted here");
	assert_int_equal(sta_workflow_explain(h->r, &h->sys, "x", 1, &got, &h->err), STA_OK);
	assert_null(got.issuer);
	assert_string_not_equal(got.why, "");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, house_teardown)

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_job_acts_for_its_repository_within_its_rule),
		TEST(the_first_job_makes_its_repository_and_others_find_it),
		TEST(a_repository_that_is_there_stays_as_it_is_and_gets_an_account),
		TEST(a_job_whose_owner_is_not_here_is_told_so_and_makes_nothing),
		TEST(a_job_that_no_rule_lets_in_is_told_so),
		TEST(tokens_that_are_no_good_are_refused_alike),
		TEST(a_job_of_an_event_for_reading_only_reads),
		TEST(who_may_not_wait_waits_for_nothing),
		TEST(a_workflows_token_is_a_password_and_a_bearer_token_for_its_time),
		TEST(only_a_job_gets_a_workflows_token_and_not_by_a_limited_one),
		TEST(a_jobs_bearer_token_says_as_much_as_the_job_may_and_is_no_password),
		TEST(what_a_rule_let_in_ends_with_it_and_no_other_rule_revives_it),
		TEST(what_an_issuer_let_in_ends_with_it),
		TEST(with_a_repository_go_its_account_what_that_was_granted_and_its_tokens),
		TEST(a_job_that_signed_in_before_its_rule_went_changes_nothing_after),
		TEST(a_package_that_a_job_makes_is_linked_inherits_and_has_it_for_an_admin),
		TEST(a_package_does_not_inherit_where_the_organization_does_without),
		TEST(jobs_make_packages_of_their_owner_alone_and_only_those_that_members_may),
		TEST(a_job_for_a_users_repository_makes_packages_of_the_user),
		TEST(a_role_that_was_granted_to_the_repository_is_its_jobs),
		TEST(a_grant_makes_the_repositorys_account_and_a_refused_one_does_not),
		TEST(who_may_not_read_a_repository_hears_the_same_of_it_and_of_none),
		TEST(inheritance_keeps_what_workflows_were_granted_and_ends_what_people_were),
		TEST(explanations_say_what_would_come_of_a_token_and_make_nothing),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests(tests, signer_start, signer_stop);
}
