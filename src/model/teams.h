/*
 * teams - teams of organizations: their members, and how they nest.
 *
 * A member of a team counts as one of every team above it (team_ancestor holds all
 * pairs), so a role granted to a team is that of the teams below it too, as on GitHub.
 *
 * Layer: model.  May include: db, base.  Threads: as the connection's.
 */
#ifndef STA_MODEL_TEAMS_H
#define STA_MODEL_TEAMS_H

#include "base/arena.h"
#include "db/db.h"

#define STA_TEAM_DEPTH_MAX 8 /* a team without a parent is one deep */

struct sta_team_row {
	int64_t id;
	int64_t org_id;
	const char *name;
	const char *description;
	int64_t parent_id;  /* 0: none */
	const char *parent; /* its name, or NULL */
	int64_t members;    /* of it alone */
	int64_t created_unix;
	bool maintained; /* by the account that was asked for */
};

/* Texts in the arena.  STA_NOT_FOUND. */
enum sta_rc sta_team_by_name(struct sta_db_conn *c, struct sta_arena *a, int64_t org_id, const char *name,
			     int64_t account_id, struct sta_team_row *out, struct sta_err *err) STA_CHECK;
/* Without a parent.  STA_EXISTS. */
enum sta_rc sta_team_insert(struct sta_db_conn *c, const struct sta_team_row *team, int64_t *id,
			    struct sta_err *err) STA_CHECK;
/* Below another (0: none), with all that is below it.  STA_INVALID: that one is below it, or the
 * tree would be more than STA_TEAM_DEPTH_MAX deep. */
enum sta_rc sta_team_move(struct sta_db_conn *c, int64_t id, int64_t parent_id,
			  struct sta_err *err) STA_CHECK;
enum sta_rc sta_team_describe(struct sta_db_conn *c, int64_t id, const char *description,
			      struct sta_err *err) STA_CHECK;
/* With its members and what was granted to it.  STA_CONFLICT: there are teams below it. */
enum sta_rc sta_team_remove(struct sta_db_conn *c, int64_t id, struct sta_err *err) STA_CHECK;
/* By name. */
enum sta_rc sta_team_list(struct sta_db_conn *c, struct sta_arena *a, int64_t org_id,
			  struct sta_team_row **out, size_t *n, struct sta_err *err) STA_CHECK;

struct sta_team_member {
	int64_t account_id;
	const char *name;
	bool maintainer;
	int64_t created_unix;
	bool site_admin;
};
enum sta_rc sta_team_member_set(struct sta_db_conn *c, int64_t team_id, int64_t account_id, bool maintainer,
				int64_t now_unix, struct sta_err *err) STA_CHECK;
/* STA_NOT_FOUND. */
enum sta_rc sta_team_member_remove(struct sta_db_conn *c, int64_t team_id, int64_t account_id,
				   struct sta_err *err) STA_CHECK;
/* By name; of the team alone. */
enum sta_rc sta_team_member_list(struct sta_db_conn *c, struct sta_arena *a, int64_t team_id,
				 struct sta_team_member **out, size_t *n, struct sta_err *err) STA_CHECK;

#endif
