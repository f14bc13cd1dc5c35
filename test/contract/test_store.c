/* What store.h promises, asked of one driver: test_store fs|mem. */
#include "fixture.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"

/* The store does not hash: any digest will do. */
static const struct sta_digest one = { .alg = STA_SHA256, .bytes = { 0x11, 0x01 } };
static const struct sta_digest two = { .alg = STA_SHA256, .bytes = { 0x11, 0x02 } };
static const struct sta_digest wide = { .alg = STA_SHA512, .bytes = { 0x11, 0x01 } };

static bool
drop_stage(void *arg, const char *id)
{
	struct fixture *f = arg;

	assert_int_equal(f->ops->stage_remove(f->s, id, &f->err), STA_OK);
	return true;
}

static bool
drop_blob(void *arg, const struct sta_digest *digest)
{
	struct fixture *f = arg;

	assert_int_equal(f->ops->remove(f->s, digest, &f->err), STA_OK);
	return true;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(f->ops->stage_each(f->s, drop_stage, f, &f->err), STA_OK);
	assert_int_equal(f->ops->each(f->s, drop_blob, f, &f->err), STA_OK);
	sta_store_free(f->s);
	return 0;
}

static void
create(struct fixture *f, const char *id, const char *text)
{
	assert_int_equal(f->ops->stage_create(f->s, id, &f->err), STA_OK);
	assert_int_equal(write_stage(f->s, id, 0, text, strlen(text), &f->err), STA_OK);
}

static void
create_and_publish(struct fixture *f, const char *id, const char *text, const struct sta_digest *d)
{
	create(f, id, text);
	assert_int_equal(publish_stage(f->s, id, d, &f->err), STA_OK);
}

static void
expect_bytes(const struct sta_blob_file *file, const char *text)
{
	char got[256];
	ssize_t n = read(file->fd, got, sizeof(got));

	assert_int_equal(file->size, strlen(text));
	assert_int_equal(n, strlen(text));
	assert_memory_equal(got, text, strlen(text));
}

static void
expect_stage(struct fixture *f, const char *id, const char *text)
{
	struct sta_blob_file file;
	uint64_t size = 0;
	int64_t written = 0;

	assert_int_equal(f->ops->stage_stat(f->s, id, &size, &written, &f->err), STA_OK);
	assert_int_equal(size, strlen(text));
	assert_int_equal(f->ops->stage_open(f->s, id, &file, &f->err), STA_OK);
	expect_bytes(&file, text);
	(void) close(file.fd);
}

static void
expect_no_stage(struct fixture *f, const char *id)
{
	uint64_t size = 7;
	int64_t written = 7;

	assert_int_equal(f->ops->stage_stat(f->s, id, &size, &written, &f->err), STA_NOT_FOUND);
	assert_int_equal(size, 7);
	assert_int_equal(written, 7);
}

static void
expect_blob(struct fixture *f, const struct sta_digest *d, const char *text)
{
	struct sta_blob_file file;

	assert_int_equal(f->ops->open(f->s, d, &file, &f->err), STA_OK);
	expect_bytes(&file, text);
	(void) close(file.fd);
}

static void
expect_no_blob(struct fixture *f, const struct sta_digest *d)
{
	struct sta_blob_file file = { .fd = -7 };

	assert_int_equal(f->ops->open(f->s, d, &file, &f->err), STA_NOT_FOUND);
	assert_int_equal(file.fd, -7);
}

struct tally {
	int n, most; /* stops when n reaches most */
	bool ids[4];
	bool digests[3];
};

static bool
tally_stage(void *arg, const char *id)
{
	struct tally *t = arg;

	assert_int_equal(strlen(id), STA_STAGE_ID_LEN);
	t->ids[id[0] - '0'] = true;
	return ++t->n != t->most;
}

static bool
tally_blob(void *arg, const struct sta_digest *d)
{
	struct tally *t = arg;
	const struct sta_digest *known[] = { &one, &two, &wide };

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		t->digests[i] |= sta_digest_equal(d, known[i]);
	return ++t->n != t->most;
}

static struct tally
stages(struct fixture *f, int most)
{
	struct tally t = { .most = most };

	assert_int_equal(f->ops->stage_each(f->s, tally_stage, &t, &f->err), STA_OK);
	return t;
}

static struct tally
blobs(struct fixture *f, int most)
{
	struct tally t = { .most = most };

	assert_int_equal(f->ops->each(f->s, tally_blob, &t, &f->err), STA_OK);
	return t;
}

static void
a_new_store_is_empty(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(f->ops->name, driver);
	assert_int_equal(stages(f, 0).n, 0);
	assert_int_equal(blobs(f, 0).n, 0);
}

static void
malformed_ids_are_invalid(void **state)
{
	static const char *const bad[] = {
		"",
		".",
		"..",
		"../../../../../../../../../../etc/pwd",
		"11111111-1111-4111-8111-11111111111",
		"11111111-1111-4111-8111-1111111111111",
		"11111111-1111-4111-8111-11111111111A",
		"11111111-1111-4111-8111-11111111111g",
		"11111111/1111-4111-8111-111111111111",
		"11111111-1111-4111-8111-11111111111 ",
		"11111111-1111-4111-8111-11111111111.",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct sta_blob_file file = { .fd = -7 };
		uint64_t size = 0;
		int64_t written = 0;

		assert_int_equal(f->ops->stage_create(f->s, bad[i], &f->err), STA_INVALID);
		assert_int_equal(write_stage(f->s, bad[i], 0, "x", 1, &f->err), STA_INVALID);
		assert_int_equal(f->ops->stage_stat(f->s, bad[i], &size, &written, &f->err), STA_INVALID);
		assert_int_equal(f->ops->stage_open(f->s, bad[i], &file, &f->err), STA_INVALID);
		assert_int_equal(f->ops->stage_remove(f->s, bad[i], &f->err), STA_INVALID);
		assert_int_equal(publish_stage(f->s, bad[i], &one, &f->err), STA_INVALID);
		assert_int_equal(file.fd, -7);
	}
	assert_int_equal(stages(f, 0).n, 0);
}

static void
an_unknown_stage_is_not_found(void **state)
{
	struct fixture *f = *state;
	struct sta_blob_file file = { .fd = -7 };

	expect_no_stage(f, ID1);
	assert_int_equal(write_stage(f->s, ID1, 0, "x", 1, &f->err), STA_NOT_FOUND);
	assert_int_equal(f->ops->stage_open(f->s, ID1, &file, &f->err), STA_NOT_FOUND);
	assert_int_equal(publish_stage(f->s, ID1, &one, &f->err), STA_NOT_FOUND);
	assert_int_equal(file.fd, -7);
	expect_no_blob(f, &one);
}

static void
a_new_stage_is_empty(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(f->ops->stage_create(f->s, ID1, &f->err), STA_OK);
	expect_stage(f, ID1, "");
}

static void
a_stage_is_created_once(void **state)
{
	struct fixture *f = *state;

	create(f, ID1, "kept");
	assert_int_equal(f->ops->stage_create(f->s, ID1, &f->err), STA_EXISTS);
	expect_stage(f, ID1, "kept");
}

static void
writes_append(void **state)
{
	struct fixture *f = *state;

	create(f, ID1, "ab");
	create(f, ID2, "xy");
	assert_int_equal(write_stage(f->s, ID1, 2, "cde", 3, &f->err), STA_OK);
	expect_stage(f, ID1, "abcde");
	expect_stage(f, ID2, "xy");
}

static void
a_write_elsewhere_is_out_of_order_and_changes_nothing(void **state)
{
	static const uint64_t offsets[] = { 0, 1, 3, 1000, UINT64_MAX };
	struct fixture *f = *state;

	create(f, ID1, "ab");
	for (size_t i = 0; i < ARRAY_LEN(offsets); i++) {
		for (size_t len = 0; len < 3; len++) {
			assert_int_equal(write_stage(f->s, ID1, offsets[i], "xyz", len, &f->err),
					 STA_OUT_OF_ORDER);
			expect_stage(f, ID1, "ab");
		}
	}
}

static void
an_empty_write_is_allowed(void **state)
{
	struct fixture *f = *state;

	create(f, ID1, "ab");
	assert_int_equal(write_stage(f->s, ID1, 2, "", 0, &f->err), STA_OK);
	expect_stage(f, ID1, "ab");
}

static void
a_stage_knows_when_it_was_written(void **state)
{
	struct fixture *f = *state;
	uint64_t size = 0;
	int64_t written = 0;
	int64_t before = time(NULL);

	create(f, ID1, "ab");
	assert_int_equal(f->ops->stage_stat(f->s, ID1, &size, &written, &f->err), STA_OK);
	assert_in_range(written, before - 1, time(NULL)); /* file times may lag by a tick */
}

static void
a_full_disk_leaves_the_stage_as_it_was(void **state)
{
	struct fixture *f = *state;
	struct rlimit old, small;
	enum sta_rc rc;

	create(f, ID1, "kept");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){ .rlim_cur = 6, .rlim_max = old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	rc = write_stage(f->s, ID1, 4, "and more", 8, &f->err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(rc, STA_FULL);
	assert_int_equal(f->err.sys, EFBIG);
	expect_stage(f, ID1, "kept");
	assert_int_equal(write_stage(f->s, ID1, 4, "and more", 8, &f->err), STA_OK);
	expect_stage(f, ID1, "keptand more");
}

static void
a_removed_stage_is_gone(void **state)
{
	struct fixture *f = *state;

	create(f, ID1, "ab");
	assert_int_equal(f->ops->stage_remove(f->s, ID1, &f->err), STA_OK);
	expect_no_stage(f, ID1);
	assert_int_equal(f->ops->stage_create(f->s, ID1, &f->err), STA_OK);
	expect_stage(f, ID1, "");
}

static void
removing_what_is_not_there_is_fine(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(f->ops->stage_remove(f->s, ID1, &f->err), STA_OK);
	assert_int_equal(f->ops->remove(f->s, &one, &f->err), STA_OK);
}

static void
all_stages_are_listed(void **state)
{
	struct fixture *f = *state;
	struct tally t;

	create(f, ID1, "");
	create(f, ID2, "b");
	create_and_publish(f, ID3, "c", &one);
	t = stages(f, 0);
	assert_int_equal(t.n, 3);
	assert_true(t.ids[1] && t.ids[2] && t.ids[3]);
}

static void
a_list_stops_when_told(void **state)
{
	struct fixture *f = *state;

	create_and_publish(f, ID1, "a", &one);
	create_and_publish(f, ID2, "b", &two);
	create_and_publish(f, ID3, "c", &wide);
	assert_int_equal(stages(f, 1).n, 1);
	assert_int_equal(blobs(f, 1).n, 1);
	assert_int_equal(blobs(f, 2).n, 2);
}

static void
stages_may_be_removed_while_listed(void **state)
{
	struct fixture *f = *state;

	create(f, ID1, "a");
	create(f, ID2, "b");
	create(f, ID3, "c");
	assert_int_equal(f->ops->stage_each(f->s, drop_stage, f, &f->err), STA_OK);
	assert_int_equal(stages(f, 0).n, 0);
}

static void
a_published_blob_has_the_stages_bytes(void **state)
{
	struct fixture *f = *state;

	create_and_publish(f, ID1, "bytes", &one);
	expect_blob(f, &one, "bytes");
	expect_no_blob(f, &two);
	expect_no_blob(f, &wide);
}

static void
an_empty_blob_can_be_published(void **state)
{
	struct fixture *f = *state;

	create_and_publish(f, ID1, "", &one);
	expect_blob(f, &one, "");
}

static void
a_stage_is_no_blob_before_it_is_published(void **state)
{
	struct fixture *f = *state;

	create(f, ID1, "bytes");
	expect_no_blob(f, &one);
	assert_int_equal(blobs(f, 0).n, 0);
}

static void
all_blobs_are_listed(void **state)
{
	struct fixture *f = *state;
	struct tally t;

	create_and_publish(f, ID1, "a", &one);
	create_and_publish(f, ID2, "b", &two);
	create_and_publish(f, ID3, "c", &wide);
	t = blobs(f, 0);
	assert_int_equal(t.n, 3);
	assert_true(t.digests[0] && t.digests[1] && t.digests[2]);
}

static void
publishing_again_is_fine(void **state)
{
	struct fixture *f = *state;

	create_and_publish(f, ID1, "bytes", &one);
	assert_int_equal(publish_stage(f->s, ID1, &one, &f->err), STA_OK);
	expect_blob(f, &one, "bytes");
	expect_stage(f, ID1, "bytes");
}

static void
a_second_stage_of_the_same_digest_is_fine(void **state)
{
	struct fixture *f = *state;

	create_and_publish(f, ID1, "bytes", &one);
	create_and_publish(f, ID2, "bytes", &one);
	expect_blob(f, &one, "bytes");
	assert_int_equal(blobs(f, 0).n, 1);
}

static void
a_name_that_other_bytes_hold_is_corrupt_until_removed(void **state)
{
	struct fixture *f = *state;

	create_and_publish(f, ID1, "byte", &one);
	create(f, ID2, "bytes");
	assert_int_equal(publish_stage(f->s, ID2, &one, &f->err), STA_CORRUPT);
	expect_blob(f, &one, "byte");
	expect_stage(f, ID2, "bytes");
	assert_int_equal(f->ops->remove(f->s, &one, &f->err), STA_OK);
	assert_int_equal(publish_stage(f->s, ID2, &one, &f->err), STA_OK);
	expect_blob(f, &one, "bytes");
}

static void
a_stage_may_have_two_digests(void **state)
{
	struct fixture *f = *state;

	create_and_publish(f, ID1, "bytes", &one);
	assert_int_equal(publish_stage(f->s, ID1, &wide, &f->err), STA_OK);
	assert_int_equal(f->ops->remove(f->s, &one, &f->err), STA_OK);
	expect_no_blob(f, &one);
	expect_blob(f, &wide, "bytes");
}

static void
a_blob_outlives_its_stage(void **state)
{
	struct fixture *f = *state;

	create_and_publish(f, ID1, "bytes", &one);
	assert_int_equal(f->ops->stage_remove(f->s, ID1, &f->err), STA_OK);
	expect_blob(f, &one, "bytes");
}

static void
a_published_stage_cannot_be_written(void **state)
{
	struct fixture *f = *state;

	create_and_publish(f, ID1, "bytes", &one);
	assert_int_equal(write_stage(f->s, ID1, 5, "more", 4, &f->err), STA_CONFLICT);
	expect_blob(f, &one, "bytes");
	expect_stage(f, ID1, "bytes");
}

static void
a_stage_outlives_its_blob(void **state)
{
	struct fixture *f = *state;

	create_and_publish(f, ID1, "bytes", &one);
	assert_int_equal(f->ops->remove(f->s, &one, &f->err), STA_OK);
	expect_stage(f, ID1, "bytes");
	assert_int_equal(write_stage(f->s, ID1, 5, "more", 4, &f->err), STA_OK);
	assert_int_equal(publish_stage(f->s, ID1, &two, &f->err), STA_OK);
	expect_blob(f, &two, "bytesmore");
}

static void
a_removed_blob_is_gone_and_may_come_again(void **state)
{
	struct fixture *f = *state;

	create_and_publish(f, ID1, "bytes", &one);
	assert_int_equal(f->ops->stage_remove(f->s, ID1, &f->err), STA_OK);
	assert_int_equal(f->ops->remove(f->s, &one, &f->err), STA_OK);
	expect_no_blob(f, &one);
	assert_int_equal(blobs(f, 0).n, 0);
	create_and_publish(f, ID2, "bytes", &one);
	expect_blob(f, &one, "bytes");
}

static void
readers_of_a_removed_blob_read_on(void **state)
{
	struct fixture *f = *state;
	struct sta_blob_file file;

	create_and_publish(f, ID1, "bytes", &one);
	assert_int_equal(f->ops->stage_remove(f->s, ID1, &f->err), STA_OK);
	assert_int_equal(f->ops->open(f->s, &one, &file, &f->err), STA_OK);
	assert_int_equal(f->ops->remove(f->s, &one, &f->err), STA_OK);
	expect_bytes(&file, "bytes");
	(void) close(file.fd);
}

static void
readers_have_positions_of_their_own(void **state)
{
	struct fixture *f = *state;
	struct sta_blob_file a, b;

	create_and_publish(f, ID1, "bytes", &one);
	assert_int_equal(f->ops->open(f->s, &one, &a, &f->err), STA_OK);
	assert_int_equal(f->ops->open(f->s, &one, &b, &f->err), STA_OK);
	expect_bytes(&a, "bytes");
	expect_bytes(&b, "bytes");
	(void) close(a.fd);
	(void) close(b.fd);
}

static void
readers_cannot_write(void **state)
{
	struct fixture *f = *state;
	struct sta_blob_file file;

	create_and_publish(f, ID1, "bytes", &one);
	assert_int_equal(f->ops->open(f->s, &one, &file, &f->err), STA_OK);
	assert_int_equal(write(file.fd, "x", 1), -1);
	(void) close(file.fd);
}

static void
large_writes_keep_every_byte(void **state)
{
	static unsigned char in[3 << 20], out[3 << 20];
	struct fixture *f = *state;
	struct sta_blob_file file;
	size_t got = 0;

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (unsigned char) (i * 2654435761U >> 24);
	create(f, ID1, "");
	assert_int_equal(write_stage(f->s, ID1, 0, in, 1 << 20, &f->err), STA_OK);
	assert_int_equal(write_stage(f->s, ID1, 1 << 20, in + (1 << 20), 2 << 20, &f->err), STA_OK);
	assert_int_equal(publish_stage(f->s, ID1, &one, &f->err), STA_OK);
	assert_int_equal(f->ops->open(f->s, &one, &file, &f->err), STA_OK);
	assert_int_equal(file.size, sizeof(in));
	while (got < sizeof(out)) {
		ssize_t n = read(file.fd, out + got, sizeof(out) - got);

		assert_true(n > 0);
		got += (size_t) n;
	}
	(void) close(file.fd);
	assert_memory_equal(in, out, sizeof(in));
}

#define PUSHERS 4
#define ROUNDS 25

struct pusher {
	struct sta_store *s;
	char id[STA_STAGE_ID_LEN + 1];
	int failures;
};

/* Push the same blob again and again; it has to be there after each push. */
static void *
push_repeatedly(void *arg)
{
	struct pusher *p = arg;
	const struct sta_store_ops *ops = p->s->ops;
	struct sta_err err;

	for (int i = 0; i < ROUNDS; i++) {
		struct sta_blob_file file = { .fd = -1 };
		bool good = ops->stage_create(p->s, p->id, &err) == STA_OK &&
			    write_stage(p->s, p->id, 0, "bytes", 5, &err) == STA_OK &&
			    publish_stage(p->s, p->id, &one, &err) == STA_OK &&
			    ops->stage_remove(p->s, p->id, &err) == STA_OK &&
			    ops->open(p->s, &one, &file, &err) == STA_OK && file.size == 5;

		if (file.fd >= 0)
			(void) close(file.fd);
		p->failures += good ? 0 : 1;
	}
	return NULL;
}

static void
pushers_of_one_blob_do_not_disturb_each_other(void **state)
{
	struct fixture *f = *state;
	struct pusher p[PUSHERS];
	pthread_t threads[PUSHERS];

	for (size_t i = 0; i < PUSHERS; i++) {
		p[i] = (struct pusher){ .s = f->s, .id = ID1 };
		p[i].id[0] = (char) ('1' + i);
		assert_int_equal(pthread_create(&threads[i], NULL, push_repeatedly, &p[i]), 0);
	}
	for (size_t i = 0; i < PUSHERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (size_t i = 0; i < PUSHERS; i++)
		assert_int_equal(p[i].failures, 0);
	expect_blob(f, &one, "bytes");
	assert_int_equal(stages(f, 0).n, 0);
	assert_int_equal(blobs(f, 0).n, 1);
}

static void
freeing_null_is_fine(void **state)
{
	(void) state;
	sta_store_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_store_is_empty),
		TEST(malformed_ids_are_invalid),
		TEST(an_unknown_stage_is_not_found),
		TEST(a_new_stage_is_empty),
		TEST(a_stage_is_created_once),
		TEST(writes_append),
		TEST(a_write_elsewhere_is_out_of_order_and_changes_nothing),
		TEST(an_empty_write_is_allowed),
		TEST(a_stage_knows_when_it_was_written),
		TEST(a_full_disk_leaves_the_stage_as_it_was),
		TEST(a_removed_stage_is_gone),
		TEST(removing_what_is_not_there_is_fine),
		TEST(all_stages_are_listed),
		TEST(a_list_stops_when_told),
		TEST(stages_may_be_removed_while_listed),
		TEST(a_published_blob_has_the_stages_bytes),
		TEST(an_empty_blob_can_be_published),
		TEST(a_stage_is_no_blob_before_it_is_published),
		TEST(all_blobs_are_listed),
		TEST(publishing_again_is_fine),
		TEST(a_second_stage_of_the_same_digest_is_fine),
		TEST(a_name_that_other_bytes_hold_is_corrupt_until_removed),
		TEST(a_stage_may_have_two_digests),
		TEST(a_blob_outlives_its_stage),
		TEST(a_published_stage_cannot_be_written),
		TEST(a_stage_outlives_its_blob),
		TEST(a_removed_blob_is_gone_and_may_come_again),
		TEST(readers_of_a_removed_blob_read_on),
		TEST(readers_have_positions_of_their_own),
		TEST(readers_cannot_write),
		TEST(large_writes_keep_every_byte),
		TEST(pushers_of_one_blob_do_not_disturb_each_other),
		cmocka_unit_test(freeing_null_is_fine),
	};

	if (!choose_driver(argc, argv))
		return 2;
	(void) signal(SIGXFSZ, SIG_IGN); /* as the server does: EFBIG instead */
	return cmocka_run_group_tests(tests, make_root, remove_root);
}
