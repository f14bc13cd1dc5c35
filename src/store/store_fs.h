/*
 * store_fs - blobs as files, named by digest.
 *
 * Layout under root:   uploads/<id>                     stages
 *                      blobs/<alg>/<hex[0..1]>/<hex>    published
 * The directories, with their 256 shards per algorithm, are made and synced
 * when the store is opened.  All paths are relative to directory descriptors,
 * opened with O_NOFOLLOW, and built only from validated ids and digests.
 *
 * Layer: store.  May include: base, oci/digest.  Threads: any.
 */
#ifndef STA_STORE_STORE_FS_H
#define STA_STORE_STORE_FS_H

#include "store/store.h"

/* root: an existing directory; made private (0700) sub-directories inside. */
enum sta_rc sta_store_fs_open(const char *root, struct sta_store **out, struct sta_err *err) STA_CHECK;

#endif
