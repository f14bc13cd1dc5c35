#include "http/http_mhd.h"

#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/alloc.h"
#include "base/auto.h"
#include "base/clock.h"
#include "http/mhd_internal.h"

#define SECOND_NS ((uint64_t) 1000000000)
#define CONNECTIONS_MAX 10000
#define POOL_INCREMENT ((size_t) 16 << 10)
#define OPTIONS_MAX 16

static struct sta_mhd_conn *
conn_of(struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static void
link_conn(struct sta_server *s, struct sta_mhd_conn *conn)
{
	(void) pthread_mutex_lock(&s->lock);
	conn->next = s->conns;
	if (conn->next)
		conn->next->prev = conn;
	s->conns = conn;
	(void) pthread_mutex_unlock(&s->lock);
}

static void
unlink_conn(struct sta_server *s, struct sta_mhd_conn *conn)
{
	(void) pthread_mutex_lock(&s->lock);
	if (conn->prev)
		conn->prev->next = conn->next;
	else
		s->conns = conn->next;
	if (conn->next)
		conn->next->prev = conn->prev;
	(void) pthread_mutex_unlock(&s->lock);
}

/* A connection came or goes; its descriptor is open in both calls. */
static void
on_connection(void *cls, struct MHD_Connection *mhd, void **ctx, enum MHD_ConnectionNotificationCode code)
{
	struct sta_server *s = cls;
	struct sta_mhd_conn *conn = *ctx;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED && conn) {
		unlink_conn(s, conn);
		sta_mhd_rest_end(conn);
		sta_mhd_wire_close(conn);
		sta_free(conn);
		*ctx = NULL;
	}
	if (code == MHD_CONNECTION_NOTIFY_CLOSED)
		atomic_fetch_sub(&s->connections, 1); /* counted when it was accepted */
	if (code != MHD_CONNECTION_NOTIFY_STARTED)
		return;
	conn = sta_malloc(sizeof(*conn));
	if (!conn)
		return; /* its first request is refused */
	conn->server = s;
	conn->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	sta_mhd_peer_text(MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr,
			  conn->peer);
	sta_mhd_phase(conn, STA_PHASE_HEADER);
	sta_mhd_wire_open(conn);
	*ctx = conn;
	link_conn(s, conn);
}

/* The first line of a request is in; uri is as it was sent. */
static void *
on_target(void *cls, const char *uri, struct MHD_Connection *mhd)
{
	struct sta_mhd_conn *conn = conn_of(mhd);

	(void) cls;
	if (!conn || atomic_load(&conn->server->cutting))
		return NULL; /* and so refused */
	sta_mhd_phase(conn, STA_PHASE_HEADER);
	atomic_store(&conn->expired, false);
	return sta_mhd_request_new(conn, mhd, uri ? uri : "");
}

/* We decode by ourselves, once; the library shall leave the target alone. */
static size_t
leave_escaped(void *cls, struct MHD_Connection *mhd, char *s)
{
	(void) cls, (void) mhd;
	return strlen(s);
}

static enum MHD_Result
on_step(void *cls, struct MHD_Connection *mhd, const char *url, const char *method, const char *version,
	const char *data, size_t *len, void **ctx)
{
	(void) cls, (void) mhd, (void) url;
	return *ctx ? sta_mhd_request_step(*ctx, method, version, data, len) : MHD_NO;
}

static void
on_over(void *cls, struct MHD_Connection *mhd, void **ctx, enum MHD_RequestTerminationCode why)
{
	(void) cls, (void) mhd;
	if (*ctx)
		sta_mhd_request_over(*ctx, why);
	*ctx = NULL;
}

static unsigned
or_default(unsigned value, unsigned otherwise)
{
	return value != 0 ? value : otherwise;
}

static unsigned
cores(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 0 ? (unsigned) n : 1;
}

static enum sta_rc
start_daemon(struct sta_server *s, const struct sta_server_options *o, struct sta_err *err)
{
	unsigned loops = or_default(o->loops, cores());
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
			 MHD_USE_ITC | (s->tls ? MHD_USE_TLS : 0);
	struct MHD_OptionItem options[OPTIONS_MAX] = {
		{ MHD_OPTION_NOTIFY_COMPLETED, (intptr_t) on_over, NULL },
		{ MHD_OPTION_NOTIFY_CONNECTION, (intptr_t) on_connection, s },
		{ MHD_OPTION_URI_LOG_CALLBACK, (intptr_t) on_target, NULL },
		{ MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t) leave_escaped, NULL },
		/* Of all loops together, each has an even share; one of them may get every connection. */
		{ MHD_OPTION_CONNECTION_LIMIT, (intptr_t) s->connections_max * loops, NULL },
		{ MHD_OPTION_PER_IP_CONNECTION_LIMIT, (intptr_t) o->connections_per_peer, NULL },
		{ MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t) (s->idle_ns / SECOND_NS), NULL },
		{ MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t) STA_POOL_BYTES, NULL },
		{ MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (intptr_t) POOL_INCREMENT, NULL },
	};
	/* Not const, as the option is not. */
	static char tls_priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE";
	size_t n = 9;
	sigset_t all, old;

	if (loops > 1)
		options[n++] = (struct MHD_OptionItem){ MHD_OPTION_THREAD_POOL_SIZE, (intptr_t) loops, NULL };
	if (s->tls) {
		options[n++] = sta_tls_option();
		options[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_PRIORITIES, 0, tls_priorities };
	}
	options[n] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
	(void) sigfillset(&all); /* signals belong to the main thread */
	(void) pthread_sigmask(SIG_SETMASK, &all, &old);
	s->daemon =
		MHD_start_daemon(flags, 0, NULL, NULL, on_step, s, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
	(void) pthread_sigmask(SIG_SETMASK, &old, NULL);
	return s->daemon ? STA_OK : sta_err_set(err, STA_IO, 0, "the HTTP library does not start");
}

static void
server_free(struct sta_server *s)
{
	sta_mhd_lobby_free(s);
	if (s->daemon)
		MHD_stop_daemon(s->daemon);
	if (s->listen_fd >= 0)
		(void) close(s->listen_fd);
	if (s->wake_fd >= 0)
		(void) close(s->wake_fd);
	sta_pool_free(s->hashers);
	sta_tls_free(s->tls);
	sta_free(s->tls_certificate);
	sta_free(s->tls_key);
	sta_free(s->trusted);
	(void) pthread_cond_destroy(&s->quiet);
	(void) pthread_mutex_destroy(&s->lock);
	sta_free(s);
}

static void
auto_server_free(struct sta_server **s)
{
	if (*s)
		server_free(*s);
}

static enum sta_rc
take_trusted(struct sta_server *s, const char *const *addresses, struct sta_err *err)
{
	size_t n = 0;

	while (addresses && addresses[n])
		n++;
	if (n == 0)
		return STA_OK;
	s->trusted = sta_malloc(n * sizeof(*s->trusted));
	if (!s->trusted)
		return sta_err_set(err, STA_NOMEM, 0, "out of memory");
	for (size_t i = 0; i < n; i++)
		if (!sta_mhd_address_parse(addresses[i], &s->trusted[i]))
			return sta_err_set(err, STA_INVALID, 0, "'%s' is not an address of a proxy",
					   addresses[i]);
	s->n_trusted = n;
	return STA_OK;
}

static enum sta_rc
take_tls(struct sta_server *s, const struct sta_server_options *o, struct sta_err *err)
{
	if (!o->tls_certificate && !o->tls_key)
		return STA_OK;
	if (!o->tls_certificate || !o->tls_key)
		return sta_err_set(err, STA_INVALID, 0, "TLS needs both a certificate and a key");
	s->tls_certificate = sta_strdup(o->tls_certificate);
	s->tls_key = sta_strdup(o->tls_key);
	if (!s->tls_certificate || !s->tls_key)
		return sta_err_set(err, STA_NOMEM, 0, "out of memory");
	return sta_tls_new(s->tls_certificate, s->tls_key, &s->tls, err);
}

/* A server that does not run yet, or NULL. */
static struct sta_server *
server_new(const struct sta_server_options *o, const struct sta_app *app)
{
	struct sta_server *s = sta_malloc(sizeof(*s));
	pthread_condattr_t monotonic;

	if (!s)
		return NULL;
	s->app = *app;
	s->listen_fd = s->wake_fd = -1;
	s->connections_max = or_default(o->connections_max, CONNECTIONS_MAX);
	s->header_ns = or_default(o->header_timeout_s, 10) * SECOND_NS;
	s->idle_ns = or_default(o->idle_timeout_s, 60) * SECOND_NS;
	s->body_ns = or_default(o->body_timeout_s, 600) * SECOND_NS;
	if (getrandom(&s->id_seed, sizeof(s->id_seed), 0) != (ssize_t) sizeof(s->id_seed))
		s->id_seed = sta_now_ns(); /* ids need to differ, not to be secret */
	(void) pthread_mutex_init(&s->lock, NULL);
	(void) pthread_condattr_init(&monotonic);
	(void) pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void) pthread_cond_init(&s->quiet, &monotonic);
	(void) pthread_condattr_destroy(&monotonic);
	return s;
}

enum sta_rc
sta_server_start(const struct sta_server_options *o, const struct sta_app *app, struct sta_pool *workers,
		 sta_observer_fn *observer, void *observer_ctx, struct sta_server **out, struct sta_err *err)
{
	STA_AUTO(auto_server_free) struct sta_server *s = server_new(o, app);
	enum sta_rc rc;

	if (!s)
		return sta_err_set(err, STA_NOMEM, 0, "out of memory");
	s->workers = workers;
	s->observer = observer;
	s->observer_ctx = observer_ctx;
	rc = take_trusted(s, o->trusted_proxies, err);
	if (rc == STA_OK)
		rc = take_tls(s, o, err);
	if (rc == STA_OK)
		rc = sta_mhd_listen(s, o->listen, err);
	if (rc == STA_OK)
		rc = sta_pool_new(cores(), "hasher", &s->hashers, err);
	if (rc == STA_OK)
		rc = start_daemon(s, o, err);
	if (rc == STA_OK)
		rc = sta_mhd_reaper_start(s, err);
	if (rc != STA_OK)
		return rc;
	*out = s;
	/* Only now, for a handler may use *out. */
	atomic_store(&s->accepting, true);
	sta_mhd_reaper_wake(s);
	s = NULL;
	return STA_OK;
}

const char *
sta_server_address(const struct sta_server *s)
{
	return s->address;
}

void
sta_server_stats(struct sta_server *s, struct sta_server_stats *out)
{
	*out = (struct sta_server_stats){
		.connections = atomic_load(&s->connections),
		.requests_active = atomic_load(&s->requests_active),
		.accepted = atomic_load(&s->accepted),
		.refused_framing = atomic_load(&s->refused_framing),
		.timed_out = atomic_load(&s->timed_out),
	};
}

enum sta_rc
sta_server_reload_tls(struct sta_server *s, struct sta_err *err)
{
	return s->tls ? sta_tls_reload(s->tls, err) : STA_OK;
}

/* Until no request is active, at most until the monotonic time end_ns (0: for ever). */
static void
wait_quiet(struct sta_server *s, uint64_t end_ns)
{
	struct timespec end = { .tv_sec = (time_t) (end_ns / SECOND_NS),
				.tv_nsec = (long) (end_ns % SECOND_NS) };
	int rc = 0;

	(void) pthread_mutex_lock(&s->lock);
	while (rc == 0 && atomic_load(&s->requests_active) > 0)
		rc = end_ns != 0 ? pthread_cond_timedwait(&s->quiet, &s->lock, &end)
				 : pthread_cond_wait(&s->quiet, &s->lock);
	(void) pthread_mutex_unlock(&s->lock);
}

void
sta_server_stop(struct sta_server *s, unsigned grace_s)
{
	const struct timespec moment = { .tv_nsec = 100000 };

	if (!s)
		return;
	atomic_store(&s->draining, true);
	sta_mhd_reaper_wake(s);
	wait_quiet(s, sta_now_ns() + grace_s * SECOND_NS);
	atomic_store(&s->cutting, true);
	sta_mhd_reaper_stop(s); /* first: it might still be adding connections */
	sta_mhd_cut_all(s);
	/* What is left is cut off from its client, or runs in a worker and will end. */
	wait_quiet(s, 0);
	while (atomic_load(&s->resuming) > 0)
		(void) nanosleep(&moment, NULL);
	server_free(s);
}
