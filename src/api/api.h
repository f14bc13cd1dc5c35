/*
 * api - the registry over HTTP: routes, handlers, errors, metrics.
 *
 * sta_api_app() is what the HTTP engine serves.  Handlers parse the request,
 * call one operation of registry/ and render its result; they decide nothing.
 *
 * Layer: api.  May include: registry, http, db, crypto, oci, base.
 * Threads: made and freed by one; everything else any.
 */
#ifndef STA_API_API_H
#define STA_API_API_H

#include "http/http_mhd.h"
#include "registry/registry.h"

struct sta_api_options {
	/* "https://registry.example.com", without a slash at the end: where clients
	 * reach this server, for the realm of challenges.  "" or NULL: what the
	 * Host header says. */
	const char *public_url;
	uint64_t manifest_max; /* bytes; 0: 4 MiB */
	uint64_t rate_limit;   /* requests to the REST interface in an hour, of one caller; 0: 50,000 */
};

struct sta_api;

/* r is borrowed and outlives the api; the texts of o are copied. */
enum sta_rc sta_api_new(struct sta_registry *r, const struct sta_api_options *o, struct sta_api **out,
			struct sta_err *err) STA_CHECK;
void sta_api_free(struct sta_api *api);

/* Borrowed. */
const struct sta_app *sta_api_app(const struct sta_api *api);

/* An sta_observer_fn with the api as context: counts, and writes the log line. */
void sta_api_observe(void *ctx, const struct sta_access_record *rec);

/* Where /metrics and /readyz look; call once, after the server was started and
 * before it is announced.  Borrowed. */
void sta_api_set_sources(struct sta_api *api, struct sta_db *db, struct sta_server *server,
			 struct sta_pool *workers);

/* The server is about to stop: /readyz answers 503 from now on. */
void sta_api_stopping(struct sta_api *api);

#endif
