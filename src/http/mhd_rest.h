/*
 * mhd_rest - connections at rest give back memory; mhd_rest.c says how.
 *
 * mhd_request.c and mhd_wire.c say when a rest begins, mhd_epoll.c asks the library to read,
 * mhd_wire.c and mhd_tls.c find that there was nothing.  A rest ends by itself, with
 * the next phase.
 *
 * Layer: http.  May include: base.  Threads: all on the loop of the connection.
 */
#ifndef STA_HTTP_MHD_REST_H
#define STA_HTTP_MHD_REST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

struct sta_mhd_conn;

/* The part of a connection that is mhd_rest.c's, but for what mhd_epoll.c notes. */
struct sta_mhd_rest {
	struct sta_mhd_conn *before, *after;
	uint64_t since_ns;
	bool in_line;
	bool asked;               /* the library is about to read from it */
	bool watched;             /* the library waits for its events ... */
	struct epoll_event event; /* ... and this is what it calls the connection */
};

/* The connection waits for bytes from now on: IDLE, BODY, or in the middle of a HEADER. */
void sta_mhd_rest_begin(struct sta_mhd_conn *conn, uint64_t now);
/* The connection goes. */
void sta_mhd_rest_end(struct sta_mhd_conn *conn);
/* How long to wait for events: at most timeout_ms.  *now is filled if it may be less. */
int sta_mhd_rest_timeout(int timeout_ms, uint64_t *now);
/* Make up to max events for those that have rested long enough at that time; how many. */
int sta_mhd_rest_ask(struct epoll_event *events, int max, uint64_t now);
/* One was asked, and there was nothing to read into buf, which is in its pool. */
void sta_mhd_rest_unread(struct sta_mhd_conn *conn, char *buf, size_t len);

#endif
