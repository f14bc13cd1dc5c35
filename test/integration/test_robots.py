"""Robots of organizations: the command line, what they may do, and how that ends."""

import json
import os
import re

import pytest

from harness import refused
from harness.client import succeeded
from harness.server import Account
from test_command_line import table
from test_command_line_orgs import make_org
from test_fine_tokens import replay
from test_mount import began_an_upload, mount


class Works:
    """An organization with an owner, a member and an outsider, and its robot."""

    def __init__(self, registry, role="write"):
        self.registry = registry
        self.org = make_org(registry)
        self.robot = self.org.name + "+ci"
        registry.cli("robot", "create", self.robot, "--role", role)

    def words(self, text):
        return self.org.words(text.replace("ROBOT", self.robot))

    def order(self, text):
        return self.registry.cli(*self.words(text).split())

    def run(self, text):
        return self.registry.run(*self.words(text).split())

    def client(self, **bounds):
        """A client with a token of the robot."""
        return self.registry.client(Account(self.robot, "", self.registry.token(self.robot, **bounds)))

    def listed(self):
        return {row["name"]: row for row in self.registry.cli_json("robot", "list", self.org.name)["robots"]}


@pytest.fixture
def works(registry):
    return Works(registry)


# The command line


def test_robots_are_made_changed_and_shown_as_a_table(registry):
    org = make_org(registry)
    name = org.name + "+ci"
    assert registry.cli("robot", "create", name.upper()) == f"robot {name} created; its role on all packages of {org.name}: none\n"
    made = registry.cli_json("robot", "create", org.name + "+build", "--role", "admin")
    assert made.pop("created").endswith("Z")
    assert made == {"name": org.name + "+build", "organization": org.name, "role": "admin", "disabled": False}
    assert registry.cli("robot", "set", name, "--role", "read") == (
        f"robot {name} changed; its role on all packages of {org.name}: read\n")
    assert registry.cli("robot", "disable", name) == f"robot {name} disabled\n"
    titles, rows = table(registry, "robot", "list", org.name)
    assert titles == ["NAME", "ROLE", "DISABLED", "CREATED"]
    assert [(row["NAME"], row["ROLE"], row["DISABLED"]) for row in rows] == [
        (org.name + "+build", "admin", "no"), (name, "read", "yes")]
    assert {row["name"] for row in registry.cli_json("robot", "list")["robots"]} >= {name, org.name + "+build"}
    assert registry.cli("robot", "enable", name) == f"robot {name} enabled\n"
    assert registry.cli_json("robot", "disable", name) == {"name": name, "disabled": True}
    assert registry.cli("robot", "delete", name) == f"robot {name} deleted, with its tokens and roles\n"
    assert registry.cli_json("robot", "delete", org.name + "+build") == {"name": org.name + "+build", "deleted": True}
    assert registry.cli_json("robot", "list", org.name) == {"robots": []}


@pytest.mark.parametrize("arguments, status, problem", [
    ("robot create ROBOT", 1, "there is a robot 'ROBOT'"),
    ("robot create ORG", 1, "a robot is named ORGANIZATION+NAME"),
    ("robot create ORG+", 1, "a robot is named ORGANIZATION+NAME"),
    ("robot create ORG+a+b", 1, "a robot is named ORGANIZATION+NAME"),
    ("robot create ORG+a_b", 1, "a robot is named ORGANIZATION+NAME"),
    ("robot create no-such-org+ci", 1, "no organization 'no-such-org'"),
    ("robot create MEMBER+ci", 1, "no organization 'MEMBER'"),
    ("robot create ORG+x --role owner", 1, "'owner' is no role of a robot; choose none, read, write or admin"),
    ("robot create", 2, "needs ORG+NAME"),
    ("robot create ORG+x --description y", 2, "there is no flag --description"),
    ("robot set ROBOT", 2, "nothing to set; use --role"),
    ("robot set ROBOT --role Read", 1, "'Read' is no role"),
    ("robot set ORG+none --role read", 1, "no robot 'ORG+none'"),
    ("robot disable ORG+none", 1, "no robot 'ORG+none'"),
    ("robot enable ORG+none", 1, "no robot 'ORG+none'"),
    ("robot delete ORG+none", 1, "no robot 'ORG+none'"),
    ("robot delete MEMBER", 1, "a robot is named ORGANIZATION+NAME"),
    ("robot list no-such-org", 1, "no organization 'no-such-org'"),
    ("token create --robot ORG+none --scopes read:packages", 1, "no robot 'ORG+none'"),
    ("token create --robot MEMBER --scopes read:packages", 2, "--robot: 'MEMBER' is no robot's name"),
    ("token create --robot ROBOT --user MEMBER --scopes read:packages", 2, "a token is a user's or a robot's"),
    ("token create --scopes read:packages", 2, "needs --user NAME or --robot ORG+NAME"),
    ("token list ORG+none", 1, "no robot 'ORG+none'"),
    ("access grant ORG/app ORG+none read", 1, "no robot 'ORG+none'"),
    ("access explain --package ORG/app --user ORG+none --action read", 1, "no robot 'ORG+none'"),
    ("org add ORG ROBOT", 1, "'ROBOT' is a robot's name, and this is for people"),
    ("org add ORG ROBOT --role owner", 1, "'ROBOT' is a robot's name, and this is for people"),
    ("org create other-org --owner ROBOT", 1, "'ROBOT' is a robot's name, and this is for people"),
    ("team add ORG/devs ROBOT", 1, "'ROBOT' is a robot's name, and this is for people"),
    ("user disable ROBOT", 1, "'ROBOT' is a robot's name, and this is for people"),
    ("user create ROBOT --no-password", 1, "a user name has"),
    ("repository create ROBOT/code", 1, "a repository is named OWNER/REPO"),
])
def test_what_is_wrong_is_said_and_changes_nothing(works, arguments, status, problem):
    works.order("team create ORG/devs")
    before = works.listed()
    done = works.run(arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert problem in done.stderr or works.words(problem) in done.stderr
    assert works.listed() == before


def test_robots_are_no_users(registry, works):
    assert works.robot not in registry.users()
    done = registry.run("user", "set-password", works.robot, "--password-stdin", input="correct horse battery\n")
    assert done.returncode == 1 and "is a robot's name" in done.stderr


def test_tokens_of_robots_are_made_listed_and_revoked_as_those_of_users(registry, works):
    secret = registry.cli("token", "create", "--robot", works.robot, "--scopes", "read:packages", "--packages", works.org.package,
                          "--name", "pipeline").strip()
    registry.secrets.append(secret)
    (token,) = registry.tokens(works.robot)
    assert (token["user"], token["name"], token["packages"]) == (works.robot, "pipeline", works.org.package)
    client = registry.client(Account(works.robot, "", secret))
    assert client.tags(works.org.package) == ["v1"]
    registry.cli("token", "revoke", str(token["id"]))
    assert registry.basic("x", secret).get(f"/v2/{works.org.package}/tags/list").status_code == 401


def test_the_audit_log_of_the_organization_has_its_robots(registry, works):
    registry.token(works.robot)
    works.order("robot set ROBOT --role none")
    works.order("robot disable ROBOT")
    works.order("robot enable ROBOT")
    works.order("robot delete ROBOT")
    entries = registry.cli_json("audit", "list", "--target", works.org.name)["entries"]
    assert [(entry["action"], entry["target"]) for entry in entries if entry["target"] == works.robot] == [
        (f"robot.{what}" if what != "token" else "token.create", works.robot)
        for what in ("delete", "enable", "disable", "set", "token", "create")]


# What they may do


def test_any_user_name_signs_a_robot_in_by_its_token(registry, works):
    secret = registry.token(works.robot)
    for name in (works.robot, "x", "alice", ""):
        assert registry.basic(name, secret).get("/v2/").status_code == 200
    refused(registry.basic(works.robot, "correct horse battery").get("/token"), 403, "DENIED", "denied")


def test_a_robot_makes_packages_of_its_organization_and_administers_them(registry, works):
    robot = works.client()
    image = robot.push_image(works.org.name + "/made", "v1")
    grants = registry.cli_json("access", "list", works.org.name + "/made")["grants"]
    assert grants == [{"subject": works.robot, "kind": "robot", "role": "admin", "outside": False}]
    succeeded(robot.delete(f"/v2/{works.org.name}/made/manifests/{image.digest}"), 202)
    refused(robot.delete(f"/v2/{works.org.package}/manifests/v1"), 403, "DENIED", "permission_denied: delete_package")
    refused(robot.post(f"/v2/{works.org.member.name}/x/blobs/uploads/"), 403, "DENIED", "permission_denied: write_package")


def test_whether_members_may_make_packages_does_not_concern_robots(works):
    works.order("org set ORG --members-create none")
    works.client().push_image(works.org.name + "/made", "v1")


@pytest.mark.parametrize("role, statuses", [("none", [403, 403]), ("read", [200, 403]), ("write", [200, 202]), ("admin", [200, 202])])
def test_a_changed_role_counts_at_once(works, role, statuses):
    works.order("robot set ROBOT --role none")
    robot = works.client()
    refused(robot.get(f"/v2/{works.org.package}/tags/list"), 403, "DENIED", "permission_denied: read_package")
    works.order(f"robot set ROBOT --role {role}")
    assert [robot.get(f"/v2/{works.org.package}/tags/list").status_code,
            robot.post(f"/v2/{works.org.package}/blobs/uploads/").status_code] == statuses


def test_a_role_is_granted_to_a_robot_of_another_organization(registry, works):
    other = Works(registry, role="admin")
    robot = other.client()
    refused(robot.get(f"/v2/{works.org.package}/tags/list"), 403, "DENIED", "permission_denied: read_package")
    assert registry.cli("access", "grant", works.org.package, other.robot, "read") == (
        f"{other.robot} now has the role read on {works.org.package}\n")
    assert registry.cli_json("access", "list", works.org.package)["grants"] == [
        {"subject": other.robot, "kind": "robot", "role": "read", "outside": True}]
    assert robot.tags(works.org.package) == ["v1"]
    registry.cli("access", "revoke", works.org.package, other.robot)
    assert robot.get(f"/v2/{works.org.package}/tags/list").status_code == 403


def test_internal_packages_are_read_by_robots_of_the_organization(registry, works):
    works.order("robot set ROBOT --role none")
    other = Works(registry, role="admin").client()
    robot = works.client()
    registry.set_visibility(works.org.package, "internal")
    assert robot.tags(works.org.package) == ["v1"]
    assert other.get(f"/v2/{works.org.package}/tags/list").status_code == 403


def test_the_catalog_has_what_a_robot_may_read(registry, works):
    def seen(client):
        names = [name for page in client.pages("/v2/_catalog", "repositories") for name in page]
        return [name for name in names if name.startswith(works.org.name)]

    other = Works(registry, role="admin").client()
    assert seen(works.client()) == [works.org.package]
    assert seen(works.client(packages="none/*")) == []
    assert seen(other) == []
    works.order("robot set ROBOT --role none")
    assert seen(works.client()) == []
    registry.set_visibility(works.org.package, "internal")
    assert seen(works.client()) == [works.org.package]
    assert seen(other) == []


def test_a_mount_without_a_source_finds_what_a_robot_may_read(registry, works):
    member, target = registry.client(works.org.owner), works.org.name + "/target"
    digest = member.push_blob(works.org.package, os.urandom(1000))
    robot = registry.basic(works.robot, registry.token(works.robot))
    succeeded(mount(robot, target, digest), 201)
    data = os.urandom(1000)
    hidden = registry.client(works.org.member).push_blob(works.org.member.name + "/own", data)
    began_an_upload(robot, target, mount(robot, target, hidden), data)


def test_a_push_of_a_robot_links_a_package_to_a_repository_it_may_write_to(registry, works):
    source = works.org.name + "/code"
    labels = {"org.opencontainers.image.source": f"https://forge.example/{source}"}
    registry.cli("repository", "create", source, "--url", f"https://forge.example/{source}")
    works.client().push_image(works.org.name + "/linked", "v1", labels=labels)
    assert registry.packages()[works.org.name + "/linked"]["repository"] == source
    works.order("robot set ROBOT --role none")
    works.order("access grant ORG/app ROBOT write")
    works.client().push_image(works.org.package, "v2", labels=labels)
    assert registry.packages()[works.org.package]["repository"] is None


def test_people_come_and_go_without_the_robots(registry, works):
    robot = works.client()
    works.order("org add ORG MEMBER --role owner")
    works.order("org remove ORG OWNER")
    registry.cli("user", "disable", works.org.owner.name)
    robot.push_image(works.org.name + "/made", "v1")
    assert works.robot in works.listed()


def test_a_robot_is_called_after_its_organization_and_keeps_its_tokens_when_that_is_renamed(registry, works):
    robot, name = works.client(), "n" + os.urandom(5).hex()
    registry.cli("org", "rename", works.org.name, name, "--confirm", works.org.name)
    assert [row["name"] for row in registry.cli_json("robot", "list", name)["robots"]] == [name + "+ci"]
    assert robot.tags(name + "/app") == ["v1"]
    robot.push_image(name + "/made", "v1")
    registry.cli("robot", "delete", name + "+ci")


# How it ends


def begin(robot, package):
    location = robot.start_upload(package)
    succeeded(robot.patch(location, data=os.urandom(1000)), 202)
    return location


@pytest.mark.parametrize("end", ["disable", "delete"])
def test_v72_a_robot_that_is_disabled_or_deleted_loses_everything_at_once(fresh, end):
    registry = fresh()
    works = Works(registry)
    secret = registry.token(works.robot)
    robot = registry.client(Account(works.robot, "", secret))
    begin(robot, works.org.package)
    token = robot.token(f"repository:{works.org.package}:pull")
    assert registry.bearer(token).get(f"/v2/{works.org.package}/tags/list").status_code == 200
    assert registry.staged_files()
    works.order(f"robot {end} ROBOT")
    assert not registry.staged_files()
    for authorization in (f"Bearer {token}", f"Bearer {secret}"):
        answer = registry.bare().send("GET", f"/v2/{works.org.package}/tags/list", authorization=authorization)
        refused(answer, 401, "UNAUTHORIZED")
    assert registry.basic("x", secret).get("/token").status_code == 403
    assert registry.problems() == 0


def test_v108_a_robot_that_is_deleted_leaves_nothing_to_the_next_of_its_name(registry, works):
    secret = registry.token(works.robot)
    works.order("access grant ORG/app ROBOT admin")
    works.order("robot delete ROBOT")
    assert registry.cli_json("access", "list", works.org.package) == {"grants": []}
    works.order("robot create ROBOT")
    assert registry.tokens(works.robot) == []
    assert registry.basic("x", secret).get("/v2/").status_code == 401
    assert works.client().get(f"/v2/{works.org.package}/tags/list").status_code == 403


def test_an_enabled_robot_has_its_tokens_back(works):
    robot = works.client()
    works.order("robot disable ROBOT")
    works.order("robot enable ROBOT")
    assert robot.tags(works.org.package) == ["v1"]


# Explanations


@pytest.mark.parametrize("role, action, first, advice", [
    ("write", "write", "allowed: robot: ", None),
    ("write", "delete", "denied: role: ", "staithe access grant ORG/app ROBOT admin"),
    ("none", "read", "denied: role: ", "staithe access grant ORG/app ROBOT read"),
])
def test_an_explanation_of_a_robot_has_its_role(works, role, action, first, advice):
    works.order(f"robot set ROBOT --role {role}")
    said = works.order(f"access explain --package ORG/app --user ROBOT --action {action}").splitlines()
    assert said[0].startswith(first)
    assert said[1:5] == [works.words(line) for line in (
        "ORG/app is private", "its owner ORG is an organization",
        f"ROBOT is a robot of ORG, with the role {role} on all packages there", "nothing is granted to ROBOT in person")]
    assert said[5:] == ([works.words("to change that: " + advice)] if advice else [])
    told = json.loads(works.order(f"access explain --package ORG/app --user ROBOT --action {action} --json"))
    assert (told["robot_of"], told["robot_role"], told["member"]) == (works.org.name, role, "none")


@pytest.mark.parametrize("package, advice", [
    ("ORG/absent", "staithe robot set ROBOT --role write"), ("MEMBER/absent", "MEMBER has to push the package first"),
])
def test_a_robot_that_may_make_no_package_is_advised(works, package, advice):
    works.order("robot set ROBOT --role none")
    said = works.order(f"access explain --package {package} --user ROBOT --action write").splitlines()
    assert said[0].startswith("denied: role: ") and said[-1] == works.words("to change that: " + advice)


def test_a_disabled_robot_is_told_of(works):
    works.order("robot disable ROBOT")
    said = works.order("access explain --package ORG/app --user ROBOT --action read")
    assert works.words("ROBOT is disabled, and can do nothing before: staithe robot enable ROBOT") in said


# All of them

STORY = """\
robot create acme+ci --role write
robot set acme+ci --role read
robot disable acme+ci
robot enable acme+ci
robot list
robot list acme --json
access explain --package acme/app --user acme+ci --action read
robot delete acme+ci
audit list --target acme"""


def test_with_and_without_a_running_server_the_same_is_said(fresh):
    def tell(stopped):
        registry = fresh()
        registry.user("alice")
        registry.cli("org", "create", "acme", "--owner", "alice")
        if stopped:
            registry.stop()
        said = "".join(registry.cli(*line.split()) for line in STORY.splitlines())
        return re.sub(r"\d{4}-\d\d-\d\dT[\d:]{8}Z", "TIME", said)

    running = tell(stopped=False)
    assert "robot.delete" in running
    assert tell(stopped=True) == running


def test_the_group_has_an_overview(registry):
    said = registry.plain("help", "robot").stdout
    commands = [line.split()[0] for line in said.splitlines() if line.startswith("  ")]
    assert said == registry.plain("robot", "--help").stdout and set(commands) == {"robot"}


def test_the_example_of_the_document_goes_as_it_says(fresh):
    registry = fresh()
    alice = registry.user("alice")
    shown, said = replay("Robots", registry, [
        ("access grant", lambda: registry.client(alice).push_image("acme/app", "v1"))])
    assert said == shown != ""
