/*
 * usage - processor time and memory of the server under test, from /proc.
 *
 * A server is a list of processes; their children are counted with them, as
 * nginx has workers.  Memory is the sum of what each process has resident, so
 * that pages which processes share count for each of them.
 *
 * Threads: any.
 */
#ifndef STA_BENCH_USAGE_H
#define STA_BENCH_USAGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct sta_usage {
	double cpu_s;
	uint64_t rss_bytes;
	uint64_t peak_bytes; /* since sta_usage_reset_peak() */
	unsigned processes;
};

/* A process that is gone counts nothing. */
void sta_usage_read(const pid_t *pids, size_t n, struct sta_usage *out);

/* From now on peaks are new ones. */
void sta_usage_reset_peak(const pid_t *pids, size_t n);

/* Processor time of this process. */
double sta_usage_own_s(void);

#endif
