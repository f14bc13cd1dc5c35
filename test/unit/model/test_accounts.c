#include <string.h>

#include "world.h"

#include "model/accounts.h"
#include "model/grants.h"
#include "model/orgs.h"
#include "model/robots.h"
#include "model/settings.h"
#include "model/tokens.h"

static void
account_is_found_by_name_and_by_id(struct world *w, struct sta_db_conn *c)
{
	struct sta_account got;

	assert_int_equal(sta_account_by_name(c, w->arena, "alice", &got, &w->err), STA_OK);
	assert_int_equal(got.id, w->alice);
	assert_string_equal(got.name, "alice");
	assert_string_equal(got.password_hash, "hash");
	assert_false(got.site_admin);
	assert_false(got.disabled);
	assert_int_equal(got.epoch, 1);
	assert_int_equal(got.created_unix, NOW);
	assert_int_equal(sta_account_by_id(c, w->arena, w->bob, &got, &w->err), STA_OK);
	assert_string_equal(got.name, "bob");
	assert_null(got.password_hash);
	assert_true(got.site_admin);
}

static void
unknown_account_is_not_found(struct world *w, struct sta_db_conn *c)
{
	struct sta_account got;

	assert_int_equal(sta_account_by_name(c, w->arena, "", &got, &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_account_by_name(c, w->arena, "Alice", &got, &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_account_by_id(c, w->arena, 0, &got, &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_account_set_password(c, 999, "h", &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_account_set_disabled(c, 999, true, &w->err), STA_NOT_FOUND);
}

static void
taken_name_exists(struct world *w, struct sta_db_conn *c)
{
	struct sta_account again = { .name = "alice" };
	int64_t id = -1;

	assert_int_equal(sta_account_insert(c, &again, &id, &w->err), STA_EXISTS);
	assert_int_equal(id, -1);
}

static void
new_password_and_disabling_begin_a_new_epoch(struct world *w, struct sta_db_conn *c)
{
	struct sta_account got;

	assert_int_equal(sta_account_set_password(c, w->alice, "other", &w->err), STA_OK);
	assert_int_equal(sta_account_by_id(c, w->arena, w->alice, &got, &w->err), STA_OK);
	assert_string_equal(got.password_hash, "other");
	assert_int_equal(got.epoch, 2);
	assert_int_equal(sta_account_set_disabled(c, w->alice, true, &w->err), STA_OK);
	assert_int_equal(sta_account_set_password(c, w->alice, NULL, &w->err), STA_OK);
	assert_int_equal(sta_account_by_id(c, w->arena, w->alice, &got, &w->err), STA_OK);
	assert_true(got.disabled);
	assert_null(got.password_hash);
	assert_int_equal(got.epoch, 4);
	assert_int_equal(sta_account_by_id(c, w->arena, w->bob, &got, &w->err), STA_OK);
	assert_int_equal(got.epoch, 1);
}

static void
accounts_are_listed_by_name(struct world *w, struct sta_db_conn *c)
{
	struct sta_account aaron = { .name = "aaron" };
	struct sta_account *list;
	int64_t id;
	size_t n;
	bool any = false;

	assert_int_equal(sta_account_insert(c, &aaron, &id, &w->err), STA_OK);
	assert_int_equal(sta_account_list(c, w->arena, &list, &n, &w->err), STA_OK);
	assert_int_equal(n, 3);
	assert_string_equal(list[0].name, "aaron");
	assert_string_equal(list[1].name, "alice");
	assert_string_equal(list[2].name, "bob");
	assert_int_equal(sta_account_any(c, &any, &w->err), STA_OK);
	assert_true(any);
}

static int64_t
add_token(struct world *w, struct sta_db_conn *c, int64_t account, const char *hash)
{
	struct sta_token_row t = { .account_id = account,
				   .name = "ci",
				   .scopes = 3,
				   .created_unix = NOW,
				   .expires_unix = NOW + 60 };
	int64_t id = 0;

	assert_int_equal(sta_token_insert(c, &t, hash, strlen(hash), &id, &w->err), STA_OK);
	return id;
}

static void
token_is_found_by_hash_and_by_id(struct world *w, struct sta_db_conn *c)
{
	int64_t id = add_token(w, c, w->alice, "secret hash");
	struct sta_token_row got;

	assert_int_equal(sta_token_by_hash(c, w->arena, "secret hash", 11, &got, &w->err), STA_OK);
	assert_int_equal(got.id, id);
	assert_int_equal(got.account_id, w->alice);
	assert_string_equal(got.account, "alice");
	assert_string_equal(got.name, "ci");
	assert_int_equal(got.scopes, 3);
	assert_int_equal(got.created_unix, NOW);
	assert_int_equal(got.expires_unix, NOW + 60);
	assert_int_equal(got.last_used_unix, 0);
	assert_false(got.revoked);
	assert_int_equal(sta_token_by_id(c, w->arena, id, &got, &w->err), STA_OK);
	assert_int_equal(sta_token_by_hash(c, w->arena, "secret hash", 10, &got, &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_token_by_id(c, w->arena, id + 1, &got, &w->err), STA_NOT_FOUND);
}

static void
same_token_hash_exists(struct world *w, struct sta_db_conn *c)
{
	struct sta_token_row t = { .account_id = w->bob, .name = "x" };
	int64_t id = -1;

	(void) add_token(w, c, w->alice, "h");
	assert_int_equal(sta_token_insert(c, &t, "h", 1, &id, &w->err), STA_EXISTS);
	assert_int_equal(id, -1);
}

static void
tokens_are_listed_for_one_account_or_all(struct world *w, struct sta_db_conn *c)
{
	struct sta_token_row *list;
	size_t n;

	(void) add_token(w, c, w->alice, "a");
	(void) add_token(w, c, w->bob, "b");
	(void) add_token(w, c, w->alice, "c");
	assert_int_equal(sta_token_list(c, w->arena, w->alice, &list, &n, &w->err), STA_OK);
	assert_int_equal(n, 2);
	assert_int_equal(sta_token_list(c, w->arena, 0, &list, &n, &w->err), STA_OK);
	assert_int_equal(n, 3);
	assert_string_equal(list[1].account, "bob");
	assert_int_equal(sta_token_list(c, w->arena, 999, &list, &n, &w->err), STA_OK);
	assert_int_equal(n, 0);
}

static void
token_is_revoked_and_its_use_noted(struct world *w, struct sta_db_conn *c)
{
	int64_t id = add_token(w, c, w->alice, "h");
	struct sta_token_row got;

	assert_int_equal(sta_token_touch(c, id, NOW + 5, &w->err), STA_OK);
	assert_int_equal(sta_token_touch(c, id, NOW + 3, &w->err), STA_OK); /* never back */
	assert_int_equal(sta_token_revoke(c, id, &w->err), STA_OK);
	assert_int_equal(sta_token_revoke(c, id + 1, &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_token_by_id(c, w->arena, id, &got, &w->err), STA_OK);
	assert_int_equal(got.last_used_unix, NOW + 5);
	assert_true(got.revoked);
}

static void
bounds_of_a_token_are_kept(struct world *w, struct sta_db_conn *c)
{
	struct sta_token_row t = { .account_id = w->alice,
				   .name = "",
				   .scopes = 1,
				   .packages = "alice/a*\nalice/b",
				   .addresses = "192.0.2.0/24" };
	struct sta_token_row got;
	int64_t id = 0;

	assert_int_equal(sta_token_insert(c, &t, "bound", 5, &id, &w->err), STA_OK);
	assert_int_equal(sta_token_by_id(c, w->arena, id, &got, &w->err), STA_OK);
	assert_string_equal(got.packages, "alice/a*\nalice/b");
	assert_string_equal(got.addresses, "192.0.2.0/24");
	id = add_token(w, c, w->alice, "free");
	assert_int_equal(sta_token_by_hash(c, w->arena, "free", 4, &got, &w->err), STA_OK);
	assert_string_equal(got.packages, "");
	assert_string_equal(got.addresses, "");
}

static int64_t
new_robot(struct world *w, struct sta_db_conn *c, const char *org, const char *name, int64_t *org_id)
{
	struct sta_org_row o = { .name = org, .created_unix = NOW };
	struct sta_robot_row r = { .name = name, .role = STA_ROLE_WRITE, .created_unix = NOW };
	int64_t id = 0;

	assert_int_equal(sta_org_insert(c, &o, org_id, &w->err), STA_OK);
	r.org_id = *org_id;
	assert_int_equal(sta_robot_insert(c, &r, &id, &w->err), STA_OK);
	return id;
}

static void
a_robot_is_an_account_at_home_in_its_organization(struct world *w, struct sta_db_conn *c)
{
	int64_t org = 0;
	int64_t id = new_robot(w, c, "acme", "acme+ci", &org);
	struct sta_robot_row again = { .name = "acme+ci", .org_id = org };
	struct sta_robot_row robot;
	struct sta_account got;
	int64_t none = -1;

	assert_int_equal(sta_account_by_name(c, w->arena, "acme+ci", &got, &w->err), STA_OK);
	assert_int_equal(got.id, id);
	assert_int_equal(got.kind, STA_ACCOUNT_ROBOT);
	assert_int_equal(got.home_id, org);
	assert_int_equal(got.home_role, STA_ROLE_WRITE);
	assert_null(got.password_hash);
	assert_int_equal(sta_robot_insert(c, &again, &none, &w->err), STA_EXISTS);
	assert_int_equal(none, -1);
	assert_int_equal(sta_robot_set_role(c, id, STA_ROLE_READ, &w->err), STA_OK);
	assert_int_equal(sta_account_set_disabled(c, id, true, &w->err), STA_OK);
	assert_int_equal(sta_robot_by_name(c, w->arena, "acme+ci", &robot, &w->err), STA_OK);
	assert_string_equal(robot.org, "acme");
	assert_int_equal(robot.role, STA_ROLE_READ);
	assert_true(robot.disabled);
	assert_int_equal(robot.created_unix, NOW);
	assert_int_equal(sta_account_by_id(c, w->arena, w->alice, &got, &w->err), STA_OK);
	assert_int_equal(got.kind, STA_ACCOUNT_PERSON);
	assert_int_equal(got.home_id, 0);
	assert_int_equal(sta_robot_by_name(c, w->arena, "alice", &robot, &w->err), STA_NOT_FOUND);
}

static void
robots_are_listed_by_name_and_not_with_people(struct world *w, struct sta_db_conn *c)
{
	int64_t zoo = 0, acme = 0;
	struct sta_account *people;
	struct sta_robot_row *list;
	size_t n;

	(void) new_robot(w, c, "zoo", "zoo+keeper", &zoo);
	(void) new_robot(w, c, "acme", "acme+ci", &acme);
	assert_int_equal(sta_robot_list(c, w->arena, 0, &list, &n, &w->err), STA_OK);
	assert_int_equal(n, 2);
	assert_string_equal(list[0].name, "acme+ci");
	assert_string_equal(list[1].name, "zoo+keeper");
	assert_int_equal(sta_robot_list(c, w->arena, zoo, &list, &n, &w->err), STA_OK);
	assert_int_equal(n, 1);
	assert_string_equal(list[0].name, "zoo+keeper");
	assert_int_equal(sta_account_list(c, w->arena, &people, &n, &w->err), STA_OK);
	assert_int_equal(n, 2);
}

static void
a_removed_robot_leaves_no_row_behind(struct world *w, struct sta_db_conn *c)
{
	int64_t org = 0;
	int64_t id = new_robot(w, c, "acme", "acme+ci", &org);
	const struct sta_subject robot = { .kind = STA_SUBJECT_ACCOUNT, .id = id };
	const struct sta_subject alice = { .kind = STA_SUBJECT_ACCOUNT, .id = w->alice };
	struct sta_grant_row *grants;
	struct sta_token_row *tokens;
	struct sta_account got;
	size_t n;

	(void) add_token(w, c, id, "robot's");
	(void) add_token(w, c, w->alice, "alice's");
	assert_int_equal(sta_grant_set(c, sta_grantable_package(1), robot, STA_ROLE_READ, &w->err), STA_OK);
	assert_int_equal(sta_grant_set(c, sta_grantable_package(1), alice, STA_ROLE_READ, &w->err), STA_OK);
	assert_int_equal(sta_robot_remove(c, id, &w->err), STA_OK);
	assert_int_equal(sta_account_by_id(c, w->arena, id, &got, &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_grant_list(c, w->arena, sta_grantable_package(1), org, &grants, &n, &w->err),
			 STA_OK);
	assert_int_equal(n, 1);
	assert_int_equal(sta_token_list(c, w->arena, 0, &tokens, &n, &w->err), STA_OK);
	assert_int_equal(n, 1);
	assert_int_not_equal(new_robot(w, c, "acme2", "acme+ci", &org),
			     id); /* the name is free, the id not */
}

static void
setting_keeps_its_first_value(struct world *w, struct sta_db_conn *c)
{
	const char *value = NULL;

	assert_int_equal(sta_setting_get(c, w->arena, "key", &value, &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_setting_init(c, "key", "one", &w->err), STA_OK);
	assert_int_equal(sta_setting_init(c, "key", "two", &w->err), STA_OK);
	assert_int_equal(sta_setting_get(c, w->arena, "key", &value, &w->err), STA_OK);
	assert_string_equal(value, "one");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(account_is_found_by_name_and_by_id),
		TEST(unknown_account_is_not_found),
		TEST(taken_name_exists),
		TEST(new_password_and_disabling_begin_a_new_epoch),
		TEST(accounts_are_listed_by_name),
		TEST(token_is_found_by_hash_and_by_id),
		TEST(same_token_hash_exists),
		TEST(tokens_are_listed_for_one_account_or_all),
		TEST(token_is_revoked_and_its_use_noted),
		TEST(bounds_of_a_token_are_kept),
		TEST(a_robot_is_an_account_at_home_in_its_organization),
		TEST(robots_are_listed_by_name_and_not_with_people),
		TEST(a_removed_robot_leaves_no_row_behind),
		TEST(setting_keeps_its_first_value),
	};

	return cmocka_run_group_tests_name("model_accounts", tests, NULL, NULL);
}
