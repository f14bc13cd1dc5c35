#include "model/issuers.h"

#include "model/sql.h"

#define SELECT_ISSUER "SELECT id, name, url, audience, claims, read_events, keys, created FROM issuer"
#define SELECT_RULE "SELECT id, issuer_id, conditions, repository, role, created FROM issuer_rule"

static enum sta_rc
read_issuer(struct sta_arena *a, struct sta_db_stmt *s, void *out, struct sta_err *err)
{
	struct sta_issuer_row got = {
		.id = sta_db_int(s, 0),
		.name = sta_sql_text(a, s, 1),
		.url = sta_sql_text(a, s, 2),
		.audience = sta_sql_text(a, s, 3),
		.claims = sta_sql_text(a, s, 4),
		.read_events = sta_sql_text(a, s, 5),
		.keys = sta_sql_text(a, s, 6),
		.created_unix = sta_db_int(s, 7),
	};

	if (!got.name || !got.url || !got.audience || !got.claims || !got.read_events || !got.keys)
		return sta_err_set(err, STA_NOMEM, 0, "issuer");
	*(struct sta_issuer_row *) out = got;
	return STA_OK;
}

enum sta_rc
sta_issuer_by_name(struct sta_db_conn *c, struct sta_arena *a, const char *name, struct sta_issuer_row *out,
		   struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err, SELECT_ISSUER " WHERE name = $1", STA_V_TEXT(name));

	return rc == STA_OK ? read_issuer(a, s, out, err) : rc;
}

enum sta_rc
sta_issuer_by_url(struct sta_db_conn *c, struct sta_arena *a, const char *url, struct sta_issuer_row *out,
		  struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err, SELECT_ISSUER " WHERE url = $1", STA_V_TEXT(url));

	return rc == STA_OK ? read_issuer(a, s, out, err) : rc;
}

enum sta_rc
sta_issuer_by_id(struct sta_db_conn *c, struct sta_arena *a, int64_t id, struct sta_issuer_row *out,
		 struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err, SELECT_ISSUER " WHERE id = $1", STA_V_INT(id));

	return rc == STA_OK ? read_issuer(a, s, out, err) : rc;
}

enum sta_rc
sta_issuer_insert(struct sta_db_conn *c, const struct sta_issuer_row *row, int64_t *id, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc =
		sta_sql_one(c, &s, err,
			    "INSERT INTO issuer(name, url, audience, claims, read_events, keys, created)"
			    " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
			    STA_V_TEXT(row->name), STA_V_TEXT(row->url), STA_V_TEXT(row->audience),
			    STA_V_TEXT(row->claims), STA_V_TEXT(row->read_events), STA_V_TEXT(row->keys),
			    STA_V_INT(row->created_unix));

	if (rc == STA_OK)
		*id = sta_db_int(s, 0);
	return rc;
}

enum sta_rc
sta_issuer_remove(struct sta_db_conn *c, int64_t id, struct sta_err *err)
{
	enum sta_rc rc = sta_sql_run(c, err, "DELETE FROM issuer_rule WHERE issuer_id = $1", STA_V_INT(id));

	return rc == STA_OK ? sta_sql_run(c, err, "DELETE FROM issuer WHERE id = $1", STA_V_INT(id)) : rc;
}

enum sta_rc
sta_issuer_list(struct sta_db_conn *c, struct sta_arena *a, struct sta_issuer_row **out, size_t *n,
		struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_issuer_row);
	enum sta_rc rc = sta_sql_list(c, &list, read_issuer, err, SELECT_ISSUER " ORDER BY name");

	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}

static enum sta_rc
read_rule(struct sta_arena *a, struct sta_db_stmt *s, void *out, struct sta_err *err)
{
	struct sta_issuer_rule_row got = {
		.id = sta_db_int(s, 0),
		.issuer_id = sta_db_int(s, 1),
		.conditions = sta_sql_text(a, s, 2),
		.repository = sta_sql_text(a, s, 3),
		.role = sta_sql_enum(s, 4),
		.created_unix = sta_db_int(s, 5),
	};

	if (!got.conditions || !got.repository)
		return sta_err_set(err, STA_NOMEM, 0, "rule");
	*(struct sta_issuer_rule_row *) out = got;
	return STA_OK;
}

enum sta_rc
sta_issuer_rule_insert(struct sta_db_conn *c, const struct sta_issuer_rule_row *row, int64_t *id,
		       struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc =
		sta_sql_one(c, &s, err,
			    "INSERT INTO issuer_rule(issuer_id, conditions, repository, role, created)"
			    " VALUES ($1, $2, $3, $4, $5) RETURNING id",
			    STA_V_INT(row->issuer_id), STA_V_TEXT(row->conditions),
			    STA_V_TEXT(row->repository), STA_V_INT(row->role), STA_V_INT(row->created_unix));

	if (rc == STA_OK)
		*id = sta_db_int(s, 0);
	return rc;
}

enum sta_rc
sta_issuer_rule_by_id(struct sta_db_conn *c, struct sta_arena *a, int64_t id, struct sta_issuer_rule_row *out,
		      struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err, SELECT_RULE " WHERE id = $1", STA_V_INT(id));

	return rc == STA_OK ? read_rule(a, s, out, err) : rc;
}

enum sta_rc
sta_issuer_rule_remove(struct sta_db_conn *c, int64_t id, struct sta_err *err)
{
	return sta_sql_run(c, err, "DELETE FROM issuer_rule WHERE id = $1", STA_V_INT(id));
}

enum sta_rc
sta_issuer_rule_list(struct sta_db_conn *c, struct sta_arena *a, int64_t issuer_id,
		     struct sta_issuer_rule_row **out, size_t *n, struct sta_err *err)
{
	struct sta_list list = STA_LIST(a, struct sta_issuer_rule_row);
	enum sta_rc rc =
		sta_sql_list(c, &list, read_rule, err,
			     SELECT_RULE " WHERE $1 = 0 OR issuer_id = $1 ORDER BY id", STA_V_INT(issuer_id));

	if (rc != STA_OK)
		return rc;
	*out = list.items;
	*n = list.n;
	return STA_OK;
}
