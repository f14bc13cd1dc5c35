#include "store/file.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static enum sta_rc
write_all(int fd, const char *id, uint64_t offset, const char *p, size_t len, struct sta_err *err)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, p, len, (off_t) offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sta_file_fail("write upload", id, err);
		if (n == 0)
			return sta_err_set(err, STA_IO, 0, "write upload '%s': nothing was written", id);
		p += n;
		len -= (size_t) n;
		offset += (uint64_t) n;
	}
	return STA_OK;
}

enum sta_rc
sta_file_append(int fd, const char *id, uint64_t offset, const void *p, size_t len, bool *spoiled,
		struct sta_err *err)
{
	struct stat st;
	enum sta_rc rc;

	if (fstat(fd, &st) < 0)
		return sta_file_fail("stat upload", id, err);
	if (offset != (uint64_t) st.st_size)
		return sta_err_set(err, STA_OUT_OF_ORDER, 0, "upload '%s' has %llu bytes, not %llu", id,
				   (unsigned long long) st.st_size, (unsigned long long) offset);
	rc = write_all(fd, id, offset, p, len, err);
	if (rc != STA_OK && ftruncate(fd, st.st_size) < 0)
		*spoiled = true;
	return rc;
}
