#include "registry/account.h"

#include <string.h>

#include "crypto/password.h"
#include "crypto/random.h"
#include "model/accounts.h"
#include "registry/core.h"
#include "registry/login.h"
#include "registry/password_rules.h"

#define FIRST_PASSWORD_LEN 24 /* of 62 letters: 142 bits */

struct new_user {
	const struct sta_call *call;
	struct sta_account account;
	char hash[STA_PASSWORD_HASH_MAX];
	int64_t id;
};

struct change {
	const struct sta_call *call;
	const char *name;
	const char *hash;
	bool disabled;
	int64_t id;    /* of the account whose password was shown; 0: none was */
	int64_t epoch; /* of that password */
	struct sta_ended_uploads uploads;
};

/* Hashing has threads of its own (http.h). */
static enum sta_rc
must_hash(const struct sta_call *call, struct sta_err *err)
{
	if (call->must_not_hash)
		return sta_err_set(err, STA_WOULD_HASH, 0, "must hash");
	return sta_must_wait(call, err);
}

static enum sta_rc
insert_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct new_user *n = arg;
	enum sta_rc rc = sta_check_former(c, n->call, n->account.name, 0, err);

	if (rc != STA_OK)
		return rc;
	rc = sta_account_insert(c, &n->account, &n->id, err);
	if (rc == STA_EXISTS)
		return sta_err_set(err, rc, 0, "the name '%s' is taken", n->account.name);
	if (rc != STA_OK)
		return rc;
	return sta_audit(c, n->call, "user.create", n->account.name,
			 n->account.site_admin ? "site administrator" : "", err);
}

/* What is asked for, checked and hashed. */
static enum sta_rc
prepare(const char *name, const char *password, struct new_user *n, struct sta_err *err)
{
	char folded[STA_NAMESPACE_MAX + 1];
	enum sta_rc rc = STA_OK;

	if (!sta_namespace_fold(name, folded))
		return sta_err_set(
			err, STA_INVALID, 0,
			"a user name has 1 to %d of a-z, 0-9 and single '-' between them, and is no "
			"reserved word",
			STA_NAMESPACE_MAX);
	n->account.created_unix = sta_now_unix();
	n->account.name = sta_arena_strdup(n->call->arena, folded);
	if (!n->account.name)
		return sta_err_set(err, STA_NOMEM, 0, "user");
	if (!password)
		return sta_must_wait(n->call, err);
	n->account.password_hash = n->hash;
	rc = sta_password_check(name, password, err);
	if (rc == STA_OK)
		rc = must_hash(n->call, err);
	return rc == STA_OK ? sta_password_hash(password, strlen(password), n->hash, err) : rc;
}

enum sta_rc
sta_user_create(struct sta_registry *r, const struct sta_call *call, const char *name, const char *password,
		bool site_admin, struct sta_user *out, struct sta_err *err)
{
	struct new_user n = { .call = call, .account = { .site_admin = site_admin } };
	enum sta_rc rc = sta_door_site(call, err);

	if (rc == STA_OK)
		rc = prepare(name, password, &n, err);
	if (rc == STA_OK)
		rc = sta_db_write(r->db, insert_tx, &n, err);
	if (rc == STA_OK)
		*out = (struct sta_user){
			.id = n.id,
			.name = n.account.name,
			.site_admin = site_admin,
			.created_unix = n.account.created_unix,
			.inherits = true,
		};
	return rc;
}

/* One's own by its number: the name can be another one's meanwhile. */
static enum sta_rc
password_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct change *x = arg;
	struct sta_account account;
	enum sta_rc rc = x->id != 0 ? sta_account_by_id(c, x->call->arena, x->id, &account, err)
				    : sta_find_user(c, x->call->arena, x->name, &account, err);

	if (x->id != 0 && rc == STA_NOT_FOUND)
		rc = sta_oci_unauthorized(err);
	if (rc == STA_OK && x->id != 0 && (account.epoch != x->epoch || account.disabled))
		rc = sta_oci_unauthorized(err);
	if (rc == STA_OK)
		rc = sta_account_set_password(c, account.id, x->hash, err);
	return rc == STA_OK ? sta_audit(c, x->call, "user.password", account.name, "", err) : rc;
}

enum sta_rc
sta_user_set_password(struct sta_registry *r, const struct sta_call *call, const char *name,
		      const char *password, struct sta_err *err)
{
	char hash[STA_PASSWORD_HASH_MAX];
	char folded[STA_NAMESPACE_MAX + 1];
	struct change x = { .call = call, .name = name, .hash = hash };
	enum sta_rc rc = sta_door_site(call, err);

	if (rc == STA_OK)
		rc = sta_password_check(name, password, err);
	if (rc == STA_OK)
		rc = must_hash(call, err);
	if (rc == STA_OK)
		rc = sta_password_hash(password, strlen(password), hash, err);
	if (rc == STA_OK)
		rc = sta_db_write(r->db, password_tx, &x, err);
	if (rc == STA_OK && sta_namespace_fold(name, folded))
		sta_attempts_forgive(r->attempts, folded, sta_now_ns() / 1000000);
	return rc;
}

/* Users who show what only they should have. */
static enum sta_rc
check_self(const struct sta_call *call, struct sta_err *err)
{
	if (sta_call_in_person(call))
		return STA_OK;
	return sta_err_set(err, STA_DENIED, 0,
			   "Your password is changed with your password, not with a token.");
}

/* Whoever found a session open has not found the password. */
static enum sta_rc
check_old(struct sta_registry *r, const struct sta_call *call, const struct sta_account *account,
	  const char *old, struct sta_err *err)
{
	enum sta_rc rc = STA_UNAUTHENTICATED;

	if (strlen(old) <= STA_PASSWORD_MAX)
		rc = sta_login_password(r, call, account, account->name, old, err);
	if (rc == STA_UNAUTHENTICATED)
		return sta_err_set(err, STA_DENIED, 0, "the old password is wrong");
	return rc;
}

enum sta_rc
sta_user_change_password(struct sta_registry *r, const struct sta_call *call, const char *old,
			 const char *new, struct sta_err *err)
{
	char hash[STA_PASSWORD_HASH_MAX];
	struct change x = { .call = call, .name = call->caller.login, .hash = hash };
	struct sta_account account = { 0 };
	struct sta_db_conn *c = NULL;
	enum sta_rc rc = check_self(call, err);

	if (rc == STA_OK)
		rc = sta_password_check(x.name, new, err);
	if (rc == STA_OK)
		rc = must_hash(call, err);
	if (rc == STA_OK)
		rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = sta_account_by_id(c, call->arena, call->caller.user_id, &account, err);
	if (rc == STA_OK)
		rc = check_old(r, call, &account, old, err);
	if (rc == STA_OK)
		rc = sta_password_hash(new, strlen(new), hash, err);
	x.id = account.id;
	x.epoch = account.epoch;
	return rc == STA_OK ? sta_db_write(r->db, password_tx, &x, err) : rc;
}

static enum sta_rc
disabled_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct change *x = arg;
	struct sta_account account;
	enum sta_rc rc = sta_find_user(c, x->call->arena, x->name, &account, err);

	if (rc == STA_OK && x->disabled && account.id == x->call->caller.user_id)
		rc = sta_err_set(err, STA_INVALID, 0, "nobody can suspend himself");
	if (rc == STA_OK)
		rc = sta_account_set_disabled(c, account.id, x->disabled, err);
	if (rc == STA_OK)
		rc = sta_audit(c, x->call, x->disabled ? "user.disable" : "user.enable", account.name, "",
			       err);
	if (rc != STA_OK || !x->disabled)
		return rc;
	return sta_uploads_end_rows(c, x->call, account.id, &x->uploads, err);
}

enum sta_rc
sta_user_set_disabled(struct sta_registry *r, const struct sta_call *call, const char *name, bool disabled,
		      struct sta_err *err)
{
	struct change x = { .call = call, .name = name, .disabled = disabled };
	enum sta_rc rc = sta_door_site(call, err);

	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	if (rc == STA_OK)
		rc = sta_db_write(r->db, disabled_tx, &x, err);
	if (rc == STA_OK && disabled)
		sta_uploads_end(r, &x.uploads);
	return rc;
}

struct sta_user
sta_user_of(const struct sta_account *a)
{
	return (struct sta_user){
		.id = a->id,
		.name = a->name,
		.site_admin = a->site_admin,
		.disabled = a->disabled,
		.created_unix = a->created_unix,
		.visibility = a->visibility,
		.inherits = a->inherits,
	};
}

enum sta_rc
sta_user_get(struct sta_registry *r, const struct sta_call *call, const char *name, struct sta_user *out,
	     struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_account account = { 0 };
	enum sta_rc rc = sta_door_site(call, err);

	if (rc == STA_OK)
		rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = sta_find_user(c, call->arena, name, &account, err);
	if (rc == STA_INVALID)
		return sta_err_set(err, STA_NOT_FOUND, 0, "no user '%.*s'", STA_NAMESPACE_MAX, name);
	if (rc == STA_OK)
		*out = sta_user_of(&account);
	return rc;
}

enum sta_rc
sta_user_list(struct sta_registry *r, const struct sta_call *call, struct sta_user **out, size_t *n,
	      struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_account *accounts = NULL;
	struct sta_user *users = NULL;
	size_t got = 0;
	enum sta_rc rc = sta_door_site(call, err);

	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	if (rc == STA_OK)
		rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = sta_account_list(c, call->arena, &accounts, &got, err);
	if (rc != STA_OK)
		return rc;
	users = sta_arena_alloc(call->arena, got * sizeof(*users));
	if (!users)
		return sta_err_set(err, STA_NOMEM, 0, "users");
	for (size_t i = 0; i < got; i++)
		users[i] = sta_user_of(&accounts[i]);
	*out = users;
	*n = got;
	return STA_OK;
}

enum sta_rc
sta_user_first(struct sta_registry *r, const struct sta_call *call, char **password, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_user user;
	bool any = false;
	char *made = sta_arena_alloc(call->arena, FIRST_PASSWORD_LEN + 1);
	enum sta_rc rc = made ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "password");

	if (rc == STA_OK)
		rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = sta_account_any(c, &any, err);
	*password = NULL;
	if (rc != STA_OK || any)
		return rc;
	rc = sta_random_base62(made, FIRST_PASSWORD_LEN, err);
	if (rc == STA_OK)
		rc = sta_user_create(r, call, "admin", made, true, &user, err);
	if (rc == STA_OK)
		*password = made;
	return rc;
}
