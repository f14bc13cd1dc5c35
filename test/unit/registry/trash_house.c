#include "trash_house.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "crypto/hash.h"

int
trash_setup(void **state)
{
	struct house *h;

	if (house_setup(state) != 0)
		return -1;
	h = *state;
	h->options.trash_keep_s = KEEP;
	house_restart(h);
	return 0;
}

int
trash_teardown(void **state)
{
	assert_sound(*state);
	return house_teardown(state);
}

static int64_t
put(struct house *h, const char *ref, const char *media_type, const char *text)
{
	char digest[STA_DIGEST_TEXT_MAX];
	struct sta_digest d = sha256_of(text, strlen(text));
	struct sta_reference reference = ref_of(ref ? ref : sta_digest_text(&d, digest));
	struct sta_name name;
	struct sta_push push = {
		.name = &name, .ref = &reference, .media_type = media_type, .bytes = text, .len = strlen(text)
	};
	struct sta_pushed pushed;
	struct sta_pulled_manifest got;

	name_of(APP, &name);
	assert_rc(h, sta_push_manifest(h->r, &h->alice, &push, &pushed, &h->err), STA_OK);
	reference = ref_digest(&d);
	assert_rc(h, sta_pull_manifest(h->r, &h->alice, &name, &reference, false, &got, &h->err), STA_OK);
	return got.id;
}

int64_t
add_image(struct house *h, const char *ref, unsigned seed)
{
	struct sta_digest config = push_seed(h, &h->alice, APP, CONFIG_LEN, seed);

	return put(h, ref, "application/vnd.oci.image.manifest.v1+json",
		   manifest_of(h, &config, CONFIG_LEN, NULL, 0, 0));
}

int64_t
add_index(struct house *h, const char *ref, const int64_t *children, size_t n)
{
	static const char begin[] = "{\"schemaVersion\":2,\"mediaType\":\"application/"
				    "vnd.oci.image.index.v1+json\",\"manifests\":[";
	static char text[256 * 256];
	size_t len = (size_t) snprintf(text, sizeof(text), "%s", begin);

	for (size_t i = 0; i < n; i++) {
		char digest[STA_DIGEST_TEXT_MAX];
		struct sta_digest d = digest_at(h, children[i]);

		len += (size_t) snprintf(text + len, sizeof(text) - len,
					 "%s{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
					 "\"digest\":\"%s\",\"size\":2}",
					 i > 0 ? "," : "", sta_digest_text(&d, digest));
		assert_true(len < sizeof(text));
	}
	(void) snprintf(text + len, sizeof(text) - len, "]}");
	return put(h, ref, "application/vnd.oci.image.index.v1+json", text);
}

int64_t
add_referrer(struct house *h, int64_t subject, unsigned seed)
{
	struct sta_digest config = push_seed(h, &h->alice, APP, CONFIG_LEN, seed);
	struct sta_digest d = digest_at(h, subject);
	char *text = manifest_of(h, &config, CONFIG_LEN, NULL, 0, 0);
	char digest[STA_DIGEST_TEXT_MAX];
	int len = (int) strlen(text) - 1;

	text = sta_arena_printf(
		h->arena,
		"%.*s,\"subject\":{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
		"\"digest\":\"%s\",\"size\":2}}",
		len, text, sta_digest_text(&d, digest));
	assert_non_null(text);
	return put(h, NULL, "application/vnd.oci.image.manifest.v1+json", text);
}

struct sta_digest
digest_at(struct house *h, int64_t id)
{
	STA_AUTO(sta_db_done) struct sta_db_stmt *s = NULL;
	struct sta_db_conn *c = NULL;
	struct sta_version_row row;
	bool found = false;

	assert_rc(h, sta_db_reader(h->db, &c, &h->err), STA_OK);
	assert_rc(h, sta_db_prepare(c, "SELECT package_id FROM manifest WHERE id = $1", &s, &h->err), STA_OK);
	sta_db_bind_int(s, 1, id);
	assert_rc(h, sta_db_step(s, &found, &h->err), STA_OK);
	assert_true(found);
	assert_rc(h, sta_version_row(c, h->arena, sta_db_int(s, 0), id, &row, &h->err), STA_OK);
	return row.digest;
}

enum sta_rc
remove_version(struct house *h, const struct sta_call *call, int64_t id)
{
	const struct sta_version_removal v = { .owner = "alice", .name = "app", .id = id };

	return sta_published_remove_version(h->r, call, &v, &h->err);
}

enum sta_rc
remove_with(struct house *h, int64_t id, bool cascade)
{
	const struct sta_version_removal v = {
		.owner = "alice", .name = "app", .id = id, .cascade = &cascade
	};

	return sta_published_remove_version(h->r, &h->alice, &v, &h->err);
}

enum sta_rc
restore_version(struct house *h, const struct sta_call *call, int64_t id)
{
	return sta_published_restore_version(h->r, call, "alice", "app", id, &h->err);
}

enum sta_rc
remove_package(struct house *h, const struct sta_call *call)
{
	return sta_published_remove_package(h->r, call, "alice", "app", &h->err);
}

enum sta_rc
restore_package(struct house *h, const struct sta_call *call, const char *owner, const char *name, int64_t id)
{
	return sta_published_restore_package(h->r, call, owner, name, id, &h->err);
}

static enum sta_rc
pull(struct house *h, const char *package, const struct sta_reference *ref, struct sta_pulled_manifest *out)
{
	struct sta_name name;

	name_of(package, &name);
	return sta_pull_manifest(h->r, &h->alice, &name, ref, true, out, &h->err);
}

bool
is_there(struct house *h, int64_t id)
{
	struct sta_digest d = digest_at(h, id);
	struct sta_reference ref = ref_digest(&d);
	struct sta_pulled_manifest got;
	enum sta_rc rc = pull(h, APP, &ref, &got);

	assert_true(rc == STA_OK || rc == STA_NOT_FOUND);
	return rc == STA_OK && got.id == id;
}

int64_t
meant_by(struct house *h, const char *name, const char *tag)
{
	struct sta_reference ref = ref_of(tag);
	struct sta_pulled_manifest got;
	enum sta_rc rc = pull(h, name, &ref, &got);

	assert_true(rc == STA_OK || rc == STA_NOT_FOUND);
	return rc == STA_OK ? got.id : 0;
}

uint64_t
list(struct house *h, bool deleted, struct sta_version_row **rows, size_t *n)
{
	struct sta_span span = { .max = STA_SPAN_MAX };
	struct sta_published_versions got = { .n = 0 };

	assert_rc(h, sta_published_versions(h->r, &h->alice, "alice", "app", deleted, &span, &got, &h->err),
		  STA_OK);
	if (rows)
		*rows = got.items;
	if (n)
		*n = got.n;
	return span.total;
}
