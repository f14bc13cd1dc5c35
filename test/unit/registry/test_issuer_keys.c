/* Keys of issuers: the net is what the test says, and the monotonic clock stands where it is put. */

#include "t.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../fault.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/fetch.h"
#include "registry/issuer_keys.h"
#include "signer.h"

#define URL "https://ci.example.com"
#define JWKS_URL "https://keys.example.com/jwks"
#define WAITERS 3
#define TTL 600U
#define ARENA_MAX ((size_t) 1 << 20)

FAULT(void *, sta_malloc, (size_t len), (len), NULL, ENOMEM)
FAULT(void *, sta_realloc, (void *p, size_t len), (p, len), NULL, ENOMEM)
FAULT(char *, sta_strdup, (const char *s), (s), NULL, ENOMEM)
FAULT(void *, sta_arena_alloc, (struct sta_arena * a, size_t len), (a, len), NULL, ENOMEM)
FAULT(char *, sta_arena_strdup, (struct sta_arena * a, const char *s), (a, s), NULL, ENOMEM)

/* --- the clock --- */

static _Atomic uint64_t clock_ms;

uint64_t __wrap_sta_now_ns(void);
uint64_t
__wrap_sta_now_ns(void)
{
	return atomic_load(&clock_ms) * 1000000;
}

static void
pass(uint64_t ms)
{
	(void) atomic_fetch_add(&clock_ms, ms);
}

/* --- the net --- */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* What it answers. */
	const char *discovery, *keys;
	enum sta_rc discovery_rc, keys_rc;
	bool holds; /* a fetch waits until this is false */
	/* What happened. */
	bool held;
	unsigned discoveries, key_sets;
	struct sta_fetch last;
	char last_url[256];
	unsigned waiters; /* threads that have begun to wait for another's fetch */
} net = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void
await_release(void)
{
	while (net.holds) {
		net.held = true;
		(void) pthread_cond_broadcast(&net.changed);
		(void) pthread_cond_wait(&net.changed, &net.lock);
	}
}

enum sta_rc __wrap_sta_fetch_get(struct sta_arena *a, const struct sta_fetch *what, char **out, size_t *len,
				 struct sta_err *err);
enum sta_rc
__wrap_sta_fetch_get(struct sta_arena *a, const struct sta_fetch *what, char **out, size_t *len,
		     struct sta_err *err)
{
	bool is_discovery = strstr(what->url, "/.well-known/openid-configuration") != NULL;
	const char *answer;
	enum sta_rc rc;

	(void) pthread_mutex_lock(&net.lock);
	net.discoveries += is_discovery;
	net.key_sets += !is_discovery;
	net.last = *what;
	(void) snprintf(net.last_url, sizeof(net.last_url), "%s", what->url);
	await_release();
	rc = is_discovery ? net.discovery_rc : net.keys_rc;
	answer = is_discovery ? net.discovery : net.keys;
	(void) pthread_mutex_unlock(&net.lock);
	if (rc != STA_OK)
		return sta_err_set(err, rc, 0, "the net says no");
	*out = sta_arena_strdup(a, answer);
	*len = strlen(answer);
	return *out ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "document");
}

/* --- waiting --- */

static atomic_bool time_is_up;
static struct timespec waited_until;

int __real_pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until);
int __wrap_pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until);
int
__wrap_pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until)
{
	static _Thread_local bool counted;

	if (!counted) {
		counted = true;
		(void) pthread_mutex_lock(&net.lock);
		net.waiters++;
		(void) pthread_cond_broadcast(&net.changed);
		(void) pthread_mutex_unlock(&net.lock);
	}
	if (atomic_load(&time_is_up)) {
		waited_until = *until;
		return ETIMEDOUT;
	}
	return __real_pthread_cond_timedwait(c, m, until);
}

/* --- an issuer, and who asks --- */

static struct sta_arena *arena; /* of tokens and documents */
static struct sta_issuer_keys *keys;
static struct sta_err err;
static const char *tokens[2];

static struct sta_issuer_row issuer;

static void
open_with(uint64_t ttl_s)
{
	static const char *const exceptions[] = { "127.0.0.0/8", NULL };
	const struct sta_issuer_keys_options o = { .ttl_s = ttl_s,
						   .threads_max = WAITERS + 1,
						   .exceptions = exceptions,
						   .ca_file = "/authorities.pem" };

	sta_issuer_keys_free(keys);
	keys = NULL;
	assert_int_equal(sta_issuer_keys_new(&o, &keys, &err), STA_OK);
}

static const char *
discovery_of(const char *url)
{
	return sta_arena_printf(arena, "{\"issuer\":\"%s\",\"jwks_uri\":\"" JWKS_URL "\"}", url);
}

static int
set_up(void **state)
{
	(void) state;
	arena = sta_arena_new(8 << 20);
	assert_non_null(arena);
	for (unsigned i = 0; i < 2; i++)
		tokens[i] = signer_token(arena, i, "{\"sub\":\"x\"}");
	issuer = (struct sta_issuer_row){ .id = 1,
					  .name = "ci",
					  .url = URL,
					  .audience = "a",
					  .claims = "",
					  .read_events = "",
					  .keys = "" };
	net.discovery = discovery_of(URL);
	net.keys = signer_set(arena, 1);
	net.discovery_rc = net.keys_rc = STA_OK;
	net.holds = net.held = false;
	net.discoveries = net.key_sets = net.waiters = 0;
	atomic_store(&time_is_up, false);
	atomic_store(&clock_ms, 5000); /* not long after the machine has started */
	open_with(TTL);
	return 0;
}

static int
tear_down(void **state)
{
	(void) state;
	sta_issuer_keys_free(keys);
	keys = NULL;
	sta_arena_free(arena);
	return 0;
}

static enum sta_rc
verify_in(struct sta_arena *a, const char *token, bool may_wait, struct sta_err *why)
{
	struct sta_jwt jwt = { 0 };
	enum sta_rc rc = sta_jwt_parse(a, token, strlen(token), &jwt, why);

	return rc == STA_OK ? sta_issuer_keys_verify(keys, a, &issuer, &jwt, may_wait, why) : rc;
}

static enum sta_rc
verify(const char *token)
{
	enum sta_rc rc;

	err = (struct sta_err){ .rc = STA_OK };
	rc = verify_in(arena, token, true, &err);
	if (rc != STA_OK)
		assert_int_equal(err.rc, rc);
	return rc;
}

static enum sta_rc
verify_at_once(const char *token)
{
	err = (struct sta_err){ .rc = STA_OK };
	return verify_in(arena, token, false, &err);
}

static void
assert_fetches(unsigned discoveries, unsigned key_sets)
{
	assert_int_equal(net.discoveries, discoveries);
	assert_int_equal(net.key_sets, key_sets);
}

static void
the_issuers_keys_are_fetched_under_guard_from_where_its_discovery_says(void **state)
{
	(void) state;
	net.keys_rc = STA_IO;
	net.discovery_rc = STA_IO;
	assert_int_equal(verify(tokens[0]), STA_BUSY);
	assert_string_equal(net.last_url, URL "/.well-known/openid-configuration");
	assert_int_equal(net.last.max, 65536);
	assert_int_equal(net.last.timeout_ms, STA_KEYS_FETCH_MS);
	assert_int_equal(net.last.guard.n_exceptions, 1);
	assert_string_equal(net.last.ca_file, "/authorities.pem");
	net.keys_rc = net.discovery_rc = STA_OK;
	pass(STA_KEYS_PAUSE_S * 1000);
	assert_int_equal(verify(tokens[0]), STA_OK);
	assert_string_equal(net.last_url, JWKS_URL);
	assert_int_equal(net.last.max, STA_JWKS_MAX);
	assert_int_equal(net.last.timeout_ms, STA_KEYS_FETCH_MS);
	assert_int_equal(net.last.guard.n_exceptions, 1);
	assert_string_equal(net.last.ca_file, "/authorities.pem");
	assert_fetches(2, 1);
}

static void
a_slash_at_the_end_of_the_issuers_url_is_not_doubled(void **state)
{
	(void) state;
	issuer.url = URL "/realm/";
	net.discovery_rc = STA_IO;
	assert_int_equal(verify(tokens[0]), STA_BUSY);
	assert_string_equal(net.last_url, URL "/realm/.well-known/openid-configuration");
	net.discovery_rc = STA_OK;
	net.discovery = discovery_of(URL "/realm"); /* which is another issuer's */
	pass(STA_KEYS_PAUSE_S * 1000);
	assert_int_equal(verify(tokens[0]), STA_BUSY);
	net.discovery = discovery_of(URL "/realm/");
	pass(STA_KEYS_PAUSE_S * 1000);
	assert_int_equal(verify(tokens[0]), STA_OK);
}

static void
keys_are_fetched_once_and_anew_after_their_time(void **state)
{
	(void) state;
	assert_int_equal(verify(tokens[0]), STA_OK);
	assert_int_equal(verify(tokens[0]), STA_OK);
	pass(TTL * 1000 - 1);
	assert_int_equal(verify(tokens[0]), STA_OK);
	assert_fetches(1, 1);
	pass(1);
	assert_int_equal(verify(tokens[0]), STA_OK);
	assert_fetches(2, 2);
}

static void
a_key_that_the_issuer_has_withdrawn_is_good_until_the_next_fetch(void **state)
{
	(void) state;
	assert_int_equal(verify(tokens[0]), STA_OK);
	net.keys = signer_set(arena, 2);
	assert_int_equal(verify(tokens[0]), STA_OK);
	pass(TTL * 1000);
	assert_int_equal(verify(tokens[0]), STA_UNAUTHENTICATED);
	assert_int_equal(verify(tokens[1]), STA_OK);
	assert_fetches(2, 2);
}

static void
a_key_that_is_not_known_has_them_fetched_but_not_on_and_on(void **state)
{
	(void) state;
	assert_int_equal(verify(tokens[0]), STA_OK);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(verify(tokens[1]), STA_UNAUTHENTICATED);
		assert_string_equal(err.msg, "the issuer has no key of that id");
	}
	assert_fetches(1, 1);
	pass(STA_KEYS_PAUSE_S * 1000 - 1);
	assert_int_equal(verify(tokens[1]), STA_UNAUTHENTICATED);
	assert_fetches(1, 1);
	pass(1);
	assert_int_equal(verify(tokens[1]), STA_UNAUTHENTICATED);
	assert_fetches(2, 2);
	net.keys = signer_set(arena, 3);
	pass(STA_KEYS_PAUSE_S * 1000);
	assert_int_equal(verify(tokens[1]), STA_OK);
	assert_int_equal(verify(tokens[0]), STA_OK);
	assert_fetches(3, 3);
}

static void
the_pause_is_no_longer_than_the_keys_time(void **state)
{
	(void) state;
	open_with(3);
	assert_int_equal(verify(tokens[0]), STA_OK);
	pass(2999);
	assert_int_equal(verify(tokens[1]), STA_UNAUTHENTICATED);
	assert_fetches(1, 1);
	pass(1);
	assert_int_equal(verify(tokens[1]), STA_UNAUTHENTICATED);
	assert_fetches(2, 2);
}

static void
a_wrong_signature_has_nothing_fetched(void **state)
{
	(void) state;
	assert_int_equal(verify(tokens[0]), STA_OK);
	pass(STA_KEYS_PAUSE_S * 1000);
	assert_int_equal(verify(signer_token_by(arena, 0, 1, "{}")), STA_UNAUTHENTICATED);
	assert_fetches(1, 1);
}

static void
an_issuer_that_cannot_be_reached_is_not_asked_on_and_on(void **state)
{
	(void) state;
	net.discovery_rc = STA_IO;
	assert_int_equal(verify(tokens[0]), STA_BUSY);
	assert_string_equal(err.msg, "the keys of the issuer 'ci' cannot be had now");
	net.discovery_rc = STA_OK;
	pass(STA_KEYS_PAUSE_S * 1000 - 1);
	assert_int_equal(verify(tokens[0]), STA_BUSY);
	assert_fetches(1, 0);
	pass(1);
	assert_int_equal(verify(tokens[0]), STA_OK);
	assert_fetches(2, 1);
}

static void
keys_stay_good_for_an_hour_while_the_issuer_cannot_be_reached_and_not_longer(void **state)
{
	(void) state;
	assert_int_equal(verify(tokens[0]), STA_OK);
	net.discovery_rc = STA_IO;
	pass(TTL * 1000);
	assert_int_equal(verify(tokens[0]), STA_OK);
	assert_fetches(2, 1);
	assert_int_equal(verify(tokens[0]), STA_OK); /* in the pause */
	assert_fetches(2, 1);
	assert_int_equal(verify(tokens[1]), STA_UNAUTHENTICATED);
	pass(STA_KEYS_STALE_S * 1000 - 1);
	assert_int_equal(verify(tokens[0]), STA_OK);
	assert_fetches(3, 1);
	pass(1);
	assert_int_equal(verify(tokens[0]), STA_BUSY);
	pass(STA_KEYS_PAUSE_S * 1000);
	net.discovery_rc = STA_OK;
	assert_int_equal(verify(tokens[0]), STA_OK);
}

static void
documents_that_are_not_the_issuers_give_no_keys(void **state)
{
	static const char *const discoveries[] = {
		"",
		"x",
		"[]",
		"null",
		"{}",
		"{\"jwks_uri\":\"" JWKS_URL "\"}",
		"{\"issuer\":null,\"jwks_uri\":\"" JWKS_URL "\"}",
		"{\"issuer\":[\"" URL "\"],\"jwks_uri\":\"" JWKS_URL "\"}",
		"{\"issuer\":\"" URL "/\",\"jwks_uri\":\"" JWKS_URL "\"}",
		"{\"issuer\":\"https://other.example.com\",\"jwks_uri\":\"" JWKS_URL "\"}",
		"{\"issuer\":\"" URL "\"}",
		"{\"issuer\":\"" URL "\",\"jwks_uri\":null}",
		"{\"issuer\":\"" URL "\",\"jwks_uri\":7}",
		"{\"issuer\":\"" URL "\",\"jwks_uri\":[\"" JWKS_URL "\"]}",
		"{\"issuer\":\"" URL "\",\"jwks_uri\":\"" JWKS_URL "\"",
	};
	static const char *const sets[] = {
		"", "x", "{}", "[]", "{\"keys\":[]}", "{\"keys\":[{\"kty\":\"oct\"}]}"
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(discoveries); i++) {
		net.discovery = discoveries[i];
		pass(STA_KEYS_PAUSE_S * 1000);
		if (verify(tokens[0]) != STA_BUSY)
			fail_msg("%s", discoveries[i]);
		assert_fetches((unsigned) i + 1, 0);
	}
	net.discovery = discovery_of(URL);
	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		net.keys = sets[i];
		pass(STA_KEYS_PAUSE_S * 1000);
		if (verify(tokens[0]) != STA_BUSY)
			fail_msg("%s", sets[i]);
		assert_int_equal(net.key_sets, i + 1);
	}
}

static void
whatever_keeps_a_document_away_is_the_same_to_who_asks(void **state)
{
	static const enum sta_rc why[] = { STA_IO, STA_DENIED, STA_INVALID, STA_NOMEM, STA_NOT_FOUND };

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(why); i++) {
		net.discovery_rc = why[i];
		pass(STA_KEYS_PAUSE_S * 1000);
		assert_int_equal(verify(tokens[0]), STA_BUSY);
		net.discovery_rc = STA_OK;
		net.keys_rc = why[i];
		pass(STA_KEYS_PAUSE_S * 1000);
		assert_int_equal(verify(tokens[0]), STA_BUSY);
		net.keys_rc = STA_OK;
	}
	pass(STA_KEYS_PAUSE_S * 1000);
	assert_int_equal(verify(tokens[0]), STA_OK);
}

static void
keys_that_were_given_are_never_fetched_and_do_not_age(void **state)
{
	(void) state;
	issuer.keys = signer_set(arena, 1);
	assert_int_equal(verify(tokens[0]), STA_OK);
	pass((TTL + STA_KEYS_STALE_S) * 1000 * 1000);
	assert_int_equal(verify(tokens[0]), STA_OK);
	assert_int_equal(verify_at_once(tokens[0]), STA_OK);
	assert_int_equal(verify_at_once(tokens[1]), STA_UNAUTHENTICATED);
	assert_int_equal(verify(tokens[1]), STA_UNAUTHENTICATED);
	assert_fetches(0, 0);
}

static void
who_may_not_wait_fetches_nothing(void **state)
{
	(void) state;
	assert_int_equal(verify_at_once(tokens[0]), STA_WOULD_BLOCK);
	assert_fetches(0, 0);
	assert_int_equal(verify(tokens[0]), STA_OK);
	assert_int_equal(verify_at_once(tokens[0]), STA_OK);
	assert_int_equal(verify_at_once(tokens[1]),
			 STA_UNAUTHENTICATED); /* in the pause there is nothing to wait for */
	pass(STA_KEYS_PAUSE_S * 1000);
	assert_int_equal(verify_at_once(tokens[1]), STA_WOULD_BLOCK);
	assert_int_equal(verify_at_once(tokens[0]), STA_OK);
	pass(TTL * 1000);
	assert_int_equal(verify_at_once(tokens[0]), STA_WOULD_BLOCK);
	net.discovery_rc = STA_IO;
	assert_int_equal(verify(tokens[0]), STA_OK);
	assert_int_equal(verify_at_once(tokens[0]), STA_OK); /* old, and in the pause */
	assert_fetches(2, 1);
}

static void
each_issuer_has_its_own_keys_and_what_is_forgotten_is_fetched_anew(void **state)
{
	(void) state;
	assert_int_equal(verify(tokens[0]), STA_OK);
	issuer.id = 2;
	net.keys = signer_set(arena, 2);
	assert_int_equal(verify(tokens[1]), STA_OK);
	assert_int_equal(verify(tokens[0]), STA_UNAUTHENTICATED);
	assert_fetches(2, 2);
	sta_issuer_keys_forget(keys, 3);
	sta_issuer_keys_forget(keys, 1);
	assert_int_equal(verify(tokens[1]), STA_OK);
	assert_fetches(2, 2);
	issuer.id = 1;
	assert_int_equal(verify(tokens[1]), STA_OK);
	assert_fetches(3, 3);
}

/* --- several threads --- */

struct asker {
	pthread_t thread;
	enum sta_rc rc;
};

static void *
ask(void *arg)
{
	struct asker *x = arg;
	struct sta_arena *own = sta_arena_new(ARENA_MAX);
	struct sta_err why = { 0 };

	x->rc = verify_in(own, tokens[0], true, &why);
	sta_arena_free(own);
	return NULL;
}

static void
start(struct asker *x)
{
	assert_int_equal(pthread_create(&x->thread, NULL, ask, x), 0);
}

static enum sta_rc
join(struct asker *x)
{
	assert_int_equal(pthread_join(x->thread, NULL), 0);
	return x->rc;
}

/* A thread that is in the middle of a fetch. */
static void
start_fetch(struct asker *x)
{
	net.holds = true;
	start(x);
	(void) pthread_mutex_lock(&net.lock);
	while (!net.held)
		(void) pthread_cond_wait(&net.changed, &net.lock);
	(void) pthread_mutex_unlock(&net.lock);
}

static void
await_waiters(unsigned n)
{
	(void) pthread_mutex_lock(&net.lock);
	while (net.waiters < n)
		(void) pthread_cond_wait(&net.changed, &net.lock);
	(void) pthread_mutex_unlock(&net.lock);
}

static void
end_fetch(void)
{
	(void) pthread_mutex_lock(&net.lock);
	net.holds = false;
	(void) pthread_cond_broadcast(&net.changed);
	(void) pthread_mutex_unlock(&net.lock);
}

static void
one_thread_fetches_for_all_that_wait_and_of_those_there_are_so_many_at_most(void **state)
{
	struct asker first, others[WAITERS];

	(void) state;
	start_fetch(&first);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		start(&others[i]);
	await_waiters(WAITERS);
	assert_int_equal(verify(tokens[0]), STA_BUSY); /* at once */
	assert_int_equal(net.waiters, WAITERS);
	assert_int_equal(verify_at_once(tokens[0]), STA_WOULD_BLOCK);
	end_fetch();
	assert_int_equal(join(&first), STA_OK);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_int_equal(join(&others[i]), STA_OK);
	assert_fetches(1, 1);
}

static void
those_that_wait_for_a_fetch_that_fails_do_not_fetch_after_it(void **state)
{
	struct asker first, other;

	(void) state;
	net.discovery_rc = STA_IO;
	start_fetch(&first);
	start(&other);
	await_waiters(1);
	end_fetch();
	assert_int_equal(join(&first), STA_BUSY);
	assert_int_equal(join(&other), STA_BUSY);
	assert_fetches(1, 0);
}

static int64_t
ns_of(const struct timespec *t)
{
	return (int64_t) t->tv_sec * 1000000000 + t->tv_nsec;
}

static void
nobody_waits_longer_than_two_seconds_for_anothers_fetch(void **state)
{
	struct timespec before, after;
	struct asker first;

	(void) state;
	start_fetch(&first);
	atomic_store(&time_is_up, true);
	(void) clock_gettime(CLOCK_MONOTONIC, &before);
	assert_int_equal(verify(tokens[0]), STA_BUSY);
	(void) clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true(ns_of(&waited_until) >= ns_of(&before) + 2000000000);
	assert_true(ns_of(&waited_until) <= ns_of(&after) + 2000000000);
	end_fetch();
	assert_int_equal(join(&first), STA_OK);
	assert_fetches(1, 1);
}

static void
while_keys_are_fetched_those_there_stay_good(void **state)
{
	struct asker first;

	(void) state;
	assert_int_equal(verify(tokens[0]), STA_OK);
	pass(TTL * 1000);
	start_fetch(&first);
	atomic_store(&time_is_up, true);
	assert_int_equal(verify(tokens[0]), STA_OK);
	assert_int_equal(verify(tokens[1]), STA_BUSY); /* it may be among the new ones */
	end_fetch();
	assert_int_equal(join(&first), STA_OK);
}

static void
an_issuer_can_be_forgotten_while_its_keys_are_fetched(void **state)
{
	struct asker first, other;

	(void) state;
	start_fetch(&first);
	start(&other);
	await_waiters(1);
	sta_issuer_keys_forget(keys, 1);
	end_fetch();
	assert_int_equal(join(&first), STA_OK); /* they began before it was */
	assert_int_equal(join(&other), STA_OK);
	assert_fetches(1, 1);
	assert_int_equal(verify(tokens[0]), STA_OK);
	assert_fetches(2, 2);
}

/* --- no memory --- */

/* Verifies with the n-th allocation failing; false: there was none. */
static bool
fails_at(long n, enum sta_rc *rc)
{
	struct sta_arena *own;

	open_with(TTL);
	own = sta_arena_new(ARENA_MAX);
	assert_non_null(own);
	err = (struct sta_err){ .rc = STA_OK };
	fault_at(n);
	*rc = verify_in(own, tokens[0], true, &err);
	sta_arena_free(own);
	return fault_done();
}

static void
assert_recovers(long least)
{
	long n = 0;
	enum sta_rc rc;

	for (; fails_at(n, &rc); n++) {
		if (rc != STA_NOMEM && rc != STA_BUSY && rc != STA_OK)
			fail_msg("%s: %s", fault.name, err.msg);
		pass(STA_KEYS_PAUSE_S * 1000);
		assert_int_equal(verify(tokens[0]), STA_OK);
	}
	assert_int_equal(rc, STA_OK);
	assert_true(n >= least);
}

static void
an_allocation_that_fails_takes_no_keys_away(void **state)
{
	(void) state;
	assert_recovers(10);
	issuer.keys = signer_set(arena, 1);
	assert_recovers(5);
}

static void
an_allocation_that_fails_while_keys_are_renewed_leaves_those_there(void **state)
{
	struct sta_arena *own;
	bool failed = true;
	enum sta_rc rc;
	long n = 0;

	(void) state;
	for (; failed; n++) {
		open_with(TTL);
		assert_int_equal(verify(tokens[0]), STA_OK);
		pass(TTL * 1000);
		own = sta_arena_new(ARENA_MAX);
		assert_non_null(own);
		err = (struct sta_err){ .rc = STA_OK };
		fault_at(n);
		rc = verify_in(own, tokens[0], true, &err);
		failed = fault_done();
		sta_arena_free(own);
		assert_true(rc == STA_OK || (failed && rc == STA_NOMEM));
		net.discovery_rc = STA_IO; /* they are what was there, or new already */
		assert_int_equal(verify(tokens[0]), STA_OK);
		net.discovery_rc = STA_OK;
	}
	assert_true(n > 10);
}

static void
a_full_arena_fetches_no_keys_and_harms_none(void **state)
{
	enum sta_rc rc = STA_BUSY;

	(void) state;
	for (size_t cap = 0; rc != STA_OK; cap += 64) {
		struct sta_arena *own = sta_arena_new(cap);

		assert_non_null(own);
		rc = verify_in(own, tokens[0], true, &err);
		assert_true(rc == STA_OK || rc == STA_NOMEM || rc == STA_BUSY);
		sta_arena_free(own);
		pass(STA_KEYS_PAUSE_S * 1000);
	}
	assert_int_equal(verify(tokens[0]), STA_OK);
}

static void
no_memory_makes_no_keeper(void **state)
{
	const struct sta_issuer_keys_options o = { .ttl_s = TTL, .threads_max = 1 };
	struct sta_issuer_keys *none = NULL;

	(void) state;
	fault_at(0);
	assert_int_equal(sta_issuer_keys_new(&o, &none, &err), STA_NOMEM);
	assert_true(fault_done());
	assert_null(none);
	sta_issuer_keys_free(NULL);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_issuers_keys_are_fetched_under_guard_from_where_its_discovery_says),
		TEST(a_slash_at_the_end_of_the_issuers_url_is_not_doubled),
		TEST(keys_are_fetched_once_and_anew_after_their_time),
		TEST(a_key_that_the_issuer_has_withdrawn_is_good_until_the_next_fetch),
		TEST(a_key_that_is_not_known_has_them_fetched_but_not_on_and_on),
		TEST(the_pause_is_no_longer_than_the_keys_time),
		TEST(a_wrong_signature_has_nothing_fetched),
		TEST(an_issuer_that_cannot_be_reached_is_not_asked_on_and_on),
		TEST(keys_stay_good_for_an_hour_while_the_issuer_cannot_be_reached_and_not_longer),
		TEST(documents_that_are_not_the_issuers_give_no_keys),
		TEST(whatever_keeps_a_document_away_is_the_same_to_who_asks),
		TEST(keys_that_were_given_are_never_fetched_and_do_not_age),
		TEST(who_may_not_wait_fetches_nothing),
		TEST(each_issuer_has_its_own_keys_and_what_is_forgotten_is_fetched_anew),
		TEST(one_thread_fetches_for_all_that_wait_and_of_those_there_are_so_many_at_most),
		TEST(those_that_wait_for_a_fetch_that_fails_do_not_fetch_after_it),
		TEST(nobody_waits_longer_than_two_seconds_for_anothers_fetch),
		TEST(while_keys_are_fetched_those_there_stay_good),
		TEST(an_issuer_can_be_forgotten_while_its_keys_are_fetched),
		TEST(an_allocation_that_fails_takes_no_keys_away),
		TEST(an_allocation_that_fails_while_keys_are_renewed_leaves_those_there),
		TEST(a_full_arena_fetches_no_keys_and_harms_none),
		TEST(no_memory_makes_no_keeper),
	};

	sta_log_setup(STA_LOG_ERROR, false);
	return cmocka_run_group_tests(tests, signer_start, signer_stop);
}
