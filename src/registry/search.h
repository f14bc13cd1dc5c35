/*
 * search - packages that have words, tags or digests, as far as the caller may read them.
 *
 * What is found and how many there are depends on nothing that the caller may not read: sets of packages
 * (model/search.h) are cut down to those that it may before anything is counted, and access/ has the last
 * word on each that is shown.  Whether a search is too long to be whole depends on how many tags and words
 * there are.
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_SEARCH_H
#define STA_REGISTRY_SEARCH_H

#include "registry/published.h"

#define STA_SEARCH_PAGED 1000 /* of what is found, so many can be shown */

enum sta_search_by {
	STA_SEARCH_BEST, /* those that have each word as it is first, then by name */
	STA_SEARCH_BY_NAME,
	STA_SEARCH_BY_UPDATED,
};

struct sta_search_match {
	const char *field; /* "name", "description", "license", "repository", "tag", "digest" */
	const char *text;
};
#define STA_SEARCH_MATCHES 32 /* of one package */

struct sta_search_item {
	struct sta_published_package package;
	struct sta_search_match *matches;
	size_t n_matches;
};

struct sta_search_request {
	const char *text; /* search_query.h */
	enum sta_search_by by;
	bool descending;       /* not for STA_SEARCH_BEST */
	struct sta_span *span; /* total is filled */
};

struct sta_search_result {
	struct sta_search_item *items;
	size_t n;
	bool incomplete; /* not all that there may be was looked at */
};

/* STA_INVALID: in words for whoever typed it; also for a span behind STA_SEARCH_PAGED.  STA_WOULD_BLOCK with
 * may_wait false. */
enum sta_rc sta_search_packages(struct sta_registry *r, const struct sta_call *call,
				const struct sta_search_request *request, struct sta_search_result *out,
				struct sta_err *err) STA_CHECK;

/* Bring the words of packages up to date that were changed with many others; called every second or so.
 * STA_BUSY: the process is about to end. */
enum sta_rc sta_search_catch_up(struct sta_registry *r, struct sta_err *err) STA_CHECK;

#endif
