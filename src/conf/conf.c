#include "conf/conf.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/parse.h"
#include "conf/address.h"

#define CONF_MEMORY_MAX ((size_t) 8 << 20)
#define SHOWN_MAX 60 /* characters of a wrong value in a message */
#define PREFIX "STAITHE_"

struct value {
	enum sta_source source;
	const char *origin;
	const char *text;
	uint64_t number; /* 0 or 1 of a bool */
	const char *list[STA_CONF_LIST_MAX + 1];
};

struct sta_conf {
	struct sta_arena *arena;
	struct value values[STA_OPTION_MAX_];
};

static const char *const kind_of[] = {
	[STA_OPTION_BOOL] = "true or false",
	[STA_OPTION_U64] = "a whole number",
	[STA_OPTION_SIZE] = "a size, such as 64KiB or 10GB",
	[STA_OPTION_SPAN] = "a time, such as 30s, 10m, 24h or 30d",
};

static enum sta_rc
refuse(const char *text, const char *expected, struct sta_err *err)
{
	return sta_err_set(err, STA_INVALID, 0, "'%.*s' is not %s", SHOWN_MAX, text, expected);
}

static bool
parse_number(enum sta_option_type type, const char *text, uint64_t *out)
{
	if (type == STA_OPTION_SIZE)
		return sta_parse_size(text, strlen(text), out);
	if (type == STA_OPTION_SPAN)
		return sta_parse_span(text, strlen(text), out);
	return sta_parse_u64(text, strlen(text), out);
}

static enum sta_rc
check_number(const struct sta_option *o, const char *text, uint64_t *out, struct sta_err *err)
{
	uint64_t bound;
	uint64_t n;

	if (!parse_number(o->type, text, &n))
		return refuse(text, kind_of[o->type], err);
	if (o->min && parse_number(o->type, o->min, &bound) && n < bound)
		return sta_err_set(err, STA_INVALID, 0, "'%.*s' is too small; the least is %s", SHOWN_MAX,
				   text, o->min);
	if (o->max && parse_number(o->type, o->max, &bound) && n > bound)
		return sta_err_set(err, STA_INVALID, 0, "'%.*s' is too large; the most is %s", SHOWN_MAX,
				   text, o->max);
	*out = n;
	return STA_OK;
}

static enum sta_rc
check_bool(const char *text, uint64_t *out, struct sta_err *err)
{
	bool yes = strcmp(text, "true") == 0;

	if (!yes && strcmp(text, "false") != 0)
		return refuse(text, kind_of[STA_OPTION_BOOL], err);
	*out = yes;
	return STA_OK;
}

/* Is text one of "a|b|c"? */
static enum sta_rc
check_choice(const struct sta_option *o, const char *text, struct sta_err *err)
{
	size_t len = strlen(text);
	const char *p = o->choices;

	while (len > 0) {
		const char *end = strchrnul(p, '|');

		if ((size_t) (end - p) == len && memcmp(p, text, len) == 0)
			return STA_OK;
		if (*end == '\0')
			break;
		p = end + 1;
	}
	return sta_err_set(err, STA_INVALID, 0, "'%.*s' is none of %s", SHOWN_MAX, text, o->choices);
}

/* "" is no value, which every text option may have. */
static enum sta_rc
check_text(const struct sta_option *o, const char *text, struct sta_err *err)
{
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char) *p < ' ' || *p == 0x7f)
			return sta_err_set(err, STA_INVALID, 0, "holds a control character");
	if (o->valid && text[0] != '\0' && !o->valid(text))
		return refuse(text, o->expects, err);
	return STA_OK;
}

/* Cut text at its commas. */
static enum sta_rc
check_list(struct sta_arena *a, const struct sta_option *o, const char *text, const char **list,
	   struct sta_err *err)
{
	size_t n = 0;

	while (*text != '\0') {
		const char *end = strchrnul(text, ',');
		const char *item = sta_arena_strndup(a, text, (size_t) (end - text));
		enum sta_rc rc;

		if (!item)
			return sta_err_set(err, STA_NOMEM, 0, "out of memory");
		if (n == STA_CONF_LIST_MAX)
			return sta_err_set(err, STA_INVALID, 0, "has more than %d items", STA_CONF_LIST_MAX);
		if (item[0] == '\0' || (end[0] == ',' && end[1] == '\0'))
			return sta_err_set(err, STA_INVALID, 0, "an item of the list is empty");
		rc = check_text(o, item, err);
		if (rc != STA_OK)
			return rc;
		list[n++] = item;
		text = *end == ',' ? end + 1 : end;
	}
	return STA_OK;
}

static enum sta_rc
check_value(struct sta_arena *a, const struct sta_option *o, struct value *v, struct sta_err *err)
{
	switch (o->type) {
	case STA_OPTION_BOOL:
		return check_bool(v->text, &v->number, err);
	case STA_OPTION_U64:
	case STA_OPTION_SIZE:
	case STA_OPTION_SPAN:
		return check_number(o, v->text, &v->number, err);
	case STA_OPTION_ENUM:
		return check_choice(o, v->text, err);
	case STA_OPTION_LIST:
		return check_list(a, o, v->text, v->list, err);
	case STA_OPTION_STRING:
	default:
		return check_text(o, v->text, err);
	}
}

enum sta_rc
sta_conf_set(struct sta_conf *c, enum sta_option_id id, enum sta_source source, const char *origin,
	     const char *text, struct sta_err *err)
{
	const struct sta_option *o = &sta_options[id];
	struct value v = { .source = source };
	struct sta_err why;
	enum sta_rc rc;

	v.origin = sta_arena_strdup(c->arena, origin);
	v.text = sta_arena_strdup(c->arena, text);
	if (!v.origin || !v.text)
		return sta_err_set(err, STA_NOMEM, 0, "%s: out of memory", origin);
	rc = check_value(c->arena, o, &v, &why);
	if (rc != STA_OK)
		return source == STA_SOURCE_FILE
			       ? sta_err_set(err, rc, 0, "%s: %s: %s", origin, o->name, why.msg)
			       : sta_err_set(err, rc, 0, "%s: %s", origin, why.msg);
	if (source >= c->values[id].source)
		c->values[id] = v;
	return STA_OK;
}

enum sta_rc
sta_conf_new(struct sta_conf **out, struct sta_err *err)
{
	struct sta_arena *a = sta_arena_new(CONF_MEMORY_MAX);
	struct sta_conf *c = a ? sta_arena_alloc(a, sizeof(*c)) : NULL;
	enum sta_rc rc = STA_OK;

	if (!c) {
		sta_arena_free(a);
		return sta_err_set(err, STA_NOMEM, 0, "out of memory for the configuration");
	}
	c->arena = a;
	for (enum sta_option_id id = 0; id < STA_OPTION_MAX_ && rc == STA_OK; id++)
		rc = sta_conf_set(c, id, STA_SOURCE_DEFAULT, "default", sta_options[id].def, err);
	if (rc == STA_OK)
		*out = c;
	else
		sta_conf_free(c);
	return rc;
}

void
sta_conf_free(struct sta_conf *c)
{
	if (c)
		sta_arena_free(c->arena);
}

void
sta_conf_auto(struct sta_conf **c)
{
	sta_conf_free(*c);
}

static enum sta_rc
unknown_variable(const char *name, struct sta_err *err)
{
	enum sta_option_id near = sta_option_nearest(name, sta_option_variable);
	char text[STA_OPTION_NAME_MAX];

	if (near == STA_OPTION_MAX_)
		return sta_err_set(err, STA_INVALID, 0, "%s: no option has this environment variable", name);
	return sta_err_set(err, STA_INVALID, 0, "%s: no option has this environment variable; is %s meant?",
			   name, sta_option_variable(near, text));
}

/* One "NAME=value". */
static enum sta_rc
read_variable(struct sta_conf *c, const char *entry, struct sta_err *err)
{
	const char *equals = strchrnul(entry, '=');
	char name[2 * STA_OPTION_NAME_MAX];
	char known[STA_OPTION_NAME_MAX];

	(void) snprintf(name, sizeof(name), "%.*s", (int) (equals - entry), entry);
	if (strcmp(name, PREFIX "CONFIG") == 0)
		return STA_OK;
	for (enum sta_option_id id = 0; id < STA_OPTION_MAX_; id++)
		if (strcmp(sta_option_variable(id, known), name) == 0)
			return sta_conf_set(c, id, STA_SOURCE_ENVIRONMENT, name,
					    *equals == '=' ? equals + 1 : "", err);
	return unknown_variable(name, err);
}

enum sta_rc
sta_conf_read_environment(struct sta_conf *c, char *const *environment, struct sta_err *err)
{
	for (; *environment; environment++) {
		enum sta_rc rc;

		if (strncmp(*environment, PREFIX, sizeof(PREFIX) - 1) != 0)
			continue;
		rc = read_variable(c, *environment, err);
		if (rc != STA_OK)
			return rc;
	}
	return STA_OK;
}

enum sta_rc
sta_conf_check(const struct sta_conf *c, struct sta_err *err)
{
	const char *listen = sta_conf_text(c, STA_OPTION_LISTEN);
	bool certificate = sta_conf_text(c, STA_OPTION_TLS_CERTIFICATE)[0] != '\0';
	bool key = sta_conf_text(c, STA_OPTION_TLS_KEY)[0] != '\0';

	if (listen[0] == '\0')
		return sta_err_set(err, STA_INVALID, 0, "listen: has no value");
	if (certificate != key)
		return sta_err_set(err, STA_INVALID, 0, "%s: is missing; TLS needs both certificate and key",
				   certificate ? "tls.key" : "tls.certificate");
	if (!certificate && !sta_listen_is_loopback(listen) && !sta_conf_bool(c, STA_OPTION_INSECURE_LISTEN))
		return sta_err_set(
			err, STA_INVALID, 0,
			"listen: %s is open to other machines, and passwords would cross the network "
			"in the clear; set tls.certificate and tls.key, or insecure_listen: true behind a "
			"proxy that does TLS",
			listen);
	return STA_OK;
}

const char *
sta_conf_text(const struct sta_conf *c, enum sta_option_id id)
{
	return c->values[id].text;
}

uint64_t
sta_conf_number(const struct sta_conf *c, enum sta_option_id id)
{
	return c->values[id].number;
}

bool
sta_conf_bool(const struct sta_conf *c, enum sta_option_id id)
{
	return c->values[id].number != 0;
}

const char *const *
sta_conf_list(const struct sta_conf *c, enum sta_option_id id)
{
	return c->values[id].list;
}

const char *
sta_conf_origin(const struct sta_conf *c, enum sta_option_id id)
{
	return c->values[id].origin;
}
