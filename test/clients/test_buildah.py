"""buildah: images built step by step, without a Dockerfile."""
import json

import pytest

pytestmark = pytest.mark.needs("buildah")

LOGIN = "buildah login --username alice --password $ALICE $REGISTRY"
BUILD = """
    container=$(buildah from scratch)
    buildah copy $container hello/hello /hello
    buildah config --cmd /hello --label org.opencontainers.image.source=https://example.com/alice/hello $container
    buildah commit --rm $container hello
"""


@pytest.fixture
def sh(containers_sh):
    return containers_sh


def test_push_and_pull(sh):
    sh(LOGIN)
    sh(BUILD)
    sh("buildah push --digestfile digest hello $REGISTRY/alice/hello:1")
    sh("buildah rmi hello")
    sh("buildah pull $REGISTRY/alice/hello@$(cat digest)")
    image = json.loads(sh("buildah inspect --type image $REGISTRY/alice/hello@$(cat digest)"))
    assert image["OCIv1"]["config"]["Labels"]["org.opencontainers.image.source"] == "https://example.com/alice/hello"


def test_push_in_docker_format(sh):
    sh(LOGIN)
    sh(BUILD)
    sh("buildah push --format v2s2 hello $REGISTRY/alice/docker:1")
    sh("buildah pull $REGISTRY/alice/docker:1")
    image = json.loads(sh("buildah inspect --type image $REGISTRY/alice/docker:1"))
    assert json.loads(image["Manifest"])["mediaType"] == "application/vnd.docker.distribution.manifest.v2+json"


def test_build_from_an_image_of_the_registry(sh):
    sh(LOGIN)
    sh(BUILD)
    sh("buildah push hello $REGISTRY/alice/base:1 && buildah rmi hello")
    sh("""
        echo "FROM $REGISTRY/alice/base:1" >Dockerfile
        echo "LABEL step=two" >>Dockerfile
        buildah build --tag $REGISTRY/alice/derived:1 .
        buildah push $REGISTRY/alice/derived:1
    """)


def test_multi_platform_manifest(sh):
    sh(LOGIN)
    sh("""
        buildah manifest create multi
        for arch in amd64 arm64; do
            buildah build --layers=false --platform linux/$arch --tag hello:$arch hello
            buildah manifest add --arch $arch multi localhost/hello:$arch
        done
        buildah manifest push --all multi docker://$REGISTRY/alice/multi:1
    """)
    index = json.loads(sh("buildah manifest inspect $REGISTRY/alice/multi:1"))
    assert [m["platform"]["architecture"] for m in index["manifests"]] == ["amd64", "arm64"]


def test_wrong_password(sh):
    said = sh.refused("buildah login --username alice --password wrong $REGISTRY")
    assert "Requesting bearer token: invalid status code from registry 403 (Forbidden)" in said


def test_push_to_another_user(sh):
    sh("buildah login --username bob --password $BOB $REGISTRY")
    sh(BUILD)
    said = sh.refused("buildah push hello $REGISTRY/alice/taken:1")
    assert "failed to read from destination repository alice/taken: 403 (Forbidden)" in said


def test_private_image_of_another_user(sh):
    sh(LOGIN)
    sh(BUILD)
    sh("buildah push hello $REGISTRY/alice/private:1")
    sh("buildah login --username bob --password $BOB $REGISTRY")
    assert "denied: permission_denied: read_package" in sh.refused("buildah pull $REGISTRY/alice/private:1")


def test_missing_tag(sh):
    sh(LOGIN)
    sh(BUILD)
    sh("buildah push hello $REGISTRY/alice/tags:1")
    assert "/alice/tags: manifest unknown" in sh.refused("buildah pull $REGISTRY/alice/tags:absent")
