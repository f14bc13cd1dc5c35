#include <string.h>

#include "model/tokens.h"
#include "registry/core.h"
#include "registry/token.h"
#include "registry/token_bounds.h"

#define NAME_MAX_BYTES 100

struct new_token {
	const struct sta_call *call;
	const char *user; /* NULL: the caller */
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

/* A person who shows the password. */
static enum sta_rc
check_in_person(const struct sta_call *call, struct sta_err *err)
{
	if (call->caller.kind == STA_CALLER_ANONYMOUS)
		return sta_oci_unauthorized(err);
	if (sta_call_in_person(call))
		return STA_OK;
	return sta_err_set(err, STA_DENIED, 0,
			   "Your tokens are managed with your password, not with a token.");
}

/* Of a user or robot, or the caller's own (NULL), by its number: the name can be another one's meanwhile. */
static enum sta_rc
door_to_tokens(struct sta_db_conn *c, const struct sta_call *call, const char *user, struct sta_account *out,
	       struct sta_err *err)
{
	enum sta_rc rc;

	if (user)
		return sta_door_account(c, call, user, out, err);
	rc = check_in_person(call, err);
	if (rc == STA_OK)
		rc = sta_account_by_id(c, call->arena, call->caller.user_id, out, err);
	return rc == STA_NOT_FOUND ? sta_oci_unauthorized(err) : rc;
}

/* As far as a token can be told from the one that makes it: what that one cannot do, it makes no token for.
 */
static enum sta_rc
check_no_stronger(const struct sta_call *call, unsigned scopes, struct sta_err *err)
{
	unsigned own = call->caller.scopes;

	if (own & STA_SCOPE_WRITE)
		own |= STA_SCOPE_READ;
	if (!(scopes & ~own))
		return STA_OK;
	return sta_err_set(err, STA_DENIED, 0, "A token makes tokens with no other scopes than its own.");
}

static enum sta_rc
create_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct new_token *n = arg;
	struct sta_account account = { 0 };
	enum sta_rc rc = door_to_tokens(c, n->call, n->user, &account, err);

	if (rc == STA_OK)
		rc = check_no_stronger(n->call, n->row.scopes, err);
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

/* Organizations are managed as a whole, and by people. */
static enum sta_rc
check_orgs(const struct sta_pat_request *req, struct sta_err *err)
{
	if (!(req->scopes & STA_SCOPE_ORGS))
		return STA_OK;
	if (req->packages || req->addresses)
		return sta_err_set(err, STA_INVALID, 0,
				   "a token with admin:org is not confined to packages or addresses");
	if (req->user && sta_robot_named(req->user))
		return sta_err_set(err, STA_INVALID, 0, "robots manage nothing: they have no admin:org");
	return STA_OK;
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
	rc = check_orgs(req, err);
	if (rc == STA_OK)
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
	enum sta_rc rc = STA_OK; /* of a robot the door is in the transaction */

	if (!req->user)
		rc = check_in_person(call, err);
	else if (!sta_robot_named(req->user))
		rc = sta_door_site(call, err);
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

/* account_id 0: of all. */
static enum sta_rc
list(struct sta_db_conn *c, const struct sta_call *call, int64_t account_id, struct sta_pat **out, size_t *n,
     struct sta_err *err)
{
	struct sta_token_row *rows = NULL;
	struct sta_pat *items = NULL;
	size_t got = 0;
	enum sta_rc rc = sta_must_wait(call, err);

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

enum sta_rc
sta_pat_list(struct sta_registry *r, const struct sta_call *call, const char *user, struct sta_pat **out,
	     size_t *n, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	int64_t account_id = 0;
	enum sta_rc rc = sta_db_reader(r->db, &c, err);

	if (rc == STA_OK)
		rc = account_of(c, call, user, &account_id, err);
	return rc == STA_OK ? list(c, call, account_id, out, n, err) : rc;
}

enum sta_rc
sta_pat_list_own(struct sta_registry *r, const struct sta_call *call, struct sta_pat **out, size_t *n,
		 struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_account account = { 0 };
	enum sta_rc rc = sta_db_reader(r->db, &c, err);

	if (rc == STA_OK)
		rc = door_to_tokens(c, call, NULL, &account, err);
	return rc == STA_OK ? list(c, call, account.id, out, n, err) : rc;
}

struct revocation {
	const struct sta_call *call;
	int64_t id;
	const char *user; /* whose it has to be; NULL: the caller's */
	bool any;         /* whose it is does not matter */
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
door_to_own(struct sta_db_conn *c, const struct revocation *x, struct sta_token_row *out, struct sta_err *err)
{
	struct sta_account account = { 0 };
	enum sta_rc rc = door_to_tokens(c, x->call, x->user, &account, err);

	if (rc != STA_OK)
		return rc;
	rc = sta_token_by_id(c, x->call->arena, x->id, out, err);
	if (rc == STA_OK && (out->account_id != account.id || out->revoked))
		rc = STA_NOT_FOUND;
	return rc == STA_NOT_FOUND ? sta_err_set(err, rc, 0, "no token with id %lld", (long long) x->id) : rc;
}

static enum sta_rc
revoke_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct revocation *x = arg;
	struct sta_token_row row;
	enum sta_rc rc = x->any ? door_to_token(c, x->call, x->id, &row, err) : door_to_own(c, x, &row, err);

	if (rc == STA_OK)
		rc = sta_token_revoke(c, x->id, err);
	return rc == STA_OK ? note(c, x->call, "token.revoke", &row, err) : rc;
}

enum sta_rc
sta_pat_revoke(struct sta_registry *r, const struct sta_call *call, int64_t id, struct sta_err *err)
{
	struct revocation x = { .call = call, .id = id, .any = true };
	enum sta_rc rc = sta_must_wait(call, err);

	return rc == STA_OK ? sta_db_write(r->db, revoke_tx, &x, err) : rc;
}

enum sta_rc
sta_pat_revoke_of(struct sta_registry *r, const struct sta_call *call, const char *user, int64_t id,
		  struct sta_err *err)
{
	struct revocation x = { .call = call, .id = id, .user = user };
	enum sta_rc rc = sta_must_wait(call, err);

	return rc == STA_OK ? sta_db_write(r->db, revoke_tx, &x, err) : rc;
}

static enum sta_rc
check_current(const struct sta_call *call, struct sta_err *err)
{
	const struct sta_caller *c = &call->caller;

	if (c->kind == STA_CALLER_ANONYMOUS)
		return sta_oci_unauthorized(err);
	if (c->token_id == 0)
		return sta_err_set(err, STA_NOT_FOUND, 0, "The request shows no personal access token.");
	if (c->limited)
		return sta_err_set(err, STA_DENIED, 0, "The request shows a bearer token made from a token.");
	if (c->bounds.elsewhere)
		return sta_err_set(err, STA_DENIED, 0, "The token provided is not good from this address.");
	return STA_OK;
}

enum sta_rc
sta_pat_current(struct sta_registry *r, const struct sta_call *call, struct sta_pat *out, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_token_row row;
	enum sta_rc rc = check_current(call, err);

	if (rc == STA_OK)
		rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = sta_token_by_id(c, call->arena, call->caller.token_id, &row, err);
	if (rc == STA_NOT_FOUND && call->caller.token_id != 0)
		return sta_oci_unauthorized(err);
	return rc == STA_OK ? sta_pat_of(call->arena, &row, out, err) : rc;
}

static enum sta_rc
sign_out_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct sta_call *call = arg;
	struct sta_token_row row;
	enum sta_rc rc = sta_token_by_id(c, call->arena, call->caller.token_id, &row, err);

	if (rc == STA_NOT_FOUND || (rc == STA_OK && row.revoked))
		return sta_oci_unauthorized(err);
	if (rc == STA_OK)
		rc = sta_token_revoke(c, row.id, err);
	return rc == STA_OK ? note(c, call, "token.revoke", &row, err) : rc;
}

enum sta_rc
sta_pat_revoke_current(struct sta_registry *r, const struct sta_call *call, struct sta_err *err)
{
	struct sta_call copy = *call;
	enum sta_rc rc = check_current(call, err);

	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	return rc == STA_OK ? sta_db_write(r->db, sign_out_tx, &copy, err) : rc;
}
