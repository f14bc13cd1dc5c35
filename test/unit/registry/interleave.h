/*
 * interleave - operations of the registry in every order of their steps.
 *
 * An operation runs in a thread of its own and stops before each of its steps:
 * a statement that reads, a transaction, an operation of the store, taking a
 * mutex.  Between two steps it touches nothing that others see, so the stop after
 * a step is the one before the next, or its end.  One thread runs at a time; which
 * one, the schedule says.  So an order that fails can be run again, and nothing
 * depends on speed.
 *
 * Whoever wants a mutex that another one holds is passed over until it is free;
 * when all wait, the test fails.  What the registry gives to its workers runs at
 * once, in the thread of the operation.
 *
 * The test's program is linked with interleave_wraps of meson.build.
 *
 * Layer: test.  May include: registry and what is below.
 */
#ifndef STA_TEST_REGISTRY_INTERLEAVE_H
#define STA_TEST_REGISTRY_INTERLEAVE_H

#include "house.h"

#include <pthread.h>

#define ACTS_MAX 3
#define APP "alice/app"
#define LIB "alice/lib"
#define SMALL ((size_t) 100) /* goes into the database */
#define LARGE (100 * KIB)    /* is a file */

struct world;
struct act;

/* One client's operations, one after the other: rc (and code) is what the last one answered. */
typedef enum sta_rc act_fn(struct world *w, struct act *a);

struct act {
	struct world *w;
	act_fn *run;
	struct sta_call call; /* alice's, with an arena of its own */
	struct sta_arena *arena;
	struct sta_err err;

	enum sta_rc rc;
	int code;
	bool flag;          /* mounted; whatever else the act wants to tell */
	unsigned long mark; /* turn in which it did something that check() asks for; 0: never */
	unsigned long from; /* turn in which it began */
	unsigned long to;   /* and ended */

	/* The scheduler's. */
	pthread_t thread;
	pthread_cond_t go;
	enum { ACT_IDLE, ACT_STOPPED, ACT_WAITS, ACT_OVER } state;
	bool quit;
	size_t points;    /* at which it has stopped */
	const char *last; /* of these */
	unsigned inside;  /* something whose steps are of no interest */
};

struct thing {
	char *bytes;
	size_t len;
	struct sta_digest digest;
};

struct scenario {
	const char *what;
	size_t n; /* acts */
	act_fn *acts[ACTS_MAX];
	void (*prepare)(struct world *w); /* on an empty registry */
	void (*check)(struct world *w);   /* when all acts are over */
};

struct world {
	struct house *h;
	const struct scenario *scenario;
	struct act acts[ACTS_MAX];
	struct thing small, large;
	struct thing *thing; /* the one that this run is about */
	int64_t offset;      /* of the clock, from the begin of the run */

	/* Images of small and large; the second has other annotations. */
	char *image[2];
	struct sta_digest image_digest[2];
	char *index; /* of image[0] */
	struct sta_digest index_digest;

	char session[STA_UUID_TEXT_MAX]; /* an upload's, or empty */
	struct sta_stage *stage;         /* its stage, while it is open */
	int64_t written;                 /* when bytes came to its stage */

	pthread_mutex_t lock;
	pthread_cond_t turn;
	struct act *running; /* NULL: the scheduler */
	unsigned long turns;
	unsigned long runs;
	bool every;      /* as STAITHE_TEST_INTERLEAVE=all, for two acts */
	char where[160]; /* the schedule, for when it fails */
};

/* cmocka's.  *state is the world. */
int world_setup(void **state);
int world_teardown(void **state);

/* One act goes to its i-th stop, the next to its j-th, with three acts the third
 * to its end, then the first and the second to theirs; in every order of the acts.
 * With STAITHE_TEST_INTERLEAVE=all that is every i and j; with a number N (7) every i with,
 * of two acts, every Nth j, and of three, the second at its end; with a larger N also
 * fewer i.  Prints how many runs that were. */
void explore(struct world *w, const struct scenario *s);

/* The thread of an act (arg), and stops around the operations of the house's store. */
void *act_thread(void *arg);
void wrap_store(struct world *w);

/* For check(): a was over before b began. */
bool before(const struct act *a, const struct act *b);

/* The clock goes on by so many seconds. */
void later(struct world *w, int64_t seconds);

/* Both things as blobs of the package, and then the image too. */
void have_blobs(struct world *w, const char *package);
void have_image(struct world *w, const char *package, size_t which, const char *tag);

/* The thing can be read through the package, byte for byte; the failure otherwise. */
enum sta_rc readable(struct world *w, const char *package, const struct thing *t);
/* The image is there with all its blobs. */
bool whole(struct world *w, const char *package, size_t which);
enum sta_rc manifest_there(struct world *w, const char *package, const struct sta_digest *d);
/* Which image the tag means; -1: none. */
int tag_means(struct world *w, const char *package, const char *tag);

/* --- acts, and what they are made of --- */

act_fn act_collect;     /* what is due */
act_fn act_collect_now; /* gc --now */
act_fn act_push_app;    /* the thing */
act_fn act_push_lib;
act_fn act_push_image;
act_fn act_delete_image;

enum sta_rc push_thing(struct act *a, const char *package, const struct thing *t);
enum sta_rc push_image(struct act *a, const char *package, size_t which, const char *ref);
enum sta_rc delete_manifest(struct act *a, const char *package, const char *tag, const struct sta_digest *d);
enum sta_rc delete_blob(struct act *a, const char *package, const struct thing *t);

#endif
