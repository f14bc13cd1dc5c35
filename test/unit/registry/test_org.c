/* Organizations, teams and grants: who may change what, and what that opens. */

#include "house.h"

#include <string.h>

#include "registry/account.h"
#include "registry/grant.h"
#include "registry/list.h"
#include "registry/org.h"
#include "registry/team.h"

#define PACKAGE "acme/app"

/* Beside the house's: carol owns acme, dave is a member of it, erin is in nothing. */
static struct sta_call carol, dave, erin;

static struct sta_call
new_user(struct house *h, const char *name)
{
	struct sta_user user;

	assert_int_equal(sta_user_create(h->r, &h->sys, name, NULL, false, &user, &h->err), STA_OK);
	return (struct sta_call){
		.arena = h->arena,
		.caller = { .kind = STA_CALLER_USER,
			    .user_id = user.id,
			    .login = name,
			    .scopes = STA_SCOPE_ALL },
		.may_wait = true,
	};
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
	return 0;
}

static enum sta_rc
push(struct house *h, const struct sta_call *call, const char *name)
{
	static const char bytes[] = "a configuration";

	return push_blob(h, call, name, bytes, sizeof(bytes), &h->err);
}

static enum sta_rc
read_it(struct house *h, const struct sta_call *call, const char *name)
{
	struct sta_name parsed;
	struct sta_name_page page;

	name_of(name, &parsed);
	return sta_list_tags(h->r, call, &parsed, NULL, 10, &page, &h->err);
}

static enum sta_rc
set_visibility(struct house *h, const struct sta_call *call, enum sta_visibility v)
{
	return sta_package_set_visibility(h->r, call, PACKAGE, v, &h->err);
}

static struct sta_team
new_team(struct house *h, const char *name, const char *parent)
{
	struct sta_team team;

	assert_int_equal(sta_team_create(h->r, &carol, name, parent, "", &team, &h->err), STA_OK);
	return team;
}

/* The newest line of the audit log. */
static struct sta_audit_line
last_line(struct house *h)
{
	struct sta_audit_line *lines = NULL;
	size_t n = 0;

	assert_int_equal(sta_audit_read(h->r, &h->sys, "", 0, 1, &lines, &n, &h->err), STA_OK);
	assert_int_equal(n, 1);
	return lines[0];
}

static void
one_name_is_one_owner_in_any_case(void **state)
{
	struct house *h = *state;
	struct sta_org org;
	struct sta_user user;

	assert_int_equal(sta_org_create(h->r, &h->sys, "ACME", "carol", &org, &h->err), STA_EXISTS);
	assert_int_equal(sta_org_create(h->r, &h->sys, "Alice", "carol", &org, &h->err), STA_EXISTS);
	assert_int_equal(sta_user_create(h->r, &h->sys, "acme", NULL, false, &user, &h->err), STA_EXISTS);
	assert_int_equal(sta_org_create(h->r, &h->sys, "-x", "carol", &org, &h->err), STA_INVALID);
	assert_int_equal(sta_org_create(h->r, &h->sys, "v2", "carol", &org, &h->err), STA_INVALID);
	assert_int_equal(sta_org_create(h->r, &h->sys, "zoo", "nobody", &org, &h->err), STA_NOT_FOUND);
	assert_int_equal(sta_org_create(h->r, &h->sys, "Zoo", "CAROL", &org, &h->err), STA_OK);
	assert_string_equal(org.name, "zoo");
	assert_int_equal(org.visibility, STA_PRIVATE);
	assert_int_equal(org.creates, STA_ORG_CREATES_ALL);
	assert_true(org.inherits);
}

static void
only_the_site_makes_organizations(void **state)
{
	struct house *h = *state;
	struct sta_org org;

	assert_int_equal(sta_org_create(h->r, &carol, "zoo", "carol", &org, &h->err), STA_DENIED);
	assert_int_equal(sta_org_create(h->r, &h->nobody, "zoo", "carol", &org, &h->err), STA_DENIED);
	assert_int_equal(sta_org_create(h->r, &h->admin, "zoo", "carol", &org, &h->err), STA_OK);
}

/* What each of them gets for each operation on the organization. */
static void
who_may_do_what_in_an_organization(void **state)
{
	struct house *h = *state;
	enum sta_visibility internal = STA_INTERNAL;
	const struct sta_org_change change = { .visibility = &internal };
	const struct {
		const struct sta_call *call;
		enum sta_rc read, manage;
	} rows[] = {
		{ &carol, STA_OK, STA_OK },
		{ &h->sys, STA_OK, STA_OK },
		{ &h->admin, STA_OK, STA_OK },
		{ &dave, STA_OK, STA_DENIED },
		{ &erin, STA_NOT_FOUND, STA_NOT_FOUND },
		{ &h->nobody, STA_NOT_FOUND, STA_NOT_FOUND },
	};

	(void) new_team(h, "acme/devs", NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct sta_call *call = rows[i].call;
		struct sta_member *members;
		struct sta_team *teams;
		struct sta_teammate *mates;
		struct sta_team team;
		struct sta_org org;
		size_t n;

		assert_int_equal(sta_org_members(h->r, call, "acme", &members, &n, &h->err), rows[i].read);
		assert_int_equal(sta_team_all(h->r, call, "Acme", &teams, &n, &h->err), rows[i].read);
		assert_int_equal(sta_team_members(h->r, call, "acme/devs", &mates, &n, &h->err),
				 rows[i].read);
		assert_int_equal(sta_org_set(h->r, call, "acme", &change, &org, &h->err), rows[i].manage);
		assert_int_equal(sta_org_add(h->r, call, "acme", "bob", STA_ORG_MEMBER, &h->err),
				 rows[i].manage);
		assert_int_equal(sta_team_add(h->r, call, "acme/devs", "dave", false, &h->err),
				 rows[i].manage);
		assert_int_equal(sta_team_remove_member(h->r, call, "acme/devs", "dave", &h->err),
				 call == &dave ? STA_NOT_FOUND : rows[i].manage);
		assert_int_equal(sta_org_remove(h->r, call, "acme", "bob", false, &h->err), rows[i].manage);
		assert_int_equal(sta_team_create(h->r, call, "acme/more", NULL, "", &team, &h->err),
				 rows[i].manage);
		assert_int_equal(sta_team_set(h->r, call, "acme/devs",
					      &(struct sta_team_change){ .description = "x" }, &team,
					      &h->err),
				 rows[i].manage);
		assert_int_equal(sta_team_delete(h->r, call,
						 rows[i].manage == STA_OK ? "acme/more" : "acme/devs",
						 &h->err),
				 rows[i].manage);
	}
}

static void
an_outsider_hears_the_same_of_an_organization_and_of_none(void **state)
{
	struct house *h = *state;
	struct sta_member *members;
	size_t n;

	assert_int_equal(sta_org_members(h->r, &erin, "acme", &members, &n, &h->err), STA_NOT_FOUND);
	assert_string_equal(h->err.msg, "no organization 'acme'");
	assert_string_equal(h->err.detail, "");
	assert_int_equal(sta_org_members(h->r, &erin, "none", &members, &n, &h->err), STA_NOT_FOUND);
	assert_string_equal(h->err.msg, "no organization 'none'");
}

static void
a_package_scope_or_a_bearer_token_manages_nothing(void **state)
{
	struct house *h = *state;
	struct sta_call call = carol;

	call.caller.scopes = STA_SCOPE_PACKAGES;
	assert_int_equal(sta_org_add(h->r, &call, "acme", "bob", STA_ORG_MEMBER, &h->err), STA_DENIED);
	call.caller.scopes = STA_SCOPE_ALL;
	call.caller.limited = true;
	assert_int_equal(sta_org_add(h->r, &call, "acme", "bob", STA_ORG_MEMBER, &h->err), STA_DENIED);
}

static void
the_last_owner_stays_one(void **state)
{
	struct house *h = *state;

	assert_int_equal(sta_org_remove(h->r, &carol, "acme", "carol", false, &h->err), STA_CONFLICT);
	assert_int_equal(sta_org_add(h->r, &carol, "acme", "carol", STA_ORG_MEMBER, &h->err), STA_CONFLICT);
	assert_int_equal(sta_org_add(h->r, &carol, "acme", "dave", STA_ORG_OWNER, &h->err), STA_OK);
	assert_int_equal(sta_org_add(h->r, &carol, "acme", "carol", STA_ORG_MEMBER, &h->err), STA_OK);
	assert_int_equal(sta_org_remove(h->r, &dave, "acme", "dave", false, &h->err), STA_CONFLICT);
}

static void
everybody_may_leave(void **state)
{
	struct house *h = *state;

	assert_int_equal(sta_org_remove(h->r, &dave, "acme", "carol", false, &h->err), STA_DENIED);
	assert_int_equal(sta_org_remove(h->r, &dave, "acme", "Dave", false, &h->err), STA_OK);
	assert_int_equal(sta_org_remove(h->r, &dave, "acme", "dave", false, &h->err), STA_NOT_FOUND);
	assert_int_equal(sta_org_remove(h->r, &carol, "acme", "dave", false, &h->err), STA_NOT_FOUND);
}

static void
a_maintainer_keeps_its_own_team(void **state)
{
	struct house *h = *state;
	struct sta_team team;

	(void) new_team(h, "acme/devs", NULL);
	(void) new_team(h, "acme/ops", NULL);
	assert_int_equal(sta_org_add(h->r, &carol, "acme", "bob", STA_ORG_MEMBER, &h->err), STA_OK);
	assert_int_equal(sta_team_add(h->r, &carol, "acme/devs", "dave", true, &h->err), STA_OK);
	assert_int_equal(sta_team_add(h->r, &dave, "acme/devs", "bob", false, &h->err), STA_OK);
	assert_int_equal(sta_team_add(h->r, &dave, "acme/devs", "erin", false, &h->err), STA_INVALID);
	assert_int_equal(sta_team_add(h->r, &dave, "acme/ops", "bob", false, &h->err), STA_DENIED);
	assert_int_equal(sta_team_create(h->r, &dave, "acme/new", NULL, "", &team, &h->err), STA_DENIED);
	assert_int_equal(sta_team_delete(h->r, &dave, "acme/devs", &h->err), STA_DENIED);
	assert_int_equal(sta_team_remove_member(h->r, &dave, "acme/devs", "bob", &h->err), STA_OK);
	assert_int_equal(sta_team_remove_member(h->r, &dave, "acme/devs", "bob", &h->err), STA_NOT_FOUND);
}

static void
a_team_is_made_moved_and_told_about(void **state)
{
	struct house *h = *state;
	struct sta_team team = new_team(h, "Acme/Devs", NULL);
	struct sta_team *all = NULL;
	size_t n = 0;
	char text[STA_TEAM_DESCRIPTION_MAX + 2];

	assert_string_equal(team.name, "acme/devs");
	assert_null(team.parent);
	team = new_team(h, "acme/art", "devs");
	assert_string_equal(team.parent, "acme/devs");
	assert_int_equal(sta_team_create(h->r, &carol, "acme/art", NULL, "", &team, &h->err), STA_EXISTS);
	assert_int_equal(sta_team_create(h->r, &carol, "acme", NULL, "", &team, &h->err), STA_INVALID);
	assert_int_equal(sta_team_create(h->r, &carol, "acme/x", "none", "", &team, &h->err), STA_NOT_FOUND);
	assert_int_equal(sta_team_all(h->r, &carol, "acme", &all, &n, &h->err), STA_OK);
	assert_int_equal(n, 2); /* what failed left nothing */
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(sta_team_create(h->r, &carol, "acme/x", NULL, text, &team, &h->err), STA_INVALID);
	assert_int_equal(sta_team_create(h->r, &carol, "acme/x", NULL, "a\nb", &team, &h->err), STA_INVALID);
	assert_int_equal(sta_team_set(h->r, &carol, "acme/devs", &(struct sta_team_change){ .parent = "art" },
				      &team, &h->err),
			 STA_INVALID);
	assert_int_equal(sta_team_delete(h->r, &carol, "acme/devs", &h->err), STA_CONFLICT);
	assert_int_equal(sta_team_set(h->r, &carol, "acme/art", &(struct sta_team_change){ .parent = "" },
				      &team, &h->err),
			 STA_OK);
	assert_null(team.parent);
	assert_int_equal(sta_team_delete(h->r, &carol, "acme/devs", &h->err), STA_OK);
}

static void
members_make_packages_as_the_organization_lets_them(void **state)
{
	struct house *h = *state;
	enum sta_visibility v = STA_INTERNAL;
	unsigned creates = STA_ORG_CREATES_ALL & ~(1U << STA_INTERNAL);
	struct sta_org org;

	assert_int_equal(push(h, &erin, PACKAGE), STA_DENIED);
	assert_string_equal(h->err.msg, "permission_denied: write_package");
	assert_int_equal(push(h, &dave, PACKAGE), STA_OK);
	assert_int_equal(sta_org_set(h->r, &carol, "acme",
				     &(struct sta_org_change){ .visibility = &v, .creates = &creates }, &org,
				     &h->err),
			 STA_OK);
	assert_int_equal(push(h, &dave, "acme/other"), STA_DENIED);
	assert_string_equal(h->err.msg, "permission_denied: create_package");
	assert_int_equal(push(h, &dave, PACKAGE), STA_OK); /* it is there, and dave is its administrator */
	assert_int_equal(push(h, &carol, "acme/other"), STA_OK);
	assert_int_equal(number(h, "SELECT visibility FROM package WHERE name = 'acme/other'"), STA_INTERNAL);
	assert_int_equal(set_visibility(h, &dave, STA_INTERNAL), STA_DENIED);
	assert_int_equal(set_visibility(h, &dave, STA_PUBLIC), STA_OK);
	assert_int_equal(set_visibility(h, &carol, STA_INTERNAL), STA_OK);
}

static void
set_creators(struct house *h, const char *creators, const char *then)
{
	const struct sta_org_change change = { .creators = creators };
	struct sta_org org;

	assert_int_equal(sta_org_set(h->r, &carol, "acme", &change, &org, &h->err), STA_OK);
	assert_string_equal(org.creators, then);
}

/* Whether dave, a member, may make a package. */
static enum sta_rc
make_one(struct house *h)
{
	return push(h, &dave, number(h, "SELECT count(*) FROM package") % 2 ? "acme/odd" : "acme/even");
}

static void
an_organization_says_which_members_make_packages(void **state)
{
	struct house *h = *state;

	set_creators(h, "owners", "owners");
	assert_int_equal(make_one(h), STA_DENIED);
	assert_string_equal(h->err.msg, "permission_denied: create_package");
	assert_int_equal(push(h, &carol, PACKAGE), STA_OK);
	(void) new_team(h, "acme/makers", NULL);
	(void) new_team(h, "acme/young", "makers");
	set_creators(h, "Makers", "acme/makers");
	assert_int_equal(make_one(h), STA_DENIED);
	assert_int_equal(sta_team_add(h->r, &carol, "acme/young", "dave", false, &h->err), STA_OK);
	assert_int_equal(make_one(h), STA_OK);
	set_creators(h, "members", "members");
	assert_int_equal(sta_team_remove_member(h->r, &carol, "acme/young", "dave", &h->err), STA_OK);
	assert_int_equal(make_one(h), STA_OK);
}

static void
the_visibility_rule_counts_for_a_team_of_creators_too(void **state)
{
	struct house *h = *state;
	unsigned none = 0;
	const struct sta_org_change change = { .creates = &none };
	struct sta_org org;

	(void) new_team(h, "acme/makers", NULL);
	assert_int_equal(sta_team_add(h->r, &carol, "acme/makers", "dave", false, &h->err), STA_OK);
	set_creators(h, "acme/makers", "acme/makers");
	assert_int_equal(sta_org_set(h->r, &carol, "acme", &change, &org, &h->err), STA_OK);
	assert_string_equal(org.creators, "acme/makers");
	assert_int_equal(make_one(h), STA_DENIED);
}

static void
without_the_team_the_owners_alone_make_packages(void **state)
{
	struct house *h = *state;
	struct sta_org *all = NULL;
	size_t n = 0;

	(void) new_team(h, "acme/makers", NULL);
	assert_int_equal(sta_team_add(h->r, &carol, "acme/makers", "dave", false, &h->err), STA_OK);
	set_creators(h, "makers", "acme/makers");
	assert_int_equal(sta_team_delete(h->r, &carol, "acme/makers", &h->err), STA_OK);
	assert_int_equal(sta_org_all(h->r, &carol, &all, &n, &h->err), STA_OK);
	assert_string_equal(all[0].creators, "owners");
	assert_int_equal(make_one(h), STA_DENIED);
}

static void
creators_are_a_team_of_the_organization(void **state)
{
	static const char *const words[] = { "", "ghosts", "zoo/keepers", "acme/" };
	struct house *h = *state;
	struct sta_org org;
	struct sta_team team;

	assert_int_equal(sta_org_create(h->r, &h->sys, "zoo", "carol", &org, &h->err), STA_OK);
	assert_int_equal(sta_team_create(h->r, &carol, "zoo/keepers", NULL, "", &team, &h->err), STA_OK);
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		const struct sta_org_change change = { .creators = words[i] };

		assert_int_not_equal(sta_org_set(h->r, &carol, "acme", &change, &org, &h->err), STA_OK);
	}
	assert_int_equal(number(h, "SELECT count(*) FROM organization WHERE creators = 1"), 2);
}

static void
internal_packages_are_read_by_members_alone(void **state)
{
	struct house *h = *state;
	struct sta_err err;

	assert_int_equal(push(h, &carol, PACKAGE), STA_OK);
	assert_int_equal(read_it(h, &dave, PACKAGE), STA_DENIED);
	assert_int_equal(set_visibility(h, &carol, STA_INTERNAL), STA_OK);
	assert_int_equal(read_it(h, &dave, PACKAGE), STA_OK);
	assert_int_equal(push(h, &dave, PACKAGE), STA_DENIED);
	assert_int_equal(read_it(h, &erin, PACKAGE), STA_DENIED);
	err = h->err;
	assert_int_equal(read_it(h, &erin, "acme/none"), STA_DENIED);
	assert_string_equal(h->err.msg, err.msg);
	assert_string_equal(h->err.detail, err.detail);
	assert_int_equal(read_it(h, &h->nobody, PACKAGE), STA_UNAUTHENTICATED);
	assert_int_equal(sta_org_remove(h->r, &carol, "acme", "dave", false, &h->err), STA_OK);
	assert_int_equal(read_it(h, &dave, PACKAGE), STA_DENIED);
	assert_int_equal(push(h, &h->alice, "alice/app"), STA_OK);
	assert_int_equal(sta_package_set_visibility(h->r, &h->alice, "alice/app", STA_INTERNAL, &h->err),
			 STA_INVALID);
}

static void
a_grant_opens_a_package_and_its_end_closes_it(void **state)
{
	struct house *h = *state;
	struct sta_grant *grants = NULL;
	size_t n = 0;

	assert_int_equal(push(h, &carol, PACKAGE), STA_OK);
	assert_int_equal(sta_grant_give(h->r, &dave, PACKAGE, "dave", STA_ROLE_READ, &h->err), STA_DENIED);
	assert_int_equal(sta_grant_give(h->r, &carol, PACKAGE, "Erin", STA_ROLE_READ, &h->err), STA_OK);
	assert_int_equal(read_it(h, &erin, PACKAGE), STA_OK);
	assert_int_equal(push(h, &erin, PACKAGE), STA_DENIED);
	assert_int_equal(sta_grant_give(h->r, &carol, PACKAGE, "erin", STA_ROLE_WRITE, &h->err), STA_OK);
	assert_int_equal(push(h, &erin, PACKAGE), STA_OK);
	assert_int_equal(sta_grant_all(h->r, &erin, PACKAGE, &grants, &n, &h->err), STA_DENIED);
	assert_int_equal(sta_grant_all(h->r, &carol, PACKAGE, &grants, &n, &h->err), STA_OK);
	assert_int_equal(n, 2);
	assert_string_equal(grants[1].subject, "erin");
	assert_true(grants[1].outside);
	assert_int_equal(sta_grant_take(h->r, &carol, PACKAGE, "erin", &h->err), STA_OK);
	assert_int_equal(read_it(h, &erin, PACKAGE), STA_DENIED);
	assert_int_equal(sta_grant_take(h->r, &carol, PACKAGE, "erin", &h->err), STA_NOT_FOUND);
}

static void
a_role_of_a_team_is_its_members_while_they_are_in_it(void **state)
{
	struct house *h = *state;

	assert_int_equal(push(h, &carol, PACKAGE), STA_OK);
	(void) new_team(h, "acme/all", NULL);
	(void) new_team(h, "acme/devs", "all");
	assert_int_equal(sta_grant_give(h->r, &carol, PACKAGE, "acme/all", STA_ROLE_WRITE, &h->err), STA_OK);
	assert_int_equal(push(h, &dave, PACKAGE), STA_DENIED);
	assert_int_equal(sta_team_add(h->r, &carol, "acme/devs", "dave", false, &h->err), STA_OK);
	assert_int_equal(push(h, &dave, PACKAGE), STA_OK);
	assert_int_equal(sta_team_remove_member(h->r, &dave, "acme/devs", "dave", &h->err), STA_OK);
	assert_int_equal(push(h, &dave, PACKAGE), STA_DENIED);
}

static void
teams_of_others_and_what_is_not_there_get_no_role(void **state)
{
	struct house *h = *state;
	struct sta_org org;
	struct sta_team team;

	assert_int_equal(push(h, &carol, PACKAGE), STA_OK);
	assert_int_equal(sta_org_create(h->r, &h->sys, "zoo", "carol", &org, &h->err), STA_OK);
	assert_int_equal(sta_team_create(h->r, &carol, "zoo/apes", NULL, "", &team, &h->err), STA_OK);
	assert_int_equal(sta_grant_give(h->r, &carol, PACKAGE, "zoo/apes", STA_ROLE_READ, &h->err),
			 STA_INVALID);
	assert_int_equal(sta_grant_give(h->r, &carol, PACKAGE, "acme/apes", STA_ROLE_READ, &h->err),
			 STA_NOT_FOUND);
	assert_int_equal(sta_grant_give(h->r, &carol, PACKAGE, "nobody", STA_ROLE_READ, &h->err),
			 STA_NOT_FOUND);
	assert_int_equal(sta_grant_give(h->r, &carol, PACKAGE, "", STA_ROLE_READ, &h->err), STA_NOT_FOUND);
	assert_int_equal(sta_grant_give(h->r, &carol, "acme/none", "dave", STA_ROLE_READ, &h->err),
			 STA_NOT_FOUND);
	assert_int_equal(sta_grant_give(h->r, &carol, "acme", "dave", STA_ROLE_READ, &h->err), STA_INVALID);
	assert_int_equal(sta_grant_give(h->r, &carol, PACKAGE, "dave", STA_ROLE_NONE, &h->err), STA_INVALID);
	assert_int_equal(push(h, &h->alice, "alice/app"), STA_OK);
	assert_int_equal(sta_grant_give(h->r, &h->alice, "alice/app", "acme/devs", STA_ROLE_READ, &h->err),
			 STA_INVALID);
}

static void
who_leaves_takes_no_role_along_unless_it_stays_outside(void **state)
{
	struct house *h = *state;

	assert_int_equal(push(h, &dave, PACKAGE), STA_OK); /* makes dave its administrator */
	assert_int_equal(sta_org_remove(h->r, &carol, "acme", "dave", true, &h->err), STA_OK);
	assert_int_equal(push(h, &dave, PACKAGE), STA_OK);
	assert_int_equal(sta_org_add(h->r, &carol, "acme", "dave", STA_ORG_MEMBER, &h->err), STA_OK);
	assert_int_equal(sta_org_remove(h->r, &carol, "acme", "dave", false, &h->err), STA_OK);
	assert_int_equal(push(h, &dave, PACKAGE), STA_DENIED);
}

static enum sta_rc
explain(struct house *h, const struct sta_call *call, const char *user, const char *package,
	enum sta_action action, struct sta_explanation *out)
{
	const struct sta_access_question q = { .user = user, .package = package, .action = action };

	return sta_access_explain(h->r, call, &q, out, &h->err);
}

static void
an_explanation_says_what_the_door_decides(void **state)
{
	struct house *h = *state;
	struct sta_explanation e;

	assert_int_equal(push(h, &carol, PACKAGE), STA_OK);
	(void) new_team(h, "acme/devs", NULL);
	assert_int_equal(sta_team_add(h->r, &carol, "acme/devs", "dave", false, &h->err), STA_OK);
	assert_int_equal(sta_grant_give(h->r, &carol, PACKAGE, "acme/devs", STA_ROLE_READ, &h->err), STA_OK);
	assert_int_equal(explain(h, &carol, "Dave", PACKAGE, STA_ACTION_WRITE, &e), STA_OK);
	assert_false(e.allowed);
	assert_string_equal(e.rule, "role");
	assert_true(e.exists);
	assert_true(e.owner_exists);
	assert_true(e.owner_is_org);
	assert_string_equal(e.owner, "acme");
	assert_int_equal(e.member, STA_ORG_MEMBER);
	assert_int_equal(e.granted, STA_ROLE_NONE);
	assert_int_equal(e.team_role, STA_ROLE_READ);
	assert_string_equal(e.team, "acme/devs");
	assert_int_equal(explain(h, &h->sys, "dave", PACKAGE, STA_ACTION_READ, &e), STA_OK);
	assert_true(e.allowed);
	assert_string_equal(e.rule, "team");
	assert_int_equal(explain(h, &h->sys, "", PACKAGE, STA_ACTION_READ, &e), STA_OK);
	assert_false(e.allowed);
	assert_string_equal(e.rule, "anonymous");
	assert_int_equal(explain(h, &h->sys, "erin", "none/app", STA_ACTION_WRITE, &e), STA_OK);
	assert_string_equal(e.rule, "no_owner");
	assert_false(e.owner_exists);
}

static void
explanations_are_for_administrators_and_about_oneself(void **state)
{
	struct house *h = *state;
	struct sta_explanation e;

	assert_int_equal(push(h, &carol, PACKAGE), STA_OK);
	assert_int_equal(sta_grant_give(h->r, &carol, PACKAGE, "dave", STA_ROLE_READ, &h->err), STA_OK);
	assert_int_equal(explain(h, &dave, "dave", PACKAGE, STA_ACTION_WRITE, &e), STA_OK);
	assert_false(e.allowed);
	assert_int_equal(explain(h, &dave, "carol", PACKAGE, STA_ACTION_WRITE, &e), STA_DENIED);
	assert_int_equal(explain(h, &erin, "erin", PACKAGE, STA_ACTION_READ, &e), STA_DENIED);
	assert_int_equal(explain(h, &h->nobody, "", PACKAGE, STA_ACTION_READ, &e), STA_UNAUTHENTICATED);
}

static void
every_change_of_rights_is_in_the_audit_log(void **state)
{
	struct house *h = *state;
	struct sta_audit_line line = last_line(h);
	struct sta_audit_line *lines = NULL;
	size_t n = 0;

	assert_string_equal(line.actor, "carol");
	assert_string_equal(line.action, "org.member.set");
	assert_string_equal(line.target, "acme");
	assert_string_equal(line.detail, "dave as member");
	assert_int_equal(push(h, &dave, PACKAGE), STA_OK);
	assert_int_equal(sta_grant_give(h->r, &dave, PACKAGE, "erin", STA_ROLE_READ, &h->err), STA_OK);
	line = last_line(h);
	assert_string_equal(line.actor, "dave");
	assert_string_equal(line.action, "package.access");
	assert_string_equal(line.target, PACKAGE);
	assert_string_equal(line.detail, "erin as read");
	assert_int_equal(sta_grant_give(h->r, &erin, PACKAGE, "erin", STA_ROLE_ADMIN, &h->err), STA_DENIED);
	assert_int_equal(last_line(h).id, line.id); /* what was refused changed nothing */
	assert_int_equal(set_visibility(h, &dave, STA_PUBLIC), STA_OK);
	assert_string_equal(last_line(h).detail, "public");
	assert_int_equal(sta_audit_read(h->r, &dave, "acme", 0, 10, &lines, &n, &h->err), STA_DENIED);
	assert_int_equal(sta_audit_read(h->r, &erin, "acme", 0, 10, &lines, &n, &h->err), STA_NOT_FOUND);
	assert_int_equal(sta_audit_read(h->r, &carol, "", 0, 10, &lines, &n, &h->err), STA_DENIED);
	assert_int_equal(sta_audit_read(h->r, &carol, "acme", 0, 10, &lines, &n, &h->err), STA_OK);
	assert_int_equal(n, 5);
	assert_int_equal(sta_audit_read(h->r, &carol, "Acme", 0, 10, &lines, &n, &h->err), STA_OK);
	assert_int_equal(n, 5);
}

static size_t
listed(struct house *h, const struct sta_call *call)
{
	struct sta_name_page page;

	assert_int_equal(sta_list_catalog(h->r, call, NULL, 10, &page, &h->err), STA_OK);
	return page.n;
}

static void
the_catalog_shows_what_members_and_teams_may_read(void **state)
{
	struct house *h = *state;
	struct sta_digest config = push_seed(h, &carol, PACKAGE, 100, 1);
	struct sta_digest manifest;

	assert_int_equal(push_manifest(h, &carol, PACKAGE, "v1", manifest_of(h, &config, 100, NULL, 0, 0),
				       &manifest, &h->err),
			 STA_OK);
	assert_int_equal(listed(h, &carol), 1);
	assert_int_equal(listed(h, &dave), 0);
	assert_int_equal(set_visibility(h, &carol, STA_INTERNAL), STA_OK);
	assert_int_equal(listed(h, &dave), 1);
	assert_int_equal(listed(h, &erin), 0);
	assert_int_equal(set_visibility(h, &carol, STA_PRIVATE), STA_OK);
	(void) new_team(h, "acme/devs", NULL);
	assert_int_equal(sta_team_add(h->r, &carol, "acme/devs", "dave", false, &h->err), STA_OK);
	assert_int_equal(listed(h, &dave), 0);
	assert_int_equal(sta_grant_give(h->r, &carol, PACKAGE, "acme/devs", STA_ROLE_READ, &h->err), STA_OK);
	assert_int_equal(listed(h, &dave), 1);
}

static void
the_log_says_what_the_settings_are_then(void **state)
{
	struct house *h = *state;
	unsigned none = 0;
	bool off = false;
	const struct sta_org_change creates = { .creates = &none };
	const struct sta_org_change inherits = { .inherits = &off };
	struct sta_org org;

	assert_int_equal(sta_org_set(h->r, &carol, "acme", &creates, &org, &h->err), STA_OK);
	assert_true(org.inherits);
	assert_string_equal(last_line(h).detail,
			    "visibility private, members create none, creators members, inherit on");
	assert_int_equal(sta_org_set(h->r, &carol, "acme", &inherits, &org, &h->err), STA_OK);
	assert_false(org.inherits);
	assert_string_equal(last_line(h).detail,
			    "visibility private, members create none, creators members, inherit off");
}

static void
visibilities_are_parsed_exactly(void **state)
{
	struct house *h = *state;
	unsigned set = 9;

	for (unsigned want = 0; want <= STA_ORG_CREATES_ALL; want++) {
		assert_int_equal(sta_visibilities_parse(sta_visibilities_text(h->arena, want), &set, &h->err),
				 STA_OK);
		assert_int_equal(set, want);
	}
	assert_int_equal(sta_visibilities_parse("public,", &set, &h->err), STA_INVALID);
	assert_int_equal(sta_visibilities_parse(",", &set, &h->err), STA_INVALID);
	assert_int_equal(sta_visibilities_parse("Public", &set, &h->err), STA_INVALID);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, house_teardown)

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(one_name_is_one_owner_in_any_case),
		TEST(only_the_site_makes_organizations),
		TEST(who_may_do_what_in_an_organization),
		TEST(an_outsider_hears_the_same_of_an_organization_and_of_none),
		TEST(a_package_scope_or_a_bearer_token_manages_nothing),
		TEST(the_last_owner_stays_one),
		TEST(everybody_may_leave),
		TEST(a_maintainer_keeps_its_own_team),
		TEST(a_team_is_made_moved_and_told_about),
		TEST(members_make_packages_as_the_organization_lets_them),
		TEST(an_organization_says_which_members_make_packages),
		TEST(the_visibility_rule_counts_for_a_team_of_creators_too),
		TEST(without_the_team_the_owners_alone_make_packages),
		TEST(creators_are_a_team_of_the_organization),
		TEST(internal_packages_are_read_by_members_alone),
		TEST(a_grant_opens_a_package_and_its_end_closes_it),
		TEST(a_role_of_a_team_is_its_members_while_they_are_in_it),
		TEST(teams_of_others_and_what_is_not_there_get_no_role),
		TEST(who_leaves_takes_no_role_along_unless_it_stays_outside),
		TEST(an_explanation_says_what_the_door_decides),
		TEST(explanations_are_for_administrators_and_about_oneself),
		TEST(every_change_of_rights_is_in_the_audit_log),
		TEST(the_log_says_what_the_settings_are_then),
		TEST(the_catalog_shows_what_members_and_teams_may_read),
		TEST(visibilities_are_parsed_exactly),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests_name("registry_org", tests, NULL, NULL);
}
