#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/cli.h"

#define CELL_MAX 256

void
sta_cli_print_json(const json_t *j)
{
	char *text = json_dumps(j, JSON_INDENT(2));

	(void) puts(text ? text : "{}");
	sta_free(text);
}

/* In place: control bytes become '?', so that no stored text can drive the terminal. */
static void
plain(char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char) *s < ' ' || *s == 0x7f)
			*s = '?';
}

void
sta_cli_print_text(const char *s)
{
	sta_cli_say("%s", s);
}

STA_PRINTF(1, 0)
static void
say(const char *fmt, va_list ap)
{
	char line[4 * CELL_MAX];

	(void) vsnprintf(line, sizeof(line), fmt, ap);
	plain(line);
	(void) puts(line);
}

void
sta_cli_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

void
sta_cli_done(const struct sta_cli *cli, const json_t *answer, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (cli->json)
		sta_cli_print_json(answer);
	else
		say(fmt, ap);
	va_end(ap);
}

/* Texts of a list, with commas. */
static void
join(const json_t *list, char *out)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < json_array_size(list) && len < CELL_MAX; i++) {
		const char *s = json_string_value(json_array_get(list, i));

		len += (size_t) snprintf(out + len, CELL_MAX - len, "%s%s", i > 0 ? "," : "", s ? s : "-");
	}
}

/* The member of a row as a cell's text. */
static void
cell(const json_t *row, const char *key, char out[CELL_MAX])
{
	const json_t *v = json_object_get(row, key);

	if (json_is_string(v) && json_string_length(v) > 0)
		(void) snprintf(out, CELL_MAX, "%s", json_string_value(v));
	else if (json_is_integer(v))
		(void) snprintf(out, CELL_MAX, "%" PRId64, (int64_t) json_integer_value(v));
	else if (json_array_size(v) > 0)
		join(v, out);
	else
		(void) snprintf(out, CELL_MAX, "%s", json_is_true(v) ? "yes" : json_is_false(v) ? "no" : "-");
	plain(out);
}

static int
column_width(const json_t *rows, const struct sta_cli_column *column)
{
	size_t widest = strlen(column->title);
	char text[CELL_MAX];

	for (size_t i = 0; i < json_array_size(rows); i++) {
		size_t len;

		cell(json_array_get(rows, i), column->key, text);
		len = strlen(text);
		widest = len > widest ? len : widest;
	}
	return (int) widest;
}

#define COLUMNS_MAX 16

static void
print_table(const json_t *rows, const struct sta_cli_column *columns, size_t n)
{
	int width[COLUMNS_MAX] = { 0 };
	char text[CELL_MAX];

	for (size_t k = 0; k < n && k < COLUMNS_MAX; k++) {
		/* Nothing is padded at the end of a line. */
		width[k] = k + 1 < n ? column_width(rows, &columns[k]) + 2 : 0;
		(void) printf("%-*s%s", width[k], columns[k].title, k + 1 < n ? "" : "\n");
	}
	for (size_t i = 0; i < json_array_size(rows); i++) {
		for (size_t k = 0; k < n && k < COLUMNS_MAX; k++) {
			cell(json_array_get(rows, i), columns[k].key, text);
			(void) printf("%-*s%s", width[k], text, k + 1 < n ? "" : "\n");
		}
	}
}

void
sta_cli_print_rows(const struct sta_cli *cli, const json_t *answer, const char *member,
		   const struct sta_cli_column *columns, size_t n)
{
	if (cli->json)
		sta_cli_print_json(answer);
	else
		print_table(json_object_get(answer, member), columns, n);
}
