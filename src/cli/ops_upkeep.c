/* Operations of upkeep: proof and collection. */

#include "cli/ops.h"
#include "registry/fsck.h"
#include "registry/gc.h"

struct findings {
	struct sta_op_run *run;
	enum sta_rc rc; /* of the first row that could not be given */
	struct sta_err *err;
};

static void
on_finding(void *arg, const char *invariant, const char *what, const char *problem)
{
	struct findings *f = arg;

	if (f->rc == STA_OK)
		f->rc = sta_op_row(f->run,
				   json_pack("{s:s, s:s, s:s}", "invariant", invariant, "what", what,
					     "problem", problem),
				   f->err);
}

enum sta_rc
sta_op_fsck(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	struct findings found = { .run = run, .err = err };
	struct sta_fsck_result sum = { 0 };
	int content = 0;
	json_t *made;
	enum sta_rc rc = sta_op_args(run, err, "{s?b}", "content", &content);

	if (rc == STA_OK)
		rc = sta_fsck_run(run->registry, &call, &(struct sta_fsck_options){ .content = content != 0 },
				  on_finding, &found, &sum, err);
	if (rc != STA_OK || found.rc != STA_OK)
		return rc != STA_OK ? rc : found.rc;
	made = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "packages", (json_int_t) sum.packages, "manifests",
			 (json_int_t) sum.manifests, "tags", (json_int_t) sum.tags, "blobs",
			 (json_int_t) sum.blobs, "uploads", (json_int_t) sum.uploads, "bytes",
			 (json_int_t) sum.bytes);
	return sta_op_result(run, made, result, err);
}

enum sta_rc
sta_op_gc(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	struct sta_gc_result sum = { 0 };
	int now = 0;
	json_t *made;
	enum sta_rc rc = sta_op_args(run, err, "{s?b}", "now", &now);

	if (rc == STA_OK)
		rc = sta_gc_run(run->registry, &call, now != 0, &sum, err);
	if (rc != STA_OK)
		return rc;
	made = json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "uploads_expired", (json_int_t) sum.uploads_expired,
		"versions_removed", (json_int_t) sum.versions_removed, "memberships_removed",
		(json_int_t) sum.memberships_removed, "blobs_removed", (json_int_t) sum.blobs_removed,
		"bytes_freed", (json_int_t) sum.bytes_freed, "packages_removed",
		(json_int_t) sum.packages_removed, "waiting", (json_int_t) sum.waiting);
	return sta_op_result(run, made, result, err);
}
