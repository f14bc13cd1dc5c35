#include "t.h"

#include "conf/address.h"

struct row {
	const char *text;
	bool good;
};

static void
check(bool (*valid)(const char *), const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (valid(rows[i].text) != rows[i].good)
			fail_msg("'%s'", rows[i].text);
}

static void
listen_takes_a_numeric_address_and_a_port(void **state)
{
	static const struct row rows[] = {
		{ "", false },
		{ "127.0.0.1:5000", true },
		{ "0.0.0.0:0", true },
		{ "[::1]:5000", true },
		{ "[::]:65535", true },
		{ "127.0.0.1", false },
		{ "127.0.0.1:", false },
		{ "127.0.0.1:65536", false },
		{ "127.0.0.1:-1", false },
		{ "127.0.0.1:0x50", false },
		{ ":5000", false },
		{ "::1:5000", false },
		{ "[127.0.0.1]:5000", false },
		{ "[::1:5000", false },
		{ "[]:5000", false },
		{ "localhost:5000", false },
		{ "127.1:5000", false },
		{ "127.0.0.1:5000 ", false },
		{ "0000000000000000000000000000000000000000000000000000000000000000000000:1", false },
	};

	(void) state;
	check(sta_listen_valid, rows, ARRAY_LEN(rows));
}

static void
only_127_8_and_1_are_loopback(void **state)
{
	static const struct row rows[] = {
		{ "", false },
		{ "127.0.0.1:5000", true },
		{ "127.255.0.9:1", true },
		{ "[::1]:5000", true },
		{ "0.0.0.0:5000", false },
		{ "[::]:5000", false },
		{ "128.0.0.1:5000", false },
		{ "192.0.2.1:5000", false },
		{ "[::ffff:127.0.0.1]:5000", false },
		{ "127.0.0.1", false },
	};

	(void) state;
	check(sta_listen_is_loopback, rows, ARRAY_LEN(rows));
}

static void
addresses_are_numbers_without_port(void **state)
{
	static const struct row rows[] = {
		{ "", false },
		{ "192.0.2.7", true },
		{ "2001:db8::7", true },
		{ "[::1]", false },
		{ "10.0.0.0/8", false },
		{ "proxy.example.com", false },
		{ "192.0.2.7:1", false },
	};

	(void) state;
	check(sta_address_valid, rows, ARRAY_LEN(rows));
}

static void
public_url_has_a_scheme_and_an_authority_alone(void **state)
{
	static const struct row rows[] = {
		{ "", false },
		{ "https://registry.example.com", true },
		{ "http://127.0.0.1:5000", true },
		{ "HTTPS://[::1]:5000", true },
		{ "https://", false },
		{ "registry.example.com", false },
		{ "ftp://registry.example.com", false },
		{ "https://registry.example.com/", false },
		{ "https://user@registry.example.com", false },
		{ "https://registry.example.com?x", false },
		{ "https://registry.example.com\"", false },
	};

	(void) state;
	check(sta_public_url_valid, rows, ARRAY_LEN(rows));
}

static void
forge_is_a_url_up_to_a_slash(void **state)
{
	static const struct row rows[] = {
		{ "", false },
		{ "https://github.com/", true },
		{ "http://127.0.0.1:3000/", true },
		{ "https://example.com/git/", true },
		{ "HTTPS://Git.Example.com/", true },
		{ "https://github.com", false },
		{ "https://example.com/git", false },
		{ "https:///", false },
		{ "https://", false },
		{ "github.com/", false },
		{ "ssh://github.com/", false },
		{ "https://user@github.com/", false },
		{ "https://github.com//", false },
		{ "https://github.com/?x=/", false },
		{ "https://github.com/#/", false },
		{ "https://github.com/a b/", false },
	};

	(void) state;
	check(sta_forge_valid, rows, ARRAY_LEN(rows));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listen_takes_a_numeric_address_and_a_port),
		cmocka_unit_test(only_127_8_and_1_are_loopback),
		cmocka_unit_test(addresses_are_numbers_without_port),
		cmocka_unit_test(public_url_has_a_scheme_and_an_authority_alone),
		cmocka_unit_test(forge_is_a_url_up_to_a_slash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
