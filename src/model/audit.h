/*
 * audit - looks over all rows, for fsck: pages through them and recounts.
 *
 * Layer: model.  May include: db, oci, base.  Threads: as the connection's.
 */
#ifndef STA_MODEL_AUDIT_H
#define STA_MODEL_AUDIT_H

#include "base/arena.h"
#include "db/db.h"
#include "oci/digest.h"

struct sta_audit_counts {
	uint64_t packages, manifests, tags, blobs, uploads;
};
enum sta_rc sta_audit_count(struct sta_db_conn *c, struct sta_audit_counts *out,
			    struct sta_err *err) STA_CHECK;

struct sta_audit_manifest {
	int64_t id;
	int64_t package_id;
	const char *package;
	struct sta_digest digest;
	const char *media_type;
	uint64_t size;
	const void *bytes; /* NULL: the row has none */
	size_t len;
	bool deleted; /* it can be restored */
};

/* The first manifest with an id after last.  STA_NOT_FOUND: there is none. */
enum sta_rc sta_audit_next_manifest(struct sta_db_conn *c, struct sta_arena *a, int64_t last,
				    struct sta_audit_manifest *out, struct sta_err *err) STA_CHECK;

/* Does the manifest hold a counted reference to this live blob of its package,
 * or is it known that the package lacks it? */
enum sta_rc sta_audit_uses(struct sta_db_conn *c, int64_t package_id, int64_t manifest_id,
			   const struct sta_digest *blob, bool *uses, struct sta_err *err) STA_CHECK;

/* What is wrong with a row, as text for people; the first max of each kind. */
struct sta_audit_finding {
	const char *invariant; /* "I3", "I7" */
	const char *what;      /* a digest, or "package:tag" */
	const char *problem;
};

/* Tags whose manifest is missing or of another package (I3); counters that
 * differ from a recount (I7); blobs that a manifest uses and that are not live
 * (I2); grants on nothing or to nobody, teams, members of teams and machines out of their order (I9);
 * packages that searches find under another visibility than theirs, or not (I7). */
enum sta_rc sta_audit_rows(struct sta_db_conn *c, struct sta_arena *a, size_t max,
			   struct sta_audit_finding **out, size_t *n, struct sta_err *err) STA_CHECK;

/* Of these the last; for audit.c. */
struct sta_list;
enum sta_rc sta_audit_words(struct sta_db_conn *c, size_t max, struct sta_list *list,
			    struct sta_err *err) STA_CHECK;

#endif
