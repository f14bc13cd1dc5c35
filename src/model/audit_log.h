/*
 * audit_log - who changed which rights, and when.
 *
 * An entry is written in the transaction that makes the change.
 *
 * Layer: model.  May include: db, base.  Threads: as the connection's.
 */
#ifndef STA_MODEL_AUDIT_LOG_H
#define STA_MODEL_AUDIT_LOG_H

#include "base/arena.h"
#include "db/db.h"

struct sta_audit_entry {
	int64_t id;
	int64_t created_unix;
	const char *actor;  /* a user's name; "": the command line of the machine's owner */
	const char *action; /* "team.member.add" */
	const char *target; /* "acme/devs" */
	const char *detail; /* "bob as maintainer", or "" */
};

/* id is not looked at. */
enum sta_rc sta_audit_add(struct sta_db_conn *c, const struct sta_audit_entry *e,
			  struct sta_err *err) STA_CHECK;
/* The newest first, those before the entry of that id, at most max. */
enum sta_rc sta_audit_page(struct sta_db_conn *c, struct sta_arena *a, int64_t before, size_t max,
			   struct sta_audit_entry **out, size_t *n, struct sta_err *err) STA_CHECK;
/* The same, of a target and what is below it: of "acme" also those of "acme/app"; behind the entry after. */
struct sta_audit_query {
	const char *target;
	int64_t after, before;
	size_t max;
};
enum sta_rc sta_audit_page_of(struct sta_db_conn *c, struct sta_arena *a, const struct sta_audit_query *q,
			      struct sta_audit_entry **out, size_t *n, struct sta_err *err) STA_CHECK;
/* The entry that says that the name was released last: those up to it are about whoever had it before. 0:
 * none. */
enum sta_rc sta_audit_released(struct sta_db_conn *c, const char *name, int64_t *out,
			       struct sta_err *err) STA_CHECK;

#endif
