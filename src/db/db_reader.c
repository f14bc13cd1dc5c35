#include "db/db.h"

#include <assert.h>

#include "base/alloc.h"
#include "db/db_internal.h"

/* A thread's place at a database.  The thread owns it; conn becomes NULL when
 * the database is freed first. */
struct sta_db_seat {
	const struct sta_db *db;
	_Atomic(struct sta_db_conn *) conn;
	struct sta_db_seat *next;
};

/* One key for all databases, holding the thread's list of seats, and never
 * deleted: a thread may end while, or after, a database it used is freed. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static int key_error;

/* Guards every database's list of readers, and their closing. */
static pthread_mutex_t registry = PTHREAD_MUTEX_INITIALIZER;

/* Take a reader out of its database's list; the registry is locked. */
static void
unlink_reader(struct sta_db *db, struct sta_db_conn *c)
{
	if (c->next)
		c->next->prev = c->prev;
	if (c->prev)
		c->prev->next = c->next;
	else
		db->readers = c->next;
}

static void
close_seat(struct sta_db_seat *seat)
{
	struct sta_db_conn *c;

	(void) pthread_mutex_lock(&registry);
	c = atomic_load(&seat->conn);
	if (c) {
		/* The list's owner is alive: it would have taken conn away. */
		unlink_reader(c->db, c);
		sta_db_conn_close(c);
	}
	(void) pthread_mutex_unlock(&registry);
	sta_free(seat);
}

/* The thread ends. */
static void
close_seats(void *arg)
{
	struct sta_db_seat *seat = arg;

	while (seat) {
		struct sta_db_seat *next = seat->next;

		close_seat(seat);
		seat = next;
	}
}

static void
make_key(void)
{
	key_error = pthread_key_create(&key, close_seats);
}

/* Forget the calling thread's seats at databases that are gone. */
static void
prune_seats(void)
{
	struct sta_db_seat *kept = NULL;
	struct sta_db_seat *seat = pthread_getspecific(key);

	while (seat) {
		struct sta_db_seat *next = seat->next;

		if (atomic_load(&seat->conn)) {
			seat->next = kept;
			kept = seat;
		} else {
			sta_free(seat);
		}
		seat = next;
	}
	(void) pthread_setspecific(key, kept); /* needs no memory: the key was set before */
}

/* A connection and a seat for the calling thread. */
static enum sta_rc
sit_down(struct sta_db *db, struct sta_db_conn **out, struct sta_err *err)
{
	struct sta_db_seat *seat = sta_malloc(sizeof(*seat));
	struct sta_db_conn *c = NULL;
	enum sta_rc rc;

	if (!seat)
		return sta_err_set(err, STA_NOMEM, 0, "open database");
	rc = sta_db_conn_open(db->path, false, &c, err);
	if (rc == STA_OK) {
		seat->next = pthread_getspecific(key);
		if (pthread_setspecific(key, seat) != 0)
			rc = sta_err_set(err, STA_NOMEM, 0, "open database");
	}
	if (rc != STA_OK) {
		sta_db_conn_close(c);
		sta_free(seat);
		return rc;
	}
	(void) pthread_mutex_lock(&registry);
	seat->db = db;
	atomic_store(&seat->conn, c);
	c->db = db;
	c->seat = seat;
	c->next = db->readers;
	if (c->next)
		c->next->prev = c;
	db->readers = c;
	(void) pthread_mutex_unlock(&registry);
	*out = c;
	return STA_OK;
}

enum sta_rc
sta_db_reader(struct sta_db *db, struct sta_db_conn **out, struct sta_err *err)
{
	(void) pthread_once(&once, make_key);
	if (key_error != 0)
		return sta_err_set(err, STA_BACKEND, key_error, "pthread_key_create");
	for (struct sta_db_seat *seat = pthread_getspecific(key); seat; seat = seat->next) {
		struct sta_db_conn *c = seat->db == db ? atomic_load(&seat->conn) : NULL;

		if (c) {
			*out = c;
			return STA_OK;
		}
	}
	return sit_down(db, out, err);
}

uint64_t
sta_db_version(const struct sta_db *db)
{
	return atomic_load(&db->version);
}

void
sta_db_readers_close(struct sta_db *db)
{
	(void) pthread_mutex_lock(&registry);
	while (db->readers) {
		struct sta_db_conn *c = db->readers;

		unlink_reader(db, c);
		atomic_store(&c->seat->conn, NULL);
		sta_db_conn_close(c);
	}
	(void) pthread_mutex_unlock(&registry);
	(void) pthread_once(&once, make_key);
	if (key_error == 0)
		prune_seats();
}

enum sta_rc
sta_db_read_begin(struct sta_db_conn *c, struct sta_err *err)
{
	/* Inside sta_db_write() there is a transaction already. */
	if (!c->is_writer && c->snapshots == 0) {
		int code = sta_db_control(c, "BEGIN");

		if (code != SQLITE_OK)
			return sta_db_fail(c, code, err);
	}
	c->snapshots++;
	return STA_OK;
}

void
sta_db_read_end(struct sta_db_conn *c)
{
	assert(c->snapshots > 0);
	c->snapshots--;
	if (c->is_writer || c->snapshots > 0)
		return;
	/* Before or after the commit that is under way, who knows: nobody who comes
	 * after this reader may find what was true before. */
	if (atomic_load(&c->db->committing))
		atomic_fetch_add(&c->db->version, 1);
	if (sqlite3_get_autocommit(c->handle))
		return;
	/* Nothing was written, so there is nothing that could fail to be kept. */
	if (sta_db_control(c, "COMMIT") != SQLITE_OK)
		(void) sta_db_control(c, "ROLLBACK");
}
