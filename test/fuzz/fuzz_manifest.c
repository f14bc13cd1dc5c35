/* Manifests: the first byte chooses the declared media type, the rest is the
 * body.  What is accepted keeps the promises of the header, and means the same
 * after its JSON was printed anew. */
#include <stdbool.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "fuzz.h"
#include "oci/errcode.h"
#include "oci/manifest.h"

#define ARENA_CAP ((size_t) 64 << 20)

static const char *const types[] = {
	STA_MEDIA_OCI_MANIFEST,    STA_MEDIA_OCI_INDEX,   STA_MEDIA_OCI_ARTIFACT,
	STA_MEDIA_DOCKER_MANIFEST, STA_MEDIA_DOCKER_LIST, "application/vnd.example+json",
};

static bool
same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool
is_json(struct sta_arena *a, const char *text)
{
	struct sta_err err;
	json_t *j = NULL;

	return sta_json_load(a, text, strlen(text), &j, &err) == STA_OK && json_is_object(j);
}

static void
check_descriptor(struct sta_arena *a, const struct sta_manifest *m, size_t i)
{
	const struct sta_descriptor *d = &m->refs[i];

	REQUIRE(m->is_index == (d->kind == STA_REF_CHILD));
	REQUIRE(d->kind != STA_REF_CONFIG || i == 0);
	REQUIRE(sta_media_valid(d->media_type, strlen(d->media_type)));
	REQUIRE(!d->artifact_type || sta_media_valid(d->artifact_type, strlen(d->artifact_type)));
	REQUIRE(d->size <= INT64_MAX);
	REQUIRE(!d->may_be_absent || d->kind == STA_REF_LAYER);
	REQUIRE(!d->annotations || (d->kind == STA_REF_CHILD && is_json(a, d->annotations)));
}

static void
check_same(const struct sta_manifest *x, const struct sta_manifest *y)
{
	REQUIRE(x->is_index == y->is_index && x->n_refs == y->n_refs);
	REQUIRE(same_text(x->media_type, y->media_type) && same_text(x->artifact_type, y->artifact_type));
	REQUIRE(same_text(x->annotations, y->annotations));
	REQUIRE(x->has_subject == y->has_subject);
	REQUIRE(!x->has_subject || sta_digest_equal(&x->subject, &y->subject));
	for (size_t i = 0; i < x->n_refs; i++) {
		const struct sta_descriptor *d = &x->refs[i];
		const struct sta_descriptor *e = &y->refs[i];

		REQUIRE(d->kind == e->kind && d->size == e->size && d->may_be_absent == e->may_be_absent);
		REQUIRE(sta_digest_equal(&d->digest, &e->digest) && same_text(d->media_type, e->media_type));
	}
}

/* Print the body anew, with other white space and escapes, and read that. */
static void
check_again(struct sta_arena *a, const char *type, const char *body, size_t len, const struct sta_manifest *m)
{
	struct sta_manifest again;
	struct sta_err err;
	json_t *j = NULL;
	const char *text;

	REQUIRE(sta_json_load(a, body, len, &j, &err) == STA_OK);
	text = sta_json_dump(a, j);
	REQUIRE(text);
	if (strlen(text) > STA_MANIFEST_MAX)
		return;
	REQUIRE(sta_manifest_parse(a, type, text, strlen(text), &again, &err) == STA_OK);
	check_same(m, &again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(ARENA_CAP);
	struct sta_manifest m = { .n_refs = SIZE_MAX };
	struct sta_err err = { .rc = STA_OK };
	const char *type = types[size > 0 ? data[0] % (sizeof(types) / sizeof(types[0])) : 0];
	const char *body = (const char *) data + (size > 0);
	size_t len = size > 0 ? size - 1 : 0;
	enum sta_rc rc = sta_manifest_parse(a, type, body, len, &m, &err);

	if (rc != STA_OK) {
		REQUIRE(rc == STA_TOO_LARGE || (rc == STA_INVALID && err.code == STA_OCI_MANIFEST_INVALID));
		REQUIRE(m.n_refs == SIZE_MAX && err.msg[0] != '\0');
		return 0;
	}
	REQUIRE(strcmp(m.media_type, type) == 0 && m.n_refs <= STA_MANIFEST_REFS_MAX);
	REQUIRE(!m.annotations || is_json(a, m.annotations));
	for (size_t i = 0; i < m.n_refs; i++)
		check_descriptor(a, &m, i);
	check_again(a, type, body, len, &m);
	return 0;
}
