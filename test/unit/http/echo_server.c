/*
 * echo_server - the HTTP engine with handlers that do what the tests in
 * test/integration/http_engine ask for.
 *
 *   echo_server [--NAME VALUE]... FILE
 *
 * FILE is served at /file.  Prints "listening ADDRESS" and one line for each
 * request that is over, for each upload let go and for each reload (SIGHUP).
 * SIGTERM drains and ends it.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/pool.h"
#include "http/http_mhd.h"

struct upload {
	struct upload *next; /* waits for the waker */
	struct sta_request *req;
	unsigned long long bytes, sum, most, fail_at, hold_ms;
};

struct echo {
	const char *file;
	struct sta_server *server;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct upload *waiting;
	bool ends;
};

static unsigned long long
query_number(const struct sta_request *req, const char *name, unsigned long long otherwise)
{
	const char *text = sta_request_query(req, name, 0);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static enum sta_rc
answer(struct sta_response *res, int status, const char *text, struct sta_err *err)
{
	if (!text)
		return sta_err_set(err, STA_NOMEM, 0, "out of memory");
	res->status = status;
	res->kind = STA_REPLY_BYTES;
	res->bytes = text;
	res->size = strlen(text);
	return sta_response_header(res, "Content-Type", "text/plain", err);
}

/* What the engine made of the request. */
static enum sta_rc
show(void *app, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	const char *x = sta_request_query(req, "x", 0);
	const char *y = sta_request_query(req, "x", 1);

	(void) app;
	return answer(res, 200,
		      sta_arena_printf(req->arena,
				       "%s %s route=%s p0=%s p1=%s x=%s y=%s peer=%s tls=%d id=%s\n",
				       sta_method_name(req->method), req->path, req->route->label,
				       req->param[0] ? req->param[0] : "", req->param[1] ? req->param[1] : "",
				       x ? x : "-", y ? y : "-", req->peer, req->tls, req->id),
		      err);
}

static enum sta_rc
show_body(void *app, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	(void) app;
	res->status = 200;
	res->kind = STA_REPLY_BYTES;
	res->bytes = req->body;
	res->size = req->body_len;
	return sta_response_header(res, "Content-Type", "application/octet-stream", err);
}

static enum sta_rc
inject(void *app, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	const char *value = sta_request_query(req, "v", 0);

	(void) app;
	res->status = 200;
	return sta_response_header(res, "X-Value", value ? value : "a\r\nX-Evil: 1", err);
}

static void
sleep_ms(unsigned long long ms)
{
	const struct timespec span = { .tv_sec = (time_t) (ms / 1000),
				       .tv_nsec = (long) (ms % 1000) * 1000000 };

	(void) nanosleep(&span, NULL);
}

static enum sta_rc
slow(void *app, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	(void) app;
	if (!sta_request_may_wait(req))
		return STA_WOULD_BLOCK;
	sleep_ms(query_number(req, "ms", 0));
	return answer(res, 200, "waited\n", err);
}

static enum sta_rc
where(void *app, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	(void) app;
	return answer(res, 200, sta_request_may_wait(req) ? "worker\n" : "loop\n", err);
}

static enum sta_rc
serve_file(void *app, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	const struct echo *e = app;
	struct stat st;

	(void) req;
	res->fd = open(e->file, O_RDONLY | O_CLOEXEC);
	if (res->fd < 0 || fstat(res->fd, &st) < 0)
		return sta_err_set(err, STA_IO, 0, "open the file");
	res->status = 200;
	res->kind = STA_REPLY_FILE;
	res->size = (uint64_t) st.st_size;
	res->ranges = true;
	res->etag = "\"file-1\"";
	return sta_response_header(res, "Content-Type", "application/octet-stream", err);
}

static enum sta_rc
serve_bytes(void *app, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	(void) app, (void) req;
	res->ranges = true;
	res->etag = "\"bytes-1\"";
	return answer(res, 200, "0123456789", err);
}

static enum sta_rc
stats(void *app, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_server_stats st;

	sta_server_stats(((struct echo *) app)->server, &st);
	return answer(
		res, 200,
		sta_arena_printf(req->arena,
				 "connections=%llu active=%llu accepted=%llu framing=%llu slow=%llu\n",
				 (unsigned long long) st.connections, (unsigned long long) st.requests_active,
				 (unsigned long long) st.accepted, (unsigned long long) st.refused_framing,
				 (unsigned long long) st.timed_out),
		err);
}

/* ---- uploads ---- */

static struct echo *the_echo;

/* The client went away, or all is done. */
static void
let_go(void *arg)
{
	struct upload *up = arg;

	(void) pthread_mutex_lock(&the_echo->lock);
	for (struct upload **p = &the_echo->waiting; *p; p = &(*p)->next)
		if (*p == up) {
			*p = up->next;
			break;
		}
	(void) pthread_mutex_unlock(&the_echo->lock);
	(void) printf("upload over bytes=%llu\n", up->bytes);
}

static void
queue(struct upload *up)
{
	(void) pthread_mutex_lock(&the_echo->lock);
	up->next = the_echo->waiting;
	the_echo->waiting = up;
	(void) pthread_cond_signal(&the_echo->wake);
	(void) pthread_mutex_unlock(&the_echo->lock);
}

/* Another thread that resumes uploads; under the lock, so that none is let go meanwhile. */
static void *
waker(void *arg)
{
	struct echo *e = arg;

	(void) pthread_mutex_lock(&e->lock);
	while (!e->ends) {
		struct upload *up = e->waiting;

		if (up) {
			e->waiting = up->next;
			sleep_ms(up->hold_ms);
			sta_request_resume(up->req);
		} else {
			(void) pthread_cond_wait(&e->wake, &e->lock);
		}
	}
	(void) pthread_mutex_unlock(&e->lock);
	return NULL;
}

static enum sta_rc
take(void *ctx, const void *p, size_t len, size_t *taken, struct sta_err *err)
{
	struct upload *up = ctx;

	if (up->bytes >= up->fail_at)
		return sta_err_set(err, STA_FULL, 0, "no space");
	*taken = up->most < len ? (size_t) up->most : len;
	for (size_t i = 0; i < *taken; i++)
		up->sum += ((const unsigned char *) p)[i];
	up->bytes += *taken;
	if (*taken < len) {
		if (sta_request_query(up->req, "now", 0))
			sta_request_resume(up->req); /* before this returns */
		else if (!sta_request_query(up->req, "never", 0))
			queue(up);
	}
	return STA_OK;
}

static enum sta_rc
upload_begin(void *app, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct upload *up;

	(void) app;
	if (sta_request_query(req, "wait", 0) && !sta_request_may_wait(req))
		return STA_WOULD_BLOCK;
	if (sta_request_query(req, "deny", 0))
		return sta_err_set(err, STA_DENIED, 0, "denied");
	if (sta_request_query(req, "known", 0))
		return answer(res, 201, "known\n", err);
	up = sta_arena_alloc(req->arena, sizeof(*up));
	if (!up || sta_request_defer(req, let_go, up) != STA_OK)
		return sta_err_set(err, STA_NOMEM, 0, "out of memory");
	up->req = req;
	up->hold_ms = query_number(req, "hold", 0);
	up->most = query_number(req, "most", 1 << 30);
	up->fail_at = query_number(req, "fail_at", (unsigned long long) 1 << 62);
	req->state = up;
	req->sink.write = take;
	req->sink.ctx = up;
	return STA_OK;
}

static enum sta_rc
upload_end(void *app, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	const struct upload *up = req->state;

	(void) app;
	sleep_ms(query_number(req, "ms", 0));
	return answer(res, 201,
		      sta_arena_printf(req->arena, "bytes=%llu sum=%llu wait=%d\n", up->bytes, up->sum,
				       sta_request_may_wait(req)),
		      err);
}

static enum sta_rc
deny(void *app, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	(void) app, (void) res;
	return sta_request_query(req, "deny", 0) ? sta_err_set(err, STA_DENIED, 0, "denied") : STA_OK;
}

static const struct sta_route routes[] = {
	{ STA_GET, "/", "root", STA_BODY_NONE, 0, false, NULL, show },
	{ STA_GET, "/v2/{name}/blobs/{digest}", "blob", STA_BODY_NONE, 0, false, NULL, show },
	{ STA_DELETE, "/v2/{name}/blobs/{digest}", "blob_delete", STA_BODY_NONE, 0, false, NULL, show },
	{ STA_POST, "/none", "none", STA_BODY_NONE, 0, false, NULL, show },
	{ STA_PUT, "/memory", "memory", STA_BODY_MEMORY, 100000, false, deny, show_body },
	{ STA_PUT, "/stream", "stream", STA_BODY_STREAM, 0, false, upload_begin, upload_end },
	{ STA_GET, "/slow", "slow", STA_BODY_NONE, 0, false, NULL, slow },
	{ STA_GET, "/waits", "waits", STA_BODY_NONE, 0, true, NULL, where },
	{ STA_GET, "/where", "where", STA_BODY_NONE, 0, false, NULL, where },
	{ STA_GET, "/file", "file", STA_BODY_NONE, 0, false, NULL, serve_file },
	{ STA_GET, "/bytes", "bytes", STA_BODY_NONE, 0, false, NULL, serve_bytes },
	{ STA_GET, "/inject", "inject", STA_BODY_NONE, 0, false, NULL, inject },
	{ STA_GET, "/stats", "stats", STA_BODY_NONE, 0, false, NULL, stats },
};

static void
fail(void *app, struct sta_request *req, const struct sta_err *err, const char *allow,
     struct sta_response *res)
{
	static const int status[STA_RC_MAX_] = {
		[STA_NOT_FOUND] = 404,       [STA_UNSUPPORTED] = 405, [STA_INVALID] = 400,
		[STA_TOO_LARGE] = 413,       [STA_DENIED] = 403,      [STA_FULL] = 507,
		[STA_UNAUTHENTICATED] = 401, [STA_TIMEOUT] = 408,     [STA_OUT_OF_ORDER] = 416,
	};
	struct sta_err ignored;
	const char *text = sta_arena_printf(req->arena, "failed: %s\n", err->msg);

	(void) app;
	if (!text || answer(res, status[err->rc] ? status[err->rc] : 500, text, &ignored) != STA_OK ||
	    (allow && sta_response_header(res, "Allow", allow, &ignored) != STA_OK))
		res->status = 500;
}

static void
finish(void *app, struct sta_request *req, struct sta_response *res)
{
	struct sta_err ignored;

	(void) app, (void) req;
	if (sta_response_header(res, "X-Finished", "1", &ignored) != STA_OK)
		res->status = 500;
}

static void
observe(void *ctx, const struct sta_access_record *rec)
{
	(void) ctx;
	(void) printf("over %s %s %d in=%llu out=%llu aborted=%d label=%s\n",
		      sta_method_name(rec->req->method), rec->req->target, rec->status,
		      (unsigned long long) rec->bytes_in, (unsigned long long) rec->bytes_out, rec->aborted,
		      rec->req->route ? rec->req->route->label : "-");
}

/* ---- main ---- */

static bool
take_option(struct sta_server_options *o, unsigned *grace, const char *name, char **value)
{
	const struct {
		const char *name;
		unsigned *value;
	} numbers[] = {
		{ "--loops", &o->loops },
		{ "--connections", &o->connections_max },
		{ "--per-peer", &o->connections_per_peer },
		{ "--header-timeout", &o->header_timeout_s },
		{ "--idle-timeout", &o->idle_timeout_s },
		{ "--body-timeout", &o->body_timeout_s },
		{ "--grace", grace },
	};
	static const char *trusted[2];

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (strcmp(name, numbers[i].name) == 0) {
			*numbers[i].value = (unsigned) strtoul(*value, NULL, 10);
			return true;
		}
	if (strcmp(name, "--certificate") == 0) {
		o->tls_certificate = *value;
	} else if (strcmp(name, "--key") == 0) {
		o->tls_key = *value;
	} else if (strcmp(name, "--listen") == 0) {
		o->listen = *value;
	} else if (strcmp(name, "--trust") == 0) {
		trusted[0] = *value;
		o->trusted_proxies = trusted;
	} else {
		return false;
	}
	return true;
}

/* Serve until SIGTERM. */
static void
run(struct echo *e, const sigset_t *signals)
{
	int sig = 0;

	(void) printf("listening %s\n", sta_server_address(e->server));
	while (sigwait(signals, &sig) == 0 && sig == SIGHUP) {
		struct sta_err err = { 0 };

		if (sta_server_reload_tls(e->server, &err) == STA_OK)
			(void) printf("reloaded\n");
		else
			(void) printf("not reloaded: %s\n", err.msg);
	}
}

/* A free one below those that connections get, which tests leave behind them by the thousand. */
static unsigned
some_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	unsigned port = 10240 + (unsigned) getpid() % 20000;

	for (;; port = port < 32000 ? port + 1 : 10240) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		int taken;

		a.sin_port = htons((uint16_t) port);
		taken = bind(fd, (const struct sockaddr *) &a, sizeof(a));
		(void) close(fd);
		if (taken == 0)
			return port;
	}
}

int
main(int argc, char **argv)
{
	char listen[32];
	struct sta_server_options o = { .listen = listen };
	struct echo e = { .file = argv[argc - 1] };
	struct sta_app app = { .ctx = &e,
			       .routes = routes,
			       .n_routes = sizeof(routes) / sizeof(routes[0]),
			       .fail = fail,
			       .finish = finish };
	struct sta_pool *workers = NULL;
	struct sta_err err = { 0 };
	unsigned grace = 5;
	sigset_t signals;
	pthread_t thread;

	(void) setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i + 2 < argc; i += 2)
		if (!take_option(&o, &grace, argv[i], &argv[i + 1]))
			return 2;
	(void) sigemptyset(&signals);
	(void) sigaddset(&signals, SIGTERM);
	(void) sigaddset(&signals, SIGHUP);
	(void) pthread_sigmask(SIG_BLOCK, &signals, NULL);
	the_echo = &e;
	(void) pthread_mutex_init(&e.lock, NULL);
	(void) pthread_cond_init(&e.wake, NULL);
	(void) snprintf(listen, sizeof(listen), "127.0.0.1:%u", some_port());
	if (sta_pool_new(4, "work", &workers, &err) != STA_OK ||
	    pthread_create(&thread, NULL, waker, &e) != 0)
		return 1;
	if (sta_server_start(&o, &app, workers, observe, NULL, &e.server, &err) != STA_OK) {
		(void) fprintf(stderr, "echo_server: %s\n", err.msg);
		_exit(1);
	}
	run(&e, &signals);
	sta_server_stop(e.server, grace);
	(void) pthread_mutex_lock(&e.lock);
	e.ends = true;
	(void) pthread_cond_signal(&e.wake);
	(void) pthread_mutex_unlock(&e.lock);
	(void) pthread_join(thread, NULL);
	sta_pool_free(workers);
	(void) printf("stopped\n");
	return 0;
}
