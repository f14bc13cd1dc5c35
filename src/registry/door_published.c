#include <string.h>

#include "registry/core.h"

static const char *const scope_for[STA_ACTION_MAX_] = {
	[STA_ACTION_READ] = "read:packages",
	[STA_ACTION_WRITE] = "write:packages",
	[STA_ACTION_DELETE] = "delete:packages",
	[STA_ACTION_ADMIN] = "write:packages",
};

static enum sta_rc
not_found(struct sta_err *err)
{
	return sta_err_set(err, STA_NOT_FOUND, 0, "Package not found.");
}

/* The explanation that the denial came with stays: it is for those who may know of the package. */
static enum sta_rc
denied(enum sta_rule rule, enum sta_action action, struct sta_err *err)
{
	struct sta_err words = { 0 };

	if (rule == STA_RULE_DENIED_SCOPE)
		(void) sta_err_set(&words, STA_DENIED, 0, "You need at least %s scope for this.",
				   scope_for[action]);
	else
		(void) sta_err_set(&words, STA_DENIED, 0, "Must have %s rights to the package.",
				   action == STA_ACTION_WRITE ? "write" : "admin");
	memcpy(words.detail, err->detail, sizeof(words.detail));
	*err = words;
	return STA_DENIED;
}

enum sta_rc
sta_published_denial(enum sta_rc rc, const struct sta_entry *e, enum sta_action action, struct sta_err *err)
{
	if (rc == STA_NOT_FOUND)
		return not_found(err);
	if (rc != STA_DENIED)
		return rc;
	if (action == STA_ACTION_READ && e->decision.rule != STA_RULE_DENIED_SCOPE)
		return not_found(err);
	return denied(e->decision.rule, action, err);
}

enum sta_rc
sta_door_published(struct sta_db_conn *c, const struct sta_call *call, const struct sta_name *name,
		   enum sta_action action, struct sta_entry *out, struct sta_err *err)
{
	struct sta_entry e = { .name = name };
	enum sta_rc rc = sta_door_existing(c, call, name, STA_ACTION_READ, &e, err);

	if (rc == STA_OK && !e.package.published)
		return not_found(err);
	if (rc != STA_OK)
		return sta_published_denial(rc, &e, STA_ACTION_READ, err);
	if (action != STA_ACTION_READ)
		rc = sta_door_existing(c, call, name, action, &e, err);
	if (rc != STA_OK)
		return sta_published_denial(rc, &e, action, err);
	*out = e;
	return STA_OK;
}
