/*
 * ops - what the command line can have done, as one table.
 *
 * An operation takes a JSON object, may give rows (one object each: a user, a
 * finding), and ends with a result object or an error.  The same table serves
 * the control socket of a running server (control.h) and a command that opened
 * the data directory itself (ask.h), so the two cannot differ.
 *
 * Layer: cli.  May include: registry, access, base.  Threads: operations of one table
 * may run in several threads at a time.
 */
#ifndef STA_CLI_OPS_H
#define STA_CLI_OPS_H

#include <stdbool.h>
#include <stddef.h>

#include "access/access.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"

struct sta_grant;
struct sta_pat;
struct sta_registry;

/* Takes one row, which it borrows.  false: nobody listens any more. */
typedef bool sta_op_emit_fn(void *arg, json_t *row);

struct sta_op_run {
	struct sta_registry *registry;
	struct sta_arena *arena; /* results live here */
	json_t *args;            /* an object; borrowed */
	sta_op_emit_fn *emit;
	void *emit_arg;
};

/* *result is an object that the arena owns. */
typedef enum sta_rc sta_op_fn(struct sta_op_run *run, json_t **result, struct sta_err *err);

struct sta_op {
	const char *name; /* "user.create" */
	const char *rows; /* what its rows are called: "users"; NULL without rows */
	bool first;       /* sensible on a data directory that holds no registry yet */
	sta_op_fn *fn;
};

struct sta_op_table {
	const struct sta_op *ops;
	size_t n;
	struct sta_registry *registry; /* borrowed */
};

#define STA_OP_MEMORY_MAX ((size_t) 256 << 20)

/* The program's own table, for that registry. */
struct sta_op_table sta_ops(struct sta_registry *registry);

/* NULL if there is none of that name. */
const struct sta_op *sta_op_find(const struct sta_op_table *table, const char *name);

/* STA_INVALID unless the arguments are as the format of json_unpack() says, and no
 * others.  Use: sta_op_args(run, err, "{s:s, s?b}", "name", &name, "admin", &admin). */
enum sta_rc sta_op_args(struct sta_op_run *run, struct sta_err *err, const char *fmt, ...) STA_CHECK;

/* Hand the result over to the arena; NULL is STA_NOMEM. */
enum sta_rc sta_op_result(struct sta_op_run *run, json_t *made, json_t **result,
			  struct sta_err *err) STA_CHECK;

/* Emit a row and let it go; NULL is STA_NOMEM, a listener that is gone STA_IO. */
enum sta_rc sta_op_row(struct sta_op_run *run, json_t *made, struct sta_err *err) STA_CHECK;

/* STA_INVALID names the choices. */
enum sta_rc sta_op_visibility(const char *word, enum sta_visibility *out, struct sta_err *err) STA_CHECK;

/* A role but none; STA_INVALID names the choices. */
enum sta_rc sta_op_role(const char *word, enum sta_role *out, struct sta_err *err) STA_CHECK;

/* What was granted, as rows; then the result. */
enum sta_rc sta_op_grants(struct sta_op_run *run, const struct sta_grant *grants, size_t n, json_t **result,
			  struct sta_err *err) STA_CHECK;

/* A token as it is listed. */
json_t *sta_op_token_json(struct sta_arena *a, const struct sta_pat *t) STA_CHECK;

/* A time as text, JSON null for 0. */
json_t *sta_op_time(int64_t unix_time) STA_CHECK;

sta_op_fn sta_op_user_create, sta_op_user_list, sta_op_user_set_password, sta_op_user_set_disabled;
sta_op_fn sta_op_user_set, sta_op_user_rename, sta_op_org_rename, sta_op_package_rename;
sta_op_fn sta_op_name_list, sta_op_name_release;
sta_op_fn sta_op_token_create, sta_op_token_list, sta_op_token_revoke;
sta_op_fn sta_op_robot_create, sta_op_robot_list, sta_op_robot_set, sta_op_robot_set_disabled,
	sta_op_robot_delete;
sta_op_fn sta_op_package_list, sta_op_package_set, sta_op_package_delete, sta_op_package_restore,
	sta_op_package_link;
sta_op_fn sta_op_org_create, sta_op_org_list, sta_op_org_set, sta_op_org_members, sta_op_org_add,
	sta_op_org_remove;
sta_op_fn sta_op_team_create, sta_op_team_set, sta_op_team_delete, sta_op_team_list, sta_op_team_members,
	sta_op_team_add, sta_op_team_remove;
sta_op_fn sta_op_access_list, sta_op_access_grant, sta_op_access_revoke, sta_op_access_explain;
sta_op_fn sta_op_repository_create, sta_op_repository_list, sta_op_repository_set, sta_op_repository_delete,
	sta_op_repository_access, sta_op_repository_grant, sta_op_repository_revoke;
sta_op_fn sta_op_issuer_add, sta_op_issuer_list, sta_op_issuer_delete, sta_op_issuer_allow,
	sta_op_issuer_rules, sta_op_issuer_disallow, sta_op_issuer_explain;
sta_op_fn sta_op_audit_list;
sta_op_fn sta_op_fsck, sta_op_gc;

#endif
