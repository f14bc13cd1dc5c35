/*
 * schema - the tables, and the steps from each version to the next.
 *
 * docs/internals/schema.md draws them.  A step is never edited once released;
 * a change is a new step.
 *
 * Layer: model.  May include: db, base.
 */
#ifndef STA_MODEL_SCHEMA_H
#define STA_MODEL_SCHEMA_H

#include "db/db.h"

/* Run the steps that are missing, in one transaction.  STA_UNSUPPORTED: the
 * database was written by a newer version. */
enum sta_rc sta_schema_upgrade(struct sta_db *db, struct sta_err *err) STA_CHECK;

#endif
