/*
 * subject - whom a credential stands for: the account as it is at this moment, and what is left of its
 * rights.
 *
 * What was good once and is no more (expired, revoked, a rule or repository that is gone) is
 * STA_UNAUTHENTICATED with call->stale; of what was shown in vain the audit log hears (core.h).
 *
 * Only files of registry/ include this.
 *
 * Layer: registry.  May include: model, base.
 */
#ifndef STA_REGISTRY_SUBJECT_H
#define STA_REGISTRY_SUBJECT_H

#include "model/accounts.h"
#include "model/tokens.h"
#include "registry/claims.h"
#include "registry/registry.h"

struct sta_identity {
	struct sta_caller caller;
	int64_t from_unix,
		until_unix;    /* when the credential stands for it; from 0 and INT64_MAX to begin with */
	const char *addresses; /* that its token is good from, as stored; NULL: all */
};

/* They fill call->caller, and what of *id is not the caller. */

/* By the password. */
void sta_subject_of_password(struct sta_call *call, const struct sta_account *account);
/* By a personal access token that was found. */
enum sta_rc sta_subject_of_token(struct sta_registry *r, struct sta_db_conn *c, struct sta_call *call,
				 const struct sta_token_row *token, struct sta_identity *id,
				 struct sta_err *err) STA_CHECK;
/* By a token of ours whose signature and times are right, and which names an account. */
enum sta_rc sta_subject_of_claims(struct sta_registry *r, struct sta_db_conn *c, struct sta_call *call,
				  const struct sta_claims *claims, struct sta_identity *id,
				  struct sta_err *err) STA_CHECK;

/* It was good once: whoever shows it guesses nothing.  Always STA_UNAUTHENTICATED. */
enum sta_rc sta_subject_ended(struct sta_call *call, struct sta_err *err) STA_CHECK;

#endif
