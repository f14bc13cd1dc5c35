#include "t.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/oom.h"

/* What was written to standard error, and in how many calls. */
static char written[64 * 1024];
static size_t n_written;
static atomic_int n_writes;
static bool counts_only;
static int interruptions;

ssize_t __real_write(int fd, const void *p, size_t len);
ssize_t __wrap_write(int fd, const void *p, size_t len);

ssize_t
__wrap_write(int fd, const void *p, size_t len)
{
	if (fd != STDERR_FILENO)
		return __real_write(fd, p, len);
	if (interruptions > 0) {
		interruptions--;
		errno = EINTR;
		return -1;
	}
	if (!counts_only) {
		assert_true(n_written + len < sizeof(written));
		memcpy(written + n_written, p, len);
		written[n_written + len] = '\0';
	}
	n_written += len;
	n_writes++;
	return (ssize_t) len;
}

static int
setup(void **state)
{
	(void) state;
	n_written = 0;
	n_writes = 0;
	written[0] = '\0';
	sta_log_setup(STA_LOG_INFO, false);
	return 0;
}

/* The line without its time, which is checked for its form. */
static const char *
after_time(void)
{
	assert_true(n_written > sizeof("2026-11-21T06:45:04Z"));
	assert_int_equal(written[10], 'T');
	assert_int_equal(written[19], 'Z');
	assert_int_equal(written[20], ' ');
	return written + 21;
}

static void
text_line(void **state)
{
	(void) state;
	sta_log(STA_LOG_INFO, "push done",
		(struct sta_log_field[]){ STA_F_STR("package", "acme/app"), STA_F_INT("bytes", -5),
					  STA_F_END });
	assert_string_equal(after_time(), "info push done package=acme/app bytes=-5\n");
	assert_int_equal(n_writes, 1);
}

static void
text_values_cannot_forge_lines_or_fields(void **state)
{
	static const struct {
		const char *value;
		const char *want;
	} row[] = {
		{ "", "info m k=\"\"\n" },
		{ NULL, "info m k=\"\"\n" },
		{ "a b", "info m k=\"a b\"\n" },
		{ "a=b", "info m k=\"a=b\"\n" },
		{ "a\nb", "info m k=\"a\\nb\"\n" },
		{ "a\"b", "info m k=\"a\\\"b\"\n" },
		{ "a\\b", "info m k=\"a\\\\b\"\n" },
		{ "\x1b[31m", "info m k=\"\\u001b[31m\"\n" },
		{ "\xff", "info m k=\"\xef\xbf\xbd\"\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		(void) setup(state);
		sta_log(STA_LOG_INFO, "m",
			(struct sta_log_field[]){ STA_F_STR("k", row[i].value), STA_F_END });
		assert_string_equal(after_time(), row[i].want);
	}
}

static void
text_message_cannot_forge_lines(void **state)
{
	(void) state;
	sta_log(STA_LOG_WARN, "a\nb", NULL);
	assert_string_equal(after_time(), "warn \"a\\nb\"\n");
}

static void
json_line(void **state)
{
	(void) state;
	sta_log_setup(STA_LOG_INFO, true);
	sta_log(STA_LOG_ERROR, "x\ny",
		(struct sta_log_field[]){ STA_F_STR("k", "a\"b"), STA_F_INT("n", 7), STA_F_END });
	assert_memory_equal(written, "{\"time\":\"", 9);
	assert_non_null(
		strstr(written, "Z\",\"level\":\"error\",\"msg\":\"x\\ny\",\"k\":\"a\\\"b\",\"n\":7}\n"));
	assert_int_equal(n_writes, 1);
}

static void
level_is_respected(void **state)
{
	(void) state;
	sta_log(STA_LOG_DEBUG, "m", NULL);
	assert_int_equal(n_writes, 0);
	assert_false(sta_log_enabled(STA_LOG_DEBUG));
	sta_log_set_level(STA_LOG_DEBUG);
	sta_log(STA_LOG_DEBUG, "m", NULL);
	assert_int_equal(n_writes, 1);
	sta_log_set_level(STA_LOG_ERROR);
	sta_log(STA_LOG_WARN, "m", NULL);
	assert_int_equal(n_writes, 1);
}

static void
huge_field_does_not_lose_the_event(void **state)
{
	static char huge[40000];

	(void) state;
	memset(huge, 'x', sizeof(huge) - 1);
	sta_log(STA_LOG_INFO, "m", (struct sta_log_field[]){ STA_F_STR("k", huge), STA_F_END });
	assert_string_equal(after_time(), "info m fields=dropped\n");
	assert_int_equal(n_writes, 1);
}

static void
out_of_memory_leaves_a_trace(void **state)
{
	(void) state;
	oom_budget = 0;
	sta_log(STA_LOG_INFO, "m", NULL);
	oom_budget = -1;
	assert_non_null(strstr(written, "a log line was lost"));
}

static void
interrupted_write_is_repeated_and_errno_kept(void **state)
{
	(void) state;
	interruptions = 2;
	errno = ENOENT;
	sta_log(STA_LOG_INFO, "m", NULL);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(n_writes, 1);
}

static void
level_names(void **state)
{
	static const struct {
		const char *name;
		bool ok;
		enum sta_log_level level;
	} row[] = {
		{ "", false, 0 },
		{ "INFO", false, 0 },
		{ "infos", false, 0 },
		{ "debug", true, STA_LOG_DEBUG },
		{ "info", true, STA_LOG_INFO },
		{ "warn", true, STA_LOG_WARN },
		{ "error", true, STA_LOG_ERROR },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		enum sta_log_level out = STA_LOG_LEVEL_MAX_;

		assert_int_equal(sta_log_level_parse(row[i].name, &out), row[i].ok);
		assert_int_equal(out, row[i].ok ? row[i].level : STA_LOG_LEVEL_MAX_);
	}
}

static void
batched_lines_are_written_together_and_in_order(void **state)
{
	struct sta_err err;

	(void) state;
	assert_int_equal(sta_log_batch_start(&err), STA_OK);
	sta_log(STA_LOG_INFO, "first", NULL);
	sta_log(STA_LOG_INFO, "second", NULL);
	sta_log_batch_stop();
	assert_in_range(n_writes, 1, 2); /* 2: it took 50 ms from the first to the second */
	assert_true(strstr(written, "first") < strstr(written, "second"));
	sta_log(STA_LOG_INFO, "third", NULL);
	assert_non_null(strstr(written, "third")); /* no batch any more */
}

static void
an_error_is_written_at_once_and_behind_what_waited(void **state)
{
	struct sta_err err;

	(void) state;
	assert_int_equal(sta_log_batch_start(&err), STA_OK);
	sta_log(STA_LOG_INFO, "waits", NULL);
	sta_log(STA_LOG_ERROR, "hurries", NULL);
	assert_non_null(strstr(written, "hurries"));
	assert_true(strstr(written, "waits") < strstr(written, "hurries"));
	sta_log_batch_stop();
}

static void
a_waiting_line_is_written_by_and_by(void **state)
{
	struct sta_err err;

	(void) state;
	assert_int_equal(sta_log_batch_start(&err), STA_OK);
	sta_log(STA_LOG_INFO, "alone", NULL);
	while (atomic_load(&n_writes) == 0)
		(void) sched_yield();
	assert_non_null(strstr(written, "alone"));
	sta_log_batch_stop();
}

static void
more_than_a_batch_holds_is_written_meanwhile(void **state)
{
	char text[1000];
	struct sta_err err;

	(void) state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	counts_only = true;
	assert_int_equal(sta_log_batch_start(&err), STA_OK);
	for (int i = 0; i < 200; i++)
		sta_log(STA_LOG_INFO, text, NULL);
	sta_log_batch_stop();
	counts_only = false;
	assert_true(n_written >= 200 * sizeof(text));
	assert_in_range(n_writes, 4, 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(text_line, setup),
		cmocka_unit_test_setup(batched_lines_are_written_together_and_in_order, setup),
		cmocka_unit_test_setup(an_error_is_written_at_once_and_behind_what_waited, setup),
		cmocka_unit_test_setup(a_waiting_line_is_written_by_and_by, setup),
		cmocka_unit_test_setup(more_than_a_batch_holds_is_written_meanwhile, setup),
		cmocka_unit_test_setup(text_values_cannot_forge_lines_or_fields, setup),
		cmocka_unit_test_setup(text_message_cannot_forge_lines, setup),
		cmocka_unit_test_setup(json_line, setup),
		cmocka_unit_test_setup(level_is_respected, setup),
		cmocka_unit_test_setup(huge_field_does_not_lose_the_event, setup),
		cmocka_unit_test_setup(out_of_memory_leaves_a_trace, setup),
		cmocka_unit_test_setup(interrupted_write_is_repeated_and_errno_kept, setup),
		cmocka_unit_test(level_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
