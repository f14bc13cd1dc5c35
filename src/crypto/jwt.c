#include "crypto/jwt.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/parse.h"
#include "crypto/jwt_internal.h"

#define PARTS 3

struct part {
	const char *text;
	size_t len;
};

static enum sta_rc
refuse(const char *why, struct sta_err *err)
{
	return sta_err_set(err, STA_UNAUTHENTICATED, 0, "%s", why);
}

static const char *const alg_names[] = {
	[STA_JWT_RS256] = "RS256",
	[STA_JWT_ES256] = "ES256",
	[STA_JWT_EDDSA] = "EdDSA",
};

const char *
sta_jwt_alg_name(enum sta_jwt_alg alg)
{
	return alg_names[alg];
}

bool
sta_jwt_alg_parse(const char *name, enum sta_jwt_alg *out)
{
	for (enum sta_jwt_alg alg = STA_JWT_RS256; name && alg <= STA_JWT_EDDSA; alg++) {
		if (strcmp(name, alg_names[alg]) != 0)
			continue;
		*out = alg;
		return true;
	}
	return false;
}

static bool
is_base64url(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '_';
}

/* Three parts of base64url; false for anything else. */
static bool
split(const char *text, size_t len, struct part parts[PARTS])
{
	size_t n = 0;

	parts[0] = (struct part){ .text = text };
	for (size_t i = 0; i < len; i++) {
		if (is_base64url(text[i]))
			parts[n].len++;
		else if (text[i] == '.' && ++n < PARTS)
			parts[n] = (struct part){ .text = text + i + 1 };
		else
			return false;
	}
	return n == PARTS - 1;
}

/* "eyJ" is how base64 of {" begins. */
bool
sta_jwt_looks_like(const char *text, size_t len)
{
	struct part parts[PARTS];

	return len > 3 && memcmp(text, "eyJ", 3) == 0 && split(text, len, parts);
}

enum sta_rc
sta_jwt_decode(struct sta_arena *a, const char *text, size_t len, unsigned char **out, size_t *out_len,
	       struct sta_err *err)
{
	unsigned char *raw;
	size_t n = 0;

	/* sta_unbase64() would take padding, as RFC 7515, 2 does not. */
	if (memchr(text, '=', len))
		return sta_err_set(err, STA_INVALID, 0, "padded base64url");
	raw = sta_unbase64(a, text, len, true, &n);
	if (!raw && n == SIZE_MAX)
		return sta_err_set(err, STA_NOMEM, 0, "out of memory for a token");
	if (!raw)
		return sta_err_set(err, STA_INVALID, 0, "not base64url");
	*out = raw;
	*out_len = n;
	return STA_OK;
}

static enum sta_rc
decode_part(struct sta_arena *a, const struct part *part, unsigned char **out, size_t *out_len,
	    struct sta_err *err)
{
	enum sta_rc rc = sta_jwt_decode(a, part->text, part->len, out, out_len, err);

	return rc == STA_INVALID ? refuse("a part of the token is not base64url", err) : rc;
}

/* What JSON says of a mistake quotes the text, which is an outsider's. */
static enum sta_rc
load_object(struct sta_arena *a, const struct part *part, const char *why, json_t **out, struct sta_err *err)
{
	unsigned char *raw = NULL;
	size_t len = 0;
	json_t *j = NULL;
	enum sta_rc rc = decode_part(a, part, &raw, &len, err);

	if (rc == STA_OK)
		rc = sta_json_load(a, (const char *) raw, len, &j, err);
	if (rc == STA_INVALID || (rc == STA_OK && !json_is_object(j)))
		return refuse(why, err);
	if (rc == STA_OK)
		*out = j;
	return rc;
}

/* Members with which others have been made to use a key that the token brought, or to
 * verify something else than what is read (RFC 7515, 4.1; RFC 7797; RFC 7516). */
static bool
has_forbidden(const json_t *header)
{
	static const char *const names[] = { "jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (json_object_get(header, names[i]))
			return true;
	}
	return false;
}

/* Absent, or one of ours. */
static bool
typ_valid(const json_t *typ)
{
	const char *text = json_string_value(typ);

	return !typ || (text && (strcasecmp(text, "JWT") == 0 || strcasecmp(text, "at+jwt") == 0));
}

static bool
kid_valid(const json_t *kid)
{
	return !kid || (json_is_string(kid) && json_string_length(kid) >= 1 &&
			json_string_length(kid) <= STA_JWT_KID_MAX);
}

static enum sta_rc
read_header(const json_t *header, struct sta_jwt *out, struct sta_err *err)
{
	const json_t *kid = json_object_get(header, "kid");

	if (!sta_jwt_alg_parse(json_string_value(json_object_get(header, "alg")), &out->alg))
		return refuse("the token's algorithm is none of RS256, ES256 and EdDSA", err);
	if (has_forbidden(header))
		return refuse("the token's header has a member that is never accepted", err);
	if (!typ_valid(json_object_get(header, "typ")))
		return refuse("the token is of another type than JWT", err);
	if (!kid_valid(kid))
		return refuse("the token's key id is not a text of 1 to 256 bytes", err);
	out->kid = json_string_value(kid);
	return STA_OK;
}

enum sta_rc
sta_jwt_parse(struct sta_arena *a, const char *text, size_t len, struct sta_jwt *out, struct sta_err *err)
{
	struct part parts[PARTS];
	struct sta_jwt jwt = { .signed_text = text };
	json_t *header = NULL, *claims = NULL;
	unsigned char *signature = NULL;
	enum sta_rc rc;

	if (len > STA_JWT_MAX)
		return refuse("the token is too long", err);
	if (!split(text, len, parts) || parts[0].len == 0 || parts[1].len == 0 || parts[2].len == 0)
		return refuse("the token is not three parts of base64url", err);
	rc = load_object(a, &parts[0], "the token's header is not a JSON object", &header, err);
	if (rc == STA_OK)
		rc = read_header(header, &jwt, err);
	if (rc == STA_OK)
		rc = load_object(a, &parts[1], "the token's claims are not a JSON object", &claims, err);
	if (rc == STA_OK)
		rc = decode_part(a, &parts[2], &signature, &jwt.signature_len, err);
	if (rc != STA_OK)
		return rc;
	jwt.claims = claims;
	jwt.signed_len = parts[0].len + 1 + parts[1].len;
	jwt.signature = signature;
	*out = jwt;
	return STA_OK;
}
