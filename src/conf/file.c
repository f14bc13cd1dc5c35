/* The configuration file.  Events of libyaml, not documents: nothing is built
 * in memory, every message knows its place, and aliases (which make small
 * files large) can be refused. */

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/auto.h"
#include "base/buf.h"
#include "conf/conf.h"

#define LEVELS_MAX 4
#define PLACE_MAX 512

struct reader {
	struct sta_conf *conf;
	const char *path;
	yaml_mark_t mark;              /* where the present event stands */
	bool root;                     /* the outermost mapping has begun */
	bool document;                 /* a document has begun */
	bool value;                    /* a key has been read, its value is next */
	bool in_list;                  /* inside the sequence of a list option */
	char key[STA_OPTION_NAME_MAX]; /* "gc.grace": all keys that led here */
	size_t prefix[LEVELS_MAX];     /* lengths of key outside of each mapping */
	size_t level;                  /* mappings that are open */
	struct sta_buf list;
	yaml_mark_t list_mark;                 /* where it begins */
	size_t line_of[STA_OPTION_MAX_];       /* where an option was set, or 0 */
	size_t group_line_of[STA_OPTION_MAX_]; /* the same of mappings, by their first option */
};

static void
auto_parser(yaml_parser_t *p)
{
	yaml_parser_delete(p);
}

static void
auto_event(yaml_event_t *e)
{
	yaml_event_delete(e);
}

/* STA_INVALID: "FILE:LINE:COLUMN: <what>: <why>"; what may be "". */
static enum sta_rc STA_PRINTF(4, 5)
	refuse(const struct reader *r, const char *what, struct sta_err *err, const char *fmt, ...)
{
	char why[160];
	va_list ap;

	va_start(ap, fmt);
	(void) vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return sta_err_set(err, STA_INVALID, 0, "%s:%zu:%zu: %s%s%s", r->path, r->mark.line + 1,
			   r->mark.column + 1, what, what[0] != '\0' ? ": " : "", why);
}

/* The first option inside the mapping called r->key. */
static enum sta_option_id
group_find(const struct reader *r)
{
	size_t len = strlen(r->key);
	enum sta_option_id id = 0;

	while (id < STA_OPTION_MAX_ &&
	       (strncmp(sta_options[id].name, r->key, len) != 0 || sta_options[id].name[len] != '.'))
		id++;
	return id;
}

static enum sta_rc
unknown(const struct reader *r, struct sta_err *err)
{
	enum sta_option_id near = sta_option_nearest(r->key, sta_option_key);

	if (near == STA_OPTION_MAX_)
		return refuse(r, r->key, err, "there is no such option");
	return refuse(r, r->key, err, "there is no such option; is %s meant?", sta_options[near].name);
}

/* The place of a key was taken before? */
static enum sta_rc
first_time(const struct reader *r, size_t *line, struct sta_err *err)
{
	if (*line != 0)
		return refuse(r, r->key, err, "is given twice, first in line %zu", *line);
	*line = r->mark.line + 1;
	return STA_OK;
}

/* Append a key to r->key and look that something is called so. */
static enum sta_rc
on_key(struct reader *r, const char *name, struct sta_err *err)
{
	size_t len = strlen(r->key);
	enum sta_option_id id;
	int n = snprintf(r->key + len, sizeof(r->key) - len, "%s%s", len > 0 ? "." : "", name);

	if (n < 0 || (size_t) n >= sizeof(r->key) - len)
		return refuse(r, "", err, "a key is too long");
	r->value = true;
	id = sta_option_find(r->key);
	if (id != STA_OPTION_MAX_)
		return first_time(r, &r->line_of[id], err);
	id = group_find(r);
	if (id == STA_OPTION_MAX_)
		return unknown(r, err);
	return first_time(r, &r->group_line_of[id], err);
}

/* The value of r->key has been read: back to the mapping around it. */
static void
value_done(struct reader *r)
{
	r->key[r->prefix[r->level - 1]] = '\0';
	r->value = false;
}

static enum sta_rc
set(struct reader *r, enum sta_option_id id, const char *text, struct sta_err *err)
{
	char place[PLACE_MAX];
	enum sta_rc rc;

	(void) snprintf(place, sizeof(place), "%s:%zu:%zu", r->path, r->mark.line + 1, r->mark.column + 1);
	rc = sta_conf_set(r->conf, id, STA_SOURCE_FILE, place, text, err);
	value_done(r);
	return rc;
}

static enum sta_rc
on_item(struct reader *r, const char *text, struct sta_err *err)
{
	if (strchr(text, ','))
		return refuse(r, r->key, err, "an item holds a comma");
	if (text[0] == '\0')
		return refuse(r, r->key, err, "an item of the list is empty");
	if (r->list.len > 0)
		sta_buf_str(&r->list, ",");
	sta_buf_str(&r->list, text);
	return STA_OK;
}

static bool
is_null(const yaml_event_t *e)
{
	const char *text = (const char *) e->data.scalar.value;

	return e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

/* The value of r->key, which may be a group of options or an option. */
static enum sta_rc
on_value(struct reader *r, const yaml_event_t *e, struct sta_err *err)
{
	enum sta_option_id id = sta_option_find(r->key);

	if (id == STA_OPTION_MAX_ && is_null(e)) {
		value_done(r); /* all of its options are switched off by '#' */
		return STA_OK;
	}
	if (id == STA_OPTION_MAX_)
		return refuse(r, r->key, err, "holds options, and takes no value itself");
	if (is_null(e))
		return refuse(r, r->key, err, "has no value");
	if (sta_options[id].type == STA_OPTION_LIST)
		return refuse(r, r->key, err, "takes a list, not one value");
	return set(r, id, (const char *) e->data.scalar.value, err);
}

static enum sta_rc
on_scalar(struct reader *r, const yaml_event_t *e, struct sta_err *err)
{
	const char *text = (const char *) e->data.scalar.value;

	if (strlen(text) != e->data.scalar.length)
		return refuse(r, r->key, err, "holds a NUL character");
	if (e->data.scalar.anchor || (e->data.scalar.tag && !e->data.scalar.plain_implicit))
		return refuse(r, r->key, err, "anchors and tags have no use here");
	if (!r->root)
		return is_null(e) ? STA_OK
				  : refuse(r, "", err, "the file is not a mapping of options to values");
	if (r->in_list)
		return on_item(r, text, err);
	if (!r->value)
		return on_key(r, text, err);
	return on_value(r, e, err);
}

static enum sta_rc
on_mapping(struct reader *r, const yaml_event_t *e, struct sta_err *err)
{
	if (e->data.mapping_start.anchor || e->data.mapping_start.tag)
		return refuse(r, r->key, err, "anchors and tags have no use here");
	if (r->root && (!r->value || r->in_list))
		return refuse(r, r->key, err, "a mapping cannot stand here");
	if (r->root && sta_option_find(r->key) != STA_OPTION_MAX_)
		return refuse(r, r->key, err, "takes a value, not a mapping");
	if (r->level == LEVELS_MAX)
		return refuse(r, r->key, err, "nested too deeply");
	r->prefix[r->level++] = strlen(r->key);
	r->root = true;
	r->value = false;
	return STA_OK;
}

static void
on_mapping_end(struct reader *r)
{
	r->level--;
	if (r->level > 0)
		value_done(r);
}

static enum sta_rc
on_sequence(struct reader *r, const yaml_event_t *e, struct sta_err *err)
{
	enum sta_option_id id = sta_option_find(r->key);

	if (e->data.sequence_start.anchor || e->data.sequence_start.tag)
		return refuse(r, r->key, err, "anchors and tags have no use here");
	if (!r->root)
		return refuse(r, "", err, "the file is not a mapping of options to values");
	if (!r->value || r->in_list)
		return refuse(r, r->key, err, "a list cannot stand here");
	if (id == STA_OPTION_MAX_ || sta_options[id].type != STA_OPTION_LIST)
		return refuse(r, r->key, err, "takes no list");
	r->in_list = true;
	r->list_mark = r->mark;
	sta_buf_done(&r->list);
	return STA_OK;
}

static enum sta_rc
on_sequence_end(struct reader *r, struct sta_err *err)
{
	r->in_list = false;
	r->mark = r->list_mark;
	if (!sta_buf_ok(&r->list))
		return refuse(r, r->key, err, "the list is too long");
	return set(r, sta_option_find(r->key), r->list.data ? r->list.data : "", err);
}

static enum sta_rc
on_event(struct reader *r, const yaml_event_t *e, struct sta_err *err)
{
	r->mark = e->start_mark;
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		return on_scalar(r, e, err);
	case YAML_MAPPING_START_EVENT:
		return on_mapping(r, e, err);
	case YAML_MAPPING_END_EVENT:
		on_mapping_end(r);
		return STA_OK;
	case YAML_SEQUENCE_START_EVENT:
		return on_sequence(r, e, err);
	case YAML_SEQUENCE_END_EVENT:
		return on_sequence_end(r, err);
	case YAML_ALIAS_EVENT:
		return refuse(r, r->key, err, "anchors and tags have no use here");
	case YAML_DOCUMENT_START_EVENT:
		if (r->document)
			return refuse(r, "", err, "a second document begins");
		r->document = true;
		return STA_OK;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
	default:
		return STA_OK;
	}
}

static enum sta_rc
parse(struct reader *r, const char *text, size_t len, struct sta_err *err)
{
	STA_AUTO(auto_parser) yaml_parser_t p = { 0 };
	enum sta_rc rc = STA_OK;
	bool more = true;

	if (!yaml_parser_initialize(&p))
		return sta_err_set(err, STA_NOMEM, 0, "%s: out of memory", r->path);
	yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p, (const unsigned char *) text, len);
	while (more && rc == STA_OK) {
		STA_AUTO(auto_event) yaml_event_t e = { .type = YAML_NO_EVENT };

		if (!yaml_parser_parse(&p, &e)) {
			r->mark = p.problem_mark;
			return refuse(r, "", err, "%s", p.problem ? p.problem : "not YAML");
		}
		more = e.type != YAML_STREAM_END_EVENT;
		rc = on_event(r, &e, err);
	}
	return rc;
}

/* The whole file into b, which sets the limit. */
static enum sta_rc
slurp(const char *path, struct sta_buf *b, struct sta_err *err)
{
	STA_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char chunk[4096];
	ssize_t n;

	if (fd < 0)
		return sta_err_set(err, STA_IO, errno, "%s", path);
	do {
		n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno != EINTR)
			return sta_err_set(err, STA_IO, errno, "%s", path);
		if (n > 0)
			sta_buf_append(b, chunk, (size_t) n);
	} while (n != 0 && sta_buf_ok(b));
	if (!sta_buf_ok(b))
		return sta_err_set(err, STA_TOO_LARGE, 0, "%s: larger than %zu KiB", path, b->max >> 10);
	return STA_OK;
}

enum sta_rc
sta_conf_read_file(struct sta_conf *c, const char *path, struct sta_err *err)
{
	STA_AUTO(sta_buf_done) struct sta_buf text = { .max = STA_CONF_FILE_MAX };
	struct reader r = { .conf = c, .path = path };
	enum sta_rc rc = slurp(path, &text, err);

	if (rc != STA_OK)
		return rc;
	sta_buf_init(&r.list, STA_CONF_FILE_MAX);
	rc = parse(&r, text.data ? text.data : "", text.len, err);
	sta_buf_done(&r.list);
	return rc;
}
