#include "house.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A long walk of random operations against a small model of what must be
 * readable.  The seed is printed; STAITHE_TEST_SEED repeats a walk. */

#define STEPS 20000
#define PACKAGES 6
#define BLOBS 12
#define IMAGES 8
#define TAGS 4
#define CALLERS 5

static const char *const packages[PACKAGES] = {
	"alice/a", "alice/b", "bob/a", "bob/b", "root/a", "alice/c/d"
};

struct blob {
	char *bytes;
	size_t len;
	struct sta_digest digest;
};

/* Every image uses a config and two layers. */
struct image {
	size_t uses[3];
	char *text;
	struct sta_digest digest;
};

/* What a package must hold.  A blob that no image uses must be there until
 * kept_until; whether it is there afterwards is the collector's business. */
struct model {
	int64_t kept_until[BLOBS]; /* 0: not a member, or out of its grace */
	int64_t due[BLOBS];        /* the latest that its lease can run out */
	bool perhaps[BLOBS];       /* may or may not be there */
	bool image[IMAGES];
	int tag[TAGS]; /* image or -1 */
	bool published;
};

struct walk {
	struct house *h;
	uint64_t random;
	int64_t offset;
	struct blob blobs[BLOBS];
	struct image images[IMAGES];
	struct model models[PACKAGES];
	struct sta_call *callers[CALLERS];
};

static size_t
pick(struct walk *w, size_t n)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (size_t) ((w->random >> 11) % n);
}

static bool
owns(const struct walk *w, size_t caller, size_t package)
{
	const struct sta_caller *c = &w->callers[caller]->caller;
	size_t len = strcspn(packages[package], "/");

	if (c->kind == STA_CALLER_SYSTEM || c->site_admin)
		return true;
	return c->kind == STA_CALLER_USER && strlen(c->login) == len &&
	       memcmp(c->login, packages[package], len) == 0;
}

/* Who does not own the package is told no. */
static bool
refused(const struct walk *w, size_t caller, size_t package, enum sta_rc rc)
{
	if (owns(w, caller, package))
		return false;
	assert_true(rc == STA_DENIED || rc == STA_UNAUTHENTICATED);
	return true;
}

static bool
in_use(const struct walk *w, const struct model *m, size_t blob)
{
	for (size_t i = 0; i < IMAGES; i++)
		for (size_t k = 0; m->image[i] && k < 3; k++)
			if (w->images[i].uses[k] == blob)
				return true;
	return false;
}

static bool
surely_there(const struct walk *w, const struct model *m, size_t blob)
{
	return in_use(w, m, blob) || m->kept_until[blob] > sta_now_unix() + 2;
}

static bool
perhaps_there(const struct walk *w, const struct model *m, size_t blob)
{
	return surely_there(w, m, blob) || m->perhaps[blob];
}

static void
renew(struct model *m, size_t blob)
{
	m->kept_until[blob] = sta_now_unix() + GRACE;
	m->due[blob] = m->kept_until[blob];
	m->perhaps[blob] = true;
}

static void
step_push_blob(struct walk *w, size_t caller, size_t package, size_t blob)
{
	const struct blob *b = &w->blobs[blob];
	enum sta_rc rc = push_blob(w->h, w->callers[caller], packages[package], b->bytes, b->len, &w->h->err);

	assert_int_equal(rc == STA_OK, owns(w, caller, package));
	if (rc == STA_OK)
		renew(&w->models[package], blob);
}

static void
step_mount(struct walk *w, size_t caller, size_t package, size_t blob)
{
	size_t other = pick(w, PACKAGES);
	struct sta_name to, from;
	bool mounted = false;
	enum sta_rc rc;

	name_of(packages[package], &to);
	name_of(packages[other], &from);
	rc = sta_mount_blob(w->h->r, w->callers[caller], &to, &w->blobs[blob].digest, &from, &mounted,
			    &w->h->err);
	assert_int_equal(rc == STA_OK, owns(w, caller, package));
	if (rc != STA_OK)
		return;
	if (mounted)
		assert_true(owns(w, caller, other) && perhaps_there(w, &w->models[other], blob));
	else
		assert_false(owns(w, caller, other) && surely_there(w, &w->models[other], blob));
	if (mounted)
		renew(&w->models[package], blob);
}

static void
step_push_image(struct walk *w, size_t caller, size_t package, size_t image)
{
	struct model *m = &w->models[package];
	const struct image *i = &w->images[image];
	size_t tag = pick(w, TAGS);
	bool surely = true, perhaps = true;
	char name[8];
	enum sta_rc rc;

	(void) snprintf(name, sizeof(name), "t%zu", tag);
	for (size_t k = 0; k < 3; k++) {
		surely &= surely_there(w, m, i->uses[k]);
		perhaps &= perhaps_there(w, m, i->uses[k]);
	}
	rc = push_manifest(w->h, w->callers[caller], packages[package], name, i->text, NULL, &w->h->err);
	if (refused(w, caller, package, rc))
		return;
	assert_true(rc == STA_OK || rc == STA_INCOMPLETE);
	if (rc == STA_OK) {
		assert_true(perhaps || m->image[image]);
		m->image[image] = true;
		m->tag[tag] = (int) image;
		m->published = true;
	} else {
		assert_false(surely);
	}
}

static void
step_delete_image(struct walk *w, size_t caller, size_t package, size_t image)
{
	struct model *m = &w->models[package];
	struct sta_reference ref = ref_digest(&w->images[image].digest);
	struct sta_name name;
	enum sta_rc rc;

	name_of(packages[package], &name);
	rc = sta_delete_manifest(w->h->r, w->callers[caller], &name, &ref, &w->h->err);
	if (refused(w, caller, package, rc))
		return;
	assert_int_equal(rc, m->image[image] ? STA_OK : STA_NOT_FOUND);
	m->image[image] = false;
	for (size_t t = 0; t < TAGS; t++)
		if (m->tag[t] == (int) image)
			m->tag[t] = -1;
	for (size_t k = 0; rc == STA_OK && k < 3; k++)
		renew(m, w->images[image].uses[k]);
}

static struct sta_reference
tag_ref(size_t tag)
{
	char text[8];

	(void) snprintf(text, sizeof(text), "t%zu", tag);
	return ref_of(text);
}

static void
step_delete_tag(struct walk *w, size_t caller, size_t package, size_t tag)
{
	struct model *m = &w->models[package];
	struct sta_reference ref = tag_ref(tag);
	struct sta_name name;
	enum sta_rc rc;

	name_of(packages[package], &name);
	rc = sta_delete_manifest(w->h->r, w->callers[caller], &name, &ref, &w->h->err);
	if (refused(w, caller, package, rc))
		return;
	assert_int_equal(rc, m->tag[tag] >= 0 ? STA_OK : STA_NOT_FOUND);
	m->tag[tag] = -1;
}

static void
step_delete_blob(struct walk *w, size_t caller, size_t package, size_t blob)
{
	struct model *m = &w->models[package];
	struct sta_name name;
	enum sta_rc rc;

	name_of(packages[package], &name);
	rc = sta_delete_blob(w->h->r, w->callers[caller], &name, &w->blobs[blob].digest, &w->h->err);
	if (refused(w, caller, package, rc))
		return;
	if (in_use(w, m, blob))
		assert_int_equal(rc, STA_CONFLICT);
	else if (surely_there(w, m, blob))
		assert_int_equal(rc, STA_OK);
	else
		assert_true(rc == STA_NOT_FOUND || (rc == STA_OK && perhaps_there(w, m, blob)));
	if (rc == STA_OK) {
		m->kept_until[blob] = 0;
		m->perhaps[blob] = false;
	}
}

static void
step_delete_package(struct walk *w, size_t caller, size_t package)
{
	struct model *m = &w->models[package];
	enum sta_rc rc = sta_package_delete(w->h->r, w->callers[caller], packages[package], &w->h->err);

	if (refused(w, caller, package, rc))
		return;
	assert_true(rc == STA_OK || rc == STA_NOT_FOUND);
	assert_true(rc == STA_OK || !m->published);
	*m = (struct model){ .tag = { -1, -1, -1, -1 } };
}

static void
step_collect(struct walk *w)
{
	bool now = pick(w, 4) == 0;

	(void) run_gc(w->h, now);
	for (size_t p = 0; p < PACKAGES; p++) {
		for (size_t b = 0; b < BLOBS; b++) {
			struct model *m = &w->models[p];

			/* Without mercy: only what was used within the last minute stays. */
			if (now && m->kept_until[b] <= sta_now_unix() + GRACE - 58)
				m->kept_until[b] = 0;
			if (m->due[b] < sta_now_unix() - 2 && !in_use(w, m, b))
				m->perhaps[b] = false;
		}
	}
}

static void
step_clock(struct walk *w)
{
	static const int64_t jumps[] = { 1, 30, 61, GRACE / 2, GRACE + 5 };

	w->offset += jumps[pick(w, ARRAY_LEN(jumps))];
	sta_clock_set_offset(w->offset);
}

static void
check_blob(struct walk *w, size_t caller, size_t package, size_t blob)
{
	struct model *m = &w->models[package];
	const struct blob *b = &w->blobs[blob];
	struct sta_call call = *w->callers[caller];
	enum sta_rc rc;

	call.caller.limited = true; /* to read only: such a look renews nothing */
	call.caller.n_limits = 1;
	call.caller.limits = &(struct sta_limit){ packages[package], STA_ACTION_BIT(STA_ACTION_READ) };
	rc = pull_blob(w->h, &call, packages[package], &b->digest, b->bytes, b->len, &w->h->err);
	if (refused(w, caller, package, rc))
		return;
	assert_true(rc == STA_OK || rc == STA_NOT_FOUND);
	if (rc != STA_OK && surely_there(w, m, blob))
		fail_msg("blob %zu of %s is lost", blob, packages[package]);
	if (rc == STA_OK && !perhaps_there(w, m, blob))
		fail_msg("blob %zu of %s is there", blob, packages[package]);
	if (rc == STA_OK && call.caller.kind == STA_CALLER_SYSTEM) { /* knows no limits, may push */
		if (m->kept_until[blob] < sta_now_unix() + GRACE / 2)
			m->kept_until[blob] = sta_now_unix() + GRACE / 2;
		m->due[blob] = sta_now_unix() + GRACE;
	}
}

static void
check_tag(struct walk *w, size_t caller, size_t package, size_t tag)
{
	const struct model *m = &w->models[package];
	struct sta_pulled_manifest got;
	struct sta_reference ref = tag_ref(tag);
	struct sta_name name;
	enum sta_rc rc;

	name_of(packages[package], &name);
	rc = sta_pull_manifest(w->h->r, w->callers[caller], &name, &ref, true, &got, &w->h->err);
	if (refused(w, caller, package, rc))
		return;
	assert_int_equal(rc, m->tag[tag] >= 0 ? STA_OK : STA_NOT_FOUND);
	if (rc != STA_OK)
		return;
	assert_int_equal(got.size, strlen(w->images[m->tag[tag]].text));
	assert_memory_equal(got.bytes, w->images[m->tag[tag]].text, got.size);
}

static void
step(struct walk *w)
{
	size_t what = pick(w, 100);
	size_t caller = pick(w, CALLERS);
	size_t package = pick(w, PACKAGES);

	if (what < 18)
		step_push_blob(w, caller, package, pick(w, BLOBS));
	else if (what < 25)
		step_mount(w, caller, package, pick(w, BLOBS));
	else if (what < 40)
		step_push_image(w, caller, package, pick(w, IMAGES));
	else if (what < 44)
		step_delete_image(w, caller, package, pick(w, IMAGES));
	else if (what < 46)
		step_delete_tag(w, caller, package, pick(w, TAGS));
	else if (what < 50)
		step_delete_blob(w, caller, package, pick(w, BLOBS));
	else if (what < 53)
		step_collect(w);
	else if (what < 57)
		step_clock(w);
	else if (what == 57)
		step_delete_package(w, caller, package);
	else if (what < 80)
		check_blob(w, caller, package, pick(w, BLOBS));
	else
		check_tag(w, caller, package, pick(w, TAGS));
}

static void
prepare(struct walk *w)
{
	static const size_t lens[] = { 0, 10, 3 * KIB, 64 * KIB, 64 * KIB + 1, 100 * KIB };

	for (size_t i = 0; i < BLOBS; i++) {
		struct blob *b = &w->blobs[i];

		b->len = lens[i % ARRAY_LEN(lens)] + (i >= ARRAY_LEN(lens) ? 7 : 0);
		b->bytes = bytes_of(b->len, (unsigned) i);
		b->digest = sha256_of(b->bytes, b->len);
	}
	for (size_t i = 0; i < IMAGES; i++) {
		struct image *image = &w->images[i];
		struct sta_digest layers[2];
		const struct blob *config;

		for (size_t k = 0; k < 3; k++)
			image->uses[k] = (i * 5 + k * 4 + 1) % BLOBS;
		config = &w->blobs[image->uses[0]];
		layers[0] = w->blobs[image->uses[1]].digest;
		layers[1] = w->blobs[image->uses[2]].digest;
		image->text = strdup(manifest_of(w->h, &config->digest, config->len, layers, 2, 1));
		image->digest = sha256_of(image->text, strlen(image->text));
	}
	for (size_t p = 0; p < PACKAGES; p++)
		w->models[p] = (struct model){ .tag = { -1, -1, -1, -1 } };
}

static void
clean_up(struct walk *w)
{
	for (size_t i = 0; i < BLOBS; i++)
		free(w->blobs[i].bytes);
	for (size_t i = 0; i < IMAGES; i++)
		free(w->images[i].text);
}

static uint64_t
seed_of(void)
{
	const char *text = getenv("STAITHE_TEST_SEED"); /* NOLINT(concurrency-mt-unsafe) */
	uint64_t seed = text ? (uint64_t) strtoull(text, NULL, 10) : sta_now_ns();

	print_message("# STAITHE_TEST_SEED=%llu\n", (unsigned long long) seed);
	return seed | 1;
}

static void
what_was_acknowledged_is_readable_until_it_is_deleted(void **state)
{
	struct house *h = *state;
	struct walk w = { .h = h,
			  .random = seed_of(),
			  .callers = { &h->alice, &h->bob, &h->admin, &h->nobody, &h->sys } };

	prepare(&w);
	for (int i = 0; i < STEPS; i++) {
		step(&w);
		if (i % 64 == 0)
			house_fresh_arena(h);
		if (i % 5000 == 0)
			assert_sound(h);
	}
	assert_sound(h);
	sta_clock_set_offset(w.offset + 3 * GRACE);
	(void) run_gc(h, false);
	assert_int_equal(number(h, "SELECT count(*) FROM package_blob WHERE refs = 0"), 0);
	assert_int_equal(number(h, "SELECT count(*) FROM blob WHERE members = 0"), 0);
	assert_int_equal(count_stages(h), 0);
	assert_sound(h);
	clean_up(&w);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_acknowledged_is_readable_until_it_is_deleted,
						house_setup, house_teardown),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
