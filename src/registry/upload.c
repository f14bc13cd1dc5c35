#include "registry/upload.h"

#include <string.h>

#include "crypto/random.h"
#include "model/uploads.h"
#include "registry/upload_session.h"

static enum sta_rc
unknown(struct sta_err *err)
{
	(void) sta_oci_fail(err, STA_NOT_FOUND, STA_OCI_BLOB_UPLOAD_UNKNOWN,
			    "blob upload unknown to registry");
	return STA_NOT_FOUND;
}

static enum sta_rc
busy(struct sta_err *err)
{
	(void) sta_oci_fail(err, STA_BUSY, STA_OCI_BLOB_UPLOAD_INVALID,
			    "another request is writing to this upload session");
	return STA_BUSY;
}

/* Those who may not push learn nothing about sessions. */
static enum sta_rc
may_push(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
	 struct sta_db_conn **c, struct sta_err *err)
{
	struct sta_entry e;
	enum sta_rc rc = sta_db_reader(r->db, c, err);

	return rc == STA_OK ? sta_door(*c, call, name, STA_ACTION_WRITE, &e, err) : rc;
}

struct start {
	struct sta_registry *r;
	const struct sta_call *call;
	const struct sta_name *name;
	struct sta_upload_row row;
};

static enum sta_rc
start_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct start *s = arg;
	uint64_t open = 0;
	struct sta_entry e;
	enum sta_rc rc = sta_still_enabled(c, s->call, err);

	if (rc == STA_OK)
		rc = sta_door(c, s->call, s->name, STA_ACTION_WRITE, &e, err);
	if (rc == STA_OK)
		rc = sta_upload_count(c, s->row.account_id, &open, err);
	if (rc == STA_OK && open >= s->r->options.uploads_per_user)
		rc = sta_oci_fail(err, STA_TOO_MANY, STA_OCI_TOOMANYREQUESTS,
				  "%llu uploads are open for this user; finish or cancel some",
				  (unsigned long long) open);
	return rc == STA_OK ? sta_upload_insert(c, &s->row, err) : rc;
}

static enum sta_rc
start_session(struct start *s, struct sta_upload *u, struct sta_err *err)
{
	enum sta_rc rc;

	/* Known before its row is: else it could have expired in between. */
	u->session = true;
	(void) sta_sessions_add(s->r->sessions, u); /* the id is new */
	rc = sta_db_write(s->r->db, start_tx, s, err);
	if (rc == STA_OK && sta_sessions_idle(s->r->sessions, u))
		return STA_OK;
	if (rc == STA_OK)
		rc = sta_upload_refused(u, err);
	sta_sessions_forget(s->r->sessions, u);
	return rc;
}

enum sta_rc
sta_upload_start(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
		 enum sta_digest_alg alg, char id[STA_UUID_TEXT_MAX], struct sta_err *err)
{
	int64_t now = sta_now_unix();
	struct sta_upload *u = NULL;
	struct sta_db_conn *c = NULL;
	struct start s = {
		.r = r,
		.call = call,
		.name = name,
		.row = {
			.id = id,
			.account_id = call->caller.user_id,
			.package = name->full,
			.alg = alg,
			.created_unix = now,
			.expires_unix = now + (int64_t) r->options.upload_ttl_s,
		},
	};
	enum sta_rc rc = may_push(r, call, name, &c, err);

	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	if (rc == STA_OK)
		rc = sta_random_uuid(id, err);
	if (rc == STA_OK)
		rc = sta_upload_new(r, id, name, call->caller.user_id, alg, &u, err);
	return rc == STA_OK ? start_session(&s, u, err) : rc;
}

/* The session's row, if it is the caller's and the package's. */
static enum sta_rc
find_row(struct sta_db_conn *c, const struct sta_call *call, const struct sta_name *name, const char *id,
	 struct sta_upload_row *out, struct sta_err *err)
{
	enum sta_rc rc =
		strlen(id) == STA_STAGE_ID_LEN ? sta_upload_find(c, call->arena, id, out, err) : unknown(err);

	if (rc == STA_NOT_FOUND)
		return unknown(err);
	if (rc != STA_OK)
		return rc;
	if (out->account_id != call->caller.user_id || strcmp(out->package, name->full) != 0)
		return unknown(err);
	return STA_OK;
}

static enum sta_rc
stage_size(struct sta_registry *r, const char *id, uint64_t *size, struct sta_err *err)
{
	int64_t written;
	enum sta_rc rc = r->store->ops->stage_stat(r->store, id, size, &written, err);

	if (rc != STA_NOT_FOUND)
		return rc;
	*size = 0; /* nothing has been sent yet */
	return STA_OK;
}

enum sta_rc
sta_upload_status(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
		  const char *id, uint64_t *received, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_upload_row row;
	enum sta_rc rc = may_push(r, call, name, &c, err);

	if (rc != STA_OK)
		return rc;
	switch (sta_sessions_look(r->sessions, id, call->caller.user_id, name->full, received)) {
	case STA_HOLD_TAKEN:
	case STA_HOLD_BUSY:
		return STA_OK;
	case STA_HOLD_OVER:
		return unknown(err);
	case STA_HOLD_NONE:
		break;
	}
	rc = find_row(c, call, name, id, &row, err);
	return rc == STA_OK ? stage_size(r, id, received, err) : rc;
}

/* Put a session that this process does not know into the table, held. */
static enum sta_rc
adopt(struct sta_registry *r, const struct sta_name *name, const struct sta_upload_row *row,
      struct sta_upload **out, struct sta_err *err)
{
	struct sta_upload *u = NULL;
	enum sta_rc rc = sta_upload_new(r, row->id, name, row->account_id, row->alg, &u, err);

	if (rc != STA_OK)
		return rc;
	u->session = true;
	if (!sta_sessions_add(r->sessions, u)) {
		sta_upload_destroy(u);
		return busy(err);
	}
	*out = u;
	return STA_OK;
}

/* A session that this process knows, held; *out NULL: it knows none. */
static enum sta_rc
hold_known(struct sta_registry *r, const char *id, int64_t account_id, const char *package,
	   struct sta_upload **out, struct sta_err *err)
{
	*out = NULL;
	switch (sta_sessions_hold(r->sessions, id, account_id, package, out)) {
	case STA_HOLD_BUSY:
		return busy(err);
	case STA_HOLD_OVER:
		return unknown(err);
	case STA_HOLD_TAKEN:
	case STA_HOLD_NONE:
		break;
	}
	return STA_OK;
}

enum sta_rc
sta_upload_seize(struct sta_registry *r, const struct sta_upload_row *row, struct sta_upload **out,
		 struct sta_err *err)
{
	struct sta_name name;
	enum sta_rc rc = hold_known(r, row->id, row->account_id, row->package, out, err);

	if (rc != STA_OK || *out)
		return rc;
	if (!sta_name_parse(row->package, strlen(row->package), &name))
		return sta_err_set(err, STA_CORRUPT, 0, "upload '%s' has a malformed package", row->id);
	return adopt(r, &name, row, out, err);
}

void
sta_upload_unseize(struct sta_upload *u)
{
	if (u)
		sta_sessions_forget(u->r->sessions, u);
}

/* Look once more, now that nobody else can end the session, and read its bytes. */
static enum sta_rc
read_again(struct sta_upload *u, struct sta_db_conn *c, const struct sta_call *call,
	   const struct sta_name *name, struct sta_err *err)
{
	struct sta_upload_row row;
	enum sta_rc rc = find_row(c, call, name, u->id, &row, err);

	if (rc != STA_OK)
		return rc;
	/* Also an empty stage, whose first write had failed: it has to be removed. */
	rc = sta_upload_reread(u, err);
	return rc == STA_NOT_FOUND ? STA_OK : rc; /* nothing has been sent yet */
}

/* A session that this process does not know: from before a restart, or idle
 * for so long that its hash was forgotten. */
static enum sta_rc
revive(struct sta_registry *r, struct sta_db_conn *c, const struct sta_call *call,
       const struct sta_name *name, const struct sta_upload_row *row, struct sta_upload **out,
       struct sta_err *err)
{
	struct sta_upload *u = NULL;
	uint64_t size = 0;
	enum sta_rc rc = stage_size(r, row->id, &size, err);

	if (rc == STA_OK && size > 0)
		rc = sta_must_wait(call, err);
	if (rc == STA_OK)
		rc = adopt(r, name, row, &u, err);
	if (rc != STA_OK)
		return rc;
	rc = read_again(u, c, call, name, err);
	if (rc == STA_OK)
		*out = u;
	else
		sta_sessions_forget(r->sessions, u);
	return rc;
}

static enum sta_rc
hold(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name, const char *id,
     struct sta_upload **out, struct sta_err *err)
{
	struct sta_upload_row row;
	struct sta_db_conn *c = NULL;
	enum sta_rc rc = may_push(r, call, name, &c, err);

	if (rc == STA_OK)
		rc = hold_known(r, id, call->caller.user_id, name->full, out, err);
	if (rc != STA_OK || *out)
		return rc;
	rc = find_row(c, call, name, id, &row, err);
	return rc == STA_OK ? revive(r, c, call, name, &row, out, err) : rc;
}

/* Both on one state of the database, which costs no more than one of them. */
static enum sta_rc
still_may_push(struct sta_db_conn *c, const struct sta_call *call, const struct sta_name *name,
	       struct sta_err *err)
{
	struct sta_entry e;
	enum sta_rc rc = sta_db_read_begin(c, err);

	if (rc != STA_OK)
		return rc;
	rc = sta_still_enabled(c, call, err);
	if (rc == STA_OK)
		rc = sta_door(c, call, name, STA_ACTION_WRITE, &e, err);
	sta_db_read_end(c);
	return rc;
}

/* In the table before the caller is looked at: who is disabled after that finds it there, and ends it. */
static enum sta_rc
hold_new(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
	 enum sta_digest_alg alg, struct sta_upload **out, struct sta_err *err)
{
	char id[STA_UUID_TEXT_MAX];
	struct sta_upload *u = NULL;
	struct sta_db_conn *c = NULL;
	enum sta_rc rc = sta_db_reader(r->db, &c, err);

	if (rc == STA_OK)
		rc = sta_random_uuid(id, err);
	if (rc == STA_OK)
		rc = sta_upload_new(r, id, name, call->caller.user_id, alg, &u, err);
	if (rc != STA_OK)
		return rc;
	(void) sta_sessions_add(r->sessions, u); /* the id is new */
	rc = still_may_push(c, call, name, err);
	if (rc == STA_OK)
		*out = u;
	else
		sta_sessions_forget(r->sessions, u);
	return rc;
}

/* Nothing has come yet: the hash can still be the one that will be asked for. */
static enum sta_rc
use_algorithm(struct sta_upload *u, enum sta_digest_alg alg, struct sta_err *err)
{
	struct sta_hash *h = NULL;
	enum sta_rc rc;

	if (u->size > 0 || sta_hash_alg(u->hash) == alg)
		return STA_OK;
	rc = sta_hash_new(alg, &h, err);
	if (rc != STA_OK)
		return rc;
	sta_hash_free(u->hash);
	u->hash = h;
	return STA_OK;
}

enum sta_rc
sta_upload_open(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
		const char *id, enum sta_digest_alg alg, const struct sta_upload_waker *waker,
		struct sta_upload **out, struct sta_err *err)
{
	struct sta_upload *u = NULL;
	enum sta_rc rc = id ? hold(r, call, name, id, &u, err) : hold_new(r, call, name, alg, &u, err);

	if (rc != STA_OK)
		return rc;
	u->io.released = false;
	u->io.starved = false;
	u->io.waker = *waker;
	rc = use_algorithm(u, alg, err);
	if (rc == STA_OK)
		*out = u;
	else
		sta_upload_release(u);
	return rc;
}

struct cancel {
	const char *id;
	bool removed;
};

static enum sta_rc
cancel_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct cancel *x = arg;

	return sta_upload_remove(c, x->id, &x->removed, err);
}

/* Held meanwhile, so that nobody goes on with it. */
static enum sta_rc
cancel_held(struct sta_upload *u, struct sta_err *err)
{
	struct cancel x = { .id = u->id };
	enum sta_rc rc = sta_db_write(u->r->db, cancel_tx, &x, err);

	if (rc == STA_OK && !x.removed)
		return unknown(err);
	return rc == STA_OK ? u->r->store->ops->stage_remove(u->r->store, u->id, err) : rc;
}

enum sta_rc
sta_upload_cancel(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
		  const char *id, struct sta_err *err)
{
	struct sta_upload *u = NULL;
	struct sta_upload_row row;
	struct sta_db_conn *c = NULL;
	enum sta_rc rc = may_push(r, call, name, &c, err);

	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	if (rc == STA_OK)
		rc = find_row(c, call, name, id, &row, err);
	if (rc == STA_OK)
		rc = sta_upload_seize(r, &row, &u, err);
	if (rc == STA_OK)
		rc = cancel_held(u, err);
	sta_upload_unseize(u);
	return rc;
}
