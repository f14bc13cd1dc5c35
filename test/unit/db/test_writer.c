#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "fixture.h"
#include "shim.h"

#include "base/alloc.h"
#include "base/auto.h"
#include "db/db_sqlite.h"

static uint64_t
commits(struct fixture *f)
{
	struct sta_db_stats stats;

	sta_db_stats(f->db, &stats);
	return stats.commits;
}

static enum sta_rc
put_then_fail(struct sta_db_conn *c, void *name, struct sta_err *err)
{
	enum sta_rc rc = put(c, name, err);

	return rc == STA_OK ? sta_err_set(err, STA_DENIED, 0, "on purpose") : rc;
}

/* An item of len bytes named by its number. */
struct load {
	int number;
	size_t len;
};

static enum sta_rc
put_load(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct load *load = arg;
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	char name[16];
	char *data = sta_malloc(load->len);
	enum sta_rc rc = sta_db_prepare(c, "INSERT INTO item(name, data) VALUES ($1, $2)", &s, err);

	assert_non_null(data);
	(void) snprintf(name, sizeof(name), "n%d", load->number);
	if (rc == STA_OK) {
		sta_db_bind_text(s, 1, name);
		sta_db_bind_bytes(s, 2, data, load->len);
		rc = sta_db_run(s, err);
		sta_db_done(&s);
	}
	sta_free(data);
	return rc;
}

static enum sta_rc
put_load_now(struct fixture *f, int number, size_t len)
{
	struct load load = { number, len };

	return sta_db_write(f->db, put_load, &load, &f->err);
}

/* A reader that holds the log, and n items in it, until its sta_db_read_end(). */
static struct sta_db_conn *
hold_log(struct fixture *f, int64_t n)
{
	struct sta_db_conn *c;

	assert_int_equal(sta_db_reader(f->db, &c, &f->err), STA_OK);
	assert_int_equal(sta_db_read_begin(c, &f->err), STA_OK);
	assert_int_equal(count_on(c, NULL), n);
	return c;
}

/* A crash now would leave the item "before" and not the item "lost". */
static void
expect_crash_to_lose(struct fixture *f)
{
	struct fixture crashed = { 0 };

	path_in(f, "crashed", crashed.path);
	copy_as_crashed(f, crashed.path);
	assert_int_equal(sta_db_sqlite_open(crashed.path, &crashed.db, &crashed.err), STA_OK);
	assert_int_equal(count(&crashed, "before"), 1);
	assert_int_equal(count(&crashed, "lost"), 0);
	sta_db_free(crashed.db);
}

/* In a group, between two that put an item, this member fails with rc, and they do not. */
static void
expect_to_fail_alone(struct fixture *f, sta_db_tx_fn *fn, void *arg, enum sta_rc rc)
{
	struct member m[] = {
		{ .fn = put, .arg = NAME("a") },
		{ .fn = fn, .arg = arg },
		{ .fn = put, .arg = NAME("c") },
	};

	run_group(f, m, ARRAY_LEN(m));
	assert_int_equal(m[0].rc, STA_OK);
	assert_int_equal(m[1].rc, rc);
	assert_int_equal(m[2].rc, STA_OK);
	assert_int_equal(count(f, NULL), 2);
}

static void
committed_change_is_seen_by_readers(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(count(f, "a"), 0);
	assert_int_equal(put_now(f, "a"), STA_OK);
	assert_int_equal(count(f, "a"), 1);
}

static void
failing_function_changes_nothing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(sta_db_write(f->db, put_then_fail, NAME("a"), &f->err), STA_DENIED);
	assert_string_equal(f->err.msg, "on purpose");
	assert_int_equal(count(f, NULL), 0);
}

static void
one_failing_member_leaves_the_others_intact(void **state)
{
	struct fixture *f = *state;
	struct member m[] = {
		{ .fn = put, .arg = NAME("a") },
		{ .fn = put_then_fail, .arg = NAME("b") },
		{ .fn = put, .arg = NAME("a") },
		{ .fn = put, .arg = NAME("c") },
	};
	uint64_t before = commits(f);

	run_group(f, m, ARRAY_LEN(m));
	assert_int_equal(m[0].rc, STA_OK);
	assert_int_equal(m[1].rc, STA_DENIED);
	assert_int_equal(m[2].rc, STA_EXISTS); /* it sees what went before it in the group */
	assert_int_equal(m[3].rc, STA_OK);
	assert_int_equal(count(f, NULL), 2);
	assert_int_equal(commits(f) - before, 2); /* the gate's and the group's */
}

static void
group_shares_one_commit_and_one_sync(void **state)
{
	struct fixture *f = *state;
	struct member m[20];
	char names[ARRAY_LEN(m)][8];
	struct sta_db_stats before;
	struct sta_db_stats after;
	int syncs = shim_syncs(SHIM_LOG);

	for (size_t i = 0; i < ARRAY_LEN(m); i++) {
		(void) snprintf(names[i], sizeof(names[i]), "n%zu", i);
		m[i] = (struct member){ .fn = put, .arg = names[i] };
	}
	sta_db_stats(f->db, &before);
	run_group(f, m, ARRAY_LEN(m));
	sta_db_stats(f->db, &after);
	assert_int_equal(after.transactions - before.transactions, ARRAY_LEN(m) + 1);
	assert_int_equal(after.commits - before.commits, 2);
	assert_int_equal(after.waiting, 0);
	assert_int_equal(shim_syncs(SHIM_LOG) - syncs, 1);
	assert_int_equal(count(f, NULL), ARRAY_LEN(m));
}

static void
every_commit_syncs_the_log(void **state)
{
	struct fixture *f = *state;
	int syncs = shim_syncs(SHIM_LOG);

	assert_int_equal(put_now(f, "a"), STA_OK);
	assert_int_equal(put_now(f, "b"), STA_OK);
	assert_int_equal(shim_syncs(SHIM_LOG) - syncs, 2);
}

static void
failed_sync_fails_all_members_and_nothing_is_visible(void **state)
{
	struct fixture *f = *state;
	struct member m[] = {
		{ .fn = put, .arg = NAME("a") },
		{ .fn = put_then_fail, .arg = NAME("b") },
		{ .fn = put, .arg = NAME("c") },
	};

	assert_int_equal(put_now(f, "before"), STA_OK);
	shim_fail_sync(SHIM_LOG, 1, 1);
	run_group(f, m, ARRAY_LEN(m));
	for (size_t i = 0; i < ARRAY_LEN(m); i++) {
		assert_int_equal(m[i].rc, STA_BACKEND);
		assert_int_equal(m[i].err.rc, STA_BACKEND);
	}
	assert_int_equal(count(f, NULL), 1);
	assert_int_equal(put_now(f, "a"), STA_OK);
	reopen(f);
	assert_int_equal(count(f, NULL), 2);
}

static void
failed_sync_is_not_found_again_after_a_crash(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(put_now(f, "before"), STA_OK);
	shim_fail_sync(SHIM_LOG, 1, 1);
	assert_int_equal(put_now(f, "lost"), STA_BACKEND);
	expect_crash_to_lose(f);
}

static void
failed_sync_is_not_found_again_even_when_a_reader_held_the_log(void **state)
{
	struct fixture *f = *state;
	struct sta_db_conn *c;

	assert_int_equal(put_now(f, "before"), STA_OK);
	c = hold_log(f, 1);
	shim_fail_sync(SHIM_LOG, 1, 1);
	assert_int_equal(put_now(f, "lost"), STA_BACKEND);
	expect_crash_to_lose(f);
	sta_db_read_end(c);
}

static void
writes_go_on_after_a_failed_sync_while_a_reader_holds_the_log(void **state)
{
	struct fixture *f = *state;
	struct sta_db_conn *c;

	assert_int_equal(put_now(f, "before"), STA_OK);
	c = hold_log(f, 1);
	shim_fail_sync(SHIM_LOG, 1, 1);
	assert_int_equal(put_now(f, "lost"), STA_BACKEND);
	assert_int_equal(count_on(c, NULL), 1);
	assert_int_equal(put_now(f, "after"), STA_OK);
	sta_db_read_end(c);
	reopen(f);
	assert_int_equal(count(f, "lost"), 0);
	assert_int_equal(count(f, NULL), 2);
}

static void
failing_device_is_reported_every_time_until_it_recovers(void **state)
{
	struct fixture *f = *state;

	shim_fail_sync(SHIM_LOG, 1, 1000);
	for (int i = 0; i < 3; i++)
		assert_int_equal(put_now(f, "a"), STA_BACKEND);
	assert_int_equal(count(f, NULL), 0);
	shim_fail_sync(SHIM_LOG, 0, 0);
	assert_int_equal(put_now(f, "a"), STA_OK);
	assert_int_equal(count(f, NULL), 1);
}

static void
log_without_space_is_full_and_recovers(void **state)
{
	struct fixture *f = *state;
	struct member m[] = { { .fn = put, .arg = NAME("a") }, { .fn = put, .arg = NAME("b") } };

	shim_fail_write(SHIM_LOG, 1, 1000);
	run_group(f, m, ARRAY_LEN(m));
	shim_fail_write(SHIM_LOG, 0, 0);
	assert_int_equal(m[0].rc, STA_FULL);
	assert_int_equal(m[1].rc, STA_FULL);
	assert_int_equal(count(f, NULL), 0);
	assert_int_equal(put_now(f, "a"), STA_OK);
}

static void
sync_that_finds_no_space_is_full_and_recovers(void **state)
{
	struct fixture *f = *state;

	shim_set_sync_error(ENOSPC);
	shim_fail_sync(SHIM_LOG, 1, 1);
	assert_int_equal(put_now(f, "a"), STA_FULL);
	shim_set_sync_error(EIO);
	shim_fail_sync(SHIM_LOG, 1, 1);
	assert_int_equal(put_now(f, "a"), STA_BACKEND);
	assert_int_equal(put_now(f, "a"), STA_OK);
	assert_int_equal(count(f, NULL), 1);
}

static void
full_database_is_reported_clearly_and_recovers(void **state)
{
	struct fixture *f = *state;
	enum sta_rc rc = STA_OK;
	int n = 0;

	assert_int_equal(script(f, "PRAGMA max_page_count = 40"), STA_OK);
	while (rc == STA_OK && n < 100)
		rc = put_load_now(f, n++, 8000);
	assert_int_equal(rc, STA_FULL);
	assert_non_null(strstr(f->err.msg, "full"));
	assert_int_equal(count(f, NULL), n - 1);

	assert_int_equal(script(f, "DELETE FROM item WHERE name = 'n0'"), STA_OK);
	assert_int_equal(put_load_now(f, n, 8000), STA_OK);
	assert_int_equal(script(f, "PRAGMA max_page_count = 4000"), STA_OK);
	assert_int_equal(put_load_now(f, n + 1, 80000), STA_OK);
}

static void
full_database_spares_the_members_that_fit(void **state)
{
	struct fixture *f = *state;
	struct load big = { 1, 1000000 };

	assert_int_equal(script(f, "PRAGMA max_page_count = 40"), STA_OK);
	expect_to_fail_alone(f, put_load, &big, STA_FULL);
}

/* A foreign key that is looked at when the whole transaction commits. */
static enum sta_rc
put_orphan(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	(void) arg;
	return sta_db_script(c, "INSERT INTO part(item_id) VALUES (12345)", err);
}

static void
member_refused_at_commit_fails_alone(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(script(f, "CREATE TABLE part (item_id INTEGER REFERENCES item(id)"
				   " DEFERRABLE INITIALLY DEFERRED)"),
			 STA_OK);
	expect_to_fail_alone(f, put_orphan, NULL, STA_CONFLICT);
}

static enum sta_rc
put_or_roll_all_back(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	(void) arg;
	return sta_db_script(c, "INSERT OR ROLLBACK INTO item(name) VALUES ('a')", err);
}

/* The failure is not passed on, and what follows would commit by itself. */
static enum sta_rc
write_after_the_rollback(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	(void) put_or_roll_all_back(c, arg, err);
	assert_int_equal(put(c, NAME("stray"), err), STA_BACKEND);
	assert_int_equal(sta_db_script(c, "DELETE FROM item", err), STA_BACKEND);
	return STA_OK;
}

static void
member_that_costs_the_transaction_fails_alone(void **state)
{
	struct fixture *f = *state;
	struct member m[] = {
		{ .fn = put, .arg = NAME("a") },
		{ .fn = put_or_roll_all_back },
		{ .fn = write_after_the_rollback },
		{ .fn = put, .arg = NAME("c") },
	};

	run_group(f, m, ARRAY_LEN(m));
	assert_int_equal(m[0].rc, STA_OK);
	assert_int_equal(m[1].rc, STA_EXISTS);
	assert_int_equal(m[2].rc, STA_BACKEND);
	assert_int_equal(m[3].rc, STA_OK);
	assert_int_equal(count(f, NULL), 2);
}

/* Not stepped to its end. */
static enum sta_rc
take_only_the_row(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	bool row = false;
	enum sta_rc rc =
		sta_db_prepare(c, "INSERT INTO part(item_id) VALUES ($1) RETURNING item_id", &s, err);

	if (rc != STA_OK)
		return rc;
	sta_db_bind_int(s, 1, *(int64_t *) arg);
	return sta_db_step(s, &row, err);
}

static void
constraint_is_checked_before_a_row_is_returned(void **state)
{
	struct fixture *f = *state;
	int64_t id = 12345;

	assert_int_equal(script(f, "CREATE TABLE part (item_id INTEGER REFERENCES item(id))"), STA_OK);
	expect_to_fail_alone(f, take_only_the_row, &id, STA_CONFLICT);
	id = 1;
	assert_int_equal(sta_db_write(f->db, take_only_the_row, &id, &f->err), STA_OK);
}

static void
functions_cannot_end_the_transaction(void **state)
{
	static const char *const scripts[] = {
		"COMMIT", "ROLLBACK", "BEGIN", "SAVEPOINT a", "RELEASE member", "ATTACH ':memory:' AS other"
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(scripts); i++)
		assert_int_equal(script(f, scripts[i]), STA_BACKEND);
	assert_int_equal(put_now(f, "a"), STA_OK);
}

static void
read_only_transaction_needs_no_sync(void **state)
{
	struct fixture *f = *state;
	int syncs = shim_syncs(SHIM_LOG);

	assert_int_equal(script(f, "SELECT * FROM item"), STA_OK);
	assert_int_equal(shim_syncs(SHIM_LOG), syncs);
}

static void
log_is_checkpointed_every_4_mib(void **state)
{
	struct fixture *f = *state;
	struct sta_db_stats before;
	struct sta_db_stats after;
	struct stat st;
	char log[96];

	sta_db_stats(f->db, &before);
	for (int i = 0; i < 40; i++)
		assert_int_equal(put_load_now(f, i, 256 * 1024), STA_OK);
	assert_int_equal(put_now(f, "last"), STA_OK);
	sta_db_stats(f->db, &after);
	assert_in_range(after.checkpoints - before.checkpoints, 2, 3);
	assert_true(after.wal_bytes < 5 * 1024 * 1024);
	path_in(f, "db-wal", log);
	assert_int_equal(stat(log, &st), 0);
	assert_true(st.st_size < 5 * 1024 * 1024);
}

static void
log_held_by_a_reader_grows_and_is_emptied_later(void **state)
{
	struct fixture *f = *state;
	struct sta_db_conn *c;
	struct sta_db_stats stats;
	struct stat st;
	char log[96];

	c = hold_log(f, 0);
	for (int i = 0; i < 40; i++)
		assert_int_equal(put_load_now(f, i, 256 * 1024), STA_OK);
	sta_db_stats(f->db, &stats);
	assert_true(stats.wal_bytes > 10 * 1024 * 1024);
	assert_int_equal(count_on(c, NULL), 0);
	sta_db_read_end(c);
	for (int i = 40; i < 58; i++)
		assert_int_equal(put_load_now(f, i, 256 * 1024), STA_OK);
	sta_db_stats(f->db, &stats);
	assert_true(stats.wal_bytes < 5 * 1024 * 1024);
	path_in(f, "db-wal", log);
	assert_int_equal(stat(log, &st), 0);
	assert_true(st.st_size <= 8 * 1024 * 1024);
}

/* A full disk takes what is appended to the log, up to its end, and no page more of the database. */
static void
log_is_checkpointed_soon_after_there_is_space_again(void **state)
{
	struct fixture *f = *state;
	struct sta_db_stats before;
	struct sta_db_stats after;

	sta_db_stats(f->db, &before);
	shim_fail_write(SHIM_DB, 1, 1000);
	for (int i = 0; i < 17; i++)
		assert_int_equal(put_load_now(f, i, 256 * 1024), STA_OK);
	shim_fail_write(SHIM_DB, 0, 0);
	for (int i = 17; i < 19; i++)
		assert_int_equal(put_load_now(f, i, 256 * 1024), STA_OK);
	sta_db_stats(f->db, &after);
	assert_int_equal(after.checkpoints - before.checkpoints, 1);
}

static void
failed_checkpoint_loses_nothing(void **state)
{
	struct fixture *f = *state;
	int syncs = shim_syncs(SHIM_DB);

	shim_fail_sync(SHIM_DB, 1, 1);
	for (int i = 0; i < 40; i++)
		assert_int_equal(put_load_now(f, i, 256 * 1024), STA_OK);
	assert_true(shim_syncs(SHIM_DB) > syncs); /* it did fail */
	assert_int_equal(count(f, NULL), 40);
	reopen(f);
	assert_int_equal(count(f, NULL), 40);
}

static void
close_that_cannot_checkpoint_keeps_the_log(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(put_now(f, "a"), STA_OK);
	shim_fail_sync(SHIM_DB, 1, 1000);
	sta_db_free(f->db);
	f->db = NULL;
	shim_fail_sync(SHIM_DB, 0, 0);
	assert_int_equal(sta_db_sqlite_open(f->path, &f->db, &f->err), STA_OK);
	assert_int_equal(count(f, "a"), 1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(committed_change_is_seen_by_readers, setup, teardown),
		cmocka_unit_test_setup_teardown(failing_function_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(one_failing_member_leaves_the_others_intact, setup, teardown),
		cmocka_unit_test_setup_teardown(group_shares_one_commit_and_one_sync, setup, teardown),
		cmocka_unit_test_setup_teardown(every_commit_syncs_the_log, setup, teardown),
		cmocka_unit_test_setup_teardown(failed_sync_fails_all_members_and_nothing_is_visible, setup,
						teardown),
		cmocka_unit_test_setup_teardown(failed_sync_is_not_found_again_after_a_crash, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			failed_sync_is_not_found_again_even_when_a_reader_held_the_log, setup, teardown),
		cmocka_unit_test_setup_teardown(writes_go_on_after_a_failed_sync_while_a_reader_holds_the_log,
						setup, teardown),
		cmocka_unit_test_setup_teardown(failing_device_is_reported_every_time_until_it_recovers,
						setup, teardown),
		cmocka_unit_test_setup_teardown(log_without_space_is_full_and_recovers, setup, teardown),
		cmocka_unit_test_setup_teardown(sync_that_finds_no_space_is_full_and_recovers, setup,
						teardown),
		cmocka_unit_test_setup_teardown(full_database_is_reported_clearly_and_recovers, setup,
						teardown),
		cmocka_unit_test_setup_teardown(full_database_spares_the_members_that_fit, setup, teardown),
		cmocka_unit_test_setup_teardown(member_refused_at_commit_fails_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(member_that_costs_the_transaction_fails_alone, setup,
						teardown),
		cmocka_unit_test_setup_teardown(constraint_is_checked_before_a_row_is_returned, setup,
						teardown),
		cmocka_unit_test_setup_teardown(functions_cannot_end_the_transaction, setup, teardown),
		cmocka_unit_test_setup_teardown(read_only_transaction_needs_no_sync, setup, teardown),
		cmocka_unit_test_setup_teardown(log_is_checkpointed_every_4_mib, setup, teardown),
		cmocka_unit_test_setup_teardown(log_held_by_a_reader_grows_and_is_emptied_later, setup,
						teardown),
		cmocka_unit_test_setup_teardown(log_is_checkpointed_soon_after_there_is_space_again, setup,
						teardown),
		cmocka_unit_test_setup_teardown(failed_checkpoint_loses_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(close_that_cannot_checkpoint_keeps_the_log, setup, teardown),
	};

	shim_install();
	return cmocka_run_group_tests_name("db_writer", tests, NULL, NULL);
}
