/*
 * prefix - IP addresses and the ranges they are in, as numbers: never names.
 *
 * "192.0.2.7", "192.0.2.0/24", "2001:db8::/32".  An IPv4 address inside an IPv6 one
 * (::ffff:192.0.2.7) counts as the IPv4 address, in ranges and in what is asked for; so no range of
 * IPv6 holds an IPv4 address, not even ::/0.  Bits behind the length of a range must be zero:
 * "192.0.2.7/24" is refused, as it is most often a mistake.  No zones ("%eth0"), no octal, hexadecimal
 * or short forms.
 *
 * Layer: base.  May include: parse.  Threads: no shared state.  Pure.
 */
#ifndef STA_BASE_PREFIX_H
#define STA_BASE_PREFIX_H

#include <stdbool.h>
#include <stdint.h>

struct sockaddr;

struct sta_ip {
	unsigned char bytes[16]; /* IPv4: behind ::ffff:0:0/96 */
};

struct sta_prefix {
	struct sta_ip ip;
	uint8_t bits; /* of the 16 bytes: 128 for one address; those of ip behind them are zero */
};

#define STA_PREFIX_TEXT_MAX 64 /* with the NUL */

bool sta_ip_parse(const char *text, struct sta_ip *out);
/* Of AF_INET and AF_INET6; false for others. */
bool sta_ip_of(const struct sockaddr *address, struct sta_ip *out);
bool sta_ip_is_v4(const struct sta_ip *ip);

bool sta_prefix_parse(const char *text, struct sta_prefix *out);
bool sta_prefix_holds(const struct sta_prefix *prefix, const struct sta_ip *ip);
/* As it is best written: lower case, the shortest form; without the length for one address. */
void sta_prefix_text(const struct sta_prefix *prefix, char out[STA_PREFIX_TEXT_MAX]);

#endif
