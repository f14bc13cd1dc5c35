"""Settings of packages and rights on them by the REST interface, for each way to name a package's owner.

Routes package_visibility, package_repository, package_rename, package_access, package_grant, package_explain.
"""

import pytest

from harness import Registry, openapi
from harness.orgs_api import LONG, MALFORMED, ROOT, TRICKS, World, alike, said

FORMS = ["orgs", "user", "users", "users of an organization"]
PACKAGE = "/packages/{package_type}/{package_name}"
READ, WRITE, DELETE = "read:packages", "write:packages", "delete:packages"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    registry = Registry(tmp_path_factory.mktemp("access"), {"login.free_attempts": "0", "names.retire_after": "0"})
    registry.start()
    yield registry
    registry.stop()


@pytest.fixture(scope="module")
def document():
    return openapi.load()


class Packages(World):
    """Beside the organization a package app, of it or of boss, which mia may read; and how the form names it."""

    def __init__(self, registry, document, form):
        super().__init__(registry, document)
        self.mine = form in ("user", "users")
        self.owner = self.name("boss") if self.mine else self.org
        self.kind = {"orgs": "orgs/{org}", "user": "user"}.get(form, "users/{username}")
        self.push = registry.client(self.accounts["boss"])
        self.push.push_image(self.full("tools/app"), "v1")
        registry.cli("access", "grant", self.full("tools/app"), self.name("mia"), "read")

    def full(self, name):
        return f"{self.owner}/{name}"

    def at(self, end="", name="tools/app"):
        root = self.kind.replace("{org}", self.owner).replace("{username}", self.owner)
        return f"{ROOT}/{root}/packages/container/{name.replace('/', '%2F')}{end}"

    @property
    def reader(self):
        """Somebody who may read and not manage; of the form of the caller's own, a token of the boss that may not."""
        return self.token("boss", READ) if self.kind == "user" else self.mia

    def forbidden(self, method, end, body=None):
        """To those who may read and not manage 403, to others 404 as if there were none; nothing is changed."""
        before, body = self.state(), {} if body is None else {"json": body}
        said(self.token("boss", READ).request(method, self.at(end), **body), 403)
        said(self.token("boss", DELETE).request(method, self.at(end), **body), 403)
        for absent in ("none", "Tools", "a" * 300):
            said(self.boss.request(method, self.at(end, absent), **body), 404)
        if self.kind != "user":
            for client in (self.mia, self.token("mia", WRITE)):
                said(client.request(method, self.at(end), **body), 403)
            alike(said(self.erin.request(method, self.at(end), **body), 404),
                  self.erin.request(method, self.at(end, "tools/apq"), **body))
        confined = self.token("boss", packages=f"{self.owner}/other-*")
        said(confined.request(method, self.at(end), **body), 404)
        elsewhere = self.token("boss", addresses="192.0.2.0/24")
        said(elsewhere.request(method, self.at(end), **body), 404)
        assert self.state() == before

    def routes(self, *ends):
        self.complete(*(f"{method} /{self.kind}{PACKAGE}{end}" for method, end in ends))

    def row(self, name="tools/app"):
        return self.registry.packages()[self.full(name)]


@pytest.fixture(params=FORMS)
def world(server, document, request):
    return Packages(server, document, request.param)


def test_visibility_is_set_by_administrators(world):
    path = world.at("/visibility")
    world.refusals(world.boss, "PUT", path, {"visibility": "public"})
    world.forbidden("PUT", "/visibility", {"visibility": "public"})
    before = world.state()
    for wrong in ("secret", "", "Public", LONG):
        said(world.boss.put(path, json={"visibility": wrong}), 422)
    said(world.boss.put(path, json={}), 422)
    if world.mine:
        said(world.boss.put(path, json={"visibility": "internal"}), 422)
    assert world.state() == before
    for visibility in ("public", "public", "private"):
        for client in (world.boss, world.token("boss", WRITE)):
            assert said(client.put(path, json={"visibility": visibility}), 200).json()["visibility"] == visibility
            assert world.row()["visibility"] == visibility
    if not world.mine:
        assert said(world.boss.put(path, json={"visibility": "internal"}), 200).json()["visibility"] == "internal"
        world.registry.cli("access", "grant", world.full("tools/app"), world.name("mia"), "admin")
        world.registry.cli("org", "set", world.org, "--members-create", "private")
        said(world.mia.put(path, json={"visibility": "public"}), 403)
    world.routes(("PUT", "/visibility"))


def test_a_package_is_linked_and_inherits(world):
    path, repository = world.at("/repository"), world.full("code")
    world.registry.cli("repository", "create", repository)
    world.registry.cli("repository", "grant", repository, world.name("mia"), "write")
    world.registry.cli("repository", "create", f"{world.name('erin')}/hidden")
    world.registry.cli("repository", "create", f"{world.name('erin')}/open", "--visibility", "public")
    fields = {"repository": repository, "inherit_access": True}
    world.refusals(world.boss, "PUT", path, fields)
    world.forbidden("PUT", "/repository", fields)
    before = world.state()
    for wrong in ({"repository": "none"}, {"repository": ""}, {"repository": LONG}, {"repository": world.full("none")}, {},
                  {"repository": f"{world.name('erin')}/hidden"}, {"repository": f"{world.name('erin')}/open", "inherit_access": True}):
        said(world.boss.put(path, json=wrong), 422)
    said(world.boss.delete(path), 404)  # linked to none
    assert world.state() == before
    linked = {"repository": repository, "inherit_access": False}
    assert said(world.boss.put(path, json={"repository": repository.upper()}), 200).json() == linked
    assert said(world.token("boss", WRITE).put(path, json=fields), 200).json() == fields
    assert (world.row()["repository"], world.row()["inherits"]) == (repository, True)
    access = said(world.boss.get(world.at("/access")), 200).json()
    assert access == {"inherit_access": True, "repository": repository, "grants": []}
    world.refusals(world.boss, "DELETE", path)
    world.forbidden("DELETE", "/repository")
    said(world.boss.delete(path), 204)
    said(world.boss.delete(path), 404)
    roles = {one["subject"]: one["role"] for one in said(world.boss.get(world.at("/access")), 200).json()["grants"]}
    assert roles[world.name("mia")] == "write"  # which it had by the repository
    world.routes(("PUT", "/repository"), ("DELETE", "/repository"))


def test_a_link_to_a_repository_that_the_caller_may_not_read_is_not_shown(world):
    world.registry.cli("repository", "create", f"{world.name('erin')}/hidden")
    world.registry.cli("package", "link", world.full("tools/app"), f"{world.name('erin')}/hidden")
    assert said(world.boss.get(world.at("/access")), 200).json()["repository"] is None
    said(world.boss.delete(world.at("/repository")), 204)


@pytest.mark.parametrize("with_owner", [False, True])
def test_a_package_is_renamed_and_stays_with_its_owner(world, with_owner):
    path = world.at("/rename")
    world.push.push_image(world.full("taken"), "v1")
    new = world.full("new/app") if with_owner else "new/app"
    world.refusals(world.boss, "POST", path, {"name": new})
    world.forbidden("POST", "/rename", {"name": new})
    before = world.state()
    for wrong in ("", "App", "a b", "../x", "a//b", "/a", "a/", LONG, "tools/app", world.full("tools/app"), "new\n"):
        said(world.boss.post(path, json={"name": wrong}), 422)
    said(world.boss.post(path, json={"name": "taken"}), 409)
    assert world.state() == before
    renamed = said(world.boss.post(path, json={"name": new}), 200).json()
    assert (renamed["name"], renamed["owner"]["login"]) == ("new/app", world.owner)
    assert world.full("new/app") in world.registry.packages()
    said(world.boss.get(world.at()), 200)  # under the former name
    for method, end, body in (("PUT", "/visibility", {"visibility": "public"}), ("POST", "/rename", {"name": "x"}),
                              ("DELETE", "/repository", None), ("GET", "/access", None)):
        refused = said(world.boss.request(method, world.at(end), **({"json": body} if body else {})), 403)
        assert refused.json()["message"] == f"The package is called {world.full('new/app')} now; use that name."
    said(world.boss.post(world.at("/rename", "new/app"), json={"name": "tools/app"}), 200)  # and back
    if with_owner:
        other = said(world.boss.post(path, json={"name": "zoo/app"}), 200).json()
        assert (other["name"], other["owner"]["login"]) == ("zoo/app", world.owner)
    world.routes(("POST", "/rename"))


def test_an_administrator_who_may_make_no_packages_makes_none_by_a_new_name(server, document):
    world = Packages(server, document, "users of an organization")
    world.registry.cli("access", "grant", world.full("tools/app"), world.name("erin"), "admin")
    before = world.state()
    refused = said(world.erin.post(world.at("/rename"), json={"name": "new"}), 403)
    assert refused.json()["message"] == "You may not make a package of that name."
    assert world.state() == before


def test_roles_are_granted_and_taken(world):
    mia, erin = world.name("mia"), world.name("erin")
    world.registry.cli("robot", "create", f"{world.org}+bot")
    world.registry.cli("team", "create", f"{world.org}/devs")
    world.registry.cli("repository", "create", world.full("code"))
    access = world.unchanged(world.boss, world.at("/access")).json()
    assert (access["inherit_access"], access["repository"]) == (False, None)
    world.refusals(world.boss, "GET", world.at("/access"))
    world.forbidden("GET", "/access")
    path = world.at(f"/access/{erin}")
    world.refusals(world.boss, "PUT", path, {"role": "write"})
    world.forbidden("PUT", f"/access/{erin}", {"role": "write"})
    subjects = {erin.upper(): ("user", "read"), f"{world.org}+bot": ("robot", "write"),
                f"repository:{world.full('code')}".replace("/", "%2F"): ("repository", "write")}
    if not world.mine:
        subjects[f"{world.org}%2Fdevs"] = ("team", "admin")
    for subject, (kind, role) in subjects.items():
        shown = said(world.token("boss", WRITE).put(world.at(f"/access/{subject}"), json={"role": role}), 200).json()
        assert (shown["subject"], shown["kind"], shown["role"]) == (subject.lower().replace("%2f", "/"), kind, role)
    rows = said(world.boss.get(world.at("/access")), 200).json()["grants"]
    assert rows == world.cli("access", "list", world.full("tools/app"))["grants"]
    assert len(rows) == len(subjects) + 2  # boss, who made it, and mia
    world.refusals(world.boss, "DELETE", path)
    said(world.boss.delete(path), 204)
    world.forbidden("DELETE", f"/access/{mia}")
    assert said(world.boss.put(path, json={"role": "admin"}), 200).json()["role"] == "admin"
    before = world.state()
    for wrong in ("none", "owner", "", LONG):
        said(world.boss.put(path, json={"role": wrong}), 422)
    for absent in ("nobody-here", f"{world.org}+none", f"repository:{world.owner}%2Fnone"):
        said(world.boss.put(world.at(f"/access/{absent}"), json={"role": "read"}), 404)
        said(world.boss.delete(world.at(f"/access/{absent}")), 404)
    for wrong in ("zoo%2Fdevs", "repository:", "repository:a%2Fb%2Fc"):
        said(world.boss.put(world.at(f"/access/{wrong}"), json={"role": "read"}), 422)
        said(world.boss.delete(world.at(f"/access/{wrong}")), 422)
    assert world.state() == before
    for subject in subjects:
        said(world.boss.delete(world.at(f"/access/{subject}")), 204)
        said(world.boss.delete(world.at(f"/access/{subject}")), 404)
    world.registry.cli("package", "link", world.full("tools/app"), world.full("code"), "--inherit")
    said(world.boss.put(path, json={"role": "read"}), 409)
    said(world.boss.delete(path), 409)
    world.routes(("GET", "/access"), ("PUT", "/access/{subject}"), ("DELETE", "/access/{subject}"))


# Why

SAME = {"allowed", "rule", "why", "user", "action", "from", "package", "visibility", "owner", "team", "repository", "site_admin", "disabled",
        "robot_of", "robot_role", "workflow_of"}
CALLED = {"inherit_access": "inherits", "granted_role": "granted", "team_role": "team_role", "inherited_role": "inherited"}


def test_decisions_are_explained_as_by_the_command_line(world):
    package, mia = world.full("tools/app"), world.name("mia")
    world.registry.cli("robot", "create", f"{world.org}+bot", "--role", "read")
    world.registry.cli("repository", "create", world.full("code"))
    for query, words in ((f"user={mia}", ["--user", mia]), ("", ["--anonymous"]), (f"user={world.name('boss')}", ["--user", world.name("boss")]),
                         (f"user={world.name('erin')}", ["--user", world.name("erin")]), (f"user={world.org}%2Bbot", ["--user", f"{world.org}+bot"]),
                         (f"user=repository:{world.full('code')}", ["--user", f"repository:{world.full('code')}"])):
        for action in ("read", "write", "delete", "admin"):
            told = said(world.boss.get(world.at(f"/access/explain?action={action}&{query}")), 200).json()
            wanted = world.cli("access", "explain", "--package", package, "--action", action, *words)
            assert {key: told[key] for key in SAME} == {key: wanted[key] for key in SAME}
            assert {key: told[key] for key in CALLED} == {key: wanted[other] for key, other in CALLED.items()}
            assert told["organization_role"] == wanted["member"].replace("owner", "admin")
            assert told["owner_type"].lower() == wanted["owner_kind"]
            assert told["token"] is None


def test_a_token_is_told_about_to_who_manages_it(server, document):
    world = Packages(server, document, "users of an organization")
    confined = world.registry.token(world.name("mia"), READ, name="ci", packages=f"{world.org}/a*", addresses="192.0.2.0/24")
    token = max(one["id"] for one in world.registry.tokens(world.name("mia")))
    question = world.at(f"/access/explain?action=read&user={world.name('mia')}&token_id={token}")
    told = said(world.site.get(question), 200).json()
    assert told["token"] == {"id": token, "name": "ci", "scopes": [READ], "packages": [f"{world.org}/a*"],
                             "addresses": ["192.0.2.0/24"], "ended": False}
    assert (told["allowed"], told["rule"], told["from"]) == (False, "pattern", None)
    told = said(world.mia.get(f"{question}&from=198.51.100.7"), 200).json()
    assert (told["rule"], told["from"]) == ("address", "198.51.100.7")
    assert confined not in str(told)
    world.registry.cli("token", "revoke", str(token))
    assert said(world.mia.get(question), 200).json()["token"]["ended"]


def test_questions_are_for_administrators_and_about_oneself(world):
    path, mia, boss = world.at("/access/explain?action=read"), world.name("mia"), world.name("boss")
    token = next(one["id"] for one in world.registry.tokens(mia))
    world.unchanged(world.boss, f"{path}&user={mia}")
    world.refusals(world.boss, "GET", path)
    assert said(world.boss.get(f"{path}&user={boss.upper()}"), 200).json()["allowed"]
    for wrong in ("", "?action=pull", "?action=", "?action=read&token_id=x", "?action=read&token_id=0", "?action=read&token_id=1",
                  "?action=read&user=nobody-here", f"?action=read&user={world.org}%2Bnone", "?action=read&user=repository:none%2Fnone",
                  "?action=read&user=repository:x", "?action=read&from=192.0.2.1", f"?action=read&user={boss}&token_id=999999",
                  f"?action=read&user={LONG}", f"?action=read&user={boss}&token_id={10**30}"):
        said(world.boss.get(world.at("/access/explain") + wrong), 422)
    own = next(one["id"] for one in world.registry.tokens(boss))
    said(world.boss.get(f"{path}&user={boss}&token_id={own}"), 200)
    said(world.boss.get(f"{path}&user={boss}&token_id={own}&from=here"), 422)
    said(world.boss.get(world.at("/access/explain?action=read", "none")), 404)
    # Another's token is for site administrators, whichever there are.
    alike(said(world.boss.get(f"{path}&user={mia}&token_id={token}"), 403), world.boss.get(f"{path}&user={mia}&token_id=999999"))
    said(world.token("boss", READ).get(f"{path}&user={mia}"), 403)
    if world.kind != "user":
        assert said(world.mia.get(f"{path}&user={mia}"), 200).json()["granted_role"] == "read"
        said(world.mia.get(path), 403)  # about anybody
        said(world.erin.get(f"{path}&user={world.name('erin')}"), 404)
        for who in (boss, world.name("erin"), f"{world.org}%2Bbot", "repository:none%2Fnone"):  # nobody hears who there is
            alike(said(world.mia.get(f"{path}&user={who}"), 403), world.mia.get(f"{path}&user=nobody-here"))
    world.routes(("GET", "/access/explain"))


# Names

ROUTES = [("PUT", "/visibility", {"visibility": "public"}), ("PUT", "/repository", {"repository": "x/y"}), ("DELETE", "/repository", None),
          ("POST", "/rename", {"name": "x"}), ("GET", "/access", None), ("GET", "/access/explain?action=read", None),
          ("PUT", "/access/x", {"role": "read"}), ("DELETE", "/access/x", None)]


@pytest.mark.parametrize("method, end, body", ROUTES)
def test_names_that_are_none_are_not_found(server, document, method, end, body):
    world = Packages(server, document, "users")
    before = world.state()
    body = {} if body is None else {"json": body}
    for trick in (*TRICKS, "a%2Fb%2Fc"):
        assert world.boss.request(method, f"{ROOT}/users/{world.owner}/packages/container/{trick}{end}", **body).status_code in (400, 404)
        said(world.boss.request(method, f"{ROOT}/users/{trick}/packages/container/app{end}", **body), 404)
        if "/x" in end:
            assert world.boss.request(method, world.at(end.replace("/x", f"/{trick}")), **body).status_code in (400, 404, 422)
    for trick in MALFORMED:
        assert world.boss.request(method, f"{ROOT}/users/{trick}/packages/container/app{end}", **body).status_code == 400
    said(world.boss.request(method, world.at(end).replace("/container/", "/npm/"), **body), 404)
    said(world.boss.request(method, world.at(end).replace("/users/", "/orgs/"), **body), 404)  # a user
    assert world.state() == before
