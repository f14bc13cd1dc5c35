/* Issuers of workflows' tokens, and the rules that let their jobs in. */

#include <string.h>

#include "api/rest_manage.h"
#include "crypto/jwt.h"
#include "registry/issuer.h"
#include "registry/workflow.h"

static json_t *
issuer_json(const struct sta_rest *r, struct sta_arena *a, const void *items, size_t i, const void *about)
{
	const struct sta_issuer *one = (const struct sta_issuer *) items + i;

	(void) about;
	(void) r;
	(void) a;
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:b, s:o}", "name", one->name, "url", one->url,
			 "audience", one->audience, "claims", sta_rest_split(one->claims, '\n'),
			 "read_events", sta_rest_split(one->read_events, '\n'), "keys_given", one->keys_given,
			 "created_at", sta_rest_time(one->created_unix));
}

enum sta_rc
sta_get_issuers(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest *r;
	struct sta_issuer *all = NULL;
	size_t n = 0;
	enum sta_rc rc = sta_rest_enter_known(api, req, STA_REST_PASSWORD, &r, err);

	if (rc == STA_OK)
		rc = sta_issuer_all(api->r, &r->call, &all, &n, err);
	return rc == STA_OK
		       ? sta_rest_list(r, req, res,
				       &(struct sta_rest_list){ .n = n, .items = all, .fn = issuer_json },
				       err)
		       : rc;
}

/* An empty array is a value of its own here: no claims, no events. */
static enum sta_rc
lines_of(struct sta_arena *a, const char *field, const struct sta_rest_value *texts, const char **out,
	 struct sta_err *err)
{
	*out = "";
	if (texts->given && !texts->null && texts->n == 0)
		return STA_OK;
	return sta_rest_join(a, field, texts, '\n', out, err);
}

static enum sta_rc
read_issuer(struct sta_request *req, struct sta_issuer_request *out, struct sta_err *err)
{
	struct sta_rest_value name, profile, url, audience, claims, events, keys;
	const struct sta_rest_field fields[] = {
		{ "name", STA_REST_TEXT, STA_REST_REQUIRED, &name },
		{ "profile", STA_REST_TEXT, 0, &profile },
		{ "url", STA_REST_TEXT, 0, &url },
		{ "audience", STA_REST_TEXT, STA_REST_REQUIRED, &audience },
		{ "claims", STA_REST_TEXTS, 0, &claims },
		{ "read_events", STA_REST_TEXTS, 0, &events },
		{ "keys", STA_REST_TEXT, 0, &keys },
	};
	enum sta_rc rc = sta_rest_body(req, fields, STA_REST_N(fields), err);

	if (rc == STA_OK)
		rc = lines_of(req->arena, "claims", &claims, &out->claims, err);
	if (rc == STA_OK)
		rc = lines_of(req->arena, "read_events", &events, &out->read_events, err);
	out->name = name.text;
	out->profile = profile.given ? profile.text : "none";
	out->url = url.text;
	out->audience = audience.text;
	out->keys = keys.text;
	return rc;
}

enum sta_rc
sta_post_issuer(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_issuer_request wanted = { 0 };
	struct sta_issuer made;
	struct sta_rest *r;
	enum sta_rc rc = sta_rest_enter_known(api, req, STA_REST_PASSWORD, &r, err);

	if (rc == STA_OK)
		rc = read_issuer(req, &wanted, err);
	if (rc == STA_OK)
		rc = sta_rest_verdict(sta_issuer_add(api->r, &r->call, &wanted, &made, err), err);
	return rc == STA_OK ? sta_rest_say(req, res, 201, issuer_json(r, req->arena, &made, 0, NULL), err)
			    : rc;
}

/* Who calls, and the issuer of the path. */
static enum sta_rc
enter(struct sta_api *api, struct sta_request *req, struct sta_rest **r, struct sta_issuer *out,
      struct sta_err *err)
{
	struct sta_issuer *all = NULL;
	size_t n = 0;
	enum sta_rc rc = sta_rest_enter_known(api, req, STA_REST_PASSWORD, r, err);

	if (rc == STA_OK)
		rc = sta_issuer_all(api->r, &(*r)->call, &all, &n, err);
	if (rc != STA_OK)
		return rc;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(all[i].name, req->param[0]) == 0) {
			*out = all[i];
			return STA_OK;
		}
	}
	return sta_err_set(err, STA_NOT_FOUND, 0, "no issuer '%.*s'", STA_ISSUER_NAME_MAX, req->param[0]);
}

enum sta_rc
sta_get_issuer(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_rest *r;
	struct sta_issuer issuer;
	enum sta_rc rc = enter(ctx, req, &r, &issuer, err);

	return rc == STA_OK ? sta_rest_reply(req, res, issuer_json(r, req->arena, &issuer, 0, NULL), err)
			    : rc;
}

enum sta_rc
sta_delete_issuer(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_rest *r;
	struct sta_issuer issuer;
	enum sta_rc rc = enter(api, req, &r, &issuer, err);

	if (rc == STA_OK)
		rc = sta_issuer_delete(api->r, &r->call, issuer.name, err);
	return rc == STA_OK ? sta_rest_done(res) : rc;
}

/* --- rules --- */

static json_t *
rule_json(const struct sta_rest *r, struct sta_arena *a, const void *items, size_t i, const void *about)
{
	const struct sta_issuer_rule *one = (const struct sta_issuer_rule *) items + i;

	(void) about;
	(void) r;
	(void) a;
	return json_pack("{s:I, s:s, s:o, s:s?, s:s, s:o}", "id", (json_int_t) one->id, "issuer", one->issuer,
			 "conditions", sta_rest_split(one->conditions, '\n'), "repository", one->repository,
			 "role", sta_role_name(one->role), "created_at", sta_rest_time(one->created_unix));
}

static enum sta_rc
enter_rules(struct sta_api *api, struct sta_request *req, struct sta_rest **r, struct sta_issuer_rule **out,
	    size_t *n, struct sta_err *err)
{
	enum sta_rc rc = sta_rest_enter_known(api, req, STA_REST_PASSWORD, r, err);

	return rc == STA_OK ? sta_issuer_rules(api->r, &(*r)->call, req->param[0], out, n, err) : rc;
}

enum sta_rc
sta_get_issuer_rules(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_rest *r;
	struct sta_issuer_rule *all = NULL;
	size_t n = 0;
	enum sta_rc rc = enter_rules(ctx, req, &r, &all, &n, err);

	return rc == STA_OK
		       ? sta_rest_list(r, req, res,
				       &(struct sta_rest_list){ .n = n, .items = all, .fn = rule_json }, err)
		       : rc;
}

enum sta_rc
sta_post_issuer_rule(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_rest_value conditions, repository, word;
	const struct sta_rest_field fields[] = {
		{ "conditions", STA_REST_TEXTS, STA_REST_REQUIRED, &conditions },
		{ "repository", STA_REST_TEXT, STA_REST_OR_NULL, &repository },
		{ "role", STA_REST_TEXT, STA_REST_REQUIRED, &word },
	};
	struct sta_api *api = ctx;
	struct sta_issuer_rule rule = { .id = 0 };
	struct sta_issuer issuer;
	struct sta_rest *r;
	enum sta_rc rc = enter(api, req, &r, &issuer, err);

	if (rc == STA_OK)
		rc = sta_rest_body(req, fields, STA_REST_N(fields), err);
	if (rc == STA_OK)
		rc = sta_rest_join(req->arena, "conditions", &conditions, '\n', &rule.conditions, err);
	if (rc == STA_OK)
		rc = sta_rest_role(&word, false, &rule.role, err);
	if (rc != STA_OK)
		return rc;
	rule.issuer = issuer.name;
	rule.repository = repository.text;
	rc = sta_rest_verdict(sta_issuer_allow(api->r, &r->call, &rule, err), err);
	return rc == STA_OK ? sta_rest_say(req, res, 201, rule_json(r, req->arena, &rule, 0, NULL), err) : rc;
}

enum sta_rc
sta_delete_issuer_rule(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_api *api = ctx;
	struct sta_issuer_rule *all = NULL;
	struct sta_rest *r;
	int64_t id;
	size_t n = 0;
	size_t i = 0;
	enum sta_rc rc = enter_rules(api, req, &r, &all, &n, err);

	if (rc != STA_OK)
		return rc;
	id = sta_rest_id(req->param[1]);
	while (i < n && all[i].id != id)
		i++;
	if (i == n) /* none, or another issuer's */
		return sta_err_set(err, STA_NOT_FOUND, 0, "no rule %lld", (long long) id);
	rc = sta_issuer_disallow(api->r, &r->call, id, err);
	return rc == STA_OK ? sta_rest_done(res) : rc;
}

/* --- what would become of a token --- */

static json_t *
verdict_json(const struct sta_workflow_verdict *v)
{
	bool allowed = v->rule_id != 0;

	return json_pack("{s:b, s:s?, s:s?, s:o, s:s?, s:s?}", "allowed", allowed, "issuer", v->issuer,
			 "repository", allowed ? v->repository : NULL, "rule_id",
			 allowed ? json_integer(v->rule_id) : json_null(), "role",
			 allowed ? sta_role_name(v->most) : NULL, "why", allowed ? NULL : v->why);
}

enum sta_rc
sta_post_issuer_explain(void *ctx, struct sta_request *req, struct sta_response *res, struct sta_err *err)
{
	struct sta_rest_value token;
	const struct sta_rest_field fields[] = { { "token", STA_REST_TEXT, STA_REST_REQUIRED, &token } };
	struct sta_api *api = ctx;
	struct sta_workflow_verdict verdict;
	struct sta_rest *r;
	enum sta_rc rc = sta_rest_enter_known(api, req, STA_REST_PASSWORD, &r, err);

	if (rc == STA_OK)
		rc = sta_rest_body(req, fields, STA_REST_N(fields), err);
	if (rc == STA_OK && strlen(token.text) > STA_JWT_MAX)
		rc = sta_rest_fail(err, STA_INVALID, 422, "Invalid argument. token has at most %d bytes.",
				   STA_JWT_MAX);
	if (rc == STA_OK)
		rc = sta_workflow_explain(api->r, &r->call, token.text, strlen(token.text), &verdict, err);
	return rc == STA_OK ? sta_rest_say(req, res, 200, verdict_json(&verdict), err) : rc;
}
