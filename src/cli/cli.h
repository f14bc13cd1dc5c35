/*
 * cli - the command line: one table of commands, each in a small function.
 *
 * staithe COMMAND [ARGUMENT ...] [--flag[=VALUE] ...]
 *
 * Every command knows --help and --json.  Results go to standard output, errors
 * to standard error as "staithe: <what>: <why>"; the exit status is 0, 1 for a
 * failure, 2 for wrong usage.
 *
 * Layer: cli.  May include: conf, base.  Threads: one.
 */
#ifndef STA_CLI_CLI_H
#define STA_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "conf/conf.h"

#define STA_CLI_ARGS_MAX 4
#define STA_CLI_FLAGS_MAX 8

enum { STA_EXIT_OK = 0, STA_EXIT_FAILURE = 1, STA_EXIT_USAGE = 2 };

struct sta_cli;
typedef enum sta_rc sta_cli_fn(struct sta_cli *cli, struct sta_err *err);

struct sta_cli_flag {
	const char *name;  /* "expires"; NULL ends a table */
	const char *value; /* "SPAN"; NULL: takes none */
	const char *help;
};

/* Which options of conf/ a command reads. */
enum sta_cli_conf {
	STA_CLI_CONF_NONE, /* nothing is read */
	STA_CLI_CONF_DATA, /* --data and --config are flags; file and environment are read */
	STA_CLI_CONF_ALL,  /* every option is a flag */
};

struct sta_cli_command {
	const char *name;      /* "user create" */
	const char *arguments; /* "NAME", for the usage line */
	const char *summary;
	const char *example;
	const struct sta_cli_flag *flags; /* or NULL */
	size_t args_min, args_max;
	enum sta_cli_conf conf;
	sta_cli_fn *run;
};

struct sta_cli {
	struct sta_arena *arena;
	const struct sta_cli_command *command;
	const char *args[STA_CLI_ARGS_MAX];
	size_t n_args;
	struct {
		const char *name;
		const char *value;
	} flags[STA_CLI_FLAGS_MAX];
	size_t n_flags;
	bool json;
	bool help;
	const char *config; /* --config or STAITHE_CONFIG; or NULL */
	struct sta_conf *conf;
	char **environment;
	int argc; /* all of the command line, to read it again */
	char **argv;
	int status;        /* exit status, when run returns STA_OK, or to say wrong usage */
	sta_cli_fn *serve; /* main.c's */
};

/* The whole program but serve.  Returns the exit status. */
int sta_cli_main(int argc, char **argv, char **environment, sta_cli_fn *serve);

/* args.c: fill cli from argc and argv, which it holds; flags that are options go to
 * cli->conf.  STA_INVALID with status 2. */
enum sta_rc sta_cli_parse(struct sta_cli *cli, struct sta_err *err) STA_CHECK;

/* Read file and environment into cli->conf, as the command wants it. */
enum sta_rc sta_cli_configure(struct sta_cli *cli, struct sta_err *err) STA_CHECK;

/* Value of a flag, "" for one that takes none; NULL when it was not given. */
const char *sta_cli_flag(const struct sta_cli *cli, const char *name);

/* Wrong usage: exit status 2. */
enum sta_rc sta_cli_usage(struct sta_cli *cli, struct sta_err *err, const char *fmt, ...) STA_PRINTF(3, 4);

/* commands.c: the table; run.c: all that is around it. */
extern const struct sta_cli_command sta_cli_commands[];
extern const size_t sta_cli_n_commands;

/* help.c */
void sta_cli_help(const struct sta_cli_command *c);
void sta_cli_overview(const char *group); /* NULL: all commands */

/* password.c: from standard input with --password-stdin, else asked for on the
 * terminal, twice, without echo.  *out in the arena. */
enum sta_rc sta_cli_password(struct sta_cli *cli, char **out, struct sta_err *err) STA_CHECK;

/* confirm.c: the name of what is to be changed, from --confirm, else asked for on the
 * terminal behind the question.  Whoever does the change compares it.  *out in the arena. */
enum sta_rc sta_cli_confirm(struct sta_cli *cli, const char *question, const char **out,
			    struct sta_err *err) STA_CHECK;

/* args.c: a flag that is on or off; *out stays when it was not given. */
enum sta_rc sta_cli_on_off(struct sta_cli *cli, const char *name, json_t **out,
			   struct sta_err *err) STA_CHECK;

/* print.c */
struct sta_cli_column {
	const char *title;
	const char *key; /* of the row */
};
void sta_cli_print_json(const json_t *j);
/* The rows that are answer's member of that name, as a table with columns as wide as
 * their longest cell; with --json the answer as it is. */
void sta_cli_print_rows(const struct sta_cli *cli, const json_t *answer, const char *member,
			const struct sta_cli_column *columns, size_t n);
/* A line without bytes that a terminal acts on. */
void sta_cli_print_text(const char *s);
void sta_cli_say(const char *fmt, ...) STA_PRINTF(1, 2);
/* What was done: a sentence, or with --json the answer. */
void sta_cli_done(const struct sta_cli *cli, const json_t *answer, const char *fmt, ...) STA_PRINTF(3, 4);

/* explain.c: the answer of access.explain in words. */
void sta_cli_explain(const json_t *j);

sta_cli_fn sta_cmd_user_create, sta_cmd_user_list, sta_cmd_user_set_password, sta_cmd_user_disable,
	sta_cmd_user_enable;
sta_cli_fn sta_cmd_user_set, sta_cmd_user_rename, sta_cmd_org_rename, sta_cmd_package_rename;
sta_cli_fn sta_cmd_name_list, sta_cmd_name_release;
sta_cli_fn sta_cmd_token_create, sta_cmd_token_list, sta_cmd_token_revoke;
sta_cli_fn sta_cmd_robot_create, sta_cmd_robot_list, sta_cmd_robot_set, sta_cmd_robot_disable,
	sta_cmd_robot_enable, sta_cmd_robot_delete;
sta_cli_fn sta_cmd_package_list, sta_cmd_package_set, sta_cmd_package_delete, sta_cmd_package_restore,
	sta_cmd_package_link, sta_cmd_package_unlink;
sta_cli_fn sta_cmd_org_create, sta_cmd_org_list, sta_cmd_org_set, sta_cmd_org_members, sta_cmd_org_add,
	sta_cmd_org_remove;
sta_cli_fn sta_cmd_team_create, sta_cmd_team_set, sta_cmd_team_delete, sta_cmd_team_list,
	sta_cmd_team_members, sta_cmd_team_add, sta_cmd_team_remove;
sta_cli_fn sta_cmd_access_list, sta_cmd_access_grant, sta_cmd_access_revoke, sta_cmd_access_explain;
sta_cli_fn sta_cmd_repository_create, sta_cmd_repository_list, sta_cmd_repository_set,
	sta_cmd_repository_delete, sta_cmd_repository_access, sta_cmd_repository_grant,
	sta_cmd_repository_revoke;
sta_cli_fn sta_cmd_issuer_add, sta_cmd_issuer_list, sta_cmd_issuer_delete, sta_cmd_issuer_allow,
	sta_cmd_issuer_rules, sta_cmd_issuer_disallow, sta_cmd_issuer_explain;
sta_cli_fn sta_cmd_audit_list;
sta_cli_fn sta_cmd_fsck, sta_cmd_gc;
sta_cli_fn sta_cmd_config_check, sta_cmd_config_show, sta_cmd_serve, sta_cmd_version, sta_cmd_help;

#endif
