/* main - starts the program; for "serve", wires the parts and owns the signals. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/api.h"
#include "base/auto.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/control.h"
#include "cli/home.h"
#include "http/http_mhd.h"
#include "jobs/jobs.h"
#include "registry/account.h"
#include "registry/gc.h"

#define WORKERS_MIN 4
#define FIRST_USER_MEMORY_MAX ((size_t) 1 << 20)

struct service {
	struct sta_cli *cli;
	const struct sta_conf *conf;
	int signals; /* signalfd, or -1 */
	struct sta_home home;
	struct sta_api *api;
	struct sta_server *server;
	struct sta_control *control;
	struct sta_jobs *jobs;
};

/* Stop whatever runs, from the outside in. */
static void
service_done(struct service *s)
{
	if (s->home.registry)
		sta_registry_stopping(s->home.registry);
	if (s->api)
		sta_api_stopping(s->api);
	sta_server_stop(s->server, (unsigned) sta_conf_number(s->conf, STA_OPTION_SHUTDOWN_GRACE));
	sta_jobs_stop(s->jobs);
	sta_control_stop(s->control);
	if (s->api)
		sta_api_free(s->api);
	sta_home_close(&s->home);
	sta_log_batch_stop();
	if (s->signals >= 0)
		(void) close(s->signals);
}

static void
stop_signals(sigset_t *set)
{
	(void) sigemptyset(set);
	(void) sigaddset(set, SIGTERM);
	(void) sigaddset(set, SIGINT);
}

/* Before any thread exists, which would inherit another mask. */
static enum sta_rc
take_signals(struct service *s, struct sta_err *err)
{
	sigset_t set;

	stop_signals(&set);
	(void) sigaddset(&set, SIGHUP);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
	    signal(SIGXFSZ, SIG_IGN) == SIG_ERR) /* a file size limit is an error of write(2) */
		return sta_err_set(err, STA_IO, errno, "signals");
	s->signals = signalfd(-1, &set, SFD_CLOEXEC);
	return s->signals < 0 ? sta_err_set(err, STA_IO, errno, "signalfd") : STA_OK;
}

/* Every connection and blob is a descriptor; no core dump, which would hold secrets. */
static void
set_limits(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max;
		(void) setrlimit(RLIMIT_NOFILE, &files);
	}
	(void) setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
}

static void
set_log_level(const struct sta_conf *conf)
{
	enum sta_log_level level = STA_LOG_INFO;

	if (sta_log_level_parse(sta_conf_text(conf, STA_OPTION_LOG_LEVEL), &level))
		sta_log_set_level(level);
}

static size_t
worker_count(const struct sta_conf *conf)
{
	uint64_t wanted = sta_conf_number(conf, STA_OPTION_WORKERS);
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t twice = cores > 0 ? (size_t) cores * 2 : 0;

	if (wanted > 0)
		return (size_t) wanted;
	return twice > WORKERS_MIN ? twice : WORKERS_MIN;
}

/* The data directory, ready for use; on a new one the first administrator. */
static enum sta_rc
open_home(struct service *s, struct sta_err *err)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(FIRST_USER_MEMORY_MAX);
	char *password = NULL;
	struct sta_call call;
	enum sta_rc rc = sta_home_find(&s->home, sta_conf_text(s->conf, STA_OPTION_DATA), true, err);

	if (rc == STA_OK)
		rc = sta_home_lock(&s->home, err);
	if (rc == STA_BUSY)
		return sta_err_set(err, STA_BUSY, 0, "%s is in use; does another server run there?",
				   s->home.path);
	if (rc == STA_OK)
		rc = sta_home_open(&s->home, s->conf, worker_count(s->conf), err);
	if (rc == STA_OK)
		rc = sta_gc_recover(s->home.registry, err);
	if (rc == STA_OK && !a)
		rc = sta_err_set(err, STA_NOMEM, 0, "out of memory");
	if (rc != STA_OK)
		return rc;
	call = sta_call_system(a);
	rc = sta_user_first(s->home.registry, &call, &password, err);
	if (rc != STA_OK || !password)
		return rc;
	(void) printf("first administrator: admin\npassword: %s\n", password);
	explicit_bzero(password, strlen(password));
	return STA_OK;
}

static struct sta_server_options
server_options(const struct sta_conf *c)
{
	const char *certificate = sta_conf_text(c, STA_OPTION_TLS_CERTIFICATE);
	const char *key = sta_conf_text(c, STA_OPTION_TLS_KEY);

	return (struct sta_server_options){
		.listen = sta_conf_text(c, STA_OPTION_LISTEN),
		.loops = (unsigned) sta_conf_number(c, STA_OPTION_HTTP_LOOPS),
		.connections_max = (unsigned) sta_conf_number(c, STA_OPTION_HTTP_CONNECTIONS_MAX),
		.connections_per_peer = (unsigned) sta_conf_number(c, STA_OPTION_HTTP_CONNECTIONS_PER_PEER),
		.header_timeout_s = (unsigned) sta_conf_number(c, STA_OPTION_HTTP_HEADER_TIMEOUT),
		.idle_timeout_s = (unsigned) sta_conf_number(c, STA_OPTION_HTTP_IDLE_TIMEOUT),
		.body_timeout_s = (unsigned) sta_conf_number(c, STA_OPTION_HTTP_BODY_TIMEOUT),
		.tls_certificate = certificate[0] != '\0' ? certificate : NULL,
		.tls_key = key[0] != '\0' ? key : NULL,
		.trusted_proxies = sta_conf_list(c, STA_OPTION_HTTP_TRUSTED_PROXIES),
	};
}

/* Everything that talks: HTTP, the control socket, the jobs. */
static enum sta_rc
start(struct service *s, struct sta_err *err)
{
	struct sta_api_options api = { .public_url = sta_conf_text(s->conf, STA_OPTION_PUBLIC_URL),
				       .rate_limit = sta_conf_number(s->conf, STA_OPTION_API_RATE_LIMIT),
				       .manifest_max = sta_conf_number(s->conf, STA_OPTION_LIMITS_MANIFEST) };
	struct sta_server_options server = server_options(s->conf);
	struct sta_op_table ops = sta_ops(s->home.registry);
	enum sta_rc rc = sta_api_new(s->home.registry, &api, &s->api, err);

	if (rc == STA_OK)
		rc = sta_server_start(&server, sta_api_app(s->api), s->home.workers, sta_api_observe, s->api,
				      &s->server, err);
	if (rc != STA_OK)
		return rc;
	sta_api_set_sources(s->api, s->home.db, s->server, s->home.workers);
	rc = sta_control_start(s->home.dirfd, &ops, &s->control, err);
	if (rc == STA_OK)
		rc = sta_jobs_start(s->home.registry, sta_conf_number(s->conf, STA_OPTION_GC_INTERVAL),
				    &s->jobs, err);
	if (rc != STA_OK)
		return rc;
	(void) printf("listening on %s://%s\n", server.tls_certificate ? "https" : "http",
		      sta_server_address(s->server));
	if (fflush(stdout) != 0)
		return sta_err_set(err, STA_IO, errno, "standard output");
	return STA_OK;
}

/* The configuration as it would be if the program were started now. */
static enum sta_rc
read_again(const struct sta_cli *old, struct sta_conf **out, struct sta_err *err)
{
	struct sta_cli cli = {
		.arena = old->arena, .environment = old->environment, .argc = old->argc, .argv = old->argv
	};
	enum sta_rc rc = sta_conf_new(&cli.conf, err);

	*out = cli.conf;
	if (rc == STA_OK)
		rc = sta_cli_parse(&cli, err);
	if (rc == STA_OK)
		rc = sta_cli_configure(&cli, err);
	if (rc == STA_OK)
		rc = sta_conf_check(cli.conf, err);
	return rc;
}

/* SIGHUP: new level of the log, new content of the TLS files; the rest stays. */
static void
reload(struct service *s)
{
	STA_AUTO(sta_conf_auto) struct sta_conf *now = NULL;
	struct sta_err err = { 0 };

	if (read_again(s->cli, &now, &err) != STA_OK) {
		sta_log(STA_LOG_ERROR, "configuration not reloaded",
			(const struct sta_log_field[]){ STA_F_STR("why", err.msg), STA_F_END });
		return;
	}
	for (enum sta_option_id id = 0; id < STA_OPTION_MAX_; id++)
		if (!sta_options[id].reload &&
		    strcmp(sta_conf_text(now, id), sta_conf_text(s->conf, id)) != 0)
			sta_log(STA_LOG_WARN, "option changed; it counts after a restart",
				(const struct sta_log_field[]){ STA_F_STR("option", sta_options[id].name),
								STA_F_END });
	set_log_level(now);
	if (sta_conf_text(s->conf, STA_OPTION_TLS_KEY)[0] != '\0' &&
	    sta_server_reload_tls(s->server, &err) != STA_OK)
		sta_log(STA_LOG_ERROR, "TLS files not reloaded, the old ones stay in use",
			(const struct sta_log_field[]){ STA_F_STR("why", err.msg), STA_F_END });
	else
		sta_log(STA_LOG_INFO, "reloaded", NULL);
}

/* Until SIGTERM or SIGINT.  The next one then ends the process at once. */
static enum sta_rc
wait_for_stop(struct service *s, struct sta_err *err)
{
	struct signalfd_siginfo got = { 0 };
	sigset_t set;

	do {
		ssize_t n = read(s->signals, &got, sizeof(got));

		if (n < 0 && errno != EINTR)
			return sta_err_set(err, STA_IO, errno, "signalfd");
		if (n == (ssize_t) sizeof(got) && got.ssi_signo == SIGHUP)
			reload(s);
	} while (got.ssi_signo != SIGTERM && got.ssi_signo != SIGINT);
	sta_log(STA_LOG_INFO, "stopping", NULL);
	stop_signals(&set);
	if (pthread_sigmask(SIG_UNBLOCK, &set, NULL) != 0)
		return sta_err_set(err, STA_IO, errno, "signals");
	return STA_OK;
}

static enum sta_rc
serve(struct sta_cli *cli, struct sta_err *err)
{
	STA_AUTO(service_done)
	struct service s = { .cli = cli, .conf = cli->conf, .signals = -1, .home = STA_HOME_CLOSED };
	enum sta_rc rc = sta_conf_check(cli->conf, err);

	if (rc != STA_OK)
		return rc;
	sta_log_setup(STA_LOG_INFO, strcmp(sta_conf_text(cli->conf, STA_OPTION_LOG_FORMAT), "json") == 0);
	set_log_level(cli->conf);
	set_limits();
	rc = take_signals(&s, err);
	if (rc == STA_OK)
		rc = sta_log_batch_start(err);
	if (rc == STA_OK)
		rc = open_home(&s, err);
	if (rc == STA_OK)
		rc = start(&s, err);
	if (rc == STA_OK)
		rc = wait_for_stop(&s, err);
	return rc;
}

int
main(int argc, char **argv)
{
	/* All that we make is for this user alone. */
	(void) umask(077);
	return sta_cli_main(argc, argv, environ, serve);
}
