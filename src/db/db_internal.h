/*
 * db_internal - what the parts of the SQLite driver share.
 *
 * The one place that includes <sqlite3.h>.  db_sqlite.c opens and closes
 * connections, db_stmt.c keeps their statements, db_reader.c gives each thread
 * its reader, db_writer.c runs the transactions.
 *
 * Layer: db.  May include: base.  Threads: as said at each member.
 */
#ifndef STA_DB_DB_INTERNAL_H
#define STA_DB_DB_INTERNAL_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "db/db.h"

#define STA_DB_BUSY_TIMEOUT_MS 5000

struct sta_db_seat; /* a thread's place at a database: db_reader.c */
struct sta_db_tx;   /* a transaction that waits: db_writer.c */

struct sta_db_stmt {
	sqlite3_stmt *handle;
	struct sta_db_conn *conn;
	const char *literal;
	int bind_code;   /* of the first binding that failed, else SQLITE_OK */
	uint64_t bound;  /* bit i-1: placeholder i has a value */
	uint64_t wanted; /* all placeholders */
	bool in_use;
	bool cached;
	bool finished; /* stepped past its last row since the last binding */
};

struct sta_db_conn {
	sqlite3 *handle;
	bool is_writer;
	bool in_control;    /* our own BEGIN, COMMIT, ... is being run: the authorizer lets it pass */
	bool suspect;       /* the device failed: open the file anew before the next transaction */
	unsigned snapshots; /* read_begin minus read_end */
	size_t in_use;      /* statements prepared and not done */

	/* Open addressing by the literal's address; cap is 0 or a power of two. */
	struct sta_db_stmt **slots;
	size_t cap;
	size_t count;

	/* Readers only; guarded by the registry's lock in db_reader.c. */
	struct sta_db *db;
	struct sta_db_seat *seat;
	struct sta_db_conn *prev;
	struct sta_db_conn *next;
};

struct sta_db {
	char *path;
	_Atomic uint64_t version;    /* sta_db_version() */
	_Atomic bool committing;     /* a commit may be seen already, which version does not tell yet */
	struct sta_db_conn *readers; /* guarded by the registry's lock in db_reader.c */

	/* The writer thread's alone while it runs. */
	struct sta_db_conn *writer;
	struct sta_db_stats own; /* published as stats */
	int wal_pages;           /* frames in the log */
	int wal_mark;            /* frames in the log at the last checkpoint */

	pthread_t thread;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t work;  /* something waits, or stopping */
	pthread_cond_t idle;  /* callers became 0 */
	struct sta_db_tx *head;
	struct sta_db_tx *tail;
	size_t callers; /* threads inside sta_db_write() */
	bool stopping;
	struct sta_db_stats stats;
};

/* A connection with its settings.  Owned by the caller: sta_db_conn_close(). */
enum sta_rc sta_db_conn_open(const char *path, bool is_writer, struct sta_db_conn **out,
			     struct sta_err *err) STA_CHECK;

/* Finalizes the statements and closes.  Never writes to the file.  NULL is allowed. */
void sta_db_conn_close(struct sta_db_conn *c);

/* Fill err for a result code of SQLite and return what the layers above know it as. */
enum sta_rc sta_db_fail(struct sta_db_conn *c, int code, struct sta_err *err);

/* Prepare such a statement ahead, so that running it needs no memory. */
enum sta_rc sta_db_control_load(struct sta_db_conn *c, const char *literal, struct sta_err *err) STA_CHECK;

/* Run BEGIN, COMMIT, SAVEPOINT and the like; the result code of SQLite. */
int sta_db_control(struct sta_db_conn *c, const char *literal);

/* Finalize every cached statement of c. */
void sta_db_stmt_drop_all(struct sta_db_conn *c);

/* Open the writer's connection and empty the log as far as no reader needs it. */
enum sta_rc sta_db_writer_open(struct sta_db *db, struct sta_err *err) STA_CHECK;

/* Start the thread; sta_db_writer_stop() lets it finish what waits, and ends it. */
enum sta_rc sta_db_writer_start(struct sta_db *db, struct sta_err *err) STA_CHECK;
void sta_db_writer_stop(struct sta_db *db);

/* Leave a single file behind, all of the log moved into it, and close. */
void sta_db_writer_close(struct sta_db *db);

/* Close the readers of all threads. */
void sta_db_readers_close(struct sta_db *db);

#endif
