"""@octokit/rest, GitHub's own library, with baseUrl set to this server: from lists of packages to restored versions."""
import json
import os
import shutil
import subprocess
import uuid
from dataclasses import dataclass

import pytest

from conftest import HERE, NODE_MODULES, PATH
from harness import images
from harness.server import Account

pytestmark = pytest.mark.needs("node", modules="octokit", root=False)

LAST_TAGGED = "You cannot delete the last tagged version of a package. You must delete the package instead."


@dataclass
class Octokit:
    """Calls methods of the library in the name of a token."""
    folder: object
    url: str
    token: str

    def call(self, method, *more, **parameters):
        done = subprocess.run(["node", "call.mjs", self.url, method, json.dumps(parameters), *more], cwd=self.folder,
                              env={"PATH": PATH, "TOKEN": self.token}, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def data(self, method, **parameters):
        """What a call that must succeed returns."""
        answer = self.call(method, **parameters)
        assert "error" not in answer, answer
        return answer["data"]

    def every(self, method, **parameters):
        """octokit.paginate"""
        answer = self.call(method, "all", **parameters)
        assert "error" not in answer, answer
        return answer["data"]

    def done(self, method, **parameters):
        answer = self.call(method, **parameters)
        assert answer["status"] == 204 and "error" not in answer, answer

    def refused(self, status, message, method, **parameters):
        """A RequestError, with the server's message at the beginning of its own."""
        answer = self.call(method, **parameters)
        assert (answer.get("error"), answer["status"]) == ("HttpError", status), answer
        assert answer["data"]["message"] == message and answer["message"].startswith(message), answer
        assert answer["data"]["status"] == str(status) and answer["data"]["documentation_url"], answer


@pytest.fixture(scope="module")
def folder(place):
    """The script beside the installed library."""
    shutil.copy(HERE / "octokit" / "call.mjs", place)
    os.symlink(NODE_MODULES / "octokit" / "node_modules", place / "node_modules")
    return place


@pytest.fixture(scope="module")
def alice(registry):
    return Account("alice", "", registry.tokens["ALICE"])


@pytest.fixture(scope="module")
def octokit(folder, registry, alice):
    return Octokit(folder, registry.url + "/api/v3", alice.token)


@pytest.fixture(scope="module")
def org(registry):
    registry.cli("org", "create", "acme", "--owner", "alice")
    return "acme"


# How the methods of the library end, and what names the owner, for each kind of owner.
OWNERS = {
    "org": ("Organization", "Org", "Org", {"org": "acme"}),
    "user": ("User", "User", "User", {"username": "alice"}),
    "self": ("AuthenticatedUser", "AuthenticatedUser", "AuthenticatedUser", {}),
    "org by the users form": ("User", "User", "User", {"username": "acme"}),
}


@pytest.fixture(params=OWNERS)
def owner(request, org):
    """The methods and parameters for one kind of owner."""
    long, short, by, parameters = OWNERS[request.param]
    methods = {"list": f"packages.listPackagesFor{long}", "get": f"packages.getPackageFor{long}",
               "delete": f"packages.deletePackageFor{short}", "restore": f"packages.restorePackageFor{short}",
               "versions": f"packages.getAllPackageVersionsForPackageOwnedBy{by}",
               "get version": f"packages.getPackageVersionFor{long}",
               "delete version": f"packages.deletePackageVersionFor{short}",
               "restore version": f"packages.restorePackageVersionFor{short}"}
    return methods, {**parameters, "package_type": "container"}, "acme" if "acme" in parameters.values() else "alice"


@pytest.fixture
def image(registry, alice, owner):
    """A package with a slash in its name and the versions v1 and v2; returns its name without the owner."""
    name = f"b/c{uuid.uuid4().hex[:8]}"
    client = registry.client(alice)
    for tag in ("v1", "v2"):
        client.push_image(f"{owner[2]}/{name}", tag)
    return name


def pulls(registry, alice, name, tag):
    return registry.client(alice).get_manifest(name, tag).status_code == 200


def number_of(octokit, owner, image, tag):
    methods, parameters, _ = owner
    (found,) = [version["id"] for version in octokit.data(methods["versions"], **parameters, package_name=image)
                if tag in version["metadata"]["container"]["tags"]]
    return found


def test_packages_are_listed_and_got(octokit, owner, image):
    methods, parameters, login = owner
    listed = {package["name"]: package for package in octokit.every(methods["list"], **parameters)}
    got = octokit.data(methods["get"], **parameters, package_name=image)
    assert got == listed[image]
    assert got["name"] == image and got["package_type"] == "container" and got["version_count"] == 2
    assert got["owner"]["login"] == login and got["visibility"] == "private"


def test_versions_are_listed_newest_first_and_got(octokit, owner, image):
    methods, parameters, _ = owner
    versions = octokit.data(methods["versions"], **parameters, package_name=image)
    assert [version["metadata"]["container"]["tags"] for version in versions] == [["v2"], ["v1"]]
    for version in versions:
        assert octokit.data(methods["get version"], **parameters, package_name=image,
                            package_version_id=version["id"]) == version


def test_a_version_is_deleted_and_restored(octokit, registry, alice, owner, image):
    methods, parameters, login = owner
    which = {**parameters, "package_name": image, "package_version_id": number_of(octokit, owner, image, "v1")}
    octokit.done(methods["delete version"], **which)
    assert not pulls(registry, alice, f"{login}/{image}", "v1") and pulls(registry, alice, f"{login}/{image}", "v2")
    deleted = octokit.data(methods["versions"], **parameters, package_name=image, state="deleted")
    assert [version["id"] for version in deleted] == [which["package_version_id"]]
    octokit.done(methods["restore version"], **which)
    assert pulls(registry, alice, f"{login}/{image}", "v1")


def test_a_package_is_deleted_and_restored(octokit, registry, alice, owner, image):
    methods, parameters, login = owner
    octokit.done(methods["delete"], **parameters, package_name=image)
    assert not pulls(registry, alice, f"{login}/{image}", "v1")
    octokit.refused(404, "Package not found.", methods["get"], **parameters, package_name=image)
    octokit.done(methods["restore"], **parameters, package_name=image)
    assert pulls(registry, alice, f"{login}/{image}", "v1") and pulls(registry, alice, f"{login}/{image}", "v2")


def test_the_last_tagged_version_is_not_deleted(octokit, owner, image):
    methods, parameters, _ = owner
    which = {**parameters, "package_name": image}
    octokit.done(methods["delete version"], **which, package_version_id=number_of(octokit, owner, image, "v1"))
    octokit.refused(400, LAST_TAGGED, methods["delete version"], **which,
                    package_version_id=number_of(octokit, owner, image, "v2"))


def test_what_is_absent_is_not_found(octokit, owner, image):
    methods, parameters, _ = owner
    for method in ("get", "versions", "delete", "restore"):
        octokit.refused(404, "Package not found.", methods[method], **parameters, package_name="absent")
    for method in ("get version", "delete version", "restore version"):
        octokit.refused(404, "Package version not found.", methods[method], **parameters, package_name=image,
                        package_version_id=4_000_000_000)


def test_paginate_brings_each_of_250_versions_once(octokit, registry, alice, org):
    client = registry.client(alice)
    client.push_blob("acme/many", images.EMPTY_JSON)
    empty = images.descriptor(images.EMPTY_JSON, images.OCI_EMPTY)
    pushed = [client.push_manifest("acme/many", images.document(images.OCI_MANIFEST, config=empty, layers=[],
                                                               annotations={"n": str(number)})).digest
              for number in range(250)]
    which = {"package_type": "container", "package_name": "many"}
    for method, more in (("Org", {"org": "acme", "per_page": 100}), ("User", {"username": "acme", "per_page": 100}),
                         ("Org", {"org": "acme"})):
        versions = octokit.every(f"packages.getAllPackageVersionsForPackageOwnedBy{method}", **which, **more)
        assert [version["name"] for version in versions] == pushed[::-1]


def test_wrong_tokens_are_refused(folder, registry, owner):
    methods, parameters, _ = owner
    for token, message in (("stp_wrong", "Bad credentials"), ("", "Requires authentication")):
        other = Octokit(folder, registry.url + "/api/v3", token)
        other.refused(401, message, methods["list"], **parameters)


def test_another_user_finds_no_private_package(folder, registry, octokit, owner, image):
    methods, parameters, login = owner
    bob = Octokit(folder, registry.url + "/api/v3", registry.tokens["BOB"])
    bob.refused(404, "Package not found.", methods["get"], **parameters, package_name=image)
    bob.refused(404, "Package not found.", methods["delete"], **parameters, package_name=image)
    assert octokit.data(methods["get"], **parameters, package_name=image)["name"] == image


def test_who_one_is_and_what_there_is(octokit, org):
    me = octokit.data("users.getAuthenticated")
    assert (me["login"], me["type"]) == ("alice", "User")
    assert octokit.data("users.getByUsername", username="acme")["type"] == "Organization"
    assert octokit.data("orgs.get", org="acme")["login"] == "acme"
    assert octokit.data("rateLimit.get")["resources"]["core"]["remaining"] > 0
    assert isinstance(octokit.data("meta.get"), dict)
    octokit.refused(404, "Not Found", "users.getByUsername", username="nobody")


def test_there_is_nothing_to_migrate_from_docker(octokit, org):
    assert octokit.data("packages.listDockerMigrationConflictingPackagesForOrganization", org="acme") == []
    assert octokit.data("packages.listDockerMigrationConflictingPackagesForUser", username="alice") == []
    assert octokit.data("packages.listDockerMigrationConflictingPackagesForAuthenticatedUser") == []
