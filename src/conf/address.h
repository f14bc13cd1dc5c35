/*
 * address - the texts of addresses that options take.
 *
 * Addresses are numbers, never names: what is looked up can change.
 *
 * Layer: conf.  May include: base.  Threads: no shared state.
 */
#ifndef STA_CONF_ADDRESS_H
#define STA_CONF_ADDRESS_H

#include <stdbool.h>

/* "127.0.0.1", "::1". */
bool sta_address_valid(const char *text);

/* "192.0.2.7", "10.1.0.0/16", "2001:db8::/32", as of base/prefix.h. */
bool sta_range_valid(const char *text);

/* "127.0.0.1:5000", "[::1]:5000". */
bool sta_listen_valid(const char *text);

/* A valid listen text whose address only this machine reaches (127.0.0.0/8, ::1). */
bool sta_listen_is_loopback(const char *text);

/* "https://registry.example.com[:PORT]", http too; nothing behind the authority. */
bool sta_public_url_valid(const char *text);

/* "https://git.example.com/", "http://example.com/git/": the beginning of URLs, up to a slash. */
bool sta_forge_valid(const char *text);

#endif
