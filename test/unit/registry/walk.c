#include "registry/walk_internal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/store.h"

#define FRESH 60  /* gc --now spares what was used within a minute */
#define YOUNG 30  /* a lease of that age is not renewed */
#define STAGES 64 /* more than there are at a time */

const char *const walk_packages[WALK_PACKAGES] = { "alice/a", "alice/b", "bob/a",
						   "bob/b",   "root/a",  "alice/c/d" };

/* --- the clock --- */

static _Atomic int64_t now;

int64_t __wrap_sta_now_unix(void);
int64_t
__wrap_sta_now_unix(void)
{
	int64_t t = atomic_load(&now);

	return t != 0 ? t : (int64_t) time(NULL);
}

/* When each stage was written, by this clock. */
static struct {
	char id[STA_UUID_TEXT_MAX];
	const struct sta_stage *open; /* or NULL */
	int64_t written;
} stages[STAGES];
static size_t next_stage;
static pthread_mutex_t stages_lock = PTHREAD_MUTEX_INITIALIZER; /* workers write */
static struct sta_store_ops ops;
static const struct sta_store_ops *real_ops;

static enum sta_rc
stage_begin(struct sta_store *s, const char *id, struct sta_stage **out, struct sta_err *err)
{
	enum sta_rc rc = real_ops->stage_begin(s, id, out, err);
	size_t i = 0;

	if (rc != STA_OK)
		return rc;
	(void) pthread_mutex_lock(&stages_lock);
	while (i < STAGES && strcmp(stages[i].id, id) != 0)
		i++;
	if (i == STAGES)
		i = next_stage++ % STAGES;
	(void) snprintf(stages[i].id, sizeof(stages[i].id), "%s", id);
	stages[i].open = *out;
	(void) pthread_mutex_unlock(&stages_lock);
	return STA_OK;
}

static void
note(const struct sta_stage *stage, bool ends)
{
	(void) pthread_mutex_lock(&stages_lock);
	for (size_t i = 0; stage && i < STAGES; i++) {
		if (stages[i].open != stage)
			continue;
		if (ends)
			stages[i].open = NULL;
		else
			stages[i].written = atomic_load(&now);
	}
	(void) pthread_mutex_unlock(&stages_lock);
}

static void
stage_end(struct sta_store *s, struct sta_stage *stage)
{
	note(stage, true);
	real_ops->stage_end(s, stage);
}

static enum sta_rc
stage_write(struct sta_store *s, struct sta_stage *stage, uint64_t offset, const void *p, size_t len,
	    struct sta_err *err)
{
	note(stage, false);
	return real_ops->stage_write(s, stage, offset, p, len, err);
}

static enum sta_rc
stage_stat(struct sta_store *s, const char *id, uint64_t *size, int64_t *written, struct sta_err *err)
{
	enum sta_rc rc = real_ops->stage_stat(s, id, size, written, err);

	(void) pthread_mutex_lock(&stages_lock);
	for (size_t i = 0; i < STAGES; i++)
		if (rc == STA_OK && strcmp(stages[i].id, id) == 0)
			*written = stages[i].written;
	(void) pthread_mutex_unlock(&stages_lock);
	return rc;
}

/* --- the model --- */

size_t
walk_pick(struct walk *w, size_t n)
{
	return w->pick(w->arg, n);
}

const struct sta_caller *
walk_caller(const struct walk *w, size_t caller)
{
	return &w->callers[caller]->caller;
}

static bool
in_own_namespace(const struct walk *w, size_t caller, size_t package)
{
	const struct sta_caller *c = walk_caller(w, caller);
	size_t len = strcspn(walk_packages[package], "/");

	return c->kind == STA_CALLER_USER && strlen(c->login) == len &&
	       memcmp(c->login, walk_packages[package], len) == 0;
}

bool
walk_owns(const struct walk *w, size_t caller, size_t package)
{
	const struct sta_caller *c = walk_caller(w, caller);

	return c->kind == STA_CALLER_SYSTEM || c->site_admin || in_own_namespace(w, caller, package);
}

static bool
may_read(const struct walk *w, size_t caller, size_t package)
{
	const struct walk_model *m = &w->models[package];

	return walk_owns(w, caller, package) || (m->exists && m->public);
}

void
walk_refused(enum sta_rc rc)
{
	assert_true(rc == STA_DENIED || rc == STA_UNAUTHENTICATED);
}

static bool
in_use(const struct walk *w, const struct walk_model *m, size_t blob)
{
	for (size_t i = 0; i < WALK_IMAGES; i++)
		for (size_t k = 0; m->manifest[i] && k < 3; k++)
			if (w->manifests[i].uses[k] == blob)
				return true;
	return false;
}

static void
lease(struct walk_model *m, size_t blob)
{
	int64_t due = sta_now_unix() + GRACE;

	if (!m->blob[blob] || m->due[blob] < due)
		m->due[blob] = due;
}

static void
make(struct walk *w, size_t caller, size_t package)
{
	struct walk_model *m = &w->models[package];

	if (m->exists)
		return;
	*m = (struct walk_model){ .exists = true, .created = sta_now_unix(), .creator = caller };
	for (size_t t = 0; t < WALK_TAGS; t++)
		m->tag[t] = -1;
}

void
walk_add_blob(struct walk *w, size_t caller, size_t package, size_t blob)
{
	make(w, caller, package);
	lease(&w->models[package], blob);
	w->models[package].blob[blob] = true;
}

/* --- blobs --- */

static void
step_push_blob(struct walk *w, size_t caller, size_t package)
{
	size_t blob = walk_pick(w, WALK_BLOBS);
	const struct walk_blob *b = &w->blobs[blob];
	enum sta_rc rc =
		push_blob(w->h, w->callers[caller], walk_packages[package], b->bytes, b->len, &w->h->err);

	if (!walk_owns(w, caller, package)) {
		walk_refused(rc);
		return;
	}
	assert_int_equal(rc, STA_OK);
	walk_add_blob(w, caller, package, blob);
}

/* May a mount without a named source find the blob there? */
static bool
found_by_itself(const struct walk *w, size_t caller, size_t package, size_t blob)
{
	const struct walk_model *m = &w->models[package];
	bool granted = m->creator == caller && walk_caller(w, caller)->kind == STA_CALLER_USER;

	return m->exists && m->blob[blob] && (m->public || granted || in_own_namespace(w, caller, package));
}

static void
step_mount(struct walk *w, size_t caller, size_t package)
{
	size_t blob = walk_pick(w, WALK_BLOBS);
	size_t other = walk_pick(w, WALK_PACKAGES + 1);
	struct sta_name to, from;
	bool mounted = false, found = false;
	enum sta_rc rc;

	name_of(walk_packages[package], &to);
	if (other < WALK_PACKAGES) {
		name_of(walk_packages[other], &from);
		found = may_read(w, caller, other) && w->models[other].blob[blob];
	}
	for (size_t p = 0; other == WALK_PACKAGES && p < WALK_PACKAGES; p++)
		found |= found_by_itself(w, caller, p, blob);
	rc = sta_mount_blob(w->h->r, w->callers[caller], &to, &w->blobs[blob].digest,
			    other < WALK_PACKAGES ? &from : NULL, &mounted, &w->h->err);
	if (!walk_owns(w, caller, package)) {
		walk_refused(rc);
		return;
	}
	assert_int_equal(rc, STA_OK);
	assert_int_equal(mounted, found);
	if (mounted)
		walk_add_blob(w, caller, package, blob);
}

static void
step_delete_blob(struct walk *w, size_t caller, size_t package)
{
	struct walk_model *m = &w->models[package];
	size_t blob = walk_pick(w, WALK_BLOBS);
	struct sta_name name;
	enum sta_rc rc;

	name_of(walk_packages[package], &name);
	rc = sta_delete_blob(w->h->r, w->callers[caller], &name, &w->blobs[blob].digest, &w->h->err);
	if (!walk_owns(w, caller, package)) {
		walk_refused(rc);
		return;
	}
	if (!m->blob[blob])
		assert_int_equal(rc, STA_NOT_FOUND);
	else
		assert_int_equal(rc, in_use(w, m, blob) ? STA_CONFLICT : STA_OK);
	if (rc == STA_OK)
		m->blob[blob] = false;
}

/* With the bytes.  Only who may push, and was not limited to reading, renews a lease. */
static void
check_blob(struct walk *w, size_t caller, size_t package, size_t blob, bool limited)
{
	struct walk_model *m = &w->models[package];
	const struct walk_blob *b = &w->blobs[blob];
	struct sta_limit limit = { walk_packages[package], STA_ACTION_BIT(STA_ACTION_READ) };
	struct sta_call call = *w->callers[caller];
	int64_t due = sta_now_unix() + GRACE;
	enum sta_rc rc;

	if (limited && call.caller.kind != STA_CALLER_SYSTEM) {
		call.caller.limited = true;
		call.caller.n_limits = 1;
		call.caller.limits = &limit;
	}
	rc = pull_blob(w->h, &call, walk_packages[package], &b->digest, b->bytes, b->len, &w->h->err);
	if (!may_read(w, caller, package)) {
		walk_refused(rc);
		return;
	}
	if (rc != (m->blob[blob] ? STA_OK : STA_NOT_FOUND))
		fail_msg("blob %zu of %s: %d instead of %s", blob, walk_packages[package], rc,
			 m->blob[blob] ? "there" : "gone");
	if (rc == STA_OK && !call.caller.limited && walk_owns(w, caller, package) && !in_use(w, m, blob) &&
	    m->due[blob] <= due - YOUNG)
		m->due[blob] = due;
}

/* --- manifests and tags --- */

static enum sta_rc
put(struct walk *w, size_t caller, size_t package, const struct walk_manifest *x, const char *ref,
    const char **more)
{
	struct sta_reference reference = ref_of(ref);
	struct sta_name name;
	struct sta_push push = {
		.name = &name,
		.ref = &reference,
		.media_type = x->is_index ? "application/vnd.oci.image.index.v1+json"
					  : "application/vnd.oci.image.manifest.v1+json",
		.bytes = x->text,
		.len = strlen(x->text),
		.tags = more,
		.n_tags = more ? 1 : 0,
	};
	struct sta_pushed pushed;
	enum sta_rc rc;

	name_of(walk_packages[package], &name);
	rc = sta_push_manifest(w->h->r, w->callers[caller], &push, &pushed, &w->h->err);
	if (rc == STA_OK)
		assert_true(sta_digest_equal(&pushed.digest, &x->digest));
	return rc;
}

static bool
complete(const struct walk_model *m, const struct walk_manifest *x)
{
	for (size_t k = 0; !x->is_index && k < 3; k++)
		if (!m->exists || !m->blob[x->uses[k]])
			return false;
	return true;
}

/* By tag, by digest, or by both. */
static void
step_push_manifest(struct walk *w, size_t caller, size_t package)
{
	struct walk_model *m = &w->models[package];
	size_t i = walk_pick(w, WALK_MANIFESTS);
	size_t tag = walk_pick(w, WALK_TAGS);
	size_t how = walk_pick(w, 4);
	const struct walk_manifest *x = &w->manifests[i];
	char name[8], digest[STA_DIGEST_TEXT_MAX];
	const char *more = name;
	enum sta_rc rc;

	(void) snprintf(name, sizeof(name), "t%zu", tag);
	(void) sta_digest_text(&x->digest, digest);
	rc = put(w, caller, package, x, how < 2 ? name : digest, how == 2 ? &more : NULL);
	if (!walk_owns(w, caller, package)) {
		walk_refused(rc);
		return;
	}
	assert_int_equal(rc, complete(m, x) ? STA_OK : STA_INCOMPLETE);
	if (rc != STA_OK)
		return;
	make(w, caller, package);
	m->manifest[i] = true;
	m->published = true;
	if (how < 3)
		m->tag[tag] = (int) i;
}

/* An index of the package lists it. */
static bool
is_listed(const struct walk *w, const struct walk_model *m, size_t i)
{
	for (size_t k = WALK_IMAGES; k < WALK_MANIFESTS; k++)
		if (m->manifest[k] && (w->manifests[k].uses[0] == i || w->manifests[k].uses[1] == i))
			return true;
	return false;
}

static void
step_delete_manifest(struct walk *w, size_t caller, size_t package)
{
	struct walk_model *m = &w->models[package];
	size_t i = walk_pick(w, WALK_MANIFESTS);
	struct sta_reference ref = ref_digest(&w->manifests[i].digest);
	struct sta_name name;
	enum sta_rc rc;

	name_of(walk_packages[package], &name);
	rc = sta_delete_manifest(w->h->r, w->callers[caller], &name, &ref, &w->h->err);
	if (!walk_owns(w, caller, package)) {
		walk_refused(rc);
		return;
	}
	if (!m->manifest[i])
		assert_int_equal(rc, STA_NOT_FOUND);
	else
		assert_int_equal(rc, i < WALK_IMAGES && is_listed(w, m, i) ? STA_CONFLICT : STA_OK);
	if (rc != STA_OK)
		return;
	m->manifest[i] = false;
	for (size_t t = 0; t < WALK_TAGS; t++)
		if (m->tag[t] == (int) i)
			m->tag[t] = -1;
	for (size_t k = 0; i < WALK_IMAGES && k < 3; k++)
		lease(m, w->manifests[i].uses[k]);
}

static struct sta_reference
tag_ref(size_t tag)
{
	char text[8];

	(void) snprintf(text, sizeof(text), "t%zu", tag);
	return ref_of(text);
}

static void
step_delete_tag(struct walk *w, size_t caller, size_t package)
{
	struct walk_model *m = &w->models[package];
	size_t tag = walk_pick(w, WALK_TAGS);
	struct sta_reference ref = tag_ref(tag);
	struct sta_name name;
	enum sta_rc rc;

	name_of(walk_packages[package], &name);
	rc = sta_delete_manifest(w->h->r, w->callers[caller], &name, &ref, &w->h->err);
	if (!walk_owns(w, caller, package)) {
		walk_refused(rc);
		return;
	}
	assert_int_equal(rc, m->exists && m->tag[tag] >= 0 ? STA_OK : STA_NOT_FOUND);
	m->tag[tag] = -1;
}

static void
check_manifest(struct walk *w, size_t caller, size_t package, const struct sta_reference *ref, int expected)
{
	struct sta_pulled_manifest got;
	struct sta_name name;
	enum sta_rc rc;

	name_of(walk_packages[package], &name);
	rc = sta_pull_manifest(w->h->r, w->callers[caller], &name, ref, true, &got, &w->h->err);
	if (!may_read(w, caller, package)) {
		walk_refused(rc);
		return;
	}
	assert_int_equal(rc, expected >= 0 ? STA_OK : STA_NOT_FOUND);
	if (rc != STA_OK)
		return;
	assert_true(sta_digest_equal(&got.digest, &w->manifests[expected].digest));
	assert_int_equal(got.size, strlen(w->manifests[expected].text));
	assert_memory_equal(got.bytes, w->manifests[expected].text, got.size);
}

static void
check_tag(struct walk *w, size_t caller, size_t package, size_t tag)
{
	const struct walk_model *m = &w->models[package];
	struct sta_reference ref = tag_ref(tag);

	check_manifest(w, caller, package, &ref, m->exists ? m->tag[tag] : -1);
}

static void
check_digest(struct walk *w, size_t caller, size_t package, size_t i)
{
	struct sta_reference ref = ref_digest(&w->manifests[i].digest);

	check_manifest(w, caller, package, &ref, w->models[package].manifest[i] ? (int) i : -1);
}

/* --- walk_packages, time, the collector --- */

static void
step_delete_package(struct walk *w, size_t caller, size_t package)
{
	struct walk_model *m = &w->models[package];
	enum sta_rc rc = sta_package_delete(w->h->r, w->callers[caller], walk_packages[package], &w->h->err);

	if (!walk_owns(w, caller, package)) {
		walk_refused(rc);
		return;
	}
	assert_int_equal(rc, m->exists ? STA_OK : STA_NOT_FOUND);
	*m = (struct walk_model){ .exists = false };
}

static void
step_visibility(struct walk *w, size_t caller, size_t package)
{
	struct walk_model *m = &w->models[package];
	bool public = walk_pick(w, 2) == 0;
	enum sta_rc rc = sta_package_set_visibility(w->h->r, w->callers[caller], walk_packages[package],
						    public ? STA_PUBLIC : STA_PRIVATE, &w->h->err);

	if (!walk_owns(w, caller, package)) {
		walk_refused(rc);
		return;
	}
	assert_int_equal(rc, m->exists ? STA_OK : STA_NOT_FOUND);
	m->public = m->exists && public;
}

static void
collect(struct walk *w, bool merciless)
{
	int64_t due_until = sta_now_unix() + (merciless ? GRACE - FRESH : 0);
	int64_t begun_before = sta_now_unix() - (merciless ? FRESH : GRACE);

	(void) run_gc(w->h, merciless);
	walk_expire_sessions(w);
	for (size_t p = 0; p < WALK_PACKAGES; p++) {
		struct walk_model *m = &w->models[p];
		bool any = false;

		for (size_t b = 0; b < WALK_BLOBS; b++) {
			if (!in_use(w, m, b) && m->due[b] <= due_until)
				m->blob[b] = false;
			any |= m->blob[b];
		}
		if (!any && !m->published && m->created < begun_before)
			*m = (struct walk_model){ .exists = false };
	}
}

static void
step_restart(struct walk *w)
{
	house_restart(w->h);
	assert_int_equal(sta_gc_recover(w->h->r, &w->h->err), STA_OK);
}

static void
step_clock(struct walk *w)
{
	static const int64_t jumps[] = { 1,  29,        30,        31,    59,        60,
					 61, GRACE / 2, GRACE - 1, GRACE, GRACE + 5, WALK_TTL };

	atomic_fetch_add(&now, jumps[walk_pick(w, ARRAY_LEN(jumps))]);
}

/* --- the walk --- */

static void
step_look(struct walk *w, size_t caller, size_t package)
{
	switch (walk_pick(w, 4)) {
	case 0:
		check_blob(w, caller, package, walk_pick(w, WALK_BLOBS), walk_pick(w, 2) == 0);
		return;
	case 1:
		check_tag(w, caller, package, walk_pick(w, WALK_TAGS));
		return;
	case 2:
		check_digest(w, caller, package, walk_pick(w, WALK_MANIFESTS));
		return;
	default:
		walk_check_session(w, &w->sessions[walk_pick(w, WALK_SESSIONS)], caller, package);
	}
}

void
walk_step(struct walk *w)
{
	typedef void step_fn(struct walk * w, size_t caller, size_t package);
	static const struct {
		size_t weight;
		step_fn *fn;
	} steps[] = {
		{ 16, step_push_blob },      { 7, step_mount },          { 16, step_push_manifest },
		{ 5, step_delete_manifest }, { 3, step_delete_tag },     { 4, step_delete_blob },
		{ 5, walk_start },           { 8, walk_append },         { 5, walk_finish },
		{ 1, walk_cancel },          { 1, step_delete_package }, { 2, step_visibility },
		{ 20, step_look },
	};
	size_t what = walk_pick(w, 100);
	size_t caller, package;

	if (what == 0) {
		step_restart(w);
		return;
	}
	if (what <= 3) {
		collect(w, walk_pick(w, 4) == 0);
		return;
	}
	if (what <= 7) {
		step_clock(w);
		return;
	}
	what -= 8;
	caller = walk_pick(w, WALK_CALLERS);
	package = walk_pick(w, WALK_PACKAGES);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		if (what < steps[i].weight) {
			steps[i].fn(w, caller, package);
			return;
		}
		what -= steps[i].weight;
	}
}

void
walk_check(struct walk *w)
{
	size_t sys = WALK_CALLERS - 1;

	for (size_t p = 0; p < WALK_PACKAGES; p++) {
		for (size_t b = 0; b < WALK_BLOBS; b++)
			check_blob(w, sys, p, b, false);
		for (size_t i = 0; i < WALK_MANIFESTS; i++)
			check_digest(w, sys, p, i);
		for (size_t t = 0; t < WALK_TAGS; t++)
			check_tag(w, sys, p, t);
	}
	for (size_t i = 0; i < WALK_SESSIONS; i++)
		walk_check_session(w, &w->sessions[i], w->sessions[i].caller, w->sessions[i].package);
	assert_sound(w->h);
}

void
walk_clear(struct walk *w)
{
	size_t sys = WALK_CALLERS - 1;

	for (size_t p = 0; p < WALK_PACKAGES; p++)
		step_delete_package(w, sys, p);
	atomic_fetch_add(&now, WALK_TTL + GRACE + 1);
	collect(w, false);
	atomic_fetch_add(&now, WALK_TTL);
	collect(w, false);
	assert_int_equal(number(w->h, "SELECT count(*) FROM package"), 0);
	assert_int_equal(number(w->h, "SELECT count(*) FROM package_blob"), 0);
	assert_int_equal(number(w->h, "SELECT count(*) FROM blob"), 0);
	assert_int_equal(number(w->h, "SELECT count(*) FROM upload"), 0);
	assert_int_equal(count_stages(w->h), 0);
	assert_int_equal(count_files(w->h), 0);
	for (size_t i = 0; i < WALK_SESSIONS; i++)
		assert_false(w->sessions[i].open);
}

static void
make_blobs(struct walk *w)
{
	static const size_t lens[] = { 0, 10, 3 * KIB, 64 * KIB, 64 * KIB + 1, 100 * KIB };

	for (size_t i = 0; i < WALK_BLOBS; i++) {
		struct walk_blob *b = &w->blobs[i];

		b->len = lens[i % ARRAY_LEN(lens)] + (i >= ARRAY_LEN(lens) ? 7 : 0);
		b->bytes = bytes_of(b->len, (unsigned) i);
		b->digest = sha256_of(b->bytes, b->len);
	}
}

static void
make_image(struct walk *w, size_t i)
{
	struct walk_manifest *x = &w->manifests[i];
	struct sta_digest layers[2];
	const struct walk_blob *config;

	for (size_t k = 0; k < 3; k++)
		x->uses[k] = (i * 5 + k * 4 + 1) % WALK_BLOBS;
	config = &w->blobs[x->uses[0]];
	layers[0] = w->blobs[x->uses[1]].digest;
	layers[1] = w->blobs[x->uses[2]].digest;
	x->text = strdup(manifest_of(w->h, &config->digest, config->len, layers, 2, 1));
}

static void
make_index(struct walk *w, size_t i)
{
	struct walk_manifest *x = &w->manifests[i];
	char one[STA_DIGEST_TEXT_MAX], two[STA_DIGEST_TEXT_MAX];
	char text[1024];

	x->is_index = true;
	x->uses[0] = 2 * (i - WALK_IMAGES);
	x->uses[1] = x->uses[0] + 1;
	(void) snprintf(
		text, sizeof(text),
		"{\"schemaVersion\":2,\"manifests\":["
		"{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"%s\",\"size\":1},"
		"{\"mediaType\":\"application/"
		"vnd.oci.image.manifest.v1+json\",\"digest\":\"%s\",\"size\":1}]}",
		sta_digest_text(&w->manifests[x->uses[0]].digest, one),
		sta_digest_text(&w->manifests[x->uses[1]].digest, two));
	x->text = strdup(text);
}

void
walk_begin(struct walk *w, struct house *h, size_t (*choose)(void *arg, size_t n), void *arg)
{
	*w = (struct walk){ .h = h,
			    .pick = choose,
			    .arg = arg,
			    .callers = { &h->alice, &h->bob, &h->admin, &h->nobody, &h->sys } };
	real_ops = h->shell.base.ops;
	ops = *real_ops;
	ops.stage_begin = stage_begin;
	ops.stage_end = stage_end;
	ops.stage_write = stage_write;
	ops.stage_stat = stage_stat;
	h->shell.base.ops = &ops;
	make_blobs(w);
	for (size_t i = 0; i < WALK_MANIFESTS; i++) {
		struct walk_manifest *x = &w->manifests[i];

		if (i < WALK_IMAGES)
			make_image(w, i);
		else
			make_index(w, i);
		assert_non_null(x->text);
		x->digest = sha256_of(x->text, strlen(x->text));
	}
	walk_again(w);
}

void
walk_again(struct walk *w)
{
	memset(w->models, 0, sizeof(w->models));
	memset(w->sessions, 0, sizeof(w->sessions));
	atomic_store(&now, (int64_t) time(NULL));
}

void
walk_end(struct walk *w)
{
	for (size_t i = 0; i < WALK_BLOBS; i++)
		free(w->blobs[i].bytes);
	for (size_t i = 0; i < WALK_MANIFESTS; i++)
		free(w->manifests[i].text);
	w->h->shell.base.ops = real_ops;
	atomic_store(&now, 0);
}
