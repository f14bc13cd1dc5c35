"""containerd: a containerd of its own, and its command `ctr`."""
import pytest

from oci_layout import Layout

pytestmark = pytest.mark.needs("containerd", "ctr", "runc")


@pytest.fixture(scope="module")
def containerd(place, daemon):
    socket = place / "containerd.sock"
    settings = place / "containerd.toml"
    settings.write_text(f"""
        version = 2
        root = "{place}/root"
        state = "{place}/state"
        disabled_plugins = ["io.containerd.grpc.v1.cri"]
        [grpc]
        address = "{socket}"
    """)
    ready = ["ctr", "--address", socket, "version"]
    with daemon(["containerd", "--config", settings], place / "containerd.log", ready):
        yield socket


@pytest.fixture
def sh(sh, containerd, hello):
    """Each test has a namespace of its own in containerd, and the image `hello:1` for two platforms in it."""
    sh.env |= {"CONTAINERD_ADDRESS": str(containerd), "CONTAINERD_NAMESPACE": sh.folder.name}
    Layout(sh.folder / "layout").add("1", hello / "hello", architectures=["amd64", "arm64"])
    sh("tar -C layout -cf hello.tar . && ctr image import --all-platforms --base-name hello hello.tar")
    return sh


def test_push_pull_run(sh):
    sh("ctr image tag hello:1 $REGISTRY/alice/hello:1")
    sh("ctr image push --plain-http --user alice:$ALICE --platform linux/amd64 $REGISTRY/alice/hello:1")
    sh("ctr image rm hello:1 $REGISTRY/alice/hello:1")

    sh("ctr image pull --plain-http --user alice:$ALICE $REGISTRY/alice/hello:1")
    assert sh("ctr run --rm $REGISTRY/alice/hello:1 greeting") == "hello from staithe"


def test_all_platforms(sh):
    sh("ctr image tag hello:1 $REGISTRY/alice/multi:1")
    sh("ctr image push --plain-http --user alice:$ALICE $REGISTRY/alice/multi:1")
    sh("ctr image rm hello:1 $REGISTRY/alice/multi:1")

    sh("ctr image pull --plain-http --user alice:$ALICE --all-platforms $REGISTRY/alice/multi:1")
    assert "linux/amd64,linux/arm64" in sh("ctr image ls name==$REGISTRY/alice/multi:1")


def test_public_image_needs_no_login(sh, registry):
    sh("ctr image tag hello:1 $REGISTRY/alice/open:1")
    sh("ctr image push --plain-http --user alice:$ALICE --platform linux/amd64 $REGISTRY/alice/open:1")
    registry.set_visibility("alice/open", "public")
    sh("ctr image rm hello:1 $REGISTRY/alice/open:1")
    sh("ctr image pull --plain-http $REGISTRY/alice/open:1")


def test_refusals(sh):
    sh("ctr image tag hello:1 $REGISTRY/alice/private:1")
    push = "ctr image push --plain-http --platform linux/amd64 {} $REGISTRY/alice/private:1"
    pull = "ctr image pull --plain-http {} $REGISTRY/alice/private:1"
    sh(push.format("--user alice:$ALICE"))

    said = sh.refused(pull.format("--user alice:wrong"))
    assert "failed to fetch oauth token: unexpected status: 403 Forbidden" in said
    assert "failed to fetch anonymous token: unexpected status: 401 Unauthorized" in sh.refused(pull.format(""))
    assert "failed with status code [manifests 1]: 403 Forbidden" in sh.refused(pull.format("--user bob:$BOB"))
    assert "unexpected status: 403 Forbidden" in sh.refused(push.format("--user bob:$BOB"))
    said = sh.refused("ctr image pull --plain-http --user alice:$ALICE $REGISTRY/alice/private:absent")
    assert "/alice/private:absent: not found" in said
