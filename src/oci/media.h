/*
 * media - media types: their grammar and the ones a registry must know.
 *
 * image-spec media-types.md and Docker's image manifest v2 schema 2.  Unknown
 * types are fine everywhere: a registry stores what it is given.
 *
 * Layer: oci.  May include: base.  Threads: no shared state.  Pure.
 */
#ifndef STA_OCI_MEDIA_H
#define STA_OCI_MEDIA_H

#include <stdbool.h>
#include <stddef.h>

#define STA_MEDIA_MAX 255

#define STA_MEDIA_OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define STA_MEDIA_OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define STA_MEDIA_OCI_ARTIFACT "application/vnd.oci.artifact.manifest.v1+json"
#define STA_MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define STA_MEDIA_DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"

/* RFC 6838 4.2: type "/" subtype, restricted names, no parameters. */
bool sta_media_valid(const char *s, size_t len);

/* Length of the type without parameters: cut at ';', white space trimmed at
 * the end ("application/json ; charset=utf-8" -> 16). */
size_t sta_media_bare_len(const char *s, size_t len);

/* Layers that clients may leave out of a push: OCI nondistributable types and
 * Docker's foreign layers. */
bool sta_media_is_nondistributable(const char *media_type);

#endif
