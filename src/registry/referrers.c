#include <string.h>

#include "model/manifests.h"
#include "oci/manifest.h"
#include "registry/core.h"
#include "registry/list.h"

/* More than this is not read where others wait: bytes of a fallback index, items of a page. */
#define QUICK_BYTES 65536
#define QUICK_ITEMS 100

struct listing {
	struct sta_db_conn *c;
	const struct sta_call *call;
	int64_t package_id;
	const struct sta_referrers_request *req;
	struct sta_referrer_page page;
	size_t cap;
};

static enum sta_rc
add(struct listing *l, const struct sta_referrer *item, struct sta_err *err)
{
	if (l->page.n == l->cap)
		return sta_err_set(err, STA_TOO_MANY, 0, "too many referrers on one page");
	l->page.items[l->page.n++] = *item;
	return STA_OK;
}

static enum sta_rc
add_by_subject(struct listing *l, struct sta_err *err)
{
	struct sta_referrers_query q = {
		.package_id = l->package_id,
		.subject = l->req->subject,
		.artifact_type = l->req->artifact_type,
		.last = l->req->last,
		.max = l->req->n,
	};
	struct sta_version_page found = { .n = 0 };
	enum sta_rc rc = sta_version_referrers(l->c, l->call->arena, &q, &found, err);

	for (size_t i = 0; rc == STA_OK && i < found.n; i++)
		rc = add(l,
			 &(struct sta_referrer){
				 .digest = found.items[i].digest,
				 .media_type = found.items[i].media_type,
				 .artifact_type = found.items[i].artifact_type,
				 .annotations = found.items[i].annotations,
				 .size = found.items[i].size,
			 },
			 err);
	l->page.more = found.more;
	return rc;
}

/* What the fallback index says of a manifest, unless the registry knows it as
 * a referrer by itself or does not have it at all. */
static enum sta_rc
add_fallback(struct listing *l, const struct sta_descriptor *d, struct sta_err *err)
{
	struct sta_version v;
	struct sta_err ignored;
	const char *type = NULL;
	enum sta_rc rc = sta_version_by_digest(l->c, l->call->arena, l->package_id, &d->digest, &v, &ignored);

	if (rc == STA_NOT_FOUND)
		return STA_OK;
	if (rc != STA_OK) {
		*err = ignored;
		return rc;
	}
	if (v.has_subject && sta_digest_equal(&v.subject, l->req->subject))
		return STA_OK;
	type = d->artifact_type ? d->artifact_type : v.artifact_type;
	if (l->req->artifact_type && (!type || strcmp(type, l->req->artifact_type) != 0))
		return STA_OK;
	return add(l,
		   &(struct sta_referrer){
			   .digest = v.digest,
			   .media_type = v.media_type,
			   .artifact_type = type,
			   .annotations = d->annotations,
			   .size = v.size,
		   },
		   err);
}

static bool
listed_before(const struct sta_manifest *m, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (sta_digest_equal(&m->refs[j].digest, &m->refs[i].digest))
			return true;
	return false;
}

/* Old clients keep referrers in an index under a tag made of the subject's
 * digest.  A tag of that form that is no index is an ordinary tag. */
static enum sta_rc
add_by_fallback_tag(struct listing *l, struct sta_err *err)
{
	char tag[STA_TAG_MAX + 1];
	struct sta_version v;
	struct sta_manifest m;
	struct sta_err ignored;
	const void *bytes = NULL;
	size_t len = 0;
	enum sta_rc rc;

	sta_fallback_tag(l->req->subject, tag);
	rc = sta_version_by_tag(l->c, l->call->arena, l->package_id, tag, &v, &ignored);
	if (rc == STA_NOT_FOUND || (rc == STA_OK && !v.is_index))
		return STA_OK;
	if (rc != STA_OK) {
		*err = ignored;
		return rc;
	}
	if (v.size > QUICK_BYTES)
		rc = sta_must_wait(l->call, err);
	if (rc == STA_OK)
		rc = sta_version_bytes(l->c, l->call->arena, v.id, &bytes, &len, err);
	if (rc == STA_OK)
		rc = sta_manifest_parse(l->call->arena, v.media_type, bytes, len, &m, err);
	for (size_t i = 0; rc == STA_OK && i < m.n_refs && i < STA_PAGE_MAX; i++)
		if (!listed_before(&m, i))
			rc = add_fallback(l, &m.refs[i], err);
	return rc;
}

enum sta_rc
sta_list_referrers(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
		   const struct sta_referrers_request *req, struct sta_referrer_page *out,
		   struct sta_err *err)
{
	struct listing l = {
		.call = call,
		.req = req,
		.cap = req->n + STA_PAGE_MAX,
	};
	struct sta_entry e;
	enum sta_rc rc = sta_db_reader(r->db, &l.c, err);

	if (rc == STA_OK)
		rc = sta_db_read_begin(l.c, err);
	if (rc != STA_OK)
		return rc;
	rc = sta_door(l.c, call, name, STA_ACTION_READ, &e, err);
	if (rc == STA_OK && e.exists) {
		l.package_id = e.package.id;
		l.page.items = sta_arena_alloc(call->arena, l.cap * sizeof(*l.page.items));
		if (!l.page.items)
			rc = sta_err_set(err, STA_NOMEM, 0, "referrers");
		if (rc == STA_OK && !req->last)
			rc = add_by_fallback_tag(&l, err);
		if (rc == STA_OK)
			rc = add_by_subject(&l, err);
	}
	sta_db_read_end(l.c);
	if (rc == STA_OK && l.page.n > QUICK_ITEMS) /* as many documents are written into the answer */
		rc = sta_must_wait(call, err);
	if (rc == STA_OK)
		*out = l.page;
	return rc;
}
