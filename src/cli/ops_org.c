/* Operations on organizations and their members. */

#include <string.h>

#include "cli/ops.h"
#include "registry/org.h"

/* The empty set has a name here, so that no column and no value is empty. */
#define NO_VISIBILITY "none"

static json_t *
org_json(struct sta_arena *a, const struct sta_org *o)
{
	const char *creates = o->creates == 0 ? NO_VISIBILITY : sta_visibilities_text(a, o->creates);

	return creates ? json_pack("{s:s, s:s, s:s, s:s, s:b, s:o}", "name", o->name, "visibility",
				   sta_visibility_name(o->visibility), "members_create", creates, "creators",
				   o->creators, "inherit", o->inherits, "created",
				   sta_op_time(o->created_unix))
		       : NULL;
}

enum sta_rc
sta_op_org_create(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	struct sta_org org = { 0 };
	const char *name;
	const char *owner;
	enum sta_rc rc = sta_op_args(run, err, "{s:s, s:s}", "name", &name, "owner", &owner);

	if (rc == STA_OK)
		rc = sta_org_create(run->registry, &call, name, owner, &org, err);
	return rc == STA_OK ? sta_op_result(run, org_json(run->arena, &org), result, err) : rc;
}

enum sta_rc
sta_op_org_list(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	struct sta_org *orgs = NULL;
	size_t n = 0;
	enum sta_rc rc = sta_op_args(run, err, "{}");

	if (rc == STA_OK)
		rc = sta_org_all(run->registry, &call, &orgs, &n, err);
	for (size_t i = 0; i < n && rc == STA_OK; i++)
		rc = sta_op_row(run, org_json(run->arena, &orgs[i]), err);
	return rc == STA_OK ? sta_op_result(run, json_object(), result, err) : rc;
}

enum sta_rc
sta_op_org_set(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	struct sta_org_change change = { 0 };
	enum sta_visibility visibility;
	struct sta_org org = { 0 };
	const char *creates_text = NULL;
	const char *word = NULL;
	unsigned creates = 0;
	int inherit = -1;
	bool inherits;
	const char *name;
	enum sta_rc rc = sta_op_args(run, err, "{s:s, s?s, s?s, s?s, s?b}", "name", &name, "visibility",
				     &word, "members_create", &creates_text, "creators", &change.creators,
				     "inherit", &inherit);

	if (rc == STA_OK && word)
		rc = sta_op_visibility(word, &visibility, err);
	if (rc == STA_OK && creates_text && strcmp(creates_text, NO_VISIBILITY) != 0)
		rc = sta_visibilities_parse(creates_text, &creates, err);
	if (rc != STA_OK)
		return rc;
	change.visibility = word ? &visibility : NULL;
	change.creates = creates_text ? &creates : NULL;
	inherits = inherit == 1;
	change.inherits = inherit >= 0 ? &inherits : NULL;
	rc = sta_org_set(run->registry, &call, name, &change, &org, err);
	return rc == STA_OK ? sta_op_result(run, org_json(run->arena, &org), result, err) : rc;
}

enum sta_rc
sta_op_org_members(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	struct sta_member *members = NULL;
	const char *name;
	size_t n = 0;
	enum sta_rc rc = sta_op_args(run, err, "{s:s}", "name", &name);

	if (rc == STA_OK)
		rc = sta_org_members(run->registry, &call, name, &members, &n, err);
	for (size_t i = 0; i < n && rc == STA_OK; i++)
		rc = sta_op_row(run,
				json_pack("{s:s, s:s, s:o}", "name", members[i].name, "role",
					  sta_org_role_name(members[i].role), "since",
					  sta_op_time(members[i].since_unix)),
				err);
	return rc == STA_OK ? sta_op_result(run, json_object(), result, err) : rc;
}

enum sta_rc
sta_op_org_add(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	enum sta_org_role role = STA_ORG_NONE;
	const char *word;
	const char *name;
	const char *user;
	enum sta_rc rc =
		sta_op_args(run, err, "{s:s, s:s, s:s}", "name", &name, "user", &user, "role", &word);

	if (rc == STA_OK && (!sta_org_role_parse(word, &role) || role == STA_ORG_NONE))
		rc = sta_err_set(err, STA_INVALID, 0,
				 "'%.40s' is no role in an organization; choose member or owner", word);
	if (rc == STA_OK)
		rc = sta_org_add(run->registry, &call, name, user, role, err);
	if (rc != STA_OK)
		return rc;
	return sta_op_result(run,
			     json_pack("{s:s, s:s, s:s}", "organization", name, "user", user, "role", word),
			     result, err);
}

enum sta_rc
sta_op_org_remove(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	const char *name;
	const char *user;
	int outside = 0;
	enum sta_rc rc =
		sta_op_args(run, err, "{s:s, s:s, s:b}", "name", &name, "user", &user, "outside", &outside);

	if (rc == STA_OK)
		rc = sta_org_remove(run->registry, &call, name, user, outside != 0, err);
	if (rc != STA_OK)
		return rc;
	return sta_op_result(run,
			     json_pack("{s:s, s:s, s:b, s:b}", "organization", name, "user", user, "removed",
				       1, "outside", outside),
			     result, err);
}
