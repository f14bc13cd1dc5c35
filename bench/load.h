/*
 * load - what the modes of the load generator share: settings, and the account of a run.
 *
 * A mode opens its connections, calls sta_run_begin(), does its work, calls
 * sta_run_end(), and leaves what it counted in run->tally; load_main.c prints that.
 *
 * May include: base, bench.  Threads: each worker has a tally of its own and hands it over with
 * sta_tally_merge() when it has ended.
 */
#ifndef STA_BENCH_LOAD_H
#define STA_BENCH_LOAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "bench/answer.h"
#include "bench/conn.h"
#include "bench/hist.h"
#include "bench/usage.h"

#define STA_LOAD_PATHS_MAX 1024
#define STA_LOAD_PIDS_MAX 16

enum sta_upload { STA_UPLOAD_CHUNKED, STA_UPLOAD_PATCH, STA_UPLOAD_PUT };

/* The command line; load_main.c has the defaults and says what each means. */
struct sta_load {
	const char *mode;
	const char *address;
	bool tls;
	const char *suite;
	const char *method;
	const char *paths[STA_LOAD_PATHS_MAX];
	size_t path_count;
	struct sta_buf headers; /* "Name: value\r\n" each */
	const char *repository;
	enum sta_upload upload;
	uint64_t connections;
	uint64_t threads;
	uint64_t seconds;
	uint64_t requests; /* 0: no end but that of the time */
	uint64_t rate;
	uint64_t size;
	uint64_t count;
	uint64_t seed;
	pid_t pids[STA_LOAD_PIDS_MAX];
	size_t pid_count;
	struct sta_target target;
};

struct sta_tally {
	struct sta_hist latency;
	struct sta_hist lag; /* probe: how late the generator itself sent */
	uint64_t done;       /* requests, blobs or images that ended well */
	uint64_t bytes;      /* received, or sent in bodies */
	uint64_t reopened;   /* connections that the server closed between two requests */
	uint64_t broken;     /* connections that failed within a request */
	uint64_t unfinished; /* probe: without an answer in the end */
	uint64_t status[600];
};

struct sta_run {
	struct sta_tally tally;
	struct sta_usage before;
	struct sta_usage loaded; /* while all connections are held; as after where a mode holds none */
	struct sta_usage after;
	double own_s;
	uint64_t begin_ns;
	uint64_t end_ns;
};

void sta_tally_merge(struct sta_tally *into, const struct sta_tally *from);
/* Count an answer whose status is not what was asked for; true if it is (2xx). */
bool sta_tally_status(struct sta_tally *t, int status);

void sta_run_begin(const struct sta_load *load, struct sta_run *run);
void sta_run_end(const struct sta_load *load, struct sta_run *run);

/* Start n workers (at most 512), each with its index; begin the run when all are prepared; wait for
 * their end; end the run.  A worker prepares itself, calls sta_team_start() and works. */
struct sta_team;
struct sta_worker {
	struct sta_load *load;
	struct sta_team *team;
	size_t index;
	size_t count; /* of workers */
	struct sta_tally tally;
	bool failed; /* could not prepare; err says why */
	struct sta_err err;
};
enum sta_rc sta_team_run(struct sta_load *load, struct sta_run *run, size_t n,
			 void (*work)(struct sta_worker *), struct sta_err *err) STA_CHECK;
/* Wait for the others; false when one of them has failed, and there is nothing to do. */
bool sta_team_start(struct sta_worker *w) STA_CHECK;
/* The next of the jobs 0, 1, 2, ... that the workers share. */
uint64_t sta_team_next(struct sta_worker *w);
/* When the run began; after sta_team_start(). */
uint64_t sta_team_began_ns(const struct sta_worker *w);

/* The modes. */
enum sta_rc sta_mode_get(struct sta_load *load, struct sta_run *run, struct sta_err *err) STA_CHECK;
enum sta_rc sta_mode_probe(struct sta_load *load, struct sta_run *run, struct sta_err *err) STA_CHECK;
enum sta_rc sta_mode_idle(struct sta_load *load, struct sta_run *run, struct sta_err *err) STA_CHECK;
enum sta_rc sta_mode_slow(struct sta_load *load, struct sta_run *run, struct sta_err *err) STA_CHECK;
enum sta_rc sta_mode_push(struct sta_load *load, struct sta_run *run, struct sta_err *err) STA_CHECK;
enum sta_rc sta_mode_images(struct sta_load *load, struct sta_run *run, struct sta_err *err) STA_CHECK;

#endif
