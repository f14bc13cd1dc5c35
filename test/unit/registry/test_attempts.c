#include "t.h"

#include <stdio.h>

#include "registry/attempts.h"

#define FREE 5
#define SECOND UINT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static struct sta_attempts *attempts;
static uint64_t now_ms;
static uint64_t secrets;

static int
set_up(void **state)
{
	struct sta_err err;

	(void) state;
	now_ms = DAY;
	return sta_attempts_new(FREE, &attempts, &err) == STA_OK ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void) state;
	sta_attempts_free(attempts);
	return 0;
}

static struct sta_attempt
attempt(const char *account, const char *peer)
{
	return (struct sta_attempt){ .account = account, .peer = peer, .secret = ++secrets };
}

/* Seconds to wait; 0: it was looked at, and ended so. */
static uint64_t
try(const char *account, const char *peer, enum sta_attempt_end how)
{
	struct sta_attempt t = attempt(account, peer);
	uint64_t expected = sta_attempts_wait(attempts, &t, now_ms);
	uint64_t wait_s = sta_attempts_begin(attempts, &t, now_ms);

	assert_int_equal(wait_s, expected);
	if (wait_s == 0)
		sta_attempts_end(attempts, &t, how, now_ms);
	return wait_s;
}

static uint64_t
guess(const char *account, const char *peer)
{
	return try(account, peer, STA_ATTEMPT_FAILED);
}

static uint64_t
sign_in(const char *account, const char *peer)
{
	return try(account, peer, STA_ATTEMPT_SUCCEEDED);
}

/* Guess from ever new addresses as soon as that is looked at, until the wait is this long. */
static void
guess_until(const char *account, uint64_t wait_s)
{
	char peer[64];

	for (int n = 0;; n++) {
		uint64_t must;

		(void) snprintf(peer, sizeof(peer), "10.9.%d.%d", n / 250, n % 250);
		must = guess(account, peer);
		if (must >= wait_s)
			return;
		now_ms += must * SECOND;
	}
}

static void
the_first_attempts_are_free_and_then_each_takes_twice_as_long(void **state)
{
	static const uint64_t expected_ms[] = { 500,   1500,   3500,   7500,   15500,  31500,
						63500, 127500, 255500, 511500, 900000, 900000 };

	(void) state;
	for (int i = 0; i < FREE; i++)
		assert_int_equal(guess("alice", "192.0.2.1"), 0);
	for (size_t i = 0; i < ARRAY_LEN(expected_ms); i++) {
		assert_int_equal(guess("alice", "192.0.2.1"), (expected_ms[i] + 999) / 1000);
		now_ms += expected_ms[i] - 1;
		assert_int_equal(guess("alice", "192.0.2.1"), 1);
		now_ms++;
		assert_int_equal(guess("alice", "192.0.2.1"), 0);
	}
}

static void
one_that_came_too_early_prolongs_nothing(void **state)
{
	(void) state;
	for (int i = 0; i < FREE; i++)
		assert_int_equal(guess("alice", "192.0.2.1"), 0);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(guess("alice", "192.0.2.1"), 1);
	now_ms += 500;
	assert_int_equal(guess("alice", "192.0.2.1"), 0);
}

static void
t12_another_address_does_not_help_the_guesser(void **state)
{
	char peer[64];
	uint64_t looked_at = 0;

	(void) state;
	for (int i = 0; i < 10000; i++) {
		(void) snprintf(peer, sizeof(peer), "10.0.%d.%d", i / 250, i % 250);
		looked_at += guess("alice", peer) == 0;
	}
	assert_int_equal(looked_at, FREE);
}

/* The figures of docs/ACCESS.md. */
static void
t12_one_account_takes_at_most_300_guesses_a_day_from_all_the_world(void **state)
{
	const uint64_t end = now_ms + DAY;
	char peer[64];
	unsigned looked_at = 0;

	(void) state;
	for (unsigned n = 0; now_ms < end; n++, now_ms += 250) {
		(void) snprintf(peer, sizeof(peer), "10.%u.%u.%u", n >> 16 & 255, n >> 8 & 255, n & 255);
		looked_at += guess("alice", peer) == 0;
	}
	assert_in_range(looked_at, 50, 300);
}

static void
t12_one_address_has_at_most_500_guesses_a_day_at_all_accounts(void **state)
{
	const uint64_t end = now_ms + DAY;
	char account[64];
	unsigned looked_at = 0;

	(void) state;
	for (unsigned n = 0; now_ms < end; n++, now_ms += 250) {
		(void) snprintf(account, sizeof(account), "user%u", n);
		looked_at += guess(account, "192.0.2.1") == 0;
	}
	assert_in_range(looked_at, 100, 500);
}

static void
t12_where_the_owner_has_signed_in_the_guesses_of_others_do_not_count(void **state)
{
	(void) state;
	assert_int_equal(sign_in("alice", "192.0.2.7"), 0);
	guess_until("alice", STA_ATTEMPTS_WAIT_MAX_S);
	assert_true(sign_in("alice", "192.0.2.8") > 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(sign_in("alice", "192.0.2.7"), 0);
	now_ms += 8 * DAY; /* longer than it is known */
	guess_until("alice", STA_ATTEMPTS_WAIT_MAX_S);
	assert_true(sign_in("alice", "192.0.2.7") > 0);
}

static void
t12_a_known_address_is_no_place_to_guess_from(void **state)
{
	(void) state;
	assert_int_equal(sign_in("alice", "192.0.2.7"), 0);
	for (int i = 0; i < FREE; i++)
		assert_int_equal(guess("alice", "192.0.2.7"), 0);
	assert_int_equal(guess("alice", "192.0.2.7"), 1);
	assert_int_equal(sign_in("alice", "192.0.2.8"), 0); /* elsewhere that counts for nothing */
}

static void
t12_a_known_address_is_known_to_one_account_alone(void **state)
{
	(void) state;
	assert_int_equal(sign_in("mallory", "192.0.2.6"), 0);
	guess_until("alice", 100);
	assert_true(guess("alice", "192.0.2.6") > 0);
}

static void
nobody_is_locked_out_for_good(void **state)
{
	(void) state;
	guess_until("alice", STA_ATTEMPTS_WAIT_MAX_S);
	now_ms += STA_ATTEMPTS_WAIT_MAX_S * SECOND;
	assert_int_equal(sign_in("alice", "192.0.2.9"), 0);
}

static void
counts_are_forgotten_with_time(void **state)
{
	(void) state;
	guess_until("alice", STA_ATTEMPTS_WAIT_MAX_S);
	now_ms += 6 * HOUR;
	for (int i = 0; i < FREE; i++)
		assert_int_equal(guess("alice", "192.0.2.9"), 0);
	assert_int_equal(guess("alice", "192.0.2.9"), 1);
}

static void
a_success_takes_back_what_its_own_address_had_failed(void **state)
{
	(void) state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(guess("alice", "198.51.100.1"), 0);
	for (int i = 0; i < FREE - 3; i++)
		assert_int_equal(guess("alice", "192.0.2.7"), 0);
	assert_int_equal(sign_in("alice", "192.0.2.7"), 0);
	/* The others' two are left: three more are free. */
	for (int i = 0; i < FREE - 2; i++)
		assert_int_equal(guess("alice", "198.51.100.1"), 0);
	assert_int_equal(guess("alice", "198.51.100.1"), 1);
}

static void
an_administrator_can_forgive(void **state)
{
	(void) state;
	guess_until("alice", STA_ATTEMPTS_WAIT_MAX_S);
	sta_attempts_forgive(attempts, "alice", now_ms);
	assert_int_equal(sign_in("alice", "192.0.2.9"), 0);
	sta_attempts_forgive(attempts, "nobody", now_ms);
}

static void
an_address_of_ipv6_is_its_network(void **state)
{
	char peer[64];

	(void) state;
	for (int i = 0; i < FREE * STA_ATTEMPTS_PER_ADDRESS; i++) {
		(void) snprintf(peer, sizeof(peer), "2001:db8:1:2:%d::%d", i + 1, i);
		assert_int_equal(guess(peer, peer), 0);
	}
	assert_int_equal(guess("someone", "2001:db8:1:2:ffff::1"), 1);
	assert_int_equal(guess("someone", "2001:db8:1:3::1"), 0);
}

static void
an_address_of_ipv4_is_whole_however_it_is_written(void **state)
{
	char account[64];

	(void) state;
	for (int i = 0; i < FREE * STA_ATTEMPTS_PER_ADDRESS; i++) {
		(void) snprintf(account, sizeof(account), "user%d", i);
		assert_int_equal(guess(account, i % 2 ? "192.0.2.1" : "::ffff:192.0.2.1"), 0);
	}
	assert_int_equal(guess("someone", "192.0.2.1"), 1);
	assert_int_equal(guess("someone", "192.0.2.2"), 0);
}

static void
tokens_count_for_the_address_alone(void **state)
{
	(void) state;
	guess_until("alice", STA_ATTEMPTS_WAIT_MAX_S);
	for (int i = 0; i < FREE * STA_ATTEMPTS_PER_ADDRESS; i++)
		assert_int_equal(guess(NULL, "192.0.2.1"), 0);
	assert_int_equal(guess(NULL, "192.0.2.1"), 1);
	assert_int_equal(guess(NULL, "192.0.2.2"), 0);
}

static void
attempts_that_run_at_the_same_time_count_before_they_end(void **state)
{
	struct sta_attempt t[FREE + 1];

	(void) state;
	for (int i = 0; i < FREE; i++) {
		t[i] = attempt("alice", "192.0.2.1");
		assert_int_equal(sta_attempts_begin(attempts, &t[i], now_ms), 0);
	}
	t[FREE] = attempt("alice", "192.0.2.2");
	assert_int_equal(sta_attempts_begin(attempts, &t[FREE], now_ms), 1);
	sta_attempts_end(attempts, &t[0], STA_ATTEMPT_NOT_MADE, now_ms);
	assert_int_equal(sta_attempts_begin(attempts, &t[FREE], now_ms), 0);
	for (int i = 1; i <= FREE; i++)
		sta_attempts_end(attempts, &t[i], STA_ATTEMPT_FAILED, now_ms);
	assert_int_equal(guess("alice", "192.0.2.1"), 1);
}

static void
beyond_the_free_ones_they_run_one_at_a_time(void **state)
{
	struct sta_attempt first, second;

	(void) state;
	guess_until("alice", 8);
	now_ms += 8 * SECOND;
	first = attempt("alice", "192.0.2.1");
	second = attempt("alice", "192.0.2.2");
	assert_int_equal(sta_attempts_begin(attempts, &first, now_ms), 0);
	assert_int_equal(sta_attempts_begin(attempts, &second, now_ms), 1);
	sta_attempts_end(attempts, &first, STA_ATTEMPT_NOT_MADE, now_ms);
	assert_int_equal(sta_attempts_begin(attempts, &second, now_ms), 0);
}

static void
one_secret_shown_many_times_at_once_is_one_attempt(void **state)
{
	struct sta_attempt t[50];

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		t[i] = (struct sta_attempt){ .account = "alice", .peer = "192.0.2.1", .secret = 7 };
		assert_int_equal(sta_attempts_begin(attempts, &t[i], now_ms), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		sta_attempts_end(attempts, &t[i], STA_ATTEMPT_FAILED, now_ms);
	for (int i = 0; i < FREE - 1; i++)
		assert_int_equal(guess("alice", "192.0.2.2"), 0);
	assert_int_equal(guess("alice", "192.0.2.2"), 1);
}

static void
what_becomes_known_meanwhile_ends_as_it_began(void **state)
{
	struct sta_attempt slow = attempt("alice", "192.0.2.1");

	(void) state;
	assert_int_equal(sta_attempts_begin(attempts, &slow, now_ms), 0);
	assert_int_equal(sign_in("alice", "192.0.2.1"), 0);
	sta_attempts_end(attempts, &slow, STA_ATTEMPT_SUCCEEDED, now_ms);
	guess_until("alice", 8); /* which nothing under way keeps from being looked at */
	now_ms += 8 * SECOND;
	assert_int_equal(guess("alice", "192.0.2.3"), 0);
}

/* Memory is fixed: a flood takes the places of small counts. */
static void
t12_a_flood_of_names_and_addresses_makes_nobody_forgotten(void **state)
{
	char account[64], peer[64];

	(void) state;
	assert_int_equal(sign_in("alice", "192.0.2.7"), 0);
	guess_until("alice", STA_ATTEMPTS_WAIT_MAX_S);
	for (int i = 0; i < 100000; i++) {
		(void) snprintf(account, sizeof(account), "user%d", i);
		(void) snprintf(peer, sizeof(peer), "10.%d.%d.%d", i >> 16 & 255, i >> 8 & 255, i & 255);
		assert_int_equal(guess(account, peer), 0);
	}
	assert_true(guess("alice", "192.0.2.9") > 0);
	assert_int_equal(sign_in("alice", "192.0.2.7"), 0);
}

/* Of so many accounts, each at an address of its own. */
static int
count_known(int n)
{
	char account[64], peer[64];
	int found = 0;

	for (int i = 0; i < n; i++) {
		struct sta_attempt t;

		(void) snprintf(account, sizeof(account), "user%d", i);
		(void) snprintf(peer, sizeof(peer), "172.16.%d.%d", i / 250, i % 250);
		t = attempt(account, peer);
		assert_int_equal(sta_attempts_begin(attempts, &t, now_ms), 0);
		sta_attempts_end(attempts, &t, STA_ATTEMPT_NOT_MADE, now_ms);
		found += t.known;
	}
	return found;
}

static void
t12_failures_never_take_the_place_of_known_addresses(void **state)
{
	char account[64], peer[64];
	int before;

	(void) state;
	for (int i = 0; i < 6000; i++) {
		(void) snprintf(account, sizeof(account), "user%d", i);
		(void) snprintf(peer, sizeof(peer), "172.16.%d.%d", i / 250, i % 250);
		assert_int_equal(sign_in(account, peer), 0);
	}
	before = count_known(6000);
	assert_true(before > 5000);
	for (int i = 0; i < 50000; i++) {
		(void) snprintf(account, sizeof(account), "other%d", i);
		(void) snprintf(peer, sizeof(peer), "10.%d.%d.%d", i >> 16 & 255, i >> 8 & 255, i & 255);
		assert_int_equal(guess(account, peer), 0);
	}
	assert_int_equal(count_known(6000), before);
}

static void
without_free_attempts_nothing_is_counted(void **state)
{
	struct sta_err err;

	(void) state;
	sta_attempts_free(attempts);
	assert_int_equal(sta_attempts_new(0, &attempts, &err), STA_OK);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(guess("alice", "192.0.2.1"), 0);
}

static void
failed_and_delayed_ones_are_told_apart(void **state)
{
	struct sta_attempts_stats s;
	struct sta_attempt t = attempt("alice", "");

	(void) state;
	for (int i = 0; i < FREE; i++)
		assert_int_equal(guess("alice", ""), 0);
	assert_int_equal(sta_attempts_begin(attempts, &t, now_ms), 1);
	assert_int_equal(sta_attempts_wait(attempts, &t, now_ms), 1);
	sta_attempts_stats(attempts, &s);
	assert_int_equal(s.failed, FREE);
	assert_int_equal(s.delayed, 2);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_attempts_are_free_and_then_each_takes_twice_as_long),
		TEST(one_that_came_too_early_prolongs_nothing),
		TEST(t12_another_address_does_not_help_the_guesser),
		TEST(t12_one_account_takes_at_most_300_guesses_a_day_from_all_the_world),
		TEST(t12_one_address_has_at_most_500_guesses_a_day_at_all_accounts),
		TEST(t12_where_the_owner_has_signed_in_the_guesses_of_others_do_not_count),
		TEST(t12_a_known_address_is_no_place_to_guess_from),
		TEST(t12_a_known_address_is_known_to_one_account_alone),
		TEST(nobody_is_locked_out_for_good),
		TEST(counts_are_forgotten_with_time),
		TEST(a_success_takes_back_what_its_own_address_had_failed),
		TEST(an_administrator_can_forgive),
		TEST(an_address_of_ipv6_is_its_network),
		TEST(an_address_of_ipv4_is_whole_however_it_is_written),
		TEST(tokens_count_for_the_address_alone),
		TEST(attempts_that_run_at_the_same_time_count_before_they_end),
		TEST(beyond_the_free_ones_they_run_one_at_a_time),
		TEST(one_secret_shown_many_times_at_once_is_one_attempt),
		TEST(what_becomes_known_meanwhile_ends_as_it_began),
		TEST(t12_a_flood_of_names_and_addresses_makes_nobody_forgotten),
		TEST(t12_failures_never_take_the_place_of_known_addresses),
		TEST(without_free_attempts_nothing_is_counted),
		TEST(failed_and_delayed_ones_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
