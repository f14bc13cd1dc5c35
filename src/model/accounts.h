/*
 * accounts - people and machines, each with the namespace of its name.
 *
 * Layer: model.  May include: db, access (enums), base.  Threads: as the connection's.
 */
#ifndef STA_MODEL_ACCOUNTS_H
#define STA_MODEL_ACCOUNTS_H

#include "access/access.h"
#include "base/arena.h"
#include "db/db.h"

enum sta_account_kind { STA_ACCOUNT_PERSON = 1, STA_ACCOUNT_ROBOT = 2, STA_ACCOUNT_REPOSITORY = 3 };

struct sta_account {
	int64_t id; /* also the namespace's */
	const char *name;
	const char *password_hash; /* NULL: tokens only */
	bool site_admin;
	bool disabled;
	int64_t epoch; /* bearer tokens of an earlier epoch are void */
	int64_t created_unix;
	enum sta_visibility visibility; /* of a new package */
	bool inherits;                  /* packages that a push links to a repository have its roles */
	enum sta_account_kind kind;
	int64_t home_id;         /* of a machine: the namespace that it belongs to; 0: none */
	enum sta_role home_role; /* of a robot: on all packages there */
};

/* STA_NOT_FOUND.  Texts in the arena. */
enum sta_rc sta_account_by_name(struct sta_db_conn *c, struct sta_arena *a, const char *name,
				struct sta_account *out, struct sta_err *err) STA_CHECK;
enum sta_rc sta_account_by_id(struct sta_db_conn *c, struct sta_arena *a, int64_t id, struct sta_account *out,
			      struct sta_err *err) STA_CHECK;

/* A person.  STA_EXISTS: the namespace is taken. */
enum sta_rc sta_account_insert(struct sta_db_conn *c, const struct sta_account *account, int64_t *id,
			       struct sta_err *err) STA_CHECK;

/* Both count the epoch up.  STA_NOT_FOUND. */
enum sta_rc sta_account_set_password(struct sta_db_conn *c, int64_t id, const char *hash,
				     struct sta_err *err) STA_CHECK;
enum sta_rc sta_account_set_disabled(struct sta_db_conn *c, int64_t id, bool disabled,
				     struct sta_err *err) STA_CHECK;

/* STA_NOT_FOUND. */
enum sta_rc sta_account_set_defaults(struct sta_db_conn *c, int64_t id, enum sta_visibility v, bool inherits,
				     struct sta_err *err) STA_CHECK;

/* People, by name. */
enum sta_rc sta_account_list(struct sta_db_conn *c, struct sta_arena *a, struct sta_account **out, size_t *n,
			     struct sta_err *err) STA_CHECK;
enum sta_rc sta_account_any(struct sta_db_conn *c, bool *any, struct sta_err *err) STA_CHECK;

/* STA_NOT_FOUND. */
enum sta_rc sta_account_enabled(struct sta_db_conn *c, int64_t id, bool *enabled,
				struct sta_err *err) STA_CHECK;

#endif
