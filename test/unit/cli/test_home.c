#include "t.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/home.h"

static char top[] = "/tmp/staithe-home-XXXXXX";
static char path[64];

static int
setup_all(void **state)
{
	(void) state;
	if (!mkdtemp(top))
		return -1;
	(void) snprintf(path, sizeof(path), "%s/data", top);
	return 0;
}

static int
teardown_all(void **state)
{
	char lock[80];

	(void) state;
	(void) snprintf(lock, sizeof(lock), "%s/lock", path);
	(void) unlink(lock);
	(void) rmdir(path);
	return rmdir(top);
}

static void
a_directory_is_made_only_when_asked_for(void **state)
{
	struct sta_home h = STA_HOME_CLOSED;
	struct sta_err err;
	struct stat st;

	(void) state;
	assert_int_equal(sta_home_find(&h, path, false, &err), STA_NOT_FOUND);
	assert_int_equal(sta_home_find(&h, path, true, &err), STA_OK);
	assert_false(sta_home_exists(&h));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
	sta_home_close(&h);
	assert_int_equal(sta_home_find(&h, path, true, &err), STA_OK);
	sta_home_close(&h);
}

static void
paths_that_cannot_be_are_refused(void **state)
{
	struct sta_home h = STA_HOME_CLOSED;
	char longer[PATH_MAX + 1];
	struct sta_err err;

	(void) state;
	memset(longer, 'x', sizeof(longer));
	longer[PATH_MAX] = '\0';
	assert_int_equal(sta_home_find(&h, "", true, &err), STA_INVALID);
	assert_int_equal(sta_home_find(&h, longer, true, &err), STA_INVALID);
	assert_int_equal(sta_home_find(&h, "/dev/null", true, &err), STA_IO);
	assert_int_equal(sta_home_find(&h, "/dev/null/x", true, &err), STA_IO);
	sta_home_close(&h);
}

static void
one_process_holds_the_lock_until_it_closes(void **state)
{
	struct sta_home a = STA_HOME_CLOSED;
	struct sta_home b = STA_HOME_CLOSED;
	struct sta_err err;

	(void) state;
	assert_int_equal(sta_home_find(&a, path, true, &err), STA_OK);
	assert_int_equal(sta_home_find(&b, path, true, &err), STA_OK);
	assert_int_equal(sta_home_lock(&a, &err), STA_OK);
	assert_int_equal(sta_home_lock(&b, &err), STA_BUSY);
	sta_home_close(&a);
	assert_int_equal(sta_home_lock(&b, &err), STA_OK);
	sta_home_close(&b);
}

static void
a_lock_that_is_a_link_is_not_followed(void **state)
{
	struct sta_home h = STA_HOME_CLOSED;
	struct sta_err err;

	(void) state;
	assert_int_equal(sta_home_find(&h, path, true, &err), STA_OK);
	(void) unlinkat(h.dirfd, "lock", 0);
	assert_int_equal(symlinkat("elsewhere", h.dirfd, "lock"), 0);
	assert_int_equal(sta_home_lock(&h, &err), STA_IO);
	assert_int_equal(unlinkat(h.dirfd, "lock", 0), 0);
	sta_home_close(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_directory_is_made_only_when_asked_for),
		cmocka_unit_test(paths_that_cannot_be_are_refused),
		cmocka_unit_test(one_process_holds_the_lock_until_it_closes),
		cmocka_unit_test(a_lock_that_is_a_link_is_not_followed),
	};

	return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
