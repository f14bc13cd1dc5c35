#include <stdio.h>

#include "cli/ask.h"

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

enum sta_rc
sta_cmd_package_set(struct sta_cli *cli, struct sta_err *err)
{
	const char *visibility = sta_cli_flag(cli, "visibility");
	json_t *answer;
	enum sta_rc rc;

	if (!visibility)
		return sta_cli_usage(cli, err, "nothing to set; use --visibility public or private");
	rc = sta_ask(cli, "package.set",
		     json_pack("{s:s, s:s}", "name", cli->args[0], "visibility", visibility), NULL, &answer,
		     err);
	if (rc != STA_OK)
		return rc;
	if (cli->json)
		sta_cli_print_json(answer);
	else
		(void) printf("package %s is %s\n", cli->args[0], visibility);
	return STA_OK;
}

enum sta_rc
sta_cmd_package_delete(struct sta_cli *cli, struct sta_err *err)
{
	json_t *answer;
	enum sta_rc rc =
		sta_ask(cli, "package.delete", json_pack("{s:s}", "name", cli->args[0]), NULL, &answer, err);

	if (rc != STA_OK)
		return rc;
	if (cli->json)
		sta_cli_print_json(answer);
	else
		(void) printf("package %s deleted\n", cli->args[0]);
	return STA_OK;
}
