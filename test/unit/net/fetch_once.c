/* One call of sta_fetch_get(), for test/integration/test_fetch.py:
 *
 *   fetch_once URL MAX TIMEOUT_MS CA_FILE|- [EXCEPTION ...]
 *
 * Prints the name of the result on a line of its own, then the document or the message.
 *
 * Names ending in ".example" are looked up here and nowhere else: NAMES=NAME=ADDRESS,ADDRESS in the
 * environment gives a name its addresses, and "slow.example" takes a minute.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/auto.h"
#include "base/parse.h"
#include "net/fetch.h"

#define EXCEPTIONS_MAX 8

typedef int lookup(const char *name, const char *service, const struct addrinfo *hints,
		   struct addrinfo **out);

/* Those of a list with commas, chained in their order. */
static int
look_up_each(lookup *real, const char *addresses, const char *service, const struct addrinfo *hints,
	     struct addrinfo **out)
{
	char *list = strdup(addresses);
	char *next = list;
	struct addrinfo **end = out;
	int rc = 0;

	while (next && rc == 0) {
		const char *address =
			strsep(&next, ","); /* NOLINT(concurrency-mt-unsafe): the list is ours */

		rc = real(address, service, hints, end);
		while (rc == 0 && *end)
			end = &(*end)->ai_next;
	}
	free(list);
	return rc;
}

/* Takes the place of the C library's in libcurl too; with its names, as clang-tidy wants them. */
__attribute__((visibility("default"))) int
getaddrinfo(const char *__name, const char *__service, const struct addrinfo *__req, struct addrinfo **__pai)
{
	const char *names = getenv("NAMES"); /* NOLINT(concurrency-mt-unsafe): nobody changes it */
	void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
	size_t len = __name ? strlen(__name) : 0;
	lookup *real;

	memcpy(&real, &symbol, sizeof(symbol));
	if (len < 8 || strcmp(__name + len - 8, ".example") != 0)
		return real(__name, __service, __req, __pai);
	if (strcmp(__name, "slow.example") == 0)
		(void) sleep(60); /* NOLINT(concurrency-mt-unsafe): no signals */
	if (!names || strncmp(names, __name, len) != 0 || names[len] != '=')
		return EAI_NONAME;
	return look_up_each(real, names + len + 1, __service, __req, __pai);
}

static int
run(const struct sta_fetch *what)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(16 << 20);
	struct sta_err err = { .rc = STA_OK };
	char *document = NULL;
	size_t len = 0;
	enum sta_rc rc = sta_fetch_get(a, what, &document, &len, &err);

	(void) printf("%s\n", sta_rc_name(rc));
	if (rc == STA_OK)
		(void) fwrite(document, 1, len, stdout);
	else
		(void) printf("%s", err.msg);
	return 0;
}

int
main(int argc, char **argv)
{
	struct sta_prefix exceptions[EXCEPTIONS_MAX];
	struct sta_fetch what = { .guard = { .exceptions = exceptions } };
	uint64_t max = 0;

	if (argc < 5 || argc > 5 + EXCEPTIONS_MAX)
		return 2;
	what.url = argv[1];
	what.ca_file = strcmp(argv[4], "-") == 0 ? NULL : argv[4];
	if (!sta_parse_u64(argv[2], strlen(argv[2]), &max) ||
	    !sta_parse_u64(argv[3], strlen(argv[3]), &what.timeout_ms))
		return 2;
	what.max = (size_t) max;
	for (int i = 5; i < argc; i++) {
		if (!sta_prefix_parse(argv[i], &exceptions[what.guard.n_exceptions++]))
			return 2;
	}
	return run(&what);
}
