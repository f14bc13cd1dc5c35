/*
 * words - what of a package is searched for, as words.
 *
 * A word is a run of letters and digits; of letters only those of ASCII are folded, and bytes above them are
 * letters.  Words of different kinds are kept apart by their first byte:
 *
 *	postgres		a word of the name, the description, the licenses, or the linked repository's
 *name STA_WORD_NAME		..of the name alone
 *	STA_WORD_WHOLE		a part of the name between slashes, the name without and with its owner, or a
 *license, as it is STA_WORD_LICENSE	a license: apache-2.0 STA_WORD_CLASS		v2: packages of that
 *visibility; n17.2: ..of that namespace
 *
 * Layer: model.  May include: base.  Threads: no shared state.  Pure.
 */
#ifndef STA_MODEL_WORDS_H
#define STA_MODEL_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

#define STA_WORD_MAX 64       /* bytes; longer ones are cut */
#define STA_WHOLE_MAX 255     /* ..that are names or licenses as they are */
#define STA_PACKAGE_WORDS 160 /* of one package; those of its name come first */

#define STA_WORD_CLASS "\x01"
#define STA_WORD_LICENSE "\x02"
#define STA_WORD_NAME "\x03"
#define STA_WORD_WHOLE "\x04"

/* The next word of the text from *at on, in lower case; *at is moved behind it.  False: there is none. */
bool sta_word_next(const char **at, char out[STA_WORD_MAX + 1]);
/* The same for licenses, of an expression: neither "AND", "OR" nor "WITH". */
bool sta_license_next(const char **at, char out[STA_WORD_MAX + 1]);
/* In lower case, at most size - 1 bytes. */
void sta_word_fold(const char *text, char *out, size_t size);

/* What a package has. */
struct sta_word_source {
	int64_t namespace_id;
	int visibility;
	const char *name;        /* with its owner */
	const char *description; /* or NULL */
	const char *licenses;    /* or NULL */
	const char *repository;  /* that everybody may know of, with its owner; or NULL */
};
/* Its words, sorted, each once, a newline behind each; NULL: out of memory. */
const char *sta_words_of(struct sta_arena *a, const struct sta_word_source *s) STA_CHECK;

#endif
