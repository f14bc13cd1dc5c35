/*
 * faults - one allocation, or one write or sync of the database's log, that fails.
 *
 * A test that links faults.c wraps the allocators (meson.build) and installs the shim of the database.
 *
 * Layer: test.
 */
#ifndef STA_TEST_REGISTRY_FAULTS_H
#define STA_TEST_REGISTRY_FAULTS_H

#include <stdbool.h>

enum kind { MEMORY, DB_WRITE, DB_SYNC };
const char *kind_name(enum kind kind); /* "memory" */

/* From now on the n-th call of that kind fails, and no other; 0: none does. */
void arm(enum kind kind, long n);
/* Allocations since. */
long allocations(void);
/* One more allocation: does it fail?  For wrappers that a test has of its own. */
bool fails(void);

#endif
