#include "registry/issuer_keys.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/fetch.h"

#define EXCEPTIONS_MAX 64
#define DISCOVERY "/.well-known/openid-configuration"
#define DOCUMENT_MAX ((size_t) 64 << 10)

/* A set that nobody changes; whoever verifies with it holds it. */
struct set {
	struct sta_jwks *keys;
	unsigned holders;
};

struct entry {
	struct entry *next;
	int64_t issuer_id;
	struct set *set;     /* NULL: none yet */
	bool given;          /* with the issuer, not fetched */
	bool fetching;       /* a thread is at it */
	bool tried;          /* at tried_ms, with or without success */
	uint64_t fetched_ms; /* of set */
	uint64_t tried_ms;
	unsigned users; /* threads that hold the entry */
	bool gone;      /* and the last of them ends it */
};

struct sta_issuer_keys {
	struct sta_issuer_keys_options options;
	struct sta_prefix exceptions[EXCEPTIONS_MAX];
	size_t n_exceptions;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t ended; /* a fetch */
	struct entry *first;
	size_t held; /* threads that fetch or wait */
};

enum sta_rc
sta_issuer_keys_new(const struct sta_issuer_keys_options *o, struct sta_issuer_keys **out,
		    struct sta_err *err)
{
	struct sta_issuer_keys *k = sta_malloc(sizeof(*k));
	pthread_condattr_t monotonic;

	if (!k)
		return sta_err_set(err, STA_NOMEM, 0, "keys of issuers");
	*k = (struct sta_issuer_keys){ .options = *o };
	for (const char *const *e = o->exceptions; e && *e && k->n_exceptions < EXCEPTIONS_MAX; e++)
		k->n_exceptions += sta_prefix_parse(*e, &k->exceptions[k->n_exceptions]);
	(void) pthread_mutex_init(&k->lock, NULL);
	(void) pthread_condattr_init(&monotonic);
	(void) pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void) pthread_cond_init(&k->ended, &monotonic);
	(void) pthread_condattr_destroy(&monotonic);
	*out = k;
	return STA_OK;
}

/* With the lock, or when nobody else is there. */
static void
drop(struct set *s)
{
	if (!s || --s->holders > 0)
		return;
	sta_jwks_free(s->keys);
	sta_free(s);
}

/* With the lock: it is out of the list, or in none. */
static void
free_entry(struct entry *e)
{
	drop(e->set);
	sta_free(e);
}

void
sta_issuer_keys_free(struct sta_issuer_keys *k)
{
	if (!k)
		return;
	while (k->first) {
		struct entry *e = k->first;

		k->first = e->next;
		free_entry(e);
	}
	(void) pthread_cond_destroy(&k->ended);
	(void) pthread_mutex_destroy(&k->lock);
	sta_free(k);
}

void
sta_issuer_keys_forget(struct sta_issuer_keys *k, int64_t issuer_id)
{
	struct entry **p = &k->first;
	struct entry *e;

	(void) pthread_mutex_lock(&k->lock);
	while (*p && (*p)->issuer_id != issuer_id)
		p = &(*p)->next;
	e = *p;
	if (e) {
		*p = e->next;
		e->gone = true;
		if (e->users == 0)
			free_entry(e);
	}
	(void) pthread_mutex_unlock(&k->lock);
}

/* With the lock; NULL: out of memory. */
static struct entry *
entry_of(struct sta_issuer_keys *k, int64_t issuer_id)
{
	struct entry *e = k->first;

	while (e && e->issuer_id != issuer_id)
		e = e->next;
	if (e)
		return e;
	e = sta_malloc(sizeof(*e));
	if (!e)
		return NULL;
	*e = (struct entry){ .next = k->first, .issuer_id = issuer_id };
	k->first = e;
	return e;
}

static enum sta_rc
make_set(const char *json, size_t len, struct set **out, struct sta_err *err)
{
	struct set *s = sta_malloc(sizeof(*s));
	enum sta_rc rc;

	if (!s)
		return sta_err_set(err, STA_NOMEM, 0, "keys of an issuer");
	*s = (struct set){ .holders = 1 };
	rc = sta_jwks_parse(json, len, &s->keys, err);
	if (rc == STA_OK)
		*out = s;
	else
		sta_free(s);
	return rc;
}

static enum sta_rc
fetch(const struct sta_issuer_keys *k, struct sta_arena *a, const char *url, size_t max, char **out,
      size_t *len, struct sta_err *err)
{
	const struct sta_fetch what = {
		.url = url,
		.max = max,
		.timeout_ms = STA_KEYS_FETCH_MS,
		.guard = { .exceptions = k->exceptions, .n_exceptions = k->n_exceptions },
		.ca_file = k->options.ca_file,
	};

	return sta_fetch_get(a, &what, out, len, err);
}

/* Where the discovery document says that the keys are. */
static enum sta_rc
find_keys(const struct sta_issuer_keys *k, struct sta_arena *a, const char *issuer, const char **out,
	  struct sta_err *err)
{
	size_t url_len = strlen(issuer);
	const char *url = sta_arena_printf(
		a, "%.*s" DISCOVERY, (int) (url_len - (url_len > 0 && issuer[url_len - 1] == '/')), issuer);
	char *text = NULL;
	size_t len = 0;
	json_t *j = NULL;
	const char *is;
	enum sta_rc rc;

	if (!url)
		return sta_err_set(err, STA_NOMEM, 0, "keys of an issuer");
	rc = fetch(k, a, url, DOCUMENT_MAX, &text, &len, err);
	if (rc == STA_OK)
		rc = sta_json_load(a, text, len, &j, err);
	if (rc != STA_OK)
		return rc;
	is = json_string_value(json_object_get(j, "issuer"));
	*out = json_string_value(json_object_get(j, "jwks_uri"));
	if (!is || strcmp(is, issuer) != 0)
		return sta_err_set(err, STA_INVALID, 0, "its discovery document is of another issuer");
	if (!*out)
		return sta_err_set(err, STA_INVALID, 0, "its discovery document has no jwks_uri");
	return STA_OK;
}

static enum sta_rc
fetch_set(const struct sta_issuer_keys *k, struct sta_arena *a, const struct sta_issuer_row *issuer,
	  struct set **out, struct sta_err *err)
{
	const char *url = NULL;
	char *text = NULL;
	size_t len = 0;
	enum sta_rc rc;

	rc = find_keys(k, a, issuer->url, &url, err);
	if (rc == STA_OK)
		rc = fetch(k, a, url, STA_JWKS_MAX, &text, &len, err);
	return rc == STA_OK ? make_set(text, len, out, err) : rc;
}

static void
log_fetch(const struct sta_issuer_row *issuer, const struct set *s, const struct sta_err *err)
{
	sta_log(s ? STA_LOG_INFO : STA_LOG_WARN, s ? "keys of issuer fetched" : "keys of issuer not fetched",
		(const struct sta_log_field[]){
			STA_F_STR("issuer", issuer->name),
			STA_F_INT("keys", s ? (int64_t) sta_jwks_count(s->keys) : 0),
			STA_F_STR("why", s ? "" : err->msg),
			STA_F_END,
		});
}

static uint64_t
now_ms(void)
{
	return sta_now_ns() / 1000000;
}

static uint64_t
since(uint64_t ms)
{
	return now_ms() - ms;
}

static bool
is_fresh(const struct sta_issuer_keys *k, const struct entry *e)
{
	return e->set && (e->given || since(e->fetched_ms) < k->options.ttl_s * 1000);
}

/* Fresh, or of an issuer that cannot be reached. */
static bool
is_usable(const struct sta_issuer_keys *k, const struct entry *e)
{
	return e->set && (e->given || since(e->fetched_ms) < (k->options.ttl_s + STA_KEYS_STALE_S) * 1000);
}

/* Too early to ask the issuer again. */
static bool
must_pause(const struct sta_issuer_keys *k, const struct entry *e)
{
	uint64_t pause_s = k->options.ttl_s < STA_KEYS_PAUSE_S ? k->options.ttl_s : STA_KEYS_PAUSE_S;

	return e->given || (e->tried && since(e->tried_ms) < pause_s * 1000);
}

/* With the lock, which it gives away meanwhile: until the thread that fetches has ended. */
static void
wait_for_fetch(struct sta_issuer_keys *k, struct entry *e)
{
	struct timespec until;
	int late = 0;

	(void) clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += STA_KEYS_WAIT_S;
	while (e->fetching && late == 0)
		late = pthread_cond_timedwait(&k->ended, &k->lock, &until);
}

/* With the lock, which it gives away meanwhile.  Failures are in the log; the keys there were stay. */
static void
renew(struct sta_issuer_keys *k, struct entry *e, struct sta_arena *a, const struct sta_issuer_row *issuer)
{
	struct set *got = NULL;
	struct sta_err why = { 0 };

	e->fetching = true;
	(void) pthread_mutex_unlock(&k->lock);
	if (fetch_set(k, a, issuer, &got, &why) != STA_OK)
		got = NULL;
	log_fetch(issuer, got, &why);
	(void) pthread_mutex_lock(&k->lock);
	if (got) {
		drop(e->set);
		e->set = got;
		e->fetched_ms = now_ms();
	}
	e->tried = true;
	e->tried_ms = now_ms();
	e->fetching = false;
	(void) pthread_cond_broadcast(&k->ended);
}

/* With the lock, which it gives away meanwhile. */
static enum sta_rc
check(struct sta_issuer_keys *k, const struct entry *e, const struct sta_jwt *token, struct sta_err *err)
{
	struct set *s = e->set;
	enum sta_rc rc;

	s->holders++;
	(void) pthread_mutex_unlock(&k->lock);
	rc = sta_jwt_verify(s->keys, token, err);
	(void) pthread_mutex_lock(&k->lock);
	drop(s);
	return rc;
}

/* With the lock, which it gives away meanwhile: newer keys, if there is a thread for that. */
static void
await_keys(struct sta_issuer_keys *k, struct entry *e, struct sta_arena *a,
	   const struct sta_issuer_row *issuer)
{
	if (k->held >= k->options.threads_max)
		return;
	k->held++;
	if (e->fetching)
		wait_for_fetch(k, e);
	else
		renew(k, e, a, issuer);
	k->held--;
}

/* With the lock: by what is known.  STA_NOT_FOUND: it does not do. */
static enum sta_rc
check_known(struct sta_issuer_keys *k, const struct entry *e, const struct sta_jwt *token, bool usable,
	    struct sta_err *err)
{
	return usable ? check(k, e, token, err) : sta_err_set(err, STA_NOT_FOUND, 0, "no keys");
}

/* With the lock: the keys that came with the issuer. */
static enum sta_rc
take_given(struct entry *e, const struct sta_issuer_row *issuer, struct sta_err *err)
{
	e->given = issuer->keys[0] != '\0';
	return e->given && !e->set ? make_set(issuer->keys, strlen(issuer->keys), &e->set, err) : STA_OK;
}

/* With the lock: the keys, as new as this token needs them. */
static enum sta_rc
verify(struct sta_issuer_keys *k, struct entry *e, struct sta_arena *a, const struct sta_issuer_row *issuer,
       const struct sta_jwt *token, bool may_wait, struct sta_err *err)
{
	bool usable = is_fresh(k, e) || (e->fetching && is_usable(k, e));
	enum sta_rc rc = check_known(k, e, token, usable, err);

	if (rc != STA_NOT_FOUND)
		return rc;
	if ((e->fetching || !must_pause(k, e)) && !may_wait)
		return sta_err_set(err, STA_WOULD_BLOCK, 0, "must wait");
	if (e->fetching || !must_pause(k, e))
		await_keys(k, e, a, issuer);
	usable = is_usable(k, e);
	rc = check_known(k, e, token, usable, err);
	if (rc != STA_NOT_FOUND)
		return rc;
	if (!usable || e->fetching)
		return sta_err_set(err, STA_BUSY, 0, "the keys of the issuer '%s' cannot be had now",
				   issuer->name);
	return sta_err_set(err, STA_UNAUTHENTICATED, 0, "the issuer has no key of that id");
}

enum sta_rc
sta_issuer_keys_verify(struct sta_issuer_keys *k, struct sta_arena *a, const struct sta_issuer_row *issuer,
		       const struct sta_jwt *token, bool may_wait, struct sta_err *err)
{
	struct entry *e;
	enum sta_rc rc;

	(void) pthread_mutex_lock(&k->lock);
	e = entry_of(k, issuer->id);
	if (e) {
		e->users++;
		rc = take_given(e, issuer, err);
		if (rc == STA_OK)
			rc = verify(k, e, a, issuer, token, may_wait, err);
		if (--e->users == 0 && e->gone)
			free_entry(e);
	} else {
		rc = sta_err_set(err, STA_NOMEM, 0, "keys of issuers");
	}
	(void) pthread_mutex_unlock(&k->lock);
	return rc;
}
