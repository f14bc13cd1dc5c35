#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "t.h"

#include "base/prefix.h"

static void
addresses_are_numbers_and_nothing_else(void **state)
{
	static const char *const good[] = { "0.0.0.0", "192.0.2.7",   "255.255.255.255",  "::",
					    "::1",     "2001:DB8::7", "::ffff:192.0.2.7", "1:2:3:4:5:6:7:8" };
	static const char *const bad[] = { "",
					   " ",
					   "192.0.2",
					   "192.0.2.256",
					   "192.0.2.07",
					   "0300.0.2.7",
					   "0xc0.0.2.7",
					   "3221225991",
					   "192.0.2.7 ",
					   " 192.0.2.7",
					   "192.0.2.7.",
					   "192.0.2.7/32",
					   "localhost",
					   "fe80::1%eth0",
					   "[::1]",
					   ":",
					   ":::",
					   "1::2::3",
					   "1:2:3:4:5:6:7",
					   "1:2:3:4:5:6:7:8:9",
					   "::12345",
					   "::ffff:192.0.2",
					   "::g" };
	struct sta_ip ip;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (!sta_ip_parse(good[i], &ip))
			fail_msg("'%s' is refused", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (sta_ip_parse(bad[i], &ip))
			fail_msg("'%s' is taken", bad[i]);
}

static void
an_ipv4_address_inside_an_ipv6_one_is_the_ipv4_address(void **state)
{
	struct sta_ip four, six, other;

	(void) state;
	assert_true(sta_ip_parse("192.0.2.7", &four));
	assert_true(sta_ip_parse("::ffff:c000:207", &six));
	assert_true(sta_ip_parse("::192.0.2.7", &other));
	assert_memory_equal(&four, &six, sizeof(four));
	assert_true(sta_ip_is_v4(&six));
	assert_false(sta_ip_is_v4(&other));
}

static void
an_address_of_a_socket_is_the_one_of_its_text(void **state)
{
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	struct sta_ip ip, wanted;

	(void) state;
	assert_int_equal(inet_pton(AF_INET, "192.0.2.7", &four.sin_addr), 1);
	assert_true(sta_ip_of((const struct sockaddr *) &four, &ip));
	assert_true(sta_ip_parse("192.0.2.7", &wanted));
	assert_memory_equal(&ip, &wanted, sizeof(ip));
	assert_int_equal(inet_pton(AF_INET6, "::ffff:192.0.2.7", &six.sin6_addr), 1);
	assert_true(sta_ip_of((const struct sockaddr *) &six, &ip));
	assert_memory_equal(&ip, &wanted, sizeof(ip));
	assert_int_equal(inet_pton(AF_INET6, "2001:db8::7", &six.sin6_addr), 1);
	assert_true(sta_ip_of((const struct sockaddr *) &six, &ip));
	assert_true(sta_ip_parse("2001:db8::7", &wanted));
	assert_memory_equal(&ip, &wanted, sizeof(ip));
	assert_false(sta_ip_of((const struct sockaddr *) &local, &ip));
}

/* What is read, and how it is written. */
static const struct {
	const char *text;
	const char *canonical; /* NULL: refused */
} ranges[] = {
	{ "", NULL },
	{ "/", NULL },
	{ "/8", NULL },
	{ "192.0.2.7", "192.0.2.7" },
	{ "192.0.2.7/32", "192.0.2.7" },
	{ "192.0.2.0/24", "192.0.2.0/24" },
	{ "192.0.2.128/25", "192.0.2.128/25" },
	{ "192.0.2.254/31", "192.0.2.254/31" },
	{ "0.0.0.0/0", "0.0.0.0/0" },
	{ "128.0.0.0/1", "128.0.0.0/1" },
	{ "::/0", "::/0" },
	{ "2001:DB8:0:0::/32", "2001:db8::/32" },
	{ "2001:0db8::0001", "2001:db8::1" },
	{ "2001:db8::1/128", "2001:db8::1" },
	{ "::ffff:192.0.2.7", "192.0.2.7" },
	{ "::ffff:192.0.2.0/120", "192.0.2.0/24" },
	{ "::ffff:0:0/96", "0.0.0.0/0" },
	{ "::fffe:0:0/95", "::fffe:0:0/95" },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127" },
	/* bits behind the length */
	{ "192.0.2.7/24", NULL },
	{ "192.0.2.129/25", NULL },
	{ "192.0.2.1/31", NULL },
	{ "192.0.2.0/0", NULL },
	{ "2001:db8::1/32", NULL },
	{ "2001:db8:8000::/32", NULL },
	{ "::ffff:192.0.2.7/120", NULL },
	{ "::ffff:0:0/95", NULL },
	/* lengths that are none */
	{ "192.0.2.0/", NULL },
	{ "192.0.2.0/33", NULL },
	{ "192.0.2.0/024", NULL },
	{ "192.0.2.0/00", NULL },
	{ "192.0.2.0/+24", NULL },
	{ "192.0.2.0/-1", NULL },
	{ "192.0.2.0/24 ", NULL },
	{ "192.0.2.0/ 24", NULL },
	{ "192.0.2.0/24/24", NULL },
	{ "192.0.2.0/0x18", NULL },
	{ "192.0.2.0/18446744073709551640", NULL },
	{ "192.0.2.0/255.255.255.0", NULL },
	{ "2001:db8::/129", NULL },
	{ "2001:db8::/256", NULL },
	/* addresses that are none */
	{ "192.0.2/24", NULL },
	{ "10/8", NULL },
	{ "fe80::%eth0/64", NULL },
	{ "[2001:db8::]/32", NULL },
	{ "localhost/8", NULL },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "0ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2550000", NULL },
};

static void
a_range_is_read_and_written_in_its_shortest_form(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
		char text[STA_PREFIX_TEXT_MAX];
		struct sta_prefix p, again;

		if (sta_prefix_parse(ranges[i].text, &p) != (ranges[i].canonical != NULL))
			fail_msg("'%s'", ranges[i].text);
		if (!ranges[i].canonical)
			continue;
		sta_prefix_text(&p, text);
		assert_string_equal(text, ranges[i].canonical);
		assert_true(sta_prefix_parse(text, &again));
		assert_memory_equal(&p.ip, &again.ip, sizeof(p.ip));
		assert_int_equal(p.bits, again.bits);
	}
}

static void
a_refused_text_writes_nothing(void **state)
{
	struct sta_prefix p, before;
	struct sta_ip ip, ip_before;

	(void) state;
	memset(&p, 0x5a, sizeof(p));
	memset(&before, 0x5a, sizeof(before));
	memset(&ip, 0x5a, sizeof(ip));
	memset(&ip_before, 0x5a, sizeof(ip_before));
	assert_false(sta_prefix_parse("192.0.2.7/24", &p));
	assert_memory_equal(&p, &before, sizeof(p));
	assert_false(sta_ip_parse("::ffff:192.0.2.256", &ip));
	assert_memory_equal(&ip, &ip_before, sizeof(ip));
}

static const struct {
	const char *range;
	const char *address;
	bool holds;
} asked[] = {
	{ "192.0.2.0/24", "192.0.1.255", false },
	{ "192.0.2.0/24", "192.0.2.0", true },
	{ "192.0.2.0/24", "192.0.2.255", true },
	{ "192.0.2.0/24", "192.0.3.0", false },
	{ "192.0.2.0/24", "::ffff:192.0.2.7", true },
	{ "::ffff:192.0.2.0/120", "192.0.2.7", true },
	{ "192.0.2.0/24", "::192.0.2.7", false },
	{ "192.0.2.7", "192.0.2.7", true },
	{ "192.0.2.7", "192.0.2.6", false },
	{ "192.0.2.6/31", "192.0.2.7", true },
	{ "192.0.2.6/31", "192.0.2.8", false },
	{ "192.0.2.6/31", "192.0.2.5", false },
	{ "172.16.0.0/12", "172.15.255.255", false },
	{ "172.16.0.0/12", "172.31.255.255", true },
	{ "172.16.0.0/12", "172.32.0.0", false },
	{ "0.0.0.0/0", "255.255.255.255", true },
	{ "0.0.0.0/0", "2001:db8::7", false },
	{ "::/0", "2001:db8::7", true },
	{ "::/0", "192.0.2.7", false },
	{ "::/64", "192.0.2.7", false },
	{ "::/64", "::1", true },
	{ "2001:db8::/32", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", false },
	{ "2001:db8::/32", "2001:db8::", true },
	{ "2001:db8::/32", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", true },
	{ "2001:db8::/32", "2001:db9::", false },
	{ "fc00::/7", "fdff::1", true },
	{ "fc00::/7", "fe00::1", false },
	{ "2001:db8::7", "2001:db8::7", true },
	{ "2001:db8::7", "2001:db8::8", false },
};

static void
a_range_holds_its_addresses_and_no_neighbour(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
		struct sta_prefix p;
		struct sta_ip ip;

		assert_true(sta_prefix_parse(asked[i].range, &p));
		assert_true(sta_ip_parse(asked[i].address, &ip));
		if (sta_prefix_holds(&p, &ip) != asked[i].holds)
			fail_msg("%s in %s", asked[i].address, asked[i].range);
	}
}

static void
every_length_holds_what_agrees_so_far(void **state)
{
	struct sta_ip ip;

	(void) state;
	assert_true(sta_ip_parse("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", &ip));
	for (unsigned int bits = 0; bits < 128; bits++) {
		struct sta_prefix p = { .ip = { { 0 } }, .bits = (uint8_t) (bits + 1) };
		struct sta_ip other = ip;

		for (unsigned int b = 0; b <= bits; b++)
			p.ip.bytes[b / 8] =
				(unsigned char) (p.ip.bytes[b / 8] | (ip.bytes[b / 8] & 0x80U >> b % 8));
		assert_true(sta_prefix_holds(&p, &ip));
		other.bytes[bits / 8] ^= (unsigned char) (0x80U >> bits % 8);
		assert_false(sta_prefix_holds(&p, &other));
		p.bits = (uint8_t) bits;
		if (((ip.bytes[bits / 8] << bits % 8) & 0x80) == 0)
			assert_true(sta_prefix_holds(&p, &other));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_numbers_and_nothing_else),
		cmocka_unit_test(an_ipv4_address_inside_an_ipv6_one_is_the_ipv4_address),
		cmocka_unit_test(an_address_of_a_socket_is_the_one_of_its_text),
		cmocka_unit_test(a_range_is_read_and_written_in_its_shortest_form),
		cmocka_unit_test(a_refused_text_writes_nothing),
		cmocka_unit_test(a_range_holds_its_addresses_and_no_neighbour),
		cmocka_unit_test(every_length_holds_what_agrees_so_far),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
