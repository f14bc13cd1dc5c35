#include "world.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/auto.h"
#include "db/db_sqlite.h"
#include "model/accounts.h"
#include "model/packages.h"
#include "model/schema.h"
#include "tree.h"

static enum sta_rc
populate(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct world *w = arg;
	struct sta_account alice = { .name = "alice", .password_hash = "hash", .created_unix = NOW };
	struct sta_account bob = { .name = "bob", .site_admin = true, .created_unix = NOW };
	enum sta_rc rc = sta_account_insert(c, &alice, &w->alice, err);

	if (rc == STA_OK)
		rc = sta_account_insert(c, &bob, &w->bob, err);
	if (rc == STA_OK)
		rc = sta_package_insert(c, w->alice, "alice/app", STA_PRIVATE, NOW, &w->app, err);
	if (rc == STA_OK)
		rc = sta_package_insert(c, w->alice, "alice/lib", STA_PRIVATE, NOW, &w->lib, err);
	return rc;
}

void
open_db(struct world *w)
{
	assert_int_equal(sta_db_sqlite_open(w->path, &w->db, &w->err), STA_OK);
	assert_int_equal(sta_schema_upgrade(w->db, &w->err), STA_OK);
}

void
close_db(struct world *w)
{
	sta_db_free(w->db);
	w->db = NULL;
}

/* The writer's connection, lent to the test. */
struct loan {
	pthread_t thread;
	pthread_barrier_t step;
	struct sta_db *db;
	struct sta_db_conn *conn;
	enum sta_rc rc;
};

static enum sta_rc
lend(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct loan *loan = arg;

	(void) err;
	loan->conn = c;
	(void) pthread_barrier_wait(&loan->step); /* the test begins */
	(void) pthread_barrier_wait(&loan->step); /* ... and has ended */
	return STA_OK;
}

static void *
run_transaction(void *arg)
{
	struct loan *loan = arg;
	struct sta_err err;

	loan->rc = sta_db_write(loan->db, lend, loan, &err);
	return NULL;
}

static void
give_back(struct world *w)
{
	struct loan *loan = w->loan;

	if (!loan)
		return;
	w->loan = NULL;
	(void) pthread_barrier_wait(&loan->step);
	(void) pthread_join(loan->thread, NULL);
	(void) pthread_barrier_destroy(&loan->step);
	assert_int_equal(loan->rc, STA_OK);
	test_free(loan);
}

void
run_body(void **state)
{
	struct world *w = *state;

	w->loan = test_calloc(1, sizeof(*w->loan));
	w->loan->db = w->db;
	(void) pthread_barrier_init(&w->loan->step, NULL, 2);
	assert_int_equal(pthread_create(&w->loan->thread, NULL, run_transaction, w->loan), 0);
	(void) pthread_barrier_wait(&w->loan->step);
	w->body->run(w, w->loan->conn);
	give_back(w);
}

int
set_up(void **state)
{
	struct world *w = test_calloc(1, sizeof(*w));

	w->body = *state;
	(void) snprintf(w->dir, sizeof(w->dir), "/tmp/staithe-model-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	(void) snprintf(w->path, sizeof(w->path), "%s/db", w->dir);
	w->arena = sta_arena_new((size_t) 16 << 20);
	assert_non_null(w->arena);
	open_db(w);
	assert_int_equal(sta_db_write(w->db, populate, w, &w->err), STA_OK);
	*state = w;
	return 0;
}

int
tear_down(void **state)
{
	struct world *w = *state;

	give_back(w); /* a failed test did not */
	close_db(w);
	sta_arena_free(w->arena);
	(void) remove_tree(w->dir);
	test_free(w);
	return 0;
}

struct sta_digest
digest_of(unsigned n)
{
	struct sta_digest d = { .alg = STA_SHA256 };

	for (int i = 0; i < 4; i++)
		d.bytes[i] = (unsigned char) (n >> (24 - 8 * i));
	return d;
}

int64_t
number(struct sta_db_conn *c, const char *sql)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	struct sta_err err;
	bool row = false;

	assert_int_equal(sta_db_prepare(c, sql, &s, &err), STA_OK);
	assert_int_equal(sta_db_step(s, &row, &err), STA_OK);
	assert_true(row);
	return sta_db_int(s, 0);
}
