/* Operations on what is granted on packages, why somebody may or may not, and the audit log. */

#include "cli/ops.h"
#include "registry/grant.h"
#include "registry/token.h"

/* What registry/ gives at a time; more is refused here, not cut there. */
#define AUDIT_MAX 1000

enum sta_rc
sta_op_role(const char *word, enum sta_role *out, struct sta_err *err)
{
	if (sta_role_parse(word, out) && *out != STA_ROLE_NONE)
		return STA_OK;
	return sta_err_set(err, STA_INVALID, 0, "'%.40s' is no role; choose read, write or admin", word);
}

enum sta_rc
sta_op_grants(struct sta_op_run *run, const struct sta_grant *grants, size_t n, json_t **result,
	      struct sta_err *err)
{
	enum sta_rc rc = STA_OK;

	for (size_t i = 0; i < n && rc == STA_OK; i++)
		rc = sta_op_row(run,
				json_pack("{s:s, s:s, s:s, s:b}", "subject", grants[i].subject, "kind",
					  grants[i].kind, "role", sta_role_name(grants[i].role), "outside",
					  grants[i].outside),
				err);
	return rc == STA_OK ? sta_op_result(run, json_object(), result, err) : rc;
}

enum sta_rc
sta_op_access_list(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	struct sta_grant *grants = NULL;
	const char *package;
	size_t n = 0;
	enum sta_rc rc = sta_op_args(run, err, "{s:s}", "package", &package);

	if (rc == STA_OK)
		rc = sta_grant_all(run->registry, &call, package, &grants, &n, err);
	return rc == STA_OK ? sta_op_grants(run, grants, n, result, err) : rc;
}

enum sta_rc
sta_op_access_grant(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	enum sta_role role = STA_ROLE_NONE;
	const char *package;
	const char *subject;
	const char *word;
	enum sta_rc rc = sta_op_args(run, err, "{s:s, s:s, s:s}", "package", &package, "subject", &subject,
				     "role", &word);

	if (rc == STA_OK)
		rc = sta_op_role(word, &role, err);
	if (rc == STA_OK)
		rc = sta_grant_give(run->registry, &call, package, subject, role, err);
	if (rc != STA_OK)
		return rc;
	return sta_op_result(
		run, json_pack("{s:s, s:s, s:s}", "package", package, "subject", subject, "role", word),
		result, err);
}

enum sta_rc
sta_op_access_revoke(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	const char *package;
	const char *subject;
	enum sta_rc rc = sta_op_args(run, err, "{s:s, s:s}", "package", &package, "subject", &subject);

	if (rc == STA_OK)
		rc = sta_grant_take(run->registry, &call, package, subject, err);
	if (rc != STA_OK)
		return rc;
	return sta_op_result(
		run, json_pack("{s:s, s:s, s:b}", "package", package, "subject", subject, "revoked", 1),
		result, err);
}

/* A text, JSON null for "" and NULL. */
static json_t *
text_or_null(const char *s)
{
	return s && s[0] != '\0' ? json_string(s) : json_null();
}

static const char *
owner_kind(const struct sta_explanation *x)
{
	if (!x->owner_exists)
		return NULL;
	return x->owner_is_org ? "organization" : "user";
}

static json_t *
explanation_json(struct sta_arena *a, const struct sta_access_question *q, const struct sta_explanation *x)
{
	/* Of a package that is not there: what its first push would give it. */
	const char *visibility = x->owner_exists ? sta_visibility_name(x->visibility) : NULL;

	return json_pack("{s:s, s:o, s:s, s:b, s:s, s:s, s:b, s:s?, s:s, s:s?, s:b, s:b, s:s, s:s, s:s, s:o, "
			 "s:b, s:s, s:s?, s:s?, s:s, s:s?, s:o, s:b, s:s?}",
			 "package", q->package, "user", text_or_null(q->user), "action",
			 sta_action_name(q->action), "allowed", x->allowed, "rule", x->rule, "why", x->why,
			 "exists", x->exists, "visibility", visibility, "owner", x->owner, "owner_kind",
			 owner_kind(x), "disabled", x->disabled, "site_admin", x->site_admin, "member",
			 sta_org_role_name(x->member), "granted", sta_role_name(x->granted), "team_role",
			 sta_role_name(x->team_role), "team", text_or_null(x->team), "inherits", x->inherits,
			 "inherited", sta_role_name(x->inherited), "repository", x->repository, "robot_of",
			 x->robot_of, "robot_role", sta_role_name(x->robot_role), "workflow_of",
			 x->workflow_of, "token", x->token ? sta_op_token_json(a, x->token) : json_null(),
			 "token_ended", x->token_ended, "from", q->from);
}

enum sta_rc
sta_op_access_explain(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	struct sta_access_question q = { .user = "" };
	struct sta_explanation x = { 0 };
	const char *word;
	json_int_t token = 0;
	enum sta_rc rc = sta_op_args(run, err, "{s:s, s:s, s:s, s?I, s?s}", "package", &q.package, "user",
				     &q.user, "action", &word, "token", &token, "from", &q.from);

	if (rc == STA_OK && !sta_action_parse(word, &q.action))
		rc = sta_err_set(err, STA_INVALID, 0,
				 "'%.40s' is no action; choose read, write, delete or admin", word);
	q.token_id = token;
	if (rc == STA_OK)
		rc = sta_access_explain(run->registry, &call, &q, &x, err);
	return rc == STA_OK ? sta_op_result(run, explanation_json(run->arena, &q, &x), result, err) : rc;
}

enum sta_rc
sta_op_audit_list(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	struct sta_audit_line *lines = NULL;
	const char *target = "";
	json_int_t before = 0;
	json_int_t max = 0;
	size_t n = 0;
	enum sta_rc rc =
		sta_op_args(run, err, "{s?s, s?I, s:I}", "target", &target, "before", &before, "max", &max);

	if (rc == STA_OK && (before < 0 || max < 1 || max > AUDIT_MAX))
		rc = sta_err_set(err, STA_INVALID, 0, "the log is read 1 to %d entries at a time", AUDIT_MAX);
	if (rc == STA_OK)
		rc = sta_audit_read(run->registry, &call, target, before, (size_t) max, &lines, &n, err);
	for (size_t i = 0; i < n && rc == STA_OK; i++)
		rc = sta_op_row(run,
				json_pack("{s:I, s:o, s:o, s:s, s:s, s:s}", "id", (json_int_t) lines[i].id,
					  "created", sta_op_time(lines[i].created_unix), "actor",
					  text_or_null(lines[i].actor), "action", lines[i].action, "target",
					  lines[i].target, "detail", lines[i].detail),
				err);
	return rc == STA_OK ? sta_op_result(run, json_object(), result, err) : rc;
}
