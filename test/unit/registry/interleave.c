#include "interleave.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"

#define NEVER ((size_t) -1)
#define DAY (24 * 3600)
#define RESTART_EVERY 16
#define SPARSE 7

/* --- the scheduler's side --- */

static void
turn(struct world *w, struct act *a)
{
	(void) pthread_mutex_lock(&w->lock);
	if (a->state == ACT_IDLE)
		a->from = w->turns;
	w->turns++;
	w->running = a;
	(void) pthread_cond_signal(&a->go);
	while (w->running)
		(void) pthread_cond_wait(&w->turn, &w->lock);
	(void) pthread_mutex_unlock(&w->lock);
}

/* a waits for a mutex: let the others go on by a step each. */
static void
let_others(struct world *w, const struct act *a)
{
	bool progress = false;

	for (size_t i = 0; i < w->scenario->n; i++) {
		struct act *other = &w->acts[i];

		if (other == a || other->state == ACT_OVER || other->state == ACT_IDLE)
			continue;
		turn(w, other);
		progress = progress || other->state != ACT_WAITS;
	}
	assert_true(progress); /* else all wait for each other */
}

/* Until its target-th stop, or its end: false. */
static bool
go_on(struct world *w, struct act *a, size_t target)
{
	while (a->state != ACT_OVER && a->points < target) {
		turn(w, a);
		if (a->state == ACT_WAITS)
			let_others(w, a);
	}
	return a->state != ACT_OVER;
}

bool
before(const struct act *a, const struct act *b)
{
	return a->to <= b->from;
}

void
later(struct world *w, int64_t seconds)
{
	w->offset += seconds;
	sta_clock_set_offset(w->offset);
}

/* --- a run --- */

static void
begin_run(struct world *w)
{
	house_fresh_arena(w->h);
	w->session[0] = '\0';
	w->stage = NULL;
	w->written = 0;
	w->thing = &w->large;
	w->turns = 0;
	later(w, -w->offset);
	for (size_t i = 0; i < w->scenario->n; i++) {
		struct act *a = &w->acts[i];

		a->arena = sta_arena_new(4 * MIB);
		assert_non_null(a->arena);
		a->call = house_call(w->h, a->arena, "alice");
		a->run = w->scenario->acts[i];
		a->err = (struct sta_err){ 0 };
		a->state = ACT_IDLE;
		a->flag = false;
		a->mark = 0;
		a->points = 0;
		a->last = "its begin";
	}
	w->scenario->prepare(w);
}

/* Whatever happened, in the end everything can be removed, and then nothing is left. */
static void
clean_up(struct world *w)
{
	static const char *const packages[] = { APP, LIB };
	struct house *h = w->h;

	if (w->session[0]) {
		struct sta_name name;
		enum sta_rc rc;

		name_of(APP, &name);
		rc = sta_upload_cancel(h->r, &h->alice, &name, w->session, &h->err);
		assert_true(rc == STA_OK || rc == STA_NOT_FOUND);
		settle(h);
	}
	for (size_t i = 0; i < ARRAY_LEN(packages); i++) {
		enum sta_rc rc = sta_package_delete(h->r, &h->alice, packages[i], &h->err);

		assert_true(rc == STA_OK || rc == STA_NOT_FOUND);
	}
	later(w, DAY);
	(void) run_gc(h, false);
	if (h->options.trash_keep_s > 0) { /* that emptied the trash, and its blobs have a grace */
		later(w, DAY);
		(void) run_gc(h, false);
	}
	assert_int_equal(number(h, "SELECT (SELECT count(*) FROM blob) + (SELECT count(*) FROM blob_data)"
				   " + (SELECT count(*) FROM package_blob) + (SELECT count(*) FROM manifest)"
				   " + (SELECT count(*) FROM manifest_blob) + (SELECT count(*) FROM tag)"
				   " + (SELECT count(*) FROM manifest_child) + (SELECT count(*) FROM upload)"
				   " + (SELECT count(*) FROM manifest_missing)"
				   " + (SELECT count(*) FROM deleted_tag)"),
			 0);
	assert_int_equal(count_files(h), 0);
	assert_int_equal(count_stages(h), 0);
}

/* No act left a claim, a file without a row, a stage without a session: not even until the next start. */
static void
end_run(struct world *w)
{
	struct house *h = w->h;

	assert_sound(h);
	assert_int_equal(number(h, "SELECT count(*) FROM blob WHERE claims > 0 OR state = 1"), 0);
	w->scenario->check(w);
	if (++w->runs % RESTART_EVERY == 0) {
		size_t stages = count_stages(h);

		house_restart(h);
		assert_int_equal(sta_gc_recover(h->r, &h->err), STA_OK);
		assert_int_equal(count_stages(h), stages);
		assert_sound(h);
		w->scenario->check(w);
	}
	clean_up(w);
	for (size_t i = 0; i < w->scenario->n; i++)
		sta_arena_free(w->acts[i].arena);
}

struct order {
	struct act *x, *y, *z; /* z may be NULL */
};

static void
describe(struct world *w, const struct order *o, size_t i, size_t j)
{
	(void) snprintf(w->where, sizeof(w->where), "%s: act %d to stop %zu, act %d to stop %zd",
			w->scenario->what, (int) (o->x - w->acts), i, (int) (o->y - w->acts), (ssize_t) j);
}

/* false in *i or *j: the act has no such stop. */
static void
run(struct world *w, const struct order *o, size_t i, size_t j, bool stopped[2])
{
	describe(w, o, i, j);
	begin_run(w);
	stopped[0] = go_on(w, o->x, i);
	stopped[1] = go_on(w, o->y, j);
	if (o->z)
		(void) go_on(w, o->z, NEVER);
	(void) go_on(w, o->x, NEVER);
	(void) go_on(w, o->y, NEVER);
	end_run(w);
	w->where[0] = '\0';
}

static void
explore_order(struct world *w, const struct order *o, size_t sparse)
{
	size_t stride = o->z && sparse > 1 ? NEVER / 2 : sparse;
	size_t step = sparse > SPARSE ? sparse / SPARSE : 1;
	bool stopped[2] = { true, true };

	for (size_t i = 1; stopped[0]; i += step) {
		size_t j = sparse == 1 ? 1 : o->z ? NEVER : 1 + i % sparse;

		for (stopped[1] = true; stopped[0] && stopped[1]; j += stride)
			run(w, o, i, j, stopped);
	}
}

/* How many stops to leave out: 1 none. */
static size_t
sparseness(const struct world *w, const struct scenario *s)
{
	const char *level = getenv("STAITHE_TEST_INTERLEAVE");
	uint64_t n = SPARSE;

	if (level && strcmp(level, "all") == 0)
		return 1;
	if (level && !sta_parse_u64(level, strlen(level), &n))
		fail_msg("STAITHE_TEST_INTERLEAVE is 'all' or a number");
	if (s->n == 2 && w->every && n <= SPARSE)
		return 1;
	return n > 0 ? (size_t) n : 1;
}

void
explore(struct world *w, const struct scenario *s)
{
	static const int orders[6][3] = { { 0, 1, 2 }, { 1, 0, 2 }, { 0, 2, 1 },
					  { 2, 0, 1 }, { 1, 2, 0 }, { 2, 1, 0 } };

	w->scenario = s;
	w->runs = 0;
	for (size_t k = 0; k < (s->n == 2 ? 2 : 6); k++) {
		struct order o = {
			.x = &w->acts[orders[k][0]],
			.y = &w->acts[orders[k][1]],
			.z = s->n == 3 ? &w->acts[orders[k][2]] : NULL,
		};

		explore_order(w, &o, sparseness(w, s));
	}
	print_message("# %s: %lu interleavings\n", s->what, w->runs);
}
