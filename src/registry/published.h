/*
 * published - owners, packages and versions as the packages API shows them.
 *
 * What a caller may not see is STA_NOT_FOUND, in GitHub's words.  Owner names are taken in any case of
 * letters.  Texts of results are in the call's arena.
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_PUBLISHED_H
#define STA_REGISTRY_PUBLISHED_H

#include "model/owners.h"
#include "model/versions.h"
#include "registry/registry.h"

/* An owner of which the caller may see something: itself, an organization that it belongs to, or one that has
 * a package that it may read, for which others are looked at: with may_wait false STA_WOULD_BLOCK. */
enum sta_rc sta_published_owner(struct sta_registry *r, const struct sta_call *call, const char *name,
				struct sta_owner *out, struct sta_err *err) STA_CHECK;
/* The caller itself.  STA_UNAUTHENTICATED: nobody; STA_DENIED: a job of a repository, which is no owner. */
enum sta_rc sta_published_self(struct sta_registry *r, const struct sta_call *call, struct sta_owner *out,
			       struct sta_err *err) STA_CHECK;

/* A repository, as what is linked to it shows it. */
struct sta_published_repository {
	int64_t id;
	const char *name; /* "acme/app" */
	struct sta_owner owner;
	enum sta_visibility visibility;
	const char *url; /* at the forge, or NULL */
	int64_t created_unix;
};

struct sta_published_package {
	int64_t id;
	struct sta_owner owner;
	const char *name; /* without the owner: "tools/app" */
	enum sta_visibility visibility;
	uint64_t versions;
	int64_t created_unix;
	int64_t updated_unix;
	bool has_repository; /* it is linked to one.. */
	bool inherits;       /* ..whose roles it has.. */
	bool linked;         /* ..and the caller may read it */
	struct sta_published_repository repository;
};

/* A part of a list: items from skip (from 0) on, at most max; total is filled. */
struct sta_span {
	uint64_t skip;
	size_t max;
	uint64_t total;
	/* Of versions alone. */
	int64_t before; /* those older than this one, whatever skip says; 0: no such limit */
	bool more;      /* filled: older ones follow */
};
#define STA_SPAN_MAX 100

/* Packages of the owner that the caller may read, by name; only: with that visibility, or NULL for all.
 * Looks at every package of the owner: with may_wait false STA_WOULD_BLOCK. */
enum sta_rc sta_published_packages(struct sta_registry *r, const struct sta_call *call,
				   const struct sta_owner *owner, const enum sta_visibility *only,
				   struct sta_span *span, struct sta_published_package **out, size_t *n,
				   struct sta_err *err) STA_CHECK;

enum sta_rc sta_published_package(struct sta_registry *r, const struct sta_call *call, const char *owner,
				  const char *name, struct sta_published_package *out,
				  struct sta_err *err) STA_CHECK;

/* May the caller manage the package, under that very name?  STA_DENIED says what is missing. */
enum sta_rc sta_published_manage(struct sta_registry *r, const struct sta_call *call, const char *owner,
				 const char *name, struct sta_err *err) STA_CHECK;

struct sta_published_versions {
	struct sta_published_package package;
	struct sta_version_row *items;
	size_t n;
};
/* Its versions, newest first.  deleted: those that can be restored, for who may delete or restore.  With
 * may_wait false STA_WOULD_BLOCK for these, and for pages far from the beginning. */
enum sta_rc sta_published_versions(struct sta_registry *r, const struct sta_call *call, const char *owner,
				   const char *name, bool deleted, struct sta_span *span,
				   struct sta_published_versions *out, struct sta_err *err) STA_CHECK;

enum sta_rc sta_published_version(struct sta_registry *r, const struct sta_call *call, const char *owner,
				  const char *name, int64_t id, struct sta_published_package *package,
				  struct sta_version_row *out, struct sta_err *err) STA_CHECK;

/* Of "acme/app", for who may read it.  Administration is repository.h's. */
enum sta_rc sta_published_repository(struct sta_registry *r, const struct sta_call *call, const char *name,
				     struct sta_published_repository *out, struct sta_err *err) STA_CHECK;
/* As sta_published_owner(), or one that has a repository that the caller may read.  With may_wait false
 * STA_WOULD_BLOCK. */
enum sta_rc sta_published_repository_owner(struct sta_registry *r, const struct sta_call *call,
					   const char *name, struct sta_owner *out,
					   struct sta_err *err) STA_CHECK;
/* Repositories of the owner that the caller may read, by name.  With may_wait false STA_WOULD_BLOCK. */
enum sta_rc sta_published_repositories(struct sta_registry *r, const struct sta_call *call,
				       const struct sta_owner *owner, struct sta_span *span,
				       struct sta_published_repository **out, size_t *n,
				       struct sta_err *err) STA_CHECK;

/* "acme" and "tools/app" as the name of a package.  STA_NOT_FOUND: they are none. */
struct sta_name;
enum sta_rc sta_published_name(const char *owner, const char *name, struct sta_name *out,
			       struct sta_err *err) STA_CHECK;

#endif
