"""Organizations, their settings and members by the REST interface.

Routes organizations, user_orgs, org_settings, org_rename, org_members, org_membership, outside_collaborator.
"""

import pytest

from harness import Registry, openapi
from harness.orgs_api import ALL, LONG, MALFORMED, ROOT, TRICKS, World, alike, said
from harness.packages_api import links


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    registry = Registry(tmp_path_factory.mktemp("orgs"), {"login.free_attempts": "0"})
    registry.start()
    yield registry
    registry.stop()


@pytest.fixture(scope="module")
def document():
    return openapi.load()


@pytest.fixture
def world(server, document):
    return World(server, document)


def logins(response):
    return [one["login"] for one in response.json()]


# Organizations


def test_organizations_are_listed_to_those_in_them_and_all_to_site_administrators(world):
    other = f"zoo-{world.id}"
    world.registry.cli("org", "create", other, "--owner", world.name("boss"))
    for path in (f"{ROOT}/organizations", f"{ROOT}/user/orgs"):
        assert logins(world.unchanged(world.boss, path)) == [world.org, other]
        assert logins(said(world.mia.get(path), 200)) == [world.org]
        assert said(world.erin.get(path), 200).json() == []
        said(world.token("boss").get(path), 403)
        world.refusals(world.boss, "GET", path)
    everything = said(world.site.get(f"{ROOT}/organizations?per_page=100"), 200)
    assert {world.org, other} <= set(logins(everything))
    assert said(world.site.get(f"{ROOT}/user/orgs"), 200).json() == []
    said(world.token("root").get(f"{ROOT}/organizations"), 403)
    world.complete("GET /organizations", "GET /user/orgs")


def test_lists_have_pages(world):
    world.registry.cli("org", "create", f"zoo-{world.id}", "--owner", world.name("boss"))
    first = said(world.boss.get(f"{ROOT}/user/orgs?per_page=1"), 200)
    second = said(world.boss.get(links(first)["next"].removeprefix(world.registry.url)), 200)
    assert logins(first) + logins(second) == [world.org, f"zoo-{world.id}"]
    for far in (2**31, 2**63, 10**30):
        assert said(world.boss.get(f"{ROOT}/user/orgs?per_page=100&page={far}"), 200).json() == []
    assert len(said(world.boss.get(f"{ROOT}/user/orgs?per_page={10**30}"), 200).json()) == 2


def test_a_site_administrator_makes_an_organization(world):
    path, name = f"{ROOT}/admin/organizations", f"New-{world.id}"
    fields = {"login": name, "admin": world.name("erin")}
    world.refusals(world.site, "POST", path, fields)
    before = world.state()
    for client in (world.boss, world.token("boss"), world.token("erin", "read:packages")):
        said(client.post(path, json=fields), 403)
    for scopes in ("read:packages", ALL):
        said(world.token("root", scopes).post(path, json=fields), 403)
    for wrong in ("", "a/b", "a b", "-", "api", LONG, "\t"):
        said(world.site.post(path, json={**fields, "login": wrong}), 422)
    for wrong in ("", "nobody-here", f"{world.org}+bot", LONG):
        said(world.site.post(path, json={**fields, "admin": wrong}), 422)
    said(world.site.post(path, json={"login": name}), 422)
    for taken in (world.org.upper(), world.name("mia")):
        said(world.site.post(path, json={**fields, "login": taken}), 409)
    assert world.state() == before
    made = said(world.site.post(path, json=fields), 201).json()
    assert (made["login"], made["type"]) == (name.lower(), "Organization")
    assert logins(said(world.erin.get(f"{ROOT}/user/orgs"), 200)) == [name.lower()]
    assert said(world.erin.get(f"{ROOT}/orgs/{name}/memberships/{world.name('erin')}"), 200).json()["role"] == "admin"
    world.complete("POST /admin/organizations")


def test_settings_are_those_of_the_command_line(world):
    path = world.at("/settings")
    assert world.unchanged(world.mia, path).json() == {
        "default_visibility": "private", "members_can_create": ["private", "internal", "public"], "creators": "members",
        "inherit_access": True}
    world.registry.cli("org", "set", world.org, "--members-create", "none", "--inherit", "off", "--visibility", "internal")
    shown = said(world.boss.get(path), 200).json()
    assert shown == {"default_visibility": "internal", "members_can_create": [], "creators": "members", "inherit_access": False}
    world.registry.cli("team", "create", f"{world.org}/devs")
    wanted = {"default_visibility": "public", "members_can_create": ["public", "internal"], "creators": "devs", "inherit_access": True}
    set_ = said(world.boss.patch(path, json=wanted), 200).json()
    assert set_ == {**wanted, "members_can_create": ["internal", "public"], "creators": f"{world.org}/devs"}
    assert set_ == said(world.boss.get(path), 200).json()
    row = next(one for one in world.cli("org", "list")["organizations"] if one["name"] == world.org)
    assert (row["visibility"], row["members_create"], row["creators"], row["inherit"]) == (
        "public", "internal,public", f"{world.org}/devs", True)
    assert said(world.boss.patch(path, json={"creators": "owners"}), 200).json() == {**set_, "creators": "owners"}
    assert said(world.boss.patch(path, data=b""), 200).json() == {**set_, "creators": "owners"}
    assert said(world.boss.patch(path, json={"members_can_create": []}), 200).json()["members_can_create"] == []


def test_settings_are_for_members_and_changed_by_owners(world):
    path = world.at("/settings")
    fields = {"default_visibility": "public", "creators": "owners"}
    world.refusals(world.boss, "GET", path)
    world.refusals(world.boss, "PATCH", path, fields)
    before = world.state()
    said(world.mia.patch(path, json=fields), 403)
    for client in (world.token("boss"), world.token("mia", "read:packages")):
        said(client.get(path), 403)
        said(client.patch(path, json=fields), 403)
    for client in (world.erin, world.token("erin")):
        said(client.get(path), 404)
        said(client.patch(path, json=fields), 404)
    for wrong in ({"default_visibility": "secret"}, {"members_can_create": ["public", ""]}, {"creators": "no-team"},
                  {"creators": f"{world.org}-x/devs"}, {"creators": ""}, {"inherit_access": "yes"}, {"creators": LONG},
                  {"members_can_create": "public"}, {"default_visibility": None}):
        said(world.boss.patch(path, json=wrong), 422)
    world.unchanged(world.site, path)
    assert world.state() == before
    said(world.site.patch(path, json=fields), 200)
    world.complete("GET /orgs/{org}/settings", "PATCH /orgs/{org}/settings")


def test_an_owner_renames_an_organization(world):
    path, name = world.at("/rename"), f"New-{world.id}"
    world.registry.client(world.accounts["boss"]).push_image(f"{world.org}/app", "v1")
    world.refusals(world.boss, "POST", path, {"login": name})
    before = world.state()
    for client in (world.mia, world.token("boss")):
        said(client.post(path, json={"login": name}), 403)
    said(world.erin.post(path, json={"login": name}), 404)
    for wrong in ("", "a/b", "-", LONG, world.org):
        said(world.boss.post(path, json={"login": wrong}), 422)
    said(world.boss.post(path, json={"login": world.name("mia")}), 409)
    assert world.state() == before
    assert said(world.boss.post(path, json={"login": name}), 200).json()["login"] == name.lower()
    assert logins(said(world.mia.get(f"{ROOT}/user/orgs"), 200)) == [name.lower()]
    said(world.boss.get(world.at("/settings")), 404)
    assert list(world.registry.packages())[-1].endswith("/app")
    assert f"{name.lower()}/app" in world.registry.packages()
    world.complete("POST /orgs/{org}/rename")


# Members


def test_members_are_listed_by_role(world):
    path = world.at("/members")
    boss, mia = world.name("boss"), world.name("mia")
    for who, role, expected in ((world.mia, "", [boss, mia]), (world.mia, "?role=all", [boss, mia]),
                                (world.boss, "?role=admin", [boss]), (world.boss, "?role=member", [mia])):
        assert logins(world.unchanged(who, path + role)) == expected
    row = said(world.site.get(path), 200).json()[0]
    assert row == {key: value for key, value in said(world.site.get(f"{ROOT}/users/{boss}"), 200).json().items() if key in row}
    assert "role=admin" in said(world.boss.get(f"{path}?role=admin&per_page=1&page=2"), 200).headers["Link"]
    for wrong in ("owner", "", "ADMIN", LONG):
        said(world.boss.get(f"{path}?role={wrong}"), 422)
    said(world.token("boss").get(path), 403)
    said(world.erin.get(path), 404)
    world.refusals(world.boss, "GET", path)
    world.complete("GET /orgs/{org}/members")


def test_a_membership_is_made_changed_and_ended(world):
    path, erin = world.at(f"/memberships/{world.name('erin').upper()}"), world.name("erin")
    said(world.boss.get(path), 404)
    made = said(world.boss.put(path, json={}), 200).json()
    assert (made["role"], made["state"], made["user"]["login"], made["organization"]["login"]) == ("member", "active", erin, world.org)
    assert made["url"].endswith(world.at(f"/memberships/{erin}"))
    assert world.unchanged(world.mia, path).json() == made
    assert said(world.boss.put(path, json={"role": "admin"}), 200).json() == {**made, "role": "admin"}
    assert said(world.boss.put(path, json={"role": "admin"}), 200).json()["created_at"] == made["created_at"]
    rows = {row["name"]: row["role"] for row in world.cli("org", "members", world.org)["members"]}
    assert rows == {world.name("boss"): "owner", world.name("mia"): "member", erin: "owner"}
    said(world.boss.delete(path), 204)
    said(world.boss.delete(path), 404)
    said(world.boss.get(path), 404)


def test_memberships_are_changed_by_owners_alone(world):
    paths = {who: world.at(f"/memberships/{world.name(who)}") for who in ("boss", "mia", "erin")}
    world.refusals(world.boss, "GET", paths["mia"])
    world.refusals(world.boss, "PUT", paths["mia"], {"role": "admin"})
    world.refusals(world.boss, "DELETE", paths["mia"])
    before = world.state()
    for client in (world.mia, world.token("boss"), world.token("mia", "read:packages")):
        said(client.put(paths["erin"], json={}), 403)
        said(client.delete(paths["boss"]), 403)
    said(world.token("boss").get(paths["mia"]), 403)
    for client in (world.erin, world.token("erin")):
        said(client.get(paths["mia"]), 404)
        said(client.put(paths["erin"], json={"role": "admin"}), 404)
        said(client.delete(paths["mia"]), 404)
    for wrong in ("owner", "", "Admin", LONG):
        said(world.boss.put(paths["erin"], json={"role": wrong}), 422)
    for robot in (f"{world.org}+bot", "x+y"):
        said(world.boss.put(world.at(f"/memberships/{robot}"), json={}), 422)
        said(world.boss.delete(world.at(f"/memberships/{robot}")), 422)
    said(world.boss.put(world.at("/memberships/nobody-here"), json={}), 404)
    said(world.boss.delete(world.at("/memberships/nobody-here")), 404)
    assert world.state() == before
    said(world.mia.delete(paths["mia"]), 204)  # everybody may leave


def test_the_last_owner_stays_one(world):
    path = world.at(f"/memberships/{world.name('boss')}")
    before = world.state()
    said(world.boss.put(path, json={"role": "member"}), 409)
    said(world.boss.delete(path), 409)
    said(world.boss.put(world.at(f"/outside_collaborators/{world.name('boss')}")), 409)
    assert world.state() == before
    test_a_membership_is_made_changed_and_ended(world)
    test_memberships_are_changed_by_owners_alone(world)
    world.complete(*(f"{method} /orgs/{{org}}/memberships/{{username}}" for method in ("GET", "PUT", "DELETE")))


def test_an_outside_collaborator_keeps_what_was_granted(world):
    path, package = world.at(f"/outside_collaborators/{world.name('mia')}"), f"{world.org}/app"
    world.registry.client(world.accounts["boss"]).push_image(package, "v1")
    world.registry.cli("access", "grant", package, world.name("mia"), "write")
    world.refusals(world.boss, "PUT", path, {})
    before = world.state()
    said(world.token("boss").put(path), 403)
    said(world.erin.put(path), 404)
    said(world.mia.put(world.at(f"/outside_collaborators/{world.name('boss')}")), 403)
    said(world.boss.put(world.at(f"/outside_collaborators/{world.org}+bot")), 422)
    for absent in (world.name("erin"), "nobody-here"):
        said(world.boss.put(world.at(f"/outside_collaborators/{absent}")), 404)
    said(world.boss.put(world.at(f"/outside_collaborators/{world.name('boss')}")), 409)
    assert world.state() == before
    said(world.boss.put(path), 204)
    said(world.boss.put(path), 404)
    rows = {row["subject"]: row for row in world.cli("access", "list", package)["grants"]}
    assert (rows[world.name("mia")]["role"], rows[world.name("mia")]["outside"]) == ("write", True)
    said(world.boss.put(world.at(f"/memberships/{world.name('mia')}"), json={}), 200)
    said(world.boss.delete(world.at(f"/memberships/{world.name('mia')}")), 204)
    assert world.name("mia") not in {row["subject"] for row in world.cli("access", "list", package)["grants"]}
    world.complete("PUT /orgs/{org}/outside_collaborators/{username}")


# What must not be heard

OF_AN_ORGANIZATION = [
    ("GET", "/settings", None), ("PATCH", "/settings", {}), ("POST", "/rename", {"login": "x"}), ("GET", "/members", None),
    ("GET", "/memberships/x", None), ("PUT", "/memberships/x", {}), ("DELETE", "/memberships/x", None),
    ("PUT", "/outside_collaborators/x", {}), ("GET", "/teams", None), ("POST", "/teams", {"name": "x"}), ("GET", "/teams/devs", None),
    ("PATCH", "/teams/devs", {}), ("DELETE", "/teams/devs", None), ("GET", "/teams/devs/members", None),
    ("GET", "/teams/devs/memberships/x", None), ("PUT", "/teams/devs/memberships/x", {}),
    ("DELETE", "/teams/devs/memberships/x", None), ("GET", "/repos", None), ("POST", "/repos", {"name": "x"})]


@pytest.mark.parametrize("method, end, body", OF_AN_ORGANIZATION)
def test_v37_an_organization_is_as_absent_to_those_who_are_not_in_it(world, method, end, body):
    world.registry.cli("team", "create", f"{world.org}/devs")
    body = {} if body is None else {"json": body}
    absent = world.org.replace("acme", "none")
    for client in (world.erin, world.token("erin")):
        for spelled in (str.lower, str.upper):
            here, there = (f"{ROOT}/orgs/{spelled(name)}{end}" for name in (world.org, absent))
            alike(said(client.request(method, here, **body), 404), client.request(method, there, **body))


def test_a_member_does_not_hear_who_has_an_account(world):
    """Whoever may not remove others gets one answer for all names."""
    world.registry.cli("team", "create", f"{world.org}/devs")
    for start in ("/memberships/", "/teams/devs/memberships/"):
        alike(said(world.mia.delete(world.at(start + world.name("erin"))), 403),
              world.mia.delete(world.at(start + "nobody-here")))


@pytest.mark.parametrize("method, end, body", OF_AN_ORGANIZATION)
def test_names_that_are_none_are_not_found(world, method, end, body):
    world.registry.cli("team", "create", f"{world.org}/devs")
    before = world.state()
    body = {} if body is None else {"json": body}
    for trick in TRICKS:
        said(world.boss.request(method, f"{ROOT}/orgs/{trick}{end}", **body), 404)
        if "/x" in end or "/devs" in end:
            changed = end.replace("/x", f"/{trick}") if "/x" in end else end.replace("/devs", f"/{trick}")
            assert world.boss.request(method, world.at(changed), **body).status_code in (404, 422)
    for trick in MALFORMED:
        assert world.boss.request(method, f"{ROOT}/orgs/{trick}{end}", **body).status_code == 400
    assert world.state() == before
