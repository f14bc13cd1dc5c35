/*
 * attempts - how often somebody may guess a secret.
 *
 * Failed attempts are counted for the account that was named, whether there is
 * one or not, and for the address that they come from (IPv4 whole, IPv6 by its
 * /64).  The first ones are free; after that the next one is looked at only
 * when some time has passed, 0.5 * (2^n - 1) seconds after the n-th more, at
 * most 15 minutes, and one at a time.  Nothing is ever locked:
 *
 *   - Each hour halves a count.
 *   - Where an account has signed in, within the last 7 days, only what failed
 *     there for this account counts: who guesses elsewhere cannot keep the
 *     owner out.
 *   - A success takes back what this address had failed for this account.
 *
 *   free              account         free_attempts (5)
 *                     account and address that it knows: the same
 *                     address         4 times as many (20)
 *
 * Those that begin at the same time count before their end is known, save that
 * one secret that is shown many times at once, as by a client with many
 * connections, counts as one.
 *
 * Memory is fixed: of what meets in a full place the smallest count goes, and
 * the oldest among equal ones; known addresses go last.  Nothing survives a
 * restart.
 *
 * Layer: registry.  May include: crypto, base.  Threads: any.
 */
#ifndef STA_REGISTRY_ATTEMPTS_H
#define STA_REGISTRY_ATTEMPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define STA_ATTEMPTS_WAIT_MAX_S 900
#define STA_ATTEMPTS_PER_ADDRESS 4 /* times free_attempts */

struct sta_attempts;

/* free_attempts 0: nothing is counted, nobody waits. */
enum sta_rc sta_attempts_new(uint64_t free_attempts, struct sta_attempts **out,
			     struct sta_err *err) STA_CHECK;
void sta_attempts_free(struct sta_attempts *a);

/* Who tries what. */
struct sta_attempt {
	const char *account; /* NULL: a token, which names none */
	const char *peer;    /* an address, or "": of none */
	uint64_t secret;     /* a keyed hash of what is shown: tells two secrets apart, and nothing else */
	bool known;          /* filled by sta_attempts_begin() */
};

/* Seconds until such an attempt would be looked at, or 0: now. */
uint64_t sta_attempts_wait(struct sta_attempts *a, const struct sta_attempt *t, uint64_t now_ms);

/* The same, and on 0 it begins: sta_attempts_end() must follow. */
uint64_t sta_attempts_begin(struct sta_attempts *a, struct sta_attempt *t, uint64_t now_ms);

enum sta_attempt_end { STA_ATTEMPT_FAILED, STA_ATTEMPT_SUCCEEDED, STA_ATTEMPT_NOT_MADE };
void sta_attempts_end(struct sta_attempts *a, const struct sta_attempt *t, enum sta_attempt_end how,
		      uint64_t now_ms);

/* Nothing has failed for this account, as far as it is concerned. */
void sta_attempts_forgive(struct sta_attempts *a, const char *account, uint64_t now_ms);

struct sta_attempts_stats {
	uint64_t failed;
	uint64_t delayed; /* came too early */
};
void sta_attempts_stats(struct sta_attempts *a, struct sta_attempts_stats *out);

#endif
