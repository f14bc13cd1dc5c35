/*
 * upload - blobs arriving, in one request or in many.
 *
 * A session is a row (whose it is, for which package, until when) and a stage
 * of the store (the bytes).  Both survive a restart; how many bytes have
 * arrived is the size of the stage, so no request but the first and the last
 * writes to the database.
 *
 *   sta_upload_start     POST           a session, nothing received yet
 *   sta_upload_open      PATCH, PUT     take hold of it for one request
 *   sta_upload_append    ..the body     any number of times, on the event loop
 *   sta_upload_flush     PATCH          all that was taken is in the stage
 *   sta_upload_finish    PUT            verified, durable, a member of the package
 *   sta_upload_release   always         let go of it; bytes in the stage stay
 *
 * One request holds a session at a time; another gets STA_BUSY
 * (BLOB_UPLOAD_INVALID).  Someone else's session, one of another package and
 * one that does not exist are alike: BLOB_UPLOAD_UNKNOWN.
 *
 * Layer: registry.  Threads: a held upload is in one thread at a time.
 */
#ifndef STA_REGISTRY_UPLOAD_H
#define STA_REGISTRY_UPLOAD_H

#include "crypto/random.h"
#include "oci/ref.h"
#include "registry/registry.h"

struct sta_upload;

/* A new session; id is filled.  STA_TOO_MANY over uploads_per_user.  alg: what
 * the final digest will probably be; another one costs a second reading.
 * Writes. */
enum sta_rc sta_upload_start(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
			     enum sta_digest_alg alg, char id[STA_UUID_TEXT_MAX],
			     struct sta_err *err) STA_CHECK;

/* Bytes that have arrived. */
enum sta_rc sta_upload_status(struct sta_registry *r, const struct sta_call *call,
			      const struct sta_name *name, const char *id, uint64_t *received,
			      struct sta_err *err) STA_CHECK;

/* Forget the session and its bytes.  Writes. */
enum sta_rc sta_upload_cancel(struct sta_registry *r, const struct sta_call *call,
			      const struct sta_name *name, const char *id, struct sta_err *err) STA_CHECK;

/* wake(arg) is called from another thread when append has room again. */
struct sta_upload_waker {
	void (*wake)(void *arg);
	void *arg;
};

/* Hold the session id, or (id NULL) a blob that comes in one request and
 * leaves nothing behind unless it is finished. */
enum sta_rc sta_upload_open(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
			    const char *id, enum sta_digest_alg alg, const struct sta_upload_waker *waker,
			    struct sta_upload **out, struct sta_err *err) STA_CHECK;

/* Bytes received, with those not yet in the stage. */
uint64_t sta_upload_size(const struct sta_upload *u);

/* The client announced so many bytes more: STA_TOO_LARGE (SIZE_INVALID) if they
 * would exceed layer_max.  The session stays as it is. */
enum sta_rc sta_upload_expect(const struct sta_upload *u, uint64_t len, struct sta_err *err) STA_CHECK;

/* Take up to len bytes, never waiting.  *taken < len: come back after wake().
 * STA_TOO_LARGE (SIZE_INVALID) over layer_max: the session is over.  STA_FULL,
 * STA_IO from an earlier write: what the stage holds stays. */
enum sta_rc sta_upload_append(struct sta_upload *u, const void *p, size_t len, size_t *taken,
			      struct sta_err *err) STA_CHECK;

/* Waits until all that was taken is in the stage. */
enum sta_rc sta_upload_flush(struct sta_upload *u, struct sta_err *err) STA_CHECK;

/* The blob is whole: verify, make durable, record.  STA_OK means on disk.
 * DIGEST_INVALID: not these bytes; the session is over.  After any other
 * failure it can be finished again.  Waits. */
enum sta_rc sta_upload_finish(struct sta_upload *u, const struct sta_call *call,
			      const struct sta_digest *digest, struct sta_err *err) STA_CHECK;

/* Let go; waits for nothing.  NULL is allowed. */
void sta_upload_release(struct sta_upload *u);

struct sta_upload_stats {
	uint64_t held;   /* by a request now */
	uint64_t cached; /* sessions whose hash is at hand */
	uint64_t buffer_bytes;
};
void sta_upload_stats(struct sta_registry *r, struct sta_upload_stats *out);

#endif
