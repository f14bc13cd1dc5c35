/*
 * labels - what an image says of itself: where it comes from, what it is, its licenses, and its platform.
 *
 * org.opencontainers.image.source, .description and .licenses (image-spec annotations.md): annotations of the
 * manifest or index, or else labels of an image's configuration.  Of an index nothing but its annotations
 * counts.  The platform is "os", "architecture" and "variant" of a configuration (image-spec config.md).
 *
 * Only files of registry/ include this.
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_LABELS_H
#define STA_REGISTRY_LABELS_H

#include "oci/manifest.h"
#include "registry/core.h"

#define STA_DESCRIPTION_CHARS 512 /* what is longer is cut */
#define STA_LICENSES_CHARS 256
#define STA_PLATFORM_WORD 32 /* bytes of each of its words; with longer ones there is none */

/* In the arena; NULL: it says nothing. */
struct sta_labels {
	const char *source;      /* a URL, normalized (source.h) */
	const char *description; /* text */
	const char *licenses;    /* an SPDX expression as the list spells it, or what was given */
	const char *platform;    /* "linux/arm64/v8", the variant only where there is one */
};

/* Looks into the configuration as far as it is a member of the package. */
enum sta_rc sta_labels_read(struct sta_registry *r, struct sta_db_conn *c, const struct sta_call *call,
			    int64_t package_id, const struct sta_manifest *m, struct sta_labels *out,
			    struct sta_err *err) STA_CHECK;

#endif
