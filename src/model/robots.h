/*
 * robots - accounts of machines that organizations own: "acme+ci".
 *
 * A robot has tokens alone.  Its name is a namespace's, so that no other account has it, and as
 * no package name has a '+', it is the owner of none.
 *
 * Layer: model.  May include: db, access (enums), base.  Threads: as the connection's.
 */
#ifndef STA_MODEL_ROBOTS_H
#define STA_MODEL_ROBOTS_H

#include "access/access.h"
#include "base/arena.h"
#include "db/db.h"

struct sta_robot_row {
	int64_t id;
	const char *name; /* "acme+ci" */
	int64_t org_id;
	const char *org;
	enum sta_role role; /* on all packages of the organization */
	bool disabled;
	int64_t created_unix;
};

/* STA_EXISTS: there is one of that name. */
enum sta_rc sta_robot_insert(struct sta_db_conn *c, const struct sta_robot_row *robot, int64_t *id,
			     struct sta_err *err) STA_CHECK;
/* Texts in the arena.  STA_NOT_FOUND. */
enum sta_rc sta_robot_by_name(struct sta_db_conn *c, struct sta_arena *a, const char *name,
			      struct sta_robot_row *out, struct sta_err *err) STA_CHECK;
/* By name; org_id 0: of all organizations. */
enum sta_rc sta_robot_list(struct sta_db_conn *c, struct sta_arena *a, int64_t org_id,
			   struct sta_robot_row **out, size_t *n, struct sta_err *err) STA_CHECK;
enum sta_rc sta_robot_set_role(struct sta_db_conn *c, int64_t id, enum sta_role role,
			       struct sta_err *err) STA_CHECK;
/* With its tokens, and what was granted to it; its uploads must be gone. */
enum sta_rc sta_robot_remove(struct sta_db_conn *c, int64_t id, struct sta_err *err) STA_CHECK;

#endif
