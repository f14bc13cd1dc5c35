/*
 * store - blob bytes: staged while they arrive, published under their digest.
 *
 * Knows bytes only: no names, no rights, no references.  Drivers: store_fs
 * (files), store_mem (tests).  A driver's header is included by its own .c, by
 * main.c and by tests, nowhere else.
 *
 * Life of a blob:  stage_create -> stage_begin -> stage_write ... -> publish
 *                  -> stage_end -> (stage_remove) -> open ... -> remove
 * A stage is named by an upload id (36 characters, [0-9a-f-]).  It survives a restart
 * of the process with the bytes that had been written.  publish makes the
 * stage's bytes durable under the digest and leaves the stage in place, so
 * that a caller whose database transaction fails may publish again; when
 * the transaction has committed the caller removes the stage.  As long as a
 * published name holds its bytes, a stage cannot be written to.
 *
 * Order inside publish (architecture, "Writes"): fsync the bytes, give them
 * their name, fsync the directory that holds the name.  After a failed fsync
 * the bytes count as lost: STA_IO, the stage is removed, and the same
 * descriptor is never synced again.
 *
 * A system tells that it could not write bytes to the disk, late and once, to
 * whoever has had the file open since.  So whoever relies on bytes that he
 * wrote or read keeps the stage open, from before that until publish has synced
 * them: between stage_begin and stage_end no such failure is missed.
 *
 * Layer: store.  May include: base, oci/digest.  Threads: any; two calls for
 * the same stage never run at once (the caller sees to that).
 */
#ifndef STA_STORE_STORE_H
#define STA_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "oci/digest.h"

#define STA_STAGE_ID_LEN 36

/* What is written past the page cache: a multiple of this, at such an offset,
 * from such an address, and at least STA_DIRECT_MIN bytes.  All else, and where the
 * file system cannot do that, goes through the cache: the bytes are the same. */
#define STA_DIRECT_ALIGN ((size_t) 4096)
#define STA_DIRECT_MIN ((size_t) 256 << 10)

struct sta_store {
	const struct sta_store_ops *ops;
};

struct sta_stage; /* a stage that is open for writing */

/* An open blob or stage for reading.  fd is owned by whoever holds the struct. */
struct sta_blob_file {
	int fd;
	uint64_t size;
};

struct sta_store_ops {
	const char *name;

	/* Make an empty stage.  STA_EXISTS if there is one of that id. */
	enum sta_rc (*stage_create)(struct sta_store *s, const char *id, struct sta_err *err);

	/* Open a stage for writing.  STA_NOT_FOUND: no such stage.  *out filled on
	 * STA_OK, owned by the caller, who ends it with stage_end. */
	enum sta_rc (*stage_begin)(struct sta_store *s, const char *id, struct sta_stage **out,
				   struct sta_err *err);
	/* Consumes stage; NULL is allowed.  The bytes stay. */
	void (*stage_end)(struct sta_store *s, struct sta_stage *stage);

	/* Write len bytes at offset, which must be the present size: appends only
	 * (STA_OUT_OF_ORDER otherwise).  STA_NOT_FOUND: removed meanwhile.
	 * STA_CONFLICT: published.  STA_FULL: ENOSPC, EDQUOT or EFBIG.  After any
	 * failure the stage is cut back to offset, so that the caller's count stays
	 * true; a stage that cannot be cut back is removed. */
	enum sta_rc (*stage_write)(struct sta_store *s, struct sta_stage *stage, uint64_t offset,
				   const void *p, size_t len, struct sta_err *err);

	/* Size and time of the last write (Unix seconds). */
	enum sta_rc (*stage_stat)(struct sta_store *s, const char *id, uint64_t *size, int64_t *written_unix,
				  struct sta_err *err);

	/* Open a stage for reading.  *out filled on STA_OK. */
	enum sta_rc (*stage_open)(struct sta_store *s, const char *id, struct sta_blob_file *out,
				  struct sta_err *err);

	/* Remove a stage and its bytes; STA_OK if there was none. */
	enum sta_rc (*stage_remove)(struct sta_store *s, const char *id, struct sta_err *err);

	/* Call fn for each stage; stops when fn returns false. */
	enum sta_rc (*stage_each)(struct sta_store *s, bool (*fn)(void *arg, const char *id), void *arg,
				  struct sta_err *err);

	/* Make the stage's bytes durable under digest, which the caller has
	 * verified.  STA_OK also when the name exists already: same name, same bytes.
	 * STA_NOT_FOUND: removed meanwhile.  STA_CORRUPT: other bytes hold the name, as
	 * their number shows; remove them and publish again.  After a failure the
	 * name is not there unless it was before. */
	enum sta_rc (*publish)(struct sta_store *s, struct sta_stage *stage, const struct sta_digest *digest,
			       struct sta_err *err);

	/* Open a published blob.  STA_NOT_FOUND; *out filled on STA_OK. */
	enum sta_rc (*open)(struct sta_store *s, const struct sta_digest *digest, struct sta_blob_file *out,
			    struct sta_err *err);

	/* Remove a published blob, durably; STA_OK if there was none.  Readers that
	 * hold it open read on.  After STA_IO it may be gone or not: call again. */
	enum sta_rc (*remove)(struct sta_store *s, const struct sta_digest *digest, struct sta_err *err);

	/* Call fn for each published blob, in no order; stops when fn returns
	 * false.  For fsck only: it walks the whole store. */
	enum sta_rc (*each)(struct sta_store *s, bool (*fn)(void *arg, const struct sta_digest *digest),
			    void *arg, struct sta_err *err);

	void (*free)(struct sta_store *s);
};

/* NULL is allowed. */
void sta_store_free(struct sta_store *s);

/* An upload id: every operation on stages answers STA_INVALID to anything else. */
bool sta_stage_id_valid(const char *id);

#endif
