#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "cli/ask.h"

/* The user may be an argument or --user. */
static enum sta_rc
user_name(struct sta_cli *cli, const char **out, struct sta_err *err)
{
	const char *flag = sta_cli_flag(cli, "user");
	const char *argument = cli->n_args > 0 ? cli->args[0] : NULL;

	if (flag && argument)
		return sta_cli_usage(cli, err, "the user is given twice");
	*out = flag ? flag : argument;
	return STA_OK;
}

/* --expires into seconds; 0 without it. */
static enum sta_rc
expiry(struct sta_cli *cli, uint64_t *out, struct sta_err *err)
{
	const char *text = sta_cli_flag(cli, "expires");

	*out = 0;
	if (!text)
		return STA_OK;
	if (!sta_parse_span(text, strlen(text), out) || *out == 0 || *out > (uint64_t) INT32_MAX)
		return sta_cli_usage(cli, err, "--expires: '%.40s' is not a time, such as 24h or 30d", text);
	return STA_OK;
}

/* Whose token it will be: a user's, or with --robot a robot's. */
static enum sta_rc
holder(struct sta_cli *cli, const char **out, struct sta_err *err)
{
	const char *robot = sta_cli_flag(cli, "robot");
	enum sta_rc rc = user_name(cli, out, err);

	if (rc != STA_OK)
		return rc;
	if (robot && *out)
		return sta_cli_usage(cli, err, "a token is a user's or a robot's, not of both");
	if (robot && !strchr(robot, '+'))
		return sta_cli_usage(cli, err, "--robot: '%.80s' is no robot's name, such as acme+ci", robot);
	if (robot)
		*out = robot;
	return *out ? STA_OK : sta_cli_usage(cli, err, "needs --user NAME or --robot ORG+NAME");
}

enum sta_rc
sta_cmd_token_create(struct sta_cli *cli, struct sta_err *err)
{
	const char *scopes = sta_cli_flag(cli, "scopes");
	const char *name = sta_cli_flag(cli, "name");
	const char *user = NULL;
	uint64_t expires_s = 0;
	json_t *answer;
	enum sta_rc rc = holder(cli, &user, err);

	if (rc == STA_OK && !scopes)
		rc = sta_cli_usage(cli, err, "needs --scopes, such as read:packages,write:packages");
	if (rc == STA_OK)
		rc = expiry(cli, &expires_s, err);
	if (rc == STA_OK)
		rc = sta_ask(cli, "token.create",
			     json_pack("{s:s, s:s, s:s, s:I, s:s*, s:s*}", "user", user, "scopes", scopes,
				       "name", name ? name : "", "expires_s", (json_int_t) expires_s,
				       "packages", sta_cli_flag(cli, "packages"), "addresses",
				       sta_cli_flag(cli, "addresses")),
			     NULL, &answer, err);
	if (rc != STA_OK)
		return rc;
	if (cli->json)
		sta_cli_print_json(answer);
	else
		(void) puts(json_string_value(json_object_get(answer, "token")));
	return STA_OK;
}

enum sta_rc
sta_cmd_token_list(struct sta_cli *cli, struct sta_err *err)
{
	static const struct sta_cli_column columns[] = {
		{ "ID", "id" },
		{ "USER", "user" },
		{ "NAME", "name" },
		{ "SCOPES", "scopes" },
		{ "CREATED", "created" },
		{ "EXPIRES", "expires" },
		{ "USED", "last_used" },
		{ "REVOKED", "revoked" },
		{ "PACKAGES", "packages" },
		{ "ADDRESSES", "addresses" },
	};
	const char *user = NULL;
	json_t *answer;
	enum sta_rc rc = user_name(cli, &user, err);

	if (rc == STA_OK)
		rc = sta_ask(cli, "token.list", json_pack("{s:s*}", "user", user), NULL, &answer, err);
	if (rc == STA_OK)
		sta_cli_print_rows(cli, answer, "tokens", columns, sizeof(columns) / sizeof(columns[0]));
	return rc;
}

enum sta_rc
sta_cmd_token_revoke(struct sta_cli *cli, struct sta_err *err)
{
	const char *text = cli->args[0];
	json_t *answer;
	uint64_t id;
	enum sta_rc rc;

	if (!sta_parse_u64(text, strlen(text), &id) || id > INT64_MAX)
		return sta_cli_usage(cli, err, "'%.40s' is not the number of a token; see staithe token list",
				     text);
	rc = sta_ask(cli, "token.revoke", json_pack("{s:I}", "id", (json_int_t) id), NULL, &answer, err);
	if (rc != STA_OK)
		return rc;
	if (cli->json)
		sta_cli_print_json(answer);
	else
		(void) printf("token %" PRIu64 " revoked\n", id);
	return STA_OK;
}
