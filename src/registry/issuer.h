/*
 * issuer - who may sign tokens for workflows, and the rules that let their jobs in.
 *
 * All of it is for administrators of the site and the system: whoever trusts an issuer lets it say
 * who somebody is.  An issuer alone lets nobody in; each rule names jobs by the claims of their
 * tokens and says what they may have at most (job.h).  Neither is changed: what is to be different
 * is removed and made anew, and what came from it ends at once, tokens of workflows too.
 *
 * Each change is written to the audit log in the same transaction.
 *
 * Errors: STA_DENIED, STA_INVALID, STA_NOT_FOUND, STA_EXISTS.
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_ISSUER_H
#define STA_REGISTRY_ISSUER_H

#include "registry/registry.h"

#define STA_ISSUER_NAME_MAX 100     /* letters, digits, '.', '_' and '-' */
#define STA_ISSUER_AUDIENCE_MAX 512 /* bytes */

struct sta_issuer {
	const char *name;
	const char *url;
	const char *audience;
	const char *claims;      /* MEANING=CLAIM, one to a line */
	const char *read_events; /* one to a line */
	bool keys_given;         /* else they are fetched */
	int64_t created_unix;
};

struct sta_issuer_request {
	const char *name;
	const char *profile;  /* what the NULLs below come from: "github", "gitlab", "kubernetes", "none" */
	const char *url;      /* as in the claim "iss"; NULL only where the profile has one */
	const char *audience; /* what the tokens must be for: a name that is this registry's alone */
	const char *claims;   /* or NULL */
	const char *read_events; /* or NULL */
	const char *keys;        /* a JSON Web Key Set; NULL: fetched from url */
};

enum sta_rc sta_issuer_add(struct sta_registry *r, const struct sta_call *call,
			   const struct sta_issuer_request *req, struct sta_issuer *out,
			   struct sta_err *err) STA_CHECK;
/* By name. */
enum sta_rc sta_issuer_all(struct sta_registry *r, const struct sta_call *call, struct sta_issuer **out,
			   size_t *n, struct sta_err *err) STA_CHECK;
/* With its rules. */
enum sta_rc sta_issuer_delete(struct sta_registry *r, const struct sta_call *call, const char *name,
			      struct sta_err *err) STA_CHECK;

struct sta_issuer_rule {
	int64_t id;
	const char *issuer;
	const char *conditions; /* CLAIM=PATTERN, one to a line; all must hold */
	const char *repository; /* that the jobs act for; NULL: the one that their tokens name */
	enum sta_role role;     /* the most that they may have */
	int64_t created_unix;
};

/* Takes issuer, conditions, repository and role of *rule, and fills it in. */
enum sta_rc sta_issuer_allow(struct sta_registry *r, const struct sta_call *call,
			     struct sta_issuer_rule *rule, struct sta_err *err) STA_CHECK;
/* Of an issuer (NULL: of all), by number. */
enum sta_rc sta_issuer_rules(struct sta_registry *r, const struct sta_call *call, const char *issuer,
			     struct sta_issuer_rule **out, size_t *n, struct sta_err *err) STA_CHECK;
enum sta_rc sta_issuer_disallow(struct sta_registry *r, const struct sta_call *call, int64_t rule_id,
				struct sta_err *err) STA_CHECK;

#endif
