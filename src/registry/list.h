/*
 * list - tags, the catalog, and referrers.
 *
 * Lists are given in pages, each from a short read of its own.  Long lists of
 * referrers are not made where others wait: STA_WOULD_BLOCK.
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_LIST_H
#define STA_REGISTRY_LIST_H

#include "oci/ref.h"
#include "registry/registry.h"

#define STA_PAGE_MAX 1000

struct sta_name_page {
	const char **names;
	size_t n;
	bool more;
};

/* Tags in byte order after last (NULL: from the start); n <= STA_PAGE_MAX. */
enum sta_rc sta_list_tags(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
			  const char *last, size_t n, struct sta_name_page *out,
			  struct sta_err *err) STA_CHECK;

/* Packages that the caller may read, in byte order. */
enum sta_rc sta_list_catalog(struct sta_registry *r, const struct sta_call *call, const char *last, size_t n,
			     struct sta_name_page *out, struct sta_err *err) STA_CHECK;

struct sta_referrer {
	struct sta_digest digest;
	const char *media_type;
	const char *artifact_type; /* or NULL */
	const char *annotations;   /* JSON object, or NULL */
	uint64_t size;
};

struct sta_referrer_page {
	struct sta_referrer *items;
	size_t n;
	bool more;
};

struct sta_referrers_request {
	const struct sta_digest *subject; /* need not exist */
	const char *artifact_type;        /* NULL: of any type */
	const struct sta_digest *last;    /* NULL: the first page */
	size_t n;                         /* <= STA_PAGE_MAX */
};

/* Manifests with that subject, by digest after last; and on the first page those that an old client listed
 * under the fallback tag and that exist here (distribution-spec, "Referrers tag schema"), each once.  A
 * package that does not exist has none. */
enum sta_rc sta_list_referrers(struct sta_registry *r, const struct sta_call *call,
			       const struct sta_name *name, const struct sta_referrers_request *req,
			       struct sta_referrer_page *out, struct sta_err *err) STA_CHECK;

#endif
