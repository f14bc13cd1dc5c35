/*
 * sql - one-line statements: prepare, bind and step.
 *
 * sta_sql_run(c, err, "UPDATE tag SET ... WHERE name = $1", STA_V_TEXT(name));
 * sta_sql_one(c, &s, err, "SELECT ...", STA_V_INT(id));   a row or STA_NOT_FOUND
 * sta_sql_rows(c, &s, err, "SELECT ...");                 then sta_db_step() in a loop
 * sta_sql_list(c, &list, read, err, "SELECT ...");        each row read into a new item
 *
 * The statement is always a literal at the call (tools/check-sql.py).  In its text $1 comes before
 * $2 and so on: SQLite counts them as it meets them.
 *
 * Layer: model.  May include: db, oci, base.
 */
#ifndef STA_MODEL_SQL_H
#define STA_MODEL_SQL_H

#include "base/arena.h"
#include "base/auto.h"
#include "db/db.h"
#include "oci/digest.h"

enum sta_sql_type { STA_SQL_NULL, STA_SQL_INT, STA_SQL_TEXT, STA_SQL_BYTES };

struct sta_sql_value {
	enum sta_sql_type type;
	int64_t number;
	const void *p;
	size_t len;
};

#define STA_V_INT(v) ((struct sta_sql_value){ .type = STA_SQL_INT, .number = (int64_t) (v) })
#define STA_V_TEXT(v) ((struct sta_sql_value){ .type = STA_SQL_TEXT, .p = (v) }) /* NULL binds NULL */
#define STA_V_BYTES(v, n) ((struct sta_sql_value){ .type = STA_SQL_BYTES, .p = (v), .len = (n) })
#define STA_V_NULL ((struct sta_sql_value){ .type = STA_SQL_NULL })
/* A digest as its key; the bytes live as long as k. */
#define STA_V_KEY(k) STA_V_BYTES((k)->bytes, (k)->len)

struct sta_key {
	size_t len;
	unsigned char bytes[STA_DIGEST_KEY_MAX];
};

static inline struct sta_key
sta_key_of(const struct sta_digest *d)
{
	struct sta_key k;

	k.len = sta_digest_key(d, k.bytes);
	return k;
}

/* A list of structs that grows in an arena. */
struct sta_list {
	struct sta_arena *arena;
	size_t item; /* bytes of one struct */
	size_t n, cap;
	void *items;
};
#define STA_LIST(a, type) ((struct sta_list){ .arena = (a), .item = sizeof(type) })
/* Zeroed new last item, or NULL when out of memory. */
void *sta_list_add(struct sta_list *l) STA_CHECK;

/* Reads the row that s is at into out, an item of a list; texts go to the arena. */
typedef enum sta_rc sta_sql_read_fn(struct sta_arena *a, struct sta_db_stmt *s, void *out,
				    struct sta_err *err);

/* One of a row whose first column is an id; the item is an int64_t. */
sta_sql_read_fn sta_sql_read_id;

#define STA_SQL_VALUES_(...)                                                                                 \
	(const struct sta_sql_value[]){ __VA_ARGS__ },                                                       \
		sizeof((const struct sta_sql_value[]){ __VA_ARGS__ }) / sizeof(struct sta_sql_value)

#define sta_sql_run(c, err, literal, ...) sta_sql_run_((c), (err), (literal), STA_SQL_VALUES_(__VA_ARGS__))
#define sta_sql_one(c, s, err, literal, ...)                                                                 \
	sta_sql_one_((c), (s), (err), (literal), STA_SQL_VALUES_(__VA_ARGS__))
#define sta_sql_rows(c, s, err, literal, ...)                                                                \
	sta_sql_rows_((c), (s), (err), (literal), STA_SQL_VALUES_(__VA_ARGS__))
#define sta_sql_list(c, list, read, err, literal, ...)                                                       \
	sta_sql_list_((c), (list), (read), (err), (literal), STA_SQL_VALUES_(__VA_ARGS__))

enum sta_rc sta_sql_run_(struct sta_db_conn *c, struct sta_err *err, const char *literal,
			 const struct sta_sql_value *v, size_t n) STA_CHECK;
enum sta_rc sta_sql_one_(struct sta_db_conn *c, struct sta_db_stmt **s, struct sta_err *err,
			 const char *literal, const struct sta_sql_value *v, size_t n) STA_CHECK;
enum sta_rc sta_sql_rows_(struct sta_db_conn *c, struct sta_db_stmt **s, struct sta_err *err,
			  const char *literal, const struct sta_sql_value *v, size_t n) STA_CHECK;
enum sta_rc sta_sql_list_(struct sta_db_conn *c, struct sta_list *l, sta_sql_read_fn *read,
			  struct sta_err *err, const char *literal, const struct sta_sql_value *v,
			  size_t n) STA_CHECK;

/* A column as the value of an enum. */
static inline unsigned
sta_sql_enum(struct sta_db_stmt *s, int i)
{
	int64_t v = sta_db_int(s, i);

	return (unsigned) v;
}

/* Columns copied to the arena; NULL column or out of memory: NULL. */
const char *sta_sql_text(struct sta_arena *a, struct sta_db_stmt *s, int i) STA_CHECK;
/* False: the column is no digest. */
bool sta_sql_digest(struct sta_db_stmt *s, int i, struct sta_digest *out);

#endif
