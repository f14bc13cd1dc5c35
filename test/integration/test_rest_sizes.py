"""How much packages and versions take, and what deleting them frees (routes package_size, version_size).

The numbers are compared with a recount from the manifests, and with what leaves the store when something is deleted.
"""

import contextlib
import json
import os
import random
import sqlite3
import time

import pytest

from harness import Registry, images
from harness.packages_api import NO_PACKAGE, NO_VERSION, PackagesApi, path, refused, succeeded
from harness.rest_world import DELETE, FORMS, World, complete, refusals, route, said, unchanged
from test_openapi_answers import NEVER, PACKAGE, VERSION, issuer, server  # noqa: F401

INLINE, FILE = 3000, 70_000  # bytes of blobs in the database, and in a file


@pytest.fixture(params=FORMS)
def world(server, issuer, request):  # noqa: F811
    return World(server, issuer, request.param)


# As the document says


def test_the_size_of_a_package_is_as_described(world):
    image = world.push.push_image(world.package("app"), "v1")
    address = world.path("app", "/size")
    answer = unchanged(world, address).json()
    total = len(image.body) + sum(one["size"] for one in [image.json["config"], *image.json["layers"]])
    assert answer == {"bytes": total, "unique_bytes": total, "shared_bytes": 0, "freed_bytes": total, "versions": 1, "blobs": 2}
    refusals(world, "GET", address, DELETE)
    said(world.all.get(world.path("absent", "/size")), 404)
    complete(world, route(world, "GET", f"{PACKAGE}/size"))


def test_the_size_of_a_version_is_as_described(world):
    image = world.push.push_image(world.package("app"), "v1")
    address = world.path("app", f"/versions/{world.ids('app')[image.digest]}/size")
    assert unchanged(world, address).json()["versions"] == 1
    for cascade in ("true", "false"):
        said(world.all.get(f"{address}?cascade={cascade}"), 200)
    for wrong in ("", "1", "TRUE", 5000 * "t"):
        said(world.all.get(f"{address}?cascade={wrong}"), 422)
    refusals(world, "GET", address, DELETE)
    said(world.all.get(world.path("absent", "/versions/1/size")), 404)
    for unknown in (NEVER, 0, -1, "x", 2**63):
        said(world.all.get(world.path("app", f"/versions/{unknown}/size")), 404)
    complete(world, route(world, "GET", f"{VERSION}/size"))


# By hand


def sizes_of(api, name, version=None, **parameters):
    owner, rest = name.split("/", 1)
    address = path(f"/users/{owner}", rest, *([] if version is None else ["versions", version]), "size")
    return succeeded(api.get(address, params=parameters), 200).json()


class Shelf:
    """A package of an account."""

    def __init__(self, registry, account, name):
        self.registry, self.name = registry, name
        self.client = registry.client(account)
        self.api = PackagesApi(registry, account.token)
        self.owner = f"/users/{name.split('/')[0]}"

    def image(self, layers, *tags, **extra):
        config = images.config_bytes()
        for blob in (config, *layers):
            self.client.push_blob(self.name, blob)
        return self.client.push_manifest(self.name, images.image(config, layers, **extra), *tags)

    def ids(self):
        return {digest: item["id"] for digest, item in self.api.versions(self.owner, self.name.split("/", 1)[1]).items()}

    def size(self, document=None, **parameters):
        return sizes_of(self.api, self.name, document and self.ids()[document.digest], **parameters)

    def delete(self, document, **parameters):
        address = path(self.owner, self.name.split("/", 1)[1], "versions", self.ids()[document.digest])
        succeeded(self.api.delete(address, params=parameters), 204)


@pytest.fixture
def shelf(registry, alice, package):
    return Shelf(registry, alice, package)


def own(document):
    """Of a manifest and its configuration, which nothing else uses."""
    return len(document.body) + document.json["config"]["size"]


def test_a_layer_that_another_version_uses_is_shared_and_not_freed(shelf):
    common, layer = os.urandom(FILE), os.urandom(INLINE)
    one, two = shelf.image([common, layer], "v1"), shelf.image([common], "v2")
    assert shelf.size(one) == {"bytes": own(one) + FILE + INLINE, "unique_bytes": own(one) + INLINE, "shared_bytes": FILE,
                               "freed_bytes": own(one) + INLINE, "versions": 1, "blobs": 3}
    whole = own(one) + own(two) + FILE + INLINE
    assert shelf.size() == {"bytes": whole, "unique_bytes": whole, "shared_bytes": 0, "freed_bytes": whole, "versions": 2, "blobs": 4}


def test_a_layer_that_is_used_twice_counts_once(shelf):
    layer = os.urandom(INLINE)
    one = shelf.image([layer, layer], "v1")
    assert shelf.size(one)["bytes"] == own(one) + INLINE
    assert shelf.size(one)["blobs"] == 2


def test_an_index_counts_what_it_lists_and_frees_it_with_cascade(shelf):
    common = os.urandom(FILE)
    one, two, tagged = shelf.image([common]), shelf.image([common, b"two" + os.urandom(INLINE)]), shelf.image([common], "amd64")
    index = shelf.client.push_manifest(shelf.name, images.index([one, two, tagged]), "v1")
    everything = len(index.body) + own(one) + own(two) + own(tagged) + FILE + INLINE + 3
    for cascade in ("true", "false"):
        answer = shelf.size(index, cascade=cascade)
        assert (answer["bytes"], answer["versions"], answer["blobs"]) == (everything, 4, 5)
    assert shelf.size(index) == shelf.size(index, cascade="false")
    assert shelf.size(index, cascade="false")["freed_bytes"] == len(index.body)
    goes = shelf.size(index, cascade="true")
    assert goes["freed_bytes"] == len(index.body) + own(one) + own(two) + INLINE + 3
    assert goes["shared_bytes"] == FILE + tagged.json["config"]["size"]


def test_what_refers_to_a_version_goes_with_it_and_does_not_count_as_its_own(shelf):
    image = shelf.image([os.urandom(INLINE)], "v1")
    extra = os.urandom(INLINE)
    signature = shelf.image([extra], subject=image.descriptor())
    assert shelf.size(image, cascade="true")["bytes"] == own(image) + INLINE
    assert shelf.size(image, cascade="true")["freed_bytes"] == own(image) + own(signature) + 2 * INLINE
    assert shelf.size(image, cascade="false")["freed_bytes"] == own(image) + INLINE


def test_what_two_indexes_list_goes_with_neither(shelf):
    child = shelf.image([os.urandom(INLINE)])
    one = shelf.client.push_manifest(shelf.name, images.index([child]), "v1")
    shelf.client.push_manifest(shelf.name, images.index([child], annotations={"a": "b"}), "v2")
    assert shelf.size(one, cascade="true")["freed_bytes"] == len(one.body)


def test_indexes_of_indexes_are_counted_to_their_end(shelf):
    child = shelf.image([os.urandom(INLINE)])
    inner = shelf.client.push_manifest(shelf.name, images.index([child]))
    outer = shelf.client.push_manifest(shelf.name, images.index([inner, child]), "v1")
    answer = shelf.size(outer, cascade="true")
    assert answer["bytes"] == answer["freed_bytes"] == len(inner.body) + len(outer.body) + own(child) + INLINE
    assert answer["versions"] == 3


def test_what_was_deleted_counts_nowhere(shelf):
    layer = os.urandom(FILE)
    one, two = shelf.image([layer], "v1"), shelf.image([layer], "v2")
    shelf.delete(two)
    assert shelf.size(one)["freed_bytes"] == own(one) + FILE
    assert shelf.size()["bytes"] == own(one) + FILE


def test_a_deleted_version_has_no_size(shelf):
    one, _ = shelf.image([os.urandom(INLINE)], "v1"), shelf.image([os.urandom(INLINE)], "v2")
    address = path(shelf.owner, shelf.name.split("/", 1)[1], "versions", shelf.ids()[one.digest], "size")
    shelf.delete(one)
    refused(shelf.api.get(address), 404, NO_VERSION)


def test_v37_a_version_of_another_package_is_none_of_this_one(shelf, registry, alice):
    other = Shelf(registry, alice, shelf.name + "-other")
    shelf.image([os.urandom(INLINE)], "v1")
    foreign = other.image([os.urandom(INLINE)], "v1")
    address = path(shelf.owner, shelf.name.split("/", 1)[1], "versions", other.ids()[foreign.digest], "size")
    refused(shelf.api.get(address), 404, NO_VERSION)


# What the caller may not know


def test_t4_who_may_not_read_the_package_gets_no_size_of_it(shelf, bob):
    image = shelf.image([os.urandom(INLINE)], "v1")
    api = PackagesApi(shelf.registry, bob.token)
    name = shelf.name.split("/", 1)[1]
    for end in (["size"], ["versions", shelf.ids()[image.digest], "size"]):
        hidden, absent = api.get(path(shelf.owner, name, *end)), api.get(path(shelf.owner, "absent", *end))
        refused(hidden, 404, NO_PACKAGE)
        assert (hidden.status_code, hidden.content) == (absent.status_code, absent.content)


def test_t4_packages_that_the_caller_may_not_read_change_no_number(shelf, registry, alice, bob, admin):
    layer = os.urandom(FILE)
    image = shelf.image([layer], "v1")
    before = (shelf.size(), shelf.size(image))
    other = Shelf(registry, bob, f"bob/{shelf.name.split('/')[1]}")
    other.image([layer], "v1")
    assert (shelf.size(), shelf.size(image)) == before
    exact = PackagesApi(registry, admin.token)
    for version in (None, shelf.ids()[image.digest]):
        answer = sizes_of(exact, shelf.name, version)
        assert (answer["shared_bytes"], answer["freed_bytes"]) == (FILE, own(image))
    confined = PackagesApi(registry, registry.token(admin.name, packages=shelf.name))
    assert (sizes_of(confined, shelf.name), sizes_of(confined, shelf.name, shelf.ids()[image.digest])) == before
    registry.cli("access", "grant", other.name, alice.name, "read")
    assert (shelf.size()["shared_bytes"], shelf.size(image)["shared_bytes"]) == (FILE, FILE)
    confined = PackagesApi(registry, registry.token(alice.name, packages=shelf.name))
    assert (sizes_of(confined, shelf.name), sizes_of(confined, shelf.name, shelf.ids()[image.digest])) == before


def test_blobs_that_no_version_of_another_package_uses_are_not_shared(shelf, registry, alice):
    layer = os.urandom(FILE)
    image = shelf.image([layer], "v1")
    other = Shelf(registry, alice, shelf.name + "-other")
    other.client.push_blob(other.name, layer)
    assert shelf.size(image)["shared_bytes"] == 0
    theirs = other.image([layer], "v1")
    other.image([os.urandom(INLINE)], "v2")
    assert shelf.size(image)["shared_bytes"] == FILE
    other.delete(theirs)
    assert shelf.size(image)["shared_bytes"] == 0


# Recounted


class Store:
    """What the database says is there, without its counters: manifests by their bytes, and which are tagged or deleted."""

    def __init__(self, registry):
        with contextlib.closing(sqlite3.connect(f"file:{registry.data}/staithe.db?mode=ro", uri=True)) as db:
            rows = db.execute("SELECT v.id, p.name, v.digest, d.bytes, v.deleted OR p.deleted, v.size,"
                              " EXISTS (SELECT 1 FROM tag t WHERE t.manifest_id = v.id)"
                              " FROM manifest v JOIN package p ON p.id = v.package_id JOIN manifest_data d ON d.manifest_id = v.id")
            self.versions = {row[0]: Version(*row) for row in rows}
            self.blobs = {name_of(digest): size for digest, size in db.execute("SELECT digest, size FROM blob WHERE state = 2")}
            self.stored = sum(size for _, size in db.execute("SELECT id, size FROM manifest"))
            self.stored += sum(size for _, size in db.execute("SELECT blob_id, length(bytes) FROM blob_data"))
        self.stored += sum(file.stat().st_size for file in (registry.data / "blobs").rglob("*") if file.is_file())
        self.live = {number: one for number, one in self.versions.items() if not one.deleted}

    def of(self, package):
        return {number for number, one in self.live.items() if one.package == package}

    def used(self, numbers):
        return {digest for number in numbers for digest in self.versions[number].names if digest in self.blobs}

    def bytes(self, numbers, blobs):
        return sum(self.versions[number].size for number in numbers) + sum(self.blobs[digest] for digest in blobs)

    def listed(self, number):
        """It, and what it lists, and so on."""
        found, todo = set(), [number]
        while todo:
            one = todo.pop()
            if one not in found:
                found.add(one)
                todo += self.children(one)
        return found

    def children(self, number):
        one = self.versions[number]
        return [each for each in self.of(one.package) if self.versions[each].digest in one.lists]

    def going(self, number, cascade):
        """What deleting it takes along: untagged, listed by or referring to what goes, and listed by nothing that stays."""
        gone, package = {number}, self.of(self.versions[number].package)
        while cascade:
            digests = {self.versions[one].digest for one in gone}
            more = set()
            for each in package - gone:
                version = self.versions[each]
                parents = {one for one in package if version.digest in self.versions[one].lists}
                if not version.tagged and (version.subject in digests or parents & gone) and parents <= gone:
                    more.add(each)
            if not more:
                break
            gone |= more
        return gone

    def expected(self, package, readable, number=None, cascade=False):
        """The answer to one who may read these packages."""
        family = self.of(package) if number is None else self.listed(number)
        gone = family if number is None else self.going(number, cascade)
        stays = {each for each, one in self.live.items() if each not in gone and (one.package in readable or one.package == package)}
        blobs, kept = self.used(family), self.used(stays)
        total = self.bytes(family, blobs)
        shared = self.bytes((), blobs & kept)
        return {"bytes": total, "unique_bytes": total - shared, "shared_bytes": shared,
                "freed_bytes": self.bytes(gone, self.used(gone) - kept), "versions": len(family), "blobs": len(blobs)}


def name_of(key):
    """A digest as the database has it: a byte for the algorithm, then the value."""
    return key[1:].hex()


class Version:
    def __init__(self, number, package, digest, data, deleted, size, tagged):
        self.number, self.package, self.digest, self.deleted, self.size, self.tagged = number, package, name_of(digest), deleted, size, tagged
        document = json.loads(data)
        self.lists = {one["digest"].split(":")[1] for one in document.get("manifests", ())}
        refers = [document["config"]] if "config" in document else []
        self.names = {one["digest"].split(":")[1] for one in [*refers, *document.get("layers", ())]}
        self.subject = document.get("subject", {}).get("digest", ":").split(":")[1]
        assert size == len(data)


class Random:
    """Packages of two users with images of the same few layers, indexes, referrers, mounts, and what was deleted of them."""

    def __init__(self, registry, seed):
        self.registry, self.dice = registry, random.Random(seed)
        self.users = [registry.user(name) for name in ("alice", "bob")]
        self.admin = registry.user("boss", admin=True)
        self.shelves = [Shelf(registry, account, f"{account.name}/{word}") for account in self.users for word in ("app", "web", "old")]
        self.layers = [self.dice.randbytes(size) for size in (10, INLINE, 20_000, FILE, FILE + 1, 150_000)]
        self.configs = [images.encode({"os": "linux", "architecture": "amd64", "n": n}) for n in range(4)]
        self.documents = {shelf.name: [] for shelf in self.shelves}

    def bring(self, shelf, blob):
        """Push it, or mount it from another package of the user."""
        source = self.dice.choice([one for one in self.shelves if one.name.split("/")[0] == shelf.name.split("/")[0]])
        digest = images.digest_of(blob)
        if self.dice.random() < 0.5 and source is not shelf:
            token = shelf.client.token(f"repository:{shelf.name}:pull,push", f"repository:{source.name}:pull")
            answer = self.registry.bearer(token).post(f"/v2/{shelf.name}/blobs/uploads/?mount={digest}&from={source.name}")
            if answer.status_code == 201:
                return
        shelf.client.push_blob(shelf.name, blob)

    def document(self, shelf, tags):
        known = self.documents[shelf.name]
        kind = self.dice.choice(["image", "image", "index", "referrer"]) if known else "image"
        extra = {"annotations": {"n": str(self.dice.random())}}
        if kind == "index":
            return images.index(self.dice.sample(known, min(len(known), self.dice.randint(1, 3))), **extra)
        if kind == "referrer":
            extra["subject"] = self.dice.choice(known).descriptor()
        config = self.dice.choice(self.configs)
        layers = self.dice.sample(self.layers, self.dice.randint(1, 3))
        for blob in (config, *layers):
            self.bring(shelf, blob)
        return images.image(config, layers, **extra)

    def push(self, shelf):
        tags = [f"t{self.dice.randint(0, 8)}"] if self.dice.random() < 0.4 else []
        document = self.document(shelf, tags)
        shelf.client.push_manifest(shelf.name, document, *tags)
        self.documents[shelf.name].append(document)

    def fill(self, shelf, pushes):
        for _ in range(pushes):
            self.push(shelf)
        for document in self.dice.sample(self.documents[shelf.name], pushes // 5):
            shelf.client.delete(f"/v2/{shelf.name}/manifests/{document.digest}")

    def build(self):
        for shelf in self.shelves:
            self.fill(shelf, 14)
        self.registry.cli("access", "grant", "bob/web", "alice", "read")
        for shelf in self.shelves:
            if shelf.name.endswith("/old"):
                succeeded(shelf.api.delete(path(shelf.owner, "old")), 204)
        self.shelves = [shelf for shelf in self.shelves if not shelf.name.endswith("/old")]

    def callers(self):
        """Each with the packages that he may read."""
        everything = {shelf.name for shelf in self.shelves}
        yield PackagesApi(self.registry, self.users[0].token), {"alice/app", "alice/web", "bob/web"}
        yield PackagesApi(self.registry, self.users[1].token), {"bob/app", "bob/web"}
        yield PackagesApi(self.registry, self.admin.token), everything

    def compare(self):
        """Every answer to everybody with a recount; how many there were, and how many sizes were shared."""
        store, asked, shared = Store(self.registry), 0, 0
        for api, readable in self.callers():
            for name in readable:
                questions = [(None, False), *((number, cascade) for number in store.of(name) for cascade in (False, True))]
                for number, cascade in questions:
                    parameters = {} if number is None else {"cascade": str(cascade).lower()}
                    found = sizes_of(api, name, number, **parameters)
                    assert found == store.expected(name, readable, number, cascade), (name, number, cascade, sorted(readable))
                    asked += 1
                    shared += found["shared_bytes"] > 0
        return asked, shared

    def collected(self):
        """The store, once nothing is left that the collector takes."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            report = self.registry.cli_json("gc")
            if report["waiting"] == 0 and not any(report[each] for each in report if each.endswith("removed")):
                return Store(self.registry)
            time.sleep(0.1)
        raise AssertionError(f"still something to collect: {report}")


@pytest.mark.parametrize("seed", range(3))
def test_every_number_equals_a_recount_and_what_deleting_really_frees(tmp_path, seed):
    settings = {"delete.last_tagged": "true", "gc.grace": "1s", "gc.interval": "1h"}
    registry = Registry(tmp_path / "server", settings).start()
    world = Random(registry, seed)
    world.build()
    asked, shared = world.compare()
    assert asked > 100 and shared > 50
    registry.stop()
    registry = world.registry = Registry(tmp_path / "server", {**settings, "trash.keep": "0s"}).start()
    for shelf in world.shelves:
        shelf.registry = shelf.client.registry = shelf.api.registry = registry
    before = world.collected()
    world.compare()
    freed = 0
    for name in ("alice/app", "alice/web", "bob/web"):
        before, freed = delete_some(world, name, before, freed)
    before, freed = delete_package(world, "bob/app", before, freed)
    assert freed > 0
    assert registry.problems("--content") == 0
    registry.stop()
    registry.remove()


def delete_some(world, name, before, freed):
    """Versions one after the other, with cascade or without; what each frees is what was said."""
    exact = PackagesApi(world.registry, world.admin.token)
    for cascade in (False, True, True, True):
        free = [number for number in before.of(name) if not any(before.versions[number].digest in before.versions[one].lists
                                                               for one in before.of(name))]
        if len(before.of(name)) < 3 or not free:
            break
        number = world.dice.choice(sorted(free))
        said_of_it = sizes_of(exact, name, number, cascade=str(cascade).lower())["freed_bytes"]
        owner, rest = name.split("/", 1)
        answer = exact.delete(path(f"/users/{owner}", rest, "versions", number), params={"cascade": str(cascade).lower()})
        succeeded(answer, 204)
        after = world.collected()
        assert before.stored - after.stored == said_of_it, (name, number, cascade)
        before, freed = after, freed + said_of_it
    return before, freed


def delete_package(world, name, before, freed):
    exact = PackagesApi(world.registry, world.admin.token)
    said_of_it = sizes_of(exact, name)["freed_bytes"]
    owner, rest = name.split("/", 1)
    succeeded(exact.delete(path(f"/users/{owner}", rest)), 204)
    after = world.collected()
    assert before.stored - after.stored == said_of_it
    return after, freed + said_of_it
