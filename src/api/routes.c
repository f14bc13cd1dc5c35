#include "api/rest_orgs.h"
#include "oci/manifest.h"

#define FORM_MAX 65536
#define REFUSED_BODY STA_BODY_MEMORY, FORM_MAX, false, NULL
#define NO_BODY STA_BODY_NONE, 0, false, NULL
#define STREAM STA_BODY_STREAM, 0, true
/* A package is named in three ways: those of an organization, of the caller, of anybody. */
#define PACKAGE "/packages/{package_type}/{package_name}"
#define OF_PACKAGE(method, end, label, body, handler)                                                        \
	{ method, "/api/v3/orgs/{org}" PACKAGE end, label, body, handler },                                  \
		{ method, "/api/v3/user" PACKAGE end, label, body, handler },                                \
	{                                                                                                    \
		method, "/api/v3/users/{username}" PACKAGE end, label, body, handler                         \
	}

/* method, pattern, label, body, body_max, waits, begin, handler; docs/API.md describes each */
/* clang-format off */
const struct sta_route sta_routes[] = {
	{ STA_GET, "/v2", "ping", NO_BODY, sta_get_ping },
	{ STA_GET, "/v2/", "ping", NO_BODY, sta_get_ping },
	{ STA_GET, "/v2/_catalog", "catalog", NO_BODY, sta_get_catalog },
	{ STA_GET, "/v2/{name}/tags/list", "tags", NO_BODY, sta_get_tags },
	{ STA_GET, "/v2/{name}/referrers/{digest}", "referrers", NO_BODY, sta_get_referrers },
	{ STA_GET, "/v2/{name}/manifests/{reference}", "manifest", NO_BODY, sta_get_manifest },
	{ STA_PUT, "/v2/{name}/manifests/{reference}", "manifest", STA_BODY_MEMORY, STA_MANIFEST_MAX, false, sta_put_manifest_begin, sta_put_manifest },
	{ STA_DELETE, "/v2/{name}/manifests/{reference}", "manifest", NO_BODY, sta_delete_manifest_route },
	{ STA_GET, "/v2/{name}/blobs/{digest}", "blob", NO_BODY, sta_get_blob },
	{ STA_DELETE, "/v2/{name}/blobs/{digest}", "blob", NO_BODY, sta_delete_blob_route },
	{ STA_POST, "/v2/{name}/blobs/uploads", "upload_start", STREAM, sta_post_upload_begin, sta_post_upload },
	{ STA_POST, "/v2/{name}/blobs/uploads/", "upload_start", STREAM, sta_post_upload_begin, sta_post_upload },
	{ STA_GET, "/v2/{name}/blobs/uploads/{id}", "upload", NO_BODY, sta_get_upload },
	{ STA_PATCH, "/v2/{name}/blobs/uploads/{id}", "upload", STREAM, sta_patch_upload_begin, sta_patch_upload },
	{ STA_PUT, "/v2/{name}/blobs/uploads/{id}", "upload", STREAM, sta_put_upload_begin, sta_put_upload },
	{ STA_DELETE, "/v2/{name}/blobs/uploads/{id}", "upload", NO_BODY, sta_delete_upload },
	{ STA_GET, "/token", "token", NO_BODY, sta_get_token },
	{ STA_POST, "/token", "token", STA_BODY_MEMORY, FORM_MAX, false, NULL, sta_post_token },
	{ STA_GET, "/api/v3", "api_root", NO_BODY, sta_get_api_root },
	{ STA_GET, "/api/v3/", "api_root", NO_BODY, sta_get_api_root },
	{ STA_GET, "/api/v3/meta", "meta", NO_BODY, sta_get_meta },
	{ STA_GET, "/api/v3/rate_limit", "rate_limit", NO_BODY, sta_get_rate_limit },
	{ STA_GET, "/api/v3/user", "user", NO_BODY, sta_get_user },
	{ STA_GET, "/api/v3/users/{username}", "user_by_name", NO_BODY, sta_get_user_by_name },
	{ STA_GET, "/api/v3/orgs/{org}", "org", NO_BODY, sta_get_org },
	{ STA_GET, "/api/v3/orgs/{org}/docker/conflicts", "docker_conflicts", NO_BODY, sta_get_docker_conflicts },
	{ STA_GET, "/api/v3/orgs/{org}/packages", "packages", NO_BODY, sta_get_packages },
	{ STA_GET, "/api/v3/user/docker/conflicts", "docker_conflicts", NO_BODY, sta_get_docker_conflicts },
	{ STA_GET, "/api/v3/user/packages", "packages", NO_BODY, sta_get_packages },
	{ STA_GET, "/api/v3/users/{username}/docker/conflicts", "docker_conflicts", NO_BODY, sta_get_docker_conflicts },
	{ STA_GET, "/api/v3/users/{username}/packages", "packages", NO_BODY, sta_get_packages },
	OF_PACKAGE(STA_GET, "", "package", NO_BODY, sta_get_package),
	OF_PACKAGE(STA_DELETE, "", "package", REFUSED_BODY, sta_delete_package_route),
	OF_PACKAGE(STA_POST, "/restore", "package_restore", NO_BODY, sta_post_package_restore),
	OF_PACKAGE(STA_GET, "/versions", "versions", NO_BODY, sta_get_versions),
	OF_PACKAGE(STA_GET, "/versions/{package_version_id}", "version", NO_BODY, sta_get_version),
	OF_PACKAGE(STA_DELETE, "/versions/{package_version_id}", "version", REFUSED_BODY, sta_delete_version_route),
	OF_PACKAGE(STA_POST, "/versions/{package_version_id}/restore", "version_restore", NO_BODY, sta_post_version_restore),
	OF_PACKAGE(STA_GET, "/tags", "package_tags", NO_BODY, sta_get_package_tags),
	OF_PACKAGE(STA_GET, "/tags/{tag}", "package_tag", NO_BODY, sta_get_package_tag),
	OF_PACKAGE(STA_PUT, "/tags/{tag}", "package_tag", STA_REST_JSON_BODY, sta_put_package_tag),
	OF_PACKAGE(STA_DELETE, "/tags/{tag}", "package_tag", REFUSED_BODY, sta_delete_package_tag),
	OF_PACKAGE(STA_GET, "/tags/{tag}/history", "tag_history", NO_BODY, sta_get_tag_history),
	OF_PACKAGE(STA_POST, "/tags/{tag}/rollback", "tag_rollback", STA_REST_JSON_BODY, sta_post_tag_rollback),
	OF_PACKAGE(STA_GET, "/history", "package_history", NO_BODY, sta_get_package_history),
	{ STA_POST, "/api/v3/registry/workflow-token", "workflow_token", STA_BODY_MEMORY, FORM_MAX, false, NULL, sta_post_workflow_token },
	{ STA_GET, "/api/v3/openapi.json", "openapi", NO_BODY, sta_get_openapi },

	{ STA_GET, "/api/v3/organizations", "organizations", NO_BODY, sta_get_organizations },
	{ STA_GET, "/api/v3/user/orgs", "user_orgs", NO_BODY, sta_get_user_orgs },
	{ STA_POST, "/api/v3/admin/organizations", "organizations", STA_REST_JSON_BODY, sta_post_organization },
	{ STA_GET, "/api/v3/orgs/{org}/settings", "org_settings", NO_BODY, sta_get_org_settings },
	{ STA_PATCH, "/api/v3/orgs/{org}/settings", "org_settings", STA_REST_JSON_BODY, sta_patch_org_settings },
	{ STA_POST, "/api/v3/orgs/{org}/rename", "org_rename", STA_REST_JSON_BODY, sta_post_org_rename },
	{ STA_GET, "/api/v3/orgs/{org}/members", "org_members", NO_BODY, sta_get_org_members },
	{ STA_GET, "/api/v3/orgs/{org}/memberships/{username}", "org_membership", NO_BODY, sta_get_org_membership },
	{ STA_PUT, "/api/v3/orgs/{org}/memberships/{username}", "org_membership", STA_REST_JSON_BODY, sta_put_org_membership },
	{ STA_DELETE, "/api/v3/orgs/{org}/memberships/{username}", "org_membership", REFUSED_BODY, sta_delete_org_membership },
	{ STA_PUT, "/api/v3/orgs/{org}/outside_collaborators/{username}", "outside_collaborator", STA_REST_JSON_BODY, sta_put_outside_collaborator },
	{ STA_GET, "/api/v3/orgs/{org}/teams", "teams", NO_BODY, sta_get_teams },
	{ STA_POST, "/api/v3/orgs/{org}/teams", "teams", STA_REST_JSON_BODY, sta_post_team },
	{ STA_GET, "/api/v3/orgs/{org}/teams/{team_slug}", "team", NO_BODY, sta_get_team },
	{ STA_PATCH, "/api/v3/orgs/{org}/teams/{team_slug}", "team", STA_REST_JSON_BODY, sta_patch_team },
	{ STA_DELETE, "/api/v3/orgs/{org}/teams/{team_slug}", "team", REFUSED_BODY, sta_delete_team },
	{ STA_GET, "/api/v3/orgs/{org}/teams/{team_slug}/members", "team_members", NO_BODY, sta_get_team_members },
	{ STA_GET, "/api/v3/orgs/{org}/teams/{team_slug}/memberships/{username}", "team_membership", NO_BODY, sta_get_team_membership },
	{ STA_PUT, "/api/v3/orgs/{org}/teams/{team_slug}/memberships/{username}", "team_membership", STA_REST_JSON_BODY, sta_put_team_membership },
	{ STA_DELETE, "/api/v3/orgs/{org}/teams/{team_slug}/memberships/{username}", "team_membership", REFUSED_BODY, sta_delete_team_membership },
	{ STA_GET, "/api/v3/orgs/{org}/repos", "repos", NO_BODY, sta_get_repos },
	{ STA_POST, "/api/v3/orgs/{org}/repos", "repos", STA_REST_JSON_BODY, sta_post_org_repo },
	{ STA_GET, "/api/v3/users/{username}/repos", "repos", NO_BODY, sta_get_repos },
	{ STA_GET, "/api/v3/user/repos", "repos", NO_BODY, sta_get_repos },
	{ STA_POST, "/api/v3/user/repos", "repos", STA_REST_JSON_BODY, sta_post_user_repo },
	{ STA_GET, "/api/v3/repos/{owner}/{repo}", "repo", NO_BODY, sta_get_repo },
	{ STA_PATCH, "/api/v3/repos/{owner}/{repo}", "repo", STA_REST_JSON_BODY, sta_patch_repo },
	{ STA_DELETE, "/api/v3/repos/{owner}/{repo}", "repo", REFUSED_BODY, sta_delete_repo },
	{ STA_GET, "/api/v3/repos/{owner}/{repo}/collaborators", "collaborators", NO_BODY, sta_get_collaborators },
	{ STA_PUT, "/api/v3/repos/{owner}/{repo}/collaborators/{subject}", "collaborator", STA_REST_JSON_BODY, sta_put_collaborator },
	{ STA_DELETE, "/api/v3/repos/{owner}/{repo}/collaborators/{subject}", "collaborator", REFUSED_BODY, sta_delete_collaborator },
	OF_PACKAGE(STA_PUT, "/visibility", "package_visibility", STA_REST_JSON_BODY, sta_put_package_visibility),
	OF_PACKAGE(STA_PUT, "/repository", "package_repository", STA_REST_JSON_BODY, sta_put_package_repository),
	OF_PACKAGE(STA_DELETE, "/repository", "package_repository", REFUSED_BODY, sta_delete_package_repository),
	OF_PACKAGE(STA_POST, "/rename", "package_rename", STA_REST_JSON_BODY, sta_post_package_rename),
	OF_PACKAGE(STA_GET, "/access", "package_access", NO_BODY, sta_get_package_access),
	OF_PACKAGE(STA_GET, "/access/explain", "package_explain", NO_BODY, sta_get_package_explain),
	OF_PACKAGE(STA_PUT, "/access/{subject}", "package_grant", STA_REST_JSON_BODY, sta_put_package_access),
	OF_PACKAGE(STA_DELETE, "/access/{subject}", "package_grant", REFUSED_BODY, sta_delete_package_access),

	{ STA_GET, "/healthz", "healthz", NO_BODY, sta_get_health },
	{ STA_GET, "/readyz", "readyz", NO_BODY, sta_get_ready },
	{ STA_GET, "/metrics", "metrics", NO_BODY, sta_get_metrics },
};
/* clang-format on */
const size_t sta_n_routes = sizeof(sta_routes) / sizeof(sta_routes[0]);

_Static_assert(sizeof(sta_routes) / sizeof(sta_routes[0]) <= STA_ROUTES_MAX,
	       "more routes than the api has room for");
