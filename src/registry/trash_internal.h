/*
 * trash_internal - what deleting and restoring of versions and of packages share.
 *
 * Only trash.c, trash_package.c and sizes.c include this.
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_TRASH_INTERNAL_H
#define STA_REGISTRY_TRASH_INTERNAL_H

#include "registry/core.h"

/* Deleted things are kept at all. */
static inline bool
sta_trash_keeps(const struct sta_registry *r)
{
	return r->options.trash_keep_s > 0;
}

/* What was deleted later can be restored. */
static inline int64_t
sta_trash_kept_after(const struct sta_registry *r)
{
	return sta_now_unix() - (int64_t) r->options.trash_keep_s;
}

/* What was pulled often stays, when it is public. */
static inline bool
sta_trash_protects(const struct sta_registry *r, const struct sta_package *p)
{
	return r->options.popular_after > 0 && p->visibility == STA_PUBLIC;
}

/* The pulls that were counted until now decide. */
void sta_trash_count_now(struct sta_registry *r);

/* Who may not is told on the caller's own thread, without a turn of the writer's; then STA_WOULD_BLOCK unless
 * it may wait. */
enum sta_rc sta_trash_look(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
			   enum sta_action action, struct sta_err *err) STA_CHECK;

#endif
