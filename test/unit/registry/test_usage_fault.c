/* Pulls that are written down, statistics and sizes, with each allocation and each write of the database
 * failing once: an answer is right or there is none, and no pull is lost or counted twice. */

#include "trash_house.h"

#include "../db/shim.h"
#include "faults.h"
#include "registry/pulls.h"
#include "registry/sizes.h"
#include "registry/statistics.h"

#define CALLS_MAX 4000
#define DAY INT64_C(86400)

static int64_t index_id;

/* An index of two images, signed, and another version. */
static int
set_up(void **state)
{
	int64_t children[2];

	if (trash_setup(state) != 0)
		return -1;
	children[0] = add_image(*state, NULL, 1);
	children[1] = add_image(*state, "amd64", 2);
	index_id = add_index(*state, "v1", children, 2);
	(void) add_referrer(*state, index_id, 3);
	(void) add_image(*state, "other", 1);
	return 0;
}

static int
tear_down(void **state)
{
	arm(MEMORY, 0);
	arm(DB_WRITE, 0);
	arm(DB_SYNC, 0);
	return trash_teardown(state);
}

typedef enum sta_rc act_fn(struct house *h, const struct sta_call *call);

/* In one arena, which goes with the round. */
static enum sta_rc
act(struct house *h, act_fn *fn)
{
	struct sta_call call = h->alice;
	struct sta_arena *a = sta_arena_new((size_t) 16 << 20);
	enum sta_rc rc;

	call.arena = a;
	rc = a ? fn(h, &call) : STA_NOMEM;
	sta_arena_free(a);
	return rc;
}

/* fn with the n-th call failing, for every n: how many there were. */
static long
each_failure(struct house *h, enum kind kind, act_fn *fn)
{
	long n;

	for (n = 1; n < CALLS_MAX; n++) {
		bool reached;
		enum sta_rc rc;

		arm(kind, n);
		rc = act(h, fn);
		reached = rc != STA_OK || (kind == MEMORY && allocations() >= n);
		arm(kind, 0);
		if (!reached)
			return n - 1;
		assert_rc(h, act(h, fn), STA_OK);
	}
	fail_msg("it never ends");
	return 0;
}

static struct sta_sizes before;

static enum sta_rc
look_at_version(struct house *h, const struct sta_call *call)
{
	bool cascade = true;
	const struct sta_version_asked v = {
		.owner = "alice", .name = "app", .id = index_id, .cascade = &cascade
	};
	struct sta_sizes got;
	enum sta_rc rc = sta_version_size(h->r, call, &v, &got, &h->err);

	if (rc == STA_OK && before.bytes == 0)
		before = got;
	if (rc == STA_OK)
		assert_memory_equal(&got, &before, sizeof(got));
	return rc;
}

static enum sta_rc
look_at_package(struct house *h, const struct sta_call *call)
{
	struct sta_sizes got;
	enum sta_rc rc = sta_package_size(h->r, call, "alice", "app", &got, &h->err);

	if (rc == STA_OK && before.bytes == 0)
		before = got;
	if (rc == STA_OK)
		assert_memory_equal(&got, &before, sizeof(got));
	return rc;
}

static void
a_size_is_right_or_there_is_none(void **state)
{
	struct house *h = *state;

	before = (struct sta_sizes){ 0 };
	assert_rc(h, act(h, look_at_version), STA_OK);
	assert_int_equal(before.versions, 3);
	assert_true(each_failure(h, MEMORY, look_at_version) > 20);
	before = (struct sta_sizes){ 0 };
	assert_rc(h, act(h, look_at_package), STA_OK);
	assert_int_equal(before.versions, 4);
	assert_true(each_failure(h, MEMORY, look_at_package) >= 5);
}

static void
a_size_is_not_looked_for_where_nobody_may_wait_or_the_server_stops(void **state)
{
	struct house *h = *state;
	struct sta_call hurried = h->alice;
	struct sta_sizes got;

	hurried.may_wait = false;
	assert_rc(h, look_at_version(h, &hurried), STA_WOULD_BLOCK);
	assert_rc(h, look_at_package(h, &hurried), STA_WOULD_BLOCK);
	assert_rc(h, sta_package_size(h->r, &h->bob, "alice", "app", &got, &h->err), STA_NOT_FOUND);
	sta_registry_stopping(h->r);
	assert_rc(h, look_at_version(h, &h->alice), STA_BUSY);
	assert_rc(h, look_at_package(h, &h->alice), STA_BUSY);
	house_restart(h);
}

static int64_t counted;

static void
count(struct house *h)
{
	sta_pull_count(h->r, index_id, "v1", STA_PULLED);
	counted++;
}

static enum sta_rc
look_at_pulls(struct house *h, const struct sta_call *call)
{
	struct sta_statistics_query q = { .by = STA_BY_TAG, .to = sta_now_unix() / DAY };
	struct sta_statistics got;
	enum sta_rc rc;

	q.from = q.to - 1;
	rc = sta_package_statistics(h->r, call, "alice", "app", &q, &got, &h->err);
	if (rc == STA_OK)
		assert_int_equal(got.pulls, counted);
	return rc;
}

static void
statistics_are_right_or_there_are_none(void **state)
{
	struct house *h = *state;

	counted = 0;
	count(h);
	assert_true(each_failure(h, MEMORY, look_at_pulls) >= 4);
	for (enum kind kind = DB_WRITE; kind <= DB_SYNC; kind++) {
		for (long n = 1; n < 10; n++) {
			count(h);
			arm(kind, n);
			(void) !act(h, look_at_pulls);
			arm(kind, 0);
			assert_rc(h, act(h, look_at_pulls), STA_OK);
		}
	}
	assert_int_equal(number(h, "SELECT sum(pulls) FROM pull_day"), counted);
	assert_int_equal(number(h, "SELECT sum(pulls) FROM manifest"), counted);
	assert_int_equal(number(h, "SELECT sum(pulls) FROM package"), counted);
	assert_int_equal(sta_pulls_lost(h->r), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_size_is_right_or_there_is_none),
		TEST(a_size_is_not_looked_for_where_nobody_may_wait_or_the_server_stops),
		TEST(statistics_are_right_or_there_are_none),
	};

	house_driver(argc, argv);
	shim_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
