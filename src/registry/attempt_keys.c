#include "registry/attempt_keys.h"

#include <arpa/inet.h>
#include <string.h>

#include "crypto/hash.h"

/* Who has one address of IPv6 has 2^64 of them. */
static size_t
address_bytes(const char *peer, unsigned char out[16])
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (inet_pton(AF_INET, peer, out) == 1)
		return 4;
	if (inet_pton(AF_INET6, peer, out) != 1)
		return 0;
	if (memcmp(out, mapped, sizeof(mapped)) != 0)
		return 8;
	memmove(out, out + sizeof(mapped), 4);
	return 4;
}

static bool
digest(const void *p, size_t len, unsigned char *out, size_t out_len)
{
	struct sta_digest d;
	struct sta_err ignored;

	if (sta_hash_bytes(STA_SHA256, p, len, &d, &ignored) != STA_OK)
		return false;
	memcpy(out, d.bytes, out_len);
	return true;
}

bool
sta_attempt_keys(const unsigned char key[STA_ATTEMPT_KEY_LEN], const struct sta_attempt *t,
		 struct sta_attempt_keys *out)
{
	struct {
		unsigned char secret[STA_ATTEMPT_KEY_LEN], kind, account[32], address_len, address[16];
	} text = { .kind = STA_ATTEMPT_ADDRESS };
	unsigned char account[32] = { 0 };
	const char *name = t->account ? t->account : "";

	_Static_assert(sizeof(text) == STA_ATTEMPT_KEY_LEN + 1 + 32 + 1 + 16, "nothing between");
	memcpy(text.secret, key, STA_ATTEMPT_KEY_LEN);
	text.address_len = (unsigned char) address_bytes(t->peer, text.address);
	memset(text.address + text.address_len, 0, sizeof(text.address) - text.address_len);
	if (text.address_len == 0 && !digest(t->peer, strlen(t->peer), text.address, sizeof(text.address)))
		return false;
	if (!digest(&text, sizeof(text), out->of[STA_ATTEMPT_ADDRESS], STA_ATTEMPT_KEY_LEN) ||
	    !digest(name, strlen(name), account, sizeof(account)))
		return false;
	text.kind = STA_ATTEMPT_PAIR;
	memcpy(text.account, account, sizeof(account));
	if (!digest(&text, sizeof(text), out->of[STA_ATTEMPT_PAIR], STA_ATTEMPT_KEY_LEN))
		return false;
	text.kind = STA_ATTEMPT_ACCOUNT;
	text.address_len = 0;
	memset(text.address, 0, sizeof(text.address));
	return digest(&text, sizeof(text), out->of[STA_ATTEMPT_ACCOUNT], STA_ATTEMPT_KEY_LEN);
}
