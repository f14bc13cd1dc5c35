#include "base/log.h"
#include "model/uploads.h"
#include "registry/upload_session.h"

/* What stays has no row, and the collector sweeps it. */
static void
remove_stage(struct sta_registry *r, const char *id)
{
	struct sta_err err;

	if (r->store->ops->stage_remove(r->store, id, &err) != STA_OK)
		sta_log(STA_LOG_WARN, "bytes of an upload that has ended stay until they are collected",
			(const struct sta_log_field[]){ STA_F_STR("error", err.msg), STA_F_END });
}

/* Those that a request holds are refused at their next bytes, and removed by who holds them; those
 * that this process does not know have a stage at most. */
void
sta_upload_end_all(struct sta_registry *r, int64_t account_id, const struct sta_upload_row *rows, size_t n)
{
	struct sta_upload *ended = sta_sessions_end_all(r->sessions, account_id);

	while (ended) {
		struct sta_upload *u = ended;

		ended = u->next_in_bucket;
		remove_stage(r, u->id);
		sta_upload_destroy(u);
	}
	for (size_t i = 0; i < n; i++)
		if (!sta_sessions_has(r->sessions, rows[i].id))
			remove_stage(r, rows[i].id);
}
