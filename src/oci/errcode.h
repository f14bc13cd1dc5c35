/*
 * errcode - the error codes of distribution-spec, "Error codes".
 *
 * sta_err.code holds one of these.  The registry layer chooses the code; the
 * api layer alone turns rc and code into a status and a body.
 *
 * Layer: oci.  May include: base.  Threads: no shared state.
 */
#ifndef STA_OCI_ERRCODE_H
#define STA_OCI_ERRCODE_H

#include "base/err.h"

enum sta_oci_code {
	STA_OCI_NONE = 0, /* the api layer picks one from rc */
	STA_OCI_BLOB_UNKNOWN,
	STA_OCI_BLOB_UPLOAD_INVALID,
	STA_OCI_BLOB_UPLOAD_UNKNOWN,
	STA_OCI_DIGEST_INVALID,
	STA_OCI_MANIFEST_BLOB_UNKNOWN,
	STA_OCI_MANIFEST_INVALID,
	STA_OCI_MANIFEST_UNKNOWN,
	STA_OCI_NAME_INVALID,
	STA_OCI_NAME_UNKNOWN,
	STA_OCI_SIZE_INVALID,
	STA_OCI_UNAUTHORIZED,
	STA_OCI_DENIED,
	STA_OCI_UNSUPPORTED,
	STA_OCI_TOOMANYREQUESTS,
	/* Used by Docker's and other registries, not in the specification's table: */
	STA_OCI_TAG_INVALID,
	STA_OCI_RANGE_INVALID,
	STA_OCI_PAGINATION_NUMBER_INVALID,
	STA_OCI_PRECONDITION_FAILED,
	STA_OCI_UNAVAILABLE,
	STA_OCI_UNKNOWN,
	STA_OCI_CODE_MAX_
};

/* "BLOB_UNKNOWN"; "UNKNOWN" for STA_OCI_NONE. */
const char *sta_oci_code_name(enum sta_oci_code code);

/* As sta_err_set() with sys 0, and the code. */
enum sta_rc sta_oci_fail(struct sta_err *err, enum sta_rc rc, enum sta_oci_code code, const char *fmt, ...)
	STA_PRINTF(4, 5);

/* "authentication required": the answer to no credential, and to a wrong one of any kind. */
enum sta_rc sta_oci_unauthorized(struct sta_err *err);

#endif
