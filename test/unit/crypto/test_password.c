#include "t.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "crypto/password.h"
#include "fault.h"

FAULT(int, crypto_pwhash_str_verify, (const char *hash, const char *p, unsigned long long len),
      (hash, p, len), -1, ENOMEM)
FAULT(int, sodium_init, (void), (), -1, 0)

/* While the gate is shut, hashing waits in front of it. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	bool shut;
	bool fails;
	int inside, most;
	int refused, hashed;
} gate = { .lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER };

int __real_crypto_pwhash_str_alg(char *out, const char *p, unsigned long long len, unsigned long long ops,
				 size_t memory, int alg);
int __wrap_crypto_pwhash_str_alg(char *out, const char *p, unsigned long long len, unsigned long long ops,
				 size_t memory, int alg);

int
__wrap_crypto_pwhash_str_alg(char *out, const char *p, unsigned long long len, unsigned long long ops,
			     size_t memory, int alg)
{
	if (gate.fails)
		return -1;
	if (!gate.shut)
		return __real_crypto_pwhash_str_alg(out, p, len, ops, memory, alg);
	(void) pthread_mutex_lock(&gate.lock);
	if (++gate.inside > gate.most)
		gate.most = gate.inside;
	while (gate.refused == 0)
		(void) pthread_cond_wait(&gate.moved, &gate.lock);
	gate.inside--;
	(void) pthread_mutex_unlock(&gate.lock);
	memset(out, 0, STA_PASSWORD_HASH_MAX);
	return 0;
}

static void
the_right_password_matches(void **state)
{
	static const char *const passwords[] = { "", "correct horse", "p\xc3\xa4ss" };

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(passwords); i++) {
		char hash[STA_PASSWORD_HASH_MAX];
		struct sta_err err;
		bool ok = false;

		assert_int_equal(sta_password_hash(passwords[i], strlen(passwords[i]), hash, &err), STA_OK);
		assert_int_equal(sta_password_verify(hash, passwords[i], strlen(passwords[i]), &ok, &err),
				 STA_OK);
		assert_true(ok);
	}
}

static void
another_password_does_not_match(void **state)
{
	static const char *const others[] = { "", "secre", "secret2", "Secret" };
	char hash[STA_PASSWORD_HASH_MAX];
	struct sta_err err;

	(void) state;
	assert_int_equal(sta_password_hash("secret", 6, hash, &err), STA_OK);
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		bool ok = true;

		assert_int_equal(sta_password_verify(hash, others[i], strlen(others[i]), &ok, &err), STA_OK);
		assert_false(ok);
	}
}

static void
a_hash_names_argon2id_and_the_work_it_took(void **state)
{
	static const char start[] = "$argon2id$v=19$m=19456,t=2,p=1$";
	char hash[STA_PASSWORD_HASH_MAX];
	struct sta_err err;

	(void) state;
	assert_int_equal(sta_password_hash("secret", 6, hash, &err), STA_OK);
	assert_memory_equal(hash, start, strlen(start));
}

static void
no_user_never_matches(void **state)
{
	struct sta_err err;
	bool ok = true;

	(void) state;
	assert_int_equal(sta_password_verify(NULL, "secret", 6, &ok, &err), STA_OK);
	assert_false(ok);
}

/* Time itself is not measured here: the same call does the same work. */
static void
no_user_costs_a_comparison_all_the_same(void **state)
{
	struct sta_err err;
	bool ok = true;

	(void) state;
	fault_at(1); /* after sodium_init */
	assert_int_equal(sta_password_verify(NULL, "secret", 6, &ok, &err), STA_NOMEM);
	assert_true(fault_done());
}

static void
too_long_is_refused_and_never_matches(void **state)
{
	static char text[STA_PASSWORD_MAX + 1];
	char hash[STA_PASSWORD_HASH_MAX] = "x";
	struct sta_err err;
	bool ok = true;

	(void) state;
	memset(text, 'a', sizeof(text));
	assert_int_equal(sta_password_hash(text, sizeof(text), hash, &err), STA_INVALID);
	assert_string_equal(hash, "x");
	assert_int_equal(sta_password_hash(text, STA_PASSWORD_MAX, hash, &err), STA_OK);
	assert_int_equal(sta_password_verify(hash, text, sizeof(text), &ok, &err), STA_OK);
	assert_false(ok);
}

static void
a_malformed_hash_is_corrupt_not_wrong(void **state)
{
	static const char *const hashes[] = { "", "x", "$argon2id$v=19$m=19456,t=2,p=1$" };

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(hashes); i++) {
		struct sta_err err;
		bool ok = true;

		assert_int_equal(sta_password_verify(hashes[i], "secret", 6, &ok, &err), STA_CORRUPT);
		assert_true(ok); /* not written */
	}
}

static void
a_lack_of_memory_is_not_a_wrong_password(void **state)
{
	char hash[STA_PASSWORD_HASH_MAX];
	struct sta_err err;
	bool ok = true;

	(void) state;
	assert_int_equal(sta_password_hash("secret", 6, hash, &err), STA_OK);
	fault_at(1);
	assert_int_equal(sta_password_verify(hash, "secret", 6, &ok, &err), STA_NOMEM);
	assert_true(fault_done());
	assert_true(ok);
}

static void
a_failed_hash_writes_nothing(void **state)
{
	char hash[STA_PASSWORD_HASH_MAX] = "x";
	struct sta_err err;

	(void) state;
	gate.fails = true;
	assert_int_equal(sta_password_hash("secret", 6, hash, &err), STA_NOMEM);
	gate.fails = false;
	assert_string_equal(hash, "x");
	fault_at(0);
	assert_int_equal(sta_password_hash("secret", 6, hash, &err), STA_BACKEND);
	assert_true(fault_done());
	assert_string_equal(hash, "x");
}

static void *
hash_once(void *arg)
{
	char hash[STA_PASSWORD_HASH_MAX];
	struct sta_err err;
	enum sta_rc rc = sta_password_hash("secret", 6, hash, &err);

	(void) arg;
	(void) pthread_mutex_lock(&gate.lock);
	if (rc == STA_TOO_MANY)
		gate.refused++;
	if (rc == STA_OK)
		gate.hashed++;
	(void) pthread_cond_broadcast(&gate.moved);
	(void) pthread_mutex_unlock(&gate.lock);
	return NULL;
}

/* One more caller than there is room for: all of them block at the gate or in
 * line until the one is refused. */
static void
a_full_line_refuses_and_one_per_core_runs(void **state)
{
	int cores = (int) sysconf(_SC_NPROCESSORS_ONLN);
	int n = cores + STA_PASSWORD_QUEUE_MAX + 1;
	pthread_t *threads = sta_malloc((size_t) n * sizeof(*threads));

	(void) state;
	assert_non_null(threads);
	gate.shut = true;
	for (int i = 0; i < n; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hash_once, NULL), 0);
	for (int i = 0; i < n; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	gate.shut = false;
	sta_free(threads);
	assert_int_equal(gate.refused, 1);
	assert_int_equal(gate.hashed, n - 1);
	assert_in_range(gate.most, 1, cores);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failed_hash_writes_nothing),
		cmocka_unit_test(the_right_password_matches),
		cmocka_unit_test(another_password_does_not_match),
		cmocka_unit_test(a_hash_names_argon2id_and_the_work_it_took),
		cmocka_unit_test(no_user_never_matches),
		cmocka_unit_test(no_user_costs_a_comparison_all_the_same),
		cmocka_unit_test(too_long_is_refused_and_never_matches),
		cmocka_unit_test(a_malformed_hash_is_corrupt_not_wrong),
		cmocka_unit_test(a_lack_of_memory_is_not_a_wrong_password),
		cmocka_unit_test(a_full_line_refuses_and_one_per_core_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
