#include "t.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/control.h"
#include "cli/wire.h"

static _Atomic uid_t peer_uid; /* what SO_PEERCRED says; the server's thread asks */

int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *len);

int
__wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	(void) fd;
	if (level != SOL_SOCKET || name != SO_PEERCRED || *len != sizeof(struct ucred))
		return -1;
	*(struct ucred *) value = (struct ucred){ .uid = peer_uid };
	return 0;
}

static enum sta_rc
op_echo(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	const char *word;
	int rows = 0;
	enum sta_rc rc = sta_op_args(run, err, "{s:s, s?i}", "word", &word, "rows", &rows);

	for (int i = 0; i < rows && rc == STA_OK; i++)
		rc = sta_op_row(run, json_pack("{s:i}", "n", i), err);
	return rc == STA_OK ? sta_op_result(run, json_pack("{s:s}", "word", word), result, err) : rc;
}

static enum sta_rc
op_fail(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	(void) run;
	(void) result;
	return sta_err_set(err, STA_EXISTS, 0, "the name '%s' is taken", "a\nb");
}

static const struct sta_op ops[] = {
	{ .name = "echo", .rows = "numbers", .fn = op_echo },
	{ .name = "fail", .fn = op_fail },
};
static const struct sta_op_table table = { .ops = ops, .n = ARRAY_LEN(ops) };

/* A long name, so that a plain path would not fit into a socket's address. */
static char dir[] = "/tmp/staithe-control-"
		    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		    "xxxxxxxxxxxxxx-"
		    "XXXXXX";
static int dirfd_all = -1;

static int
setup_all(void **state)
{
	(void) state;
	dirfd_all = mkdtemp(dir) ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	return dirfd_all < 0 ? -1 : 0;
}

static int
teardown_all(void **state)
{
	(void) state;
	(void) close(dirfd_all);
	return rmdir(dir);
}

struct session {
	struct sta_arena *arena;
	struct sta_wire w;
};

/* Send one request to table over a socket pair; the answer waits in the session. */
static void
ask(struct session *s, const char *request)
{
	struct sta_wire server;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	sta_wire_init(&s->w, fds[0], STA_WIRE_ANSWER_MAX);
	sta_wire_init(&server, fds[1], STA_WIRE_REQUEST_MAX);
	assert_int_equal(send(fds[0], request, strlen(request), 0), (ssize_t) strlen(request));
	assert_int_equal(shutdown(fds[0], SHUT_WR), 0);
	sta_control_serve(&table, &server);
	sta_wire_done(&server);
}

/* The next line of the answer, as text. */
static const char *
line(struct session *s)
{
	struct sta_err err = { 0 };
	json_t *got;
	char *text;

	if (sta_wire_receive(&s->w, s->arena, 1000, &got, &err) != STA_OK)
		return err.rc == STA_INCOMPLETE ? "end" : "error";
	text = sta_json_dump(s->arena, got);
	assert_non_null(text);
	return text;
}

static int
setup(void **state)
{
	static struct session s;

	peer_uid = geteuid();
	s = (struct session){ .arena = sta_arena_new(8 << 20), .w = { .fd = -1 } };
	*state = &s;
	return s.arena ? 0 : -1;
}

static int
teardown(void **state)
{
	struct session *s = *state;

	if (s->w.fd >= 0)
		sta_wire_done(&s->w);
	sta_arena_free(s->arena);
	return 0;
}

static void
rows_come_before_the_result(void **state)
{
	struct session *s = *state;

	ask(s, "{\"op\":\"echo\",\"args\":{\"word\":\"hi\",\"rows\":2}}\n");
	assert_string_equal(line(s), "{\"row\":{\"n\":0}}");
	assert_string_equal(line(s), "{\"row\":{\"n\":1}}");
	assert_string_equal(line(s), "{\"result\":{\"word\":\"hi\"}}");
	assert_string_equal(line(s), "end");
}

static void
a_failure_is_its_code_and_message(void **state)
{
	struct session *s = *state;

	ask(s, "{\"op\":\"fail\",\"args\":{}}\n");
	assert_string_equal(line(s),
			    "{\"error\":{\"code\":\"exists\",\"message\":\"the name 'a\\nb' is taken\"}}");
	assert_string_equal(line(s), "end");
}

static void
wrong_requests_are_refused(void **state)
{
	static const struct {
		const char *request;
		const char *answer; /* beginning */
	} rows[] = {
		{ "", "end" },
		{ "{\"op\":\"echo\"", "end" },
		{ "\n", "{\"error\":{\"code\":\"invalid\"" },
		{ "[]\n", "{\"error\":{\"code\":\"invalid\"" },
		{ "{\"op\":\"echo\"}\n", "{\"error\":{\"code\":\"invalid\"" },
		{ "{\"op\":1,\"args\":{}}\n", "{\"error\":{\"code\":\"invalid\"" },
		{ "{\"op\":\"echo\",\"args\":{\"word\":\"\"},\"x\":1}\n",
		  "{\"error\":{\"code\":\"invalid\"" },
		{ "{\"op\":\"echo\",\"args\":[]}\n", "{\"error\":{\"code\":\"invalid\"" },
		{ "{\"op\":\"echo\",\"args\":{}}\n", "{\"error\":{\"code\":\"invalid\"" },
		{ "{\"op\":\"echo\",\"args\":{\"word\":1}}\n", "{\"error\":{\"code\":\"invalid\"" },
		{ "{\"op\":\"echo\",\"args\":{\"word\":\"\",\"more\":1}}\n",
		  "{\"error\":{\"code\":\"invalid\"" },
		{ "{\"op\":\"ech\",\"args\":{}}\n", "{\"error\":{\"code\":\"unsupported\",\"message\":\"the "
						    "running server has no operation 'ech'\"}}" },
	};
	struct session *s = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *got;

		ask(s, rows[i].request);
		got = line(s);
		if (strncmp(got, rows[i].answer, strlen(rows[i].answer)) != 0)
			fail_msg("%s -> %s", rows[i].request, got);
		sta_wire_done(&s->w);
	}
}

static void
a_request_has_a_size_limit(void **state)
{
	static char request[STA_WIRE_REQUEST_MAX + 3];
	struct session *s = *state;

	memset(request, ' ', sizeof(request) - 1);
	ask(s, request);
	assert_string_equal(
		line(s),
		"{\"error\":{\"code\":\"too_large\",\"message\":\"a control message is too long\"}}");
}

/* A whole server with its threads. */
static struct sta_control *
start(void)
{
	struct sta_control *c = NULL;
	struct sta_err err;

	if (sta_control_start(dirfd_all, &table, &c, &err) != STA_OK)
		fail_msg("%s", err.msg);
	return c;
}

static void
connect_to(struct session *s)
{
	struct sta_err err;
	int fd = -1;

	assert_int_equal(sta_control_connect(dirfd_all, &fd, &err), STA_OK);
	sta_wire_init(&s->w, fd, STA_WIRE_ANSWER_MAX);
}

static void
expect_an_answer(struct session *s)
{
	json_t *request = json_pack("{s:s, s:{s:s}}", "op", "echo", "args", "word", "hi");
	struct sta_err err;

	connect_to(s);
	assert_int_equal(sta_wire_send(&s->w, request, 1000, &err), STA_OK);
	assert_string_equal(line(s), "{\"result\":{\"word\":\"hi\"}}");
	json_decref(request);
}

static void
a_client_gets_its_answer_through_the_socket(void **state)
{
	struct sta_control *c = start();
	struct session *s = *state;

	expect_an_answer(s);
	sta_control_stop(c);
}

static void
silent_clients_do_not_keep_others_waiting(void **state)
{
	struct sta_control *c = start();
	int silent[STA_CONTROL_THREADS - 1];
	struct session *s = *state;
	struct sta_err err;

	for (size_t i = 0; i < ARRAY_LEN(silent); i++)
		assert_int_equal(sta_control_connect(dirfd_all, &silent[i], &err), STA_OK);
	expect_an_answer(s);
	for (size_t i = 0; i < ARRAY_LEN(silent); i++)
		(void) close(silent[i]);
	sta_control_stop(c);
}

static void
the_socket_is_private_and_gone_after_the_stop(void **state)
{
	struct sta_control *c = start();
	struct sta_err err;
	struct stat st;
	int fd = -1;

	(void) state;
	assert_int_equal(fstatat(dirfd_all, STA_CONTROL_NAME, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0600);
	sta_control_stop(c);
	assert_int_equal(sta_control_connect(dirfd_all, &fd, &err), STA_NOT_FOUND);
	assert_int_equal(fd, -1);
	sta_control_stop(NULL);
}

static void
a_dead_socket_is_replaced(void **state)
{
	struct sta_control *c;
	struct sta_err err;
	int fd = -1;

	(void) state;
	fd = openat(dirfd_all, STA_CONTROL_NAME, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	(void) close(fd);
	assert_int_equal(sta_control_connect(dirfd_all, &fd, &err), STA_NOT_FOUND);
	c = start();
	assert_int_equal(sta_control_connect(dirfd_all, &fd, &err), STA_OK);
	(void) close(fd);
	sta_control_stop(c);
}

static void
another_user_is_refused_and_root_is_not(void **state)
{
	struct sta_control *c = start();
	struct session *s = *state;

	peer_uid = geteuid() + 1;
	connect_to(s);
	assert_string_equal(line(s), "end");
	sta_wire_done(&s->w);
	peer_uid = 0;
	expect_an_answer(s);
	sta_control_stop(c);
}

static void
a_directory_that_is_none_is_an_error(void **state)
{
	struct sta_control *c = NULL;
	struct sta_err err;
	int fd = -1;

	(void) state;
	assert_int_equal(sta_control_start(-1, &table, &c, &err), STA_IO);
	assert_null(c);
	assert_int_equal(sta_control_connect(-1, &fd, &err), STA_NOT_FOUND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rows_come_before_the_result, setup, teardown),
		cmocka_unit_test_setup_teardown(a_failure_is_its_code_and_message, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_requests_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_request_has_a_size_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(a_client_gets_its_answer_through_the_socket, setup, teardown),
		cmocka_unit_test_setup_teardown(silent_clients_do_not_keep_others_waiting, setup, teardown),
		cmocka_unit_test_setup_teardown(the_socket_is_private_and_gone_after_the_stop, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_dead_socket_is_replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(another_user_is_refused_and_root_is_not, setup, teardown),
		cmocka_unit_test_setup_teardown(a_directory_that_is_none_is_an_error, setup, teardown),
	};

	return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
