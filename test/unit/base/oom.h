/* Makes the n-th allocation fail.  Include in one .c of a program linked with
 * --wrap=sta_malloc,--wrap=sta_realloc,--wrap=sta_strdup. */
#ifndef STA_TEST_OOM_H
#define STA_TEST_OOM_H

#include <stdbool.h>
#include <stddef.h>

#include "t.h"

#include "base/err.h"

void *__real_sta_malloc(size_t len);
void *__real_sta_realloc(void *p, size_t len);
char *__real_sta_strdup(const char *s);
void *__wrap_sta_malloc(size_t len);
void *__wrap_sta_realloc(void *p, size_t len);
char *__wrap_sta_strdup(const char *s);

/* Allocations that still succeed; -1: all. */
static long oom_budget = -1;

static bool
oom_now(void)
{
	if (oom_budget > 0)
		oom_budget--;
	else if (oom_budget == 0)
		return true;
	return false;
}

/* Calls fn with the first allocation failing, then with the second, and so on until it
 * succeeds: before that there must be STA_NOMEM, at least so many times. */
static inline void
oom_at_each(enum sta_rc (*fn)(void *arg), void *arg, long least)
{
	enum sta_rc rc;
	long n = -1;

	do {
		oom_budget = ++n;
		rc = fn(arg);
		oom_budget = -1;
	} while (rc == STA_NOMEM);
	assert_int_equal(rc, STA_OK);
	assert_true(n >= least);
}

void *
__wrap_sta_malloc(size_t len)
{
	return oom_now() ? NULL : __real_sta_malloc(len);
}

void *
__wrap_sta_realloc(void *p, size_t len)
{
	return oom_now() ? NULL : __real_sta_realloc(p, len);
}

char *
__wrap_sta_strdup(const char *s)
{
	return oom_now() ? NULL : __real_sta_strdup(s);
}

#endif
