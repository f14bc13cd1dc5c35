#include "oci/manifest.h"

#include <string.h>

#include "base/json.h"
#include "oci/errcode.h"

/* Which list of descriptors a document has. */
enum shape { SHAPE_NONE, SHAPE_IMAGE, SHAPE_INDEX, SHAPE_ARTIFACT, SHAPE_MAX_ };

static const struct {
	const char *list;
	enum sta_ref_kind kind;
} shape_table[SHAPE_MAX_] = {
	[SHAPE_IMAGE] = { "layers", STA_REF_LAYER },
	[SHAPE_INDEX] = { "manifests", STA_REF_CHILD },
	[SHAPE_ARTIFACT] = { "blobs", STA_REF_LAYER },
};

static const char *const top_keys[] = { "schemaVersion", "mediaType", "artifactType", "config",     "layers",
					"manifests",     "blobs",     "subject",      "annotations" };
static const char *const descriptor_keys[] = { "mediaType",   "digest", "size",     "urls",
					       "annotations", "data",   "platform", "artifactType" };

#define N_KEYS(keys) (sizeof(keys) / sizeof((keys)[0]))

/* Where in the document, for messages: "config", or entry i of "layers". */
struct place {
	const char *key;
	size_t i;
};

#define NO_INDEX SIZE_MAX
#define TOP ((struct place){ .key = NULL })

static enum sta_rc
refuse(struct place at, const char *why, struct sta_err *err)
{
	if (!at.key)
		return sta_oci_fail(err, STA_INVALID, STA_OCI_MANIFEST_INVALID, "manifest: %s", why);
	if (at.i == NO_INDEX)
		return sta_oci_fail(err, STA_INVALID, STA_OCI_MANIFEST_INVALID, "manifest: %s: %s", at.key,
				    why);
	return sta_oci_fail(err, STA_INVALID, STA_OCI_MANIFEST_INVALID, "manifest: %s[%zu]: %s", at.key, at.i,
			    why);
}

static enum sta_rc
out_of_memory(struct sta_err *err)
{
	return sta_err_set(err, STA_NOMEM, 0, "out of memory reading a manifest");
}

/* The member, or NULL if it is absent or null, which Go programs write for an
 * empty list. */
static json_t *
member(json_t *object, const char *key)
{
	json_t *j = json_object_get(object, key);

	return json_is_null(j) ? NULL : j;
}

/* The next letter of key as Go's decoder folds it, so with the two letters
 * outside ASCII that fold into it: long s and the Kelvin sign. */
static unsigned char
fold_next(const char **key)
{
	const char *k = *key;
	unsigned char c = (unsigned char) k[0];
	size_t used = c != '\0' ? 1 : 0;

	if (c >= 'A' && c <= 'Z') {
		c = (unsigned char) (c - 'A' + 'a');
	} else if (strncmp(k, "\xc5\xbf", 2) == 0) {
		c = 's';
		used = 2;
	} else if (strncmp(k, "\xe2\x84\xaa", 3) == 0) {
		c = 'k';
		used = 3;
	}
	*key = k + used;
	return c;
}

static bool
same_but_case(const char *key, const char *known)
{
	const char *k = key;
	unsigned char a;

	do {
		a = fold_next(&k);
		if (a != fold_next(&known))
			return false;
	} while (a != '\0');
	return true;
}

/* Parsers that ignore case would take such a key for the known one. */
static enum sta_rc
check_keys(json_t *object, const char *const *known, size_t n_known, struct place at, struct sta_err *err)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		for (size_t i = 0; i < n_known; i++) {
			if (strcmp(key, known[i]) == 0)
				break;
			if (same_but_case(key, known[i]))
				return refuse(at, "a key differs from a known one only in case", err);
		}
	}
	return STA_OK;
}

static bool
is_media_type(json_t *j)
{
	return json_is_string(j) && sta_media_valid(json_string_value(j), json_string_length(j));
}

/* An optional "artifactType"; the empty string counts as none, as in
 * distribution-spec, "Pushing manifests with subject". */
static enum sta_rc
read_artifact_type(json_t *object, struct place at, const char **out, struct sta_err *err)
{
	json_t *j = member(object, "artifactType");

	if (!j || (json_is_string(j) && json_string_length(j) == 0)) {
		*out = NULL;
		return STA_OK;
	}
	if (!is_media_type(j))
		return refuse(at, "artifactType is not a media type", err);
	*out = json_string_value(j);
	return STA_OK;
}

/* Optional "annotations" as text.  They are repeated in lists of referrers,
 * where one that is not a string would make the whole list unreadable. */
static enum sta_rc
read_annotations(struct sta_arena *a, json_t *object, struct place at, const char **out, struct sta_err *err)
{
	json_t *j = member(object, "annotations");
	const char *key;
	json_t *value;

	if (!j) {
		*out = NULL;
		return STA_OK;
	}
	if (!json_is_object(j))
		return refuse(at, "annotations is not an object", err);
	json_object_foreach(j, key, value)
	{
		if (!json_is_string(value))
			return refuse(at, "an annotation is not a string", err);
	}
	*out = sta_json_dump(a, j);
	return *out ? STA_OK : out_of_memory(err);
}

/* The three members that every descriptor has. */
static enum sta_rc
read_target(json_t *j, struct place at, struct sta_descriptor *d, struct sta_err *err)
{
	json_t *digest = json_object_get(j, "digest");
	json_t *size = json_object_get(j, "size");
	json_t *type = json_object_get(j, "mediaType");

	if (!is_media_type(type))
		return refuse(at, "mediaType is missing or malformed", err);
	if (!json_is_string(digest) ||
	    !sta_digest_parse(json_string_value(digest), json_string_length(digest), &d->digest))
		return refuse(at, "digest is missing, malformed or of an unknown algorithm", err);
	if (!json_is_integer(size) || json_integer_value(size) < 0)
		return refuse(at, "size is missing or not a whole number of bytes", err);
	d->media_type = json_string_value(type);
	d->size = (uint64_t) json_integer_value(size);
	return STA_OK;
}

static enum sta_rc
read_descriptor(struct sta_arena *a, json_t *j, struct place at, struct sta_descriptor *d,
		struct sta_err *err)
{
	enum sta_rc rc;

	if (!json_is_object(j))
		return refuse(at, "not a descriptor", err);
	rc = check_keys(j, descriptor_keys, N_KEYS(descriptor_keys), at, err);
	if (rc == STA_OK)
		rc = read_target(j, at, d, err);
	if (rc == STA_OK)
		rc = read_artifact_type(j, at, &d->artifact_type, err);
	if (rc == STA_OK && d->kind == STA_REF_CHILD)
		rc = read_annotations(a, j, at, &d->annotations, err);
	d->may_be_absent =
		rc == STA_OK && d->kind == STA_REF_LAYER && sta_media_is_nondistributable(d->media_type);
	return rc;
}

/* The config, if there is one, then the list. */
static enum sta_rc
read_refs(struct sta_arena *a, json_t *top, enum shape shape, struct sta_manifest *m, struct sta_err *err)
{
	const char *key = shape_table[shape].list;
	json_t *config = member(top, "config");
	json_t *list = member(top, key);
	size_t n_list = json_array_size(list); /* 0 for NULL */
	enum sta_rc rc = STA_OK;

	if (list && !json_is_array(list))
		return refuse((struct place){ key, NO_INDEX }, "not a list", err);
	if (n_list + (config ? 1 : 0) > STA_MANIFEST_REFS_MAX)
		return refuse((struct place){ key, NO_INDEX }, "too many descriptors", err);
	m->refs = sta_arena_alloc(a, (n_list + 1) * sizeof(m->refs[0]));
	if (!m->refs)
		return out_of_memory(err);
	if (config) {
		m->refs[0].kind = STA_REF_CONFIG;
		rc = read_descriptor(a, config, (struct place){ "config", NO_INDEX }, &m->refs[m->n_refs++],
				     err);
	}
	for (size_t i = 0; rc == STA_OK && i < n_list; i++) {
		struct sta_descriptor *d = &m->refs[m->n_refs++];

		d->kind = shape_table[shape].kind;
		rc = read_descriptor(a, json_array_get(list, i), (struct place){ key, i }, d, err);
	}
	return rc;
}

static enum sta_rc
read_subject(struct sta_arena *a, json_t *top, struct sta_manifest *m, struct sta_err *err)
{
	json_t *j = member(top, "subject");
	struct sta_descriptor d = { .kind = STA_REF_CONFIG };
	enum sta_rc rc;

	if (!j)
		return STA_OK;
	rc = read_descriptor(a, j, (struct place){ "subject", NO_INDEX }, &d, err);
	if (rc != STA_OK)
		return rc;
	m->has_subject = true;
	m->subject = d.digest;
	return STA_OK;
}

/* The shape a known media type asks for, or SHAPE_NONE. */
static enum shape
shape_of_type(const char *media_type)
{
	static const struct {
		const char *media_type;
		enum shape shape;
	} known[] = {
		{ STA_MEDIA_OCI_MANIFEST, SHAPE_IMAGE },    { STA_MEDIA_OCI_INDEX, SHAPE_INDEX },
		{ STA_MEDIA_DOCKER_MANIFEST, SHAPE_IMAGE }, { STA_MEDIA_DOCKER_LIST, SHAPE_INDEX },
		{ STA_MEDIA_OCI_ARTIFACT, SHAPE_ARTIFACT },
	};

	for (size_t i = 0; i < N_KEYS(known); i++)
		if (strcmp(media_type, known[i].media_type) == 0)
			return known[i].shape;
	return SHAPE_NONE;
}

/* The shape the keys of the body give it.  A body with keys of two shapes
 * reads as two different things and is refused, whatever their values are. */
static enum sta_rc
shape_of_body(json_t *top, enum shape *out, struct sta_err *err)
{
	bool image = json_object_get(top, "layers") || json_object_get(top, "config");
	bool index = json_object_get(top, "manifests");
	bool artifact = json_object_get(top, "blobs");

	if (image + index + artifact > 1)
		return refuse(TOP, "has members of more than one kind of manifest", err);
	*out = image ? SHAPE_IMAGE : index ? SHAPE_INDEX : artifact ? SHAPE_ARTIFACT : SHAPE_NONE;
	return STA_OK;
}

/* A document of an unknown type has a shape only if the list is one: "config"
 * alone, or a "layers" that is something else, may mean anything there. */
static bool
has_shape(json_t *top, enum shape shape)
{
	json_t *config = json_object_get(top, "config");

	return shape != SHAPE_NONE && (json_is_array(json_object_get(top, shape_table[shape].list)) ||
				       (shape == SHAPE_IMAGE && json_object_get(config, "digest")));
}

/* What a known type demands of the body besides its descriptors. */
static enum sta_rc
check_known(json_t *top, enum shape declared, enum shape found, struct sta_err *err)
{
	if (declared != found && !(declared == SHAPE_ARTIFACT && found == SHAPE_NONE))
		return refuse(TOP, "the members are not those of its media type", err);
	if (declared == SHAPE_IMAGE && !member(top, "config"))
		return refuse(TOP, "has no config", err);
	if (declared != SHAPE_ARTIFACT && !json_object_get(top, "schemaVersion"))
		return refuse(TOP, "has no schemaVersion", err);
	return STA_OK;
}

/* Find the one way to read the body, or refuse it.  Artifact manifests have
 * no schemaVersion and may have no "blobs". */
static enum sta_rc
classify(json_t *top, const char *media_type, enum shape *out, struct sta_err *err)
{
	json_t *version = json_object_get(top, "schemaVersion");
	json_t *own_type = member(top, "mediaType");
	enum shape declared = shape_of_type(media_type);
	enum shape found = SHAPE_NONE;
	enum sta_rc rc;

	if (!json_is_object(top))
		return refuse(TOP, "not an object", err);
	rc = check_keys(top, top_keys, N_KEYS(top_keys), TOP, err);
	if (rc == STA_OK)
		rc = shape_of_body(top, &found, err);
	if (rc != STA_OK)
		return rc;
	if (version && (!json_is_integer(version) || json_integer_value(version) != 2))
		return refuse(TOP, "schemaVersion is not 2", err);
	if (own_type && (!json_is_string(own_type) || strcmp(json_string_value(own_type), media_type) != 0))
		return refuse(TOP, "mediaType is not the declared Content-Type", err);
	if (declared == SHAPE_NONE) {
		*out = has_shape(top, found) ? found : SHAPE_NONE;
		return STA_OK;
	}
	*out = declared;
	return check_known(top, declared, found, err);
}

/* Everything but the media type. */
static enum sta_rc
read_members(struct sta_arena *a, json_t *top, enum shape shape, struct sta_manifest *m, struct sta_err *err)
{
	enum sta_rc rc = read_refs(a, top, shape, m, err);

	if (rc == STA_OK)
		rc = read_subject(a, top, m, err);
	if (rc == STA_OK)
		rc = read_artifact_type(top, TOP, &m->artifact_type, err);
	if (rc == STA_OK)
		rc = read_annotations(a, top, TOP, &m->annotations, err);
	if (rc == STA_OK && !m->artifact_type && m->n_refs > 0 && m->refs[0].kind == STA_REF_CONFIG)
		m->artifact_type = m->refs[0].media_type;
	return rc;
}

static enum sta_rc
load(struct sta_arena *a, const void *bytes, size_t len, json_t **out, struct sta_err *err)
{
	enum sta_rc rc;

	if (len > STA_MANIFEST_MAX)
		return sta_oci_fail(err, STA_TOO_LARGE, STA_OCI_SIZE_INVALID,
				    "manifest is larger than %zu bytes", STA_MANIFEST_MAX);
	rc = sta_json_load(a, bytes, len, out, err);
	if (rc == STA_INVALID)
		err->code = STA_OCI_MANIFEST_INVALID;
	return rc;
}

enum sta_rc
sta_manifest_parse(struct sta_arena *a, const char *media_type, const void *bytes, size_t len,
		   struct sta_manifest *out, struct sta_err *err)
{
	size_t type_len = media_type ? sta_media_bare_len(media_type, strlen(media_type)) : 0;
	struct sta_manifest m = { .media_type = NULL };
	enum shape shape = SHAPE_NONE;
	json_t *top = NULL;
	enum sta_rc rc;

	if (type_len == 0 || !sta_media_valid(media_type, type_len))
		return refuse(TOP, "Content-Type is missing or malformed", err);
	m.media_type = sta_arena_strndup(a, media_type, type_len);
	if (!m.media_type)
		return out_of_memory(err);
	rc = load(a, bytes, len, &top, err);
	if (rc == STA_OK)
		rc = classify(top, m.media_type, &shape, err);
	if (rc == STA_OK && shape != SHAPE_NONE)
		rc = read_members(a, top, shape, &m, err);
	if (rc != STA_OK)
		return rc;
	m.is_index = shape == SHAPE_INDEX;
	*out = m;
	return STA_OK;
}
