#include "registry/pull.h"

#include <string.h>
#include <unistd.h>

#include "model/blobs.h"
#include "model/manifests.h"
#include "registry/core.h"

#define CACHE_OVERHEAD ((size_t) 2048) /* of an entry: key, media type, the facts */

static enum sta_rc
find_version(struct sta_db_conn *c, const struct sta_call *call, int64_t package_id,
	     const struct sta_reference *ref, struct sta_version *out, struct sta_err *err)
{
	enum sta_rc rc = ref->is_digest
				 ? sta_version_by_digest(c, call->arena, package_id, &ref->digest, out, err)
				 : sta_version_by_tag(c, call->arena, package_id, ref->tag, out, err);

	if (rc == STA_NOT_FOUND)
		return sta_oci_fail(err, rc, STA_OCI_MANIFEST_UNKNOWN, "manifest unknown");
	return rc;
}

/* What a reference led to, and the facts that the door decides on. */
struct known {
	struct sta_namespace namespace;
	struct sta_package package;
	struct sta_pulled_manifest manifest; /* with its bytes */
};

static enum sta_rc
read_manifest(struct sta_db_conn *c, const struct sta_call *call, const struct sta_name *name,
	      const struct sta_reference *ref, bool bytes_wanted, struct known *out, struct sta_err *err)
{
	struct sta_entry e;
	struct sta_version v;
	struct known got;
	size_t len = 0;
	enum sta_rc rc = sta_door_existing(c, call, name, STA_ACTION_READ, &e, err);

	if (rc == STA_OK)
		rc = find_version(c, call, e.package.id, ref, &v, err);
	if (rc != STA_OK)
		return rc;
	got = (struct known){
		.namespace = e.namespace,
		.package = e.package,
		.manifest = { .id = v.id, .digest = v.digest, .media_type = v.media_type, .size = v.size },
	};
	if (bytes_wanted || v.size <= STA_CACHED_MANIFEST_MAX) {
		rc = sta_version_bytes(c, call->arena, v.id, &got.manifest.bytes, &len, err);
		if (rc != STA_OK)
			return rc;
		got.manifest.size = len;
	}
	*out = got;
	return STA_OK;
}

static enum sta_rc
look_up_manifest(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
		 const struct sta_reference *ref, bool bytes_wanted, struct known *out, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	enum sta_rc rc = sta_db_reader(r->db, &c, err);

	if (rc == STA_OK)
		rc = sta_db_read_begin(c, err);
	if (rc != STA_OK)
		return rc;
	rc = read_manifest(c, call, name, ref, bytes_wanted, out, err);
	sta_db_read_end(c);
	return rc;
}

/* name, NUL, reference, NUL, the account whose role is among the facts. */
static bool
manifest_key(const struct sta_call *call, const struct sta_name *name, const struct sta_reference *ref,
	     struct sta_cache_key *key)
{
	char digest[STA_DIGEST_TEXT_MAX];
	const char *text = ref->is_digest ? sta_digest_text(&ref->digest, digest) : ref->tag;
	size_t name_len = strlen(name->full) + 1;
	size_t text_len = strlen(text) + 1;
	char *p = sta_arena_alloc(call->arena, name_len + text_len + sizeof(call->caller.user_id));

	if (!p)
		return false;
	memcpy(p, name->full, name_len);
	memcpy(p + name_len, text, text_len);
	memcpy(p + name_len + text_len, &call->caller.user_id, sizeof(call->caller.user_id));
	key->bytes = p;
	key->len = name_len + text_len + sizeof(call->caller.user_id);
	return true;
}

static void
remember(struct sta_registry *r, const struct sta_cache_key *key, const struct known *k)
{
	struct sta_arena *memory;
	struct known *kept;

	if (!k->manifest.bytes || k->manifest.size > STA_CACHED_MANIFEST_MAX)
		return;
	memory = sta_arena_new((size_t) k->manifest.size + CACHE_OVERHEAD);
	kept = memory ? sta_arena_memdup(memory, k, sizeof(*k)) : NULL;
	if (kept) {
		kept->package.name = NULL; /* not needed: the key has it */
		kept->manifest.media_type = sta_arena_strdup(memory, k->manifest.media_type);
		kept->manifest.bytes = sta_arena_memdup(memory, k->manifest.bytes, (size_t) k->manifest.size);
	}
	if (kept && kept->manifest.media_type && kept->manifest.bytes)
		sta_cache_put(r->manifests, key, INT64_MAX, memory, kept);
	else
		sta_arena_free(memory);
}

enum sta_rc
sta_pull_manifest(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
		  const struct sta_reference *ref, bool bytes_wanted, struct sta_pulled_manifest *out,
		  struct sta_err *err)
{
	struct sta_cache_key key = { .version = sta_db_version(r->db) };
	bool has_key = manifest_key(call, name, ref, &key);
	const struct known *k = has_key ? sta_cache_get(r->manifests, &key, call->arena) : NULL;
	struct sta_entry e = { .name = name, .exists = true };
	struct known found;
	enum sta_rc rc;

	if (k) {
		e.namespace = k->namespace;
		e.package = k->package;
		rc = sta_door_known(call, &e, STA_ACTION_READ, err);
	} else {
		rc = look_up_manifest(r, call, name, ref, bytes_wanted, &found, err);
		if (rc == STA_OK && has_key)
			remember(r, &key, &found);
		k = &found;
	}
	if (rc == STA_OK)
		*out = k->manifest;
	return rc;
}

static enum sta_rc
blob_unknown(const struct sta_digest *d, struct sta_err *err)
{
	(void) sta_oci_fail(err, STA_NOT_FOUND, STA_OCI_BLOB_UNKNOWN, "blob unknown to registry");
	(void) sta_digest_text(d, err->detail);
	return STA_NOT_FOUND;
}

struct renewal {
	int64_t package_id;
	const struct sta_digest *digest;
	int64_t due_unix;
};

/* The collector may have been quicker than the one who looked. */
static enum sta_rc
renew(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct renewal *n = arg;
	struct sta_membership m;
	enum sta_rc rc = sta_blob_member(c, n->package_id, n->digest, &m, err);

	return rc == STA_OK ? sta_member_renew(c, n->package_id, m.blob.id, n->due_unix, err) : rc;
}

/* A pusher who hears "it is there" will rely on it: nobody may collect the
 * blob before the manifest has had time to come.  A lease that is young is left
 * alone, so that looking often does not mean writing often; blobs in use are held
 * by their manifests, and get a full grace when the last of those goes. */
static enum sta_rc
lease(struct sta_registry *r, const struct sta_call *call, const struct sta_entry *e,
      const struct sta_membership *m, struct sta_err *err)
{
	int64_t grace = (int64_t) r->options.collect_grace_s;
	int64_t young = grace / 2 < STA_LEASE_YOUNG_S ? grace / 2 : STA_LEASE_YOUNG_S;
	int64_t due = sta_now_unix() + grace;
	const struct sta_object o = sta_entry_object(e);
	struct renewal n = { e->package.id, &m->blob.digest, due };
	enum sta_rc rc;

	if (m->refs > 0 || m->due_unix > due - young)
		return STA_OK;
	if (!sta_access_decide(&call->caller, &o, STA_ACTION_WRITE).allowed)
		return STA_OK;
	rc = sta_must_wait(call, err);
	return rc == STA_OK ? sta_db_write(r->db, renew, &n, err) : rc;
}

/* Of the database or the disk, rather than an answer of theirs. */
static bool
is_failure(enum sta_rc rc)
{
	return rc == STA_FULL || rc == STA_BACKEND || rc == STA_IO;
}

static enum sta_rc
open_content(struct sta_registry *r, struct sta_db_conn *c, const struct sta_call *call,
	     const struct sta_membership *m, struct sta_pulled_blob *out, struct sta_err *err)
{
	struct sta_blob_file file;
	size_t len = 0;
	enum sta_rc rc;

	if (m->blob.place == STA_PLACE_INLINE) {
		rc = sta_blob_inline(c, call->arena, m->blob.id, &out->bytes, &len, err);
		if (rc == STA_OK)
			out->size = len;
		return rc;
	}
	rc = r->store->ops->open(r->store, &m->blob.digest, &file, err);
	if (rc != STA_OK)
		return rc;
	if (file.size != m->blob.size) {
		(void) close(file.fd);
		(void) sta_err_set(err, STA_CORRUPT, 0, "stored blob has %llu bytes instead of %llu",
				   (unsigned long long) file.size, (unsigned long long) m->blob.size);
		(void) sta_digest_text(&m->blob.digest, err->detail);
		return STA_CORRUPT;
	}
	out->fd = file.fd;
	return STA_OK;
}

enum sta_rc
sta_pull_blob(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
	      const struct sta_digest *digest, bool content_wanted, struct sta_pulled_blob *out,
	      struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_entry e;
	struct sta_membership m;
	struct sta_pulled_blob got = { .fd = -1 };
	enum sta_rc rc = sta_db_reader(r->db, &c, err);

	if (rc == STA_OK)
		rc = sta_door_existing(c, call, name, STA_ACTION_READ, &e, err);
	if (rc != STA_OK)
		return rc;
	rc = sta_blob_member(c, e.package.id, digest, &m, err);
	if (rc == STA_OK) {
		rc = lease(r, call, &e, &m, err);
		if (content_wanted && is_failure(rc))
			rc = STA_OK; /* the bytes can be had, though the disk be full */
	}
	if (rc == STA_NOT_FOUND)
		return blob_unknown(digest, err);
	got.size = m.blob.size;
	if (rc == STA_OK && content_wanted)
		rc = open_content(r, c, call, &m, &got, err);
	if (rc == STA_NOT_FOUND) /* collected between the look and the open */
		return blob_unknown(digest, err);
	if (rc == STA_OK)
		*out = got;
	return rc;
}
