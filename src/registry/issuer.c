#include "registry/issuer.h"

#include <ctype.h>
#include <string.h>

#include "crypto/jwt.h"
#include "model/issuers.h"
#include "net/fetch.h"
#include "registry/core.h"
#include "registry/issuer_keys.h"
#include "registry/job.h"

/* What is known of the tokens of well-known issuers.  GitHub's tell nothing of forks: their jobs get
 * none, unless the repository lets pull requests of forks have them; hence pull requests only read.
 * The same holds for merge requests at GitLab, which can be run for forks in the parent's name. */
static const struct profile {
	const char *name;
	const char *url; /* NULL: each installation has its own */
	const char *claims;
	const char *read_events;
} profiles[] = {
	{ "github", "https://token.actions.githubusercontent.com",
	  "repository=repository\nref=ref\nevent=event_name\nenvironment=environment",
	  "pull_request\npull_request_target" },
	{ "gitlab", "https://gitlab.com",
	  "repository=project_path\nref=ref_path\nevent=pipeline_source\nenvironment=environment",
	  "merge_request_event\nexternal_pull_request_event" },
	{ "kubernetes", NULL, "", "" },
	{ "none", NULL, "", "" },
};
#define N_PROFILES (sizeof(profiles) / sizeof(profiles[0]))

struct addition {
	const struct sta_call *call;
	struct sta_issuer_row row;
};

static const struct profile *
find_profile(const char *name)
{
	for (size_t i = 0; i < N_PROFILES; i++)
		if (strcmp(profiles[i].name, name) == 0)
			return &profiles[i];
	return NULL;
}

static bool
name_valid(const char *s)
{
	size_t len = strnlen(s, STA_ISSUER_NAME_MAX + 1);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char) s[i]) && !strchr("._-", s[i]))
			return false;
	return len > 0 && len <= STA_ISSUER_NAME_MAX;
}

static bool
audience_valid(const char *s)
{
	size_t len = strnlen(s, STA_ISSUER_AUDIENCE_MAX + 1);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char) s[i] <= 0x20 || s[i] == 0x7f)
			return false;
	return len > 0 && len <= STA_ISSUER_AUDIENCE_MAX;
}

static enum sta_rc
check_keys(const char *text, struct sta_err *err)
{
	struct sta_jwks *keys = NULL;
	size_t len = text ? strlen(text) : 0;
	enum sta_rc rc;

	if (!text)
		return STA_OK;
	rc = len <= STA_JWKS_MAX
		     ? sta_jwks_parse(text, len, &keys, err)
		     : sta_err_set(err, STA_INVALID, 0, "a key set has at most %d bytes", STA_JWKS_MAX);
	sta_jwks_free(keys);
	return rc;
}

/* Whether these name a claim for events. */
static bool
tells_events(const char *claims)
{
	static const char key[] = "event=";

	for (const char *line = claims; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, sizeof(key) - 1) == 0 && !strchr("\n", line[sizeof(key) - 1]))
			return true;
	}
	return false;
}

static enum sta_rc
check_texts(const struct sta_issuer_row *row, struct sta_err *err)
{
	if (!name_valid(row->name))
		return sta_err_set(err, STA_INVALID, 0,
				   "an issuer's name has letters, digits, '.', '_' and '-', at most %d",
				   STA_ISSUER_NAME_MAX);
	if (!row->url || !sta_fetch_url_valid(row->url))
		return sta_err_set(
			err, STA_INVALID, 0,
			"an issuer has a URL, https://HOST[/PATH], as in the claim 'iss' of its tokens");
	if (!audience_valid(row->audience))
		return sta_err_set(err, STA_INVALID, 0, "an audience has 1 to %d bytes and no spaces",
				   STA_ISSUER_AUDIENCE_MAX);
	return STA_OK;
}

/* What the request and the profile say, as a row. */
static enum sta_rc
fill_row(const struct sta_issuer_request *req, struct sta_issuer_row *row, struct sta_err *err)
{
	const struct profile *p = find_profile(req->profile);
	enum sta_rc rc;

	if (!p)
		return sta_err_set(
			err, STA_INVALID, 0,
			"there is no profile '%.50s'; there are github, gitlab, kubernetes and none",
			req->profile);
	*row = (struct sta_issuer_row){
		.name = req->name,
		.url = req->url ? req->url : p->url,
		.audience = req->audience,
		.claims = req->claims ? req->claims : p->claims,
		.read_events = req->read_events ? req->read_events : p->read_events,
		.keys = req->keys ? req->keys : "",
		.created_unix = sta_now_unix(),
	};
	rc = check_texts(row, err);
	if (rc == STA_OK)
		rc = sta_job_claims_valid(row->claims, err);
	if (rc == STA_OK)
		rc = sta_job_events_valid(row->read_events, err);
	if (rc == STA_OK && row->read_events[0] != '\0' && !tells_events(row->claims))
		rc = sta_err_set(err, STA_INVALID, 0,
				 "which claim is the event?  Without it no event can be for reading alone");
	return rc == STA_OK ? check_keys(req->keys, err) : rc;
}

static struct sta_issuer
issuer_of(const struct sta_issuer_row *row)
{
	return (struct sta_issuer){
		.name = row->name,
		.url = row->url,
		.audience = row->audience,
		.claims = row->claims,
		.read_events = row->read_events,
		.keys_given = row->keys[0] != '\0',
		.created_unix = row->created_unix,
	};
}

static enum sta_rc
note(struct sta_db_conn *c, const struct sta_call *call, const char *action, const char *issuer,
     const char *detail, struct sta_err *err)
{
	return detail ? sta_audit(c, call, action, issuer, detail, err)
		      : sta_err_set(err, STA_NOMEM, 0, "issuer");
}

static enum sta_rc
add_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct addition *x = arg;
	enum sta_rc rc = sta_issuer_insert(c, &x->row, &x->row.id, err);

	if (rc == STA_EXISTS)
		return sta_err_set(err, rc, 0, "there is an issuer '%s', or one of that URL", x->row.name);
	if (rc != STA_OK)
		return rc;
	return note(c, x->call, "issuer.add", x->row.name,
		    sta_arena_printf(x->call->arena, "%s, audience %s", x->row.url, x->row.audience), err);
}

enum sta_rc
sta_issuer_add(struct sta_registry *r, const struct sta_call *call, const struct sta_issuer_request *req,
	       struct sta_issuer *out, struct sta_err *err)
{
	struct addition x = { .call = call };
	enum sta_rc rc = sta_door_site(call, err);

	if (rc == STA_OK)
		rc = fill_row(req, &x.row, err);
	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	if (rc == STA_OK)
		rc = sta_db_write(r->db, add_tx, &x, err);
	if (rc == STA_OK)
		*out = issuer_of(&x.row);
	return rc;
}

enum sta_rc
sta_issuer_all(struct sta_registry *r, const struct sta_call *call, struct sta_issuer **out, size_t *n,
	       struct sta_err *err)
{
	struct sta_db_conn *c = NULL;
	struct sta_issuer_row *rows = NULL;
	struct sta_issuer *all;
	size_t got = 0;
	enum sta_rc rc = sta_door_site(call, err);

	if (rc == STA_OK)
		rc = sta_db_reader(r->db, &c, err);
	if (rc == STA_OK)
		rc = sta_issuer_list(c, call->arena, &rows, &got, err);
	if (rc != STA_OK)
		return rc;
	all = sta_arena_alloc(call->arena, got * sizeof(*all));
	if (!all)
		return sta_err_set(err, STA_NOMEM, 0, "issuers");
	for (size_t i = 0; i < got; i++)
		all[i] = issuer_of(&rows[i]);
	*out = all;
	*n = got;
	return STA_OK;
}

enum sta_rc
sta_find_issuer(struct sta_db_conn *c, struct sta_arena *a, const char *name, struct sta_issuer_row *out,
		struct sta_err *err)
{
	enum sta_rc rc = sta_issuer_by_name(c, a, name, out, err);

	if (rc == STA_NOT_FOUND)
		return sta_err_set(err, rc, 0, "no issuer '%.*s'", STA_ISSUER_NAME_MAX, name);
	return rc;
}

static enum sta_rc
delete_tx(struct sta_db_conn *c, void *arg, struct sta_err *err)
{
	struct addition *x = arg;
	enum sta_rc rc = sta_find_issuer(c, x->call->arena, x->row.name, &x->row, err);

	if (rc == STA_OK)
		rc = sta_issuer_remove(c, x->row.id, err);
	return rc == STA_OK ? note(c, x->call, "issuer.delete", x->row.name, x->row.url, err) : rc;
}

enum sta_rc
sta_issuer_delete(struct sta_registry *r, const struct sta_call *call, const char *name, struct sta_err *err)
{
	struct addition x = { .call = call, .row = { .name = name } };
	enum sta_rc rc = sta_door_site(call, err);

	if (rc == STA_OK)
		rc = sta_must_wait(call, err);
	if (rc == STA_OK)
		rc = sta_db_write(r->db, delete_tx, &x, err);
	if (rc == STA_OK)
		sta_issuer_keys_forget(r->issuer_keys, x.row.id);
	return rc;
}
