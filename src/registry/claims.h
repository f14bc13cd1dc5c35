/*
 * claims - what a bearer token of ours says, and its JSON.
 *
 * {"iss":"staithe","aud":"registry","typ":"access","sub":"alice","uid":7,
 *  "tid":3,"epo":1,"iat":...,"nbf":...,"exp":...,"jti":"...",
 *  "access":[{"type":"repository","name":"alice/app","actions":["pull"]},
 *            {"type":"registry","name":"catalog","actions":["*"]},
 *            {"type":"registry","name":"mount","actions":["*"]}]}
 *
 * uid 0: anonymous.  tid 0: came from a password.  epo: the account's epoch at
 * the time; a later epoch voids the token.  A job of a workflow has "rul", the
 * issuer's rule that let it in, and "max", the role that it may have at most.
 *
 * Only files of registry/ include this.
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_CLAIMS_H
#define STA_REGISTRY_CLAIMS_H

#include "access/access.h"
#include "base/arena.h"
#include "base/err.h"
#include "crypto/sign.h"

enum sta_claims_kind { STA_CLAIMS_ACCESS, STA_CLAIMS_REFRESH, STA_CLAIMS_WORKFLOW };

#define STA_CLAIMS_ISSUER "staithe"

struct sta_claims {
	enum sta_claims_kind kind;
	const char *login;
	int64_t user_id;
	int64_t token_id;
	int64_t epoch;
	int64_t rule_id;    /* 0: no workflow's */
	enum sta_role most; /* of a workflow's */
	int64_t issued_unix;
	int64_t expires_unix;
	const struct sta_limit *limits;
	size_t n_limits;
	bool catalog;
	bool mounts;
};

/* JSON text in the arena, or NULL. */
char *sta_claims_write(struct sta_arena *a, const struct sta_claims *claims, const char *id) STA_CHECK;

/* The token that says so, with an id of its own, in the arena.  STA_INVALID: more than a token has room for.
 */
enum sta_rc sta_claims_sign(const struct sta_sign_key *key, struct sta_arena *a,
			    const struct sta_claims *claims, char **out, struct sta_err *err) STA_CHECK;

/* STA_UNAUTHENTICATED: not exactly of the form above. */
enum sta_rc sta_claims_read(struct sta_arena *a, const char *json, size_t len, struct sta_claims *out,
			    struct sta_err *err) STA_CHECK;

/* All of it in the arena; false when out of memory. */
bool sta_claims_copy(struct sta_arena *a, const struct sta_claims *claims, struct sta_claims *out) STA_CHECK;
bool sta_limits_copy(struct sta_arena *a, const struct sta_limit **limits, size_t n) STA_CHECK;

#endif
