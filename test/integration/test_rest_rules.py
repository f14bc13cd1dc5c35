"""Deleting and restoring over GitHub's Packages API: its rules, with its messages, by role and by scope of the token."""

import itertools
import uuid
from dataclasses import dataclass

import pytest

from harness import Registry, images
from harness.client import refused as registry_refused
from harness.packages_api import LAST_TAGGED, NO_PACKAGE, NO_VERSION, PackagesApi, path, refused, succeeded
from harness.server import Account

SCOPES = ["read:packages", "write:packages", "delete:packages"]
_serial = itertools.count()


@dataclass
class Place:
    """An organization with an owner, a member with each role on its packages, and a stranger."""
    registry: object
    org: str
    owner: Account
    stranger: Account
    roles: dict

    def api(self, account):
        return PackagesApi(self.registry, account.token)

    def push(self, *tags, **image):
        """A new package with one image; returns its name."""
        name = f"{self.org}/p{next(_serial)}"
        self.client.push_image(name, *tags, **image)
        return name

    @property
    def client(self):
        return self.registry.client(self.owner)


def make_place(registry):
    serial = uuid.uuid4().hex[:8]
    owner, stranger, *others = (registry.user(kind + serial) for kind in ("owner", "stranger", "read", "write", "admin"))
    registry.cli("org", "create", "o" + serial, "--owner", owner.name)
    return Place(registry, "o" + serial, owner, stranger, dict(zip(("read", "write", "admin"), others)))


@pytest.fixture(scope="module")
def place(registry):
    yield make_place(registry)
    assert registry.problems() == 0


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """A registry where more than three pulls make popular."""
    server = Registry(tmp_path_factory.mktemp("popular"), {"delete.popular_after": "3"}).start()
    yield make_place(server)
    assert server.problems() == 0
    server.stop()


@dataclass
class Package:
    """A package as one caller has it."""
    place: Place
    name: str
    api: PackagesApi

    @property
    def short(self):
        return self.name.split("/", 1)[1]

    @property
    def client(self):
        return self.place.client

    def at(self, *more):
        return path(f"/orgs/{self.place.org}", self.short, *more)

    def versions(self, **parameters):
        return self.api.versions(f"/orgs/{self.place.org}", self.short, **parameters)

    def version(self, digest, *more):
        return self.at("versions", self.versions()[digest]["id"], *more)

    def pulls(self, reference):
        return self.client.get_manifest(self.name, reference).status_code == 200

    def state(self):
        """What a refused request must leave alone."""
        return ({digest: version["metadata"] for digest, version in self.versions().items()},
                {digest: version["metadata"] for digest, version in self.versions(state="deleted").items()},
                self.client.tags(self.name))


@pytest.fixture
def package(place):
    """With an image for each tag of v1 and v2, and one without."""
    name = place.push("v1")
    place.client.push_image(name, "v2")
    place.client.push_image(name)
    return Package(place, name, place.api(place.owner))


def digest_of(package, tag):
    return package.client.head_manifest(package.name, tag).headers["Docker-Content-Digest"]


# Deleting and restoring a version


def test_a_deleted_version_is_not_pulled_and_a_restored_one_is_the_same_with_its_tags(package):
    """version_restore"""
    before = package.client.get_manifest(package.name, "v1")
    address = package.version(digest_of(package, "v1"))
    package.client.put_manifest(package.name, "stable", images.Document(before.content, images.OCI_MANIFEST))
    shown = package.api.get(address).json()
    succeeded(package.api.delete(address), 204)
    for reference in ("v1", "stable", images.digest_of(before.content)):
        registry_refused(package.client.get_manifest(package.name, reference), 404, "MANIFEST_UNKNOWN")
    refused(package.api.get(address), 404, NO_VERSION)
    assert package.client.tags(package.name) == ["v2"]
    succeeded(package.api.post(address + "/restore"), 204)
    for reference in ("v1", "stable", images.digest_of(before.content)):
        again = package.client.get_manifest(package.name, reference)
        assert again.content == before.content and again.headers["Docker-Content-Digest"] == images.digest_of(before.content)
    assert package.client.tags(package.name) == ["stable", "v1", "v2"]
    restored = package.api.get(address).json()
    assert sorted(restored["metadata"]["container"]["tags"]) == ["stable", "v1"]
    for unstable in (shown, restored):
        del unstable["updated_at"], unstable["metadata"]
    assert restored == shown


def test_deleted_versions_are_listed_apart_with_the_time_of_their_deletion(package):
    deleted = digest_of(package, "v1")
    live = set(package.versions()) - {deleted}
    number = package.versions()[deleted]["id"]
    assert package.versions(state="deleted") == {}
    succeeded(package.api.delete(package.version(deleted)), 204)
    assert set(package.versions()) == set(package.versions(state="active")) == live
    (entry,) = package.versions(state="deleted").values()
    assert entry["name"] == deleted and entry["id"] == number and entry["deleted_at"] >= entry["created_at"]
    assert all("deleted_at" not in version for version in package.versions().values())
    assert package.api.get(package.at()).json()["version_count"] == len(live)
    succeeded(package.api.post(package.at("versions", number, "restore")), 204)
    assert package.versions(state="deleted") == {}
    assert package.api.get(package.at()).json()["version_count"] == len(live) + 1


def test_a_version_is_deleted_once_and_restored_once(package):
    address = package.version(digest_of(package, "v1"))
    refused(package.api.post(address + "/restore"), 404, NO_VERSION)
    succeeded(package.api.delete(address), 204)
    refused(package.api.delete(address), 404, NO_VERSION)
    succeeded(package.api.post(address + "/restore"), 204)
    refused(package.api.post(address + "/restore"), 404, NO_VERSION)


def test_a_restored_version_leaves_tags_that_another_has_got(package):
    old = digest_of(package, "v1")
    address = package.version(old)
    succeeded(package.api.delete(address), 204)
    new = package.client.push_image(package.name, "v1")
    succeeded(package.api.post(address + "/restore"), 204)
    assert digest_of(package, "v1") == new.digest
    assert package.versions()[old]["metadata"]["container"]["tags"] == []
    assert package.pulls(old)


def test_pushing_a_digest_that_is_in_the_trash_makes_a_new_version(package):
    before = package.client.get_manifest(package.name, "v1")
    address = package.version(images.digest_of(before.content))
    succeeded(package.api.delete(address), 204)
    document = images.Document(before.content, images.OCI_MANIFEST)
    package.client.push_manifest(package.name, document, "again")
    assert package.version(document.digest) != address
    assert package.versions()[document.digest]["metadata"]["container"]["tags"] == ["again"]
    before = package.state()
    refused(package.api.post(address + "/restore"), 404, NO_VERSION)
    assert package.state() == before


def test_the_last_tagged_version_is_not_deleted(package):
    first, second = digest_of(package, "v1"), digest_of(package, "v2")
    succeeded(package.api.delete(package.version(first)), 204)
    before = package.state()
    refused(package.api.delete(package.version(second)), 400, LAST_TAGGED)
    assert package.state() == before
    (untagged,) = set(package.versions()) - {second}
    succeeded(package.api.delete(package.version(untagged)), 204)
    refused(package.api.delete(package.version(second)), 400, LAST_TAGGED)


def test_the_only_version_is_not_deleted_though_it_has_no_tag(place):
    package = Package(place, place.push(), place.api(place.owner))
    (only,) = package.versions()
    refused(package.api.delete(package.version(only)), 400,
            "You cannot delete the last version of a package. You must delete the package instead.")
    assert package.pulls(only)


def test_what_does_not_exist_is_not_found(package):
    refused(package.api.delete(package.at() + "-absent"), 404, NO_PACKAGE)
    refused(package.api.post(package.at() + "-absent/restore"), 404, NO_PACKAGE)
    refused(package.api.get(package.at() + "-absent"), 404, NO_PACKAGE)
    refused(package.api.get(package.at() + "-absent/versions"), 404, NO_PACKAGE)
    refused(package.api.delete(package.at() + "-absent/versions/1"), 404, NO_PACKAGE)
    refused(package.api.delete(package.at("versions", 4_000_000_000)), 404, NO_VERSION)
    refused(package.api.post(package.at("versions", 4_000_000_000, "restore")), 404, NO_VERSION)


# Indexes


def push_index(package, *tags, children=None):
    children = children or [package.client.push_image(package.name) for _ in range(2)]
    return package.client.push_manifest(package.name, images.index(children, annotations={"n": uuid.uuid4().hex}), *tags)


def listed(index):
    return [child["digest"] for child in index.json["manifests"]]


def test_a_child_of_a_live_index_is_not_deleted_before_it(package):
    index = push_index(package, "multi")
    before = package.state()
    for child in listed(index):
        refused(package.api.delete(package.version(child)), 400,
                f"You cannot delete a version that the index {index.digest} lists. Delete that version first.")
    assert package.state() == before
    succeeded(package.api.delete(package.version(index.digest)), 204)
    assert set(listed(index)) <= set(package.versions())
    for child in listed(index):
        succeeded(package.api.delete(package.version(child)), 204)


def test_a_restored_index_brings_back_its_children(package):
    index = push_index(package, "multi")
    address = package.version(index.digest)
    succeeded(package.api.delete(address), 204)
    for child in listed(index):
        succeeded(package.api.delete(package.version(child)), 204)
    succeeded(package.api.post(address + "/restore"), 204)
    assert package.pulls("multi") and all(package.pulls(child) for child in listed(index))
    assert {index.digest, *listed(index)} <= set(package.versions())


def test_cascade_takes_children_and_referrers_along_and_restoring_the_index_brings_its_children_back(package):
    index = push_index(package, "multi")
    signature = package.client.push_artifact(package.name, "application/x.signature", index)
    of_child = package.client.push_artifact(package.name, "application/x.sbom", images.Document(
        package.client.get_manifest(package.name, listed(index)[0]).content, images.OCI_MANIFEST))
    others = set(package.versions()) - {index.digest, signature.digest, of_child.digest, *listed(index)}
    address = package.version(index.digest)
    succeeded(package.api.delete(address, params={"cascade": "true"}), 204)
    assert set(package.versions()) == others
    assert {index.digest, signature.digest, *listed(index)} <= set(package.versions(state="deleted"))
    succeeded(package.api.post(address + "/restore"), 204)
    assert {index.digest, *listed(index)} <= set(package.versions())
    assert package.pulls("multi") and all(package.pulls(child) for child in listed(index))


def test_without_cascade_an_index_goes_alone(package):
    index = push_index(package, "multi")
    signature = package.client.push_artifact(package.name, "application/x.signature", index)
    for answer in ("false", None):
        address = package.version(index.digest)
        succeeded(package.api.delete(address, params={"cascade": answer} if answer else {}), 204)
        assert {signature.digest, *listed(index)} <= set(package.versions())
        succeeded(package.api.post(address + "/restore"), 204)


def test_cascade_leaves_what_another_index_lists_and_what_has_a_tag(package):
    shared, tagged = package.client.push_image(package.name), package.client.push_image(package.name, "tagged")
    other = push_index(package, "other", children=[shared])
    alone = package.client.push_image(package.name)
    index = push_index(package, "multi", children=[shared, tagged, alone])
    signature = package.client.push_artifact(package.name, "application/x.signature", shared)
    succeeded(package.api.delete(package.version(index.digest), params={"cascade": "true"}), 204)
    left = set(package.versions())
    assert {shared.digest, tagged.digest, other.digest, signature.digest} <= left
    assert not {alone.digest, index.digest} & left
    assert package.pulls("other") and package.pulls("tagged") and package.pulls(shared.digest)


def test_cascade_is_true_or_false(package):
    index = push_index(package, "multi")
    before = package.state()
    for value in ("", "1", "yes", "TRUE", "true "):
        answer = package.api.delete(package.version(index.digest), params={"cascade": value})
        refused(answer, 400, answer.json()["message"])
    assert package.state() == before


def test_cascade_can_be_the_default(fresh):
    place = make_place(fresh({"delete.cascade": "true"}))
    package = Package(place, place.push("v1"), place.api(place.owner))
    index, kept = push_index(package, "multi"), push_index(package, "kept")
    succeeded(package.api.delete(package.version(index.digest)), 204)
    assert not {index.digest, *listed(index)} & set(package.versions())
    succeeded(package.api.delete(package.version(kept.digest), params={"cascade": "false"}), 204)
    assert set(listed(kept)) <= set(package.versions())


# Packages


def test_a_deleted_package_is_gone_and_a_restored_one_is_whole(package):
    """package_restore"""
    before = package.state()
    shown = package.api.get(package.at()).json()
    content = package.client.get_manifest(package.name, "v1").content
    succeeded(package.api.delete(package.at()), 204)
    refused(package.api.get(package.at()), 404, NO_PACKAGE)
    refused(package.api.delete(package.at()), 404, NO_PACKAGE)
    registry_refused(package.client.get_manifest(package.name, "v1"), 404, "NAME_UNKNOWN")
    names = [entry["name"] for entry in package.api.every(f"/orgs/{package.place.org}/packages", package_type="container")]
    assert package.short not in names
    succeeded(package.api.post(package.at("restore")), 204)
    assert package.state() == before
    assert package.client.get_manifest(package.name, "v1").content == content
    again = package.api.get(package.at()).json()
    assert (again["id"], again["created_at"], again["visibility"]) == (shown["id"], shown["created_at"], shown["visibility"])


def test_a_package_whose_name_was_taken_again_is_not_restored_until_that_one_is_deleted(package):
    old = digest_of(package, "v1")
    succeeded(package.api.delete(package.at()), 204)
    new = package.client.push_image(package.name, "v9")
    assert package.client.tags(package.name) == ["v9"]
    refused(package.api.post(package.at("restore")), 409,
            "A package with the same name exists. Delete or rename it to restore this one.")
    assert package.client.tags(package.name) == ["v9"] and set(package.versions()) == {new.digest}
    assert not package.pulls(old)


def test_of_several_deleted_packages_of_one_name_the_last_is_restored_or_the_one_that_is_named(package):
    """?token=: the number of the package, which GitHub calls its token."""
    first = package.api.get(package.at()).json()["id"]
    succeeded(package.api.delete(package.at()), 204)
    package.client.push_image(package.name, "v9")
    second = package.api.get(package.at()).json()["id"]
    for named, restored, tags in ((None, second, ["v9"]), (first, first, ["v1", "v2"]), (second, second, ["v9"])):
        succeeded(package.api.delete(package.at()), 204)
        succeeded(package.api.post(package.at("restore"), params={"token": named} if named else {}), 204)
        assert package.api.get(package.at()).json()["id"] == restored
        assert package.client.tags(package.name) == tags
    for wrong in ("0", "x", 4_000_000_000, -first):
        refused(package.api.post(package.at("restore"), params={"token": wrong}), 404, NO_PACKAGE)


def test_a_package_with_its_last_tagged_version_is_deleted_whole(place):
    package = Package(place, place.push("only"), place.api(place.owner))
    refused(package.api.delete(package.version(digest_of(package, "only"))), 400, LAST_TAGGED)
    succeeded(package.api.delete(package.at()), 204)
    assert not package.pulls("only")


def test_nothing_can_be_restored_where_nothing_is_kept(fresh):
    place = make_place(fresh({"trash.keep": "0s"}))
    package = Package(place, place.push("v1"), place.api(place.owner))
    place.client.push_image(package.name, "v2")
    address = package.version(digest_of(package, "v1"))
    succeeded(package.api.delete(address), 204)
    assert package.versions(state="deleted") == {}
    refused(package.api.post(address + "/restore"), 404, NO_VERSION)
    succeeded(package.api.delete(package.at()), 204)
    refused(package.api.post(package.at("restore")), 404, NO_PACKAGE)


def test_the_rule_about_the_last_tagged_version_can_be_switched_off(fresh):
    place = make_place(fresh({"delete.last_tagged": "true"}))
    package = Package(place, place.push("only"), place.api(place.owner))
    succeeded(package.api.delete(package.version(digest_of(package, "only"))), 204)
    assert not package.pulls("only")


# Popular packages


def pulled(place, times):
    """A public package whose v1 was pulled so often by anybody."""
    package = Package(place, place.push("v1"), place.api(place.owner))
    package.client.push_image(package.name, "v2")
    place.registry.set_visibility(package.name, "public")
    anybody = place.registry.client()
    for _ in range(times):
        succeeded(anybody.get_manifest(package.name, "v1"), 200)
        succeeded(anybody.head_manifest(package.name, "v1"), 200)  # looks, and pulls nothing
    return package


def test_a_popular_public_version_is_not_deleted_nor_is_its_package(strict):
    package = pulled(strict, 4)
    before = package.state()
    refused(package.api.delete(package.version(digest_of(package, "v1"))), 400,
            "Publicly visible package versions with more than 3 downloads cannot be deleted. "
            "Contact GitHub support for further assistance.")
    refused(package.api.delete(package.at()), 400,
            "Publicly visible packages with more than 3 downloads on any version cannot be deleted. "
            "Contact GitHub support for further assistance.")
    assert package.state() == before
    succeeded(package.api.delete(package.version(digest_of(package, "v2"))), 204)


def test_cascade_leaves_what_is_popular(strict):
    package = pulled(strict, 1)
    index = push_index(package, "multi")
    often, seldom = listed(index)
    for _ in range(4):
        succeeded(strict.registry.client().get(f"/v2/{package.name}/manifests/{often}", headers={"Accept": "*/*"}), 200)
    succeeded(package.api.delete(package.version(index.digest), params={"cascade": "true"}), 204)
    assert often in package.versions() and seldom not in package.versions()


def test_no_more_pulls_than_the_threshold_are_not_popular(strict):
    package = pulled(strict, 3)
    succeeded(package.api.delete(package.version(digest_of(package, "v1"))), 204)
    succeeded(package.api.delete(package.at()), 204)


def test_private_versions_are_never_popular(strict):
    package = pulled(strict, 4)
    strict.registry.set_visibility(package.name, "private")
    succeeded(package.api.delete(package.version(digest_of(package, "v1"))), 204)


def test_nothing_is_popular_without_a_threshold(fresh):
    package = pulled(make_place(fresh({"delete.popular_after": "0"})), 4)
    succeeded(package.api.delete(package.version(digest_of(package, "v1"))), 204)
    succeeded(package.api.delete(package.at()), 204)


# Scopes


def with_scopes(package, scopes):
    token = package.place.registry.token(package.place.owner.name, ",".join(scopes))
    return Package(package.place, package.name, PackagesApi(package.place.registry, token))


SETS = [list(chosen) for count in (1, 2, 3) for chosen in itertools.combinations(SCOPES, count)]


def rights(scopes):
    """(reads, deletes, restores): write:packages has read:packages with it, and deleting takes that beside its own."""
    reads = bool({"read:packages", "write:packages"} & set(scopes))
    return reads, reads and "delete:packages" in scopes, "write:packages" in scopes


def allowed(answer, status, may):
    """With that status, or refused for the scope."""
    if may:
        succeeded(answer, status)
    else:
        assert "scope" in refused(answer, 403, answer.json()["message"])["message"]


@pytest.mark.parametrize("scopes", SETS, ids="+".join)
def test_each_operation_on_a_version_takes_its_scope(package, scopes):
    limited = with_scopes(package, scopes)
    reads, deletes, restores = rights(scopes)
    deleted, address = (package.version(digest_of(package, tag)) for tag in ("v1", "v2"))
    package.client.push_image(package.name, "v3")
    succeeded(package.api.delete(deleted), 204)
    before = package.state()
    for target in (package.at(), package.at("versions"), address):
        answer = limited.api.get(target)
        allowed(answer, 200, reads)
        expected = set(scopes) | ({"read:packages"} if reads else set())
        assert answer.headers["X-OAuth-Scopes"] == ", ".join(sorted(expected))
    allowed(limited.api.delete(address), 204, deletes)
    allowed(limited.api.post(deleted + "/restore"), 204, restores)
    assert deletes or restores or package.state() == before


@pytest.mark.parametrize("scopes", SETS, ids="+".join)
def test_each_operation_on_a_package_takes_its_scope(package, scopes):
    limited = with_scopes(package, scopes)
    _, deletes, restores = rights(scopes)
    allowed(limited.api.delete(package.at()), 204, deletes)
    assert package.pulls("v1") == (not deletes)
    if not deletes:
        succeeded(package.api.delete(package.at()), 204)
    allowed(limited.api.post(package.at("restore")), 204, restores)
    assert package.pulls("v1") == restores


def test_a_token_without_the_scope_still_reads_what_is_public(package):
    package.place.registry.set_visibility(package.name, "public")
    limited = with_scopes(package, ["delete:packages"])
    assert set(limited.versions()) == set(package.versions())


# Roles


def granted(package, role):
    """The package as somebody with that role has it; None: a stranger."""
    place = package.place
    if role is None:
        return Package(place, package.name, place.api(place.stranger))
    account = place.roles[role]
    place.registry.cli("access", "grant", package.name, account.name, role)
    return Package(place, package.name, place.api(account))


@pytest.mark.parametrize("role", ["read", "write", "admin"])
def test_v36_v40_deleting_and_restoring_take_the_role_admin(package, role):
    """Whatever the request says of roles."""
    other = granted(package, role)
    deleted, address = (package.version(digest_of(package, tag)) for tag in ("v1", "v2"))
    package.client.push_image(package.name, "v3")
    succeeded(package.api.delete(deleted), 204)
    before = package.state()
    claims = {"role": "admin", "admin": "true", "permission": "admin", "site_admin": "true"}
    headers = {"X-Role": "admin", "X-HTTP-Method-Override": "GET"}
    for answer in (other.api.delete(address, params=claims, headers=headers),
                   other.api.post(deleted + "/restore", params=claims, headers=headers, json=claims),
                   other.api.delete(other.at(), params=claims, headers=headers)):
        if role == "admin":
            succeeded(answer, 204)
        else:
            refused(answer, 403, answer.json()["message"])
    assert role == "admin" or package.state() == before


@pytest.mark.parametrize("role", ["read", "write", "admin"])
def test_v36_v40_restoring_a_package_takes_the_role_admin(package, role):
    other = granted(package, role)
    succeeded(package.api.delete(package.at()), 204)
    answer = other.api.post(package.at("restore"), params={"role": "admin"}, json={"role": "admin"})
    if role == "admin":
        succeeded(answer, 204)
        assert package.pulls("v1")
    else:
        assert answer.status_code in (403, 404), answer.text
        assert not package.pulls("v1")


@pytest.mark.parametrize("form", ["/orgs/{}", "/users/{}"])
def test_to_strangers_a_private_package_is_an_absent_one(package, form):
    """The same answers, but for what each request says itself."""
    place = package.place
    stranger = place.api(place.stranger)
    owner, number = form.format(place.org), package.versions()[digest_of(package, "v1")]["id"]
    before = package.state()

    def answers(name):
        requests = [("GET", ""), ("DELETE", ""), ("POST", "/restore"), ("GET", "/versions"), ("GET", f"/versions/{number}"),
                    ("DELETE", f"/versions/{number}"), ("POST", f"/versions/{number}/restore")]
        for method, rest in requests:
            answer = stranger.send(method, path(owner, name) + rest)
            assert answer.status_code == 404
            varying = ("Date", "X-Request-Id", "X-GitHub-Request-Id", "X-RateLimit-Remaining", "X-RateLimit-Used",
                       "X-RateLimit-Reset")
            yield answer.json(), {name: value for name, value in answer.headers.items() if name not in varying}

    assert list(answers(package.short)) == list(answers("absent"))
    assert package.state() == before
