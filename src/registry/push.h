/*
 * push - storing manifests, moving tags, mounting blobs.
 *
 * All of it writes: with may_wait false STA_WOULD_BLOCK.
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_PUSH_H
#define STA_REGISTRY_PUSH_H

#include "oci/ref.h"
#include "registry/registry.h"

/* Conditions on what the reference points to now (RFC 9110 13.1). */
enum sta_match_kind {
	STA_MATCH_ANY,    /* no condition */
	STA_MATCH_IS,     /* If-Match: one of the digests */
	STA_MATCH_EXISTS, /* If-Match: * */
	STA_MATCH_IS_NOT, /* If-None-Match: none of the digests */
	STA_MATCH_ABSENT, /* If-None-Match: * */
};

#define STA_PUSH_TAGS_MAX 100

struct sta_push {
	const struct sta_name *name;
	const struct sta_reference *ref;
	const char *media_type; /* as declared, without parameters */
	const void *bytes;
	size_t len;
	const char **tags; /* further tags (?tag=), valid ones; all are set or none is */
	size_t n_tags;     /* at most STA_PUSH_TAGS_MAX */
	enum sta_match_kind match;
	const struct sta_digest *match_digests;
	size_t n_match;
};

struct sta_pushed {
	struct sta_digest digest;
	bool has_subject;
	struct sta_digest subject;
	/* With STA_INCOMPLETE: the digests that the package lacks. */
	struct sta_digest *missing;
	size_t n_missing;
};

/* May the caller push there?  For those who want to know before the bytes come. */
enum sta_rc sta_push_allowed(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
			     struct sta_err *err) STA_CHECK;

/* One transaction: the manifest, its references, the package if it is the
 * first, the tags.  Errors: MANIFEST_INVALID, DIGEST_INVALID (the bytes do not
 * hash to the digest in the reference), STA_INCOMPLETE (out->missing),
 * STA_PRECONDITION, denials.  Pushing what is there already is STA_OK. */
enum sta_rc sta_push_manifest(struct sta_registry *r, const struct sta_call *call,
			      const struct sta_push *push, struct sta_pushed *out,
			      struct sta_err *err) STA_CHECK;

/* Make the blob of another package a member of this one.  from NULL: of any
 * package that the caller may read.  *mounted false: not possible, whatever
 * the reason; no reason is told, so that nothing is learned about packages
 * that the caller may not read.  Fails only when the caller may not push. */
enum sta_rc sta_mount_blob(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
			   const struct sta_digest *digest, const struct sta_name *from, bool *mounted,
			   struct sta_err *err) STA_CHECK;

#endif
