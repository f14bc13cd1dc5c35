/* Operations on packages. */

#include <string.h>

#include "base/auto.h"
#include "cli/ops.h"
#include "registry/package.h"

#define PAGE 500
#define PAGE_MEMORY_MAX ((size_t) 16 << 20)

static json_t *
package_json(const struct sta_package_info *p)
{
	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:o, s:o, s:s?, s:b}", "name", p->name, "visibility",
			 sta_visibility_name(p->visibility), "versions", (json_int_t) p->versions, "tags",
			 (json_int_t) p->tags, "bytes", (json_int_t) p->bytes, "pulls", (json_int_t) p->pulls,
			 "created", sta_op_time(p->created_unix), "updated", sta_op_time(p->updated_unix),
			 "repository", p->repository, "inherits", p->inherits);
}

/* Rows of the packages after last whose names begin with prefix, one page.
 * *last becomes the page's end, NULL after the last page. */
static enum sta_rc
list_page(struct sta_op_run *run, const char *prefix, char **last, struct sta_err *err)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(PAGE_MEMORY_MAX);
	struct sta_package_info *page = NULL;
	struct sta_call call;
	size_t n = 0;
	enum sta_rc rc;

	if (!a)
		return sta_err_set(err, STA_NOMEM, 0, "out of memory for a page");
	call = sta_call_system(a);
	rc = sta_package_list(run->registry, &call, *last, PAGE, &page, &n, err);
	*last = NULL;
	for (size_t i = 0; i < n && rc == STA_OK; i++) {
		if (strncmp(page[i].name, prefix, strlen(prefix)) != 0)
			return STA_OK; /* names are in order */
		rc = sta_op_row(run, package_json(&page[i]), err);
	}
	if (rc == STA_OK && n == PAGE) {
		*last = sta_arena_strdup(run->arena, page[n - 1].name);
		if (!*last)
			rc = sta_err_set(err, STA_NOMEM, 0, "out of memory for a page");
	}
	return rc;
}

enum sta_rc
sta_op_package_list(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	const char *owner = NULL;
	char *prefix;
	char *last;
	enum sta_rc rc = sta_op_args(run, err, "{s?s}", "owner", &owner);

	if (rc != STA_OK)
		return rc;
	prefix = sta_arena_printf(run->arena, "%s%s", owner ? owner : "", owner ? "/" : "");
	if (!prefix)
		return sta_err_set(err, STA_NOMEM, 0, "out of memory for a list");
	/* No package is called "acme/", and all of acme's come right behind it. */
	last = prefix;
	do
		rc = list_page(run, prefix, &last, err);
	while (rc == STA_OK && last);
	return rc == STA_OK ? sta_op_result(run, json_object(), result, err) : rc;
}

enum sta_rc
sta_op_package_set(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	enum sta_visibility visibility;
	const char *confirm;
	const char *word;
	const char *name;
	enum sta_rc rc = sta_op_args(run, err, "{s:s, s:s, s:s}", "name", &name, "visibility", &word,
				     "confirm", &confirm);

	if (rc == STA_OK)
		rc = sta_op_visibility(word, &visibility, err);
	if (rc == STA_OK && strcmp(confirm, name) != 0)
		rc = sta_err_set(err, STA_INVALID, 0, "the name typed to confirm is another one");
	if (rc == STA_OK)
		rc = sta_package_set_visibility(run->registry, &call, name, visibility, err);
	if (rc != STA_OK)
		return rc;
	return sta_op_result(run, json_pack("{s:s, s:s}", "name", name, "visibility", word), result, err);
}

enum sta_rc
sta_op_package_delete(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	const char *name;
	enum sta_rc rc = sta_op_args(run, err, "{s:s}", "name", &name);

	if (rc == STA_OK)
		rc = sta_package_delete(run->registry, &call, name, err);
	if (rc != STA_OK)
		return rc;
	return sta_op_result(run, json_pack("{s:s, s:b}", "name", name, "deleted", 1), result, err);
}

enum sta_rc
sta_op_package_restore(struct sta_op_run *run, json_t **result, struct sta_err *err)
{
	struct sta_call call = sta_call_system(run->arena);
	const char *name;
	enum sta_rc rc = sta_op_args(run, err, "{s:s}", "name", &name);

	if (rc == STA_OK)
		rc = sta_package_restore(run->registry, &call, name, err);
	if (rc != STA_OK)
		return rc;
	return sta_op_result(run, json_pack("{s:s, s:b}", "name", name, "restored", 1), result, err);
}
