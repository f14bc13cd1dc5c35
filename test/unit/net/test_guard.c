#include "t.h"

#include "net/guard.h"

static struct sta_ip
ip_of(const char *text)
{
	struct sta_ip ip = { { 0 } };

	if (!sta_ip_parse(text, &ip))
		fail_msg("%s is no address", text);
	return ip;
}

/* First and last address of each range that is not of the public Internet. */
static const char *const refused[][2] = {
	{ "0.0.0.0", "0.255.255.255" },
	{ "10.0.0.0", "10.255.255.255" },
	{ "100.64.0.0", "100.127.255.255" },
	{ "127.0.0.0", "127.255.255.255" },
	{ "168.63.129.16", "168.63.129.16" },
	{ "169.254.0.0", "169.254.255.255" },
	{ "172.16.0.0", "172.31.255.255" },
	{ "192.0.0.0", "192.0.0.255" },
	{ "192.0.2.0", "192.0.2.255" },
	{ "192.88.99.0", "192.88.99.255" },
	{ "192.168.0.0", "192.168.255.255" },
	{ "198.18.0.0", "198.19.255.255" },
	{ "198.51.100.0", "198.51.100.255" },
	{ "203.0.113.0", "203.0.113.255" },
	{ "224.0.0.0", "255.255.255.255" },
	/* all in front of 2000::/3: unspecified, loopback, compatible, translated */
	{ "::", "::fffe:ffff:ffff" },
	{ "::1:0:0:0", "64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "64:ff9b::1:0:0", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff" },
	/* all behind it: unique local, link local, site local, multicast */
	{ "4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	/* 6to4 and NAT64 of refused IPv4 addresses */
	{ "2002::", "2002:ff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "2002:a00::", "2002:aff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "2002:7f00::", "2002:7fff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "2002:a9fe::", "2002:a9fe:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "2002:c0a8::", "2002:c0a8:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "2002:e000::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "64:ff9b::", "64:ff9b::ff:ffff" },
	{ "64:ff9b::10.0.0.0", "64:ff9b::10.255.255.255" },
	{ "64:ff9b::127.0.0.0", "64:ff9b::127.255.255.255" },
	{ "64:ff9b::169.254.0.0", "64:ff9b::169.254.255.255" },
	{ "64:ff9b::224.0.0.0", "64:ff9b::255.255.255.255" },
};

/* Those with a name of their own. */
static const char *const known[] = {
	"127.0.0.1",
	"169.254.169.254",
	"169.254.170.2",
	"168.63.129.16",
	"100.100.100.200",
	"192.0.0.192",
	"255.255.255.255",
	"::1",
	"::ffff:127.0.0.1",
	"::ffff:a9fe:a9fe",
	"::127.0.0.1",
	"::ffff:0:127.0.0.1",
	"64:ff9b::a9fe:a9fe",
	"64:ff9b:1::a9fe:a9fe",
	"64:ff9b:1:a9fe:a9:fe00::",
	"2002:7f00:1::",
	"2002:a9fe:a9fe::",
	"2001:0:7f00:1::",
	"fd00:ec2::254",
	"fd20:ce::254",
	"fe80::1",
	"febf::1",
	"fec0::1",
	"fc00::1",
	"fdff::1",
	"ff02::1",
	"100::1",
	"2001:2::1",
	"2001:10::1",
	"2001:db8::1",
	"5f00::1",
};

/* Neighbours of those ranges, and others of the public Internet. */
static const char *const passing[] = {
	"1.0.0.0",
	"9.255.255.255",
	"11.0.0.0",
	"100.63.255.255",
	"100.128.0.0",
	"126.255.255.255",
	"128.0.0.0",
	"168.63.129.15",
	"168.63.129.17",
	"169.253.255.255",
	"169.255.0.0",
	"172.15.255.255",
	"172.32.0.0",
	"191.255.255.255",
	"192.0.1.0",
	"192.0.1.255",
	"192.0.3.0",
	"192.88.98.255",
	"192.88.100.0",
	"192.167.255.255",
	"192.169.0.0",
	"198.17.255.255",
	"198.20.0.0",
	"198.51.99.255",
	"198.51.101.0",
	"203.0.112.255",
	"203.0.114.0",
	"223.255.255.255",
	"8.8.8.8",
	"::ffff:8.8.8.8",
	"2000::",
	"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	"2001:200::",
	"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
	"2001:db9::",
	"2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	"2002:100::",
	"2002:808:808::1",
	"2002:dfff:ffff:ffff:ffff:ffff:ffff:ffff",
	"2003::",
	"2606:4700:4700::1111",
	"3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	"3fff:1000::",
	"3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	"64:ff9b::1.0.0.0",
	"64:ff9b::8.8.8.8",
	"64:ff9b::223.255.255.255",
};

static void
addresses_of_special_ranges_are_not_public(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		for (size_t end = 0; end < 2; end++) {
			struct sta_ip ip = ip_of(refused[i][end]);

			if (sta_ip_is_public(&ip))
				fail_msg("%s", refused[i][end]);
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		struct sta_ip ip = ip_of(known[i]);

		if (sta_ip_is_public(&ip))
			fail_msg("%s", known[i]);
	}
}

static void
their_neighbours_are_public(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(passing); i++) {
		struct sta_ip ip = ip_of(passing[i]);

		if (!sta_ip_is_public(&ip))
			fail_msg("%s", passing[i]);
	}
}

/* Every /8 of IPv4 that is refused or passes as a whole, by its middle. */
static void
all_other_networks_are_public(void **state)
{
	(void) state;
	for (unsigned int a = 0; a < 256; a++) {
		struct sta_ip ip = { { [10] = 0xff, 0xff, (unsigned char) a, 77, 77, 77 } };
		bool special = a == 0 || a == 10 || a == 127 || a >= 224;

		if (a != 100 && sta_ip_is_public(&ip) == special)
			fail_msg("%u.77.77.77", a);
	}
}

static bool
allows(const char *exception, const char *address, uint16_t port, bool tls)
{
	struct sta_prefix p = { .bits = 0 };
	struct sta_guard guard = { .exceptions = &p, .n_exceptions = exception ? 1 : 0 };
	struct sta_ip ip = ip_of(address);

	if (exception && !sta_prefix_parse(exception, &p))
		fail_msg("%s is no range", exception);
	return sta_guard_allows(&guard, &ip, port, tls);
}

static void
public_addresses_are_reached_by_https_on_its_own_port_alone(void **state)
{
	(void) state;
	assert_true(allows(NULL, "8.8.8.8", 443, true));
	assert_true(allows(NULL, "2606:4700:4700::1111", 443, true));
	assert_false(allows(NULL, "8.8.8.8", 443, false));
	assert_false(allows(NULL, "8.8.8.8", 80, false));
	assert_false(allows(NULL, "8.8.8.8", 80, true));
	assert_false(allows(NULL, "8.8.8.8", 8443, true));
	assert_false(allows(NULL, "8.8.8.8", 22, true));
	assert_false(allows(NULL, "8.8.8.8", 0, true));
	assert_false(allows(NULL, "127.0.0.1", 443, true));
	assert_false(allows(NULL, "fd00:ec2::254", 443, true));
}

static void
an_exception_allows_its_own_addresses_on_any_port_and_nothing_else(void **state)
{
	(void) state;
	assert_true(allows("10.1.0.0/16", "10.1.0.0", 443, true));
	assert_true(allows("10.1.0.0/16", "10.1.255.255", 8080, false));
	assert_true(allows("10.1.0.0/16", "::ffff:10.1.2.3", 80, false));
	assert_false(allows("10.1.0.0/16", "10.0.255.255", 443, true));
	assert_false(allows("10.1.0.0/16", "10.2.0.0", 443, true));
	assert_false(allows("10.1.0.0/16", "::10.1.2.3", 443, true));
	assert_false(allows("10.1.0.0/16", "64:ff9b::10.1.2.3", 443, true));
	assert_true(allows("10.1.0.0/16", "8.8.8.8", 443, true));
	assert_false(allows("10.1.0.0/16", "8.8.8.8", 80, false));
	assert_true(allows("127.0.0.1", "127.0.0.1", 1, false));
	assert_false(allows("127.0.0.1", "127.0.0.2", 1, false));
	assert_true(allows("fd00::/8", "fd12::1", 8443, true));
	assert_false(allows("fd00::/8", "fc12::1", 8443, true));
	assert_true(allows("8.8.8.8", "8.8.8.8", 80, false));
	/* all of IPv6 says nothing of IPv4 */
	assert_false(allows("::/0", "127.0.0.1", 443, true));
}

static void
every_exception_counts(void **state)
{
	struct sta_prefix p[3];
	struct sta_guard guard = { .exceptions = p, .n_exceptions = ARRAY_LEN(p) };
	static const char *const inside[] = { "10.9.9.9", "192.168.7.7", "fd00::7" };
	struct sta_ip outside = ip_of("172.16.0.1");

	(void) state;
	assert_true(sta_prefix_parse("10.0.0.0/8", &p[0]));
	assert_true(sta_prefix_parse("192.168.7.7", &p[1]));
	assert_true(sta_prefix_parse("fd00::/64", &p[2]));
	for (size_t i = 0; i < ARRAY_LEN(inside); i++) {
		struct sta_ip ip = ip_of(inside[i]);

		assert_true(sta_guard_allows(&guard, &ip, 8080, false));
	}
	assert_false(sta_guard_allows(&guard, &outside, 443, true));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_of_special_ranges_are_not_public),
		cmocka_unit_test(their_neighbours_are_public),
		cmocka_unit_test(all_other_networks_are_public),
		cmocka_unit_test(public_addresses_are_reached_by_https_on_its_own_port_alone),
		cmocka_unit_test(an_exception_allows_its_own_addresses_on_any_port_and_nothing_else),
		cmocka_unit_test(every_exception_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
