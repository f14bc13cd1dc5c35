/* Tags one by one: who may, where they may lead, and where they led before. */

#include "trash_house.h"

#include <string.h>

#include "registry/account.h"

/* A name points into itself: it is not copied. */
static const struct sta_name *
app(void)
{
	static struct sta_name name;

	name_of(APP, &name);
	return &name;
}

static enum sta_rc
point_to(struct house *h, const struct sta_call *call, const char *tag, const struct sta_tag_target *to,
	 bool *made)
{
	struct sta_tag_row row = { 0 };
	enum sta_rc rc = sta_tag_point(h->r, call, app(), tag, to, &row, made, &h->err);

	assert_true(rc != STA_OK || strcmp(row.name, tag) == 0);
	return rc;
}

static enum sta_rc
point(struct house *h, const struct sta_call *call, const char *tag, int64_t id)
{
	const struct sta_tag_target to = { .version_id = id };
	bool made;

	return point_to(h, call, tag, &to, &made);
}

static enum sta_rc
drop(struct house *h, const struct sta_call *call, const char *tag)
{
	return sta_tag_drop(h->r, call, app(), tag, &h->err);
}

static enum sta_rc
back(struct house *h, const char *tag, int64_t event, const int64_t *at_unix)
{
	const struct sta_tag_rollback to = { .number = event, .at_unix = at_unix };
	struct sta_tag_row row;

	return sta_tag_roll_back(h->r, &h->alice, app(), tag, &to, &row, &h->err);
}

static size_t
history(struct house *h, const char *tag, struct sta_tag_event **out)
{
	struct sta_span span = { .max = STA_SPAN_MAX };
	size_t n = 0;

	assert_rc(h, sta_tag_history(h->r, &h->alice, app(), tag, &span, out, &n, &h->err), STA_OK);
	assert_int_equal(span.total, n);
	return n;
}

static void
a_tag_leads_to_a_digest_a_version_or_where_another_does(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "one", 1), two = add_image(h, "two", 2);
	struct sta_digest digest = digest_at(h, one);
	bool made = false;

	assert_rc(h, point_to(h, &h->alice, "v", &(struct sta_tag_target){ .digest = &digest }, &made),
		  STA_OK);
	assert_true(made);
	assert_int_equal(meant_by(h, APP, "v"), one);
	assert_rc(h, point_to(h, &h->alice, "v", &(struct sta_tag_target){ .tag = "two" }, &made), STA_OK);
	assert_false(made);
	assert_int_equal(meant_by(h, APP, "v"), two);
	assert_rc(h, point(h, &h->alice, "v", one), STA_OK);
	assert_int_equal(meant_by(h, APP, "v"), one);
	assert_rc(h, drop(h, &h->alice, "v"), STA_OK);
	assert_int_equal(meant_by(h, APP, "v"), 0);
	assert_true(is_there(h, one));
}

static void
a_tag_leads_to_nothing_that_is_not_in_the_package(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "one", 1), two = add_image(h, "two", 2);
	struct sta_digest digest = digest_at(h, one);
	bool made;

	assert_rc(h, remove_version(h, &h->alice, one), STA_OK);
	assert_rc(h, point(h, &h->alice, "v", one), STA_INVALID);
	assert_rc(h, point_to(h, &h->alice, "v", &(struct sta_tag_target){ .digest = &digest }, &made),
		  STA_INVALID);
	assert_rc(h, point_to(h, &h->alice, "v", &(struct sta_tag_target){ .tag = "one" }, &made),
		  STA_INVALID);
	assert_rc(h, point(h, &h->alice, "v", 4711), STA_INVALID);
	assert_rc(h, point(h, &h->alice, "-", two), STA_INVALID);
	assert_int_equal(meant_by(h, APP, "v"), 0);
}

static void
others_find_no_package_and_readers_change_nothing(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "one", 1);
	struct sta_tag_row row;

	assert_rc(h, point(h, &h->bob, "v", one), STA_NOT_FOUND);
	assert_rc(h, drop(h, &h->bob, "one"), STA_NOT_FOUND);
	assert_rc(h, sta_tag_get(h->r, &h->bob, app(), "one", &row, &h->err), STA_NOT_FOUND);
	assert_rc(h, sta_package_set_visibility(h->r, &h->alice, APP, STA_PUBLIC, &h->err), STA_OK);
	assert_rc(h, point(h, &h->bob, "v", one), STA_DENIED);
	assert_rc(h, drop(h, &h->bob, "one"), STA_DENIED);
	assert_rc(h, sta_tag_get(h->r, &h->bob, app(), "one", &row, &h->err), STA_OK);
	assert_int_equal(row.manifest_id, one);
	assert_int_equal(meant_by(h, APP, "one"), one);
}

static void
nothing_that_takes_long_is_done_where_others_wait(void **state)
{
	struct house *h = *state;
	struct sta_call hasty = h->alice;
	struct sta_span span = { .max = 10 };
	struct sta_tag_event *events;
	struct sta_tag_past past;
	struct sta_tag_row *rows;
	size_t n;

	(void) add_image(h, "one", 1);
	hasty.may_wait = false;
	assert_rc(h, point(h, &hasty, "v", 1), STA_WOULD_BLOCK);
	assert_rc(h, drop(h, &hasty, "one"), STA_WOULD_BLOCK);
	assert_rc(h, sta_tag_page_of(h->r, &hasty, app(), STA_TAGS_NEWEST, &span, &rows, &n, &h->err),
		  STA_WOULD_BLOCK);
	assert_rc(h, sta_tag_history(h->r, &hasty, app(), NULL, &span, &events, &n, &h->err),
		  STA_WOULD_BLOCK);
	assert_rc(h, sta_tag_at(h->r, &hasty, app(), "one", 0, &past, &h->err), STA_WOULD_BLOCK);
	assert_true(meant_by(h, APP, "one") != 0);
}

static void
going_back_twice_is_going_nowhere(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "v", 1), two = add_image(h, "v", 2);
	struct sta_tag_event *e = NULL;

	assert_rc(h, back(h, "v", 0, NULL), STA_OK);
	assert_int_equal(meant_by(h, APP, "v"), one);
	assert_rc(h, back(h, "v", 0, NULL), STA_OK);
	assert_int_equal(meant_by(h, APP, "v"), two);
	assert_int_equal(history(h, "v", &e), 4);
	assert_string_equal(e[0].actor, "alice");
}

static void
a_tag_that_is_gone_comes_back(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "v", 1);

	assert_rc(h, drop(h, &h->alice, "v"), STA_OK);
	assert_rc(h, back(h, "v", 0, NULL), STA_OK);
	assert_int_equal(meant_by(h, APP, "v"), one);
}

static void
a_tag_goes_back_to_an_event_or_a_time_that_it_existed_at(void **state)
{
	struct house *h = *state;
	int64_t now = sta_now_unix(), long_ago = now - 100, later = now + 100;
	int64_t one, two;
	struct sta_tag_past past;

	one = add_image(h, "v", 1);
	two = add_image(h, "w", 2);
	assert_rc(h, point(h, &h->alice, "v", two), STA_OK);
	assert_rc(h, back(h, "v", 1, NULL), STA_OK);
	assert_int_equal(meant_by(h, APP, "v"), one);
	assert_rc(h, back(h, "v", 2, NULL), STA_INVALID); /* of w */
	assert_rc(h, back(h, "v", 99, NULL), STA_INVALID);
	assert_rc(h, back(h, "v", 0, &long_ago), STA_INVALID);
	assert_rc(h, back(h, "w", 0, NULL), STA_INVALID); /* it was made, and nothing else */
	assert_rc(h, back(h, "x", 0, NULL), STA_NOT_FOUND);
	assert_rc(h, back(h, "v", 3, NULL), STA_OK);
	assert_int_equal(meant_by(h, APP, "v"), two);
	assert_rc(h, back(h, "v", 0, &later), STA_OK);
	assert_int_equal(meant_by(h, APP, "v"), two);
	assert_rc(h, sta_tag_at(h->r, &h->alice, app(), "v", long_ago, &past, &h->err), STA_NOT_FOUND);
	assert_rc(h, sta_tag_at(h->r, &h->alice, app(), "v", later, &past, &h->err), STA_OK);
	assert_int_equal(past.version_id, two);
}

static void
a_tag_does_not_go_back_to_a_version_that_is_gone(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "v", 1), two = add_image(h, "v", 2), keep = add_image(h, "keep", 3);
	struct sta_tag_past past;
	struct sta_tag_event *e;

	assert_rc(h, drop(h, &h->alice, "keep"), STA_OK);
	assert_rc(h, point(h, &h->alice, "kept", keep), STA_OK);
	assert_rc(h, remove_version(h, &h->alice, two), STA_OK);
	assert_int_equal(meant_by(h, APP, "v"), 0);
	assert_rc(h, back(h, "v", 0, NULL), STA_CONFLICT);
	assert_rc(h, back(h, "v", 1, NULL), STA_OK);
	assert_int_equal(meant_by(h, APP, "v"), one);
	assert_rc(h, sta_tag_drop(h->r, &h->alice, app(), "v", &h->err), STA_OK);
	assert_rc(h, sta_tag_at(h->r, &h->alice, app(), "v", INT64_MAX, &past, &h->err), STA_NOT_FOUND);
	assert_int_equal(history(h, "v", &e), 5);
	assert_int_equal(history(h, NULL, &e), 8);
}

static void
a_disabled_user_moves_no_tag(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "v", 1);

	assert_rc(h, sta_user_set_disabled(h->r, &h->sys, "alice", true, &h->err), STA_OK);
	assert_rc(h, point(h, &h->alice, "w", one), STA_UNAUTHENTICATED);
	assert_rc(h, drop(h, &h->alice, "v"), STA_UNAUTHENTICATED);
	assert_rc(h, back(h, "v", 0, NULL), STA_UNAUTHENTICATED);
	assert_rc(h, sta_user_set_disabled(h->r, &h->sys, "alice", false, &h->err), STA_OK);
	assert_int_equal(meant_by(h, APP, "v"), one);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, trash_setup, trash_teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_tag_leads_to_a_digest_a_version_or_where_another_does),
		TEST(a_tag_leads_to_nothing_that_is_not_in_the_package),
		TEST(others_find_no_package_and_readers_change_nothing),
		TEST(nothing_that_takes_long_is_done_where_others_wait),
		TEST(going_back_twice_is_going_nowhere),
		TEST(a_tag_that_is_gone_comes_back),
		TEST(a_tag_goes_back_to_an_event_or_a_time_that_it_existed_at),
		TEST(a_tag_does_not_go_back_to_a_version_that_is_gone),
		TEST(a_disabled_user_moves_no_tag),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
