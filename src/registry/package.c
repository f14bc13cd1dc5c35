#include "registry/package.h"

#include <string.h>

#include "registry/core.h"
#include "registry/list.h"

struct package_change {
	const struct sta_call *call;
	struct sta_name name;
	enum sta_visibility visibility;
};

enum sta_rc
sta_package_name(const char *text, struct sta_name *out, struct sta_err *err)
{
	if (sta_name_parse(text, strlen(text), out))
		return STA_OK;
	return sta_oci_fail(err, STA_INVALID, STA_OCI_NAME_INVALID,
			    "invalid repository name: it must be OWNER/NAME");
}

static enum sta_rc
describe(struct sta_db_conn *c, const struct sta_call *call, const char *name, struct sta_package_info *out,
	 struct sta_err *err)
{
	struct sta_package p;
	struct sta_package_sums sums;
	const char *repository = NULL;
	enum sta_rc rc = sta_package_find(c, call->arena, name, call->caller.user_id, &p, err);

	if (rc == STA_OK)
		rc = sta_package_sum(c, p.id, &sums, err);
	if (rc == STA_OK)
		rc = sta_repository_seen(c, call, p.repository_id, &repository, err);
	if (rc == STA_OK)
		*out = (struct sta_package_info){
			.name = p.name,
			.visibility = p.visibility,
			.versions = sums.versions,
			.tags = sums.tags,
			.bytes = sums.bytes,
			.pulls = sums.pulls,
			.created_unix = p.created_unix,
			.updated_unix = p.updated_unix,
			.repository = repository,
			.inherits = p.inherits,
		};
	return rc;
}

enum sta_rc
sta_package_list(struct sta_registry *r, const struct sta_call *call, const char *last, size_t max,
		 struct sta_package_info **out, size_t *n, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_name_page page;
	struct sta_package_info *items = NULL;
	size_t filled = 0;
	enum sta_rc rc = sta_list_catalog(r, call, last, max, &page, err);

	if (rc == STA_OK)
		rc = sta_db_reader(r->db, &c, err);
	if (rc != STA_OK)
		return rc;
	items = sta_arena_alloc(call->arena, page.n * sizeof(*items));
	if (!items)
		return sta_err_set(err, STA_NOMEM, 0, "packages");
	for (size_t i = 0; rc == STA_OK && i < page.n; i++) {
		rc = describe(c, call, page.names[i], &items[filled], err);
		if (rc == STA_OK)
			filled++;
		else if (rc == STA_NOT_FOUND) /* deleted since the page was read */
			rc = STA_OK;
	}
	if (rc != STA_OK)
		return rc;
	*out = items;
	*n = filled;
	return STA_OK;
}

/* What an organization lets its members make counts for administrators of a package too. */
static enum sta_rc
check_visibility(const struct sta_entry *e, enum sta_visibility v, struct sta_err *err)
{
	bool member = e->decision.rule == STA_RULE_ALLOWED_GRANT || e->decision.rule == STA_RULE_ALLOWED_TEAM;

	if (v == STA_INTERNAL && !e->namespace.is_org)
		return sta_err_set(err, STA_INVALID, 0,
				   "only packages of organizations can be internal, and '%s' is a user's",
				   e->package.name);
	if (e->namespace.is_org && member && !(e->namespace.creates & STA_VISIBILITY_BIT(v)))
		return sta_err_set(err, STA_DENIED, 0,
				   "the organization does not let its members have %s packages; an owner of "
				   "it can change that",
				   sta_visibility_name(v));
	return STA_OK;
}

static enum sta_rc
visibility_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct package_change *x = arg;
	struct sta_entry e;
	enum sta_rc rc = sta_door_existing(c, x->call, &x->name, STA_ACTION_ADMIN, &e, err);

	if (rc == STA_OK)
		rc = sta_namespace_find(c, x->name.namespace, x->call->caller.user_id, &e.namespace, err);
	if (rc == STA_OK)
		rc = check_visibility(&e, x->visibility, err);
	if (rc == STA_OK)
		rc = sta_package_update_visibility(c, e.package.id, x->visibility, err);
	if (rc != STA_OK)
		return rc;
	return sta_audit(c, x->call, "package.visibility", e.package.name, sta_visibility_name(x->visibility),
			 err);
}

enum sta_rc
sta_package_set_visibility(struct sta_registry *r, const struct sta_call *call, const char *name,
			   enum sta_visibility v, struct sta_err *err)
{
	struct package_change x = { .call = call, .visibility = v };
	enum sta_rc rc = sta_package_name(name, &x.name, err);

	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	return rc == STA_OK ? sta_db_write(r->db, visibility_tx, &x, err) : rc;
}
