"""Repositories, and who has a role on them, by the REST interface.

Routes repos, repo, collaborators, collaborator.
"""

import pytest

from harness import Registry, openapi
from harness.issuer import AUDIENCE, Issuer
from harness.orgs_api import LONG, MALFORMED, ROOT, TRICKS, World, alike, said
from harness.packages_api import links

MINT = f"{ROOT}/registry/workflow-token"
BOTH = ["org", "user"]


@pytest.fixture(scope="module")
def issuer():
    served = Issuer()
    yield served
    served.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory, issuer):
    registry = Registry(tmp_path_factory.mktemp("repos"), {"login.free_attempts": "0", "net.allow": "127.0.0.0/8"})
    registry.start()
    registry.cli("issuer", "add", "ci", "--url", issuer.url, "--audience", AUDIENCE, "--claims", "repository=repository")
    yield registry
    registry.stop()


@pytest.fixture(scope="module")
def document():
    return openapi.load()


@pytest.fixture
def world(server, document):
    return World(server, document)


def names(response):
    return [one["full_name"] for one in response.json()]


def job(world, issuer, repository):
    world.registry.cli("issuer", "allow", "ci", "--when", f"repository={repository}", "--role", "write")
    answer = world.registry.bare().post(MINT, json={"token": issuer.token(repository=repository)})
    assert answer.status_code == 201, answer.text
    return world.client(world.registry.bearer(answer.json()["token"]))


def test_repositories_are_listed_to_those_who_may_read_them(world):
    for name, visibility in (("secret", "private"), ("inner", "internal"), ("open", "public")):
        world.registry.cli("repository", "create", f"{world.org}/{name}", "--visibility", visibility)
    for path in (world.at("/repos"), f"{ROOT}/users/{world.org}/repos"):
        listed = world.unchanged(world.boss, path)
        assert names(listed) == [f"{world.org}/{name}" for name in ("inner", "open", "secret")]
        assert [(one["visibility"], one["private"]) for one in listed.json()] == [
            ("internal", True), ("public", False), ("private", True)]
        for client in (world.mia, world.token("mia", "read:packages")):
            assert names(said(client.get(path), 200)) == [f"{world.org}/inner", f"{world.org}/open"]
        assert names(said(world.erin.get(path), 200)) == [f"{world.org}/open"]
        assert names(said(world.token("boss", "delete:packages").get(path), 200)) == [f"{world.org}/open"]
        first = said(world.boss.get(f"{path}?per_page=2"), 200)
        assert names(said(world.boss.get(links(first)["next"].removeprefix(world.registry.url)), 200)) == [f"{world.org}/secret"]
        assert said(world.boss.get(f"{path}?page={2**63}"), 200).json() == []
        said(world.boss.get(path.replace(world.org, "none")), 404)
        world.refusals(world.boss, "GET", path)
    said(world.boss.get(f"{ROOT}/orgs/{world.name('boss')}/repos"), 404)  # a user
    world.complete("GET /orgs/{org}/repos", "GET /users/{username}/repos")


def test_v37_an_owner_whose_repositories_are_all_hidden_is_as_absent(world):
    world.registry.cli("repository", "create", f"{world.org}/secret")
    world.registry.cli("repository", "create", f"{world.name('mia')}/secret")
    absent = f"none-{world.id}"
    for path in (world.at("/repos"), f"{ROOT}/users/{world.org}/repos", f"{ROOT}/users/{world.name('mia')}/repos",
                 f"{ROOT}/users/{world.name('boss')}/repos"):
        owner = path.split("/")[4]
        alike(said(world.erin.get(path), 404), world.erin.get(path.replace(owner, absent)))


def test_a_confined_token_finds_no_other_repositories(world):
    for name in ("app", "secret"):
        world.registry.cli("repository", "create", f"{world.org}/{name}")
    for bounds, found in (({"packages": f"{world.org}/a*"}, ["app"]), ({"packages": "none/*"}, []), ({"addresses": "192.0.2.0/24"}, [])):
        confined = world.token("boss", **bounds)
        assert names(said(confined.get(f"{ROOT}/orgs/{world.org}/repos"), 200)) == [f"{world.org}/{name}" for name in found]
        for name in ("app", "secret"):
            assert confined.get(f"{ROOT}/repos/{world.org}/{name}").status_code == (200 if name in found else 404)


def test_the_callers_own_repositories(world, issuer):
    path, mia = f"{ROOT}/user/repos", world.name("mia")
    said(world.mia.post(path, json={"name": "app"}), 201)
    assert names(world.unchanged(world.mia, path)) == [f"{mia}/app"]
    assert said(world.boss.get(path), 200).json() == []
    said(job(world, issuer, f"{mia}/app").get(path), 403)
    world.registry.cli("robot", "create", f"{world.org}+bot")
    robot = world.client(world.registry.bearer(world.registry.token(f"{world.org}+bot")))
    assert said(robot.get(path), 200).json() == []
    said(robot.post(path, json={"name": "app"}), 403)
    said(job(world, issuer, f"{mia}/app").post(path, json={"name": "app"}), 403)
    world.refusals(world.mia, "GET", path)
    world.complete("GET /user/repos")


@pytest.mark.parametrize("kind", BOTH)
def test_an_owner_makes_a_repository(world, issuer, kind):
    path, owner = (world.at("/repos"), world.org) if kind == "org" else (f"{ROOT}/user/repos", world.name("boss"))
    url = f"https://forge.example/{world.id}/app"
    fields = {"name": "App", "visibility": "public", "url": url}
    world.refusals(world.boss, "POST", path, fields)
    before = world.state()
    said(world.token("boss").post(path, json=fields), 403)
    if kind == "org":
        said(world.mia.post(path, json=fields), 403)
        said(world.erin.post(path, json=fields), 404)
        said(world.boss.post(f"{ROOT}/orgs/{world.name('boss')}/repos", json=fields), 404)
    for change in ({"name": ""}, {"name": "a/b"}, {"name": LONG}, {"name": "a b"}, {"name": "../x"}, {"visibility": "secret"},
                   {"url": "ftp://x/y"}, {"url": "https://"}, {"url": "https://x/" + LONG}, {"visibility": None}):
        said(world.boss.post(path, json={**fields, **change}), 422)
    if kind == "user":
        said(world.boss.post(path, json={**fields, "visibility": "internal"}), 422)
    assert world.state() == before
    made = said(world.boss.post(path, json=fields), 201).json()
    assert (made["full_name"], made["visibility"], made["html_url"]) == (f"{owner}/app", "public", url)
    said(world.boss.post(path, json=fields), 409)
    said(world.boss.post(path, json={**fields, "name": "other"}), 409)  # the url is taken
    plain = said(world.boss.post(path, json={"name": "plain", "url": None}), 201).json()
    assert (plain["visibility"], plain["html_url"]) == ("private", f"{world.registry.url}/{owner}/plain")
    rows = {row["name"]: row for row in world.cli("repository", "list", owner)["repositories"]}
    assert (rows[f"{owner}/app"]["visibility"], rows[f"{owner}/app"]["url"]) == ("public", url)
    if kind == "org":
        world.complete("POST /orgs/{org}/repos")
    else:
        world.complete("POST /user/repos")


@pytest.mark.parametrize("kind", BOTH)
def test_a_repository_is_shown_changed_and_deleted(world, kind):
    owner = world.org if kind == "org" else world.name("boss")
    path, url = f"{ROOT}/repos/{owner.upper()}/app", f"https://forge.example/{world.id}/app"
    world.registry.cli("repository", "create", f"{owner}/app")
    world.registry.cli("repository", "create", f"{owner}/other", "--url", url)
    world.registry.cli("repository", "grant", f"{owner}/app", world.name("erin"), "read")
    shown = world.unchanged(world.boss, path).json()
    assert (shown["full_name"], shown["visibility"], shown["owner"]["login"]) == (f"{owner}/app", "private", owner)
    world.refusals(world.boss, "GET", path)
    world.refusals(world.boss, "PATCH", path, {"visibility": "public", "url": url + "2"})
    world.refusals(world.boss, "DELETE", path)
    before = world.state()
    said(world.erin.get(path), 200)
    for client in (world.erin, world.token("boss"), world.token("boss", "read:packages")):
        said(client.patch(path, json={"visibility": "public"}), 403)
        said(client.delete(path), 403)
    said(world.token("boss", "delete:packages").get(path), 403)
    for method in ("GET", "PATCH", "DELETE"):
        said(world.boss.request(method, f"{ROOT}/repos/{owner}/absent"), 404)
        alike(said(world.mia.request(method, path), 404), world.mia.request(method, f"{ROOT}/repos/none/app"))
    for wrong in ({"visibility": "secret"}, {"url": "file:///etc/passwd"}, {"url": "https://x/" + LONG}, {"name": "new"}):
        said(world.boss.patch(path, json=wrong), 422)
    if kind == "user":
        said(world.boss.patch(path, json={"visibility": "internal"}), 422)
    said(world.boss.patch(path, json={"url": url}), 409)
    assert world.state() == before
    changed = said(world.boss.patch(path, json={"visibility": "public", "url": url + "2"}), 200).json()
    assert changed == {**shown, "visibility": "public", "private": False, "html_url": url + "2"}
    assert said(world.boss.patch(path, json={}), 200).json() == changed
    assert said(world.boss.patch(path, json={"url": None}), 200).json()["html_url"] == shown["html_url"]
    said(world.boss.delete(path), 204)
    said(world.boss.delete(path), 404)
    world.complete(*(f"{method} /repos/{{owner}}/{{repo}}" for method in ("GET", "PATCH", "DELETE")))


def test_roles_on_a_repository_are_granted_and_taken(world):
    name = f"{world.org}/app"
    path, erin = f"{ROOT}/repos/{name}/collaborators", world.name("erin")
    world.registry.cli("repository", "create", name)
    world.registry.cli("team", "create", f"{world.org}/devs")
    world.registry.cli("robot", "create", f"{world.org}+bot")
    assert world.unchanged(world.boss, path).json() == []
    world.refusals(world.boss, "GET", path)
    world.refusals(world.boss, "PUT", f"{path}/{erin}", {"role": "read"})
    granted = {}
    for subject, kind, role, outside in ((erin.upper(), "user", "read", True), (f"{world.org}+bot", "robot", "admin", False),
                                         (f"{world.org}%2Fdevs", "team", "write", False)):
        shown = said(world.boss.put(f"{path}/{subject}", json={"role": role}), 200).json()
        plain = subject.lower().replace("%2f", "/")
        assert shown == {"subject": plain, "kind": kind, "role": role, "outside": outside}
        granted[plain] = shown
    assert {one["subject"]: one for one in said(world.boss.get(path), 200).json()} == granted
    assert {row["subject"]: row for row in world.cli("repository", "access", name)["grants"]} == granted
    assert "Link" in said(world.boss.get(f"{path}?per_page=1"), 200).headers
    world.refusals(world.boss, "DELETE", f"{path}/{erin}")
    assert said(world.boss.put(f"{path}/{erin}", json={"role": "write"}), 200).json() == {**granted[erin], "role": "write"}
    before = world.state()
    for client in (world.erin, world.token("boss")):
        said(client.get(path), 403)
        said(client.put(f"{path}/{erin}", json={"role": "admin"}), 403)
        said(client.delete(f"{path}/{erin}"), 403)
    for rest, method in (("", "GET"), (f"/{erin}", "PUT"), (f"/{erin}", "DELETE")):
        body = {"json": {"role": "read"}} if method == "PUT" else {}
        said(world.boss.request(method, f"{ROOT}/repos/{world.org}/absent/collaborators{rest}", **body), 404)
        said(world.mia.request(method, path + rest, **body), 404)
    for role in ("none", "owner", "", "READ", LONG):
        said(world.boss.put(f"{path}/{erin}", json={"role": role}), 422)
    for absent in ("nobody-here", f"{world.org}+none", f"{world.org}%2Fnone"):
        said(world.boss.put(f"{path}/{absent}", json={"role": "read"}), 404)
        said(world.boss.delete(f"{path}/{absent}"), 404)
    said(world.boss.delete(f"{path}/{world.name('mia')}"), 404)  # has no role
    for wrong in ("zoo%2Fdevs", f"repository:{world.org}%2Fapp"):
        said(world.boss.put(f"{path}/{wrong}", json={"role": "read"}), 422)
        said(world.boss.delete(f"{path}/{wrong}"), 422)
    assert world.state() == before
    said(world.boss.delete(f"{path}/{world.org}%2Fdevs"), 204)
    said(world.boss.delete(f"{path}/{erin}"), 204)
    assert [row["subject"] for row in world.cli("repository", "access", name)["grants"]] == [f"{world.org}+bot"]
    world.complete("GET /repos/{owner}/{repo}/collaborators", *(
        f"{method} /repos/{{owner}}/{{repo}}/collaborators/{{subject}}" for method in ("PUT", "DELETE")))


@pytest.mark.parametrize("method, end, body", [
    ("GET", "", None), ("PATCH", "", {}), ("DELETE", "", None), ("GET", "/collaborators", None),
    ("PUT", "/collaborators/x", {"role": "read"}), ("DELETE", "/collaborators/x", None)])
def test_names_that_are_none_are_not_found(world, method, end, body):
    world.registry.cli("repository", "create", f"{world.org}/app")
    before = world.state()
    body = {} if body is None else {"json": body}
    for trick in TRICKS:
        said(world.boss.request(method, f"{ROOT}/repos/{trick}/app{end}", **body), 404)
        said(world.boss.request(method, f"{ROOT}/repos/{world.org}/{trick}{end}", **body), 404)
        if "/x" in end:
            answer = world.boss.request(method, f"{ROOT}/repos/{world.org}/app{end.replace('/x', '/' + trick)}", **body)
            assert answer.status_code in (404, 422), answer.text
    for trick in MALFORMED:
        assert world.boss.request(method, f"{ROOT}/repos/{world.org}/{trick}{end}", **body).status_code == 400
    assert world.state() == before
