/*
 * log - one line per event, as JSON or as text, to standard error.
 *
 * A line is "time level message key=value ..." (text) or an object with
 * "time", "level", "msg" and the fields (json).  Values are escaped: nothing
 * that an outsider sends can start a new line.  Never pass a secret: tokens,
 * passwords, Authorization headers and query strings of /token have no field.
 *
 * A line is one write(2).  A server that answers many requests batches its
 * lines (sta_log_batch_start()): debug and info then wait up to 50 ms for a
 * thread that writes them together; a warning or an error goes out at once, with
 * all that waits before it.  What kills the process takes those 50 ms along.
 *
 * Layer: base.  May include: buf, clock, err.  Threads: any.
 */
#ifndef STA_BASE_LOG_H
#define STA_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum sta_log_level { STA_LOG_DEBUG, STA_LOG_INFO, STA_LOG_WARN, STA_LOG_ERROR, STA_LOG_LEVEL_MAX_ };

/* A missing text is an empty one. */
static inline const char *
sta_log_text(const char *s)
{
	return s ? s : "";
}

/* A field is made with STA_F_STR or STA_F_INT; STA_F_END closes the list. */
struct sta_log_field {
	const char *key;
	const char *text; /* NULL: number counts */
	int64_t number;
};

#define STA_F_STR(k, v) ((struct sta_log_field){ .key = (k), .text = sta_log_text(v) })
#define STA_F_INT(k, v) ((struct sta_log_field){ .key = (k), .number = (int64_t) (v) })
#define STA_F_END ((struct sta_log_field){ .key = NULL })

/* Set once at start, before other threads exist; changing the level later is
 * safe from any thread.  Default: STA_LOG_INFO, text. */
void sta_log_setup(enum sta_log_level level, bool json);
void sta_log_set_level(enum sta_log_level level);
bool sta_log_enabled(enum sta_log_level level);

/* From one thread, while no other logs. */
enum sta_rc sta_log_batch_start(struct sta_err *err) STA_CHECK;
void sta_log_batch_stop(void); /* writes what waits; without a start it does nothing */

/* fields is an array that ends with STA_F_END, or NULL. */
void sta_log(enum sta_log_level level, const char *msg, const struct sta_log_field *fields);

/* "debug", "info", "warn", "error"; false if name is none of them. */
bool sta_log_level_parse(const char *name, enum sta_log_level *out);

#endif
