/*
 * walk - operations on a registry one after the other, each compared with a
 * model of what the registry must hold.
 *
 * The model is exact: it knows of every package, blob, tag and upload session
 * whether it is there, for every caller.  For that the clock stands still but
 * for walk steps that move it (link with -Wl,--wrap=sta_now_unix).  Which
 * operation comes next is up to whoever drives the walk: a random number
 * (test_random.c) or the input of a fuzzer (test/fuzz/fuzz_registry.c).
 *
 * A difference fails an assertion of cmocka's.
 */
#ifndef STA_TEST_REGISTRY_WALK_H
#define STA_TEST_REGISTRY_WALK_H

#include "registry/house.h"

#define WALK_PACKAGES 6
#define WALK_BLOBS 12
#define WALK_IMAGES 6
#define WALK_INDEXES 2
#define WALK_MANIFESTS (WALK_IMAGES + WALK_INDEXES)
#define WALK_TAGS 4
#define WALK_CALLERS 5
#define WALK_SESSIONS 4

struct walk_blob {
	char *bytes;
	size_t len;
	struct sta_digest digest;
};

/* An image uses a config and two layers; an index lists two images. */
struct walk_manifest {
	size_t uses[3]; /* blobs of an image, or the first two: images of an index */
	bool is_index;
	char *text;
	struct sta_digest digest;
};

struct walk_model {
	bool exists, published, public;
	size_t creator; /* caller */
	int64_t created;
	bool blob[WALK_BLOBS];
	int64_t due[WALK_BLOBS]; /* of a blob that is there: until then its lease runs */
	bool manifest[WALK_MANIFESTS];
	int tag[WALK_TAGS]; /* manifest or -1 */
};

/* The first len bytes of a blob have been sent. */
struct walk_session {
	bool open;
	char id[STA_UUID_TEXT_MAX];
	size_t caller, package, blob, len;
	int64_t expires, written; /* 0: no byte was sent */
};

struct walk {
	struct house *h;
	size_t (*pick)(void *arg, size_t n); /* a number below n */
	void *arg;
	struct walk_blob blobs[WALK_BLOBS];
	struct walk_manifest manifests[WALK_MANIFESTS];
	struct walk_model models[WALK_PACKAGES];
	struct walk_session sessions[WALK_SESSIONS];
	struct sta_call *callers[WALK_CALLERS];
};

/* On an empty registry.  The house's store tells the walk's time from now on. */
void walk_begin(struct walk *w, struct house *h, size_t (*pick)(void *arg, size_t n), void *arg);

/* From the start, after walk_clear(). */
void walk_again(struct walk *w);

/* One operation. */
void walk_step(struct walk *w);

/* Everything, as the system sees it, and fsck with contents. */
void walk_check(struct walk *w);

/* Delete all, let a long time pass, collect: nothing may be left. */
void walk_clear(struct walk *w);

void walk_end(struct walk *w);

#endif
