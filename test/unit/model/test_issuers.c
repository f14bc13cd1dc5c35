#include <string.h>

#include "world.h"

#include "model/issuers.h"

#define URL "https://ci.example.com"

static int64_t
make(struct world *w, struct sta_db_conn *c, const char *name, const char *url)
{
	const struct sta_issuer_row row = {
		.name = name,
		.url = url,
		.audience = "registry",
		.claims = "repository=r\nref=f",
		.read_events = "pull_request",
		.keys = "{}",
		.created_unix = NOW,
	};
	int64_t id = 0;

	assert_int_equal(sta_issuer_insert(c, &row, &id, &w->err), STA_OK);
	return id;
}

static int64_t
allow(struct world *w, struct sta_db_conn *c, int64_t issuer, const char *conditions, enum sta_role role)
{
	const struct sta_issuer_rule_row row = {
		.issuer_id = issuer,
		.conditions = conditions,
		.repository = "acme/app",
		.role = role,
		.created_unix = NOW,
	};
	int64_t id = 0;

	assert_int_equal(sta_issuer_rule_insert(c, &row, &id, &w->err), STA_OK);
	return id;
}

static void
issuer_is_found_by_name_and_by_url_to_the_byte(struct world *w, struct sta_db_conn *c)
{
	int64_t id = make(w, c, "ci", URL);
	struct sta_issuer_row got[2];

	assert_int_equal(sta_issuer_by_name(c, w->arena, "ci", &got[0], &w->err), STA_OK);
	assert_int_equal(sta_issuer_by_url(c, w->arena, URL, &got[1], &w->err), STA_OK);
	for (size_t i = 0; i < ARRAY_LEN(got); i++) {
		assert_int_equal(got[i].id, id);
		assert_string_equal(got[i].name, "ci");
		assert_string_equal(got[i].url, URL);
		assert_string_equal(got[i].audience, "registry");
		assert_string_equal(got[i].claims, "repository=r\nref=f");
		assert_string_equal(got[i].read_events, "pull_request");
		assert_string_equal(got[i].keys, "{}");
		assert_int_equal(got[i].created_unix, NOW);
	}
	assert_int_equal(sta_issuer_by_name(c, w->arena, "CI", &got[0], &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_issuer_by_url(c, w->arena, URL "/", &got[0], &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_issuer_by_url(c, w->arena, "https://CI.example.com", &got[0], &w->err),
			 STA_NOT_FOUND);
	assert_int_equal(sta_issuer_by_url(c, w->arena, "", &got[0], &w->err), STA_NOT_FOUND);
}

static void
name_and_url_are_taken_once(struct world *w, struct sta_db_conn *c)
{
	struct sta_issuer_row row = { .name = "ci",
				      .url = "https://other.example.com",
				      .audience = "a",
				      .claims = "",
				      .read_events = "",
				      .keys = "" };
	int64_t id = -1;

	(void) make(w, c, "ci", URL);
	assert_int_equal(sta_issuer_insert(c, &row, &id, &w->err), STA_EXISTS);
	row.name = "other";
	row.url = URL;
	assert_int_equal(sta_issuer_insert(c, &row, &id, &w->err), STA_EXISTS);
	assert_int_equal(id, -1);
}

static void
issuers_are_listed_by_name(struct world *w, struct sta_db_conn *c)
{
	struct sta_issuer_row *all = NULL;
	size_t n = 9;

	assert_int_equal(sta_issuer_list(c, w->arena, &all, &n, &w->err), STA_OK);
	assert_int_equal(n, 0);
	(void) make(w, c, "b", "https://b.example.com");
	(void) make(w, c, "a", "https://z.example.com");
	assert_int_equal(sta_issuer_list(c, w->arena, &all, &n, &w->err), STA_OK);
	assert_int_equal(n, 2);
	assert_string_equal(all[0].name, "a");
	assert_string_equal(all[1].name, "b");
}

static void
rules_are_listed_by_age_of_one_issuer_or_of_all(struct world *w, struct sta_db_conn *c)
{
	int64_t ci = make(w, c, "ci", URL), other = make(w, c, "other", "https://other.example.com");
	int64_t ids[] = { allow(w, c, ci, "z=1", STA_ROLE_READ), allow(w, c, other, "y=1", STA_ROLE_ADMIN),
			  allow(w, c, ci, "a=1\nb=2", STA_ROLE_WRITE) };
	struct sta_issuer_rule_row *all = NULL, one;
	size_t n = 0;

	assert_int_equal(sta_issuer_rule_list(c, w->arena, 0, &all, &n, &w->err), STA_OK);
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(all[i].id, ids[i]);
	assert_int_equal(sta_issuer_rule_list(c, w->arena, ci, &all, &n, &w->err), STA_OK);
	assert_int_equal(n, 2);
	assert_int_equal(all[1].id, ids[2]);
	assert_int_equal(sta_issuer_rule_list(c, w->arena, 99, &all, &n, &w->err), STA_OK);
	assert_int_equal(n, 0);
	assert_int_equal(sta_issuer_rule_by_id(c, w->arena, ids[2], &one, &w->err), STA_OK);
	assert_int_equal(one.issuer_id, ci);
	assert_string_equal(one.conditions, "a=1\nb=2");
	assert_string_equal(one.repository, "acme/app");
	assert_int_equal(one.role, STA_ROLE_WRITE);
	assert_int_equal(one.created_unix, NOW);
	assert_int_equal(sta_issuer_rule_by_id(c, w->arena, 99, &one, &w->err), STA_NOT_FOUND);
}

static void
rule_of_no_issuer_cannot_be(struct world *w, struct sta_db_conn *c)
{
	const struct sta_issuer_rule_row row = { .issuer_id = 99, .conditions = "a=1", .repository = "" };
	int64_t id = -1;

	assert_int_not_equal(sta_issuer_rule_insert(c, &row, &id, &w->err), STA_OK);
	assert_int_equal(id, -1);
}

static void
issuer_goes_with_its_rules_and_no_others(struct world *w, struct sta_db_conn *c)
{
	int64_t ci = make(w, c, "ci", URL), other = make(w, c, "other", "https://other.example.com");
	int64_t kept = allow(w, c, other, "a=1", STA_ROLE_READ);

	(void) allow(w, c, ci, "a=1", STA_ROLE_READ);
	assert_int_equal(sta_issuer_remove(c, ci, &w->err), STA_OK);
	assert_int_equal(number(c, "SELECT count(*) FROM issuer"), 1);
	assert_int_equal(number(c, "SELECT count(*) FROM issuer_rule"), 1);
	assert_int_equal(number(c, "SELECT id FROM issuer_rule"), kept);
}

/* Tokens name a rule, and what is known of keys names an issuer. */
static void
ids_are_never_used_again(struct world *w, struct sta_db_conn *c)
{
	int64_t ci = make(w, c, "ci", URL);
	int64_t rule = allow(w, c, ci, "a=1", STA_ROLE_READ);

	assert_int_equal(sta_issuer_rule_remove(c, rule, &w->err), STA_OK);
	assert_int_equal(number(c, "SELECT count(*) FROM issuer_rule"), 0);
	assert_true(allow(w, c, ci, "a=1", STA_ROLE_READ) > rule);
	assert_int_equal(sta_issuer_remove(c, ci, &w->err), STA_OK);
	assert_true(make(w, c, "ci", URL) > ci);
}

static void
a_full_arena_is_no_memory(struct world *w, struct sta_db_conn *c)
{
	struct sta_arena *none = sta_arena_new(0);
	int64_t ci = make(w, c, "ci", URL);
	int64_t rule = allow(w, c, ci, "a=1", STA_ROLE_READ);
	struct sta_issuer_rule_row *rules = NULL, one;
	struct sta_issuer_row *all = NULL, got;
	size_t n = 0;

	assert_non_null(none);
	assert_int_equal(sta_issuer_by_name(c, none, "ci", &got, &w->err), STA_NOMEM);
	assert_int_equal(sta_issuer_by_url(c, none, URL, &got, &w->err), STA_NOMEM);
	assert_int_equal(sta_issuer_list(c, none, &all, &n, &w->err), STA_NOMEM);
	assert_int_equal(sta_issuer_rule_by_id(c, none, rule, &one, &w->err), STA_NOMEM);
	assert_int_equal(sta_issuer_rule_list(c, none, ci, &rules, &n, &w->err), STA_NOMEM);
	assert_null(all);
	assert_null(rules);
	sta_arena_free(none);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(issuer_is_found_by_name_and_by_url_to_the_byte),
		TEST(name_and_url_are_taken_once),
		TEST(issuers_are_listed_by_name),
		TEST(rules_are_listed_by_age_of_one_issuer_or_of_all),
		TEST(rule_of_no_issuer_cannot_be),
		TEST(issuer_goes_with_its_rules_and_no_others),
		TEST(ids_are_never_used_again),
		TEST(a_full_arena_is_no_memory),
	};

	return cmocka_run_group_tests_name("model_issuers", tests, NULL, NULL);
}
