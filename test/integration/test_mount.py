"""Mounting a blob from another package."""

import os

import pytest

from harness import images, refused
from harness.client import succeeded


def mount(client, name, digest, source=None):
    """As clients do: with a token for both packages."""
    if client.follow and source:
        scopes = f"repository:{name}:pull,push", f"repository:{source}:pull"
        client.tokens[name, "pull,push"] = client.token(*scopes)
    return client.post(f"/v2/{name}/blobs/uploads/", params={"mount": digest, **({"from": source} if source else {})})


def began_an_upload(client, name, response, data):
    """202: the client pushes the bytes instead."""
    assert response.status_code == 202
    assert response.headers["Location"].startswith(f"/v2/{name}/blobs/uploads/") and response.headers["Docker-Upload-UUID"]
    succeeded(client.put(response.headers["Location"], params={"digest": images.digest_of(data)}, data=data), 201)
    assert client.get_blob(name, images.digest_of(data)).content == data


@pytest.mark.parametrize("size", [0, 100, 100_000])
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_mount_from_an_own_package(owner, package, size, algorithm):
    data, target = os.urandom(size), package + "-target"
    digest = owner.push_blob(package, data, algorithm)
    response = succeeded(mount(owner, target, digest, package), 201)
    assert response.headers["Docker-Content-Digest"] == digest
    assert response.headers["Location"] == f"/v2/{target}/blobs/{digest}"
    assert owner.get_blob(target, digest).content == data


def test_a_mounted_blob_outlives_its_source(registry, owner, package):
    data, target = os.urandom(100_000), package + "-target"
    source = owner.push_image(package, "v1")
    digest = owner.push_blob(package, data)
    succeeded(mount(owner, target, digest, package), 201)
    owner.push_blob(target, images.EMPTY_JSON)
    succeeded(owner.delete(f"/v2/{package}/blobs/{digest}"), 202)
    succeeded(owner.delete(f"/v2/{package}/manifests/{source.digest}"), 202)
    assert owner.get_blob(target, digest).content == data
    assert registry.problems() == 0


def test_mount_from_a_public_package_of_another(registry, owner, outsider, bob, package):
    data = os.urandom(1000)
    digest = owner.push_blob(package, data)
    owner.push_image(package, "v1")
    registry.set_visibility(package, "public")
    name = f"bob/{package.split('/')[1]}"
    succeeded(mount(outsider, name, digest, package), 201)
    assert outsider.get_blob(name, digest).content == data


def test_v13_v75_t2_mount_from_a_private_package_of_another_begins_an_upload(registry, owner, outsider, package):
    """V6, V13: and says no more than for a package that does not exist."""
    data = os.urandom(1000)
    digest = owner.push_blob(package, data)
    owner.push_image(package, "v1")
    name = f"bob/{package.split('/')[1]}"
    seen = []
    for source in (package, "alice/never-was", "nobody/x"):
        response = mount(outsider, name, digest, source)
        assert response.status_code == 202
        assert "Docker-Content-Digest" not in response.headers
        seen.append((sorted(response.headers), response.content))
    assert seen[0] == seen[1] == seen[2]
    assert outsider.get_blob(name, digest).status_code == 404
    began_an_upload(outsider, name, response, data)


def test_mount_without_from_finds_what_the_caller_may_read(registry, alice, owner, package):
    """P1: automatic mount, by a caller whose credential is not limited to the target."""
    data, target = os.urandom(1000), package + "-target"
    digest = owner.push_blob(package, data)
    succeeded(mount(registry.basic(alice.name, alice.token), target, digest), 201)
    assert owner.get_blob(target, digest).content == data


def test_v13_t2_mount_without_from_never_finds_what_the_caller_may_not_read(owner, outsider, package):
    """T2: a private blob looks like no blob."""
    data = os.urandom(1000)
    digest = owner.push_blob(package, data)
    owner.push_image(package, "v1")
    name = f"bob/{package.split('/')[1]}"
    there, absent = mount(outsider, name, digest), mount(outsider, name, images.random_digest())
    assert there.status_code == absent.status_code == 202
    assert sorted(there.headers) == sorted(absent.headers) and there.content == absent.content
    began_an_upload(outsider, name, there, data)


def test_v64_a_token_without_the_source_does_not_mount_from_it(registry, owner, package):
    """V13, Gitea's mount bug: the token's own limits count, not only the account's rights."""
    digest = owner.push_blob(package, os.urandom(1000))
    owner.push_image(package, "v1")
    target = package + "-target"
    narrow = registry.bearer(owner.token(f"repository:{target}:pull,push"))
    assert mount(narrow, target, digest, package).status_code == 202
    assert mount(narrow, target, digest).status_code == 202
    wide = registry.bearer(owner.token(f"repository:{target}:pull,push", f"repository:{package}:pull"))
    assert mount(wide, target, digest, package).status_code == 201


def test_an_automatic_mount_needs_a_token_that_says_so(registry, owner, outsider, package):
    """P1: automatic mount, limited to what the token may read."""
    data = os.urandom(1000)
    digest = owner.push_blob(package, data)
    owner.push_image(package, "v1")
    target = package + "-target"
    token = registry.bearer(owner.token(f"repository:{target}:pull,push", "registry:mount:*"))
    succeeded(mount(token, target, digest), 201)
    assert token.get_blob(target, digest).content == data
    assert token.get_blob(package, digest).status_code == 401, "it opens no other package"
    name = f"bob/{package.split('/')[1]}"
    stranger = registry.bearer(outsider.token(f"repository:{name}:pull,push", "registry:mount:*"))
    assert mount(stranger, name, digest).status_code == 202, "nor what the user may not read"


def test_mount_of_a_blob_that_the_source_lacks_begins_an_upload(owner, package):
    data = os.urandom(1000)
    owner.push_image(package, "v1")
    began_an_upload(owner, package + "-target", mount(owner, package + "-target", images.digest_of(data), package), data)


def test_mount_into_the_same_package(owner, package):
    data = os.urandom(1000)
    digest = owner.push_blob(package, data)
    succeeded(mount(owner, package, digest, package), 201)
    assert owner.get_blob(package, digest).content == data


def test_a_deleted_blob_is_not_mounted(owner, package):
    data = os.urandom(1000)
    digest = owner.push_blob(package, data)
    succeeded(owner.delete(f"/v2/{package}/blobs/{digest}"), 202)
    began_an_upload(owner, package + "-target", mount(owner, package + "-target", digest, package), data)


@pytest.mark.parametrize("digest", ["x", "sha256:x", "sha256:" + "A" * 64, "md5:" + "0" * 32])
def test_malformed_digest_never_mounts(owner, package, digest):
    response = mount(owner, package, digest, package)
    assert response.status_code in (202, 400)


@pytest.mark.parametrize("source", ["", "x", "UPPER/case", "../x", "a/b/../c", "a" * 300])
def test_malformed_source_never_mounts_by_that_name(owner, package, source):
    response = mount(owner, package, images.random_digest(), source)
    assert response.status_code in (202, 400)


def test_who_may_not_push_may_not_mount(registry, owner, outsider, package, unchanged):
    digest = owner.push_blob(package, os.urandom(1000))
    owner.push_image(package, "v1")
    registry.set_visibility(package, "public")
    with unchanged(package):
        refused(mount(outsider, package, digest, package), 403, "DENIED")
        refused(mount(outsider, package, digest), 403, "DENIED")
