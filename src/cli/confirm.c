/* A name typed again, before something is done that cannot be taken back from those who saw it. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "cli/cli.h"

#define NAME_MAX_TYPED 1024

static void
close_stream(FILE **f)
{
	if (*f)
		(void) fclose(*f);
}

enum sta_rc
sta_cli_confirm(struct sta_cli *cli, const char *question, const char **out, struct sta_err *err)
{
	STA_AUTO(close_stream) FILE *tty = NULL;
	char *typed;

	*out = sta_cli_flag(cli, "confirm");
	if (*out)
		return STA_OK;
	tty = fopen("/dev/tty", "r+e");
	if (!tty)
		return sta_cli_usage(cli, err, "no terminal to ask for the name again; use --confirm %s",
				     cli->args[0]);
	typed = sta_arena_alloc(cli->arena, NAME_MAX_TYPED);
	if (!typed)
		return sta_err_set(err, STA_NOMEM, 0, "out of memory");
	(void) fprintf(tty, "%s\nType its name again: ", question);
	(void) fflush(tty);
	if (!fgets(typed, NAME_MAX_TYPED, tty))
		return ferror(tty) ? sta_err_set(err, STA_IO, errno, "read the name")
				   : sta_err_set(err, STA_INVALID, 0, "no name was typed");
	typed[strcspn(typed, "\r\n")] = '\0';
	*out = typed;
	return STA_OK;
}
