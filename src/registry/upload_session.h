/*
 * upload_session - a blob that is arriving: its buffers, its hash, its place
 * in the table of sessions.
 *
 * Three threads may work on an upload while bytes come in: the event loop fills the
 * buffers of a ring, and of the full ones one writer makes the hash while another
 * puts them into the stage.  What they share is behind io.lock; everything else belongs
 * to the request that holds the upload.  When nobody holds it (idle) the hash is kept, so that the next
 * request need not read the stage again, and the stage stays open, so that the failure of a write is not
 * missed (store/store.h); idle ones past the limit of the table are forgotten, oldest first, and read again
 * when they are wanted.
 *
 * The files upload*.c: sessions, _table (hold, idle, forget), _io (append, flush, release), _finish,
 * _end (all of an account).
 *
 * Only files of registry/ include this.
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_UPLOAD_SESSION_H
#define STA_REGISTRY_UPLOAD_SESSION_H

#include <pthread.h>
#include <stdatomic.h>

#include "crypto/hash.h"
#include "registry/core.h"
#include "registry/upload.h"

#define STA_UPLOAD_RING 4

struct sta_upload_buffer {
	char *bytes; /* at the start of a page */
	size_t len, cap;
};

/* What is done with each full buffer, in the order in which they were filled. */
struct sta_upload_task {
	struct sta_job job;
	bool busy;   /* a writer is at it, until nothing is left */
	size_t left; /* full buffers that it has still before it */
};

struct sta_upload {
	struct sta_registry *r;
	char id[STA_UUID_TEXT_MAX];
	bool session; /* has a row; else it lives for one request */
	int64_t account_id;
	struct sta_name name;
	uint64_t size;         /* bytes taken; the holder's */
	struct sta_hash *hash; /* of the first bytes: the hashing task's while it is busy */
	uint64_t hashed;       /* how many */
	bool row_gone;         /* finished or cancelled: the database knows it no more */

	/* One is being filled; those before it that a task has left are the writers'. */
	struct sta_upload_buffer ring[STA_UPLOAD_RING];
	size_t filling;

	struct {
		pthread_mutex_t lock;
		pthread_cond_t idle;
		struct sta_upload_task hashing, writing;
		bool released;           /* the holder has let go */
		bool starved;            /* append wants to be woken */
		struct sta_stage *stage; /* open; NULL: there is none yet */
		uint64_t staged;         /* bytes in the stage */
		struct sta_err failure;  /* of a task; rc STA_OK: none */
		struct sta_upload_waker waker;
	} io;
	struct sta_job end_job;

	/* The table's, under its lock. */
	bool held;
	atomic_bool over;    /* finished or failed for good: nobody can hold it again */
	atomic_bool refused; /* its account was disabled: the holder gets no further */
	struct sta_upload *next_in_bucket;
	struct sta_upload *older, *newer; /* idle ones */
};

/* A new upload with an empty hash, held by the caller and in no table. */
enum sta_rc sta_upload_new(struct sta_registry *r, const char *id, const struct sta_name *name,
			   int64_t account_id, enum sta_digest_alg alg, struct sta_upload **out,
			   struct sta_err *err) STA_CHECK;
void sta_upload_destroy(struct sta_upload *u);

/* The buffer that is being filled: the holder's. */
static inline struct sta_upload_buffer *
sta_upload_fill(struct sta_upload *u)
{
	return &u->ring[u->filling];
}

/* --- upload_table.c --- */

/* Put a held upload into the table; false: there is one of that id. */
bool sta_sessions_add(struct sta_sessions *s, struct sta_upload *u);

enum sta_hold {
	STA_HOLD_TAKEN,
	STA_HOLD_BUSY, /* another request holds it */
	STA_HOLD_OVER, /* its row may still be there for a moment, but it has ended */
	STA_HOLD_NONE, /* the table does not know it, or not as this account's and package's */
};

/* Take hold of the session with that id. */
enum sta_hold sta_sessions_hold(struct sta_sessions *s, const char *id, int64_t account_id,
				const char *package, struct sta_upload **out);

/* The same without taking hold: BUSY or TAKEN: it is there, and *staged bytes have arrived safely. */
enum sta_hold sta_sessions_look(struct sta_sessions *s, const char *id, int64_t account_id,
				const char *package, uint64_t *staged);

/* The upload has ended: from now on nobody finds it. */
void sta_sessions_end(struct sta_sessions *s, struct sta_upload *u);

/* All of the account have ended.  Those that nobody holds are the caller's: a chain by next_in_bucket. */
struct sta_upload *sta_sessions_end_all(struct sta_sessions *s, int64_t account_id);

/* Nobody holds it any more: keep it for later, or forget it.  False: it has ended. */
bool sta_sessions_idle(struct sta_sessions *s, struct sta_upload *u) STA_CHECK;
void sta_sessions_forget(struct sta_sessions *s, struct sta_upload *u);

/* Held ones, for the size of buffers. */
size_t sta_sessions_active(struct sta_sessions *s);
/* Bytes of buffers come or go. */
void sta_sessions_count(struct sta_sessions *s, int64_t buffer_bytes);

/* --- upload_io.c --- */

/* STA_UNAUTHENTICATED: the account was disabled meanwhile. */
enum sta_rc sta_upload_refused(const struct sta_upload *u, struct sta_err *err) STA_CHECK;

/* A session found again: open its stage, and hash what it holds. */
enum sta_rc sta_upload_reread(struct sta_upload *u, struct sta_err *err) STA_CHECK;

/* Wait until no writer has a buffer; then a task's failure, or the hash is of all that was taken. */
enum sta_rc sta_upload_settle(struct sta_upload *u, struct sta_err *err) STA_CHECK;

/* Hash the stage's bytes into h. */
enum sta_rc sta_upload_hash_stage(struct sta_registry *r, const char *id, struct sta_hash *h, uint64_t *len,
				  struct sta_err *err) STA_CHECK;

/* Publishing failed, and the store may have dropped the stage: then why is the upload's failure for good, and
 * the session begins anew with its next holder; or it has ended, where the bytes could not be removed. */
void sta_upload_check_stage(struct sta_upload *u, const struct sta_err *why);

/* Remove the stage; what cannot be removed now is at the next start. */
void sta_upload_remove_stage(struct sta_upload *u);

#endif
