#include "registry/source.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "model/blobs.h"
#include "model/grants.h"

static bool
ends_with(const char *s, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len > n && strncasecmp(s + len - n, end, n) == 0;
}

/* Behind "https://", without a user name; NULL: another scheme. */
static const char *
after_scheme(const char *s, const char **scheme)
{
	static const char *const schemes[] = { "https://", "http://" };
	const char *at;

	for (size_t i = 0; i < 2; i++) {
		if (strncasecmp(s, schemes[i], strlen(schemes[i])) != 0)
			continue;
		*scheme = schemes[i];
		s += strlen(schemes[i]);
		at = memrchr(s, '@', strcspn(s, "/?#"));
		return at ? at + 1 : s;
	}
	return NULL;
}

/* The length without slashes and ".git" at the end, whatever their order: what is left has neither, so that
 * a URL that was normalized stays the same. */
static size_t
without_end(const char *s, size_t len)
{
	for (;;) {
		if (len > 0 && s[len - 1] == '/')
			len--;
		else if (ends_with(s, len, ".git"))
			len -= strlen(".git");
		else
			return len;
	}
}

bool
sta_source_normalize(const char *text, size_t len, char out[STA_SOURCE_MAX + 1])
{
	char copy[STA_SOURCE_MAX + 1];
	const char *scheme = "";
	const char *rest;
	size_t n;

	if (len > STA_SOURCE_MAX || memchr(text, '\0', len))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	for (size_t i = 0; i < len; i++)
		if ((unsigned char) copy[i] <= 0x20 || copy[i] == 0x7f)
			return false;
	rest = after_scheme(copy, &scheme);
	if (!rest)
		return false;
	n = without_end(rest, strcspn(rest, "?#"));
	if (n == 0)
		return false;
	memcpy(out, scheme, strlen(scheme));
	for (size_t i = 0; i < n; i++)
		out[strlen(scheme) + i] = (char) tolower((unsigned char) rest[i]);
	out[strlen(scheme) + n] = '\0';
	return true;
}

/* A token's names are of packages: what counts here is what its user may do. */
static bool
may_write(const struct sta_call *call, const struct sta_repository_row *row)
{
	struct sta_caller unlimited = call->caller;

	if (row->id == call->caller.workflow.repository_id)
		return true;
	unlimited.limited = false;
	return sta_repository_decide(&unlimited, row, STA_ACTION_WRITE).allowed;
}

/* The repository behind that prefix, as far as the pusher may write to it; STA_NOT_FOUND. */
static enum sta_rc
find_behind(struct sta_db_conn *c, const struct sta_call *call, const char *source, const char *forge,
	    struct sta_repository_row *out, struct sta_err *err)
{
	size_t len = strlen(forge);
	enum sta_rc rc = STA_NOT_FOUND;

	if (strncasecmp(source, forge, len) == 0)
		rc = sta_repository_by_name(c, call->arena, source + len, call->caller.user_id, out, err);
	return rc == STA_OK && !may_write(call, out) ? STA_NOT_FOUND : rc;
}

/* The one with that url, else one of that name behind a forge's prefix.  Whoever takes a url that is
 * another's keeps nobody from the latter: those to which the pusher may not write are as if absent. */
static enum sta_rc
find_writable(struct sta_registry *r, struct sta_db_conn *c, const struct sta_call *call, const char *source,
	      struct sta_repository_row *out, struct sta_err *err)
{
	enum sta_rc rc = sta_repository_by_url(c, call->arena, source, call->caller.user_id, out, err);

	if (rc == STA_OK && !may_write(call, out))
		rc = STA_NOT_FOUND;
	for (const char *const *f = r->options.forges; rc == STA_NOT_FOUND && f && *f; f++)
		rc = find_behind(c, call, source, *f, out, err);
	return rc;
}

enum sta_rc
sta_source_link(struct sta_registry *r, struct sta_db_conn *c, const struct sta_call *call,
		struct sta_entry *e, const char *source, bool created, struct sta_err *err)
{
	struct sta_repository_row row;
	struct sta_namespace space = { 0 };
	const char *detail;
	bool inherits;
	enum sta_rc rc = find_writable(r, c, call, source, &row, err);

	if (rc == STA_NOT_FOUND)
		return STA_OK;
	if (rc == STA_OK)
		rc = sta_namespace_find(c, e->name->namespace, 0, &space, err);
	if (rc != STA_OK)
		return rc;
	if (!created)
		rc = sta_package_is_new(c, e->package.id, call->caller.user_id, &created, err);
	inherits = created && space.inherits && row.namespace_id == space.id;
	if (rc == STA_OK && inherits) /* what its publisher got a moment ago */
		rc = sta_grant_remove_inheritable(c, sta_grantable_package(e->package.id), err);
	if (rc == STA_OK)
		rc = sta_package_update_link(c, e->package.id, row.id, inherits, err);
	if (rc != STA_OK)
		return rc;
	detail = sta_link_detail(call, row.name, inherits);
	if (!detail)
		return sta_err_set(err, STA_NOMEM, 0, "link");
	return sta_audit(c, call, "package.link", e->name->full, detail, err);
}
