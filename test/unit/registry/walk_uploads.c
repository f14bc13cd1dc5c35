#include "registry/walk_internal.h"

#include <string.h>

void
walk_start(struct walk *w, size_t caller, size_t package)
{
	struct walk_session *s = &w->sessions[walk_pick(w, WALK_SESSIONS)];
	size_t blob = walk_pick(w, WALK_BLOBS);
	struct sta_name name;
	char id[STA_UUID_TEXT_MAX];
	enum sta_rc rc;

	if (s->open)
		return;
	name_of(walk_packages[package], &name);
	rc = sta_upload_start(w->h->r, w->callers[caller], &name, STA_SHA256, id, &w->h->err);
	if (!walk_owns(w, caller, package)) {
		walk_refused(rc);
		return;
	}
	assert_int_equal(rc, STA_OK);
	*s = (struct walk_session){ .open = true,
				    .caller = caller,
				    .package = package,
				    .blob = blob,
				    .expires = sta_now_unix() + WALK_TTL };
	memcpy(s->id, id, sizeof(s->id));
}

/* What a request that means the session is answered; the session is its caller's and package's alone. */
static enum sta_rc
expected_of(const struct walk *w, const struct walk_session *s, size_t caller, size_t package)
{
	const struct sta_caller *c = walk_caller(w, caller);
	bool same = c->user_id == walk_caller(w, s->caller)->user_id && c->kind != STA_CALLER_ANONYMOUS;

	if (!walk_owns(w, caller, package))
		return STA_DENIED;
	return s->open && same && s->package == package ? STA_OK : STA_NOT_FOUND;
}

static bool
as_expected(enum sta_rc expected, enum sta_rc rc)
{
	if (expected == STA_DENIED)
		walk_refused(rc);
	else
		assert_int_equal(rc, expected);
	return rc == STA_OK;
}

/* Mostly the session's own caller and package. */
static struct walk_session *
some_session(struct walk *w, size_t *caller, size_t *package)
{
	struct walk_session *s = &w->sessions[walk_pick(w, WALK_SESSIONS)];

	if (walk_pick(w, 8) != 0) {
		*caller = s->caller;
		*package = s->package;
	}
	return s;
}

void
walk_append(struct walk *w, size_t caller, size_t package)
{
	static const size_t amounts[] = { 0, 1, 1000, 40 * KIB, 64 * KIB, 90 * KIB };
	struct walk_session *s = some_session(w, &caller, &package);
	const struct walk_blob *b = &w->blobs[s->blob];
	size_t amount = amounts[walk_pick(w, ARRAY_LEN(amounts))];
	bool flush = walk_pick(w, 4) != 0;
	struct bell *bell = bell_new();
	struct sta_upload_waker waker = bell_waker(bell);
	struct sta_upload *u = NULL;
	struct sta_name name;
	enum sta_rc rc;

	name_of(walk_packages[package], &name);
	rc = sta_upload_open(w->h->r, w->callers[caller], &name, s->id, STA_SHA256, &waker, &u, &w->h->err);
	if (as_expected(expected_of(w, s, caller, package), rc)) {
		amount = amount < b->len - s->len ? amount : b->len - s->len;
		assert_int_equal(sta_upload_size(u), s->len);
		rc = append_all(u, bell, b->bytes + s->len, amount, amount > 0 ? amount : 1, &w->h->err);
		assert_int_equal(rc, STA_OK);
		if (flush)
			assert_int_equal(sta_upload_flush(u, &w->h->err), STA_OK);
		s->len += amount;
		s->written = amount > 0 ? sta_now_unix() : s->written;
	}
	sta_upload_release(u);
	settle(w->h); /* without a flush a worker writes what is left */
	bell_free(bell);
}

/* With the digest of the whole blob, or of another one; either way the session ends. */
void
walk_finish(struct walk *w, size_t caller, size_t package)
{
	struct walk_session *s = some_session(w, &caller, &package);
	size_t other = walk_pick(w, 4) == 0 ? walk_pick(w, WALK_BLOBS) : s->blob;
	const struct walk_blob *b = &w->blobs[other];
	bool whole = other == s->blob && s->len == b->len;
	struct bell *bell = bell_new();
	struct sta_upload_waker waker = bell_waker(bell);
	struct sta_upload *u = NULL;
	struct sta_name name;
	enum sta_rc rc;

	whole |= s->len == 0 && b->len == 0;
	name_of(walk_packages[package], &name);
	rc = sta_upload_open(w->h->r, w->callers[caller], &name, s->id, STA_SHA256, &waker, &u, &w->h->err);
	if (as_expected(expected_of(w, s, caller, package), rc)) {
		rc = sta_upload_finish(u, w->callers[caller], &b->digest, &w->h->err);
		assert_int_equal(rc, whole ? STA_OK : STA_DIGEST_MISMATCH);
		s->open = false;
		if (whole)
			walk_add_blob(w, caller, package, other);
	}
	sta_upload_release(u);
	settle(w->h);
	bell_free(bell);
}

void
walk_cancel(struct walk *w, size_t caller, size_t package)
{
	struct walk_session *s = some_session(w, &caller, &package);
	struct sta_name name;
	enum sta_rc rc;

	name_of(walk_packages[package], &name);
	rc = sta_upload_cancel(w->h->r, w->callers[caller], &name, s->id, &w->h->err);
	if (as_expected(expected_of(w, s, caller, package), rc))
		s->open = false;
	settle(w->h);
}

void
walk_check_session(struct walk *w, struct walk_session *s, size_t caller, size_t package)
{
	struct sta_name name;
	uint64_t received = 0;
	enum sta_rc rc;

	name_of(walk_packages[package], &name);
	rc = sta_upload_status(w->h->r, w->callers[caller], &name, s->id, &received, &w->h->err);
	if (as_expected(expected_of(w, s, caller, package), rc))
		assert_int_equal(received, s->len);
}

void
walk_expire_sessions(struct walk *w)
{
	for (size_t i = 0; i < WALK_SESSIONS; i++) {
		struct walk_session *s = &w->sessions[i];

		if (!s->open || s->expires > sta_now_unix())
			continue;
		if (s->written + WALK_TTL > sta_now_unix())
			s->expires = s->written + WALK_TTL;
		else
			s->open = false;
	}
}
