#include <string.h>

#include "api/rest_manage.h"
#include "base/clock.h"
#include "base/parse.h"

json_t *
sta_rest_time(int64_t unix_time)
{
	char text[STA_TIME_TEXT_MAX];

	return unix_time != 0 ? json_string_nocheck(sta_time_rfc3339(unix_time, text)) : json_null();
}

/* Collects what is put into an object; a failure makes the whole NULL. */
struct object {
	json_t *j;
	struct sta_arena *arena;
	bool failed;
};

static struct object
object(struct sta_arena *a)
{
	return (struct object){ .j = json_object(), .arena = a };
}

static void
put(struct object *o, const char *name, json_t *value)
{
	if (!o->j || json_object_set_new_nocheck(o->j, name, value) != 0) /* the name is a literal */
		o->failed = true;
}

static void
put_text(struct object *o, const char *name, const char *value)
{
	put(o, name, value ? json_string(value) : NULL);
}

/* What we made ourselves of ASCII: nothing that need be checked once more. */
static void
put_ascii(struct object *o, const char *name, const char *value)
{
	put(o, name, value ? json_string_nocheck(value) : NULL);
}

static void
put_time(struct object *o, const char *name, int64_t unix_time)
{
	char text[STA_TIME_TEXT_MAX];

	put_ascii(o, name, sta_time_rfc3339(unix_time, text));
}

static json_t *
finished(struct object *o)
{
	if (!o->failed)
		return o->j;
	json_decref(o->j);
	return NULL;
}

/* As GitHub's older form: base64 of "04:User583231". */
static const char *
node_id(struct sta_arena *a, const char *type, int64_t id)
{
	const char *text = sta_arena_printf(a, "0%zu:%s%lld", strlen(type), type, (long long) id);

	return text ? sta_base64(a, text, strlen(text), false) : NULL;
}

/* "orgs/acme" or "users/alice" */
static const char *
owner_path(struct sta_arena *a, const struct sta_owner *o)
{
	return sta_arena_printf(a, "%s/%s", o->kind == STA_OWNER_ORGANIZATION ? "orgs" : "users", o->name);
}

static const char *
type_of(const struct sta_owner *o)
{
	if (o->kind == STA_OWNER_ORGANIZATION)
		return "Organization";
	return o->kind == STA_OWNER_ROBOT ? "Bot" : "User";
}

/* A field whose value is a URL with something behind it. */
struct suffix {
	const char *field;
	const char *text;
};

static void
put_urls(struct object *o, const char *url, const struct suffix *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put_text(o, s[i].field, url ? sta_arena_printf(o->arena, "%s%s", url, s[i].text) : NULL);
}

json_t *
sta_rest_user(const struct sta_rest *r, struct sta_arena *a, const struct sta_owner *owner)
{
	static const struct suffix urls[] = {
		{ "url", "" },
		{ "followers_url", "/followers" },
		{ "following_url", "/following{/other_user}" },
		{ "gists_url", "/gists{/gist_id}" },
		{ "starred_url", "/starred{/owner}{/repo}" },
		{ "subscriptions_url", "/subscriptions" },
		{ "organizations_url", "/orgs" },
		{ "repos_url", "/repos" },
		{ "events_url", "/events{/privacy}" },
		{ "received_events_url", "/received_events" },
	};
	struct object o = object(a);
	const char *html = sta_arena_printf(a, "%s/%s", r->base, owner->name);

	put_text(&o, "login", owner->name);
	put(&o, "id", json_integer(owner->id));
	put_text(&o, "node_id", node_id(a, type_of(owner), owner->id));
	put_text(&o, "avatar_url", sta_arena_printf(a, "%s/%s.png", r->base, owner->name));
	put_text(&o, "gravatar_id", "");
	put_text(&o, "html_url", html);
	put_urls(&o, sta_arena_printf(a, "%s/api/v3/users/%s", r->base, owner->name), urls,
		 sizeof(urls) / sizeof(urls[0]));
	put_text(&o, "type", type_of(owner));
	put(&o, "site_admin", json_boolean(owner->site_admin));
	return finished(&o);
}

/* Of GitHub's minimal-repository: these lead nowhere here, and are what a client may expect to find. */
static const struct suffix repository_urls[] = {
	{ "url", "" },
	{ "archive_url", "/{archive_format}{/ref}" },
	{ "assignees_url", "/assignees{/user}" },
	{ "blobs_url", "/git/blobs{/sha}" },
	{ "branches_url", "/branches{/branch}" },
	{ "collaborators_url", "/collaborators{/collaborator}" },
	{ "comments_url", "/comments{/number}" },
	{ "commits_url", "/commits{/sha}" },
	{ "compare_url", "/compare/{base}...{head}" },
	{ "contents_url", "/contents/{+path}" },
	{ "contributors_url", "/contributors" },
	{ "deployments_url", "/deployments" },
	{ "downloads_url", "/downloads" },
	{ "events_url", "/events" },
	{ "forks_url", "/forks" },
	{ "git_commits_url", "/git/commits{/sha}" },
	{ "git_refs_url", "/git/refs{/sha}" },
	{ "git_tags_url", "/git/tags{/sha}" },
	{ "hooks_url", "/hooks" },
	{ "issue_comment_url", "/issues/comments{/number}" },
	{ "issue_events_url", "/issues/events{/number}" },
	{ "issues_url", "/issues{/number}" },
	{ "keys_url", "/keys{/key_id}" },
	{ "labels_url", "/labels{/name}" },
	{ "languages_url", "/languages" },
	{ "merges_url", "/merges" },
	{ "milestones_url", "/milestones{/number}" },
	{ "notifications_url", "/notifications{?since,all,participating}" },
	{ "pulls_url", "/pulls{/number}" },
	{ "releases_url", "/releases{/id}" },
	{ "stargazers_url", "/stargazers" },
	{ "statuses_url", "/statuses/{sha}" },
	{ "subscribers_url", "/subscribers" },
	{ "subscription_url", "/subscription" },
	{ "tags_url", "/tags" },
	{ "teams_url", "/teams" },
	{ "trees_url", "/git/trees{/sha}" },
};

json_t *
sta_rest_repository(const struct sta_rest *r, struct sta_arena *a, const struct sta_published_repository *p)
{
	const char *slash = strchr(p->name, '/');
	struct object o = object(a);

	put(&o, "id", json_integer(p->id));
	put_text(&o, "node_id", node_id(a, "Repository", p->id));
	put_text(&o, "name", slash ? slash + 1 : p->name);
	put_text(&o, "full_name", p->name);
	put(&o, "private", json_boolean(p->visibility != STA_PUBLIC));
	put(&o, "owner", sta_rest_user(r, a, &p->owner));
	put_text(&o, "html_url", p->url ? p->url : sta_arena_printf(a, "%s/%s", r->base, p->name));
	put(&o, "description", json_null());
	put(&o, "fork", json_false());
	put_urls(&o, sta_arena_printf(a, "%s/api/v3/repos/%s", r->base, p->name), repository_urls,
		 sizeof(repository_urls) / sizeof(repository_urls[0]));
	return finished(&o);
}

/* Where the interface and where people find the package. */
struct places {
	const char *url;
	const char *html;
	const char *versions_html; /* GitHub's has no "package" in it */
};

static bool
places_of(const struct sta_rest *r, struct sta_arena *a, const struct sta_published_package *p,
	  struct places *out)
{
	const char *owner = owner_path(a, &p->owner);
	const char *name = sta_percent_encode(a, p->name);

	*out = (struct places){ .url = NULL };
	if (!owner || !name)
		return false;
	out->url = sta_arena_printf(a, "%s/api/v3/%s/packages/container/%s", r->base, owner, name);
	out->html = sta_arena_printf(a, "%s/%s/packages/container/package/%s", r->base, owner, name);
	out->versions_html = sta_arena_printf(a, "%s/%s/packages/container/%s", r->base, owner, name);
	return out->url && out->html && out->versions_html;
}

json_t *
sta_rest_package(const struct sta_rest *r, struct sta_arena *a, const struct sta_published_package *p)
{
	struct places at;
	struct object o;

	if (!places_of(r, a, p, &at))
		return NULL;
	o = object(a);
	put(&o, "id", json_integer(p->id));
	put_text(&o, "name", p->name);
	put_text(&o, "package_type", "container");
	put(&o, "owner", sta_rest_user(r, a, &p->owner));
	put(&o, "version_count", json_integer((json_int_t) p->versions));
	put_text(&o, "visibility", sta_visibility_name(p->visibility));
	put_text(&o, "url", at.url);
	put_time(&o, "created_at", p->created_unix);
	put_time(&o, "updated_at", p->updated_unix);
	if (p->linked)
		put(&o, "repository", sta_rest_repository(r, a, &p->repository));
	put_text(&o, "html_url", at.html);
	return finished(&o);
}

static json_t *
metadata(const struct sta_version_row *v)
{
	json_t *tags = json_array();

	for (size_t i = 0; i < v->n_tags; i++) {
		if (json_array_append_new(tags, json_string_nocheck(v->tags[i])) != 0) {
			json_decref(tags);
			return NULL;
		}
	}
	return json_pack("{s:s, s:{s:o}}", "package_type", "container", "container", "tags", tags);
}

static json_t *
version(struct sta_arena *a, const struct places *at, const struct sta_version_row *v)
{
	char digest[STA_DIGEST_TEXT_MAX];
	struct object o = object(a);

	put(&o, "id", json_integer(v->id));
	put_ascii(&o, "name", sta_digest_text(&v->digest, digest));
	put_ascii(&o, "url", sta_arena_printf(a, "%s/versions/%lld", at->url, (long long) v->id));
	put_ascii(&o, "package_html_url", at->html);
	put_time(&o, "created_at", v->created_unix);
	put_time(&o, "updated_at", v->updated_unix);
	if (v->deleted_unix > 0)
		put_time(&o, "deleted_at", v->deleted_unix);
	put_ascii(&o, "html_url", sta_arena_printf(a, "%s/%lld", at->versions_html, (long long) v->id));
	if (v->licenses)
		put_text(&o, "license", v->licenses);
	if (v->description)
		put_text(&o, "description", v->description);
	put(&o, "metadata", metadata(v));
	return finished(&o);
}

json_t *
sta_rest_version(const struct sta_rest *r, struct sta_arena *a, const struct sta_published_package *p,
		 const struct sta_version_row *v)
{
	struct places at;

	return places_of(r, a, p, &at) ? version(a, &at, v) : NULL;
}

json_t *
sta_rest_version_list(const struct sta_rest *r, struct sta_arena *a, const struct sta_published_versions *v)
{
	struct places at;
	json_t *list;

	if (!places_of(r, a, &v->package, &at))
		return NULL;
	list = json_array();
	for (size_t i = 0; i < v->n; i++) {
		if (json_array_append_new(list, version(a, &at, &v->items[i])) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}
