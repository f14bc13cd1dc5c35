#include "model/words.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct words {
	struct sta_arena *arena;
	const char *item[STA_PACKAGE_WORDS];
	size_t n;
	bool failed;
};

static bool
is_letter(char c)
{
	return isalnum((unsigned char) c) || (unsigned char) c >= 0x80;
}

static bool
is_of_license(char c)
{
	return is_letter(c) || c == '-' || c == '.' || c == '+' || c == ':';
}

/* Up to size - 1 bytes, and not within a character, which has four at most. */
static void
fold(const char *text, size_t len, char *out, size_t size)
{
	if (len >= size)
		for (len = size - 1; len > size - 4 && ((unsigned char) text[len] & 0xc0) == 0x80;)
			len--;
	for (size_t i = 0; i < len; i++)
		out[i] = (char) tolower((unsigned char) text[i]);
	out[len] = '\0';
}

void
sta_word_fold(const char *text, char *out, size_t size)
{
	fold(text, strlen(text), out, size);
}

static bool
next(const char **at, bool (*belongs)(char), char out[STA_WORD_MAX + 1])
{
	const char *begin = *at;
	const char *end;

	while (*begin && !belongs(*begin))
		begin++;
	for (end = begin; *end && belongs(*end);)
		end++;
	*at = end;
	fold(begin, (size_t) (end - begin), out, STA_WORD_MAX + 1);
	return end > begin;
}

bool
sta_word_next(const char **at, char out[STA_WORD_MAX + 1])
{
	return next(at, is_letter, out);
}

static bool
joins(const char *word)
{
	return strcmp(word, "and") == 0 || strcmp(word, "or") == 0 || strcmp(word, "with") == 0;
}

bool
sta_license_next(const char **at, char out[STA_WORD_MAX + 1])
{
	while (next(at, is_of_license, out))
		if (!joins(out))
			return true;
	return false;
}

static bool
has(const struct words *w, const char *kind, const char *word)
{
	size_t len = strlen(kind);

	for (size_t i = 0; i < w->n; i++)
		if (strncmp(w->item[i], kind, len) == 0 && strcmp(w->item[i] + len, word) == 0)
			return true;
	return false;
}

static void
add(struct words *w, const char *kind, const char *word)
{
	const char *made;

	if (w->n == STA_PACKAGE_WORDS || w->failed || has(w, kind, word))
		return;
	made = sta_arena_printf(w->arena, "%s%s", kind, word);
	w->failed = !made;
	w->item[w->n] = made;
	w->n += !w->failed;
}

static void
add_each(struct words *w, const char *kind, const char *text)
{
	char word[STA_WORD_MAX + 1];

	while (text && sta_word_next(&text, word))
		add(w, kind, word);
}

static void
add_whole(struct words *w, const char *text)
{
	char folded[STA_WHOLE_MAX + 1];

	sta_word_fold(text, folded, sizeof(folded));
	add(w, STA_WORD_WHOLE, folded);
}

static void
add_name(struct words *w, const char *name)
{
	const char *slash = strchr(name, '/');

	add_whole(w, name);
	if (slash)
		add_whole(w, slash + 1);
	for (const char *at = name; *at;) {
		size_t len = strcspn(at, "/");
		char part[STA_WHOLE_MAX + 1];

		fold(at, len, part, sizeof(part));
		add(w, STA_WORD_WHOLE, part);
		at += len + (at[len] == '/');
	}
	add_each(w, STA_WORD_NAME, name);
	add_each(w, "", name);
}

static void
add_licenses(struct words *w, const char *licenses)
{
	char word[STA_WORD_MAX + 1];

	add_each(w, "", licenses);
	while (licenses && sta_license_next(&licenses, word)) {
		add(w, STA_WORD_LICENSE, word);
		add(w, STA_WORD_WHOLE, word);
	}
}

static void
add_classes(struct words *w, const struct sta_word_source *s)
{
	char text[48];

	(void) snprintf(text, sizeof(text), "v%d", s->visibility);
	add(w, STA_WORD_CLASS, text);
	(void) snprintf(text, sizeof(text), "n%lld.%d", (long long) s->namespace_id, s->visibility);
	add(w, STA_WORD_CLASS, text);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static const char *
joined(struct words *w)
{
	size_t len = 1;
	char *out;
	char *p;

	for (size_t i = 0; i < w->n; i++)
		len += strlen(w->item[i]) + 1;
	out = p = sta_arena_alloc(w->arena, len);
	qsort(w->item, w->n, sizeof(w->item[0]), compare);
	for (size_t i = 0; out && i < w->n; i++) {
		len = strlen(w->item[i]);
		memcpy(p, w->item[i], len);
		p[len] = '\n';
		p += len + 1;
	}
	return out;
}

const char *
sta_words_of(struct sta_arena *a, const struct sta_word_source *s)
{
	struct words w = { .arena = a };

	add_classes(&w, s);
	add_name(&w, s->name);
	add_licenses(&w, s->licenses);
	add_each(&w, "", s->repository);
	add_each(&w, "", s->description);
	return w.failed ? NULL : joined(&w);
}
