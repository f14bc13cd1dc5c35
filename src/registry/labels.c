#include "registry/labels.h"

#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "model/blobs.h"
#include "oci/spdx.h"
#include "registry/source.h"

#define PREFIX "org.opencontainers.image."
#define CONFIG_MAX ((size_t) 1 << 20) /* larger ones are not looked into; a request has 16 MiB */

/* A blob that is too large for the database. */
static enum sta_rc
read_file(struct sta_registry *r, const struct sta_call *call, const struct sta_blob *blob,
	  const void **bytes, size_t *len, struct sta_err *err)
{
	STA_AUTO_FD int fd = -1;
	struct sta_blob_file file;
	char *memory;
	enum sta_rc rc = r->store->ops->open(r->store, &blob->digest, &file, err);

	if (rc != STA_OK)
		return rc;
	fd = file.fd;
	memory = sta_arena_alloc(call->arena, (size_t) file.size);
	if (!memory)
		return sta_err_set(err, STA_NOMEM, 0, "configuration");
	for (*len = 0; *len < file.size;) {
		ssize_t n = pread(fd, memory + *len, (size_t) file.size - *len, (off_t) *len);

		if (n <= 0)
			return sta_err_set(err, STA_IO, 0, "read the configuration");
		*len += (size_t) n;
	}
	*bytes = memory;
	return STA_OK;
}

/* The configuration, as far as it can be had: *bytes NULL without. */
static enum sta_rc
read_config(struct sta_registry *r, struct sta_db_conn *c, const struct sta_call *call, int64_t package_id,
	    const struct sta_digest *digest, const void **bytes, size_t *len, struct sta_err *err)
{
	struct sta_membership m;
	enum sta_rc rc = sta_blob_member(c, package_id, digest, &m, err);

	*bytes = NULL;
	if (rc == STA_NOT_FOUND || (rc == STA_OK && m.blob.size > CONFIG_MAX))
		return STA_OK;
	if (rc != STA_OK)
		return rc;
	if (m.blob.place == STA_PLACE_INLINE)
		rc = sta_blob_inline(c, call->arena, m.blob.id, bytes, len, err);
	else
		rc = read_file(r, call, &m.blob, bytes, len, err);
	if (rc != STA_NOT_FOUND) /* collected meanwhile: the push will find out, not this look */
		return rc;
	*bytes = NULL;
	return STA_OK;
}

/* The text in the arena, without spaces around it and cut behind that many characters; NULL with *failed
 * false: there is nothing but spaces.  It is well-formed UTF-8, as all that comes out of JSON. */
static const char *
cut(struct sta_arena *a, const char *text, size_t chars, bool *failed)
{
	const char *end;
	char *made;
	size_t n = 0;

	text += strspn(text, " \t\r\n");
	for (end = text; *end; end++) {
		bool begins = ((unsigned char) *end & 0xc0) != 0x80;

		if (begins && n++ == chars)
			break;
	}
	while (end > text && strchr(" \t\r\n", end[-1]))
		end--;
	if (end == text)
		return NULL;
	made = sta_arena_strndup(a, text, (size_t) (end - text));
	*failed = !made;
	return made;
}

/* Texts of a map, as far as they are not known yet. */
static enum sta_rc
take(struct sta_arena *a, const json_t *map, struct sta_labels *out, struct sta_err *err)
{
	const char *source = json_string_value(json_object_get(map, PREFIX "source"));
	const char *description = json_string_value(json_object_get(map, PREFIX "description"));
	const char *licenses = json_string_value(json_object_get(map, PREFIX "licenses"));
	char spdx[STA_LICENSES_CHARS + 1];
	char url[STA_SOURCE_MAX + 1];
	bool failed = false;

	if (!out->source && source && sta_source_normalize(source, strlen(source), url)) {
		out->source = sta_arena_strdup(a, url);
		failed = !out->source;
	}
	if (!failed && !out->description && description)
		out->description = cut(a, description, STA_DESCRIPTION_CHARS, &failed);
	if (!failed && !out->licenses && licenses)
		out->licenses = cut(a, sta_spdx_normalize(licenses, spdx, sizeof(spdx)) ? spdx : licenses,
				    STA_LICENSES_CHARS, &failed);
	return failed ? sta_err_set(err, STA_NOMEM, 0, "labels") : STA_OK;
}

/* A word of a platform: what names of systems and processors are made of; NULL: it is none. */
static const char *
word(const json_t *root, const char *key)
{
	const char *text = json_string_value(json_object_get(root, key));
	size_t len = text ? strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-") : 0;

	return len > 0 && len <= STA_PLATFORM_WORD && text[len] == '\0' ? text : NULL;
}

/* Attestations say that they are for unknown/unknown, which is none. */
static enum sta_rc
take_platform(struct sta_arena *a, const json_t *root, struct sta_labels *out, struct sta_err *err)
{
	const char *os = word(root, "os");
	const char *architecture = word(root, "architecture");
	const char *variant = word(root, "variant");

	if (!os || !architecture || strcmp(os, "unknown") == 0)
		return STA_OK;
	out->platform = sta_arena_printf(a, "%s/%s%s%s", os, architecture, variant ? "/" : "",
					 variant ? variant : "");
	return out->platform ? STA_OK : sta_err_set(err, STA_NOMEM, 0, "platform");
}

static bool
names(const void *bytes, size_t len, const char *key)
{
	return bytes && memmem(bytes, len, key, strlen(key));
}

/* Annotations in JSON.  A text that does not name such a key is not parsed; one that is no JSON says nothing.
 */
static enum sta_rc
take_annotations(struct sta_arena *a, const char *text, struct sta_labels *out, struct sta_err *err)
{
	json_t *root = NULL;
	size_t len = strlen(text);
	enum sta_rc rc = STA_OK;

	if (names(text, len, PREFIX))
		rc = sta_json_load(a, text, len, &root, err);
	if (rc != STA_OK)
		return rc == STA_NOMEM ? rc : STA_OK;
	return root ? take(a, root, out, err) : STA_OK;
}

/* The same of a configuration, whose labels are "Labels" in its "config". */
static enum sta_rc
take_config(struct sta_arena *a, const void *bytes, size_t len, struct sta_labels *out, struct sta_err *err)
{
	json_t *root = NULL;
	enum sta_rc rc = STA_OK;

	if (names(bytes, len, PREFIX) || names(bytes, len, "\"architecture\""))
		rc = sta_json_load(a, bytes, len, &root, err);
	if (rc != STA_OK)
		return rc == STA_NOMEM ? rc : STA_OK;
	if (root)
		rc = take(a, json_object_get(json_object_get(root, "config"), "Labels"), out, err);
	return rc == STA_OK && root ? take_platform(a, root, out, err) : rc;
}

enum sta_rc
sta_labels_read(struct sta_registry *r, struct sta_db_conn *c, const struct sta_call *call,
		int64_t package_id, const struct sta_manifest *m, struct sta_labels *out, struct sta_err *err)
{
	const void *bytes = NULL;
	size_t len = 0;
	enum sta_rc rc = STA_OK;

	*out = (struct sta_labels){ .source = NULL };
	if (m->annotations)
		rc = take_annotations(call->arena, m->annotations, out, err);
	if (rc != STA_OK || m->is_index || m->n_refs == 0 || m->refs[0].kind != STA_REF_CONFIG)
		return rc;
	rc = read_config(r, c, call, package_id, &m->refs[0].digest, &bytes, &len, err);
	return rc == STA_OK ? take_config(call->arena, bytes, len, out, err) : rc;
}
