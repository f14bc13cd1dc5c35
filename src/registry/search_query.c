#include "registry/search_query.h"

#include <ctype.h>
#include <string.h>

#include "base/parse.h"
#include "model/words.h"

#define SPACE " \t\r\n"
#define HEX "0123456789abcdefABCDEF"

static enum sta_rc
no_memory(struct sta_err *err)
{
	return sta_err_set(err, STA_NOMEM, 0, "search");
}

/* --- digests --- */

static unsigned
digit(char c)
{
	return c <= '9' ? (unsigned) (c - '0') : (unsigned) (tolower((unsigned char) c) - 'a') + 10;
}

/* The first key behind those that begin so. */
static void
step(struct sta_search_term *t)
{
	size_t half = t->n_digits;

	memcpy(t->to, t->from, t->key_len);
	/* The digits as a number, plus one; what is carried out of them goes to the algorithm. */
	for (unsigned carry = 1; carry > 0 && half > 0; half--) {
		unsigned char *byte = &t->to[1 + (half - 1) / 2];
		unsigned shift = half % 2 == 1 ? 4 : 0;
		unsigned value = ((unsigned) *byte >> shift & 15U) + carry;

		carry = value >> 4;
		*byte = (unsigned char) ((*byte & ~(15U << shift)) | (value & 15U) << shift);
		if (half == 1 && carry > 0)
			t->to[0]++;
	}
}

/* False: no such algorithm, or no number of digits that a digest of it can begin with. */
static bool
read_digest(const char *text, struct sta_search_term *t)
{
	const char *colon = strchr(text, ':');
	const char *digits = colon ? colon + 1 : text;
	size_t n = strlen(digits);
	enum sta_digest_alg alg = n <= 2 * sta_digest_len(STA_SHA256) ? STA_SHA256 : STA_SHA512;

	if (colon && !sta_digest_alg_parse(text, (size_t) (colon - text), &alg))
		return false;
	if (n < STA_SEARCH_DIGITS || n > 2 * sta_digest_len(alg) || strspn(digits, HEX) != n)
		return false;
	t->n_digits = n;
	t->key_len = 1 + sta_digest_len(alg);
	memset(t->from, 0, sizeof(t->from));
	t->from[0] = (unsigned char) alg;
	for (size_t i = 0; i < n; i++)
		t->from[1 + i / 2] |= (unsigned char) (digit(digits[i]) << (i % 2 == 0 ? 4 : 0));
	step(t);
	return true;
}

/* --- qualifiers --- */

static enum sta_rc
set_owner(struct sta_search_term *t, struct sta_err *err)
{
	(void) err;
	for (char *p = t->text; *p; p++)
		*p = (char) tolower((unsigned char) *p);
	return STA_OK;
}

static enum sta_rc
set_tag(struct sta_search_term *t, struct sta_err *err)
{
	size_t len = strlen(t->text);

	t->prefix = t->text[len - 1] == '*';
	if (t->prefix)
		t->text[len - 1] = '\0';
	if (!strchr(t->text, '*'))
		return STA_OK;
	return sta_err_set(err, STA_INVALID, 0, "q: in a tag, * stands at the end alone.");
}

static enum sta_rc
set_digest(struct sta_search_term *t, struct sta_err *err)
{
	if (read_digest(t->text, t))
		return STA_OK;
	return sta_err_set(err, STA_INVALID, 0,
			   "q: a digest is sha256: or sha512: and at least %d hexadecimal digits.",
			   STA_SEARCH_DIGITS);
}

static enum sta_rc
set_license(struct sta_search_term *t, struct sta_err *err)
{
	char word[STA_WORD_MAX + 1];
	const char *at = t->text;

	if (!sta_license_next(&at, word) || *at)
		return sta_err_set(err, STA_INVALID, 0, "q: license names one license.");
	memcpy(t->text, word, strlen(word) + 1);
	return STA_OK;
}

static enum sta_rc
set_visibility(struct sta_search_term *t, struct sta_err *err)
{
	if (sta_visibility_parse(t->text, &t->visibility))
		return STA_OK;
	return sta_err_set(err, STA_INVALID, 0, "q: visibility is one of public, private, internal.");
}

static const struct {
	const char *name;
	enum sta_term_kind kind;
	enum sta_rc (*set)(struct sta_search_term *t, struct sta_err *err);
} qualifiers[] = {
	{ "owner", STA_TERM_OWNER, set_owner },
	{ "user", STA_TERM_OWNER, set_owner },
	{ "org", STA_TERM_OWNER, set_owner },
	{ "tag", STA_TERM_TAG, set_tag },
	{ "digest", STA_TERM_DIGEST, set_digest },
	{ "license", STA_TERM_LICENSE, set_license },
	{ "visibility", STA_TERM_VISIBILITY, set_visibility },
};

static enum sta_rc
read_in(const char *where, struct sta_search_query *out, struct sta_err *err)
{
	out->in_name = true;
	if (strcmp(where, "name") == 0)
		return STA_OK;
	return sta_err_set(err, STA_INVALID, 0, "q: in is name.");
}

/* "license:mit": the text is the arena's, and *t->text is behind the colon. */
static enum sta_rc
read_qualifier(char *text, size_t name_len, struct sta_search_query *out, struct sta_search_term *t,
	       struct sta_err *err)
{
	t->text = text + name_len + 1;
	if (!*t->text)
		return sta_err_set(err, STA_INVALID, 0, "q: a qualifier has no value.");
	if (name_len == strlen("in") && strncmp(text, "in", name_len) == 0)
		return read_in(t->text, out, err);
	for (size_t i = 0; i < sizeof(qualifiers) / sizeof(qualifiers[0]); i++) {
		if (strlen(qualifiers[i].name) != name_len ||
		    strncmp(text, qualifiers[i].name, name_len) != 0)
			continue;
		t->kind = qualifiers[i].kind;
		out->n++;
		return qualifiers[i].set(t, err);
	}
	return sta_err_set(err, STA_INVALID, 0,
			   "q: qualifiers are owner, user, org, tag, digest, license, visibility and in.");
}

/* --- all of it --- */

static bool
is_digest(const char *text)
{
	size_t n = strlen(text);
	enum sta_digest_alg ignored;

	if (n > sizeof("sha256:") - 1 && text[6] == ':' && sta_digest_alg_parse(text, 6, &ignored))
		return true;
	return n >= STA_SEARCH_BARE_DIGITS && n <= 2 * sta_digest_len(STA_SHA512) && strspn(text, HEX) == n;
}

static enum sta_rc
read_term(char *text, struct sta_search_query *out, struct sta_err *err)
{
	struct sta_search_term *t = &out->term[out->n];
	size_t name_len = strcspn(text, ":");
	const char *at = text;
	char word[STA_WORD_MAX + 1];

	if (out->n == STA_SEARCH_TERMS)
		return sta_err_set(err, STA_INVALID, 0, "q: more than %d words and qualifiers.",
				   STA_SEARCH_TERMS);
	*t = (struct sta_search_term){ .kind = STA_TERM_WORD, .text = text };
	if (is_digest(text)) {
		out->n++;
		t->kind = text[6] == ':' ? STA_TERM_DIGEST : STA_TERM_WORD;
		return set_digest(t, err);
	}
	if (text[name_len] == ':')
		return read_qualifier(text, name_len, out, t, err);
	if (sta_word_next(&at, word)) /* else there is nothing in it to be found by */
		out->n++;
	return STA_OK;
}

/* A byte sequence that UTF-8 has, or 0. */
static size_t
character(const unsigned char *p)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : p[0] >= 0xe0 && p[0] < 0xf0 ? 3 : 4;

	if (p[0] > 0xf4 || (p[0] >= 0x80 && p[0] < 0xc2))
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

static bool
is_text(const char *text)
{
	const unsigned char *p = (const unsigned char *) text;
	size_t n = 1;

	while (*p && (n = character(p)) > 0)
		p += n;
	return n > 0;
}

static enum sta_rc
check(const char *text, struct sta_err *err)
{
	if (strlen(text) > STA_SEARCH_BYTES)
		return sta_err_set(err, STA_INVALID, 0, "q: more than %d bytes.", STA_SEARCH_BYTES);
	return is_text(text) ? STA_OK : sta_err_set(err, STA_INVALID, 0, "q: not UTF-8.");
}

enum sta_rc
sta_search_parse(struct sta_arena *a, const char *text, struct sta_search_query *out, struct sta_err *err)
{
	struct sta_search_query got = { .n = 0 };
	enum sta_rc rc = check(text, err);

	while (rc == STA_OK && *(text += strspn(text, SPACE))) {
		size_t len = strcspn(text, SPACE);
		char *term = sta_arena_strndup(a, text, len);

		rc = term ? read_term(term, &got, err) : no_memory(err);
		text += len;
	}
	if (rc == STA_OK && got.n == 0)
		return sta_err_set(err, STA_INVALID, 0, "q: nothing to search for.");
	if (rc == STA_OK)
		*out = got;
	return rc;
}
