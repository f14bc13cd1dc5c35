#include "api/api.h"

#include <string.h>

#include "api/handlers.h"
#include "api/rate.h"
#include "base/alloc.h"

#define RATE_LIMIT 50000

/* A copy of the table, because one limit in it is an option. */
static void
copy_routes(struct sta_api *api, uint64_t manifest_max)
{
	for (size_t i = 0; i < sta_n_routes; i++) {
		api->routes[i] = sta_routes[i];
		if (manifest_max > 0 && sta_routes[i].handler == sta_put_manifest)
			api->routes[i].body_max = manifest_max;
	}
	api->app = (struct sta_app){
		.ctx = api,
		.routes = api->routes,
		.n_routes = sta_n_routes,
		.fail = sta_api_fail,
		.finish = sta_api_finish,
	};
}

static enum sta_rc
set_public_url(struct sta_api *api, const char *url, struct sta_err *err)
{
	const char *host;

	api->public_url = sta_strdup(url ? url : "");
	if (!api->public_url)
		return sta_err_set(err, STA_NOMEM, 0, "api");
	host = strstr(api->public_url, "://");
	api->public_host = sta_strdup(host ? host + 3 : "");
	return api->public_host ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "api");
}

enum sta_rc
sta_api_new(struct sta_registry *r, const struct sta_api_options *o, struct sta_api **out,
	    struct sta_err *err)
{
	struct sta_api *api = sta_malloc(sizeof(*api));
	enum sta_rc rc;

	if (!api)
		return sta_err_set(err, STA_NOMEM, 0, "api");
	api->r = r;
	copy_routes(api, o->manifest_max);
	rc = set_public_url(api, o->public_url, err);
	if (rc == STA_OK)
		rc = sta_metrics_new(&api->metrics, err);
	if (rc == STA_OK)
		rc = sta_rate_new(o->rate_limit > 0 ? o->rate_limit : RATE_LIMIT, &api->rate, err);
	if (rc != STA_OK) {
		sta_api_free(api);
		return rc;
	}
	*out = api;
	return STA_OK;
}

void
sta_api_free(struct sta_api *api)
{
	if (!api)
		return;
	sta_metrics_free(api->metrics);
	sta_rate_free(api->rate);
	sta_free(api->public_url);
	sta_free(api->public_host);
	sta_free(api);
}

const struct sta_app *
sta_api_app(const struct sta_api *api)
{
	return &api->app;
}

void
sta_api_set_sources(struct sta_api *api, struct sta_db *db, struct sta_server *server,
		    struct sta_pool *workers)
{
	api->db = db;
	api->server = server;
	api->workers = workers;
}

void
sta_api_stopping(struct sta_api *api)
{
	atomic_store(&api->stopping, true);
}
