#include "registry/fsck.h"

#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/auto.h"
#include "crypto/hash.h"
#include "model/audit.h"
#include "model/blobs.h"
#include "model/uploads.h"
#include "oci/manifest.h"
#include "registry/core.h"

#define PAGE 256
#define PAGE_ARENA_MAX ((size_t) 24 << 20) /* a manifest of 4 MiB and its parsed form */
#define FINDINGS_MAX 1000                  /* of each kind */
#define READ_CHUNK ((size_t) 1 << 20)
#define STAGE_FORGOTTEN_S 3600 /* an upload in one request has no row, and is over long before */

struct check {
	struct sta_registry *r;
	const struct sta_fsck_options *o;
	sta_fsck_report_fn *report;
	void *report_arg;
	struct sta_db_conn *c;
	struct sta_arena *arena; /* of one page */
	char *chunk;
	struct sta_fsck_result result;
	enum sta_rc walk_rc; /* of a callback */
	struct sta_err *err;
};

static void
problem(struct check *k, const char *invariant, const char *what, const char *text)
{
	k->result.problems++;
	k->report(k->report_arg, invariant, what, text);
}

static void
digest_problem(struct check *k, const char *invariant, const struct sta_digest *d, const char *text)
{
	char name[STA_DIGEST_TEXT_MAX];

	problem(k, invariant, sta_digest_text(d, name), text);
}

static enum sta_rc
new_page(struct check *k, struct sta_err *err)
{
	sta_arena_free(k->arena);
	k->arena = sta_arena_new(PAGE_ARENA_MAX);
	return k->arena ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "fsck");
}

/* --- rows: one snapshot, so that nothing is between two states --- */

static enum sta_rc
check_rows(struct check *k, struct sta_err *err)
{
	struct sta_audit_counts counts = { 0 };
	struct sta_audit_finding *found = NULL;
	size_t n = 0;
	enum sta_rc rc = sta_db_read_begin(k->c, err);

	if (rc != STA_OK)
		return rc;
	rc = sta_audit_count(k->c, &counts, err);
	if (rc == STA_OK)
		rc = sta_audit_rows(k->c, k->arena, FINDINGS_MAX, &found, &n, err);
	sta_db_read_end(k->c);
	if (rc != STA_OK)
		return rc;
	k->result.packages = counts.packages;
	k->result.tags = counts.tags;
	k->result.uploads = counts.uploads;
	for (size_t i = 0; i < n; i++)
		problem(k, found[i].invariant, found[i].what, found[i].problem);
	return STA_OK;
}

/* --- manifests: their bytes, and all that they refer to --- */

static enum sta_rc
check_manifest_bytes(struct check *k, const struct sta_audit_manifest *m, bool *good, struct sta_err *err)
{
	struct sta_digest got;
	enum sta_rc rc;

	*good = false;
	if (!m->bytes || m->len != m->size) {
		digest_problem(k, "I4", &m->digest, "the manifest's bytes are missing or cut");
		return STA_OK;
	}
	rc = sta_hash_bytes(m->digest.alg, m->bytes, m->len, &got, err);
	if (rc != STA_OK)
		return rc;
	*good = sta_digest_equal(&got, &m->digest);
	if (!*good)
		digest_problem(k, "I4", &m->digest, "the manifest's bytes do not hash to its digest");
	return STA_OK;
}

static enum sta_rc
check_references(struct check *k, const struct sta_audit_manifest *m, struct sta_err *err)
{
	struct sta_manifest parsed;
	char name[STA_DIGEST_TEXT_MAX];
	bool uses = true;
	enum sta_rc rc = sta_manifest_parse(k->arena, m->media_type, m->bytes, m->len, &parsed, err);

	if (rc == STA_INVALID) {
		digest_problem(k, "I2", &m->digest, "the stored manifest cannot be read");
		return STA_OK;
	}
	for (size_t i = 0; rc == STA_OK && i < parsed.n_refs; i++) {
		const struct sta_descriptor *d = &parsed.refs[i];

		if (d->kind == STA_REF_CHILD || d->may_be_absent)
			continue;
		rc = sta_audit_uses(k->c, m->package_id, m->id, &d->digest, &uses, err);
		if (rc == STA_OK && !uses)
			problem(k, "I2",
				sta_arena_printf(k->arena, "%s@%s", m->package,
						 sta_digest_text(&m->digest, name)),
				"a blob of the manifest is missing, or its reference is not counted");
	}
	return rc;
}

static enum sta_rc
check_next_manifest(struct check *k, int64_t *last, bool *done, struct sta_err *err)
{
	struct sta_audit_manifest m;
	bool good = false;
	enum sta_rc rc = sta_go_on(k->r, err);

	if (rc == STA_OK)
		rc = new_page(k, err);
	if (rc == STA_OK)
		rc = sta_db_read_begin(k->c, err);
	if (rc != STA_OK)
		return rc;
	rc = sta_audit_next_manifest(k->c, k->arena, *last, &m, err);
	if (rc == STA_OK)
		rc = check_manifest_bytes(k, &m, &good, err);
	if (rc == STA_OK && good)
		rc = check_references(k, &m, err);
	sta_db_read_end(k->c);
	*done = rc == STA_NOT_FOUND;
	if (rc != STA_OK)
		return *done ? STA_OK : rc;
	*last = m.id;
	if (!m.deleted)
		k->result.manifests++;
	k->result.bytes += m.size;
	return STA_OK;
}

static enum sta_rc
check_manifests(struct check *k, struct sta_err *err)
{
	int64_t last = 0;
	bool done = false;
	enum sta_rc rc = STA_OK;

	while (rc == STA_OK && !done)
		rc = check_next_manifest(k, &last, &done, err);
	return rc;
}

/* --- blobs: are the bytes there, and are they the right ones? --- */

static enum sta_rc
hash_file(struct check *k, int fd, const struct sta_digest *wanted, bool *good, struct sta_err *err)
{
	STA_AUTO(sta_hash_auto) struct sta_hash *h = NULL;
	struct sta_digest got;
	ssize_t n = 1;
	enum sta_rc rc = sta_hash_new(wanted->alg, &h, err);

	*good = false;
	while (rc == STA_OK && n > 0) {
		n = read(fd, k->chunk, READ_CHUNK);
		if (n < 0)
			return STA_OK; /* unreadable is not good */
		rc = sta_hash_update(h, k->chunk, (size_t) n, err);
		if (rc == STA_OK)
			rc = sta_go_on(k->r, err);
	}
	if (rc == STA_OK)
		rc = sta_hash_peek(h, &got, err);
	if (rc == STA_OK)
		*good = sta_digest_equal(&got, wanted);
	return rc;
}

static enum sta_rc
check_stored(struct check *k, const struct sta_blob *b, const char **what, struct sta_err *err)
{
	struct sta_store *store = k->r->store;
	STA_AUTO_FD int fd = -1;
	struct sta_blob_file file;
	bool good = true;
	enum sta_rc rc = store->ops->open(store, &b->digest, &file, err);

	if (rc == STA_NOT_FOUND) {
		*what = "the blob's file is missing";
		return STA_OK;
	}
	if (rc != STA_OK)
		return rc;
	fd = file.fd;
	if (file.size != b->size) {
		*what = "the blob's file has another size";
		return STA_OK;
	}
	if (k->o->content)
		rc = hash_file(k, fd, &b->digest, &good, err);
	if (rc == STA_OK && !good)
		*what = "the blob's bytes do not hash to its digest";
	return rc;
}

static enum sta_rc
check_inline(struct check *k, const struct sta_blob *b, const char **what, struct sta_err *err)
{
	const void *bytes = NULL;
	size_t len = 0;
	struct sta_digest got;
	enum sta_rc rc = sta_blob_inline(k->c, k->arena, b->id, &bytes, &len, err);

	if (rc == STA_NOT_FOUND || (rc == STA_OK && len != b->size)) {
		*what = "the blob's bytes in the database are missing or cut";
		return STA_OK;
	}
	if (rc == STA_OK)
		rc = sta_hash_bytes(b->digest.alg, bytes, len, &got, err);
	if (rc == STA_OK && !sta_digest_equal(&got, &b->digest))
		*what = "the blob's bytes do not hash to its digest";
	return rc;
}

/* A blob that is collected while we look is no finding: look at its row again. */
static enum sta_rc
still_live(struct check *k, const struct sta_blob *b, bool *live, struct sta_err *err)
{
	struct sta_blob now;
	enum sta_rc rc = sta_blob_find(k->c, &b->digest, &now, err);

	*live = rc == STA_OK && now.id == b->id && now.state == STA_BLOB_LIVE;
	return rc == STA_NOT_FOUND ? STA_OK : rc;
}

static enum sta_rc
check_blob(struct check *k, const struct sta_blob *b, struct sta_err *err)
{
	const char *what = NULL;
	bool live = false;
	enum sta_rc rc;

	k->result.blobs++;
	if (b->state != STA_BLOB_LIVE)
		return STA_OK;
	k->result.bytes += b->size;
	rc = b->place == STA_PLACE_INLINE ? check_inline(k, b, &what, err) : check_stored(k, b, &what, err);
	if (rc != STA_OK || !what)
		return rc;
	rc = still_live(k, b, &live, err);
	if (rc == STA_OK && live)
		digest_problem(k, "I4", &b->digest, what);
	return rc;
}

static enum sta_rc
check_blobs(struct check *k, struct sta_err *err)
{
	int64_t last = 0;
	size_t n = PAGE;
	enum sta_rc rc = STA_OK;

	while (rc == STA_OK && n == PAGE) {
		struct sta_blob *blobs = NULL;

		rc = new_page(k, err);
		if (rc == STA_OK)
			rc = sta_blob_page(k->c, k->arena, last, PAGE, &blobs, &n, err);
		for (size_t i = 0; rc == STA_OK && i < n; i++) {
			last = blobs[i].id;
			rc = sta_go_on(k->r, err);
			if (rc == STA_OK)
				rc = check_blob(k, &blobs[i], err);
		}
	}
	return rc;
}

/* --- bytes that no row accounts for --- */

/* A file that was collected after the walk had named it is no finding. */
static bool
still_there(const struct check *k, const struct sta_digest *digest)
{
	struct sta_store *store = k->r->store;
	struct sta_blob_file file;
	struct sta_err ignored;

	enum sta_rc rc = store->ops->open(store, digest, &file, &ignored);

	if (rc == STA_OK)
		(void) close(file.fd);
	return rc != STA_NOT_FOUND;
}

static bool
check_file(void *arg, const struct sta_digest *digest)
{
	struct check *k = arg;
	struct sta_blob b;

	k->walk_rc = sta_blob_find(k->c, digest, &b, k->err);
	if (k->walk_rc == STA_NOT_FOUND && still_there(k, digest))
		k->walk_rc = sta_blob_find(k->c, digest, &b, k->err); /* or pushed anew since */
	else if (k->walk_rc == STA_NOT_FOUND)
		k->walk_rc = STA_OK;
	if (k->walk_rc == STA_NOT_FOUND) {
		digest_problem(k, "I6", digest, "a file of the store belongs to no blob");
		k->walk_rc = STA_OK;
	}
	return k->walk_rc == STA_OK;
}

static bool
check_stage(void *arg, const char *id)
{
	struct check *k = arg;
	struct sta_store *store = k->r->store;
	struct sta_upload_row row;
	struct sta_err ignored;
	uint64_t size;
	int64_t written;

	k->walk_rc = sta_upload_find(k->c, k->arena, id, &row, k->err);
	if (k->walk_rc != STA_NOT_FOUND)
		return k->walk_rc == STA_OK;
	k->walk_rc = STA_OK;
	if (store->ops->stage_stat(store, id, &size, &written, &ignored) == STA_OK &&
	    written + STAGE_FORGOTTEN_S < sta_now_unix())
		problem(k, "I6", id, "bytes of an upload belong to no session");
	return true;
}

static enum sta_rc
check_store(struct check *k, struct sta_err *err)
{
	struct sta_store *store = k->r->store;
	enum sta_rc rc = new_page(k, err);

	k->err = err;
	if (rc == STA_OK)
		rc = store->ops->each(store, check_file, k, err);
	if (rc == STA_OK)
		rc = k->walk_rc;
	if (rc == STA_OK)
		rc = store->ops->stage_each(store, check_stage, k, err);
	return rc == STA_OK ? k->walk_rc : rc;
}

enum sta_rc
sta_fsck_run(struct sta_registry *r, const struct sta_call *call, const struct sta_fsck_options *o,
	     sta_fsck_report_fn *report, void *arg, struct sta_fsck_result *out, struct sta_err *err)
{
	struct check k = { .r = r, .o = o, .report = report, .report_arg = arg };
	enum sta_rc rc = sta_door_site(call, err);

	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	if (rc == STA_OK)
		rc = sta_db_reader(r->db, &k.c, err);
	if (rc != STA_OK)
		return rc;
	k.chunk = sta_malloc(READ_CHUNK);
	rc = k.chunk ? new_page(&k, err) : sta_err_set(err, STA_NOMEM, 0, "fsck");
	if (rc == STA_OK)
		rc = check_rows(&k, err);
	if (rc == STA_OK)
		rc = check_manifests(&k, err);
	if (rc == STA_OK)
		rc = check_blobs(&k, err);
	if (rc == STA_OK)
		rc = check_store(&k, err);
	sta_arena_free(k.arena);
	sta_free(k.chunk);
	if (rc == STA_OK)
		*out = k.result;
	return rc;
}
