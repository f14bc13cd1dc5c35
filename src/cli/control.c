#include "cli/control.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/auto.h"
#include "base/log.h"
#include "cli/wire.h"

struct sta_control {
	struct sta_op_table table;
	int dirfd;
	int listener; /* non-blocking, so that threads may race for a connection */
	int stop;     /* eventfd; readable for ever once written */
	size_t n_threads;
	pthread_t threads[STA_CONTROL_THREADS];
};

/* A socket's path may have 107 bytes, a directory's 4,095: go through its descriptor. */
static void
control_address(int dirfd, struct sockaddr_un *out)
{
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	(void) snprintf(out->sun_path, sizeof(out->sun_path), "/proc/self/fd/%d/%s", dirfd, STA_CONTROL_NAME);
}

static bool
peer_allowed(int fd)
{
	struct ucred peer = { 0 };
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

/* Send {key: value}; value is consumed.  A caller who is gone needs no answer. */
static bool
answer(struct sta_wire *w, const char *key, json_t *value)
{
	json_t *j = json_pack("{s:o}", key, value);
	struct sta_err err = { 0 };
	bool sent = j && sta_wire_send(w, j, STA_CONTROL_ANSWER_MS, &err) == STA_OK;

	json_decref(j);
	return sent;
}

static bool
emit_row(void *arg, json_t *row)
{
	return answer(arg, "row", json_incref(row));
}

static enum sta_rc
run_request(const struct sta_op_table *table, struct sta_wire *w, struct sta_arena *a, json_t **result,
	    struct sta_err *err)
{
	struct sta_op_run run = { .registry = table->registry, .arena = a, .emit = emit_row, .emit_arg = w };
	json_error_t why = { .text = "" };
	const struct sta_op *op;
	const char *name;
	json_t *request;
	enum sta_rc rc = sta_wire_receive(w, a, STA_CONTROL_REQUEST_MS, &request, err);

	if (rc != STA_OK)
		return rc;
	if (json_unpack_ex(request, &why, JSON_STRICT, "{s:s, s:o}", "op", &name, "args", &run.args) < 0)
		return sta_err_set(err, STA_INVALID, 0, "request: %s", why.text);
	op = sta_op_find(table, name);
	if (!op)
		return sta_err_set(err, STA_UNSUPPORTED, 0, "the running server has no operation '%.40s'",
				   name);
	return op->fn(&run, result, err);
}

void
sta_control_serve(const struct sta_op_table *table, struct sta_wire *w)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(STA_OP_MEMORY_MAX);
	struct sta_err err = { 0 };
	json_t *result = NULL;
	enum sta_rc rc;

	rc = a ? run_request(table, w, a, &result, &err) : sta_err_set(&err, STA_NOMEM, 0, "out of memory");
	if (rc == STA_OK)
		(void) answer(w, "result", json_incref(result));
	else if (rc != STA_INCOMPLETE)
		(void) answer(w, "error",
			      json_pack("{s:s, s:s}", "code", sta_rc_name(rc), "message", err.msg));
}

static void
serve_connection(struct sta_control *c, int fd)
{
	STA_AUTO(sta_wire_done) struct sta_wire w = { .fd = fd };

	sta_wire_init(&w, fd, STA_WIRE_REQUEST_MAX);
	if (peer_allowed(fd))
		sta_control_serve(&c->table, &w);
	else
		sta_log(STA_LOG_WARN, "control socket: refused another user", NULL);
}

static void *
serve_loop(void *arg)
{
	struct sta_control *c = arg;
	struct pollfd p[] = { { .fd = c->stop, .events = POLLIN }, { .fd = c->listener, .events = POLLIN } };

	for (;;) {
		int fd;

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return NULL;
		if (p[0].revents != 0)
			return NULL;
		fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			serve_connection(c, fd);
	}
}

/* A listening socket of mode 0600. */
static enum sta_rc
make_listener(int dirfd, int *out, struct sta_err *err)
{
	STA_AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address;

	control_address(dirfd, &address);
	if (fd < 0)
		return sta_err_set(err, STA_IO, errno, "control socket");
	if (unlinkat(dirfd, STA_CONTROL_NAME, 0) < 0 && errno != ENOENT)
		return sta_err_set(err, STA_IO, errno, "remove the old " STA_CONTROL_NAME);
	/* Before bind(2): the name is never there with another mode. */
	if (fchmod(fd, 0600) < 0 || bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0 ||
	    listen(fd, STA_CONTROL_THREADS) < 0)
		return sta_err_set(err, STA_IO, errno, "listen on " STA_CONTROL_NAME);
	*out = sta_take_fd(&fd);
	return STA_OK;
}

enum sta_rc
sta_control_start(int dirfd, const struct sta_op_table *table, struct sta_control **out, struct sta_err *err)
{
	struct sta_control *c = sta_malloc(sizeof(*c));
	enum sta_rc rc;

	if (!c)
		return sta_err_set(err, STA_NOMEM, 0, "out of memory for the control socket");
	*c = (struct sta_control){ .table = *table, .dirfd = dirfd, .listener = -1 };
	c->stop = eventfd(0, EFD_CLOEXEC);
	rc = c->stop < 0 ? sta_err_set(err, STA_IO, errno, "eventfd")
			 : make_listener(dirfd, &c->listener, err);
	while (rc == STA_OK && c->n_threads < STA_CONTROL_THREADS) {
		int failed = pthread_create(&c->threads[c->n_threads], NULL, serve_loop, c);

		if (failed != 0)
			rc = sta_err_set(err, STA_IO, failed, "start a thread for the control socket");
		else
			c->n_threads++;
	}
	if (rc == STA_OK)
		*out = c;
	else
		sta_control_stop(c);
	return rc;
}

void
sta_control_stop(struct sta_control *c)
{
	if (!c)
		return;
	if (c->stop >= 0)
		(void) eventfd_write(c->stop, 1);
	for (size_t i = 0; i < c->n_threads; i++)
		(void) pthread_join(c->threads[i], NULL);
	if (c->listener >= 0) {
		(void) unlinkat(c->dirfd, STA_CONTROL_NAME, 0);
		(void) close(c->listener);
	}
	if (c->stop >= 0)
		(void) close(c->stop);
	sta_free(c);
}

enum sta_rc
sta_control_connect(int dirfd, int *out, struct sta_err *err)
{
	STA_AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;

	control_address(dirfd, &address);
	if (fd < 0)
		return sta_err_set(err, STA_IO, errno, "control socket");
	if (connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0) {
		bool nobody = errno == ENOENT || errno == ECONNREFUSED;

		return sta_err_set(err, nobody ? STA_NOT_FOUND : STA_IO, errno,
				   "connect to " STA_CONTROL_NAME);
	}
	*out = sta_take_fd(&fd);
	return STA_OK;
}
