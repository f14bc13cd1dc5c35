#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "shim.h"

#include "base/auto.h"
#include "db/db_sqlite.h"

static struct sta_db_conn *
reader(struct fixture *f)
{
	struct sta_db_conn *c = NULL;

	assert_int_equal(sta_db_reader(f->db, &c, &f->err), STA_OK);
	return c;
}

static void
reader_cannot_write(void **state)
{
	struct fixture *f = *state;
	struct sta_db_conn *c = reader(f);

	assert_int_equal(put(c, NAME("a"), &f->err), STA_BACKEND);
	assert_int_equal(count(f, NULL), 0);
}

static void *
get_reader(void *arg)
{
	struct fixture *f = arg;
	struct sta_db_conn *c = NULL;
	struct sta_err err;

	return sta_db_reader(f->db, &c, &err) == STA_OK ? c : NULL;
}

static void
each_thread_keeps_one_connection_which_ends_with_it(void **state)
{
	struct fixture *f = *state;
	struct sta_db_conn *c = reader(f);
	int files = shim_open_files();
	pthread_t thread;
	void *other = NULL;

	assert_ptr_equal(reader(f), c);
	assert_int_equal(pthread_create(&thread, NULL, get_reader, f), 0);
	assert_int_equal(pthread_join(thread, &other), 0);
	assert_non_null(other);
	assert_ptr_not_equal(other, c);
	assert_int_equal(shim_open_files(), files);
	assert_ptr_equal(reader(f), c);
}

struct visitor {
	struct fixture *f;
	pthread_barrier_t step;
	bool ok;
};

/* Uses the database, outlives it, and uses the next one. */
static void *
visit_two_databases(void *arg)
{
	struct visitor *v = arg;
	bool first = get_reader(v->f) != NULL;

	(void) pthread_barrier_wait(&v->step); /* the main thread frees the database ... */
	(void) pthread_barrier_wait(&v->step); /* ... and has opened it again */
	v->ok = first && get_reader(v->f) != NULL;
	return NULL;
}

static void
database_may_be_freed_before_the_threads_that_read_it(void **state)
{
	struct fixture *f = *state;
	struct visitor v = { .f = f };
	pthread_t thread;

	(void) pthread_barrier_init(&v.step, NULL, 2);
	assert_int_equal(pthread_create(&thread, NULL, visit_two_databases, &v), 0);
	(void) pthread_barrier_wait(&v.step);
	sta_db_free(f->db);
	f->db = NULL;
	assert_int_equal(shim_open_files(), 0);
	assert_int_equal(sta_db_sqlite_open(f->path, &f->db, &f->err), STA_OK);
	(void) pthread_barrier_wait(&v.step);
	(void) pthread_join(thread, NULL);
	(void) pthread_barrier_destroy(&v.step);
	assert_true(v.ok);
	assert_int_equal(shim_open_files(), 1);
}

static void
two_databases_have_readers_of_their_own(void **state)
{
	struct fixture *f = *state;
	struct fixture other = { 0 };

	path_in(f, "other", other.path);
	assert_int_equal(sta_db_sqlite_open(other.path, &other.db, &other.err), STA_OK);
	assert_int_equal(script(&other, "CREATE TABLE item (name TEXT)"), STA_OK);
	assert_int_equal(put_now(&other, "a"), STA_OK);
	assert_int_equal(count(f, NULL), 0);
	assert_int_equal(count(&other, NULL), 1);
	assert_ptr_not_equal(reader(f), reader(&other));
	sta_db_free(other.db);
	assert_int_equal(count(f, NULL), 0);
}

static void
snapshot_stays_the_same_until_its_outermost_end(void **state)
{
	struct fixture *f = *state;
	struct sta_db_conn *c = reader(f);

	assert_int_equal(sta_db_read_begin(c, &f->err), STA_OK);
	assert_int_equal(count_on(c, NULL), 0);
	assert_int_equal(put_now(f, "a"), STA_OK);
	assert_int_equal(sta_db_read_begin(c, &f->err), STA_OK);
	assert_int_equal(count_on(c, NULL), 0);
	sta_db_read_end(c);
	assert_int_equal(count_on(c, NULL), 0);
	sta_db_read_end(c);
	assert_int_equal(count_on(c, NULL), 1);
}

static enum sta_rc
read_in_a_transaction(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	enum sta_rc rc = sta_db_read_begin(c, err);

	if (rc != STA_OK)
		return rc;
	*(int64_t *) arg = count_on(c, NULL);
	sta_db_read_end(c);
	return put(c, NAME("b"), err);
}

static void
snapshot_inside_a_transaction_is_the_transaction(void **state)
{
	struct fixture *f = *state;
	int64_t n = -1;

	assert_int_equal(put_now(f, "a"), STA_OK);
	assert_int_equal(sta_db_write(f->db, read_in_a_transaction, &n, &f->err), STA_OK);
	assert_int_equal(n, 1);
	assert_int_equal(count(f, NULL), 2);
}

static enum sta_rc
read_elsewhere(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct visitor *v = arg;
	enum sta_rc rc = put(c, NAME("a"), err);

	/* The reading thread passes both while this transaction is open. */
	(void) pthread_barrier_wait(&v->step);
	(void) pthread_barrier_wait(&v->step);
	return rc;
}

static void *
write_slowly(void *arg)
{
	struct visitor *v = arg;
	struct sta_err err;

	v->ok = sta_db_write(v->f->db, read_elsewhere, v, &err) == STA_OK;
	return NULL;
}

static void
reader_does_not_wait_for_an_open_transaction(void **state)
{
	struct fixture *f = *state;
	struct visitor v = { .f = f };
	pthread_t thread;

	(void) pthread_barrier_init(&v.step, NULL, 2);
	assert_int_equal(pthread_create(&thread, NULL, write_slowly, &v), 0);
	(void) pthread_barrier_wait(&v.step);
	assert_int_equal(count(f, NULL), 0);
	(void) pthread_barrier_wait(&v.step);
	(void) pthread_join(thread, NULL);
	(void) pthread_barrier_destroy(&v.step);
	assert_true(v.ok);
	assert_int_equal(count(f, NULL), 1);
}

struct watch {
	struct fixture *f;
	atomic_bool *stop;
	bool ok;
	uint64_t reads;
};

static enum sta_rc
balance(struct sta_db_conn *c, int64_t *sum, struct sta_err *err)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	bool row = false;
	enum sta_rc rc = sta_db_prepare(c, "SELECT sum(amount) FROM purse", &s, err);

	if (rc == STA_OK)
		rc = sta_db_step(s, &row, err);
	if (rc == STA_OK)
		*sum = sta_db_int(s, 0);
	return rc;
}

/* The sum is the same at every moment. */
static void *
watch_sum(void *arg)
{
	struct watch *w = arg;
	struct sta_db_conn *c = NULL;
	struct sta_err err;

	w->ok = sta_db_reader(w->f->db, &c, &err) == STA_OK;
	while (w->ok && (!atomic_load(w->stop) || w->reads == 0)) {
		int64_t sum = 0;

		w->ok = balance(c, &sum, &err) == STA_OK && sum == 100;
		w->reads++;
	}
	return NULL;
}

static void
readers_see_whole_transactions_while_others_write(void **state)
{
	struct fixture *f = *state;
	struct watch watches[3];
	pthread_t threads[ARRAY_LEN(watches)];
	atomic_bool stop = false;

	assert_int_equal(script(f, "CREATE TABLE purse (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL);"
				   "INSERT INTO purse VALUES (1, 50), (2, 50)"),
			 STA_OK);
	for (size_t i = 0; i < ARRAY_LEN(watches); i++) {
		watches[i] = (struct watch){ .f = f, .stop = &stop };
		assert_int_equal(pthread_create(&threads[i], NULL, watch_sum, &watches[i]), 0);
	}
	for (int i = 0; i < 200; i++)
		assert_int_equal(script(f, "UPDATE purse SET amount = amount - 1 WHERE id = 1;"
					   "UPDATE purse SET amount = amount + 1 WHERE id = 2"),
				 STA_OK);
	atomic_store(&stop, true);
	for (size_t i = 0; i < ARRAY_LEN(watches); i++) {
		(void) pthread_join(threads[i], NULL);
		assert_true(watches[i].ok);
		assert_true(watches[i].reads > 0);
	}
}

static void *
write_many(void *arg)
{
	struct watch *w = arg;
	struct sta_err err;

	w->ok = true;
	for (int i = 0; w->ok && i < 50; i++) {
		char name[32];

		(void) snprintf(name, sizeof(name), "%p-%d", arg, i);
		w->ok = sta_db_write(w->f->db, put, name, &err) == STA_OK;
	}
	return NULL;
}

static void
many_threads_may_write(void **state)
{
	struct fixture *f = *state;
	struct watch writers[8];
	pthread_t threads[ARRAY_LEN(writers)];

	for (size_t i = 0; i < ARRAY_LEN(writers); i++) {
		writers[i] = (struct watch){ .f = f };
		assert_int_equal(pthread_create(&threads[i], NULL, write_many, &writers[i]), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(writers); i++) {
		(void) pthread_join(threads[i], NULL);
		assert_true(writers[i].ok);
	}
	assert_int_equal(count(f, NULL), 50 * ARRAY_LEN(writers));
}

static void
version_is_the_same_until_something_is_committed(void **state)
{
	struct fixture *f = *state;
	uint64_t before = sta_db_version(f->db);

	assert_int_not_equal(before, 0);
	assert_int_equal(count(f, NULL), 0);
	assert_int_equal(sta_db_version(f->db), before);
	assert_int_equal(put_now(f, "a"), STA_OK);
	assert_int_not_equal(sta_db_version(f->db), before);
	before = sta_db_version(f->db);
	assert_int_equal(put_now(f, "a"), STA_EXISTS);
	assert_int_equal(sta_db_version(f->db), before);
}

static void *
read_once(void *arg)
{
	struct fixture *f = arg;
	struct sta_db_conn *c = reader(f);
	struct sta_err err;

	assert_int_equal(sta_db_read_begin(c, &err), STA_OK);
	(void) count_on(c, NULL);
	sta_db_read_end(c);
	return NULL;
}

struct during {
	struct fixture *f;
	uint64_t before, between, after;
};

static void
read_during_commit(void *arg)
{
	struct during *d = arg;
	pthread_t thread;

	d->between = sta_db_version(d->f->db);
	assert_int_equal(pthread_create(&thread, NULL, read_once, d->f), 0);
	(void) pthread_join(thread, NULL);
	d->after = sta_db_version(d->f->db);
}

static void
who_reads_during_a_commit_ends_what_others_keep(void **state)
{
	struct fixture *f = *state;
	struct during d = { .f = f, .before = sta_db_version(f->db) };

	shim_before_sync(read_during_commit, &d);
	assert_int_equal(put_now(f, "a"), STA_OK);
	shim_before_sync(NULL, NULL);
	assert_int_equal(d.between, d.before);
	assert_int_not_equal(d.after, d.between);
	assert_int_not_equal(sta_db_version(f->db), d.after);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reader_cannot_write, setup, teardown),
		cmocka_unit_test_setup_teardown(each_thread_keeps_one_connection_which_ends_with_it, setup,
						teardown),
		cmocka_unit_test_setup_teardown(database_may_be_freed_before_the_threads_that_read_it, setup,
						teardown),
		cmocka_unit_test_setup_teardown(two_databases_have_readers_of_their_own, setup, teardown),
		cmocka_unit_test_setup_teardown(snapshot_stays_the_same_until_its_outermost_end, setup,
						teardown),
		cmocka_unit_test_setup_teardown(snapshot_inside_a_transaction_is_the_transaction, setup,
						teardown),
		cmocka_unit_test_setup_teardown(reader_does_not_wait_for_an_open_transaction, setup,
						teardown),
		cmocka_unit_test_setup_teardown(readers_see_whole_transactions_while_others_write, setup,
						teardown),
		cmocka_unit_test_setup_teardown(many_threads_may_write, setup, teardown),
		cmocka_unit_test_setup_teardown(version_is_the_same_until_something_is_committed, setup,
						teardown),
		cmocka_unit_test_setup_teardown(who_reads_during_a_commit_ends_what_others_keep, setup,
						teardown),
	};

	shim_install();
	return cmocka_run_group_tests_name("db_reader", tests, NULL, NULL);
}
