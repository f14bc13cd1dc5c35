/* The door of the site: who administers it, and shows that. */

#include "registry/core.h"

bool
sta_call_by_site_admin(const struct sta_call *call)
{
	const struct sta_caller *c = &call->caller;

	return c->kind == STA_CALLER_USER && c->site_admin && !c->limited && !c->bounds.elsewhere &&
	       c->bounds.n_packages == 0;
}

bool
sta_call_in_person(const struct sta_call *call)
{
	const struct sta_caller *c = &call->caller;

	return c->kind == STA_CALLER_USER && c->home_id == 0 && c->token_id == 0 && !c->limited &&
	       c->scopes == STA_SCOPE_ALL;
}

enum sta_rc
sta_door_site(const struct sta_call *call, struct sta_err *err)
{
	const struct sta_caller *c = &call->caller;

	if (c->kind == STA_CALLER_SYSTEM || (sta_call_by_site_admin(call) && sta_call_in_person(call)))
		return STA_OK;
	if (c->site_admin)
		return sta_err_set(err, STA_DENIED, 0,
				   "Site administrators do this with their password, not with a token.");
	return sta_err_set(err, STA_DENIED, 0, "Must be a site administrator.");
}
