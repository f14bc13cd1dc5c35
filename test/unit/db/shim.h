/*
 * shim - the default file layer of SQLite, with failures on demand.
 *
 * SQLite is a shared library, so --wrap does not reach its system calls.
 *
 * Layer: test.  Threads: any.
 */
#ifndef STA_TEST_SHIM_H
#define STA_TEST_SHIM_H

enum shim_file { SHIM_DB, SHIM_LOG, SHIM_FILE_MAX_ };

/* For all connections opened later.  Call it once, before the first. */
void shim_install(void);

/* The nth sync or write from now fails, and all that follow it up to count; nth 0: none. */
void shim_fail_sync(enum shim_file file, int nth, int count);
void shim_fail_write(enum shim_file file, int nth, int count);

/* Called on the writer's thread before each sync of the log, until NULL is set. */
void shim_before_sync(void (*fn)(void *arg), void *arg);

/* What a sync says that fails; EIO until then. */
void shim_set_sync_error(int sys);

/* Syncs since the start. */
int shim_syncs(enum shim_file file);

/* Database files open now: one a connection. */
int shim_open_files(void);

#endif
