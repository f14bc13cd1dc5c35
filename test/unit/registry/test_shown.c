/* Organizations, teams and repositories one at a time, as routes show them: who finds which, what nobody
 * hears before a door, and each allocation failing once. */

#include "trash_house.h"

#include <errno.h>
#include <string.h>

#include "registry/account.h"
#include "registry/grant.h"
#include "registry/org.h"
#include "registry/published.h"
#include "registry/repository.h"
#include "registry/team.h"

#define CALLS_MAX 400

static long calls;
static long fails_at; /* 0: none */

#define WRAP(type, name, params, args)                                                                       \
	type __real_##name params;                                                                           \
	type __wrap_##name params;                                                                           \
	type __wrap_##name params                                                                            \
	{                                                                                                    \
		if (++calls != fails_at)                                                                     \
			return __real_##name args;                                                           \
		errno = ENOMEM;                                                                              \
		return NULL;                                                                                 \
	}

WRAP(void *, sta_arena_alloc, (struct sta_arena * a, size_t len), (a, len))
WRAP(char *, sta_arena_strdup, (struct sta_arena * a, const char *s), (a, s))
WRAP(char *, sta_arena_strndup, (struct sta_arena * a, const char *s, size_t len), (a, s, len))

/* carol owns acme, dave is a member, erin is in nothing; alice has the package alice/app. */
static struct sta_call carol, dave, erin;

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

static void
new_repository(struct house *h, const char *name, enum sta_visibility v)
{
	struct sta_repository made;

	assert_int_equal(sta_repository_create(h->r, &h->sys, name, v, NULL, &made, &h->err), STA_OK);
}

static int
set_up(void **state)
{
	struct sta_team team;
	struct sta_org org;
	struct house *h;

	calls = fails_at = 0;
	if (house_setup(state) != 0)
		return -1;
	h = *state;
	carol = new_user(h, "carol");
	dave = new_user(h, "dave");
	erin = new_user(h, "erin");
	assert_int_equal(sta_org_create(h->r, &h->sys, "acme", "carol", &org, &h->err), STA_OK);
	assert_int_equal(sta_org_create(h->r, &h->sys, "zoo", "carol", &org, &h->err), STA_OK);
	assert_int_equal(sta_org_add(h->r, &carol, "acme", "dave", STA_ORG_MEMBER, &h->err), STA_OK);
	assert_int_equal(sta_team_create(h->r, &carol, "acme/top", NULL, "", &team, &h->err), STA_OK);
	assert_int_equal(sta_team_create(h->r, &carol, "acme/devs", "top", "", &team, &h->err), STA_OK);
	new_repository(h, "acme/code", STA_INTERNAL);
	new_repository(h, "acme/open", STA_PUBLIC);
	new_repository(h, "dave/secret", STA_PRIVATE);
	return 0;
}

static struct sta_call
without_password(struct sta_call call)
{
	call.caller.scopes = STA_SCOPE_PACKAGES;
	return call;
}

/* --- organizations and teams --- */

static void
an_organization_is_shown_to_its_members(void **state)
{
	struct house *h = *state;
	struct sta_call token = without_password(dave);
	struct sta_org org;

	assert_int_equal(sta_org_get(h->r, &dave, "Acme", &org, &h->err), STA_OK);
	assert_string_equal(org.name, "acme");
	assert_int_not_equal(org.id, 0);
	assert_int_equal(sta_org_get(h->r, &h->admin, "acme", &org, &h->err), STA_OK);
	assert_int_equal(sta_org_get(h->r, &token, "acme", &org, &h->err), STA_DENIED);
	assert_int_equal(sta_org_get(h->r, &erin, "acme", &org, &h->err), STA_NOT_FOUND);
	assert_int_equal(sta_org_get(h->r, &h->nobody, "acme", &org, &h->err), STA_NOT_FOUND);
}

static void
a_refusal_repeats_the_name_as_it_was_asked(void **state)
{
	struct house *h = *state;
	struct sta_org org;

	assert_int_equal(sta_org_get(h->r, &erin, "ACME", &org, &h->err), STA_NOT_FOUND);
	assert_string_equal(h->err.msg, "no organization 'ACME'");
	assert_int_equal(sta_org_get(h->r, &erin, "NONE", &org, &h->err), STA_NOT_FOUND);
	assert_string_equal(h->err.msg, "no organization 'NONE'");
}

static size_t
number_of(struct house *h, const struct sta_call *call, bool own)
{
	struct sta_org *orgs = NULL;
	size_t n = 0;

	assert_int_equal(own ? sta_org_own(h->r, call, &orgs, &n, &h->err)
			     : sta_org_all(h->r, call, &orgs, &n, &h->err),
			 STA_OK);
	return n;
}

static void
organizations_are_listed_with_a_password(void **state)
{
	struct house *h = *state;
	struct sta_call token = without_password(carol), admin = without_password(h->admin);
	struct sta_call waiting = carol, bearer = carol;
	struct sta_org *orgs;
	size_t n;

	assert_int_equal(number_of(h, &carol, true), 2);
	assert_int_equal(number_of(h, &dave, false), 1);
	assert_int_equal(number_of(h, &erin, false), 0);
	assert_int_equal(number_of(h, &h->admin, false), 2);
	assert_int_equal(number_of(h, &h->admin, true), 0);
	assert_int_equal(number_of(h, &h->sys, false), 2);
	assert_int_equal(sta_org_own(h->r, &h->sys, &orgs, &n, &h->err), STA_INVALID);
	assert_int_equal(sta_org_own(h->r, &h->nobody, &orgs, &n, &h->err), STA_UNAUTHENTICATED);
	assert_int_equal(sta_org_own(h->r, &token, &orgs, &n, &h->err), STA_DENIED);
	assert_int_equal(sta_org_all(h->r, &token, &orgs, &n, &h->err), STA_DENIED);
	assert_int_equal(sta_org_all(h->r, &admin, &orgs, &n, &h->err), STA_DENIED);
	bearer.caller.limited = true;
	assert_int_equal(sta_org_all(h->r, &bearer, &orgs, &n, &h->err), STA_UNAUTHENTICATED);
	waiting.may_wait = false;
	assert_int_equal(sta_org_own(h->r, &waiting, &orgs, &n, &h->err), STA_WOULD_BLOCK);
}

static void
a_site_administrator_needs_a_password(void **state)
{
	struct house *h = *state;
	struct sta_call token = without_password(h->admin);
	struct sta_org org;

	assert_int_equal(sta_org_create(h->r, &token, "new", "carol", &org, &h->err), STA_DENIED);
	assert_int_equal(sta_org_create(h->r, &carol, "new", "carol", &org, &h->err), STA_DENIED);
	assert_int_equal(sta_org_create(h->r, &h->admin, "new", "carol", &org, &h->err), STA_OK);
}

static void
a_team_is_shown_with_what_is_above_it(void **state)
{
	struct house *h = *state;
	struct sta_team top, devs;

	assert_int_equal(sta_team_get(h->r, &dave, "acme/TOP", &top, &h->err), STA_OK);
	assert_int_equal(sta_team_get(h->r, &dave, "acme/devs", &devs, &h->err), STA_OK);
	assert_string_equal(devs.name, "acme/devs");
	assert_string_equal(devs.parent, "acme/top");
	assert_int_equal(devs.parent_id, top.id);
	assert_int_equal(top.parent_id, 0);
	assert_int_equal(sta_team_get(h->r, &dave, "acme/none", &devs, &h->err), STA_NOT_FOUND);
	assert_int_equal(sta_team_get(h->r, &erin, "acme/devs", &devs, &h->err), STA_NOT_FOUND);
	assert_int_equal(sta_team_get(h->r, &dave, "acme", &devs, &h->err), STA_INVALID);
}

static void
members_come_with_what_they_are(void **state)
{
	struct house *h = *state;
	struct sta_member *members = NULL;
	struct sta_teammate *mates = NULL;
	size_t n = 0;

	assert_int_equal(sta_org_add(h->r, &carol, "acme", h->admin.caller.login, STA_ORG_MEMBER, &h->err),
			 STA_OK);
	assert_int_equal(sta_team_add(h->r, &carol, "acme/devs", h->admin.caller.login, true, &h->err),
			 STA_OK);
	assert_int_equal(sta_org_members(h->r, &dave, "acme", &members, &n, &h->err), STA_OK);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(members[i].site_admin, members[i].id == h->admin.caller.user_id);
	assert_int_equal(n, 3);
	assert_int_equal(sta_team_members(h->r, &dave, "acme/devs", &mates, &n, &h->err), STA_OK);
	assert_int_equal(n, 1);
	assert_int_equal(mates[0].id, h->admin.caller.user_id);
	assert_true(mates[0].site_admin);
}

static void
who_may_not_remove_others_does_not_hear_who_there_is(void **state)
{
	struct house *h = *state;
	static const char *const names[] = { "carol", "erin", "nobody-here", "acme+bot" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_int_equal(sta_org_remove(h->r, &dave, "acme", names[i], false, &h->err), STA_DENIED);
		assert_string_equal(h->err.msg, "only owners of 'acme' may do that");
		assert_int_equal(sta_team_remove_member(h->r, &dave, "acme/devs", names[i], &h->err),
				 STA_DENIED);
	}
	assert_int_equal(sta_org_remove(h->r, &carol, "acme", "nobody-here", false, &h->err), STA_NOT_FOUND);
	assert_int_equal(sta_team_remove_member(h->r, &carol, "acme/devs", "nobody-here", &h->err),
			 STA_NOT_FOUND);
}

/* --- packages --- */

static enum sta_rc
explain(struct house *h, const struct sta_call *call, const char *user, int64_t token_id)
{
	const struct sta_access_question q = {
		.user = user, .package = APP, .action = STA_ACTION_READ, .token_id = token_id
	};
	struct sta_explanation told;

	return sta_access_explain(h->r, call, &q, &told, &h->err);
}

static void
who_may_not_ask_does_not_hear_who_there_is(void **state)
{
	struct house *h = *state;
	static const char *const names[] = { "carol", "nobody-here", "acme+none", "repository:no/ne",
					     "repository:x" };

	(void) add_image(h, "v1", 1);
	assert_int_equal(sta_package_set_visibility(h->r, &h->sys, APP, STA_PUBLIC, &h->err), STA_OK);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(explain(h, &erin, names[i], 0), STA_DENIED);
	assert_int_equal(explain(h, &erin, "erin", 0), STA_OK);
	assert_int_equal(explain(h, &h->alice, "nobody-here", 0), STA_NOT_FOUND);
	/* Nor which tokens others have. */
	assert_int_equal(explain(h, &h->alice, "erin", 7), STA_DENIED);
	assert_int_equal(explain(h, &h->alice, "alice", 7), STA_NOT_FOUND);
	assert_int_equal(explain(h, &h->admin, "erin", 7), STA_NOT_FOUND);
}

static enum sta_rc
manage(struct house *h, const struct sta_call *call, const char *name)
{
	return sta_published_manage(h->r, call, "alice", name, &h->err);
}

static void
a_package_is_managed_by_its_administrators(void **state)
{
	struct house *h = *state;
	struct sta_call token = h->alice;

	(void) add_image(h, "v1", 1);
	assert_int_equal(sta_grant_give(h->r, &h->alice, APP, "dave", STA_ROLE_WRITE, &h->err), STA_OK);
	assert_int_equal(manage(h, &h->alice, "App"), STA_OK);
	assert_int_equal(manage(h, &dave, "app"), STA_DENIED);
	assert_string_equal(h->err.msg, "Must have admin rights to the package.");
	token.caller.scopes = STA_SCOPE_READ;
	assert_int_equal(manage(h, &token, "app"), STA_DENIED);
	assert_string_equal(h->err.msg, "You need at least write:packages scope for this.");
	assert_int_equal(manage(h, &erin, "app"), STA_NOT_FOUND);
	assert_int_equal(manage(h, &h->alice, "none"), STA_NOT_FOUND);
	assert_int_equal(manage(h, &h->alice, "no name"), STA_NOT_FOUND);
}

/* --- repositories --- */

static enum sta_rc
find(struct house *h, const struct sta_call *call, const char *name)
{
	struct sta_published_repository found;
	enum sta_rc rc = sta_published_repository(h->r, call, name, &found, &h->err);

	if (rc == STA_OK) {
		assert_int_not_equal(found.id, 0);
		assert_int_not_equal(found.owner.id, 0);
	}
	return rc;
}

/* How many repositories of the owner the caller is shown; -1: there is no such owner. */
static int
shown(struct house *h, const struct sta_call *call, const char *name)
{
	struct sta_published_repository *items = NULL;
	struct sta_span span = { .max = 100 };
	struct sta_owner owner;
	size_t n = 0;
	enum sta_rc rc = sta_published_repository_owner(h->r, call, name, &owner, &h->err);

	if (rc == STA_NOT_FOUND) {
		assert_string_equal(h->err.msg, "Not Found");
		return -1;
	}
	assert_int_equal(rc, STA_OK);
	assert_int_equal(sta_published_repositories(h->r, call, &owner, &span, &items, &n, &h->err), STA_OK);
	assert_int_equal(span.total, n);
	return (int) n;
}

static void
a_repository_is_found_by_who_may_read_it(void **state)
{
	struct house *h = *state;
	static const char *const other[] = { "acme/other-*" }, *const covering[] = { "acme/co*" };
	struct sta_call bearer = dave, token = dave, confined = dave;
	struct sta_published_repository any;

	assert_int_equal(find(h, &dave, "Acme/CODE"), STA_OK);
	assert_int_equal(find(h, &erin, "acme/code"), STA_NOT_FOUND);
	assert_string_equal(h->err.msg, "Not Found");
	assert_int_equal(find(h, &erin, "acme/none"), STA_NOT_FOUND);
	assert_string_equal(h->err.msg, "Not Found");
	assert_int_equal(find(h, &erin, "a/b/c"), STA_NOT_FOUND);
	assert_string_equal(h->err.msg, "Not Found");
	assert_int_equal(find(h, &erin, "acme/open"), STA_OK);
	confined.caller.bounds = (struct sta_bounds){ .packages = other, .n_packages = 1 };
	bearer.caller.limited = true;
	assert_int_equal(find(h, &bearer, "acme/open"), STA_UNAUTHENTICATED);
	assert_int_equal(sta_published_repository(h->r, &confined, "acme/code", &any, &h->err),
			 STA_NOT_FOUND);
	assert_int_equal(find(h, &confined, "acme/open"), STA_OK);
	assert_int_equal(shown(h, &confined, "acme"), 1);
	confined.caller.bounds.packages = covering;
	assert_int_equal(find(h, &confined, "acme/code"), STA_OK);
	assert_int_equal(shown(h, &confined, "acme"), 2);
	token.caller.scopes = STA_SCOPE_DELETE;
	assert_int_equal(find(h, &token, "acme/code"), STA_DENIED);
	assert_string_equal(h->err.msg, "You need at least read:packages scope for this.");
}

static void
a_token_for_organizations_alone_sees_and_manages_repositories(void **state)
{
	struct house *h = *state;
	const struct sta_repository_change change = { .url = "" };
	struct sta_call token = carol, members = dave;
	struct sta_repository now;

	token.caller.token_id = members.caller.token_id = 7;
	token.caller.scopes = members.caller.scopes = STA_SCOPE_ORGS;
	assert_int_equal(find(h, &token, "acme/code"), STA_OK);
	assert_int_equal(sta_repository_set(h->r, &token, "acme/code", &change, &now, &h->err), STA_OK);
	assert_int_equal(sta_repository_create(h->r, &token, "acme/x", STA_PRIVATE, NULL, &now, &h->err),
			 STA_OK);
	assert_int_equal(sta_repository_delete(h->r, &token, "acme/x", &h->err), STA_OK);
	assert_int_equal(sta_repository_set(h->r, &members, "acme/code", &change, &now, &h->err), STA_DENIED);
	assert_int_equal(sta_repository_create(h->r, &members, "acme/x", STA_PRIVATE, NULL, &now, &h->err),
			 STA_DENIED);
}

static void
scopes_for_packages_change_no_repository(void **state)
{
	struct house *h = *state;
	const struct sta_repository_change change = { .url = "" };
	struct sta_call token = without_password(carol);
	struct sta_repository now;

	assert_int_equal(sta_repository_set(h->r, &token, "acme/code", &change, &now, &h->err), STA_DENIED);
	assert_string_equal(h->err.msg, "You need at least admin:org scope for this.");
	assert_int_equal(sta_repository_create(h->r, &token, "acme/x", STA_PRIVATE, NULL, &now, &h->err),
			 STA_DENIED);
	assert_int_equal(sta_repository_set(h->r, &dave, "acme/code", &change, &now, &h->err), STA_DENIED);
	assert_string_equal(h->err.msg, "only administrators of 'acme/code' may do that");
}

static void
an_owner_is_known_by_what_may_be_read_of_it(void **state)
{
	struct house *h = *state;
	struct sta_call bearer = dave, waiting = dave;
	struct sta_owner owner;

	assert_int_equal(shown(h, &dave, "ACME"), 2);
	assert_int_equal(shown(h, &erin, "acme"), 1);
	assert_int_equal(shown(h, &dave, "dave"), 1);
	assert_int_equal(shown(h, &erin, "dave"), -1);
	assert_int_equal(shown(h, &erin, "none"), -1);
	assert_int_equal(shown(h, &erin, "no name"), -1);
	assert_int_equal(shown(h, &h->admin, "carol"), 0);
	waiting.may_wait = false;
	assert_int_equal(sta_published_repository_owner(h->r, &waiting, "acme", &owner, &h->err),
			 STA_WOULD_BLOCK);
	bearer.caller.limited = true;
	assert_int_equal(sta_published_repository_owner(h->r, &bearer, "acme", &owner, &h->err),
			 STA_UNAUTHENTICATED);
}

static void
a_page_of_repositories_is_a_part_of_all(void **state)
{
	struct house *h = *state;
	struct sta_published_repository *items = NULL;
	struct sta_owner owner;
	size_t n = 0;

	assert_int_equal(sta_published_repository_owner(h->r, &carol, "acme", &owner, &h->err), STA_OK);
	for (uint64_t skip = 0; skip < 4; skip++) {
		struct sta_span span = { .max = 1, .skip = skip == 3 ? INT64_MAX : skip };

		assert_int_equal(sta_published_repositories(h->r, &carol, &owner, &span, &items, &n, &h->err),
				 STA_OK);
		assert_int_equal(span.total, 2);
		assert_int_equal(n, skip < 2);
		if (n == 1)
			assert_string_equal(items[0].name, skip == 0 ? "acme/code" : "acme/open");
	}
}

/* --- faults --- */

static enum sta_rc
get_org(struct house *h)
{
	struct sta_org org;

	return sta_org_get(h->r, &carol, "acme", &org, &h->err);
}

static enum sta_rc
list_own(struct house *h)
{
	struct sta_org *orgs;
	size_t n;

	return sta_org_own(h->r, &carol, &orgs, &n, &h->err);
}

static enum sta_rc
get_team(struct house *h)
{
	struct sta_team team;

	return sta_team_get(h->r, &carol, "acme/devs", &team, &h->err);
}

static enum sta_rc
list_members(struct house *h)
{
	struct sta_member *members;
	size_t n;

	return sta_org_members(h->r, &carol, "acme", &members, &n, &h->err);
}

static enum sta_rc
get_repository(struct house *h)
{
	return find(h, &carol, "acme/code");
}

static enum sta_rc
list_repositories(struct house *h)
{
	struct sta_published_repository *items;
	struct sta_span span = { .max = 10 };
	struct sta_owner owner;
	size_t n;
	enum sta_rc rc = sta_published_repository_owner(h->r, &erin, "acme", &owner, &h->err);

	return rc == STA_OK ? sta_published_repositories(h->r, &erin, &owner, &span, &items, &n, &h->err)
			    : rc;
}

static enum sta_rc
remove_nobody(struct house *h)
{
	enum sta_rc rc = sta_org_remove(h->r, &carol, "acme", "nobody-here", false, &h->err);

	return rc == STA_NOT_FOUND ? STA_OK : rc;
}

static enum sta_rc
explain_other(struct house *h)
{
	return explain(h, &h->alice, "dave", 0);
}

static enum sta_rc
manage_own(struct house *h)
{
	return manage(h, &h->alice, "app");
}

/* Each allocation fails once: out of memory, and then it works. */
static void
without_memory_nothing_is_told_wrongly(void **state)
{
	struct house *h = *state;
	enum sta_rc (*const acts[])(struct house *) = {
		get_org,           list_own,      get_team,      list_members, get_repository,
		list_repositories, remove_nobody, explain_other, manage_own,
	};

	(void) add_image(h, "v1", 1);
	for (size_t i = 0; i < ARRAY_LEN(acts); i++) {
		enum sta_rc rc = STA_NOMEM;
		long n = 0;

		while (rc != STA_OK && ++n < CALLS_MAX) {
			calls = 0;
			fails_at = n;
			rc = acts[i](h);
			fails_at = 0;
			assert_true(rc == STA_OK || rc == STA_NOMEM);
			if (rc == STA_OK)
				assert_true(calls < n);
		}
		assert_in_range(n, 2, CALLS_MAX - 1);
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, house_teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(an_organization_is_shown_to_its_members),
		TEST(a_refusal_repeats_the_name_as_it_was_asked),
		TEST(organizations_are_listed_with_a_password),
		TEST(a_site_administrator_needs_a_password),
		TEST(a_team_is_shown_with_what_is_above_it),
		TEST(members_come_with_what_they_are),
		TEST(who_may_not_remove_others_does_not_hear_who_there_is),
		TEST(who_may_not_ask_does_not_hear_who_there_is),
		TEST(a_package_is_managed_by_its_administrators),
		TEST(a_repository_is_found_by_who_may_read_it),
		TEST(a_token_for_organizations_alone_sees_and_manages_repositories),
		TEST(scopes_for_packages_change_no_repository),
		TEST(an_owner_is_known_by_what_may_be_read_of_it),
		TEST(a_page_of_repositories_is_a_part_of_all),
		TEST(without_memory_nothing_is_told_wrongly),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
