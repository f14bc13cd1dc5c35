#include "http/etag.h"

#include <stddef.h>
#include <string.h>

/* The tag without its weakness mark. */
static const char *
opaque(const char *tag)
{
	return strncmp(tag, "W/", 2) == 0 ? tag + 2 : tag;
}

/* End of the quoted tag that starts at s, or NULL when it is none. */
static const char *
tag_end(const char *s)
{
	const char *end = *s == '"' ? strchr(s + 1, '"') : NULL;

	return end ? end + 1 : NULL;
}

bool
sta_etag_listed(const char *list, const char *etag)
{
	const char *want;

	if (!list || !etag)
		return false;
	list += strspn(list, " \t");
	if (*list == '*')
		return list[1 + strspn(list + 1, " \t")] == '\0';
	want = opaque(etag);
	while (*list) {
		const char *tag = opaque(list);
		const char *end = tag_end(tag);

		if (!end)
			return false; /* malformed from here on */
		if (strlen(want) == (size_t) (end - tag) && memcmp(want, tag, (size_t) (end - tag)) == 0)
			return true;
		list = end + strspn(end, " \t,");
	}
	return false;
}

bool
sta_etag_same(const char *value, const char *etag)
{
	return value && etag && *etag == '"' && strcmp(value, etag) == 0;
}
