/*
 * registry - the rules of a registry: one handle, opened once.
 *
 * Every operation takes the caller and asks access/ before it looks at
 * anything; there is no other way to the data.  Operations know no HTTP and
 * hold no SQL.  Those that write wait for the disk; called with may_wait
 * false they answer STA_WOULD_BLOCK before they have done anything.
 *
 * Layer: registry.  May include: access, model, store, db, crypto, oci, base.
 * Threads: any; the handle is shared.
 */
#ifndef STA_REGISTRY_REGISTRY_H
#define STA_REGISTRY_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "access/access.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/pool.h"
#include "db/db.h"
#include "store/store.h"

/* Limits and times; sta_registry_defaults() fills in product.md's. */
struct sta_registry_options {
	uint64_t layer_max;        /* bytes of one blob; 10 GB */
	uint64_t upload_ttl_s;     /* an idle upload session lives this long; 24 h */
	uint64_t collect_grace_s;  /* an unreferenced blob stays this long after its last use; 1 h */
	uint64_t token_ttl_s;      /* bearer tokens; 300 */
	uint64_t uploads_per_user; /* open sessions; 1,000 */
	/* Wrong passwords before the next has to wait (attempts.h); 5; 0: none has. */
	uint64_t login_free_attempts;
	uint64_t workflow_ttl_s;    /* tokens that jobs of workflows ask for; 3,600 */
	uint64_t issuer_keys_ttl_s; /* keys of issuers are fetched anew after that; 600 */
	/* Ranges of addresses to which the server may connect though they are not of the public Internet
	 * (net/guard.h), and a PEM file with more authorities; NULL ends them; borrowed; or NULL. */
	const char *const *net_exceptions;
	const char *net_ca_file;
	/* Pulls of a public package from which on its names are retired; 5,000; 0: none is. */
	uint64_t retire_after;
	/* Prefixes of URLs behind which a repository's name stands, "https://github.com/"; NULL ends them;
	 * borrowed; or NULL. */
	const char *const *forges;
	uint64_t trash_keep_s; /* what was deleted can be restored for so long; 30 d; 0: not at all */
	/* Rules of the packages API about deleting versions (trash.h). */
	uint64_t popular_after;  /* public ones with more pulls stay; 5,000; 0: none does */
	bool delete_last_tagged; /* also the last one with a tag */
	bool delete_cascade;     /* with what has no purpose without it, unless the request says otherwise */
	uint64_t statistics_keep_s; /* pulls of days before that are forgotten; 400 d */
	bool sparse_manifests;      /* accept manifests whose blobs are not in the package (yet) */
};
void sta_registry_defaults(struct sta_registry_options *o);

struct sta_registry;

/* Brings the schema up to date and makes the token key on first use.  db, store
 * and workers are borrowed and outlive the registry.  workers may be NULL when
 * nothing is uploaded through this handle (command line). */
enum sta_rc sta_registry_open(struct sta_db *db, struct sta_store *store, struct sta_pool *workers,
			      const struct sta_registry_options *o, struct sta_registry **out,
			      struct sta_err *err) STA_CHECK;
void sta_registry_close(struct sta_registry *r);

/* The process is about to end: long work (fsck, a collection) gives up soon with
 * STA_BUSY.  Requests are not concerned. */
void sta_registry_stopping(struct sta_registry *r);

/* Who calls, where results live, and whether this thread may wait. */
struct sta_call {
	struct sta_arena *arena; /* every result is borrowed from it */
	struct sta_caller caller;
	bool may_wait;
	bool must_not_hash; /* a password that has to be hashed is STA_WOULD_HASH */
	const char *peer;   /* the address that a credential comes from; NULL or "": none */
	bool stale;         /* filled: what was shown was good once, and has expired or was revoked */
	const char *named;  /* filled: the account that a password was shown for, if there is one */
};

/* Passwords and tokens that were wrong, and those that came too early to be looked at. */
struct sta_login_stats {
	uint64_t failed;
	uint64_t delayed;
};
void sta_login_stats(struct sta_registry *r, struct sta_login_stats *out);

/* A call by the machine's owner: command line and background jobs. */
struct sta_call sta_call_system(struct sta_arena *arena);

/* By a site administrator, with a credential that is not confined to packages, and good from there. */
bool sta_call_by_site_admin(const struct sta_call *call);
/* By a person who shows the password: no token, whatever its scopes, and nothing that came from either. */
bool sta_call_in_person(const struct sta_call *call);

#endif
