#include "bench/usage.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/auto.h"

#define PROCESSES_MAX 256

/* A file of /proc/PID as text; false when it cannot be read. */
static bool
read_proc(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t n = 0;

	(void) snprintf(path, sizeof path, "/proc/%d/%s", (int) pid, name);
	STA_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	if (n < 0)
		return false;
	text[n] = '\0';
	return true;
}

/* pids, their children, and theirs in turn; returns how many. */
static size_t
family(const pid_t *pids, size_t n, pid_t *all)
{
	char text[4096];
	char name[64];
	char *at = NULL;
	char *end = NULL;
	size_t have = n < PROCESSES_MAX ? n : PROCESSES_MAX;

	memcpy(all, pids, have * sizeof *all);
	for (size_t i = 0; i < have; i++) {
		(void) snprintf(name, sizeof name, "task/%d/children", (int) all[i]);
		if (!read_proc(all[i], name, text, sizeof text))
			continue;
		for (at = text; have < PROCESSES_MAX; at = end) {
			long pid = strtol(at, &end, 10);

			if (end == at)
				break;
			all[have++] = (pid_t) pid;
		}
	}
	return have;
}

/* "VmRSS:     1234 kB" in bytes; 0 when there is no such line. */
static uint64_t
status_bytes(const char *status, const char *key)
{
	const char *line = strstr(status, key);

	return line ? strtoull(line + strlen(key), NULL, 10) * 1024 : 0;
}

/* utime and stime of proc_pid_stat(5), with the time of children that ended. */
static double
stat_cpu_s(const char *stat)
{
	const char *at = strrchr(stat, ')'); /* the name may hold spaces */
	char *end = NULL;
	long per_second = sysconf(_SC_CLK_TCK);
	unsigned long long ticks = 0;

	for (int field = 3; at && field < 15; field++)
		at = strchr(at + 1, ' '); /* the space before field 14 in the end */
	for (int i = 0; at && i < 4; i++) {
		ticks += strtoull(at, &end, 10);
		at = end;
	}
	return (double) ticks / (double) per_second;
}

void
sta_usage_read(const pid_t *pids, size_t n, struct sta_usage *out)
{
	pid_t all[PROCESSES_MAX];
	char text[4096];
	size_t count = family(pids, n, all);

	*out = (struct sta_usage){ 0 };
	for (size_t i = 0; i < count; i++) {
		if (!read_proc(all[i], "stat", text, sizeof text))
			continue;
		out->cpu_s += stat_cpu_s(text);
		if (!read_proc(all[i], "status", text, sizeof text))
			continue;
		out->rss_bytes += status_bytes(text, "VmRSS:");
		out->peak_bytes += status_bytes(text, "VmHWM:");
		out->processes++;
	}
}

void
sta_usage_reset_peak(const pid_t *pids, size_t n)
{
	pid_t all[PROCESSES_MAX];
	char path[64];
	size_t count = family(pids, n, all);

	for (size_t i = 0; i < count; i++) {
		(void) snprintf(path, sizeof path, "/proc/%d/clear_refs", (int) all[i]);
		STA_AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);

		if (fd < 0 || write(fd, "5", 1) != 1)
			continue; /* the peak is then that of the whole life */
	}
}

double
sta_usage_own_s(void)
{
	struct rusage used;

	if (getrusage(RUSAGE_SELF, &used) < 0)
		return 0;
	return (double) (used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
	       (double) (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}
