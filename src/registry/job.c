#include "registry/job_line.h"

#include <ctype.h>
#include <string.h>

#include "base/glob.h"
#include "oci/ref.h"

#define SKEW_S 60 /* by which an issuer's clock may be ahead of ours */

/* Copies that much into out, which has STA_JOB_TEXT_MAX bytes and one more. */
static bool
copy(char *out, const char *text, size_t len)
{
	if (len > STA_JOB_TEXT_MAX)
		return false;
	memcpy(out, text, len);
	out[len] = '\0';
	return true;
}

static bool
value_of(const struct sta_job_line *l, char out[STA_JOB_TEXT_MAX + 1])
{
	return l->key_len < l->len && copy(out, l->text + l->key_len + 1, l->len - l->key_len - 1);
}

/* The claim of that name; what has none goes into objects at each '/' (the first key that fits). */
static const json_t *
claim(const json_t *claims, const char *name)
{
	const json_t *here = json_object_get(claims, name);
	char key[STA_JOB_TEXT_MAX + 1];

	for (const char *slash = strchr(name, '/'); !here && slash; slash = strchr(slash + 1, '/'))
		if (copy(key, name, (size_t) (slash - name)) && json_object_get(claims, key))
			here = claim(json_object_get(claims, key), slash + 1);
	return here;
}

/* The claim that the issuer says to mean that; NULL: it names none. */
static const json_t *
meant(const struct sta_issuer_row *issuer, const json_t *claims, const char *meaning, bool *named)
{
	const char *rest = issuer->claims;
	char name[STA_JOB_TEXT_MAX + 1];
	struct sta_job_line l;

	*named = false;
	while (sta_job_next_line(&rest, &l))
		if (sta_job_key_is(&l, meaning) && value_of(&l, name) && name[0] != '\0') {
			*named = true;
			return claim(claims, name);
		}
	return NULL;
}

static void
to_lower(char *text)
{
	for (; *text; text++)
		*text = (char) tolower((unsigned char) *text);
}

/* A value as text in out: false for what has none. */
static bool
text_of(const json_t *v, bool fold, char out[STA_JOB_TEXT_MAX + 1])
{
	const char *s = json_string_value(v);
	char number[32];

	if (json_is_boolean(v))
		s = json_is_true(v) ? "true" : "false";
	if (json_is_integer(v)) {
		(void) snprintf(number, sizeof(number), "%lld", (long long) json_integer_value(v));
		s = number;
	}
	if (!s || !copy(out, s, strlen(s)))
		return false;
	if (fold)
		to_lower(out);
	return true;
}

static bool
matches(const json_t *v, bool fold, const char *pattern)
{
	char text[STA_JOB_TEXT_MAX + 1];

	for (size_t i = 0; i < json_array_size(v); i++)
		if (text_of(json_array_get(v, i), fold, text) && sta_glob_match(pattern, text))
			return true;
	return text_of(v, fold, text) && sta_glob_match(pattern, text);
}

static bool
holds(const struct sta_issuer_row *issuer, const json_t *claims, const struct sta_job_line *l)
{
	bool repository = sta_job_key_is(l, "repository");
	char pattern[STA_JOB_TEXT_MAX + 1];
	char name[STA_JOB_TEXT_MAX + 1];
	bool named;

	if (!value_of(l, pattern) || !copy(name, l->text, l->key_len))
		return false;
	if (repository)
		to_lower(pattern);
	if (sta_job_is_meaning(l))
		return matches(meant(issuer, claims, name, &named), repository, pattern);
	return matches(claim(claims, name), false, pattern);
}

static bool
fits(const struct sta_issuer_row *issuer, const struct sta_issuer_rule_row *rule, const json_t *claims)
{
	const char *rest = rule->conditions;
	struct sta_job_line l;
	size_t n = 0;

	for (; sta_job_next_line(&rest, &l); n++)
		if (!holds(issuer, claims, &l))
			return false;
	return n > 0;
}

static bool
is_fork(const struct sta_issuer_row *issuer, const json_t *claims)
{
	char text[STA_JOB_TEXT_MAX + 1];
	bool named;
	const json_t *v = meant(issuer, claims, "fork", &named);

	return named && !(text_of(v, false, text) && strcmp(text, "false") == 0);
}

/* Of an event that is for reading alone. */
static bool
only_reads(const struct sta_issuer_row *issuer, const json_t *claims)
{
	const char *rest = issuer->read_events;
	char event[STA_JOB_TEXT_MAX + 1];
	bool named;
	const json_t *v = meant(issuer, claims, "event", &named);
	struct sta_job_line l;

	if (*rest != '\0' && (!named || !text_of(v, false, event)))
		return true; /* it cannot be told */
	while (sta_job_next_line(&rest, &l))
		if (l.len == strlen(event) && memcmp(l.text, event, l.len) == 0)
			return true;
	return false;
}

/* The repository that the job acts for. */
static enum sta_rc
find_repository(struct sta_arena *a, const struct sta_issuer_row *issuer,
		const struct sta_issuer_rule_row *rule, const json_t *claims, const char **out,
		struct sta_err *err)
{
	char text[STA_JOB_TEXT_MAX + 1];
	struct sta_name name;
	bool named;

	if (rule->repository[0] == '\0') {
		if (!text_of(meant(issuer, claims, "repository", &named), true, text))
			return sta_err_set(err, STA_DENIED, 0, "the token names no repository");
		if (!sta_name_parse(text, strlen(text), &name) || strchr(name.image, '/'))
			return sta_err_set(err, STA_DENIED, 0,
					   "the repository '%.100s' cannot be one here: it is OWNER/REPO in "
					   "letters, digits and single . _ -; a rule can name another",
					   text);
	}
	*out = sta_arena_strdup(a, rule->repository[0] ? rule->repository : text);
	return *out ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "repository");
}

static enum sta_rc
no_rule(const struct sta_issuer_row *issuer, const json_t *claims, struct sta_err *err)
{
	char repository[STA_JOB_TEXT_MAX + 1] = "";
	char ref[STA_JOB_TEXT_MAX + 1] = "";
	bool named;
	bool told = text_of(meant(issuer, claims, "repository", &named), false, repository);

	if (!told)
		return sta_err_set(err, STA_DENIED, 0, "no rule of the issuer '%s' lets this job in",
				   issuer->name);
	told = text_of(meant(issuer, claims, "ref", &named), false, ref);
	return sta_err_set(err, STA_DENIED, 0, "no rule of the issuer '%s' lets '%.100s' in%s%.100s",
			   issuer->name, repository, told ? " from " : "", ref);
}

enum sta_rc
sta_job_judge(struct sta_arena *a, const struct sta_issuer_row *issuer,
	      const struct sta_issuer_rule_row *rules, size_t n, const json_t *claims,
	      struct sta_job_verdict *out, struct sta_err *err)
{
	const struct sta_issuer_rule_row *best = NULL;
	struct sta_job_verdict got = { 0 };
	enum sta_rc rc;

	for (size_t i = 0; i < n; i++)
		if ((!best || rules[i].role > best->role) && fits(issuer, &rules[i], claims))
			best = &rules[i];
	if (!best)
		return no_rule(issuer, claims, err);
	got.rule_id = best->id;
	got.most = best->role;
	if (is_fork(issuer, claims) || only_reads(issuer, claims))
		got.most = STA_ROLE_READ;
	rc = find_repository(a, issuer, best, claims, &got.repository, err);
	if (rc == STA_OK)
		*out = got;
	return rc;
}

static enum sta_rc
refuse(struct sta_err *err, const char *why)
{
	return sta_err_set(err, STA_UNAUTHENTICATED, 0, "%s", why);
}

/* A string, or a list with that one in it and nothing else but strings. */
static bool
is_for(const json_t *aud, const char *audience)
{
	const char *s = json_string_value(aud);
	bool found = s && strcmp(s, audience) == 0;

	for (size_t i = 0; i < json_array_size(aud); i++) {
		s = json_string_value(json_array_get(aud, i));
		if (!s)
			return false;
		found = found || strcmp(s, audience) == 0;
	}
	return found;
}

/* Seconds; of a number with a fraction the whole part.  -1: none that can be. */
static int64_t
time_of(const json_t *v)
{
	double d = json_is_real(v) ? json_real_value(v) : 0;

	if (json_is_integer(v) && json_integer_value(v) >= 0)
		return json_integer_value(v);
	return d >= 0 && d < 1e15 && json_is_real(v) ? (int64_t) d : -1;
}

enum sta_rc
sta_job_check(const struct sta_issuer_row *issuer, const json_t *claims, int64_t now_unix,
	      struct sta_err *err)
{
	const char *iss = json_string_value(json_object_get(claims, "iss"));
	const json_t *nbf = json_object_get(claims, "nbf");
	int64_t expires = time_of(json_object_get(claims, "exp"));
	int64_t issued = time_of(json_object_get(claims, "iat"));
	int64_t from = nbf ? time_of(nbf) : issued;

	if (!iss || strcmp(iss, issuer->url) != 0)
		return refuse(err, "the token is of another issuer");
	if (!is_for(json_object_get(claims, "aud"), issuer->audience))
		return refuse(err, "the token is for another audience");
	if (expires < 0 || issued < 0 || from < 0)
		return refuse(err, "the token does not say when it is good");
	if (expires <= now_unix)
		return refuse(err, "the token has expired");
	if (from - SKEW_S > now_unix || issued - SKEW_S > now_unix)
		return refuse(err, "the token is not good yet");
	return STA_OK;
}
