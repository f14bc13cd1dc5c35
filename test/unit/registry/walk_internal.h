/*
 * walk_internal - what the files of the walk share.
 *
 *   walk.c          clock, blobs, manifests, packages, the collector
 *   walk_uploads.c  upload sessions
 *
 * Only those two include this.
 */
#ifndef STA_TEST_REGISTRY_WALK_INTERNAL_H
#define STA_TEST_REGISTRY_WALK_INTERNAL_H

#include "registry/walk.h"

#define WALK_TTL (24 * 3600) /* of an upload session */

extern const char *const walk_packages[WALK_PACKAGES];

size_t walk_pick(struct walk *w, size_t n);
const struct sta_caller *walk_caller(const struct walk *w, size_t caller);

/* May push, delete and change settings. */
bool walk_owns(const struct walk *w, size_t caller, size_t package);
void walk_refused(enum sta_rc rc);

/* A push or a mount of the blob has succeeded. */
void walk_add_blob(struct walk *w, size_t caller, size_t package, size_t blob);

void walk_start(struct walk *w, size_t caller, size_t package);
void walk_append(struct walk *w, size_t caller, size_t package);
void walk_finish(struct walk *w, size_t caller, size_t package);
void walk_cancel(struct walk *w, size_t caller, size_t package);
void walk_check_session(struct walk *w, struct walk_session *s, size_t caller, size_t package);
void walk_expire_sessions(struct walk *w);

#endif
