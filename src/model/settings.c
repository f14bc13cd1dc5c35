#include "model/settings.h"

#include "model/sql.h"

enum sta_rc
sta_setting_get(struct sta_db_conn *c, struct sta_arena *a, const char *name, const char **value,
		struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc =
		sta_sql_one(c, &s, err, "SELECT value FROM setting WHERE name = $1", STA_V_TEXT(name));

	if (rc != STA_OK)
		return rc;
	*value = sta_sql_text(a, s, 0);
	return *value ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "setting");
}

enum sta_rc
sta_setting_init(struct sta_db_conn *c, const char *name, const char *value, struct sta_err *err)
{
	return sta_sql_run(c, err,
			   "INSERT INTO setting(name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
			   STA_V_TEXT(name), STA_V_TEXT(value));
}
