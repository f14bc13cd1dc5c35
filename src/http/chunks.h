/*
 * chunks - follows a chunked body (RFC 9112 7.1) byte by byte, and says where it is malformed.
 *
 * Strict where readers differ: a size is 1 to 16 hexadecimal digits and nothing
 * else, each line ends in CR LF, each chunk too.  Extensions and trailers are
 * let through, up to a limit, and mean nothing.  The bytes themselves are for
 * somebody else to take.
 *
 * Layer: http.  May include: base.  Threads: no shared state.  Pure.
 */
#ifndef STA_HTTP_CHUNKS_H
#define STA_HTTP_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STA_CHUNK_LINE_MAX 1024
#define STA_CHUNK_TRAILERS_MAX 4096

enum sta_chunks_state {
	STA_CHUNKS_SIZE, /* at a digit of a size */
	STA_CHUNKS_EXTENSION,
	STA_CHUNKS_SIZE_LF, /* the LF that ends the line of a size */
	STA_CHUNKS_DATA,
	STA_CHUNKS_DATA_CR,
	STA_CHUNKS_DATA_LF,
	STA_CHUNKS_TRAILER, /* at the start of a line behind the last chunk */
	STA_CHUNKS_NAME,
	STA_CHUNKS_VALUE,
	STA_CHUNKS_VALUE_LF,
	STA_CHUNKS_LAST_LF,
	STA_CHUNKS_END,
};

/* Zeroed it is at the start of a body. */
struct sta_chunks {
	enum sta_chunks_state state;
	unsigned line; /* bytes of this line, or of all trailers */
	uint64_t left; /* of this chunk */
};

/* The next len bytes of the body, in pieces of any length.  *used becomes the number of
 * those that belong to it: less than len when the body ends before.  False when it is malformed. */
bool sta_chunks_feed(struct sta_chunks *c, const char *p, size_t len, size_t *used);

#endif
