"""podman."""
import json
import time

import pytest

pytestmark = pytest.mark.needs("podman", "runc")

LOGIN = "podman login --username alice --password $ALICE $REGISTRY"


@pytest.fixture
def sh(containers_sh):
    return containers_sh


def run(sh, image):
    """Reads the log of a container in the background until it is there: podman 4 often waits 20 s for a container that ends at
    once, and now and then for ever when it follows the log of one."""
    container = sh(f"podman run --detach --network=none {image}")
    for _ in range(100):
        said = sh(f"podman logs {container}")
        if said:
            break
        time.sleep(0.1)
    sh("podman rm --force --all")
    return said


def test_push_pull_run(sh):
    sh(LOGIN)
    sh("podman build --tag $REGISTRY/alice/hello:1 hello")
    sh("podman push --digestfile digest $REGISTRY/alice/hello:1")

    sh("podman rmi $REGISTRY/alice/hello:1")
    sh("podman pull $REGISTRY/alice/hello:1")
    assert run(sh, "$REGISTRY/alice/hello:1") == "hello from staithe"

    sh("podman rmi $REGISTRY/alice/hello:1")
    sh("podman pull $REGISTRY/alice/hello@$(cat digest)")
    assert run(sh, "$REGISTRY/alice/hello@$(cat digest)") == "hello from staithe"
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
    assert sorted(m["platform"]["architecture"] for m in index["manifests"]) == ["amd64", "arm", "arm64"]
    sh("podman pull --arch arm64 $REGISTRY/alice/multi:1")
    assert sh("podman inspect --format '{{.Architecture}}' $REGISTRY/alice/multi:1") == "arm64"


def test_search_lists_tags(sh):
    sh(LOGIN)
    sh("podman build --tag $REGISTRY/alice/found:1 hello")
    sh("podman push $REGISTRY/alice/found:1 && podman push $REGISTRY/alice/found:1 docker://$REGISTRY/alice/found:2")
    found = json.loads(sh("podman search --list-tags --format json $REGISTRY/alice/found"))
    assert sorted(found[0]["Tags"]) == ["1", "2"]


def test_public_image_needs_no_login(sh, registry):
    sh(LOGIN)
    sh("podman build --tag $REGISTRY/alice/open:1 hello && podman push $REGISTRY/alice/open:1")
    registry.set_visibility("alice/open", "public")
    sh("podman logout $REGISTRY && podman rmi $REGISTRY/alice/open:1")
    sh("podman pull $REGISTRY/alice/open:1")


def test_wrong_password(sh):
    said = sh.refused("podman login --username alice --password wrong $REGISTRY")
    assert "Requesting bearer token: invalid status code from registry 403 (Forbidden)" in said


def test_push_after_logout(sh):
    sh(LOGIN)
    sh("podman build --tag $REGISTRY/alice/gone:1 hello && podman logout $REGISTRY")
    said = sh.refused("podman push $REGISTRY/alice/gone:1")
    assert "invalid username/password: unauthorized: authentication required" in said


def test_push_to_another_user(sh):
    sh("podman login --username bob --password $BOB $REGISTRY")
    sh("podman build --tag $REGISTRY/alice/taken:1 hello")
    said = sh.refused("podman push $REGISTRY/alice/taken:1")
    assert "failed to read from destination repository alice/taken: 403 (Forbidden)" in said


def test_private_image_of_another_user(sh):
    sh(LOGIN)
    sh("podman build --tag $REGISTRY/alice/private:1 hello && podman push $REGISTRY/alice/private:1")
    sh("podman login --username bob --password $BOB $REGISTRY")
    private = sh.refused("podman pull --quiet $REGISTRY/alice/private:2")
    assert "denied: permission_denied: read_package" in private

    absent = sh.refused("podman pull --quiet $REGISTRY/alice/absent:2")
    assert absent == private.replace("alice/private", "alice/absent"), "bob must not learn that the image exists"


def test_missing_tag(sh):
    sh(LOGIN)
    sh("podman build --tag $REGISTRY/alice/tags:1 hello && podman push $REGISTRY/alice/tags:1")
    assert "/alice/tags: manifest unknown" in sh.refused("podman pull $REGISTRY/alice/tags:absent")


def test_a_workflow_logs_in_with_the_token_of_its_issuer(sh):
    sh("echo $JOB | podman login --username whoever --password-stdin $REGISTRY")
    sh("podman build --tag $REGISTRY/alice/built:1 hello && podman push $REGISTRY/alice/built:1")
    sh("podman rmi $REGISTRY/alice/built:1 && podman pull $REGISTRY/alice/built:1")
    sh("podman tag $REGISTRY/alice/built:1 $REGISTRY/bob/built:1")
    said = sh.refused("podman push $REGISTRY/bob/built:1")
    assert "bob/built: 403 (Forbidden)" in said  # it asks for the layers first
