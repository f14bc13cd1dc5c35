#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static void
print_flag(const char *flag, const char *value, const char *help)
{
	char left[96];

	(void) snprintf(left, sizeof(left), "%s%s%s", flag, value ? " " : "", value ? value : "");
	(void) printf("  %-40s %s\n", left, help);
}

static void
print_option(enum sta_option_id id)
{
	const struct sta_option *o = &sta_options[id];
	char flag[STA_OPTION_NAME_MAX];
	char value[STA_OPTION_NAME_MAX];
	char help[256];

	(void) snprintf(value, sizeof(value), "%s", o->choices ? o->choices : o->unit);
	for (char *p = value; !o->choices && *p != '\0'; p++)
		*p = (char) toupper((unsigned char) *p);
	(void) snprintf(help, sizeof(help), "%s%s%s%s", o->help, o->def[0] != '\0' ? " [" : "", o->def,
			o->def[0] != '\0' ? "]" : "");
	print_flag(sta_option_flag(id, flag), value[0] != '\0' ? value : NULL, help);
}

void
sta_cli_help(const struct sta_cli_command *c)
{
	(void) printf("%s\n\nusage: staithe %s%s%s [FLAGS]\n\n", c->summary, c->name,
		      c->arguments[0] != '\0' ? " " : "", c->arguments);
	for (const struct sta_cli_flag *f = c->flags; f && f->name; f++) {
		char flag[STA_OPTION_NAME_MAX];

		(void) snprintf(flag, sizeof(flag), "--%s", f->name);
		print_flag(flag, f->value, f->help);
	}
	for (enum sta_option_id id = 0; id < STA_OPTION_MAX_; id++)
		if (c->conf == STA_CLI_CONF_ALL || (c->conf == STA_CLI_CONF_DATA && id == STA_OPTION_DATA))
			print_option(id);
	if (c->conf != STA_CLI_CONF_NONE)
		print_flag("--config", "FILE", "Configuration file.");
	print_flag("--json", NULL, "Write the result as JSON.");
	print_flag("--help", NULL, "Show this.");
	if (c->conf == STA_CLI_CONF_ALL)
		(void) printf("\nTimes are written 30s, 10m, 24h, 30d; sizes 64KiB, 4MiB, 10GB.\n");
	(void) printf("\nexample: %s\n", c->example);
}

void
sta_cli_overview(const char *group)
{
	size_t len = group ? strlen(group) : 0;

	(void) printf("usage: staithe COMMAND [ARGUMENTS] [FLAGS]\n\n");
	for (size_t i = 0; i < sta_cli_n_commands; i++) {
		const struct sta_cli_command *c = &sta_cli_commands[i];
		char left[64];

		if (group && (strncmp(c->name, group, len) != 0 || c->name[len] != ' '))
			continue;
		(void) snprintf(left, sizeof(left), "%s %s", c->name, c->arguments);
		(void) printf("  %-40s %s\n", left, c->summary);
	}
	(void) printf("\nstaithe COMMAND --help tells more.  Commands that need the registry take --data DIR "
		      "and work\n"
		      "whether a server runs on that directory or not.\n");
}
