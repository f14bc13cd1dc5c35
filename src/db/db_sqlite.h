/*
 * db_sqlite - SQLite in WAL mode, synchronous=FULL, one writer thread.
 *
 * The writer owns the only read-write connection and runs the checkpoints on
 * it (PASSIVE, every 4 MiB of log; automatic checkpoints are off everywhere), so a
 * checkpoint and a write never overlap: that is what avoids the WAL-reset
 * corruption of SQLite 3.7.0 to 3.51.2.  Readers open read-only, one
 * connection per thread.  No mmap.  foreign_keys=ON, trusted_schema=OFF,
 * cell_size_check=ON.
 *
 * Another process must not open the database meanwhile: the caller holds the
 * data directory's lock.
 *
 * Layer: db.  May include: base.
 */
#ifndef STA_DB_DB_SQLITE_H
#define STA_DB_DB_SQLITE_H

#include "db/db.h"

/* Opens or creates the file (mode 0600).  Owned by the caller: sta_db_free().
 * STA_CORRUPT: it is no database or a damaged one.  Files up to 256 MiB are
 * checked whole, of larger ones only what every statement needs. */
enum sta_rc sta_db_sqlite_open(const char *path, struct sta_db **out, struct sta_err *err) STA_CHECK;

#endif
