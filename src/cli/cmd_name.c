#include "cli/ask.h"

/* The old name is typed again: who has it written down somewhere has to learn the new one. */
static enum sta_rc
rename_it(struct sta_cli *cli, const char *op, const char *what, struct sta_err *err)
{
	const char *confirm = NULL;
	const char *question = sta_arena_printf(
		cli->arena, "The %s %s becomes %s; under the old name packages can be pulled, not pushed.",
		what, cli->args[0], cli->args[1]);
	json_t *answer;
	enum sta_rc rc = question ? sta_cli_confirm(cli, question, &confirm, err)
				  : sta_err_set(err, STA_NOMEM, 0, "out of memory");

	if (rc == STA_OK)
		rc = sta_ask(cli, op,
			     json_pack("{s:s, s:s, s:s}", "name", cli->args[0], "to", cli->args[1], "confirm",
				       confirm),
			     NULL, &answer, err);
	if (rc == STA_OK)
		sta_cli_done(cli, answer, "%s %s is now called %s", what, cli->args[0],
			     json_string_value(json_object_get(answer, "name")));
	return rc;
}

enum sta_rc
sta_cmd_user_rename(struct sta_cli *cli, struct sta_err *err)
{
	return rename_it(cli, "user.rename", "user", err);
}

enum sta_rc
sta_cmd_org_rename(struct sta_cli *cli, struct sta_err *err)
{
	return rename_it(cli, "org.rename", "organization", err);
}

enum sta_rc
sta_cmd_package_rename(struct sta_cli *cli, struct sta_err *err)
{
	return rename_it(cli, "package.rename", "package", err);
}

enum sta_rc
sta_cmd_name_list(struct sta_cli *cli, struct sta_err *err)
{
	static const struct sta_cli_column columns[] = {
		{ "NAME", "name" }, { "KIND", "kind" }, { "OF", "of" }, { "SINCE", "since" }
	};
	json_t *answer;
	enum sta_rc rc = sta_ask(cli, "name.list", json_object(), NULL, &answer, err);

	if (rc == STA_OK)
		sta_cli_print_rows(cli, answer, "names", columns, sizeof(columns) / sizeof(columns[0]));
	return rc;
}

enum sta_rc
sta_cmd_name_release(struct sta_cli *cli, struct sta_err *err)
{
	const char *confirm = NULL;
	const char *question = sta_arena_printf(
		cli->arena, "%s leads nowhere from now on, and others may take it.", cli->args[0]);
	json_t *answer;
	enum sta_rc rc = question ? sta_cli_confirm(cli, question, &confirm, err)
				  : sta_err_set(err, STA_NOMEM, 0, "out of memory");

	if (rc == STA_OK)
		rc = sta_ask(cli, "name.release",
			     json_pack("{s:s, s:s}", "name", cli->args[0], "confirm", confirm), NULL, &answer,
			     err);
	if (rc == STA_OK)
		sta_cli_done(cli, answer, "the name %s is released", cli->args[0]);
	return rc;
}
