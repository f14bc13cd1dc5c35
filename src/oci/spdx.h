/*
 * spdx - license expressions (SPDX specification 2.3, annex D).
 *
 * "MIT OR (Apache-2.0 AND GPL-2.0-or-later WITH Classpath-exception-2.0)"; identifiers are those of the SPDX
 * license list, in any case of letters, and "LicenseRef-..." of an author's own.
 *
 * Layer: oci.  May include: base.  Threads: no shared state.  Pure.
 */
#ifndef STA_OCI_SPDX_H
#define STA_OCI_SPDX_H

#include <stdbool.h>
#include <stddef.h>

/* The expression with identifiers as the list spells them, operators in upper case and single spaces, cut
 * nowhere. False: it is none, names what the list does not know, nests deeper than STA_SPDX_DEPTH, or does
 * not fit into size bytes; out is undefined then. */
#define STA_SPDX_DEPTH 16
bool sta_spdx_normalize(const char *text, char *out, size_t size);

/* In the order of the alphabet, whatever the case of letters; NULL ends them. */
extern const char *const sta_spdx_licenses[];
extern const char *const sta_spdx_exceptions[];

#endif
