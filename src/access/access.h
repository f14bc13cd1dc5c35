/*
 * access - who may do what.  One pure function, sta_access_decide().
 *
 * Every operation of registry/ asks it, and nothing else decides.  Rights come
 * from the live state (visibility, ownership, grants); the credential can only
 * take away: a personal access token by its scopes, packages and addresses, a
 * bearer token by the names and actions that it was issued for, a workflow's by
 * the rule that let it in.  docs/ACCESS.md is the same in words.
 *
 * Layer: access.  May include: base.  Threads: no shared state.  Pure.
 */
#ifndef STA_ACCESS_ACCESS_H
#define STA_ACCESS_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sta_caller_kind {
	STA_CALLER_ANONYMOUS,
	STA_CALLER_USER, /* an account: a person's, or a machine's (a robot, the workflows of a repository) */
	STA_CALLER_SYSTEM, /* the command line of the machine's owner, background jobs */
};

/* Scopes of a token; a bit set.  write includes read, as on GitHub. */
#define STA_SCOPE_READ 1U
#define STA_SCOPE_WRITE 2U
#define STA_SCOPE_DELETE 4U
#define STA_SCOPE_PACKAGES 7U /* those for packages: all that a machine can have */
#define STA_SCOPE_ORGS 8U     /* organizations, their teams and robots, and repositories */
#define STA_SCOPE_ALL 15U

/* A package name and the actions that a bearer token was issued for. */
struct sta_limit {
	const char *name; /* "acme/app"; borrowed */
	unsigned actions; /* STA_ACTION_BIT()s */
};

enum sta_visibility { STA_PRIVATE = 0, STA_INTERNAL = 1, STA_PUBLIC = 2 };
enum sta_role { STA_ROLE_NONE = 0, STA_ROLE_READ = 1, STA_ROLE_WRITE = 2, STA_ROLE_ADMIN = 3 };

/* What a token is confined to, beyond its scopes. */
struct sta_bounds {
	const char *const *packages; /* patterns (base/glob.h) of which one must match; borrowed */
	size_t n_packages;           /* 0: all packages */
	bool elsewhere;              /* it is used from an address that it is not good for */
};

/* One run of a workflow, which acts for its repository. */
struct sta_workflow {
	int64_t repository_id;
	int64_t rule_id;    /* the issuer's rule that let it in */
	enum sta_role most; /* what it may have at most: by that rule; STA_ROLE_READ for a fork's */
};

struct sta_caller {
	enum sta_caller_kind kind;
	int64_t user_id;   /* STA_CALLER_USER */
	const char *login; /* borrowed; "" for the others */
	bool site_admin;
	unsigned scopes;  /* STA_SCOPE_ALL for a password */
	int64_t token_id; /* 0: none */
	bool limited;     /* a bearer token: only what limits name */
	const struct sta_limit *limits;
	size_t n_limits;
	bool limit_catalog; /* limited, and the catalog is among the limits */
	bool limit_mounts;  /* limited, and may mount from wherever the user may read */
	struct sta_bounds bounds;
	int64_t home_id;              /* of a machine: the namespace that it belongs to; 0: a person */
	enum sta_role home_role;      /* of a robot: on all packages there */
	struct sta_workflow workflow; /* repository_id 0: none */
};

enum sta_action {
	STA_ACTION_READ,   /* pull, list tags, referrers */
	STA_ACTION_WRITE,  /* push to a package, mount into it; creates it when it is absent */
	STA_ACTION_DELETE, /* delete tags, manifests, blobs */
	STA_ACTION_ADMIN,  /* visibility, access, settings */
	STA_ACTION_MAX_
};
#define STA_ACTION_BIT(a) (1U << (a))

/* In an organization. */
enum sta_org_role { STA_ORG_NONE = 0, STA_ORG_MEMBER = 1, STA_ORG_OWNER = 2 };

/* What the decision needs to know about a package, which may not exist yet. */
struct sta_object {
	const char *name;  /* "acme/app" */
	bool owner_exists; /* the namespace */
	bool exists;       /* the package */
	int64_t owner_id;  /* namespace id; a user's is its user id */
	enum sta_visibility visibility;
	enum sta_org_role member; /* the caller's, when an organization is the owner */
	bool members_create;      /* that organization lets its members make this package */
	enum sta_role granted;    /* the strongest role granted to the caller in person */
	enum sta_role team;       /* the strongest one granted to a team of the caller */
	enum sta_role inherited;  /* the strongest one on the repository that the package inherits from */
};

enum sta_rule {
	STA_RULE_ALLOWED_SYSTEM,
	STA_RULE_ALLOWED_SITE_ADMIN,
	STA_RULE_ALLOWED_OWNER,
	STA_RULE_ALLOWED_ORG_OWNER,
	STA_RULE_ALLOWED_ROBOT,
	STA_RULE_ALLOWED_GRANT,
	STA_RULE_ALLOWED_TEAM,
	STA_RULE_ALLOWED_REPOSITORY,
	STA_RULE_ALLOWED_INTERNAL,
	STA_RULE_ALLOWED_CREATE,
	STA_RULE_ALLOWED_PUBLIC,
	STA_RULE_DENIED_LIMIT,     /* the bearer token was issued for something else */
	STA_RULE_DENIED_ANONYMOUS, /* log in first */
	STA_RULE_DENIED_ADDRESS,   /* the token is not good from there */
	STA_RULE_DENIED_PATTERN,   /* the token is for other packages */
	STA_RULE_DENIED_SCOPE,     /* the token's scopes do not cover the action */
	STA_RULE_DENIED_JOB,       /* the workflow's job may do less: its rule, its event, a fork */
	STA_RULE_DENIED_CREATE,    /* the organization keeps its members from making packages */
	STA_RULE_DENIED_ROLE,      /* no role, or one that is too weak */
	STA_RULE_DENIED_NO_OWNER,  /* the namespace does not exist */
	STA_RULE_MAX_
};

struct sta_decision {
	bool allowed;
	enum sta_rule rule;
	/* The caller may know whether the package exists.  When false, an absent
	 * package and a forbidden one must look the same in every byte. */
	bool may_know;
};

struct sta_decision sta_access_decide(const struct sta_caller *caller, const struct sta_object *object,
				      enum sta_action action);

/* The credential is for organizations and repositories: it has the scope, is no bearer token, and is confined
 * to nothing. */
bool sta_credential_manages(const struct sta_caller *caller);

/* On an organization, with its members, teams and settings. */
enum sta_org_action {
	STA_ORG_READ,   /* what it is and who is in it: its members */
	STA_ORG_TEAM,   /* who is in a team: also the team's maintainers */
	STA_ORG_MANAGE, /* all else: its owners */
};
struct sta_org_object {
	enum sta_org_role member; /* the caller's */
	bool maintainer;          /* the caller maintains the team that it is about */
};
struct sta_decision sta_access_decide_org(const struct sta_caller *caller, const struct sta_org_object *org,
					  enum sta_org_action action);

/* Within what the caller's token is for; public packages are for everybody. */
bool sta_bounds_hold(const struct sta_bounds *bounds, const char *name);

/* The rule in words: what denied it, and what to change. Static text. */
const char *sta_rule_text(enum sta_rule rule);
const char *sta_rule_name(enum sta_rule rule);

const char *sta_visibility_name(enum sta_visibility v);
bool sta_visibility_parse(const char *s, enum sta_visibility *out);
const char *sta_role_name(enum sta_role role); /* "none", "read", "write", "admin" */
bool sta_role_parse(const char *s, enum sta_role *out);
const char *sta_org_role_name(enum sta_org_role role); /* "none", "member", "owner" */
bool sta_org_role_parse(const char *s, enum sta_org_role *out);
const char *sta_action_name(enum sta_action action); /* "read", "write", "delete", "admin" */
bool sta_action_parse(const char *s, enum sta_action *out);

#endif
