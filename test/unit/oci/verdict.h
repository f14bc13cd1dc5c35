/* Tables of texts that a validator takes or refuses. */
#ifndef STA_TEST_OCI_VERDICT_H
#define STA_TEST_OCI_VERDICT_H

#include "t.h"

#include <string.h>

struct verdict {
	const char *text;
	bool valid;
};

static inline void
expect_verdicts(bool (*valid)(const char *s, size_t len), const struct verdict *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (valid(rows[i].text, strlen(rows[i].text)) != rows[i].valid)
			fail_msg("'%s'", rows[i].text);
}

#endif
