#include "http/range.h"

#include <string.h>
#include <strings.h>

#include "base/parse.h"

/* One element of a byte-range-set as it was written. */
struct spec {
	bool has_first, has_last;
	uint64_t first, last;
};

/* Digits at *s, saturated: a position past 2^64 is past every end.  False when
 * there are none. */
static bool
take_number(const char **s, uint64_t *out)
{
	size_t len = strspn(*s, "0123456789");
	const char *digits = *s;

	if (len == 0)
		return false;
	*s += len;
	while (len > 1 && *digits == '0') {
		digits++;
		len--;
	}
	if (!sta_parse_u64(digits, len, out))
		*out = UINT64_MAX;
	return true;
}

static bool
take_spec(const char **s, struct spec *out)
{
	*out = (struct spec){ 0 };
	out->has_first = take_number(s, &out->first);
	if (**s != '-')
		return false;
	++*s;
	out->has_last = take_number(s, &out->last);
	return out->has_first || out->has_last;
}

/* The bytes that spec means of size; false when there are none. */
static bool
resolve(const struct spec *spec, uint64_t size, struct sta_range *out)
{
	uint64_t last = spec->has_last && spec->last < size ? spec->last : size - 1;

	if (size == 0)
		return false;
	if (!spec->has_first) {
		if (spec->last == 0)
			return false;
		*out = (struct sta_range){ spec->last < size ? size - spec->last : 0, size - 1 };
		return true;
	}
	if (spec->first >= size)
		return false;
	*out = (struct sta_range){ spec->first, last };
	return true;
}

/* Running totals over one set. */
struct set {
	uint64_t size;
	uint64_t left; /* bytes that may still be asked for */
	size_t parts;
	bool refused; /* reversed, too many or too much */
};

static void
add_spec(struct set *set, const struct spec *spec, struct sta_range *out, size_t *n)
{
	struct sta_range r;
	uint64_t len;

	if (spec->has_first && spec->has_last && spec->last < spec->first)
		set->refused = true;
	if (++set->parts > STA_RANGES_MAX)
		set->refused = true;
	if (set->refused || !resolve(spec, set->size, &r))
		return;
	len = r.last - r.first + 1;
	if (len > set->left) {
		set->refused = true;
		return;
	}
	set->left -= len;
	out[(*n)++] = r;
}

enum sta_range_result
sta_range_parse(const char *value, uint64_t size, struct sta_range out[STA_RANGES_MAX], size_t *n)
{
	struct set set = { .size = size, .left = size > UINT64_MAX / 2 ? UINT64_MAX : 2 * size };

	*n = 0;
	if (!value || strncasecmp(value, "bytes=", 6) != 0)
		return STA_RANGE_WHOLE;
	value += 6;
	for (;;) {
		struct spec spec;

		value += strspn(value, " \t");
		if (!take_spec(&value, &spec))
			break;
		add_spec(&set, &spec, out, n);
		value += strspn(value, " \t");
		if (*value == '\0')
			return set.refused || *n == 0 ? STA_RANGE_UNSATISFIABLE : STA_RANGE_SOME;
		if (*value++ != ',')
			break;
	}
	*n = 0;
	return STA_RANGE_WHOLE; /* malformed */
}

/* Digits at *s as they are; false when there are none or too many. */
static bool
take_exact(const char **s, uint64_t *out)
{
	size_t len = strspn(*s, "0123456789");
	bool ok = sta_parse_u64(*s, len, out);

	*s += len;
	return ok;
}

bool
sta_content_range_parse(const char *value, struct sta_range *out)
{
	struct sta_range r;
	uint64_t total;

	if (!value)
		return false;
	if (strncasecmp(value, "bytes ", 6) == 0)
		value += 6;
	if (!take_exact(&value, &r.first) || *value++ != '-' || !take_exact(&value, &r.last) ||
	    r.last < r.first)
		return false;
	if (*value == '/') {
		value++;
		if (*value == '*')
			value++;
		else if (!take_exact(&value, &total) || total <= r.last)
			return false;
	}
	if (*value != '\0')
		return false;
	*out = r;
	return true;
}
