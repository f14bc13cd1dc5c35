/*
 * workflow - jobs of workflows, which show who they are with a token of their issuer.
 *
 * The token (OpenID Connect ID token: crypto/jwt.h for its form) is verified with the issuer's keys
 * (issuer_keys.h), has to be for this registry and good now, and a rule of the issuer has to let its
 * job in (job.h).  The job then acts for a repository OWNER/REPO, which is made if it is not there and
 * OWNER is: with an account of its own, that roles are granted to as to a person's.  Nothing of the token is
 * kept.
 *
 * The repository's jobs have on a package the role that was granted to the repository, or write if the
 * package inherits from it; they may make packages of its owner as the organization's members may, and
 * the repository is admin of what they made.  All of it is cut by the rule's role.
 *
 * The workflow's token that a job can ask for is a bearer token of another type: it lives longer
 * (workflow_ttl_s), can be used as a password, and ends when the rule, the issuer or the repository goes.
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_WORKFLOW_H
#define STA_REGISTRY_WORKFLOW_H

#include "registry/registry.h"

/* Who is it?  Fills call->caller.  STA_UNAUTHENTICATED: no token of an issuer of ours that is good
 * now (why is for the log); STA_DENIED: it is one, and no rule lets the job in, or its owner is not
 * here, with the reason in the detail, as its holder may know; STA_BUSY: the issuer's keys cannot be
 * had now; STA_WOULD_BLOCK. */
enum sta_rc sta_authenticate_workflow(struct sta_registry *r, struct sta_call *call, const char *token,
				      size_t len, struct sta_err *err) STA_CHECK;

struct sta_workflow_token {
	const char *token;
	int64_t expires_unix;
	uint64_t expires_s;
	const char *repository;
	enum sta_role most; /* what the job may have at most */
};

/* What a token is for, whoever holds it. */
struct sta_workflow_verdict {
	const char *issuer; /* its name; NULL: of none that is trusted here */
	const char *repository;
	int64_t rule_id; /* 0: refused */
	enum sta_role most;
	const char *why; /* it is refused; "" else */
};

/* For site administrators: what would come of that token, in plain words.  Makes nothing. */
enum sta_rc sta_workflow_explain(struct sta_registry *r, const struct sta_call *call, const char *token,
				 size_t len, struct sta_workflow_verdict *out, struct sta_err *err) STA_CHECK;

/* For the job that call->caller is.  It begets a token that lives longer, and so is for callers whom
 * sta_authenticate_workflow() has just found, not for those who show such a token. */
enum sta_rc sta_workflow_token(struct sta_registry *r, const struct sta_call *call,
			       struct sta_workflow_token *out, struct sta_err *err) STA_CHECK;

#endif
