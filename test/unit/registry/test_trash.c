/* Versions that are deleted and restored: who may, what goes with them, what comes back. */

#include "trash_house.h"

#include <stdlib.h>
#include <string.h>

#include "registry/grant.h"
#include "registry/list.h"
#include "registry/pulls.h"

static void
a_deleted_version_is_found_by_nobody_but_in_the_list_of_deleted_ones(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "one", 1);
	int64_t two = add_image(h, "two", 2);
	int64_t signature = add_referrer(h, two, 3);
	struct sta_digest d = digest_at(h, signature);
	struct sta_published_package package;
	struct sta_version_row *rows, row;
	struct sta_name_page page;
	struct sta_name name;
	size_t n;

	name_of(APP, &name);
	assert_rc(h, remove_version(h, &h->alice, one), STA_OK);
	assert_false(is_there(h, one));
	assert_int_equal(meant_by(h, APP, "one"), 0);
	assert_rc(h, sta_list_tags(h->r, &h->alice, &name, NULL, 10, &page, &h->err), STA_OK);
	assert_int_equal(page.n, 1);
	assert_rc(h, sta_published_version(h->r, &h->alice, "alice", "app", one, &package, &row, &h->err),
		  STA_NOT_FOUND);
	assert_string_equal(h->err.msg, "Package version not found.");
	assert_int_equal(list(h, false, &rows, &n), 2);
	assert_int_equal(package.versions, 2);
	assert_int_equal(n, 2);
	assert_int_equal(rows[0].id, signature);
	assert_true(sta_digest_equal(&rows[0].digest, &d));
	assert_int_equal(rows[1].id, two);
	assert_int_equal(list(h, true, &rows, &n), 1);
	assert_int_equal(n, 1);
	assert_int_equal(rows[0].id, one);
	assert_int_equal(rows[0].n_tags, 1);
	assert_string_equal(rows[0].tags[0], "one");
	assert_true(rows[0].deleted_unix > 0);
	assert_rc(h, remove_version(h, &h->alice, one), STA_NOT_FOUND);
}

static void
a_restored_version_is_as_it_was(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "one", 1);
	int64_t two = add_image(h, "two", 2);

	assert_int_equal(add_image(h, "uno", 1), one);
	assert_rc(h, remove_version(h, &h->alice, one), STA_OK);
	sta_clock_set_offset(KEEP - 5);
	(void) run_gc(h, true);
	assert_rc(h, restore_version(h, &h->alice, one), STA_OK);
	assert_true(is_there(h, one));
	assert_int_equal(meant_by(h, APP, "one"), one);
	assert_int_equal(meant_by(h, APP, "uno"), one);
	assert_int_equal(meant_by(h, APP, "two"), two);
	assert_int_equal(list(h, false, NULL, NULL), 2);
	assert_int_equal(list(h, true, NULL, NULL), 0);
	sta_clock_set_offset(5 * GRACE);
	(void) run_gc(h, true);
	assert_true(is_there(h, one));
	assert_rc(h, restore_version(h, &h->alice, one), STA_NOT_FOUND);
}

static void
a_tag_that_another_version_took_stays_there(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "latest", 1);
	int64_t two;

	assert_int_equal(add_image(h, "v1", 1), one);
	two = add_image(h, "two", 2);
	assert_rc(h, remove_version(h, &h->alice, one), STA_OK);
	assert_int_equal(add_image(h, "latest", 2), two);
	assert_rc(h, restore_version(h, &h->alice, one), STA_OK);
	assert_int_equal(meant_by(h, APP, "latest"), two);
	assert_int_equal(meant_by(h, APP, "v1"), one);
}

static void
after_its_time_a_version_is_not_restored_collected_or_not(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "one", 1);

	(void) add_image(h, "two", 2);
	assert_rc(h, remove_version(h, &h->alice, one), STA_OK);
	sta_clock_set_offset(KEEP + 1);
	assert_int_equal(list(h, true, NULL, NULL), 0);
	assert_rc(h, restore_version(h, &h->alice, one), STA_NOT_FOUND);
	assert_string_equal(h->err.msg, "Package version not found.");
	assert_int_equal(run_gc(h, false).versions_removed, 1);
	assert_rc(h, restore_version(h, &h->alice, one), STA_NOT_FOUND);
	assert_int_equal(number(h, "SELECT count(*) FROM deleted_tag"), 0);
}

static void
a_version_whose_digest_was_pushed_again_is_gone_and_the_new_one_whole(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "one", 1);
	int64_t again;

	(void) add_image(h, "two", 2);
	assert_rc(h, remove_version(h, &h->alice, one), STA_OK);
	again = add_image(h, "again", 1);
	assert_int_not_equal(again, one);
	assert_rc(h, restore_version(h, &h->alice, one), STA_NOT_FOUND);
	sta_clock_set_offset(KEEP + 2 * GRACE);
	(void) run_gc(h, true);
	assert_true(is_there(h, again));
	assert_int_equal(meant_by(h, APP, "one"), 0);
	assert_int_equal(meant_by(h, APP, "again"), again);
	assert_int_equal(list(h, true, NULL, NULL), 0);
}

static void
the_last_version_with_a_tag_stays(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "one", 1);
	int64_t bare = add_image(h, NULL, 2);
	int64_t two;

	assert_rc(h, remove_version(h, &h->alice, one), STA_INVALID);
	assert_string_equal(h->err.msg,
			    "You cannot delete the last tagged version of a package. You must delete "
			    "the package instead.");
	assert_true(is_there(h, one));
	assert_rc(h, remove_version(h, &h->alice, bare), STA_OK);
	assert_rc(h, remove_version(h, &h->alice, one), STA_INVALID);
	two = add_image(h, "two", 3);
	assert_rc(h, remove_version(h, &h->alice, one), STA_OK);
	assert_rc(h, remove_version(h, &h->alice, two), STA_INVALID);
	h->options.delete_last_tagged = true;
	house_restart(h);
	assert_rc(h, remove_version(h, &h->alice, two), STA_OK);
	assert_int_equal(list(h, false, NULL, NULL), 0);
	assert_rc(h, restore_version(h, &h->alice, two), STA_OK);
}

static void
the_last_version_stays_though_it_has_no_tag(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, NULL, 1);

	assert_rc(h, remove_version(h, &h->alice, one), STA_INVALID);
	assert_non_null(strstr(h->err.msg, "last version of a package"));
	assert_true(is_there(h, one));
}

static void
a_popular_version_stays_while_it_is_public(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "one", 1);

	(void) add_image(h, "two", 2);
	h->options.popular_after = 3;
	house_restart(h);
	assert_rc(h, sta_package_set_visibility(h->r, &h->alice, APP, STA_PUBLIC, &h->err), STA_OK);
	for (int i = 0; i < 3; i++)
		sta_pull_count(h->r, one, NULL, STA_PULLED);
	assert_rc(h, remove_version(h, &h->alice, one), STA_OK); /* "more than" */
	assert_rc(h, restore_version(h, &h->alice, one), STA_OK);
	sta_pull_count(h->r, one, NULL, STA_PULLED); /* not written down yet */
	assert_rc(h, remove_version(h, &h->alice, one), STA_INVALID);
	assert_string_equal(h->err.msg,
			    "Publicly visible package versions with more than 3 downloads cannot be "
			    "deleted. Contact GitHub support for further assistance.");
	assert_true(is_there(h, one));
	assert_rc(h, sta_package_set_visibility(h->r, &h->alice, APP, STA_PRIVATE, &h->err), STA_OK);
	assert_rc(h, remove_version(h, &h->alice, one), STA_OK);
	assert_rc(h, restore_version(h, &h->alice, one), STA_OK);
	assert_rc(h, sta_package_set_visibility(h->r, &h->alice, APP, STA_PUBLIC, &h->err), STA_OK);
	h->options.popular_after = 0;
	house_restart(h);
	assert_rc(h, remove_version(h, &h->alice, one), STA_OK);
}

static void
a_version_that_an_index_lists_stays(void **state)
{
	struct house *h = *state;
	int64_t child = add_image(h, "child", 1);
	int64_t index = add_index(h, "all", &child, 1);
	struct sta_digest d = digest_at(h, index);
	char text[STA_DIGEST_TEXT_MAX];

	assert_rc(h, remove_version(h, &h->alice, child), STA_INVALID);
	assert_string_equal(
		h->err.msg,
		sta_arena_printf(h->arena,
				 "You cannot delete a version that the index %s lists. Delete that "
				 "version first.",
				 sta_digest_text(&d, text)));
	assert_true(is_there(h, child));
	(void) add_image(h, "other", 2);
	assert_rc(h, remove_version(h, &h->alice, index), STA_OK);
	assert_true(is_there(h, child));
	assert_rc(h, remove_version(h, &h->alice, child), STA_OK);
}

static void
an_index_comes_back_with_the_versions_that_it_lists(void **state)
{
	struct house *h = *state;
	int64_t children[2] = { add_image(h, NULL, 1), add_image(h, NULL, 2) };
	int64_t inner = add_index(h, NULL, children, 2);
	int64_t outer = add_index(h, "all", &inner, 1);

	(void) add_image(h, "other", 3);
	assert_rc(h, remove_version(h, &h->alice, outer), STA_OK);
	assert_rc(h, remove_version(h, &h->alice, inner), STA_OK);
	assert_rc(h, remove_version(h, &h->alice, children[0]), STA_OK);
	assert_rc(h, remove_version(h, &h->alice, children[1]), STA_OK);
	assert_rc(h, restore_version(h, &h->alice, outer), STA_OK);
	assert_true(is_there(h, outer) && is_there(h, inner));
	assert_true(is_there(h, children[0]) && is_there(h, children[1]));
	assert_int_equal(meant_by(h, APP, "all"), outer);
	assert_int_equal(list(h, false, NULL, NULL), 5);
}

/* Two indexes, with one child each that is theirs alone, one that they share, one that has a tag, and
 * signatures. */
struct family {
	int64_t first, second;
	int64_t own, other, shared, tagged;
	int64_t of_index, of_own, of_that, of_shared;
};

static struct family
raise(struct house *h)
{
	struct family f = {
		.own = add_image(h, NULL, 1),
		.other = add_image(h, NULL, 2),
		.shared = add_image(h, NULL, 3),
		.tagged = add_image(h, "tagged", 4),
	};

	f.first = add_index(h, "first", (const int64_t[]){ f.own, f.shared, f.tagged }, 3);
	f.second = add_index(h, "second", (const int64_t[]){ f.other, f.shared }, 2);
	f.of_index = add_referrer(h, f.first, 11);
	f.of_own = add_referrer(h, f.own, 12);
	f.of_that = add_referrer(h, f.of_own, 13);
	f.of_shared = add_referrer(h, f.shared, 14);
	return f;
}

static void
check_cascade(struct house *h, const struct family *f)
{
	assert_false(is_there(h, f->first) || is_there(h, f->own) || is_there(h, f->of_index));
	assert_false(is_there(h, f->of_own) || is_there(h, f->of_that));
	assert_true(is_there(h, f->second) && is_there(h, f->shared) && is_there(h, f->other));
	assert_true(is_there(h, f->tagged) && is_there(h, f->of_shared));
	assert_int_equal(list(h, true, NULL, NULL), 5);
}

static void
a_cascade_takes_what_has_no_purpose_without_the_version(void **state)
{
	struct house *h = *state;
	struct family f = raise(h);

	assert_rc(h, remove_with(h, f.first, true), STA_OK);
	check_cascade(h, &f);
	assert_rc(h, restore_version(h, &h->alice, f.first), STA_OK);
	assert_true(is_there(h, f.first) && is_there(h, f.own));
}

static void
a_cascade_is_an_option_that_a_request_may_decide_otherwise(void **state)
{
	struct house *h = *state;
	struct family f = raise(h);

	assert_rc(h, remove_version(h, &h->alice, f.first), STA_OK);
	assert_int_equal(list(h, true, NULL, NULL), 1);
	assert_rc(h, restore_version(h, &h->alice, f.first), STA_OK);
	h->options.delete_cascade = true;
	house_restart(h);
	assert_rc(h, remove_with(h, f.first, false), STA_OK);
	assert_int_equal(list(h, true, NULL, NULL), 1);
	assert_rc(h, restore_version(h, &h->alice, f.first), STA_OK);
	assert_rc(h, remove_version(h, &h->alice, f.first), STA_OK);
	check_cascade(h, &f);
}

#define MANY 200      /* more than one transaction takes */
#define REFERRERS 600 /* more than one finds */

static int64_t
add_large_index(struct house *h)
{
	int64_t children[MANY];

	for (size_t i = 0; i < MANY; i++) {
		children[i] = add_image(h, NULL, 100 + (unsigned) i);
		children[i] = add_index(h, NULL, &children[i], 1);
		if (i % 16 == 0)
			house_fresh_arena(h);
	}
	(void) add_image(h, "other", 99);
	return add_index(h, "all", children, MANY);
}

static void
a_cascade_and_a_restoration_go_beyond_one_transaction(void **state)
{
	struct house *h = *state;
	int64_t index = add_large_index(h);

	assert_int_equal(list(h, false, NULL, NULL), 2 * MANY + 2);
	assert_rc(h, remove_with(h, index, true), STA_OK);
	assert_int_equal(list(h, false, NULL, NULL), 1);
	assert_int_equal(list(h, true, NULL, NULL), 2 * MANY + 1);
	assert_rc(h, restore_version(h, &h->alice, index), STA_OK);
	assert_int_equal(list(h, false, NULL, NULL), 2 * MANY + 2);
	assert_int_equal(list(h, true, NULL, NULL), 0);
}

static void
a_cascade_takes_more_of_one_version_than_a_transaction_finds(void **state)
{
	struct house *h = *state;
	int64_t id = add_image(h, "all", 1);

	(void) add_image(h, "other", 99);
	for (unsigned i = 0; i < REFERRERS; i++) {
		(void) add_referrer(h, id, 100 + i);
		if (i % 16 == 0)
			house_fresh_arena(h);
	}
	assert_rc(h, remove_with(h, id, true), STA_OK);
	assert_int_equal(list(h, false, NULL, NULL), 1);
	assert_int_equal(list(h, true, NULL, NULL), REFERRERS + 1);
}

static void
without_a_trash_a_cascade_is_gone_at_once(void **state)
{
	struct house *h = *state;
	int64_t index = add_large_index(h);
	struct family f;

	h->options.trash_keep_s = 0;
	house_restart(h);
	assert_rc(h, remove_with(h, index, true), STA_OK);
	assert_int_equal(number(h, "SELECT count(*) FROM manifest"), 1);
	assert_int_equal(number(h, "SELECT count(*) FROM deleted_tag"), 0);
	assert_rc(h, restore_version(h, &h->alice, index), STA_NOT_FOUND);
	f = raise(h);
	assert_rc(h, remove_with(h, f.first, true), STA_OK);
	assert_int_equal(number(h, "SELECT count(*) FROM manifest"), 6);
}

static struct sta_call
with_scopes(const struct house *h, unsigned scopes)
{
	struct sta_call call = h->alice;

	call.caller.scopes = scopes;
	call.caller.token_id = 1;
	return call;
}

static void
give(struct house *h, enum sta_role role)
{
	assert_rc(h, sta_grant_give(h->r, &h->alice, APP, "bob", role, &h->err), STA_OK);
}

static void
who_administrates_the_package_deletes_and_restores(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "one", 1);

	(void) add_image(h, "two", 2);
	give(h, STA_ROLE_ADMIN);
	assert_rc(h, remove_version(h, &h->bob, one), STA_OK);
	assert_rc(h, restore_version(h, &h->bob, one), STA_OK);
	for (enum sta_role role = STA_ROLE_READ; role < STA_ROLE_ADMIN; role++) {
		give(h, role);
		assert_rc(h, remove_version(h, &h->bob, one), STA_DENIED);
		assert_string_equal(h->err.msg, "Must have admin rights to the package.");
		assert_true(is_there(h, one));
	}
	assert_rc(h, remove_version(h, &h->alice, one), STA_OK);
	for (enum sta_role role = STA_ROLE_READ; role < STA_ROLE_ADMIN; role++) {
		give(h, role);
		assert_rc(h, restore_version(h, &h->bob, one), STA_DENIED);
		assert_string_equal(h->err.msg, "Must have admin rights to the package.");
	}
	assert_rc(h, restore_version(h, &h->admin, one), STA_OK);
	assert_rc(h, remove_version(h, &h->admin, one), STA_OK);
}

static void
a_token_needs_the_scope_of_what_it_does(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "one", 1);
	struct sta_call reads = with_scopes(h, STA_SCOPE_READ);
	struct sta_call writes = with_scopes(h, STA_SCOPE_READ | STA_SCOPE_WRITE);
	struct sta_call deletes = with_scopes(h, STA_SCOPE_READ | STA_SCOPE_DELETE);

	(void) add_image(h, "two", 2);
	assert_rc(h, remove_version(h, &reads, one), STA_DENIED);
	assert_string_equal(h->err.msg, "You need at least delete:packages scope for this.");
	assert_rc(h, remove_version(h, &writes, one), STA_DENIED);
	assert_rc(h, remove_version(h, &deletes, one), STA_OK);
	assert_rc(h, restore_version(h, &reads, one), STA_DENIED);
	assert_string_equal(h->err.msg, "You need at least write:packages scope for this.");
	assert_rc(h, restore_version(h, &deletes, one), STA_DENIED);
	assert_rc(h, restore_version(h, &writes, one), STA_OK);
}

/* The same answer whether there is such a package. */
static void
assert_hidden(const struct house *h, enum sta_rc rc)
{
	const struct sta_err err = h->err;

	assert_int_equal(rc, STA_NOT_FOUND);
	assert_string_equal(err.msg, "Package not found.");
	assert_string_equal(err.detail, "");
}

static void
a_stranger_hears_what_it_would_of_an_absent_package(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "one", 1);

	(void) add_image(h, "two", 2);
	assert_hidden(h, remove_version(h, &h->bob, one));
	assert_hidden(h, restore_version(h, &h->bob, one));
	assert_hidden(h, remove_version(h, &h->bob, one + 100));
	assert_hidden(h, sta_published_restore_version(h->r, &h->bob, "alice", "none", one, &h->err));
	assert_hidden(h, sta_published_restore_version(h->r, &h->bob, "nobody", "none", one, &h->err));
	assert_hidden(h, sta_published_restore_version(h->r, &h->bob, "al/ice", "app", one, &h->err));
	assert_true(is_there(h, one));
}

static void
who_may_not_is_told_without_waiting_and_who_may_waits(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "one", 1);

	(void) add_image(h, "two", 2);
	h->alice.may_wait = h->bob.may_wait = false;
	assert_rc(h, remove_version(h, &h->bob, one), STA_NOT_FOUND);
	assert_rc(h, remove_version(h, &h->alice, one), STA_WOULD_BLOCK);
	assert_rc(h, restore_version(h, &h->bob, one), STA_NOT_FOUND);
	assert_rc(h, restore_version(h, &h->alice, one), STA_WOULD_BLOCK);
}

static void
deleted_versions_are_listed_for_who_may_delete_or_restore(void **state)
{
	struct house *h = *state;
	struct sta_call reads = with_scopes(h, STA_SCOPE_READ);
	struct sta_call deletes = with_scopes(h, STA_SCOPE_READ | STA_SCOPE_DELETE);
	struct sta_call writes = with_scopes(h, STA_SCOPE_READ | STA_SCOPE_WRITE);
	const struct {
		const struct sta_call *call;
		enum sta_rc rc;
	} table[] = { { &h->alice, STA_OK },
		      { &deletes, STA_OK },
		      { &writes, STA_OK },
		      { &reads, STA_DENIED },
		      { &h->bob, STA_DENIED } };

	(void) add_image(h, "one", 1);
	give(h, STA_ROLE_WRITE);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct sta_span span = { .max = 10 };
		struct sta_published_versions got;

		assert_rc(h,
			  sta_published_versions(h->r, table[i].call, "alice", "app", true, &span, &got,
						 &h->err),
			  table[i].rc);
	}
}

static enum sta_rc
delete_v2(struct house *h, int64_t id)
{
	struct sta_digest d = digest_at(h, id);
	struct sta_reference ref = ref_digest(&d);
	struct sta_name name;

	name_of(APP, &name);
	return sta_delete_manifest(h->r, &h->alice, &name, &ref, &h->err);
}

static void
what_the_registry_interface_deletes_can_be_restored(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "one", 1);

	assert_rc(h, delete_v2(h, one), STA_OK); /* the last one, too */
	assert_rc(h, delete_v2(h, one), STA_NOT_FOUND);
	assert_int_equal(list(h, true, NULL, NULL), 1);
	assert_rc(h, restore_version(h, &h->alice, one), STA_OK);
	assert_int_equal(meant_by(h, APP, "one"), one);
}

static enum sta_rc
delete_blob(struct house *h, unsigned seed)
{
	char *p = bytes_of(CONFIG_LEN, seed);
	struct sta_digest d = sha256_of(p, CONFIG_LEN);
	struct sta_name name;

	free(p);
	name_of(APP, &name);
	return sta_delete_blob(h->r, &h->alice, &name, &d, &h->err);
}

static void
deleting_a_blob_gives_up_the_deleted_versions_that_use_it(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "one", 1);
	int64_t signature = add_referrer(h, one, 1); /* the same blob */
	int64_t other = add_image(h, "other", 2);

	assert_rc(h, remove_version(h, &h->alice, one), STA_OK);
	assert_rc(h, delete_blob(h, 1), STA_CONFLICT); /* by the signature */
	assert_int_equal(list(h, true, NULL, NULL), 1);
	assert_rc(h, remove_version(h, &h->alice, signature), STA_OK);
	assert_rc(h, delete_blob(h, 1), STA_OK);
	assert_rc(h, delete_blob(h, 1), STA_NOT_FOUND);
	assert_rc(h, restore_version(h, &h->alice, one), STA_NOT_FOUND);
	assert_rc(h, restore_version(h, &h->alice, signature), STA_NOT_FOUND);
	assert_int_equal(list(h, true, NULL, NULL), 0);
	assert_true(is_there(h, other));
}

static void
a_blob_of_very_many_deleted_versions_can_be_deleted(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "one", 1);

	(void) add_image(h, "other", 2);
	for (unsigned i = 0; i < 130; i++)
		one = add_referrer(h, one, 1);
	assert_rc(h, remove_with(h, number(h, "SELECT min(id) FROM manifest"), true), STA_OK);
	assert_int_equal(list(h, true, NULL, NULL), 131);
	assert_rc(h, delete_blob(h, 1), STA_OK);
	assert_int_equal(list(h, true, NULL, NULL), 0);
}

static void
pulls_from_before_the_deletion_count_in_the_trash(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "one", 1);
	struct sta_version_row *rows;
	size_t n;

	(void) add_image(h, "two", 2);
	assert_rc(h, delete_v2(h, one), STA_OK);
	sta_pull_count(h->r, one, NULL, STA_PULLED);
	assert_rc(h, sta_pulls_flush(h->r, &h->err), STA_OK);
	assert_int_equal(list(h, true, &rows, &n), 1);
	assert_int_equal(rows[0].pulls, 1);
	assert_rc(h, restore_version(h, &h->alice, one), STA_OK);
	assert_int_equal(list(h, false, &rows, &n), 2);
	assert_int_equal(rows[1].pulls, 1);
	assert_int_equal(number(h, "SELECT pulls FROM package"), 1);
}

/* A client that heard of a blob that it need not push pushes the manifest that uses it. */
static void
a_blob_that_only_the_trash_held_stays_for_a_grace_after_that_was_emptied(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "one", 1);
	char *p = bytes_of(CONFIG_LEN, 1);
	struct sta_digest config = sha256_of(p, CONFIG_LEN);
	char *text = manifest_of(h, &config, CONFIG_LEN, &config, 1, CONFIG_LEN);

	free(p);
	(void) add_image(h, "two", 2);
	sta_clock_set_offset(2 * GRACE); /* the lease of the push is over */
	assert_rc(h, remove_version(h, &h->alice, one), STA_OK);
	sta_clock_set_offset(2 * GRACE + KEEP + 5);
	assert_rc(h, head_blob(h, &h->alice, APP, &config, &h->err), STA_OK);
	assert_int_equal(run_gc(h, false).versions_removed, 1);
	assert_rc(h, push_manifest(h, &h->alice, APP, "three", text, NULL, &h->err), STA_OK);
	assert_rc(h, delete_v2(h, meant_by(h, APP, "three")), STA_OK);
	sta_clock_set_offset(4 * GRACE);
	assert_int_equal(run_gc(h, false).versions_removed, 1);
	sta_clock_set_offset(5 * GRACE - 5);
	assert_int_equal(run_gc(h, false).blobs_removed, 0);
	sta_clock_set_offset(5 * GRACE + 5);
	assert_int_equal(run_gc(h, false).blobs_removed, 1);
	assert_rc(h, head_blob(h, &h->alice, APP, &config, &h->err), STA_NOT_FOUND);
}

static void
what_is_kept_until_when_is_what_the_collector_takes(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "one", 1);
	int64_t two = add_image(h, "two", 2);

	(void) add_image(h, "three", 3);
	assert_rc(h, remove_version(h, &h->alice, one), STA_OK);
	sta_clock_set_offset(KEEP / 2);
	assert_rc(h, remove_version(h, &h->alice, two), STA_OK);
	sta_clock_set_offset(KEEP + 5);
	assert_int_equal(run_gc(h, true).versions_removed, 1);
	assert_int_equal(list(h, true, NULL, NULL), 1);
	assert_rc(h, restore_version(h, &h->alice, two), STA_OK);
}

static void
tags_are_listed_though_one_in_between_is_too_old_to_be_restored(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "one", 1);
	int64_t two = add_image(h, "two", 2);
	int64_t three = add_image(h, "three", 3);
	struct sta_version_row *rows;
	size_t n;

	(void) add_image(h, "four", 4);
	assert_rc(h, remove_version(h, &h->alice, two), STA_OK);
	sta_clock_set_offset(KEEP / 2);
	assert_rc(h, remove_version(h, &h->alice, one), STA_OK);
	assert_rc(h, remove_version(h, &h->alice, three), STA_OK);
	sta_clock_set_offset(KEEP + 5);
	assert_int_equal(list(h, true, &rows, &n), 2);
	assert_int_equal(rows[0].id, three);
	assert_int_equal(rows[0].n_tags, 1);
	assert_string_equal(rows[0].tags[0], "three");
	assert_int_equal(rows[1].id, one);
	assert_int_equal(rows[1].n_tags, 1);
	assert_string_equal(rows[1].tags[0], "one");
}

static void
deletions_and_restorations_are_in_the_audit_log(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "one", 1);
	struct sta_digest d = digest_at(h, one);
	char text[STA_DIGEST_TEXT_MAX];
	struct sta_audit_line *lines;
	size_t n;

	(void) add_image(h, "two", 2);
	assert_rc(h, remove_version(h, &h->alice, one), STA_OK);
	assert_rc(h, restore_version(h, &h->alice, one), STA_OK);
	assert_rc(h, sta_audit_read(h->r, &h->admin, APP, 0, 10, &lines, &n, &h->err), STA_OK);
	assert_true(n >= 2);
	assert_string_equal(lines[0].action, "version.restore");
	assert_string_equal(lines[1].action, "version.delete");
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(lines[i].actor, "alice");
		assert_string_equal(lines[i].target, APP);
		assert_string_equal(lines[i].detail, sta_digest_text(&d, text));
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, trash_setup, trash_teardown)

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_deleted_version_is_found_by_nobody_but_in_the_list_of_deleted_ones),
		TEST(a_restored_version_is_as_it_was),
		TEST(a_tag_that_another_version_took_stays_there),
		TEST(after_its_time_a_version_is_not_restored_collected_or_not),
		TEST(a_version_whose_digest_was_pushed_again_is_gone_and_the_new_one_whole),
		TEST(the_last_version_with_a_tag_stays),
		TEST(the_last_version_stays_though_it_has_no_tag),
		TEST(a_popular_version_stays_while_it_is_public),
		TEST(a_version_that_an_index_lists_stays),
		TEST(an_index_comes_back_with_the_versions_that_it_lists),
		TEST(a_cascade_takes_what_has_no_purpose_without_the_version),
		TEST(a_cascade_is_an_option_that_a_request_may_decide_otherwise),
		TEST(a_cascade_and_a_restoration_go_beyond_one_transaction),
		TEST(a_cascade_takes_more_of_one_version_than_a_transaction_finds),
		TEST(without_a_trash_a_cascade_is_gone_at_once),
		TEST(who_administrates_the_package_deletes_and_restores),
		TEST(a_token_needs_the_scope_of_what_it_does),
		TEST(a_stranger_hears_what_it_would_of_an_absent_package),
		TEST(who_may_not_is_told_without_waiting_and_who_may_waits),
		TEST(deleted_versions_are_listed_for_who_may_delete_or_restore),
		TEST(what_the_registry_interface_deletes_can_be_restored),
		TEST(deleting_a_blob_gives_up_the_deleted_versions_that_use_it),
		TEST(a_blob_of_very_many_deleted_versions_can_be_deleted),
		TEST(pulls_from_before_the_deletion_count_in_the_trash),
		TEST(a_blob_that_only_the_trash_held_stays_for_a_grace_after_that_was_emptied),
		TEST(what_is_kept_until_when_is_what_the_collector_takes),
		TEST(tags_are_listed_though_one_in_between_is_too_old_to_be_restored),
		TEST(deletions_and_restorations_are_in_the_audit_log),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
