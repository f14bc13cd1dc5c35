/* Searches by the registry's own functions: where they may run, for whom, and that words catch up. */

#include "trash_house.h"

#include <string.h>

#include "registry/package.h"
#include "registry/search.h"

#define MARKED "SELECT count(*) FROM package WHERE indexed = 0"

static enum sta_rc
search(struct house *h, const struct sta_call *call, const char *text, uint64_t *total)
{
	struct sta_span span = { .max = STA_SPAN_MAX };
	const struct sta_search_request request = { .text = text, .span = &span };
	struct sta_search_result found;
	enum sta_rc rc = sta_search_packages(h->r, call, &request, &found, &h->err);

	*total = rc == STA_OK ? span.total : 0;
	assert_true(rc != STA_OK || (found.n == span.total && !found.incomplete));
	return rc;
}

static uint64_t
count(struct house *h, const struct sta_call *call, const char *text)
{
	uint64_t n;

	assert_rc(h, search(h, call, text, &n), STA_OK);
	return n;
}

static void
a_search_is_not_made_where_others_wait(void **state)
{
	struct house *h = *state;
	struct sta_call hasty = h->alice;
	uint64_t n;

	hasty.may_wait = false;
	assert_rc(h, search(h, &hasty, "app", &n), STA_WOULD_BLOCK);
	assert_rc(h, search(h, &hasty, "x:y", &n), STA_INVALID);
}

static void
a_bearer_token_for_packages_searches_nothing(void **state)
{
	struct house *h = *state;
	struct sta_call limited = h->alice;
	uint64_t n;

	limited.caller.limited = true;
	limited.caller.limit_catalog = true;
	assert_rc(h, search(h, &limited, "app", &n), STA_UNAUTHENTICATED);
}

static void
what_is_found_is_what_the_caller_may_read(void **state)
{
	struct house *h = *state;
	struct sta_call nobody = h->alice;
	struct sta_call system = sta_call_system(h->alice.arena);

	nobody.caller = (struct sta_caller){ .kind = STA_CALLER_ANONYMOUS, .login = "" };
	(void) add_image(h, "v1", 1);
	assert_int_equal(count(h, &h->alice, "app"), 1);
	assert_int_equal(count(h, &system, "app tag:v1"), 1);
	assert_int_equal(count(h, &h->bob, "app"), 0);
	assert_int_equal(count(h, &nobody, "app"), 0);
	assert_rc(h, sta_package_set_visibility(h->r, &h->alice, APP, STA_PUBLIC, &h->err), STA_OK);
	assert_int_equal(count(h, &h->bob, "app"), 1);
	assert_int_equal(count(h, &nobody, "app visibility:public owner:alice"), 1);
	assert_rc(h, remove_package(h, &h->alice), STA_OK);
	assert_int_equal(count(h, &system, "app"), 0);
	assert_int_equal(count(h, &h->bob, "tag:v1"), 0);
}

static void
pages_behind_the_last_that_can_be_shown_are_refused(void **state)
{
	struct house *h = *state;
	struct sta_span span = { .skip = STA_SEARCH_PAGED, .max = 1 };
	const struct sta_search_request request = { .text = "app", .span = &span };
	struct sta_search_result found;

	assert_rc(h, sta_search_packages(h->r, &h->alice, &request, &found, &h->err), STA_INVALID);
	span.skip--;
	assert_rc(h, sta_search_packages(h->r, &h->alice, &request, &found, &h->err), STA_OK);
	assert_int_equal(found.n, 0);
}

static void
words_of_a_version_that_lost_its_tag_catch_up(void **state)
{
	struct house *h = *state;
	struct sta_name name;

	(void) add_image(h, "v1", 1);
	assert_true(sta_name_parse(APP, strlen(APP), &name));
	assert_rc(h, sta_search_catch_up(h->r, &h->err), STA_OK);
	assert_int_equal(number(h, MARKED), 0);
	assert_rc(h, sta_tag_drop(h->r, &h->alice, &name, "v1", &h->err), STA_OK);
	assert_int_equal(number(h, MARKED), 1);
	assert_rc(h, sta_search_catch_up(h->r, &h->err), STA_OK);
	assert_int_equal(number(h, MARKED), 0);
	assert_int_equal(count(h, &h->alice, "app"), 1);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_search_is_not_made_where_others_wait, trash_setup,
						trash_teardown),
		cmocka_unit_test_setup_teardown(a_bearer_token_for_packages_searches_nothing, trash_setup,
						trash_teardown),
		cmocka_unit_test_setup_teardown(what_is_found_is_what_the_caller_may_read, trash_setup,
						trash_teardown),
		cmocka_unit_test_setup_teardown(pages_behind_the_last_that_can_be_shown_are_refused,
						trash_setup, trash_teardown),
		cmocka_unit_test_setup_teardown(words_of_a_version_that_lost_its_tag_catch_up, trash_setup,
						trash_teardown),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
