#include "model/blobs.h"
#include "model/manifests.h"
#include "model/names.h"
#include "model/trash.h"
#include "model/versions.h"
#include "registry/package.h"
#include "registry/published.h"
#include "registry/trash.h"
#include "registry/trash_internal.h"

struct work {
	struct sta_registry *r;
	const struct sta_call *call;
	struct sta_name name;
	int64_t id;    /* of a deleted package; 0: the one that was deleted last */
	bool by_rules; /* of the packages API; else by its owner's command */
	bool gone;
};

static enum sta_rc
check_popular_package(const struct work *w, struct sta_db_conn *c, const struct sta_package *p,
		      struct sta_err *err)
{
	uint64_t limit = w->r->options.popular_after;
	bool popular = false;
	enum sta_rc rc = STA_OK;

	if (w->by_rules && sta_trash_protects(w->r, p))
		rc = sta_version_popular(c, p->id, 0, limit, &popular, err);
	if (rc != STA_OK || !popular)
		return rc;
	return sta_err_set(err, STA_INVALID, 0,
			   "Publicly visible packages with more than %llu downloads on any version cannot be "
			   "deleted. Contact GitHub support for further assistance.",
			   (unsigned long long) limit);
}

/* By the packages API, or by the machine's owner. */
static enum sta_rc
enter_to_remove(struct sta_db_conn *c, const struct work *w, struct sta_entry *e, struct sta_err *err)
{
	return w->by_rules ? sta_door_published(c, w->call, &w->name, STA_ACTION_DELETE, e, err)
			   : sta_door_existing(c, w->call, &w->name, STA_ACTION_ADMIN, e, err);
}

static enum sta_rc
retire(struct sta_db_conn *c, const struct work *w, const struct sta_package *p, struct sta_err *err)
{
	uint64_t often = w->r->options.retire_after;

	return often > 0 ? sta_retire_package(c, p->id, often, sta_now_unix(), err) : STA_OK;
}

/* All that goes with the row of a package that has no version any more. */
static enum sta_rc
remove_empty(struct sta_db_conn *c, struct work *w, const struct sta_package *p, struct sta_err *err)
{
	enum sta_rc rc = retire(c, w, p, err);

	if (rc == STA_OK)
		rc = sta_member_remove_all(c, p->id, sta_now_unix(), err);
	return rc == STA_OK ? sta_package_remove(c, p->id, &w->gone, err) : rc;
}

static enum sta_rc
remove_version(struct sta_db_conn *c, const struct work *w, int64_t package_id, int64_t id,
	       struct sta_err *err)
{
	const struct sta_author by = sta_author_of(w->call);
	enum sta_rc rc = sta_trash_version(c, package_id, id, &by, err);

	return rc == STA_OK ? sta_version_remove(c, package_id, id, by.now_unix, err) : rc;
}

/* One manifest a transaction where nothing is kept: a package of thousands must not hold the writer. */
static enum sta_rc
remove_package_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct work *w = arg;
	int64_t now = sta_now_unix();
	int64_t version = 0;
	struct sta_entry e;
	enum sta_rc rc = enter_to_remove(c, w, &e, err);

	w->gone = false;
	if (rc == STA_OK)
		rc = check_popular_package(w, c, &e.package, err);
	if (rc != STA_OK)
		return rc;
	rc = sta_trash_keeps(w->r) ? STA_NOT_FOUND : sta_version_next(c, e.package.id, &version, err);
	if (rc == STA_OK)
		return remove_version(c, w, e.package.id, version, err);
	if (rc != STA_NOT_FOUND)
		return rc;
	if (sta_trash_keeps(w->r)) {
		rc = retire(c, w, &e.package, err);
		if (rc == STA_OK)
			rc = sta_trash_package(c, e.package.id, now, err);
		w->gone = rc == STA_OK;
	} else {
		rc = remove_empty(c, w, &e.package, err);
	}
	return rc == STA_OK && w->gone ? sta_audit(c, w->call, "package.delete", e.package.name, "", err)
				       : rc;
}

static enum sta_rc
remove_package(struct work *w, struct sta_err *err)
{
	enum sta_rc rc = STA_OK;

	sta_trash_count_now(w->r);
	while (rc == STA_OK && !w->gone)
		rc = sta_db_write(w->r->db, remove_package_tx, w, err);
	return rc;
}

enum sta_rc
sta_package_delete(struct sta_registry *r, const struct sta_call *call, const char *name, struct sta_err *err)
{
	struct work w = { .r = r, .call = call };
	enum sta_rc rc = sta_package_name(name, &w.name, err);

	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	return rc == STA_OK ? remove_package(&w, err) : rc;
}

enum sta_rc
sta_published_remove_package(struct sta_registry *r, const struct sta_call *call, const char *owner,
			     const char *name, struct sta_err *err)
{
	struct work w = { .r = r, .call = call, .by_rules = true };
	enum sta_rc rc = sta_published_name(owner, name, &w.name, err);

	if (rc == STA_OK)
		rc = sta_trash_look(r, call, &w.name, STA_ACTION_DELETE, err);
	return rc == STA_OK ? remove_package(&w, err) : rc;
}

/* Who may not hears what it would if there were one. */
static enum sta_rc
refuse_absent(struct sta_db_conn *c, const struct work *w, struct sta_entry *e, struct sta_err *err)
{
	enum sta_rc rc = sta_door_look(c, w->call, &w->name, e, err);

	if (rc != STA_OK)
		return rc;
	e->exists = false;
	e->package = (struct sta_package){ 0 };
	rc = sta_door_known(w->call, e, STA_ACTION_READ, err);
	return sta_published_denial(rc == STA_OK ? STA_NOT_FOUND : rc, e, STA_ACTION_READ, err);
}

/* By more than that everybody could, whatever the credential takes away. */
static bool
could_read(const struct sta_call *call, const struct sta_entry *e)
{
	struct sta_caller caller = call->caller;
	struct sta_object o = sta_entry_object(e);

	caller.limited = false;
	caller.scopes = STA_SCOPE_ALL;
	if (o.visibility == STA_PUBLIC)
		o.visibility = STA_PRIVATE;
	return sta_access_decide(&caller, &o, STA_ACTION_READ).allowed;
}

/* A deleted package, under the name that it had. */
static enum sta_rc
enter_deleted(struct sta_db_conn *c, const struct work *w, struct sta_entry *e, struct sta_err *err)
{
	const struct sta_call *call = w->call;
	enum sta_rc rc;

	*e = (struct sta_entry){ .name = &w->name };
	rc = sta_package_find_deleted(c, call->arena, w->name.full, w->id, call->caller.user_id,
				      sta_trash_kept_after(w->r), &e->package, err);
	if (rc == STA_NOT_FOUND)
		return refuse_absent(c, w, e, err);
	if (rc != STA_OK)
		return rc;
	e->exists = true;
	e->namespace = (struct sta_namespace){ .id = e->package.namespace_id, .member = e->package.member };
	if (!could_read(call, e))
		return refuse_absent(c, w, e, err);
	rc = sta_door_known(call, e, STA_ACTION_READ, err);
	if (rc != STA_OK)
		return sta_published_denial(rc, e, STA_ACTION_READ, err);
	rc = sta_door_known(call, e, STA_ACTION_ADMIN, err);
	return sta_published_denial(rc, e, STA_ACTION_ADMIN, err);
}

static enum sta_rc
check_free(struct sta_db_conn *c, const struct work *w, struct sta_err *err)
{
	struct sta_package other;
	struct sta_past past = { 0 };
	enum sta_rc rc = sta_package_find(c, w->call->arena, w->name.full, 0, &other, err);

	if (rc == STA_NOT_FOUND) {
		rc = sta_past_find(c, w->call->arena, w->name.namespace, w->name.image, &past, err);
		if (rc != STA_OK || !past.present)
			return rc;
	}
	if (rc != STA_OK)
		return rc;
	return sta_err_set(err, STA_CONFLICT, 0,
			   "A package with the same name exists. Delete or rename it to restore this one.");
}

static enum sta_rc
restore_package_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct work *w = arg;
	struct sta_entry e;
	enum sta_rc rc = enter_deleted(c, w, &e, err);

	if (rc == STA_OK)
		rc = check_free(c, w, err);
	if (rc == STA_OK)
		rc = sta_untrash_package(c, e.package.id, w->name.full, err);
	return rc == STA_OK ? sta_audit(c, w->call, "package.restore", w->name.full, "", err) : rc;
}

static enum sta_rc
restore_package(struct work *w, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_entry e;
	enum sta_rc rc = sta_db_reader(w->r->db, &c, err);

	if (rc == STA_OK)
		rc = enter_deleted(c, w, &e, err);
	if (rc == STA_OK)
		rc = sta_must_wait(w->call, err);
	return rc == STA_OK ? sta_db_write(w->r->db, restore_package_tx, w, err) : rc;
}

enum sta_rc
sta_package_restore(struct sta_registry *r, const struct sta_call *call, const char *name,
		    struct sta_err *err)
{
	struct work w = { .r = r, .call = call };
	enum sta_rc rc = sta_package_name(name, &w.name, err);

	return rc == STA_OK ? restore_package(&w, err) : rc;
}

enum sta_rc
sta_published_restore_package(struct sta_registry *r, const struct sta_call *call, const char *owner,
			      const char *name, int64_t id, struct sta_err *err)
{
	struct work w = { .r = r, .call = call, .id = id };
	enum sta_rc rc = sta_published_name(owner, name, &w.name, err);

	return rc == STA_OK ? restore_package(&w, err) : rc;
}
