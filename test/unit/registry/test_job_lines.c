/* What people write of issuers and rules: the validators of job.h. */

#include "t.h"

#include <string.h>

#include "registry/job.h"

#define URL "https://ci.example.com"

static struct sta_arena *arena;
static struct sta_err err;

static int
set_up(void **state)
{
	(void) state;
	arena = sta_arena_new(8 << 20);
	return arena ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void) state;
	sta_arena_free(arena);
	return 0;
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

enum what { CLAIMS, EVENTS, CONDITIONS, CONDITIONS_AS };

static enum sta_rc
valid(enum what what, const char *lines)
{
	enum sta_rc rc;

	err = (struct sta_err){ .rc = STA_OK };
	if (what == CLAIMS)
		rc = sta_job_claims_valid(lines, &err);
	else if (what == EVENTS)
		rc = sta_job_events_valid(lines, &err);
	else
		rc = sta_job_conditions_valid(lines, what == CONDITIONS_AS, &err);
	assert_int_equal(err.rc, rc);
	return rc;
}

static void
assert_valid(enum what what, const char *lines)
{
	if (valid(what, lines) != STA_OK)
		fail_msg("'%s': %s", lines, err.msg);
}

static void
assert_invalid(enum what what, const char *lines, const char *message)
{
	if (valid(what, lines) != STA_INVALID || strcmp(err.msg, message) != 0)
		fail_msg("'%s': %s", lines, err.msg);
}

/* So many lines. */
static const char *
lines_of(const char *line, size_t n)
{
	const char *text = line;

	for (size_t i = 1; i < n; i++)
		text = sta_arena_printf(arena, "%s\n%s", text, line);
	return text;
}

#define NO_CLAIM ": expected MEANING=CLAIM with repository, ref, event, environment or fork"

static void
claims_of_an_issuer_have_meanings(void **state)
{
	static const char *const good[] = {
		"",
		"repository=project_path",
		"ref=a\nevent=b\nenvironment=c\nfork=d\nrepository=e",
		"ref=a\n",
		"ref=",
		"repository=kubernetes.io/namespace",
		"ref=a=b",
	};
	static const struct {
		const char *lines;
		const char *message;
	} bad[] = {
		{ "\n", "''" NO_CLAIM },
		{ "ref=a\n\nevent=b", "''" NO_CLAIM },
		{ "ref", "'ref'" NO_CLAIM },
		{ "=a", "'=a'" NO_CLAIM },
		{ "Ref=a", "'Ref=a'" NO_CLAIM },
		{ "refs=a", "'refs=a'" NO_CLAIM },
		{ "re=a", "'re=a'" NO_CLAIM },
		{ " ref=a", "' ref=a'" NO_CLAIM },
		{ "ref=a\nowner=b", "'owner=b'" NO_CLAIM },
		{ "ref=a\tb", "'ref=a\tb'" NO_CLAIM },
		{ "ref=a\x7f", "'ref=a\x7f'" NO_CLAIM },
		{ "ref=a\r\nevent=b", "'ref=a\r'" NO_CLAIM },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_valid(CLAIMS, good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_invalid(CLAIMS, bad[i].lines, bad[i].message);
}

static void
events_are_plain_names(void **state)
{
	static const char *const good[] = { "", "pull_request", "pull_request\npull_request_target\n" };

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_valid(EVENTS, good[i]);
	assert_invalid(EVENTS, "\n", "'': expected the name of an event");
	assert_invalid(EVENTS, "push\n\nother", "'': expected the name of an event");
	assert_invalid(EVENTS, "push\rother", "'push\rother': expected the name of an event");
}

static void
lines_have_their_length_and_their_number(void **state)
{
	const char *most = run_of('x', STA_JOB_TEXT_MAX - 4);

	(void) state;
	assert_valid(CLAIMS, sta_arena_printf(arena, "ref=%s", most));
	assert_int_equal(valid(CLAIMS, sta_arena_printf(arena, "ref=%sx", most)), STA_INVALID);
	assert_non_null(strstr(err.msg, "xxx': expected MEANING=CLAIM")); /* the line's beginning */
	assert_valid(EVENTS, sta_arena_printf(arena, "xxxx%s", most));
	assert_int_equal(valid(EVENTS, sta_arena_printf(arena, "xxxxx%s", most)), STA_INVALID);
	assert_valid(CONDITIONS_AS, sta_arena_printf(arena, "sub=%s", most));
	assert_int_equal(valid(CONDITIONS_AS, sta_arena_printf(arena, "sub=%sx", most)), STA_INVALID);

	assert_valid(CLAIMS, lines_of("ref=a", STA_JOB_LINES_MAX));
	assert_invalid(CLAIMS, lines_of("ref=a", STA_JOB_LINES_MAX + 1), "more than 16 of them");
	assert_valid(EVENTS, lines_of("push", STA_JOB_LINES_MAX));
	assert_invalid(EVENTS, lines_of("push", STA_JOB_LINES_MAX + 1), "more than 16 of them");
	assert_valid(CONDITIONS_AS, lines_of("sub=a", STA_JOB_LINES_MAX));
	assert_invalid(CONDITIONS_AS, lines_of("sub=a", STA_JOB_LINES_MAX + 1), "more than 16 of them");
}

#define NO_CONDITION ": expected CLAIM=PATTERN"
#define NOBODY                                                                                               \
	"a rule must say whose jobs it lets in, by repository=OWNER/..., sub, or a claim that names an "     \
	"owner, project, namespace or account"
#define NO_REPOSITORY                                                                                        \
	"a rule has the condition repository=OWNER/..., or names the repository that its jobs act for"

/* By the owner of the repository; by something else, where the rule names a repository; by nothing. */
static const char *const named[] = {
	"repository=acme/app",
	"repository=acme/*",
	"repository=acme/**",
	"repository=acme/*\nref=refs/heads/main",
	"ref=refs/heads/main\nrepository=acme/*",
	"repository=acme/*\nrepository_owner_id=7",
	"repository=acme/app\n",
};
static const char *const named_as[] = {
	"repository=*\nrepository_owner_id=7",
	"repository=*/app\nkubernetes.io/namespace=build",
	"project_id=7",
	"repository_owner=acme*",
	"sub=acme",
	"sub=acme/*",
	"sub=repo:acme/*",
	"sub=project_path:acme/app:ref_type:branch:ref:*",
	"sub=system:serviceaccount:build:*",
};
static const char *const nobody[] = {
	"",
	"repository=*",
	"repository=acme",
	"repository=**",
	"repository=*/*",
	"repository=/app",
	"repository=**/?",
	"repository=*/app",
	"repository=a?/app",
	"repository=*e*/*",
	"repository=**/*\nevent_name=push",
	"repository=**/*\nrunner_environment=github-hosted",
	"repository=**/*\njob_workflow_ref=acme/app/.github/workflows/x.yml@refs/heads/main",
	"repository_visibility=public",
	"repository_owner=*e*",
	"owner_type=User",
	"user_access_level=maintainer",
	"sub=*",
	"sub=/",
	"sub=a*",
	"sub=repo:**",
	"sub=repo:*/app",
	"sub=repo:a*/app",
	"sub=**:acme",
	"ref=refs/heads/main",
	"event=push",
	"environment=prod",
	"fork=false",
	"iss=" URL,
	"aud=registry",
	"repository=*\nref=main",
	"repository=*\niss=" URL,
};

static void
conditions_say_whose_jobs_they_are(void **state)
{
	static const struct {
		const char *lines;
		const char *message;
	} bad[] = {
		{ "\n", "''" NO_CONDITION },
		{ "repository", "'repository'" NO_CONDITION },
		{ "=", "'='" NO_CONDITION },
		{ "=acme", "'=acme'" NO_CONDITION },
		{ "sub=", "'sub='" NO_CONDITION },
		{ "sub=a\n\nref=b", "''" NO_CONDITION },
		{ "sub=a\x01", "'sub=a\x01'" NO_CONDITION },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(named); i++) {
		assert_valid(CONDITIONS, named[i]);
		assert_valid(CONDITIONS_AS, named[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(named_as); i++) {
		assert_invalid(CONDITIONS, named_as[i], NO_REPOSITORY);
		assert_valid(CONDITIONS_AS, named_as[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(nobody); i++) {
		assert_invalid(CONDITIONS, nobody[i], NO_REPOSITORY);
		assert_invalid(CONDITIONS_AS, nobody[i], NOBODY);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_invalid(CONDITIONS, bad[i].lines, bad[i].message);
		assert_invalid(CONDITIONS_AS, bad[i].lines, bad[i].message);
	}
}

static void
a_rule_names_repositories_or_stands_for_one(void **state)
{
	(void) state;
	assert_invalid(CONDITIONS, "sub=acme", NO_REPOSITORY);
	assert_valid(CONDITIONS_AS, "sub=acme");
	assert_valid(CONDITIONS_AS, "repository=acme/*");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(claims_of_an_issuer_have_meanings),           TEST(events_are_plain_names),
		TEST(lines_have_their_length_and_their_number),    TEST(conditions_say_whose_jobs_they_are),
		TEST(a_rule_names_repositories_or_stands_for_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
