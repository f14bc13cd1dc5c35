/*
 * range - Range and Content-Range (RFC 9110 14), and the upload form of it.
 *
 * Layer: http.  May include: base.  Threads: no shared state.  Pure.
 */
#ifndef STA_HTTP_RANGE_H
#define STA_HTTP_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STA_RANGES_MAX 256

struct sta_range {
	uint64_t first, last; /* inclusive; first <= last < size */
};

enum sta_range_result {
	STA_RANGE_WHOLE,         /* no usable Range: send everything with 200 */
	STA_RANGE_SOME,          /* *n ranges, in the order asked for */
	STA_RANGE_UNSATISFIABLE, /* 416 */
};

/* value: the header's, or NULL.  Unknown units and malformed sets count as no
 * Range at all (RFC 9110 14.2), except "bytes=a-b" with b < a, which is 416 as
 * the conformance suite asks.  A set whose parts overlap so that more than
 * size * 2 bytes would be sent, or with more than STA_RANGES_MAX parts, is 416. */
enum sta_range_result sta_range_parse(const char *value, uint64_t size, struct sta_range out[STA_RANGES_MAX],
				      size_t *n);

/* "0-1023" or "bytes 0-1023/2048" or ".../ *": the Content-Range of an upload chunk. */
bool sta_content_range_parse(const char *value, struct sta_range *out);

#endif
