/*
 * core - what the operations of registry/ share: the handle, and the doors (door.h).
 *
 * Only files of registry/ include this.
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_CORE_H
#define STA_REGISTRY_CORE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "crypto/sign.h"
#include "oci/errcode.h"
#include "registry/attempts.h"
#include "registry/cache.h"
#include "registry/door.h"

struct sta_sessions; /* uploads that this process knows; upload_table.c */
struct sta_pulls;    /* of packages, since the last flush; pulls.c */
struct sta_used;     /* tokens used, or shown in vain, since the last flush; token_used.c */

enum sta_rc sta_sessions_new(struct sta_sessions **out, struct sta_err *err) STA_CHECK;
void sta_sessions_free(struct sta_sessions *s);

/* An upload of that id is under way, or idle and remembered. */
bool sta_sessions_has(struct sta_sessions *s, const char *id);

struct sta_upload;
struct sta_upload_row;

/* Keep requests away from the session of that row until sta_upload_unseize().
 * STA_BUSY: one holds it; STA_NOT_FOUND: it is over. */
enum sta_rc sta_upload_seize(struct sta_registry *r, const struct sta_upload_row *row,
			     struct sta_upload **out, struct sta_err *err) STA_CHECK;
/* Whether the session goes on is for its row to say.  NULL is allowed. */
void sta_upload_unseize(struct sta_upload *u);

/* Uploads of an account that is disabled or removed: their rows end in its transaction, and the rest
 * when that has been committed. */
struct sta_ended_uploads {
	int64_t account_id;
	struct sta_upload_row *rows; /* some of those that there were */
	size_t n;
};
enum sta_rc sta_uploads_end_rows(struct sta_db_conn *c, const struct sta_call *call, int64_t account_id,
				 struct sta_ended_uploads *out, struct sta_err *err) STA_CHECK;
void sta_uploads_end(struct sta_registry *r, const struct sta_ended_uploads *ended);

enum sta_rc sta_used_new(struct sta_used **out, struct sta_err *err) STA_CHECK;
void sta_used_free(struct sta_used *u);
enum sta_use { STA_USE_GOOD, STA_USE_REFUSED };
/* What the id is of: a personal access token, an issuer of workflows' tokens, the account that a
 * workflow's token of ours is for. */
enum sta_used_kind { STA_USED_TOKEN, STA_USED_ISSUER, STA_USED_WORKFLOW };
void sta_used_note(struct sta_used *u, enum sta_used_kind kind, int64_t id, enum sta_use use);

struct sta_registry {
	struct sta_db *db;
	struct sta_store *store;
	struct sta_pool *workers;
	struct sta_pool *writers; /* of uploads' buffers, which they hash and write; NULL as workers */
	struct sta_registry_options options;
	struct sta_sign_key *key;
	struct sta_cache *bearers;   /* claims of verified bearer tokens, by hash */
	struct sta_cache *passwords; /* verified passwords, by keyed hash */
	struct sta_cache *callers;   /* who a credential stands for, by hash and version */
	struct sta_cache *manifests; /* small manifests and their packages, by name and version */
	unsigned char cache_key[32];
	struct sta_sessions *sessions;
	struct sta_used *used;
	struct sta_pulls *pulls;
	struct sta_attempts *attempts;
	struct sta_issuer_keys *issuer_keys;
	atomic_bool stopping;
	pthread_mutex_t removing; /* from reading which blobs are DELETING until their rows are gone; gc.c */
};

/* Larger ones are read from the database each time. */
#define STA_CACHED_MANIFEST_MAX ((size_t) 16 << 10)

/* A lease is not renewed while it is younger than this (or than half the grace). */
#define STA_LEASE_YOUNG_S 30

/* A push meets a blob that is DELETING: end its removal now.  Waits. */
enum sta_rc sta_gc_finish_removal(struct sta_registry *r, const struct sta_digest *digest,
				  struct sta_err *err) STA_CHECK;

/* Make the live blob a member of the entry's package, which exists; its lease
 * begins anew. */
enum sta_rc sta_entry_add_blob(struct sta_db_conn *c, const struct sta_registry *r, const struct sta_entry *e,
			       const struct sta_digest *digest, int64_t blob_id,
			       struct sta_err *err) STA_CHECK;

/* A blob in packages that the caller may read, other than not_package (0: in any); used: by a version that is
 * there.  Of those that the caller may not read neither the result nor the time tells.  mount.c */
struct sta_elsewhere {
	const struct sta_digest *digest;
	int64_t not_package;
	bool used;
};
struct sta_membership;
enum sta_rc sta_readable_elsewhere(struct sta_db_conn *c, const struct sta_call *call,
				   const struct sta_elsewhere *x, bool *found, struct sta_membership *out,
				   struct sta_err *err) STA_CHECK;

struct sta_account;
struct sta_repository_row;

/* The caller is a job that acts for the repository, whose account that is; workflow.c. */
void sta_become_workflow(struct sta_call *call, const struct sta_account *account,
			 const struct sta_repository_row *repository, const struct sta_workflow *workflow);

/* In each transaction that writes for a user: STA_UNAUTHENTICATED when the user was disabled, or
 * the rule that let a workflow in is gone, after the credential had been looked at. */
enum sta_rc sta_still_enabled(struct sta_db_conn *c, const struct sta_call *call,
			      struct sta_err *err) STA_CHECK;

/* May the caller read it?  Where a list was asked for: names that a bearer token is for do not matter. */
bool sta_may_list(const struct sta_caller *caller, const struct sta_package *p);
/* Does the caller see every package? */
bool sta_sees_everything(const struct sta_caller *caller);

struct sta_published_package;
/* As the packages API shows it to the caller, who may read it. */
enum sta_rc sta_published_describe(struct sta_db_conn *c, const struct sta_call *call,
				   const struct sta_package *p, struct sta_published_package *out,
				   struct sta_err *err) STA_CHECK;

/* In loops that may take long: STA_BUSY when the process is about to end. */
enum sta_rc sta_go_on(struct sta_registry *r, struct sta_err *err) STA_CHECK;

/* For operations that write: STA_WOULD_BLOCK unless the thread may wait. */
enum sta_rc sta_must_wait(const struct sta_call *call, struct sta_err *err) STA_CHECK;

#endif
