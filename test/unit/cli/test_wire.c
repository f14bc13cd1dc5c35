#include "t.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/wire.h"

#define LINE_MAX_TEST 64

struct pair {
	struct sta_arena *arena;
	struct sta_wire w;
	int peer;
};

static int fail_errno; /* of the next send(2) or read(2); 0: none */

ssize_t __real_send(int fd, const void *p, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *p, size_t len, int flags);
ssize_t __real_read(int fd, void *p, size_t len);
ssize_t __wrap_read(int fd, void *p, size_t len);

static bool
fail_now(void)
{
	errno = fail_errno;
	fail_errno = 0;
	return errno != 0;
}

ssize_t
__wrap_send(int fd, const void *p, size_t len, int flags)
{
	return fail_now() ? -1 : __real_send(fd, p, len, flags);
}

ssize_t
__wrap_read(int fd, void *p, size_t len)
{
	return fail_now() ? -1 : __real_read(fd, p, len);
}

static int
setup(void **state)
{
	static struct pair p;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	p = (struct pair){ .arena = sta_arena_new(1 << 20), .peer = fds[1] };
	sta_wire_init(&p.w, fds[0], LINE_MAX_TEST);
	fail_errno = 0;
	*state = &p;
	return p.arena ? 0 : -1;
}

static int
teardown(void **state)
{
	struct pair *p = *state;

	sta_wire_done(&p->w);
	(void) close(p->peer);
	sta_arena_free(p->arena);
	return 0;
}

static void
give(const struct pair *p, const char *text)
{
	assert_int_equal(__real_send(p->peer, text, strlen(text), 0), (ssize_t) strlen(text));
}

static void
expect(struct pair *p, const char *key, const char *value)
{
	struct sta_err err = { 0 };
	json_t *got = NULL;

	if (sta_wire_receive(&p->w, p->arena, 1000, &got, &err) != STA_OK)
		fail_msg("%s", err.msg);
	assert_string_equal(json_string_value(json_object_get(got, key)), value);
}

static void
refused(struct pair *p, int timeout_ms, enum sta_rc rc)
{
	struct sta_err err = { 0 };
	json_t *got = NULL;

	assert_int_equal(sta_wire_receive(&p->w, p->arena, timeout_ms, &got, &err), rc);
	assert_null(got);
}

static void
lines_come_one_by_one_however_they_were_cut(void **state)
{
	struct pair *p = *state;

	give(p, "{\"a\":\"1\"}\n{\"a\":");
	expect(p, "a", "1");
	give(p, "\"2\"}\n{\"a\":\"3\"}\n");
	expect(p, "a", "2");
	expect(p, "a", "3");
}

static void
the_limit_is_for_each_line(void **state)
{
	char line[LINE_MAX_TEST + 2];
	struct pair *p = *state;

	memset(line, ' ', sizeof(line));
	memcpy(line, "{\"a\":\"1\"}", 9);
	line[LINE_MAX_TEST] = '\n';
	line[LINE_MAX_TEST + 1] = '\0';
	for (int i = 0; i < 3; i++) {
		give(p, line);
		expect(p, "a", "1");
	}
}

static void
a_line_over_the_limit_is_refused(void **state)
{
	char line[LINE_MAX_TEST + 3];
	struct pair *p = *state;

	memset(line, ' ', sizeof(line));
	line[LINE_MAX_TEST + 2] = '\0';
	give(p, line);
	refused(p, 1000, STA_TOO_LARGE);
}

static void
what_is_no_object_is_refused(void **state)
{
	static const char *const lines[] = { "\n", "x\n", "1\n", "{\"a\":1,\"a\":2}\n", "{}{}\n" };
	struct pair *p = *state;

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		give(p, lines[i]);
		refused(p, 1000, STA_INVALID);
	}
}

static void
a_half_line_times_out(void **state)
{
	struct pair *p = *state;

	give(p, "{\"a\":");
	refused(p, 1, STA_TIMEOUT);
}

static void
a_closed_socket_is_told_from_an_error(void **state)
{
	struct pair *p = *state;

	give(p, "{\"a\":");
	assert_int_equal(shutdown(p->peer, SHUT_WR), 0);
	refused(p, 1000, STA_INCOMPLETE);
	fail_errno = EIO;
	refused(p, 1000, STA_IO);
}

static void
an_interrupted_read_goes_on(void **state)
{
	struct pair *p = *state;

	give(p, "{\"a\":\"1\"}\n");
	fail_errno = EINTR;
	expect(p, "a", "1");
}

static void
a_sent_object_is_one_line(void **state)
{
	struct pair *p = *state;
	struct sta_err err;
	json_t *j = json_pack("{s:s}", "a", "line\nbreak");
	char got[64] = "";

	fail_errno = EINTR;
	assert_int_equal(sta_wire_send(&p->w, j, 1000, &err), STA_OK);
	assert_int_equal(__real_read(p->peer, got, sizeof(got) - 1), 20);
	assert_string_equal(got, "{\"a\":\"line\\nbreak\"}\n");
	fail_errno = EPIPE;
	assert_int_equal(sta_wire_send(&p->w, j, 1000, &err), STA_IO);
	json_decref(j);
}

/* An object whose text has len bytes. */
static json_t *
object_of(size_t len)
{
	char *text = test_malloc(len);
	json_t *j;

	memset(text, 'x', len);
	j = json_pack("{s:s#}", "a", text, (int) (len - strlen("{\"a\":\"\"}")));
	test_free(text);
	assert_non_null(j);
	return j;
}

static void
a_reader_that_does_not_read_times_out(void **state)
{
	json_t *j = object_of(STA_WIRE_ANSWER_MAX);
	struct pair *p = *state;
	struct sta_err err;

	assert_int_equal(sta_wire_send(&p->w, j, 1, &err), STA_TIMEOUT);
	json_decref(j);
}

static void
an_object_over_the_limit_is_not_sent(void **state)
{
	json_t *j = object_of(STA_WIRE_ANSWER_MAX + 1);
	struct pair *p = *state;
	struct sta_err err;

	assert_int_equal(sta_wire_send(&p->w, j, 1, &err), STA_TOO_LARGE);
	json_decref(j);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lines_come_one_by_one_however_they_were_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(the_limit_is_for_each_line, setup, teardown),
		cmocka_unit_test_setup_teardown(a_line_over_the_limit_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_object_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_half_line_times_out, setup, teardown),
		cmocka_unit_test_setup_teardown(a_closed_socket_is_told_from_an_error, setup, teardown),
		cmocka_unit_test_setup_teardown(an_interrupted_read_goes_on, setup, teardown),
		cmocka_unit_test_setup_teardown(a_sent_object_is_one_line, setup, teardown),
		cmocka_unit_test_setup_teardown(a_reader_that_does_not_read_times_out, setup, teardown),
		cmocka_unit_test_setup_teardown(an_object_over_the_limit_is_not_sent, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
