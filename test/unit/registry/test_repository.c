/* Repositories: who may change what, and what their roles open. */

#include "house.h"

#include <string.h>

#include "registry/account.h"
#include "registry/grant.h"
#include "registry/list.h"
#include "registry/org.h"
#include "registry/repository.h"
#include "registry/team.h"

#define CODE "acme/code"
#define PACKAGE "acme/app"

/* Beside the house's: carol owns acme, dave is a member of it, erin is in nothing. */
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

static enum sta_rc
create(struct house *h, const struct sta_call *call, const char *name)
{
	struct sta_repository made;

	return sta_repository_create(h->r, call, name, STA_PRIVATE, NULL, &made, &h->err);
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
	assert_int_equal(create(h, &carol, CODE), STA_OK);
	return 0;
}

static enum sta_rc
set(struct house *h, const struct sta_call *call, const char *name, const enum sta_visibility *v,
    const char *url)
{
	const struct sta_repository_change change = { .visibility = v, .url = url };
	struct sta_repository now;

	return sta_repository_set(h->r, call, name, &change, &now, &h->err);
}

static enum sta_rc
set_visibility(struct house *h, const struct sta_call *call, enum sta_visibility v)
{
	return set(h, call, CODE, &v, NULL);
}

static void
give(struct house *h, const char *subject, enum sta_role role)
{
	assert_int_equal(sta_repository_give(h->r, &carol, CODE, subject, role, &h->err), STA_OK);
}

/* How many repositories the caller is shown. */
static size_t
listed(struct house *h, const struct sta_call *call)
{
	struct sta_repository *all = NULL;
	size_t n = 0;

	assert_int_equal(sta_repository_all(h->r, call, NULL, &all, &n, &h->err), STA_OK);
	return n;
}

/* The package of acme, pushed by its owner. */
static void
push_package(struct house *h)
{
	struct sta_digest config = push_seed(h, &carol, PACKAGE, 100, 1);

	assert_int_equal(push_manifest(h, &carol, PACKAGE, "v1", manifest_of(h, &config, 100, NULL, 0, 0),
				       NULL, &h->err),
			 STA_OK);
}

static enum sta_rc
link_it(struct house *h, const struct sta_call *call, const char *repository, bool inherits)
{
	return sta_package_link(h->r, call, PACKAGE, repository, inherits, &h->err);
}

static enum sta_rc
read_package(struct house *h, const struct sta_call *call)
{
	struct sta_name parsed;
	struct sta_name_page page;

	name_of(PACKAGE, &parsed);
	return sta_list_tags(h->r, call, &parsed, NULL, 10, &page, &h->err);
}

/* Roles on the package, as its administrators see them: "carol admin, dave read". */
static const char *
grants_of_package(struct house *h)
{
	struct sta_grant *grants = NULL;
	const char *text = "";
	size_t n = 0;

	assert_int_equal(sta_grant_all(h->r, &carol, PACKAGE, &grants, &n, &h->err), STA_OK);
	for (size_t i = 0; i < n && text; i++)
		text = sta_arena_printf(h->arena, "%s%s%s %s", text, i > 0 ? ", " : "", grants[i].subject,
					sta_role_name(grants[i].role));
	assert_non_null(text);
	return text;
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

/* --- repositories --- */

static void
names_are_owner_and_repository_in_any_case(void **state)
{
	static const char *const wrong[] = { "",           "acme",       "acme/",
					     "/code",      "acme/a/b",   "acme/a b",
					     "acme/.code", "-acme/code", "acme/code.git/",
					     "acme//code", "v2/../code" };
	struct house *h = *state;
	struct sta_repository made;
	char longest[400];

	assert_int_equal(
		sta_repository_create(h->r, &carol, "ACME/Tool_2.x", STA_PUBLIC, NULL, &made, &h->err),
		STA_OK);
	assert_string_equal(made.name, "acme/tool_2.x");
	assert_int_equal(create(h, &carol, "acme/TOOL_2.x"), STA_EXISTS);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		if (create(h, &h->sys, wrong[i]) != STA_INVALID)
			fail_msg("'%s' was taken as a name", wrong[i]);
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	longest[4] = '/';
	assert_int_equal(create(h, &h->sys, longest), STA_INVALID);
}

static void
repositories_are_made_by_the_owner_of_their_name(void **state)
{
	struct house *h = *state;
	struct sta_call scoped = carol;

	scoped.caller.scopes = STA_SCOPE_PACKAGES;
	assert_int_equal(create(h, &carol, "acme/a"), STA_OK);
	assert_int_equal(create(h, &h->admin, "acme/b"), STA_OK);
	assert_int_equal(create(h, &h->sys, "acme/c"), STA_OK);
	assert_int_equal(create(h, &h->alice, "alice/a"), STA_OK);
	assert_int_equal(create(h, &dave, "acme/d"), STA_DENIED);
	assert_int_equal(create(h, &erin, "acme/d"), STA_DENIED);
	assert_int_equal(create(h, &h->nobody, "acme/d"), STA_DENIED);
	assert_int_equal(create(h, &scoped, "acme/d"), STA_DENIED);
	assert_int_equal(create(h, &carol, "alice/d"), STA_DENIED);
	assert_int_equal(create(h, &carol, "zoo/d"), STA_NOT_FOUND);
}

static void
internal_is_of_organizations_alone(void **state)
{
	enum sta_visibility internal = STA_INTERNAL;
	struct house *h = *state;
	struct sta_repository made;

	assert_int_equal(
		sta_repository_create(h->r, &h->alice, "alice/a", STA_INTERNAL, NULL, &made, &h->err),
		STA_INVALID);
	assert_int_equal(create(h, &h->alice, "alice/a"), STA_OK);
	assert_int_equal(set(h, &h->alice, "alice/a", &internal, NULL), STA_INVALID);
	assert_int_equal(set_visibility(h, &carol, STA_INTERNAL), STA_OK);
}

static void
one_repository_has_a_url(void **state)
{
	struct house *h = *state;
	struct sta_repository made;

	assert_int_equal(set(h, &carol, CODE, NULL, "https://forge.example/acme/code"), STA_OK);
	assert_int_equal(sta_repository_create(h->r, &carol, "acme/a", STA_PRIVATE,
					       "https://FORGE.example/acme/code.git", &made, &h->err),
			 STA_EXISTS);
	assert_int_equal(create(h, &carol, "acme/a"), STA_OK);
	assert_int_equal(set(h, &carol, "acme/a", NULL, "https://forge.example/acme/code/"), STA_EXISTS);
	assert_int_equal(set(h, &carol, "acme/a", NULL, "ssh://forge.example/acme/code"), STA_INVALID);
	assert_int_equal(set(h, &carol, CODE, NULL, ""), STA_OK);
	assert_int_equal(set(h, &carol, "acme/a", NULL, "https://forge.example/acme/code/"), STA_OK);
	assert_string_equal(last_line(h), "carol repository.set acme/a visibility private, url "
					  "https://forge.example/acme/code");
}

static void
only_what_is_said_changes(void **state)
{
	struct house *h = *state;
	struct sta_repository *all = NULL;
	size_t n = 0;

	assert_int_equal(set(h, &carol, CODE, NULL, "https://forge.example/acme/code"), STA_OK);
	assert_int_equal(set_visibility(h, &carol, STA_PUBLIC), STA_OK);
	assert_int_equal(sta_repository_all(h->r, &h->sys, "ACME", &all, &n, &h->err), STA_OK);
	assert_int_equal(n, 1);
	assert_int_equal(all[0].visibility, STA_PUBLIC);
	assert_string_equal(all[0].url, "https://forge.example/acme/code");
}

/* What each of them gets for each operation on the repository of carol's organization. */
static void
who_may_do_what_on_a_repository(void **state)
{
	struct house *h = *state;
	struct sta_call reader = new_user(h, "reader");
	struct sta_call writer = new_user(h, "writer");
	struct sta_call chief = new_user(h, "chief");
	struct sta_call scoped = carol;
	struct sta_call limited = carol;
	const struct sta_limit limit = { CODE,
					 STA_ACTION_BIT(STA_ACTION_READ) | STA_ACTION_BIT(STA_ACTION_ADMIN) };
	const struct {
		const char *who;
		const struct sta_call *call;
		enum sta_rc manage;
		size_t listed;
	} rows[] = {
		{ "owner of the organization", &carol, STA_OK, 1 },
		{ "system", &h->sys, STA_OK, 1 },
		{ "site administrator", &h->admin, STA_OK, 1 },
		{ "administrator", &chief, STA_OK, 1 },
		{ "writer", &writer, STA_DENIED, 1 },
		{ "reader", &reader, STA_DENIED, 1 },
		{ "member", &dave, STA_NOT_FOUND, 0 },
		{ "outsider", &erin, STA_NOT_FOUND, 0 },
		{ "nobody", &h->nobody, STA_NOT_FOUND, 0 },
		{ "token with scopes for packages", &scoped, STA_DENIED, 1 },
		{ "bearer token", &limited, STA_DENIED, 1 },
	};

	scoped.caller.scopes = STA_SCOPE_PACKAGES;
	limited.caller.limited = true;
	limited.caller.limits = &limit;
	limited.caller.n_limits = 1;
	give(h, "reader", STA_ROLE_READ);
	give(h, "writer", STA_ROLE_WRITE);
	give(h, "chief", STA_ROLE_ADMIN);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct sta_call *call = rows[i].call;
		struct sta_grant *grants = NULL;
		size_t n = 0;

		if (set_visibility(h, call, STA_PRIVATE) != rows[i].manage ||
		    sta_repository_grants(h->r, call, CODE, &grants, &n, &h->err) != rows[i].manage ||
		    sta_repository_give(h->r, call, CODE, "bob", STA_ROLE_READ, &h->err) != rows[i].manage)
			fail_msg("%s: %s", rows[i].who, h->err.msg);
		if (sta_repository_take(h->r, call, CODE, "bob", &h->err) != rows[i].manage)
			fail_msg("%s: %s", rows[i].who, h->err.msg);
		if (rows[i].manage != STA_OK)
			assert_int_equal(sta_repository_delete(h->r, call, CODE, &h->err), rows[i].manage);
		if (listed(h, call) != rows[i].listed)
			fail_msg("%s sees %zu repositories", rows[i].who, listed(h, call));
	}
	assert_int_equal(sta_repository_delete(h->r, &chief, CODE, &h->err), STA_OK);
	assert_string_equal(last_line(h), "chief repository.delete acme/code ");
}

static void
an_outsider_hears_the_same_of_a_repository_and_of_none(void **state)
{
	struct house *h = *state;
	struct sta_err there;

	assert_int_equal(set_visibility(h, &erin, STA_PUBLIC), STA_NOT_FOUND);
	there = h->err;
	assert_string_equal(there.msg, "no repository 'acme/code'");
	assert_string_equal(there.detail, "");
	assert_int_equal(sta_repository_delete(h->r, &carol, CODE, &h->err), STA_OK);
	assert_int_equal(set_visibility(h, &erin, STA_PUBLIC), STA_NOT_FOUND);
	assert_string_equal(h->err.msg, there.msg);
	assert_string_equal(h->err.detail, "");
}

static void
visibility_shows_a_repository_to_members_or_to_all(void **state)
{
	struct house *h = *state;

	assert_int_equal(set_visibility(h, &carol, STA_INTERNAL), STA_OK);
	assert_int_equal(listed(h, &dave), 1);
	assert_int_equal(listed(h, &erin), 0);
	assert_int_equal(set_visibility(h, &carol, STA_PUBLIC), STA_OK);
	assert_int_equal(listed(h, &erin), 1);
	assert_int_equal(listed(h, &h->nobody), 1);
	assert_int_equal(sta_repository_delete(h->r, &erin, CODE, &h->err), STA_DENIED);
}

static void
a_list_of_one_owner_holds_its_own_alone(void **state)
{
	struct house *h = *state;
	struct sta_repository *all = NULL;
	size_t n = 9;

	assert_int_equal(create(h, &h->alice, "alice/a"), STA_OK);
	assert_int_equal(sta_repository_all(h->r, &h->sys, "Alice", &all, &n, &h->err), STA_OK);
	assert_int_equal(n, 1);
	assert_string_equal(all[0].name, "alice/a");
	assert_int_equal(sta_repository_all(h->r, &h->sys, "bob", &all, &n, &h->err), STA_OK);
	assert_int_equal(n, 0);
	assert_int_equal(sta_repository_all(h->r, &h->sys, "zoo", &all, &n, &h->err), STA_NOT_FOUND);
	assert_int_equal(sta_repository_all(h->r, &h->sys, "no name", &all, &n, &h->err), STA_NOT_FOUND);
}

static void
roles_go_to_people_and_to_teams_of_the_owner(void **state)
{
	struct house *h = *state;
	struct sta_team team;
	struct sta_org org;

	assert_int_equal(sta_team_create(h->r, &carol, "acme/devs", NULL, "", &team, &h->err), STA_OK);
	assert_int_equal(sta_team_add(h->r, &carol, "acme/devs", "dave", false, &h->err), STA_OK);
	give(h, "ACME/Devs", STA_ROLE_ADMIN);
	assert_int_equal(set_visibility(h, &dave, STA_PUBLIC), STA_OK);
	assert_int_equal(sta_org_create(h->r, &h->sys, "zoo", "erin", &org, &h->err), STA_OK);
	assert_int_equal(sta_team_create(h->r, &erin, "zoo/keepers", NULL, "", &team, &h->err), STA_OK);
	assert_int_equal(sta_repository_give(h->r, &carol, CODE, "zoo/keepers", STA_ROLE_READ, &h->err),
			 STA_INVALID);
	assert_int_equal(sta_repository_give(h->r, &carol, CODE, "ghost", STA_ROLE_READ, &h->err),
			 STA_NOT_FOUND);
	assert_int_equal(sta_repository_give(h->r, &carol, CODE, "erin", STA_ROLE_NONE, &h->err),
			 STA_INVALID);
	assert_int_equal(sta_repository_take(h->r, &carol, CODE, "erin", &h->err), STA_NOT_FOUND);
}

static void
what_is_granted_and_revoked_is_in_the_audit_log(void **state)
{
	struct house *h = *state;

	give(h, "Erin", STA_ROLE_WRITE);
	assert_string_equal(last_line(h), "carol repository.access acme/code erin as write");
	assert_int_equal(sta_repository_take(h->r, &carol, CODE, "erin", &h->err), STA_OK);
	assert_string_equal(last_line(h), "carol repository.access.revoke acme/code erin");
	push_package(h);
	assert_int_equal(sta_grant_give(h->r, &carol, PACKAGE, "erin", STA_ROLE_READ, &h->err), STA_OK);
	assert_int_equal(sta_grant_take(h->r, &carol, PACKAGE, "erin", &h->err), STA_OK);
	assert_string_equal(last_line(h), "carol package.access.revoke acme/app erin");
}

static void
who_leaves_the_organization_loses_roles_on_its_repositories(void **state)
{
	struct house *h = *state;

	give(h, "dave", STA_ROLE_READ);
	assert_int_equal(listed(h, &dave), 1);
	assert_int_equal(sta_org_remove(h->r, &carol, "acme", "dave", false, &h->err), STA_OK);
	assert_int_equal(listed(h, &dave), 0);
}

/* --- packages --- */

static void
a_repositorys_role_opens_a_package_that_inherits(void **state)
{
	struct house *h = *state;

	push_package(h);
	give(h, "erin", STA_ROLE_READ);
	assert_int_equal(link_it(h, &carol, "ACME/Code", false), STA_OK);
	assert_int_equal(read_package(h, &erin), STA_DENIED);
	assert_int_equal(link_it(h, &carol, CODE, true), STA_OK);
	assert_string_equal(last_line(h), "carol package.link acme/app acme/code, inherits");
	assert_int_equal(read_package(h, &erin), STA_OK);
	assert_int_equal(push_blob(h, &erin, PACKAGE, "x", 1, &h->err), STA_DENIED);
	give(h, "erin", STA_ROLE_WRITE);
	assert_int_equal(push_blob(h, &erin, PACKAGE, "x", 1, &h->err), STA_OK);
	assert_int_equal(sta_repository_take(h->r, &carol, CODE, "erin", &h->err), STA_OK);
	assert_int_equal(read_package(h, &erin), STA_DENIED);
}

static void
visibility_is_not_inherited(void **state)
{
	struct house *h = *state;

	push_package(h);
	assert_int_equal(set_visibility(h, &carol, STA_PUBLIC), STA_OK);
	assert_int_equal(link_it(h, &carol, CODE, true), STA_OK);
	assert_int_equal(read_package(h, &erin), STA_DENIED);
}

static void
inheritance_takes_the_place_of_own_roles(void **state)
{
	struct house *h = *state;

	push_package(h);
	assert_int_equal(sta_grant_give(h->r, &carol, PACKAGE, "erin", STA_ROLE_READ, &h->err), STA_OK);
	assert_int_equal(link_it(h, &carol, CODE, true), STA_OK);
	assert_int_equal(read_package(h, &erin), STA_DENIED);
	assert_int_equal(sta_grant_give(h->r, &carol, PACKAGE, "erin", STA_ROLE_READ, &h->err), STA_CONFLICT);
	assert_int_equal(link_it(h, &carol, CODE, false), STA_OK);
	assert_string_equal(grants_of_package(h), "");
}

static void
roles_stay_as_own_ones_when_the_inheritance_ends(void **state)
{
	struct house *h = *state;

	push_package(h);
	give(h, "erin", STA_ROLE_WRITE);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(link_it(h, &carol, CODE, true), STA_OK);
		if (i == 0)
			assert_int_equal(link_it(h, &carol, CODE, false), STA_OK);
		else if (i == 1)
			assert_int_equal(link_it(h, &carol, NULL, false), STA_OK);
		else
			assert_int_equal(sta_repository_delete(h->r, &carol, CODE, &h->err), STA_OK);
		assert_string_equal(grants_of_package(h), "erin write");
		assert_int_equal(read_package(h, &erin), STA_OK);
	}
	assert_int_equal(link_it(h, &carol, NULL, false), STA_OK); /* to none, as it is */
	assert_string_equal(last_line(h), "carol package.unlink acme/app ");
}

static void
another_repository_brings_its_own_roles(void **state)
{
	struct house *h = *state;

	push_package(h);
	give(h, "erin", STA_ROLE_READ);
	assert_int_equal(create(h, &carol, "acme/other"), STA_OK);
	assert_int_equal(sta_repository_give(h->r, &carol, "acme/other", "dave", STA_ROLE_READ, &h->err),
			 STA_OK);
	assert_int_equal(link_it(h, &carol, CODE, true), STA_OK);
	assert_int_equal(link_it(h, &carol, "acme/other", true), STA_OK);
	assert_int_equal(read_package(h, &erin), STA_DENIED);
	assert_int_equal(read_package(h, &dave), STA_OK);
}

static void
links_are_made_by_the_packages_administrators(void **state)
{
	struct house *h = *state;
	struct sta_call scoped = carol;

	push_package(h);
	scoped.caller.scopes = STA_SCOPE_READ;
	assert_int_equal(link_it(h, &scoped, CODE, false), STA_DENIED);
	assert_int_equal(link_it(h, &erin, CODE, false), STA_DENIED);
	assert_int_equal(link_it(h, &h->nobody, CODE, false), STA_UNAUTHENTICATED);
	assert_int_equal(sta_grant_give(h->r, &carol, PACKAGE, "erin", STA_ROLE_ADMIN, &h->err), STA_OK);
	assert_int_equal(link_it(h, &erin, CODE, false), STA_NOT_FOUND); /* which she may not read */
	give(h, "erin", STA_ROLE_READ);
	assert_int_equal(link_it(h, &erin, CODE, false), STA_OK);
	assert_int_equal(link_it(h, &erin, NULL, true), STA_INVALID);
	assert_int_equal(link_it(h, &erin, "acme/ghost", true), STA_NOT_FOUND);
	assert_int_equal(sta_package_link(h->r, &carol, "acme/ghost", CODE, true, &h->err), STA_NOT_FOUND);
}

static void
a_package_inherits_from_its_owners_repositories_alone(void **state)
{
	struct house *h = *state;

	push_package(h);
	assert_int_equal(create(h, &h->alice, "alice/code"), STA_OK);
	assert_int_equal(sta_repository_give(h->r, &h->alice, "alice/code", "carol", STA_ROLE_READ, &h->err),
			 STA_OK);
	assert_int_equal(link_it(h, &carol, "alice/code", true), STA_INVALID);
	assert_int_equal(link_it(h, &carol, "alice/code", false), STA_OK);
}

static void
the_name_of_a_repository_is_shown_to_those_who_may_read_it(void **state)
{
	struct house *h = *state;
	struct sta_package_info *all = NULL;
	size_t n = 0;

	push_package(h);
	assert_int_equal(link_it(h, &carol, CODE, true), STA_OK);
	assert_int_equal(sta_package_set_visibility(h->r, &carol, PACKAGE, STA_PUBLIC, &h->err), STA_OK);
	assert_int_equal(sta_package_list(h->r, &carol, NULL, 10, &all, &n, &h->err), STA_OK);
	assert_string_equal(all[0].repository, CODE);
	assert_true(all[0].inherits);
	assert_int_equal(sta_package_list(h->r, &erin, NULL, 10, &all, &n, &h->err), STA_OK);
	assert_null(all[0].repository);
	assert_true(all[0].inherits);
}

static enum sta_rc
explain(struct house *h, const struct sta_call *call, const char *user, const char *package,
	enum sta_action action, struct sta_explanation *out)
{
	const struct sta_access_question q = { .user = user, .package = package, .action = action };

	return sta_access_explain(h->r, call, &q, out, &h->err);
}

static void
explanations_tell_of_the_repository(void **state)
{
	struct house *h = *state;
	struct sta_explanation x;
	struct sta_team team;

	push_package(h);
	assert_int_equal(sta_team_create(h->r, &carol, "acme/devs", NULL, "", &team, &h->err), STA_OK);
	assert_int_equal(sta_team_add(h->r, &carol, "acme/devs", "dave", false, &h->err), STA_OK);
	give(h, "acme/devs", STA_ROLE_WRITE);
	give(h, "dave", STA_ROLE_READ);
	assert_int_equal(link_it(h, &carol, CODE, true), STA_OK);
	assert_int_equal(explain(h, &carol, "dave", PACKAGE, STA_ACTION_WRITE, &x), STA_OK);
	assert_true(x.allowed);
	assert_string_equal(x.rule, "repository");
	assert_true(x.inherits);
	assert_string_equal(x.repository, CODE);
	assert_int_equal(x.inherited, STA_ROLE_WRITE);
	assert_int_equal(x.granted, STA_ROLE_READ);
	assert_int_equal(x.team_role, STA_ROLE_WRITE);
	assert_string_equal(x.team, "acme/devs");
	/* About herself, of a package that she may know of, but not of where it is from. */
	assert_int_equal(sta_package_set_visibility(h->r, &carol, PACKAGE, STA_PUBLIC, &h->err), STA_OK);
	assert_int_equal(explain(h, &erin, "erin", PACKAGE, STA_ACTION_WRITE, &x), STA_OK);
	assert_true(x.inherits);
	assert_null(x.repository);
	assert_int_equal(x.inherited, STA_ROLE_NONE);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, house_teardown)

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(names_are_owner_and_repository_in_any_case),
		TEST(repositories_are_made_by_the_owner_of_their_name),
		TEST(internal_is_of_organizations_alone),
		TEST(one_repository_has_a_url),
		TEST(only_what_is_said_changes),
		TEST(who_may_do_what_on_a_repository),
		TEST(an_outsider_hears_the_same_of_a_repository_and_of_none),
		TEST(visibility_shows_a_repository_to_members_or_to_all),
		TEST(a_list_of_one_owner_holds_its_own_alone),
		TEST(roles_go_to_people_and_to_teams_of_the_owner),
		TEST(what_is_granted_and_revoked_is_in_the_audit_log),
		TEST(who_leaves_the_organization_loses_roles_on_its_repositories),
		TEST(a_repositorys_role_opens_a_package_that_inherits),
		TEST(visibility_is_not_inherited),
		TEST(inheritance_takes_the_place_of_own_roles),
		TEST(roles_stay_as_own_ones_when_the_inheritance_ends),
		TEST(another_repository_brings_its_own_roles),
		TEST(links_are_made_by_the_packages_administrators),
		TEST(a_package_inherits_from_its_owners_repositories_alone),
		TEST(the_name_of_a_repository_is_shown_to_those_who_may_read_it),
		TEST(explanations_tell_of_the_repository),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
