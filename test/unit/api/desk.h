/*
 * desk - requests without an engine, handed to the api by the test.
 *
 * Layer: test.  May include: api and what is below.
 */
#ifndef STA_TEST_API_DESK_H
#define STA_TEST_API_DESK_H

#include "t.h"

#include "../registry/house.h"
#include "api/handlers.h"
#include "http/engine.h"

struct desk {
	struct sta_engine_request engine; /* first */
	struct house *house;
	struct sta_api api;
	struct sta_route route;
	struct sta_request req;
	const char *host, *authorization; /* headers of the request; NULL: none */
	struct sta_response res;
};

int desk_setup(void **state);
int desk_teardown(void **state);

/* A new request; the headers stay. */
void desk_request(struct desk *d, enum sta_method method, const char *label, const char *pattern,
		  const char *param, const char *query);

#endif
