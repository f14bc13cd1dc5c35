/* Robots: who may make them and their tokens, what they may do, and how that ends. */

#include "house.h"

#include <string.h>

#include "registry/account.h"
#include "registry/grant.h"
#include "registry/list.h"
#include "registry/org.h"
#include "registry/repository.h"
#include "registry/robot.h"
#include "registry/team.h"
#include "registry/token.h"

#define CI "acme+ci"
#define PACKAGE "acme/app"

/* Beside the house's: carol owns acme, dave is a member of it, erin owns zoo and is not in acme. */
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
create(struct house *h, const struct sta_call *call, const char *name, enum sta_role role)
{
	struct sta_robot made;

	return sta_robot_create(h->r, call, name, role, &made, &h->err);
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
	assert_int_equal(sta_org_create(h->r, &h->sys, "zoo", "erin", &org, &h->err), STA_OK);
	assert_int_equal(sta_org_add(h->r, &carol, "acme", "dave", STA_ORG_MEMBER, &h->err), STA_OK);
	assert_int_equal(create(h, &carol, CI, STA_ROLE_NONE), STA_OK);
	return 0;
}

/* A token of every scope. */
static enum sta_rc
new_token(struct house *h, const struct sta_call *call, const char *robot, char secret[STA_PAT_LEN + 1],
	  int64_t *id)
{
	const struct sta_pat_request req = { .user = robot, .name = "", .scopes = STA_SCOPE_PACKAGES };
	struct sta_pat pat = { 0 };
	enum sta_rc rc = sta_pat_create(h->r, call, &req, secret, &pat, &h->err);

	*id = pat.id;
	return rc;
}

static enum sta_rc
sign_in(struct house *h, const char *secret, struct sta_call *call)
{
	*call = (struct sta_call){ .arena = h->arena, .may_wait = true };
	return sta_authenticate_basic(h->r, call, "whatever", secret, &h->err);
}

static struct sta_call
robot(struct house *h, const char *name)
{
	char secret[STA_PAT_LEN + 1];
	struct sta_call call;
	int64_t id;

	assert_int_equal(new_token(h, &h->sys, name, secret, &id), STA_OK);
	assert_int_equal(sign_in(h, secret, &call), STA_OK);
	return call;
}

static enum sta_rc
set_role(struct house *h, enum sta_role role)
{
	struct sta_robot now;

	return sta_robot_set(h->r, &carol, CI, role, &now, &h->err);
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

static void
publish(struct house *h, const struct sta_call *call, const char *name)
{
	struct sta_digest config = push_seed(h, call, name, 100, 1);

	assert_int_equal(
		push_manifest(h, call, name, "v1", manifest_of(h, &config, 100, NULL, 0, 0), NULL, &h->err),
		STA_OK);
}

static size_t
listed(struct house *h, const struct sta_call *call)
{
	struct sta_name_page page;

	assert_int_equal(sta_list_catalog(h->r, call, NULL, 10, &page, &h->err), STA_OK);
	return page.n;
}

static void
robots_are_the_business_of_the_organizations_owners(void **state)
{
	struct house *h = *state;
	const struct {
		const struct sta_call *call;
		enum sta_rc want;
	} rows[] = {
		{ &carol, STA_OK },    { &h->sys, STA_OK },      { &h->admin, STA_OK },
		{ &dave, STA_DENIED }, { &erin, STA_NOT_FOUND }, { &h->nobody, STA_NOT_FOUND },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct sta_call *call = rows[i].call;
		struct sta_robot now, *all = NULL;
		struct sta_pat *tokens = NULL;
		char secret[STA_PAT_LEN + 1];
		int64_t id;
		size_t n;

		assert_int_equal(create(h, call, "acme+new", STA_ROLE_READ), rows[i].want);
		assert_int_equal(sta_robot_all(h->r, call, "Acme", &all, &n, &h->err), rows[i].want);
		assert_int_equal(sta_robot_set(h->r, call, CI, STA_ROLE_WRITE, &now, &h->err), rows[i].want);
		assert_int_equal(new_token(h, call, CI, secret, &id), rows[i].want);
		assert_int_equal(sta_pat_list(h->r, call, CI, &tokens, &n, &h->err), rows[i].want);
		assert_int_equal(sta_robot_set_disabled(h->r, call, CI, true, &h->err), rows[i].want);
		assert_int_equal(sta_robot_set_disabled(h->r, call, CI, false, &h->err), rows[i].want);
		assert_int_equal(
			sta_robot_delete(h->r, call, rows[i].want == STA_OK ? "acme+new" : CI, &h->err),
			rows[i].want);
	}
}

static void
numbers_of_a_robots_tokens_tell_others_nothing(void **state)
{
	struct house *h = *state;
	char secret[STA_PAT_LEN + 1];
	struct sta_call call;
	int64_t id;

	assert_int_equal(new_token(h, &carol, CI, secret, &id), STA_OK);
	assert_int_equal(sta_pat_revoke(h->r, &erin, id, &h->err), STA_DENIED);
	assert_int_equal(sta_pat_revoke(h->r, &erin, 999, &h->err), STA_DENIED);
	assert_int_equal(sta_pat_revoke(h->r, &dave, id, &h->err), STA_DENIED);
	assert_int_equal(sign_in(h, secret, &call), STA_OK);
	assert_int_equal(sta_pat_revoke(h->r, &carol, id, &h->err), STA_OK);
	assert_int_equal(sta_pat_revoke(h->r, &h->sys, 999, &h->err), STA_NOT_FOUND);
	assert_int_equal(sign_in(h, secret, &call), STA_UNAUTHENTICATED);
}

static void
owners_of_organizations_make_no_tokens_for_people(void **state)
{
	struct house *h = *state;
	char secret[STA_PAT_LEN + 1];
	struct sta_pat *tokens = NULL;
	int64_t id;
	size_t n;

	assert_int_equal(new_token(h, &carol, "dave", secret, &id), STA_DENIED);
	assert_int_equal(sta_pat_list(h->r, &carol, "dave", &tokens, &n, &h->err), STA_DENIED);
	assert_int_equal(sta_pat_list(h->r, &carol, NULL, &tokens, &n, &h->err), STA_DENIED);
	assert_int_equal(sta_robot_all(h->r, &carol, NULL, NULL, &n, &h->err), STA_DENIED);
}

static void
a_robots_name_begins_with_its_organization(void **state)
{
	static const struct {
		const char *name;
		enum sta_rc want;
	} rows[] = {
		{ "", STA_INVALID },
		{ "+", STA_INVALID },
		{ "acme+", STA_INVALID },
		{ "+ci", STA_INVALID },
		{ "acme", STA_INVALID },
		{ "acme+c+i", STA_INVALID },
		{ "acme+-ci", STA_INVALID },
		{ "acme+ci/x", STA_INVALID },
		{ "acme/ci", STA_INVALID },
		{ "none+ci", STA_NOT_FOUND },
		{ "alice+ci", STA_NOT_FOUND },
		{ "ACME+Ci", STA_EXISTS },
		{ "acme+Build-2", STA_OK },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa+ci", STA_INVALID },
	};
	struct house *h = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(create(h, &h->sys, rows[i].name, STA_ROLE_READ), rows[i].want);
	assert_int_equal(number(h, "SELECT count(*) FROM account WHERE kind = 2"), 2);
	assert_int_equal(number(h, "SELECT count(*) FROM namespace WHERE name = 'acme+build-2'"), 1);
}

static void
a_robot_does_at_home_what_its_role_is_for(void **state)
{
	struct house *h = *state;
	struct sta_call ci = robot(h, CI);

	assert_int_equal(push(h, &carol, PACKAGE), STA_OK);
	assert_int_equal(read_it(h, &ci, PACKAGE), STA_DENIED);
	assert_int_equal(push(h, &ci, "acme/new"), STA_DENIED);
	assert_int_equal(set_role(h, STA_ROLE_READ), STA_OK);
	ci = robot(h, CI);
	assert_int_equal(read_it(h, &ci, PACKAGE), STA_OK);
	assert_int_equal(push(h, &ci, PACKAGE), STA_DENIED);
	assert_int_equal(set_role(h, STA_ROLE_WRITE), STA_OK);
	ci = robot(h, CI);
	assert_int_equal(push(h, &ci, PACKAGE), STA_OK);
	assert_int_equal(push(h, &ci, "acme/new"), STA_OK);
	assert_int_equal(push(h, &ci, "zoo/new"), STA_DENIED);
	assert_int_equal(number(h, "SELECT count(*) FROM role_grant g JOIN namespace n ON n.id = g.subject_id"
				   " WHERE n.name = 'acme+ci' AND g.role = 3"),
			 1);
	assert_int_equal(sta_package_delete(h->r, &ci, PACKAGE, &h->err), STA_DENIED);
	assert_int_equal(sta_package_delete(h->r, &ci, "acme/new", &h->err), STA_OK);
}

static void
a_robots_role_counts_from_the_next_request_on(void **state)
{
	struct house *h = *state;
	char secret[STA_PAT_LEN + 1];
	struct sta_call ci;
	int64_t id;

	assert_int_equal(push(h, &carol, PACKAGE), STA_OK);
	assert_int_equal(set_role(h, STA_ROLE_READ), STA_OK);
	assert_int_equal(new_token(h, &carol, CI, secret, &id), STA_OK);
	for (int i = 0; i < 2; i++) { /* the second time it is remembered */
		assert_int_equal(sign_in(h, secret, &ci), STA_OK);
		assert_int_equal(read_it(h, &ci, PACKAGE), STA_OK);
	}
	assert_int_equal(set_role(h, STA_ROLE_NONE), STA_OK);
	assert_int_equal(sign_in(h, secret, &ci), STA_OK);
	assert_int_equal(read_it(h, &ci, PACKAGE), STA_DENIED);
}

static void
roles_are_granted_to_robots_of_any_organization(void **state)
{
	struct house *h = *state;
	struct sta_call keeper;
	struct sta_grant *grants = NULL;
	size_t n = 0;

	assert_int_equal(create(h, &erin, "zoo+keeper", STA_ROLE_ADMIN), STA_OK);
	keeper = robot(h, "zoo+keeper");
	assert_int_equal(push(h, &carol, PACKAGE), STA_OK);
	assert_int_equal(read_it(h, &keeper, PACKAGE), STA_DENIED);
	assert_int_equal(sta_grant_give(h->r, &carol, PACKAGE, "Zoo+Keeper", STA_ROLE_WRITE, &h->err),
			 STA_OK);
	assert_int_equal(sta_grant_give(h->r, &carol, PACKAGE, CI, STA_ROLE_READ, &h->err), STA_OK);
	assert_int_equal(push(h, &keeper, PACKAGE), STA_OK);
	assert_int_equal(sta_grant_all(h->r, &carol, PACKAGE, &grants, &n, &h->err), STA_OK);
	assert_int_equal(n, 3);
	assert_string_equal(grants[0].subject, CI);
	assert_string_equal(grants[0].kind, "robot");
	assert_false(grants[0].outside);
	assert_string_equal(grants[1].kind, "user");
	assert_string_equal(grants[2].subject, "zoo+keeper");
	assert_true(grants[2].outside);
	assert_int_equal(sta_grant_take(h->r, &carol, PACKAGE, "zoo+keeper", &h->err), STA_OK);
	assert_int_equal(read_it(h, &keeper, PACKAGE), STA_DENIED);
	assert_int_equal(sta_grant_give(h->r, &carol, PACKAGE, "zoo+none", STA_ROLE_READ, &h->err),
			 STA_NOT_FOUND);
}

static void
a_role_on_a_repository_opens_its_packages_to_robots(void **state)
{
	struct house *h = *state;
	struct sta_call ci = robot(h, CI);
	struct sta_repository made;

	assert_int_equal(push(h, &carol, PACKAGE), STA_OK);
	assert_int_equal(sta_repository_create(h->r, &carol, "acme/code", STA_PRIVATE, NULL, &made, &h->err),
			 STA_OK);
	assert_int_equal(sta_package_link(h->r, &carol, PACKAGE, "acme/code", true, &h->err), STA_OK);
	assert_int_equal(sta_repository_give(h->r, &carol, "acme/code", CI, STA_ROLE_WRITE, &h->err), STA_OK);
	assert_int_equal(push(h, &ci, PACKAGE), STA_OK);
}

static void
robots_are_in_no_organization_and_no_team(void **state)
{
	struct house *h = *state;
	struct sta_team team;
	struct sta_org org;

	assert_int_equal(sta_team_create(h->r, &carol, "acme/devs", NULL, "", &team, &h->err), STA_OK);
	assert_int_equal(sta_org_add(h->r, &carol, "acme", CI, STA_ORG_MEMBER, &h->err), STA_INVALID);
	assert_non_null(strstr(h->err.msg, CI));
	assert_int_equal(sta_team_add(h->r, &carol, "acme/devs", CI, false, &h->err), STA_INVALID);
	assert_int_equal(sta_org_create(h->r, &h->sys, "new", CI, &org, &h->err), STA_INVALID);
}

static void
what_is_for_people_is_not_for_robots(void **state)
{
	struct house *h = *state;
	struct sta_user *users = NULL;
	struct sta_user user;
	struct sta_call call;
	size_t n = 0;

	assert_int_equal(sta_user_create(h->r, &h->sys, "acme+x", NULL, false, &user, &h->err), STA_INVALID);
	assert_int_equal(sta_user_set_password(h->r, &h->sys, CI, "correct horse battery", &h->err),
			 STA_INVALID);
	assert_int_equal(sta_user_set_disabled(h->r, &h->sys, CI, true, &h->err), STA_INVALID);
	assert_int_equal(sta_user_list(h->r, &h->sys, &users, &n, &h->err), STA_OK);
	for (size_t i = 0; i < n; i++)
		assert_null(strchr(users[i].name, '+'));
	call = (struct sta_call){ .arena = h->arena, .may_wait = true };
	assert_int_equal(sta_authenticate_basic(h->r, &call, CI, "", &h->err), STA_UNAUTHENTICATED);
	assert_int_equal(sta_authenticate_basic(h->r, &call, CI, "correct horse battery", &h->err),
			 STA_UNAUTHENTICATED);
}

static void
lists_show_robots_what_they_may_read(void **state)
{
	struct house *h = *state;
	struct sta_call ci = robot(h, CI);

	publish(h, &carol, PACKAGE);
	assert_int_equal(listed(h, &ci), 0);
	assert_int_equal(sta_package_set_visibility(h->r, &carol, PACKAGE, STA_INTERNAL, &h->err), STA_OK);
	assert_int_equal(listed(h, &ci), 1);
	assert_int_equal(create(h, &erin, "zoo+keeper", STA_ROLE_ADMIN), STA_OK);
	ci = robot(h, "zoo+keeper");
	assert_int_equal(listed(h, &ci), 0);
	assert_int_equal(sta_package_set_visibility(h->r, &carol, PACKAGE, STA_PRIVATE, &h->err), STA_OK);
	assert_int_equal(set_role(h, STA_ROLE_READ), STA_OK);
	ci = robot(h, CI);
	assert_int_equal(listed(h, &ci), 1);
}

/* Without naming the source. */
static bool
mounts(struct house *h, const struct sta_call *call, const char *to, const struct sta_digest *d)
{
	struct sta_name name;
	bool mounted = false;

	name_of(to, &name);
	assert_int_equal(sta_mount_blob(h->r, call, &name, d, NULL, &mounted, &h->err), STA_OK);
	return mounted;
}

static void
automatic_mounts_find_what_a_robot_may_read(void **state)
{
	struct house *h = *state;
	struct sta_digest hidden = push_seed(h, &carol, PACKAGE, 100, 7);
	struct sta_digest others = push_seed(h, &erin, "zoo/app", 100, 8);
	struct sta_call ci;

	assert_int_equal(set_role(h, STA_ROLE_WRITE), STA_OK);
	ci = robot(h, CI);
	assert_true(mounts(h, &ci, "acme/other", &hidden));
	assert_false(mounts(h, &ci, "acme/other", &others));
	assert_int_equal(set_role(h, STA_ROLE_NONE), STA_OK);
	assert_int_equal(sta_grant_give(h->r, &erin, "zoo/app", CI, STA_ROLE_WRITE, &h->err), STA_OK);
	ci = robot(h, CI);
	hidden = push_seed(h, &carol, PACKAGE, 100, 9);
	assert_false(mounts(h, &ci, "zoo/app", &hidden));
	assert_int_equal(sta_package_set_visibility(h->r, &carol, PACKAGE, STA_INTERNAL, &h->err), STA_OK);
	assert_true(mounts(h, &ci, "zoo/app", &hidden));
}

static void
people_come_and_go_without_the_robots(void **state)
{
	struct house *h = *state;
	struct sta_call ci;

	assert_int_equal(set_role(h, STA_ROLE_WRITE), STA_OK);
	ci = robot(h, CI);
	assert_int_equal(push(h, &ci, "acme/made"), STA_OK);
	assert_int_equal(sta_org_remove(h->r, &carol, "acme", "dave", false, &h->err), STA_OK);
	assert_int_equal(sta_user_set_disabled(h->r, &h->sys, "carol", true, &h->err), STA_OK);
	assert_int_equal(push(h, &ci, "acme/made"), STA_OK);
}

/* A session of it, which waits for its bytes. */
static void
begin_upload(struct house *h, const struct sta_call *call)
{
	char id[STA_UUID_TEXT_MAX];
	struct sta_name name;

	name_of(PACKAGE, &name);
	assert_int_equal(sta_upload_start(h->r, call, &name, STA_SHA256, id, &h->err), STA_OK);
	assert_int_equal(number(h, "SELECT count(*) FROM upload"), 1);
}

static void
a_disabled_robots_credentials_and_uploads_end_at_once(void **state)
{
	struct house *h = *state;
	char secret[STA_PAT_LEN + 1];
	struct sta_call ci;
	int64_t token;

	assert_int_equal(set_role(h, STA_ROLE_WRITE), STA_OK);
	assert_int_equal(new_token(h, &carol, CI, secret, &token), STA_OK);
	assert_int_equal(sign_in(h, secret, &ci), STA_OK);
	begin_upload(h, &ci);
	assert_int_equal(sta_robot_set_disabled(h->r, &carol, CI, true, &h->err), STA_OK);
	assert_int_equal(number(h, "SELECT count(*) FROM upload"), 0);
	assert_int_equal(push(h, &ci, PACKAGE), STA_UNAUTHENTICATED); /* what was let in before */
	assert_int_equal(sign_in(h, secret, &ci), STA_UNAUTHENTICATED);
	assert_int_equal(sta_robot_set_disabled(h->r, &carol, CI, false, &h->err), STA_OK);
	assert_int_equal(sign_in(h, secret, &ci), STA_OK);
	assert_int_equal(push(h, &ci, PACKAGE), STA_OK);
}

static void
a_deleted_robot_leaves_nothing_to_the_next_of_its_name(void **state)
{
	struct house *h = *state;
	char secret[STA_PAT_LEN + 1];
	struct sta_call ci, before;
	int64_t token;

	assert_int_equal(set_role(h, STA_ROLE_WRITE), STA_OK);
	assert_int_equal(new_token(h, &carol, CI, secret, &token), STA_OK);
	assert_int_equal(sign_in(h, secret, &before), STA_OK);
	assert_int_equal(push(h, &before, PACKAGE), STA_OK);
	begin_upload(h, &before);
	assert_int_equal(sta_robot_delete(h->r, &carol, CI, &h->err), STA_OK);
	assert_int_equal(number(h, "SELECT count(*) FROM upload"), 0);
	assert_int_equal(push(h, &before, PACKAGE), STA_UNAUTHENTICATED);
	assert_int_equal(sta_robot_delete(h->r, &carol, CI, &h->err), STA_NOT_FOUND);
	assert_int_equal(create(h, &carol, CI, STA_ROLE_NONE), STA_OK);
	assert_int_equal(sign_in(h, secret, &ci), STA_UNAUTHENTICATED);
	ci = robot(h, CI);
	assert_int_equal(read_it(h, &ci, PACKAGE), STA_DENIED);
	assert_int_not_equal(ci.caller.user_id, before.caller.user_id);
	assert_sound(h);
}

static void
every_change_of_a_robot_is_in_the_audit_log_of_its_organization(void **state)
{
	static const char *const want[][2] = {
		{ "robot.delete", "" },          { "robot.enable", "" },   { "robot.disable", "" },
		{ "token.create", "token 1, " }, { "robot.set", "write" }, { "robot.create", "none" },
	};
	struct house *h = *state;
	struct sta_audit_line *lines = NULL;
	char secret[STA_PAT_LEN + 1];
	int64_t id;
	size_t n = 0;

	assert_int_equal(set_role(h, STA_ROLE_WRITE), STA_OK);
	assert_int_equal(new_token(h, &carol, CI, secret, &id), STA_OK);
	assert_int_equal(sta_robot_set_disabled(h->r, &carol, CI, true, &h->err), STA_OK);
	assert_int_equal(sta_robot_set_disabled(h->r, &carol, CI, false, &h->err), STA_OK);
	assert_int_equal(sta_robot_delete(h->r, &carol, CI, &h->err), STA_OK);
	assert_int_equal(sta_audit_read(h->r, &carol, "acme", 0, ARRAY_LEN(want), &lines, &n, &h->err),
			 STA_OK);
	assert_int_equal(n, ARRAY_LEN(want));
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(lines[i].actor, "carol");
		assert_string_equal(lines[i].target, CI);
		assert_string_equal(lines[i].action, want[i][0]);
		assert_int_equal(strncmp(lines[i].detail, want[i][1], strlen(want[i][1])), 0);
	}
	assert_int_equal(sta_audit_read(h->r, &erin, "zoo", 0, 100, &lines, &n, &h->err), STA_OK);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(strncmp(lines[i].target, "zoo", 3), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, house_teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(robots_are_the_business_of_the_organizations_owners),
		TEST(numbers_of_a_robots_tokens_tell_others_nothing),
		TEST(owners_of_organizations_make_no_tokens_for_people),
		TEST(a_robots_name_begins_with_its_organization),
		TEST(a_robot_does_at_home_what_its_role_is_for),
		TEST(a_robots_role_counts_from_the_next_request_on),
		TEST(roles_are_granted_to_robots_of_any_organization),
		TEST(a_role_on_a_repository_opens_its_packages_to_robots),
		TEST(robots_are_in_no_organization_and_no_team),
		TEST(what_is_for_people_is_not_for_robots),
		TEST(lists_show_robots_what_they_may_read),
		TEST(automatic_mounts_find_what_a_robot_may_read),
		TEST(people_come_and_go_without_the_robots),
		TEST(a_disabled_robots_credentials_and_uploads_end_at_once),
		TEST(a_deleted_robot_leaves_nothing_to_the_next_of_its_name),
		TEST(every_change_of_a_robot_is_in_the_audit_log_of_its_organization),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests_name("registry_robot", tests, NULL, NULL);
}
