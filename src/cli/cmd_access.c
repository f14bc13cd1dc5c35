#include <inttypes.h>
#include <string.h>

#include "base/parse.h"
#include "cli/ask.h"

#define AUDIT_DEFAULT 100
#define AUDIT_MAX 1000

enum sta_rc
sta_cmd_access_list(struct sta_cli *cli, struct sta_err *err)
{
	static const struct sta_cli_column columns[] = {
		{ "SUBJECT", "subject" }, { "KIND", "kind" }, { "ROLE", "role" }, { "OUTSIDE", "outside" }
	};
	json_t *answer;
	enum sta_rc rc =
		sta_ask(cli, "access.list", json_pack("{s:s}", "package", cli->args[0]), NULL, &answer, err);

	if (rc == STA_OK)
		sta_cli_print_rows(cli, answer, "grants", columns, sizeof(columns) / sizeof(columns[0]));
	return rc;
}

enum sta_rc
sta_cmd_access_grant(struct sta_cli *cli, struct sta_err *err)
{
	json_t *answer;
	enum sta_rc rc = sta_ask(cli, "access.grant",
				 json_pack("{s:s, s:s, s:s}", "package", cli->args[0], "subject",
					   cli->args[1], "role", cli->args[2]),
				 NULL, &answer, err);

	if (rc == STA_OK)
		sta_cli_done(cli, answer, "%s now has the role %s on %s", cli->args[1], cli->args[2],
			     cli->args[0]);
	return rc;
}

enum sta_rc
sta_cmd_access_revoke(struct sta_cli *cli, struct sta_err *err)
{
	json_t *answer;
	enum sta_rc rc = sta_ask(cli, "access.revoke",
				 json_pack("{s:s, s:s}", "package", cli->args[0], "subject", cli->args[1]),
				 NULL, &answer, err);

	if (rc == STA_OK)
		sta_cli_done(cli, answer, "what was granted to %s on %s is revoked", cli->args[1],
			     cli->args[0]);
	return rc;
}

/* A flag's number; *out stays as it is without the flag. */
static enum sta_rc
number(struct sta_cli *cli, const char *flag, uint64_t max, json_int_t *out, struct sta_err *err)
{
	const char *text = sta_cli_flag(cli, flag);
	uint64_t n = 0;

	if (!text)
		return STA_OK;
	if (!sta_parse_u64(text, strlen(text), &n) || n == 0 || n > max)
		return sta_cli_usage(cli, err, "--%s: '%.40s' is not a number from 1 to %" PRIu64, flag, text,
				     max);
	*out = (json_int_t) n;
	return STA_OK;
}

enum sta_rc
sta_cmd_access_explain(struct sta_cli *cli, struct sta_err *err)
{
	const char *package = sta_cli_flag(cli, "package");
	const char *action = sta_cli_flag(cli, "action");
	const char *user = sta_cli_flag(cli, "user");
	const char *from = sta_cli_flag(cli, "from");
	json_int_t token = 0;
	json_t *answer;
	enum sta_rc rc;

	if (!package)
		return sta_cli_usage(cli, err, "needs --package OWNER/NAME");
	if (!action)
		return sta_cli_usage(cli, err, "needs --action read, write, delete or admin");
	if (!user == !sta_cli_flag(cli, "anonymous"))
		return sta_cli_usage(cli, err, "needs either --user NAME or --anonymous");
	if (!user && sta_cli_flag(cli, "token"))
		return sta_cli_usage(cli, err, "--token goes with --user");
	if (from && !sta_cli_flag(cli, "token"))
		return sta_cli_usage(cli, err, "--from goes with --token");
	rc = number(cli, "token", INT64_MAX, &token, err);
	if (rc == STA_OK)
		rc = sta_ask(cli, "access.explain",
			     json_pack("{s:s, s:s, s:s, s:I, s:s*}", "package", package, "user",
				       user ? user : "", "action", action, "token", token, "from", from),
			     NULL, &answer, err);
	if (rc != STA_OK)
		return rc;
	if (cli->json)
		sta_cli_print_json(answer);
	else
		sta_cli_explain(answer);
	return STA_OK;
}

enum sta_rc
sta_cmd_audit_list(struct sta_cli *cli, struct sta_err *err)
{
	static const struct sta_cli_column columns[] = {
		{ "ID", "id" },         { "CREATED", "created" }, { "ACTOR", "actor" },
		{ "ACTION", "action" }, { "TARGET", "target" },   { "DETAIL", "detail" },
	};
	json_int_t before = 0;
	json_int_t max = AUDIT_DEFAULT;
	json_t *answer;
	enum sta_rc rc = number(cli, "max", AUDIT_MAX, &max, err);

	if (rc == STA_OK)
		rc = number(cli, "before", INT64_MAX, &before, err);
	if (rc == STA_OK)
		rc = sta_ask(cli, "audit.list",
			     json_pack("{s:s*, s:I, s:I}", "target", sta_cli_flag(cli, "target"), "before",
				       before, "max", max),
			     NULL, &answer, err);
	if (rc == STA_OK)
		sta_cli_print_rows(cli, answer, "entries", columns, sizeof(columns) / sizeof(columns[0]));
	return rc;
}
