/* Operations on names: of users, organizations and packages, present, former and retired. */

#include <string.h>

#include "cli/ops.h"
#include "registry/rename.h"

struct renaming {
	const char *name, *to, *confirm;
};

/* What is asked for, confirmed by its old name. */
static enum sta_rc
read_renaming(struct sta_op_run *run, struct renaming *out, struct sta_err *err)
{
	enum sta_rc rc = sta_op_args(run, err, "{s:s, s:s, s:s}", "name", &out->name, "to", &out->to,
				     "confirm", &out->confirm);

	if (rc == STA_OK && strcmp(out->confirm, out->name) != 0)
		return sta_err_set(err, STA_INVALID, 0, "the name typed to confirm is another one");
	return rc;
}

static enum sta_rc
renamed(struct sta_op_run *run, const char *old, const char *name, json_t **result, struct sta_err *err)
{
	return sta_op_result(run, json_pack("{s:s, s:s}", "former", old, "name", name), result, err);
}

enum sta_rc
sta_op_user_rename(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	struct renaming x;
	const char *name = NULL;
	enum sta_rc rc = read_renaming(run, &x, err);

	if (rc == STA_OK)
		rc = sta_user_rename(run->registry, &call, x.name, x.to, &name, err);
	return rc == STA_OK ? renamed(run, x.name, name, result, err) : rc;
}

enum sta_rc
sta_op_org_rename(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	struct renaming x;
	const char *name = NULL;
	enum sta_rc rc = read_renaming(run, &x, err);

	if (rc == STA_OK)
		rc = sta_org_rename(run->registry, &call, x.name, x.to, &name, err);
	return rc == STA_OK ? renamed(run, x.name, name, result, err) : rc;
}

enum sta_rc
sta_op_package_rename(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	struct renaming x;
	enum sta_rc rc = read_renaming(run, &x, err);

	if (rc == STA_OK)
		rc = sta_package_rename(run->registry, &call, x.name, x.to, err);
	return rc == STA_OK ? renamed(run, x.name, x.to, result, err) : rc;
}

enum sta_rc
sta_op_name_list(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	struct sta_name_kept *names = NULL;
	size_t n = 0;
	enum sta_rc rc = sta_op_args(run, err, "{}");

	if (rc == STA_OK)
		rc = sta_names_kept(run->registry, &call, &names, &n, err);
	for (size_t i = 0; i < n && rc == STA_OK; i++)
		rc = sta_op_row(run,
				json_pack("{s:s, s:s, s:s, s:o}", "name", names[i].name, "kind",
					  sta_name_kind_text(names[i].kind), "of", names[i].of, "since",
					  sta_op_time(names[i].since_unix)),
				err);
	return rc == STA_OK ? sta_op_result(run, json_object(), result, err) : rc;
}

enum sta_rc
sta_op_name_release(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	const char *name;
	const char *confirm;
	enum sta_rc rc = sta_op_args(run, err, "{s:s, s:s}", "name", &name, "confirm", &confirm);

	if (rc == STA_OK && strcmp(confirm, name) != 0)
		rc = sta_err_set(err, STA_INVALID, 0, "the name typed to confirm is another one");
	if (rc == STA_OK)
		rc = sta_name_release(run->registry, &call, name, err);
	if (rc != STA_OK)
		return rc;
	return sta_op_result(run, json_pack("{s:s, s:b}", "name", name, "released", 1), result, err);
}
