#include <string.h>

#include "api/handlers.h"

#define HOST_MAX 255

/* A host that goes into a header and into URLs: letters, digits, '.', '-', ':'
 * and the brackets of IPv6.  Anything else is an attack on those who read it. */
static bool
host_is_plain(const char *host)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-:[]";
	size_t len = strlen(host);

	return len > 0 && len <= HOST_MAX && strspn(host, allowed) == len;
}

const char *
sta_service(const struct sta_api *api, const struct sta_request *req)
{
	const char *host = sta_request_header(req, "Host");

	if (*api->public_host)
		return api->public_host;
	return host && host_is_plain(host) ? host : "localhost";
}

const char *
sta_base_url(const struct sta_api *api, const struct sta_request *req)
{
	if (*api->public_url)
		return api->public_url;
	return sta_arena_printf(req->arena, "http%s://%s", req->tls ? "s" : "", sta_service(api, req));
}

static const char *
realm(const struct sta_api *api, const struct sta_request *req)
{
	const char *base = sta_base_url(api, req);

	return base ? sta_arena_printf(req->arena, "%s/token", base) : NULL;
}

static const char *
actions(const struct sta_request *req)
{
	if (strncmp(req->route->label, "upload", strlen("upload")) == 0)
		return "pull,push";
	switch (req->method) {
	case STA_GET:
	case STA_HEAD:
	case STA_OPTIONS:
	case STA_METHOD_OTHER:
	case STA_METHOD_MAX_:
		return "pull";
	case STA_POST:
	case STA_PUT:
	case STA_PATCH:
		return "pull,push";
	case STA_DELETE:
		break;
	}
	return "delete";
}

/* A mount reads from another package, or from any: the token must be good for that too. */
static const char *
mount_scope(const struct sta_request *req)
{
	const char *from = sta_request_query(req, "from", 0);
	struct sta_name name;

	if (strcmp(req->route->label, "upload_start") != 0 || !sta_request_query(req, "mount", 0))
		return "";
	if (!from)
		return " registry:mount:*";
	if (!sta_name_parse(from, strlen(from), &name))
		return "";
	return sta_arena_printf(req->arena, " repository:%s:pull", name.full);
}

static const char *
scope(const struct sta_request *req)
{
	const char *more;
	struct sta_name name;

	if (req->route && strcmp(req->route->label, "catalog") == 0)
		return ",scope=\"registry:catalog:*\"";
	if (!req->route || !strstr(req->route->pattern, "{name}") || !req->param[0] ||
	    !sta_name_parse(req->param[0], strlen(req->param[0]), &name))
		return "";
	more = mount_scope(req);
	return more ? sta_arena_printf(req->arena, ",scope=\"repository:%s:%s%s\"", name.full, actions(req),
				       more)
		    : NULL;
}

/* Why a bearer token that was shown did not help (RFC 6750 3.1). */
static const char *
error(const struct sta_request *req)
{
	const char *shown = sta_request_header(req, "Authorization");

	if (!shown)
		return "";
	return req->log_user ? ",error=\"insufficient_scope\"" : ",error=\"invalid_token\"";
}

const char *
sta_challenge(const struct sta_api *api, const struct sta_request *req)
{
	const char *where = realm(api, req);
	const char *what = scope(req);

	if (!where || !what)
		return NULL;
	if ((req->route && strcmp(req->route->label, "token") == 0) ||
	    (req->path && strncmp(req->path, "/api/", strlen("/api/")) == 0))
		return "Basic realm=\"staithe\"";
	return sta_arena_printf(req->arena, "Bearer realm=\"%s\",service=\"%s\"%s%s", where,
				sta_service(api, req), what, error(req));
}
