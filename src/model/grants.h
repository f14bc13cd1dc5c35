/*
 * grants - roles on packages and repositories, granted to people and teams.
 *
 * Layer: model.  May include: db, access (enums), base.  Threads: as the
 * connection's.
 */
#ifndef STA_MODEL_GRANTS_H
#define STA_MODEL_GRANTS_H

#include "access/access.h"
#include "base/arena.h"
#include "db/db.h"
#include "model/accounts.h"

enum sta_subject_kind { STA_SUBJECT_ACCOUNT = 1, STA_SUBJECT_TEAM = 2 };

/* To whom. */
struct sta_subject {
	enum sta_subject_kind kind;
	int64_t id; /* of the account or team */
};

enum sta_object_kind { STA_OBJECT_PACKAGE = 1, STA_OBJECT_REPOSITORY = 2 };

/* On what. */
struct sta_grantable {
	enum sta_object_kind kind;
	int64_t id; /* of the package or repository */
};

static inline struct sta_grantable
sta_grantable_package(int64_t id)
{
	return (struct sta_grantable){ .kind = STA_OBJECT_PACKAGE, .id = id };
}

static inline struct sta_grantable
sta_grantable_repository(int64_t id)
{
	return (struct sta_grantable){ .kind = STA_OBJECT_REPOSITORY, .id = id };
}

/* Replaces a role that was granted before.  role is not STA_ROLE_NONE. */
enum sta_rc sta_grant_set(struct sta_db_conn *c, struct sta_grantable object, struct sta_subject subject,
			  enum sta_role role, struct sta_err *err) STA_CHECK;
/* STA_NOT_FOUND. */
enum sta_rc sta_grant_remove(struct sta_db_conn *c, struct sta_grantable object, struct sta_subject subject,
			     struct sta_err *err) STA_CHECK;
/* All on the object but those of repositories' workflows: what inheritance puts in place of them says
 * nothing of machines that others trust. */
enum sta_rc sta_grant_remove_inheritable(struct sta_db_conn *c, struct sta_grantable object,
					 struct sta_err *err) STA_CHECK;
/* What is granted on from, on to as well. */
enum sta_rc sta_grant_copy(struct sta_db_conn *c, struct sta_grantable from, struct sta_grantable to,
			   struct sta_err *err) STA_CHECK;
/* What the account has in person on the packages and repositories of a namespace. */
enum sta_rc sta_grant_remove_in(struct sta_db_conn *c, int64_t namespace_id, int64_t account_id,
				struct sta_err *err) STA_CHECK;

struct sta_grant_row {
	struct sta_subject subject;
	enum sta_account_kind account_kind; /* of an account */
	const char *name;                   /* of the account, or "acme/team" */
	enum sta_role role;
	bool outside; /* an account that is not in the organization that owns the object */
};
/* By kind and name, on an object of that namespace.  Texts in the arena. */
enum sta_rc sta_grant_list(struct sta_db_conn *c, struct sta_arena *a, struct sta_grantable object,
			   int64_t namespace_id, struct sta_grant_row **out, size_t *n,
			   struct sta_err *err) STA_CHECK;

/* The strongest role that one of the account's teams has on the object, and a team that has
 * it ("acme/team"); STA_ROLE_NONE and "" when none has one. */
enum sta_rc sta_grant_by_team(struct sta_db_conn *c, struct sta_arena *a, struct sta_grantable object,
			      int64_t account_id, enum sta_role *role, const char **team,
			      struct sta_err *err) STA_CHECK;

#endif
