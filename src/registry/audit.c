/* The audit log, as people read it. */

#include <ctype.h>
#include <string.h>

#include "model/audit_log.h"
#include "registry/core.h"
#include "registry/grant.h"

#define AUDIT_PAGE_MAX 1000

/* As targets are stored. */
static char *
in_lower_case(struct sta_arena *a, const char *text)
{
	char *copy = sta_arena_strdup(a, text);

	for (char *p = copy; p && *p; p++)
		*p = (char) tolower((unsigned char) *p);
	return copy;
}

/* Of what the name has stood for since it was released last: before, it was another one's. */
static enum sta_rc
door_to_org(struct sta_db_conn *c, const struct sta_call *call, struct sta_audit_query *q,
	    struct sta_err *err)
{
	struct sta_org_entry org;
	enum sta_rc rc = sta_door_org(c, call, q->target, STA_ORG_MANAGE, &org, err);

	if (rc != STA_OK)
		return rc;
	q->target = org.row.name;
	return sta_audit_released(c, q->target, &q->after, err);
}

static enum sta_rc
door_to_audit(struct sta_db_conn *c, const struct sta_call *call, struct sta_audit_query *q,
	      struct sta_err *err)
{
	q->target = in_lower_case(call->arena, q->target);
	if (!q->target)
		return sta_err_set(err, STA_NOMEM, 0, "audit log");
	if (*q->target != '\0' && !strchr(q->target, '/') && call->caller.kind == STA_CALLER_USER &&
	    !call->caller.site_admin)
		return door_to_org(c, call, q, err);
	return sta_door_site(call, err);
}

static enum sta_rc
page(struct sta_db_conn *c, const struct sta_call *call, struct sta_audit_query *q,
     struct sta_audit_line **out, size_t *n, struct sta_err *err)
{
	struct sta_audit_entry *rows = NULL;
	struct sta_audit_line *lines;
	size_t got = 0;
	enum sta_rc rc = sta_must_wait(call, err);

	if (rc != STA_OK)
		return rc;
	if (q->before == 0)
		q->before = INT64_MAX;
	if (q->max > AUDIT_PAGE_MAX)
		q->max = AUDIT_PAGE_MAX;
	if (*q->target == '\0')
		rc = sta_audit_page(c, call->arena, q->before, q->max, &rows, &got, err);
	else
		rc = sta_audit_page_of(c, call->arena, q, &rows, &got, err);
	if (rc != STA_OK)
		return rc;
	lines = sta_arena_alloc(call->arena, got * sizeof(*lines));
	if (!lines)
		return sta_err_set(err, STA_NOMEM, 0, "audit log");
	for (size_t i = 0; i < got; i++)
		lines[i] = (struct sta_audit_line){
			.id = rows[i].id,
			.created_unix = rows[i].created_unix,
			.actor = rows[i].actor,
			.action = rows[i].action,
			.target = rows[i].target,
			.detail = rows[i].detail,
		};
	*out = lines;
	*n = got;
	return STA_OK;
}

enum sta_rc
sta_audit_read(struct sta_registry *r, const struct sta_call *call, const char *target, int64_t before,
	       size_t max, struct sta_audit_line **out, size_t *n, struct sta_err *err)
{
	struct sta_audit_query q = { .target = target, .before = before, .max = max };
	struct sta_db_conn *c = NULL;
	enum sta_rc rc = sta_db_reader(r->db, &c, err);

	if (rc == STA_OK)
		rc = door_to_audit(c, call, &q, err);
	return rc == STA_OK ? page(c, call, &q, out, n, err) : rc;
}

enum sta_rc
sta_audit_read_site(struct sta_registry *r, const struct sta_call *call, const char *target, int64_t before,
		    size_t max, struct sta_audit_line **out, size_t *n, struct sta_err *err)
{
	enum sta_rc rc = sta_door_site(call, err);

	return rc == STA_OK ? sta_audit_read(r, call, target, before, max, out, n, err) : rc;
}

enum sta_rc
sta_audit_read_org(struct sta_registry *r, const struct sta_call *call, const char *name, int64_t before,
		   size_t max, struct sta_audit_line **out, size_t *n, struct sta_err *err)
{
	struct sta_audit_query q = { .target = name, .before = before, .max = max };
	struct sta_db_conn *c = NULL;
	enum sta_rc rc = sta_db_reader(r->db, &c, err);

	if (rc == STA_OK)
		rc = door_to_org(c, call, &q, err);
	return rc == STA_OK ? page(c, call, &q, out, n, err) : rc;
}
