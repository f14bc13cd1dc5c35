/* Names that changed, and what they lead to. */

#include <string.h>

#include "world.h"

#include "model/accounts.h"
#include "model/manifests.h"
#include "model/names.h"
#include "model/orgs.h"
#include "model/packages.h"
#include "model/repositories.h"
#include "model/versions.h"

#define MAX 229

static void
rename_alice(struct world *w, struct sta_db_conn *c, const char *old, const char *name)
{
	assert_int_equal(sta_namespace_rename(c, w->alice, old, name, MAX, NOW, &w->err), STA_OK);
}

static void
rename_app(struct world *w, struct sta_db_conn *c, const char *old, const char *name)
{
	assert_int_equal(sta_package_rename_to(c, w->app, old, name, NOW, &w->err), STA_OK);
}

/* "PRESENT NAMESPACE", with 0 for a name that is retired for nobody. */
static void
assert_past(struct world *w, struct sta_db_conn *c, const char *namespace, const char *image,
	    const char *present, int64_t retired_for)
{
	struct sta_past past;

	assert_int_equal(sta_past_find(c, w->arena, namespace, image, &past, &w->err), STA_OK);
	if (present)
		assert_string_equal(past.present, present);
	else
		assert_null(past.present);
	assert_int_equal(past.retired_for, retired_for);
}

static void
a_name_that_nothing_had_leads_nowhere(struct world *w, struct sta_db_conn *c)
{
	int64_t id = -1;
	const char *present;

	assert_past(w, c, "alice", "ghost", NULL, 0);
	assert_past(w, c, "ghost", "app", NULL, 0);
	assert_int_equal(sta_former_namespace(c, w->arena, "alice", &id, &present, &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_former_package(c, w->arena, "alice/app", &id, &present, &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_retired_for(c, "alice/app", &id, &w->err), STA_OK);
	assert_int_equal(id, 0);
}

static void
a_namespace_takes_along_all_that_is_called_after_it(struct world *w, struct sta_db_conn *c)
{
	struct sta_repository_row repository = { .namespace_id = w->alice, .name = "alice/code" };
	struct sta_account machine = { .name = "alice+bot" };
	struct sta_account got;
	struct sta_package p;

	assert_int_equal(sta_repository_insert(c, &repository, &repository.id, &w->err), STA_OK);
	assert_int_equal(sta_account_insert(c, &machine, &machine.id, &w->err), STA_OK);
	assert_int_equal(
		number(c, "UPDATE account SET home_id = (SELECT id FROM namespace WHERE name = 'alice')"
			  " WHERE id = (SELECT id FROM namespace WHERE name = 'alice+bot') RETURNING 1"),
		1);
	assert_int_equal(number(c,
				"INSERT INTO issuer(name, url, audience, claims, read_events, keys, created)"
				" VALUES ('i', 'u', 'a', '', '', '', 1) RETURNING 1"),
			 1);
	assert_int_equal(number(c, "INSERT INTO issuer_rule(issuer_id, conditions, repository, role, created)"
				   " SELECT id, '', 'alice/code', 1, 1 FROM issuer RETURNING 1"),
			 1);
	assert_int_equal(number(c, "INSERT INTO issuer_rule(issuer_id, conditions, repository, role, created)"
				   " SELECT id, '', 'alicex/code', 1, 1 FROM issuer RETURNING 1"),
			 1);
	rename_app(w, c, "alice/app", "alice/tool");
	rename_alice(w, c, "alice", "al");
	assert_int_equal(
		number(c, "SELECT count(*) FROM issuer_rule WHERE repository IN ('al/code', 'alicex/code')"),
		2);
	assert_int_equal(sta_package_find(c, w->arena, "al/tool", 0, &p, &w->err), STA_OK);
	assert_int_equal(p.id, w->app);
	assert_int_equal(sta_repository_by_name(c, w->arena, "al/code", 0, &repository, &w->err), STA_OK);
	assert_int_equal(sta_account_by_name(c, w->arena, "al+bot", &got, &w->err), STA_OK);
	assert_int_equal(got.id, machine.id);
	assert_int_equal(sta_account_by_name(c, w->arena, "al", &got, &w->err), STA_OK);
	assert_int_equal(got.id, w->alice);
	assert_int_equal(number(c, "SELECT count(*) FROM namespace WHERE name LIKE 'alice%'"), 0);
	assert_int_equal(number(c, "SELECT count(*) FROM package WHERE name LIKE 'alice%'"), 0);
	/* The former name of the package goes along too, and each combination leads there. */
	assert_past(w, c, "alice", "app", "al/tool", 0);
	assert_past(w, c, "alice", "tool", "al/tool", 0);
	assert_past(w, c, "al", "app", "al/tool", 0);
	assert_past(w, c, "alice", "ghost", NULL, 0);
}

static void
a_chain_of_names_leads_to_the_last(struct world *w, struct sta_db_conn *c)
{
	const char *present = NULL;
	int64_t id = 0;

	rename_alice(w, c, "alice", "b");
	rename_alice(w, c, "b", "c");
	rename_app(w, c, "c/app", "c/two");
	rename_app(w, c, "c/two", "c/three");
	assert_past(w, c, "alice", "app", "c/three", 0);
	assert_past(w, c, "b", "two", "c/three", 0);
	assert_int_equal(sta_former_namespace(c, w->arena, "alice", &id, &present, &w->err), STA_OK);
	assert_int_equal(id, w->alice);
	assert_string_equal(present, "c");
	assert_int_equal(sta_former_package(c, w->arena, "c/app", &id, &present, &w->err), STA_OK);
	assert_int_equal(id, w->app);
	assert_string_equal(present, "c/three");
}

static void
a_name_that_comes_back_is_no_former_one(struct world *w, struct sta_db_conn *c)
{
	rename_alice(w, c, "alice", "b");
	rename_app(w, c, "b/app", "b/two");
	rename_alice(w, c, "b", "alice");
	rename_app(w, c, "alice/two", "alice/app");
	assert_int_equal(number(c, "SELECT count(*) FROM former_namespace WHERE name = 'alice'"), 0);
	assert_int_equal(number(c, "SELECT count(*) FROM former_namespace WHERE name = 'b'"), 1);
	assert_int_equal(number(c, "SELECT count(*) FROM former_package WHERE name = 'alice/app'"), 0);
	assert_int_equal(number(c, "SELECT count(*) FROM former_package WHERE name = 'alice/two'"), 1);
}

static void
a_name_that_is_taken_is_not_given_twice(struct world *w, struct sta_db_conn *c)
{
	assert_int_equal(sta_namespace_rename(c, w->alice, "alice", "bob", MAX, NOW, &w->err), STA_EXISTS);
	assert_int_equal(sta_package_rename_to(c, w->app, "alice/app", "alice/lib", NOW, &w->err),
			 STA_EXISTS);
}

static void
names_of_packages_stay_within_their_limit(struct world *w, struct sta_db_conn *c)
{
	assert_int_equal(sta_namespace_rename(c, w->alice, "alice", "alicia", 9, NOW, &w->err), STA_INVALID);
	assert_int_equal(sta_namespace_rename(c, w->alice, "alice", "alicia", 10, NOW, &w->err), STA_OK);
	rename_app(w, c, "alicia/app", "alicia/a");
	rename_alice(w, c, "alicia", "al");
	/* The former one counts too. */
	assert_int_equal(number(c, "DELETE FROM package WHERE name = 'al/lib' RETURNING 1"), 1);
	assert_int_equal(sta_namespace_rename(c, w->alice, "al", "alice", 8, NOW, &w->err), STA_INVALID);
	assert_int_equal(sta_namespace_rename(c, w->alice, "al", "alice", 9, NOW, &w->err), STA_OK);
}

/* As if its one version had been pulled. */
static void
pull_app(struct world *w, struct sta_db_conn *c, uint64_t n)
{
	struct sta_version v = { .digest = digest_of(1), .media_type = "application/json" };

	assert_int_equal(sta_version_insert(c, w->app, &v, "{}", 2, &w->err), STA_OK);
	assert_int_equal(sta_version_add_pulls(c, v.id, n, true, &w->err), STA_OK);
}

static void
names_of_public_packages_that_were_pulled_often_are_retired(struct world *w, struct sta_db_conn *c)
{
	int64_t id = 0;

	pull_app(w, c, 10);
	assert_int_equal(sta_retire_package(c, w->app, 10, NOW, &w->err), STA_OK); /* private */
	assert_int_equal(number(c, "SELECT count(*) FROM retired_name"), 0);
	assert_int_equal(sta_package_update_visibility(c, w->app, STA_PUBLIC, &w->err), STA_OK);
	assert_int_equal(sta_retire_package(c, w->app, 11, NOW, &w->err), STA_OK); /* not so often */
	assert_int_equal(number(c, "SELECT count(*) FROM retired_name"), 0);
	rename_app(w, c, "alice/app", "alice/tool");
	assert_int_equal(sta_retire_package(c, w->app, 10, NOW, &w->err), STA_OK);
	assert_int_equal(sta_retire_package(c, w->app, 10, NOW, &w->err), STA_OK); /* again */
	assert_int_equal(number(c, "SELECT count(*) FROM retired_name WHERE pulls = 10"), 2);
	assert_int_equal(sta_retired_for(c, "alice/tool", &id, &w->err), STA_OK);
	assert_int_equal(id, w->alice);
	assert_past(w, c, "alice", "app", "alice/tool", w->alice);
}

static void
packages_of_a_namespace_are_retired_under_any_name_of_it(struct world *w, struct sta_db_conn *c)
{
	int64_t id = 0;

	pull_app(w, c, 10);
	assert_int_equal(sta_package_update_visibility(c, w->app, STA_PUBLIC, &w->err), STA_OK);
	rename_app(w, c, "alice/app", "alice/tool");
	assert_int_equal(sta_retire_packages(c, w->alice, "al", 10, NOW, &w->err), STA_OK);
	assert_int_equal(number(c, "SELECT count(*) FROM retired_name"), 2);
	assert_int_equal(sta_retired_for(c, "al/tool", &id, &w->err), STA_OK);
	assert_int_equal(id, w->alice);
	id = 0;
	assert_int_equal(sta_retired_for(c, "al/app", &id, &w->err), STA_OK);
	assert_int_equal(id, w->alice);
}

static void
names_that_are_kept_are_listed_until_they_are_forgotten(struct world *w, struct sta_db_conn *c)
{
	static const struct {
		const char *name;
		enum sta_kept_name_kind kind;
		const char *of;
	} expected[] = {
		{ "alice", STA_NAME_OF_OWNER, "b" },
		{ "alice/lib", STA_NAME_RETIRED, "b" },
		{ "b/app", STA_NAME_OF_PACKAGE, "b/tool" },
		{ "b/lib", STA_NAME_RETIRED, "b" },
	};
	struct sta_kept_name *all = NULL;
	size_t n = 0;

	assert_int_equal(sta_package_update_visibility(c, w->lib, STA_PUBLIC, &w->err), STA_OK);
	rename_alice(w, c, "alice", "b");
	rename_app(w, c, "b/app", "b/tool");
	assert_int_equal(sta_retire_package(c, w->lib, 0, NOW, &w->err), STA_OK);
	assert_int_equal(sta_kept_names(c, w->arena, &all, &n, &w->err), STA_OK);
	assert_int_equal(n, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(all[i].name, expected[i].name);
		assert_int_equal(all[i].kind, expected[i].kind);
		assert_int_equal(all[i].created_unix, NOW);
		assert_string_equal(all[i].of, expected[i].of);
		assert_int_equal(sta_name_forget(c, expected[i].name, &w->err), STA_OK);
		assert_int_equal(sta_name_forget(c, expected[i].name, &w->err), STA_NOT_FOUND);
	}
	assert_int_equal(sta_kept_names(c, w->arena, &all, &n, &w->err), STA_OK);
	assert_int_equal(n, 0);
}

static void
a_package_that_goes_takes_its_former_names_along(struct world *w, struct sta_db_conn *c)
{
	rename_app(w, c, "alice/app", "alice/tool");
	assert_int_equal(sta_package_remove(c, w->app, &(bool){ false }, &w->err), STA_OK);
	assert_past(w, c, "alice", "app", NULL, 0);
	assert_int_equal(number(c, "SELECT count(*) FROM former_package"), 0);
}

static void
users_settings_are_what_their_new_packages_are(struct world *w, struct sta_db_conn *c)
{
	struct sta_namespace space;
	struct sta_account account;

	assert_int_equal(sta_namespace_find(c, "alice", 0, &space, &w->err), STA_OK);
	assert_int_equal(space.visibility, STA_PRIVATE);
	assert_true(space.inherits);
	assert_int_equal(sta_account_set_defaults(c, w->alice, STA_PUBLIC, false, &w->err), STA_OK);
	assert_int_equal(sta_account_set_defaults(c, 12345, STA_PUBLIC, false, &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_namespace_find(c, "alice", 0, &space, &w->err), STA_OK);
	assert_int_equal(space.visibility, STA_PUBLIC);
	assert_false(space.inherits);
	assert_int_equal(sta_account_by_name(c, w->arena, "alice", &account, &w->err), STA_OK);
	assert_int_equal(account.visibility, STA_PUBLIC);
	assert_false(account.inherits);
	assert_int_equal(sta_account_by_name(c, w->arena, "bob", &account, &w->err), STA_OK);
	assert_int_equal(account.visibility, STA_PRIVATE);
	assert_true(account.inherits);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_name_that_nothing_had_leads_nowhere),
		TEST(a_namespace_takes_along_all_that_is_called_after_it),
		TEST(a_chain_of_names_leads_to_the_last),
		TEST(a_name_that_comes_back_is_no_former_one),
		TEST(a_name_that_is_taken_is_not_given_twice),
		TEST(names_of_packages_stay_within_their_limit),
		TEST(names_of_public_packages_that_were_pulled_often_are_retired),
		TEST(packages_of_a_namespace_are_retired_under_any_name_of_it),
		TEST(names_that_are_kept_are_listed_until_they_are_forgotten),
		TEST(a_package_that_goes_takes_its_former_names_along),
		TEST(users_settings_are_what_their_new_packages_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
