/* Tokens that others signed, and sets of their keys.  The first byte says what the rest is:
 *
 *   t  a token: when it verifies, what was signed is one of three known texts
 *   h  a header, a line's end, claims: signed with a good key, so that the header alone decides
 *   s  a key set
 *   k  the members of one key
 */
#include <openssl/evp.h>
#include <string.h>

#include "base/alloc.h"
#include "base/auto.h"
#include "base/parse.h"
#include "crypto/jwt.h"
#include "fuzz.h"

#define ARENA_CAP ((size_t) 16 << 20)

/* The keys of RFC 7515, A.2 and A.3, and of RFC 8037, A.1. */
static const char set_text[] =
	"{\"keys\":[{\"kid\":\"r\",\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_"
	"wWJcyQoTbji9k0l8W26mPddx"
	"HmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_"
	"7OMg0LOL"
	"-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_"
	"I5IhlJ"
	"H7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ\",\"e\":\"AQAB\"},"
	"{\"kid\":\"e\",\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
	"\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
	"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"},"
	"{\"kid\":\"d\",\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"
	"7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}";
static const char ed25519_private[] = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";

#define PAYLOAD                                                                                              \
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

/* All that was ever signed with them: {"alg":...} and the payload of RFC 7515. */
static const char *const signed_texts[] = {
	[STA_JWT_RS256] = "eyJhbGciOiJSUzI1NiJ9." PAYLOAD,
	[STA_JWT_ES256] = "eyJhbGciOiJFUzI1NiJ9." PAYLOAD,
	[STA_JWT_EDDSA] = "eyJhbGciOiJFZERTQSJ9." PAYLOAD,
};

static const struct sta_jwks *
known_keys(void)
{
	static struct sta_jwks *keys;
	struct sta_err err;

	if (!keys)
		REQUIRE(sta_jwks_parse(set_text, strlen(set_text), &keys, &err) == STA_OK);
	return keys;
}

/* The form that a parsed token must have had. */
static void
check_form(struct sta_arena *a, const struct sta_jwt *jwt, const char *text, size_t len)
{
	const char *end;

	REQUIRE(len <= STA_JWT_MAX && sta_jwt_looks_like(text, len) == (memcmp(text, "eyJ", 3) == 0));
	REQUIRE(json_is_object(jwt->claims) && jwt->signature_len > 0);
	REQUIRE(!jwt->kid || (strlen(jwt->kid) >= 1 && strlen(jwt->kid) <= STA_JWT_KID_MAX));
	REQUIRE(jwt->signed_text == text && jwt->signed_len < len && text[jwt->signed_len] == '.');
	/* One text for one signature: it is written back as it was. */
	end = sta_base64(a, jwt->signature, jwt->signature_len, true);
	REQUIRE(end && strlen(end) == len - jwt->signed_len - 1);
	REQUIRE(memcmp(end, text + jwt->signed_len + 1, strlen(end)) == 0);
}

static enum sta_rc
parse(struct sta_arena *a, const char *text, size_t len, struct sta_jwt *jwt)
{
	struct sta_err err = { .rc = STA_OK };
	enum sta_rc rc = sta_jwt_parse(a, text, len, jwt, &err);

	REQUIRE(rc == err.rc && (rc == STA_OK || (rc == STA_UNAUTHENTICATED && err.msg[0] != '\0')));
	if (rc == STA_OK)
		check_form(a, jwt, text, len);
	return rc;
}

static enum sta_rc
verify(const struct sta_jwt *jwt)
{
	struct sta_err err = { .rc = STA_OK };
	enum sta_rc rc = sta_jwt_verify(known_keys(), jwt, &err);

	REQUIRE(rc == err.rc && (rc == STA_OK || rc == STA_UNAUTHENTICATED || rc == STA_NOT_FOUND));
	REQUIRE(rc != STA_NOT_FOUND || jwt->kid);
	return rc;
}

static void
check_token(struct sta_arena *a, const char *text, size_t len)
{
	struct sta_jwt jwt = { 0 };
	const char *known;

	if (parse(a, text, len, &jwt) != STA_OK || verify(&jwt) != STA_OK)
		return;
	known = signed_texts[jwt.alg];
	REQUIRE(jwt.signed_len == strlen(known) && memcmp(text, known, strlen(known)) == 0);
}

static char *
sign(struct sta_arena *a, const char *text)
{
	static EVP_PKEY *key;
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	unsigned char raw[64];
	size_t len = 32;

	if (!key) {
		const unsigned char *private = sta_unbase64(a, ed25519_private, 43, true, &len);

		key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, private, len);
	}
	len = sizeof(raw);
	REQUIRE(EVP_DigestSignInit(c, NULL, NULL, NULL, key) == 1);
	REQUIRE(EVP_DigestSign(c, raw, &len, (const unsigned char *) text, strlen(text)) == 1);
	EVP_MD_CTX_free(c);
	return sta_arena_printf(a, "%s.%s", text, sta_base64(a, raw, len, true));
}

/* What a header must be, read another way. */
static bool
header_fine(json_t *h)
{
	static const char *const never[] = { "jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc" };
	const char *key;
	json_t *value;

	json_object_foreach(h, key, value) for (size_t i = 0; i < sizeof(never) / sizeof(never[0]);
						i++) if (strcmp(key, never[i]) == 0) return false;
	return json_is_string(json_object_get(h, "alg"));
}

static void
check_header(struct sta_arena *a, const char *text, size_t len)
{
	const char *end = len > 0 ? memchr(text, '\n', len) : NULL;
	size_t n = end ? (size_t) (end - text) : len;
	const char *t =
		sign(a, sta_arena_printf(a, "%s.%s", sta_base64(a, text, n, true),
					 sta_base64(a, end ? end + 1 : "{}", end ? len - n - 1 : 2, true)));
	struct sta_err err;
	struct sta_jwt jwt = { 0 };
	json_t *header = NULL;
	const char *alg;

	if (parse(a, t, strlen(t), &jwt) != STA_OK)
		return;
	REQUIRE(sta_json_load(a, text, n, &header, &err) == STA_OK && header_fine(header));
	alg = json_string_value(json_object_get(header, "alg"));
	REQUIRE(strcmp(alg, jwt.alg == STA_JWT_EDDSA   ? "EdDSA"
			    : jwt.alg == STA_JWT_ES256 ? "ES256"
						       : "RS256") == 0);
	/* The signature is good: whether it counts is for algorithm and key id to say. */
	REQUIRE((verify(&jwt) == STA_OK) ==
		(jwt.alg == STA_JWT_EDDSA && (!jwt.kid || strcmp(jwt.kid, "d") == 0)));
}

static void
check_set(const char *text, size_t len)
{
	struct sta_jwks *keys = NULL;
	struct sta_err err = { .rc = STA_OK };
	enum sta_rc rc = sta_jwks_parse(text, len, &keys, &err);

	REQUIRE(rc == err.rc);
	if (rc == STA_OK)
		REQUIRE(sta_jwks_count(keys) >= 1 && sta_jwks_count(keys) <= STA_JWKS_KEYS_MAX);
	else
		REQUIRE(rc == STA_INVALID && !keys && err.msg[0] != '\0');
	sta_jwks_free(keys);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(ARENA_CAP);
	const char *rest = (const char *) data + 1;
	const char *key;

	if (size == 0)
		return 0;
	if (data[0] == 't')
		check_token(a, rest, size - 1);
	else if (data[0] == 'h')
		check_header(a, rest, size - 1);
	else if (data[0] == 's')
		check_set(rest, size - 1);
	if (data[0] != 'k')
		return 0;
	key = sta_arena_printf(a, "{\"keys\":[{%.*s}]}", (int) (size - 1), rest);
	REQUIRE(key);
	check_set(key, strlen(key));
	return 0;
}
