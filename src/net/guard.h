/*
 * guard - where the server may connect to (server-side request forgery, docs/THREATS.md T-SSRF).
 *
 * Without exceptions: addresses of the public Internet alone, none that is private, local to the
 * machine or the link, shared (100.64/10), multicast, reserved, for documentation or benchmarks, of a
 * cloud's metadata service (169.254.169.254, 168.63.129.16, fd00:ec2::254), nor an IPv6 one that
 * stands for such an IPv4 address (mapped, NAT64, 6to4), nor any of other tunnels (compatible, Teredo,
 * 64:ff9b:1::/48); and https on port 443.
 * An address inside one of the exceptions may be any of these, on any port, also with plain http.
 *
 * Layer: net.  May include: base.  Threads: no shared state.  Pure.
 */
#ifndef STA_NET_GUARD_H
#define STA_NET_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/prefix.h"

struct sta_guard {
	const struct sta_prefix *exceptions; /* borrowed */
	size_t n_exceptions;
};

/* Of the public Internet. */
bool sta_ip_is_public(const struct sta_ip *ip);

/* tls: by https. */
bool sta_guard_allows(const struct sta_guard *guard, const struct sta_ip *ip, uint16_t port, bool tls);

#endif
