#include "cli/ask.h"
#include "cli/ops.h"

enum sta_rc
sta_cmd_package_list(struct sta_cli *cli, struct sta_err *err)
{
	static const struct sta_cli_column columns[] = {
		{ "NAME", "name" }, { "VISIBILITY", "visibility" }, { "VERSIONS", "versions" },
		{ "TAGS", "tags" }, { "BYTES", "bytes" },           { "UPDATED", "updated" },
	};
	json_t *answer;
	enum sta_rc rc = sta_ask(cli, "package.list",
				 json_pack("{s:s*}", "owner", cli->n_args > 0 ? cli->args[0] : NULL), NULL,
				 &answer, err);

	if (rc == STA_OK)
		sta_cli_print_rows(cli, answer, "packages", columns, sizeof(columns) / sizeof(columns[0]));
	return rc;
}

/* Who may pull after that, for the question. */
static const char *
audience(enum sta_visibility v)
{
	switch (v) {
	case STA_PUBLIC:
		return "everybody may pull it, also without signing in";
	case STA_INTERNAL:
		return "members of the organization and those with a role may pull it";
	case STA_PRIVATE:
		break;
	}
	return "only those with a role may pull it";
}

enum sta_rc
sta_cmd_package_set(struct sta_cli *cli, struct sta_err *err)
{
	const char *word = sta_cli_flag(cli, "visibility");
	enum sta_visibility visibility;
	const char *confirm = NULL;
	const char *question;
	json_t *answer;
	enum sta_rc rc;

	if (!word)
		return sta_cli_usage(cli, err,
				     "nothing to set; use --visibility public, internal or private");
	rc = sta_op_visibility(word, &visibility, err);
	if (rc != STA_OK)
		return rc;
	question =
		sta_arena_printf(cli->arena, "%s becomes %s: %s.", cli->args[0], word, audience(visibility));
	if (!question)
		return sta_err_set(err, STA_NOMEM, 0, "out of memory");
	rc = sta_cli_confirm(cli, question, &confirm, err);
	if (rc == STA_OK)
		rc = sta_ask(cli, "package.set",
			     json_pack("{s:s, s:s, s:s}", "name", cli->args[0], "visibility", word, "confirm",
				       confirm),
			     NULL, &answer, err);
	if (rc == STA_OK)
		sta_cli_done(cli, answer, "package %s is %s", cli->args[0], word);
	return rc;
}

enum sta_rc
sta_cmd_package_link(struct sta_cli *cli, struct sta_err *err)
{
	bool inherits = sta_cli_flag(cli, "inherit") != NULL;
	json_t *answer;
	enum sta_rc rc = sta_ask(cli, "package.link",
				 json_pack("{s:s, s:s, s:b}", "name", cli->args[0], "repository",
					   cli->args[1], "inherits", inherits),
				 NULL, &answer, err);

	if (rc == STA_OK)
		sta_cli_done(cli, answer, "package %s is linked to the repository %s%s", cli->args[0],
			     cli->args[1], inherits ? ", and has its roles" : "");
	return rc;
}

enum sta_rc
sta_cmd_package_unlink(struct sta_cli *cli, struct sta_err *err)
{
	json_t *answer;
	enum sta_rc rc =
		sta_ask(cli, "package.link", json_pack("{s:s}", "name", cli->args[0]), NULL, &answer, err);

	if (rc == STA_OK)
		sta_cli_done(cli, answer, "package %s is linked to no repository", cli->args[0]);
	return rc;
}

enum sta_rc
sta_cmd_package_delete(struct sta_cli *cli, struct sta_err *err)
{
	json_t *answer;
	enum sta_rc rc =
		sta_ask(cli, "package.delete", json_pack("{s:s}", "name", cli->args[0]), NULL, &answer, err);

	if (rc == STA_OK)
		sta_cli_done(cli, answer, "package %s deleted", cli->args[0]);
	return rc;
}

enum sta_rc
sta_cmd_package_restore(struct sta_cli *cli, struct sta_err *err)
{
	json_t *answer;
	enum sta_rc rc =
		sta_ask(cli, "package.restore", json_pack("{s:s}", "name", cli->args[0]), NULL, &answer, err);

	if (rc == STA_OK)
		sta_cli_done(cli, answer, "package %s restored", cli->args[0]);
	return rc;
}
