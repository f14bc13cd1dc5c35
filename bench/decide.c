/* What one decision costs beside a million grants:
 *
 *     build/bench/decide DIRECTORY [SECONDS]
 *
 * Fills DIRECTORY/decide.db, unless it is there, with 10,000 organizations of 100 members, three teams
 * below each other and ten packages each, and ten grants on each package; then asks the door as it is
 * asked before each request, about random users, packages and actions, from one thread and a warm
 * database, and prints the time of a decision in microseconds as JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "db/db_sqlite.h"
#include "hist.h"
#include "model/accounts.h"
#include "model/grants.h"
#include "model/orgs.h"
#include "model/packages.h"
#include "model/schema.h"
#include "model/teams.h"
#include "registry/door.h"

enum {
	ORGS = 10000,
	USERS = 100000,
	MEMBERS = 100,
	TEAMS = 3,
	TEAM_MEMBERS = 20,
	PACKAGES = 10,
	GRANTS = 10,
	BATCH = 100,
};
#define CREATED 1700000000
#define MEMORY_MAX ((size_t) 64 << 20)
#define ARENA_ROUND 1000

static _Noreturn void
die(const struct sta_err *err)
{
	(void) fprintf(stderr, "decide: %s\n", err->msg);
	exit(1);
}

static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static int64_t
user_of(int64_t org, int64_t place)
{
	return (org * 37 + place * 1009) % USERS + 1;
}

struct batch {
	int64_t from; /* of users or organizations */
	int64_t first_user;
};

static enum sta_rc
fill_users(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct batch *b = arg;
	enum sta_rc rc = STA_OK;

	for (int64_t i = b->from; rc == STA_OK && i < b->from + BATCH * 10; i++) {
		char name[32];
		struct sta_account account = { .name = name, .created_unix = CREATED };
		int64_t id;

		(void) snprintf(name, sizeof(name), "user%" PRId64, i);
		rc = sta_account_insert(c, &account, &id, err);
	}
	return rc;
}

static enum sta_rc
fill_package(struct sta_db_conn *c, int64_t org_id, int64_t org, int64_t number, const int64_t *teams,
	     struct sta_err *err)
{
	char name[48];
	int64_t id = 0;
	enum sta_rc rc;

	(void) snprintf(name, sizeof(name), "org%" PRId64 "/p%" PRId64, org, number);
	rc = sta_package_insert(c, org_id, name, (enum sta_visibility)(number % 3), CREATED, &id, err);
	for (int64_t g = 0; rc == STA_OK && g < GRANTS; g++) {
		struct sta_subject to = { .kind = STA_SUBJECT_ACCOUNT, .id = user_of(org, number * 7 + g) };

		if (g < TEAMS)
			to = (struct sta_subject){ .kind = STA_SUBJECT_TEAM, .id = teams[g] };
		rc = sta_grant_set(c, sta_grantable_package(id), to, (enum sta_role)(g % 3 + 1), err);
	}
	return rc;
}

static enum sta_rc
fill_team(struct sta_db_conn *c, int64_t org_id, int64_t org, int64_t number, int64_t above, int64_t *id,
	  struct sta_err *err)
{
	char name[16];
	struct sta_team_row row = {
		.org_id = org_id, .name = name, .description = "", .created_unix = CREATED
	};
	enum sta_rc rc;

	(void) snprintf(name, sizeof(name), "t%" PRId64, number);
	rc = sta_team_insert(c, &row, id, err);
	if (rc == STA_OK && above != 0)
		rc = sta_team_move(c, *id, above, err);
	for (int64_t m = 0; rc == STA_OK && m < TEAM_MEMBERS; m++)
		rc = sta_team_member_set(c, *id, user_of(org, number * TEAM_MEMBERS + m), m == 0, CREATED,
					 err);
	return rc;
}

static enum sta_rc
fill_org(struct sta_db_conn *c, int64_t org, struct sta_err *err)
{
	char name[32];
	struct sta_org_row row = { .name = name, .creates = STA_VISIBILITIES_ALL, .created_unix = CREATED };
	int64_t teams[TEAMS] = { 0 };
	int64_t id = 0;
	enum sta_rc rc;

	(void) snprintf(name, sizeof(name), "org%" PRId64, org);
	rc = sta_org_insert(c, &row, &id, err);
	for (int64_t m = 0; rc == STA_OK && m < MEMBERS; m++)
		rc = sta_org_member_set(c, id, user_of(org, m), m == 0 ? STA_ORG_OWNER : STA_ORG_MEMBER,
					CREATED, err);
	for (int64_t t = 0; rc == STA_OK && t < TEAMS; t++)
		rc = fill_team(c, id, org, t, t > 0 ? teams[t - 1] : 0, &teams[t], err);
	for (int64_t p = 0; rc == STA_OK && p < PACKAGES; p++)
		rc = fill_package(c, id, org, p, teams, err);
	return rc;
}

static enum sta_rc
fill_orgs(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	const struct batch *b = arg;
	enum sta_rc rc = STA_OK;

	for (int64_t i = b->from; rc == STA_OK && i < b->from + BATCH; i++)
		rc = fill_org(c, i, err);
	return rc;
}

static void
fill(struct sta_db *db)
{
	struct sta_err err = { 0 };
	struct batch b = { 0 };

	for (b.from = 0; b.from < USERS; b.from += BATCH * 10)
		if (sta_db_write(db, fill_users, &b, &err) != STA_OK)
			die(&err);
	for (b.from = 0; b.from < ORGS; b.from += BATCH)
		if (sta_db_write(db, fill_orgs, &b, &err) != STA_OK)
			die(&err);
}

static bool
is_filled(struct sta_db *db, struct sta_arena *a)
{
	struct sta_err err;
	struct sta_db_conn *c = NULL;
	struct sta_org_row org;

	return sta_db_reader(db, &c, &err) == STA_OK &&
	       sta_org_by_name(c, a, "org9999", 0, &org, &err) == STA_OK;
}

/* One decision, as before each request: a snapshot, what is there, and access/. */
static bool
decide(struct sta_db_conn *c, const struct sta_call *call, const struct sta_name *name,
       enum sta_action action)
{
	struct sta_err err;
	struct sta_entry e;
	enum sta_rc rc;

	if (sta_db_read_begin(c, &err) != STA_OK)
		die(&err);
	rc = sta_door(c, call, name, action, &e, &err);
	sta_db_read_end(c);
	if (rc != STA_OK && rc != STA_DENIED)
		die(&err);
	return rc == STA_OK;
}

static uint64_t
measure(struct sta_db *db, uint64_t seconds, struct sta_hist *h, uint64_t *allowed)
{
	struct sta_err err = { 0 };
	struct sta_db_conn *c = NULL;
	uint64_t state = 88172645463325252U;
	uint64_t end = sta_now_ns() + seconds * 1000000000U;
	uint64_t n = 0;

	if (sta_db_reader(db, &c, &err) != STA_OK)
		die(&err);
	while (sta_now_ns() < end) {
		STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(MEMORY_MAX);

		for (int i = 0; i < ARENA_ROUND; i++, n++) {
			int64_t org = (int64_t) (next_random(&state) % ORGS);
			bool insider = next_random(&state) % 2 == 0;
			struct sta_call call = {
				.arena = a,
				.caller = {
					.kind = STA_CALLER_USER,
					.user_id = insider ? user_of(org, (int64_t) (next_random(&state) % MEMBERS))
							   : (int64_t) (next_random(&state) % USERS) + 1,
					.login = "",
					.scopes = STA_SCOPE_ALL,
				},
			};
			char text[48];
			struct sta_name name;
			uint64_t start;

			(void) snprintf(text, sizeof(text), "org%" PRId64 "/p%d", org,
					(int) (next_random(&state) % PACKAGES));
			if (!sta_name_parse(text, strlen(text), &name))
				exit(1);
			start = sta_now_ns();
			*allowed += decide(c, &call, &name, (enum sta_action)(next_random(&state) % 3));
			sta_hist_add(h, sta_now_ns() - start);
		}
	}
	return n;
}

static double
micro(const struct sta_hist *h, double share)
{
	uint64_t ns = sta_hist_quantile(h, share);

	return (double) ns / 1e3;
}

int
main(int argc, char **argv)
{
	static struct sta_hist hist;
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(MEMORY_MAX);
	struct sta_err err = { 0 };
	struct sta_db *db = NULL;
	uint64_t allowed = 0;
	uint64_t seconds = argc > 2 ? strtoull(argv[2], NULL, 10) : 5;
	char *path = argc > 1 && a ? sta_arena_printf(a, "%s/decide.db", argv[1]) : NULL;
	uint64_t n;

	if (!path) {
		(void) fprintf(stderr, "usage: decide DIRECTORY [SECONDS]\n");
		return 2;
	}
	if (sta_db_sqlite_open(path, &db, &err) != STA_OK || sta_schema_upgrade(db, &err) != STA_OK)
		die(&err);
	if (!is_filled(db, a))
		fill(db);
	(void) measure(db, 2, &hist, &allowed); /* warm */
	hist = (struct sta_hist){ 0 };
	allowed = 0;
	n = measure(db, seconds, &hist, &allowed);
	(void) printf("{\"decisions\": %" PRIu64 ", \"allowed\": %" PRIu64
		      ", \"p50_us\": %.2f, \"p99_us\": %.2f, \"max_us\": %.2f}\n",
		      n, allowed, micro(&hist, 0.5), micro(&hist, 0.99), (double) hist.max_ns / 1e3);
	sta_db_free(db);
	return 0;
}
