/* What a driver of store.h does when a call of the system fails, whichever it
 * is: test_store_faults fs|mem. */
#include "fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "fault.h"

static size_t write_at_most; /* bytes per pwrite(2); 0: no limit */
static int interruptions;    /* so many EINTR first */

FAULT(void *, sta_malloc, (size_t len), (len), NULL, ENOMEM)
FAULT(int, open64, (const char *path, int flags, ...), (path, flags), -1, EMFILE)
FAULT(int, __openat64_2, (int at, const char *path, int flags), (at, path, flags), -1, EMFILE)
FAULT(int, fstat64, (int fd, struct stat *st), (fd, st), -1, EIO)
FAULT(int, fstatat64, (int at, const char *path, struct stat *st, int flags), (at, path, st, flags), -1, EIO)
FAULT(int, ftruncate64, (int fd, off_t len), (fd, len), -1, EIO)
FAULT(int, fsync, (int fd), (fd), -1, EIO)
FAULT(int, linkat, (int from, const char *old, int to, const char *new, int flags),
      (from, old, to, new, flags), -1, ENOSPC)
FAULT(int, unlinkat, (int at, const char *path, int flags), (at, path, flags), -1, EIO)
FAULT(int, mkdirat, (int at, const char *path, mode_t mode), (at, path, mode), -1, ENOSPC)
FAULT(DIR *, fdopendir, (int fd), (fd), NULL, ENOMEM)
FAULT(struct dirent *, readdir64, (DIR * d), (d), NULL, EIO)
FAULT(int, memfd_create, (const char *name, unsigned int flags), (name, flags), -1, EMFILE)

int __real_openat64(int at, const char *path, int flags, mode_t mode);
int __wrap_openat64(int at, const char *path, int flags, mode_t mode);
ssize_t __real_pwrite64(int fd, const void *p, size_t len, off_t offset);
ssize_t __wrap_pwrite64(int fd, const void *p, size_t len, off_t offset);

int
__wrap_openat64(int at, const char *path, int flags, mode_t mode)
{
	if (!fault_now("openat64"))
		return __real_openat64(at, path, flags, mode);
	errno = EMFILE;
	return -1;
}

ssize_t
__wrap_pwrite64(int fd, const void *p, size_t len, off_t offset)
{
	if (interruptions > 0) {
		interruptions--;
		errno = EINTR;
		return -1;
	}
	if (fault_now("pwrite64")) {
		errno = ENOSPC;
		return -1;
	}
	return __real_pwrite64(fd, p, write_at_most > 0 && len > write_at_most ? write_at_most : len, offset);
}

static const struct sta_digest one = { .alg = STA_SHA256, .bytes = { 0x11, 0x01 } };
static const struct sta_digest two = { .alg = STA_SHA512, .bytes = { 0x22, 0x02 } };

static int
setup_unhindered(void **state)
{
	write_at_most = 0;
	interruptions = 0;
	return setup(state);
}

static void
clear(struct fixture *f)
{
	assert_int_equal(f->ops->stage_remove(f->s, ID1, &f->err), STA_OK);
	assert_int_equal(f->ops->stage_remove(f->s, ID2, &f->err), STA_OK);
	assert_int_equal(f->ops->stage_remove(f->s, ID3, &f->err), STA_OK);
	assert_int_equal(f->ops->remove(f->s, &one, &f->err), STA_OK);
	assert_int_equal(f->ops->remove(f->s, &two, &f->err), STA_OK);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	clear(f);
	sta_store_free(f->s);
	return 0;
}

static int
open_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(d);
	while (readdir(d)) /* NOLINT(concurrency-mt-unsafe): one thread */
		n++;
	(void) closedir(d);
	return n;
}

static bool
count_stage(void *arg, const char *id)
{
	(void) id;
	++*(int *) arg;
	return true;
}

static bool
count_blob(void *arg, const struct sta_digest *digest)
{
	(void) digest;
	++*(int *) arg;
	return true;
}

#define VIEW_MAX 200

/* The bytes behind rc and file as text; "-" if there is none. */
static void
view_file(enum sta_rc rc, const struct sta_blob_file *file, char out[32])
{
	ssize_t n;

	(void) snprintf(out, 32, "-");
	if (rc == STA_NOT_FOUND)
		return;
	assert_int_equal(rc, STA_OK);
	n = read(file->fd, out, 31);
	assert_true(n >= 0);
	assert_int_equal(n, file->size);
	out[n] = '\0';
	(void) close(file->fd);
}

/* All that a caller can see of the store. */
static void
view(struct fixture *f, char out[VIEW_MAX])
{
	char stage1[32], stage2[32], stage3[32], blob1[32], blob2[32];
	struct sta_blob_file file;
	int stages = 0, blobs = 0;

	view_file(f->ops->stage_open(f->s, ID1, &file, &f->err), &file, stage1);
	view_file(f->ops->stage_open(f->s, ID2, &file, &f->err), &file, stage2);
	view_file(f->ops->stage_open(f->s, ID3, &file, &f->err), &file, stage3);
	view_file(f->ops->open(f->s, &one, &file, &f->err), &file, blob1);
	view_file(f->ops->open(f->s, &two, &file, &f->err), &file, blob2);
	assert_int_equal(f->ops->stage_each(f->s, count_stage, &stages, &f->err), STA_OK);
	assert_int_equal(f->ops->each(f->s, count_blob, &blobs, &f->err), STA_OK);
	(void) snprintf(out, VIEW_MAX, "%d stages: %s %s %s; %d blobs: %s %s", stages, stage1, stage2, stage3,
			blobs, blob1, blob2);
}

static enum sta_rc
run_create(struct fixture *f, struct sta_err *err)
{
	return f->ops->stage_create(f->s, ID2, err);
}

static enum sta_rc
run_write(struct fixture *f, struct sta_err *err)
{
	return write_stage(f->s, ID1, 5, " and more", 9, err);
}

static enum sta_rc
run_stat(struct fixture *f, struct sta_err *err)
{
	uint64_t size = 7;
	int64_t written = 7;
	enum sta_rc rc = f->ops->stage_stat(f->s, ID1, &size, &written, err);

	assert_int_equal(size, rc == STA_OK ? 5 : 7);
	assert_true(rc == STA_OK || written == 7);
	return rc;
}

/* *out is written on success only. */
static enum sta_rc
opened(enum sta_rc rc, const struct sta_blob_file *file)
{
	if (rc == STA_OK)
		(void) close(file->fd);
	else
		assert_int_equal(file->fd, -7);
	return rc;
}

static enum sta_rc
run_stage_open(struct fixture *f, struct sta_err *err)
{
	struct sta_blob_file file = { .fd = -7 };

	return opened(f->ops->stage_open(f->s, ID1, &file, err), &file);
}

static enum sta_rc
run_blob_open(struct fixture *f, struct sta_err *err)
{
	struct sta_blob_file file = { .fd = -7 };

	return opened(f->ops->open(f->s, &two, &file, err), &file);
}

static enum sta_rc
run_stage_remove(struct fixture *f, struct sta_err *err)
{
	return f->ops->stage_remove(f->s, ID1, err);
}

static enum sta_rc
run_stage_each(struct fixture *f, struct sta_err *err)
{
	int n = 0;

	return f->ops->stage_each(f->s, count_stage, &n, err);
}

static enum sta_rc
run_publish(struct fixture *f, struct sta_err *err)
{
	return publish_stage(f->s, ID1, &one, err);
}

/* The same bytes once more, under a name that is there. */
static enum sta_rc
run_publish_again(struct fixture *f, struct sta_err *err)
{
	return publish_stage(f->s, ID3, &two, err);
}

static enum sta_rc
run_remove(struct fixture *f, struct sta_err *err)
{
	return f->ops->remove(f->s, &two, err);
}

static enum sta_rc
run_each(struct fixture *f, struct sta_err *err)
{
	int n = 0;

	return f->ops->each(f->s, count_blob, &n, err);
}

/* A walk of all 512 shards has thousands of calls of five kinds: every one of
 * the first, then a sample with a stride that meets all kinds. */
#define MANY 20
#define STRIDE 97

#define START "2 stages: bytes - two; 1 blobs: - two"

struct operation {
	enum sta_rc (*run)(struct fixture *f, struct sta_err *err);
	const char *done;          /* the view after success */
	const char *without_fsync; /* the view after a failed fsync, if not START */
	long fs_calls, mem_calls;  /* that can fail */
};

static const struct operation operations[] = {
	{ run_create, "3 stages: bytes  two; 1 blobs: - two", NULL, 1, 3 },
	{ run_write, "2 stages: bytes and more - two; 1 blobs: - two", NULL, 6, 5 },
	{ run_stat, START, NULL, 1, 1 },
	{ run_stage_open, START, NULL, 2, 2 },
	{ run_blob_open, START, NULL, 2, 2 },
	{ run_stage_remove, "1 stages: - - two; 1 blobs: - two", NULL, 1, 0 },
	{ run_stage_each, START, NULL, 7, 1 },
	{ run_publish, "2 stages: bytes - two; 2 blobs: bytes two", "1 stages: - - two; 1 blobs: - two", 7,
	  2 },
	{ run_publish_again, START, "1 stages: bytes - -; 1 blobs: - two", 8, 3 },
	{ run_remove, "2 stages: bytes - two; 0 blobs: - -", "2 stages: bytes - two; 0 blobs: - -", 3, 0 },
	{ run_each, START, NULL, 2561, 1 },
};

static void
stage(struct fixture *f, const char *id, const char *text)
{
	assert_int_equal(f->ops->stage_create(f->s, id, &f->err), STA_OK);
	assert_int_equal(write_stage(f->s, id, 0, text, strlen(text), &f->err), STA_OK);
}

static void
start_state(struct fixture *f)
{
	char seen[VIEW_MAX];

	clear(f);
	stage(f, ID1, "two");
	assert_int_equal(publish_stage(f->s, ID1, &two, &f->err), STA_OK);
	assert_int_equal(f->ops->stage_remove(f->s, ID1, &f->err), STA_OK);
	stage(f, ID1, "bytes");
	stage(f, ID3, "two");
	view(f, seen);
	assert_string_equal(seen, START);
}

static bool
staged(struct fixture *f, const char *id)
{
	uint64_t size;
	int64_t written;

	return f->ops->stage_stat(f->s, id, &size, &written, &f->err) == STA_OK;
}

/* Whatever was lost is pushed once more, then the operation. */
static void
retry(struct fixture *f, const struct operation *o)
{
	char seen[VIEW_MAX];

	if (!staged(f, ID1))
		stage(f, ID1, "bytes");
	if (!staged(f, ID3))
		stage(f, ID3, "two");
	assert_int_equal(o->run(f, &f->err), STA_OK);
	view(f, seen);
	assert_string_equal(seen, o->done);
}

/* One run with the n-th call failing; false when there was no such call. */
static bool
survive(struct fixture *f, const struct operation *o, long n, bool first)
{
	char seen[VIEW_MAX];
	struct sta_err err = { .rc = STA_OK };
	int descriptors;
	bool failed;
	enum sta_rc rc;

	if (first) /* a failure changes nothing, so the next try starts from there, too */
		start_state(f);
	descriptors = open_descriptors();
	fault_at(n);
	rc = o->run(f, &err);
	failed = fault_done();
	if (failed) /* a success may make or drop a memory file */
		assert_int_equal(open_descriptors(), descriptors);
	view(f, seen);
	if (!failed) {
		assert_int_equal(rc, STA_OK);
		assert_string_equal(seen, o->done);
		return false;
	}
	assert_true(rc == STA_IO || rc == STA_FULL || rc == STA_NOMEM);
	assert_int_equal(err.rc, rc);
	assert_true(err.msg[0] != '\0');
	assert_string_equal(seen,
			    strcmp(fault.name, "fsync") == 0 && o->without_fsync ? o->without_fsync : START);
	return true;
}

static void
any_single_failure_changes_nothing_and_can_be_retried(void **state)
{
	struct fixture *f = *state;

	write_at_most = 3; /* so that writes fail half way, too */
	for (size_t i = 0; i < ARRAY_LEN(operations); i++) {
		const struct operation *o = &operations[i];
		bool changes = strcmp(o->done, START) != 0 || o->without_fsync;
		long n = 0;

		long calls = strcmp(driver, "fs") == 0 ? o->fs_calls : o->mem_calls;

		while (survive(f, o, n, n == 0 || changes)) {
			if (changes)
				retry(f, o);
			n += n < MANY ? 1 : STRIDE;
		}
		assert_in_range(n, calls, calls < MANY ? calls : calls + STRIDE);
	}
}

/* Everything fails from the n-th call on, the cleaning up as well: no promise
 * about what is left but that nothing is wrong, and that it can be mended. */
static void
a_dying_disk_shows_no_wrong_bytes(void **state)
{
	static const char *const digest_bytes[] = { "-", "bytes" };
	struct fixture *f = *state;

	write_at_most = 3;
	for (long n = 0;; n++) {
		struct sta_blob_file file;
		struct sta_err err;
		char blob[32];
		int descriptors;
		bool failed;
		enum sta_rc rc;

		start_state(f);
		descriptors = open_descriptors();
		fault_at_and(n, "*");
		rc = run_publish(f, &err);
		failed = fault_done();
		assert_int_equal(open_descriptors(), descriptors);
		view_file(f->ops->open(f->s, &one, &file, &err), &file, blob);
		if (!failed)
			break;
		assert_int_not_equal(rc, STA_OK);
		assert_true(strcmp(blob, digest_bytes[0]) == 0 || strcmp(blob, digest_bytes[1]) == 0);
		retry(f, &operations[7]);
	}
}

static void
a_stage_that_cannot_be_cut_back_is_removed(void **state)
{
	struct fixture *f = *state;
	struct sta_err err;
	char seen[VIEW_MAX];

	start_state(f);
	write_at_most = 3;
	fault_at_and(strcmp(driver, "fs") == 0 ? 4 : 2, "ftruncate64");
	assert_int_equal(run_write(f, &err), STA_FULL);
	assert_true(fault_done());
	assert_string_equal(fault.name, "pwrite64");
	view(f, seen);
	assert_string_equal(seen, "1 stages: - - two; 1 blobs: - two");
}

static void
short_and_interrupted_writes_are_continued(void **state)
{
	struct fixture *f = *state;
	char seen[VIEW_MAX];

	start_state(f);
	write_at_most = 1;
	interruptions = 2;
	assert_int_equal(run_write(f, &f->err), STA_OK);
	view(f, seen);
	assert_string_equal(seen, operations[1].done);
}

static void
a_failed_open_of_the_store_leaks_nothing_and_can_be_retried(void **state)
{
	int descriptors = open_descriptors();
	long n = 0;

	(void) state;
	for (;; n++) {
		struct sta_store *s = NULL;
		struct sta_err err = { .rc = STA_OK };
		enum sta_rc rc;

		fault_at(n);
		rc = open_store(&s, &err);
		if (!fault_done()) {
			assert_int_equal(rc, STA_OK);
			sta_store_free(s);
			break;
		}
		assert_true(rc == STA_IO || rc == STA_FULL || rc == STA_NOMEM);
		assert_int_equal(err.rc, rc);
		assert_null(s);
		assert_int_equal(open_descriptors(), descriptors);
	}
	assert_true(n >= 1);
	assert_int_equal(open_descriptors(), descriptors);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_unhindered, teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failed_open_of_the_store_leaks_nothing_and_can_be_retried),
		TEST(any_single_failure_changes_nothing_and_can_be_retried),
		TEST(a_dying_disk_shows_no_wrong_bytes),
		TEST(a_stage_that_cannot_be_cut_back_is_removed),
		TEST(short_and_interrupted_writes_are_continued),
	};

	if (!choose_driver(argc, argv))
		return 2;
	return cmocka_run_group_tests(tests, make_root, remove_root);
}
