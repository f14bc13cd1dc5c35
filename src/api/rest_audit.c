/* The audit log, and names that are kept. */

#include "api/rest_manage.h"
#include "registry/grant.h"
#include "registry/rename.h"

static json_t *
entry_json(const struct sta_audit_line *e)
{
	const char *actor = e->actor[0] != '\0' ? e->actor : NULL;

	return json_pack("{s:I, s:o, s:s?, s:s, s:s, s:s}", "id", (json_int_t) e->id, "created_at",
			 sta_rest_time(e->created_unix), "actor", actor, "action", e->action, "target",
			 e->target, "detail", e->detail);
}

/* One more was asked for than a page has: it tells whether others follow. */
static enum sta_rc
reply(const struct sta_rest *r, struct sta_request *req, struct sta_response *res,
      const struct sta_audit_line *lines, size_t n, size_t max, struct sta_err *err)
{
	static const char *const names[] = { "target", "per_page", NULL };
	json_t *list = json_array();
	enum sta_rc rc = STA_OK;

	for (size_t i = 0; list && i < n && i < max; i++) {
		if (json_array_append_new(list, entry_json(&lines[i])) != 0) {
			json_decref(list);
			list = NULL;
		}
	}
	if (n > max)
		rc = sta_rest_link_before(r, req, res, lines[max - 1].id, names, err);
	if (rc != STA_OK)
		json_decref(list);
	return rc == STA_OK ? sta_rest_reply(req, res, list, err) : rc;
}

enum sta_rc
sta_get_audit_log(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	const char *target = sta_request_query(req, "target", 0);
	struct sta_api *api = ctx;
	struct sta_audit_line *lines = NULL;
	struct sta_rest_page page;
	struct sta_rest *r;
	size_t n = 0;
	enum sta_rc rc = sta_rest_enter_known(api, req, STA_REST_PASSWORD, &r, err);

	sta_rest_page(req, &page);
	if (rc == STA_OK)
		rc = sta_audit_read_site(api->r, &r->call, target ? target : "", page.span.before,
					 page.span.max + 1, &lines, &n, err);
	return rc == STA_OK ? reply(r, req, res, lines, n, page.span.max, err) : rc;
}

enum sta_rc
sta_get_org_audit_log(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_audit_line *lines = NULL;
	struct sta_rest_page page;
	struct sta_rest *r;
	size_t n = 0;
	enum sta_rc rc = sta_rest_enter_known(api, req, STA_REST_ORG_SCOPE, &r, err);

	sta_rest_page(req, &page);
	if (rc == STA_OK)
		rc = sta_audit_read_org(api->r, &r->call, req->param[0], page.span.before, page.span.max + 1,
					&lines, &n, err);
	return rc == STA_OK ? reply(r, req, res, lines, n, page.span.max, err) : rc;
}

static json_t *
name_json(const struct sta_rest *r, struct sta_arena *a, const void *items, size_t i, const void *about)
{
	const struct sta_name_kept *one = (const struct sta_name_kept *) items + i;

	(void) about;
	(void) r;
	(void) a;
	return json_pack("{s:s, s:s, s:s, s:o}", "name", one->name, "kind", sta_name_kind_text(one->kind),
			 "of", one->of, "created_at", sta_rest_time(one->since_unix));
}

enum sta_rc
sta_get_names(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_name_kept *names = NULL;
	struct sta_rest *r;
	size_t n = 0;
	enum sta_rc rc = sta_rest_enter_known(api, req, STA_REST_PASSWORD, &r, err);

	if (rc == STA_OK)
		rc = sta_names_kept(api->r, &r->call, &names, &n, err);
	return rc == STA_OK
		       ? sta_rest_list(r, req, res,
				       &(struct sta_rest_list){ .n = n, .items = names, .fn = name_json },
				       err)
		       : rc;
}

enum sta_rc
sta_delete_name(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest *r;
	enum sta_rc rc = sta_rest_enter_known(api, req, STA_REST_PASSWORD, &r, err);

	if (rc == STA_OK)
		rc = sta_name_release(api->r, &r->call, req->param[0], err);
	return rc == STA_OK ? sta_rest_done(res) : rc;
}
