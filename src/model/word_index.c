#include "model/word_index.h"

#include <string.h>

#include "base/auto.h"
#include "base/idset.h"
#include "model/sql.h"
#include "model/words.h"

#define MEMORY_MAX ((size_t) 1 << 20) /* for the words of one package */

/* --- the packages of one word --- */

static enum sta_rc
load(struct sta_db_conn *c, const char *word, int64_t piece, struct sta_idset *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	size_t len = 0;
	const void *stored;
	enum sta_rc rc =
		sta_sql_one(c, &s, err, "SELECT packages FROM package_word WHERE word = $1 AND piece = $2",
			    STA_V_TEXT(word), STA_V_INT(piece));

	if (rc != STA_OK)
		return rc == STA_NOT_FOUND ? STA_OK : rc;
	stored = sta_db_bytes(s, 0, &len);
	if (stored && sta_idset_load(out, 0, stored, len))
		return STA_OK;
	return sta_err_set(err, STA_CORRUPT, 0, "the packages of a word are malformed");
}

static enum sta_rc
change(struct sta_db_conn *c, const char *word, int64_t id, bool has, struct sta_err *err)
{
	uint64_t bits[STA_IDSET_PIECE / 64] = { 0 };
	struct sta_idset set = { .words = bits, .end = STA_IDSET_PIECE };
	unsigned char stored[STA_IDSET_STORED];
	int64_t piece = id / STA_IDSET_PIECE;
	size_t len;
	enum sta_rc rc = load(c, word, piece, &set, err);

	if (rc != STA_OK)
		return rc;
	if (has)
		sta_idset_add(&set, id % STA_IDSET_PIECE);
	else
		sta_idset_remove(&set, id % STA_IDSET_PIECE);
	len = sta_idset_store(&set, 0, stored);
	if (len == 0)
		return sta_sql_run(c, err, "DELETE FROM package_word WHERE word = $1 AND piece = $2",
				   STA_V_TEXT(word), STA_V_INT(piece));
	return sta_sql_run(c, err,
			   "INSERT INTO package_word(word, piece, packages) VALUES ($1, $2, $3)"
			   " ON CONFLICT (word, piece) DO UPDATE SET packages = excluded.packages",
			   STA_V_TEXT(word), STA_V_INT(piece), STA_V_BYTES(stored, len));
}

/* --- the words of one package --- */

/* The line at p without its end; *p moves on.  NULL: there is none. */
static const char *
line_at(struct sta_arena *a, const char **p)
{
	size_t len = strcspn(*p, "\n");
	const char *line = sta_arena_strndup(a, *p, len);

	*p += len + ((*p)[len] == '\n');
	return line;
}

/* By what the next lines of two sorted lists say: < 0: the first one is not in the second list. */
static int
compare_lines(const char *a, const char *b)
{
	size_t n = strcspn(a, "\n");
	size_t m = strcspn(b, "\n");
	int order;

	if (!*a || !*b)
		return *a ? -1 : 1;
	order = memcmp(a, b, n < m ? n : m);
	return order != 0 ? order : (n > m) - (n < m);
}

static enum sta_rc
change_all(struct sta_db_conn *c, struct sta_arena *a, int64_t id, const char *old, const char *new,
	   struct sta_err *err)
{
	enum sta_rc rc = STA_OK;

	while (rc == STA_OK && (*old || *new)) {
		int order = compare_lines(old, new);
		const char *word = line_at(a, order <= 0 ? &old : &new);

		if (!word)
			return sta_err_set(err, STA_NOMEM, 0, "words");
		if (order == 0)
			new += strlen(word) + (new[strlen(word)] == '\n');
		else
			rc = change(c, word, id, order > 0, err);
	}
	return rc;
}

static enum sta_rc
replace(struct sta_db_conn *c, struct sta_arena *a, int64_t id, const char *old, const char *new,
	struct sta_err *err)
{
	enum sta_rc rc;

	if (strcmp(old, new) == 0)
		return STA_OK;
	rc = change_all(c, a, id, old, new, err);
	if (rc != STA_OK)
		return rc;
	if (!*new)
		return sta_sql_run(c, err, "DELETE FROM indexed_package WHERE package_id = $1",
				   STA_V_INT(id));
	return sta_sql_run(c, err,
			   "INSERT INTO indexed_package(package_id, words) VALUES ($1, $2)"
			   " ON CONFLICT (package_id) DO UPDATE SET words = excluded.words",
			   STA_V_INT(id), STA_V_TEXT(new));
}

/* The package as it is, and the words that it stands under. */
struct state {
	struct sta_word_source source;
	bool published;
	const char *words;
};

static bool
copy(struct sta_arena *a, struct sta_db_stmt *s, int column, const char **out)
{
	*out = sta_sql_text(a, s, column);
	return *out || sta_db_is_null(s, column);
}

static enum sta_rc
read_state(struct sta_db_conn *c, struct sta_arena *a, int64_t id, struct state *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(
		c, &s, err,
		"SELECT p.namespace_id, p.visibility, p.published, p.name, p.description, p.licenses, r.name,"
		" w.words FROM package p"
		" LEFT JOIN repository r ON r.id = p.repository_id AND r.visibility = 2"
		" LEFT JOIN indexed_package w ON w.package_id = p.id WHERE p.id = $1",
		STA_V_INT(id));

	if (rc != STA_OK)
		return rc;
	out->source.namespace_id = sta_db_int(s, 0);
	out->source.visibility = (int) sta_db_int(s, 1);
	out->published = sta_db_int(s, 2) != 0;
	if (!copy(a, s, 3, &out->source.name) || !copy(a, s, 4, &out->source.description) ||
	    !copy(a, s, 5, &out->source.licenses) || !copy(a, s, 6, &out->source.repository) ||
	    !copy(a, s, 7, &out->words))
		return sta_err_set(err, STA_NOMEM, 0, "words");
	return STA_OK;
}

enum sta_rc
sta_word_index(struct sta_db_conn *c, int64_t package_id, struct sta_err *err)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(MEMORY_MAX);
	struct state s = { .words = NULL };
	const char *new = "";
	enum sta_rc rc = a ? read_state(c, a, package_id, &s, err) : sta_err_set(err, STA_NOMEM, 0, "words");

	if (rc == STA_OK && s.published)
		new = sta_words_of(a, &s.source);
	if (rc == STA_OK && !new)
		return sta_err_set(err, STA_NOMEM, 0, "words");
	if (rc == STA_OK)
		rc = replace(c, a, package_id, s.words ? s.words : "", new, err);
	if (rc != STA_OK)
		return rc;
	return sta_sql_run(c, err, "UPDATE package SET indexed = $1 WHERE id = $2",
			   STA_V_INT(sta_word_index_hash(s.source.description, s.source.licenses)),
			   STA_V_INT(package_id));
}

enum sta_rc
sta_word_index_labels(struct sta_db_conn *c, int64_t package_id, const char *description,
		      const char *licenses, struct sta_err *err)
{
	enum sta_rc rc =
		sta_sql_run(c, err, "UPDATE package SET description = $1, licenses = $2 WHERE id = $3",
			    STA_V_TEXT(description), STA_V_TEXT(licenses), STA_V_INT(package_id));

	return rc == STA_OK ? sta_word_index(c, package_id, err) : rc;
}

enum sta_rc
sta_word_index_renew(struct sta_db_conn *c, int64_t package_id, struct sta_err *err)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(MEMORY_MAX);
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	const char *description = NULL;
	const char *licenses = NULL;
	enum sta_rc rc = a ? sta_sql_one(c, &s, err,
					 "SELECT v.description, v.licenses FROM tag t"
					 " JOIN manifest v ON v.id = t.manifest_id WHERE t.package_id = $1"
					 " ORDER BY t.updated DESC, t.manifest_id DESC LIMIT 1",
					 STA_V_INT(package_id))
			   : sta_err_set(err, STA_NOMEM, 0, "words");

	if (rc == STA_OK && (!copy(a, s, 0, &description) || !copy(a, s, 1, &licenses)))
		return sta_err_set(err, STA_NOMEM, 0, "words");
	if (rc != STA_OK && rc != STA_NOT_FOUND)
		return rc;
	sta_db_done(&s);
	return sta_word_index_labels(c, package_id, description, licenses, err);
}

enum sta_rc
sta_word_index_remove(struct sta_db_conn *c, int64_t package_id, struct sta_err *err)
{
	enum sta_rc rc =
		sta_sql_run(c, err, "UPDATE package SET published = 0 WHERE id = $1", STA_V_INT(package_id));

	return rc == STA_OK ? sta_word_index(c, package_id, err) : rc;
}

static uint64_t
hash_more(uint64_t hash, const char *text)
{
	for (const char *p = text ? text : ""; *p; p++)
		hash = (hash ^ (unsigned char) *p) * UINT64_C(0x100000001b3); /* FNV-1a */
	return (hash ^ (text ? 0x100U : 0x101U)) * UINT64_C(0x100000001b3);
}

int64_t
sta_word_index_hash(const char *description, const char *licenses)
{
	uint64_t hash = hash_more(hash_more(UINT64_C(0xcbf29ce484222325), description), licenses);

	return (int64_t) (hash >> 1 | 1);
}

enum sta_rc
sta_word_index_mark(struct sta_db_conn *c, int64_t package_id, struct sta_err *err)
{
	return sta_sql_run(c, err, "UPDATE package SET indexed = 0 WHERE id = $1", STA_V_INT(package_id));
}

enum sta_rc
sta_word_index_marked(struct sta_db_conn *c, size_t max, int64_t *out, size_t *n, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	bool row = false;
	size_t got = 0;
	enum sta_rc rc = sta_sql_rows(
		c, &s, err, "SELECT id FROM package WHERE indexed = 0 ORDER BY id LIMIT $1", STA_V_INT(max));

	while (rc == STA_OK && (rc = sta_db_step(s, &row, err)) == STA_OK && row && got < max)
		out[got++] = sta_db_int(s, 0);
	*n = rc == STA_OK ? got : 0;
	return rc;
}
