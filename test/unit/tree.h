/* Removes a directory that a test made, with all that is in it. */
#ifndef STA_TEST_TREE_H
#define STA_TEST_TREE_H

#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

static inline int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void) st;
	(void) type;
	(void) walk;
	return remove(path);
}

/* 0, or -1 when something is left. */
static inline int
remove_tree(const char *path)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	return nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
