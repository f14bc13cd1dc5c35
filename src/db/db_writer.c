#include "db/db.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "db/db_internal.h"

/* What one commit may carry: bounds the time until the first of them is answered. */
#define GROUP_MAX 256

/* Log that may pile up between checkpoints; 64 MiB would mean pauses of 90 ms. */
#define CHECKPOINT_BYTES ((int64_t) 4 * 1024 * 1024)
/* And after one for which the disk had no space: soon, as the log takes space too. */
#define CHECKPOINT_AGAIN_BYTES ((int64_t) 256 * 1024)
#define PAGE_BYTES 4096
#define FRAME_BYTES (PAGE_BYTES + 24) /* a page in the log has a header of 24 bytes */

static const char tx_begin[] = "BEGIN IMMEDIATE";
static const char tx_commit[] = "COMMIT";
static const char tx_undo[] = "ROLLBACK";
static const char member_begin[] = "SAVEPOINT member";
static const char member_undo[] = "ROLLBACK TO member";
static const char member_end[] = "RELEASE member";

/* A transaction on its caller's stack. */
struct sta_db_tx {
	sta_db_tx_fn *fn;
	void *arg;
	enum sta_rc rc;
	struct sta_err err;
	bool done;
	pthread_cond_t wake;
	struct sta_db_tx *next;
};

enum outcome {
	SETTLED,     /* every member has its result */
	WITHOUT_ONE, /* one member cost all of them the transaction: run the others again */
	ONE_BY_ONE,  /* the members cannot be committed together */
};

enum sta_rc
sta_db_write(struct sta_db *db, sta_db_tx_fn *fn, void *arg, struct sta_err *err)
{
	struct sta_db_tx tx = { .fn = fn, .arg = arg, .wake = PTHREAD_COND_INITIALIZER };

	assert(!pthread_equal(pthread_self(), db->thread));
	(void) pthread_mutex_lock(&db->lock);
	assert(!db->stopping);
	if (db->tail)
		db->tail->next = &tx;
	else
		db->head = &tx;
	db->tail = &tx;
	db->callers++;
	db->stats.waiting++;
	(void) pthread_cond_signal(&db->work);
	while (!tx.done)
		(void) pthread_cond_wait(&tx.wake, &db->lock);
	if (--db->callers == 0)
		(void) pthread_cond_signal(&db->idle);
	(void) pthread_mutex_unlock(&db->lock);

	(void) pthread_cond_destroy(&tx.wake);
	if (tx.rc != STA_OK)
		*err = tx.err;
	return tx.rc;
}

/* Wait for work and take all of it up to the limit; 0 when it is time to end. */
static size_t
take_group(struct sta_db *db, struct sta_db_tx **group)
{
	size_t n = 0;

	(void) pthread_mutex_lock(&db->lock);
	while (!db->head && !db->stopping)
		(void) pthread_cond_wait(&db->work, &db->lock);
	while (db->head && n < GROUP_MAX) {
		group[n++] = db->head;
		db->head = db->head->next;
	}
	if (!db->head)
		db->tail = NULL;
	db->stats.waiting -= n;
	(void) pthread_mutex_unlock(&db->lock);
	return n;
}

/* The counts that only the writer changes; the lock is held. */
static void
publish(struct sta_db *db)
{
	uint64_t waiting = db->stats.waiting;

	db->own.wal_bytes = (uint64_t) db->wal_pages * FRAME_BYTES;
	db->stats = db->own;
	db->stats.waiting = waiting;
}

/* Let every caller of the group go on.  Each tx is gone once its caller runs. */
static void
answer(struct sta_db *db, struct sta_db_tx **group, size_t n)
{
	for (size_t i = 0; i < n; i++)
		*(group[i]->rc == STA_OK ? &db->own.transactions : &db->own.failed) += 1;
	(void) pthread_mutex_lock(&db->lock);
	publish(db);
	for (size_t i = 0; i < n; i++) {
		group[i]->done = true;
		(void) pthread_cond_signal(&group[i]->wake);
	}
	(void) pthread_mutex_unlock(&db->lock);
}

static int
note_wal_pages(void *arg, sqlite3 *handle, const char *name, int pages)
{
	struct sta_db *db = arg;

	(void) handle;
	(void) name;
	if (pages < db->wal_mark) /* the log began again at its start */
		db->wal_mark = 0;
	db->wal_pages = pages;
	return SQLITE_OK;
}

/* Move the log into the database file as far as readers allow; false when they,
 * or the device, stood in the way. */
static bool
checkpoint(struct sta_db *db, int mode)
{
	int in_log = 0;
	int moved = 0;
	int code = sqlite3_wal_checkpoint_v2(db->writer->handle, NULL, mode, &in_log, &moved);

	db->wal_mark = db->wal_pages;
	if ((code & 0xff) == SQLITE_IOERR)
		db->writer->suspect = true;
	if (code == SQLITE_FULL)
		db->wal_mark -= (int) ((CHECKPOINT_BYTES - CHECKPOINT_AGAIN_BYTES) / FRAME_BYTES);
	if (code != SQLITE_OK)
		return false;
	db->own.checkpoints++;
	if (moved == in_log)
		db->wal_pages = 0;
	return moved == in_log;
}

static void
checkpoint_if_due(struct sta_db *db)
{
	if ((int64_t) (db->wal_pages - db->wal_mark) * FRAME_BYTES < CHECKPOINT_BYTES)
		return;
	checkpoint(db, SQLITE_CHECKPOINT_PASSIVE);
	(void) pthread_mutex_lock(&db->lock);
	publish(db);
	(void) pthread_mutex_unlock(&db->lock);
}

/* Undoing and committing must not fail for want of memory. */
static enum sta_rc
load_controls(struct sta_db_conn *c, struct sta_err *err)
{
	static const char *const all[] = {
		tx_begin, tx_commit, tx_undo, member_begin, member_undo, member_end
	};
	enum sta_rc rc = STA_OK;

	for (size_t i = 0; rc == STA_OK && i < sizeof(all) / sizeof(all[0]); i++)
		rc = sta_db_control_load(c, all[i], err);
	return rc;
}

/* Replaces a connection that the device failed under.
 *
 * The commit whose sync failed may still stand complete in the log, where a
 * recovery would find it.  So the old connection stays open until the new one
 * is: the log's index, which ends before that commit, then stays in force, and
 * emptying the log removes what lies behind.  Where readers keep it from being
 * emptied a commit of nothing overwrites the first frame of it. */
enum sta_rc
sta_db_writer_open(struct sta_db *db, struct sta_err *err)
{
	struct sta_db_conn *old = db->writer;
	struct sta_db_conn *c = NULL;
	bool replaces = old != NULL;
	bool is_gone;
	enum sta_rc rc = sta_db_conn_open(db->path, true, &c, err);

	if (rc == STA_OK)
		rc = load_controls(c, err);
	if (rc != STA_OK) {
		sta_db_conn_close(c);
		return rc;
	}
	db->writer = c;
	sta_db_conn_close(old);
	db->wal_pages = 0;
	(void) sqlite3_wal_hook(c->handle, note_wal_pages, db);

	(void) sqlite3_busy_timeout(c->handle, 0); /* readers are not waited for */
	is_gone = checkpoint(db, SQLITE_CHECKPOINT_TRUNCATE);
	(void) sqlite3_busy_timeout(c->handle, STA_DB_BUSY_TIMEOUT_MS);
	if (replaces && !is_gone)
		is_gone = sqlite3_exec(c->handle, "PRAGMA user_version = 1", NULL, NULL, NULL) == SQLITE_OK;
	c->suspect = replaces && !is_gone; /* then tried again; meanwhile the next commit speaks for itself */
	return STA_OK;
}

/* Run one member; false when the transaction is lost to all of them. */
static bool
run_member(struct sta_db_conn *c, struct sta_db_tx *tx)
{
	int code = sta_db_control(c, member_begin);

	tx->err = (struct sta_err){ 0 };
	if (code != SQLITE_OK) {
		tx->rc = sta_db_fail(c, code, &tx->err);
		return false;
	}
	tx->rc = tx->fn(c, tx->arg, &tx->err);
	assert(c->in_use == 0 && c->snapshots == 0);
	if (sqlite3_get_autocommit(c->handle)) {
		if (tx->rc == STA_OK)
			tx->rc = sta_err_set(&tx->err, STA_BACKEND, 0,
					     "the database rolled the transaction back");
		return false;
	}
	if (tx->rc != STA_OK && sta_db_control(c, member_undo) != SQLITE_OK)
		return false;
	code = sta_db_control(c, member_end);
	if (code != SQLITE_OK && tx->rc == STA_OK)
		tx->rc = sta_db_fail(c, code, &tx->err);
	return code == SQLITE_OK;
}

static void
roll_back(struct sta_db_conn *c)
{
	/* Many errors have done so already. */
	if (!sqlite3_get_autocommit(c->handle) && sta_db_control(c, tx_undo) != SQLITE_OK)
		c->suspect = true;
}

/* All of them, also those that had failed by themselves: what they saw of
 * earlier members (a name that exists) never came to be. */
static void
fail_all(struct sta_db_tx **txs, size_t n, const struct sta_err *err)
{
	for (size_t i = 0; i < n; i++) {
		txs[i]->rc = err->rc;
		txs[i]->err = *err;
	}
}

/* Of a failed COMMIT; SQLite keeps what the system said of every other statement. */
static void
commit_failed(struct sta_db_conn *c, int code, int sys, struct sta_err *err)
{
	(void) sta_db_fail(c, code, err);
	if ((code & 0xff) == SQLITE_IOERR && (sys == ENOSPC || sys == EDQUOT))
		(void) sta_err_set(err, STA_FULL, sys, "database: %s", sqlite3_errstr(code));
	else if (err->rc != STA_CONFLICT && err->rc != STA_FULL)
		err->rc = STA_BACKEND;
}

static enum outcome
commit(struct sta_db *db, struct sta_db_tx **txs, size_t n)
{
	struct sta_db_conn *c = db->writer;
	struct sta_err err = { 0 };
	size_t good = 0;
	int code;
	int sys;

	for (size_t i = 0; i < n; i++)
		good += txs[i]->rc == STA_OK;
	if (good == 0) {
		roll_back(c);
		return SETTLED;
	}
	atomic_store(&db->committing, true);
	errno = 0;
	code = sta_db_control(c, tx_commit);
	sys = errno;
	atomic_fetch_add(&db->version, 1);
	atomic_store(&db->committing, false);
	if (code == SQLITE_OK) {
		db->own.commits++;
		return SETTLED;
	}
	commit_failed(c, code, sys, &err);
	roll_back(c);
	if (err.rc == STA_CONFLICT && n > 1) /* a constraint that is checked at the end */
		return ONE_BY_ONE;
	fail_all(txs, n, &err);
	return SETTLED;
}

/* One transaction of the database for all members. */
static enum outcome
attempt(struct sta_db *db, struct sta_db_tx **txs, size_t n, size_t *culprit)
{
	struct sta_err err = { 0 };
	int code;

	if (db->writer->suspect && sta_db_writer_open(db, &err) != STA_OK) {
		fail_all(txs, n, &err);
		return SETTLED;
	}
	code = sta_db_control(db->writer, tx_begin);
	if (code != SQLITE_OK) {
		(void) sta_db_fail(db->writer, code, &err);
		fail_all(txs, n, &err);
		return SETTLED;
	}
	for (size_t i = 0; i < n; i++) {
		if (!run_member(db->writer, txs[i])) {
			roll_back(db->writer);
			*culprit = i;
			return WITHOUT_ONE;
		}
	}
	return commit(db, txs, n);
}

/* Until every member has its result. */
static void
run_group(struct sta_db *db, struct sta_db_tx *const *group, size_t n)
{
	struct sta_db_tx *left[GROUP_MAX];
	size_t culprit = 0;

	memcpy(left, group, n * sizeof(struct sta_db_tx *));
	while (n > 0) {
		switch (attempt(db, left, n, &culprit)) {
		case SETTLED:
			return;
		case WITHOUT_ONE:
			n--;
			memmove(&left[culprit], &left[culprit + 1],
				(n - culprit) * sizeof(struct sta_db_tx *));
			break;
		case ONE_BY_ONE:
			for (size_t i = 0; i < n; i++)
				(void) attempt(db, &left[i], 1, &culprit);
			return;
		}
	}
}

/* What a failed commit left in the log must be gone before its callers are
 * answered: they may tell others that it did not happen. */
static void
heal(struct sta_db *db)
{
	struct sta_err ignored;

	if (db->writer->suspect && sta_db_writer_open(db, &ignored) != STA_OK)
		db->writer->suspect = true; /* tried again before the next transaction */
}

static void *
run_writer(void *arg)
{
	struct sta_db_tx *group[GROUP_MAX];
	struct sta_db *db = arg;
	size_t n;

	while ((n = take_group(db, group)) > 0) {
		run_group(db, group, n);
		heal(db);
		answer(db, group, n);
		checkpoint_if_due(db);
	}
	return NULL;
}

enum sta_rc
sta_db_writer_start(struct sta_db *db, struct sta_err *err)
{
	sigset_t all;
	sigset_t old;
	int error;

	/* Signals are for the main thread. */
	(void) sigfillset(&all);
	(void) pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&db->thread, NULL, run_writer, db);
	(void) pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error != 0)
		return sta_err_set(err, STA_BACKEND, error, "start the writer thread");
	(void) pthread_setname_np(db->thread, "db-writer");
	return STA_OK;
}

void
sta_db_writer_stop(struct sta_db *db)
{
	(void) pthread_mutex_lock(&db->lock);
	db->stopping = true;
	(void) pthread_cond_signal(&db->work);
	/* Who was answered still needs the lock to leave. */
	while (db->callers > 0)
		(void) pthread_cond_wait(&db->idle, &db->lock);
	(void) pthread_mutex_unlock(&db->lock);
	(void) pthread_join(db->thread, NULL);
}

void
sta_db_writer_close(struct sta_db *db)
{
	struct sta_err ignored;

	if (!db->writer)
		return;
	/* A writer that stays suspect leaves the log as it is, for recovery. */
	if (!db->writer->suspect || sta_db_writer_open(db, &ignored) == STA_OK) {
		checkpoint(db, SQLITE_CHECKPOINT_TRUNCATE);
		if (!db->writer->suspect)
			(void) sqlite3_db_config(db->writer->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0,
						 NULL);
	}
	sta_db_conn_close(db->writer);
	db->writer = NULL;
}

void
sta_db_stats(struct sta_db *db, struct sta_db_stats *out)
{
	(void) pthread_mutex_lock(&db->lock);
	*out = db->stats;
	(void) pthread_mutex_unlock(&db->lock);
}
