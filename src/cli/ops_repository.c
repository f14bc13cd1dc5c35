/* Operations on repositories, and on the packages that are linked to them. */

#include "cli/ops.h"
#include "registry/repository.h"

static json_t *
repository_json(const struct sta_repository *r)
{
	return json_pack("{s:s, s:s, s:s?, s:o}", "name", r->name, "visibility",
			 sta_visibility_name(r->visibility), "url", r->url, "created",
			 sta_op_time(r->created_unix));
}

enum sta_rc
sta_op_repository_create(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	enum sta_visibility visibility = STA_PRIVATE;
	struct sta_repository made = { 0 };
	const char *word = "private";
	const char *url = NULL;
	const char *name;
	enum sta_rc rc =
		sta_op_args(run, err, "{s:s, s?s, s?s}", "name", &name, "visibility", &word, "url", &url);

	if (rc == STA_OK)
		rc = sta_op_visibility(word, &visibility, err);
	if (rc == STA_OK)
		rc = sta_repository_create(run->registry, &call, name, visibility, url, &made, err);
	return rc == STA_OK ? sta_op_result(run, repository_json(&made), result, err) : rc;
}

enum sta_rc
sta_op_repository_list(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	struct sta_repository *all = NULL;
	const char *owner = NULL;
	size_t n = 0;
	enum sta_rc rc = sta_op_args(run, err, "{s?s}", "owner", &owner);

	if (rc == STA_OK)
		rc = sta_repository_all(run->registry, &call, owner, &all, &n, err);
	for (size_t i = 0; i < n && rc == STA_OK; i++)
		rc = sta_op_row(run, repository_json(&all[i]), err);
	return rc == STA_OK ? sta_op_result(run, json_object(), result, err) : rc;
}

enum sta_rc
sta_op_repository_set(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	struct sta_repository_change change = { 0 };
	struct sta_repository now = { 0 };
	enum sta_visibility visibility;
	const char *word = NULL;
	const char *name;
	enum sta_rc rc = sta_op_args(run, err, "{s:s, s?s, s?s}", "name", &name, "visibility", &word, "url",
				     &change.url);

	if (rc == STA_OK && word)
		rc = sta_op_visibility(word, &visibility, err);
	if (rc != STA_OK)
		return rc;
	change.visibility = word ? &visibility : NULL;
	rc = sta_repository_set(run->registry, &call, name, &change, &now, err);
	return rc == STA_OK ? sta_op_result(run, repository_json(&now), result, err) : rc;
}

enum sta_rc
sta_op_repository_delete(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	const char *name;
	enum sta_rc rc = sta_op_args(run, err, "{s:s}", "name", &name);

	if (rc == STA_OK)
		rc = sta_repository_delete(run->registry, &call, name, err);
	if (rc != STA_OK)
		return rc;
	return sta_op_result(run, json_pack("{s:s, s:b}", "name", name, "deleted", 1), result, err);
}

enum sta_rc
sta_op_repository_access(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	struct sta_grant *grants = NULL;
	const char *name;
	size_t n = 0;
	enum sta_rc rc = sta_op_args(run, err, "{s:s}", "repository", &name);

	if (rc == STA_OK)
		rc = sta_repository_grants(run->registry, &call, name, &grants, &n, err);
	return rc == STA_OK ? sta_op_grants(run, grants, n, result, err) : rc;
}

enum sta_rc
sta_op_repository_grant(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	enum sta_role role = STA_ROLE_NONE;
	const char *subject;
	const char *name;
	const char *word;
	enum sta_rc rc = sta_op_args(run, err, "{s:s, s:s, s:s}", "repository", &name, "subject", &subject,
				     "role", &word);

	if (rc == STA_OK)
		rc = sta_op_role(word, &role, err);
	if (rc == STA_OK)
		rc = sta_repository_give(run->registry, &call, name, subject, role, err);
	if (rc != STA_OK)
		return rc;
	return sta_op_result(
		run, json_pack("{s:s, s:s, s:s}", "repository", name, "subject", subject, "role", word),
		result, err);
}

enum sta_rc
sta_op_repository_revoke(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	const char *subject;
	const char *name;
	enum sta_rc rc = sta_op_args(run, err, "{s:s, s:s}", "repository", &name, "subject", &subject);

	if (rc == STA_OK)
		rc = sta_repository_take(run->registry, &call, name, subject, err);
	if (rc != STA_OK)
		return rc;
	return sta_op_result(
		run, json_pack("{s:s, s:s, s:b}", "repository", name, "subject", subject, "revoked", 1),
		result, err);
}

enum sta_rc
sta_op_package_link(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	const char *repository = NULL;
	const char *name;
	int inherits = 0;
	enum sta_rc rc = sta_op_args(run, err, "{s:s, s?s, s?b}", "name", &name, "repository", &repository,
				     "inherits", &inherits);

	if (rc == STA_OK)
		rc = sta_package_link(run->registry, &call, name, repository, inherits != 0, err);
	if (rc != STA_OK)
		return rc;
	return sta_op_result(
		run,
		json_pack("{s:s, s:s?, s:b}", "name", name, "repository", repository, "inherits", inherits),
		result, err);
}
