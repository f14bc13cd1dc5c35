#include "cli/ops.h"

static const struct sta_op ops[] = {
	{ .name = "user.create", .first = true, .fn = sta_op_user_create },
	{ .name = "user.list", .rows = "users", .fn = sta_op_user_list },
	{ .name = "user.set-password", .fn = sta_op_user_set_password },
	{ .name = "user.set-disabled", .fn = sta_op_user_set_disabled },
	{ .name = "token.create", .fn = sta_op_token_create },
	{ .name = "token.list", .rows = "tokens", .fn = sta_op_token_list },
	{ .name = "token.revoke", .fn = sta_op_token_revoke },
	{ .name = "package.list", .rows = "packages", .fn = sta_op_package_list },
	{ .name = "package.set", .fn = sta_op_package_set },
	{ .name = "package.delete", .fn = sta_op_package_delete },
	{ .name = "fsck", .rows = "problems", .fn = sta_op_fsck },
	{ .name = "gc", .fn = sta_op_gc },
};

struct sta_op_table
sta_ops(struct sta_registry *registry)
{
	return (struct sta_op_table){ .ops = ops, .n = sizeof(ops) / sizeof(ops[0]), .registry = registry };
}
