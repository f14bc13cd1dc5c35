#include "registry/registry.h"

#include <string.h>

#include "base/alloc.h"
#include "base/auto.h"
#include "crypto/random.h"
#include "model/schema.h"
#include "model/settings.h"
#include "registry/core.h"
#include "registry/issuer_keys.h"
#include "registry/pulls.h"

#define WRITERS 4
#define KEY_SETTING "token key"
#define KEY_ARENA_MAX ((size_t) 64 << 10)
#define BEARER_SLOTS 4096
#define PASSWORD_SLOTS 512
#define CALLER_SLOTS 4096
#define MANIFEST_SLOTS 1024 /* of at most STA_CACHED_MANIFEST_MAX bytes */

void
sta_registry_defaults(struct sta_registry_options *o)
{
	*o = (struct sta_registry_options){
		.layer_max = UINT64_C(10) * 1000 * 1000 * 1000,
		.upload_ttl_s = UINT64_C(24) * 3600,
		.collect_grace_s = 3600,
		.token_ttl_s = 300,
		.uploads_per_user = 1000,
		.login_free_attempts = 5,
		.workflow_ttl_s = 3600,
		.issuer_keys_ttl_s = 600,
		.retire_after = 5000,
		.trash_keep_s = UINT64_C(30) * 24 * 3600,
		.popular_after = 5000,
		.statistics_keep_s = UINT64_C(400) * 24 * 3600,
	};
}

static enum sta_rc
keep_key(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	return sta_setting_init(c, KEY_SETTING, arg, err);
}

/* The key that the database holds; on first use one is made and put there.
 * Reading it back settles who came first. */
static enum sta_rc
load_key(struct sta_registry *r, struct sta_arena *a, struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_sign_key *made = NULL;
	const char *pem = NULL;
	char *new_pem = NULL;
	enum sta_rc rc = sta_db_reader(r->db, &c, err);

	if (rc == STA_OK)
		rc = sta_setting_get(c, a, KEY_SETTING, &pem, err);
	if (rc == STA_NOT_FOUND) {
		rc = sta_sign_key_new(&made, err);
		if (rc == STA_OK)
			rc = sta_sign_key_save(made, a, &new_pem, err);
		if (rc == STA_OK)
			rc = sta_db_write(r->db, keep_key, new_pem, err);
		if (rc == STA_OK)
			rc = sta_setting_get(c, a, KEY_SETTING, &pem, err);
		sta_sign_key_free(made);
	}
	return rc == STA_OK ? sta_sign_key_load(pem, strlen(pem), &r->key, err) : rc;
}

static enum sta_rc
make_caches(struct sta_registry *r, struct sta_err *err)
{
	enum sta_rc rc = sta_random_bytes(r->cache_key, sizeof(r->cache_key), err);

	if (rc == STA_OK)
		rc = sta_cache_new(BEARER_SLOTS, &r->bearers, err);
	if (rc == STA_OK)
		rc = sta_cache_new(PASSWORD_SLOTS, &r->passwords, err);
	if (rc == STA_OK)
		rc = sta_cache_new(CALLER_SLOTS, &r->callers, err);
	if (rc == STA_OK)
		rc = sta_cache_new(MANIFEST_SLOTS, &r->manifests, err);
	return rc;
}

static enum sta_rc
make_issuer_keys(struct sta_registry *r, struct sta_err *err)
{
	size_t threads =
		r->workers ? sta_pool_threads(r->workers) / 2 : 0; /* others have work for the rest */
	const struct sta_issuer_keys_options o = {
		.ttl_s = r->options.issuer_keys_ttl_s,
		.threads_max = threads > 0 ? threads : 1,
		.exceptions = r->options.net_exceptions,
		.ca_file = r->options.net_ca_file,
	};

	return sta_issuer_keys_new(&o, &r->issuer_keys, err);
}

static enum sta_rc
fill(struct sta_registry *r, struct sta_err *err)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(KEY_ARENA_MAX);
	enum sta_rc rc = a ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "registry");

	if (rc == STA_OK)
		rc = sta_schema_upgrade(r->db, err);
	if (rc == STA_OK)
		rc = load_key(r, a, err);
	if (rc == STA_OK)
		rc = make_caches(r, err);
	if (rc == STA_OK)
		rc = sta_sessions_new(&r->sessions, err);
	if (rc == STA_OK && r->workers)
		rc = sta_pool_new(WRITERS, "writer", &r->writers, err);
	if (rc == STA_OK)
		rc = sta_used_new(&r->used, err);
	if (rc == STA_OK)
		rc = sta_pulls_new(&r->pulls, err);
	if (rc == STA_OK)
		rc = sta_attempts_new(r->options.login_free_attempts, &r->attempts, err);
	if (rc == STA_OK)
		rc = make_issuer_keys(r, err);
	return rc;
}

enum sta_rc
sta_registry_open(struct sta_db *db, struct sta_store *store, struct sta_pool *workers,
		  const struct sta_registry_options *o, struct sta_registry **out, struct sta_err *err)
{
	struct sta_registry *r = sta_malloc(sizeof(*r));
	enum sta_rc rc;

	if (!r)
		return sta_err_set(err, STA_NOMEM, 0, "registry");
	r->db = db;
	r->store = store;
	r->workers = workers;
	r->options = *o;
	(void) pthread_mutex_init(&r->removing, NULL);
	rc = fill(r, err);
	if (rc != STA_OK) {
		sta_registry_close(r);
		return rc;
	}
	*out = r;
	return STA_OK;
}

void
sta_registry_close(struct sta_registry *r)
{
	if (!r)
		return;
	sta_pool_free(r->writers); /* which may have buffers in hand */
	sta_issuer_keys_free(r->issuer_keys);
	sta_attempts_free(r->attempts);
	sta_used_free(r->used);
	sta_pulls_free(r->pulls);
	sta_sessions_free(r->sessions);
	sta_cache_free(r->manifests);
	sta_cache_free(r->callers);
	sta_cache_free(r->passwords);
	sta_cache_free(r->bearers);
	sta_sign_key_free(r->key);
	(void) pthread_mutex_destroy(&r->removing);
	sta_free(r);
}

void
sta_registry_stopping(struct sta_registry *r)
{
	atomic_store(&r->stopping, true);
}

enum sta_rc
sta_go_on(struct sta_registry *r, struct sta_err *err)
{
	return atomic_load(&r->stopping) ? sta_err_set(err, STA_BUSY, 0, "the server is stopping") : STA_OK;
}

void
sta_login_stats(struct sta_registry *r, struct sta_login_stats *out)
{
	struct sta_attempts_stats s;

	sta_attempts_stats(r->attempts, &s);
	*out = (struct sta_login_stats){ .failed = s.failed, .delayed = s.delayed };
}

struct sta_call
sta_call_system(struct sta_arena *arena)
{
	return (struct sta_call){
		.arena = arena,
		.caller = { .kind = STA_CALLER_SYSTEM, .login = "", .scopes = STA_SCOPE_ALL },
		.may_wait = true,
		.peer = "",
	};
}
