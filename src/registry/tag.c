#include "registry/tag.h"

#include <string.h>

#include "model/manifests.h"
#include "model/word_index.h"
#include "registry/core.h"

static enum sta_rc
tag_unknown(enum sta_rc rc, struct sta_err *err)
{
	return rc == STA_NOT_FOUND ? sta_err_set(err, rc, 0, "Tag not found.") : rc;
}

static enum sta_rc
enter(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
      enum sta_action action, struct sta_db_conn **c, struct sta_entry *e, struct sta_err *err)
{
	enum sta_rc rc = sta_db_reader(r->db, c, err);

	return rc == STA_OK ? sta_door_published(*c, call, name, action, e, err) : rc;
}

/* --- reading --- */

/* In one snapshot. */
static enum sta_rc
read_page(struct sta_db_conn *c, const struct sta_call *call, struct sta_tag_query *q, struct sta_span *span,
	  struct sta_tag_row **out, size_t *n, struct sta_err *err)
{
	enum sta_rc rc = sta_tag_count(c, q->package_id, &span->total, err);

	return rc == STA_OK ? sta_tag_list(c, call->arena, q, out, n, err) : rc;
}

enum sta_rc
sta_tag_page_of(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
		enum sta_tag_order order, struct sta_span *span, struct sta_tag_row **out, size_t *n,
		struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_entry e = { 0 };
	struct sta_tag_query q = { .order = order, .skip = span->skip, .max = span->max };
	enum sta_rc rc = enter(r, call, name, STA_ACTION_READ, &c, &e, err);

	if (rc == STA_OK) /* all of them are counted */
		rc = sta_must_wait(call, err);
	if (rc == STA_OK)
		rc = sta_db_read_begin(c, err);
	if (rc != STA_OK)
		return rc;
	q.package_id = e.package.id;
	rc = read_page(c, call, &q, span, out, n, err);
	sta_db_read_end(c);
	return rc;
}

enum sta_rc
sta_tag_get(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name, const char *tag,
	    struct sta_tag_row *out, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_entry e = { 0 };
	enum sta_rc rc = enter(r, call, name, STA_ACTION_READ, &c, &e, err);

	return rc == STA_OK ? tag_unknown(sta_tag_row(c, call->arena, e.package.id, tag, out, err), err) : rc;
}

static enum sta_rc
read_history(struct sta_db_conn *c, const struct sta_call *call, struct sta_tag_event_query *q,
	     struct sta_span *span, struct sta_tag_event **out, size_t *n, struct sta_err *err)
{
	enum sta_rc rc = sta_tag_event_count(c, q, &span->total, err);

	if (rc == STA_OK && q->tag && span->total == 0)
		return tag_unknown(STA_NOT_FOUND, err);
	if (rc == STA_OK)
		rc = sta_tag_event_list(c, call->arena, q, out, n, err);
	if (rc != STA_OK)
		return rc;
	span->more = *n > span->max;
	*n -= span->more;
	return STA_OK;
}

/* Names of accounts are for those who push, too: others could read them nowhere else. */
static void
hide_actors(const struct sta_call *call, struct sta_entry *e, struct sta_tag_event *items, size_t n)
{
	struct sta_err ignored;

	if (sta_door_known(call, e, STA_ACTION_WRITE, &ignored) == STA_OK)
		return;
	for (size_t i = 0; i < n; i++)
		items[i].actor = "";
}

enum sta_rc
sta_tag_history(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
		const char *tag, struct sta_span *span, struct sta_tag_event **out, size_t *n,
		struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_entry e = { 0 };
	struct sta_tag_event_query q = { .tag = tag, .before = span->before, .max = span->max + 1 };
	enum sta_rc rc = enter(r, call, name, STA_ACTION_READ, &c, &e, err);

	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	if (rc == STA_OK)
		rc = sta_db_read_begin(c, err);
	if (rc != STA_OK)
		return rc;
	q.package_id = e.package.id;
	rc = read_history(c, call, &q, span, out, n, err);
	sta_db_read_end(c);
	if (rc == STA_OK)
		hide_actors(call, &e, *out, *n);
	return rc;
}

enum sta_rc
sta_tag_at(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name, const char *tag,
	   int64_t at_unix, struct sta_tag_past *out, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_tag_event event;
	struct sta_version v;
	struct sta_entry e = { 0 };
	enum sta_rc rc = enter(r, call, name, STA_ACTION_READ, &c, &e, err);

	if (rc == STA_OK) /* the history is walked back up to then */
		rc = sta_must_wait(call, err);
	if (rc == STA_OK)
		rc = sta_tag_event_last(c, call->arena, e.package.id, tag, at_unix, &event, err);
	if (rc == STA_NOT_FOUND || (rc == STA_OK && !event.is))
		return sta_err_set(err, STA_NOT_FOUND, 0, "Tag not found at that time.");
	if (rc != STA_OK)
		return rc;
	*out = (struct sta_tag_past){ .digest = event.new, .since_unix = event.created_unix };
	rc = sta_version_by_digest(c, call->arena, e.package.id, &event.new, &v, err);
	out->version_id = rc == STA_OK ? v.id : 0;
	return rc == STA_NOT_FOUND ? STA_OK : rc;
}

/* --- changing --- */

struct change {
	const struct sta_call *call;
	const struct sta_name *name;
	const char *tag;
	const struct sta_tag_target *target;     /* or */
	const struct sta_tag_rollback *rollback; /* or neither: it is removed */
	struct sta_tag_row row;
	bool made;
};

static enum sta_rc
no_target(enum sta_rc rc, struct sta_err *err)
{
	return rc == STA_NOT_FOUND
		       ? sta_err_set(err, STA_INVALID, 0, "What the tag is to lead to is not in the package.")
		       : rc;
}

static enum sta_rc
find_target(struct sta_db_conn *c, const struct change *x, int64_t package_id, int64_t *id,
	    struct sta_err *err)
{
	struct sta_arena *a = x->call->arena;
	struct sta_version_row row;
	struct sta_version v;
	enum sta_rc rc;

	if (x->target->version_id != 0) {
		rc = sta_version_row(c, a, package_id, x->target->version_id, &row, err);
		*id = rc == STA_OK ? row.id : 0;
		return no_target(rc == STA_OK && row.deleted_unix > 0 ? STA_NOT_FOUND : rc, err);
	}
	rc = x->target->digest ? sta_version_by_digest(c, a, package_id, x->target->digest, &v, err)
			       : sta_version_by_tag(c, a, package_id, x->target->tag, &v, err);
	*id = rc == STA_OK ? v.id : 0;
	return no_target(rc, err);
}

/* Where the tag is put back to. */
static enum sta_rc
find_past(struct sta_db_conn *c, const struct change *x, int64_t package_id, struct sta_digest *out,
	  struct sta_err *err)
{
	const struct sta_tag_rollback *to = x->rollback;
	struct sta_arena *a = x->call->arena;
	bool before = to->number == 0 && !to->at_unix; /* the last event */
	struct sta_tag_event e;
	enum sta_rc rc = to->number != 0 ? sta_tag_event_find(c, a, package_id, x->tag, to->number, &e, err)
					 : sta_tag_event_last(c, a, package_id, x->tag,
							      before ? INT64_MAX : *to->at_unix, &e, err);

	if (rc == STA_NOT_FOUND && !before)
		return sta_err_set(err, STA_INVALID, 0, "The tag did not exist then.");
	if (rc != STA_OK)
		return tag_unknown(rc, err);
	if (before ? !e.was : !e.is)
		return sta_err_set(err, STA_INVALID, 0, "The tag %s.",
				   before ? "did not exist before" : "did not exist then");
	*out = before ? e.old : e.new;
	return STA_OK;
}

static enum sta_rc
find_past_version(struct sta_db_conn *c, const struct change *x, int64_t package_id, int64_t *id,
		  struct sta_err *err)
{
	char text[STA_DIGEST_TEXT_MAX];
	struct sta_digest d;
	struct sta_version v;
	enum sta_rc rc = find_past(c, x, package_id, &d, err);

	if (rc != STA_OK)
		return rc;
	rc = sta_version_by_digest(c, x->call->arena, package_id, &d, &v, err);
	if (rc == STA_NOT_FOUND)
		return sta_err_set(err, STA_CONFLICT, 0,
				   "%s is no version of the package any more. If it was deleted lately, "
				   "restore it first.",
				   sta_digest_text(&d, text));
	*id = rc == STA_OK ? v.id : 0;
	return rc;
}

/* The package says of itself what the version says that a tag came to last. */
static enum sta_rc
changed(struct sta_db_conn *c, int64_t package_id, int64_t now_unix, struct sta_err *err)
{
	enum sta_rc rc = sta_package_touch(c, package_id, now_unix, err);

	return rc == STA_OK ? sta_word_index_renew(c, package_id, err) : rc;
}

static enum sta_rc
put(struct sta_db_conn *c, struct change *x, int64_t package_id, int64_t id, struct sta_err *err)
{
	const struct sta_author by = sta_author_of(x->call);
	struct sta_tag_row old;
	enum sta_rc rc = sta_tag_row(c, x->call->arena, package_id, x->tag, &old, err);

	x->made = rc == STA_NOT_FOUND;
	if (rc == STA_NOT_FOUND)
		rc = STA_OK;
	if (rc == STA_OK)
		rc = sta_tag_set(c, package_id, x->tag, id, &by, err);
	if (rc == STA_OK && (x->made || old.manifest_id != id))
		rc = changed(c, package_id, by.now_unix, err);
	return rc == STA_OK ? sta_tag_row(c, x->call->arena, package_id, x->tag, &x->row, err) : rc;
}

static enum sta_rc
put_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct change *x = arg;
	struct sta_entry e = { 0 };
	int64_t id = 0;
	enum sta_rc rc = sta_still_enabled(c, x->call, err);

	if (rc == STA_OK)
		rc = sta_door_published(c, x->call, x->name, STA_ACTION_WRITE, &e, err);
	if (rc == STA_OK)
		rc = x->target ? find_target(c, x, e.package.id, &id, err)
			       : find_past_version(c, x, e.package.id, &id, err);
	return rc == STA_OK ? put(c, x, e.package.id, id, err) : rc;
}

static enum sta_rc
drop_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct change *x = arg;
	const struct sta_author by = sta_author_of(x->call);
	struct sta_entry e = { 0 };
	enum sta_rc rc = sta_still_enabled(c, x->call, err);

	if (rc == STA_OK)
		rc = sta_door_published(c, x->call, x->name, STA_ACTION_DELETE, &e, err);
	if (rc == STA_OK)
		rc = tag_unknown(sta_tag_remove(c, e.package.id, x->tag, &by, err), err);
	return rc == STA_OK ? sta_package_touch(c, e.package.id, by.now_unix, err) : rc;
}

/* Who may not is told on the caller's own thread, without a turn of the writer's. */
static enum sta_rc
run(struct sta_registry *r, struct change *x, enum sta_action action, sta_db_tx_fn *tx, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_entry e = { 0 };
	enum sta_rc rc = enter(r, x->call, x->name, action, &c, &e, err);

	if (rc == STA_OK && !sta_tag_valid(x->tag, strlen(x->tag)))
		return sta_err_set(
			err, STA_INVALID, 0,
			"A tag has up to %d letters, digits, '_', '.' and '-', and begins with none of "
			"the last two.",
			STA_TAG_MAX);
	if (rc == STA_OK)
		rc = sta_must_wait(x->call, err);
	return rc == STA_OK ? sta_db_write(r->db, tx, x, err) : rc;
}

enum sta_rc
sta_tag_point(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
	      const char *tag, const struct sta_tag_target *to, struct sta_tag_row *out, bool *made,
	      struct sta_err *err)
{
	struct change x = { .call = call, .name = name, .tag = tag, .target = to };
	enum sta_rc rc = run(r, &x, STA_ACTION_WRITE, put_tx, err);

	if (rc != STA_OK)
		return rc;
	*out = x.row;
	*made = x.made;
	return STA_OK;
}

enum sta_rc
sta_tag_roll_back(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
		  const char *tag, const struct sta_tag_rollback *to, struct sta_tag_row *out,
		  struct sta_err *err)
{
	struct change x = { .call = call, .name = name, .tag = tag, .rollback = to };
	enum sta_rc rc = run(r, &x, STA_ACTION_WRITE, put_tx, err);

	if (rc == STA_OK)
		*out = x.row;
	return rc;
}

enum sta_rc
sta_tag_drop(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
	     const char *tag, struct sta_err *err)
{
	struct change x = { .call = call, .name = name, .tag = tag };

	return run(r, &x, STA_ACTION_DELETE, drop_tx, err);
}
