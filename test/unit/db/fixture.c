#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "db/db_sqlite.h"
#include "tree.h"

struct gate {
	atomic_bool entered;
	atomic_bool open;
};

int
setup_dir(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	(void) snprintf(f->dir, sizeof(f->dir), "/tmp/staithe-db-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void) snprintf(f->path, sizeof(f->path), "%s/db", f->dir);
	*state = f;
	return 0;
}

int
setup(void **state)
{
	struct fixture *f;

	(void) setup_dir(state);
	f = *state;
	assert_int_equal(sta_db_sqlite_open(f->path, &f->db, &f->err), STA_OK);
	assert_int_equal(script(f, "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
				   " data BLOB, CHECK (name <> 'bad'))"),
			 STA_OK);
	return 0;
}

int
teardown(void **state)
{
	struct fixture *f = *state;

	sta_db_free(f->db);
	(void) remove_tree(f->dir);
	test_free(f);
	return 0;
}

void
reopen(struct fixture *f)
{
	sta_db_free(f->db);
	f->db = NULL;
	assert_int_equal(sta_db_sqlite_open(f->path, &f->db, &f->err), STA_OK);
}

void
path_in(const struct fixture *f, const char *name, char out[96])
{
	(void) snprintf(out, 96, "%s/%s", f->dir, name);
}

struct text {
	const char *sql;
};

static enum sta_rc
run_script(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct text *text = arg;

	return sta_db_script(c, text->sql, err);
}

enum sta_rc
script(struct fixture *f, const char *sql)
{
	struct text text = { sql };

	return sta_db_write(f->db, run_script, &text, &f->err);
}

enum sta_rc
put(struct sta_db_conn *c, void *name, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_db_prepare(c, "INSERT INTO item(name) VALUES ($1)", &s, err);

	if (rc != STA_OK)
		return rc;
	sta_db_bind_text(s, 1, name);
	return sta_db_run(s, err);
}

enum sta_rc
put_now(struct fixture *f, const char *name)
{
	char copy[32];

	(void) snprintf(copy, sizeof(copy), "%s", name);
	return sta_db_write(f->db, put, copy, &f->err);
}

int64_t
count_on(struct sta_db_conn *c, const char *name)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	struct sta_err err;
	bool row = false;

	assert_int_equal(sta_db_prepare(c, "SELECT count(*) FROM item WHERE $1 = '*' OR name = $1", &s, &err),
			 STA_OK);
	sta_db_bind_text(s, 1, name ? name : "*");
	assert_int_equal(sta_db_step(s, &row, &err), STA_OK);
	assert_true(row);
	return sta_db_int(s, 0);
}

int64_t
count(struct fixture *f, const char *name)
{
	struct sta_db_conn *c;

	assert_int_equal(sta_db_reader(f->db, &c, &f->err), STA_OK);
	return count_on(c, name);
}

static void
pause_shortly(void)
{
	(void) nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
}

void
wait_for_waiting(struct sta_db *db, uint64_t n)
{
	struct sta_db_stats stats;

	for (;;) {
		sta_db_stats(db, &stats);
		if (stats.waiting == n)
			return;
		pause_shortly();
	}
}

static enum sta_rc
wait_at_gate(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct gate *gate = arg;

	(void) c;
	(void) err;
	atomic_store(&gate->entered, true);
	while (!atomic_load(&gate->open))
		pause_shortly();
	return STA_OK;
}

static void *
run_member(void *arg)
{
	struct member *m = arg;

	m->rc = sta_db_write(m->f->db, m->fn, m->arg, &m->err);
	return NULL;
}

static void
start(struct fixture *f, struct member *m)
{
	m->f = f;
	assert_int_equal(pthread_create(&m->thread, NULL, run_member, m), 0);
}

void
run_group(struct fixture *f, struct member *members, size_t n)
{
	struct gate gate = { 0 };
	struct member first = { .fn = wait_at_gate, .arg = &gate };

	start(f, &first);
	while (!atomic_load(&gate.entered))
		pause_shortly();
	for (size_t i = 0; i < n; i++) {
		start(f, &members[i]);
		wait_for_waiting(f->db, i + 1);
	}
	atomic_store(&gate.open, true);
	(void) pthread_join(first.thread, NULL);
	for (size_t i = 0; i < n; i++)
		(void) pthread_join(members[i].thread, NULL);
	assert_int_equal(first.rc, STA_OK);
}

static void
copy_file(const char *from, const char *to)
{
	STA_AUTO_FD int in = open(from, O_RDONLY | O_CLOEXEC);
	STA_AUTO_FD int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char buf[4096];
	ssize_t n;

	assert_true(in >= 0 && out >= 0);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		assert_int_equal(write(out, buf, (size_t) n), n);
	assert_int_equal(n, 0);
}

void
copy_as_crashed(const struct fixture *f, const char *to)
{
	char from_log[96];
	char to_log[112];

	path_in(f, "db-wal", from_log);
	(void) snprintf(to_log, sizeof(to_log), "%s-wal", to);
	copy_file(f->path, to);
	copy_file(from_log, to_log);
}
