/*
 * issuers - who signs tokens for workflows, and the rules that let their jobs in.
 *
 * Neither is ever changed: what is to be different is removed and made anew, so that an id
 * stands for one meaning.
 *
 * Layer: model.  May include: db, access (enums), base.  Threads: as the connection's.
 */
#ifndef STA_MODEL_ISSUERS_H
#define STA_MODEL_ISSUERS_H

#include "access/access.h"
#include "base/arena.h"
#include "db/db.h"

struct sta_issuer_row {
	int64_t id;
	const char *name;
	const char *url; /* the claim "iss" */
	const char *audience;
	const char *claims;      /* "repository=project_path", one to a line */
	const char *read_events; /* one to a line */
	const char *keys;        /* JSON Web Key Set; "": the issuer publishes them */
	int64_t created_unix;
};

/* Texts in the arena.  STA_NOT_FOUND. */
enum sta_rc sta_issuer_by_name(struct sta_db_conn *c, struct sta_arena *a, const char *name,
			       struct sta_issuer_row *out, struct sta_err *err) STA_CHECK;
enum sta_rc sta_issuer_by_url(struct sta_db_conn *c, struct sta_arena *a, const char *url,
			      struct sta_issuer_row *out, struct sta_err *err) STA_CHECK;
enum sta_rc sta_issuer_by_id(struct sta_db_conn *c, struct sta_arena *a, int64_t id,
			     struct sta_issuer_row *out, struct sta_err *err) STA_CHECK;
/* STA_EXISTS: the name or the url is taken. */
enum sta_rc sta_issuer_insert(struct sta_db_conn *c, const struct sta_issuer_row *row, int64_t *id,
			      struct sta_err *err) STA_CHECK;
/* With its rules. */
enum sta_rc sta_issuer_remove(struct sta_db_conn *c, int64_t id, struct sta_err *err) STA_CHECK;
/* By name. */
enum sta_rc sta_issuer_list(struct sta_db_conn *c, struct sta_arena *a, struct sta_issuer_row **out,
			    size_t *n, struct sta_err *err) STA_CHECK;

struct sta_issuer_rule_row {
	int64_t id;
	int64_t issuer_id;
	const char *conditions; /* "repository=acme/app", one to a line; all must hold */
	const char *repository; /* that the job acts for; "": the one that the token names */
	enum sta_role role;     /* the most that it may have */
	int64_t created_unix;
};

enum sta_rc sta_issuer_rule_insert(struct sta_db_conn *c, const struct sta_issuer_rule_row *row, int64_t *id,
				   struct sta_err *err) STA_CHECK;
/* STA_NOT_FOUND. */
enum sta_rc sta_issuer_rule_by_id(struct sta_db_conn *c, struct sta_arena *a, int64_t id,
				  struct sta_issuer_rule_row *out, struct sta_err *err) STA_CHECK;
enum sta_rc sta_issuer_rule_remove(struct sta_db_conn *c, int64_t id, struct sta_err *err) STA_CHECK;
/* Of an issuer (0: of all), by id. */
enum sta_rc sta_issuer_rule_list(struct sta_db_conn *c, struct sta_arena *a, int64_t issuer_id,
				 struct sta_issuer_rule_row **out, size_t *n, struct sta_err *err) STA_CHECK;

#endif
