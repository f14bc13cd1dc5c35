/*
 * pulls - how often versions are pulled.
 *
 * A pull is a manifest that was sent to whoever asked for it.  It is counted in memory of a fixed size, and
 * written down once a minute, when the server stops, and before a name is given up.  Counting waits for
 * nothing; between two times of writing, a version that finds no place in the table is not counted.
 *
 * Layer: registry.  Threads: any.
 */
#ifndef STA_REGISTRY_PULLS_H
#define STA_REGISTRY_PULLS_H

#include "registry/registry.h"

struct sta_pulls;
enum sta_rc sta_pulls_new(struct sta_pulls **out, struct sta_err *err) STA_CHECK;
void sta_pulls_free(struct sta_pulls *p);

/* The manifest with that id has been answered with its content. */
void sta_pull_count(struct sta_registry *r, int64_t version_id);

/* Write down what was counted; called every minute or so.  What cannot be written is kept for the next time.
 */
enum sta_rc sta_pulls_flush(struct sta_registry *r, struct sta_err *err) STA_CHECK;

#endif
