/* interpose - loaded in front of the C library (LD_PRELOAD), it counts the system
 * calls that a program makes inside one directory and makes chosen ones fail,
 * fall short, or be the last thing that the process does.
 *
 *   INTERPOSE_DIR      the directory, as an absolute path without links
 *   INTERPOSE_CONTROL  a file of sizeof(struct control) bytes, which a test maps
 *                      and writes to; interpose.py knows its layout
 *
 * Calls on sockets, pipes and files elsewhere pass.  SQLite's calls are seen too,
 * as it comes as a shared library.  What has no effect is no point: making a
 * directory that is there, creating a file that is there.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define RECORDS 4096
#define FILES 4096

/* Bits: which calls count. */
enum kind {
	WRITE = 1,  /* bytes of a file */
	CHANGE = 2, /* its name, its length */
	SYNC = 4,
	READ = 8,
	OPEN = 16,
	CLOSE = 32,
	MEMORY = 64,
};

/* What happens at calls FIRST to LAST. */
enum action {
	FAIL,       /* it is not done, and fails */
	SHORT,      /* half is written, and that is what it says */
	TORN,       /* half is written, and it fails */
	DIE_BEFORE, /* SIGKILL */
	DIE_INSIDE, /* half is written */
	DIE_AFTER,
};

struct record {
	uint32_t number;  /* 0: of a kind that does not count */
	int32_t result;   /* negative: the error */
	uint32_t opening; /* which open() made the descriptor; 0: none that we saw */
	char what[116];
};

struct control {
	atomic_uint armed; /* else nothing is counted */
	uint32_t action;
	uint32_t kinds;
	uint32_t first; /* from 1 */
	uint32_t last;
	int32_t error;
	atomic_uint calls;
	atomic_uint hits;
	atomic_uint recorded;
	uint32_t unused[7];
	struct record records[RECORDS];
};

struct call {
	struct record *record; /* NULL: not inside the directory, or not armed */
	bool is_hit;
};

/* glibc's own names of these, under which a replacement reaches them. */
void *__libc_malloc(size_t len);
void *__libc_calloc(size_t n, size_t len);
void *__libc_realloc(void *p, size_t len);

/* Fortified callers use these. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int at, const char *path, int flags);
int __openat64_2(int at, const char *path, int flags);
ssize_t __read_chk(int fd, void *p, size_t len, size_t room);
ssize_t __pread_chk(int fd, void *p, size_t len, off_t at, size_t room);
ssize_t __pread64_chk(int fd, void *p, size_t len, off64_t at, size_t room);

static struct control *control;
static char dir[PATH_MAX];
static size_t dir_len;
static atomic_uint openings;
static atomic_uint opening_of[FILES];

__attribute__((constructor)) static void
load(void)
{
	const char *file = getenv("INTERPOSE_CONTROL");
	const char *path = getenv("INTERPOSE_DIR");
	void *p;
	int fd;

	if (!file || !path)
		return;
	dir_len = strlen(path);
	if (dir_len >= sizeof(dir))
		return;
	memcpy(dir, path, dir_len + 1);
	fd = open(file, O_RDWR | O_CLOEXEC);
	p = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	(void) close(fd);
	if (p != MAP_FAILED)
		control = p;
}

static void
die(void)
{
	(void) syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
	for (;;)
		(void) pause();
}

/* The absolute path of a file that is named by descriptor, by path, or by both. */
static bool
full_path(int at, const char *path, char out[PATH_MAX])
{
	char link[32];
	ssize_t n;

	if (path && path[0] == '/')
		return snprintf(out, PATH_MAX, "%s", path) < PATH_MAX;
	if (at == AT_FDCWD)
		(void) snprintf(link, sizeof(link), "/proc/self/cwd");
	else
		(void) snprintf(link, sizeof(link), "/proc/self/fd/%d", at);
	n = readlink(link, out, PATH_MAX - 1);
	if (n <= 0)
		return false;
	out[n] = '\0';
	return !path || snprintf(out + n, PATH_MAX - (size_t) n, "/%s", path) < PATH_MAX - (int) n;
}

/* The path inside the directory, or NULL. */
static const char *
inside(int at, const char *path, char full[PATH_MAX])
{
	if (!full_path(at, path, full) || strncmp(full, dir, dir_len) != 0)
		return NULL;
	if (full[dir_len] == '\0')
		return ".";
	return full[dir_len] == '/' ? full + dir_len + 1 : NULL;
}

static bool
exists(int at, const char *path)
{
	int saved = errno;
	bool found = syscall(SYS_faccessat, at, path, F_OK) == 0;

	errno = saved;
	return found;
}

/* Counts; true when this is one of the calls that something happens to. */
static bool
count(enum kind kind, uint32_t *number)
{
	*number = 0;
	if (!(control->kinds & kind))
		return false;
	*number = atomic_fetch_add(&control->calls, 1) + 1;
	if (*number < control->first || *number > control->last)
		return false;
	(void) atomic_fetch_add(&control->hits, 1);
	return true;
}

static struct call
enter(enum kind kind, const char *name, int at, const char *path)
{
	struct call c = { 0 };
	char full[PATH_MAX];
	const char *file;
	int saved = errno;
	unsigned n;

	if (!control || !atomic_load(&control->armed))
		return c;
	file = inside(at, path, full);
	errno = saved;
	n = file ? atomic_fetch_add(&control->recorded, 1) : RECORDS;
	if (n >= RECORDS)
		return c;
	c.record = &control->records[n];
	c.record->opening = !path && at >= 0 && at < FILES ? atomic_load(&opening_of[at]) : 0;
	(void) snprintf(c.record->what, sizeof(c.record->what), "%s %s", name, file);
	c.is_hit = count(kind, &c.record->number);
	if (c.is_hit && control->action == DIE_BEFORE)
		die();
	return c;
}

static bool
fails(const struct call *c)
{
	if (!c->is_hit || control->action != FAIL)
		return false;
	c->record->result = -control->error;
	errno = control->error;
	return true;
}

static size_t
portion(const struct call *c, size_t len)
{
	bool is_part = c->is_hit &&
		       (control->action == SHORT || control->action == TORN || control->action == DIE_INSIDE);

	return is_part ? (len + 1) / 2 : len;
}

static long
leave(const struct call *c, long result)
{
	if (!c->record)
		return result;
	c->record->result = result < 0 ? -errno : (int32_t) (result & INT32_MAX);
	if (!c->is_hit)
		return result;
	if (control->action == DIE_AFTER || control->action == DIE_INSIDE)
		die();
	if (control->action != TORN)
		return result;
	c->record->result = -control->error;
	errno = control->error;
	return -1;
}

/* --- open, close --- */

static int
open_file(int at, const char *path, int flags, mode_t mode)
{
	bool changes = (flags & O_TRUNC) || ((flags & O_CREAT) && !exists(at, path));
	struct call c = enter(changes ? CHANGE : OPEN, changes ? "create" : "open", at, path);
	int fd;

	if (fails(&c))
		return -1;
	fd = (int) leave(&c, syscall(SYS_openat, at, path, flags, mode));
	if (fd >= 0 && fd < FILES)
		atomic_store(&opening_of[fd], atomic_fetch_add(&openings, 1) + 1);
	return fd;
}

#define OPEN_FILE(at)                                                                                        \
	mode_t mode = 0;                                                                                     \
	va_list rest;                                                                                        \
                                                                                                             \
	if (flags & (O_CREAT | O_TMPFILE)) {                                                                 \
		va_start(rest, flags);                                                                       \
		mode = va_arg(rest, mode_t);                                                                 \
		va_end(rest);                                                                                \
	}                                                                                                    \
	return open_file((at), path, flags, mode)

int
open(const char *path, int flags, ...)
{
	OPEN_FILE(AT_FDCWD);
}

int
open64(const char *path, int flags, ...)
{
	OPEN_FILE(AT_FDCWD);
}

int
openat(int at, const char *path, int flags, ...)
{
	OPEN_FILE(at);
}

int
openat64(int at, const char *path, int flags, ...)
{
	OPEN_FILE(at);
}

int
__open_2(const char *path, int flags)
{
	return open_file(AT_FDCWD, path, flags, 0);
}

int
__open64_2(const char *path, int flags)
{
	return open_file(AT_FDCWD, path, flags, 0);
}

int
__openat_2(int at, const char *path, int flags)
{
	return open_file(at, path, flags, 0);
}

int
__openat64_2(int at, const char *path, int flags)
{
	return open_file(at, path, flags, 0);
}

/* The descriptor is gone, whatever close() says. */
int
close(int fd)
{
	struct call c = enter(CLOSE, "close", fd, NULL);
	int result = (int) syscall(SYS_close, fd);

	return fails(&c) ? -1 : (int) leave(&c, result);
}

/* --- bytes --- */

ssize_t
write(int fd, const void *p, size_t len)
{
	struct call c = enter(WRITE, "write", fd, NULL);

	return fails(&c) ? -1 : leave(&c, syscall(SYS_write, fd, p, portion(&c, len)));
}

static ssize_t
write_at(int fd, const void *p, size_t len, off64_t at)
{
	struct call c = enter(WRITE, "pwrite", fd, NULL);

	return fails(&c) ? -1 : leave(&c, syscall(SYS_pwrite64, fd, p, portion(&c, len), at));
}

ssize_t
pwrite(int fd, const void *p, size_t len, off_t at)
{
	return write_at(fd, p, len, at);
}

ssize_t
pwrite64(int fd, const void *p, size_t len, off64_t at)
{
	return write_at(fd, p, len, at);
}

ssize_t
writev(int fd, const struct iovec *v, int n)
{
	struct call c = enter(WRITE, "writev", fd, NULL);

	return fails(&c) ? -1 : leave(&c, syscall(SYS_writev, fd, v, (int) portion(&c, (size_t) n)));
}

static ssize_t
read_some(int fd, void *p, size_t len)
{
	struct call c = enter(READ, "read", fd, NULL);

	return fails(&c) ? -1 : leave(&c, syscall(SYS_read, fd, p, portion(&c, len)));
}

static ssize_t
read_at(int fd, void *p, size_t len, off64_t at)
{
	struct call c = enter(READ, "pread", fd, NULL);

	return fails(&c) ? -1 : leave(&c, syscall(SYS_pread64, fd, p, portion(&c, len), at));
}

ssize_t
read(int fd, void *p, size_t len)
{
	return read_some(fd, p, len);
}

ssize_t
__read_chk(int fd, void *p, size_t len, size_t room)
{
	return read_some(fd, p, len < room ? len : room);
}

ssize_t
pread(int fd, void *p, size_t len, off_t at)
{
	return read_at(fd, p, len, at);
}

ssize_t
pread64(int fd, void *p, size_t len, off64_t at)
{
	return read_at(fd, p, len, at);
}

ssize_t
__pread_chk(int fd, void *p, size_t len, off_t at, size_t room)
{
	return read_at(fd, p, len < room ? len : room, at);
}

ssize_t
__pread64_chk(int fd, void *p, size_t len, off64_t at, size_t room)
{
	return read_at(fd, p, len < room ? len : room, at);
}

/* --- lengths, names, durability --- */

#define SIMPLE(kind, name, params, at, path, number, ...)                                                    \
	int name params                                                                                      \
	{                                                                                                    \
		struct call c = enter((kind), #name, (at), (path));                                          \
                                                                                                             \
		return fails(&c) ? -1 : (int) leave(&c, syscall((number), __VA_ARGS__));                     \
	}

SIMPLE(CHANGE, ftruncate, (int fd, off_t len), fd, NULL, SYS_ftruncate, fd, len)
SIMPLE(CHANGE, ftruncate64, (int fd, off64_t len), fd, NULL, SYS_ftruncate, fd, len)
SIMPLE(CHANGE, fallocate, (int fd, int mode, off_t at, off_t len), fd, NULL, SYS_fallocate, fd, mode, at, len)
SIMPLE(CHANGE, fallocate64, (int fd, int mode, off64_t at, off64_t len), fd, NULL, SYS_fallocate, fd, mode,
       at, len)
SIMPLE(CHANGE, link, (const char *from, const char *to), AT_FDCWD, to, SYS_link, from, to)
SIMPLE(CHANGE, linkat, (int a, const char *from, int b, const char *to, int flags), b, to, SYS_linkat, a,
       from, b, to, flags)
SIMPLE(CHANGE, unlink, (const char *path), AT_FDCWD, path, SYS_unlink, path)
SIMPLE(CHANGE, unlinkat, (int at, const char *path, int flags), at, path, SYS_unlinkat, at, path, flags)
SIMPLE(CHANGE, rmdir, (const char *path), AT_FDCWD, path, SYS_rmdir, path)
SIMPLE(CHANGE, rename, (const char *from, const char *to), AT_FDCWD, to, SYS_rename, from, to)
SIMPLE(CHANGE, renameat, (int a, const char *from, int b, const char *to), b, to, SYS_renameat, a, from, b,
       to)
SIMPLE(CHANGE, renameat2, (int a, const char *from, int b, const char *to, unsigned flags), b, to,
       SYS_renameat2, a, from, b, to, flags)
SIMPLE(CHANGE, fchmod, (int fd, mode_t mode), fd, NULL, SYS_fchmod, fd, mode)
SIMPLE(SYNC, fsync, (int fd), fd, NULL, SYS_fsync, fd)
SIMPLE(SYNC, fdatasync, (int fd), fd, NULL, SYS_fdatasync, fd)
SIMPLE(SYNC, sync_file_range, (int fd, off64_t at, off64_t len, unsigned flags), fd, NULL,
       SYS_sync_file_range, fd, at, len, flags)

int
mkdirat(int at, const char *path, mode_t mode)
{
	struct call c = { 0 };

	if (!exists(at, path))
		c = enter(CHANGE, "mkdirat", at, path);
	return fails(&c) ? -1 : (int) leave(&c, syscall(SYS_mkdirat, at, path, mode));
}

int
mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

/* --- memory --- */

static bool
no_memory(void)
{
	uint32_t number;

	if (!control || !(control->kinds & MEMORY) || !atomic_load(&control->armed) ||
	    !count(MEMORY, &number))
		return false;
	errno = ENOMEM;
	return true;
}

void *
malloc(size_t len)
{
	return no_memory() ? NULL : __libc_malloc(len);
}

void *
calloc(size_t n, size_t len)
{
	return no_memory() ? NULL : __libc_calloc(n, len);
}

void *
realloc(void *p, size_t len)
{
	return no_memory() ? NULL : __libc_realloc(p, len);
}
