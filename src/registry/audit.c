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

static enum sta_rc
door_to_audit(struct sta_db_conn *c, const struct sta_call *call, const char **target, struct sta_err *err)
{
	struct sta_org_entry org;

	*target = in_lower_case(call->arena, *target);
	if (!*target)
		return sta_err_set(err, STA_NOMEM, 0, "audit log");
	if (**target != '\0' && !strchr(*target, '/') && call->caller.kind == STA_CALLER_USER &&
	    !call->caller.site_admin)
		return sta_door_org(c, call, *target, STA_ORG_MANAGE, &org, err);
	return sta_door_site(call, err);
}

static enum sta_rc
page(struct sta_db_conn *c, const struct sta_call *call, const char *target, int64_t before, size_t max,
     struct sta_audit_line **out, size_t *n, struct sta_err *err)
{
	struct sta_audit_entry *rows = NULL;
	struct sta_audit_line *lines;
	size_t got = 0;
	enum sta_rc rc = sta_must_wait(call, err);

	if (rc != STA_OK)
		return rc;
	if (before == 0)
		before = INT64_MAX;
	if (max > AUDIT_PAGE_MAX)
		max = AUDIT_PAGE_MAX;
	if (*target == '\0')
		rc = sta_audit_page(c, call->arena, before, max, &rows, &got, err);
	else
		rc = sta_audit_page_of(c, call->arena, target, before, max, &rows, &got, err);
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
	struct sta_db_conn *c = NULL;
	enum sta_rc rc = sta_db_reader(r->db, &c, err);

	if (rc == STA_OK)
		rc = door_to_audit(c, call, &target, err);
	return rc == STA_OK ? page(c, call, target, before, max, out, n, err) : rc;
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
	struct sta_db_conn *c = NULL;
	struct sta_org_entry org;
	enum sta_rc rc = sta_db_reader(r->db, &c, err);

	if (rc == STA_OK)
		rc = sta_door_org(c, call, name, STA_ORG_MANAGE, &org, err);
	return rc == STA_OK ? page(c, call, org.row.name, before, max, out, n, err) : rc;
}
