#include "faults.h"

#include <errno.h>
#include <stdatomic.h>

#include "../db/shim.h"
#include "base/arena.h"

static atomic_long calls;
static atomic_long fails_at; /* 0: none */

const char *
kind_name(enum kind kind)
{
	static const char *const names[] = { "memory", "database write", "database sync" };

	return names[kind];
}

bool
fails(void)
{
	return atomic_fetch_add(&calls, 1) + 1 == atomic_load(&fails_at);
}

long
allocations(void)
{
	return atomic_load(&calls);
}

void
arm(enum kind kind, long n)
{
	atomic_store(&calls, 0);
	atomic_store(&fails_at, kind == MEMORY ? n : 0);
	if (kind == DB_WRITE)
		shim_fail_write(SHIM_LOG, (int) n, 1);
	if (kind == DB_SYNC)
		shim_fail_sync(SHIM_LOG, (int) n, 1);
}

#define WRAP(type, name, params, args)                                                                       \
	type __real_##name params;                                                                           \
	type __wrap_##name params;                                                                           \
	type __wrap_##name params                                                                            \
	{                                                                                                    \
		if (!fails())                                                                                \
			return __real_##name args;                                                           \
		errno = ENOMEM;                                                                              \
		return NULL;                                                                                 \
	}

WRAP(void *, sta_malloc, (size_t len), (len))
WRAP(void *, sta_realloc, (void *p, size_t len), (p, len))
WRAP(char *, sta_strdup, (const char *s), (s))
WRAP(void *, sta_arena_alloc, (struct sta_arena * a, size_t len), (a, len))
WRAP(char *, sta_arena_strdup, (struct sta_arena * a, const char *s), (a, s))
WRAP(char *, sta_arena_strndup, (struct sta_arena * a, const char *s, size_t len), (a, s, len))
WRAP(void *, sta_arena_memdup, (struct sta_arena * a, const void *p, size_t len), (a, p, len))
