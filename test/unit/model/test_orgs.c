#include <string.h>

#include "world.h"

#include "model/orgs.h"
#include "model/packages.h"
#include "model/teams.h"

static int64_t
acme(struct world *w, struct sta_db_conn *c)
{
	struct sta_org_row org = { .name = "acme", .creates = STA_VISIBILITIES_ALL, .created_unix = NOW };
	int64_t id = 0;

	assert_int_equal(sta_org_insert(c, &org, &id, &w->err), STA_OK);
	return id;
}

static void
organization_is_found_with_the_place_of_who_asks(struct world *w, struct sta_db_conn *c)
{
	int64_t id = acme(w, c);
	struct sta_org_row got;

	assert_int_equal(sta_org_member_set(c, id, w->alice, STA_ORG_OWNER, NOW, &w->err), STA_OK);
	assert_int_equal(sta_org_by_name(c, w->arena, "acme", w->alice, &got, &w->err), STA_OK);
	assert_int_equal(got.id, id);
	assert_string_equal(got.name, "acme");
	assert_int_equal(got.visibility, STA_PRIVATE);
	assert_int_equal(got.creates, STA_VISIBILITIES_ALL);
	assert_int_equal(got.created_unix, NOW);
	assert_int_equal(got.member, STA_ORG_OWNER);
	assert_int_equal(sta_org_by_name(c, w->arena, "acme", w->bob, &got, &w->err), STA_OK);
	assert_int_equal(got.member, STA_ORG_NONE);
	assert_int_equal(sta_org_by_name(c, w->arena, "alice", w->bob, &got, &w->err), STA_NOT_FOUND);
}

static void
one_name_is_one_namespace(struct world *w, struct sta_db_conn *c)
{
	struct sta_org_row org = { .name = "alice" };
	int64_t id = -1;

	assert_int_equal(sta_org_insert(c, &org, &id, &w->err), STA_EXISTS);
	assert_int_equal(id, -1);
}

static void
namespace_tells_what_a_pusher_needs(struct world *w, struct sta_db_conn *c)
{
	int64_t id = acme(w, c);
	struct sta_org_row change = { .id = id, .visibility = STA_INTERNAL, .creates = 2 };
	struct sta_namespace got;

	assert_int_equal(sta_org_update(c, &change, &w->err), STA_OK);
	assert_int_equal(sta_org_member_set(c, id, w->bob, STA_ORG_MEMBER, NOW, &w->err), STA_OK);
	assert_int_equal(sta_namespace_find(c, "acme", w->bob, &got, &w->err), STA_OK);
	assert_int_equal(got.id, id);
	assert_true(got.is_org);
	assert_int_equal(got.visibility, STA_INTERNAL);
	assert_int_equal(got.creates, 2);
	assert_int_equal(got.member, STA_ORG_MEMBER);
	assert_int_equal(sta_namespace_find(c, "alice", w->bob, &got, &w->err), STA_OK);
	assert_int_equal(got.id, w->alice);
	assert_false(got.is_org);
	assert_int_equal(got.member, STA_ORG_NONE);
	assert_int_equal(sta_namespace_find(c, "carol", w->bob, &got, &w->err), STA_NOT_FOUND);
}

static void
members_are_listed_by_name_and_their_role_can_change(struct world *w, struct sta_db_conn *c)
{
	int64_t id = acme(w, c);
	struct sta_org_member *list = NULL;
	size_t n = 0;

	assert_int_equal(sta_org_member_set(c, id, w->bob, STA_ORG_MEMBER, NOW, &w->err), STA_OK);
	assert_int_equal(sta_org_member_set(c, id, w->alice, STA_ORG_OWNER, NOW, &w->err), STA_OK);
	assert_int_equal(sta_org_member_set(c, id, w->bob, STA_ORG_OWNER, NOW + 9, &w->err), STA_OK);
	assert_int_equal(sta_org_member_list(c, w->arena, id, &list, &n, &w->err), STA_OK);
	assert_int_equal(n, 2);
	assert_string_equal(list[0].name, "alice");
	assert_string_equal(list[1].name, "bob");
	assert_int_equal(list[1].role, STA_ORG_OWNER);
	assert_int_equal(list[1].created_unix, NOW);
}

static void
owners_beside_somebody_are_counted(struct world *w, struct sta_db_conn *c)
{
	int64_t id = acme(w, c);
	int64_t n = -1;

	assert_int_equal(sta_org_member_set(c, id, w->alice, STA_ORG_OWNER, NOW, &w->err), STA_OK);
	assert_int_equal(sta_org_member_set(c, id, w->bob, STA_ORG_MEMBER, NOW, &w->err), STA_OK);
	assert_int_equal(sta_org_other_owners(c, id, w->alice, &n, &w->err), STA_OK);
	assert_int_equal(n, 0);
	assert_int_equal(sta_org_other_owners(c, id, w->bob, &n, &w->err), STA_OK);
	assert_int_equal(n, 1);
}

static void
who_leaves_the_organization_leaves_its_teams(struct world *w, struct sta_db_conn *c)
{
	int64_t id = acme(w, c);
	struct sta_team_row devs = { .org_id = id, .name = "devs", .description = "", .created_unix = NOW };

	assert_int_equal(sta_org_member_set(c, id, w->bob, STA_ORG_MEMBER, NOW, &w->err), STA_OK);
	assert_int_equal(sta_team_insert(c, &devs, &devs.id, &w->err), STA_OK);
	assert_int_equal(sta_team_member_set(c, devs.id, w->bob, false, NOW, &w->err), STA_OK);
	assert_int_equal(sta_org_member_remove(c, id, w->bob, &w->err), STA_OK);
	assert_int_equal(number(c, "SELECT count(*) FROM team_member"), 0);
	assert_int_equal(sta_org_member_remove(c, id, w->bob, &w->err), STA_NOT_FOUND);
}

static void
list_holds_all_or_those_of_an_account(struct world *w, struct sta_db_conn *c)
{
	int64_t id = acme(w, c);
	struct sta_org_row zoo = { .name = "zoo", .created_unix = NOW };
	struct sta_org_row *list = NULL;
	size_t n = 0;

	assert_int_equal(sta_org_insert(c, &zoo, &zoo.id, &w->err), STA_OK);
	assert_int_equal(sta_org_member_set(c, zoo.id, w->bob, STA_ORG_MEMBER, NOW, &w->err), STA_OK);
	assert_int_equal(sta_org_list(c, w->arena, 0, &list, &n, &w->err), STA_OK);
	assert_int_equal(n, 2);
	assert_int_equal(list[0].id, id);
	assert_int_equal(sta_org_list(c, w->arena, w->bob, &list, &n, &w->err), STA_OK);
	assert_int_equal(n, 1);
	assert_string_equal(list[0].name, "zoo");
}

static void
package_knows_the_place_in_its_organization(struct world *w, struct sta_db_conn *c)
{
	int64_t id = acme(w, c);
	struct sta_package got;
	int64_t package = 0;

	assert_int_equal(sta_package_insert(c, id, "acme/app", STA_INTERNAL, NOW, &package, &w->err), STA_OK);
	assert_int_equal(sta_org_member_set(c, id, w->bob, STA_ORG_MEMBER, NOW, &w->err), STA_OK);
	assert_int_equal(sta_package_find(c, w->arena, "acme/app", w->bob, &got, &w->err), STA_OK);
	assert_int_equal(got.member, STA_ORG_MEMBER);
	assert_int_equal(got.visibility, STA_INTERNAL);
	assert_int_equal(sta_package_find(c, w->arena, "acme/app", w->alice, &got, &w->err), STA_OK);
	assert_int_equal(got.member, STA_ORG_NONE);
}

/* Names of the packages that the account might read. */
static const char *
page_of(struct world *w, struct sta_db_conn *c, int64_t account)
{
	struct sta_package_query q = { .account_id = account, .max = 10 };
	struct sta_package *list = NULL;
	const char *text = "";
	size_t n = 0;

	assert_int_equal(sta_package_page(c, w->arena, &q, &list, &n, &w->err), STA_OK);
	for (size_t i = 0; i < n; i++)
		text = sta_arena_printf(w->arena, "%s %s", text, list[i].name);
	return text;
}

static void
page_holds_what_members_and_teams_might_read(struct world *w, struct sta_db_conn *c)
{
	int64_t id = acme(w, c);
	struct sta_team_row devs = { .org_id = id, .name = "devs", .description = "", .created_unix = NOW };
	int64_t in = 0, priv = 0;

	assert_int_equal(sta_package_insert(c, id, "acme/in", STA_INTERNAL, NOW, &in, &w->err), STA_OK);
	assert_int_equal(sta_package_insert(c, id, "acme/priv", STA_PRIVATE, NOW, &priv, &w->err), STA_OK);
	assert_int_equal(sta_package_touch(c, in, NOW, &w->err), STA_OK);
	assert_int_equal(sta_package_touch(c, priv, NOW, &w->err), STA_OK);
	assert_string_equal(page_of(w, c, w->bob), "");
	assert_int_equal(sta_org_member_set(c, id, w->bob, STA_ORG_MEMBER, NOW, &w->err), STA_OK);
	assert_string_equal(page_of(w, c, w->bob), " acme/in");
	assert_int_equal(sta_team_insert(c, &devs, &devs.id, &w->err), STA_OK);
	assert_int_equal(sta_team_member_set(c, devs.id, w->bob, false, NOW, &w->err), STA_OK);
	assert_int_equal(sta_grant_set(c, sta_grantable_package(priv), team(devs.id), STA_ROLE_READ, &w->err),
			 STA_OK);
	assert_string_equal(page_of(w, c, w->bob), " acme/in acme/priv");
	assert_int_equal(sta_org_member_set(c, id, w->alice, STA_ORG_OWNER, NOW, &w->err), STA_OK);
	assert_string_equal(page_of(w, c, w->alice), " acme/in acme/priv");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(organization_is_found_with_the_place_of_who_asks),
		TEST(one_name_is_one_namespace),
		TEST(namespace_tells_what_a_pusher_needs),
		TEST(members_are_listed_by_name_and_their_role_can_change),
		TEST(owners_beside_somebody_are_counted),
		TEST(who_leaves_the_organization_leaves_its_teams),
		TEST(list_holds_all_or_those_of_an_account),
		TEST(package_knows_the_place_in_its_organization),
		TEST(page_holds_what_members_and_teams_might_read),
	};

	return cmocka_run_group_tests_name("model_orgs", tests, NULL, NULL);
}
