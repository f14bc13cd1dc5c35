/* License expressions: what comes out is one that stays itself, differs from what came in by the case of
 * letters and by spaces alone, and fits. */
#include <ctype.h>
#include <string.h>

#include "fuzz.h"
#include "oci/spdx.h"

#define TEXT_MAX 512
#define OUT_MAX 257

/* Without spaces, in lower case. */
static void
squeeze(const char *text, char *out)
{
	for (; *text; text++)
		if (*text != ' ')
			*out++ = (char) tolower((unsigned char) *text);
	*out = '\0';
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TEXT_MAX + 1];
	char out[OUT_MAX];
	char again[OUT_MAX];
	char before[TEXT_MAX + 1];
	char after[TEXT_MAX + 1];

	if (size > TEXT_MAX)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (!sta_spdx_normalize(text, out, sizeof(out)))
		return 0;
	REQUIRE(strlen(out) < sizeof(out));
	REQUIRE(sta_spdx_normalize(out, again, sizeof(again)) && strcmp(out, again) == 0);
	REQUIRE(sta_spdx_normalize(text, again, strlen(out) + 1));
	REQUIRE(!sta_spdx_normalize(text, again, strlen(out)));
	squeeze(text, before);
	squeeze(out, after);
	REQUIRE(strcmp(before, after) == 0);
	return 0;
}
