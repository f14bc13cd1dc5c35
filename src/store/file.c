#include "store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "store/store.h"

static bool
fits_direct(const struct sta_file *f, uint64_t offset, const char *p, size_t len)
{
	return !f->cached && len >= STA_DIRECT_MIN && ((uintptr_t) p | offset | len) % STA_DIRECT_ALIGN == 0;
}

static void
set_direct(struct sta_file *f, bool on)
{
	if (f->direct == on)
		return;
	if (fcntl(f->fd, F_SETFL, on ? O_DIRECT : 0) == 0)
		f->direct = on;
	else
		f->cached = true;
}

/* As pwrite(2), past the page cache if that is possible. */
static ssize_t
write_some(struct sta_file *f, uint64_t offset, const char *p, size_t len)
{
	ssize_t n;

	set_direct(f, fits_direct(f, offset, p, len));
	n = pwrite(f->fd, p, len, (off_t) offset);
	if (n >= 0 || errno != EINVAL || !f->direct)
		return n;
	f->cached = true; /* it wants other multiples, or cannot at all */
	set_direct(f, false);
	return pwrite(f->fd, p, len, (off_t) offset);
}

static enum sta_rc
write_all(struct sta_file *f, uint64_t offset, const char *p, size_t len, struct sta_err *err)
{
	while (len > 0) {
		ssize_t n = write_some(f, offset, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sta_file_fail("write upload", f->id, err);
		if (n == 0)
			return sta_err_set(err, STA_IO, 0, "write upload '%s': nothing was written", f->id);
		p += n;
		len -= (size_t) n;
		offset += (uint64_t) n;
	}
	return STA_OK;
}

enum sta_rc
sta_file_append(struct sta_file *f, uint64_t size, uint64_t offset, const void *p, size_t len, bool *spoiled,
		struct sta_err *err)
{
	enum sta_rc rc;

	if (offset != size)
		return sta_err_set(err, STA_OUT_OF_ORDER, 0, "upload '%s' has %llu bytes, not %llu", f->id,
				   (unsigned long long) size, (unsigned long long) offset);
	rc = write_all(f, offset, p, len, err);
	if (rc != STA_OK && ftruncate(f->fd, (off_t) size) < 0)
		*spoiled = true;
	return rc;
}
