/*
 * account - users: made, listed, disabled; their passwords.
 *
 * Only site administrators and the system may call these, except where said.
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_ACCOUNT_H
#define STA_REGISTRY_ACCOUNT_H

#include "registry/registry.h"

struct sta_user {
	int64_t id;
	const char *name;
	bool site_admin;
	bool disabled;
	int64_t created_unix;
	enum sta_visibility visibility; /* of a new package */
	bool inherits;                  /* packages that a push makes and links have the repository's roles */
};

struct sta_account;
struct sta_user sta_user_of(const struct sta_account *a);

/* STA_INVALID: the name or password does not fit (password_rules.h); STA_EXISTS: the
 * name is taken.  password NULL: the user can use tokens only.  Passwords need a thread that may hash. */
enum sta_rc sta_user_create(struct sta_registry *r, const struct sta_call *call, const char *name,
			    const char *password, bool site_admin, struct sta_user *out,
			    struct sta_err *err) STA_CHECK;

/* A new password ends the bearer tokens that the old one had brought, and forgives failed attempts.  Needs a
 * thread that may hash. */
enum sta_rc sta_user_set_password(struct sta_registry *r, const struct sta_call *call, const char *name,
				  const char *password, struct sta_err *err) STA_CHECK;

/* The caller's own: signed in with the password, and with no token.
 * STA_DENIED: the old one is wrong, which counts as a failed attempt, and nothing has changed;
 * STA_TOO_MANY: too many were.  Needs may_wait and a thread that may hash. */
enum sta_rc sta_user_change_password(struct sta_registry *r, const struct sta_call *call, const char *old,
				     const char *new, struct sta_err *err) STA_CHECK;

/* A disabled user's tokens and bearer tokens are refused from the next request on.  Uploads have
 * ended: their sessions are gone, bodies under way are refused at their next bytes, and no write
 * of a request that began before commits after.  STA_INVALID: a site administrator disables itself;
 * so there always is one left. */
enum sta_rc sta_user_set_disabled(struct sta_registry *r, const struct sta_call *call, const char *name,
				  bool disabled, struct sta_err *err) STA_CHECK;

/* What is to be changed; NULL: stays. */
struct sta_user_change {
	const enum sta_visibility *visibility; /* private or public */
	const bool *inherits;
};
/* *out is what it is then. */
enum sta_rc sta_user_set(struct sta_registry *r, const struct sta_call *call, const char *name,
			 const struct sta_user_change *change, struct sta_user *out,
			 struct sta_err *err) STA_CHECK;

/* The caller's own settings: of a person, by a credential that is confined to nothing.  Seeing them takes the
 * scope read:packages or write:packages, changing them write:packages.  STA_DENIED. */
enum sta_rc sta_user_get_own(struct sta_registry *r, const struct sta_call *call, struct sta_user *out,
			     struct sta_err *err) STA_CHECK;
enum sta_rc sta_user_set_own(struct sta_registry *r, const struct sta_call *call,
			     const struct sta_user_change *change, struct sta_user *out,
			     struct sta_err *err) STA_CHECK;

/* STA_NOT_FOUND: there is no user of that name, in any case of letters. */
enum sta_rc sta_user_get(struct sta_registry *r, const struct sta_call *call, const char *name,
			 struct sta_user *out, struct sta_err *err) STA_CHECK;
enum sta_rc sta_user_list(struct sta_registry *r, const struct sta_call *call, struct sta_user **out,
			  size_t *n, struct sta_err *err) STA_CHECK;

/* On a registry without any user: make "admin" with a random password, given
 * in password (arena); else *password is NULL. */
enum sta_rc sta_user_first(struct sta_registry *r, const struct sta_call *call, char **password,
			   struct sta_err *err) STA_CHECK;

#endif
