/* Operations on users and their tokens. */

#include "cli/ops.h"
#include "registry/account.h"
#include "registry/token.h"

static json_t *
user_json(const struct sta_user *u)
{
	return json_pack("{s:s, s:b, s:b, s:s, s:b, s:o}", "name", u->name, "admin", u->site_admin,
			 "disabled", u->disabled, "visibility", sta_visibility_name(u->visibility), "inherit",
			 u->inherits, "created", sta_op_time(u->created_unix));
}

enum sta_rc
sta_op_user_create(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	struct sta_user user = { 0 };
	const char *password = NULL;
	const char *name;
	int admin = 0;
	enum sta_rc rc = sta_op_args(run, err, "{s:s, s?s, s?b}", "name", &name, "password", &password,
				     "admin", &admin);

	if (rc == STA_OK)
		rc = sta_user_create(run->registry, &call, name, password, admin != 0, &user, err);
	if (rc == STA_OK)
		rc = sta_op_result(run, user_json(&user), result, err);
	return rc;
}

enum sta_rc
sta_op_user_list(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	struct sta_user *users = NULL;
	size_t n = 0;
	enum sta_rc rc = sta_op_args(run, err, "{}");

	if (rc == STA_OK)
		rc = sta_user_list(run->registry, &call, &users, &n, err);
	for (size_t i = 0; i < n && rc == STA_OK; i++)
		rc = sta_op_row(run, user_json(&users[i]), err);
	return rc == STA_OK ? sta_op_result(run, json_object(), result, err) : rc;
}

enum sta_rc
sta_op_user_set_password(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	const char *password;
	const char *name;
	enum sta_rc rc = sta_op_args(run, err, "{s:s, s:s}", "name", &name, "password", &password);

	if (rc == STA_OK)
		rc = sta_user_set_password(run->registry, &call, name, password, err);
	return rc == STA_OK ? sta_op_result(run, json_pack("{s:s}", "name", name), result, err) : rc;
}

enum sta_rc
sta_op_user_set_disabled(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	const char *name;
	int disabled;
	enum sta_rc rc = sta_op_args(run, err, "{s:s, s:b}", "name", &name, "disabled", &disabled);

	if (rc == STA_OK)
		rc = sta_user_set_disabled(run->registry, &call, name, disabled != 0, err);
	if (rc != STA_OK)
		return rc;
	return sta_op_result(run, json_pack("{s:s, s:b}", "name", name, "disabled", disabled), result, err);
}

enum sta_rc
sta_op_user_set(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	struct sta_user_change change = { 0 };
	enum sta_visibility visibility;
	struct sta_user user = { 0 };
	const char *word = NULL;
	int inherit = -1;
	bool inherits;
	const char *name;
	enum sta_rc rc = sta_op_args(run, err, "{s:s, s?s, s?b}", "name", &name, "visibility", &word,
				     "inherit", &inherit);

	if (rc == STA_OK && word)
		rc = sta_op_visibility(word, &visibility, err);
	if (rc != STA_OK)
		return rc;
	change.visibility = word ? &visibility : NULL;
	inherits = inherit == 1;
	change.inherits = inherit >= 0 ? &inherits : NULL;
	rc = sta_user_set(run->registry, &call, name, &change, &user, err);
	return rc == STA_OK ? sta_op_result(run, user_json(&user), result, err) : rc;
}

/* A text, JSON null for "". */
static json_t *
bound(const char *list)
{
	return *list != '\0' ? json_string(list) : json_null();
}

json_t *
sta_op_token_json(struct sta_arena *a, const struct sta_pat *t)
{
	return json_pack("{s:I, s:s, s:s, s:s?, s:o, s:o, s:o, s:b, s:o, s:o}", "id", (json_int_t) t->id,
			 "user", t->user, "name", t->name, "scopes", sta_scopes_text(a, t->scopes), "created",
			 sta_op_time(t->created_unix), "expires", sta_op_time(t->expires_unix), "last_used",
			 sta_op_time(t->last_used_unix), "revoked", t->revoked, "packages",
			 bound(t->packages), "addresses", bound(t->addresses));
}

enum sta_rc
sta_op_token_create(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	char secret[STA_PAT_LEN + 1] = "";
	struct sta_pat_request req = { .name = "" };
	struct sta_pat token = { 0 };
	const char *scopes_text;
	json_int_t expires_s = 0;
	json_t *made;
	enum sta_rc rc = sta_op_args(run, err, "{s:s, s:s, s?s, s?I, s?s, s?s}", "user", &req.user, "scopes",
				     &scopes_text, "name", &req.name, "expires_s", &expires_s, "packages",
				     &req.packages, "addresses", &req.addresses);

	if (rc == STA_OK && expires_s < 0)
		rc = sta_err_set(err, STA_INVALID, 0, "arguments: expires_s is negative");
	if (rc == STA_OK)
		rc = sta_scopes_parse(scopes_text, &req.scopes, err);
	req.expires_s = (uint64_t) expires_s;
	if (rc == STA_OK)
		rc = sta_pat_create(run->registry, &call, &req, secret, &token, err);
	if (rc != STA_OK)
		return rc;
	made = sta_op_token_json(run->arena, &token);
	if (made && json_object_set_new(made, "token", json_string(secret)) < 0) {
		json_decref(made);
		made = NULL;
	}
	return sta_op_result(run, made, result, err);
}

enum sta_rc
sta_op_token_list(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	struct sta_pat *tokens = NULL;
	const char *user = NULL;
	size_t n = 0;
	enum sta_rc rc = sta_op_args(run, err, "{s?s}", "user", &user);

	if (rc == STA_OK)
		rc = sta_pat_list(run->registry, &call, user, &tokens, &n, err);
	for (size_t i = 0; i < n && rc == STA_OK; i++)
		rc = sta_op_row(run, sta_op_token_json(run->arena, &tokens[i]), err);
	return rc == STA_OK ? sta_op_result(run, json_object(), result, err) : rc;
}

enum sta_rc
sta_op_token_revoke(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	json_int_t id;
	enum sta_rc rc = sta_op_args(run, err, "{s:I}", "id", &id);

	if (rc == STA_OK)
		rc = sta_pat_revoke(run->registry, &call, id, err);
	return rc == STA_OK ? sta_op_result(run, json_pack("{s:I, s:b}", "id", id, "revoked", 1), result, err)
			    : rc;
}
