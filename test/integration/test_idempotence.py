"""Doing the same again changes nothing and succeeds."""

import os

from harness import images
from harness.client import succeeded
from harness.parallel import at_once


def test_the_same_image_pushed_twice_is_one_version(registry, owner, package):
    config, layer = images.config_bytes(), os.urandom(100_000)
    image = images.image(config, [layer])

    def push():
        for blob in (config, layer):
            owner.push_blob(package, blob)
        owner.push_manifest(package, image, "v1")
        return registry.snapshot()

    first = push()
    assert push() == first
    assert registry.packages()[package]["versions"] == 1
    assert owner.get_manifest(package, "v1").content == image.body


def test_the_same_blob_in_two_packages_is_stored_once(registry, owner, package):
    data = os.urandom(300_000)
    for name in (package, package + "-other"):
        digest = owner.push_blob(name, data)
    assert len([path for path in registry.data.rglob(digest.split(":")[1])]) == 1


def test_setting_a_tag_to_what_it_is_changes_nothing(registry, owner, package):
    image = owner.push_image(package, "v1")
    before = registry.snapshot()
    for _ in range(3):
        owner.push_manifest(package, image, "v1")
        succeeded(owner.put_manifest(package, image.digest, image, tags=["v1"]), 201)
    assert registry.snapshot() == before and owner.tags(package) == ["v1"]


def test_many_tags_of_one_manifest_are_one_version(registry, owner, package):
    owner.push_image(package, *[f"v{n}" for n in range(10)])
    entry = registry.packages()[package]
    assert (entry["versions"], entry["tags"]) == (1, 10)


def test_the_same_image_pushed_by_many_at_once(registry, alice, owner, package):
    config, layer = images.config_bytes(), os.urandom(200_000)
    image = images.image(config, [layer])

    def push(client):
        for blob in (config, layer):
            client.push_blob(package, blob)
        client.push_manifest(package, image, "v1")

    at_once(push, [registry.client(alice) for _ in range(8)])
    assert owner.get_manifest(package, "v1").content == image.body
    assert owner.get_blob(package, images.digest_of(layer)).content == layer
    assert registry.problems() == 0


def test_the_same_visibility_again_changes_nothing(registry, owner, package):
    owner.push_image(package, "v1")
    for _ in range(2):
        registry.set_visibility(package, "public")
        assert registry.packages()[package]["visibility"] == "public"


def test_a_second_put_of_a_finished_upload_is_told_so(owner, package):
    """A client whose answer was lost tries again: no second blob, no error that hides the first."""
    data = os.urandom(1000)
    location = owner.start_upload(package)
    digest = images.digest_of(data)
    succeeded(owner.put(location, params={"digest": digest}, data=data), 201)
    assert owner.put(location, params={"digest": digest}, data=data).status_code in (201, 404)
    assert owner.head_blob(package, digest).status_code == 200
