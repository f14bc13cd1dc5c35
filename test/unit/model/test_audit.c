#include <string.h>

#include "world.h"

#include "model/audit.h"
#include "model/blobs.h"
#include "model/manifests.h"
#include "model/orgs.h"
#include "model/repositories.h"
#include "model/robots.h"
#include "model/tags.h"
#include "model/teams.h"
#include "model/trash.h"

/* alice/app with one manifest that uses one blob and has a tag; alice/lib with another manifest. */
static void
fill(struct world *w, struct sta_db_conn *c)
{
	struct sta_digest d = digest_of(1);
	struct sta_version v = { .digest = digest_of(2), .media_type = "m" };
	struct sta_version other = { .digest = digest_of(3), .media_type = "m" };
	struct sta_blob b;

	assert_int_equal(sta_blob_put_inline(c, &d, "x", 1, NOW, &b, &w->err), STA_OK);
	assert_int_equal(sta_member_add(c, w->app, b.id, NOW, &w->err), STA_OK);
	assert_int_equal(sta_version_insert(c, w->app, &v, "{}", 2, &w->err), STA_OK);
	assert_int_equal(sta_version_use_blob(c, w->app, v.id, b.id, &w->err), STA_OK);
	assert_int_equal(sta_tag_set(c, w->app, "v", v.id, BY(NOW), &w->err), STA_OK);
	assert_int_equal(sta_version_insert(c, w->lib, &other, "[]", 2, &w->err), STA_OK);
}

static struct sta_audit_finding *
audit(struct world *w, struct sta_db_conn *c, size_t *n)
{
	struct sta_audit_finding *list = NULL;

	assert_int_equal(sta_audit_rows(c, w->arena, 10, &list, n, &w->err), STA_OK);
	return list;
}

static void
sound_database_has_no_findings(struct world *w, struct sta_db_conn *c)
{
	size_t n = 9;

	fill(w, c);
	(void) audit(w, c, &n);
	assert_int_equal(n, 0);
}

static void
each_kind_of_damage_is_found(struct world *w, struct sta_db_conn *c)
{
	static const struct {
		const char *damage;
		const char *repair;
		const char *invariant;
		const char *what;
	} cases[] = {
		{ "UPDATE tag SET manifest_id = 2", "UPDATE tag SET manifest_id = 1", "I3", "alice/app:v" },
		{ "UPDATE blob SET members = 2", "UPDATE blob SET members = 1", "I7", "sha256:00000001" },
		{ "UPDATE package_blob SET refs = 0", "UPDATE package_blob SET refs = 1", "I7",
		  "sha256:00000001" },
		{ "UPDATE blob SET state = 1", "UPDATE blob SET state = 2", "I2", "sha256:00000001" },
		{ "UPDATE tag_event SET new = (SELECT digest FROM manifest WHERE id = 2)",
		  "UPDATE tag_event SET new = (SELECT digest FROM manifest WHERE id = 1)", "I7",
		  "alice/app:v" },
		{ "UPDATE tag_event SET old = new, new = NULL", "UPDATE tag_event SET new = old, old = NULL",
		  "I7", "alice/app:v" },
		{ "INSERT INTO tag_event SELECT package_id, 2, 'w', NULL, new, actor, created FROM tag_event",
		  "DELETE FROM tag_event WHERE number = 2", "I7", "alice/app:w" },
		/* Searches find what is not published, do not find what is, or find nothing at all. */
		{ "INSERT INTO package_word VALUES (char(1) || 'v2', 0, X'0001')", "DELETE FROM package_word",
		  "I7", "alice/app" },
		{ "UPDATE package SET published = 1 WHERE id = 1",
		  "UPDATE package SET published = 0 WHERE id = 1", "I7", "alice/app" },
		{ "INSERT INTO package_word VALUES (char(1) || 'v0', 0, X'0009')", "DELETE FROM package_word",
		  "I7", "a package that there is not" },
	};

	fill(w, c);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sta_audit_finding *list;
		size_t n = 0;

		assert_int_equal(sta_db_script(c, cases[i].damage, &w->err), STA_OK);
		list = audit(w, c, &n);
		assert_int_equal(n, 1);
		assert_string_equal(list[0].invariant, cases[i].invariant);
		assert_int_equal(strncmp(list[0].what, cases[i].what, strlen(cases[i].what)), 0);
		assert_int_equal(sta_db_script(c, cases[i].repair, &w->err), STA_OK);
	}
}

/* Lists of versions count by package.versions, and names with "@" are those of deleted packages. */
static void
disorder_of_versions_and_the_trash_is_found(struct world *w, struct sta_db_conn *c)
{
	static const struct {
		const char *damage;
		const char *repair;
		const char *invariant;
		const char *what;
	} cases[] = {
		{ "UPDATE package SET versions = 2 WHERE name = 'alice/app'",
		  "UPDATE package SET versions = 1 WHERE name = 'alice/app'", "I7", "alice/app" },
		{ "UPDATE manifest SET deleted = 5 WHERE id = 2",
		  "UPDATE manifest SET deleted = 0 WHERE id = 2", "I7", "alice/lib" },
		{ "UPDATE package SET deleted = 5 WHERE name = 'alice/app'",
		  "UPDATE package SET deleted = 0 WHERE name = 'alice/app'", "I7", "alice/app" },
		{ "UPDATE package SET name = 'alice/app@1' WHERE id = 1",
		  "UPDATE package SET name = 'alice/app' WHERE id = 1", "I7", "alice/app@1" },
		{ "UPDATE manifest SET deleted = 5 WHERE id = 1;"
		  "UPDATE package SET versions = 0 WHERE name = 'alice/app'",
		  "UPDATE manifest SET deleted = 0 WHERE id = 1;"
		  "UPDATE package SET versions = 1 WHERE name = 'alice/app'",
		  "I3", "alice/app:v" },
	};
	size_t n = 9;

	fill(w, c);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sta_audit_finding *list;

		assert_int_equal(sta_db_script(c, cases[i].damage, &w->err), STA_OK);
		list = audit(w, c, &n);
		assert_int_equal(n, 1);
		assert_string_equal(list[0].invariant, cases[i].invariant);
		assert_string_equal(list[0].what, cases[i].what);
		assert_int_equal(sta_db_script(c, cases[i].repair, &w->err), STA_OK);
	}
	assert_int_equal(sta_trash_version(c, w->app, 1, BY(NOW), &w->err), STA_OK);
	assert_int_equal(sta_trash_package(c, w->lib, NOW, &w->err), STA_OK);
	(void) audit(w, c, &n);
	assert_int_equal(n, 0);
}

/* acme of alice, with the team acme/devs below acme/all, the robot acme+ci, workflows of acme/code, and
 * roles. */
static void
fill_organization(struct world *w, struct sta_db_conn *c)
{
	struct sta_org_row org = { .name = "acme", .creators = STA_CREATORS_MEMBERS, .created_unix = NOW };
	struct sta_team_row all = { .name = "all", .description = "", .created_unix = NOW };
	struct sta_team_row devs = { .name = "devs", .description = "", .created_unix = NOW };
	struct sta_robot_row robot = { .name = "acme+ci", .created_unix = NOW };
	struct sta_repository_row code = { .name = "acme/code", .created_unix = NOW };
	int64_t account_id;

	assert_int_equal(sta_org_insert(c, &org, &org.id, &w->err), STA_OK);
	assert_int_equal(sta_org_member_set(c, org.id, w->alice, STA_ORG_OWNER, NOW, &w->err), STA_OK);
	all.org_id = devs.org_id = robot.org_id = code.namespace_id = org.id;
	assert_int_equal(sta_team_insert(c, &all, &all.id, &w->err), STA_OK);
	assert_int_equal(sta_team_insert(c, &devs, &devs.id, &w->err), STA_OK);
	assert_int_equal(sta_team_move(c, devs.id, all.id, &w->err), STA_OK);
	assert_int_equal(sta_team_member_set(c, devs.id, w->alice, false, NOW, &w->err), STA_OK);
	assert_int_equal(sta_robot_insert(c, &robot, &robot.id, &w->err), STA_OK);
	assert_int_equal(sta_repository_insert(c, &code, &code.id, &w->err), STA_OK);
	assert_int_equal(sta_repository_account(c, &code, NOW, &account_id, &w->err), STA_OK);
	assert_int_equal(
		sta_grant_set(c, sta_grantable_package(w->app), person(w->bob), STA_ROLE_READ, &w->err),
		STA_OK);
	assert_int_equal(sta_grant_set(c, sta_grantable_repository(code.id),
				       (struct sta_subject){ STA_SUBJECT_TEAM, devs.id }, STA_ROLE_READ,
				       &w->err),
			 STA_OK);
}

static void
disorder_among_roles_teams_and_machines_is_found(struct world *w, struct sta_db_conn *c)
{
	static const struct {
		const char *damage;
		const char *repair;
		const char *what;
	} cases[] = {
		{ "UPDATE role_grant SET object_id = 99 WHERE object_kind = 1",
		  "UPDATE role_grant SET object_id = 1 WHERE object_kind = 1", "package 99" },
		{ "UPDATE role_grant SET object_id = 99 WHERE object_kind = 2",
		  "UPDATE role_grant SET object_id = 1 WHERE object_kind = 2", "repository 99" },
		{ "UPDATE role_grant SET subject_id = 99 WHERE subject_kind = 1",
		  "UPDATE role_grant SET subject_id = 2 WHERE subject_kind = 1", "alice/app" },
		{ "UPDATE role_grant SET subject_id = 99 WHERE subject_kind = 2",
		  "UPDATE role_grant SET subject_id = 2 WHERE subject_kind = 2", "acme/code" },
		{ "DELETE FROM team_ancestor WHERE ancestor_id = 2",
		  "INSERT INTO team_ancestor(ancestor_id, team_id) VALUES (2, 2)", "acme/devs" },
		{ "DELETE FROM team_ancestor WHERE ancestor_id = 1 AND team_id = 2",
		  "INSERT INTO team_ancestor(ancestor_id, team_id) VALUES (1, 2)", "acme/devs" },
		{ "DELETE FROM organization_member",
		  "INSERT INTO organization_member(organization_id, account_id, role, created) VALUES (3, 1, "
		  "2, 0)",
		  "acme/devs" },
		{ "UPDATE account SET home_id = 2 WHERE kind = 2",
		  "UPDATE account SET home_id = 3 WHERE kind = 2", "acme+ci" },
		{ "UPDATE account SET home_id = 2 WHERE kind = 3",
		  "UPDATE account SET home_id = 3 WHERE kind = 3", "acme/code" },
		{ "UPDATE account SET home_id = 3 WHERE id = 2",
		  "UPDATE account SET home_id = NULL WHERE id = 2", "bob" },
	};
	size_t n = 9;

	fill_organization(w, c);
	(void) audit(w, c, &n);
	assert_int_equal(n, 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sta_audit_finding *list;

		assert_int_equal(sta_db_script(c, cases[i].damage, &w->err), STA_OK);
		list = audit(w, c, &n);
		assert_int_equal(n, 1);
		assert_string_equal(list[0].invariant, "I9");
		assert_string_equal(list[0].what, cases[i].what);
		assert_int_equal(sta_db_script(c, cases[i].repair, &w->err), STA_OK);
	}
	(void) audit(w, c, &n);
	assert_int_equal(n, 0);
}

static void
manifests_are_walked_by_id_with_their_bytes(struct world *w, struct sta_db_conn *c)
{
	struct sta_audit_manifest m;

	fill(w, c);
	assert_int_equal(sta_audit_next_manifest(c, w->arena, 0, &m, &w->err), STA_OK);
	assert_string_equal(m.package, "alice/app");
	assert_int_equal(m.len, 2);
	assert_memory_equal(m.bytes, "{}", 2);
	assert_int_equal(sta_db_script(c, "DELETE FROM manifest_data WHERE manifest_id = 2", &w->err),
			 STA_OK);
	assert_int_equal(sta_audit_next_manifest(c, w->arena, m.id, &m, &w->err), STA_OK);
	assert_string_equal(m.package, "alice/lib");
	assert_null(m.bytes);
	assert_int_equal(sta_audit_next_manifest(c, w->arena, m.id, &m, &w->err), STA_NOT_FOUND);
}

static void
use_is_confirmed_for_live_members_only(struct world *w, struct sta_db_conn *c)
{
	struct sta_digest d = digest_of(1);
	bool uses = false;

	fill(w, c);
	assert_int_equal(sta_audit_uses(c, w->app, 1, &d, &uses, &w->err), STA_OK);
	assert_true(uses);
	assert_int_equal(sta_audit_uses(c, w->lib, 1, &d, &uses, &w->err), STA_OK);
	assert_false(uses);
	assert_int_equal(sta_audit_uses(c, w->app, 2, &d, &uses, &w->err), STA_OK);
	assert_false(uses);
	assert_int_equal(sta_db_script(c, "UPDATE blob SET state = 3", &w->err), STA_OK);
	assert_int_equal(sta_audit_uses(c, w->app, 1, &d, &uses, &w->err), STA_OK);
	assert_false(uses);
}

static void
rows_are_counted(struct world *w, struct sta_db_conn *c)
{
	struct sta_audit_counts counts;

	fill(w, c);
	assert_int_equal(sta_audit_count(c, &counts, &w->err), STA_OK);
	assert_int_equal(counts.packages, 2);
	assert_int_equal(counts.manifests, 2);
	assert_int_equal(counts.tags, 1);
	assert_int_equal(counts.blobs, 1);
	assert_int_equal(counts.uploads, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sound_database_has_no_findings),
		TEST(each_kind_of_damage_is_found),
		TEST(disorder_of_versions_and_the_trash_is_found),
		TEST(disorder_among_roles_teams_and_machines_is_found),
		TEST(manifests_are_walked_by_id_with_their_bytes),
		TEST(use_is_confirmed_for_live_members_only),
		TEST(rows_are_counted),
	};

	return cmocka_run_group_tests_name("model_audit", tests, NULL, NULL);
}
