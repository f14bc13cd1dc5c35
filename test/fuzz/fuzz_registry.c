/* The registry as a state machine: uploads, manifests, tags, deletes, time and
 * the collector, in the order that the input says, against the model of
 * test/unit/registry/walk.c.  After each input: everything is as the model
 * says, fsck finds nothing, and when all is deleted nothing is left. */
#include "registry/walk.h"

#include <stdlib.h>

#include "fuzz.h"

#define STEPS_MAX 400

struct input {
	const uint8_t *p, *end;
};

/* One byte is one choice; an input that has ended chooses 0. */
static size_t
pick(void *arg, size_t n)
{
	struct input *in = arg;

	return in->p < in->end ? *in->p++ % n : 0;
}

/* One registry for all inputs: each leaves it empty. */
static struct walk *
the_walk(struct input *in)
{
	static char driver[] = "mem";
	static struct walk w;
	char *argv[] = { NULL, driver };
	void *state = NULL;

	if (w.h) {
		w.arg = in;
		walk_again(&w);
	} else {
		(void) setenv("CMOCKA_TEST_ABORT", "1", 1); /* NOLINT(concurrency-mt-unsafe) */
		house_driver(2, argv);
		REQUIRE(house_setup(&state) == 0);
		walk_begin(&w, state, pick, in);
	}
	house_fresh_arena(w.h);
	return &w;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { .p = data, .end = data + size };
	struct walk *w = the_walk(&in);

	for (int i = 0; i < STEPS_MAX && in.p < in.end; i++)
		walk_step(w);
	walk_check(w);
	walk_clear(w);
	return 0;
}
