/* The configuration: files, variables and single values.  The first byte
 * chooses.  What is accepted fits its option, names nothing unknown, and means
 * the same after it was written anew. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <yaml.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/buf.h"
#include "base/parse.h"
#include "conf/address.h"
#include "conf/conf.h"
#include "fuzz.h"

#define ARENA_CAP ((size_t) 64 << 20)
#define FILE_MAX ((size_t) 64 << 10)

/* A file that is only in memory. */
static enum sta_rc
read_file(struct sta_conf *c, const char *text, size_t len, struct sta_err *err)
{
	STA_AUTO_FD int fd = memfd_create("configuration", MFD_CLOEXEC);
	char path[32];

	REQUIRE(fd >= 0 && write(fd, text, len) == (ssize_t) len);
	(void) snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return sta_conf_read_file(c, path, err);
}

static struct sta_conf *
new_conf(void)
{
	struct sta_conf *c = NULL;
	struct sta_err err;

	REQUIRE(sta_conf_new(&c, &err) == STA_OK);
	return c;
}

static void
check_refusal(enum sta_rc rc, const struct sta_err *err)
{
	REQUIRE(rc == STA_INVALID && err->rc == rc && err->msg[0] != '\0');
}

static bool
is_number(enum sta_option_type type)
{
	return type == STA_OPTION_U64 || type == STA_OPTION_SIZE || type == STA_OPTION_SPAN;
}

static void
check_same(const struct sta_conf *x, const struct sta_conf *y, enum sta_option_id id)
{
	const char *const *a = sta_conf_list(x, id);
	const char *const *b = sta_conf_list(y, id);

	REQUIRE(sta_conf_number(x, id) == sta_conf_number(y, id));
	for (; *a && *b; a++, b++)
		REQUIRE(strcmp(*a, *b) == 0);
	REQUIRE(!*a && !*b);
	if (!is_number(sta_options[id].type))
		REQUIRE(strcmp(sta_conf_text(x, id), sta_conf_text(y, id)) == 0);
}

static bool
parse_number(const struct sta_option *o, const char *text, uint64_t *out)
{
	if (o->type == STA_OPTION_SIZE)
		return sta_parse_size(text, strlen(text), out);
	if (o->type == STA_OPTION_SPAN)
		return sta_parse_span(text, strlen(text), out);
	return sta_parse_u64(text, strlen(text), out);
}

static void
check_bounds(const struct sta_conf *c, enum sta_option_id id)
{
	const struct sta_option *o = &sta_options[id];
	uint64_t bound;

	if (o->min)
		REQUIRE(parse_number(o, o->min, &bound) && sta_conf_number(c, id) >= bound);
	if (o->max)
		REQUIRE(parse_number(o, o->max, &bound) && sta_conf_number(c, id) <= bound);
}

/* What an option holds lies within its bounds, and is one of its choices. */
static void
check_fits(const struct sta_conf *c, enum sta_option_id id)
{
	const struct sta_option *o = &sta_options[id];
	const char *text = sta_conf_text(c, id);

	check_bounds(c, id);
	if (o->type == STA_OPTION_ENUM)
		REQUIRE(strstr(o->choices, text) && !strchr(text, '|') && *text);
	if (o->type == STA_OPTION_BOOL)
		REQUIRE(strcmp(text, sta_conf_bool(c, id) ? "true" : "false") == 0);
	if (o->type == STA_OPTION_STRING && o->valid && *text)
		REQUIRE(o->valid(text));
	for (const char *const *item = sta_conf_list(c, id); *item; item++)
		REQUIRE(**item && !strchr(*item, ',') && o->valid(*item));
	for (const char *p = text; *p; p++)
		REQUIRE((unsigned char) *p >= ' ' && *p != 0x7f);
}

/* A value as YAML: a number anew from what it means, a text in single quotes. */
static void
write_value(struct sta_buf *b, const struct sta_conf *c, enum sta_option_id id)
{
	const char *text = sta_conf_text(c, id);
	enum sta_option_type type = sta_options[id].type;

	if (type == STA_OPTION_LIST) {
		sta_buf_str(b, "[");
		for (const char *const *item = sta_conf_list(c, id); *item; item++)
			sta_buf_printf(b, "'%s',", *item); /* addresses: no quote in them */
		sta_buf_str(b, "]");
	} else if (is_number(type)) {
		sta_buf_printf(b, "%llu", (unsigned long long) sta_conf_number(c, id));
	} else {
		sta_buf_str(b, "'");
		for (; *text; text++)
			sta_buf_append(b, *text == '\'' ? "''" : text, *text == '\'' ? 2 : 1);
		sta_buf_str(b, "'");
	}
	sta_buf_str(b, "\n");
}

/* "gc.grace" as the key grace of the mapping gc; the table is in the order of groups. */
static void
write_option(struct sta_buf *b, const struct sta_conf *c, enum sta_option_id id)
{
	const char *name = sta_options[id].name;
	const char *dot = strchr(name, '.');
	size_t group = dot ? (size_t) (dot - name) + 1 : 0;

	if (dot && (id == 0 || strncmp(sta_options[id - 1].name, name, group) != 0))
		sta_buf_printf(b, "%.*s:\n", (int) group - 1, name);
	sta_buf_printf(b, "%s%s: ", dot ? "  " : "", name + group);
	write_value(b, c, id);
}

static bool
is_utf8_for_yaml(const char *text)
{
	for (const unsigned char *p = (const unsigned char *) text; *p; p++)
		if (*p >= 0x80)
			return false;
	return true;
}

/* Everything written out is read back as the same configuration. */
static void
check_round_trip(const struct sta_conf *c)
{
	STA_AUTO(sta_buf_done) struct sta_buf b = { .max = STA_CONF_FILE_MAX };
	STA_AUTO(sta_conf_auto) struct sta_conf *again = new_conf();
	struct sta_err err = { .rc = STA_OK };

	for (enum sta_option_id id = 0; id < STA_OPTION_MAX_; id++) {
		check_fits(c, id);
		if (!is_utf8_for_yaml(sta_conf_text(c, id)))
			return;
		write_option(&b, c, id);
	}
	REQUIRE(sta_buf_ok(&b));
	if (read_file(again, b.data, b.len, &err) != STA_OK) {
		(void) fprintf(stderr, "%s\n%s\n", err.msg, b.data);
		REQUIRE(false);
	}
	for (enum sta_option_id id = 0; id < STA_OPTION_MAX_; id++)
		check_same(c, again, id);
}

static bool
is_group(const char *name)
{
	size_t len = strlen(name);

	for (enum sta_option_id id = 0; id < STA_OPTION_MAX_; id++)
		if (strncmp(sta_options[id].name, name, len) == 0 && sta_options[id].name[len] == '.')
			return true;
	return false;
}

/* No key before it in the mapping is the same. */
static bool
is_first(yaml_document_t *doc, const yaml_node_t *node, const yaml_node_t *key)
{
	const yaml_node_pair_t *p = node->data.mapping.pairs.start;
	const yaml_node_t *k;

	for (; (k = yaml_document_get_node(doc, p->key)) != key; p++)
		if (strcmp((const char *) k->data.scalar.value, (const char *) key->data.scalar.value) == 0)
			return false;
	return true;
}

/* Another reading of the file, as a tree: every key in it must be one of ours. */
static void
check_keys(struct sta_arena *a, yaml_document_t *doc, const yaml_node_t *node, const char *prefix)
{
	for (const yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top;
	     p++) {
		const yaml_node_t *key = yaml_document_get_node(doc, p->key);
		const yaml_node_t *value = yaml_document_get_node(doc, p->value);
		const char *name;

		REQUIRE(key && value && key->type == YAML_SCALAR_NODE && is_first(doc, node, key));
		name = sta_arena_printf(a, "%s%s", prefix, (const char *) key->data.scalar.value);
		REQUIRE(name);
		if (sta_option_find(name) != STA_OPTION_MAX_) {
			REQUIRE(value->type != YAML_MAPPING_NODE);
			continue;
		}
		REQUIRE(is_group(name) && value->type != YAML_SEQUENCE_NODE);
		name = sta_arena_printf(a, "%s.", name);
		REQUIRE(name);
		if (value->type == YAML_MAPPING_NODE)
			check_keys(a, doc, value, name);
	}
}

static void
check_tree(struct sta_arena *a, const char *text, size_t len)
{
	yaml_parser_t p;
	yaml_document_t doc;
	const yaml_node_t *root;

	REQUIRE(yaml_parser_initialize(&p));
	yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p, (const unsigned char *) text, len);
	REQUIRE(yaml_parser_load(&p, &doc));
	root = yaml_document_get_root_node(&doc);
	if (root && root->type == YAML_MAPPING_NODE)
		check_keys(a, &doc, root, "");
	else
		REQUIRE(!root || root->type == YAML_SCALAR_NODE);
	yaml_document_delete(&doc);
	yaml_parser_delete(&p);
}

static void
check_file(struct sta_arena *a, const char *text, size_t len)
{
	STA_AUTO(sta_conf_auto) struct sta_conf *c = new_conf();
	struct sta_err err = { .rc = STA_OK };
	enum sta_rc rc = read_file(c, text, len, &err);

	if (rc != STA_OK) {
		check_refusal(rc, &err);
		REQUIRE(strncmp(err.msg, "/proc/self/fd/", 14) == 0 && strchr(err.msg, ':'));
		return;
	}
	check_tree(a, text, len);
	check_round_trip(c);
	if (sta_conf_check(c, &err) == STA_OK)
		REQUIRE(sta_listen_valid(sta_conf_text(c, STA_OPTION_LISTEN)));
}

/* Lines "NAME=value". */
static void
check_environment(char *text)
{
	STA_AUTO(sta_conf_auto) struct sta_conf *c = new_conf();
	char *env[65] = { NULL };
	char variable[STA_OPTION_NAME_MAX];
	struct sta_err err = { .rc = STA_OK };
	enum sta_rc rc;
	size_t n = 0;

	for (; text && n < 64; n++)
		env[n] = strsep(&text, "\n");
	rc = sta_conf_read_environment(c, env, &err);
	if (rc != STA_OK) {
		check_refusal(rc, &err);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		bool known =
			strncmp(env[i], "STAITHE_", 8) != 0 || strncmp(env[i], "STAITHE_CONFIG", 14) == 0;

		for (enum sta_option_id id = 0; id < STA_OPTION_MAX_ && !known; id++) {
			const char *name = sta_option_variable(id, variable);

			known = strncmp(env[i], name, strlen(name)) == 0;
		}
		REQUIRE(known);
	}
	check_round_trip(c);
}

/* One value of one option: the same from a file's weight upward, and the weightier wins. */
static void
check_value(enum sta_option_id id, const char *text)
{
	STA_AUTO(sta_conf_auto) struct sta_conf *c = new_conf();
	STA_AUTO(sta_conf_auto) struct sta_conf *flag = new_conf();
	struct sta_err err = { .rc = STA_OK };
	enum sta_rc rc = sta_conf_set(c, id, STA_SOURCE_FILE, "file:1:1", text, &err);

	REQUIRE(sta_conf_set(flag, id, STA_SOURCE_FLAG, "--it", sta_options[id].def, &err) == STA_OK);
	REQUIRE(sta_conf_set(flag, id, STA_SOURCE_ENVIRONMENT, "IT", text, &err) == rc);
	REQUIRE(strcmp(sta_conf_text(flag, id), sta_options[id].def) == 0);
	REQUIRE(strcmp(sta_conf_origin(flag, id), "--it") == 0);
	if (rc != STA_OK) {
		check_refusal(rc, &err);
		REQUIRE(strcmp(sta_conf_text(c, id), sta_options[id].def) == 0);
		return;
	}
	REQUIRE(strcmp(sta_conf_text(c, id), text) == 0 && strcmp(sta_conf_origin(c, id), "file:1:1") == 0);
	check_round_trip(c);
}

static void
check_url(const char *text)
{
	const char *authority = strstr(text, "://");

	if (!sta_public_url_valid(text))
		return;
	REQUIRE(authority && authority[3] != '\0');
	REQUIRE(!strpbrk(authority + 3, "/?#@ \"'\\\r\n"));
}

/* An address alone, and behind its colon a port. */
static void
check_listen(struct sta_arena *a, const char *text, bool valid, bool six, bool loopback)
{
	const char *listen = sta_arena_printf(a, six ? "[%s]:443" : "%s:443", text);

	REQUIRE(listen && sta_listen_valid(listen) == valid);
	REQUIRE(sta_listen_is_loopback(listen) == loopback);
}

/* Addresses against the C library's reading. */
static void
check_address(struct sta_arena *a, const char *text)
{
	unsigned char raw[16];
	bool four = inet_pton(AF_INET, text, raw) == 1;
	bool six = !four && inet_pton(AF_INET6, text, raw) == 1;
	const char *colon = strrchr(text, ':');
	bool loopback = four ? raw[0] == 127 : six && memcmp(raw, &in6addr_loopback, 16) == 0;
	uint64_t port;

	REQUIRE(sta_address_valid(text) == (four || six));
	if (strlen(text) < 60 && *text != '[')
		check_listen(a, text, four || six, six, loopback);
	REQUIRE(!sta_listen_is_loopback(text) || sta_listen_valid(text));
	if (sta_listen_valid(text))
		REQUIRE(colon && sta_parse_u64(colon + 1, strlen(colon + 1), &port) && port <= 65535);
	check_url(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(ARENA_CAP);
	char *text;

	if (size == 0 || size > FILE_MAX)
		return 0;
	text = sta_arena_strndup(a, (const char *) data + 1, size - 1);
	REQUIRE(text);
	if (data[0] == 'f')
		check_file(a, (const char *) data + 1, size - 1);
	else if (data[0] == 'e')
		check_environment(text);
	else if (data[0] == 'a')
		check_address(a, text);
	else
		check_value(data[0] % STA_OPTION_MAX_, text);
	return 0;
}
