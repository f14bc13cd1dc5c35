/*
 * house - a registry in a directory of its own: database, store, workers, callers.
 *
 * Everything is real but the wire.  The store is the driver that the program's
 * argument names ("fs" or "mem"), behind a shell that can call the test before
 * an operation of it.
 *
 * Layer: test.  May include: registry and what is below.  Threads: the test's
 * own, and the registry's workers.
 */
#ifndef STA_TEST_REGISTRY_HOUSE_H
#define STA_TEST_REGISTRY_HOUSE_H

#include "t.h"

#include "base/clock.h"
#include "oci/errcode.h"
#include "registry/delete.h"
#include "registry/fsck.h"
#include "registry/gc.h"
#include "registry/package.h"
#include "registry/pull.h"
#include "registry/push.h"
#include "registry/registry.h"
#include "registry/upload.h"

#define GRACE 3600
#define KIB ((size_t) 1024)
#define MIB ((size_t) 1024 * KIB)
#define INLINE_MAX (64 * KIB)
#define LAYER_MAX (8 * MIB)

enum house_op {
	OP_STAGE_CREATE,
	OP_STAGE_BEGIN,
	OP_STAGE_WRITE,
	OP_STAGE_STAT,
	OP_STAGE_OPEN,
	OP_STAGE_REMOVE,
	OP_STAGE_EACH,
	OP_PUBLISH,
	OP_OPEN,
	OP_REMOVE,
	OP_EACH,
	OP_MAX_
};

struct house;

/* Called before an operation of the store (and, for OP_PUBLISH, after a good
 * one).  Anything but STA_OK is what the operation answers instead. */
typedef enum sta_rc house_hook_fn(struct house *h, struct sta_err *err);

struct house_store {
	struct sta_store base;
	struct sta_store *real;
	struct house *house;
};

struct house {
	char dir[64];
	struct sta_db *db;
	struct house_store shell;
	struct sta_pool *workers;
	struct sta_registry_options options;
	struct sta_registry *r;
	struct sta_arena *arena;
	struct sta_call sys, alice, bob, admin, nobody;
	struct sta_err err;
	house_hook_fn *before[OP_MAX_];
	house_hook_fn *after_publish;
	void *hook_arg;
	int hook_calls;
};

/* main()'s: choose the driver. */
void house_driver(int argc, char **argv);

/* cmocka's. */
int house_setup(void **state);
int house_teardown(void **state);

/* The server stops and starts again, on the same files (store_mem forgets nothing either). */
void house_restart(struct house *h);

/* An arena of the test's thread, emptied: results of earlier calls are gone. */
void house_fresh_arena(struct house *h);
struct sta_call house_call(struct house *h, struct sta_arena *arena, const char *user);

void name_of(const char *text, struct sta_name *out);
struct sta_reference ref_of(const char *text);
struct sta_reference ref_digest(const struct sta_digest *d);

/* Bytes that depend on seed alone; owned by the caller (free()). */
char *bytes_of(size_t len, unsigned seed);
struct sta_digest sha256_of(const void *p, size_t len);
struct sta_digest digest_by(enum sta_digest_alg alg, const void *p, size_t len);

/* --- uploads --- */

/* A waker that a test can wait for. */
struct bell;
struct bell *bell_new(void);
void bell_free(struct bell *b);
void bell_wait(struct bell *b);
struct sta_upload_waker bell_waker(struct bell *b);

/* Append all of it, in chunks, waiting for room where there is none. */
enum sta_rc append_all(struct sta_upload *u, struct bell *b, const void *p, size_t len, size_t chunk,
		       struct sta_err *err);

/* Open, append, finish, release: a push in one request. */
enum sta_rc push_blob(struct house *h, const struct sta_call *call, const char *name, const void *p,
		      size_t len, struct sta_err *err);
/* ..of bytes_of(len, seed); returns its digest; must succeed. */
struct sta_digest push_seed(struct house *h, const struct sta_call *call, const char *name, size_t len,
			    unsigned seed);

/* Is the blob there, and are its bytes these?  The failure of the pull otherwise. */
enum sta_rc pull_blob(struct house *h, const struct sta_call *call, const char *name,
		      const struct sta_digest *d, const void *p, size_t len, struct sta_err *err);
enum sta_rc head_blob(struct house *h, const struct sta_call *call, const char *name,
		      const struct sta_digest *d, struct sta_err *err);

/* --- manifests --- */

/* Text of an image manifest with that config and those layers; the house's arena owns it. */
char *manifest_of(struct house *h, const struct sta_digest *config, size_t config_len,
		  const struct sta_digest *layers, size_t n, size_t layer_len);
enum sta_rc push_manifest(struct house *h, const struct sta_call *call, const char *name, const char *ref,
			  const char *text, struct sta_digest *out, struct sta_err *err);

/* --- the whole --- */

/* fsck with contents: fails the test at a problem. */
void assert_sound(struct house *h);

struct sta_gc_result run_gc(struct house *h, bool now);

/* Uploads that requests hold and the workers have: wait until there are none. */
void settle(struct house *h);
size_t count_stages(struct house *h);
size_t count_files(struct house *h);

/* A number from the database. */
int64_t number(struct house *h, const char *sql);

#endif
