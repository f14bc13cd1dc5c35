"""Organizations by a script: what a token with the scope admin:org manages, and what still takes the password.

Routes org_settings, org_membership, team, robot, robot_token, org_repos, repo, collaborator, org_audit_log.
"""

import pytest

from harness import Registry, openapi
from harness.orgs_api import ROOT, World, alike, said

ORGS = "admin:org"
READ, WRITE, DELETE = "read:packages", "write:packages", "delete:packages"
EVERY = f"{READ},{WRITE},{DELETE},{ORGS}"
NEW = "staple that walks on"
NO_PASSWORD = "Site administrators do this with their password, not with a token."


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    registry = Registry(tmp_path_factory.mktemp("manage"), {"login.free_attempts": "0"})
    registry.start()
    yield registry
    registry.stop()


@pytest.fixture(scope="module")
def document():
    return openapi.load()


@pytest.fixture
def world(server, document):
    return World(server, document)


def secret_of(world, who, scopes):
    return world.registry.token(world.name(who), scopes)


def manage(world):
    """All that is managed below an organization, as (method, path, body, status) in an order that works."""
    erin = world.name("erin")
    team, robot, repo = world.at("/teams/devs"), world.at("/robots/ci"), f"{ROOT}/repos/{world.org}/code"
    return [
        ("GET", f"{ROOT}/user/orgs", None, 200), ("GET", f"{ROOT}/organizations", None, 200),
        ("GET", world.at("/settings"), None, 200), ("PATCH", world.at("/settings"), {"inherit_access": False}, 200),
        ("GET", world.at("/members"), None, 200), ("PUT", world.at(f"/memberships/{erin}"), {"role": "member"}, 200),
        ("POST", world.at("/teams"), {"name": "devs"}, 201), ("PATCH", team, {"description": "all"}, 200),
        ("PUT", f"{team}/memberships/{erin}", {}, 200), ("GET", f"{team}/members", None, 200),
        ("DELETE", f"{team}/memberships/{erin}", None, 204), ("DELETE", team, None, 204),
        ("DELETE", world.at(f"/memberships/{erin}"), None, 204),
        ("POST", world.at("/robots"), {"name": "ci", "role": "read"}, 201), ("PATCH", robot, {"role": "write"}, 200),
        ("PUT", f"{robot}/suspended", None, 204), ("DELETE", f"{robot}/suspended", None, 204), ("GET", f"{robot}/tokens", None, 200),
        ("DELETE", robot, None, 204),
        ("POST", world.at("/repos"), {"name": "code", "visibility": "private"}, 201), ("GET", repo, None, 200),
        ("GET", world.at("/repos"), None, 200), ("PATCH", repo, {"visibility": "internal"}, 200),
        ("PUT", f"{repo}/collaborators/{erin}", {"role": "read"}, 200), ("GET", f"{repo}/collaborators", None, 200),
        ("DELETE", f"{repo}/collaborators/{erin}", None, 204), ("DELETE", repo, None, 204),
        ("GET", world.at("/audit-log"), None, 200),
    ]


def ask(client, method, path, body):
    return client.request(method, path, **({} if body is None else {"json": body}))


def test_a_token_with_that_scope_manages_what_its_owner_may(world):
    script = world.token("boss", ORGS)
    for method, path, body, status in manage(world):
        answer = ask(script, method, path, body)
        assert answer.status_code == status, (method, path, answer.text)
        assert answer.headers["X-OAuth-Scopes"] == ORGS
    assert ask(script, "GET", world.at("/settings"), None).headers["X-Accepted-OAuth-Scopes"] == ORGS
    made = said(script.post(f"{ROOT}/user/repos", json={"name": "own"}), 201).json()
    said(script.delete(f"{ROOT}/repos/{made['full_name']}"), 204)
    said(script.post(world.at("/rename"), json={"login": f"new-{world.id}"}), 200)


def test_it_is_shown_beside_the_others_and_by_the_command_line(world):
    shown = world.token("boss", EVERY).get(f"{ROOT}/user")
    assert shown.headers["X-OAuth-Scopes"] == f"{ORGS}, {DELETE}, {READ}, {WRITE}"
    assert world.registry.tokens(world.name("boss"))[-1]["scopes"] == EVERY
    made = world.boss.post(f"{ROOT}/user/tokens", json={"scopes": [ORGS, READ]})
    assert (made.status_code, made.json()["scopes"]) == (201, [READ, ORGS])


def test_it_gives_a_member_and_an_outsider_no_more_than_they_may(world):
    member, outsider = world.token("mia", EVERY), world.token("erin", EVERY)
    said(member.get(world.at("/settings")), 200)
    before = world.state()
    for method, path, body, _ in manage(world):
        if "/orgs/" in path and method != "GET":
            assert ask(member, method, path, body).status_code in (403, 404), (method, path)
        if world.org in path and path != world.at("/repos"):
            assert ask(outsider, method, path, body).status_code == 404, (method, path)
    alike(outsider.get(world.at("/settings")), outsider.get(f"{ROOT}/orgs/nobody0/settings"))
    assert world.state() == before


@pytest.mark.parametrize("scopes", [READ, f"{READ},{WRITE},{DELETE}"])
def test_other_scopes_manage_nothing_as_before(world, scopes):
    script, before = world.token("boss", scopes), world.state()
    said(script.get(world.at("/settings")), 403)
    said(script.put(world.at(f"/memberships/{world.name('erin')}"), json={"role": "admin"}), 403)
    said(script.post(world.at("/repos"), json={"name": "code", "visibility": "private"}), 403)
    assert world.state() == before


def test_a_bearer_token_made_from_it_manages_nothing(world):
    account, secret, before = world.accounts["boss"], secret_of(world, "boss", EVERY), world.state()
    bearer = world.client(world.registry.bearer(world.registry.client(account, secret).token()))
    for method, path, body, _ in manage(world):
        assert ask(bearer, method, path, body).status_code in (401, 403, 404), (method, path)
    assert said(bearer.get(world.at("/settings")), 403).json()["message"] == "You need at least admin:org scope for this."
    assert ORGS not in bearer.get(f"{ROOT}/user").headers.get("X-OAuth-Scopes", "")
    assert world.state() == before


def test_it_opens_no_package(world):
    name = f"{world.org}/app"
    world.registry.client(world.accounts["boss"]).push_image(name, "v1")
    script = world.token("boss", ORGS)
    package = world.at("/packages/container/app")
    assert script.get(package).status_code == 403
    assert script.delete(package).status_code == 403
    assert script.put(f"{ROOT}/users/{world.org}/packages/container/app/visibility", json={"visibility": "public"}).status_code == 403
    docker = world.registry.client(world.accounts["boss"], secret_of(world, "boss", ORGS))
    assert docker.get(f"/v2/{name}/manifests/v1").status_code in (401, 403)
    assert docker.post(f"/v2/{name}/blobs/uploads/").status_code in (401, 403)


def test_it_is_confined_to_nothing(world):
    boss = world.name("boss")
    for flag in ("--packages=**", "--addresses=0.0.0.0/0"):
        done = world.registry.run("token", "create", boss, "--scopes", EVERY, flag)
        assert done.returncode == 1 and "not confined" in done.stderr and "stp_" not in done.stdout
    for more in ({"packages": ["**"]}, {"addresses": ["127.0.0.0/8"]}):
        assert world.boss.post(f"{ROOT}/user/tokens", json={"scopes": [ORGS], **more}).status_code == 422
    for bounds in ({"packages": "**"}, {"addresses": "127.0.0.0/8"}):
        said(world.token("boss", **bounds).get(world.at("/settings")), 403)


def test_v89_a_token_for_organizations_is_not_the_password(world):
    said(world.site.get(f"{ROOT}/organizations"), 200)
    root, boss, before = world.token("root", EVERY), world.accounts["boss"], world.state()
    said(root.get(world.at("/settings")), 200)
    user = f"{ROOT}/admin/users/{boss.name}"
    for method, path, body in (
            ("POST", f"{ROOT}/admin/organizations", {"login": f"x{world.id}", "admin": boss.name}), ("GET", f"{ROOT}/admin/users", None),
            ("POST", f"{ROOT}/admin/users", {"login": f"x{world.id}"}), ("GET", user, None), ("PATCH", user, {"inherit_access": True}),
            ("PUT", f"{user}/suspended", None), ("PUT", f"{user}/password", {"password": NEW}), ("POST", f"{user}/rename", {"login": "x0"}),
            ("GET", f"{user}/tokens", None), ("POST", f"{user}/tokens", {"scopes": [READ]}), ("GET", f"{ROOT}/admin/issuers", None),
            ("GET", f"{ROOT}/admin/audit-log", None), ("GET", f"{ROOT}/admin/names", None), ("DELETE", f"{ROOT}/admin/names/x0", None)):
        answer = ask(root, method, path, body)
        assert (answer.status_code, answer.json()["message"]) == (403, NO_PASSWORD), (method, path)
        assert "X-Accepted-OAuth-Scopes" not in answer.headers
    own = f"{ROOT}/user/tokens"
    for who in ("root", "boss"):
        account, script = world.accounts[who], world.token(who, EVERY)
        for method, path, body in (("GET", own, None), ("POST", own, {"scopes": [READ]}), ("DELETE", f"{own}/1", None),
                                   ("PUT", f"{ROOT}/user/password", {"old_password": account.password, "password": NEW})):
            assert ask(script, method, path, body).status_code == 403, (method, path)
    assert world.state() == before
    assert world.by(boss).get(f"{ROOT}/user").status_code == 200


def test_v89_a_token_for_organizations_gives_robots_no_more_than_it_has(world):
    world.registry.cli("robot", "create", f"{world.org}+ci", "--role", "admin")
    path = world.at("/robots/ci/tokens")
    for has, wanted, status in ((ORGS, [READ], 403), (f"{ORGS},{READ}", [READ], 201), (f"{ORGS},{READ}", [READ, WRITE], 403),
                                (f"{ORGS},{WRITE}", [READ, WRITE], 201), (f"{ORGS},{WRITE}", [DELETE], 403), (EVERY, [READ, WRITE, DELETE], 201),
                                (EVERY, [ORGS], 422), (f"{READ},{WRITE},{DELETE}", [READ], 403)):
        before = world.registry.tokens(f"{world.org}+ci")
        answer = said(world.token("boss", has).post(path, json={"scopes": wanted}), status)
        assert len(world.registry.tokens(f"{world.org}+ci")) == len(before) + (status == 201)
        if status == 201:
            world.registry.secrets.append(answer.json()["token"])
            said(world.token("boss", ORGS).delete(f"{path}/{answer.json()['id']}"), 204)
    done = world.registry.run("token", "create", "--robot", f"{world.org}+ci", "--scopes", ORGS)
    assert done.returncode == 1 and "no admin:org" in done.stderr
