/*
 * orgs - organizations and their members.
 *
 * An organization is a namespace that no user is.  It has owners and members.
 *
 * Layer: model.  May include: db, access (enums), base.  Threads: as the
 * connection's.
 */
#ifndef STA_MODEL_ORGS_H
#define STA_MODEL_ORGS_H

#include "access/access.h"
#include "base/arena.h"
#include "db/db.h"

/* A set of visibilities. */
#define STA_VISIBILITY_BIT(v) (1U << (v))
#define STA_VISIBILITIES_ALL 7U

/* Which members may make packages; the owners may always. */
enum sta_org_creators { STA_CREATORS_MEMBERS = 1, STA_CREATORS_TEAM = 2, STA_CREATORS_OWNERS = 3 };

struct sta_org_row {
	int64_t id; /* the namespace's */
	const char *name;
	enum sta_visibility visibility; /* of a new package */
	unsigned creates;               /* STA_VISIBILITY_BIT()s that members may give a package */
	bool inherits;                  /* packages that a push links to a repository have its roles */
	enum sta_org_creators creators;
	int64_t creator_team_id; /* of STA_CREATORS_TEAM, with the teams below it */
	const char *creator_team;
	int64_t created_unix;
	enum sta_org_role member; /* of the account that was asked for */
};

/* Texts in the arena.  STA_NOT_FOUND. */
enum sta_rc sta_org_by_name(struct sta_db_conn *c, struct sta_arena *a, const char *name, int64_t account_id,
			    struct sta_org_row *out, struct sta_err *err) STA_CHECK;
/* STA_EXISTS: the namespace is taken. */
enum sta_rc sta_org_insert(struct sta_db_conn *c, const struct sta_org_row *org, int64_t *id,
			   struct sta_err *err) STA_CHECK;
enum sta_rc sta_org_update(struct sta_db_conn *c, const struct sta_org_row *org,
			   struct sta_err *err) STA_CHECK;
/* By name.  Those that account_id is in; 0: all. */
enum sta_rc sta_org_list(struct sta_db_conn *c, struct sta_arena *a, int64_t account_id,
			 struct sta_org_row **out, size_t *n, struct sta_err *err) STA_CHECK;

struct sta_org_member {
	int64_t account_id;
	const char *name;
	enum sta_org_role role;
	int64_t created_unix;
	bool site_admin;
};

enum sta_rc sta_org_member_set(struct sta_db_conn *c, int64_t org_id, int64_t account_id,
			       enum sta_org_role role, int64_t now_unix, struct sta_err *err) STA_CHECK;
/* With its places in the teams of the organization.  STA_NOT_FOUND. */
enum sta_rc sta_org_member_remove(struct sta_db_conn *c, int64_t org_id, int64_t account_id,
				  struct sta_err *err) STA_CHECK;
/* By name. */
enum sta_rc sta_org_member_list(struct sta_db_conn *c, struct sta_arena *a, int64_t org_id,
				struct sta_org_member **out, size_t *n, struct sta_err *err) STA_CHECK;
/* Owners beside that account. */
enum sta_rc sta_org_other_owners(struct sta_db_conn *c, int64_t org_id, int64_t account_id, int64_t *n,
				 struct sta_err *err) STA_CHECK;

/* What a caller meets in front of a package that may not be there. */
struct sta_namespace {
	int64_t id;
	bool is_org;
	enum sta_visibility visibility; /* of a new package */
	unsigned creates;
	bool creator; /* the account is among the members who may make packages */
	bool inherits;
	enum sta_org_role member;
};
/* STA_NOT_FOUND. */
enum sta_rc sta_namespace_find(struct sta_db_conn *c, const char *name, int64_t account_id,
			       struct sta_namespace *out, struct sta_err *err) STA_CHECK;

#endif
