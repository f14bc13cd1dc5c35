/*
 * tag_events - the history of tags: which came, moved or went, when, and by whom.
 *
 * An event is written in the transaction of the change, by tags.c and trash.c; no event is ever changed. They
 * are numbered from 1 within their package, in the order of the changes.  The digests stay when the manifests
 * are gone.
 *
 * Layer: model.  May include: db, oci, base.  Threads: as the connection's.
 */
#ifndef STA_MODEL_TAG_EVENTS_H
#define STA_MODEL_TAG_EVENTS_H

#include "base/arena.h"
#include "db/db.h"
#include "oci/digest.h"

/* Who makes a change, and when. */
struct sta_author {
	const char *name; /* a login; "": the machine's owner */
	int64_t now_unix;
};

struct sta_tag_event {
	int64_t number;
	const char *tag;
	bool was; /* it was there before, and led to old */
	bool is;  /* it is there from then on, and leads to new */
	struct sta_digest old, new;
	const char *actor; /* as in sta_author */
	int64_t created_unix;
};

/* The tag led to the manifest old_id, and leads to new_id from now on; 0: to none. */
enum sta_rc sta_tag_event_add(struct sta_db_conn *c, int64_t package_id, const char *tag, int64_t old_id,
			      int64_t new_id, const struct sta_author *by, struct sta_err *err) STA_CHECK;

/* All tags of the manifest are about to go. */
enum sta_rc sta_tag_event_add_gone(struct sta_db_conn *c, int64_t package_id, int64_t manifest_id,
				   const struct sta_author *by, struct sta_err *err) STA_CHECK;
/* The tags that the deleted manifest had, and that are free, are about to come back. */
enum sta_rc sta_tag_event_add_back(struct sta_db_conn *c, int64_t package_id, int64_t manifest_id,
				   const struct sta_author *by, struct sta_err *err) STA_CHECK;

struct sta_tag_event_query {
	int64_t package_id;
	const char *tag; /* NULL: of all tags */
	int64_t before;  /* those with lower numbers; 0: all */
	size_t max;
};
/* The newest first; texts in the arena. */
enum sta_rc sta_tag_event_list(struct sta_db_conn *c, struct sta_arena *a,
			       const struct sta_tag_event_query *q, struct sta_tag_event **out, size_t *n,
			       struct sta_err *err) STA_CHECK;
enum sta_rc sta_tag_event_count(struct sta_db_conn *c, const struct sta_tag_event_query *q, uint64_t *n,
				struct sta_err *err) STA_CHECK;

/* That event of the tag.  STA_NOT_FOUND. */
enum sta_rc sta_tag_event_find(struct sta_db_conn *c, struct sta_arena *a, int64_t package_id,
			       const char *tag, int64_t number, struct sta_tag_event *out,
			       struct sta_err *err) STA_CHECK;
/* The last one of the tag until until_unix: what it says still held then.  STA_NOT_FOUND. */
enum sta_rc sta_tag_event_last(struct sta_db_conn *c, struct sta_arena *a, int64_t package_id,
			       const char *tag, int64_t until_unix, struct sta_tag_event *out,
			       struct sta_err *err) STA_CHECK;

/* For the removal of a package: the oldest, at most max; *more: others are left. */
enum sta_rc sta_tag_event_drop(struct sta_db_conn *c, int64_t package_id, size_t max, bool *more,
			       struct sta_err *err) STA_CHECK;

#endif
