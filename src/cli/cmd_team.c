#include <string.h>

#include "cli/ask.h"

/* As it is stored: in small letters. */
static const char *
name_of(const json_t *answer)
{
	return json_string_value(json_object_get(answer, "name"));
}

/* A team above is one of the same organization, and may be written "acme/devs" or "devs". */
static const char *
parent_of(const struct sta_cli *cli)
{
	const char *parent = sta_cli_flag(cli, "parent");
	size_t org = strcspn(cli->args[0], "/") + 1;

	if (parent && strncasecmp(parent, cli->args[0], org) == 0 && parent[org - 1] == '/')
		return parent + org;
	return parent;
}

enum sta_rc
sta_cmd_team_create(struct sta_cli *cli, struct sta_err *err)
{
	const char *parent = parent_of(cli);
	json_t *answer;
	enum sta_rc rc;

	if (parent && parent[0] == '\0')
		return sta_cli_usage(cli, err, "--parent needs a team");
	rc = sta_ask(cli, "team.create",
		     json_pack("{s:s, s:s*, s:s*}", "name", cli->args[0], "parent", parent, "description",
			       sta_cli_flag(cli, "description")),
		     NULL, &answer, err);
	if (rc == STA_OK)
		sta_cli_done(cli, answer, "team %s created", name_of(answer));
	return rc;
}

enum sta_rc
sta_cmd_team_set(struct sta_cli *cli, struct sta_err *err)
{
	const char *description = sta_cli_flag(cli, "description");
	const char *parent = parent_of(cli);
	bool top = sta_cli_flag(cli, "top") != NULL;
	json_t *answer;
	enum sta_rc rc;

	if (!parent && !top && !description)
		return sta_cli_usage(cli, err, "nothing to set; use --parent, --top or --description");
	if (parent && top)
		return sta_cli_usage(cli, err, "--parent and --top contradict each other");
	if (parent && parent[0] == '\0')
		return sta_cli_usage(cli, err, "--parent needs a team; --top is for none");
	rc = sta_ask(cli, "team.set",
		     json_pack("{s:s, s:s*, s:s*}", "name", cli->args[0], "parent", top ? "" : parent,
			       "description", description),
		     NULL, &answer, err);
	if (rc == STA_OK)
		sta_cli_done(cli, answer, "team %s changed", name_of(answer));
	return rc;
}

enum sta_rc
sta_cmd_team_delete(struct sta_cli *cli, struct sta_err *err)
{
	json_t *answer;
	enum sta_rc rc =
		sta_ask(cli, "team.delete", json_pack("{s:s}", "name", cli->args[0]), NULL, &answer, err);

	if (rc == STA_OK)
		sta_cli_done(cli, answer, "team %s deleted", cli->args[0]);
	return rc;
}

enum sta_rc
sta_cmd_team_list(struct sta_cli *cli, struct sta_err *err)
{
	static const struct sta_cli_column columns[] = {
		{ "NAME", "name" },       { "PARENT", "parent" },           { "MEMBERS", "members" },
		{ "CREATED", "created" }, { "DESCRIPTION", "description" },
	};
	json_t *answer;
	enum sta_rc rc = sta_ask(cli, "team.list", json_pack("{s:s}", "organization", cli->args[0]), NULL,
				 &answer, err);

	if (rc == STA_OK)
		sta_cli_print_rows(cli, answer, "teams", columns, sizeof(columns) / sizeof(columns[0]));
	return rc;
}

enum sta_rc
sta_cmd_team_members(struct sta_cli *cli, struct sta_err *err)
{
	static const struct sta_cli_column columns[] = { { "NAME", "name" },
							 { "MAINTAINER", "maintainer" },
							 { "SINCE", "since" } };
	json_t *answer;
	enum sta_rc rc =
		sta_ask(cli, "team.members", json_pack("{s:s}", "name", cli->args[0]), NULL, &answer, err);

	if (rc == STA_OK)
		sta_cli_print_rows(cli, answer, "members", columns, sizeof(columns) / sizeof(columns[0]));
	return rc;
}

enum sta_rc
sta_cmd_team_add(struct sta_cli *cli, struct sta_err *err)
{
	bool maintainer = sta_cli_flag(cli, "maintainer") != NULL;
	json_t *answer;
	enum sta_rc rc = sta_ask(cli, "team.add",
				 json_pack("{s:s, s:s, s:b}", "name", cli->args[0], "user", cli->args[1],
					   "maintainer", maintainer),
				 NULL, &answer, err);

	if (rc == STA_OK)
		sta_cli_done(cli, answer, "%s is now a %s of %s", cli->args[1],
			     maintainer ? "maintainer" : "member", cli->args[0]);
	return rc;
}

enum sta_rc
sta_cmd_team_remove(struct sta_cli *cli, struct sta_err *err)
{
	json_t *answer;
	enum sta_rc rc = sta_ask(cli, "team.remove",
				 json_pack("{s:s, s:s}", "name", cli->args[0], "user", cli->args[1]), NULL,
				 &answer, err);

	if (rc == STA_OK)
		sta_cli_done(cli, answer, "%s is no longer in %s", cli->args[1], cli->args[0]);
	return rc;
}
