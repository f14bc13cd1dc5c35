/*
 * job - what the token of an issuer says of a workflow's job, and what the rules make of it.
 *
 * A rule lets a job in when all its conditions hold: "repository=acme/app", "ref=refs/tags/v?",
 * patterns as of base/glob.h.  The left side is one of the five meanings below, which the issuer
 * says the claims of ("repository=project_path"), or the name of a claim itself; '/' goes into an
 * object ("kubernetes.io/namespace").  Whole numbers and booleans count as their JSON text, of a list
 * one item is enough, and whatever is absent, null, an object, another number or longer than
 * STA_JOB_TEXT_MAX matches nothing.  Names of repositories are compared in lower case.
 *
 * Of the rules that fit, the one with the strongest role counts, and of equal ones the oldest.
 *
 * A job of a fork, and one of an event that is for reading alone, has the role read at most.  Where
 * the issuer names a claim for forks, anything but false or "false" there means one.
 *
 * Only files of registry/ include this.
 *
 * Layer: registry.  May include: model, oci, base.  Threads: no shared state.  Pure.
 */
#ifndef STA_REGISTRY_JOB_H
#define STA_REGISTRY_JOB_H

#include "base/json.h"
#include "model/issuers.h"

#define STA_JOB_TEXT_MAX 512 /* bytes of a claim or a pattern */
#define STA_JOB_LINES_MAX 16 /* conditions of a rule, claims of an issuer, events */

struct sta_job_verdict {
	int64_t rule_id;
	enum sta_role most;     /* what it may have at most */
	const char *repository; /* OWNER/REPO, in lower case */
};

/* Is the token for us, and good now?  iss, aud, exp, iat and nbf (RFC 7519, 4.1), of the right types.
 * STA_UNAUTHENTICATED: no; the message says why. */
enum sta_rc sta_job_check(const struct sta_issuer_row *issuer, const json_t *claims, int64_t now_unix,
			  struct sta_err *err) STA_CHECK;

/* STA_DENIED: no rule lets the job in, or it names no repository; the message says which, in words
 * for whoever holds the token.  Texts in the arena. */
enum sta_rc sta_job_judge(struct sta_arena *a, const struct sta_issuer_row *issuer,
			  const struct sta_issuer_rule_row *rules, size_t n, const json_t *claims,
			  struct sta_job_verdict *out, struct sta_err *err) STA_CHECK;

/* Are these what an issuer or a rule can have?  STA_INVALID names the line that is not. */
enum sta_rc sta_job_claims_valid(const char *lines, struct sta_err *err) STA_CHECK;
enum sta_rc sta_job_events_valid(const char *lines, struct sta_err *err) STA_CHECK;
/* names_repository: the rule stands for one itself, and the token need not name any. */
enum sta_rc sta_job_conditions_valid(const char *lines, bool names_repository, struct sta_err *err) STA_CHECK;

#endif
