/* The doors of organizations and teams. */

#include <stdio.h>
#include <string.h>

#include "model/teams.h"
#include "registry/core.h"

/* name as it was asked for, whether or not there is one. */
static enum sta_rc
no_org(const char *name, struct sta_err *err)
{
	return sta_err_set(err, STA_NOT_FOUND, 0, "no organization '%.*s'", STA_NAMESPACE_MAX, name);
}

static enum sta_rc
decide_org(const struct sta_call *call, const char *name, struct sta_org_entry *e, bool maintainer,
	   enum sta_org_action action, struct sta_err *err)
{
	const struct sta_org_object o = { .member = e->row.member, .maintainer = maintainer };

	e->decision = sta_access_decide_org(&call->caller, &o, action);
	if (e->decision.allowed)
		return STA_OK;
	if (!e->decision.may_know)
		return no_org(name, err);
	if (!sta_credential_manages(&call->caller))
		(void) sta_lacks_scope("admin:org", err);
	else
		(void) sta_err_set(err, STA_DENIED, 0, "only owners of '%s' may do that", e->row.name);
	(void) snprintf(err->detail, sizeof(err->detail), "%s: %s", sta_rule_name(e->decision.rule),
			sta_rule_text(e->decision.rule));
	return STA_DENIED;
}

static enum sta_rc
find_org(struct sta_db_conn *c, const struct sta_call *call, const char *name, struct sta_org_row *out,
	 struct sta_err *err)
{
	char folded[STA_NAMESPACE_MAX + 1];
	enum sta_rc rc;

	if (!sta_namespace_fold(name, folded))
		return no_org(name, err);
	rc = sta_org_by_name(c, call->arena, folded, call->caller.user_id, out, err);
	return rc == STA_NOT_FOUND ? no_org(name, err) : rc;
}

enum sta_rc
sta_door_org(struct sta_db_conn *c, const struct sta_call *call, const char *name, enum sta_org_action action,
	     struct sta_org_entry *out, struct sta_err *err)
{
	enum sta_rc rc = find_org(c, call, name, &out->row, err);

	return rc == STA_OK ? decide_org(call, name, out, false, action, err) : rc;
}

enum sta_rc
sta_door_team(struct sta_db_conn *c, const struct sta_call *call, const char *path,
	      enum sta_org_action action, struct sta_org_entry *org, struct sta_team_row *team,
	      struct sta_err *err)
{
	const char *slash = strchr(path, '/');
	char *name = sta_arena_strdup(call->arena, path);
	char folded[STA_NAMESPACE_MAX + 1];
	enum sta_rc rc;

	if (!name)
		return sta_err_set(err, STA_NOMEM, 0, "team");
	if (!slash || !sta_namespace_fold(slash + 1, folded))
		return sta_err_set(err, STA_INVALID, 0, "a team is named ORGANIZATION/TEAM");
	name[slash - path] = '\0';
	rc = find_org(c, call, name, &org->row, err);
	if (rc == STA_OK) /* before the team is looked for: who may not ask learns nothing of it */
		rc = decide_org(call, name, org, false, STA_ORG_READ, err);
	if (rc != STA_OK)
		return rc;
	rc = sta_team_by_name(c, call->arena, org->row.id, folded, call->caller.user_id, team, err);
	if (rc == STA_NOT_FOUND)
		return sta_err_set(err, rc, 0, "no team '%s' in '%s'", folded, org->row.name);
	return rc == STA_OK ? decide_org(call, name, org, team->maintained, action, err) : rc;
}
