#include <string.h>

#include "world.h"

#include "model/orgs.h"
#include "model/packages.h"
#include "model/repositories.h"
#include "model/teams.h"

static const char url[] = "https://forge.example/alice/code";

/* One of alice's. */
static int64_t
make(struct world *w, struct sta_db_conn *c, const char *name, const char *at)
{
	struct sta_repository_row row = {
		.namespace_id = w->alice, .name = name, .url = at, .created_unix = NOW
	};

	assert_int_equal(sta_repository_insert(c, &row, &row.id, &w->err), STA_OK);
	return row.id;
}

static void
grant(struct world *w, struct sta_db_conn *c, int64_t repository, struct sta_subject to, enum sta_role role)
{
	assert_int_equal(sta_grant_set(c, sta_grantable_repository(repository), to, role, &w->err), STA_OK);
}

static void
link_app(struct world *w, struct sta_db_conn *c, int64_t repository, bool inherits)
{
	assert_int_equal(sta_package_update_link(c, w->app, repository, inherits, &w->err), STA_OK);
}

static struct sta_package
app_of(struct world *w, struct sta_db_conn *c, int64_t account)
{
	struct sta_package got = { 0 };

	assert_int_equal(sta_package_find(c, w->arena, "alice/app", account, &got, &w->err), STA_OK);
	return got;
}

static void
repository_is_found_by_name_url_and_id(struct world *w, struct sta_db_conn *c)
{
	int64_t id = make(w, c, "alice/code", url);
	struct sta_repository_row got[3];

	assert_int_equal(sta_repository_by_name(c, w->arena, "alice/code", w->bob, &got[0], &w->err), STA_OK);
	assert_int_equal(sta_repository_by_url(c, w->arena, url, w->bob, &got[1], &w->err), STA_OK);
	assert_int_equal(sta_repository_by_id(c, w->arena, id, w->bob, &got[2], &w->err), STA_OK);
	for (size_t i = 0; i < ARRAY_LEN(got); i++) {
		assert_int_equal(got[i].id, id);
		assert_int_equal(got[i].namespace_id, w->alice);
		assert_string_equal(got[i].name, "alice/code");
		assert_int_equal(got[i].visibility, STA_PRIVATE);
		assert_string_equal(got[i].url, url);
		assert_int_equal(got[i].created_unix, NOW);
		assert_int_equal(got[i].granted, STA_ROLE_NONE);
	}
}

static void
repository_that_is_not_there_is_not_found(struct world *w, struct sta_db_conn *c)
{
	int64_t id = make(w, c, "alice/code", NULL);
	struct sta_repository_row got;

	assert_int_equal(sta_repository_by_name(c, w->arena, "alice/other", 0, &got, &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_repository_by_url(c, w->arena, url, 0, &got, &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_repository_by_id(c, w->arena, id + 1, 0, &got, &w->err), STA_NOT_FOUND);
}

static void
name_and_url_are_taken_once(struct world *w, struct sta_db_conn *c)
{
	struct sta_repository_row row = { .namespace_id = w->alice, .name = "alice/other", .url = url };

	(void) make(w, c, "alice/code", url);
	assert_int_equal(sta_repository_insert(c, &row, &row.id, &w->err), STA_EXISTS);
	row.url = NULL;
	row.name = "alice/code";
	assert_int_equal(sta_repository_insert(c, &row, &row.id, &w->err), STA_EXISTS);
	(void) make(w, c, "alice/third", NULL);
	(void) make(w, c, "alice/fourth", NULL); /* none is no url, and as many as like have none */
}

static void
change_is_of_visibility_and_url(struct world *w, struct sta_db_conn *c)
{
	struct sta_repository_row row = { .id = make(w, c, "alice/code", NULL),
					  .visibility = STA_PUBLIC,
					  .url = url };
	struct sta_repository_row got;

	assert_int_equal(sta_repository_update(c, &row, &w->err), STA_OK);
	assert_int_equal(sta_repository_by_url(c, w->arena, url, 0, &got, &w->err), STA_OK);
	assert_int_equal(got.visibility, STA_PUBLIC);
	row.id = make(w, c, "alice/other", NULL);
	assert_int_equal(sta_repository_update(c, &row, &w->err), STA_EXISTS);
	row.id = got.id;
	row.url = NULL;
	assert_int_equal(sta_repository_update(c, &row, &w->err), STA_OK);
	assert_int_equal(sta_repository_by_name(c, w->arena, "alice/code", 0, &got, &w->err), STA_OK);
	assert_null(got.url);
}

static void
list_is_by_name_of_one_owner_or_of_all(struct world *w, struct sta_db_conn *c)
{
	struct sta_repository_row of_bob = { .namespace_id = w->bob, .name = "bob/a" };
	struct sta_repository_row *rows = NULL;
	size_t n = 0;

	(void) make(w, c, "alice/z", NULL);
	(void) make(w, c, "alice/a", NULL);
	assert_int_equal(sta_repository_insert(c, &of_bob, &of_bob.id, &w->err), STA_OK);
	assert_int_equal(sta_repository_list(c, w->arena, w->alice, 0, &rows, &n, &w->err), STA_OK);
	assert_int_equal(n, 2);
	assert_string_equal(rows[0].name, "alice/a");
	assert_string_equal(rows[1].name, "alice/z");
	assert_int_equal(sta_repository_list(c, w->arena, 0, 0, &rows, &n, &w->err), STA_OK);
	assert_int_equal(n, 3);
	assert_string_equal(rows[2].name, "bob/a");
}

/* A team "owners" of the organization acme with bob in it. */
static int64_t
team_of_bob(struct world *w, struct sta_db_conn *c)
{
	struct sta_org_row org = { .name = "acme", .creates = STA_VISIBILITIES_ALL, .created_unix = NOW };
	struct sta_team_row row = { .name = "devs", .description = "", .created_unix = NOW };

	assert_int_equal(sta_org_insert(c, &org, &org.id, &w->err), STA_OK);
	assert_int_equal(sta_org_member_set(c, org.id, w->bob, STA_ORG_MEMBER, NOW, &w->err), STA_OK);
	row.org_id = org.id;
	assert_int_equal(sta_team_insert(c, &row, &row.id, &w->err), STA_OK);
	assert_int_equal(sta_team_member_set(c, row.id, w->bob, false, NOW, &w->err), STA_OK);
	return row.id;
}

static void
roles_come_with_the_row(struct world *w, struct sta_db_conn *c)
{
	int64_t devs = team_of_bob(w, c);
	struct sta_repository_row row = { .namespace_id = number(c, "SELECT id FROM organization"),
					  .name = "acme/code" };
	struct sta_repository_row got;

	assert_int_equal(sta_repository_insert(c, &row, &row.id, &w->err), STA_OK);
	grant(w, c, row.id, person(w->bob), STA_ROLE_READ);
	grant(w, c, row.id, team(devs), STA_ROLE_WRITE);
	/* Of a package with the same id: another thing. */
	assert_int_equal(
		sta_grant_set(c, sta_grantable_package(row.id), person(w->bob), STA_ROLE_ADMIN, &w->err),
		STA_OK);
	assert_int_equal(sta_repository_by_name(c, w->arena, "acme/code", w->bob, &got, &w->err), STA_OK);
	assert_int_equal(got.granted, STA_ROLE_READ);
	assert_int_equal(got.team, STA_ROLE_WRITE);
	assert_int_equal(got.member, STA_ORG_MEMBER);
	assert_int_equal(sta_repository_by_name(c, w->arena, "acme/code", w->alice, &got, &w->err), STA_OK);
	assert_int_equal(got.granted, STA_ROLE_NONE);
	assert_int_equal(got.team, STA_ROLE_NONE);
	assert_int_equal(got.member, STA_ORG_NONE);
}

static void
strongest_role_is_inherited_by_packages_that_inherit(struct world *w, struct sta_db_conn *c)
{
	int64_t code = make(w, c, "alice/code", NULL);

	grant(w, c, code, person(w->bob), STA_ROLE_READ);
	grant(w, c, code, team(team_of_bob(w, c)), STA_ROLE_WRITE);
	link_app(w, c, code, false);
	assert_int_equal(app_of(w, c, w->bob).inherited, STA_ROLE_NONE);
	link_app(w, c, code, true);
	assert_int_equal(app_of(w, c, w->bob).inherited, STA_ROLE_WRITE);
	assert_int_equal(app_of(w, c, w->alice).inherited, STA_ROLE_NONE);
	link_app(w, c, 0, false);
	assert_int_equal(app_of(w, c, w->bob).repository_id, 0);
	assert_int_equal(app_of(w, c, w->bob).inherited, STA_ROLE_NONE);
}

static void
removal_leaves_roles_to_packages_that_inherit(struct world *w, struct sta_db_conn *c)
{
	int64_t code = make(w, c, "alice/code", NULL);
	int64_t devs = team_of_bob(w, c);
	struct sta_package got;

	grant(w, c, code, person(w->bob), STA_ROLE_READ);
	grant(w, c, code, team(devs), STA_ROLE_WRITE);
	link_app(w, c, code, true);
	assert_int_equal(sta_package_update_link(c, w->lib, code, false, &w->err), STA_OK);
	assert_int_equal(sta_repository_remove(c, code, &w->err), STA_OK);
	got = app_of(w, c, w->bob);
	assert_int_equal(got.repository_id, 0);
	assert_false(got.inherits);
	assert_int_equal(got.granted, STA_ROLE_READ);
	assert_int_equal(got.team, STA_ROLE_WRITE);
	/* The other one did not inherit, and is linked to none either. */
	assert_int_equal(sta_package_find(c, w->arena, "alice/lib", w->bob, &got, &w->err), STA_OK);
	assert_int_equal(got.repository_id, 0);
	assert_int_equal(got.granted, STA_ROLE_NONE);
	assert_int_equal(number(c, "SELECT count(*) FROM role_grant WHERE object_kind = 2"), 0);
	assert_int_equal(number(c, "SELECT count(*) FROM repository"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(repository_is_found_by_name_url_and_id),
		TEST(repository_that_is_not_there_is_not_found),
		TEST(name_and_url_are_taken_once),
		TEST(change_is_of_visibility_and_url),
		TEST(list_is_by_name_of_one_owner_or_of_all),
		TEST(roles_come_with_the_row),
		TEST(strongest_role_is_inherited_by_packages_that_inherit),
		TEST(removal_leaves_roles_to_packages_that_inherit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
