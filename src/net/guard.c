#include "net/guard.h"

#include <string.h>

#define HTTPS_PORT 443

struct range {
	unsigned char start[16];
	uint8_t bits;
};

/* clang-format off */
#define V4(a, b, c, d, n) { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d }, 96 + (n) }

/* The registry of special IPv4 addresses (RFC 6890), and one that a cloud gives its own meaning. */
static const struct range special_v4[] = {
	V4(0, 0, 0, 0, 8),        /* this network; Linux takes 0.0.0.0 for itself */
	V4(10, 0, 0, 0, 8),       /* private */
	V4(100, 64, 0, 0, 10),    /* shared by a provider's customers; a cloud's metadata is in it */
	V4(127, 0, 0, 0, 8),      /* this machine */
	V4(168, 63, 129, 16, 32), /* a cloud's services for its machines */
	V4(169, 254, 0, 0, 16),   /* this link; the metadata of most clouds */
	V4(172, 16, 0, 0, 12),    /* private */
	V4(192, 0, 0, 0, 24),     /* protocols */
	V4(192, 0, 2, 0, 24),     /* documentation */
	V4(192, 88, 99, 0, 24),   /* relays of 6to4 */
	V4(192, 168, 0, 0, 16),   /* private */
	V4(198, 18, 0, 0, 15),    /* benchmarks */
	V4(198, 51, 100, 0, 24),  /* documentation */
	V4(203, 0, 113, 0, 24),   /* documentation */
	V4(224, 0, 0, 0, 4),      /* multicast */
	V4(240, 0, 0, 0, 4),      /* reserved, and broadcast */
};

/* Of IPv6 only 2000::/3 has been given out.  In it: */
static const struct range special_v6[] = {
	{ { 0x20, 0x01, 0x00 }, 23 },             /* protocols, Teredo (2001::/32), benchmarks, ORCHID */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 },       /* documentation */
	{ { 0x3f, 0xff, 0x00 }, 20 },             /* documentation (RFC 9637) */
};

static const struct range unicast = { { 0x20 }, 3 };
static const struct range sixtofour = { { 0x20, 0x02 }, 16 };
static const struct range nat64 = { { 0x00, 0x64, 0xff, 0x9b }, 96 };
/* clang-format on */

static bool
is_in(const struct sta_ip *ip, const struct range *range)
{
	struct sta_prefix prefix = { .bits = range->bits };

	memcpy(prefix.ip.bytes, range->start, sizeof(prefix.ip.bytes));
	return sta_prefix_holds(&prefix, ip);
}

static bool
is_in_any(const struct sta_ip *ip, const struct range *ranges, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (is_in(ip, &ranges[i]))
			return true;
	}
	return false;
}

static bool
v4_is_public(const struct sta_ip *ip)
{
	return !is_in_any(ip, special_v4, sizeof(special_v4) / sizeof(special_v4[0]));
}

/* The IPv4 address that four bytes of an IPv6 one stand for. */
static bool
inner_is_public(const unsigned char *four)
{
	struct sta_ip inner = { .bytes = { [10] = 0xff, [11] = 0xff } };

	memcpy(inner.bytes + 12, four, 4);
	return v4_is_public(&inner);
}

bool
sta_ip_is_public(const struct sta_ip *ip)
{
	if (sta_ip_is_v4(ip))
		return v4_is_public(ip);
	if (is_in(ip, &nat64))
		return inner_is_public(ip->bytes + 12);
	if (is_in(ip, &sixtofour))
		return inner_is_public(ip->bytes + 2);
	return is_in(ip, &unicast) && !is_in_any(ip, special_v6, sizeof(special_v6) / sizeof(special_v6[0]));
}

bool
sta_guard_allows(const struct sta_guard *guard, const struct sta_ip *ip, uint16_t port, bool tls)
{
	for (size_t i = 0; i < guard->n_exceptions; i++) {
		if (sta_prefix_holds(&guard->exceptions[i], ip))
			return true;
	}
	return tls && port == HTTPS_PORT && sta_ip_is_public(ip);
}
