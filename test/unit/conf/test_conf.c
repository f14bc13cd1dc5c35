#include "t.h"

#include <stdio.h>
#include <string.h>

#include "base/oom.h"
#include "conf/conf.h"

static int
setup(void **state)
{
	struct sta_conf *c = NULL;
	struct sta_err err;

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

static void
set(struct sta_conf *c, enum sta_option_id id, enum sta_source source, const char *text)
{
	struct sta_err err = { 0 };

	if (sta_conf_set(c, id, source, "here", text, &err) != STA_OK)
		fail_msg("%s", err.msg);
}

static void
every_option_starts_at_its_default(void **state)
{
	struct sta_conf *c = *state;

	for (enum sta_option_id id = 0; id < STA_OPTION_MAX_; id++) {
		assert_string_equal(sta_conf_text(c, id), sta_options[id].def);
		assert_string_equal(sta_conf_origin(c, id), "default");
	}
	assert_int_equal(sta_conf_number(c, STA_OPTION_LIMITS_LAYER), 10000000000);
	assert_int_equal(sta_conf_number(c, STA_OPTION_LIMITS_MANIFEST), 4194304);
	assert_int_equal(sta_conf_number(c, STA_OPTION_GC_UPLOAD_TTL), 86400);
	assert_false(sta_conf_bool(c, STA_OPTION_INSECURE_LISTEN));
	assert_null(sta_conf_list(c, STA_OPTION_HTTP_TRUSTED_PROXIES)[0]);
}

static void
a_weightier_source_wins_in_any_order(void **state)
{
	struct sta_conf *c = *state;

	set(c, STA_OPTION_GC_GRACE, STA_SOURCE_FLAG, "3s");
	set(c, STA_OPTION_GC_GRACE, STA_SOURCE_ENVIRONMENT, "2s");
	set(c, STA_OPTION_GC_GRACE, STA_SOURCE_FILE, "1s");
	assert_int_equal(sta_conf_number(c, STA_OPTION_GC_GRACE), 3);
	set(c, STA_OPTION_TOKEN_TTL, STA_SOURCE_FILE, "1s");
	set(c, STA_OPTION_TOKEN_TTL, STA_SOURCE_ENVIRONMENT, "2s");
	assert_int_equal(sta_conf_number(c, STA_OPTION_TOKEN_TTL), 2);
	assert_string_equal(sta_conf_origin(c, STA_OPTION_TOKEN_TTL), "here");
}

static void
values_that_do_not_fit_are_refused(void **state)
{
	static const struct {
		enum sta_option_id id;
		const char *text;
		const char *why; /* NULL: fits */
	} rows[] = {
		{ STA_OPTION_LISTEN, "", NULL },
		{ STA_OPTION_LISTEN, "[::1]:0", NULL },
		{ STA_OPTION_LISTEN, "five",
		  "--x: 'five' is not ADDRESS:PORT, such as 127.0.0.1:5000 or [::1]:5000" },
		{ STA_OPTION_DATA, "/srv/a\nb", "--x: holds a control character" },
		{ STA_OPTION_DATA, "/srv/\x7f", "--x: holds a control character" },
		{ STA_OPTION_DATA, "/srv/Jürgen", NULL },
		{ STA_OPTION_INSECURE_LISTEN, "", "--x: '' is not true or false" },
		{ STA_OPTION_INSECURE_LISTEN, "true", NULL },
		{ STA_OPTION_INSECURE_LISTEN, "yes", "--x: 'yes' is not true or false" },
		{ STA_OPTION_WORKERS, "", "--x: '' is not a whole number" },
		{ STA_OPTION_WORKERS, "0", NULL },
		{ STA_OPTION_WORKERS, "1024", NULL },
		{ STA_OPTION_WORKERS, "1025", "--x: '1025' is too large; the most is 1024" },
		{ STA_OPTION_WORKERS, "-1", "--x: '-1' is not a whole number" },
		{ STA_OPTION_WORKERS, "99999999999999999999999",
		  "--x: '99999999999999999999999' is not a whole number" },
		{ STA_OPTION_LIMITS_MANIFEST, "", "--x: '' is not a size, such as 64KiB or 10GB" },
		{ STA_OPTION_LIMITS_MANIFEST, "1KiB", NULL },
		{ STA_OPTION_LIMITS_MANIFEST, "1023", "--x: '1023' is too small; the least is 1KiB" },
		{ STA_OPTION_LIMITS_MANIFEST, "5MiB", "--x: '5MiB' is too large; the most is 4MiB" },
		{ STA_OPTION_LIMITS_MANIFEST, "2 MiB", "--x: '2 MiB' is not a size, such as 64KiB or 10GB" },
		{ STA_OPTION_GC_GRACE, "", "--x: '' is not a time, such as 30s, 10m, 24h or 30d" },
		{ STA_OPTION_GC_GRACE, "0s", "--x: '0s' is too small; the least is 1s" },
		{ STA_OPTION_GC_GRACE, "90", NULL },
		{ STA_OPTION_LOG_LEVEL, "", "--x: '' is none of debug|info|warn|error" },
		{ STA_OPTION_LOG_LEVEL, "warn", NULL },
		{ STA_OPTION_LOG_LEVEL, "error", NULL },
		{ STA_OPTION_LOG_LEVEL, "info|warn", "--x: 'info|warn' is none of debug|info|warn|error" },
		{ STA_OPTION_LOG_LEVEL, "inf", "--x: 'inf' is none of debug|info|warn|error" },
		{ STA_OPTION_HTTP_TRUSTED_PROXIES, "", NULL },
		{ STA_OPTION_HTTP_TRUSTED_PROXIES, "192.0.2.1,::1", NULL },
		{ STA_OPTION_HTTP_TRUSTED_PROXIES, "192.0.2.1,", "--x: an item of the list is empty" },
		{ STA_OPTION_HTTP_TRUSTED_PROXIES, ",192.0.2.1", "--x: an item of the list is empty" },
		{ STA_OPTION_HTTP_TRUSTED_PROXIES, "proxy",
		  "--x: 'proxy' is not an address, such as 192.0.2.7 or 2001:db8::7" },
	};
	struct sta_conf *c = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sta_err err = { 0 };
		enum sta_rc rc = sta_conf_set(c, rows[i].id, STA_SOURCE_FLAG, "--x", rows[i].text, &err);

		assert_int_equal(rc, rows[i].why ? STA_INVALID : STA_OK);
		assert_string_equal(err.msg, rows[i].why ? rows[i].why : "");
	}
}

static void
a_refused_value_changes_nothing(void **state)
{
	struct sta_conf *c = *state;
	struct sta_err err;

	assert_int_equal(sta_conf_set(c, STA_OPTION_GC_GRACE, STA_SOURCE_FLAG, "--x", "ten", &err),
			 STA_INVALID);
	assert_string_equal(sta_conf_text(c, STA_OPTION_GC_GRACE), "1h");
	assert_string_equal(sta_conf_origin(c, STA_OPTION_GC_GRACE), "default");
}

static void
a_list_is_cut_at_commas_and_has_a_limit(void **state)
{
	struct sta_conf *c = *state;
	char text[3 * (STA_CONF_LIST_MAX + 1) + 1];
	struct sta_err err;

	set(c, STA_OPTION_HTTP_TRUSTED_PROXIES, STA_SOURCE_FILE, "192.0.2.1,::1");
	assert_string_equal(sta_conf_list(c, STA_OPTION_HTTP_TRUSTED_PROXIES)[0], "192.0.2.1");
	assert_string_equal(sta_conf_list(c, STA_OPTION_HTTP_TRUSTED_PROXIES)[1], "::1");
	assert_null(sta_conf_list(c, STA_OPTION_HTTP_TRUSTED_PROXIES)[2]);
	for (size_t i = 0; i <= STA_CONF_LIST_MAX; i++)
		memcpy(text + 3 * i, "::,", 4);
	text[3 * STA_CONF_LIST_MAX + 2] = '\0';
	assert_int_equal(sta_conf_set(c, STA_OPTION_HTTP_TRUSTED_PROXIES, STA_SOURCE_FLAG, "--x", text, &err),
			 STA_INVALID);
	assert_string_equal(err.msg, "--x: has more than 64 items");
	text[3 * STA_CONF_LIST_MAX - 1] = '\0';
	set(c, STA_OPTION_HTTP_TRUSTED_PROXIES, STA_SOURCE_FLAG, text);
	assert_null(sta_conf_list(c, STA_OPTION_HTTP_TRUSTED_PROXIES)[STA_CONF_LIST_MAX]);
}

static void
variables_of_other_programs_are_left_alone(void **state)
{
	char *environment[] = { (char[]){ "HOME=/root" }, (char[]){ "STAITHE=1" },
				(char[]){ "STAITHE_GC_GRACE=7s" },
				(char[]){ "STAITHE_CONFIG=/etc/staithe.yaml" }, NULL };
	struct sta_conf *c = *state;
	struct sta_err err;

	assert_int_equal(sta_conf_read_environment(c, environment, &err), STA_OK);
	assert_int_equal(sta_conf_number(c, STA_OPTION_GC_GRACE), 7);
	assert_string_equal(sta_conf_origin(c, STA_OPTION_GC_GRACE), "STAITHE_GC_GRACE");
}

static void
wrong_variables_are_refused_by_name(void **state)
{
	static const struct {
		const char *entry;
		const char *why;
	} rows[] = {
		{ "STAITHE_", "STAITHE_: no option has this environment variable" },
		{ "STAITHE_GC_GRASE=1s",
		  "STAITHE_GC_GRASE: no option has this environment variable; is STAITHE_GC_GRACE meant?" },
		{ "STAITHE_gc.grace=1s", "STAITHE_gc.grace: no option has this environment variable" },
		{ "STAITHE_GC_GRACE", "STAITHE_GC_GRACE: '' is not a time, such as 30s, 10m, 24h or 30d" },
		{ "STAITHE_GC_GRACE=x=y",
		  "STAITHE_GC_GRACE: 'x=y' is not a time, such as 30s, 10m, 24h or 30d" },
	};
	struct sta_conf *c = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char entry[64];
		char *environment[] = { entry, NULL };
		struct sta_err err;

		(void) snprintf(entry, sizeof(entry), "%s", rows[i].entry);
		assert_int_equal(sta_conf_read_environment(c, environment, &err), STA_INVALID);
		assert_string_equal(err.msg, rows[i].why);
	}
}

static void
open_addresses_need_tls_or_a_word(void **state)
{
	static const struct {
		const char *listen, *certificate, *key, *insecure;
		const char *why; /* beginning of the message; NULL: fits */
	} rows[] = {
		{ "", "", "", "false", "listen: has no value" },
		{ "127.0.0.1:5000", "", "", "false", NULL },
		{ "127.0.0.1:5000", "c.pem", "", "false",
		  "tls.key: is missing; TLS needs both certificate and key" },
		{ "127.0.0.1:5000", "", "k.pem", "false",
		  "tls.certificate: is missing; TLS needs both certificate and key" },
		{ "0.0.0.0:5000", "", "", "false", "listen: 0.0.0.0:5000 is open to other machines" },
		{ "[::]:5000", "", "", "false", "listen: [::]:5000 is open to other machines" },
		{ "0.0.0.0:5000", "c.pem", "k.pem", "false", NULL },
		{ "0.0.0.0:5000", "", "", "true", NULL },
	};
	struct sta_conf *c = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sta_err err = { 0 };

		set(c, STA_OPTION_LISTEN, STA_SOURCE_FLAG, rows[i].listen);
		set(c, STA_OPTION_TLS_CERTIFICATE, STA_SOURCE_FLAG, rows[i].certificate);
		set(c, STA_OPTION_TLS_KEY, STA_SOURCE_FLAG, rows[i].key);
		set(c, STA_OPTION_INSECURE_LISTEN, STA_SOURCE_FLAG, rows[i].insecure);
		assert_int_equal(sta_conf_check(c, &err), rows[i].why ? STA_INVALID : STA_OK);
		assert_memory_equal(err.msg, rows[i].why ? rows[i].why : "",
				    rows[i].why ? strlen(rows[i].why) : 1);
	}
}

static enum sta_rc
new_and_free(void *unused)
{
	struct sta_conf *c = NULL;
	struct sta_err err;
	enum sta_rc rc = sta_conf_new(&c, &err);

	(void) unused;
	sta_conf_free(c);
	return rc;
}

static void
without_memory_there_is_an_error_and_no_leak(void **state)
{
	(void) state;
	oom_at_each(new_and_free, NULL, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_option_starts_at_its_default, setup, teardown),
		cmocka_unit_test_setup_teardown(a_weightier_source_wins_in_any_order, setup, teardown),
		cmocka_unit_test_setup_teardown(values_that_do_not_fit_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_refused_value_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(a_list_is_cut_at_commas_and_has_a_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(variables_of_other_programs_are_left_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_variables_are_refused_by_name, setup, teardown),
		cmocka_unit_test_setup_teardown(open_addresses_need_tls_or_a_word, setup, teardown),
		cmocka_unit_test(without_memory_there_is_an_error_and_no_leak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
