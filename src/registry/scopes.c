/* The names of scopes. */

#include <string.h>

#include "registry/token.h"

static const struct {
	const char *name;
	unsigned bit;
} scope_names[] = {
	{ "read:packages", STA_SCOPE_READ },
	{ "write:packages", STA_SCOPE_WRITE },
	{ "delete:packages", STA_SCOPE_DELETE },
	{ "admin:org", STA_SCOPE_ORGS },
};
#define N_SCOPES (sizeof(scope_names) / sizeof(scope_names[0]))

static unsigned
scope_bit(const char *word, size_t len)
{
	for (size_t i = 0; i < N_SCOPES; i++)
		if (strlen(scope_names[i].name) == len && memcmp(scope_names[i].name, word, len) == 0)
			return scope_names[i].bit;
	return 0;
}

enum sta_rc
sta_scopes_parse(const char *text, unsigned *out, struct sta_err *err)
{
	unsigned scopes = 0;

	for (const char *word = text;; word++) {
		size_t len = strcspn(word, ",");
		unsigned bit = scope_bit(word, len);

		if (bit == 0)
			return sta_err_set(err, STA_INVALID, 0,
					   "unknown scope '%.*s'; there are read:packages, write:packages, "
					   "delete:packages and admin:org",
					   (int) (len < 64 ? len : 64), word);
		scopes |= bit;
		word += len;
		if (*word == '\0')
			break;
	}
	*out = scopes;
	return STA_OK;
}

char *
sta_scopes_text(struct sta_arena *a, unsigned scopes)
{
	char *text = sta_arena_strdup(a, "");

	for (size_t i = 0; text && i < N_SCOPES; i++)
		if (scopes & scope_names[i].bit)
			text = sta_arena_printf(a, "%s%s%s", text, *text ? "," : "", scope_names[i].name);
	return text;
}
