#include <string.h>

#include "world.h"

#include "model/audit_log.h"

static void
note(struct world *w, struct sta_db_conn *c, const char *target)
{
	const struct sta_audit_entry e = {
		.created_unix = NOW, .actor = "bob", .action = "did", .target = target, .detail = "x"
	};

	assert_int_equal(sta_audit_add(c, &e, &w->err), STA_OK);
}

static size_t
count(struct world *w, struct sta_db_conn *c, const char *target, int64_t before, size_t max, int64_t *last)
{
	struct sta_audit_entry *list = NULL;
	size_t n = 0;
	struct sta_audit_query q = { .target = target, .before = before, .max = max };

	if (before == 0)
		q.before = before = INT64_MAX;
	if (*target == '\0')
		assert_int_equal(sta_audit_page(c, w->arena, before, max, &list, &n, &w->err), STA_OK);
	else
		assert_int_equal(sta_audit_page_of(c, w->arena, &q, &list, &n, &w->err), STA_OK);
	for (size_t i = 1; i < n; i++)
		assert_true(list[i].id < list[i - 1].id);
	if (n > 0)
		*last = list[n - 1].id;
	return n;
}

static void
entries_come_newest_first_in_pages(struct world *w, struct sta_db_conn *c)
{
	const struct sta_audit_query q = { .target = "acme", .before = INT64_MAX, .max = 1 };
	struct sta_audit_entry *list = NULL;
	int64_t last = 0;
	size_t n = 0;

	for (int i = 0; i < 5; i++)
		note(w, c, "acme");
	assert_int_equal(count(w, c, "", 0, 3, &last), 3);
	assert_int_equal(count(w, c, "", last, 3, &last), 2);
	assert_int_equal(sta_audit_page_of(c, w->arena, &q, &list, &n, &w->err), STA_OK);
	assert_int_equal(list[0].created_unix, NOW);
	assert_string_equal(list[0].actor, "bob");
	assert_string_equal(list[0].action, "did");
	assert_string_equal(list[0].target, "acme");
	assert_string_equal(list[0].detail, "x");
}

static void
a_target_is_itself_and_what_is_below(struct world *w, struct sta_db_conn *c)
{
	static const char *const targets[] = {
		"acme", "acme/app", "acme/app/x", "acme-2", "acm", "acmes/app"
	};
	int64_t last = 0;

	for (size_t i = 0; i < ARRAY_LEN(targets); i++)
		note(w, c, targets[i]);
	assert_int_equal(count(w, c, "acme", 0, 10, &last), 3);
	assert_int_equal(count(w, c, "acme/app", 0, 10, &last), 2);
	assert_int_equal(count(w, c, "%", 0, 10, &last), 0);
	assert_int_equal(count(w, c, "", 0, 10, &last), 6);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(entries_come_newest_first_in_pages),
		TEST(a_target_is_itself_and_what_is_below),
	};

	return cmocka_run_group_tests_name("model_audit_log", tests, NULL, NULL);
}
