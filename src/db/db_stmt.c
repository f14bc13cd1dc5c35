#include "db/db.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/auto.h"
#include "db/db_internal.h"

#define FIRST_CAP 64
#define PLACEHOLDERS_MAX 64 /* bits of sta_db_stmt.bound */

/* Fibonacci hashing: addresses of literals differ in their middle bits. */
static size_t
slot_of(const char *literal, size_t cap)
{
	return (size_t) (((uint64_t) (uintptr_t) literal * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (cap - 1);
}

/* The statement of that literal, or the free slot where it belongs. */
static struct sta_db_stmt **
find_slot(struct sta_db_stmt **slots, size_t cap, const char *literal)
{
	size_t i = slot_of(literal, cap);

	while (slots[i] && slots[i]->literal != literal)
		i = (i + 1) & (cap - 1);
	return &slots[i];
}

/* Room for one statement more; at least a quarter of the slots stays free. */
static bool
reserve_slot(struct sta_db_conn *c)
{
	size_t cap = c->cap ? c->cap * 2 : FIRST_CAP;
	struct sta_db_stmt **slots;

	if (c->count < c->cap / 4 * 3)
		return true;
	slots = sta_malloc(cap * sizeof(struct sta_db_stmt *));
	if (!slots)
		return false;
	for (size_t i = 0; i < c->cap; i++)
		if (c->slots[i])
			*find_slot(slots, cap, c->slots[i]->literal) = c->slots[i];
	sta_free(c->slots);
	c->slots = slots;
	c->cap = cap;
	return true;
}

static void
drop(struct sta_db_stmt *s)
{
	(void) sqlite3_finalize(s->handle);
	sta_free(s);
}

void
sta_db_stmt_drop_all(struct sta_db_conn *c)
{
	for (size_t i = 0; i < c->cap; i++)
		if (c->slots[i])
			drop(c->slots[i]);
	sta_free(c->slots);
	c->slots = NULL;
	c->cap = 0;
	c->count = 0;
}

/* $1, $2, ... by first appearance, so that SQLite and PostgreSQL number alike. */
static enum sta_rc
check_placeholders(struct sta_db_stmt *s, struct sta_err *err)
{
	int n = sqlite3_bind_parameter_count(s->handle);

	if (n > PLACEHOLDERS_MAX)
		return sta_err_set(err, STA_BACKEND, 0, "a statement has %d placeholders", n);
	for (int i = 1; i <= n; i++) {
		const char *name = sqlite3_bind_parameter_name(s->handle, i);
		char want[16];

		(void) snprintf(want, sizeof(want), "$%d", i);
		if (!name || strcmp(name, want) != 0)
			return sta_err_set(err, STA_BACKEND, 0, "placeholder %d of a statement is '%s'", i,
					   name ? name : "?");
		s->wanted |= UINT64_C(1) << (i - 1);
	}
	return STA_OK;
}

/* Compile the literal into s, which the caller drops on failure. */
static enum sta_rc
compile(struct sta_db_stmt *s, struct sta_err *err)
{
	const char *tail = NULL;
	int code = sqlite3_prepare_v3(s->conn->handle, s->literal, -1, SQLITE_PREPARE_PERSISTENT, &s->handle,
				      &tail);

	if (code != SQLITE_OK)
		return sta_db_fail(s->conn, code, err);
	if (!s->handle || tail[strspn(tail, "; \t\n")] != '\0')
		return sta_err_set(err, STA_BACKEND, 0, "not exactly one statement");
	return check_placeholders(s, err);
}

/* A new statement; into the cache unless the cache's own is in use. */
static enum sta_rc
make(struct sta_db_conn *c, const char *literal, bool cached, struct sta_db_stmt **out, struct sta_err *err)
{
	struct sta_db_stmt *s = sta_malloc(sizeof(*s));
	enum sta_rc rc;

	if (!s)
		return sta_err_set(err, STA_NOMEM, 0, "prepare statement");
	s->conn = c;
	s->literal = literal;
	s->cached = cached;
	rc = compile(s, err);
	if (rc == STA_OK && cached && !reserve_slot(c))
		rc = sta_err_set(err, STA_NOMEM, 0, "prepare statement");
	if (rc != STA_OK) {
		drop(s);
		return rc;
	}
	if (cached) {
		*find_slot(c->slots, c->cap, literal) = s;
		c->count++;
	}
	*out = s;
	return STA_OK;
}

enum sta_rc
sta_db_prepare(struct sta_db_conn *c, const char *literal, struct sta_db_stmt **out, struct sta_err *err)
{
	struct sta_db_stmt *s = c->cap ? *find_slot(c->slots, c->cap, literal) : NULL;

	if (!s || s->in_use) {
		/* The same literal inside its own rows: a second statement, gone when it is done. */
		enum sta_rc rc = make(c, literal, !s, &s, err);

		if (rc != STA_OK)
			return rc;
	}
	/* Another text at the address of an earlier one was never a literal.  SQLite
	 * keeps it without the blanks at its end. */
	assert(strncmp(sqlite3_sql(s->handle), literal, strlen(sqlite3_sql(s->handle))) == 0);
	s->in_use = true;
	c->in_use++;
	*out = s;
	return STA_OK;
}

void
sta_db_done(struct sta_db_stmt **sp)
{
	struct sta_db_stmt *s = *sp;

	if (!s)
		return;
	*sp = NULL;
	s->conn->in_use--;
	if (!s->cached) {
		drop(s);
		return;
	}
	(void) sqlite3_reset(s->handle); /* repeats the last step's failure, which was reported */
	(void) sqlite3_clear_bindings(s->handle);
	s->bind_code = SQLITE_OK;
	s->bound = 0;
	s->finished = false;
	s->in_use = false;
}

enum sta_rc
sta_db_control_load(struct sta_db_conn *c, const char *literal, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc;

	c->in_control = true;
	rc = sta_db_prepare(c, literal, &s, err);
	c->in_control = false;
	return rc;
}

int
sta_db_control(struct sta_db_conn *c, const char *literal)
{
	struct sta_db_stmt *s = NULL;
	struct sta_err err;
	int code;

	c->in_control = true;
	if (sta_db_prepare(c, literal, &s, &err) == STA_OK) {
		code = sqlite3_step(s->handle);
		sta_db_done(&s);
	} else {
		code = err.rc == STA_NOMEM ? SQLITE_NOMEM : sqlite3_extended_errcode(c->handle);
	}
	c->in_control = false;
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

static void
note_binding(struct sta_db_stmt *s, int i, int code)
{
	s->finished = false;
	if (code == SQLITE_OK)
		s->bound |= UINT64_C(1) << (i - 1);
	else if (s->bind_code == SQLITE_OK)
		s->bind_code = code;
}

void
sta_db_bind_int(struct sta_db_stmt *s, int i, int64_t v)
{
	note_binding(s, i, sqlite3_bind_int64(s->handle, i, v));
}

void
sta_db_bind_text(struct sta_db_stmt *s, int i, const char *v)
{
	note_binding(s, i, sqlite3_bind_text(s->handle, i, v, -1, SQLITE_STATIC));
}

void
sta_db_bind_bytes(struct sta_db_stmt *s, int i, const void *p, size_t len)
{
	note_binding(s, i, sqlite3_bind_blob64(s->handle, i, p ? p : "", len, SQLITE_STATIC));
}

void
sta_db_bind_null(struct sta_db_stmt *s, int i)
{
	note_binding(s, i, sqlite3_bind_null(s->handle, i));
}

/* An error may have cost the whole transaction; what follows would commit by itself. */
static bool
lost_transaction(const struct sta_db_conn *c)
{
	return c->is_writer && sqlite3_get_autocommit(c->handle);
}

enum sta_rc
sta_db_step(struct sta_db_stmt *s, bool *row, struct sta_err *err)
{
	int code;

	if (s->bind_code != SQLITE_OK)
		return sta_db_fail(s->conn, s->bind_code, err);
	if (s->bound != s->wanted)
		return sta_err_set(err, STA_BACKEND, 0, "a placeholder of a statement has no value");
	if (lost_transaction(s->conn))
		return sta_err_set(err, STA_BACKEND, 0, "the database rolled the transaction back");
	if (s->finished) { /* SQLite would begin again */
		*row = false;
		return STA_OK;
	}
	code = sqlite3_step(s->handle);
	if (code == SQLITE_ROW) {
		*row = true;
		return STA_OK;
	}
	if (code != SQLITE_DONE) {
		enum sta_rc rc = sta_db_fail(s->conn, code, err);

		(void) sqlite3_reset(s->handle);
		return rc;
	}
	(void) sqlite3_reset(s->handle);
	s->finished = true;
	*row = false;
	return STA_OK;
}

enum sta_rc
sta_db_run(struct sta_db_stmt *s, struct sta_err *err)
{
	bool row = false;
	enum sta_rc rc = sta_db_step(s, &row, err);

	if (rc != STA_OK)
		return rc;
	(void) sqlite3_reset(s->handle);
	s->finished = false;
	if (row)
		return sta_err_set(err, STA_BACKEND, 0, "a statement to be run yields rows");
	return STA_OK;
}

int64_t
sta_db_changes(struct sta_db_conn *c)
{
	return sqlite3_changes64(c->handle);
}

int64_t
sta_db_int(struct sta_db_stmt *s, int i)
{
	return sqlite3_column_type(s->handle, i) == SQLITE_INTEGER ? sqlite3_column_int64(s->handle, i) : 0;
}

const char *
sta_db_text(struct sta_db_stmt *s, int i)
{
	if (sqlite3_column_type(s->handle, i) != SQLITE_TEXT)
		return NULL;
	return (const char *) sqlite3_column_text(s->handle, i);
}

const void *
sta_db_bytes(struct sta_db_stmt *s, int i, size_t *len)
{
	const void *p;

	*len = 0;
	if (sqlite3_column_type(s->handle, i) != SQLITE_BLOB)
		return NULL;
	p = sqlite3_column_blob(s->handle, i);
	*len = (size_t) sqlite3_column_bytes(s->handle, i);
	return p ? p : ""; /* SQLite has no pointer for a value of no bytes */
}

bool
sta_db_is_null(struct sta_db_stmt *s, int i)
{
	return sqlite3_column_type(s->handle, i) == SQLITE_NULL;
}

enum sta_rc
sta_db_script(struct sta_db_conn *c, const char *sql, struct sta_err *err)
{
	int code;

	assert(c->is_writer);
	if (lost_transaction(c))
		return sta_err_set(err, STA_BACKEND, 0, "the database rolled the transaction back");
	code = sqlite3_exec(c->handle, sql, NULL, NULL, NULL);
	return code == SQLITE_OK ? STA_OK : sta_db_fail(c, code, err);
}
