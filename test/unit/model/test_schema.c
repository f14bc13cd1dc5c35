#include <stdio.h>
#include <string.h>

#include "world.h"

#include "base/auto.h"
#include "db/db_sqlite.h"
#include "model/packages.h"
#include "model/schema.h"
#include "model/versions.h"
#include "schema_1.h"

/* All of the schema and the number of its rows, as one text. */
static void
describe(struct world *w, char *out, size_t size)
{
	static const char sql[] =
		"SELECT group_concat(name || coalesce(sql, ''), ';') || (SELECT count(*) FROM"
		" schema_version) FROM (SELECT name, sql FROM sqlite_schema ORDER BY name)";
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	struct sta_db_conn *c = NULL;
	bool row = false;

	assert_int_equal(sta_db_reader(w->db, &c, &w->err), STA_OK);
	assert_int_equal(sta_db_prepare(c, sql, &s, &w->err), STA_OK);
	assert_int_equal(sta_db_step(s, &row, &w->err), STA_OK);
	assert_true(row);
	(void) snprintf(out, size, "%s", sta_db_text(s, 0));
}

static void
upgrading_again_changes_nothing(void **state)
{
	struct world *w = *state;
	char before[32768];
	char after[32768];

	describe(w, before, sizeof(before));
	assert_non_null(strstr(before, "package_blob"));
	assert_int_equal(sta_schema_upgrade(w->db, &w->err), STA_OK);
	describe(w, after, sizeof(after));
	assert_string_equal(after, before);
	close_db(w);
	open_db(w);
	describe(w, after, sizeof(after));
	assert_string_equal(after, before);
}

static enum sta_rc
pretend_newer(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	(void) arg;
	return sta_db_script(c, "INSERT INTO schema_version VALUES (1000)", err);
}

static void
database_of_a_newer_version_is_refused(void **state)
{
	struct world *w = *state;

	assert_int_equal(sta_db_write(w->db, pretend_newer, NULL, &w->err), STA_OK);
	assert_int_equal(sta_schema_upgrade(w->db, &w->err), STA_UNSUPPORTED);
	assert_non_null(strstr(w->err.msg, "1000"));
}

static enum sta_rc
make_version_1(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	enum sta_rc rc = sta_db_script(c, schema_1, err);

	(void) arg;
	return rc == STA_OK ? sta_db_script(c, rows_1, err) : rc;
}

/* A database of version 1 in place of the world's. */
static void
go_back_to_version_1(struct world *w)
{
	char old[128];

	close_db(w);
	(void) snprintf(old, sizeof(old), "%s-old", w->path);
	assert_int_equal(sta_db_sqlite_open(old, &w->db, &w->err), STA_OK);
	assert_int_equal(sta_db_write(w->db, make_version_1, NULL, &w->err), STA_OK);
	assert_int_equal(sta_schema_upgrade(w->db, &w->err), STA_OK);
}

static void
database_of_version_1_keeps_its_packages_and_roles(void **state)
{
	struct world *w = *state;
	struct sta_db_conn *c = NULL;
	struct sta_package got;

	go_back_to_version_1(w);
	assert_int_equal(sta_db_reader(w->db, &c, &w->err), STA_OK);
	assert_int_equal(number(c, "SELECT count(*) FROM role_grant"), 3);
	assert_int_equal(sta_package_find(c, w->arena, "alice/app", 2, &got, &w->err), STA_OK);
	assert_int_equal(got.id, 4);
	assert_int_equal(got.visibility, STA_PUBLIC);
	assert_true(got.published);
	assert_int_equal(got.updated_unix, 1700000003);
	assert_int_equal(got.granted, STA_ROLE_READ);
	assert_int_equal(got.team, STA_ROLE_NONE);
	assert_int_equal(got.repository_id, 0);
	assert_false(got.inherits);
	assert_int_equal(sta_package_find(c, w->arena, "alice/app", 1, &got, &w->err), STA_OK);
	assert_int_equal(got.granted, STA_ROLE_ADMIN);
	assert_int_equal(sta_package_find(c, w->arena, "alice/lib", 2, &got, &w->err), STA_OK);
	assert_int_equal(got.granted, STA_ROLE_NONE);
}

static void
database_of_version_1_counts_its_versions_and_knows_when_they_were_updated(void **state)
{
	struct world *w = *state;
	struct sta_db_conn *c = NULL;
	struct sta_version_row row;

	go_back_to_version_1(w);
	assert_int_equal(sta_db_reader(w->db, &c, &w->err), STA_OK);
	assert_int_equal(number(c, "SELECT versions FROM package WHERE id = 4"), 3);
	assert_int_equal(number(c, "SELECT versions FROM package WHERE id = 5"), 0);
	assert_int_equal(sta_version_row(c, w->arena, 4, 7, &row, &w->err), STA_OK);
	assert_int_equal(row.updated_unix, 1700000030); /* the last tag */
	assert_int_equal(sta_version_row(c, w->arena, 4, 8, &row, &w->err), STA_OK);
	assert_int_equal(row.updated_unix, 1700000011); /* its push */
	assert_int_equal(sta_version_row(c, w->arena, 4, 9, &row, &w->err), STA_OK);
	assert_int_equal(row.updated_unix, 1700000012);
	assert_int_equal(number(c, "SELECT sum(deleted) + sum(pulls) FROM manifest"), 0);
	assert_int_equal(number(c, "SELECT sum(deleted) FROM package"), 0);
}

/* Where tags lead now is where their history begins. */
static void
database_of_version_1_has_a_history_of_its_tags(void **state)
{
	struct world *w = *state;
	struct sta_db_conn *c = NULL;

	go_back_to_version_1(w);
	assert_int_equal(sta_db_reader(w->db, &c, &w->err), STA_OK);
	assert_true(number(c, "SELECT count(*) FROM tag") > 1);
	assert_int_equal(number(c, "SELECT count(*) FROM tag_event"), number(c, "SELECT count(*) FROM tag"));
	assert_int_equal(number(c, "SELECT max(number) FROM tag_event"),
			 number(c, "SELECT count(*) FROM tag"));
	assert_int_equal(number(c,
				"SELECT count(*) FROM tag_event e JOIN tag t ON t.package_id = e.package_id"
				" AND t.name = e.name JOIN manifest v ON v.id = t.manifest_id"
				" WHERE e.new = v.digest AND e.old IS NULL AND e.created = t.updated"),
			 number(c, "SELECT count(*) FROM tag"));
}

/* An upgraded database and a new one are the same: nothing depends on where one began. */
static void
database_of_version_1_becomes_what_a_new_one_is(void **state)
{
	struct world *w = *state;
	static char fresh[65536], upgraded[65536];

	describe(w, fresh, sizeof(fresh));
	go_back_to_version_1(w);
	describe(w, upgraded, sizeof(upgraded));
	assert_string_equal(upgraded, fresh);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(upgrading_again_changes_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(database_of_version_1_keeps_its_packages_and_roles, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			database_of_version_1_counts_its_versions_and_knows_when_they_were_updated, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(database_of_version_1_has_a_history_of_its_tags, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(database_of_version_1_becomes_what_a_new_one_is, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(database_of_a_newer_version_is_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("model_schema", tests, NULL, NULL);
}
