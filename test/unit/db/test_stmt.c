#include <stdio.h>
#include <string.h>

#include "../base/oom.h"
#include "fixture.h"

#include "base/auto.h"

static struct sta_db_conn *
reader(struct fixture *f)
{
	struct sta_db_conn *c = NULL;

	assert_int_equal(sta_db_reader(f->db, &c, &f->err), STA_OK);
	return c;
}

static struct sta_db_stmt *
prepare(struct fixture *f, const char *literal)
{
	struct sta_db_stmt *s = NULL;

	assert_int_equal(sta_db_prepare(reader(f), literal, &s, &f->err), STA_OK);
	return s;
}

static bool
step(struct fixture *f, struct sta_db_stmt *s)
{
	bool row = false;

	assert_int_equal(sta_db_step(s, &row, &f->err), STA_OK);
	return row;
}

static void
only_single_statements_with_ordered_placeholders_are_prepared(void **state)
{
	static const struct {
		const char *sql;
		enum sta_rc rc;
	} cases[] = {
		{ "", STA_BACKEND },
		{ " ; ", STA_BACKEND },
		{ "nonsense", STA_BACKEND },
		{ "SELECT * FROM absent", STA_BACKEND },
		{ "SELECT \"text\"", STA_BACKEND }, /* a name in double quotes is never a string */
		{ "SELECT 1; SELECT 2", STA_BACKEND },
		{ "SELECT 1;", STA_OK },
		{ "SELECT 1 ;\n", STA_OK },
		{ "SELECT $1", STA_OK },
		{ "SELECT $1, $2, $1", STA_OK },
		{ "SELECT $2, $1", STA_BACKEND },
		{ "SELECT $2", STA_BACKEND },
		{ "SELECT ?", STA_BACKEND },
		{ "SELECT ?1", STA_BACKEND },
		{ "SELECT :a", STA_BACKEND },
		{ "BEGIN", STA_BACKEND },
		{ "ATTACH ':memory:' AS other", STA_BACKEND },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sta_db_stmt *s = NULL;

		assert_int_equal(sta_db_prepare(reader(f), cases[i].sql, &s, &f->err), cases[i].rc);
		assert_int_equal(s != NULL, cases[i].rc == STA_OK);
		sta_db_done(&s);
	}
}

static void
at_most_64_placeholders(void **state)
{
	static char sql[512] = "SELECT $1";
	struct fixture *f = *state;
	struct sta_db_stmt *s = NULL;

	for (int i = 2; i <= 65; i++)
		(void) snprintf(sql + strlen(sql), sizeof(sql) - strlen(sql), ",$%d", i);
	assert_int_equal(sta_db_prepare(reader(f), sql, &s, &f->err), STA_BACKEND);
	assert_null(s);
}

static void
values_come_back_as_they_were_bound(void **state)
{
	struct fixture *f = *state;
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = prepare(f, "SELECT $1, $2, $3, $4, $5, $6, $7, $8");
	size_t len = 99;

	sta_db_bind_int(s, 1, INT64_MIN);
	sta_db_bind_text(s, 2, "h\xc3\xa4");
	sta_db_bind_text(s, 3, "");
	sta_db_bind_text(s, 4, NULL);
	sta_db_bind_bytes(s, 5, "a\0b", 3);
	sta_db_bind_bytes(s, 6, "", 0);
	sta_db_bind_null(s, 7);
	sta_db_bind_bytes(s, 8, NULL, 0);
	assert_true(step(f, s));
	assert_int_equal(sta_db_int(s, 0), INT64_MIN);
	assert_string_equal(sta_db_text(s, 1), "h\xc3\xa4");
	assert_string_equal(sta_db_text(s, 2), "");
	assert_null(sta_db_text(s, 3));
	assert_true(sta_db_is_null(s, 3));
	assert_memory_equal(sta_db_bytes(s, 4, &len), "a\0b", 3);
	assert_int_equal(len, 3);
	assert_non_null(sta_db_bytes(s, 5, &len)); /* no bytes are not NULL */
	assert_int_equal(len, 0);
	assert_false(sta_db_is_null(s, 5));
	assert_false(sta_db_is_null(s, 7));
	len = 99;
	assert_null(sta_db_bytes(s, 6, &len));
	assert_int_equal(len, 0);
	assert_int_equal(sta_db_int(s, 6), 0);
	assert_false(step(f, s));
}

static void
value_of_another_type_reads_as_null(void **state)
{
	struct fixture *f = *state;
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = prepare(f, "SELECT 42, '42', x'3432'");
	size_t len = 0;

	assert_true(step(f, s));
	assert_null(sta_db_text(s, 0));
	assert_null(sta_db_bytes(s, 0, &len));
	assert_int_equal(sta_db_int(s, 1), 0);
	assert_null(sta_db_bytes(s, 1, &len));
	assert_int_equal(sta_db_int(s, 2), 0);
	assert_null(sta_db_text(s, 2));
}

static void
placeholder_without_a_value_is_refused(void **state)
{
	struct fixture *f = *state;
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = prepare(f, "SELECT $1, $2");
	bool row = true;

	sta_db_bind_int(s, 1, 1);
	assert_int_equal(sta_db_step(s, &row, &f->err), STA_BACKEND);
	sta_db_bind_int(s, 2, 1);
	assert_true(step(f, s));
}

static void
values_are_forgotten_when_the_statement_is_done(void **state)
{
	static const char sql[] = "SELECT $1";
	struct fixture *f = *state;
	struct sta_db_stmt *s = prepare(f, sql);
	bool row = true;

	sta_db_bind_int(s, 1, 1);
	assert_true(step(f, s));
	sta_db_done(&s);
	assert_null(s);
	s = prepare(f, sql);
	assert_int_equal(sta_db_step(s, &row, &f->err), STA_BACKEND);
	sta_db_done(&s);
	sta_db_done(&s); /* NULL is allowed */
}

static void
value_without_a_placeholder_is_reported_by_the_step(void **state)
{
	static const int positions[] = { -1, 0, 2, 65, 1000 };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(positions); i++) {
		STA_AUTO(sta_db_done) struct sta_db_stmt *s = prepare(f, "SELECT $1");
		bool row = true;

		sta_db_bind_int(s, 1, 1);
		sta_db_bind_int(s, positions[i], 1);
		assert_int_equal(sta_db_step(s, &row, &f->err), STA_BACKEND);
	}
}

static void
step_after_the_last_row_does_not_begin_again(void **state)
{
	struct fixture *f = *state;
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = prepare(f, "SELECT 1");

	assert_true(step(f, s));
	assert_false(step(f, s));
	assert_false(step(f, s));
}

static void
statement_to_be_run_yields_no_row(void **state)
{
	struct fixture *f = *state;
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = prepare(f, "SELECT 1");

	assert_int_equal(sta_db_run(s, &f->err), STA_BACKEND);
}

static void
same_literal_may_be_used_inside_its_own_rows(void **state)
{
	static const char sql[] = "SELECT 1 UNION ALL SELECT 2 ORDER BY 1";
	struct fixture *f = *state;
	STA_AUTO(sta_db_done) struct sta_db_stmt *outer = prepare(f, sql);

	for (int64_t i = 1; i <= 2; i++) {
		STA_AUTO(sta_db_done) struct sta_db_stmt *inner = NULL;

		assert_true(step(f, outer));
		inner = prepare(f, sql);
		assert_ptr_not_equal(inner, outer);
		assert_true(step(f, inner));
		assert_int_equal(sta_db_int(inner, 0), 1);
		assert_int_equal(sta_db_int(outer, 0), i);
	}
	assert_false(step(f, outer));
}

static void
literal_is_prepared_once(void **state)
{
	static const char sql[] = "SELECT 1";
	struct fixture *f = *state;
	struct sta_db_stmt *s = prepare(f, sql);
	const struct sta_db_stmt *first = s;

	sta_db_done(&s);
	s = prepare(f, sql);
	assert_ptr_equal(s, first);
	sta_db_done(&s);
}

static void
cache_grows_and_finds_every_literal(void **state)
{
	static char sql[300][32];
	struct fixture *f = *state;

	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < ARRAY_LEN(sql); i++) {
			struct sta_db_stmt *s;

			(void) snprintf(sql[i], sizeof(sql[i]), "SELECT %zu", i);
			s = prepare(f, sql[i]);
			assert_true(step(f, s));
			assert_int_equal(sta_db_int(s, 0), i);
			sta_db_done(&s);
		}
	}
}

static void
prepared_statements_survive_a_new_schema(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(count(f, NULL), 0);
	assert_int_equal(put_now(f, "a"), STA_OK);
	assert_int_equal(
		script(f, "ALTER TABLE item ADD COLUMN more TEXT; CREATE TABLE another (id INTEGER)"),
		STA_OK);
	assert_int_equal(put_now(f, "b"), STA_OK);
	assert_int_equal(count(f, NULL), 2);
}

static void
violated_constraints_have_their_codes(void **state)
{
	static const struct {
		const char *sql;
		enum sta_rc rc;
	} cases[] = {
		{ "INSERT INTO item(id, name) VALUES (1, 'b')", STA_EXISTS },
		{ "INSERT INTO item(name) VALUES ('a')", STA_EXISTS },
		{ "INSERT INTO item(name) VALUES (NULL)", STA_CONFLICT },
		{ "INSERT INTO item(name) VALUES ('bad')", STA_CONFLICT },
		{ "INSERT INTO part(item_id) VALUES (2)", STA_CONFLICT },
		{ "DELETE FROM item", STA_CONFLICT },
		{ "INSERT INTO part(item_id) VALUES (1)", STA_OK },
	};
	struct fixture *f = *state;

	assert_int_equal(script(f, "CREATE TABLE part (item_id INTEGER REFERENCES item(id));"
				   "INSERT INTO item(id, name) VALUES (1, 'a');"
				   "INSERT INTO part(item_id) VALUES (1)"),
			 STA_OK);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(script(f, cases[i].sql), cases[i].rc);
}

static void
names_of_tables_are_for_the_log_only(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(put_now(f, "a"), STA_OK);
	assert_int_equal(put_now(f, "a"), STA_EXISTS);
	assert_null(strstr(f->err.msg, "item"));
	assert_non_null(strstr(f->err.detail, "item.name"));
}

static enum sta_rc
count_changes(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_db_prepare(c, "UPDATE item SET data = NULL", &s, err);

	if (rc == STA_OK)
		rc = sta_db_run(s, err);
	if (rc == STA_OK)
		*(int64_t *) arg = sta_db_changes(c);
	return rc;
}

static void
changes_are_counted(void **state)
{
	struct fixture *f = *state;
	int64_t n = -1;

	assert_int_equal(sta_db_write(f->db, count_changes, &n, &f->err), STA_OK);
	assert_int_equal(n, 0);
	assert_int_equal(put_now(f, "a"), STA_OK);
	assert_int_equal(put_now(f, "b"), STA_OK);
	assert_int_equal(sta_db_write(f->db, count_changes, &n, &f->err), STA_OK);
	assert_int_equal(n, 2);
}

static enum sta_rc
put_two(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_db_prepare(c, "INSERT INTO item(name) VALUES ($1)", &s, err);

	(void) arg;
	for (int i = 0; rc == STA_OK && i < 2; i++) {
		sta_db_bind_text(s, 1, i == 0 ? "a" : "b");
		rc = sta_db_run(s, err);
	}
	return rc;
}

static void
statement_may_be_bound_and_run_again(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(sta_db_write(f->db, put_two, NULL, &f->err), STA_OK);
	assert_int_equal(count(f, NULL), 2);
}

static enum sta_rc
put_a(void *fixture)
{
	return put_now(fixture, "a");
}

static enum sta_rc
prepare_on_a_reader(void *fixture)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	struct fixture *f = fixture;
	struct sta_db_conn *c = NULL;
	enum sta_rc rc = sta_db_reader(f->db, &c, &f->err);

	return rc == STA_OK ? sta_db_prepare(c, "SELECT 1", &s, &f->err) : rc;
}

static void
every_allocation_may_fail(void **state)
{
	oom_at_each(put_a, *state, 1);
	oom_at_each(prepare_on_a_reader, *state, 3);
	assert_int_equal(count(*state, "a"), 1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(only_single_statements_with_ordered_placeholders_are_prepared,
						setup, teardown),
		cmocka_unit_test_setup_teardown(at_most_64_placeholders, setup, teardown),
		cmocka_unit_test_setup_teardown(values_come_back_as_they_were_bound, setup, teardown),
		cmocka_unit_test_setup_teardown(value_of_another_type_reads_as_null, setup, teardown),
		cmocka_unit_test_setup_teardown(placeholder_without_a_value_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(values_are_forgotten_when_the_statement_is_done, setup,
						teardown),
		cmocka_unit_test_setup_teardown(value_without_a_placeholder_is_reported_by_the_step, setup,
						teardown),
		cmocka_unit_test_setup_teardown(step_after_the_last_row_does_not_begin_again, setup,
						teardown),
		cmocka_unit_test_setup_teardown(statement_to_be_run_yields_no_row, setup, teardown),
		cmocka_unit_test_setup_teardown(same_literal_may_be_used_inside_its_own_rows, setup,
						teardown),
		cmocka_unit_test_setup_teardown(literal_is_prepared_once, setup, teardown),
		cmocka_unit_test_setup_teardown(cache_grows_and_finds_every_literal, setup, teardown),
		cmocka_unit_test_setup_teardown(prepared_statements_survive_a_new_schema, setup, teardown),
		cmocka_unit_test_setup_teardown(violated_constraints_have_their_codes, setup, teardown),
		cmocka_unit_test_setup_teardown(names_of_tables_are_for_the_log_only, setup, teardown),
		cmocka_unit_test_setup_teardown(changes_are_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(statement_may_be_bound_and_run_again, setup, teardown),
		cmocka_unit_test_setup_teardown(every_allocation_may_fail, setup, teardown),
	};

	return cmocka_run_group_tests_name("db_stmt", tests, NULL, NULL);
}
