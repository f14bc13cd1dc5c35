#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"

#define LINE_MAX_BYTES ((size_t) 16 * 1024)
#define BATCH_BYTES ((size_t) 64 * 1024)
#define BATCH_NS 50000000L

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

/* Lines that wait for the thread that writes them. */
static struct {
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t some;  /* there is a line, or it ends */
	pthread_t thread;
	bool runs, ends;
	size_t len;
	char data[BATCH_BYTES];
} batch = { .lock = PTHREAD_MUTEX_INITIALIZER, .some = PTHREAD_COND_INITIALIZER };

/* A log that cannot be written has nowhere to say so. */
static void
write_out(const char *p, size_t len)
{
	while (write(STDERR_FILENO, p, len) < 0 && errno == EINTR)
		;
}

/* With the lock. */
static void
flush(void)
{
	if (batch.len > 0)
		write_out(batch.data, batch.len);
	batch.len = 0;
}

static void
put_line(enum sta_log_level level, const char *line, size_t len)
{
	(void) pthread_mutex_lock(&batch.lock);
	if (batch.len + len > sizeof(batch.data))
		flush();
	if (batch.runs && level < STA_LOG_WARN) {
		if (batch.len == 0)
			(void) pthread_cond_signal(&batch.some);
		memcpy(batch.data + batch.len, line, len);
		batch.len += len;
	} else {
		flush();
		write_out(line, len);
	}
	(void) pthread_mutex_unlock(&batch.lock);
}

static void *
write_batches(void *arg)
{
	const struct timespec pause = { .tv_nsec = BATCH_NS };

	(void) arg;
	(void) pthread_mutex_lock(&batch.lock);
	while (!batch.ends) {
		if (batch.len == 0) {
			(void) pthread_cond_wait(&batch.some, &batch.lock);
			continue;
		}
		(void) pthread_mutex_unlock(&batch.lock);
		(void) nanosleep(&pause, NULL);
		(void) pthread_mutex_lock(&batch.lock);
		flush();
	}
	(void) pthread_mutex_unlock(&batch.lock);
	return NULL;
}

enum sta_rc
sta_log_batch_start(struct sta_err *err)
{
	sigset_t all, old;
	int error;

	batch.ends = false;
	(void) sigfillset(&all); /* signals are for the main thread */
	(void) pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&batch.thread, NULL, write_batches, NULL);
	(void) pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error != 0)
		return sta_err_set(err, STA_NOMEM, error, "start the log's thread");
	(void) pthread_setname_np(batch.thread, "log");
	batch.runs = true;
	return STA_OK;
}

void
sta_log_batch_stop(void)
{
	if (!batch.runs)
		return;
	(void) pthread_mutex_lock(&batch.lock);
	batch.runs = false;
	batch.ends = true;
	flush();
	(void) pthread_cond_signal(&batch.some);
	(void) pthread_mutex_unlock(&batch.lock);
	(void) pthread_join(batch.thread, NULL);
}

/* The time of a line, formatted once a second by each thread. */
static const char *
now_text(void)
{
	static _Thread_local int64_t at;
	static _Thread_local char text[STA_TIME_TEXT_MAX];
	int64_t now = sta_now_unix();

	if (now != at || text[0] == '\0')
		(void) sta_time_rfc3339(now, text);
	at = now;
	return text;
}

static bool
is_plain(const char *s, bool spaces)
{
	for (const unsigned char *p = (const unsigned char *) s; *p != '\0'; p++)
		if (*p < (spaces ? ' ' : '!') || *p > '~' || *p == '"' || *p == '\\' || *p == '=')
			return false;
	return s[0] != '\0';
}

/* s as it is when it cannot be taken for anything else, otherwise quoted. */
static void
put_text(struct sta_buf *b, const char *s, bool spaces)
{
	if (is_plain(s, spaces))
		sta_buf_str(b, s);
	else
		sta_buf_json(b, s);
}

static void
line_text(struct sta_buf *b, const char *level, const char *msg, const struct sta_log_field *fields)
{
	sta_buf_str(b, now_text());
	sta_buf_str(b, " ");
	sta_buf_str(b, level);
	sta_buf_str(b, " ");
	put_text(b, msg, true);
	for (; fields && fields->key; fields++) {
		sta_buf_str(b, " ");
		sta_buf_str(b, fields->key);
		sta_buf_str(b, "=");
		if (fields->text)
			put_text(b, fields->text, false);
		else
			sta_buf_int(b, fields->number);
	}
	sta_buf_str(b, "\n");
}

static void
line_json(struct sta_buf *b, const char *level, const char *msg, const struct sta_log_field *fields)
{
	sta_buf_printf(b, "{\"time\":\"%s\",\"level\":\"%s\",\"msg\":", now_text(), level);
	sta_buf_json(b, msg);
	for (; fields && fields->key; fields++) {
		sta_buf_str(b, ",");
		sta_buf_json(b, fields->key);
		sta_buf_str(b, ":");
		if (fields->text)
			sta_buf_json(b, fields->text);
		else
			sta_buf_int(b, fields->number);
	}
	sta_buf_str(b, "}\n");
}

/* Write a line, or return false if it did not fit or memory ran out. */
static bool
emit(enum sta_log_level level, const char *msg, const struct sta_log_field *fields)
{
	STA_AUTO(sta_buf_done) struct sta_buf b = { .max = LINE_MAX_BYTES };

	if (as_json)
		line_json(&b, level_name[level], msg, fields);
	else
		line_text(&b, level_name[level], msg, fields);
	if (!sta_buf_ok(&b))
		return false;
	put_line(level, b.data, b.len);
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
	if (sta_log_enabled(level) && !emit(level, msg, fields) && !emit(level, msg, dropped))
		put_line(STA_LOG_ERROR, lost, sizeof(lost) - 1);
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
