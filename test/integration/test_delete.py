"""Deleting tags, manifests and blobs."""

import os

import pytest

from harness import images, refused
from harness.client import succeeded

ABSENT = "sha256:" + "0" * 64


def delete_manifest(client, name, reference, **options):
    return client.delete(f"/v2/{name}/manifests/{reference}", **options)


def delete_blob(client, name, digest, **options):
    return client.delete(f"/v2/{name}/blobs/{digest}", **options)


def test_a_deleted_tag_is_gone_and_its_manifest_stays(owner, package):
    pushed = owner.push_image(package, "v1", "v2")
    response = succeeded(delete_manifest(owner, package, "v1"), 202)
    assert response.content == b""
    refused(owner.get_manifest(package, "v1"), 404, "MANIFEST_UNKNOWN")
    assert owner.get_manifest(package, "v2").content == pushed.body
    assert owner.get_manifest(package, pushed.digest).content == pushed.body
    assert owner.tags(package) == ["v2"]


def test_the_last_tag_can_go_and_the_manifest_stays_untagged(owner, package):
    pushed = owner.push_image(package, "v1")
    succeeded(delete_manifest(owner, package, "v1"), 202)
    assert owner.get(f"/v2/{package}/tags/list").json() == {"name": package, "tags": []}
    assert owner.get_manifest(package, pushed.digest).content == pushed.body


def test_a_deleted_manifest_takes_all_its_tags(owner, package):
    pushed = owner.push_image(package, "v1", "v2")
    kept = owner.push_image(package, "v3")
    succeeded(delete_manifest(owner, package, pushed.digest), 202)
    for reference in ("v1", "v2", pushed.digest):
        refused(owner.get_manifest(package, reference), 404, "MANIFEST_UNKNOWN")
        refused(owner.head_manifest(package, reference), 404, "MANIFEST_UNKNOWN")
    assert owner.tags(package) == ["v3"]
    assert owner.get_manifest(package, "v3").content == kept.body


def test_a_deleted_manifest_can_be_pushed_again(owner, package):
    pushed = owner.push_image(package, "v1")
    succeeded(delete_manifest(owner, package, pushed.digest), 202)
    owner.push_manifest(package, pushed, "v1")
    assert owner.get_manifest(package, "v1").content == pushed.body


def test_v6_deleting_in_one_package_leaves_the_other(owner, package):
    """Names that prefix each other, the same bytes in both."""
    other = package + "/sub"
    config, layer = images.config_bytes(), os.urandom(100_000)
    image = images.image(config, [layer])
    for name in (package, other):
        for blob in (config, layer):
            owner.push_blob(name, blob)
        owner.push_manifest(name, image, "v1")
    succeeded(delete_manifest(owner, package, image.digest), 202)
    succeeded(delete_blob(owner, package, images.digest_of(layer)), 202)
    assert owner.get_manifest(other, "v1").content == image.body
    assert owner.get_blob(other, images.digest_of(layer)).content == layer


@pytest.mark.parametrize("reference", ["none", ABSENT, "sha512:" + "0" * 128])
def test_deleting_what_is_absent_is_404(owner, package, unchanged, reference):
    owner.push_image(package, "v1")
    with unchanged(package):
        refused(delete_manifest(owner, package, reference), 404, "MANIFEST_UNKNOWN")
        if reference != "none":
            refused(delete_blob(owner, package, reference), 404, "BLOB_UNKNOWN")


def test_deleting_twice_is_404_the_second_time(owner, package):
    pushed = owner.push_image(package, "v1")
    for reference in ("v1", pushed.digest):
        succeeded(delete_manifest(owner, package, reference), 202)
        refused(delete_manifest(owner, package, reference), 404, "MANIFEST_UNKNOWN")


@pytest.mark.parametrize("reference", ["sha256:x", "sha256:" + "A" * 64, "-x", "x" * 129])
def test_malformed_references_delete_nothing(owner, package, unchanged, reference):
    owner.push_image(package, "v1")
    with unchanged(package):
        assert delete_manifest(owner, package, reference).status_code in (400, 404)
        assert delete_blob(owner, package, reference).status_code in (400, 404, 405)


def test_a_manifest_in_an_index_of_the_package_is_not_deleted(owner, package, unchanged):
    child = owner.push_image(package, "child")
    index = owner.push_manifest(package, images.index([child]), "multi")
    with unchanged(package):
        refused(delete_manifest(owner, package, child.digest), 409, "DENIED")
    assert owner.get_manifest(package, "child").content == child.body
    succeeded(delete_manifest(owner, package, "child"), 202)
    succeeded(delete_manifest(owner, package, index.digest), 202)
    succeeded(delete_manifest(owner, package, child.digest), 202)


def test_a_nested_index_is_deleted_from_the_outside_in(owner, package):
    child = owner.push_image(package)
    inner = owner.push_manifest(package, images.index([child]))
    outer = owner.push_manifest(package, images.index([inner]), "multi")
    for digest in (child.digest, inner.digest):
        refused(delete_manifest(owner, package, digest), 409, "DENIED")
    for digest in (outer.digest, inner.digest, child.digest):
        succeeded(delete_manifest(owner, package, digest), 202)


def test_a_manifest_with_referrers_can_go_and_they_stay(owner, package):
    subject = owner.push_image(package, "v1")
    signature = owner.push_artifact(package, "application/vnd.example.signature", subject)
    succeeded(delete_manifest(owner, package, subject.digest), 202)
    assert owner.get_manifest(package, signature.digest).status_code == 200
    assert [item["digest"] for item in owner.referrers(package, subject.digest)] == [signature.digest]
    succeeded(delete_manifest(owner, package, signature.digest), 202)
    assert owner.referrers(package, subject.digest) == []


@pytest.mark.parametrize("size", [100, 100_000])
def test_a_blob_that_a_manifest_uses_is_not_deleted(owner, package, unchanged, size):
    pushed = owner.push_image(package, "v1", layer_sizes=(size,))
    digest = pushed.json["layers"][0]["digest"]
    with unchanged(package):
        errors = refused(delete_blob(owner, package, digest), 409, "DENIED")
        assert errors[0]["message"]
    assert len(owner.get_blob(package, digest).content) == size
    succeeded(delete_manifest(owner, package, pushed.digest), 202)
    succeeded(delete_blob(owner, package, digest), 202)
    refused(owner.get_blob(package, digest), 404, "BLOB_UNKNOWN")


@pytest.mark.parametrize("size", [0, 100, 100_000])
def test_a_deleted_blob_is_gone_at_once_and_can_be_pushed_again(owner, package, size):
    data = os.urandom(size)
    digest = owner.push_blob(package, data)
    succeeded(delete_blob(owner, package, digest), 202)
    refused(owner.get_blob(package, digest), 404, ("BLOB_UNKNOWN", "NAME_UNKNOWN"))
    refused(owner.head_blob(package, digest), 404, ("BLOB_UNKNOWN", "NAME_UNKNOWN"))
    assert owner.push_blob(package, data) == digest
    assert owner.get_blob(package, digest).content == data


def test_after_deleting_a_blob_its_manifest_is_refused(owner, package):
    config, layer = images.config_bytes(), os.urandom(100)
    for blob in (config, layer):
        owner.push_blob(package, blob)
    succeeded(delete_blob(owner, package, images.digest_of(layer)), 202)
    refused(owner.put_manifest(package, "v1", images.image(config, [layer])), 400, "MANIFEST_BLOB_UNKNOWN")


def test_deletes_leave_every_invariant_intact(registry, owner, package):
    pushed = [owner.push_image(package, f"v{n}", layer_sizes=(100, 70_000)) for n in range(4)]
    index = owner.push_manifest(package, images.index(pushed[:2]), "multi")
    for digest in (index.digest, pushed[0].digest, pushed[2].digest):
        succeeded(delete_manifest(owner, package, digest), 202)
    assert owner.tags(package) == ["v1", "v3"]
    assert registry.problems() == 0
