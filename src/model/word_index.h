/*
 * word_index - which packages have which words, kept up to date.
 *
 * Everything that changes what a package is called, who sees it or what it says of itself calls one of these
 * in its own transaction, or marks the package (column indexed, 0) where there may be many; those that are
 * marked are done a few at a time (registry/search.h).  A package that is not published, or was deleted, has
 * no words.
 *
 * Layer: model.  May include: db, base.  Threads: as the connection's, inside sta_db_write().
 */
#ifndef STA_MODEL_WORD_INDEX_H
#define STA_MODEL_WORD_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "db/db.h"

/* By what the package's row says now. */
enum sta_rc sta_word_index(struct sta_db_conn *c, int64_t package_id, struct sta_err *err) STA_CHECK;
/* ..after it was given these labels; NULL: none. */
enum sta_rc sta_word_index_labels(struct sta_db_conn *c, int64_t package_id, const char *description,
				  const char *licenses, struct sta_err *err) STA_CHECK;
/* ..after it got the labels of the version whose tag came or moved last. */
enum sta_rc sta_word_index_renew(struct sta_db_conn *c, int64_t package_id, struct sta_err *err) STA_CHECK;
/* It is about to be removed. */
enum sta_rc sta_word_index_remove(struct sta_db_conn *c, int64_t package_id, struct sta_err *err) STA_CHECK;

/* Never 0: column indexed of a package with these labels. */
int64_t sta_word_index_hash(const char *description, const char *licenses);

/* The labels are to be looked for anew: a version with a tag, or a tag, came back or went. */
enum sta_rc sta_word_index_mark(struct sta_db_conn *c, int64_t package_id, struct sta_err *err) STA_CHECK;
/* Packages that are marked, at most max; *n of them are in out. */
enum sta_rc sta_word_index_marked(struct sta_db_conn *c, size_t max, int64_t *out, size_t *n,
				  struct sta_err *err) STA_CHECK;

#endif
