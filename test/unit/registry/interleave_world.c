#include "interleave.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tree.h"

/* --- the world --- */

static struct thing
thing_of(size_t len, unsigned seed)
{
	struct thing t = { .bytes = bytes_of(len, seed), .len = len };

	t.digest = sha256_of(t.bytes, len);
	return t;
}

static char *
image_of(struct world *w, const char *note)
{
	char *text = manifest_of(w->h, &w->small.digest, w->small.len, &w->large.digest, 1, w->large.len);
	char *copy = NULL;
	size_t len = strlen(text) - 1; /* without the last brace */

	assert_true(asprintf(&copy, "%.*s,\"annotations\":{\"note\":\"%s\"}}", (int) len, text, note) > 0);
	return copy;
}

static char *
index_of(const struct sta_digest *child, size_t len)
{
	char text[STA_DIGEST_TEXT_MAX];
	char *copy = NULL;

	assert_true(asprintf(&copy,
			     "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\","
			     "\"manifests\":[{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
			     "\"digest\":\"%s\",\"size\":%zu}]}",
			     sta_digest_text(child, text), len) > 0);
	return copy;
}

int
world_setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w)); /* cmocka would free its own after a failure */
	void *house = NULL;

	if (house_setup(&house) != 0)
		return -1;
	w->h = house;
	wrap_store(w);
	w->small = thing_of(SMALL, 1);
	w->large = thing_of(LARGE, 2);
	for (size_t i = 0; i < 2; i++) {
		w->image[i] = image_of(w, i == 0 ? "first" : "second");
		w->image_digest[i] = sha256_of(w->image[i], strlen(w->image[i]));
	}
	w->index = index_of(&w->image_digest[0], strlen(w->image[0]));
	w->index_digest = sha256_of(w->index, strlen(w->index));
	(void) pthread_mutex_init(&w->lock, NULL);
	(void) pthread_cond_init(&w->turn, NULL);
	for (size_t i = 0; i < ACTS_MAX; i++) {
		w->acts[i].w = w;
		(void) pthread_cond_init(&w->acts[i].go, NULL);
		assert_int_equal(pthread_create(&w->acts[i].thread, NULL, act_thread, &w->acts[i]), 0);
	}
	*state = w;
	return 0;
}

static void
end_threads(struct world *w)
{
	for (size_t i = 0; i < ACTS_MAX; i++) {
		struct act *a = &w->acts[i];

		(void) pthread_mutex_lock(&w->lock);
		a->quit = true;
		w->running = a;
		(void) pthread_cond_signal(&a->go);
		(void) pthread_mutex_unlock(&w->lock);
		(void) pthread_join(a->thread, NULL);
		(void) pthread_cond_destroy(&a->go);
	}
}

int
world_teardown(void **state)
{
	struct world *w = *state;
	void *house = w->h;

	if (w->where[0]) {
		print_error("the run that failed: %s\n", w->where);
		for (size_t i = 0; i < w->scenario->n; i++)
			print_error("  act %zu: %zu stops, the last %s, answer %s %s\n", i, w->acts[i].points,
				    w->acts[i].last, sta_rc_name(w->acts[i].rc), w->acts[i].err.msg);
		(void) remove_tree(w->h->dir);
		return 0; /* acts may be on their way: their threads end with the process */
	}
	end_threads(w);
	(void) pthread_cond_destroy(&w->turn);
	(void) pthread_mutex_destroy(&w->lock);
	for (size_t i = 0; i < 2; i++)
		free(w->image[i]);
	free(w->index);
	free(w->small.bytes);
	free(w->large.bytes);
	free(w);
	return house_teardown(&house);
}

/* --- what tests need --- */

void
have_blobs(struct world *w, const char *package)
{
	struct house *h = w->h;

	assert_int_equal(push_blob(h, &h->alice, package, w->small.bytes, w->small.len, &h->err), STA_OK);
	assert_int_equal(push_blob(h, &h->alice, package, w->large.bytes, w->large.len, &h->err), STA_OK);
	settle(h);
}

void
have_image(struct world *w, const char *package, size_t which, const char *tag)
{
	struct house *h = w->h;
	char text[STA_DIGEST_TEXT_MAX];

	have_blobs(w, package);
	if (!tag)
		tag = sta_digest_text(&w->image_digest[which], text);
	assert_int_equal(push_manifest(h, &h->alice, package, tag, w->image[which], NULL, &h->err), STA_OK);
}

enum sta_rc
readable(struct world *w, const char *package, const struct thing *t)
{
	struct house *h = w->h;

	return pull_blob(h, &h->alice, package, &t->digest, t->bytes, t->len, &h->err);
}

static enum sta_rc
pull(struct world *w, const char *package, const struct sta_reference *ref, struct sta_pulled_manifest *out)
{
	struct sta_name name;

	name_of(package, &name);
	return sta_pull_manifest(w->h->r, &w->h->alice, &name, ref, true, out, &w->h->err);
}

enum sta_rc
manifest_there(struct world *w, const char *package, const struct sta_digest *d)
{
	struct sta_reference ref = ref_digest(d);
	struct sta_pulled_manifest got;

	return pull(w, package, &ref, &got);
}

bool
whole(struct world *w, const char *package, size_t which)
{
	struct sta_reference ref = ref_digest(&w->image_digest[which]);
	struct sta_pulled_manifest got;

	return pull(w, package, &ref, &got) == STA_OK && got.size == strlen(w->image[which]) &&
	       memcmp(got.bytes, w->image[which], got.size) == 0 &&
	       readable(w, package, &w->small) == STA_OK && readable(w, package, &w->large) == STA_OK;
}

int
tag_means(struct world *w, const char *package, const char *tag)
{
	struct sta_reference ref = ref_of(tag);
	struct sta_pulled_manifest got;

	if (pull(w, package, &ref, &got) != STA_OK)
		return -1;
	return sta_digest_equal(&got.digest, &w->image_digest[1]);
}

/* --- acts --- */

static enum sta_rc
collect(struct act *a, bool now)
{
	struct sta_call call = sta_call_system(a->arena);
	struct sta_gc_result result;

	return sta_gc_run(a->w->h->r, &call, now, &result, &a->err);
}

enum sta_rc
act_collect(struct world *w, struct act *a)
{
	(void) w;
	return collect(a, false);
}

enum sta_rc
act_collect_now(struct world *w, struct act *a)
{
	(void) w;
	return collect(a, true);
}

enum sta_rc
push_thing(struct act *a, const char *package, const struct thing *t)
{
	return push_blob(a->w->h, &a->call, package, t->bytes, t->len, &a->err);
}

enum sta_rc
act_push_app(struct world *w, struct act *a)
{
	return push_thing(a, APP, w->thing);
}

enum sta_rc
act_push_lib(struct world *w, struct act *a)
{
	return push_thing(a, LIB, w->thing);
}

enum sta_rc
push_image(struct act *a, const char *package, size_t which, const char *ref)
{
	return push_manifest(a->w->h, &a->call, package, ref, a->w->image[which], NULL, &a->err);
}

enum sta_rc
act_push_image(struct world *w, struct act *a)
{
	(void) w;
	return push_image(a, APP, 0, "v1");
}

enum sta_rc
delete_manifest(struct act *a, const char *package, const char *tag, const struct sta_digest *d)
{
	struct sta_reference ref = tag ? ref_of(tag) : ref_digest(d);
	struct sta_name name;

	name_of(package, &name);
	return sta_delete_manifest(a->w->h->r, &a->call, &name, &ref, &a->err);
}

enum sta_rc
act_delete_image(struct world *w, struct act *a)
{
	return delete_manifest(a, APP, NULL, &w->image_digest[0]);
}

enum sta_rc
delete_blob(struct act *a, const char *package, const struct thing *t)
{
	struct sta_name name;

	name_of(package, &name);
	return sta_delete_blob(a->w->h->r, &a->call, &name, &t->digest, &a->err);
}
