/*
 * signer - an issuer's side: two keys, the sets that publish them, tokens signed with them.
 *
 * Ed25519, with the ids "k0" and "k1".
 *
 * Layer: test.  Threads: after signer_start() any, each with an arena of its own.
 */
#ifndef STA_TEST_REGISTRY_SIGNER_H
#define STA_TEST_REGISTRY_SIGNER_H

#include "base/arena.h"

/* cmocka's, for a group of tests. */
int signer_start(void **state);
int signer_stop(void **state);

/* A set with the keys of these bits: 1, 2 or 3. */
char *signer_set(struct sta_arena *a, unsigned keys);

/* A token whose header names the key of that number, and which the key by signed. */
char *signer_token_by(struct sta_arena *a, unsigned named, unsigned by, const char *claims);
char *signer_token(struct sta_arena *a, unsigned key, const char *claims);

#endif
