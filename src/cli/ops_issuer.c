/* Operations on issuers of workflows' tokens, and the rules that let jobs in. */

#include <string.h>

#include "cli/ops.h"
#include "registry/issuer.h"
#include "registry/workflow.h"

/* Lines as a list. */
static json_t *
list_json(const char *lines)
{
	json_t *list = json_array();

	while (list && *lines) {
		size_t len = strcspn(lines, "\n");

		if (json_array_append_new(list, json_stringn(lines, len)) != 0) {
			json_decref(list);
			return NULL;
		}
		lines += len + (lines[len] == '\n');
	}
	return list;
}

/* Lines KEY=VALUE as an object. */
static json_t *
object_json(const char *lines)
{
	json_t *object = json_object();

	while (object && *lines) {
		size_t len = strcspn(lines, "\n");
		size_t key_len = strcspn(lines, "=");

		if (json_object_setn_new(object, lines, key_len,
					 json_stringn(lines + key_len + 1, len - key_len - 1)) != 0) {
			json_decref(object);
			return NULL;
		}
		lines += len + (lines[len] == '\n');
	}
	return object;
}

static json_t *
issuer_json(const struct sta_issuer *i)
{
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:b, s:o}", "name", i->name, "url", i->url, "audience",
			 i->audience, "claims", object_json(i->claims), "read_events",
			 list_json(i->read_events), "keys_given", i->keys_given, "created",
			 sta_op_time(i->created_unix));
}

enum sta_rc
sta_op_issuer_add(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	struct sta_issuer_request req = { 0 };
	struct sta_issuer made = { 0 };
	enum sta_rc rc =
		sta_op_args(run, err, "{s:s, s:s, s:s, s?s, s?s, s?s, s?s}", "name", &req.name, "profile",
			    &req.profile, "audience", &req.audience, "url", &req.url, "claims", &req.claims,
			    "read_events", &req.read_events, "keys", &req.keys);

	if (rc == STA_OK)
		rc = sta_issuer_add(run->registry, &call, &req, &made, err);
	return rc == STA_OK ? sta_op_result(run, issuer_json(&made), result, err) : rc;
}

enum sta_rc
sta_op_issuer_list(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	struct sta_issuer *all = NULL;
	size_t n = 0;
	enum sta_rc rc = sta_op_args(run, err, "{}");

	if (rc == STA_OK)
		rc = sta_issuer_all(run->registry, &call, &all, &n, err);
	for (size_t i = 0; i < n && rc == STA_OK; i++)
		rc = sta_op_row(run, issuer_json(&all[i]), err);
	return rc == STA_OK ? sta_op_result(run, json_object(), result, err) : rc;
}

enum sta_rc
sta_op_issuer_delete(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	const char *name;
	enum sta_rc rc = sta_op_args(run, err, "{s:s}", "name", &name);

	if (rc == STA_OK)
		rc = sta_issuer_delete(run->registry, &call, name, err);
	if (rc != STA_OK)
		return rc;
	return sta_op_result(run, json_pack("{s:s, s:b}", "name", name, "deleted", 1), result, err);
}

static json_t *
rule_json(const struct sta_issuer_rule *r)
{
	return json_pack("{s:I, s:s, s:s, s:s?, s:o, s:o}", "id", (json_int_t) r->id, "issuer", r->issuer,
			 "role", sta_role_name(r->role), "repository", r->repository, "when",
			 list_json(r->conditions), "created", sta_op_time(r->created_unix));
}

enum sta_rc
sta_op_issuer_allow(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	struct sta_issuer_rule rule = { 0 };
	const char *role;
	enum sta_rc rc = sta_op_args(run, err, "{s:s, s:s, s:s, s?s}", "issuer", &rule.issuer, "conditions",
				     &rule.conditions, "role", &role, "repository", &rule.repository);

	if (rc == STA_OK)
		rc = sta_op_role(role, &rule.role, err);
	if (rc == STA_OK)
		rc = sta_issuer_allow(run->registry, &call, &rule, err);
	return rc == STA_OK ? sta_op_result(run, rule_json(&rule), result, err) : rc;
}

enum sta_rc
sta_op_issuer_rules(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	struct sta_issuer_rule *all = NULL;
	const char *issuer = NULL;
	size_t n = 0;
	enum sta_rc rc = sta_op_args(run, err, "{s?s}", "issuer", &issuer);

	if (rc == STA_OK)
		rc = sta_issuer_rules(run->registry, &call, issuer, &all, &n, err);
	for (size_t i = 0; i < n && rc == STA_OK; i++)
		rc = sta_op_row(run, rule_json(&all[i]), err);
	return rc == STA_OK ? sta_op_result(run, json_object(), result, err) : rc;
}

enum sta_rc
sta_op_issuer_disallow(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	json_int_t id;
	enum sta_rc rc = sta_op_args(run, err, "{s:I}", "id", &id);

	if (rc == STA_OK)
		rc = sta_issuer_disallow(run->registry, &call, (int64_t) id, err);
	return rc == STA_OK ? sta_op_result(run, json_pack("{s:I, s:b}", "id", id, "removed", 1), result, err)
			    : rc;
}

enum sta_rc
sta_op_issuer_explain(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	struct sta_workflow_verdict v = { 0 };
	const char *token;
	enum sta_rc rc = sta_op_args(run, err, "{s:s}", "token", &token);

	if (rc == STA_OK)
		rc = sta_workflow_explain(run->registry, &call, token, strlen(token), &v, err);
	if (rc != STA_OK)
		return rc;
	if (v.rule_id == 0)
		return sta_op_result(
			run, json_pack("{s:b, s:s?, s:s}", "allowed", 0, "issuer", v.issuer, "why", v.why),
			result, err);
	return sta_op_result(run,
			     json_pack("{s:b, s:s, s:s, s:I, s:s}", "allowed", 1, "issuer", v.issuer,
				       "repository", v.repository, "rule", (json_int_t) v.rule_id, "role",
				       sta_role_name(v.most)),
			     result, err);
}
