"""Collection: frees what deleting released, keeps what is used, disturbs nobody."""

import itertools
import os
import threading
import time

import pytest

from harness import Registry, images, refused
from harness.client import succeeded
from harness.server import GC_GRACE, TRASH, UPLOAD_TTL

LARGE = 200_000  # a file of its own


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """A server whose unreferenced blobs fall due after a second."""
    server = Registry(tmp_path_factory.mktemp("gc"), {GC_GRACE: "1s", UPLOAD_TTL: "2s", TRASH: "0s"}).start()
    server.alice = server.user("alice")
    yield server
    server.stop()


@pytest.fixture
def client(short):
    return short.client(short.alice)


@pytest.fixture
def name():
    return "alice/gc" + os.urandom(5).hex()


def collect_until(registry, condition, seconds=15):
    """Collect until the condition holds: what was used a moment ago is still in its grace."""
    totals = {}
    deadline = time.monotonic() + seconds
    while True:
        for key, value in registry.collect().items():
            if isinstance(value, int):
                totals[key] = totals.get(key, 0) + value
        if condition():
            return totals
        assert time.monotonic() < deadline, totals
        time.sleep(0.2)


def delete(client, name, kind, reference):
    succeeded(client.delete(f"/v2/{name}/{kind}/{reference}"), 202)


def test_t5_blobs_of_a_deleted_manifest_are_freed(short, client, name):
    pushed = client.push_image(name, "v1", layer_sizes=(LARGE, LARGE + 1, 100))
    digests = [layer["digest"] for layer in pushed.json["layers"]]
    assert short.stored_file(digests[0]) and short.stored_file(digests[1])
    delete(client, name, "manifests", pushed.digest)
    totals = collect_until(short, lambda: not short.stored_file(digests[0]) and not short.stored_file(digests[1]))
    assert totals["blobs_removed"] >= 2 and totals["bytes_freed"] >= 2 * LARGE
    for digest in digests:
        refused(client.head_blob(name, digest), 404, ("BLOB_UNKNOWN", "NAME_UNKNOWN"))
    assert short.problems() == 0


def test_what_a_manifest_uses_is_kept(short, client, name):
    pushed = client.push_image(name, "v1", layer_sizes=(LARGE, 100))
    other = client.push_image(name, "v2", layer_sizes=(LARGE,))
    delete(client, name, "manifests", other.digest)
    gone = other.json["layers"][0]["digest"]
    collect_until(short, lambda: not short.stored_file(gone))
    for layer in pushed.json["layers"]:
        assert images.digest_of(client.get_blob(name, layer["digest"]).content) == layer["digest"]
    assert client.get_manifest(name, "v1").content == pushed.body
    assert short.problems() == 0


def test_a_layer_that_two_manifests_share_goes_with_the_last(short, client, name):
    config, layer = images.config_bytes(), os.urandom(LARGE)
    pushed = []
    for blob in (config, layer):
        client.push_blob(name, blob)
    for n in range(2):
        pushed.append(client.push_manifest(name, images.image(config, [layer], annotations={"n": str(n)})))
    digest = images.digest_of(layer)
    delete(client, name, "manifests", pushed[0].digest)
    time.sleep(1.1)  # the grace of this server
    short.collect()
    assert client.get_blob(name, digest).content == layer
    delete(client, name, "manifests", pushed[1].digest)
    collect_until(short, lambda: not short.stored_file(digest))


def test_a_blob_in_two_packages_goes_with_the_last(short, client, name):
    data, other = os.urandom(LARGE), name + "-other"
    digest = client.push_blob(name, data)
    config = images.config_bytes()
    for blob in (config, data):
        client.push_blob(other, blob)
    kept = client.push_manifest(other, images.image(config, [data]), "v1")
    delete(client, name, "blobs", digest)
    time.sleep(1.1)
    short.collect()
    refused(client.get_blob(name, digest), 404, ("BLOB_UNKNOWN", "NAME_UNKNOWN"))
    assert client.get_blob(other, digest).content == data
    delete(client, other, "manifests", kept.digest)
    collect_until(short, lambda: not short.stored_file(digest))


def test_a_blob_that_no_manifest_ever_used_is_freed_after_its_grace(short, client, name):
    digest = client.push_blob(name, os.urandom(LARGE))
    assert short.stored_file(digest)
    collect_until(short, lambda: not short.stored_file(digest))  # a HEAD in between would renew the lease
    refused(client.head_blob(name, digest), 404, ("BLOB_UNKNOWN", "NAME_UNKNOWN"))


def test_blobs_of_a_deleted_package_are_freed(short, client, name):
    pushed = client.push_image(name, "v1", layer_sizes=(LARGE,))
    digest = pushed.json["layers"][0]["digest"]
    short.cli("package", "delete", name)
    collect_until(short, lambda: not short.stored_file(digest))
    assert short.problems() == 0


def test_v9_freed_content_can_be_pushed_again(short, client, name):
    config, layer = images.config_bytes(), os.urandom(LARGE)
    for _ in range(2):
        for blob in (config, layer):
            client.push_blob(name, blob)
        pushed = client.push_manifest(name, images.image(config, [layer]), "v1")
        assert client.get_blob(name, images.digest_of(layer)).content == layer
        delete(client, name, "manifests", pushed.digest)
        collect_until(short, lambda: not short.stored_file(images.digest_of(layer)))


def test_untagged_manifests_are_never_collected(short, client, name):
    old = client.push_image(name, "v1", layer_sizes=(LARGE,))
    client.push_image(name, "v1")
    time.sleep(1.1)
    short.collect()
    assert client.get_manifest(name, old.digest).content == old.body
    assert client.get_blob(name, old.json["layers"][0]["digest"]).status_code == 200


def test_a_blob_within_its_grace_stays(registry, owner, package):
    """The shared server's grace is an hour; what was pushed a moment ago is held even against --now."""
    data = os.urandom(LARGE)
    digest = owner.push_blob(package, data)
    registry.collect()
    assert owner.get_blob(package, digest).content == data


def test_an_upload_in_progress_is_kept(registry, owner, package):
    data = os.urandom(LARGE)
    location = owner.start_upload(package)
    location = succeeded(owner.patch(location, data=data[:1000]), 202).headers["Location"]
    registry.collect()
    location = succeeded(owner.patch(location, data=data[1000:]), 202).headers["Location"]
    succeeded(owner.put(location, params={"digest": images.digest_of(data)}), 201)


def test_collecting_an_empty_registry_frees_nothing(fresh):
    report = fresh().collect()
    assert {report[key] for key in ("uploads_expired", "memberships_removed", "blobs_removed", "bytes_freed")} == {0}


def test_collecting_twice_frees_nothing_more(short, client, name):
    pushed = client.push_image(name, "v1", layer_sizes=(LARGE,))
    delete(client, name, "manifests", pushed.digest)
    collect_until(short, lambda: not short.stored_file(pushed.json["layers"][0]["digest"]))
    assert short.collect()["bytes_freed"] == 0


def test_v46_t36_no_push_fails_while_the_collector_runs(fresh):
    """G8 in small: pushers that share layers, delete and push again, with collections without pause.

    The grace is longer than a push takes on a busy machine, and shorter than the test.
    """
    server = fresh({GC_GRACE: "3s", TRASH: "0s"})
    account = server.user("alice")
    until = time.monotonic() + 6
    shared = [os.urandom(LARGE) for _ in range(3)]
    failures, stop = [], threading.Event()

    def push(n):
        own = server.client(account)
        target = f"alice/race{n}"
        try:
            for round_number in itertools.count():
                if time.monotonic() > until:
                    break
                config = images.config_bytes()
                layers = [shared[(n + round_number) % 3], os.urandom(500)]
                for blob in (config, *layers):
                    digest = images.digest_of(blob)
                    if own.head_blob(target, digest).status_code != 200:
                        own.push_blob(target, blob)
                pushed = own.push_manifest(target, images.image(config, layers), "v1")
                for blob in layers:
                    assert own.get_blob(target, images.digest_of(blob)).content == blob
                if round_number % 2:
                    delete(own, target, "manifests", pushed.digest)
        except Exception as failure:  # told below
            failures.append(failure)

    def collect():
        while not stop.is_set():
            server.collect()

    collector = threading.Thread(target=collect)
    pushers = [threading.Thread(target=push, args=(n,)) for n in range(3)]
    for thread in (collector, *pushers):
        thread.start()
    for thread in pushers:
        thread.join()
    stop.set()
    collector.join()
    assert not failures, failures[0]
    assert server.problems() == 0


@pytest.mark.parametrize("kind", ["foreign layer", "sparse image"])
def test_a_blob_that_comes_after_its_manifest_is_kept(fresh, kind):
    """I2: what a manifest names is in use from the moment that it is there."""
    registry = fresh({"gc.grace": "1s", "gc.interval": "1s", "manifests.sparse": "true", "trash.keep": "0s"})
    client = registry.client(registry.user("alice"))
    late = os.urandom(100_000)
    client.push_blob("alice/late", images.EMPTY_JSON)
    media_type = "application/vnd.oci.image.layer.nondistributable.v1.tar" if kind == "foreign layer" else images.OCI_LAYER
    layer = {"mediaType": media_type, "digest": images.digest_of(late), "size": len(late)}
    document = images.document(images.OCI_MANIFEST, config=images.descriptor(images.EMPTY_JSON, images.OCI_CONFIG), layers=[layer])
    client.push_manifest("alice/late", document, "v1")
    assert registry.problems() == 0
    client.push_blob("alice/late", late)
    time.sleep(2.5)
    registry.cli("gc", "--now")
    assert client.get_blob("alice/late", layer["digest"]).content == late
    assert registry.problems() == 0
    succeeded(client.delete(f"/v2/alice/late/manifests/{document.digest}"), 202)
    deadline = time.monotonic() + 15
    while client.get_blob("alice/late", layer["digest"]).status_code == 200:
        assert time.monotonic() < deadline, "it is kept though nothing uses it"
        time.sleep(0.2)
    assert registry.problems() == 0


def test_without_the_option_a_manifest_with_a_missing_blob_is_refused(owner, package):
    owner.push_blob(package, images.EMPTY_JSON)
    layer = {"mediaType": images.OCI_LAYER, "digest": images.random_digest(), "size": 3}
    document = images.document(images.OCI_MANIFEST, config=images.descriptor(images.EMPTY_JSON, images.OCI_CONFIG), layers=[layer])
    refused(owner.put_manifest(package, "v1", document), 400, "MANIFEST_BLOB_UNKNOWN")
    assert owner.get_manifest(package, "v1").status_code == 404
