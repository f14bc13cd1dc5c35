"""Personal access tokens over the REST interface: one's own, those of users and of robots.

Routes user_tokens, user_token, current_token, admin_user_tokens, admin_user_token, robot_tokens, robot_token.
"""

import time
import uuid

import pytest

from harness import Registry
from harness.issuer import AUDIENCE, Issuer
from harness.people_api import READ, ROOT, WRITE, People
from harness.server import Account

OWN = f"{ROOT}/user/tokens"
NEVER = 4294967295  # the id of no token


@pytest.fixture(scope="module")
def issuer():
    served = Issuer()
    yield served
    served.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory, issuer):
    registry = Registry(tmp_path_factory.mktemp("tokens"), {"login.free_attempts": "0", "net.allow": "127.0.0.0/8"})
    registry.start()
    registry.cli("issuer", "add", "ci", "--url", issuer.url, "--audience", AUDIENCE, "--claims", "repository=repository")
    yield registry
    registry.stop()


@pytest.fixture
def people(server):
    return People(server)


class Parent:
    """Whose tokens: the routes, and who may manage them."""

    def __init__(self, people, kind):
        self.kind, self.user = kind, people.person()
        self.org = f"o{uuid.uuid4().hex[:10]}"
        people.registry.cli("org", "create", self.org, "--owner", self.user.name)
        people.registry.cli("robot", "create", f"{self.org}+ci", "--role", "write")
        self.owner = f"{self.org}+ci" if kind == "robot" else self.user.name
        self.manager = people.site if kind == "user" else people.signed_in(self.user)
        self.path = {"own": OWN, "user": f"{ROOT}/admin/users/{self.user.name}/tokens",
                     "robot": f"{ROOT}/orgs/{self.org}/robots/ci/tokens"}[kind]
        self.route = {"own": "/user/tokens", "user": "/admin/users/{username}/tokens", "robot": "/orgs/{org}/robots/{robot}/tokens"}[kind]

    def others(self, people):
        """Who may not: with the status that they hear."""
        me = self.user
        tokens = [people.by_token(me), people.by_token(me, READ), people.by_bearer(me), people.by_bearer(me, me.token),
                  people.by_token(Account(f"{self.org}+ci", "", ""))]
        if self.kind == "own":
            return [(one, 403) for one in tokens]
        if self.kind == "user":
            return [(one, 403) for one in (*tokens, people.signed_in(me), people.by_token(people.boss), people.by_bearer(people.boss))]
        member = people.person()
        people.registry.cli("org", "add", self.org, member.name)
        of_org = [(one, 403) for one in (*tokens[:4], people.signed_in(member), people.by_token(people.boss))]
        return [*of_org, (tokens[4], 404), (people.signed_in(people.person()), 404)]


@pytest.fixture(params=["own", "user", "robot"])
def parent(people, request):
    return Parent(people, request.param)


WRONG = [{"scopes": []}, {"scopes": ["repo"]}, {"scopes": ["admin:org"], "packages": ["a/b"]}, {"scopes": [READ, "admin:org"], "addresses": ["127.0.0.1"]}, {"scopes": ["admin:enterprise"]}, {"scopes": [""]}, {"scopes": [f"{READ},{WRITE}"]}, {"scopes": [7]},
         {"scopes": READ}, {"name": "x" * 101}, {"name": "a\nb"}, {"expires_in": 0}, {"expires_in": -1}, {"expires_in": 4294967296},
         {"expires_in": 9223372036854775807}, {"packages": []}, {"packages": ["app"]}, {"packages": ["acme/app,other/*"]}, {"packages": [""]},
         {"packages": ["ACME/App"]}, {"packages": ["a/b"] * 33}, {"addresses": []}, {"addresses": ["here"]}, {"addresses": ["192.0.2.7/24"]},
         {"addresses": ["192.0.2.7,0.0.0.0/0"]}, {"addresses": ["192.0.2.7"] * 33}]


def test_tokens_are_made_as_described(people, parent):
    people.bad_bodies(parent.manager, "POST", parent.path, None)
    people.said(parent.manager.post(parent.path, json={}), 422)
    for refused, status in parent.others(people):
        before = people.log()
        people.said(refused.post(parent.path, json={"scopes": [READ]}), status)
        assert people.log() == before
    before = people.log()
    for wrong in WRONG:
        if wrong.get("scopes") in ([7], READ):
            assert parent.manager.post(parent.path, json=wrong).status_code == 422
        else:
            people.said(parent.manager.post(parent.path, json={"scopes": [READ], **wrong}), 422)
    assert parent.manager.post(parent.path, json={"scopes": [READ], "expires_in": 1.5}).status_code == 422
    if parent.kind == "robot":
        people.said(parent.manager.post(parent.path, json={"scopes": [READ, "admin:org"]}), 422)
    assert people.log() == before
    answer = people.said(parent.manager.post(parent.path, json={
        "name": "laptop", "scopes": [WRITE, READ], "expires_in": 3600, "packages": [f"{parent.org}/*", "a/b"], "addresses": ["127.0.0.0/8"]}), 201)
    made = answer.json()
    people.registry.secrets.append(made["token"])
    assert answer.headers["Cache-Control"] == "no-store"
    assert (made["login"], made["name"], made["scopes"]) == (parent.owner, "laptop", [READ, WRITE])
    assert (made["packages"], made["addresses"]) == ([f"{parent.org}/*", "a/b"], ["127.0.0.0/8"])
    assert made["last_used_at"] is None and not made["revoked"]
    lives = [time.strptime(made[key], "%Y-%m-%dT%H:%M:%SZ") for key in ("created_at", "expires_at")]
    assert time.mktime(lives[1]) - time.mktime(lives[0]) == 3600
    assert people.registry.bearer(made["token"]).get(f"{ROOT}/user").json()["login"] == parent.owner
    assert made["token"] not in str(people.log())
    for path in gone(parent):
        people.said(parent.manager.post(path, json={"scopes": [READ]}), 404)
    people.complete(f"POST {parent.route}")


def gone(parent):
    """The same path below what is not there."""
    if parent.kind == "own":
        return []
    if parent.kind == "user":
        return [f"{ROOT}/admin/users/{one}/tokens" for one in ("nobody0", parent.org, f"{parent.org}+ci")]
    return [f"{ROOT}/orgs/{one}/tokens" for one in (f"{parent.org}/robots/none", "nobody0/robots/ci", f"{parent.user.name}/robots/ci",
                                                    f"{parent.org}/robots/a%2Fb", f"{parent.org}/robots/{'x' * 300}", f"{parent.org}%2Bci/robots/ci")]


def test_tokens_are_listed_as_described(people, parent):
    made = [people.said(parent.manager.post(parent.path, json={"scopes": [READ], "name": str(n)}), 201).json() for n in range(3)]
    for refused, status in parent.others(people):
        people.said(refused.get(parent.path), status)
    people.refusals(parent.manager, "GET", parent.path)
    for path in gone(parent):
        people.said(parent.manager.get(path), 404)
    listed = people.pages(parent.manager, parent.path)
    assert {one["id"] for one in made} <= {one["id"] for one in listed} and {one["login"] for one in listed} == {parent.owner}
    text = people.unchanged(parent.manager, parent.path).text
    assert not any(one["token"] in text for one in made) and "stp_" not in text
    people.complete(f"GET {parent.route}")


def test_v37_a_token_is_revoked_below_its_owner_alone(people, parent):
    elsewhere = Parent(people, parent.kind)
    token, other = (people.said(one.manager.post(one.path, json={"scopes": [READ]}), 201).json() for one in (parent, elsewhere))
    path = f"{parent.path}/{token['id']}"
    people.refusals(parent.manager, "DELETE", path)
    before = people.log()
    for wrong in (other["id"], NEVER, 0, -1, "x", "1e3", "18446744073709551616", "%20" + str(token["id"]), f"{token['id']}%2F"):
        people.said(parent.manager.delete(f"{parent.path}/{wrong}"), 404)
    answers = {people.said(parent.manager.delete(f"{parent.path}/{one}"), 404).json()["message"].replace(str(one), "")
               for one in (other["id"], NEVER)}
    assert len(answers) == 1 and people.log() == before
    for refused, status in parent.others(people):
        people.said(refused.delete(path), status)
    for one in (token, other):
        assert people.registry.bearer(one["token"]).get(f"{ROOT}/user").status_code == 200
    for wrong in gone(parent):
        people.said(parent.manager.delete(f"{wrong}/{token['id']}"), 404)
    people.said(parent.manager.delete(path), 204)
    assert people.registry.bearer(token["token"]).get(f"{ROOT}/user").status_code == 401
    people.said(parent.manager.delete(path), 404)
    assert [one["revoked"] for one in people.said(parent.manager.get(parent.path), 200).json() if one["id"] == token["id"]] == [True]
    people.complete(f"DELETE {parent.route}/{{token_id}}")


def test_v89_a_workflows_job_has_no_tokens(people, issuer):
    owner = people.person()
    people.registry.cli("issuer", "allow", "ci", "--when", f"repository={owner.name}/*", "--role", "admin")
    mint = people.registry.bare().post(f"{ROOT}/registry/workflow-token", json={"token": issuer.token(repository=f"{owner.name}/app")})
    job = people.client(people.registry.bearer(mint.json()["token"]))
    for method, path in (("GET", OWN), ("POST", OWN), ("DELETE", f"{OWN}/1"), ("GET", f"{ROOT}/user/settings"), ("PATCH", f"{ROOT}/user/settings")):
        people.said(job.request(method, path, json=None if method in ("GET", "DELETE") else {"scopes": [READ]} if path == OWN else {}), 403)
    people.said(job.get(f"{OWN}/current"), 404)
    people.said(job.delete(f"{OWN}/current"), 404)


def test_a_script_signs_itself_out(people):
    user, path = people.person(), f"{OWN}/current"
    token = people.registry.token(user.name, READ, name="script", packages="a/b")
    mine = people.client(people.registry.bearer(token))
    for method in ("GET", "DELETE"):
        people.refusals(mine, method, path)
        people.said(people.signed_in(user).request(method, path), 404)
        people.said(people.by_bearer(user).request(method, path), 404)
        people.said(people.by_bearer(user, token).request(method, path), 403)
        people.said(people.by_token(user, addresses="192.0.2.0/24").request(method, path), 403)
    shown = people.unchanged(mine, path).json()
    assert (shown["login"], shown["name"], shown["packages"], shown["revoked"]) == (user.name, "script", ["a/b"], False)
    people.said(mine.delete(path), 204)
    people.said(mine.get(path), 401)
    people.said(mine.delete(path), 401)
    assert people.registry.bearer(user.token).get(f"{ROOT}/user").status_code == 200
    last = people.log()[0]
    assert (last["actor"], last["action"], last["target"]) == (user.name, "token.revoke", user.name) and str(shown["id"]) in last["detail"]
    people.complete("GET /user/tokens/current", "DELETE /user/tokens/current")


def test_a_robots_token_shows_and_ends_itself(people):
    robot = Parent(people, "robot")
    mine = people.by_token(Account(robot.owner, "", ""))
    assert people.said(mine.get(f"{OWN}/current"), 200).json()["login"] == robot.owner
    people.said(mine.delete(f"{OWN}/current"), 204)
    people.said(mine.get(f"{OWN}/current"), 401)


def test_tokens_go_on_under_a_new_name(people):
    own = Parent(people, "own")
    token = people.said(own.manager.post(OWN, json={"scopes": [READ]}), 201).json()
    people.registry.cli("user", "rename", own.user.name, to := f"n{uuid.uuid4().hex[:10]}", "--confirm", own.user.name)
    mine = people.signed_in(Account(to, own.user.password, ""))
    assert token["id"] in [one["id"] for one in people.said(mine.get(OWN), 200).json()]
    people.said(mine.delete(f"{OWN}/{token['id']}"), 204)


def test_v89_a_token_that_leaks_makes_no_other(people):
    user = people.person()
    before = people.log()
    for shown in (people.registry.bearer(user.token), people.registry.basic(user.name, user.token), people.registry.basic("x", user.token),
                  people.registry.client(user)):
        for method, path, body in (("POST", OWN, {"scopes": [READ]}), ("GET", OWN, None), ("DELETE", f"{OWN}/1", None),
                                   ("PUT", f"{ROOT}/user/password", {"old_password": user.password, "password": "staple that walks on"})):
            assert shown.request(method, path, json=body).status_code in (401, 403)
    assert people.log() == before
