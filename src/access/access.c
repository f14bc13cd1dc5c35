#include "access/access.h"

#include <string.h>

static struct sta_decision
allow(enum sta_rule rule)
{
	return (struct sta_decision){ .allowed = true, .rule = rule, .may_know = true };
}

static struct sta_decision
deny(enum sta_rule rule, bool may_know)
{
	return (struct sta_decision){ .rule = rule, .may_know = may_know };
}

static bool
within_limits(const struct sta_caller *c, const char *name, enum sta_action action)
{
	if (!c->limited)
		return true;
	for (size_t i = 0; i < c->n_limits; i++)
		if (strcmp(c->limits[i].name, name) == 0 && (c->limits[i].actions & STA_ACTION_BIT(action)))
			return true;
	return false;
}

/* The scopes of which one is needed for an action. */
static unsigned
scopes_for(enum sta_action action)
{
	switch (action) {
	case STA_ACTION_READ:
		return STA_SCOPE_READ | STA_SCOPE_WRITE;
	case STA_ACTION_DELETE:
		return STA_SCOPE_DELETE;
	case STA_ACTION_WRITE:
	case STA_ACTION_ADMIN:
	case STA_ACTION_MAX_:
		break;
	}
	return STA_SCOPE_WRITE;
}

/* On GitHub deleting and settings are an admin's; so here. */
static enum sta_role
role_for(enum sta_action action)
{
	switch (action) {
	case STA_ACTION_READ:
		return STA_ROLE_READ;
	case STA_ACTION_WRITE:
		return STA_ROLE_WRITE;
	case STA_ACTION_DELETE:
	case STA_ACTION_ADMIN:
	case STA_ACTION_MAX_:
		break;
	}
	return STA_ROLE_ADMIN;
}

/* The namespace is the caller's own. */
static bool
is_owner(const struct sta_caller *c, const struct sta_object *o)
{
	return c->kind == STA_CALLER_USER && o->owner_exists && o->owner_id == c->user_id;
}

/* What the account might do, whatever the credential takes away. */
static enum sta_role
role_of(const struct sta_caller *c, const struct sta_object *o)
{
	return is_owner(c, o) || c->site_admin ? STA_ROLE_ADMIN : o->granted;
}

/* A caller with an account, in what the credential was issued for: by its role. */
static struct sta_decision
decide_by_role(const struct sta_caller *c, const struct sta_object *o, enum sta_action action, bool open)
{
	enum sta_role role = role_of(c, o);
	bool may_know = open || role >= STA_ROLE_READ;

	if (!(c->scopes & scopes_for(action)))
		return deny(STA_RULE_DENIED_SCOPE, may_know);
	if (action == STA_ACTION_WRITE && !o->owner_exists)
		return deny(STA_RULE_DENIED_NO_OWNER, c->site_admin);
	if (role < role_for(action))
		return deny(STA_RULE_DENIED_ROLE, may_know);
	if (is_owner(c, o))
		return allow(STA_RULE_ALLOWED_OWNER);
	return allow(c->site_admin ? STA_RULE_ALLOWED_SITE_ADMIN : STA_RULE_ALLOWED_GRANT);
}

struct sta_decision
sta_access_decide(const struct sta_caller *caller, const struct sta_object *object, enum sta_action action)
{
	bool open = object->exists && object->visibility == STA_PUBLIC;

	if (caller->kind == STA_CALLER_SYSTEM)
		return allow(STA_RULE_ALLOWED_SYSTEM);
	if (!within_limits(caller, object->name, action))
		return deny(STA_RULE_DENIED_LIMIT, false);
	if (action == STA_ACTION_READ && open)
		return allow(STA_RULE_ALLOWED_PUBLIC);
	if (caller->kind == STA_CALLER_ANONYMOUS)
		return deny(STA_RULE_DENIED_ANONYMOUS, open);
	return decide_by_role(caller, object, action, open);
}

static const struct {
	const char *name;
	const char *text;
} rules[STA_RULE_MAX_] = {
	[STA_RULE_ALLOWED_SYSTEM] = { "system", "the machine's owner may do everything" },
	[STA_RULE_ALLOWED_SITE_ADMIN] = { "site_admin", "site administrators may do everything" },
	[STA_RULE_ALLOWED_OWNER] = { "owner", "the namespace belongs to the caller" },
	[STA_RULE_ALLOWED_GRANT] = { "grant", "a role on the package was granted to the caller" },
	[STA_RULE_ALLOWED_PUBLIC] = { "public", "the package is public" },
	[STA_RULE_DENIED_LIMIT] = { "limit", "the bearer token was issued for other packages or actions; "
					     "ask the token endpoint for this one" },
	[STA_RULE_DENIED_ANONYMOUS] = { "anonymous", "log in: the package is not open to everybody" },
	[STA_RULE_DENIED_SCOPE] = { "scope", "the token lacks the scope for this; create one that has it" },
	[STA_RULE_DENIED_ROLE] = { "role", "the caller's role on the package is too weak; "
					   "an administrator of the package can grant a stronger one" },
	[STA_RULE_DENIED_NO_OWNER] = { "no_owner", "no user or organization of that name exists" },
};

const char *
sta_rule_text(enum sta_rule rule)
{
	return rule < STA_RULE_MAX_ ? rules[rule].text : "";
}

const char *
sta_rule_name(enum sta_rule rule)
{
	return rule < STA_RULE_MAX_ ? rules[rule].name : "";
}

static const char *const visibility_names[] = {
	[STA_PRIVATE] = "private",
	[STA_INTERNAL] = "internal",
	[STA_PUBLIC] = "public",
};

const char *
sta_visibility_name(enum sta_visibility v)
{
	return visibility_names[v];
}

bool
sta_visibility_parse(const char *s, enum sta_visibility *out)
{
	for (size_t i = 0; i < sizeof(visibility_names) / sizeof(visibility_names[0]); i++) {
		if (strcmp(s, visibility_names[i]) == 0) {
			*out = (enum sta_visibility) i;
			return true;
		}
	}
	return false;
}
