/*
 * tokens - personal access tokens: rows, looked up by hash.
 *
 * Layer: model.  May include: db, base.  Threads: as the connection's.
 */
#ifndef STA_MODEL_TOKENS_H
#define STA_MODEL_TOKENS_H

#include "model/accounts.h"

struct sta_token_row {
	int64_t id;
	int64_t account_id;
	const char *account; /* its name */
	const char *name;
	unsigned scopes;
	int64_t created_unix;
	int64_t expires_unix; /* 0: never */
	int64_t last_used_unix;
	bool revoked;
	const char *packages;  /* patterns, one to a line; "": all */
	const char *addresses; /* ranges, one to a line; "": all */
};

/* packages and addresses NULL: "". */
enum sta_rc sta_token_insert(struct sta_db_conn *c, const struct sta_token_row *t, const void *hash,
			     size_t len, int64_t *id, struct sta_err *err) STA_CHECK;

/* STA_NOT_FOUND. */
enum sta_rc sta_token_by_hash(struct sta_db_conn *c, struct sta_arena *a, const void *hash, size_t len,
			      struct sta_token_row *out, struct sta_err *err) STA_CHECK;
enum sta_rc sta_token_by_id(struct sta_db_conn *c, struct sta_arena *a, int64_t id, struct sta_token_row *out,
			    struct sta_err *err) STA_CHECK;

/* account_id 0: of all. */
enum sta_rc sta_token_list(struct sta_db_conn *c, struct sta_arena *a, int64_t account_id,
			   struct sta_token_row **out, size_t *n, struct sta_err *err) STA_CHECK;

enum sta_rc sta_token_revoke(struct sta_db_conn *c, int64_t id, struct sta_err *err) STA_CHECK;
enum sta_rc sta_token_touch(struct sta_db_conn *c, int64_t id, int64_t now_unix,
			    struct sta_err *err) STA_CHECK;

#endif
