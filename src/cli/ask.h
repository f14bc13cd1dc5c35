/*
 * ask - have an operation of ops.h done, by the running server or here.
 *
 * Whoever holds the lock of the data directory does it: a running server is
 * asked through its control socket; without one this process takes the lock
 * and opens the directory.
 *
 * Layer: cli.  May include: registry, conf, base.
 */
#ifndef STA_CLI_ASK_H
#define STA_CLI_ASK_H

#include "cli/cli.h"

/* Takes a row as it comes; borrowed. */
typedef void sta_ask_row_fn(const json_t *row);

/* args is consumed; NULL is STA_NOMEM, or wrong usage when an argument is no UTF-8.  *answer (arena): the
 * result, with the operation's rows as an array under their name.  on_row may be NULL. */
enum sta_rc sta_ask(struct sta_cli *cli, const char *op, json_t *args, sta_ask_row_fn *on_row,
		    json_t **answer, struct sta_err *err) STA_CHECK;

#endif
