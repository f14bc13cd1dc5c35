/*
 * clock - time, and its text forms.
 *
 * Wall time is seconds since the epoch (int64_t, suffix _unix); spans are
 * measured with the monotonic clock in nanoseconds.  Tests move the wall
 * clock with sta_clock_set_offset(); nothing else calls time(2).
 *
 * Layer: base.  May include: err.  Threads: any.
 */
#ifndef STA_BASE_CLOCK_H
#define STA_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STA_TIME_TEXT_MAX 32

int64_t sta_now_unix(void);
uint64_t sta_now_ns(void);

/* Add seconds to every later sta_now_unix(); tests only. */
void sta_clock_set_offset(int64_t seconds);

/* "2026-11-21T06:45:04Z" (RFC 3339). out is filled; returns out. */
char *sta_time_rfc3339(int64_t unix_time, char out[STA_TIME_TEXT_MAX]);

/* "2026-11-20T09:30:12Z", with a fraction that is cut off or an offset ("+01:00", RFC 3339), or "2026-11-20",
 * the beginning of that day in UTC; years 1970 to 9999.  False: it is none. */
bool sta_time_parse(const char *text, int64_t *unix_time);

/* "Sat, 21 Nov 2026 06:45:04 GMT" (RFC 9110 5.6.7). */
char *sta_time_http(int64_t unix_time, char out[STA_TIME_TEXT_MAX]);

#endif
