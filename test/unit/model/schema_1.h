/*
 * schema_1 - the schema of version 1, as it was, with a little of everything that later steps move.
 *
 * Never changed: it stands for the databases that are out there.
 *
 * Layer: test.
 */
#ifndef STA_TEST_MODEL_SCHEMA_1_H
#define STA_TEST_MODEL_SCHEMA_1_H

static const char schema_1[] =
	"CREATE TABLE namespace ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" name TEXT NOT NULL UNIQUE,"
	" kind INTEGER NOT NULL," /* 1 user */
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

/* SHA-256 and all bytes but the last. */
#define DIGEST_BEGIN "0000000000000000000000000000000000000000000000000000000000000000"

static const char rows_1[] =
	"CREATE TABLE schema_version (version INTEGER PRIMARY KEY);"
	"INSERT INTO schema_version VALUES (1);"
	"INSERT INTO namespace VALUES (1, 'alice', 1, 1700000000), (2, 'bob', 1, 1700000001);"
	"INSERT INTO account VALUES (1, 'hash', 0, 0, 1), (2, NULL, 0, 0, 3);"
	"INSERT INTO package VALUES (4, 1, 'alice/app', 2, 1, 1700000002, 1700000003),"
	" (5, 1, 'alice/lib', 0, 1, 1700000004, 1700000005);"
	"INSERT INTO package_grant VALUES (4, 1, 1, 3), (4, 1, 2, 1), (5, 1, 1, 3);"
	"INSERT INTO manifest VALUES (7, 4, x'" DIGEST_BEGIN "01', 'm', NULL, NULL, NULL, 0, 2, 1700000010),"
	" (8, 4, x'" DIGEST_BEGIN "02', 'm', NULL, NULL, NULL, 0, 2, 1700000011),"
	" (9, 4, x'" DIGEST_BEGIN "03', 'm', NULL, NULL, NULL, 0, 2, 1700000012);"
	"INSERT INTO manifest_data VALUES (7, '{}'), (8, '{}'), (9, '{}');"
	"INSERT INTO tag VALUES (4, 'a', 7, 1700000010, 1700000020), (4, 'b', 7, 1700000010, 1700000030),"
	" (4, 'c', 8, 1700000005, 1700000005);";

#endif
