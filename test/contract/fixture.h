/*
 * fixture - a store of the driver that the program's argument names, fs or mem.
 *
 * Layer: test.  May include: store, base.  Threads: the test's own.
 */
#ifndef STA_TEST_CONTRACT_FIXTURE_H
#define STA_TEST_CONTRACT_FIXTURE_H

#include "t.h"

#include "stage.h"
#include "store/store.h"

#define ID1 "11111111-1111-4111-8111-111111111111"
#define ID2 "22222222-2222-4222-8222-222222222222"
#define ID3 "33333333-3333-4333-8333-333333333333"

struct fixture {
	struct sta_store *s;
	const struct sta_store_ops *ops;
	struct sta_err err;
};

extern const char *driver; /* "fs" or "mem" */

/* main()'s: false when its arguments name no driver. */
bool choose_driver(int argc, char **argv);

/* cmocka's, around all tests: the directory in which a driver may keep its files. */
int make_root(void **state);
int remove_root(void **state);

enum sta_rc open_store(struct sta_store **out, struct sta_err *err);

/* cmocka's: the store opened. */
int setup(void **state);

#endif
