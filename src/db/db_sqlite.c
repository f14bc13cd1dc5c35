#include "db/db_sqlite.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/auto.h"
#include "base/parse.h"
#include "db/db_internal.h"

/* 256 MiB: under a second. */
#define CHECKED_PAGES_MAX 65536

/* The log is moved by the writer thread alone, hence no automatic checkpoints. */
static const char common_setup[] = "PRAGMA wal_autocheckpoint=0;"
				   "PRAGMA foreign_keys=ON;"
				   "PRAGMA trusted_schema=OFF;"
				   "PRAGMA cell_size_check=ON;"
				   "PRAGMA mmap_size=0;"
				   "PRAGMA temp_store=MEMORY;";
static const char reader_setup[] = "PRAGMA query_only=ON;"
				   "PRAGMA cache_size=-2048;";
/* A log that readers or a full disk let grow is cut again once it begins anew. */
static const char writer_setup[] = "PRAGMA page_size=4096;"
				   "PRAGMA journal_mode=WAL;"
				   "PRAGMA journal_size_limit=8388608;"
				   "PRAGMA synchronous=FULL;"
				   "PRAGMA cache_size=-8192;";

static enum sta_rc
rc_of(int code, int sys)
{
	switch (code) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
		return STA_EXISTS;
	default:
		break;
	}
	switch (code & 0xff) {
	case SQLITE_CONSTRAINT:
		return STA_CONFLICT;
	case SQLITE_FULL:
		return STA_FULL;
	case SQLITE_IOERR:
		return sys == ENOSPC || sys == EDQUOT ? STA_FULL : STA_BACKEND;
	case SQLITE_NOMEM:
		return STA_NOMEM;
	case SQLITE_BUSY:
		return STA_BUSY;
	case SQLITE_TOOBIG:
		return STA_TOO_LARGE;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return STA_CORRUPT;
	default:
		return STA_BACKEND;
	}
}

enum sta_rc
sta_db_fail(struct sta_db_conn *c, int code, struct sta_err *err)
{
	int kind = code & 0xff;
	int sys = kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN ? sqlite3_system_errno(c->handle) : 0;
	enum sta_rc rc = rc_of(code, sys);

	if (kind == SQLITE_IOERR)
		c->suspect = true;
	if (rc == STA_EXISTS)
		(void) sta_err_set(err, rc, 0, "already exists");
	else if (rc == STA_CONFLICT)
		(void) sta_err_set(err, rc, 0, "conflicts with what is stored");
	else
		(void) sta_err_set(err, rc, sys, "database: %s", sqlite3_errstr(code));
	/* Names tables and columns, so it is for the log, not for the sentence. */
	(void) snprintf(err->detail, sizeof(err->detail), "%s", sqlite3_errmsg(c->handle));
	return rc;
}

/* Whoever prepares a statement is inside a transaction that this layer began and will end. */
static int
authorize(void *arg, int action, const char *a, const char *b, const char *schema, const char *trigger)
{
	const struct sta_db_conn *c = arg;

	(void) a;
	(void) b;
	(void) schema;
	(void) trigger;
	switch (action) {
	case SQLITE_TRANSACTION:
	case SQLITE_SAVEPOINT:
		return c->in_control ? SQLITE_OK : SQLITE_DENY;
	case SQLITE_ATTACH:
	case SQLITE_DETACH:
		return SQLITE_DENY;
	default:
		return SQLITE_OK;
	}
}

static int
set_options(struct sta_db_conn *c)
{
	static const struct {
		int option;
		int value;
	} options[] = {
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
		{ SQLITE_DBCONFIG_DQS_DDL, 0 },
		{ SQLITE_DBCONFIG_DQS_DML, 0 },
		/* Closing would move the log on whatever thread closes last. */
		{ SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1 },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		int code = sqlite3_db_config(c->handle, options[i].option, options[i].value, NULL);

		if (code != SQLITE_OK)
			return code;
	}
	return sqlite3_extended_result_codes(c->handle, 1);
}

static int
note_journal_mode(void *arg, int columns, char **values, char **names)
{
	(void) columns;
	(void) names;
	*(bool *) arg = values[0] && strcmp(values[0], "wal") == 0;
	return 0;
}

/* Everything that is set on a new connection. */
static enum sta_rc
set_up(struct sta_db_conn *c, struct sta_err *err)
{
	bool is_wal = false;
	int code = set_options(c);

	if (code == SQLITE_OK)
		code = sqlite3_busy_timeout(c->handle, STA_DB_BUSY_TIMEOUT_MS);
	if (code == SQLITE_OK)
		code = sqlite3_exec(c->handle, c->is_writer ? writer_setup : reader_setup, NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_exec(c->handle, common_setup, NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_exec(c->handle, "PRAGMA journal_mode;", note_journal_mode, &is_wal, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_set_authorizer(c->handle, authorize, c);
	if (code != SQLITE_OK)
		return sta_db_fail(c, code, err);
	if (!is_wal)
		return sta_err_set(err, STA_UNSUPPORTED, 0, "this file system cannot hold a write-ahead log");
	return STA_OK;
}

enum sta_rc
sta_db_conn_open(const char *path, bool is_writer, struct sta_db_conn **out, struct sta_err *err)
{
	int flags = (is_writer ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX;
	struct sta_db_conn *c = sta_malloc(sizeof(*c));
	enum sta_rc rc;
	int code;

	if (!c)
		return sta_err_set(err, STA_NOMEM, 0, "open database");
	c->is_writer = is_writer;
	code = sqlite3_open_v2(path, &c->handle, flags, NULL);
	rc = code == SQLITE_OK ? set_up(c, err) : sta_db_fail(c, code, err);
	if (rc != STA_OK) {
		sta_db_conn_close(c);
		return rc;
	}
	*out = c;
	return STA_OK;
}

void
sta_db_conn_close(struct sta_db_conn *c)
{
	int code;

	if (!c)
		return;
	sta_db_stmt_drop_all(c);
	code = sqlite3_close(c->handle);
	assert(code == SQLITE_OK); /* it refuses only while statements are open */
	(void) code;
	sta_free(c);
}

/* The name of a new file is on disk only once its directory is. */
static enum sta_rc
sync_parent(const char *path, struct sta_err *err)
{
	const char *slash = strrchr(path, '/');
	char *parent = sta_strdup(slash ? path : ".");
	enum sta_rc rc = STA_OK;

	if (!parent)
		return sta_err_set(err, STA_NOMEM, 0, "open database");
	if (slash)
		parent[slash == path ? 1 : slash - path] = '\0';

	STA_AUTO_FD int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		rc = sta_err_set(err, STA_IO, errno, "sync '%s'", parent);
	sta_free(parent);
	return rc;
}

/* SQLite gives its log and index the mode of this file.  Closing the
 * descriptor drops the process's locks on the file, so this comes before the
 * first connection. */
static enum sta_rc
make_file(const char *path, struct sta_err *err)
{
	STA_AUTO_FD int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat st;

	if (fd < 0)
		return sta_err_set(err, STA_IO, errno, "open '%s'", path);
	if (fstat(fd, &st) < 0)
		return sta_err_set(err, STA_IO, errno, "stat '%s'", path);
	if ((st.st_mode & 07777) != 0600 && fchmod(fd, 0600) < 0)
		return sta_err_set(err, STA_IO, errno, "chmod '%s'", path);
	return st.st_size == 0 ? sync_parent(path, err) : STA_OK;
}

struct first_value {
	char text[128];
};

static int
note_first_value(void *arg, int columns, char **values, char **names)
{
	struct first_value *first = arg;

	(void) columns;
	(void) names;
	if (first->text[0] == '\0')
		(void) snprintf(first->text, sizeof(first->text), "%s", values[0] ? values[0] : "");
	return 0;
}

/* Damage is found now rather than by the first request that meets it. */
static enum sta_rc
check_file(const struct sta_db *db, struct sta_err *err)
{
	struct sta_db_conn *c = db->writer;
	struct first_value pages = { "" };
	struct first_value result = { "" };
	int code = sqlite3_exec(c->handle, "PRAGMA page_count", note_first_value, &pages, NULL);
	uint64_t n_pages = 0;
	bool is_small =
		sta_parse_u64(pages.text, strlen(pages.text), &n_pages) && n_pages <= CHECKED_PAGES_MAX;

	if (code == SQLITE_OK)
		code = sqlite3_exec(c->handle,
				    is_small ? "PRAGMA quick_check(1)"
					     : "SELECT 'ok' FROM sqlite_schema LIMIT 1",
				    note_first_value, &result, NULL);
	if (code != SQLITE_OK)
		return sta_db_fail(c, code, err);
	if (is_small && strcmp(result.text, "ok") != 0) {
		(void) sta_err_set(err, STA_CORRUPT, 0, "the database '%s' is damaged", db->path);
		(void) snprintf(err->detail, sizeof(err->detail), "%s", result.text);
		return STA_CORRUPT;
	}
	return STA_OK;
}

static void
destroy(struct sta_db *db)
{
	sta_db_writer_close(db);
	(void) pthread_cond_destroy(&db->idle);
	(void) pthread_cond_destroy(&db->work);
	(void) pthread_mutex_destroy(&db->lock);
	sta_free(db->path);
	sta_free(db);
}

/* Counting its memory would make every allocation of SQLite take one lock. */
static void
configure_library(void)
{
	(void) sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

enum sta_rc
sta_db_sqlite_open(const char *path, struct sta_db **out, struct sta_err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct sta_db *db;
	enum sta_rc rc;

	(void) pthread_once(&once, configure_library);
	if (!sqlite3_threadsafe())
		return sta_err_set(err, STA_UNSUPPORTED, 0, "SQLite was built without threads");
	db = sta_malloc(sizeof(*db));
	if (!db)
		return sta_err_set(err, STA_NOMEM, 0, "open database");
	atomic_init(&db->version, 1);
	(void) pthread_mutex_init(&db->lock, NULL);
	(void) pthread_cond_init(&db->work, NULL);
	(void) pthread_cond_init(&db->idle, NULL);

	db->path = sta_strdup(path);
	rc = db->path ? make_file(path, err) : sta_err_set(err, STA_NOMEM, 0, "open database");
	if (rc == STA_OK)
		rc = sta_db_writer_open(db, err);
	if (rc == STA_OK)
		rc = check_file(db, err);
	if (rc == STA_OK)
		rc = sta_db_writer_start(db, err);
	if (rc != STA_OK) {
		destroy(db);
		return rc;
	}
	*out = db;
	return STA_OK;
}

void
sta_db_free(struct sta_db *db)
{
	if (!db)
		return;
	sta_db_writer_stop(db);
	sta_db_readers_close(db);
	destroy(db);
}
