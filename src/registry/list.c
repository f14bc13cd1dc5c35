#include "registry/list.h"

#include <stdio.h>

#include "base/auto.h"
#include "model/tags.h"
#include "registry/core.h"

#define LOOK_AT_LEAST 256
#define LOOK_MEMORY_MAX ((size_t) 4 << 20)

enum sta_rc
sta_list_tags(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
	      const char *last, size_t n, struct sta_name_page *out, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_entry e;
	struct sta_name_page page = { .n = 0 };
	enum sta_rc rc = sta_db_reader(r->db, &c, err);

	if (rc == STA_OK)
		rc = sta_door_existing(c, call, name, STA_ACTION_READ, &e, err);
	if (rc == STA_OK && n > 0) /* one more than asked tells whether there are more */
		rc = sta_tag_page(c, call->arena, e.package.id, last ? last : "", n + 1, &page.names, &page.n,
				  err);
	if (rc != STA_OK)
		return rc;
	if (page.n > n) {
		page.n = n;
		page.more = true;
	}
	*out = page;
	return STA_OK;
}

bool
sta_may_list(const struct sta_caller *caller, const struct sta_package *p)
{
	struct sta_caller unlimited = *caller; /* the catalog's own limit has been checked */
	struct sta_object o = {
		.name = p->name,
		.owner_exists = true,
		.exists = true,
		.owner_id = p->namespace_id,
		.visibility = p->visibility,
		.member = p->member,
		.granted = p->granted,
		.team = p->team,
		.inherited = p->inherited,
	};

	unlimited.limited = false;
	return sta_access_decide(&unlimited, &o, STA_ACTION_READ).allowed;
}

bool
sta_sees_everything(const struct sta_caller *caller)
{
	return caller->kind == STA_CALLER_SYSTEM || caller->site_admin;
}

/* One page of the query, as far as the caller sees it.  What it does not see, which with a token's
 * patterns may be nearly all, takes no memory of the request. */
static enum sta_rc
add_visible(struct sta_db_conn *c, const struct sta_call *call, const struct sta_package_query *q,
	    size_t want, struct sta_name_page *out, char last[STA_NAME_MAX + 1], bool *end,
	    struct sta_err *err)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *memory = sta_arena_new(LOOK_MEMORY_MAX);
	struct sta_package *p = NULL;
	size_t got = 0;
	enum sta_rc rc = memory ? sta_package_page(c, memory, q, &p, &got, err)
				: sta_err_set(err, STA_NOMEM, 0, "catalog");

	for (size_t i = 0; rc == STA_OK && i < got && out->n < want; i++) {
		char *name;

		(void) snprintf(last, STA_NAME_MAX + 1, "%s", p[i].name);
		if (!sta_may_list(&call->caller, &p[i]))
			continue;
		name = sta_arena_strdup(call->arena, p[i].name);
		if (!name)
			return sta_err_set(err, STA_NOMEM, 0, "catalog");
		out->names[out->n++] = name;
	}
	*end = got < q->max;
	return rc;
}

/* Names that the caller sees, up to one more than asked: it tells whether there are more. */
static enum sta_rc
visible_names(struct sta_db_conn *c, const struct sta_call *call, const struct sta_package_query *first,
	      size_t want, struct sta_name_page *out, struct sta_err *err)
{
	struct sta_package_query q = *first;
	char last[STA_NAME_MAX + 1] = "";
	bool end = false;
	enum sta_rc rc = STA_OK;

	while (rc == STA_OK && !end && out->n < want) {
		rc = add_visible(c, call, &q, want, out, last, &end, err);
		q.last = last;
	}
	return rc;
}

static bool
is_bound(const struct sta_bounds *bounds)
{
	return bounds->n_packages > 0 || bounds->elsewhere;
}

/* How many packages are looked at in one go.  The query gives hardly more than what is seen, but
 * knows nothing of a token's bounds. */
static size_t
look_at(const struct sta_bounds *bounds, size_t want)
{
	return is_bound(bounds) && want < LOOK_AT_LEAST ? LOOK_AT_LEAST : want;
}

enum sta_rc
sta_list_catalog(struct sta_registry *r, const struct sta_call *call, const char *last, size_t n,
		 struct sta_name_page *out, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_name_page page = { .n = 0 };
	struct sta_package_query q = {
		.account_id = call->caller.user_id,
		.everything = sta_sees_everything(&call->caller),
		.last = last,
		.max = look_at(&call->caller.bounds, n + 1),
	};
	enum sta_rc rc;

	if (call->caller.limited && !call->caller.limit_catalog)
		return sta_oci_unauthorized(err);
	if (is_bound(&call->caller.bounds)) { /* much may have to be looked at */
		rc = sta_must_wait(call, err);
		if (rc != STA_OK)
			return rc;
	}
	page.names = sta_arena_alloc(call->arena, (n + 1) * sizeof(*page.names));
	if (!page.names)
		return sta_err_set(err, STA_NOMEM, 0, "catalog");
	rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK && n > 0)
		rc = visible_names(c, call, &q, n + 1, &page, err);
	if (rc != STA_OK)
		return rc;
	page.more = page.n > n;
	if (page.more)
		page.n = n;
	*out = page;
	return STA_OK;
}
