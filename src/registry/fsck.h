/*
 * fsck - proves invariants I2, I3, I4, I6 and I7 (docs/ARCHITECTURE.md).
 *
 * Reads only.  Runs beside a live server: every finding is looked at a second
 * time before it is reported, so that work in progress is no finding.
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_FSCK_H
#define STA_REGISTRY_FSCK_H

#include "registry/registry.h"

struct sta_fsck_options {
	bool content; /* hash every blob and manifest (I4); else sizes only */
};

struct sta_fsck_result {
	uint64_t packages, manifests, tags, blobs, uploads, bytes;
	uint64_t problems;
};

/* report is called for each problem: the invariant ("I2"), what, and a sentence. */
typedef void sta_fsck_report_fn(void *arg, const char *invariant, const char *what, const char *problem);

enum sta_rc sta_fsck_run(struct sta_registry *r, const struct sta_call *call,
			 const struct sta_fsck_options *o, sta_fsck_report_fn *report, void *arg,
			 struct sta_fsck_result *out, struct sta_err *err) STA_CHECK;

#endif
