/* From words to a command, its arguments, its flags and the options. */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

#define FLAG_NAME_MAX 64

const char *
sta_cli_flag(const struct sta_cli *cli, const char *name)
{
	for (size_t i = 0; i < cli->n_flags; i++)
		if (strcmp(cli->flags[i].name, name) == 0)
			return cli->flags[i].value;
	return NULL;
}

enum sta_rc
sta_cli_usage(struct sta_cli *cli, struct sta_err *err, const char *fmt, ...)
{
	char why[192];
	va_list ap;

	va_start(ap, fmt);
	(void) vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	cli->status = STA_EXIT_USAGE;
	return sta_err_set(err, STA_INVALID, 0, "%s", why);
}

/* The command whose words begin the command line; *words: how many they are. */
static const struct sta_cli_command *
find_command(int argc, char **argv, int *words)
{
	for (size_t i = 0; i < sta_cli_n_commands; i++) {
		const struct sta_cli_command *c = &sta_cli_commands[i];
		const char *space = strchr(c->name, ' ');
		size_t len = space ? (size_t) (space - c->name) : strlen(c->name);

		if (argc < 2 || strlen(argv[1]) != len || memcmp(argv[1], c->name, len) != 0)
			continue;
		if (space && (argc < 3 || strcmp(argv[2], space + 1) != 0))
			continue;
		*words = space ? 2 : 1;
		return c;
	}
	return NULL;
}

/* A word that begins with "--", cut at its "=". */
struct word {
	char name[FLAG_NAME_MAX]; /* without "--" */
	const char *value;        /* behind "=", or the next word, or NULL */
	bool attached;            /* behind "=" */
};

static bool
read_word(const char *text, const char *next, struct word *out)
{
	const char *end = strchrnul(text, '=');
	int n = snprintf(out->name, sizeof(out->name), "%.*s", (int) (end - text - 2), text + 2);

	out->attached = *end == '=';
	out->value = out->attached ? end + 1 : next;
	return n >= 0 && (size_t) n < sizeof(out->name);
}

/* The option whose flag it is; STA_OPTION_MAX_ if the command takes no such flag. */
static enum sta_option_id
find_option(const struct sta_cli *cli, const char *name)
{
	char flag[STA_OPTION_NAME_MAX];
	enum sta_option_id id = 0;

	while (id < STA_OPTION_MAX_ && strcmp(sta_option_flag(id, flag) + 2, name) != 0)
		id++;
	if (cli->command->conf == STA_CLI_CONF_ALL || (cli->command->conf == STA_CLI_CONF_DATA && id == 0))
		return id;
	return STA_OPTION_MAX_;
}

/* A flag without a value. */
static enum sta_rc
no_value(struct sta_cli *cli, const struct word *w, struct sta_err *err)
{
	return w->attached ? sta_cli_usage(cli, err, "--%s takes no value", w->name) : STA_OK;
}

static enum sta_rc
set_option(struct sta_cli *cli, enum sta_option_id id, const struct word *w, bool *took_next,
	   struct sta_err *err)
{
	bool alone = sta_options[id].type == STA_OPTION_BOOL && !w->attached;
	char flag[STA_OPTION_NAME_MAX];
	enum sta_rc rc;

	if (!alone && !w->value)
		return sta_cli_usage(cli, err, "--%s needs a value", w->name);
	rc = sta_conf_set(cli->conf, id, STA_SOURCE_FLAG, sta_option_flag(id, flag),
			  alone ? "true" : w->value, err);
	if (rc != STA_OK)
		cli->status = STA_EXIT_USAGE;
	*took_next = !alone && !w->attached;
	return rc;
}

static enum sta_rc
set_flag(struct sta_cli *cli, const struct sta_cli_flag *f, const struct word *w, bool *took_next,
	 struct sta_err *err)
{
	if (sta_cli_flag(cli, f->name))
		return sta_cli_usage(cli, err, "--%s is given twice", f->name);
	if (f->value && !w->value)
		return sta_cli_usage(cli, err, "--%s needs a value", f->name);
	if (cli->n_flags == STA_CLI_FLAGS_MAX)
		return sta_cli_usage(cli, err, "too many flags");
	cli->flags[cli->n_flags].name = f->name;
	cli->flags[cli->n_flags++].value = f->value ? w->value : "";
	*took_next = f->value && !w->attached;
	return f->value ? STA_OK : no_value(cli, w, err);
}

static enum sta_rc
unknown_flag(struct sta_cli *cli, const char *name, struct sta_err *err)
{
	char text[FLAG_NAME_MAX + 2];
	enum sta_option_id near = STA_OPTION_MAX_;

	(void) snprintf(text, sizeof(text), "--%s", name);
	if (cli->command->conf == STA_CLI_CONF_ALL)
		near = sta_option_nearest(text, sta_option_flag);
	if (near != STA_OPTION_MAX_) {
		char flag[STA_OPTION_NAME_MAX];

		return sta_cli_usage(cli, err, "there is no flag %s; is %s meant?", text,
				     sta_option_flag(near, flag));
	}
	return sta_cli_usage(cli, err, "there is no flag %s; see staithe %s --help", text,
			     cli->command->name);
}

/* One "--..."; *took_next: the next word was its value. */
static enum sta_rc
on_flag(struct sta_cli *cli, const char *text, const char *next, bool *took_next, struct sta_err *err)
{
	const struct sta_cli_flag *f = cli->command->flags;
	enum sta_option_id id;
	struct word w;

	if (!read_word(text, next, &w))
		return sta_cli_usage(cli, err, "there is no flag %.40s...", text);
	if (strcmp(w.name, "help") == 0) {
		cli->help = true;
		return no_value(cli, &w, err);
	}
	if (strcmp(w.name, "json") == 0) {
		cli->json = true;
		return no_value(cli, &w, err);
	}
	if (strcmp(w.name, "config") == 0 && cli->command->conf != STA_CLI_CONF_NONE) {
		cli->config = w.value;
		*took_next = !w.attached;
		return w.value ? STA_OK : sta_cli_usage(cli, err, "--config needs a value");
	}
	for (; f && f->name; f++)
		if (strcmp(f->name, w.name) == 0)
			return set_flag(cli, f, &w, took_next, err);
	id = find_option(cli, w.name);
	if (id != STA_OPTION_MAX_)
		return set_option(cli, id, &w, took_next, err);
	return unknown_flag(cli, w.name, err);
}

static enum sta_rc
on_argument(struct sta_cli *cli, const char *text, struct sta_err *err)
{
	if (cli->n_args == cli->command->args_max)
		return sta_cli_usage(cli, err, "'%.40s' is one argument too many", text);
	cli->args[cli->n_args++] = text;
	return STA_OK;
}

/* One word behind the command; *flags: "--" has not been seen yet. */
static enum sta_rc
on_word(struct sta_cli *cli, const char *text, const char *next, bool *flags, bool *took_next,
	struct sta_err *err)
{
	if (!*flags || text[0] != '-' || text[1] == '\0')
		return on_argument(cli, text, err);
	if (strcmp(text, "--") == 0) {
		*flags = false;
		return STA_OK;
	}
	if (strcmp(text, "-h") == 0) {
		cli->help = true;
		return STA_OK;
	}
	if (text[1] == '-')
		return on_flag(cli, text, next, took_next, err);
	return sta_cli_usage(cli, err, "there is no flag %.40s; see staithe %s --help", text,
			     cli->command->name);
}

enum sta_rc
sta_cli_parse(struct sta_cli *cli, struct sta_err *err)
{
	bool flags = true;
	int words = 0;

	cli->command = find_command(cli->argc, cli->argv, &words);
	if (!cli->command)
		return cli->argc < 2 ? sta_cli_usage(cli, err, "say what to do; see staithe help")
				     : sta_cli_usage(cli, err, "there is no such command; see staithe help");
	for (int i = 1 + words; i < cli->argc; i++) {
		const char *next = i + 1 < cli->argc ? cli->argv[i + 1] : NULL;
		bool took_next = false;
		enum sta_rc rc = on_word(cli, cli->argv[i], next, &flags, &took_next, err);

		if (rc != STA_OK)
			return rc;
		i += took_next;
	}
	if (!cli->help && cli->n_args < cli->command->args_min)
		return sta_cli_usage(cli, err, "needs %s; see staithe %s --help", cli->command->arguments,
				     cli->command->name);
	return STA_OK;
}

enum sta_rc
sta_cli_configure(struct sta_cli *cli, struct sta_err *err)
{
	static const char name[] = "STAITHE_CONFIG=";
	enum sta_rc rc;

	if (cli->command->conf == STA_CLI_CONF_NONE)
		return STA_OK;
	for (char **e = cli->environment; *e && !cli->config; e++)
		if (strncmp(*e, name, sizeof(name) - 1) == 0)
			cli->config = *e + sizeof(name) - 1;
	rc = sta_conf_read_environment(cli->conf, cli->environment, err);
	if (rc == STA_OK && cli->config && cli->config[0] != '\0')
		rc = sta_conf_read_file(cli->conf, cli->config, err);
	return rc;
}

enum sta_rc
sta_cli_on_off(struct sta_cli *cli, const char *name, json_t **out, struct sta_err *err)
{
	const char *word = sta_cli_flag(cli, name);

	if (word && strcmp(word, "on") != 0 && strcmp(word, "off") != 0)
		return sta_cli_usage(cli, err, "--%s is on or off", name);
	if (word)
		*out = json_boolean(strcmp(word, "on") == 0);
	return STA_OK;
}
