/*
 * ref - names of packages, tags, and what a manifest URL may end with.
 *
 * Grammar: distribution-spec, "Pulling manifests" (name and tag expressions).
 * A package name here always has an owner: at least two components,
 * "NAMESPACE/IMAGE_NAME", where IMAGE_NAME may contain further slashes.
 *
 * Layer: oci.  May include: base, digest.  Threads: no shared state.  Pure.
 */
#ifndef STA_OCI_REF_H
#define STA_OCI_REF_H

#include <stdbool.h>
#include <stddef.h>

#include "oci/digest.h"

#define STA_NAME_MAX 229 /* the spec's advice: clients cap host plus name at 255 */
#define STA_TAG_MAX 128
#define STA_NAMESPACE_MAX 39 /* as GitHub logins */

/* A package name cut in two.  Borrowed from the caller's text by copying. */
struct sta_name {
	char full[STA_NAME_MAX + 1];           /* "acme/tools/app" */
	char namespace[STA_NAMESPACE_MAX + 1]; /* "acme" */
	const char *image;                     /* into full: "tools/app" */
};

/* False unless s is a valid name with an owner.  *out written on true.  Upper
 * case is refused: clients refuse it too, and silently folding it would give
 * one package two names. */
bool sta_name_parse(const char *s, size_t len, struct sta_name *out);

/* One name component usable as owner: [a-z0-9]+ with single '-' between, at
 * most STA_NAMESPACE_MAX, and none of the reserved words ("v2", "api", "token",
 * "admin" is allowed, names starting with '_' never match). */
bool sta_namespace_valid(const char *s, size_t len);

/* The same for what people type: in lower case.  False: not one; *out untouched. */
bool sta_namespace_fold(const char *s, char out[STA_NAMESPACE_MAX + 1]);

bool sta_tag_valid(const char *s, size_t len);

/* What stands after /manifests/: exactly one of the two is set. */
struct sta_reference {
	bool is_digest;
	char tag[STA_TAG_MAX + 1];
	struct sta_digest digest;
};

/* A text with ':' is a digest or nothing.  False: neither; *out untouched. */
bool sta_reference_parse(const char *s, size_t len, struct sta_reference *out);

/* "sha256-<hex>", a digest with ':' turned into '-': the referrers tag schema of
 * distribution-spec 1.1, which keeps 64 digits of a sha512. */
void sta_fallback_tag(const struct sta_digest *subject, char out[STA_TAG_MAX + 1]);

#endif
