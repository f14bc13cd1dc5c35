#include "oci/media.h"

#include <string.h>

#define RESTRICTED_NAME_MAX 127

static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* RFC 6838 4.2, "restricted-name". */
static bool
is_restricted_name(const char *s, size_t len)
{
	if (len == 0 || len > RESTRICTED_NAME_MAX || !is_alnum(s[0]))
		return false;
	for (size_t i = 1; i < len; i++)
		if (!is_alnum(s[i]) && (s[i] == '\0' || !strchr("!#$&-^_.+", s[i])))
			return false;
	return true;
}

bool
sta_media_valid(const char *s, size_t len)
{
	const char *slash = len > 0 ? memchr(s, '/', len) : NULL;
	size_t type_len;

	if (!slash)
		return false;
	type_len = (size_t) (slash - s);
	return is_restricted_name(s, type_len) && is_restricted_name(slash + 1, len - type_len - 1);
}

size_t
sta_media_bare_len(const char *s, size_t len)
{
	const char *semicolon = len > 0 ? memchr(s, ';', len) : NULL;
	size_t n = semicolon ? (size_t) (semicolon - s) : len;

	while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
		n--;
	return n;
}

bool
sta_media_is_nondistributable(const char *media_type)
{
	static const char *const types[] = {
		"application/vnd.oci.image.layer.nondistributable.v1.tar",
		"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
		"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
		"application/vnd.docker.image.rootfs.foreign.diff.tar",
		"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
		"application/vnd.docker.image.rootfs.foreign.diff.tar.zstd",
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(media_type, types[i]) == 0)
			return true;
	return false;
}
