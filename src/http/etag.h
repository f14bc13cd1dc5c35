/*
 * etag - entity tags in If-None-Match and If-Range (RFC 9110 8.8.3, 13.1).
 *
 * Layer: http.  May include: base.  Threads: no shared state.  Pure.
 */
#ifndef STA_HTTP_ETAG_H
#define STA_HTTP_ETAG_H

#include <stdbool.h>

/* If-None-Match: does the list ("*", or tags with commas) name etag?  Weak
 * comparison.  A NULL list or etag never matches. */
bool sta_etag_listed(const char *list, const char *etag);

/* If-Range: is value this etag, both strong?  A date never is. */
bool sta_etag_same(const char *value, const char *etag);

#endif
