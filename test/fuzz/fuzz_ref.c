/* Names, tags, references and digests, against the expressions that the
 * distribution specification prints; URLs of repositories. */
#include <regex.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "fuzz.h"
#include "oci/ref.h"
#include "registry/source.h"

#define COMPONENT "[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*"

/* Every expression is compiled once and lives as long as the program. */
static bool
matches(const char *expression, regex_t *re, bool *ready, const char *s)
{
	if (!*ready)
		REQUIRE(regcomp(re, expression, REG_EXTENDED | REG_NOSUB) == 0);
	*ready = true;
	return regexec(re, s, 0, NULL, 0) == 0;
}

static bool
is_namespace(const char *s)
{
	static regex_t re;
	static bool ready;

	return strlen(s) <= STA_NAMESPACE_MAX && matches("^[a-z0-9]+(-[a-z0-9]+)*$", &re, &ready, s) &&
	       strcmp(s, "v2") != 0 && strcmp(s, "api") != 0 && strcmp(s, "token") != 0;
}

static bool
is_path(const char *s)
{
	static regex_t re;
	static bool ready;

	return matches("^" COMPONENT "(/" COMPONENT ")*$", &re, &ready, s);
}

static bool
is_tag(const char *s)
{
	static regex_t re;
	static bool ready;

	return matches("^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$", &re, &ready, s);
}

static bool
is_digest(const char *s)
{
	static regex_t re;
	static bool ready;

	return matches("^(sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$", &re, &ready, s);
}

static void
check_name(const char *s, size_t len)
{
	struct sta_name n;

	REQUIRE(sta_namespace_valid(s, len) == is_namespace(s));
	if (sta_name_parse(s, len, &n)) {
		REQUIRE(len <= STA_NAME_MAX && is_path(s) && is_namespace(n.namespace));
		REQUIRE(strcmp(n.full, s) == 0);
		REQUIRE(strncmp(s, n.namespace, strlen(n.namespace)) == 0 && s[strlen(n.namespace)] == '/');
		REQUIRE(n.image == n.full + strlen(n.namespace) + 1 && is_path(n.image));
	} else if (len <= STA_NAME_MAX && is_path(s) && strchr(s, '/')) {
		char owner[STA_NAME_MAX + 1] = { 0 };

		memcpy(owner, s, strcspn(s, "/"));
		REQUIRE(!is_namespace(owner));
	}
}

static void
check_digest(const struct sta_digest *d, const char *s)
{
	char text[STA_DIGEST_TEXT_MAX];
	char tag[STA_TAG_MAX + 1];
	unsigned char key[STA_DIGEST_KEY_MAX];
	struct sta_digest back;

	REQUIRE(strcmp(sta_digest_text(d, text), s) == 0);
	REQUIRE(sta_digest_from_key(key, sta_digest_key(d, key), &back) && sta_digest_equal(d, &back));
	sta_fallback_tag(d, tag);
	REQUIRE(is_tag(tag));
}

static void
check_reference(const char *s, size_t len)
{
	struct sta_reference r;
	struct sta_digest d;
	bool ok = sta_reference_parse(s, len, &r);

	REQUIRE(sta_tag_valid(s, len) == is_tag(s));
	REQUIRE(sta_digest_parse(s, len, &d) == is_digest(s));
	REQUIRE(ok == (is_tag(s) || is_digest(s)));
	if (ok && r.is_digest)
		check_digest(&r.digest, s);
	else if (ok)
		REQUIRE(strcmp(r.tag, s) == 0);
}

static void
check_source(const char *s, size_t len)
{
	char out[STA_SOURCE_MAX + 1];
	char again[STA_SOURCE_MAX + 1];
	size_t n;

	if (!sta_source_normalize(s, len, out))
		return;
	n = strlen(out);
	REQUIRE(n <= len && strncasecmp(out, s, strcspn(out, ":")) == 0);
	REQUIRE(strncmp(out, "https://", 8) == 0 || strncmp(out, "http://", 7) == 0);
	for (size_t i = 0; i < n; i++)
		REQUIRE((unsigned char) out[i] > ' ' && out[i] != 0x7f && !strchr("?#", out[i]) &&
			!(out[i] >= 'A' && out[i] <= 'Z'));
	REQUIRE(out[n - 1] != '/' && (n < 4 || strcmp(out + n - 4, ".git") != 0 || out[n - 5] == '/'));
	/* What is stored is what a label with it means. */
	REQUIRE(sta_source_normalize(out, n, again) && strcmp(again, out) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *in = (const char *) data;
	struct sta_name n;
	char *s;

	if (size == 0 || memchr(data, '\0', size)) {
		/* The expressions cannot see past a NUL; nothing valid has one. */
		REQUIRE(!sta_name_parse(in, size, &n) && !sta_tag_valid(in, size));
		return 0;
	}
	s = sta_malloc(size + 1);
	if (!s)
		return 0;
	memcpy(s, data, size);
	check_name(s, size);
	check_reference(s, size);
	check_source(in, size);
	/* Again where no NUL follows, to see that only len bytes are read. */
	REQUIRE(sta_name_parse(in, size, &n) == sta_name_parse(s, size, &n));
	REQUIRE(sta_tag_valid(in, size) == sta_tag_valid(s, size));
	sta_free(s);
	return 0;
}
