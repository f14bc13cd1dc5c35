#include "cli/ask.h"

static const char *
member(const json_t *answer, const char *key)
{
	return json_string_value(json_object_get(answer, key));
}

static void
say_settings(const struct sta_cli *cli, const json_t *answer, const char *what)
{
	const char *url = member(answer, "url");

	if (url)
		sta_cli_done(cli, answer, "repository %s%s; it is %s, at %s", member(answer, "name"), what,
			     member(answer, "visibility"), url);
	else
		sta_cli_done(cli, answer, "repository %s%s; it is %s", member(answer, "name"), what,
			     member(answer, "visibility"));
}

enum sta_rc
sta_cmd_repository_create(struct sta_cli *cli, struct sta_err *err)
{
	json_t *answer;
	enum sta_rc rc = sta_ask(cli, "repository.create",
				 json_pack("{s:s, s:s*, s:s*}", "name", cli->args[0], "visibility",
					   sta_cli_flag(cli, "visibility"), "url", sta_cli_flag(cli, "url")),
				 NULL, &answer, err);

	if (rc == STA_OK)
		say_settings(cli, answer, " created");
	return rc;
}

enum sta_rc
sta_cmd_repository_list(struct sta_cli *cli, struct sta_err *err)
{
	static const struct sta_cli_column columns[] = {
		{ "NAME", "name" }, { "VISIBILITY", "visibility" }, { "CREATED", "created" }, { "URL", "url" }
	};
	json_t *answer;
	enum sta_rc rc = sta_ask(cli, "repository.list",
				 json_pack("{s:s*}", "owner", cli->n_args > 0 ? cli->args[0] : NULL), NULL,
				 &answer, err);

	if (rc == STA_OK)
		sta_cli_print_rows(cli, answer, "repositories", columns,
				   sizeof(columns) / sizeof(columns[0]));
	return rc;
}

enum sta_rc
sta_cmd_repository_set(struct sta_cli *cli, struct sta_err *err)
{
	const char *visibility = sta_cli_flag(cli, "visibility");
	const char *url = sta_cli_flag(cli, "url");
	bool no_url = sta_cli_flag(cli, "no-url") != NULL;
	json_t *answer;
	enum sta_rc rc;

	if (!visibility && !url && !no_url)
		return sta_cli_usage(cli, err, "nothing to set; use --visibility, --url or --no-url");
	if (url && no_url)
		return sta_cli_usage(cli, err, "--url and --no-url exclude each other");
	rc = sta_ask(cli, "repository.set",
		     json_pack("{s:s, s:s*, s:s*}", "name", cli->args[0], "visibility", visibility, "url",
			       no_url ? "" : url),
		     NULL, &answer, err);
	if (rc == STA_OK)
		say_settings(cli, answer, " changed");
	return rc;
}

enum sta_rc
sta_cmd_repository_delete(struct sta_cli *cli, struct sta_err *err)
{
	json_t *answer;
	enum sta_rc rc = sta_ask(cli, "repository.delete", json_pack("{s:s}", "name", cli->args[0]), NULL,
				 &answer, err);

	if (rc == STA_OK)
		sta_cli_done(cli, answer, "repository %s deleted", cli->args[0]);
	return rc;
}

enum sta_rc
sta_cmd_repository_access(struct sta_cli *cli, struct sta_err *err)
{
	static const struct sta_cli_column columns[] = {
		{ "SUBJECT", "subject" }, { "KIND", "kind" }, { "ROLE", "role" }, { "OUTSIDE", "outside" }
	};
	json_t *answer;
	enum sta_rc rc = sta_ask(cli, "repository.access", json_pack("{s:s}", "repository", cli->args[0]),
				 NULL, &answer, err);

	if (rc == STA_OK)
		sta_cli_print_rows(cli, answer, "grants", columns, sizeof(columns) / sizeof(columns[0]));
	return rc;
}

enum sta_rc
sta_cmd_repository_grant(struct sta_cli *cli, struct sta_err *err)
{
	json_t *answer;
	enum sta_rc rc = sta_ask(cli, "repository.grant",
				 json_pack("{s:s, s:s, s:s}", "repository", cli->args[0], "subject",
					   cli->args[1], "role", cli->args[2]),
				 NULL, &answer, err);

	if (rc == STA_OK)
		sta_cli_done(cli, answer, "%s now has the role %s on the repository %s", cli->args[1],
			     cli->args[2], cli->args[0]);
	return rc;
}

enum sta_rc
sta_cmd_repository_revoke(struct sta_cli *cli, struct sta_err *err)
{
	json_t *answer;
	enum sta_rc rc = sta_ask(cli, "repository.revoke",
				 json_pack("{s:s, s:s}", "repository", cli->args[0], "subject", cli->args[1]),
				 NULL, &answer, err);

	if (rc == STA_OK)
		sta_cli_done(cli, answer, "what was granted to %s on the repository %s is revoked",
			     cli->args[1], cli->args[0]);
	return rc;
}
