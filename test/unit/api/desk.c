#include "desk.h"

#include <string.h>
#include <strings.h>

static const char *
header(const struct sta_request *req, const char *name)
{
	const struct desk *d = (const struct desk *) (const void *) req->engine;

	if (strcasecmp(name, "Host") == 0)
		return d->host;
	return strcasecmp(name, "Authorization") == 0 ? d->authorization : NULL;
}

static bool
may_wait(const struct sta_request *req)
{
	(void) req;
	return true;
}

static void
resume(struct sta_request *req)
{
	(void) req;
}

static const struct sta_engine_ops ops = { .header = header, .may_wait = may_wait, .resume = resume };

int
desk_setup(void **state)
{
	static char nothing[] = "";
	struct desk *d = test_calloc(1, sizeof(*d));
	void *house = NULL;

	if (house_setup(&house) != 0)
		return -1;
	d->house = house;
	d->engine.ops = &ops;
	d->api.r = d->house->r;
	d->api.public_url = nothing;
	d->api.public_host = nothing;
	d->host = "registry.example:5000";
	*state = d;
	return 0;
}

int
desk_teardown(void **state)
{
	struct desk *d = *state;
	void *house = d->house;

	test_free(d);
	return house_teardown(&house);
}

void
desk_request(struct desk *d, enum sta_method method, const char *label, const char *pattern,
	     const char *param, const char *query)
{
	d->engine.query = query;
	d->route = (struct sta_route){ .method = method, .pattern = pattern, .label = label };
	d->req = (struct sta_request){
		.arena = d->house->arena,
		.id = "id",
		.method = method,
		.path = "/v2/",
		.target = "/v2/",
		.peer = "127.0.0.1",
		.route = &d->route,
		.param = { param },
		.engine = &d->engine,
	};
	d->res = (struct sta_response){ .fd = -1 };
}
