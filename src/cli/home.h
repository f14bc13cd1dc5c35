/*
 * home - the data directory: its lock, and what lives in it.
 *
 *   DIR/lock           held (flock) by the one process that works on the directory
 *   DIR/staithe.db     database         DIR/blobs, DIR/uploads   store_fs.h
 *   DIR/control.sock   control.h
 *
 * Layer: cli.  May include: registry, store, db, conf, base.  Threads: one owner.
 */
#ifndef STA_CLI_HOME_H
#define STA_CLI_HOME_H

#include <limits.h>
#include <stdbool.h>

#include "base/pool.h"
#include "conf/conf.h"
#include "db/db.h"
#include "registry/registry.h"
#include "store/store.h"

#define STA_HOME_DATABASE "staithe.db"

struct sta_home {
	int dirfd;  /* -1 when closed */
	int lockfd; /* -1 unless this process holds the lock */
	char path[PATH_MAX];
	struct sta_db *db;
	struct sta_store *store;
	struct sta_pool *workers; /* NULL unless asked for */
	struct sta_registry *registry;
};

#define STA_HOME_CLOSED ((struct sta_home){ .dirfd = -1, .lockfd = -1 })

/* Open the directory.  make: first create it (0700) where it is missing.
 * STA_INVALID: no path; STA_NOT_FOUND: no such directory.  h starts as
 * STA_HOME_CLOSED; close it whatever comes back. */
enum sta_rc sta_home_find(struct sta_home *h, const char *path, bool make, struct sta_err *err) STA_CHECK;

/* Has a registry been made here? */
bool sta_home_exists(const struct sta_home *h);

/* Try for the lock.  STA_BUSY: another process holds it. */
enum sta_rc sta_home_lock(struct sta_home *h, struct sta_err *err) STA_CHECK;

/* With the lock held: open database, store and registry.  workers 0: none. */
enum sta_rc sta_home_open(struct sta_home *h, const struct sta_conf *conf, size_t workers,
			  struct sta_err *err) STA_CHECK;

/* Everything in order, the lock last. */
void sta_home_close(struct sta_home *h);

#endif
