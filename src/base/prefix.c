#include "base/prefix.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/parse.h"

#define V4_BEHIND 96 /* bits in front of an IPv4 address */
#define BITS_MAX 128

static const unsigned char v4_start[V4_BEHIND / 8] = { [10] = 0xff, [11] = 0xff };

static struct sta_ip
from_v4(const void *four)
{
	struct sta_ip ip;

	memcpy(ip.bytes, v4_start, sizeof(v4_start));
	memcpy(ip.bytes + sizeof(v4_start), four, sizeof(ip.bytes) - sizeof(v4_start));
	return ip;
}

bool
sta_ip_parse(const char *text, struct sta_ip *out)
{
	struct sta_ip ip;
	struct in_addr four;

	if (inet_pton(AF_INET, text, &four) == 1)
		ip = from_v4(&four);
	else if (inet_pton(AF_INET6, text, ip.bytes) != 1)
		return false;
	*out = ip;
	return true;
}

/* Copied, as callers have bytes of any alignment and declared type. */
bool
sta_ip_of(const struct sockaddr *address, struct sta_ip *out)
{
	struct sockaddr_in four;
	struct sockaddr_in6 six;

	if (address->sa_family == AF_INET) {
		memcpy(&four, address, sizeof(four));
		*out = from_v4(&four.sin_addr);
		return true;
	}
	if (address->sa_family == AF_INET6) {
		memcpy(&six, address, sizeof(six));
		memcpy(out->bytes, &six.sin6_addr, sizeof(out->bytes));
		return true;
	}
	return false;
}

bool
sta_ip_is_v4(const struct sta_ip *ip)
{
	return memcmp(ip->bytes, v4_start, sizeof(v4_start)) == 0;
}

/* ip with zeros behind the first bits. */
static struct sta_ip
start_of(const struct sta_ip *ip, unsigned int bits)
{
	struct sta_ip start = { { 0 } };

	memcpy(start.bytes, ip->bytes, bits / 8);
	if (bits % 8 != 0)
		start.bytes[bits / 8] = (unsigned char) (ip->bytes[bits / 8] & ~(0xffU >> bits % 8));
	return start;
}

/* Decimal without zeros in front, 0 to max. */
static bool
parse_length(const char *text, unsigned int max, unsigned int *out)
{
	size_t digits = strlen(text);
	uint64_t n;

	if ((text[0] == '0' && digits > 1) || !sta_parse_u64(text, digits, &n) || n > max)
		return false;
	*out = (unsigned int) n;
	return true;
}

bool
sta_prefix_parse(const char *text, struct sta_prefix *out)
{
	size_t address_len = strcspn(text, "/");
	char address[INET6_ADDRSTRLEN];
	unsigned int before, bits;
	struct sta_ip ip, start;

	if (address_len >= sizeof(address))
		return false;
	memcpy(address, text, address_len);
	address[address_len] = '\0';
	if (!sta_ip_parse(address, &ip))
		return false;
	/* The length counts from where the text begins: ::ffff:192.0.2.0/120 is 192.0.2.0/24. */
	before = strchr(address, ':') ? 0 : V4_BEHIND;
	bits = BITS_MAX - before;
	if (text[address_len] == '/' && !parse_length(text + address_len + 1, bits, &bits))
		return false;
	bits += before;
	start = start_of(&ip, bits);
	if (memcmp(&start, &ip, sizeof(ip)) != 0)
		return false;
	*out = (struct sta_prefix){ .ip = ip, .bits = (uint8_t) bits };
	return true;
}

static bool
prefix_is_v4(const struct sta_prefix *prefix)
{
	return prefix->bits >= V4_BEHIND && sta_ip_is_v4(&prefix->ip);
}

bool
sta_prefix_holds(const struct sta_prefix *prefix, const struct sta_ip *ip)
{
	struct sta_ip start = start_of(ip, prefix->bits);

	return prefix_is_v4(prefix) == sta_ip_is_v4(ip) && memcmp(&start, &prefix->ip, sizeof(start)) == 0;
}

void
sta_prefix_text(const struct sta_prefix *prefix, char out[STA_PREFIX_TEXT_MAX])
{
	bool v4 = prefix_is_v4(prefix);
	unsigned int before = v4 ? V4_BEHIND : 0;
	char address[INET6_ADDRSTRLEN] = "";

	(void) inet_ntop(v4 ? AF_INET : AF_INET6, prefix->ip.bytes + before / 8, address, sizeof(address));
	if (prefix->bits == BITS_MAX)
		(void) snprintf(out, STA_PREFIX_TEXT_MAX, "%s", address);
	else
		(void) snprintf(out, STA_PREFIX_TEXT_MAX, "%s/%u", address, prefix->bits - before);
}
