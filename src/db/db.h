/*
 * db - connections, statements, transactions.  No domain words.
 *
 * Reading: sta_db_reader() yields this thread's own read-only connection; a
 * read never waits for a writer.  Writing: sta_db_write() hands a closed
 * transaction (a function) to the one writer thread, which runs all that wait
 * inside one transaction of the database, a savepoint each, commits and syncs
 * once, and then lets every caller go on: group commit.  STA_OK from
 * sta_db_write() means the change is on disk.
 *
 * Statements are string literals with placeholders $1, $2, ... whose first
 * appearances are in ascending order (SQLite numbers by appearance, PostgreSQL
 * by the digit; sta_db_prepare() checks it).  Only what SQLite >= 3.40 and
 * PostgreSQL >= 15 both understand: INSERT .. ON CONFLICT, RETURNING, no
 * functions outside the common set.  tools/check-sql.py refuses statements
 * that are not literals.
 *
 * Drivers: db_sqlite.
 *
 * Layer: db.  May include: base.  Threads: as said above; a connection and its
 * statements belong to one thread.
 */
#ifndef STA_DB_DB_H
#define STA_DB_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sta_db;      /* a database */
struct sta_db_conn; /* a connection to it, owned by one thread */
struct sta_db_stmt; /* a prepared statement, owned by its connection's cache */

struct sta_db_stats {
	uint64_t transactions; /* handed to the writer and committed */
	uint64_t commits;      /* commits of the database: transactions / commits = group size */
	uint64_t failed;       /* transactions rolled back */
	uint64_t wal_bytes;    /* length of the write-ahead log now */
	uint64_t checkpoints;
	uint64_t waiting; /* transactions waiting for the writer now */
};

void sta_db_free(struct sta_db *db);

/* This thread's read-only connection; made on first use, closed when the
 * thread ends or the database is freed.  Borrowed. */
enum sta_rc sta_db_reader(struct sta_db *db, struct sta_db_conn **out, struct sta_err *err) STA_CHECK;

/* Run fn in a transaction of its own on the writer's thread and wait until it
 * is durable.  fn may be run again from the start when the group it was in had to
 * be rolled back, so it must build its results anew each time.  fn returning
 * anything but STA_OK undoes what it did and is what sta_db_write() returns.
 * After a failed commit or sync: STA_BACKEND (STA_FULL when the disk is full)
 * and nothing of it is visible.  Never call it from fn or on an event loop. */
typedef enum sta_rc sta_db_tx_fn(struct sta_db_conn *c, void *arg, struct sta_err *err);
enum sta_rc sta_db_write(struct sta_db *db, sta_db_tx_fn *fn, void *arg, struct sta_err *err) STA_CHECK;

/* One consistent snapshot for several reads on c; end with sta_db_read_end(). */
enum sta_rc sta_db_read_begin(struct sta_db_conn *c, struct sta_err *err) STA_CHECK;
void sta_db_read_end(struct sta_db_conn *c);

/* A number, never 0, that is another one once a commit can be seen.  Taken before a
 * snapshot begins, it tells whether what was read in it is still so: as long as
 * the number is the same.  Reads in a snapshot only; a lone statement may see a
 * commit a moment before the number tells. */
uint64_t sta_db_version(const struct sta_db *db);

void sta_db_stats(struct sta_db *db, struct sta_db_stats *out);

/* The statement for a literal, reset and ready to bind.  Prepared once per
 * connection (cached by the literal's address).  Borrowed; give it back with
 * sta_db_done() or STA_AUTO(sta_db_done). */
enum sta_rc sta_db_prepare(struct sta_db_conn *c, const char *literal, struct sta_db_stmt **out,
			   struct sta_err *err) STA_CHECK;
void sta_db_done(struct sta_db_stmt **sp);

/* Placeholders count from 1.  text and bytes are borrowed until the statement
 * is done.  Binding cannot fail visibly: a failure, or a placeholder without a
 * value, is reported by the next step. */
void sta_db_bind_int(struct sta_db_stmt *s, int i, int64_t v);
void sta_db_bind_text(struct sta_db_stmt *s, int i, const char *v);              /* NULL binds NULL */
void sta_db_bind_bytes(struct sta_db_stmt *s, int i, const void *p, size_t len); /* never NULL */
void sta_db_bind_null(struct sta_db_stmt *s, int i);

/* *row true: a row is there; false: no more rows.  A violated UNIQUE or PRIMARY
 * KEY is STA_EXISTS, another constraint STA_CONFLICT. */
enum sta_rc sta_db_step(struct sta_db_stmt *s, bool *row, struct sta_err *err) STA_CHECK;

/* Step a statement that yields no row, then reset it. */
enum sta_rc sta_db_run(struct sta_db_stmt *s, struct sta_err *err) STA_CHECK;

/* Rows changed by the last INSERT, UPDATE or DELETE on this connection. */
int64_t sta_db_changes(struct sta_db_conn *c);

/* Columns count from 0.  Pointers are borrowed until the next step.  Nothing is
 * converted: a value of another type than the one asked for reads as NULL or 0. */
int64_t sta_db_int(struct sta_db_stmt *s, int i);
const char *sta_db_text(struct sta_db_stmt *s, int i);               /* NULL for NULL */
const void *sta_db_bytes(struct sta_db_stmt *s, int i, size_t *len); /* NULL for NULL */
bool sta_db_is_null(struct sta_db_stmt *s, int i);

/* Run a script of statements (schema, migrations); only inside sta_db_write(). */
enum sta_rc sta_db_script(struct sta_db_conn *c, const char *sql, struct sta_err *err) STA_CHECK;

#endif
