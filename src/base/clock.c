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

/* n digits as a number; -1: they are none. */
static int
digits(const char *p, size_t n)
{
	int value = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -1;
		value = value * 10 + (p[i] - '0');
	}
	return value;
}

/* Days from 1970-01-01 on, or -1: there is no such day. */
static int64_t
day_number(int year, int month, int day)
{
	static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	int64_t past = year - 1;

	if (year < 1970 || month < 1 || month > 12 || day < 1 ||
	    day > before[month] - before[month - 1] + (leap && month == 2))
		return -1;
	return 365 * (past - 1969) + (past / 4 - 492) - (past / 100 - 19) + (past / 400 - 4) +
	       before[month - 1] + (leap && month > 2) + day - 1;
}

/* Two digits up to max, or -1. */
static int
two_digits(const char *p, int max)
{
	int value = digits(p, 2);

	return value <= max ? value : -1;
}

/* "Z" or "+01:00", to the end; minutes east. */
static bool
read_offset(const char *p, int *minutes)
{
	int hour, minute;

	*minutes = 0;
	if (*p == 'Z' || *p == 'z')
		return p[1] == '\0';
	if ((*p != '+' && *p != '-') || strlen(p) != strlen("+01:00") || p[3] != ':')
		return false;
	hour = two_digits(p + 1, 23);
	minute = two_digits(p + 4, 59);
	if (hour < 0 || minute < 0)
		return false;
	*minutes = (hour * 60 + minute) * (*p == '-' ? -1 : 1);
	return true;
}

/* "T09:30:12.5Z" */
static bool
read_time(const char *p, int64_t *seconds)
{
	int hour, minute, second, east;

	if (strlen(p) < strlen("T09:30:12Z") || (*p != 'T' && *p != 't') || p[3] != ':' || p[6] != ':')
		return false;
	hour = two_digits(p + 1, 23);
	minute = two_digits(p + 4, 59);
	second = two_digits(p + 7, 60);
	if (hour < 0 || minute < 0 || second < 0)
		return false;
	p += strlen("T09:30:12");
	if (*p == '.') {
		size_t n = strspn(p + 1, "0123456789");

		if (n == 0)
			return false;
		p += 1 + n;
	}
	if (!read_offset(p, &east))
		return false;
	*seconds = ((int64_t) hour * 60 + minute - east) * 60 + second;
	return true;
}

bool
sta_time_parse(const char *text, int64_t *unix_time)
{
	int64_t seconds = 0;
	int64_t day;

	if (strlen(text) < strlen("2026-11-20") || text[4] != '-' || text[7] != '-')
		return false;
	day = day_number(digits(text, 4), digits(text + 5, 2), digits(text + 8, 2));
	if (day < 0 || (text[10] != '\0' && !read_time(text + 10, &seconds)))
		return false;
	*unix_time = day * 86400 + seconds;
	return true;
}
