#include "model/search.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "model/sql.h"
#include "model/words.h"
#include "oci/digest.h"

#define IDS_MAX (INT64_C(1) << 24) /* packages with higher ids are not found: 2 MiB a set */
/* Behind a text: nothing that begins with it is as high, and nothing else between them is there. */
#define BEHIND_ALL "\xf4\x8f\xbf\xbf" /* the last character of Unicode */
#define BEHIND_ITSELF "\x01"          /* no word or tag has it within */

enum sta_rc
sta_search_begin(struct sta_db_conn *c, struct sta_arena *a, struct sta_search *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_sql_one(c, &s, err, "SELECT coalesce(max(id), 0) FROM package");
	int64_t end;

	if (rc != STA_OK)
		return rc;
	end = sta_db_int(s, 0) + 1;
	*out = (struct sta_search){
		.c = c,
		.a = a,
		.end = end < IDS_MAX ? end : IDS_MAX,
		.rows = STA_SEARCH_ROWS,
		.cut = end > IDS_MAX,
	};
	return STA_OK;
}

struct sta_search_key
sta_search_text(struct sta_arena *a, enum sta_search_kind kind, const char *class, const char *text,
		bool prefix)
{
	const char *from = sta_arena_printf(a, "%s%s", class, text);
	const char *to = sta_arena_printf(a, "%s%s%s", class, text, prefix ? BEHIND_ALL : BEHIND_ITSELF);

	return (struct sta_search_key){ .kind = kind, .from = to ? from : NULL, .to = to };
}

/* --- all that have it --- */

/* What there is of it, and which packages have each; charged to the search. */
static enum sta_rc
begin_all(struct sta_search *s, const struct sta_search_key *key, struct sta_db_stmt **out,
	  struct sta_err *err)
{
	switch (key->kind) {
	case STA_SEARCH_WORD:
		return sta_sql_rows(s->c, out, err,
				    "SELECT piece, packages FROM package_word WHERE word >= $1 AND word < $2",
				    STA_V_TEXT(key->from), STA_V_TEXT(key->to));
	case STA_SEARCH_TAG:
		return sta_sql_rows(s->c, out, err,
				    "SELECT package_id FROM tag WHERE name >= $1 AND name < $2",
				    STA_V_TEXT(key->from), STA_V_TEXT(key->to));
	case STA_SEARCH_DIGEST:
		break;
	}
	return sta_sql_rows(
		s->c, out, err,
		"SELECT package_id FROM manifest WHERE digest >= $1 AND digest < $2 AND deleted = 0",
		STA_V_BYTES(key->from, key->from_len), STA_V_BYTES(key->to, key->to_len));
}

static bool
take(struct sta_db_stmt *row, enum sta_search_kind kind, struct sta_idset *out)
{
	size_t len = 0;
	const void *stored;

	if (kind != STA_SEARCH_WORD) {
		sta_idset_add(out, sta_db_int(row, 0));
		return true;
	}
	stored = sta_db_bytes(row, 1, &len);
	return stored && sta_idset_load(out, sta_db_int(row, 0), stored, len);
}

/* *whole false: there are too many. */
static enum sta_rc
find_all(struct sta_search *s, const struct sta_search_key *key, struct sta_idset *out, bool *whole,
	 struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *st = NULL;
	bool row = false;
	enum sta_rc rc = begin_all(s, key, &st, err);

	while (rc == STA_OK && (rc = sta_db_step(st, &row, err)) == STA_OK && row && s->rows > 0) {
		s->rows--;
		if (!take(st, key->kind, out))
			return sta_err_set(err, STA_CORRUPT, 0, "the packages of a word are malformed");
	}
	*whole = !row;
	return rc;
}

/* --- one after the other --- */

static enum sta_rc
begin_one(struct sta_search *s, const struct sta_search_key *key, int64_t id, struct sta_db_stmt **out,
	  struct sta_err *err)
{
	switch (key->kind) {
	case STA_SEARCH_WORD:
		return sta_sql_one(s->c, out, err, "SELECT words FROM indexed_package WHERE package_id = $1",
				   STA_V_INT(id));
	case STA_SEARCH_TAG:
		return sta_sql_one(s->c, out, err,
				   "SELECT name FROM tag WHERE package_id = $1 AND name >= $2 AND name < $3"
				   " ORDER BY name LIMIT 1",
				   STA_V_INT(id), STA_V_TEXT(key->from), STA_V_TEXT(key->to));
	case STA_SEARCH_DIGEST:
		break;
	}
	return sta_sql_one(s->c, out, err,
			   "SELECT digest FROM manifest WHERE package_id = $1 AND digest >= $2"
			   " AND digest < $3 AND deleted = 0 ORDER BY digest LIMIT 1",
			   STA_V_INT(id), STA_V_BYTES(key->from, key->from_len),
			   STA_V_BYTES(key->to, key->to_len));
}

/* One of the lines, which are sorted, is in the range. */
static bool
has_line(const char *lines, const struct sta_search_key *key)
{
	for (const char *p = lines; p && *p; p += strcspn(p, "\n") + 1)
		if (strncmp(p, key->from, strlen(key->from)) == 0 &&
		    (strstr(key->to, BEHIND_ALL) || p[strlen(key->from)] == '\n'))
			return true;
	return false;
}

static enum sta_rc
has(struct sta_search *s, const struct sta_search_key *key, int64_t id, bool *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *st = NULL;
	enum sta_rc rc = begin_one(s, key, id, &st, err);

	*out = rc == STA_OK && (key->kind != STA_SEARCH_WORD || has_line(sta_db_text(st, 0), key));
	return rc == STA_NOT_FOUND ? STA_OK : rc;
}

static enum sta_rc
find_few(struct sta_search *s, const struct sta_search_key *key, const struct sta_idset *among,
	 struct sta_idset *out, struct sta_err *err)
{
	int64_t id = sta_idset_next(among, 0);
	enum sta_rc rc = STA_OK;

	sta_idset_clear(out);
	for (size_t n = 0; rc == STA_OK && id >= 0 && n < STA_SEARCH_FEW; n++) {
		bool found = false;

		rc = has(s, key, id, &found, err);
		if (found)
			sta_idset_add(out, id);
		id = sta_idset_next(among, id + 1);
	}
	s->cut = s->cut || id >= 0;
	return rc;
}

enum sta_rc
sta_search_find(struct sta_search *s, const struct sta_search_key *key, const struct sta_idset *among,
		struct sta_idset *out, struct sta_err *err)
{
	bool whole = false;
	enum sta_rc rc = STA_OK;

	if (!key->from)
		return sta_err_set(err, STA_NOMEM, 0, "search");
	sta_idset_clear(out);
	if (key->kind != STA_SEARCH_WORD && sta_idset_count(among) <= STA_SEARCH_FEW)
		return find_few(s, key, among, out, err);
	rc = find_all(s, key, out, &whole, err);
	if (rc == STA_OK && !whole)
		return find_few(s, key, among, out, err);
	sta_idset_and(out, among);
	return rc;
}

enum sta_rc
sta_search_first(struct sta_search *s, struct sta_arena *a, const struct sta_search_key *key,
		 int64_t package_id, const char **out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *st = NULL;
	char text[STA_DIGEST_TEXT_MAX];
	struct sta_digest d;
	enum sta_rc rc = key->from ? begin_one(s, key, package_id, &st, err)
				   : sta_err_set(err, STA_NOMEM, 0, "search");

	*out = NULL;
	if (rc != STA_OK)
		return rc == STA_NOT_FOUND ? STA_OK : rc;
	if (key->kind == STA_SEARCH_TAG)
		*out = sta_sql_text(a, st, 0);
	else if (sta_sql_digest(st, 0, &d))
		*out = sta_arena_strdup(a, sta_digest_text(&d, text));
	return *out ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "search");
}

/* --- who may read them --- */

/* Classes are few: they are not charged to the search. */
static enum sta_rc
add_class(struct sta_search *s, const char *class, bool prefix, struct sta_idset *out, struct sta_err *err)
{
	struct sta_search_key key = sta_search_text(s->a, STA_SEARCH_WORD, STA_WORD_CLASS, class, prefix);
	uint64_t rows = s->rows;
	bool whole = false;
	enum sta_rc rc;

	if (!key.from)
		return sta_err_set(err, STA_NOMEM, 0, "search");
	s->rows = UINT64_MAX;
	rc = find_all(s, &key, out, &whole, err);
	s->rows = rows;
	return rc;
}

enum sta_rc
sta_search_all(struct sta_search *s, struct sta_idset *out, struct sta_err *err)
{
	return add_class(s, "v", true, out, err);
}

enum sta_rc
sta_search_visibility(struct sta_search *s, int visibility, struct sta_idset *out, struct sta_err *err)
{
	char class[16];

	(void) snprintf(class, sizeof(class), "v%d", visibility);
	return add_class(s, class, false, out, err);
}

enum sta_rc
sta_search_public(struct sta_search *s, struct sta_idset *out, struct sta_err *err)
{
	return sta_search_visibility(s, 2, out, err);
}

/* Of a namespace all packages, or those that all who belong to it may read. */
static enum sta_rc
add_namespace(struct sta_search *s, int64_t id, bool whole, struct sta_idset *out, struct sta_err *err)
{
	char class[32];

	(void) snprintf(class, sizeof(class), whole ? "n%lld." : "n%lld.1", (long long) id);
	return add_class(s, class, whole, out, err);
}

enum sta_rc
sta_search_owner(struct sta_search *s, const char *name, struct sta_idset *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *st = NULL;
	enum sta_rc rc =
		sta_sql_one(s->c, &st, err, "SELECT id FROM namespace WHERE name = $1", STA_V_TEXT(name));

	if (rc != STA_OK)
		return rc == STA_NOT_FOUND ? STA_OK : rc;
	return add_namespace(s, sta_db_int(st, 0), true, out, err);
}

/* Its own, those of its organizations, and of the home of a machine. */
static enum sta_rc
add_namespaces(struct sta_search *s, int64_t account_id, struct sta_idset *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *st = NULL;
	bool row = false;
	enum sta_rc rc =
		sta_sql_rows(s->c, &st, err,
			     "SELECT $1 AS id, 1 AS whole"
			     " UNION ALL SELECT organization_id, CASE WHEN role = 2 THEN 1 ELSE 0 END"
			     "  FROM organization_member WHERE account_id = $1 AND role > 0"
			     " UNION ALL SELECT home_id, CASE WHEN home_role > 0 THEN 1 ELSE 0 END"
			     "  FROM account WHERE id = $1 AND home_id IS NOT NULL",
			     STA_V_INT(account_id));

	while (rc == STA_OK && (rc = sta_db_step(st, &row, err)) == STA_OK && row)
		rc = add_namespace(s, sta_db_int(st, 0), sta_db_int(st, 1) != 0, out, err);
	return rc;
}

#define TEAMS_OF                                                                                             \
	" FROM team_member i JOIN team_ancestor a ON a.team_id = i.team_id JOIN role_grant g"                \
	" ON g.subject_kind = 2 AND g.subject_id = a.ancestor_id WHERE i.account_id = $1 AND g.role > 0"

/* By roles in person, of teams, and on repositories that they inherit from. */
static enum sta_rc
add_granted(struct sta_search *s, int64_t account_id, struct sta_idset *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *st = NULL;
	bool row = false;
	enum sta_rc rc = sta_sql_rows(
		s->c, &st, err,
		"SELECT g.object_id FROM role_grant g WHERE g.subject_kind = 1 AND g.subject_id = $1"
		" AND g.object_kind = 1 AND g.role > 0"
		" UNION ALL SELECT g.object_id" TEAMS_OF " AND g.object_kind = 1"
		" UNION ALL SELECT p.id FROM (SELECT g.object_id AS id FROM role_grant g"
		"  WHERE g.subject_kind = 1 AND g.subject_id = $1 AND g.object_kind = 2 AND g.role > 0"
		"  UNION ALL SELECT g.object_id AS id" TEAMS_OF " AND g.object_kind = 2"
		"  UNION ALL SELECT w.id FROM repository w WHERE w.account_id = $1) r"
		" JOIN package p ON p.repository_id = r.id WHERE p.inherits = 1",
		STA_V_INT(account_id));

	while (rc == STA_OK && (rc = sta_db_step(st, &row, err)) == STA_OK && row && s->rows > 0) {
		s->rows--;
		sta_idset_add(out, sta_db_int(st, 0));
	}
	s->cut = s->cut || (rc == STA_OK && row);
	return rc;
}

enum sta_rc
sta_search_reached(struct sta_search *s, int64_t account_id, struct sta_idset *out, struct sta_err *err)
{
	struct sta_idset all;
	enum sta_rc rc = sta_idset_new(s->a, s->end, &all) ? sta_search_all(s, &all, err)
							   : sta_err_set(err, STA_NOMEM, 0, "search");

	if (rc == STA_OK)
		rc = add_granted(s, account_id, out, err);
	if (rc == STA_OK)
		rc = add_namespaces(s, account_id, out, err);
	if (rc == STA_OK)
		sta_idset_and(out, &all);
	return rc;
}

enum sta_rc
sta_search_labels(struct sta_search *s, struct sta_arena *a, int64_t package_id,
		  struct sta_search_labels *out, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *st = NULL;
	enum sta_rc rc =
		sta_sql_one(s->c, &st, err, "SELECT description, licenses FROM package WHERE id = $1",
			    STA_V_INT(package_id));

	if (rc != STA_OK)
		return rc;
	out->description = sta_sql_text(a, st, 0);
	out->licenses = sta_sql_text(a, st, 1);
	if ((!out->description && !sta_db_is_null(st, 0)) || (!out->licenses && !sta_db_is_null(st, 1)))
		return sta_err_set(err, STA_NOMEM, 0, "search");
	return STA_OK;
}
