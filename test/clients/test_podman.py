"""podman."""
import json

import pytest

pytestmark = pytest.mark.needs("podman", "runc", root=True)

LOGIN = "podman login --username alice --password $ALICE $REGISTRY"


@pytest.fixture
def sh(sh, containers_conf):
    containers_conf(sh)
    return sh


def test_push_pull_run(sh):
    sh(LOGIN)
    sh("podman build --tag $REGISTRY/alice/hello:1 hello")
    sh("podman push --digestfile digest $REGISTRY/alice/hello:1")

    sh("podman rmi $REGISTRY/alice/hello:1")
    sh("podman pull $REGISTRY/alice/hello:1")
    assert sh("podman run --rm --network=none $REGISTRY/alice/hello:1") == "hello from staithe"

    sh("podman rmi $REGISTRY/alice/hello:1")
    sh("podman pull $REGISTRY/alice/hello@$(cat digest)")
    assert sh("podman run --rm --network=none $REGISTRY/alice/hello@$(cat digest)") == "hello from staithe"
    labels = json.loads(sh("podman inspect --format '{{json .Labels}}' $REGISTRY/alice/hello@$(cat digest)"))
    assert labels["org.opencontainers.image.source"] == "https://example.com/alice/hello"
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"


def test_multi_platform_manifest(sh):
    sh(LOGIN)
    sh("""
        podman build --layers=false --platform linux/amd64,linux/arm64,linux/arm/v7 --manifest multi hello
        podman manifest push --all multi docker://$REGISTRY/alice/multi:1
        podman manifest rm multi
    """)
    index = json.loads(sh("podman manifest inspect $REGISTRY/alice/multi:1"))
    assert [m["platform"]["architecture"] for m in index["manifests"]] == ["amd64", "arm64", "arm"]
    sh("podman pull --arch arm64 $REGISTRY/alice/multi:1")
    assert sh("podman inspect --format '{{.Architecture}}' $REGISTRY/alice/multi:1") == "arm64"


def test_search_lists_tags(sh):
    sh(LOGIN)
    sh("podman build --tag $REGISTRY/alice/found:1 hello")
    sh("podman push $REGISTRY/alice/found:1 && podman push $REGISTRY/alice/found:1 docker://$REGISTRY/alice/found:2")
    found = json.loads(sh("podman search --list-tags --format json $REGISTRY/alice/found"))
    assert found[0]["Tags"] == ["1", "2"]


def test_public_image_needs_no_login(sh, registry):
    sh(LOGIN)
    sh("podman build --tag $REGISTRY/alice/open:1 hello && podman push $REGISTRY/alice/open:1")
    registry.staithe("package", "set", "alice/open", "--visibility", "public")
    sh("podman logout $REGISTRY && podman rmi $REGISTRY/alice/open:1")
    sh("podman pull $REGISTRY/alice/open:1")


def test_wrong_password(sh):
    said = sh.refused("podman login --username alice --password wrong $REGISTRY")
    assert "invalid username/password" in said


def test_push_without_login(sh):
    sh("podman build --tag $REGISTRY/alice/nobody:1 hello")
    said = sh.refused("podman push $REGISTRY/alice/nobody:1")
    assert "authentication required" in said or "denied" in said


def test_private_image_of_another_user(sh):
    sh(LOGIN)
    sh("podman build --tag $REGISTRY/alice/private:1 hello && podman push $REGISTRY/alice/private:1")
    sh("podman login --username bob --password $BOB $REGISTRY")
    private = sh.refused("podman pull --quiet $REGISTRY/alice/private:1")
    assert "denied" in private

    absent = sh.refused("podman pull --quiet $REGISTRY/alice/absent:1")
    assert absent == private.replace("alice/private", "alice/absent"), "bob must not learn that the image exists"


def test_missing_tag(sh):
    sh(LOGIN)
    sh("podman build --tag $REGISTRY/alice/tags:1 hello && podman push $REGISTRY/alice/tags:1")
    assert "manifest unknown" in sh.refused("podman pull $REGISTRY/alice/tags:absent")
