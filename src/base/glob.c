#include "base/glob.h"

#include <stddef.h>

/* Where to go on when the rest does not fit: behind a star, with one more character for it. */
struct retry {
	const char *pattern; /* NULL: no star yet */
	const char *text;
};

/* Let the star have one more character; false: it cannot, or there is none. */
static bool
widen(struct retry *star, bool any, const char **pattern, const char **text)
{
	if (!star->pattern || *star->text == '\0' || (!any && *star->text == '/'))
		return false;
	star->text++;
	*pattern = star->pattern;
	*text = star->text;
	return true;
}

/* What fits up to a star is kept: a later star of the same kind makes an earlier one's other
 * choices pointless.  A '*' that is stuck at a '/' gives way to the last '**'. */
bool
sta_glob_match(const char *pattern, const char *text)
{
	struct retry segment = { NULL, NULL };
	struct retry all = { NULL, NULL };

	for (;;) {
		if (pattern[0] == '*' && pattern[1] == '*') {
			pattern += 2;
			all = (struct retry){ pattern, text };
			segment.pattern = NULL;
		} else if (*pattern == '*') {
			segment = (struct retry){ ++pattern, text };
		} else if (*text != '\0' && (*pattern == *text || (*pattern == '?' && *text != '/'))) {
			pattern++;
			text++;
		} else if (*pattern == '\0' && *text == '\0') {
			return true;
		} else if (!widen(&segment, false, &pattern, &text)) {
			segment.pattern = NULL;
			if (!widen(&all, true, &pattern, &text))
				return false;
		}
	}
}
