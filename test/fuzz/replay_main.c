/* Runs a fuzz target over every file of the folders given as arguments. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/auto.h"
#include "fuzz.h"

static void
auto_free(uint8_t *const *p)
{
	sta_free(*p);
}

static void
auto_closedir(DIR *const *d)
{
	if (*d)
		(void) closedir(*d);
}

static bool
read_all(int fd, uint8_t *data, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = read(fd, data + done, size - done);

		if (n <= 0)
			return false;
		done += (size_t) n;
	}
	return true;
}

/* The input lies in memory of its exact size, so that a sanitizer sees a read
 * past its end. */
static bool
replay(int dirfd, const char *name)
{
	STA_AUTO_FD int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	STA_AUTO(auto_free) uint8_t *data = NULL;
	struct stat st = { 0 };

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	data = sta_malloc((size_t) st.st_size);
	if (!data || !read_all(fd, data, (size_t) st.st_size))
		return false;
	(void) printf("%s\n", name);
	(void) fflush(stdout); /* a broken promise must not lose the name */
	return LLVMFuzzerTestOneInput(data, (size_t) st.st_size) == 0;
}

/* Number of inputs run, or -1. */
static int
replay_folder(const char *path)
{
	STA_AUTO(auto_closedir) DIR *dir = opendir(path);
	const struct dirent *e;
	int n = 0;

	if (!dir)
		return -1;
	while ((e = readdir(dir))) { /* NOLINT(concurrency-mt-unsafe): one thread */
		if (e->d_name[0] == '.')
			continue;
		if (!replay(dirfd(dir), e->d_name))
			return -1;
		n++;
	}
	return n;
}

/* A folder without inputs is a mistake and no success. */
int
main(int argc, char **argv)
{
	int status = argc > 1 ? 0 : 2;

	for (int i = 1; i < argc; i++) {
		int n = replay_folder(argv[i]);

		if (n <= 0) {
			(void) fprintf(stderr, "replay: %s: %s\n", argv[i],
				       n < 0 ? "an input failed" : "no inputs");
			status = 1;
		}
	}
	return status;
}
