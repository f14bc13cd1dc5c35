#include "t.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>

#include "conf/conf.h"

static char dir[] = "/tmp/staithe-conf-XXXXXX";
static bool read_fails;
static bool yaml_fails;

ssize_t __real_read(int fd, void *p, size_t len);
ssize_t __wrap_read(int fd, void *p, size_t len);
int __real_yaml_parser_initialize(yaml_parser_t *p);
int __wrap_yaml_parser_initialize(yaml_parser_t *p);

ssize_t
__wrap_read(int fd, void *p, size_t len)
{
	if (!read_fails)
		return __real_read(fd, p, len);
	errno = EIO;
	return -1;
}

int
__wrap_yaml_parser_initialize(yaml_parser_t *p)
{
	return yaml_fails ? 0 : __real_yaml_parser_initialize(p);
}

/* In a directory of its own, so that messages begin with "t.yaml". */
static int
setup_all(void **state)
{
	(void) state;
	return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int
teardown_all(void **state)
{
	(void) state;
	(void) unlink("t.yaml");
	return rmdir(dir);
}

static int
setup(void **state)
{
	struct sta_conf *c = NULL;
	struct sta_err err;

	read_fails = false;
	yaml_fails = false;
	if (sta_conf_new(&c, &err) != STA_OK)
		return -1;
	*state = c;
	return 0;
}

static int
teardown(void **state)
{
	sta_conf_free(*state);
	return 0;
}

static enum sta_rc
read_yaml(struct sta_conf *c, const char *text, size_t len, struct sta_err *err)
{
	FILE *f = fopen("t.yaml", "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
	return sta_conf_read_file(c, "t.yaml", err);
}

static void
nested_keys_name_options(void **state)
{
	static const char text[] = "listen: \"127.0.0.1:5001\"\n"
				   "tls: {certificate: /etc/c.pem, key: /etc/k.pem}\n"
				   "gc:\n"
				   "  grace: 2h   # a comment\n"
				   "  upload_ttl: 3d\n"
				   "workers: 7\n"
				   "insecure_listen: true\n"
				   "log.level: warn\n"
				   "http:\n"
				   "  trusted_proxies:\n"
				   "    - 192.0.2.1\n"
				   "    - \"::1\"\n";
	struct sta_conf *c = *state;
	struct sta_err err = { 0 };

	if (read_yaml(c, text, strlen(text), &err) != STA_OK)
		fail_msg("%s", err.msg);
	assert_string_equal(sta_conf_text(c, STA_OPTION_LISTEN), "127.0.0.1:5001");
	assert_string_equal(sta_conf_text(c, STA_OPTION_TLS_KEY), "/etc/k.pem");
	assert_int_equal(sta_conf_number(c, STA_OPTION_GC_GRACE), 7200);
	assert_int_equal(sta_conf_number(c, STA_OPTION_GC_UPLOAD_TTL), 259200);
	assert_int_equal(sta_conf_number(c, STA_OPTION_WORKERS), 7);
	assert_true(sta_conf_bool(c, STA_OPTION_INSECURE_LISTEN));
	assert_string_equal(sta_conf_text(c, STA_OPTION_LOG_LEVEL), "warn");
	assert_string_equal(sta_conf_list(c, STA_OPTION_HTTP_TRUSTED_PROXIES)[1], "::1");
	assert_string_equal(sta_conf_origin(c, STA_OPTION_GC_GRACE), "t.yaml:4:10");
}

static void
a_file_without_options_is_fine(void **state)
{
	static const char *const texts[] = { "",     "# nothing\n",  "---\n",
					     "{}\n", "--- ~\n...\n", "http:\n  trusted_proxies: []\n" };
	struct sta_conf *c = *state;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct sta_err err = { 0 };

		if (read_yaml(c, texts[i], strlen(texts[i]), &err) != STA_OK)
			fail_msg("%s", err.msg);
	}
}

static void
a_weightier_value_stays_but_the_file_is_checked(void **state)
{
	static const char good[] = "gc: {grace: 2h}\n";
	static const char bad[] = "gc: {grace: two}\n";
	struct sta_conf *c = *state;
	struct sta_err err;

	assert_int_equal(sta_conf_set(c, STA_OPTION_GC_GRACE, STA_SOURCE_FLAG, "--gc-grace", "5s", &err),
			 STA_OK);
	assert_int_equal(read_yaml(c, good, strlen(good), &err), STA_OK);
	assert_int_equal(sta_conf_number(c, STA_OPTION_GC_GRACE), 5);
	assert_int_equal(read_yaml(c, bad, strlen(bad), &err), STA_INVALID);
}

static void
mistakes_are_named_with_their_place(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} rows[] = {
		{ "gc:\n  grase: 1h\n", "t.yaml:2:3: gc.grase: there is no such option; is gc.grace meant?" },
		{ "quux: 1\n", "t.yaml:1:1: quux: there is no such option" },
		{ "GC: {grace: 1h}\n", "t.yaml:1:1: GC: there is no such option" },
		{ "gc:\n  grace: ten\n",
		  "t.yaml:2:10: gc.grace: 'ten' is not a time, such as 30s, 10m, 24h or 30d" },
		{ "insecure_listen: yes\n", "t.yaml:1:18: insecure_listen: 'yes' is not true or false" },
		{ "workers: 2000\n", "t.yaml:1:10: workers: '2000' is too large; the most is 1024" },
		{ "workers: [1]\n", "t.yaml:1:10: workers: takes no list" },
		{ "workers: {a: 1}\n", "t.yaml:1:10: workers: takes a value, not a mapping" },
		{ "workers:\n", "t.yaml:1:9: workers: has no value" },
		{ "workers: ~\n", "t.yaml:1:10: workers: has no value" },
		{ "workers: null\n", "t.yaml:1:10: workers: has no value" },
		{ "gc: 1h\n", "t.yaml:1:5: gc: holds options, and takes no value itself" },
		{ "gc: [1h]\n", "t.yaml:1:5: gc: takes no list" },
		{ "workers: 1\nworkers: 1\n", "t.yaml:2:1: workers: is given twice, first in line 1" },
		{ "gc: {grace: 1h}\ngc: {interval: 1h}\n",
		  "t.yaml:2:1: gc: is given twice, first in line 1" },
		{ "gc: {grace: 1h}\ngc.grace: 1h\n",
		  "t.yaml:2:1: gc.grace: is given twice, first in line 1" },
		{ "http: {trusted_proxies: 192.0.2.1}\n",
		  "t.yaml:1:25: http.trusted_proxies: takes a list, not one value" },
		{ "http: {trusted_proxies: [proxy]}\n", "t.yaml:1:25: http.trusted_proxies: 'proxy' is not "
							"an address, such as 192.0.2.7 or 2001:db8::7" },
		{ "http: {trusted_proxies: [\"1.1.1.1,2.2.2.2\"]}\n",
		  "t.yaml:1:26: http.trusted_proxies: an item holds a comma" },
		{ "http: {trusted_proxies: [\"\"]}\n",
		  "t.yaml:1:26: http.trusted_proxies: an item of the list is empty" },
		{ "http: {trusted_proxies: [[::1]]}\n",
		  "t.yaml:1:26: http.trusted_proxies: a list cannot stand here" },
		{ "http: {trusted_proxies: [{a: 1}]}\n",
		  "t.yaml:1:26: http.trusted_proxies: a mapping cannot stand here" },
		{ "{a: 1}: 1\n", "t.yaml:1:1: a mapping cannot stand here" },
		{ "? [a]\n: 1\n", "t.yaml:1:3: a list cannot stand here" },
		{ "- a\n", "t.yaml:1:1: the file is not a mapping of options to values" },
		{ "hello\n", "t.yaml:1:1: the file is not a mapping of options to values" },
		{ "data: &a /srv\n", "t.yaml:1:7: data: anchors and tags have no use here" },
		{ "data: !!str /srv\n", "t.yaml:1:7: data: anchors and tags have no use here" },
		{ "gc: &a {grace: 1h}\n", "t.yaml:1:5: gc: anchors and tags have no use here" },
		{ "http: {trusted_proxies: &a [::1]}\n",
		  "t.yaml:1:25: http.trusted_proxies: anchors and tags have no use here" },
		{ "data: *a\n", "t.yaml:1:7: data: anchors and tags have no use here" },
		{ "--- {}\n--- {}\n", "t.yaml:2:1: a second document begins" },
		{ "workers: [1\n", "t.yaml:1:10: workers: takes no list" },
		{ "gc: {grace: 1h\n", "t.yaml:2:1: did not find expected ',' or '}'" },
		{ "\tworkers: 1\n", "t.yaml:1:1: found character that cannot start any token" },
		{ "data: \"a\\0b\"\n", "t.yaml:1:7: data: holds a NUL character" },
		{ "data: \"a\\nb\"\n", "t.yaml:1:7: data: holds a control character" },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: 1\n",
		  "t.yaml:1:1: a key is too long" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sta_err err = { 0 };

		assert_int_equal(read_yaml(*state, rows[i].text, strlen(rows[i].text), &err), STA_INVALID);
		assert_string_equal(err.msg, rows[i].why);
	}
}

static void
a_file_has_a_size_limit(void **state)
{
	static char text[STA_CONF_FILE_MAX + 1];
	struct sta_err err;

	memset(text, '#', sizeof(text));
	assert_int_equal(read_yaml(*state, text, sizeof(text) - 1, &err), STA_OK);
	assert_int_equal(read_yaml(*state, text, sizeof(text), &err), STA_TOO_LARGE);
	assert_string_equal(err.msg, "t.yaml: larger than 256 KiB");
}

static void
deep_nesting_ends_in_an_error(void **state)
{
	static char text[100000];
	struct sta_err err;

	memset(text, '{', sizeof(text));
	assert_int_equal(read_yaml(*state, text, sizeof(text), &err), STA_INVALID);
}

static void
a_file_that_cannot_be_read_is_named(void **state)
{
	struct sta_err err;

	assert_int_equal(sta_conf_read_file(*state, "absent.yaml", &err), STA_IO);
	assert_string_equal(err.msg, "absent.yaml: No such file or directory");
	read_fails = true;
	assert_int_equal(read_yaml(*state, "", 0, &err), STA_IO);
	assert_string_equal(err.msg, "t.yaml: Input/output error");
	read_fails = false;
	yaml_fails = true;
	assert_int_equal(read_yaml(*state, "", 0, &err), STA_NOMEM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nested_keys_name_options, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_without_options_is_fine, setup, teardown),
		cmocka_unit_test_setup_teardown(a_weightier_value_stays_but_the_file_is_checked, setup,
						teardown),
		cmocka_unit_test_setup_teardown(mistakes_are_named_with_their_place, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_has_a_size_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(deep_nesting_ends_in_an_error, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_that_cannot_be_read_is_named, setup, teardown),
	};

	return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
