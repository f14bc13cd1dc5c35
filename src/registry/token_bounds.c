#include "registry/token_bounds.h"

#include <string.h>

#include "base/prefix.h"

#define SHOWN_MAX 80 /* bytes of a wrong entry that an error repeats */

static int
shown(size_t len)
{
	return (int) (len < SHOWN_MAX ? len : SHOWN_MAX);
}

static bool
is_pattern_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c != '\0' && strchr("._-/*?", c));
}

/* It can match a package: there is a slash, or what stands for one. */
static bool
is_pattern(const char *s, size_t len)
{
	if (len == 0 || len > STA_TOKEN_PATTERN_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_pattern_char(s[i]))
			return false;
	return memchr(s, '/', len) || memmem(s, len, "**", 2);
}

static size_t
count(const char *text, char separator)
{
	size_t n = 1;

	for (; *text; text++)
		n += *text == separator;
	return n;
}

enum sta_rc
sta_token_packages(struct sta_arena *a, const char *list, const char **out, struct sta_err *err)
{
	char *stored = sta_arena_strdup(a, list ? list : "");

	if (!stored)
		return sta_err_set(err, STA_NOMEM, 0, "token");
	if (list && count(list, ',') > STA_TOKEN_PATTERNS_MAX)
		return sta_err_set(err, STA_INVALID, 0, "a token is for at most %d patterns of packages",
				   STA_TOKEN_PATTERNS_MAX);
	for (const char *entry = list; entry;) {
		size_t len = strcspn(entry, ",");

		if (!is_pattern(entry, len))
			return sta_err_set(err, STA_INVALID, 0,
					   "'%.*s' is no pattern of package names: in lower case, with a '/' "
					   "or '**', as acme/app or acme/*, and at most %d bytes",
					   shown(len), entry, STA_TOKEN_PATTERN_MAX);
		entry = entry[len] != '\0' ? entry + len + 1 : NULL;
	}
	for (char *comma = strchr(stored, ','); comma; comma = strchr(comma, ','))
		*comma = '\n';
	*out = stored;
	return STA_OK;
}

/* One entry of a list, as it is best written. */
static enum sta_rc
range_text(const char *entry, size_t len, char out[STA_PREFIX_TEXT_MAX], struct sta_err *err)
{
	char text[STA_PREFIX_TEXT_MAX];
	struct sta_prefix range;

	if (len < sizeof(text)) {
		memcpy(text, entry, len);
		text[len] = '\0';
	}
	if (len >= sizeof(text) || !sta_prefix_parse(text, &range))
		return sta_err_set(err, STA_INVALID, 0,
				   "'%.*s' is no address and no range of addresses, as 192.0.2.7, "
				   "192.0.2.0/24 or 2001:db8::/32; the bits behind the length are zero",
				   shown(len), entry);
	sta_prefix_text(&range, out);
	return STA_OK;
}

enum sta_rc
sta_token_addresses(struct sta_arena *a, const char *list, const char **out, struct sta_err *err)
{
	char *stored = sta_arena_strdup(a, "");

	if (list && count(list, ',') > STA_TOKEN_ADDRESSES_MAX)
		return sta_err_set(err, STA_INVALID, 0, "a token is good from at most %d ranges of addresses",
				   STA_TOKEN_ADDRESSES_MAX);
	for (const char *entry = list; entry && stored;) {
		size_t len = strcspn(entry, ",");
		char range[STA_PREFIX_TEXT_MAX];
		enum sta_rc rc = range_text(entry, len, range, err);

		if (rc != STA_OK)
			return rc;
		stored = sta_arena_printf(a, "%s%s%s", stored, *stored ? "\n" : "", range);
		entry = entry[len] != '\0' ? entry + len + 1 : NULL;
	}
	if (!stored)
		return sta_err_set(err, STA_NOMEM, 0, "token");
	*out = stored;
	return STA_OK;
}

enum sta_rc
sta_token_bounds(struct sta_arena *a, const char *packages, struct sta_bounds *out, struct sta_err *err)
{
	size_t n = *packages ? count(packages, '\n') : 0;
	char *text = sta_arena_strdup(a, packages);
	const char **patterns = sta_arena_alloc(a, n * sizeof(*patterns));

	if (!text || !patterns)
		return sta_err_set(err, STA_NOMEM, 0, "token");
	for (size_t i = 0; i < n; i++) {
		patterns[i] = text;
		text += strcspn(text, "\n");
		*text++ = '\0';
	}
	*out = (struct sta_bounds){ .packages = patterns, .n_packages = n };
	return STA_OK;
}

bool
sta_token_bounds_copy(struct sta_arena *a, struct sta_bounds *bounds)
{
	const char **patterns = sta_arena_alloc(a, bounds->n_packages * sizeof(*patterns));

	for (size_t i = 0; patterns && i < bounds->n_packages; i++) {
		patterns[i] = sta_arena_strdup(a, bounds->packages[i]);
		if (!patterns[i])
			return false;
	}
	bounds->packages = patterns;
	return patterns != NULL;
}

size_t
sta_token_bounds_size(const struct sta_bounds *bounds)
{
	size_t size = 0;

	for (size_t i = 0; i < bounds->n_packages; i++)
		size += sizeof(char *) + strlen(bounds->packages[i]) + 32; /* what an arena adds */
	return size;
}

static bool
range_holds(const char *line, size_t len, const struct sta_ip *ip)
{
	char text[STA_PREFIX_TEXT_MAX];
	struct sta_prefix range;

	if (len >= sizeof(text))
		return false;
	memcpy(text, line, len);
	text[len] = '\0';
	return sta_prefix_parse(text, &range) && sta_prefix_holds(&range, ip);
}

bool
sta_token_elsewhere(const char *addresses, const char *peer)
{
	struct sta_ip ip;

	if (*addresses == '\0')
		return false;
	if (!peer || !sta_ip_parse(peer, &ip))
		return true;
	for (const char *line = addresses;; line++) {
		size_t len = strcspn(line, "\n");

		if (range_holds(line, len, &ip))
			return false;
		line += len;
		if (*line == '\0')
			return true;
	}
}

char *
sta_token_list_text(struct sta_arena *a, const char *stored)
{
	char *text = sta_arena_strdup(a, stored);

	for (char *end = text ? strchr(text, '\n') : NULL; end; end = strchr(end, '\n'))
		*end = ',';
	return text;
}
