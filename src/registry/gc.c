#include "registry/gc.h"

#include "base/auto.h"
#include "model/blobs.h"
#include "model/manifests.h"
#include "model/statistics.h"
#include "model/trash.h"
#include "model/uploads.h"
#include "registry/core.h"

#define BATCH 256
#define BATCH_ARENA_MAX ((size_t) 1 << 20)
#define TRASH_BATCH 32 /* a version has many rows */
#define STATISTICS_BATCH 500
#define DAY_S 86400
#define FRESH_S 60 /* what was touched within the last minute is never taken */

struct pass {
	struct sta_registry *r;
	struct sta_arena *arena; /* of one batch */
	int64_t now;
	int64_t due_until;     /* memberships due by then are taken */
	int64_t deleted_until; /* versions and packages deleted by then are taken */
	int64_t begun_before;  /* packages never published and begun before are taken */
	int64_t counted_since; /* statistics of days before that one are taken */
	size_t n;              /* rows that the batch found */
	size_t taken;          /* and took */
	bool gone;             /* a package went, not only a part of its history */
	struct sta_due *due;
	struct sta_gc_result result;
};

typedef enum sta_rc step_fn(struct pass *p, struct sta_err *err);

/* Run step with an arena of its own until it finds nothing more to take. */
static enum sta_rc
repeat(struct pass *p, step_fn *step, struct sta_err *err)
{
	enum sta_rc rc = STA_OK;

	do {
		STA_AUTO(sta_arena_auto) struct sta_arena *arena = sta_arena_new(BATCH_ARENA_MAX);

		p->arena = arena;
		p->n = 0;
		p->taken = 0;
		rc = arena ? sta_go_on(p->r, err) : sta_err_set(err, STA_NOMEM, 0, "collection");
		if (rc == STA_OK)
			rc = step(p, err);
	} while (rc == STA_OK && p->n == BATCH && p->taken > 0);
	p->arena = NULL;
	return rc;
}

/* --- uploads that nobody went on with --- */

struct expiry {
	const struct sta_upload_row *row;
	struct sta_upload *held; /* or NULL */
	int64_t extend_to;       /* 0: remove */
	uint64_t size;           /* of the stage */
	bool removed;
};

struct expiries {
	struct expiry *all;
	size_t n;
};

static enum sta_rc
expire_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct expiries *x = arg;
	enum sta_rc rc = STA_OK;

	for (size_t i = 0; rc == STA_OK && i < x->n; i++) {
		struct expiry *e = &x->all[i];

		e->removed = false;
		if (e->extend_to > 0)
			rc = sta_upload_extend(c, e->row->id, e->extend_to, err);
		else
			rc = sta_upload_remove(c, e->row->id, &e->removed, err);
	}
	return rc;
}

/* Bytes that came after the row was written prolong its life; that is why
 * requests that bring bytes need not write to the database. */
static enum sta_rc
look_at_stage(const struct pass *p, struct expiry *e, struct sta_err *err)
{
	const struct sta_store *store = p->r->store;
	int64_t ttl = (int64_t) p->r->options.upload_ttl_s;
	int64_t written = 0;
	enum sta_rc rc = store->ops->stage_stat(p->r->store, e->row->id, &e->size, &written, err);

	if (rc == STA_OK && written + ttl > p->now)
		e->extend_to = written + ttl;
	return rc == STA_NOT_FOUND ? STA_OK : rc;
}

/* Nobody may use the session while it is decided: a request that came between
 * look and removal would bring bytes that are lost. */
static enum sta_rc
seize(const struct pass *p, struct expiry *e, struct sta_err *err)
{
	enum sta_rc rc = sta_upload_seize(p->r, e->row, &e->held, err);

	if (rc == STA_BUSY || rc == STA_NOT_FOUND) {
		e->extend_to = p->now + FRESH_S;
		return STA_OK;
	}
	return rc == STA_OK ? look_at_stage(p, e, err) : rc;
}

static enum sta_rc
decide(const struct pass *p, struct expiry *e, struct sta_err *err)
{
	enum sta_rc rc = look_at_stage(p, e, err);

	return rc == STA_OK && e->extend_to == 0 ? seize(p, e, err) : rc;
}

static enum sta_rc
remove_stages(struct pass *p, const struct expiries *x, struct sta_err *err)
{
	enum sta_rc rc = STA_OK;

	for (size_t i = 0; i < x->n; i++) {
		if (!x->all[i].removed)
			continue;
		p->taken++;
		p->result.uploads_expired++;
		p->result.bytes_freed += x->all[i].size;
		if (rc == STA_OK) /* what is left has no row, and is swept */
			rc = p->r->store->ops->stage_remove(p->r->store, x->all[i].row->id, err);
	}
	return rc;
}

/* A batch in one commit. */
static enum sta_rc
expire_uploads(struct pass *p, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_upload_row *rows = NULL;
	struct expiries x = { .n = 0 };
	enum sta_rc rc = sta_db_reader(p->r->db, &c, err);

	if (rc == STA_OK)
		rc = sta_upload_expired(c, p->arena, p->now, BATCH, &rows, &p->n, err);
	if (rc != STA_OK || p->n == 0)
		return rc;
	x.all = sta_arena_alloc(p->arena, p->n * sizeof(*x.all));
	if (!x.all)
		return sta_err_set(err, STA_NOMEM, 0, "collection");
	while (rc == STA_OK && x.n < p->n) {
		x.all[x.n] = (struct expiry){ .row = &rows[x.n] };
		rc = decide(p, &x.all[x.n++], err);
	}
	if (rc == STA_OK)
		rc = sta_db_write(p->r->db, expire_tx, &x, err);
	if (rc == STA_OK)
		rc = remove_stages(p, &x, err);
	for (size_t i = 0; i < x.n; i++)
		sta_upload_unseize(x.all[i].held);
	return rc;
}

/* --- bytes of uploads that are over --- */

struct sweep {
	struct sta_registry *r;
	struct sta_db_conn *c;
	enum sta_rc rc;
	struct sta_err *err;
};

/* Called while the driver walks: removing what was just named is allowed.  Whose
 * upload is under way is in the table, and was before the stage was made; an idle
 * session has a row. */
static bool
remove_orphan_stage(void *arg, const char *id)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *arena = sta_arena_new(BATCH_ARENA_MAX);
	struct sweep *s = arg;
	struct sta_upload_row row;

	if (sta_sessions_has(s->r->sessions, id))
		return true;
	if (!arena) {
		s->rc = sta_err_set(s->err, STA_NOMEM, 0, "collection");
		return false;
	}
	s->rc = sta_upload_find(s->c, arena, id, &row, s->err);
	if (s->rc == STA_NOT_FOUND)
		s->rc = s->r->store->ops->stage_remove(s->r->store, id, s->err);
	return s->rc == STA_OK;
}

static enum sta_rc
sweep_stages(struct sta_registry *r, struct sta_err *err)
{
	struct sweep s = { .r = r, .err = err };
	enum sta_rc rc = sta_db_reader(r->db, &s.c, err);

	if (rc == STA_OK)
		rc = r->store->ops->stage_each(r->store, remove_orphan_stage, &s, err);
	return rc == STA_OK ? s.rc : rc;
}

/* Their rows went, and they could not be removed then. */
static enum sta_rc
sweep_forgotten(struct pass *p, struct sta_err *err)
{
	return sweep_stages(p->r, err);
}

/* --- what was deleted, and cannot be restored any more --- */

/* Whoever heard of a blob that only the trash held may be about to use it: no lease was renewed for that. */
static enum sta_rc
empty_trash_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct pass *p = arg;
	struct sta_trash_item *items = NULL;
	int64_t due = p->now + (int64_t) p->r->options.collect_grace_s;
	enum sta_rc rc = sta_trash_due(c, p->arena, p->deleted_until, TRASH_BATCH, &items, &p->taken, err);

	for (size_t i = 0; rc == STA_OK && i < p->taken; i++)
		rc = sta_version_remove(c, items[i].package_id, items[i].manifest_id, due, err);
	return rc;
}

static enum sta_rc
empty_trash(struct pass *p, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_trash_item *items = NULL;
	enum sta_rc rc = sta_db_reader(p->r->db, &c, err);

	if (rc == STA_OK)
		rc = sta_trash_due(c, p->arena, p->deleted_until, 1, &items, &p->n, err);
	if (rc != STA_OK || p->n == 0)
		return rc;
	rc = sta_db_write(p->r->db, empty_trash_tx, p, err);
	if (rc != STA_OK)
		return rc;
	p->result.versions_removed += p->taken;
	p->n = BATCH; /* look again as long as one was taken */
	return STA_OK;
}

/* --- memberships that no manifest needs --- */

/* Looked up and removed in one transaction: whoever renewed a lease before it
 * keeps the blob, whoever comes after it finds the blob gone. */
static enum sta_rc
end_memberships_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct pass *p = arg;
	enum sta_rc rc = sta_member_due(c, p->arena, p->due_until, BATCH, &p->due, &p->n, err);

	for (size_t i = 0; rc == STA_OK && i < p->n; i++)
		rc = sta_member_remove(c, p->due[i].package_id, p->due[i].blob_id, p->now, err);
	return rc;
}

static enum sta_rc
end_memberships(struct pass *p, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	enum sta_rc rc = sta_db_reader(p->r->db, &c, err);

	if (rc == STA_OK) /* look first: most passes have nothing to write */
		rc = sta_member_due(c, p->arena, p->due_until, 1, &p->due, &p->n, err);
	if (rc != STA_OK || p->n == 0)
		return rc;
	rc = sta_db_write(p->r->db, end_memberships_tx, p, err);
	if (rc == STA_OK) {
		p->taken = p->n;
		p->result.memberships_removed += p->n;
	}
	return rc;
}

/* --- blobs that no package holds --- */

static enum sta_rc
drop_claims_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	return sta_blob_drop_claims(c, ((const struct pass *) arg)->now, err);
}

static enum sta_rc
drop_claims(struct pass *p, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	bool any = false;
	enum sta_rc rc = sta_db_reader(p->r->db, &c, err);

	if (rc == STA_OK)
		rc = sta_blob_any_old_claim(c, p->now, &any, err);
	return rc == STA_OK && any ? sta_db_write(p->r->db, drop_claims_tx, p, err) : rc;
}

struct forgetting {
	const struct sta_blob *blobs;
	size_t n;
};

static enum sta_rc
forget_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct forgetting *f = arg;
	enum sta_rc rc = STA_OK;

	for (size_t i = 0; rc == STA_OK && i < f->n; i++)
		rc = sta_blob_forget(c, f->blobs[i].id, err);
	return rc;
}

/* File first, then the row: a crash between them leaves a row that says so. */
static enum sta_rc
unlink_and_forget(struct sta_registry *r, const struct sta_blob *blobs, size_t n, struct sta_err *err)
{
	struct forgetting f = { blobs, n };
	enum sta_rc rc = STA_OK;

	for (size_t i = 0; rc == STA_OK && i < n; i++)
		if (blobs[i].place == STA_PLACE_STORE)
			rc = r->store->ops->remove(r->store, &blobs[i].digest, err);
	return rc == STA_OK && n > 0 ? sta_db_write(r->db, forget_tx, &f, err) : rc;
}

/* r->removing is held from the look at the rows until they are gone: else a
 * file could be unlinked that a push has just put in the place of an old one. */
static enum sta_rc
remove_blobs(struct pass *p, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_blob *blobs = NULL;
	enum sta_rc rc = sta_db_reader(p->r->db, &c, err);

	if (rc != STA_OK)
		return rc;
	(void) pthread_mutex_lock(&p->r->removing);
	rc = sta_blob_deleting(c, p->arena, BATCH, &blobs, &p->n, err);
	if (rc == STA_OK)
		rc = unlink_and_forget(p->r, blobs, p->n, err);
	(void) pthread_mutex_unlock(&p->r->removing);
	if (rc != STA_OK)
		return rc;
	p->taken = p->n;
	p->result.blobs_removed += p->n;
	for (size_t i = 0; i < p->n; i++)
		p->result.bytes_freed += blobs[i].size;
	return STA_OK;
}

enum sta_rc
sta_gc_finish_removal(struct sta_registry *r, const struct sta_digest *digest, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_blob blob;
	enum sta_rc rc = sta_db_reader(r->db, &c, err);

	if (rc != STA_OK)
		return rc;
	(void) pthread_mutex_lock(&r->removing);
	rc = sta_blob_find(c, digest, &blob, err);
	if (rc == STA_OK && blob.state == STA_BLOB_DELETING)
		rc = unlink_and_forget(r, &blob, 1, err);
	(void) pthread_mutex_unlock(&r->removing);
	return rc == STA_NOT_FOUND ? STA_OK : rc;
}

/* --- packages that were begun and never got a manifest, and deleted ones that hold nothing more --- */

static enum sta_rc
next_empty(struct sta_db_conn *c, const struct pass *p, int64_t *id, struct sta_err *err)
{
	enum sta_rc rc = sta_package_next_empty(c, p->begun_before, id, err);

	return rc == STA_NOT_FOUND ? sta_trash_next_empty(c, p->deleted_until, id, err) : rc;
}

static enum sta_rc
remove_package_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct pass *p = arg;
	int64_t id = 0;
	enum sta_rc rc = next_empty(c, p, &id, err);

	p->taken = 0;
	p->gone = false;
	if (rc == STA_NOT_FOUND)
		return STA_OK;
	if (rc == STA_OK)
		rc = sta_package_remove(c, id, &p->gone, err);
	p->taken = rc == STA_OK;
	return rc;
}

static enum sta_rc
remove_packages(struct pass *p, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	int64_t id = 0;
	enum sta_rc rc = sta_db_reader(p->r->db, &c, err);

	if (rc == STA_OK)
		rc = next_empty(c, p, &id, err);
	if (rc == STA_NOT_FOUND)
		return STA_OK;
	if (rc == STA_OK)
		rc = sta_db_write(p->r->db, remove_package_tx, p, err);
	p->result.packages_removed += rc == STA_OK && p->gone;
	p->n = BATCH; /* look again as long as one was taken */
	return rc;
}

/* --- statistics of days long ago --- */

static enum sta_rc
prune_statistics_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct pass *p = arg;

	return sta_pull_day_prune(c, p->counted_since, STATISTICS_BATCH, &p->taken, err);
}

static enum sta_rc
prune_statistics(struct pass *p, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	bool any = false;
	enum sta_rc rc = sta_db_reader(p->r->db, &c, err);

	if (rc == STA_OK)
		rc = sta_pull_day_any_before(c, p->counted_since, &any, err);
	p->n = BATCH; /* look again as long as some were taken */
	return rc == STA_OK && any ? sta_db_write(p->r->db, prune_statistics_tx, p, err) : rc;
}

static enum sta_rc
count_waiting(struct pass *p, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	enum sta_rc rc = sta_db_reader(p->r->db, &c, err);

	return rc == STA_OK ? sta_member_count_waiting(c, &p->result.waiting, err) : rc;
}

enum sta_rc
sta_gc_run(struct sta_registry *r, const struct sta_call *call, bool now, struct sta_gc_result *out,
	   struct sta_err *err)
{
	static step_fn *const steps[] = {
		expire_uploads, empty_trash,     end_memberships,  drop_claims,
		remove_blobs,   remove_packages, prune_statistics, sweep_forgotten
	};
	int64_t t = sta_now_unix();
	int64_t grace = (int64_t) r->options.collect_grace_s;
	struct pass p = { .r = r,
			  .now = t,
			  .due_until = t,
			  .begun_before = t - grace,
			  .deleted_until = t - (int64_t) r->options.trash_keep_s,
			  .counted_since = t / DAY_S - (int64_t) r->options.statistics_keep_s / DAY_S };
	enum sta_rc rc = sta_door_site(call, err);

	if (now && grace > FRESH_S) {
		/* A lease runs for a grace from its last use: this long ago it was used. */
		p.due_until = t + grace - FRESH_S;
		p.begun_before = t - FRESH_S;
	}
	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	for (size_t i = 0; rc == STA_OK && i < sizeof(steps) / sizeof(steps[0]); i++)
		rc = repeat(&p, steps[i], err);
	if (rc == STA_OK)
		rc = count_waiting(&p, err);
	if (rc == STA_OK)
		*out = p.result;
	return rc;
}

/* --- after a crash --- */

static enum sta_rc
end_claims_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	(void) arg;
	return sta_blob_end_claims(c, err);
}

enum sta_rc
sta_gc_recover(struct sta_registry *r, struct sta_err *err)
{
	struct pass p = { .r = r, .now = sta_now_unix() };
	enum sta_rc rc = sweep_stages(r, err);

	if (rc == STA_OK)
		rc = sta_db_write(r->db, end_claims_tx, NULL, err);
	if (rc == STA_OK)
		rc = repeat(&p, drop_claims, err);
	return rc == STA_OK ? repeat(&p, remove_blobs, err) : rc;
}
