/* Queries: each that is taken has words or qualifiers within bounds, digests that are ranges, and means the
 * same when it is typed again; words that are taken out of any text stay the same and fit. */
#include <string.h>

#include "fuzz.h"
#include "model/words.h"
#include "registry/search_query.h"

#define TEXT_MAX 512
#define MEMORY_MAX ((size_t) 1 << 20)

static void
check_term(const struct sta_search_term *t)
{
	REQUIRE(strlen(t->text) <= STA_SEARCH_BYTES);
	REQUIRE(!strpbrk(t->text, " \t\r\n"));
	if (t->n_digits == 0)
		return;
	REQUIRE(t->kind == STA_TERM_WORD || t->kind == STA_TERM_DIGEST);
	REQUIRE(t->n_digits >= STA_SEARCH_DIGITS && t->n_digits <= 2 * (t->key_len - 1));
	REQUIRE(memcmp(t->from, t->to, t->key_len) < 0);
}

static void
check_words(const char *text, bool (*next)(const char **at, char out[STA_WORD_MAX + 1]))
{
	char word[STA_WORD_MAX + 1];
	char again[STA_WORD_MAX + 1];

	while (next(&text, word)) {
		const char *at = word;

		REQUIRE(*word && strlen(word) <= STA_WORD_MAX);
		REQUIRE(next(&at, again) && strcmp(word, again) == 0 && *at == '\0');
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TEXT_MAX + 1];
	struct sta_search_query q;
	struct sta_search_query again;
	struct sta_err err = { 0 };
	struct sta_arena *a;

	if (size > TEXT_MAX)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	check_words(text, sta_word_next);
	a = sta_arena_new(MEMORY_MAX);
	REQUIRE(a != NULL);
	if (sta_search_parse(a, text, &q, &err) == STA_OK) {
		REQUIRE(strlen(text) <= STA_SEARCH_BYTES && q.n > 0 && q.n <= STA_SEARCH_TERMS);
		for (size_t i = 0; i < q.n; i++)
			check_term(&q.term[i]);
		REQUIRE(sta_search_parse(a, text, &again, &err) == STA_OK && again.n == q.n);
	} else {
		REQUIRE(err.rc == STA_INVALID && strncmp(err.msg, "q: ", 3) == 0);
	}
	sta_arena_free(a);
	return 0;
}
