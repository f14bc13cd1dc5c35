/*
 * token - personal access tokens, and the bearer tokens of /token.
 *
 * Personal access tokens: crypto/pat.h for the text; stored as a hash, shown
 * once, refused from the moment of revocation or expiry.  One can be confined to
 * packages and to addresses.
 *
 * Bearer tokens: ES256, short-lived (token_ttl_s).  They name the caller, the
 * personal access token they came from, and what they are for; they carry no
 * rights.  Rights are looked up live at each request, so a revoked right is
 * gone at once.  A refresh token (access_type=offline) is a bearer token of
 * another type that lives STA_REFRESH_TTL_S and can only be exchanged for
 * bearer tokens; it ends with the personal access token or password that it
 * came from.
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_TOKEN_H
#define STA_REGISTRY_TOKEN_H

#include "crypto/pat.h"
#include "registry/registry.h"

#define STA_REFRESH_TTL_S (90U * 24 * 3600)

struct sta_pat {
	int64_t id;
	const char *user;
	const char *name;
	unsigned scopes;
	int64_t created_unix;
	int64_t expires_unix;   /* 0: never */
	int64_t last_used_unix; /* 0: never; to the minute */
	bool revoked;
	const char *packages;  /* that it is for: patterns with commas; "": all */
	const char *addresses; /* that it is good from: ranges with commas; "": all */
};

struct sta_pat_request {
	const char *user; /* or a robot; NULL: the caller */
	const char *name; /* a label, may be "" */
	unsigned scopes;
	uint64_t expires_s;    /* from now; 0: never */
	const char *packages;  /* "acme/app-*,acme/base", as base/glob.h; NULL: all */
	const char *addresses; /* "192.0.2.0/24,2001:db8::7", as base/prefix.h; NULL: all */
};

/* These are for site administrators and the system; of robots for the owners of their organization
 * too.  One's own a person manages who is signed in with the password, and with no token: one that leaks
 * would make others that are stronger, or that outlive it.  With a token for organizations a robot gets
 * tokens of no other scopes than that one has.  STA_SCOPE_ORGS: people alone, confined to nothing.
 *
 * secret is filled with the token's text, which exists nowhere else. */
enum sta_rc sta_pat_create(struct sta_registry *r, const struct sta_call *call,
			   const struct sta_pat_request *req, char secret[STA_PAT_LEN + 1],
			   struct sta_pat *out, struct sta_err *err) STA_CHECK;

/* user NULL: of all users and robots. */
enum sta_rc sta_pat_list(struct sta_registry *r, const struct sta_call *call, const char *user,
			 struct sta_pat **out, size_t *n, struct sta_err *err) STA_CHECK;

enum sta_rc sta_pat_revoke(struct sta_registry *r, const struct sta_call *call, int64_t id,
			   struct sta_err *err) STA_CHECK;

/* The caller's own. */
enum sta_rc sta_pat_list_own(struct sta_registry *r, const struct sta_call *call, struct sta_pat **out,
			     size_t *n, struct sta_err *err) STA_CHECK;
/* Of that user or robot (NULL: the caller).  STA_NOT_FOUND: it has no such token that is not revoked. */
enum sta_rc sta_pat_revoke_of(struct sta_registry *r, const struct sta_call *call, const char *user,
			      int64_t id, struct sta_err *err) STA_CHECK;

/* The token that the caller shows: everybody may see and revoke that, where it is good.  STA_NOT_FOUND: it
 * shows another credential; STA_DENIED: a bearer token made from one. */
enum sta_rc sta_pat_current(struct sta_registry *r, const struct sta_call *call, struct sta_pat *out,
			    struct sta_err *err) STA_CHECK;
enum sta_rc sta_pat_revoke_current(struct sta_registry *r, const struct sta_call *call,
				   struct sta_err *err) STA_CHECK;

/* Write down when tokens were last used; called every minute or so. */
enum sta_rc sta_pat_flush_used(struct sta_registry *r, struct sta_err *err) STA_CHECK;

/* "read:packages,write:packages" <-> bits.  STA_INVALID names the unknown word. */
enum sta_rc sta_scopes_parse(const char *text, unsigned *out, struct sta_err *err) STA_CHECK;
char *sta_scopes_text(struct sta_arena *a, unsigned scopes) STA_CHECK;

/* Who is it?  Fills call->caller.  A password (right user name) or a token (any
 * user name).  STA_UNAUTHENTICATED for everything that is wrong, in the same time.
 * Passwords need may_wait, and a thread that may hash, unless verified lately. */
enum sta_rc sta_authenticate_basic(struct sta_registry *r, struct sta_call *call, const char *user,
				   const char *secret, struct sta_err *err) STA_CHECK;

/* A bearer token of ours, a personal access token, or base64 of either
 * "token" or "user:token". */
enum sta_rc sta_authenticate_bearer(struct sta_registry *r, struct sta_call *call, const char *bearer,
				    size_t len, struct sta_err *err) STA_CHECK;

/* What /token was asked for. */
struct sta_bearer_request {
	const struct sta_limit *limits;
	size_t n_limits;
	bool catalog;
	bool mounts;       /* registry:mount:*, automatic mounts from all that the caller may read */
	bool offline;      /* a refresh token too, unless the caller is anonymous or a workflow */
	bool all_readable; /* an anonymous caller must be able to read each of the packages */
};

struct sta_bearer {
	const char *token;
	const char *refresh; /* or NULL */
	int64_t issued_unix;
	uint64_t expires_s;
};

/* Anonymous callers get a token when they may read at least one of the named
 * packages or name none; else STA_UNAUTHENTICATED, alike for private and
 * absent packages. */
enum sta_rc sta_bearer_issue(struct sta_registry *r, const struct sta_call *call,
			     const struct sta_bearer_request *req, struct sta_bearer *out,
			     struct sta_err *err) STA_CHECK;

/* Who holds this refresh token?  Fills call->caller. */
enum sta_rc sta_authenticate_refresh(struct sta_registry *r, struct sta_call *call, const char *refresh,
				     size_t len, struct sta_err *err) STA_CHECK;

#endif
