/*
 * wire - JSON objects, one a line, over a stream socket.
 *
 * Control protocol (DIR/control.sock), one request per connection:
 *   -> {"op":"user.list","args":{}}
 *   <- {"row":{...}}         any number of times
 *   <- {"result":{...}}      or {"error":{"code":"not_found","message":"..."}}
 *
 * Layer: cli.  May include: base.  Threads: one owner.
 */
#ifndef STA_CLI_WIRE_H
#define STA_CLI_WIRE_H

#include "base/buf.h"
#include "base/json.h"

#define STA_WIRE_REQUEST_MAX ((size_t) 64 << 10)
#define STA_WIRE_ANSWER_MAX ((size_t) 1 << 20)

struct sta_wire {
	int fd;            /* non-blocking; owned */
	struct sta_buf in; /* bytes read; its maximum is the longest line */
	size_t used;       /* bytes of in that earlier lines took */
};

/* Takes fd over and makes it non-blocking. */
void sta_wire_init(struct sta_wire *w, int fd, size_t line_max);
/* Wipes what was read, which may hold a password. */
void sta_wire_done(struct sta_wire *w);

/* Write j and a newline within timeout_ms.  STA_IO, STA_TIMEOUT, STA_TOO_LARGE. */
enum sta_rc sta_wire_send(struct sta_wire *w, const json_t *j, int timeout_ms, struct sta_err *err) STA_CHECK;

/* The next line's object.  timeout_ms is for the whole line; -1: wait for ever.
 * STA_INCOMPLETE: the other side closed; STA_TOO_LARGE, STA_TIMEOUT, STA_IO, STA_INVALID. */
enum sta_rc sta_wire_receive(struct sta_wire *w, struct sta_arena *a, int timeout_ms, json_t **out,
			     struct sta_err *err) STA_CHECK;

#endif
