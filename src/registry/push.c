#include "registry/push.h"

#include <string.h>

#include "crypto/hash.h"
#include "model/blobs.h"
#include "model/manifests.h"
#include "model/tags.h"
#include "model/word_index.h"
#include "oci/manifest.h"
#include "registry/core.h"
#include "registry/labels.h"
#include "registry/source.h"

struct work {
	struct sta_registry *r;
	const struct sta_call *call;
	const struct sta_push *push;
	struct sta_digest digest; /* of the bytes */
	struct sta_manifest manifest;
	struct sta_labels labels;
	struct sta_pushed out;
};

/* Where the references of a manifest point, once they have been looked up. */
struct target {
	enum { TARGET_MANIFEST, TARGET_BLOB, TARGET_NONE } kind;
	int64_t blob_id;
};

static enum sta_rc
check_digest(struct work *w, struct sta_err *err)
{
	const struct sta_reference *ref = w->push->ref;
	enum sta_digest_alg alg = ref->is_digest ? ref->digest.alg : STA_SHA256;
	enum sta_rc rc = sta_hash_bytes(alg, w->push->bytes, w->push->len, &w->digest, err);

	if (rc != STA_OK || !ref->is_digest || sta_digest_equal(&w->digest, &ref->digest))
		return rc;
	(void) sta_oci_fail(err, STA_DIGEST_MISMATCH, STA_OCI_DIGEST_INVALID,
			    "provided digest did not match uploaded content");
	(void) sta_digest_text(&ref->digest, err->detail);
	return STA_DIGEST_MISMATCH;
}

static bool
among(const struct sta_push *push, const struct sta_digest *d)
{
	for (size_t i = 0; i < push->n_match; i++)
		if (sta_digest_equal(&push->match_digests[i], d))
			return true;
	return false;
}

static bool
condition_holds(const struct sta_push *push, const struct sta_digest *now)
{
	switch (push->match) {
	case STA_MATCH_ANY:
		return true;
	case STA_MATCH_IS:
		return now && among(push, now);
	case STA_MATCH_EXISTS:
		return now != NULL;
	case STA_MATCH_IS_NOT:
		return !now || !among(push, now);
	case STA_MATCH_ABSENT:
		return now == NULL;
	}
	return false;
}

static enum sta_rc
check_condition(struct work *w, struct sta_db_conn *c, const struct sta_entry *e, struct sta_err *err)
{
	const struct sta_reference *ref = w->push->ref;
	struct sta_version v;
	enum sta_rc rc = STA_NOT_FOUND;

	if (w->push->match == STA_MATCH_ANY)
		return STA_OK;
	if (e->exists)
		rc = ref->is_digest
			     ? sta_version_by_digest(c, w->call->arena, e->package.id, &ref->digest, &v, err)
			     : sta_version_by_tag(c, w->call->arena, e->package.id, ref->tag, &v, err);
	if (rc != STA_OK && rc != STA_NOT_FOUND)
		return rc;
	if (condition_holds(w->push, rc == STA_OK ? &v.digest : NULL))
		return STA_OK;
	return sta_oci_fail(err, STA_PRECONDITION, STA_OCI_PRECONDITION_FAILED,
			    "the manifest is not in the state that the request requires");
}

/* An entry of an index is a manifest of the package, or a blob of it (caches
 * of BuildKit are such), or nothing yet: indexes may come first or stay
 * sparse.  Everything else must be a blob of the package. */
static enum sta_rc
look_up(struct work *w, struct sta_db_conn *c, const struct sta_entry *e, const struct sta_descriptor *d,
	struct target *out, struct sta_err *err)
{
	struct sta_membership m;
	struct sta_version v;
	enum sta_rc rc = STA_NOT_FOUND;

	*out = (struct target){ .kind = TARGET_NONE };
	if (e->exists && d->kind == STA_REF_CHILD) {
		rc = sta_version_by_digest(c, w->call->arena, e->package.id, &d->digest, &v, err);
		out->kind = rc == STA_OK ? TARGET_MANIFEST : TARGET_NONE;
		if (rc != STA_NOT_FOUND)
			return rc;
	}
	if (e->exists)
		rc = sta_blob_member(c, e->package.id, &d->digest, &m, err);
	if (rc == STA_OK) {
		*out = (struct target){ .kind = TARGET_BLOB, .blob_id = m.blob.id };
		return STA_OK;
	}
	if (rc != STA_NOT_FOUND)
		return rc;
	if (d->kind != STA_REF_CHILD && !d->may_be_absent && !w->r->options.sparse_manifests)
		w->out.missing[w->out.n_missing++] = d->digest;
	return STA_OK;
}

static enum sta_rc
look_up_all(struct work *w, struct sta_db_conn *c, const struct sta_entry *e, struct target *targets,
	    struct sta_err *err)
{
	enum sta_rc rc = STA_OK;

	w->out.n_missing = 0;
	for (size_t i = 0; rc == STA_OK && i < w->manifest.n_refs; i++)
		rc = look_up(w, c, e, &w->manifest.refs[i], &targets[i], err);
	if (rc == STA_OK && w->out.n_missing > 0)
		return sta_oci_fail(err, STA_INCOMPLETE, STA_OCI_MANIFEST_BLOB_UNKNOWN,
				    "manifest references a manifest or blob unknown to the repository");
	return rc;
}

static enum sta_rc
refer(struct sta_db_conn *c, int64_t package_id, int64_t id, const struct sta_descriptor *d,
      const struct target *target, struct sta_err *err)
{
	enum sta_rc rc = STA_OK;

	if (target->kind == TARGET_BLOB)
		return sta_version_use_blob(c, package_id, id, target->blob_id, err);
	if (d->kind == STA_REF_CHILD)
		rc = sta_version_use_child(c, package_id, id, &d->digest, err);
	if (rc == STA_OK && target->kind == TARGET_NONE) /* an entry of an index may come as a blob, too */
		rc = sta_version_miss_blob(c, package_id, id, &d->digest, err);
	return rc;
}

static enum sta_rc
insert(struct work *w, struct sta_db_conn *c, int64_t package_id, const struct target *targets, int64_t *id,
       struct sta_err *err)
{
	const struct sta_manifest *m = &w->manifest;
	struct sta_version v = {
		.digest = w->digest,
		.media_type = m->media_type,
		.artifact_type = m->artifact_type,
		.annotations = m->has_subject ? m->annotations : NULL,
		.has_subject = m->has_subject,
		.subject = m->subject,
		.is_index = m->is_index,
		.created_unix = sta_now_unix(),
		.description = w->labels.description,
		.licenses = w->labels.licenses,
		.platform = w->labels.platform,
	};
	enum sta_rc rc = sta_version_insert(c, package_id, &v, w->push->bytes, w->push->len, err);

	for (size_t i = 0; rc == STA_OK && i < m->n_refs; i++)
		rc = refer(c, package_id, v.id, &m->refs[i], &targets[i], err);
	if (rc == STA_OK)
		*id = v.id;
	return rc;
}

/* The same bytes under another media type would be another document under the
 * same name: the first stays, and the pusher is told. */
static enum sta_rc
store_version(struct work *w, struct sta_db_conn *c, int64_t package_id, const struct target *targets,
	      int64_t *id, struct sta_err *err)
{
	int64_t due = sta_now_unix() + (int64_t) w->r->options.collect_grace_s;
	struct sta_version v;
	bool deleted = false;
	enum sta_rc rc = sta_version_any(c, w->call->arena, package_id, &w->digest, &v, &deleted, err);

	if (rc == STA_OK && deleted) /* it makes room, and cannot be restored any more */
		rc = sta_version_remove(c, package_id, v.id, due, err);
	if (rc == STA_NOT_FOUND || (rc == STA_OK && deleted))
		return insert(w, c, package_id, targets, id, err);
	if (rc != STA_OK)
		return rc;
	if (strcmp(v.media_type, w->manifest.media_type) != 0)
		return sta_oci_fail(err, STA_CONFLICT, STA_OCI_MANIFEST_INVALID,
				    "these bytes are stored already as %s", v.media_type);
	*id = v.id;
	return STA_OK;
}

/* A package is found by what the version that got a tag last says of itself. */
static enum sta_rc
index_words(struct work *w, struct sta_db_conn *c, const struct sta_package *p, bool created,
	    struct sta_err *err)
{
	const struct sta_labels *l = &w->labels;
	bool tagged = !w->push->ref->is_digest || w->push->n_tags > 0;

	if (tagged && (created || p->indexed != sta_word_index_hash(l->description, l->licenses)))
		return sta_word_index_labels(c, p->id, l->description, l->licenses, err);
	return created ? sta_word_index(c, p->id, err) : STA_OK;
}

static enum sta_rc
set_tags(struct work *w, struct sta_db_conn *c, const struct sta_package *p, bool created, int64_t id,
	 struct sta_err *err)
{
	const struct sta_author by = sta_author_of(w->call);
	enum sta_rc rc = STA_OK;

	if (!w->push->ref->is_digest)
		rc = sta_tag_set(c, p->id, w->push->ref->tag, id, &by, err);
	for (size_t i = 0; rc == STA_OK && i < w->push->n_tags; i++)
		rc = sta_tag_set(c, p->id, w->push->tags[i], id, &by, err);
	if (rc == STA_OK)
		rc = sta_package_touch(c, p->id, by.now_unix, err);
	return rc == STA_OK ? index_words(w, c, p, created, err) : rc;
}

static enum sta_rc
push_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct work *w = arg;
	struct target *targets = sta_arena_alloc(w->call->arena, w->manifest.n_refs * sizeof(*targets));
	struct sta_entry e;
	bool created;
	int64_t id = 0;
	enum sta_rc rc;

	if (!targets)
		return sta_err_set(err, STA_NOMEM, 0, "references");
	rc = sta_still_enabled(c, w->call, err);
	if (rc == STA_OK)
		rc = sta_door(c, w->call, w->push->name, STA_ACTION_WRITE, &e, err);
	if (rc == STA_OK)
		rc = check_condition(w, c, &e, err);
	if (rc == STA_OK)
		rc = look_up_all(w, c, &e, targets, err);
	created = rc == STA_OK && !e.package.published;
	if (rc == STA_OK)
		rc = sta_entry_create(c, w->call, &e, err);
	if (rc == STA_OK && w->labels.source && e.package.repository_id == 0)
		rc = sta_source_link(w->r, c, w->call, &e, w->labels.source, created, err);
	if (rc == STA_OK)
		rc = store_version(w, c, e.package.id, targets, &id, err);
	if (rc == STA_OK)
		rc = set_tags(w, c, &e.package, created, id, err);
	return rc;
}

/* In one snapshot. */
static enum sta_rc
examine(struct work *w, struct sta_db_conn *c, struct sta_err *err)
{
	struct sta_entry e;
	enum sta_rc rc = sta_door(c, w->call, w->push->name, STA_ACTION_WRITE, &e, err);

	if (rc == STA_OK)
		rc = sta_must_wait(w->call, err);
	if (rc == STA_OK)
		rc = check_digest(w, err);
	if (rc == STA_OK)
		rc = sta_manifest_parse(w->call->arena, w->push->media_type, w->push->bytes, w->push->len,
					&w->manifest, err);
	if (rc == STA_OK)
		rc = sta_labels_read(w->r, c, w->call, e.package.id, &w->manifest, &w->labels, err);
	return rc;
}

/* On the caller's own thread, before the writer is asked: the writer should
 * only ever be busy with work that can succeed. */
static enum sta_rc
prepare(struct work *w, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	enum sta_rc rc = sta_db_reader(w->r->db, &c, err);

	if (rc == STA_OK)
		rc = sta_db_read_begin(c, err);
	if (rc != STA_OK)
		return rc;
	rc = examine(w, c, err);
	sta_db_read_end(c);
	if (rc != STA_OK)
		return rc;
	w->out.missing = sta_arena_alloc(w->call->arena, w->manifest.n_refs * sizeof(*w->out.missing));
	return w->out.missing ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "references");
}

enum sta_rc
sta_push_allowed(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
		 struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_entry e;
	enum sta_rc rc = sta_db_reader(r->db, &c, err);

	return rc == STA_OK ? sta_door(c, call, name, STA_ACTION_WRITE, &e, err) : rc;
}

enum sta_rc
sta_push_manifest(struct sta_registry *r, const struct sta_call *call, const struct sta_push *push,
		  struct sta_pushed *out, struct sta_err *err)
{
	struct work w = { .r = r, .call = call, .push = push };
	enum sta_rc rc = prepare(&w, err);

	if (rc == STA_OK)
		rc = sta_db_write(r->db, push_tx, &w, err);
	if (rc != STA_OK && rc != STA_INCOMPLETE)
		return rc;
	w.out.digest = w.digest;
	w.out.has_subject = w.manifest.has_subject;
	w.out.subject = w.manifest.subject;
	*out = w.out;
	return rc;
}
