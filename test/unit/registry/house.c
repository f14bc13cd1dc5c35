#include "house.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "crypto/hash.h"
#include "db/db_sqlite.h"
#include "registry/account.h"
#include "store/store_fs.h"
#include "store/store_mem.h"
#include "tree.h"

#define WORKERS 2
#define ARENA_MAX (64 * MIB)

static const char *driver = "fs";

void
house_driver(int argc, char **argv)
{
	if (argc > 1)
		driver = argv[1];
	/* What goes wrong on purpose is not worth a line. */
	sta_log_setup(STA_LOG_ERROR, false);
}

/* --- the shell around the store --- */

static enum sta_rc
before(struct sta_store *s, enum house_op op, struct sta_store **real, struct sta_err *err)
{
	struct house_store *shell = (struct house_store *) s;
	struct house *h = shell->house;
	house_hook_fn *hook = h->before[op];

	*real = shell->real;
	if (!hook)
		return STA_OK;
	h->hook_calls++;
	return hook(h, err);
}

static enum sta_rc
shell_stage_create(struct sta_store *s, const char *id, struct sta_err *err)
{
	enum sta_rc rc = before(s, OP_STAGE_CREATE, &s, err);

	return rc == STA_OK ? s->ops->stage_create(s, id, err) : rc;
}

static enum sta_rc
shell_stage_begin(struct sta_store *s, const char *id, struct sta_stage **out, struct sta_err *err)
{
	enum sta_rc rc = before(s, OP_STAGE_BEGIN, &s, err);

	return rc == STA_OK ? s->ops->stage_begin(s, id, out, err) : rc;
}

static void
shell_stage_end(struct sta_store *s, struct sta_stage *stage)
{
	s = ((struct house_store *) s)->real;
	s->ops->stage_end(s, stage);
}

static enum sta_rc
shell_stage_write(struct sta_store *s, struct sta_stage *stage, uint64_t offset, const void *p, size_t len,
		  struct sta_err *err)
{
	enum sta_rc rc = before(s, OP_STAGE_WRITE, &s, err);

	return rc == STA_OK ? s->ops->stage_write(s, stage, offset, p, len, err) : rc;
}

static enum sta_rc
shell_stage_stat(struct sta_store *s, const char *id, uint64_t *size, int64_t *written, struct sta_err *err)
{
	enum sta_rc rc = before(s, OP_STAGE_STAT, &s, err);

	return rc == STA_OK ? s->ops->stage_stat(s, id, size, written, err) : rc;
}

static enum sta_rc
shell_stage_open(struct sta_store *s, const char *id, struct sta_blob_file *out, struct sta_err *err)
{
	enum sta_rc rc = before(s, OP_STAGE_OPEN, &s, err);

	return rc == STA_OK ? s->ops->stage_open(s, id, out, err) : rc;
}

static enum sta_rc
shell_stage_remove(struct sta_store *s, const char *id, struct sta_err *err)
{
	enum sta_rc rc = before(s, OP_STAGE_REMOVE, &s, err);

	return rc == STA_OK ? s->ops->stage_remove(s, id, err) : rc;
}

static enum sta_rc
shell_stage_each(struct sta_store *s, bool (*fn)(void *arg, const char *id), void *arg, struct sta_err *err)
{
	enum sta_rc rc = before(s, OP_STAGE_EACH, &s, err);

	return rc == STA_OK ? s->ops->stage_each(s, fn, arg, err) : rc;
}

static enum sta_rc
shell_publish(struct sta_store *s, struct sta_stage *stage, const struct sta_digest *digest,
	      struct sta_err *err)
{
	struct house *h = ((struct house_store *) s)->house;
	enum sta_rc rc = before(s, OP_PUBLISH, &s, err);

	if (rc == STA_OK)
		rc = s->ops->publish(s, stage, digest, err);
	return rc == STA_OK && h->after_publish ? h->after_publish(h, err) : rc;
}

static enum sta_rc
shell_open(struct sta_store *s, const struct sta_digest *digest, struct sta_blob_file *out,
	   struct sta_err *err)
{
	enum sta_rc rc = before(s, OP_OPEN, &s, err);

	return rc == STA_OK ? s->ops->open(s, digest, out, err) : rc;
}

static enum sta_rc
shell_remove(struct sta_store *s, const struct sta_digest *digest, struct sta_err *err)
{
	enum sta_rc rc = before(s, OP_REMOVE, &s, err);

	return rc == STA_OK ? s->ops->remove(s, digest, err) : rc;
}

static enum sta_rc
shell_each(struct sta_store *s, bool (*fn)(void *arg, const struct sta_digest *digest), void *arg,
	   struct sta_err *err)
{
	enum sta_rc rc = before(s, OP_EACH, &s, err);

	return rc == STA_OK ? s->ops->each(s, fn, arg, err) : rc;
}

static const struct sta_store_ops shell_ops = {
	.name = "shell",
	.stage_create = shell_stage_create,
	.stage_begin = shell_stage_begin,
	.stage_end = shell_stage_end,
	.stage_write = shell_stage_write,
	.stage_stat = shell_stage_stat,
	.stage_open = shell_stage_open,
	.stage_remove = shell_stage_remove,
	.stage_each = shell_stage_each,
	.publish = shell_publish,
	.open = shell_open,
	.remove = shell_remove,
	.each = shell_each,
};

/* --- the house --- */

static void
open_house(struct house *h)
{
	char path[96];

	(void) snprintf(path, sizeof(path), "%s/db", h->dir);
	assert_int_equal(sta_db_sqlite_open(path, &h->db, &h->err), STA_OK);
	assert_int_equal(sta_pool_new(WORKERS, "test", &h->workers, &h->err), STA_OK);
	assert_int_equal(sta_registry_open(h->db, &h->shell.base, h->workers, &h->options, &h->r, &h->err),
			 STA_OK);
}

static void
close_house(struct house *h)
{
	sta_pool_free(h->workers);
	sta_registry_close(h->r);
	sta_db_free(h->db);
}

static struct sta_call
call_of(struct house *h, const char *login, bool site_admin)
{
	struct sta_user user;

	assert_int_equal(sta_user_create(h->r, &h->sys, login, NULL, site_admin, &user, &h->err), STA_OK);
	return (struct sta_call){
		.arena = h->arena,
		.caller = {
			.kind = STA_CALLER_USER,
			.user_id = user.id,
			.login = login,
			.site_admin = site_admin,
			.scopes = STA_SCOPE_ALL,
		},
		.may_wait = true,
	};
}

void
house_fresh_arena(struct house *h)
{
	sta_arena_free(h->arena);
	h->arena = sta_arena_new(ARENA_MAX);
	assert_non_null(h->arena);
	h->sys.arena = h->arena;
	h->alice.arena = h->arena;
	h->bob.arena = h->arena;
	h->admin.arena = h->arena;
	h->nobody.arena = h->arena;
}

struct sta_call
house_call(struct house *h, struct sta_arena *arena, const char *user)
{
	struct sta_call call = strcmp(user, "alice") == 0 ? h->alice
			       : strcmp(user, "bob") == 0 ? h->bob
							  : h->admin;

	call.arena = arena;
	return call;
}

int
house_setup(void **state)
{
	struct house *h = test_calloc(1, sizeof(*h));
	bool fs = strcmp(driver, "fs") == 0;

	/* In memory where that is possible: durability is not what these tests are about. */
	(void) snprintf(h->dir, sizeof(h->dir), "%s/staithe-registry-XXXXXX",
			access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(h->dir));
	h->shell.base.ops = &shell_ops;
	h->shell.house = h;
	assert_int_equal(fs ? sta_store_fs_open(h->dir, &h->shell.real, &h->err)
			    : sta_store_mem_new(&h->shell.real, &h->err),
			 STA_OK);
	sta_registry_defaults(&h->options);
	h->options.layer_max = LAYER_MAX;
	h->options.collect_grace_s = GRACE;
	h->options.trash_keep_s = 0; /* a test that deletes wants it gone; test_trash.c does not */
	sta_clock_set_offset(0);
	open_house(h);
	house_fresh_arena(h);
	h->sys = sta_call_system(h->arena);
	h->nobody = (struct sta_call){ .arena = h->arena,
				       .caller = { .kind = STA_CALLER_ANONYMOUS, .login = "" },
				       .may_wait = true };
	h->alice = call_of(h, "alice", false);
	h->bob = call_of(h, "bob", false);
	h->admin = call_of(h, "root", true);
	*state = h;
	return 0;
}

int
house_teardown(void **state)
{
	struct house *h = *state;

	memset(h->before, 0, sizeof(h->before));
	h->after_publish = NULL;
	close_house(h);
	sta_store_free(h->shell.real);
	sta_arena_free(h->arena);
	sta_clock_set_offset(0);
	(void) remove_tree(h->dir);
	test_free(h);
	return 0;
}

void
house_restart(struct house *h)
{
	close_house(h);
	open_house(h);
}

void
name_of(const char *text, struct sta_name *out)
{
	assert_true(sta_name_parse(text, strlen(text), out));
}

struct sta_reference
ref_of(const char *text)
{
	struct sta_reference ref;

	assert_true(sta_reference_parse(text, strlen(text), &ref));
	return ref;
}

struct sta_reference
ref_digest(const struct sta_digest *d)
{
	return (struct sta_reference){ .is_digest = true, .digest = *d };
}

char *
bytes_of(size_t len, unsigned seed)
{
	char *p = malloc(len + 1);
	uint32_t x = seed * 2654435761U + 1;

	assert_non_null(p);
	for (size_t i = 0; i < len; i++) {
		x = x * 1664525U + 1013904223U;
		p[i] = (char) (x >> 24);
	}
	return p;
}

struct sta_digest
digest_by(enum sta_digest_alg alg, const void *p, size_t len)
{
	struct sta_digest d = { .alg = alg };
	struct sta_err err;

	assert_int_equal(sta_hash_bytes(alg, p, len, &d, &err), STA_OK);
	return d;
}

struct sta_digest
sha256_of(const void *p, size_t len)
{
	return digest_by(STA_SHA256, p, len);
}

/* --- uploads --- */

struct bell {
	pthread_mutex_t lock;
	pthread_cond_t rung;
	bool ringing;
};

struct bell *
bell_new(void)
{
	struct bell *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	(void) pthread_mutex_init(&b->lock, NULL);
	(void) pthread_cond_init(&b->rung, NULL);
	return b;
}

void
bell_free(struct bell *b)
{
	(void) pthread_cond_destroy(&b->rung);
	(void) pthread_mutex_destroy(&b->lock);
	free(b);
}

static void
ring(void *arg)
{
	struct bell *b = arg;

	(void) pthread_mutex_lock(&b->lock);
	b->ringing = true;
	(void) pthread_cond_signal(&b->rung);
	(void) pthread_mutex_unlock(&b->lock);
}

void
bell_wait(struct bell *b)
{
	(void) pthread_mutex_lock(&b->lock);
	while (!b->ringing)
		(void) pthread_cond_wait(&b->rung, &b->lock);
	b->ringing = false;
	(void) pthread_mutex_unlock(&b->lock);
}

struct sta_upload_waker
bell_waker(struct bell *b)
{
	return (struct sta_upload_waker){ .wake = ring, .arg = b };
}

enum sta_rc
append_all(struct sta_upload *u, struct bell *b, const void *p, size_t len, size_t chunk, struct sta_err *err)
{
	const char *at = p;

	while (len > 0) {
		size_t want = len < chunk ? len : chunk;
		size_t taken = 0;
		enum sta_rc rc = sta_upload_append(u, at, want, &taken, err);

		if (rc != STA_OK)
			return rc;
		at += taken;
		len -= taken;
		if (taken < want)
			bell_wait(b);
	}
	return STA_OK;
}

enum sta_rc
push_blob(struct house *h, const struct sta_call *call, const char *name, const void *p, size_t len,
	  struct sta_err *err)
{
	struct sta_digest d = sha256_of(p, len);
	struct sta_name n;
	struct bell *b = bell_new();
	struct sta_upload_waker waker = bell_waker(b);
	struct sta_upload *u = NULL;
	enum sta_rc rc;

	name_of(name, &n);
	rc = sta_upload_open(h->r, call, &n, NULL, STA_SHA256, &waker, &u, err);
	if (rc == STA_OK)
		rc = append_all(u, b, p, len, len > 0 ? len : 1, err);
	if (rc == STA_OK)
		rc = sta_upload_finish(u, call, &d, err);
	sta_upload_release(u);
	bell_free(b);
	return rc;
}

struct sta_digest
push_seed(struct house *h, const struct sta_call *call, const char *name, size_t len, unsigned seed)
{
	char *p = bytes_of(len, seed);
	struct sta_digest d = sha256_of(p, len);

	assert_int_equal(push_blob(h, call, name, p, len, &h->err), STA_OK);
	free(p);
	return d;
}

enum sta_rc
pull_blob(struct house *h, const struct sta_call *call, const char *name, const struct sta_digest *d,
	  const void *p, size_t len, struct sta_err *err)
{
	struct sta_name n;
	struct sta_pulled_blob got = { .fd = -1 };
	STA_AUTO_FD int fd = -1;
	char *copy;
	enum sta_rc rc;

	name_of(name, &n);
	rc = sta_pull_blob(h->r, call, &n, d, true, &got, err);
	if (rc != STA_OK)
		return rc;
	fd = got.fd;
	if (got.size != len)
		return STA_CORRUPT;
	if (got.bytes)
		return memcmp(got.bytes, p, len) == 0 ? STA_OK : STA_CORRUPT;
	copy = malloc(len + 1);
	assert_non_null(copy);
	rc = pread(fd, copy, len + 1, 0) == (ssize_t) len && memcmp(copy, p, len) == 0 ? STA_OK : STA_CORRUPT;
	free(copy);
	return rc;
}

enum sta_rc
head_blob(struct house *h, const struct sta_call *call, const char *name, const struct sta_digest *d,
	  struct sta_err *err)
{
	struct sta_name n;
	struct sta_pulled_blob got;

	name_of(name, &n);
	return sta_pull_blob(h->r, call, &n, d, false, &got, err);
}

/* --- manifests --- */

char *
manifest_of(struct house *h, const struct sta_digest *config, size_t config_len,
	    const struct sta_digest *layers, size_t n, size_t layer_len)
{
	char text[STA_DIGEST_TEXT_MAX];
	char *list = sta_arena_strdup(h->arena, "");

	for (size_t i = 0; list && i < n; i++)
		list = sta_arena_printf(h->arena,
					"%s%s{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\","
					"\"digest\":\"%s\",\"size\":%zu}",
					list, i > 0 ? "," : "", sta_digest_text(&layers[i], text), layer_len);
	assert_non_null(list);
	list = sta_arena_printf(
		h->arena,
		"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
		"\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\","
		"\"digest\":\"%s\",\"size\":%zu},\"layers\":[%s]}",
		sta_digest_text(config, text), config_len, list);
	assert_non_null(list);
	return list;
}

enum sta_rc
push_manifest(struct house *h, const struct sta_call *call, const char *name, const char *ref,
	      const char *text, struct sta_digest *out, struct sta_err *err)
{
	struct sta_name n;
	struct sta_reference reference = ref_of(ref);
	struct sta_push push = {
		.name = &n,
		.ref = &reference,
		.media_type = "application/vnd.oci.image.manifest.v1+json",
		.bytes = text,
		.len = strlen(text),
	};
	struct sta_pushed pushed;
	enum sta_rc rc;

	name_of(name, &n);
	rc = sta_push_manifest(h->r, call, &push, &pushed, err);
	if (rc == STA_OK && out)
		*out = pushed.digest;
	return rc;
}

/* --- the whole --- */

static void
print_problem(void *arg, const char *invariant, const char *what, const char *text)
{
	(void) arg;
	print_error("fsck: %s %s: %s\n", invariant, what, text);
}

void
assert_sound(struct house *h)
{
	struct sta_fsck_options o = { .content = true };
	struct sta_fsck_result result;

	settle(h);
	assert_int_equal(sta_fsck_run(h->r, &h->sys, &o, print_problem, NULL, &result, &h->err), STA_OK);
	assert_int_equal(result.problems, 0);
}

struct sta_gc_result
run_gc(struct house *h, bool now)
{
	struct sta_gc_result result;

	assert_int_equal(sta_gc_run(h->r, &h->sys, now, &result, &h->err), STA_OK);
	return result;
}

void
settle(struct house *h)
{
	struct sta_upload_stats stats = { .held = 1 };

	for (int i = 0; stats.held > 0; i++) {
		sta_upload_stats(h->r, &stats);
		assert_true(i < 100000); /* ten seconds */
		if (stats.held > 0)
			(void) nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
	}
}

static bool
count_stage(void *arg, const char *id)
{
	(void) id;
	++*(size_t *) arg;
	return true;
}

size_t
count_stages(struct house *h)
{
	struct sta_store *s = h->shell.real;
	size_t n = 0;

	assert_int_equal(s->ops->stage_each(s, count_stage, &n, &h->err), STA_OK);
	return n;
}

static bool
count_file(void *arg, const struct sta_digest *d)
{
	(void) d;
	++*(size_t *) arg;
	return true;
}

size_t
count_files(struct house *h)
{
	struct sta_store *s = h->shell.real;
	size_t n = 0;

	assert_int_equal(s->ops->each(s, count_file, &n, &h->err), STA_OK);
	return n;
}

int64_t
number(struct house *h, const char *sql)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	struct sta_db_conn *c = NULL;
	bool row = false;

	assert_int_equal(sta_db_reader(h->db, &c, &h->err), STA_OK);
	assert_int_equal(sta_db_prepare(c, sql, &s, &h->err), STA_OK);
	assert_int_equal(sta_db_step(s, &row, &h->err), STA_OK);
	assert_true(row);
	return sta_db_int(s, 0);
}
