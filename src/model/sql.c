#include "model/sql.h"

#include <string.h>

enum sta_rc
sta_sql_rows_(struct sta_db_conn *c, struct sta_db_stmt **s, struct sta_err *err, const char *literal,
	      const struct sta_sql_value *v, size_t n)
{
	enum sta_rc rc = sta_db_prepare(c, literal, s, err);

	for (size_t i = 0; rc == STA_OK && i < n; i++) {
		int at = (int) i + 1;

		switch (v[i].type) {
		case STA_SQL_NULL:
			sta_db_bind_null(*s, at);
			break;
		case STA_SQL_INT:
			sta_db_bind_int(*s, at, v[i].number);
			break;
		case STA_SQL_TEXT:
			sta_db_bind_text(*s, at, v[i].p);
			break;
		case STA_SQL_BYTES:
			sta_db_bind_bytes(*s, at, v[i].p, v[i].len);
			break;
		}
	}
	return rc;
}

enum sta_rc
sta_sql_one_(struct sta_db_conn *c, struct sta_db_stmt **s, struct sta_err *err, const char *literal,
	     const struct sta_sql_value *v, size_t n)
{
	bool row = false;
	enum sta_rc rc = sta_sql_rows_(c, s, err, literal, v, n);

	if (rc == STA_OK)
		rc = sta_db_step(*s, &row, err);
	if (rc == STA_OK && !row)
		return sta_err_set(err, STA_NOT_FOUND, 0, "no such row");
	return rc;
}

enum sta_rc
sta_sql_run_(struct sta_db_conn *c, struct sta_err *err, const char *literal, const struct sta_sql_value *v,
	     size_t n)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_rows_(c, &s, err, literal, v, n);

	return rc == STA_OK ? sta_db_run(s, err) : rc;
}

const char *
sta_sql_text(struct sta_arena *a, struct sta_db_stmt *s, int i)
{
	const char *text = sta_db_text(s, i);

	return text ? sta_arena_strdup(a, text) : NULL;
}

bool
sta_sql_digest(struct sta_db_stmt *s, int i, struct sta_digest *out)
{
	size_t len = 0;
	const void *key = sta_db_bytes(s, i, &len);

	return key && sta_digest_from_key(key, len, out);
}

enum sta_rc
sta_sql_list_(struct sta_db_conn *c, struct sta_list *l, sta_sql_read_fn *read, struct sta_err *err,
	      const char *literal, const struct sta_sql_value *v, size_t n)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	bool row = false;
	enum sta_rc rc = sta_sql_rows_(c, &s, err, literal, v, n);

	while (rc == STA_OK && (rc = sta_db_step(s, &row, err)) == STA_OK && row) {
		void *item = sta_list_add(l);

		if (!item)
			return sta_err_set(err, STA_NOMEM, 0, "list");
		rc = read(l->arena, s, item, err);
	}
	return rc;
}

void *
sta_list_add(struct sta_list *l)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 16;
		void *items = sta_arena_alloc(l->arena, cap * l->item);

		if (!items)
			return NULL;
		if (l->n > 0)
			memcpy(items, l->items, l->n * l->item);
		l->items = items;
		l->cap = cap;
	}
	return (char *) l->items + l->item * l->n++;
}

enum sta_rc
sta_sql_read_id(struct sta_arena *a, struct sta_db_stmt *s, void *out, struct sta_err *err)
{
	(void) a;
	(void) err;
	*(int64_t *) out = sta_db_int(s, 0);
	return STA_OK;
}
