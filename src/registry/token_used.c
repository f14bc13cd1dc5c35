/* When tokens were last used: remembered here, written down in one go. */

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/auto.h"
#include "model/accounts.h"
#include "model/issuers.h"
#include "model/tokens.h"
#include "registry/core.h"
#include "registry/token.h"

#define USED_SLOTS 1024
#define USED_PROBES 8
#define FLUSH_MEMORY_MAX ((size_t) 4 << 20)

struct use {
	enum sta_used_kind kind;
	int64_t id;      /* 0: free */
	int64_t at_unix; /* the last good one; 0: none */
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
sta_used_note(struct sta_used *u, enum sta_used_kind kind, int64_t id, enum sta_use use)
{
	(void) pthread_mutex_lock(&u->lock);
	for (size_t i = 0; i < USED_PROBES; i++) {
		struct use *s = &u->slot[((uint64_t) id + i) % USED_SLOTS];

		if (s->id != 0 && (s->id != id || s->kind != kind))
			continue;
		s->kind = kind;
		s->id = id;
		if (use == STA_USE_GOOD)
			s->at_unix = sta_now_unix();
		else
			s->refused++;
		break;
	}
	(void) pthread_mutex_unlock(&u->lock);
}

/* Whose the tokens are that were refused, and what they are: NULL when out of memory. */
struct refused {
	const char *target;
	const char *what;
};

static enum sta_rc
describe_token(struct sta_db_conn *c, struct sta_arena *a, int64_t id, struct refused *out,
	       struct sta_err *err)
{
	struct sta_token_row row;
	enum sta_rc rc = sta_token_by_id(c, a, id, &row, err);

	if (rc != STA_OK)
		return rc;
	out->target = row.account;
	out->what = sta_arena_printf(a, "token %lld, %s", (long long) row.id,
				     row.revoked ? "revoked" : "not good any more");
	return STA_OK;
}

static enum sta_rc
describe(struct sta_db_conn *c, struct sta_arena *a, const struct use *u, struct refused *out,
	 struct sta_err *err)
{
	struct sta_issuer_row issuer = { .name = NULL };
	struct sta_account account = { .name = NULL };
	enum sta_rc rc;

	if (u->kind == STA_USED_TOKEN)
		return describe_token(c, a, u->id, out, err);
	if (u->kind == STA_USED_ISSUER) {
		rc = sta_issuer_by_id(c, a, u->id, &issuer, err);
		*out = (struct refused){ issuer.name, "tokens of the issuer" };
	} else {
		rc = sta_account_by_id(c, a, u->id, &account, err);
		*out = (struct refused){ account.name, "workflow's token, not good any more" };
	}
	return rc;
}

/* Tokens that are not good were shown: one entry for all times since the last flush, as whoever shows
 * them must not fill the log. */
static enum sta_rc
note_refused(struct sta_db_conn *c, const struct sta_call *call, const struct use *u, struct sta_err *err)
{
	struct refused was = { NULL, NULL };
	const char *detail;
	enum sta_rc rc = describe(c, call->arena, u, &was, err);

	if (rc == STA_NOT_FOUND)
		return STA_OK;
	if (rc != STA_OK)
		return rc;
	detail = was.what ? sta_arena_printf(call->arena, "%s, %llu times", was.what,
					     (unsigned long long) u->refused)
			  : NULL;
	return detail ? sta_audit(c, call, "token.refused", was.target, detail, err)
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
		if (u->kind == STA_USED_TOKEN && u->id != 0 && u->at_unix != 0)
			rc = sta_token_touch(c, u->id, u->at_unix, err);
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
		if (u->slot[i].id == 0)
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
		any = f->slot[i].id != 0;
	if (any)
		rc = sta_db_write(r->db, flush_tx, f, err);
	if (rc != STA_OK)
		put_back(r->used, f->slot);
	return rc;
}
