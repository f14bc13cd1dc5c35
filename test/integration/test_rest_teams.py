"""Teams of organizations by the REST interface.

Routes teams, team, team_members, team_membership.
"""

import pytest

from harness import Registry, openapi
from harness.orgs_api import LONG, World, said
from harness.packages_api import links


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    registry = Registry(tmp_path_factory.mktemp("teams"), {"login.free_attempts": "0"})
    registry.start()
    yield registry
    registry.stop()


@pytest.fixture(scope="module")
def document():
    return openapi.load()


@pytest.fixture
def world(server, document):
    return World(server, document)


def test_teams_are_listed_with_what_is_above_them(world):
    path = world.at("/teams")
    assert world.unchanged(world.mia, path).json() == []
    for words in (["engineering"], ["devs", "--parent", "engineering", "--description", "Those who write it"]):
        world.registry.cli("team", "create", f"{world.org}/{words[0]}", *words[1:])
    listed = world.unchanged(world.mia, path).json()
    assert [one["slug"] for one in listed] == ["devs", "engineering"]
    assert (listed[0]["parent"]["slug"], listed[0]["parent"]["id"], listed[1]["parent"]) == ("engineering", listed[1]["id"], None)
    assert listed[0] == said(world.mia.get(world.at("/teams/DEVS")), 200).json()
    first = said(world.mia.get(f"{path}?per_page=1"), 200)
    second = said(world.mia.get(links(first)["next"].removeprefix(world.registry.url)), 200)
    assert first.json() + second.json() == listed
    said(world.token("boss").get(path), 403)
    said(world.erin.get(path), 404)
    world.refusals(world.boss, "GET", path)
    world.complete("GET /orgs/{org}/teams")


def test_an_owner_makes_a_team(world):
    path = world.at("/teams")
    fields = {"name": "Devs", "description": "Those who write it", "parent": "engineering"}
    world.registry.cli("team", "create", f"{world.org}/engineering")
    world.refusals(world.boss, "POST", path, fields)
    before = world.state()
    for client in (world.mia, world.token("boss")):
        said(client.post(path, json=fields), 403)
    said(world.erin.post(path, json=fields), 404)
    for change in ({"name": ""}, {"name": "a/b"}, {"name": LONG}, {"name": "a b"}, {"description": "x" * 257}, {"description": "a\nb"},
                   {"parent": "none"}, {"parent": LONG}, {"parent": f"{world.org}/engineering"}, {"description": None}):
        said(world.boss.post(path, json={**fields, **change}), 422)
    said(world.boss.post(path, json={"description": "x"}), 422)
    assert world.state() == before
    made = said(world.boss.post(path, json=fields), 201).json()
    assert (made["slug"], made["description"], made["parent"]["slug"], made["members_count"]) == (
        "devs", "Those who write it", "engineering", 0)
    said(world.boss.post(path, json=fields), 409)
    assert said(world.site.post(path, json={"name": "ops", "parent": None}), 201).json()["parent"] is None
    row = world.cli("team", "list", world.org)["teams"][0]
    assert (row["name"], row["parent"], row["description"]) == (f"{world.org}/devs", f"{world.org}/engineering", "Those who write it")
    world.complete("POST /orgs/{org}/teams")


def test_an_owner_changes_moves_and_deletes_a_team(world):
    path = world.at("/teams/devs")
    for name in ("devs", "engineering", "top"):
        world.registry.cli("team", "create", f"{world.org}/{name}")
    world.unchanged(world.mia, path)
    world.refusals(world.boss, "GET", path)
    world.refusals(world.boss, "PATCH", path, {"description": "x", "parent": "engineering"})
    world.refusals(world.boss, "DELETE", path)
    before = world.state()
    said(world.token("boss").get(path), 403)
    for client in (world.mia, world.token("boss")):
        said(client.patch(path, json={"description": "x"}), 403)
        said(client.delete(path), 403)
    for method in ("GET", "PATCH", "DELETE"):
        said(world.erin.request(method, path), 404)
        said(world.boss.request(method, world.at("/teams/none")), 404)
    for wrong in ({"parent": "devs"}, {"parent": "none"}, {"description": "x" * 257}, {"description": "\x7f"}, {"name": "x"}):
        said(world.boss.patch(path, json=wrong), 422)
    assert world.state() == before
    moved = said(world.boss.patch(path, json={"parent": "engineering", "description": "x"}), 200).json()
    assert (moved["parent"]["slug"], moved["description"]) == ("engineering", "x")
    assert said(world.boss.patch(path, json={}), 200).json() == moved
    said(world.boss.patch(world.at("/teams/engineering"), json={"parent": "devs"}), 422)  # which is below it
    said(world.boss.delete(world.at("/teams/engineering")), 409)
    assert said(world.boss.patch(path, json={"parent": None}), 200).json() == {**moved, "parent": None}
    said(world.boss.delete(world.at("/teams/engineering")), 204)
    said(world.boss.delete(path), 204)
    said(world.boss.delete(path), 404)
    assert [row["name"] for row in world.cli("team", "list", world.org)["teams"]] == [f"{world.org}/top"]
    world.complete(*(f"{method} /orgs/{{org}}/teams/{{team_slug}}" for method in ("GET", "PATCH", "DELETE")))


def test_teams_nest_eight_deep(world):
    path = world.at("/teams")
    for depth in range(8):
        said(world.boss.post(path, json={"name": f"t{depth}", "parent": f"t{depth - 1}" if depth else None}), 201)
    said(world.boss.post(path, json={"name": "t8", "parent": "t7"}), 422)
    assert len(said(world.boss.get(path), 200).json()) == 8


def test_members_of_a_team_are_listed(world):
    path = world.at("/teams/devs/members")
    world.registry.cli("team", "create", f"{world.org}/devs")
    assert world.unchanged(world.mia, path).json() == []
    for who in ("mia", "boss"):
        world.registry.cli("team", "add", f"{world.org}/devs", world.name(who))
    assert [one["login"] for one in world.unchanged(world.mia, path).json()] == [world.name("boss"), world.name("mia")]
    assert "Link" in said(world.mia.get(f"{path}?per_page=1"), 200).headers
    said(world.token("mia").get(path), 403)
    said(world.erin.get(path), 404)
    said(world.boss.get(world.at("/teams/none/members")), 404)
    world.refusals(world.boss, "GET", path)
    world.complete("GET /orgs/{org}/teams/{team_slug}/members")


def test_a_place_in_a_team_is_given_changed_and_taken(world):
    paths = {who: world.at(f"/teams/devs/memberships/{world.name(who)}") for who in ("boss", "mia", "erin")}
    world.registry.cli("team", "create", f"{world.org}/devs")
    world.registry.cli("team", "create", f"{world.org}/ops")
    world.refusals(world.boss, "PUT", paths["mia"], {"role": "maintainer"})
    before = world.state()
    said(world.boss.get(paths["mia"]), 404)
    for client in (world.mia, world.token("boss")):
        said(client.put(paths["mia"], json={"role": "maintainer"}), 403)
        said(client.delete(paths["boss"]), 403)
    said(world.erin.put(paths["erin"], json={}), 404)
    said(world.boss.put(paths["erin"], json={}), 422)  # is not in the organization
    said(world.boss.put(world.at("/teams/devs/memberships/nobody-here"), json={}), 404)
    said(world.boss.put(world.at("/teams/none/memberships/x"), json={}), 404)
    for wrong in ("admin", "", "Member", LONG):
        said(world.boss.put(paths["mia"], json={"role": wrong}), 422)
    for method in ("PUT", "DELETE"):
        said(world.boss.request(method, world.at(f"/teams/devs/memberships/{world.org}+bot")), 422)
    for absent in (paths["mia"], world.at("/teams/devs/memberships/nobody-here")):
        said(world.boss.delete(absent), 404)
    assert world.state() == before
    made = said(world.boss.put(paths["mia"], json={}), 200).json()
    assert (made["role"], made["state"]) == ("member", "active") and made["url"].endswith(paths["mia"])
    assert world.unchanged(world.mia, paths["mia"]).json() == made
    world.refusals(world.boss, "GET", paths["mia"])
    world.refusals(world.boss, "DELETE", paths["mia"])
    said(world.token("boss").get(paths["mia"]), 403)
    said(world.mia.put(paths["boss"], json={}), 403)
    assert said(world.boss.put(paths["mia"], json={"role": "maintainer"}), 200).json() == {**made, "role": "maintainer"}
    said(world.mia.put(paths["boss"], json={}), 200)  # a maintainer
    said(world.mia.put(world.at(f"/teams/ops/memberships/{world.name('mia')}"), json={}), 403)
    said(world.mia.delete(paths["boss"]), 204)
    said(world.mia.delete(paths["mia"]), 204)
    assert world.cli("team", "members", f"{world.org}/devs")["members"] == []
    world.complete(*(f"{method} /orgs/{{org}}/teams/{{team_slug}}/memberships/{{username}}" for method in ("GET", "PUT", "DELETE")))
