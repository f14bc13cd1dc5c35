/*
 * analyzer - what an analyser that sees one file cannot know.
 *
 * .ci/run puts it before each file for gcc and clang-tidy: sta_err_set() returns
 * the code it was given, so a function that failed did not return STA_OK.
 */
#ifndef STA_TOOLS_ANALYZER_H
#define STA_TOOLS_ANALYZER_H

#include "base/err.h"

#define sta_err_set(err, rc, ...) ((void) sta_err_set(err, rc, __VA_ARGS__), (rc))

#endif
