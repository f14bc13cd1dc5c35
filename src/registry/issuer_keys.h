/*
 * issuer_keys - the public keys of issuers: fetched, kept, fetched anew.
 *
 * From the issuer's discovery document (OpenID Connect Discovery 1.0, section 4:
 * URL/.well-known/openid-configuration, whose "issuer" must be the URL) and the set that its
 * "jwks_uri" names, by net/fetch.h with its guard; or from the text that the issuer was given.
 *
 * Keys are good for keys_ttl.  A token with the id of a key that is not among them has them fetched
 * at once, but not more often than every STA_KEYS_PAUSE_S, so that nobody makes us ask an issuer on
 * and on.  While an issuer is being asked, or cannot be reached, its keys stay good for another
 * STA_KEYS_STALE_S.  One thread fetches for all that wait; threads_max of those that fetch and wait, of
 * all issuers, are all that this ever holds: who finds none free is answered by what is known.
 *
 * Only files of registry/ include this.
 *
 * Layer: registry.  May include: model, crypto, net, base.  Threads: any.
 */
#ifndef STA_REGISTRY_ISSUER_KEYS_H
#define STA_REGISTRY_ISSUER_KEYS_H

#include "crypto/jwt.h"
#include "model/issuers.h"

#define STA_KEYS_PAUSE_S 10U /* keys_ttl, if that is less */
#define STA_KEYS_STALE_S 3600U
#define STA_KEYS_WAIT_S 2       /* one waits no longer: it holds a thread that others need */
#define STA_KEYS_FETCH_MS 3000U /* for each of the two documents */

struct sta_issuer_keys;

struct sta_issuer_keys_options {
	uint64_t ttl_s;
	size_t threads_max;            /* at least 1 */
	const char *const *exceptions; /* of the guard: valid prefixes as texts, NULL ends them; or NULL */
	const char *ca_file;           /* or NULL; borrowed */
};

enum sta_rc sta_issuer_keys_new(const struct sta_issuer_keys_options *o, struct sta_issuer_keys **out,
				struct sta_err *err) STA_CHECK;
void sta_issuer_keys_free(struct sta_issuer_keys *k); /* NULL is allowed */

/* Is the token signed by a key of the issuer?  STA_UNAUTHENTICATED: no.  STA_WOULD_BLOCK: the keys
 * have to be fetched, and may_wait is false.  STA_BUSY: they cannot be had now. */
enum sta_rc sta_issuer_keys_verify(struct sta_issuer_keys *k, struct sta_arena *a,
				   const struct sta_issuer_row *issuer, const struct sta_jwt *token,
				   bool may_wait, struct sta_err *err) STA_CHECK;

/* The issuer is gone. */
void sta_issuer_keys_forget(struct sta_issuer_keys *k, int64_t issuer_id);

#endif
