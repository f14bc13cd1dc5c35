/*
 * login - passwords and unknown tokens as attempts to sign in: verified, counted, delayed.
 *
 * A password that was verified lately needs neither hash nor attempt.  What comes too early
 * (attempts.h) is not looked at: STA_TOO_MANY, with the time to wait, alike for names that
 * exist and that do not.
 *
 * Only files of registry/ include this.
 *
 * Layer: registry.  May include: model, crypto, base.  Threads: any that may hash, else the
 * answer is STA_WOULD_HASH.
 */
#ifndef STA_REGISTRY_LOGIN_H
#define STA_REGISTRY_LOGIN_H

#include "model/accounts.h"
#include "registry/registry.h"

/* Is it the password of the account, which is {0} where there is none of that name?
 * STA_UNAUTHENTICATED: no, or the account is disabled. */
enum sta_rc sta_login_password(struct sta_registry *r, const struct sta_call *call,
			       const struct sta_account *account, const char *name, const char *password,
			       struct sta_err *err) STA_CHECK;

/* Looks like a token of ours, and is none: a guess, or one of another registry.  hash: of its
 * text.  Always a failure. */
enum sta_rc sta_login_unknown_token(struct sta_registry *r, const struct sta_call *call,
				    const unsigned char *hash, struct sta_err *err) STA_CHECK;

#endif
