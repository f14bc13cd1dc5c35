/*
 * door - the doors: where access is decided.
 *
 * Every operation on a package starts with sta_door(), every one on an organization with
 * sta_door_org() or sta_door_team(), on the connection it goes on with, so that the decision
 * and the work see the same state.  They fetch what access/ needs, and put a denial into words.
 *
 * Only files of registry/ include this.
 *
 * Layer: registry.
 */
#ifndef STA_REGISTRY_DOOR_H
#define STA_REGISTRY_DOOR_H

#include "model/orgs.h"
#include "model/packages.h"
#include "model/repositories.h"
#include "model/tag_events.h"
#include "oci/ref.h"
#include "registry/registry.h"

struct sta_account;
struct sta_issuer_row;
struct sta_team_row;

/* A package as the door found it. */
struct sta_entry {
	const struct sta_name *name;
	bool exists;
	struct sta_namespace namespace; /* id 0: there is none; of a package that exists only id and member */
	struct sta_package package;
	struct sta_decision decision;
};

/* What access/ decides about. */
struct sta_object sta_entry_object(const struct sta_entry *e);

/* May call->caller do action on the package of that name?  STA_OK: yes, and
 * *out tells what is there (exists may be false).  Otherwise the denial, in
 * GHCR's words; an outsider gets the same for forbidden and absent.  Reading finds a package by its
 * former names too: then package.name is another one than name.  For all else a former name is refused
 * (STA_DENIED), and so is WRITE to a name that is retired for another owner.  After a denial out->decision is
 * filled. */
enum sta_rc sta_door(struct sta_db_conn *c, const struct sta_call *call, const struct sta_name *name,
		     enum sta_action action, struct sta_entry *out, struct sta_err *err) STA_CHECK;

/* What is there, with all that is known of the namespace, and no decision yet. */
enum sta_rc sta_door_look(struct sta_db_conn *c, const struct sta_call *call, const struct sta_name *name,
			  struct sta_entry *out, struct sta_err *err) STA_CHECK;

/* The decision alone, where e->exists, namespace and package are known; it is filled in. */
enum sta_rc sta_door_known(const struct sta_call *call, struct sta_entry *e, enum sta_action action,
			   struct sta_err *err) STA_CHECK;

/* As sta_door(), and the package must exist: else NAME_UNKNOWN. */
enum sta_rc sta_door_existing(struct sta_db_conn *c, const struct sta_call *call, const struct sta_name *name,
			      enum sta_action action, struct sta_entry *out, struct sta_err *err) STA_CHECK;

/* The same in the words of GitHub's packages API, for a package that has been published: STA_NOT_FOUND for
 * those who may not read it, as for an absent one; STA_DENIED for those who may. */
enum sta_rc sta_door_published(struct sta_db_conn *c, const struct sta_call *call,
			       const struct sta_name *name, enum sta_action action, struct sta_entry *out,
			       struct sta_err *err) STA_CHECK;
/* A denial of the package in these words. */
enum sta_rc sta_published_denial(enum sta_rc rc, const struct sta_entry *e, enum sta_action action,
				 struct sta_err *err);

/* Make the package unless it exists, with the visibility that its owner wants for new ones;
 * its publisher becomes its admin. */
enum sta_rc sta_entry_create(struct sta_db_conn *c, const struct sta_call *call, struct sta_entry *e,
			     struct sta_err *err) STA_CHECK;

/* "OWNER/NAME" as a name, or STA_INVALID. */
enum sta_rc sta_package_name(const char *text, struct sta_name *out, struct sta_err *err) STA_CHECK;

/* An organization as its door found it. */
struct sta_org_entry {
	struct sta_org_row row;
	struct sta_decision decision;
};

/* May call->caller do action on the organization of that name, in any case of letters?  If
 * not, an outsider gets STA_NOT_FOUND, as for one that is absent; others STA_DENIED. */
enum sta_rc sta_door_org(struct sta_db_conn *c, const struct sta_call *call, const char *name,
			 enum sta_org_action action, struct sta_org_entry *out,
			 struct sta_err *err) STA_CHECK;
/* The same for a team of it: one that exists, whose maintainers may do STA_ORG_TEAM. */
enum sta_rc sta_door_team(struct sta_db_conn *c, const struct sta_call *call, const char *path,
			  enum sta_org_action action, struct sta_org_entry *org, struct sta_team_row *team,
			  struct sta_err *err) STA_CHECK;

/* May call->caller do action on the repository "OWNER/REPO", in any case of letters?  Errors as of
 * organizations: STA_NOT_FOUND for those who may not read it. */
enum sta_rc sta_door_repository(struct sta_db_conn *c, const struct sta_call *call, const char *text,
				enum sta_action action, struct sta_repository_row *out,
				struct sta_err *err) STA_CHECK;

/* The name of the repository with that id, in the arena; NULL: there is none (0), or the caller may not
 * read it. */
enum sta_rc sta_repository_seen(struct sta_db_conn *c, const struct sta_call *call, int64_t id,
				const char **out, struct sta_err *err) STA_CHECK;

/* The name is a robot's or nobody's: it has a '+'. */
bool sta_robot_named(const char *name);
/* A person or a robot by name, in any case of letters.  STA_NOT_FOUND says that there is none. */
enum sta_rc sta_find_account(struct sta_db_conn *c, struct sta_arena *a, const char *name,
			     struct sta_account *out, struct sta_err *err) STA_CHECK;
/* The same, for those who may manage its tokens: of robots the owners of their organization too. */
enum sta_rc sta_door_account(struct sta_db_conn *c, const struct sta_call *call, const char *name,
			     struct sta_account *out, struct sta_err *err) STA_CHECK;

/* An issuer of workflows' tokens by name.  STA_NOT_FOUND says that there is none. */
enum sta_rc sta_find_issuer(struct sta_db_conn *c, struct sta_arena *a, const char *name,
			    struct sta_issuer_row *out, struct sta_err *err) STA_CHECK;

/* A person by name, in any case of letters.  STA_NOT_FOUND says that there is none; STA_INVALID: it
 * is a robot's name. */
enum sta_rc sta_find_user(struct sta_db_conn *c, struct sta_arena *a, const char *name,
			  struct sta_account *out, struct sta_err *err) STA_CHECK;

/* STA_DENIED: the token is not for that.  In GitHub's words. */
enum sta_rc sta_lacks_scope(const char *scope, struct sta_err *err);

/* Write down, in the transaction that makes the change, that the caller made it.
 * STA_UNAUTHENTICATED: a user that was disabled meanwhile makes none. */
enum sta_rc sta_audit(struct sta_db_conn *c, const struct sta_call *call, const char *action,
		      const char *target, const char *detail, struct sta_err *err) STA_CHECK;

/* Who makes the change, and now; borrowed from the call. */
struct sta_author sta_author_of(const struct sta_call *call);

/* May a namespace be called that from now on?  STA_EXISTS: it is a former name of another one than own_id (0:
 * of any). */
enum sta_rc sta_check_former(struct sta_db_conn *c, const struct sta_call *call, const char *name,
			     int64_t own_id, struct sta_err *err) STA_CHECK;

/* sta_find_user() where it may be the caller itself: *self says so.  A failure to find it is in *missing, to
 * be told to those alone who may do the same with others: the rest would learn who has an account. */
enum sta_rc sta_find_other(struct sta_db_conn *c, const struct sta_call *call, const char *name,
			   struct sta_account *out, bool *self, struct sta_err *missing) STA_CHECK;

/* Operations that are for administrators of the site and the system alone.  It takes the password, and not
 * its scopes alone: a token that leaks would make itself stronger. */
enum sta_rc sta_door_site(const struct sta_call *call, struct sta_err *err) STA_CHECK;

#endif
