#include <stdio.h>
#include <string.h>

#include "world.h"

#include "base/auto.h"
#include "model/schema.h"

/* All of the schema and the number of its rows, as one text. */
static void
describe(struct world *w, char *out, size_t size)
{
	static const char sql[] =
		"SELECT group_concat(name || coalesce(sql, ''), ';') || (SELECT count(*) FROM"
		" schema_version) FROM sqlite_schema";
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
	char before[16384];
	char after[16384];

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

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(upgrading_again_changes_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(database_of_a_newer_version_is_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("model_schema", tests, NULL, NULL);
}
