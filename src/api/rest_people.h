/*
 * rest_people - what the routes of the REST interface about accounts, tokens, robots, issuers and the audit
 * log share.
 *
 * Only files of api/ include this.
 *
 * Layer: api.
 */
#ifndef STA_API_REST_PEOPLE_H
#define STA_API_REST_PEOPLE_H

#include "api/rest_body.h"

#define STA_SITE_SCOPE "admin:org" /* that a password has, and no token */

/* The json (NULL: out of memory) for who changed something: nothing that is kept. */
enum sta_rc sta_people_answer(struct sta_request *req, struct sta_response *res, int status, json_t *j,
			      struct sta_err *err) STA_CHECK;

/* One object of an array, or NULL. */
typedef json_t *sta_people_item_fn(const struct sta_rest *r, struct sta_arena *a, const void *items,
				   size_t i);
/* 200 with the page of these n that was asked for. */
enum sta_rc sta_people_list(const struct sta_rest *r, struct sta_request *req, struct sta_response *res,
			    const void *items, size_t n, sta_people_item_fn *make,
			    struct sta_err *err) STA_CHECK;

/* Texts with the separator between them, in the arena; NULL where none was given.  STA_INVALID, with 422: an
 * array without any, which would mean all, or a text that is none or has the separator in it. */
enum sta_rc sta_people_join(struct sta_arena *a, const char *field, const struct sta_rest_value *texts,
			    char separator, const char **out, struct sta_err *err) STA_CHECK;
/* The other way; NULL: out of memory. */
json_t *sta_people_split(const char *text, char separator) STA_CHECK;

/* 422, with what may be chosen. */
enum sta_rc sta_people_visibility(const struct sta_rest_value *v, enum sta_visibility *out,
				  struct sta_err *err) STA_CHECK;
/* none: of robots also "none". */
enum sta_rc sta_people_role(const struct sta_rest_value *v, bool none, enum sta_role *out,
			    struct sta_err *err) STA_CHECK;

/* An id of the path; 0, which is the id of nothing, for what is none. */
int64_t sta_people_id(const char *text);

/* A time, or null for 0. */
json_t *sta_people_time(int64_t unix_time) STA_CHECK;

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

#endif
