/*
 * router - from a raw request target to a route and its parameters.
 *
 * The path is percent-decoded once and must then be canonical: it starts with
 * '/', has no empty segment (but may end in '/'), no "." or "..", no control
 * byte, no backslash, no ';', and valid UTF-8.  "%2F" inside a name decodes
 * to '/' (clients send it) and is treated as one, but below /api/: there a
 * name is one segment and has its slashes as "%2F", as in GitHub's interface.  A target that is not canonical
 * is refused with 400.  At most STA_TARGET_MAX bytes (414 above).
 *
 * Layer: http.  May include: base.  Threads: no shared state.  Pure.
 */
#ifndef STA_HTTP_ROUTER_H
#define STA_HTTP_ROUTER_H

#include "http/http.h"

#define STA_TARGET_MAX 8192

/* Decoded, canonical path of the target (before any '?'), or NULL. */
const char *sta_path_canonical(struct sta_arena *a, const char *target, size_t len) STA_CHECK;

struct sta_match {
	const struct sta_route *route;     /* NULL: none */
	const char *param[STA_PARAMS_MAX]; /* from the arena */
	char allow[64]; /* "GET, HEAD, PUT" when the path is known but not with this method */
};

/* path: canonical; target: what it was decoded from.  Fills *out; false only when out of memory. */
bool sta_route_match(struct sta_arena *a, const struct sta_route *routes, size_t n, enum sta_method method,
		     const char *path, const char *target, struct sta_match *out) STA_CHECK;

#endif
