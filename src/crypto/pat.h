/*
 * pat - the text form of personal access tokens.
 *
 * "stp_" + 36 characters of base62: 30 random ones (178 bits), then the CRC-32
 * of "stp_" and those 30, as six base62 digits.  The prefix and the checksum
 * let secret scanners recognise a leaked token without asking the server, and
 * let the server refuse garbage without a look at the database.  The server
 * keeps the SHA-256 of the whole text only.
 *
 * Layer: crypto.  May include: base, oci/digest.  Threads: any.
 */
#ifndef STA_CRYPTO_PAT_H
#define STA_CRYPTO_PAT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define STA_PAT_LEN 40
#define STA_PAT_HASH_LEN 32

enum sta_rc sta_pat_new(char out[STA_PAT_LEN + 1], struct sta_err *err) STA_CHECK;

/* Right prefix, length, alphabet and checksum. */
bool sta_pat_valid(const char *s, size_t len);

enum sta_rc sta_pat_hash(const char *s, size_t len, unsigned char out[STA_PAT_HASH_LEN],
			 struct sta_err *err) STA_CHECK;

#endif
