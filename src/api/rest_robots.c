/* Robots of an organization. */

#include "api/rest_manage.h"
#include "registry/robot.h"

static json_t *
robot_json(const struct sta_rest *r, struct sta_arena *a, const void *items, size_t i, const void *about)
{
	const struct sta_robot *one = (const struct sta_robot *) items + i;

	(void) about;
	(void) r;
	(void) a;
	return json_pack("{s:s, s:s, s:s, s:b, s:o}", "login", one->name, "organization", one->org, "role",
			 sta_role_name(one->role), "suspended", one->disabled, "created_at",
			 sta_rest_time(one->created_unix));
}

enum sta_rc
sta_get_robots(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest *r;
	struct sta_robot *robots = NULL;
	size_t n = 0;
	enum sta_rc rc = sta_rest_enter_known(api, req, STA_REST_ORG_SCOPE, &r, err);

	if (rc == STA_OK)
		rc = sta_robot_all(api->r, &r->call, req->param[0], &robots, &n, err);
	return rc == STA_OK
		       ? sta_rest_list(r, req, res,
				       &(struct sta_rest_list){ .n = n, .items = robots, .fn = robot_json },
				       err)
		       : rc;
}

/* "acme+ci"; a name that no organization can have is one of none. */
static enum sta_rc
full_name(const struct sta_request *req, const char *name, const char **out, struct sta_err *err)
{
	char folded[STA_NAMESPACE_MAX + 1];

	if (!sta_namespace_fold(req->param[0], folded))
		return sta_err_set(err, STA_NOT_FOUND, 0, "no organization '%.*s'", STA_NAMESPACE_MAX,
				   req->param[0]);
	*out = sta_arena_printf(req->arena, "%s+%s", folded, name);
	return *out ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "robot");
}

enum sta_rc
sta_post_robot(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_rest_value name, word;
	const struct sta_rest_field fields[] = {
		{ "name", STA_REST_TEXT, STA_REST_REQUIRED, &name },
		{ "role", STA_REST_TEXT, 0, &word },
	};
	struct sta_api *api = ctx;
	enum sta_role role = STA_ROLE_NONE;
	struct sta_robot made;
	const char *full = NULL;
	struct sta_rest *r;
	enum sta_rc rc = sta_rest_enter_known(api, req, STA_REST_ORG_SCOPE, &r, err);

	if (rc == STA_OK)
		rc = sta_rest_body(req, fields, STA_REST_N(fields), err);
	if (rc == STA_OK)
		rc = full_name(req, name.text, &full, err);
	if (rc == STA_OK)
		rc = sta_rest_role(&word, true, &role, err);
	if (rc == STA_OK)
		rc = sta_rest_verdict(sta_robot_create(api->r, &r->call, full, role, &made, err), err);
	return rc == STA_OK ? sta_rest_say(req, res, 201, robot_json(r, req->arena, &made, 0, NULL), err)
			    : rc;
}

/* Who calls, and the robot of the path. */
static enum sta_rc
enter(struct sta_api *api, struct sta_request *req, struct sta_rest **r, struct sta_robot *robot,
      struct sta_err *err)
{
	enum sta_rc rc = sta_rest_enter_known(api, req, STA_REST_ORG_SCOPE, r, err);

	return rc == STA_OK ? sta_robot_get(api->r, &(*r)->call, req->param[0], req->param[1], robot, err)
			    : rc;
}

enum sta_rc
sta_get_robot(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_rest *r;
	struct sta_robot robot;
	enum sta_rc rc = enter(ctx, req, &r, &robot, err);

	return rc == STA_OK ? sta_rest_reply(req, res, robot_json(r, req->arena, &robot, 0, NULL), err) : rc;
}

enum sta_rc
sta_patch_robot(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_rest_value word;
	const struct sta_rest_field fields[] = { { "role", STA_REST_TEXT, 0, &word } };
	struct sta_api *api = ctx;
	struct sta_rest *r;
	struct sta_robot robot;
	enum sta_rc rc = enter(api, req, &r, &robot, err);

	if (rc == STA_OK)
		rc = sta_rest_body(req, fields, STA_REST_N(fields), err);
	if (rc == STA_OK)
		rc = sta_rest_role(&word, true, &robot.role, err);
	if (rc == STA_OK && word.given)
		rc = sta_robot_set(api->r, &r->call, robot.name, robot.role, &robot, err);
	return rc == STA_OK ? sta_rest_say(req, res, 200, robot_json(r, req->arena, &robot, 0, NULL), err)
			    : rc;
}

enum sta_rc
sta_delete_robot(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest *r;
	struct sta_robot robot;
	enum sta_rc rc = enter(api, req, &r, &robot, err);

	if (rc == STA_OK)
		rc = sta_robot_delete(api->r, &r->call, robot.name, err);
	return rc == STA_OK ? sta_rest_done(res) : rc;
}

/* PUT: suspended; DELETE: no more. */
enum sta_rc
sta_change_robot_suspended(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest *r;
	struct sta_robot robot;
	enum sta_rc rc = enter(api, req, &r, &robot, err);

	if (rc == STA_OK)
		rc = sta_robot_set_disabled(api->r, &r->call, robot.name, req->method == STA_PUT, err);
	return rc == STA_OK ? sta_rest_done(res) : rc;
}
