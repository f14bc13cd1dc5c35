/* Makes one call of a wrapped function fail.  FAULT() defines the wrapper of a
 * function that is linked with --wrap; fault_at(n) makes the n-th call from
 * now on fail, counting all of them together. */
#ifndef STA_TEST_FAULT_H
#define STA_TEST_FAULT_H

#include <errno.h>
#include <stdbool.h>

static struct {
	long left;        /* calls that succeed before the one that fails; -1: none fails */
	const char *name; /* the function that failed last, or NULL */
} fault = { .left = -1 };

static inline void
fault_at(long n)
{
	fault.left = n;
	fault.name = NULL;
}

/* No fault from here on; was there one? */
static inline bool
fault_done(void)
{
	fault.left = -1;
	return fault.name != NULL;
}

static inline bool
fault_now(const char *name)
{
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
