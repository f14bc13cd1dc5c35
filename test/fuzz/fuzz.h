/*
 * fuzz - what every fuzz target defines.
 *
 * A target checks promises with REQUIRE(), not only that nothing crashes.
 */
#ifndef STA_TEST_FUZZ_H
#define STA_TEST_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A promise: stops the program at once when it does not hold. */
#define REQUIRE(promise) fuzz_require(promise, #promise, __FILE__, __LINE__)

static inline void
fuzz_require(bool holds, const char *promise, const char *file, int line)
{
	if (holds)
		return;
	(void) fprintf(stderr, "%s:%d: broken: %s\n", file, line, promise);
	__builtin_trap();
}

/* The name is libFuzzer's.  Returns 0. */
__attribute__((visibility("default"))) int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
