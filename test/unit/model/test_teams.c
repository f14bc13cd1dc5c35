#include <stdio.h>
#include <string.h>

#include "world.h"

#include "model/orgs.h"
#include "model/packages.h"
#include "model/teams.h"

/* A team of the organization "acme", which comes with the first one. */
static int64_t
make(struct world *w, struct sta_db_conn *c, const char *name, int64_t parent)
{
	struct sta_org_row org = { .name = "acme", .creates = STA_VISIBILITIES_ALL, .created_unix = NOW };
	struct sta_team_row row = { .name = name, .description = "", .created_unix = NOW };

	if (sta_org_by_name(c, w->arena, "acme", 0, &org, &w->err) == STA_NOT_FOUND)
		assert_int_equal(sta_org_insert(c, &org, &org.id, &w->err), STA_OK);
	row.org_id = org.id;
	assert_int_equal(sta_team_insert(c, &row, &row.id, &w->err), STA_OK);
	if (parent != 0)
		assert_int_equal(sta_team_move(c, row.id, parent, &w->err), STA_OK);
	return row.id;
}

static int64_t
org_of(struct sta_db_conn *c)
{
	return number(c, "SELECT id FROM organization");
}

/* The role that bob has on alice/app by his teams. */
static enum sta_role
role_of_bob(struct world *w, struct sta_db_conn *c)
{
	struct sta_package got;

	assert_int_equal(sta_package_find(c, w->arena, "alice/app", w->bob, &got, &w->err), STA_OK);
	return got.team;
}

static void
name_is_taken_once_in_an_organization(struct world *w, struct sta_db_conn *c)
{
	struct sta_team_row again = { .name = "devs", .description = "" };

	(void) make(w, c, "devs", 0);
	again.org_id = org_of(c);
	assert_int_equal(sta_team_insert(c, &again, &again.id, &w->err), STA_EXISTS);
}

static void
team_is_found_with_its_parent_and_members(struct world *w, struct sta_db_conn *c)
{
	int64_t top = make(w, c, "top", 0);
	int64_t devs = make(w, c, "devs", top);
	struct sta_team_row got;

	assert_int_equal(sta_team_member_set(c, devs, w->bob, true, NOW, &w->err), STA_OK);
	assert_int_equal(sta_team_describe(c, devs, "who writes", &w->err), STA_OK);
	assert_int_equal(sta_team_by_name(c, w->arena, org_of(c), "devs", w->bob, &got, &w->err), STA_OK);
	assert_int_equal(got.id, devs);
	assert_string_equal(got.description, "who writes");
	assert_int_equal(got.parent_id, top);
	assert_string_equal(got.parent, "top");
	assert_int_equal(got.members, 1);
	assert_true(got.maintained);
	assert_int_equal(sta_team_by_name(c, w->arena, org_of(c), "top", w->bob, &got, &w->err), STA_OK);
	assert_null(got.parent);
	assert_false(got.maintained);
	assert_int_equal(sta_team_by_name(c, w->arena, org_of(c) + 1, "top", w->bob, &got, &w->err),
			 STA_NOT_FOUND);
}

static void
roles_of_a_team_are_those_of_the_teams_below(struct world *w, struct sta_db_conn *c)
{
	int64_t top = make(w, c, "top", 0);
	int64_t middle = make(w, c, "middle", top);
	int64_t bottom = make(w, c, "bottom", middle);
	const char *name = NULL;
	enum sta_role role;

	assert_int_equal(sta_team_member_set(c, bottom, w->bob, false, NOW, &w->err), STA_OK);
	assert_int_equal(role_of_bob(w, c), STA_ROLE_NONE);
	assert_int_equal(sta_grant_set(c, sta_grantable_package(w->app), team(top), STA_ROLE_READ, &w->err),
			 STA_OK);
	assert_int_equal(role_of_bob(w, c), STA_ROLE_READ);
	assert_int_equal(
		sta_grant_set(c, sta_grantable_package(w->app), team(middle), STA_ROLE_WRITE, &w->err),
		STA_OK);
	assert_int_equal(role_of_bob(w, c), STA_ROLE_WRITE);
	assert_int_equal(
		sta_grant_by_team(c, w->arena, sta_grantable_package(w->app), w->bob, &role, &name, &w->err),
		STA_OK);
	assert_int_equal(role, STA_ROLE_WRITE);
	assert_string_equal(name, "acme/middle");
	assert_int_equal(sta_grant_by_team(c, w->arena, sta_grantable_package(w->app), w->alice, &role, &name,
					   &w->err),
			 STA_OK);
	assert_int_equal(role, STA_ROLE_NONE);
	assert_string_equal(name, "");
}

static void
roles_of_a_team_are_not_those_of_the_teams_above(struct world *w, struct sta_db_conn *c)
{
	int64_t top = make(w, c, "top", 0);
	int64_t bottom = make(w, c, "bottom", top);

	assert_int_equal(sta_team_member_set(c, top, w->bob, true, NOW, &w->err), STA_OK);
	assert_int_equal(
		sta_grant_set(c, sta_grantable_package(w->app), team(bottom), STA_ROLE_ADMIN, &w->err),
		STA_OK);
	assert_int_equal(role_of_bob(w, c), STA_ROLE_NONE);
}

static void
a_move_takes_along_what_is_below(struct world *w, struct sta_db_conn *c)
{
	int64_t left = make(w, c, "left", 0);
	int64_t right = make(w, c, "right", 0);
	int64_t middle = make(w, c, "middle", left);
	int64_t bottom = make(w, c, "bottom", middle);

	assert_int_equal(sta_team_member_set(c, bottom, w->bob, false, NOW, &w->err), STA_OK);
	assert_int_equal(sta_grant_set(c, sta_grantable_package(w->app), team(left), STA_ROLE_READ, &w->err),
			 STA_OK);
	assert_int_equal(role_of_bob(w, c), STA_ROLE_READ);
	assert_int_equal(sta_team_move(c, middle, right, &w->err), STA_OK);
	assert_int_equal(role_of_bob(w, c), STA_ROLE_NONE);
	assert_int_equal(
		sta_grant_set(c, sta_grantable_package(w->app), team(right), STA_ROLE_WRITE, &w->err),
		STA_OK);
	assert_int_equal(role_of_bob(w, c), STA_ROLE_WRITE);
	assert_int_equal(sta_team_move(c, middle, 0, &w->err), STA_OK);
	assert_int_equal(role_of_bob(w, c), STA_ROLE_NONE);
	assert_int_equal(number(c, "SELECT count(*) FROM team_ancestor"), 5); /* itself each, and one pair */
}

static void
no_team_is_below_itself(struct world *w, struct sta_db_conn *c)
{
	int64_t top = make(w, c, "top", 0);
	int64_t middle = make(w, c, "middle", top);
	int64_t bottom = make(w, c, "bottom", middle);

	assert_int_equal(sta_team_move(c, top, bottom, &w->err), STA_INVALID);
	assert_int_equal(sta_team_move(c, top, top, &w->err), STA_INVALID);
	assert_int_equal(number(c, "SELECT count(*) FROM team_ancestor"), 6);
}

static void
teams_nest_eight_deep(struct world *w, struct sta_db_conn *c)
{
	int64_t above = 0;
	int64_t first = 0;
	char name[16];

	for (int i = 1; i <= STA_TEAM_DEPTH_MAX; i++) {
		(void) snprintf(name, sizeof(name), "t%d", i);
		above = make(w, c, name, above);
		if (i == 1)
			first = above;
	}
	assert_int_equal(sta_team_move(c, make(w, c, "more", 0), above, &w->err), STA_INVALID);
	assert_int_equal(sta_team_move(c, first, make(w, c, "above", 0), &w->err), STA_INVALID);
	assert_int_equal(sta_team_move(c, above, first, &w->err), STA_OK);
}

static void
team_goes_with_what_was_granted_to_it_and_after_those_below(struct world *w, struct sta_db_conn *c)
{
	int64_t top = make(w, c, "top", 0);
	int64_t bottom = make(w, c, "bottom", top);

	assert_int_equal(sta_team_member_set(c, bottom, w->bob, false, NOW, &w->err), STA_OK);
	assert_int_equal(
		sta_grant_set(c, sta_grantable_package(w->app), team(bottom), STA_ROLE_READ, &w->err),
		STA_OK);
	assert_int_equal(sta_team_remove(c, top, &w->err), STA_CONFLICT);
	assert_int_equal(sta_team_remove(c, bottom, &w->err), STA_OK);
	assert_int_equal(sta_team_remove(c, top, &w->err), STA_OK);
	assert_int_equal(number(c, "SELECT (SELECT count(*) FROM role_grant) + (SELECT count(*) FROM"
				   " team_member) + (SELECT count(*) FROM team_ancestor)"),
			 0);
}

static void
members_are_listed_by_name(struct world *w, struct sta_db_conn *c)
{
	int64_t devs = make(w, c, "devs", 0);
	struct sta_team_member *list = NULL;
	struct sta_team_row *teams = NULL;
	size_t n = 0;

	assert_int_equal(sta_team_member_set(c, devs, w->bob, false, NOW, &w->err), STA_OK);
	assert_int_equal(sta_team_member_set(c, devs, w->alice, true, NOW, &w->err), STA_OK);
	assert_int_equal(sta_team_member_set(c, devs, w->bob, true, NOW + 5, &w->err), STA_OK);
	assert_int_equal(sta_team_member_list(c, w->arena, devs, &list, &n, &w->err), STA_OK);
	assert_int_equal(n, 2);
	assert_string_equal(list[0].name, "alice");
	assert_true(list[1].maintainer);
	assert_int_equal(list[1].created_unix, NOW);
	assert_int_equal(sta_team_member_remove(c, devs, w->bob, &w->err), STA_OK);
	assert_int_equal(sta_team_member_remove(c, devs, w->bob, &w->err), STA_NOT_FOUND);
	(void) make(w, c, "art", 0);
	assert_int_equal(sta_team_list(c, w->arena, org_of(c), &teams, &n, &w->err), STA_OK);
	assert_int_equal(n, 2);
	assert_string_equal(teams[0].name, "art");
	assert_int_equal(teams[1].members, 1);
}

static void
grants_are_listed_people_first(struct world *w, struct sta_db_conn *c)
{
	int64_t devs = make(w, c, "devs", 0);
	struct sta_grant_row *list = NULL;
	int64_t package = 0;
	size_t n = 0;

	assert_int_equal(sta_package_insert(c, org_of(c), "acme/app", STA_PRIVATE, NOW, &package, &w->err),
			 STA_OK);
	assert_int_equal(sta_org_member_set(c, org_of(c), w->alice, STA_ORG_MEMBER, NOW, &w->err), STA_OK);
	assert_int_equal(
		sta_grant_set(c, sta_grantable_package(package), team(devs), STA_ROLE_WRITE, &w->err),
		STA_OK);
	assert_int_equal(
		sta_grant_set(c, sta_grantable_package(package), person(w->bob), STA_ROLE_READ, &w->err),
		STA_OK);
	assert_int_equal(
		sta_grant_set(c, sta_grantable_package(package), person(w->alice), STA_ROLE_ADMIN, &w->err),
		STA_OK);
	assert_int_equal(
		sta_grant_list(c, w->arena, sta_grantable_package(package), org_of(c), &list, &n, &w->err),
		STA_OK);
	assert_int_equal(n, 3);
	assert_string_equal(list[0].name, "alice");
	assert_false(list[0].outside);
	assert_int_equal(list[0].role, STA_ROLE_ADMIN);
	assert_string_equal(list[1].name, "bob");
	assert_true(list[1].outside);
	assert_string_equal(list[2].name, "acme/devs");
	assert_int_equal(list[2].subject.kind, STA_SUBJECT_TEAM);
	assert_int_equal(sta_grant_remove(c, sta_grantable_package(package), person(w->bob), &w->err),
			 STA_OK);
	assert_int_equal(sta_grant_remove(c, sta_grantable_package(package), person(w->bob), &w->err),
			 STA_NOT_FOUND);
	assert_int_equal(sta_grant_remove_in(c, org_of(c), w->alice, &w->err), STA_OK);
	assert_int_equal(
		sta_grant_list(c, w->arena, sta_grantable_package(package), org_of(c), &list, &n, &w->err),
		STA_OK);
	assert_int_equal(n, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(name_is_taken_once_in_an_organization),
		TEST(team_is_found_with_its_parent_and_members),
		TEST(roles_of_a_team_are_those_of_the_teams_below),
		TEST(roles_of_a_team_are_not_those_of_the_teams_above),
		TEST(a_move_takes_along_what_is_below),
		TEST(no_team_is_below_itself),
		TEST(teams_nest_eight_deep),
		TEST(team_goes_with_what_was_granted_to_it_and_after_those_below),
		TEST(members_are_listed_by_name),
		TEST(grants_are_listed_people_first),
	};

	return cmocka_run_group_tests_name("model_teams", tests, NULL, NULL);
}
