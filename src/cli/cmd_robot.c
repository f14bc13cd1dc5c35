#include "cli/ask.h"

static const char *
member(const json_t *answer, const char *key)
{
	return json_string_value(json_object_get(answer, key));
}

static void
say_role(const struct sta_cli *cli, const json_t *answer, const char *what)
{
	sta_cli_done(cli, answer, "robot %s%s; its role on all packages of %s: %s", member(answer, "name"),
		     what, member(answer, "organization"), member(answer, "role"));
}

enum sta_rc
sta_cmd_robot_create(struct sta_cli *cli, struct sta_err *err)
{
	json_t *answer;
	enum sta_rc rc =
		sta_ask(cli, "robot.create",
			json_pack("{s:s, s:s*}", "name", cli->args[0], "role", sta_cli_flag(cli, "role")),
			NULL, &answer, err);

	if (rc == STA_OK)
		say_role(cli, answer, " created");
	return rc;
}

enum sta_rc
sta_cmd_robot_list(struct sta_cli *cli, struct sta_err *err)
{
	static const struct sta_cli_column columns[] = {
		{ "NAME", "name" }, { "ROLE", "role" }, { "DISABLED", "disabled" }, { "CREATED", "created" }
	};
	json_t *answer;
	enum sta_rc rc = sta_ask(cli, "robot.list",
				 json_pack("{s:s*}", "organization", cli->n_args > 0 ? cli->args[0] : NULL),
				 NULL, &answer, err);

	if (rc == STA_OK)
		sta_cli_print_rows(cli, answer, "robots", columns, sizeof(columns) / sizeof(columns[0]));
	return rc;
}

enum sta_rc
sta_cmd_robot_set(struct sta_cli *cli, struct sta_err *err)
{
	const char *role = sta_cli_flag(cli, "role");
	json_t *answer;
	enum sta_rc rc;

	if (!role)
		return sta_cli_usage(cli, err, "nothing to set; use --role");
	rc = sta_ask(cli, "robot.set", json_pack("{s:s, s:s}", "name", cli->args[0], "role", role), NULL,
		     &answer, err);
	if (rc == STA_OK)
		say_role(cli, answer, " changed");
	return rc;
}

static enum sta_rc
set_disabled(struct sta_cli *cli, bool disabled, struct sta_err *err)
{
	json_t *answer;
	enum sta_rc rc = sta_ask(cli, "robot.set-disabled",
				 json_pack("{s:s, s:b}", "name", cli->args[0], "disabled", disabled), NULL,
				 &answer, err);

	if (rc == STA_OK)
		sta_cli_done(cli, answer, "robot %s %s", cli->args[0], disabled ? "disabled" : "enabled");
	return rc;
}

enum sta_rc
sta_cmd_robot_disable(struct sta_cli *cli, struct sta_err *err)
{
	return set_disabled(cli, true, err);
}

enum sta_rc
sta_cmd_robot_enable(struct sta_cli *cli, struct sta_err *err)
{
	return set_disabled(cli, false, err);
}

enum sta_rc
sta_cmd_robot_delete(struct sta_cli *cli, struct sta_err *err)
{
	json_t *answer;
	enum sta_rc rc =
		sta_ask(cli, "robot.delete", json_pack("{s:s}", "name", cli->args[0]), NULL, &answer, err);

	if (rc == STA_OK)
		sta_cli_done(cli, answer, "robot %s deleted, with its tokens and roles", cli->args[0]);
	return rc;
}
