#include "base/log.h"
#include "model/uploads.h"
#include "registry/upload_session.h"

#define UPLOADS_MAX 4096 /* bytes of more are left to the collector */

/* What stays has no row, and the collector sweeps it. */
static void
remove_stage(struct sta_registry *r, const char *id)
{
	struct sta_err err;

	if (r->store->ops->stage_remove(r->store, id, &err) != STA_OK)
		sta_log(STA_LOG_WARN, "bytes of an upload that has ended stay until they are collected",
			(const struct sta_log_field[]){ STA_F_STR("error", err.msg), STA_F_END });
}

enum sta_rc
sta_uploads_end_rows(struct sta_db_conn *c, const struct sta_call *call, int64_t account_id,
		     struct sta_ended_uploads *out, struct sta_err *err)
{
	enum sta_rc rc = sta_upload_list(c, call->arena, account_id, UPLOADS_MAX, &out->rows, &out->n, err);

	out->account_id = account_id;
	return rc == STA_OK ? sta_upload_remove_all(c, account_id, err) : rc;
}

/* Those that a request holds are refused at their next bytes, and removed by who holds them; those
 * that this process does not know have a stage at most. */
void
sta_uploads_end(struct sta_registry *r, const struct sta_ended_uploads *ended)
{
	struct sta_upload *known = sta_sessions_end_all(r->sessions, ended->account_id);

	while (known) {
		struct sta_upload *u = known;

		known = u->next_in_bucket;
		remove_stage(r, u->id);
		sta_upload_destroy(u);
	}
	for (size_t i = 0; i < ended->n; i++)
		if (!sta_sessions_has(r->sessions, ended->rows[i].id))
			remove_stage(r, ended->rows[i].id);
}
