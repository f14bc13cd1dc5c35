#include "t.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "crypto/random.h"

/* What the next calls of getrandom(2) do. */
static struct {
	int interrupted;  /* so many EINTR first */
	size_t at_most;   /* bytes per call; 0: no limit */
	int sys;          /* then this errno */
	bool ascending;   /* bytes 0, 1, 2 ... instead of random ones */
	unsigned char at; /* next of those */
} next;

ssize_t __real_getrandom(void *p, size_t len, unsigned int flags);
ssize_t __wrap_getrandom(void *p, size_t len, unsigned int flags);

ssize_t
__wrap_getrandom(void *p, size_t len, unsigned int flags)
{
	if (next.interrupted > 0) {
		next.interrupted--;
		errno = EINTR;
		return -1;
	}
	if (next.sys) {
		errno = next.sys;
		return -1;
	}
	if (next.at_most > 0 && len > next.at_most)
		len = next.at_most;
	if (!next.ascending)
		return __real_getrandom(p, len, flags);
	for (size_t i = 0; i < len; i++)
		((unsigned char *) p)[i] = next.at++;
	return (ssize_t) len;
}

static int
reset(void **state)
{
	(void) state;
	memset(&next, 0, sizeof(next));
	return 0;
}

static void
short_and_interrupted_reads_are_continued(void **state)
{
	unsigned char out[10];
	struct sta_err err;

	(void) state;
	next.interrupted = 2;
	next.at_most = 3;
	next.ascending = true;
	assert_int_equal(sta_random_bytes(out, sizeof(out), &err), STA_OK);
	for (size_t i = 0; i < sizeof(out); i++)
		assert_int_equal(out[i], i);
}

static void
a_failing_kernel_is_an_error_everywhere(void **state)
{
	char text[STA_UUID_TEXT_MAX] = "x";
	unsigned char out[1];
	struct sta_err err;

	(void) state;
	next.sys = ENOSYS;
	assert_int_equal(sta_random_bytes(out, sizeof(out), &err), STA_IO);
	assert_int_equal(err.sys, ENOSYS);
	assert_int_equal(sta_random_uuid(text, &err), STA_IO);
	assert_string_equal(text, "x");
	assert_int_equal(sta_random_base62(text, 20, &err), STA_IO);
	assert_string_equal(text, ""); /* half a secret is none */
}

static void
two_values_differ(void **state)
{
	char a[STA_UUID_TEXT_MAX], b[STA_UUID_TEXT_MAX];
	struct sta_err err;

	(void) state;
	assert_int_equal(sta_random_uuid(a, &err), STA_OK);
	assert_int_equal(sta_random_uuid(b, &err), STA_OK);
	assert_string_not_equal(a, b);
}

static void
base62_favours_no_digit(void **state)
{
	char out[8 * 62 + 1];
	int seen[128] = { 0 };
	struct sta_err err;

	(void) state;
	next.ascending = true; /* each byte twice: each digit eight times */
	assert_int_equal(sta_random_base62(out, sizeof(out) - 1, &err), STA_OK);
	assert_int_equal(strlen(out), sizeof(out) - 1);
	for (size_t i = 0; i < sizeof(out) - 1; i++)
		seen[(unsigned char) out[i] & 127]++;
	for (const char *p = "09AZaz"; *p; p++)
		assert_int_equal(seen[(unsigned char) *p], 8);
	assert_int_equal(strspn(out, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
			 sizeof(out) - 1);
}

static void
base62_of_any_length_ends_with_nul(void **state)
{
	char out[200];
	struct sta_err err;

	(void) state;
	for (size_t n = 0; n < 150; n++) {
		memset(out, '!', sizeof(out));
		assert_int_equal(sta_random_base62(out, n, &err), STA_OK);
		assert_int_equal(strlen(out), n);
		assert_int_equal(out[n + 1], '!');
	}
}

static void
uuid_has_its_version_and_variant(void **state)
{
	char out[STA_UUID_TEXT_MAX];
	struct sta_err err;

	(void) state;
	next.ascending = true;
	assert_int_equal(sta_random_uuid(out, &err), STA_OK);
	assert_string_equal(out, "00010203-0405-4607-8809-0a0b0c0d0e0f");
	next.at = 0xf0;
	assert_int_equal(sta_random_uuid(out, &err), STA_OK);
	assert_string_equal(out, "f0f1f2f3-f4f5-46f7-b8f9-fafbfcfdfeff");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(short_and_interrupted_reads_are_continued, reset),
		cmocka_unit_test_setup(a_failing_kernel_is_an_error_everywhere, reset),
		cmocka_unit_test_setup(two_values_differ, reset),
		cmocka_unit_test_setup(base62_favours_no_digit, reset),
		cmocka_unit_test_setup(base62_of_any_length_ends_with_nul, reset),
		cmocka_unit_test_setup(uuid_has_its_version_and_variant, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
