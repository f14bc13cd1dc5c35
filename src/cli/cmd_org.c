#include <string.h>

#include "cli/ask.h"

/* As it is stored: in small letters. */
static const char *
name_of(const json_t *answer)
{
	return json_string_value(json_object_get(answer, "name"));
}

enum sta_rc
sta_cmd_org_create(struct sta_cli *cli, struct sta_err *err)
{
	const char *owner = sta_cli_flag(cli, "owner");
	json_t *answer;
	enum sta_rc rc;

	if (!owner)
		return sta_cli_usage(cli, err, "needs --owner USER");
	rc = sta_ask(cli, "org.create", json_pack("{s:s, s:s}", "name", cli->args[0], "owner", owner), NULL,
		     &answer, err);
	if (rc == STA_OK)
		sta_cli_done(cli, answer, "organization %s created; %s is its owner", name_of(answer), owner);
	return rc;
}

enum sta_rc
sta_cmd_org_list(struct sta_cli *cli, struct sta_err *err)
{
	static const struct sta_cli_column columns[] = {
		{ "NAME", "name" },
		{ "VISIBILITY", "visibility" },
		{ "MEMBERS-CREATE", "members_create" },
		{ "CREATORS", "creators" },
		{ "INHERIT", "inherit" },
		{ "CREATED", "created" },
	};
	json_t *answer;
	enum sta_rc rc = sta_ask(cli, "org.list", json_object(), NULL, &answer, err);

	if (rc == STA_OK)
		sta_cli_print_rows(cli, answer, "organizations", columns,
				   sizeof(columns) / sizeof(columns[0]));
	return rc;
}

static void
say_settings(const struct sta_cli *cli, const json_t *answer)
{
	sta_cli_done(cli, answer,
		     "organization %s: new packages are %s; members may make: %s; creators: %s; inherit: %s",
		     name_of(answer), json_string_value(json_object_get(answer, "visibility")),
		     json_string_value(json_object_get(answer, "members_create")),
		     json_string_value(json_object_get(answer, "creators")),
		     json_is_true(json_object_get(answer, "inherit")) ? "on" : "off");
}

enum sta_rc
sta_cmd_org_set(struct sta_cli *cli, struct sta_err *err)
{
	const char *visibility = sta_cli_flag(cli, "visibility");
	const char *creates = sta_cli_flag(cli, "members-create");
	const char *creators = sta_cli_flag(cli, "creators");
	json_t *inherits = NULL;
	json_t *answer;
	enum sta_rc rc = sta_cli_on_off(cli, "inherit", &inherits, err);

	if (rc != STA_OK)
		return rc;
	if (!visibility && !creates && !creators && !inherits)
		return sta_cli_usage(
			cli, err,
			"nothing to set; use --visibility, --members-create, --creators or --inherit");
	rc = sta_ask(cli, "org.set",
		     json_pack("{s:s, s:s*, s:s*, s:s*, s:o*}", "name", cli->args[0], "visibility",
			       visibility, "members_create", creates, "creators", creators, "inherit",
			       inherits),
		     NULL, &answer, err);
	if (rc == STA_OK)
		say_settings(cli, answer);
	return rc;
}

enum sta_rc
sta_cmd_org_members(struct sta_cli *cli, struct sta_err *err)
{
	static const struct sta_cli_column columns[] = { { "NAME", "name" },
							 { "ROLE", "role" },
							 { "SINCE", "since" } };
	json_t *answer;
	enum sta_rc rc =
		sta_ask(cli, "org.members", json_pack("{s:s}", "name", cli->args[0]), NULL, &answer, err);

	if (rc == STA_OK)
		sta_cli_print_rows(cli, answer, "members", columns, sizeof(columns) / sizeof(columns[0]));
	return rc;
}

enum sta_rc
sta_cmd_org_add(struct sta_cli *cli, struct sta_err *err)
{
	const char *flag = sta_cli_flag(cli, "role");
	const char *role = flag ? flag : "member";
	json_t *answer;
	enum sta_rc rc = sta_ask(
		cli, "org.add",
		json_pack("{s:s, s:s, s:s}", "name", cli->args[0], "user", cli->args[1], "role", role), NULL,
		&answer, err);

	if (rc == STA_OK)
		sta_cli_done(cli, answer, "%s is now %s of %s", cli->args[1],
			     strcmp(role, "owner") == 0 ? "an owner" : "a member", cli->args[0]);
	return rc;
}

enum sta_rc
sta_cmd_org_remove(struct sta_cli *cli, struct sta_err *err)
{
	bool outside = sta_cli_flag(cli, "outside") != NULL;
	json_t *answer;
	enum sta_rc rc = sta_ask(
		cli, "org.remove",
		json_pack("{s:s, s:s, s:b}", "name", cli->args[0], "user", cli->args[1], "outside", outside),
		NULL, &answer, err);

	if (rc == STA_OK)
		sta_cli_done(cli, answer, "%s is no longer in %s%s", cli->args[1], cli->args[0],
			     outside ? ", and keeps what was granted in person" : "");
	return rc;
}
