/* Operations on robots. */

#include "cli/ops.h"
#include "registry/robot.h"

static json_t *
robot_json(const struct sta_robot *r)
{
	return json_pack("{s:s, s:s, s:s, s:b, s:o}", "name", r->name, "organization", r->org, "role",
			 sta_role_name(r->role), "disabled", r->disabled, "created",
			 sta_op_time(r->created_unix));
}

static enum sta_rc
role_of(const char *word, enum sta_role *out, struct sta_err *err)
{
	if (sta_role_parse(word, out))
		return STA_OK;
	return sta_err_set(err, STA_INVALID, 0,
			   "'%.40s' is no role of a robot; choose none, read, write or admin", word);
}

enum sta_rc
sta_op_robot_create(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	enum sta_role role = STA_ROLE_NONE;
	struct sta_robot made = { 0 };
	const char *word = "none";
	const char *name;
	enum sta_rc rc = sta_op_args(run, err, "{s:s, s?s}", "name", &name, "role", &word);

	if (rc == STA_OK)
		rc = role_of(word, &role, err);
	if (rc == STA_OK)
		rc = sta_robot_create(run->registry, &call, name, role, &made, err);
	return rc == STA_OK ? sta_op_result(run, robot_json(&made), result, err) : rc;
}

enum sta_rc
sta_op_robot_list(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	struct sta_robot *robots = NULL;
	const char *org = NULL;
	size_t n = 0;
	enum sta_rc rc = sta_op_args(run, err, "{s?s}", "organization", &org);

	if (rc == STA_OK)
		rc = sta_robot_all(run->registry, &call, org, &robots, &n, err);
	for (size_t i = 0; i < n && rc == STA_OK; i++)
		rc = sta_op_row(run, robot_json(&robots[i]), err);
	return rc == STA_OK ? sta_op_result(run, json_object(), result, err) : rc;
}

enum sta_rc
sta_op_robot_set(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	enum sta_role role = STA_ROLE_NONE;
	struct sta_robot now = { 0 };
	const char *name;
	const char *word;
	enum sta_rc rc = sta_op_args(run, err, "{s:s, s:s}", "name", &name, "role", &word);

	if (rc == STA_OK)
		rc = role_of(word, &role, err);
	if (rc == STA_OK)
		rc = sta_robot_set(run->registry, &call, name, role, &now, err);
	return rc == STA_OK ? sta_op_result(run, robot_json(&now), result, err) : rc;
}

enum sta_rc
sta_op_robot_set_disabled(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	const char *name;
	int disabled;
	enum sta_rc rc = sta_op_args(run, err, "{s:s, s:b}", "name", &name, "disabled", &disabled);

	if (rc == STA_OK)
		rc = sta_robot_set_disabled(run->registry, &call, name, disabled != 0, err);
	if (rc != STA_OK)
		return rc;
	return sta_op_result(run, json_pack("{s:s, s:b}", "name", name, "disabled", disabled), result, err);
}

enum sta_rc
sta_op_robot_delete(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	const char *name;
	enum sta_rc rc = sta_op_args(run, err, "{s:s}", "name", &name);

	if (rc == STA_OK)
		rc = sta_robot_delete(run->registry, &call, name, err);
	if (rc != STA_OK)
		return rc;
	return sta_op_result(run, json_pack("{s:s, s:b}", "name", name, "deleted", 1), result, err);
}
