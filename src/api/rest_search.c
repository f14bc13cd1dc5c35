#include <stdio.h>
#include <string.h>

#include "api/rest.h"
#include "registry/search.h"

/* What is refused is in the detail, as GitHub names it in "errors". */
static enum sta_rc
not_valid(struct sta_err *err, const char *why)
{
	char detail[sizeof(err->detail)];

	(void) snprintf(detail, sizeof(detail), "%s", why);
	(void) sta_rest_fail(err, STA_INVALID, 422, "Validation Failed");
	memcpy(err->detail, detail, sizeof(detail));
	return STA_INVALID;
}

/* Nothing but these words: there is no way to other columns. */
static enum sta_rc
read_sort(struct sta_request *req, enum sta_search_by *by, struct sta_err *err)
{
	const char *sort = sta_request_query(req, "sort", 0);

	*by = STA_SEARCH_BEST;
	if (!sort)
		return STA_OK;
	*by = strcmp(sort, "updated") == 0 ? STA_SEARCH_BY_UPDATED : STA_SEARCH_BY_NAME;
	if (*by == STA_SEARCH_BY_UPDATED || strcmp(sort, "name") == 0)
		return STA_OK;
	return not_valid(err, "sort: updated or name; without it best matches come first.");
}

/* Times begin with the newest, names with the lowest. */
static enum sta_rc
read_order(struct sta_request *req, struct sta_search_request *out, struct sta_err *err)
{
	const char *order = sta_request_query(req, "order", 0);

	out->descending = order ? strcmp(order, "desc") == 0 : out->by == STA_SEARCH_BY_UPDATED;
	if (!order || out->descending || strcmp(order, "asc") == 0)
		return STA_OK;
	return not_valid(err, "order: asc or desc.");
}

static enum sta_rc
read_request(struct sta_request *req, struct sta_search_request *out, struct sta_err *err)
{
	enum sta_rc rc;

	out->text = sta_request_query(req, "q", 0);
	if (!out->text)
		return not_valid(err, "q: missing.");
	rc = read_sort(req, &out->by, err);
	if (rc == STA_OK)
		rc = read_order(req, out, err);
	if (rc == STA_OK && out->span->skip >= STA_SEARCH_PAGED)
		return sta_rest_fail(err, STA_INVALID, 422, "Only the first %d search results are available",
				     STA_SEARCH_PAGED);
	return rc;
}

static json_t *
matches(const struct sta_search_item *item)
{
	json_t *list = json_array();

	for (size_t i = 0; i < item->n_matches; i++) {
		json_t *one = json_pack("{s:s, s:s}", "field", item->matches[i].field, "text",
					item->matches[i].text);

		if (json_array_append_new(list, one) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *
items(const struct sta_rest *r, struct sta_arena *a, const struct sta_search_result *found)
{
	json_t *list = json_array();

	for (size_t i = 0; i < found->n; i++) {
		json_t *one = sta_rest_package(r, a, &found->items[i].package);

		if (json_object_set_new(one, "matches", matches(&found->items[i])) != 0) {
			json_decref(one);
			one = NULL;
		}
		if (json_array_append_new(list, one) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* Also for who has no account: as the public pages. */
enum sta_rc
sta_get_search_packages(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	static const char *const names[] = { "q", "sort", "order", "per_page", NULL };
	struct sta_api *api = ctx;
	struct sta_search_result found;
	struct sta_rest_page page;
	struct sta_search_request request = { .span = &page.span };
	struct sta_rest *r;
	uint64_t total;
	enum sta_rc rc = sta_rest_enter(api, req, "read:packages", &r, err);

	if (rc != STA_OK)
		return rc;
	sta_rest_page(req, &page);
	rc = read_request(req, &request, err);
	if (rc != STA_OK)
		return rc;
	rc = sta_search_packages(api->r, &r->call, &request, &found, err);
	if (rc == STA_INVALID)
		return not_valid(err, err->msg);
	if (rc != STA_OK)
		return rc;
	total = page.span.total;
	page.span.total = total < STA_SEARCH_PAGED ? total : STA_SEARCH_PAGED;
	rc = sta_rest_link(r, req, res, &page, names, err);
	return rc == STA_OK ? sta_rest_reply(req, res,
					     json_pack("{s:I, s:b, s:o}", "total_count", (json_int_t) total,
						       "incomplete_results", (int) found.incomplete, "items",
						       items(r, req->arena, &found)),
					     err)
			    : rc;
}
