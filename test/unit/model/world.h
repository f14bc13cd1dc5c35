/*
 * world - a database with the program's schema, two users and two packages.
 *
 * Layer: test.  May include: model, db, base.
 */
#ifndef STA_TEST_MODEL_WORLD_H
#define STA_TEST_MODEL_WORLD_H

#include "t.h"

#include "base/arena.h"
#include "db/db.h"
#include "model/grants.h"
#include "model/tag_events.h"
#include "oci/digest.h"

/* Who changes a tag, at that time. */
#define BY(t) (&(const struct sta_author){ .name = "alice", .now_unix = (t) })
#define NOW 1700000000

struct world;
struct loan;

/* A test that runs inside one transaction.  The writer lends its connection to
 * the test's thread, where alone a failed assertion may jump. */
struct body {
	void (*run)(struct world *w, struct sta_db_conn *c);
};

struct world {
	char dir[64];
	char path[96];
	struct sta_db *db;
	struct sta_arena *arena;
	struct sta_err err;
	const struct body *body;
	struct loan *loan;
	int64_t alice, bob; /* accounts */
	int64_t app, lib;   /* packages alice/app, alice/lib */
};

int set_up(void **state);
int tear_down(void **state);
void run_body(void **state);

#define TEST(fn)                                                                                             \
	{                                                                                                    \
#fn, run_body, set_up, tear_down, &(struct body)                                             \
		{                                                                                            \
			fn                                                                                   \
		}                                                                                            \
	}

/* A digest whose key sorts by n. */
struct sta_digest digest_of(unsigned n);

static inline struct sta_subject
person(int64_t account_id)
{
	return (struct sta_subject){ .kind = STA_SUBJECT_ACCOUNT, .id = account_id };
}

static inline struct sta_subject
team(int64_t team_id)
{
	return (struct sta_subject){ .kind = STA_SUBJECT_TEAM, .id = team_id };
}

/* The first column of the first row. */
int64_t number(struct sta_db_conn *c, const char *sql);

void close_db(struct world *w);
void open_db(struct world *w);

#endif
