/* Deleting, restoring and emptying the trash, and moving tags, with each allocation and each write of the
 * database failing once: after a failure it is as before, or as after, and the next try works. */

#include "trash_house.h"

#include <stdio.h>
#include <string.h>

#include "registry/search.h"

#include "../db/shim.h"
#include "faults.h"

#define CALLS_MAX 4000

/* --- whole operations --- */

static unsigned seed;
static int64_t offset; /* of the clock */

/* What one round works on. */
static struct {
	int64_t package_id;
	int64_t other, child, index, signature;
} r;

struct scenario {
	const char *name;
	void (*prepare)(struct house *h);
	enum sta_rc (*act)(struct house *h);
	bool (*done)(struct house *h);
	bool in_steps; /* several transactions: what is done of them stays, and is sound */
};

/* alice/app with an index of one child, signed, and another version. */
static void
prepare_index(struct house *h)
{
	seed += 10;
	r.other = add_image(h, "other", seed);
	r.child = add_image(h, NULL, seed + 1);
	r.index = add_index(h, "all", &r.child, 1);
	r.signature = add_referrer(h, r.index, seed + 2);
	r.package_id = number(h, "SELECT id FROM package WHERE deleted = 0");
}

static enum sta_rc
remove_alone(struct house *h)
{
	return remove_with(h, r.index, false);
}

static bool
is_removed(struct house *h)
{
	return !is_there(h, r.index) && is_there(h, r.child) && meant_by(h, APP, "all") == 0;
}

static enum sta_rc
remove_all(struct house *h)
{
	return remove_with(h, r.index, true);
}

static bool
all_removed(struct house *h)
{
	return is_there(h, r.other) && !is_there(h, r.index) && !is_there(h, r.child) &&
	       !is_there(h, r.signature);
}

static void
prepare_removed(struct house *h)
{
	prepare_index(h);
	assert_rc(h, remove_alone(h), STA_OK);
	assert_rc(h, remove_version(h, &h->alice, r.signature), STA_OK);
}

static enum sta_rc
restore_one(struct house *h)
{
	return restore_version(h, &h->alice, r.index);
}

static bool
is_restored(struct house *h)
{
	return is_there(h, r.index) && is_there(h, r.child) && meant_by(h, APP, "all") == r.index;
}

static void
prepare_all_removed(struct house *h)
{
	prepare_index(h);
	assert_rc(h, remove_all(h), STA_OK);
}

static enum sta_rc
remove_it(struct house *h)
{
	return remove_package(h, &h->alice);
}

static bool
package_removed(struct house *h)
{
	return meant_by(h, APP, "other") == 0 &&
	       number(h, "SELECT count(*) FROM package WHERE deleted = 0") == 0;
}

static void
prepare_package_removed(struct house *h)
{
	prepare_index(h);
	assert_rc(h, remove_it(h), STA_OK);
}

static enum sta_rc
restore_it(struct house *h)
{
	return restore_package(h, &h->alice, "alice", "app", r.package_id);
}

static bool
package_restored(struct house *h)
{
	return is_restored(h) && is_there(h, r.signature) && is_there(h, r.other);
}

static enum sta_rc
collect(struct house *h)
{
	struct sta_gc_result result;

	return sta_gc_run(h->r, &h->sys, false, &result, &h->err);
}

static void
prepare_overdue(struct house *h)
{
	prepare_all_removed(h);
	assert_rc(h, remove_it(h), STA_OK);
	offset += KEEP + 5;
	sta_clock_set_offset(offset);
}

static bool
trash_is_empty(struct house *h)
{
	return number(h, "SELECT count(*) FROM manifest") == 0 &&
	       number(h, "SELECT count(*) FROM deleted_tag") == 0;
}

#define MARKED "SELECT count(*) FROM package WHERE indexed = 0"
#define EVENTS "SELECT count(*) FROM tag_event WHERE package_id = (SELECT max(id) FROM package)"

/* A name points into itself: it is not copied. */
static const struct sta_name *
app_name(void)
{
	static struct sta_name name;

	name_of(APP, &name);
	return &name;
}

static enum sta_rc
point(struct house *h)
{
	const struct sta_tag_target to = { .version_id = r.other };
	struct sta_tag_row row;
	bool made = true;
	enum sta_rc rc = sta_tag_point(h->r, &h->alice, app_name(), "all", &to, &row, &made, &h->err);

	assert_true(rc != STA_OK || (!made && row.manifest_id == r.other));
	return rc;
}

static bool
is_pointed(struct house *h)
{
	return meant_by(h, APP, "all") == r.other && number(h, EVENTS) == 3;
}

static enum sta_rc
drop(struct house *h)
{
	return sta_tag_drop(h->r, &h->alice, app_name(), "all", &h->err);
}

static bool
is_dropped(struct house *h)
{
	return meant_by(h, APP, "all") == 0 && is_there(h, r.index);
}

static void
prepare_dropped(struct house *h)
{
	prepare_index(h);
	assert_rc(h, drop(h), STA_OK);
}

static enum sta_rc
roll_back(struct house *h)
{
	const struct sta_tag_rollback to = { 0 };
	struct sta_tag_row row;

	return sta_tag_roll_back(h->r, &h->alice, app_name(), "all", &to, &row, &h->err);
}

static bool
is_rolled_back(struct house *h)
{
	return meant_by(h, APP, "all") == r.index && number(h, EVENTS) == 4;
}

/* What is searched for is in each of the sets that are made for it. */
static enum sta_rc
search(struct house *h)
{
	struct sta_span span = { .max = STA_SPAN_MAX };
	const struct sta_search_request request = {
		.text = "app tag:all owner:alice visibility:private license:mit in:name",
		.by = STA_SEARCH_BY_NAME,
		.span = &span,
	};
	struct sta_search_result found = { .n = 0 };
	enum sta_rc rc = sta_search_packages(h->r, &h->alice, &request, &found, &h->err);

	assert_true(rc != STA_OK || (found.n == 0 && !found.incomplete));
	return rc;
}

static bool
is_found(struct house *h)
{
	struct sta_span span = { .max = STA_SPAN_MAX };
	const struct sta_search_request request = { .text = "app all tag:all", .span = &span };
	struct sta_search_result found = { .n = 0 };

	assert_rc(h, sta_search_packages(h->r, &h->alice, &request, &found, &h->err), STA_OK);
	return found.n == 1 && found.items[0].n_matches == 2;
}

static enum sta_rc
catch_up(struct house *h)
{
	return sta_search_catch_up(h->r, &h->err);
}

static bool
is_caught_up(struct house *h)
{
	return number(h, MARKED) == 0 && number(h, "SELECT count(*) FROM package_word") > 0;
}

static const struct scenario scenarios[] = {
	{ "search", prepare_index, search, is_found, false },
	{ "bring words up to date", prepare_dropped, catch_up, is_caught_up, false },
	{ "move a tag", prepare_index, point, is_pointed, false },
	{ "remove a tag", prepare_index, drop, is_dropped, false },
	{ "roll a tag back", prepare_dropped, roll_back, is_rolled_back, false },
	{ "delete a version", prepare_index, remove_alone, is_removed, false },
	{ "delete with a cascade", prepare_index, remove_all, all_removed, false },
	{ "restore a version", prepare_removed, restore_one, is_restored, false },
	{ "restore an index and its child", prepare_all_removed, restore_one, is_restored, false },
	{ "delete a package", prepare_index, remove_it, package_removed, false },
	{ "restore a package", prepare_package_removed, restore_it, package_restored, false },
	{ "empty the trash", prepare_overdue, collect, trash_is_empty, true },
};

/* All that these operations change, in numbers. */
static const char *
state_of(struct house *h)
{
	static const char *const sql[] = {
		"SELECT count(*) FROM package WHERE deleted = 0",
		"SELECT count(*) FROM package WHERE published = 1",
		"SELECT sum(versions) FROM package",
		"SELECT count(*) FROM manifest WHERE deleted = 0",
		"SELECT count(*) FROM manifest WHERE deleted > 0",
		"SELECT count(*) FROM tag",
		"SELECT count(*) FROM tag_event",
		"SELECT coalesce(sum(manifest_id), 0) FROM tag",
		"SELECT count(*) FROM deleted_tag",
		"SELECT count(*) FROM manifest_blob",
		"SELECT sum(refs) FROM package_blob",
		"SELECT count(*) FROM audit_log",
		"SELECT count(*) FROM package_word",
		MARKED,
	};
	static char text[2][400];
	static int which;
	size_t len = 0;

	which = !which;
	for (size_t i = 0; i < ARRAY_LEN(sql); i++)
		len += (size_t) snprintf(text[which] + len, sizeof(text[0]) - len, " %lld",
					 (long long) number(h, sql[i]));
	return text[which];
}

/* The next round begins without a package. */
static void
clean_up(struct house *h)
{
	enum sta_rc rc = remove_it(h);

	assert_true(rc == STA_OK || rc == STA_NOT_FOUND);
	offset += KEEP + 5;
	sta_clock_set_offset(offset);
	assert_rc(h, collect(h), STA_OK);
	assert_true(trash_is_empty(h));
}

/* A failure is told as one of the server's, and nothing is there by halves. */
static void
check_failure(struct house *h, const struct scenario *s, const char *where, enum sta_rc rc,
	      const char *before)
{
	if (h->err.rc != rc || !h->err.msg[0])
		fail_msg("%s, %s: %d without an error record", s->name, where, (int) rc);
	if (rc == STA_UNAUTHENTICATED || rc == STA_DENIED || rc == STA_NOT_FOUND)
		fail_msg("%s, %s: the caller is blamed (%s)", s->name, where, h->err.msg);
	if (s->in_steps)
		assert_sound(h);
	else if (strcmp(state_of(h), before) != 0)
		fail_msg("%s, %s: failed (%s) and left something:%s, not%s", s->name, where, h->err.msg,
			 state_of(h), before);
}

/* One round: the n-th call fails.  False: there was no n-th call. */
static bool
run_round(struct house *h, const struct scenario *s, enum kind kind, long n)
{
	char before[400], where[60];
	enum sta_rc rc;
	bool hit;

	house_fresh_arena(h);
	s->prepare(h);
	settle(h);
	(void) snprintf(before, sizeof(before), "%s", state_of(h));
	(void) snprintf(where, sizeof(where), "%s %ld", kind_name(kind), n);
	h->err = (struct sta_err){ 0 };
	arm(kind, n);
	rc = s->act(h);
	hit = kind == MEMORY ? allocations() >= n : rc != STA_OK;
	arm(kind, 0);
	if (rc != STA_OK) {
		check_failure(h, s, where, rc, before);
		rc = s->act(h);
	}
	if (rc != STA_OK)
		fail_msg("%s, %s: the second try failed: %s", s->name, where, h->err.msg);
	if (!s->done(h))
		fail_msg("%s, %s: it is not done", s->name, where);
	clean_up(h);
	return hit;
}

static void
run_all(struct house *h, enum kind kind)
{
	offset = 0;
	for (size_t i = 0; i < ARRAY_LEN(scenarios); i++) {
		long n = 1;

		if (kind != MEMORY && scenarios[i].act == search) /* it writes nothing */
			continue;
		while (n < CALLS_MAX && run_round(h, &scenarios[i], kind, n))
			n++;
		assert_true(n > 1 && n < CALLS_MAX); /* else the faults have missed */
	}
}

static void
an_allocation_that_fails_is_reported_and_leaves_nothing_by_halves(void **state)
{
	run_all(*state, MEMORY);
}

static void
a_database_that_cannot_write_is_reported_and_leaves_nothing_by_halves(void **state)
{
	run_all(*state, DB_WRITE);
}

static void
a_database_that_cannot_sync_is_reported_and_leaves_nothing_by_halves(void **state)
{
	run_all(*state, DB_SYNC);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, trash_setup, trash_teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(an_allocation_that_fails_is_reported_and_leaves_nothing_by_halves),
		TEST(a_database_that_cannot_write_is_reported_and_leaves_nothing_by_halves),
		TEST(a_database_that_cannot_sync_is_reported_and_leaves_nothing_by_halves),
	};

	house_driver(argc, argv);
	shim_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
