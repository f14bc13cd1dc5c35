/* Operations on teams and who is in them. */

#include "cli/ops.h"
#include "registry/team.h"

static json_t *
team_json(const struct sta_team *t)
{
	return json_pack("{s:s, s:s?, s:s, s:I, s:o}", "name", t->name, "parent", t->parent, "description",
			 t->description, "members", (json_int_t) t->members, "created",
			 sta_op_time(t->created_unix));
}

enum sta_rc
sta_op_team_create(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	struct sta_team team = { 0 };
	const char *description = "";
	const char *parent = NULL;
	const char *name;
	enum sta_rc rc = sta_op_args(run, err, "{s:s, s?s, s?s}", "name", &name, "parent", &parent,
				     "description", &description);

	if (rc == STA_OK)
		rc = sta_team_create(run->registry, &call, name, parent, description, &team, err);
	return rc == STA_OK ? sta_op_result(run, team_json(&team), result, err) : rc;
}

enum sta_rc
sta_op_team_set(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	struct sta_team_change change = { 0 };
	struct sta_team team = { 0 };
	const char *name;
	enum sta_rc rc = sta_op_args(run, err, "{s:s, s?s, s?s}", "name", &name, "parent", &change.parent,
				     "description", &change.description);

	if (rc == STA_OK)
		rc = sta_team_set(run->registry, &call, name, &change, &team, err);
	return rc == STA_OK ? sta_op_result(run, team_json(&team), result, err) : rc;
}

enum sta_rc
sta_op_team_delete(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	const char *name;
	enum sta_rc rc = sta_op_args(run, err, "{s:s}", "name", &name);

	if (rc == STA_OK)
		rc = sta_team_delete(run->registry, &call, name, err);
	if (rc != STA_OK)
		return rc;
	return sta_op_result(run, json_pack("{s:s, s:b}", "name", name, "deleted", 1), result, err);
}

enum sta_rc
sta_op_team_list(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	struct sta_team *teams = NULL;
	const char *org;
	size_t n = 0;
	enum sta_rc rc = sta_op_args(run, err, "{s:s}", "organization", &org);

	if (rc == STA_OK)
		rc = sta_team_all(run->registry, &call, org, &teams, &n, err);
	for (size_t i = 0; i < n && rc == STA_OK; i++)
		rc = sta_op_row(run, team_json(&teams[i]), err);
	return rc == STA_OK ? sta_op_result(run, json_object(), result, err) : rc;
}

enum sta_rc
sta_op_team_members(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	struct sta_teammate *members = NULL;
	const char *name;
	size_t n = 0;
	enum sta_rc rc = sta_op_args(run, err, "{s:s}", "name", &name);

	if (rc == STA_OK)
		rc = sta_team_members(run->registry, &call, name, &members, &n, err);
	for (size_t i = 0; i < n && rc == STA_OK; i++)
		rc = sta_op_row(run,
				json_pack("{s:s, s:b, s:o}", "name", members[i].name, "maintainer",
					  members[i].maintainer, "since", sta_op_time(members[i].since_unix)),
				err);
	return rc == STA_OK ? sta_op_result(run, json_object(), result, err) : rc;
}

enum sta_rc
sta_op_team_add(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	int maintainer = 0;
	const char *name;
	const char *user;
	enum sta_rc rc = sta_op_args(run, err, "{s:s, s:s, s:b}", "name", &name, "user", &user, "maintainer",
				     &maintainer);

	if (rc == STA_OK)
		rc = sta_team_add(run->registry, &call, name, user, maintainer != 0, err);
	if (rc != STA_OK)
		return rc;
	return sta_op_result(
		run, json_pack("{s:s, s:s, s:b}", "team", name, "user", user, "maintainer", maintainer),
		result, err);
}

enum sta_rc
sta_op_team_remove(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	const char *name;
	const char *user;
	enum sta_rc rc = sta_op_args(run, err, "{s:s, s:s}", "name", &name, "user", &user);

	if (rc == STA_OK)
		rc = sta_team_remove_member(run->registry, &call, name, user, err);
	if (rc != STA_OK)
		return rc;
	return sta_op_result(run, json_pack("{s:s, s:s, s:b}", "team", name, "user", user, "removed", 1),
			     result, err);
}
