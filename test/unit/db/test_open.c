#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/oom.h"
#include "fixture.h"
#include "shim.h"

#include "base/auto.h"
#include "db/db_sqlite.h"

static bool fsync_fails;
static bool thread_fails;
static bool waits_for_locks = true;

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*fn)(void *), void *arg);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*fn)(void *), void *arg);
int __real_sqlite3_busy_timeout(sqlite3 *handle, int ms);
int __wrap_sqlite3_busy_timeout(sqlite3 *handle, int ms);

int
__wrap_fsync(int fd)
{
	if (!fsync_fails)
		return __real_fsync(fd);
	errno = EIO;
	return -1;
}

int
__wrap_pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
	return thread_fails ? EAGAIN : __real_pthread_create(t, attr, fn, arg);
}

int
__wrap_sqlite3_busy_timeout(sqlite3 *handle, int ms)
{
	return __real_sqlite3_busy_timeout(handle, waits_for_locks ? ms : 0);
}

static enum sta_rc
open_db(struct fixture *f)
{
	return sta_db_sqlite_open(f->path, &f->db, &f->err);
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void
write_at(const char *path, off_t at, const void *p, size_t len)
{
	STA_AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, p, len, at), len);
}

static void
files_are_the_owners_only(void **state)
{
	struct fixture *f = *state;
	char log[96];

	assert_int_equal(open_db(f), STA_OK);
	assert_int_equal(script(f, "CREATE TABLE a (id INTEGER)"), STA_OK);
	assert_int_equal(mode_of(f->path), 0600);
	path_in(f, "db-wal", log);
	assert_int_equal(mode_of(log), 0600);
	assert_int_equal(chmod(f->path, 0644), 0);
	reopen(f);
	assert_int_equal(mode_of(f->path), 0600);
}

static void
restart_keeps_all_and_leaves_a_single_file(void **state)
{
	struct fixture *f = *state;
	char path[96];

	for (int i = 0; i < 3; i++) {
		char name[8];

		(void) snprintf(name, sizeof(name), "n%d", i);
		assert_int_equal(put_now(f, name), STA_OK);
		sta_db_free(f->db);
		f->db = NULL;
		path_in(f, "db-wal", path);
		assert_int_equal(access(path, F_OK), -1);
		path_in(f, "db-shm", path);
		assert_int_equal(access(path, F_OK), -1);
		assert_int_equal(open_db(f), STA_OK);
		assert_int_equal(count(f, NULL), i + 1);
	}
}

static void
acknowledged_changes_survive_a_crash(void **state)
{
	struct fixture *f = *state;
	struct fixture crashed = { 0 };

	assert_int_equal(put_now(f, "a"), STA_OK);
	path_in(f, "crashed", crashed.path);
	copy_as_crashed(f, crashed.path);
	assert_int_equal(open_db(&crashed), STA_OK);
	assert_int_equal(count(&crashed, "a"), 1);
	sta_db_free(crashed.db);
}

static void
missing_directory_is_an_io_error(void **state)
{
	struct fixture *f = *state;

	path_in(f, "absent/db", f->path);
	assert_int_equal(open_db(f), STA_IO);
	assert_int_equal(f->err.sys, ENOENT);
	assert_null(f->db);
}

static void
symbolic_link_is_refused(void **state)
{
	struct fixture *f = *state;
	char target[96];

	path_in(f, "target", target);
	write_at(target, 0, "", 0);
	assert_int_equal(symlink(target, f->path), 0);
	assert_int_equal(open_db(f), STA_IO);
	assert_int_equal(f->err.sys, ELOOP);
}

static void
new_name_that_cannot_be_synced_is_an_io_error(void **state)
{
	struct fixture *f = *state;
	enum sta_rc rc;

	fsync_fails = true;
	rc = open_db(f);
	fsync_fails = false;
	assert_int_equal(rc, STA_IO);
	assert_int_equal(f->err.sys, EIO);
}

static void
file_that_is_no_database_is_corrupt(void **state)
{
	static const char text[4096] = "this is no database but a text\n";
	struct fixture *f = *state;

	write_at(f->path, 0, text, sizeof(text));
	assert_int_equal(open_db(f), STA_CORRUPT);
	assert_null(f->db);
}

static void
damaged_or_cut_off_file_is_corrupt(void **state)
{
	static const unsigned char noise[512] = { 0xa5, 0x5a, 0xff };
	struct fixture *f = *state;
	struct stat st;

	for (int i = 0; i < 100; i++) {
		char name[64];

		(void) snprintf(name, sizeof(name), "%050d", i);
		assert_int_equal(sta_db_write(f->db, put, name, &f->err), STA_OK);
	}
	sta_db_free(f->db);
	f->db = NULL;
	assert_int_equal(stat(f->path, &st), 0);
	assert_true(st.st_size > 3 * 4096);
	write_at(f->path, st.st_size - 4096, noise, sizeof(noise));
	assert_int_equal(open_db(f), STA_CORRUPT);
	assert_non_null(strstr(f->err.msg, "damaged"));
	assert_true(f->err.detail[0] != '\0');
	assert_int_equal(truncate(f->path, 2 * 4096), 0);
	assert_int_equal(open_db(f), STA_CORRUPT);
}

static void
writer_thread_that_cannot_start_is_reported(void **state)
{
	struct fixture *f = *state;
	enum sta_rc rc;

	thread_fails = true;
	rc = open_db(f);
	thread_fails = false;
	assert_int_equal(rc, STA_BACKEND);
	assert_int_equal(f->err.sys, EAGAIN);
	assert_int_equal(shim_open_files(), 0);
	assert_int_equal(open_db(f), STA_OK);
}

static enum sta_rc
open_all_or_nothing(void *arg)
{
	struct fixture *f = arg;
	enum sta_rc rc = open_db(f);

	assert_int_equal(f->db != NULL, rc == STA_OK);
	return rc;
}

static void
every_allocation_may_fail(void **state)
{
	oom_at_each(open_all_or_nothing, *state, 3);
}

static void
lock_of_another_program_is_busy_and_passes(void **state)
{
	struct fixture *f = *state;
	sqlite3 *other = NULL;

	waits_for_locks = false;
	reopen(f);
	assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(put_now(f, "a"), STA_BUSY);
	assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(other), SQLITE_OK);
	waits_for_locks = true;
	assert_int_equal(put_now(f, "a"), STA_OK);
}

static void
nothing_may_be_freed(void **state)
{
	(void) state;
	sta_db_free(NULL);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(files_are_the_owners_only, setup_dir, teardown),
		cmocka_unit_test_setup_teardown(restart_keeps_all_and_leaves_a_single_file, setup, teardown),
		cmocka_unit_test_setup_teardown(acknowledged_changes_survive_a_crash, setup, teardown),
		cmocka_unit_test_setup_teardown(missing_directory_is_an_io_error, setup_dir, teardown),
		cmocka_unit_test_setup_teardown(symbolic_link_is_refused, setup_dir, teardown),
		cmocka_unit_test_setup_teardown(new_name_that_cannot_be_synced_is_an_io_error, setup_dir,
						teardown),
		cmocka_unit_test_setup_teardown(file_that_is_no_database_is_corrupt, setup_dir, teardown),
		cmocka_unit_test_setup_teardown(damaged_or_cut_off_file_is_corrupt, setup, teardown),
		cmocka_unit_test_setup_teardown(writer_thread_that_cannot_start_is_reported, setup_dir,
						teardown),
		cmocka_unit_test_setup_teardown(every_allocation_may_fail, setup_dir, teardown),
		cmocka_unit_test_setup_teardown(lock_of_another_program_is_busy_and_passes, setup, teardown),
		cmocka_unit_test(nothing_may_be_freed),
	};

	shim_install();
	return cmocka_run_group_tests_name("db_open", tests, NULL, NULL);
}
