/* Why somebody may or may not: the facts and the decision of the door, told. */

#include <string.h>

#include "base/prefix.h"
#include "model/accounts.h"
#include "model/grants.h"
#include "model/tokens.h"
#include "registry/core.h"
#include "registry/grant.h"
#include "registry/token.h"
#include "registry/token_bounds.h"

/* The token that the question names, in place of a password. */
static enum sta_rc
take_token(struct sta_db_conn *c, const struct sta_call *call, const struct sta_access_question *q,
	   struct sta_caller *who, struct sta_explanation *to, struct sta_err *err)
{
	struct sta_token_row row;
	struct sta_pat *token = sta_arena_alloc(call->arena, sizeof(*token));
	enum sta_rc rc = token ? sta_token_by_id(c, call->arena, q->token_id, &row, err)
			       : sta_err_set(err, STA_NOMEM, 0, "token");

	if (rc == STA_NOT_FOUND || (rc == STA_OK && row.account_id != who->user_id))
		return sta_err_set(err, STA_NOT_FOUND, 0, "'%s' has no token with id %lld", who->login,
				   (long long) q->token_id);
	if (rc == STA_OK)
		rc = sta_pat_of(call->arena, &row, token, err);
	if (rc == STA_OK)
		rc = sta_token_bounds(call->arena, row.packages, &who->bounds, err);
	if (rc != STA_OK)
		return rc;
	who->scopes = row.scopes;
	who->token_id = row.id;
	who->bounds.elsewhere = q->from && sta_token_elsewhere(row.addresses, q->from);
	to->token = token;
	to->token_ended = row.revoked || (row.expires_unix != 0 && row.expires_unix <= sta_now_unix());
	return STA_OK;
}

/* The organization that a robot's name begins with. */
static enum sta_rc
tell_robot(const struct sta_call *call, const struct sta_account *account, struct sta_explanation *to,
	   struct sta_err *err)
{
	if (account->kind != STA_ACCOUNT_ROBOT)
		return STA_OK;
	to->robot_role = account->home_role;
	to->robot_of = sta_arena_strndup(call->arena, account->name, strcspn(account->name, "+"));
	return to->robot_of ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "robot");
}

/* A job of that repository's workflows, which its rule takes nothing from. */
static enum sta_rc
asked_workflow(struct sta_db_conn *c, const struct sta_call *call, const char *repository,
	       struct sta_caller *out, struct sta_explanation *to, struct sta_err *err)
{
	struct sta_repository_row row;
	enum sta_rc rc = sta_door_repository(c, call, repository, STA_ACTION_READ, &row, err);

	if (rc != STA_OK)
		return rc;
	*out = (struct sta_caller){
		.kind = STA_CALLER_USER,
		.user_id = row.account_id,
		.login = row.name,
		.scopes = STA_SCOPE_PACKAGES,
		.home_id = row.namespace_id,
		.workflow = { .repository_id = row.id, .most = STA_ROLE_ADMIN },
	};
	to->workflow_of = row.name;
	return STA_OK;
}

/* The caller that the question is about, signed in with a password, or nobody. */
static enum sta_rc
asked_caller(struct sta_db_conn *c, const struct sta_call *call, const struct sta_access_question *q,
	     struct sta_caller *out, struct sta_explanation *to, struct sta_err *err)
{
	struct sta_account account;
	enum sta_rc rc;

	*out = (struct sta_caller){ .kind = STA_CALLER_ANONYMOUS, .login = "" };
	if (*q->user == '\0')
		return q->token_id == 0 ? STA_OK : sta_err_set(err, STA_INVALID, 0, "a token is somebody's");
	if (strncmp(q->user, STA_WORKFLOWS, strlen(STA_WORKFLOWS)) == 0)
		return q->token_id == 0
			       ? asked_workflow(c, call, q->user + strlen(STA_WORKFLOWS), out, to, err)
			       : sta_err_set(err, STA_INVALID, 0, "workflows have no tokens with numbers");
	rc = sta_find_account(c, call->arena, q->user, &account, err);
	if (rc != STA_OK)
		return rc;
	*out = (struct sta_caller){
		.kind = STA_CALLER_USER,
		.user_id = account.id,
		.login = account.name,
		.site_admin = account.site_admin,
		.scopes = STA_SCOPE_ALL,
		.home_id = account.home_id,
		.home_role = account.home_role,
	};
	to->disabled = account.disabled;
	to->site_admin = account.site_admin;
	return tell_robot(call, &account, to, err);
}

static enum sta_rc
tell_team(struct sta_db_conn *c, const struct sta_call *call, struct sta_grantable object,
	  struct sta_explanation *to, struct sta_err *err)
{
	if (call->caller.user_id == 0)
		return STA_OK;
	return sta_grant_by_team(c, call->arena, object, call->caller.user_id, &to->team_role, &to->team,
				 err);
}

/* What is granted on the repository, in place of the package. */
static enum sta_rc
tell_inherited(struct sta_db_conn *c, const struct sta_call *call, const struct sta_call *asker,
	       int64_t repository_id, struct sta_explanation *to, struct sta_err *err)
{
	struct sta_repository_row row;
	enum sta_rc rc = sta_repository_by_id(c, call->arena, repository_id, call->caller.user_id, &row, err);

	if (rc == STA_NOT_FOUND) /* deleted since the package was read */
		return STA_OK;
	if (rc == STA_OK)
		rc = sta_repository_seen(c, asker, repository_id, &to->repository, err);
	if (rc != STA_OK)
		return rc;
	if (!to->workflow_of) /* what those have is granted on the package alone */
		to->granted = row.granted;
	return tell_team(c, call, sta_grantable_repository(repository_id), to, err);
}

/* The facts that the door would find for that caller, and its decision, as the asker may hear them. */
static enum sta_rc
ask(struct sta_db_conn *c, const struct sta_call *call, const struct sta_call *asker,
    const struct sta_name *name, enum sta_action action, struct sta_explanation *to, struct sta_err *err)
{
	struct sta_err denial = { 0 };
	struct sta_entry e;
	enum sta_rc rc = sta_door_look(c, call, name, &e, err);

	if (rc != STA_OK)
		return rc;
	to->allowed = sta_door_known(call, &e, action, &denial) == STA_OK;
	to->rule = sta_rule_name(e.decision.rule);
	to->why = sta_rule_text(e.decision.rule);
	to->exists = e.exists;
	to->visibility = e.exists ? e.package.visibility : e.namespace.visibility;
	to->owner = sta_arena_strdup(call->arena, name->namespace);
	to->owner_exists = e.namespace.id != 0;
	to->owner_is_org = e.namespace.is_org;
	to->member = e.namespace.member;
	to->granted = e.package.granted;
	to->inherited = e.package.inherited;
	to->inherits = e.package.inherits;
	to->team = "";
	if (!to->owner)
		return sta_err_set(err, STA_NOMEM, 0, "explanation");
	if (!e.exists)
		return STA_OK;
	return e.package.inherits ? tell_inherited(c, call, asker, e.package.repository_id, to, err)
				  : tell_team(c, call, sta_grantable_package(e.package.id), to, err);
}

/* Who may hear it: the package's administrators, and users about themselves when they may know of
 * the package. */
static enum sta_rc
door_to_explain(struct sta_db_conn *c, const struct sta_call *call, const struct sta_name *name, bool self,
		struct sta_err *err)
{
	struct sta_entry e;
	enum sta_rc rc = sta_door_look(c, call, name, &e, err);

	return rc == STA_OK ? sta_door_known(call, &e, self ? STA_ACTION_READ : STA_ACTION_ADMIN, err) : rc;
}

/* Who is asked about, for those who may hear it; the others do not hear either who has an account, and which
 * tokens.  About a token: who may manage it. */
static enum sta_rc
enter(struct sta_db_conn *c, const struct sta_call *call, const struct sta_access_question *q,
      const struct sta_name *name, struct sta_caller *who, struct sta_explanation *to, struct sta_err *err)
{
	struct sta_err missing = { 0 };
	struct sta_account account;
	enum sta_rc found = asked_caller(c, call, q, who, to, &missing);
	bool self = found == STA_OK && call->caller.kind == STA_CALLER_USER &&
		    call->caller.user_id == who->user_id;
	enum sta_rc rc = door_to_explain(c, call, name, self, err);

	if (rc == STA_OK && found != STA_OK) {
		*err = missing;
		return found;
	}
	if (rc == STA_OK && q->token_id != 0 && !self)
		rc = sta_door_account(c, call, who->login, &account, err);
	return rc == STA_OK && q->token_id != 0 ? take_token(c, call, q, who, to, err) : rc;
}

static enum sta_rc
check_from(const struct sta_access_question *q, struct sta_err *err)
{
	struct sta_ip ip;

	if (q->from && q->token_id == 0)
		return sta_err_set(err, STA_INVALID, 0, "only tokens are good from some addresses alone");
	if (q->from && !sta_ip_parse(q->from, &ip))
		return sta_err_set(err, STA_INVALID, 0, "'%.64s' is no address", q->from);
	return STA_OK;
}

enum sta_rc
sta_access_explain(struct sta_registry *r, const struct sta_call *call, const struct sta_access_question *q,
		   struct sta_explanation *out, struct sta_err *err)
{
	struct sta_call as_user = { .arena = call->arena };
	struct sta_explanation to = { .team = "" };
	struct sta_db_conn *c = NULL;
	struct sta_name name;
	enum sta_rc rc = sta_package_name(q->package, &name, err);

	if (rc == STA_OK)
		rc = check_from(q, err);
	if (rc == STA_OK)
		rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = enter(c, call, q, &name, &as_user.caller, &to, err);
	if (rc == STA_OK)
		rc = ask(c, &as_user, call, &name, q->action, &to, err);
	if (rc == STA_OK)
		*out = to;
	return rc;
}
