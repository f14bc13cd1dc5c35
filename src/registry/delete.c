#include "registry/delete.h"

#include "model/blobs.h"
#include "model/manifests.h"
#include "model/tags.h"
#include "model/trash.h"
#include "registry/core.h"
#include "registry/pulls.h"
#include "registry/trash.h"

#define USERS_AT_ONCE 128

struct removal {
	struct sta_registry *r;
	const struct sta_call *call;
	const struct sta_name *name;
	const struct sta_reference *ref; /* of a manifest */
	const struct sta_digest *blob;   /* or a blob */
	bool more;                       /* deleted versions that use it are left */
};

static enum sta_rc
manifest_unknown(enum sta_rc rc, struct sta_err *err)
{
	if (rc == STA_NOT_FOUND)
		return sta_oci_fail(err, rc, STA_OCI_MANIFEST_UNKNOWN, "manifest unknown");
	return rc;
}

static enum sta_rc
remove_version(struct sta_db_conn *c, const struct removal *x, int64_t package_id, struct sta_err *err)
{
	const struct sta_digest *d = &x->ref->digest;
	struct sta_digest parent;
	struct sta_version v;
	enum sta_rc rc =
		manifest_unknown(sta_version_by_digest(c, x->call->arena, package_id, d, &v, err), err);

	if (rc != STA_OK)
		return rc;
	rc = sta_version_parent(c, package_id, d, &parent, err);
	if (rc == STA_OK) {
		char text[STA_DIGEST_TEXT_MAX];

		return sta_oci_fail(err, STA_CONFLICT, STA_OCI_DENIED,
				    "the manifest is part of the index %s; delete that first",
				    sta_digest_text(&parent, text));
	}
	if (rc != STA_NOT_FOUND)
		return rc;
	return sta_discard_version(c, x->r, x->call, package_id, v.id, err);
}

static enum sta_rc
manifest_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct removal *x = arg;
	const struct sta_author by = sta_author_of(x->call);
	struct sta_entry e = { 0 };
	enum sta_rc rc = sta_still_enabled(c, x->call, err);

	if (rc == STA_OK)
		rc = sta_door_existing(c, x->call, x->name, STA_ACTION_DELETE, &e, err);
	if (rc == STA_OK && x->ref->is_digest)
		rc = remove_version(c, x, e.package.id, err);
	else if (rc == STA_OK)
		rc = manifest_unknown(sta_tag_remove(c, e.package.id, x->ref->tag, &by, err), err);
	return rc == STA_OK ? sta_package_touch(c, e.package.id, by.now_unix, err) : rc;
}

/* Deleted versions that use the blob cannot be restored any more; x->more: others are left. */
static enum sta_rc
give_up_users(struct sta_db_conn *c, struct removal *x, int64_t package_id, int64_t blob_id,
	      struct sta_err *err)
{
	int64_t due = sta_now_unix() + (int64_t) x->r->options.collect_grace_s; /* of their other blobs */
	int64_t *ids = NULL;
	size_t n = 0;
	enum sta_rc rc =
		sta_trash_users(c, x->call->arena, package_id, blob_id, USERS_AT_ONCE, &ids, &n, err);

	for (size_t i = 0; rc == STA_OK && i < n; i++)
		rc = sta_version_remove(c, package_id, ids[i], due, err);
	x->more = n == USERS_AT_ONCE;
	return rc;
}

static enum sta_rc
blob_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct removal *x = arg;
	struct sta_entry e;
	struct sta_membership m;
	enum sta_rc rc = sta_still_enabled(c, x->call, err);

	if (rc == STA_OK)
		rc = sta_door_existing(c, x->call, x->name, STA_ACTION_DELETE, &e, err);
	if (rc != STA_OK)
		return rc;
	rc = sta_blob_member(c, e.package.id, x->blob, &m, err);
	if (rc == STA_OK && m.refs > 0)
		rc = give_up_users(c, x, e.package.id, m.blob.id, err);
	if (rc == STA_OK && x->more)
		return STA_OK;
	if (rc == STA_OK)
		rc = sta_member_remove(c, e.package.id, m.blob.id, sta_now_unix(), err);
	if (rc == STA_NOT_FOUND)
		(void) sta_oci_fail(err, rc, STA_OCI_BLOB_UNKNOWN, "blob unknown to registry");
	if (rc == STA_CONFLICT)
		(void) sta_oci_fail(err, rc, STA_OCI_DENIED,
				    "a manifest of this package uses the blob; delete the manifest first");
	if (rc == STA_NOT_FOUND || rc == STA_CONFLICT)
		(void) sta_digest_text(x->blob, err->detail);
	return rc;
}

/* Who may not delete is told on the caller's own thread, without a turn of the writer's. */
static enum sta_rc
run(struct removal *x, sta_db_tx_fn *tx, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_entry e;
	struct sta_err ignored;
	enum sta_rc rc = sta_db_reader(x->r->db, &c, err);

	if (rc == STA_OK)
		rc = sta_door_existing(c, x->call, x->name, STA_ACTION_DELETE, &e, err);
	if (rc == STA_OK)
		rc = sta_must_wait(x->call, err);
	if (rc == STA_OK && x->ref) /* what was pulled until now was pulled of what is there now */
		(void) !sta_pulls_flush(x->r, &ignored);
	do {
		x->more = false;
		rc = rc == STA_OK ? sta_db_write(x->r->db, tx, x, err) : rc;
	} while (rc == STA_OK && x->more);
	return rc;
}

enum sta_rc
sta_delete_manifest(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
		    const struct sta_reference *ref, struct sta_err *err)
{
	return run(&(struct removal){ .r = r, .call = call, .name = name, .ref = ref }, manifest_tx, err);
}

enum sta_rc
sta_delete_blob(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
		const struct sta_digest *digest, struct sta_err *err)
{
	return run(&(struct removal){ .r = r, .call = call, .name = name, .blob = digest }, blob_tx, err);
}
