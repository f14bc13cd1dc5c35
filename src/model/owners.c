#include "model/owners.h"

#include "model/accounts.h"
#include "model/sql.h"

#define SELECT_OWNER                                                                                         \
	"SELECT n.id, n.name, coalesce(u.kind, 0), coalesce(u.site_admin, 0), n.created, coalesce(m.role, "  \
	"0)"                                                                                                 \
	" FROM namespace n LEFT JOIN account u ON u.id = n.id"                                               \
	" LEFT JOIN organization_member m ON m.organization_id = n.id AND m.account_id = $1"

static enum sta_rc
read_owner(struct sta_arena *a, struct sta_db_stmt *s, struct sta_owner *out, struct sta_err *err)
{
	static const enum sta_owner_kind kinds[] = {
		[0] = STA_OWNER_ORGANIZATION,
		[STA_ACCOUNT_PERSON] = STA_OWNER_USER,
		[STA_ACCOUNT_ROBOT] = STA_OWNER_ROBOT,
	};
	unsigned account = sta_sql_enum(s, 2);
	struct sta_owner got = {
		.id = sta_db_int(s, 0),
		.name = sta_sql_text(a, s, 1),
		.site_admin = sta_db_int(s, 3) != 0,
		.created_unix = sta_db_int(s, 4),
		.member = sta_sql_enum(s, 5),
	};

	if (!got.name)
		return sta_err_set(err, STA_NOMEM, 0, "owner");
	if (account >= sizeof(kinds) / sizeof(kinds[0]))
		return sta_err_set(err, STA_NOT_FOUND, 0, "not an owner");
	got.kind = kinds[account];
	*out = got;
	return STA_OK;
}

enum sta_rc
sta_owner_by_name(struct sta_db_conn *c, struct sta_arena *a, const char *name, int64_t account_id,
		  struct sta_owner *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err, SELECT_OWNER " WHERE n.name = $2", STA_V_INT(account_id),
				     STA_V_TEXT(name));

	return rc == STA_OK ? read_owner(a, s, out, err) : rc;
}

enum sta_rc
sta_owner_by_id(struct sta_db_conn *c, struct sta_arena *a, int64_t id, int64_t account_id,
		struct sta_owner *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err, SELECT_OWNER " WHERE n.id = $2", STA_V_INT(account_id),
				     STA_V_INT(id));

	return rc == STA_OK ? read_owner(a, s, out, err) : rc;
}
