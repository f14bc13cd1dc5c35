#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The message is made in a record of its own: an argument may be the old
 * message of *err. */
enum sta_rc
sta_err_set(struct sta_err *err, enum sta_rc rc, int sys, const char *fmt, ...)
{
	struct sta_err out = { .rc = rc, .sys = sys };
	va_list ap;

	va_start(ap, fmt);
	(void) vsnprintf(out.msg, sizeof(out.msg), fmt, ap);
	va_end(ap);
	if (sys != 0) {
		size_t used = strlen(out.msg);
		char text[64];

		(void) snprintf(out.msg + used, sizeof(out.msg) - used, ": %s",
				strerror_r(sys, text, sizeof(text)));
	}
	*err = out;
	return rc;
}

const char *
sta_rc_name(enum sta_rc rc)
{
	static const char *const name[STA_RC_MAX_] = {
		[STA_OK] = "ok",
		[STA_NOMEM] = "nomem",
		[STA_IO] = "io",
		[STA_FULL] = "full",
		[STA_INVALID] = "invalid",
		[STA_NOT_FOUND] = "not_found",
		[STA_UNAUTHENTICATED] = "unauthenticated",
		[STA_DENIED] = "denied",
		[STA_EXISTS] = "exists",
		[STA_CONFLICT] = "conflict",
		[STA_PRECONDITION] = "precondition",
		[STA_OUT_OF_ORDER] = "out_of_order",
		[STA_TOO_LARGE] = "too_large",
		[STA_TOO_MANY] = "too_many",
		[STA_UNSUPPORTED] = "unsupported",
		[STA_INCOMPLETE] = "incomplete",
		[STA_DIGEST_MISMATCH] = "digest_mismatch",
		[STA_CORRUPT] = "corrupt",
		[STA_BACKEND] = "backend",
		[STA_BUSY] = "busy",
		[STA_WOULD_BLOCK] = "would_block",
		[STA_WOULD_HASH] = "would_hash",
		[STA_TIMEOUT] = "timeout",
	};

	return (unsigned int) rc < STA_RC_MAX_ ? name[rc] : "unknown";
}
