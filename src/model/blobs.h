/*
 * blobs - which blobs exist, where their bytes are, and which package holds them.
 *
 * blob          one row a digest.  CLAIMED: a push has announced it and is
 *               about to publish the bytes; LIVE: readable; DELETING: the
 *               collector has taken it, nothing may rely on it.
 * package_blob  membership, the only thing that makes a blob readable through
 *               a package.  refs counts the manifests of that package that use
 *               the blob; without any it is collected once it is due.
 *
 * blob.members and package_blob.refs are kept in the same transaction as what
 * they count (invariant I7).
 *
 * Layer: model.  May include: db, oci, base.  Threads: as the connection's;
 * everything that changes runs inside sta_db_write().
 */
#ifndef STA_MODEL_BLOBS_H
#define STA_MODEL_BLOBS_H

#include "base/arena.h"
#include "db/db.h"
#include "oci/digest.h"

#define STA_BLOB_INLINE_MAX 65536 /* measured: up to here the database is faster than a file */

enum sta_blob_place { STA_PLACE_STORE = 1, STA_PLACE_INLINE = 2 };
enum sta_blob_state { STA_BLOB_CLAIMED = 1, STA_BLOB_LIVE = 2, STA_BLOB_DELETING = 3 };

struct sta_blob {
	int64_t id;
	struct sta_digest digest;
	uint64_t size;
	enum sta_blob_place place;
	enum sta_blob_state state;
	int64_t members;
	int64_t claim_until_unix;
};

struct sta_membership {
	struct sta_blob blob;
	int64_t refs;
	int64_t due_unix;
};

/* In any state.  STA_NOT_FOUND. */
enum sta_rc sta_blob_find(struct sta_db_conn *c, const struct sta_digest *d, struct sta_blob *out,
			  struct sta_err *err) STA_CHECK;

/* A live blob as a member of a package.  STA_NOT_FOUND. */
enum sta_rc sta_blob_member(struct sta_db_conn *c, int64_t package_id, const struct sta_digest *d,
			    struct sta_membership *out, struct sta_err *err) STA_CHECK;

/* Bytes of an inline blob, in the arena. */
enum sta_rc sta_blob_inline(struct sta_db_conn *c, struct sta_arena *a, int64_t blob_id, const void **bytes,
			    size_t *len, struct sta_err *err) STA_CHECK;

/* Announce that the bytes are about to be published: until until_unix the
 * collector leaves the row alone.  STA_BUSY: the row is being deleted; come
 * back when it is gone. */
enum sta_rc sta_blob_claim(struct sta_db_conn *c, const struct sta_digest *d, uint64_t size, int64_t now_unix,
			   int64_t until_unix, struct sta_blob *out, struct sta_err *err) STA_CHECK;

/* The claimed bytes are published; the claim ends, those of others stay.  STA_BUSY
 * as above, STA_NOT_FOUND when the row is gone since: claim again, and publish
 * again. */
enum sta_rc sta_blob_live(struct sta_db_conn *c, const struct sta_digest *d, struct sta_blob *out,
			  struct sta_err *err) STA_CHECK;

/* A live blob with its bytes in the database; one that exists is kept. */
enum sta_rc sta_blob_put_inline(struct sta_db_conn *c, const struct sta_digest *d, const void *bytes,
				size_t len, int64_t now_unix, struct sta_blob *out,
				struct sta_err *err) STA_CHECK;

/* Make the blob a member of the package, or renew its due time if it is one. */
enum sta_rc sta_member_add(struct sta_db_conn *c, int64_t package_id, int64_t blob_id, int64_t due_unix,
			   struct sta_err *err) STA_CHECK;
enum sta_rc sta_member_renew(struct sta_db_conn *c, int64_t package_id, int64_t blob_id, int64_t due_unix,
			     struct sta_err *err) STA_CHECK;

/* End a membership without references; the blob becomes DELETING with its last
 * one, unless a claim holds it.  STA_CONFLICT: it is referenced. */
enum sta_rc sta_member_remove(struct sta_db_conn *c, int64_t package_id, int64_t blob_id, int64_t now_unix,
			      struct sta_err *err) STA_CHECK;

/* End all memberships of a package that has no manifest any more. */
enum sta_rc sta_member_remove_all(struct sta_db_conn *c, int64_t package_id, int64_t now_unix,
				  struct sta_err *err) STA_CHECK;

/* A package, other than not_package (0: any), that holds the blob and that account_id might read, after
 * after_package.  STA_NOT_FOUND. */
struct sta_elsewhere_query {
	const struct sta_digest *digest;
	int64_t account_id;
	int64_t not_package;
	int64_t after_package;
};
enum sta_rc sta_member_elsewhere(struct sta_db_conn *c, struct sta_arena *a,
				 const struct sta_elsewhere_query *q, int64_t *package_id,
				 const char **package, struct sta_err *err) STA_CHECK;
/* When that found nothing: as much work again, so that the time does not tell whether there is a blob of
 * that digest in packages of others. */
enum sta_rc sta_member_elsewhere_in_vain(struct sta_db_conn *c, const struct sta_elsewhere_query *q,
					 struct sta_err *err) STA_CHECK;
/* --- the collector's side --- */

struct sta_due {
	int64_t package_id;
	int64_t blob_id;
};

/* Memberships without references and due at until_unix, oldest first. */
enum sta_rc sta_member_due(struct sta_db_conn *c, struct sta_arena *a, int64_t until_unix, size_t max,
			   struct sta_due **out, size_t *n, struct sta_err *err) STA_CHECK;
enum sta_rc sta_member_count_waiting(struct sta_db_conn *c, uint64_t *n, struct sta_err *err) STA_CHECK;

/* Is there a claim that ran out? */
enum sta_rc sta_blob_any_old_claim(struct sta_db_conn *c, int64_t now_unix, bool *any,
				   struct sta_err *err) STA_CHECK;

/* Every claim ends: at start, when nobody can be about to publish. */
enum sta_rc sta_blob_end_claims(struct sta_db_conn *c, struct sta_err *err) STA_CHECK;

/* Abandoned claims become DELETING. */
enum sta_rc sta_blob_drop_claims(struct sta_db_conn *c, int64_t now_unix, struct sta_err *err) STA_CHECK;

/* Blobs to remove, at most max: the bytes of those in the store first. */
enum sta_rc sta_blob_deleting(struct sta_db_conn *c, struct sta_arena *a, size_t max, struct sta_blob **out,
			      size_t *n, struct sta_err *err) STA_CHECK;
/* The bytes in the store are gone: so are the row and inline bytes.  Only of a
 * blob that is DELETING; another stays as it is. */
enum sta_rc sta_blob_forget(struct sta_db_conn *c, int64_t blob_id, struct sta_err *err) STA_CHECK;

/* Every blob by id after last, for fsck. */
enum sta_rc sta_blob_page(struct sta_db_conn *c, struct sta_arena *a, int64_t last, size_t max,
			  struct sta_blob **out, size_t *n, struct sta_err *err) STA_CHECK;

#endif
