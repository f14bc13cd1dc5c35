#include <string.h>

#include "model/blobs.h"
#include "model/sizes.h"
#include "registry/core.h"
#include "registry/push.h"

#define CANDIDATES_MAX 64 /* packages that are tried, one after the other */

struct mount {
	struct sta_registry *r;
	const struct sta_call *call;
	const struct sta_name *name;
	const struct sta_digest *digest;
	const struct sta_name *from;
	bool mounted;
};

/* Is the blob in that package, and may the caller read it there?  Every "no"
 * is the same "no". */
static enum sta_rc
readable_in(struct sta_db_conn *c, const struct sta_call *call, const struct sta_digest *digest,
	    const struct sta_name *from, bool *found, struct sta_membership *out, struct sta_err *err)
{
	struct sta_entry e;
	enum sta_rc rc = sta_door(c, call, from, STA_ACTION_READ, &e, err);

	*found = false;
	if (rc == STA_DENIED || rc == STA_UNAUTHENTICATED || (rc == STA_OK && !e.exists))
		return STA_OK;
	if (rc == STA_OK)
		rc = sta_blob_member(c, e.package.id, digest, out, err);
	*found = rc == STA_OK;
	return rc == STA_NOT_FOUND ? STA_OK : rc;
}

enum sta_rc
sta_readable_elsewhere(struct sta_db_conn *c, const struct sta_call *call, const struct sta_elsewhere *x,
		       bool *found, struct sta_membership *out, struct sta_err *err)
{
	struct sta_elsewhere_query q = { .digest = x->digest,
					 .account_id = call->caller.user_id,
					 .not_package = x->not_package };

	*found = false;
	for (int i = 0; i < CANDIDATES_MAX && !*found; i++) {
		const char *candidate = NULL;
		struct sta_name from;
		enum sta_rc rc = sta_member_elsewhere(c, call->arena, &q, &q.after_package, &candidate, err);

		if (rc == STA_NOT_FOUND)
			return i > 0 ? STA_OK : sta_member_elsewhere_in_vain(c, &q, err);
		if (rc == STA_OK && sta_name_parse(candidate, strlen(candidate), &from))
			rc = readable_in(c, call, x->digest, &from, found, out, err);
		if (rc == STA_OK && *found && x->used)
			rc = sta_size_used_in(c, q.after_package, out->blob.id, found, err);
		if (rc != STA_OK)
			return rc;
	}
	return STA_OK;
}

static enum sta_rc
readable_anywhere(struct sta_db_conn *c, const struct mount *m, bool *found, struct sta_membership *out,
		  struct sta_err *err)
{
	const struct sta_elsewhere x = { .digest = m->digest };
	struct sta_call call = *m->call;

	*found = false;
	if (call.caller.limited && !call.caller.limit_mounts)
		return STA_OK;
	call.caller.limited = false; /* for reading the source; the target's door has been passed */
	return sta_readable_elsewhere(c, &call, &x, found, out, err);
}

static enum sta_rc
find_source(struct sta_db_conn *c, const struct mount *m, bool *found, struct sta_membership *out,
	    struct sta_err *err)
{
	return m->from ? readable_in(c, m->call, m->digest, m->from, found, out, err)
		       : readable_anywhere(c, m, found, out, err);
}

static enum sta_rc
mount_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct mount *m = arg;
	struct sta_entry e;
	struct sta_membership source;
	enum sta_rc rc = sta_still_enabled(c, m->call, err);

	if (rc == STA_OK)
		rc = sta_door(c, m->call, m->name, STA_ACTION_WRITE, &e, err);
	if (rc == STA_OK)
		rc = find_source(c, m, &m->mounted, &source, err);
	if (rc != STA_OK || !m->mounted)
		return rc;
	rc = sta_entry_create(c, m->call, &e, err);
	return rc == STA_OK ? sta_entry_add_blob(c, m->r, &e, m->digest, source.blob.id, err) : rc;
}

enum sta_rc
sta_mount_blob(struct sta_registry *r, const struct sta_call *call, const struct sta_name *name,
	       const struct sta_digest *digest, const struct sta_name *from, bool *mounted,
	       struct sta_err *err)
{
	struct mount m = { .r = r, .call = call, .name = name, .digest = digest, .from = from };
	struct sta_db_conn *c = NULL;
	struct sta_entry e;
	struct sta_membership source;
	bool found = false;
	enum sta_rc rc = sta_db_reader(r->db, &c, err);

	if (rc == STA_OK)
		rc = sta_door(c, call, name, STA_ACTION_WRITE, &e, err);
	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	if (rc == STA_OK)
		rc = find_source(c, &m, &found, &source, err);
	if (rc == STA_OK && found)
		rc = sta_db_write(r->db, mount_tx, &m, err);
	if (rc == STA_OK)
		*mounted = m.mounted;
	return rc;
}
