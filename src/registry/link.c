/* Packages and the repositories that they are linked to. */

#include "model/grants.h"
#include "registry/core.h"
#include "registry/repository.h"
#include "registry/source.h"

struct link {
	const struct sta_call *call;
	struct sta_name package;
	const char *repository; /* NULL: none */
	bool inherits;
};

/* The package's own grants, as the inheritance begins or ends. */
static enum sta_rc
switch_grants(struct sta_db_conn *c, const struct sta_entry *e, bool inherits, struct sta_err *err)
{
	struct sta_grantable package = sta_grantable_package(e->package.id);

	if (inherits && !e->package.inherits)
		return sta_grant_remove_inheritable(c, package, err);
	if (!inherits && e->package.inherits)
		return sta_grant_copy(c, sta_grantable_repository(e->package.repository_id), package, err);
	return STA_OK;
}

const char *
sta_link_detail(const struct sta_call *call, const char *repository, bool inherits)
{
	return sta_arena_printf(call->arena, "%s%s", repository, inherits ? ", inherits" : "");
}

static enum sta_rc
link_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct link *x = arg;
	struct sta_repository_row to = { .name = "" };
	struct sta_entry e;
	const char *detail;
	enum sta_rc rc = sta_door_existing(c, x->call, &x->package, STA_ACTION_ADMIN, &e, err);

	if (rc == STA_OK && x->repository)
		rc = sta_door_repository(c, x->call, x->repository, STA_ACTION_READ, &to, err);
	if (rc == STA_OK && x->inherits && to.namespace_id != e.package.namespace_id)
		rc = sta_err_set(err, STA_INVALID, 0,
				 "a package inherits from repositories of its owner only");
	if (rc == STA_OK)
		rc = switch_grants(c, &e, x->inherits, err);
	if (rc == STA_OK)
		rc = sta_package_update_link(c, e.package.id, to.id, x->inherits, err);
	if (rc != STA_OK)
		return rc;
	detail = sta_link_detail(x->call, to.name, x->inherits);
	if (!detail)
		return sta_err_set(err, STA_NOMEM, 0, "link");
	return sta_audit(c, x->call, x->repository ? "package.link" : "package.unlink", e.package.name,
			 detail, err);
}

enum sta_rc
sta_package_link(struct sta_registry *r, const struct sta_call *call, const char *package,
		 const char *repository, bool inherits, struct sta_err *err)
{
	struct link x = { .call = call, .repository = repository, .inherits = inherits };
	enum sta_rc rc = sta_package_name(package, &x.package, err);

	if (rc == STA_OK && inherits && !repository)
		rc = sta_err_set(err, STA_INVALID, 0, "there is no repository to inherit from");
	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	return rc == STA_OK ? sta_db_write(r->db, link_tx, &x, err) : rc;
}
