#include <string.h>

#include "api/handlers.h"
#include "oci/media.h"
#include "registry/list.h"

enum sta_rc
sta_get_ping(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_call call;
	enum sta_rc rc = sta_v2_enter(ctx, req, &call, err);

	return rc == STA_OK ? sta_reply_json(req, res, 200, "application/json", json_object(), err) : rc;
}

static json_t *
name_list(const struct sta_name_page *page)
{
	json_t *list = json_array();

	for (size_t i = 0; i < page->n; i++)
		(void) json_array_append_new(list, json_string(page->names[i]));
	return list;
}

static enum sta_rc
reply_names(struct sta_request *req, struct sta_response *res, const struct sta_name_page *page, size_t n,
	    json_t *j, struct sta_err *err)
{
	enum sta_rc rc = sta_reply_json(req, res, 200, "application/json", j, err);

	if (rc == STA_OK && page->more && page->n > 0)
		rc = sta_reply_next(req, res, n, page->names[page->n - 1], err);
	return rc;
}

enum sta_rc
sta_get_tags(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_call call;
	struct sta_name name;
	struct sta_name_page page;
	size_t n = 0;
	enum sta_rc rc = sta_v2_enter_package(api, req, &call, &name, err);

	if (rc == STA_OK)
		rc = sta_page_size(req, &n, err);
	if (rc == STA_OK)
		rc = sta_list_tags(api->r, &call, &name, sta_request_query(req, "last", 0), n, &page, err);
	if (rc != STA_OK)
		return rc;
	return reply_names(req, res, &page, n,
			   json_pack("{s:s, s:o}", "name", name.full, "tags", name_list(&page)), err);
}

enum sta_rc
sta_get_catalog(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_call call;
	struct sta_name_page page;
	size_t n = 0;
	enum sta_rc rc = sta_v2_enter(api, req, &call, err);

	if (rc == STA_OK)
		rc = sta_page_size(req, &n, err);
	if (rc == STA_OK)
		rc = sta_list_catalog(api->r, &call, sta_request_query(req, "last", 0), n, &page, err);
	if (rc != STA_OK)
		return rc;
	return reply_names(req, res, &page, n, json_pack("{s:o}", "repositories", name_list(&page)), err);
}

/* image-spec descriptor.md */
static json_t *
descriptor(struct sta_arena *a, const struct sta_referrer *item)
{
	char text[STA_DIGEST_TEXT_MAX];
	struct sta_err ignored;
	json_t *annotations = NULL;

	if (item->annotations &&
	    sta_json_load(a, item->annotations, strlen(item->annotations), &annotations, &ignored) != STA_OK)
		return NULL;
	return json_pack("{s:s, s:s, s:I, s:s*, s:O*}", "mediaType", item->media_type, "digest",
			 sta_digest_text(&item->digest, text), "size", (json_int_t) item->size,
			 "artifactType", item->artifact_type, "annotations", annotations);
}

static json_t *
referrers_index(struct sta_arena *a, const struct sta_referrer_page *page)
{
	json_t *list = json_array();

	for (size_t i = 0; i < page->n; i++) {
		if (json_array_append_new(list, descriptor(a, &page->items[i])) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return json_pack("{s:i, s:s, s:o}", "schemaVersion", 2, "mediaType", STA_MEDIA_OCI_INDEX, "manifests",
			 list);
}

/* Where the next page starts: what an old client listed comes first and has no place in the order. */
static const char *
last_by_digest(struct sta_arena *a, const struct sta_referrer_page *page)
{
	char text[STA_DIGEST_TEXT_MAX];

	return sta_arena_strdup(a, sta_digest_text(&page->items[page->n - 1].digest, text));
}

static enum sta_rc
reply_referrers(struct sta_request *req, struct sta_response *res, const struct sta_referrer_page *page,
		const char *type, size_t n, struct sta_err *err)
{
	const char *last = page->more && page->n > 0 ? last_by_digest(req->arena, page) : NULL;
	enum sta_rc rc =
		sta_reply_json(req, res, 200, STA_MEDIA_OCI_INDEX, referrers_index(req->arena, page), err);

	if (rc == STA_OK && type)
		rc = sta_reply_header(res, "OCI-Filters-Applied", "artifactType", err);
	if (rc == STA_OK && last)
		rc = sta_reply_next(req, res, n, last, err);
	return rc;
}

enum sta_rc
sta_get_referrers(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_referrers_request asked = {
		.artifact_type = sta_request_query(req, "artifactType", 0),
	};
	const char *after = sta_request_query(req, "last", 0);
	struct sta_call call;
	struct sta_name name;
	struct sta_digest subject;
	struct sta_digest last;
	struct sta_referrer_page page = { .n = 0 };
	enum sta_rc rc = sta_v2_enter_package(api, req, &call, &name, err);

	if (rc == STA_OK)
		rc = sta_v2_digest(req->param[1], &subject, err);
	if (rc == STA_OK && after) {
		rc = sta_v2_digest(after, &last, err);
		asked.last = &last;
	}
	if (rc == STA_OK)
		rc = sta_page_size(req, &asked.n, err);
	if (asked.artifact_type && !*asked.artifact_type)
		asked.artifact_type = NULL;
	asked.subject = &subject;
	if (rc == STA_OK)
		rc = sta_list_referrers(api->r, &call, &name, &asked, &page, err);
	return rc == STA_OK ? reply_referrers(req, res, &page, asked.artifact_type, asked.n, err) : rc;
}
