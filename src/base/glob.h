/*
 * glob - patterns for names: "acme/app-*", "refs/tags/v?".
 *
 * '*' stands for any characters but '/', also none; '**' for any; '?' for one that is not
 * '/'.  Everything else stands for itself.  The whole text has to match.
 *
 * Time is at most in the order of the pattern's length times the square of the text's: it goes
 * back to the last star of each kind and no further.
 *
 * Layer: base.  Threads: no shared state.  Pure.
 */
#ifndef STA_BASE_GLOB_H
#define STA_BASE_GLOB_H

#include <stdbool.h>

bool sta_glob_match(const char *pattern, const char *text);

#endif
