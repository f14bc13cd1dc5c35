#include "registry/sizes.h"

#include <string.h>

#include "base/auto.h"
#include "model/blobs.h"
#include "model/sizes.h"
#include "model/versions.h"
#include "registry/core.h"
#include "registry/published.h"
#include "registry/trash_internal.h"

#define BATCH 1000                      /* blobs of a package in one go */
#define SCRATCH_MAX ((size_t) 64 << 20) /* for one version, or one batch */
#define KNOWN_MAX ((size_t) 128 << 20)  /* for all that a version has to do with */
#define FIRST 64

/* --- numbers that were met --- */

struct known {
	int64_t id;
	unsigned flags;
};

/* In the order in which they came, and twice as many places, by number. */
struct set {
	struct sta_arena *arena;
	struct known *items;
	uint32_t *places; /* the number of an item, from 1; 0: free */
	size_t n, cap;
};

static uint32_t *
place_of(const struct set *s, int64_t id)
{
	size_t mask = 2 * s->cap - 1;
	size_t i = (size_t) ((uint64_t) id * UINT64_C(0x9e3779b97f4a7c15) >> 32) & mask;

	while (s->places[i] != 0 && s->items[s->places[i] - 1].id != id)
		i = (i + 1) & mask;
	return &s->places[i];
}

static struct known *
find(const struct set *s, int64_t id)
{
	uint32_t number = s->cap > 0 ? *place_of(s, id) : 0;

	return number > 0 ? &s->items[number - 1] : NULL;
}

static enum sta_rc
grow(struct set *s, struct sta_err *err)
{
	struct set bigger = { .arena = s->arena, .n = s->n, .cap = s->cap > 0 ? 2 * s->cap : FIRST };

	bigger.items = sta_arena_alloc(s->arena, bigger.cap * sizeof(*bigger.items));
	bigger.places = sta_arena_alloc(s->arena, 2 * bigger.cap * sizeof(*bigger.places));
	if (!bigger.items || !bigger.places)
		return sta_err_set(err, STA_NOMEM, 0, "sizes");
	memset(bigger.places, 0, 2 * bigger.cap * sizeof(*bigger.places));
	if (s->n > 0)
		memcpy(bigger.items, s->items, s->n * sizeof(*s->items));
	for (size_t i = 0; i < s->n; i++)
		*place_of(&bigger, bigger.items[i].id) = (uint32_t) i + 1;
	*s = bigger;
	return STA_OK;
}

/* It must not be there yet. */
static enum sta_rc
add(struct set *s, int64_t id, unsigned flags, struct sta_err *err)
{
	enum sta_rc rc = s->n == s->cap ? grow(s, err) : STA_OK;

	if (rc != STA_OK)
		return rc;
	*place_of(s, id) = (uint32_t) s->n + 1;
	s->items[s->n++] = (struct known){ .id = id, .flags = flags };
	return STA_OK;
}

/* --- both --- */

struct work {
	struct sta_registry *r;
	const struct sta_call *call;
	struct sta_db_conn *c;
	struct sta_arena *scratch; /* for a batch of blobs, or a version */
	struct sta_name name;
	struct sta_package package;
	bool exact; /* the caller sees every package */
	struct sta_sizes sizes;
};

static enum sta_rc
used_elsewhere(struct work *w, const struct sta_sized_blob *b, bool *out, struct sta_err *err)
{
	const struct sta_elsewhere q = { .digest = &b->digest, .not_package = w->package.id, .used = true };
	struct sta_call call = *w->call;
	struct sta_membership ignored;

	call.arena = w->scratch;
	return w->exact ? sta_size_used_elsewhere(w->c, w->package.id, b->id, out, err)
			: sta_readable_elsewhere(w->c, &call, &q, out, &ignored, err);
}

typedef enum sta_rc look_fn(struct work *w, void *arg, struct sta_err *err);

/* fn in one snapshot, for a reader of the package. */
static enum sta_rc
look(struct work *w, look_fn *fn, void *arg, struct sta_err *err)
{
	struct sta_entry e;
	enum sta_rc rc = sta_must_wait(w->call, err);

	if (rc == STA_OK)
		rc = sta_db_reader(w->r->db, &w->c, err);
	if (rc == STA_OK)
		rc = sta_db_read_begin(w->c, err);
	if (rc != STA_OK)
		return rc;
	rc = sta_door_published(w->c, w->call, &w->name, STA_ACTION_READ, &e, err);
	if (rc == STA_OK) {
		w->package = e.package;
		w->exact = w->call->caller.kind == STA_CALLER_SYSTEM || sta_call_by_site_admin(w->call);
		rc = fn(w, arg, err);
	}
	sta_db_read_end(w->c);
	return rc;
}

/* --- a package --- */

static enum sta_rc
add_blobs(struct work *w, int64_t *after, size_t *n, struct sta_err *err)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *scratch = sta_arena_new(SCRATCH_MAX);
	struct sta_sized_blob *blobs = NULL;
	enum sta_rc rc = scratch ? sta_go_on(w->r, err) : sta_err_set(err, STA_NOMEM, 0, "sizes");

	w->scratch = scratch;
	if (rc == STA_OK)
		rc = sta_size_package_blobs(w->c, scratch, w->package.id, *after, BATCH, &blobs, n, err);
	for (size_t i = 0; rc == STA_OK && i < *n; i++) {
		bool elsewhere = false;

		rc = used_elsewhere(w, &blobs[i], &elsewhere, err);
		w->sizes.bytes += blobs[i].size;
		w->sizes.shared += elsewhere ? blobs[i].size : 0;
		w->sizes.blobs++;
		*after = blobs[i].id;
	}
	return rc;
}

static enum sta_rc
look_at_package(struct work *w, void *arg, struct sta_err *err)
{
	int64_t after = 0;
	size_t n = BATCH;
	enum sta_rc rc = sta_size_versions(w->c, w->package.id, &w->sizes.versions, &w->sizes.bytes, err);

	(void) arg;
	while (rc == STA_OK && n == BATCH)
		rc = add_blobs(w, &after, &n, err);
	w->sizes.freed = w->sizes.bytes - w->sizes.shared;
	return rc;
}

enum sta_rc
sta_package_size(struct sta_registry *r, const struct sta_call *call, const char *owner, const char *name,
		 struct sta_sizes *out, struct sta_err *err)
{
	struct work w = { .r = r, .call = call };
	enum sta_rc rc = sta_published_name(owner, name, &w.name, err);

	if (rc == STA_OK)
		rc = look(&w, look_at_package, NULL, err);
	if (rc == STA_OK)
		*out = w.sizes;
	return rc;
}

/* --- a version --- */

#define LISTED                                                                                               \
	1U       /* of a version: it, or what it lists; of a blob: such a one uses it, and it was counted    \
		  */
#define GOES 2U  /* the same of what goes when it is deleted */
#define STAYS 4U /* of a blob: others use it */

struct family {
	const struct sta_version_asked *asked;
	struct set versions;
	struct set blobs;
};

static enum sta_rc
mark(struct work *w, struct family *f, const struct sta_sized_version *v, unsigned flag, struct sta_err *err)
{
	struct known *k = find(&f->versions, v->id);

	if (k && (k->flags & flag))
		return STA_OK;
	if (flag == LISTED) {
		w->sizes.bytes += v->size;
		w->sizes.versions++;
	} else {
		w->sizes.freed += v->size;
	}
	if (!k)
		return add(&f->versions, v->id, flag, err);
	k->flags |= flag;
	return STA_OK;
}

static enum sta_rc
mark_listed(struct work *w, struct family *f, const struct known *of, struct sta_err *err)
{
	struct sta_sized_version *v = NULL;
	size_t n = 0;
	enum sta_rc rc = sta_size_listed(w->c, w->scratch, of->id, &v, &n, err);

	for (size_t i = 0; rc == STA_OK && i < n; i++)
		rc = mark(w, f, &v[i], LISTED, err);
	return rc;
}

/* Everything that lists it goes. */
static enum sta_rc
is_alone(struct work *w, struct family *f, int64_t id, bool *out, struct sta_err *err)
{
	int64_t *parents = NULL;
	size_t n = 0;
	enum sta_rc rc = sta_size_parents(w->c, w->scratch, id, &parents, &n, err);

	*out = true;
	for (size_t i = 0; rc == STA_OK && i < n && *out; i++) {
		const struct known *k = find(&f->versions, parents[i]);

		*out = k && (k->flags & GOES);
	}
	return rc;
}

/* What goes with a version that goes.  One that more than one index lists goes with the last of these. */
static enum sta_rc
mark_going(struct work *w, struct family *f, const struct known *with, struct sta_err *err)
{
	uint64_t most = sta_trash_protects(w->r, &w->package) ? w->r->options.popular_after : INT64_MAX;
	struct sta_sized_version *v = NULL;
	size_t n = 0;
	enum sta_rc rc = sta_size_dependents(w->c, w->scratch, with->id, most, &v, &n, err);

	for (size_t i = 0; rc == STA_OK && i < n; i++) {
		bool alone = false;

		rc = is_alone(w, f, v[i].id, &alone, err);
		if (rc == STA_OK && alone)
			rc = mark(w, f, &v[i], GOES, err);
	}
	return rc;
}

typedef enum sta_rc visit_fn(struct work *w, struct family *f, const struct known *v, struct sta_err *err);

/* fn for each version with that flag, also those that get it meanwhile: in rounds, as one that was passed by
 * can get it later. */
static enum sta_rc
visit(struct work *w, struct family *f, unsigned flag, unsigned done, visit_fn *fn, struct sta_err *err)
{
	enum sta_rc rc = STA_OK;
	bool any = true;

	while (rc == STA_OK && any) {
		any = false;
		for (size_t i = 0; rc == STA_OK && i < f->versions.n; i++) {
			STA_AUTO(sta_arena_auto) struct sta_arena *scratch = NULL;
			const struct known v = f->versions.items[i]; /* fn may move them */

			if (!(v.flags & flag) || (v.flags & done))
				continue;
			f->versions.items[i].flags |= done;
			any = true;
			w->scratch = scratch = sta_arena_new(SCRATCH_MAX);
			rc = scratch ? sta_go_on(w->r, err) : sta_err_set(err, STA_NOMEM, 0, "sizes");
			if (rc == STA_OK)
				rc = fn(w, f, &v, err);
		}
	}
	return rc;
}

static bool
stays(void *arg, int64_t version_id)
{
	const struct known *k = find(&((const struct family *) arg)->versions, version_id);

	return !k || !(k->flags & GOES);
}

/* Versions of the package that stay use it, or other packages. */
static enum sta_rc
has_others(struct work *w, struct family *f, const struct sta_sized_blob *b, bool *out, struct sta_err *err)
{
	enum sta_rc rc = sta_size_kept(w->c, w->package.id, b->id, stays, f, out, err);

	return rc == STA_OK && !*out ? used_elsewhere(w, b, out, err) : rc;
}

static void
count_blob(struct sta_sizes *s, const struct sta_sized_blob *b, unsigned as, bool kept)
{
	if (as & LISTED) {
		s->blobs++;
		s->bytes += b->size;
		s->shared += kept ? b->size : 0;
	}
	if ((as & GOES) && !kept)
		s->freed += b->size;
}

static enum sta_rc
add_blob(struct work *w, struct family *f, const struct sta_sized_blob *b, unsigned as, struct sta_err *err)
{
	struct known *k = find(&f->blobs, b->id);
	bool kept = false;
	enum sta_rc rc;

	if (k) {
		count_blob(&w->sizes, b, as & ~k->flags, k->flags & STAYS);
		k->flags |= as;
		return STA_OK;
	}
	rc = has_others(w, f, b, &kept, err);
	if (rc != STA_OK)
		return rc;
	count_blob(&w->sizes, b, as, kept);
	return add(&f->blobs, b->id, as | (kept ? STAYS : 0), err);
}

static enum sta_rc
add_blobs_of(struct work *w, struct family *f, const struct known *v, struct sta_err *err)
{
	unsigned flags = v->flags & (LISTED | GOES);
	struct sta_sized_blob *blobs = NULL;
	size_t n = 0;
	enum sta_rc rc = sta_size_version_blobs(w->c, w->scratch, v->id, &blobs, &n, err);

	for (size_t i = 0; rc == STA_OK && i < n; i++)
		rc = add_blob(w, f, &blobs[i], flags, err);
	return rc;
}

#define LISTED_DONE 8U
#define GOES_DONE 16U
#define BLOBS_DONE 32U

static enum sta_rc
look_at_version(struct work *w, void *arg, struct sta_err *err)
{
	struct family *f = arg;
	bool cascade = f->asked->cascade ? *f->asked->cascade : w->r->options.delete_cascade;
	struct sta_version_row row;
	struct sta_sized_version v;
	enum sta_rc rc = sta_version_row(w->c, w->call->arena, w->package.id, f->asked->id, &row, err);

	if (rc == STA_NOT_FOUND || (rc == STA_OK && row.deleted_unix > 0))
		return sta_err_set(err, STA_NOT_FOUND, 0, "Package version not found.");
	v = (struct sta_sized_version){ .id = f->asked->id, .size = row.size };
	if (rc == STA_OK)
		rc = mark(w, f, &v, LISTED, err);
	if (rc == STA_OK)
		rc = mark(w, f, &v, GOES, err);
	if (rc == STA_OK)
		rc = visit(w, f, LISTED, LISTED_DONE, mark_listed, err);
	if (rc == STA_OK && cascade)
		rc = visit(w, f, GOES, GOES_DONE, mark_going, err);
	return rc == STA_OK ? visit(w, f, LISTED | GOES, BLOBS_DONE, add_blobs_of, err) : rc;
}

enum sta_rc
sta_version_size(struct sta_registry *r, const struct sta_call *call, const struct sta_version_asked *v,
		 struct sta_sizes *out, struct sta_err *err)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *known = sta_arena_new(KNOWN_MAX);
	struct work w = { .r = r, .call = call };
	struct family f = { .asked = v, .versions = { .arena = known }, .blobs = { .arena = known } };
	enum sta_rc rc = known ? sta_published_name(v->owner, v->name, &w.name, err)
			       : sta_err_set(err, STA_NOMEM, 0, "sizes");

	if (rc == STA_OK)
		rc = look(&w, look_at_version, &f, err);
	if (rc == STA_OK)
		*out = w.sizes;
	return rc;
}
