/*
 * control - the running server's ear for the command line: DIR/control.sock.
 *
 * Mode 0600 inside a directory of mode 0700, and the kernel's word
 * (SO_PEERCRED) on who connects: the server's own user or root.  A few
 * connections are served at a time; a request must arrive within
 * STA_CONTROL_REQUEST_MS and has a size limit.  wire.h has the protocol.
 *
 * Layer: cli.  May include: base.  Threads: has its own; start and stop from one.
 */
#ifndef STA_CLI_CONTROL_H
#define STA_CLI_CONTROL_H

#include "cli/ops.h"

#define STA_CONTROL_NAME "control.sock"
#define STA_CONTROL_THREADS 4
#define STA_CONTROL_REQUEST_MS 5000
#define STA_CONTROL_ANSWER_MS 30000

struct sta_control;

/* dirfd: the data directory, whose lock the caller holds (so a socket that lies
 * there is a dead one, and is replaced); borrowed until the stop.  table is
 * copied. */
enum sta_rc sta_control_start(int dirfd, const struct sta_op_table *table, struct sta_control **out,
			      struct sta_err *err) STA_CHECK;

/* Take no more requests, wait for those under way, remove the socket.  NULL is
 * allowed. */
void sta_control_stop(struct sta_control *c);

/* Connect to the server that holds the directory.  STA_NOT_FOUND: nobody listens. */
enum sta_rc sta_control_connect(int dirfd, int *out, struct sta_err *err) STA_CHECK;

/* Do what a request object asks with table and answer on the wire; for tests
 * without threads. */
struct sta_wire;
void sta_control_serve(const struct sta_op_table *table, struct sta_wire *w);

#endif
