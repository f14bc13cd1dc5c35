#include "house.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PACKAGE "alice/app"
#define BUFFERED_MAX (4 * MIB) /* of one upload */

/* --- a disk that fails after write(2) has returned --- */

#define FD_MAX 256

/* The system tells of such a failure at the next fsync, but only to a descriptor that was open when
 * it came about: to others nothing has happened. */
static int lost_writes;
static int lost_when_opened[FD_MAX];

int __real_openat64(int at, const char *name, int flags, mode_t mode);
int __wrap_openat64(int at, const char *name, int flags, mode_t mode);
int __real_fsync(int fd);
int __wrap_fsync(int fd);

int
__wrap_openat64(int at, const char *name, int flags, mode_t mode)
{
	int fd = __real_openat64(at, name, flags, mode);

	assert_true(fd < FD_MAX);
	if (fd >= 0)
		lost_when_opened[fd] = lost_writes;
	return fd;
}

int
__wrap_fsync(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && lost_when_opened[fd] != lost_writes) {
		lost_when_opened[fd] = lost_writes;
		errno = EIO;
		return -1;
	}
	return __real_fsync(fd);
}

/* A session and the bytes that are to arrive in it. */
struct session {
	struct house *h;
	struct sta_name name;
	char id[STA_UUID_TEXT_MAX];
	struct bell *bell;
	struct sta_upload_waker waker;
	struct sta_upload *u;
	char *bytes;
	size_t len;
	struct sta_digest digest;
};

static void
start(struct session *s, struct house *h, size_t len, unsigned seed)
{
	*s = (struct session){ .h = h, .bell = bell_new(), .bytes = bytes_of(len, seed), .len = len };
	s->waker = bell_waker(s->bell);
	s->digest = sha256_of(s->bytes, len);
	name_of(PACKAGE, &s->name);
	assert_int_equal(sta_upload_start(h->r, &h->alice, &s->name, STA_SHA256, s->id, &h->err), STA_OK);
}

static enum sta_rc
hold(struct session *s)
{
	return sta_upload_open(s->h->r, &s->h->alice, &s->name, s->id, STA_SHA256, &s->waker, &s->u,
			       &s->h->err);
}

static enum sta_rc
append(struct session *s, size_t from, size_t to, size_t chunk)
{
	return append_all(s->u, s->bell, s->bytes + from, to - from, chunk, &s->h->err);
}

static enum sta_rc
finish(struct session *s)
{
	return sta_upload_finish(s->u, &s->h->alice, &s->digest, &s->h->err);
}

static void
release(struct session *s)
{
	sta_upload_release(s->u);
	s->u = NULL;
	settle(s->h);
}

static enum sta_rc
status(struct session *s, uint64_t *received)
{
	return sta_upload_status(s->h->r, &s->h->alice, &s->name, s->id, received, &s->h->err);
}

static enum sta_rc
pull(struct session *s)
{
	return pull_blob(s->h, &s->h->alice, PACKAGE, &s->digest, s->bytes, s->len, &s->h->err);
}

static void
end(struct session *s)
{
	sta_upload_release(s->u);
	settle(s->h);
	bell_free(s->bell);
	free(s->bytes);
}

/* A PATCH: hold, append, flush, release. */
static void
patch(struct session *s, size_t from, size_t to)
{
	assert_int_equal(hold(s), STA_OK);
	assert_int_equal(sta_upload_size(s->u), from);
	assert_int_equal(append(s, from, to, to - from), STA_OK);
	assert_int_equal(sta_upload_flush(s->u, &s->h->err), STA_OK);
	release(s);
}

static const size_t sizes[] = { 0,
				1,
				2,
				16 * KIB - 1,
				16 * KIB,
				16 * KIB + 1,
				INLINE_MAX - 1,
				INLINE_MAX,
				INLINE_MAX + 1,
				4 * INLINE_MAX,
				MIB - 1,
				MIB,
				MIB + 1,
				3 * MIB + 12345 };

static void
every_size_in_every_chunk_comes_back_identical(void **state)
{
	static const size_t chunks[] = { 977, 16 * KIB, 65537, 1234567 };
	struct house *h = *state;
	unsigned seed = 0;

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		for (size_t c = 0; c < ARRAY_LEN(chunks); c++) {
			struct session s;

			start(&s, h, sizes[i], seed++);
			assert_int_equal(hold(&s), STA_OK);
			assert_int_equal(append(&s, 0, s.len, chunks[c]), STA_OK);
			assert_int_equal(sta_upload_size(s.u), s.len);
			assert_int_equal(finish(&s), STA_OK);
			release(&s);
			assert_int_equal(pull(&s), STA_OK);
			end(&s);
			house_fresh_arena(h);
		}
	}
	assert_int_equal(count_stages(h), 0);
	assert_int_equal(number(h, "SELECT count(*) FROM upload"), 0);
	assert_sound(h);
}

static void
a_blob_in_one_request_leaves_nothing_but_the_blob(void **state)
{
	struct house *h = *state;

	for (unsigned i = 0; i < ARRAY_LEN(sizes); i++) {
		char *p = bytes_of(sizes[i], i);
		struct sta_digest d = sha256_of(p, sizes[i]);

		assert_int_equal(push_blob(h, &h->alice, PACKAGE, p, sizes[i], &h->err), STA_OK);
		assert_int_equal(pull_blob(h, &h->alice, PACKAGE, &d, p, sizes[i], &h->err), STA_OK);
		free(p);
	}
	settle(h);
	assert_int_equal(count_stages(h), 0);
	assert_sound(h);
}

static void
small_blobs_live_in_the_database_and_larger_ones_in_the_store(void **state)
{
	struct house *h = *state;

	(void) push_seed(h, &h->alice, PACKAGE, INLINE_MAX, 1);
	assert_int_equal(count_files(h), 0);
	(void) push_seed(h, &h->alice, PACKAGE, INLINE_MAX + 1, 1);
	assert_int_equal(count_files(h), 1);
	assert_int_equal(number(h, "SELECT count(*) FROM blob_data"), 1);
}

static void
an_upload_in_one_request_that_is_given_up_leaves_nothing(void **state)
{
	static const size_t lens[] = { 0, 100, 200 * KIB, 3 * MIB };
	struct house *h = *state;

	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		struct session s;

		start(&s, h, lens[i], 1);
		assert_int_equal(
			sta_upload_open(h->r, &h->alice, &s.name, NULL, STA_SHA256, &s.waker, &s.u, &h->err),
			STA_OK);
		assert_int_equal(append(&s, 0, s.len, 100 * KIB), STA_OK);
		release(&s);
		end(&s);
	}
	assert_int_equal(count_stages(h), 0);
	assert_int_equal(number(h, "SELECT count(*) FROM blob"), 0);
}

static void
a_session_goes_on_where_it_was_left(void **state)
{
	struct house *h = *state;
	struct session s;
	uint64_t received = 1;

	start(&s, h, 300 * KIB, 1);
	assert_int_equal(status(&s, &received), STA_OK);
	assert_int_equal(received, 0);
	patch(&s, 0, 1);
	assert_int_equal(status(&s, &received), STA_OK);
	assert_int_equal(received, 1);
	patch(&s, 1, 100 * KIB);
	patch(&s, 100 * KIB, s.len);
	assert_int_equal(hold(&s), STA_OK);
	assert_int_equal(finish(&s), STA_OK);
	release(&s);
	assert_int_equal(pull(&s), STA_OK);
	end(&s);
}

static void
chunks_of_odd_sizes_come_back_identical(void **state)
{
	static const size_t ends[] = { 1, 5000, INLINE_MAX + 3, MIB + 17, 4 * MIB + 4095, 6 * MIB };
	struct house *h = *state;
	struct session s;
	size_t at = 0;

	start(&s, h, ends[ARRAY_LEN(ends) - 1], 1);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		patch(&s, at, ends[i]);
		at = ends[i];
	}
	assert_int_equal(hold(&s), STA_OK);
	assert_int_equal(finish(&s), STA_OK);
	release(&s);
	assert_int_equal(pull(&s), STA_OK);
	end(&s);
	assert_sound(h);
}

static void
letting_go_with_bytes_in_the_buffer_keeps_them(void **state)
{
	static const size_t lens[] = { 1, 16 * KIB, INLINE_MAX + 1, 3 * MIB + 7 };
	struct house *h = *state;

	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		struct session s;
		uint64_t received = 0;

		start(&s, h, lens[i], 5);
		assert_int_equal(hold(&s), STA_OK);
		assert_int_equal(append(&s, 0, s.len, 1000003), STA_OK);
		release(&s); /* the client went away: no flush */
		assert_int_equal(status(&s, &received), STA_OK);
		assert_int_equal(received, s.len);
		assert_int_equal(hold(&s), STA_OK);
		assert_int_equal(sta_upload_size(s.u), s.len);
		assert_int_equal(finish(&s), STA_OK);
		release(&s);
		assert_int_equal(pull(&s), STA_OK);
		end(&s);
	}
}

static void
a_session_survives_a_restart_with_its_hash(void **state)
{
	static const size_t lens[] = { 0, 1, INLINE_MAX, INLINE_MAX + 1, 2 * MIB + 3 };
	struct house *h = *state;

	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		struct session s;
		uint64_t received = 99;

		start(&s, h, lens[i], (unsigned) i);
		if (s.len > 0)
			patch(&s, 0, s.len / 2 + 1);
		house_restart(h);
		assert_int_equal(status(&s, &received), STA_OK);
		assert_int_equal(received, s.len > 0 ? s.len / 2 + 1 : 0);
		assert_int_equal(hold(&s), STA_OK);
		assert_int_equal(append(&s, sta_upload_size(s.u), s.len, 300 * KIB), STA_OK);
		assert_int_equal(finish(&s), STA_OK);
		release(&s);
		assert_int_equal(pull(&s), STA_OK);
		end(&s);
	}
	assert_sound(h);
}

static void
reading_a_session_anew_needs_a_thread_that_may_wait(void **state)
{
	struct house *h = *state;
	struct session s;

	start(&s, h, 10, 1);
	patch(&s, 0, 5);
	house_restart(h);
	h->alice.may_wait = false;
	assert_int_equal(hold(&s), STA_WOULD_BLOCK);
	h->alice.may_wait = true;
	assert_int_equal(hold(&s), STA_OK);
	release(&s);
	h->alice.may_wait = false;
	assert_int_equal(hold(&s), STA_OK); /* the hash is at hand now */
	h->alice.may_wait = true;
	release(&s);
	end(&s);
}

static void
the_digest_may_be_of_another_algorithm_than_announced(void **state)
{
	static const size_t lens[] = { 0, 10, INLINE_MAX + 1, 2 * MIB };
	struct house *h = *state;

	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		struct session s;

		start(&s, h, lens[i], 9);
		s.digest = digest_by(STA_SHA512, s.bytes, s.len);
		if (s.len > 0)
			patch(&s, 0, s.len / 2);
		assert_int_equal(hold(&s), STA_OK);
		assert_int_equal(append(&s, s.len / 2, s.len, 4096), STA_OK);
		assert_int_equal(finish(&s), STA_OK);
		release(&s);
		assert_int_equal(pull(&s), STA_OK);
		s.digest = sha256_of(s.bytes, s.len); /* that is another content */
		assert_int_equal(pull(&s), STA_NOT_FOUND);
		end(&s);
	}
	assert_sound(h);
}

static void
a_wrong_digest_ends_the_session(void **state)
{
	static const size_t lens[] = { 0, 10, 2 * MIB };
	struct house *h = *state;

	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		struct session s;
		uint64_t received;

		start(&s, h, lens[i], 1);
		s.digest.bytes[0] ^= 1;
		assert_int_equal(hold(&s), STA_OK);
		assert_int_equal(append(&s, 0, s.len, s.len + 1), STA_OK);
		assert_int_equal(finish(&s), STA_DIGEST_MISMATCH);
		assert_int_equal(h->err.code, STA_OCI_DIGEST_INVALID);
		release(&s);
		assert_int_equal(status(&s, &received), STA_NOT_FOUND);
		assert_int_equal(h->err.code, STA_OCI_BLOB_UPLOAD_UNKNOWN);
		assert_int_equal(hold(&s), STA_NOT_FOUND);
		assert_int_equal(pull(&s), STA_NOT_FOUND);
		end(&s);
	}
	assert_int_equal(count_stages(h), 0);
	assert_int_equal(number(h, "SELECT count(*) FROM upload"), 0);
	assert_int_equal(number(h, "SELECT count(*) FROM package"), 0);
}

static void
one_byte_too_many_ends_the_session(void **state)
{
	struct house *h = *state;
	struct session s;
	uint64_t received;
	size_t taken;

	start(&s, h, LAYER_MAX + 1, 1);
	assert_int_equal(hold(&s), STA_OK);
	assert_int_equal(sta_upload_expect(s.u, LAYER_MAX, &h->err), STA_OK);
	assert_int_equal(sta_upload_expect(s.u, LAYER_MAX + 1, &h->err), STA_TOO_LARGE);
	assert_int_equal(sta_upload_expect(s.u, UINT64_MAX, &h->err), STA_TOO_LARGE);
	assert_int_equal(append(&s, 0, LAYER_MAX, MIB), STA_OK); /* the session stayed as it was */
	assert_int_equal(sta_upload_append(s.u, s.bytes, 1, &taken, &h->err), STA_TOO_LARGE);
	assert_int_equal(h->err.code, STA_OCI_SIZE_INVALID);
	assert_int_equal(taken, 0);
	release(&s);
	assert_int_equal(status(&s, &received), STA_NOT_FOUND);
	assert_int_equal(hold(&s), STA_NOT_FOUND);
	end(&s);
	assert_int_equal(count_stages(h), 0);
	assert_int_equal(number(h, "SELECT count(*) FROM upload"), 0);
}

static void
the_largest_blob_is_accepted(void **state)
{
	struct house *h = *state;

	(void) push_seed(h, &h->alice, PACKAGE, LAYER_MAX, 3);
	assert_sound(h);
}

static void
a_held_session_is_busy_for_everybody_else(void **state)
{
	struct house *h = *state;
	struct session s;
	struct sta_upload *second = NULL;
	uint64_t received;

	start(&s, h, 100, 1);
	assert_int_equal(hold(&s), STA_OK);
	assert_int_equal(
		sta_upload_open(h->r, &h->alice, &s.name, s.id, STA_SHA256, &s.waker, &second, &h->err),
		STA_BUSY);
	assert_int_equal(h->err.code, STA_OCI_BLOB_UPLOAD_INVALID);
	assert_int_equal(sta_upload_cancel(h->r, &h->alice, &s.name, s.id, &h->err), STA_BUSY);
	assert_int_equal(status(&s, &received), STA_OK);
	release(&s);
	assert_int_equal(hold(&s), STA_OK);
	end(&s);
}

static void
a_session_is_unknown_to_others_and_in_other_packages(void **state)
{
	struct house *h = *state;
	struct sta_name other;
	struct sta_upload *u = NULL;
	struct session s;

	name_of("alice/lib", &other);
	start(&s, h, 100, 1);
	patch(&s, 0, 50);
	for (int restarted = 0; restarted < 2; restarted++) {
		const struct {
			const struct sta_call *call;
			const struct sta_name *name;
			const char *id;
		} table[] = {
			{ &h->admin, &s.name, s.id }, /* may push there, but it is not hers */
			{ &h->alice, &other, s.id },
			{ &h->alice, &s.name, "" },
			{ &h->alice, &s.name, "00000000-0000-4000-8000-000000000000" },
			{ &h->alice, &s.name, "../../../../etc/passwd" },
		};

		for (size_t i = 0; i < ARRAY_LEN(table); i++) {
			uint64_t received;

			assert_int_equal(sta_upload_open(h->r, table[i].call, table[i].name, table[i].id,
							 STA_SHA256, &s.waker, &u, &h->err),
					 STA_NOT_FOUND);
			assert_int_equal(h->err.code, STA_OCI_BLOB_UPLOAD_UNKNOWN);
			assert_int_equal(sta_upload_status(h->r, table[i].call, table[i].name, table[i].id,
							   &received, &h->err),
					 STA_NOT_FOUND);
			assert_int_equal(
				sta_upload_cancel(h->r, table[i].call, table[i].name, table[i].id, &h->err),
				STA_NOT_FOUND);
		}
		house_restart(h);
	}
	end(&s);
}

static void
who_may_not_push_learns_nothing_about_sessions(void **state)
{
	struct house *h = *state;
	struct sta_upload *u = NULL;
	struct session s;
	uint64_t received;
	char id[STA_UUID_TEXT_MAX];

	start(&s, h, 1, 1);
	assert_int_equal(sta_upload_status(h->r, &h->bob, &s.name, s.id, &received, &h->err), STA_DENIED);
	assert_int_equal(sta_upload_open(h->r, &h->bob, &s.name, NULL, STA_SHA256, &s.waker, &u, &h->err),
			 STA_DENIED);
	assert_int_equal(sta_upload_start(h->r, &h->bob, &s.name, STA_SHA256, id, &h->err), STA_DENIED);
	assert_int_equal(sta_upload_start(h->r, &h->nobody, &s.name, STA_SHA256, id, &h->err),
			 STA_UNAUTHENTICATED);
	end(&s);
}

static void
a_cancelled_session_is_gone_with_its_bytes(void **state)
{
	struct house *h = *state;
	struct session s;

	start(&s, h, 2 * MIB, 1);
	patch(&s, 0, s.len);
	assert_int_equal(count_stages(h), 1);
	assert_int_equal(sta_upload_cancel(h->r, &h->alice, &s.name, s.id, &h->err), STA_OK);
	settle(h);
	assert_int_equal(count_stages(h), 0);
	assert_int_equal(hold(&s), STA_NOT_FOUND);
	assert_int_equal(sta_upload_cancel(h->r, &h->alice, &s.name, s.id, &h->err), STA_NOT_FOUND);
	end(&s);
}

static void
a_user_has_a_limited_number_of_open_sessions(void **state)
{
	struct house *h = *state;
	struct sta_name name;
	char id[STA_UUID_TEXT_MAX], first[STA_UUID_TEXT_MAX];

	h->options.uploads_per_user = 3;
	house_restart(h);
	name_of(PACKAGE, &name);
	assert_int_equal(sta_upload_start(h->r, &h->alice, &name, STA_SHA256, first, &h->err), STA_OK);
	for (int i = 0; i < 2; i++)
		assert_int_equal(sta_upload_start(h->r, &h->alice, &name, STA_SHA256, id, &h->err), STA_OK);
	assert_int_equal(sta_upload_start(h->r, &h->alice, &name, STA_SHA256, id, &h->err), STA_TOO_MANY);
	assert_int_equal(sta_upload_cancel(h->r, &h->alice, &name, first, &h->err), STA_OK);
	assert_int_equal(sta_upload_start(h->r, &h->alice, &name, STA_SHA256, id, &h->err), STA_OK);
}

static void
idle_sessions_past_the_limit_of_the_table_are_read_again(void **state)
{
	struct house *h = *state;
	struct sta_upload_stats stats;
	struct session s;
	char id[STA_UUID_TEXT_MAX];

	h->options.uploads_per_user = 10000;
	house_restart(h);
	start(&s, h, 200 * KIB, 1);
	patch(&s, 0, 100 * KIB);
	for (int i = 0; i < 4100; i++)
		assert_int_equal(sta_upload_start(h->r, &h->alice, &s.name, STA_SHA256, id, &h->err), STA_OK);
	sta_upload_stats(h->r, &stats);
	assert_int_equal(stats.cached, 4096);
	assert_int_equal(hold(&s), STA_OK);
	assert_int_equal(append(&s, 100 * KIB, s.len, MIB), STA_OK);
	assert_int_equal(finish(&s), STA_OK);
	release(&s);
	assert_int_equal(pull(&s), STA_OK);
	end(&s);
}

static void
the_same_blob_twice_at_once_is_one_blob(void **state)
{
	static const size_t lens[] = { 10, 2 * MIB };
	struct house *h = *state;

	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		struct session a, b;

		start(&a, h, lens[i], 1);
		start(&b, h, lens[i], 1);
		assert_int_equal(hold(&a), STA_OK);
		assert_int_equal(hold(&b), STA_OK);
		assert_int_equal(append(&a, 0, a.len, MIB), STA_OK);
		assert_int_equal(append(&b, 0, b.len, MIB), STA_OK);
		assert_int_equal(finish(&a), STA_OK);
		assert_int_equal(finish(&b), STA_OK);
		sta_upload_release(a.u);
		a.u = NULL;
		release(&b);
		assert_int_equal(pull(&a), STA_OK);
		end(&a);
		end(&b);
	}
	assert_int_equal(number(h, "SELECT count(*) FROM blob"), 2);
	assert_int_equal(number(h, "SELECT sum(members) FROM blob"), 2);
	assert_sound(h);
}

static void
buffers_are_given_back(void **state)
{
	struct house *h = *state;
	struct sta_upload_stats stats;
	struct session s;

	start(&s, h, 4 * MIB, 1);
	assert_int_equal(hold(&s), STA_OK);
	assert_int_equal(append(&s, 0, s.len, MIB), STA_OK);
	sta_upload_stats(h->r, &stats);
	assert_int_equal(stats.held, 1);
	assert_true(stats.buffer_bytes > 0 && stats.buffer_bytes <= BUFFERED_MAX);
	release(&s);
	sta_upload_stats(h->r, &stats);
	assert_int_equal(stats.held, 0);
	assert_int_equal(stats.cached, 1);
	assert_int_equal(stats.buffer_bytes, 0);
	end(&s);
}

/* A worker that is slow: append must take less, and wake when there is room. */
struct gate {
	pthread_mutex_t lock;
	pthread_cond_t opened;
	bool open;
};

static enum sta_rc
wait_at_gate(struct house *h, struct sta_err *err)
{
	struct gate *g = h->hook_arg;

	(void) err;
	(void) pthread_mutex_lock(&g->lock);
	while (!g->open)
		(void) pthread_cond_wait(&g->opened, &g->lock);
	(void) pthread_mutex_unlock(&g->lock);
	return STA_OK;
}

static void
append_takes_less_while_the_disk_is_slow_and_wakes_later(void **state)
{
	struct gate gate = { .lock = PTHREAD_MUTEX_INITIALIZER, .opened = PTHREAD_COND_INITIALIZER };
	struct house *h = *state;
	struct session s;
	size_t at = 0, taken = 0;

	start(&s, h, BUFFERED_MAX + MIB, 1);
	h->hook_arg = &gate;
	h->before[OP_STAGE_WRITE] = wait_at_gate;
	assert_int_equal(hold(&s), STA_OK);
	do {
		assert_int_equal(sta_upload_append(s.u, s.bytes + at, s.len - at, &taken, &h->err), STA_OK);
		at += taken;
	} while (taken > 0 && at < s.len);
	assert_true(at < s.len); /* memory is bounded */
	assert_true(at <= BUFFERED_MAX);
	(void) pthread_mutex_lock(&gate.lock);
	gate.open = true;
	(void) pthread_cond_broadcast(&gate.opened);
	(void) pthread_mutex_unlock(&gate.lock);
	bell_wait(s.bell);
	assert_int_equal(append(&s, at, s.len, MIB), STA_OK);
	assert_int_equal(finish(&s), STA_OK);
	release(&s);
	assert_int_equal(pull(&s), STA_OK);
	end(&s);
}

static void
letting_go_while_a_worker_writes_waits_for_nothing_and_keeps_the_bytes(void **state)
{
	struct gate gate = { .lock = PTHREAD_MUTEX_INITIALIZER, .opened = PTHREAD_COND_INITIALIZER };
	struct house *h = *state;
	struct sta_upload *again = NULL;
	struct session s;
	size_t taken = 0;

	start(&s, h, INLINE_MAX + 100, 1);
	h->hook_arg = &gate;
	h->before[OP_STAGE_WRITE] = wait_at_gate;
	assert_int_equal(hold(&s), STA_OK);
	assert_int_equal(append(&s, 0, s.len - 100, s.len), STA_OK);
	assert_int_equal(sta_upload_append(s.u, s.bytes + s.len - 100, 100, &taken, &h->err), STA_OK);
	assert_int_equal(taken, 100);
	sta_upload_release(s.u);
	s.u = NULL;
	assert_int_equal(
		sta_upload_open(h->r, &h->alice, &s.name, s.id, STA_SHA256, &s.waker, &again, &h->err),
		STA_BUSY);
	(void) pthread_mutex_lock(&gate.lock);
	gate.open = true;
	(void) pthread_cond_broadcast(&gate.opened);
	(void) pthread_mutex_unlock(&gate.lock);
	settle(h);
	assert_int_equal(hold(&s), STA_OK);
	assert_int_equal(sta_upload_size(s.u), s.len);
	assert_int_equal(finish(&s), STA_OK);
	end(&s);
	assert_sound(h);
}

/* The first half is lost between two requests. */
static void
bytes_that_the_disk_lost_between_requests_are_never_acknowledged(void **state)
{
	struct house *h = *state;
	struct session s;

	if (strcmp(h->shell.real->ops->name, "fs") != 0) {
		print_message("# not for the driver that writes to no disk\n");
		return; /* cmocka's skip() counts as a failure in TAP */
	}
	start(&s, h, 3 * MIB, 1);
	patch(&s, 0, 2 * MIB);
	lost_writes++;
	assert_int_equal(hold(&s), STA_OK);
	assert_int_equal(append(&s, 2 * MIB, s.len, MIB), STA_OK);
	assert_int_equal(finish(&s), STA_IO);
	release(&s);
	assert_int_equal(pull(&s), STA_NOT_FOUND);
	assert_int_equal(count_stages(h), 0);
	end(&s);
	assert_sound(h);
}

/* The first write had failed, so that only the name was there. */
static void
an_empty_stage_of_before_a_restart_goes_with_its_session(void **state)
{
	struct house *h = *state;
	struct sta_store *s = h->shell.real;
	struct bell *b = bell_new();
	struct sta_upload_waker waker = bell_waker(b);
	struct sta_upload *u = NULL;
	struct sta_digest d = sha256_of("x", 1);
	struct sta_name name;
	char id[STA_UUID_TEXT_MAX];

	name_of("alice/app", &name);
	assert_int_equal(sta_upload_start(h->r, &h->alice, &name, STA_SHA256, id, &h->err), STA_OK);
	assert_int_equal(s->ops->stage_create(s, id, &h->err), STA_OK);
	house_restart(h);
	assert_int_equal(sta_upload_open(h->r, &h->alice, &name, id, STA_SHA256, &waker, &u, &h->err),
			 STA_OK);
	assert_int_equal(append_all(u, b, "x", 1, 1, &h->err), STA_OK);
	assert_int_equal(sta_upload_finish(u, &h->alice, &d, &h->err), STA_OK);
	sta_upload_release(u);
	settle(h);
	assert_int_equal(count_stages(h), 0);
	bell_free(b);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, house_setup, house_teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(every_size_in_every_chunk_comes_back_identical),
		TEST(a_blob_in_one_request_leaves_nothing_but_the_blob),
		TEST(small_blobs_live_in_the_database_and_larger_ones_in_the_store),
		TEST(an_upload_in_one_request_that_is_given_up_leaves_nothing),
		TEST(a_session_goes_on_where_it_was_left),
		TEST(chunks_of_odd_sizes_come_back_identical),
		TEST(letting_go_with_bytes_in_the_buffer_keeps_them),
		TEST(a_session_survives_a_restart_with_its_hash),
		TEST(an_empty_stage_of_before_a_restart_goes_with_its_session),
		TEST(reading_a_session_anew_needs_a_thread_that_may_wait),
		TEST(the_digest_may_be_of_another_algorithm_than_announced),
		TEST(a_wrong_digest_ends_the_session),
		TEST(one_byte_too_many_ends_the_session),
		TEST(the_largest_blob_is_accepted),
		TEST(a_held_session_is_busy_for_everybody_else),
		TEST(a_session_is_unknown_to_others_and_in_other_packages),
		TEST(who_may_not_push_learns_nothing_about_sessions),
		TEST(a_cancelled_session_is_gone_with_its_bytes),
		TEST(a_user_has_a_limited_number_of_open_sessions),
		TEST(idle_sessions_past_the_limit_of_the_table_are_read_again),
		TEST(the_same_blob_twice_at_once_is_one_blob),
		TEST(buffers_are_given_back),
		TEST(append_takes_less_while_the_disk_is_slow_and_wakes_later),
		TEST(letting_go_while_a_worker_writes_waits_for_nothing_and_keeps_the_bytes),
		TEST(bytes_that_the_disk_lost_between_requests_are_never_acknowledged),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
