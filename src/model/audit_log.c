#include "model/audit_log.h"

#include "model/sql.h"

enum sta_rc
sta_audit_add(struct sta_db_conn *c, const struct sta_audit_entry *e, struct sta_err *err)
{
	return sta_sql_run(c, err,
			   "INSERT INTO audit_log(created, actor, action, target, detail)"
			   " VALUES ($1, $2, $3, $4, $5)",
			   STA_V_INT(e->created_unix), STA_V_TEXT(e->actor), STA_V_TEXT(e->action),
			   STA_V_TEXT(e->target), STA_V_TEXT(e->detail));
}

static enum sta_rc
read_entry(struct sta_arena *a, struct sta_db_stmt *s, void *out, struct sta_err *err)
{
	struct sta_audit_entry got = {
		.id = sta_db_int(s, 0),
		.created_unix = sta_db_int(s, 1),
		.actor = sta_sql_text(a, s, 2),
		.action = sta_sql_text(a, s, 3),
		.target = sta_sql_text(a, s, 4),
		.detail = sta_sql_text(a, s, 5),
	};

	if (!got.actor || !got.action || !got.target || !got.detail)
		return sta_err_set(err, STA_NOMEM, 0, "audit log");
	*(struct sta_audit_entry *) out = got;
	return STA_OK;
}

static enum sta_rc
finish(enum sta_rc rc, const struct sta_list *list, struct sta_audit_entry **out, size_t *n)
{
	if (rc != STA_OK)
		return rc;
	*out = list->items;
	*n = list->n;
	return STA_OK;
}

#define SELECT_ENTRY "SELECT id, created, actor, action, target, detail FROM audit_log"

enum sta_rc
sta_audit_page(struct sta_db_conn *c, struct sta_arena *a, int64_t before, size_t max,
	       struct sta_audit_entry **out, size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_audit_entry);
	enum sta_rc rc = sta_sql_list(c, &list, read_entry, err,
				      SELECT_ENTRY " WHERE id < $1 ORDER BY id DESC LIMIT $2",
				      STA_V_INT(before), STA_V_INT(max));

	return finish(rc, &list, out, n);
}

/* '0' comes right behind '/', ',' behind '+'. */
enum sta_rc
sta_audit_page_of(struct sta_db_conn *c, struct sta_arena *a, const struct sta_audit_query *q,
		  struct sta_audit_entry **out, size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_audit_entry);
	enum sta_rc rc = sta_sql_list(
		c, &list, read_entry, err,
		SELECT_ENTRY " WHERE (target = $1 OR target >= $1 || '/' AND target < $1 || '0'"
			     "  OR target >= $1 || '+' AND target < $1 || ',')"
			     " AND id < $2 AND id > $3 ORDER BY id DESC LIMIT $4",
		STA_V_TEXT(q->target), STA_V_INT(q->before), STA_V_INT(q->after), STA_V_INT(q->max));

	return finish(rc, &list, out, n);
}

enum sta_rc
sta_audit_released(struct sta_db_conn *c, const char *name, int64_t *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err,
				     "SELECT coalesce(max(id), 0) FROM audit_log WHERE target = $1"
				     " AND action = 'name.release'",
				     STA_V_TEXT(name));

	if (rc == STA_OK)
		*out = sta_db_int(s, 0);
	return rc;
}
