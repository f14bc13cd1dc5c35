#include "house.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "../db/shim.h"
#include "registry/account.h"
#include "registry/org.h"
#include "registry/rename.h"
#include "registry/robot.h"
#include "registry/team.h"
#include "registry/token.h"

#define PACKAGE "alice/app"
#define SMALL ((size_t) 500)
#define LARGE (100 * KIB)
#define CALLS_MAX 4000

/* --- the n-th call fails --- */

enum kind { MEMORY, DISK, DB_WRITE, DB_SYNC, KIND_MAX_ };
static const char *const kind_names[] = { "memory", "disk", "database write", "database sync" };

static struct {
	atomic_long calls;
	atomic_long at; /* 0: none fails */
} plans[KIND_MAX_];

static bool
fails(enum kind kind)
{
	return atomic_fetch_add(&plans[kind].calls, 1) + 1 == atomic_load(&plans[kind].at);
}

static void
arm(enum kind kind, long n)
{
	atomic_store(&plans[kind].calls, 0);
	atomic_store(&plans[kind].at, n);
	if (kind == DB_WRITE)
		shim_fail_write(SHIM_LOG, (int) n, 1);
	if (kind == DB_SYNC)
		shim_fail_sync(SHIM_LOG, (int) n, 1);
}

#define WRAP(kind, type, name, params, args, result)                                                         \
	type __real_##name params;                                                                           \
	type __wrap_##name params;                                                                           \
	type __wrap_##name params                                                                            \
	{                                                                                                    \
		if (!fails(kind))                                                                            \
			return __real_##name args;                                                           \
		errno = EIO;                                                                                 \
		return (result);                                                                             \
	}

WRAP(MEMORY, void *, sta_malloc, (size_t len), (len), NULL)
WRAP(MEMORY, void *, sta_malloc_pages, (size_t len), (len), NULL)
WRAP(MEMORY, void *, sta_realloc, (void *p, size_t len), (p, len), NULL)
WRAP(MEMORY, char *, sta_strdup, (const char *s), (s), NULL)
/* An arena asks for memory once in a long while: without these its callers would never see it fail. */
WRAP(MEMORY, void *, sta_arena_alloc, (struct sta_arena * a, size_t len), (a, len), NULL)
WRAP(MEMORY, char *, sta_arena_strdup, (struct sta_arena * a, const char *s), (a, s), NULL)
WRAP(MEMORY, char *, sta_arena_strndup, (struct sta_arena * a, const char *s, size_t len), (a, s, len), NULL)
WRAP(MEMORY, void *, sta_arena_memdup, (struct sta_arena * a, const void *p, size_t len), (a, p, len), NULL)
WRAP(DISK, ssize_t, pwrite64, (int fd, const void *p, size_t len, off_t at), (fd, p, len, at), -1)
WRAP(DISK, int, fsync, (int fd), (fd), -1)
WRAP(DISK, int, linkat, (int a, const char *f, int b, const char *t, int flags), (a, f, b, t, flags), -1)
WRAP(DISK, int, unlinkat, (int at, const char *name, int flags), (at, name, flags), -1)
WRAP(DISK, int, ftruncate64, (int fd, off_t len), (fd, len), -1)
WRAP(DISK, int, fstat64, (int fd, struct stat *st), (fd, st), -1)
WRAP(DISK, ssize_t, read, (int fd, void *p, size_t len), (fd, p, len), -1)
WRAP(DISK, int, openat64, (int at, const char *name, int flags, mode_t mode), (at, name, flags, mode), -1)

/* --- whole operations --- */

/* What one round works on: nothing that another round touches. */
struct round {
	struct house *h;
	long n;
	unsigned seed;
	char package[40];
	char tag[24];
	struct sta_digest small, large, manifest;
	char *small_bytes, *large_bytes, *text;
	char pat[STA_PAT_LEN + 1];
	int64_t rows; /* rows_of_accounts() before */
};

struct scenario {
	const char *name;
	void (*prepare)(struct round *r); /* may be NULL */
	enum sta_rc (*act)(struct round *r, struct sta_err *err);
	bool (*untouched)(struct round *r); /* after a failure */
	bool (*done)(struct round *r);      /* after a success */
};

static bool
has_blob(struct round *r, const struct sta_digest *d, const char *bytes, size_t len)
{
	struct sta_err err;
	enum sta_rc rc = pull_blob(r->h, &r->h->alice, r->package, d, bytes, len, &err);

	assert_true(rc == STA_OK || rc == STA_NOT_FOUND);
	return rc == STA_OK;
}

static bool
has_small(struct round *r)
{
	return has_blob(r, &r->small, r->small_bytes, SMALL);
}

static bool
has_large(struct round *r)
{
	return has_blob(r, &r->large, r->large_bytes, LARGE);
}

static bool
lacks_small(struct round *r)
{
	return !has_small(r);
}

static bool
lacks_large(struct round *r)
{
	return !has_large(r);
}

static enum sta_rc
push_small(struct round *r, struct sta_err *err)
{
	return push_blob(r->h, &r->h->alice, r->package, r->small_bytes, SMALL, err);
}

static enum sta_rc
push_large(struct round *r, struct sta_err *err)
{
	return push_blob(r->h, &r->h->alice, r->package, r->large_bytes, LARGE, err);
}

/* POST, PATCH, PUT. */
static enum sta_rc
push_in_session(struct round *r, struct sta_err *err)
{
	struct bell *b = bell_new();
	struct sta_upload_waker waker = bell_waker(b);
	const struct sta_call *call = &r->h->alice;
	struct sta_upload *u = NULL;
	char id[STA_UUID_TEXT_MAX];
	struct sta_name name;
	enum sta_rc rc;

	name_of(r->package, &name);
	rc = sta_upload_start(r->h->r, call, &name, STA_SHA256, id, err);
	if (rc == STA_OK)
		rc = sta_upload_open(r->h->r, call, &name, id, STA_SHA256, &waker, &u, err);
	if (rc == STA_OK)
		rc = append_all(u, b, r->large_bytes, LARGE / 2, LARGE, err);
	if (rc == STA_OK)
		rc = sta_upload_flush(u, err);
	sta_upload_release(u);
	u = NULL;
	settle(r->h);
	if (rc == STA_OK)
		rc = sta_upload_open(r->h->r, call, &name, id, STA_SHA256, &waker, &u, err);
	if (rc == STA_OK)
		rc = append_all(u, b, r->large_bytes + LARGE / 2, LARGE / 2, LARGE, err);
	if (rc == STA_OK)
		rc = sta_upload_finish(u, call, &r->large, err);
	sta_upload_release(u);
	bell_free(b);
	return rc;
}

static void
prepare_blobs(struct round *r)
{
	struct sta_err err;

	assert_int_equal(push_small(r, &err), STA_OK);
	assert_int_equal(push_large(r, &err), STA_OK);
}

static enum sta_rc
push_image(struct round *r, struct sta_err *err)
{
	return push_manifest(r->h, &r->h->alice, r->package, r->tag, r->text, NULL, err);
}

static bool
has_image(struct round *r)
{
	struct sta_reference ref = ref_of(r->tag);
	struct sta_pulled_manifest got;
	struct sta_name name;
	struct sta_err err;
	enum sta_rc rc;

	name_of(r->package, &name);
	rc = sta_pull_manifest(r->h->r, &r->h->alice, &name, &ref, true, &got, &err);
	assert_true(rc == STA_OK || rc == STA_NOT_FOUND);
	return rc == STA_OK && got.size == strlen(r->text) && memcmp(got.bytes, r->text, got.size) == 0;
}

static bool
lacks_image(struct round *r)
{
	return !has_image(r) && has_small(r) && has_large(r);
}

static void
prepare_image(struct round *r)
{
	struct sta_err err;

	prepare_blobs(r);
	assert_int_equal(push_image(r, &err), STA_OK);
}

static enum sta_rc
delete_image(struct round *r, struct sta_err *err)
{
	struct sta_reference ref = ref_digest(&r->manifest);
	struct sta_name name;

	name_of(r->package, &name);
	return sta_delete_manifest(r->h->r, &r->h->alice, &name, &ref, err);
}

static enum sta_rc
delete_large(struct round *r, struct sta_err *err)
{
	struct sta_name name;

	name_of(r->package, &name);
	return sta_delete_blob(r->h->r, &r->h->alice, &name, &r->large, err);
}

static void
prepare_elsewhere(struct round *r)
{
	struct sta_err err;

	assert_int_equal(push_blob(r->h, &r->h->alice, "alice/source", r->large_bytes, LARGE, &err), STA_OK);
}

static enum sta_rc
mount_large(struct round *r, struct sta_err *err)
{
	struct sta_name to, from;
	bool mounted = false;
	enum sta_rc rc;

	name_of(r->package, &to);
	name_of("alice/source", &from);
	rc = sta_mount_blob(r->h->r, &r->h->alice, &to, &r->large, r->seed % 2 ? &from : NULL, &mounted, err);
	assert_true(rc != STA_OK || mounted);
	return rc;
}

static enum sta_rc
pull_everything(struct round *r, struct sta_err *err)
{
	struct sta_reference ref = ref_of(r->tag);
	struct sta_pulled_manifest got;
	struct sta_name name;
	enum sta_rc rc;

	name_of(r->package, &name);
	rc = sta_pull_manifest(r->h->r, &r->h->alice, &name, &ref, true, &got, err);
	if (rc == STA_OK)
		rc = pull_blob(r->h, &r->h->alice, r->package, &r->small, r->small_bytes, SMALL, err);
	if (rc == STA_OK)
		rc = pull_blob(r->h, &r->h->alice, r->package, &r->large, r->large_bytes, LARGE, err);
	assert_int_not_equal(rc, STA_NOT_FOUND);
	assert_int_not_equal(rc, STA_CORRUPT);
	return rc;
}

/* Garbage of this round, next to an image that must stay. */
static void
prepare_garbage(struct round *r)
{
	struct sta_err err;

	prepare_image(r);
	assert_int_equal(push_blob(r->h, &r->h->alice, r->package, r->large_bytes, LARGE - 1, &err), STA_OK);
	assert_int_equal(push_blob(r->h, &r->h->alice, r->package, r->small_bytes, SMALL - 1, &err), STA_OK);
	sta_clock_set_offset(r->n * 2 * GRACE);
}

static enum sta_rc
collect(struct round *r, struct sta_err *err)
{
	struct sta_gc_result result;

	return sta_gc_run(r->h->r, &r->h->sys, false, &result, err);
}

static bool
has_all(struct round *r)
{
	return has_image(r) && has_small(r) && has_large(r);
}

static bool
has_no_garbage(struct round *r)
{
	return has_all(r) && number(r->h, "SELECT count(*) FROM blob WHERE members = 0") == 0 &&
	       number(r->h, "SELECT count(*) FROM package_blob WHERE refs = 0") == 0;
}

static void
prepare_token(struct round *r)
{
	struct sta_pat_request req = { .user = "alice", .name = "", .scopes = STA_SCOPE_ALL };
	struct sta_pat pat;
	struct sta_err err;

	assert_int_equal(sta_pat_create(r->h->r, &r->h->sys, &req, r->pat, &pat, &err), STA_OK);
}

/* A token for a token, and who it is for. */
static enum sta_rc
sign_in(struct round *r, struct sta_err *err)
{
	struct sta_limit limit = { PACKAGE, STA_ACTION_BIT(STA_ACTION_READ) };
	struct sta_bearer_request req = { .limits = &limit, .n_limits = 1, .offline = true };
	struct sta_call call = { .arena = r->h->arena, .may_wait = true };
	struct sta_call again = call;
	struct sta_bearer bearer;
	enum sta_rc rc = sta_authenticate_basic(r->h->r, &call, "any", r->pat, err);

	if (rc == STA_OK)
		rc = sta_bearer_issue(r->h->r, &call, &req, &bearer, err);
	if (rc == STA_OK)
		rc = sta_authenticate_bearer(r->h->r, &again, bearer.token, strlen(bearer.token), err);
	if (rc != STA_OK) {
		assert_int_equal(again.caller.kind, STA_CALLER_ANONYMOUS);
		return rc;
	}
	assert_int_equal(again.caller.user_id, r->h->alice.caller.user_id);
	assert_true(again.caller.limited);
	assert_int_equal(again.caller.n_limits, 1);
	assert_int_equal(again.caller.limits[0].actions, limit.actions);
	return STA_OK;
}

static enum sta_rc
create_user(struct round *r, struct sta_err *err)
{
	struct sta_user user;
	char name[32];

	(void) snprintf(name, sizeof(name), "user%u", r->seed);
	return sta_user_create(r->h->r, &r->h->sys, name, NULL, false, &user, err);
}

static const char *
new_name(struct round *r)
{
	return sta_arena_printf(r->h->sys.arena, "%s-new", r->package);
}

static enum sta_rc
rename_package(struct round *r, struct sta_err *err)
{
	char name[64];

	(void) snprintf(name, sizeof(name), "%s-new", r->package);
	return sta_package_rename(r->h->r, &r->h->alice, r->package, name, err);
}

/* A former name of that. */
static bool
leads_to(struct round *r, const char *former, const char *present)
{
	struct sta_name_kept *all = NULL;
	struct sta_err err;
	size_t n = 0;

	assert_int_equal(sta_names_kept(r->h->r, &r->h->sys, &all, &n, &err), STA_OK);
	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i].name, former) == 0)
			return strcmp(all[i].of, present) == 0;
	return false;
}

static bool
has_new_name(struct round *r)
{
	return leads_to(r, r->package, new_name(r)) && has_small(r);
}

static bool
has_old_name(struct round *r)
{
	return !leads_to(r, r->package, new_name(r)) && has_small(r);
}

static void
prepare_renamed(struct round *r)
{
	struct sta_err err;

	assert_int_equal(push_small(r, &err), STA_OK);
	assert_int_equal(rename_package(r, &err), STA_OK);
}

static enum sta_rc
use_and_release(struct round *r, struct sta_err *err)
{
	struct sta_name_kept *all = NULL;
	size_t n = 0;
	enum sta_rc rc = head_blob(r->h, &r->h->alice, r->package, &r->small, err);

	if (rc == STA_OK)
		rc = sta_names_kept(r->h->r, &r->h->sys, &all, &n, err);
	assert_true(rc != STA_OK || n > 0);
	return rc == STA_OK ? sta_name_release(r->h->r, &r->h->sys, r->package, err) : rc;
}

static bool
is_released(struct round *r)
{
	return !leads_to(r, r->package, new_name(r));
}

static const char *
org_name(struct round *r, const char *end)
{
	return sta_arena_printf(r->h->sys.arena, "org%u%s", r->seed, end);
}

static void
prepare_org(struct round *r)
{
	struct sta_org org;
	struct sta_team team;
	struct sta_err err;

	assert_int_equal(sta_org_create(r->h->r, &r->h->sys, org_name(r, ""), "alice", &org, &err), STA_OK);
	assert_int_equal(sta_team_create(r->h->r, &r->h->sys, org_name(r, "/devs"), NULL, "", &team, &err),
			 STA_OK);
}

static enum sta_rc
rename_org(struct round *r, struct sta_err *err)
{
	char old[32];
	char new[32];
	const char *out;

	(void) snprintf(old, sizeof(old), "org%u", r->seed);
	(void) snprintf(new, sizeof(new), "org%u-new", r->seed);
	return sta_org_rename(r->h->r, &r->h->sys, old, new, &out, err);
}

static bool
org_has_new_name(struct round *r)
{
	return leads_to(r, org_name(r, ""), org_name(r, "-new"));
}

static bool
org_has_old_name(struct round *r)
{
	return !org_has_new_name(r);
}

static enum sta_rc
choose_creators(struct round *r, struct sta_err *err)
{
	const struct sta_org_change change = { .creators = "devs" };
	struct sta_org org;
	char name[32];

	(void) snprintf(name, sizeof(name), "org%u", r->seed);
	return sta_org_set(r->h->r, &r->h->sys, name, &change, &org, err);
}

/* A token that is good for some packages and from some addresses, shown from elsewhere. */
static void
prepare_bound_token(struct round *r)
{
	struct sta_pat_request req = { .user = "alice",
				       .name = "",
				       .scopes = STA_SCOPE_PACKAGES,
				       .packages = "alice/a*,alice/base",
				       .addresses = "192.0.2.0/24" };
	struct sta_pat pat;
	struct sta_err err;

	assert_int_equal(sta_pat_create(r->h->r, &r->h->sys, &req, r->pat, &pat, &err), STA_OK);
}

static enum sta_rc
sign_in_elsewhere(struct round *r, struct sta_err *err)
{
	struct sta_call call = { .arena = r->h->arena, .may_wait = true, .peer = "198.51.100.1" };
	enum sta_rc rc = STA_OK;

	for (int i = 0; i < 2 && rc == STA_OK; i++) {
		rc = sta_authenticate_basic(r->h->r, &call, "any", r->pat, err);
		if (rc != STA_OK)
			continue;
		assert_true(call.caller.bounds.elsewhere);
		assert_int_equal(call.caller.bounds.n_packages, 2);
		assert_string_equal(call.caller.bounds.packages[1], "alice/base");
	}
	return rc;
}

static enum sta_rc
create_bound_token(struct round *r, struct sta_err *err)
{
	struct sta_pat_request req = { .user = "alice",
				       .name = r->tag,
				       .scopes = STA_SCOPE_PACKAGES,
				       .packages = "alice/a*,alice/base",
				       .addresses = "192.0.2.0/24,2001:db8::/32" };
	struct sta_pat pat;

	return sta_pat_create(r->h->r, &r->h->sys, &req, r->pat, &pat, err);
}

/* Tokens, robots, and roles that were granted. */
static int64_t
rows_of_accounts(struct round *r)
{
	return number(r->h, "SELECT (SELECT count(*) FROM token) + (SELECT count(*) FROM account)"
			    " + (SELECT count(*) FROM role_grant)");
}

static void
count_rows(struct round *r)
{
	r->rows = rows_of_accounts(r);
}

static bool
has_as_many_rows(struct round *r)
{
	return rows_of_accounts(r) == r->rows;
}

static bool
has_one_row_more(struct round *r)
{
	return rows_of_accounts(r) == r->rows + 1;
}

static bool
has_three_rows_less(struct round *r)
{
	return rows_of_accounts(r) == r->rows - 3;
}

static void
robot_name(struct round *r, char out[40])
{
	(void) snprintf(out, 40, "acme+ci%u", r->seed);
}

static void
prepare_acme(struct round *r)
{
	struct sta_org org;
	struct sta_err err;
	enum sta_rc rc = sta_org_create(r->h->r, &r->h->sys, "acme", "alice", &org, &err);

	assert_true(rc == STA_OK || rc == STA_EXISTS);
	count_rows(r);
}

static enum sta_rc
create_robot(struct round *r, struct sta_err *err)
{
	struct sta_robot made;
	char name[40];

	robot_name(r, name);
	return sta_robot_create(r->h->r, &r->h->sys, name, STA_ROLE_WRITE, &made, err);
}

/* With a token, and a package that it made. */
static void
prepare_robot(struct round *r)
{
	struct sta_call call = { .arena = r->h->arena, .may_wait = true };
	struct sta_pat_request req = { .name = r->tag, .scopes = STA_SCOPE_PACKAGES };
	struct sta_pat pat;
	struct sta_err err;
	char name[40], package[40];

	prepare_acme(r);
	robot_name(r, name);
	(void) snprintf(package, sizeof(package), "acme/app%u", r->seed);
	assert_int_equal(create_robot(r, &err), STA_OK);
	req.user = name;
	assert_int_equal(sta_pat_create(r->h->r, &r->h->sys, &req, r->pat, &pat, &err), STA_OK);
	assert_int_equal(sta_authenticate_basic(r->h->r, &call, "", r->pat, &err), STA_OK);
	assert_int_equal(push_blob(r->h, &call, package, r->small_bytes, SMALL, &err), STA_OK);
	count_rows(r);
}

static enum sta_rc
delete_robot(struct round *r, struct sta_err *err)
{
	char name[40];

	robot_name(r, name);
	return sta_robot_delete(r->h->r, &r->h->sys, name, err);
}

static void
no_report(void *arg, const char *invariant, const char *what, const char *text)
{
	(void) arg;
	(void) invariant;
	(void) what;
	(void) text;
}

static enum sta_rc
check_all(struct round *r, struct sta_err *err)
{
	struct sta_fsck_options o = { .content = false };
	struct sta_fsck_result result;
	enum sta_rc rc = sta_fsck_run(r->h->r, &r->h->sys, &o, no_report, NULL, &result, err);

	assert_true(rc != STA_OK || result.problems == 0);
	return rc;
}

static const struct scenario scenarios[] = {
	{ "push a small blob", NULL, push_small, lacks_small, has_small },
	{ "push a large blob", NULL, push_large, lacks_large, has_large },
	{ "push in a session", NULL, push_in_session, lacks_large, has_large },
	{ "push a manifest", prepare_blobs, push_image, lacks_image, has_image },
	{ "mount", prepare_elsewhere, mount_large, lacks_large, has_large },
	{ "delete a manifest", prepare_image, delete_image, has_image, lacks_image },
	{ "delete a blob", prepare_blobs, delete_large, has_large, lacks_large },
	{ "collect", prepare_garbage, collect, has_all, has_no_garbage },
	{ "pull", prepare_image, pull_everything, has_all, has_all },
	{ "sign in", prepare_token, sign_in, NULL, NULL },
	{ "create a user", NULL, create_user, NULL, NULL },
	{ "rename a package", prepare_blobs, rename_package, has_old_name, has_new_name },
	{ "rename an organization", prepare_org, rename_org, org_has_old_name, org_has_new_name },
	{ "use and release names", prepare_renamed, use_and_release, has_new_name, is_released },
	{ "choose creators", prepare_org, choose_creators, org_has_old_name, org_has_old_name },
	{ "sign in elsewhere", prepare_bound_token, sign_in_elsewhere, NULL, NULL },
	{ "create a token", count_rows, create_bound_token, has_as_many_rows, has_one_row_more },
	{ "create a robot", prepare_acme, create_robot, has_as_many_rows, has_one_row_more },
	{ "delete a robot", prepare_robot, delete_robot, has_as_many_rows, has_three_rows_less },
	{ "fsck", prepare_image, check_all, has_all, has_all },
};

static void
begin_round(struct round *r, struct house *h, long n)
{
	static unsigned seed;

	seed++;
	house_fresh_arena(h);
	*r = (struct round){ .h = h, .n = n, .seed = seed };
	(void) snprintf(r->package, sizeof(r->package), "alice/app%u", seed);
	(void) snprintf(r->tag, sizeof(r->tag), "v%u", seed);
	r->small_bytes = bytes_of(SMALL, seed);
	r->large_bytes = bytes_of(LARGE, seed);
	r->small = sha256_of(r->small_bytes, SMALL);
	r->large = sha256_of(r->large_bytes, LARGE);
	r->text = strdup(manifest_of(h, &r->small, SMALL, &r->large, 1, LARGE));
	r->manifest = sha256_of(r->text, strlen(r->text));
}

static void
end_round(struct round *r)
{
	free(r->small_bytes);
	free(r->large_bytes);
	free(r->text);
}

/* One round: the n-th call fails.  False: there was no n-th call. */
static bool
run_round(struct house *h, const struct scenario *s, enum kind kind, long n)
{
	struct round r;
	struct sta_err err = { 0 };
	enum sta_rc rc;
	bool hit;

	begin_round(&r, h, n);
	if (s->prepare)
		s->prepare(&r);
	settle(h);
	house_fresh_arena(h);
	arm(kind, n);
	rc = s->act(&r, &err);
	settle(h);
	hit = kind >= DB_WRITE ? rc != STA_OK : atomic_load(&plans[kind].calls) >= n;
	arm(kind, 0);
	if (rc != STA_OK && (err.rc != rc || !err.msg[0]))
		fail_msg("%s, %s %ld: %d without an error record", s->name, kind_names[kind], n, (int) rc);
	if (rc != STA_OK && s->untouched && !s->untouched(&r))
		fail_msg("%s, %s %ld: failed (%s) and left something", s->name, kind_names[kind], n, err.msg);
	if (rc != STA_OK)
		rc = s->act(&r, &err);
	if (rc != STA_OK)
		fail_msg("%s, %s %ld: the second try failed: %s", s->name, kind_names[kind], n, err.msg);
	if (s->done && !s->done(&r))
		fail_msg("%s, %s %ld: said to be done and is not", s->name, kind_names[kind], n);
	end_round(&r);
	return hit;
}

static void
run_all(struct house *h, enum kind kind)
{
	size_t hits = 0;

	for (size_t i = 0; i < ARRAY_LEN(scenarios); i++) {
		/* Far into a walk over everything one call is like the next. */
		for (long n = 1; n < CALLS_MAX && run_round(h, &scenarios[i], kind, n); n += 1 + n / 32)
			hits++;
		assert_sound(h);
	}
	assert_true(hits >= ARRAY_LEN(scenarios)); /* else the faults have missed */
}

static void
an_allocation_that_fails_is_reported_and_changes_nothing(void **state)
{
	run_all(*state, MEMORY);
}

static void
a_system_call_that_fails_is_reported_and_changes_nothing(void **state)
{
	run_all(*state, DISK);
}

static void
a_database_that_cannot_write_is_reported_and_changes_nothing(void **state)
{
	run_all(*state, DB_WRITE);
}

static void
a_database_that_cannot_sync_is_reported_and_changes_nothing(void **state)
{
	run_all(*state, DB_SYNC);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, house_setup, house_teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(an_allocation_that_fails_is_reported_and_changes_nothing),
		TEST(a_system_call_that_fails_is_reported_and_changes_nothing),
		TEST(a_database_that_cannot_write_is_reported_and_changes_nothing),
		TEST(a_database_that_cannot_sync_is_reported_and_changes_nothing),
	};

	house_driver(argc, argv);
	shim_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
