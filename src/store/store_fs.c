#include "store/store_fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/auto.h"
#include "base/parse.h"
#include "store/file.h"

#define SHARDS 256
#define SHARD_TEXT_MAX sizeof("00")
#define HEX_MAX (2 * STA_DIGEST_BYTES_MAX + 1)
#define READ_FLAGS (O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
#define DIR_FLAGS (READ_FLAGS | O_DIRECTORY)

/* Two publishers of one digest share a name.  Whoever gave it takes it away
 * again when its directory cannot be synced, so until then nobody else may
 * find it and answer "it is there": names of a shard come and go under its
 * lock. */
struct fs {
	struct sta_store base;
	int uploads; /* directories */
	int algs[STA_DIGEST_ALG_MAX_];
	pthread_mutex_t shard_locks[SHARDS];
};

struct sta_stage {
	char id[STA_STAGE_ID_LEN + 1];
	struct sta_file file;
	bool lost; /* a sync of it failed: it is never synced again */
};

/* Where a blob lies: alg/shard/hex. */
struct place {
	int alg; /* borrowed directory */
	char shard[SHARD_TEXT_MAX];
	char hex[HEX_MAX];
	pthread_mutex_t *lock;
};

static void
auto_unlock(pthread_mutex_t **lock)
{
	(void) pthread_mutex_unlock(*lock);
}

static void
auto_closedir(DIR **d)
{
	if (*d)
		(void) closedir(*d);
}

static struct fs *
fs_of(struct sta_store *s)
{
	return (struct fs *) s;
}

static enum sta_rc
check_id(const char *id, struct sta_err *err)
{
	return sta_stage_id_valid(id) ? STA_OK : sta_err_set(err, STA_INVALID, 0, "upload id is malformed");
}

static struct place
place_of(struct fs *f, const struct sta_digest *d)
{
	struct place p = { .alg = f->algs[d->alg], .lock = &f->shard_locks[d->bytes[0]] };

	sta_hex(d->bytes, sta_digest_len(d->alg), p.hex);
	memcpy(p.shard, p.hex, 2);
	return p;
}

static enum sta_rc
sync_dir(int fd, const char *name, struct sta_err *err)
{
	return fsync(fd) == 0 ? STA_OK : sta_file_fail("fsync directory", name, err);
}

static enum sta_rc
stage_create(struct sta_store *s, const char *id, struct sta_err *err)
{
	enum sta_rc rc = check_id(id, err);
	STA_AUTO_FD int fd = -1;

	if (rc != STA_OK)
		return rc;
	fd = openat(fs_of(s)->uploads, id, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 && errno == EEXIST)
		return sta_err_set(err, STA_EXISTS, 0, "upload '%s' exists", id);
	return fd < 0 ? sta_file_fail("create upload", id, err) : STA_OK;
}

static enum sta_rc
stage_begin(struct sta_store *s, const char *id, struct sta_stage **out, struct sta_err *err)
{
	enum sta_rc rc = check_id(id, err);
	STA_AUTO_FD int fd = -1;
	struct sta_stage *stage;

	if (rc != STA_OK)
		return rc;
	fd = openat(fs_of(s)->uploads, id, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return sta_file_fail("open upload", id, err);
	stage = sta_malloc(sizeof(*stage));
	if (!stage)
		return sta_err_set(err, STA_NOMEM, 0, "out of memory for an upload");
	memcpy(stage->id, id, sizeof(stage->id));
	stage->file = (struct sta_file){ .id = stage->id, .fd = sta_take_fd(&fd) };
	*out = stage;
	return STA_OK;
}

static void
stage_end(struct sta_store *s, struct sta_stage *stage)
{
	(void) s;
	if (!stage)
		return;
	sta_auto_close(&stage->file.fd);
	sta_free(stage);
}

/* The bytes of a stage are doubtful: drop them. */
static void
lose(const struct fs *f, struct sta_stage *stage)
{
	stage->lost = true;
	(void) unlinkat(f->uploads, stage->id, 0); /* else the sweep of idle uploads finds it */
}

static enum sta_rc
look_at(const struct sta_stage *stage, struct stat *st, struct sta_err *err)
{
	if (fstat(stage->file.fd, st) < 0)
		return sta_file_fail("look at upload", stage->id, err);
	if (stage->lost || st->st_nlink == 0)
		return sta_err_set(err, STA_NOT_FOUND, 0, "upload '%s' is gone", stage->id);
	return STA_OK;
}

static enum sta_rc
stage_write(struct sta_store *s, struct sta_stage *stage, uint64_t offset, const void *p, size_t len,
	    struct sta_err *err)
{
	bool spoiled = false;
	struct stat st;
	enum sta_rc rc = look_at(stage, &st, err);

	if (rc != STA_OK)
		return rc;
	if (st.st_nlink > 1) /* the bytes have a digest for a name, and keep it */
		return sta_err_set(err, STA_CONFLICT, 0, "upload '%s' is complete", stage->id);
	rc = sta_file_append(&stage->file, (uint64_t) st.st_size, offset, p, len, &spoiled, err);
	if (spoiled)
		lose(fs_of(s), stage);
	return rc;
}

static enum sta_rc
stage_stat(struct sta_store *s, const char *id, uint64_t *size, int64_t *written_unix, struct sta_err *err)
{
	struct stat st;
	enum sta_rc rc = check_id(id, err);

	if (rc != STA_OK)
		return rc;
	if (fstatat(fs_of(s)->uploads, id, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return sta_file_fail("stat upload", id, err);
	*size = (uint64_t) st.st_size;
	*written_unix = st.st_mtime;
	return STA_OK;
}

static enum sta_rc
stage_open(struct sta_store *s, const char *id, struct sta_blob_file *out, struct sta_err *err)
{
	STA_AUTO_FD int fd = -1;
	struct stat st;
	enum sta_rc rc = check_id(id, err);

	if (rc != STA_OK)
		return rc;
	fd = openat(fs_of(s)->uploads, id, READ_FLAGS);
	if (fd < 0 || fstat(fd, &st) < 0)
		return sta_file_fail("open upload", id, err);
	*out = (struct sta_blob_file){ .fd = sta_take_fd(&fd), .size = (uint64_t) st.st_size };
	return STA_OK;
}

/* Not synced: a stage that a power cut brings back is swept like any other
 * that nobody knows. */
static enum sta_rc
stage_remove(struct sta_store *s, const char *id, struct sta_err *err)
{
	enum sta_rc rc = check_id(id, err);

	if (rc != STA_OK)
		return rc;
	if (unlinkat(fs_of(s)->uploads, id, 0) < 0 && errno != ENOENT)
		return sta_file_fail("remove upload", id, err);
	return STA_OK;
}

/* Open a directory of its own for reading: a shared descriptor would share its
 * position between threads. */
static DIR *
open_dir(int at, const char *name)
{
	STA_AUTO_FD int fd = openat(at, name, DIR_FLAGS);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (d)
		(void) sta_take_fd(&fd);
	return d;
}

/* The next name in d, NULL at the end; *rc tells an end from a failure. */
static const char *
next_name(DIR *d, const char *what, enum sta_rc *rc, struct sta_err *err)
{
	const struct dirent *e;

	errno = 0;
	e = readdir(d); /* NOLINT(concurrency-mt-unsafe): d is this thread's own */
	*rc = !e && errno != 0 ? sta_err_set(err, STA_IO, errno, "list '%s'", what) : STA_OK;
	return e ? e->d_name : NULL;
}

static enum sta_rc
stage_each(struct sta_store *s, bool (*fn)(void *arg, const char *id), void *arg, struct sta_err *err)
{
	STA_AUTO(auto_closedir) DIR *d = open_dir(fs_of(s)->uploads, ".");
	const char *name;
	enum sta_rc rc = STA_OK;

	if (!d)
		return sta_err_set(err, STA_IO, errno, "list uploads");
	while ((name = next_name(d, "uploads", &rc, err))) {
		if (sta_stage_id_valid(name) && !fn(arg, name))
			break;
	}
	return rc;
}

/* The name is taken: by the same bytes? */
static enum sta_rc
compare(int shard, const struct place *p, off_t size, struct sta_err *err)
{
	struct stat st;

	if (fstatat(shard, p->hex, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return sta_err_set(err, STA_IO, errno, "stat blob '%s'", p->hex);
	if (!S_ISREG(st.st_mode) || st.st_size != size)
		return sta_err_set(err, STA_CORRUPT, 0, "stored blob '%s' has other bytes", p->hex);
	return STA_OK;
}

/* Give the stage its name and make that durable, under the shard's lock. */
static enum sta_rc
link_stage(const struct fs *f, const struct place *p, int shard, off_t size, struct sta_stage *stage,
	   struct sta_err *err)
{
	STA_AUTO(auto_unlock) pthread_mutex_t *lock = p->lock;
	bool ours;
	enum sta_rc rc = STA_OK;

	(void) pthread_mutex_lock(lock);
	ours = linkat(f->uploads, stage->id, shard, p->hex, 0) == 0;
	if (!ours && errno != EEXIST)
		return sta_file_fail("publish blob", p->hex, err);
	if (!ours)
		rc = compare(shard, p, size, err);
	if (rc != STA_OK)
		return rc;
	rc = sync_dir(shard, p->shard, err);
	if (rc == STA_OK)
		return rc;
	if (ours)
		(void) unlinkat(shard, p->hex, 0);
	lose(f, stage);
	return rc;
}

/* Order matters: bytes on disk, then the name, then the directory that holds
 * the name.  Any other order can show a reader an empty blob after a power
 * cut.  What can fail without a trace is done first. */
static enum sta_rc
publish(struct sta_store *s, struct sta_stage *stage, const struct sta_digest *digest, struct sta_err *err)
{
	struct fs *f = fs_of(s);
	struct place p = place_of(f, digest);
	STA_AUTO_FD int shard = -1;
	struct stat st;
	enum sta_rc rc = look_at(stage, &st, err);

	if (rc != STA_OK)
		return rc;
	shard = openat(p.alg, p.shard, DIR_FLAGS);
	if (shard < 0)
		return sta_err_set(err, STA_IO, errno, "open directory '%s'", p.shard);
	if (fsync(stage->file.fd) < 0) {
		rc = sta_file_fail("fsync upload", stage->id, err);
		lose(f, stage);
		return rc;
	}
	return link_stage(f, &p, shard, st.st_size, stage, err);
}

static enum sta_rc
blob_open(struct sta_store *s, const struct sta_digest *digest, struct sta_blob_file *out,
	  struct sta_err *err)
{
	struct place p = place_of(fs_of(s), digest);
	char path[SHARD_TEXT_MAX + HEX_MAX];
	STA_AUTO_FD int fd = -1;
	struct stat st;

	(void) snprintf(path, sizeof(path), "%s/%s", p.shard, p.hex);
	fd = openat(p.alg, path, READ_FLAGS);
	if (fd < 0 || fstat(fd, &st) < 0)
		return sta_file_fail("open blob", p.hex, err);
	*out = (struct sta_blob_file){ .fd = sta_take_fd(&fd), .size = (uint64_t) st.st_size };
	return STA_OK;
}

static enum sta_rc
blob_remove(struct sta_store *s, const struct sta_digest *digest, struct sta_err *err)
{
	struct place p = place_of(fs_of(s), digest);
	STA_AUTO_FD int shard = openat(p.alg, p.shard, DIR_FLAGS);
	STA_AUTO(auto_unlock) pthread_mutex_t *lock = p.lock;

	(void) pthread_mutex_lock(lock);
	if (shard < 0)
		return sta_err_set(err, STA_IO, errno, "open directory '%s'", p.shard);
	if (unlinkat(shard, p.hex, 0) < 0 && errno != ENOENT)
		return sta_file_fail("remove blob", p.hex, err);
	return sync_dir(shard, p.shard, err);
}

/* Call fn for the blobs of one shard; *go is false once fn has had enough. */
static enum sta_rc
each_in_shard(int alg_dir, enum sta_digest_alg alg, unsigned int shard,
	      bool (*fn)(void *arg, const struct sta_digest *digest), void *arg, bool *go,
	      struct sta_err *err)
{
	char name[SHARD_TEXT_MAX];
	const char *hex;
	enum sta_rc rc = STA_OK;
	STA_AUTO(auto_closedir) DIR *d = NULL;

	(void) snprintf(name, sizeof(name), "%02x", shard & 0xff);
	d = open_dir(alg_dir, name);
	if (!d)
		return sta_err_set(err, STA_IO, errno, "list directory '%s'", name);
	while (*go && (hex = next_name(d, name, &rc, err))) {
		struct sta_digest digest = { .alg = alg };
		size_t len = sta_digest_len(alg);

		if (strlen(hex) == 2 * len && sta_unhex(hex, 2 * len, digest.bytes) &&
		    digest.bytes[0] == shard)
			*go = fn(arg, &digest);
	}
	return rc;
}

static enum sta_rc
blob_each(struct sta_store *s, bool (*fn)(void *arg, const struct sta_digest *digest), void *arg,
	  struct sta_err *err)
{
	bool go = true;

	for (unsigned int alg = 0; alg < STA_DIGEST_ALG_MAX_; alg++) {
		for (unsigned int shard = 0; go && shard < SHARDS; shard++) {
			enum sta_rc rc = each_in_shard(fs_of(s)->algs[alg], (enum sta_digest_alg) alg, shard,
						       fn, arg, &go, err);

			if (rc != STA_OK)
				return rc;
		}
	}
	return STA_OK;
}

static void
fs_free(struct sta_store *s)
{
	struct fs *f = fs_of(s);

	for (size_t i = 0; i < STA_DIGEST_ALG_MAX_; i++)
		sta_auto_close(&f->algs[i]);
	sta_auto_close(&f->uploads);
	for (size_t i = 0; i < SHARDS; i++)
		(void) pthread_mutex_destroy(&f->shard_locks[i]);
	sta_free(f);
}

static void
auto_fs(struct fs **f)
{
	if (*f)
		fs_free(&(*f)->base);
}

static const struct sta_store_ops ops = {
	.name = "fs",
	.stage_create = stage_create,
	.stage_begin = stage_begin,
	.stage_end = stage_end,
	.stage_write = stage_write,
	.stage_stat = stage_stat,
	.stage_open = stage_open,
	.stage_remove = stage_remove,
	.stage_each = stage_each,
	.publish = publish,
	.open = blob_open,
	.remove = blob_remove,
	.each = blob_each,
	.free = fs_free,
};

/* Make a directory unless it is there, and open it.  *fd is owned by the caller. */
static enum sta_rc
make_dir(int at, const char *name, int *fd, struct sta_err *err)
{
	if (mkdirat(at, name, 0700) < 0 && errno != EEXIST)
		return sta_file_fail("make directory", name, err);
	*fd = openat(at, name, DIR_FLAGS);
	return *fd < 0 ? sta_err_set(err, STA_IO, errno, "open directory '%s'", name) : STA_OK;
}

static enum sta_rc
make_shards(int alg, const char *alg_name, struct sta_err *err)
{
	for (unsigned int shard = 0; shard < SHARDS; shard++) {
		char name[SHARD_TEXT_MAX];

		(void) snprintf(name, sizeof(name), "%02x", shard & 0xff);
		if (mkdirat(alg, name, 0700) < 0 && errno != EEXIST)
			return sta_file_fail("make directory", name, err);
	}
	return sync_dir(alg, alg_name, err);
}

/* Synced each time: an earlier start may have died before it could. */
static enum sta_rc
make_layout(struct fs *f, int root, struct sta_err *err)
{
	STA_AUTO_FD int blobs = -1;
	enum sta_rc rc = make_dir(root, "uploads", &f->uploads, err);

	if (rc == STA_OK)
		rc = make_dir(root, "blobs", &blobs, err);
	for (unsigned int alg = 0; rc == STA_OK && alg < STA_DIGEST_ALG_MAX_; alg++) {
		const char *name = sta_digest_alg_name((enum sta_digest_alg) alg);

		rc = make_dir(blobs, name, &f->algs[alg], err);
		if (rc == STA_OK)
			rc = make_shards(f->algs[alg], name, err);
	}
	if (rc == STA_OK)
		rc = sync_dir(blobs, "blobs", err);
	return rc == STA_OK ? sync_dir(root, "the store", err) : rc;
}

enum sta_rc
sta_store_fs_open(const char *root, struct sta_store **out, struct sta_err *err)
{
	STA_AUTO_FD int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	STA_AUTO(auto_fs) struct fs *f = NULL;
	enum sta_rc rc;

	if (fd < 0)
		return sta_file_fail("open directory", root, err);
	f = sta_malloc(sizeof(*f));
	if (!f)
		return sta_err_set(err, STA_NOMEM, 0, "out of memory for the store");
	f->base.ops = &ops;
	f->uploads = -1;
	for (size_t i = 0; i < STA_DIGEST_ALG_MAX_; i++)
		f->algs[i] = -1;
	for (size_t i = 0; i < SHARDS; i++)
		(void) pthread_mutex_init(&f->shard_locks[i], NULL);
	rc = make_layout(f, fd, err);
	if (rc != STA_OK)
		return rc;
	*out = &f->base;
	f = NULL;
	return STA_OK;
}
