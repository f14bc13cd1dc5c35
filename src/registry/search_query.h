/*
 * search_query - what a search is for, as it is typed.
 *
 * Words and qualifiers with spaces between them, of which all must hold: "postgres license:mit owner:acme".
 * Nothing in it is a pattern but a '*' at the end of a tag.
 *
 * Layer: registry.  Threads: no shared state.  Pure.
 */
#ifndef STA_REGISTRY_SEARCH_QUERY_H
#define STA_REGISTRY_SEARCH_QUERY_H

#include "access/access.h"
#include "base/arena.h"
#include "oci/digest.h"

#define STA_SEARCH_BYTES 256
#define STA_SEARCH_TERMS 16
#define STA_SEARCH_DIGITS 8       /* of a digest, at least */
#define STA_SEARCH_BARE_DIGITS 12 /* ..without "sha256:" in front */
#define STA_SEARCH_PREFIX 3       /* bytes of a word that stands for those that begin with it */

enum sta_term_kind {
	STA_TERM_WORD, /* a word; or a tag; or, with n_digits, a digest */
	STA_TERM_OWNER,
	STA_TERM_TAG,
	STA_TERM_DIGEST,
	STA_TERM_LICENSE,
	STA_TERM_VISIBILITY,
};

struct sta_search_term {
	enum sta_term_kind kind;
	char *text;  /* in the arena; without the '*' of a tag */
	bool prefix; /* of a tag: each that begins so */
	enum sta_visibility visibility;
	/* Digests that begin so: as keys, from is among them and to is not. */
	size_t n_digits;
	unsigned char from[STA_DIGEST_KEY_MAX];
	unsigned char to[STA_DIGEST_KEY_MAX];
	size_t key_len; /* of both */
};

struct sta_search_query {
	struct sta_search_term term[STA_SEARCH_TERMS];
	size_t n;
	bool in_name; /* words are those of names alone */
};

/* STA_INVALID, with words for whoever typed it. */
enum sta_rc sta_search_parse(struct sta_arena *a, const char *text, struct sta_search_query *out,
			     struct sta_err *err) STA_CHECK;

#endif
