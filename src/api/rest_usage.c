#include <string.h>

#include "api/rest.h"
#include "api/rest_body.h"
#include "base/clock.h"
#include "registry/sizes.h"
#include "registry/statistics.h"

#define DAY_S 86400
#define DAY_TEXT ((size_t) 10) /* "2026-11-22" */
#define DAYS 30                /* without from */
#define VALUE_MAX 256          /* of a parameter */

/* --- what is asked for --- */

static enum sta_rc
invalid(struct sta_err *err, const char *what)
{
	return sta_rest_fail(err, STA_INVALID, 422, "Invalid argument. %s", what);
}

/* A day in UTC, "2026-11-22"; *out stays as it is without the parameter. */
static enum sta_rc
read_day(struct sta_request *req, const char *name, bool *given, int64_t *out, struct sta_err *err)
{
	const char *text = sta_request_query(req, name, 0);
	int64_t unix_time = 0;

	*given = text != NULL;
	if (!text)
		return STA_OK;
	if (strlen(text) != DAY_TEXT || !sta_time_parse(text, &unix_time))
		return sta_rest_fail(err, STA_INVALID, 422,
				     "Invalid argument. %s is a day, such as 2026-11-22.", name);
	*out = unix_time / DAY_S;
	return STA_OK;
}

/* The last days up to today, unless the request says otherwise. */
static enum sta_rc
read_days(struct sta_request *req, struct sta_statistics_query *q, struct sta_err *err)
{
	bool has_from = false;
	bool has_to = false;
	enum sta_rc rc;

	q->to = sta_now_unix() / DAY_S;
	rc = read_day(req, "to", &has_to, &q->to, err);
	q->from = q->to >= DAYS ? q->to - DAYS + 1 : 0;
	return rc == STA_OK ? read_day(req, "from", &has_from, &q->from, err) : rc;
}

static const char *const by_words[] = {
	[STA_BY_DAY] = "day",
	[STA_BY_TAG] = "tag",
	[STA_BY_DIGEST] = "digest",
	[STA_BY_PLATFORM] = "platform",
};

static enum sta_rc
read_by(struct sta_request *req, enum sta_statistics_by *out, struct sta_err *err)
{
	const char *text = sta_request_query(req, "by", 0);

	*out = STA_BY_DAY;
	if (!text)
		return STA_OK;
	for (enum sta_statistics_by by = STA_BY_DAY; by <= STA_BY_PLATFORM; by++)
		if (strcmp(text, by_words[by]) == 0) {
			*out = by;
			return STA_OK;
		}
	return invalid(err, "by is one of day, tag, digest, platform.");
}

static enum sta_rc
read_text(struct sta_request *req, const char *name, const char **out, struct sta_err *err)
{
	*out = sta_request_query(req, name, 0);
	if (*out && strlen(*out) > VALUE_MAX)
		return sta_rest_fail(err, STA_INVALID, 422, "Invalid argument. %s has at most %d characters.",
				     name, VALUE_MAX);
	return STA_OK;
}

static enum sta_rc
read_query(struct sta_request *req, struct sta_statistics_query *q, struct sta_digest *digest,
	   struct sta_err *err)
{
	const char *text = sta_request_query(req, "digest", 0);
	enum sta_rc rc = read_by(req, &q->by, err);

	if (rc == STA_OK)
		rc = read_days(req, q, err);
	if (rc == STA_OK)
		rc = read_text(req, "tag", &q->tag, err);
	if (rc == STA_OK)
		rc = read_text(req, "platform", &q->platform, err);
	if (rc != STA_OK || !text)
		return rc;
	if (!sta_digest_parse(text, strlen(text), digest))
		return invalid(err, "digest is sha256: or sha512: with its digits.");
	q->digest = digest;
	return STA_OK;
}

/* --- statistics --- */

static const char *
day_text(int64_t day, char out[STA_TIME_TEXT_MAX])
{
	(void) sta_time_rfc3339(day * DAY_S, out);
	out[DAY_TEXT] = '\0';
	return out;
}

static json_t *
item_of(enum sta_statistics_by by, const struct sta_pull_sum *sum)
{
	char day[STA_TIME_TEXT_MAX];
	char digest[STA_DIGEST_TEXT_MAX];
	const char *value = sum->name;

	if (by == STA_BY_DAY)
		value = day_text(sum->day, day);
	else if (by == STA_BY_DIGEST)
		value = sta_digest_text(&sum->digest, digest);
	return json_pack("{s:s, s:I, s:I}", by_words[by], value, "pulls", (json_int_t) sum->pulls, "heads",
			 (json_int_t) sum->heads);
}

static json_t *
statistics_object(const struct sta_statistics_query *q, const struct sta_statistics *got)
{
	char from[STA_TIME_TEXT_MAX];
	char to[STA_TIME_TEXT_MAX];
	json_t *items = json_array();

	for (size_t i = 0; i < got->n; i++)
		if (json_array_append_new(items, item_of(q->by, &got->items[i])) != 0) {
			json_decref(items);
			return NULL;
		}
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:o, s:b}", "from", day_text(q->from, from), "to",
			 day_text(q->to, to), "by", by_words[q->by], "pulls", (json_int_t) got->pulls,
			 "heads", (json_int_t) got->heads, "items", items, "more", (int) got->more);
}

enum sta_rc
sta_get_statistics(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest_asked x;
	struct sta_statistics_query q = { .by = STA_BY_DAY };
	struct sta_statistics got = { .n = 0 };
	struct sta_digest digest;
	enum sta_rc rc = sta_rest_enter_package(api, req, "read:packages", &x, err);

	if (rc == STA_OK)
		rc = read_query(req, &q, &digest, err);
	if (rc == STA_OK)
		rc = sta_rest_verdict(
			sta_package_statistics(api->r, &x.r->call, x.owner, x.name, &q, &got, err), err);
	return rc == STA_OK ? sta_rest_reply(req, res, statistics_object(&q, &got), err) : rc;
}

/* --- sizes --- */

static json_t *
sizes_object(const struct sta_sizes *s)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "bytes", (json_int_t) s->bytes, "unique_bytes",
			 (json_int_t) (s->bytes - s->shared), "shared_bytes", (json_int_t) s->shared,
			 "freed_bytes", (json_int_t) s->freed, "versions", (json_int_t) s->versions, "blobs",
			 (json_int_t) s->blobs);
}

enum sta_rc
sta_get_package_size(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest_asked x;
	struct sta_sizes got;
	enum sta_rc rc = sta_rest_enter_package(api, req, "read:packages", &x, err);

	if (rc == STA_OK)
		rc = sta_package_size(api->r, &x.r->call, x.owner, x.name, &got, err);
	return rc == STA_OK ? sta_rest_reply(req, res, sizes_object(&got), err) : rc;
}

enum sta_rc
sta_get_version_size(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest_asked x;
	struct sta_version_asked v;
	struct sta_sizes got;
	bool cascade = false;
	int64_t id = 0;
	enum sta_rc rc = sta_rest_enter_package(api, req, "read:packages", &x, err);

	if (rc == STA_OK)
		rc = sta_rest_version_id(req->param[x.param], &id, err);
	if (rc == STA_OK)
		rc = sta_rest_query_flag(req, "cascade", &cascade, err);
	if (rc != STA_OK)
		return rc;
	v = (struct sta_version_asked){ .owner = x.owner, .name = x.name, .id = id };
	v.cascade = sta_request_query(req, "cascade", 0) ? &cascade : NULL; /* else as the options say */
	rc = sta_version_size(api->r, &x.r->call, &v, &got, err);
	return rc == STA_OK ? sta_rest_reply(req, res, sizes_object(&got), err) : rc;
}
