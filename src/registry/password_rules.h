/*
 * password_rules - which passwords are accepted.
 *
 * Length is what protects: at least STA_PASSWORD_CHARS_MIN characters, at most
 * STA_PASSWORD_MAX bytes, nothing is cut.  No kinds of characters are asked
 * for.  Refused are the common ones (more than 3,000, made into the program
 * when it is built, src/registry/common_passwords.py), and words that a
 * guesser of this user in this place tries first: the user's name, "staithe"
 * and the like, also repeated and with digits around them.  Case does not
 * count.
 *
 * Layer: registry.  May include: crypto, base.  Threads: no shared state.
 */
#ifndef STA_REGISTRY_PASSWORD_RULES_H
#define STA_REGISTRY_PASSWORD_RULES_H

#include <stdbool.h>

#include "base/err.h"

#define STA_PASSWORD_CHARS_MIN 8
#define STA_PASSWORD_CHARS_ADVISED 15

/* STA_INVALID: the user of that name must not have it.  name may be "". */
enum sta_rc sta_password_check(const char *name, const char *password, struct sta_err *err) STA_CHECK;

/* Shorter than is advised. */
bool sta_password_short(const char *password);

/* Each between two line ends, in lower case. */
extern const char sta_common_passwords[];

#endif
