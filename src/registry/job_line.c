#include "registry/job_line.h"

#include <string.h>

/* What a claim can mean. */
static const char *const meanings[] = { "repository", "ref", "event", "environment", "fork" };
#define N_MEANINGS (sizeof(meanings) / sizeof(meanings[0]))

/* The line that *rest is at; false at the end. */
bool
sta_job_next_line(const char **rest, struct sta_job_line *out)
{
	const char *equals;

	if (**rest == '\0')
		return false;
	out->text = *rest;
	out->len = strcspn(*rest, "\n");
	equals = memchr(*rest, '=', out->len);
	out->key_len = equals ? (size_t) (equals - *rest) : out->len;
	*rest += out->len + ((*rest)[out->len] == '\n');
	return true;
}

bool
sta_job_key_is(const struct sta_job_line *l, const char *key)
{
	return strlen(key) == l->key_len && memcmp(l->text, key, l->key_len) == 0;
}

bool
sta_job_is_meaning(const struct sta_job_line *l)
{
	for (size_t i = 0; i < N_MEANINGS; i++)
		if (sta_job_key_is(l, meanings[i]))
			return true;
	return false;
}

static bool
is_plain(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char) text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return len > 0 && len <= STA_JOB_TEXT_MAX;
}

static enum sta_rc
bad_line(const struct sta_job_line *l, const char *expected, struct sta_err *err)
{
	return sta_err_set(err, STA_INVALID, 0, "'%.*s': %s", (int) (l->len < 100 ? l->len : 100), l->text,
			   expected);
}

static enum sta_rc
too_many(struct sta_err *err)
{
	return sta_err_set(err, STA_INVALID, 0, "more than %d of them", STA_JOB_LINES_MAX);
}

enum sta_rc
sta_job_claims_valid(const char *lines, struct sta_err *err)
{
	struct sta_job_line l;
	size_t n = 0;

	while (sta_job_next_line(&lines, &l)) {
		if (!sta_job_is_meaning(&l) || l.key_len == l.len || !is_plain(l.text, l.len))
			return bad_line(
				&l, "expected MEANING=CLAIM with repository, ref, event, environment or fork",
				err);
		if (++n > STA_JOB_LINES_MAX)
			return too_many(err);
	}
	return STA_OK;
}

enum sta_rc
sta_job_events_valid(const char *lines, struct sta_err *err)
{
	struct sta_job_line l;
	size_t n = 0;

	while (sta_job_next_line(&lines, &l)) {
		if (!is_plain(l.text, l.len))
			return bad_line(&l, "expected the name of an event", err);
		if (++n > STA_JOB_LINES_MAX)
			return too_many(err);
	}
	return STA_OK;
}

static bool
has_word(const char *key, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strstr(key, words[i]))
			return true;
	return false;
}

/* A claim by which issuers tell one owner from another: all the world's jobs have refs, events, runners,
 * visibilities and levels. */
static bool
names_owners(const struct sta_job_line *l)
{
	static const char *const owners[] = { "repositor", "project", "namespace", "owner", "account",
					      "group",     "user",    "organi",    "client" };
	static const char *const kinds[] = { "visibility", "level", "type" };
	char key[STA_JOB_TEXT_MAX + 1];

	(void) snprintf(key, sizeof(key), "%.*s", (int) l->key_len, l->text);
	return has_word(key, owners, sizeof(owners) / sizeof(owners[0])) &&
	       !has_word(key, kinds, sizeof(kinds) / sizeof(kinds[0]));
}

/* No star before that many bytes have been said, and one byte at least. */
static bool
is_literal(const char *pattern, size_t len)
{
	return len > 0 && !memchr(pattern, '*', len) && !memchr(pattern, '?', len);
}

/* "repository=OWNER/..." */
static bool
names_repository_owner(const struct sta_job_line *l)
{
	const char *pattern = l->text + l->key_len + 1;
	const char *slash = memchr(pattern, '/', l->len - l->key_len - 1);

	return sta_job_key_is(l, "repository") && slash && is_literal(pattern, (size_t) (slash - pattern));
}

/* "sub=repo:OWNER/...", "sub=system:serviceaccount:..."; without a colon the first part. */
static bool
names_subject(const struct sta_job_line *l)
{
	const char *pattern = l->text + l->key_len + 1;
	size_t len = l->len - l->key_len - 1;
	const char *colon = memchr(pattern, ':', len);
	size_t before = colon ? (size_t) (colon - pattern) + 1 : 0;
	size_t part = 0;

	while (before + part < len && !strchr("/:", pattern[before + part]))
		part++;
	return sta_job_key_is(l, "sub") && is_literal(pattern, before + part) && part > 0;
}

/* Tells whose job it is. */
static bool
names_someone(const struct sta_job_line *l)
{
	if (sta_job_key_is(l, "repository"))
		return names_repository_owner(l);
	if (sta_job_key_is(l, "sub"))
		return names_subject(l);
	return names_owners(l) && is_literal(l->text + l->key_len + 1, 1);
}

enum sta_rc
sta_job_conditions_valid(const char *lines, bool names_repository, struct sta_err *err)
{
	bool someone = false;
	bool repository = names_repository;
	struct sta_job_line l;
	size_t n = 0;

	while (sta_job_next_line(&lines, &l)) {
		if (l.key_len == 0 || l.key_len + 1 >= l.len || !is_plain(l.text, l.len))
			return bad_line(&l, "expected CLAIM=PATTERN", err);
		if (++n > STA_JOB_LINES_MAX)
			return too_many(err);
		someone = someone || names_someone(&l);
		repository = repository || names_repository_owner(&l);
	}
	if (!repository)
		return sta_err_set(
			err, STA_INVALID, 0,
			"a rule has the condition repository=OWNER/..., or names the repository that "
			"its jobs act for");
	if (!someone)
		return sta_err_set(
			err, STA_INVALID, 0,
			"a rule must say whose jobs it lets in, by repository=OWNER/..., sub, or a "
			"claim that names an owner, project, namespace or account");
	return STA_OK;
}
