#include "store/store_mem.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/auto.h"
#include "store/file.h"

/* What an inode is to store_fs: bytes that a stage and a blob may share. */
struct bytes {
	int fd;
	unsigned int names; /* stages and blobs that hold it */
};

struct stage {
	struct stage *next;
	struct bytes *bytes;
	char id[STA_STAGE_ID_LEN + 1];
};

struct sta_stage {
	char id[STA_STAGE_ID_LEN + 1];
};

struct blob {
	struct blob *next;
	struct bytes *bytes;
	struct sta_digest digest;
};

struct mem {
	struct sta_store base;
	pthread_mutex_t lock; /* of all below, and of every struct bytes */
	struct stage *stages;
	struct blob *blobs;
};

static struct mem *
mem_of(struct sta_store *s)
{
	return (struct mem *) s;
}

static pthread_mutex_t *
locked(struct mem *m)
{
	(void) pthread_mutex_lock(&m->lock);
	return &m->lock;
}

static void
auto_unlock(pthread_mutex_t **lock)
{
	(void) pthread_mutex_unlock(*lock);
}

/* Until the end of the scope. */
#define HOLD_LOCK(m) STA_AUTO(auto_unlock) __attribute__((unused)) pthread_mutex_t *lock = locked(m)

static void
auto_free(void *p)
{
	sta_free(*(void **) p);
}

static enum sta_rc
no_memory(struct sta_err *err)
{
	return sta_err_set(err, STA_NOMEM, 0, "out of memory for a blob");
}

static void
drop(struct bytes *b)
{
	if (--b->names > 0)
		return;
	(void) close(b->fd);
	sta_free(b);
}

/* The link that points to the stage, or to the NULL at the end. */
static struct stage **
find_stage(struct mem *m, const char *id)
{
	struct stage **at = &m->stages;

	while (*at && strcmp((*at)->id, id) != 0)
		at = &(*at)->next;
	return at;
}

static struct blob **
find_blob(struct mem *m, const struct sta_digest *digest)
{
	struct blob **at = &m->blobs;

	while (*at && !sta_digest_equal(&(*at)->digest, digest))
		at = &(*at)->next;
	return at;
}

/* The stage of that id, or NULL, when *err says why; the lock is held. */
static struct stage *
need_stage(struct mem *m, const char *id, struct sta_err *err)
{
	struct stage *found = sta_stage_id_valid(id) ? *find_stage(m, id) : NULL;

	if (!sta_stage_id_valid(id))
		(void) sta_err_set(err, STA_INVALID, 0, "upload id is malformed");
	else if (!found)
		(void) sta_err_set(err, STA_NOT_FOUND, 0, "no upload '%s'", id);
	return found;
}

static enum sta_rc
stage_create(struct sta_store *s, const char *id, struct sta_err *err)
{
	struct mem *m = mem_of(s);
	HOLD_LOCK(m);
	STA_AUTO(auto_free) struct stage *new = sta_malloc(sizeof(*new));
	STA_AUTO(auto_free) struct bytes *bytes = sta_malloc(sizeof(*bytes));

	if (!sta_stage_id_valid(id))
		return sta_err_set(err, STA_INVALID, 0, "upload id is malformed");
	if (*find_stage(m, id))
		return sta_err_set(err, STA_EXISTS, 0, "upload '%s' exists", id);
	if (!new || !bytes)
		return no_memory(err);
	bytes->names = 1;
	bytes->fd = memfd_create("staithe-blob", MFD_CLOEXEC);
	if (bytes->fd < 0)
		return sta_file_fail("create upload", id, err);
	memcpy(new->id, id, sizeof(new->id));
	new->bytes = bytes;
	new->next = m->stages;
	m->stages = new;
	bytes = NULL;
	new = NULL;
	return STA_OK;
}

static void
remove_stage(struct stage **at)
{
	struct stage *gone = *at;

	*at = gone->next;
	drop(gone->bytes);
	sta_free(gone);
}

static enum sta_rc
stage_begin(struct sta_store *s, const char *id, struct sta_stage **out, struct sta_err *err)
{
	struct mem *m = mem_of(s);
	HOLD_LOCK(m);
	struct sta_stage *new;

	if (!need_stage(m, id, err))
		return err->rc;
	new = sta_malloc(sizeof(*new));
	if (!new)
		return no_memory(err);
	memcpy(new->id, id, sizeof(new->id));
	*out = new;
	return STA_OK;
}

static void
stage_end(struct sta_store *s, struct sta_stage *stage)
{
	(void) s;
	sta_free(stage);
}

static enum sta_rc
stage_write(struct sta_store *s, struct sta_stage *handle, uint64_t offset, const void *p, size_t len,
	    struct sta_err *err)
{
	struct mem *m = mem_of(s);
	HOLD_LOCK(m);
	struct stage *stage = need_stage(m, handle->id, err);
	struct sta_file file = { .id = handle->id, .cached = true };
	bool spoiled = false;
	struct stat st;
	enum sta_rc rc;

	if (!stage)
		return err->rc;
	if (stage->bytes->names > 1)
		return sta_err_set(err, STA_CONFLICT, 0, "upload '%s' is complete", handle->id);
	file.fd = stage->bytes->fd;
	if (fstat(file.fd, &st) < 0)
		return sta_file_fail("stat upload", handle->id, err);
	rc = sta_file_append(&file, (uint64_t) st.st_size, offset, p, len, &spoiled, err);
	if (spoiled)
		remove_stage(find_stage(m, handle->id));
	return rc;
}

static enum sta_rc
stage_stat(struct sta_store *s, const char *id, uint64_t *size, int64_t *written_unix, struct sta_err *err)
{
	struct mem *m = mem_of(s);
	HOLD_LOCK(m);
	struct stage *stage = need_stage(m, id, err);
	struct stat st;

	if (!stage)
		return err->rc;
	if (fstat(stage->bytes->fd, &st) < 0)
		return sta_file_fail("stat upload", id, err);
	*size = (uint64_t) st.st_size;
	*written_unix = st.st_mtime;
	return STA_OK;
}

/* A descriptor with a position of its own, which dup(2) would not give. */
static enum sta_rc
reopen(const struct bytes *b, struct sta_blob_file *out, struct sta_err *err)
{
	char path[sizeof("/proc/self/fd/") + 12];
	STA_AUTO_FD int fd = -1;
	struct stat st;

	(void) snprintf(path, sizeof(path), "/proc/self/fd/%d", b->fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return sta_err_set(err, STA_IO, errno, "open '%s'", path);
	*out = (struct sta_blob_file){ .fd = sta_take_fd(&fd), .size = (uint64_t) st.st_size };
	return STA_OK;
}

static enum sta_rc
stage_open(struct sta_store *s, const char *id, struct sta_blob_file *out, struct sta_err *err)
{
	struct mem *m = mem_of(s);
	HOLD_LOCK(m);
	struct stage *stage = need_stage(m, id, err);

	return stage ? reopen(stage->bytes, out, err) : err->rc;
}

static enum sta_rc
stage_remove(struct sta_store *s, const char *id, struct sta_err *err)
{
	struct mem *m = mem_of(s);
	HOLD_LOCK(m);
	struct stage **at;

	if (!sta_stage_id_valid(id))
		return sta_err_set(err, STA_INVALID, 0, "upload id is malformed");
	at = find_stage(m, id);
	if (*at)
		remove_stage(at);
	return STA_OK;
}

static enum sta_rc
copy_ids(struct mem *m, char (**out)[STA_STAGE_ID_LEN + 1], size_t *n, struct sta_err *err)
{
	HOLD_LOCK(m);
	char(*ids)[STA_STAGE_ID_LEN + 1];

	*n = 0;
	for (const struct stage *stage = m->stages; stage; stage = stage->next)
		++*n;
	ids = sta_malloc(*n * sizeof(*ids));
	if (!ids)
		return no_memory(err);
	*out = ids;
	for (const struct stage *stage = m->stages; stage; stage = stage->next)
		memcpy(*ids++, stage->id, sizeof(*ids));
	return STA_OK;
}

/* fn may call the store: it sees a copy of the list, without the lock. */
static enum sta_rc
stage_each(struct sta_store *s, bool (*fn)(void *arg, const char *id), void *arg, struct sta_err *err)
{
	STA_AUTO(auto_free) char(*ids)[STA_STAGE_ID_LEN + 1] = NULL;
	size_t n = 0;
	enum sta_rc rc = copy_ids(mem_of(s), &ids, &n, err);

	for (size_t i = 0; rc == STA_OK && i < n; i++) {
		if (!fn(arg, ids[i]))
			break;
	}
	return rc;
}

/* The name is taken: by the same bytes? */
static enum sta_rc
compare(const struct bytes *a, const struct bytes *b, struct sta_err *err)
{
	struct stat sa, sb;

	if (fstat(a->fd, &sa) < 0 || fstat(b->fd, &sb) < 0)
		return sta_err_set(err, STA_IO, errno, "stat blob");
	return sa.st_size == sb.st_size ? STA_OK
					: sta_err_set(err, STA_CORRUPT, 0, "stored blob has other bytes");
}

static enum sta_rc
publish(struct sta_store *s, struct sta_stage *handle, const struct sta_digest *digest, struct sta_err *err)
{
	struct mem *m = mem_of(s);
	HOLD_LOCK(m);
	const struct blob *there = *find_blob(m, digest);
	struct stage *stage = need_stage(m, handle->id, err);
	struct blob *new;

	if (!stage)
		return err->rc;
	if (there)
		return compare(there->bytes, stage->bytes, err);
	new = sta_malloc(sizeof(*new));
	if (!new)
		return no_memory(err);
	stage->bytes->names++;
	new->bytes = stage->bytes;
	new->digest = *digest;
	new->next = m->blobs;
	m->blobs = new;
	return STA_OK;
}

static enum sta_rc
blob_open(struct sta_store *s, const struct sta_digest *digest, struct sta_blob_file *out,
	  struct sta_err *err)
{
	struct mem *m = mem_of(s);
	HOLD_LOCK(m);
	const struct blob *blob = *find_blob(m, digest);

	return blob ? reopen(blob->bytes, out, err) : sta_err_set(err, STA_NOT_FOUND, 0, "no such blob");
}

static void
remove_blob(struct blob **at)
{
	struct blob *gone = *at;

	*at = gone->next;
	drop(gone->bytes);
	sta_free(gone);
}

static enum sta_rc
blob_remove(struct sta_store *s, const struct sta_digest *digest, struct sta_err *err)
{
	struct mem *m = mem_of(s);
	HOLD_LOCK(m);
	struct blob **at = find_blob(m, digest);

	(void) err; /* memory does not fail */
	if (*at)
		remove_blob(at);
	return STA_OK;
}

static enum sta_rc
copy_digests(struct mem *m, struct sta_digest **out, size_t *n, struct sta_err *err)
{
	HOLD_LOCK(m);
	struct sta_digest *digests;

	*n = 0;
	for (const struct blob *blob = m->blobs; blob; blob = blob->next)
		++*n;
	digests = sta_malloc(*n * sizeof(*digests));
	if (!digests)
		return no_memory(err);
	*out = digests;
	for (const struct blob *blob = m->blobs; blob; blob = blob->next)
		*digests++ = blob->digest;
	return STA_OK;
}

static enum sta_rc
blob_each(struct sta_store *s, bool (*fn)(void *arg, const struct sta_digest *digest), void *arg,
	  struct sta_err *err)
{
	STA_AUTO(auto_free) struct sta_digest *digests = NULL;
	size_t n = 0;
	enum sta_rc rc = copy_digests(mem_of(s), &digests, &n, err);

	for (size_t i = 0; rc == STA_OK && i < n; i++) {
		if (!fn(arg, &digests[i]))
			break;
	}
	return rc;
}

static void
mem_free(struct sta_store *s)
{
	struct mem *m = mem_of(s);

	while (m->stages)
		remove_stage(&m->stages);
	while (m->blobs)
		remove_blob(&m->blobs);
	(void) pthread_mutex_destroy(&m->lock);
	sta_free(m);
}

static const struct sta_store_ops ops = {
	.name = "mem",
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
	.free = mem_free,
};

enum sta_rc
sta_store_mem_new(struct sta_store **out, struct sta_err *err)
{
	struct mem *m = sta_malloc(sizeof(*m));

	if (!m)
		return sta_err_set(err, STA_NOMEM, 0, "out of memory for the store");
	m->base.ops = &ops;
	(void) pthread_mutex_init(&m->lock, NULL);
	*out = &m->base;
	return STA_OK;
}
