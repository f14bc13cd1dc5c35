/* Issuers and their rules: who may change them, and what is refused. */

#include "house.h"

#include <string.h>

#include "crypto/jwt.h"
#include "registry/grant.h"
#include "registry/issuer.h"
#include "registry/workflow.h"
#include "signer.h"

#define URL "https://ci.example.com"
#define CODE "acme/code"

static int64_t rule_id; /* lets jobs of acme's repositories write */

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

	if (house_setup(state) != 0)
		return -1;
	h = *state;
	assert_int_equal(add_issuer(h, &h->sys, "ci", URL), STA_OK);
	assert_int_equal(allow_as(h, "repository=acme/*", NULL, STA_ROLE_WRITE, &rule_id), STA_OK);
	return 0;
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
issuers_are_for_the_site_alone(void **state)
{
	struct house *h = *state;
	const struct sta_call *const not [] = { &h->alice, &h->bob, &h->nobody };
	struct sta_issuer_rule rule = { .issuer = "ci",
					.conditions = "repository=acme/*",
					.role = STA_ROLE_READ };
	struct sta_issuer_rule *rules = NULL;
	struct sta_issuer *all = NULL;
	struct sta_workflow_verdict verdict;
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(not ); i++) {
		assert_int_not_equal(add_issuer(h, not [i], "other", "https://other.example.com"), STA_OK);
		assert_int_not_equal(sta_issuer_all(h->r, not [i], &all, &n, &h -> err), STA_OK);
		assert_int_not_equal(sta_issuer_delete(h->r, not [i], "ci", &h->err), STA_OK);
		assert_int_not_equal(sta_issuer_allow(h->r, not [i], &rule, &h -> err), STA_OK);
		assert_int_not_equal(sta_issuer_rules(h->r, not [i], "ci", &rules, &n, &h->err), STA_OK);
		assert_int_not_equal(sta_issuer_disallow(h->r, not [i], rule_id, &h -> err), STA_OK);
		assert_int_not_equal(sta_workflow_explain(h->r, not [i], "x", 1, &verdict, &h->err), STA_OK);
	}
	assert_int_equal(number(h, "SELECT count(*) FROM issuer"), 1);
	assert_int_equal(number(h, "SELECT count(*) FROM issuer_rule"), 1);
	assert_int_equal(sta_issuer_all(h->r, &h->admin, &all, &n, &h->err), STA_OK);
	assert_int_equal(n, 1);
}

static const struct sta_issuer_request plain = {
	.name = "other", .profile = "none", .url = "https://other.example.com", .audience = "registry"
};

static void
assert_refused(struct house *h, const struct sta_issuer_request *req, const char *why)
{
	struct sta_issuer made = { .name = "-" };

	h->err = (struct sta_err){ .rc = STA_OK };
	if (sta_issuer_add(h->r, &h->sys, req, &made, &h->err) != STA_INVALID || !strstr(h->err.msg, why))
		fail_msg("%s: %s", why, h->err.msg);
	assert_string_equal(made.name, "-");
	assert_int_equal(number(h, "SELECT count(*) FROM issuer"), 1);
}

static void
an_issuer_that_is_not_of_the_form_is_refused(void **state)
{
	static const char *const names[] = { "", "a b", "a/b", "a:b", "\xc3\xa9", "a\n" };
	static const char *const urls[] = { "",
					    "x",
					    "ftp://x.example.com",
					    "https://",
					    "https://u@x.example.com",
					    "https://x.example.com/#f",
					    "https://x.example.com/\n" };
	static const char *const audiences[] = { "", "a b", "a\n", "\x7f" };
	static const char *const sets[] = { "", "x", "{}", "{\"keys\":[]}" };
	struct house *h = *state;
	struct sta_issuer_request req = plain;
	char *big = sta_arena_alloc(h->arena, STA_ISSUER_AUDIENCE_MAX + 2);

	memset(big, 'x', STA_ISSUER_AUDIENCE_MAX + 1);
	big[STA_ISSUER_AUDIENCE_MAX + 1] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		req.name = names[i];
		assert_refused(h, &req, "an issuer's name has");
	}
	req.name = big + STA_ISSUER_AUDIENCE_MAX - STA_ISSUER_NAME_MAX;
	assert_refused(h, &req, "an issuer's name has");
	req = plain;
	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		req.url = urls[i];
		assert_refused(h, &req, "an issuer has a URL");
	}
	req.url = NULL; /* the profile has none */
	assert_refused(h, &req, "an issuer has a URL");
	req = plain;
	for (size_t i = 0; i < ARRAY_LEN(audiences); i++) {
		req.audience = audiences[i];
		assert_refused(h, &req, "an audience has");
	}
	req.audience = big;
	assert_refused(h, &req, "an audience has");
	req = plain;
	req.profile = "sourcehut";
	assert_refused(h, &req, "there is no profile 'sourcehut'");
	req = plain;
	req.claims = "owner=x";
	assert_refused(h, &req, "'owner=x': expected");
	req = plain;
	req.read_events = "\n";
	assert_refused(h, &req, "expected the name of an event");
	req = plain;
	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		req.keys = sets[i];
		assert_refused(h, &req, "");
	}
	big = sta_arena_alloc(h->arena, STA_JWKS_MAX + 2);
	memset(big, ' ', STA_JWKS_MAX + 1);
	big[STA_JWKS_MAX + 1] = '\0';
	req.keys = big;
	assert_refused(h, &req, "a key set has at most");
}

static void
events_for_reading_need_a_claim_that_tells_events(void **state)
{
	static const char *const claims[] = { "", "repository=r", "event=", "repository=event=x" };
	struct house *h = *state;
	struct sta_issuer_request req = plain;
	struct sta_issuer made;

	req.read_events = "pull_request";
	for (size_t i = 0; i < ARRAY_LEN(claims); i++) {
		req.claims = claims[i];
		assert_refused(h, &req, "which claim is the event?");
	}
	req.claims = "repository=r\nevent=e";
	assert_int_equal(sta_issuer_add(h->r, &h->sys, &req, &made, &h->err), STA_OK);
}

static void
names_and_urls_of_issuers_are_taken_once(void **state)
{
	struct house *h = *state;

	assert_int_equal(add_issuer(h, &h->sys, "ci", "https://other.example.com"), STA_EXISTS);
	assert_int_equal(add_issuer(h, &h->sys, "other", URL), STA_EXISTS);
	assert_int_equal(add_issuer(h, &h->sys, "other", "https://other.example.com"), STA_OK);
	assert_string_equal(last_line(h), " issuer.add other https://other.example.com, audience registry");
	assert_int_equal(sta_issuer_delete(h->r, &h->sys, "other", &h->err), STA_OK);
	assert_string_equal(last_line(h), " issuer.delete other https://other.example.com");
	assert_int_equal(sta_issuer_delete(h->r, &h->sys, "other", &h->err), STA_NOT_FOUND);
	assert_string_equal(h->err.msg, "no issuer 'other'");
}

static void
profiles_say_what_is_known_of_an_issuer(void **state)
{
	struct house *h = *state;
	struct sta_issuer_request req = { .name = "gh", .profile = "github", .audience = "registry" };
	struct sta_issuer made, *all = NULL;
	size_t n = 0;

	assert_int_equal(sta_issuer_add(h->r, &h->sys, &req, &made, &h->err), STA_OK);
	assert_string_equal(made.url, "https://token.actions.githubusercontent.com");
	assert_string_equal(made.read_events, "pull_request\npull_request_target");
	assert_false(made.keys_given);
	req = (struct sta_issuer_request){
		.name = "gl", .profile = "gitlab", .audience = "registry", .read_events = ""
	};
	assert_int_equal(sta_issuer_add(h->r, &h->sys, &req, &made, &h->err), STA_OK);
	assert_string_equal(made.url, "https://gitlab.com");
	assert_string_equal(made.read_events, "");
	assert_non_null(strstr(made.claims, "repository=project_path"));
	assert_int_equal(sta_issuer_all(h->r, &h->sys, &all, &n, &h->err), STA_OK);
	assert_int_equal(n, 3);
	assert_string_equal(all[0].name, "ci");
	assert_true(all[0].keys_given);
	assert_string_equal(all[1].name, "gh");
	assert_string_equal(all[2].name, "gl");
}

static void
rules_are_of_issuers_that_are_there_and_say_whose_jobs_they_let_in(void **state)
{
	struct house *h = *state;
	struct sta_issuer_rule rule = { .issuer = "ghost",
					.conditions = "repository=acme/*",
					.role = STA_ROLE_READ };

	assert_int_equal(sta_issuer_allow(h->r, &h->sys, &rule, &h->err), STA_NOT_FOUND);
	assert_string_equal(h->err.msg, "no issuer 'ghost'");
	assert_int_equal(allow_as(h, "ref=main", NULL, STA_ROLE_READ, NULL), STA_INVALID);
	assert_int_equal(allow_as(h, "repository=acme/*", NULL, STA_ROLE_NONE, NULL), STA_INVALID);
	assert_int_equal(allow_as(h, "sub=x", "acme", STA_ROLE_READ, NULL), STA_INVALID);
	assert_int_equal(allow_as(h, "sub=x", "acme/a/b", STA_ROLE_READ, NULL), STA_INVALID);
	assert_int_equal(allow_as(h, "sub=x", "", STA_ROLE_READ, NULL), STA_INVALID);
	assert_int_equal(sta_issuer_disallow(h->r, &h->sys, 99, &h->err), STA_NOT_FOUND);
	assert_string_equal(h->err.msg, "no rule 99");
	assert_int_equal(number(h, "SELECT count(*) FROM issuer_rule"), 1);
}

static void
rules_are_listed_by_number_and_noted_in_the_audit_log(void **state)
{
	struct house *h = *state;
	struct sta_issuer_rule *all = NULL;
	int64_t id = 0;
	size_t n = 0;

	assert_int_equal(add_issuer(h, &h->sys, "other", "https://other.example.com"), STA_OK);
	assert_int_equal(allow_as(h, "sub=x\nref=y", "Acme/Code", STA_ROLE_ADMIN, &id), STA_OK);
	assert_string_equal(last_line(h), " issuer.allow ci rule 2: admin for sub=x ref=y as acme/code");
	assert_int_equal(sta_issuer_rules(h->r, &h->sys, NULL, &all, &n, &h->err), STA_OK);
	assert_int_equal(n, 2);
	assert_int_equal(all[0].id, rule_id);
	assert_null(all[0].repository);
	assert_string_equal(all[0].conditions, "repository=acme/*");
	assert_string_equal(all[0].issuer, "ci");
	assert_int_equal(all[1].id, id);
	assert_string_equal(all[1].repository, CODE);
	assert_int_equal(all[1].role, STA_ROLE_ADMIN);
	assert_int_equal(sta_issuer_rules(h->r, &h->sys, "other", &all, &n, &h->err), STA_OK);
	assert_int_equal(n, 0);
	assert_int_equal(sta_issuer_rules(h->r, &h->sys, "ghost", &all, &n, &h->err), STA_NOT_FOUND);
	assert_int_equal(sta_issuer_disallow(h->r, &h->sys, id, &h->err), STA_OK);
	assert_string_equal(last_line(h), " issuer.disallow ci rule 2: admin for sub=x ref=y as acme/code");
}

static void
operations_that_write_want_a_thread_that_may_wait(void **state)
{
	struct house *h = *state;
	struct sta_call sys = h->sys;
	struct sta_issuer_rule rule = { .issuer = "ci",
					.conditions = "repository=acme/*",
					.role = STA_ROLE_READ };

	sys.may_wait = false;
	assert_int_equal(add_issuer(h, &sys, "other", "https://other.example.com"), STA_WOULD_BLOCK);
	assert_int_equal(sta_issuer_allow(h->r, &sys, &rule, &h->err), STA_WOULD_BLOCK);
	assert_int_equal(sta_issuer_disallow(h->r, &sys, rule_id, &h->err), STA_WOULD_BLOCK);
	assert_int_equal(sta_issuer_delete(h->r, &sys, "ci", &h->err), STA_WOULD_BLOCK);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, house_teardown)

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(issuers_are_for_the_site_alone),
		TEST(an_issuer_that_is_not_of_the_form_is_refused),
		TEST(events_for_reading_need_a_claim_that_tells_events),
		TEST(names_and_urls_of_issuers_are_taken_once),
		TEST(profiles_say_what_is_known_of_an_issuer),
		TEST(rules_are_of_issuers_that_are_there_and_say_whose_jobs_they_let_in),
		TEST(rules_are_listed_by_number_and_noted_in_the_audit_log),
		TEST(operations_that_write_want_a_thread_that_may_wait),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests(tests, signer_start, signer_stop);
}
