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
	{ .name = "package.link", .fn = sta_op_package_link },
	{ .name = "org.create", .fn = sta_op_org_create },
	{ .name = "org.list", .rows = "organizations", .fn = sta_op_org_list },
	{ .name = "org.set", .fn = sta_op_org_set },
	{ .name = "org.members", .rows = "members", .fn = sta_op_org_members },
	{ .name = "org.add", .fn = sta_op_org_add },
	{ .name = "org.remove", .fn = sta_op_org_remove },
	{ .name = "team.create", .fn = sta_op_team_create },
	{ .name = "team.set", .fn = sta_op_team_set },
	{ .name = "team.delete", .fn = sta_op_team_delete },
	{ .name = "team.list", .rows = "teams", .fn = sta_op_team_list },
	{ .name = "team.members", .rows = "members", .fn = sta_op_team_members },
	{ .name = "team.add", .fn = sta_op_team_add },
	{ .name = "team.remove", .fn = sta_op_team_remove },
	{ .name = "access.list", .rows = "grants", .fn = sta_op_access_list },
	{ .name = "access.grant", .fn = sta_op_access_grant },
	{ .name = "access.revoke", .fn = sta_op_access_revoke },
	{ .name = "access.explain", .fn = sta_op_access_explain },
	{ .name = "repository.create", .fn = sta_op_repository_create },
	{ .name = "repository.list", .rows = "repositories", .fn = sta_op_repository_list },
	{ .name = "repository.set", .fn = sta_op_repository_set },
	{ .name = "repository.delete", .fn = sta_op_repository_delete },
	{ .name = "repository.access", .rows = "grants", .fn = sta_op_repository_access },
	{ .name = "repository.grant", .fn = sta_op_repository_grant },
	{ .name = "repository.revoke", .fn = sta_op_repository_revoke },
	{ .name = "audit.list", .rows = "entries", .fn = sta_op_audit_list },
	{ .name = "fsck", .rows = "problems", .fn = sta_op_fsck },
	{ .name = "gc", .fn = sta_op_gc },
};

struct sta_op_table
sta_ops(struct sta_registry *registry)
{
	return (struct sta_op_table){ .ops = ops, .n = sizeof(ops) / sizeof(ops[0]), .registry = registry };
}
