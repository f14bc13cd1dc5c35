#include <string.h>

#include "model/tokens.h"
#include "registry/core.h"
#include "registry/token.h"
#include "registry/token_bounds.h"

#define NAME_MAX_BYTES 100

static const struct {
	const char *name;
	unsigned bit;
} scope_names[] = {
	{ "read:packages", STA_SCOPE_READ },
	{ "write:packages", STA_SCOPE_WRITE },
	{ "delete:packages", STA_SCOPE_DELETE },
};
#define N_SCOPES (sizeof(scope_names) / sizeof(scope_names[0]))

static unsigned
scope_bit(const char *word, size_t len)
{
	for (size_t i = 0; i < N_SCOPES; i++)
		if (strlen(scope_names[i].name) == len && memcmp(scope_names[i].name, word, len) == 0)
			return scope_names[i].bit;
	return 0;
}

enum sta_rc
sta_scopes_parse(const char *text, unsigned *out, struct sta_err *err)
{
	unsigned scopes = 0;

	for (const char *word = text;; word++) {
		size_t len = strcspn(word, ",");
		unsigned bit = scope_bit(word, len);

		if (bit == 0)
			return sta_err_set(err, STA_INVALID, 0,
					   "unknown scope '%.*s'; there are read:packages, write:packages "
					   "and delete:packages",
					   (int) (len < 64 ? len : 64), word);
		scopes |= bit;
		word += len;
		if (*word == '\0')
			break;
	}
	*out = scopes;
	return STA_OK;
}

char *
sta_scopes_text(struct sta_arena *a, unsigned scopes)
{
	char *text = sta_arena_strdup(a, "");

	for (size_t i = 0; text && i < N_SCOPES; i++)
		if (scopes & scope_names[i].bit)
			text = sta_arena_printf(a, "%s%s%s", text, *text ? "," : "", scope_names[i].name);
	return text;
}

struct new_token {
	const struct sta_call *call;
	const char *user;
	struct sta_token_row row;
	unsigned char hash[STA_PAT_HASH_LEN];
	struct sta_pat made;
};

/* A part of the detail: what it begins with, and a list; "" for none. */
static const char *
part(struct sta_arena *a, const char *begin, const char *stored)
{
	const char *text = sta_token_list_text(a, stored);

	return text && *text ? sta_arena_printf(a, "%s%s", begin, text) : text;
}

/* "token 7, read:packages, for acme/app, from 192.0.2.0/24, laptop": never its text. */
static enum sta_rc
note(struct sta_db_conn *c, const struct sta_call *call, const char *action, const struct sta_token_row *t,
     struct sta_err *err)
{
	struct sta_arena *a = call->arena;
	const char *scopes = sta_scopes_text(a, t->scopes);
	const char *packages = part(a, ", for ", t->packages);
	const char *addresses = part(a, ", from ", t->addresses);
	const char *detail = NULL;

	if (scopes && packages && addresses)
		detail = sta_arena_printf(a, "token %lld, %s%s%s%s%s", (long long) t->id, scopes, packages,
					  addresses, *t->name ? ", " : "", t->name);
	return detail ? sta_audit(c, call, action, t->account, detail, err)
		      : sta_err_set(err, STA_NOMEM, 0, "token");
}

static enum sta_rc
create_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct new_token *n = arg;
	struct sta_account account;
	enum sta_rc rc = sta_door_account(c, n->call, n->user, &account, err);

	if (rc != STA_OK)
		return rc;
	n->row.account_id = account.id;
	n->row.account = account.name;
	rc = sta_token_insert(c, &n->row, n->hash, sizeof(n->hash), &n->row.id, err);
	if (rc == STA_OK) /* here, so that nothing can fail when the token is there */
		rc = sta_pat_of(n->call->arena, &n->row, &n->made, err);
	return rc == STA_OK ? note(c, n->call, "token.create", &n->row, err) : rc;
}

static bool
label_valid(const char *s)
{
	if (strlen(s) > NAME_MAX_BYTES)
		return false;
	for (; *s; s++)
		if ((unsigned char) *s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

/* What was asked for, as it is stored. */
static enum sta_rc
row_of(const struct sta_call *call, const struct sta_pat_request *req, struct sta_token_row *out,
       struct sta_err *err)
{
	int64_t now = sta_now_unix();
	enum sta_rc rc;

	if (!label_valid(req->name))
		return sta_err_set(err, STA_INVALID, 0,
				   "a token's name has at most %d bytes and no control characters",
				   NAME_MAX_BYTES);
	if (req->expires_s > UINT32_MAX)
		return sta_err_set(err, STA_INVALID, 0, "a token lives at most %u seconds", UINT32_MAX);
	*out = (struct sta_token_row){
		.name = req->name,
		.scopes = req->scopes,
		.created_unix = now,
		.expires_unix = req->expires_s > 0 ? now + (int64_t) req->expires_s : 0,
	};
	rc = sta_token_packages(call->arena, req->packages, &out->packages, err);
	return rc == STA_OK ? sta_token_addresses(call->arena, req->addresses, &out->addresses, err) : rc;
}

enum sta_rc
sta_pat_of(struct sta_arena *a, const struct sta_token_row *row, struct sta_pat *out, struct sta_err *err)
{
	*out = (struct sta_pat){
		.id = row->id,
		.user = row->account,
		.name = row->name,
		.scopes = row->scopes,
		.created_unix = row->created_unix,
		.expires_unix = row->expires_unix,
		.last_used_unix = row->last_used_unix,
		.revoked = row->revoked,
		.packages = sta_token_list_text(a, row->packages),
		.addresses = sta_token_list_text(a, row->addresses),
	};
	return out->packages && out->addresses ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "token");
}

enum sta_rc
sta_pat_create(struct sta_registry *r, const struct sta_call *call, const struct sta_pat_request *req,
	       char secret[STA_PAT_LEN + 1], struct sta_pat *out, struct sta_err *err)
{
	struct new_token n = { .call = call, .user = req->user };
	enum sta_rc rc = sta_robot_named(req->user) ? STA_OK : sta_door_site(call, err);

	if (rc == STA_OK)
		rc = row_of(call, req, &n.row, err);
	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	if (rc == STA_OK)
		rc = sta_pat_new(secret, err);
	if (rc == STA_OK)
		rc = sta_pat_hash(secret, STA_PAT_LEN, n.hash, err);
	if (rc == STA_OK)
		rc = sta_db_write(r->db, create_tx, &n, err);
	if (rc == STA_OK)
		*out = n.made;
	return rc;
}

static enum sta_rc
account_of(struct sta_db_conn *c, const struct sta_call *call, const char *user, int64_t *id,
	   struct sta_err *err)
{
	struct sta_account account = { 0 };
	enum sta_rc rc = user ? sta_door_account(c, call, user, &account, err) : sta_door_site(call, err);

	*id = account.id;
	return rc;
}

enum sta_rc
sta_pat_list(struct sta_registry *r, const struct sta_call *call, const char *user, struct sta_pat **out,
	     size_t *n, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_token_row *rows = NULL;
	struct sta_pat *items = NULL;
	int64_t account_id = 0;
	size_t got = 0;
	enum sta_rc rc = sta_db_reader(r->db, &c, err);

	if (rc == STA_OK)
		rc = account_of(c, call, user, &account_id, err);
	if (rc == STA_OK)
		rc = sta_token_list(c, call->arena, account_id, &rows, &got, err);
	if (rc != STA_OK)
		return rc;
	items = sta_arena_alloc(call->arena, got * sizeof(*items));
	if (!items)
		return sta_err_set(err, STA_NOMEM, 0, "tokens");
	for (size_t i = 0; i < got && rc == STA_OK; i++)
		rc = sta_pat_of(call->arena, &rows[i], &items[i], err);
	if (rc != STA_OK)
		return rc;
	*out = items;
	*n = got;
	return STA_OK;
}

struct revocation {
	const struct sta_call *call;
	int64_t id;
};

/* Numbers tell nothing to those who may not revoke: whose a token is, or that there is one. */
static enum sta_rc
door_to_token(struct sta_db_conn *c, const struct sta_call *call, int64_t id, struct sta_token_row *out,
	      struct sta_err *err)
{
	struct sta_account account;
	struct sta_err ignored;
	enum sta_rc found = sta_token_by_id(c, call->arena, id, out, err);
	enum sta_rc rc;

	if (found == STA_OK && sta_robot_named(out->account) &&
	    sta_door_account(c, call, out->account, &account, &ignored) == STA_OK)
		return STA_OK;
	if (found != STA_OK && found != STA_NOT_FOUND)
		return found;
	rc = sta_door_site(call, err);
	if (rc == STA_OK && found == STA_NOT_FOUND)
		return sta_err_set(err, found, 0, "no token with id %lld", (long long) id);
	return rc;
}

static enum sta_rc
revoke_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct revocation *x = arg;
	struct sta_token_row row;
	enum sta_rc rc = door_to_token(c, x->call, x->id, &row, err);

	if (rc == STA_OK)
		rc = sta_token_revoke(c, x->id, err);
	return rc == STA_OK ? note(c, x->call, "token.revoke", &row, err) : rc;
}

enum sta_rc
sta_pat_revoke(struct sta_registry *r, const struct sta_call *call, int64_t id, struct sta_err *err)
{
	struct revocation x = { call, id };
	enum sta_rc rc = sta_must_wait(call, err);

	return rc == STA_OK ? sta_db_write(r->db, revoke_tx, &x, err) : rc;
}
