/*
 * engine - what http.c asks of the engine that runs a request.
 *
 * The functions on struct sta_request that need the live connection go through
 * this table, so http.c knows no HTTP library, and a test can stand in for the
 * engine with a few lines.  A request without an engine (req->engine == NULL)
 * has no headers and no query, and may wait.
 *
 * Layer: http.  May include: base.  Threads: as sta_request.
 */
#ifndef STA_HTTP_ENGINE_H
#define STA_HTTP_ENGINE_H

#include "http/http.h"

struct sta_engine_ops {
	const char *(*header)(const struct sta_request *req, const char *name);
	bool (*may_wait)(const struct sta_request *req);
	bool (*may_hash)(const struct sta_request *req); /* NULL: it may */
	void (*resume)(struct sta_request *req);
};

/* First member of an engine's own request. */
struct sta_engine_request {
	const struct sta_engine_ops *ops;
	const char *query; /* as sent, without the '?'; or NULL */
};

/* STA_METHOD_OTHER for what is none of ours.  Methods are case-sensitive. */
enum sta_method sta_method_parse(const char *name);

/* Every pair of the query (or NULL) can be decoded: a parameter that cannot
 * must not count as one that is absent. */
bool sta_query_valid(struct sta_arena *a, const char *query);

/* A request id that a client may choose: [A-Za-z0-9._-]{1,32}. */
bool sta_request_id_valid(const char *id);

#endif
