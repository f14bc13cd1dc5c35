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

/* The last star that can have more gets it.  A '*' that is stuck at a '/' gives way to the last '**'. */
static bool
go_back(struct retry *segment, struct retry *all, const char **pattern, const char **text)
{
	if (widen(segment, false, pattern, text))
		return true;
	segment->pattern = NULL;
	return widen(all, true, pattern, text);
}

/* Behind a star, which has nothing yet.  What fits up to it is kept: a later star of the same kind makes
 * an earlier one's other choices pointless. */
static void
pass_star(struct retry *segment, struct retry *all, const char **pattern, const char *text)
{
	bool any = (*pattern)[1] == '*';

	*pattern += any ? 2 : 1;
	if (any)
		*all = (struct retry){ *pattern, text };
	*segment = (struct retry){ any ? NULL : *pattern, text };
}

static bool
fits(char p, char t)
{
	return t != '\0' && (p == t || (p == '?' && t != '/'));
}

bool
sta_glob_match(const char *pattern, const char *text)
{
	struct retry segment = { NULL, NULL };
	struct retry all = { NULL, NULL };

	while (*pattern != '\0' || *text != '\0') {
		if (*pattern == '*') {
			pass_star(&segment, &all, &pattern, text);
		} else if (fits(*pattern, *text)) {
			pattern++;
			text++;
		} else if (!go_back(&segment, &all, &pattern, &text)) {
			return false;
		}
	}
	return true;
}
