#include "shim.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct plan {
	atomic_int calls;
	atomic_int first; /* fails from this call on */
	atomic_int last;
};

static struct {
	const sqlite3_io_methods *real;
	sqlite3_io_methods methods;
	struct plan sync;
	struct plan write;
} files[SHIM_FILE_MAX_];

static void (*before_sync)(void *arg);
static void *before_sync_arg;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards real and methods */
static atomic_int open_files;
static atomic_int sync_error = EIO;
static sqlite3_vfs *real_vfs;
static sqlite3_vfs vfs;

static bool
fails(struct plan *plan)
{
	int call = atomic_fetch_add(&plan->calls, 1) + 1;

	return call >= atomic_load(&plan->first) && call <= atomic_load(&plan->last);
}

static void
set_plan(struct plan *plan, int nth, int count)
{
	int first = nth > 0 ? atomic_load(&plan->calls) + nth : 0;

	atomic_store(&plan->last, 0);
	atomic_store(&plan->first, first);
	atomic_store(&plan->last, nth > 0 ? first + count - 1 : 0);
}

/* While nobody writes. */
void
shim_before_sync(void (*fn)(void *arg), void *arg)
{
	before_sync = fn;
	before_sync_arg = arg;
}

static int
sync_file(enum shim_file file, sqlite3_file *f, int flags)
{
	if (fails(&files[file].sync)) {
		errno = atomic_load(&sync_error);
		return SQLITE_IOERR_FSYNC;
	}
	return files[file].real->xSync(f, flags);
}

static int
write_file(enum shim_file file, sqlite3_file *f, const void *p, int len, sqlite3_int64 at)
{
	if (fails(&files[file].write)) {
		errno = ENOSPC;
		return SQLITE_FULL;
	}
	return files[file].real->xWrite(f, p, len, at);
}

static int
sync_db(sqlite3_file *f, int flags)
{
	return sync_file(SHIM_DB, f, flags);
}

static int
sync_log(sqlite3_file *f, int flags)
{
	if (before_sync)
		before_sync(before_sync_arg);
	return sync_file(SHIM_LOG, f, flags);
}

static int
write_db(sqlite3_file *f, const void *p, int len, sqlite3_int64 at)
{
	return write_file(SHIM_DB, f, p, len, at);
}

static int
write_log(sqlite3_file *f, const void *p, int len, sqlite3_int64 at)
{
	return write_file(SHIM_LOG, f, p, len, at);
}

static int
close_db(sqlite3_file *f)
{
	(void) atomic_fetch_sub(&open_files, 1);
	return files[SHIM_DB].real->xClose(f);
}

/* Our functions in front of the file's own. */
static void
take_over(enum shim_file file, sqlite3_file *f)
{
	(void) pthread_mutex_lock(&lock);
	if (!files[file].real) {
		files[file].real = f->pMethods;
		files[file].methods = *f->pMethods;
		files[file].methods.xSync = file == SHIM_DB ? sync_db : sync_log;
		files[file].methods.xWrite = file == SHIM_DB ? write_db : write_log;
		if (file == SHIM_DB)
			files[file].methods.xClose = close_db;
	}
	assert(files[file].real == f->pMethods);
	f->pMethods = &files[file].methods;
	(void) pthread_mutex_unlock(&lock);
}

static int
open_file(sqlite3_vfs *self, const char *name, sqlite3_file *f, int flags, int *out_flags)
{
	int code = real_vfs->xOpen(real_vfs, name, f, flags, out_flags);

	(void) self;
	if (code != SQLITE_OK)
		return code;
	if (flags & SQLITE_OPEN_MAIN_DB) {
		take_over(SHIM_DB, f);
		(void) atomic_fetch_add(&open_files, 1);
	} else if (flags & SQLITE_OPEN_WAL) {
		take_over(SHIM_LOG, f);
	}
	return SQLITE_OK;
}

void
shim_install(void)
{
	real_vfs = sqlite3_vfs_find(NULL);
	vfs = *real_vfs;
	vfs.zName = "shim";
	vfs.xOpen = open_file;
	(void) sqlite3_vfs_register(&vfs, 1);
}

void
shim_fail_sync(enum shim_file file, int nth, int count)
{
	set_plan(&files[file].sync, nth, count);
}

void
shim_fail_write(enum shim_file file, int nth, int count)
{
	set_plan(&files[file].write, nth, count);
}

void
shim_set_sync_error(int sys)
{
	atomic_store(&sync_error, sys);
}

int
shim_syncs(enum shim_file file)
{
	return atomic_load(&files[file].sync.calls);
}

int
shim_open_files(void)
{
	return atomic_load(&open_files);
}
