/* Names that change, what they lead to, and who may take them. */

#include "house.h"

#include <string.h>

#include "model/manifests.h"
#include "oci/media.h"
#include "registry/account.h"
#include "registry/grant.h"
#include "registry/list.h"
#include "registry/org.h"
#include "registry/pulls.h"
#include "registry/rename.h"
#include "registry/repository.h"
#include "registry/team.h"

#define APP "acme/app"
#define OFTEN 5

/* Carol owns acme, dave is a member of it, erin is in nothing; acme/app is carol's, and private. */
static struct sta_call carol, dave, erin;
static struct sta_digest blob;

static struct sta_call
new_user(struct house *h, const char *name)
{
	struct sta_user user;

	assert_int_equal(sta_user_create(h->r, &h->sys, name, NULL, false, &user, &h->err), STA_OK);
	return (struct sta_call){
		.arena = h->arena,
		.caller = { .kind = STA_CALLER_USER,
			    .user_id = user.id,
			    .login = name,
			    .scopes = STA_SCOPE_ALL },
		.may_wait = true,
	};
}

static int
set_up(void **state)
{
	struct house *h;
	struct sta_org org;

	if (house_setup(state) != 0)
		return -1;
	h = *state;
	h->options.retire_after = OFTEN;
	house_restart(h);
	carol = new_user(h, "carol");
	dave = new_user(h, "dave");
	erin = new_user(h, "erin");
	assert_int_equal(sta_org_create(h->r, &h->sys, "acme", "carol", &org, &h->err), STA_OK);
	assert_int_equal(sta_org_add(h->r, &carol, "acme", "dave", STA_ORG_MEMBER, &h->err), STA_OK);
	blob = push_seed(h, &carol, APP, 100, 1);
	return 0;
}

static int
tear_down(void **state)
{
	assert_sound(*state);
	return house_teardown(state);
}

static enum sta_rc
rename_org(struct house *h, const struct sta_call *call, const char *name, const char *to)
{
	const char *out = NULL;

	return sta_org_rename(h->r, call, name, to, &out, &h->err);
}

static enum sta_rc
rename_package(struct house *h, const struct sta_call *call, const char *name, const char *to)
{
	return sta_package_rename(h->r, call, name, to, &h->err);
}

static enum sta_rc
rename_user(struct house *h, const struct sta_call *call, const char *name, const char *to)
{
	const char *out = NULL;

	return sta_user_rename(h->r, call, name, to, &out, &h->err);
}

static enum sta_rc
push(struct house *h, const struct sta_call *call, const char *name)
{
	static const char bytes[] = "a configuration";

	return push_blob(h, call, name, bytes, sizeof(bytes), &h->err);
}

static enum sta_rc
look(struct house *h, const struct sta_call *call, const char *name)
{
	return head_blob(h, call, name, &blob, &h->err);
}

/* What the caller hears of a name, of whatever it asks. */
static void
assert_alike(struct house *h, const struct sta_call *call, const char *name, const char *absent)
{
	for (int i = 0; i < 3; i++) {
		struct sta_err heard[2];
		enum sta_rc rc[2];

		for (int k = 0; k < 2; k++) {
			const char *asked = k == 0 ? name : absent;
			struct sta_reference ref = ref_of("v1");
			struct sta_name parsed;

			name_of(asked, &parsed);
			rc[k] = i == 0   ? look(h, call, asked)
				: i == 1 ? push(h, call, asked)
					 : sta_delete_manifest(h->r, call, &parsed, &ref, &h->err);
			heard[k] = h->err;
		}
		assert_int_not_equal(rc[0], STA_OK);
		assert_int_equal(rc[0], rc[1]);
		assert_string_equal(heard[0].msg, heard[1].msg);
		assert_string_equal(heard[0].detail, heard[1].detail);
	}
}

static const char empty_index[] = "{\"schemaVersion\":2,\"manifests\":[]}";

struct version_made {
	int64_t package_id;
	int64_t id;
};

static enum sta_rc
make_version(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct version_made *m = arg;
	struct sta_version v = { .digest = sha256_of(empty_index, strlen(empty_index)),
				 .media_type = STA_MEDIA_OCI_INDEX,
				 .is_index = true };
	enum sta_rc rc = sta_version_insert(c, m->package_id, &v, empty_index, strlen(empty_index), err);

	m->id = v.id;
	return rc;
}

/* A version of it, which is pulled n times. */
static void
make_popular(struct house *h, const char *sql_id, int n)
{
	struct version_made m = { .package_id = number(h, sql_id) };

	assert_int_equal(sta_db_write(h->db, make_version, &m, &h->err), STA_OK);
	for (int i = 0; i < n; i++)
		sta_pull_count(h->r, m.id, NULL, STA_PULLED);
}

#define APP_ID "SELECT id FROM package WHERE name = 'acme/app'"

static void
who_may_rename(void **state)
{
	struct house *h = *state;

	assert_int_equal(rename_org(h, &dave, "acme", "apex"), STA_DENIED);
	assert_int_equal(rename_org(h, &erin, "acme", "apex"), STA_NOT_FOUND);
	assert_int_equal(rename_org(h, &h->nobody, "acme", "apex"), STA_NOT_FOUND);
	assert_int_equal(rename_org(h, &carol, "ACME", "Apex"), STA_OK);
	assert_int_equal(rename_org(h, &h->admin, "apex", "summit"), STA_OK);
	assert_int_equal(rename_user(h, &carol, "carol", "caro"), STA_DENIED);
	assert_int_equal(rename_user(h, &h->admin, "carol", "Caro"), STA_OK);
	assert_int_equal(rename_user(h, &h->sys, "ghost", "caro"), STA_NOT_FOUND);
	assert_int_equal(rename_user(h, &h->sys, "summit", "caro"), STA_NOT_FOUND); /* no user */
	assert_int_equal(rename_package(h, &dave, "summit/app", "summit/tool"), STA_DENIED);
	assert_int_equal(rename_package(h, &h->nobody, "summit/app", "summit/tool"), STA_UNAUTHENTICATED);
	assert_int_equal(sta_grant_give(h->r, &carol, "summit/app", "erin", STA_ROLE_ADMIN, &h->err), STA_OK);
	assert_int_equal(rename_package(h, &erin, "summit/app", "summit/tool"), STA_DENIED);
	assert_int_equal(rename_package(h, &carol, "summit/app", "summit/tool"), STA_OK);
	assert_int_equal(look(h, &carol, "summit/tool"), STA_OK);
}

/* An outside collaborator does not choose among the owner's names, and does not learn which there are. */
static void
a_new_name_takes_the_right_to_make_a_package_of_it(void **state)
{
	static const char *const names[] = { "acme/secret", "acme/left", "acme/ghost" };
	struct house *h = *state;

	assert_int_equal(push(h, &carol, "acme/left"), STA_OK);
	assert_int_equal(rename_package(h, &carol, "acme/left", "acme/secret"), STA_OK);
	assert_int_equal(sta_grant_give(h->r, &carol, APP, "erin", STA_ROLE_ADMIN, &h->err), STA_OK);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_int_equal(rename_package(h, &erin, APP, names[i]), STA_DENIED);
		assert_string_equal(h->err.msg, "permission_denied: write_package");
		assert_string_equal(h->err.detail, "");
	}
	assert_int_equal(rename_package(h, &carol, APP, "acme/tool"), STA_OK);
	assert_int_equal(rename_package(h, &erin, "acme/tool", APP), STA_OK); /* its own */
	assert_int_equal(rename_package(h, &h->sys, APP, "acme/left"), STA_EXISTS);
	assert_int_equal(rename_package(h, &carol, APP, "acme/secret"), STA_EXISTS);
}

static void
a_member_renames_to_what_it_could_make(void **state)
{
	const struct sta_org_change owners = { .creators = "owners" };
	struct house *h = *state;
	struct sta_org org;

	assert_int_equal(push(h, &dave, "acme/daves"), STA_OK);
	assert_int_equal(rename_package(h, &dave, "acme/daves", "acme/two"), STA_OK);
	assert_int_equal(sta_org_set(h->r, &carol, "acme", &owners, &org, &h->err), STA_OK);
	for (int there = 0; there < 2; there++) {
		assert_int_equal(rename_package(h, &dave, "acme/two", there ? APP : "acme/three"),
				 STA_DENIED);
		assert_string_equal(h->err.msg, "permission_denied: create_package");
	}
	assert_int_equal(rename_package(h, &dave, "acme/two", "acme/daves"), STA_OK);
	assert_int_equal(rename_package(h, &carol, "acme/daves", "acme/three"), STA_OK);
}

static void
names_that_cannot_be(void **state)
{
	struct house *h = *state;

	assert_int_equal(rename_org(h, &carol, "acme", "alice"), STA_EXISTS);
	assert_int_equal(rename_org(h, &carol, "acme", "Acme"), STA_INVALID);
	assert_int_equal(rename_org(h, &carol, "acme", "v2"), STA_INVALID);
	assert_int_equal(rename_org(h, &carol, "acme", "a/b"), STA_INVALID);
	assert_int_equal(push(h, &carol, "acme/other"), STA_OK);
	assert_int_equal(rename_package(h, &carol, APP, "acme/other"), STA_EXISTS);
	assert_int_equal(rename_package(h, &carol, APP, APP), STA_INVALID);
	assert_int_equal(rename_package(h, &carol, APP, "carol/app"), STA_INVALID);
	assert_string_equal(h->err.msg, "a package stays with its owner; the new name begins with acme/");
	assert_int_equal(rename_package(h, &carol, APP, "acme"), STA_INVALID);
	assert_int_equal(rename_package(h, &carol, "acme/ghost", "acme/x"), STA_NOT_FOUND);
	assert_int_equal(look(h, &carol, APP), STA_OK);
}

static void
what_is_renamed_stays_what_it_was(void **state)
{
	struct house *h = *state;
	struct sta_repository repository;
	struct sta_team team;
	struct sta_user user;

	assert_int_equal(sta_team_create(h->r, &carol, "acme/devs", NULL, "", &team, &h->err), STA_OK);
	assert_int_equal(sta_team_add(h->r, &carol, "acme/devs", "dave", false, &h->err), STA_OK);
	assert_int_equal(
		sta_repository_create(h->r, &carol, "acme/code", STA_PRIVATE, NULL, &repository, &h->err),
		STA_OK);
	assert_int_equal(sta_repository_give(h->r, &carol, "acme/code", "erin", STA_ROLE_READ, &h->err),
			 STA_OK);
	assert_int_equal(sta_repository_give(h->r, &carol, "acme/code", "acme/devs", STA_ROLE_WRITE, &h->err),
			 STA_OK);
	assert_int_equal(sta_package_link(h->r, &carol, APP, "acme/code", true, &h->err), STA_OK);
	assert_int_equal(rename_org(h, &carol, "acme", "apex"), STA_OK);
	assert_int_equal(look(h, &erin, "apex/app"), STA_OK);
	assert_int_equal(push(h, &dave, "apex/app"), STA_OK);
	assert_int_equal(sta_team_remove_member(h->r, &carol, "apex/devs", "dave", &h->err), STA_OK);
	assert_int_equal(sta_repository_give(h->r, &carol, "apex/code", "erin", STA_ROLE_WRITE, &h->err),
			 STA_OK);
	assert_int_equal(rename_user(h, &h->sys, "carol", "caro"), STA_OK);
	assert_int_equal(push(h, &carol, "caro/mine"), STA_OK);
	assert_int_equal(push(h, &carol, "apex/app"), STA_OK);
	assert_int_equal(sta_user_create(h->r, &h->sys, "carol", NULL, false, &user, &h->err), STA_EXISTS);
	assert_string_equal(h->err.msg, "'carol' is a former name of 'caro', and leads there");
}

static void
reading_finds_a_package_by_its_former_names(void **state)
{
	static const char *const names[] = { APP,          "acme/two",   "acme/three",
					     "apex/app",   "apex/two",   "apex/three",
					     "zenith/app", "zenith/two", "zenith/three" };
	struct house *h = *state;

	assert_int_equal(rename_package(h, &carol, APP, "acme/two"), STA_OK);
	assert_int_equal(rename_org(h, &carol, "acme", "apex"), STA_OK);
	assert_int_equal(rename_package(h, &carol, "apex/two", "apex/three"), STA_OK);
	assert_int_equal(rename_org(h, &carol, "apex", "zenith"), STA_OK);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct sta_name_page page;
		struct sta_name name;

		name_of(names[i], &name);
		assert_int_equal(look(h, &carol, names[i]), STA_OK);
		assert_int_equal(sta_list_tags(h->r, &carol, &name, NULL, 10, &page, &h->err), STA_OK);
		assert_int_equal(look(h, &erin, names[i]), STA_DENIED);
	}
}

/* Rights are the package's as it is now; what a bearer token is for is the name that was asked for. */
static void
a_token_is_for_the_name_that_it_names(void **state)
{
	const struct sta_limit old = { .name = APP, .actions = STA_ACTION_BIT(STA_ACTION_READ) };
	struct house *h = *state;
	struct sta_call limited = carol;

	limited.caller.limited = true;
	limited.caller.limits = &old;
	limited.caller.n_limits = 1;
	assert_int_equal(rename_package(h, &carol, APP, "acme/tool"), STA_OK);
	assert_int_equal(look(h, &limited, APP), STA_OK);
	assert_int_equal(look(h, &limited, "acme/tool"), STA_UNAUTHENTICATED);
	assert_int_equal(push(h, &limited, APP), STA_UNAUTHENTICATED);
	assert_int_equal(sta_org_remove(h->r, &h->sys, "acme", "dave", false, &h->err), STA_OK);
	assert_int_equal(sta_org_add(h->r, &h->sys, "acme", "erin", STA_ORG_OWNER, &h->err), STA_OK);
	assert_int_equal(sta_org_remove(h->r, &h->sys, "acme", "carol", false, &h->err), STA_OK);
	assert_int_equal(look(h, &limited, APP), STA_DENIED);
}

static void
a_former_name_is_for_reading_alone(void **state)
{
	const struct sta_limit deletes = { .name = APP, .actions = STA_ACTION_BIT(STA_ACTION_DELETE) };
	struct sta_call limited = carol;
	struct house *h = *state;
	struct sta_reference ref = ref_of("v1");
	struct sta_name name;

	assert_int_equal(rename_package(h, &carol, APP, "acme/tool"), STA_OK);
	assert_int_equal(rename_org(h, &carol, "acme", "apex"), STA_OK);
	name_of(APP, &name);
	assert_int_equal(push(h, &carol, APP), STA_DENIED);
	assert_string_equal(h->err.msg, "permission_denied: renamed to apex/tool");
	assert_string_equal(h->err.detail, "apex/tool");
	assert_int_equal(sta_delete_manifest(h->r, &carol, &name, &ref, &h->err), STA_DENIED);
	assert_string_equal(h->err.msg, "permission_denied: renamed to apex/tool");
	limited.caller.limited = true;
	limited.caller.limits = &deletes;
	limited.caller.n_limits = 1;
	assert_int_equal(sta_delete_manifest(h->r, &limited, &name, &ref, &h->err), STA_DENIED);
	assert_string_equal(h->err.msg, "permission_denied: renamed to apex/tool");
	assert_int_equal(sta_package_set_visibility(h->r, &carol, APP, STA_PUBLIC, &h->err), STA_DENIED);
	assert_int_equal(sta_package_delete(h->r, &h->sys, "apex/app", &h->err), STA_DENIED);
	assert_string_equal(h->err.msg, "permission_denied: renamed to apex/tool");
	assert_int_equal(push(h, &h->nobody, "apex/app"), STA_UNAUTHENTICATED);
}

static void
an_outsider_hears_of_a_former_name_what_it_hears_of_none(void **state)
{
	struct house *h = *state;

	assert_int_equal(rename_package(h, &carol, APP, "acme/tool"), STA_OK);
	assert_alike(h, &erin, APP, "acme/ghost");
	assert_alike(h, &h->nobody, APP, "acme/ghost");
	assert_int_equal(rename_org(h, &carol, "acme", "apex"), STA_OK);
	assert_alike(h, &erin, APP, "ghost/app");
	assert_alike(h, &erin, "acme/tool", "ghost/app");
	assert_alike(h, &h->nobody, APP, "ghost/app");
	assert_alike(h, &dave, APP, "ghost/app");
	assert_int_equal(push(h, &erin, APP), STA_DENIED);
	assert_string_equal(h->err.msg, "not_found: owner not found");
}

/* A member who may make packages, and may not read the one that had the name. */
static void
nobody_makes_a_package_of_a_former_name(void **state)
{
	struct house *h = *state;

	assert_int_equal(rename_package(h, &carol, APP, "acme/tool"), STA_OK);
	assert_int_equal(push(h, &dave, "acme/new"), STA_OK);
	assert_int_equal(push(h, &dave, APP), STA_DENIED);
	assert_string_equal(h->err.msg, "permission_denied: create_package");
	assert_string_equal(h->err.detail, "");
	assert_int_equal(rename_package(h, &carol, "acme/new", APP), STA_EXISTS);
	assert_int_equal(number(h, "SELECT count(*) FROM package WHERE name = 'acme/app'"), 0);
}

static void
a_former_name_goes_back_to_who_had_it(void **state)
{
	struct house *h = *state;
	struct sta_org org;

	assert_int_equal(rename_org(h, &carol, "acme", "apex"), STA_OK);
	assert_int_equal(sta_org_create(h->r, &h->sys, "Acme", "erin", &org, &h->err), STA_EXISTS);
	assert_int_equal(rename_user(h, &h->sys, "erin", "acme"), STA_EXISTS);
	assert_int_equal(rename_org(h, &carol, "apex", "acme"), STA_OK);
	assert_int_equal(look(h, &carol, "apex/app"), STA_OK);
	assert_int_equal(look(h, &carol, APP), STA_OK);
	assert_int_equal(rename_package(h, &carol, APP, "acme/tool"), STA_OK);
	assert_int_equal(rename_package(h, &carol, "acme/tool", APP), STA_OK);
	assert_int_equal(push(h, &carol, APP), STA_OK);
	assert_int_equal(number(h, "SELECT count(*) FROM former_package WHERE name = 'acme/tool'"), 1);
}

static void
a_deleted_package_takes_its_former_names_along(void **state)
{
	struct house *h = *state;

	assert_int_equal(rename_package(h, &carol, APP, "acme/tool"), STA_OK);
	assert_int_equal(sta_package_delete(h->r, &carol, "acme/tool", &h->err), STA_OK);
	assert_int_equal(push(h, &dave, APP), STA_OK);
	assert_int_equal(push(h, &dave, "acme/tool"), STA_OK);
}

static void
a_package_that_never_was_published_goes_with_its_former_names(void **state)
{
	struct house *h = *state;

	assert_int_equal(rename_package(h, &carol, APP, "acme/tool"), STA_OK);
	sta_clock_set_offset(3 * GRACE);
	(void) run_gc(h, false);
	assert_int_equal(number(h, "SELECT count(*) FROM package"), 0);
	assert_int_equal(number(h, "SELECT count(*) FROM former_package"), 0);
}

static void
an_upload_ends_with_the_name_that_it_began_with(void **state)
{
	struct house *h = *state;
	char id[STA_UUID_TEXT_MAX];
	struct sta_name old, new;
	uint64_t received = 0;

	name_of(APP, &old);
	name_of("acme/tool", &new);
	assert_int_equal(sta_upload_start(h->r, &carol, &old, STA_SHA256, id, &h->err), STA_OK);
	assert_int_equal(rename_package(h, &carol, APP, "acme/tool"), STA_OK);
	assert_int_equal(sta_upload_status(h->r, &carol, &old, id, &received, &h->err), STA_DENIED);
	assert_string_equal(h->err.msg, "permission_denied: renamed to acme/tool");
	assert_int_equal(sta_upload_status(h->r, &carol, &new, id, &received, &h->err), STA_NOT_FOUND);
	assert_int_equal(rename_package(h, &carol, "acme/tool", APP), STA_OK);
	assert_int_equal(sta_upload_status(h->r, &carol, &old, id, &received, &h->err), STA_OK);
	assert_int_equal(sta_upload_cancel(h->r, &carol, &old, id, &h->err), STA_OK);
}

/* The name of a public package that was pulled often is its owner's for ever. */
static void
a_name_that_was_popular_is_retired(void **state)
{
	struct house *h = *state;

	assert_int_equal(sta_package_set_visibility(h->r, &carol, APP, STA_PUBLIC, &h->err), STA_OK);
	make_popular(h, APP_ID, OFTEN);
	assert_int_equal(sta_package_delete(h->r, &carol, APP, &h->err), STA_OK);
	assert_int_equal(number(h, "SELECT pulls FROM retired_name WHERE name = 'acme/app'"), OFTEN);
	assert_int_equal(rename_org(h, &carol, "acme", "apex"), STA_OK);
	assert_int_equal(sta_name_release(h->r, &h->admin, "ACME", &h->err), STA_OK);
	assert_int_equal(rename_user(h, &h->sys, "erin", "acme"), STA_OK);
	assert_int_equal(push(h, &erin, APP), STA_DENIED);
	assert_string_equal(h->err.msg, "permission_denied: create_package");
	assert_int_equal(push(h, &erin, "acme/other"), STA_OK);
	assert_int_equal(rename_package(h, &erin, "acme/other", APP), STA_EXISTS);
	assert_int_equal(sta_name_release(h->r, &h->sys, APP, &h->err), STA_OK);
	assert_int_equal(push(h, &erin, APP), STA_OK);
}

static void
the_owner_uses_a_retired_name_again(void **state)
{
	struct house *h = *state;

	assert_int_equal(sta_package_set_visibility(h->r, &carol, APP, STA_PUBLIC, &h->err), STA_OK);
	make_popular(h, APP_ID, OFTEN);
	assert_int_equal(rename_package(h, &carol, APP, "acme/tool"), STA_OK);
	assert_int_equal(sta_package_delete(h->r, &carol, "acme/tool", &h->err), STA_OK);
	assert_int_equal(number(h, "SELECT count(*) FROM retired_name"), 2);
	assert_int_equal(push(h, &dave, APP), STA_OK);
}

static void
a_name_that_was_not_popular_is_not_retired(void **state)
{
	struct house *h = *state;

	make_popular(h, APP_ID, OFTEN); /* private */
	assert_int_equal(rename_package(h, &carol, APP, "acme/tool"), STA_OK);
	assert_int_equal(push(h, &carol, "acme/seldom"), STA_OK);
	assert_int_equal(sta_package_set_visibility(h->r, &carol, "acme/seldom", STA_PUBLIC, &h->err),
			 STA_OK);
	make_popular(h, "SELECT id FROM package WHERE name = 'acme/seldom'", OFTEN - 1);
	assert_int_equal(rename_org(h, &carol, "acme", "apex"), STA_OK);
	assert_int_equal(sta_package_delete(h->r, &carol, "apex/seldom", &h->err), STA_OK);
	assert_int_equal(number(h, "SELECT count(*) FROM retired_name"), 0);
}

static void
no_name_is_retired_when_the_option_says_never(void **state)
{
	struct house *h = *state;

	h->options.retire_after = 0;
	house_restart(h);
	assert_int_equal(sta_package_set_visibility(h->r, &carol, APP, STA_PUBLIC, &h->err), STA_OK);
	make_popular(h, APP_ID, OFTEN);
	assert_int_equal(rename_org(h, &carol, "acme", "apex"), STA_OK);
	assert_int_equal(rename_package(h, &carol, "apex/app", "apex/tool"), STA_OK);
	assert_int_equal(sta_name_release(h->r, &h->sys, "acme", &h->err), STA_OK);
	assert_int_equal(sta_package_delete(h->r, &carol, "apex/tool", &h->err), STA_OK);
	assert_int_equal(number(h, "SELECT count(*) FROM retired_name"), 0);
}

/* Also what became popular after the organization had left its name. */
static void
a_name_that_is_released_leaves_popular_packages_retired(void **state)
{
	struct house *h = *state;

	assert_int_equal(sta_package_set_visibility(h->r, &carol, APP, STA_PUBLIC, &h->err), STA_OK);
	assert_int_equal(rename_org(h, &carol, "acme", "apex"), STA_OK);
	make_popular(h, "SELECT id FROM package WHERE name = 'apex/app'", OFTEN);
	assert_int_equal(sta_name_release(h->r, &h->sys, "acme", &h->err), STA_OK);
	assert_alike(h, &carol, APP, "ghost/app");
	assert_int_equal(rename_user(h, &h->sys, "erin", "acme"), STA_OK);
	assert_int_equal(push(h, &erin, APP), STA_DENIED);
	assert_int_equal(push(h, &erin, "acme/else"), STA_OK);
}

/* Nobody comes to have what is retired by renaming what it has below its own name. */
static void
an_owner_does_not_move_onto_names_that_are_retired_for_another(void **state)
{
	struct house *h = *state;

	assert_int_equal(sta_package_set_visibility(h->r, &carol, APP, STA_PUBLIC, &h->err), STA_OK);
	make_popular(h, APP_ID, OFTEN);
	assert_int_equal(rename_org(h, &carol, "acme", "apex"), STA_OK);
	assert_int_equal(sta_name_release(h->r, &h->sys, "acme", &h->err), STA_OK);
	assert_int_equal(push(h, &erin, "erin/app"), STA_OK);
	assert_int_equal(rename_user(h, &h->sys, "erin", "acme"), STA_EXISTS);
	assert_string_equal(h->err.msg, "the name is retired for another owner: acme/app");
	assert_int_equal(rename_package(h, &erin, "erin/app", "erin/two"), STA_OK);
	assert_int_equal(rename_user(h, &h->sys, "erin", "acme"), STA_EXISTS); /* a former one leads there */
	assert_int_equal(number(h, "SELECT count(*) FROM namespace WHERE name = 'erin'"), 1);
	assert_int_equal(number(h, "SELECT count(*) FROM retired_name"), 1);
	assert_int_equal(sta_name_release(h->r, &h->sys, "erin/app", &h->err), STA_OK);
	assert_int_equal(rename_user(h, &h->sys, "erin", "acme"), STA_OK);
	assert_int_equal(push(h, &erin, APP), STA_DENIED);
}

static void
an_owner_moves_back_onto_names_that_are_retired_for_it(void **state)
{
	struct house *h = *state;

	assert_int_equal(sta_package_set_visibility(h->r, &carol, APP, STA_PUBLIC, &h->err), STA_OK);
	make_popular(h, APP_ID, OFTEN);
	assert_int_equal(rename_org(h, &carol, "acme", "apex"), STA_OK);
	assert_int_equal(sta_name_release(h->r, &h->sys, "acme", &h->err), STA_OK);
	assert_int_equal(rename_org(h, &carol, "apex", "acme"), STA_OK);
	assert_int_equal(push(h, &carol, APP), STA_OK);
}

/* What was pulled by a name that its owner had is retired under that one too. */
static void
assert_retired_by_former_names_of_the_owner(struct house *h, bool deleted)
{
	assert_int_equal(sta_package_set_visibility(h->r, &carol, APP, STA_PUBLIC, &h->err), STA_OK);
	assert_int_equal(rename_package(h, &carol, APP, "acme/hot"), STA_OK);
	assert_int_equal(rename_org(h, &carol, "acme", "apex"), STA_OK);
	make_popular(h, "SELECT id FROM package WHERE name = 'apex/hot'", OFTEN);
	if (deleted)
		assert_int_equal(sta_package_delete(h->r, &carol, "apex/hot", &h->err), STA_OK);
	else
		assert_int_equal(rename_package(h, &carol, "apex/hot", "apex/cold"), STA_OK);
	assert_int_equal(number(h, "SELECT count(*) FROM retired_name WHERE name IN"
				   " ('acme/hot', 'acme/app', 'apex/hot', 'apex/app')"),
			 4);
	assert_int_equal(sta_name_release(h->r, &h->sys, "acme", &h->err), STA_OK);
	assert_int_equal(rename_user(h, &h->sys, "erin", "acme"), STA_OK);
	assert_int_equal(push(h, &erin, "acme/hot"), STA_DENIED);
	assert_int_equal(push(h, &erin, APP), STA_DENIED);
	assert_int_equal(push(h, &erin, "acme/else"), STA_OK);
}

static void
a_package_that_is_deleted_is_retired_by_former_names_of_its_owner(void **state)
{
	assert_retired_by_former_names_of_the_owner(*state, true);
}

static void
a_package_that_is_renamed_is_retired_by_former_names_of_its_owner(void **state)
{
	assert_retired_by_former_names_of_the_owner(*state, false);
}

/* As with the name of an owner: to end a retirement is a second step. */
static void
a_package_name_that_is_released_stays_retired_if_the_package_is_popular(void **state)
{
	struct house *h = *state;

	assert_int_equal(sta_package_set_visibility(h->r, &carol, APP, STA_PUBLIC, &h->err), STA_OK);
	assert_int_equal(rename_package(h, &carol, APP, "acme/tool"), STA_OK);
	assert_int_equal(rename_org(h, &carol, "acme", "apex"), STA_OK);
	make_popular(h, "SELECT id FROM package WHERE name = 'apex/tool'", OFTEN);
	assert_int_equal(sta_name_release(h->r, &h->sys, "apex/app", &h->err), STA_OK);
	assert_int_equal(number(h, "SELECT count(*) FROM former_package"), 0);
	assert_int_equal(number(h, "SELECT count(*) FROM retired_name"), 2);
	assert_int_equal(
		number(h, "SELECT count(*) FROM retired_name WHERE name IN ('apex/app', 'acme/app')"), 2);
	assert_int_equal(sta_name_release(h->r, &h->sys, "acme", &h->err), STA_OK);
	assert_int_equal(rename_user(h, &h->sys, "erin", "acme"), STA_OK);
	assert_int_equal(push(h, &erin, APP), STA_DENIED);
	assert_int_equal(sta_name_release(h->r, &h->sys, APP, &h->err), STA_OK);
	assert_int_equal(push(h, &erin, APP), STA_OK);
}

static void
names_that_are_kept_are_for_administrators(void **state)
{
	struct house *h = *state;
	struct sta_name_kept *all = NULL;
	size_t n = 0;

	assert_int_equal(sta_package_set_visibility(h->r, &carol, APP, STA_PUBLIC, &h->err), STA_OK);
	make_popular(h, APP_ID, OFTEN);
	assert_int_equal(rename_package(h, &carol, APP, "acme/tool"), STA_OK);
	assert_int_equal(rename_user(h, &h->sys, "erin", "era"), STA_OK);
	assert_int_equal(sta_names_kept(h->r, &carol, &all, &n, &h->err), STA_DENIED);
	assert_int_equal(sta_name_release(h->r, &carol, "erin", &h->err), STA_DENIED);
	assert_int_equal(sta_names_kept(h->r, &h->admin, &all, &n, &h->err), STA_OK);
	assert_int_equal(n, 3);
	assert_string_equal(all[0].name, APP);
	assert_string_equal(sta_name_kind_text(all[0].kind), "package");
	assert_string_equal(all[0].of, "acme/tool");
	assert_string_equal(all[1].name, APP);
	assert_string_equal(sta_name_kind_text(all[1].kind), "retired");
	assert_string_equal(all[1].of, "acme");
	assert_string_equal(all[2].name, "erin");
	assert_string_equal(sta_name_kind_text(all[2].kind), "owner");
	assert_string_equal(all[2].of, "era");
	assert_int_equal(sta_name_release(h->r, &h->admin, APP, &h->err), STA_OK); /* leads nowhere now */
	assert_int_equal(sta_name_release(h->r, &h->admin, APP, &h->err), STA_OK);
	assert_int_equal(sta_name_release(h->r, &h->admin, "Erin", &h->err), STA_OK);
	assert_int_equal(sta_name_release(h->r, &h->admin, "erin", &h->err), STA_NOT_FOUND);
	assert_string_equal(h->err.msg, "'erin' is neither a former nor a retired name");
	assert_int_equal(sta_names_kept(h->r, &h->admin, &all, &n, &h->err), STA_OK);
	assert_int_equal(n, 0);
	assert_int_equal(number(h, "SELECT count(*) FROM audit_log WHERE action = 'name.release'"), 3);
}

static void
a_manifest_that_is_remembered_follows_the_name(void **state)
{
	struct house *h = *state;
	struct sta_digest config = push_seed(h, &carol, APP, 50, 2);
	struct sta_reference ref = ref_of("v1");
	struct sta_pulled_manifest m;
	struct sta_digest made;
	struct sta_name old, new;

	name_of(APP, &old);
	name_of("acme/tool", &new);
	assert_int_equal(push_manifest(h, &carol, APP, "v1", manifest_of(h, &config, 50, &blob, 1, 100),
				       &made, &h->err),
			 STA_OK);
	assert_int_equal(sta_pull_manifest(h->r, &carol, &old, &ref, true, &m, &h->err), STA_OK);
	assert_int_equal(rename_package(h, &carol, APP, "acme/tool"), STA_OK);
	for (int i = 0; i < 2; i++) { /* looked up, then remembered */
		assert_int_equal(sta_pull_manifest(h->r, &carol, &old, &ref, true, &m, &h->err), STA_OK);
		assert_int_equal(sta_pull_manifest(h->r, &carol, &new, &ref, true, &m, &h->err), STA_OK);
		assert_int_equal(sta_pull_manifest(h->r, &erin, &old, &ref, true, &m, &h->err), STA_DENIED);
	}
	assert_int_equal(sta_name_release(h->r, &h->sys, APP, &h->err), STA_OK);
	assert_int_equal(sta_pull_manifest(h->r, &carol, &old, &ref, true, &m, &h->err), STA_NOT_FOUND);
}

static void
every_new_name_is_in_the_audit_log(void **state)
{
	struct house *h = *state;

	assert_int_equal(rename_org(h, &carol, "acme", "apex"), STA_OK);
	assert_int_equal(rename_package(h, &carol, "apex/app", "apex/tool"), STA_OK);
	assert_int_equal(rename_user(h, &h->sys, "erin", "era"), STA_OK);
	assert_int_equal(
		number(h, "SELECT count(*) FROM audit_log WHERE actor = 'carol' AND action = 'org.rename'"
			  " AND target = 'apex' AND detail = 'was acme'"),
		1);
	assert_int_equal(number(h, "SELECT count(*) FROM audit_log WHERE action = 'package.rename'"
				   " AND target = 'apex/tool' AND detail = 'was apex/app'"),
			 1);
	assert_int_equal(number(h,
				"SELECT count(*) FROM audit_log WHERE actor = '' AND action = 'user.rename'"
				" AND target = 'era' AND detail = 'was erin'"),
			 1);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(who_may_rename),
		TEST(a_new_name_takes_the_right_to_make_a_package_of_it),
		TEST(a_member_renames_to_what_it_could_make),
		TEST(names_that_cannot_be),
		TEST(what_is_renamed_stays_what_it_was),
		TEST(reading_finds_a_package_by_its_former_names),
		TEST(a_token_is_for_the_name_that_it_names),
		TEST(a_former_name_is_for_reading_alone),
		TEST(an_outsider_hears_of_a_former_name_what_it_hears_of_none),
		TEST(nobody_makes_a_package_of_a_former_name),
		TEST(a_former_name_goes_back_to_who_had_it),
		TEST(a_deleted_package_takes_its_former_names_along),
		TEST(a_package_that_never_was_published_goes_with_its_former_names),
		TEST(an_upload_ends_with_the_name_that_it_began_with),
		TEST(a_name_that_was_popular_is_retired),
		TEST(the_owner_uses_a_retired_name_again),
		TEST(a_name_that_was_not_popular_is_not_retired),
		TEST(no_name_is_retired_when_the_option_says_never),
		TEST(a_name_that_is_released_leaves_popular_packages_retired),
		TEST(an_owner_does_not_move_onto_names_that_are_retired_for_another),
		TEST(an_owner_moves_back_onto_names_that_are_retired_for_it),
		TEST(a_package_that_is_deleted_is_retired_by_former_names_of_its_owner),
		TEST(a_package_that_is_renamed_is_retired_by_former_names_of_its_owner),
		TEST(a_package_name_that_is_released_stays_retired_if_the_package_is_popular),
		TEST(names_that_are_kept_are_for_administrators),
		TEST(a_manifest_that_is_remembered_follows_the_name),
		TEST(every_new_name_is_in_the_audit_log),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
