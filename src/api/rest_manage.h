/*
 * rest_manage - what the routes of the REST interface that manage share: those of accounts, tokens, robots,
 * issuers, the audit log, organizations, teams, repositories and rights on packages.
 *
 * Only files of api/ include this.
 *
 * Layer: api.
 */
#ifndef STA_API_REST_MANAGE_H
#define STA_API_REST_MANAGE_H

#include "api/rest_body.h"
#include "registry/grant.h"
#include "registry/org.h"

#define STA_REST_ORG_SCOPE "admin:org"
#define STA_REST_PASSWORD "" /* what no scope of a token is enough for */

/* A route of one organization: who calls, what the body says, and the organization.  STA_NOT_FOUND is the
 * same for one that is absent and one that the caller may not know of. */
struct sta_rest_org {
	struct sta_rest *r;
	struct sta_org org;
};
enum sta_rc sta_rest_enter_org(struct sta_api *api, struct sta_request *req,
			       const struct sta_rest_field *fields, size_t n, struct sta_rest_org *out,
			       struct sta_err *err) STA_CHECK;

/* Words of a body or a query; 422 names the choices.  What is not given stays as it is in *out. */
enum sta_rc sta_rest_visibility(const char *field, const struct sta_rest_value *v, bool internal,
				enum sta_visibility *out, struct sta_err *err) STA_CHECK;
/* none: of robots also "none". */
enum sta_rc sta_rest_role(const struct sta_rest_value *v, bool none, enum sta_role *out,
			  struct sta_err *err) STA_CHECK;
/* Which of two words; not given: the first. */
enum sta_rc sta_rest_either(const char *field, const char *text, const char *first, const char *second,
			    bool *is_second, struct sta_err *err) STA_CHECK;
/* Texts with the separator between them, in the arena; NULL where none was given.  STA_INVALID, with 422: an
 * array without any, which would mean all, or a text that is none or has the separator in it. */
enum sta_rc sta_rest_join(struct sta_arena *a, const char *field, const struct sta_rest_value *texts,
			  char separator, const char **out, struct sta_err *err) STA_CHECK;
/* The other way; NULL: out of memory. */
json_t *sta_rest_split(const char *text, char separator) STA_CHECK;
/* An id of the path; 0, which is the id of nothing, for what is none. */
int64_t sta_rest_id(const char *text);

/* As sta_rest_verdict(), and what the body names and is not there is 422, too. */
enum sta_rc sta_rest_named_verdict(enum sta_rc rc, struct sta_err *err);

/* 200 with the page that was asked for of n items that are all there, each made by fn; NULL: out of memory.
 */
typedef json_t *sta_rest_item_fn(const struct sta_rest *r, struct sta_arena *a, const void *items, size_t i,
				 const void *about);
struct sta_rest_list {
	size_t n;
	const void *items;
	sta_rest_item_fn *fn;
	const void *about;
	const char *const *names; /* as of sta_rest_link(); NULL: per_page alone */
};
enum sta_rc sta_rest_list(const struct sta_rest *r, struct sta_request *req, struct sta_response *res,
			  const struct sta_rest_list *list, struct sta_err *err) STA_CHECK;
/* What was made (201) or is so now (200), without an entity tag. */
enum sta_rc sta_rest_say(struct sta_request *req, struct sta_response *res, int status, json_t *j,
			 struct sta_err *err) STA_CHECK;

/* Objects; NULL: out of memory. */
json_t *sta_rest_organization(const struct sta_rest *r, struct sta_arena *a,
			      const struct sta_owner *o) STA_CHECK;
json_t *sta_rest_repository(const struct sta_rest *r, struct sta_arena *a,
			    const struct sta_published_repository *p) STA_CHECK;
json_t *sta_rest_person(const struct sta_rest *r, struct sta_arena *a, int64_t id, const char *name,
			bool site_admin) STA_CHECK;
json_t *sta_rest_org_object(const struct sta_rest *r, struct sta_arena *a,
			    const struct sta_org *org) STA_CHECK;
json_t *sta_rest_grant(const struct sta_grant *g) STA_CHECK;
/* The one of that subject, in any case of letters; NULL: none. */
const struct sta_grant *sta_rest_grant_of(const struct sta_grant *grants, size_t n, const char *subject);

/* --- the handlers, by file --- */

sta_handler_fn sta_get_settings, sta_patch_settings, sta_put_own_password, sta_get_users, sta_post_user,
	sta_get_user_of_site, sta_patch_user, sta_change_user_suspended, sta_put_user_password,
	sta_post_user_rename; /* rest_account.c */
sta_handler_fn sta_get_tokens, sta_post_token_of, sta_delete_token, sta_get_current_token,
	sta_delete_current_token; /* rest_tokens.c */
sta_handler_fn sta_get_robots, sta_post_robot, sta_get_robot, sta_patch_robot, sta_delete_robot,
	sta_change_robot_suspended; /* rest_robots.c */
sta_handler_fn sta_get_issuers, sta_post_issuer, sta_get_issuer, sta_delete_issuer, sta_get_issuer_rules,
	sta_post_issuer_rule, sta_delete_issuer_rule, sta_post_issuer_explain;           /* rest_issuers.c */
sta_handler_fn sta_get_audit_log, sta_get_org_audit_log, sta_get_names, sta_delete_name; /* rest_audit.c */
sta_handler_fn sta_get_organizations, sta_get_user_orgs, sta_post_organization, sta_get_org_settings,
	sta_patch_org_settings, sta_post_org_rename; /* rest_orgs.c */
sta_handler_fn sta_get_org_members, sta_get_org_membership, sta_put_org_membership, sta_delete_org_membership,
	sta_put_outside_collaborator; /* rest_members.c */
sta_handler_fn sta_get_teams, sta_post_team, sta_get_team, sta_patch_team, sta_delete_team,
	sta_get_team_members, sta_get_team_membership, sta_put_team_membership,
	sta_delete_team_membership; /* rest_teams.c */
sta_handler_fn sta_get_repos, sta_post_org_repo, sta_post_user_repo, sta_get_repo, sta_patch_repo,
	sta_delete_repo, sta_get_collaborators, sta_put_collaborator,
	sta_delete_collaborator; /* rest_repos.c */
sta_handler_fn sta_put_package_visibility, sta_put_package_repository, sta_delete_package_repository,
	sta_post_package_rename, sta_get_package_access, sta_put_package_access,
	sta_delete_package_access;      /* rest_access.c */
sta_handler_fn sta_get_package_explain; /* rest_explain.c */

#endif
