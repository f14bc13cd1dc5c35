#include "model/schema.h"

#include "base/auto.h"

/* Ids are never used again (AUTOINCREMENT): a row made later must not inherit
 * what still points to an earlier one.  Times are Unix seconds. */
static const char step_1[] =
	"CREATE TABLE namespace ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" name TEXT NOT NULL UNIQUE,"
	" kind INTEGER NOT NULL," /* 1 user, 2 organization */
	" created INTEGER NOT NULL);"

	"CREATE TABLE account ("
	" id INTEGER PRIMARY KEY REFERENCES namespace(id),"
	" password_hash TEXT,"
	" site_admin INTEGER NOT NULL,"
	" disabled INTEGER NOT NULL,"
	" epoch INTEGER NOT NULL);" /* counted up to end all bearer tokens of the account */

	"CREATE TABLE token ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" account_id INTEGER NOT NULL REFERENCES account(id),"
	" name TEXT NOT NULL,"
	" hash BLOB NOT NULL UNIQUE,"
	" scopes INTEGER NOT NULL,"
	" created INTEGER NOT NULL,"
	" expires INTEGER NOT NULL," /* 0: never */
	" last_used INTEGER NOT NULL,"
	" revoked INTEGER NOT NULL);"
	"CREATE INDEX token_account ON token(account_id);"

	"CREATE TABLE package ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" namespace_id INTEGER NOT NULL REFERENCES namespace(id),"
	" name TEXT NOT NULL UNIQUE," /* with the namespace: acme/app */
	" visibility INTEGER NOT NULL,"
	" published INTEGER NOT NULL," /* has had a manifest; only then it is listed */
	" created INTEGER NOT NULL,"
	" updated INTEGER NOT NULL);"
	"CREATE INDEX package_namespace ON package(namespace_id);"
	"CREATE INDEX package_unpublished ON package(id) WHERE published = 0;"

	"CREATE TABLE package_grant ("
	" package_id INTEGER NOT NULL REFERENCES package(id),"
	" subject_kind INTEGER NOT NULL," /* 1 account */
	" subject_id INTEGER NOT NULL,"
	" role INTEGER NOT NULL,"
	" PRIMARY KEY (package_id, subject_kind, subject_id)) WITHOUT ROWID;"

	"CREATE TABLE blob ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" digest BLOB NOT NULL UNIQUE,"
	" size INTEGER NOT NULL,"
	" place INTEGER NOT NULL,"       /* 1 the store, 2 blob_data */
	" state INTEGER NOT NULL,"       /* 1 claimed, 2 live, 3 deleting */
	" members INTEGER NOT NULL,"     /* rows of package_blob */
	" claims INTEGER NOT NULL,"      /* pushes that are about to publish the bytes */
	" claim_until INTEGER NOT NULL," /* when the last of them is given up */
	" created INTEGER NOT NULL);"
	"CREATE INDEX blob_unheld ON blob(claim_until) WHERE members = 0;"
	"CREATE INDEX blob_claimed ON blob(id) WHERE claims > 0;"

	"CREATE TABLE blob_data ("
	" blob_id INTEGER PRIMARY KEY REFERENCES blob(id),"
	" bytes BLOB NOT NULL);"

	"CREATE TABLE package_blob ("
	" package_id INTEGER NOT NULL REFERENCES package(id),"
	" blob_id INTEGER NOT NULL REFERENCES blob(id),"
	" refs INTEGER NOT NULL," /* rows of manifest_blob for this package and blob */
	" due INTEGER NOT NULL,"  /* when refs = 0: collected from then on */
	" PRIMARY KEY (package_id, blob_id)) WITHOUT ROWID;"
	"CREATE INDEX package_blob_due ON package_blob(due) WHERE refs = 0;"
	"CREATE INDEX package_blob_blob ON package_blob(blob_id);"

	"CREATE TABLE manifest ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" package_id INTEGER NOT NULL REFERENCES package(id),"
	" digest BLOB NOT NULL,"
	" media_type TEXT NOT NULL,"
	" artifact_type TEXT,"
	" subject BLOB,"
	" annotations TEXT," /* only with a subject: what the referrers list repeats */
	" is_index INTEGER NOT NULL,"
	" size INTEGER NOT NULL,"
	" created INTEGER NOT NULL,"
	" UNIQUE (package_id, digest));"
	"CREATE INDEX manifest_subject ON manifest(package_id, subject, digest) WHERE subject IS NOT NULL;"

	"CREATE TABLE manifest_data ("
	" manifest_id INTEGER PRIMARY KEY REFERENCES manifest(id),"
	" bytes BLOB NOT NULL);"

	"CREATE TABLE manifest_blob ("
	" manifest_id INTEGER NOT NULL REFERENCES manifest(id),"
	" blob_id INTEGER NOT NULL REFERENCES blob(id),"
	" PRIMARY KEY (manifest_id, blob_id)) WITHOUT ROWID;"
	"CREATE INDEX manifest_blob_blob ON manifest_blob(blob_id);"

	/* By digest, not by id: an index may come before its children, or without them. */
	"CREATE TABLE manifest_child ("
	" package_id INTEGER NOT NULL REFERENCES package(id),"
	" digest BLOB NOT NULL,"
	" manifest_id INTEGER NOT NULL REFERENCES manifest(id),"
	" PRIMARY KEY (package_id, digest, manifest_id)) WITHOUT ROWID;"
	"CREATE INDEX manifest_child_manifest ON manifest_child(manifest_id);"

	/* Blobs that a manifest names and its package lacks: used as soon as they come. */
	"CREATE TABLE manifest_missing ("
	" package_id INTEGER NOT NULL REFERENCES package(id),"
	" digest BLOB NOT NULL,"
	" manifest_id INTEGER NOT NULL REFERENCES manifest(id),"
	" PRIMARY KEY (package_id, digest, manifest_id)) WITHOUT ROWID;"
	"CREATE INDEX manifest_missing_manifest ON manifest_missing(manifest_id);"

	"CREATE TABLE tag ("
	" package_id INTEGER NOT NULL REFERENCES package(id),"
	" name TEXT NOT NULL,"
	" manifest_id INTEGER NOT NULL REFERENCES manifest(id),"
	" created INTEGER NOT NULL,"
	" updated INTEGER NOT NULL,"
	" PRIMARY KEY (package_id, name)) WITHOUT ROWID;"
	"CREATE INDEX tag_manifest ON tag(manifest_id);"

	"CREATE TABLE upload ("
	" id TEXT PRIMARY KEY,"
	" account_id INTEGER NOT NULL," /* 0: the system */
	" package TEXT NOT NULL,"
	" alg INTEGER NOT NULL,"
	" created INTEGER NOT NULL,"
	" expires INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX upload_expires ON upload(expires);"
	"CREATE INDEX upload_account ON upload(account_id);"

	"CREATE TABLE setting ("
	" name TEXT PRIMARY KEY,"
	" value TEXT NOT NULL) WITHOUT ROWID;";

/* Organizations, teams and repositories.  A team has the roles of those above it. */
/* clang-format off */
static const char step_2[] =
	"CREATE TABLE organization ("
	" id INTEGER PRIMARY KEY REFERENCES namespace(id),"
	" visibility INTEGER NOT NULL," /* of a new package */
	" creates INTEGER NOT NULL,"   /* bits, 1 << visibility: what members may make */
	" inherits INTEGER NOT NULL);" /* packages that a push links do */

	"CREATE TABLE organization_member ("
	" organization_id INTEGER NOT NULL REFERENCES organization(id),"
	" account_id INTEGER NOT NULL REFERENCES account(id),"
	" role INTEGER NOT NULL," /* 1 member, 2 owner */
	" created INTEGER NOT NULL,"
	" PRIMARY KEY (organization_id, account_id)) WITHOUT ROWID;"
	"CREATE INDEX organization_member_account ON organization_member(account_id);"

	"CREATE TABLE team ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" organization_id INTEGER NOT NULL REFERENCES organization(id),"
	" name TEXT NOT NULL,"
	" description TEXT NOT NULL,"
	" parent_id INTEGER REFERENCES team(id),"
	" created INTEGER NOT NULL,"
	" UNIQUE (organization_id, name));"
	"CREATE INDEX team_parent ON team(parent_id) WHERE parent_id IS NOT NULL;"

	/* Every team with each one above it and with itself. */
	"CREATE TABLE team_ancestor ("
	" ancestor_id INTEGER NOT NULL REFERENCES team(id),"
	" team_id INTEGER NOT NULL REFERENCES team(id),"
	" PRIMARY KEY (ancestor_id, team_id)) WITHOUT ROWID;"
	"CREATE INDEX team_ancestor_team ON team_ancestor(team_id);"

	"CREATE TABLE team_member ("
	" team_id INTEGER NOT NULL REFERENCES team(id),"
	" account_id INTEGER NOT NULL REFERENCES account(id),"
	" maintainer INTEGER NOT NULL,"
	" created INTEGER NOT NULL,"
	" PRIMARY KEY (team_id, account_id)) WITHOUT ROWID;"
	"CREATE INDEX team_member_account ON team_member(account_id);"

	/* Roles on packages and repositories, in place of package_grant. */
	"CREATE TABLE role_grant ("
	" object_kind INTEGER NOT NULL," /* 1 package, 2 repository */
	" object_id INTEGER NOT NULL,"
	" subject_kind INTEGER NOT NULL," /* 1 account, 2 team */
	" subject_id INTEGER NOT NULL,"
	" role INTEGER NOT NULL,"
	" PRIMARY KEY (object_kind, object_id, subject_kind, subject_id)) WITHOUT ROWID;"
	"CREATE INDEX role_grant_subject ON role_grant(subject_kind, subject_id);"
	"INSERT INTO role_grant SELECT 1, package_id, subject_kind, subject_id, role FROM package_grant;"
	"DROP TABLE package_grant;"

	"CREATE TABLE repository ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" namespace_id INTEGER NOT NULL REFERENCES namespace(id),"
	" name TEXT NOT NULL UNIQUE," /* with the namespace: acme/app */
	" visibility INTEGER NOT NULL,"
	" url TEXT UNIQUE," /* at the forge */
	" created INTEGER NOT NULL);"
	"CREATE INDEX repository_namespace ON repository(namespace_id, name);"
	"ALTER TABLE package ADD COLUMN repository_id INTEGER REFERENCES repository(id);"
	"ALTER TABLE package ADD COLUMN inherits INTEGER NOT NULL DEFAULT 0;"
	"CREATE INDEX package_repository ON package(repository_id) WHERE repository_id IS NOT NULL;"

	"CREATE TABLE audit_log ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" created INTEGER NOT NULL,"
	" actor TEXT NOT NULL," /* the user's name; empty: the command line */
	" action TEXT NOT NULL,"
	" target TEXT NOT NULL,"
	" detail TEXT NOT NULL);"
	"CREATE INDEX audit_log_target ON audit_log(target);";

/* Machines with accounts, tokens with bounds, names that were given up. */
static const char step_3[] =
	"ALTER TABLE account ADD COLUMN kind INTEGER NOT NULL DEFAULT 1;" /* 1 person, 2 robot, 3 repository */
	/* Of a machine: the organization of a robot, the owner of a repository. */
	"ALTER TABLE account ADD COLUMN home_id INTEGER REFERENCES namespace(id);"
	"ALTER TABLE account ADD COLUMN home_role INTEGER NOT NULL DEFAULT 0;" /* a robot's, on all packages there */
	"CREATE INDEX account_home ON account(home_id) WHERE home_id IS NOT NULL;"
	"ALTER TABLE account ADD COLUMN visibility INTEGER NOT NULL DEFAULT 0;" /* of a user's new package */
	"ALTER TABLE account ADD COLUMN inherits INTEGER NOT NULL DEFAULT 1;"   /* a user's packages that a push links */
	/* Who of the members may make packages: 1 all, 2 those of a team, 3 none: the owners alone. */
	"ALTER TABLE organization ADD COLUMN creators INTEGER NOT NULL DEFAULT 1;"
	"ALTER TABLE organization ADD COLUMN creator_team_id INTEGER REFERENCES team(id);"
	"CREATE INDEX organization_creator_team ON organization(creator_team_id) WHERE creator_team_id IS NOT NULL;"

	/* Patterns of package names, and prefixes of addresses, one to a line; empty: all. */
	"ALTER TABLE token ADD COLUMN packages TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE token ADD COLUMN addresses TEXT NOT NULL DEFAULT '';"

	/* The account that the repository's workflows act as, from the first time that it is needed. */
	"ALTER TABLE repository ADD COLUMN account_id INTEGER REFERENCES account(id);"
	"CREATE UNIQUE INDEX repository_account ON repository(account_id) WHERE account_id IS NOT NULL;"

	"CREATE TABLE issuer ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" name TEXT NOT NULL UNIQUE,"
	" url TEXT NOT NULL UNIQUE,"
	" audience TEXT NOT NULL,"
	" claims TEXT NOT NULL,"      /* what which claim means: "repository=project_path", one to a line */
	" read_events TEXT NOT NULL," /* events whose jobs only read, one to a line */
	" keys TEXT NOT NULL,"        /* a JSON Web Key Set; empty: those that the issuer publishes */
	" created INTEGER NOT NULL);"
	"CREATE TABLE issuer_rule ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" issuer_id INTEGER NOT NULL REFERENCES issuer(id),"
	" conditions TEXT NOT NULL," /* patterns of claims: "ref=refs/heads/main", one to a line */
	" repository TEXT NOT NULL," /* that the job stands for; empty: the one that the token names */
	" role INTEGER NOT NULL,"    /* the most that the job may have */
	" created INTEGER NOT NULL);"
	"CREATE INDEX issuer_rule_issuer ON issuer_rule(issuer_id);"

	/* Names that namespaces and packages had, which go on to lead to them. */
	"CREATE TABLE former_namespace ("
	" name TEXT PRIMARY KEY,"
	" namespace_id INTEGER NOT NULL REFERENCES namespace(id),"
	" created INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX former_namespace_of ON former_namespace(namespace_id);"
	"CREATE TABLE former_package ("
	" name TEXT PRIMARY KEY," /* with the namespace of the time */
	" package_id INTEGER NOT NULL REFERENCES package(id),"
	" created INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX former_package_of ON former_package(package_id);"
	/* Names of packages that were popular: for nobody but that owner, ever. */
	"CREATE TABLE retired_name ("
	" name TEXT PRIMARY KEY,"
	" namespace_id INTEGER NOT NULL,"
	" pulls INTEGER NOT NULL,"
	" created INTEGER NOT NULL) WITHOUT ROWID;"
	"ALTER TABLE package ADD COLUMN pulls INTEGER NOT NULL DEFAULT 0;";

/* Versions and packages that were deleted and can be restored, and what the lists of them show. */
static const char step_4[] =
	"ALTER TABLE package ADD COLUMN versions INTEGER NOT NULL DEFAULT 0;" /* manifests that are not deleted */
	"UPDATE package SET versions = (SELECT count(*) FROM manifest v WHERE v.package_id = package.id);"
	/* When; 0: it is not.  Then name is "acme/app@17", with its id, and published is 0. */
	"ALTER TABLE package ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;"
	"CREATE INDEX package_deleted ON package(deleted) WHERE deleted > 0;"

	"ALTER TABLE manifest ADD COLUMN updated INTEGER NOT NULL DEFAULT 0;" /* pushed, or a tag left it */
	"UPDATE manifest SET updated = created;"
	"ALTER TABLE manifest ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;" /* when; 0: it is not */
	"ALTER TABLE manifest ADD COLUMN pulls INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE manifest ADD COLUMN description TEXT;"
	"ALTER TABLE manifest ADD COLUMN licenses TEXT;" /* an SPDX expression, as given */
	"CREATE INDEX manifest_live ON manifest(package_id, id) WHERE deleted = 0;"
	"CREATE INDEX manifest_trash ON manifest(package_id, id) WHERE deleted > 0;"
	"CREATE INDEX manifest_deleted ON manifest(deleted) WHERE deleted > 0;"
	/* Tags that a deleted version had. */
	"CREATE TABLE deleted_tag ("
	" manifest_id INTEGER NOT NULL REFERENCES manifest(id),"
	" name TEXT NOT NULL,"
	" PRIMARY KEY (manifest_id, name)) WITHOUT ROWID;";

/* Where tags pointed, who pulled what when, and what is searched for. */
static const char step_5[] =
	/* Each time that a tag came, moved or went; numbered within its package. */
	"CREATE TABLE tag_event ("
	" package_id INTEGER NOT NULL REFERENCES package(id),"
	" number INTEGER NOT NULL,"
	" name TEXT NOT NULL,"
	" old BLOB, new BLOB," /* digests; NULL: it was not there before, or is no longer */
	" actor TEXT NOT NULL," /* the user's name; empty: the command line */
	" created INTEGER NOT NULL,"
	" PRIMARY KEY (package_id, name, number)) WITHOUT ROWID;"
	"CREATE UNIQUE INDEX tag_event_number ON tag_event(package_id, number);"
	"INSERT INTO tag_event(package_id, number, name, new, actor, created)"
	" SELECT t.package_id, row_number() OVER (PARTITION BY t.package_id ORDER BY t.updated, t.name),"
	" t.name, v.digest, '', t.updated FROM tag t JOIN manifest v ON v.id = t.manifest_id;"
	"CREATE INDEX tag_updated ON tag(package_id, updated, name);"

	"ALTER TABLE manifest ADD COLUMN platform TEXT;" /* of an image, by its configuration: linux/arm64/v8 */
	/* Pulls, and questions whether there is a manifest, by day in UTC; of versions that are gone, too. */
	"CREATE TABLE pull_day ("
	" package_id INTEGER NOT NULL REFERENCES package(id),"
	" day INTEGER NOT NULL," /* since 1970-01-01 */
	" digest BLOB NOT NULL,"
	" tag TEXT NOT NULL," /* empty: by digest */
	" platform TEXT NOT NULL," /* empty: none */
	" part INTEGER NOT NULL," /* 1: by digest, while an index of the package listed it */
	" pulls INTEGER NOT NULL,"
	" heads INTEGER NOT NULL,"
	" PRIMARY KEY (package_id, day, digest, tag, part)) WITHOUT ROWID; CREATE INDEX pull_day_day ON pull_day(day);"

	/* Which packages have a word (model/words.h), and an id / 4096 of that, as base/idset.h stores them. */
	"CREATE TABLE package_word (word TEXT NOT NULL, piece INTEGER NOT NULL, packages BLOB NOT NULL,"
	" PRIMARY KEY (word, piece)) WITHOUT ROWID;"
	/* Under which words a package stands there, a newline behind each. */
	"CREATE TABLE indexed_package (package_id INTEGER PRIMARY KEY REFERENCES package(id), words TEXT NOT NULL);"
	"ALTER TABLE package ADD COLUMN indexed INTEGER NOT NULL DEFAULT 0;" /* 0: to be; else a hash of its labels */
	"CREATE INDEX package_unindexed ON package(id) WHERE indexed = 0;"
	/* Of the version with a tag that was pushed last. */
	"ALTER TABLE package ADD COLUMN description TEXT;"
	"ALTER TABLE package ADD COLUMN licenses TEXT;"
	"CREATE INDEX tag_name ON tag(name, package_id);"
	"CREATE INDEX manifest_digest ON manifest(digest, package_id) WHERE deleted = 0;";
/* clang-format on */

static const char *const steps[] = { step_1, step_2, step_3, step_4, step_5 };
#define N_STEPS ((int64_t) (sizeof(steps) / sizeof(steps[0])))

static enum sta_rc
read_version(struct sta_db_conn *c, int64_t *version, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	bool row = false;
	enum sta_rc rc = sta_db_prepare(c, "SELECT coalesce(max(version), 0) FROM schema_version", &s, err);

	if (rc == STA_OK)
		rc = sta_db_step(s, &row, err);
	if (rc == STA_OK)
		*version = sta_db_int(s, 0);
	return rc;
}

static enum sta_rc
write_version(struct sta_db_conn *c, int64_t version, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	enum sta_rc rc = sta_db_prepare(c, "INSERT INTO schema_version(version) VALUES ($1)", &s, err);

	if (rc != STA_OK)
		return rc;
	sta_db_bind_int(s, 1, version);
	return sta_db_run(s, err);
}

static enum sta_rc
upgrade(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	static const char versions[] =
		"CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY)";
	int64_t version = 0;
	enum sta_rc rc;

	(void) arg;
	rc = sta_db_script(c, versions, err);
	if (rc == STA_OK)
		rc = read_version(c, &version, err);
	if (rc == STA_OK && version > N_STEPS)
		return sta_err_set(err, STA_UNSUPPORTED, 0,
				   "the database has schema %lld and was written by a newer version; this "
				   "one knows %lld",
				   (long long) version, (long long) N_STEPS);
	for (; rc == STA_OK && version < N_STEPS; version++) {
		rc = sta_db_script(c, steps[version], err);
		if (rc == STA_OK)
			rc = write_version(c, version + 1, err);
	}
	return rc;
}

enum sta_rc
sta_schema_upgrade(struct sta_db *db, struct sta_err *err)
{
	return sta_db_write(db, upgrade, NULL, err);
}
