/*
 * gc - removes blobs that nothing refers to, and what abandoned uploads left.
 *
 * Never stops anything and takes no lock: a membership (package, blob) without
 * references is on a queue with a due time; use renews it in the transaction
 * that answers.  The collector takes due rows, marks blobs without members
 * "deleting" in one transaction, unlinks, removes the row.  Its cost is in
 * proportion to the garbage.  docs/internals/collection.md.
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_GC_H
#define STA_REGISTRY_GC_H

#include "registry/registry.h"

struct sta_gc_result {
	uint64_t uploads_expired;
	uint64_t versions_removed; /* deleted long enough ago; their blobs are due a grace later */
	uint64_t memberships_removed;
	uint64_t blobs_removed;
	uint64_t bytes_freed;
	uint64_t packages_removed; /* begun and never published, or deleted long enough ago */
	uint64_t waiting;          /* blobs still within their grace */
};

/* One pass: everything that is due at this moment.  now: also what is
 * unreferenced and not yet due (but never what an upload, a claim or a lease
 * younger than a minute holds: a HEAD that was answered within the last half
 * minute). */
enum sta_rc sta_gc_run(struct sta_registry *r, const struct sta_call *call, bool now,
		       struct sta_gc_result *out, struct sta_err *err) STA_CHECK;

/* At start, before anything is pushed: stages without a session, claims that a
 * crash left behind with what they had published, blobs left in "deleting". */
enum sta_rc sta_gc_recover(struct sta_registry *r, struct sta_err *err) STA_CHECK;

#endif
