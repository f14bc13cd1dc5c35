/*
 * store_mem - blobs in memory files (memfd), for tests.
 *
 * Passes the same contract suite as every driver; descriptors are real, so
 * code that uses sendfile or pread runs on it unchanged.
 *
 * Layer: store.  May include: base, oci/digest.  Threads: any (one lock).
 */
#ifndef STA_STORE_STORE_MEM_H
#define STA_STORE_STORE_MEM_H

#include "store/store.h"

enum sta_rc sta_store_mem_new(struct sta_store **out, struct sta_err *err) STA_CHECK;

#endif
