#include "registry/trash.h"

#include <string.h>

#include "model/manifests.h"
#include "model/tags.h"
#include "model/trash.h"
#include "registry/published.h"
#include "registry/pulls.h"
#include "registry/trash_internal.h"

#define BATCH 128       /* versions that a transaction looks at: the writer is for pushes, too */
#define FOUND_BATCH 512 /* ..and that it finds */

/* Versions that a removal or a restoration concerns, in the order in which they were found. */
struct ids {
	int64_t *items;
	size_t n, cap;
};

struct work {
	struct sta_registry *r;
	const struct sta_call *call;
	struct sta_name name;
	int64_t id; /* of the version */
	bool cascade;
	uint64_t most_pulls; /* of what goes along */
	int64_t package_id;
	struct ids ids;
	size_t next;              /* that has not been looked at */
	size_t kept_n, kept_next; /* as of the last commit: a transaction may run twice */
};

static enum sta_rc
add(struct work *w, int64_t id, struct sta_err *err)
{
	struct ids *l = &w->ids;

	if (l->n == l->cap) {
		size_t cap = l->cap > 0 ? l->cap * 2 : 64;
		int64_t *more = sta_arena_alloc(w->call->arena, cap * sizeof(*more));

		if (!more)
			return sta_err_set(err, STA_NOMEM, 0, "versions");
		if (l->n > 0)
			memcpy(more, l->items, l->n * sizeof(*more));
		l->items = more;
		l->cap = cap;
	}
	l->items[l->n++] = id;
	return STA_OK;
}

static void
begin_again(struct work *w)
{
	w->ids.n = w->kept_n;
	w->next = w->kept_next;
}

/* tx in one transaction after the other until every version that it found has been looked at. */
static enum sta_rc
go_through(struct work *w, sta_db_tx_fn *tx, struct sta_err *err)
{
	enum sta_rc rc = STA_OK;

	while (rc == STA_OK && w->next < w->ids.n) {
		w->kept_n = w->ids.n;
		w->kept_next = w->next;
		rc = sta_db_write(w->r->db, tx, w, err);
	}
	return rc;
}

enum sta_rc
sta_discard_version(struct sta_db_conn *c, const struct sta_registry *r, const struct sta_call *call,
		    int64_t package_id, int64_t id, struct sta_err *err)
{
	const struct sta_author by = sta_author_of(call);
	int64_t due = by.now_unix + (int64_t) r->options.collect_grace_s;
	enum sta_rc rc = sta_trash_version(c, package_id, id, &by, err);

	return rc == STA_OK && !sta_trash_keeps(r) ? sta_version_remove(c, package_id, id, due, err) : rc;
}

/* --- removing a version --- */

static enum sta_rc
check_parent(struct sta_db_conn *c, int64_t package_id, const struct sta_digest *d, struct sta_err *err)
{
	char text[STA_DIGEST_TEXT_MAX];
	struct sta_digest parent;
	enum sta_rc rc = sta_version_parent(c, package_id, d, &parent, err);

	if (rc == STA_NOT_FOUND)
		return STA_OK;
	if (rc != STA_OK)
		return rc;
	return sta_err_set(err, STA_INVALID, 0,
			   "You cannot delete a version that the index %s lists. Delete that version first.",
			   sta_digest_text(&parent, text));
}

static enum sta_rc
check_last(struct sta_db_conn *c, const struct sta_package *p, const struct sta_version_row *v,
	   struct sta_err *err)
{
	bool others = true;
	enum sta_rc rc = STA_OK;

	if (p->versions <= 1)
		others = false;
	else if (v->n_tags > 0)
		rc = sta_tag_on_another(c, p->id, v->id, &others, err);
	if (rc != STA_OK || others)
		return rc;
	return sta_err_set(err, STA_INVALID, 0,
			   "You cannot delete the last %sversion of a package. You must delete the package "
			   "instead.",
			   v->n_tags > 0 ? "tagged " : "");
}

static enum sta_rc
check_rules(const struct work *w, struct sta_db_conn *c, const struct sta_package *p,
	    const struct sta_version_row *v, struct sta_err *err)
{
	const struct sta_registry *r = w->r;

	if (sta_trash_protects(r, p) && v->pulls > r->options.popular_after)
		return sta_err_set(
			err, STA_INVALID, 0,
			"Publicly visible package versions with more than %llu downloads cannot be "
			"deleted. Contact GitHub support for further assistance.",
			(unsigned long long) r->options.popular_after);
	return r->options.delete_last_tagged ? STA_OK : check_last(c, p, v, err);
}

static enum sta_rc
version_unknown(struct sta_err *err)
{
	return sta_err_set(err, STA_NOT_FOUND, 0, "Package version not found.");
}

/* The version, which must be there or (deleted) in the trash still. */
static enum sta_rc
find_version(struct sta_db_conn *c, const struct work *w, bool deleted, struct sta_version_row *out,
	     struct sta_err *err)
{
	enum sta_rc rc = sta_version_row(c, w->call->arena, w->package_id, w->id, out, err);

	if (rc == STA_OK && deleted && out->deleted_unix <= sta_trash_kept_after(w->r))
		return version_unknown(err);
	if (rc == STA_NOT_FOUND || (rc == STA_OK && (out->deleted_unix > 0) != deleted))
		return version_unknown(err);
	return rc;
}

static enum sta_rc
note_version(struct sta_db_conn *c, const struct work *w, const char *action, const struct sta_digest *d,
	     struct sta_err *err)
{
	char text[STA_DIGEST_TEXT_MAX];
	enum sta_rc rc = sta_package_touch(c, w->package_id, sta_now_unix(), err);

	return rc == STA_OK ? sta_audit(c, w->call, action, w->name.full, sta_digest_text(d, text), err) : rc;
}

/* What goes or comes with the next version that was found, at most max; n of it. */
typedef enum sta_rc take_fn(struct sta_db_conn *c, struct work *w, size_t max, size_t *n,
			    struct sta_err *err);

/* A version that more goes or comes with stays the next one: what was taken is not found again. */
static enum sta_rc
take_some(struct sta_db_conn *c, struct work *w, take_fn *take, struct sta_err *err)
{
	size_t left = FOUND_BATCH;
	enum sta_rc rc = STA_OK;

	for (size_t i = 0; rc == STA_OK && i < BATCH && left > 0 && w->next < w->ids.n; i++) {
		size_t n = 0;

		rc = take(c, w, left, &n, err);
		w->next += n < left;
		left -= n;
	}
	return rc;
}

/* What has no purpose without a version that was removed is removed, too. */
static enum sta_rc
follow(struct sta_db_conn *c, struct work *w, size_t max, size_t *n, struct sta_err *err)
{
	const struct sta_dependents_query q = {
		.package_id = w->package_id,
		.id = w->ids.items[w->next],
		.most_pulls = w->most_pulls,
		.max = max,
	};
	const struct sta_author by = sta_author_of(w->call);
	int64_t *found = NULL;
	enum sta_rc rc = sta_version_dependents(c, w->call->arena, &q, &found, n, err);

	for (size_t i = 0; rc == STA_OK && i < *n; i++) {
		rc = sta_trash_version(c, w->package_id, found[i], &by, err);
		if (rc == STA_OK)
			rc = add(w, found[i], err);
	}
	return rc;
}

static enum sta_rc
remove_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct work *w = arg;
	const struct sta_author by = sta_author_of(w->call);
	struct sta_version_row v;
	struct sta_entry e;
	enum sta_rc rc = sta_door_published(c, w->call, &w->name, STA_ACTION_DELETE, &e, err);

	begin_again(w);
	if (rc != STA_OK)
		return rc;
	w->package_id = e.package.id;
	w->most_pulls = sta_trash_protects(w->r, &e.package) ? w->r->options.popular_after : INT64_MAX;
	rc = find_version(c, w, false, &v, err);
	if (rc == STA_OK)
		rc = check_parent(c, e.package.id, &v.digest, err);
	if (rc == STA_OK)
		rc = check_rules(w, c, &e.package, &v, err);
	if (rc == STA_OK)
		rc = sta_trash_version(c, e.package.id, v.id, &by, err);
	if (rc == STA_OK)
		rc = add(w, v.id, err);
	if (rc == STA_OK && w->cascade) /* here, as far as it goes: seldom is anything left by halves */
		rc = take_some(c, w, follow, err);
	return rc == STA_OK ? note_version(c, w, "version.delete", &v.digest, err) : rc;
}

static enum sta_rc
cascade_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct work *w = arg;
	enum sta_rc rc = sta_still_enabled(c, w->call, err);

	begin_again(w);
	return rc == STA_OK ? take_some(c, w, follow, err) : rc;
}

/* Where nothing is kept. */
static enum sta_rc
purge_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct work *w = arg;
	int64_t due = sta_now_unix() + (int64_t) w->r->options.collect_grace_s;
	enum sta_rc rc = STA_OK;

	begin_again(w);
	for (size_t i = 0; rc == STA_OK && i < BATCH && w->next < w->ids.n; i++)
		rc = sta_version_remove(c, w->package_id, w->ids.items[w->next++], due, err);
	return rc;
}

enum sta_rc
sta_published_remove_version(struct sta_registry *r, const struct sta_call *call,
			     const struct sta_version_removal *v, struct sta_err *err)
{
	struct work w = { .r = r,
			  .call = call,
			  .id = v->id,
			  .cascade = v->cascade ? *v->cascade : r->options.delete_cascade };
	enum sta_rc rc = sta_published_name(v->owner, v->name, &w.name, err);

	if (rc == STA_OK)
		rc = sta_trash_look(r, call, &w.name, STA_ACTION_DELETE, err);
	if (rc != STA_OK)
		return rc;
	sta_trash_count_now(r);
	rc = sta_db_write(r->db, remove_tx, &w, err);
	if (rc == STA_OK && w.cascade)
		rc = go_through(&w, cascade_tx, err);
	w.next = 0;
	return rc == STA_OK && !sta_trash_keeps(r) ? go_through(&w, purge_tx, err) : rc;
}

/* --- restoring a version --- */

static enum sta_rc
restore(struct sta_db_conn *c, struct work *w, int64_t id, struct sta_err *err)
{
	const struct sta_author by = sta_author_of(w->call);
	enum sta_rc rc = sta_untrash_version(c, w->package_id, id, &by, err);

	return rc == STA_OK ? add(w, id, err) : rc;
}

/* An index comes back whole. */
static enum sta_rc
restore_children(struct sta_db_conn *c, struct work *w, size_t max, size_t *n, struct sta_err *err)
{
	int64_t *found = NULL;
	enum sta_rc rc = sta_trash_children(c, w->call->arena, w->ids.items[w->next], max, &found, n, err);

	for (size_t i = 0; rc == STA_OK && i < *n; i++)
		rc = restore(c, w, found[i], err);
	return rc;
}

static enum sta_rc
restore_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct work *w = arg;
	struct sta_version_row v;
	struct sta_entry e;
	enum sta_rc rc = sta_door_published(c, w->call, &w->name, STA_ACTION_ADMIN, &e, err);

	begin_again(w);
	if (rc != STA_OK)
		return rc;
	w->package_id = e.package.id;
	rc = find_version(c, w, true, &v, err);
	if (rc == STA_OK)
		rc = restore(c, w, v.id, err);
	if (rc == STA_OK) /* here, as far as it goes: no index lacks what it lists for long */
		rc = take_some(c, w, restore_children, err);
	return rc == STA_OK ? note_version(c, w, "version.restore", &v.digest, err) : rc;
}

static enum sta_rc
restore_children_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct work *w = arg;
	enum sta_rc rc = sta_still_enabled(c, w->call, err);

	begin_again(w);
	return rc == STA_OK ? take_some(c, w, restore_children, err) : rc;
}

enum sta_rc
sta_published_restore_version(struct sta_registry *r, const struct sta_call *call, const char *owner,
			      const char *name, int64_t id, struct sta_err *err)
{
	struct work w = { .r = r, .call = call, .id = id };
	enum sta_rc rc = sta_published_name(owner, name, &w.name, err);

	if (rc == STA_OK)
		rc = sta_trash_look(r, call, &w.name, STA_ACTION_ADMIN, err);
	if (rc == STA_OK)
		rc = sta_db_write(r->db, restore_tx, &w, err);
	return rc == STA_OK ? go_through(&w, restore_children_tx, err) : rc;
}

/* --- for both --- */

void
sta_trash_count_now(struct sta_registry *r)
{
	struct sta_err ignored;

	(void) !sta_pulls_flush(r, &ignored);
}

enum sta_rc
sta_trash_look(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
	       enum sta_action action, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_entry e;
	enum sta_rc rc = sta_db_reader(r->db, &c, err);

	if (rc == STA_OK)
		rc = sta_door_published(c, call, name, action, &e, err);
	return rc == STA_OK ? sta_must_wait(call, err) : rc;
}
