/*
 * source - which repository a manifest says that it comes from.
 *
 * org.opencontainers.image.source; labels.h has read it.  repository.h says what follows from it.
 *
 * Only files of registry/ include this.
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_SOURCE_H
#define STA_REGISTRY_SOURCE_H

#include "oci/manifest.h"
#include "registry/core.h"

#define STA_SOURCE_MAX 1024 /* bytes of a URL */

/* A URL as repositories have it: http or https, lower case, without ".git", user, query, fragment and
 * slashes at its end.  False: it is none. */
bool sta_source_normalize(const char *text, size_t len, char out[STA_SOURCE_MAX + 1]);

/* In the transaction of a push: link the package, which is not linked, to the repository of that source, when
 * there is one that the pusher may write to.  created: it had no manifest before.  The images of an index
 * come before it, so a package also counts as new until it has a tag or somebody else has a role on it. */
enum sta_rc sta_source_link(struct sta_registry *r, struct sta_db_conn *c, const struct sta_call *call,
			    struct sta_entry *e, const char *source, bool created,
			    struct sta_err *err) STA_CHECK;

/* What the audit log says of a link, in the arena; NULL: no memory. */
const char *sta_link_detail(const struct sta_call *call, const char *repository, bool inherits) STA_CHECK;

/* What access/ decides about. */
struct sta_object sta_repository_object(const struct sta_repository_row *row);
/* About a repository, which no token's patterns of packages concern. */
struct sta_decision sta_repository_decide(const struct sta_caller *caller,
					  const struct sta_repository_row *row, enum sta_action action);

#endif
