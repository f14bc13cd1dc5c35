#include <errno.h>
#include <unistd.h>

#include "base/auto.h"
#include "model/blobs.h"
#include "model/uploads.h"
#include "registry/upload_session.h"

#define CLAIM_S 3600
#define TRIES 5 /* each is lost only to a collector's pass in between */

struct finish {
	struct sta_upload *u;
	const struct sta_call *call;
	const struct sta_digest *digest;
	const void *bytes; /* of a blob that goes into the database; else NULL */
	struct sta_blob claimed;
};

/* The client may name another algorithm than the one we guessed. */
static enum sta_rc
hash_again(struct sta_upload *u, enum sta_digest_alg alg, struct sta_err *err)
{
	const struct sta_upload_buffer *rest = sta_upload_fill(u);
	struct sta_hash *h = NULL;
	uint64_t len = 0;
	enum sta_rc rc = sta_hash_new(alg, &h, err);

	if (rc == STA_OK && u->io.staged > 0)
		rc = sta_upload_hash_stage(u->r, u->id, h, &len, err);
	if (rc == STA_OK)
		rc = sta_hash_update(h, rest->len > 0 ? rest->bytes : "", rest->len, err);
	if (rc != STA_OK) {
		sta_hash_free(h);
		return rc;
	}
	sta_hash_free(u->hash);
	u->hash = h;
	return STA_OK;
}

static enum sta_rc
verify(struct finish *f, struct sta_err *err)
{
	struct sta_digest got;
	enum sta_rc rc = STA_OK;

	if (sta_hash_alg(f->u->hash) != f->digest->alg)
		rc = hash_again(f->u, f->digest->alg, err);
	if (rc == STA_OK)
		rc = sta_hash_peek(f->u->hash, &got, err);
	if (rc != STA_OK || sta_digest_equal(&got, f->digest))
		return rc;
	sta_sessions_end(f->u->r->sessions, f->u);
	(void) sta_oci_fail(err, STA_DIGEST_MISMATCH, STA_OCI_DIGEST_INVALID,
			    "provided digest did not match uploaded content");
	(void) sta_digest_text(f->digest, err->detail);
	return STA_DIGEST_MISMATCH;
}

/* The blob's row is there: make it the package's, and end the session. */
static enum sta_rc
record(struct sta_db_conn *c, const struct finish *f, int64_t blob_id, struct sta_err *err)
{
	const struct sta_upload *u = f->u;
	bool removed;
	struct sta_entry e;
	enum sta_rc rc = sta_still_enabled(c, f->call, err);

	if (rc == STA_OK)
		rc = sta_door(c, f->call, &u->name, STA_ACTION_WRITE, &e, err);
	if (rc == STA_OK)
		rc = sta_entry_create(c, f->call, &e, err);
	if (rc == STA_OK)
		rc = sta_entry_add_blob(c, u->r, &e, f->digest, blob_id, err);
	if (rc == STA_OK && u->session)
		rc = sta_upload_remove(c, u->id, &removed, err);
	return rc;
}

static enum sta_rc
inline_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct finish *f = arg;
	struct sta_blob blob;
	enum sta_rc rc = sta_blob_put_inline(c, f->digest, f->bytes, f->u->size, sta_now_unix(), &blob, err);

	return rc == STA_OK ? record(c, f, blob.id, err) : rc;
}

static enum sta_rc
claim_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct finish *f = arg;
	int64_t now = sta_now_unix();
	struct sta_entry e;
	enum sta_rc rc = sta_still_enabled(c, f->call, err);

	if (rc == STA_OK)
		rc = sta_door(c, f->call, &f->u->name, STA_ACTION_WRITE, &e, err);
	if (rc == STA_OK)
		rc = sta_blob_claim(c, f->digest, f->u->size, now, now + CLAIM_S, &f->claimed, err);
	return rc;
}

static enum sta_rc
live_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct finish *f = arg;
	struct sta_blob blob;
	enum sta_rc rc = sta_blob_live(c, f->digest, &blob, err);

	/* Another row: the blob was collected, file and all, and someone else has
	 * announced it since, who may never publish it. */
	if (rc == STA_OK && blob.id != f->claimed.id)
		rc = sta_err_set(err, STA_NOT_FOUND, 0, "the blob was collected meanwhile");
	return rc == STA_OK ? record(c, f, blob.id, err) : rc;
}

static enum sta_rc
read_small(struct finish *f, struct sta_err *err)
{
	struct sta_upload *u = f->u;
	STA_AUTO_FD int fd = -1;
	struct sta_blob_file file;
	char *bytes;
	size_t have = 0;
	enum sta_rc rc;

	if (u->io.staged == 0) {
		f->bytes = u->size > 0 ? sta_upload_fill(u)->bytes : "";
		return STA_OK;
	}
	rc = sta_upload_flush(u, err);
	if (rc == STA_OK)
		rc = u->r->store->ops->stage_open(u->r->store, u->id, &file, err);
	if (rc != STA_OK)
		return rc;
	fd = file.fd;
	bytes = sta_arena_alloc(f->call->arena, u->size);
	if (!bytes)
		return sta_err_set(err, STA_NOMEM, 0, "blob");
	while (have < u->size) {
		ssize_t n = pread(fd, bytes + have, u->size - have, (off_t) have);

		if (n <= 0)
			return sta_err_set(err, STA_IO, n < 0 ? errno : EIO, "read an upload");
		have += (size_t) n;
	}
	f->bytes = bytes;
	return STA_OK;
}

/* Under the blob's name lies something else, and these bytes have been verified.
 * One at a time: another push may just have healed it. */
static enum sta_rc
replace(const struct finish *f, struct sta_err *err)
{
	struct sta_registry *r = f->u->r;
	enum sta_rc rc;

	(void) pthread_mutex_lock(&r->removing);
	rc = r->store->ops->publish(r->store, f->u->io.stage, f->digest, err);
	if (rc == STA_CORRUPT) {
		rc = r->store->ops->remove(r->store, f->digest, err);
		if (rc == STA_OK)
			rc = r->store->ops->publish(r->store, f->u->io.stage, f->digest, err);
	}
	(void) pthread_mutex_unlock(&r->removing);
	return rc;
}

/* Also when the registry has the blob: the bytes are synced all the same, so that
 * a push takes as long as one of new bytes and tells nobody what others hold; and
 * a file that someone took away comes back. */
static enum sta_rc
publish(const struct finish *f, struct sta_err *err)
{
	struct sta_store *store = f->u->r->store;
	enum sta_rc rc = store->ops->publish(store, f->u->io.stage, f->digest, err);

	if (rc == STA_CORRUPT)
		rc = replace(f, err);
	if (rc == STA_NOT_FOUND) /* dropped after a sync that failed */
		return sta_err_set(err, STA_IO, 0, "the upload's bytes are lost");
	return rc;
}

/* Claim, publish, record.  STA_BUSY or STA_NOT_FOUND: the collector has taken
 * the blob before, or in between. */
static enum sta_rc
put_in_store(struct finish *f, struct sta_err *err)
{
	struct sta_db *db = f->u->r->db;
	enum sta_rc rc = sta_db_write(db, claim_tx, f, err);

	if (rc != STA_OK)
		return rc;
	rc = publish(f, err);
	if (rc != STA_OK) {
		sta_upload_check_stage(f->u, err);
		return rc;
	}
	return sta_db_write(db, live_tx, f, err);
}

static enum sta_rc
put_in_database(struct finish *f, struct sta_err *err)
{
	return sta_db_write(f->u->r->db, inline_tx, f, err);
}

static enum sta_rc
put(struct finish *f, enum sta_rc (*how)(struct finish *f, struct sta_err *err), struct sta_err *err)
{
	enum sta_rc rc = how(f, err);

	for (int i = 1; (rc == STA_BUSY || rc == STA_NOT_FOUND) && i < TRIES; i++) {
		rc = sta_gc_finish_removal(f->u->r, f->digest, err);
		if (rc == STA_OK)
			rc = how(f, err);
	}
	return rc;
}

static enum sta_rc
finish_large(struct finish *f, struct sta_err *err)
{
	enum sta_rc rc = sta_upload_flush(f->u, err);

	return rc == STA_OK ? put(f, put_in_store, err) : rc;
}

static enum sta_rc
finish_small(struct finish *f, struct sta_err *err)
{
	enum sta_rc rc = read_small(f, err);

	return rc == STA_OK ? put(f, put_in_database, err) : rc;
}

enum sta_rc
sta_upload_finish(struct sta_upload *u, const struct sta_call *call, const struct sta_digest *digest,
		  struct sta_err *err)
{
	struct finish f = { .u = u, .call = call, .digest = digest };
	enum sta_rc rc = sta_must_wait(call, err);

	if (rc == STA_OK)
		rc = sta_upload_settle(u, err);
	if (rc == STA_OK)
		rc = sta_upload_refused(u, err);
	if (rc == STA_OK)
		rc = verify(&f, err);
	if (rc == STA_OK)
		rc = u->size <= STA_BLOB_INLINE_MAX ? finish_small(&f, err) : finish_large(&f, err);
	if (rc != STA_OK)
		return rc;
	u->row_gone = true;
	sta_sessions_end(u->r->sessions, u);
	sta_upload_remove_stage(u);
	return STA_OK;
}
