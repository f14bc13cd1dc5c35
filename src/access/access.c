#include "access/access.h"

#include <string.h>

#include "base/glob.h"

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

bool
sta_bounds_hold(const struct sta_bounds *bounds, const char *name)
{
	bool matches = bounds->n_packages == 0;

	for (size_t i = 0; i < bounds->n_packages && !matches; i++)
		matches = sta_glob_match(bounds->packages[i], name);
	return matches && !bounds->elsewhere;
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

/* A machine, and the namespace is the one that it belongs to. */
static bool
is_at_home(const struct sta_caller *c, const struct sta_object *o)
{
	return c->home_id != 0 && o->owner_exists && o->owner_id == c->home_id;
}

/* A role that the caller has, and the rule that gives it. */
struct source {
	enum sta_role role;
	enum sta_rule rule;
};
#define SOURCES 8

static enum sta_role
role_if(bool holds, enum sta_role role)
{
	return holds ? role : STA_ROLE_NONE;
}

/* What the account might do, whatever the credential takes away, and why: in the order in
 * which docs/ACCESS.md asks. */
static void
find_sources(const struct sta_caller *c, const struct sta_object *o, struct source out[SOURCES])
{
	bool member = o->member != STA_ORG_NONE;
	bool home = is_at_home(c, o);
	bool inside = o->exists && o->visibility == STA_INTERNAL && (member || home);
	const struct source all[SOURCES] = {
		{ role_if(is_owner(c, o), STA_ROLE_ADMIN), STA_RULE_ALLOWED_OWNER },
		{ role_if(o->member == STA_ORG_OWNER, STA_ROLE_ADMIN), STA_RULE_ALLOWED_ORG_OWNER },
		{ role_if(c->site_admin, STA_ROLE_ADMIN), STA_RULE_ALLOWED_SITE_ADMIN },
		{ role_if(home, c->home_role), STA_RULE_ALLOWED_ROBOT },
		{ role_if(o->exists, o->granted), STA_RULE_ALLOWED_GRANT },
		{ role_if(o->exists, o->team), STA_RULE_ALLOWED_TEAM },
		{ role_if(o->exists, o->inherited), STA_RULE_ALLOWED_REPOSITORY },
		{ role_if(inside, STA_ROLE_READ), STA_RULE_ALLOWED_INTERNAL },
	};

	memcpy(out, all, sizeof(all));
}

/* The first that gives as much as that, or NULL. */
static const struct source *
first_of(const struct source s[SOURCES], enum sta_role least)
{
	for (size_t i = 0; i < SOURCES; i++)
		if (s[i].role >= least)
			return &s[i];
	return NULL;
}

/* Of an organization, or a job of a repository in that namespace. */
static bool
may_ask_to_create(const struct sta_caller *c, const struct sta_object *o)
{
	return o->member == STA_ORG_MEMBER || (c->workflow.repository_id != 0 && is_at_home(c, o));
}

/* One of these pushes to a package that is not there. */
static struct sta_decision
decide_to_create(const struct sta_object *o)
{
	return o->members_create ? allow(STA_RULE_ALLOWED_CREATE) : deny(STA_RULE_DENIED_CREATE, false);
}

/* What the credential takes away, in the order in which docs/ACCESS.md asks; the number of no
 * denial: nothing. */
static enum sta_rule
taken_away(const struct sta_caller *c, const char *name, enum sta_action action)
{
	if (c->bounds.elsewhere)
		return STA_RULE_DENIED_ADDRESS;
	if (!sta_bounds_hold(&c->bounds, name))
		return STA_RULE_DENIED_PATTERN;
	if (!(c->scopes & scopes_for(action)))
		return STA_RULE_DENIED_SCOPE;
	if (c->workflow.repository_id != 0 && role_for(action) > c->workflow.most)
		return STA_RULE_DENIED_JOB;
	return STA_RULE_MAX_;
}

/* By the credential. */
static bool
may_push(const struct sta_caller *c, const char *name)
{
	return within_limits(c, name, STA_ACTION_WRITE) &&
	       taken_away(c, name, STA_ACTION_WRITE) == STA_RULE_MAX_;
}

/* Clients look before they push; who may make the package, and could by that credential, learns nothing
 * by that. */
static struct sta_decision
decide_on_absent(const struct sta_caller *c, const struct sta_object *o, enum sta_action action,
		 bool may_know)
{
	bool asks = may_ask_to_create(c, o);

	if (action == STA_ACTION_WRITE && asks)
		return decide_to_create(o);
	if (action == STA_ACTION_READ && asks && o->members_create && may_push(c, o->name))
		return allow(STA_RULE_ALLOWED_CREATE);
	return deny(STA_RULE_DENIED_ROLE, may_know);
}

/* A caller with an account, in what the credential was issued for: by its role. */
static struct sta_decision
decide_by_role(const struct sta_caller *c, const struct sta_object *o, enum sta_action action, bool open)
{
	struct source sources[SOURCES];
	const struct source *enough;
	enum sta_rule taken = taken_away(c, o->name, action);
	bool may_know;

	find_sources(c, o, sources);
	may_know = open || (sta_bounds_hold(&c->bounds, o->name) && first_of(sources, STA_ROLE_READ));
	if (taken != STA_RULE_MAX_)
		return deny(taken, may_know);
	if (action == STA_ACTION_WRITE && !o->owner_exists)
		return deny(STA_RULE_DENIED_NO_OWNER, c->site_admin);
	enough = first_of(sources, role_for(action));
	if (enough)
		return allow(enough->rule);
	return o->exists ? deny(STA_RULE_DENIED_ROLE, may_know) : decide_on_absent(c, o, action, may_know);
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

/* What the credential takes away of organizations; the number of no denial: nothing. */
static enum sta_rule
taken_away_of_org(const struct sta_caller *c)
{
	if (c->limited)
		return STA_RULE_DENIED_LIMIT;
	if (!(c->scopes & STA_SCOPE_ORGS))
		return STA_RULE_DENIED_SCOPE;
	if (c->bounds.elsewhere)
		return STA_RULE_DENIED_ADDRESS;
	return c->bounds.n_packages > 0 ? STA_RULE_DENIED_PATTERN : STA_RULE_MAX_;
}

bool
sta_credential_manages(const struct sta_caller *caller)
{
	return taken_away_of_org(caller) == STA_RULE_MAX_;
}

/* A caller with an account, by its place in the organization. */
static struct sta_decision
decide_by_place(const struct sta_caller *c, const struct sta_org_object *org, enum sta_org_action action)
{
	bool member = org->member != STA_ORG_NONE;

	if (org->member == STA_ORG_OWNER)
		return allow(STA_RULE_ALLOWED_ORG_OWNER);
	if (c->site_admin)
		return allow(STA_RULE_ALLOWED_SITE_ADMIN);
	if (action == STA_ORG_READ && member)
		return allow(STA_RULE_ALLOWED_INTERNAL);
	if (action == STA_ORG_TEAM && member && org->maintainer)
		return allow(STA_RULE_ALLOWED_TEAM);
	return deny(STA_RULE_DENIED_ROLE, member);
}

struct sta_decision
sta_access_decide_org(const struct sta_caller *caller, const struct sta_org_object *org,
		      enum sta_org_action action)
{
	bool may_know = caller->site_admin || org->member != STA_ORG_NONE;
	enum sta_rule taken = taken_away_of_org(caller);

	if (caller->kind == STA_CALLER_SYSTEM)
		return allow(STA_RULE_ALLOWED_SYSTEM);
	if (caller->kind == STA_CALLER_ANONYMOUS)
		return deny(STA_RULE_DENIED_ANONYMOUS, false);
	return taken != STA_RULE_MAX_ ? deny(taken, may_know) : decide_by_place(caller, org, action);
}

static const struct {
	const char *name;
	const char *text;
} rules[STA_RULE_MAX_] = {
	[STA_RULE_ALLOWED_SYSTEM] = { "system", "the machine's owner may do everything" },
	[STA_RULE_ALLOWED_SITE_ADMIN] = { "site_admin", "site administrators may do everything" },
	[STA_RULE_ALLOWED_OWNER] = { "owner", "the namespace belongs to the caller" },
	[STA_RULE_ALLOWED_ORG_OWNER] = { "org_owner", "the caller is an owner of the organization" },
	[STA_RULE_ALLOWED_ROBOT] = { "robot", "the robot has a role on all packages of its organization" },
	[STA_RULE_ALLOWED_TEAM] = { "team", "a role on the package was granted to a team of the caller" },
	[STA_RULE_ALLOWED_REPOSITORY] = { "repository", "the caller has a role on the repository that the "
							"package inherits from" },
	[STA_RULE_ALLOWED_INTERNAL] = { "internal", "members of the organization may read it" },
	[STA_RULE_ALLOWED_CREATE] = { "member", "members of the organization may make packages" },
	[STA_RULE_ALLOWED_GRANT] = { "grant", "a role on the package was granted to the caller" },
	[STA_RULE_ALLOWED_PUBLIC] = { "public", "the package is public" },
	[STA_RULE_DENIED_LIMIT] = { "limit", "the bearer token was issued for other packages or actions; "
					     "ask the token endpoint for this one" },
	[STA_RULE_DENIED_ANONYMOUS] = { "anonymous", "log in: the package is not open to everybody" },
	[STA_RULE_DENIED_ADDRESS] = { "address",
				      "the token is not good from this address; use it where it was "
				      "made for, or create one that is good from here" },
	[STA_RULE_DENIED_PATTERN] = { "pattern", "the token is for other packages; create one whose "
						 "patterns cover this one" },
	[STA_RULE_DENIED_JOB] = { "job",
				  "the job may do less: the issuer's rule that let it in, its event, or "
				  "that it is a fork's; give the rule a stronger role" },
	[STA_RULE_DENIED_SCOPE] = { "scope", "the token lacks the scope for this; create one that has it" },
	[STA_RULE_DENIED_CREATE] = { "create",
				     "the organization does not let its members make packages of its "
				     "default visibility; an owner of it can, and can change that" },
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

static const char *const visibility_names[] = { "private", "internal", "public" };
static const char *const role_names[] = { "none", "read", "write", "admin" };
static const char *const org_role_names[] = { "none", "member", "owner" };
static const char *const action_names[] = { "read", "write", "delete", "admin" };
#define N(a) (sizeof(a) / sizeof((a)[0]))

/* N when s is none of them. */
static size_t
find(const char *const *names, size_t n, const char *s)
{
	size_t i = 0;

	while (i < n && strcmp(s, names[i]) != 0)
		i++;
	return i;
}

const char *
sta_visibility_name(enum sta_visibility v)
{
	return visibility_names[v];
}

bool
sta_visibility_parse(const char *s, enum sta_visibility *out)
{
	size_t i = find(visibility_names, N(visibility_names), s);

	if (i < N(visibility_names))
		*out = (enum sta_visibility) i;
	return i < N(visibility_names);
}

const char *
sta_role_name(enum sta_role role)
{
	return role_names[role];
}

bool
sta_role_parse(const char *s, enum sta_role *out)
{
	size_t i = find(role_names, N(role_names), s);

	if (i < N(role_names))
		*out = (enum sta_role) i;
	return i < N(role_names);
}

const char *
sta_org_role_name(enum sta_org_role role)
{
	return org_role_names[role];
}

bool
sta_org_role_parse(const char *s, enum sta_org_role *out)
{
	size_t i = find(org_role_names, N(org_role_names), s);

	if (i < N(org_role_names))
		*out = (enum sta_org_role) i;
	return i < N(org_role_names);
}

const char *
sta_action_name(enum sta_action action)
{
	return action_names[action];
}

bool
sta_action_parse(const char *s, enum sta_action *out)
{
	size_t i = find(action_names, N(action_names), s);

	if (i < N(action_names))
		*out = (enum sta_action) i;
	return i < N(action_names);
}
