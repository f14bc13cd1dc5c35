/* Repositories as the REST interface shows them, and who may manage a package. */

#include <string.h>

#include "registry/core.h"
#include "registry/published.h"
#include "registry/source.h"

#define NO_NAMESPACE (-1) /* that none has */

static enum sta_rc
not_found(struct sta_err *err)
{
	return sta_err_set(err, STA_NOT_FOUND, 0, "Not Found");
}

static struct sta_published_repository
shown(const struct sta_repository_row *row, const struct sta_owner *owner)
{
	return (struct sta_published_repository){
		.id = row->id,
		.name = row->name,
		.owner = *owner,
		.visibility = row->visibility,
		.url = row->url,
		.created_unix = row->created_unix,
	};
}

/* A token that is confined to packages is shown repositories of such names alone, and public ones: it links
 * its packages to others, too, but need not find them. */
static bool
may_find(const struct sta_call *call, const struct sta_repository_row *row)
{
	return row->visibility == STA_PUBLIC || sta_bounds_hold(&call->caller.bounds, row->name);
}

enum sta_rc
sta_published_repository(struct sta_registry *r, const struct sta_call *call, const char *name,
			 struct sta_published_repository *out, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_repository_row row;
	struct sta_owner owner;
	enum sta_rc rc;

	if (call->caller.limited)
		return sta_oci_unauthorized(err);
	rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = sta_door_repository(c, call, name, STA_ACTION_READ, &row, err);
	if (rc == STA_OK && !may_find(call, &row))
		return not_found(err);
	if (rc == STA_OK)
		rc = sta_owner_by_id(c, call->arena, row.namespace_id, call->caller.user_id, &owner, err);
	if (rc == STA_NOT_FOUND || rc == STA_INVALID)
		return not_found(err);
	if (rc == STA_OK)
		*out = shown(&row, &owner);
	return rc;
}

/* Of a namespace, those that the caller may read; rows is filled with them. */
static enum sta_rc
readable(struct sta_db_conn *c, const struct sta_call *call, int64_t namespace_id,
	 struct sta_repository_row **rows, size_t *n, struct sta_err *err)
{
	size_t got = 0;
	enum sta_rc rc =
		sta_repository_list(c, call->arena, namespace_id, call->caller.user_id, rows, &got, err);

	*n = 0;
	for (size_t i = 0; rc == STA_OK && i < got; i++)
		if (may_find(call, &(*rows)[i]) &&
		    sta_repository_decide(&call->caller, &(*rows)[i], STA_ACTION_READ).allowed)
			(*rows)[(*n)++] = (*rows)[i];
	return rc;
}

enum sta_rc
sta_published_repository_owner(struct sta_registry *r, const struct sta_call *call, const char *name,
			       struct sta_owner *out, struct sta_err *err)
{
	char folded[STA_NAMESPACE_MAX + 1];
	struct sta_repository_row *rows = NULL;
	struct sta_db_conn *c = NULL;
	struct sta_owner owner;
	size_t n = 0;
	enum sta_rc rc;

	if (call->caller.limited)
		return sta_oci_unauthorized(err);
	rc = sta_must_wait(call, err);
	if (rc == STA_OK)
		rc = sta_published_owner(r, call, name, out, err);
	if (rc != STA_NOT_FOUND || !sta_namespace_fold(name, folded))
		return rc;
	rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = sta_owner_by_name(c, call->arena, folded, call->caller.user_id, &owner, err);
	if (rc == STA_NOT_FOUND) { /* which takes the same steps */
		owner = (struct sta_owner){ .id = NO_NAMESPACE };
		rc = STA_OK;
	}
	if (rc == STA_OK)
		rc = readable(c, call, owner.id, &rows, &n, err);
	if (rc != STA_OK || n == 0)
		return rc == STA_OK ? not_found(err) : rc;
	*out = owner;
	return STA_OK;
}

enum sta_rc
sta_published_repositories(struct sta_registry *r, const struct sta_call *call, const struct sta_owner *owner,
			   struct sta_span *span, struct sta_published_repository **out, size_t *n,
			   struct sta_err *err)
{
	struct sta_published_repository *items;
	struct sta_repository_row *rows = NULL;
	struct sta_db_conn *c = NULL;
	size_t got = 0;
	size_t from;
	enum sta_rc rc = call->caller.limited ? sta_oci_unauthorized(err) : sta_must_wait(call, err);

	if (rc == STA_OK)
		rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = readable(c, call, owner->id, &rows, &got, err);
	if (rc != STA_OK)
		return rc;
	from = span->skip < got ? (size_t) span->skip : got;
	items = sta_arena_alloc(call->arena, span->max * sizeof(*items));
	if (!items)
		return sta_err_set(err, STA_NOMEM, 0, "repositories");
	span->total = got;
	*n = got - from < span->max ? got - from : span->max;
	for (size_t i = 0; i < *n; i++)
		items[i] = shown(&rows[from + i], owner);
	*out = items;
	return STA_OK;
}

enum sta_rc
sta_published_manage(struct sta_registry *r, const struct sta_call *call, const char *owner, const char *name,
		     struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_name full;
	struct sta_entry e;
	enum sta_rc rc = sta_published_name(owner, name, &full, err);

	if (rc == STA_OK)
		rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = sta_door_published(c, call, &full, STA_ACTION_READ, &e, err);
	if (rc != STA_OK)
		return rc;
	if (strcmp(e.package.name, full.full) != 0)
		return sta_err_set(err, STA_DENIED, 0, "The package is called %.200s now; use that name.",
				   e.package.name);
	return sta_door_published(c, call, &full, STA_ACTION_ADMIN, &e, err);
}
