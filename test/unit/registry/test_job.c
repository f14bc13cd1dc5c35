#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry/job.h"

#define NOW 1700000000
#define URL "https://ci.example.com"

static struct sta_arena *arena;
static struct sta_err err;

static int
set_up(void **state)
{
	(void) state;
	arena = sta_arena_new(8 << 20);
	err = (struct sta_err){ .rc = STA_OK };
	return arena ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void) state;
	sta_arena_free(arena);
	return 0;
}

static const struct sta_issuer_row ci = {
	.id = 1,
	.name = "ci",
	.url = URL,
	.audience = "registry",
	.claims = "repository=project\nref=git_ref\nevent=why\nenvironment=env\nfork=is_fork",
	.read_events = "",
	.keys = "",
};

static json_t *
load(const char *text)
{
	json_t *j = NULL;

	assert_int_equal(sta_json_load(arena, text, strlen(text), &j, &err), STA_OK);
	return j;
}

/* So many bytes of c. */
static char *
run_of(char c, size_t n)
{
	char *s = sta_arena_alloc(arena, n + 1);

	assert_non_null(s);
	memset(s, c, n);
	s[n] = '\0';
	return s;
}

/* --- is the token for us, and good now? --- */

static enum sta_rc
check(const char *claims)
{
	enum sta_rc rc;

	err = (struct sta_err){ .rc = STA_OK };
	rc = sta_job_check(&ci, load(claims), NOW, &err);
	assert_int_equal(err.rc, rc);
	return rc;
}

static void
assert_refused(const char *claims, const char *why)
{
	if (check(claims) != STA_UNAUTHENTICATED || strcmp(err.msg, why) != 0)
		fail_msg("%s: %s", claims, err.msg);
}

#define OTHERS "\"exp\":1700000300,\"iat\":1700000000"
#define US "\"iss\":\"" URL "\",\"aud\":\"registry\""

static void
a_token_is_of_its_issuer_to_the_byte(void **state)
{
	static const char *const bad[] = {
		"",
		"\"iss\":\"\",",
		"\"iss\":null,",
		"\"iss\":1,",
		"\"iss\":[\"" URL "\"],",
		"\"iss\":\"" URL "/\",",
		"\"iss\":\"https://CI.example.com\",",
		"\"iss\":\"http://ci.example.com\",",
	};

	(void) state;
	assert_int_equal(check("{" US "," OTHERS "}"), STA_OK);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_refused(sta_arena_printf(arena, "{%s\"aud\":\"registry\"," OTHERS "}", bad[i]),
			       "the token is of another issuer");
}

static void
a_token_is_for_us_alone_or_for_us_too(void **state)
{
	static const char *const good[] = {
		"\"registry\"",
		"[\"registry\"]",
		"[\"other\",\"registry\"]",
		"[\"registry\",\"other\"]",
	};
	static const char *const bad[] = {
		"\"\"",
		"null",
		"1",
		"true",
		"{\"registry\":\"registry\"}",
		"\"Registry\"",
		"\"registry \"",
		"\"registry/app\"",
		"\"regist\"",
		"[]",
		"[\"other\"]",
		"[[\"registry\"]]",
		"[\"registry\",1]",
		"[null,\"registry\"]",
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_int_equal(check(sta_arena_printf(arena, "{\"iss\":\"" URL "\",\"aud\":%s," OTHERS "}",
							good[i])),
				 STA_OK);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_refused(sta_arena_printf(arena, "{\"iss\":\"" URL "\",\"aud\":%s," OTHERS "}", bad[i]),
			       "the token is for another audience");
	assert_refused("{\"iss\":\"" URL "\"," OTHERS "}", "the token is for another audience");
}

static void
times_are_kept_to_the_second_and_clocks_may_differ_by_a_minute(void **state)
{
	static const struct {
		const char *times;
		const char *why; /* NULL: good */
	} cases[] = {
		{ "\"exp\":1700000001,\"iat\":1699999999", NULL },
		{ "\"exp\":1700000000,\"iat\":1699999999", "the token has expired" },
		{ "\"exp\":1699999999,\"iat\":1699999999", "the token has expired" },
		{ "\"exp\":0,\"iat\":0", "the token has expired" },
		{ "\"exp\":1700000300,\"iat\":1700000060", NULL },
		{ "\"exp\":1700000300,\"iat\":1700000061", "the token is not good yet" },
		{ "\"exp\":1700000300,\"iat\":1700000000,\"nbf\":1700000060", NULL },
		{ "\"exp\":1700000300,\"iat\":1700000000,\"nbf\":1700000061", "the token is not good yet" },
		{ "\"exp\":1700000300,\"iat\":1700000061,\"nbf\":1700000000", "the token is not good yet" },
		{ "\"exp\":1700000300,\"iat\":0,\"nbf\":0", NULL },
		{ "\"exp\":9223372036854775807,\"iat\":0", NULL },
		{ "\"exp\":1700000300,\"iat\":9223372036854775807", "the token is not good yet" },
		/* RFC 7519 allows fractions; the whole part counts. */
		{ "\"exp\":1700000001.5,\"iat\":1699999999.5", NULL },
		{ "\"exp\":1700000000.9,\"iat\":1699999999.5", "the token has expired" },
		{ "\"exp\":1700000300,\"iat\":1700000060.9", NULL },
		{ "\"exp\":1.7000003e9,\"iat\":1e9", NULL },
		{ "\"exp\":9e14,\"iat\":0.0", NULL },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *claims = sta_arena_printf(arena, "{" US ",%s}", cases[i].times);

		if (cases[i].why)
			assert_refused(claims, cases[i].why);
		else if (check(claims) != STA_OK)
			fail_msg("%s: %s", claims, err.msg);
	}
}

static void
a_time_that_is_missing_or_none_is_refused(void **state)
{
	static const char *const values[] = { "null", "true",  "\"1700000000\"", "[]",   "{}",   "-1",
					      "-0.5", "-1e18", "1e15",           "1e18", "1e300" };
	static const char *const names[] = { "exp", "iat", "nbf" };

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		for (size_t v = 0; v < ARRAY_LEN(values); v++)
			assert_refused(sta_arena_printf(arena, "{" US ",\"%s\":%s%s%s%s}", names[i],
							values[v], i == 0 ? "" : ",\"exp\":1700000300",
							i == 1 ? "" : ",\"iat\":1700000000",
							i == 2 ? "" : ",\"nbf\":1700000000"),
				       "the token does not say when it is good");
	assert_refused("{" US ",\"iat\":1700000000}", "the token does not say when it is good");
	assert_refused("{" US ",\"exp\":1700000300}", "the token does not say when it is good");
	assert_refused("{" US ",\"exp\":1700000300,\"nbf\":1700000000}",
		       "the token does not say when it is good");
}

/* --- what the rules make of it --- */

static enum sta_rc
judge_by(const struct sta_issuer_row *issuer, const struct sta_issuer_rule_row *rules, size_t n,
	 const char *claims, struct sta_job_verdict *out)
{
	enum sta_rc rc;

	err = (struct sta_err){ .rc = STA_OK };
	rc = sta_job_judge(arena, issuer, rules, n, load(claims), out, &err);
	assert_int_equal(err.rc, rc);
	return rc;
}

/* Does a rule with these conditions let such a job in? */
static bool
lets_in(const char *conditions, const char *claims)
{
	const struct sta_issuer_rule_row rule = {
		.id = 1, .conditions = conditions, .repository = "acme/app", .role = STA_ROLE_WRITE
	};
	struct sta_job_verdict got;
	enum sta_rc rc = judge_by(&ci, &rule, 1, claims, &got);

	assert_true(rc == STA_OK || rc == STA_DENIED);
	return rc == STA_OK;
}

struct fit {
	const char *conditions;
	const char *claims;
	bool in;
};

static void
assert_fits(const struct fit *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (lets_in(cases[i].conditions, cases[i].claims) != cases[i].in)
			fail_msg("'%s' of %s", cases[i].conditions, cases[i].claims);
}

static void
a_rule_lets_in_when_all_its_conditions_hold(void **state)
{
	static const struct fit cases[] = {
		{ "a=x", "{\"a\":\"x\"}", true },       { "a=x", "{\"a\":\"y\"}", false },
		{ "a=x", "{\"b\":\"x\"}", false },      { "a=x\nb=y", "{\"a\":\"x\",\"b\":\"y\"}", true },
		{ "a=x\nb=y", "{\"a\":\"x\"}", false }, { "a=x\nb=y", "{\"b\":\"y\"}", false },
		{ "a=x\na=y", "{\"a\":\"x\"}", false }, { "a=x*\na=*y", "{\"a\":\"xy\"}", true },
		{ "a=x=y", "{\"a\":\"x=y\"}", true }, /* the first '=' parts them */
		{ "", "{\"a\":\"x\"}", false },       /* none holds for everybody */
		{ "a", "{\"a\":\"\"}", false },       /* nor does what says nothing */
		{ "=x", "{\"\":\"x\"}", true },
	};

	(void) state;
	assert_fits(cases, ARRAY_LEN(cases));
}

static void
conditions_are_patterns_of_names(void **state)
{
	static const struct fit cases[] = {
		{ "ref=refs/tags/v?", "{\"git_ref\":\"refs/tags/v1\"}", true },
		{ "ref=refs/tags/v?", "{\"git_ref\":\"refs/tags/v10\"}", false },
		{ "ref=refs/heads/*", "{\"git_ref\":\"refs/heads/main\"}", true },
		{ "ref=refs/heads/*", "{\"git_ref\":\"refs/heads/a/b\"}", false },
		{ "ref=refs/heads/**", "{\"git_ref\":\"refs/heads/a/b\"}", true },
		{ "ref=refs/heads/main", "{\"git_ref\":\"xrefs/heads/main\"}", false },
		{ "ref=refs/heads/main", "{\"git_ref\":\"refs/heads/main\\n\"}", false },
		{ "a=*", "{\"a\":\"\"}", true },
	};

	(void) state;
	assert_fits(cases, ARRAY_LEN(cases));
}

static void
meanings_are_the_claims_that_the_issuer_says_and_no_others(void **state)
{
	static const struct fit cases[] = {
		{ "repository=acme/app", "{\"project\":\"acme/app\"}", true },
		{ "repository=acme/app", "{\"repository\":\"acme/app\"}", false },
		{ "ref=r", "{\"git_ref\":\"r\"}", true },
		{ "ref=r", "{\"ref\":\"r\"}", false },
		{ "event=e", "{\"why\":\"e\"}", true },
		{ "event=e", "{\"event\":\"e\"}", false },
		{ "environment=e", "{\"env\":\"e\"}", true },
		{ "environment=e", "{\"environment\":\"e\"}", false },
		{ "fork=false", "{\"is_fork\":false}", true },
		{ "fork=false", "{\"fork\":false}", false },
		{ "project=acme/app", "{\"project\":\"acme/app\"}", true }, /* a claim by its own name */
	};
	static const char *const mute[] = { "", "ref=", "repository=ref", "event=e\nrefs=ref" };

	(void) state;
	assert_fits(cases, ARRAY_LEN(cases));
	for (size_t i = 0; i < ARRAY_LEN(mute); i++) { /* which name no claim for refs */
		struct sta_issuer_row issuer = ci;
		const struct sta_issuer_rule_row rule = {
			.id = 1, .conditions = "ref=**", .repository = "acme/app", .role = STA_ROLE_WRITE
		};
		struct sta_job_verdict got;

		issuer.claims = mute[i];
		assert_int_equal(judge_by(&issuer, &rule, 1, "{\"ref\":\"r\",\"\":\"r\"}", &got), STA_DENIED);
	}
}

static void
slashes_go_into_objects_where_no_claim_has_the_name(void **state)
{
	static const struct fit cases[] = {
		{ "kubernetes.io/namespace=build", "{\"kubernetes.io\":{\"namespace\":\"build\"}}", true },
		{ "kubernetes.io/namespace=build", "{\"kubernetes.io/namespace\":\"build\"}", true },
		{ "kubernetes.io/pod/name=p", "{\"kubernetes.io\":{\"pod\":{\"name\":\"p\"}}}", true },
		{ "kubernetes.io/pod/name=p", "{\"kubernetes.io\":{\"pod/name\":\"p\"}}", true },
		{ "kubernetes.io/pod/name=p", "{\"kubernetes.io/pod\":{\"name\":\"p\"}}", true },
		{ "kubernetes/io=p", "{\"kubernetes.io\":\"p\"}", false },
		/* the name itself goes before what is inside of an object */
		{ "a/b=out", "{\"a/b\":\"out\",\"a\":{\"b\":\"in\"}}", true },
		{ "a/b=in", "{\"a/b\":\"out\",\"a\":{\"b\":\"in\"}}", false },
		{ "a/b=in", "{\"a/b\":null,\"a\":{\"b\":\"in\"}}", false },
		/* of several ways the first that leads somewhere */
		{ "a/b/c=1", "{\"a\":{\"x\":0},\"a/b\":{\"c\":1}}", true },
		{ "a/b/c=1", "{\"a\":{\"b\":{\"c\":1}},\"a/b\":{\"c\":2}}", true },
		{ "a/b/c=2", "{\"a\":{\"b\":{\"c\":1}},\"a/b\":{\"c\":2}}", false },
		{ "a/b=x", "{\"a\":\"x\"}", false },
		{ "a/b=x", "{\"a\":[{\"b\":\"x\"}]}", false },
		{ "a/=x", "{\"a\":{\"\":\"x\"}}", true },
		{ "/a=x", "{\"\":{\"a\":\"x\"}}", true },
	};
	struct sta_issuer_row issuer = ci;
	const struct sta_issuer_rule_row rule = {
		.id = 1, .conditions = "ref=main", .repository = "acme/app", .role = STA_ROLE_WRITE
	};
	struct sta_job_verdict got;

	(void) state;
	assert_fits(cases, ARRAY_LEN(cases));
	issuer.claims = "ref=git.example/ref"; /* of a meaning, too */
	assert_int_equal(judge_by(&issuer, &rule, 1, "{\"git.example\":{\"ref\":\"main\"}}", &got), STA_OK);
}

static void
values_count_as_text_and_of_a_list_one_item_is_enough(void **state)
{
	static const struct fit cases[] = {
		{ "a=42", "{\"a\":42}", true },
		{ "a=42", "{\"a\":\"42\"}", true },
		{ "a=-7", "{\"a\":-7}", true },
		{ "a=9223372036854775807", "{\"a\":9223372036854775807}", true },
		{ "a=true", "{\"a\":true}", true },
		{ "a=false", "{\"a\":false}", true },
		{ "a=true", "{\"a\":\"true\"}", true },
		{ "a=1", "{\"a\":true}", false },
		{ "a=y", "{\"a\":[\"x\",\"y\"]}", true },
		{ "a=2", "{\"a\":[1,2]}", true },
		{ "a=true", "{\"a\":[null,{},true]}", true },
		{ "a=z", "{\"a\":[\"x\",\"y\"]}", false },
	};

	(void) state;
	assert_fits(cases, ARRAY_LEN(cases));
}

static void
what_has_no_text_matches_nothing_not_even_stars(void **state)
{
	static const char *const values[] = { "null", "{}",     "{\"b\":\"x\"}", "[]",  "[[\"x\"]]",
					      "[{}]", "[null]", "1.5",           "1.0", "1e3" };

	(void) state;
	assert_true(lets_in("a=**", "{\"a\":\"x\"}"));
	assert_false(lets_in("a=**", "{}"));
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		if (lets_in("a=**", sta_arena_printf(arena, "{\"a\":%s}", values[i])))
			fail_msg("%s", values[i]);
}

static void
texts_have_at_most_512_bytes(void **state)
{
	const char *most = run_of('x', STA_JOB_TEXT_MAX);
	const char *more = run_of('x', STA_JOB_TEXT_MAX + 1);

	(void) state;
	assert_true(lets_in("a=**", sta_arena_printf(arena, "{\"a\":\"%s\"}", most)));
	assert_false(lets_in("a=**", sta_arena_printf(arena, "{\"a\":\"%s\"}", more)));
	assert_true(lets_in("a=**", sta_arena_printf(arena, "{\"a\":[\"%s\",\"%s\"]}", more, most)));
	assert_true(lets_in(sta_arena_printf(arena, "a=%s", most),
			    sta_arena_printf(arena, "{\"a\":\"%s\"}", most)));
	assert_false(lets_in(sta_arena_printf(arena, "a=%s*", most),
			     sta_arena_printf(arena, "{\"a\":\"%s\"}", most)));
	assert_true(
		lets_in(sta_arena_printf(arena, "%s=1", most), sta_arena_printf(arena, "{\"%s\":1}", most)));
	assert_false(
		lets_in(sta_arena_printf(arena, "%s=1", more), sta_arena_printf(arena, "{\"%s\":1}", more)));
	assert_false(lets_in(sta_arena_printf(arena, "%s/b=1", more),
			     sta_arena_printf(arena, "{\"%s\":{\"b\":1}}", more)));
}

static void
names_of_repositories_alone_are_compared_in_lower_case(void **state)
{
	static const struct fit cases[] = {
		{ "repository=acme/app", "{\"project\":\"ACME/App\"}", true },
		{ "repository=Acme/App", "{\"project\":\"acme/app\"}", true },
		{ "repository=ACME/*", "{\"project\":\"Acme/App\"}", true },
		{ "project=acme/app", "{\"project\":\"ACME/App\"}", false },
		{ "ref=refs/heads/Main", "{\"git_ref\":\"refs/heads/Main\"}", true },
		{ "ref=refs/heads/main", "{\"git_ref\":\"refs/heads/Main\"}", false },
		{ "ref=refs/heads/Main", "{\"git_ref\":\"refs/heads/main\"}", false },
		{ "environment=Prod", "{\"env\":\"prod\"}", false },
		{ "event=push", "{\"why\":\"PUSH\"}", false },
	};

	(void) state;
	assert_fits(cases, ARRAY_LEN(cases));
}

static void
the_strongest_rule_that_fits_counts_and_of_equal_ones_the_oldest(void **state)
{
	const struct sta_issuer_rule_row rules[] = {
		{ .id = 3, .conditions = "a=1", .repository = "acme/three", .role = STA_ROLE_READ },
		{ .id = 5, .conditions = "a=1", .repository = "acme/five", .role = STA_ROLE_WRITE },
		{ .id = 7, .conditions = "a=1", .repository = "acme/seven", .role = STA_ROLE_WRITE },
		{ .id = 8, .conditions = "a=1", .repository = "acme/eight", .role = STA_ROLE_READ },
		{ .id = 9, .conditions = "a=2", .repository = "acme/nine", .role = STA_ROLE_ADMIN },
	};
	struct sta_job_verdict got;

	(void) state;
	assert_int_equal(judge_by(&ci, rules, ARRAY_LEN(rules), "{\"a\":1,\"is_fork\":false}", &got), STA_OK);
	assert_int_equal(got.rule_id, 5);
	assert_int_equal(got.most, STA_ROLE_WRITE);
	assert_string_equal(got.repository, "acme/five");
	assert_int_equal(judge_by(&ci, rules, 1, "{\"a\":1,\"is_fork\":false}", &got), STA_OK);
	assert_int_equal(got.rule_id, 3);
	assert_int_equal(judge_by(&ci, rules, ARRAY_LEN(rules), "{\"a\":2,\"is_fork\":false}", &got), STA_OK);
	assert_int_equal(got.rule_id, 9);
	assert_int_equal(got.most, STA_ROLE_ADMIN);
	assert_int_equal(judge_by(&ci, rules, 0, "{\"a\":1}", &got), STA_DENIED);
}

/* What such a job may have at most, by a rule that gives all. */
static enum sta_role
most_of(const struct sta_issuer_row *issuer, const char *claims)
{
	static const struct sta_issuer_rule_row rule = {
		.id = 1, .conditions = "sub=x", .repository = "acme/app", .role = STA_ROLE_ADMIN
	};
	struct sta_job_verdict got;

	assert_int_equal(judge_by(issuer, &rule, 1, claims, &got), STA_OK);
	assert_int_equal(got.rule_id, 1);
	return got.most;
}

static void
where_forks_are_told_all_that_is_not_false_is_one(void **state)
{
	static const struct {
		const char *value; /* NULL: absent */
		enum sta_role most;
	} cases[] = {
		{ "false", STA_ROLE_ADMIN },    { "\"false\"", STA_ROLE_ADMIN },
		{ "true", STA_ROLE_READ },      { "\"true\"", STA_ROLE_READ },
		{ NULL, STA_ROLE_READ },        { "null", STA_ROLE_READ },
		{ "0", STA_ROLE_READ },         { "\"\"", STA_ROLE_READ },
		{ "\"False\"", STA_ROLE_READ }, { "\"no\"", STA_ROLE_READ },
		{ "[]", STA_ROLE_READ },        { "[false]", STA_ROLE_READ },
		{ "{}", STA_ROLE_READ },
	};
	struct sta_issuer_row silent = ci;

	(void) state;
	silent.claims = "repository=project";
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *claims =
			cases[i].value
				? sta_arena_printf(arena, "{\"sub\":\"x\",\"is_fork\":%s}", cases[i].value)
				: "{\"sub\":\"x\"}";

		if (most_of(&ci, claims) != cases[i].most)
			fail_msg("%s", claims);
		assert_int_equal(most_of(&silent, claims), STA_ROLE_ADMIN); /* nothing is told */
	}
}

static void
jobs_of_events_for_reading_only_read(void **state)
{
	static const struct {
		const char *claims;
		enum sta_role most;
	} cases[] = {
		{ "{\"sub\":\"x\",\"why\":\"push\"}", STA_ROLE_ADMIN },
		{ "{\"sub\":\"x\",\"why\":\"pull_request\"}", STA_ROLE_READ },
		{ "{\"sub\":\"x\",\"why\":\"issue_comment\"}", STA_ROLE_READ },
		{ "{\"sub\":\"x\",\"why\":\"pull_request_target\"}", STA_ROLE_ADMIN },
		{ "{\"sub\":\"x\",\"why\":\"pull\"}", STA_ROLE_ADMIN },
		{ "{\"sub\":\"x\",\"why\":\"Pull_Request\"}", STA_ROLE_ADMIN },
		{ "{\"sub\":\"x\",\"why\":7}", STA_ROLE_READ },
		/* it cannot be told */
		{ "{\"sub\":\"x\"}", STA_ROLE_READ },
		{ "{\"sub\":\"x\",\"why\":null}", STA_ROLE_READ },
		{ "{\"sub\":\"x\",\"why\":[\"push\"]}", STA_ROLE_READ },
		{ "{\"sub\":\"x\",\"event\":\"push\"}", STA_ROLE_READ },
	};
	struct sta_issuer_row issuer = ci;

	(void) state;
	issuer.claims = "repository=project\nevent=why";
	issuer.read_events = "pull_request\nissue_comment\n7";
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (most_of(&issuer, cases[i].claims) != cases[i].most)
			fail_msg("%s", cases[i].claims);
	issuer.claims = "repository=project"; /* without a claim for it no event can be told */
	assert_int_equal(most_of(&issuer, "{\"sub\":\"x\",\"why\":\"push\"}"), STA_ROLE_READ);
	issuer.read_events = "";
	assert_int_equal(most_of(&issuer, "{\"sub\":\"x\",\"why\":\"pull_request\"}"), STA_ROLE_ADMIN);
}

static void
a_fork_has_no_more_than_its_rule_either(void **state)
{
	static const struct sta_issuer_rule_row rule = {
		.id = 1, .conditions = "sub=x", .repository = "acme/app", .role = STA_ROLE_READ
	};
	struct sta_job_verdict got;

	(void) state;
	assert_int_equal(judge_by(&ci, &rule, 1, "{\"sub\":\"x\",\"is_fork\":false}", &got), STA_OK);
	assert_int_equal(got.most, STA_ROLE_READ);
	assert_int_equal(judge_by(&ci, &rule, 1, "{\"sub\":\"x\",\"is_fork\":true}", &got), STA_OK);
	assert_int_equal(got.most, STA_ROLE_READ);
}

static void
a_job_acts_for_the_repository_of_its_token_or_of_its_rule(void **state)
{
	struct sta_issuer_rule_row rule = {
		.id = 1, .conditions = "sub=x", .repository = "", .role = STA_ROLE_WRITE
	};
	struct sta_job_verdict got;

	(void) state;
	assert_int_equal(judge_by(&ci, &rule, 1, "{\"sub\":\"x\",\"project\":\"Acme/App.x\"}", &got), STA_OK);
	assert_string_equal(got.repository, "acme/app.x");
	rule.repository = "acme/other";
	assert_int_equal(judge_by(&ci, &rule, 1, "{\"sub\":\"x\",\"project\":\"acme/app\"}", &got), STA_OK);
	assert_string_equal(got.repository, "acme/other");
	assert_int_equal(judge_by(&ci, &rule, 1, "{\"sub\":\"x\"}", &got), STA_OK);
	assert_string_equal(got.repository, "acme/other");
}

static void
a_token_that_names_no_repository_is_told_so_and_nothing_is_filled(void **state)
{
	static const struct sta_issuer_rule_row rule = {
		.id = 1, .conditions = "sub=x", .repository = "", .role = STA_ROLE_WRITE
	};
	static const char *const none[] = { "null", "{}", "[\"acme/app\"]", "1.5" };
	static const char *const bad[] = { "\"\"",          "\"app\"",          "\"acme/\"",
					   "\"/app\"",      "\"acme/a/b\"",     "\"acme//b\"",
					   "\"acme/a b\"",  "\"acme/a..b\"",    "\"acme/../b\"",
					   "\"acme/app/\"", "\"acm\\u00e9/a\"", "7" };
	const struct sta_job_verdict before = { .rule_id = -1, .most = STA_ROLE_NONE, .repository = "-" };
	struct sta_job_verdict got = before;

	(void) state;
	assert_int_equal(judge_by(&ci, &rule, 1, "{\"sub\":\"x\"}", &got), STA_DENIED);
	assert_string_equal(err.msg, "the token names no repository");
	for (size_t i = 0; i < ARRAY_LEN(none); i++) {
		const char *claims = sta_arena_printf(arena, "{\"sub\":\"x\",\"project\":%s}", none[i]);

		if (judge_by(&ci, &rule, 1, claims, &got) != STA_DENIED ||
		    strcmp(err.msg, "the token names no repository") != 0)
			fail_msg("%s: %s", claims, err.msg);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		const char *claims = sta_arena_printf(arena, "{\"sub\":\"x\",\"project\":%s}", bad[i]);

		if (judge_by(&ci, &rule, 1, claims, &got) != STA_DENIED ||
		    !strstr(err.msg, "cannot be one here"))
			fail_msg("%s: %s", claims, err.msg);
	}
	assert_memory_equal(&got, &before, sizeof(got));
}

static void
who_is_not_let_in_hears_the_issuer_and_what_the_token_says(void **state)
{
	static const struct {
		const char *claims;
		const char *message;
	} cases[] = {
		{ "{\"project\":\"Acme/App\",\"git_ref\":\"refs/heads/x\"}",
		  "no rule of the issuer 'ci' lets 'Acme/App' in from refs/heads/x" },
		{ "{\"project\":\"acme/app\"}", "no rule of the issuer 'ci' lets 'acme/app' in" },
		{ "{\"project\":\"acme/app\",\"git_ref\":null}",
		  "no rule of the issuer 'ci' lets 'acme/app' in" },
		{ "{\"git_ref\":\"refs/heads/x\"}", "no rule of the issuer 'ci' lets this job in" },
	};
	struct sta_job_verdict got;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(judge_by(&ci, NULL, 0, cases[i].claims, &got), STA_DENIED);
		assert_string_equal(err.msg, cases[i].message);
	}
}

static void
a_full_arena_is_no_memory(void **state)
{
	static const struct sta_issuer_rule_row rule = {
		.id = 1, .conditions = "a=1", .repository = "acme/app", .role = STA_ROLE_WRITE
	};
	struct sta_arena *none = sta_arena_new(0);
	struct sta_job_verdict got = { .rule_id = -1 };

	(void) state;
	assert_non_null(none);
	assert_int_equal(sta_job_judge(none, &ci, &rule, 1, load("{\"a\":1}"), &got, &err), STA_NOMEM);
	assert_int_equal(got.rule_id, -1);
	sta_arena_free(none);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_token_is_of_its_issuer_to_the_byte),
		TEST(a_token_is_for_us_alone_or_for_us_too),
		TEST(times_are_kept_to_the_second_and_clocks_may_differ_by_a_minute),
		TEST(a_time_that_is_missing_or_none_is_refused),
		TEST(a_rule_lets_in_when_all_its_conditions_hold),
		TEST(conditions_are_patterns_of_names),
		TEST(meanings_are_the_claims_that_the_issuer_says_and_no_others),
		TEST(slashes_go_into_objects_where_no_claim_has_the_name),
		TEST(values_count_as_text_and_of_a_list_one_item_is_enough),
		TEST(what_has_no_text_matches_nothing_not_even_stars),
		TEST(texts_have_at_most_512_bytes),
		TEST(names_of_repositories_alone_are_compared_in_lower_case),
		TEST(the_strongest_rule_that_fits_counts_and_of_equal_ones_the_oldest),
		TEST(where_forks_are_told_all_that_is_not_false_is_one),
		TEST(jobs_of_events_for_reading_only_read),
		TEST(a_fork_has_no_more_than_its_rule_either),
		TEST(a_job_acts_for_the_repository_of_its_token_or_of_its_rule),
		TEST(a_token_that_names_no_repository_is_told_so_and_nothing_is_filled),
		TEST(who_is_not_let_in_hears_the_issuer_and_what_the_token_says),
		TEST(a_full_arena_is_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
