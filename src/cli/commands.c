/* The table of commands, and what runs one. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "cli/cli.h"
#include "cli/version.h"

#define CLI_MEMORY_MAX ((size_t) 1 << 30)
#define N(a) (sizeof(a) / sizeof((a)[0]))

static const struct sta_cli_flag user_create_flags[] = {
	{ "admin", NULL, "Make it an administrator of the site." },
	{ "password-stdin", NULL, "Read the password from standard input, one line; else it is asked for." },
	{ "no-password", NULL, "The user can use tokens only." },
	{ NULL, NULL, NULL },
};
static const struct sta_cli_flag password_flags[] = {
	{ "password-stdin", NULL, "Read the password from standard input, one line; else it is asked for." },
	{ NULL, NULL, NULL },
};
static const struct sta_cli_flag token_create_flags[] = {
	{ "user", "NAME", "Whose token it is." },
	{ "scopes", "LIST", "What it allows: read:packages, write:packages, delete:packages; with commas." },
	{ "name", "TEXT", "A label, to know it again." },
	{ "expires", "TIME", "It ends after this time (24h, 30d); without it, never." },
	{ NULL, NULL, NULL },
};
static const struct sta_cli_flag token_list_flags[] = {
	{ "user", "NAME", "Only this user's." },
	{ NULL, NULL, NULL },
};
static const struct sta_cli_flag package_set_flags[] = {
	{ "visibility", "public|private", "Who may pull: everybody, or those with a role." },
	{ NULL, NULL, NULL },
};
static const struct sta_cli_flag fsck_flags[] = {
	{ "content", NULL, "Read and hash every blob and manifest too." },
	{ NULL, NULL, NULL },
};
static const struct sta_cli_flag gc_flags[] = {
	{ "now", NULL, "Do not wait for gc.grace: remove all that nothing uses." },
	{ NULL, NULL, NULL },
};

/* clang-format off */
const struct sta_cli_command sta_cli_commands[] = {
	{ .name = "serve", .arguments = "", .conf = STA_CLI_CONF_ALL, .run = sta_cmd_serve,
	  .summary = "Run the registry.",
	  .example = "staithe serve --data /var/lib/staithe --listen 127.0.0.1:5000" },
	{ .name = "user create", .arguments = "NAME", .args_min = 1, .args_max = 1, .conf = STA_CLI_CONF_DATA,
	  .flags = user_create_flags, .run = sta_cmd_user_create,
	  .summary = "Make a user.",
	  .example = "staithe user create alice --password-stdin --data /var/lib/staithe < password" },
	{ .name = "user list", .arguments = "", .conf = STA_CLI_CONF_DATA, .run = sta_cmd_user_list,
	  .summary = "List the users.",
	  .example = "staithe user list --json --data /var/lib/staithe" },
	{ .name = "user set-password", .arguments = "NAME", .args_min = 1, .args_max = 1,
	  .conf = STA_CLI_CONF_DATA, .flags = password_flags, .run = sta_cmd_user_set_password,
	  .summary = "Give a user a new password.",
	  .example = "staithe user set-password alice --data /var/lib/staithe" },
	{ .name = "user disable", .arguments = "NAME", .args_min = 1, .args_max = 1, .conf = STA_CLI_CONF_DATA,
	  .run = sta_cmd_user_disable,
	  .summary = "Refuse a user's password and tokens from now on.",
	  .example = "staithe user disable alice --data /var/lib/staithe" },
	{ .name = "user enable", .arguments = "NAME", .args_min = 1, .args_max = 1, .conf = STA_CLI_CONF_DATA,
	  .run = sta_cmd_user_enable,
	  .summary = "Accept a disabled user again.",
	  .example = "staithe user enable alice --data /var/lib/staithe" },
	{ .name = "token create", .arguments = "--user NAME --scopes LIST", .args_max = 1,
	  .conf = STA_CLI_CONF_DATA, .flags = token_create_flags, .run = sta_cmd_token_create,
	  .summary = "Make a personal access token and print it, this once.",
	  .example = "staithe token create --user alice --scopes read:packages --expires 30d --data /var/lib/staithe" },
	{ .name = "token list", .arguments = "[NAME]", .args_max = 1, .conf = STA_CLI_CONF_DATA,
	  .flags = token_list_flags, .run = sta_cmd_token_list,
	  .summary = "List the tokens of a user or of all.",
	  .example = "staithe token list alice --data /var/lib/staithe" },
	{ .name = "token revoke", .arguments = "ID", .args_min = 1, .args_max = 1, .conf = STA_CLI_CONF_DATA,
	  .run = sta_cmd_token_revoke,
	  .summary = "Refuse a token from now on.",
	  .example = "staithe token revoke 7 --data /var/lib/staithe" },
	{ .name = "package list", .arguments = "[OWNER]", .args_max = 1, .conf = STA_CLI_CONF_DATA,
	  .run = sta_cmd_package_list,
	  .summary = "List the packages of an owner or of all.",
	  .example = "staithe package list --json --data /var/lib/staithe" },
	{ .name = "package set", .arguments = "OWNER/NAME", .args_min = 1, .args_max = 1,
	  .conf = STA_CLI_CONF_DATA, .flags = package_set_flags, .run = sta_cmd_package_set,
	  .summary = "Change a package's visibility.",
	  .example = "staithe package set alice/app --visibility public --data /var/lib/staithe" },
	{ .name = "package delete", .arguments = "OWNER/NAME", .args_min = 1, .args_max = 1,
	  .conf = STA_CLI_CONF_DATA, .run = sta_cmd_package_delete,
	  .summary = "Remove a package with its tags and manifests, for good.",
	  .example = "staithe package delete alice/app --data /var/lib/staithe" },
	{ .name = "fsck", .arguments = "", .conf = STA_CLI_CONF_DATA, .flags = fsck_flags, .run = sta_cmd_fsck,
	  .summary = "Prove that the stored data are whole; status 1 if they are not.",
	  .example = "staithe fsck --content --data /var/lib/staithe" },
	{ .name = "gc", .arguments = "", .conf = STA_CLI_CONF_DATA, .flags = gc_flags, .run = sta_cmd_gc,
	  .summary = "Remove what nothing uses any more.",
	  .example = "staithe gc --now --data /var/lib/staithe" },
	{ .name = "config check", .arguments = "FILE", .args_min = 1, .args_max = 1,
	  .run = sta_cmd_config_check,
	  .summary = "Look for mistakes in a configuration file.",
	  .example = "staithe config check /etc/staithe.yaml" },
	{ .name = "config show", .arguments = "", .conf = STA_CLI_CONF_ALL, .run = sta_cmd_config_show,
	  .summary = "Show every option's value and where it comes from.",
	  .example = "staithe config show --config /etc/staithe.yaml" },
	{ .name = "version", .arguments = "", .run = sta_cmd_version,
	  .summary = "Print the version.", .example = "staithe version" },
	{ .name = "help", .arguments = "[COMMAND]", .args_max = 2, .run = sta_cmd_help,
	  .summary = "Show all commands, or one.", .example = "staithe help user create" },
};
/* clang-format on */
const size_t sta_cli_n_commands = N(sta_cli_commands);

enum sta_rc
sta_cmd_version(struct sta_cli *cli, struct sta_err *err)
{
	(void) err;
	(void) printf(cli->json ? "{\"version\": \"%s\"}\n" : "staithe %s\n", STA_VERSION);
	return STA_OK;
}

enum sta_rc
sta_cmd_serve(struct sta_cli *cli, struct sta_err *err)
{
	return cli->serve(cli, err);
}

/* Is there a command "group ..."? */
static bool
is_group(const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i < sta_cli_n_commands; i++)
		if (strncmp(sta_cli_commands[i].name, word, len) == 0 && sta_cli_commands[i].name[len] == ' ')
			return true;
	return false;
}

enum sta_rc
sta_cmd_help(struct sta_cli *cli, struct sta_err *err)
{
	char name[64];

	(void) snprintf(name, sizeof(name), "%s%s%s", cli->n_args > 0 ? cli->args[0] : "",
			cli->n_args > 1 ? " " : "", cli->n_args > 1 ? cli->args[1] : "");
	for (size_t i = 0; i < sta_cli_n_commands; i++) {
		if (strcmp(sta_cli_commands[i].name, name) == 0) {
			sta_cli_help(&sta_cli_commands[i]);
			return STA_OK;
		}
	}
	if (cli->n_args > 0 && !is_group(name))
		return sta_cli_usage(cli, err, "there is no command '%.40s'", name);
	sta_cli_overview(cli->n_args > 0 ? name : NULL);
	return STA_OK;
}

/* "staithe", "staithe --help", "staithe user --help": not a command, not an error. */
static bool
wants_overview(int argc, char **argv, const char **group)
{
	*group = NULL;
	if (argc < 2)
		return false;
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return true;
	*group = argv[1];
	return argc == 3 && is_group(argv[1]) &&
	       (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0);
}

static enum sta_rc
run(struct sta_cli *cli, struct sta_err *err)
{
	enum sta_rc rc = sta_cli_parse(cli, err);

	if (rc != STA_OK)
		return rc;
	if (cli->help) {
		sta_cli_help(cli->command);
		return STA_OK;
	}
	rc = sta_cli_configure(cli, err);
	return rc == STA_OK ? cli->command->run(cli, err) : rc;
}

int
sta_cli_main(int argc, char **argv, char **environment, sta_cli_fn *serve)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(CLI_MEMORY_MAX);
	STA_AUTO(sta_conf_auto) struct sta_conf *conf = NULL;
	struct sta_cli cli = {
		.arena = a, .environment = environment, .argc = argc, .argv = argv, .serve = serve
	};
	struct sta_err err = { 0 };
	const char *group;
	enum sta_rc rc;

	if (wants_overview(argc, argv, &group)) {
		sta_cli_overview(group);
		return STA_EXIT_OK;
	}
	rc = a ? sta_conf_new(&conf, &err) : sta_err_set(&err, STA_NOMEM, 0, "out of memory");
	cli.conf = conf;
	if (rc == STA_OK)
		rc = run(&cli, &err);
	if (rc == STA_OK && fflush(stdout) != 0)
		rc = sta_err_set(&err, STA_IO, errno, "write the result");
	if (rc == STA_OK)
		return cli.status;
	(void) fprintf(stderr, "staithe: %s: %s\n", cli.command ? cli.command->name : "command line",
		       err.msg);
	return cli.status != STA_EXIT_OK ? cli.status : STA_EXIT_FAILURE;
}
