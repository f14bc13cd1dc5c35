#include "world.h"

#include "model/uploads.h"

static void
add(struct world *w, struct sta_db_conn *c, const char *id, int64_t account, int64_t expires)
{
	struct sta_upload_row u = { .id = id,
				    .account_id = account,
				    .package = "alice/app",
				    .alg = STA_SHA512,
				    .created_unix = NOW,
				    .expires_unix = expires };

	assert_int_equal(sta_upload_insert(c, &u, &w->err), STA_OK);
}

static void
upload_is_found_until_it_is_removed(struct world *w, struct sta_db_conn *c)
{
	struct sta_upload_row got;
	bool removed = false;

	add(w, c, "u1", w->alice, NOW + 10);
	assert_int_equal(sta_upload_find(c, w->arena, "u1", &got, &w->err), STA_OK);
	assert_string_equal(got.id, "u1");
	assert_int_equal(got.account_id, w->alice);
	assert_string_equal(got.package, "alice/app");
	assert_int_equal(got.alg, STA_SHA512);
	assert_int_equal(got.created_unix, NOW);
	assert_int_equal(got.expires_unix, NOW + 10);
	assert_int_equal(sta_upload_find(c, w->arena, "", &got, &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_upload_remove(c, "u1", &removed, &w->err), STA_OK);
	assert_true(removed);
	assert_int_equal(sta_upload_remove(c, "u1", &removed, &w->err), STA_OK);
	assert_false(removed);
	assert_int_equal(sta_upload_find(c, w->arena, "u1", &got, &w->err), STA_NOT_FOUND);
}

static void
upload_id_is_used_once(struct world *w, struct sta_db_conn *c)
{
	struct sta_upload_row again = { .id = "u1", .package = "alice/lib" };

	add(w, c, "u1", w->alice, NOW);
	assert_int_equal(sta_upload_insert(c, &again, &w->err), STA_EXISTS);
}

static void
expired_uploads_are_listed_oldest_first(struct world *w, struct sta_db_conn *c)
{
	struct sta_upload_row *list;
	size_t n;

	add(w, c, "late", w->alice, NOW + 11);
	add(w, c, "second", w->alice, NOW + 10);
	add(w, c, "first", w->bob, NOW + 5);
	assert_int_equal(sta_upload_expired(c, w->arena, NOW + 10, 10, &list, &n, &w->err), STA_OK);
	assert_int_equal(n, 2);
	assert_string_equal(list[0].id, "first");
	assert_string_equal(list[1].id, "second");
	assert_int_equal(sta_upload_expired(c, w->arena, NOW + 10, 1, &list, &n, &w->err), STA_OK);
	assert_int_equal(n, 1);
	assert_int_equal(sta_upload_extend(c, "first", NOW + 20, &w->err), STA_OK);
	assert_int_equal(sta_upload_expired(c, w->arena, NOW + 5, 10, &list, &n, &w->err), STA_OK);
	assert_int_equal(n, 0);
}

static void
uploads_are_counted_for_each_account(struct world *w, struct sta_db_conn *c)
{
	uint64_t n = 9;

	assert_int_equal(sta_upload_count(c, w->alice, &n, &w->err), STA_OK);
	assert_int_equal(n, 0);
	add(w, c, "u1", w->alice, NOW);
	add(w, c, "u2", w->alice, NOW);
	add(w, c, "u3", 0, NOW);
	assert_int_equal(sta_upload_count(c, w->alice, &n, &w->err), STA_OK);
	assert_int_equal(n, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(upload_is_found_until_it_is_removed),
		TEST(upload_id_is_used_once),
		TEST(expired_uploads_are_listed_oldest_first),
		TEST(uploads_are_counted_for_each_account),
	};

	return cmocka_run_group_tests_name("model_uploads", tests, NULL, NULL);
}
