#include "cli/ask.h"

#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/clock.h"
#include "cli/control.h"
#include "cli/home.h"
#include "cli/wire.h"

/* A server that starts holds the lock before it listens, one that stops holds it longer. */
#define HANDOVER_NS (5 * UINT64_C(1000000000))
#define RETRY_NS 50000000L

struct question {
	struct sta_cli *cli;
	const struct sta_op *op;
	json_t *args;
	sta_ask_row_fn *on_row;
	json_t *rows;
};

static bool
take_row(void *arg, json_t *row)
{
	struct question *q = arg;

	if (q->on_row)
		q->on_row(row);
	return json_array_append(q->rows, row) == 0;
}

static enum sta_rc
do_here(struct question *q, struct sta_home *h, json_t **result, struct sta_err *err)
{
	struct sta_op_run run = { .arena = q->cli->arena, .args = q->args, .emit = take_row, .emit_arg = q };
	enum sta_rc rc;

	if (!q->op->first && !sta_home_exists(h))
		return sta_err_set(err, STA_NOT_FOUND, 0,
				   "%s holds no registry; start one with: staithe serve", h->path);
	rc = sta_home_open(h, q->cli->conf, 0, err);
	if (rc != STA_OK)
		return rc;
	run.registry = h->registry;
	return q->op->fn(&run, result, err);
}

/* The rc of that name, as sta_rc_name() writes it. */
static enum sta_rc
rc_of(const char *name)
{
	enum sta_rc rc = 0;

	while (rc < STA_RC_MAX_ && strcmp(sta_rc_name(rc), name) != 0)
		rc++;
	return rc < STA_RC_MAX_ && rc != STA_OK ? rc : STA_BACKEND;
}

/* One line of the server's answer.  *result stays NULL after a row. */
static enum sta_rc
take_line(struct question *q, json_t *line, json_t **result, struct sta_err *err)
{
	json_t *row = json_object_get(line, "row");
	json_t *done = json_object_get(line, "result");
	const char *message;
	const char *code;

	if (json_unpack(line, "{s:{s:s, s:s}}", "error", "code", &code, "message", &message) == 0)
		return sta_err_set(err, rc_of(code), 0, "%s", message);
	if (json_is_object(row))
		return take_row(q, row) ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "out of memory");
	if (!json_is_object(done))
		return sta_err_set(err, STA_BACKEND, 0, "the running server answered something else");
	*result = done;
	return STA_OK;
}

static enum sta_rc
ask_server(struct question *q, int fd, json_t **result, struct sta_err *err)
{
	STA_AUTO(sta_wire_done) struct sta_wire w = { .fd = fd };
	struct sta_arena *a = q->cli->arena;
	json_t *request = sta_json_own(a, json_pack("{s:s, s:O}", "op", q->op->name, "args", q->args));
	json_t *done = NULL;
	enum sta_rc rc;

	sta_wire_init(&w, fd, STA_WIRE_ANSWER_MAX);
	if (!request)
		return sta_err_set(err, STA_NOMEM, 0, "out of memory");
	rc = sta_wire_send(&w, request, STA_CONTROL_REQUEST_MS, err);
	/* Work may take hours; a server that ends closes the socket. */
	while (rc == STA_OK && !done) {
		json_t *line = NULL;

		rc = sta_wire_receive(&w, a, -1, &line, err);
		if (rc == STA_OK)
			rc = take_line(q, line, &done, err);
	}
	if (rc == STA_OK)
		*result = done;
	return rc;
}

/* By whoever holds the lock; both may change hands while we look. */
static enum sta_rc
ask_owner(struct question *q, struct sta_home *h, json_t **result, struct sta_err *err)
{
	uint64_t until = sta_now_ns() + HANDOVER_NS;

	for (;;) {
		int fd = -1;
		enum sta_rc rc = sta_home_lock(h, err);

		if (rc == STA_OK)
			return do_here(q, h, result, err);
		if (rc != STA_BUSY)
			return rc;
		rc = sta_control_connect(h->dirfd, &fd, err);
		if (rc == STA_OK)
			return ask_server(q, fd, result, err);
		if (rc != STA_NOT_FOUND)
			return rc;
		if (sta_now_ns() > until)
			return sta_err_set(
				err, STA_BUSY, 0,
				"%s is in use by another command, or by a server that is starting or "
				"stopping",
				h->path);
		(void) nanosleep(&(struct timespec){ .tv_nsec = RETRY_NS }, NULL);
	}
}

/* What kept json_pack() from making the arguments. */
static enum sta_rc
not_packed(struct sta_cli *cli, struct sta_err *err)
{
	for (size_t i = 0; i < cli->n_args + cli->n_flags; i++) {
		const char *text = i < cli->n_args ? cli->args[i] : cli->flags[i - cli->n_args].value;
		json_t *packed = json_string(text);

		if (!packed)
			return sta_cli_usage(cli, err, "'%.40s' is not valid UTF-8", text);
		json_decref(packed);
	}
	return sta_err_set(err, STA_NOMEM, 0, "out of memory");
}

enum sta_rc
sta_ask(struct sta_cli *cli, const char *op, json_t *args, sta_ask_row_fn *on_row, json_t **answer,
	struct sta_err *err)
{
	STA_AUTO(sta_home_close) struct sta_home h = STA_HOME_CLOSED;
	struct sta_op_table table = sta_ops(NULL);
	struct question q = { .cli = cli, .op = sta_op_find(&table, op), .on_row = on_row };
	json_t *result = NULL;
	enum sta_rc rc;

	if (!args)
		return not_packed(cli, err);
	q.args = sta_json_own(cli->arena, args);
	q.rows = sta_json_own(cli->arena, json_array());
	if (!q.args || !q.rows)
		return sta_err_set(err, STA_NOMEM, 0, "out of memory");
	rc = sta_home_find(&h, sta_conf_text(cli->conf, STA_OPTION_DATA), false, err);
	if (rc == STA_OK && !q.op->first && !sta_home_exists(&h))
		rc = sta_err_set(err, STA_NOT_FOUND, 0, "%s holds no registry; start one with: staithe serve",
				 h.path);
	if (rc == STA_OK)
		rc = ask_owner(&q, &h, &result, err);
	if (rc == STA_OK && q.op->rows && json_object_set(result, q.op->rows, q.rows) < 0)
		rc = sta_err_set(err, STA_NOMEM, 0, "out of memory");
	if (rc == STA_OK)
		*answer = result;
	return rc;
}
