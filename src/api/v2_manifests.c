#include <string.h>

#include "api/handlers.h"
#include "http/etag.h"
#include "oci/media.h"
#include "registry/delete.h"
#include "registry/pull.h"
#include "registry/pulls.h"
#include "registry/push.h"

static enum sta_rc
enter(struct sta_api *api, struct sta_request *req, struct sta_call *call, struct sta_name *name,
      struct sta_reference *ref, struct sta_err *err)
{
	const char *text = req->param[1];
	enum sta_rc rc = sta_v2_enter_package(api, req, call, name, err);

	if (rc != STA_OK || sta_reference_parse(text, strlen(text), ref))
		return rc;
	if (strchr(text, ':'))
		return sta_v2_digest(text, &ref->digest, err);
	return sta_oci_fail(err, STA_INVALID, STA_OCI_TAG_INVALID, "invalid tag name");
}

static enum sta_rc
add_digest(struct sta_request *req, struct sta_response *res, const char *header, const struct sta_digest *d,
	   struct sta_err *err)
{
	char text[STA_DIGEST_TEXT_MAX];

	return sta_reply_header(res, header, sta_arena_strdup(req->arena, sta_digest_text(d, text)), err);
}

/* The media type is what somebody pushed with.  Those of containers end in +json and are no
 * pages; a browser that opens any other as one shall run nothing in it. */
static enum sta_rc
add_type(struct sta_response *res, const char *type, struct sta_err *err)
{
	const char *suffix = strrchr(type, '+');
	enum sta_rc rc = sta_reply_header(res, "Content-Type", type, err);

	if (rc != STA_OK || (suffix && strcmp(suffix, "+json") == 0))
		return rc;
	return sta_reply_header(res, "Content-Security-Policy", "sandbox; default-src 'none'", err);
}

enum sta_rc
sta_get_manifest(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_call call;
	struct sta_name name;
	struct sta_reference ref;
	struct sta_pulled_manifest m;
	bool sent;
	enum sta_rc rc = enter(api, req, &call, &name, &ref, err);

	if (rc == STA_OK)
		rc = sta_pull_manifest(api->r, &call, &name, &ref, req->method != STA_HEAD, &m, err);
	if (rc == STA_OK)
		rc = add_type(res, m.media_type, err);
	if (rc == STA_OK)
		rc = add_digest(req, res, "Docker-Content-Digest", &m.digest, err);
	if (rc != STA_OK)
		return rc;
	res->status = 200;
	res->kind = STA_REPLY_BYTES;
	res->bytes = m.bytes;
	res->size = m.size;
	res->ranges = true;
	res->etag = sta_arena_printf(req->arena, "\"%s\"", sta_response_get(res, "Docker-Content-Digest"));
	sent = req->method == STA_GET &&
	       !sta_etag_listed(sta_request_header(req, "If-None-Match"), res->etag);
	sta_pull_count(api->r, m.id, ref.is_digest ? NULL : ref.tag, sent ? STA_PULLED : STA_PULL_HEAD);
	return STA_OK;
}

/* --- PUT --- */

/* Strong entity tags that are digests; others match nothing we have. */
static enum sta_rc
parse_tags_of_entities(struct sta_request *req, const char *list, struct sta_push *push, struct sta_err *err)
{
	struct sta_digest *digests = sta_arena_alloc(req->arena, (strlen(list) / 2 + 1) * sizeof(*digests));
	size_t n = 0;

	if (!digests)
		return sta_err_set(err, STA_NOMEM, 0, "conditions");
	while (*list) {
		bool weak;
		size_t len;

		list += strspn(list, " \t,");
		weak = strncmp(list, "W/", 2) == 0;
		list += weak ? 2 : 0;
		if (*list != '"')
			break;
		len = strcspn(list + 1, "\"");
		/* If-None-Match compares weakly, If-Match strongly (RFC 9110 13.1). */
		if ((!weak || push->match == STA_MATCH_IS_NOT) &&
		    sta_digest_parse(list + 1, len, &digests[n]))
			n++;
		list += 1 + len;
		list += *list == '"';
	}
	push->match_digests = digests;
	push->n_match = n;
	return STA_OK;
}

static enum sta_rc
parse_conditions(struct sta_request *req, struct sta_push *push, struct sta_err *err)
{
	const char *match = sta_request_header(req, "If-Match");
	const char *none = sta_request_header(req, "If-None-Match");
	const char *list = match ? match : none;

	if (!list)
		return STA_OK;
	if (match && none)
		return sta_err_set(err, STA_INVALID, 0, "If-Match and If-None-Match together");
	if (strcmp(list, "*") == 0) {
		push->match = match ? STA_MATCH_EXISTS : STA_MATCH_ABSENT;
		return STA_OK;
	}
	push->match = match ? STA_MATCH_IS : STA_MATCH_IS_NOT;
	return parse_tags_of_entities(req, list, push, err);
}

static enum sta_rc
parse_tags(struct sta_request *req, struct sta_push *push, struct sta_err *err)
{
	const char **tags = sta_arena_alloc(req->arena, STA_PUSH_TAGS_MAX * sizeof(*tags));
	const char *tag;
	size_t n = 0;

	if (!tags)
		return sta_err_set(err, STA_NOMEM, 0, "tags");
	for (; (tag = sta_request_query(req, "tag", n)); n++) {
		if (n == STA_PUSH_TAGS_MAX)
			return sta_oci_fail(err, STA_INVALID, STA_OCI_TAG_INVALID,
					    "more than %d tags at once", STA_PUSH_TAGS_MAX);
		if (!sta_tag_valid(tag, strlen(tag)))
			return sta_oci_fail(err, STA_INVALID, STA_OCI_TAG_INVALID, "invalid tag name");
		tags[n] = tag;
	}
	push->tags = tags;
	push->n_tags = n;
	return STA_OK;
}

static enum sta_rc
parse_media_type(struct sta_request *req, struct sta_push *push, struct sta_err *err)
{
	const char *type = sta_request_header(req, "Content-Type");
	size_t len = type ? sta_media_bare_len(type, strlen(type)) : 0;

	if (!type || !sta_media_valid(type, len))
		return sta_oci_fail(err, STA_INVALID, STA_OCI_MANIFEST_INVALID,
				    "a manifest needs its media type as Content-Type");
	push->media_type = sta_arena_strndup(req->arena, type, len);
	return push->media_type ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "media type");
}

/* Those who may not push are told before they have sent megabytes. */
enum sta_rc
sta_put_manifest_begin(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_call call;
	struct sta_name name;
	struct sta_reference ref;
	enum sta_rc rc = enter(ctx, req, &call, &name, &ref, err);

	(void) res;
	return rc == STA_OK ? sta_push_allowed(((struct sta_api *) ctx)->r, &call, &name, err) : rc;
}

/* One error for each digest that the package lacks. */
static enum sta_rc
reply_missing(struct sta_request *req, struct sta_response *res, const struct sta_pushed *pushed,
	      const struct sta_err *why, struct sta_err *err)
{
	json_t *errors = json_array();

	for (size_t i = 0; i < pushed->n_missing; i++) {
		char text[STA_DIGEST_TEXT_MAX];

		(void) json_array_append_new(
			errors,
			json_pack("{s:s, s:s, s:s}", "code", sta_oci_code_name(STA_OCI_MANIFEST_BLOB_UNKNOWN),
				  "message", why->msg, "detail", sta_digest_text(&pushed->missing[i], text)));
	}
	return sta_reply_json(req, res, 400, "application/json", json_pack("{s:o}", "errors", errors), err);
}

static const char *
join(struct sta_arena *a, const struct sta_push *push)
{
	const char *all = push->tags[0];

	for (size_t i = 1; all && i < push->n_tags; i++)
		all = sta_arena_printf(a, "%s, %s", all, push->tags[i]);
	return all;
}

static enum sta_rc
reply_pushed(struct sta_request *req, struct sta_response *res, const struct sta_push *push,
	     const struct sta_pushed *pushed, struct sta_err *err)
{
	char text[STA_DIGEST_TEXT_MAX];
	const char *location = sta_arena_printf(req->arena, "/v2/%s/manifests/%s", push->name->full,
						sta_digest_text(&pushed->digest, text));
	enum sta_rc rc = sta_reply_header(res, "Location", location, err);

	if (rc == STA_OK)
		rc = add_digest(req, res, "Docker-Content-Digest", &pushed->digest, err);
	if (rc == STA_OK && pushed->has_subject)
		rc = add_digest(req, res, "OCI-Subject", &pushed->subject, err);
	if (rc == STA_OK && push->n_tags > 0)
		rc = sta_reply_header(res, "OCI-Tag", join(req->arena, push), err);
	if (rc != STA_OK)
		return rc;
	res->status = 201;
	res->etag = sta_arena_printf(req->arena, "\"%s\"", sta_response_get(res, "Docker-Content-Digest"));
	return STA_OK;
}

enum sta_rc
sta_put_manifest(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_call call;
	struct sta_name name;
	struct sta_reference ref;
	struct sta_push push = { .name = &name, .ref = &ref, .bytes = req->body, .len = req->body_len };
	struct sta_pushed pushed = { .n_missing = 0 };
	enum sta_rc rc = enter(api, req, &call, &name, &ref, err);

	if (rc == STA_OK)
		rc = parse_media_type(req, &push, err);
	if (rc == STA_OK)
		rc = parse_conditions(req, &push, err);
	if (rc == STA_OK)
		rc = parse_tags(req, &push, err);
	if (rc == STA_OK)
		rc = sta_push_manifest(api->r, &call, &push, &pushed, err);
	if (rc == STA_INCOMPLETE)
		return reply_missing(req, res, &pushed, err, err);
	return rc == STA_OK ? reply_pushed(req, res, &push, &pushed, err) : rc;
}

enum sta_rc
sta_delete_manifest_route(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_call call;
	struct sta_name name;
	struct sta_reference ref;
	enum sta_rc rc = enter(api, req, &call, &name, &ref, err);

	if (rc == STA_OK)
		rc = sta_delete_manifest(api->r, &call, &name, &ref, err);
	if (rc == STA_OK)
		res->status = 202;
	return rc;
}
