#include "registry/claims.h"

#include <string.h>

#include "base/json.h"
#include "crypto/random.h"

#define AUDIENCE "registry"
/* Base64 adds a third, header and signature the rest. */
#define PAYLOAD_MAX ((size_t) (STA_JWS_MAX - 512) / 4 * 3)

static const char *const kinds[] = {
	[STA_CLAIMS_ACCESS] = "access",
	[STA_CLAIMS_REFRESH] = "refresh",
	[STA_CLAIMS_WORKFLOW] = "workflow",
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const struct {
	const char *word;
	enum sta_action action;
} actions[] = {
	{ "pull", STA_ACTION_READ },
	{ "push", STA_ACTION_WRITE },
	{ "delete", STA_ACTION_DELETE },
};
#define N_ACTIONS (sizeof(actions) / sizeof(actions[0]))

/* item may be NULL, for out of memory; it is consumed. */
static bool
append(json_t *list, json_t *item)
{
	return item && json_array_append_new(list, item) == 0;
}

static json_t *
write_actions(unsigned bits)
{
	json_t *list = json_array();
	bool ok = list != NULL;

	for (size_t i = 0; i < N_ACTIONS && ok; i++)
		if (bits & STA_ACTION_BIT(actions[i].action))
			ok = append(list, json_string(actions[i].word));
	if (ok)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *
registry_right(const char *name)
{
	return json_pack("{s:s, s:s, s:[s]}", "type", "registry", "name", name, "actions", "*");
}

static json_t *
repository_right(const struct sta_limit *limit)
{
	return json_pack("{s:s, s:s, s:o}", "type", "repository", "name", limit->name, "actions",
			 write_actions(limit->actions));
}

/* All of it or NULL: a token that is good for less than was asked would be a riddle. */
static json_t *
write_access(const struct sta_claims *claims)
{
	json_t *list = json_array();
	bool ok = list != NULL;

	for (size_t i = 0; i < claims->n_limits && ok; i++)
		ok = append(list, repository_right(&claims->limits[i]));
	if (ok && claims->catalog)
		ok = append(list, registry_right("catalog"));
	if (ok && claims->mounts)
		ok = append(list, registry_right("mount"));
	if (ok)
		return list;
	json_decref(list);
	return NULL;
}

static bool
write_rule(json_t *j, const struct sta_claims *claims)
{
	return json_object_set_new(j, "rul", json_integer((json_int_t) claims->rule_id)) == 0 &&
	       json_object_set_new(j, "max", json_integer((json_int_t) claims->most)) == 0;
}

char *
sta_claims_write(struct sta_arena *a, const struct sta_claims *claims, const char *id)
{
	json_t *j =
		json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:o}", "iss",
			  STA_CLAIMS_ISSUER, "aud", AUDIENCE, "typ", kinds[claims->kind], "sub",
			  claims->login, "uid", (json_int_t) claims->user_id, "tid",
			  (json_int_t) claims->token_id, "epo", (json_int_t) claims->epoch, "iat",
			  (json_int_t) claims->issued_unix, "nbf", (json_int_t) claims->issued_unix, "exp",
			  (json_int_t) claims->expires_unix, "jti", id, "access", write_access(claims));

	j = sta_json_own(a, j);
	if (claims->rule_id != 0 && !write_rule(j, claims))
		return NULL;
	return j ? sta_json_dump(a, j) : NULL;
}

enum sta_rc
sta_claims_sign(const struct sta_sign_key *key, struct sta_arena *a, const struct sta_claims *claims,
		char **out, struct sta_err *err)
{
	char id[STA_UUID_TEXT_MAX];
	char *payload;
	enum sta_rc rc = sta_random_uuid(id, err);

	if (rc != STA_OK)
		return rc;
	payload = sta_claims_write(a, claims, id);
	if (!payload)
		return sta_err_set(err, STA_NOMEM, 0, "token");
	if (strlen(payload) > PAYLOAD_MAX)
		return sta_err_set(err, STA_INVALID, 0, "too many scopes for one token");
	return sta_sign_jws(key, a, payload, strlen(payload), out, err);
}

static bool
is_text(const json_t *j, const char *key, const char *wanted)
{
	const char *s = json_string_value(json_object_get(j, key));

	return s && strcmp(s, wanted) == 0;
}

static bool
read_int(const json_t *j, const char *key, int64_t *out)
{
	const json_t *v = json_object_get(j, key);

	if (!json_is_integer(v))
		return false;
	*out = (int64_t) json_integer_value(v);
	return *out >= 0;
}

static bool
read_actions(const json_t *list, unsigned *bits)
{
	*bits = 0;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *word = json_string_value(json_array_get(list, i));

		for (size_t k = 0; word && k < N_ACTIONS; k++)
			if (strcmp(word, actions[k].word) == 0)
				*bits |= STA_ACTION_BIT(actions[k].action);
	}
	return json_is_array(list);
}

/* limits has room for all of the list. */
static bool
read_access(const json_t *list, struct sta_limit *limits, struct sta_claims *out)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		const char *name = json_string_value(json_object_get(item, "name"));
		struct sta_limit *l = &limits[out->n_limits];

		if (!name || !read_actions(json_object_get(item, "actions"), &l->actions))
			return false;
		if (is_text(item, "type", "registry")) {
			out->catalog |= strcmp(name, "catalog") == 0;
			out->mounts |= strcmp(name, "mount") == 0;
			continue;
		}
		if (!is_text(item, "type", "repository"))
			return false;
		l->name = name; /* json is owned by the arena */
		out->n_limits++;
	}
	out->limits = limits;
	return json_is_array(list);
}

static bool
read_kind(const json_t *j, struct sta_claims *out)
{
	size_t i = 0;

	while (i < N_KINDS && !is_text(j, "typ", kinds[i]))
		i++;
	out->kind = (enum sta_claims_kind) i;
	return i < N_KINDS;
}

/* A workflow's has both, any other neither. */
static bool
read_rule(const json_t *j, struct sta_claims *out)
{
	int64_t most;

	if (!json_object_get(j, "rul") && !json_object_get(j, "max"))
		return out->kind != STA_CLAIMS_WORKFLOW;
	if (!read_int(j, "rul", &out->rule_id) || !read_int(j, "max", &most) || most > STA_ROLE_ADMIN)
		return false;
	out->most = (enum sta_role) most;
	return out->rule_id > 0;
}

static bool
read_claims(const json_t *j, struct sta_limit *limits, struct sta_claims *out)
{
	int64_t not_before;

	if (!is_text(j, "iss", STA_CLAIMS_ISSUER) || !is_text(j, "aud", AUDIENCE) || !read_kind(j, out) ||
	    !read_rule(j, out))
		return false;
	out->login = json_string_value(json_object_get(j, "sub"));
	return out->login && read_int(j, "uid", &out->user_id) && read_int(j, "tid", &out->token_id) &&
	       read_int(j, "epo", &out->epoch) && read_int(j, "iat", &out->issued_unix) &&
	       read_int(j, "nbf", &not_before) && not_before <= out->issued_unix &&
	       read_int(j, "exp", &out->expires_unix) &&
	       read_access(json_object_get(j, "access"), limits, out);
}

enum sta_rc
sta_claims_read(struct sta_arena *a, const char *json, size_t len, struct sta_claims *out,
		struct sta_err *err)
{
	struct sta_claims got = { .n_limits = 0 };
	struct sta_limit *limits;
	json_t *j = NULL;
	enum sta_rc rc = sta_json_load(a, json, len, &j, err);

	if (rc == STA_NOMEM)
		return rc;
	limits = sta_arena_alloc(a, json_array_size(json_object_get(j, "access")) * sizeof(*limits));
	if (!limits)
		return sta_err_set(err, STA_NOMEM, 0, "token");
	if (rc != STA_OK || !read_claims(j, limits, &got))
		return sta_err_set(err, STA_UNAUTHENTICATED, 0,
				   "authentication required: the token is malformed");
	*out = got;
	return STA_OK;
}

bool
sta_limits_copy(struct sta_arena *a, const struct sta_limit **limits, size_t n)
{
	struct sta_limit *copy = sta_arena_alloc(a, n * sizeof(*copy));

	for (size_t i = 0; copy && i < n; i++) {
		copy[i].actions = (*limits)[i].actions;
		copy[i].name = sta_arena_strdup(a, (*limits)[i].name);
		if (!copy[i].name)
			return false;
	}
	*limits = copy;
	return copy;
}

bool
sta_claims_copy(struct sta_arena *a, const struct sta_claims *claims, struct sta_claims *out)
{
	*out = *claims;
	out->login = sta_arena_strdup(a, claims->login);
	return out->login && sta_limits_copy(a, &out->limits, out->n_limits);
}
