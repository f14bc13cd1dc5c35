/* The rules of issuers that let jobs in. */

#include <ctype.h>
#include <string.h>

#include "model/issuers.h"
#include "registry/core.h"
#include "registry/issuer.h"
#include "registry/job.h"

struct change {
	const struct sta_call *call;
	struct sta_issuer_rule *rule;
	struct sta_issuer_rule_row row;
};

/* "rule 3: write for repository=acme/app ref=refs/heads/main" */
static const char *
rule_detail(const struct sta_call *call, const struct sta_issuer_rule_row *row)
{
	char *text = sta_arena_printf(call->arena, "rule %lld: %s for %s%s%s", (long long) row->id,
				      sta_role_name(row->role), row->conditions,
				      row->repository[0] ? " as " : "", row->repository);

	for (char *p = text; p && *p; p++)
		if (*p == '\n')
			*p = ' ';
	return text;
}

static enum sta_rc
note(struct sta_db_conn *c, const struct sta_call *call, const char *action, const char *issuer,
     const struct sta_issuer_rule_row *row, struct sta_err *err)
{
	const char *detail = rule_detail(call, row);

	return detail ? sta_audit(c, call, action, issuer, detail, err)
		      : sta_err_set(err, STA_NOMEM, 0, "rule");
}

/* The owner's present name: a former one may be another's one day. */
static enum sta_rc
check_owner(struct sta_db_conn *c, const struct sta_call *call, const char *repository, struct sta_err *err)
{
	const char *owner = sta_arena_strndup(call->arena, repository, strcspn(repository, "/"));

	if (!owner)
		return sta_err_set(err, STA_NOMEM, 0, "rule");
	return sta_check_former(c, call, owner, 0, err);
}

static enum sta_rc
allow_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct change *x = arg;
	struct sta_issuer_row issuer;
	enum sta_rc rc = sta_find_issuer(c, x->call->arena, x->rule->issuer, &issuer, err);

	if (rc != STA_OK)
		return rc;
	rc = check_owner(c, x->call, x->row.repository, err);
	if (rc != STA_OK)
		return rc;
	x->row.issuer_id = issuer.id;
	x->rule->issuer = issuer.name;
	rc = sta_issuer_rule_insert(c, &x->row, &x->row.id, err);
	return rc == STA_OK ? note(c, x->call, "issuer.allow", issuer.name, &x->row, err) : rc;
}

/* In lower case, in the arena; "" for NULL. */
static enum sta_rc
fold_repository(const struct sta_call *call, const char *text, const char **out, struct sta_err *err)
{
	char *folded = sta_arena_strdup(call->arena, text ? text : "");
	struct sta_name name;

	if (!folded)
		return sta_err_set(err, STA_NOMEM, 0, "rule");
	for (char *p = folded; *p; p++)
		*p = (char) tolower((unsigned char) *p);
	if (text && (!sta_name_parse(folded, strlen(folded), &name) || strchr(name.image, '/')))
		return sta_err_set(err, STA_INVALID, 0, "a repository is named OWNER/REPO");
	*out = folded;
	return STA_OK;
}

enum sta_rc
sta_issuer_allow(struct sta_registry *r, const struct sta_call *call, struct sta_issuer_rule *rule,
		 struct sta_err *err)
{
	struct change x = {
		.call = call,
		.rule = rule,
		.row = { .conditions = rule->conditions, .role = rule->role, .created_unix = sta_now_unix() },
	};
	enum sta_rc rc = sta_door_site(call, err);

	if (rc == STA_OK)
		rc = sta_job_conditions_valid(rule->conditions, rule->repository != NULL, err);
	if (rc == STA_OK && rule->role == STA_ROLE_NONE)
		rc = sta_err_set(err, STA_INVALID, 0, "a rule has the role read, write or admin");
	if (rc == STA_OK)
		rc = fold_repository(call, rule->repository, &x.row.repository, err);
	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	if (rc == STA_OK)
		rc = sta_db_write(r->db, allow_tx, &x, err);
	if (rc != STA_OK)
		return rc;
	rule->id = x.row.id;
	rule->created_unix = x.row.created_unix;
	rule->repository = rule->repository ? x.row.repository : NULL;
	return STA_OK;
}

static const char *
name_of(const struct sta_issuer_row *issuers, size_t n, int64_t id)
{
	for (size_t i = 0; i < n; i++)
		if (issuers[i].id == id)
			return issuers[i].name;
	return "";
}

static enum sta_rc
list_rules(struct sta_db_conn *c, const struct sta_call *call, int64_t issuer_id,
	   struct sta_issuer_rule **out, size_t *n, struct sta_err *err)
{
	struct sta_issuer_rule_row *rows = NULL;
	struct sta_issuer_row *issuers = NULL;
	size_t n_issuers = 0;
	enum sta_rc rc = sta_issuer_list(c, call->arena, &issuers, &n_issuers, err);

	if (rc == STA_OK)
		rc = sta_issuer_rule_list(c, call->arena, issuer_id, &rows, n, err);
	if (rc != STA_OK)
		return rc;
	*out = sta_arena_alloc(call->arena, *n * sizeof(**out));
	if (!*out)
		return sta_err_set(err, STA_NOMEM, 0, "rules");
	for (size_t i = 0; i < *n; i++)
		(*out)[i] = (struct sta_issuer_rule){
			.id = rows[i].id,
			.issuer = name_of(issuers, n_issuers, rows[i].issuer_id),
			.conditions = rows[i].conditions,
			.repository = rows[i].repository[0] ? rows[i].repository : NULL,
			.role = rows[i].role,
			.created_unix = rows[i].created_unix,
		};
	return STA_OK;
}

enum sta_rc
sta_issuer_rules(struct sta_registry *r, const struct sta_call *call, const char *issuer,
		 struct sta_issuer_rule **out, size_t *n, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_issuer_row row = { .id = 0 };
	enum sta_rc rc = sta_door_site(call, err);

	if (rc == STA_OK)
		rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = sta_db_read_begin(c, err);
	if (rc != STA_OK)
		return rc;
	if (issuer)
		rc = sta_find_issuer(c, call->arena, issuer, &row, err);
	if (rc == STA_OK)
		rc = list_rules(c, call, row.id, out, n, err);
	sta_db_read_end(c);
	return rc;
}

static enum sta_rc
disallow_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct change *x = arg;
	struct sta_issuer_rule *all = NULL;
	struct sta_issuer_rule_row row;
	size_t n = 0;
	enum sta_rc rc = sta_issuer_rule_by_id(c, x->call->arena, x->row.id, &row, err);

	if (rc == STA_NOT_FOUND)
		return sta_err_set(err, rc, 0, "no rule %lld", (long long) x->row.id);
	if (rc == STA_OK)
		rc = list_rules(c, x->call, row.issuer_id, &all, &n, err);
	if (rc == STA_OK)
		rc = sta_issuer_rule_remove(c, row.id, err);
	return rc == STA_OK ? note(c, x->call, "issuer.disallow", all[0].issuer, &row, err) : rc;
}

enum sta_rc
sta_issuer_disallow(struct sta_registry *r, const struct sta_call *call, int64_t rule_id, struct sta_err *err)
{
	struct change x = { .call = call, .row = { .id = rule_id } };
	enum sta_rc rc = sta_door_site(call, err);

	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	return rc == STA_OK ? sta_db_write(r->db, disallow_tx, &x, err) : rc;
}
