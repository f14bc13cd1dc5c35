#include "house.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 8
#define THINGS 6
#define RUN_NS UINT64_C(2000000000)
#define PACKAGE "alice/app"

struct thing {
	char *bytes;
	size_t len;
	struct sta_digest digest;
};

struct shared {
	struct house *h;
	struct thing things[THINGS];
	struct thing kept; /* used by a manifest from the start to the end */
	uint64_t until_ns;
	atomic_ulong pushes, pulls, deletes, passes;
	atomic_ulong wrong; /* answers that nobody may ever get */
};

struct worker {
	struct shared *s;
	unsigned seed;
	pthread_t thread;
};

static void
note(struct shared *s, bool fine)
{
	if (!fine)
		(void) atomic_fetch_add(&s->wrong, 1);
}

static void
push(struct shared *s, const struct sta_call *call, const struct thing *t)
{
	struct sta_err err;
	enum sta_rc rc = push_blob(s->h, call, PACKAGE, t->bytes, t->len, &err);

	note(s, rc == STA_OK);
	(void) atomic_fetch_add(&s->pushes, 1);
}

static void
pull(struct shared *s, const struct sta_call *call, const struct thing *t, bool surely)
{
	struct sta_err err;
	enum sta_rc rc = pull_blob(s->h, call, PACKAGE, &t->digest, t->bytes, t->len, &err);

	note(s, rc == STA_OK || (rc == STA_NOT_FOUND && !surely));
	(void) atomic_fetch_add(&s->pulls, 1);
}

static void delete (struct shared *s, const struct sta_call *call, const struct thing *t)
{
	struct sta_name name;
	struct sta_err err;
	enum sta_rc rc;

	name_of(PACKAGE, &name);
	rc = sta_delete_blob(s->h->r, call, &name, &t->digest, &err);
	note(s, rc == STA_OK || rc == STA_NOT_FOUND);
	(void) atomic_fetch_add(&s->deletes, 1);
}

static void
collect(struct shared *s, struct sta_arena *arena)
{
	struct sta_call sys = sta_call_system(arena);
	struct sta_gc_result result;
	struct sta_err err;

	note(s, sta_gc_run(s->h->r, &sys, true, &result, &err) == STA_OK);
	(void) atomic_fetch_add(&s->passes, 1);
}

static void
act(struct worker *w)
{
	struct sta_arena *arena = sta_arena_new(4 * MIB);
	struct sta_call call = house_call(w->s->h, arena, "alice");
	const struct thing *t;

	w->seed = w->seed * 1664525U + 1013904223U;
	t = &w->s->things[(w->seed >> 16) % THINGS];
	switch ((w->seed >> 24) % 8) {
	case 0:
	case 1:
	case 2:
		push(w->s, &call, t);
		break;
	case 3:
	case 4:
		pull(w->s, &call, t, false);
		break;
	case 5:
		pull(w->s, &call, &w->s->kept, true);
		break;
	case 6:
		delete (w->s, &call, t);
		break;
	default:
		collect(w->s, arena);
		break;
	}
	sta_arena_free(arena);
}

static void *
run(void *arg)
{
	struct worker *w = arg;

	while (sta_now_ns() < w->s->until_ns)
		act(w);
	return NULL;
}

static struct thing
thing_of(size_t len, unsigned seed)
{
	struct thing t = { .bytes = bytes_of(len, seed), .len = len };

	t.digest = sha256_of(t.bytes, len);
	return t;
}

static void
pushes_pulls_deletions_and_collections_at_once_leave_a_sound_registry(void **state)
{
	static const size_t lens[THINGS] = { 10, 5000, 64 * KIB, 64 * KIB + 1, 200 * KIB, 100 * KIB };
	struct house *h = *state;
	struct shared s = { .h = h };
	struct worker workers[THREADS];

	for (unsigned i = 0; i < THINGS; i++)
		s.things[i] = thing_of(lens[i], i);
	s.kept = thing_of(150 * KIB, 99);
	assert_int_equal(push_blob(h, &h->alice, PACKAGE, s.kept.bytes, s.kept.len, &h->err), STA_OK);
	assert_int_equal(push_manifest(h, &h->alice, PACKAGE, "latest",
				       manifest_of(h, &s.kept.digest, s.kept.len, NULL, 0, 0), NULL, &h->err),
			 STA_OK);
	s.until_ns = sta_now_ns() + RUN_NS;
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .s = &s, .seed = i };
		assert_int_equal(pthread_create(&workers[i].thread, NULL, run, &workers[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		(void) pthread_join(workers[i].thread, NULL);
	assert_int_equal(atomic_load(&s.wrong), 0);
	assert_true(s.pushes > 0 && s.pulls > 0 && s.deletes > 0 && s.passes > 0);
	assert_sound(h);
	assert_int_equal(count_stages(h), 0);
	for (unsigned i = 0; i < THINGS; i++)
		free(s.things[i].bytes);
	free(s.kept.bytes);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			pushes_pulls_deletions_and_collections_at_once_leave_a_sound_registry, house_setup,
			house_teardown),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
