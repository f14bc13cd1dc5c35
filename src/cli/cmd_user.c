#include <stdio.h>
#include <string.h>

#include "cli/ask.h"
#include "registry/password_rules.h"

static enum sta_rc
done(const struct sta_cli *cli, const json_t *answer, const char *what)
{
	sta_cli_done(cli, answer, "user %s %s", json_string_value(json_object_get(answer, "name")), what);
	return STA_OK;
}

/* Advice about a password that was accepted; not in the way of what programs read. */
static void
advise(const char *password)
{
	if (password && sta_password_short(password))
		(void) fprintf(
			stderr,
			"staithe: advice: a password of %d or more characters is much harder to guess\n",
			STA_PASSWORD_CHARS_ADVISED);
}

enum sta_rc
sta_cmd_user_create(struct sta_cli *cli, struct sta_err *err)
{
	bool without = sta_cli_flag(cli, "no-password") != NULL;
	char *password = NULL;
	json_t *answer;
	enum sta_rc rc = STA_OK;

	if (without && sta_cli_flag(cli, "password-stdin"))
		return sta_cli_usage(cli, err, "--no-password and --password-stdin contradict each other");
	if (!without)
		rc = sta_cli_password(cli, &password, err);
	if (rc == STA_OK)
		rc = sta_ask(cli, "user.create",
			     json_pack("{s:s, s:s*, s:b}", "name", cli->args[0], "password", password,
				       "admin", sta_cli_flag(cli, "admin") != NULL),
			     NULL, &answer, err);
	if (rc == STA_OK)
		advise(password);
	return rc == STA_OK ? done(cli, answer, "created") : rc;
}

enum sta_rc
sta_cmd_user_list(struct sta_cli *cli, struct sta_err *err)
{
	static const struct sta_cli_column columns[] = {
		{ "NAME", "name" }, { "ADMIN", "admin" }, { "DISABLED", "disabled" }, { "CREATED", "created" }
	};
	json_t *answer;
	enum sta_rc rc = sta_ask(cli, "user.list", json_object(), NULL, &answer, err);

	if (rc == STA_OK)
		sta_cli_print_rows(cli, answer, "users", columns, sizeof(columns) / sizeof(columns[0]));
	return rc;
}

enum sta_rc
sta_cmd_user_set(struct sta_cli *cli, struct sta_err *err)
{
	const char *visibility = sta_cli_flag(cli, "visibility");
	json_t *inherits = NULL;
	json_t *answer;
	enum sta_rc rc = sta_cli_on_off(cli, "inherit", &inherits, err);

	if (rc != STA_OK)
		return rc;
	if (!visibility && !inherits)
		return sta_cli_usage(cli, err, "nothing to set; use --visibility or --inherit");
	rc = sta_ask(cli, "user.set",
		     json_pack("{s:s, s:s*, s:o*}", "name", cli->args[0], "visibility", visibility, "inherit",
			       inherits),
		     NULL, &answer, err);
	if (rc == STA_OK)
		sta_cli_done(cli, answer, "user %s: new packages are %s; inherit: %s",
			     json_string_value(json_object_get(answer, "name")),
			     json_string_value(json_object_get(answer, "visibility")),
			     json_is_true(json_object_get(answer, "inherit")) ? "on" : "off");
	return rc;
}

enum sta_rc
sta_cmd_user_set_password(struct sta_cli *cli, struct sta_err *err)
{
	char *password;
	json_t *answer;
	enum sta_rc rc = sta_cli_password(cli, &password, err);

	if (rc == STA_OK)
		rc = sta_ask(cli, "user.set-password",
			     json_pack("{s:s, s:s}", "name", cli->args[0], "password", password), NULL,
			     &answer, err);
	if (rc == STA_OK)
		advise(password);
	return rc == STA_OK ? done(cli, answer, "has a new password") : rc;
}

static enum sta_rc
set_disabled(struct sta_cli *cli, bool disabled, struct sta_err *err)
{
	json_t *answer;
	enum sta_rc rc = sta_ask(cli, "user.set-disabled",
				 json_pack("{s:s, s:b}", "name", cli->args[0], "disabled", disabled), NULL,
				 &answer, err);

	return rc == STA_OK ? done(cli, answer, disabled ? "disabled" : "enabled") : rc;
}

enum sta_rc
sta_cmd_user_disable(struct sta_cli *cli, struct sta_err *err)
{
	return set_disabled(cli, true, err);
}

enum sta_rc
sta_cmd_user_enable(struct sta_cli *cli, struct sta_err *err)
{
	return set_disabled(cli, false, err);
}
