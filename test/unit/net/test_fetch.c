#include "t.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "fault.h"
#include "net/fetch.h"

FAULT(void *, sta_malloc, (size_t len), (len), NULL, ENOMEM)
FAULT(void *, sta_realloc, (void *p, size_t len), (p, len), NULL, ENOMEM)
FAULT(void *, dlopen, (const char *name, int flags), (name, flags), NULL, ENOENT)
#ifndef OWN_DLSYM
FAULT(void *, dlsym, (void *library, const char *name), (library, name), NULL, ENOENT)
#define LOADS 8 /* the library and its functions */
#else
#define LOADS 1
#endif

static const char *const good[] = {
	"https://ci.example.com",
	"https://ci.example.com/",
	"https://ci.example.com:8443/a/b",
	"https://ci.example.com?a=b",
	"https://ci.example.com/a?b=c&d=%20/e@f:g",
	"https://ci_1.example-2.com/~a/-/jwks.json",
	"https://ci.example.com./",
	"https://192.0.2.7:1/",
	"https://192.0.2.7:65535/",
	"https://[2001:db8::7]/",
	"https://[2001:db8::7]:443/",
	"https://[::ffff:192.0.2.7]/",
	"https://2130706433/", /* what stands for which address is the guard's to see */
	"https://0x7f.1/",
	"http://ci.example.com/",
};

static const char *const bad[] = {
	"",
	"ci.example.com",
	"//ci.example.com/",
	"https:",
	"https:/",
	"https://",
	"https:///",
	"https:///etc/passwd",
	"https://?a",
	"https://:443/",
	"HTTPS://ci.example.com/",
	"Https://ci.example.com/",
	" https://ci.example.com/",
	"https ://ci.example.com/",
	"https://user@ci.example.com/",
	"https://user:password@ci.example.com/",
	"https://@ci.example.com/",
	"https://ci.example.com@/",
	"https://ci.example.com:443@127.0.0.1/",
	"https://ci.example.com\\@127.0.0.1/",
	"https://ci.example.com\\/",
	"https://ci.example.com/#a",
	"https://ci.example.com#@127.0.0.1/",
	"https://ci.example.com/a#",
	"https://ci.example.com/a b",
	"https://ci.example.com/a\tb",
	"https://ci.example.com/a\r\nHost: other",
	"https://ci.example.com/\x01",
	"https://ci.example.com/\x7f",
	"https://ci.example.com/\xc3\xa9",
	"https://\xc3\xbc.example.com/",
	"https://ci.example.com/<a>",
	"https://ci.example.com/\"a\"",
	"https://ci.example.com/{a}",
	"https://ci.example.com/a|b",
	"https://ci.example.com/`a`",
	"https://ci.exa mple.com/",
	"https://ci%2eexample.com/",
	"https://ci.example.com%00.example.com/",
	"https://ci.example.com:/",
	"https://ci.example.com:0/",
	"https://ci.example.com:65536/",
	"https://ci.example.com:+443/",
	"https://ci.example.com:443x/",
	"https://ci.example.com:443:443/",
	"https://[2001:db8::7/",
	"https://[/]",
	"https://[]/",
	"https://2001:db8::7/",
	"https://[fe80::1%25eth0]/",
	"https://[2001:db8::7]443/",
	"https://[2001:db8::7].example.com/",
	"https://[ci.example-com]/",
	"file:///etc/passwd",
	"file://localhost/etc/passwd",
	"gopher://ci.example.com/",
	"ftp://ci.example.com/",
	"dict://ci.example.com/",
	"ldap://ci.example.com/",
	"scp://ci.example.com/",
	"javascript:alert(1)",
	"data:text/plain,a",
	"unix:///run/a",
	"wss://ci.example.com/",
};

static enum sta_rc
get(const char *url, struct sta_err *err)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(1 << 16);
	struct sta_fetch what = { .url = url, .max = 1000, .timeout_ms = 5000 };
	char *document = NULL;
	size_t len = 0;
	enum sta_rc rc;

	assert_non_null(a);
	rc = sta_fetch_get(a, &what, &document, &len, err);
	assert_null(document);
	return rc;
}

static void
urls_of_the_form_are_valid(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (!sta_fetch_url_valid(good[i]))
			fail_msg("%s", good[i]);
}

static void
other_urls_are_refused_before_anything_is_asked(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct sta_err err = { .rc = STA_OK };

		if (sta_fetch_url_valid(bad[i]) || get(bad[i], &err) != STA_INVALID)
			fail_msg("%s", bad[i]);
		assert_int_equal(err.rc, STA_INVALID);
	}
}

static void
a_url_has_at_most_2048_bytes(void **state)
{
	char url[STA_FETCH_URL_MAX + 2] = "https://ci.example.com/";

	(void) state;
	memset(url + strlen(url), 'a', STA_FETCH_URL_MAX - strlen(url));
	assert_int_equal(strlen(url), STA_FETCH_URL_MAX);
	assert_true(sta_fetch_url_valid(url));
	url[STA_FETCH_URL_MAX] = 'a';
	assert_false(sta_fetch_url_valid(url));
}

/* Before the library was loaded for the first time. */
static void
a_library_that_cannot_be_loaded_is_an_error_until_it_can(void **state)
{
	long n = 0;

	(void) state;
	for (;; n++) {
		struct sta_err err = { .rc = STA_OK };
		enum sta_rc rc;

		fault_at(n);
		rc = sta_fetch_init(&err);
		if (!fault_done()) {
			assert_int_equal(rc, STA_OK);
			break;
		}
		assert_int_equal(rc, STA_IO);
		assert_non_null(strstr(err.msg, "libcurl.so.4"));
	}
	assert_int_equal(n, LOADS);
}

static void
a_refused_address_is_denied_and_its_host_named(void **state)
{
	static const char *const hosts[] = { "127.0.0.1",
					     "127.0.0.1:443",
					     "[::1]",
					     "169.254.169.254",
					     "2130706433",
					     "0x7f.1",
					     "017700000001",
					     "127.1",
					     "[::ffff:127.0.0.1]",
					     "[64:ff9b::a9fe:a9fe]",
					     "[2002:7f00:1::]",
					     "[fd00:ec2::254]",
					     "localhost",

					     "LOCALHOST",
					     "0",
					     "0.0.0.0",
					     "8.8.8.8:80" };

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		struct sta_err err = { .rc = STA_OK };
		char url[100];

		(void) snprintf(url, sizeof(url), "https://%s/", hosts[i]);
		if (get(url, &err) != STA_DENIED)
			fail_msg("%s: %s: %s", url, sta_rc_name(err.rc), err.msg);
		assert_memory_equal(err.msg, hosts[i], strcspn(hosts[i], ":["));
	}
}

#define DOCUMENT "{\"keys\":[]}"

/* Answers everybody with DOCUMENT, until the listener is shut down. */
static void *
serve(void *arg)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" DOCUMENT;
	const int *listener = arg;
	int fd;

	while ((fd = accept(*listener, NULL, NULL)) >= 0) {
		char request[1000];

		if (read(fd, request, sizeof(request)) > 0)
			(void) send(fd, answer, strlen(answer), MSG_NOSIGNAL);
		(void) close(fd);
	}
	return NULL;
}

static void
every_failure_is_no_memory_and_writes_nothing(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t address_len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sta_prefix here;
	struct sta_fetch what = { .max = 1000, .timeout_ms = 10000, .guard = { &here, 1 } };
	pthread_t thread;
	char url[64];
	long n = 0;

	(void) state;
	assert_true(sta_prefix_parse("127.0.0.1", &here));
	assert_int_equal(bind(listener, (const struct sockaddr *) &address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 8), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *) &address, &address_len), 0);
	assert_int_equal(pthread_create(&thread, NULL, serve, &listener), 0);
	(void) snprintf(url, sizeof(url), "http://127.0.0.1:%u/", (unsigned int) ntohs(address.sin_port));
	what.url = url;
	for (;; n++) {
		STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(1 << 16);
		struct sta_err err = { .rc = STA_OK };
		char *document = NULL;
		size_t len = 0;
		enum sta_rc rc;

		fault_at(n);
		rc = sta_fetch_get(a, &what, &document, &len, &err);
		if (!fault_done()) {
			assert_int_equal(rc, STA_OK);
			assert_string_equal(document, DOCUMENT);
			assert_int_equal(len, strlen(DOCUMENT));
			break;
		}
		assert_int_equal(rc, STA_NOMEM);
		assert_int_equal(err.rc, STA_NOMEM);
		assert_null(document);
	}
	assert_true(n >= 2);
	(void) shutdown(listener, SHUT_RDWR);
	(void) pthread_join(thread, NULL);
	(void) close(listener);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_library_that_cannot_be_loaded_is_an_error_until_it_can),
		cmocka_unit_test(urls_of_the_form_are_valid),
		cmocka_unit_test(other_urls_are_refused_before_anything_is_asked),
		cmocka_unit_test(a_url_has_at_most_2048_bytes),
		cmocka_unit_test(a_refused_address_is_denied_and_its_host_named),
		cmocka_unit_test(every_failure_is_no_memory_and_writes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
