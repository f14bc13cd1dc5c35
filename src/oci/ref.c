#include "oci/ref.h"

#include <string.h>

/* What the truncation rule of distribution-spec, "Referrers Tag Schema",
 * leaves of the hash: a tag could not hold all of a sha512. */
#define FALLBACK_HEX_MAX 64

static bool
is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Length of the separator at s: one '.', one or two '_', any number of '-'; or 0. */
static size_t
separator_len(const char *s, size_t len)
{
	size_t n = 1;

	if (s[0] == '.')
		return 1;
	if (s[0] == '_')
		return len > 1 && s[1] == '_' ? 2 : 1;
	if (s[0] != '-')
		return 0;
	while (n < len && s[n] == '-')
		n++;
	return n;
}

/* One component between slashes: runs of [a-z0-9] with separators between. */
static bool
component_valid(const char *s, size_t len)
{
	size_t i = 0;

	for (;;) {
		size_t run = i;
		size_t sep;

		while (i < len && is_lower_alnum(s[i]))
			i++;
		if (i == run)
			return false;
		if (i == len)
			return true;
		sep = separator_len(s + i, len - i);
		if (sep == 0)
			return false;
		i += sep;
	}
}

/* Components with slashes between, at least one. */
static bool
path_valid(const char *s, size_t len)
{
	for (;;) {
		const char *slash = len > 0 ? memchr(s, '/', len) : NULL;
		size_t n = slash ? (size_t) (slash - s) : len;

		if (!component_valid(s, n))
			return false;
		if (!slash)
			return true;
		s += n + 1;
		len -= n + 1;
	}
}

bool
sta_name_parse(const char *s, size_t len, struct sta_name *out)
{
	const char *slash = len > 0 && len <= STA_NAME_MAX ? memchr(s, '/', len) : NULL;
	size_t owner_len;

	if (!slash)
		return false;
	owner_len = (size_t) (slash - s);
	if (!sta_namespace_valid(s, owner_len) || !path_valid(slash + 1, len - owner_len - 1))
		return false;
	memcpy(out->full, s, len);
	out->full[len] = '\0';
	memcpy(out->namespace, s, owner_len);
	out->namespace[owner_len] = '\0';
	out->image = out->full + owner_len + 1;
	return true;
}

/* Words that begin paths of the server's own. */
static bool
is_reserved(const char *s, size_t len)
{
	static const char *const words[] = { "v2", "api", "token" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == len && memcmp(s, words[i], len) == 0)
			return true;
	return false;
}

bool
sta_namespace_valid(const char *s, size_t len)
{
	if (len == 0 || len > STA_NAMESPACE_MAX || s[0] == '-' || s[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_lower_alnum(s[i]) && (s[i] != '-' || s[i - 1] == '-'))
			return false;
	return !is_reserved(s, len);
}

bool
sta_namespace_fold(const char *s, char out[STA_NAMESPACE_MAX + 1])
{
	size_t len = strnlen(s, STA_NAMESPACE_MAX + 1);
	char folded[STA_NAMESPACE_MAX + 1];

	if (len > STA_NAMESPACE_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		folded[i] = (char) (s[i] >= 'A' && s[i] <= 'Z' ? s[i] | 0x20 : s[i]);
	folded[len] = '\0';
	if (!sta_namespace_valid(folded, len))
		return false;
	memcpy(out, folded, len + 1);
	return true;
}

bool
sta_tag_valid(const char *s, size_t len)
{
	if (len == 0 || len > STA_TAG_MAX || s[0] == '.' || s[0] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_lower_alnum(s[i]) && !(s[i] >= 'A' && s[i] <= 'Z') && s[i] != '_' && s[i] != '.' &&
		    s[i] != '-')
			return false;
	return true;
}

bool
sta_reference_parse(const char *s, size_t len, struct sta_reference *out)
{
	struct sta_reference ref = { .is_digest = len > 0 && memchr(s, ':', len) };

	if (ref.is_digest) {
		if (!sta_digest_parse(s, len, &ref.digest))
			return false;
	} else {
		if (!sta_tag_valid(s, len))
			return false;
		memcpy(ref.tag, s, len);
	}
	*out = ref;
	return true;
}

void
sta_fallback_tag(const struct sta_digest *subject, char out[STA_TAG_MAX + 1])
{
	char text[STA_DIGEST_TEXT_MAX];
	size_t alg_len = strlen(sta_digest_alg_name(subject->alg));
	size_t len = alg_len + 1 + FALLBACK_HEX_MAX;

	(void) sta_digest_text(subject, text);
	memcpy(out, text, len);
	out[alg_len] = '-';
	out[len] = '\0';
}
