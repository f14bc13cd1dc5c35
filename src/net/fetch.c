#include "net/fetch.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/parse.h"
#include "base/version.h"

#define LIBRARY "libcurl.so.4"
#define HOST_SHOWN 120 /* bytes of it in a message */
#define STATUS_OK 200

/* libcurl brings 19 libraries with it.  Linked, they cost 1.7 MiB of memory and 1.5 ms of the start in
 * every server, also in those that never fetch anything (docs/internals/fetching.md); so it is loaded by
 * the first who needs it. */
static struct {
	pthread_mutex_t lock;
	bool loaded; /* the pointers below are good, and stay */
	__typeof__(curl_global_init) *global_init;
	__typeof__(curl_easy_init) *init;
	__typeof__(curl_easy_setopt) *setopt;
	__typeof__(curl_easy_perform) *perform;
	__typeof__(curl_easy_getinfo) *getinfo;
	__typeof__(curl_easy_strerror) *strerror;
	__typeof__(curl_easy_cleanup) *cleanup;
} lib = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* What a URL is made of; borrowed from its text. */
struct url {
	const char *host; /* with its brackets */
	size_t host_len;
	bool tls;
};

struct transfer {
	CURL *easy;
	const struct sta_fetch *what;
	struct url url;
	struct sta_buf body;
	bool too_large;
	unsigned int refused; /* addresses by the guard */
	unsigned int opened;
};

static void
auto_easy(CURL **easy)
{
	if (*easy)
		lib.cleanup(*easy);
}

/* From dlsym(), which gives data pointers, to a function pointer at to. */
static bool
find_symbol(void *library, const char *name, void *to)
{
	void *symbol = dlsym(library, name);

	memcpy(to, &symbol, sizeof(symbol));
	return symbol != NULL;
}

static enum sta_rc
load(struct sta_err *err)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return sta_err_set(err, STA_IO, 0, LIBRARY " cannot be loaded");
	if (!find_symbol(library, "curl_global_init", &lib.global_init) ||
	    !find_symbol(library, "curl_easy_init", &lib.init) ||
	    !find_symbol(library, "curl_easy_setopt", &lib.setopt) ||
	    !find_symbol(library, "curl_easy_perform", &lib.perform) ||
	    !find_symbol(library, "curl_easy_getinfo", &lib.getinfo) ||
	    !find_symbol(library, "curl_easy_strerror", &lib.strerror) ||
	    !find_symbol(library, "curl_easy_cleanup", &lib.cleanup) ||
	    lib.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		(void) dlclose(library);
		return sta_err_set(err, STA_IO, 0, LIBRARY " is not the library that it should be");
	}
	lib.loaded = true;
	return STA_OK;
}

enum sta_rc
sta_fetch_init(struct sta_err *err)
{
	enum sta_rc rc = STA_OK;

	(void) pthread_mutex_lock(&lib.lock);
	if (!lib.loaded)
		rc = load(err);
	(void) pthread_mutex_unlock(&lib.lock);
	return rc;
}

static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* The bytes that RFC 3986 allows somewhere behind the authority, but no fragment. */
static bool
rest_valid(const char *s)
{
	for (; *s; s++) {
		if (!is_alnum(*s) && !strchr("-._~:/?[]@!$&'()*+,;=%", *s))
			return false;
	}
	return true;
}

/* A name, or an address in brackets; how names stand for addresses is for the resolver, and the
 * guard sees what comes of it. */
static bool
host_valid(const char *host, size_t len)
{
	bool brackets = len > 2 && host[0] == '[' && host[len - 1] == ']';
	const char *others = brackets ? ":." : "-._";

	for (size_t i = brackets; i < len - brackets; i++) {
		if (!is_alnum(host[i]) && !strchr(others, host[i]))
			return false;
	}
	return len > 0;
}

/* ":PORT", or nothing. */
static bool
port_valid(const char *text, size_t len)
{
	uint64_t port;

	return len == 0 ||
	       (text[0] == ':' && sta_parse_u64(text + 1, len - 1, &port) && port >= 1 && port <= UINT16_MAX);
}

static bool
parse_url(const char *text, struct url *out)
{
	static const char https[] = "https://", http[] = "http://";
	struct url url = { .tls = strncmp(text, https, strlen(https)) == 0 };
	size_t len;

	if (strnlen(text, STA_FETCH_URL_MAX + 1) > STA_FETCH_URL_MAX)
		return false;
	if (!url.tls && strncmp(text, http, strlen(http)) != 0)
		return false;
	url.host = text + (url.tls ? strlen(https) : strlen(http));
	len = strcspn(url.host, "/?");
	url.host_len = url.host[0] == '[' ? strcspn(url.host, "]/?") + 1 : strcspn(url.host, ":/?");
	if (url.host_len > len || !host_valid(url.host, url.host_len) ||
	    !port_valid(url.host + url.host_len, len - url.host_len) || !rest_valid(url.host + len))
		return false;
	*out = url;
	return true;
}

bool
sta_fetch_url_valid(const char *url)
{
	struct url parts;

	return parse_url(url, &parts);
}

static uint16_t
port_of(const struct sockaddr *address)
{
	struct sockaddr_in four;
	struct sockaddr_in6 six;

	if (address->sa_family == AF_INET) {
		memcpy(&four, address, sizeof(four));
		return ntohs(four.sin_port);
	}
	memcpy(&six, address, sizeof(six));
	return ntohs(six.sin6_port);
}

/* libcurl asks for a socket for each address that it is about to connect to. */
static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *t = arg;
	struct sta_ip ip;
	int fd;

	if (purpose != CURLSOCKTYPE_IPCXN || !sta_ip_of(&address->addr, &ip) ||
	    !sta_guard_allows(&t->what->guard, &ip, port_of(&address->addr), t->url.tls)) {
		t->refused++;
		return CURL_SOCKET_BAD;
	}
	fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	if (fd < 0)
		return CURL_SOCKET_BAD;
	t->opened++;
	return fd;
}

/* A piece of the body.  Taking less than all of it ends the transfer. */
static size_t
take(char *p, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * n; /* size is 1 */

	if (len > t->what->max - t->body.len) {
		t->too_large = true;
		return 0;
	}
	sta_buf_append(&t->body, p, len);
	return sta_buf_ok(&t->body) ? len : 0;
}

/* What libcurl may do at all. */
static bool
restrict_transfer(struct transfer *t)
{
	static const struct {
		CURLoption option;
		long value;
	} rules[] = {
		{ CURLOPT_FOLLOWLOCATION, 0 },
		{ CURLOPT_NETRC, CURL_NETRC_IGNORED },
		{ CURLOPT_DISALLOW_USERNAME_IN_URL, 1 },
		{ CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
		{ CURLOPT_SSL_VERIFYPEER, 1 },
		{ CURLOPT_SSL_VERIFYHOST, 2 },
		{ CURLOPT_NOSIGNAL, 1 },
		{ CURLOPT_QUICK_EXIT, 1 }, /* else the end waits for a resolver that does not answer */
	};
	CURL *easy = t->easy;

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (lib.setopt(easy, rules[i].option, rules[i].value) != CURLE_OK)
			return false;
	}
	return lib.setopt(easy, CURLOPT_PROTOCOLS_STR, t->url.tls ? "https" : "http") == CURLE_OK &&
	       lib.setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
	       lib.setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
	       lib.setopt(easy, CURLOPT_OPENSOCKETDATA, t) == CURLE_OK;
}

/* The file of CAINFO takes the place of the system's file of authorities; the system's folder of the
 * same ones (CAPATH) stays, so that both count. */
static bool
describe_transfer(struct transfer *t)
{
	const struct sta_fetch *what = t->what;
	CURL *easy = t->easy;

	return lib.setopt(easy, CURLOPT_URL, what->url) == CURLE_OK &&
	       lib.setopt(easy, CURLOPT_TIMEOUT_MS, (long) what->timeout_ms) == CURLE_OK &&
	       lib.setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t) what->max) == CURLE_OK &&
	       lib.setopt(easy, CURLOPT_WRITEFUNCTION, take) == CURLE_OK &&
	       lib.setopt(easy, CURLOPT_WRITEDATA, t) == CURLE_OK &&
	       lib.setopt(easy, CURLOPT_USERAGENT, "staithe/" STA_VERSION) == CURLE_OK &&
	       (!what->ca_file || lib.setopt(easy, CURLOPT_CAINFO, what->ca_file) == CURLE_OK);
}

static enum sta_rc
fail(const struct transfer *t, enum sta_rc rc, int sys, const char *why, struct sta_err *err)
{
	size_t shown = t->url.host_len < HOST_SHOWN ? t->url.host_len : HOST_SHOWN;

	return sta_err_set(err, rc, sys, "%.*s: %s", (int) shown, t->url.host, why);
}

static enum sta_rc
no_memory(struct sta_err *err)
{
	return sta_err_set(err, STA_NOMEM, 0, "out of memory for a document");
}

/* Without libcurl's own words, in which names out of the certificate may stand. */
static enum sta_rc
bad_certificate(const struct transfer *t, struct sta_err *err)
{
	enum { NONE = 1, NOT_YET = 9, EXPIRED = 10 }; /* OpenSSL's; up to the first it found no fault */
	char why[96];
	long result = 0;

	(void) lib.getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &result);
	if (result <= NONE)
		return fail(t, STA_IO, 0, "its certificate is for another name", err);
	if (result == NOT_YET || result == EXPIRED)
		return fail(t, STA_IO, 0, "its certificate has expired or is not valid yet", err);
	(void) snprintf(why, sizeof(why),
			"its certificate is not one of a known authority (OpenSSL's code %ld)", result);
	return fail(t, STA_IO, 0, why, err);
}

static enum sta_rc
too_large(const struct transfer *t, struct sta_err *err)
{
	char why[64];

	(void) snprintf(why, sizeof(why), "the document is larger than %zu bytes", t->what->max);
	return fail(t, STA_IO, 0, why, err);
}

/* What libcurl gave as the reason. */
static enum sta_rc
explain_code(const struct transfer *t, CURLcode code, struct sta_err *err)
{
	long sys = 0;

	switch ((int) code) {
	case CURLE_OUT_OF_MEMORY:
		/* It says so as well when a header is longer than it takes. */
		return t->opened == 0
			       ? no_memory(err)
			       : fail(t, STA_IO, 0, "out of memory, or a header that is too long", err);
	case CURLE_FILESIZE_EXCEEDED:
		return too_large(t, err);
	case CURLE_OPERATION_TIMEDOUT:
		return fail(t, STA_IO, 0, "no complete answer in time", err);
	case CURLE_PEER_FAILED_VERIFICATION:
		return bad_certificate(t, err);
	case CURLE_COULDNT_CONNECT:
		(void) lib.getinfo(t->easy, CURLINFO_OS_ERRNO, &sys);
		break;
	default:
		break;
	}
	return fail(t, STA_IO, (int) sys, lib.strerror(code), err);
}

/* What our own functions saw comes first. */
static enum sta_rc
explain(const struct transfer *t, CURLcode code, struct sta_err *err)
{
	if (t->refused > 0 && t->opened == 0)
		return fail(t, STA_DENIED, 0, "its address is not one to connect to", err);
	if (t->too_large)
		return too_large(t, err);
	return t->body.failed ? no_memory(err) : explain_code(t, code, err);
}

/* A status that is not 200 is the reason, whatever else ended the transfer. */
static enum sta_rc
perform(struct transfer *t, struct sta_err *err)
{
	CURLcode code = lib.perform(t->easy);
	char why[48];
	long status = 0;

	if (lib.getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status != 0 &&
	    status != STATUS_OK) {
		(void) snprintf(why, sizeof(why), "it answered %ld", status);
		return fail(t, STA_IO, 0, why, err);
	}
	return code == CURLE_OK ? STA_OK : explain(t, code, err);
}

enum sta_rc
sta_fetch_get(struct sta_arena *a, const struct sta_fetch *what, char **out, size_t *len, struct sta_err *err)
{
	struct transfer t = { .what = what };
	STA_AUTO(sta_buf_done) struct sta_buf body = { .max = what->max };
	STA_AUTO(auto_easy) CURL *easy = NULL;
	enum sta_rc rc;
	char *copy;

	if (!parse_url(what->url, &t.url))
		return sta_err_set(err, STA_INVALID, 0,
				   "a URL that is not of the form https://HOST[:PORT]/PATH");
	rc = sta_fetch_init(err);
	if (rc != STA_OK)
		return rc;
	easy = lib.init();
	t.easy = easy;
	t.body = body;
	if (!easy || !restrict_transfer(&t) || !describe_transfer(&t))
		return no_memory(err);
	rc = perform(&t, err);
	body = t.body;
	if (rc != STA_OK)
		return rc;
	copy = sta_arena_strndup(a, body.data ? body.data : "", body.len);
	if (!copy)
		return no_memory(err);
	*out = copy;
	*len = body.len;
	return STA_OK;
}
