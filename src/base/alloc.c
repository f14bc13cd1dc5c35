#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_BYTES 4096

void *
sta_malloc(size_t len)
{
	return calloc(1, len != 0 ? len : 1);
}

void *
sta_malloc_pages(size_t len)
{
	return aligned_alloc(PAGE_BYTES, len);
}

/* Length 0 keeps a block: realloc(p, 0) would free it on some systems. */
void *
sta_realloc(void *p, size_t len)
{
	return realloc(p, len != 0 ? len : 1);
}

char *
sta_strdup(const char *s)
{
	size_t len = strlen(s) + 1;
	char *copy = sta_malloc(len);

	return copy ? memcpy(copy, s, len) : NULL;
}

void
sta_free(void *p)
{
	free(p);
}
