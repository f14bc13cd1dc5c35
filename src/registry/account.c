#include "registry/account.h"

#include <string.h>

#include "crypto/password.h"
#include "crypto/random.h"
#include "model/accounts.h"
#include "registry/core.h"
#include "registry/password_rules.h"

#define FIRST_PASSWORD_LEN 24 /* of 62 letters: 142 bits */

struct new_user {
	struct sta_account account;
	char hash[STA_PASSWORD_HASH_MAX];
	int64_t id;
};

struct change {
	struct sta_arena *arena;
	const char *name;
	const char *hash;
	bool disabled;
};

static enum sta_rc
insert_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct new_user *n = arg;
	enum sta_rc rc = sta_account_insert(c, &n->account, &n->id, err);

	if (rc == STA_EXISTS)
		return sta_err_set(err, rc, 0, "the name '%s' is taken", n->account.name);
	return rc;
}

enum sta_rc
sta_user_create(struct sta_registry *r, const struct sta_call *call, const char *name, const char *password,
		bool site_admin, struct sta_user *out, struct sta_err *err)
{
	struct new_user n = { .account = { .name = name, .site_admin = site_admin } };
	enum sta_rc rc = sta_door_site(call, err);

	if (rc == STA_OK && !sta_namespace_valid(name, strlen(name)))
		rc = sta_err_set(err, STA_INVALID, 0,
				 "a user name has 1 to %d of a-z, 0-9 and single '-' between them, and is no "
				 "reserved word",
				 STA_NAMESPACE_MAX);
	if (rc == STA_OK && password)
		rc = sta_password_check(name, password, err);
	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	if (rc == STA_OK && password) {
		rc = sta_password_hash(password, strlen(password), n.hash, err);
		n.account.password_hash = n.hash;
	}
	n.account.created_unix = sta_now_unix();
	if (rc == STA_OK)
		rc = sta_db_write(r->db, insert_tx, &n, err);
	if (rc == STA_OK)
		*out = (struct sta_user){
			.id = n.id,
			.name = name,
			.site_admin = site_admin,
			.created_unix = n.account.created_unix,
		};
	return rc;
}

static enum sta_rc
find_user(struct sta_db_conn *c, const struct change *x, struct sta_account *out, struct sta_err *err)
{
	enum sta_rc rc = sta_account_by_name(c, x->arena, x->name, out, err);

	if (rc == STA_NOT_FOUND)
		return sta_err_set(err, rc, 0, "no user '%s'", x->name);
	return rc;
}

static enum sta_rc
password_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct change *x = arg;
	struct sta_account account;
	enum sta_rc rc = find_user(c, x, &account, err);

	return rc == STA_OK ? sta_account_set_password(c, account.id, x->hash, err) : rc;
}

enum sta_rc
sta_user_set_password(struct sta_registry *r, const struct sta_call *call, const char *name,
		      const char *password, struct sta_err *err)
{
	char hash[STA_PASSWORD_HASH_MAX];
	struct change x = { .arena = call->arena, .name = name, .hash = hash };
	enum sta_rc rc = sta_door_site(call, err);

	if (rc == STA_OK)
		rc = sta_password_check(name, password, err);
	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	if (rc == STA_OK)
		rc = sta_password_hash(password, strlen(password), hash, err);
	return rc == STA_OK ? sta_db_write(r->db, password_tx, &x, err) : rc;
}

static enum sta_rc
disabled_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct change *x = arg;
	struct sta_account account;
	enum sta_rc rc = find_user(c, x, &account, err);

	return rc == STA_OK ? sta_account_set_disabled(c, account.id, x->disabled, err) : rc;
}

enum sta_rc
sta_user_set_disabled(struct sta_registry *r, const struct sta_call *call, const char *name, bool disabled,
		      struct sta_err *err)
{
	struct change x = { .arena = call->arena, .name = name, .disabled = disabled };
	enum sta_rc rc = sta_door_site(call, err);

	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	return rc == STA_OK ? sta_db_write(r->db, disabled_tx, &x, err) : rc;
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
		rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = sta_account_list(c, call->arena, &accounts, &got, err);
	if (rc != STA_OK)
		return rc;
	users = sta_arena_alloc(call->arena, got * sizeof(*users));
	if (!users)
		return sta_err_set(err, STA_NOMEM, 0, "users");
	for (size_t i = 0; i < got; i++)
		users[i] = (struct sta_user){
			.id = accounts[i].id,
			.name = accounts[i].name,
			.site_admin = accounts[i].site_admin,
			.disabled = accounts[i].disabled,
			.created_unix = accounts[i].created_unix,
		};
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
