#include <string.h>

#include "api/rest_body.h"
#include "base/clock.h"
#include "base/parse.h"
#include "registry/tag.h"

/* What the path of a tag says. */
struct asked {
	struct sta_rest_asked at;
	struct sta_name name;
	const char *tag; /* or NULL */
};

static enum sta_rc
enter(struct sta_api *api, struct sta_request *req, const char *scope, bool of_tag, struct asked *out,
      struct sta_err *err)
{
	enum sta_rc rc = sta_rest_enter_package(api, req, scope, &out->at, err);

	if (rc == STA_OK && !sta_name_parse(out->at.full, strlen(out->at.full), &out->name))
		return sta_err_set(err, STA_NOT_FOUND, 0, "Package not found.");
	out->tag = rc == STA_OK && of_tag ? req->param[out->at.param] : NULL;
	return rc;
}

/* --- objects --- */

static const char *
package_url(const struct asked *x, struct sta_arena *a)
{
	const struct sta_published_package *p = &x->at.package;
	const char *name = sta_percent_encode(a, p->name);

	return name ? sta_arena_printf(a, "%s/api/v3/%s/%s/packages/container/%s", x->at.r->base,
				       p->owner.kind == STA_OWNER_ORGANIZATION ? "orgs" : "users",
				       p->owner.name, name)
		    : NULL;
}

/* What can be pulled: "registry.example.com/acme/app@sha256:..." */
static json_t *
reference(const struct asked *x, struct sta_arena *a, const struct sta_digest *d)
{
	char digest[STA_DIGEST_TEXT_MAX];
	const char *host = strstr(x->at.r->base, "://");
	const char *text =
		sta_arena_printf(a, "%s/%s/%s@%s", host ? host + strlen("://") : x->at.r->base,
				 x->at.package.owner.name, x->at.package.name, sta_digest_text(d, digest));

	return text ? json_string(text) : NULL;
}

static json_t *
digest_json(const struct sta_digest *d)
{
	char text[STA_DIGEST_TEXT_MAX];

	return json_string(sta_digest_text(d, text));
}

static json_t *
version_url(const char *url, struct sta_arena *a, int64_t id)
{
	const char *text = sta_arena_printf(a, "%s/versions/%lld", url, (long long) id);

	return text ? json_string(text) : NULL;
}

static json_t *
tag_json(const struct asked *x, struct sta_arena *a, const struct sta_tag_row *t)
{
	const char *url = package_url(x, a);
	const char *self = url ? sta_arena_printf(a, "%s/tags/%s", url, t->name) : NULL;

	if (!self)
		return NULL;
	return json_pack("{s:s, s:o, s:I, s:o, s:o, s:o, s:o, s:s}", "name", t->name, "digest",
			 digest_json(&t->digest), "package_version_id", (json_int_t) t->manifest_id,
			 "package_version_url", version_url(url, a, t->manifest_id), "created_at",
			 sta_rest_time(t->created_unix), "updated_at", sta_rest_time(t->updated_unix),
			 "reference", reference(x, a, &t->digest), "url", self);
}

static json_t *
tag_list(const struct asked *x, struct sta_arena *a, const struct sta_tag_row *items, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		if (json_array_append_new(list, tag_json(x, a, &items[i])) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static const char *
event_name(const struct sta_tag_event *e)
{
	if (!e->was)
		return "created";
	return e->is ? "moved" : "removed";
}

static json_t *
event_list(const struct sta_tag_event *items, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		const struct sta_tag_event *e = &items[i];
		json_t *j = json_pack("{s:I, s:s, s:s, s:o, s:o, s:o, s:o}", "number", (json_int_t) e->number,
				      "tag", e->tag, "action", event_name(e), "old_digest",
				      e->was ? digest_json(&e->old) : json_null(), "new_digest",
				      e->is ? digest_json(&e->new) : json_null(), "actor",
				      *e->actor ? json_string(e->actor) : json_null(), "created_at",
				      sta_rest_time(e->created_unix));

		if (json_array_append_new(list, j) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *
past_json(const struct asked *x, struct sta_arena *a, const struct sta_tag_past *p, int64_t at_unix)
{
	const char *url = package_url(x, a);
	bool there = p->version_id != 0;

	if (!url)
		return NULL;
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "name", x->tag, "digest",
			 digest_json(&p->digest), "package_version_id",
			 there ? json_integer((json_int_t) p->version_id) : json_null(),
			 "package_version_url", there ? version_url(url, a, p->version_id) : json_null(),
			 "at", sta_rest_time(at_unix), "since", sta_rest_time(p->since_unix), "reference",
			 reference(x, a, &p->digest));
}

/* --- reading --- */

static enum sta_rc
bad_argument(const char *what, struct sta_err *err)
{
	return sta_rest_fail(err, STA_INVALID, 422, "Invalid argument. %s", what);
}

/* ?sort= and ?direction=: by the last change, the newest first, unless asked otherwise. */
static enum sta_rc
read_order(struct sta_request *req, enum sta_tag_order *out, struct sta_err *err)
{
	const char *sort = sta_request_query(req, "sort", 0);
	const char *direction = sta_request_query(req, "direction", 0);
	bool by_name = sort && strcmp(sort, "name") == 0;
	bool down = direction ? strcmp(direction, "desc") == 0 : !by_name;

	if (sort && !by_name && strcmp(sort, "updated") != 0)
		return bad_argument("sort is updated or name.", err);
	if (direction && !down && strcmp(direction, "asc") != 0)
		return bad_argument("direction is asc or desc.", err);
	if (by_name)
		*out = down ? STA_TAGS_BY_NAME_DOWN : STA_TAGS_BY_NAME;
	else
		*out = down ? STA_TAGS_NEWEST : STA_TAGS_OLDEST;
	return STA_OK;
}

enum sta_rc
sta_get_package_tags(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	static const char *const names[] = { "sort", "direction", "per_page", NULL };
	struct sta_api *api = ctx;
	enum sta_tag_order order = STA_TAGS_NEWEST;
	struct sta_tag_row *items = NULL;
	struct sta_rest_page page;
	struct asked x;
	size_t n = 0;
	enum sta_rc rc = enter(api, req, "read:packages", false, &x, err);

	if (rc == STA_OK)
		rc = read_order(req, &order, err);
	if (rc != STA_OK)
		return rc;
	sta_rest_page(req, &page);
	rc = sta_tag_page_of(api->r, &x.at.r->call, &x.name, order, &page.span, &items, &n, err);
	if (rc == STA_OK)
		rc = sta_rest_link(x.at.r, req, res, &page, names, err);
	return rc == STA_OK ? sta_rest_reply(req, res, tag_list(&x, req->arena, items, n), err) : rc;
}

static enum sta_rc
read_time(const char *text, const char *name, int64_t *out, struct sta_err *err)
{
	if (sta_time_parse(text, out))
		return STA_OK;
	return sta_rest_fail(err, STA_INVALID, 422,
			     "Invalid argument. %s is a time, like 2026-11-20T09:30:12Z.", name);
}

static enum sta_rc
get_past(struct sta_api *api, struct sta_request *req, struct sta_response *res, const struct asked *x,
	 const char *at, struct sta_err *err)
{
	struct sta_tag_past past;
	int64_t at_unix = 0;
	enum sta_rc rc = read_time(at, "at", &at_unix, err);

	if (rc == STA_OK)
		rc = sta_tag_at(api->r, &x->at.r->call, &x->name, x->tag, at_unix, &past, err);
	return rc == STA_OK ? sta_rest_reply(req, res, past_json(x, req->arena, &past, at_unix), err) : rc;
}

/* ?at=: where it led then. */
enum sta_rc
sta_get_package_tag(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	const char *at = sta_request_query(req, "at", 0);
	struct sta_tag_row row;
	struct asked x;
	enum sta_rc rc = enter(api, req, "read:packages", true, &x, err);

	if (rc == STA_OK && at)
		return get_past(api, req, res, &x, at, err);
	if (rc == STA_OK)
		rc = sta_tag_get(api->r, &x.at.r->call, &x.name, x.tag, &row, err);
	return rc == STA_OK ? sta_rest_reply(req, res, tag_json(&x, req->arena, &row), err) : rc;
}

static enum sta_rc
get_history(struct sta_api *api, struct sta_request *req, struct sta_response *res, const struct asked *x,
	    struct sta_err *err)
{
	static const char *const names[] = { "per_page", NULL };
	struct sta_tag_event *items = NULL;
	struct sta_rest_page page;
	size_t n = 0;
	enum sta_rc rc;

	sta_rest_page(req, &page);
	rc = sta_tag_history(api->r, &x->at.r->call, &x->name, x->tag, &page.span, &items, &n, err);
	if (rc != STA_OK)
		return rc;
	page.end = page.span.more ? items[n - 1].number : 0;
	rc = sta_rest_link(x->at.r, req, res, &page, names, err);
	return rc == STA_OK ? sta_rest_reply(req, res, event_list(items, n), err) : rc;
}

enum sta_rc
sta_get_tag_history(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct asked x;
	enum sta_rc rc = enter(ctx, req, "read:packages", true, &x, err);

	return rc == STA_OK ? get_history(ctx, req, res, &x, err) : rc;
}

enum sta_rc
sta_get_package_history(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct asked x;
	enum sta_rc rc = enter(ctx, req, "read:packages", false, &x, err);

	return rc == STA_OK ? get_history(ctx, req, res, &x, err) : rc;
}

/* --- changing --- */

static enum sta_rc
read_target(struct sta_request *req, struct sta_tag_target *out, struct sta_digest *digest,
	    struct sta_err *err)
{
	struct sta_rest_value d, tag, id;
	const struct sta_rest_field fields[] = {
		{ "digest", STA_REST_TEXT, 0, &d },
		{ "tag", STA_REST_TEXT, 0, &tag },
		{ "package_version_id", STA_REST_NUMBER, 0, &id },
	};
	enum sta_rc rc = sta_rest_body(req, fields, STA_REST_N(fields), err);

	if (rc != STA_OK)
		return rc;
	if (d.given + tag.given + id.given != 1)
		return bad_argument("Give one of digest, tag and package_version_id.", err);
	if (d.given && !sta_digest_parse(d.text, strlen(d.text), digest))
		return bad_argument("digest is sha256: or sha512: and as many hexadecimal digits as it has.",
				    err);
	if (id.given && id.number <= 0)
		return bad_argument("package_version_id is the id of a version.", err);
	*out = (struct sta_tag_target){ .digest = d.given ? digest : NULL,
					.tag = tag.text,
					.version_id = id.given ? id.number : 0 };
	return STA_OK;
}

enum sta_rc
sta_put_package_tag(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_tag_target to;
	struct sta_digest digest;
	struct sta_tag_row row;
	bool made = false;
	struct asked x;
	enum sta_rc rc = enter(api, req, "write:packages", true, &x, err);

	if (rc == STA_OK)
		rc = read_target(req, &to, &digest, err);
	if (rc == STA_OK)
		rc = sta_rest_verdict(
			sta_tag_point(api->r, &x.at.r->call, &x.name, x.tag, &to, &row, &made, err), err);
	if (rc == STA_OK)
		rc = sta_rest_reply(req, res, tag_json(&x, req->arena, &row), err);
	if (rc == STA_OK && made)
		res->status = 201;
	return rc;
}

enum sta_rc
sta_delete_package_tag(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct asked x;
	enum sta_rc rc = enter(api, req, "delete:packages", true, &x, err);

	if (rc == STA_OK)
		rc = sta_rest_no_body(req, err);
	if (rc == STA_OK)
		rc = sta_rest_verdict(sta_tag_drop(api->r, &x.at.r->call, &x.name, x.tag, err), err);
	return rc == STA_OK ? sta_rest_done(res) : rc;
}

static enum sta_rc
read_rollback(struct sta_request *req, struct sta_tag_rollback *out, int64_t *at_unix, struct sta_err *err)
{
	struct sta_rest_value number, at;
	const struct sta_rest_field fields[] = {
		{ "number", STA_REST_NUMBER, 0, &number },
		{ "at", STA_REST_TEXT, 0, &at },
	};
	enum sta_rc rc = sta_rest_body(req, fields, STA_REST_N(fields), err);

	*out = (struct sta_tag_rollback){ 0 };
	if (rc != STA_OK)
		return rc;
	if (number.given && at.given)
		return bad_argument("Give number or at, or neither.", err);
	if (number.given && number.number <= 0)
		return bad_argument("number is that of an event of the tag.", err);
	out->number = number.number;
	if (!at.given)
		return STA_OK;
	out->at_unix = at_unix;
	return read_time(at.text, "at", at_unix, err);
}

enum sta_rc
sta_post_tag_rollback(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_tag_rollback to;
	struct sta_tag_row row;
	int64_t at_unix = 0;
	struct asked x;
	enum sta_rc rc = enter(api, req, "write:packages", true, &x, err);

	if (rc == STA_OK)
		rc = read_rollback(req, &to, &at_unix, err);
	if (rc == STA_OK)
		rc = sta_rest_verdict(
			sta_tag_roll_back(api->r, &x.at.r->call, &x.name, x.tag, &to, &row, err), err);
	return rc == STA_OK ? sta_rest_reply(req, res, tag_json(&x, req->arena, &row), err) : rc;
}
