#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/auto.h"
#include "base/log.h"
#include "model/blobs.h"
#include "model/uploads.h"
#include "registry/upload_session.h"

#define BUFFER_MIN ((size_t) 16 << 10)
#define BUFFER_MAX ((size_t) 1 << 20)
#define READ_CHUNK ((size_t) 256 << 10)

/* Bytes that end up in the database are kept in memory until it is known that
 * there are no more of them. */
_Static_assert(BUFFER_MIN <= STA_BLOB_INLINE_MAX && STA_BLOB_INLINE_MAX <= BUFFER_MAX,
	       "buffers hold inline blobs");

enum sta_rc
sta_upload_new(struct sta_registry *r, const char *id, const struct sta_name *name, int64_t account_id,
	       enum sta_digest_alg alg, struct sta_upload **out, struct sta_err *err)
{
	struct sta_upload *u = sta_malloc(sizeof(*u));
	enum sta_rc rc;

	if (!u)
		return sta_err_set(err, STA_NOMEM, 0, "upload");
	rc = sta_hash_new(alg, &u->hash, err);
	if (rc != STA_OK) {
		sta_free(u);
		return rc;
	}
	u->r = r;
	memcpy(u->id, id, sizeof(u->id));
	u->name = *name;
	u->name.image = u->name.full + (name->image - name->full);
	u->account_id = account_id;
	(void) pthread_mutex_init(&u->io.lock, NULL);
	(void) pthread_cond_init(&u->io.idle, NULL);
	*out = u;
	return STA_OK;
}

static void
free_buffers(struct sta_upload *u)
{
	size_t bytes = 0;

	for (size_t i = 0; i < STA_UPLOAD_RING; i++) {
		bytes += u->ring[i].cap;
		sta_free(u->ring[i].bytes);
		u->ring[i] = (struct sta_upload_buffer){ 0 };
	}
	u->filling = 0;
	u->io.hashing.left = 0;
	u->io.writing.left = 0;
	if (bytes > 0)
		sta_sessions_count(u->r->sessions, -(int64_t) bytes);
}

void
sta_upload_destroy(struct sta_upload *u)
{
	if (!u)
		return;
	free_buffers(u);
	u->r->store->ops->stage_end(u->r->store, u->io.stage);
	sta_hash_free(u->hash);
	(void) pthread_cond_destroy(&u->io.idle);
	(void) pthread_mutex_destroy(&u->io.lock);
	sta_free(u);
}

uint64_t
sta_upload_size(const struct sta_upload *u)
{
	return u->size;
}

static enum sta_rc
make_stage(struct sta_upload *u, struct sta_err *err)
{
	struct sta_store *store = u->r->store;
	struct sta_err ignored;
	enum sta_rc rc = store->ops->stage_create(store, u->id, err);

	if (rc != STA_OK && rc != STA_EXISTS)
		return rc;
	rc = store->ops->stage_begin(store, u->id, &u->io.stage, err);
	if (rc != STA_OK)
		(void) store->ops->stage_remove(store, u->id, &ignored); /* it is empty */
	return rc;
}

/* Only one thread at a time is here for an upload: the writer that has this task, or
 * the holder when none has. */
static enum sta_rc
write_buffer(struct sta_upload *u, const struct sta_upload_buffer *b, struct sta_err *err)
{
	struct sta_store *store = u->r->store;
	enum sta_rc rc = STA_OK;

	if (!u->io.stage)
		rc = make_stage(u, err);
	if (rc == STA_OK)
		rc = store->ops->stage_write(store, u->io.stage, u->io.staged, b->bytes, b->len, err);
	if (rc != STA_OK)
		return rc;
	(void) pthread_mutex_lock(&u->io.lock);
	u->io.staged += b->len;
	(void) pthread_mutex_unlock(&u->io.lock);
	return STA_OK;
}

/* Likewise. */
static enum sta_rc
hash_buffer(struct sta_upload *u, const struct sta_upload_buffer *b, struct sta_err *err)
{
	enum sta_rc rc = sta_hash_update(u->hash, b->bytes, b->len, err);

	if (rc == STA_OK)
		u->hashed += b->len;
	return rc;
}

/* What is new in the buffer that is being filled, when no task is busy. */
static enum sta_rc
hash_rest(struct sta_upload *u, struct sta_err *err)
{
	const struct sta_upload_buffer *b = sta_upload_fill(u);
	size_t rest = (size_t) (u->size - u->hashed);

	if (rest == 0)
		return STA_OK;
	return hash_buffer(u, &(struct sta_upload_buffer){ .bytes = b->bytes + b->len - rest, .len = rest },
			   err);
}

/* Likewise.  A failure leaves stage and buffer as they were: it can be tried again. */
static enum sta_rc
write_rest(struct sta_upload *u, struct sta_err *err)
{
	struct sta_upload_buffer *b = sta_upload_fill(u);
	enum sta_rc rc = b->len > 0 ? write_buffer(u, b, err) : STA_OK;

	if (rc == STA_OK)
		b->len = 0;
	return rc;
}

void
sta_upload_remove_stage(struct sta_upload *u)
{
	struct sta_err err;

	if (!u->io.stage)
		return;
	if (u->r->store->ops->stage_remove(u->r->store, u->id, &err) != STA_OK)
		return;
	u->r->store->ops->stage_end(u->r->store, u->io.stage);
	u->io.stage = NULL;
}

static enum sta_rc
forget_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	bool removed;

	return sta_upload_remove(c, arg, &removed, err);
}

static void
forget_row(struct sta_upload *u)
{
	struct sta_err err;

	if (sta_db_write(u->r->db, forget_tx, u->id, &err) != STA_OK)
		sta_log(STA_LOG_WARN, "an upload session that has ended stays until it expires",
			(const struct sta_log_field[]){ STA_F_STR("error", err.msg), STA_F_END });
}

/* Let go of an upload that no request and no writer has any more. */
static void
end_hold(struct sta_upload *u)
{
	struct sta_err err;
	bool keep = u->session && !u->over && u->io.failure.rc == STA_OK;

	if (keep)
		keep = hash_rest(u, &err) == STA_OK && write_rest(u, &err) == STA_OK;
	free_buffers(u);
	if (keep && sta_sessions_idle(u->r->sessions, u))
		return;
	if (u->over && u->session && !u->row_gone)
		forget_row(u);
	if (u->over || !u->session)
		sta_upload_remove_stage(u);
	sta_sessions_forget(u->r->sessions, u);
}

static void
run_end_hold(struct sta_job *job)
{
	end_hold((struct sta_upload *) (void *) ((char *) job - offsetof(struct sta_upload, end_job)));
}

/* The event loop moves on to the next buffer only under the lock. */
static const struct sta_upload_buffer *
oldest_left(struct sta_upload *u, const struct sta_upload_task *task)
{
	const struct sta_upload_buffer *b;

	(void) pthread_mutex_lock(&u->io.lock);
	b = &u->ring[(u->filling + STA_UPLOAD_RING - task->left) % STA_UPLOAD_RING];
	(void) pthread_mutex_unlock(&u->io.lock);
	return b;
}

/* Buffers that cannot be filled yet; the lock is held. */
static size_t
full_buffers(const struct sta_upload *u)
{
	return u->io.hashing.left > u->io.writing.left ? u->io.hashing.left : u->io.writing.left;
}

/* A buffer is done, or has failed.  False when there is no more to do: then, if *ends, the
 * upload is this thread's to end, else it may be gone. */
static bool
done_one(struct sta_upload *u, struct sta_upload_task *task, const struct sta_err *err, bool *ends)
{
	bool more, idle;

	(void) pthread_mutex_lock(&u->io.lock);
	if (err->rc == STA_OK)
		task->left--;
	else
		u->io.failure = *err;
	more = err->rc == STA_OK && task->left > 0;
	task->busy = more;
	idle = !u->io.hashing.busy && !u->io.writing.busy;
	*ends = idle && u->io.released;
	/* Waking costs: wait until there is room for two buffers.
	 * Under the lock: sta_upload_release() takes it before the request goes away. */
	if (u->io.starved && (err->rc != STA_OK || full_buffers(u) <= 1)) {
		u->io.starved = false;
		if (!u->io.released)
			u->io.waker.wake(u->io.waker.arg);
	}
	if (idle)
		(void) pthread_cond_broadcast(&u->io.idle);
	(void) pthread_mutex_unlock(&u->io.lock);
	return more;
}

/* One buffer, then the uploads that wait have their turn. */
static void
run_one(struct sta_upload *u, struct sta_upload_task *task,
	enum sta_rc (*work)(struct sta_upload *u, const struct sta_upload_buffer *b, struct sta_err *err))
{
	struct sta_err err = { 0 };
	bool ends;

	(void) work(u, oldest_left(u, task), &err);
	if (done_one(u, task, &err, &ends))
		sta_pool_submit(u->r->writers, &task->job);
	else if (ends)
		end_hold(u);
}

static void
run_hash(struct sta_job *job)
{
	struct sta_upload *u =
		(struct sta_upload *) (void *) ((char *) job - offsetof(struct sta_upload, io.hashing.job));

	run_one(u, &u->io.hashing, hash_buffer);
}

static void
run_write(struct sta_job *job)
{
	struct sta_upload *u =
		(struct sta_upload *) (void *) ((char *) job - offsetof(struct sta_upload, io.writing.job));

	run_one(u, &u->io.writing, write_buffer);
}

/* Many uploads at once share the memory that few could use. */
static size_t
buffer_goal(struct sta_upload *u)
{
	size_t active = sta_sessions_active(u->r->sessions);

	if (active <= 8)
		return BUFFER_MAX;
	if (active <= 64)
		return BUFFER_MAX / 4;
	return active <= 512 ? BUFFER_MAX / 16 : BUFFER_MIN;
}

static bool
grow(struct sta_upload *u, struct sta_upload_buffer *b, size_t cap)
{
	char *bytes = sta_malloc_pages(cap);

	if (!bytes)
		return false;
	if (b->len > 0)
		memcpy(bytes, b->bytes, b->len);
	sta_free(b->bytes);
	sta_sessions_count(u->r->sessions, (int64_t) cap - (int64_t) b->cap);
	b->bytes = bytes;
	b->cap = cap;
	return true;
}

/* The next buffer to fill.  Memory that one after it has, as nothing is in there, serves as
 * well: so no more is taken than was ever needed at once.  The lock is held. */
static void
move_on(struct sta_upload *u)
{
	struct sta_upload_buffer *b;

	u->filling = (u->filling + 1) % STA_UPLOAD_RING;
	b = sta_upload_fill(u);
	b->len = 0;
	for (size_t i = 1; b->cap == 0 && i + full_buffers(u) + 1 < STA_UPLOAD_RING; i++) {
		struct sta_upload_buffer *other = &u->ring[(u->filling + i) % STA_UPLOAD_RING];

		*b = (struct sta_upload_buffer){ .bytes = other->bytes, .cap = other->cap };
		*other = (struct sta_upload_buffer){ 0 };
	}
}

/* One buffer more for a task; true when nobody is at it yet.  The lock is held. */
static bool
add_one(struct sta_upload_task *task, void (*run)(struct sta_job *job))
{
	task->left++;
	if (task->busy)
		return false;
	task->busy = true;
	task->job = (struct sta_job){ .run = run };
	return true;
}

/* Give the full buffer to the writers and go on with the next one, if it is empty. */
static bool
hand_over(struct sta_upload *u, size_t goal)
{
	size_t ring = goal == BUFFER_MAX ? STA_UPLOAD_RING : 2;
	bool hash = false;
	bool write = false;
	bool room;

	(void) pthread_mutex_lock(&u->io.lock);
	room = u->io.failure.rc == STA_OK && full_buffers(u) + 1 < ring;
	u->io.starved = !room;
	if (room) {
		move_on(u);
		hash = add_one(&u->io.hashing, run_hash);
		write = add_one(&u->io.writing, run_write);
	}
	(void) pthread_mutex_unlock(&u->io.lock);
	if (hash)
		sta_pool_submit(u->r->writers, &u->io.hashing.job);
	if (write)
		sta_pool_submit(u->r->writers, &u->io.writing.job);
	return room;
}

/* Each buffer is larger than the one before, until they have the size that all have. */
static bool
grow_by_goal(struct sta_upload *u, size_t before, size_t goal)
{
	struct sta_upload_buffer *b = sta_upload_fill(u);
	size_t cap = before == 0 ? BUFFER_MIN : before * 4;

	if (cap > goal)
		cap = goal;
	return b->cap >= cap || grow(u, b, cap) || b->cap > 0;
}

/* Bytes that the buffer shall hold: so many that the next begins where a page does. */
static size_t
limit_of(const struct sta_upload *u, const struct sta_upload_buffer *b)
{
	return b->cap > 0 ? b->cap - (u->size - b->len) % STA_DIRECT_ALIGN : 0;
}

static enum sta_rc
failure_of(struct sta_upload *u, struct sta_err *err)
{
	enum sta_rc rc;

	(void) pthread_mutex_lock(&u->io.lock);
	rc = u->io.failure.rc;
	if (rc != STA_OK)
		*err = u->io.failure;
	(void) pthread_mutex_unlock(&u->io.lock);
	return rc;
}

/* Room in the buffer, or none (*room 0) until a writer is done. */
static enum sta_rc
make_room(struct sta_upload *u, size_t *room, struct sta_err *err)
{
	struct sta_upload_buffer *b = sta_upload_fill(u);
	bool ok = true;

	*room = 0;
	if (b->len < limit_of(u, b)) {
		*room = limit_of(u, b) - b->len;
		return STA_OK;
	}
	if (u->size == b->len && b->cap < STA_BLOB_INLINE_MAX) {
		ok = grow(u, b, b->cap == 0 ? BUFFER_MIN : STA_BLOB_INLINE_MAX);
	} else {
		size_t goal = buffer_goal(u);

		if (b->len > 0 && !hand_over(u, goal))
			return failure_of(u, err);
		ok = grow_by_goal(u, b->cap, goal);
	}
	if (!ok)
		return sta_err_set(err, STA_NOMEM, 0, "upload buffer");
	b = sta_upload_fill(u);
	*room = limit_of(u, b) - b->len;
	return STA_OK;
}

enum sta_rc
sta_upload_expect(const struct sta_upload *u, uint64_t len, struct sta_err *err)
{
	uint64_t max = u->r->options.layer_max;

	if (u->size <= max && len <= max - u->size)
		return STA_OK;
	return sta_oci_fail(err, STA_TOO_LARGE, STA_OCI_SIZE_INVALID,
			    "the blob is larger than the %llu bytes that this registry accepts",
			    (unsigned long long) max);
}

enum sta_rc
sta_upload_refused(const struct sta_upload *u, struct sta_err *err)
{
	return u->refused ? sta_oci_unauthorized(err) : STA_OK;
}

enum sta_rc
sta_upload_append(struct sta_upload *u, const void *p, size_t len, size_t *taken, struct sta_err *err)
{
	enum sta_rc rc = failure_of(u, err);

	*taken = 0;
	if (rc == STA_OK)
		rc = sta_upload_refused(u, err);
	if (rc == STA_OK)
		rc = sta_upload_expect(u, len, err);
	if (rc == STA_TOO_LARGE)
		sta_sessions_end(u->r->sessions, u);
	if (rc != STA_OK)
		return rc;
	while (len > *taken) {
		const char *from = (const char *) p + *taken;
		struct sta_upload_buffer *b;
		size_t room = 0;

		rc = make_room(u, &room, err);
		if (rc != STA_OK || room == 0)
			return rc;
		if (room > len - *taken)
			room = len - *taken;
		b = sta_upload_fill(u);
		memcpy(b->bytes + b->len, from, room);
		b->len += room;
		u->size += room;
		*taken += room;
	}
	return STA_OK;
}

enum sta_rc
sta_upload_settle(struct sta_upload *u, struct sta_err *err)
{
	enum sta_rc rc;

	(void) pthread_mutex_lock(&u->io.lock);
	while (u->io.hashing.busy || u->io.writing.busy)
		(void) pthread_cond_wait(&u->io.idle, &u->io.lock);
	(void) pthread_mutex_unlock(&u->io.lock);
	rc = failure_of(u, err);
	return rc == STA_OK ? hash_rest(u, err) : rc;
}

enum sta_rc
sta_upload_flush(struct sta_upload *u, struct sta_err *err)
{
	enum sta_rc rc = sta_upload_settle(u, err);

	if (rc == STA_OK)
		rc = sta_upload_refused(u, err);
	return rc == STA_OK ? write_rest(u, err) : rc;
}

void
sta_upload_check_stage(struct sta_upload *u, const struct sta_err *why)
{
	struct sta_store *store = u->r->store;
	struct sta_err ignored;
	uint64_t size;
	int64_t written;

	if (store->ops->stage_write(store, u->io.stage, u->io.staged, "", 0, &ignored) != STA_NOT_FOUND)
		return;
	/* Nobody may find bytes again that a sync failed for: the next one would not tell. */
	if (store->ops->stage_stat(store, u->id, &size, &written, &ignored) != STA_NOT_FOUND)
		sta_sessions_end(u->r->sessions, u);
	(void) pthread_mutex_lock(&u->io.lock);
	u->io.failure = *why;
	(void) pthread_mutex_unlock(&u->io.lock);
}

/* True when letting go needs neither the disk nor the database. */
static bool
ends_without_waiting(const struct sta_upload *u)
{
	if (u->session && !u->over)
		return u->ring[u->filling].len == 0;
	if (u->io.stage)
		return false;
	return !u->session || u->row_gone;
}

void
sta_upload_release(struct sta_upload *u)
{
	bool busy;

	if (!u)
		return;
	(void) pthread_mutex_lock(&u->io.lock);
	u->io.released = true;
	u->io.starved = false;
	busy = u->io.hashing.busy || u->io.writing.busy;
	(void) pthread_mutex_unlock(&u->io.lock);
	if (busy)
		return; /* the writer lets go when it is done */
	if (!u->r->workers || ends_without_waiting(u)) {
		end_hold(u);
		return;
	}
	u->end_job = (struct sta_job){ .run = run_end_hold };
	sta_pool_submit(u->r->workers, &u->end_job);
}

enum sta_rc
sta_upload_hash_stage(struct sta_registry *r, const char *id, struct sta_hash *h, uint64_t *len,
		      struct sta_err *err)
{
	struct sta_blob_file file = { .fd = -1 };
	char *chunk = sta_malloc(READ_CHUNK);
	ssize_t n = 1;
	enum sta_rc rc = chunk ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "reading buffer");

	*len = 0;
	if (rc == STA_OK)
		rc = r->store->ops->stage_open(r->store, id, &file, err);
	while (rc == STA_OK && n > 0) {
		n = read(file.fd, chunk, READ_CHUNK);
		if (n < 0)
			rc = sta_err_set(err, STA_IO, errno, "read an upload");
		else if (n > 0)
			rc = sta_hash_update(h, chunk, (size_t) n, err);
		*len += n > 0 ? (uint64_t) n : 0;
	}
	sta_auto_close(&file.fd);
	sta_free(chunk);
	return rc;
}

enum sta_rc
sta_upload_reread(struct sta_upload *u, struct sta_err *err)
{
	struct sta_store *store = u->r->store;
	uint64_t size = 0;
	enum sta_rc rc = store->ops->stage_begin(store, u->id, &u->io.stage, err);

	if (rc == STA_OK)
		rc = sta_upload_hash_stage(u->r, u->id, u->hash, &size, err);
	u->size = size;
	u->hashed = size;
	u->io.staged = size;
	return rc;
}
