#include "base/idset.h"

#include <string.h>

#define BITS 64
#define PIECE_WORDS (STA_IDSET_PIECE / BITS)

bool
sta_idset_new(struct sta_arena *a, int64_t end, struct sta_idset *out)
{
	int64_t pieces = end > 0 ? (end + STA_IDSET_PIECE - 1) / STA_IDSET_PIECE : 1;

	out->end = pieces * STA_IDSET_PIECE;
	out->words = sta_arena_alloc(a, (size_t) out->end / 8);
	return out->words != NULL;
}

static bool
is_in(const struct sta_idset *s, int64_t id)
{
	return id >= 0 && id < s->end;
}

void
sta_idset_add(struct sta_idset *s, int64_t id)
{
	if (is_in(s, id))
		s->words[id / BITS] |= UINT64_C(1) << (id % BITS);
}

void
sta_idset_remove(struct sta_idset *s, int64_t id)
{
	if (is_in(s, id))
		s->words[id / BITS] &= ~(UINT64_C(1) << (id % BITS));
}

bool
sta_idset_has(const struct sta_idset *s, int64_t id)
{
	return is_in(s, id) && (s->words[id / BITS] >> (id % BITS) & 1) != 0;
}

uint64_t
sta_idset_count(const struct sta_idset *s)
{
	uint64_t n = 0;

	for (int64_t i = 0; i < s->end / BITS; i++)
		n += (unsigned) __builtin_popcountll(s->words[i]);
	return n;
}

int64_t
sta_idset_next(const struct sta_idset *s, int64_t from)
{
	int64_t i = from / BITS;
	uint64_t word;

	if (!is_in(s, from))
		return -1;
	word = s->words[i] & UINT64_MAX << (from % BITS);
	while (word == 0 && ++i < s->end / BITS)
		word = s->words[i];
	return word == 0 ? -1 : i * BITS + __builtin_ctzll(word);
}

void
sta_idset_clear(struct sta_idset *s)
{
	memset(s->words, 0, (size_t) s->end / 8);
}

void
sta_idset_copy(struct sta_idset *s, const struct sta_idset *from)
{
	memcpy(s->words, from->words, (size_t) s->end / 8);
}

void
sta_idset_and(struct sta_idset *s, const struct sta_idset *with)
{
	for (int64_t i = 0; i < s->end / BITS; i++)
		s->words[i] &= with->words[i];
}

void
sta_idset_or(struct sta_idset *s, const struct sta_idset *with)
{
	for (int64_t i = 0; i < s->end / BITS; i++)
		s->words[i] |= with->words[i];
}

void
sta_idset_and_not(struct sta_idset *s, const struct sta_idset *without)
{
	for (int64_t i = 0; i < s->end / BITS; i++)
		s->words[i] &= ~without->words[i];
}

/* Bits, the lowest of the first byte first. */
static void
load_bits(uint64_t *words, const unsigned char *stored)
{
	for (size_t i = 0; i < STA_IDSET_STORED; i++)
		words[i / 8] |= (uint64_t) stored[i] << (i % 8 * 8);
}

bool
sta_idset_load(struct sta_idset *s, int64_t piece, const void *stored, size_t len)
{
	const unsigned char *p = stored;

	if (len > STA_IDSET_STORED || len % 2 != 0 || piece < 0)
		return false;
	if (piece >= s->end / STA_IDSET_PIECE)
		return true;
	if (len == STA_IDSET_STORED) {
		load_bits(s->words + piece * PIECE_WORDS, p);
		return true;
	}
	for (size_t i = 0; i < len; i += 2) {
		unsigned rest = (unsigned) p[i] << 8 | p[i + 1];

		if (rest >= STA_IDSET_PIECE)
			return false;
		sta_idset_add(s, piece * STA_IDSET_PIECE + rest);
	}
	return true;
}

size_t
sta_idset_store(const struct sta_idset *s, int64_t piece, unsigned char out[STA_IDSET_STORED])
{
	const uint64_t *words = s->words + piece * PIECE_WORDS;
	size_t n = 0;

	for (size_t i = 0; i < PIECE_WORDS; i++) {
		for (uint64_t left = words[i]; left != 0 && n < STA_IDSET_STORED; left &= left - 1) {
			unsigned rest = (unsigned) (i * BITS) + (unsigned) __builtin_ctzll(left);

			out[n++] = (unsigned char) (rest >> 8);
			out[n++] = (unsigned char) rest;
		}
	}
	if (n < STA_IDSET_STORED)
		return n;
	for (size_t i = 0; i < STA_IDSET_STORED; i++)
		out[i] = (unsigned char) (words[i / 8] >> (i % 8 * 8));
	return STA_IDSET_STORED;
}
