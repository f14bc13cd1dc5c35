/* The answer of access.explain in words: the decision, what led to it, and what would change it. */

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

struct answer {
	const json_t *j;
	const char *package;
	const char *owner;
	const char *user; /* NULL: nobody is signed in */
	const char *action;
	bool exists;
	bool org; /* the owner is one */
};

static const char *
text(const struct answer *a, const char *key)
{
	return json_string_value(json_object_get(a->j, key));
}

static bool
yes(const struct answer *a, const char *key)
{
	return json_is_true(json_object_get(a->j, key));
}

/* A member is that word. */
static bool
is(const struct answer *a, const char *key, const char *word)
{
	const char *value = text(a, key);

	return value && strcmp(value, word) == 0;
}

static void
tell_package(const struct answer *a)
{
	const char *kind = text(a, "owner_kind");

	if (a->exists)
		sta_cli_say("%s is %s", a->package, text(a, "visibility"));
	else if (kind)
		sta_cli_say("there is no package %s; its first push would make it %s", a->package,
			    text(a, "visibility"));
	else
		sta_cli_say("there is no package %s", a->package);
	if (!kind)
		sta_cli_say("nobody has the name %s", a->owner);
	else
		sta_cli_say("its owner %s is %s", a->owner, a->org ? "an organization" : "a user");
	if (yes(a, "inherits"))
		sta_cli_say("it has the roles of its repository %s", text(a, "repository"));
}

/* What it is shown with, and what that is good for. */
static void
tell_token(const struct answer *a)
{
	const json_t *token = json_object_get(a->j, "token");
	const char *packages = json_string_value(json_object_get(token, "packages"));
	const char *addresses = json_string_value(json_object_get(token, "addresses"));

	if (!json_is_object(token))
		return;
	sta_cli_say("token %lld has %s; it is for %s, and good from %s",
		    (long long) json_integer_value(json_object_get(token, "id")),
		    json_string_value(json_object_get(token, "scopes")), packages ? packages : "all packages",
		    addresses ? addresses : "all addresses");
	if (yes(a, "token_ended"))
		sta_cli_say("that token has expired or was revoked, and does nothing any more");
}

/* Robots are in no organization. */
static void
tell_robot(const struct answer *a)
{
	sta_cli_say("%s is a robot of %s, with the role %s on all packages there", a->user,
		    text(a, "robot_of"), text(a, "robot_role"));
}

/* Nor are repositories. */
static void
tell_workflow(const struct answer *a)
{
	sta_cli_say("these are jobs of the workflows of %s, as far as the rule that lets them in goes",
		    text(a, "workflow_of"));
	if (is(a, "repository", text(a, "workflow_of")))
		sta_cli_say("they write to what has the roles of their repository");
}

static bool
machine(const struct answer *a)
{
	return text(a, "robot_of") || text(a, "workflow_of");
}

static void
tell_place(const struct answer *a)
{
	if (yes(a, "disabled"))
		sta_cli_say("%s is disabled, and can do nothing before: staithe %s enable %s", a->user,
			    text(a, "robot_of") ? "robot" : "user", a->user);
	if (yes(a, "site_admin"))
		sta_cli_say("%s is a site administrator", a->user);
	if (text(a, "robot_of"))
		tell_robot(a);
	if (text(a, "workflow_of"))
		tell_workflow(a);
	if (!a->org || machine(a))
		return;
	if (is(a, "member", "none"))
		sta_cli_say("%s is not in %s", a->user, a->owner);
	else
		sta_cli_say("%s is %s of %s", a->user, is(a, "member", "owner") ? "an owner" : "a member",
			    a->owner);
}

static void
tell_grants(const struct answer *a)
{
	const char *team = text(a, "team");
	const char *there = yes(a, "inherits") ? " on that repository" : "";
	const char *person = text(a, "workflow_of") ? "" : yes(a, "inherits") ? there : " in person";

	if (is(a, "granted", "none"))
		sta_cli_say("nothing is granted to %s%s", a->user, person);
	else
		sta_cli_say("the role %s is granted to %s%s", text(a, "granted"), a->user, person);
	if (team)
		sta_cli_say("the role %s is granted%s to the team %s, which %s is in", text(a, "team_role"),
			    there, team, a->user);
	else if (a->org && !machine(a))
		sta_cli_say("nothing is granted%s to a team that %s is in", there, a->user);
}

/* A robot makes packages of its organization alone. */
static void
advise_robot(const struct answer *a, const char *role)
{
	if (is(a, "robot_of", a->owner))
		sta_cli_say("to change that: staithe robot set %s --role %s", a->user, role);
	else
		sta_cli_say("to change that: %s has to push the package first", a->owner);
}

/* Advice for somebody whose role is too weak. */
static void
advise_role(const struct answer *a)
{
	bool strong = is(a, "action", "delete") || is(a, "action", "admin");
	const char *role = strong ? "admin" : a->action;

	if (yes(a, "inherits") && !text(a, "workflow_of"))
		sta_cli_say("to change that: staithe repository grant %s %s %s", text(a, "repository"),
			    a->user, role);
	else if (a->exists)
		sta_cli_say("to change that: staithe access grant %s %s %s", a->package, a->user, role);
	else if (!is(a, "action", "write"))
		sta_cli_say("to change that: the package has to be pushed first");
	else if (text(a, "robot_of"))
		advise_robot(a, role);
	else if (a->org && !text(a, "workflow_of"))
		sta_cli_say("to change that: staithe org add %s %s", a->owner, a->user);
	else
		sta_cli_say("to change that: %s has to push the package first", a->owner);
}

static void
advise(const struct answer *a)
{
	if (is(a, "rule", "role"))
		advise_role(a);
	else if (is(a, "rule", "create"))
		sta_cli_say("to change that: staithe org set %s --members-create private,internal,public",
			    a->owner);
	else if (is(a, "rule", "no_owner"))
		sta_cli_say("to change that: staithe org create %s --owner USER, or: staithe user create %s",
			    a->owner, a->owner);
	else if (is(a, "rule", "anonymous") && a->exists && is(a, "action", "read"))
		sta_cli_say("to change that: sign in, or: staithe package set %s --visibility public",
			    a->package);
	else if (is(a, "rule", "anonymous"))
		sta_cli_say("to change that: sign in");
	else if (is(a, "rule", "scope") || is(a, "rule", "pattern") || is(a, "rule", "address"))
		sta_cli_say("to change that: use another token; staithe token create makes one");
}

void
sta_cli_explain(const json_t *j)
{
	struct answer a = { .j = j, .exists = json_is_true(json_object_get(j, "exists")) };

	a.package = text(&a, "package");
	a.owner = text(&a, "owner");
	a.user = text(&a, "user");
	a.action = text(&a, "action");
	a.org = is(&a, "owner_kind", "organization");
	sta_cli_say("%s: %s: %s", yes(&a, "allowed") ? "allowed" : "denied", text(&a, "rule"),
		    text(&a, "why"));
	tell_package(&a);
	if (!a.user) {
		sta_cli_say("nobody is signed in");
	} else {
		tell_token(&a);
		tell_place(&a);
		tell_grants(&a);
	}
	if (!yes(&a, "allowed"))
		advise(&a);
}
