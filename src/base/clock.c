#include "base/clock.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

/* 1000-01-01 and 9999-12-31T23:59:59: what both text forms can say. */
#define TIME_MIN (-30610224000)
#define TIME_MAX 253402300799

static _Atomic int64_t offset;

int64_t
sta_now_unix(void)
{
	struct timespec now = { 0 };

	(void) clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
	return (int64_t) now.tv_sec + atomic_load_explicit(&offset, memory_order_relaxed);
}

uint64_t
sta_now_ns(void)
{
	struct timespec now = { 0 };

	(void) clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t) now.tv_sec * 1000000000U + (uint64_t) now.tv_nsec;
}

void
sta_clock_set_offset(int64_t seconds)
{
	atomic_store_explicit(&offset, seconds, memory_order_relaxed);
}

/* Times outside the years 1000 to 9999 become the nearest that has a text. */
static struct tm
broken_down(int64_t unix_time)
{
	time_t t = unix_time < TIME_MIN ? TIME_MIN : unix_time > TIME_MAX ? TIME_MAX : (time_t) unix_time;
	struct tm tm = { 0 };

	(void) gmtime_r(&t, &tm);
	return tm;
}

char *
sta_time_rfc3339(int64_t unix_time, char out[STA_TIME_TEXT_MAX])
{
	struct tm tm = broken_down(unix_time);

	(void) strftime(out, STA_TIME_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return out;
}

/* Day and month names are fixed by the RFC, whatever the locale is. */
char *
sta_time_http(int64_t unix_time, char out[STA_TIME_TEXT_MAX])
{
	static const char day[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char month[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm tm = broken_down(unix_time);

	(void) strftime(out, STA_TIME_TEXT_MAX, "day, %d mon %Y %H:%M:%S GMT", &tm);
	memcpy(out, day[tm.tm_wday], 3);
	memcpy(out + 8, month[tm.tm_mon], 3);
	return out;
}
