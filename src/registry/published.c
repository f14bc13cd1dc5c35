#include "registry/published.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "registry/core.h"
#include "registry/source.h"

#define LOOK_AT 1000      /* packages in one go, when all are looked at */
#define LOOK_AT_FEW 16    /* ..when one that may be read is enough */
#define SKIP_AT_ONCE 5000 /* versions before a page, on a thread that must not wait */
#define LOOK_MEMORY_MAX ((size_t) 8 << 20)

/* Behind all names of an owner: '0' follows '/'. */
#define FIRST "/"
#define BEHIND "0"

static enum sta_rc
no_owner(struct sta_err *err)
{
	return sta_err_set(err, STA_NOT_FOUND, 0, "Not Found");
}

enum sta_rc
sta_published_name(const char *owner, const char *name, struct sta_name *out, struct sta_err *err)
{
	char text[STA_NAME_MAX + 2];
	int n = snprintf(text, sizeof(text), "%s/%s", owner, name);

	for (char *p = text; *p; p++)
		*p = (char) tolower((unsigned char) *p);
	if (n > 0 && n <= STA_NAME_MAX && !strchr(owner, '/') && sta_name_parse(text, (size_t) n, out))
		return STA_OK;
	return sta_err_set(err, STA_NOT_FOUND, 0, "Package not found.");
}

/* --- owners --- */

/* Of what is listed, the owner's part. */
static struct sta_package_query
query_of(const struct sta_call *call, const char *owner, char first[STA_NAME_MAX + 1],
	 char end[STA_NAME_MAX + 1], size_t max)
{
	(void) snprintf(first, STA_NAME_MAX + 1, "%s" FIRST, owner);
	(void) snprintf(end, STA_NAME_MAX + 1, "%s" BEHIND, owner);
	return (struct sta_package_query){
		.account_id = call->caller.user_id,
		.everything = sta_sees_everything(&call->caller),
		.last = first,
		.end = end,
		.max = max,
	};
}

typedef enum sta_rc package_fn(void *arg, const struct sta_package *p, bool *enough, struct sta_err *err);

/* Each package of the owner that the caller may read, by name, until fn has enough. */
static enum sta_rc
each_package(struct sta_db_conn *c, const struct sta_call *call, const char *owner, size_t at_once,
	     package_fn *fn, void *arg, struct sta_err *err)
{
	char first[STA_NAME_MAX + 1];
	char end[STA_NAME_MAX + 1];
	struct sta_package_query q = query_of(call, owner, first, end, at_once);
	size_t got = q.max;
	bool enough = false;
	enum sta_rc rc = STA_OK;

	while (rc == STA_OK && got == q.max && !enough) {
		STA_AUTO(sta_arena_auto) struct sta_arena *memory = sta_arena_new(LOOK_MEMORY_MAX);
		struct sta_package *p = NULL;

		rc = memory ? sta_package_page(c, memory, &q, &p, &got, err)
			    : sta_err_set(err, STA_NOMEM, 0, "packages");
		for (size_t i = 0; rc == STA_OK && i < got && !enough; i++)
			if (sta_may_list(&call->caller, &p[i]))
				rc = fn(arg, &p[i], &enough, err);
		if (rc == STA_OK && got > 0)
			(void) snprintf(first, sizeof(first), "%s", p[got - 1].name);
	}
	return rc;
}

static enum sta_rc
one_is_enough(void *arg, const struct sta_package *p, bool *enough, struct sta_err *err)
{
	(void) p;
	(void) err;
	*(bool *) arg = *enough = true;
	return STA_OK;
}

static bool
knows(const struct sta_caller *caller, const struct sta_owner *owner)
{
	return sta_sees_everything(caller) || caller->user_id == owner->id || caller->home_id == owner->id ||
	       owner->member != STA_ORG_NONE;
}

static enum sta_rc
find_owner(struct sta_db_conn *c, const struct sta_call *call, const char *name, struct sta_owner *out,
	   struct sta_err *err)
{
	char folded[STA_NAMESPACE_MAX + 1];
	struct sta_owner got;
	bool seen = false;
	enum sta_rc rc;

	if (!sta_namespace_fold(name, folded))
		return no_owner(err);
	rc = sta_owner_by_name(c, call->arena, folded, call->caller.user_id, &got, err);
	if (rc == STA_NOT_FOUND)
		got = (struct sta_owner){ .id = 0 };
	else if (rc != STA_OK)
		return rc;
	if (got.id != 0 && knows(&call->caller, &got)) {
		*out = got;
		return STA_OK;
	}
	/* Also where there is no such owner: it takes the same steps. */
	rc = sta_must_wait(call, err);
	if (rc == STA_OK)
		rc = each_package(c, call, folded, LOOK_AT_FEW, one_is_enough, &seen, err);
	if (rc != STA_OK)
		return rc;
	if (got.id == 0 || !seen)
		return no_owner(err);
	*out = got;
	return STA_OK;
}

enum sta_rc
sta_published_owner(struct sta_registry *r, const struct sta_call *call, const char *name,
		    struct sta_owner *out, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	enum sta_rc rc = sta_db_reader(r->db, &c, err);

	return rc == STA_OK ? find_owner(c, call, name, out, err) : rc;
}

enum sta_rc
sta_published_self(struct sta_registry *r, const struct sta_call *call, struct sta_owner *out,
		   struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	enum sta_rc rc;

	if (call->caller.kind != STA_CALLER_USER)
		return sta_oci_unauthorized(err);
	if (call->caller.workflow.repository_id != 0)
		return sta_err_set(err, STA_DENIED, 0, "Resource not accessible by integration");
	rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = sta_owner_by_id(c, call->arena, call->caller.user_id, call->caller.user_id, out, err);
	return rc == STA_NOT_FOUND ? no_owner(err) : rc;
}

/* --- packages --- */

static enum sta_rc
describe_repository(struct sta_db_conn *c, const struct sta_call *call, const struct sta_package *p,
		    struct sta_published_package *out, struct sta_err *err)
{
	struct sta_repository_row row;
	struct sta_published_repository got;
	enum sta_rc rc = p->repository_id != 0 ? sta_repository_by_id(c, call->arena, p->repository_id,
								      call->caller.user_id, &row, err)
					       : STA_NOT_FOUND;

	if (rc == STA_NOT_FOUND)
		return STA_OK;
	if (rc != STA_OK || !sta_repository_decide(&call->caller, &row, STA_ACTION_READ).allowed)
		return rc;
	got = (struct sta_published_repository){
		.id = row.id,
		.name = row.name,
		.visibility = row.visibility,
		.url = row.url,
		.created_unix = row.created_unix,
	};
	rc = sta_owner_by_id(c, call->arena, row.namespace_id, call->caller.user_id, &got.owner, err);
	if (rc != STA_OK)
		return rc;
	out->linked = true;
	out->repository = got;
	return STA_OK;
}

static enum sta_rc
describe(struct sta_db_conn *c, const struct sta_call *call, const struct sta_owner *owner,
	 const struct sta_package *p, struct sta_published_package *out, struct sta_err *err)
{
	const char *slash = strchr(p->name, '/');

	*out = (struct sta_published_package){
		.id = p->id,
		.owner = *owner,
		.name = sta_arena_strdup(call->arena, slash ? slash + 1 : p->name),
		.visibility = p->visibility,
		.versions = p->versions,
		.created_unix = p->created_unix,
		.updated_unix = p->updated_unix,
		.has_repository = p->repository_id != 0,
		.inherits = p->inherits,
	};
	if (!out->name)
		return sta_err_set(err, STA_NOMEM, 0, "package");
	return describe_repository(c, call, p, out, err);
}

struct gathering {
	struct sta_db_conn *c;
	const struct sta_call *call;
	const struct sta_owner *owner;
	const enum sta_visibility *only;
	struct sta_span *span;
	struct sta_published_package *items;
	size_t n;
};

static enum sta_rc
gather(void *arg, const struct sta_package *p, bool *enough, struct sta_err *err)
{
	struct gathering *g = arg;
	uint64_t at = g->span->total;

	(void) enough; /* the end of the list is asked for, too */
	if (g->only && p->visibility != *g->only)
		return STA_OK;
	g->span->total++;
	if (at < g->span->skip || g->n == g->span->max)
		return STA_OK;
	return describe(g->c, g->call, g->owner, p, &g->items[g->n++], err);
}

enum sta_rc
sta_published_packages(struct sta_registry *r, const struct sta_call *call, const struct sta_owner *owner,
		       const enum sta_visibility *only, struct sta_span *span,
		       struct sta_published_package **out, size_t *n, struct sta_err *err)
{
	struct gathering g = { .call = call, .owner = owner, .only = only, .span = span };
	enum sta_rc rc;

	if (call->caller.limited)
		return sta_oci_unauthorized(err);
	rc = sta_must_wait(call, err);
	if (rc == STA_OK)
		rc = sta_db_reader(r->db, &g.c, err);
	if (rc != STA_OK)
		return rc;
	span->total = 0;
	g.items = sta_arena_alloc(call->arena, span->max * sizeof(*g.items));
	if (!g.items)
		return sta_err_set(err, STA_NOMEM, 0, "packages");
	rc = each_package(g.c, call, owner->name, LOOK_AT, gather, &g, err);
	if (rc != STA_OK)
		return rc;
	*out = g.items;
	*n = g.n;
	return STA_OK;
}

enum sta_rc
sta_published_describe(struct sta_db_conn *c, const struct sta_call *call, const struct sta_package *p,
		       struct sta_published_package *out, struct sta_err *err)
{
	struct sta_owner owner;
	enum sta_rc rc = sta_owner_by_id(c, call->arena, p->namespace_id, call->caller.user_id, &owner, err);

	return rc == STA_OK ? describe(c, call, &owner, p, out, err) : rc;
}

/* The package under the name that it has now, which may be another one than asked. */
static enum sta_rc
enter(struct sta_db_conn *c, const struct sta_call *call, const struct sta_name *name, enum sta_action action,
      struct sta_entry *e, struct sta_published_package *out, struct sta_err *err)
{
	enum sta_rc rc = sta_door_published(c, call, name, action, e, err);

	return rc == STA_OK ? sta_published_describe(c, call, &e->package, out, err) : rc;
}

enum sta_rc
sta_published_package(struct sta_registry *r, const struct sta_call *call, const char *owner,
		      const char *name, struct sta_published_package *out, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_name full;
	struct sta_entry e;
	enum sta_rc rc = sta_published_name(owner, name, &full, err);

	if (rc == STA_OK)
		rc = sta_db_reader(r->db, &c, err);
	return rc == STA_OK ? enter(c, call, &full, STA_ACTION_READ, &e, out, err) : rc;
}

/* --- versions --- */

/* Deleted ones are for those who could delete or restore: a token may have the scope for one of them alone.
 */
static enum sta_rc
may_see_deleted(struct sta_db_conn *c, const struct sta_call *call, const struct sta_name *name,
		struct sta_err *err)
{
	struct sta_entry e;
	struct sta_err ignored;

	if (sta_door_published(c, call, name, STA_ACTION_ADMIN, &e, &ignored) == STA_OK)
		return STA_OK;
	return sta_door_published(c, call, name, STA_ACTION_DELETE, &e, err);
}

struct versions_asked {
	const struct sta_registry *r;
	const struct sta_call *call;
	const struct sta_name *name;
	bool deleted;
	struct sta_span *span;
};

/* In one snapshot. */
static enum sta_rc
read_versions(struct sta_db_conn *c, const struct versions_asked *x, struct sta_published_versions *out,
	      struct sta_err *err)
{
	struct sta_version_query q = {
		.deleted = x->deleted,
		.deleted_after_unix = sta_now_unix() - (int64_t) x->r->options.trash_keep_s,
		.skip = x->span->skip,
		.before = x->span->before,
		.max = x->span->max + 1,
	};
	struct sta_entry e;
	enum sta_rc rc = enter(c, x->call, x->name, STA_ACTION_READ, &e, &out->package, err);

	if (rc == STA_OK && x->deleted)
		rc = may_see_deleted(c, x->call, x->name, err);
	q.package_id = e.package.id;
	if (rc == STA_OK)
		rc = sta_version_total(c, &q, &q.total, err);
	if (rc == STA_OK)
		rc = sta_version_list(c, x->call->arena, &q, &out->items, &out->n, err);
	if (rc != STA_OK)
		return rc;
	x->span->total = q.total;
	x->span->more = out->n > x->span->max;
	out->n -= x->span->more;
	return STA_OK;
}

enum sta_rc
sta_published_versions(struct sta_registry *r, const struct sta_call *call, const char *owner,
		       const char *name, bool deleted, struct sta_span *span,
		       struct sta_published_versions *out, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_name full;
	const struct versions_asked x = { r, call, &full, deleted, span };
	enum sta_rc rc = sta_published_name(owner, name, &full, err);

	/* An index is walked: that of deleted ones to its end, the other one up to the page. */
	if (rc == STA_OK && (deleted || (span->before == 0 && span->skip > SKIP_AT_ONCE)))
		rc = sta_must_wait(call, err);
	if (rc == STA_OK)
		rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = sta_db_read_begin(c, err);
	if (rc != STA_OK)
		return rc;
	rc = read_versions(c, &x, out, err);
	sta_db_read_end(c);
	return rc;
}

enum sta_rc
sta_published_version(struct sta_registry *r, const struct sta_call *call, const char *owner,
		      const char *name, int64_t id, struct sta_published_package *package,
		      struct sta_version_row *out, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_name full;
	struct sta_entry e;
	enum sta_rc rc = sta_published_name(owner, name, &full, err);

	if (rc == STA_OK)
		rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = enter(c, call, &full, STA_ACTION_READ, &e, package, err);
	if (rc != STA_OK)
		return rc;
	rc = sta_version_row(c, call->arena, e.package.id, id, out, err);
	if (rc == STA_NOT_FOUND || (rc == STA_OK && out->deleted_unix > 0))
		return sta_err_set(err, STA_NOT_FOUND, 0, "Package version not found.");
	return rc;
}
