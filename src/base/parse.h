/*
 * parse - numbers, hex, base64 and percent-encoding from (pointer, length).
 *
 * Nothing here needs a terminating NUL in its input, accepts signs, spaces or
 * prefixes, or reads past len.  The empty string is never a valid number.
 *
 * Layer: base.  May include: err, arena.  Threads: no shared state.
 */
#ifndef STA_BASE_PARSE_H
#define STA_BASE_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* Decimal digits only, at most 20; false on overflow. out written on true. */
bool sta_parse_u64(const char *s, size_t len, uint64_t *out);

/* "10", "64KiB", "10GiB", "10GB": a size in bytes (K, M, G, T; iB binary, B decimal). */
bool sta_parse_size(const char *s, size_t len, uint64_t *out);

/* "300s", "10m", "24h", "30d" or bare seconds: a span in seconds. */
bool sta_parse_span(const char *s, size_t len, uint64_t *out_s);

/* Lower-case hex of n bytes plus NUL into out, which holds 2n + 1. */
void sta_hex(const unsigned char *bytes, size_t n, char *out);
/* len hex digits (lower case only) to len / 2 bytes. */
bool sta_unhex(const char *s, size_t len, unsigned char *out);

/* Decode %XX once.  NULL when out of memory, on a bad escape, or when the
 * result holds a NUL or another control byte.  plus_is_space for queries. */
char *sta_percent_decode(struct sta_arena *a, const char *s, size_t len, bool plus_is_space) STA_CHECK;

/* Escape all but the unreserved characters of RFC 3986 2.3; NULL when out of memory. */
char *sta_percent_encode(struct sta_arena *a, const char *s) STA_CHECK;

/* RFC 4648 base64.  url: the URL-safe alphabet, no padding.  Decoding accepts
 * padded and unpadded input of the chosen alphabet and refuses all else; the
 * result is NUL-terminated, *out_len does not count the NUL.  When out of memory
 * NULL, and *out_len is SIZE_MAX. */
char *sta_base64(struct sta_arena *a, const void *p, size_t len, bool url) STA_CHECK;
unsigned char *sta_unbase64(struct sta_arena *a, const char *s, size_t len, bool url,
			    size_t *out_len) STA_CHECK;

/* Same bytes, in time that depends on len alone. */
bool sta_equal_secret(const void *a, const void *b, size_t len);

#endif
