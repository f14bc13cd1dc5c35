/*
 * owners - namespaces as the packages API shows them: people, organizations, robots.
 *
 * Layer: model.  May include: db, access (enums), base.  Threads: as the connection's.
 */
#ifndef STA_MODEL_OWNERS_H
#define STA_MODEL_OWNERS_H

#include "access/access.h"
#include "base/arena.h"
#include "db/db.h"

enum sta_owner_kind { STA_OWNER_USER = 1, STA_OWNER_ORGANIZATION = 2, STA_OWNER_ROBOT = 3 };

struct sta_owner {
	int64_t id; /* the namespace's, an account's too */
	const char *name;
	enum sta_owner_kind kind;
	bool site_admin;
	int64_t created_unix;
	enum sta_org_role member; /* in the organization, of the account that was asked for */
};

/* Texts in the arena.  STA_NOT_FOUND: there is none, or it is the account of a repository. */
enum sta_rc sta_owner_by_name(struct sta_db_conn *c, struct sta_arena *a, const char *name,
			      int64_t account_id, struct sta_owner *out, struct sta_err *err) STA_CHECK;
enum sta_rc sta_owner_by_id(struct sta_db_conn *c, struct sta_arena *a, int64_t id, int64_t account_id,
			    struct sta_owner *out, struct sta_err *err) STA_CHECK;

#endif
