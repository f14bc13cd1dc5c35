/* Which repository a manifest says that it is from, and what a push makes of it. */

#include "house.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oci/manifest.h"
#include "registry/account.h"
#include "registry/grant.h"
#include "registry/labels.h"
#include "registry/org.h"
#include "registry/repository.h"
#include "registry/source.h"

#define KEY "org.opencontainers.image.source"
#define URL "https://forge.example/acme/code"
#define IMAGE "application/vnd.oci.image.manifest.v1+json"
#define INDEX "application/vnd.oci.image.index.v1+json"
#define LABEL(value) "{\"config\":{\"Labels\":{\"" KEY "\":" value "}}}"

/* The organization acme, of carol; dave may write to its repository acme/code. */
static struct sta_call carol, dave;

static struct sta_call
new_user(struct house *h, const char *name)
{
	struct sta_call call = h->alice;
	struct sta_user user;

	assert_int_equal(sta_user_create(h->r, &h->sys, name, NULL, false, &user, &h->err), STA_OK);
	call.caller.user_id = user.id;
	call.caller.login = name;
	return call;
}

static void
new_repository(struct house *h, const struct sta_call *call, const char *name, const char *url)
{
	struct sta_repository made;

	assert_int_equal(sta_repository_create(h->r, call, name, STA_PRIVATE, url, &made, &h->err), STA_OK);
}

static int
set_up(void **state)
{
	static const char *const forges[] = { "https://Git.example/", "https://git.example/mirror/", NULL };
	struct house *h;
	struct sta_org org;

	if (house_setup(state) != 0)
		return -1;
	h = *state;
	h->options.forges = forges;
	house_restart(h);
	carol = new_user(h, "carol");
	dave = new_user(h, "dave");
	assert_int_equal(sta_org_create(h->r, &h->sys, "acme", "carol", &org, &h->err), STA_OK);
	assert_int_equal(sta_org_add(h->r, &carol, "acme", "dave", STA_ORG_MEMBER, &h->err), STA_OK);
	new_repository(h, &carol, "acme/code", URL);
	assert_int_equal(sta_repository_give(h->r, &carol, "acme/code", "dave", STA_ROLE_WRITE, &h->err),
			 STA_OK);
	return 0;
}

/* --- URLs --- */

static void
urls_that_name_the_same_are_made_equal(void **state)
{
	static const struct {
		const char *text;
		const char *normal; /* NULL: none */
	} rows[] = {
		{ "https://github.com/acme/app", "https://github.com/acme/app" },
		{ "HTTPS://GitHub.com/Acme/App", "https://github.com/acme/app" },
		{ "http://github.com/acme/app", "http://github.com/acme/app" },
		{ "https://github.com/acme/app.git", "https://github.com/acme/app" },
		{ "https://github.com/acme/app.GIT", "https://github.com/acme/app" },
		{ "https://github.com/acme/app/", "https://github.com/acme/app" },
		{ "https://github.com/acme/app.git//", "https://github.com/acme/app" },
		{ "https://github.com/acme/app/.git", "https://github.com/acme/app" },
		{ "https://github.com/acme/app.git.git", "https://github.com/acme/app" },
		{ "https://github.com/acme/app?tab=readme", "https://github.com/acme/app" },
		{ "https://github.com/acme/app.git#main", "https://github.com/acme/app" },
		{ "https://user:secret@github.com/acme/app", "https://github.com/acme/app" },
		{ "https://one@two@github.com/acme/app", "https://github.com/acme/app" },
		{ "https://github.com/@acme/app", "https://github.com/@acme/app" },
		{ "https://github.com/acme/app?x=a@b", "https://github.com/acme/app" },
		{ "https://github.com:8443/acme/app", "https://github.com:8443/acme/app" },
		{ "", NULL },
		{ "https://", NULL },
		{ "https:///", NULL },
		{ "https://user@", NULL },
		{ "https://?x", NULL },
		{ "github.com/acme/app", NULL },
		{ "ssh://git@github.com/acme/app", NULL },
		{ "git@github.com:acme/app.git", NULL },
		{ "https://github.com/acme/ app", NULL },
		{ "https://github.com/acme/app\n", NULL },
		{ "https://github.com/acme/\x7f", NULL },
	};
	char out[STA_SOURCE_MAX + 1];

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool good = sta_source_normalize(rows[i].text, strlen(rows[i].text), out);

		if (good != (rows[i].normal != NULL) || (good && strcmp(out, rows[i].normal) != 0))
			fail_msg("'%s' became '%s'", rows[i].text, good ? out : "none");
	}
}

static void
a_url_has_at_most_1024_bytes_and_no_null(void **state)
{
	char text[STA_SOURCE_MAX + 2];
	char out[STA_SOURCE_MAX + 1];

	(void) state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "https://", 8);
	assert_true(sta_source_normalize(text, STA_SOURCE_MAX, out));
	assert_int_equal(strlen(out), STA_SOURCE_MAX);
	assert_false(sta_source_normalize(text, STA_SOURCE_MAX + 1, out));
	text[20] = '\0';
	assert_false(sta_source_normalize(text, 40, out));
}

/* --- what a manifest says --- */

/* Text of an image with that configuration, which need not be there, and annotations (or NULL). */
static const char *
image(struct house *h, const struct sta_digest *config, size_t len, const char *annotations)
{
	const char *text = manifest_of(h, config, len, NULL, 0, 0);

	if (annotations)
		text = sta_arena_printf(h->arena, "%.*s,\"annotations\":%s}", (int) strlen(text) - 1, text,
					annotations);
	assert_non_null(text);
	return text;
}

static const char *
image_of(struct house *h, const struct sta_call *call, const char *package, const char *config)
{
	struct sta_digest d = sha256_of(config, strlen(config));

	assert_int_equal(push_blob(h, call, package, config, strlen(config), &h->err), STA_OK);
	return image(h, &d, strlen(config), NULL);
}

/* What the manifest of alice/app says. */
static struct sta_labels
labels_of(struct house *h, const char *media_type, const char *text)
{
	struct sta_db_conn *c = NULL;
	struct sta_manifest m;
	struct sta_labels labels = { .source = "not set" };

	assert_int_equal(sta_manifest_parse(h->arena, media_type, text, strlen(text), &m, &h->err), STA_OK);
	assert_int_equal(sta_db_reader(h->db, &c, &h->err), STA_OK);
	assert_int_equal(sta_labels_read(h->r, c, &h->alice, number(h, "SELECT max(id) FROM package"), &m,
					 &labels, &h->err),
			 STA_OK);
	return labels;
}

static const char *
said_by(struct house *h, const char *media_type, const char *text)
{
	return labels_of(h, media_type, text).source;
}

/* Labels of an image with that description and those licenses, as JSON strings. */
static struct sta_labels
described(struct house *h, const char *description, const char *licenses)
{
	const char *config = sta_arena_printf(h->arena,
					      "{\"config\":{\"Labels\":{"
					      "\"org.opencontainers.image.description\":%s,"
					      "\"org.opencontainers.image.licenses\":%s}}}",
					      description, licenses);

	return labels_of(h, STA_MEDIA_OCI_MANIFEST, image_of(h, &h->alice, "alice/app", config));
}

static void
expect_text(const char *got, const char *wanted)
{
	if ((got == NULL) != (wanted == NULL) || (got && strcmp(got, wanted) != 0))
		fail_msg("got '%s', wanted '%s'", got ? got : "none", wanted ? wanted : "none");
}

static void
descriptions_and_licenses_are_read(void **state)
{
	static const struct {
		const char *description, *licenses; /* as given */
		const char *text, *expression;      /* NULL: none */
	} rows[] = {
		{ "\"An app\"", "\"MIT\"", "An app", "MIT" },
		{ "\" An app\\n\"", "\"mit or apache-2.0\"", "An app", "MIT OR Apache-2.0" },
		{ "\"\"", "\"Acme, all rights\"", NULL, "Acme, all rights" },
		{ "\"  \"", "\" \"", NULL, NULL },
		{ "7", "[\"MIT\"]", NULL, NULL },
		{ "null", "null", NULL, NULL },
	};
	struct house *h = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sta_labels got = described(h, rows[i].description, rows[i].licenses);

		expect_text(got.description, rows[i].text);
		expect_text(got.licenses, rows[i].expression);
	}
}

/* n times text and more behind it, as a JSON string. */
static const char *
times(struct house *h, const char *text, size_t n, const char *more)
{
	size_t len = strlen(text);
	char *s = sta_arena_alloc(h->arena, n * len + strlen(more) + 3);

	assert_non_null(s);
	s[0] = '"';
	for (size_t i = 0; i < n; i++)
		memcpy(s + 1 + i * len, text, len);
	(void) snprintf(s + 1 + n * len, strlen(more) + 2, "%s\"", more);
	return s;
}

static void
what_is_long_is_cut_between_characters(void **state)
{
	static const char euro[] = "\xe2\x82\xac"; /* three bytes */
	struct house *h = *state;
	struct sta_labels got = described(h, times(h, euro, STA_DESCRIPTION_CHARS, ""),
					  times(h, "x", STA_LICENSES_CHARS, ""));

	assert_int_equal(strlen(got.description), 3 * STA_DESCRIPTION_CHARS);
	assert_int_equal(strlen(got.licenses), STA_LICENSES_CHARS);
	got = described(h, times(h, euro, STA_DESCRIPTION_CHARS, "y"),
			times(h, euro, STA_LICENSES_CHARS, "y"));
	assert_int_equal(strlen(got.description), 3 * STA_DESCRIPTION_CHARS);
	assert_int_equal(strlen(got.licenses), 3 * STA_LICENSES_CHARS);
	assert_null(strchr(got.description, 'y'));
	assert_null(strchr(got.licenses, 'y'));
}

static void
of_an_index_its_annotations_count_alone(void **state)
{
	static const char text[] = "{\"schemaVersion\":2,\"manifests\":[],\"annotations\":{"
				   "\"org.opencontainers.image.description\":\"Many\","
				   "\"org.opencontainers.image.licenses\":\"isc\"}}";
	struct house *h = *state;
	struct sta_labels got;

	(void) image_of(h, &h->alice, "alice/app", "{}"); /* the package is there */
	got = labels_of(h, STA_MEDIA_OCI_INDEX, text);
	expect_text(got.description, "Many");
	expect_text(got.licenses, "ISC");
	got = labels_of(h, STA_MEDIA_OCI_INDEX, "{\"schemaVersion\":2,\"manifests\":[]}");
	expect_text(got.description, NULL);
	expect_text(got.licenses, NULL);
}

static void
a_label_of_the_configuration_is_read(void **state)
{
	static const struct {
		const char *config;
		const char *source; /* or NULL */
	} rows[] = {
		{ LABEL("\"" URL ".git\""), URL },
		{ LABEL("\"" URL "\"") " ", URL },
		{ LABEL("\"no url\""), NULL },
		{ LABEL("\"\""), NULL },
		{ LABEL("7"), NULL },
		{ LABEL("null"), NULL },
		{ LABEL("[\"" URL "\"]"), NULL },
		{ LABEL("\"" URL "\\u0000\""), NULL },
		{ LABEL("\"" URL "\"") "}", NULL },
		{ "{\"config\":{\"Labels\":[\"" KEY "\",\"" URL "\"]}}", NULL },
		{ "{\"config\":[\"" KEY "\"]}", NULL },
		{ "{\"Labels\":{\"" KEY "\":\"" URL "\"}}", NULL },
		{ "{\"config\":{\"Labels\":{\"" KEY "\":\"" URL "\"", NULL },
		{ "[\"" KEY "\"]", NULL },
		{ KEY, NULL },
		{ "{}", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct house *h = *state;
		const char *said = said_by(h, IMAGE, image_of(h, &h->alice, "alice/app", rows[i].config));

		if (!said != !rows[i].source || (said && strcmp(said, rows[i].source) != 0))
			fail_msg("%s says %s", rows[i].config, said ? said : "nothing");
	}
}

static void
a_configuration_in_the_store_is_read(void **state)
{
	struct house *h = *state;
	size_t padding = INLINE_MAX + KIB;
	char *text = malloc(padding + KIB);
	struct sta_digest d;
	size_t len;

	assert_non_null(text);
	memset(text, ' ', padding);
	memcpy(text + padding, LABEL("\"" URL "\""), sizeof(LABEL("\"" URL "\"")));
	len = strlen(text);
	d = sha256_of(text, len);
	assert_int_equal(push_blob(h, &h->alice, "alice/app", text, len, &h->err), STA_OK);
	assert_int_equal(number(h, "SELECT count(*) FROM blob_data"), 0);
	assert_string_equal(said_by(h, IMAGE, image(h, &d, len, NULL)), URL);
	free(text);
}

static void
a_configuration_that_is_too_large_says_nothing(void **state)
{
	struct house *h = *state;
	size_t padding = MIB;
	char *text = malloc(padding + KIB);
	struct sta_digest d;
	size_t len;

	assert_non_null(text);
	memset(text, ' ', padding);
	memcpy(text + padding, LABEL("\"" URL "\""), sizeof(LABEL("\"" URL "\"")));
	len = strlen(text);
	d = sha256_of(text, len);
	assert_int_equal(push_blob(h, &h->alice, "alice/app", text, len, &h->err), STA_OK);
	assert_null(said_by(h, IMAGE, image(h, &d, len, NULL)));
	free(text);
}

static void
a_configuration_that_is_not_in_the_package_says_nothing(void **state)
{
	static const char config[] = LABEL("\"" URL "\"");
	struct house *h = *state;
	struct sta_digest d = sha256_of(config, strlen(config));

	assert_int_equal(push_blob(h, &h->alice, "alice/secret", config, strlen(config), &h->err), STA_OK);
	(void) push_seed(h, &h->alice, "alice/app", 10, 1);
	assert_null(said_by(h, IMAGE, image(h, &d, strlen(config), NULL)));
}

static void
an_annotation_of_an_image_counts_before_its_label(void **state)
{
	struct house *h = *state;
	const char *config = LABEL("\"https://forge.example/by/label\"");
	struct sta_digest d = sha256_of(config, strlen(config));

	(void) image_of(h, &h->alice, "alice/app", config);
	assert_string_equal(said_by(h, IMAGE, image(h, &d, strlen(config), "{\"" KEY "\":\"" URL "/\"}")),
			    URL);
	assert_string_equal(said_by(h, IMAGE, image(h, &d, strlen(config), "{\"" KEY "\":\"no url\"}")),
			    "https://forge.example/by/label");
}

static void
an_index_says_it_by_annotation(void **state)
{
	struct house *h = *state;

	(void) push_seed(h, &h->alice, "alice/app", 10, 1);
	assert_string_equal(said_by(h, INDEX,
				    "{\"schemaVersion\":2,\"mediaType\":\"" INDEX "\",\"manifests\":[],"
				    "\"annotations\":{\"" KEY "\":\"" URL "\"}}"),
			    URL);
	assert_null(said_by(h, INDEX, "{\"schemaVersion\":2,\"mediaType\":\"" INDEX "\",\"manifests\":[]}"));
}

/* --- what a push makes of it --- */

static void
push(struct house *h, const struct sta_call *call, const char *package, const char *url)
{
	const char *config =
		sta_arena_printf(h->arena, "{\"config\":{\"Labels\":{\"" KEY "\":\"%s\"}}}", url);

	assert_non_null(config);
	assert_int_equal(
		push_manifest(h, call, package, "v1", image_of(h, call, package, config), NULL, &h->err),
		STA_OK);
}

static struct sta_package_info
info(struct house *h, const char *package)
{
	struct sta_package_info *all = NULL;
	size_t n = 0;

	assert_int_equal(sta_package_list(h->r, &h->sys, NULL, 100, &all, &n, &h->err), STA_OK);
	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i].name, package) == 0)
			return all[i];
	fail_msg("no package %s", package);
	return (struct sta_package_info){ 0 };
}

static void
assert_linked(struct house *h, const char *package, const char *repository, bool inherits)
{
	struct sta_package_info got = info(h, package);

	if (repository)
		assert_string_equal(got.repository ? got.repository : "none", repository);
	else
		assert_null(got.repository);
	assert_int_equal(got.inherits, inherits);
}

static size_t
own_grants(struct house *h)
{
	return (size_t) number(h, "SELECT count(*) FROM role_grant WHERE object_kind = 1");
}

static void
a_new_package_is_linked_by_url_and_has_only_the_repositorys_roles(void **state)
{
	struct house *h = *state;

	push(h, &dave, "acme/app", "https://FORGE.example/acme/code.git");
	assert_linked(h, "acme/app", "acme/code", true);
	assert_int_equal(own_grants(h), 0);
	/* Its publisher has what the repository gives. */
	assert_int_equal(sta_package_set_visibility(h->r, &dave, "acme/app", STA_PUBLIC, &h->err),
			 STA_DENIED);
	push(h, &dave, "acme/app", "https://forge.example/acme/code");
	assert_int_equal(sta_repository_take(h->r, &carol, "acme/code", "dave", &h->err), STA_OK);
	assert_int_equal(push_blob(h, &dave, "acme/app", "x", 1, &h->err), STA_DENIED);
}

static void
a_link_by_push_is_in_the_audit_log(void **state)
{
	struct house *h = *state;
	struct sta_audit_line *lines = NULL;
	size_t n = 0;

	push(h, &dave, "acme/app", URL);
	assert_int_equal(sta_audit_read(h->r, &h->sys, "", 0, 1, &lines, &n, &h->err), STA_OK);
	assert_string_equal(lines[0].actor, "dave");
	assert_string_equal(lines[0].action, "package.link");
	assert_string_equal(lines[0].target, "acme/app");
	assert_string_equal(lines[0].detail, "acme/code, inherits");
}

static void
a_package_is_linked_by_the_name_behind_a_forge(void **state)
{
	static const char *const urls[] = {
		"https://git.example/acme/code", "https://GIT.example/Acme/Code.git",
		"https://git.example/mirror/acme/code", /* the first prefix fits too, and has no such name */
	};
	struct house *h = *state;

	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		push(h, &dave, "acme/app", urls[i]);
		assert_linked(h, "acme/app", "acme/code", true);
		assert_int_equal(sta_package_delete(h->r, &carol, "acme/app", &h->err), STA_OK);
	}
}

static void
a_name_behind_no_forge_links_nothing(void **state)
{
	static const char *const urls[] = {
		"https://other.example/acme/code",
		"http://git.example/acme/code",
		"https://git.example/acme/code/tree/main",
		"https://git.example/acme",
		"https://git.example/",
		"https://git.example.org/acme/code",
	};
	struct house *h = *state;

	for (size_t i = 0; i < ARRAY_LEN(urls); i++)
		push(h, &dave, "acme/app", urls[i]);
	assert_linked(h, "acme/app", NULL, false);
	assert_int_equal(own_grants(h), 1);
}

static void
who_may_not_write_to_the_repository_links_nothing(void **state)
{
	struct house *h = *state;

	assert_int_equal(sta_repository_give(h->r, &carol, "acme/code", "dave", STA_ROLE_READ, &h->err),
			 STA_OK);
	push(h, &dave, "acme/app", URL);
	push(h, &dave, "acme/app", "https://git.example/acme/code");
	push(h, &h->alice, "alice/app", URL);
	assert_linked(h, "acme/app", NULL, false);
	assert_linked(h, "alice/app", NULL, false);
}

static void
a_token_for_the_package_alone_links_by_what_its_user_may(void **state)
{
	const struct sta_limit limit = { "acme/app",
					 STA_ACTION_BIT(STA_ACTION_WRITE) | STA_ACTION_BIT(STA_ACTION_READ) };
	struct house *h = *state;
	struct sta_call call = dave;

	call.caller.scopes = STA_SCOPE_WRITE;
	call.caller.limited = true;
	call.caller.limits = &limit;
	call.caller.n_limits = 1;
	push(h, &call, "acme/app", URL);
	assert_linked(h, "acme/app", "acme/code", true);
}

static void
a_package_that_is_linked_stays_where_it_is(void **state)
{
	struct house *h = *state;

	new_repository(h, &carol, "acme/other", "https://forge.example/acme/other");
	push(h, &carol, "acme/app", URL);
	push(h, &carol, "acme/app", "https://forge.example/acme/other");
	assert_linked(h, "acme/app", "acme/code", true);
}

static void
a_package_that_was_there_is_linked_and_keeps_its_roles(void **state)
{
	struct house *h = *state;

	push(h, &dave, "acme/app", "https://forge.example/nobody/knows");
	assert_linked(h, "acme/app", NULL, false);
	push(h, &dave, "acme/app", URL);
	assert_linked(h, "acme/app", "acme/code", false);
	assert_int_equal(own_grants(h), 1);
	assert_int_equal(sta_package_set_visibility(h->r, &dave, "acme/app", STA_PUBLIC, &h->err), STA_OK);
}

/* By digest, as the images of an index come. */
static void
push_untagged(struct house *h, const struct sta_call *call, const char *package)
{
	const char *text = image_of(h, call, package, "{}");
	char ref[STA_DIGEST_TEXT_MAX];
	struct sta_digest d = sha256_of(text, strlen(text));

	assert_int_equal(push_manifest(h, call, package, sta_digest_text(&d, ref), text, NULL, &h->err),
			 STA_OK);
}

static void
a_package_is_new_until_it_has_a_tag(void **state)
{
	struct house *h = *state;

	push_untagged(h, &dave, "acme/app");
	assert_linked(h, "acme/app", NULL, false);
	push(h, &dave, "acme/app", URL);
	assert_linked(h, "acme/app", "acme/code", true);
	assert_int_equal(own_grants(h), 0);
}

static void
a_package_is_not_new_when_others_have_roles_on_it(void **state)
{
	struct house *h = *state;

	push_untagged(h, &dave, "acme/app");
	assert_int_equal(sta_grant_give(h->r, &dave, "acme/app", "alice", STA_ROLE_READ, &h->err), STA_OK);
	push(h, &dave, "acme/app", URL);
	assert_linked(h, "acme/app", "acme/code", false);
	assert_int_equal(own_grants(h), 2);
}

static void
an_organization_can_do_without_inheritance(void **state)
{
	struct house *h = *state;
	bool off = false;
	const struct sta_org_change change = { .inherits = &off };
	struct sta_org org;

	assert_int_equal(sta_org_set(h->r, &carol, "acme", &change, &org, &h->err), STA_OK);
	push(h, &dave, "acme/app", URL);
	assert_linked(h, "acme/app", "acme/code", false);
	assert_int_equal(own_grants(h), 1);
}

static void
a_users_new_packages_inherit(void **state)
{
	struct house *h = *state;

	new_repository(h, &h->alice, "alice/code", "https://forge.example/alice/code");
	push(h, &h->alice, "alice/app", "https://forge.example/alice/code");
	assert_linked(h, "alice/app", "alice/code", true);
}

/* Else who lets dave write to a repository would get rights on what dave pushes elsewhere, and a label may
 * come from an image that was built upon. */
static void
nothing_is_inherited_from_a_repository_of_another_owner(void **state)
{
	struct house *h = *state;

	new_repository(h, &h->bob, "bob/base", "https://forge.example/bob/base");
	assert_int_equal(sta_repository_give(h->r, &h->bob, "bob/base", "dave", STA_ROLE_WRITE, &h->err),
			 STA_OK);
	assert_int_equal(sta_repository_give(h->r, &h->bob, "bob/base", "bob", STA_ROLE_ADMIN, &h->err),
			 STA_OK);
	push(h, &dave, "acme/app", "https://forge.example/bob/base");
	assert_linked(h, "acme/app", "bob/base", false);
	assert_int_equal(push_blob(h, &h->bob, "acme/app", "x", 1, &h->err), STA_DENIED);
	assert_int_equal(sta_package_set_visibility(h->r, &dave, "acme/app", STA_PUBLIC, &h->err), STA_OK);
}

static void
a_url_that_another_took_does_not_keep_the_name_from_linking(void **state)
{
	struct house *h = *state;

	new_repository(h, &h->bob, "bob/x", "https://git.example/acme/code");
	push(h, &dave, "acme/app", "https://git.example/acme/code");
	assert_linked(h, "acme/app", "acme/code", true);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, house_teardown)

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_that_name_the_same_are_made_equal),
		cmocka_unit_test(a_url_has_at_most_1024_bytes_and_no_null),
		TEST(a_label_of_the_configuration_is_read),
		TEST(a_configuration_in_the_store_is_read),
		TEST(a_configuration_that_is_too_large_says_nothing),
		TEST(a_configuration_that_is_not_in_the_package_says_nothing),
		TEST(an_annotation_of_an_image_counts_before_its_label),
		TEST(an_index_says_it_by_annotation),
		TEST(descriptions_and_licenses_are_read),
		TEST(what_is_long_is_cut_between_characters),
		TEST(of_an_index_its_annotations_count_alone),
		TEST(a_new_package_is_linked_by_url_and_has_only_the_repositorys_roles),
		TEST(a_link_by_push_is_in_the_audit_log),
		TEST(a_package_is_linked_by_the_name_behind_a_forge),
		TEST(a_name_behind_no_forge_links_nothing),
		TEST(who_may_not_write_to_the_repository_links_nothing),
		TEST(a_token_for_the_package_alone_links_by_what_its_user_may),
		TEST(a_package_that_is_linked_stays_where_it_is),
		TEST(a_package_that_was_there_is_linked_and_keeps_its_roles),
		TEST(a_package_is_new_until_it_has_a_tag),
		TEST(a_package_is_not_new_when_others_have_roles_on_it),
		TEST(an_organization_can_do_without_inheritance),
		TEST(a_users_new_packages_inherit),
		TEST(nothing_is_inherited_from_a_repository_of_another_owner),
		TEST(a_url_that_another_took_does_not_keep_the_name_from_linking),
	};

	house_driver(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
