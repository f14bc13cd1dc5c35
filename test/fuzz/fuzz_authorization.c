/* Who calls: the Authorization header, the scopes of /token, the claims of a
 * bearer token and its signature.  The first byte chooses; control bytes in the
 * rest stand for credentials of the registry that the target runs, which are
 * others in each process (see expand()). */
#include "registry/house.h"

#include <string.h>
#include <strings.h>

#include "api/handlers.h"
#include "base/auto.h"
#include "base/parse.h"
#include "crypto/password.h"
#include "fuzz.h"
#include "http/engine.h"
#include "http/router.h"
#include "registry/claims.h"
#include "registry/core.h"
#include "registry/token.h"

#define ARENA_CAP ((size_t) 32 << 20)
#define FOREVER_S (10U * 365 * 24 * 3600)
#define HEADER_MAX 16384 /* of Authorization */
#define SCOPES_MAX 32

/* Made once; lives as long as the program. */
static struct {
	struct house *h;
	struct sta_api *api;
	char pat[STA_PAT_LEN + 1], revoked[STA_PAT_LEN + 1];
	int64_t pat_id;
	char *access, *refresh, *expired, *foreign;
} world;

static const struct sta_limit limits[] = {
	{ "alice/app", STA_ACTION_BIT(STA_ACTION_READ) | STA_ACTION_BIT(STA_ACTION_WRITE) },
	{ "bob/lib", STA_ACTION_BIT(STA_ACTION_READ) },
};

static char *
keep(const char *text)
{
	char *copy = strdup(text);

	REQUIRE(copy);
	return copy;
}

/* The access token anew, with another end and perhaps by another key. */
static char *
sign(const struct sta_sign_key *key, int64_t expires)
{
	struct house *h = world.h;
	struct sta_claims c;
	char *payload = NULL, *jws = NULL;
	size_t len = 0;

	REQUIRE(sta_sign_verify(h->r->key, h->arena, world.access, strlen(world.access), &payload, &len,
				&h->err) == STA_OK);
	REQUIRE(sta_claims_read(h->arena, payload, len, &c, &h->err) == STA_OK);
	c.expires_unix = expires;
	payload = sta_claims_write(h->arena, &c, "id");
	REQUIRE(payload && sta_sign_jws(key, h->arena, payload, strlen(payload), &jws, &h->err) == STA_OK);
	return keep(jws);
}

static void
make_tokens(struct house *h)
{
	struct sta_pat_request ask = { .user = "alice",
				       .name = "",
				       .scopes = STA_SCOPE_READ | STA_SCOPE_WRITE };
	struct sta_bearer_request wanted = {
		.limits = limits, .n_limits = 2, .mounts = true, .offline = true
	};
	struct sta_call alice = h->alice;
	struct sta_sign_key *other = NULL;
	struct sta_bearer bearer;
	struct sta_pat pat;

	REQUIRE(sta_pat_create(h->r, &h->sys, &ask, world.revoked, &pat, &h->err) == STA_OK);
	REQUIRE(sta_pat_revoke(h->r, &h->sys, pat.id, &h->err) == STA_OK);
	REQUIRE(sta_pat_create(h->r, &h->sys, &ask, world.pat, &pat, &h->err) == STA_OK);
	world.pat_id = pat.id;
	alice.caller.scopes = ask.scopes;
	alice.caller.token_id = pat.id;
	REQUIRE(sta_bearer_issue(h->r, &alice, &wanted, &bearer, &h->err) == STA_OK);
	world.access = keep(bearer.token);
	world.refresh = keep(bearer.refresh);
	world.expired = sign(h->r->key, sta_now_unix() - 1);
	REQUIRE(sta_sign_key_new(&other, &h->err) == STA_OK);
	world.foreign = sign(other, sta_now_unix() + FOREVER_S);
	sta_sign_key_free(other);
}

static void
make_world(void)
{
	static char driver[] = "mem";
	char *argv[] = { NULL, driver };
	void *state = NULL;

	if (world.h)
		return;
	house_driver(2, argv);
	REQUIRE(house_setup(&state) == 0);
	world.h = state;
	world.h->options.token_ttl_s = FOREVER_S;
	world.h->options.login_free_attempts = 0; /* what one input does counts for no other */
	house_restart(world.h);
	REQUIRE(sta_api_new(world.h->r, &(struct sta_api_options){ .public_url = "" }, &world.api,
			    &world.h->err) == STA_OK);
	make_tokens(world.h);
}

/* --- the input --- */

static const char *
credential(struct sta_arena *a, unsigned char c)
{
	const char *pair;

	switch (c) {
	case 1:
		return world.pat;
	case 2:
		return world.access;
	case 3:
		return world.refresh;
	case 4:
		pair = sta_arena_printf(a, "alice:%s", world.pat);
		return sta_base64(a, pair, strlen(pair), false);
	case 5:
		return sta_base64(a, world.pat, STA_PAT_LEN, false);
	case 6:
		return world.revoked;
	case 7:
		return world.expired;
	case 8:
		return world.foreign;
	default:
		return NULL;
	}
}

/* Text with credentials in place of the bytes 1 to 8.  Byte 14 and two more:
 * the character at that place of what came so far is changed. */
static char *
expand(struct sta_arena *a, const uint8_t *in, size_t size)
{
	STA_AUTO(sta_buf_done) struct sta_buf b = { .max = (size_t) 1 << 20 };

	sta_buf_str(&b, "");
	for (size_t i = 0; i < size && in[i]; i++) {
		const char *text = credential(a, in[i]);

		if (text)
			sta_buf_str(&b, text);
		else if (in[i] == 14 && i + 2 < size && b.len > 0) {
			char *at = &b.data[in[i + 1] % b.len];

			*at = in[i + 2] && in[i + 2] != '\n' ? (char) in[i + 2] : '?';
			i += 2;
		} else {
			sta_buf_append(&b, &in[i], 1);
		}
	}
	REQUIRE(sta_buf_ok(&b));
	return sta_arena_strdup(a, b.data);
}

/* --- a request without a connection --- */

struct wire {
	struct sta_engine_request base;
	struct sta_request req;
	const char *authorization, *host; /* or NULL */
};

static const char *
wire_header(const struct sta_request *req, const char *name)
{
	const struct wire *w = (const struct wire *) (const void *) req->engine;

	if (strcasecmp(name, "Authorization") == 0)
		return w->authorization;
	return strcasecmp(name, "Host") == 0 ? w->host : NULL;
}

/* No password is tried: that would take a tenth of a second. */
static bool
wire_may_wait(const struct sta_request *req)
{
	(void) req;
	return false;
}

static const struct sta_engine_ops wire_ops = { .header = wire_header, .may_wait = wire_may_wait };

static void
wire_set(struct wire *w, struct sta_arena *a, const char *path, const char *query)
{
	struct sta_match m = { .route = NULL };

	w->base = (struct sta_engine_request){ .ops = &wire_ops, .query = query };
	w->req = (struct sta_request){ .arena = a, .method = STA_GET, .engine = &w->base };
	w->req.path = sta_path_canonical(a, path, strlen(path));
	if (!w->req.path)
		w->req.path = path = "/v2/";
	REQUIRE(sta_route_match(a, sta_routes, sta_n_routes, STA_GET, w->req.path, path, &m));
	w->req.route = m.route;
	memcpy(w->req.param, m.param, sizeof(m.param));
}

/* --- the header --- */

enum who { NOBODY, BY_PAT, BY_BEARER, BY_PASSWORD };

static const char *
after(const char *value, const char *scheme)
{
	size_t len = strlen(scheme);

	return strncasecmp(value, scheme, len) == 0 ? value + len + strspn(value + len, " ") : NULL;
}

/* The secret behind the first colon of text; text itself without one. */
static const char *
secret_of(const char *text)
{
	return strchr(text, ':') ? strchr(text, ':') + 1 : text;
}

/* In base64: what a client makes of "user:secret", or of a token alone. */
static enum who
who_is_encoded(struct sta_arena *a, const char *text, bool bearer)
{
	size_t n = 0;
	const char *plain = (char *) sta_unbase64(a, text, strlen(text), false, &n);
	const char *secret;

	if (!plain || strlen(plain) != n || (!bearer && !strchr(plain, ':')))
		return NOBODY;
	secret = secret_of(plain);
	if (strcmp(secret, world.pat) == 0)
		return BY_PAT;
	if (bearer || sta_pat_valid(secret, strlen(secret)) || strlen(secret) > STA_PASSWORD_MAX)
		return NOBODY;
	return BY_PASSWORD;
}

static enum who
who_is(struct sta_arena *a, const char *value)
{
	const char *bearer = after(value, "Bearer ");
	const char *basic = after(value, "Basic ");

	if ((!bearer && !basic) || strlen(value) > HEADER_MAX)
		return NOBODY;
	if (bearer && strcmp(bearer, world.pat) == 0)
		return BY_PAT;
	if (bearer && strcmp(bearer, world.access) == 0)
		return BY_BEARER;
	return who_is_encoded(a, bearer ? bearer : basic, bearer != NULL);
}

static void
check_caller(const struct sta_caller *c, enum who who)
{
	REQUIRE(c->kind == STA_CALLER_USER && c->user_id == world.h->alice.caller.user_id);
	REQUIRE(strcmp(c->login, "alice") == 0 && !c->site_admin && c->token_id == world.pat_id);
	REQUIRE(c->scopes == (STA_SCOPE_READ | STA_SCOPE_WRITE) && c->limited == (who == BY_BEARER));
	if (who == BY_PAT)
		return;
	REQUIRE(c->n_limits == 2 && c->limit_mounts && !c->limit_catalog);
	for (size_t i = 0; i < 2; i++)
		REQUIRE(strcmp(c->limits[i].name, limits[i].name) == 0 &&
			c->limits[i].actions == limits[i].actions);
}

/* The challenge is one well-formed header, whatever stands in Host and path, and tells no secret. */
static void
check_challenge(const struct wire *w)
{
	const char *text = sta_challenge(world.api, &w->req);
	size_t quotes = 0;

	REQUIRE(text);
	for (const char *p = text; *p; p++) {
		REQUIRE((unsigned char) *p >= ' ' && (unsigned char) *p < 0x7f && *p != '\\');
		quotes += *p == '"';
	}
	REQUIRE(quotes % 2 == 0 && (strncmp(text, "Bearer realm=\"http://", 21) == 0 || quotes == 2));
	REQUIRE(!strstr(text, world.pat) && !strstr(text, world.access));
}

/* One of two sentences, so that nothing of what was sent comes back. */
static void
check_refusal(enum sta_rc rc, const struct sta_err *err)
{
	REQUIRE(rc == STA_UNAUTHENTICATED && err->detail[0] == '\0');
	REQUIRE(strcmp(err->msg, "authentication required") == 0 ||
		strcmp(err->msg, "authentication required: the token is malformed") == 0);
}

/* Lines: the header's value, Host, path. */
static void
check_header(struct sta_arena *a, char *text)
{
	char *value = strsep(&text, "\n");
	char *host = strsep(&text, "\n");
	struct wire w = { .authorization = value, .host = host };
	struct sta_call call;
	struct sta_err err = { .rc = STA_OK };
	enum who who = who_is(a, value);
	enum sta_rc rc;

	wire_set(&w, a, text ? text : "/v2/", "mount=x&from=bob/lib");
	rc = sta_api_caller(world.api, &w.req, &call, &err);
	REQUIRE((rc == STA_OK) == (who == BY_PAT || who == BY_BEARER));
	REQUIRE((rc == STA_WOULD_BLOCK) == (who == BY_PASSWORD));
	if (rc == STA_OK)
		check_caller(&call.caller, who);
	else
		REQUIRE(!w.req.log_user && call.caller.kind == STA_CALLER_ANONYMOUS);
	if (who == NOBODY)
		check_refusal(rc, &err);
	check_challenge(&w);
}

/* --- /token --- */

static unsigned
bits_of(char *words)
{
	unsigned bits = 0;
	const char *word;

	while ((word = strsep(&words, ","))) {
		bool all = strcmp(word, "*") == 0;

		bits |= all || strcmp(word, "pull") == 0 ? STA_ACTION_BIT(STA_ACTION_READ) : 0;
		bits |= all || strcmp(word, "push") == 0 ? STA_ACTION_BIT(STA_ACTION_WRITE) : 0;
		bits |= all || strcmp(word, "delete") == 0 ? STA_ACTION_BIT(STA_ACTION_DELETE) : 0;
	}
	return bits;
}

struct asked {
	struct sta_limit limit[SCOPES_MAX];
	size_t n;
	bool catalog, mounts, too_many;
};

/* Another reading of one scope; it is cut into pieces. */
static void
ask(struct sta_arena *a, struct asked *out, char *scope)
{
	char *end = strrchr(scope, ':');
	struct sta_name name;

	out->catalog |= strcmp(scope, "registry:catalog:*") == 0;
	out->mounts |= strcmp(scope, "registry:mount:*") == 0;
	if (strncmp(scope, "repository:", 11) != 0 || end < scope + 11)
		return;
	if (!sta_name_parse(scope + 11, (size_t) (end - scope) - 11, &name))
		return;
	if (out->n == SCOPES_MAX) {
		out->too_many = true;
		return;
	}
	out->limit[out->n].name = sta_arena_strdup(a, name.full);
	out->limit[out->n++].actions = bits_of(end + 1);
}

static void
ask_all(struct sta_arena *a, struct asked *out, const char *query)
{
	const char *value;

	for (size_t i = 0; (value = sta_form_value(a, query, "scope", i)); i++) {
		char *list = sta_arena_strdup(a, value);
		char *scope;

		out->too_many |= i == SCOPES_MAX;
		if (out->too_many)
			return;
		while ((scope = strsep(&list, " ")))
			ask(a, out, scope);
	}
}

static void
check_granted(struct sta_arena *a, const struct sta_response *res, const struct asked *asked)
{
	struct sta_call call = { .arena = a };
	struct sta_err err;
	const struct sta_caller *c = &call.caller;
	const char *token;
	json_t *j = NULL;

	REQUIRE(res->status == 200 && sta_json_load(a, res->bytes, res->size, &j, &err) == STA_OK);
	token = json_string_value(json_object_get(j, "token"));
	REQUIRE(token && sta_authenticate_bearer(world.h->r, &call, token, strlen(token), &err) == STA_OK);
	REQUIRE(c->limited && c->n_limits == asked->n);
	REQUIRE(c->limit_catalog == asked->catalog && c->limit_mounts == asked->mounts);
	for (size_t i = 0; i < asked->n; i++)
		REQUIRE(strcmp(c->limits[i].name, asked->limit[i].name) == 0 &&
			c->limits[i].actions == asked->limit[i].actions);
	REQUIRE(sta_authenticate_refresh(world.h->r, &call, token, strlen(token), &err) != STA_OK);
}

/* A token is good for exactly what was asked for. */
static void
check_token(struct sta_arena *a, const char *query, bool anonymous)
{
	const char *bearer = sta_arena_printf(a, "bearer %s", world.pat);
	struct wire w = { .authorization = anonymous ? NULL : bearer, .host = "h" };
	struct sta_response res = { .fd = -1 };
	struct sta_err err = { .rc = STA_OK };
	struct asked asked = { .n = 0 };
	const char *service;
	enum sta_rc rc;

	if (!sta_query_valid(a, query))
		return;
	wire_set(&w, a, "/token", query);
	ask_all(a, &asked, query);
	service = sta_form_value(a, query, "service", 0);
	rc = sta_get_token(world.api, &w.req, &res, &err);
	if (rc == STA_OK) {
		REQUIRE(!asked.too_many && (!service || strcmp(service, "h") == 0));
		check_granted(a, &res, &asked);
	} else if (asked.too_many || (service && strcmp(service, "h") != 0)) {
		REQUIRE(rc == STA_INVALID || anonymous);
	} else {
		REQUIRE(anonymous ? rc == STA_UNAUTHENTICATED || rc == STA_INVALID : rc == STA_INVALID);
		REQUIRE(anonymous || strstr(err.msg, "too many scopes"));
	}
}

/* --- claims --- */

static void
check_same(const struct sta_claims *x, const struct sta_claims *y)
{
	REQUIRE(x->kind == y->kind && strcmp(x->login, y->login) == 0);
	REQUIRE(x->user_id == y->user_id && x->token_id == y->token_id && x->epoch == y->epoch);
	REQUIRE(x->issued_unix == y->issued_unix && x->expires_unix == y->expires_unix);
	REQUIRE(x->catalog == y->catalog && x->mounts == y->mounts && x->n_limits == y->n_limits);
	for (size_t i = 0; i < x->n_limits; i++)
		REQUIRE(strcmp(x->limits[i].name, y->limits[i].name) == 0 &&
			x->limits[i].actions == y->limits[i].actions);
}

static void
check_claims(struct sta_arena *a, const char *json, size_t len)
{
	struct sta_claims got, again, copy;
	struct sta_err err;
	const char *text;
	enum sta_rc rc = sta_claims_read(a, json, len, &got, &err);

	REQUIRE(rc == STA_OK || rc == STA_UNAUTHENTICATED);
	if (rc != STA_OK)
		return;
	REQUIRE(got.user_id >= 0 && got.token_id >= 0 && got.epoch >= 0);
	REQUIRE(got.issued_unix >= 0 && got.expires_unix >= 0);
	text = sta_claims_write(a, &got, "id");
	REQUIRE(text && sta_claims_read(a, text, strlen(text), &again, &err) == STA_OK);
	check_same(&got, &again);
	REQUIRE(sta_claims_copy(a, &got, &copy));
	check_same(&got, &copy);
}

/* --- signatures --- */

/* Nothing but the very bytes that were signed is accepted. */
static void
check_signature(struct sta_arena *a, const uint8_t *in, size_t size)
{
	const struct sta_sign_key *key = world.h->r->key;
	struct sta_err err;
	char *jws = NULL, *payload = NULL, *changed;
	size_t len = 0, at;

	REQUIRE(sta_sign_verify(key, a, (const char *) in, size, &payload, &len, &err) != STA_OK);
	if (size < 3 || size > 4096)
		return;
	REQUIRE(sta_sign_jws(key, a, (const char *) in + 3, size - 3, &jws, &err) == STA_OK);
	REQUIRE(sta_sign_verify(key, a, jws, strlen(jws), &payload, &len, &err) == STA_OK);
	REQUIRE(len == size - 3 && memcmp(payload, in + 3, len) == 0);
	at = (size_t) (in[0] << 8 | in[1]) % strlen(jws);
	REQUIRE(sta_sign_verify(key, a, jws, at, &payload, &len, &err) == STA_UNAUTHENTICATED);
	changed = sta_arena_strdup(a, jws);
	changed[at] ^= (char) in[2];
	REQUIRE((sta_sign_verify(key, a, changed, strlen(jws), &payload, &len, &err) == STA_OK) ==
		(in[2] == 0));
}

static void
check_pat(const uint8_t *in, size_t size)
{
	char text[STA_PAT_LEN + 1];

	memcpy(text, world.pat, sizeof(text));
	if (size > 0 && sta_pat_valid((const char *) in, size))
		REQUIRE(size == STA_PAT_LEN && memcmp(in, "stp_", 4) == 0);
	if (size < 2)
		return;
	text[in[0] % STA_PAT_LEN] ^= (char) in[1];
	REQUIRE(sta_pat_valid(text, STA_PAT_LEN) == (in[1] == 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(ARENA_CAP);

	make_world();
	if (size == 0)
		return 0;
	if (data[0] == 'h')
		check_header(a, expand(a, data + 1, size - 1));
	else if (data[0] == 't' || data[0] == 'a')
		check_token(a, expand(a, data + 1, size - 1), data[0] == 'a');
	else if (data[0] == 'c')
		check_claims(a, (const char *) data + 1, size - 1);
	else if (data[0] == 's')
		check_signature(a, data + 1, size - 1);
	else
		check_pat(data + 1, size - 1);
	return 0;
}
