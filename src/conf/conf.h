/*
 * conf - the values of all options, and where each came from.
 *
 * Flags win over the environment, that over the file, that over the default,
 * in whatever order they are read.  A value is checked when it is set, so a
 * configuration never holds one that does not fit its option; what depends on
 * several options is left to sta_conf_check().
 *
 * Layer: conf.  May include: base.  Threads: one owner while it is filled;
 * afterwards any may read.
 */
#ifndef STA_CONF_CONF_H
#define STA_CONF_CONF_H

#include <stdint.h>

#include "base/err.h"
#include "conf/option.h"

/* In the order of their weight. */
enum sta_source { STA_SOURCE_DEFAULT, STA_SOURCE_FILE, STA_SOURCE_ENVIRONMENT, STA_SOURCE_FLAG };

#define STA_CONF_FILE_MAX ((size_t) 256 << 10)
#define STA_CONF_LIST_MAX 64

struct sta_conf;

/* Every option at its default.  Owned by the caller. */
enum sta_rc sta_conf_new(struct sta_conf **out, struct sta_err *err) STA_CHECK;
void sta_conf_free(struct sta_conf *c);
void sta_conf_auto(struct sta_conf **c);

/* text as in the file; of a list, items separated by commas.  origin is what
 * messages and "config show" name: "--listen", "staithe.yaml:3".  A value of a
 * weightier source stays, but text is checked all the same.  STA_INVALID. */
enum sta_rc sta_conf_set(struct sta_conf *c, enum sta_option_id id, enum sta_source source,
			 const char *origin, const char *text, struct sta_err *err) STA_CHECK;

/* A YAML file.  STA_INVALID with "FILE:LINE:COLUMN: why"; STA_IO, STA_TOO_LARGE.
 * After a failure some values may have been set: give c up. */
enum sta_rc sta_conf_read_file(struct sta_conf *c, const char *path, struct sta_err *err) STA_CHECK;

/* Every variable STAITHE_...; environment as environ(7).  STA_INVALID also for
 * variables of that prefix that no option has.  STAITHE_CONFIG is the caller's. */
enum sta_rc sta_conf_read_environment(struct sta_conf *c, char *const *environment,
				      struct sta_err *err) STA_CHECK;

/* Do the values fit together?  STA_INVALID says what to change. */
enum sta_rc sta_conf_check(const struct sta_conf *c, struct sta_err *err) STA_CHECK;

/* Borrowed.  The text as given; sta_conf_list(): NULL-terminated. */
const char *sta_conf_text(const struct sta_conf *c, enum sta_option_id id);
uint64_t sta_conf_number(const struct sta_conf *c, enum sta_option_id id); /* bytes, seconds or a count */
bool sta_conf_bool(const struct sta_conf *c, enum sta_option_id id);
const char *const *sta_conf_list(const struct sta_conf *c, enum sta_option_id id);
const char *sta_conf_origin(const struct sta_conf *c, enum sta_option_id id); /* "default", or as set */

#endif
