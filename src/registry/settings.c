/* What a user wants of new packages: set by administrators, and by itself. */

#include "model/accounts.h"
#include "registry/account.h"
#include "registry/core.h"

struct settings {
	const struct sta_call *call;
	const char *name; /* NULL: the caller's own */
	const struct sta_user_change *change;
	struct sta_account account;
};

/* By its number: the name can be another one's meanwhile. */
static enum sta_rc
find_self(struct sta_db_conn *c, const struct sta_call *call, struct sta_account *out, struct sta_err *err)
{
	enum sta_rc rc = sta_account_by_id(c, call->arena, call->caller.user_id, out, err);

	return rc == STA_NOT_FOUND ? sta_oci_unauthorized(err) : rc;
}

static enum sta_rc
set_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct settings *x = arg;
	struct sta_account *a = &x->account;
	const char *detail;
	enum sta_rc rc =
		x->name ? sta_find_user(c, x->call->arena, x->name, a, err) : find_self(c, x->call, a, err);

	if (rc != STA_OK)
		return rc;
	if (x->change->visibility)
		a->visibility = *x->change->visibility;
	if (x->change->inherits)
		a->inherits = *x->change->inherits;
	detail = sta_arena_printf(x->call->arena, "visibility %s, inherit %s",
				  sta_visibility_name(a->visibility), a->inherits ? "on" : "off");
	if (!detail)
		return sta_err_set(err, STA_NOMEM, 0, "user");
	rc = sta_account_set_defaults(c, a->id, a->visibility, a->inherits, err);
	return rc == STA_OK ? sta_audit(c, x->call, "user.set", a->name, detail, err) : rc;
}

static enum sta_rc
set(struct sta_registry *r, struct settings *x, struct sta_user *out, struct sta_err *err)
{
	enum sta_rc rc = STA_OK;

	if (x->change->visibility && *x->change->visibility == STA_INTERNAL)
		rc = sta_err_set(err, STA_INVALID, 0, "only packages of organizations can be internal");
	if (rc == STA_OK)
		rc = sta_must_wait(x->call, err);
	if (rc == STA_OK)
		rc = sta_db_write(r->db, set_tx, x, err);
	if (rc == STA_OK)
		*out = sta_user_of(&x->account);
	return rc;
}

enum sta_rc
sta_user_set(struct sta_registry *r, const struct sta_call *call, const char *name,
	     const struct sta_user_change *change, struct sta_user *out, struct sta_err *err)
{
	struct settings x = { .call = call, .name = name, .change = change };
	enum sta_rc rc = sta_door_site(call, err);

	return rc == STA_OK ? set(r, &x, out, err) : rc;
}

/* Machines own nothing that settings are for. */
static enum sta_rc
door_to_own(const struct sta_call *call, unsigned scopes, struct sta_err *err)
{
	const struct sta_caller *c = &call->caller;

	if (c->kind != STA_CALLER_USER)
		return sta_oci_unauthorized(err);
	if (c->workflow.repository_id != 0)
		return sta_err_set(err, STA_DENIED, 0, "Resource not accessible by integration");
	if (c->home_id != 0)
		return sta_err_set(err, STA_DENIED, 0, "Robots have no settings.");
	if (c->limited || c->bounds.elsewhere || c->bounds.n_packages > 0)
		return sta_err_set(err, STA_DENIED, 0, "The token provided is for other things.");
	if (!(c->scopes & scopes))
		return sta_err_set(err, STA_DENIED, 0, "You need at least %s scope for this.",
				   scopes & STA_SCOPE_READ ? "read:packages" : "write:packages");
	return STA_OK;
}

enum sta_rc
sta_user_set_own(struct sta_registry *r, const struct sta_call *call, const struct sta_user_change *change,
		 struct sta_user *out, struct sta_err *err)
{
	struct settings x = { .call = call, .change = change };
	enum sta_rc rc = door_to_own(call, STA_SCOPE_WRITE, err);

	return rc == STA_OK ? set(r, &x, out, err) : rc;
}

enum sta_rc
sta_user_get_own(struct sta_registry *r, const struct sta_call *call, struct sta_user *out,
		 struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_account account = { 0 };
	enum sta_rc rc = door_to_own(call, STA_SCOPE_READ | STA_SCOPE_WRITE, err);

	if (rc == STA_OK)
		rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = find_self(c, call, &account, err);
	if (rc == STA_OK)
		*out = sta_user_of(&account);
	return rc;
}
