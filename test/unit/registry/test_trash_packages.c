/* Packages that are deleted and restored, and how the trash is emptied. */

#include "trash_house.h"

#include <stdlib.h>
#include <string.h>

#include "registry/grant.h"
#include "registry/list.h"
#include "registry/org.h"
#include "registry/pulls.h"
#include "registry/rename.h"

#define LARGE (100 * KIB)

static enum sta_rc
look_at(struct house *h, const struct sta_call *call, const char *name)
{
	struct sta_published_package package;

	return sta_published_package(h->r, call, "alice", name, &package, &h->err);
}

static enum sta_rc
restore(struct house *h, const struct sta_call *call)
{
	return restore_package(h, call, "alice", "app", 0);
}

static int64_t
package_id(struct house *h)
{
	return number(h, "SELECT max(id) FROM package");
}

static void
a_deleted_package_is_found_by_nobody_and_restored_as_it_was(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "one", 1);
	int64_t two = add_image(h, "two", 2);
	struct sta_published_package *packages;
	struct sta_span span = { .max = 10 };
	struct sta_name_page page;
	struct sta_owner owner;
	struct sta_name name;
	size_t n;

	name_of(APP, &name);
	assert_rc(h, sta_grant_give(h->r, &h->alice, APP, "bob", STA_ROLE_READ, &h->err), STA_OK);
	assert_rc(h, remove_version(h, &h->alice, one), STA_OK);
	assert_rc(h, remove_package(h, &h->alice), STA_OK);
	assert_rc(h, look_at(h, &h->alice, "app"), STA_NOT_FOUND);
	assert_string_equal(h->err.msg, "Package not found.");
	assert_int_equal(meant_by(h, APP, "two"), 0);
	assert_rc(h, sta_list_tags(h->r, &h->alice, &name, NULL, 10, &page, &h->err), STA_NOT_FOUND);
	assert_rc(h, sta_list_catalog(h->r, &h->admin, NULL, 10, &page, &h->err), STA_OK);
	assert_int_equal(page.n, 0);
	assert_rc(h, sta_published_owner(h->r, &h->alice, "alice", &owner, &h->err), STA_OK);
	assert_rc(h, sta_published_packages(h->r, &h->alice, &owner, NULL, &span, &packages, &n, &h->err),
		  STA_OK);
	assert_int_equal(n, 0);
	assert_rc(h, remove_package(h, &h->alice), STA_NOT_FOUND);
	assert_rc(h, remove_version(h, &h->alice, two), STA_NOT_FOUND);
	assert_rc(h, restore_version(h, &h->alice, one), STA_NOT_FOUND);
	sta_clock_set_offset(KEEP - 5);
	(void) run_gc(h, true);
	assert_rc(h, restore(h, &h->alice), STA_OK);
	assert_rc(h, look_at(h, &h->bob, "app"), STA_OK);
	assert_int_equal(meant_by(h, APP, "two"), two);
	assert_int_equal(list(h, false, NULL, NULL), 1);
	assert_int_equal(list(h, true, NULL, NULL), 1);
	assert_rc(h, restore_version(h, &h->alice, one), STA_OK);
	assert_rc(h, restore(h, &h->alice), STA_NOT_FOUND);
}

static void
the_name_of_a_deleted_package_is_free_and_then_it_cannot_be_restored(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "one", 1);
	int64_t first = package_id(h);
	int64_t again, second;

	assert_rc(h, remove_package(h, &h->alice), STA_OK);
	again = add_image(h, "one", 1);
	second = package_id(h);
	assert_int_not_equal(again, one);
	assert_rc(h, restore(h, &h->alice), STA_CONFLICT);
	assert_int_equal(meant_by(h, APP, "one"), again);
	sta_clock_set_offset(5);
	assert_rc(h, remove_package(h, &h->alice), STA_OK);
	assert_rc(h, restore_package(h, &h->alice, "alice", "app", first), STA_OK);
	assert_int_equal(meant_by(h, APP, "one"), one);
	assert_rc(h, restore(h, &h->alice), STA_CONFLICT);
	assert_rc(h, restore_package(h, &h->alice, "alice", "app", second), STA_CONFLICT);
	assert_rc(h, remove_package(h, &h->alice), STA_OK); /* deleted last now */
	assert_rc(h, restore_package(h, &h->alice, "alice", "app", second), STA_OK);
	assert_int_equal(meant_by(h, APP, "one"), again);
}

static void
of_several_of_a_name_the_one_deleted_last_is_restored(void **state)
{
	struct house *h = *state;
	int64_t ids[3];

	for (unsigned i = 0; i < 3; i++) {
		ids[i] = add_image(h, "one", i + 1);
		sta_clock_set_offset(i);
		assert_rc(h, remove_package(h, &h->alice), STA_OK);
	}
	assert_rc(h, restore(h, &h->alice), STA_OK);
	assert_int_equal(meant_by(h, APP, "one"), ids[2]);
}

static void
a_name_that_a_push_has_begun_with_is_in_use(void **state)
{
	struct house *h = *state;

	(void) add_image(h, "one", 1);
	assert_rc(h, remove_package(h, &h->alice), STA_OK);
	(void) push_seed(h, &h->alice, APP, CONFIG_LEN, 1);
	assert_rc(h, restore(h, &h->alice), STA_CONFLICT);
	assert_rc(h, look_at(h, &h->alice, "app"), STA_NOT_FOUND);
	assert_rc(h, remove_package(h, &h->alice), STA_NOT_FOUND); /* nothing was published */
	sta_clock_set_offset(GRACE * 2);
	(void) run_gc(h, false);
}

static void
a_package_is_not_restored_after_its_time(void **state)
{
	struct house *h = *state;

	(void) add_image(h, "one", 1);
	assert_rc(h, remove_package(h, &h->alice), STA_OK);
	sta_clock_set_offset(KEEP + 1);
	assert_rc(h, restore(h, &h->alice), STA_NOT_FOUND);
	assert_string_equal(h->err.msg, "Package not found.");
	assert_rc(h, restore_package(h, &h->alice, "alice", "app", package_id(h)), STA_NOT_FOUND);
	assert_int_equal(run_gc(h, false).versions_removed, 1);
	assert_rc(h, restore(h, &h->alice), STA_NOT_FOUND);
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
who_administrates_a_package_deletes_and_restores_it(void **state)
{
	struct house *h = *state;

	(void) add_image(h, "one", 1);
	for (enum sta_role role = STA_ROLE_READ; role < STA_ROLE_ADMIN; role++) {
		assert_rc(h, sta_grant_give(h->r, &h->alice, APP, "bob", role, &h->err), STA_OK);
		assert_rc(h, remove_package(h, &h->bob), STA_DENIED);
		assert_rc(h, remove_package(h, &h->alice), STA_OK);
		assert_rc(h, restore(h, &h->bob), STA_DENIED);
		assert_string_equal(h->err.msg, "Must have admin rights to the package.");
		assert_rc(h, restore(h, &h->alice), STA_OK);
	}
	assert_rc(h, sta_grant_give(h->r, &h->alice, APP, "bob", STA_ROLE_ADMIN, &h->err), STA_OK);
	assert_rc(h, remove_package(h, &h->bob), STA_OK);
	assert_rc(h, restore(h, &h->bob), STA_OK);
	assert_rc(h, remove_package(h, &h->admin), STA_OK);
	assert_rc(h, restore(h, &h->admin), STA_OK);
}

static void
a_token_needs_the_scope_of_what_it_does(void **state)
{
	struct house *h = *state;
	struct sta_call writes = with_scopes(h, STA_SCOPE_READ | STA_SCOPE_WRITE);
	struct sta_call deletes = with_scopes(h, STA_SCOPE_READ | STA_SCOPE_DELETE);

	(void) add_image(h, "one", 1);
	assert_rc(h, remove_package(h, &writes), STA_DENIED);
	assert_string_equal(h->err.msg, "You need at least delete:packages scope for this.");
	assert_rc(h, remove_package(h, &deletes), STA_OK);
	assert_rc(h, restore(h, &deletes), STA_DENIED);
	assert_string_equal(h->err.msg, "You need at least write:packages scope for this.");
	assert_rc(h, restore(h, &writes), STA_OK);
}

/* The same answer to each kind of outsider, whether there is such a package. */
static void
an_outsider_cannot_tell_a_deleted_package_from_none(void **state)
{
	struct house *h = *state;
	const struct sta_limit limit = { "alice/other", STA_ACTION_BIT(STA_ACTION_READ) };
	struct sta_call limited = h->bob;
	struct sta_call own = h->alice;
	struct sta_call scopeless = with_scopes(h, 0);
	struct sta_call bobs = h->bob;
	const struct sta_call *const calls[] = { &h->bob, &limited, &own, &scopeless, &bobs, &h->nobody };

	bobs.caller.scopes = 0;
	limited.caller.limited = own.caller.limited = true;
	limited.caller.limits = own.caller.limits = &limit;
	limited.caller.n_limits = own.caller.n_limits = 1;
	(void) add_image(h, "one", 1);
	assert_rc(h, remove_package(h, &h->alice), STA_OK);
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		enum sta_rc rc = restore(h, calls[i]);
		struct sta_err err = h->err;
		enum sta_rc none = restore_package(h, calls[i], "alice", "none", 0);

		if (calls[i] == &scopeless) /* its own: it may know */
			continue;
		assert_int_not_equal(rc, STA_OK);
		if (rc != none || strcmp(err.msg, h->err.msg) != 0 || strcmp(err.detail, h->err.detail) != 0)
			fail_msg("caller %zu: %s (%s), and %s (%s) where there is none", i, sta_rc_name(rc),
				 err.msg, sta_rc_name(none), h->err.msg);
	}
}

static void
a_deleted_public_package_is_none_to_who_has_no_role_on_it(void **state)
{
	struct house *h = *state;

	(void) add_image(h, "one", 1);
	assert_rc(h, sta_package_set_visibility(h->r, &h->alice, APP, STA_PUBLIC, &h->err), STA_OK);
	assert_rc(h, remove_package(h, &h->alice), STA_OK);
	assert_rc(h, restore(h, &h->bob), STA_NOT_FOUND);
	assert_string_equal(h->err.msg, "Package not found.");
	assert_string_equal(h->err.detail, "");
	assert_rc(h, restore(h, &h->alice), STA_OK);
}

static void
who_may_not_is_told_without_waiting_and_who_may_waits(void **state)
{
	struct house *h = *state;

	(void) add_image(h, "one", 1);
	h->alice.may_wait = h->bob.may_wait = false;
	assert_rc(h, remove_package(h, &h->bob), STA_NOT_FOUND);
	assert_rc(h, remove_package(h, &h->alice), STA_WOULD_BLOCK);
	h->alice.may_wait = true;
	assert_rc(h, remove_package(h, &h->alice), STA_OK);
	h->alice.may_wait = false;
	assert_rc(h, restore(h, &h->bob), STA_NOT_FOUND);
	assert_rc(h, restore(h, &h->alice), STA_WOULD_BLOCK);
}

static void
a_popular_package_stays_while_it_is_public(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "one", 1);
	int64_t two = add_image(h, "two", 2);

	h->options.popular_after = 1;
	h->options.retire_after = 0;
	house_restart(h);
	for (int i = 0; i < 2; i++)
		sta_pull_count(h->r, two, NULL, STA_PULLED);
	sta_pull_count(h->r, one, NULL, STA_PULLED);
	assert_rc(h, sta_package_set_visibility(h->r, &h->alice, APP, STA_PUBLIC, &h->err), STA_OK);
	assert_rc(h, remove_package(h, &h->alice), STA_INVALID);
	assert_string_equal(h->err.msg, "Publicly visible packages with more than 1 downloads on any version "
					"cannot be deleted. Contact GitHub support for further assistance.");
	assert_rc(h, look_at(h, &h->alice, "app"), STA_OK);
	assert_rc(h, sta_package_set_visibility(h->r, &h->alice, APP, STA_PRIVATE, &h->err), STA_OK);
	assert_rc(h, remove_package(h, &h->alice), STA_OK);
	assert_rc(h, restore(h, &h->alice), STA_OK);
	assert_rc(h, sta_package_set_visibility(h->r, &h->alice, APP, STA_PUBLIC, &h->err), STA_OK);
	assert_rc(h, sta_package_delete(h->r, &h->sys, APP, &h->err), STA_OK); /* the machine's owner */
	assert_rc(h, sta_package_restore(h->r, &h->sys, APP, &h->err), STA_OK);
	assert_rc(h, sta_package_restore(h->r, &h->sys, APP, &h->err), STA_NOT_FOUND);
	h->options.popular_after = 0;
	house_restart(h);
	assert_rc(h, remove_package(h, &h->alice), STA_OK);
}

/* --- names --- */

static void
former_names_lead_nowhere_while_the_package_is_deleted(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "one", 1);

	assert_rc(h, sta_package_rename(h->r, &h->alice, APP, "alice/tool", &h->err), STA_OK);
	assert_int_equal(meant_by(h, APP, "one"), one);
	assert_rc(h, sta_published_remove_package(h->r, &h->alice, "alice", "app", &h->err), STA_DENIED);
	assert_rc(h, sta_published_remove_package(h->r, &h->alice, "alice", "tool", &h->err), STA_OK);
	assert_int_equal(meant_by(h, APP, "one"), 0);
	assert_rc(h, restore(h, &h->alice), STA_NOT_FOUND); /* by the former name */
	assert_rc(h, restore_package(h, &h->alice, "alice", "tool", 0), STA_OK);
	assert_int_equal(meant_by(h, "alice/tool", "one"), one);
	assert_int_equal(meant_by(h, APP, "one"), one);
}

static void
a_former_name_of_a_deleted_package_can_be_a_name_again(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "one", 1);
	int64_t two;

	assert_rc(h, sta_package_rename(h->r, &h->alice, APP, "alice/tool", &h->err), STA_OK);
	assert_rc(h, sta_published_remove_package(h->r, &h->alice, "alice", "tool", &h->err), STA_OK);
	two = add_image(h, "one", 2);
	assert_rc(h, restore_package(h, &h->alice, "alice", "tool", 0), STA_OK);
	assert_int_equal(meant_by(h, APP, "one"), two);
	assert_int_equal(meant_by(h, "alice/tool", "one"), one);
	assert_rc(h, sta_package_rename(h->r, &h->alice, APP, "alice/new", &h->err), STA_OK);
	assert_int_equal(meant_by(h, APP, "one"), two);
	assert_int_equal(meant_by(h, "alice/new", "one"), two);
}

static void
a_name_that_leads_to_another_package_now_is_in_use(void **state)
{
	struct house *h = *state;
	int64_t two;

	(void) add_image(h, "one", 1);
	assert_rc(h, remove_package(h, &h->alice), STA_OK);
	two = add_image(h, "one", 2);
	assert_rc(h, sta_package_rename(h->r, &h->alice, APP, "alice/new", &h->err), STA_OK);
	assert_rc(h, restore(h, &h->alice), STA_CONFLICT);
	assert_int_equal(meant_by(h, APP, "one"), two);
	assert_rc(h, sta_name_release(h->r, &h->sys, APP, &h->err), STA_OK);
	assert_rc(h, restore(h, &h->alice), STA_OK);
}

static void
a_renamed_owner_restores_under_its_new_name(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "one", 1);
	struct sta_name_kept *kept;
	const char *now;
	size_t n;

	h->options.retire_after = 1;
	house_restart(h);
	sta_pull_count(h->r, one, NULL, STA_PULLED);
	assert_rc(h, sta_package_set_visibility(h->r, &h->alice, APP, STA_PUBLIC, &h->err), STA_OK);
	assert_rc(h, remove_package(h, &h->alice), STA_OK);
	assert_rc(h, sta_user_rename(h->r, &h->sys, "alice", "anna", &now, &h->err), STA_OK);
	assert_rc(h, sta_names_kept(h->r, &h->sys, &kept, &n, &h->err), STA_OK);
	for (size_t i = 0; i < n; i++)
		if (strchr(kept[i].name, '@') || strchr(kept[i].of, '@'))
			fail_msg("%s of %s", kept[i].name, kept[i].of);
	assert_rc(h, restore(h, &h->alice), STA_NOT_FOUND);
	assert_rc(h, restore_package(h, &h->alice, "anna", "app", 0), STA_OK);
	assert_int_equal(meant_by(h, "anna/app", "one"), one);
	assert_int_equal(meant_by(h, APP, "one"), one);
}

static void
a_deleted_package_is_no_reason_to_refuse_its_owner_a_name(void **state)
{
	static char name[STA_NAME_MAX + 1];
	struct house *h = *state;
	struct sta_digest config;
	const char *now;

	memset(name, 'a', STA_NAME_MAX);
	memcpy(name, "alice/", strlen("alice/"));
	config = push_seed(h, &h->alice, name, CONFIG_LEN, 1);
	assert_rc(h,
		  push_manifest(h, &h->alice, name, "one", manifest_of(h, &config, CONFIG_LEN, NULL, 0, 0),
				NULL, &h->err),
		  STA_OK);
	assert_rc(h, sta_published_remove_package(h->r, &h->alice, "alice", name + strlen("alice/"), &h->err),
		  STA_OK);
	assert_rc(h, sta_user_rename(h->r, &h->sys, "alice", "anna3", &now, &h->err), STA_OK);
	assert_rc(
		h,
		sta_published_restore_package(h->r, &h->alice, "anna3", name + strlen("alice/"), 0, &h->err),
		STA_OK);
}

/* bob/app was popular; the name stays for that owner, who is called bill now. */
static void
retire_bobs_app(struct house *h)
{
	struct sta_digest config = push_seed(h, &h->bob, "bob/app", CONFIG_LEN, 1);
	const char *now;

	assert_rc(h,
		  push_manifest(h, &h->bob, "bob/app", "one", manifest_of(h, &config, CONFIG_LEN, NULL, 0, 0),
				NULL, &h->err),
		  STA_OK);
	assert_rc(h, sta_package_set_visibility(h->r, &h->bob, "bob/app", STA_PUBLIC, &h->err), STA_OK);
	sta_pull_count(h->r, number(h, "SELECT max(id) FROM manifest"), NULL, STA_PULLED);
	assert_rc(h, sta_user_rename(h->r, &h->sys, "bob", "bill", &now, &h->err), STA_OK);
	assert_rc(h, sta_name_release(h->r, &h->sys, "bob", &h->err), STA_OK);
}

static void
a_retired_name_is_not_had_by_way_of_the_trash(void **state)
{
	struct house *h = *state;
	const char *now;
	enum sta_rc rc;

	h->options.retire_after = 1;
	house_restart(h);
	retire_bobs_app(h);
	(void) add_image(h, "one", 1);
	rc = sta_user_rename(h->r, &h->sys, "alice", "bob", &now, &h->err);
	assert_int_not_equal(rc, STA_OK);
	assert_rc(h, remove_package(h, &h->alice), STA_OK);
	assert_rc(h, sta_user_rename(h->r, &h->sys, "alice", "bob", &now, &h->err), rc);
}

/* --- emptying the trash --- */

static void
a_blob_of_a_deleted_package_is_not_mounted(void **state)
{
	struct house *h = *state;
	struct sta_digest large = push_seed(h, &h->alice, APP, LARGE, 7);
	struct sta_name app, lib;
	bool mounted = true;

	name_of(APP, &app);
	name_of("alice/lib", &lib);
	(void) add_image(h, "one", 1);
	assert_rc(h, remove_package(h, &h->alice), STA_OK);
	assert_rc(h, sta_mount_blob(h->r, &h->alice, &lib, &large, &app, &mounted, &h->err), STA_OK);
	assert_false(mounted);
	mounted = true;
	assert_rc(h, sta_mount_blob(h->r, &h->alice, &lib, &large, NULL, &mounted, &h->err), STA_OK);
	assert_false(mounted);
	assert_rc(h, head_blob(h, &h->alice, APP, &large, &h->err), STA_NOT_FOUND);
}

#define VERSIONS 300 /* more than the collector takes at a time */

static void
a_package_of_many_versions_is_emptied_in_time_and_its_blobs_a_grace_later(void **state)
{
	struct house *h = *state;
	struct sta_gc_result result;

	for (unsigned i = 0; i < VERSIONS; i++) {
		(void) add_image(h, i % 3 ? NULL : "latest", i + 1);
		if (i % 16 == 0)
			house_fresh_arena(h);
	}
	sta_clock_set_offset(2 * GRACE);
	assert_rc(h, remove_version(h, &h->alice, number(h, "SELECT min(id) FROM manifest")), STA_OK);
	assert_rc(h, remove_package(h, &h->alice), STA_OK);
	sta_clock_set_offset(2 * GRACE + KEEP - 5);
	result = run_gc(h, true);
	assert_int_equal(result.versions_removed + result.packages_removed + result.blobs_removed, 0);
	sta_clock_set_offset(2 * GRACE + KEEP + 5);
	result = run_gc(h, false);
	assert_int_equal(result.versions_removed, VERSIONS);
	assert_int_equal(result.blobs_removed, 0);
	assert_int_equal(number(h, "SELECT count(*) FROM manifest"), 0);
	sta_clock_set_offset(3 * GRACE + KEEP + 10);
	result = run_gc(h, false);
	assert_int_equal(result.blobs_removed, VERSIONS);
	assert_int_equal(result.packages_removed, 1);
	assert_int_equal(number(h, "SELECT count(*) FROM package"), 0);
	assert_int_equal(number(h, "SELECT count(*) FROM blob"), 0);
	assert_int_equal(number(h, "SELECT count(*) FROM role_grant"), 0);
}

static void
another_package_of_the_name_lives_on_when_the_trash_is_emptied(void **state)
{
	struct house *h = *state;
	int64_t again;

	(void) add_image(h, "one", 1);
	assert_rc(h, remove_package(h, &h->alice), STA_OK);
	again = add_image(h, "one", 1);
	sta_clock_set_offset(KEEP + 5);
	assert_int_equal(run_gc(h, true).versions_removed, 1);
	sta_clock_set_offset(KEEP + 3 * GRACE);
	assert_int_equal(run_gc(h, true).packages_removed, 1);
	assert_int_equal(meant_by(h, APP, "one"), again);
	assert_rc(h, look_at(h, &h->alice, "app"), STA_OK);
}

static void
blobs_without_a_manifest_leave_a_deleted_package_after_their_grace(void **state)
{
	struct house *h = *state;
	int64_t one = add_image(h, "one", 1);

	(void) push_seed(h, &h->alice, APP, LARGE, 7);
	h->options.trash_keep_s = 10 * GRACE;
	house_restart(h);
	assert_rc(h, remove_package(h, &h->alice), STA_OK);
	sta_clock_set_offset(GRACE + 5);
	assert_int_equal(run_gc(h, false).blobs_removed, 1);
	assert_int_equal(count_files(h), 0);
	assert_rc(h, restore(h, &h->alice), STA_OK);
	assert_int_equal(meant_by(h, APP, "one"), one);
}

static void
without_a_trash_a_package_is_gone_at_once(void **state)
{
	struct house *h = *state;

	(void) add_image(h, "one", 1);
	assert_rc(h, remove_version(h, &h->alice, add_image(h, NULL, 2)), STA_OK);
	h->options.trash_keep_s = 0;
	house_restart(h);
	assert_rc(h, remove_package(h, &h->alice), STA_OK);
	assert_int_equal(number(h, "SELECT count(*) FROM package"), 0);
	assert_int_equal(number(h, "SELECT count(*) FROM manifest"), 0);
	assert_rc(h, restore(h, &h->alice), STA_NOT_FOUND);
}

static void
deletions_and_restorations_are_in_the_audit_log(void **state)
{
	struct house *h = *state;
	struct sta_audit_line *lines;
	size_t n;

	(void) add_image(h, "one", 1);
	assert_rc(h, remove_package(h, &h->alice), STA_OK);
	assert_rc(h, restore(h, &h->alice), STA_OK);
	assert_rc(h, sta_audit_read(h->r, &h->admin, APP, 0, 10, &lines, &n, &h->err), STA_OK);
	assert_true(n >= 2);
	assert_string_equal(lines[0].action, "package.restore");
	assert_string_equal(lines[1].action, "package.delete");
	assert_string_equal(lines[0].actor, "alice");
	assert_string_equal(lines[1].actor, "alice");
}

/* --- lists --- */

static void
owners_are_seen_by_who_may_see_something_of_them(void **state)
{
	struct house *h = *state;
	struct sta_owner owner;
	struct sta_org org;

	assert_rc(h, sta_org_create(h->r, &h->sys, "acme", "alice", &org, &h->err), STA_OK);
	assert_rc(h, sta_published_owner(h->r, &h->alice, "ACME", &owner, &h->err), STA_OK);
	assert_string_equal(owner.name, "acme");
	assert_int_equal(owner.kind, STA_OWNER_ORGANIZATION);
	assert_int_equal(owner.member, STA_ORG_OWNER);
	assert_rc(h, sta_published_owner(h->r, &h->bob, "acme", &owner, &h->err), STA_NOT_FOUND);
	assert_string_equal(h->err.msg, "Not Found");
	assert_rc(h, sta_published_owner(h->r, &h->bob, "alice", &owner, &h->err), STA_NOT_FOUND);
	assert_rc(h, sta_published_owner(h->r, &h->bob, "nobody", &owner, &h->err), STA_NOT_FOUND);
	assert_string_equal(h->err.msg, "Not Found");
	assert_rc(h, sta_published_owner(h->r, &h->bob, "bob", &owner, &h->err), STA_OK);
	(void) add_image(h, "one", 1);
	assert_rc(h, sta_published_owner(h->r, &h->bob, "alice", &owner, &h->err), STA_NOT_FOUND);
	assert_rc(h, sta_grant_give(h->r, &h->alice, APP, "bob", STA_ROLE_READ, &h->err), STA_OK);
	assert_rc(h, sta_published_owner(h->r, &h->bob, "alice", &owner, &h->err), STA_OK);
	assert_int_equal(owner.kind, STA_OWNER_USER);
	assert_rc(h, remove_package(h, &h->alice), STA_OK);
	assert_rc(h, sta_published_owner(h->r, &h->bob, "alice", &owner, &h->err), STA_NOT_FOUND);
}

static void
packages_are_listed_by_name_for_who_may_read_them_page_by_page(void **state)
{
	static const char *const names[] = { "alice/b", "alice/a", "alice/b-c", "alice/b/c", "bob/a" };
	static const char *const sorted[] = { "a", "b", "b-c", "b/c" };
	const enum sta_visibility only = STA_PUBLIC;
	struct house *h = *state;
	struct sta_published_package *p;
	struct sta_owner owner;
	size_t n;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const struct sta_call *call = names[i][0] == 'a' ? &h->alice : &h->bob;
		struct sta_digest config = push_seed(h, call, names[i], CONFIG_LEN, 1);

		assert_rc(h,
			  push_manifest(h, call, names[i], "one",
					manifest_of(h, &config, CONFIG_LEN, NULL, 0, 0), NULL, &h->err),
			  STA_OK);
	}
	assert_rc(h, sta_package_set_visibility(h->r, &h->alice, "alice/b/c", STA_PUBLIC, &h->err), STA_OK);
	assert_rc(h, sta_published_owner(h->r, &h->alice, "alice", &owner, &h->err), STA_OK);
	for (uint64_t skip = 0; skip < 6; skip++) {
		struct sta_span span = { .skip = skip, .max = 2 };

		assert_rc(h, sta_published_packages(h->r, &h->alice, &owner, NULL, &span, &p, &n, &h->err),
			  STA_OK);
		assert_int_equal(span.total, 4);
		assert_int_equal(n, skip >= 4 ? 0 : skip == 3 ? 1 : 2);
		for (size_t i = 0; i < n; i++)
			assert_string_equal(p[i].name, sorted[skip + i]);
	}
	for (size_t i = 0; i < 2; i++) {
		const struct sta_call *call = i == 0 ? &h->bob : &h->alice;
		struct sta_span span = { .max = 2 };

		assert_rc(h,
			  sta_published_packages(h->r, call, &owner, i == 0 ? NULL : &only, &span, &p, &n,
						 &h->err),
			  STA_OK);
		assert_int_equal(span.total, 1);
		assert_int_equal(n, 1);
		assert_string_equal(p[0].name, "b/c");
		assert_int_equal(p[0].versions, 1);
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, trash_setup, trash_teardown)

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_deleted_package_is_found_by_nobody_and_restored_as_it_was),
		TEST(the_name_of_a_deleted_package_is_free_and_then_it_cannot_be_restored),
		TEST(of_several_of_a_name_the_one_deleted_last_is_restored),
		TEST(a_name_that_a_push_has_begun_with_is_in_use),
		TEST(a_package_is_not_restored_after_its_time),
		TEST(who_administrates_a_package_deletes_and_restores_it),
		TEST(a_token_needs_the_scope_of_what_it_does),
		TEST(an_outsider_cannot_tell_a_deleted_package_from_none),
		TEST(a_deleted_public_package_is_none_to_who_has_no_role_on_it),
		TEST(who_may_not_is_told_without_waiting_and_who_may_waits),
		TEST(a_popular_package_stays_while_it_is_public),
		TEST(former_names_lead_nowhere_while_the_package_is_deleted),
		TEST(a_former_name_of_a_deleted_package_can_be_a_name_again),
		TEST(a_name_that_leads_to_another_package_now_is_in_use),
		TEST(a_renamed_owner_restores_under_its_new_name),
		TEST(a_deleted_package_is_no_reason_to_refuse_its_owner_a_name),
		TEST(a_retired_name_is_not_had_by_way_of_the_trash),
		TEST(a_blob_of_a_deleted_package_is_not_mounted),
		TEST(a_package_of_many_versions_is_emptied_in_time_and_its_blobs_a_grace_later),
		TEST(another_package_of_the_name_lives_on_when_the_trash_is_emptied),
		TEST(blobs_without_a_manifest_leave_a_deleted_package_after_their_grace),
		TEST(without_a_trash_a_package_is_gone_at_once),
		TEST(deletions_and_restorations_are_in_the_audit_log),
		TEST(owners_are_seen_by_who_may_see_something_of_them),
		TEST(packages_are_listed_by_name_for_who_may_read_them_page_by_page),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
