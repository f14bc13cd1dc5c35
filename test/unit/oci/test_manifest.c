#include "t.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/auto.h"
#include "base/buf.h"
#include "oci/errcode.h"
#include "oci/manifest.h"

#include "base/oom.h"

#define CAP ((size_t) 64 << 20)
#define DIG "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DESC(type, size) "{\"mediaType\":\"" type "\",\"digest\":\"" DIG "\",\"size\":" #size "}"
#define CONFIG "\"config\":" DESC("application/vnd.oci.image.config.v1+json", 7)
#define LAYER DESC("application/vnd.oci.image.layer.v1.tar+gzip", 9)
#define IMAGE(more) "{\"schemaVersion\":2," CONFIG ",\"layers\":[" LAYER "]" more "}"
#define INDEX(more) "{\"schemaVersion\":2,\"manifests\":[" DESC(STA_MEDIA_OCI_MANIFEST, 5) "]" more "}"
#define WITH_LAYER(layer) "{\"schemaVersion\":2," CONFIG ",\"layers\":[" layer "]}"

static enum sta_rc
parse(struct sta_arena *a, const char *type, const char *text, struct sta_manifest *out, struct sta_err *err)
{
	return sta_manifest_parse(a, type, text, strlen(text), out, err);
}

static struct sta_manifest
accepted(struct sta_arena *a, const char *type, const char *text)
{
	struct sta_manifest m;
	struct sta_err err;

	if (parse(a, type, text, &m, &err) != STA_OK)
		fail_msg("%s: %s", text, err.msg);
	return m;
}

/* Refused as a manifest, with the words in its message, and *out untouched. */
static void
refused(const char *type, const char *text, const char *words)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(CAP);
	struct sta_manifest m = { .n_refs = 77 };
	struct sta_err err;

	if (parse(a, type, text, &m, &err) != STA_INVALID)
		fail_msg("accepted: %s", text);
	assert_int_equal(err.code, STA_OCI_MANIFEST_INVALID);
	if (!strstr(err.msg, words))
		fail_msg("'%s' instead of '%s' for %s", err.msg, words, text);
	assert_int_equal(m.n_refs, 77);
}

static void
image_has_its_config_first_and_layers_in_order(void **state)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(CAP);
	struct sta_manifest m = accepted(
		a, STA_MEDIA_OCI_MANIFEST,
		"{\"schemaVersion\":2,\"layers\":[" DESC("a/b", 1) "," DESC("c/d", 2) "]," CONFIG "}");

	(void) state;
	assert_false(m.is_index);
	assert_string_equal(m.media_type, STA_MEDIA_OCI_MANIFEST);
	assert_int_equal(m.n_refs, 3);
	assert_int_equal(m.refs[0].kind, STA_REF_CONFIG);
	assert_int_equal(m.refs[0].size, 7);
	assert_int_equal(m.refs[1].kind, STA_REF_LAYER);
	assert_string_equal(m.refs[1].media_type, "a/b");
	assert_int_equal(m.refs[1].digest.bytes[1], 0x23);
	assert_int_equal(m.refs[2].size, 2);
	assert_false(m.has_subject);
	assert_null(m.annotations);
}

static void
index_has_children_with_their_own_members(void **state)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(CAP);
	struct sta_manifest m = accepted(
		a, STA_MEDIA_OCI_INDEX,
		"{\"schemaVersion\":2,\"artifactType\":\"x/y\",\"manifests\":[{\"mediaType\":\"a/b\","
		"\"digest\":\"" DIG "\",\"size\":0,\"artifactType\":\"s/t\",\"platform\":{\"os\":\"linux\"},"
		"\"annotations\":{\"z\":\"1\",\"a\":\"2\"}}]}");

	(void) state;
	assert_true(m.is_index);
	assert_string_equal(m.artifact_type, "x/y");
	assert_int_equal(m.n_refs, 1);
	assert_int_equal(m.refs[0].kind, STA_REF_CHILD);
	assert_string_equal(m.refs[0].artifact_type, "s/t");
	assert_string_equal(m.refs[0].annotations, "{\"z\":\"1\",\"a\":\"2\"}");
	assert_false(m.refs[0].may_be_absent);
}

/* Documents that clients push, and what must be found in them. */
static void
known_documents(void **state)
{
	static const struct {
		const char *type;
		const char *text;
		size_t n_refs;
		bool is_index;
	} row[] = {
		{ STA_MEDIA_OCI_MANIFEST, IMAGE(""), 2, false },
		{ STA_MEDIA_OCI_MANIFEST, IMAGE(",\"mediaType\":\"" STA_MEDIA_OCI_MANIFEST "\""), 2, false },
		{ STA_MEDIA_OCI_MANIFEST, IMAGE(",\"org.example\":{\"Layers\":[]}"), 2, false },
		{ STA_MEDIA_OCI_MANIFEST, IMAGE(",\"subject\":null,\"annotations\":null"), 2, false },
		{ STA_MEDIA_OCI_MANIFEST, "{\"schemaVersion\":2," CONFIG ",\"layers\":[]}", 1, false },
		{ STA_MEDIA_OCI_MANIFEST, "{\"schemaVersion\":2," CONFIG ",\"layers\":null}", 1, false },
		{ STA_MEDIA_OCI_MANIFEST, "{\"schemaVersion\":2," CONFIG "}", 1, false },
		{ STA_MEDIA_DOCKER_MANIFEST, IMAGE(",\"mediaType\":\"" STA_MEDIA_DOCKER_MANIFEST "\""), 2,
		  false },
		{ STA_MEDIA_OCI_INDEX, INDEX(""), 1, true },
		{ STA_MEDIA_OCI_INDEX, "{\"schemaVersion\":2,\"manifests\":[]}", 0, true },
		{ STA_MEDIA_OCI_INDEX, "{\"schemaVersion\":2,\"manifests\":null}", 0, true },
		{ STA_MEDIA_DOCKER_LIST, INDEX(",\"mediaType\":\"" STA_MEDIA_DOCKER_LIST "\""), 1, true },
		{ STA_MEDIA_OCI_ARTIFACT, "{\"artifactType\":\"a/b\",\"blobs\":[" LAYER "]}", 1, false },
		{ STA_MEDIA_OCI_ARTIFACT, "{\"artifactType\":\"a/b\"}", 0, false },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(CAP);
		struct sta_manifest m = accepted(a, row[i].type, row[i].text);

		if (m.n_refs != row[i].n_refs || m.is_index != row[i].is_index)
			fail_msg("%s: %zu", row[i].text, m.n_refs);
	}
}

static void
unknown_type_is_read_by_its_shape(void **state)
{
	static const struct {
		const char *text;
		size_t n_refs;
		bool is_index;
	} row[] = {
		{ "{}", 0, false },
		{ "{\"layers\":7}", 0, false },
		{ "{\"config\":{\"colour\":\"red\"}}", 0, false },
		{ "{\"subject\":\"physics\",\"annotations\":[1]}", 0, false },
		{ "{" CONFIG "}", 1, false },
		{ IMAGE(""), 2, false },
		{ "{\"layers\":[" LAYER "]}", 1, false },
		{ INDEX(""), 1, true },
		{ "{\"blobs\":[" LAYER "]}", 1, false },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(CAP);
		struct sta_manifest m = accepted(a, "application/vnd.acme+json", row[i].text);

		if (m.n_refs != row[i].n_refs || m.is_index != row[i].is_index)
			fail_msg("%s: %zu", row[i].text, m.n_refs);
	}
}

static void
unknown_type_with_a_shape_is_held_to_it(void **state)
{
	(void) state;
	refused("a/b", "{\"layers\":[7]}", "layers[0]: not a descriptor");
	refused("a/b", "{\"schemaVersion\":1,\"fsLayers\":[]}", "schemaVersion is not 2");
	refused("a/b", "{\"mediaType\":\"" STA_MEDIA_OCI_MANIFEST "\"}", "not the declared Content-Type");
	refused("a/b", "{\"layers\":[],\"manifests\":[]}", "more than one kind");
	refused("a/b", "{\"Layers\":[]}", "only in case");
}

static void
type_is_kept_without_parameters(void **state)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(CAP);
	struct sta_manifest m = accepted(a, STA_MEDIA_OCI_MANIFEST " ; charset=utf-8",
					 IMAGE(",\"mediaType\":\"" STA_MEDIA_OCI_MANIFEST "\""));

	(void) state;
	assert_string_equal(m.media_type, STA_MEDIA_OCI_MANIFEST);
}

static void
malformed_type_is_refused(void **state)
{
	static const char *const row[] = { "", "json", "*/*", "a/b c", "; charset=utf-8", " a/b" };

	(void) state;
	refused(NULL, IMAGE(""), "Content-Type");
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		refused(row[i], IMAGE(""), "Content-Type");
}

static void
body_that_is_no_manifest_of_its_type_is_refused(void **state)
{
	static const struct {
		const char *type;
		const char *text;
		const char *words;
	} row[] = {
		{ STA_MEDIA_OCI_MANIFEST, "", "text ends too early" },
		{ STA_MEDIA_OCI_MANIFEST, "7", "neither an object nor an array" },
		{ STA_MEDIA_OCI_MANIFEST, "[]", "not an object" },
		{ STA_MEDIA_OCI_MANIFEST, "{}", "not those of its media type" },
		{ STA_MEDIA_OCI_MANIFEST, INDEX(""), "not those of its media type" },
		{ STA_MEDIA_OCI_INDEX, IMAGE(""), "not those of its media type" },
		{ STA_MEDIA_OCI_INDEX, "{\"schemaVersion\":2}", "not those of its media type" },
		{ STA_MEDIA_OCI_ARTIFACT, IMAGE(""), "not those of its media type" },
		{ STA_MEDIA_OCI_MANIFEST, IMAGE(",\"manifests\":[]"), "more than one kind" },
		{ STA_MEDIA_OCI_MANIFEST, IMAGE(",\"manifests\":null"), "more than one kind" },
		{ STA_MEDIA_OCI_INDEX, INDEX(",\"layers\":[]"), "more than one kind" },
		{ STA_MEDIA_OCI_INDEX, INDEX("," CONFIG), "more than one kind" },
		{ STA_MEDIA_OCI_INDEX, INDEX(",\"blobs\":[]"), "more than one kind" },
		{ STA_MEDIA_OCI_MANIFEST, IMAGE(",\"blobs\":[]"), "more than one kind" },
		{ STA_MEDIA_OCI_MANIFEST, IMAGE(",\"mediaType\":\"" STA_MEDIA_OCI_INDEX "\""),
		  "Content-Type" },
		{ STA_MEDIA_DOCKER_MANIFEST, IMAGE(",\"mediaType\":\"" STA_MEDIA_OCI_MANIFEST "\""),
		  "Content-Type" },
		{ STA_MEDIA_OCI_MANIFEST, IMAGE(",\"mediaType\":7"), "Content-Type" },
		{ STA_MEDIA_OCI_MANIFEST, IMAGE(",\"mediaType\":\"\""), "Content-Type" },
		{ STA_MEDIA_OCI_MANIFEST, "{" CONFIG ",\"layers\":[]}", "no schemaVersion" },
		{ STA_MEDIA_OCI_MANIFEST, "{\"schemaVersion\":1," CONFIG "}", "schemaVersion is not 2" },
		{ STA_MEDIA_OCI_MANIFEST, "{\"schemaVersion\":2.0," CONFIG "}", "schemaVersion is not 2" },
		{ STA_MEDIA_OCI_MANIFEST, "{\"schemaVersion\":\"2\"," CONFIG "}", "schemaVersion is not 2" },
		{ STA_MEDIA_OCI_MANIFEST, "{\"schemaVersion\":2,\"layers\":[]}", "no config" },
		{ STA_MEDIA_OCI_MANIFEST, "{\"schemaVersion\":2,\"config\":null}", "no config" },
		{ STA_MEDIA_OCI_MANIFEST, "{\"schemaVersion\":2," CONFIG ",\"layers\":{}}",
		  "layers: not a list" },
		{ STA_MEDIA_OCI_MANIFEST, IMAGE(",\"schemaVersion\":2"), "duplicate" },
		{ STA_MEDIA_OCI_MANIFEST, IMAGE(",\"layers\":[]"), "duplicate" },
		{ STA_MEDIA_OCI_MANIFEST, IMAGE(",\"x\":{\"y\":1,\"y\":1}"), "duplicate" },
		{ STA_MEDIA_OCI_MANIFEST, IMAGE("") "x", "after the value" },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		refused(row[i].type, row[i].text, row[i].words);
}

static void
key_that_differs_in_case_is_refused(void **state)
{
	static const char *const row[] = {
		IMAGE(",\"Layers\":[]"),         IMAGE(",\"CONFIG\":{}"),    IMAGE(",\"schemaversion\":1"),
		IMAGE(",\"MediaType\":\"a/b\""), IMAGE(",\"Manifests\":[]"), IMAGE(",\"layer\\u017f\":[]"),
		IMAGE(",\"\\u017fubject\":{}"),  IMAGE(",\"Blobs\":[]"),     IMAGE(",\"Annotations\":{}"),
	};
	static const char *const key[] = {
		"Digest", "SIZE", "Mediatype", "\\u017fize", "artifacttype", "Urls"
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		refused(STA_MEDIA_OCI_MANIFEST, row[i], "only in case");
	for (size_t i = 0; i < ARRAY_LEN(key); i++) {
		char text[1024];

		(void) snprintf(text, sizeof(text),
				"{\"schemaVersion\":2," CONFIG
				",\"layers\":[{\"mediaType\":\"a/b\",\"digest\":\"" DIG
				"\",\"size\":1,\"%s\":1}]}",
				key[i]);
		refused(STA_MEDIA_OCI_MANIFEST, text, "layers[0]: a key differs");
	}
}

/* Only whole keys count, and other letters outside ASCII are themselves. */
static void
similar_keys_are_just_unknown(void **state)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(CAP);
	struct sta_manifest m =
		accepted(a, STA_MEDIA_OCI_MANIFEST,
			 IMAGE(",\"Layer\":1,\"layerss\":1,\"layer\\u015b\":1,\"\":1,\"\\u212a\":1"));

	(void) state;
	assert_int_equal(m.n_refs, 2);
}

static void
malformed_descriptor_is_refused(void **state)
{
	static const struct {
		const char *layer;
		const char *words;
	} row[] = {
		{ "null", "layers[0]: not a descriptor" },
		{ "[]", "not a descriptor" },
		{ "{}", "mediaType" },
		{ LAYER ",7", "layers[1]: not a descriptor" },
		{ "{\"mediaType\":\"a/b\",\"size\":1}", "digest" },
		{ "{\"mediaType\":\"a/b\",\"size\":1,\"digest\":7}", "digest" },
		{ "{\"mediaType\":\"a/b\",\"size\":1,\"digest\":\"\"}", "digest" },
		{ "{\"mediaType\":\"a/b\",\"size\":1,\"digest\":\"sha256:zz\"}", "digest" },
		{ "{\"size\":1,\"digest\":\"" DIG "\"}", "mediaType" },
		{ "{\"mediaType\":\"\",\"size\":1,\"digest\":\"" DIG "\"}", "mediaType" },
		{ "{\"mediaType\":\"a\",\"size\":1,\"digest\":\"" DIG "\"}", "mediaType" },
		{ "{\"mediaType\":\"a/b\",\"digest\":\"" DIG "\"}", "size" },
		{ DESC("a/b", -1), "size" },
		{ DESC("a/b", 1.0), "size" },
		{ DESC("a/b", 1e3), "size" },
		{ DESC("a/b", "1"), "size" },
		{ DESC("a/b", 9223372036854775808), "JSON" },
		{ "{\"mediaType\":\"a/b\",\"size\":1,\"digest\":\"" DIG "\",\"artifactType\":1}",
		  "artifactType" },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		char text[1024];

		(void) snprintf(text, sizeof(text), "{\"schemaVersion\":2," CONFIG ",\"layers\":[%s]}",
				row[i].layer);
		refused(STA_MEDIA_OCI_MANIFEST, text, row[i].words);
	}
	refused(STA_MEDIA_OCI_MANIFEST, "{\"schemaVersion\":2,\"config\":{}}", "config: mediaType");
}

static void
largest_size_is_kept(void **state)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(CAP);
	struct sta_manifest m =
		accepted(a, STA_MEDIA_OCI_MANIFEST, WITH_LAYER(DESC("a/b", 9223372036854775807)));

	(void) state;
	assert_true(m.refs[1].size == INT64_MAX);
}

static void
only_foreign_layers_may_be_absent(void **state)
{
#define FOREIGN "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(CAP);
	struct sta_manifest m = accepted(a, STA_MEDIA_DOCKER_MANIFEST,
					 "{\"schemaVersion\":2,\"config\":" DESC(
						 FOREIGN, 1) ",\"layers\":[" DESC(FOREIGN, 2) "," LAYER "]}");

	(void) state;
	assert_false(m.refs[0].may_be_absent);
	assert_true(m.refs[1].may_be_absent);
	assert_false(m.refs[2].may_be_absent);
}

static void
artifact_type_falls_back_to_the_config(void **state)
{
	static const struct {
		const char *type;
		const char *text;
		const char *found;
	} row[] = {
		{ STA_MEDIA_OCI_MANIFEST, IMAGE(""), "application/vnd.oci.image.config.v1+json" },
		{ STA_MEDIA_OCI_MANIFEST, IMAGE(",\"artifactType\":\"\""),
		  "application/vnd.oci.image.config.v1+json" },
		{ STA_MEDIA_OCI_MANIFEST, IMAGE(",\"artifactType\":\"x/y\""), "x/y" },
		{ STA_MEDIA_OCI_INDEX, INDEX(""), NULL },
		{ STA_MEDIA_OCI_INDEX, INDEX(",\"artifactType\":\"x/y\""), "x/y" },
		{ STA_MEDIA_OCI_ARTIFACT, "{\"blobs\":[" LAYER "]}", NULL },
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(CAP);
		struct sta_manifest m = accepted(a, row[i].type, row[i].text);

		if (row[i].found)
			assert_string_equal(m.artifact_type, row[i].found);
		else
			assert_null(m.artifact_type);
	}
	refused(STA_MEDIA_OCI_MANIFEST, IMAGE(",\"artifactType\":\"x\""), "artifactType");
}

static void
subject_is_kept(void **state)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(CAP);
	struct sta_manifest m =
		accepted(a, STA_MEDIA_OCI_INDEX, INDEX(",\"subject\":" DESC(STA_MEDIA_OCI_MANIFEST, 3)));

	(void) state;
	assert_true(m.has_subject);
	assert_int_equal(m.subject.bytes[31], 0xef);
	assert_int_equal(m.n_refs, 1);
	refused(STA_MEDIA_OCI_INDEX, INDEX(",\"subject\":{}"), "subject: mediaType");
	refused(STA_MEDIA_OCI_INDEX, INDEX(",\"subject\":\"" DIG "\""), "subject: not a descriptor");
}

static void
annotations_are_a_map_of_strings(void **state)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(CAP);
	struct sta_manifest m = accepted(a, STA_MEDIA_OCI_MANIFEST,
					 IMAGE(",\"annotations\": {\"b\" : \"1\", \"a\":\"\\n\"}"));

	(void) state;
	assert_string_equal(m.annotations, "{\"b\":\"1\",\"a\":\"\\n\"}");
	refused(STA_MEDIA_OCI_MANIFEST, IMAGE(",\"annotations\":[]"), "annotations is not an object");
	refused(STA_MEDIA_OCI_MANIFEST, IMAGE(",\"annotations\":{\"a\":1}"), "an annotation is not a string");
}

/* An image with n layers, which are as short as descriptors can be. */
static void
put_layers(struct sta_buf *b, size_t n)
{
	sta_buf_init(b, (size_t) 8 << 20);
	sta_buf_str(b, "{\"schemaVersion\":2," CONFIG ",\"layers\":[");
	for (size_t i = 0; i < n; i++) {
		sta_buf_str(b, i > 0 ? "," : "");
		sta_buf_str(b, DESC("a/b", 1));
	}
	sta_buf_str(b, "]}");
	assert_true(sta_buf_ok(b));
}

static void
descriptor_limit_is_exact(void **state)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(CAP);
	STA_AUTO(sta_buf_done) struct sta_buf most = { .max = 0 };
	STA_AUTO(sta_buf_done) struct sta_buf more = { .max = 0 };

	(void) state;
	put_layers(&most, STA_MANIFEST_REFS_MAX - 1);
	assert_int_equal(accepted(a, STA_MEDIA_OCI_MANIFEST, most.data).n_refs, STA_MANIFEST_REFS_MAX);
	put_layers(&more, STA_MANIFEST_REFS_MAX);
	refused(STA_MEDIA_OCI_MANIFEST, more.data, "layers: too many descriptors");
}

static void
size_limit_is_exact(void **state)
{
	STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(CAP);
	STA_AUTO(sta_buf_done) struct sta_buf b = { .max = STA_MANIFEST_MAX + 1 };
	struct sta_manifest m;
	struct sta_err err;

	(void) state;
	sta_buf_str(&b, IMAGE(""));
	while (b.len <= STA_MANIFEST_MAX)
		sta_buf_append(&b, " ", 1);
	assert_int_equal(sta_manifest_parse(a, STA_MEDIA_OCI_MANIFEST, b.data, b.len - 1, &m, &err), STA_OK);
	assert_int_equal(sta_manifest_parse(a, STA_MEDIA_OCI_MANIFEST, b.data, b.len, &m, &err),
			 STA_TOO_LARGE);
	assert_int_equal(err.code, STA_OCI_SIZE_INVALID);
}

static void
deep_nesting_is_refused(void **state)
{
	char text[512] = "{\"a\":";

	(void) state;
	for (size_t i = strlen(text); i < 200; i++)
		text[i] = '[';
	refused("a/b", text, "nested too deeply");
}

static void
survives_every_oom(void **state)
{
	static const char text[] = INDEX(
		",\"annotations\":{\"a\":\"b\"},\"subject\":" DESC("a/b", 1) ",\"artifactType\":\"x/y\"");
	long n = 0;

	(void) state;
	for (;; n++) {
		STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(CAP);
		struct sta_manifest m = { .n_refs = 77 };
		struct sta_err err;
		enum sta_rc rc;

		oom_budget = n;
		rc = parse(a, STA_MEDIA_OCI_INDEX, text, &m, &err);
		oom_budget = -1;
		if (rc == STA_OK)
			break;
		assert_int_equal(rc, STA_NOMEM);
		assert_int_equal(m.n_refs, 77);
	}
	assert_true(n > 10);
}

/* A full arena is no crash and no half-filled result either. */
static void
survives_every_arena_cap(void **state)
{
	size_t cap = 0;

	(void) state;
	for (;; cap += 8) {
		STA_AUTO(sta_arena_auto) struct sta_arena *a = sta_arena_new(cap);
		struct sta_manifest m = { .n_refs = 77 };
		struct sta_err err;
		enum sta_rc rc =
			parse(a, STA_MEDIA_OCI_INDEX, INDEX(",\"annotations\":{\"a\":\"b\"}"), &m, &err);

		if (rc == STA_OK)
			break;
		assert_int_equal(rc, STA_NOMEM);
		assert_int_equal(m.n_refs, 77);
	}
	assert_true(cap > 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(image_has_its_config_first_and_layers_in_order),
		cmocka_unit_test(index_has_children_with_their_own_members),
		cmocka_unit_test(known_documents),
		cmocka_unit_test(unknown_type_is_read_by_its_shape),
		cmocka_unit_test(unknown_type_with_a_shape_is_held_to_it),
		cmocka_unit_test(type_is_kept_without_parameters),
		cmocka_unit_test(malformed_type_is_refused),
		cmocka_unit_test(body_that_is_no_manifest_of_its_type_is_refused),
		cmocka_unit_test(key_that_differs_in_case_is_refused),
		cmocka_unit_test(similar_keys_are_just_unknown),
		cmocka_unit_test(malformed_descriptor_is_refused),
		cmocka_unit_test(largest_size_is_kept),
		cmocka_unit_test(only_foreign_layers_may_be_absent),
		cmocka_unit_test(artifact_type_falls_back_to_the_config),
		cmocka_unit_test(subject_is_kept),
		cmocka_unit_test(annotations_are_a_map_of_strings),
		cmocka_unit_test(descriptor_limit_is_exact),
		cmocka_unit_test(size_limit_is_exact),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(survives_every_oom),
		cmocka_unit_test(survives_every_arena_cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
