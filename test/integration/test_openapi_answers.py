"""Every operation of the REST interface answers as the OpenAPI document says, with each status that it names there.

Routes api_root, meta, rate_limit, openapi, user, user_by_name, org, packages, package, package_restore, versions, version,
version_restore, docker_conflicts, workflow_token.
"""

import re

import pytest

from harness import Registry, images, openapi
from harness.issuer import Issuer
from harness.rest_world import DELETE, FORMS, MINT, READ, World, complete, refusals, route, said, unchanged

SOURCE = "org.opencontainers.image.source"
WANTED = "?package_type=container"
POPULAR = 2
NEVER = 4294967295  # the id of no version


@pytest.fixture(scope="module")
def issuer():
    served = Issuer()
    yield served
    served.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory, issuer):
    registry = Registry(tmp_path_factory.mktemp("answers"), {
        "delete.popular_after": str(POPULAR), "net.allow": "127.0.0.0/8", "login.free_attempts": "0"})
    registry.start()
    yield registry
    registry.stop()


@pytest.fixture(params=FORMS)
def world(server, issuer, request):
    return World(server, issuer, request.param)


def owners(world, path):
    """What a list refuses: what is not the caller's is not seen, and a workflow's job has nothing of its own."""
    refusals(world, "GET", path)
    if world.is_user():
        said(world.job().get(path), 403)
    else:
        said(world.all.get(path.replace(world.name, "nobody0")), 404)


PACKAGE = "/packages/{package_type}/{package_name}"
VERSION = f"{PACKAGE}/versions/{{package_version_id}}"


def test_lists_of_packages_are_as_described(world):
    registry = world.registry
    registry.cli("repository", "create", world.package("code"), "--url", f"https://forge.example/{world.name}/code")
    world.push.push_image(world.package("app"), "v1", labels={SOURCE: f"https://forge.example/{world.name}/code"})
    world.push.push_image(world.package("tools/lint"), "v1")
    world.push.push_image(world.package("web"), "v1")
    path = f"{world.root}/packages{WANTED}"
    listed = unchanged(world, path).json()
    assert [(one["name"], "repository" in one) for one in listed] == [("app", True), ("tools/lint", False), ("web", False)]
    assert "Link" in said(world.all.get(f"{path}&per_page=1&page=2"), 200).headers
    registry.set_visibility(world.package("web"), "public")
    assert [one["name"] for one in said(world.all.get(f"{path}&visibility=public"), 200).json()] == ["web"]
    assert said(world.all.get(f"{world.root}/packages?package_type=npm"), 200).json() == []
    for wrong in ("", "?package_type=cargo", f"{WANTED}&visibility=secret"):
        said(world.all.get(f"{world.root}/packages{wrong}"), 400)
    owners(world, path)
    complete(world, route(world, "GET", "/packages"))


def test_lists_of_conflicts_are_as_described(world):
    path = f"{world.root}/docker/conflicts"
    assert unchanged(world, path).json() == []
    owners(world, path)
    complete(world, route(world, "GET", "/docker/conflicts"))


def test_a_package_is_as_described(world):
    world.push.push_image(world.package("tools/lint"), "v1")
    path = world.path("tools/lint")
    assert unchanged(world, path).json()["name"] == "tools/lint"
    said(world.all.get(path.replace("/container/", "/docker/")), 200)
    refusals(world, "GET", path, DELETE)
    said(world.all.get(world.path("absent")), 404)
    said(world.all.get(path.replace("/container/", "/npm/")), 404)
    complete(world, route(world, "GET", PACKAGE))


def pull_often(world, name):
    """More often than a public version may have been pulled that is to be deleted."""
    for _ in range(POPULAR + 1):
        assert world.push.get_manifest(world.package(name), "v1").status_code == 200


def test_deleting_and_restoring_a_package_is_as_described(world):
    registry, path = world.registry, world.path("app")
    world.push.push_image(world.package("app"), "v1")
    refusals(world, "DELETE", path, READ)
    refusals(world, "POST", f"{path}/restore")
    said(world.all.delete(path, data="{}", headers={"Content-Type": "application/json"}), 422)
    said(world.all.delete(world.path("absent")), 404)
    said(world.all.post(world.path("absent", "/restore")), 404)
    said(world.all.post(f"{path}/restore"), 404)  # it was not deleted
    if not world.is_user():
        registry.cli("access", "grant", world.package("app"), world.reader.name, "read")
        said(world.client(registry.bearer(world.reader.token)).delete(path), 403)
    said(world.all.delete(path), 204)
    said(world.all.get(path), 404)
    said(world.able(READ).post(f"{path}/restore"), 403)
    said(world.all.post(f"{path}/restore?token={NEVER}"), 404)
    said(world.all.post(f"{path}/restore"), 204)
    said(world.all.get(path), 200)
    said(world.all.delete(path), 204)
    world.push.push_image(world.package("app"), "v1")
    said(world.all.post(f"{path}/restore"), 409)
    registry.set_visibility(world.package("app"), "public")
    pull_often(world, "app")
    said(world.all.delete(path), 400)
    complete(world, route(world, "DELETE", PACKAGE), route(world, "POST", f"{PACKAGE}/restore"))


def test_a_users_packages_are_none_of_an_organization(server, issuer):
    world = World(server, issuer, "users")
    world.push.push_image(world.package("app"), "v1")
    path = world.path("app").replace("/users/", "/orgs/")
    said(world.all.get(path), 404)
    said(world.all.delete(path), 404)
    said(world.all.delete(world.path("app")), 204)
    said(world.all.post(f"{path}/restore"), 404)
    said(world.all.get(world.path("app")), 404)


def test_lists_of_versions_are_as_described(world):
    first = world.push.push_image(world.package("app"), "v1", "latest")
    second = world.push.push_image(world.package("app"), "v2")
    path = world.path("app", "/versions")
    listed = unchanged(world, path).json()
    assert [one["name"] for one in listed] == [second.digest, first.digest]
    assert listed[1]["metadata"]["container"]["tags"] == ["latest", "v1"]
    assert "Link" in said(world.all.get(f"{path}?per_page=1"), 200).headers
    said(world.all.delete(f"{path}/{listed[1]['id']}"), 204)
    deleted = said(world.all.get(f"{path}?state=deleted"), 200).json()
    assert [(one["name"], "deleted_at" in one) for one in deleted] == [(first.digest, True)]
    assert "deleted_at" not in said(world.all.get(path), 200).json()[0]
    said(world.all.get(f"{path}?state=lost"), 400)
    refusals(world, "GET", path, DELETE)
    said(world.all.get(world.path("absent", "/versions")), 404)
    world.registry.set_visibility(world.package("app"), "public")
    reader = world.client(world.registry.bearer(world.reader.token))
    said(reader.get(f"{path}?state=deleted"), 404 if world.is_user() else 403)
    complete(world, route(world, "GET", f"{PACKAGE}/versions"))


def test_a_version_is_as_described(world):
    labels = {"org.opencontainers.image.licenses": "Apache-2.0", "org.opencontainers.image.description": "The app"}
    image = world.push.push_image(world.package("app"), "v1", labels=labels)
    path = world.path("app", f"/versions/{world.ids('app')[image.digest]}")
    shown = unchanged(world, path).json()
    assert (shown["name"], shown["license"], shown["description"]) == (image.digest, "Apache-2.0", "The app")
    refusals(world, "GET", path, DELETE)
    said(world.all.get(world.path("app", f"/versions/{NEVER}")), 404)
    said(world.all.get(world.path("absent", "/versions/1")), 404)
    complete(world, route(world, "GET", VERSION))


def test_deleting_and_restoring_a_version_is_as_described(world):
    name = world.package("app")
    children = [world.push.push_image(name) for _ in range(2)]
    index = world.push.push_manifest(name, images.index(children), "v1")
    ids = world.ids("app")
    path = world.path("app", f"/versions/{ids[index.digest]}")
    refusals(world, "DELETE", path, READ)
    refusals(world, "POST", f"{path}/restore", READ)
    said(world.all.delete(path, data="{}", headers={"Content-Type": "application/json"}), 422)
    for rest in ("", "/restore"):
        said(world.all.request("POST" if rest else "DELETE", world.path("app", f"/versions/{NEVER}{rest}")), 404)
        said(world.all.request("POST" if rest else "DELETE", world.path("absent", f"/versions/1{rest}")), 404)
    said(world.all.delete(path), 400)  # the last with a tag
    world.push.push_image(name, "v2")
    said(world.all.delete(world.path("app", f"/versions/{ids[children[0].digest]}")), 400)  # the index lists it
    said(world.all.delete(f"{path}?cascade=true"), 204)
    assert set(ids.values()) & set(world.ids("app").values()) == set()
    said(world.all.post(f"{path}/restore"), 204)
    assert set(ids.items()) <= set(world.ids("app").items())
    said(world.all.delete(f"{path}?cascade=false"), 204)
    world.push.push_manifest(name, index, "v1")
    said(world.all.post(f"{path}/restore"), 404)  # that one is another version now
    world.registry.set_visibility(name, "public")
    pull_often(world, "app")
    said(world.all.delete(world.path("app", f"/versions/{world.ids('app')[index.digest]}")), 400)
    complete(world, route(world, "DELETE", VERSION), route(world, "POST", f"{VERSION}/restore"))


@pytest.mark.parametrize("name, status", [("%00", 400), ("%FF", 400), ("a" * 9000, 414)])
def test_what_is_refused_before_it_is_read_is_as_described_too(server, issuer, name, status):
    world = World(server, issuer, "user")
    assert world.all.get(world.path("") + name).status_code == status
    assert world.seen == {("packages/get-package-for-authenticated-user", status)}


def test_accounts_are_as_described(server, issuer):
    world = World(server, issuer, "orgs")
    for path, kind in [(f"/users/{world.boss.name}", "User"), (f"/users/{world.name}", "Organization"),
                       (f"/orgs/{world.name}", "Organization")]:
        assert unchanged(world, f"/api/v3{path}").json()["type"] == kind
        refusals(world, "GET", f"/api/v3{path}")
    for path in ("/users/nobody0", "/orgs/nobody0", f"/orgs/{world.boss.name}"):
        said(world.all.get(f"/api/v3{path}"), 404)
    complete(world, "GET /users/{username}", "GET /orgs/{org}")


def test_machines_have_their_answers_too(server, issuer):
    world = World(server, issuer, "orgs")
    server.cli("robot", "create", f"{world.name}+bot", "--role", "read")
    robot = world.client(server.bearer(server.token(f"{world.name}+bot", scopes=READ)))
    assert said(robot.get("/api/v3/user"), 200).json()["type"] == "Bot"
    said(world.job().get("/api/v3/user"), 403)
    said(world.all.get("/api/v3/user"), 200)
    unchanged(world, "/api/v3/user")
    refusals(world, "GET", "/api/v3/user")
    complete(world, "GET /user")


@pytest.mark.parametrize("path", ["/", "/meta", "/rate_limit", "/openapi.json"])
def test_what_needs_no_credential_is_as_described(server, issuer, path):
    world = World(server, issuer, "user")
    nobody = world.client(server.bare())
    where = "/api/v3" + path.rstrip("/")
    said(nobody.get("/api/v3/meta"), 200)  # so that the caller's hour has begun, and the limit stays as it is
    first = said(nobody.get(where), 200)
    said(nobody.get(where, headers={"If-None-Match": first.headers["ETag"]}), 304)
    said(nobody.get(where, headers={"Range": "bytes=0-1"}), 200)
    said(world.all.get(where), 200)
    if path != "/openapi.json":
        said(nobody.get(where, headers={"Accept": "image/png"}), 415)
        said(nobody.get(where, headers={"X-GitHub-Api-Version": "1999-01-01"}), 400)
        said(world.client(server.bearer("stp_wrong")).get(where), 401)
    complete(world, re.escape(f"GET {path}"))


def test_tokens_of_workflows_are_as_described(server, issuer):
    world = World(server, issuer, "orgs")
    nobody = world.client(server.bare())
    said(nobody.post(MINT, json={"token": world.workflow()}), 201)
    for wrong in (b"", b"{}", b'{"token":7}', b'{"token":"x","more":1}'):
        nobody.post(MINT, data=wrong)
    said(nobody.post(MINT, json={"token": "x.y.z"}), 401)
    said(nobody.post(MINT, json={"token": issuer.token(repository="elsewhere0/app")}), 403)
    complete(world, f"POST {MINT.removeprefix('/api/v3')}")
