/*
 * tag - the tags of a package: listed, moved one by one, and where they led before.
 *
 * Reading is for those who may read the package, setting a tag for those who may push to it, removing one for
 * those who may delete from it.  Every change of a tag is in its history, whatever made it: a push, this, or
 * the deletion or restoration of a version.
 *
 * Errors are in the words of the packages API: STA_NOT_FOUND, also for a package that the caller may not
 * read; STA_DENIED; STA_INVALID: no tag can be called that, or there is nothing to go back to; STA_CONFLICT:
 * what the tag is to lead to is no version of the package any more.  With may_wait false STA_WOULD_BLOCK, but
 * for one tag.
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_TAG_H
#define STA_REGISTRY_TAG_H

#include "model/tags.h"
#include "oci/ref.h"
#include "registry/published.h"

enum sta_rc sta_tag_page_of(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
			    enum sta_tag_order order, struct sta_span *span, struct sta_tag_row **out,
			    size_t *n, struct sta_err *err) STA_CHECK;

enum sta_rc sta_tag_get(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
			const char *tag, struct sta_tag_row *out, struct sta_err *err) STA_CHECK;

/* What a tag is to lead to: exactly one of them. */
struct sta_tag_target {
	const struct sta_digest *digest;
	const char *tag; /* to the same as this one */
	int64_t version_id;
};
/* *made: there was no such tag before.  STA_INVALID also where there is no such target. */
enum sta_rc sta_tag_point(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
			  const char *tag, const struct sta_tag_target *to, struct sta_tag_row *out,
			  bool *made, struct sta_err *err) STA_CHECK;

/* Its version stays, with other tags or without. */
enum sta_rc sta_tag_drop(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
			 const char *tag, struct sta_err *err) STA_CHECK;

/* The newest first, of one tag, also one that is gone, or (NULL) of all; span->before is a number of an
 * event. Who made the changes is told to those who may push to the package; for others the actor is "".
 * STA_NOT_FOUND: there has been no such tag. */
enum sta_rc sta_tag_history(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
			    const char *tag, struct sta_span *span, struct sta_tag_event **out, size_t *n,
			    struct sta_err *err) STA_CHECK;

/* Where a tag led at a time, at the end of that second. */
struct sta_tag_past {
	struct sta_digest digest;
	int64_t since_unix;
	int64_t version_id; /* 0: it is no version of the package now */
};
enum sta_rc sta_tag_at(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
		       const char *tag, int64_t at_unix, struct sta_tag_past *out,
		       struct sta_err *err) STA_CHECK;

/* To where the tag is put back: where that event put it, or where it led at a time, or (0 and NULL) where it
 * led before it was moved or removed last.  A tag that is gone comes back. */
struct sta_tag_rollback {
	int64_t number;
	const int64_t *at_unix;
};
enum sta_rc sta_tag_roll_back(struct sta_registry *r, const struct sta_call *call,
			      const struct sta_name *name, const char *tag, const struct sta_tag_rollback *to,
			      struct sta_tag_row *out, struct sta_err *err) STA_CHECK;

#endif
