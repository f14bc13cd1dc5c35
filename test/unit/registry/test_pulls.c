/* How often versions are pulled: counted by many at a time, and written down in one go. */

#include "house.h"

#include <pthread.h>
#include <stdatomic.h>

#include "registry/pulls.h"

#define THREADS 4
#define EACH 20000
#define PLACES 8 /* versions whose ids meet in the table */

static atomic_bool fails;

enum sta_rc __wrap_sta_db_write(struct sta_db *db, sta_db_tx_fn *fn, void *arg, struct sta_err *err);
enum sta_rc __real_sta_db_write(struct sta_db *db, sta_db_tx_fn *fn, void *arg, struct sta_err *err);

enum sta_rc
__wrap_sta_db_write(struct sta_db *db, sta_db_tx_fn *fn, void *arg, struct sta_err *err)
{
	return fails ? sta_err_set(err, STA_FULL, 0, "no space") : __real_sta_db_write(db, fn, arg, err);
}

static int
set_up(void **state)
{
	fails = false;
	return house_setup(state);
}

/* The id of its one version. */
static int64_t
make_package(struct house *h)
{
	struct sta_digest config = push_seed(h, &h->alice, "alice/app", 100, 1);
	struct sta_digest d;

	assert_int_equal(push_manifest(h, &h->alice, "alice/app", "v1",
				       manifest_of(h, &config, 100, NULL, 0, 0), &d, &h->err),
			 STA_OK);
	return number(h, "SELECT v.id FROM manifest v JOIN package p ON p.id = v.package_id WHERE p.name = "
			 "'alice/app'");
}

static int64_t
pulls(struct house *h)
{
	return number(h, "SELECT pulls FROM package WHERE name = 'alice/app'");
}

static void
flush(struct house *h)
{
	assert_int_equal(sta_pulls_flush(h->r, &h->err), STA_OK);
}

static void
pulls_are_written_down_once(void **state)
{
	struct house *h = *state;
	int64_t id = make_package(h);

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
}

struct counter {
	struct house *h;
	int64_t id;
	pthread_t thread;
};

static void *
count(void *arg)
{
	const struct counter *c = arg;

	for (int i = 0; i < EACH; i++) {
		sta_pull_count(c->h->r, c->id, NULL, STA_PULLED);
		sta_pull_count(c->h->r, c->id + 4096, NULL, STA_PULLED); /* of nobody, in the same place */
	}
	return NULL;
}

static void
no_pull_is_lost_or_counted_twice_while_others_write_down(void **state)
{
	struct house *h = *state;
	struct counter counters[THREADS];
	int64_t id = make_package(h);

	for (size_t i = 0; i < THREADS; i++) {
		counters[i] = (struct counter){ .h = h, .id = id };
		assert_int_equal(pthread_create(&counters[i].thread, NULL, count, &counters[i]), 0);
	}
	for (int i = 0; i < 50; i++)
		flush(h);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(counters[i].thread, NULL), 0);
	flush(h);
	assert_int_equal(pulls(h), (int64_t) THREADS * EACH);
}

static void
pulls_that_could_not_be_written_are_kept(void **state)
{
	struct house *h = *state;
	int64_t id = make_package(h);

	sta_pull_count(h->r, id, NULL, STA_PULLED);
	fails = true;
	assert_int_equal(sta_pulls_flush(h->r, &h->err), STA_FULL);
	sta_pull_count(h->r, id, NULL, STA_PULLED);
	assert_int_equal(sta_pulls_flush(h->r, &h->err), STA_FULL);
	fails = false;
	flush(h);
	assert_int_equal(pulls(h), 2);
}

static void
a_version_without_a_place_is_not_counted(void **state)
{
	struct house *h = *state;
	int64_t id = make_package(h);

	for (int64_t i = 1; i <= PLACES; i++)
		sta_pull_count(h->r, id + i * 4096, NULL, STA_PULLED);
	sta_pull_count(h->r, id, NULL, STA_PULLED);
	sta_pull_count(h->r, 0, NULL, STA_PULLED);
	sta_pull_count(h->r, INT64_MAX, NULL, STA_PULLED);
	flush(h);
	assert_int_equal(pulls(h), 0);
	sta_pull_count(h->r, id, NULL, STA_PULLED);
	flush(h);
	assert_int_equal(pulls(h), 1);
}

static void
nothing_is_written_when_nothing_was_pulled(void **state)
{
	struct house *h = *state;

	fails = true;
	flush(h);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, house_teardown)

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(pulls_are_written_down_once),
		TEST(no_pull_is_lost_or_counted_twice_while_others_write_down),
		TEST(pulls_that_could_not_be_written_are_kept),
		TEST(a_version_without_a_place_is_not_counted),
		TEST(nothing_is_written_when_nothing_was_pulled),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
