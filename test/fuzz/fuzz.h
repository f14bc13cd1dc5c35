/*
 * fuzz - what every fuzz target defines.
 *
 * A target checks promises with assert(), not only that nothing crashes.
 */
#ifndef STA_TEST_FUZZ_H
#define STA_TEST_FUZZ_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* The name is libFuzzer's.  Returns 0. */
__attribute__((visibility("default"))) int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
