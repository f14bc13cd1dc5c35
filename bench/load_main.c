/*
 * load - the load generator of bench/run: one workload on one server, its figures as JSON.
 *
 * It is made to cost little, and says what it cost: `own_cpu_s` beside `server.cpu_s`.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>

#include "base/alloc.h"
#include "base/auto.h"
#include "base/parse.h"
#include "bench/load.h"

#define HEADERS_MAX (16 * 1024)

static const char usage[] =
	"usage: load MODE --address 127.0.0.1:PORT [OPTION ...]\n"
	"\n"
	"  get      closed loop: each of --connections sends its next request when the last is answered\n"
	"  probe    open loop: --rate requests a second, whose latency counts from when each was due\n"
	"  push     --count blobs of --size by --connections clients\n"
	"  images   --count small images (5 layers of 4 to 64 KiB) by --connections clients\n"
	"  idle     one request on each of --connections, then hold them for --seconds\n"
	"  slow     --connections uploads of 4 KiB every 0.25 s for --seconds\n"
	"\n"
	"  --path PATH         get, probe, idle: what to ask for; repeatable, they take turns\n"
	"  --method GET|HEAD   (GET)\n"
	"  --header TEXT       for every request; repeatable\n"
	"  --tls               without looking at the certificate\n"
	"  --tls-suite NAME    the only cipher suite to offer, with TLS 1.3\n"
	"  --connections N     (1)\n"
	"  --threads N         get: threads that share the connections (1)\n"
	"  --seconds N         (5; push, images: 0, which sets no end)\n"
	"  --requests N        get, probe: end after so many\n"
	"  --rate N            probe: requests a second\n"
	"  --repository NAME   push, images, slow: where to\n"
	"  --upload WAY        push, images: chunked (POST, PATCH in chunks, PUT: as docker does, default),\n"
	"                      patch (the same with a length) or put (POST, PUT)\n"
	"  --size SIZE         push: of each blob (64MiB)\n"
	"  --count N           push, images: how many (1)\n"
	"  --seed N            the same contents again (random)\n"
	"  --server-pid PID    report this process with its children; repeatable\n";

enum kind { TEXT, NUMBER, SIZE, FLAG, PATH, HEADER, PID, WAY };

struct option {
	const char *name;
	enum kind kind;
	size_t offset;
};

#define AT(member) offsetof(struct sta_load, member)
static const struct option options[] = {
	{ "--address", TEXT, AT(address) },
	{ "--connections", NUMBER, AT(connections) },
	{ "--count", NUMBER, AT(count) },
	{ "--header", HEADER, 0 },
	{ "--method", TEXT, AT(method) },
	{ "--path", PATH, 0 },
	{ "--rate", NUMBER, AT(rate) },
	{ "--repository", TEXT, AT(repository) },
	{ "--requests", NUMBER, AT(requests) },
	{ "--seconds", NUMBER, AT(seconds) },
	{ "--seed", NUMBER, AT(seed) },
	{ "--server-pid", PID, 0 },
	{ "--size", SIZE, AT(size) },
	{ "--threads", NUMBER, AT(threads) },
	{ "--tls", FLAG, AT(tls) },
	{ "--tls-suite", TEXT, AT(suite) },
	{ "--upload", WAY, AT(upload) },
};

static bool
take_pid(struct sta_load *load, const char *value)
{
	uint64_t pid = 0;

	if (load->pid_count == STA_LOAD_PIDS_MAX || !sta_parse_u64(value, strlen(value), &pid) ||
	    pid > INT32_MAX)
		return false;
	load->pids[load->pid_count++] = (pid_t) pid;
	return true;
}

static bool
take_way(enum sta_upload *way, const char *value)
{
	static const char *const names[] = { "chunked", "patch", "put" };

	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(value, names[i]) == 0) {
			*way = (enum sta_upload) i;
			return true;
		}
	return false;
}

/* One option with its value; false when the value is not of its kind. */
static bool
take(struct sta_load *load, const struct option *o, const char *value)
{
	char *at = (char *) load + o->offset;

	switch (o->kind) {
	case TEXT:
		memcpy(at, &value, sizeof value);
		return true;
	case NUMBER:
		return sta_parse_u64(value, strlen(value), (uint64_t *) (void *) at);
	case SIZE:
		return sta_parse_size(value, strlen(value), (uint64_t *) (void *) at);
	case FLAG:
		*(bool *) (void *) at = true;
		return true;
	case PATH:
		if (load->path_count == STA_LOAD_PATHS_MAX)
			return false;
		load->paths[load->path_count++] = value;
		return true;
	case HEADER:
		sta_buf_printf(&load->headers, "%s\r\n", value);
		return sta_buf_ok(&load->headers);
	case PID:
		return take_pid(load, value);
	case WAY:
		return take_way((enum sta_upload *) (void *) at, value);
	}
	return false;
}

static const struct option *
find_option(const char *name)
{
	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (strcmp(name, options[i].name) == 0)
			return &options[i];
	return NULL;
}

static enum sta_rc
take_all(struct sta_load *load, int argc, char **argv, struct sta_err *err)
{
	for (int i = 2; i < argc; i++) {
		const struct option *o = find_option(argv[i]);
		const char *value = o && o->kind == FLAG ? "" : NULL;

		if (!o)
			return sta_err_set(err, STA_INVALID, 0, "no option %s", argv[i]);
		if (!value && i + 1 < argc)
			value = argv[++i];
		if (!value || !take(load, o, value))
			return sta_err_set(err, STA_INVALID, 0, "%s: not '%s'", o->name, value ? value : "");
	}
	if (!load->seconds && strcmp(load->mode, "push") != 0 && strcmp(load->mode, "images") != 0)
		load->seconds = 5;
	if (!load->address)
		return sta_err_set(err, STA_INVALID, 0, "no --address");
	return sta_target_init(&load->target, load->address, load->tls, load->suite, err);
}

static void
print_latency(const char *name, const struct sta_hist *h)
{
	static const struct {
		const char *name;
		double share;
	} rows[] = { { "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 }, { "p99_9", 0.999 } };

	(void) printf("\"%s\":{", name);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t ns = sta_hist_quantile(h, rows[i].share);

		(void) printf("\"%s\":%.4f,", rows[i].name, (double) ns / 1e6);
	}
	(void) printf("\"max\":%.4f},", (double) h->max_ns / 1e6);
}

static void
print_errors(const struct sta_tally *t)
{
	const char *comma = "";
	uint64_t wrong = 0;

	(void) printf("\"errors\":{\"status\":{");
	for (size_t i = 0; i < sizeof t->status / sizeof *t->status; i++) {
		if (!t->status[i])
			continue;
		(void) printf("%s\"%zu\":%" PRIu64, comma, i, t->status[i]);
		comma = ",";
		wrong += t->status[i];
	}
	(void) printf("},\"broken\":%" PRIu64 ",\"unfinished\":%" PRIu64 ",\"total\":%" PRIu64
		      "},\"reopened\":%" PRIu64 ",",
		      t->broken, t->unfinished, wrong + t->broken + t->unfinished, t->reopened);
}

static void
print_report(const struct sta_load *load, const struct sta_run *run)
{
	const struct sta_tally *t = &run->tally;
	double seconds = (double) (run->end_ns - run->begin_ns) / 1e9;

	(void) printf("{\"mode\":\"%s\",\"seconds\":%.4f,\"requests\":%" PRIu64
		      ",\"per_s\":%.2f,\"bytes\":%" PRIu64 ",\"mb_per_s\":%.3f,",
		      load->mode, seconds, t->done, (double) t->done / seconds, t->bytes,
		      (double) t->bytes / seconds / 1e6);
	print_errors(t);
	print_latency("latency_ms", &t->latency);
	if (t->lag.count)
		print_latency("own_lag_ms", &t->lag);
	(void) printf("\"own_cpu_s\":%.4f,\"server\":{\"processes\":%u,\"cpu_s\":%.4f,\"rss_before\":%" PRIu64
		      ",\"rss_loaded\":%" PRIu64 ",\"rss_after\":%" PRIu64 ",\"rss_peak\":%" PRIu64 "}}\n",
		      run->own_s, run->after.processes, run->after.cpu_s - run->before.cpu_s,
		      run->before.rss_bytes, run->loaded.rss_bytes, run->after.rss_bytes,
		      run->after.peak_bytes);
}

/* As many connections as this process may have. */
static void
raise_limit(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return;
	files.rlim_cur = files.rlim_max;
	(void) setrlimit(RLIMIT_NOFILE, &files);
}

static enum sta_rc
run_mode(struct sta_load *load, struct sta_run *run, struct sta_err *err)
{
	static const struct {
		const char *name;
		enum sta_rc (*mode)(struct sta_load *, struct sta_run *, struct sta_err *);
	} modes[] = { { "get", sta_mode_get },       { "probe", sta_mode_probe }, { "push", sta_mode_push },
		      { "images", sta_mode_images }, { "idle", sta_mode_idle },   { "slow", sta_mode_slow } };

	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (strcmp(load->mode, modes[i].name) == 0)
			return modes[i].mode(load, run, err);
	return sta_err_set(err, STA_INVALID, 0, "no mode %s", load->mode);
}

int
main(int argc, char **argv)
{
	static struct sta_load load = { .method = "GET",
					.repository = "bench/load",
					.connections = 1,
					.threads = 1,
					.count = 1,
					.size = (uint64_t) 64 * 1024 * 1024 };
	static struct sta_run run;
	struct sta_err err;
	enum sta_rc rc = STA_OK;

	if (argc < 2 || argv[1][0] == '-') {
		(void) fputs(usage, stderr);
		return 2;
	}
	load.mode = argv[1];
	sta_buf_init(&load.headers, HEADERS_MAX);
	if (getrandom(&load.seed, sizeof load.seed, 0) < 0)
		load.seed = 1;
	raise_limit();
	rc = take_all(&load, argc, argv, &err);
	if (rc == STA_OK)
		rc = run_mode(&load, &run, &err);
	if (rc == STA_OK)
		print_report(&load, &run);
	else
		(void) fprintf(stderr, "load: %s\n", err.msg);
	sta_target_done(&load.target);
	sta_buf_done(&load.headers);
	return rc == STA_OK ? 0 : 1;
}
