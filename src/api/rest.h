/*
 * rest - what the handlers of the REST interface share: entry, paging, answers, and the objects of GitHub's
 * interface (docs/API.md).
 *
 * Only files of api/ include this.
 *
 * Layer: api.
 */
#ifndef STA_API_REST_H
#define STA_API_REST_H

#include "api/handlers.h"
#include "api/rate.h"
#include "registry/published.h"

/* A failure with that status: what no result code says.  In sta_err.code. */
#define STA_REST_STATUS 1000
enum sta_rc sta_rest_fail(struct sta_err *err, enum sta_rc rc, int status, const char *fmt, ...)
	STA_PRINTF(4, 5);

/* A request below /api/v3, from its entry on; req->state. */
struct sta_rest {
	struct sta_call call;
	const char *base;     /* "https://registry.example.com" */
	const char *accepted; /* scopes of which the route needs one, or "" */
	bool has_rate;        /* counted */
	struct sta_rate_state rate;
};

/* Entry of every route: what the headers ask for (415, 400), who calls, and whether that is one request too
 * many in this hour (STA_TOO_MANY).  accepted: the scope that the route is for, for the header that says so.
 */
enum sta_rc sta_rest_enter(struct sta_api *api, struct sta_request *req, const char *accepted,
			   struct sta_rest **out, struct sta_err *err) STA_CHECK;
/* ..and a credential is needed. */
enum sta_rc sta_rest_enter_known(struct sta_api *api, struct sta_request *req, const char *accepted,
				 struct sta_rest **out, struct sta_err *err) STA_CHECK;
/* The same without counting the request. */
enum sta_rc sta_rest_enter_free(struct sta_api *api, struct sta_request *req, struct sta_rest **out,
				struct sta_err *err) STA_CHECK;

/* Headers of every answer. */
void sta_rest_finish(struct sta_request *req, struct sta_response *res);
/* "https://registry.example.com/api/v3/openapi.json"; for errors. */
const char *sta_rest_documentation(const struct sta_api *api, const struct sta_request *req);

/* Whose packages the path is about: {org}, {username} or the caller; *param is the first parameter behind it.
 */
struct sta_rest_owner {
	const char *name;
	bool must_be_org;
	size_t param;
};
enum sta_rc sta_rest_owner(struct sta_api *api, struct sta_rest *r, const struct sta_request *req,
			   struct sta_rest_owner *out, struct sta_err *err) STA_CHECK;
/* {package_type}: STA_NOT_FOUND unless it is "container" or "docker". */
enum sta_rc sta_rest_package_type(const char *type, struct sta_err *err) STA_CHECK;

/* A route of one package: who calls, for which scope, and what the path says.  STA_NOT_FOUND also for a
 * package that the caller may not read: what an operation says of it after this is for its readers. */
struct sta_rest_asked {
	struct sta_rest *r;
	const char *owner;
	const char *name; /* without the owner */
	const char *full; /* "acme/app", as asked: it may be a former name */
	size_t param;     /* the first parameter behind the name */
	struct sta_published_package package;
};
enum sta_rc sta_rest_enter_package(struct sta_api *api, struct sta_request *req, const char *scope,
				   struct sta_rest_asked *out, struct sta_err *err) STA_CHECK;

/* {package_version_id}; STA_NOT_FOUND: no number that an id can have. */
enum sta_rc sta_rest_version_id(const char *text, int64_t *out, struct sta_err *err) STA_CHECK;
/* A request that must have no body: 422. */
enum sta_rc sta_rest_no_body(const struct sta_request *req, struct sta_err *err) STA_CHECK;

/* per_page, page, and before, which next has: the id where the page before it ended. */
struct sta_rest_page {
	uint64_t page;
	struct sta_span span;
	int64_t end; /* the last id of this page, if others follow; 0: none do; -1: the list has no such ids
		      */
};
void sta_rest_page(struct sta_request *req, struct sta_rest_page *out);
/* Link, with the request's path and the parameters of these names (NULL ends them) as they came. */
enum sta_rc sta_rest_link(const struct sta_rest *r, struct sta_request *req, struct sta_response *res,
			  const struct sta_rest_page *p, const char *const *names,
			  struct sta_err *err) STA_CHECK;
/* The same with next alone: entries before that one. */
enum sta_rc sta_rest_link_before(const struct sta_rest *r, struct sta_request *req, struct sta_response *res,
				 int64_t before, const char *const *names, struct sta_err *err) STA_CHECK;

/* 200 with the json and an entity tag, or 304. */
enum sta_rc sta_rest_reply(struct sta_request *req, struct sta_response *res, json_t *j,
			   struct sta_err *err) STA_CHECK;
/* The answer's entity tag, and 304 for whoever has it.  There are no ranges: half a list is no use. */
void sta_rest_tag(struct sta_request *req, struct sta_response *res, const char *etag);
/* 204 */
enum sta_rc sta_rest_done(struct sta_response *res);

/* A time, or null for 0; NULL: out of memory. */
json_t *sta_rest_time(int64_t unix_time) STA_CHECK;

/* Objects of GitHub's interface; NULL: out of memory.  The caller's. */
json_t *sta_rest_user(const struct sta_rest *r, struct sta_arena *a, const struct sta_owner *owner) STA_CHECK;
json_t *sta_rest_package(const struct sta_rest *r, struct sta_arena *a,
			 const struct sta_published_package *p) STA_CHECK;
json_t *sta_rest_version(const struct sta_rest *r, struct sta_arena *a, const struct sta_published_package *p,
			 const struct sta_version_row *v) STA_CHECK;
json_t *sta_rest_version_list(const struct sta_rest *r, struct sta_arena *a,
			      const struct sta_published_versions *v) STA_CHECK;

#endif
