#include "registry/rename.h"

#include <string.h>

#include "model/accounts.h"
#include "model/names.h"
#include "registry/core.h"
#include "registry/pulls.h"

struct change {
	struct sta_registry *r;
	const struct sta_call *call;
	const char *name;
	const char *to;               /* in lower case */
	struct sta_name old, package; /* of a package, and what it is to be called */
};

static enum sta_rc
taken(const char *name, struct sta_err *err)
{
	return sta_err_set(err, STA_EXISTS, 0, "the name '%s' is taken", name);
}

static enum sta_rc
same(const char *name, struct sta_err *err)
{
	return sta_err_set(err, STA_INVALID, 0, "'%s' is called that already", name);
}

static enum sta_rc
note(struct sta_db_conn *c, const struct sta_call *call, const char *action, const char *old,
     const char *name, struct sta_err *err)
{
	const char *detail = sta_arena_printf(call->arena, "was %s", old);

	return detail ? sta_audit(c, call, action, name, detail, err)
		      : sta_err_set(err, STA_NOMEM, 0, "name");
}

static enum sta_rc
retired(const char *name, struct sta_err *err)
{
	return sta_err_set(err, STA_EXISTS, 0, "the name is retired for another owner: %.*s",
			   STA_NAME_MAX - 40, name);
}

/* Packages, as they are and were called, would move onto names that only another owner may use. */
static enum sta_rc
check_retired(struct sta_db_conn *c, const struct change *x, int64_t id, const char *old, struct sta_err *err)
{
	const char *name = NULL;
	enum sta_rc rc = sta_retired_below(c, x->call->arena, id, old, x->to, &name, err);

	if (rc == STA_NOT_FOUND)
		return STA_OK;
	return rc == STA_OK ? retired(name, err) : rc;
}

/* A user or an organization, which the caller may rename. */
static enum sta_rc
rename_namespace(struct sta_db_conn *c, const struct change *x, int64_t id, const char *old,
		 const char *action, struct sta_err *err)
{
	uint64_t often = x->r->options.retire_after;
	int64_t now = sta_now_unix();
	enum sta_rc rc = strcmp(old, x->to) == 0 ? same(old, err) : STA_OK;

	if (rc == STA_OK)
		rc = sta_check_former(c, x->call, x->to, id, err);
	if (rc == STA_OK)
		rc = check_retired(c, x, id, old, err);
	if (rc == STA_OK && often > 0)
		rc = sta_retire_packages(c, id, old, often, now, err);
	if (rc != STA_OK)
		return rc;
	rc = sta_namespace_rename(c, id, old, x->to, STA_NAME_MAX, now, err);
	if (rc == STA_EXISTS)
		return taken(x->to, err);
	return rc == STA_OK ? note(c, x->call, action, old, x->to, err) : rc;
}

static enum sta_rc
user_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct change *x = arg;
	struct sta_account account;
	enum sta_rc rc = sta_find_user(c, x->call->arena, x->name, &account, err);

	return rc == STA_OK ? rename_namespace(c, x, account.id, account.name, "user.rename", err) : rc;
}

static enum sta_rc
org_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct change *x = arg;
	struct sta_org_entry org;
	enum sta_rc rc = sta_door_org(c, x->call, x->name, STA_ORG_MANAGE, &org, err);

	return rc == STA_OK ? rename_namespace(c, x, org.row.id, org.row.name, "org.rename", err) : rc;
}

/* What was counted until now decides whether a name is retired; that it cannot be written is no reason to
 * keep the name. */
static void
settle_pulls(struct sta_registry *r)
{
	struct sta_err ignored;

	(void) !sta_pulls_flush(r, &ignored);
}

static enum sta_rc
run(struct change *x, sta_db_tx_fn *tx, const char *to, const char **out, struct sta_err *err)
{
	char folded[STA_NAMESPACE_MAX + 1];
	enum sta_rc rc = sta_must_wait(x->call, err);

	if (rc == STA_OK && !sta_namespace_fold(to, folded))
		rc = sta_err_set(err, STA_INVALID, 0,
				 "a name has 1 to %d letters, digits and single hyphens between them, and is "
				 "none of the reserved words",
				 STA_NAMESPACE_MAX);
	if (rc != STA_OK)
		return rc;
	x->to = sta_arena_strdup(x->call->arena, folded);
	if (!x->to)
		return sta_err_set(err, STA_NOMEM, 0, "name");
	settle_pulls(x->r);
	rc = sta_db_write(x->r->db, tx, x, err);
	if (rc == STA_OK)
		*out = x->to;
	return rc;
}

enum sta_rc
sta_user_rename(struct sta_registry *r, const struct sta_call *call, const char *name, const char *to,
		const char **out, struct sta_err *err)
{
	struct change x = { .r = r, .call = call, .name = name };
	enum sta_rc rc = sta_door_site(call, err);

	return rc == STA_OK ? run(&x, user_tx, to, out, err) : rc;
}

enum sta_rc
sta_org_rename(struct sta_registry *r, const struct sta_call *call, const char *name, const char *to,
	       const char **out, struct sta_err *err)
{
	struct change x = { .r = r, .call = call, .name = name };

	return run(&x, org_tx, to, out, err);
}

/* Administrators of a package need not be of its owner: they choose only among the names that they could make
 * packages of.  The answer is the same whether there is one of that name. */
static enum sta_rc
check_may_make(struct sta_db_conn *c, const struct change *x, struct sta_err *err)
{
	struct sta_entry absent = { .name = &x->package };
	enum sta_rc rc =
		sta_namespace_find(c, x->package.namespace, x->call->caller.user_id, &absent.namespace, err);

	return rc == STA_OK ? sta_door_known(x->call, &absent, STA_ACTION_WRITE, err) : rc;
}

/* Another package's former name leads there, and one that is retired for another owner is for nobody. */
static enum sta_rc
check_new_name(struct sta_db_conn *c, const struct change *x, const struct sta_entry *e, struct sta_err *err)
{
	const char *present = NULL;
	int64_t id = 0;
	enum sta_rc rc = sta_former_package(c, x->call->arena, x->package.full, &id, &present, err);
	bool former = rc == STA_OK;

	if (rc == STA_NOT_FOUND)
		rc = STA_OK;
	if (rc == STA_OK && !(former && id == e->package.id))
		rc = check_may_make(c, x, err);
	if (rc != STA_OK)
		return rc;
	if (former && id != e->package.id)
		return sta_err_set(err, STA_EXISTS, 0,
				   "it is a former name of another package, and leads there");
	rc = sta_retired_for(c, x->package.full, &id, err);
	if (rc == STA_OK && id != 0 && id != e->package.namespace_id)
		return retired(x->package.full, err);
	return rc;
}

static enum sta_rc
package_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct change *x = arg;
	uint64_t often = x->r->options.retire_after;
	int64_t now = sta_now_unix();
	struct sta_entry e;
	enum sta_rc rc = sta_door_existing(c, x->call, &x->old, STA_ACTION_ADMIN, &e, err);

	if (rc == STA_OK)
		rc = check_new_name(c, x, &e, err);
	if (rc == STA_OK && often > 0)
		rc = sta_retire_package(c, e.package.id, often, now, err);
	if (rc != STA_OK)
		return rc;
	rc = sta_package_rename_to(c, e.package.id, x->old.full, x->package.full, now, err);
	if (rc == STA_EXISTS)
		return taken(x->package.full, err);
	return rc == STA_OK ? note(c, x->call, "package.rename", x->old.full, x->package.full, err) : rc;
}

enum sta_rc
sta_package_rename(struct sta_registry *r, const struct sta_call *call, const char *name, const char *to,
		   struct sta_err *err)
{
	struct change x = { .r = r, .call = call };
	enum sta_rc rc = sta_package_name(name, &x.old, err);

	if (rc == STA_OK)
		rc = sta_package_name(to, &x.package, err);
	if (rc == STA_OK && strcmp(x.old.namespace, x.package.namespace) != 0)
		rc = sta_err_set(err, STA_INVALID, 0,
				 "a package stays with its owner; the new name begins with %s/",
				 x.old.namespace);
	if (rc == STA_OK && strcmp(x.old.full, x.package.full) == 0)
		rc = same(name, err);
	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	if (rc != STA_OK)
		return rc;
	settle_pulls(r);
	return sta_db_write(r->db, package_tx, &x, err);
}

const char *
sta_name_kind_text(enum sta_name_kind kind)
{
	static const char *const texts[] = {
		[STA_FORMER_OWNER] = "owner",
		[STA_FORMER_PACKAGE] = "package",
		[STA_RETIRED] = "retired",
	};

	return texts[kind];
}

static enum sta_name_kind
kind_of(enum sta_kept_name_kind kind)
{
	switch (kind) {
	case STA_NAME_OF_OWNER:
		return STA_FORMER_OWNER;
	case STA_NAME_OF_PACKAGE:
		return STA_FORMER_PACKAGE;
	case STA_NAME_RETIRED:
		break;
	}
	return STA_RETIRED;
}

enum sta_rc
sta_names_kept(struct sta_registry *r, const struct sta_call *call, struct sta_name_kept **out, size_t *n,
	       struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_kept_name *rows = NULL;
	struct sta_name_kept *all;
	size_t got = 0;
	enum sta_rc rc = sta_door_site(call, err);

	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	if (rc == STA_OK)
		rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = sta_kept_names(c, call->arena, &rows, &got, err);
	if (rc != STA_OK)
		return rc;
	all = sta_arena_alloc(call->arena, got * sizeof(*all));
	if (!all)
		return sta_err_set(err, STA_NOMEM, 0, "names");
	for (size_t i = 0; i < got; i++)
		all[i] = (struct sta_name_kept){ rows[i].name, kind_of(rows[i].kind), rows[i].of,
						 rows[i].created_unix };
	*out = all;
	*n = got;
	return STA_OK;
}

/* The popular packages that the name leads to are retired under it.  STA_NOT_FOUND: it leads to none. */
static enum sta_rc
retire_released(struct sta_db_conn *c, const struct change *x, const char **of, struct sta_err *err)
{
	uint64_t often = x->r->options.retire_after;
	int64_t now = sta_now_unix();
	int64_t id = 0;
	enum sta_rc rc = sta_former_namespace(c, x->call->arena, x->name, &id, of, err);

	if (rc == STA_OK)
		return often > 0 ? sta_retire_packages(c, id, x->name, often, now, err) : STA_OK;
	if (rc == STA_NOT_FOUND)
		rc = sta_former_package(c, x->call->arena, x->name, &id, of, err);
	if (rc == STA_OK && often > 0)
		rc = sta_retire_former_package(c, x->name, often, now, err);
	return rc;
}

static enum sta_rc
release_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct change *x = arg;
	const char *of = NULL;
	enum sta_rc rc = retire_released(c, x, &of, err);

	if (rc == STA_OK || rc == STA_NOT_FOUND)
		rc = sta_name_forget(c, x->name, err);
	if (rc == STA_NOT_FOUND)
		return sta_err_set(err, rc, 0, "'%.*s' is neither a former nor a retired name",
				   STA_NAME_MAX - 40, x->name);
	return rc == STA_OK ? sta_audit(c, x->call, "name.release", x->name, of ? of : "", err) : rc;
}

enum sta_rc
sta_name_release(struct sta_registry *r, const struct sta_call *call, const char *name, struct sta_err *err)
{
	struct change x = { .r = r, .call = call, .name = name };
	char folded[STA_NAMESPACE_MAX + 1];
	enum sta_rc rc = sta_door_site(call, err);

	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	if (rc != STA_OK)
		return rc;
	if (sta_namespace_fold(name, folded))
		x.name = folded;
	settle_pulls(r);
	return sta_db_write(r->db, release_tx, &x, err);
}
