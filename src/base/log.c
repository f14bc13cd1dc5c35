#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"

#define LINE_MAX_BYTES ((size_t) 16 * 1024)

static _Atomic int min_level = STA_LOG_INFO;
static bool as_json; /* written before threads exist */

static const char *const level_name[STA_LOG_LEVEL_MAX_] = {
	[STA_LOG_DEBUG] = "debug",
	[STA_LOG_INFO] = "info",
	[STA_LOG_WARN] = "warn",
	[STA_LOG_ERROR] = "error",
};

void
sta_log_setup(enum sta_log_level level, bool json)
{
	as_json = json;
	sta_log_set_level(level);
}

void
sta_log_set_level(enum sta_log_level level)
{
	atomic_store_explicit(&min_level, (int) level, memory_order_relaxed);
}

bool
sta_log_enabled(enum sta_log_level level)
{
	return (int) level >= atomic_load_explicit(&min_level, memory_order_relaxed);
}

/* s as it is when it is plain ASCII without any byte of special, else quoted. */
static void
put_text(struct sta_buf *b, const char *s, const char *special)
{
	bool plain = s[0] != '\0';

	for (const char *p = s; *p != '\0' && plain; p++)
		plain = *p >= ' ' && *p < 0x7f && !strchr(special, *p);
	if (plain)
		sta_buf_str(b, s);
	else
		sta_buf_json(b, s);
}

static void
line_text(struct sta_buf *b, const char *level, const char *msg, const struct sta_log_field *fields)
{
	char now[STA_TIME_TEXT_MAX];

	sta_buf_printf(b, "%s %s ", sta_time_rfc3339(sta_now_unix(), now), level);
	put_text(b, msg, "\"\\=");
	for (; fields && fields->key; fields++) {
		sta_buf_printf(b, " %s=", fields->key);
		if (fields->text)
			put_text(b, fields->text, " \"\\=");
		else
			sta_buf_printf(b, "%" PRId64, fields->number);
	}
	sta_buf_str(b, "\n");
}

static void
line_json(struct sta_buf *b, const char *level, const char *msg, const struct sta_log_field *fields)
{
	char now[STA_TIME_TEXT_MAX];

	sta_buf_printf(b, "{\"time\":\"%s\",\"level\":\"%s\",\"msg\":", sta_time_rfc3339(sta_now_unix(), now),
		       level);
	sta_buf_json(b, msg);
	for (; fields && fields->key; fields++) {
		sta_buf_str(b, ",");
		sta_buf_json(b, fields->key);
		sta_buf_str(b, ":");
		if (fields->text)
			sta_buf_json(b, fields->text);
		else
			sta_buf_printf(b, "%" PRId64, fields->number);
	}
	sta_buf_str(b, "}\n");
}

/* Write a line, or return false if it did not fit or memory ran out. */
static bool
emit(const char *level, const char *msg, const struct sta_log_field *fields)
{
	STA_AUTO(sta_buf_done) struct sta_buf b = { .max = LINE_MAX_BYTES };

	if (as_json)
		line_json(&b, level, msg, fields);
	else
		line_text(&b, level, msg, fields);
	if (!sta_buf_ok(&b))
		return false;
	/* A log that cannot be written has nowhere to say so. */
	while (write(STDERR_FILENO, b.data, b.len) < 0 && errno == EINTR)
		;
	return true;
}

void
sta_log(enum sta_log_level level, const char *msg, const struct sta_log_field *fields)
{
	static const struct sta_log_field dropped[] = { { .key = "fields", .text = "dropped" },
							{ .key = NULL } };
	static const char lost[] = "{\"level\":\"error\",\"msg\":\"a log line was lost\"}\n";
	int saved = errno;

	/* An event is never dropped whole because one of its fields is huge. */
	if (sta_log_enabled(level) && !emit(level_name[level], msg, fields) &&
	    !emit(level_name[level], msg, dropped) && write(STDERR_FILENO, lost, sizeof(lost) - 1) < 0)
		saved = errno;
	errno = saved;
}

bool
sta_log_level_parse(const char *name, enum sta_log_level *out)
{
	for (int i = 0; i < STA_LOG_LEVEL_MAX_; i++) {
		if (strcmp(name, level_name[i]) == 0) {
			*out = (enum sta_log_level) i;
			return true;
		}
	}
	return false;
}
