#include "signer.h"

#include "../crypto/jwt_keys.h"

#define ED(n) pkeys[KIND_ED][n]

int
signer_start(void **state)
{
	(void) state;
	for (size_t i = 0; i < 2; i++) {
		ED(i) = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
		assert_non_null(ED(i));
	}
	return 0;
}

int
signer_stop(void **state)
{
	(void) state;
	for (size_t i = 0; i < 2; i++)
		EVP_PKEY_free(ED(i));
	return 0;
}

char *
signer_set(struct sta_arena *a, unsigned keys)
{
	char *text = sta_arena_strdup(a, "");

	for (unsigned i = 0; i < 2; i++)
		if (keys & 1U << i)
			text = sta_arena_printf(a, "%s%s{\"kid\":\"k%u\",%s}", text, text[0] ? "," : "", i,
						members(a, KIND_ED, ED(i)));
	return sta_arena_printf(a, "{\"keys\":[%s]}", text);
}

char *
signer_token_by(struct sta_arena *a, unsigned named, unsigned by, const char *claims)
{
	return token_of(a, ED(by),
			sta_arena_printf(a, "{\"alg\":\"%s\",\"kid\":\"k%u\"}", alg_of[KIND_ED], named),
			claims);
}

char *
signer_token(struct sta_arena *a, unsigned key, const char *claims)
{
	return signer_token_by(a, key, key, claims);
}
