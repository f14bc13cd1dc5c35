#include "conf/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "base/parse.h"
#include "base/prefix.h"

#define ADDRESS_TEXT_MAX 64

struct address {
	int family; /* AF_INET or AF_INET6 */
	struct in_addr v4;
	struct in6_addr v6;
};

bool
sta_range_valid(const char *text)
{
	struct sta_prefix ignored;

	return sta_prefix_parse(text, &ignored);
}

static bool
parse_address(const char *text, struct address *out)
{
	struct address a = { .family = AF_INET };

	if (inet_pton(AF_INET, text, &a.v4) == 1) {
		*out = a;
		return true;
	}
	a.family = AF_INET6;
	if (inet_pton(AF_INET6, text, &a.v6) != 1)
		return false;
	*out = a;
	return true;
}

static bool
port_valid(const char *text)
{
	uint64_t port;

	return sta_parse_u64(text, strlen(text), &port) && port <= UINT16_MAX;
}

/* Split "ADDRESS:PORT"; an IPv6 address stands in brackets. */
static bool
parse_listen(const char *text, struct address *out)
{
	const char *colon = strrchr(text, ':');
	char host[ADDRESS_TEXT_MAX];
	bool brackets;
	size_t len;

	if (!colon || !port_valid(colon + 1))
		return false;
	len = (size_t) (colon - text);
	brackets = len >= 2 && text[0] == '[' && text[len - 1] == ']';
	if (brackets) {
		text++;
		len -= 2;
	}
	if (len >= sizeof(host))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	return parse_address(host, out) && brackets == (out->family == AF_INET6);
}

bool
sta_address_valid(const char *text)
{
	struct address a;

	return parse_address(text, &a);
}

bool
sta_listen_valid(const char *text)
{
	struct address a;

	return parse_listen(text, &a);
}

bool
sta_listen_is_loopback(const char *text)
{
	struct address a;

	if (!parse_listen(text, &a))
		return false;
	if (a.family == AF_INET)
		return ntohl(a.v4.s_addr) >> 24 == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(&a.v6);
}

/* Bytes of "https://" or "http://" that the text begins with. */
static size_t
scheme_len(const char *text)
{
	if (strncasecmp(text, "https://", 8) == 0)
		return 8;
	return strncasecmp(text, "http://", 7) == 0 ? 7 : 0;
}

#define AUTHORITY "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]"

bool
sta_public_url_valid(const char *text)
{
	size_t scheme = scheme_len(text);

	if (scheme == 0 || text[scheme] == '\0')
		return false;
	return text[scheme + strspn(text + scheme, AUTHORITY)] == '\0';
}

bool
sta_forge_valid(const char *text)
{
	size_t scheme = scheme_len(text);
	size_t host = scheme > 0 ? strspn(text + scheme, AUTHORITY) : 0;
	const char *path = text + scheme + host;

	if (host == 0 || *path != '/' || path[strlen(path) - 1] != '/')
		return false;
	return path[strcspn(path, " ?#@")] == '\0' && !strstr(path, "//");
}
