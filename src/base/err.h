/*
 * err - result codes and the one record of what went wrong.
 *
 * Every function that can fail returns enum sta_rc and takes a trailing
 * struct sta_err *.  On STA_OK the record is untouched; on anything else it
 * is filled exactly once, where the failure was seen, and handed up.  Nobody
 * below main.c, the HTTP router and the job runner logs it.
 *
 * Layer: base.  May include: nothing of ours.  Threads: no shared state.
 * Allocates: never.
 */
#ifndef STA_BASE_ERR_H
#define STA_BASE_ERR_H

#define STA_CHECK __attribute__((warn_unused_result))
#define STA_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

enum sta_rc {
	STA_OK = 0,
	STA_NOMEM,           /* allocation failed, or a cap on memory was reached */
	STA_IO,              /* a system call failed; err->sys holds errno */
	STA_FULL,            /* no space left: disk, quota or queue */
	STA_INVALID,         /* a value given by the caller is malformed */
	STA_NOT_FOUND,       /* the named thing does not exist */
	STA_UNAUTHENTICATED, /* no usable credential */
	STA_DENIED,          /* known caller, not allowed */
	STA_EXISTS,          /* a thing of that name is already there */
	STA_CONFLICT,        /* the state of the thing forbids this now */
	STA_PRECONDITION,    /* a condition the caller stated does not hold */
	STA_OUT_OF_ORDER,    /* bytes offered at another offset than the next one */
	STA_TOO_LARGE,       /* over a size limit */
	STA_TOO_MANY,        /* over a rate or count limit */
	STA_UNSUPPORTED,     /* understood, and not offered */
	STA_INCOMPLETE,      /* refers to things that are not there */
	STA_DIGEST_MISMATCH, /* content does not hash to the claimed digest */
	STA_CORRUPT,         /* stored data is not what was stored */
	STA_BACKEND,         /* database or object store refused */
	STA_BUSY,            /* try again: another operation holds the thing */
	STA_WOULD_BLOCK,     /* not an error: call again from a thread that may wait */
	STA_WOULD_HASH,      /* not an error: call again from a thread that may hash passwords */
	STA_TIMEOUT,         /* a deadline passed */
	STA_RC_MAX_          /* count; never returned */
};

struct sta_err {
	enum sta_rc rc;
	int sys;          /* errno at the point of failure, or 0 */
	int code;         /* meaning given by a layer above (enum sta_oci_code), or 0 */
	unsigned wait_s;  /* of STA_TOO_MANY: try again after so many seconds; 0: soon */
	char msg[256];    /* a sentence without a full stop, fit to be shown to the caller */
	char detail[256]; /* what it is about, for programs: a digest, a name; may be empty */
};

/* Fill *err and return rc, so that a caller can write
 * "return sta_err_set(err, STA_IO, errno, "open '%s'", path)".  A non-zero
 * sys has its text appended to the message. */
enum sta_rc sta_err_set(struct sta_err *err, enum sta_rc rc, int sys, const char *fmt, ...) STA_PRINTF(4, 5);

/* Short stable name ("not_found") for logs and metrics. */
const char *sta_rc_name(enum sta_rc rc);

#endif
