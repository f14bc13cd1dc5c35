/*
 * fetch - documents from other servers, by GET.
 *
 * The address that is connected to is the one that guard.h was asked about: asked in the moment of
 * the connection, for each address that a name stands for, so that a name cannot point elsewhere
 * in between.  No redirects, no proxies from the environment, no cookies, no credentials, no
 * compression, HTTP/1.1.  Certificates are verified (by the system's authorities, and those of ca_file).
 *
 * libcurl, which nothing else includes, and which is loaded by the first call: a server that fetches
 * nothing does not pay for it.
 *
 * Layer: net.  May include: base.  Threads: any that may wait; nothing is shared between calls.
 */
#ifndef STA_NET_FETCH_H
#define STA_NET_FETCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "net/guard.h"

#define STA_FETCH_URL_MAX 2048

struct sta_fetch {
	const char *url;     /* "https://host[:port]/path", or http inside an exception of the guard */
	size_t max;          /* bytes of the document */
	uint64_t timeout_ms; /* for all of it, names and connections too; at least 1 */
	struct sta_guard guard;
	const char *ca_file; /* more authorities, PEM; NULL: the system's alone */
};

/* Loads libcurl, once; sta_fetch_get() does it too.  For those who want to know beforehand whether it
 * can be.  STA_IO: it is not there.  Any thread, any number of times. */
enum sta_rc sta_fetch_init(struct sta_err *err) STA_CHECK;

/* The document of a 200, NUL-terminated, in the arena.  Errors: STA_INVALID the URL is not of that form
 * (a user, a fragment, another scheme, control characters, more than STA_FETCH_URL_MAX bytes);
 * STA_DENIED the guard refused each address; STA_NOMEM; STA_IO anything else, with a message for the
 * operator that names host and reason and never more of the answer than its status. */
enum sta_rc sta_fetch_get(struct sta_arena *a, const struct sta_fetch *what, char **out, size_t *len,
			  struct sta_err *err) STA_CHECK;

/* Whether it is of the form that sta_fetch_get() takes. */
bool sta_fetch_url_valid(const char *url);

#endif
