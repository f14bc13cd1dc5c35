#include <string.h>

#include "world.h"

#include "model/blobs.h"
#include "model/manifests.h"
#include "model/packages.h"

#define HOUR 3600

static struct sta_blob
claim(struct world *w, struct sta_db_conn *c, unsigned n, int64_t until)
{
	struct sta_digest d = digest_of(n);
	struct sta_blob b;

	assert_int_equal(sta_blob_claim(c, &d, 1000 + n, NOW, until, &b, &w->err), STA_OK);
	return b;
}

/* A live blob in the store. */
static struct sta_blob
live(struct world *w, struct sta_db_conn *c, unsigned n, int64_t claimed_until)
{
	struct sta_digest d = digest_of(n);
	struct sta_blob b;

	(void) claim(w, c, n, claimed_until);
	assert_int_equal(sta_blob_live(c, &d, &b, &w->err), STA_OK);
	return b;
}

static struct sta_blob
find(struct world *w, struct sta_db_conn *c, unsigned n)
{
	struct sta_digest d = digest_of(n);
	struct sta_blob b;

	assert_int_equal(sta_blob_find(c, &d, &b, &w->err), STA_OK);
	return b;
}

static void
claimed_blob_is_there_and_not_readable(struct world *w, struct sta_db_conn *c)
{
	struct sta_digest d = digest_of(1);
	struct sta_membership m;
	struct sta_blob b;

	assert_int_equal(sta_blob_find(c, &d, &b, &w->err), STA_NOT_FOUND);
	b = claim(w, c, 1, NOW + HOUR);
	assert_int_equal(b.state, STA_BLOB_CLAIMED);
	assert_int_equal(b.place, STA_PLACE_STORE);
	assert_int_equal(b.size, 1001);
	assert_int_equal(b.claim_until_unix, NOW + HOUR);
	assert_int_equal(find(w, c, 1).id, b.id);
	assert_int_equal(sta_member_add(c, w->app, b.id, NOW, &w->err), STA_OK);
	assert_int_equal(sta_blob_member(c, w->app, &d, &m, &w->err), STA_NOT_FOUND);
}

static void
published_blob_is_live_and_readable_through_its_packages_only(struct world *w, struct sta_db_conn *c)
{
	struct sta_blob b = live(w, c, 1, NOW + HOUR);
	struct sta_membership m;

	assert_int_equal(b.state, STA_BLOB_LIVE);
	assert_int_equal(sta_blob_member(c, w->app, &b.digest, &m, &w->err), STA_NOT_FOUND);
	assert_int_equal(sta_member_add(c, w->app, b.id, NOW + 10, &w->err), STA_OK);
	assert_int_equal(sta_blob_member(c, w->app, &b.digest, &m, &w->err), STA_OK);
	assert_int_equal(m.blob.id, b.id);
	assert_int_equal(m.blob.size, 1001);
	assert_int_equal(m.blob.members, 1);
	assert_int_equal(m.refs, 0);
	assert_int_equal(m.due_unix, NOW + 10);
	assert_int_equal(sta_blob_member(c, w->lib, &b.digest, &m, &w->err), STA_NOT_FOUND);
}

static void
second_claim_extends_the_first_and_never_shortens_it(struct world *w, struct sta_db_conn *c)
{
	int64_t id = claim(w, c, 1, NOW + 10).id;

	assert_int_equal(claim(w, c, 1, NOW + 20).claim_until_unix, NOW + 20);
	assert_int_equal(claim(w, c, 1, NOW + 5).claim_until_unix, NOW + 20);
	assert_int_equal(find(w, c, 1).claim_until_unix, NOW + 20);
	assert_int_equal(find(w, c, 1).id, id);
}

static void
publishing_without_a_claim_is_not_found(struct world *w, struct sta_db_conn *c)
{
	struct sta_digest d = digest_of(1);
	struct sta_blob b;

	assert_int_equal(sta_blob_live(c, &d, &b, &w->err), STA_NOT_FOUND);
}

static void
inline_blob_has_its_bytes_here_and_is_kept_once(struct world *w, struct sta_db_conn *c)
{
	struct sta_digest d = digest_of(1);
	struct sta_blob b;
	struct sta_blob again;
	const void *bytes = NULL;
	size_t len = 0;

	assert_int_equal(sta_blob_put_inline(c, &d, "a\0b", 3, NOW, &b, &w->err), STA_OK);
	assert_int_equal(b.state, STA_BLOB_LIVE);
	assert_int_equal(b.place, STA_PLACE_INLINE);
	assert_int_equal(b.size, 3);
	assert_int_equal(sta_blob_put_inline(c, &d, "a\0b", 3, NOW, &again, &w->err), STA_OK);
	assert_int_equal(again.id, b.id);
	assert_int_equal(sta_blob_inline(c, w->arena, b.id, &bytes, &len, &w->err), STA_OK);
	assert_int_equal(len, 3);
	assert_memory_equal(bytes, "a\0b", 3);
	assert_int_equal(sta_blob_inline(c, w->arena, b.id + 1, &bytes, &len, &w->err), STA_NOT_FOUND);
}

static void
empty_blob_is_a_blob(struct world *w, struct sta_db_conn *c)
{
	struct sta_digest d = digest_of(1);
	struct sta_blob b;
	const void *bytes = NULL;
	size_t len = 9;

	assert_int_equal(sta_blob_put_inline(c, &d, NULL, 0, NOW, &b, &w->err), STA_OK);
	assert_int_equal(sta_blob_inline(c, w->arena, b.id, &bytes, &len, &w->err), STA_OK);
	assert_non_null(bytes);
	assert_int_equal(len, 0);
}

static void
membership_is_counted_once_and_renewed_later_only(struct world *w, struct sta_db_conn *c)
{
	struct sta_blob b = live(w, c, 1, NOW);
	struct sta_membership m;

	assert_int_equal(sta_member_add(c, w->app, b.id, NOW + 10, &w->err), STA_OK);
	assert_int_equal(sta_member_add(c, w->app, b.id, NOW + 20, &w->err), STA_OK);
	assert_int_equal(sta_member_renew(c, w->app, b.id, NOW + 5, &w->err), STA_OK);
	assert_int_equal(sta_blob_member(c, w->app, &b.digest, &m, &w->err), STA_OK);
	assert_int_equal(m.due_unix, NOW + 20);
	assert_int_equal(m.blob.members, 1);
	assert_int_equal(sta_member_add(c, w->lib, b.id, NOW, &w->err), STA_OK);
	assert_int_equal(find(w, c, 1).members, 2);
}

static void
referenced_membership_is_not_removed(struct world *w, struct sta_db_conn *c)
{
	struct sta_blob b = live(w, c, 1, NOW);
	struct sta_version v = { .digest = digest_of(9), .media_type = "m" };

	assert_int_equal(sta_member_add(c, w->app, b.id, NOW, &w->err), STA_OK);
	assert_int_equal(sta_version_insert(c, w->app, &v, "{}", 2, &w->err), STA_OK);
	assert_int_equal(sta_version_use_blob(c, w->app, v.id, b.id, &w->err), STA_OK);
	assert_int_equal(sta_member_remove(c, w->app, b.id, NOW, &w->err), STA_CONFLICT);
	assert_int_equal(find(w, c, 1).members, 1);
	assert_int_equal(sta_version_remove(c, w->app, v.id, NOW, &w->err), STA_OK);
	assert_int_equal(sta_member_remove(c, w->app, b.id, NOW, &w->err), STA_OK);
	assert_int_equal(sta_member_remove(c, w->app, b.id, NOW, &w->err), STA_CONFLICT);
}

static void
last_membership_takes_the_blob_with_it(struct world *w, struct sta_db_conn *c)
{
	struct sta_blob b = live(w, c, 1, NOW);

	assert_int_equal(sta_member_add(c, w->app, b.id, NOW, &w->err), STA_OK);
	assert_int_equal(sta_member_add(c, w->lib, b.id, NOW, &w->err), STA_OK);
	assert_int_equal(sta_member_remove(c, w->app, b.id, NOW, &w->err), STA_OK);
	assert_int_equal(find(w, c, 1).state, STA_BLOB_LIVE);
	assert_int_equal(sta_member_remove(c, w->lib, b.id, NOW, &w->err), STA_OK);
	assert_int_equal(find(w, c, 1).state, STA_BLOB_DELETING);
	assert_int_equal(find(w, c, 1).members, 0);
}

static void
claim_holds_the_blob_when_its_last_membership_ends(struct world *w, struct sta_db_conn *c)
{
	struct sta_blob b = live(w, c, 1, NOW);

	assert_int_equal(sta_member_add(c, w->app, b.id, NOW, &w->err), STA_OK);
	(void) claim(w, c, 1, NOW + HOUR); /* a second push of the same bytes */
	assert_int_equal(sta_member_remove(c, w->app, b.id, NOW, &w->err), STA_OK);
	assert_int_equal(find(w, c, 1).state, STA_BLOB_CLAIMED);
	assert_int_equal(sta_blob_drop_claims(c, NOW + HOUR - 1, &w->err), STA_OK);
	assert_int_equal(find(w, c, 1).state, STA_BLOB_CLAIMED);
	assert_int_equal(sta_blob_live(c, &b.digest, &b, &w->err), STA_OK); /* the push goes on */
	assert_int_equal(find(w, c, 1).state, STA_BLOB_LIVE);
}

static void
publishing_ends_one_claim_and_the_last_one_frees_the_blob(struct world *w, struct sta_db_conn *c)
{
	struct sta_blob b;

	(void) claim(w, c, 1, NOW + HOUR);
	b = live(w, c, 1, NOW + 2 * HOUR);
	assert_int_equal(find(w, c, 1).claim_until_unix, NOW + 2 * HOUR);
	assert_int_equal(sta_member_add(c, w->app, b.id, NOW, &w->err), STA_OK);
	assert_int_equal(sta_member_remove(c, w->app, b.id, NOW, &w->err), STA_OK);
	assert_int_equal(find(w, c, 1).state, STA_BLOB_CLAIMED); /* the other push goes on */
	assert_int_equal(sta_blob_live(c, &b.digest, &b, &w->err), STA_OK);
	assert_int_equal(find(w, c, 1).claim_until_unix, 0);
	assert_int_equal(sta_member_add(c, w->app, b.id, NOW, &w->err), STA_OK);
	assert_int_equal(sta_member_remove(c, w->app, b.id, NOW, &w->err), STA_OK);
	assert_int_equal(find(w, c, 1).state, STA_BLOB_DELETING);
}

/* A push that failed after its claim does not hold the blob for ever. */
static void
claims_that_ran_out_do_not_count_beside_a_new_one(struct world *w, struct sta_db_conn *c)
{
	struct sta_blob b;

	(void) claim(w, c, 1, NOW);
	(void) claim(w, c, 1, NOW);
	b = live(w, c, 1, NOW + HOUR);
	assert_int_equal(find(w, c, 1).claim_until_unix, 0);
	assert_int_equal(b.state, STA_BLOB_LIVE);
}

static void
abandoned_claim_is_dropped_when_it_has_run_out(struct world *w, struct sta_db_conn *c)
{
	struct sta_blob held;

	(void) claim(w, c, 1, NOW + 10);
	(void) claim(w, c, 2, NOW + 11);
	(void) live(w, c, 3, NOW + 10);
	held = claim(w, c, 4, NOW + 10);
	assert_int_equal(sta_member_add(c, w->app, held.id, NOW, &w->err), STA_OK);
	assert_int_equal(sta_blob_drop_claims(c, NOW + 10, &w->err), STA_OK);
	assert_int_equal(find(w, c, 1).state, STA_BLOB_DELETING);
	assert_int_equal(find(w, c, 2).state, STA_BLOB_CLAIMED);
	assert_int_equal(find(w, c, 3).state, STA_BLOB_LIVE);
	assert_int_equal(find(w, c, 4).state, STA_BLOB_CLAIMED);
}

static void
nothing_relies_on_a_blob_that_is_being_deleted(struct world *w, struct sta_db_conn *c)
{
	struct sta_blob b = claim(w, c, 1, NOW);
	struct sta_blob got;

	assert_int_equal(sta_blob_drop_claims(c, NOW, &w->err), STA_OK);
	assert_int_equal(sta_blob_claim(c, &b.digest, 1001, NOW, NOW + HOUR, &got, &w->err), STA_BUSY);
	assert_int_equal(sta_blob_live(c, &b.digest, &got, &w->err), STA_BUSY);
	assert_int_equal(sta_blob_put_inline(c, &b.digest, "x", 1, NOW, &got, &w->err), STA_BUSY);
	assert_int_equal(strncmp(w->err.detail, "sha256:00000001", 15), 0);
	assert_int_equal(find(w, c, 1).state, STA_BLOB_DELETING);
}

static void
deleted_blob_may_come_back_under_a_new_id(struct world *w, struct sta_db_conn *c)
{
	int64_t id = claim(w, c, 1, NOW).id;
	struct sta_blob *list;
	size_t n;

	assert_int_equal(sta_blob_drop_claims(c, NOW, &w->err), STA_OK);
	assert_int_equal(sta_blob_deleting(c, w->arena, 10, &list, &n, &w->err), STA_OK);
	assert_int_equal(n, 1);
	assert_int_equal(list[0].id, id);
	assert_int_equal(sta_blob_forget(c, id, &w->err), STA_OK);
	assert_int_equal(sta_blob_deleting(c, w->arena, 10, &list, &n, &w->err), STA_OK);
	assert_int_equal(n, 0);
	assert_true(claim(w, c, 1, NOW).id > id);
}

static void
forgetting_takes_inline_bytes_along_and_only_of_deleted_blobs(struct world *w, struct sta_db_conn *c)
{
	struct sta_digest d = digest_of(1);
	struct sta_blob b;
	const void *bytes;
	size_t len;

	assert_int_equal(sta_blob_put_inline(c, &d, "x", 1, NOW, &b, &w->err), STA_OK);
	assert_int_equal(sta_member_add(c, w->app, b.id, NOW, &w->err), STA_OK);
	assert_int_equal(sta_blob_forget(c, b.id, &w->err), STA_OK);
	assert_int_equal(sta_blob_inline(c, w->arena, b.id, &bytes, &len, &w->err), STA_OK);
	assert_int_equal(sta_member_remove(c, w->app, b.id, NOW, &w->err), STA_OK);
	assert_int_equal(sta_blob_forget(c, b.id, &w->err), STA_OK);
	assert_int_equal(sta_blob_find(c, &d, &b, &w->err), STA_NOT_FOUND);
	assert_int_equal(number(c, "SELECT count(*) FROM blob_data"), 0);
}

static void
due_memberships_come_oldest_first(struct world *w, struct sta_db_conn *c)
{
	struct sta_blob a = live(w, c, 1, NOW);
	struct sta_blob b = live(w, c, 2, NOW);
	struct sta_version v = { .digest = digest_of(9), .media_type = "m" };
	struct sta_due *list;
	uint64_t waiting = 9;
	size_t n;

	assert_int_equal(sta_member_add(c, w->app, a.id, NOW + 20, &w->err), STA_OK);
	assert_int_equal(sta_member_add(c, w->lib, a.id, NOW + 30, &w->err), STA_OK);
	assert_int_equal(sta_member_add(c, w->app, b.id, NOW + 10, &w->err), STA_OK);
	assert_int_equal(sta_member_due(c, w->arena, NOW + 20, 10, &list, &n, &w->err), STA_OK);
	assert_int_equal(n, 2);
	assert_int_equal(list[0].blob_id, b.id);
	assert_int_equal(list[0].package_id, w->app);
	assert_int_equal(list[1].blob_id, a.id);
	assert_int_equal(sta_member_due(c, w->arena, NOW + 99, 1, &list, &n, &w->err), STA_OK);
	assert_int_equal(n, 1);
	assert_int_equal(sta_member_due(c, w->arena, NOW + 9, 10, &list, &n, &w->err), STA_OK);
	assert_int_equal(n, 0);

	assert_int_equal(sta_version_insert(c, w->app, &v, "{}", 2, &w->err), STA_OK);
	assert_int_equal(sta_version_use_blob(c, w->app, v.id, b.id, &w->err), STA_OK);
	assert_int_equal(sta_member_due(c, w->arena, NOW + 20, 10, &list, &n, &w->err), STA_OK);
	assert_int_equal(n, 1);
	assert_int_equal(list[0].blob_id, a.id);
	assert_int_equal(sta_member_count_waiting(c, &waiting, &w->err), STA_OK);
	assert_int_equal(waiting, 2);
}

static enum sta_rc
elsewhere(struct world *w, struct sta_db_conn *c, int64_t account, int64_t after, int64_t *package)
{
	struct sta_digest d = digest_of(1);
	const struct sta_elsewhere_query q = { .digest = &d, .account_id = account, .after_package = after };
	const char *name = NULL;

	return sta_member_elsewhere(c, w->arena, &q, package, &name, &w->err);
}

static void
blob_is_found_elsewhere_where_the_account_might_read(struct world *w, struct sta_db_conn *c)
{
	struct sta_blob b = live(w, c, 1, NOW);
	int64_t package = 0;

	assert_int_equal(sta_member_add(c, w->app, b.id, NOW, &w->err), STA_OK);
	assert_int_equal(sta_member_add(c, w->lib, b.id, NOW, &w->err), STA_OK);
	assert_int_equal(elsewhere(w, c, w->bob, 0, &package), STA_NOT_FOUND);
	assert_int_equal(elsewhere(w, c, w->alice, 0, &package), STA_OK);
	assert_int_equal(package, w->app);
	assert_int_equal(elsewhere(w, c, w->alice, w->app, &package), STA_OK);
	assert_int_equal(package, w->lib);
	assert_int_equal(elsewhere(w, c, w->alice, w->lib, &package), STA_NOT_FOUND);
	assert_int_equal(
		sta_grant_set(c, sta_grantable_package(w->lib), person(w->bob), STA_ROLE_READ, &w->err),
		STA_OK);
	assert_int_equal(elsewhere(w, c, w->bob, 0, &package), STA_OK);
	assert_int_equal(package, w->lib);
	assert_int_equal(sta_package_update_visibility(c, w->app, STA_PUBLIC, &w->err), STA_OK);
	assert_int_equal(elsewhere(w, c, 0, 0, &package), STA_OK);
	assert_int_equal(package, w->app);
}

static void
pages_walk_every_blob(struct world *w, struct sta_db_conn *c)
{
	struct sta_blob *list;
	size_t n;
	int64_t last = 0;

	for (unsigned i = 1; i <= 3; i++)
		(void) claim(w, c, 10 - i, NOW);
	assert_int_equal(sta_blob_page(c, w->arena, last, 2, &list, &n, &w->err), STA_OK);
	assert_int_equal(n, 2);
	assert_true(list[0].id < list[1].id);
	last = list[1].id;
	assert_int_equal(sta_blob_page(c, w->arena, last, 2, &list, &n, &w->err), STA_OK);
	assert_int_equal(n, 1);
	assert_true(list[0].id > last);
}

static enum sta_rc
damage_digest(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	(void) arg;
	return sta_db_script(c, "UPDATE blob SET digest = x'0001'", err);
}

static void
malformed_digest_is_corrupt(struct world *w, struct sta_db_conn *c)
{
	struct sta_blob *list;
	size_t n;

	(void) claim(w, c, 1, NOW);
	assert_int_equal(damage_digest(c, NULL, &w->err), STA_OK);
	assert_int_equal(sta_blob_page(c, w->arena, 0, 2, &list, &n, &w->err), STA_CORRUPT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(claimed_blob_is_there_and_not_readable),
		TEST(published_blob_is_live_and_readable_through_its_packages_only),
		TEST(second_claim_extends_the_first_and_never_shortens_it),
		TEST(publishing_without_a_claim_is_not_found),
		TEST(inline_blob_has_its_bytes_here_and_is_kept_once),
		TEST(empty_blob_is_a_blob),
		TEST(membership_is_counted_once_and_renewed_later_only),
		TEST(referenced_membership_is_not_removed),
		TEST(last_membership_takes_the_blob_with_it),
		TEST(claim_holds_the_blob_when_its_last_membership_ends),
		TEST(publishing_ends_one_claim_and_the_last_one_frees_the_blob),
		TEST(claims_that_ran_out_do_not_count_beside_a_new_one),
		TEST(abandoned_claim_is_dropped_when_it_has_run_out),
		TEST(nothing_relies_on_a_blob_that_is_being_deleted),
		TEST(deleted_blob_may_come_back_under_a_new_id),
		TEST(forgetting_takes_inline_bytes_along_and_only_of_deleted_blobs),
		TEST(due_memberships_come_oldest_first),
		TEST(blob_is_found_elsewhere_where_the_account_might_read),
		TEST(pages_walk_every_blob),
		TEST(malformed_digest_is_corrupt),
	};

	return cmocka_run_group_tests_name("model_blobs", tests, NULL, NULL);
}
