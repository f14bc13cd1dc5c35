#include <string.h>

#include "model/words.h"
#include "registry/search_internal.h"

/* One package, and where its matches go. */
struct look {
	struct sta_search *s;
	struct sta_arena *a;
	const struct sta_search_query *q;
	struct sta_search_item *item;
	const char *name; /* with its owner */
	struct sta_search_labels labels;
};

struct sta_search_key
sta_search_tag_key(struct sta_arena *a, const struct sta_search_term *t)
{
	return sta_search_text(a, STA_SEARCH_TAG, "", t->text, t->prefix);
}

struct sta_search_key
sta_search_digest_key(const struct sta_search_term *t)
{
	return (struct sta_search_key){
		.kind = STA_SEARCH_DIGEST,
		.from = t->from,
		.to = t->to,
		.from_len = t->key_len,
		.to_len = t->key_len,
	};
}

/* Once each. */
static void
add(struct look *l, const char *field, const char *text)
{
	struct sta_search_item *item = l->item;

	for (size_t i = 0; i < item->n_matches; i++)
		if (strcmp(item->matches[i].field, field) == 0 && strcmp(item->matches[i].text, text) == 0)
			return;
	if (item->n_matches < STA_SEARCH_MATCHES)
		item->matches[item->n_matches++] = (struct sta_search_match){ field, text };
}

/* A word of the text is one of those that are looked for; the last of these stands for all that begin so. */
static bool
has_any(const char *text, const char *words)
{
	char looked_for[STA_WORD_MAX + 1];
	char word[STA_WORD_MAX + 1];

	while (sta_word_next(&words, looked_for)) {
		const char *rest = words;
		char ignored[STA_WORD_MAX + 1];
		bool prefix = strlen(looked_for) >= STA_SEARCH_PREFIX && !sta_word_next(&rest, ignored);

		for (const char *at = text; sta_word_next(&at, word);)
			if (strcmp(word, looked_for) == 0 ||
			    (prefix && strncmp(word, looked_for, strlen(looked_for)) == 0))
				return true;
	}
	return false;
}

static void
look_for_word(struct look *l, const char *words)
{
	const struct sta_published_package *p = &l->item->package;

	if (has_any(l->name, words))
		add(l, "name", l->name);
	if (l->q->in_name)
		return;
	if (l->labels.description && has_any(l->labels.description, words))
		add(l, "description", l->labels.description);
	if (l->labels.licenses && has_any(l->labels.licenses, words))
		add(l, "license", l->labels.licenses);
	if (p->linked && has_any(p->repository.name, words))
		add(l, "repository", p->repository.name);
}

static enum sta_rc
look_for_key(struct look *l, const char *field, const struct sta_search_key *key, struct sta_err *err)
{
	const char *text = NULL;
	enum sta_rc rc = sta_search_first(l->s, l->a, key, l->item->package.id, &text, err);

	if (text)
		add(l, field, text);
	return rc;
}

static enum sta_rc
look_for(struct look *l, const struct sta_search_term *t, struct sta_err *err)
{
	bool anywhere = t->kind == STA_TERM_WORD && !l->q->in_name;
	const struct sta_search_key tag = sta_search_tag_key(l->a, t);
	const struct sta_search_key digest = sta_search_digest_key(t);
	enum sta_rc rc = STA_OK;

	if (t->kind == STA_TERM_WORD)
		look_for_word(l, t->text);
	if (t->kind == STA_TERM_LICENSE && l->labels.licenses)
		add(l, "license", l->labels.licenses);
	if (t->kind == STA_TERM_TAG || anywhere)
		rc = look_for_key(l, "tag", &tag, err);
	if (rc == STA_OK && (t->kind == STA_TERM_DIGEST || (anywhere && t->n_digits > 0)))
		rc = look_for_key(l, "digest", &digest, err);
	return rc;
}

enum sta_rc
sta_search_matches(struct sta_search *s, struct sta_arena *a, const struct sta_search_query *q,
		   struct sta_search_item *item, struct sta_err *err)
{
	struct look l = { .s = s, .a = a, .q = q, .item = item };
	enum sta_rc rc = sta_search_labels(s, a, item->package.id, &l.labels, err);

	item->n_matches = 0;
	item->matches = sta_arena_alloc(a, STA_SEARCH_MATCHES * sizeof(*item->matches));
	l.name = sta_arena_printf(a, "%s/%s", item->package.owner.name, item->package.name);
	if (rc == STA_OK && (!item->matches || !l.name))
		return sta_err_set(err, STA_NOMEM, 0, "search");
	for (size_t i = 0; rc == STA_OK && i < q->n; i++)
		rc = look_for(&l, &q->term[i], err);
	return rc;
}
