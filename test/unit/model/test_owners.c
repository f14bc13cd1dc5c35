#include "world.h"

#include "model/orgs.h"
#include "model/owners.h"
#include "model/repositories.h"
#include "model/robots.h"

/* acme of alice, with a robot and a repository that has an account. */
static int64_t
found_acme(struct world *w, struct sta_db_conn *c)
{
	struct sta_org_row org = { .name = "acme",
				   .creators = STA_CREATORS_MEMBERS,
				   .created_unix = NOW + 1 };
	struct sta_robot_row robot = { .name = "acme+ci", .created_unix = NOW + 2 };
	struct sta_repository_row code = { .name = "acme/code", .created_unix = NOW };
	int64_t account_id;

	assert_int_equal(sta_org_insert(c, &org, &org.id, &w->err), STA_OK);
	assert_int_equal(sta_org_member_set(c, org.id, w->alice, STA_ORG_OWNER, NOW, &w->err), STA_OK);
	robot.org_id = code.namespace_id = org.id;
	assert_int_equal(sta_robot_insert(c, &robot, &robot.id, &w->err), STA_OK);
	assert_int_equal(sta_repository_insert(c, &code, &code.id, &w->err), STA_OK);
	assert_int_equal(sta_repository_account(c, &code, NOW, &account_id, &w->err), STA_OK);
	return org.id;
}

static void
owner_is_a_user_an_organization_or_a_robot(struct world *w, struct sta_db_conn *c)
{
	struct sta_owner o;
	int64_t acme = found_acme(w, c);

	assert_int_equal(sta_owner_by_name(c, w->arena, "alice", w->bob, &o, &w->err), STA_OK);
	assert_int_equal(o.id, w->alice);
	assert_string_equal(o.name, "alice");
	assert_int_equal(o.kind, STA_OWNER_USER);
	assert_false(o.site_admin);
	assert_int_equal(o.created_unix, NOW);
	assert_int_equal(o.member, STA_ORG_NONE);
	assert_int_equal(sta_owner_by_name(c, w->arena, "bob", 0, &o, &w->err), STA_OK);
	assert_true(o.site_admin);
	assert_int_equal(sta_owner_by_name(c, w->arena, "acme", w->alice, &o, &w->err), STA_OK);
	assert_int_equal(o.id, acme);
	assert_int_equal(o.kind, STA_OWNER_ORGANIZATION);
	assert_int_equal(o.member, STA_ORG_OWNER);
	assert_int_equal(o.created_unix, NOW + 1);
	assert_int_equal(sta_owner_by_name(c, w->arena, "acme", w->bob, &o, &w->err), STA_OK);
	assert_int_equal(o.member, STA_ORG_NONE);
	assert_int_equal(sta_owner_by_name(c, w->arena, "acme+ci", w->alice, &o, &w->err), STA_OK);
	assert_int_equal(o.kind, STA_OWNER_ROBOT);
}

static void
account_of_a_repository_and_nobody_are_no_owners(struct world *w, struct sta_db_conn *c)
{
	struct sta_owner o;

	(void) found_acme(w, c);
	assert_int_equal(sta_owner_by_name(c, w->arena, "acme/code", w->alice, &o, &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_owner_by_name(c, w->arena, "nobody", w->alice, &o, &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_owner_by_name(c, w->arena, "", w->alice, &o, &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_owner_by_id(c, w->arena, 999, w->alice, &o, &w->err), STA_NOT_FOUND);
}

static void
owner_by_id_is_the_one_by_name(struct world *w, struct sta_db_conn *c)
{
	int64_t acme = found_acme(w, c);
	struct sta_owner o;

	assert_int_equal(sta_owner_by_id(c, w->arena, acme, w->alice, &o, &w->err), STA_OK);
	assert_string_equal(o.name, "acme");
	assert_int_equal(o.member, STA_ORG_OWNER);
	assert_int_equal(sta_owner_by_id(c, w->arena, w->bob, w->bob, &o, &w->err), STA_OK);
	assert_string_equal(o.name, "bob");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(owner_is_a_user_an_organization_or_a_robot),
		TEST(account_of_a_repository_and_nobody_are_no_owners),
		TEST(owner_by_id_is_the_one_by_name),
	};

	return cmocka_run_group_tests_name("model_owners", tests, NULL, NULL);
}
