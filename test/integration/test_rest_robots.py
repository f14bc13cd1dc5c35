"""Robots over the REST interface.

Routes robots, robot, robot_suspended.
"""

import uuid

import pytest

from harness.people_api import ROOT, People
from harness.server import Account

NO_SCOPE = "You need at least admin:org scope for this."


@pytest.fixture
def people(registry):
    return People(registry)


class Org:
    """An organization with a robot."""

    def __init__(self, people):
        self.people, self.owner, self.member = people, people.person(), people.person()
        self.name = f"o{uuid.uuid4().hex[:10]}"
        people.registry.cli("org", "create", self.name, "--owner", self.owner.name)
        people.registry.cli("org", "add", self.name, self.member.name)
        people.registry.cli("robot", "create", f"{self.name}+ci")
        self.mine = people.signed_in(self.owner)
        self.path = f"{ROOT}/orgs/{self.name}/robots"

    def robots(self):
        return {one["name"]: one for one in self.people.registry.cli_json("robot", "list", self.name)["robots"]}

    def closed(self, method, path, body=None):
        """What only owners who show the password may do; outsiders do not learn that there is anything."""
        people, robot = self.people, self.people.by_token(Account(f"{self.name}+ci", "", ""))
        inside = [people.signed_in(self.member), people.by_token(self.owner), people.by_bearer(self.owner), people.by_token(people.boss),
                  people.by_token(self.owner, packages=f"{self.name}/*")]
        outside = [people.signed_in(people.person()), robot]
        before = people.log()
        answers = [people.said(one.request(method, path, json=body), 403) for one in inside]
        assert [one.json()["message"] for one in answers] == [f"only owners of '{self.name}' may do that", *[NO_SCOPE] * 4]
        for one in outside:
            here = people.said(one.request(method, path, json=body), 404)
            nowhere = people.said(one.request(method, path.replace(self.name, "nobody0"), json=body), 404)
            assert here.text.replace(self.name, "") == nowhere.text.replace("nobody0", "")
        assert people.log() == before

    def absent(self, method, end="", body=None):
        """Robots that are not there, also below other organizations, and names that are none."""
        other = Org(self.people)
        self.people.registry.cli("robot", "create", f"{other.name}+other")
        for one in (f"{self.name}/robots/other", f"{self.name}/robots/{self.name}+ci", f"{self.name}/robots/a%2Fb", f"{self.name}/robots/%20",
                    f"{self.name}/robots/{'x' * 300}", f"{self.name}%2Bci/robots/ci", f"{self.owner.name}/robots/ci", "nobody0/robots/ci",
                    f"{self.name}%2Frobots/robots/ci", f"{'x' * 300}/robots/ci"):
            self.people.said(self.people.site.request(method, f"{ROOT}/orgs/{one}{end}", json=body), 404)


@pytest.fixture
def org(people):
    return Org(people)


def test_robots_are_made_and_listed_as_described(people, org):
    for method, body in (("GET", None), ("POST", {"name": "deploy"})):
        org.closed(method, org.path, body)
    people.refusals(org.mine, "GET", org.path)
    people.bad_bodies(org.mine, "POST", org.path, "name")
    for wrong in ({"name": ""}, {"name": "a--b"}, {"name": "x" * 5000}, {"name": "a+b"}, {"name": "a/b"}, {"name": "a\nb"},
                  {"name": f"{org.name}+x"}, {"name": "deploy", "role": "owner"}, {"name": "deploy", "role": ""}):
        people.said(org.mine.post(org.path, json=wrong), 422)
    people.said(org.mine.post(org.path, json={"name": "CI"}), 409)
    assert set(org.robots()) == {f"{org.name}+ci"}
    made = people.said(org.mine.post(org.path, json={"name": "Deploy", "role": "write"}), 201).json()
    assert (made["login"], made["organization"], made["role"], made["suspended"]) == (f"{org.name}+deploy", org.name, "write", False)
    assert people.said(people.site.post(org.path, json={"name": "plain"}), 201).json()["role"] == "none"
    assert [one["login"] for one in people.pages(org.mine, org.path)] == [f"{org.name}+{one}" for one in ("ci", "deploy", "plain")]
    people.unchanged(org.mine, org.path)
    people.complete("GET /orgs/{org}/robots", "POST /orgs/{org}/robots")


def test_a_robot_is_shown_set_and_deleted_as_described(people, org):
    path = f"{org.path}/ci"
    for method, body in (("GET", None), ("PATCH", {"role": "admin"}), ("DELETE", None)):
        org.closed(method, path, body)
        org.absent(method, body=body)
    people.refusals(org.mine, "GET", path)
    people.refusals(org.mine, "DELETE", path)
    people.bad_bodies(org.mine, "PATCH", path)
    for wrong in ("owner", "", "x" * 5000):
        people.said(org.mine.patch(path, json={"role": wrong}), 422)
    shown = people.unchanged(org.mine, path).json()
    assert shown == people.said(org.mine.get(path.replace("/ci", "/CI")), 200).json() == people.said(org.mine.patch(path, json={}), 200).json()
    assert people.said(org.mine.patch(path, json={"role": "admin"}), 200).json() == {**shown, "role": "admin"}
    assert org.robots()[f"{org.name}+ci"]["role"] == "admin"
    token = people.registry.token(f"{org.name}+ci")
    people.said(org.mine.delete(path), 204)
    people.said(org.mine.delete(path), 404)
    assert org.robots() == {} and people.registry.bearer(token).get(f"{ROOT}/user").status_code == 401
    people.complete(*(f"{method} /orgs/{{org}}/robots/{{robot}}" for method in ("GET", "PATCH", "DELETE")))


def test_a_robot_is_suspended_and_let_in_again(people, org):
    path, token = f"{org.path}/ci/suspended", people.registry.token(f"{org.name}+ci")
    for method in ("PUT", "DELETE"):
        org.closed(method, path)
        org.absent(method, "/suspended")
        people.refusals(org.mine, method, path)
    people.said(org.mine.put(path), 204)
    people.said(org.mine.put(path), 204)
    assert people.said(org.mine.get(f"{org.path}/ci"), 200).json()["suspended"]
    assert people.registry.bearer(token).get(f"{ROOT}/user").status_code == 401
    people.said(org.mine.delete(path), 204)
    people.said(org.mine.delete(path), 204)
    assert people.registry.bearer(token).get(f"{ROOT}/user").status_code == 200
    people.complete(*(f"{method} /orgs/{{org}}/robots/{{robot}}/suspended" for method in ("PUT", "DELETE")))
