/*
 * digest - content identifiers, "sha256:<64 hex>" and "sha512:<128 hex>".
 *
 * image-spec descriptor.md, "Digests".  Only these two algorithms, lower-case
 * hex only.  One algorithm is never mapped to the other: the same bytes may be
 * stored under two digests, which are two contents.
 *
 * Layer: oci.  May include: base.  Threads: no shared state.  Pure.
 */
#ifndef STA_OCI_DIGEST_H
#define STA_OCI_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

enum sta_digest_alg { STA_SHA256, STA_SHA512, STA_DIGEST_ALG_MAX_ };

#define STA_DIGEST_BYTES_MAX 64
#define STA_DIGEST_TEXT_MAX (sizeof("sha512:") + 128) /* with the NUL */
/* Binary form for database keys: one byte of algorithm, then the hash. */
#define STA_DIGEST_KEY_MAX (1 + STA_DIGEST_BYTES_MAX)

struct sta_digest {
	enum sta_digest_alg alg;
	unsigned char bytes[STA_DIGEST_BYTES_MAX]; /* first sta_digest_len() count; rest zero */
};

/* 32 or 64. */
size_t sta_digest_len(enum sta_digest_alg alg);
/* "sha256", "sha512". */
const char *sta_digest_alg_name(enum sta_digest_alg alg);
bool sta_digest_alg_parse(const char *s, size_t len, enum sta_digest_alg *out);

/* False: malformed, unknown algorithm, upper case, wrong length. */
bool sta_digest_parse(const char *s, size_t len, struct sta_digest *out);
/* Text form; returns out. */
char *sta_digest_text(const struct sta_digest *d, char out[STA_DIGEST_TEXT_MAX]);

bool sta_digest_equal(const struct sta_digest *a, const struct sta_digest *b);

/* Key bytes for the database; returns their number (33 or 65). */
size_t sta_digest_key(const struct sta_digest *d, unsigned char out[STA_DIGEST_KEY_MAX]);
bool sta_digest_from_key(const void *key, size_t len, struct sta_digest *out);

#endif
