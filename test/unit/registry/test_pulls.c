/* How often versions are pulled: counted by many at a time, and written down in bounded parts. */

#include "trash_house.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "registry/pulls.h"
#include "registry/statistics.h"

#define THREADS 4
#define EACH 20000
#define DAY INT64_C(86400)
#define WITH_TAG (STA_PULLS_KEYS / 4 * 3) /* keys from which on tags do not count */
#define NOBODY INT64_C(1000000)           /* from there on no version has an id */

static atomic_int writes_left; /* before they fail; -1: they do not */
static atomic_bool no_memory;

enum sta_rc __wrap_sta_db_write(struct sta_db *db, sta_db_tx_fn *fn, void *arg, struct sta_err *err);
enum sta_rc __real_sta_db_write(struct sta_db *db, sta_db_tx_fn *fn, void *arg, struct sta_err *err);
void *__wrap_sta_malloc(size_t len);
void *__real_sta_malloc(size_t len);

enum sta_rc
__wrap_sta_db_write(struct sta_db *db, sta_db_tx_fn *fn, void *arg, struct sta_err *err)
{
	if (writes_left == 0)
		return sta_err_set(err, STA_FULL, 0, "no space");
	if (writes_left > 0)
		writes_left--;
	return __real_sta_db_write(db, fn, arg, err);
}

void *
__wrap_sta_malloc(size_t len)
{
	return no_memory ? NULL : __real_sta_malloc(len);
}

static int
set_up(void **state)
{
	writes_left = -1;
	no_memory = false;
	return trash_setup(state);
}

static int
tear_down(void **state)
{
	sta_clock_set_offset(0);
	return trash_teardown(state);
}

static int64_t
pulls(struct house *h)
{
	return number(h, "SELECT pulls FROM package WHERE name = 'alice/app'");
}

static void
flush(struct house *h)
{
	assert_rc(h, sta_pulls_flush(h->r, &h->err), STA_OK);
}

static void
pulls_are_written_down_once(void **state)
{
	struct house *h = *state;
	int64_t id = add_image(h, "v1", 1);

	sta_pull_count(h->r, id, NULL, STA_PULLED);
	sta_pull_count(h->r, id, NULL, STA_PULLED);
	assert_int_equal(pulls(h), 0);
	flush(h);
	assert_int_equal(pulls(h), 2);
	flush(h);
	assert_int_equal(pulls(h), 2);
	sta_pull_count(h->r, id, NULL, STA_PULLED);
	flush(h);
	assert_int_equal(pulls(h), 3);
	assert_int_equal(number(h, "SELECT pulls FROM manifest"), 3);
	assert_int_equal(number(h, "SELECT sum(pulls) FROM pull_day"), 3);
}

static void
heads_are_no_pulls(void **state)
{
	struct house *h = *state;
	int64_t id = add_image(h, "v1", 1);

	sta_pull_count(h->r, id, "v1", STA_PULL_HEAD);
	sta_pull_count(h->r, id, "v1", STA_PULL_HEAD);
	sta_pull_count(h->r, id, "v1", STA_PULLED);
	flush(h);
	assert_int_equal(pulls(h), 1);
	assert_int_equal(number(h, "SELECT pulls FROM manifest"), 1);
	assert_int_equal(number(h, "SELECT heads * 10 + pulls FROM pull_day WHERE tag = 'v1'"), 21);
}

static void
tags_and_days_are_counted_apart(void **state)
{
	struct house *h = *state;
	int64_t id = add_image(h, "v1", 1);
	int64_t today = sta_now_unix() / DAY;

	sta_pull_count(h->r, id, "v1", STA_PULLED);
	sta_pull_count(h->r, id, "v2", STA_PULLED);
	sta_pull_count(h->r, id, NULL, STA_PULLED);
	sta_clock_set_offset(DAY);
	sta_pull_count(h->r, id, "v1", STA_PULLED);
	flush(h);
	assert_int_equal(pulls(h), 4);
	assert_int_equal(number(h, "SELECT count(*) FROM pull_day WHERE pulls = 1 AND part = 0"), 4);
	assert_int_equal(number(h, "SELECT sum(pulls) FROM pull_day WHERE tag = 'v1'"), 2);
	assert_int_equal(number(h, "SELECT sum(pulls) FROM pull_day WHERE tag = ''"), 1);
	assert_int_equal(number(h, "SELECT min(day) FROM pull_day"), today);
	assert_int_equal(number(h, "SELECT max(day) FROM pull_day"), today + 1);
}

static void
what_an_index_lists_is_a_part_by_digest_and_whole_by_its_tag(void **state)
{
	struct house *h = *state;
	int64_t child = add_image(h, "amd64", 1);
	int64_t index = add_index(h, "v1", &child, 1);

	sta_pull_count(h->r, index, "v1", STA_PULLED);
	sta_pull_count(h->r, child, NULL, STA_PULLED);
	flush(h);
	assert_int_equal(pulls(h), 1);
	sta_pull_count(h->r, child, "amd64", STA_PULLED);
	flush(h);
	assert_int_equal(pulls(h), 2);
	assert_int_equal(number(h, "SELECT sum(pulls) FROM manifest"), 3);
	assert_int_equal(number(h, "SELECT sum(pulls) FROM pull_day WHERE part = 1"), 1);
	assert_rc(h, remove_with(h, index, false), STA_OK); /* then it is listed no more */
	sta_pull_count(h->r, child, NULL, STA_PULLED);
	flush(h);
	assert_int_equal(pulls(h), 3);
	assert_int_equal(number(h, "SELECT sum(pulls) FROM pull_day WHERE tag = ''"), 2);
}

static void
what_was_pulled_before_it_was_deleted_counts(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "v1", 1);
	struct sta_digest d = digest_at(h, one);
	struct sta_reference ref = ref_digest(&d);
	struct sta_name name;

	(void) add_image(h, "v2", 2);
	name_of(APP, &name);
	h->options.trash_keep_s = 0;
	house_restart(h);
	sta_pull_count(h->r, one, "v1", STA_PULLED);
	assert_rc(h, sta_delete_manifest(h->r, &h->alice, &name, &ref, &h->err), STA_OK);
	assert_int_equal(number(h, "SELECT pulls FROM pull_day WHERE tag = 'v1'"), 1);
	sta_pull_count(h->r, one, "v1", STA_PULLED); /* it is gone: nobody's */
	flush(h);
	assert_int_equal(pulls(h), 1);
}

struct counter {
	struct house *h;
	int64_t id;
	const char *tag;
	pthread_t thread;
};

static void *
count(void *arg)
{
	const struct counter *c = arg;
	char tag[32];

	for (int i = 0; i < EACH; i++) {
		sta_pull_count(c->h->r, c->id, c->tag, STA_PULLED);
		(void) snprintf(tag, sizeof(tag), "t%d", i % 50);
		sta_pull_count(c->h->r, c->id, tag, STA_PULL_HEAD);
		sta_pull_count(c->h->r, NOBODY + i % 1000, NULL, STA_PULLED); /* which makes tables grow */
	}
	return NULL;
}

static void
no_pull_is_lost_or_counted_twice_while_others_write_down(void **state)
{
	static const char *const tags[THREADS] = { "v1", "v1", NULL, "v2" };
	struct house *h = *state;
	struct counter counters[THREADS];
	int64_t id = add_image(h, "v1", 1);

	for (size_t i = 0; i < THREADS; i++) {
		counters[i] = (struct counter){ .h = h, .id = id, .tag = tags[i] };
		assert_int_equal(pthread_create(&counters[i].thread, NULL, count, &counters[i]), 0);
	}
	for (int i = 0; i < 20; i++)
		flush(h);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(counters[i].thread, NULL), 0);
	flush(h);
	assert_int_equal(pulls(h), (int64_t) THREADS * EACH);
	assert_int_equal(number(h, "SELECT sum(heads) FROM pull_day"), (int64_t) THREADS * EACH);
	assert_int_equal(number(h, "SELECT sum(pulls) FROM pull_day WHERE tag = 'v1'"), (int64_t) 2 * EACH);
	assert_int_equal(number(h, "SELECT min(heads) FROM pull_day WHERE tag LIKE 't%'"),
			 THREADS * EACH / 50);
	assert_int_equal(sta_pulls_lost(h->r), 0);
}

static void *
flush_often(void *arg)
{
	struct counter *c = arg;
	struct sta_err err;

	for (int i = 0; i < 200; i++)
		if (sta_pulls_flush(c->h->r, &err) != STA_OK)
			return c;
	return NULL;
}

static void
who_flushed_sees_what_it_counted_though_others_flush_as_well(void **state)
{
	struct house *h = *state;
	struct counter other = { .h = h };
	void *failed = NULL;
	int64_t id = add_image(h, "v1", 1);

	assert_int_equal(pthread_create(&other.thread, NULL, flush_often, &other), 0);
	for (int i = 1; i <= 200; i++) {
		sta_pull_count(h->r, id, "v1", STA_PULLED);
		flush(h);
		assert_int_equal(pulls(h), i);
	}
	assert_int_equal(pthread_join(other.thread, &failed), 0);
	assert_null(failed);
}

/* Of many keys, for several transactions. */
static void
count_tags(struct house *h, int64_t id, int n)
{
	char tag[32];

	for (int i = 0; i < n; i++) {
		(void) snprintf(tag, sizeof(tag), "t%d", i);
		sta_pull_count(h->r, id, tag, STA_PULLED);
	}
}

static void
pulls_that_could_not_be_written_are_kept(void **state)
{
	struct house *h = *state;
	int64_t id = add_image(h, "v1", 1);

	for (int after = 0; after < 4; after++) {
		count_tags(h, id, 450);
		writes_left = after;
		assert_rc(h, sta_pulls_flush(h->r, &h->err), STA_FULL);
		writes_left = -1;
		assert_int_equal(pulls(h), 450 * after + 100 * after); /* those before the failure */
		flush(h);
		assert_int_equal(pulls(h), 450 * (after + 1));
	}
	assert_int_equal(number(h, "SELECT count(*) FROM pull_day WHERE pulls = 4"), 450);
	assert_int_equal(sta_pulls_lost(h->r), 0);
}

static void
where_there_is_no_more_room_tags_are_left_out_and_then_pulls(void **state)
{
	struct house *h = *state;
	int64_t id = add_image(h, "v1", 1);
	int64_t i;

	for (i = 0; i < (int64_t) WITH_TAG; i++)
		sta_pull_count(h->r, NOBODY + i, "v1", STA_PULLED);
	sta_pull_count(h->r, id, "v1", STA_PULLED);
	sta_pull_count(h->r, id, "v2", STA_PULLED);
	assert_int_equal(sta_pulls_lost(h->r), 0);
	for (; i < (int64_t) STA_PULLS_KEYS - 1; i++)
		sta_pull_count(h->r, NOBODY + i, NULL, STA_PULLED);
	assert_int_equal(sta_pulls_lost(h->r), 0);
	sta_pull_count(h->r, NOBODY + i, NULL, STA_PULLED);
	sta_pull_count(h->r, NOBODY + i, "v1", STA_PULL_HEAD);
	assert_int_equal(sta_pulls_lost(h->r), 2);
	sta_pull_count(h->r, id, "v3", STA_PULLED); /* it has a place */
	sta_pull_count(h->r, NOBODY, "v1", STA_PULLED);
	assert_int_equal(sta_pulls_lost(h->r), 2);
	flush(h);
	assert_int_equal(pulls(h), 3);
	assert_int_equal(number(h, "SELECT pulls FROM pull_day WHERE tag = ''"), 3);
	sta_pull_count(h->r, id, "v1", STA_PULLED); /* now there is room again */
	flush(h);
	assert_int_equal(number(h, "SELECT pulls FROM pull_day WHERE tag = 'v1'"), 1);
}

static void
without_memory_pulls_are_lost_and_nothing_else(void **state)
{
	struct house *h = *state;
	int64_t id = add_image(h, "v1", 1);

	sta_pull_count(h->r, id, NULL, STA_PULLED);
	no_memory = true;
	sta_pull_count(h->r, id, NULL, STA_PULLED); /* needs none */
	for (int64_t i = 0; i < 2000; i++)
		sta_pull_count(h->r, NOBODY + i, "v1", STA_PULLED);
	no_memory = false;
	assert_true(sta_pulls_lost(h->r) > 1000);
	flush(h);
	assert_int_equal(pulls(h), 2);
}

static void
nothing_is_written_when_nothing_was_pulled(void **state)
{
	struct house *h = *state;

	writes_left = 0;
	flush(h);
	writes_left = -1;
}

/* --- their end --- */

static void
days_that_are_no_longer_kept_are_forgotten_and_the_sums_stay(void **state)
{
	struct house *h = *state;
	int64_t id = add_image(h, "v1", 1);

	h->options.statistics_keep_s = (uint64_t) (2 * DAY);
	house_restart(h);
	count_tags(h, id, 1200); /* more than one transaction removes */
	sta_clock_set_offset(2 * DAY);
	count_tags(h, id, 3);
	flush(h);
	(void) run_gc(h, false);
	assert_int_equal(number(h, "SELECT count(*) FROM pull_day"), 1203);
	sta_clock_set_offset(3 * DAY);
	(void) run_gc(h, false);
	assert_int_equal(number(h, "SELECT count(*) FROM pull_day"), 3);
	assert_int_equal(pulls(h), 1203);
}

static void
statistics_go_with_their_package(void **state)
{
	struct house *h = *state;
	uint64_t keeps[] = { KEEP, 0 };

	for (size_t i = 0; i < 2; i++) {
		int64_t id = add_image(h, "v1", 1);

		h->options.trash_keep_s = keeps[i];
		house_restart(h);
		count_tags(h, id, 1200);
		assert_rc(h, remove_package(h, &h->alice), STA_OK);
		assert_int_equal(number(h, "SELECT count(*) FROM pull_day"), keeps[i] > 0 ? 1200 : 0);
		sta_clock_set_offset(KEEP + GRACE + 100);
		for (int pass = 0; pass < 2; pass++)
			(void) run_gc(h, false);
		sta_clock_set_offset(2 * (KEEP + GRACE + 100));
		assert_int_equal(run_gc(h, false).packages_removed, i == 0 ? 1 : 0);
		assert_int_equal(number(h, "SELECT count(*) FROM pull_day"), 0);
		assert_int_equal(number(h, "SELECT count(*) FROM package"), 0);
		sta_clock_set_offset(0);
	}
}

static void
who_asks_sees_what_was_counted_until_then(void **state)
{
	struct house *h = *state;
	struct sta_statistics got;
	struct sta_statistics_query q = { .by = STA_BY_TAG, .to = sta_now_unix() / DAY };
	int64_t id = add_image(h, "v1", 1);

	q.from = q.to;
	sta_pull_count(h->r, id, "v1", STA_PULLED);
	assert_rc(h, sta_package_statistics(h->r, &h->alice, "alice", "app", &q, &got, &h->err), STA_OK);
	assert_int_equal(got.pulls, 1);
	assert_int_equal(got.n, 1);
	assert_string_equal(got.items[0].name, "v1");
}

/* --- who may look --- */

static void
statistics_are_for_readers_who_may_wait(void **state)
{
	struct house *h = *state;
	struct sta_statistics_query q = { .by = STA_BY_DAY };
	struct sta_statistics got;
	struct sta_call hurried = h->alice;

	(void) add_image(h, "v1", 1);
	hurried.may_wait = false;
	assert_rc(h, sta_package_statistics(h->r, &hurried, "alice", "app", &q, &got, &h->err),
		  STA_WOULD_BLOCK);
	assert_rc(h, sta_package_statistics(h->r, &h->bob, "alice", "app", &q, &got, &h->err), STA_NOT_FOUND);
	assert_rc(h, sta_package_statistics(h->r, &h->alice, "alice", "none", &q, &got, &h->err),
		  STA_NOT_FOUND);
	q.to = STA_STATISTICS_DAYS;
	assert_rc(h, sta_package_statistics(h->r, &h->alice, "alice", "app", &q, &got, &h->err), STA_INVALID);
	q.to--;
	assert_rc(h, sta_package_statistics(h->r, &h->alice, "alice", "app", &q, &got, &h->err), STA_OK);
	assert_int_equal(got.n, STA_STATISTICS_DAYS);
	q.from = q.to + 1;
	assert_rc(h, sta_package_statistics(h->r, &h->alice, "alice", "app", &q, &got, &h->err), STA_INVALID);
}

static void
a_list_has_a_thousand_items_at_most_and_says_that_there_are_more(void **state)
{
	struct house *h = *state;
	struct sta_statistics_query q = { .by = STA_BY_TAG, .to = sta_now_unix() / DAY };
	struct sta_statistics got;
	int64_t id = add_image(h, "v1", 1);

	q.from = q.to;
	count_tags(h, id, STA_STATISTICS_ITEMS);
	assert_rc(h, sta_package_statistics(h->r, &h->alice, "alice", "app", &q, &got, &h->err), STA_OK);
	assert_int_equal(got.n, STA_STATISTICS_ITEMS);
	assert_false(got.more);
	sta_pull_count(h->r, id, "zz", STA_PULLED);
	sta_pull_count(h->r, id, "zz", STA_PULLED);
	assert_rc(h, sta_package_statistics(h->r, &h->alice, "alice", "app", &q, &got, &h->err), STA_OK);
	assert_int_equal(got.n, STA_STATISTICS_ITEMS);
	assert_true(got.more);
	assert_string_equal(got.items[0].name, "zz");
	assert_string_equal(got.items[1].name, "t0");
	assert_int_equal(got.pulls, STA_STATISTICS_ITEMS + 2);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(pulls_are_written_down_once),
		TEST(heads_are_no_pulls),
		TEST(tags_and_days_are_counted_apart),
		TEST(what_an_index_lists_is_a_part_by_digest_and_whole_by_its_tag),
		TEST(what_was_pulled_before_it_was_deleted_counts),
		TEST(no_pull_is_lost_or_counted_twice_while_others_write_down),
		TEST(who_flushed_sees_what_it_counted_though_others_flush_as_well),
		TEST(pulls_that_could_not_be_written_are_kept),
		TEST(where_there_is_no_more_room_tags_are_left_out_and_then_pulls),
		TEST(without_memory_pulls_are_lost_and_nothing_else),
		TEST(nothing_is_written_when_nothing_was_pulled),
		TEST(days_that_are_no_longer_kept_are_forgotten_and_the_sums_stay),
		TEST(statistics_go_with_their_package),
		TEST(who_asks_sees_what_was_counted_until_then),
		TEST(statistics_are_for_readers_who_may_wait),
		TEST(a_list_has_a_thousand_items_at_most_and_says_that_there_are_more),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
