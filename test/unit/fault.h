/* Makes one call of a wrapped function fail.  FAULT() defines the wrapper of a
 * function that is linked with --wrap; fault_at(n) makes the n-th call from
 * now on fail, counting all of them together. */
#ifndef STA_TEST_FAULT_H
#define STA_TEST_FAULT_H

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static struct {
	long left;        /* calls that succeed before the one that fails; -1: none fails */
	const char *name; /* the function that failed, or NULL */
	const char *also; /* this function fails after it, too; "*": all do */
} fault = { .left = -1 };

static inline void
fault_at(long n)
{
	fault.left = n;
	fault.name = NULL;
	fault.also = NULL;
}

static inline void
fault_at_and(long n, const char *also)
{
	fault_at(n);
	fault.also = also;
}

/* No fault from here on; was there one? */
static inline bool
fault_done(void)
{
	fault.left = -1;
	fault.also = NULL;
	return fault.name != NULL;
}

static inline bool
fault_now(const char *name)
{
	if (fault.name && fault.also)
		return strcmp(fault.also, "*") == 0 || strcmp(fault.also, name) == 0;
	if (fault.left < 0 || fault.left-- > 0)
		return false;
	fault.name = name;
	return true;
}

#define FAULT(type, name, params, args, result, sys)                                                         \
	type __real_##name params;                                                                           \
	type __wrap_##name params;                                                                           \
	type __wrap_##name params                                                                            \
	{                                                                                                    \
		if (!fault_now(#name))                                                                       \
			return __real_##name args;                                                           \
		errno = (sys);                                                                               \
		return (result);                                                                             \
	}

#endif
