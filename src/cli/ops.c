#include "cli/ops.h"

#include <stdarg.h>
#include <string.h>

#include "base/clock.h"

const struct sta_op *
sta_op_find(const struct sta_op_table *table, const char *name)
{
	for (size_t i = 0; i < table->n; i++)
		if (strcmp(table->ops[i].name, name) == 0)
			return &table->ops[i];
	return NULL;
}

enum sta_rc
sta_op_args(struct sta_op_run *run, struct sta_err *err, const char *fmt, ...)
{
	json_error_t why = { .text = "" };
	va_list ap;
	int failed;

	va_start(ap, fmt);
	failed = json_vunpack_ex(run->args, &why, JSON_STRICT, fmt, ap);
	va_end(ap);
	return failed ? sta_err_set(err, STA_INVALID, 0, "arguments: %s", why.text) : STA_OK;
}

enum sta_rc
sta_op_result(struct sta_op_run *run, json_t *made, json_t **result, struct sta_err *err)
{
	json_t *owned = sta_json_own(run->arena, made);

	if (!owned)
		return sta_err_set(err, STA_NOMEM, 0, "out of memory for the result");
	*result = owned;
	return STA_OK;
}

enum sta_rc
sta_op_row(struct sta_op_run *run, json_t *made, struct sta_err *err)
{
	bool heard;

	if (!made)
		return sta_err_set(err, STA_NOMEM, 0, "out of memory for a row");
	heard = run->emit(run->emit_arg, made);
	json_decref(made);
	return heard ? STA_OK : sta_err_set(err, STA_IO, 0, "the caller went away");
}

enum sta_rc
sta_op_visibility(const char *word, enum sta_visibility *out, struct sta_err *err)
{
	if (sta_visibility_parse(word, out))
		return STA_OK;
	return sta_err_set(err, STA_INVALID, 0,
			   "'%.40s' is no visibility; choose private, internal or public", word);
}

json_t *
sta_op_time(int64_t unix_time)
{
	char text[STA_TIME_TEXT_MAX];

	return unix_time == 0 ? json_null() : json_string(sta_time_rfc3339(unix_time, text));
}
