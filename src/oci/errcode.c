#include "oci/errcode.h"

#include <stdarg.h>
#include <stdio.h>

const char *
sta_oci_code_name(enum sta_oci_code code)
{
	static const char *const name[STA_OCI_CODE_MAX_] = {
		[STA_OCI_NONE] = "UNKNOWN",
		[STA_OCI_BLOB_UNKNOWN] = "BLOB_UNKNOWN",
		[STA_OCI_BLOB_UPLOAD_INVALID] = "BLOB_UPLOAD_INVALID",
		[STA_OCI_BLOB_UPLOAD_UNKNOWN] = "BLOB_UPLOAD_UNKNOWN",
		[STA_OCI_DIGEST_INVALID] = "DIGEST_INVALID",
		[STA_OCI_MANIFEST_BLOB_UNKNOWN] = "MANIFEST_BLOB_UNKNOWN",
		[STA_OCI_MANIFEST_INVALID] = "MANIFEST_INVALID",
		[STA_OCI_MANIFEST_UNKNOWN] = "MANIFEST_UNKNOWN",
		[STA_OCI_NAME_INVALID] = "NAME_INVALID",
		[STA_OCI_NAME_UNKNOWN] = "NAME_UNKNOWN",
		[STA_OCI_SIZE_INVALID] = "SIZE_INVALID",
		[STA_OCI_UNAUTHORIZED] = "UNAUTHORIZED",
		[STA_OCI_DENIED] = "DENIED",
		[STA_OCI_UNSUPPORTED] = "UNSUPPORTED",
		[STA_OCI_TOOMANYREQUESTS] = "TOOMANYREQUESTS",
		[STA_OCI_TAG_INVALID] = "TAG_INVALID",
		[STA_OCI_RANGE_INVALID] = "RANGE_INVALID",
		[STA_OCI_PAGINATION_NUMBER_INVALID] = "PAGINATION_NUMBER_INVALID",
		[STA_OCI_PRECONDITION_FAILED] = "PRECONDITION_FAILED",
		[STA_OCI_UNAVAILABLE] = "UNAVAILABLE",
		[STA_OCI_UNKNOWN] = "UNKNOWN",
	};

	return (unsigned int) code < STA_OCI_CODE_MAX_ ? name[code] : "UNKNOWN";
}

enum sta_rc
sta_oci_fail(struct sta_err *err, enum sta_rc rc, enum sta_oci_code code, const char *fmt, ...)
{
	char msg[sizeof(err->msg)];
	va_list ap;

	va_start(ap, fmt);
	(void) vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	(void) sta_err_set(err, rc, 0, "%s", msg);
	err->code = (int) code;
	return rc;
}

enum sta_rc
sta_oci_unauthorized(struct sta_err *err)
{
	return sta_oci_fail(err, STA_UNAUTHENTICATED, STA_OCI_UNAUTHORIZED, "authentication required");
}
