/*
 * handlers - what the files of api/ share: the handle, the entry of a request
 * into the registry, and small renderers.
 *
 * A handler has three parts: enter (who calls, which package), one operation of
 * registry/, render.  Failures are returned, never rendered: errmap.c turns them
 * into a response.
 *
 * Only files of api/ include this.
 *
 * Layer: api.
 */
#ifndef STA_API_HANDLERS_H
#define STA_API_HANDLERS_H

#include <stdatomic.h>

#include "api/api.h"
#include "base/buf.h"
#include "base/json.h"
#include "oci/errcode.h"
#include "oci/ref.h"

#define STA_ROUTES_MAX 256

struct sta_metrics;
struct sta_rate;

struct sta_api {
	struct sta_registry *r;
	char *public_url;  /* "" : what the Host header says */
	char *public_host; /* its host and port */
	struct sta_route routes[STA_ROUTES_MAX];
	struct sta_app app;
	struct sta_metrics *metrics;
	struct sta_rate *rate; /* of the REST interface */
	struct sta_db *db;     /* the sources; NULL before sta_api_set_sources() */
	struct sta_server *server;
	struct sta_pool *workers;
	atomic_bool stopping;
};

/* --- routes.c --- */

extern const struct sta_route sta_routes[];
extern const size_t sta_n_routes;

/* --- enter.c --- */

/* Who calls, from the Authorization header.  Without one: anonymous. */
enum sta_rc sta_api_caller(struct sta_api *api, struct sta_request *req, struct sta_call *call,
			   struct sta_err *err) STA_CHECK;

/* User and password, or any name and a token: as sta_authenticate_basic(), with a line in the
 * log when it fails. */
enum sta_rc sta_api_login(struct sta_api *api, const struct sta_request *req, struct sta_call *call,
			  const char *user, const char *secret, struct sta_err *err) STA_CHECK;

/* Entry of every /v2/ route: as sta_api_caller(), and without a credential
 * STA_UNAUTHENTICATED, as on GHCR: there is no pull without a token, though
 * anonymous ones are given away for public packages. */
enum sta_rc sta_v2_enter(struct sta_api *api, struct sta_request *req, struct sta_call *call,
			 struct sta_err *err) STA_CHECK;

/* The credential was good once (call->stale): go on as for somebody without one, and say so in a Warning
 * header.  For reading alone, and a package that is not public stays closed.  Always STA_OK. */
enum sta_rc sta_api_degrade(struct sta_request *req, struct sta_call *call) STA_CHECK;

/* ..and of the routes of a package: the route's first parameter is its name.  Those that only read take a
 * stale credential for none. */
enum sta_rc sta_v2_enter_package(struct sta_api *api, struct sta_request *req, struct sta_call *call,
				 struct sta_name *name, struct sta_err *err) STA_CHECK;

/* DIGEST_INVALID. text NULL: there is none. */
enum sta_rc sta_v2_digest(const char *text, struct sta_digest *out, struct sta_err *err) STA_CHECK;

/* --- render.c --- */

/* Adds a header whose value may be NULL for "out of memory". */
enum sta_rc sta_reply_header(struct sta_response *res, const char *name, const char *value,
			     struct sta_err *err) STA_CHECK;

/* The json (NULL: out of memory) as body; it is the arena's from now on. */
enum sta_rc sta_reply_json(struct sta_request *req, struct sta_response *res, int status, const char *type,
			   json_t *j, struct sta_err *err) STA_CHECK;

/* Static text. */
void sta_reply_text(struct sta_response *res, int status, const char *text);

/* Link to the next page: the request's path with n and last. */
enum sta_rc sta_reply_next(struct sta_request *req, struct sta_response *res, size_t n, const char *last,
			   struct sta_err *err) STA_CHECK;

/* The page size asked for: n, at most STA_PAGE_MAX, which is also the default.
 * PAGINATION_NUMBER_INVALID. */
enum sta_rc sta_page_size(struct sta_request *req, size_t *n, struct sta_err *err) STA_CHECK;

/* --- errmap.c: sta_app.fail and .finish --- */

void sta_api_fail(void *ctx, struct sta_request *req, const struct sta_err *err, const char *allow,
		  struct sta_response *res);
void sta_api_finish(void *ctx, struct sta_request *req, struct sta_response *res);

/* --- challenge.c --- */

/* "https://registry.example.com": where the client of this request reaches us; NULL: out of memory. */
const char *sta_base_url(const struct sta_api *api, const struct sta_request *req) STA_CHECK;

/* Value of WWW-Authenticate for this request, or NULL when out of memory. */
const char *sta_challenge(const struct sta_api *api, const struct sta_request *req) STA_CHECK;
/* "registry.example.com:5000": what clients call this service. */
const char *sta_service(const struct sta_api *api, const struct sta_request *req) STA_CHECK;

/* --- metrics.c --- */

enum sta_rc sta_metrics_new(struct sta_metrics **out, struct sta_err *err) STA_CHECK;
void sta_metrics_free(struct sta_metrics *m);
void sta_metrics_count(struct sta_metrics *m, const struct sta_access_record *rec);
void sta_metrics_write(struct sta_api *api, struct sta_buf *b);

/* --- openapi.json, by openapi/embed.py when this is built --- */

extern const char sta_openapi[];
extern const size_t sta_openapi_size;
extern const char sta_openapi_etag[]; /* with its quotes */

/* --- the handlers, by file --- */

sta_handler_fn sta_get_health, sta_get_ready, sta_get_metrics; /* health.c */
sta_handler_fn sta_get_token, sta_post_token;                  /* token.c */
sta_handler_fn sta_post_workflow_token;                        /* rest_workflow.c */
sta_handler_fn sta_get_openapi;                                /* rest_openapi.c */
sta_handler_fn sta_get_search_packages;
sta_handler_fn sta_get_packages, sta_get_docker_conflicts, sta_get_package, sta_delete_package_route,
	sta_post_package_restore, sta_get_versions, sta_get_version, sta_delete_version_route,
	sta_post_version_restore; /* rest_packages.c */
sta_handler_fn sta_get_package_tags, sta_get_package_tag, sta_put_package_tag, sta_delete_package_tag,
	sta_get_tag_history, sta_get_package_history, sta_post_tag_rollback; /* rest_tags.c */
sta_handler_fn sta_get_user, sta_get_user_by_name, sta_get_org, sta_get_rate_limit, sta_get_meta,
	sta_get_api_root;                                                      /* rest_users.c */
sta_handler_fn sta_get_statistics, sta_get_package_size, sta_get_version_size; /* rest_usage.c */
sta_handler_fn sta_get_ping, sta_get_catalog, sta_get_tags, sta_get_referrers; /* v2_lists.c */
sta_handler_fn sta_get_manifest, sta_put_manifest, sta_put_manifest_begin,
	sta_delete_manifest_route;                  /* v2_manifests.c */
sta_handler_fn sta_get_blob, sta_delete_blob_route; /* v2_blobs.c */
sta_handler_fn sta_post_upload_begin, sta_post_upload, sta_patch_upload_begin, sta_patch_upload,
	sta_put_upload_begin, sta_put_upload, sta_get_upload, sta_delete_upload; /* v2_uploads.c */

#endif
