/*
 * settings - values that the server makes for itself (the token key).
 *
 * Layer: model.  May include: db, base.  Threads: as the connection's.
 */
#ifndef STA_MODEL_SETTINGS_H
#define STA_MODEL_SETTINGS_H

#include "base/arena.h"
#include "db/db.h"

/* STA_NOT_FOUND. */
enum sta_rc sta_setting_get(struct sta_db_conn *c, struct sta_arena *a, const char *name, const char **value,
			    struct sta_err *err) STA_CHECK;

/* Set it unless it has a value already. */
enum sta_rc sta_setting_init(struct sta_db_conn *c, const char *name, const char *value,
			     struct sta_err *err) STA_CHECK;

#endif
