/*
 * fixture - a database in a directory of its own, and groups of transactions.
 *
 * Layer: test.  May include: db, base.  Threads: the test's own.
 */
#ifndef STA_TEST_DB_FIXTURE_H
#define STA_TEST_DB_FIXTURE_H

#include <pthread.h>
#include <stdatomic.h>

#include "t.h"

#include "db/db.h"

struct fixture {
	char dir[64];
	char path[96];
	struct sta_db *db;
	struct sta_err err;
};

/* A literal that may be the argument of a transaction. */
#define NAME(s) ((char[]){ s })

/* A transaction on a thread of its own. */
struct member {
	sta_db_tx_fn *fn;
	void *arg;
	enum sta_rc rc;
	struct sta_err err;

	struct fixture *f;
	pthread_t thread;
};

/* cmocka's: a fresh database with the table item(id, name UNIQUE, data), and its end. */
int setup(void **state);
int teardown(void **state);

/* The same without a database. */
int setup_dir(void **state);

void reopen(struct fixture *f);
void path_in(const struct fixture *f, const char *name, char out[96]);

/* Run a script in a transaction of its own. */
enum sta_rc script(struct fixture *f, const char *sql);

/* INSERT the name in arg. */
enum sta_rc put(struct sta_db_conn *c, void *name, struct sta_err *err);
enum sta_rc put_now(struct fixture *f, const char *name);

/* Rows of item with this name (NULL: all), as a reader sees them. */
int64_t count(struct fixture *f, const char *name);
int64_t count_on(struct sta_db_conn *c, const char *name);

/* Make the members wait for the writer in their order, so that it takes them as
 * one group, and wait for all of them.  A transaction of nobody's goes before them. */
void run_group(struct fixture *f, struct member *members, size_t n);

void wait_for_waiting(struct sta_db *db, uint64_t n);

/* Copy the database as a crash now would leave it. */
void copy_as_crashed(const struct fixture *f, const char *to);

#endif
