/* Words of packages: what they are, and that the index follows what is changed. */

#include <stdio.h>
#include <string.h>

#include "world.h"

#include "base/auto.h"
#include "model/manifests.h"
#include "model/packages.h"
#include "model/search.h"
#include "model/tags.h"
#include "model/trash.h"
#include "model/word_index.h"
#include "model/words.h"

static void
words_of(const char *text, const char *expected)
{
	char all[512] = "";
	char word[STA_WORD_MAX + 1];
	size_t len = 0;

	while (sta_word_next(&text, word))
		len += (size_t) snprintf(all + len, sizeof(all) - len, "%s|", word);
	assert_string_equal(all, expected);
}

static void
words_are_runs_of_letters_and_digits(void **state)
{
	(void) state;
	words_of("", "");
	words_of(" -_/.:*%\n", "");
	words_of("My-App_2.0/x", "my|app|2|0|x|");
	words_of("Größe ÄÖ", "größe|ÄÖ|"); /* ASCII alone is folded */
	words_of("0123456789012345678901234567890123456789012345678901234567890123456789",
		 "0123456789012345678901234567890123456789012345678901234567890123|");
	words_of("012345678901234567890123456789012345678901234567890123456789012é",
		 "012345678901234567890123456789012345678901234567890123456789012|"); /* not within a
											 character */
}

static void
licenses_are_words_of_an_expression(void **state)
{
	const char *text = "(MIT OR Apache-2.0) AND GPL-2.0+ WITH LicenseRef:x";
	static const char *const expected[] = { "mit", "apache-2.0", "gpl-2.0+", "licenseref:x" };
	char word[STA_WORD_MAX + 1];

	(void) state;
	for (size_t i = 0; i < 4; i++) {
		assert_true(sta_license_next(&text, word));
		assert_string_equal(word, expected[i]);
	}
	assert_false(sta_license_next(&text, word));
	text = "and or";
	assert_false(sta_license_next(&text, word));
}

static void
words_of_a_package_are_sorted_and_each_once(void **state)
{
	struct world *w = *state;
	const struct sta_word_source s = {
		.namespace_id = 7,
		.visibility = 2,
		.name = "acme/my-app",
		.description = "The App",
		.licenses = "MIT",
		.repository = "acme/source",
	};

	assert_string_equal(sta_words_of(w->arena, &s),
			    "\x01n7.2\n\x01v2\n\x02mit\n\x03"
			    "acme\n\x03"
			    "app\n\x03my\n\x04"
			    "acme\n\x04"
			    "acme/my-app\n\x04mit\n\x04my-app\nacme\napp\nmit\nmy\nsource\nthe\n");
}

static void
words_of_a_package_are_so_many_at_most_and_its_name_s_come_first(void **state)
{
	struct world *w = *state;
	char many[2000] = "";
	struct sta_word_source s = { .name = "acme/app", .description = many };
	const char *words;
	size_t n = 0;

	for (size_t i = 0; i < 300; i++)
		(void) snprintf(many + strlen(many), sizeof(many) - strlen(many), "w%zu ", i);
	words = sta_words_of(w->arena, &s);
	for (const char *p = words; *p; p++)
		n += *p == '\n';
	assert_int_equal(n, STA_PACKAGE_WORDS);
	assert_non_null(strstr(words, "\napp\n"));
}

/* --- the index --- */

static bool
finds(struct world *w, struct sta_db_conn *c, const char *word, int64_t id)
{
	struct sta_search s;
	struct sta_idset all;
	struct sta_idset found;
	struct sta_search_key key = sta_search_text(w->arena, STA_SEARCH_WORD, "", word, false);

	assert_int_equal(sta_search_begin(c, w->arena, &s, &w->err), STA_OK);
	assert_true(sta_idset_new(w->arena, s.end, &all));
	assert_true(sta_idset_new(w->arena, s.end, &found));
	assert_int_equal(sta_search_all(&s, &all, &w->err), STA_OK);
	assert_int_equal(sta_search_find(&s, &key, &all, &found, &w->err), STA_OK);
	assert_false(s.cut);
	return sta_idset_has(&found, id);
}

static void
set_tag(struct world *w, struct sta_db_conn *c, const char *name, int64_t id, int64_t now_unix)
{
	const struct sta_author by = { .name = "alice", .now_unix = now_unix };

	assert_int_equal(sta_tag_set(c, w->app, name, id, &by, &w->err), STA_OK);
}

static void
publish(struct world *w, struct sta_db_conn *c, const char *description)
{
	assert_int_equal(sta_package_touch(c, w->app, NOW, &w->err), STA_OK);
	assert_int_equal(sta_word_index_labels(c, w->app, description, "MIT", &w->err), STA_OK);
}

static void
a_package_that_is_not_published_has_no_words(struct world *w, struct sta_db_conn *c)
{
	assert_int_equal(sta_word_index(c, w->app, &w->err), STA_OK);
	assert_int_equal(number(c, "SELECT count(*) FROM package_word"), 0);
	publish(w, c, "text");
	assert_true(finds(w, c, "text", w->app));
	assert_true(finds(w, c, "mit", w->app));
	assert_false(finds(w, c, "lib", w->app));
	assert_false(finds(w, c, "text", w->lib));
}

static void
new_labels_take_the_place_of_the_old_ones(struct world *w, struct sta_db_conn *c)
{
	struct sta_package p;

	publish(w, c, "one two");
	publish(w, c, "two three");
	assert_false(finds(w, c, "one", w->app));
	assert_true(finds(w, c, "two", w->app));
	assert_true(finds(w, c, "three", w->app));
	assert_int_equal(sta_package_find(c, w->arena, "alice/app", 0, &p, &w->err), STA_OK);
	assert_int_equal(p.indexed, sta_word_index_hash("two three", "MIT"));
}

static void
labels_that_differ_have_other_hashes(void **state)
{
	(void) state;
	assert_int_equal(sta_word_index_hash("a", "b"), sta_word_index_hash("a", "b"));
	assert_int_not_equal(sta_word_index_hash("a", "b"), sta_word_index_hash("ab", NULL));
	assert_int_not_equal(sta_word_index_hash(NULL, "a"), sta_word_index_hash("a", NULL));
	assert_int_not_equal(sta_word_index_hash("", NULL), sta_word_index_hash(NULL, NULL));
	assert_int_not_equal(sta_word_index_hash(NULL, NULL), 0);
}

static void
nothing_is_left_of_a_package_that_goes(struct world *w, struct sta_db_conn *c)
{
	bool gone = false;

	publish(w, c, "text");
	assert_int_equal(sta_trash_package(c, w->app, NOW, &w->err), STA_OK);
	assert_int_equal(number(c, "SELECT count(*) FROM package_word"), 0);
	assert_int_equal(number(c, "SELECT count(*) FROM indexed_package"), 0);
	publish(w, c, "text");
	while (!gone)
		assert_int_equal(sta_package_remove(c, w->app, &gone, &w->err), STA_OK);
	assert_int_equal(number(c, "SELECT count(*) FROM package_word"), 0);
	assert_int_equal(number(c, "SELECT count(*) FROM indexed_package"), 0);
}

static void
marked_packages_get_the_labels_of_the_tag_that_moved_last(struct world *w, struct sta_db_conn *c)
{
	struct sta_version old = { .digest = digest_of(1), .media_type = "m", .description = "older" };
	struct sta_version new = { .digest = digest_of(2), .media_type = "m", .description = "newer" };
	int64_t ids[8];
	size_t n = 0;

	publish(w, c, "text");
	assert_int_equal(sta_version_insert(c, w->app, &old, "{}", 2, &w->err), STA_OK);
	assert_int_equal(sta_version_insert(c, w->app, &new, "{}", 2, &w->err), STA_OK);
	assert_int_equal(sta_word_index_renew(c, w->app, &w->err), STA_OK);
	assert_false(finds(w, c, "text", w->app)); /* no version has a tag */
	assert_int_equal(number(c, "SELECT count(*) FROM package WHERE description IS NOT NULL"), 0);
	assert_int_equal(sta_word_index_mark(c, w->app, &w->err), STA_OK);
	assert_int_equal(sta_word_index_marked(c, 8, ids, &n, &w->err), STA_OK);
	assert_int_equal(n, 1);
	assert_int_equal(ids[0], w->app);
	assert_int_equal(sta_word_index_marked(c, 0, ids, &n, &w->err), STA_OK);
	assert_int_equal(n, 0);
	set_tag(w, c, "a", new.id, NOW);
	set_tag(w, c, "b", old.id, NOW + 1);
	assert_int_equal(sta_word_index_renew(c, w->app, &w->err), STA_OK);
	assert_true(finds(w, c, "older", w->app));
	set_tag(w, c, "a", old.id, NOW + 2);
	set_tag(w, c, "a", new.id, NOW + 3);
	assert_int_equal(sta_word_index_renew(c, w->app, &w->err), STA_OK);
	assert_true(finds(w, c, "newer", w->app));
	assert_int_equal(sta_word_index_marked(c, 8, ids, &n, &w->err), STA_OK);
	assert_int_equal(n, 0);
}

static enum sta_rc
spoil(struct sta_db_conn *c, struct sta_err *err)
{
	return sta_db_script(c, "UPDATE package_word SET packages = x'ff'", err);
}

static void
a_malformed_index_is_corrupt(struct world *w, struct sta_db_conn *c)
{
	publish(w, c, "text");
	assert_int_equal(spoil(c, &w->err), STA_OK);
	assert_int_equal(sta_word_index_labels(c, w->app, "other", NULL, &w->err), STA_CORRUPT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_runs_of_letters_and_digits),
		cmocka_unit_test(licenses_are_words_of_an_expression),
		cmocka_unit_test(labels_that_differ_have_other_hashes),
		cmocka_unit_test_setup_teardown(words_of_a_package_are_sorted_and_each_once, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			words_of_a_package_are_so_many_at_most_and_its_name_s_come_first, set_up, tear_down),
		TEST(a_package_that_is_not_published_has_no_words),
		TEST(new_labels_take_the_place_of_the_old_ones),
		TEST(nothing_is_left_of_a_package_that_goes),
		TEST(marked_packages_get_the_labels_of_the_tag_that_moved_last),
		TEST(a_malformed_index_is_corrupt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
