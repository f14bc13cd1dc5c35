/* What runs a command of the table, and what tells of them all. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/version.h"
#include "cli/cli.h"

#define CLI_MEMORY_MAX ((size_t) 1 << 30)

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

/* "staithe: <what>: <why>"; an argument belongs to what, unless why names it. */
static int
failed(const struct sta_cli *cli, const struct sta_err *err)
{
	const char *argument = cli->n_args > 0 && !strstr(err->msg, cli->args[0]) ? cli->args[0] : "";

	(void) fprintf(stderr, "staithe: %s%s%s: %s\n", cli->command ? cli->command->name : "command line",
		       argument[0] != '\0' ? " " : "", argument, err->msg);
	return cli->status != STA_EXIT_OK ? cli->status : STA_EXIT_FAILURE;
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
	return rc == STA_OK ? cli.status : failed(&cli, &err);
}
