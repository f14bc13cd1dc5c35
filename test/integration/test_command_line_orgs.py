"""Organizations, teams, granted roles and the audit log, as the command line has them."""

import dataclasses
import json
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from harness.server import BINARY, Account
from test_command_line import table


@dataclasses.dataclass
class Org:
    """An organization with an owner and a member, who has pushed a package, and a user who is not in it."""
    name: str
    owner: Account
    member: Account
    outsider: Account

    @property
    def package(self):
        return self.name + "/app"

    @property
    def devs(self):
        return self.name + "/devs"

    def words(self, text):
        """With the names in place of ORG, OWNER, MEMBER and OUTSIDER."""
        names = {"ORG": self.name, "OWNER": self.owner.name, "MEMBER": self.member.name, "OUTSIDER": self.outsider.name}
        return re.sub("ORG|OWNER|MEMBER|OUTSIDER", lambda found: names[found[0]], text)


def make_org(registry):
    name = "o" + os.urandom(5).hex()
    org = Org(name, *(registry.user(kind + name) for kind in ("owner", "member", "outsider")))
    registry.cli("org", "create", name, "--owner", org.owner.name)
    registry.cli("org", "add", name, org.member.name)
    registry.client(org.member).push_image(org.package, "v1")
    registry.cli("access", "revoke", org.package, org.member.name)  # who published it is its administrator
    return org


@pytest.fixture
def org(registry):
    return make_org(registry)


def order(registry, org, text):
    """What the command says."""
    return registry.cli(*org.words(text).split())


def explain(registry, org, user, action, package="ORG/app"):
    who = ["--user", org.words(user)] if user else ["--anonymous"]
    return registry.cli("access", "explain", "--package", org.words(package), "--action", action, *who).splitlines()


# Organizations


def test_an_organization_is_made_in_small_letters(registry, bob):
    name = "N" + os.urandom(5).hex()
    assert registry.cli("org", "create", name, "--owner", "bob") == f"organization {name.lower()} created; bob is its owner\n"
    made = registry.cli_json("org", "create", name + "X", "--owner", "BOB")
    assert made.pop("created").endswith("Z")
    assert made == {"name": name.lower() + "x", "visibility": "private", "members_create": "private,internal,public",
                    "creators": "members", "inherit": True}


def test_organizations_are_shown_as_a_table(registry, org):
    titles, rows = table(registry, "org", "list")
    assert titles == ["NAME", "VISIBILITY", "MEMBERS-CREATE", "CREATORS", "INHERIT", "CREATED"]
    (row,) = [row for row in rows if row["NAME"] == org.name]
    assert (row["VISIBILITY"], row["MEMBERS-CREATE"]) == ("private", "private,internal,public")
    (entry,) = [entry for entry in registry.cli_json("org", "list")["organizations"] if entry["name"] == org.name]
    assert entry["created"] == row["CREATED"]


@pytest.mark.parametrize("flags, visibility, creates", [
    ("--visibility internal", "internal", "private,internal,public"),
    ("--members-create public,private", "private", "private,public"),
    ("--members-create none", "private", "none"),
    ("--members-create= --visibility=public", "public", "none"),
])
def test_settings_of_an_organization_are_said_as_they_are_then(registry, org, flags, visibility, creates):
    said = order(registry, org, f"org set ORG {flags}")
    assert said == f"organization {org.name}: new packages are {visibility}; members may make: {creates}; creators: members; inherit: on\n"
    set_again = registry.cli_json("org", "set", org.name, *flags.split())
    assert (set_again["visibility"], set_again["members_create"]) == (visibility, creates)
    assert set_again in registry.cli_json("org", "list")["organizations"]


@pytest.mark.parametrize("flags", [
    "--visibility secret", "--visibility none", "--visibility=", "--members-create secret", "--members-create private,",
    "--members-create private,secret", "--members-create ,", "--members-create Private", "--members-create none,private",
])
def test_settings_that_do_not_exist_change_nothing(registry, org, flags):
    before = registry.cli_json("org", "list")
    done = registry.run("org", "set", org.name, *flags.split())
    assert (done.returncode, done.stdout) == (1, "") and "is no visibility" in done.stderr
    assert registry.cli_json("org", "list") == before


def members(registry, org):
    return {row["name"]: row["role"] for row in registry.cli_json("org", "members", org.name)["members"]}


def test_members_are_shown_as_a_table(registry, org):
    titles, rows = table(registry, "org", "members", org.name)
    assert titles == ["NAME", "ROLE", "SINCE"]
    assert {row["NAME"]: row["ROLE"] for row in rows} == {org.owner.name: "owner", org.member.name: "member"}
    assert members(registry, org) == {org.owner.name: "owner", org.member.name: "member"}


def test_members_are_added_and_change_their_role(registry, org):
    assert order(registry, org, "org add ORG OUTSIDER") == org.words("OUTSIDER is now a member of ORG\n")
    assert order(registry, org, "org add ORG MEMBER --role owner") == org.words("MEMBER is now an owner of ORG\n")
    assert members(registry, org) == {org.owner.name: "owner", org.member.name: "owner", org.outsider.name: "member"}
    assert registry.cli_json("org", "add", org.name, org.member.name, "--role", "member") == {
        "organization": org.name, "user": org.member.name, "role": "member"}
    assert members(registry, org)[org.member.name] == "member"


@pytest.mark.parametrize("role", ["boss", "none", "", "Owner"])
def test_an_unknown_role_in_an_organization_is_refused(registry, org, role):
    done = registry.run("org", "add", org.name, org.outsider.name, f"--role={role}")
    assert done.returncode == 1 and "choose member or owner" in done.stderr
    assert org.outsider.name not in members(registry, org)


def test_the_last_owner_stays(registry, org):
    for command in ("org remove ORG OWNER", "org add ORG OWNER --role member"):
        done = registry.run(*org.words(command).split())
        assert done.returncode == 1 and "last owner" in done.stderr
    assert members(registry, org)[org.owner.name] == "owner"


@pytest.mark.parametrize("flags, said, left", [
    ("", "MEMBER is no longer in ORG\n", []),
    ("--outside", "MEMBER is no longer in ORG, and keeps what was granted in person\n", [("MEMBER", "read", True)]),
])
def test_who_leaves_keeps_granted_roles_only_as_an_outside_collaborator(registry, org, flags, said, left):
    order(registry, org, "access grant ORG/app MEMBER read")
    assert order(registry, org, f"org remove ORG MEMBER {flags}") == org.words(said)
    assert org.member.name not in members(registry, org)
    grants = registry.cli_json("access", "list", org.package)["grants"]
    assert [(row["subject"], row["role"], row["outside"]) for row in grants] == [
        (org.words(subject), *rest) for subject, *rest in left]


def test_removal_is_told_as_json(registry, org):
    assert registry.cli_json("org", "remove", org.name, org.member.name, "--outside") == {
        "organization": org.name, "user": org.member.name, "removed": True, "outside": True}


# Teams


def teams(registry, org):
    return {row["name"]: row for row in registry.cli_json("team", "list", org.name)["teams"]}


def test_teams_are_made_and_shown_as_a_table(registry, org):
    assert order(registry, org, "team create ORG/Engineering") == f"team {org.name}/engineering created\n"
    made = registry.cli_json("team", "create", org.devs, "--parent", "engineering", "--description", "who writes it")
    assert made.pop("created").endswith("Z")
    assert made == {"name": org.devs, "parent": f"{org.name}/engineering", "description": "who writes it", "members": 0}
    titles, rows = table(registry, "team", "list", org.name)
    assert titles == ["NAME", "PARENT", "MEMBERS", "CREATED", "DESCRIPTION"]
    assert [tuple(row[title] for title in titles if title != "CREATED") for row in rows] == [
        (org.devs, f"{org.name}/engineering", "0", "who writes it"), (f"{org.name}/engineering", "-", "0", "-")]


def test_a_team_above_may_be_named_with_its_organization(registry, org):
    for team in ("engineering", "operations"):
        order(registry, org, f"team create ORG/{team}")
    order(registry, org, "team create ORG/devs --parent ORG/engineering")
    assert teams(registry, org)[org.devs]["parent"] == f"{org.name}/engineering"
    assert order(registry, org, "team set ORG/devs --parent ORG/operations") == f"team {org.devs} changed\n"
    assert teams(registry, org)[org.devs]["parent"] == f"{org.name}/operations"


def test_only_what_is_said_of_a_team_changes(registry, org):
    order(registry, org, "team create ORG/engineering")
    registry.cli("team", "create", org.devs, "--parent", "engineering", "--description", "first")
    assert registry.cli_json("team", "set", org.devs, "--description", "second")["parent"] == f"{org.name}/engineering"
    top = registry.cli_json("team", "set", org.devs, "--top")
    assert (top["parent"], top["description"]) == (None, "second")
    assert registry.cli_json("team", "set", org.devs, "--description=")["description"] == ""
    assert teams(registry, org)[org.devs]["description"] == ""


def test_a_team_cannot_be_below_itself(registry, org):
    order(registry, org, "team create ORG/engineering")
    order(registry, org, "team create ORG/devs --parent engineering")
    done = registry.run("team", "set", f"{org.name}/engineering", "--parent", "devs")
    assert done.returncode == 1 and done.stderr.startswith("staithe: team set ")
    assert teams(registry, org)[f"{org.name}/engineering"]["parent"] is None


def test_a_team_is_deleted_when_none_is_below_it(registry, org):
    order(registry, org, "team create ORG/engineering")
    order(registry, org, "team create ORG/devs --parent engineering")
    assert registry.run("team", "delete", f"{org.name}/engineering").returncode == 1
    assert order(registry, org, "team delete ORG/devs") == f"team {org.devs} deleted\n"
    assert registry.cli_json("team", "delete", f"{org.name}/engineering") == {"name": f"{org.name}/engineering", "deleted": True}
    assert teams(registry, org) == {}


def test_members_of_a_team_are_added_shown_and_removed(registry, org):
    order(registry, org, "team create ORG/devs")
    assert order(registry, org, "team add ORG/devs MEMBER") == org.words("MEMBER is now a member of ORG/devs\n")
    assert registry.cli_json("team", "add", org.devs, org.owner.name, "--maintainer") == {
        "team": org.devs, "user": org.owner.name, "maintainer": True}
    titles, rows = table(registry, "team", "members", org.devs)
    assert titles == ["NAME", "MAINTAINER", "SINCE"]
    assert {row["NAME"]: row["MAINTAINER"] for row in rows} == {org.member.name: "no", org.owner.name: "yes"}
    assert order(registry, org, "team add ORG/devs MEMBER --maintainer") == org.words("MEMBER is now a maintainer of ORG/devs\n")
    assert teams(registry, org)[org.devs]["members"] == 2
    assert order(registry, org, "team remove ORG/devs MEMBER") == org.words("MEMBER is no longer in ORG/devs\n")
    assert registry.cli_json("team", "remove", org.devs, org.owner.name) == {
        "team": org.devs, "user": org.owner.name, "removed": True}
    assert registry.cli_json("team", "members", org.devs) == {"members": []}


def test_only_members_of_the_organization_can_be_in_a_team(registry, org):
    order(registry, org, "team create ORG/devs")
    done = registry.run("team", "add", org.devs, org.outsider.name)
    assert done.returncode == 1 and done.stderr.startswith("staithe: team add ")
    assert registry.cli_json("team", "members", org.devs)["members"] == []


# Granted roles


def test_roles_are_granted_shown_and_revoked(registry, org):
    order(registry, org, "team create ORG/devs")
    assert order(registry, org, "access grant ORG/app ORG/devs write") == org.words(
        "ORG/devs now has the role write on ORG/app\n")
    assert registry.cli_json("access", "grant", org.package, org.outsider.name, "read") == {
        "package": org.package, "subject": org.outsider.name, "role": "read"}
    titles, rows = table(registry, "access", "list", org.package)
    assert titles == ["SUBJECT", "KIND", "ROLE", "OUTSIDE"]
    assert [tuple(row.values()) for row in rows] == [
        (org.outsider.name, "user", "read", "yes"), (org.devs, "team", "write", "no")]
    assert order(registry, org, "access revoke ORG/app OUTSIDER") == org.words(
        "what was granted to OUTSIDER on ORG/app is revoked\n")
    assert registry.cli_json("access", "revoke", org.package, org.devs) == {
        "package": org.package, "subject": org.devs, "revoked": True}
    assert registry.cli_json("access", "list", org.package) == {"grants": []}


@pytest.mark.parametrize("role", ["", "none", "owner", "Write", "delete"])
def test_an_unknown_role_on_a_package_is_refused(registry, org, role):
    done = registry.run("access", "grant", org.package, org.outsider.name, role)
    assert done.returncode == 1 and "choose read, write or admin" in done.stderr
    assert registry.cli_json("access", "list", org.package) == {"grants": []}


def test_a_package_of_an_organization_can_be_internal(registry, org):
    registry.cli("package", "set", org.package, "--visibility", "internal", "--confirm", org.package)
    assert registry.packages()[org.package]["visibility"] == "internal"
    assert registry.client(org.member).tags(org.package) == ["v1"]
    assert registry.client(org.outsider).get(f"/v2/{org.package}/tags/list").status_code == 403


# Explanations


def test_a_denial_is_explained_from_the_package_to_what_would_change_it(registry, org):
    assert explain(registry, org, "OUTSIDER", "write") == org.words("""\
denied: role: the caller's role on the package is too weak; an administrator of the package can grant a stronger one
ORG/app is private
its owner ORG is an organization
OUTSIDER is not in ORG
nothing is granted to OUTSIDER in person
nothing is granted to a team that OUTSIDER is in
to change that: staithe access grant ORG/app OUTSIDER write""").splitlines()


def test_a_permission_is_explained_with_the_team_that_brings_it(registry, org):
    order(registry, org, "team create ORG/devs")
    order(registry, org, "team create ORG/juniors --parent devs")
    order(registry, org, "team add ORG/juniors MEMBER")
    order(registry, org, "access grant ORG/app ORG/devs write")
    order(registry, org, "access grant ORG/app MEMBER read")
    assert explain(registry, org, "MEMBER", "write") == org.words("""\
allowed: team: a role on the package was granted to a team of the caller
ORG/app is private
its owner ORG is an organization
MEMBER is a member of ORG
the role read is granted to MEMBER in person
the role write is granted to the team ORG/devs, which MEMBER is in""").splitlines()


@pytest.mark.parametrize("user, action, package, facts", [
    ("", "read", "ORG/app", ["ORG/app is private", "its owner ORG is an organization", "nobody is signed in"]),
    ("OWNER", "read", "OWNER/app", [
        "there is no package OWNER/app; its first push would make it private", "its owner OWNER is a user",
        "nothing is granted to OWNER in person"]),
    ("root-admin", "read", "nobody-has-it/app", [
        "there is no package nobody-has-it/app", "nobody has the name nobody-has-it",
        "root-admin is a site administrator", "nothing is granted to root-admin in person"]),
    ("OWNER", "read", "ORG/app", [
        "ORG/app is private", "its owner ORG is an organization", "OWNER is an owner of ORG",
        "nothing is granted to OWNER in person", "nothing is granted to a team that OWNER is in"]),
])
def test_what_led_to_a_decision_is_one_fact_a_line(registry, org, admin, user, action, package, facts):
    said = explain(registry, org, user, action, package)
    assert [line for line in said[1:] if not line.startswith("to change that: ")] == [org.words(fact) for fact in facts]


def test_an_explanation_as_json_has_every_fact(registry, org):
    asked = ("access", "explain", "--package", org.package, "--action")
    assert registry.cli_json(*asked, "admin", "--user", org.member.name) == {
        "package": org.package, "user": org.member.name, "action": "admin", "allowed": False, "rule": "role",
        "why": "the caller's role on the package is too weak; an administrator of the package can grant a stronger one",
        "exists": True, "visibility": "private", "owner": org.name, "owner_kind": "organization", "disabled": False,
        "site_admin": False, "member": "member", "granted": "none", "team_role": "none", "team": None,
        "inherits": False, "repository": None, "inherited": "none", "robot_of": None, "workflow_of": None, "robot_role": "none",
        "token": None, "token_ended": False, "from": None}
    nobody = registry.cli_json(*asked, "read", "--user", "")
    assert nobody == registry.cli_json(*asked, "read", "--anonymous")
    assert (nobody["user"], nobody["allowed"], nobody["rule"]) == (None, False, "anonymous")


@pytest.mark.parametrize("user, action, package, first", [
    ("OWNER", "admin", "ORG/app", "allowed: org_owner: "),
    ("OWNER", "write", "ORG/absent", "allowed: org_owner: "),
    ("MEMBER", "read", "ORG/app", "denied: role: "),
    ("MEMBER", "write", "ORG/absent", "allowed: member: "),
    ("MEMBER", "write", "MEMBER/app", "allowed: owner: "),
    ("root-admin", "delete", "ORG/app", "allowed: site_admin: "),
    ("", "read", "ORG/app", "denied: anonymous: "),
    ("", "write", "ORG/app", "denied: anonymous: "),
    ("OUTSIDER", "write", "nobody-has-it/app", "denied: no_owner: "),
])
def test_the_first_line_is_the_decision_and_its_rule(registry, org, admin, user, action, package, first):
    said = explain(registry, org, user, action, package)
    assert said[0].startswith(first)
    assert (said[-1].startswith("to change that: ")) == first.startswith("denied")


@pytest.mark.parametrize("user, action, package", [
    ("OUTSIDER", "read", "ORG/app"), ("MEMBER", "delete", "ORG/app"), ("MEMBER", "admin", "ORG/app"),
    ("OUTSIDER", "write", "ORG/absent"),
])
def test_who_follows_the_advice_of_a_denial_is_allowed(registry, org, user, action, package):
    said = explain(registry, org, user, action, package)
    assert said[0].startswith("denied: ")
    order(registry, org, said[-1].removeprefix("to change that: staithe "))
    assert explain(registry, org, user, action, package)[0].startswith("allowed: ")


def test_advice_opens_an_organization_that_keeps_members_from_making_packages(registry, org):
    order(registry, org, "org set ORG --members-create none")
    said = explain(registry, org, "MEMBER", "write", "ORG/absent")
    assert said[0].startswith("denied: create: ")
    assert said[1] == org.words("there is no package ORG/absent; its first push would make it private")
    order(registry, org, said[-1].removeprefix("to change that: staithe "))
    assert explain(registry, org, "MEMBER", "write", "ORG/absent")[0].startswith("allowed: member: ")


@pytest.mark.parametrize("user, action, package, advice", [
    ("", "read", "ORG/app", "sign in, or: staithe package set ORG/app --visibility public"),
    ("", "read", "ORG/absent", "sign in"),
    ("OUTSIDER", "read", "ORG/absent", "the package has to be pushed first"),
    ("MEMBER", "write", "OUTSIDER/absent", "OUTSIDER has to push the package first"),
    ("MEMBER", "write", "zz-nobody/app", "staithe org create zz-nobody --owner USER, or: staithe user create zz-nobody"),
])
def test_other_denials_have_their_own_advice(registry, org, user, action, package, advice):
    assert explain(registry, org, user, action, package)[-1] == "to change that: " + org.words(advice)


def test_a_disabled_user_is_told_of_whatever_the_decision(registry, org):
    registry.cli("user", "disable", org.owner.name)
    said = explain(registry, org, "OWNER", "read")
    assert said[0].startswith("allowed: ")
    assert org.words("OWNER is disabled, and can do nothing before: staithe user enable OWNER") in said
    assert registry.cli_json("access", "explain", "--package", org.package, "--action", "read", "--user",
                             org.owner.name)["disabled"] is True


@pytest.mark.parametrize("user, action", [(user, action) for user in ("OWNER", "MEMBER", "OUTSIDER")
                                          for action in ("read", "write")])
def test_what_is_explained_is_what_the_server_does(registry, org, user, action):
    account = {"OWNER": org.owner, "MEMBER": org.member, "OUTSIDER": org.outsider}[user]
    order(registry, org, "access grant ORG/app MEMBER read")
    client = registry.client(account)
    done = client.get(f"/v2/{org.package}/tags/list") if action == "read" else client.post(f"/v2/{org.package}/blobs/uploads/")
    assert explain(registry, org, user, action)[0].startswith("allowed: " if done.ok else "denied: ")


# The audit log


def test_changes_are_logged_the_newest_first(registry, org):
    order(registry, org, "team create ORG/devs")
    order(registry, org, "team add ORG/devs MEMBER")
    titles, rows = table(registry, "audit", "list", "--target", org.name)
    assert titles == ["ID", "CREATED", "ACTOR", "ACTION", "TARGET", "DETAIL"]
    assert [(row["ACTOR"], row["TARGET"]) for row in rows[:2]] == [("-", org.devs)] * 2
    assert rows[0]["ACTION"].startswith("team.") and org.member.name in rows[0]["DETAIL"]
    ids = [int(row["ID"]) for row in rows]
    assert ids == sorted(ids, reverse=True) and rows[-1]["ACTION"] == "org.create"


def test_the_log_is_read_in_parts(registry, org):
    def read(*more):
        return registry.cli_json("audit", "list", "--target", org.name, *more)["entries"]

    whole = read()
    assert len(whole) >= 3
    parts, last = [], []
    while part := read("--max", "2", *last):
        assert len(part) <= 2
        parts += part
        last = ["--before", str(part[-1]["id"])]
    assert parts == whole
    assert read("--max", "1") == whole[:1]


def test_the_log_names_who_did_it_and_nobody_for_the_command_line(registry, org):
    entries = registry.cli_json("audit", "list", "--target", org.name)["entries"]
    assert {entry["action"]: entry["actor"] for entry in entries} == {
        "org.create": None, "org.member.set": None, "package.create": org.member.name,
        "package.access.revoke": None}


def test_the_log_of_one_organization_tells_of_no_other(registry, org):
    other = make_org(registry)
    targets = {entry["target"] for entry in registry.cli_json("audit", "list", "--target", org.name)["entries"]}
    assert targets and all(target.split("/")[0] == org.name for target in targets)
    everything = registry.cli_json("audit", "list")["entries"]
    assert any(entry["target"].split("/")[0] == other.name for entry in everything)


# All of them


@pytest.mark.parametrize("arguments, problem", [
    ("org create acme", "needs --owner USER"),
    ("org create --owner alice", "needs NAME --owner USER"),
    ("org list acme", "one argument too many"),
    ("org set acme", "nothing to set"),
    ("org add acme", "needs NAME USER"),
    ("org remove acme", "needs NAME USER"),
    ("org members", "needs NAME"),
    ("org add acme bob --outside", "there is no flag --outside"),
    ("team create", "needs ORG/TEAM"),
    ("team create acme/devs --parent=", "--parent needs a team"),
    ("team set acme/devs", "nothing to set"),
    ("team set acme/devs --top --parent all", "contradict"),
    ("team set acme/devs --parent=", "--top is for none"),
    ("team add acme/devs", "needs ORG/TEAM USER"),
    ("team delete", "needs ORG/TEAM"),
    ("access list", "needs OWNER/NAME"),
    ("access grant acme/app bob", "needs OWNER/NAME SUBJECT ROLE"),
    ("access revoke acme/app", "needs OWNER/NAME SUBJECT"),
    ("access explain --user bob --action read", "needs --package"),
    ("access explain --package acme/app --user bob", "needs --action"),
    ("access explain --package acme/app --action read", "either --user NAME or --anonymous"),
    ("access explain --package acme/app --action read --user bob --anonymous", "either --user NAME or --anonymous"),
    ("audit list --max 0", "--max: '0' is not a number from 1 to 1000"),
    ("audit list --max 1001", "--max: '1001' is not"),
    ("audit list --before -1", "--before: '-1' is not"),
    ("audit list --before x", "--before: 'x' is not"),
    ("audit list acme", "one argument too many"),
])
def test_wrong_usage_says_what_is_wrong(registry, arguments, problem):
    done = subprocess.run([BINARY, *arguments.split(), "--data", str(registry.data)], capture_output=True, text=True,
                          env=registry.env)
    assert (done.returncode, done.stdout) == (2, "") and problem in done.stderr


@pytest.mark.parametrize("arguments, unknown", [
    ("org create new-one --owner nobody0", "nobody0"),
    ("org set nothing0 --visibility public", "nothing0"),
    ("org members nothing0", "nothing0"),
    ("org add nothing0 MEMBER", "nothing0"),
    ("org add ORG nobody0", "nobody0"),
    ("org remove ORG nobody0", "nobody0"),
    ("org remove ORG OUTSIDER", "OUTSIDER"),
    ("org members MEMBER", "MEMBER"),
    ("team create nothing0/devs", "nothing0"),
    ("team create ORG/devs --parent nothing0", "nothing0"),
    ("team set ORG/nothing0 --top", "nothing0"),
    ("team delete ORG/nothing0", "nothing0"),
    ("team list nothing0", "nothing0"),
    ("team members ORG/nothing0", "nothing0"),
    ("team add ORG/nothing0 MEMBER", "nothing0"),
    ("team remove ORG/nothing0 MEMBER", "nothing0"),
    ("access list ORG/nothing0", "nothing0"),
    ("access grant ORG/nothing0 MEMBER read", "nothing0"),
    ("access grant ORG/app nobody0 read", "nobody0"),
    ("access grant ORG/app ORG/nothing0 read", "nothing0"),
    ("access revoke ORG/app OUTSIDER", "OUTSIDER"),
    ("access explain --package ORG/app --user nobody0 --action read", "nobody0"),
])
def test_unknown_names_are_named(registry, org, arguments, unknown):
    before = registry.cli_json("audit", "list", "--target", org.name)
    done = registry.run(*org.words(arguments).split())
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("staithe: ") and done.stderr.count("\n") == 1 and org.words(unknown) in done.stderr
    assert registry.cli_json("audit", "list", "--target", org.name) == before


def test_an_unknown_action_is_refused(registry, org):
    done = registry.run("access", "explain", "--package", org.package, "--anonymous", "--action", "push")
    assert done.returncode == 1 and "'push' is no action; choose read, write, delete or admin" in done.stderr


def test_names_are_taken_once(registry, org, bob):
    order(registry, org, "team create ORG/devs")
    for command in ("org create ORG --owner OWNER", "org create MEMBER --owner OWNER", "team create ORG/Devs"):
        done = registry.run(*org.words(command).split())
        assert (done.returncode, done.stdout) == (1, "") and done.stderr.startswith("staithe: ")
    assert registry.run("user", "create", org.name, "--no-password").returncode == 1


def test_the_example_of_the_document_goes_as_it_says(fresh):
    text = (Path(__file__).resolve().parents[2] / "docs/OPERATING.md").read_text()
    section = text.split("## Organizations and teams\n")[1].split("\n## ")[0]
    shown = "".join(line[4:] + "\n" for line in section.splitlines() if line.startswith("    "))
    registry = fresh()
    alice, _, _ = [registry.user(name) for name in ("alice", "bob", "carol")]
    done = ""
    for line in shown.splitlines():
        if line.startswith("$ staithe access grant"):
            registry.client(alice).push_image("acme/app", "v1")
        if line.startswith("$ staithe "):
            done += line + "\n" + registry.cli(*shlex.split(line)[2:])
    assert done == shown != ""


STORY = """\
org create acme --owner alice
org set acme --members-create private,internal
org add acme bob
org add acme carol --role owner
org members acme
team create acme/engineering
team create acme/devs --parent engineering --description none
team set acme/devs --top
team add acme/devs bob --maintainer
team members acme/devs
team list acme
access grant alice/app bob read
access list alice/app
access explain --package alice/app --user bob --action read
access explain --package acme/app --user bob --action write
access revoke alice/app bob
team remove acme/devs bob
team delete acme/devs
org remove acme bob --outside
org list
audit list"""


def test_with_and_without_a_running_server_the_same_is_said(fresh):
    def tell(stopped):
        registry = fresh()
        for name in ("alice", "bob", "carol"):
            account = registry.user(name)
            if name == "alice":
                registry.client(account).push_image("alice/app", "v1")
        if stopped:
            registry.stop()
        said = [registry.cli(*line.split(), *more) for line in STORY.splitlines() for more in ([], ["--json"])
                if not more or line.split()[1] in ("members", "list", "explain")]
        return re.sub(r"\d{4}-\d\d-\d\dT[\d:]{8}Z", "TIME", "".join(said))

    running = tell(stopped=False)
    assert "bob is now a maintainer of acme/devs" in running
    assert tell(stopped=True) == running


@pytest.mark.parametrize("group", ["org", "team", "access", "repository", "audit"])
def test_a_group_has_an_overview(registry, group):
    said = registry.plain("help", group).stdout
    assert said == registry.plain(group, "--help").stdout
    commands = [line.split()[0] for line in said.splitlines() if line.startswith("  ")]
    assert commands and set(commands) == {group}


def test_everything_is_told_as_json(registry, org):
    order(registry, org, "team create ORG/devs")
    for line in ("org list", "org members ORG", "team list ORG", "team members ORG/devs", "access list ORG/app", "audit list"):
        (rows,) = json.loads(order(registry, org, line + " --json")).values()
        assert isinstance(rows, list)
