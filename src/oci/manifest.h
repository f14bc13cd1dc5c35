/*
 * manifest - what a manifest or index refers to, from its bytes.
 *
 * Understands OCI image manifests, indexes and (retired) artifact manifests,
 * Docker schema 2 and manifest lists.  The kind follows from the media type the
 * pusher declared; a body that contradicts it is refused, because a byte
 * string that reads as two different things is CVE-2021-41190.
 *
 * Refused with STA_INVALID and STA_OCI_MANIFEST_INVALID: no or malformed media
 * type; body "mediaType" other than the declared one; schemaVersion other than
 * 2; more than one of "manifests", "blobs", and "layers" or "config"; duplicate
 * keys, and keys that differ from a known one only in case ("Layers"), at the
 * top level and in descriptors; descriptors without valid digest, size or media
 * type; negative or fractional sizes; annotations that are no map of strings;
 * an artifactType that is no media type; deep nesting; more than
 * STA_MANIFEST_REFS_MAX descriptors.  A body past STA_MANIFEST_MAX is
 * STA_TOO_LARGE.  Unknown keys and unknown media types in descriptors are kept and
 * ignored.  A declared media type that is none of the five known is read as
 * an image manifest or index by its shape, if it has one, and else stored as
 * a document that refers to nothing.
 *
 * Layer: oci.  May include: base.  Threads: no shared state.  Pure.
 */
#ifndef STA_OCI_MANIFEST_H
#define STA_OCI_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "oci/digest.h"
#include "oci/media.h"

#define STA_MANIFEST_MAX ((size_t) 4 << 20) /* bytes; distribution-spec asks for at least this */
#define STA_MANIFEST_REFS_MAX 10000         /* descriptors in one document */

enum sta_ref_kind {
	STA_REF_CONFIG,
	STA_REF_LAYER, /* "layers" and artifact manifests' "blobs" */
	STA_REF_CHILD, /* an entry of "manifests" */
};

/* One descriptor (image-spec descriptor.md). */
struct sta_descriptor {
	enum sta_ref_kind kind;
	struct sta_digest digest;
	uint64_t size;
	const char *media_type;    /* borrowed from the arena */
	const char *artifact_type; /* or NULL */
	const char *annotations;   /* JSON object text, or NULL; children only */
	bool may_be_absent;        /* non-distributable layer: need not be in the registry */
};

struct sta_manifest {
	bool is_index;
	const char *media_type;    /* as declared, without parameters */
	const char *artifact_type; /* own "artifactType"; for images without one the config's media type; or
				      NULL */
	bool has_subject;
	struct sta_digest subject;
	const char *annotations; /* JSON object text, or NULL */
	size_t n_refs;
	struct sta_descriptor *refs; /* config first, then layers or children in order */
};

/* Everything in *out is borrowed from a. */
enum sta_rc sta_manifest_parse(struct sta_arena *a, const char *media_type, const void *bytes, size_t len,
			       struct sta_manifest *out, struct sta_err *err) STA_CHECK;

#endif
