#include <string.h>

#include "model/blobs.h"
#include "registry/core.h"
#include "registry/push.h"

#define CANDIDATES_MAX 64 /* packages that an automatic mount tries */

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
readable_in(struct sta_db_conn *c, const struct mount *m, const struct sta_name *from, bool *found,
	    struct sta_membership *out, struct sta_err *err)
{
	struct sta_entry e;
	enum sta_rc rc = sta_door(c, m->call, from, STA_ACTION_READ, &e, err);

	*found = false;
	if (rc == STA_DENIED || rc == STA_UNAUTHENTICATED || (rc == STA_OK && !e.exists))
		return STA_OK;
	if (rc == STA_OK)
		rc = sta_blob_member(c, e.package.id, m->digest, out, err);
	*found = rc == STA_OK;
	return rc == STA_NOT_FOUND ? STA_OK : rc;
}

static enum sta_rc
readable_anywhere(struct sta_db_conn *c, const struct mount *m, bool *found, struct sta_membership *out,
		  struct sta_err *err)
{
	struct sta_call call = *m->call;
	struct mount wide = *m;
	int64_t after = 0;

	*found = false;
	if (call.caller.limited && !call.caller.limit_mounts)
		return STA_OK;
	call.caller.limited = false; /* for reading the source; the target's door has been passed */
	wide.call = &call;
	for (int i = 0; i < CANDIDATES_MAX && !*found; i++) {
		const char *candidate = NULL;
		struct sta_name from;
		enum sta_rc rc = sta_member_elsewhere(c, m->call->arena, m->digest, m->call->caller.user_id,
						      after, &after, &candidate, err);

		if (rc == STA_NOT_FOUND)
			return i > 0 ? STA_OK
				     : sta_member_elsewhere_in_vain(c, m->digest, m->call->caller.user_id,
								    err);
		if (rc == STA_OK && sta_name_parse(candidate, strlen(candidate), &from))
			rc = readable_in(c, &wide, &from, found, out, err);
		if (rc != STA_OK)
			return rc;
	}
	return STA_OK;
}

static enum sta_rc
find_source(struct sta_db_conn *c, const struct mount *m, bool *found, struct sta_membership *out,
	    struct sta_err *err)
{
	return m->from ? readable_in(c, m, m->from, found, out, err)
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
