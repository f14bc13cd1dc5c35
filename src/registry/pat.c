#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/auto.h"
#include "base/buf.h"
#include "model/tokens.h"
#include "registry/core.h"
#include "registry/token.h"

#define NAME_MAX_BYTES 100
#define USED_SLOTS 1024
#define USED_PROBES 8
#define FLUSH_MEMORY_MAX ((size_t) 4 << 20)

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
};

/* "7 of alice, read:packages, laptop": its number and label, never its text. */
static enum sta_rc
note(struct sta_db_conn *c, const struct sta_call *call, const char *action, const struct sta_token_row *t,
     struct sta_err *err)
{
	const char *scopes = sta_scopes_text(call->arena, t->scopes);
	const char *detail = scopes ? sta_arena_printf(call->arena, "token %lld, %s%s%s", (long long) t->id,
						       scopes, *t->name ? ", " : "", t->name)
				    : NULL;

	return detail ? sta_audit(c, call, action, t->account, detail, err)
		      : sta_err_set(err, STA_NOMEM, 0, "token");
}

static enum sta_rc
create_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct new_token *n = arg;
	struct sta_account account;
	enum sta_rc rc = sta_find_user(c, n->call->arena, n->user, &account, err);

	if (rc != STA_OK)
		return rc;
	n->row.account_id = account.id;
	n->row.account = account.name;
	rc = sta_token_insert(c, &n->row, n->hash, sizeof(n->hash), &n->row.id, err);
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

enum sta_rc
sta_pat_create(struct sta_registry *r, const struct sta_call *call, const struct sta_pat_request *req,
	       char secret[STA_PAT_LEN + 1], struct sta_pat *out, struct sta_err *err)
{
	int64_t now = sta_now_unix();
	struct new_token n = {
		.call = call,
		.user = req->user,
		.row = { .name = req->name, .scopes = req->scopes, .created_unix = now },
	};
	enum sta_rc rc = sta_door_site(call, err);

	if (rc == STA_OK && !label_valid(req->name))
		rc = sta_err_set(err, STA_INVALID, 0,
				 "a token's name has at most %d bytes and no control characters",
				 NAME_MAX_BYTES);
	if (rc == STA_OK && req->expires_s > UINT32_MAX)
		rc = sta_err_set(err, STA_INVALID, 0, "a token lives at most %u seconds", UINT32_MAX);
	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	if (rc == STA_OK)
		rc = sta_pat_new(secret, err);
	if (rc == STA_OK)
		rc = sta_pat_hash(secret, STA_PAT_LEN, n.hash, err);
	n.row.expires_unix = req->expires_s > 0 ? now + (int64_t) req->expires_s : 0;
	if (rc == STA_OK)
		rc = sta_db_write(r->db, create_tx, &n, err);
	if (rc == STA_OK)
		*out = (struct sta_pat){
			.id = n.row.id,
			.user = n.row.account,
			.name = req->name,
			.scopes = req->scopes,
			.created_unix = now,
			.expires_unix = n.row.expires_unix,
		};
	return rc;
}

static enum sta_rc
account_of(struct sta_db_conn *c, const struct sta_call *call, const char *user, int64_t *id,
	   struct sta_err *err)
{
	struct sta_account account = { 0 };
	enum sta_rc rc = user ? sta_find_user(c, call->arena, user, &account, err) : STA_OK;

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
	enum sta_rc rc = sta_door_site(call, err);

	if (rc == STA_OK)
		rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = account_of(c, call, user, &account_id, err);
	if (rc == STA_OK)
		rc = sta_token_list(c, call->arena, account_id, &rows, &got, err);
	if (rc != STA_OK)
		return rc;
	items = sta_arena_alloc(call->arena, got * sizeof(*items));
	if (!items)
		return sta_err_set(err, STA_NOMEM, 0, "tokens");
	for (size_t i = 0; i < got; i++)
		items[i] = (struct sta_pat){
			.id = rows[i].id,
			.user = rows[i].account,
			.name = rows[i].name,
			.scopes = rows[i].scopes,
			.created_unix = rows[i].created_unix,
			.expires_unix = rows[i].expires_unix,
			.last_used_unix = rows[i].last_used_unix,
			.revoked = rows[i].revoked,
		};
	*out = items;
	*n = got;
	return STA_OK;
}

struct revocation {
	const struct sta_call *call;
	int64_t id;
};

static enum sta_rc
revoke_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct revocation *x = arg;
	struct sta_token_row row;
	enum sta_rc rc = sta_token_revoke(c, x->id, err);

	if (rc == STA_OK)
		rc = sta_token_by_id(c, x->call->arena, x->id, &row, err);
	return rc == STA_OK ? note(c, x->call, "token.revoke", &row, err) : rc;
}

enum sta_rc
sta_pat_revoke(struct sta_registry *r, const struct sta_call *call, int64_t id, struct sta_err *err)
{
	struct revocation x = { call, id };
	enum sta_rc rc = sta_door_site(call, err);

	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	return rc == STA_OK ? sta_db_write(r->db, revoke_tx, &x, err) : rc;
}

/* --- when a token was last used: remembered here, written down in one go --- */

struct use {
	int64_t token_id; /* 0: free */
	int64_t at_unix;  /* the last good one; 0: none */
	uint64_t refused;
};

struct sta_used {
	pthread_mutex_t lock;
	struct use slot[USED_SLOTS];
};

enum sta_rc
sta_used_new(struct sta_used **out, struct sta_err *err)
{
	struct sta_used *u = sta_malloc(sizeof(*u));

	if (!u)
		return sta_err_set(err, STA_NOMEM, 0, "token uses");
	(void) pthread_mutex_init(&u->lock, NULL);
	*out = u;
	return STA_OK;
}

void
sta_used_free(struct sta_used *u)
{
	if (!u)
		return;
	(void) pthread_mutex_destroy(&u->lock);
	sta_free(u);
}

/* A use that finds no slot is forgotten: the next one will be noted. */
void
sta_used_note(struct sta_used *u, int64_t token_id, enum sta_use use)
{
	(void) pthread_mutex_lock(&u->lock);
	for (size_t i = 0; i < USED_PROBES; i++) {
		struct use *s = &u->slot[((uint64_t) token_id + i) % USED_SLOTS];

		if (s->token_id != 0 && s->token_id != token_id)
			continue;
		s->token_id = token_id;
		if (use == STA_USE_GOOD)
			s->at_unix = sta_now_unix();
		else
			s->refused++;
		break;
	}
	(void) pthread_mutex_unlock(&u->lock);
}

/* A token that is no longer good was shown: one entry for all times since the last flush, as whoever
 * shows it must not fill the log. */
static enum sta_rc
note_refused(struct sta_db_conn *c, const struct sta_call *call, const struct use *u, struct sta_err *err)
{
	struct sta_token_row row;
	const char *detail;
	enum sta_rc rc = sta_token_by_id(c, call->arena, u->token_id, &row, err);

	if (rc == STA_NOT_FOUND)
		return STA_OK;
	if (rc != STA_OK)
		return rc;
	detail = sta_arena_printf(call->arena, "token %lld, %s, %llu times", (long long) row.id,
				  row.revoked ? "revoked" : "not good any more",
				  (unsigned long long) u->refused);
	return detail ? sta_audit(c, call, "token.refused", row.account, detail, err)
		      : sta_err_set(err, STA_NOMEM, 0, "token");
}

struct flush {
	struct sta_call call;
	struct use slot[USED_SLOTS];
};

static enum sta_rc
flush_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct flush *f = arg;
	enum sta_rc rc = STA_OK;

	for (const struct use *u = f->slot; rc == STA_OK && u < f->slot + USED_SLOTS; u++) {
		if (u->token_id != 0 && u->at_unix != 0)
			rc = sta_token_touch(c, u->token_id, u->at_unix, err);
		if (rc == STA_OK && u->refused > 0)
			rc = note_refused(c, &f->call, u, err);
	}
	return rc;
}

/* They could not be written down: for the next time, where no newer use is. */
static void
put_back(struct sta_used *u, const struct use *taken)
{
	(void) pthread_mutex_lock(&u->lock);
	for (size_t i = 0; i < USED_SLOTS; i++)
		if (u->slot[i].token_id == 0)
			u->slot[i] = taken[i];
	(void) pthread_mutex_unlock(&u->lock);
}

enum sta_rc
sta_pat_flush_used(struct sta_registry *r, struct sta_err *err)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(FLUSH_MEMORY_MAX);
	struct flush *f = a ? sta_arena_alloc(a, sizeof(*f)) : NULL;
	bool any = false;
	enum sta_rc rc = STA_OK;

	if (!f)
		return sta_err_set(err, STA_NOMEM, 0, "token uses");
	f->call = sta_call_system(a);
	(void) pthread_mutex_lock(&r->used->lock);
	memcpy(f->slot, r->used->slot, sizeof(f->slot));
	memset(r->used->slot, 0, sizeof(r->used->slot));
	(void) pthread_mutex_unlock(&r->used->lock);
	for (size_t i = 0; i < USED_SLOTS && !any; i++)
		any = f->slot[i].token_id != 0;
	if (any)
		rc = sta_db_write(r->db, flush_tx, f, err);
	if (rc != STA_OK)
		put_back(r->used, f->slot);
	return rc;
}
