#include "t.h"

#include <string.h>

#include "verdict.h"

#include "oci/media.h"

static void
grammar(void **state)
{
	static const struct verdict rows[] = {
		{ "", false },
		{ "/", false },
		{ "a", false },
		{ "a/", false },
		{ "/b", false },
		{ "a/b", true },
		{ "A/B", true },
		{ "0/1", true },
		{ STA_MEDIA_OCI_MANIFEST, true },
		{ STA_MEDIA_DOCKER_LIST, true },
		{ "a/b!#$&-^_.+", true },
		{ "a/.b", false },
		{ "+a/b", false },
		{ "a/b/c", false },
		{ "a/b;c=d", false },
		{ "a/b ", false },
		{ " a/b", false },
		{ "a/b\n", false },
		{ "a/b*", false },
		{ "*/*", false },
		{ "a/b\xc3\xa9", false },
	};

	(void) state;
	expect_verdicts(sta_media_valid, rows, ARRAY_LEN(rows));
}

static void
each_half_has_at_most_127_letters(void **state)
{
	char text[STA_MEDIA_MAX + 2];

	(void) state;
	memset(text, 'a', sizeof(text));
	text[127] = '/';
	assert_true(sta_media_valid(text, 255));
	assert_false(sta_media_valid(text, 256));
	text[127] = 'a';
	text[128] = '/';
	assert_false(sta_media_valid(text, 200));
}

static void
a_nul_is_no_letter(void **state)
{
	(void) state;
	assert_false(sta_media_valid("a/b\0", 4));
}

static void
bare_length_ends_before_parameters_and_space(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} row[] = {
		{ "", 0 },       { ";", 0 },
		{ " ; q=1", 0 }, { "a/b", 3 },
		{ "a/b;c", 3 },  { "a/b \t;c;d", 3 },
		{ "a/b  ", 3 },  { "application/json ; charset=utf-8", 16 },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		if (sta_media_bare_len(row[i].text, strlen(row[i].text)) != row[i].len)
			fail_msg("'%s'", row[i].text);
}

static void
foreign_layers_may_stay_away(void **state)
{
	static const struct {
		const char *text;
		bool away;
	} row[] = {
		{ "", false },
		{ "application/vnd.oci.image.layer.nondistributable.v1.tar", true },
		{ "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", true },
		{ "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", true },
		{ "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", true },
		{ "application/vnd.oci.image.layer.v1.tar+gzip", false },
		{ "application/vnd.docker.image.rootfs.diff.tar.gzip", false },
		{ "application/vnd.oci.image.layer.nondistributable.v2.tar", false },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		if (sta_media_is_nondistributable(row[i].text) != row[i].away)
			fail_msg("'%s'", row[i].text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grammar),
		cmocka_unit_test(each_half_has_at_most_127_letters),
		cmocka_unit_test(a_nul_is_no_letter),
		cmocka_unit_test(bare_length_ends_before_parameters_and_space),
		cmocka_unit_test(foreign_layers_may_stay_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
