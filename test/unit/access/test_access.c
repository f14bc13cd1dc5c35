#include "t.h"

#include <string.h>

#include "access/access.h"

#define OWNER 7
#define OTHER 8
#define OTHER_HOME 9
#define NAME "acme/app"

/* What a rule of this table asks about a call. */
struct question {
	enum sta_caller_kind kind;
	bool site_admin;
	bool owner;
	unsigned scopes;
	enum { LIMIT_NONE, LIMIT_NOTHING, LIMIT_OTHER_NAME, LIMIT_OTHER_ACTION, LIMIT_THIS, LIMIT_MAX } limit;
	bool owner_exists;
	bool exists;
	enum sta_visibility visibility;
	enum sta_role granted, team, inherited;
	enum sta_org_role member;
	bool members_create;
	enum sta_action action;
	enum { BOUND_NOT, BOUND_TO_THIS, BOUND_TO_OTHERS, BOUND_ELSEWHERE, BOUND_MAX } bound;
	enum { HOME_NONE, HOME_HERE, HOME_OTHER } home; /* of a machine */
	enum sta_role home_role;                        /* of a robot */
	bool workflow;
	enum sta_role most; /* of a workflow */
};

/* A machine of the namespace. */
static bool
is_at_home(const struct question *q)
{
	return q->home == HOME_HERE && q->owner_exists;
}

/* The token is for this package, and used from where it is good. */
static bool
is_within(const struct question *q)
{
	return q->bound == BOUND_NOT || q->bound == BOUND_TO_THIS;
}

/* All that is in the namespace. */
static bool
administers(const struct question *q)
{
	return q->site_admin || (q->owner && q->owner_exists) || q->member == STA_ORG_OWNER;
}

/* A role on the package that is there. */
static bool
is_given(const struct question *q, enum sta_role least)
{
	bool inside = q->visibility == STA_INTERNAL && (q->member != STA_ORG_NONE || is_at_home(q)) &&
		      least == STA_ROLE_READ;

	return q->exists && (q->granted >= least || q->team >= least || q->inherited >= least || inside);
}

/* Clients look for a package before they push it, with a credential that is for both. */
static bool
may_create(const struct question *q)
{
	bool one_of_them = q->member == STA_ORG_MEMBER || (q->workflow && is_at_home(q));
	bool could_push = q->limit == LIMIT_NONE && (q->scopes & STA_SCOPE_WRITE) != 0 &&
			  (!q->workflow || q->most >= STA_ROLE_WRITE);
	bool asks = q->action == STA_ACTION_WRITE || (q->action == STA_ACTION_READ && could_push);

	return asks && !q->exists && one_of_them && q->members_create;
}

/* A role from wherever. */
static bool
is_strong(const struct question *q, enum sta_role least)
{
	return administers(q) || (is_at_home(q) && q->home_role >= least) || is_given(q, least);
}

/* docs/ACCESS.md, written down a second time and in another way: a list of
 * conditions that must all hold, instead of a ladder of exits. */
static bool
model_allows(const struct question *q)
{
	static const unsigned enough[STA_ACTION_MAX_] = {
		[STA_ACTION_READ] = STA_SCOPE_READ | STA_SCOPE_WRITE,
		[STA_ACTION_WRITE] = STA_SCOPE_WRITE,
		[STA_ACTION_DELETE] = STA_SCOPE_DELETE,
		[STA_ACTION_ADMIN] = STA_SCOPE_WRITE,
	};
	static const enum sta_role least[STA_ACTION_MAX_] = {
		[STA_ACTION_READ] = STA_ROLE_READ,
		[STA_ACTION_WRITE] = STA_ROLE_WRITE,
		[STA_ACTION_DELETE] = STA_ROLE_ADMIN,
		[STA_ACTION_ADMIN] = STA_ROLE_ADMIN,
	};
	bool everybody = q->exists && q->visibility == STA_PUBLIC && q->action == STA_ACTION_READ;
	bool named = q->limit == LIMIT_NONE || q->limit == LIMIT_THIS;
	bool scoped = (q->scopes & enough[q->action]) != 0;
	bool place = q->owner_exists || q->action != STA_ACTION_WRITE;
	bool strong = is_strong(q, least[q->action]) || may_create(q);
	bool within = is_within(q) && (!q->workflow || q->most >= least[q->action]);

	if (q->kind == STA_CALLER_SYSTEM)
		return true;
	return named && (everybody || (q->kind == STA_CALLER_USER && strong && scoped && place && within));
}

/* Whether it exists is known to those who may read it, whatever their token's scopes. */
static bool
model_may_know(const struct question *q)
{
	bool user = q->kind == STA_CALLER_USER;

	bool read = q->granted >= STA_ROLE_READ || q->team >= STA_ROLE_READ ||
		    q->inherited >= STA_ROLE_READ ||
		    (q->visibility == STA_INTERNAL && (q->member != STA_ORG_NONE || is_at_home(q)));
	bool robot = is_at_home(q) && q->home_role >= STA_ROLE_READ;

	return (q->exists && q->visibility == STA_PUBLIC) ||
	       (user && is_within(q) && (administers(q) || robot || (q->exists && read)));
}

static struct sta_decision
ask(const struct question *q)
{
	struct sta_limit limits[] = {
		{ "acme/ap", STA_ACTION_BIT(q->action) },
		{ "acme/app/x", STA_ACTION_BIT(q->action) },
		{ NAME, q->limit == LIMIT_THIS ? STA_ACTION_BIT(q->action) : ~STA_ACTION_BIT(q->action) },
	};
	static const char *const these[] = { "zoo/*", "acme/a*" };
	static const char *const others[] = { "acme", "acme/ap", "acme/app/*", "*" };
	static const int64_t homes[] = { 0, OWNER, OTHER_HOME };
	struct sta_caller caller = {
		.kind = q->kind,
		.user_id = q->kind != STA_CALLER_USER ? 0
			   : q->owner                 ? OWNER
						      : OTHER,
		.login = "",
		.site_admin = q->site_admin,
		.scopes = q->scopes,
		.limited = q->limit != LIMIT_NONE,
		.limits = limits,
		.home_id = homes[q->home],
		.home_role = q->home_role,
		.workflow = { .repository_id = q->workflow ? 1 : 0, .most = q->most },
	};
	struct sta_object object = {
		.name = NAME,
		.owner_exists = q->owner_exists,
		.exists = q->exists,
		.owner_id = q->owner_exists ? OWNER : 0,
		.visibility = q->visibility,
		.member = q->member,
		.members_create = q->members_create,
		.granted = q->granted,
		.team = q->team,
		.inherited = q->inherited,
	};

	if (q->limit == LIMIT_OTHER_NAME)
		caller.n_limits = 2;
	else if (q->limit != LIMIT_NOTHING)
		caller.n_limits = 3;
	if (q->bound == BOUND_TO_THIS)
		caller.bounds = (struct sta_bounds){ .packages = these, .n_packages = ARRAY_LEN(these) };
	if (q->bound == BOUND_TO_OTHERS)
		caller.bounds = (struct sta_bounds){ .packages = others, .n_packages = ARRAY_LEN(others) };
	caller.bounds.elsewhere = q->bound == BOUND_ELSEWHERE;
	return sta_access_decide(&caller, &object, q->action);
}

static void
check(const struct question *q, size_t *n)
{
	struct sta_decision d = ask(q);

	++*n;
	if (d.allowed == model_allows(q) && (d.rule <= STA_RULE_ALLOWED_PUBLIC) == d.allowed &&
	    (!d.may_know || model_may_know(q) || d.allowed || d.rule == STA_RULE_DENIED_NO_OWNER) &&
	    (!d.allowed || d.may_know))
		return;
	fail_msg("kind %d admin %d owner %d scopes %u limit %d owner_exists %d exists %d visibility %d "
		 "granted %d team %d inherited %d member %d creates %d action %d bound %d home %d role %d "
		 "workflow %d most %d: got %s",
		 (int) q->kind, q->site_admin, q->owner, q->scopes, (int) q->limit, q->owner_exists,
		 q->exists, (int) q->visibility, (int) q->granted, (int) q->team, (int) q->inherited,
		 (int) q->member, q->members_create, (int) q->action, (int) q->bound, (int) q->home,
		 (int) q->home_role, q->workflow, (int) q->most, sta_rule_name(d.rule));
}

#define ROLES ((unsigned) STA_ROLE_ADMIN + 1)

static void
check_roles(struct question q, size_t *n)
{
	for (unsigned i = 0; i < ROLES * ROLES * ROLES; i++) {
		q.granted = (enum sta_role)(i % ROLES);
		q.team = (enum sta_role)(i / ROLES % ROLES);
		q.inherited = (enum sta_role)(i / ROLES / ROLES);
		check(&q, n);
	}
}

/* All objects that can be, for one caller and action: no namespace, no package, both. */
static void
check_objects(struct question q, size_t *n)
{
	check(&q, n);
	q.owner_exists = true;
	for (unsigned member = STA_ORG_NONE; member <= STA_ORG_OWNER; member++) {
		q.member = (enum sta_org_role) member;
		q.exists = false;
		q.visibility = STA_PRIVATE;
		for (int creates = 0; creates < 2; creates++) {
			q.members_create = creates > 0;
			check(&q, n);
		}
		q.exists = true;
		for (unsigned v = STA_PRIVATE; v <= STA_PUBLIC; v++) {
			q.visibility = (enum sta_visibility) v;
			check_roles(q, n);
		}
	}
}

static void
check_callers(struct question q, size_t *n)
{
	for (unsigned limit = LIMIT_NONE; limit < LIMIT_MAX; limit++) {
		for (unsigned scopes = 0; scopes <= STA_SCOPE_ALL; scopes++) {
			for (unsigned a = 0; a < STA_ACTION_MAX_; a++) {
				q.limit = limit;
				q.scopes = scopes;
				q.action = (enum sta_action) a;
				check_objects(q, n);
			}
		}
	}
}

static void
every_combination_is_decided_as_the_rules_say(void **state)
{
	static const struct question callers[] = {
		{ .kind = STA_CALLER_ANONYMOUS },
		{ .kind = STA_CALLER_SYSTEM },
		{ .kind = STA_CALLER_USER },
		{ .kind = STA_CALLER_USER, .owner = true },
		{ .kind = STA_CALLER_USER, .site_admin = true },
		{ .kind = STA_CALLER_USER, .site_admin = true, .owner = true },
	};
	size_t n = 0;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(callers); i++) {
		for (unsigned bound = BOUND_NOT; bound < BOUND_MAX; bound++) {
			struct question q = callers[i];

			q.bound = bound;
			check_callers(q, &n);
		}
	}
	assert_int_equal(n, 6 * 4 * 5 * 16 * 4 * (1 + 3 * (2 + 3 * 64)));
}

/* Robots with each role, workflows with each limit: at home and elsewhere, with each kind of token. */
static void
every_combination_is_decided_for_machines_too(void **state)
{
	size_t n = 0;

	(void) state;
	for (unsigned i = 0; i < 2 * 2 * ROLES * BOUND_MAX; i++) {
		enum sta_role role = (enum sta_role)(i / 4 % ROLES);
		struct question q = {
			.kind = STA_CALLER_USER,
			.home = i % 2 ? HOME_HERE : HOME_OTHER,
			.workflow = i / 2 % 2 > 0,
			.bound = i / 4 / ROLES,
		};

		if (q.workflow)
			q.most = role;
		else
			q.home_role = role;
		check_callers(q, &n);
	}
	assert_int_equal(n, 2 * 2 * 4 * 4 * 5 * 16 * 4 * (1 + 3 * (2 + 3 * 64)));
}

static const struct question alice = {
	.kind = STA_CALLER_USER,
	.owner = true,
	.scopes = STA_SCOPE_ALL,
	.owner_exists = true,
	.exists = true,
};
static const struct question stranger = {
	.kind = STA_CALLER_USER,
	.scopes = STA_SCOPE_ALL,
	.owner_exists = true,
	.exists = true,
};
static const struct question nobody = {
	.kind = STA_CALLER_ANONYMOUS,
	.owner_exists = true,
	.exists = true,
};

/* What is taken away is told in this order: first what most is lacking. */
static void
a_token_is_refused_for_its_address_then_its_packages_then_its_scopes_then_its_job(void **state)
{
	static const char *const others[] = { "zoo/*" };
	struct sta_caller c = { .kind = STA_CALLER_USER,
				.user_id = OWNER,
				.bounds = { .packages = others, .n_packages = 1, .elsewhere = true },
				.workflow = { .repository_id = 1, .most = STA_ROLE_NONE } };
	struct sta_object o = { .name = NAME, .owner_exists = true, .exists = true, .owner_id = OWNER };

	(void) state;
	assert_int_equal(sta_access_decide(&c, &o, STA_ACTION_READ).rule, STA_RULE_DENIED_ADDRESS);
	assert_false(sta_access_decide(&c, &o, STA_ACTION_READ).may_know);
	c.bounds.elsewhere = false;
	assert_int_equal(sta_access_decide(&c, &o, STA_ACTION_READ).rule, STA_RULE_DENIED_PATTERN);
	assert_false(sta_access_decide(&c, &o, STA_ACTION_READ).may_know);
	c.bounds.n_packages = 0;
	assert_int_equal(sta_access_decide(&c, &o, STA_ACTION_READ).rule, STA_RULE_DENIED_SCOPE);
	assert_true(sta_access_decide(&c, &o, STA_ACTION_READ).may_know);
	c.scopes = STA_SCOPE_PACKAGES;
	assert_int_equal(sta_access_decide(&c, &o, STA_ACTION_READ).rule, STA_RULE_DENIED_JOB);
	c.workflow.most = STA_ROLE_READ;
	assert_int_equal(sta_access_decide(&c, &o, STA_ACTION_READ).rule, STA_RULE_ALLOWED_OWNER);
	assert_int_equal(sta_access_decide(&c, &o, STA_ACTION_WRITE).rule, STA_RULE_DENIED_JOB);
}

static void
what_is_public_is_read_from_everywhere_with_every_token(void **state)
{
	struct question q = stranger;

	(void) state;
	q.visibility = STA_PUBLIC;
	for (unsigned bound = BOUND_NOT; bound < BOUND_MAX; bound++) {
		q.bound = bound;
		assert_int_equal(ask(&q).rule, STA_RULE_ALLOWED_PUBLIC);
	}
}

static void
a_robot_has_its_role_at_home_alone_and_makes_packages_there(void **state)
{
	struct question q = stranger;

	(void) state;
	q.home = HOME_HERE;
	q.home_role = STA_ROLE_WRITE;
	q.exists = false;
	q.action = STA_ACTION_WRITE;
	assert_int_equal(ask(&q).rule, STA_RULE_ALLOWED_ROBOT);
	q.home = HOME_OTHER;
	assert_int_equal(ask(&q).rule, STA_RULE_DENIED_ROLE);
	assert_false(ask(&q).may_know);
}

static void
a_machine_reads_what_is_internal_at_home_alone(void **state)
{
	struct question q = stranger;

	(void) state;
	q.visibility = STA_INTERNAL;
	q.home = HOME_HERE;
	assert_int_equal(ask(&q).rule, STA_RULE_ALLOWED_INTERNAL);
	q.home = HOME_OTHER;
	assert_int_equal(ask(&q).rule, STA_RULE_DENIED_ROLE);
}

static void
an_outsider_cannot_tell_forbidden_from_absent(void **state)
{
	static const struct question *const outsiders[] = { &stranger, &nobody };

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(outsiders); i++) {
		for (unsigned a = 0; a < STA_ACTION_MAX_; a++) {
			struct question q = *outsiders[i];
			struct sta_decision there, absent;

			q.action = (enum sta_action) a;
			there = ask(&q);
			q.exists = false;
			absent = ask(&q);
			assert_false(there.allowed);
			assert_false(there.may_know);
			assert_memory_equal(&there.rule, &absent.rule, sizeof(there.rule));
			assert_int_equal(there.may_know, absent.may_know);
		}
	}
}

static void
a_bearer_token_for_another_package_tells_nothing_even_to_the_owner(void **state)
{
	struct question q = alice;
	struct sta_decision d;

	(void) state;
	q.limit = LIMIT_OTHER_NAME;
	d = ask(&q);
	assert_int_equal(d.rule, STA_RULE_DENIED_LIMIT);
	assert_false(d.may_know);
}

static void
a_public_package_is_read_by_any_token_whatever_its_scopes(void **state)
{
	struct question q = stranger;

	(void) state;
	q.visibility = STA_PUBLIC;
	q.scopes = 0;
	assert_int_equal(ask(&q).rule, STA_RULE_ALLOWED_PUBLIC);
	q.scopes = STA_SCOPE_DELETE;
	assert_int_equal(ask(&q).rule, STA_RULE_ALLOWED_PUBLIC);
}

static void
an_internal_package_is_not_public(void **state)
{
	struct question q = nobody;

	(void) state;
	q.visibility = STA_INTERNAL;
	assert_int_equal(ask(&q).rule, STA_RULE_DENIED_ANONYMOUS);
	assert_false(ask(&q).may_know);
}

static void
an_owner_may_begin_a_package_and_a_stranger_may_not(void **state)
{
	struct question q = alice;

	(void) state;
	q.exists = false;
	q.action = STA_ACTION_WRITE;
	assert_int_equal(ask(&q).rule, STA_RULE_ALLOWED_OWNER);
	q.owner = false;
	assert_int_equal(ask(&q).rule, STA_RULE_DENIED_ROLE);
}

static void
not_even_an_administrator_pushes_into_a_namespace_that_does_not_exist(void **state)
{
	struct question q = stranger;

	(void) state;
	q.site_admin = true;
	q.owner_exists = false;
	q.exists = false;
	q.action = STA_ACTION_WRITE;
	assert_int_equal(ask(&q).rule, STA_RULE_DENIED_NO_OWNER);
}

static void
who_may_push_may_not_delete(void **state)
{
	struct question q = stranger;

	(void) state;
	q.granted = STA_ROLE_WRITE;
	q.action = STA_ACTION_WRITE;
	assert_int_equal(ask(&q).rule, STA_RULE_ALLOWED_GRANT);
	q.action = STA_ACTION_DELETE;
	assert_int_equal(ask(&q).rule, STA_RULE_DENIED_ROLE);
	assert_true(ask(&q).may_know);
}

static void
a_bearer_token_never_reaches_settings(void **state)
{
	struct sta_limit all = { NAME, STA_ACTION_BIT(STA_ACTION_READ) | STA_ACTION_BIT(STA_ACTION_WRITE) |
					       STA_ACTION_BIT(STA_ACTION_DELETE) };
	struct sta_caller c = { .kind = STA_CALLER_USER,
				.user_id = OWNER,
				.site_admin = true,
				.scopes = STA_SCOPE_ALL,
				.limited = true,
				.limits = &all,
				.n_limits = 1 };
	struct sta_object o = { .name = NAME, .owner_exists = true, .exists = true, .owner_id = OWNER };

	(void) state;
	assert_true(sta_access_decide(&c, &o, STA_ACTION_DELETE).allowed);
	assert_false(sta_access_decide(&c, &o, STA_ACTION_ADMIN).allowed);
}

static void
every_rule_has_a_name_and_words_of_its_own(void **state)
{
	(void) state;
	for (unsigned i = 0; i < STA_RULE_MAX_; i++) {
		assert_true(strlen(sta_rule_name((enum sta_rule) i)) > 0);
		assert_true(strlen(sta_rule_text((enum sta_rule) i)) > 0);
		for (unsigned k = 0; k < i; k++) {
			assert_string_not_equal(sta_rule_name((enum sta_rule) i),
						sta_rule_name((enum sta_rule) k));
			assert_string_not_equal(sta_rule_text((enum sta_rule) i),
						sta_rule_text((enum sta_rule) k));
		}
	}
	assert_string_equal(sta_rule_name(STA_RULE_MAX_), "");
	assert_string_equal(sta_rule_text(STA_RULE_MAX_), "");
}

static void
visibilities_are_parsed_exactly(void **state)
{
	static const char *const wrong[] = { "", "Private", "publi", "publicc", "public ", "0" };
	enum sta_visibility v = STA_INTERNAL;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_false(sta_visibility_parse(wrong[i], &v));
		assert_int_equal(v, STA_INTERNAL);
	}
	for (unsigned i = STA_PRIVATE; i <= STA_PUBLIC; i++) {
		assert_true(sta_visibility_parse(sta_visibility_name((enum sta_visibility) i), &v));
		assert_int_equal(v, i);
	}
}

/* Anonymous, system, site administrator; each place in the organization; tokens; maintainers. */
static void
organizations_are_managed_by_owners_and_teams_by_maintainers_too(void **state)
{
	static const bool allowed[][3] = {
		[STA_ORG_NONE] = { false, false, false },
		[STA_ORG_MEMBER] = { [STA_ORG_READ] = true,
				     [STA_ORG_TEAM] = false,
				     [STA_ORG_MANAGE] = false },
		[STA_ORG_OWNER] = { true, true, true },
	};
	struct sta_caller user = {
		.kind = STA_CALLER_USER, .user_id = OTHER, .login = "", .scopes = STA_SCOPE_ALL
	};
	static const char *const all[] = { "**" };
	struct sta_caller nobody_at_all = { .login = "" };
	struct sta_caller machine = { .kind = STA_CALLER_SYSTEM, .login = "" };

	(void) state;
	for (unsigned m = STA_ORG_NONE; m <= STA_ORG_OWNER; m++) {
		for (unsigned a = STA_ORG_READ; a <= STA_ORG_MANAGE; a++) {
			struct sta_org_object o = { .member = (enum sta_org_role) m };
			enum sta_org_action action = (enum sta_org_action) a;
			struct sta_caller c = user;
			struct sta_decision d = sta_access_decide_org(&c, &o, action);

			assert_int_equal(d.allowed, allowed[m][a]);
			assert_int_equal(d.may_know, m != STA_ORG_NONE);
			assert_false(sta_access_decide_org(&nobody_at_all, &o, action).allowed);
			assert_true(sta_access_decide_org(&machine, &o, action).allowed);
			o.maintainer = true;
			assert_int_equal(sta_access_decide_org(&c, &o, action).allowed,
					 allowed[m][a] || (m == STA_ORG_MEMBER && a == STA_ORG_TEAM));
			c.site_admin = true;
			assert_true(sta_access_decide_org(&c, &o, action).allowed);
			c.scopes = STA_SCOPE_PACKAGES;
			assert_false(sta_access_decide_org(&c, &o, action).allowed);
			c.scopes = STA_SCOPE_ORGS;
			assert_true(sta_access_decide_org(&c, &o, action).allowed);
			c.limited = true;
			assert_int_equal(sta_access_decide_org(&c, &o, action).rule, STA_RULE_DENIED_LIMIT);
			c.limited = false;
			c.bounds = (struct sta_bounds){ .packages = all, .n_packages = 1 };
			assert_int_equal(sta_access_decide_org(&c, &o, action).rule, STA_RULE_DENIED_PATTERN);
			c.bounds = (struct sta_bounds){ .elsewhere = true };
			assert_int_equal(sta_access_decide_org(&c, &o, action).rule, STA_RULE_DENIED_ADDRESS);
		}
	}
}

static void
names_of_roles_and_actions_are_read_back(void **state)
{
	enum sta_role role;
	enum sta_org_role place;
	enum sta_action action;

	(void) state;
	for (unsigned i = STA_ROLE_NONE; i <= STA_ROLE_ADMIN; i++) {
		assert_true(sta_role_parse(sta_role_name((enum sta_role) i), &role));
		assert_int_equal(role, i);
	}
	for (unsigned i = STA_ORG_NONE; i <= STA_ORG_OWNER; i++) {
		assert_true(sta_org_role_parse(sta_org_role_name((enum sta_org_role) i), &place));
		assert_int_equal(place, i);
	}
	for (unsigned i = 0; i < STA_ACTION_MAX_; i++) {
		assert_true(sta_action_parse(sta_action_name((enum sta_action) i), &action));
		assert_int_equal(action, i);
	}
	assert_false(sta_role_parse("Read", &role));
	assert_false(sta_org_role_parse("", &place));
	assert_false(sta_action_parse("pull", &action));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_combination_is_decided_as_the_rules_say),
		cmocka_unit_test(every_combination_is_decided_for_machines_too),
		cmocka_unit_test(
			a_token_is_refused_for_its_address_then_its_packages_then_its_scopes_then_its_job),
		cmocka_unit_test(what_is_public_is_read_from_everywhere_with_every_token),
		cmocka_unit_test(a_robot_has_its_role_at_home_alone_and_makes_packages_there),
		cmocka_unit_test(a_machine_reads_what_is_internal_at_home_alone),
		cmocka_unit_test(organizations_are_managed_by_owners_and_teams_by_maintainers_too),
		cmocka_unit_test(names_of_roles_and_actions_are_read_back),
		cmocka_unit_test(an_outsider_cannot_tell_forbidden_from_absent),
		cmocka_unit_test(a_bearer_token_for_another_package_tells_nothing_even_to_the_owner),
		cmocka_unit_test(a_public_package_is_read_by_any_token_whatever_its_scopes),
		cmocka_unit_test(an_internal_package_is_not_public),
		cmocka_unit_test(an_owner_may_begin_a_package_and_a_stranger_may_not),
		cmocka_unit_test(not_even_an_administrator_pushes_into_a_namespace_that_does_not_exist),
		cmocka_unit_test(who_may_push_may_not_delete),
		cmocka_unit_test(a_bearer_token_never_reaches_settings),
		cmocka_unit_test(every_rule_has_a_name_and_words_of_its_own),
		cmocka_unit_test(visibilities_are_parsed_exactly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
