/* What is particular to files: the layout, the order of system calls, and what
 * a crash leaves.  test/contract asks for the rest. */
#include "t.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stage.h"
#include "store/store_fs.h"
#include "tree.h"

#define ID1 "11111111-1111-4111-8111-111111111111"
#define ID2 "22222222-2222-4222-8222-222222222222"
#define HEX256 "ab01000000000000000000000000000000000000000000000000000000000000"
#define SHA256_PATH "blobs/sha256/ab/" HEX256
#define SHA512_PATH                                                                                          \
	"blobs/sha512/ab/" HEX256 "0000000000000000000000000000000000000000000000000000000000000000"

static const struct sta_digest one = { .alg = STA_SHA256, .bytes = { 0xab, 0x01 } };
static const struct sta_digest wide = { .alg = STA_SHA512, .bytes = { 0xab, 0x01 } };

/* The calls that change the disk, in their order. */
static char trace[200];
static int fsyncs_until_failure = -1;
static int fsync_error = EIO;

/* What direct writes meet. */
static struct {
	bool no_flag;   /* fcntl(2) does not take O_DIRECT */
	int failure;    /* errno of each direct write, or 0 */
	size_t at_most; /* bytes of one, or 0 */
} direct;

static void
note(const char *what)
{
	size_t used = strlen(trace);

	(void) snprintf(trace + used, sizeof(trace) - used, "%s ", what);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_linkat(int from, const char *old, int to, const char *new, int flags);
int __wrap_linkat(int from, const char *old, int to, const char *new, int flags);
int __real_unlinkat(int at, const char *path, int flags);
int __wrap_unlinkat(int at, const char *path, int flags);
ssize_t __real_pwrite64(int fd, const void *p, size_t len, off_t offset);
ssize_t __wrap_pwrite64(int fd, const void *p, size_t len, off_t offset);
int __real_fcntl64(int fd, int cmd, void *arg);
int __wrap_fcntl64(int fd, int cmd, void *arg);

int
__wrap_fsync(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -1;
	note(S_ISDIR(st.st_mode) ? "sync-dir" : "sync-file");
	if (fsyncs_until_failure >= 0 && fsyncs_until_failure-- == 0) {
		errno = fsync_error;
		return -1;
	}
	return __real_fsync(fd);
}

int
__wrap_linkat(int from, const char *old, int to, const char *new, int flags)
{
	note("link");
	return __real_linkat(from, old, to, new, flags);
}

int
__wrap_unlinkat(int at, const char *path, int flags)
{
	note(strlen(path) == STA_STAGE_ID_LEN ? "unlink-stage" : "unlink-blob");
	return __real_unlinkat(at, path, flags);
}

ssize_t
__wrap_pwrite64(int fd, const void *p, size_t len, off_t offset)
{
	bool past_cache = (__real_fcntl64(fd, F_GETFL, NULL) & O_DIRECT) != 0;

	note(past_cache ? "write-direct" : "write");
	if (past_cache && direct.failure != 0) {
		errno = direct.failure;
		return -1;
	}
	return __real_pwrite64(fd, p, past_cache && direct.at_most > 0 ? direct.at_most : len, offset);
}

int
__wrap_fcntl64(int fd, int cmd, void *arg)
{
	if (cmd != F_SETFL || !direct.no_flag)
		return __real_fcntl64(fd, cmd, arg);
	errno = EINVAL;
	return -1;
}

struct fixture {
	char root[32];
	int dir;
	struct sta_store *s;
	const struct sta_store_ops *ops;
	struct sta_err err;
};

static void
start(struct fixture *f)
{
	assert_int_equal(sta_store_fs_open(f->root, &f->s, &f->err), STA_OK);
	f->ops = f->s->ops;
	fsyncs_until_failure = -1;
	memset(&direct, 0, sizeof(direct));
	fsync_error = EIO;
	trace[0] = '\0';
}

static int
setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){ .root = "/tmp/sta-store-fs-XXXXXX" };
	assert_non_null(mkdtemp(f.root));
	f.dir = open(f.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(f.dir >= 0);
	start(&f);
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	sta_store_free(f->s);
	(void) close(f->dir);
	return remove_tree(f->root);
}

static void
restart(struct fixture *f)
{
	sta_store_free(f->s);
	start(f);
}

static void
create(struct fixture *f, const char *id, const char *text)
{
	assert_int_equal(f->ops->stage_create(f->s, id, &f->err), STA_OK);
	assert_int_equal(write_stage(f->s, id, 0, text, strlen(text), &f->err), STA_OK);
}

static bool
there(const struct fixture *f, const char *path)
{
	struct stat st;

	return fstatat(f->dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static mode_t
mode(const struct fixture *f, const char *path)
{
	struct stat st;

	assert_int_equal(fstatat(f->dir, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode;
}

static void
put_file(const struct fixture *f, const char *path, const char *text)
{
	int fd = openat(f->dir, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void) close(fd);
}

static void
directories_are_made_and_private(void **state)
{
	static const char *const dirs[] = { "uploads",         "blobs",           "blobs/sha256",
					    "blobs/sha512",    "blobs/sha256/00", "blobs/sha256/ff",
					    "blobs/sha512/00", "blobs/sha512/ff" };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
		assert_int_equal(mode(f, dirs[i]), S_IFDIR | 0700);
}

static void
files_lie_where_the_manual_says(void **state)
{
	struct fixture *f = *state;

	create(f, ID1, "bytes");
	assert_int_equal(mode(f, "uploads/" ID1), S_IFREG | 0600);
	assert_int_equal(publish_stage(f->s, ID1, &one, &f->err), STA_OK);
	assert_int_equal(publish_stage(f->s, ID1, &wide, &f->err), STA_OK);
	assert_int_equal(mode(f, SHA256_PATH), S_IFREG | 0600);
	assert_int_equal(mode(f, SHA512_PATH), S_IFREG | 0600);
}

static void
opening_makes_the_directories_durable(void **state)
{
	struct fixture *f = *state;

	restart(f);
	sta_store_free(f->s);
	f->s = NULL;
	trace[0] = '\0';
	assert_int_equal(sta_store_fs_open(f->root, &f->s, &f->err), STA_OK);
	assert_string_equal(trace, "sync-dir sync-dir sync-dir sync-dir "); /* two algorithms, blobs, root */
}

static void
publish_syncs_bytes_then_links_then_syncs_the_directory(void **state)
{
	struct fixture *f = *state;

	create(f, ID1, "bytes");
	assert_int_equal(publish_stage(f->s, ID1, &one, &f->err), STA_OK);
	assert_string_equal(trace, "write sync-file link sync-dir ");
}

static void
publish_over_a_present_name_syncs_its_directory_all_the_same(void **state)
{
	struct fixture *f = *state;

	create(f, ID1, "bytes");
	put_file(f, SHA256_PATH, "bytes"); /* as if another publisher had just made it */
	trace[0] = '\0';
	assert_int_equal(publish_stage(f->s, ID1, &one, &f->err), STA_OK);
	assert_string_equal(trace, "sync-file link sync-dir ");
}

static void
after_a_failed_fsync_the_bytes_are_dropped_and_never_linked(void **state)
{
	struct fixture *f = *state;

	create(f, ID1, "bytes");
	fsyncs_until_failure = 0;
	assert_int_equal(publish_stage(f->s, ID1, &one, &f->err), STA_IO);
	assert_int_equal(f->err.sys, EIO);
	assert_string_equal(trace, "write sync-file unlink-stage ");
	assert_false(there(f, SHA256_PATH));
	assert_false(there(f, "uploads/" ID1));
}

static void
after_a_failed_fsync_of_the_directory_the_name_is_taken_back(void **state)
{
	struct fixture *f = *state;

	create(f, ID1, "bytes");
	fsyncs_until_failure = 1;
	assert_int_equal(publish_stage(f->s, ID1, &one, &f->err), STA_IO);
	assert_string_equal(trace, "write sync-file link sync-dir unlink-blob unlink-stage ");
	assert_false(there(f, SHA256_PATH));
}

static void
a_name_that_was_there_before_is_not_taken_back(void **state)
{
	struct fixture *f = *state;

	create(f, ID1, "bytes");
	put_file(f, SHA256_PATH, "bytes");
	fsyncs_until_failure = 1;
	assert_int_equal(publish_stage(f->s, ID1, &one, &f->err), STA_IO);
	assert_true(there(f, SHA256_PATH));
	assert_false(there(f, "uploads/" ID1));
}

/* Some file systems look for room only now. */
static void
a_fsync_that_finds_no_space_says_so(void **state)
{
	struct fixture *f = *state;

	fsync_error = ENOSPC;
	for (int n = 0; n < 2; n++) {
		create(f, ID1, "bytes");
		fsyncs_until_failure = n;
		assert_int_equal(publish_stage(f->s, ID1, &one, &f->err), STA_FULL);
		assert_false(there(f, SHA256_PATH));
	}
}

static void
remove_is_durable(void **state)
{
	struct fixture *f = *state;

	put_file(f, SHA256_PATH, "bytes");
	assert_int_equal(f->ops->remove(f->s, &one, &f->err), STA_OK);
	assert_string_equal(trace, "unlink-blob sync-dir ");
}

static void
stages_and_blobs_survive_a_restart(void **state)
{
	struct fixture *f = *state;
	struct sta_blob_file file;
	uint64_t size = 0;
	int64_t written = 0;

	create(f, ID1, "half");
	create(f, ID2, "bytes");
	assert_int_equal(publish_stage(f->s, ID2, &one, &f->err), STA_OK);
	restart(f);
	assert_int_equal(f->ops->stage_stat(f->s, ID1, &size, &written, &f->err), STA_OK);
	assert_int_equal(size, 4);
	assert_int_equal(write_stage(f->s, ID1, 4, " done", 5, &f->err), STA_OK);
	assert_int_equal(f->ops->open(f->s, &one, &file, &f->err), STA_OK);
	assert_int_equal(file.size, 5);
	(void) close(file.fd);
}

/* A crash after the link and before the database knew: the client sends its
 * finish again. */
static void
a_stage_published_before_a_crash_can_be_published_again(void **state)
{
	struct fixture *f = *state;

	create(f, ID1, "bytes");
	assert_int_equal(publish_stage(f->s, ID1, &one, &f->err), STA_OK);
	restart(f);
	assert_int_equal(write_stage(f->s, ID1, 5, "x", 1, &f->err), STA_CONFLICT);
	assert_int_equal(publish_stage(f->s, ID1, &one, &f->err), STA_OK);
	assert_int_equal(f->ops->stage_remove(f->s, ID1, &f->err), STA_OK);
	assert_true(there(f, SHA256_PATH));
}

/* A crash while directories were being made. */
static void
missing_directories_are_made_at_the_next_start(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(__real_unlinkat(f->dir, "blobs/sha256/ab", AT_REMOVEDIR), 0);
	restart(f);
	create(f, ID1, "bytes");
	assert_int_equal(publish_stage(f->s, ID1, &one, &f->err), STA_OK);
}

static bool
count_stage(void *arg, const char *id)
{
	assert_string_equal(id, ID1);
	++*(int *) arg;
	return true;
}

static bool
count_blob(void *arg, const struct sta_digest *digest)
{
	assert_true(sta_digest_equal(digest, &one));
	++*(int *) arg;
	return true;
}

static void
foreign_files_are_not_listed(void **state)
{
	static const char *const foreign[] = {
		"uploads/README",
		"uploads/" ID1 ".tmp",
		"blobs/sha256/ab/x",
		"blobs/sha256/ab/" HEX256 ".bak",
		"blobs/sha256/ac/" HEX256, /* another shard's */
		"blobs/sha512/ab/" HEX256, /* another algorithm's */
		"blobs/sha256/ab/AB01000000000000000000000000000000000000000000000000000000000000",
	};
	struct fixture *f = *state;
	int stages = 0, blobs = 0;

	for (size_t i = 0; i < ARRAY_LEN(foreign); i++)
		put_file(f, foreign[i], "x");
	create(f, ID1, "bytes");
	assert_int_equal(publish_stage(f->s, ID1, &one, &f->err), STA_OK);
	assert_int_equal(f->ops->stage_each(f->s, count_stage, &stages, &f->err), STA_OK);
	assert_int_equal(f->ops->each(f->s, count_blob, &blobs, &f->err), STA_OK);
	assert_int_equal(stages, 1);
	assert_int_equal(blobs, 1);
}

static void
symbolic_links_are_not_followed(void **state)
{
	struct fixture *f = *state;
	struct sta_blob_file file = { .fd = -7 };

	put_file(f, "secret", "secret");
	assert_int_equal(symlinkat("../secret", f->dir, "uploads/" ID1), 0);
	assert_int_equal(symlinkat("../../../secret", f->dir, SHA256_PATH), 0);
	assert_int_equal(f->ops->stage_open(f->s, ID1, &file, &f->err), STA_IO);
	assert_int_equal(write_stage(f->s, ID1, 6, "x", 1, &f->err), STA_IO);
	assert_int_equal(publish_stage(f->s, ID1, &wide, &f->err), STA_IO);
	assert_int_equal(f->ops->open(f->s, &one, &file, &f->err), STA_IO);
	assert_int_equal(file.fd, -7);
	create(f, ID2, "secret");
	assert_int_equal(publish_stage(f->s, ID2, &one, &f->err), STA_CORRUPT);
}

static void
a_symbolic_link_is_no_directory_of_the_store(void **state)
{
	struct fixture *f = *state;
	struct sta_store *s = NULL;

	assert_int_equal(__real_unlinkat(f->dir, "uploads", AT_REMOVEDIR), 0);
	assert_int_equal(symlinkat("/tmp", f->dir, "uploads"), 0);
	assert_int_equal(sta_store_fs_open(f->root, &s, &f->err), STA_IO);
	assert_null(s);
}

static void
root_must_be_a_directory(void **state)
{
	struct fixture *f = *state;
	struct sta_store *s = NULL;
	char path[64];

	put_file(f, "file", "");
	(void) snprintf(path, sizeof(path), "%s/file", f->root);
	assert_int_equal(sta_store_fs_open(path, &s, &f->err), STA_IO);
	assert_int_equal(f->err.sys, ENOTDIR);
	(void) snprintf(path, sizeof(path), "%s/absent", f->root);
	assert_int_equal(sta_store_fs_open(path, &s, &f->err), STA_NOT_FOUND);
	assert_null(s);
}

#define PIECE STA_DIRECT_MIN
#define TAIL ((size_t) 1000)

static _Alignas(4096) char large[2 * STA_DIRECT_MIN + TAIL];

/* A stage of a small piece that ends on a page, a large one, and a large one that does not. */
static enum sta_rc
write_large(struct fixture *f)
{
	const size_t page = STA_DIRECT_ALIGN;
	struct sta_stage *stage = NULL;
	enum sta_rc rc;

	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (char) (i * 2654435761U >> 24);
	assert_int_equal(f->ops->stage_create(f->s, ID1, &f->err), STA_OK);
	assert_int_equal(f->ops->stage_begin(f->s, ID1, &stage, &f->err), STA_OK);
	rc = f->ops->stage_write(f->s, stage, 0, large, page, &f->err);
	if (rc == STA_OK)
		rc = f->ops->stage_write(f->s, stage, page, large + page, PIECE, &f->err);
	if (rc == STA_OK)
		rc = f->ops->stage_write(f->s, stage, page + PIECE, large + page + PIECE,
					 sizeof(large) - page - PIECE, &f->err);
	f->ops->stage_end(f->s, stage);
	return rc;
}

static void
expect_bytes(struct fixture *f, size_t len)
{
	static char got[sizeof(large) + 1];
	struct sta_blob_file file;

	assert_int_equal(f->ops->stage_open(f->s, ID1, &file, &f->err), STA_OK);
	assert_int_equal(file.size, len);
	assert_int_equal(read(file.fd, got, sizeof(got)), len);
	(void) close(file.fd);
	assert_memory_equal(got, large, len);
}

static bool
takes_direct_writes(const struct fixture *f)
{
	int fd = openat(f->dir, ".", O_TMPFILE | O_WRONLY | O_DIRECT | O_CLOEXEC, 0600);
	bool yes = fd >= 0 && __real_pwrite64(fd, large, PIECE, 0) == (ssize_t) PIECE;

	if (fd >= 0)
		(void) close(fd);
	return yes;
}

static void
large_pieces_go_past_the_page_cache_and_others_through_it(void **state)
{
	struct fixture *f = *state;

	if (!takes_direct_writes(f)) {
		print_message("# the file system of /tmp takes no direct writes\n");
		return; /* cmocka's skip() counts as a failure in TAP */
	}
	assert_int_equal(write_large(f), STA_OK);
	assert_string_equal(trace, "write write-direct write ");
	expect_bytes(f, sizeof(large));
}

static void
a_file_system_that_refuses_the_flag_gets_the_same_bytes(void **state)
{
	struct fixture *f = *state;

	direct.no_flag = true;
	assert_int_equal(write_large(f), STA_OK);
	assert_string_equal(trace, "write write write ");
	expect_bytes(f, sizeof(large));
}

static void
a_direct_write_that_is_refused_goes_through_the_cache(void **state)
{
	struct fixture *f = *state;

	direct.failure = EINVAL;
	assert_int_equal(write_large(f), STA_OK);
	assert_non_null(strstr(trace, "write write-direct write "));
	expect_bytes(f, sizeof(large));
}

static void
a_short_direct_write_is_continued(void **state)
{
	struct fixture *f = *state;

	direct.at_most = STA_DIRECT_ALIGN;
	assert_int_equal(write_large(f), STA_OK);
	expect_bytes(f, sizeof(large));
}

static void
a_direct_write_that_fails_leaves_the_stage_as_it_was(void **state)
{
	static const struct {
		int sys;
		enum sta_rc rc;
	} failures[] = { { EIO, STA_IO }, { ENOSPC, STA_FULL } };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
		direct.failure = failures[i].sys;
		assert_int_equal(write_large(f), failures[i].rc);
		assert_int_equal(f->err.sys, failures[i].sys);
		expect_bytes(f, STA_DIRECT_ALIGN);
		assert_int_equal(f->ops->stage_remove(f->s, ID1, &f->err), STA_OK);
	}
}

/* Though the system may take the second sync for a good one. */
static void
a_stage_is_not_synced_again_after_a_failed_sync(void **state)
{
	struct fixture *f = *state;
	struct sta_stage *stage = NULL;

	create(f, ID1, "bytes");
	assert_int_equal(f->ops->stage_begin(f->s, ID1, &stage, &f->err), STA_OK);
	assert_int_equal(linkat(f->dir, "uploads/" ID1, f->dir, "kept", 0), 0); /* as if unlink had failed */
	fsyncs_until_failure = 0;
	assert_int_equal(f->ops->publish(f->s, stage, &one, &f->err), STA_IO);
	trace[0] = '\0';
	assert_int_equal(f->ops->publish(f->s, stage, &one, &f->err), STA_NOT_FOUND);
	assert_string_equal(trace, "");
	f->ops->stage_end(f->s, stage);
	assert_false(there(f, SHA256_PATH));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(directories_are_made_and_private),
		TEST(files_lie_where_the_manual_says),
		TEST(opening_makes_the_directories_durable),
		TEST(publish_syncs_bytes_then_links_then_syncs_the_directory),
		TEST(publish_over_a_present_name_syncs_its_directory_all_the_same),
		TEST(after_a_failed_fsync_the_bytes_are_dropped_and_never_linked),
		TEST(after_a_failed_fsync_of_the_directory_the_name_is_taken_back),
		TEST(a_name_that_was_there_before_is_not_taken_back),
		TEST(a_fsync_that_finds_no_space_says_so),
		TEST(remove_is_durable),
		TEST(stages_and_blobs_survive_a_restart),
		TEST(a_stage_published_before_a_crash_can_be_published_again),
		TEST(missing_directories_are_made_at_the_next_start),
		TEST(foreign_files_are_not_listed),
		TEST(symbolic_links_are_not_followed),
		TEST(a_symbolic_link_is_no_directory_of_the_store),
		TEST(root_must_be_a_directory),
		TEST(large_pieces_go_past_the_page_cache_and_others_through_it),
		TEST(a_file_system_that_refuses_the_flag_gets_the_same_bytes),
		TEST(a_direct_write_that_is_refused_goes_through_the_cache),
		TEST(a_short_direct_write_is_continued),
		TEST(a_direct_write_that_fails_leaves_the_stage_as_it_was),
		TEST(a_stage_is_not_synced_again_after_a_failed_sync),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
