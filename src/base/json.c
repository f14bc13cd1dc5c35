#include "base/json.h"

#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"

/* jansson's lexer does not look whether its string buffer could grow, so an
 * allocation that fails could cut a string short unnoticed.  The hook notices. */
static _Thread_local bool out_of_memory;

static void *
hook_malloc(size_t len)
{
	void *p = sta_malloc(len);

	if (!p)
		out_of_memory = true;
	return p;
}

/* Before main(), because the hooks are global and jansson reads them unlocked. */
__attribute__((constructor)) static void
set_hooks(void)
{
	json_set_alloc_funcs(hook_malloc, sta_free);
}

/* What is known about the text left of pos. */
struct scan {
	const char *s;
	size_t len;
	size_t pos;
	size_t line_start;
	int line;
	unsigned int depth;
	unsigned int values; /* upper bound: brackets and separators */
};

static enum sta_rc
refuse(const struct scan *sc, const char *why, struct sta_err *err)
{
	return sta_err_set(err, STA_INVALID, 0, "JSON line %d column %zu: %s", sc->line,
			   sc->pos - sc->line_start + 1, why);
}

/* pos stands on the opening quote and is left behind the closing one. */
static enum sta_rc
scan_string(struct scan *sc, struct sta_err *err)
{
	for (sc->pos++; sc->pos < sc->len; sc->pos++) {
		char c = sc->s[sc->pos];

		if (c == '"') {
			sc->pos++;
			return STA_OK;
		}
		if (c >= 0 && c < ' ')
			return refuse(sc, "control byte in a string", err);
		/* Whatever is escaped, a quote above all, does not end the string. */
		if (c == '\\' && sc->pos + 1 < sc->len)
			sc->pos++;
	}
	return refuse(sc, "string without an end", err);
}

/* Count one bracket or separator at pos. */
static enum sta_rc
scan_mark(struct scan *sc, char c, struct sta_err *err)
{
	if (c == '{' || c == '[') {
		if (++sc->depth > STA_JSON_DEPTH_MAX)
			return refuse(sc, "nested too deeply", err);
		sc->values++;
	} else if (c == ',') {
		sc->values++;
	} else if (c == '}' || c == ']') {
		if (sc->depth == 0)
			return refuse(sc, "bracket without a beginning", err);
		sc->depth--;
	}
	if (sc->values > STA_JSON_VALUES_MAX)
		return refuse(sc, "too many values", err);
	return STA_OK;
}

/* One byte or string at pos. */
static enum sta_rc
scan_step(struct scan *sc, struct sta_err *err)
{
	char c = sc->s[sc->pos];
	enum sta_rc rc;

	if (c == '"')
		return scan_string(sc, err);
	if (c == '\n') {
		sc->line++;
		sc->line_start = sc->pos + 1;
	} else if (c >= 0 && c < ' ' && c != '\t' && c != '\r') {
		return refuse(sc, "control byte", err);
	}
	rc = scan_mark(sc, c, err);
	if (rc == STA_OK)
		sc->pos++;
	return rc;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* One pass without memory over the brackets and strings: what is left for
 * jansson is shallow, has few values, and ends with the last byte. */
static enum sta_rc
scan_all(const char *s, size_t len, struct sta_err *err)
{
	struct scan sc = { .s = s, .len = len, .line = 1 };
	bool begun = false;

	while (sc.pos < sc.len) {
		char c = s[sc.pos];
		enum sta_rc rc;

		if (!is_space(c)) {
			if (begun && sc.depth == 0)
				return refuse(&sc, "bytes after the value", err);
			if (!begun && c != '{' && c != '[')
				return refuse(&sc, "neither an object nor an array", err);
			begun = true;
		}
		rc = scan_step(&sc, err);
		if (rc != STA_OK)
			return rc;
	}
	if (!begun || sc.depth > 0)
		return refuse(&sc, "text ends too early", err);
	return STA_OK;
}

enum sta_rc
sta_json_load(struct sta_arena *a, const char *s, size_t len, json_t **out, struct sta_err *err)
{
	json_error_t why = { .text = "" };
	enum sta_rc rc = scan_all(s, len, err);
	json_t *j;

	if (rc != STA_OK)
		return rc;
	out_of_memory = false;
	j = json_loadb(s, len, JSON_REJECT_DUPLICATES, &why);
	if (out_of_memory) {
		json_decref(j);
		return sta_err_set(err, STA_NOMEM, 0, "out of memory reading JSON");
	}
	if (!j)
		return sta_err_set(err, STA_INVALID, 0, "JSON line %d column %d: %s", why.line, why.column,
				   why.text);
	j = sta_json_own(a, j);
	if (!j)
		return sta_err_set(err, STA_NOMEM, 0, "out of memory reading JSON");
	*out = j;
	return STA_OK;
}

char *
sta_json_dump(struct sta_arena *a, const json_t *j)
{
	char *text = json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY);
	char *copy = text ? sta_arena_strdup(a, text) : NULL;

	sta_free(text);
	return copy;
}

static void
release(void *arg)
{
	json_decref(arg);
}

json_t *
sta_json_own(struct sta_arena *a, json_t *j)
{
	if (!j || sta_arena_defer(a, release, j) != STA_OK)
		return NULL;
	return j;
}
