/*
 * file - what the drivers that keep bytes behind a descriptor share.
 *
 * Only drivers of store/ include this.
 *
 * Layer: store.  May include: base.  Threads: no shared state.
 */
#ifndef STA_STORE_FILE_H
#define STA_STORE_FILE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Fill *err from errno in terms of the interface: "what 'name': why". */
static inline enum sta_rc
sta_file_fail(const char *what, const char *name, struct sta_err *err)
{
	int sys = errno;

	switch (sys) {
	case ENOENT:
		return sta_err_set(err, STA_NOT_FOUND, sys, "%s '%s'", what, name);
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return sta_err_set(err, STA_FULL, sys, "%s '%s'", what, name);
	default:
		return sta_err_set(err, STA_IO, sys, "%s '%s'", what, name);
	}
}

/* A stage's file that is being written. */
struct sta_file {
	const char *id; /* of the stage; borrowed */
	int fd;         /* borrowed */
	bool direct;    /* O_DIRECT is set */
	bool cached;    /* leave it: the file system does not know it */
};

/* Write at the end of the file, which has size bytes and must be at offset
 * (STA_OUT_OF_ORDER); see STA_DIRECT_MIN.  After a failure the file is as it was;
 * when it could not be cut back, *spoiled is set. */
enum sta_rc sta_file_append(struct sta_file *f, uint64_t size, uint64_t offset, const void *p, size_t len,
			    bool *spoiled, struct sta_err *err) STA_CHECK;

#endif
