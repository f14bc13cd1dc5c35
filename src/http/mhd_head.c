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

/* All lines of one name; measured first, then copied. */
struct lines {
	const char *name;
	char *text; /* NULL: measure */
	size_t len;
};

static enum MHD_Result
add_line(void *ctx, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct lines *l = ctx;
	size_t len = value ? strlen(value) : 0;

	(void) kind;
	if (strcasecmp(name, l->name) != 0)
		return MHD_YES;
	if (l->text && len > 0)
		memcpy(l->text + l->len, value, len);
	if (l->text)
		l->text[l->len + len] = ',';
	l->len += len + 1;
	return MHD_YES;
}

/* The lines of that name as the one list that they are (RFC 9110 5.3), in order of
 * arrival: a proxy may add a line of its own below one that the client made up.
 * *out is NULL when there is none.  It is no longer than the head, whose size has
 * been checked.  False when out of memory. */
static bool
join_lines(struct sta_mhd_request *er, const char *name, char **out)
{
	struct lines l = { .name = name };

	*out = NULL;
	(void) MHD_get_connection_values(er->mhd, MHD_HEADER_KIND, add_line, &l);
	if (l.len == 0)
		return true;
	l.text = sta_arena_alloc(er->req.arena, l.len);
	if (!l.text)
		return false;
	l.len = 0;
	(void) MHD_get_connection_values(er->mhd, MHD_HEADER_KIND, add_line, &l);
	l.text[l.len - 1] = '\0';
	*out = l.text;
	return true;
}

/* Cut the last value off the list of *len bytes; NULL when there is none.  Empty ones
 * do not count. */
static const char *
take_last(char *list, size_t *len)
{
	size_t start, end = *len;

	while (end > 0 && strchr(" \t,", list[end - 1]))
		end--;
	for (start = end; start > 0 && !strchr(" \t,", list[start - 1]);)
		start--;
	*len = start;
	if (start == end)
		return NULL;
	list[end] = '\0';
	return list + start;
}

/* The last address of the list that is no proxy of ours: what stands left of it
 * is hearsay. */
static void
take_forwarded_peer(struct sta_mhd_request *er, char *list)
{
	size_t len = strlen(list);
	const char *text;
	struct in6_addr addr;

	while ((text = take_last(list, &len)) && sta_mhd_address_parse(text, &addr)) {
		er->req.peer = text;
		if (!is_trusted(er->server, text))
			return;
	}
}

static void
take_forwarded_proto(struct sta_mhd_request *er, char *list)
{
	size_t len = strlen(list);
	const char *last = take_last(list, &len);

	er->req.tls = last && strcasecmp(last, "https") == 0;
}

static bool
take_peer(struct sta_mhd_request *er)
{
	char *addresses, *protos;

	er->req.tls = er->server->tls;
	if (!is_trusted(er->server, er->conn->peer))
		return true;
	if (!join_lines(er, "X-Forwarded-For", &addresses) || !join_lines(er, "X-Forwarded-Proto", &protos))
		return false;
	if (addresses)
		take_forwarded_peer(er, addresses);
	if (protos)
		take_forwarded_proto(er, protos);
	return true;
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
	if (!sta_route_match(req->arena, app->routes, app->n_routes, req->method, req->path, req->target,
			     &er->match))
		return sta_err_set(err, STA_NOMEM, 0, "out of memory");
	req->route = er->match.route;
	for (size_t i = 0; i < STA_PARAMS_MAX; i++)
		req->param[i] = er->match.param[i];
	return STA_OK;
}
