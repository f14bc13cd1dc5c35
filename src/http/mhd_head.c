#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/parse.h"
#include "http/mhd_internal.h"

#define HEADER_BYTES_MAX ((size_t) 16 << 10)

bool
sta_mhd_address_parse(const char *text, struct in6_addr *out)
{
	struct in_addr four;

	if (inet_pton(AF_INET6, text, out) == 1)
		return true;
	if (inet_pton(AF_INET, text, &four) != 1)
		return false;
	*out = (struct in6_addr){ .s6_addr = { [10] = 0xff, [11] = 0xff } };
	memcpy(&out->s6_addr[12], &four, sizeof(four));
	return true;
}

void
sta_mhd_peer_text(const struct sockaddr *sa, char out[INET6_ADDRSTRLEN])
{
	const void *addr = &((const struct sockaddr_in *) (const void *) sa)->sin_addr;
	const struct in6_addr *six = &((const struct sockaddr_in6 *) (const void *) sa)->sin6_addr;
	int family = sa->sa_family;

	if (family == AF_INET6)
		addr = six;
	if (family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(six)) {
		addr = &six->s6_addr[12];
		family = AF_INET;
	}
	if (!inet_ntop(family, addr, out, INET6_ADDRSTRLEN))
		out[0] = '\0';
}

static bool
is_trusted(const struct sta_server *s, const char *text)
{
	struct in6_addr addr;

	if (s->n_trusted == 0 || !sta_mhd_address_parse(text, &addr))
		return false;
	for (size_t i = 0; i < s->n_trusted; i++)
		if (memcmp(&addr, &s->trusted[i], sizeof(addr)) == 0)
			return true;
	return false;
}

/* The last address of the list that is no proxy of ours: what stands left of it
 * is hearsay.  False when out of memory. */
static bool
take_forwarded_peer(struct sta_mhd_request *er, const char *list)
{
	size_t len = strlen(list);

	while (len > 0) {
		size_t start;
		char *text;
		struct in6_addr addr;

		while (len > 0 && strchr(" \t,", list[len - 1]))
			len--;
		for (start = len; start > 0 && !strchr(" \t,", list[start - 1]);)
			start--;
		text = sta_arena_strndup(er->req.arena, list + start, len - start);
		if (!text)
			return false;
		if (!sta_mhd_address_parse(text, &addr))
			return true;
		er->req.peer = text;
		if (!is_trusted(er->server, text))
			return true;
		len = start;
	}
	return true;
}

static bool
take_peer(struct sta_mhd_request *er)
{
	const char *list, *proto;

	er->req.tls = er->server->tls;
	if (!is_trusted(er->server, er->conn->peer))
		return true;
	proto = sta_request_header(&er->req, "X-Forwarded-Proto");
	if (proto)
		er->req.tls = strcasecmp(proto, "https") == 0;
	list = sta_request_header(&er->req, "X-Forwarded-For");
	return !list || take_forwarded_peer(er, list);
}

void
sta_mhd_new_id(struct sta_server *s, char out[STA_REQUEST_ID_MAX])
{
	(void) snprintf(out, STA_REQUEST_ID_MAX, "%016llx%016llx", (unsigned long long) s->id_seed,
			(unsigned long long) atomic_fetch_add(&s->id_next, 1));
}

static void
take_id(struct sta_mhd_request *er)
{
	const char *wanted = sta_request_header(&er->req, "X-Request-Id");

	if (wanted && sta_request_id_valid(wanted))
		(void) snprintf(er->req.id, sizeof(er->req.id), "%s", wanted);
	else
		sta_mhd_new_id(er->server, er->req.id);
}

static void
take_length(struct sta_mhd_request *er)
{
	const char *length = sta_request_header(&er->req, "Content-Length");

	er->req.has_length = length && sta_parse_u64(length, strlen(length), &er->req.length);
	er->announced = (er->req.has_length && er->req.length > 0) ||
			sta_request_header(&er->req, "Transfer-Encoding");
}

static enum sta_rc
check_sizes(struct sta_mhd_request *er, struct sta_err *err)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(er->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	if (er->target_too_long) {
		er->refusal = MHD_HTTP_URI_TOO_LONG;
		return sta_err_set(err, STA_TOO_LARGE, 0, "request target longer than %d bytes",
				   STA_TARGET_MAX);
	}
	if (info && info->header_size > HEADER_BYTES_MAX + strlen(er->req.target)) {
		er->refusal = MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE;
		return sta_err_set(err, STA_TOO_LARGE, 0, "request header larger than %zu bytes",
				   HEADER_BYTES_MAX);
	}
	return STA_OK;
}

enum sta_rc
sta_mhd_head(struct sta_mhd_request *er, const char *method, struct sta_err *err)
{
	const struct sta_app *app = &er->server->app;
	struct sta_request *req = &er->req;
	enum sta_rc rc;

	req->method = sta_method_parse(method);
	take_id(er);
	take_length(er);
	rc = check_sizes(er, err);
	if (rc != STA_OK)
		return rc;
	if (!take_peer(er))
		return sta_err_set(err, STA_NOMEM, 0, "out of memory");
	req->path = sta_path_canonical(req->arena, req->target, strlen(req->target));
	if (!req->path || !sta_query_valid(req->arena, er->base.query)) {
		req->path = "";
		er->refusal = MHD_HTTP_BAD_REQUEST;
		return sta_err_set(err, STA_INVALID, 0, "the request target is malformed");
	}
	if (!sta_route_match(req->arena, app->routes, app->n_routes, req->method, req->path, &er->match))
		return sta_err_set(err, STA_NOMEM, 0, "out of memory");
	req->route = er->match.route;
	for (size_t i = 0; i < STA_PARAMS_MAX; i++)
		req->param[i] = er->match.param[i];
	return STA_OK;
}
