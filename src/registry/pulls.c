#include "registry/pulls.h"

#include "base/alloc.h"
#include "model/versions.h"
#include "registry/core.h"

#define SLOTS 4096
#define PROBES 8
#define COUNT_BITS 24 /* of a slot; the others are the id of a version */
#define COUNT_MAX ((UINT64_C(1) << COUNT_BITS) - 1)
#define ID_MAX (INT64_C(1) << (63 - COUNT_BITS))

/* Id and count in one word, so that taking a count away and counting can never mix up two versions. */
struct sta_pulls {
	_Atomic uint64_t slot[SLOTS]; /* 0: free */
};

enum sta_rc
sta_pulls_new(struct sta_pulls **out, struct sta_err *err)
{
	struct sta_pulls *p = sta_malloc(sizeof(*p));

	if (!p)
		return sta_err_set(err, STA_NOMEM, 0, "pulls");
	for (size_t i = 0; i < SLOTS; i++)
		atomic_init(&p->slot[i], 0);
	*out = p;
	return STA_OK;
}

void
sta_pulls_free(struct sta_pulls *p)
{
	sta_free(p);
}

/* False: the slot is another version's, or full. */
static bool
add_to(_Atomic uint64_t *slot, uint64_t id, uint64_t n)
{
	uint64_t now = atomic_load_explicit(slot, memory_order_relaxed);

	do {
		if ((now != 0 && now >> COUNT_BITS != id) || (now & COUNT_MAX) + n > COUNT_MAX)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(slot, &now, now == 0 ? id << COUNT_BITS | n : now + n,
							memory_order_relaxed, memory_order_relaxed));
	return true;
}

static void
add(struct sta_pulls *p, int64_t version_id, uint64_t n)
{
	uint64_t id = (uint64_t) version_id;

	if (version_id <= 0 || version_id >= ID_MAX)
		return;
	for (size_t i = 0; i < PROBES; i++)
		if (add_to(&p->slot[(id + i) % SLOTS], id, n))
			return;
}

void
sta_pull_count(struct sta_registry *r, int64_t version_id)
{
	add(r->pulls, version_id, 1);
}

struct taken {
	uint64_t slot[SLOTS];
};

static enum sta_rc
flush_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct taken *t = arg;
	enum sta_rc rc = STA_OK;

	for (size_t i = 0; rc == STA_OK && i < SLOTS; i++)
		if (t->slot[i] != 0)
			rc = sta_version_add_pulls(c, (int64_t) (t->slot[i] >> COUNT_BITS),
						   t->slot[i] & COUNT_MAX, err);
	return rc;
}

enum sta_rc
sta_pulls_flush(struct sta_registry *r, struct sta_err *err)
{
	struct taken *t = sta_malloc(sizeof(*t));
	bool any = false;
	enum sta_rc rc = STA_OK;

	if (!t)
		return sta_err_set(err, STA_NOMEM, 0, "pulls");
	for (size_t i = 0; i < SLOTS; i++) {
		t->slot[i] = atomic_exchange_explicit(&r->pulls->slot[i], 0, memory_order_relaxed);
		any = any || t->slot[i] != 0;
	}
	if (any)
		rc = sta_db_write(r->db, flush_tx, t, err);
	for (size_t i = 0; rc != STA_OK && i < SLOTS; i++)
		if (t->slot[i] != 0)
			add(r->pulls, (int64_t) (t->slot[i] >> COUNT_BITS), t->slot[i] & COUNT_MAX);
	sta_free(t);
	return rc;
}
