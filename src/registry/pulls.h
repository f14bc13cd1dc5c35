/*
 * pulls - how often manifests are pulled, and asked for.
 *
 * A pull is a manifest that was sent to whoever asked for it, by a tag or by its digest; a question whether
 * it is there, or still the same (HEAD, 304), is a head and no pull.  Both are counted in memory by version,
 * tag and day, and written down once a minute, when the server stops, and before somebody reads them or
 * removes what they are about.  They are lost with the process alone.
 *
 * Counting waits for nothing and nobody.  At most STA_PULLS_KEYS versions, tags and days are counted apart
 * between two times of writing: beyond three quarters of that pulls by tag count as pulls by digest, and what
 * still finds no place is not counted, which sta_pulls_lost() tells.
 *
 * Layer: registry.  Threads: any.
 */
#ifndef STA_REGISTRY_PULLS_H
#define STA_REGISTRY_PULLS_H

#include "registry/registry.h"

#define STA_PULLS_KEYS ((size_t) 65536)

struct sta_pulls;
enum sta_rc sta_pulls_new(struct sta_pulls **out, struct sta_err *err) STA_CHECK;
void sta_pulls_free(struct sta_pulls *p);

enum sta_pull_kind { STA_PULLED, STA_PULL_HEAD };

/* The manifest with that id has been answered, by that tag, or (NULL) by its digest. */
void sta_pull_count(struct sta_registry *r, int64_t version_id, const char *tag, enum sta_pull_kind kind);

/* Write down what was counted until now, in several transactions if it is much.  What cannot be written is
 * kept for the next time.  Waits, also for another one who writes. */
enum sta_rc sta_pulls_flush(struct sta_registry *r, struct sta_err *err) STA_CHECK;

/* Pulls and heads that found no place. */
uint64_t sta_pulls_lost(struct sta_registry *r);

#endif
