#include "registry/search.h"

#include <string.h>

#include "base/auto.h"
#include "model/words.h"
#include "registry/core.h"
#include "registry/search_internal.h"

#define MEMORY_MAX ((size_t) 32 << 20) /* of one search: some sets of 16 million packages */

struct work {
	const struct sta_call *call;
	const struct sta_search_request *request;
	struct sta_search_query query;
	struct sta_search s;
	struct sta_idset open;            /* public */
	struct sta_idset found;           /* that the caller may read, as far as it matches */
	struct sta_idset exact;           /* of these the ones with each word as it is */
	struct sta_idset has, part, more; /* of the term at hand */
};

/* --- who may read them --- */

/* Does the credential leave what its account may read of a package of that name? */
static bool
lets(const struct sta_caller *caller, const char *name)
{
	struct sta_package p = { .name = name, .visibility = STA_PRIVATE, .granted = STA_ROLE_ADMIN };

	return sta_may_list(caller, &p);
}

/* ..of any package? */
static bool
lets_any(const struct sta_caller *caller)
{
	struct sta_caller anywhere = *caller;

	anywhere.bounds.n_packages = 0;
	return lets(&anywhere, "");
}

static enum sta_rc
find_readable(struct work *w, struct sta_err *err)
{
	const struct sta_caller *caller = &w->call->caller;
	enum sta_rc rc = sta_search_public(&w->s, &w->open, err);

	if (rc == STA_OK)
		sta_idset_copy(&w->found, &w->open);
	if (rc != STA_OK || !lets_any(caller))
		return rc;
	if (sta_sees_everything(caller))
		return sta_search_all(&w->s, &w->found, err);
	rc = sta_search_reached(&w->s, caller->user_id, &w->part, err);
	if (rc == STA_OK)
		sta_idset_or(&w->found, &w->part);
	return rc;
}

struct filter {
	const struct sta_caller *caller;
	struct sta_idset *kept;
};

static void
keep(void *arg, int64_t id, const char *name)
{
	const struct filter *f = arg;

	/* Most names are none of the patterns', which is cheaper to see. */
	if (sta_bounds_hold(&f->caller->bounds, name) && lets(f->caller, name))
		sta_idset_add(f->kept, id);
}

/* Up to the first character of a pattern that stands for others. */
static const char *
begin_of(struct sta_arena *a, const char *pattern)
{
	return sta_arena_strndup(a, pattern, strcspn(pattern, "*?"));
}

/* A token's patterns, of what is not public: by the names of what has been found. */
static enum sta_rc
keep_bounds(struct work *w, struct sta_err *err)
{
	const struct sta_bounds *b = &w->call->caller.bounds;
	struct filter f = { &w->call->caller, &w->part };
	size_t n = b->n_packages;
	enum sta_rc rc = STA_OK;

	if (n == 0)
		return STA_OK;
	sta_idset_copy(&w->has, &w->found);
	sta_idset_and_not(&w->has, &w->open);
	sta_idset_clear(&w->part);
	if (sta_idset_count(&w->has) <= STA_SEARCH_FEW) /* all names at once, not those of each pattern */
		n = 1;
	for (size_t i = 0; rc == STA_OK && i < n; i++) {
		const char *begin = begin_of(w->s.a, b->packages[i]);

		rc = begin ? sta_search_names(&w->s, &w->has, begin, keep, &f, err)
			   : sta_err_set(err, STA_NOMEM, 0, "search");
	}
	sta_idset_and(&w->found, &w->open);
	sta_idset_or(&w->found, &w->part);
	return rc;
}

/* --- what is searched for --- */

static enum sta_rc
narrow(struct work *w, const struct sta_search_key *key, struct sta_err *err)
{
	enum sta_rc rc = sta_search_find(&w->s, key, &w->found, &w->part, err);

	sta_idset_copy(&w->found, &w->part);
	return rc;
}

static enum sta_rc
narrow_to_class(struct work *w, const struct sta_search_term *t, struct sta_err *err)
{
	enum sta_rc rc;

	sta_idset_clear(&w->part);
	rc = t->kind == STA_TERM_OWNER ? sta_search_owner(&w->s, t->text, &w->part, err)
				       : sta_search_visibility(&w->s, (int) t->visibility, &w->part, err);
	sta_idset_and(&w->found, &w->part);
	return rc;
}

static enum sta_rc
apply_qualifier(struct work *w, const struct sta_search_term *t, struct sta_err *err)
{
	struct sta_search_key key;

	switch (t->kind) {
	case STA_TERM_OWNER:
	case STA_TERM_VISIBILITY:
		return narrow_to_class(w, t, err);
	case STA_TERM_TAG:
		key = sta_search_tag_key(w->s.a, t);
		break;
	case STA_TERM_DIGEST:
		key = sta_search_digest_key(t);
		break;
	case STA_TERM_LICENSE:
		key = sta_search_text(w->s.a, STA_SEARCH_WORD, STA_WORD_LICENSE, t->text, false);
		break;
	case STA_TERM_WORD:
		return STA_OK; /* later, when less is left */
	}
	return narrow(w, &key, err);
}

/* Into has: those of found with each word of the text, of which the last stands for all that begin so. */
static enum sta_rc
find_words(struct work *w, const char *text, struct sta_err *err)
{
	const char *class = w->query.in_name ? STA_WORD_NAME : "";
	char word[STA_WORD_MAX + 1];
	char next[STA_WORD_MAX + 1];
	bool more = sta_word_next(&text, next);
	enum sta_rc rc = STA_OK;

	sta_idset_copy(&w->has, &w->found);
	while (rc == STA_OK && more) {
		struct sta_search_key key;

		memcpy(word, next, sizeof(word));
		more = sta_word_next(&text, next);
		key = sta_search_text(w->s.a, STA_SEARCH_WORD, class, word,
				      !more && strlen(word) >= STA_SEARCH_PREFIX);
		rc = sta_search_find(&w->s, &key, &w->has, &w->part, err);
		sta_idset_copy(&w->has, &w->part);
	}
	return rc;
}

/* Into part: those of has with the text as it is. */
static enum sta_rc
find_exact(struct work *w, const char *text, struct sta_err *err)
{
	const char *at = text;
	const char *class = w->query.in_name ? STA_WORD_NAME : "";
	char folded[STA_WHOLE_MAX + 1];
	char word[STA_WORD_MAX + 1];
	struct sta_search_key key;

	sta_word_fold(text, folded, sizeof(folded));
	if (sta_word_next(&at, word) && strcmp(word, folded) != 0)
		class = STA_WORD_WHOLE;
	key = sta_search_text(w->s.a, STA_SEARCH_WORD, class, folded, false);
	return sta_search_find(&w->s, &key, &w->has, &w->part, err);
}

/* Those that have not got the word may have such a tag or digest: they join has and part. */
static enum sta_rc
find_otherwise(struct work *w, const struct sta_search_key *key, struct sta_err *err)
{
	struct sta_idset rest;
	enum sta_rc rc;

	if (!sta_idset_new(w->s.a, w->s.end, &rest))
		return sta_err_set(err, STA_NOMEM, 0, "search");
	sta_idset_copy(&rest, &w->found);
	sta_idset_and_not(&rest, &w->has);
	rc = sta_search_find(&w->s, key, &rest, &w->more, err);
	sta_idset_or(&w->has, &w->more);
	sta_idset_or(&w->part, &w->more);
	return rc;
}

static enum sta_rc
apply_word(struct work *w, const struct sta_search_term *t, struct sta_err *err)
{
	const struct sta_search_key tag = sta_search_tag_key(w->s.a, t);
	const struct sta_search_key digest = sta_search_digest_key(t);
	enum sta_rc rc = find_words(w, t->text, err);

	if (rc == STA_OK)
		rc = find_exact(w, t->text, err);
	if (rc == STA_OK && !w->query.in_name)
		rc = find_otherwise(w, &tag, err);
	if (rc == STA_OK && !w->query.in_name && t->n_digits > 0)
		rc = find_otherwise(w, &digest, err);
	sta_idset_copy(&w->found, &w->has);
	sta_idset_and(&w->exact, &w->part);
	return rc;
}

static enum sta_rc
find(struct work *w, struct sta_err *err)
{
	const struct sta_search_query *q = &w->query;
	enum sta_rc rc = find_readable(w, err);

	for (size_t i = 0; rc == STA_OK && i < q->n; i++)
		rc = apply_qualifier(w, &q->term[i], err);
	sta_idset_copy(&w->exact, &w->found);
	for (size_t i = 0; rc == STA_OK && i < q->n; i++)
		if (q->term[i].kind == STA_TERM_WORD)
			rc = apply_word(w, &q->term[i], err);
	if (rc == STA_OK)
		rc = keep_bounds(w, err);
	sta_idset_and(&w->exact, &w->found);
	return rc;
}

/* --- one page of it --- */

static enum sta_rc
sort(struct work *w, size_t max, int64_t *ids, size_t *n, struct sta_err *err)
{
	const struct sta_search_request *q = w->request;
	const struct sta_search_order order = {
		.by = q->by == STA_SEARCH_BY_UPDATED ? STA_SORT_UPDATED : STA_SORT_NAME,
		.descending = q->by != STA_SEARCH_BEST && q->descending,
	};
	size_t rest = 0;
	enum sta_rc rc;

	if (q->by != STA_SEARCH_BEST)
		return sta_search_sorted(&w->s, &w->found, &order, max, ids, n, err);
	rc = sta_search_sorted(&w->s, &w->exact, &order, max, ids, n, err);
	sta_idset_copy(&w->part, &w->found);
	sta_idset_and_not(&w->part, &w->exact);
	if (rc == STA_OK)
		rc = sta_search_sorted(&w->s, &w->part, &order, max - *n, ids + *n, &rest, err);
	*n += rest;
	return rc;
}

/* Where access/ says no, it is as if it had not been found. */
static enum sta_rc
show(struct work *w, int64_t id, struct sta_search_result *out, struct sta_err *err)
{
	struct sta_search_item *item = &out->items[out->n];
	struct sta_arena *a = w->call->arena;
	struct sta_package p;
	enum sta_rc rc = sta_package_by_id(w->s.c, a, id, w->call->caller.user_id, &p, err);

	if (rc != STA_OK && rc != STA_NOT_FOUND)
		return rc;
	if (rc == STA_NOT_FOUND || !p.published || !sta_may_list(&w->call->caller, &p)) {
		w->request->span->total--;
		return STA_OK;
	}
	rc = sta_published_describe(w->s.c, w->call, &p, &item->package, err);
	if (rc == STA_OK)
		rc = sta_search_matches(&w->s, a, &w->query, item, err);
	out->n += rc == STA_OK;
	return rc;
}

static enum sta_rc
make_page(struct work *w, struct sta_search_result *out, struct sta_err *err)
{
	struct sta_span *span = w->request->span;
	size_t skip = (size_t) span->skip;
	size_t max = span->max < STA_SEARCH_PAGED - skip ? span->max : STA_SEARCH_PAGED - skip;
	int64_t ids[STA_SEARCH_PAGED];
	size_t n = 0;
	enum sta_rc rc;

	*out = (struct sta_search_result){ .n = 0 };
	span->total = sta_idset_count(&w->found);
	out->items = sta_arena_alloc(w->call->arena, max * sizeof(*out->items));
	if (!out->items)
		return sta_err_set(err, STA_NOMEM, 0, "search");
	rc = sort(w, skip + max, ids, &n, err);
	for (size_t i = skip; rc == STA_OK && i < n; i++)
		rc = show(w, ids[i], out, err);
	out->incomplete = w->s.cut;
	return rc;
}

static bool
make_sets(struct work *w)
{
	struct sta_idset *const sets[] = { &w->open, &w->found, &w->exact, &w->has, &w->part, &w->more };

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		if (!sta_idset_new(w->s.a, w->s.end, sets[i]))
			return false;
	return true;
}

/* In one snapshot. */
static enum sta_rc
search(struct work *w, struct sta_db_conn *c, struct sta_search_result *out, struct sta_err *err)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *memory = sta_arena_new(MEMORY_MAX);
	enum sta_rc rc =
		memory ? sta_search_begin(c, memory, &w->s, err) : sta_err_set(err, STA_NOMEM, 0, "search");

	if (rc == STA_OK && !make_sets(w))
		return sta_err_set(err, STA_NOMEM, 0, "search");
	if (rc == STA_OK)
		rc = find(w, err);
	return rc == STA_OK ? make_page(w, out, err) : rc;
}

enum sta_rc
sta_search_packages(struct sta_registry *r, const struct sta_call *call,
		    const struct sta_search_request *request, struct sta_search_result *out,
		    struct sta_err *err)
{
	struct work w = { .call = call, .request = request };
	struct sta_db_conn *c = NULL;
	enum sta_rc rc;

	if (call->caller.limited)
		return sta_oci_unauthorized(err);
	rc = sta_search_parse(call->arena, request->text, &w.query, err);
	if (rc == STA_OK && request->span->skip >= STA_SEARCH_PAGED)
		return sta_err_set(err, STA_INVALID, 0, "Only the first %d search results are available",
				   STA_SEARCH_PAGED);
	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	if (rc == STA_OK)
		rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = sta_db_read_begin(c, err);
	if (rc != STA_OK)
		return rc;
	rc = search(&w, c, out, err);
	sta_db_read_end(c);
	return rc;
}
